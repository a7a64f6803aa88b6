#include "gate/token.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/secret.h"
#include "gate/gate.h"

#include <stdatomic.h>
#include <string.h>

const char gate_token_schema[] =
    "CREATE TABLE gate_token("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),"
    " role TEXT NOT NULL,"
    " label TEXT NOT NULL,"
    " created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL,"
    " revoked INTEGER NOT NULL DEFAULT 0"
    ") STRICT";

/* `factor`: how strongly who issued it had proven to be that person. */
const char gate_token_person_schema[] =
    "ALTER TABLE gate_token ADD COLUMN person BLOB;"
    "ALTER TABLE gate_token ADD COLUMN factor TEXT NOT NULL DEFAULT 'none';"
    "CREATE INDEX gate_token_person ON gate_token(person)"
    " WHERE person IS NOT NULL";

const char gate_token_issuer_schema[] =
    "ALTER TABLE gate_token ADD COLUMN issuer BLOB;"
    "CREATE INDEX gate_token_issuer ON gate_token(issuer)"
    " WHERE issuer IS NOT NULL";

/* For those that are good: how many there are, a page of them, and a person's,
 * however many have ended. */
const char gate_token_good_schema[] =
    "DROP INDEX gate_token_person;"
    "CREATE INDEX gate_token_person ON gate_token(person, id)"
    " WHERE person IS NOT NULL;"
    "CREATE INDEX gate_token_good ON gate_token(expires) WHERE revoked = 0;"
    "CREATE INDEX gate_token_good_id ON gate_token(id, expires)"
    " WHERE revoked = 0;"
    "CREATE INDEX gate_token_good_person ON gate_token(person, expires, id)"
    " WHERE person IS NOT NULL AND revoked = 0";

/* Of both, the epoch in which it was made: it is void in another.  Of those
 * that there were, times told that. */
#define EPOCH_OF(who)                                                          \
	" coalesce((SELECT p.epoch FROM person p WHERE p.id = " who            \
	"  AND p.epoch <= gate_token.created), 0)"
const char gate_token_epoch_schema[] =
    "ALTER TABLE gate_token"
    " ADD COLUMN person_epoch INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE gate_token"
    " ADD COLUMN issuer_epoch INTEGER NOT NULL DEFAULT 0;"
    "UPDATE gate_token SET person_epoch =" EPOCH_OF(
	"gate_token.person") ", issuer_epoch =" EPOCH_OF("gate_token.issuer");

static const struct db_sql token_insert = {
	"INSERT INTO gate_token(id, hash, role, label, created, expires,"
	" person, factor, issuer, person_epoch, issuer_epoch)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
};
static const struct db_sql token_by_hash = {
	"SELECT id, role, expires, revoked, created, person, factor, issuer,"
	" person_epoch, issuer_epoch FROM gate_token WHERE hash = ?1",
};
static const struct db_sql token_hash = {
	"SELECT hash FROM gate_token WHERE id = ?1",
};
static const struct db_sql token_of_person = {
	"SELECT id FROM gate_token WHERE person = ?1 AND revoked = 0"
	" AND expires > ?2 ORDER BY expires, id LIMIT 1",
};
static const struct db_sql token_count = {
	"SELECT count(*) FROM gate_token WHERE revoked = 0 AND expires > ?1",
};
static const struct db_sql token_count_of = {
	"SELECT count(*) FROM gate_token WHERE person = ?2 AND revoked = 0"
	" AND expires > ?1",
};
static const struct db_sql token_owner = {
	"SELECT person FROM gate_token WHERE id = ?1 AND person IS NOT NULL",
};
static const struct db_sql token_by_id = {
	"SELECT revoked FROM gate_token WHERE id = ?1",
};
static const struct db_sql token_revoke = {
	"UPDATE gate_token SET revoked = ?2 WHERE id = ?1 AND revoked = 0",
};
/* A later one has a greater id.  The plus keeps the order by id from being
 * sorted anew for each page. */
#define EACH                                                                   \
	"SELECT id, role, label, created, expires, revoked, person, issuer"    \
	" FROM gate_token WHERE id > ?1"
#define EACH_GOOD   " AND revoked = 0 AND +expires > ?3"
#define EACH_PERSON " AND person = ?4"
#define EACH_PAGE   " ORDER BY id LIMIT ?2"
static const struct db_sql token_each[2][2] = {
	{ { EACH EACH_GOOD EACH_PAGE }, { EACH EACH_PAGE } },
	{ { EACH EACH_GOOD EACH_PERSON EACH_PAGE },
	    { EACH EACH_PERSON EACH_PAGE } },
};

