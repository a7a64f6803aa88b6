#include "people/person.h"

#include "people/agency.h"
#include "people/field.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#define ACTIVE_STEP (3600 * SP_SECOND) /* how exactly `active` is kept */

PEOPLE_NAMES(role, PEOPLE_ROLES)
PEOPLE_NAME_OF(role, people_role)
PEOPLE_NAME_PARSE(role, people_role)
PEOPLE_NAMES(kind, PEOPLE_KINDS)
PEOPLE_NAME_OF(kind, people_kind)
PEOPLE_NAME_PARSE(kind, people_kind)
PEOPLE_NAMES(state, PEOPLE_STATES)
PEOPLE_NAME_OF(state, people_state)
PEOPLE_NAME_PARSE(state, people_state)
PEOPLE_NAMES(reason, PEOPLE_REASONS)
PEOPLE_NAME_OF(reason, people_reason)
PEOPLE_NAME_PARSE(reason, people_reason)

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
static const struct db_sql person_humans = {
	"SELECT count(*) = 2 OR ?1 = ?2 FROM person AS p WHERE p.id IN (?1, ?2)"
	" AND p.human = (SELECT human FROM person WHERE id = ?1)",
};
static const struct db_sql person_seen = {
	"UPDATE person SET active = ?2"
	" WHERE id = ?1 AND state = 'active' AND active <= ?3",
};
static const struct db_sql person_overdue = {
	"SELECT id FROM person WHERE state = 'active' AND active <= ?1"
	" UNION SELECT id FROM person WHERE temporary > 0"
	"  AND state <> 'terminated' AND temporary <= ?2"
	" UNION SELECT id FROM person WHERE ends > 0"
	"  AND state <> 'terminated' AND ends <= ?2"
	" LIMIT ?3",
};
static const struct db_sql person_count = {
	"SELECT count(*) FROM person",
};

bool
people_role_leads(enum people_role role)
{
	return role == PEOPLE_ADMINISTRATOR || role == PEOPLE_LASO ||
	    role == PEOPLE_PROVIDER_SECURITY;
}

/* --- who acts --- */

struct people_by
people_by_site(const struct sp_id *agency)
{
	return (struct people_by){
		.agency = *agency,
		.kind = "site",
		.id = *agency,
		.source = "site",
	};
}

enum sp_code
people_act_entry(const struct people_act *a, const char *act, const char *kind,
    const struct sp_id *object, const char *detail, struct sp_err *err)
{
	const struct people_by *by = a->by;
	bool no_address = by->address == NULL || by->address[0] == '\0';
	struct ledger_entry e = {
		.act = act,
		.actor_kind = by->kind,
		.actor = by->id,
		.address = no_address ? NULL : by->address,
		.agency = by->agency,
		.at = a->now,
		.object_kind = kind,
		.object = *object,
		.outcome = LEDGER_DONE,
		.source = by->source,
		.detail = detail,
	};

	if (strcmp(act, "clearance.lapsed") == 0)
		e.outcome = LEDGER_REFUSED;
	return ledger_tx_append(a->tx, &e, NULL, err);
}

enum sp_code
people_person_same_human(struct db *db, const struct sp_id *a,
    const struct sp_id *b, bool *same, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_humans);
	bool found = false;

	db_bind_blob(st, 1, a->b, SP_ID_LEN);
	db_bind_blob(st, 2, b->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*same = found && db_col_i64(st, 0) != 0;
	return SP_OK;
}

struct sp_id
people_by_whom(const struct people_by *by)
{
	return sp_id_is_zero(&by->person) ? by->issuer : by->person;
}

enum sp_code
people_by_other(struct db *db, const struct people_by *by,
    const struct sp_id *person, struct sp_err *err)
{
	struct sp_id whom = people_by_whom(by);
	bool same = false;

	if (sp_id_is_zero(&whom))
		return SP_OK;
	SP_TRY(people_person_same_human(db, &whom, person, &same, err));
	if (same)
		return sp_fail_as(err, SP_E_DENIED, "person.self",
		    "nobody does this for themselves: ask another "
		    "administrator");
	return SP_OK;
}

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

