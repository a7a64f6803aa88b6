#include "machine/token.h"

#include "crypto/secret.h"

#include <string.h>

/* Less is how a clock is kept right. */
#define SET_BACK (60 * SP_SECOND)

static const struct db_sql token_insert = {
	"INSERT INTO machine_service_token"
	"(hash, id, service, scope, certificate, issued, expires, issuer,"
	" since, issuer_epoch)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
};
/* Those that are good, and all of the last hour. */
static const struct db_sql token_count = {
	"SELECT coalesce(sum(expires > ?2), 0), count(*)"
	" FROM machine_service_token WHERE service = ?1",
};
/* Those of before; and those that a clock which was set back since has in the
 * future: they would be good for longer than any, and count until then. */
static const struct db_sql token_tidy = {
	"DELETE FROM machine_service_token WHERE service = ?1"
	" AND ((expires <= ?2 AND issued <= ?3) OR issued > ?4)",
};
static const struct db_sql token_cut = {
	"UPDATE machine_service_token SET expires = min(expires, ?2)"
	" WHERE service = ?1",
};
static const struct db_sql token_by_hash = {
	"SELECT t.scope, t.certificate, t.expires,"
	" s.id, s.scope, s.ranges, s.expires, s.revoked, t.issuer, t.since,"
	" t.issuer_epoch"
	" FROM machine_service_token t JOIN machine_service s"
	" ON s.id = t.service WHERE t.hash = ?1",
};

static sp_time
earliest(sp_time a, sp_time b)
{
	return a < b ? a : b;
}

/* Whoever has a secret rotated again and again makes room for more that are
 * good; each stands in the ledger, so that they have a pace as well. */
static enum sp_code
check_many(
    struct db *db, const struct sp_id *service, sp_time now, struct sp_err *err)
{
	DB_STMT tidy = db_use(db, &token_tidy);
	DB_STMT st = db_use(db, &token_count);
	bool found = false;

	db_bind_blob(tidy, 1, service->b, SP_ID_LEN);
	db_bind_i64(tidy, 2, now);
	db_bind_i64(tidy, 3, now - MACHINE_TOKEN_LIFE);
	db_bind_i64(tidy, 4, now + SET_BACK);
	SP_TRY(db_run(tidy, NULL, err));
	db_bind_blob(st, 1, service->b, SP_ID_LEN);
	db_bind_i64(st, 2, now);
	SP_TRY(db_row(st, &found, err));
	if (db_col_i64(st, 0) >= MACHINE_TOKENS_LIVE)
		return sp_fail_as(err, SP_E_LIMIT, "service.tokens",
		    "%d tokens of this service are still good: use one until "
		    "it ends",
		    MACHINE_TOKENS_LIVE);
	if (db_col_i64(st, 1) >= MACHINE_TOKENS_HOUR)
		return sp_fail_as(err, SP_E_LIMIT, "service.tokens",
		    "this service got %d tokens within this hour: use one "
		    "until it ends",
		    MACHINE_TOKENS_HOUR);
	return SP_OK;
}

static enum sp_code
check_issue(struct db *db, const struct machine_token_new *n,
    const struct machine_service *s, struct sp_err *err)
{
	if (machine_service_over(s) || gate_token_expired(n->until))
		return sp_fail_as(err, SP_E_UNKNOWN, "oauth.invalid_client",
		    "client authentication failed");
	if (machine_scope_empty(&n->scope) ||
	    !machine_scope_within(&n->scope, &s->scope))
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_scope",
		    "the scope is not within the one that was granted");
	return check_many(db, &s->id, sp_now(), err);
}

