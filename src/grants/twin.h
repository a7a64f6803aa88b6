#ifndef GRANTS_TWIN_H
#define GRANTS_TWIN_H

#include "base/json.h"
#include "evidence/site.h"

/*
 * A twin: one act that stands in the ledgers of two houses, each of which can
 * prove the other's entry offline, without the other.  One house does it (the
 * first: whose decision it is), the other is told (the second):
 *
 *   first: act + entry 1      second: effect + entry 2      first: entry 3
 *   twin {agency, id, log} -> twin {…, index, leaf of 1} -> "twin.joined",
 *                             keeps the proof of 1          index, leaf of 2,
 *                                                           keeps its proof
 *   HALF -------------------------------------------------------> WHOLE
 *
 * An entry cannot hold the hash of one that holds its own, so the first says
 * it in a third.  Each arrow is one transaction of one house.  What is
 * interrupted between them is recorded (HALF, in the first's database with all
 * that the second is to do) and goes on by grants_twin_settle: after a start
 * and every few seconds, until it is whole.  Each step done twice is done once.
 *
 * What the act does in the first house is in effect at once, whatever becomes
 * of the second.
 *
 * Any thread, but never inside an act: it waits for both writers.
 */
#define GRANTS_TWIN_BODY 65536 /* bytes of what the second is told */

/* What the second house is told; borrowed. */
struct grants_twin_told {
	struct sp_id id;    /* of the twin */
	struct sp_id first; /* agency that did it */
	struct sp_id second;
	struct sp_id object;
	sp_time at;       /* when it did */
	const char *act;  /* as the ledgers say it */
	const char *body; /* canonical JSON, as the first gave it */
};

/* What becomes of it in the second house. */
struct grants_twin_kind {
	const char *name; /* static, of a-z and hyphens: stored */
	/* In the transaction of entry 2, before it: change rows by the body.
	 * Twins of one object may come in another order than they were done
	 * in: it must not let an older one undo a newer.  What it refuses
	 * stays HALF and is tried again. */
	enum sp_code (*apply)(struct ledger_tx *tx,
	    const struct grants_twin_told *told, struct sp_err *err);
};

struct grants_twin_act {
	struct evidence_room *first, *second;
	const struct gate_caller *who; /* in the first */
	const struct grants_twin_kind *kind;
	const char *act; /* of LEDGER_ACTS: entries 1 and 2 */
	const char *object_kind;
	struct sp_id object;
	/* A canonical JSON object for both entries, of ids, words and numbers;
	 * NULL: {}.  It has no member "twin". */
	const char *detail;
	const char *body; /* NULL: {} */
	/* In the transaction of entry 1, before it: changes rows, and may
	 * refuse.  It may still change act, detail and body here (borrowed till
	 * the end of the call; it may be run a second time).  NULL: nothing. */
	enum sp_code (*here)(struct ledger_tx *tx, struct grants_twin_act *io,
	    struct sp_err *err);
	void *arg; /* for here */
};

struct grants_twin_done {
	struct sp_id id;
	uint64_t entry; /* 1, in the first */
	bool whole;     /* false: the second is told later */
};
/* SP_OK: durable in the first.  `out` may be NULL. */
enum sp_code grants_twin_run(const struct grants_twin_act *a,
    struct grants_twin_done *out, struct sp_err *err) SP_MUST_USE;

/* Go on with what is half done of these kinds in this house, as far as it is
 * due.  What fails is noted in its row and due again later. */
struct grants_twin_kinds {
	const struct grants_twin_kind *const *kind;
	size_t n;
};
void grants_twin_settle(struct evidence_site *site, struct evidence_room *first,
    const struct grants_twin_kinds *kinds);
/* All of it now, whenever it is due: for tests and after a start. */
enum sp_code grants_twin_settle_now(struct evidence_site *site,
    struct evidence_room *first, const struct grants_twin_kinds *kinds,
    struct sp_err *err) SP_MUST_USE;

/* Twins of an object as this house's API tells them, newest last; a member
 * `name` that is an array (at most `n` of them):
 * {"act":…,"entry":index here,"id":…,"other":{"agency":…,"body":the exact
 * entry as text,"index":…,"leaf":hex,"log":origin,"proof":tlog-proof},
 * "side":"first"|"second","state":"half"|"whole"}; "other" has only agency and
 * log while it is half. */
enum sp_code grants_twin_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *object, size_t n,
    struct sp_err *err) SP_MUST_USE;
/* Is anything of this object half done here? */
enum sp_code grants_twin_half(struct db *db, const struct sp_id *object,
    bool *half, struct sp_err *err) SP_MUST_USE;

#endif
