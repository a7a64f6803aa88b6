#include "people/field.h"
#include "people/person_part.h"

#include <string.h>

/* Roles: their names, who may have which, and giving them. */
PEOPLE_NAMES(role, PEOPLE_ROLES)
PEOPLE_NAME_OF(role, people_role)
PEOPLE_NAME_PARSE(role, people_role)

bool
people_role_leads(enum people_role role)
{
	return role == PEOPLE_ADMINISTRATOR || role == PEOPLE_LASO ||
	    role == PEOPLE_PROVIDER_SECURITY;
}

bool
people_role_outside(enum people_role role)
{
	return role == PEOPLE_PROSECUTOR;
}

/* "cso-(state)" is "cso": what is in parentheses only explains. */
static void
drop_aside(char *s)
{
	char *open = strstr(s, "-(");

	if (open == NULL || open == s || open[-1] == '-')
		return;
	size_t n = strcspn(open + 2, "()");

	if (n > 0 && strcmp(open + 2 + n, ")") == 0)
		*open = '\0';
}

bool
people_role_read(const char *s, enum people_role *out)
{
	static const struct {
		const char *said, *name;
	} also[] = {
		{ "admin", "administrator" },
		{ "agency-administrator", "administrator" },
		{ "provider-operator", "operator" },
	};
	char plain[PEOPLE_FOLDED];

	if (!people_fold(s, plain))
		return false;
	drop_aside(plain);
	for (size_t i = 0; i < SP_COUNTOF(also); i++)
		if (strcmp(plain, also[i].said) == 0)
			return people_role_parse(also[i].name, out);
	return people_role_parse(plain, out);
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

/* --- giving --- */

static enum sp_code
give_role(const struct people_act *a, const char *act, struct people_person *p,
    const char *role, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	enum people_role before = p->role;

	SP_TRY(people_by_other(ledger_tx_db(a->tx), a->by, &p->id, err));
	SP_TRY(people_person_role_check(a->rules, role, &p->role, err));
	SP_TRY(people_person_kind_check(p, err));
	p->epoch = a->now;
	SP_TRY(people_person_save(a, p, err));
	SP_TRY(people_person_hand(a, &p->id, PEOPLE_PLACED, err));
	sp_json_object(&j, NULL);
	sp_json_str(&j, "before", people_role_name(before));
	sp_json_str(&j, "role", people_role_name(p->role));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "person", &p->id, sp_buf_str(&detail), err);
}

/* The one they have is not given again: their sessions would end for nothing.
 */
static enum sp_code
another_role(const struct people_act *a, const struct people_person *p,
    const char *role, struct sp_err *err)
{
	enum people_role given;

	SP_TRY(people_person_role_check(a->rules, role, &given, err));
	if (given == p->role)
		return sp_fail_as(err, SP_E_CONFLICT, "role.same",
		    "%s has the role %s already: nothing was changed", p->login,
		    people_role_name(given));
	return SP_OK;
}

enum sp_code
people_person_role(const struct people_act *a, const struct sp_id *id,
    const char *role, struct sp_err *err)
{
	struct people_person p;

	SP_TRY(people_person_going(a, id, &p, err));
	SP_TRY(another_role(a, &p, role, err));
	return give_role(a, "role.given", &p, role, err);
}

enum sp_code
people_person_transfer(const struct people_act *a, const struct sp_id *id,
    const char *unit, const char *role, struct sp_err *err)
{
	struct people_person p;

	SP_TRY(people_person_going(a, id, &p, err));
	SP_TRY(people_text_check(
	    "person.unit", unit == NULL ? "" : unit, PEOPLE_PERSON_UNIT, err));
	memcpy(p.unit, unit, strlen(unit) + 1);
	return give_role(a, "person.transferred", &p, role, err);
}
