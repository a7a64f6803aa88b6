#include "gate/recovery.h"

#include "base/json.h"
#include "crypto/secret.h"
#include "gate/gate.h"

#include <string.h>

/* `used` is when a share was handed in and done with, or made void: 0 is good.
 * Of recoveries one is open at most: the newest, until it is over. */
const char gate_recovery_schema[] =
    "CREATE TABLE recovery_share("
    " hash BLOB NOT NULL PRIMARY KEY CHECK(length(hash) = 32),"
    " id BLOB NOT NULL UNIQUE CHECK(length(id) = 16),"
    " custodian BLOB NOT NULL CHECK(length(custodian) = 16),"
    " made INTEGER NOT NULL,"
    " used INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "CREATE TABLE recovery("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " share BLOB NOT NULL, custodian BLOB NOT NULL,"
    " begun INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " over INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID";

/* When an administrator last showed what they sign in with: there from the
 * first time on, and it only grows.  The room that knows of it (signin) writes
 * it. */
const char gate_recovery_settled_schema[] =
    "CREATE TABLE gate_settled("
    " one INTEGER NOT NULL PRIMARY KEY CHECK(one = 1),"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE TRIGGER gate_settled_stays BEFORE DELETE ON gate_settled"
    " BEGIN SELECT RAISE(ABORT, 'settled is settled'); END;"
    "CREATE TRIGGER gate_settled_grows BEFORE UPDATE ON gate_settled"
    " WHEN new.at < old.at"
    " BEGIN SELECT RAISE(ABORT, 'settled is settled'); END";

static const struct db_sql share_insert = {
	"INSERT INTO recovery_share(hash, id, custodian, made)"
	" VALUES(?1, ?2, ?3, ?4)",
};
static const struct db_sql share_by_hash = {
	"SELECT id, custodian FROM recovery_share"
	" WHERE hash = ?1 AND used = 0",
};
static const struct db_sql share_each = {
	"SELECT custodian, made FROM recovery_share WHERE used = 0 ORDER BY id",
};
static const struct db_sql share_spend = {
	"UPDATE recovery_share SET used = ?1 WHERE used = 0",
};
static const struct db_sql recovery_insert = {
	"INSERT INTO recovery(id, share, custodian, begun, expires)"
	" VALUES(?1, ?2, ?3, ?4, ?5)",
};
static const struct db_sql recovery_open = {
	"SELECT id, share, custodian, begun, expires FROM recovery"
	" WHERE over = 0 ORDER BY id DESC LIMIT 1",
};
static const struct db_sql recovery_end = {
	"UPDATE recovery SET over = ?1 WHERE over = 0",
};
static const struct db_sql machine_administrators = {
	"SELECT count(*) FROM gate_token WHERE role = 'administrator'"
	" AND person IS NULL AND issuer IS NULL AND revoked = 0"
	" AND expires > ?1"
	" AND NOT EXISTS(SELECT 1 FROM gate_settled WHERE at >= created)",
};
static const struct db_sql settled_since = {
	"SELECT EXISTS(SELECT 1 FROM gate_settled WHERE at >= ?1)",
};
static const struct db_sql share_of = {
	"SELECT EXISTS(SELECT 1 FROM recovery_share"
	" WHERE used = 0 AND custodian = ?1)",
};

const char *
gate_recovery_refusal_name(enum gate_recovery_refusal r)
{
	static const char *const names[] = {
#define X(id, name) [id] = (name),
		GATE_RECOVERY_REFUSALS(X)
#undef X
	};

	SP_REQUIRE((size_t)r < SP_COUNTOF(names));
	return names[r];
}

enum sp_code
gate_recovery_refused(enum gate_recovery_refusal r, struct sp_err *err)
{
	static const char *const texts[GATE_RECOVERY_REFUSAL_COUNT] = {
		[GATE_RECOVERY_TAKEN] = "",
		[GATE_RECOVERY_NO_SHARE] =
		    "this is not a share that is good now",
		[GATE_RECOVERY_NOT_THEIRS] =
		    "a share counts only in the hands of its custodian",
		[GATE_RECOVERY_SELF] =
		    "both shares are one human being's: bring another's",
		[GATE_RECOVERY_NOT_BEGUN] =
		    "no such recovery is open: begin one with the first share",
	};

	SP_REQUIRE(r != GATE_RECOVERY_TAKEN);
	return sp_fail_as(err,
	    r == GATE_RECOVERY_NOT_BEGUN ? SP_E_CONFLICT : SP_E_DENIED,
	    gate_recovery_refusal_name(r), "%s", texts[r]);
}

static enum sp_code
append(struct ledger_tx *tx, struct ledger_entry *e, struct sp_buf *detail,
    struct sp_err *err)
{
	SP_TRY(sp_buf_check(detail, "detail", err));
	e->detail = sp_buf_str(detail);
	return ledger_tx_append(tx, e, NULL, err);
}

/* --- preparing --- */

static enum sp_code
bad_custodians(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_INVALID, "recovery.custodians",
	    "custodians: %d to %d active persons with role custodian or laso, "
	    "each another human being",
	    GATE_RECOVERY_NEEDED, GATE_RECOVERY_SHARES);
}

