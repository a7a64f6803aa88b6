#include "base/encode.h"
#include "tap.h"

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *base64, *base64url, *hex;
} vectors[] = {
	{ "", "", "", "" },
	{ "f", "Zg==", "Zg", "66" },
	{ "fo", "Zm8=", "Zm8", "666f" },
	{ "foo", "Zm9v", "Zm9v", "666f6f" },
	{ "foob", "Zm9vYg==", "Zm9vYg", "666f6f62" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172" },
	{ "\xfb\xff\xfe", "+//+", "-__-", "fbfffe" },
};

static void
rfc_4648_vectors(void)
{
	for (size_t i = 0; i < SP_COUNTOF(vectors); i++) {
		size_t n = strlen(vectors[i].plain);
		char text[32];
		uint8_t back[16];
		size_t len = sizeof(back);

		sp_hex(vectors[i].plain, n, text);
		CHECK(strcmp(text, vectors[i].hex) == 0);
		CHECK(sp_hex_parse(text, 2 * n, back, n));
		CHECK(memcmp(back, vectors[i].plain, n) == 0);
		sp_base64(vectors[i].plain, n, text);
		CHECK(strcmp(text, vectors[i].base64) == 0);
		CHECK(strlen(text) == SP_BASE64_LEN(n));
		CHECK(sp_base64_parse(text, strlen(text), back, &len));
		CHECK(len == n && memcmp(back, vectors[i].plain, n) == 0);
		sp_base64url(vectors[i].plain, n, text);
		CHECK(strcmp(text, vectors[i].base64url) == 0);
		len = sizeof(back);
		CHECK(sp_base64url_parse(text, strlen(text), back, &len));
		CHECK(len == n && memcmp(back, vectors[i].plain, n) == 0);
	}
}

static void
round_trips_and_too_little_room(void)
{
	uint8_t in[100], out[100];
	char text[256];

	for (size_t n = 0; n <= sizeof(in); n++) {
		for (size_t i = 0; i < n; i++)
			in[i] = (uint8_t)(i * 167 + n * 13);
		for (int url = 0; url < 2; url++) {
			bool (*parse)(const char *, size_t, void *, size_t *) =
			    url ? sp_base64url_parse : sp_base64_parse;
			size_t len = n;

			(url ? sp_base64url : sp_base64)(in, n, text);
			CHECK(parse(text, strlen(text), out, &len));
			CHECK(len == n && memcmp(in, out, n) == 0);
			len = n - 1;
			memset(out, 0xEE, sizeof(out));
			if (n > 0) {
				CHECK(!parse(text, strlen(text), out, &len));
				CHECK(len == n - 1 && out[0] == 0xEE);
			}
		}
	}
}

static void
base64_is_canonical(void)
{
	static const struct {
		const char *in;
		bool plain, url;
	} rows[] = {
		{ "Zg==", true, false },
		{ "Zg", false, true },
		{ "Zh==", false, false }, /* a spare bit is set */
		{ "Zh", false, false },
		{ "Zm9=", false, false },
		{ "Zm9", false, false },
		{ "Zg=", false, false },
		{ "Zg===", false, false },
		{ "Z", false, false },
		{ "Z===", false, false },
		{ "=", false, false },
		{ "====", false, false },
		{ "==", false, false },
		{ "Zg==Zg==", false, false },
		{ "Z=g=", false, false },
		{ "Zm9v\n", false, false },
		{ " Zm9v", false, false },
		{ "Zm 9", false, false },
		{ "+//+", true, false },
		{ "-__-", false, true },
		{ "Zm9\x80", false, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint8_t out[16];
		size_t n = strlen(rows[i].in);
		size_t len = sizeof(out);

		CHECK(
		    sp_base64_parse(rows[i].in, n, out, &len) == rows[i].plain);
		len = sizeof(out);
		CHECK(sp_base64url_parse(rows[i].in, n, out, &len) ==
		    rows[i].url);
		CHECK(rows[i].url || len == sizeof(out));
	}
}

static void
hex_refuses_all_else(void)
{
	static const struct {
		const char *in;
		bool ok;
	} rows[] = {
		{ "00ff", true },
		{ "AbCd", true },
		{ "00f", false },
		{ "00ff0", false },
		{ "00", false },
		{ "00ff00", false },
		{ "0x00", false },
		{ "00fg", false },
		{ " 0ff", false },
		{ "", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint8_t out[2] = { 0xEE, 0xEE };
		bool ok = sp_hex_parse(
		    rows[i].in, strlen(rows[i].in), out, sizeof(out));

		CHECK(ok == rows[i].ok);
		CHECK(ok || (out[0] == 0xEE && out[1] == 0xEE));
	}
}

static void
into_a_buffer(void)
{
	SP_AUTO_BUF b = sp_buf_new(9);

	sp_buf_u8(&b, '<');
	sp_buf_base64(&b, "foob", 4);
	CHECK(strcmp(sp_buf_str(&b), "<Zm9vYg==") == 0 && b.len == 9);
	sp_buf_base64(&b, "", 0);
	CHECK(sp_buf_ok(&b));
	sp_buf_base64(&b, "f", 1);
	CHECK(b.bad == SP_E_LIMIT && b.len == 9);
	sp_buf_clear(&b);
	sp_buf_base64(&b, "f", SIZE_MAX);
	CHECK(b.bad == SP_E_LIMIT);
}

/* The other way to say it: encode every code point, and see that exactly
 * those byte strings are accepted among all strings of up to three bytes and
 * a coarse grid of four. */
static size_t
encode_point(uint32_t c, uint8_t out[static 4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xC0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xE0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		out[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (uint8_t)(0xF0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	out[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

static void
utf8_accepts_every_point_and_nothing_else(void)
{
	size_t accepted = 0;
	size_t points = 0;

	for (uint32_t c = 0; c < 0x110000; c++) {
		uint8_t u[4];
		size_t n = encode_point(c, u);
		bool surrogate = c >= 0xD800 && c < 0xE000;

		CHECK(sp_utf8_next(u, n) == (surrogate ? 0 : n));
		for (size_t cut = 1; cut < n; cut++)
			CHECK(sp_utf8_next(u, cut) == 0);
		points += !surrogate && n <= 3;
	}
	for (uint32_t v = 0; v < 0x1000000; v++) {
		uint8_t u[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			(uint8_t)v };
		size_t n = sp_utf8_next(u, 3);

		/* count a string of n bytes once, not for each tail */
		if (n > 0 && (n > 1 || u[1] == 0) && (n > 2 || u[2] == 0))
			accepted++;
	}
	CHECK(accepted == points);
	for (uint32_t v = 0; v < 0x10000; v++) {
		uint8_t u[4] = { (uint8_t)(0xF0 | (v >> 12 & 15)),
			(uint8_t)(v >> 4), 0x80, 0x80 };
		uint32_t c =
		    (uint32_t)(u[0] & 7) << 18 | (uint32_t)(u[1] & 63) << 12;
		bool want = u[0] < 0xF8 && (u[1] & 0xC0) == 0x80 &&
		    c >= 0x10000 && c < 0x110000;

		CHECK(sp_utf8_next(u, 4) == (want ? 4 : 0));
	}
}

/* Exactly these, of all there are. */
static bool
hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

static void
utf8_shows_all_but_controls(void)
{
	for (uint32_t c = 1; c < 0x110000; c++) {
		uint8_t u[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const uint8_t lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
		uint32_t rest = c;

		for (size_t i = n; i-- > 1; rest >>= 6)
			u[i] = (uint8_t)(0x80 | (rest & 63));
		u[0] = (uint8_t)(lead[n] | rest);
		if (sp_utf8_next(u, n) == n)
			CHECK(sp_utf8_shown(u, n) == !hidden(c));
	}
}

static void
utf8_text(void)
{
	char text[] = "a\tb\x7f\xc3\xa9\xc3(\xed\xa0\x80z";
	/* NOLINTNEXTLINE(misc-misleading-bidirectional): it is to mislead */
	char terminal[] = "\xc2\x9b"
			  "2J\xc2\xa0\xe2\x80\xae\xe2\x82\xac";

	CHECK(sp_utf8_ok("", 0));
	CHECK(sp_utf8_ok("a\xc3\xa9\xf0\x9f\x9a\x93", 7));
	CHECK(!sp_utf8_ok("a\0b", 3));
	CHECK(!sp_utf8_ok("\xc0\x80", 2));
	CHECK(sp_utf8_next("", 0) == 0);
	sp_utf8_clean(text);
	CHECK(strcmp(text, "a?b?\xc3\xa9?(\?\?\?z") == 0);
	/* CSI of C1, and an override of direction. */
	sp_utf8_clean(terminal);
	CHECK(strcmp(terminal,
		  "\?\?"
		  "2J\xc2\xa0\?\?\?\xe2\x82\xac") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "RFC 4648 vectors", rfc_4648_vectors },
		{ "round trips, and too little room",
		    round_trips_and_too_little_room },
		{ "base 64 is canonical", base64_is_canonical },
		{ "hex refuses all else", hex_refuses_all_else },
		{ "into a buffer", into_a_buffer },
		{ "UTF-8 accepts every point and nothing else",
		    utf8_accepts_every_point_and_nothing_else },
		{ "UTF-8 shows all but controls", utf8_shows_all_but_controls },
		{ "UTF-8 text", utf8_text },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
