#include "api/people.h"

#include "api/people_part.h"
#include "evidence/item.h"
#include "gate/explain.h"

#include <string.h>

/*
 * GET …/explain: would this person be let do this with that, and what would
 * change it?  The facts are gathered as the gate's are, of one who has just
 * signed in, but for what the query supposes otherwise; the answer says what
 * was supposed.  Nobody is let in by it, and nothing is recorded of it but the
 * asking's own denial.
 *
 * What is not in this agency is another's, wherever it is or is not.  Of an
 * item of another's that a share with this house or a lockbox request of the
 * person's covers, what decides is that (people_way.c): no more is told of it
 * than these tell.  To whom the act is not open, and who may not explain it to
 * others, the object is not looked up at all.
 */
struct asking {
	struct http_request *q;
	const char *name, *what; /* who, and what about, as they were said */
	const char *doing;       /* the act, likewise */
	enum gate_act act;
	enum gate_act guest; /* the act that the word means of a guest */
	const char *unknown; /* why the act or object is; NULL: known */
	struct api_people_supposed supposed;
	/* found */
	struct api_people_who who;
	bool about; /* the duty is as found: of a person, of what they made */
	struct people_person on;
	enum gate_relation relation;
	struct api_people_duty duty;
	struct api_people_way way;
};

/* --- What is asked --- */

static enum sp_code
read_asking(struct asking *k, struct sp_err *err)
{
	k->doing = http_request_query(k->q, "act");
	k->name = http_request_query(k->q, "person");
	k->what = http_request_query(k->q, "object");
	if (k->name == NULL || k->name[0] == '\0')
		return sp_fail(err, SP_E_INVALID,
		    "person: an id or a login, or ~ for oneself");
	if (k->doing == NULL || k->doing[0] == '\0')
		return sp_fail(err, SP_E_INVALID,
		    "act: one of those of .../roles, as evidence.view");
	if (!gate_act_read(k->doing, &k->act, &k->guest))
		k->unknown = "no such act: sallyport role list --json has them "
			     "all";
	if (k->what == NULL)
		k->what = "-";
	return api_people_suppose(k->q, &k->supposed, err);
}

/* --- Who --- */

static bool
explains(const struct asking *k)
{
	return gate_role_may(k->q->who.role, GATE_POLICY_EXPLAIN);
}

/* That two people have a name is for who may ask about them. */
static enum sp_code
find_person(struct asking *k, struct db *db, struct sp_err *err)
{
	struct api_people_who *w = &k->who;
	enum sp_code code =
	    people_person_meant(db, k->name, &k->q->who.person, &w->p, err);

	w->found = w->person = code == SP_OK;
	if (w->person)
		w->id = w->p.id;
	if (code == SP_E_CONFLICT && !explains(k))
		return SP_OK;
	return code == SP_E_NOTFOUND ? SP_OK : code;
}

static bool
oneself(const struct asking *k)
{
	return k->who.person && sp_id_equal(&k->who.p.id, &k->q->who.person);
}

/* One's own account is one's own to ask about. */
static enum sp_code
admit(struct asking *k, struct sp_err *err)
{
	return api_people_admit(k->q,
	    oneself(k) ? GATE_POLICY_SHOW : GATE_POLICY_EXPLAIN,
	    k->who.person ? &k->who.p.id : NULL, err);
}

static enum sp_code
gather_who(struct asking *k, struct sp_err *err)
{
	struct api_people_who *w = &k->who;
	const char *address = k->supposed.address;
	DB_LENT(reader, evidence_room_readers(k->q->room));

	w->supposed = &k->supposed;
	if (address == NULL)
		address = oneself(k) ? k->q->who.address : "";
	if (!w->found && sp_id_parse(k->name, strlen(k->name), &w->id)) {
		w->as = (struct gate_caller){ .agency = k->q->who.agency,
			.token = w->id };
		SP_TRY(api_people_who_machine(w, reader.db, err));
	}
	if (!w->found || w->person) {
		w->as = (struct gate_caller){
			.agency = k->q->who.agency, .token = w->id, /* any */
		};
		SP_TRY(api_people_who_person(w, reader.db, err));
	}
	(void)snprintf(w->as.address, sizeof(w->as.address), "%s", address);
	if (!w->found)
		(void)snprintf(w->todo, sizeof(w->todo),
		    "no such person: sallyport person list (a device, service "
		    "or token by its id)");
	return SP_OK;
}

/* --- What about --- */

