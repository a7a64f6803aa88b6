#include "signin/passkey_parts.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/secret.h"

#include <string.h>

/* A passkey is a factor of the same id.  The handle is what an authenticator
 * keeps to say whose a passkey is: random, so that it tells nothing to whoever
 * reads it there. */
/* clang-format off */
const char signin_passkey_schema[] =
    "CREATE TABLE signin_handle("
    " person BLOB NOT NULL PRIMARY KEY REFERENCES person(id),"
    " handle BLOB NOT NULL UNIQUE CHECK(length(handle) = 32)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE signin_passkey("
    " id BLOB NOT NULL PRIMARY KEY"
    "  REFERENCES signin_factor(id) ON DELETE CASCADE,"
    " person BLOB NOT NULL REFERENCES person(id),"
    " credential BLOB NOT NULL UNIQUE CHECK(length(credential)"
    "  BETWEEN 16 AND 1023),"
    " alg INTEGER NOT NULL, key BLOB NOT NULL, maker BLOB NOT NULL,"
    " counter INTEGER NOT NULL, verified INTEGER NOT NULL,"
    " synced INTEGER NOT NULL, disabled INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX signin_passkey_person ON signin_passkey(person, id);";
/* clang-format on */

#define COLUMNS                                                                \
	"id, person, disabled, credential, alg, key, maker, counter,"          \
	" verified, synced"

static const struct db_sql passkey_insert = {
	"INSERT INTO signin_passkey(" COLUMNS ")"
	" VALUES(?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};
static const struct db_sql passkey_by_credential = {
	"SELECT " COLUMNS " FROM signin_passkey WHERE credential = ?1",
};
static const struct db_sql passkey_by_id = {
	"SELECT counter, disabled, person FROM signin_passkey WHERE id = ?1",
};
static const struct db_sql passkey_of = {
	"SELECT " COLUMNS " FROM signin_passkey WHERE person = ?1 ORDER BY id",
};
static const struct db_sql passkey_count = {
	"UPDATE signin_passkey SET counter = ?2 WHERE id = ?1",
};
static const struct db_sql passkey_disable = {
	"UPDATE signin_passkey SET disabled = ?2 WHERE id = ?1",
};
static const struct db_sql handle_insert = {
	"INSERT OR IGNORE INTO signin_handle(person, handle) VALUES(?1, ?2)",
};
static const struct db_sql handle_of = {
	"SELECT handle FROM signin_handle WHERE person = ?1",
};
static const struct db_sql handle_owner = {
	"SELECT person FROM signin_handle WHERE handle = ?1",
};

static const int alg_numbers[] = {
#define X(id, name, number) [id] = (number),
	SIGNIN_PASSKEY_ALGS(X)
#undef X
};

static enum sp_code
unknown(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_DENIED, "passkey.unknown",
	    "this passkey is not known in this agency: use another one, or "
	    "sign in with your password");
}

/* --- rows --- */

static bool
put_bytes(struct db_stmt *st, int at, uint8_t *out, size_t room, size_t *len)
{
	size_t n = 0;
	const void *bytes = db_col_blob(st, at, &n);

	if (n == 0 || n > room)
		return false;
	memcpy(out, bytes, n);
	*len = n;
	return true;
}

static enum sp_code
from_row(struct db_stmt *st, struct signin_passkey *out, struct sp_err *err)
{
	struct signin_passkey p = {
		.disabled = db_col_i64(st, 2),
		.key = {
			.counter = (uint32_t)db_col_i64(st, 7),
			.verified = db_col_i64(st, 8) != 0,
			.synced = db_col_i64(st, 9) != 0,
		},
	};

	SP_TRY(db_col_bytes(st, 0, p.id.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, p.person.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 6, p.key.maker, sizeof(p.key.maker), err));
	if (!put_bytes(st, 3, p.key.id, sizeof(p.key.id), &p.key.id_len) ||
	    !signin_passkey_alg_find(db_col_i64(st, 4), &p.key.alg) ||
	    !put_bytes(st, 5, p.key.key, sizeof(p.key.key), &p.key.key_len))
		return sp_fail(err, SP_E_CORRUPT,
		    "a passkey in the database is like none that is written");
	*out = p;
	return SP_OK;
}

