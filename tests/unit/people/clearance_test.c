#include "people_fixture.h"

#include <time.h>

static struct people_fixture f;
static struct sp_err err;

static uint64_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(seed >> 33) % below;
}

/* --- the rules once more, told in another way --- */

/* `months` later, by counting on the calendar's own text. */
static people_day
model_months(people_day from, int64_t months)
{
	char text[PEOPLE_DAY_TEXT];
	people_day out = 0;
	unsigned y, m, d;

	people_day_text(from, text);
	y = (unsigned)((text[0] - '0') * 1000 + (text[1] - '0') * 100 +
	    (text[2] - '0') * 10 + text[3] - '0');
	m = (unsigned)((text[5] - '0') * 10 + text[6] - '0');
	d = (unsigned)((text[8] - '0') * 10 + text[9] - '0');
	while (months-- > 0) {
		if (++m == 13) {
			m = 1;
			y++;
		}
	}
	for (;; d--) {
		(void)snprintf(text, sizeof(text), "%04u-%02u-%02u", y % 10000,
		    m % 100, d % 100);
		if (people_day_parse(text, 10, &out))
			return out;
	}
}

/* Does something from `from` still hold today, with its own end or not? */
static bool
model_holds(
    people_day from, int64_t months, people_day expires, people_day today)
{
	if (months > 0 && today >= model_months(from, months))
		return false;
	return expires == PEOPLE_DAY_NONE || today < expires;
}

enum model { MODEL_OK, MODEL_NONE, MODEL_OVER };

static enum model
model_screened(const struct people_records *r, const struct people_rules *rules,
    const char *state, people_day today)
{
	enum model best = MODEL_NONE;

	for (size_t i = 0; i < r->screenings; i++) {
		const struct people_screening *s = &r->screening[i];
		bool void_since = false;

		if (strcmp(s->state, state) != 0 ||
		    (s->decision != PEOPLE_CLEARED &&
			s->decision != PEOPLE_VARIED))
			continue;
		for (size_t k = 0; k < r->screenings; k++) {
			const struct people_screening *d = &r->screening[k];

			if (strcmp(d->state, state) == 0 &&
			    d->decision == PEOPLE_DENIED &&
			    (d->decided > s->decided ||
				(d->decided == s->decided && k > i)))
				void_since = true;
		}
		if (void_since)
			continue;
		if (model_holds(s->fingerprinted,
			people_rules_get(rules, PEOPLE_SCREENING_RENEWAL),
			s->expires, today))
			return MODEL_OK;
		best = MODEL_OVER;
	}
	return best;
}

static enum model
model_trained(const struct people_records *r, const struct people_rules *rules,
    int least, int most, people_day today)
{
	enum model best = MODEL_NONE;

	for (int c = least; c <= most; c++) {
		const struct people_training *t = &r->training[c];

		if (t->completed == PEOPLE_DAY_NONE)
			continue;
		if (model_holds(t->completed,
			people_rules_get(rules, PEOPLE_TRAINING_RENEWAL),
			t->expires, today))
			return MODEL_OK;
		best = MODEL_OVER;
	}
	return best;
}

static bool
model_agreed(bool has, const struct people_agreement *g,
    const struct people_rules *rules, people_day today)
{
	people_day from =
	    g->reviewed != PEOPLE_DAY_NONE ? g->reviewed : g->signed_on;

	return has &&
	    model_holds(from, people_rules_get(rules, PEOPLE_AGREEMENT_REVIEW),
		g->review, today) &&
	    (g->ended == PEOPLE_DAY_NONE || today < g->ended);
}

static bool
model_signed(bool has, const struct people_signature *s,
    const struct people_rules *rules, people_day today)
{
	enum people_rule rule = s->document == PEOPLE_SECURITY_ADDENDUM
	    ? PEOPLE_ADDENDUM_CONTRACTOR
	    : PEOPLE_ADDENDUM_RENEWAL;

	return has &&
	    model_holds(
		s->signed_on, people_rules_get(rules, rule), s->expires, today);
}

