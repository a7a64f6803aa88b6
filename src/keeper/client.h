#ifndef KEEPER_CLIENT_H
#define KEEPER_CLIENT_H

#include "base/id.h"
#include "crypto/leaf.h"
#include "ledger/note.h"

/*
 * The server's side of the keeper: the table of requests (keeper/request.h)
 * over a socket.  When the keeper is away every call fails at once with
 * SP_E_UNAVAIL, reason "keeper.away", until keeper_client_attach hands over
 * the next connection.  Any thread; calls are answered one at a time.
 */
struct keeper_client;

struct keeper_client *keeper_client_new(void) SP_MUST_USE;
void keeper_client_free(struct keeper_client *c);
/* Takes the socket; any older connection is closed. */
void keeper_client_attach(struct keeper_client *c, int fd);
bool keeper_client_connected(struct keeper_client *c);

enum sp_code keeper_client_ping(
    struct keeper_client *c, struct sp_err *err) SP_MUST_USE;
/* Make an agency's keys (one KEK, one log key), durably.  SP_E_CONFLICT when
 * it has some. */
enum sp_code keeper_client_create(struct keeper_client *c,
    const struct sp_id *agency, const char *origin, struct ledger_vkey *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_client_vkey(struct keeper_client *c,
    const struct sp_id *agency, struct ledger_vkey *out,
    struct sp_err *err) SP_MUST_USE;

/* A DEK wrapped for one recipient (DESIGN 7). */
#define KEEPER_WRAPPED_MAX 72
struct keeper_wrapped {
	struct sp_id kek;
	uint8_t bytes[KEEPER_WRAPPED_MAX];
	size_t len;
};
enum sp_code keeper_client_wrap(struct keeper_client *c,
    const struct sp_id *agency, struct crypto_secret *dek,
    struct keeper_wrapped *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_CORRUPT: not wrapped by that key; SP_E_NOTFOUND: no such key. */
enum sp_code keeper_client_unwrap(struct keeper_client *c,
    const struct sp_id *agency, const struct keeper_wrapped *wrapped,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;
/* Sign the text of a checkpoint of the agency's log; appends the signature
 * line.  The keeper refuses (SP_E_DENIED) a text that is not the next state
 * of that log as far as it has seen: smaller, or another root at one size. */
enum sp_code keeper_client_sign(struct keeper_client *c,
    const struct sp_id *agency, const char *text, size_t len,
    struct sp_buf *note, struct sp_err *err) SP_MUST_USE;

/* A certificate for a device of the agency, signed by the agency's CA of
 * devices: appends its DER.  The keeper makes it itself, in the one form of
 * crypto/leaf.h: owner the agency, subject the device.  SP_E_DENIED: not a
 * public key, or times that are not within KEEPER_CERTIFY_DAYS from now. */
#define KEEPER_CERTIFY_DAYS 90
#define KEEPER_CERTIFY_SKEW (3600 * SP_SECOND)
struct keeper_certify {
	struct sp_id device;
	const struct crypto_leaf_key *key;
	sp_time from; /* at most SKEW from now, before or after */
	sp_time until;
};
enum sp_code keeper_client_certify(struct keeper_client *c,
    const struct sp_id *agency, const struct keeper_certify *what,
    struct sp_buf *der, struct sp_err *err) SP_MUST_USE;

#endif
