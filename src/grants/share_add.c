#include "gate/once.h"
#include "grants/share_parts.h"
#include "people/person.h"

/* A new share: to whom it may be, of what, until when; and how many. */

struct adding {
	const struct grants_share_new *new;
	struct grants_terms *t; /* whole */
	struct sp_buf text;
	struct sp_id made; /* by the Idempotency-Key's first request, if .. */
	bool again;        /* .. this is the same once more */
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
		return grants_share_over(err);
	SP_TRY(grants_share_row_terms(db, &t->parent, &text, err));
	SP_TRY(grants_share_terms(sp_buf_str(&text), &of, err));
	SP_TRY(grants_terms_within(t, &of, err));
	SP_TRY(check_items(db, t, &r, err));
	return check_chain(db, &r, err);
}

static enum sp_code
once(struct ledger_tx *tx, struct adding *a, struct sp_err *err)
{
	a->made = a->t->id;
	a->again = false; /* an act may be run twice */
	if (a->new->once == NULL)
		return SP_OK;
	SP_TRY(gate_once_take(tx, a->new->once, &a->made, &a->again, err));
	/* Nothing is made; grants_share_add tells what was. */
	return a->again
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
within_limits(struct db *db, const struct grants_share_change *c,
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
add_rows(
    struct ledger_tx *tx, struct grants_share_change *c, struct sp_err *err)
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
	w->terms.to_id = *grants_twin_house(other);
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
		.agency = *grants_twin_house(h->room),
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

		SP_TRY(grants_share_known_of(h, &t->parent, &k, err));
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
	GRANTS_AUTO_CHANGE c = {
		.h = { h->site, owner, n->owner == NULL ? h->who : n->guest },
		.rows = add_rows,
		.arg = a,
		.state = GRANTS_ACTIVE,
	};

	t->id = sp_id_new();
	t->owner = *grants_twin_house(owner);
	t->sharer = *grants_twin_house(h->room);
	t->granted = sp_now();
	SP_TRY(resolve_to(h, owner, n->wish, &c.agency, err));
	SP_TRY(resolve_until(h, owner, n->wish, err));
	grants_terms_put(&j, NULL, t);
	SP_TRY(sp_buf_check(&a->text, "terms", err));
	c.share = t->id;
	SP_TRY(grants_share_change_run(&c, err));
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
	/* A batch that failed took back what `again` was seen in. */
	if (code == SP_E_CONFLICT && a.again)
		code = SP_OK;
	if (code == SP_OK)
		*id = a.made;
	return code;
}
