#include "machine/service.h"

#include "crypto/secret.h"

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
static const struct db_sql secret_insert = {
	"INSERT INTO machine_service_secret"
	"(hash, service, created, expires, issuer) VALUES(?1, ?2, ?3, ?4, ?5)",
};
static const struct db_sql secret_of = {
	"SELECT hash, created, expires, issuer FROM machine_service_secret"
	" WHERE service = ?1 ORDER BY created DESC, hash",
};
static const struct db_sql secret_drop = {
	"DELETE FROM machine_service_secret WHERE service = ?1 AND hash <> ?2",
};
static const struct db_sql secret_cut = {
	"UPDATE machine_service_secret SET expires = min(expires, ?2)"
	" WHERE service = ?1",
};
static const struct db_sql token_insert = {
	"INSERT INTO machine_service_token"
	"(hash, id, service, scope, certificate, issued, expires, issuer,"
	" since) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};
static const struct db_sql token_count = {
	"SELECT count(*) FROM machine_service_token WHERE service = ?1",
};
static const struct db_sql token_tidy = {
	"DELETE FROM machine_service_token WHERE service = ?1"
	" AND expires <= ?2",
};
static const struct db_sql token_cut = {
	"UPDATE machine_service_token SET expires = min(expires, ?2)"
	" WHERE service = ?1",
};
static const struct db_sql token_by_hash = {
	"SELECT t.scope, t.certificate, t.expires,"
	" s.id, s.scope, s.ranges, s.expires, s.revoked, t.issuer, t.since"
	" FROM machine_service_token t JOIN machine_service s"
	" ON s.id = t.service WHERE t.hash = ?1",
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

/* --- scopes --- */

bool
machine_scope_may(enum gate_act act)
{
	return gate_role_may(GATE_SERVICE, act) &&
	    (gate_act_row(act)->flags & GATE_PERSONS) == 0;
}

static enum sp_code
scope_word(const char *s, size_t len, struct gate_acts *io, struct sp_err *err)
{
	enum gate_act act;
	char word[64];

	if (len == 0 || len >= sizeof(word))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: names of acts with one space between them");
	memcpy(word, s, len);
	word[len] = '\0';
	if (!gate_act_parse(word, &act))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: no act is named %s (docs/roles.md lists them)",
		    word);
	if (!machine_scope_may(act))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: %s is not open to services (docs/roles.md)", word);
	gate_acts_add(io, act);
	return SP_OK;
}

enum sp_code
machine_scope_parse(const char *text, struct gate_acts *out, struct sp_err *err)
{
	struct gate_acts scope = { .bits = { 0 } };
	const char *at = text;

	for (;;) {
		size_t len = strcspn(at, " ");

		SP_TRY(scope_word(at, len, &scope, err));
		at += len;
		if (*at == '\0')
			break;
		at++;
	}
	*out = scope;
	return SP_OK;
}

void
machine_scope_text(const struct gate_acts *scope, struct sp_buf *out)
{
	const char *space = "";

	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		if (!gate_acts_has(scope, (enum gate_act)a))
			continue;
		sp_buf_fmt(out, "%s%s", space, gate_act_name((enum gate_act)a));
		space = " ";
	}
}

bool
machine_scope_within(const struct gate_acts *a, const struct gate_acts *b)
{
	return (a->bits[0] & ~b->bits[0]) == 0 &&
	    (a->bits[1] & ~b->bits[1]) == 0;
}

static bool
scope_empty(const struct gate_acts *s)
{
	return s->bits[0] == 0 && s->bits[1] == 0;
}

/* What is stored was parsed once; acts that a newer table takes from services
 * are not in it any more. */
static enum sp_code
scope_stored(
    struct db_stmt *st, int at, struct gate_acts *out, struct sp_err *err)
{
	struct gate_acts scope = { .bits = { 0 } };
	const char *s = db_col_text(st, at);

	while (*s != '\0') {
		size_t len = strcspn(s, " ");
		enum gate_act act;
		char word[64];

		if (len == 0 || len >= sizeof(word))
			return sp_fail(err, SP_E_CORRUPT,
			    "a service in the database has no proper scope");
		memcpy(word, s, len);
		word[len] = '\0';
		if (gate_act_parse(word, &act) && machine_scope_may(act))
			gate_acts_add(&scope, act);
		s += len;
		s += *s == ' ';
	}
	*out = scope;
	return SP_OK;
}

