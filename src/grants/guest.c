#include "grants/guest.h"

#include "grants/lockbox_parts.h"
#include "people/person.h"

#include <string.h>

static const struct db_sql item_facts = {
	"SELECT category, received FROM evidence WHERE id = ?1",
};

/* --- cleared --- */

static enum sp_code
inactive(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_UNKNOWN, "person.inactive", "the account is not active");
}

/* What the house knows of the person, judged as a contractor's. */
static enum sp_code
records_at_home(struct evidence_room *home, struct evidence_room *agency,
    const struct sp_id *person, struct people_records *out, struct sp_err *err)
{
	struct people_person p;
	enum sp_code code;
	DB_LENT(reader, evidence_room_readers(home));

	code = people_person_by_id(reader.db, person, &p, err);
	if (code == SP_E_NOTFOUND)
		return inactive(err);
	SP_TRY(code);
	if (!people_person_live(&p, evidence_room_rules(home), sp_now()))
		return inactive(err);
	SP_TRY(people_clearance_gather(
	    reader.db, &p, evidence_room_rules(agency), out, err));
	out->kind = PEOPLE_CONTRACTOR;
	return SP_OK;
}

/* What is the agency's own to say. */
static enum sp_code
records_there(struct evidence_room *home, struct evidence_room *agency,
    struct people_records *io, struct sp_err *err)
{
	const struct people_rules *rules = evidence_room_rules(agency);
	DB_LENT(reader, evidence_room_readers(agency));

	SP_TRY(people_agreement_user(
	    reader.db, rules, &io->user, &io->has_user, err));
	return people_addendum_of_company(reader.db,
	    evidence_room_agency(home)->name, rules, &io->company,
	    &io->has_company, err);
}

static enum sp_code
verdict_of(struct evidence_room *home, struct evidence_room *agency,
    const struct sp_id *person, struct people_verdict *out, struct sp_err *err)
{
	const struct people_rules *rules = evidence_room_rules(agency);
	struct people_records r;

	SP_TRY(records_at_home(home, agency, person, &r, err));
	SP_TRY(records_there(home, agency, &r, err));
	*out = people_clearance_of(&r, rules, people_day_of(rules, sp_now()));
	return SP_OK;
}

enum sp_code
grants_guest_clearance(struct evidence_room *home, struct evidence_room *agency,
    const struct sp_id *person, enum gate_clearance *out, struct sp_err *err)
{
	struct people_verdict v;

	SP_TRY(verdict_of(home, agency, person, &v, err));
	SP_REQUIRE(gate_clearance_parse(people_code_name(v.code), out));
	return SP_OK;
}

/* --- the grant --- */

/* Both houses' rows, and what is found out of them. */
struct grant {
	struct grants_lockbox_row home, there;
	bool open; /* in force, in time, for this caller and item */
};

/* NULL: no memory. */
static struct grant *
grant_new(void)
{
	struct grant *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	grants_lockbox_row_init(&g->home);
	grants_lockbox_row_init(&g->there);
	return g;
}

static void
grant_freep(struct grant **g)
{
	if (*g == NULL)
		return;
	grants_lockbox_row_done(&(*g)->home);
	grants_lockbox_row_done(&(*g)->there);
	free(*g);
}
#define AUTO_GRANT SP_CLEANUP(grant_freep) struct grant *

/* An item that is not there is covered by no category. */
static enum sp_code
covered(struct evidence_room *agency, const struct grants_lockbox_row *r,
    const struct sp_id *item, bool *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(agency));
	DB_STMT st = db_use(reader.db, &item_facts);
	bool found = false;

	*out = grants_request_covers(&r->asked, item, "", 0, 0);
	if (*out || r->asked.category[0] == '\0')
		return SP_OK;
	db_bind_blob(st, 1, item->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	*out = found &&
	    grants_request_covers(&r->asked, item, db_col_text(st, 0),
		db_col_i64(st, 1), r->started);
	return SP_OK;
}