static enum sp_code
insert_token(struct db *db, const struct machine_token_new *n,
    const struct machine_token *t, struct sp_err *err)
{
	SP_AUTO_BUF scope = sp_buf_new(MACHINE_SCOPE_TEXT);
	DB_STMT st = db_use(db, &token_insert);
	uint8_t hash[CRYPTO_SHA256_LEN];

	machine_scope_text(&n->scope, &scope);
	SP_TRY(sp_buf_check(&scope, "scope", err));
	gate_text_hash(t->text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, t->id.b, SP_ID_LEN);
	db_bind_blob(st, 3, n->service.b, SP_ID_LEN);
	db_bind_text(st, 4, sp_buf_str(&scope));
	db_bind_blob(st, 5, n->certificate, CRYPTO_SHA256_LEN);
	db_bind_i64(st, 6, t->issued);
	db_bind_i64(st, 7, t->expires);
	machine_secret_bind_issuer(st, 8, &n->doing.person);
	db_bind_i64(st, 9, n->doing.since);
	db_bind_i64(st, 10, n->doing.epoch);
	SP_TRY(db_run(st, NULL, err));
	return machine_service_used(db, &n->service, t->issued, err);
}

static enum sp_code
record_token(struct ledger_tx *tx, const struct machine_token_new *n,
    const struct machine_token *t, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(8192);
	struct sp_json j = sp_json_to(&detail);
	struct gate_caller who = {
		.agency = n->agency,
		.token = n->service,
		.kind = "service",
		.source = "api",
	};
	struct ledger_entry e;

	(void)snprintf(who.address, sizeof(who.address), "%s", n->address);
	e = gate_entry(&who, "service.token", "service", &n->service);
	e.at = t->issued;
	sp_json_object(&j, NULL);
	sp_json_bool(&j, "bound", n->certificate != NULL);
	sp_json_time_or_null(&j, "expires", t->expires);
	machine_scope_json(&j, "scope", &n->scope);
	sp_json_id(&j, "token", &t->id);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

enum sp_code
machine_token_issue(struct ledger_tx *tx, const struct machine_token_new *n,
    struct machine_token *out, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct machine_token t = { .id = sp_id_new(), .issued = sp_now() };
	CRYPTO_WIPE_ON_EXIT(t);
	struct machine_service s;
	enum sp_code code = machine_service_find(db, &n->service, &s, err);

	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_UNKNOWN, "oauth.invalid_client",
		    "client authentication failed");
	SP_TRY(code);
	SP_TRY(check_issue(db, n, &s, err));
	t.expires = earliest(
	    t.issued + MACHINE_TOKEN_LIFE, earliest(s.expires, n->until));
	gate_text_make(GATE_TEXT_ACCESS, &n->agency, t.text);
	SP_TRY(insert_token(db, n, &t, err));
	SP_TRY(record_token(tx, n, &t, err));
	*out = t;
	return SP_OK;
}

enum sp_code
machine_token_cut(struct db *db, const struct sp_id *service, sp_time until,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_cut);

	db_bind_blob(st, 1, service->b, SP_ID_LEN);
	db_bind_i64(st, 2, until);
	return db_run(st, NULL, err);
}

/* --- known again --- */

/* A token that the database has, with its service. */
struct found {
	struct gate_acts scope, most;
	struct machine_ranges ranges;
	struct sp_id service;
	uint8_t certificate[CRYPTO_SHA256_LEN];
	bool bound, revoked;
	sp_time expires;
	struct people_doing doing;
};

static enum sp_code
from_row(struct db_stmt *st, struct found *out, struct sp_err *err)
{
	struct found f = { .bound = !db_col_null(st, 1) };

	SP_TRY(machine_scope_stored(db_col_text(st, 0), &f.scope, err));
	if (f.bound)
		SP_TRY(db_col_bytes(
		    st, 1, f.certificate, sizeof(f.certificate), err));
	SP_TRY(db_col_bytes(st, 3, f.service.b, SP_ID_LEN, err));
	SP_TRY(machine_scope_stored(db_col_text(st, 4), &f.most, err));
	SP_TRY(machine_service_ranges(db_col_text(st, 5), &f.ranges, err));
	f.expires = earliest(db_col_i64(st, 2), db_col_i64(st, 6));
	f.revoked = db_col_i64(st, 7) != 0;
	SP_TRY(machine_secret_read_issuer(st, 8, &f.doing.person, err));
	f.doing.since = db_col_i64(st, 9);
	f.doing.epoch = db_col_i64(st, 10);
	*out = f;
	return SP_OK;
}

