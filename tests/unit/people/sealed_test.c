#include "people_fixture.h"

#include "base/file.h"

#include <fcntl.h>

static struct people_fixture f;

#define SSN "123-45-6789"

struct put {
	struct crypto_secret *dek;
	struct sp_id person;
	enum people_field field;
	const char *value;
};

static enum sp_code
put_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct put *p = arg;

	return people_sealed_put(
	    a, p->dek, &p->person, p->field, p->value, err);
}

static enum sp_code
put(struct crypto_secret *dek, const struct sp_id *person,
    enum people_field field, const char *value)
{
	struct put p = { dek, *person, field, value };

	return people_fixture_do(&f, put_fn, &p);
}

static enum sp_code
get(struct crypto_secret *dek, const struct sp_id *person,
    enum people_field field, struct sp_buf *out)
{
	struct people_sealed_ask ask = { f.by, dek, *person, field };

	return people_sealed_open(f.writer, &ask, out, &f.err);
}

static void
statement(const char *text)
{
	const struct db_sql sql = { text };
	DB_AUTO db = NULL;

	CHECK_OK(db_open(&db, f.db_path, DB_WRITE, &f.err), &f.err);
	{
		DB_STMT st = db_use(db, &sql);

		CHECK_OK(db_run(st, NULL, &f.err), &f.err);
	}
}

static void
every_value_has_its_rule(void)
{
	static const struct {
		enum people_field field;
		const char *value;
		bool ok;
	} rows[] = {
		{ PEOPLE_SSN, "123-45-6789", true },
		{ PEOPLE_SSN, "123456789", true },
		{ PEOPLE_SSN, "899-99-9999", true },
		{ PEOPLE_SSN, "000-45-6789", false },
		{ PEOPLE_SSN, "666-45-6789", false },
		{ PEOPLE_SSN, "900-45-6789", false },
		{ PEOPLE_SSN, "123-00-6789", false },
		{ PEOPLE_SSN, "123-45-0000", false },
		{ PEOPLE_SSN, "123-45-678", false },
		{ PEOPLE_SSN, "123-456789", false },
		{ PEOPLE_SSN, "12-345-6789", false },
		{ PEOPLE_SSN, "123-45-67890", false },
		{ PEOPLE_SSN, "", false },
		{ PEOPLE_SSN, "12345678x", false },
		{ PEOPLE_DOB, "1980-02-29", true },
		{ PEOPLE_DOB, "1981-02-29", false },
		{ PEOPLE_DOB, "2026-11-21", false },
		{ PEOPLE_DOB, "29.02.1980", false },
		{ PEOPLE_FBI, "123456AA7", true },
		{ PEOPLE_FBI, "123456aa7", false },
		{ PEOPLE_SID, "FL01234567", true },
		{ PEOPLE_SID, "", false },
		{ PEOPLE_SID, "123456789012345678901", false },
	};
	people_day today = people_fixture_day("2026-11-21");

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { .reason = NULL };

		CHECK_CODE(people_sealed_check(
			       rows[i].field, rows[i].value, today, &err),
		    rows[i].ok ? SP_OK : SP_E_INVALID, &err);
		if (rows[i].ok)
			continue;
		CHECK(strcmp(err.reason + 7,
			  people_field_name(rows[i].field)) == 0);
		/* What was given wrongly is often nearly right. */
		CHECK(rows[i].value[0] == '\0' ||
		    strstr(err.text, rows[i].value) == NULL);
	}
}

static void
it_is_shown_after_its_entry_only(void)
{
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(PEOPLE_SEALED_KEY);
	SP_AUTO_BUF out = sp_buf_secret(PEOPLE_SEALED_MAX);
	SP_AUTO_BUF json = sp_buf_new(1000);
	struct sp_json w = sp_json_to(&json);
	struct sp_id id;
	unsigned has = 0;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(put(dek, &id, PEOPLE_SSN, SSN), &f.err);
	CHECK_OK(put(dek, &id, PEOPLE_DOB, "1980-02-29"), &f.err);
	CHECK(people_fixture_count(&f, "sealed.shown") == 0);
	CHECK_OK(get(dek, &id, PEOPLE_SSN, &out), &f.err);
	CHECK(strcmp(sp_buf_str(&out), SSN) == 0);
	CHECK(people_fixture_count(&f, "sealed.shown") == 1);
	CHECK(strstr(people_fixture_last(&f),
		  "\"detail\":{\"field\":\"ssn\"}") != NULL);
	/* Replaced: the newer one is shown. */
	CHECK_OK(put(dek, &id, PEOPLE_SSN, "234-56-7890"), &f.err);
	sp_buf_clear(&out);
	CHECK_OK(get(dek, &id, PEOPLE_SSN, &out), &f.err);
	CHECK(strcmp(sp_buf_str(&out), "234-56-7890") == 0);
	/* The log, and JSON, never have one. */
	CHECK(people_fixture_count(&f, "123-45-6789") == 0);
	CHECK(people_fixture_count(&f, "123456789") == 0);
	CHECK(people_fixture_count(&f, "1980-02-29") == 0);
	CHECK_OK(people_sealed_has(f.reader, &id, &has, &f.err), &f.err);
	CHECK(has == (1U << PEOPLE_SSN | 1U << PEOPLE_DOB));
	CHECK_OK(people_sealed_json(&w, NULL, f.reader, &id, &f.err), &f.err);
	CHECK(strcmp(sp_buf_str(&json),
		  "{\"dob\":true,\"fbi\":false,\"sid\":false,"
		  "\"ssn\":true}") == 0);
	CHECK_REASON(get(dek, &id, PEOPLE_SID, &out), SP_E_NOTFOUND,
	    "sealed.unknown", &f);
	people_fixture_close(&f);
}

