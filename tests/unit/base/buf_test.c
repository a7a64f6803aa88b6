#include "base/buf.h"
#include "base/nth_alloc.h"
#include "base/parse.h"
#include "tap.h"

static void
starts_as_empty_text(void)
{
	struct sp_buf b = sp_buf_new(10);

	CHECK(strcmp(sp_buf_str(&b), "") == 0 && sp_buf_ok(&b));
	sp_buf_free(&b);
	sp_buf_free(&b);
}

static void
appends_are_followed_by_a_nul(void)
{
	static const uint8_t want[] = { 'a', 'b', '7', 0xFF, 1, 2, 3, 4, 5, 6,
		7, 8, 9, 10, 11, 12, 13, 14, 0, 0, 0, 2, 'x', 'y' };
	SP_AUTO_BUF b = sp_buf_new(100);
	struct sp_err err;

	sp_buf_text(&b, "ab");
	sp_buf_fmt(&b, "%d", 7);
	sp_buf_u8(&b, 0xFF);
	sp_buf_u16be(&b, 0x0102);
	sp_buf_u32be(&b, 0x03040506);
	sp_buf_u64be(&b, 0x0708090a0b0c0d0e);
	sp_buf_blob(&b, "xy", 2);
	sp_buf_add(&b, NULL, 0);
	CHECK_OK(sp_buf_check(&b, "it", &err), &err);
	CHECK(b.len == sizeof(want) && memcmp(b.at, want, b.len) == 0);
	CHECK(b.at[b.len] == 0);
	sp_buf_clear(&b);
	CHECK(b.len == 0 && strcmp(sp_buf_str(&b), "") == 0);
}

/* Whatever the way in, a byte over the maximum poisons, and a later small
 * append does not hide it. */
static void
the_maximum_is_exact(void)
{
	for (size_t max = 0; max < 200; max++) {
		for (size_t len = 0; len < 202; len += 1 + len / 40) {
			char text[256];

			memset(text, 'x', sizeof(text));
			text[len] = '\0';
			for (int way = 0; way < 3; way++) {
				SP_AUTO_BUF b = sp_buf_new(max);
				struct sp_err err;

				if (way == 0)
					sp_buf_add(&b, text, len);
				else if (way == 1)
					sp_buf_fmt(&b, "%s", text);
				else
					(void)sp_buf_extend(&b, len);
				CHECK(sp_buf_ok(&b) == (len <= max));
				CHECK(b.len == (len <= max ? len : 0));
				CHECK(b.at == NULL || b.at[b.len] == 0);
				if (len <= max)
					continue;
				sp_buf_add(&b, "", 0);
				CHECK(!sp_buf_ok(&b));
				CHECK_CODE(sp_buf_check(&b, "text", &err),
				    SP_E_LIMIT, &err);
				sp_buf_clear(&b);
				CHECK(sp_buf_ok(&b));
			}
		}
	}
}

static void
absurd_lengths_do_not_wrap(void)
{
	SP_AUTO_BUF b = sp_buf_new(SIZE_MAX);

	sp_buf_u8(&b, 1);
	CHECK(sp_buf_extend(&b, SIZE_MAX) == NULL);
	CHECK(b.bad == SP_E_LIMIT && b.len == 1);
	sp_buf_clear(&b);
	sp_buf_u8(&b, 1);
	CHECK(sp_buf_extend(&b, SIZE_MAX - 1) == NULL);
	CHECK(b.bad == SP_E_LIMIT && b.len == 1);
}

static void
formats_of_every_length_fit(void)
{
	SP_AUTO_BUF b = sp_buf_new(100000);
	size_t want = 0;

	for (int n = 0; n < 300; n++) {
		sp_buf_fmt(&b, "%*s", n, "");
		want += (size_t)n;
		CHECK(b.len == want && b.at[want] == 0);
	}
	for (size_t i = 0; i < b.len; i++)
		CHECK(b.at[i] == ' ');
}

static void
the_first_reason_stays(void)
{
	SP_AUTO_BUF b = sp_buf_new(4);
	struct sp_err err;

	sp_buf_poison(&b, SP_E_INVALID);
	sp_buf_text(&b, "over the maximum");
	sp_buf_poison(&b, SP_E_NOMEM);
	CHECK(b.len == 0);
	CHECK_CODE(sp_buf_check(&b, "text", &err), SP_E_INVALID, &err);
}

static void
cut_drops_the_tail(void)
{
	SP_AUTO_BUF b = sp_buf_secret(10);

	sp_buf_cut(&b, 0);
	sp_buf_text(&b, "abcdef");
	sp_buf_cut(&b, 2);
	CHECK(strcmp(sp_buf_str(&b), "ab") == 0 && b.len == 2);
	CHECK(memcmp(b.at, "ab\0\0\0\0", 7) == 0);
}

static void
a_secret_is_wiped_on_clear(void)
{
	SP_AUTO_BUF b = sp_buf_secret(1000);

	for (int i = 0; i < 1000; i++)
		sp_buf_u8(&b, 'k');
	CHECK(b.len == 1000 && b.at[0] == 'k' && b.at[999] == 'k');
	sp_buf_clear(&b);
	for (size_t i = 0; i < b.cap; i++)
		CHECK(b.at[i] == 0);
}

static void
blobs_are_read_back(void)
{
	for (size_t len = 0; len < 300; len += 7) {
		SP_AUTO_BUF b = sp_buf_new(1000);
		uint8_t bytes[300];
		struct sp_in in, blob;

		memset(bytes, (int)len, sizeof(bytes));
		sp_buf_blob(&b, bytes, len);
		in = sp_in_from(b.at, b.len);
		blob = sp_in_blob(&in, len);
		CHECK(sp_in_done(&in) && blob.left == len);
		CHECK(len == 0 || memcmp(blob.at, bytes, len) == 0);
	}
}

static void
each_failed_allocation_is_reported(void)
{
	unsigned n = 1;
	unsigned runs = 0;

	do {
		SP_AUTO_BUF b =
		    runs % 2 ? sp_buf_secret(9999) : sp_buf_new(9999);
		struct sp_err err;

		nth_alloc_arm(n);
		for (int i = 0; i < 20; i++)
			sp_buf_fmt(&b, "%0*d", 100, i);
		CHECK(sp_buf_ok(&b) == !nth_alloc_hit);
		CHECK(b.len % 100 == 0 && (b.len == 2000) == sp_buf_ok(&b));
		if (nth_alloc_hit)
			CHECK_CODE(
			    sp_buf_check(&b, "text", &err), SP_E_NOMEM, &err);
		n += runs++ % 2; /* each n for both kinds */
	} while (nth_alloc_again() || runs % 2 == 1);
	CHECK(runs > 6);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "starts as empty text", starts_as_empty_text },
		{ "appends are followed by a NUL",
		    appends_are_followed_by_a_nul },
		{ "the maximum is exact", the_maximum_is_exact },
		{ "absurd lengths do not wrap", absurd_lengths_do_not_wrap },
		{ "formats of every length fit", formats_of_every_length_fit },
		{ "the first reason stays", the_first_reason_stays },
		{ "cut drops the tail", cut_drops_the_tail },
		{ "a secret is wiped on clear", a_secret_is_wiped_on_clear },
		{ "blobs are read back", blobs_are_read_back },
		{ "each failed allocation is reported",
		    each_failed_allocation_is_reported },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