static const char *
model(const struct people_records *r, const struct people_rules *rules,
    people_day today)
{
	bool contractor = r->kind == PEOPLE_CONTRACTOR;
	int level = people_rules_level(rules, r->role) - 1;
	enum people_document d =
	    contractor ? PEOPLE_SECURITY_ADDENDUM : PEOPLE_ACCESS_TERMS;
	enum model here =
	    model_screened(r, rules, people_rules_state(rules), today);
	enum model home = model_screened(r, rules, r->residence, today);
	enum model trained =
	    model_trained(r, rules, level, PEOPLE_LEVEL4, today);
	enum model pii = model_trained(r, rules, PEOPLE_PII, PEOPLE_PII, today);
	bool due = false;

	if (people_rules_get(rules, PEOPLE_SCREENING_RESIDENCE) == 0)
		home = MODEL_OK;
	if (people_rules_get(rules, PEOPLE_TRAINING_PII) == 0)
		pii = MODEL_OK;
	for (size_t i = 0; i < r->demands; i++)
		due |= today >= r->demand[i].due;
	if (here == MODEL_NONE || home == MODEL_NONE)
		return "screening.missing";
	if (here == MODEL_OVER || home == MODEL_OVER)
		return "screening.expired";
	if (trained == MODEL_NONE || pii == MODEL_NONE)
		return "training.missing";
	if (trained == MODEL_OVER || pii == MODEL_OVER || due)
		return "training.expired";
	if ((contractor ||
		people_rules_get(rules, PEOPLE_ADDENDUM_AGENCY) == 1) &&
	    !model_signed(r->has_signature[d], &r->signature[d], rules, today))
		return "addendum.missing";
	if (contractor &&
	    !model_signed(r->has_company, &r->company, rules, today))
		return "addendum.missing";
	if (!model_agreed(r->has_user, &r->user, rules, today))
		return "agreement.missing";
	if (r->kind == PEOPLE_OUTSIDE &&
	    people_rules_get(rules, PEOPLE_AGREEMENT_PARTNER) == 1 &&
	    !model_agreed(r->has_partner, &r->partner, rules, today))
		return "agreement.missing";
	return "ok";
}

/* --- records drawn at random --- */

#define DAY0 20000 /* 2024-10-04 */

static people_day
some_day(void)
{
	return DAY0 + (people_day)draw(500);
}

static people_day
some_end(people_day from)
{
	return draw(3) == 0 ? from + 1 + (people_day)draw(700)
			    : PEOPLE_DAY_NONE;
}

static struct people_signature
some_signature(enum people_document document)
{
	struct people_signature s = { .document = document,
		.signed_on = some_day() };

	s.expires = some_end(s.signed_on);
	return s;
}

static struct people_agreement
some_agreement(void)
{
	struct people_agreement g = { .signed_on = some_day() - 900,
		.reviewed = PEOPLE_DAY_NONE,
		.ended = PEOPLE_DAY_NONE };

	if (draw(2) == 0)
		g.reviewed = g.signed_on + (people_day)draw(800);
	g.review =
	    some_end(g.reviewed == PEOPLE_DAY_NONE ? g.signed_on : g.reviewed);
	if (draw(4) == 0)
		g.ended = some_day() + 300;
	return g;
}

static struct people_records
some_records(void)
{
	static const char *const states[] = { "FL", "FL", "GA" };
	struct people_records r;

	memset(&r, 0, sizeof(r));
	r.role = (enum people_role)draw(PEOPLE_ROLE_COUNT);
	r.kind = (enum people_kind)draw(PEOPLE_KIND_COUNT);
	memcpy(r.residence, states[draw(3)], 3);
	r.screenings = draw(5);
	for (size_t i = 0; i < r.screenings; i++) {
		struct people_screening *s = &r.screening[i];

		memcpy(s->state, states[draw(3)], 3);
		s->decision = draw(4) == 0 ? (enum people_decision)draw(4)
					   : PEOPLE_CLEARED;
		s->fingerprinted = some_day() - (draw(2) == 0 ? 1700 : 0);
		s->decided = s->fingerprinted + (people_day)draw(3);
		if (s->decision == PEOPLE_PENDING)
			s->decided = PEOPLE_DAY_NONE;
		s->expires = some_end(s->fingerprinted);
	}
	for (int c = 0; c < PEOPLE_COURSE_COUNT; c++) {
		r.training[c].course = (enum people_course)c;
		r.training[c].completed =
		    draw(2) == 0 ? some_day() : PEOPLE_DAY_NONE;
		r.training[c].expires = some_end(some_day());
	}
	r.demands = draw(6) == 0 ? 1 + draw(2) : 0;
	for (size_t i = 0; i < r.demands; i++) {
		r.demand[i].course = PEOPLE_EVENT;
		r.demand[i].due = some_day() + 200;
	}
	for (int d = 0; d < PEOPLE_DOCUMENT_COUNT; d++) {
		r.signature[d] = some_signature((enum people_document)d);
		r.has_signature[d] = draw(5) != 0;
	}
	r.has_company = draw(5) != 0;
	r.company = some_signature(PEOPLE_SECURITY_ADDENDUM);
	r.has_user = draw(5) != 0;
	r.user = some_agreement();
	r.has_partner = draw(5) != 0;
	r.partner = some_agreement();
	return r;
}