/* Lower case; false where it is no login. */
static bool
fold(const char *s, char out[static PEOPLE_PERSON_LOGIN + 1])
{
	size_t len = strnlen(s, PEOPLE_PERSON_LOGIN + 1);

	if (len == 0 || len > PEOPLE_PERSON_LOGIN)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (i == 0 || strchr("._@-+", c) == NULL))
			return false;
		out[i] = c;
	}
	out[len] = '\0';
	return true;
}

enum sp_code
people_person_by_login(struct db *db, const char *login,
    struct people_person *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_by_login);
	char folded[PEOPLE_PERSON_LOGIN + 1];

	if (!fold(login, folded))
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

/* --- what somebody says of a person --- */

static enum sp_code
check_kind(const struct people_person *p, struct sp_err *err)
{
	if (p->kind == PEOPLE_AGENCY && p->employer[0] != '\0')
		return sp_fail_as(err, SP_E_INVALID, "person.employer",
		    "person.employer: the agency's own people have none; "
		    "kind must be outside or contractor");
	if (p->kind != PEOPLE_AGENCY && p->employer[0] == '\0')
		return sp_fail_as(err, SP_E_INVALID, "person.employer",
		    "person.employer: needed, as kind is %s",
		    people_kind_name(p->kind));
	if (p->employer_ori[0] != '\0' && p->employer[0] == '\0')
		return sp_fail_as(err, SP_E_INVALID, "person.employer_ori",
		    "person.employer_ori: there is no employer");
	return SP_OK;
}

static enum sp_code
set_text(const char *field, const char *s, char *out, size_t room,
    struct sp_err *err)
{
	if (s == NULL)
		return SP_OK;
	SP_TRY(people_text_check(field, s, room - 1, err));
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
set_login(const char *s, struct people_person *p, struct sp_err *err)
{
	if (s != NULL && !fold(s, p->login))
		return sp_fail_as(err, SP_E_INVALID, "person.login",
		    "person.login: 1 to %d of letters, digits and . _ @ - +, "
		    "beginning with a letter or digit",
		    PEOPLE_PERSON_LOGIN);
	return SP_OK;
}

/* Whose people may have a role: an agency's, the provider's, or both. */
static enum sp_code
check_house(
    const struct people_rules *rules, enum people_role role, struct sp_err *err)
{
	bool provider =
	    role == PEOPLE_OPERATOR || role == PEOPLE_PROVIDER_SECURITY;
	bool both = role == PEOPLE_ADMINISTRATOR || role == PEOPLE_AUDITOR ||
	    role == PEOPLE_LASO;

	if (provider && !people_rules_provider(rules))
		return sp_fail_as(err, SP_E_INVALID, "person.role",
		    "person.role: %s is for people of the provider's own "
		    "house (sallyport agency add DIR SLUG --provider)",
		    people_role_name(role));
	if (!provider && !both && people_rules_provider(rules))
		return sp_fail_as(err, SP_E_INVALID, "person.role",
		    "person.role: the provider's house keeps no evidence: one "
		    "of operator, provider-security, administrator, auditor, "
		    "laso");
	return SP_OK;
}

enum sp_code
people_person_role_check(const struct people_rules *rules, const char *s,
    enum people_role *out, struct sp_err *err)
{
	enum people_role role;

	if (s == NULL || !people_role_read(s, &role))
		return sp_fail_as(err, SP_E_INVALID, "person.role",
		    "person.role: one of officer, supervisor, investigator, "
		    "custodian, records-clerk, prosecutor, auditor, laso, "
		    "administrator, cso, operator, provider-security");
	SP_TRY(check_house(rules, role, err));
	*out = role;
	return SP_OK;
}

static enum sp_code
set_places(const struct people_person_change *c, struct people_person *p,
    struct sp_err *err)
{
	if (c->kind != NULL && !people_kind_parse(c->kind, &p->kind))
		return sp_fail_as(err, SP_E_INVALID, "person.kind",
		    "person.kind: agency, outside or contractor");
	/* Empty takes an employer away. */
	if (c->employer != NULL && c->employer[0] == '\0')
		p->employer[0] = '\0';
	else
		SP_TRY(set_text("person.employer", c->employer, p->employer,
		    sizeof(p->employer), err));
	if (c->employer_ori != NULL && c->employer_ori[0] == '\0')
		p->employer_ori[0] = '\0';
	else if (c->employer_ori != NULL) {
		if (!people_agency_ori_ok(c->employer_ori))
			return sp_fail_as(err, SP_E_INVALID,
			    "person.employer_ori",
			    "person.employer_ori: nine of A-Z and 0-9, as "
			    "FL0130000");
		memcpy(p->employer_ori, c->employer_ori, 10);
	}
	if (c->residence != NULL) {
		if (!people_agency_state_read(c->residence, p->residence))
			return sp_fail_as(err, SP_E_INVALID, "person.residence",
			    "person.residence: the two letters of a state, "
			    "district or territory, as FL");
	}
	return check_kind(p, err);
}

/* Lay what is said over *p. */
static enum sp_code
set_all(const struct people_person_change *c, struct people_person *p,
    struct sp_err *err)
{
	struct people_person made = *p;

