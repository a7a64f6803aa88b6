#include "people/addendum.h"

#include "people/field.h"
#include "people/record.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#define VERSION_MAX 64

PEOPLE_NAMES(document, PEOPLE_DOCUMENTS)
PEOPLE_NAME_OF(document, people_document)
PEOPLE_NAME_PARSE(document, people_document)

static const struct db_sql document_insert = {
	"INSERT INTO addendum_document(id, sha256, kind, version, title, text,"
	" recorded, by_kind, by_id)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};
static const struct db_sql document_current = {
	"SELECT sha256, version FROM addendum_document WHERE kind = ?1"
	" ORDER BY id DESC LIMIT 1",
};
static const struct db_sql document_text = {
	"SELECT recorded, sha256, text, title, version FROM addendum_document"
	" WHERE kind = ?1 ORDER BY id DESC LIMIT 1",
};
static const struct db_sql addendum_insert = {
	"INSERT INTO addendum(id, person, company, document, signed_on,"
	" expires, signer, method, statement, recorded, by_kind, by_id)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
};
/* Of one person, or of all companies. */
static const struct db_sql addendum_count = {
	"SELECT count(*) FROM addendum WHERE person IS ?1",
};
#define COLUMNS "id, document, signed_on, expires, recorded, method, company"
static const struct db_sql addendum_of = {
	"SELECT " COLUMNS " FROM addendum WHERE person = ?1"
	" ORDER BY document, signed_on, id",
};
static const struct db_sql addendum_of_company = {
	"SELECT " COLUMNS " FROM addendum WHERE company = ?1"
	" AND document = 'security-addendum' ORDER BY signed_on, id",
};
static const struct db_sql addendum_companies = {
	"SELECT " COLUMNS ", signer FROM addendum WHERE company IS NOT NULL"
	" ORDER BY company, signed_on, id",
};
static const struct db_sql addendum_statement = {
	"SELECT statement FROM addendum WHERE id = ?1",
};

/* What one agrees to by signing. */
static const char *const words[PEOPLE_DOCUMENT_COUNT] = {
	[PEOPLE_SECURITY_ADDENDUM] =
	    "I have read the Security Addendum of the FBI CJIS Security "
	    "Policy, with its certification, as the contract has it, and I "
	    "agree to be bound by it.",
	[PEOPLE_ACCESS_TERMS] =
	    "I have read the agency's terms of access to criminal justice "
	    "information. I use it for my duties only, keep it from "
	    "everybody else, and know that what I do is recorded and that "
	    "misuse is an offence.",
};

enum people_document
people_document_for(enum people_kind kind, const struct people_rules *rules)
{
	return kind == PEOPLE_CONTRACTOR || people_rules_provider(rules)
	    ? PEOPLE_SECURITY_ADDENDUM
	    : PEOPLE_ACCESS_TERMS;
}

/* --- documents --- */

static enum sp_code
check_document(const struct people_document_new *n, enum people_document *kind,
    struct sp_err *err)
{
	size_t len = n->text == NULL ? 0 : strlen(n->text);

	if (n->kind == NULL || !people_document_parse(n->kind, kind))
		return sp_fail_as(err, SP_E_INVALID, "addendum.kind",
		    "addendum.kind: security-addendum or access-terms");
	SP_TRY(people_text_check("addendum.version",
	    n->version == NULL ? "" : n->version, VERSION_MAX, err));
	SP_TRY(people_text_check("addendum.title",
	    n->title == NULL ? "" : n->title, PEOPLE_DOCUMENT_TITLE, err));
	if (len == 0 || len > PEOPLE_DOCUMENT_MAX || !sp_utf8_ok(n->text, len))
		return sp_fail_as(err, SP_E_INVALID, "addendum.text",
		    "addendum.text: 1 to %zu bytes of UTF-8",
		    PEOPLE_DOCUMENT_MAX);
	return SP_OK;
}

static enum sp_code
insert_document(const struct people_act *a, const struct people_document_new *n,
    const struct sp_id *id, const uint8_t *sha256, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &document_insert);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, sha256, CRYPTO_SHA256_LEN);
	db_bind_text(st, 3, n->kind);
	db_bind_text(st, 4, n->version);
	db_bind_text(st, 5, n->title);
	db_bind_text(st, 6, n->text);
	people_record_bind_by(st, 7, a);
	return db_run(st, NULL, err);
}

