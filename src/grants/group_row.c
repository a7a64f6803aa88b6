#include "grants/group_row.h"

#include <jansson.h>
#include <string.h>

static const struct db_sql group_load = {
	"SELECT lead, name, version, ended, formed, left_at FROM joint"
	" WHERE id = ?1",
};
static const struct db_sql group_members = {
	"SELECT agency, inside, since, told FROM joint_member"
	" WHERE joint = ?1 ORDER BY inside DESC, agency",
};
static const struct db_sql group_put = {
	"INSERT INTO joint(id, lead, name, version, ended, formed, left_at)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)"
	" ON CONFLICT(id) DO UPDATE SET version = ?4, ended = ?5",
};
static const struct db_sql member_put = {
	"INSERT INTO joint_member(joint, agency, inside, since, told)"
	" VALUES(?1, ?2, ?3, ?4, 0) ON CONFLICT(joint, agency)"
	" DO UPDATE SET inside = ?3, since = ?4",
};
static const struct db_sql group_left = {
	"UPDATE joint SET left_at = ?2 WHERE id = ?1",
};
static const struct db_sql group_told = {
	"UPDATE joint_member SET told = ?3 WHERE joint = ?1 AND agency = ?2",
};
static const struct db_sql group_count = {
	"SELECT count(*) FROM joint WHERE lead = ?1 AND ended = 0",
};
static const struct db_sql group_next = {
	"SELECT id FROM joint WHERE id > ?1 ORDER BY id LIMIT 1",
};
/* One that is out is told so once (its `told` is 0 from then on). */
static const struct db_sql group_untold = {
	"SELECT g.id, m.agency FROM joint g JOIN joint_member m"
	" ON m.joint = g.id WHERE g.lead = ?1 AND m.agency <> ?1 AND"
	" CASE WHEN m.inside THEN m.told < g.version ELSE m.told > 0 END"
	" LIMIT 1",
};
static const struct db_sql person_clear = {
	"DELETE FROM joint_person WHERE joint = ?1",
};
static const struct db_sql person_add = {
	"INSERT INTO joint_person(joint, person) VALUES(?1, ?2)",
};
static const struct db_sql person_named = {
	"SELECT count(*), coalesce(sum(person = ?2), 0) FROM joint_person"
	" WHERE joint = ?1",
};
static const struct db_sql person_list = {
	"SELECT person FROM joint_person WHERE joint = ?1 ORDER BY person",
};

/* --- rows --- */

static enum sp_code
load_member(struct db_stmt *st, struct grants_group *g, struct sp_err *err)
{
	struct grants_member *m = &g->member[g->n];

	if (g->n == GRANTS_GROUP_MEMBERS)
		return sp_fail(
		    err, SP_E_CORRUPT, "a group of too many members");
	SP_TRY(db_col_bytes(st, 0, m->agency.b, SP_ID_LEN, err));
	m->in = db_col_i64(st, 1) != 0;
	m->since = db_col_i64(st, 2);
	m->told = (uint64_t)db_col_i64(st, 3);
	g->n++;
	return SP_OK;
}

static enum sp_code
load_members(struct db *db, struct grants_group *g, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_members);
	bool found = false;

	db_bind_blob(st, 1, g->id.b, SP_ID_LEN);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(load_member(st, g, err));
	}
}

enum sp_code
grants_group_load(struct db *db, const struct sp_id *id,
    struct grants_group *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_load);
	struct grants_group g = { .id = *id };
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "group.unknown",
		    "there is no such group");
	SP_TRY(db_col_bytes(st, 0, g.lead.b, SP_ID_LEN, err));
	(void)snprintf(g.name, sizeof(g.name), "%s", db_col_text(st, 1));
	g.version = (uint64_t)db_col_i64(st, 2);
	g.ended = db_col_i64(st, 3) != 0;
	g.formed = db_col_i64(st, 4);
	g.left = db_col_i64(st, 5);
	SP_TRY(load_members(db, &g, err));
	*out = g;
	return SP_OK;
}

static enum sp_code
put_member(struct db *db, const struct sp_id *group,
    const struct grants_member *m, struct sp_err *err)
{
	DB_STMT st = db_use(db, &member_put);

	db_bind_blob(st, 1, group->b, SP_ID_LEN);
	db_bind_blob(st, 2, m->agency.b, SP_ID_LEN);
	db_bind_i64(st, 3, m->in);
	db_bind_i64(st, 4, m->since);
	return db_run(st, NULL, err);
}

enum sp_code
grants_group_row_put(
    struct db *db, const struct grants_group *g, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_put);

	db_bind_blob(st, 1, g->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, g->lead.b, SP_ID_LEN);
	db_bind_text(st, 3, g->name);
	db_bind_u64(st, 4, g->version);
	db_bind_i64(st, 5, g->ended);
	db_bind_i64(st, 6, g->formed);
	SP_TRY(db_run(st, NULL, err));
	for (size_t i = 0; i < g->n; i++)
		SP_TRY(put_member(db, &g->id, &g->member[i], err));
	return SP_OK;
}

