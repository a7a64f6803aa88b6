#ifndef PEOPLE_SEALED_H
#define PEOPLE_SEALED_H

#include "crypto/secret.h"
#include "people/person.h"

/*
 * What identifies a human being to the FBI, sealed: AES-256-GCM (the whole
 * stream of crypto/stream.h) under a DEK of the agency that the keeper wraps
 * and the caller brings unwrapped.  Associated data is
 * "sallyport/person/1\n<agency id>\n<person id>\n<field>\n": a value moved to
 * another person, field or agency does not open.
 *
 * No value is ever in JSON, a log, an error text or the ledger; whoever opens
 * one has left a durable entry before any of it exists in the clear.
 */
#define PEOPLE_SEALED_KEY 32 /* bytes of the DEK */
#define PEOPLE_SEALED_MAX 64 /* bytes of a value */

#define PEOPLE_FIELDS(X)                                                       \
	X(PEOPLE_SSN, "ssn") /* 123-45-6789 or nine digits */                  \
	X(PEOPLE_DOB, "dob") /* 1980-02-29 */                                  \
	X(PEOPLE_FBI, "fbi") /* FBI number (UCN), letters and digits */        \
	X(PEOPLE_SID, "sid") /* state identification number */

enum people_field {
#define X(id, name) id,
	PEOPLE_FIELDS(X)
#undef X
	    PEOPLE_FIELD_COUNT
};
const char *people_field_name(enum people_field field);
bool people_field_parse(const char *s, enum people_field *out) SP_MUST_USE;
/* SP_E_INVALID, reason "sealed.<field>"; the text never repeats the value. */
enum sp_code people_sealed_check(enum people_field field, const char *value,
    people_day today, struct sp_err *err) SP_MUST_USE;

/* Keep (or replace) a value.  Entry "sealed.kept" (field). */
enum sp_code people_sealed_put(const struct people_act *a,
    struct crypto_secret *dek, const struct sp_id *person,
    enum people_field field, const char *value, struct sp_err *err) SP_MUST_USE;

/* Show a value: first the entry "sealed.shown" (field), durable, then the
 * plaintext appended to `out`, a secret buffer.  SP_E_NOTFOUND; SP_E_CORRUPT
 * when it does not open.  Waits for the writer: never inside an act. */
struct people_sealed_ask {
	struct people_by by;
	struct crypto_secret *dek;
	struct sp_id person;
	enum people_field field;
};
enum sp_code people_sealed_open(struct ledger_writer *w,
    const struct people_sealed_ask *ask, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

/* Which fields are kept of a person: bits of 1U << field. */
enum sp_code people_sealed_has(struct db *db, const struct sp_id *person,
    unsigned *fields, struct sp_err *err) SP_MUST_USE;
/* {"dob":true,"fbi":false,…}: never a value. */
enum sp_code people_sealed_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *person, struct sp_err *err) SP_MUST_USE;

#endif
