#ifndef SP_PARSE_H
#define SP_PARSE_H

#include "base/base.h"

/*
 * A bounded view that moves forward only.  The first short read poisons it:
 * later reads yield zeroes, and sp_in_done() says once whether all was well.
 */
struct sp_in {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct sp_in sp_in_from(const void *bytes, size_t len);
uint8_t sp_in_u8(struct sp_in *in);
uint16_t sp_in_u16be(struct sp_in *in);
uint32_t sp_in_u32be(struct sp_in *in);
uint64_t sp_in_u64be(struct sp_in *in);
/* The next n bytes, borrowed; NULL (and poisoned) when there are fewer. */
const uint8_t *sp_in_bytes(struct sp_in *in, size_t n);
/* A 32-bit length no greater than `max`, then that many bytes (borrowed). */
struct sp_in sp_in_blob(struct sp_in *in, size_t max);
/* The bytes up to the next LF, which is passed; poisoned when there is none. */
struct sp_in sp_in_line(struct sp_in *in);
/* True when nothing failed and nothing is left over. */
bool sp_in_done(const struct sp_in *in) SP_MUST_USE;

/* Decimal digits only: no sign, space, leading zero or trailing byte. */
bool sp_parse_u64(const char *s, size_t len, uint64_t min, uint64_t max,
    uint64_t *out) SP_MUST_USE;

/* 2 to `max` of a-z 0-9 and single inner hyphens. */
bool sp_word_ok(const char *s, size_t max) SP_MUST_USE;
/* The word that names an agency in URLs and folders. */
#define SP_SLUG_MAX 40
bool sp_slug_ok(const char *slug) SP_MUST_USE;

#endif
