#include "people/roster_table.h"

#include "people/field.h"

#include <string.h>

/*
 * What a report says, done: inside one act, row by row in the order of the
 * file.  A row that the act refuses (somebody's own row, say) undoes all.
 */
static enum sp_code
apply_change(const struct people_act *a, const struct people_roster *r,
    const struct roster_row *row, struct sp_err *err)
{
	struct people_person_change c = people_roster_change(r, row);
	uint32_t rest = row->changes & ~(1U << COL_ROLE) & ~(1U << COL_UNIT);
	const char *role = people_roster_given(r, row, COL_ROLE);
	struct people_person p;

	if (rest != 0)
		SP_TRY(people_person_change(a, &row->id, &c, err));
	if ((row->changes & 1U << COL_UNIT) != 0) {
		SP_TRY(people_person_by_id(
		    ledger_tx_db(a->tx), &row->id, &p, err));
		return people_person_transfer(a, &row->id,
		    people_roster_cell(r, row, COL_UNIT),
		    role == NULL ? people_role_name(p.role) : role, err);
	}
	if ((row->changes & 1U << COL_ROLE) != 0)
		return people_person_role(a, &row->id, role, err);
	return SP_OK;
}

static enum sp_code
apply_sealed(const struct people_act *a, struct crypto_secret *dek,
    const struct people_roster *r, const struct roster_row *row,
    struct sp_err *err)
{
	for (int f = 0; f < PEOPLE_FIELD_COUNT; f++) {
		enum roster_column c = (enum roster_column)((int)COL_SSN + f);

		if ((row->sealed & 1U << f) == 0)
			continue;
		SP_TRY(people_sealed_put(a, dek, &row->id, (enum people_field)f,
		    people_roster_cell(r, row, c), err));
	}
	return SP_OK;
}

_Static_assert((int)COL_SID - (int)COL_SSN == (int)PEOPLE_SID - (int)PEOPLE_SSN,
    "sealed columns come in the order of the fields");

static enum sp_code
apply_row(const struct people_act *a, struct crypto_secret *dek,
    struct people_roster *r, struct roster_row *row, struct sp_err *err)
{
	struct people_screening_new screening = people_roster_screening(r, row);
	struct people_training_new training = people_roster_training(r, row);
	struct people_person_new person = people_roster_person(r, row);
	struct sp_id unused;

	if (row->what == ROW_ADD)
		SP_TRY(people_person_add(a, &person, &row->id, err));
	else
		row->id = r->row[row->leader].id;
	if (row->what == ROW_CHANGE)
		SP_TRY(apply_change(a, r, row, err));
	if (row->screening)
		SP_TRY(people_screening_add(
		    a, &row->id, &screening, &unused, err));
	if (row->training)
		SP_TRY(
		    people_training_add(a, &row->id, &training, &unused, err));
	return apply_sealed(a, dek, r, row, err);
}

/* --- what it takes --- */

const char *
people_roster_act_name(enum people_roster_act act)
{
	static const char *const names[] = {
#define X(id, name) [PEOPLE_##id] = (name),
		PEOPLE_ROSTER_ACTS(X)
#undef X
	};

	SP_REQUIRE((size_t)act < SP_COUNTOF(names));
	return names[act];
}

#define DOES(act) (1U << PEOPLE_ROSTER_##act)

/* A new unit is a transfer: with it the role is said anew. */
static unsigned
acts_of_person(const struct roster_row *row)
{
	const uint32_t unit = 1U << COL_UNIT, role = 1U << COL_ROLE;
	unsigned acts = 0;

	if (row->what == ROW_ADD)
		return DOES(ADDS) | DOES(PLACES);
	if ((row->changes & ~role) != 0)
		acts |= DOES(CHANGES);
	if ((row->changes & (unit | role)) != 0)
		acts |= DOES(PLACES);
	return acts;
}

