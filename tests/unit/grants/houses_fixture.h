#ifndef HOUSES_FIXTURE_H
#define HOUSES_FIXTURE_H

#include "../evidence/room_fixture.h"

#include "grants/twin.h"
#include "people/clearance.h"

/*
 * A site with three houses: room_fixture's harbor-pd (FL), summit-so (CO), and
 * the provider's, keystone.  Each may be closed and opened again with it.
 */
struct houses {
	struct room_fixture f;
	struct people_agency second, provider;
	char second_token[GATE_TOKEN_TEXT], provider_token[GATE_TOKEN_TEXT];
	struct evidence_room *a, *b, *p; /* harbor, summit, keystone */
	struct gate_caller by_a, by_b, by_p;
};

static inline void
houses_add(struct houses *h, struct people_agency *a, char *token)
{
	struct keeper_client *client = keeper_client_new();
	struct sp_err err;

	fixture_keeper_start(&h->f, client);
	CHECK_OK(evidence_site_add_agency(
		     h->f.dir, client, "127.0.0.1:8443", a, token, &err),
	    &err);
	keeper_client_free(client);
	CHECK(waitpid(h->f.keeper, NULL, 0) == h->f.keeper);
}

static inline void
houses_make(struct houses *h)
{
	fixture_make(&h->f);
	h->second = (struct people_agency){
		.slug = "summit-so",
		.name = "Summit County Sheriff",
		.state = "CO",
		.ori = "CO0590000",
		.geography = "us",
	};
	h->provider = (struct people_agency){
		.slug = "keystone",
		.name = "Keystone Hosting",
		.state = "FL",
		.geography = "us",
		.provider = true,
	};
	houses_add(h, &h->second, h->second_token);
	houses_add(h, &h->provider, h->provider_token);
}

static inline void
houses_know(struct houses *h, const char *slug, const char *token,
    struct evidence_room **room, struct gate_caller *by)
{
	struct sp_err err;

	CHECK_OK(evidence_site_room(h->f.site, slug, room, &err), &err);
	CHECK_OK(fixture_know(*room, token, by, &err), &err);
	by->source = "api";
}

static inline void
houses_open(struct houses *h)
{
	fixture_open(&h->f);
	h->a = h->f.room;
	h->by_a = h->f.who;
	houses_know(h, "summit-so", h->second_token, &h->b, &h->by_b);
	houses_know(h, "keystone", h->provider_token, &h->p, &h->by_p);
}

static inline void
houses_close(struct houses *h)
{
	fixture_close(&h->f);
}

static inline void
houses_remove(struct houses *h)
{
	fixture_remove(&h->f);
}

/* One number or text out of a room's database, where `?1` is an id. */
static inline int64_t
houses_ask(struct evidence_room *r, const struct db_sql *sql,
    const struct sp_id *id, char *text)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, sql);
	struct sp_err err;
	bool found = false;
	int64_t n = -1;

	if (id != NULL)
		db_bind_blob(st, 1, id->b, SP_ID_LEN);
	CHECK_OK(db_row(st, &found, &err), &err);
	if (found) {
		n = text == NULL ? db_col_i64(st, 0) : 0;
		if (text != NULL)
			(void)snprintf(text, 2000, "%s", db_col_text(st, 0));
	}
	return n;
}

/* The exact bytes of an entry, as text. */
static inline void
houses_entry(struct evidence_room *r, uint64_t index, struct sp_buf *out)
{
	DB_LENT(reader, evidence_room_readers(r));
	struct sp_err err;

	sp_buf_clear(out);
	CHECK_OK(
	    ledger_log_entry(evidence_room_log(r), reader.db, index, out, &err),
	    &err);
}

/* --- people --- */

/* One act on people of a room, by the site. */
struct houses_job {
	struct evidence_room *room;
	enum sp_code (*fn)(
	    const struct people_act *a, void *arg, struct sp_err *err);
	void *arg;
};

static inline enum sp_code
houses_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct houses_job *j = arg;
	struct people_by by =
	    people_by_site(&evidence_room_agency(j->room)->id);
	struct people_act a = {
		.tx = tx,
		.by = &by,
		.rules = evidence_room_rules(j->room),
		.now = sp_now(),
	};

	return j->fn(&a, j->arg, err);
}

static inline void
houses_do(struct evidence_room *room,
    enum sp_code (*fn)(
	const struct people_act *a, void *arg, struct sp_err *err),
    void *arg)
{
	struct houses_job j = { room, fn, arg };
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(evidence_room_writer(room), houses_act, &j, &err),
	    &err);
}

struct houses_person {
	const char *name, *role, *human;
	struct sp_id id;
};

static inline enum sp_code
houses_person_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct houses_person *p = arg;
	struct people_person_new n = {
		.name = p->name, .role = p->role, .human = p->human
	};

	return people_person_add(a, &n, &p->id, err);
}

/* Screened in this state, trained, with the paper signed. */
struct houses_clear {
	struct sp_id person;
	const char *state;
};
static inline enum sp_code
houses_clear_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct houses_clear *c = arg;
	struct people_screening_new screening = { .state = c->state };
	struct people_training_new training = { .course = NULL };
	struct people_addendum_new signing = { .person = &c->person };
	struct sp_id id;

	SP_TRY(people_screening_add(a, &c->person, &screening, &id, err));
	SP_TRY(people_training_add(a, &c->person, &training, &id, err));
	return people_addendum_sign(a, &signing, &id, err);
}

/* What the agency records of itself and the provider's company. */
static inline enum sp_code
houses_papers_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct people_agreement_new agreement = { .kind = NULL };
	struct people_addendum_new company = { .company = arg, .signer = "C" };
	struct sp_id id;

	SP_TRY(people_agreement_add(a, &agreement, &id, err));
	return people_addendum_sign(a, &company, &id, err);
}

struct houses_account {
	struct sp_id id;
	enum people_reason reason; /* none: enabled */
};
static inline enum sp_code
houses_account_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	const struct houses_account *p = arg;

	return p->reason == PEOPLE_NO_REASON
	    ? people_person_enable(a, &p->id, err)
	    : people_person_disable(a, &p->id, p->reason, 0, err);
}
static inline enum sp_code
houses_auditor_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return people_person_role(a, arg, "auditor", err);
}

/* Somebody with a session of their own, all of it fresh. */
static inline struct gate_caller
houses_session(struct evidence_room *room, const struct sp_id *person)
{
	struct gate_caller who = {
		.agency = evidence_room_agency(room)->id,
		.token = sp_id_new(),
		.kind = "session",
		.address = "192.0.2.9",
		.source = "api",
		.known = sp_ticks(),
		.is = { .session = GATE_SESSION_OPEN,
		    .factor = GATE_FACTOR_SECOND,
		    .limits = { 1800 * SP_SECOND, 12 * 3600 * SP_SECOND,
			300 * SP_SECOND } },
	};
	struct sp_err err;
	DB_LENT(reader, evidence_room_readers(room));

	CHECK_OK(gate_caller_person(
		     reader.db, evidence_room_rules(room), person, &who, &err),
	    &err);
	return who;
}

static inline struct gate_caller
houses_join(struct evidence_room *room, const char *name, const char *role,
    const char *human)
{
	struct houses_person p = { .name = name, .role = role, .human = human };

	houses_do(room, houses_person_fn, &p);
	return houses_session(room, &p.id);
}

#endif