static bool
of_evidence(const struct asking *k)
{
	return gate_act_row(k->act)->most != GATE_CLASS_UNKNOWN;
}

static void
put_supposed(const struct asking *k, struct gate_facts *io)
{
	io->duty = k->duty.duty;
	api_people_supposed_facts(&k->supposed, io);
}

static enum sp_code
gather_way(struct asking *k, const struct sp_id *evidence, struct sp_err *err)
{
	struct gate_facts like = { .act = k->guest };

	k->act = k->guest;
	put_supposed(k, &like);
	k->way = (struct api_people_way){
		.q = k->q,
		.who = &k->who.as,
		.act = k->act,
		.evidence = *evidence,
		.like = &like,
	};
	SP_TRY(api_people_way(&k->way, err));
	k->way.like = NULL;
	return SP_OK;
}

/* An act about evidence: one item, or all. */
static enum sp_code
gather_item(struct asking *k, struct sp_err *err)
{
	struct sp_id id;
	bool there = false;

	if (!sp_id_parse(k->what, strlen(k->what), &id)) {
		k->unknown = "no such item: its id, or - for none in "
			     "particular";
		return SP_OK;
	}
	SP_TRY(evidence_item_is(k->q->room, &id, &there, err));
	k->relation = there ? GATE_OWN : GATE_OTHER;
	if (there &&
	    (gate_role_ways(k->who.as.role, k->act) & GATE_WAY(GATE_OWN)) != 0)
		return SP_OK;
	return gather_way(k, &id, err);
}

/* Another act is about a person ... */
static enum sp_code
gather_whom(struct asking *k, bool *is, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(k->q->room));
	enum sp_code code = people_person_meant(
	    reader.db, k->what, &k->q->who.person, &k->on, err);

	*is = code == SP_OK;
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	k->about = true;
	if (k->who.found)
		return gate_caller_duty(reader.db, &k->who.as, k->act,
		    &k->on.id, &k->duty.duty, err);
	return SP_OK;
}

/* ... or one of the agency's affairs: a lockbox request, a share, a device. */
static enum sp_code
gather_thing(struct asking *k, struct sp_err *err)
{
	struct api_people_thing thing = { .there = false };
	struct api_people_duty *d = &k->duty;

	if (sp_id_parse(k->what, strlen(k->what), &d->thing))
		SP_TRY(api_people_thing(k->q->room, &d->thing, &thing, err));
	k->relation = thing.there ? GATE_OWN : GATE_OTHER;
	if (!thing.there || !k->who.known)
		return SP_OK;
	k->about = (gate_act_row(k->act)->flags & GATE_APPROVES) != 0;
	d->q = k->q;
	d->who = &k->who.as;
	d->act = k->act;
	d->kind = thing.kind;
	SP_TRY(api_people_duty(d, err));
	if (!k->about)
		d->duty = GATE_DUTY_OTHER;
	d->kind = NULL;
	return SP_OK;
}

static enum sp_code
gather_affair(struct asking *k, struct sp_err *err)
{
	bool person = false;

	SP_TRY(gather_whom(k, &person, err));
	return person ? SP_OK : gather_thing(k, err);
}

/* --- What would change it --- */

/* Each with its text in `text`, one after another. */
#define REMEDIES (2 * PEOPLE_CHECK_COUNT + 2)
struct remedies {
	struct gate_explain_remedy row[REMEDIES];
	size_t at[REMEDIES]; /* in `text` */
	size_t n;
	struct sp_buf *text;
};

static void
remedy(struct remedies *r, enum gate_step step, const char *code)
{
	SP_REQUIRE(r->n < REMEDIES);
	r->row[r->n] = (struct gate_explain_remedy){ step, code, NULL };
	r->at[r->n++] = r->text->len;
}

static void
remedy_ends(struct remedies *r)
{
	sp_buf_add(r->text, "", 1);
}

/* Would the same record do for one of these?  A check in the state where they
 * live may be the other house's own. */
static bool
lacked(const struct people_verdict *told, const struct people_step *s)
{
	for (size_t i = 0; told != NULL && i < PEOPLE_CHECK_COUNT; i++) {
		const struct people_step *t = &told->step[i];
		bool like = t->check == s->check ||
		    (t->check <= PEOPLE_CHECK_RESIDENCE &&
			s->check <= PEOPLE_CHECK_RESIDENCE);

		if (like && people_step_code(t) != PEOPLE_OK &&
		    t->course == s->course && strcmp(t->place, s->place) == 0)
			return true;
	}
	return false;
}

