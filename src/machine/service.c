#include "machine/service.h"

#include "crypto/secret.h"
#include "machine/token.h"

#include <string.h>

#define DAY (86400 * SP_SECOND)

/*
 * `scope` and `ranges` are the texts of machine/range.h and of
 * machine_scope_text.  A revoked service keeps its row, for whoever reads in
 * the ledger what it did.
 */
const char machine_service_schema[] =
    "CREATE TABLE machine_service("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " label TEXT NOT NULL, scope TEXT NOT NULL, ranges TEXT NOT NULL,"
    " created INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " revoked INTEGER NOT NULL DEFAULT 0,"
    " used INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "CREATE TABLE machine_service_secret("
    " hash BLOB NOT NULL PRIMARY KEY CHECK(length(hash) = 32),"
    " service BLOB NOT NULL REFERENCES machine_service(id),"
    " created INTEGER NOT NULL, expires INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX machine_service_secret_of"
    " ON machine_service_secret(service, created);"
    "CREATE TABLE machine_service_token("
    " hash BLOB NOT NULL PRIMARY KEY CHECK(length(hash) = 32),"
    " id BLOB NOT NULL UNIQUE CHECK(length(id) = 16),"
    " service BLOB NOT NULL REFERENCES machine_service(id),"
    " scope TEXT NOT NULL, certificate BLOB CHECK(length(certificate) = 32),"
    " issued INTEGER NOT NULL, expires INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX machine_service_token_of"
    " ON machine_service_token(service, expires)";

/* NULL: the site.  A token's `since` is when the secret was made by which it
 * was got. */
const char machine_issuer_schema[] =
    "ALTER TABLE machine_service_secret ADD COLUMN issuer BLOB;"
    "ALTER TABLE machine_service_token ADD COLUMN issuer BLOB;"
    "ALTER TABLE machine_service_token"
    " ADD COLUMN since INTEGER NOT NULL DEFAULT 0";

#define COLUMNS "id, label, scope, ranges, created, expires, revoked, used"

static const struct db_sql service_insert = {
	"INSERT INTO machine_service(id, label, scope, ranges, created, "
	"expires)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
};
static const struct db_sql service_count = {
	"SELECT count(*) FROM machine_service WHERE revoked = 0",
};
static const struct db_sql service_by_id = {
	"SELECT " COLUMNS " FROM machine_service WHERE id = ?1",
};
static const struct db_sql service_each = {
	"SELECT " COLUMNS " FROM machine_service WHERE revoked = 0"
	" OR id IN (SELECT id FROM machine_service WHERE revoked <> 0"
	"  ORDER BY revoked DESC, id DESC LIMIT ?1) ORDER BY created, id",
};
static const struct db_sql service_revoke = {
	"UPDATE machine_service SET revoked = ?2 WHERE id = ?1 AND revoked = 0",
};
static const struct db_sql service_used = {
	"UPDATE machine_service SET used = ?2 WHERE id = ?1",
};

const char *
machine_refusal_name(enum machine_refusal r)
{
	static const char *const names[] = {
#define X(id, name) [id] = (name),
		MACHINE_REFUSALS(X)
#undef X
	};

	SP_REQUIRE((size_t)r < SP_COUNTOF(names));
	return names[r];
}

/* --- rows --- */

enum sp_code
machine_service_ranges(
    const char *text, struct machine_ranges *out, struct sp_err *err)
{
	if (machine_ranges_parse(text, out, NULL) != SP_OK)
		return sp_fail(err, SP_E_CORRUPT,
		    "a service in the database has no proper ranges");
	return SP_OK;
}

static enum sp_code
from_row(struct db_stmt *st, struct machine_service *out, struct sp_err *err)
{
	struct machine_service s = {
		.created = db_col_i64(st, 4),
		.expires = db_col_i64(st, 5),
		.revoked = db_col_i64(st, 6),
		.used = db_col_i64(st, 7),
	};
	const char *label = db_col_text(st, 1);

	SP_TRY(db_col_bytes(st, 0, s.id.b, SP_ID_LEN, err));
	SP_TRY(machine_scope_stored(db_col_text(st, 2), &s.scope, err));
	SP_TRY(machine_service_ranges(db_col_text(st, 3), &s.ranges, err));
	if (strlen(label) > MACHINE_SERVICE_LABEL)
		return sp_fail(err, SP_E_CORRUPT,
		    "a service in the database has a label too long");
	memcpy(s.label, label, strlen(label) + 1);
	*out = s;
	return SP_OK;
}

bool
machine_service_over(const struct machine_service *s)
{
	return s->revoked != 0 || gate_token_expired(s->expires);
}

enum sp_code
machine_service_find(struct db *db, const struct sp_id *id,
    struct machine_service *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &service_by_id);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "no such service");
	return from_row(st, out, err);
}

