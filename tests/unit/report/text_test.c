#include "report/text.h"

#include "base/encode.h"
#include "report/report_fixture.h"

static const struct report_text_rule everything = { NULL, NULL };

static bool
only_ascii(const void *arg, uint32_t c)
{
	(void)arg;
	return c < 0x80;
}

static void
check(const struct report_text_rule *rule, const char *s, size_t len,
    const char *want)
{
	SP_AUTO_BUF out = sp_buf_new(100000);

	report_text_show(rule, s, len, &out);
	CHECK(sp_buf_ok(&out));
	if (strcmp(sp_buf_str(&out), want) != 0)
		tap_fail(__FILE__, __LINE__, want, sp_buf_str(&out));
}

struct row {
	const char *given, *shown;
};

static void
what_can_be_seen_stays(void)
{
	static const char *const rows[] = { "", "a", "stop “41”.mp4",
		"Straße 7 – 'a'.mp4", "שלום", "مرحبا.mp4", "漢字", "नमस्ते",
		"ไทย", "😀", "␀␍", "x—y", "é", "e\xcc\x81", "a b c",
		/* joiners and selectors that mean something */
		"👩‍👩‍👧", "❤️", "می‌خواهم" };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		check(&everything, rows[i], strlen(rows[i]), rows[i]);
}