/* Rules with every switch, by an overlay. */
static struct people_rules *
variant(int i)
{
	static const char *const rule[] = { "\"training.pii\":{\"value\":1,"
					    "\"unit\":\"flag\",\"section\":"
					    "\"X\",\"text\":\"X\"}",
		"\"screening.renewal\":{\"value\":0,\"unit\":\"months\","
		"\"section\":\"X\",\"text\":\"X\"}",
		"\"addendum.contractor_renewal\":{\"value\":24,\"unit\":"
		"\"months\",\"section\":\"X\",\"text\":\"X\"}" };
	struct people_rules_place at = { .state = "FL", .dirfd = -1 };
	struct people_rules *r = NULL, *made = NULL;
	char text[500];
	bool applies;

	CHECK_OK(people_rules_default(&r, "FL", &err), &err);
	if (i == 0)
		return r;
	(void)snprintf(text, sizeof(text),
	    "{\"applies\":{\"state\":\"FL\"},\"policy\":\"CJISSECPOL\","
	    "\"version\":\"6.1\",\"rules\":{%s}}",
	    rule[i - 1]);
	CHECK_OK(
	    people_rules_parse(&made, r, &at,
		(struct crypto_piece){ text, strlen(text) }, &applies, &err),
	    &err);
	people_rules_free(r);
	return made;
}

/*
 * Over many draws: the code is the model's; a verdict holds to the very day
 * before its `until` and not on it; and time alone never turns a code into ok.
 */
static void
the_model_agrees(void)
{
	size_t told[PEOPLE_CODE_COUNT] = { 0 };

	for (int v = 0; v < 4; v++) {
		PEOPLE_AUTO_RULES rules = variant(v);

		for (int i = 0; i < 20000; i++) {
			struct people_records r = some_records();
			people_day today = some_day() + 200;
			struct people_verdict got =
			    people_clearance_of(&r, rules, today);
			people_day later = today + (people_day)draw(800);

			CHECK(strcmp(people_code_name(got.code),
				  model(&r, rules, today)) == 0);
			told[got.code]++;
			if (got.code != PEOPLE_OK) {
				CHECK(got.until == PEOPLE_DAY_NONE);
				CHECK(people_clearance_of(&r, rules, later)
					  .code != PEOPLE_OK);
			} else if (got.until != PEOPLE_DAY_NEVER) {
				CHECK(strcmp(model(&r, rules, got.until - 1),
					  "ok") == 0);
				CHECK(strcmp(model(&r, rules, got.until),
					  "ok") != 0);
			}
		}
	}
	for (size_t i = 0; i < PEOPLE_CODE_COUNT; i++)
		CHECK(told[i] > 100);
}

/* Someone of each kind who has all that is needed. */
static struct people_records
whole(enum people_kind kind)
{
	struct people_records r;

	memset(&r, 0, sizeof(r));
	r.role = PEOPLE_OFFICER;
	r.kind = kind;
	memcpy(r.residence, "GA", 3);
	r.screenings = 2;
	for (size_t i = 0; i < 2; i++) {
		memcpy(r.screening[i].state, i == 0 ? "FL" : "GA", 3);
		r.screening[i].decision = PEOPLE_CLEARED;
		r.screening[i].fingerprinted = DAY0;
		r.screening[i].decided = DAY0;
		r.screening[i].expires = PEOPLE_DAY_NONE;
	}
	for (int c = 0; c < PEOPLE_COURSE_COUNT; c++)
		r.training[c] = (struct people_training){
			.course = (enum people_course)c,
			.completed =
			    c == PEOPLE_LEVEL2 ? DAY0 : PEOPLE_DAY_NONE,
			.expires = PEOPLE_DAY_NONE,
		};
	for (int d = 0; d < PEOPLE_DOCUMENT_COUNT; d++) {
		r.has_signature[d] = true;
		r.signature[d] = (struct people_signature){
			.document = (enum people_document)d,
			.signed_on = DAY0,
			.expires = PEOPLE_DAY_NONE,
		};
	}
	r.has_company = r.has_user = r.has_partner = true;
	r.company = r.signature[PEOPLE_SECURITY_ADDENDUM];
	r.user = r.partner = (struct people_agreement){
		.signed_on = DAY0,
		.review = PEOPLE_DAY_NONE,
		.reviewed = PEOPLE_DAY_NONE,
		.ended = PEOPLE_DAY_NONE,
	};
	return r;
}

