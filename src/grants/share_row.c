#include "grants/share_row.h"

#include "grants/twin.h"
#include "grants/visit.h"

#include <string.h>

static const struct db_sql row_load = {
	"SELECT sharer, parent, to_kind, to_id, download, reshare, until,"
	" state, category FROM share WHERE id = ?1",
};
static const struct db_sql row_terms = {
	"SELECT terms FROM share WHERE id = ?1"
	" UNION ALL SELECT terms FROM share_known WHERE id = ?1",
};
static const struct db_sql row_add = {
	"INSERT INTO share(id, sharer, parent, to_kind, to_id, download,"
	" reshare, granted, until, category, state, changed, terms)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'active', ?8, ?11)",
};
static const struct db_sql item_add = {
	"INSERT INTO share_item(share, evidence) VALUES(?1, ?2)",
};
static const struct db_sql row_state = {
	"UPDATE share SET state = ?2, changed = ?3 WHERE id = ?1",
};
static const struct db_sql row_count = {
	"SELECT count(*) FROM share WHERE state = 'active' AND sharer = ?1"
	" AND (?2 IS NULL OR to_id = ?2)",
};
static const struct db_sql item_category = {
	"SELECT category FROM evidence WHERE id = ?1",
};
static const struct db_sql item_shared = {
	"SELECT 1 FROM share_item WHERE share = ?1 AND evidence = ?2",
};
static const struct db_sql party_load = {
	"SELECT side, declined, told, version FROM share_party"
	" WHERE share = ?1 AND agency = ?2",
};
static const struct db_sql party_first = {
	"SELECT agency FROM share_party WHERE share = ?1 AND told = 'active'"
	" AND NOT declined ORDER BY side DESC, agency LIMIT 1",
};
static const struct db_sql party_put = {
	"INSERT INTO share_party(share, agency, side, declined, told, version,"
	" settled) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	" ON CONFLICT(share, agency) DO UPDATE SET declined = ?4, told = ?5,"
	" version = ?6, settled = ?7",
};

/* Is this agency, by this house's copy, in the group that the share is with? */
#define IN_GROUP(share, agency)                                                \
	"EXISTS(SELECT 1 FROM joint g JOIN joint_member m ON m.joint = g.id"   \
	" WHERE g.id = " share ".to_id AND NOT g.ended AND m.inside"           \
	" AND m.agency = " agency ")"
#define DUE                                                                    \
	"CASE WHEN s.state <> 'active' THEN s.state"                           \
	" WHEN p.declined THEN 'declined'"                                     \
	" WHEN p.side = 'to' AND s.to_kind = 'group'"                          \
	" AND NOT " IN_GROUP("s", "p.agency") " THEN 'ended'"                  \
					      " ELSE 'active' END"

static const struct db_sql party_due = {
	"SELECT s.state, s.to_kind = 'group' AND NOT " IN_GROUP(
	    "s", "?2") " FROM share s WHERE s.id = ?1",
};

/* Over by its time; with a group that ended, or that the owner left; made from
 * one that is over, or by one that it is over for. */
static const struct db_sql work_end = {
	"SELECT id, state FROM ("
	"SELECT s.id, 'ended' AS state FROM share s"
	" WHERE s.state = 'active' AND s.until <= ?1"
	" UNION ALL "
	"SELECT s.id, 'ended' FROM share s WHERE s.state = 'active'"
	" AND s.parent IS NULL AND s.to_kind = 'group' AND NOT EXISTS("
	"SELECT 1 FROM joint g JOIN joint_member m ON m.joint = g.id"
	" WHERE g.id = s.to_id AND NOT g.ended AND m.inside"
	" AND m.agency = ?2 AND m.since > g.left_at)"
	" UNION ALL "
	"SELECT s.id, CASE WHEN u.state = 'revoked' THEN 'revoked'"
	" ELSE 'ended' END FROM share s JOIN share u ON u.id = s.parent"
	" LEFT JOIN share_party p ON p.share = u.id AND p.agency = s.sharer"
	" AND p.side = 'to' WHERE s.state = 'active'"
	" AND (u.state <> 'active' OR p.declined OR p.told = 'ended'"
	"  OR p.share IS NULL)"
	") LIMIT 1",
};
/* Who does not know what it should; a member that knows of nothing yet.  What
 * opens something waits for the pace (twin.h), what ends something does not. */
#define NOT_BUSY(agency)                                                       \
	"(s.sharer, " agency ") NOT IN (SELECT by_id, to_id FROM busy)"