enum sp_code
signin_passkey_find(struct db *db, const void *id, size_t len,
    struct signin_passkey *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &passkey_by_credential);
	bool found = false;

	db_bind_blob(st, 1, id, len);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	return from_row(st, out, err);
}

static enum sp_code
insert(const struct people_act *a, const struct signin_passkey_new *n,
    const struct sp_id *id, struct sp_err *err)
{
	const struct signin_passkey_key *k = n->key;
	DB_STMT st = db_use(ledger_tx_db(a->tx), &passkey_insert);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, n->person.b, SP_ID_LEN);
	db_bind_blob(st, 3, k->id, k->id_len);
	db_bind_i64(st, 4, alg_numbers[k->alg]);
	db_bind_blob(st, 5, k->key, k->key_len);
	db_bind_blob(st, 6, k->maker, sizeof(k->maker));
	db_bind_i64(st, 7, k->counter);
	db_bind_i64(st, 8, k->verified);
	db_bind_i64(st, 9, k->synced);
	return db_run(st, NULL, err);
}

enum sp_code
signin_passkey_add(const struct people_act *a,
    const struct signin_passkey_new *n, struct sp_id *id, struct sp_err *err)
{
	const struct signin_factor_new factor = {
		.id = sp_id_new(),
		.person = n->person,
		.kind = SIGNIN_PASSKEY,
		.label = n->label,
	};
	bool found = false;

	{
		DB_STMT st =
		    db_use(ledger_tx_db(a->tx), &passkey_by_credential);

		db_bind_blob(st, 1, n->key->id, n->key->id_len);
		SP_TRY(db_row(st, &found, err));
	}
	if (found)
		return sp_fail_as(err, SP_E_CONFLICT, "passkey.known",
		    "this passkey is enrolled already: use it, or enrol "
		    "another one");
	SP_TRY(signin_factor_add(a, &factor, err));
	SP_TRY(insert(a, n, &factor.id, err));
	*id = factor.id;
	return SP_OK;
}

/* --- use --- */

struct kept {
	struct sp_id person;
	int64_t counter;
};

static enum sp_code
suspect(const struct people_act *a, const struct sp_id *id, uint32_t counter,
    const struct kept *kept, struct sp_err *err)
{
	char person[SP_ID_TEXT];
	DB_STMT st = db_use(ledger_tx_db(a->tx), &passkey_disable);
	bool here = a->by->address != NULL && a->by->address[0] != '\0';
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);
	const struct ledger_entry e = {
		.act = "credential.suspected",
		.actor_kind = a->by->kind,
		.actor = a->by->id,
		.address = here ? a->by->address : NULL,
		.agency = a->by->agency,
		.at = a->now,
		.object_kind = "credential",
		.object = *id,
		.outcome = LEDGER_REFUSED,
		.source = a->by->source,
	};
	struct ledger_entry entry = e;

	sp_json_object(&j, NULL);
	sp_json_int(&j, "counter", counter);
	sp_json_int(&j, "kept", kept->counter);
	sp_id_text(&kept->person, person);
	sp_json_str(&j, "person", person);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	entry.detail = sp_buf_str(&detail);
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, a->now);
	SP_TRY(db_run(st, NULL, err));
	return ledger_tx_append(a->tx, &entry, NULL, err);
}

static enum sp_code
kept_of(
    struct db *db, const struct sp_id *id, struct kept *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &passkey_by_id);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	if (db_col_i64(st, 1) != 0)
		return sp_fail_as(err, SP_E_DENIED, "passkey.disabled",
		    "this passkey is disabled, for there may be a copy of it: "
		    "use another one, and tell your administrator");
	out->counter = db_col_i64(st, 0);
	return db_col_bytes(st, 2, out->person.b, SP_ID_LEN, err);
}

