#include "gate/token.h"
#include "grants/share_parts.h"

#include <jansson.h>

/* What the second house does with what it is told. */

/* The owner hears that a house declined. */
static enum sp_code
apply_decline(struct db *db, const struct grants_twin_told *told,
    const struct grants_share_row *r, struct sp_err *err)
{
	struct grants_party p;
	bool found = false;

	SP_TRY(grants_share_row_party(
	    db, &told->object, &told->first, &p, &found, err));
	if (!found || p.by)
		return sp_fail_as(err, SP_E_INVALID, "share.told",
		    "declined by one that it is not with");
	p.declined = true;
	p.told = true;
	p.last = r->state == GRANTS_ACTIVE ? GRANTS_DECLINED : p.last;
	SP_TRY(grants_share_row_party_put(db, &p, false, err));
	if (r->state != GRANTS_ACTIVE || r->to != GRANTS_TO_AGENCY)
		return SP_OK;
	return grants_share_row_state(
	    db, &told->object, GRANTS_DECLINED, sp_now(), err);
}

static enum sp_code
read_known(const json_t *in, const struct grants_twin_told *told,
    struct grants_known *k, struct sp_err *err)
{
	GRANTS_AUTO_TERMS t = { .n = 0 };
	const char *state = json_string_value(json_object_get(in, "state"));
	json_int_t version = json_integer_value(json_object_get(in, "version"));

	SP_TRY(grants_terms_read(json_object_get(in, "terms"), &t, err));
	if (state == NULL || !grants_terms_state_parse(state, &k->state) ||
	    version < 1 || !sp_id_equal(&t.id, &told->object) ||
	    !sp_id_equal(&t.owner, &told->first))
		return sp_fail_as(err, SP_E_INVALID, "share.told",
		    "a share is told of by the agency whose evidence it is");
	k->id = t.id;
	k->owner = t.owner;
	k->by = json_is_true(json_object_get(in, "by"));
	k->download = t.download;
	k->to = t.to;
	k->to_id = t.to_id;
	k->version = (uint64_t)version;
	k->until = t.until;
	return SP_OK;
}

static enum sp_code
apply_told(
    struct db *db, const struct grants_twin_told *told, struct sp_err *err)
{
	json_auto_t *in = json_loads(told->body, 0, NULL);
	struct grants_known k = { .by = false }, mine;
	SP_AUTO_BUF text = sp_buf_new(GRANTS_TERMS_MAX);
	struct sp_json j = sp_json_to(&text);
	GRANTS_AUTO_TERMS t = { .n = 0 };
	enum sp_code code;

	SP_TRY(read_known(in, told, &k, err));
	code = grants_share_row_known(db, &k.id, &mine, err);
	if (code != SP_E_NOTFOUND)
		SP_TRY(code);
	if (code == SP_OK &&
	    (mine.version >= k.version || !sp_id_equal(&mine.owner, &k.owner)))
		return SP_OK; /* older than what is known */
	k.declined = code == SP_OK && mine.declined;
	SP_TRY(grants_terms_read(json_object_get(in, "terms"), &t, err));
	grants_terms_put(&j, NULL, &t);
	SP_TRY(sp_buf_check(&text, "terms", err));
	return grants_share_row_known_put(db, &k, sp_buf_str(&text), err);
}

static enum sp_code
apply(struct ledger_tx *tx, const struct grants_twin_told *told,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct grants_share_row r;
	enum sp_code code = grants_share_row_load(db, &told->object, &r, err);

	if (code == SP_OK)
		return apply_decline(db, told, &r, err);
	if (code != SP_E_NOTFOUND)
		return code;
	return apply_told(db, told, err);
}

const struct grants_twin_kind grants_share_kind = {
	.name = "share",
	.apply = apply,
};