bool
gate_token_parse(const char *text, struct sp_id *agency)
{
	enum gate_text kind;
	struct sp_id of;

	if (!gate_text_parse(text, &kind, &of) || kind != GATE_TEXT_TOKEN)
		return false;
	*agency = of;
	return true;
}

/* The latest wall-clock time seen here by this process. */
static sp_time
latest_now(void)
{
	static _Atomic sp_time latest;
	sp_time now = sp_now();
	sp_time seen = atomic_load(&latest);

	while (seen < now && !atomic_compare_exchange_weak(&latest, &seen, now))
		;
	return seen > now ? seen : now;
}

bool
gate_token_expired(sp_time expires)
{
	return expires <= latest_now();
}

static bool
label_ok(const char *s)
{
	size_t len = strnlen(s, GATE_TOKEN_LABEL + 1);

	if (len == 0 || len > GATE_TOKEN_LABEL || !sp_utf8_ok(s, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

/* An entry about a token; a site's own acts have no caller. */
static struct ledger_entry
token_entry(const struct gate_caller *by, const struct sp_id *agency,
    const char *act, const struct sp_id *token)
{
	if (by != NULL) {
		SP_REQUIRE(sp_id_equal(&by->agency, agency));
		return gate_entry(by, act, "token", token);
	}
	return (struct ledger_entry){
		.act = act,
		.actor_kind = "site",
		.actor = *agency,
		.agency = *agency,
		.at = sp_now(),
		.object_kind = "token",
		.object = *token,
		.outcome = LEDGER_DONE,
		.source = "site",
	};
}

/* Two factors are only one's own, shown just now in a session: not those of
 * who gives the token to somebody else, nor those behind another token. */
static enum gate_factor
factor(const struct gate_token_new *t)
{
	const struct gate_caller *by = t->by;
	bool own = by != NULL && t->person != NULL &&
	    sp_id_equal(&by->person, t->person) &&
	    strcmp(gate_caller_kind(by), "session") == 0 &&
	    by->is.session == GATE_SESSION_OPEN;

	if (t->person == NULL)
		return GATE_FACTOR_NONE;
	return own && by->is.factor >= GATE_FACTOR_SECOND &&
		by->is.since_proof >= 0 &&
		by->is.since_proof < by->is.limits.fresh
	    ? GATE_FACTOR_SECOND
	    : GATE_FACTOR_SINGLE;
}

/* Whose doing the token is; NULL: the site's, or its person's own. */
static const struct sp_id *
issuer(const struct gate_token_new *t)
{
	const struct sp_id *of;

	if (t->by == NULL || t->of_site)
		return NULL;
	of = sp_id_is_zero(&t->by->person) ? &t->by->issuer : &t->by->person;
	if (sp_id_is_zero(of) ||
	    (t->person != NULL && sp_id_equal(of, t->person)))
		return NULL;
	return of;
}

/* A person's token has their role, for who lists it. */
static enum sp_code
take_person(struct db *db, struct gate_token_new *io, struct sp_err *err)
{
	struct people_person p;
	enum sp_code code;

	if (io->person == NULL)
		return SP_OK;
	code = people_person_by_id(db, io->person, &p, err);
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	if (code == SP_E_NOTFOUND ||
	    people_person_state(&p, io->rules, sp_now()).state != PEOPLE_ACTIVE)
		return sp_fail_as(err, SP_E_INVALID, "token.person",
		    "person: there is none of this id whose account is active");
	SP_REQUIRE(gate_role_parse(people_role_name(p.role), &io->role));
	return SP_OK;
}

static enum sp_code
epoch_of(
    struct db *db, const struct sp_id *person, sp_time *out, struct sp_err *err)
{
	*out = 0;
	return person == NULL ? SP_OK
			      : people_person_epoch(db, person, out, err);
}

static enum sp_code
insert(struct ledger_tx *tx, const struct gate_token_new *t,
    const struct sp_id *id, const char *text, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &token_insert);
	const struct sp_id *by = issuer(t);
	uint8_t hash[CRYPTO_SHA256_LEN];
	sp_time person = 0, issuer = 0;

	SP_TRY(epoch_of(ledger_tx_db(tx), t->person, &person, err));
	SP_TRY(epoch_of(ledger_tx_db(tx), by, &issuer, err));
	gate_text_hash(text, hash);
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, hash, sizeof(hash));
	db_bind_text(st, 3, gate_role_name(t->role));
	db_bind_text(st, 4, t->label);
	db_bind_i64(st, 5, sp_now());
	db_bind_i64(st, 6, t->expires);
	db_bind_blob(st, 7, t->person == NULL ? NULL : t->person->b, SP_ID_LEN);
	db_bind_text(st, 8, gate_factor_name(factor(t)));
	db_bind_blob(st, 9, by == NULL ? NULL : by->b, SP_ID_LEN);
	db_bind_i64(st, 10, person);
	db_bind_i64(st, 11, issuer);
	return db_run(st, NULL, err);
}

static enum sp_code
record_issue(struct ledger_tx *tx, const struct gate_token_new *t,
    const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    token_entry(t->by, &t->agency, "token.issued", id);
	char expires[SP_TIME_TEXT];

	sp_time_text(t->expires, expires);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "expires", expires);
	if (t->person != NULL) {
		char person[SP_ID_TEXT];

		sp_id_text(t->person, person);
		sp_json_str(&j, "factor", gate_factor_name(factor(t)));
		sp_json_str(&j, "person", person);
	}
	sp_json_str(&j, "role", gate_role_name(t->role));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
count(struct db *db, const struct sp_id *person, int64_t *n, struct sp_err *err)
{
	DB_STMT st =
	    db_use(db, person == NULL ? &token_count : &token_count_of);
	bool found = false;

	db_bind_i64(st, 1, latest_now());
	if (person != NULL)
		db_bind_blob(st, 2, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*n = found ? db_col_i64(st, 0) : 0;
	return SP_OK;
}

/* Whoever may have tokens made must not be able to make so many that ending
 * or listing them holds up everybody else.  The site's own are few, and the
 * way back when all else is shut. */
static enum sp_code
check_many(struct db *db, const struct gate_token_new *t, struct sp_err *err)
{
	int64_t n = 0;

	if (t->by == NULL || t->of_site)
		return SP_OK;
	if (t->person != NULL)
		SP_TRY(count(db, t->person, &n, err));
	if (n >= GATE_TOKENS_PERSON)
		return sp_fail_as(err, SP_E_LIMIT, "token.many",
		    "a person has at most %d tokens of their own that are "
		    "good: revoke some that are not needed any more",
		    GATE_TOKENS_PERSON);
	SP_TRY(count(db, NULL, &n, err));
	if (n >= GATE_TOKENS_AGENCY)
		return sp_fail_as(err, SP_E_LIMIT, "token.many",
		    "an agency has at most %d tokens that are good: revoke "
		    "some that are not needed any more",
		    GATE_TOKENS_AGENCY);
	return SP_OK;
}

static enum sp_code
check_pace(
    struct ledger_tx *tx, const struct gate_token_new *t, struct sp_err *err)
{
	struct people_by by;

	if (t->by == NULL || t->of_site)
		return SP_OK;
	by = gate_caller_by(t->by);
	return gate_token_pace(tx, &by, GATE_PACE_CREDENTIAL, err);
}

static enum sp_code
check_new(const struct gate_token_new *t, struct sp_err *err)
{
	if (!label_ok(t->label))
		return sp_fail_as(err, SP_E_INVALID, "token.label",
		    "label: 1 to %d bytes of UTF-8 without control characters",
		    GATE_TOKEN_LABEL);
	if (t->expires <= latest_now())
		return sp_fail_as(err, SP_E_INVALID, "token.expires",
		    "expires: a token must expire after now");
	return SP_OK;
}

enum sp_code
gate_token_issue(struct ledger_tx *tx, const struct gate_token_new *wish,
    struct sp_id *id, char text[static GATE_TOKEN_TEXT], struct sp_err *err)
{
	struct gate_token_new new = *wish, *t = &new;
	struct sp_id made = sp_id_new();
	char secret[GATE_TOKEN_TEXT] = "";
	CRYPTO_WIPE_ON_EXIT(secret);

	SP_TRY(check_new(t, err));
	SP_TRY(take_person(ledger_tx_db(tx), t, err));
	SP_TRY(check_many(ledger_tx_db(tx), t, err));
	SP_TRY(check_pace(tx, t, err));
	gate_text_make(GATE_TEXT_TOKEN, &t->agency, secret);
	SP_TRY(insert(tx, t, &made, secret, err));
	SP_TRY(record_issue(tx, t, &made, err));
	*id = made;
	memcpy(text, secret, sizeof(secret));
	return SP_OK;
}

/* Why no row was revoked. */
static enum sp_code
not_revoked(struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_by_id);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "no such token");
	return sp_fail_as(err, SP_E_CONFLICT, "token.revoked",
	    "the token is already revoked");
}