static const struct db_sql work_tell = {
	"WITH " GRANTS_TWIN_BUSY " SELECT share, agency FROM ("
	"SELECT p.share, p.agency FROM share_party p"
	" JOIN share s ON s.id = p.share WHERE NOT p.settled"
	" AND p.told IS NOT " DUE " AND (" DUE " <> 'active' OR p.side = 'by'"
	" OR " NOT_BUSY("p.agency") ") UNION ALL "
				    "SELECT s.id, m.agency FROM share s JOIN "
				    "joint g ON g.id = s.to_id"
				    " JOIN joint_member m ON m.joint = g.id"
				    " LEFT JOIN share_party p ON p.share = "
				    "s.id AND p.agency = m.agency"
				    " WHERE s.state = 'active' AND s.to_kind = "
				    "'group' AND NOT g.ended"
				    " AND m.inside AND m.agency <> ?1 AND "
				    "m.agency <> s.sharer"
				    " AND p.share IS NULL AND " NOT_BUSY(
					"m.agency") ") LIMIT 1",
};
static const struct db_sql known_load = {
	"SELECT owner, side, download, declined, to_kind, to_id, state,"
	" version, until FROM share_known WHERE id = ?1",
};
static const struct db_sql known_put = {
	"INSERT INTO share_known(id, owner, side, download, declined, to_kind,"
	" to_id, state, version, until, terms)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
	" ON CONFLICT(id) DO UPDATE SET state = ?8, version = ?9,"
	" declined = ?5",
};
static const struct db_sql known_decline = {
	"UPDATE share_known SET declined = 1 WHERE id = ?1",
};
/* The terms of a share by category have no items (terms.h). */
static const struct db_sql ways = {
	"SELECT id FROM (SELECT id FROM share_known WHERE side = 'to'"
	" AND (instr(terms, ?3) > 0 OR instr(terms, '\"evidence\":null') > 0)"
	" UNION ALL SELECT s.id FROM share s WHERE s.to_kind = 'person'"
	" AND s.to_id = ?2 AND (s.category IS NOT NULL OR EXISTS("
	"SELECT 1 FROM share_item i WHERE i.share = s.id AND i.evidence = ?4)))"
	" WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?5",
};

static enum sp_code
unknown(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_NOTFOUND, "share.unknown", "there is no such share");
}

static enum sp_code
col_to(struct db_stmt *st, int at, enum grants_to *out, struct sp_err *err)
{
	if (!grants_terms_to_parse(db_col_text(st, at), out))
		return sp_fail(err, SP_E_CORRUPT, "a share with nobody");
	return SP_OK;
}

static enum sp_code
col_state(
    struct db_stmt *st, int at, enum grants_state *out, struct sp_err *err)
{
	if (!grants_terms_state_parse(db_col_text(st, at), out))
		return sp_fail(err, SP_E_CORRUPT, "a share in no state");
	return SP_OK;
}

/* --- shares --- */

enum sp_code
grants_share_row_load(struct db *db, const struct sp_id *id,
    struct grants_share_row *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &row_load);
	struct grants_share_row r = { .id = *id };
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	SP_TRY(db_col_bytes(st, 0, r.sharer.b, SP_ID_LEN, err));
	if (!db_col_null(st, 1))
		SP_TRY(db_col_bytes(st, 1, r.parent.b, SP_ID_LEN, err));
	SP_TRY(col_to(st, 2, &r.to, err));
	SP_TRY(db_col_bytes(st, 3, r.to_id.b, SP_ID_LEN, err));
	r.download = db_col_i64(st, 4) != 0;
	r.reshare = db_col_i64(st, 5) != 0;
	r.until = db_col_i64(st, 6);
	SP_TRY(col_state(st, 7, &r.state, err));
	(void)snprintf(
	    r.category, sizeof(r.category), "%s", db_col_text(st, 8));
	*out = r;
	return SP_OK;
}

enum sp_code
grants_share_row_terms(struct db *db, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &row_terms);
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	sp_buf_text(out, db_col_text(st, 0));
	return sp_buf_check(out, "terms", err);
}

static enum sp_code
add_items(struct db *db, const struct grants_terms *t, struct sp_err *err)
{
	DB_STMT st = db_use(db, &item_add);

	db_bind_blob(st, 1, t->id.b, SP_ID_LEN);
	for (size_t i = 0; i < t->n; i++) {
		db_bind_blob(st, 2, t->item[i].b, SP_ID_LEN);
		SP_TRY(db_run(st, NULL, err));
	}
	return SP_OK;
}

