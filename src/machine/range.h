#ifndef MACHINE_RANGE_H
#define MACHINE_RANGE_H

#include "base/buf.h"

/*
 * Sets of address ranges: from where a machine may call.  A range is an IPv4
 * or IPv6 address, or the beginning of one and how many bits of it count
 * ("192.0.2.0/24", "2001:db8::/32"; RFC 4632, RFC 4291 2.3).
 *
 * - Bits past the prefix are zero: "192.0.2.7/24" is refused, since whoever
 *   wrote it meant either one address or all of them.
 * - IPv4 is IPv4 however it is written: "::ffff:192.0.2.7" is 192.0.2.7
 *   (RFC 4291 2.5.5.2), in ranges and in the addresses asked about.  No range
 *   of IPv6 holds an IPv4 address: "::/0" is all of IPv6.
 * - No zones ("%eth0"), no white space, no leading zeros.
 *
 * Text of a set: its ranges in order, separated by single spaces, none within
 * another; the same set of ranges has one text only.
 *
 * Plain values: any thread.
 */
#define MACHINE_RANGES_MAX 32
#define MACHINE_RANGE_TEXT 50 /* 45 of an address, "/128", NUL */

struct machine_range {
	uint8_t address[16]; /* IPv4: mapped into IPv6 */
	uint8_t bits;        /* of the 128 */
};

/* Empty: every address. */
struct machine_ranges {
	size_t n;
	struct machine_range range[MACHINE_RANGES_MAX];
};

bool machine_range_parse(
    const char *s, size_t len, struct machine_range *out) SP_MUST_USE;
void machine_range_text(
    const struct machine_range *r, char out[static MACHINE_RANGE_TEXT]);

/* SP_E_INVALID, reason "range.form": not a range; SP_E_LIMIT, reason
 * "range.many". */
enum sp_code machine_ranges_add(struct machine_ranges *io, const char *s,
    size_t len, struct sp_err *err) SP_MUST_USE;
/* The text of a set, "" being the empty one.  Fails as _add does, also for a
 * text that is not the one of its set. */
enum sp_code machine_ranges_parse(
    const char *s, struct machine_ranges *out, struct sp_err *err) SP_MUST_USE;
void machine_ranges_text(const struct machine_ranges *set, struct sp_buf *out);

/* Is this numeric address in the set?  One that is none is in no set but the
 * empty one. */
bool machine_ranges_hold(
    const struct machine_ranges *set, const char *address) SP_MUST_USE;

#endif
