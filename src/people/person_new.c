#include "people/field.h"
#include "people/person_part.h"
#include "people/record.h"

#include <stddef.h>
#include <string.h>

/* New accounts. */
static const struct db_sql person_count = {
	"SELECT count(*) FROM person",
};
static const struct people_record_limit limit = {
	.count = &person_count,
	.most = PEOPLE_PERSONS_MAX,
	.reason = "person.limit",
	.who = "an agency has",
	.what = "accounts",
};

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
	SP_TRY(people_person_role_check(rules, n->role, &p.role, err));
	if (people_role_outside(p.role))
		p.kind = PEOPLE_OUTSIDE;
	SP_TRY(people_person_lay(&c, &p, err));
	SP_TRY(people_person_text(
	    "person.unit", n->unit, p.unit, sizeof(p.unit), err));
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

/* A new account's login, and the human whose it is: another's, or this one's
 * own. */
static enum sp_code
identify(
    const struct people_act *a, struct people_person *io, struct sp_err *err)
{
	SP_TRY(people_login_settle(ledger_tx_db(a->tx), io, err));
	if (io->human[0] == '\0')
		sp_id_text(&io->id, io->human);
	return another_human(a, io, err);
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
	struct people_person p;

	SP_TRY(make(a->rules, n, a->now, &p, err));
	SP_TRY(people_record_room(db, &limit, NULL, err));
	p.id = sp_id_new();
	SP_TRY(identify(a, &p, err));
	SP_TRY(people_person_insert(a, &p, err));
	SP_TRY(people_person_hand(a, &p.id, PEOPLE_ADDED, err));
	SP_TRY(record_added(a, &p, err));
	*id = p.id;
	return SP_OK;
}

/* --- JSON --- */

enum sp_code
people_person_new_json(
    struct json_t *in, struct people_person_new *out, struct sp_err *err)
{
	struct {
		struct people_person_new n;
		const char *until;
	} r = { .until = NULL };
	static const struct people_member members[] = {
		PEOPLE_MEMBER(struct people_person_new, "person", human),
		PEOPLE_MEMBER(struct people_person_new, "person", name),
		PEOPLE_MEMBER(struct people_person_new, "person", login),
		PEOPLE_MEMBER(struct people_person_new, "person", role),
		PEOPLE_MEMBER(struct people_person_new, "person", kind),
		PEOPLE_MEMBER(struct people_person_new, "person", employer),
		PEOPLE_MEMBER(struct people_person_new, "person", employer_ori),
		PEOPLE_MEMBER(struct people_person_new, "person", residence),
		PEOPLE_MEMBER(struct people_person_new, "person", unit),
		{ "person.temporary_until", sizeof(struct people_person_new) },
	};

	SP_TRY(people_members_read(in, members, SP_COUNTOF(members), &r, err));
	if (r.until != NULL &&
	    !sp_time_parse(r.until, strlen(r.until), &r.n.temporary))
		return sp_fail_as(err, SP_E_INVALID, "person.temporary_until",
		    "person.temporary_until: a time as 2026-11-21T18:45:44Z");
	*out = r.n;
	return SP_OK;
}