static void
take_away(struct people_records *r, int what)
{
	switch (what) {
	case 0: r->screening[0].decision = PEOPLE_PENDING; break;
	case 1: r->screening[1].decision = PEOPLE_DENIED; break;
	case 2: r->screening[0].expires = DAY0 + 1; break;
	case 3: r->training[PEOPLE_LEVEL2].completed = PEOPLE_DAY_NONE; break;
	case 4: r->training[PEOPLE_LEVEL2].expires = DAY0 + 1; break;
	case 5:
		r->demands = 1;
		r->demand[0].due = DAY0 + 1;
		break;
	case 6:
		r->has_signature[r->kind == PEOPLE_CONTRACTOR
			? PEOPLE_SECURITY_ADDENDUM
			: PEOPLE_ACCESS_TERMS] = false;
		break;
	case 7: r->has_company = false; break;
	case 8: r->has_user = false; break;
	default: r->has_partner = false; break;
	}
}

/* Each thing that is missing has exactly its code; of several the first in
 * the order of codes is told: all subsets of them. */
static void
each_lack_has_its_code(void)
{
	static const enum people_code code[] = { PEOPLE_SCREENING_MISSING,
		PEOPLE_SCREENING_MISSING, PEOPLE_SCREENING_EXPIRED,
		PEOPLE_TRAINING_MISSING, PEOPLE_TRAINING_EXPIRED,
		PEOPLE_TRAINING_EXPIRED, PEOPLE_ADDENDUM_MISSING,
		PEOPLE_ADDENDUM_MISSING, PEOPLE_AGREEMENT_MISSING,
		PEOPLE_AGREEMENT_MISSING };
	PEOPLE_AUTO_RULES rules = variant(0);

	for (int k = 0; k < PEOPLE_KIND_COUNT; k++) {
		for (unsigned set = 0; set < 1U << SP_COUNTOF(code); set++) {
			struct people_records r = whole((enum people_kind)k);
			enum people_code want = PEOPLE_OK;
			struct people_verdict v;

			for (int i = 0; i < (int)SP_COUNTOF(code); i++) {
				bool ours =
				    (i != 7 || k == PEOPLE_CONTRACTOR) &&
				    (i != 9 || k == PEOPLE_OUTSIDE);

				if ((set & 1U << i) == 0)
					continue;
				/* What is not there cannot have expired. */
				if ((i == 2 && (set & 1U) != 0) ||
				    (i == 4 && (set & 8U) != 0))
					continue;
				take_away(&r, i);
				if (ours &&
				    (want == PEOPLE_OK || code[i] < want))
					want = code[i];
			}
			v = people_clearance_of(&r, rules, DAY0 + 1);
			CHECK(v.code == want);
		}
	}
}