enum sp_code
grants_group_row_left(
    struct db *db, const struct sp_id *id, sp_time when, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_left);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, when);
	return db_run(st, NULL, err);
}

enum sp_code
grants_group_row_told(struct db *db, const struct sp_id *id,
    const struct sp_id *agency, uint64_t version, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_told);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, agency->b, SP_ID_LEN);
	db_bind_u64(st, 3, version);
	return db_run(st, NULL, err);
}

enum sp_code
grants_group_row_count(
    struct db *db, const struct sp_id *lead, uint64_t *n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_count);
	bool found = false;

	db_bind_blob(st, 1, lead->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*n = (uint64_t)db_col_i64(st, 0);
	return SP_OK;
}

enum sp_code
grants_group_row_next(struct db *db, const struct sp_id *after,
    struct sp_id *id, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_next);

	db_bind_blob(st, 1, after->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, id->b, SP_ID_LEN, err) : SP_OK;
}

enum sp_code
grants_group_row_untold(struct db *db, const struct sp_id *lead,
    struct sp_id *group, struct sp_id *agency, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &group_untold);

	db_bind_blob(st, 1, lead->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, group->b, SP_ID_LEN, err));
	return db_col_bytes(st, 1, agency->b, SP_ID_LEN, err);
}

/* --- the named persons --- */

enum sp_code
grants_group_row_nobody(
    struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_clear);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

enum sp_code
grants_group_row_person(struct db *db, const struct sp_id *id,
    const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_add);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

enum sp_code
grants_group_row_named(struct db *db, const struct sp_id *id,
    const struct sp_id *person, bool *any, bool *named, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_named);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*any = db_col_i64(st, 0) > 0;
	*named = db_col_i64(st, 1) > 0;
	return SP_OK;
}

enum sp_code
grants_group_row_persons_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &person_list);
	struct sp_id person;
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	sp_json_array(j, name);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, person.b, SP_ID_LEN, err));
		sp_json_id(j, NULL, &person);
	}
	sp_json_end(j);
	return SP_OK;
}

/* --- as it is told --- */

void
grants_group_row_tell(const struct grants_group *g, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_bool(&j, "ended", g->ended);
	sp_json_time(&j, "formed_at", g->formed);
	sp_json_id(&j, "id", &g->id);
	sp_json_id(&j, "lead", &g->lead);
	sp_json_array(&j, "members");
	for (size_t i = 0; i < g->n; i++) {
		sp_json_object(&j, NULL);
		sp_json_id(&j, "agency", &g->member[i].agency);
		sp_json_bool(&j, "in", g->member[i].in);
		sp_json_time(&j, "since", g->member[i].since);
		sp_json_end(&j);
	}
	sp_json_end(&j);
	sp_json_str(&j, "name", g->name);
	sp_json_int(&j, "version", (int64_t)g->version);
	sp_json_end(&j);
}

static bool
read_id(const json_t *in, const char *name, struct sp_id *out)
{
	const json_t *v = json_object_get(in, name);
	const char *s = json_string_value(v);

	return s != NULL && sp_id_parse(s, json_string_length(v), out);
}

static bool
read_time(const json_t *in, const char *name, sp_time *out)
{
	const json_t *v = json_object_get(in, name);
	const char *s = json_string_value(v);

	return s != NULL && sp_time_parse(s, json_string_length(v), out);
}

static bool
read_members(const json_t *in, struct grants_group *g)
{
	const json_t *all = json_object_get(in, "members");
	size_t n = json_array_size(all);

	if (n == 0 || n > GRANTS_GROUP_MEMBERS)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *m = json_array_get(all, i);
		struct grants_member *to = &g->member[i];

		if (!read_id(m, "agency", &to->agency) ||
		    !read_time(m, "since", &to->since))
			return false;
		to->in = json_is_true(json_object_get(m, "in"));
	}
	g->n = n;
	return true;
}

static bool
read_group(const json_t *in, struct grants_group *g)
{
	const char *name = json_string_value(json_object_get(in, "name"));
	json_int_t version = json_integer_value(json_object_get(in, "version"));

	if (name == NULL || strlen(name) > GRANTS_GROUP_NAME || version < 1 ||
	    !read_id(in, "id", &g->id) || !read_id(in, "lead", &g->lead) ||
	    !read_time(in, "formed_at", &g->formed))
		return false;
	memcpy(g->name, name, strlen(name) + 1);
	g->version = (uint64_t)version;
	g->ended = json_is_true(json_object_get(in, "ended"));
	return read_members(in, g);
}

enum sp_code
grants_group_row_told_read(
    const char *body, struct grants_group *out, struct sp_err *err)
{
	json_auto_t *in = json_loads(body, 0, NULL);
	struct grants_group g = { .n = 0 };

	if (in == NULL || !read_group(in, &g))
		return sp_fail_as(err, SP_E_INVALID, "group.told",
		    "what was told of a group is not one");
	*out = g;
	return SP_OK;
}
