#include "api/people.h"

#include "api/people_part.h"
#include "evidence/item.h"
#include "gate/explain.h"
#include "machine/range.h"
#include "people/clearance.h"

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
 * than these tell.
 */
struct asking {
	struct http_request *q;
	const char *who, *what;
	const char *doing; /* the act, as it was said */
	enum gate_act act;
	const char *unknown; /* why the act or object is; NULL: known */
	/* supposed */
	enum gate_factor factor;
	bool idle, stale;
	enum gate_class class;
	enum gate_hold hold;
	enum gate_retention retention;
	enum gate_place place;
	const char *address; /* NULL: one's own, or one that is good */
	/* found */
	bool found; /* such a person */
	bool about; /* the duty is as found: of a person, of what they made */
	struct people_person p, on;
	struct people_standing standing;
	struct people_verdict v;
	struct gate_caller as; /* as whom they would come */
	enum gate_relation relation;
	enum gate_duty duty;
	struct api_people_way way;
};

/* --- What is asked --- */

static enum sp_code
flag(const struct http_request *q, const char *name, bool *out,
    struct sp_err *err)
{
	const char *s = http_request_query(q, name);

	if (s == NULL)
		return SP_OK;
	*out = strcmp(s, "true") == 0;
	if (!*out && strcmp(s, "false") != 0)
		return sp_fail(err, SP_E_INVALID, "%s: true or false", name);
	return SP_OK;
}

static enum sp_code
read_factor(
    const struct http_request *q, enum gate_factor *out, struct sp_err *err)
{
	const char *s = http_request_query(q, "factor");

	*out = GATE_FACTOR_SECOND;
	if (s == NULL)
		return SP_OK;
	for (unsigned f = 0; f <= GATE_FACTOR_SECOND; f++) {
		if (strcmp(s, gate_factor_name((enum gate_factor)f)) != 0)
			continue;
		*out = (enum gate_factor)f;
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID, "factor: none, single or second");
}

/* One of a few words: *out is its place among them. */
static enum sp_code
word(const struct http_request *q, const char *name, const char *const *words,
    unsigned *out, struct sp_err *err)
{
	const char *s = http_request_query(q, name);
	unsigned i = 0;

	if (s == NULL)
		return SP_OK;
	while (words[i] != NULL && strcmp(words[i], s) != 0)
		i++;
	if (words[i] == NULL)
		return sp_fail(err, SP_E_INVALID, "%s: %s, %s%s%s", name,
		    words[0], words[1], words[2] == NULL ? "" : ", ",
		    words[2] == NULL ? "" : words[2]);
	*out = i;
	return SP_OK;
}

/* In the order of their enums, which begin with the unknown. */
static const char *const holds[] = { "unknown", "on", "none", NULL };
static const char *const retentions[] = { "unknown", "running", "over", NULL };
static const char *const places[] = { "unknown", "outside", "inside", NULL };

static enum sp_code
read_address(const struct http_request *q, const char **out, struct sp_err *err)
{
	const char *s = http_request_query(q, "address");
	struct machine_range r;

	if (s != NULL &&
	    (strchr(s, '/') != NULL || !machine_range_parse(s, strlen(s), &r)))
		return sp_fail(
		    err, SP_E_INVALID, "address: an IPv4 or IPv6 address");
	*out = s;
	return SP_OK;
}

static enum sp_code
read_supposed(struct asking *k, struct sp_err *err)
{
	const char *class = http_request_query(k->q, "class");
	unsigned hold = GATE_HOLD_UNKNOWN, place = GATE_PLACE_INSIDE;
	unsigned retention = GATE_RETENTION_UNKNOWN;

	k->class = GATE_CLASS_ORDINARY;
	if (class != NULL && !gate_class_parse(class, &k->class))
		return sp_fail(err, SP_E_INVALID,
		    "class: ordinary, restricted, sealed or unknown");
	SP_TRY(word(k->q, "hold", holds, &hold, err));
	SP_TRY(word(k->q, "retention", retentions, &retention, err));
	SP_TRY(word(k->q, "place", places, &place, err));
	k->hold = (enum gate_hold)hold;
	k->retention = (enum gate_retention)retention;
	k->place = (enum gate_place)place;
	SP_TRY(read_address(k->q, &k->address, err));
	SP_TRY(flag(k->q, "idle", &k->idle, err));
	SP_TRY(flag(k->q, "stale", &k->stale, err));
	return read_factor(k->q, &k->factor, err);
}