unsigned
people_roster_acts(const struct people_roster *r, const struct roster_row *row)
{
	unsigned acts;

	if (row->what == ROW_ERROR || row->what == ROW_CONFLICT)
		return 0;
	acts = acts_of_person(row);
	if (row->screening)
		acts |= DOES(SCREENS);
	if (row->screening &&
	    strcmp(people_roster_cell(r, row, COL_S_DECISION),
		people_decision_name(PEOPLE_DENIED)) == 0)
		acts |= DOES(SHUTS);
	if (row->training)
		acts |= DOES(TRAINS);
	if (row->sealed != 0)
		acts |= DOES(SEALS);
	return acts;
}

void
people_roster_acts_json(struct sp_json *j, const char *name, unsigned acts)
{
	sp_json_array(j, name);
	for (unsigned i = 0; i < PEOPLE_ROSTER_ACT_COUNT; i++)
		if ((acts & 1U << i) != 0)
			sp_json_str(j, NULL,
			    people_roster_act_name((enum people_roster_act)i));
	sp_json_end(j);
}

enum sp_code
people_roster_each(const struct people_roster *r,
    enum sp_code (*visit)(
	void *arg, const struct people_roster_wish *w, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	for (size_t i = 0; i < r->rows; i++) {
		const struct roster_row *row = &r->row[i];
		const struct people_roster_wish w = {
			.row = row->number,
			.person = row->id,
			.acts = people_roster_acts(r, row),
			.leads = row->leads,
		};

		if (w.acts != 0)
			SP_TRY(visit(arg, &w, err));
	}
	return SP_OK;
}

/* --- doing it --- */

enum sp_code
people_roster_agree(const struct people_roster *r,
    const uint8_t hash[static CRYPTO_SHA256_LEN], struct sp_err *err)
{
	if (memcmp(r->hash, hash, sizeof(r->hash)) != 0)
		return sp_fail_as(err, SP_E_CONFLICT, "roster.changed",
		    "roster.hash: file or people are not what they were when "
		    "the report was made: make and read another");
	if (!people_roster_clean(r))
		return sp_fail_as(err, SP_E_CONFLICT, "roster.conflict",
		    "the report has %zu conflicts and %zu errors: nothing of "
		    "it is done",
		    r->counts.conflicts, r->counts.errors);
	return SP_OK;
}

static enum sp_code
check_report(const struct people_roster *r, const struct people_roster_apply *p,
    struct sp_err *err)
{
	SP_TRY(people_roster_agree(r, p->hash, err));
	if (r->counts.sealed > 0 && p->dek == NULL)
		return sp_fail_as(err, SP_E_INVALID, "roster.key",
		    "the file has SSNs or the like, which need the agency's "
		    "key");
	return SP_OK;
}

static enum sp_code
enter(const struct people_act *a, const struct people_roster *r,
    struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_int(&j, "adds", (int64_t)r->counts.adds);
	sp_json_int(&j, "changes", (int64_t)r->counts.changes);
	sp_json_int(&j, "records", (int64_t)r->counts.records);
	sp_json_int(&j, "sealed", (int64_t)r->counts.sealed);
	sp_json_hex(&j, "sha256", r->file, sizeof(r->file));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, "roster.applied", "agency", &a->by->agency,
	    sp_buf_str(&detail), err);
}

enum sp_code
people_roster_apply(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct people_roster_apply *p = arg;
	struct people_act a = { tx, &p->by, p->rules, p->now };
	PEOPLE_AUTO_ROSTER r = NULL;

	SP_TRY(people_roster_read(
	    &r, ledger_tx_db(tx), p->rules, p->csv, p->now, err));
	SP_TRY(check_report(r, p, err));
	for (size_t i = 0; i < r->rows; i++) {
		struct sp_err why = { .text = "" };
		enum sp_code code = apply_row(&a, p->dek, r, &r->row[i], &why);

		if (code != SP_OK)
			return sp_fail_as(err, code, why.reason, "row %zu: %s",
			    r->row[i].number, why.text);
	}
	SP_TRY(enter(&a, r, err));
	p->done = r->counts;
	return SP_OK;
}
