#include "people/person.h"

#include "people/field.h"
#include "people/person_part.h"

#include <string.h>

/* Rows of persons: written, found, told. */

PEOPLE_NAMES(kind, PEOPLE_KINDS)
PEOPLE_NAME_OF(kind, people_kind)
PEOPLE_NAME_PARSE(kind, people_kind)

#define COLUMNS                                                                \
	"id, human, name, login, role, kind, employer, employer_ori,"          \
	" residence, unit, state, reason, since, created, active, temporary,"  \
	" ends, epoch"

static const struct db_sql person_insert = {
	"INSERT INTO person(" COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
	" ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
};
static const struct db_sql person_update = {
	"UPDATE person SET human = ?2, name = ?3, login = ?4, role = ?5,"
	" kind = ?6, employer = ?7, employer_ori = ?8, residence = ?9,"
	" unit = ?10, state = ?11, reason = ?12, since = ?13, created = ?14,"
	" active = ?15, temporary = ?16, ends = ?17, epoch = ?18"
	" WHERE id = ?1",
};
static const struct db_sql person_by_id = {
	"SELECT " COLUMNS " FROM person WHERE id = ?1",
};
static const struct db_sql person_by_login = {
	"SELECT " COLUMNS " FROM person WHERE login = ?1",
};
static const struct db_sql person_by_name = {
	"SELECT " COLUMNS " FROM person WHERE name = ?1 COLLATE NOCASE"
	" ORDER BY id LIMIT 2",
};
static const struct db_sql person_list = {
	"SELECT " COLUMNS " FROM person WHERE id > ?1 ORDER BY id LIMIT ?2",
};

/* --- rows --- */

static void
bind(struct db_stmt *st, const struct people_person *p)
{
	db_bind_blob(st, 1, p->id.b, SP_ID_LEN);
	db_bind_text(st, 2, p->human);
	db_bind_text(st, 3, p->name);
	db_bind_text(st, 4, p->login);
	db_bind_text(st, 5, people_role_name(p->role));
	db_bind_text(st, 6, people_kind_name(p->kind));
	db_bind_text(st, 7, p->employer);
	db_bind_text(st, 8, p->employer_ori);
	db_bind_text(st, 9, p->residence);
	db_bind_text(st, 10, p->unit);
	db_bind_text(st, 11, people_state_name(p->state));
	db_bind_text(st, 12, people_reason_name(p->reason));
	db_bind_i64(st, 13, p->since);
	db_bind_i64(st, 14, p->created);
	db_bind_i64(st, 15, p->active);
	db_bind_i64(st, 16, p->temporary);
	db_bind_i64(st, 17, p->ends);
	db_bind_i64(st, 18, p->epoch);
}

enum sp_code
people_person_insert(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &person_insert);

	bind(st, p);
	return db_run(st, NULL, err);
}

enum sp_code
people_person_save(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &person_update);
	uint64_t changed = 0;

	bind(st, p);
	SP_TRY(db_run(st, &changed, err));
	SP_REQUIRE(changed == 1);
	return SP_OK;
}

enum sp_code
people_person_move(
    const struct people_act *a, struct people_person *io, struct sp_err *err)
{
	io->epoch = a->now > io->epoch ? a->now : io->epoch + 1;
	SP_TRY(people_person_save(a, io, err));
	return ledger_tx_ends(a->tx, &io->id, err);
}

static enum sp_code
texts_from(struct db_stmt *st, struct people_person *p, struct sp_err *err)
{
	SP_TRY(people_col_text(st, 1, p->human, sizeof(p->human), err));
	SP_TRY(people_col_text(st, 2, p->name, sizeof(p->name), err));
	SP_TRY(people_col_text(st, 3, p->login, sizeof(p->login), err));
	SP_TRY(people_col_text(st, 6, p->employer, sizeof(p->employer), err));
	SP_TRY(people_col_text(
	    st, 7, p->employer_ori, sizeof(p->employer_ori), err));
	SP_TRY(people_col_text(st, 8, p->residence, sizeof(p->residence), err));
	return people_col_text(st, 9, p->unit, sizeof(p->unit), err);
}

static enum sp_code
from_row(struct db_stmt *st, struct people_person *out, struct sp_err *err)
{
	struct people_person p = {
		.since = db_col_i64(st, 12),
		.created = db_col_i64(st, 13),
		.active = db_col_i64(st, 14),
		.temporary = db_col_i64(st, 15),
		.ends = db_col_i64(st, 16),
		.epoch = db_col_i64(st, 17),
	};

	SP_TRY(db_col_bytes(st, 0, p.id.b, SP_ID_LEN, err));
	SP_TRY(texts_from(st, &p, err));
	if (!people_role_parse(db_col_text(st, 4), &p.role) ||
	    !people_kind_parse(db_col_text(st, 5), &p.kind) ||
	    !people_state_parse(db_col_text(st, 10), &p.state) ||
	    !people_reason_parse(db_col_text(st, 11), &p.reason))
		return sp_fail(err, SP_E_CORRUPT,
		    "a person in the database has a role, kind, state or "
		    "reason that nobody knows");
	*out = p;
	return SP_OK;
}