	SP_TRY(set_text(
	    "person.human", c->human, made.human, sizeof(made.human), err));
	SP_TRY(set_text(
	    "person.name", c->name, made.name, sizeof(made.name), err));
	SP_TRY(set_login(c->login, &made, err));
	SP_TRY(set_places(c, &made, err));
	*p = made;
	return SP_OK;
}

static enum sp_code
set_temporary(const struct people_rules *rules,
    const struct people_person_new *n, sp_time now, struct people_person *p,
    struct sp_err *err)
{
	sp_time most = people_rules_time(rules, PEOPLE_ACCOUNT_TEMPORARY);

	if (n->temporary != 0 &&
	    (n->temporary <= now || n->temporary > now + most))
		return sp_fail_as(err, SP_E_INVALID, "person.temporary_until",
		    "person.temporary_until: a temporary account ends within "
		    "%jd hours (%s, %s)",
		    (intmax_t)people_rules_get(rules, PEOPLE_ACCOUNT_TEMPORARY),
		    people_rules_policy(rules),
		    people_rules_section(rules, PEOPLE_ACCOUNT_TEMPORARY));
	p->temporary = n->temporary;
	return SP_OK;
}

/* A whole person but for id and what the login is when none is given. */
static enum sp_code
make(const struct people_rules *rules, const struct people_person_new *n,
    sp_time now, struct people_person *out, struct sp_err *err)
{
	struct people_person_change c = {
		.human = n->human,
		.name = n->name == NULL ? "" : n->name,
		.login = n->login,
		.kind = n->kind,
		.employer = n->employer,
		.employer_ori = n->employer_ori,
		.residence = n->residence,
	};
	struct people_person p = {
		.kind = PEOPLE_AGENCY,
		.state = PEOPLE_ACTIVE,
		.since = now,
		.created = now,
		.active = now,
		.epoch = now,
	};

	(void)snprintf(
	    p.residence, sizeof(p.residence), "%s", people_rules_state(rules));
	SP_TRY(set_all(&c, &p, err));
	SP_TRY(people_person_role_check(rules, n->role, &p.role, err));
	SP_TRY(set_text("person.unit", n->unit, p.unit, sizeof(p.unit), err));
	SP_TRY(set_temporary(rules, n, now, &p, err));
	*out = p;
	return SP_OK;
}

enum sp_code
people_person_check(const struct people_rules *rules,
    const struct people_person_new *n, sp_time now, struct sp_err *err)
{
	struct people_person p;

	return make(rules, n, now, &p, err);
}

/* --- adding --- */

static enum sp_code
login_taken(struct db *db, const char *login, bool *taken, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_by_login);

	db_bind_text(st, 1, login);
	return db_row(st, taken, err);
}

/* "Ann O. Lee" is ann.o.lee; a name without any such letters is "person". */
static size_t
login_of(const char *name, char out[static PEOPLE_PERSON_LOGIN + 1])
{
	size_t len = 0;

	for (const char *at = name; *at != '\0' && len < 48; at++) {
		char c = *at;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = c;
		else if (c == ' ' && len > 0 && out[len - 1] != '.')
			out[len++] = '.';
	}
	while (len > 0 && out[len - 1] == '.')
		len--;
	if (len == 0) {
		memcpy(out, "person", 6);
		len = 6;
	}
	out[len] = '\0';
	return len;
}

