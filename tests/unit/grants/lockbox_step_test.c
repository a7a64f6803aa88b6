#include "grants/lockbox_parts.h"

#include "box_fixture.h"
#include "runs_fixture.h"

#define HOUR (3600 * SP_SECOND)

static struct box b;

/* What one house did is in effect there at once; the other hears of it later,
 * and until then the API says what is under way. */
static void
told_later(void)
{
	static const struct {
		const struct gate_caller *who;
		enum sp_code (*end)(struct box *, const struct gate_caller *,
		    const struct sp_id *, struct sp_err *);
		const char *half, *whole;
	} rows[] = {
		{ &b.cust, box_revoke, "Revoking", "Revoked" },
		{ &b.sec, box_revoke, "Revoking", "Revoked" },
		{ &b.op, box_complete, "Completing", "Completed" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_id id = box_granted(&b);
		bool home = rows[i].who != &b.cust;
		struct gate_caller guest;
		struct sp_err err;

		runs_left = 1;
		CHECK_OK(rows[i].end(&b, rows[i].who, &id, &err), &err);
		runs_left = -1;
		CHECK(box_is(&b, home ? b.h.p : b.h.a, &id, rows[i].half));
		CHECK(box_is(&b, home ? b.h.a : b.h.p, &id, "Approved"));
		CHECK_DENIED(box_enter(&b, &b.op, &id, &b.item, &guest, &err),
		    "lockbox", &err);
		box_tick(&b);
		CHECK(box_both(&b, &id, rows[i].whole));
	}
}

/* Two ends that cross: nothing is open, both are in the ledgers. */
static void
ends_cross(void)
{
	struct sp_id id = box_granted(&b);
	struct sp_err err;

	runs_left = 1;
	CHECK_OK(box_complete(&b, &b.op, &id, &err), &err);
	runs_left = 1;
	CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	runs_left = -1;
	box_tick(&b);
	CHECK(box_is(&b, b.h.a, &id, "Revoked"));
	CHECK(box_is(&b, b.h.p, &id, "Completed"));
	CHECK(box_acts(b.h.a, "lockbox.completed", box_text(&id)) >= 1);
	CHECK(box_acts(b.h.p, "lockbox.revoked", box_text(&id)) >= 1);
}

/* Killed before each durable step of each act: afterwards both houses agree,
 * and whatever is open both ledgers have. */
static void
crash(int which, int n, const struct sp_id *id)
{
	pid_t child = fork();
	int status = 0;
	struct sp_err err;

	CHECK(child >= 0);
	if (child == 0) {
		houses_open(&b.h);
		runs_kill = true;
		runs_left = n;
		switch (which) {
		case 0: SP_IGNORE(box_ask(&b, &b.sec, id, &err)); break;
		case 1: SP_IGNORE(box_approve(&b, &b.cust, id, &err)); break;
		case 2: SP_IGNORE(box_revoke(&b, &b.cust, id, &err)); break;
		default: SP_IGNORE(box_break(&b, &b.sec, id, &err)); break;
		}
		_exit(9);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
killed_at_each_step(void)
{
	/* Durable steps: of glass one more, which confirms it at home. */
	static const struct {
		const char *before, *after;
		int steps, does; /* from `does` on it has happened */
	} rows[] = {
		{ "Initializing", "Pending", 3, 1 },
		{ "Pending", "Approved", 3, 1 },
		{ "Approved", "Revoked", 3, 1 },
		{ "Initializing", "Approved", 4, 2 },
	};

	for (int i = 0; i < 16; i++) {
		struct grants_request r = box_wish(&b);
		int which = i / 4, n = i % 4;
		const char *is = n < rows[which].does ? rows[which].before
						      : rows[which].after;
		struct sp_err err;
		struct sp_id id;

		if (n >= rows[which].steps)
			continue;
		r.glass = which == 3;
		id = box_request(&b, &r);
		if (which == 1 || which == 2)
			CHECK_OK(box_ask(&b, &b.sec, &id, &err), &err);
		if (which == 2)
			CHECK_OK(box_approve(&b, &b.cust, &id, &err), &err);
		houses_close(&b.h);
		crash(which, n, &id);
		houses_open(&b.h);
		box_tick(&b);
		CHECK(box_is(&b, b.h.p, &id, is));
		if (n >= rows[which].does || which == 1 || which == 2)
			CHECK(box_is(&b, b.h.a, &id, is));
		else
			CHECK(box_entries(b.h.a, box_text(&id), "") == 0);
		/* What was confirmed and no more is confirmed again. */
		if (which == 3 && n == 1) {
			CHECK_CODE(box_deny(&b, &b.sec, &id, &err),
			    SP_E_CONFLICT, &err);
			CHECK_OK(box_break(&b, &b.sec, &id, &err), &err);
			CHECK(box_both(&b, &id, "Approved"));
		}
		if (n < rows[which].does)
			continue;
		CHECK(box_entries(b.h.a, box_text(&id), "twin") >= 1);
		CHECK(box_entries(b.h.p, box_text(&id), "twin") >= 1);
	}
}

/* --- every step in every state, of both houses' rows --- */

#define NONE GRANTS_REQUEST_STATE_COUNT /* no row there */

/* The arrows as docs/lockbox.md draws them, with what follows from following
 * them: may one become the other? */
static bool
drawn(int from, int to, bool glass)
{
	static const unsigned ordinary[NONE] = {
		[GRANTS_INITIALIZING] = 1U << GRANTS_PENDING |
		    1U << GRANTS_EXPIRED | 1U << GRANTS_DENIED,
		[GRANTS_PENDING] = 1U << GRANTS_APPROVING |
		    1U << GRANTS_APPROVED | 1U << GRANTS_DENIED |
		    1U << GRANTS_EXPIRED,
		[GRANTS_APPROVING] = 1U << GRANTS_APPROVED |
		    1U << GRANTS_DENIED | 1U << GRANTS_EXPIRED,
		[GRANTS_APPROVED] =
		    1U << GRANTS_WITHDRAWN | 1U << GRANTS_COMPLETED,
	};
	static const unsigned broken =
	    1U << GRANTS_APPROVED | 1U << GRANTS_EXPIRED | 1U << GRANTS_DENIED;
	unsigned seen = 0, was;

	if (from == to)
		return true;
	/* A row of the agency's begins where it is told of one. */
	if (from == NONE)
		from = glass ? GRANTS_INITIALIZING : GRANTS_PENDING;
	for (was = 1U << from; was != seen;) {
		seen = was;
		for (int i = 0; i < NONE; i++)
			if ((seen & 1U << i) != 0)
				was |= glass && i == GRANTS_INITIALIZING
				    ? broken
				    : ordinary[i];
	}
	return to != NONE && (seen & 1U << to) != 0;
}

struct pair {
	bool glass, confirmed;
	int home, there;
};

struct placing {
	struct evidence_room *room;
	const struct pair *pair;
	struct grants_lockbox_row row;
	bool late;
};

static enum sp_code
place_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct placing *p = arg;
	struct grants_lockbox_row *r = &p->row;
	bool home = p->room == b.h.p;
	int state = home ? p->pair->home : p->pair->there;

	if (state == NONE)
		return SP_OK;
	r->state = (enum grants_request_state)state;
	r->due = sp_now() + (p->late ? -SP_SECOND : 5000 * HOUR);
	r->quorum = 1;
	r->security = state != GRANTS_INITIALIZING || p->pair->confirmed
	    ? b.sec.person
	    : (struct sp_id){ .b = { 0 } };
	if (state == GRANTS_APPROVED || state >= GRANTS_WITHDRAWN) {
		r->started = sp_now() - 2 * HOUR;
		r->until = sp_now() + (p->late ? -SP_SECOND : 5000 * HOUR);
	}
	if (grants_request_over(r->state)) {
		r->ended = sp_now();
		(void)snprintf(r->ended_by, sizeof(r->ended_by), "provider");
	}
	return home ? grants_lockbox_row_save(ledger_tx_db(tx), r, err)
		    : grants_lockbox_row_add(ledger_tx_db(tx), r, err);
}

static void
row_of(struct evidence_room *room, const struct sp_id *id,
    struct grants_lockbox_row *out)
{
	DB_LENT(reader, evidence_room_readers(room));
	struct sp_err err;
	enum sp_code code = grants_lockbox_row_load(reader.db, id, out, &err);

	CHECK(code == SP_OK || code == SP_E_NOTFOUND);
	if (code != SP_OK)
		out->state = NONE;
}

/* A new request whose rows are so. */
static struct sp_id
place(const struct pair *pair, bool late)
{
	struct grants_request r = box_wish(&b);
	struct evidence_room *const rooms[] = { b.h.p, b.h.a };
	struct sp_err err;
	struct sp_id id;

	r.glass = pair->glass;
	id = box_request(&b, &r);
	for (int i = 0; i < 2; i++) {
		struct placing p = {
			.room = rooms[i],
			.pair = pair,
			.late = late,
		};

		grants_lockbox_row_init(&p.row);
		row_of(b.h.p, &id, &p.row);
		p.row.started = p.row.until = p.row.ended = 0;
		p.row.ended_by[0] = '\0';
		CHECK_OK(ledger_writer_run(evidence_room_writer(rooms[i]),
			     place_run, &p, &err),
		    &err);
		grants_lockbox_row_done(&p.row);
	}
	return id;
}

static enum sp_code
tick_of(struct box *x, const struct gate_caller *who, const struct sp_id *id,
    struct sp_err *err)
{
	(void)id;
	*err = (struct sp_err){ .code = SP_OK };
	grants_lockbox_tick(x->h.f.site, who == &b.sec ? x->h.p : x->h.a);
	return SP_OK;
}

/* What anybody may do, each broken off where the other house would be told. */
static const struct one {
	enum sp_code (*act)(struct box *x, const struct gate_caller *who,
	    const struct sp_id *id, struct sp_err *err);
	const struct gate_caller *who;
	int runs;
	bool late;
} steps[] = {
	{ box_ask, &b.sec, 1, false },
	{ box_break, &b.sec, 1, false }, /* confirmed */
	{ box_break, &b.sec, 2, false }, /* and in the agency's ledger */
	{ box_deny, &b.sec, 1, false },
	{ box_revoke, &b.sec, 1, false },
	{ box_complete, &b.op, 1, false },
	{ tick_of, &b.sec, -1, true },
	{ box_approve, &b.cust, 1, false },
	{ box_deny, &b.cust, 1, false },
	{ box_revoke, &b.cust, 1, false },
	{ tick_of, &b.cust, 1, true },
};

/* Both rows are where an arrow, or more of them, leads from where they were,
 * and say of themselves what belongs to that. */
static void
check_rows(const struct sp_id *id, struct pair *io)
{
	struct evidence_room *const rooms[] = { b.h.p, b.h.a };
	int *const was[] = { &io->home, &io->there };

	for (int i = 0; i < 2; i++) {
		GRANTS_AUTO_LOCKBOX r;
		bool began, over;

		grants_lockbox_row_init(&r);
		row_of(rooms[i], id, &r);
		CHECK(drawn(*was[i], (int)r.state, io->glass));
		*was[i] = (int)r.state;
		if ((int)r.state == NONE)
			continue;
		began = r.state == GRANTS_APPROVED ||
		    r.state == GRANTS_WITHDRAWN || r.state == GRANTS_COMPLETED;
		over = grants_request_over(r.state);
		CHECK((r.started != 0) == began && (r.ended != 0) == over);
		CHECK(!over || r.ended >= r.started);
	}
}

static void
cross(const struct pair *from, const struct one *one, const struct one *two)
{
	const struct one *of[] = { one, two };
	bool late = one->late || (two != NULL && two->late);
	struct sp_id id = place(from, late);
	struct pair now = *from;
	struct sp_err err;

	for (int i = 0; i < 2 && of[i] != NULL; i++) {
		struct pair before = now;
		enum sp_code code;

		runs_left = of[i]->runs;
		code = of[i]->act(&b, of[i]->who, &id, &err);
		runs_left = -1;
		check_rows(&id, &now);
		CHECK(code == SP_OK || code == SP_E_CONFLICT ||
		    code == SP_E_NOTFOUND || code == SP_E_UNAVAIL);
		/* What was refused has changed nothing. */
		if (code == SP_E_CONFLICT || code == SP_E_NOTFOUND)
			CHECK(now.home == before.home &&
			    now.there == before.there);
	}
	box_tick(&b);
	check_rows(&id, &now);
	/* Told of all, no house has one open that the other ended. */
	if (from->home == from->there || from->home == GRANTS_INITIALIZING)
		CHECK((now.home == GRANTS_APPROVED) ==
			(now.there == GRANTS_APPROVED) ||
		    (from->confirmed && from->there != NONE));
	/* Nothing is left for the clock to end. */
	if (now.there == GRANTS_APPROVED)
		CHECK_OK(box_revoke(&b, &b.cust, &id, &err), &err);
	if (from->glass && from->there == NONE)
		CHECK(box_acts(b.h.a, "glass.broken", box_text(&id)) ==
		    (now.there == NONE ? 0U : 1U));
}

static void
only_drawn_arrows(void)
{
	static const struct pair pairs[] = {
		{ false, false, GRANTS_INITIALIZING, NONE },
		{ false, false, GRANTS_PENDING, GRANTS_PENDING },
		{ false, false, GRANTS_APPROVED, GRANTS_APPROVED },
		{ true, false, GRANTS_INITIALIZING, NONE },
		{ true, true, GRANTS_INITIALIZING, NONE },
		{ true, false, GRANTS_APPROVED, GRANTS_APPROVED },
		/* From here on one house was not told yet, or all is over. */
		{ false, false, GRANTS_PENDING, NONE },
		{ false, false, GRANTS_PENDING, GRANTS_APPROVING },
		{ false, false, GRANTS_APPROVING, GRANTS_APPROVING },
		{ false, false, GRANTS_PENDING, GRANTS_APPROVED },
		{ false, false, GRANTS_DENIED, NONE },
		{ false, false, GRANTS_DENIED, GRANTS_PENDING },
		{ false, false, GRANTS_PENDING, GRANTS_DENIED },
		{ false, false, GRANTS_DENIED, GRANTS_DENIED },
		{ false, false, GRANTS_APPROVED, GRANTS_WITHDRAWN },
		{ false, false, GRANTS_WITHDRAWN, GRANTS_APPROVED },
		{ false, false, GRANTS_COMPLETED, GRANTS_APPROVED },
		{ false, false, GRANTS_COMPLETED, GRANTS_WITHDRAWN },
		{ false, false, GRANTS_EXPIRED, GRANTS_EXPIRED },
		{ true, true, GRANTS_INITIALIZING, GRANTS_APPROVED },
		{ true, true, GRANTS_INITIALIZING, GRANTS_WITHDRAWN },
		{ true, false, GRANTS_DENIED, NONE },
		{ true, false, GRANTS_EXPIRED, NONE },
		{ true, false, GRANTS_WITHDRAWN, GRANTS_WITHDRAWN },
		{ true, false, GRANTS_APPROVED, GRANTS_COMPLETED },
	};
	static const size_t live = 6;

	for (size_t i = 0; i < SP_COUNTOF(pairs); i++)
		for (size_t x = 0; x < SP_COUNTOF(steps); x++) {
			cross(&pairs[i], &steps[x], NULL);
			for (size_t y = 0; i < live && y < SP_COUNTOF(steps);
			     y++)
				cross(&pairs[i], &steps[x], &steps[y]);
		}
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "told later", told_later },
		{ "ends cross", ends_cross },
		{ "killed at each step", killed_at_each_step },
		{ "only drawn arrows are followed", only_drawn_arrows },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	box_make(&b);
	rc = tap_run(cases, SP_COUNTOF(cases));
	box_remove(&b);
	return rc;
}