enum sp_code
people_addendum_document(const struct people_act *a,
    const struct people_document_new *n,
    uint8_t sha256[static CRYPTO_SHA256_LEN], struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	enum people_document kind = PEOPLE_ACCESS_TERMS;
	uint8_t made[CRYPTO_SHA256_LEN];
	struct sp_id id = sp_id_new();

	SP_TRY(check_document(n, &kind, err));
	crypto_sha256(n->text, strlen(n->text), made);
	SP_TRY(insert_document(a, n, &id, made, err));
	sp_json_object(&j, NULL);
	sp_json_str(&j, "kind", people_document_name(kind));
	sp_json_hex(&j, "sha256", made, sizeof(made));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	SP_TRY(people_act_entry(
	    a, "addendum.document", "addendum", &id, sp_buf_str(&detail), err));
	memcpy(sha256, made, sizeof(made));
	return SP_OK;
}

enum sp_code
people_addendum_document_json(struct sp_json *j, const char *name,
    struct db *db, enum people_document kind, struct sp_err *err)
{
	DB_STMT st = db_use(db, &document_text);
	uint8_t sha256[CRYPTO_SHA256_LEN];
	bool found = false;

	db_bind_text(st, 1, people_document_name(kind));
	SP_TRY(db_row(st, &found, err));
	sp_json_object(j, name);
	sp_json_str(j, "kind", people_document_name(kind));
	if (found) {
		SP_TRY(db_col_bytes(st, 1, sha256, sizeof(sha256), err));
		people_put_time(j, "recorded", db_col_i64(st, 0));
		sp_json_hex(j, "sha256", sha256, sizeof(sha256));
		sp_json_str(j, "text", db_col_text(st, 2));
		sp_json_str(j, "title", db_col_text(st, 3));
		sp_json_str(j, "version", db_col_text(st, 4));
	}
	sp_json_str(j, "words", words[kind]);
	sp_json_end(j);
	return SP_OK;
}

/* --- signing --- */

struct signing {
	const struct people_addendum_new *n;
	struct people_signature s;
	struct people_person p; /* of a person */
	bool electronic;
	struct sp_buf statement;
};

static void
signing_done(struct signing *g)
{
	sp_buf_free(&g->statement);
}

/* The document in force, if the agency keeps it. */
static enum sp_code
put_document(struct sp_json *j, struct db *db, enum people_document kind,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &document_current);
	uint8_t sha256[CRYPTO_SHA256_LEN];
	bool found = false;

	db_bind_text(st, 1, people_document_name(kind));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, sha256, sizeof(sha256), err));
	sp_json_hex(j, "document_sha256", sha256, sizeof(sha256));
	sp_json_str(j, "document_version", db_col_text(st, 1));
	return SP_OK;
}

/* What is signed, as canonical JSON. */
static enum sp_code
state(const struct people_act *a, struct signing *g, struct sp_err *err)
{
	struct sp_json j = sp_json_to(&g->statement);

	sp_json_object(&j, NULL);
	if (a->by->address != NULL && a->by->address[0] != '\0')
		sp_json_str(&j, "address", a->by->address);
	people_put_id(&j, "agency", &a->by->agency);
	people_put_time(&j, "at", a->now);
	people_put_id(&j, "by", &a->by->id);
	sp_json_str(&j, "by_kind", a->by->kind);
	if (g->n->company != NULL)
		sp_json_str(&j, "company", g->n->company);
	sp_json_str(&j, "document", people_document_name(g->s.document));
	SP_TRY(put_document(&j, ledger_tx_db(a->tx), g->s.document, err));
	people_put_id(&j, "id", &g->s.id);
	sp_json_str(&j, "method", g->electronic ? "electronic" : "paper");
	if (g->n->person != NULL)
		people_put_id(&j, "person", g->n->person);
	sp_json_str(&j, "policy", people_rules_policy(a->rules));
	people_put_day(&j, "signed_on", g->s.signed_on);
	sp_json_str(
	    &j, "signer", g->n->company != NULL ? g->n->signer : g->p.name);
	sp_json_str(&j, "words", words[g->s.document]);
	sp_json_end(&j);
	return sp_buf_check(&g->statement, "statement", err);
}

static enum sp_code
insert(const struct people_act *a, const struct signing *g, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &addendum_insert);

	db_bind_blob(st, 1, g->s.id.b, SP_ID_LEN);
	if (g->n->person != NULL)
		db_bind_blob(st, 2, g->n->person->b, SP_ID_LEN);
	db_bind_text(st, 3, g->n->company);
	db_bind_text(st, 4, people_document_name(g->s.document));
	db_bind_i64(st, 5, g->s.signed_on);
	people_bind_day(st, 6, g->s.expires);
	db_bind_text(st, 7, g->n->signer);
	db_bind_text(st, 8, g->electronic ? "electronic" : "paper");
	db_bind_blob(st, 9, g->statement.at, g->statement.len);
	people_record_bind_by(st, 10, a);
	return db_run(st, NULL, err);
}