/* --- rows --- */

static enum sp_code
issuer_stored(struct db_stmt *st, int at, struct sp_id *out, struct sp_err *err)
{
	*out = (struct sp_id){ .b = { 0 } };
	return db_col_null(st, at)
	    ? SP_OK
	    : db_col_bytes(st, at, out->b, SP_ID_LEN, err);
}

static void
bind_issuer(struct db_stmt *st, int at, const struct sp_id *issuer)
{
	db_bind_blob(
	    st, at, sp_id_is_zero(issuer) ? NULL : issuer->b, SP_ID_LEN);
}

static enum sp_code
ranges_stored(
    struct db_stmt *st, int at, struct machine_ranges *out, struct sp_err *err)
{
	if (machine_ranges_parse(db_col_text(st, at), out, NULL) != SP_OK)
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
	SP_TRY(scope_stored(st, 2, &s.scope, err));
	SP_TRY(ranges_stored(st, 3, &s.ranges, err));
	if (strlen(label) > MACHINE_SERVICE_LABEL)
		return sp_fail(err, SP_E_CORRUPT,
		    "a service in the database has a label too long");
	memcpy(s.label, label, strlen(label) + 1);
	*out = s;
	return SP_OK;
}

static sp_time
earliest(sp_time a, sp_time b)
{
	return a < b ? a : b;
}

static bool
over(const struct machine_service *s)
{
	return s->revoked != 0 || gate_token_expired(s->expires);
}

/* Secrets that are good; `hash` (may be NULL) gets theirs, in the same order.
 */
static enum sp_code
read_secrets(struct db *db, struct machine_service *io,
    uint8_t (*hash)[CRYPTO_SHA256_LEN], struct sp_err *err)
{
	DB_STMT st = db_use(db, &secret_of);
	size_t n = 0;

	db_bind_blob(st, 1, io->id.b, SP_ID_LEN);
	for (;;) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found || n == MACHINE_SERVICE_SECRETS)
			break;
		if (gate_token_expired(db_col_i64(st, 2)))
			continue;
		if (hash != NULL)
			SP_TRY(db_col_bytes(
			    st, 0, hash[n], CRYPTO_SHA256_LEN, err));
		io->secret[n].created = db_col_i64(st, 1);
		io->secret[n].expires = db_col_i64(st, 2);
		SP_TRY(issuer_stored(st, 3, &io->secret[n].issuer, err));
		n++;
	}
	io->secrets = n;
	return SP_OK;
}

static struct people_doing
doing(const struct machine_service *s, size_t secret)
{
	return (struct people_doing){ s->secret[secret].issuer,
		s->secret[secret].created };
}

/* Are those there who had the secrets made? */
static enum sp_code
look_issuers(struct db *db, const struct people_rules *rules,
    struct machine_service *io, struct sp_err *err)
{
	for (size_t i = 0; i < io->secrets; i++) {
		struct people_doing d = doing(io, i);

		SP_TRY(people_person_stands(
		    db, rules, &d, sp_now(), &io->secret[i].stands, err));
	}
	if (io->secrets > 0) {
		io->issuer = io->secret[0].issuer;
		io->orphan = !io->secret[0].stands;
	}
	return SP_OK;
}

/* By its row; of secrets nothing yet. */
static enum sp_code
find_service(struct db *db, const struct sp_id *id, struct machine_service *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &service_by_id);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "no such service");
	return from_row(st, out, err);
}

enum sp_code
machine_service_get(struct db *db, const struct people_rules *rules,
    const struct sp_id *id, struct machine_service *out, struct sp_err *err)
{
	struct machine_service s;

	SP_TRY(find_service(db, id, &s, err));
	SP_TRY(read_secrets(db, &s, NULL, err));
	SP_TRY(look_issuers(db, rules, &s, err));
	*out = s;
	return SP_OK;
}