static enum sp_code
choose_login(struct db *db, struct people_person *p, struct sp_err *err)
{
	size_t len = login_of(p->name, p->login);
	bool taken = false;

	SP_TRY(login_taken(db, p->login, &taken, err));
	for (unsigned n = 2; taken; n++) {
		if (n > PEOPLE_PERSONS_MAX)
			return sp_fail_as(err, SP_E_CONFLICT, "person.login",
			    "person.login: give one");
		(void)snprintf(p->login + len, sizeof(p->login) - len, "%u", n);
		SP_TRY(login_taken(db, p->login, &taken, err));
	}
	return SP_OK;
}

static enum sp_code
login_free(struct db *db, const char *login, struct sp_err *err)
{
	bool taken = false;

	SP_TRY(login_taken(db, login, &taken, err));
	if (taken)
		return sp_fail_as(err, SP_E_CONFLICT, "person.login",
		    "person.login: %s is or was somebody's; a login is never "
		    "used again",
		    login);
	return SP_OK;
}

static enum sp_code
room_left(struct db *db, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_count);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (db_col_i64(st, 0) >= PEOPLE_PERSONS_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "person.limit",
		    "an agency has at most %d accounts", PEOPLE_PERSONS_MAX);
	return SP_OK;
}

/* Nobody makes themselves a second account, with another role perhaps. */
static enum sp_code
another_human(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	struct sp_id whom = people_by_whom(a->by);
	struct people_person self;

	if (sp_id_is_zero(&whom))
		return SP_OK;
	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), &whom, &self, err));
	if (strcmp(self.human, p->human) == 0)
		return sp_fail_as(err, SP_E_DENIED, "person.self",
		    "nobody makes themselves an account: ask another "
		    "administrator");
	return SP_OK;
}

static enum sp_code
record_added(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "kind", people_kind_name(p->kind));
	sp_json_str(&j, "role", people_role_name(p->role));
	people_put_time(&j, "temporary", p->temporary);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, "person.added", "person", &p->id, sp_buf_str(&detail), err);
}

enum sp_code
people_person_add(const struct people_act *a, const struct people_person_new *n,
    struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, &person_insert);
	struct people_person p;

	SP_TRY(make(a->rules, n, a->now, &p, err));
	SP_TRY(room_left(db, err));
	p.id = sp_id_new();
	if (p.login[0] == '\0')
		SP_TRY(choose_login(db, &p, err));
	else
		SP_TRY(login_free(db, p.login, err));
	if (p.human[0] == '\0')
		sp_id_text(&p.id, p.human);
	SP_TRY(another_human(a, &p, err));
	bind(st, &p);
	SP_TRY(db_run(st, NULL, err));
	SP_TRY(people_person_hand(a, &p.id, PEOPLE_ADDED, err));
	SP_TRY(record_added(a, &p, err));
	*id = p.id;
	return SP_OK;
}

/* --- changing --- */

/* The one place in which an account changes: where the epoch moves, whatever
 * is under way of theirs, or of what they issued, ends. */
static enum sp_code
save(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &person_update);
	uint64_t changed = 0;

	bind(st, p);
	SP_TRY(db_run(st, &changed, err));
	SP_REQUIRE(changed == 1);
	return p->epoch == a->now ? ledger_tx_ends(a->tx, &p->id, err) : SP_OK;
}

static const struct people_member change_members[] = {
	{ "person.employer", offsetof(struct people_person_change, employer) },
	{ "person.employer_ori",
	    offsetof(struct people_person_change, employer_ori) },
	{ "person.human", offsetof(struct people_person_change, human) },
	{ "person.kind", offsetof(struct people_person_change, kind) },
	{ "person.login", offsetof(struct people_person_change, login) },
	{ "person.name", offsetof(struct people_person_change, name) },
	{ "person.residence",
	    offsetof(struct people_person_change, residence) },
};

static enum sp_code
record_changed(const struct people_act *a, const struct sp_id *id,
    const struct people_person_change *c, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_array(&j, "fields");
	for (size_t i = 0; i < SP_COUNTOF(change_members); i++) {
		const struct people_member *m = &change_members[i];
		const char *value;

		memcpy(&value, (const char *)c + m->at, sizeof(value));
		if (value != NULL)
			sp_json_str(&j, NULL, strchr(m->field, '.') + 1);
	}
	sp_json_end(&j);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, "person.changed", "person", id, sp_buf_str(&detail), err);
}