enum sp_code
signin_passkey_used(const struct people_act *a, const struct sp_id *id,
    const struct signin_passkey_proof *proof, bool *suspected,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct kept kept = { .counter = 0 };

	SP_TRY(kept_of(db, id, &kept, err));
	/* Those that do not count say 0 for ever. */
	if (proof->counter <= kept.counter &&
	    (proof->counter != 0 || kept.counter != 0)) {
		SP_TRY(suspect(a, id, proof->counter, &kept, err));
		*suspected = true;
		return SP_OK;
	}
	{
		DB_STMT st = db_use(db, &passkey_count);

		db_bind_blob(st, 1, id->b, SP_ID_LEN);
		db_bind_i64(st, 2, proof->counter);
		SP_TRY(db_run(st, NULL, err));
	}
	SP_TRY(signin_factor_used(a, id, err));
	*suspected = false;
	return SP_OK;
}

/* --- handles --- */

enum sp_code
signin_passkey_handle(const struct people_act *a, const struct sp_id *person,
    uint8_t out[static SIGNIN_PASSKEY_HANDLE], struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT put = db_use(db, &handle_insert);
	DB_STMT get = db_use(db, &handle_of);
	uint8_t made[SIGNIN_PASSKEY_HANDLE];
	bool found = false;

	crypto_random(made, sizeof(made));
	db_bind_blob(put, 1, person->b, SP_ID_LEN);
	db_bind_blob(put, 2, made, sizeof(made));
	SP_TRY(db_run(put, NULL, err));
	db_bind_blob(get, 1, person->b, SP_ID_LEN);
	SP_TRY(db_row(get, &found, err));
	if (!found)
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "person.unknown", "no such person");
	return db_col_bytes(get, 0, out, SIGNIN_PASSKEY_HANDLE, err);
}

enum sp_code
signin_passkey_owner(struct db *db, const void *handle, size_t len,
    struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(db, &handle_owner);
	bool found = false;

	db_bind_blob(st, 1, handle, len);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	return db_col_bytes(st, 0, person->b, SP_ID_LEN, err);
}

/* --- lists --- */

static void
put_passkey(struct sp_json *j, const struct signin_passkey *p)
{
	char text[SP_TIME_TEXT], id[SP_ID_TEXT];

	sp_id_text(&p->id, id);
	sp_json_object(j, NULL);
	sp_json_str(j, "algorithm", signin_passkey_alg_name(p->key.alg));
	if (p->disabled != 0) {
		sp_time_text(p->disabled, text);
		sp_json_str(j, "disabled_at", text);
	}
	sp_json_str(j, "id", id);
	sp_json_bool(j, "synced", p->key.synced);
	sp_json_bool(j, "verified", p->key.verified);
	sp_json_end(j);
}

enum sp_code
signin_passkey_list(struct db *db, const struct sp_id *person,
    struct sp_json *j, struct sp_err *err)
{
	DB_STMT st = db_use(db, &passkey_of);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	for (;;) {
		struct signin_passkey p;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &p, err));
		put_passkey(j, &p);
	}
}

/* Ids for the browser: all of them, or those that are good. */
enum sp_code
signin_passkey_ids(struct db *db, const struct sp_id *person, bool all,
    struct sp_json *j, struct sp_err *err)
{
	DB_STMT st = db_use(db, &passkey_of);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	for (;;) {
		char text[SP_BASE64_LEN(SIGNIN_PASSKEY_ID_MAX) + 1];
		struct signin_passkey p;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &p, err));
		if (p.disabled != 0 && !all)
			continue;
		sp_base64url(p.key.id, p.key.id_len, text);
		sp_json_object(j, NULL);
		sp_json_str(j, "id", text);
		sp_json_str(j, "type", "public-key");
		sp_json_end(j);
	}
}