/* What this verdict lacks, but for what `told` lacks as well. */
static void
remedy_verdict(struct remedies *r, const struct people_verdict *v,
    const struct people_verdict *told, const struct people_remedy *whose)
{
	enum people_check failing[PEOPLE_CHECK_COUNT];
	size_t n = people_clearance_failing(v, failing);

	for (size_t i = 0; i < n; i++) {
		const struct people_step *s = &v->step[failing[i]];

		if (lacked(told, s))
			continue;
		remedy(r, GATE_STEP_CLEARANCE,
		    people_code_name(people_step_code(s)));
		people_clearance_remedy(s, whose, r->text);
		remedy_ends(r);
	}
}

/* --- Which verdicts decide --- */

struct verdicts {
	const struct people_verdict *own, *there; /* NULL: not asked */
	const struct people_rules *own_rules, *there_rules;
	struct people_remedy own_for, there_for;
};

/* By a share both houses' decide; under a lockbox grant only the agency's; of
 * evidence the provider's house is never asked. */
static struct verdicts
verdicts_of(const struct asking *k)
{
	const struct people_agency *home = evidence_room_agency(k->q->room);
	bool way = k->way.kind != NULL;
	bool lockbox = way && strcmp(k->way.kind, "lockbox") == 0;
	struct verdicts v = { .own = NULL };

	if (!k->who.judged)
		return v;
	v.own_rules = api_people_rules(k->q);
	v.own_for = (struct people_remedy){
		.person = k->who.p.login,
		.employer = k->who.p.employer,
		.house = home->slug,
	};
	if (!lockbox && !(home->provider && of_evidence(k)))
		v.own = &k->who.v;
	if (!way || !k->way.judged)
		return v;
	v.there = &k->way.verdict;
	v.there_rules = evidence_room_rules(k->way.room);
	v.there_for = v.own_for;
	v.there_for.house = evidence_room_agency(k->way.room)->slug;
	v.there_for.guest = true;
	if (lockbox) {
		v.there_for.employer = home->name;
		v.there_for.papers = v.there_for.house;
	}
	return v;
}

static void
gather_remedies(
    const struct asking *k, const struct verdicts *v, struct remedies *r)
{
	if (k->who.todo[0] != '\0') {
		remedy(r, GATE_STEP_KNOWN, NULL);
		sp_buf_text(r->text, k->who.todo);
		remedy_ends(r);
	}
	if (k->duty.lockbox.approved) {
		remedy(r, GATE_STEP_DUTY, NULL);
		sp_buf_text(r->text,
		    k->duty.duty == GATE_DUTY_SAME
			? "have another person approve: by this account or "
			  "another they approved it already"
			: "have another person approve: an earlier approver "
			  "added or invited this account, or was added or "
			  "invited by it");
		remedy_ends(r);
	}
	if (v->own != NULL)
		remedy_verdict(r, v->own, NULL, &v->own_for);
	if (v->there != NULL)
		remedy_verdict(r, v->there, v->own, &v->there_for);
	for (size_t i = 0; i < r->n; i++)
		r->row[i].todo = sp_buf_str(r->text) + r->at[i];
}

/* Of what decides first; *both when two do. */
static void
clearance_json(
    const struct verdicts *v, struct sp_buf *one, struct sp_buf *both)
{
	struct sp_json j = sp_json_to(one);
	bool own =
	    v->own != NULL && (v->there == NULL || v->own->code != PEOPLE_OK);

	if (own)
		people_clearance_json_for(
		    &j, v->own, v->own_rules, &v->own_for);
	else if (v->there != NULL)
		people_clearance_json_for(
		    &j, v->there, v->there_rules, &v->there_for);
	if (v->own == NULL || v->there == NULL)
		return;
	j = sp_json_to(both);
	sp_json_array(&j, NULL);
	people_clearance_json_for(&j, v->own, v->own_rules, &v->own_for);
	people_clearance_json_for(&j, v->there, v->there_rules, &v->there_for);
	sp_json_end(&j);
}

/* --- The answer --- */

static void
account_json(const struct asking *k, struct sp_buf *out)
{
	const struct api_people_who *w = &k->who;
	struct sp_json j = sp_json_to(out);

	if (!w->found) {
		sp_json_null(&j, NULL);
		return;
	}
	sp_json_object(&j, NULL);
	if (!w->person)
		sp_json_str(&j, "kind", w->kind);
	if (w->note[0] != '\0')
		sp_json_str(&j, "note", w->note);
	sp_json_str(&j, "reason",
	    w->person ? people_reason_name(w->standing.reason) : "");
	sp_json_str(&j, "state",
	    w->person ? people_state_name(w->standing.state) : w->state);
	sp_json_end(&j);
}

