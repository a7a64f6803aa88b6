#ifndef SHARES_FIXTURE_H
#define SHARES_FIXTURE_H

#include "houses_fixture.h"

#include "grants/visit.h"
#include "people/addendum.h"
#include "people/agreement.h"
#include "people/screening.h"
#include "people/training.h"

#include <jansson.h>

/*
 * The houses with a third agency, ridge-pd (GA), and people of theirs who are
 * signed in.  Items are sealed by harbor-pd.
 */
struct shares {
	struct houses h;
	struct people_agency third;
	char third_token[GATE_TOKEN_TEXT];
	struct evidence_room *c;
	struct gate_caller by_c;
};

static inline void
shares_make(struct shares *s)
{
	houses_make(&s->h);
	s->third = (struct people_agency){
		.slug = "ridge-pd",
		.name = "Ridge Police",
		.state = "GA",
		.ori = "GA0330000",
		.geography = "us",
	};
	houses_add(&s->h, &s->third, s->third_token);
}

static inline void
shares_open(struct shares *s)
{
	houses_open(&s->h);
	houses_know(&s->h, "ridge-pd", s->third_token, &s->c, &s->by_c);
}

static inline void
shares_begin(struct shares *s)
{
	memset(s, 0, sizeof(*s));
	shares_make(s);
	shares_open(s);
}

static inline void
shares_end(struct shares *s)
{
	houses_close(&s->h);
	houses_remove(&s->h);
}

/* --- people --- */

struct hiring {
	struct evidence_room *room;
	const char *role, *kind, *states; /* "FL CO": where they were checked */
	struct sp_id id;
};

static inline enum sp_code
hire_records(
    const struct people_act *a, const struct hiring *h, struct sp_err *err)
{
	static const char *const courses[] = { "level4", "pii" };
	struct people_addendum_new signature = { .person = &h->id };
	struct sp_id made;
	char state[3] = "";

	for (const char *s = h->states; strlen(s) >= 2;
	     s += s[2] == ' ' ? 3 : 2) {
		struct people_screening_new n = { .state = state };

		memcpy(state, s, 2);
		SP_TRY(people_screening_add(a, &h->id, &n, &made, err));
	}
	for (size_t i = 0; i < SP_COUNTOF(courses); i++) {
		struct people_training_new n = { .course = courses[i] };

		SP_TRY(people_training_add(a, &h->id, &n, &made, err));
	}
	return people_addendum_sign(a, &signature, &made, err);
}

static inline enum sp_code
hire_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct hiring *h = arg;
	const struct people_agency *agency = evidence_room_agency(h->room);
	struct people_by by = people_by_site(&agency->id);
	struct people_act a = { tx, &by, evidence_room_rules(h->room),
		sp_now() };
	bool outside = strcmp(h->kind, "outside") == 0;
	struct people_person_new n = {
		.name = "A Person",
		.role = h->role,
		.kind = h->kind,
		.employer = outside ? "The State Attorney" : NULL,
	};
	struct people_agreement_new user = { .kind = NULL };
	struct people_agreement_new partner = {
		.kind = "information-exchange",
		.partner = "The State Attorney",
	};
	struct sp_id made;

	SP_TRY(people_person_add(&a, &n, &h->id, err));
	SP_TRY(people_agreement_add(&a, &user, &made, err));
	if (outside)
		SP_TRY(people_agreement_add(&a, &partner, &made, err));
	return hire_records(&a, h, err);
}

/* As a session just signed in would make them. */
static inline struct gate_caller
shares_person(struct evidence_room *room, const char *role, const char *kind,
    const char *states)
{
	struct hiring h = {
		.room = room,
		.role = role,
		.kind = kind,
		.states = states,
	};
	struct gate_caller who = {
		.agency = evidence_room_agency(room)->id,
		.token = sp_id_new(),
		.kind = "session",
		.address = "192.0.2.9",
		.source = "api",
		.known = sp_ticks(),
		.is = {
			.session = GATE_SESSION_OPEN,
			.factor = GATE_FACTOR_SECOND,
			.limits = { SP_SECOND * 1800, SP_SECOND * 43200,
			    SP_SECOND * 900 },
		},
	};
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(evidence_room_writer(room), hire_run, &h, &err),
	    &err);
	DB_LENT(reader, evidence_room_readers(room));
	CHECK_OK(gate_caller_person(
		     reader.db, evidence_room_rules(room), &h.id, &who, &err),
	    &err);
	return who;
}

/* --- items --- */