static enum sp_code
check_custodian(struct db *db, const struct people_rules *rules,
    const struct gate_recovery_share *share, size_t i, struct sp_err *err)
{
	struct people_person p;
	enum sp_code code =
	    people_person_by_id(db, &share[i].custodian, &p, err);

	if (code == SP_E_NOTFOUND)
		return bad_custodians(err);
	SP_TRY(code);
	if (people_person_state(&p, rules, sp_now()).state != PEOPLE_ACTIVE ||
	    (p.role != PEOPLE_CUSTODIAN && p.role != PEOPLE_LASO))
		return bad_custodians(err);
	for (size_t k = 0; k < i; k++) {
		bool same = false;

		SP_TRY(people_person_same_human(
		    db, &share[k].custodian, &p.id, &same, err));
		if (same)
			return bad_custodians(err);
	}
	return SP_OK;
}

static enum sp_code
keep_share(struct db *db, const struct gate_recovery_share *share, sp_time now,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &share_insert);
	uint8_t hash[CRYPTO_SHA256_LEN];

	gate_text_hash(share->text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, share->id.b, SP_ID_LEN);
	db_bind_blob(st, 3, share->custodian.b, SP_ID_LEN);
	db_bind_i64(st, 4, now);
	return db_run(st, NULL, err);
}

/* All shares and whatever was begun with them are void. */
static enum sp_code
spend_all(struct db *db, sp_time now, struct sp_err *err)
{
	DB_STMT shares = db_use(db, &share_spend);
	DB_STMT begun = db_use(db, &recovery_end);

	db_bind_i64(shares, 1, now);
	SP_TRY(db_run(shares, NULL, err));
	db_bind_i64(begun, 1, now);
	return db_run(begun, NULL, err);
}

enum sp_code
gate_recovery_prepare(struct ledger_tx *tx, const struct gate_caller *by,
    const struct people_rules *rules, struct gate_recovery_share *share,
    size_t n, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(2048);
	struct sp_json j = sp_json_to(&detail);
	struct db *db = ledger_tx_db(tx);
	struct ledger_entry e =
	    gate_entry(by, "recovery.prepared", "agency", NULL);

	if (n < GATE_RECOVERY_NEEDED || n > GATE_RECOVERY_SHARES)
		return bad_custodians(err);
	for (size_t i = 0; i < n; i++)
		SP_TRY(check_custodian(db, rules, share, i, err));
	SP_TRY(spend_all(db, e.at, err));
	sp_json_object(&j, NULL);
	sp_json_array(&j, "custodians");
	for (size_t i = 0; i < n; i++) {
		share[i].id = sp_id_new();
		gate_text_make(GATE_TEXT_RECOVERY, &by->agency, share[i].text);
		SP_TRY(keep_share(db, &share[i], e.at, err));
		sp_json_id(&j, NULL, &share[i].custodian);
	}
	sp_json_end(&j);
	sp_json_int(&j, "needed", GATE_RECOVERY_NEEDED);
	sp_json_end(&j);
	return append(tx, &e, &detail, err);
}