/* To the very day. */
static void
the_day_it_lapses_access_stops(void)
{
	PEOPLE_AUTO_RULES rules = variant(0);
	struct people_records r = whole(PEOPLE_AGENCY);
	struct people_verdict v;
	people_day end;

	r.training[PEOPLE_LEVEL2].completed = people_fixture_day("2024-02-29");
	r.signature[PEOPLE_ACCESS_TERMS].signed_on =
	    people_fixture_day("2024-06-01");
	r.user.signed_on = people_fixture_day("2024-01-01");
	r.screening[0].fingerprinted = people_fixture_day("2024-01-01");
	r.screening[0].decided = people_fixture_day("2024-01-01");
	r.screening[1] = r.screening[0];
	memcpy(r.screening[1].state, "GA", 3);
	end = people_fixture_day("2025-02-28");
	v = people_clearance_of(&r, rules, end - 1);
	CHECK(v.code == PEOPLE_OK && v.until == end);
	CHECK(v.first == PEOPLE_CHECK_LEVEL);
	v = people_clearance_of(&r, rules, end);
	CHECK(v.code == PEOPLE_TRAINING_EXPIRED);
	CHECK(v.step[PEOPLE_CHECK_LEVEL].state == PEOPLE_STEP_EXPIRED);
	CHECK(v.step[PEOPLE_CHECK_LEVEL].until == end);
	CHECK(v.step[PEOPLE_CHECK_COMPANY].state == PEOPLE_STEP_NOT_NEEDED);
}

static void
a_denial_voids_what_was_before(void)
{
	PEOPLE_AUTO_RULES rules = variant(0);
	struct people_records r = whole(PEOPLE_AGENCY);
	struct people_screening *s = r.screening;

	s[2] = s[0];
	s[2].decision = PEOPLE_DENIED;
	r.screenings = 3;
	CHECK(people_clearance_of(&r, rules, DAY0 + 9).code ==
	    PEOPLE_SCREENING_MISSING);
	/* Recorded before, decided after: it is the newer word. */
	s[0].decided = DAY0 + 1;
	CHECK(people_clearance_of(&r, rules, DAY0 + 9).code == PEOPLE_OK);
	s[0].decided = DAY0;
	s[3] = s[2];
	s[3].decision = PEOPLE_PENDING;
	s[3].decided = PEOPLE_DAY_NONE;
	r.screenings = 4;
	CHECK(people_clearance_of(&r, rules, DAY0 + 9).code ==
	    PEOPLE_SCREENING_MISSING);
	s[3].decision = PEOPLE_VARIED;
	s[3].decided = DAY0;
	s[3].expires = DAY0 + 10;
	CHECK(people_clearance_of(&r, rules, DAY0 + 9).code == PEOPLE_OK);
	CHECK(people_clearance_of(&r, rules, DAY0 + 10).code ==
	    PEOPLE_SCREENING_EXPIRED);
}

static void
it_says_what_would_change_it(void)
{
	static const struct {
		int what;
		const char *says;
	} rows[] = {
		{ 0,
		    "a fingerprint-based check in FL that is decided cleared "
		    "(PS-3(b))" },
		{ 1, "in GA, where they live" },
		{ 3, "training of level2 or higher, completed (AT-2(a)1)" },
		{ 5, "the course event that was demanded" },
		{ 6, "the Security Addendum, signed by the person (SA-9(a)2)" },
		{ 7, "signed by the person's employer" },
		{ 8, "a user agreement with the CSA of FL" },
	};
	PEOPLE_AUTO_RULES rules = variant(0);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_records r = whole(PEOPLE_CONTRACTOR);
		SP_AUTO_BUF out = sp_buf_new(1000);
		struct people_verdict v;

		r.demand[0].course = PEOPLE_EVENT;
		take_away(&r, rows[i].what);
		v = people_clearance_of(&r, rules, DAY0 + 1);
		people_clearance_change(&v, rules, &out);
		if (strstr(sp_buf_str(&out), rows[i].says) == NULL)
			tap_fail(
			    __FILE__, __LINE__, rows[i].says, sp_buf_str(&out));
	}
	{
		struct people_records r = whole(PEOPLE_AGENCY);
		struct people_verdict v =
		    people_clearance_of(&r, rules, DAY0 + 1);
		SP_AUTO_BUF out = sp_buf_new(1000);
		SP_AUTO_BUF text = sp_buf_new(10000);
		struct sp_json w = sp_json_to(&text);
		json_t *j;

		people_clearance_change(&v, rules, &out);
		CHECK(
		    strncmp(sp_buf_str(&out), "before 2025-10-04: ", 19) == 0);
		people_clearance_json(&w, NULL, &v, rules);
		j = json_loads(sp_buf_str(&text), 0, NULL);
		CHECK(j != NULL);
		CHECK(json_array_size(json_object_get(j, "path")) ==
		    PEOPLE_CHECK_COUNT);
		CHECK(strcmp(json_string_value(json_object_get(j, "until")),
			  "2025-10-04") == 0);
		json_decref(j);
	}
}

