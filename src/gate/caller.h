#ifndef GATE_CALLER_H
#define GATE_CALLER_H

#include "gate/decision.h"
#include "ledger/writer.h"
#include "people/clearance.h"

/*
 * Who asks: made when a credential is known, for one request, and handed to
 * the gate with each act.  A credential is a token, a session, a service or a
 * device; the person, where there is one, is looked at anew each time, so that
 * a role taken away or a training that lapses is felt by the next request.
 *
 * Plain values; nothing owned.
 */

/* A set of acts: what a service was given to do. */
struct gate_acts {
	uint64_t bits[2];
};
_Static_assert(GATE_ACT_COUNT <= 128, "a set of acts is two words");

static inline void
gate_acts_add(struct gate_acts *s, enum gate_act act)
{
	s->bits[act / 64] |= UINT64_C(1) << (act % 64);
}

static inline bool
gate_acts_has(const struct gate_acts *s, enum gate_act act)
{
	return (s->bits[act / 64] >> (act % 64) & 1) != 0;
}

/* How a person or service stands when the credential was known; all zero for a
 * token that is no person's. */
struct gate_standing {
	enum gate_session session;
	sp_time idle;
	sp_time since_proof;
	enum gate_factor factor;
	enum gate_clearance clearance; /* in the agency that is asked */
	struct gate_limits limits;
	struct gate_acts scope; /* of a service */
	/* A token that nobody issued, and an administrator has become able to
	 * sign in since it was made (signin/factor.h). */
	bool settled;
};

/* By what somebody of another house, or an outsider, is let in: a share or a
 * lockbox grant.  Whoever makes one has checked that it covers the object. */
#define GATE_VIA_ABOVE 15
struct gate_via {
	enum gate_relation relation; /* GATE_OWN: by nothing of the kind */
	const char *kind;            /* static: "share", "lockbox" */
	struct sp_id id;             /* of the share or request */
	struct sp_id house;          /* agency whose person it is */
	/* What that rests on in turn: the shares that it was made from, the
	 * groups that any of them is with.  Zero: none. */
	struct sp_id above[GATE_VIA_ABOVE];
};

struct gate_caller {
	struct sp_id agency; /* that is asked: in whose ledger it will stand */
	/* The credential: a token's id, a session's, a service's, a device's.
	 * Zero: the site itself. */
	struct sp_id token;
	struct sp_id person; /* zero: no person's */
	/* Of a token: the person who had it made, directly or by another token;
	 * zero: nobody, or the person themselves.  A machine's clearance is
	 * this person's. */
	struct sp_id issuer;
	sp_time made;     /* of a token; 0: nothing is known of it */
	const char *kind; /* static: "token" (or NULL), "session", "service",
			   * "device" */
	enum gate_role role;
	char address[46];   /* numeric, "" when there is none */
	const char *source; /* static: "api", "cli" */
	sp_time expires;    /* of the credential; 0: nothing is known of it */
	int64_t known; /* sp_ticks() before it was known (gate/ongoing.h) */
	struct gate_standing is;
	struct gate_via via;
};

/* Whom entries name as the actor: *kind (or NULL) is "site", "token", "person",
 * "service" or "device", static; the id is of that (for the site, the
 * agency's). */
struct sp_id gate_caller_actor(
    const struct gate_caller *who, const char **kind);
/* "token", "session", "service" or "device": what its credential is. */
const char *gate_caller_kind(const struct gate_caller *who);
/* The other way, for what is ended after a crash: fills token, person and kind,
 * so that entries name the same actor.  False for an unknown kind. */
bool gate_caller_resume(const char *kind, const struct sp_id *id,
    struct gate_caller *out) SP_MUST_USE;
/* The same for the acts of the room people. */
struct people_by gate_caller_by(const struct gate_caller *who);

/* What is known of the caller for an act, before anything is known of the
 * object but that evidence without records of class, hold or retention is
 * ordinary, and kept.  `limits` points into `who`.  An act that must not be
 * one's own doing needs its duty found out besides (gate_caller_duty). */
struct gate_facts gate_caller_facts(
    const struct gate_caller *who, enum gate_act act);

/* Let `io` stand for this person of `db`'s agency, now: person, role and
 * clearance under `rules` (of the agency that is asked).  SP_E_UNKNOWN, reason
 * "person.inactive": there is none, or it is not active now; the text does not
 * say which. */
enum sp_code gate_caller_person(struct db *db, const struct people_rules *rules,
    const struct sp_id *person, struct gate_caller *io,
    struct sp_err *err) SP_MUST_USE;

/* The same of the person who issued the caller's credential (io->issuer): their
 * account is active, and their clearance is a machine's.  SP_E_UNKNOWN, reason
 * "token.void": it is not active. */
enum sp_code gate_caller_issuer(struct db *db, const struct people_rules *rules,
    struct gate_caller *io, struct sp_err *err) SP_MUST_USE;

/* May the caller make, change or shut out somebody with a role that leads
 * (people_role_leads), or shut out who holds a recovery share?  A person may
 * who has such a role themselves, or all of them could be taken away by
 * somebody below them.  A machine may not, whoever issued its
 * token: only the site's own tokens, one person at a time and until an
 * administrator can sign in, or there could be no first one.  `many`: by a file
 * of them, which is no way to found anything.  SP_E_DENIED, reason "role".
 * That the act is open to the caller at all, the gate has said. */
enum sp_code gate_caller_leads(
    const struct gate_caller *who, bool many, struct sp_err *err) SP_MUST_USE;

/* Is the caller this very human being, by whatever account?  A machine is
 * whoever issued its token, or nobody.  For an act that decides what another
 * asked for (GATE_APPROVES) `person` is who asked, and it is found out besides
 * whether one of the two may be behind the other (people_person_tie). */
enum sp_code gate_caller_duty(struct db *db, const struct gate_caller *who,
    enum gate_act act, const struct sp_id *person, enum gate_duty *out,
    struct sp_err *err) SP_MUST_USE;

#endif