/* The row, and what is under way with it. */
static enum sp_code
set_revoked(struct ledger_tx *tx, const struct sp_id *id, sp_time at,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &token_revoke);
	uint64_t changed = 0;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, at);
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return not_revoked(ledger_tx_db(tx), id, err);
	return ledger_tx_ends(tx, id, err);
}

enum sp_code
gate_token_revoke(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, struct sp_err *err)
{
	struct ledger_entry e = gate_entry(by, "token.revoked", "token", id);

	SP_TRY(set_revoked(tx, id, e.at, err));
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
next_of(const struct people_act *a, const struct sp_id *person,
    struct sp_id *out, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &token_of_person);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_i64(st, 2, a->now);
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, out->b, SP_ID_LEN, err) : SP_OK;
}

enum sp_code
gate_token_revoke_of(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	for (;;) {
		struct sp_id id;
		bool found = false;

		SP_TRY(next_of(a, person, &id, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(set_revoked(a->tx, &id, a->now, err));
		SP_TRY(people_act_entry(
		    a, "token.revoked", "token", &id, NULL, err));
	}
}

enum sp_code
gate_token_owner(struct db *db, const struct sp_id *id, struct sp_id *person,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_owner);
	struct sp_id of;
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "no such token");
	SP_TRY(db_col_bytes(st, 0, of.b, SP_ID_LEN, err));
	*person = of;
	return SP_OK;
}