/* --- with a database --- */

static void
records_make_the_verdict(void)
{
	struct sp_id id;

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_SCREENING_MISSING);
	people_fixture_clear(&f, &id);
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_OK);
	CHECK(people_fixture_verdict(&f, &id).until ==
	    people_fixture_day("2027-11-21"));
	people_fixture_later(&f, 365);
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_TRAINING_EXPIRED);
	/* In Florida that day began at five by the clock of UTC. */
	f.now = people_fixture_time("2027-11-21T05:00:00Z") - 1;
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_OK);
	f.now += 1;
	CHECK(people_fixture_verdict(&f, &id).code == PEOPLE_TRAINING_EXPIRED);
	people_fixture_close(&f);
}

static void
contractors_and_guests_need_more(void)
{
	struct people_person_new n = { .name = "B",
		.role = "administrator",
		.kind = "contractor",
		.employer = "Acme" };
	struct people_addendum_new company = { .company = "Acme",
		.signer = "C" };
	struct people_agreement_new city = { .kind = "management-control",
		.partner = "City" };
	struct people_fixture_op op = { .n = &n }, sign = { .n = &company },
				 agree = { .n = &city };

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	people_fixture_clear(&f, &op.id);
	/* The administrator needs level 3, which is what was recorded. */
	CHECK(
	    people_fixture_verdict(&f, &op.id).code == PEOPLE_ADDENDUM_MISSING);
	CHECK_OK(people_fixture_sign_as(&f, &sign), &f.err);
	CHECK(people_fixture_verdict(&f, &op.id).code == PEOPLE_OK);
	n = (struct people_person_new){ .name = "C",
		.role = "prosecutor",
		.kind = "outside",
		.employer = "City" };
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	people_fixture_clear(&f, &op.id);
	CHECK(people_fixture_verdict(&f, &op.id).code ==
	    PEOPLE_AGREEMENT_MISSING);
	CHECK_OK(people_fixture_agree(&f, &agree), &f.err);
	CHECK(people_fixture_verdict(&f, &op.id).code == PEOPLE_OK);
	people_fixture_close(&f);
}

/* --- by itself --- */

static struct people_tick *
tick(void)
{
	static struct people_tick t;
	bool due = false;

	memset(&t, 0, sizeof(t));
	t.agency = f.by.agency;
	t.rules = f.rules;
	t.now = f.now;
	CHECK_OK(people_clearance_due(f.reader, f.rules, f.now, &due, &f.err),
	    &f.err);
	if (!due)
		return NULL;
	CHECK_OK(ledger_writer_run(f.writer, people_clearance_tick, &t, &f.err),
	    &f.err);
	return &t;
}

/* All there is to do now; how many acts that took. */
static int
settle(void)
{
	int acts = 0;

	while (tick() != NULL)
		CHECK(++acts < 1000);
	return acts;
}

static void
warnings_come_once_each(void)
{
	static const int days[] = { 30, 14, 7, 1 };
	struct sp_id id;
	people_day end;
	char text[100];

	people_fixture_open(&f);
	id = people_fixture_person(&f, "A", "officer");
	people_fixture_clear(&f, &id);
	end = people_fixture_verdict(&f, &id).until;
	for (int d = 0; d < 370; d++) {
		struct people_fixture_op op = { .id = id };
		people_day left;

		CHECK_OK(people_fixture_seen(&f, &op), &f.err);
		CHECK(settle() == 1); /* one round a day */
		left = end - people_day_of(f.rules, f.now);
		for (size_t i = 0; i < SP_COUNTOF(days); i++) {
			(void)snprintf(text, sizeof(text),
			    "\"check\":\"training.level\",\"days\":%d,",
			    days[i]);
			CHECK(people_fixture_count(&f, text) ==
			    (left <= days[i]));
		}
		(void)snprintf(text, sizeof(text),
		    "\"detail\":{\"check\":\"training.level\",\"until\"");
		CHECK(people_fixture_count(&f, text) == (left <= 0));
		people_fixture_later(&f, 1);
	}
	/* Training and the terms signed lapse on the same day. */
	CHECK(people_fixture_count(&f, "clearance.warned") == 8);
	CHECK(people_fixture_count(&f, "clearance.lapsed") == 2);
	CHECK(people_fixture_count(&f, "\"outcome\":\"refused\"") == 2);
	people_fixture_close(&f);
}