/* Its secrets, and whether those are there who had them made. */
static enum sp_code
read_secrets(struct db *db, const struct people_rules *rules,
    struct machine_service *io, struct sp_err *err)
{
	struct machine_secrets s;

	SP_TRY(machine_secret_read(db, rules, &io->id, &s, err));
	io->secrets = s.n;
	memcpy(io->secret, s.secret, sizeof(io->secret));
	if (s.n > 0) {
		io->issuer = s.secret[0].issuer;
		io->orphan = !s.secret[0].stands;
	}
	return SP_OK;
}

enum sp_code
machine_service_get(struct db *db, const struct people_rules *rules,
    const struct sp_id *id, struct machine_service *out, struct sp_err *err)
{
	struct machine_service s;

	SP_TRY(machine_service_find(db, id, &s, err));
	SP_TRY(read_secrets(db, rules, &s, err));
	*out = s;
	return SP_OK;
}

static enum sp_code
load(struct db *db, const struct people_rules *rules, struct db_stmt *st,
    struct machine_service *out, struct sp_err *err)
{
	SP_TRY(from_row(st, out, err));
	return read_secrets(db, rules, out, err);
}

enum sp_code
machine_service_each(struct db *db, const struct people_rules *rules,
    enum sp_code (*visit)(
	void *arg, const struct machine_service *s, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &service_each);
	bool found = false;

	db_bind_i64(st, 1, MACHINE_SERVICES_REVOKED);
	SP_TRY(db_row(st, &found, err));
	while (found) {
		struct machine_service s;

		SP_TRY(load(db, rules, st, &s, err));
		SP_TRY(visit(arg, &s, err));
		SP_TRY(db_row(st, &found, err));
	}
	return SP_OK;
}

enum sp_code
machine_service_used(
    struct db *db, const struct sp_id *id, sp_time at, struct sp_err *err)
{
	DB_STMT st = db_use(db, &service_used);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, at);
	return db_run(st, NULL, err);
}

/* --- as JSON --- */

static void
put_ranges(struct sp_json *j, const struct machine_ranges *set)
{
	sp_json_array(j, "ranges");
	for (size_t i = 0; i < set->n; i++) {
		char text[MACHINE_RANGE_TEXT];

		machine_range_text(&set->range[i], text);
		sp_json_str(j, NULL, text);
	}
	sp_json_end(j);
}

void
machine_service_json(
    struct sp_json *j, const char *name, const struct machine_service *s)
{
	bool good = !machine_service_over(s);