static enum sp_code
role_from(struct db_stmt *st, int at, enum gate_role *out, struct sp_err *err)
{
	if (!gate_role_parse(db_col_text(st, at), out))
		return sp_fail(err, SP_E_CORRUPT,
		    "a token in the database has a role nobody knows");
	return SP_OK;
}

static enum sp_code
from_row(struct db_stmt *st, struct gate_token *out, struct sp_err *err)
{
	struct gate_token t = {
		.created = db_col_i64(st, 3),
		.expires = db_col_i64(st, 4),
		.revoked = db_col_i64(st, 5),
	};
	const char *label = db_col_text(st, 2);

	SP_TRY(db_col_bytes(st, 0, t.id.b, SP_ID_LEN, err));
	SP_TRY(role_from(st, 1, &t.role, err));
	if (strlen(label) > GATE_TOKEN_LABEL)
		return sp_fail(err, SP_E_CORRUPT,
		    "a token in the database has a label too long");
	memcpy(t.label, label, strlen(label) + 1);
	if (!db_col_null(st, 6))
		SP_TRY(db_col_bytes(st, 6, t.person.b, SP_ID_LEN, err));
	if (!db_col_null(st, 7))
		SP_TRY(db_col_bytes(st, 7, t.issuer.b, SP_ID_LEN, err));
	*out = t;
	return SP_OK;
}

enum sp_code
gate_token_each(struct db *db, const struct gate_token_page *page,
    enum sp_code (*visit)(
	void *arg, const struct gate_token *t, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_each[page->person != NULL][page->ended]);

	db_bind_blob(st, 1, page->after.b, SP_ID_LEN);
	db_bind_u64(st, 2, page->most);
	if (!page->ended)
		db_bind_i64(st, 3, latest_now());
	if (page->person != NULL)
		db_bind_blob(st, 4, page->person->b, SP_ID_LEN);
	for (;;) {
		struct gate_token t;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &t, err));
		SP_TRY(visit(arg, &t, err));
	}
}

/* What the database has of a token. */
struct row {
	struct sp_id id, person, issuer;
	enum gate_role role;
	bool own;    /* a person's */
	bool issued; /* by a person who is not that one */
	bool second;
	sp_time created, expires, revoked;
	sp_time person_epoch, issuer_epoch; /* when it was made */
};

static enum sp_code
find(struct db *db, const uint8_t hash[static CRYPTO_SHA256_LEN],
    struct row *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_by_hash);
	struct row r = { .role = GATE_DEVICE };
	bool found = false;

	db_bind_blob(st, 1, hash, CRYPTO_SHA256_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "the token is not known");
	SP_TRY(db_col_bytes(st, 0, r.id.b, SP_ID_LEN, err));
	SP_TRY(role_from(st, 1, &r.role, err));
	r.expires = db_col_i64(st, 2);
	r.revoked = db_col_i64(st, 3);
	r.created = db_col_i64(st, 4);
	r.own = !db_col_null(st, 5);
	if (r.own)
		SP_TRY(db_col_bytes(st, 5, r.person.b, SP_ID_LEN, err));
	r.issued = !db_col_null(st, 7);
	if (r.issued)
		SP_TRY(db_col_bytes(st, 7, r.issuer.b, SP_ID_LEN, err));
	r.person_epoch = db_col_i64(st, 8);
	r.issuer_epoch = db_col_i64(st, 9);
	r.second = strcmp(db_col_text(st, 6),
		       gate_factor_name(GATE_FACTOR_SECOND)) == 0;
	*out = r;
	return SP_OK;
}