/* Bytes of the value are in no file of the agency's. */
static void
no_file_has_it(void)
{
	static const char *const names[] = { "agency.db", "agency.db-wal" };
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(PEOPLE_SEALED_KEY);
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "Needle Person", "officer");
	CHECK_OK(put(dek, &id, PEOPLE_SSN, SSN), &f.err);
	for (int i = 0; i < 2; i++) {
		SP_AUTO_BUF all = sp_buf_new(1 << 24);
		bool name = false, ssn = false;
		char path[200];

		(void)snprintf(path, sizeof(path), "%s/%s", f.dir, names[i]);
		if (access(path, R_OK) != 0)
			continue;
		CHECK_OK(sp_file_read(AT_FDCWD, path, &all, &f.err), &f.err);
		for (size_t at = 0; at + 13 < all.len; at++) {
			ssn |= memcmp(all.at + at, "123-45-6789", 11) == 0;
			name |= memcmp(all.at + at, "Needle Person", 13) == 0;
		}
		CHECK(!ssn);
		CHECK(name || i == 0); /* the search finds what is there */
	}
	people_fixture_close(&f);
}

static void
moved_values_do_not_open(void)
{
	static const char *const moves[] = {
		"UPDATE person_sealed SET person ="
		" (SELECT id FROM person WHERE name = 'B')",
		"UPDATE person_sealed SET field = 'sid'",
		"UPDATE person_sealed SET sealed = CAST(substr(sealed, 1,"
		" length(sealed) - 1) || x'00' AS BLOB)",
		"UPDATE person_sealed SET sealed = x''",
	};

	for (size_t i = 0; i < SP_COUNTOF(moves) + 2; i++) {
		CRYPTO_AUTO_SECRET dek =
		    crypto_secret_random(PEOPLE_SEALED_KEY);
		CRYPTO_AUTO_SECRET other =
		    crypto_secret_random(PEOPLE_SEALED_KEY);
		SP_AUTO_BUF out = sp_buf_secret(PEOPLE_SEALED_MAX);
		struct sp_id a, b;

		people_fixture_open(&f);
		a = people_fixture_person(&f, "A", "officer");
		b = people_fixture_person(&f, "B", "officer");
		CHECK_OK(put(dek, &a, PEOPLE_SSN, SSN), &f.err);
		if (i < SP_COUNTOF(moves))
			statement(moves[i]);
		if (i == SP_COUNTOF(moves) + 1)
			f.by.agency = sp_id_new();
		CHECK_CODE(
		    get(i == SP_COUNTOF(moves) ? other : dek, i == 0 ? &b : &a,
			i == 1 ? PEOPLE_SID : PEOPLE_SSN, &out),
		    SP_E_CORRUPT, &f.err);
		CHECK(out.len == 0);
		/* That somebody tried is in the log all the same. */
		CHECK(people_fixture_count(&f, "sealed.shown") == 1);
		people_fixture_close(&f);
	}
}

static void
two_seals_differ(void)
{
	static const struct db_sql sealed = {
		"SELECT count(DISTINCT sealed), count(*) FROM person_sealed",
	};
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(PEOPLE_SEALED_KEY);
	bool found;

	people_fixture_open(&f);
	for (int i = 0; i < 5; i++) {
		struct sp_id id = people_fixture_person(&f, "A", "officer");

		CHECK_OK(put(dek, &id, PEOPLE_SSN, SSN), &f.err);
	}
	{
		DB_STMT st = db_use(f.reader, &sealed);

		CHECK_OK(db_row(st, &found, &f.err), &f.err);
		CHECK(db_col_i64(st, 0) == 5 && db_col_i64(st, 1) == 5);
	}
	people_fixture_close(&f);
}

static void
nobody_and_nonsense_are_refused(void)
{
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(PEOPLE_SEALED_KEY);
	SP_AUTO_BUF out = sp_buf_secret(PEOPLE_SEALED_MAX);
	struct sp_id id, nobody = sp_id_new();
	uint64_t size;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	size = ledger_log_size(f.log);
	CHECK_REASON(
	    put(dek, &id, PEOPLE_SSN, "1"), SP_E_INVALID, "sealed.ssn", &f);
	CHECK_REASON(put(dek, &nobody, PEOPLE_SSN, SSN), SP_E_NOTFOUND,
	    "person.unknown", &f);
	CHECK_REASON(get(dek, &nobody, PEOPLE_SSN, &out), SP_E_NOTFOUND,
	    "sealed.unknown", &f);
	CHECK(ledger_log_size(f.log) == size);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every value has its rule", every_value_has_its_rule },
		{ "it is shown after its entry only",
		    it_is_shown_after_its_entry_only },
		{ "no file has it", no_file_has_it },
		{ "moved values do not open", moved_values_do_not_open },
		{ "two seals differ", two_seals_differ },
		{ "nobody and nonsense are refused",
		    nobody_and_nonsense_are_refused },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
