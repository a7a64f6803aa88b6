#include "people/sealed.h"

#include "crypto/stream.h"
#include "people/field.h"

#include <string.h>

#define AD_MAX 160

PEOPLE_NAMES(field, PEOPLE_FIELDS)
PEOPLE_NAME_OF(field, people_field)
PEOPLE_NAME_PARSE(field, people_field)

static const struct db_sql sealed_put = {
	"INSERT INTO person_sealed(person, field, sealed, kept)"
	" VALUES(?1, ?2, ?3, ?4)"
	" ON CONFLICT(person, field) DO UPDATE SET sealed = ?3, kept = ?4",
};
static const struct db_sql sealed_get = {
	"SELECT sealed FROM person_sealed WHERE person = ?1 AND field = ?2",
};
static const struct db_sql sealed_fields = {
	"SELECT field FROM person_sealed WHERE person = ?1",
};

/* --- what may be kept --- */

/* Nine digits, or 3-2-4 with hyphens; never issued: area 000, 666, 9xx, group
 * 00, serial 0000 (SSA, 20 CFR 422.103 and its randomisation notice). */
static bool
ssn_ok(const char *s)
{
	char digits[10] = "";
	size_t len = strnlen(s, 12), n = 0;
	bool hyphens = len == 11;

	if (len != 9 && !hyphens)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (hyphens && (i == 3 || i == 6)) {
			if (s[i] != '-')
				return false;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return false;
		digits[n++] = s[i];
	}
	return n == 9 && memcmp(digits, "000", 3) != 0 &&
	    memcmp(digits, "666", 3) != 0 && digits[0] != '9' &&
	    memcmp(digits + 3, "00", 2) != 0 &&
	    memcmp(digits + 5, "0000", 4) != 0;
}

static bool
dob_ok(const char *s, people_day today)
{
	people_day day;

	return people_day_parse(s, strnlen(s, PEOPLE_DAY_TEXT), &day) &&
	    day < today;
}

/* 1 to 20 of A-Z 0-9. */
static bool
number_ok(const char *s)
{
	size_t len = strnlen(s, 21);

	for (size_t i = 0; i < len; i++)
		if (!(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(s[i] >= '0' && s[i] <= '9'))
			return false;
	return len >= 1 && len <= 20;
}

enum sp_code
people_sealed_check(enum people_field field, const char *value,
    people_day today, struct sp_err *err)
{
	static const struct {
		const char *reason, *rule;
	} says[PEOPLE_FIELD_COUNT] = {
		[PEOPLE_SSN] = { "sealed.ssn",
		    "nine digits that the SSA issues, all or none hyphened" },
		[PEOPLE_DOB] = { "sealed.dob", "a past day, as 1980-02-29" },
		[PEOPLE_FBI] = { "sealed.fbi", "1 to 20 of A-Z and 0-9" },
		[PEOPLE_SID] = { "sealed.sid", "1 to 20 of A-Z and 0-9" },
	};
	bool ok = false;

	switch (field) {
	case PEOPLE_SSN: ok = ssn_ok(value); break;
	case PEOPLE_DOB: ok = dob_ok(value, today); break;
	case PEOPLE_FBI:
	case PEOPLE_SID: ok = number_ok(value); break;
	case PEOPLE_FIELD_COUNT: break;
	}
	if (!ok)
		return sp_fail_as(err, SP_E_INVALID, says[field].reason,
		    "%s: %s (what was given is not repeated here)",
		    says[field].reason, says[field].rule);
	return SP_OK;
}

/* --- sealing --- */

static void
make_ad(const struct sp_id *agency, const struct sp_id *person,
    enum people_field field, char out[static AD_MAX])
{
	char a[SP_ID_TEXT], p[SP_ID_TEXT];

	sp_id_text(agency, a);
	sp_id_text(person, p);
	(void)snprintf(out, AD_MAX, "sallyport/person/1\n%s\n%s\n%s\n", a, p,
	    people_field_name(field));
}

static enum sp_code
enter(const struct people_act *a, const char *act, const struct sp_id *person,
    enum people_field field, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "field", people_field_name(field));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "person", person, sp_buf_str(&detail), err);
}

