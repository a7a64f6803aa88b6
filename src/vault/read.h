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

/* `size` is the plaintext's.  For VAULT_KEPT the file's size must be exactly
 * what that gives (else SP_E_CORRUPT).  For VAULT_STAGED, `size` counts full
 * segments and the sealed `tail` (may be NULL when size is 0). */
enum sp_code vault_read_open(struct vault_read **out,
    const struct vault_object *o, uint64_t size, struct sp_err *err)
    SP_MUST_USE;
enum sp_code vault_read_open_staged(struct vault_read **out,
    const struct vault_object *o, uint64_t size, const void *tail,
    size_t tail_len, struct sp_err *err) SP_MUST_USE;

uint64_t vault_read_size(const struct vault_read *r);
/* offset + len must be within the size (else SP_E_INVALID). */
enum sp_code vault_read_at(struct vault_read *r, uint64_t offset, void *out,
    size_t len, struct sp_err *err) SP_MUST_USE;
void vault_read_free(struct vault_read *r);

/* Write all of `r` into a seal, at its end. */
enum sp_code vault_read_into(struct vault_read *r, struct vault_seal *s,
    struct sp_err *err) SP_MUST_USE;

static inline void
vault_read_freep(struct vault_read **r)
{
	vault_read_free(*r);
}
#define VAULT_AUTO_READ SP_CLEANUP(vault_read_freep) struct vault_read *

#endif
