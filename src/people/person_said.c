#include "people/agency.h"
#include "people/field.h"
#include "people/person_part.h"

#include <string.h>

/* What somebody says of a person, checked and laid over it. */
enum sp_code
people_person_kind_check(const struct people_person *p, struct sp_err *err)
{
	/* An account may come before it is known whose they are; nobody is
	 * cleared by it. */
	bool later = p->kind == PEOPLE_OUTSIDE && people_role_outside(p->role);

	if (p->kind == PEOPLE_AGENCY && people_role_outside(p->role))
		return sp_fail_as(err, SP_E_INVALID, "person.kind",
		    "person.kind: a %s is not the agency's own: kind outside, "
		    "with the employer (sallyport person change PERSON --kind "
		    "outside --employer NAME)",
		    people_role_name(p->role));
	if (p->kind == PEOPLE_AGENCY && p->employer[0] != '\0')
		return sp_fail_as(err, SP_E_INVALID, "person.employer",
		    "person.employer: the agency's own people have none; "
		    "kind must be outside or contractor");
	if (p->kind != PEOPLE_AGENCY && p->employer[0] == '\0' && !later)
		return sp_fail_as(err, SP_E_INVALID, "person.employer",
		    "person.employer: needed, as kind is %s",
		    people_kind_name(p->kind));
	if (p->employer_ori[0] != '\0' && p->employer[0] == '\0')
		return sp_fail_as(err, SP_E_INVALID, "person.employer_ori",
		    "person.employer_ori: there is no employer");
	return SP_OK;
}

enum sp_code
people_person_text(const char *field, const char *s, char *out, size_t room,
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
	if (s != NULL && !people_login_fold(s, p->login))
		return sp_fail_as(err, SP_E_INVALID, "person.login",
		    "person.login: 1 to %d of letters, digits and . _ @ - +, "
		    "beginning with a letter or digit",
		    PEOPLE_PERSON_LOGIN);
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
		SP_TRY(people_person_text("person.employer", c->employer,
		    p->employer, sizeof(p->employer), err));
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
	if (c->residence != NULL)
		SP_TRY(people_state_check(
		    "person.residence", c->residence, p->residence, err));
	return SP_OK;
}

enum sp_code
people_person_lay(const struct people_person_change *c, struct people_person *p,
    struct sp_err *err)
{
	struct people_person made = *p;

	SP_TRY(people_person_text(
	    "person.human", c->human, made.human, sizeof(made.human), err));
	SP_TRY(people_person_text(
	    "person.name", c->name, made.name, sizeof(made.name), err));
	SP_TRY(set_login(c->login, &made, err));
	SP_TRY(set_places(c, &made, err));
	SP_TRY(people_person_kind_check(&made, err));
	*p = made;
	return SP_OK;
}