enum sp_code
machine_service_each(struct db *db, const struct people_rules *rules,
    enum sp_code (*visit)(
	void *arg, const struct machine_service *s, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &service_each);

	db_bind_i64(st, 1, MACHINE_SERVICES_REVOKED);
	for (;;) {
		struct machine_service s;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &s, err));
		SP_TRY(read_secrets(db, &s, NULL, err));
		SP_TRY(look_issuers(db, rules, &s, err));
		SP_TRY(visit(arg, &s, err));
	}
}

/* --- as JSON --- */

static void
put_time(struct sp_json *j, const char *name, sp_time t)
{
	char text[SP_TIME_TEXT];

	if (t == 0) {
		sp_json_null(j, name);
		return;
	}
	sp_time_text(t, text);
	sp_json_str(j, name, text);
}

static void
put_id(struct sp_json *j, const char *name, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	sp_json_str(j, name, text);
}

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

static void
put_scope(struct sp_json *j, const struct gate_acts *scope)
{
	sp_json_array(j, "scope");
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
		if (gate_acts_has(scope, (enum gate_act)a))
			sp_json_str(j, NULL, gate_act_name((enum gate_act)a));
	sp_json_end(j);
}

void
machine_service_json(
    struct sp_json *j, const char *name, const struct machine_service *s)
{
	bool good = !over(s);

	sp_json_object(j, name);
	put_time(j, "created_at", s->created);
	put_time(j, "expires_at", s->expires);
	put_id(j, "id", &s->id);
	if (sp_id_is_zero(&s->issuer))
		sp_json_null(j, "issuer");
	else
		put_id(j, "issuer", &s->issuer);
	sp_json_str(j, "label", s->label);
	put_ranges(j, &s->ranges);
	put_time(j, "revoked_at", s->revoked);
	put_scope(j, &s->scope);
	sp_json_array(j, "secrets");
	for (size_t i = 0; good && i < s->secrets; i++) {
		sp_json_object(j, NULL);
		put_time(j, "created_at", s->secret[i].created);
		put_time(j, "expires_at", s->secret[i].expires);
		sp_json_end(j);
	}
	sp_json_end(j);
	put_time(j, "used_at", s->used);
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
	if (scope_empty(&n->scope))
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

struct secret_new {
	const struct gate_caller *by;
	sp_time created, expires;
};

static enum sp_code
insert_secret(struct db *db, const struct sp_id *service, const char *text,
    const struct secret_new *n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &secret_insert);
	const struct people_by by = gate_caller_by(n->by);
	struct sp_id issuer = people_by_whom(&by);
	uint8_t hash[CRYPTO_SHA256_LEN];

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, service->b, SP_ID_LEN);
	db_bind_i64(st, 3, n->created);
	db_bind_i64(st, 4, n->expires);
	bind_issuer(st, 5, &issuer);
	return db_run(st, NULL, err);
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
	struct db *db = ledger_tx_db(tx);
	struct sp_id made = sp_id_new();
	struct ledger_entry e =
	    gate_entry(by, "service.added", "service", &made);
	const struct secret_new new = { by, e.at, n->expires };
	char text[GATE_TEXT_MAX];
	CRYPTO_WIPE_ON_EXIT(text);

	SP_TRY(check_new(n, e.at, err));
	SP_TRY(check_room(db, err));
	gate_text_make(GATE_TEXT_SECRET, &by->agency, text);
	SP_TRY(insert_service(db, n, &made, e.at, err));
	SP_TRY(insert_secret(db, &made, text, &new, err));
	sp_json_object(&j, NULL);
	put_time(&j, "expires", n->expires);
	put_ranges(&j, &n->ranges);
	put_scope(&j, &n->scope);
	sp_json_end(&j);
	SP_TRY(append(tx, &e, &detail, err));
	*id = made;
	memcpy(secret, text, sizeof(text));
	return SP_OK;
}

/* The newest stays, until `until` at most; the others go.  What was got with
 * them does not outlive them. */
static enum sp_code
retire_secrets(struct db *db, const struct sp_id *service, sp_time until,
    struct sp_err *err)
{
	struct machine_service s = { .id = *service };
	uint8_t hash[MACHINE_SERVICE_SECRETS][CRYPTO_SHA256_LEN] = { { 0 } };
	DB_STMT drop = db_use(db, &secret_drop);
	DB_STMT cut = db_use(db, &secret_cut);
	DB_STMT tokens = db_use(db, &token_cut);

