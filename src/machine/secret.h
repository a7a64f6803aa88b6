#ifndef MACHINE_SECRET_H
#define MACHINE_SECRET_H

#include "gate/gate.h"

/*
 * Client secrets of a service account ("spc_" texts, gate/text.h), of which the
 * SHA-256 is kept (table machine_service_secret; service.c):
 *
 *   add --> A      retire --> A, until it ends      add --> A and B
 *                             (any before A: gone)
 *
 * Whose doing a secret is, and what is got with it, is said by its issuer
 * (service.h).
 *
 * Functions run inside an act, or read; on any handle of the caller's own.
 */
#define MACHINE_SERVICE_SECRETS 2 /* of one service */

struct machine_secret {
	sp_time created, expires;
	struct sp_id issuer; /* zero: the site */
	sp_time epoch;       /* the issuer's, when it was made */
	bool stands;         /* its issuer is there */
};

/* Those that are good now, or would be did their issuers stand, the newest
 * first. */
struct machine_secrets {
	size_t n;
	struct machine_secret secret[MACHINE_SERVICE_SECRETS];
	uint8_t hash[MACHINE_SERVICE_SECRETS][CRYPTO_SHA256_LEN];
};
/* A service that has none, or is none: n is 0. */
enum sp_code machine_secret_read(struct db *db,
    const struct people_rules *rules, const struct sp_id *service,
    struct machine_secrets *out, struct sp_err *err) SP_MUST_USE;
/* Which one is this the text of?  False: none of them.  Takes as long whether
 * there are any or not. */
bool machine_secret_match(const struct machine_secrets *s, const char *text,
    size_t *which) SP_MUST_USE;
/* What is got with it is this person's doing, since then and in the
 * epoch of then. */
struct people_doing machine_secret_doing(const struct machine_secret *s);

/* One more. */
enum sp_code machine_secret_add(struct db *db, const struct sp_id *service,
    const char *text, const struct machine_secret *n,
    struct sp_err *err) SP_MUST_USE;
/* The newest stays, until `until` at most; the others go. */
enum sp_code machine_secret_retire(struct db *db, const struct sp_id *service,
    sp_time until, struct sp_err *err) SP_MUST_USE;
/* All go. */
enum sp_code machine_secret_drop(
    struct db *db, const struct sp_id *service, struct sp_err *err) SP_MUST_USE;

/* An issuer in the database; NULL: the site. */
void machine_secret_bind_issuer(
    struct db_stmt *st, int at, const struct sp_id *issuer);
enum sp_code machine_secret_read_issuer(struct db_stmt *st, int at,
    struct sp_id *out, struct sp_err *err) SP_MUST_USE;

#endif
