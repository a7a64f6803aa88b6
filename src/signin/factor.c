#include "signin/factor.h"

#include "base/json.h"

#include <string.h>

#define X(id, name) [id] = (name),
static const char *const kind_names[] = { SIGNIN_FACTOR_KINDS(X) };
#undef X

static const struct db_sql factor_insert = {
	"INSERT INTO signin_factor(id, person, kind, label, created, used)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?5)",
};
static const struct db_sql factor_kinds = {
	"SELECT kind FROM signin_factor WHERE person = ?1",
};
static const struct db_sql factor_recovery = {
	"SELECT count(*) FROM signin_recovery WHERE person = ?1",
};
static const struct db_sql factor_can = {
	"SELECT EXISTS(SELECT 1 FROM signin_factor WHERE person = ?1)"
	" OR EXISTS(SELECT 1 FROM signin_session WHERE person = ?1"
	" AND factor = 'second')",
};
static const struct db_sql factor_of = {
	"SELECT id, kind, label, created, used FROM signin_factor"
	" WHERE person = ?1 ORDER BY id",
};
static const struct db_sql factor_one = {
	"SELECT kind, (SELECT count(*) FROM signin_factor WHERE person = ?1)"
	" FROM signin_factor WHERE person = ?1 AND id = ?2",
};
static const struct db_sql factor_any = {
	"SELECT id, kind FROM signin_factor WHERE person = ?1 LIMIT 1",
};
static const struct db_sql factor_delete = {
	"DELETE FROM signin_factor WHERE id = ?1",
};
static const struct db_sql factor_use = {
	"UPDATE signin_factor SET used = ?2 WHERE id = ?1",
};

const char *
signin_factor_kind_name(enum signin_factor_kind kind)
{
	SP_REQUIRE((size_t)kind < SIGNIN_FACTOR_KIND_COUNT);
	return kind_names[kind];
}

static bool
kind_parse(const char *s, enum signin_factor_kind *out)
{
	for (unsigned i = 0; i < SIGNIN_FACTOR_KIND_COUNT; i++) {
		if (strcmp(s, kind_names[i]) == 0) {
			*out = (enum signin_factor_kind)i;
			return true;
		}
	}
	return false;
}

static enum sp_code
enter(const struct people_act *a, const char *act,
    const struct signin_factor_new *n, struct sp_err *err)
{
	char person[SP_ID_TEXT];
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "kind", kind_names[n->kind]);
	sp_id_text(&n->person, person);
	sp_json_str(&j, "person", person);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "credential", &n->id, sp_buf_str(&detail), err);
}

static bool
label_ok(const char *s)
{
	size_t len = strnlen(s, SIGNIN_FACTOR_LABEL + 1), at = 0;

	if (len == 0 || len > SIGNIN_FACTOR_LABEL)
		return false;
	while (at < len) {
		size_t n = sp_utf8_next(s + at, len - at);

		if (n == 0 || !sp_utf8_shown(s + at, n))
			return false;
		at += n;
	}
	return true;
}

static enum sp_code
count(struct db *db, const struct sp_id *person, size_t *n, unsigned *set,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &factor_kinds);
	enum signin_factor_kind kind = SIGNIN_TOTP;

	*n = 0;
	*set = 0;
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	for (;; ++*n) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		if (!kind_parse(db_col_text(st, 0), &kind))
			return sp_fail(err, SP_E_CORRUPT,
			    "a factor in the database is of a kind that "
			    "nobody knows");
		*set |= SIGNIN_HAS(kind);
	}
}

enum sp_code
signin_factor_add(const struct people_act *a, const struct signin_factor_new *n,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, &factor_insert);
	unsigned set = 0;
	size_t has = 0;

	if (n->label != NULL && !label_ok(n->label))
		return sp_fail_as(err, SP_E_INVALID, "factor.label",
		    "label: 1 to %d bytes of UTF-8 without controls",
		    SIGNIN_FACTOR_LABEL);
	SP_TRY(count(db, &n->person, &has, &set, err));
	if (has >= SIGNIN_FACTORS_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "factor.many",
		    "one person has at most %d second factors: remove one "
		    "first",
		    SIGNIN_FACTORS_MAX);
	db_bind_blob(st, 1, n->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, n->person.b, SP_ID_LEN);
	db_bind_text(st, 3, kind_names[n->kind]);
	db_bind_text(st, 4, n->label == NULL ? kind_names[n->kind] : n->label);
	db_bind_i64(st, 5, a->now);
	SP_TRY(db_run(st, NULL, err));
	return enter(a, "credential.enrolled", n, err);
}