	SP_TRY(read_secrets(db, &s, hash, err));
	/* With none that is good, no row has the hash of zeros: all go. */
	db_bind_blob(drop, 1, service->b, SP_ID_LEN);
	db_bind_blob(drop, 2, hash[0], sizeof(hash[0]));
	SP_TRY(db_run(drop, NULL, err));
	db_bind_blob(cut, 1, service->b, SP_ID_LEN);
	db_bind_i64(cut, 2, until);
	SP_TRY(db_run(cut, NULL, err));
	db_bind_blob(tokens, 1, service->b, SP_ID_LEN);
	db_bind_i64(tokens, 2, until);
	return db_run(tokens, NULL, err);
}

enum sp_code
machine_service_rotate(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, sp_time overlap, char secret[static GATE_TEXT_MAX],
    struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct db *db = ledger_tx_db(tx);
	struct ledger_entry e =
	    gate_entry(by, "service.rotated", "service", id);
	struct machine_service s;
	struct secret_new new = { by, e.at, 0 };
	char text[GATE_TEXT_MAX];
	CRYPTO_WIPE_ON_EXIT(text);

	SP_REQUIRE(overlap >= 0 && overlap <= MACHINE_SERVICE_DAYS * DAY);
	SP_TRY(find_service(db, id, &s, err));
	if (over(&s))
		return sp_fail_as(err, SP_E_CONFLICT, "service.over",
		    "the service was revoked or its time is over: add a new "
		    "one");
	gate_text_make(GATE_TEXT_SECRET, &by->agency, text);
	SP_TRY(retire_secrets(db, id, e.at + overlap, err));
	/* Whoever is at it with what was got by the old one. */
	if (overlap == 0)
		SP_TRY(ledger_tx_ends(tx, id, err));
	new.expires = s.expires;
	SP_TRY(insert_secret(db, id, text, &new, err));
	sp_json_object(&j, NULL);
	put_time(&j, "before_until", e.at + overlap);
	sp_json_end(&j);
	SP_TRY(append(tx, &e, &detail, err));
	memcpy(secret, text, sizeof(text));
	return SP_OK;
}

static enum sp_code
drop_secrets(struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &secret_drop);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, "", 0); /* no row's hash */
	return db_run(st, NULL, err);
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

	SP_TRY(find_service(db, id, &s, err));
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, e.at);
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return sp_fail_as(err, SP_E_CONFLICT, "service.revoked",
		    "the service is already revoked");
	SP_TRY(drop_secrets(db, id, err));
	SP_TRY(ledger_tx_ends(tx, id, err));
	return ledger_tx_append(tx, &e, NULL, err);
}

/* --- proving --- */

/* Compared with as many hashes whether there are secrets or not. */
static bool
matches(const struct machine_service *s, uint8_t (*hash)[CRYPTO_SHA256_LEN],
    const char *secret, size_t *which)
{
	uint8_t shown[CRYPTO_SHA256_LEN];
	bool good = false;

	gate_text_hash(secret, shown);
	for (size_t i = 0; i < MACHINE_SERVICE_SECRETS; i++) {
		if (crypto_bytes_equal(shown, hash[i], sizeof(shown)) &&
		    i < s->secrets) {
			good = true;
			*which = i;
		}
	}
	return good;
}

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
	if (over(s))
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
	uint8_t hash[MACHINE_SERVICE_SECRETS][CRYPTO_SHA256_LEN] = { { 0 } };
	struct machine_service s = { .secrets = 0 };
	struct sp_id id = { .b = { 0 } };
	DB_STMT st = db_use(db, &service_by_id);
	size_t which = 0;
	bool known = false, good;

	SP_IGNORE(sp_id_parse(p->client, strlen(p->client), &id));
	db_bind_blob(st, 1, id.b, SP_ID_LEN);
	SP_TRY(db_row(st, &known, err));
	if (known)
		SP_TRY(from_row(st, &s, err));
	s.id = id;
	SP_TRY(read_secrets(db, &s, hash, err));
	SP_TRY(look_issuers(db, p->rules, &s, err));
	good = matches(&s, hash, p->secret, &which);
	*out = (struct machine_proven){
		.refusal =
		    judge(&s, p, known, good ? &s.secret[which].stands : NULL),
		.expires = earliest(s.secret[which].expires, s.expires),
		.doing = doing(&s, which),
		.scope = s.scope,
	};
	if (known)
		out->id = id;
	if (out->refusal != MACHINE_PROVEN)
		return sp_fail_as(err, SP_E_UNKNOWN, "oauth.invalid_client",
		    "client authentication failed");
	return SP_OK;
}

