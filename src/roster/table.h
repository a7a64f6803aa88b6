#ifndef ROSTER_TABLE_H
#define ROSTER_TABLE_H

#include "base/buf.h"
#include "base/id.h"
#include "crypto/digest.h"

/*
 * The personnel file as a table: RFC 4180, in UTF-8, with columns that are
 * known by name (docs/people.md).
 *
 * Cells live in one secret buffer (a file may hold SSNs) and are named by
 * their offset; 0 is the empty text, which says nothing.
 */
#define ROSTER_FILE_MAX ((size_t)16 << 20)
#define ROSTER_CELL_MAX ((size_t)4096)
#define ROSTER_ROWS_MAX 20000

#define ROSTER_COLUMNS(X)                                                      \
	X(COL_ID, "id") /* told, never taken in */                             \
	X(COL_HUMAN, "human")                                                  \
	X(COL_LOGIN, "login")                                                  \
	X(COL_NAME, "name")                                                    \
	X(COL_ROLE, "role")                                                    \
	X(COL_KIND, "kind")                                                    \
	X(COL_EMPLOYER, "employer")                                            \
	X(COL_EMPLOYER_ORI, "employer_ori")                                    \
	X(COL_RESIDENCE, "residence")                                          \
	X(COL_UNIT, "unit")                                                    \
	X(COL_STATE, "state")         /* told */                               \
	X(COL_REASON, "reason")       /* told */                               \
	X(COL_ACTIVE_AT, "active_at") /* told */                               \
	X(COL_S_STATE, "screening_state")                                      \
	X(COL_S_FINGERPRINTED, "screening_fingerprinted")                      \
	X(COL_S_DECISION, "screening_decision")                                \
	X(COL_S_DECIDED, "screening_decided")                                  \
	X(COL_S_ADJUDICATOR, "screening_adjudicator")                          \
	X(COL_S_EXPIRES, "screening_expires")                                  \
	X(COL_S_VARIANCE, "screening_variance")                                \
	X(COL_T_COURSE, "training_course")                                     \
	X(COL_T_COMPLETED, "training_completed")                               \
	X(COL_T_EXPIRES, "training_expires")                                   \
	X(COL_T_REFERENCE, "training_reference")                               \
	X(COL_ADDENDUM_SIGNED, "addendum_signed") /* told */                   \
	X(COL_CLEARANCE, "clearance")             /* told */                   \
	X(COL_CLEARANCE_UNTIL, "clearance_until") /* told */                   \
	X(COL_SSN, "ssn")                                                      \
	X(COL_DOB, "dob")                                                      \
	X(COL_FBI, "fbi")                                                      \
	X(COL_SID, "sid")

enum roster_column {
#define X(id, name) id,
	ROSTER_COLUMNS(X)
#undef X
	    COL_COUNT
};
const char *roster_table_column(enum roster_column column);

#define ROSTER_WHATS(X)                                                        \
	X(ROW_SAME, "same")                                                    \
	X(ROW_ADD, "add")                                                      \
	X(ROW_CHANGE, "change")                                                \
	X(ROW_CONFLICT, "conflict")                                            \
	X(ROW_ERROR, "error")

enum roster_what {
#define X(id, name) id,
	ROSTER_WHATS(X)
#undef X
	    ROW_WHAT_COUNT
};

/* A row, with room for what a report finds about it (roster/report.h). */
struct roster_row {
	size_t number; /* as people count: the heading is row 1 */
	enum roster_what what;
	size_t leader;      /* the first row of this person, maybe itself */
	struct sp_id id;    /* whom it is about; zero: to be added */
	const char *reason; /* static, of what is wrong */
	uint32_t problem;   /* in words */
	bool leads;         /* is of, or gives, a leading role */
	bool screening, training; /* a record to be added */
	unsigned sealed;          /* bits of 1U << enum people_field */
	uint32_t cell[COL_COUNT];
	uint32_t from[COL_COUNT]; /* what was there before, where it changes */
	uint32_t changes;         /* bits of 1U << column */
};

struct roster_table {
	struct sp_buf text; /* cells; secret; grows while parsing only */
	struct roster_row *row;
	size_t rows, room;
	bool has[COL_COUNT];
	uint8_t file[CRYPTO_SHA256_LEN];
};

/* Fill in text, rows and columns of an empty table, which is to be freed
 * whatever comes of it.  SP_E_INVALID or SP_E_LIMIT, reason "roster.csv" or
 * "roster.columns". */
enum sp_code roster_table_parse(struct roster_table *t, struct crypto_piece csv,
    struct sp_err *err) SP_MUST_USE;
void roster_table_free(struct roster_table *t);
/* "" when the cell says nothing. */
const char *roster_table_cell(const struct roster_table *t,
    const struct roster_row *row, enum roster_column column);
/* The same, or NULL. */
const char *roster_table_given(const struct roster_table *t,
    const struct roster_row *row, enum roster_column column);

/* A text's offset in a buffer of such; 0 when there is no memory: then the
 * buffer is poisoned. */
uint32_t roster_table_keep(struct sp_buf *b, const char *s, size_t len);

/* One cell of a CSV line, quoted and neutralised; a comma before it unless it
 * is the first. */
void roster_table_put(struct sp_buf *out, const char *s, bool first);

#endif
