#include "people/field.h"
#include "people/person_part.h"

#include <stddef.h>
#include <string.h>

/* What is known of a person, corrected. */
static const struct people_member change_members[] = {
	PEOPLE_MEMBER(struct people_person_change, "person", employer),
	PEOPLE_MEMBER(struct people_person_change, "person", employer_ori),
	PEOPLE_MEMBER(struct people_person_change, "person", human),
	PEOPLE_MEMBER(struct people_person_change, "person", kind),
	PEOPLE_MEMBER(struct people_person_change, "person", login),
	PEOPLE_MEMBER(struct people_person_change, "person", name),
	PEOPLE_MEMBER(struct people_person_change, "person", residence),
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
	SP_TRY(people_person_lay(c, &p, err));
	if (strcmp(p.login, before.login) != 0)
		SP_TRY(people_login_free(db, p.login, err));
	SP_TRY(people_person_save(a, &p, err));
	if (strcmp(p.human, before.human) != 0)
		SP_TRY(people_person_hand(a, id, PEOPLE_NAMED, err));
	return record_changed(a, id, c, err);
}

enum sp_code
people_person_change_check(const struct people_person *p,
    const struct people_person_change *c, struct sp_err *err)
{
	struct people_person made = *p;

	return people_person_lay(c, &made, err);
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