/* --- shares that are handed in --- */

struct handed {
	struct sp_id id, custodian;
};

/* Whose account is over for ever has no share any more; one that is only
 * disabled may be so with everybody else's. */
static enum sp_code
has_left(
    struct db *db, const struct sp_id *person, bool *out, struct sp_err *err)
{
	struct people_person p;

	SP_TRY(people_person_by_id(db, person, &p, err));
	*out = p.state == PEOPLE_TERMINATED ||
	    (p.ends != 0 && gate_token_expired(p.ends));
	return SP_OK;
}

/* Is it good, and in its custodian's hands?  `by` without a person: the server
 * itself, which asks nobody who they are. */
static enum sp_code
take_share(struct db *db, const struct gate_caller *by, const char *text,
    struct handed *out, enum gate_recovery_refusal *refused, struct sp_err *err)
{
	DB_STMT st = db_use(db, &share_by_hash);
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct handed h;
	bool found = false, left = false, same = true;

	*refused = GATE_RECOVERY_NO_SHARE;
	if (!gate_text_is(text, GATE_TEXT_RECOVERY, &by->agency))
		return SP_OK;
	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, h.id.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, h.custodian.b, SP_ID_LEN, err));
	SP_TRY(has_left(db, &h.custodian, &left, err));
	if (left)
		return SP_OK;
	if (!sp_id_is_zero(&by->token))
		SP_TRY(people_person_same_human(
		    db, &by->person, &h.custodian, &same, err));
	*refused = same ? GATE_RECOVERY_TAKEN : GATE_RECOVERY_NOT_THEIRS;
	*out = h;
	return SP_OK;
}

static enum sp_code
record_refusal(struct ledger_tx *tx, const struct gate_caller *by,
    enum gate_recovery_refusal why, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    gate_entry(by, "recovery.refused", "agency", NULL);

	e.outcome = LEDGER_REFUSED;
	sp_json_object(&j, NULL);
	sp_json_str(
	    &j, "code", gate_recovery_refusal_name(why) + strlen("recovery."));
	sp_json_end(&j);
	return append(tx, &e, &detail, err);
}

static enum sp_code
begun(struct ledger_tx *tx, const struct gate_caller *by,
    const struct handed *h, struct gate_recovery *out, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct db *db = ledger_tx_db(tx);
	DB_STMT end = db_use(db, &recovery_end);
	DB_STMT st = db_use(db, &recovery_insert);
	struct gate_recovery r = { .id = sp_id_new(),
		.custodian = h->custodian };
	struct ledger_entry e =
	    gate_entry(by, "recovery.begun", "recovery", &r.id);
	char expires[SP_TIME_TEXT];

	r.begun = e.at;
	r.expires = e.at + GATE_RECOVERY_OPEN;
	db_bind_i64(end, 1, e.at);
	SP_TRY(db_run(end, NULL, err));
	db_bind_blob(st, 1, r.id.b, SP_ID_LEN);
	db_bind_blob(st, 2, h->id.b, SP_ID_LEN);
	db_bind_blob(st, 3, h->custodian.b, SP_ID_LEN);
	db_bind_i64(st, 4, r.begun);
	db_bind_i64(st, 5, r.expires);
	SP_TRY(db_run(st, NULL, err));
	sp_time_text(r.expires, expires);
	sp_json_object(&j, NULL);
	sp_json_id(&j, "custodian", &h->custodian);
	sp_json_str(&j, "expires", expires);
	sp_json_end(&j);
	SP_TRY(append(tx, &e, &detail, err));
	*out = r;
	return SP_OK;
}

