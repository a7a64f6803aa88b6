#include "grants/share_parts.h"

#include <jansson.h>
#include <string.h>

enum sp_code
grants_share_over(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_CONFLICT, "share.over", "the share is over already");
}

enum sp_code
grants_share_known_of(const struct grants_house *h, const struct sp_id *id,
    struct grants_known *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));

	return grants_share_row_known(reader.db, id, out, err);
}

const char *
grants_share_act(enum grants_state state)
{
	switch (state) {
	case GRANTS_ACTIVE: return "share.granted";
	case GRANTS_REVOKED: return "share.revoked";
	case GRANTS_DECLINED: return "share.declined";
	case GRANTS_ENDED: return "share.ended";
	case GRANTS_STATE_COUNT: break;
	}
	return NULL;
}

enum sp_code
grants_share_terms(
    const char *text, struct grants_terms *out, struct sp_err *err)
{
	json_auto_t *in = json_loads(text, 0, NULL);

	if (in == NULL)
		return sp_fail_as(err, SP_E_INVALID, "share.terms",
		    "terms of a share are not JSON");
	return grants_terms_read(in, out, err);
}

/* Ids, words and numbers; all else that was agreed by its digest. */
static enum sp_code
put_detail(const char *text, struct sp_buf *out, struct sp_err *err)
{
	const struct crypto_piece piece = { text, strlen(text) };
	struct sp_json j = sp_json_to(out);
	GRANTS_AUTO_TERMS t = { .n = 0 };
	uint8_t sum[CRYPTO_SHA256_LEN];
	char until[SP_TIME_TEXT];

	SP_TRY(grants_share_terms(text, &t, err));
	crypto_sha256_of(&piece, 1, sum);
	sp_time_text(t.until, until);
	sp_buf_clear(out);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "access", t.download ? "download" : "view");
	sp_json_id(&j, "owner", &t.owner);
	if (!sp_id_is_zero(&t.parent))
		sp_json_id(&j, "parent", &t.parent);
	sp_json_bool(&j, "reshare", t.reshare);
	sp_json_id(&j, "sharer", &t.sharer);
	sp_json_hex(&j, "terms", sum, sizeof(sum));
	sp_json_object(&j, "to");
	sp_json_id(&j, "id", &t.to_id);
	sp_json_str(&j, "kind", grants_terms_to_name(t.to));
	sp_json_end(&j);
	sp_json_str(&j, "until", until);
	sp_json_end(&j);
	return sp_buf_check(out, "detail", err);
}

/* {"by":…,"state":…,"terms":{…},"version":…} */
static enum sp_code
put_body(const struct grants_party *p, const char *terms, struct sp_buf *out,
    struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);

	sp_buf_clear(out);
	sp_json_object(&j, NULL);
	sp_json_bool(&j, "by", p->by);
	sp_json_str(&j, "state", grants_terms_state_name(p->last));
	sp_json_raw(&j, "terms", terms);
	sp_json_int(&j, "version", (int64_t)p->version);
	sp_json_end(&j);
	return sp_buf_check(out, "share", err);
}

/* --- telling of it --- */

void
grants_share_change_done(struct grants_share_change *c)
{
	sp_buf_free(&c->detail);
	sp_buf_free(&c->terms);
	sp_buf_free(&c->body);
}

void
grants_share_change_init(struct grants_share_change *c)
{
	c->detail = sp_buf_new(2048);
	c->terms = sp_buf_new(GRANTS_TERMS_MAX);
	c->body = sp_buf_new(GRANTS_TWIN_BODY);
}

/* Its rows, and what is said of it then. */
enum sp_code
grants_share_change_rows(
    struct ledger_tx *tx, struct grants_share_change *c, struct sp_err *err)
{
	if (c->rows != NULL)
		SP_TRY(c->rows(tx, c, err));
	sp_buf_clear(&c->terms);
	SP_TRY(grants_share_row_terms(
	    ledger_tx_db(tx), &c->share, &c->terms, err));
	return put_detail(sp_buf_str(&c->terms), &c->detail, err);
}

/* The party knows from here on. */
static enum sp_code
tell_party(struct db *db, const struct grants_share_change *c,
    struct grants_party *p, struct sp_err *err)
{
	struct grants_share_row r;
	enum grants_state due;
	bool found = false;

	SP_TRY(
	    grants_share_row_party(db, &c->share, &c->agency, p, &found, err));
	if (!found)
		*p = (struct grants_party){
			.share = c->share,
			.agency = c->agency,
		};
	SP_TRY(grants_share_row_due(db, p, &due, err));
	if (p->told ? p->last == due : due != GRANTS_ACTIVE && !p->by)
		return sp_fail(err, SP_E_CONFLICT, "told already");
	SP_TRY(grants_share_row_load(db, &c->share, &r, err));
	p->told = true;
	p->last = due;
	p->version++;
	return grants_share_row_party_put(db, p, r.state != GRANTS_ACTIVE, err);
}

static enum sp_code
change_here(
    struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct grants_share_change *c = io->arg;
	struct grants_party p;

	SP_TRY(grants_share_change_rows(tx, c, err));
	SP_TRY(tell_party(ledger_tx_db(tx), c, &p, err));
	SP_TRY(put_body(&p, sp_buf_str(&c->terms), &c->body, err));
	io->act = grants_share_act(p.last);
	io->detail = sp_buf_str(&c->detail);
	io->body = sp_buf_str(&c->body);
	return SP_OK;
}

/* Nobody else has to know. */
static enum sp_code
change_alone(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct grants_share_change *c = arg;
	struct ledger_entry e = gate_entry(
	    c->h.who, grants_share_act(c->state), "share", &c->share);

	SP_TRY(grants_share_change_rows(tx, c, err));
	e.detail = sp_buf_str(&c->detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

enum sp_code
grants_share_change_run(struct grants_share_change *c, struct sp_err *err)
{
	struct grants_twin_act a = {
		.first = c->h.room,
		.who = c->h.who,
		.kind = &grants_share_kind,
		.act = grants_share_act(c->state),
		.object_kind = "share",
		.object = c->share,
		.here = change_here,
		.arg = c,
	};

	grants_share_change_init(c);
	if (sp_id_is_zero(&c->agency))
		return ledger_writer_run(
		    evidence_room_writer(c->h.room), change_alone, c, err);
	SP_TRY(evidence_site_room_of(c->h.site, &c->agency, &a.second, err));
	return grants_twin_run(&a, NULL, err);
}
