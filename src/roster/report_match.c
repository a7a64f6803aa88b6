#include "roster/making.h"

#include <string.h>
#include <strings.h>

/* Whom a row is about. */
#define HUMANS 8 /* accounts of one human looked at */

static const struct db_sql by_human = {
	"SELECT id, login FROM person WHERE human = ?1"
	" AND state <> 'terminated' ORDER BY id LIMIT ?2",
};

static enum sp_code
match_login(struct roster_making *m, struct roster_row *row, const char *login,
    struct people_person *p, struct sp_err *err)
{
	enum sp_code code = people_person_by_login(m->db, login, p, err);

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	if (people_person_state(p, m->rules, m->now).state ==
	    PEOPLE_TERMINATED) {
		roster_making_conflict(m, row, "person.login",
		    "the login was that of an account that has ended");
		return SP_OK;
	}
	row->id = p->id;
	return SP_OK;
}

/* Of the accounts of a human: the one that has the login, or the only one. */
static enum sp_code
match_human(struct roster_making *m, struct roster_row *row, struct sp_err *err)
{
	DB_STMT st = db_use(m->db, &by_human);
	const char *login = roster_table_cell(&m->r->table, row, COL_LOGIN);
	struct sp_id only, id;
	bool exact = false;
	size_t n = 0;

	db_bind_text(st, 1, roster_table_cell(&m->r->table, row, COL_HUMAN));
	db_bind_i64(st, 2, HUMANS);
	for (;; n++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, id.b, SP_ID_LEN, err));
		only = id;
		if (strcasecmp(db_col_text(st, 1), login) == 0) {
			row->id = id;
			exact = true;
		}
	}
	if (!exact && n == 1)
		row->id = only;
	else if (!exact && n > 1)
		roster_making_conflict(m, row, "person.human",
		    "this human has several accounts: say which by its login");
	return SP_OK;
}

/* A login in the file that another human's account has. */
static enum sp_code
login_of_another(struct roster_making *m, struct roster_row *row,
    struct people_person *p, struct sp_err *err)
{
	const char *login = roster_table_given(&m->r->table, row, COL_LOGIN);
	struct people_person other;
	enum sp_code code;

	if (login == NULL)
		return SP_OK;
	code = people_person_by_login(m->db, login, &other, err);
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	if (!sp_id_is_zero(&row->id)) {
		if (!sp_id_equal(&other.id, &row->id))
			roster_making_conflict(m, row, "person.login",
			    "the login is or was that of somebody else");
		return SP_OK;
	}
	/* Known so far by a login alone: now the human gets its name. */
	SP_TRY(match_login(m, row, login, p, err));
	if (row->what == ROW_SAME) {
		char own[SP_ID_TEXT];

		sp_id_text(&other.id, own);
		if (strcmp(other.human, own) != 0)
			roster_making_conflict(m, row, "person.login",
			    "the login is that of another human's account");
	}
	return SP_OK;
}

enum sp_code
roster_making_match(struct roster_making *m, struct roster_row *row,
    struct people_person *p, struct sp_err *err)
{
	const char *human = roster_table_given(&m->r->table, row, COL_HUMAN);
	const char *login = roster_table_given(&m->r->table, row, COL_LOGIN);

	if (human == NULL && login == NULL) {
		row->what = ROW_ERROR;
		row->reason = "person.human";
		row->problem = roster_making_keep(
		    m, "human or login is needed to know whom it is about");
		return SP_OK;
	}
	if (human == NULL)
		return match_login(m, row, login, p, err);
	SP_TRY(match_human(m, row, err));
	if (row->what == ROW_SAME)
		SP_TRY(login_of_another(m, row, p, err));
	if (row->what == ROW_SAME && !sp_id_is_zero(&row->id))
		SP_TRY(people_person_by_id(m->db, &row->id, p, err));
	return SP_OK;
}
