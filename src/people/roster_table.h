#ifndef PEOPLE_ROSTER_TABLE_H
#define PEOPLE_ROSTER_TABLE_H

#include "people/roster.h"
#include "people/sealed.h"

/*
 * For the files behind roster.h only: the table that a CSV file holds
 * (roster_csv.c), and the rows of a report.
 *
 * Cells live in one secret buffer (a file may hold SSNs) and are named by
 * their offset; 0 is the empty text, which says nothing.
 */
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
const char *people_roster_column(enum roster_column column);

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

struct people_roster {
	struct sp_buf text; /* cells; secret; grows while parsing only */
	struct sp_buf note; /* what was there before, what is wrong */
	struct roster_row *row;
	size_t rows, room;
	bool has[COL_COUNT];
	uint8_t file[CRYPTO_SHA256_LEN];
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct people_roster_counts counts;
	struct sp_buf missing; /* a canonical JSON array */
};

/* Fill in text, rows and columns; nothing is compared yet. */
enum sp_code people_roster_parse(struct people_roster *r,
    struct crypto_piece csv, struct sp_err *err) SP_MUST_USE;
/* "" when the cell says nothing. */
const char *people_roster_cell(const struct people_roster *r,
    const struct roster_row *row, enum roster_column column);
/* The same, or NULL. */
const char *people_roster_given(const struct people_roster *r,
    const struct roster_row *row, enum roster_column column);
/* Bits of 1U << enum people_roster_act. */
unsigned people_roster_acts(
    const struct people_roster *r, const struct roster_row *row);
void people_roster_acts_json(
    struct sp_json *j, const char *name, unsigned acts);

/* A note's offset; 0 when there is no memory: then `note` is poisoned. */
uint32_t people_roster_keep(struct people_roster *r, const char *s);

/* One cell of a CSV line, quoted and neutralised; a comma before it unless it
 * is the first. */
void people_roster_put(struct sp_buf *out, const char *s, bool first);
/* What a row says, as the structs of the modules. */
struct people_person_new people_roster_person(
    const struct people_roster *r, const struct roster_row *row);
struct people_screening_new people_roster_screening(
    const struct people_roster *r, const struct roster_row *row);
struct people_training_new people_roster_training(
    const struct people_roster *r, const struct roster_row *row);
/* What of it differs from the person, as a change. */
struct people_person_change people_roster_change(
    const struct people_roster *r, const struct roster_row *row);

#endif
