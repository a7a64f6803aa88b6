#include "roster/apply.h"

#include "people/sealed.h"
#include "roster/making.h"
#include "roster/row.h"

/*
 * Inside one act, row by row in the order of the file.  A row that the act
 * refuses (somebody's own row, say) undoes all.
 */
static enum sp_code
apply_change(const struct people_act *a, const struct roster *r,
    const struct roster_row *row, struct sp_err *err)
{
	struct people_person_change c = roster_row_change(&r->table, row);
	uint32_t rest = row->changes & ~(1U << COL_ROLE) & ~(1U << COL_UNIT);
	const char *role = roster_table_given(&r->table, row, COL_ROLE);
	struct people_person p;

	if (rest != 0)
		SP_TRY(people_person_change(a, &row->id, &c, err));
	if ((row->changes & 1U << COL_UNIT) != 0) {
		SP_TRY(people_person_by_id(
		    ledger_tx_db(a->tx), &row->id, &p, err));
		return people_person_transfer(a, &row->id,
		    roster_table_cell(&r->table, row, COL_UNIT),
		    role == NULL ? people_role_name(p.role) : role, err);
	}
	if ((row->changes & 1U << COL_ROLE) != 0)
		return people_person_role(a, &row->id, role, err);
	return SP_OK;
}

static enum sp_code
apply_sealed(const struct people_act *a, struct crypto_secret *dek,
    const struct roster *r, const struct roster_row *row, struct sp_err *err)
{
	for (int f = 0; f < PEOPLE_FIELD_COUNT; f++) {
		enum roster_column c = (enum roster_column)((int)COL_SSN + f);

		if ((row->sealed & 1U << f) == 0)
			continue;
		SP_TRY(people_sealed_put(a, dek, &row->id, (enum people_field)f,
		    roster_table_cell(&r->table, row, c), err));
	}
	return SP_OK;
}

_Static_assert((int)COL_SID - (int)COL_SSN == (int)PEOPLE_SID - (int)PEOPLE_SSN,
    "sealed columns come in the order of the fields");

static enum sp_code
apply_row(const struct people_act *a, struct crypto_secret *dek,
    struct roster *r, struct roster_row *row, struct sp_err *err)
{
	struct people_screening_new screening =
	    roster_row_screening(&r->table, row);
	struct people_training_new training =
	    roster_row_training(&r->table, row);
	struct people_person_new person = roster_row_person(&r->table, row);
	struct sp_id unused;

	if (row->what == ROW_ADD)
		SP_TRY(people_person_add(a, &person, &row->id, err));
	else
		row->id = r->table.row[row->leader].id;
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

static enum sp_code
check_report(
    const struct roster *r, const struct roster_apply *p, struct sp_err *err)
{
	SP_TRY(roster_agree(r, p->hash, err));
	if (r->counts.sealed > 0 && p->dek == NULL)
		return sp_fail_as(err, SP_E_INVALID, "roster.key",
		    "the file has SSNs or the like, which need the agency's "
		    "key");
	return SP_OK;
}

static enum sp_code
enter(const struct people_act *a, const struct roster *r, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_int(&j, "adds", (int64_t)r->counts.adds);
	sp_json_int(&j, "changes", (int64_t)r->counts.changes);
	sp_json_int(&j, "records", (int64_t)r->counts.records);
	sp_json_int(&j, "sealed", (int64_t)r->counts.sealed);
	sp_json_hex(&j, "sha256", r->table.file, sizeof(r->table.file));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, "roster.applied", "agency", &a->by->agency,
	    sp_buf_str(&detail), err);
}

enum sp_code
roster_apply(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct roster_apply *p = arg;
	struct people_act a = { tx, &p->by, p->rules, p->now };
	ROSTER_AUTO r = NULL;

	SP_TRY(
	    roster_read(&r, ledger_tx_db(tx), p->rules, p->csv, p->now, err));
	SP_TRY(check_report(r, p, err));
	for (size_t i = 0; i < r->table.rows; i++) {
		struct sp_err why = { .text = "" };
		enum sp_code code =
		    apply_row(&a, p->dek, r, &r->table.row[i], &why);

		if (code != SP_OK)
			return sp_fail_as(err, code, why.reason, "row %zu: %s",
			    r->table.row[i].number, why.text);
	}
	SP_TRY(enter(&a, r, err));
	p->done = r->counts;
	return SP_OK;
}
