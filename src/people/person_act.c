#include "people/person.h"

#include <string.h>

/* Who acts, and on whom. */
static const struct db_sql person_humans = {
	"SELECT count(*) = 2 OR ?1 = ?2 FROM person AS p WHERE p.id IN (?1, ?2)"
	" AND p.human = (SELECT human FROM person WHERE id = ?1)",
};

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

struct sp_id
people_by_whom(const struct people_by *by)
{
	return sp_id_is_zero(&by->person) ? by->issuer : by->person;
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