static void
assumed_json(
    const struct asking *k, const struct gate_facts *f, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	struct api_people_found found = {
		.duty = k->about,
		.state = k->duty.lockbox.state,
	};

	if (k->way.kind != NULL && strcmp(k->way.kind, "lockbox") == 0)
		found.address = k->who.as.address[0] == '\0'
		    ? "one that the request names"
		    : k->who.as.address;
	api_people_supposed_json(&j, &k->supposed, f, &found);
}

/* {"act":the act that decides,"id":…,"kind":"share"|"lockbox"} */
static void
via_json(const struct asking *k, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	char id[SP_ID_TEXT];

	sp_id_text(&k->way.id, id);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "act", gate_act_name(k->way.facts.act));
	sp_json_str(&j, "id", id);
	sp_json_str(&j, "kind", k->way.kind);
	sp_json_end(&j);
}

static struct gate_facts
decisive(const struct asking *k, const struct verdicts *v)
{
	struct gate_facts f = gate_caller_facts(&k->who.as, k->act);

	if (k->way.kind != NULL)
		return k->way.facts;
	if (!k->who.known)
		f.identity = GATE_NOBODY;
	/* Who would judge, nobody knows yet. */
	if (k->who.judged && v->own == NULL)
		f.clearance = GATE_CLEARANCE_OK;
	f.relation = k->relation;
	gate_facts_here(evidence_room_gate(k->q->room), &f);
	put_supposed(k, &f);
	return f;
}

/* What the answer is made of, each a JSON value. */
struct parts {
	struct sp_buf account, assumed, clearance, clearances, via, text;
};

static void
parts_free(struct parts *p)
{
	sp_buf_free(&p->account);
	sp_buf_free(&p->assumed);
	sp_buf_free(&p->clearance);
	sp_buf_free(&p->clearances);
	sp_buf_free(&p->via);
	sp_buf_free(&p->text);
}

static const char *
said(struct sp_buf *b)
{
	return b->len == 0 ? NULL : sp_buf_str(b);
}

static enum sp_code
answer(struct asking *k, struct http_answer *a, struct sp_err *err)
{
	SP_CLEANUP(parts_free)
	struct parts p = {
		sp_buf_new(1024),
		sp_buf_new(2048),
		sp_buf_new(65536),
		sp_buf_new(131072),
		sp_buf_new(256),
		sp_buf_new(65536),
	};
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct verdicts v = verdicts_of(k);
	struct gate_facts f = decisive(k, &v);
	struct remedies r = { .text = &p.text };
	char id[SP_ID_TEXT];
	struct gate_explain_about about = {
		.object = k->what,
		.act = gate_act_name(k->act),
		.remedy = r.row,
	};

	if (k->way.kind != NULL)
		via_json(k, &p.via);
	account_json(k, &p.account);
	assumed_json(k, &f, &p.assumed);
	clearance_json(&v, &p.clearance, &p.clearances);
	gather_remedies(k, &v, &r);
	SP_TRY(sp_buf_check(&p.text, "what would change it", err));
	SP_TRY(sp_buf_check(&p.clearances, "clearance", err));
	SP_TRY(sp_buf_check(&p.assumed, "what is assumed", err));
	about.remedies = r.n;
	about.via = said(&p.via);
	about.account = said(&p.account);
	about.assumed = said(&p.assumed);
	about.clearance = said(&p.clearance);
	about.clearances = said(&p.clearances);
	if (k->who.found) {
		sp_id_text(&k->who.id, id);
		about.person = id;
	}
	gate_explain_json(&f, &about, &out);
	return http_json_answer(a, &out, "the explanation", err);
}

static enum sp_code
answer_unknown(
    const struct asking *k, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct gate_explain_about about = { .object = k->what };
	char id[SP_ID_TEXT];

	if (k->who.found) {
		sp_id_text(&k->who.id, id);
		about.person = id;
	}
	gate_explain_unknown(k->doing, k->unknown, &about, &out);
	return http_json_answer(a, &out, "the explanation", err);
}

/* May whoever asks learn from the answer what there is? */
static bool
may_learn(const struct asking *k)
{
	return explains(k) || gate_role_may(k->q->who.role, k->act);
}

