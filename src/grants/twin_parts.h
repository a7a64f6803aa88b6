#ifndef GRANTS_TWIN_PARTS_H
#define GRANTS_TWIN_PARTS_H

#include "grants/twin.h"
#include "ledger/merkle.h"

/*
 * For twin.c only: the rows of table `twin` (evidence/room_schema.c), one in
 * each house.  The first's has all that is needed to go on after a crash.
 */
#define GRANTS_TWIN_DETAIL 4096

struct grants_twin_other {
	uint64_t index;
	struct ledger_hash leaf;
	const void *entry; /* its exact bytes, borrowed */
	size_t len;
	const char *proof; /* tlog-proof, borrowed */
};

struct grants_twin_row {
	struct sp_id id, other, object, actor;
	char kind[33], actor_kind[33];
	char act[LEDGER_WORD_MAX + 1], object_kind[LEDGER_WORD_MAX + 1];
	sp_time at;
	uint64_t entry;
	bool whole;
	struct sp_buf detail, body;
};
void grants_twin_row_init(struct grants_twin_row *r);
void grants_twin_row_done(struct grants_twin_row *r);
#define GRANTS_AUTO_TWIN SP_CLEANUP(grants_twin_row_done) struct grants_twin_row

/* SP_E_NOTFOUND: this house has none of that id. */
enum sp_code grants_twin_row_load(struct db *db, const struct sp_id *id,
    struct grants_twin_row *out, struct sp_err *err) SP_MUST_USE;
/* The first's: nothing is known of the other yet. */
enum sp_code grants_twin_row_first(struct db *db,
    const struct grants_twin_row *r, struct sp_err *err) SP_MUST_USE;
/* The second's, whole from the start. */
enum sp_code grants_twin_row_second(struct db *db,
    const struct grants_twin_row *r, const struct grants_twin_other *o,
    struct sp_err *err) SP_MUST_USE;
/* The first's is whole; *changed false: it was already. */
enum sp_code grants_twin_row_join(struct db *db, const struct sp_id *id,
    const struct grants_twin_other *o, bool *changed,
    struct sp_err *err) SP_MUST_USE;
/* It failed: due again later and later. */
enum sp_code grants_twin_row_failed(struct db *db, const struct sp_id *id,
    sp_time now, const char *problem, struct sp_err *err) SP_MUST_USE;
/* The oldest of this kind that is half done here, after *io (which it takes
 * the place of), due by `now`. */
struct grants_twin_due {
	const char *kind;
	sp_time now;
};
enum sp_code grants_twin_row_due(struct db *db, const struct grants_twin_due *q,
    struct sp_id *io, bool *found, struct sp_err *err) SP_MUST_USE;

#endif