	sp_json_object(j, name);
	sp_json_time_or_null(j, "created_at", s->created);
	sp_json_time_or_null(j, "expires_at", s->expires);
	sp_json_id(j, "id", &s->id);
	sp_json_id_or_null(j, "issuer", &s->issuer);
	sp_json_str(j, "label", s->label);
	put_ranges(j, &s->ranges);
	sp_json_time_or_null(j, "revoked_at", s->revoked);
	machine_scope_json(j, "scope", &s->scope);
	sp_json_array(j, "secrets");
	for (size_t i = 0; good && i < s->secrets; i++) {
		sp_json_object(j, NULL);
		sp_json_time_or_null(j, "created_at", s->secret[i].created);
		sp_json_time_or_null(j, "expires_at", s->secret[i].expires);
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_time_or_null(j, "used_at", s->used);
	sp_json_bool(j, "void", good && s->orphan);
	sp_json_end(j);
}

/* --- added, rotated, revoked --- */

static bool
label_ok(const char *s)
{
	size_t len = strnlen(s, MACHINE_SERVICE_LABEL + 1);

	if (len == 0 || len > MACHINE_SERVICE_LABEL || !sp_utf8_ok(s, len))
		return false;
	for (size_t i = 0; i < len; i += sp_utf8_next(s + i, len - i))
		if (!sp_utf8_shown(s + i, sp_utf8_next(s + i, len - i)))
			return false;
	return true;
}

static enum sp_code
check_new(const struct machine_service_new *n, sp_time now, struct sp_err *err)
{
	if (!label_ok(n->label))
		return sp_fail_as(err, SP_E_INVALID, "service.label",
		    "label: 1 to %d bytes of UTF-8 without control characters",
		    MACHINE_SERVICE_LABEL);
	if (machine_scope_empty(&n->scope))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: at least one act");
	if (gate_token_expired(n->expires) ||
	    n->expires > now + MACHINE_SERVICE_DAYS * DAY)
		return sp_fail_as(err, SP_E_INVALID, "service.expires",
		    "expires: after now, and at most %d days from now",
		    MACHINE_SERVICE_DAYS);
	return SP_OK;
}

static enum sp_code
check_room(struct db *db, struct sp_err *err)
{
	DB_STMT st = db_use(db, &service_count);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (db_col_i64(st, 0) >= MACHINE_SERVICES_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "service.many",
		    "an agency has at most %d services; revoke one first",
		    MACHINE_SERVICES_MAX);
	return SP_OK;
}

static enum sp_code
insert_service(struct db *db, const struct machine_service_new *n,
    const struct sp_id *id, sp_time now, struct sp_err *err)
{
	SP_AUTO_BUF scope = sp_buf_new(MACHINE_SCOPE_TEXT);
	SP_AUTO_BUF ranges =
	    sp_buf_new((size_t)MACHINE_RANGES_MAX * MACHINE_RANGE_TEXT);
	DB_STMT st = db_use(db, &service_insert);

	machine_scope_text(&n->scope, &scope);
	machine_ranges_text(&n->ranges, &ranges);
	SP_TRY(sp_buf_check(&scope, "scope", err));
	SP_TRY(sp_buf_check(&ranges, "ranges", err));
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_text(st, 2, n->label);
	db_bind_text(st, 3, sp_buf_str(&scope));
	db_bind_text(st, 4, sp_buf_str(&ranges));
	db_bind_i64(st, 5, now);
	db_bind_i64(st, 6, n->expires);
	return db_run(st, NULL, err);
}

/* A new secret, whose issuer is whoever has it made. */
static enum sp_code
give_secret(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, struct machine_secret *n,
    char text[static GATE_TEXT_MAX], struct sp_err *err)
{
	const struct people_by who = gate_caller_by(by);

	gate_text_make(GATE_TEXT_SECRET, &by->agency, text);
	n->issuer = people_by_whom(&who);
	return machine_secret_add(ledger_tx_db(tx), id, text, n, err);
}

static enum sp_code
append(struct ledger_tx *tx, struct ledger_entry *e, struct sp_buf *detail,
    struct sp_err *err)
{
	SP_TRY(sp_buf_check(detail, "detail", err));
	e->detail = sp_buf_str(detail);
	return ledger_tx_append(tx, e, NULL, err);
}

enum sp_code
machine_service_add(struct ledger_tx *tx, const struct gate_caller *by,
    const struct machine_service_new *n, struct sp_id *id,
    char secret[static GATE_TEXT_MAX], struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(8192);
	struct sp_json j = sp_json_to(&detail);
	const struct people_by who = gate_caller_by(by);
	struct db *db = ledger_tx_db(tx);
	struct sp_id made = sp_id_new();
	struct ledger_entry e =
	    gate_entry(by, "service.added", "service", &made);
	struct machine_secret new = { .created = e.at, .expires = n->expires };
	char text[GATE_TEXT_MAX];
	CRYPTO_WIPE_ON_EXIT(text);

	SP_TRY(check_new(n, e.at, err));
	SP_TRY(check_room(db, err));
	SP_TRY(insert_service(db, n, &made, e.at, err));
	SP_TRY(gate_token_pace(tx, &who, GATE_PACE_CREDENTIAL, err));
	SP_TRY(give_secret(tx, by, &made, &new, text, err));
	sp_json_object(&j, NULL);
	sp_json_time(&j, "expires", n->expires);
	put_ranges(&j, &n->ranges);
	machine_scope_json(&j, "scope", &n->scope);
	sp_json_end(&j);
	SP_TRY(append(tx, &e, &detail, err));
	*id = made;
	memcpy(secret, text, sizeof(text));
	return SP_OK;
}

/* The secrets that there are, and what was got with them, which does not
 * outlive them; without an overlap, what is under way with it. */
static enum sp_code
retire(struct ledger_tx *tx, const struct sp_id *id, sp_time now,
    sp_time overlap, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);

	SP_TRY(machine_secret_retire(db, id, now + overlap, err));
	SP_TRY(machine_token_cut(db, id, now + overlap, err));
	return overlap == 0 ? ledger_tx_ends(tx, id, err) : SP_OK;
}

