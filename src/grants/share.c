#include "grants/share.h"

#include "gate/once.h"
#include "grants/share_row.h"
#include "people/person.h"

#include <jansson.h>
#include <string.h>

#define WORK_AT_ONCE 128

static const struct sp_id *
own(const struct evidence_room *room)
{
	return &evidence_room_agency(room)->id;
}

static struct gate_caller
site_of(const struct evidence_room *room)
{
	return (struct gate_caller){ .agency = *own(room), .source = "share" };
}

static enum sp_code
over(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_CONFLICT, "share.over", "the share is over already");
}

/* --- what entries and twins say --- */

static const char *
act_of(enum grants_state state)
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

static enum sp_code
terms_of(const char *text, struct grants_terms *out, struct sp_err *err)
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

	SP_TRY(terms_of(text, &t, err));
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

/* --- a change, and telling of it --- */

struct change {
	struct grants_house h; /* the owner's */
	struct sp_id share;
	/* Rows; NULL: only tell what was not told. */
	enum sp_code (*rows)(
	    struct ledger_tx *tx, struct change *c, struct sp_err *err);
	void *arg;
	enum grants_state state; /* that it comes to */
	struct sp_id agency;     /* who is told first; zero: nobody */
	struct sp_buf detail, terms, body;
};

static void
change_done(struct change *c)
{
	sp_buf_free(&c->detail);
	sp_buf_free(&c->terms);
	sp_buf_free(&c->body);
}
#define AUTO_CHANGE SP_CLEANUP(change_done) struct change

static void
change_init(struct change *c)
{
	c->detail = sp_buf_new(2048);
	c->terms = sp_buf_new(GRANTS_TERMS_MAX);
	c->body = sp_buf_new(GRANTS_TWIN_BODY);
}

/* Its rows, and what is said of it then. */
static enum sp_code
change_rows(struct ledger_tx *tx, struct change *c, struct sp_err *err)
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
tell_party(struct db *db, const struct change *c, struct grants_party *p,
    struct sp_err *err)
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
	struct change *c = io->arg;
	struct grants_party p;

	SP_TRY(change_rows(tx, c, err));
	SP_TRY(tell_party(ledger_tx_db(tx), c, &p, err));
	SP_TRY(put_body(&p, sp_buf_str(&c->terms), &c->body, err));
	io->act = act_of(p.last);
	io->detail = sp_buf_str(&c->detail);
	io->body = sp_buf_str(&c->body);
	return SP_OK;
}