static enum sp_code
read_asking(struct asking *k, struct sp_err *err)
{
	k->doing = http_request_query(k->q, "act");
	k->who = http_request_query(k->q, "person");
	k->what = http_request_query(k->q, "object");
	if (k->who == NULL || k->who[0] == '\0')
		return sp_fail(err, SP_E_INVALID,
		    "person: an id or a login, or ~ for oneself");
	if (k->doing == NULL || k->doing[0] == '\0')
		return sp_fail(err, SP_E_INVALID,
		    "act: one of those of .../roles, as evidence.view");
	if (!gate_act_read(k->doing, &k->act))
		k->unknown = "no such act: sallyport role list --json has them "
			     "all";
	if (k->what == NULL)
		k->what = "-";
	return read_supposed(k, err);
}

/* --- Who --- */

static enum sp_code
find_person(struct asking *k, struct db *db, struct sp_err *err)
{
	enum sp_code code =
	    people_person_meant(db, k->who, &k->q->who.person, &k->p, err);

	k->found = code == SP_OK;
	return code == SP_E_NOTFOUND ? SP_OK : code;
}

static bool
oneself(const struct asking *k)
{
	return k->found && sp_id_equal(&k->p.id, &k->q->who.person);
}

/* One's own account is one's own to ask about. */
static enum sp_code
admit(struct asking *k, struct sp_err *err)
{
	return api_people_admit(k->q,
	    oneself(k) ? GATE_POLICY_SHOW : GATE_POLICY_EXPLAIN,
	    k->found ? &k->p.id : NULL, err);
}

static struct gate_standing
suppose(const struct asking *k)
{
	const struct people_rules *rules = api_people_rules(k->q);
	struct gate_standing is = {
		.session = GATE_SESSION_OPEN,
		.factor = k->factor,
		.limits = {
			.idle = people_rules_time(rules, PEOPLE_SESSION_LOCK),
			.reproof = people_rules_time(
			    rules, PEOPLE_SESSION_REAUTHENTICATE),
			.fresh =
			    people_rules_time(rules, PEOPLE_SESSION_PRIVILEGED),
		},
	};

	if (k->idle)
		is.idle = is.limits.idle;
	if (k->stale)
		is.since_proof = is.limits.reproof;
	return is;
}

static enum sp_code
gather_person(struct asking *k, struct db *db, struct sp_err *err)
{
	const struct people_rules *rules = api_people_rules(k->q);
	sp_time now = sp_now();
	struct sp_err why;
	enum sp_code code;

	k->as = (struct gate_caller){
		.agency = k->q->who.agency,
		.token = k->p.id, /* a credential of theirs: any */
		.kind = "session",
		.is = suppose(k),
	};
	(void)snprintf(k->as.address, sizeof(k->as.address), "%s",
	    k->address != NULL ? k->address
		: oneself(k)   ? k->q->who.address
			       : "");
	if (!k->found)
		return SP_OK;
	k->standing = people_person_state(&k->p, rules, now);
	SP_TRY(people_clearance(db, &k->p, rules, now, &k->v, err));
	code = gate_caller_person(db, rules, &k->p.id, &k->as, &why);
	if (code != SP_OK && code != SP_E_UNKNOWN)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
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
	io->duty = k->duty;
	io->class = k->class;
	io->hold = k->hold;
	io->retention = k->retention;
	io->place = k->place;
}

static enum sp_code
gather_way(struct asking *k, const struct sp_id *evidence, struct sp_err *err)
{
	struct gate_facts like = { .act = k->act };

	put_supposed(k, &like);
	k->way = (struct api_people_way){
		.q = k->q,
		.who = &k->as,
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
	    (gate_role_ways(k->as.role, k->act) & GATE_WAY(GATE_OWN)) != 0)
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
	if (k->found)
		return gate_caller_duty(
		    reader.db, &k->as, k->act, &k->on.id, &k->duty, err);
	return SP_OK;
}

/* ... or one of the agency's affairs: a lockbox request, a share, a device. */
static enum sp_code
gather_thing(struct asking *k, struct sp_err *err)
{
	struct api_people_thing thing = { .there = false };
	struct api_people_duty d = {
		.q = k->q, .who = &k->as, .act = k->act, .kind = thing.kind
	};

	if (sp_id_parse(k->what, strlen(k->what), &d.thing))
		SP_TRY(api_people_thing(k->q->room, &d.thing, &thing, err));
	k->relation = thing.there ? GATE_OWN : GATE_OTHER;
	if (!thing.there || !k->found)
		return SP_OK;
	k->about = (gate_act_row(k->act)->flags & GATE_APPROVES) != 0;
	return k->about ? api_people_duty(&d, &k->duty, err) : SP_OK;
}