/* Not faster than they may; a secret that may be in somebody else's hands is
 * replaced even so. */
static enum sp_code
pace_rotation(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, sp_time overlap, struct sp_err *err)
{
	const struct people_by who = gate_caller_by(by);

	return overlap == 0
	    ? gate_token_pace_rescue(tx, &who, id, err)
	    : gate_token_pace(tx, &who, GATE_PACE_CREDENTIAL, err);
}

enum sp_code
machine_service_rotate(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, sp_time overlap, char secret[static GATE_TEXT_MAX],
    struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    gate_entry(by, "service.rotated", "service", id);
	struct machine_service s;
	struct machine_secret new = { .created = e.at };
	char text[GATE_TEXT_MAX];
	CRYPTO_WIPE_ON_EXIT(text);

	SP_REQUIRE(overlap >= 0 && overlap <= MACHINE_SERVICE_DAYS * DAY);
	SP_TRY(machine_service_find(ledger_tx_db(tx), id, &s, err));
	if (machine_service_over(&s))
		return sp_fail_as(err, SP_E_CONFLICT, "service.over",
		    "the service was revoked or its time is over: add a new "
		    "one");
	SP_TRY(pace_rotation(tx, by, id, overlap, err));
	SP_TRY(retire(tx, id, e.at, overlap, err));
	new.expires = s.expires;
	SP_TRY(give_secret(tx, by, id, &new, text, err));
	sp_json_object(&j, NULL);
	sp_json_time(&j, "before_until", e.at + overlap);
	sp_json_end(&j);
	SP_TRY(append(tx, &e, &detail, err));
	memcpy(secret, text, sizeof(text));
	return SP_OK;
}

enum sp_code
machine_service_revoke(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct ledger_entry e =
	    gate_entry(by, "service.revoked", "service", id);
	DB_STMT st = db_use(db, &service_revoke);
	struct machine_service s;
	uint64_t changed = 0;

	SP_TRY(machine_service_find(db, id, &s, err));
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, e.at);
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return sp_fail_as(err, SP_E_CONFLICT, "service.revoked",
		    "the service is already revoked");
	SP_TRY(machine_secret_drop(db, id, err));
	SP_TRY(ledger_tx_ends(tx, id, err));
	return ledger_tx_append(tx, &e, NULL, err);
}

/* --- proving --- */

static enum machine_refusal
judge(const struct machine_service *s, const struct machine_proof *p,
    bool known, const bool *stands)
{
	bool near = machine_ranges_hold(&s->ranges, p->address);

	if (!known)
		return MACHINE_NO_CLIENT;
	if (s->revoked != 0)
		return MACHINE_OVER;
	if (stands == NULL)
		return MACHINE_NO_SECRET;
	if (machine_service_over(s))
		return MACHINE_OVER;
	if (!*stands)
		return MACHINE_NO_ISSUER;
	return near ? MACHINE_PROVEN : MACHINE_NOT_ADDRESS;
}

/* A client that is not there is looked up and compared all the same. */
enum sp_code
machine_service_prove(struct db *db, const struct machine_proof *p,
    struct machine_proven *out, struct sp_err *err)
{
	struct machine_service s = { .secrets = 0 };
	struct machine_secrets has;
	const struct machine_secret *by;
	struct sp_id id = { .b = { 0 } };
	DB_STMT st = db_use(db, &service_by_id);
	size_t which = 0;
	bool known = false, good;

	SP_IGNORE(sp_id_parse(p->client, strlen(p->client), &id));
	db_bind_blob(st, 1, id.b, SP_ID_LEN);
	SP_TRY(db_row(st, &known, err));
	if (known)
		SP_TRY(from_row(st, &s, err));
	SP_TRY(machine_secret_read(db, p->rules, &id, &has, err));
	good = machine_secret_match(&has, p->secret, &which);
	by = &has.secret[which];
	*out = (struct machine_proven){
		.refusal = judge(&s, p, known, good ? &by->stands : NULL),
		.expires = by->expires < s.expires ? by->expires : s.expires,
		.doing = machine_secret_doing(by),
		.scope = s.scope,
	};
	if (known)
		out->id = id;
	if (out->refusal != MACHINE_PROVEN)
		return sp_fail_as(err, SP_E_UNKNOWN, "oauth.invalid_client",
		    "client authentication failed");
	return SP_OK;
}
