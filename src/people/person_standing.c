#include "people/person.h"

#include "people/field.h"

/* What an account is at this moment, whatever its row still says. */
static const struct db_sql person_overdue = {
	"SELECT id FROM person WHERE state = 'active' AND active <= ?1"
	" UNION SELECT id FROM person WHERE temporary > 0"
	"  AND state <> 'terminated' AND temporary <= ?2"
	" UNION SELECT id FROM person WHERE ends > 0"
	"  AND state <> 'terminated' AND ends <= ?2"
	" LIMIT ?3",
};

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
	    p.epoch == d->epoch;
	return SP_OK;
}

enum sp_code
people_person_doing(struct db *db, const struct sp_id *person, sp_time now,
    struct people_doing *out, struct sp_err *err)
{
	struct people_doing d = { *person, now, 0 };

	SP_TRY(people_person_epoch(db, person, &d.epoch, err));
	*out = d;
	return SP_OK;
}

enum sp_code
people_person_epoch(
    struct db *db, const struct sp_id *person, sp_time *out, struct sp_err *err)
{
	struct people_person p = { .epoch = 0 };
	enum sp_code code = people_person_by_id(db, person, &p, err);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	*out = code == SP_OK ? p.epoch : 0;
	return SP_OK;
}

enum sp_code
people_person_overdue(struct db *db, const struct people_overdue *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_overdue);
	sp_time idle = people_rules_time(q->rules, PEOPLE_ACCOUNT_INACTIVE);

	db_bind_i64(st, 1, q->now - idle);
	db_bind_i64(st, 2, q->now);
	db_bind_u64(st, 3, q->n);
	return people_col_ids(st, id, q->n, got, err);
}