/* A server that was away tells what is due now, not what it missed. */
static void
only_the_nearest_warning_is_told(void)
{
	struct people_training_new n = { .expires = "2026-12-04" };
	struct people_fixture_op op = { .n = &n };
	struct people_tick *t;
	struct sp_id id;

	people_fixture_open(&f);
	op.id = id = people_fixture_person(&f, "A", "officer");
	CHECK_OK(people_fixture_train(&f, &op), &f.err);
	t = tick();
	CHECK(t != NULL && t->notices == 1);
	CHECK(t->notice[0].kind == PEOPLE_NOTICE_WARNED);
	CHECK(
	    t->notice[0].days == 14 && sp_id_equal(&t->notice[0].object, &id));
	CHECK(t->notice[0].check == PEOPLE_CHECK_LEVEL);
	CHECK(tick() == NULL);
	people_fixture_later(&f, 12);
	t = tick();
	CHECK(t != NULL && t->notices == 1 && t->notice[0].days == 1);
	people_fixture_later(&f, 1);
	t = tick();
	CHECK(t != NULL && t->notices == 1);
	CHECK(t->notice[0].kind == PEOPLE_NOTICE_LAPSED);
	people_fixture_close(&f);
}

/* After the day's round is over something is recorded that lapses tomorrow, of
 * a person and for all: told in the next round, once. */
static void
what_is_recorded_is_looked_at(void)
{
	struct people_training_new n = { .expires = "2026-11-22" };
	struct people_agreement_new all = { .review = "2026-11-22" };
	struct people_fixture_op op = { .n = &n }, agree = { .n = &all };
	struct people_tick *t;
	struct sp_id id;

	people_fixture_open(&f);
	CHECK(
	    people_day_of(f.rules, f.now) == people_fixture_day("2026-11-21"));
	op.id = id = people_fixture_person(&f, "A", "officer");
	(void)people_fixture_person(&f, "B", "officer");
	CHECK(settle() == 1);
	CHECK(people_fixture_count(&f, "clearance.warned") == 0);
	CHECK_OK(people_fixture_train(&f, &op), &f.err);
	t = tick();
	CHECK(t != NULL && !t->more && t->notices == 1);
	CHECK(t->notice[0].kind == PEOPLE_NOTICE_WARNED);
	CHECK(t->notice[0].days == 1);
	CHECK(sp_id_equal(&t->notice[0].object, &id));
	CHECK(tick() == NULL);
	CHECK_OK(people_fixture_agree(&f, &agree), &f.err);
	t = tick();
	CHECK(t != NULL && t->notices == 1 && t->notice[0].days == 1);
	CHECK(sp_id_equal(&t->notice[0].object, &agree.id));
	CHECK(tick() == NULL);
	people_fixture_later(&f, 1);
	t = tick();
	CHECK(t != NULL && t->notices == 2);
	CHECK(t->notice[0].kind == PEOPLE_NOTICE_LAPSED);
	CHECK(t->notice[1].kind == PEOPLE_NOTICE_LAPSED);
	CHECK(settle() == 0);
	people_fixture_close(&f);
}

static void
what_is_for_all_is_told_once(void)
{
	struct people_agreement_new n = { .review = "2026-12-01" };
	struct people_fixture_op op = { .n = &n };
	struct people_tick *t;

	people_fixture_open(&f);
	for (int i = 0; i < 5; i++)
		(void)people_fixture_person(&f, "A", "officer");
	CHECK_OK(people_fixture_agree(&f, &op), &f.err);
	t = tick();
	CHECK(t != NULL && t->notices == 1);
	CHECK(strcmp(t->notice[0].object_kind, "agreement") == 0);
	CHECK(sp_id_equal(&t->notice[0].object, &op.id));
	people_fixture_close(&f);
}

