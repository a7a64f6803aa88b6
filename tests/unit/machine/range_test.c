#include "machine/range.h"

#include "tap.h"

#include <arpa/inet.h>
#include <string.h>

static bool
parses(const char *s, struct machine_range *out)
{
	return machine_range_parse(s, strlen(s), out);
}

static void
a_range_has_one_text(void)
{
	static const struct {
		const char *from, *text;
	} t[] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "192.0.2.7/32", "192.0.2.7" },
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.128.0.0/9", "10.128.0.0/9" },
		{ "::/0", "::/0" },
		{ "::1", "::1" },
		{ "2001:DB8:0:0:0:0:0:0/32", "2001:db8::/32" },
		{ "fe80::1/128", "fe80::1" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::ffff:c000:200/120", "192.0.2.0/24" },
		{ "::ffff:0:0/96", "0.0.0.0/0" },
	};

	for (size_t i = 0; i < SP_COUNTOF(t); i++) {
		char text[MACHINE_RANGE_TEXT];
		struct machine_range r;

		CHECK(parses(t[i].from, &r));
		machine_range_text(&r, text);
		CHECK(strcmp(text, t[i].text) == 0);
	}
}

static void
what_is_no_range_is_refused(void)
{
	static const char *const bad[] = { "", "/", "/24", "192.0.2.0/",
		"192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/08",
		"192.0.2.0/ 8", "192.0.2.0/8/8", "192.0.2.7/24", "192.0.2/24",
		"192.0.2.256", "192.0.02.1", "0xc0000207", "3221225991",
		" 192.0.2.7", "192.0.2.7 ", "192.0.2.7\n", "2001:db8::/129",
		"2001:db8::1/64", "fe80::1%eth0", "fe80::1%eth0/128",
		"[2001:db8::1]", "2001:db8:::1", ":::/0", "::ffff:0:0/90",
		"::ffff:192.0.2.7/95", "::ffff:192.0.2.7/24", "localhost",
		"192.0.2.0-192.0.2.9", "*",
		"1111:2222:3333:4444:5555:6666:255.255.255.255/128/128" };
	struct machine_range r, sentinel;

	memset(&r, 0x5a, sizeof(r));
	sentinel = r;
	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(!parses(bad[i], &r));
	CHECK(!machine_range_parse("192.0.2.7\0x", 11, &r));
	CHECK(memcmp(&r, &sentinel, sizeof(r)) == 0);
}

static struct machine_ranges
set_of(const char *text)
{
	struct machine_ranges set;
	struct sp_err err;

	CHECK_OK(machine_ranges_parse(text, &set, &err), &err);
	return set;
}