static enum sp_code
find_token(
    struct db *db, const char *text, struct found *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_by_hash);
	uint8_t hash[CRYPTO_SHA256_LEN];
	bool found = false;

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "the token is not known");
	return from_row(st, out, err);
}

static bool
holds_certificate(const struct found *f, const struct machine_shown *shown)
{
	return !f->bound ||
	    (shown->certificate != NULL &&
		crypto_bytes_equal(
		    f->certificate, shown->certificate, CRYPTO_SHA256_LEN));
}

static enum sp_code
good_now(const struct found *f, struct sp_err *err)
{
	if (f->revoked)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.revoked",
		    "the token's service was revoked");
	if (gate_token_expired(f->expires))
		return sp_fail_as(err, SP_E_UNKNOWN, "token.expired",
		    "the token has expired; ask for another");
	return SP_OK;
}

/* Is it where it may be, with what it is bound to? */
static enum sp_code
good_here(const struct found *f, const struct machine_shown *shown,
    enum machine_refusal *why, struct sp_err *err)
{
	if (!machine_ranges_hold(&f->ranges, shown->address)) {
		*why = MACHINE_NOT_ADDRESS;
		return sp_fail_as(err, SP_E_UNKNOWN, "token.address",
		    "the token is not good from this address");
	}
	if (!holds_certificate(f, shown)) {
		*why = MACHINE_NOT_BOUND;
		return sp_fail_as(err, SP_E_UNKNOWN, "token.certificate",
		    "the token is bound to a certificate that was not shown");
	}
	return SP_OK;
}

/* Of whoever had the secret made by which it was got. */
static enum sp_code
know_issuer(struct db *db, const struct people_rules *rules,
    const struct found *f, struct gate_caller *io, struct sp_err *err)
{
	bool stands;

	io->issuer = f->doing.person;
	io->made = f->doing.since;
	if (sp_id_is_zero(&io->issuer))
		return SP_OK;
	SP_TRY(
	    people_person_stands(db, rules, &f->doing, sp_now(), &stands, err));
	if (!stands)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.void",
		    "whoever gave the service its secret has gone, or has "
		    "another role or unit since: an administrator takes the "
		    "service over by rotating its secret");
	return gate_caller_issuer(db, rules, io, err);
}

enum sp_code
machine_token_know(struct db *db, const struct sp_id *agency,
    const struct machine_shown *shown, struct gate_caller *out,
    enum machine_refusal *why, struct sp_err *err)
{
	struct gate_caller who = *out;
	enum gate_text kind;
	struct sp_id of;
	struct found f;

	if (!gate_text_parse(shown->text, &kind, &of) ||
	    kind != GATE_TEXT_ACCESS)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "this is not the text of an access token");
	if (!sp_id_equal(&of, agency))
		return sp_fail(err, SP_E_NOTFOUND, "no such agency");
	SP_TRY(find_token(db, shown->text, &f, err));
	SP_TRY(good_now(&f, err));
	out->agency = who.agency = *agency;
	out->token = who.token = f.service;
	out->kind = who.kind = "service";
	SP_TRY(good_here(&f, shown, why, err));
	SP_TRY(know_issuer(db, shown->rules, &f, &who, err));
	who.role = GATE_SERVICE;
	who.expires = f.expires;
	who.is.scope = (struct gate_acts){ .bits = {
					       f.scope.bits[0] & f.most.bits[0],
					       f.scope.bits[1] & f.most.bits[1],
					   } };
	*out = who;
	return SP_OK;
}
