#ifndef VAULT_READ_H
#define VAULT_READ_H

#include "vault/seal.h"

/*
 * Reading an object: any range, opening only the segments it touches; the
 * segment opened last is kept, so small reads in order open each once.  No
 * byte comes out before its segment's tag has passed.
 *
 * One thread at a time per reader.
 */
struct vault_read;

/* A kept object; `size` is the plaintext's.  The file's size must be exactly
 * what that gives (else SP_E_CORRUPT).  o->key is borrowed for the call. */
enum sp_code vault_read_open(struct vault_read **out,
    const struct vault_object *o, uint64_t size,
    struct sp_err *err) SP_MUST_USE;
/* A staged object as vault_seal_rest or _salvage left it: `size` is the offset
 * there, `tail` its sealed tail (copied; NULL when there is none).  What the
 * file holds beyond that is not looked at. */
enum sp_code vault_read_open_staged(struct vault_read **out,
    const struct vault_object *o, uint64_t size, const void *tail,
    size_t tail_len, struct sp_err *err) SP_MUST_USE;

uint64_t vault_read_size(const struct vault_read *r);
/* Reads will go on in order up to `until` (at most the size counts): from the
 * next on, the segment that follows is read and opened by a worker meanwhile.
 * Any other read is as good, only not as fast. */
void vault_read_ahead(struct vault_read *r, uint64_t until);
/* offset + len must be within the size (else SP_E_INVALID).  A segment that
 * does not open is SP_E_CORRUPT, and `out` then holds nothing read. */
enum sp_code vault_read_at(struct vault_read *r, uint64_t offset, void *out,
    size_t len, struct sp_err *err) SP_MUST_USE;
void vault_read_free(struct vault_read *r);

/* Write all of `r` into a seal, at its end. */
enum sp_code vault_read_into(
    struct vault_read *r, struct vault_seal *s, struct sp_err *err) SP_MUST_USE;

static inline void
vault_read_freep(struct vault_read **r)
{
	vault_read_free(*r);
}
#define VAULT_AUTO_READ SP_CLEANUP(vault_read_freep) struct vault_read *

#endif