static enum sp_code
look_up(struct db *db, const uint8_t hash[static CRYPTO_SHA256_LEN],
    struct row *out, struct sp_err *err)
{
	SP_TRY(find(db, hash, out, err));
	if (out->revoked != 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.revoked",
		    "the token was revoked");
	if (gate_token_expired(out->expires))
		return sp_fail_as(err, SP_E_UNKNOWN, "token.expired",
		    "the token has expired");
	return SP_OK;
}

/* How a person stands who shows their token.  Should the clock have been set
 * back, it is from the future, and no proof. */
static struct gate_standing
standing(const struct row *r, const struct people_rules *rules)
{
	struct gate_standing is = {
		.session = GATE_SESSION_KEY,
		.since_proof = latest_now() - r->created,
		.factor = GATE_FACTOR_SINGLE,
		.limits = {
			.idle = people_rules_time(rules, PEOPLE_SESSION_LOCK),
			.reproof = people_rules_time(
			    rules, PEOPLE_SESSION_REAUTHENTICATE),
			.fresh = people_rules_time(
			    rules, PEOPLE_SESSION_PRIVILEGED),
		},
	};

	if (r->second && is.since_proof >= 0 &&
	    is.since_proof < is.limits.reproof)
		is.factor = GATE_FACTOR_SECOND;
	return is;
}

/* Nothing about this person has changed since the token was made.  That there
 * is none is for who looks at their account. */
static enum sp_code
same_epoch(struct db *db, const struct sp_id *person, sp_time epoch,
    struct sp_err *err)
{
	struct people_person p;
	enum sp_code code = people_person_by_id(db, person, &p, err);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	if (code == SP_OK && p.epoch != epoch)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.void",
		    "the role, unit or state of the token's person, or of who "
		    "issued it, has changed since: another token is needed");
	return SP_OK;
}

static enum sp_code
know_person(struct db *db, const struct people_rules *rules,
    const struct row *r, struct gate_caller *io, struct sp_err *err)
{
	SP_TRY(same_epoch(db, &r->person, r->person_epoch, err));
	io->is = standing(r, rules);
	return gate_caller_person(db, rules, &r->person, io, err);
}

static enum sp_code
know_issuer(struct db *db, const struct people_rules *rules,
    const struct row *r, struct gate_caller *io, struct sp_err *err)
{
	SP_TRY(same_epoch(db, &r->issuer, r->issuer_epoch, err));
	io->issuer = r->issuer;
	return gate_caller_issuer(db, rules, io, err);
}

/* Whose it is that has this hash; *out only when it is good. */
static enum sp_code
know(struct db *db, const struct people_rules *rules,
    const uint8_t hash[static CRYPTO_SHA256_LEN], struct gate_caller *out,
    struct sp_err *err)
{
	struct gate_caller who = *out;
	struct row r;

	SP_TRY(look_up(db, hash, &r, err));
	who.token = r.id;
	who.kind = "token";
	who.role = r.role;
	who.expires = r.expires;
	who.made = r.created;
	who.issuer = (struct sp_id){ .b = { 0 } };
	if (r.own)
		SP_TRY(know_person(db, rules, &r, &who, err));
	if (r.issued)
		SP_TRY(know_issuer(db, rules, &r, &who, err));
	*out = who;
	return SP_OK;
}

enum sp_code
gate_token_know(struct db *db, const struct people_rules *rules,
    const struct sp_id *agency, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	struct gate_caller who = *out;
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct sp_id of;

	if (text == NULL || text[0] == '\0')
		return sp_fail_as(err, SP_E_UNKNOWN, "token.missing",
		    "a bearer token is needed");
	if (!gate_token_parse(text, &of))
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "this is not the text of a token");
	if (!sp_id_equal(&of, agency))
		return sp_fail(err, SP_E_NOTFOUND, "no such agency");
	gate_text_hash(text, hash);
	who.agency = *agency;
	SP_TRY(know(db, rules, hash, &who, err));
	*out = who;
	return SP_OK;
}

enum sp_code
gate_token_seen(struct db *db, const struct people_rules *rules,
    const struct sp_id *id, struct gate_caller *io, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_hash);
	uint8_t hash[CRYPTO_SHA256_LEN];
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "there is no such token");
	SP_TRY(db_col_bytes(st, 0, hash, sizeof(hash), err));
	return know(db, rules, hash, io, err);
}