static bool
in_force(const struct grants_lockbox_row *r)
{
	return r->state == GRANTS_APPROVED && grants_lockbox_row_in_time(r);
}

/* The agency may not know of the request yet: then nothing is open. */
static enum sp_code
judge(const struct grants_guest_ask *a, struct evidence_room *agency,
    struct grant *g, struct sp_err *err)
{
	enum sp_code code =
	    grants_lockbox_row_of(agency, &a->request, &g->there, err);
	bool item = false;

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	SP_TRY(covered(agency, &g->there, &a->evidence, &item, err));
	g->open = item && in_force(&g->home) && in_force(&g->there) &&
	    sp_id_equal(&g->there.asked.requester, &a->who->person) &&
	    machine_ranges_hold(&g->there.asked.from, a->who->address);
	return SP_OK;
}

/* --- using it --- */

struct touching {
	struct grants_lockbox_touch t;
	const struct gate_caller *who; /* at home */
	const struct sp_id *agency;
};

static enum sp_code
touch_there(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct touching *t = arg;

	return grants_lockbox_row_touch(ledger_tx_db(tx), &t->t, err);
}

/* In the provider's ledger: the request, and what of whose was touched. */
static enum sp_code
touch_home(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct touching *t = arg;
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e =
	    gate_entry(t->who, "lockbox.used", "lockbox", &t->t.request);

	SP_TRY(grants_lockbox_row_touch(ledger_tx_db(tx), &t->t, err));
	sp_json_object(&j, NULL);
	sp_json_id(&j, "agency", t->agency);
	sp_json_id(&j, "evidence", &t->t.evidence);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

/* Asked of the agency's gate each time.  To begin takes a fresh proof; that
 * this credential has begun under this request stands for it from then on. */
static struct gate_facts
use_facts(const struct grants_guest_ask *a, struct evidence_room *agency,
    const struct gate_caller *guest, bool begun)
{
	struct gate_facts f = gate_caller_facts(guest, GATE_LOCKBOX_USE);

	if (begun && f.since_proof >= 0 && f.since_proof < f.limits->reproof)
		f.since_proof = 0;
	if (strcmp(evidence_room_agency(a->home)->geography,
		evidence_room_agency(agency)->geography) != 0)
		f.place = GATE_PLACE_OUTSIDE;
	return f;
}

static enum sp_code
touched_before(struct evidence_room *room, const struct grants_lockbox_touch *t,
    sp_time *last, bool *begun, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));

	return grants_lockbox_row_touched(reader.db, t, last, begun, err);
}

/* Was it touched so short a while ago that it need not be said again? */
static bool
recent(sp_time last, sp_time now)
{
	return last != 0 && now >= last && now - last < GRANTS_GUEST_SPAN;
}

static enum sp_code
admit(const struct grants_guest_ask *a, struct evidence_room *agency,
    const struct gate_caller *guest, struct touching *t, struct sp_err *err)
{
	struct gate_facts f;
	struct gate_request rq = {
		.who = guest,
		.act = GATE_LOCKBOX_USE,
		.on = { .kind = "evidence", .id = t->t.evidence },
		.facts = &f,
		.also = touch_there,
		.also_arg = t,
	};
	GATE_AUTO_PASS pass = NULL;
	sp_time last = 0;
	bool begun = false;

	SP_TRY(touched_before(agency, &t->t, &last, &begun, err));
	f = use_facts(a, agency, guest, begun);
	if (recent(last, t->t.last) && gate_decide(&f).permit)
		return SP_OK;
	return gate_admit_with(evidence_room_gate(agency), &rq, &pass, err);
}

static enum sp_code
use(const struct grants_guest_ask *a, struct evidence_room *agency,
    const struct gate_caller *guest, struct sp_err *err)
{
	struct touching t = {
		.t = { .request = a->request,
		    .evidence = a->evidence,
		    .token = a->who->token,
		    .person = a->who->person,
		    .last = sp_now() },
		.who = a->who,
		.agency = &guest->agency,
	};
	bool begun = false;
	sp_time last = 0;

	SP_TRY(admit(a, agency, guest, &t, err));
	/* Each house by its own row: what broke off between the two is written
	 * by the next request. */
	SP_TRY(touched_before(a->home, &t.t, &last, &begun, err));
	if (recent(last, t.t.last))
		return SP_OK;
	return ledger_writer_run(
	    evidence_room_writer(a->home), touch_home, &t, err);
}

