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

/* The agency whose house this is, and that house acting by itself. */
const struct sp_id *grants_twin_house(const struct evidence_room *room);
struct gate_caller grants_twin_itself(const struct evidence_room *room);
/* An agency's short name; one that is gone keeps its id, nobody's is null. */
void grants_twin_put_agency(struct sp_json *j, const char *name,
    struct evidence_site *site, const struct sp_id *id);

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

/*
 * One house may not fill another's ledger and database.  What opens something
 * there (a share, a place in a group or a change of one) has a pace for each
 * pair of who shares and who is told; a real task force, which shares cases of
 * up to 1,000 items each, never meets it.  What ends something is told always:
 * there is at most one such for each that opened it.  What a house shares on
 * counts as that house's, in the owner's database.
 *
 * The rules are asked in the first house's act, before its twin begins, so that
 * nothing of what is refused reaches the other.
 */
#define GRANTS_TWIN_HOUR 200  /* in any 60 minutes */
#define GRANTS_TWIN_DAY  1000 /* in any 24 hours */
struct grants_twin_pair {
	struct sp_id own; /* this house */
	struct sp_id by;  /* whose act it is: this house, or who shares on */
	struct sp_id to;
};
/* SP_E_LIMIT, reason "share.pace", with the time from which on it may be. */
enum sp_code grants_twin_pace(struct db *db, const struct grants_twin_pair *p,
    sp_time now, struct sp_err *err) SP_MUST_USE;
/* For statements: pairs (`by_id`, `to_id`) that are at their pace; ?8 is this
 * house, ?9 now less an hour, ?10 now less a day (grants_twin_bind). */
#define GRANTS_TWIN_OPENS                                                      \
	"t.side = 'first' AND t.act IN"                                        \
	" ('share.granted', 'group.joined', 'group.changed')"
#define GRANTS_TWIN_BUSY                                                       \
	"busy(by_id, to_id) AS MATERIALIZED ("                                 \
	"SELECT coalesce(s.sharer, ?8), t.other FROM twin t"                   \
	" LEFT JOIN share s ON s.id = t.object WHERE " GRANTS_TWIN_OPENS       \
	" AND t.at > ?10 GROUP BY 1, 2"                                        \
	" HAVING count(*) >= " GRANTS_TWIN_TEXT(                               \
	    GRANTS_TWIN_DAY) " OR sum(t.at > ?9) >= " GRANTS_TWIN_TEXT(GRANTS_TWIN_HOUR) ")"
#define GRANTS_TWIN_TEXT(n)  GRANTS_TWIN_TEXT_(n)
#define GRANTS_TWIN_TEXT_(n) #n
void grants_twin_bind(struct db_stmt *st, const struct sp_id *own, sp_time now);

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