enum sp_code
gate_recovery_begin(struct ledger_tx *tx, const struct gate_caller *by,
    const char *share, struct gate_recovery *out, struct sp_err *err)
{
	enum gate_recovery_refusal refused;
	struct handed h;

	SP_TRY(take_share(ledger_tx_db(tx), by, share, &h, &refused, err));
	if (refused == GATE_RECOVERY_TAKEN)
		return begun(tx, by, &h, out, err);
	*out = (struct gate_recovery){ .refused = refused };
	return record_refusal(tx, by, refused, err);
}

/* The recovery that is open; false: none. */
static enum sp_code
find_open(struct db *db, struct gate_recovery *out, struct sp_id *share,
    bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &recovery_open);
	struct gate_recovery r = { .refused = GATE_RECOVERY_TAKEN };
	bool row = false;

	*found = false;
	SP_TRY(db_row(st, &row, err));
	if (!row || gate_token_expired(db_col_i64(st, 4)))
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, r.id.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, share->b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 2, r.custodian.b, SP_ID_LEN, err));
	r.begun = db_col_i64(st, 3);
	r.expires = db_col_i64(st, 4);
	*out = r;
	*found = true;
	return SP_OK;
}

/* Both shares were good: they are spent, and so are the others. */
static enum sp_code
confirmed(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *recovery, const struct sp_id *custodian,
    struct gate_recovered *out, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    gate_entry(by, "recovery.confirmed", "recovery", recovery);
	struct gate_token_new t = {
		.agency = by->agency,
		.role = GATE_ADMINISTRATOR,
		.label = "recovery: for whoever administers from now on",
		.expires = e.at + GATE_RECOVERY_TOKEN,
		.by = by,
		.of_site = true,
	};
	struct gate_recovered r = { .expires = t.expires };
	CRYPTO_WIPE_ON_EXIT(r);

	SP_TRY(spend_all(ledger_tx_db(tx), e.at, err));
	SP_TRY(gate_token_issue(tx, &t, &r.token, r.text, err));
	sp_json_object(&j, NULL);
	sp_json_id(&j, "custodian", custodian);
	sp_json_id(&j, "token", &r.token);
	sp_json_end(&j);
	SP_TRY(append(tx, &e, &detail, err));
	*out = r;
	return SP_OK;
}

/* The second share: good, its custodian's, and not by the human who began. */
static enum sp_code
judge_second(struct db *db, const struct gate_recovery *open,
    const struct handed *h, enum gate_recovery_refusal *io, struct sp_err *err)
{
	bool same = false;

	if (*io != GATE_RECOVERY_TAKEN)
		return SP_OK;
	SP_TRY(people_person_same_human(
	    db, &open->custodian, &h->custodian, &same, err));
	if (same)
		*io = GATE_RECOVERY_SELF;
	return SP_OK;
}

enum sp_code
gate_recovery_confirm(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, const char *share, struct gate_recovered *out,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	enum gate_recovery_refusal refused = GATE_RECOVERY_NOT_BEGUN;
	struct gate_recovery open;
	struct sp_id first;
	struct handed h = { .id = { .b = { 0 } } };
	bool found = false;

	SP_TRY(find_open(db, &open, &first, &found, err));
	if (found && sp_id_equal(&open.id, id)) {
		SP_TRY(take_share(db, by, share, &h, &refused, err));
		SP_TRY(judge_second(db, &open, &h, &refused, err));
	}
	if (refused == GATE_RECOVERY_TAKEN)
		return confirmed(tx, by, id, &h.custodian, out, err);
	*out = (struct gate_recovered){ .refused = refused };
	return record_refusal(tx, by, refused, err);
}

enum sp_code
gate_recovery_offline(struct ledger_tx *tx, const struct sp_id *agency,
    const char *const share[static 2], struct gate_recovered *out,
    struct sp_err *err)
{
	struct gate_caller site = { .agency = *agency, .source = "cli" };
	struct gate_recovery first;

	SP_TRY(gate_recovery_begin(tx, &site, share[0], &first, err));
	if (first.refused != GATE_RECOVERY_TAKEN) {
		*out = (struct gate_recovered){ .refused = first.refused };
		return SP_OK;
	}
	return gate_recovery_confirm(tx, &site, &first.id, share[1], out, err);
}