enum sp_code
people_person_change(const struct people_act *a, const struct sp_id *id,
    const struct people_person_change *c, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct people_person before, p;

	SP_TRY(people_person_by_id(db, id, &before, err));
	SP_TRY(people_by_other(db, a->by, id, err));
	p = before;
	SP_TRY(set_all(c, &p, err));
	if (strcmp(p.login, before.login) != 0)
		SP_TRY(login_free(db, p.login, err));
	SP_TRY(save(a, &p, err));
	if (strcmp(p.human, before.human) != 0)
		SP_TRY(people_person_hand(a, id, PEOPLE_NAMED, err));
	return record_changed(a, id, c, err);
}

enum sp_code
people_person_change_check(const struct people_person *p,
    const struct people_person_change *c, struct sp_err *err)
{
	struct people_person made = *p;

	return set_all(c, &made, err);
}

static enum sp_code
not_terminated(const struct people_act *a, const struct sp_id *id,
    struct people_person *p, struct sp_err *err)
{
	struct people_standing now;

	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), id, p, err));
	now = people_person_state(p, a->rules, a->now);
	if (now.state == PEOPLE_TERMINATED)
		return sp_fail_as(err, SP_E_CONFLICT, "person.state",
		    "the account has ended for good: make another");
	return SP_OK;
}

static enum sp_code
give_role(const struct people_act *a, const char *act, struct people_person *p,
    const char *role, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	enum people_role before = p->role;

	SP_TRY(people_by_other(ledger_tx_db(a->tx), a->by, &p->id, err));
	SP_TRY(people_person_role_check(a->rules, role, &p->role, err));
	p->epoch = a->now;
	SP_TRY(save(a, p, err));
	SP_TRY(people_person_hand(a, &p->id, PEOPLE_PLACED, err));
	sp_json_object(&j, NULL);
	sp_json_str(&j, "before", people_role_name(before));
	sp_json_str(&j, "role", people_role_name(p->role));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "person", &p->id, sp_buf_str(&detail), err);
}

enum sp_code
people_person_role(const struct people_act *a, const struct sp_id *id,
    const char *role, struct sp_err *err)
{
	struct people_person p;

	SP_TRY(not_terminated(a, id, &p, err));
	return give_role(a, "role.given", &p, role, err);
}

enum sp_code
people_person_transfer(const struct people_act *a, const struct sp_id *id,
    const char *unit, const char *role, struct sp_err *err)
{
	struct people_person p;

	SP_TRY(not_terminated(a, id, &p, err));
	SP_TRY(people_text_check(
	    "person.unit", unit == NULL ? "" : unit, PEOPLE_PERSON_UNIT, err));
	memcpy(p.unit, unit, strlen(unit) + 1);
	return give_role(a, "person.transferred", &p, role, err);
}

/* --- states --- */

struct people_standing
people_person_state(const struct people_person *p,
    const struct people_rules *rules, sp_time now)
{
	struct people_standing s = { p->state, p->reason };
	sp_time idle = people_rules_time(rules, PEOPLE_ACCOUNT_INACTIVE);

	if (s.state == PEOPLE_TERMINATED)
		return s;
	if (p->ends != 0 && p->ends <= now)
		return (
		    struct people_standing){ PEOPLE_TERMINATED, PEOPLE_LEFT };
	if (p->temporary != 0 && p->temporary <= now)
		return (struct people_standing){ PEOPLE_TERMINATED,
			PEOPLE_TEMPORARY };
	if (s.state == PEOPLE_ACTIVE && p->active <= now - idle)
		return (
		    struct people_standing){ PEOPLE_DISABLED, PEOPLE_INACTIVE };
	return s;
}

bool
people_person_live(const struct people_person *p,
    const struct people_rules *rules, sp_time now)
{
	struct people_person unlocked = *p;

	if (p->state == PEOPLE_DISABLED && p->reason == PEOPLE_LOCKED)
		unlocked.state = PEOPLE_ACTIVE;
	return people_person_state(&unlocked, rules, now).state ==
	    PEOPLE_ACTIVE;
}

enum sp_code
people_person_stands(struct db *db, const struct people_rules *rules,
    const struct people_doing *d, sp_time now, bool *stands, struct sp_err *err)
{
	struct people_person p;
	enum sp_code code;

	if (sp_id_is_zero(&d->person)) {
		*stands = true;
		return SP_OK;
	}
	code = people_person_by_id(db, &d->person, &p, err);
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	*stands = code == SP_OK && people_person_live(&p, rules, now) &&
	    p.epoch <= d->since;
	return SP_OK;
}