static void
accounts_end_by_themselves(void)
{
	struct people_person_new n = { .name = "T", .role = "officer" };
	struct people_fixture_op temporary = { .n = &n }, leaver, op;
	struct sp_id idle, busy;

	people_fixture_open(&f);
	n.temporary = f.now + 259200 * SP_SECOND;
	CHECK_OK(people_fixture_add(&f, &temporary), &f.err);
	idle = people_fixture_person(&f, "I", "officer");
	busy = people_fixture_person(&f, "B", "officer");
	leaver = (struct people_fixture_op){
		.id = people_fixture_person(&f, "L", "officer"),
		.at = f.now + 86400 * SP_SECOND,
	};
	CHECK_OK(people_fixture_terminate(&f, &leaver), &f.err);
	(void)settle();
	f.now = leaver.at;
	(void)settle();
	CHECK(people_fixture_get(&f, &leaver.id).state == PEOPLE_TERMINATED);
	CHECK(people_fixture_get(&f, &leaver.id).reason == PEOPLE_LEFT);
	CHECK(people_fixture_get(&f, &temporary.id).state == PEOPLE_ACTIVE);
	people_fixture_later(&f, 2);
	(void)settle();
	CHECK(people_fixture_get(&f, &temporary.id).state == PEOPLE_TERMINATED);
	CHECK(people_fixture_get(&f, &temporary.id).reason == PEOPLE_TEMPORARY);
	people_fixture_later(&f, 50);
	op = (struct people_fixture_op){ .id = busy };
	CHECK_OK(people_fixture_seen(&f, &op), &f.err);
	people_fixture_later(&f, 37);
	(void)settle();
	CHECK(people_fixture_get(&f, &idle).state == PEOPLE_DISABLED);
	CHECK(people_fixture_get(&f, &idle).reason == PEOPLE_INACTIVE);
	CHECK(people_fixture_get(&f, &idle).epoch == f.now);
	CHECK(people_fixture_get(&f, &busy).state == PEOPLE_ACTIVE);
	CHECK(people_fixture_count(&f, "\"act\":\"person.terminated\"") == 2);
	CHECK(people_fixture_count(&f, "\"act\":\"person.disabled\"") == 1);
	CHECK(settle() == 0);
	people_fixture_close(&f);
}

/* Many are done in pieces, each of them once, across a restart. */
static void
a_round_goes_in_slices(void)
{
	enum { MANY = 150 };
	struct people_training_new n = { .expires = "2026-11-25" };
	struct sp_id id[MANY];

	people_fixture_open(&f);
	for (int i = 0; i < MANY; i++) {
		struct people_fixture_op op = { .n = &n };

		id[i] = people_fixture_person(&f, "A", "officer");
		op.id = id[i];
		CHECK_OK(people_fixture_train(&f, &op), &f.err);
	}
	CHECK(tick() != NULL);
	CHECK(
	    people_fixture_count(&f, "clearance.warned") == PEOPLE_TICK_SLICE);
	people_fixture_end(&f);
	people_fixture_begin(&f);
	CHECK(settle() == 2);
	CHECK(people_fixture_count(&f, "clearance.warned") == MANY);
	people_fixture_later(&f, 100);
	CHECK(settle() == 3); /* all are idle: three slices of accounts */
	CHECK(people_fixture_count(&f, "\"act\":\"person.disabled\"") == MANY);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the model agrees", the_model_agrees },
		{ "each lack has its code", each_lack_has_its_code },
		{ "the day it lapses access stops",
		    the_day_it_lapses_access_stops },
		{ "a denial voids what was before",
		    a_denial_voids_what_was_before },
		{ "it says what would change it",
		    it_says_what_would_change_it },
		{ "records make the verdict", records_make_the_verdict },
		{ "contractors and guests need more",
		    contractors_and_guests_need_more },
		{ "warnings come once each", warnings_come_once_each },
		{ "what is recorded is looked at",
		    what_is_recorded_is_looked_at },
		{ "only the nearest warning is told",
		    only_the_nearest_warning_is_told },
		{ "what is for all is told once",
		    what_is_for_all_is_told_once },
		{ "accounts end by themselves", accounts_end_by_themselves },
		{ "a round goes in slices", a_round_goes_in_slices },
	};
	const char *given = getenv("SALLYPORT_TEST_SEED");
	struct sp_err why;

	seed = (uint64_t)time(NULL);
	if (given != NULL) {
		seed = 0;
		for (; *given >= '0' && *given <= '9'; given++)
			seed = seed * 10 + (uint64_t)(*given - '0');
	}
	(void)printf("# SALLYPORT_TEST_SEED=%ju\n", (uintmax_t)seed);
	CHECK_OK(crypto_provider_open("", &why), &why);
	return tap_run(cases, SP_COUNTOF(cases));
}