/* --- finding --- */

static enum sp_code
one(struct db_stmt *st, struct people_person *out, struct sp_err *err)
{
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "person.unknown", "no such person");
	return from_row(st, out, err);
}

enum sp_code
people_person_by_id(struct db *db, const struct sp_id *id,
    struct people_person *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_by_id);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	return one(st, out, err);
}

enum sp_code
people_person_by_login(struct db *db, const char *login,
    struct people_person *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_by_login);
	char folded[PEOPLE_PERSON_LOGIN + 1];

	if (!people_login_fold(login, folded))
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "person.unknown", "no such person");
	db_bind_text(st, 1, folded);
	return one(st, out, err);
}

/* Two of one name are told apart by their logins. */
static enum sp_code
by_name(struct db *db, const char *name, struct people_person *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_by_name);
	struct people_person p, other;
	bool found = false;

	db_bind_text(st, 1, name);
	SP_TRY(one(st, &p, err));
	SP_TRY(db_row(st, &found, err));
	if (found) {
		SP_TRY(from_row(st, &other, err));
		return sp_fail_as(err, SP_E_CONFLICT, "person.name",
		    "two are called so: say %s or %s", p.login, other.login);
	}
	*out = p;
	return SP_OK;
}

enum sp_code
people_person_meant(struct db *db, const char *text, const struct sp_id *self,
    struct people_person *out, struct sp_err *err)
{
	struct sp_id id;

	if (strcmp(text, "~") == 0 && sp_id_is_zero(self))
		return sp_fail(err, SP_E_INVALID,
		    "~ means whoever asks, and this credential is no person's: "
		    "name a PERSON, by login or id");
	if (strcmp(text, "~") == 0)
		return people_person_by_id(db, self, out, err);
	if (sp_id_parse(text, strlen(text), &id))
		return people_person_by_id(db, &id, out, err);
	if (strchr(text, ' ') != NULL)
		return by_name(db, text, out, err);
	return people_person_by_login(db, text, out, err);
}

enum sp_code
people_person_list(struct db *db, const struct sp_id *after,
    struct people_person *out, size_t n, size_t *got, struct sp_err *err)
{
	static const struct sp_id first;
	DB_STMT st = db_use(db, &person_list);
	size_t at = 0;

	db_bind_blob(st, 1, after == NULL ? first.b : after->b, SP_ID_LEN);
	db_bind_u64(st, 2, n);
	for (; at < n; at++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(from_row(st, &out[at], err));
	}
	*got = at;
	return SP_OK;
}

#define AT_ONCE 8

enum sp_code
people_person_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct people_person *p, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	struct people_person p[AT_ONCE];
	struct sp_id after;
	size_t got = 0;

	SP_TRY(people_person_list(db, NULL, p, AT_ONCE, &got, err));
	while (got > 0) {
		for (size_t i = 0; i < got; i++)
			SP_TRY(visit(arg, &p[i], err));
		after = p[got - 1].id;
		SP_TRY(people_person_list(db, &after, p, AT_ONCE, &got, err));
	}
	return SP_OK;
}

/* --- telling --- */

static void
put_text(struct sp_json *j, const char *name, const char *s)
{
	if (s[0] != '\0')
		sp_json_str(j, name, s);
}

void
people_person_json(struct sp_json *j, const char *name,
    const struct people_person *p, const struct people_rules *rules,
    sp_time now)
{
	struct people_standing s = people_person_state(p, rules, now);

	sp_json_object(j, name);
	people_put_time(j, "active_at", p->active);
	people_put_time(j, "created", p->created);
	put_text(j, "employer", p->employer);
	put_text(j, "employer_ori", p->employer_ori);
	people_put_time(j, "ends", p->ends);
	sp_json_str(j, "human", p->human);
	people_put_id(j, "id", &p->id);
	sp_json_str(j, "kind", people_kind_name(p->kind));
	sp_json_str(j, "login", p->login);
	sp_json_str(j, "name", p->name);
	put_text(j, "reason", people_reason_name(s.reason));
	sp_json_str(j, "residence", p->residence);
	sp_json_str(j, "role", people_role_name(p->role));
	people_put_time(j, "since", p->since);
	sp_json_str(j, "state", people_state_name(s.state));
	people_put_time(j, "temporary_until", p->temporary);
	put_text(j, "unit", p->unit);
	sp_json_end(j);
}