/* {"ends":…,"in_time":…,"reason":…}; ends 0 and in_time -1 are left out. */
static enum sp_code
enter_state(const struct people_act *a, const char *act,
    const struct people_person *p, int in_time, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	bool ending = strcmp(act, "person.ending") == 0;

	sp_json_object(&j, NULL);
	if (ending || p->state == PEOPLE_TERMINATED)
		people_put_time(&j, "ends", p->ends);
	if (in_time >= 0)
		sp_json_bool(&j, "in_time", in_time != 0);
	if (!ending)
		sp_json_str(&j, "reason", people_reason_name(p->reason));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "person", &p->id, sp_buf_str(&detail), err);
}

/* How grave a reason is. */
static int
gravity(enum people_reason reason)
{
	static const int of[PEOPLE_REASON_COUNT] = {
		[PEOPLE_LOCKED] = 1,
		[PEOPLE_INACTIVE] = 2,
		[PEOPLE_REQUESTED] = 3,
		[PEOPLE_SCREENING] = 4,
		[PEOPLE_RISK] = 5,
	};

	return of[reason];
}

static enum sp_code
disable_reason(const struct people_act *a, enum people_reason reason,
    sp_time discovered, struct sp_err *err)
{
	if (reason != PEOPLE_REQUESTED && reason != PEOPLE_RISK &&
	    reason != PEOPLE_LOCKED && reason != PEOPLE_SCREENING)
		return sp_fail_as(err, SP_E_INVALID, "person.reason",
		    "person.reason: requested, risk, locked or screening");
	if (discovered < 0 || discovered > a->now ||
	    (discovered != 0 && reason != PEOPLE_RISK))
		return sp_fail_as(err, SP_E_INVALID, "person.discovered",
		    "person.discovered: a past time, with the reason risk "
		    "only");
	return SP_OK;
}

enum sp_code
people_person_disable(const struct people_act *a, const struct sp_id *id,
    enum people_reason reason, sp_time discovered, struct sp_err *err)
{
	struct people_person p;
	struct people_standing was;
	sp_time within = people_rules_time(a->rules, PEOPLE_ACCOUNT_RISK);
	int in_time = -1;

	SP_TRY(disable_reason(a, reason, discovered, err));
	SP_TRY(not_terminated(a, id, &p, err));
	was = people_person_state(&p, a->rules, a->now);
	if (reason == PEOPLE_RISK)
		in_time = discovered == 0 || a->now - discovered <= within;
	p.since = was.state == PEOPLE_ACTIVE ? a->now : p.since;
	p.state = PEOPLE_DISABLED;
	p.reason = gravity(was.reason) > gravity(reason) ? was.reason : reason;
	/* A lock closes the way in, to whoever guesses; what was opened with
	 * the right proofs before is not the guesser's to end. */
	if (reason != PEOPLE_LOCKED)
		p.epoch = a->now;
	SP_TRY(save(a, &p, err));
	p.reason = reason; /* the entry has what was said */
	return enter_state(a, "person.disabled", &p, in_time, err);
}

enum sp_code
people_person_enable(
    const struct people_act *a, const struct sp_id *id, struct sp_err *err)
{
	struct people_person p, made;
	struct people_standing was;

	SP_TRY(not_terminated(a, id, &p, err));
	SP_TRY(people_by_other(ledger_tx_db(a->tx), a->by, id, err));
	was = people_person_state(&p, a->rules, a->now);
	if (was.state == PEOPLE_ACTIVE && p.ends == 0)
		return sp_fail_as(err, SP_E_CONFLICT, "person.state",
		    "the account is active");
	made = p;
	made.state = PEOPLE_ACTIVE;
	made.reason = PEOPLE_NO_REASON;
	made.since = made.active = a->now;
	if (was.reason != PEOPLE_LOCKED)
		made.epoch = a->now;
	made.ends = 0;
	SP_TRY(save(a, &made, err));
	made.reason = was.state == PEOPLE_ACTIVE ? PEOPLE_LEFT : was.reason;
	return enter_state(a, "person.enabled", &made, -1, err);
}