/* Nobody else has to know. */
static enum sp_code
change_alone(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct change *c = arg;
	struct ledger_entry e =
	    gate_entry(c->h.who, act_of(c->state), "share", &c->share);

	SP_TRY(change_rows(tx, c, err));
	e.detail = sp_buf_str(&c->detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
change_run(struct change *c, struct sp_err *err)
{
	struct grants_twin_act a = {
		.first = c->h.room,
		.who = c->h.who,
		.kind = &grants_share_kind,
		.act = act_of(c->state),
		.object_kind = "share",
		.object = c->share,
		.here = change_here,
		.arg = c,
	};

	change_init(c);
	if (sp_id_is_zero(&c->agency))
		return ledger_writer_run(
		    evidence_room_writer(c->h.room), change_alone, c, err);
	SP_TRY(evidence_site_room_of(c->h.site, &c->agency, &a.second, err));
	return grants_twin_run(&a, NULL, err);
}

/* --- ending --- */

static enum sp_code
end_rows(struct ledger_tx *tx, struct change *c, struct sp_err *err)
{
	struct grants_share_row r;

	SP_TRY(grants_share_row_load(ledger_tx_db(tx), &c->share, &r, err));
	if (!grants_terms_may(r.state, c->state))
		return over(err);
	return grants_share_row_state(
	    ledger_tx_db(tx), &c->share, c->state, sp_now(), err);
}

static enum sp_code
first_party(struct change *c, struct sp_err *err)
{
	bool found = false;
	DB_LENT(reader, evidence_room_readers(c->h.room));

	return grants_share_row_first_party(
	    reader.db, &c->share, &c->agency, &found, err);
}

/* In the owner's house; `h->room` is it. */
static enum sp_code
end(const struct grants_house *h, const struct sp_id *share,
    enum grants_state state, struct sp_err *err)
{
	AUTO_CHANGE c = {
		.h = *h,
		.share = *share,
		.rows = end_rows,
		.state = state,
	};

	SP_TRY(first_party(&c, err));
	SP_TRY(change_run(&c, err));
	/* With it, all that was made from it: a guest rests on the whole
	 * chain. */
	evidence_room_cut(h->room, share);
	return SP_OK;
}

static enum sp_code
work_of(
    struct evidence_room *room, struct grants_share_work *w, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_share_row_work(reader.db, own(room), sp_now(), w, err);
}

static enum sp_code
do_work(const struct grants_house *h, const struct grants_share_work *w,
    struct sp_err *err)
{
	AUTO_CHANGE c = { .h = *h, .share = w->share, .agency = w->agency };

	if (w->what == GRANTS_TO_END)
		return end(h, &w->share, w->state, err);
	return change_run(&c, err);
}

void
grants_share_go_on(struct evidence_site *site, struct evidence_room *room)
{
	struct gate_caller who = site_of(room);
	const struct grants_house h = { site, room, &who };

	for (int i = 0; i < WORK_AT_ONCE; i++) {
		struct grants_share_work w;

		/* What fails is found again the next time. */
		if (work_of(room, &w, NULL) != SP_OK ||
		    w.what == GRANTS_NO_WORK || do_work(&h, &w, NULL) != SP_OK)
			return;
	}
}

static enum sp_code
known_of(const struct grants_house *h, const struct sp_id *id,
    struct grants_known *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(h->room));

	return grants_share_row_known(reader.db, id, out, err);
}

/* One of this house, in the house whose the share is. */
static struct gate_caller
abroad(const struct grants_house *h, const struct sp_id *owner,
    const struct sp_id *share)
{
	struct gate_caller who = *h->who;

	who.agency = *owner;
	who.via = (struct gate_via){
		.relation = GATE_OTHER,
		.kind = "share",
		.id = *share,
		.house = *own(h->room),
	};
	return who;
}

/* Of another's, which this house shared on. */
static enum sp_code
revoke_passed(
    const struct grants_house *h, const struct sp_id *id, struct sp_err *err)
{
	struct grants_known k;
	struct gate_caller who;
	struct grants_house there = { .site = h->site, .who = &who };

	SP_TRY(known_of(h, id, &k, err));
	if (!k.by)
		return sp_fail_as(err, SP_E_DENIED, "share.owner",
		    "whoever shared it revokes it: you may decline it");
	SP_TRY(evidence_site_room_of(h->site, &k.owner, &there.room, err));
	who = abroad(h, &k.owner, id);
	SP_TRY(end(&there, id, GRANTS_REVOKED, err));
	grants_share_go_on(h->site, there.room);
	return SP_OK;
}

enum sp_code
grants_share_revoke(
    const struct grants_house *h, const struct sp_id *id, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = end(h, id, GRANTS_REVOKED, &why);

	if (code == SP_E_NOTFOUND)
		return revoke_passed(h, id, err);
	if (code != SP_OK)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	grants_share_go_on(h->site, h->room);
	return SP_OK;
}

/* --- declining --- */

static enum sp_code
decline_here(
    struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	struct change *c = io->arg;
	struct db *db = ledger_tx_db(tx);
	struct grants_known k;

	SP_TRY(grants_share_row_known(db, &c->share, &k, err));
	if (k.by)
		return sp_fail_as(err, SP_E_DENIED, "share.owner",
		    "it was shared by this agency: you may revoke it");
	if (k.state != GRANTS_ACTIVE || k.declined)
		return over(err);
	SP_TRY(grants_share_row_known_decline(db, &c->share, err));
	SP_TRY(change_rows(tx, c, err));
	io->detail = sp_buf_str(&c->detail);
	return SP_OK;
}

enum sp_code
grants_share_decline(
    const struct grants_house *h, const struct sp_id *id, struct sp_err *err)
{
	AUTO_CHANGE c = { .h = *h, .share = *id };
	struct grants_twin_act a = {
		.first = h->room,
		.who = h->who,
		.kind = &grants_share_kind,
		.act = act_of(GRANTS_DECLINED),
		.object_kind = "share",
		.object = *id,
		.here = decline_here,
		.arg = &c,
	};
	struct grants_known k;

	change_init(&c);
	SP_TRY(known_of(h, id, &k, err));
	SP_TRY(evidence_site_room_of(h->site, &k.owner, &a.second, err));
	SP_TRY(grants_twin_run(&a, NULL, err));
	/* Others of a group begin again. */
	evidence_room_cut(a.second, id);
	grants_share_go_on(h->site, a.second);
	return SP_OK;
}

/* --- what the second house does --- */

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

/* --- sharing --- */

struct adding {
	const struct grants_share_new *new;
	struct grants_terms *t; /* whole */
	struct sp_buf text;
	struct sp_id before; /* what the Idempotency-Key made */
	bool known;
};

static void
adding_done(struct adding *a)
{
	sp_buf_free(&a->text);
}

/* Each is one of this house's; and one that the parent covers. */
static enum sp_code
check_items(struct db *db, const struct grants_terms *t,
    const struct grants_share_row *parent, struct sp_err *err)
{
	char category[EVIDENCE_CATEGORY_MAX + 1], text[SP_ID_TEXT];

	for (size_t i = 0; i < t->n; i++) {
		bool found = false;

		if (parent == NULL)
			SP_TRY(grants_share_row_category(
			    db, &t->item[i], category, &found, err));
		else
			SP_TRY(grants_share_row_covers(
			    db, parent, &t->item[i], &found, err));
		sp_id_text(&t->item[i], text);
		if (!found)
			return sp_fail_as(err, SP_E_INVALID, "share.evidence",
			    "evidence: there is no item %s", text);
	}
	return SP_OK;
}

/* How often it was shared on before, up to the first. */
static enum sp_code
check_chain(
    struct db *db, const struct grants_share_row *parent, struct sp_err *err)
{
	struct grants_share_row r = *parent;

	for (int n = 2; !sp_id_is_zero(&r.parent); n++) {
		struct sp_id at = r.parent;

		if (n > GRANTS_CHAIN)
			return sp_fail_as(err, SP_E_DENIED, "share.reshare",
			    "it was shared on %d times, which is the most",
			    GRANTS_CHAIN - 1);
		SP_TRY(grants_share_row_load(db, &at, &r, err));
	}
	return SP_OK;
}

static enum sp_code
check_parent(struct db *db, const struct grants_terms *t, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(GRANTS_TERMS_MAX);
	struct grants_share_row r;
	GRANTS_AUTO_TERMS of = { .n = 0 };

	SP_TRY(grants_share_row_load(db, &t->parent, &r, err));
	if (r.state != GRANTS_ACTIVE || gate_token_expired(r.until))
		return over(err);
	SP_TRY(grants_share_row_terms(db, &t->parent, &text, err));
	SP_TRY(terms_of(sp_buf_str(&text), &of, err));
	SP_TRY(grants_terms_within(t, &of, err));
	SP_TRY(check_items(db, t, &r, err));
	return check_chain(db, &r, err);
}

static enum sp_code
once(struct ledger_tx *tx, struct adding *a, struct sp_err *err)
{
	a->before = a->t->id;
	if (a->new->once == NULL)
		return SP_OK;
	SP_TRY(gate_once_take(tx, a->new->once, &a->before, &a->known, err));
	/* Nothing is made; the caller answers with what was. */
	return a->known
	    ? sp_fail_as(err, SP_E_CONFLICT, "once.made", "made before")
	    : SP_OK;
}

static enum sp_code
not_too_many(struct db *db, const struct sp_id *sharer, const struct sp_id *to,
    uint64_t most, struct sp_err *err)
{
	uint64_t n = 0;

	SP_TRY(grants_share_row_count(db, sharer, to, &n, err));
	if (n < most)
		return SP_OK;
	return sp_fail_as(err, SP_E_LIMIT, "share.many",
	    to == NULL ? "at most %ju shares are active at once: revoke some"
		       : "at most %ju shares with one agency or group are "
			 "active at once: revoke some",
	    (uintmax_t)most);
}

/* Whoever is told is not told without bound; nor is the owner, of what another
 * shares on. */
static enum sp_code
within_limits(struct db *db, const struct change *c,
    const struct grants_terms *t, struct sp_err *err)
{
	bool on = !sp_id_is_zero(&t->parent);
	struct grants_twin_pair p = {
		.own = t->owner,
		.by = t->sharer,
		.to = c->agency,
	};

	SP_TRY(not_too_many(
	    db, &t->sharer, NULL, on ? GRANTS_SHARES_ON : GRANTS_SHARES, err));
	if (!sp_id_is_zero(&c->agency)) {
		SP_TRY(not_too_many(
		    db, &t->sharer, &t->to_id, GRANTS_SHARES_TO, err));
		SP_TRY(grants_twin_pace(db, &p, sp_now(), err));
	}
	p.to = t->sharer;
	return on ? grants_twin_pace(db, &p, sp_now(), err) : SP_OK;
}

static enum sp_code
add_rows(struct ledger_tx *tx, struct change *c, struct sp_err *err)
{
	struct adding *a = c->arg;
	struct db *db = ledger_tx_db(tx);
	const struct grants_party by = {
		.share = a->t->id,
		.agency = a->t->sharer,
		.by = true,
	};

	SP_TRY(once(tx, a, err));
	SP_TRY(within_limits(db, c, a->t, err));
	if (sp_id_is_zero(&a->t->parent))
		SP_TRY(check_items(db, a->t, NULL, err));
	else
		SP_TRY(check_parent(db, a->t, err));
	SP_TRY(grants_share_row_add(db, a->t, sp_buf_str(&a->text), err));
	return sp_id_is_zero(&a->t->parent)
	    ? SP_OK
	    : grants_share_row_party_put(db, &by, false, err);
}

static enum sp_code
bad_to(const char *why, struct sp_err *err)
{
	return sp_fail_as(err, SP_E_INVALID, "share.to", "to: %s", why);
}

static enum sp_code
to_agency(const struct grants_house *h, struct grants_wish *w,
    struct sp_id *first, struct sp_err *err)
{
	struct evidence_room *other;
	enum sp_code code = evidence_site_room(h->site, w->agency, &other, err);

	if (code == SP_E_NOTFOUND)
		return bad_to("there is no such agency on this site", err);
	SP_TRY(code);
	if (evidence_room_agency(other)->provider)
		return bad_to("the provider is let in by its lockbox", err);
	w->terms.to_id = *own(other);
	if (sp_id_equal(&w->terms.to_id, &w->terms.owner) ||
	    sp_id_equal(&w->terms.to_id, &w->terms.sharer))
		return bad_to("the agency has it", err);
	*first = w->terms.to_id;
	return SP_OK;
}

/* The first member that is to be told, by the owner's copy of the group. */
static enum sp_code
first_member(struct evidence_room *owner, const struct grants_terms *t,
    struct sp_id *first, struct sp_err *err)
{
	struct grants_group g;
	enum sp_code code;
	DB_LENT(reader, evidence_room_readers(owner));

	code = grants_group_load(reader.db, &t->to_id, &g, err);
	if (code == SP_E_NOTFOUND)
		return bad_to(
		    "the agency whose evidence it is is not in the group", err);
	SP_TRY(code);
	for (size_t i = 0; i < g.n; i++) {
		const struct grants_member *m = &g.member[i];

		if (m->in && !sp_id_equal(&m->agency, &t->owner) &&
		    !sp_id_equal(&m->agency, &t->sharer)) {
			*first = m->agency;
			return SP_OK;
		}
	}
	return SP_OK;
}

static enum sp_code
to_group(const struct grants_house *h, struct evidence_room *owner,
    struct grants_terms *t, struct sp_id *first, struct sp_err *err)
{
	struct grants_group_ask a = {
		.site = h->site,
		.room = h->room,
		.group = t->to_id,
		.agency = *own(h->room),
	};
	bool in = false;

	SP_TRY(grants_group_has(&a, &in, err));
	if (!in)
		return bad_to("the agency is not in such a group", err);
	return first_member(owner, t, first, err);
}

static enum sp_code
to_person(const struct grants_house *h, const struct grants_terms *t,
    struct sp_err *err)
{
	struct people_person p;
	enum sp_code code;
	DB_LENT(reader, evidence_room_readers(h->room));

	if (!sp_id_is_zero(&t->parent))
		return bad_to("what another shared goes to agencies", err);
	code = people_person_by_id(reader.db, &t->to_id, &p, err);
	if (code == SP_E_NOTFOUND)
		return bad_to("the agency has no such person", err);
	SP_TRY(code);
	if (p.kind != PEOPLE_OUTSIDE || p.role != PEOPLE_PROSECUTOR)
		return bad_to("persons that it is shared with are from "
			      "outside, with the role prosecutor",
		    err);
	return SP_OK;
}

static enum sp_code
resolve_to(const struct grants_house *h, struct evidence_room *owner,
    struct grants_wish *w, struct sp_id *first, struct sp_err *err)
{
	switch (w->terms.to) {
	case GRANTS_TO_AGENCY: return to_agency(h, w, first, err);
	case GRANTS_TO_GROUP: return to_group(h, owner, &w->terms, first, err);
	case GRANTS_TO_PERSON: return to_person(h, &w->terms, err);
	case GRANTS_TO_COUNT: break;
	}
	return bad_to("nobody", err);
}

/* By the rules of the owner, and for what was shared no longer than that. */
static enum sp_code
resolve_until(const struct grants_house *h, struct evidence_room *owner,
    struct grants_wish *w, struct sp_err *err)
{
	const struct people_rules *rules = evidence_room_rules(owner);
	sp_time most = people_rules_time(rules, PEOPLE_SHARE_LONGEST);
	sp_time usual = people_rules_time(rules, PEOPLE_SHARE_DEFAULT);
	struct grants_terms *t = &w->terms;

	if (!w->timed)
		t->until = t->granted + (usual < most ? usual : most);
	if (t->until <= t->granted || t->until > t->granted + most)
		return sp_fail_as(err, SP_E_INVALID, "share.until",
		    "until: later than now, at most %jd days from now",
		    (intmax_t)people_rules_get(rules, PEOPLE_SHARE_LONGEST));
	if (!w->timed && !sp_id_is_zero(&t->parent)) {
		struct grants_known k;

		SP_TRY(known_of(h, &t->parent, &k, err));
		t->until = k.until < t->until ? k.until : t->until;
	}
	return SP_OK;
}

static enum sp_code
add(const struct grants_house *h, const struct grants_share_new *n,
    struct adding *a, struct sp_err *err)
{
	struct evidence_room *owner = n->owner == NULL ? h->room : n->owner;
	struct grants_terms *t = a->t;
	struct sp_json j = sp_json_to(&a->text);
	AUTO_CHANGE c = {
		.h = { h->site, owner, n->owner == NULL ? h->who : n->guest },
		.rows = add_rows,
		.arg = a,
		.state = GRANTS_ACTIVE,
	};

	t->id = sp_id_new();
	t->owner = *own(owner);
	t->sharer = *own(h->room);
	t->granted = sp_now();
	SP_TRY(resolve_to(h, owner, n->wish, &c.agency, err));
	SP_TRY(resolve_until(h, owner, n->wish, err));
	grants_terms_put(&j, NULL, t);
	SP_TRY(sp_buf_check(&a->text, "terms", err));
	c.share = t->id;
	SP_TRY(change_run(&c, err));
	grants_share_go_on(h->site, owner);
	return SP_OK;
}

enum sp_code
grants_share_add(const struct grants_house *h, const struct grants_share_new *n,
    struct sp_id *id, struct sp_err *err)
{
	SP_CLEANUP(adding_done)
	struct adding a = {
		.new = n,
		.t = &n->wish->terms,
		.text = sp_buf_new(GRANTS_TERMS_MAX),
	};
	enum sp_code code;

	SP_REQUIRE((n->owner == NULL) == sp_id_is_zero(&n->wish->terms.parent));
	code = add(h, n, &a, err);
	if (code != SP_OK && !a.known)
		return code;
	*id = a.before;
	return SP_OK;
}