/* What the question is about, as far as it may be known. */
static enum sp_code
gather(struct asking *k, struct sp_err *err)
{
	SP_TRY(gather_who(k, err));
	if (strcmp(k->what, "-") == 0 || !may_learn(k))
		return SP_OK;
	return of_evidence(k) ? gather_item(k, err) : gather_affair(k, err);
}

static enum sp_code
explain(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct asking k = {
		.q = q,
		.who = { .q = q },
		.relation = GATE_OWN,
		.duty = { .duty = GATE_DUTY_OTHER },
	};

	SP_TRY(read_asking(&k, err));
	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(find_person(&k, reader.db, err));
	}
	SP_TRY(admit(&k, err));
	if (k.unknown != NULL)
		return answer_unknown(&k, a, err);
	SP_TRY(gather(&k, err));
	if (k.unknown != NULL)
		return answer_unknown(&k, a, err);
	return answer(&k, a, err);
}

/* --- The route --- */

static const struct http_input explain_input[] = {
	{ "query", "person", HTTP_STRING, true,
	    "An id, a login, or ~ for oneself; the id of a device, a service "
	    "or "
	    "a token." },
	{ "query", "act", HTTP_STRING, true, "As evidence.view." },
	{ "query", "object", HTTP_STRING, false,
	    "An item; of an act about a person, that person; of one about the "
	    "agency's affairs, a lockbox request's, share's or device's id; "
	    "- when absent: none in particular." },
	{ "query", "factor",
	    "{\"enum\":[\"none\",\"single\",\"second\"],\"type\":\"string\"}",
	    false, "Proved who they are so strongly; second when absent." },
	{ "query", "class",
	    "{\"enum\":[\"unknown\",\"ordinary\",\"restricted\",\"sealed\"],"
	    "\"type\":\"string\"}",
	    false, "As if the item were so; ordinary when absent." },
	{ "query", "hold",
	    "{\"enum\":[\"unknown\",\"on\",\"none\"],\"type\":\"string\"}",
	    false, "As if a hold were on it; unknown when absent." },
	{ "query", "retention",
	    "{\"enum\":[\"unknown\",\"running\",\"over\"],"
	    "\"type\":\"string\"}",
	    false, "As if its retention were so; unknown when absent." },
	{ "query", "place",
	    "{\"enum\":[\"unknown\",\"outside\",\"inside\"],"
	    "\"type\":\"string\"}",
	    false, "Where content would go; inside when absent." },
	{ "query", "address", HTTP_STRING, false,
	    "From there, under a lockbox grant; when absent from where the "
	    "request says, oneself from where one asks." },
	{ "query", "idle", HTTP_BOOLEAN, false,
	    "As if the session had been idle too long." },
	{ "query", "stale", HTTP_BOOLEAN, false,
	    "As if they had signed in too long ago." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "explain",
	    .id = "explain",
	    .summary = "Why somebody may or may not, and what would change "
		       "it; of oneself always",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_POLICY_EXPLAIN,
	    .kind = "person",
	    HTTP_INPUT(explain_input),
	    .success = { { 200, "The path of the decision", HTTP_JSON,
		"Explanation", NULL } },
	    .handle = explain,
	},
};

static const struct http_schema schemas[] = {
	{ "Explanation",
	    "{\"properties\":{\"account\":{\"type\":[\"object\",\"null\"]},"
	    "\"act\":" HTTP_STRING ",\"assumed\":{\"type\":\"object\"},"
	    "\"changes\":{\"items\":{\"type\":\"object\"},\"type\":\"array\"},"
	    "\"class\":" HTTP_NULLABLE ",\"clearance\":{\"type\":\"object\"},"
	    "\"clearances\":{\"items\":{\"type\":\"object\"},\"type\":"
	    "\"array\"},"
	    "\"code\":" HTTP_NULLABLE ",\"decision\":{\"enum\":[\"permit\","
	    "\"deny\"],\"type\":\"string\"},\"entry\":" HTTP_NULLABLE
	    ",\"object\":" HTTP_STRING ",\"path\":{\"items\":{\"type\":"
	    "\"object\"},\"type\":\"array\"},\"person\":" HTTP_ID
	    ",\"role\":" HTTP_NULLABLE
	    "},\"required\":[\"act\",\"code\",\"decision\",\"path\"],\"type\":"
	    "\"object\"}" },
};

const struct http_topic api_people_explain_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