enum sp_code
people_person_terminate(const struct people_act *a, const struct sp_id *id,
    sp_time ends, struct sp_err *err)
{
	sp_time within = people_rules_time(a->rules, PEOPLE_ACCOUNT_TERMINATE);
	struct people_person p;

	if (ends < 0 || ends > SP_TIME_MAX)
		return sp_fail_as(err, SP_E_INVALID, "person.ends",
		    "person.ends: a time of the years 1970 to 9999");
	SP_TRY(not_terminated(a, id, &p, err));
	p.ends = ends == 0 ? a->now : ends;
	if (p.ends > a->now) {
		SP_TRY(save(a, &p, err));
		return enter_state(a, "person.ending", &p, -1, err);
	}
	p.state = PEOPLE_TERMINATED;
	p.reason = PEOPLE_LEFT;
	p.since = p.epoch = a->now;
	SP_TRY(save(a, &p, err));
	return enter_state(
	    a, "person.terminated", &p, a->now - p.ends <= within, err);
}

enum sp_code
people_person_seen(struct ledger_tx *tx, const struct sp_id *id, sp_time now,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &person_seen);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, now);
	db_bind_i64(st, 3, now - ACTIVE_STEP);
	return db_run(st, NULL, err);
}

enum sp_code
people_person_overdue(struct db *db, const struct people_overdue *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_overdue);
	sp_time idle = people_rules_time(q->rules, PEOPLE_ACCOUNT_INACTIVE);
	size_t at = 0;

	db_bind_i64(st, 1, q->now - idle);
	db_bind_i64(st, 2, q->now);
	db_bind_u64(st, 3, q->n);
	for (; at < q->n; at++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, id[at].b, SP_ID_LEN, err));
	}
	*got = at;
	return SP_OK;
}

enum sp_code
people_person_settle(const struct people_act *a, const struct sp_id *id,
    struct people_standing *now, struct sp_err *err)
{
	sp_time within = people_rules_time(a->rules, PEOPLE_ACCOUNT_TERMINATE);
	struct people_standing s;
	struct people_person p;
	int in_time = -1;

	SP_TRY(people_person_by_id(ledger_tx_db(a->tx), id, &p, err));
	s = people_person_state(&p, a->rules, a->now);
	*now = s;
	if (s.state == p.state)
		return SP_OK;
	if (s.state == PEOPLE_TERMINATED) {
		if (s.reason == PEOPLE_TEMPORARY)
			p.ends = p.temporary;
		in_time = a->now - p.ends <= within;
	}
	p.state = s.state;
	p.reason = s.reason;
	p.since = p.epoch = a->now;
	SP_TRY(save(a, &p, err));
	return enter_state(a,
	    s.state == PEOPLE_TERMINATED ? "person.terminated"
					 : "person.disabled",
	    &p, in_time, err);
}

/* --- JSON --- */

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

enum sp_code
people_person_new_json(
    struct json_t *in, struct people_person_new *out, struct sp_err *err)
{
	struct {
		struct people_person_new n;
		const char *until;
	} r = { .until = NULL };
#define MEMBER(name)                                                           \
	{                                                                      \
		"person." #name, offsetof(struct people_person_new, name)      \
	}
	static const struct people_member members[] = {
		MEMBER(human),
		MEMBER(name),
		MEMBER(login),
		MEMBER(role),
		MEMBER(kind),
		MEMBER(employer),
		MEMBER(employer_ori),
		MEMBER(residence),
		MEMBER(unit),
		{ "person.temporary_until", sizeof(struct people_person_new) },
	};
#undef MEMBER

	SP_TRY(people_members_read(in, members, SP_COUNTOF(members), &r, err));
	if (r.until != NULL &&
	    !sp_time_parse(r.until, strlen(r.until), &r.n.temporary))
		return sp_fail_as(err, SP_E_INVALID, "person.temporary_until",
		    "person.temporary_until: a time as 2026-11-21T18:45:44Z");
	*out = r.n;
	return SP_OK;
}

enum sp_code
people_person_change_json(
    struct json_t *in, struct people_person_change *out, struct sp_err *err)
{
	struct people_person_change c = { .name = NULL };

	SP_TRY(people_members_read(
	    in, change_members, SP_COUNTOF(change_members), &c, err));
	*out = c;
	return SP_OK;
}
