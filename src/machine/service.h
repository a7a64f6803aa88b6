#ifndef MACHINE_SERVICE_H
#define MACHINE_SERVICE_H

#include "base/json.h"
#include "machine/range.h"
#include "machine/scope.h"
#include "machine/secret.h"

/*
 * Service accounts: programs of the agency's own that call by themselves.  A
 * service is given acts (its scope), addresses that it may call from, and an
 * end.  It proves itself with a client secret ("spc_" text) and gets access
 * tokens for it ("spa_"), good for an hour at most: OAuth 2 client credentials
 * (machine/oauth.h).  Of both only the SHA-256 is kept.
 *
 *   add --> secret A        rotate --> secret A, until it ends, and B
 *           | proves        (a third never: the oldest goes)
 *           v
 *           access token, with the scope or less; from the ranges only
 *
 *   revoke, or the end of the service: secrets and tokens are nobody's at once
 *
 * A secret has an issuer: the person who had it made, or the issuer of the
 * token by which that was.  So has what is got with it.  Both are void once the
 * issuer's account is not active or their role, unit or state has changed
 * (people_person_stands), and until then what the service does is the issuer's
 * doing: their clearance, and nothing for themselves (GATE_ISSUED).  Whoever
 * rotates takes the service over; what an issuer who has gone had made does not
 * come back by it.  A secret that the site had made has no issuer.
 *
 * Separation of duties is the table's (gate/role.h): a service can only be
 * given acts that are open to the role "service", and never those that only
 * persons do.  What is judged is the scope of the token as it was issued, and
 * still the service's.
 *
 * Functions with a `tx` run inside an act on the agency's writer; those with a
 * `db` read, on any handle of the caller's own.
 */
#define MACHINE_SERVICE_LABEL    100
#define MACHINE_SERVICES_MAX     1000 /* in one agency, not counting revoked */
#define MACHINE_SERVICES_REVOKED 1000 /* the last, that are still listed */
#define MACHINE_SERVICE_DAYS     366  /* a service lasts, at most */

extern const char machine_service_schema[]; /* among the agency's migrations */
extern const char machine_issuer_schema[];  /* a later one */

struct machine_service {
	struct sp_id id; /* also the client_id, in its text form */
	char label[MACHINE_SERVICE_LABEL + 1];
	struct gate_acts scope;
	struct machine_ranges ranges; /* empty: from anywhere */
	sp_time created;
	sp_time expires;
	sp_time revoked; /* 0: not */
	sp_time used;    /* a token was issued last; 0: never */
	/* Who had the newest secret made; zero: the site. */
	struct sp_id issuer;
	bool orphan;    /* they have gone, so that it is void: to be rotated */
	size_t secrets; /* that are good now, or would be, the newest first */
	struct machine_secret secret[MACHINE_SERVICE_SECRETS];
};

/* A new one, with its first secret, which is shown once.  SP_E_INVALID, reason
 * "service.label", "service.scope" (empty), "service.expires" (not after now,
 * or more than MACHINE_SERVICE_DAYS from now); SP_E_LIMIT, reason
 * "service.many" or "token.pace" (gate/token.h).  Entry "service.added"
 * (expires, ranges, scope). */
struct machine_service_new {
	const char *label;
	struct gate_acts scope;
	struct machine_ranges ranges;
	sp_time expires;
};
enum sp_code machine_service_add(struct ledger_tx *tx,
    const struct gate_caller *by, const struct machine_service_new *n,
    struct sp_id *id, char secret[static GATE_TEXT_MAX],
    struct sp_err *err) SP_MUST_USE;

/* A new secret, whose issuer is who rotates.  The newest before it is good for
 * `overlap` more (0: no longer), any other no longer; and the tokens got so far
 * as long as it.
 * SP_E_NOTFOUND; SP_E_CONFLICT, reason "service.over": revoked, or past its
 * end; SP_E_LIMIT, "token.pace": with an overlap of 0 the service has some of
 * its own beyond it.  Entry "service.rotated" (before_until). */
enum sp_code machine_service_rotate(struct ledger_tx *tx,
    const struct gate_caller *by, const struct sp_id *id, sp_time overlap,
    char secret[static GATE_TEXT_MAX], struct sp_err *err) SP_MUST_USE;

/* Its secrets and tokens are nobody's from now on.  SP_E_NOTFOUND;
 * SP_E_CONFLICT, reason "service.revoked".  Entry "service.revoked". */
enum sp_code machine_service_revoke(struct ledger_tx *tx,
    const struct gate_caller *by, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

/* Revoked, or past its end. */
bool machine_service_over(const struct machine_service *s);
/* SP_E_NOTFOUND. */
enum sp_code machine_service_get(struct db *db,
    const struct people_rules *rules, const struct sp_id *id,
    struct machine_service *out, struct sp_err *err) SP_MUST_USE;
/* Oldest first: all that are not revoked, and the MACHINE_SERVICES_REVOKED that
 * were last. */
enum sp_code machine_service_each(struct db *db,
    const struct people_rules *rules,
    enum sp_code (*visit)(
	void *arg, const struct machine_service *s, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;
/* By its row: of secrets and issuer nothing.  SP_E_NOTFOUND. */
enum sp_code machine_service_find(struct db *db, const struct sp_id *id,
    struct machine_service *out, struct sp_err *err) SP_MUST_USE;
/* Its ranges, as the database has them.  SP_E_CORRUPT. */
enum sp_code machine_service_ranges(const char *text,
    struct machine_ranges *out, struct sp_err *err) SP_MUST_USE;
/* A token of it was issued, in the act of that. */
enum sp_code machine_service_used(struct db *db, const struct sp_id *id,
    sp_time at, struct sp_err *err) SP_MUST_USE;
void machine_service_json(
    struct sp_json *j, const char *name, const struct machine_service *s);

/* Why somebody is turned away who says that they are a service; words of the
 * ledger's, never of an answer. */
#define MACHINE_REFUSALS(X)                                                    \
	X(MACHINE_PROVEN, "")                                                  \
	X(MACHINE_NO_CLIENT, "client")      /* no such service */              \
	X(MACHINE_NO_SECRET, "secret")      /* not its secret, or over */      \
	X(MACHINE_OVER, "over")             /* the service itself is */        \
	X(MACHINE_NO_ISSUER, "issuer")      /* who issued it has gone */       \
	X(MACHINE_NOT_ADDRESS, "address")   /* not of its ranges */            \
	X(MACHINE_NOT_BOUND, "certificate") /* not the one it is bound to */   \
	X(MACHINE_THROTTLED, "throttled")   /* failed too often before */

enum machine_refusal {
#define X(id, name) id,
	MACHINE_REFUSALS(X)
#undef X
	    MACHINE_REFUSAL_COUNT
};
const char *machine_refusal_name(enum machine_refusal r);

/* What somebody shows who says that they are a service.  Borrowed. */
struct machine_proof {
	struct sp_id agency;
	const struct people_rules *rules;
	const char *client; /* its text, whatever that is */
	const char *secret; /* likewise */
	const char *address;
};
/* Is it true?  Why not goes to out->refusal, and out->id is the service
 * that was named (zero: none such).  The failure is the same for all of them,
 * and so is the work: SP_E_UNKNOWN, reason "oauth.invalid_client". */
struct machine_proven {
	struct sp_id id;
	enum machine_refusal refusal;
	sp_time expires;           /* of what it proved with */
	struct people_doing doing; /* whose doing that is */
	struct gate_acts scope;
};
enum sp_code machine_service_prove(struct db *db, const struct machine_proof *p,
    struct machine_proven *out, struct sp_err *err) SP_MUST_USE;

#endif
