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

static const struct db_sql token_insert = {
	"INSERT INTO gate_token(id, hash, role, label, created, expires)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
};
static const struct db_sql token_by_hash = {
	"SELECT id, role, expires, revoked FROM gate_token WHERE hash = ?1",
};
static const struct db_sql token_by_id = {
	"SELECT revoked FROM gate_token WHERE id = ?1",
};
static const struct db_sql token_revoke = {
	"UPDATE gate_token SET revoked = ?2 WHERE id = ?1 AND revoked = 0",
};
static const struct db_sql token_each = {
	"SELECT id, role, label, created, expires, revoked"
	" FROM gate_token ORDER BY created, id",
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

static enum sp_code
insert(struct ledger_tx *tx, const struct gate_token_new *t,
    const struct sp_id *id, const char *text, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &token_insert);
	uint8_t hash[CRYPTO_SHA256_LEN];

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, hash, sizeof(hash));
	db_bind_text(st, 3, gate_role_name(t->role));
	db_bind_text(st, 4, t->label);
	db_bind_i64(st, 5, sp_now());
	db_bind_i64(st, 6, t->expires);
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
	sp_json_str(&j, "role", gate_role_name(t->role));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

enum sp_code
gate_token_issue(struct ledger_tx *tx, const struct gate_token_new *t,
    struct sp_id *id, char text[static GATE_TOKEN_TEXT], struct sp_err *err)
{
	struct sp_id made = sp_id_new();
	char secret[GATE_TOKEN_TEXT] = "";
	CRYPTO_WIPE_ON_EXIT(secret);

	if (!label_ok(t->label))
		return sp_fail_as(err, SP_E_INVALID, "token.label",
		    "label: 1 to %d bytes of UTF-8 without control characters",
		    GATE_TOKEN_LABEL);
	if (t->expires <= latest_now())
		return sp_fail_as(err, SP_E_INVALID, "token.expires",
		    "expires: a token must expire after now");
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

enum sp_code
gate_token_revoke(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &token_revoke);
	struct ledger_entry e = gate_entry(by, "token.revoked", "token", id);
	uint64_t changed = 0;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, e.at);
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return not_revoked(ledger_tx_db(tx), id, err);
	return ledger_tx_append(tx, &e, NULL, err);
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
	*out = t;
	return SP_OK;
}

enum sp_code
gate_token_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct gate_token *t, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_each);

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

static enum sp_code
look_up(struct db *db, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_by_hash);
	uint8_t hash[CRYPTO_SHA256_LEN];
	enum gate_role role = GATE_DEVICE;
	struct sp_id id;
	bool found = false;

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "the token is not known");
	SP_TRY(db_col_bytes(st, 0, id.b, SP_ID_LEN, err));
	SP_TRY(role_from(st, 1, &role, err));
	if (db_col_i64(st, 3) != 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.revoked",
		    "the token was revoked");
	if (gate_token_expired(db_col_i64(st, 2)))
		return sp_fail_as(err, SP_E_UNKNOWN, "token.expired",
		    "the token has expired");
	out->token = id;
	out->role = role;
	out->expires = db_col_i64(st, 2);
	return SP_OK;
}

enum sp_code
gate_token_know(struct db *db, const struct sp_id *agency, const char *text,
    struct gate_caller *out, struct sp_err *err)
{
	struct sp_id of;

	if (text == NULL || text[0] == '\0')
		return sp_fail_as(err, SP_E_UNKNOWN, "token.missing",
		    "a bearer token is needed");
	if (!gate_token_parse(text, &of))
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "this is not the text of a token");
	if (!sp_id_equal(&of, agency))
		return sp_fail(err, SP_E_NOTFOUND, "no such agency");
	SP_TRY(look_up(db, text, out, err));
	out->agency = *agency;
	return SP_OK;
}