static enum sp_code
gather_affair(struct asking *k, struct sp_err *err)
{
	bool person = false;

	SP_TRY(gather_whom(k, &person, err));
	return person ? SP_OK : gather_thing(k, err);
}

/* --- The answer --- */

static void
account_json(const struct asking *k, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	if (!k->found) {
		sp_json_null(&j, NULL);
		return;
	}
	sp_json_object(&j, NULL);
	sp_json_str(&j, "reason", people_reason_name(k->standing.reason));
	sp_json_str(&j, "state", people_state_name(k->standing.state));
	sp_json_end(&j);
}

static void
assumed_json(
    const struct asking *k, const struct gate_facts *f, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	if (k->way.kind != NULL && strcmp(k->way.kind, "lockbox") == 0)
		sp_json_str(&j, "address",
		    k->as.address[0] == '\0' ? "one that the request names"
					     : k->as.address);
	if (of_evidence(k))
		sp_json_str(&j, "class", gate_class_name(f->class));
	sp_json_str(&j, "duty",
	    k->about                         ? "as found"
		: f->duty == GATE_DUTY_OTHER ? "about somebody else"
					     : "unknown");
	sp_json_str(&j, "factor", gate_factor_name(k->factor));
	sp_json_str(&j, "hold", holds[f->hold]);
	sp_json_str(&j, "place",
	    f->place == GATE_PLACE_INSIDE ? "inside the agency's geography"
		: f->place == GATE_PLACE_OUTSIDE
		? "outside the agency's geography"
		: "unknown");
	sp_json_str(&j, "retention", retentions[f->retention]);
	sp_json_str(&j, "session",
	    k->stale      ? "signed in too long ago"
		: k->idle ? "idle too long"
			  : "signed in just now");
	sp_json_end(&j);
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
decisive(const struct asking *k)
{
	struct gate_facts f = gate_caller_facts(&k->as, k->act);

	if (k->way.kind != NULL)
		return k->way.facts;
	if (sp_id_is_zero(&k->as.person))
		f.identity = GATE_NOBODY;
	f.relation = k->relation;
	gate_facts_here(evidence_room_gate(k->q->room), &f);
	put_supposed(k, &f);
	return f;
}

static enum sp_code
answer(struct asking *k, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	SP_AUTO_BUF account = sp_buf_new(256);
	SP_AUTO_BUF assumed = sp_buf_new(1024);
	SP_AUTO_BUF clearance = sp_buf_new(65536);
	SP_AUTO_BUF via = sp_buf_new(256);
	struct sp_json j = sp_json_to(&clearance);
	struct gate_facts f = decisive(k);
	char id[SP_ID_TEXT];
	struct gate_explain_about about = {
		.object = k->what,
		.act = gate_act_name(k->act),
	};

	if (k->way.kind != NULL) {
		via_json(k, &via);
		about.via = sp_buf_str(&via);
	}
	account_json(k, &account);
	assumed_json(k, &f, &assumed);
	about.account = sp_buf_str(&account);
	about.assumed = sp_buf_str(&assumed);
	if (k->found) {
		people_clearance_json(&j, NULL, &k->v, api_people_rules(k->q));
		about.clearance = sp_buf_str(&clearance);
		sp_id_text(&k->p.id, id);
		about.person = id;
	}
	SP_TRY(sp_buf_check(&clearance, "clearance", err));
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

	if (k->found) {
		sp_id_text(&k->p.id, id);
		about.person = id;
	}
	gate_explain_unknown(k->doing, k->unknown, &about, &out);
	return http_json_answer(a, &out, "the explanation", err);
}

/* What the question is about, as far as it may be known. */
static enum sp_code
gather(struct asking *k, struct sp_err *err)
{
	{
		DB_LENT(reader, evidence_room_readers(k->q->room));

		SP_TRY(gather_person(k, reader.db, err));
	}
	if (strcmp(k->what, "-") == 0)
		return SP_OK;
	return of_evidence(k) ? gather_item(k, err) : gather_affair(k, err);
}

static enum sp_code
explain(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct asking k = {
		.q = q,
		.relation = GATE_OWN,
		.duty = GATE_DUTY_OTHER,
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
	    "An id, a login, or ~ for oneself." },
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
