#include "base/parse.h"
#include "tap.h"

static void
u64_accepts_only_canonical_decimals(void)
{
	static const struct {
		const char *in;
		bool ok;
		uint64_t want;
	} rows[] = {
		{ "0", true, 0 }, { "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 }, /* one past the end */
		{ "99999999999999999999", false, 0 },
		{ "184467440737095516150", false, 0 }, { "", false, 0 },
		{ "-1", false, 0 }, { "+1", false, 0 }, { " 1", false, 0 },
		{ "1 ", false, 0 }, { "007", false, 0 }, { "00", false, 0 },
		{ "0x10", false, 0 }, { "1e3", false, 0 },
		{ "\xd9\xa1", false, 0 }, /* an Arabic one */
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint64_t got = 42;
		bool ok = sp_parse_u64(
		    rows[i].in, strlen(rows[i].in), 0, UINT64_MAX, &got);

		CHECK(ok == rows[i].ok);
		CHECK(got == (ok ? rows[i].want : 42)); /* never clobbered */
	}
}

static void
u64_keeps_to_its_bounds(void)
{
	uint64_t got = 42;

	CHECK(!sp_parse_u64("9", 1, 10, 20, &got));
	CHECK(!sp_parse_u64("21", 2, 10, 20, &got) && got == 42);
	CHECK(sp_parse_u64("10", 2, 10, 20, &got) && got == 10);
	CHECK(sp_parse_u64("20", 2, 10, 20, &got) && got == 20);
	CHECK(sp_parse_u64("123", 2, 0, 99, &got) && got == 12);
}

static void
numbers_are_big_endian(void)
{
	static const uint8_t msg[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15, 'a', 'b' };
	struct sp_in in = sp_in_from(msg, sizeof(msg));
	const uint8_t *p;

	CHECK(sp_in_u8(&in) == 1);
	CHECK(sp_in_u16be(&in) == 0x0203);
	CHECK(sp_in_u32be(&in) == 0x04050607);
	CHECK(sp_in_u64be(&in) == 0x08090a0b0c0d0e0f);
	p = sp_in_bytes(&in, 2);
	CHECK(p != NULL && memcmp(p, "ab", 2) == 0);
	CHECK(sp_in_done(&in));
	CHECK(sp_in_bytes(&in, 1) == NULL && !sp_in_done(&in));
}

/* Property: no strict prefix of a valid message is itself valid. */
static void
every_truncation_is_refused(void)
{
	static const uint8_t msg[] = { 7, 0, 1, 0, 0, 0, 3, 'a', 'b', 'c', 0, 0,
		0, 0, 0, 0, 0, 9 };

	for (size_t n = 0; n <= sizeof(msg); n++) {
		struct sp_in in = sp_in_from(msg, n);

		(void)sp_in_u8(&in);
		(void)sp_in_u16be(&in);
		(void)sp_in_blob(&in, 16);
		(void)sp_in_u64be(&in);
		CHECK(sp_in_done(&in) == (n == sizeof(msg)));
	}
}

static void
a_failed_cursor_stays_failed(void)
{
	static const uint8_t msg[] = { 0, 0, 0, 4, 'a', 'b', 'c' };
	static const uint8_t whole[] = { 0, 0, 0, 3, 'a', 'b', 'c' };
	struct sp_in in = sp_in_from(msg, sizeof(msg));
	struct sp_in blob = sp_in_blob(&in, 16);

	CHECK(blob.left == 0 && in.bad); /* says 4, has 3 */
	CHECK(sp_in_u8(&in) == 0 && sp_in_u32be(&in) == 0);
	CHECK(!sp_in_done(&in));
	in = sp_in_from(whole, sizeof(whole));
	blob = sp_in_blob(&in, 2); /* all there, but over the maximum */
	CHECK(blob.left == 0 && in.bad);
}

static void
trailing_bytes_are_seen(void)
{
	struct sp_in in = sp_in_from("ab", 2);

	(void)sp_in_u8(&in);
	CHECK(!sp_in_done(&in));
	(void)sp_in_u8(&in);
	CHECK(sp_in_done(&in));
	in = sp_in_from(NULL, 0);
	CHECK(sp_in_done(&in));
}

static void
slugs_keep_to_their_rule(void)
{
	static const struct {
		const char *slug;
		bool ok;
	} rows[] = {
		{ "miami", true },
		{ "miami-pd", true },
		{ "a1", true },
		{ "0-0", true },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd", true },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddx", false },
		{ "", false },
		{ "a", false },
		{ "-miami", false },
		{ "miami-", false },
		{ "miami--pd", false },
		{ "Miami", false },
		{ "miami pd", false },
		{ "miami/pd", false },
		{ "..", false },
		{ "miami.pd", false },
		{ "mi\xc3\xa4mi", false },
		{ "miami\n", false },
		{ "miami_pd", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(sp_slug_ok(rows[i].slug) == rows[i].ok);
}

static void
lines_end_in_lf(void)
{
	struct sp_in in = sp_in_from("one\n\ntwo", 8);
	struct sp_in line = sp_in_line(&in);

	CHECK(!line.bad && line.left == 3 && memcmp(line.at, "one", 3) == 0);
	line = sp_in_line(&in);
	CHECK(!line.bad && line.left == 0 && in.left == 3);
	line = sp_in_line(&in); /* "two" has no end */
	CHECK(line.bad && line.left == 0 && in.bad);
	CHECK(sp_in_line(&in).bad);
	in = sp_in_from(NULL, 0);
	CHECK(sp_in_line(&in).bad && !sp_in_done(&in));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "u64 accepts only canonical decimals",
		    u64_accepts_only_canonical_decimals },
		{ "u64 keeps to its bounds", u64_keeps_to_its_bounds },
		{ "numbers are big-endian", numbers_are_big_endian },
		{ "every truncation is refused", every_truncation_is_refused },
		{ "a failed cursor stays failed",
		    a_failed_cursor_stays_failed },
		{ "trailing bytes are seen", trailing_bytes_are_seen },
		{ "slugs keep to their rule", slugs_keep_to_their_rule },
		{ "lines end in LF", lines_end_in_lf },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
