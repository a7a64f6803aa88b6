#ifndef KEEPER_KEYRING_H
#define KEEPER_KEYRING_H

#include "keeper/client.h"

/*
 * The keys of agencies, inside the keeper process: what each request does,
 * without the messages.  No key leaves: DEKs do, unwrapped, and signatures.
 *
 * On disk (docs/keeper.md has the bytes): DIR/keeper/root, the root key under
 * the unlock secret, and DIR/keeper/<agency id>.keys, an agency's keys sealed
 * under the root key and bound to the agency's id.  An agency's file is read
 * the first time it is asked for, so that one made by another keeper of the
 * same site (`sallyport agency add`) is found.
 *
 * One thread.
 */
struct keeper_keyring;

#define KEEPER_AGENCIES_MAX 4096 /* held in memory at once */

/* Make DIR/keeper with a fresh root key; SP_E_CONFLICT when there is one. */
enum sp_code keeper_keyring_make(const char *dir, struct crypto_secret *unlock,
    struct sp_err *err) SP_MUST_USE;
/* SP_E_DENIED: not the secret; SP_E_CORRUPT: the root file is damaged. */
enum sp_code keeper_keyring_open(struct keeper_keyring **out, const char *dir,
    struct crypto_secret *unlock, struct sp_err *err) SP_MUST_USE;
/* One that keeps nothing on disk: for tests. */
enum sp_code keeper_keyring_in_memory(
    struct keeper_keyring **out, struct sp_err *err) SP_MUST_USE;
void keeper_keyring_close(struct keeper_keyring *k);

static inline void
keeper_keyring_closep(struct keeper_keyring **k)
{
	keeper_keyring_close(*k);
}
#define KEEPER_AUTO_KEYRING                                                    \
	SP_CLEANUP(keeper_keyring_closep) struct keeper_keyring *

/* These do what keeper_client_* of the same name promise (client.h). */
enum sp_code keeper_keyring_create(struct keeper_keyring *k,
    const struct sp_id *agency, const char *origin, struct ledger_vkey *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_keyring_vkey(struct keeper_keyring *k,
    const struct sp_id *agency, struct ledger_vkey *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_keyring_wrap(struct keeper_keyring *k,
    const struct sp_id *agency, struct crypto_secret *dek,
    struct keeper_wrapped *out, struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_keyring_unwrap(struct keeper_keyring *k,
    const struct sp_id *agency, const struct keeper_wrapped *wrapped,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_keyring_sign(struct keeper_keyring *k,
    const struct sp_id *agency, const char *text, size_t len,
    struct sp_buf *line, struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_keyring_certify(struct keeper_keyring *k,
    const struct sp_id *agency, const struct keeper_certify *what,
    struct sp_buf *der, struct sp_err *err) SP_MUST_USE;

#endif