/* --- how it stands --- */

/* The shares that there are, of custodians who have not left. */
static enum sp_code
count_shares(struct db *db, struct gate_recovery_state *io, struct sp_err *err)
{
	DB_STMT st = db_use(db, &share_each);

	while (io->shares < GATE_RECOVERY_SHARES) {
		struct sp_id *custodian = &io->custodian[io->shares];
		bool found = false, left = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, custodian->b, SP_ID_LEN, err));
		SP_TRY(has_left(db, custodian, &left, err));
		io->made = db_col_i64(st, 1);
		io->shares += left ? 0 : 1;
	}
	return SP_OK;
}

enum sp_code
gate_recovery_state(
    struct db *db, struct gate_recovery_state *out, struct sp_err *err)
{
	struct gate_recovery_state s = { .shares = 0 };
	struct sp_id share;
	bool found = false;

	SP_TRY(count_shares(db, &s, err));
	SP_TRY(find_open(db, &s.open, &share, &found, err));
	*out = s;
	return SP_OK;
}

enum sp_code
gate_recovery_holds(
    struct db *db, const struct sp_id *person, bool *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &share_of);
	bool found = false;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*out = found && db_col_i64(st, 0) != 0;
	return SP_OK;
}

enum sp_code
gate_recovery_settled(
    struct db *db, sp_time made, bool *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &settled_since);
	bool found = false;

	db_bind_i64(st, 1, made);
	SP_TRY(db_row(st, &found, err));
	*out = found && db_col_i64(st, 0) != 0;
	return SP_OK;
}

struct counting {
	struct db *db;
	const struct people_rules *rules;
	gate_recovery_able able;
	struct gate_administrators n;
};

static enum sp_code
count_administrator(
    void *arg, const struct people_person *p, struct sp_err *err)
{
	struct counting *c = arg;
	sp_time now = sp_now();
	bool able = false;

	if (p->role != PEOPLE_ADMINISTRATOR || p->ends != 0 ||
	    p->temporary != 0 || !people_person_live(p, c->rules, now))
		return SP_OK;
	c->n.all++;
	if (people_person_state(p, c->rules, now).state != PEOPLE_ACTIVE)
		return SP_OK;
	SP_TRY(c->able(c->db, &p->id, &able, err));
	c->n.able += able;
	return SP_OK;
}

enum sp_code
gate_recovery_administrators(struct db *db, const struct people_rules *rules,
    gate_recovery_able able, struct gate_administrators *out,
    struct sp_err *err)
{
	struct counting c = { .db = db, .rules = rules, .able = able };

	SP_TRY(people_person_each(db, count_administrator, &c, err));
	*out = c.n;
	return SP_OK;
}

/* Another way back: shares, or a token that nobody issued and that is not
 * settled. */
static enum sp_code
way_back(struct db *db, bool *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &machine_administrators);
	struct gate_recovery_state s;
	bool found = false;

	SP_TRY(gate_recovery_state(db, &s, err));
	db_bind_i64(st, 1, sp_now());
	SP_TRY(db_row(st, &found, err));
	*out = s.shares >= GATE_RECOVERY_NEEDED || db_col_i64(st, 0) > 0;
	return SP_OK;
}

enum sp_code
gate_recovery_kept(struct db *db, const struct people_rules *rules,
    gate_recovery_able able, const struct gate_administrators *before,
    struct sp_err *err)
{
	struct gate_administrators now;
	bool back = false;

	SP_TRY(gate_recovery_administrators(db, rules, able, &now, err));
	if ((before->all == 0 || now.all > 0) &&
	    (before->able == 0 || now.able > 0))
		return SP_OK;
	SP_TRY(way_back(db, &back, err));
	if (back)
		return SP_OK;
	return sp_fail_as(err, SP_E_CONFLICT, "person.last",
	    "nobody would be left who can sign in as administrator: have "
	    "another person with that role sign in, or make recovery shares "
	    "(sallyport recovery prepare), first");
}