enum sp_code
grants_share_row_add(struct db *db, const struct grants_terms *t,
    const char *text, struct sp_err *err)
{
	DB_STMT st = db_use(db, &row_add);
	bool root = sp_id_is_zero(&t->parent);

	db_bind_blob(st, 1, t->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, t->sharer.b, SP_ID_LEN);
	db_bind_blob(st, 3, root ? NULL : t->parent.b, root ? 0 : SP_ID_LEN);
	db_bind_text(st, 4, grants_terms_to_name(t->to));
	db_bind_blob(st, 5, t->to_id.b, SP_ID_LEN);
	db_bind_i64(st, 6, t->download);
	db_bind_i64(st, 7, t->reshare);
	db_bind_i64(st, 8, t->granted);
	db_bind_i64(st, 9, t->until);
	db_bind_text(st, 10, t->category[0] == '\0' ? NULL : t->category);
	db_bind_text(st, 11, text);
	SP_TRY(db_run(st, NULL, err));
	return add_items(db, t, err);
}

enum sp_code
grants_share_row_state(struct db *db, const struct sp_id *id,
    enum grants_state state, sp_time now, struct sp_err *err)
{
	DB_STMT st = db_use(db, &row_state);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_text(st, 2, grants_terms_state_name(state));
	db_bind_i64(st, 3, now);
	return db_run(st, NULL, err);
}

enum sp_code
grants_share_row_count(struct db *db, const struct sp_id *sharer,
    const struct sp_id *to, uint64_t *active, struct sp_err *err)
{
	DB_STMT st = db_use(db, &row_count);
	bool found = false;

	db_bind_blob(st, 1, sharer->b, SP_ID_LEN);
	db_bind_blob(st, 2, to == NULL ? NULL : to->b, SP_ID_LEN);

	SP_TRY(db_row(st, &found, err));
	*active = (uint64_t)db_col_i64(st, 0);
	return SP_OK;
}

enum sp_code
grants_share_row_category(struct db *db, const struct sp_id *item,
    char out[static EVIDENCE_CATEGORY_MAX + 1], bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &item_category);

	db_bind_blob(st, 1, item->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	if (*found)
		(void)snprintf(
		    out, EVIDENCE_CATEGORY_MAX + 1, "%s", db_col_text(st, 0));
	return SP_OK;
}

enum sp_code
grants_share_row_covers(struct db *db, const struct grants_share_row *r,
    const struct sp_id *item, bool *covers, struct sp_err *err)
{
	char category[EVIDENCE_CATEGORY_MAX + 1];
	bool found = false;

	if (r->category[0] == '\0') {
		DB_STMT st = db_use(db, &item_shared);

		db_bind_blob(st, 1, r->id.b, SP_ID_LEN);
		db_bind_blob(st, 2, item->b, SP_ID_LEN);
		return db_row(st, covers, err);
	}
	SP_TRY(grants_share_row_category(db, item, category, &found, err));
	*covers = found && strcmp(category, r->category) == 0;
	return SP_OK;
}

/* --- parties --- */

enum sp_code
grants_share_row_party(struct db *db, const struct sp_id *share,
    const struct sp_id *agency, struct grants_party *out, bool *found,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &party_load);
	struct grants_party p = { .share = *share, .agency = *agency };

	db_bind_blob(st, 1, share->b, SP_ID_LEN);
	db_bind_blob(st, 2, agency->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	p.by = strcmp(db_col_text(st, 0), "by") == 0;
	p.declined = db_col_i64(st, 1) != 0;
	p.told = !db_col_null(st, 2);
	if (p.told)
		SP_TRY(col_state(st, 2, &p.last, err));
	p.version = (uint64_t)db_col_i64(st, 3);
	*out = p;
	return SP_OK;
}

enum sp_code
grants_share_row_party_put(struct db *db, const struct grants_party *p,
    bool settled, struct sp_err *err)
{
	DB_STMT st = db_use(db, &party_put);

	db_bind_blob(st, 1, p->share.b, SP_ID_LEN);
	db_bind_blob(st, 2, p->agency.b, SP_ID_LEN);
	db_bind_text(st, 3, p->by ? "by" : "to");
	db_bind_i64(st, 4, p->declined);
	db_bind_text(st, 5, p->told ? grants_terms_state_name(p->last) : NULL);
	db_bind_u64(st, 6, p->version);
	db_bind_i64(st, 7, settled);
	return db_run(st, NULL, err);
}

enum sp_code
grants_share_row_first_party(struct db *db, const struct sp_id *share,
    struct sp_id *agency, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &party_first);

	db_bind_blob(st, 1, share->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, agency->b, SP_ID_LEN, err) : SP_OK;
}