/* --- access tokens --- */

static enum sp_code
check_issue(struct db *db, const struct machine_token_new *n,
    const struct machine_service *s, struct sp_err *err)
{
	DB_STMT tidy = db_use(db, &token_tidy);
	DB_STMT st = db_use(db, &token_count);
	bool found = false;

	if (over(s) || gate_token_expired(n->until))
		return sp_fail_as(err, SP_E_UNKNOWN, "oauth.invalid_client",
		    "client authentication failed");
	if (scope_empty(&n->scope) ||
	    !machine_scope_within(&n->scope, &s->scope))
		return sp_fail_as(err, SP_E_INVALID, "oauth.invalid_scope",
		    "the scope is not within the one that was granted");
	db_bind_blob(tidy, 1, s->id.b, SP_ID_LEN);
	db_bind_i64(tidy, 2, sp_now());
	SP_TRY(db_run(tidy, NULL, err));
	db_bind_blob(st, 1, s->id.b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (db_col_i64(st, 0) >= MACHINE_TOKENS_LIVE)
		return sp_fail_as(err, SP_E_LIMIT, "service.tokens",
		    "%d tokens of this service are still good: use one until "
		    "it ends",
		    MACHINE_TOKENS_LIVE);
	return SP_OK;
}

static enum sp_code
insert_token(struct db *db, const struct machine_token_new *n,
    const struct machine_token *t, struct sp_err *err)
{
	SP_AUTO_BUF scope = sp_buf_new(MACHINE_SCOPE_TEXT);
	DB_STMT st = db_use(db, &token_insert);
	DB_STMT used = db_use(db, &service_used);
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
	bind_issuer(st, 8, &n->doing.person);
	db_bind_i64(st, 9, n->doing.since);
	SP_TRY(db_run(st, NULL, err));
	db_bind_blob(used, 1, n->service.b, SP_ID_LEN);
	db_bind_i64(used, 2, t->issued);
	return db_run(used, NULL, err);
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
	put_time(&j, "expires", t->expires);
	put_scope(&j, &n->scope);
	put_id(&j, "token", &t->id);
	sp_json_end(&j);
	return append(tx, &e, &detail, err);
}

enum sp_code
machine_token_issue(struct ledger_tx *tx, const struct machine_token_new *n,
    struct machine_token *out, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct machine_token t = { .id = sp_id_new(), .issued = sp_now() };
	CRYPTO_WIPE_ON_EXIT(t);
	struct machine_service s;
	enum sp_code code = find_service(db, &n->service, &s, err);

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
find_token(
    struct db *db, const char *text, struct found *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &token_by_hash);
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct found f = { .bound = false };
	bool found = false;

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "the token is not known");
	SP_TRY(scope_stored(st, 0, &f.scope, err));
	f.bound = !db_col_null(st, 1);
	if (f.bound)
		SP_TRY(db_col_bytes(
		    st, 1, f.certificate, sizeof(f.certificate), err));
	SP_TRY(db_col_bytes(st, 3, f.service.b, SP_ID_LEN, err));
	SP_TRY(scope_stored(st, 4, &f.most, err));
	SP_TRY(ranges_stored(st, 5, &f.ranges, err));
	f.expires = earliest(db_col_i64(st, 2), db_col_i64(st, 6));
	f.revoked = db_col_i64(st, 7) != 0;
	SP_TRY(issuer_stored(st, 8, &f.doing.person, err));
	f.doing.since = db_col_i64(st, 9);
	*out = f;
	return SP_OK;
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
