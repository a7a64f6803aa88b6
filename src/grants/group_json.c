#include "grants/group_parts.h"

static enum sp_code
put_group(struct sp_json *j, const struct grants_house *h, struct db *db,
    const struct sp_id *id, struct sp_err *err)
{
	struct grants_group g;

	SP_TRY(grants_group_load(db, id, &g, err));
	sp_json_object(j, NULL);
	sp_json_bool(j, "ended", g.ended);
	sp_json_time(j, "formed_at", g.formed);
	sp_json_id(j, "id", &g.id);
	grants_twin_put_agency(j, "lead", h->site, &g.lead);
	sp_json_array(j, "members");
	for (size_t i = 0; i < g.n; i++) {
		const struct grants_member *m = &g.member[i];
		bool mine = sp_id_equal(&m->agency, grants_twin_house(h->room));

		sp_json_object(j, NULL);
		grants_twin_put_agency(j, "agency", h->site, &m->agency);
		sp_json_bool(j, "in", m->in && (!mine || m->since > g.left));
		sp_json_time(j, "since", m->since);
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_str(j, "name", g.name);
	SP_TRY(grants_group_row_persons_json(j, "persons", db, id, err));
	sp_json_int(j, "version", (int64_t)g.version);
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
grants_group_json(const struct grants_house *h, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));
	struct sp_json j = sp_json_to(out);

	SP_TRY(put_group(&j, h, reader.db, id, err));
	return sp_buf_check(out, "group", err);
}

enum sp_code
grants_group_list_json(const struct grants_house *h, const struct sp_id *after,
    uint64_t most, struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));
	struct sp_json j = sp_json_to(out);
	struct sp_id last = *after, id = last;
	bool found = false;

	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	SP_TRY(grants_group_row_next(reader.db, &last, &id, &found, err));
	for (; found && most > 0; most--) {
		SP_TRY(put_group(&j, h, reader.db, &id, err));
		last = id;
		SP_TRY(
		    grants_group_row_next(reader.db, &last, &id, &found, err));
	}
	sp_json_end(&j);
	if (found)
		sp_json_id(&j, "next", &last);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return sp_buf_check(out, "groups", err);
}
