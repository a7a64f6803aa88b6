#ifndef VOUCH_ROSTER_H
#define VOUCH_ROSTER_H

#include "base/id.h"
#include "crypto/timestamp.h"
#include "db/db.h"
#include "errand/errand.h"
#include "ledger/cosign.h"

/*
 * Who vouches for the logs of a site: witnesses, which cosign checkpoints, and
 * time authorities (RFC 3161), which timestamp them.  Rows of the site's
 * database; they hold for all of its agencies.  A row never changes: what is
 * to be other is removed and added, and has another id then.
 *
 * A roster that was loaded is its owner's, one thread at a time.
 */
#define VOUCH_NAME_MAX   LEDGER_NAME_MAX
#define VOUCH_KIND_MOST  16 /* of a kind in a roster */
#define VOUCH_MOST       ((size_t)2 * VOUCH_KIND_MOST)
#define VOUCH_EVERY      (600 * SP_SECOND) /* between timestamps */
#define VOUCH_EVERY_MOST (86400 * SP_SECOND)

#define VOUCH_KINDS(X)                                                         \
	X(VOUCH_WITNESS, "witness")                                            \
	X(VOUCH_AUTHORITY, "authority")

enum vouch_kind {
#define X(id, name) id,
	VOUCH_KINDS(X)
#undef X
	    VOUCH_KIND_COUNT
};
const char *vouch_kind_name(enum vouch_kind kind);

struct vouch_voucher {
	struct sp_id id;
	enum vouch_kind kind;
	char name[VOUCH_NAME_MAX + 1]; /* a witness: of its key */
	char url[ERRAND_URL_MAX + 1];  /* http or https */
	struct sp_buf trust;           /* verifier key; PEM of CAs */
	struct sp_buf tls_ca;          /* PEM; empty: those of the system */
	struct ledger_cosigner key;    /* a witness's */
	char policy[CRYPTO_TIMESTAMP_POLICY]; /* an authority's; "": any */
	sp_time every;                        /* an authority: least between */
	sp_time added;
};

struct vouch_voucher vouch_voucher_new(void);
void vouch_voucher_free(struct vouch_voucher *v);
#define VOUCH_AUTO_VOUCHER SP_CLEANUP(vouch_voucher_free) struct vouch_voucher

/* Check kind, name, url, trust, tls_ca, policy and every, and fill the rest
 * in.  A witness's name comes from its key, and `every` is 0.  SP_E_INVALID
 * names the field and the rule. */
enum sp_code vouch_voucher_check(
    struct vouch_voucher *v, struct sp_err *err) SP_MUST_USE;

struct vouch_roster {
	size_t n;
	struct vouch_voucher at[VOUCH_MOST]; /* by kind, then name */
};

/* NULL is a no-op. */
void vouch_roster_free(struct vouch_roster *r);
static inline void
vouch_roster_freep(struct vouch_roster **r)
{
	vouch_roster_free(*r);
}
#define VOUCH_AUTO_ROSTER SP_CLEANUP(vouch_roster_freep) struct vouch_roster *

/* `site` is a handle on site.db, migrated. */
enum sp_code vouch_roster_load(
    struct vouch_roster **out, struct db *site, struct sp_err *err) SP_MUST_USE;
/* The same vouchers in the same order? */
bool vouch_roster_same(
    const struct vouch_roster *a, const struct vouch_roster *b);
/* Checked before (_check).  SP_E_CONFLICT: the name is taken; SP_E_LIMIT:
 * there are VOUCH_KIND_MOST of its kind. */
enum sp_code vouch_roster_add(struct db *site, const struct vouch_voucher *v,
    struct sp_err *err) SP_MUST_USE;
/* SP_E_NOTFOUND.  What the voucher has said is kept with the logs. */
enum sp_code vouch_roster_remove(struct db *site, enum vouch_kind kind,
    const char *name, struct sp_err *err) SP_MUST_USE;

#endif