static enum sp_code
enter(const struct people_act *a, const struct signing *g, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct sp_json j = sp_json_to(&detail);
	bool person = g->n->person != NULL;
	uint8_t sha256[CRYPTO_SHA256_LEN];

	crypto_sha256(g->statement.at, g->statement.len, sha256);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "kind", people_document_name(g->s.document));
	sp_json_str(&j, "method", g->electronic ? "electronic" : "paper");
	people_put_id(&j, "record", &g->s.id);
	sp_json_hex(&j, "sha256", sha256, sizeof(sha256));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, "addendum.signed",
	    person ? "person" : "addendum", person ? g->n->person : &g->s.id,
	    sp_buf_str(&detail), err);
}

/* Who signs, and whether by an account of their own. */
static enum sp_code
check_signer(const struct people_act *a, struct signing *g, struct sp_err *err)
{
	const struct people_addendum_new *n = g->n;
	struct db *db = ledger_tx_db(a->tx);

	if ((n->person != NULL) == (n->company != NULL))
		return sp_fail_as(err, SP_E_INVALID, "addendum.person",
		    "addendum.person: a person or a company signs");
	if (n->company != NULL) {
		g->s.document = PEOPLE_SECURITY_ADDENDUM;
		SP_TRY(people_text_check("addendum.company", n->company,
		    PEOPLE_PERSON_EMPLOYER, err));
		return people_text_check("addendum.signer",
		    n->signer == NULL ? "" : n->signer, PEOPLE_SIGNER, err);
	}
	if (n->signer != NULL)
		return sp_fail_as(err, SP_E_INVALID, "addendum.signer",
		    "addendum.signer: a person signs as themselves");
	SP_TRY(people_person_by_id(db, n->person, &g->p, err));
	g->s.document = people_document_for(g->p.kind, a->rules);
	return people_person_same_human(
	    db, n->person, &a->by->person, &g->electronic, err);
}

static enum sp_code
check_days(const struct people_act *a, struct signing *g, struct sp_err *err)
{
	people_day today = people_day_of(a->rules, a->now);

	SP_TRY(people_day_check("addendum.signed_on", g->n->signed_on, today,
	    today, &g->s.signed_on, err));
	SP_TRY(people_day_check("addendum.expires", g->n->expires, today,
	    PEOPLE_DAY_NONE, &g->s.expires, err));
	if (g->s.signed_on > people_day_latest(a->rules, a->now) ||
	    (g->electronic && g->s.signed_on < today))
		return sp_fail_as(err, SP_E_INVALID, "addendum.signed_on",
		    "addendum.signed_on: %s",
		    g->electronic ? "one signs today"
				  : "must not be a day to come");
	if (g->s.expires != PEOPLE_DAY_NONE && g->s.expires <= g->s.signed_on)
		return sp_fail_as(err, SP_E_INVALID, "addendum.expires",
		    "addendum.expires: the first day it does not hold, after "
		    "the signing");
	return SP_OK;
}

/* All are read whenever somebody's clearance is asked for. */
static const struct people_record_limit person_limit = {
	.count = &addendum_count,
	.most = PEOPLE_SIGNATURES_MAX,
	.reason = "addendum.limit",
	.who = "a person has",
	.what = "signatures",
};
static const struct people_record_limit company_limit = {
	.count = &addendum_count,
	.most = PEOPLE_SIGNATURES_COMPANIES,
	.reason = "addendum.limit",
	.who = "all companies together have",
	.what = "signatures",
};

enum sp_code
people_addendum_sign(const struct people_act *a,
    const struct people_addendum_new *n, struct sp_id *id, struct sp_err *err)
{
	SP_CLEANUP(signing_done)
	struct signing g = {
		.n = n,
		.statement = sp_buf_new(PEOPLE_STATEMENT_MAX),
	};

	SP_TRY(check_signer(a, &g, err));
	SP_TRY(check_days(a, &g, err));
	SP_TRY(people_record_room(ledger_tx_db(a->tx),
	    n->person == NULL ? &company_limit : &person_limit, n->person,
	    err));
	g.s.id = sp_id_new();
	SP_TRY(state(a, &g, err));
	SP_TRY(insert(a, &g, err));
	SP_TRY(enter(a, &g, err));
	*id = g.s.id;
	return SP_OK;
}

/* --- reading --- */