static enum sp_code
delete_one(const struct people_act *a, const struct signin_factor_new *n,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &factor_delete);

	db_bind_blob(st, 1, n->id.b, SP_ID_LEN);
	SP_TRY(db_run(st, NULL, err));
	return enter(a, "credential.removed", n, err);
}

static enum sp_code
any_of(
    struct db *db, struct signin_factor_new *n, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &factor_any);

	db_bind_blob(st, 1, n->person.b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	if (!kind_parse(db_col_text(st, 1), &n->kind))
		return sp_fail(
		    err, SP_E_CORRUPT, "a factor of a kind that nobody knows");
	return db_col_bytes(st, 0, n->id.b, SP_ID_LEN, err);
}

enum sp_code
signin_factor_remove(const struct people_act *a, const struct sp_id *person,
    const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &factor_one);
	struct signin_factor_new n = { .id = *id, .person = *person };
	bool found = false;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_blob(st, 2, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found || !kind_parse(db_col_text(st, 0), &n.kind))
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "factor.unknown", "no such factor");
	if (db_col_i64(st, 1) < 2)
		return sp_fail_as(err, SP_E_CONFLICT, "factor.last",
		    "it is the only second factor: enrol another one first");
	return delete_one(a, &n, err);
}

enum sp_code
signin_factor_remove_all(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	struct signin_factor_new n = { .person = *person };

	for (;;) {
		bool found = false;

		SP_TRY(any_of(ledger_tx_db(a->tx), &n, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(delete_one(a, &n, err));
	}
}

enum sp_code
signin_factor_used(
    const struct people_act *a, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &factor_use);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, a->now);
	return db_run(st, NULL, err);
}

enum sp_code
signin_factor_has(struct db *db, const struct sp_id *person, unsigned *set,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &factor_recovery);
	unsigned has = 0;
	bool found = false;
	size_t n = 0;

	SP_TRY(count(db, person, &n, &has, err));
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (n > 0 && found && db_col_i64(st, 0) > 0)
		has |= SIGNIN_HAS_RECOVERY;
	*set = has;
	return SP_OK;
}

static enum sp_code
write_row(struct db_stmt *st, struct sp_json *j, struct sp_err *err)
{
	char text[SP_ID_TEXT], time[SP_TIME_TEXT];
	struct sp_id id;

	SP_TRY(db_col_bytes(st, 0, id.b, SP_ID_LEN, err));
	sp_json_object(j, NULL);
	sp_time_text(db_col_i64(st, 3), time);
	sp_json_str(j, "created_at", time);
	sp_id_text(&id, text);
	sp_json_str(j, "id", text);
	sp_json_str(j, "kind", db_col_text(st, 1));
	sp_json_str(j, "label", db_col_text(st, 2));
	sp_time_text(db_col_i64(st, 4), time);
	sp_json_str(j, "used_at", time);
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
signin_factor_can(
    struct db *db, const struct sp_id *person, bool *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &factor_can);
	bool found = false;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*out = found && db_col_i64(st, 0) != 0;
	return SP_OK;
}

enum sp_code
signin_factor_list(struct db *db, const struct sp_id *person, struct sp_json *j,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &factor_of);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	for (;;) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(write_row(st, j, err));
	}
}

void
signin_factor_set_json(struct sp_json *j, const char *name, unsigned set)
{
	sp_json_array(j, name);
	for (unsigned i = 0; i < SIGNIN_FACTOR_KIND_COUNT; i++)
		if ((set & SIGNIN_HAS(i)) != 0)
			sp_json_str(j, NULL, kind_names[i]);
	if ((set & SIGNIN_HAS_RECOVERY) != 0)
		sp_json_str(j, NULL, "recovery");
	sp_json_end(j);
}