enum sp_code
grants_share_row_due(struct db *db, const struct grants_party *p,
    enum grants_state *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &party_due);
	bool found = false;

	db_bind_blob(st, 1, p->share.b, SP_ID_LEN);
	db_bind_blob(st, 2, p->agency.b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	SP_TRY(col_state(st, 0, out, err));
	if (*out != GRANTS_ACTIVE)
		return SP_OK;
	if (p->declined)
		*out = GRANTS_DECLINED;
	else if (!p->by && db_col_i64(st, 1) != 0)
		*out = GRANTS_ENDED;
	return SP_OK;
}

/* --- what is to be done --- */

static enum sp_code
work_to_end(struct db *db, const struct sp_id *owner, sp_time now,
    struct grants_share_work *w, struct sp_err *err)
{
	DB_STMT st = db_use(db, &work_end);
	bool found = false;

	db_bind_i64(st, 1, now);
	db_bind_blob(st, 2, owner->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, w->share.b, SP_ID_LEN, err));
	SP_TRY(col_state(st, 1, &w->state, err));
	w->what = GRANTS_TO_END;
	return SP_OK;
}

static enum sp_code
work_to_tell(struct db *db, const struct sp_id *owner, sp_time now,
    struct grants_share_work *w, struct sp_err *err)
{
	DB_STMT st = db_use(db, &work_tell);
	bool found = false;

	db_bind_blob(st, 1, owner->b, SP_ID_LEN);
	grants_twin_bind(st, owner, now);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, w->share.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, w->agency.b, SP_ID_LEN, err));
	w->what = GRANTS_TO_TELL;
	return SP_OK;
}

enum sp_code
grants_share_row_work(struct db *db, const struct sp_id *owner, sp_time now,
    struct grants_share_work *out, struct sp_err *err)
{
	struct grants_share_work w = { .what = GRANTS_NO_WORK };

	SP_TRY(work_to_end(db, owner, now, &w, err));
	if (w.what == GRANTS_NO_WORK)
		SP_TRY(work_to_tell(db, owner, now, &w, err));
	*out = w;
	return SP_OK;
}

/* --- what others told --- */

enum sp_code
grants_share_row_known(struct db *db, const struct sp_id *id,
    struct grants_known *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &known_load);
	struct grants_known k = { .id = *id };
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return unknown(err);
	SP_TRY(db_col_bytes(st, 0, k.owner.b, SP_ID_LEN, err));
	k.by = strcmp(db_col_text(st, 1), "by") == 0;
	k.download = db_col_i64(st, 2) != 0;
	k.declined = db_col_i64(st, 3) != 0;
	SP_TRY(col_to(st, 4, &k.to, err));
	SP_TRY(db_col_bytes(st, 5, k.to_id.b, SP_ID_LEN, err));
	SP_TRY(col_state(st, 6, &k.state, err));
	k.version = (uint64_t)db_col_i64(st, 7);
	k.until = db_col_i64(st, 8);
	*out = k;
	return SP_OK;
}

enum sp_code
grants_share_row_known_put(struct db *db, const struct grants_known *k,
    const char *terms, struct sp_err *err)
{
	DB_STMT st = db_use(db, &known_put);

	db_bind_blob(st, 1, k->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, k->owner.b, SP_ID_LEN);
	db_bind_text(st, 3, k->by ? "by" : "to");
	db_bind_i64(st, 4, k->download);
	db_bind_i64(st, 5, k->declined);
	db_bind_text(st, 6, grants_terms_to_name(k->to));
	db_bind_blob(st, 7, k->to_id.b, SP_ID_LEN);
	db_bind_text(st, 8, grants_terms_state_name(k->state));
	db_bind_u64(st, 9, k->version);
	db_bind_i64(st, 10, k->until);
	db_bind_text(st, 11, terms);
	return db_run(st, NULL, err);
}

enum sp_code
grants_share_row_known_decline(
    struct db *db, const struct sp_id *id, struct sp_err *err)
{
	DB_STMT st = db_use(db, &known_decline);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

enum sp_code
grants_share_row_ways(struct db *db, const struct grants_visit_ways *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_STMT st = db_use(db, &ways);
	char item[SP_ID_TEXT];
	size_t at = 0;

	sp_id_text(&q->evidence, item);
	db_bind_blob(st, 1, q->before == NULL ? NULL : q->before->b,
	    q->before == NULL ? 0 : SP_ID_LEN);
	db_bind_blob(st, 2, q->person.b, SP_ID_LEN);
	db_bind_text(st, 3, item);
	db_bind_blob(st, 4, q->evidence.b, SP_ID_LEN);
	db_bind_u64(st, 5, q->n);
	for (; at < q->n; at++) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(db_col_bytes(st, 0, id[at].b, SP_ID_LEN, err));
	}
	*got = at;
	return SP_OK;
}
