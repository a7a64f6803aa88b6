#include "machine/range.h"

#include "base/parse.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_BITS 96 /* what stands before an IPv4 address */

static const uint8_t v4_prefix[V4_BITS / 8] = { [10] = 0xff, [11] = 0xff };

static bool
is_v4(const uint8_t address[static 16])
{
	return memcmp(address, v4_prefix, sizeof(v4_prefix)) == 0;
}

/* *wide: how many of the 128 bits stand before the address as it was written:
 * an IPv4 address's prefix counts from there. */
static bool
parse_address(const char *s, size_t len, uint8_t out[static 16], uint8_t *wide)
{
	char text[INET6_ADDRSTRLEN];

	if (len == 0 || len >= sizeof(text) || memchr(s, '\0', len) != NULL)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	if (memchr(text, ':', len) != NULL) {
		*wide = 0;
		return inet_pton(AF_INET6, text, out) == 1;
	}
	memcpy(out, v4_prefix, sizeof(v4_prefix));
	*wide = V4_BITS;
	return inet_pton(AF_INET, text, out + sizeof(v4_prefix)) == 1;
}

/* Do the two begin with the same `bits` bits? */
static bool
same_start(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool
rest_is_zero(const struct machine_range *r)
{
	struct machine_range start = *r;

	for (unsigned bit = r->bits; bit < 128; bit++)
		start.address[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return memcmp(start.address, r->address, sizeof(r->address)) == 0;
}

bool
machine_range_parse(const char *s, size_t len, struct machine_range *out)
{
	const char *slash = memchr(s, '/', len);
	size_t address = slash == NULL ? len : (size_t)(slash - s);
	struct machine_range r = { .bits = 128 };
	uint64_t bits = 0;
	uint8_t wide = 0;

	if (!parse_address(s, address, r.address, &wide))
		return false;
	if (slash != NULL) {
		if (!sp_parse_u64(
			slash + 1, len - address - 1, 0, 128U - wide, &bits))
			return false;
		r.bits = (uint8_t)(bits + wide);
	}
	/* "::ffff:0:0/90" would hold all of IPv4 and more: neither. */
	if (!rest_is_zero(&r) || (is_v4(r.address) && r.bits < V4_BITS))
		return false;
	*out = r;
	return true;
}

void
machine_range_text(
    const struct machine_range *r, char out[static MACHINE_RANGE_TEXT])
{
	bool v4 = is_v4(r->address);
	size_t len;

	SP_REQUIRE(inet_ntop(v4 ? AF_INET : AF_INET6,
		       r->address + (v4 ? sizeof(v4_prefix) : 0), out,
		       INET6_ADDRSTRLEN) != NULL);
	len = strlen(out);
	if (r->bits < 128)
		(void)snprintf(out + len, MACHINE_RANGE_TEXT - len, "/%u",
		    (unsigned)r->bits - (v4 ? V4_BITS : 0));
}

static bool
range_holds(const struct machine_range *r, const uint8_t address[static 16])
{
	/* A range that begins before IPv4's place is one of IPv6. */
	return is_v4(r->address) == is_v4(address) &&
	    same_start(r->address, address, r->bits);
}

/* By address; of the same address the wider first. */
static int
order(const struct machine_range *a, const struct machine_range *b)
{
	int by = memcmp(a->address, b->address, sizeof(a->address));

	return by != 0 ? by : (int)a->bits - (int)b->bits;
}

/* Is `a` all within `b`? */
static bool
within(const struct machine_range *a, const struct machine_range *b)
{
	return b->bits <= a->bits && range_holds(b, a->address);
}

enum sp_code
machine_ranges_add(
    struct machine_ranges *io, const char *s, size_t len, struct sp_err *err)
{
	struct machine_ranges set = { .n = 0 };
	struct machine_range r;
	size_t at = 0;

	if (!machine_range_parse(s, len, &r))
		return sp_fail_as(err, SP_E_INVALID, "range.form",
		    "ranges: an address, or \"192.0.2.0/24\", "
		    "\"2001:db8::/32\" with zeros after the prefix");
	for (size_t i = 0; i < io->n; i++) {
		if (within(&r, &io->range[i]))
			return SP_OK;
		if (!within(&io->range[i], &r))
			set.range[set.n++] = io->range[i];
	}
	if (set.n == MACHINE_RANGES_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "range.many",
		    "ranges: at most %d", MACHINE_RANGES_MAX);
	while (at < set.n && order(&set.range[at], &r) < 0)
		at++;
	memmove(&set.range[at + 1], &set.range[at],
	    (set.n - at) * sizeof(set.range[0]));
	set.range[at] = r;
	set.n++;
	*io = set;
	return SP_OK;
}

enum sp_code
machine_ranges_parse(
    const char *s, struct machine_ranges *out, struct sp_err *err)
{
	SP_AUTO_BUF text =
	    sp_buf_new((size_t)MACHINE_RANGES_MAX * MACHINE_RANGE_TEXT);
	struct machine_ranges set = { .n = 0 };
	const char *at = s;

	while (*at != '\0') {
		size_t len = strcspn(at, " ");

		SP_TRY(machine_ranges_add(&set, at, len, err));
		at += len;
		at += *at == ' ';
	}
	machine_ranges_text(&set, &text);
	SP_TRY(sp_buf_check(&text, "ranges", err));
	if (strcmp(sp_buf_str(&text), s) != 0)
		return sp_fail_as(err, SP_E_INVALID, "range.form",
		    "ranges: not in their order, or not in their form");
	*out = set;
	return SP_OK;
}

void
machine_ranges_text(const struct machine_ranges *set, struct sp_buf *out)
{
	for (size_t i = 0; i < set->n; i++) {
		char text[MACHINE_RANGE_TEXT];

		machine_range_text(&set->range[i], text);
		sp_buf_fmt(out, "%s%s", i == 0 ? "" : " ", text);
	}
}

bool
machine_ranges_hold(const struct machine_ranges *set, const char *address)
{
	uint8_t a[16], wide;

	if (set->n == 0)
		return true;
	if (!parse_address(address, strlen(address), a, &wide))
		return false;
	for (size_t i = 0; i < set->n; i++)
		if (range_holds(&set->range[i], a))
			return true;
	return false;
}