static void
addresses_are_in_or_out(void)
{
	static const struct {
		const char *set, *address;
		bool in;
	} t[] = {
		{ "", "192.0.2.7", true },
		{ "", "::1", true },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.6", false },
		{ "192.0.2.7", "::ffff:192.0.2.7", true },
		{ "192.0.2.7", "::192.0.2.7", false },
		{ "192.0.2.0/25", "192.0.2.127", true },
		{ "192.0.2.0/25", "192.0.2.128", false },
		{ "192.0.2.0/25", "192.0.1.255", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.7", false },
		{ "::/0", "::ffff:192.0.2.7", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "10.0.0.0/8 2001:db8::/32", "10.9.8.7", true },
		{ "10.0.0.0/8 2001:db8::/32", "2001:db8::9", true },
		{ "10.0.0.0/8 2001:db8::/32", "2001:db9::9", false },
		{ "10.0.0.0/8", "", false },
		{ "10.0.0.0/8", "10.0.0.1%eth0", false },
		{ "10.0.0.0/8", "10.0.0.1 ", false },
		{ "10.0.0.0/8", "host.example", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(t); i++) {
		struct machine_ranges set = set_of(t[i].set);

		CHECK(machine_ranges_hold(&set, t[i].address) == t[i].in);
	}
}

/* --- properties, against a slow statement of the same --- */

static uint32_t
dice(uint32_t below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(state >> 33) % below;
}

/* Ranges near to each other, so that they meet. */
static void
any_range(char text[static 64])
{
	uint8_t a[4] = { 192, 0, (uint8_t)dice(2), (uint8_t)dice(256) };
	uint32_t bits = dice(17);

	if (dice(4) == 0) {
		bool all = dice(3) == 1;

		(void)snprintf(text, 64, "%s/%u",
		    all           ? "::"
			: dice(2) ? "2001:db8::"
				  : "2001:db8:8000::",
		    all ? dice(2) : 33 + dice(95));
		return;
	}
	for (uint32_t bit = 16 + bits; bit < 32; bit++)
		a[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	(void)snprintf(text, 64, "%s%u.%u.%u.%u/%u",
	    dice(5) == 0 ? "::ffff:" : "", a[0], a[1], a[2], a[3], 16 + bits);
	if (text[0] == ':')
		(void)snprintf(strchr(text, '/'), 5, "/%u", 112 + bits);
}

static bool
bitwise_in(const char *range, const uint8_t a[static 16], bool v4)
{
	struct machine_range r;

	CHECK(parses(range, &r));
	if (v4 != (r.bits >= 96 && r.address[10] == 0xff))
		return false;
	for (unsigned i = 0; i < r.bits; i++)
		if (((r.address[i / 8] ^ a[i / 8]) & (0x80U >> i % 8)) != 0)
			return false;
	return true;
}

/* In whatever order ranges are added, and however many times, the set has the
 * same text; the text reads back as the set; and the set holds an address if
 * and only if one of the ranges does. */
static void
a_set_is_its_ranges(void)
{
	for (int round = 0; round < 3000; round++) {
		struct machine_ranges one = { .n = 0 }, two = { .n = 0 };
		struct machine_ranges read;
		SP_AUTO_BUF a = sp_buf_new(4096);
		SP_AUTO_BUF b = sp_buf_new(4096);
		char text[12][64];
		size_t n = 1 + dice(SP_COUNTOF(text));
		struct sp_err err;

		for (size_t i = 0; i < n; i++) {
			any_range(text[i]);
			CHECK_OK(machine_ranges_add(
				     &one, text[i], strlen(text[i]), &err),
			    &err);
		}
		for (size_t i = 0; i < 2 * n; i++) {
			const char *s =
			    text[i < n ? n - 1 - i : dice((uint32_t)n)];

			CHECK_OK(
			    machine_ranges_add(&two, s, strlen(s), &err), &err);
		}
		machine_ranges_text(&one, &a);
		machine_ranges_text(&two, &b);
		CHECK(strcmp(sp_buf_str(&a), sp_buf_str(&b)) == 0);
		read = set_of(sp_buf_str(&a));
		CHECK(read.n == one.n);
		for (int probe = 0; probe < 20; probe++) {
			uint8_t address[16] = { [10] = 0xff,
				[11] = 0xff,
				192,
				0,
				(uint8_t)dice(3),
				(uint8_t)dice(256) };
			bool v4 = dice(4) != 0, in = false;
			char shown[INET6_ADDRSTRLEN];

			if (!v4)
				memcpy(address,
				    (uint8_t[16]){ 0x20, 0x01, 0x0d, 0xb8,
					(uint8_t)(dice(2) * 0x80), 0, 0, 0, 0,
					0, 0, 0, 0, 0, 0, (uint8_t)dice(4) },
				    16);
			for (size_t i = 0; i < n; i++)
				in |= bitwise_in(text[i], address, v4);
			CHECK(inet_ntop(AF_INET6, address, shown,
				  sizeof(shown)) != NULL);
			CHECK(machine_ranges_hold(&read, shown) == in);
		}
	}
}

static void
a_text_that_is_not_the_sets_is_refused(void)
{
	static const char *const bad[] = { " ", " 10.0.0.0/8", "10.0.0.0/8 ",
		"10.0.0.0/8  192.0.2.7", "192.0.2.7 10.0.0.0/8",
		"10.0.0.0/8 10.1.0.0/16", "10.0.0.0/8 10.0.0.0/8",
		"10.0.0.0/8,192.0.2.7", "192.0.2.7/32", "2001:DB8::/32" };
	struct machine_ranges set = { .n = 7 };
	struct sp_err err = { .reason = NULL };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		CHECK_CODE(machine_ranges_parse(bad[i], &set, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "range.form") == 0);
		CHECK(set.n == 7);
	}
}

static void
there_are_at_most_32(void)
{
	struct machine_ranges set = { .n = 0 };
	struct sp_err err = { .reason = NULL };
	char text[64];

	for (unsigned i = 0; i < MACHINE_RANGES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "10.0.%u.7", i);
		CHECK_OK(
		    machine_ranges_add(&set, text, strlen(text), &err), &err);
	}
	CHECK(set.n == MACHINE_RANGES_MAX);
	CHECK_CODE(
	    machine_ranges_add(&set, "10.1.0.0", 8, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "range.many") == 0);
	CHECK(set.n == MACHINE_RANGES_MAX);
	/* One that is there already, or takes others' places, still can. */
	CHECK_OK(machine_ranges_add(&set, "10.0.7.7", 8, &err), &err);
	CHECK_OK(machine_ranges_add(&set, "10.0.0.0/24", 11, &err), &err);
	CHECK(set.n == MACHINE_RANGES_MAX);
	CHECK_OK(machine_ranges_add(&set, "0.0.0.0/0", 9, &err), &err);
	CHECK(set.n == 1);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a range has one text", a_range_has_one_text },
		{ "what is no range is refused", what_is_no_range_is_refused },
		{ "addresses are in or out", addresses_are_in_or_out },
		{ "a set is its ranges", a_set_is_its_ranges },
		{ "a text that is not the set's is refused",
		    a_text_that_is_not_the_sets_is_refused },
		{ "there are at most 32", there_are_at_most_32 },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
