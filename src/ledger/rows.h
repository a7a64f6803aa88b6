#ifndef LEDGER_ROWS_H
#define LEDGER_ROWS_H

#include "base/buf.h"
#include "base/id.h"
#include "db/db.h"
#include "ledger/merkle.h"

/*
 * The log's rows in the agency's database: the truth that everything else is
 * made from.
 *
 *   ledger_entry  idx, object (the id it is about), leaf hash, body
 *   ledger_state  one row: size, frontier, signed checkpoint
 *
 * Rows of ledger_entry are neither changed nor deleted; triggers see to it.
 * One thread at a time per handle.
 */
#define LEDGER_ROWS_SCHEMA                                                     \
	"CREATE TABLE ledger_entry("                                           \
	" idx INTEGER PRIMARY KEY,"                                            \
	" object BLOB NOT NULL,"                                               \
	" leaf BLOB NOT NULL,"                                                 \
	" body BLOB NOT NULL"                                                  \
	") STRICT;"                                                            \
	"CREATE INDEX ledger_entry_object ON ledger_entry(object);"            \
	"CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry"      \
	" BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;"            \
	"CREATE TRIGGER ledger_entry_holds BEFORE UPDATE ON ledger_entry"      \
	" BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;"            \
	"CREATE TABLE ledger_state("                                           \
	" one INTEGER PRIMARY KEY CHECK(one = 1),"                             \
	" size INTEGER NOT NULL,"                                              \
	" frontier BLOB NOT NULL," /* hashes of its set bits, lowest first */  \
	" note TEXT NOT NULL"                                                  \
	") STRICT"

/* *found is false when there is no state yet.  `note` is appended to. */
enum sp_code ledger_rows_state(struct db *db, bool *found,
    struct ledger_frontier *frontier, struct sp_buf *note,
    struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_rows_put_state(struct db *db,
    const struct ledger_frontier *frontier, const struct sp_buf *note,
    struct sp_err *err) SP_MUST_USE;

/* One past the greatest index: the size, where none is missing. */
enum sp_code ledger_rows_end(
    struct db *db, uint64_t *end, struct sp_err *err) SP_MUST_USE;

struct ledger_row {
	uint64_t index;
	struct sp_id object;
	struct ledger_hash leaf;
	const void *body; /* borrowed for the visit; NULL: not asked for */
	size_t len;
};
enum sp_code ledger_rows_add(struct db *db, const struct ledger_row *row,
    struct sp_err *err) SP_MUST_USE;

struct ledger_visitor {
	enum sp_code (*visit)(
	    void *arg, const struct ledger_row *row, struct sp_err *err);
	void *arg;
};
/* The entries from..to-1 in order.  SP_E_CORRUPT where one is missing. */
enum sp_code ledger_rows_each(struct db *db, uint64_t from, uint64_t to,
    const struct ledger_visitor *v, struct sp_err *err) SP_MUST_USE;
/* The same with their leaf hashes only. */
enum sp_code ledger_rows_leaves(struct db *db, uint64_t from, uint64_t to,
    const struct ledger_visitor *v, struct sp_err *err) SP_MUST_USE;

/* Indices of entries about an object. */
struct ledger_about {
	const struct sp_id *object;
	uint64_t from, to; /* those in from..to-1 */
	size_t n;          /* at most */
};
enum sp_code ledger_rows_about(struct db *db, const struct ledger_about *q,
    uint64_t *index, size_t *got, struct sp_err *err) SP_MUST_USE;

#endif
