#include "base/json.h"
#include "people/field.h"
#include "roster/making.h"

#include <stdlib.h>
#include <string.h>

/* Whom the file leaves out: named, and left alone. */
static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, SP_ID_LEN);
}

struct left_out {
	struct roster_making *m;
	struct sp_id *known; /* sorted */
	size_t n;
	struct sp_json j;
};

static enum sp_code
see_person(void *arg, const struct people_person *p, struct sp_err *err)
{
	struct left_out *l = arg;
	struct people_standing s =
	    people_person_state(p, l->m->rules, l->m->now);

	if (s.state == PEOPLE_TERMINATED ||
	    bsearch(&p->id, l->known, l->n, sizeof(*l->known), by_id) != NULL)
		return SP_OK;
	l->m->r->counts.missing++;
	sp_json_object(&l->j, NULL);
	people_put_id(&l->j, "id", &p->id);
	sp_json_str(&l->j, "login", p->login);
	sp_json_str(&l->j, "name", p->name);
	sp_json_end(&l->j);
	return sp_buf_check(&l->m->r->missing, "roster", err);
}

enum sp_code
roster_making_leave_out(struct roster_making *m, struct sp_err *err)
{
	struct roster *r = m->r;
	struct left_out l = {
		.m = m,
		.known = calloc(r->table.rows + 1, sizeof(*l.known)),
		.n = r->table.rows,
		.j = sp_json_to(&r->missing),
	};
	enum sp_code code;

	if (l.known == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	for (size_t i = 0; i < r->table.rows; i++)
		l.known[i] = r->table.row[i].id;
	qsort(l.known, l.n, sizeof(*l.known), by_id);
	sp_json_array(&l.j, NULL);
	code = people_person_each(m->db, see_person, &l, err);
	sp_json_end(&l.j);
	free(l.known);
	return code != SP_OK ? code : sp_buf_check(&r->missing, "roster", err);
}