/* Who would come, by the rows of both houses as they are now. */
static enum sp_code
arrive(const struct grants_guest_ask *a, struct grant *g,
    struct evidence_room **agency, struct gate_caller *guest,
    struct sp_err *err)
{
	SP_TRY(
	    evidence_site_room_of(a->site, &g->home.asked.agency, agency, err));
	SP_TRY(judge(a, *agency, g, err));
	*guest = *a->who;
	guest->agency = g->home.asked.agency;
	guest->via = (struct gate_via){
		.relation = g->open ? GATE_LOCKBOX : GATE_OTHER,
		.kind = "lockbox",
		.id = a->request,
		.house = a->who->agency,
	};
	if (!g->open)
		return SP_OK;
	return grants_guest_clearance(
	    a->home, *agency, &a->who->person, &guest->is.clearance, err);
}

static enum sp_code
find(const struct grants_guest_ask *a, struct grant *g, struct sp_err *err)
{
	if (g == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a grant");
	if (!evidence_room_agency(a->home)->provider)
		return sp_fail_as(err, SP_E_NOTFOUND, "lockbox.unknown",
		    "there is no such lockbox request");
	return grants_lockbox_row_of(a->home, &a->request, &g->home, err);
}

enum sp_code
grants_guest_of_lockbox(const struct grants_guest_ask *a,
    struct evidence_room **room, struct gate_caller *out, struct sp_err *err)
{
	struct gate_caller guest;
	struct evidence_room *agency = NULL;
	AUTO_GRANT g = grant_new();

	SP_TRY(find(a, g, err));
	SP_TRY(arrive(a, g, &agency, &guest, err));
	SP_TRY(use(a, agency, &guest, err));
	*room = agency;
	*out = guest;
	return SP_OK;
}

/* --- as it would be --- */

/* The first address of the first range. */
static void
from_there(const struct machine_ranges *from, struct gate_caller *io)
{
	char text[MACHINE_RANGE_TEXT];

	if (from->n == 0)
		return;
	machine_range_text(&from->range[0], text);
	text[strcspn(text, "/")] = '\0';
	(void)snprintf(io->address, sizeof(io->address), "%.*s",
	    (int)sizeof(io->address) - 1, text);
}

enum sp_code
grants_guest_look(const struct grants_guest_ask *a,
    struct grants_guest_seen *out, struct sp_err *err)
{
	struct gate_caller who = *a->who;
	struct grants_guest_ask as = *a;
	struct grants_guest_seen seen = { .covered = false };
	AUTO_GRANT g = grant_new();

	SP_TRY(find(a, g, err));
	as.who = &who;
	if (who.address[0] == '\0')
		from_there(&g->home.asked.from, &who);
	SP_TRY(arrive(&as, g, &seen.room, &seen.who, err));
	seen.covered = g->open ||
	    (sp_id_equal(&g->home.asked.requester, &who.person) &&
		grants_request_covers(&g->home.asked, &a->evidence, "", 0, 0));
	if (seen.covered) {
		SP_TRY(verdict_of(
		    a->home, seen.room, &who.person, &seen.verdict, err));
		SP_REQUIRE(
		    gate_clearance_parse(people_code_name(seen.verdict.code),
			&seen.who.is.clearance));
	}
	seen.use = use_facts(a, seen.room, &seen.who, false);
	seen.use.limits = &a->who->is.limits;
	*out = seen;
	return SP_OK;
}

enum sp_code
grants_guest_ways(struct evidence_room *home, const struct grants_guest_ways *q,
    struct sp_id *id, size_t *got, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(home));

	return grants_lockbox_row_ways(reader.db, q, id, got, err);
}