enum sp_code
people_sealed_put(const struct people_act *a, struct crypto_secret *dek,
    const struct sp_id *person, enum people_field field, const char *value,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, &sealed_put);
	SP_AUTO_BUF sealed = sp_buf_new(512);
	struct people_person p;
	char ad[AD_MAX];

	SP_REQUIRE(crypto_secret_len(dek) == PEOPLE_SEALED_KEY);
	SP_TRY(people_sealed_check(
	    field, value, people_day_of(a->rules, a->now), err));
	SP_TRY(people_person_by_id(db, person, &p, err));
	make_ad(&a->by->agency, person, field, ad);
	SP_TRY(crypto_stream_seal_whole(
	    dek, ad, value, strlen(value), &sealed, err));
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_text(st, 2, people_field_name(field));
	db_bind_blob(st, 3, sealed.at, sealed.len);
	db_bind_i64(st, 4, a->now);
	SP_TRY(db_run(st, NULL, err));
	return enter(a, "sealed.kept", person, field, err);
}

/* --- opening --- */

struct opening {
	const struct people_sealed_ask *ask;
	struct sp_buf sealed;
};

static void
opening_done(struct opening *o)
{
	sp_buf_free(&o->sealed);
}

static enum sp_code
get_sealed(struct db *db, struct opening *o, struct sp_err *err)
{
	DB_STMT st = db_use(db, &sealed_get);
	const void *bytes;
	bool found = false;
	size_t len;

	db_bind_blob(st, 1, o->ask->person.b, SP_ID_LEN);
	db_bind_text(st, 2, people_field_name(o->ask->field));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "sealed.unknown",
		    "no %s is kept of this person",
		    people_field_name(o->ask->field));
	bytes = db_col_blob(st, 0, &len);
	sp_buf_clear(&o->sealed);
	sp_buf_add(&o->sealed, bytes, len);
	return sp_buf_check(&o->sealed, "sealed field", err);
}

/* The entry, in one transaction with reading the bytes it speaks of. */
static enum sp_code
opening_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct opening *o = arg;
	struct people_act a = { .tx = tx, .by = &o->ask->by, .now = sp_now() };

	SP_TRY(get_sealed(ledger_tx_db(tx), o, err));
	return enter(&a, "sealed.shown", &o->ask->person, o->ask->field, err);
}

enum sp_code
people_sealed_open(struct ledger_writer *w, const struct people_sealed_ask *ask,
    struct sp_buf *out, struct sp_err *err)
{
	SP_CLEANUP(opening_done)
	struct opening o = { ask, sp_buf_new(512) };
	char ad[AD_MAX];

	SP_REQUIRE(out->secret);
	SP_REQUIRE(crypto_secret_len(ask->dek) == PEOPLE_SEALED_KEY);
	SP_TRY(ledger_writer_run(w, opening_act, &o, err));
	make_ad(&ask->by.agency, &ask->person, ask->field, ad);
	return crypto_stream_open_whole(
	    ask->dek, ad, o.sealed.at, o.sealed.len, out, err);
}

/* --- what is kept --- */

enum sp_code
people_sealed_has(struct db *db, const struct sp_id *person, unsigned *fields,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &sealed_fields);
	unsigned has = 0;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	for (;;) {
		enum people_field field = PEOPLE_SSN;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		if (!people_field_parse(db_col_text(st, 0), &field))
			return sp_fail(err, SP_E_CORRUPT,
			    "a sealed field in the database is one that "
			    "nobody knows");
		has |= 1U << field;
	}
	*fields = has;
	return SP_OK;
}

enum sp_code
people_sealed_json(struct sp_json *j, const char *name, struct db *db,
    const struct sp_id *person, struct sp_err *err)
{
	/* In the order of their names. */
	static const enum people_field order[] = { PEOPLE_DOB, PEOPLE_FBI,
		PEOPLE_SID, PEOPLE_SSN };
	unsigned has = 0;

	_Static_assert(SP_COUNTOF(order) == PEOPLE_FIELD_COUNT, "all of them");
	SP_TRY(people_sealed_has(db, person, &has, err));
	sp_json_object(j, name);
	for (size_t i = 0; i < SP_COUNTOF(order); i++)
		sp_json_bool(j, people_field_name(order[i]),
		    (has & 1U << order[i]) != 0);
	sp_json_end(j);
	return SP_OK;
}