people_day
people_addendum_until(
    const struct people_signature *s, const struct people_rules *rules)
{
	int64_t months = people_rules_get(rules,
	    s->document == PEOPLE_SECURITY_ADDENDUM ? PEOPLE_ADDENDUM_CONTRACTOR
						    : PEOPLE_ADDENDUM_RENEWAL);

	return people_record_until(s->signed_on, months, s->expires);
}

static enum sp_code
from_row(struct db_stmt *st, struct people_signature *out, struct sp_err *err)
{
	struct people_signature s = {
		.signed_on = (people_day)db_col_i64(st, 2),
		.expires = people_col_day(st, 3),
		.recorded = db_col_i64(st, 4),
	};

	SP_TRY(db_col_bytes(st, 0, s.id.b, SP_ID_LEN, err));
	if (!people_document_parse(db_col_text(st, 1), &s.document))
		return sp_fail(err, SP_E_CORRUPT,
		    "a signature in the database is under a document that "
		    "nobody knows");
	*out = s;
	return SP_OK;
}

/* Of the rows, the one of each document that holds longest. */
static enum sp_code
best_of(struct db_stmt *st, const struct people_rules *rules,
    struct people_signature best[static PEOPLE_DOCUMENT_COUNT],
    bool has[static PEOPLE_DOCUMENT_COUNT], struct sp_err *err)
{
	for (;;) {
		struct people_signature s, *b;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &s, err));
		b = &best[s.document];
		if (!has[s.document] ||
		    people_addendum_until(&s, rules) >=
			people_addendum_until(b, rules))
			*b = s;
		has[s.document] = true;
	}
}

enum sp_code
people_addendum_of(struct db *db, const struct sp_id *person,
    const struct people_rules *rules,
    struct people_signature out[static PEOPLE_DOCUMENT_COUNT],
    bool has[static PEOPLE_DOCUMENT_COUNT], struct sp_err *err)
{
	DB_STMT st = db_use(db, &addendum_of);
	struct people_signature best[PEOPLE_DOCUMENT_COUNT];
	bool have[PEOPLE_DOCUMENT_COUNT] = { false };

	memset(best, 0, sizeof(best));
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(best_of(st, rules, best, have, err));
	memcpy(out, best, sizeof(best));
	memcpy(has, have, sizeof(have));
	return SP_OK;
}

enum sp_code
people_addendum_of_company(struct db *db, const char *company,
    const struct people_rules *rules, struct people_signature *out, bool *found,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &addendum_of_company);
	struct people_signature best[PEOPLE_DOCUMENT_COUNT];
	bool have[PEOPLE_DOCUMENT_COUNT] = { false };

	memset(best, 0, sizeof(best));
	db_bind_text(st, 1, company);
	SP_TRY(best_of(st, rules, best, have, err));
	*found = have[PEOPLE_SECURITY_ADDENDUM];
	if (*found)
		*out = best[PEOPLE_SECURITY_ADDENDUM];
	return SP_OK;
}

enum sp_code
people_addendum_statement(struct db *db, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &addendum_statement);
	bool found = false;
	const void *bytes;
	size_t len;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "addendum.unknown",
		    "no such signature");
	bytes = db_col_blob(st, 0, &len);
	sp_buf_add(out, bytes, len);
	return sp_buf_check(out, "statement", err);
}

/* One signature; of a company with its name and who signed. */
static enum sp_code
put_either(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, bool company, struct sp_err *err)
{
	struct people_signature s;

	SP_TRY(from_row(st, &s, err));
	sp_json_object(j, NULL);
	if (company)
		people_put_col(j, "company", st, 6);
	sp_json_str(j, "document", people_document_name(s.document));
	people_put_day(j, "expires", people_addendum_until(&s, rules));
	people_put_id(j, "id", &s.id);
	people_put_col(j, "method", st, 5);
	people_put_time(j, "recorded", s.recorded);
	people_put_day(j, "signed_on", s.signed_on);
	if (company)
		people_put_col(j, "signer", st, 7);
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
put_persons(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err)
{
	return put_either(j, st, rules, false, err);
}

static enum sp_code
put_companys(struct sp_json *j, struct db_stmt *st,
    const struct people_rules *rules, struct sp_err *err)
{
	return put_either(j, st, rules, true, err);
}

enum sp_code
people_addendum_json(struct sp_json *j, const char *name, struct db *db,
    const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &addendum_of);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return people_record_array(j, name, st, rules, put_persons, err);
}

enum sp_code
people_addendum_companies_json(struct sp_json *j, const char *name,
    struct db *db, const struct people_rules *rules, struct sp_err *err)
{
	DB_STMT st = db_use(db, &addendum_companies);

	return people_record_array(j, name, st, rules, put_companys, err);
}