static inline struct sp_id
shares_item(struct shares *s)
{
	struct new_upload u = { .length = 5 };
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(fixture_create(&s->h.f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(
		     &s->h.f, &id, (const uint8_t *)"hello", 0, 5, NULL, &err),
	    &err);
	return id;
}

/* --- shares --- */

struct offer {
	const struct sp_id *item; /* or */
	const char *category;
	size_t n;
	const char *to; /* "{\"agency\":\"summit-so\"}" */
	bool download, reshare;
	const char *until; /* NULL: the default */
	const struct sp_id *parent;
};

static inline json_t *
offer_json(const struct offer *o)
{
	json_t *j = json_pack("{s:s, s:s, s:b, s:o}", "reason", "a case",
	    "access", o->download ? "download" : "view", "reshare",
	    (int)o->reshare, "to", json_loads(o->to, 0, NULL));
	char text[SP_ID_TEXT];
	json_t *items = json_array();

	CHECK(j != NULL && items != NULL);
	for (size_t i = 0; i < o->n; i++) {
		sp_id_text(&o->item[i], text);
		CHECK(json_array_append_new(items, json_string(text)) == 0);
	}
	if (o->category != NULL) {
		json_decref(items);
		items = json_string(o->category);
	}
	CHECK(json_object_set_new(j,
		  o->category == NULL ? "evidence" : "category", items) == 0);
	if (o->until != NULL)
		CHECK(json_object_set_new(j, "until", json_string(o->until)) ==
		    0);
	if (o->parent != NULL) {
		sp_id_text(o->parent, text);
		CHECK(json_object_set_new(j, "parent", json_string(text)) == 0);
	}
	return j;
}

static inline enum sp_code
shares_offer(struct shares *s, struct evidence_room *room,
    const struct gate_caller *who, const struct offer *o, struct sp_id *id,
    struct sp_err *err)
{
	struct grants_house house = { s->h.f.site, room, who };
	json_t *j = offer_json(o);
	GRANTS_AUTO_WISH w = { .timed = false };
	struct grants_guest g;
	struct grants_share_new n = { .wish = &w };
	enum sp_code code = grants_terms_wish(j, sp_now(), &w, err);

	json_decref(j);
	SP_TRY(code);
	if (o->parent != NULL) {
		struct grants_visit v = { s->h.f.site, room, who, *o->parent,
			GATE_RESHARE, { .b = { 0 } } };

		SP_TRY(grants_visit_enter(&v, &g, err));
		n.owner = g.room;
		n.guest = &g.who;
	}
	return grants_share_add(&house, &n, id, err);
}

static inline struct sp_id
shares_share(struct shares *s, const struct offer *o)
{
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(shares_offer(s, s->h.a, &s->h.by_a, o, &id, &err), &err);
	return id;
}

static inline enum sp_code
shares_enter(struct shares *s, struct evidence_room *home,
    const struct gate_caller *who, const struct sp_id *share,
    const struct sp_id *item, struct grants_guest *g, struct sp_err *err)
{
	struct grants_visit v = { s->h.f.site, home, who, *share, GATE_VIEW,
		*item };

	return grants_visit_enter(&v, g, err);
}

/* May they view it?  The code of the refusal's reason goes to `why`. */
static inline bool
shares_view(struct shares *s, struct evidence_room *home,
    const struct gate_caller *who, const struct sp_id *share,
    const struct sp_id *item, enum gate_act act, const char **why)
{
	struct grants_visit v = { s->h.f.site, home, who, *share, act, *item };
	struct gate_object on = { .kind = "evidence", .id = *item };
	GATE_AUTO_PASS pass = NULL;
	struct grants_guest g;
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = grants_visit_enter(&v, &g, &err);

	if (code == SP_OK)
		code = gate_admit(
		    evidence_room_gate(g.room), &g.who, act, &on, &pass, &err);
	*why = code == SP_OK ? "" : err.reason == NULL ? "?" : err.reason;
	return code == SP_OK;
}

/* How many entries of a house's log hold this text. */
static inline size_t
shares_entries(struct evidence_room *room, const char *text)
{
	SP_AUTO_BUF e = sp_buf_new(LEDGER_ENTRY_MAX);
	uint64_t size = ledger_log_size(evidence_room_log(room));
	size_t n = 0;

	for (uint64_t i = 0; i < size; i++) {
		houses_entry(room, i, &e);
		n += strstr(sp_buf_str(&e), text) != NULL;
	}
	return n;
}

#define TO_B "{\"agency\":\"summit-so\"}"
#define TO_C "{\"agency\":\"ridge-pd\"}"

#endif