static void
what_hides_is_told(void)
{
	static const struct row rows[] = {
		/* directions: "annexgpj.exe" that would read as .jpg */
		/* NOLINTNEXTLINE: what misleads is what is tested */
		{ "annex\xe2\x80\xaegpj.exe", "annex‹U+202E›gpj.exe" },
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "‹U+2066›x‹U+2069›" },
		{ "a\xe2\x80\x8e", "a‹U+200E›" },
		/* nothing wide */
		{ "a\xe2\x80\x8b"
		  "b",
		    "a‹U+200B›b" },
		{ "a\xef\xbb\xbf", "a‹U+FEFF›" },
		{ "pay\xc2\xadpal", "pay‹U+00AD›pal" },
		/* joiners where they mean nothing */
		{ "a\xe2\x80\x8d"
		  "b",
		    "a‹U+200D›b" },
		{ "\xef\xb8\x8f", "‹U+FE0F›" },
		/* lines */
		{ "a\nb", "a‹U+000A›b" },
		{ "a\tb\r", "a‹U+0009›b‹U+000D›" },
		{ "a\xe2\x80\xa8"
		  "b\xe2\x80\xa9",
		    "a‹U+2028›b‹U+2029›" },
		{ "\x1b[31m", "‹U+001B›[31m" },
		{ "\x7f", "‹U+007F›" },
		{ "\xc2\x85", "‹U+0085›" },
		/* spaces */
		{ " a", "‹U+0020›a" },
		{ "a ", "a‹U+0020›" },
		{ "a  b", "a‹U+0020› b" },
		{ "a   b", "a‹U+0020›‹U+0020› b" },
		{ "a\xc2\xa0"
		  "b",
		    "a‹U+00A0›b" },
		{ "a\xe3\x80\x80"
		  "b",
		    "a‹U+3000›b" },
		{ " ", "‹U+0020›" },
		/* letters without ink */
		{ "\xe3\x85\xa4.mp4", "‹U+3164›.mp4" },
		{ "\xe2\xa0\x80", "‹U+2800›" },
		/* private, unassigned, tags */
		{ "\xee\x80\x80", "‹U+E000›" },
		{ "\xf3\xa0\x80\x81", "‹U+E0001›" },
		{ "\xef\xbf\xbf", "‹U+FFFF›" },
		/* no text can be mistaken for a number */
		{ "‹U+202E›", "‹U+2039›U+202E›" },
		/* marks: none without a base, three on one */
		{ "\xcc\x81"
		  "a",
		    "‹U+0301›a" },
		{ "a \xcc\x81", "a ‹U+0301›" },
		{ "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85x",
		    "e\xcc\x81\xcc\x82\xcc\x83‹U+0304›‹U+0305›x" },
		/* no UTF-8 */
		{ "a\xff"
		  "b",
		    "a‹0xFF›b" },
		{ "\xc3", "‹0xC3›" },
		{ "\xed\xa0\x80", "‹0xED›‹0xA0›‹0x80›" },
		{ "\xc0\xaf", "‹0xC0›‹0xAF›" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		check(&everything, rows[i].given, strlen(rows[i].given),
		    rows[i].shown);
	check(&everything, "a\0b", 3, "a‹U+0000›b");
}

static void
what_no_font_has_is_told(void)
{
	static const struct report_text_rule rule = { only_ascii, NULL };

	check(&rule, "a漢b", strlen("a漢b"), "a‹U+6F22›b");
	check(&rule, "😀", strlen("😀"), "‹U+1F600›");
}

/* Whatever comes: UTF-8, on one line, nothing hidden, and no two texts become
 * one (the numbers can be turned back). */
static size_t
back(const char *shown, char *out)
{
	size_t n = 0;

	while (*shown != '\0') {
		uint32_t c = 0;
		bool byte = strncmp(shown, "‹0x", 5) == 0;

		if (strncmp(shown, "‹U+", 5) != 0 && !byte) {
			out[n++] = *shown++;
			continue;
		}
		for (shown += 5; isxdigit((unsigned char)*shown); shown++)
			c = c * 16 +
			    (uint32_t)(*shown > '9' ? *shown - 'A' + 10
						    : *shown - '0');
		shown += 3;
		if (byte)
			out[n++] = (char)c;
		else
			n += (size_t)g_unichar_to_utf8(c, out + n);
	}
	return n;
}

static void
no_two_texts_look_alike(void)
{
	static const char *const pieces[] = { "a", " ", "\n", "‹", "›",
		/* NOLINTNEXTLINE: what misleads is what is tested */
		"\xe2\x80\xae", "\xcc\x81", "\xff", "\xc3", "é", "漢", "U+0041",
		"\xe2\x80\x8d", "👩", "\xef\xb8\x8f", "0xFF", "\xf0\x9f" };
	uint64_t x = 88172645463325252U;

	for (unsigned round = 0; round < 20000; round++) {
		SP_AUTO_BUF in = sp_buf_new(1000);
		SP_AUTO_BUF out = sp_buf_new(10000);
		char again[10000];

		for (unsigned i = 0; i < 1 + round % 9; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			sp_buf_text(&in, pieces[x % SP_COUNTOF(pieces)]);
		}
		report_text_show(
		    &everything, (const char *)in.at, in.len, &out);
		CHECK(sp_buf_ok(&out) && sp_utf8_ok(out.at, out.len));
		CHECK(strchr(sp_buf_str(&out), '\n') == NULL);
		/* NOLINTNEXTLINE: what misleads is what is tested */
		CHECK(strstr(sp_buf_str(&out), "\xe2\x80\xae") == NULL);
		CHECK(back(sp_buf_str(&out), again) == in.len);
		CHECK(memcmp(again, in.at, in.len) == 0);
	}
}

static void
numbers_and_sizes(void)
{
	static const struct {
		uint64_t n;
		const char *number, *size;
	} rows[] = {
		{ 0, "0", "0 bytes" },
		{ 999, "999", "999 bytes" },
		{ 1000, "1,000", "1.0 kB" },
		{ 84112345, "84,112,345", "84.1 MB" },
		{ 999999, "999,999", "999.9 kB" },
		{ 10000000000U, "10,000,000,000", "10.0 GB" },
		{ UINT64_MAX, "18,446,744,073,709,551,615", "18.4 EB" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF number = sp_buf_new(100);
		SP_AUTO_BUF size = sp_buf_new(100);

		report_text_number(rows[i].n, &number);
		report_text_size(rows[i].n, &size);
		CHECK(strcmp(sp_buf_str(&number), rows[i].number) == 0);
		CHECK(strcmp(sp_buf_str(&size), rows[i].size) == 0);
	}
}

static void
groups(void)
{
	SP_AUTO_BUF out = sp_buf_new(100);

	report_text_groups("0123456789ab", 2, 3, &out);
	CHECK(strcmp(sp_buf_str(&out), "01 23 45\n67 89 ab") == 0);
	sp_buf_clear(&out);
	report_text_groups("01234", 4, 0, &out);
	CHECK(strcmp(sp_buf_str(&out), "0123 4") == 0);
	sp_buf_clear(&out);
	report_text_groups("", 4, 0, &out);
	CHECK(out.len == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what can be seen stays", what_can_be_seen_stays },
		{ "what hides is told", what_hides_is_told },
		{ "what no font has is told", what_no_font_has_is_told },
		{ "no two texts look alike", no_two_texts_look_alike },
		{ "numbers and sizes", numbers_and_sizes },
		{ "groups", groups },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
