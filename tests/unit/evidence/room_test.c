#include "room_fixture.h"

#include "base/file.h"
#include "gate/ongoing.h"

#include <fcntl.h>
#include <string.h>

static struct room_fixture f;

static void
counts_follow_what_is_sealed(void)
{
	struct evidence_room_counts before, after;
	struct new_upload u = { .length = 5 };
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(evidence_room_counts(f.room, &before, &err), &err);
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(evidence_room_counts(f.room, &after, &err), &err);
	CHECK(after.uploads == before.uploads + 1);
	CHECK_OK(
	    fixture_patch(&f, &id, (const uint8_t *)"hello", 0, 5, NULL, &err),
	    &err);
	CHECK_OK(evidence_room_counts(f.room, &after, &err), &err);
	CHECK(after.uploads == before.uploads);
	CHECK(after.evidence == before.evidence + 1);
	CHECK(after.bytes == before.bytes + 5);
	fixture_close(&f); /* and are the same when counted afresh */
	fixture_open(&f);
	CHECK_OK(evidence_room_counts(f.room, &before, &err), &err);
	CHECK(before.evidence == after.evidence && before.bytes == after.bytes);
}

/* What is kept as a total is what counting all rows gives, also in a database
 * of the time before there was a total. */
static void
an_older_database_is_counted_once(void)
{
	static const char counted[] =
	    "SELECT count(*) || ' ' || sum(size) || ' ' ||"
	    " sum(state = 'corrupt') FROM evidence";
	static const char kept[] =
	    "SELECT items || ' ' || bytes || ' ' || corrupt"
	    " FROM evidence_total";
	struct evidence_room_counts before, after;
	char want[2000], got[2000];
	struct sp_err err;

	CHECK_OK(evidence_room_counts(f.room, &before, &err), &err);
	CHECK(before.evidence > 0);
	fixture_close(&f);
	fixture_sql(&f, counted, want);
	fixture_sql(&f, kept, got);
	CHECK(strcmp(want, got) == 0);
	fixture_go_back(&f, 5);
	fixture_open(&f);
	CHECK_OK(evidence_room_counts(f.room, &after, &err), &err);
	CHECK(after.evidence == before.evidence && after.bytes == before.bytes);
	fixture_close(&f);
	fixture_sql(&f, kept, got);
	CHECK(strcmp(want, got) == 0);
	fixture_open(&f);
}

static void
a_token_is_known_in_its_own_room_only(void)
{
	struct gate_caller who = { .source = "api" };
	struct sp_err err;
	char other[GATE_TOKEN_TEXT];

	CHECK_OK(fixture_know(f.room, f.token, &who, &err), &err);
	CHECK(who.role == GATE_ADMINISTRATOR);
	(void)snprintf(other, sizeof(other), "%s", f.token);
	other[strlen(other) - 2] ^= 1;
	CHECK_CODE(fixture_know(f.room, other, &who, &err), SP_E_UNKNOWN, &err);
}

static void
a_room_without_its_folder_does_not_open(void)
{
	struct evidence_room_options o = {
		.dir = "/nonexistent/room",
		.agency = &f.agency,
		.keeper = evidence_site_keeper(f.site),
		.pool = evidence_site_pool(f.site),
	};
	struct evidence_room *room = NULL;
	struct sp_err err;

	CHECK(evidence_room_open(&room, &o, &err) != SP_OK);
	CHECK(room == NULL);
}

/* Rules of people run by themselves: nobody calls but the tick. */
static enum sp_code
add_long_ago(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct people_by by = people_by_site(&evidence_room_agency(f.room)->id);
	struct people_act a = { tx, &by, evidence_room_rules(f.room),
		sp_now() - 8640000 * SP_SECOND };
	struct people_person_new n = { .name = "A", .role = "officer" };

	return people_person_add(&a, &n, arg, err);
}

static void
the_tick_ends_what_is_over(void)
{
	struct people_person p;
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(f.room), add_long_ago, &id, &err),
	    &err);
	evidence_room_tick(f.room);
	{
		DB_LENT(reader, evidence_room_readers(f.room));

		CHECK_OK(people_person_by_id(reader.db, &id, &p, &err), &err);
	}
	CHECK(p.state == PEOPLE_DISABLED && p.reason == PEOPLE_INACTIVE);
}

/* Rules of the site's folder are this room's; a bad file keeps it shut. */
static void
the_sites_rules_are_laid_over(void)
{
	static const char text[] =
	    "{\"applies\":{\"state\":\"FL\"},\"policy\":\"CJISSECPOL\","
	    "\"version\":\"6.1\",\"rules\":{\"session.lock\":{\"value\":9,"
	    "\"unit\":\"minutes\",\"section\":\"FL\",\"text\":\"FL\"}}}";
	struct evidence_room *room = NULL;
	char folder[200], file[240];
	struct sp_err err;

	CHECK(people_rules_get(
		  evidence_room_rules(f.room), PEOPLE_SESSION_LOCK) == 30);
	fixture_close(&f);
	(void)snprintf(folder, sizeof(folder), "%s/policy", f.dir);
	(void)snprintf(file, sizeof(file), "%s/florida.json", folder);
	CHECK_OK(sp_file_mkdir(AT_FDCWD, folder, 0700, &err), &err);
	CHECK_OK(
	    sp_file_replace(AT_FDCWD, file, text, strlen(text), 0600, &err),
	    &err);
	fixture_open(&f);
	CHECK(people_rules_get(
		  evidence_room_rules(f.room), PEOPLE_SESSION_LOCK) == 9);
	fixture_close(&f);
	CHECK_OK(
	    sp_file_replace(AT_FDCWD, file, text, strlen(text) - 1, 0600, &err),
	    &err);
	{
		struct evidence_site_options o = {
			.dir = f.dir, .buffers = 4, .workers = 1
		};
		struct evidence_site *site = NULL;

		CHECK_OK(evidence_site_open(&site, &o, &err), &err);
		CHECK_CODE(evidence_site_room(site, f.agency.slug, &room, &err),
		    SP_E_INVALID, &err);
		CHECK(strstr(err.text, "policy/florida.json") != NULL);
		evidence_site_close(site);
	}
	CHECK(unlink(file) == 0 && rmdir(folder) == 0);
	fixture_open(&f);
}

/* --- whoever loses access keeps nothing that is under way --- */

/* A person with a session and a token of their own, and a machine that they
 * issued a token to. */
struct loser {
	struct sp_id person, session, own, machine;
};

struct losing {
	struct loser l;
	enum sp_code (*run)(const struct people_act *a, const struct loser *l,
	    struct sp_err *err);
};

static enum sp_code
open_session(const struct people_act *a, struct loser *l, struct sp_err *err)
{
	struct signin_open open = {
		.agency = f.agency.id,
		.person = l->person,
		.proof = { GATE_FACTOR_SECOND, "passkey", false },
		.from = { "192.0.2.9", "a test", "api" },
	};
	struct signin_step step;

	SP_TRY(signin_session_open(a, &open, &step, err));
	l->session = step.session;
	return SP_OK;
}

static enum sp_code
issue_token(const struct people_act *a, const struct sp_id *person,
    const struct gate_caller *by, struct sp_id *id, struct sp_err *err)
{
	struct gate_token_new t = {
		.agency = f.agency.id,
		.role = GATE_OFFICER,
		.person = person,
		.rules = a->rules,
		.label = "cron",
		.expires = sp_now() + 3600 * SP_SECOND,
		.by = by,
	};
	char text[GATE_TOKEN_TEXT];

	return gate_token_issue(a->tx, &t, id, text, err);
}

static enum sp_code
hire(const struct people_act *a, struct loser *l, struct sp_err *err)
{
	struct people_person_new n = { .name = "Ann", .role = "investigator" };
	struct people_screening_new screening = { .state = NULL };
	struct people_training_new training = { .course = NULL };
	struct people_addendum_new signing = { .person = &l->person };
	struct gate_caller by = { .agency = f.agency.id, .source = "api" };
	struct sp_id id;

	SP_TRY(people_person_add(a, &n, &l->person, err));
	SP_TRY(people_screening_add(a, &l->person, &screening, &id, err));
	SP_TRY(people_training_add(a, &l->person, &training, &id, err));
	SP_TRY(people_addendum_sign(a, &signing, &id, err));
	SP_TRY(open_session(a, l, err));
	by.person = l->person;
	by.token = l->session;
	by.kind = "session";
	SP_TRY(issue_token(a, &l->person, &by, &l->own, err));
	return issue_token(a, NULL, &by, &l->machine, err);
}

static enum sp_code
lose_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct losing *x = arg;
	struct people_by by = people_by_site(&f.agency.id);
	struct people_act a = { tx, &by, evidence_room_rules(f.room),
		sp_now() };

	return x->run == NULL ? hire(&a, &x->l, err) : x->run(&a, &x->l, err);
}

static void
lose(struct losing *x)
{
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(evidence_room_writer(f.room), lose_run, x, &err),
	    &err);
}

#define WAY(name, call)                                                        \
	static enum sp_code name(const struct people_act *a,                   \
	    const struct loser *l, struct sp_err *err)                         \
	{                                                                      \
		(void)l;                                                       \
		return call;                                                   \
	}
WAY(requested, people_person_disable(a, &l->person, PEOPLE_REQUESTED, 0, err))
WAY(risk, people_person_disable(a, &l->person, PEOPLE_RISK, 0, err))
WAY(locked, people_person_disable(a, &l->person, PEOPLE_LOCKED, 0, err))
WAY(role, people_person_role(a, &l->person, "officer", err))
WAY(transfer,
    people_person_transfer(a, &l->person, "Traffic", "investigator", err))
WAY(terminated, people_person_terminate(a, &l->person, 0, err))
WAY(ending,
    people_person_terminate(a, &l->person, a->now + 3600 * SP_SECOND, err))
WAY(end_session, signin_session_end(a, &l->session, err))
WAY(end_all, signin_session_end_all(a, &l->person, NULL, err))
WAY(end_others, signin_session_end_all(a, &l->person, &l->session, err))
WAY(own_tokens, gate_token_revoke_of(a, &l->person, err))

static enum sp_code
idle(const struct people_act *a, const struct loser *l, struct sp_err *err)
{
	struct people_act later = *a;
	struct people_standing s;

	later.now += SP_SECOND * 86400 * 91;
	SP_TRY(people_person_settle(&later, &l->person, &s, err));
	CHECK(s.reason == PEOPLE_INACTIVE);
	return SP_OK;
}

static enum sp_code
one_token(const struct people_act *a, const struct loser *l, struct sp_err *err)
{
	return gate_token_revoke(a->tx, &f.who, &l->machine, err);
}

/* By which credential somebody is at it. */
enum key { SESSION, OWN, MACHINE, KEYS };

static struct gate_caller
caller_by(const struct loser *l, enum key key)
{
	struct gate_caller who = {
		.agency = f.agency.id,
		.token = key == SESSION ? l->session
		    : key == OWN        ? l->own
					: l->machine,
		.kind = key == SESSION ? "session" : "token",
		.role = key == MACHINE ? GATE_OFFICER : GATE_INVESTIGATOR,
		.address = "192.0.2.9",
		.source = "api",
		.known = sp_ticks(),
		.is = { .session = key == SESSION ? GATE_SESSION_OPEN
						  : GATE_SESSION_KEY,
		    .factor = GATE_FACTOR_SECOND,
		    .clearance = GATE_CLEARANCE_OK,
		    .limits = { 1800 * SP_SECOND, 43200 * SP_SECOND,
			900 * SP_SECOND } },
	};

	if (key == MACHINE)
		who.issuer = l->person;
	else
		who.person = l->person;
	return who;
}

/* What goes on: a body that comes in, a reader, a viewing at which nobody reads
 * now, and whatever else asks gate/ongoing.h. */
struct going_on {
	struct gate_caller who;
	struct evidence_session *body;
	struct evidence_reader *rd;
	struct gate_ongoing other;
	atomic_int woken;
	struct sp_id item;
};

static void
wake(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void
begin_body(struct going_on *g)
{
	struct evidence_patch p = { .length = EVIDENCE_LENGTH_UNKNOWN,
		.content = 10 };
	struct gate_caller site = f.who;
	struct new_upload u = { .length = 10 };
	struct sp_id id;
	struct sp_err err;

	f.who = g->who;
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	{
		GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);

		CHECK_OK(evidence_session_begin(
			     &g->body, f.room, pass, &id, &p, &err),
		    &err);
	}
	f.who = site;
	CHECK_OK(evidence_session_write(g->body, "hello", 5, &err), &err);
}

static void
begin_all(struct going_on *g, const struct sp_id *item)
{
	struct evidence_content c;
	struct evidence_reader *left;
	struct gate_caller elsewhere = g->who;
	struct sp_err err;
	uint8_t got[5];

	g->item = *item;
	begin_body(g);
	CHECK_OK(evidence_reader_open(&g->rd, f.room, &g->who, item, &c, &err),
	    &err);
	CHECK_OK(evidence_reader_read(g->rd, 0, got, 5, &err), &err);
	(void)snprintf(elsewhere.address, sizeof(elsewhere.address), "::1");
	CHECK_OK(
	    evidence_reader_open(&left, f.room, &elsewhere, item, &c, &err),
	    &err);
	evidence_reader_close(left);
	CHECK_OK(gate_ongoing_begin(&g->other, &g->who, wake, &g->woken, &err),
	    &err);
}

/* All of it, and what begins only now, is over; or none of it. */
static void
check_all(struct going_on *g, bool over, const char *name)
{
	enum sp_code want = over ? SP_E_UNKNOWN : SP_OK;
	struct evidence_content c;
	struct evidence_reader *rd = NULL;
	struct gate_caller elsewhere = g->who;
	struct sp_err err = { .reason = "" };
	uint8_t got[5];

	(void)snprintf(elsewhere.address, sizeof(elsewhere.address), "::1");
	if (gate_ongoing_over(&g->other) != over || g->woken != (over ? 1 : 0))
		tap_fail(__FILE__, __LINE__, name, ": what asks in time");
	CHECK_CODE(evidence_session_write(g->body, "wor", 3, &err), want, &err);
	CHECK(!over || strcmp(err.reason, "token.cut") == 0);
	CHECK_CODE(evidence_reader_read(g->rd, 0, got, 5, &err), want, &err);
	CHECK(!over || strcmp(err.reason, "token.cut") == 0);
	CHECK(evidence_viewing_has(f.room, &elsewhere, &g->item) == !over);
	CHECK_CODE(
	    evidence_reader_open(&rd, f.room, &g->who, &g->item, &c, &err),
	    want, &err);
	evidence_reader_close(rd);
	evidence_reader_close(g->rd);
	gate_ongoing_end(&g->other);
	SP_IGNORE(evidence_session_end(g->body, false, NULL, NULL));
}

static struct sp_id
an_item(void)
{
	struct new_upload u = { .length = 5 };
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(
	    fixture_patch(&f, &id, (const uint8_t *)"hello", 0, 5, NULL, &err),
	    &err);
	return id;
}

/* Each way of losing access, under each credential, for each thing that goes
 * on: nobody but the function that changes the row says anything. */
static void
who_loses_access_is_cut(void)
{
	static const struct {
		const char *name;
		enum sp_code (*run)(const struct people_act *a,
		    const struct loser *l, struct sp_err *err);
		bool cuts[KEYS]; /* session, own token, machine's token */
	} rows[] = {
		{ "requested", requested, { true, true, true } },
		{ "risk", risk, { true, true, true } },
		{ "locked", locked, { false, false, false } },
		{ "role", role, { true, true, true } },
		{ "transfer", transfer, { true, true, true } },
		{ "terminated", terminated, { true, true, true } },
		{ "ending", ending, { false, false, false } },
		{ "idle", idle, { true, true, true } },
		{ "session ended", end_session, { true, false, false } },
		{ "all ended", end_all, { true, true, false } },
		{ "others ended", end_others, { false, true, false } },
		{ "own tokens", own_tokens, { false, true, false } },
		{ "one token", one_token, { false, false, true } },
	};
	struct sp_id item = an_item();

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct losing x = { .run = NULL };
		struct losing bystander = { .run = NULL };
		struct going_on g[KEYS] = { { .body = NULL } };
		struct going_on by = { .body = NULL };

		lose(&x); /* hired, for now */
		lose(&bystander);
		by.who = caller_by(&bystander.l, SESSION);
		begin_all(&by, &item);
		for (enum key key = SESSION; key < KEYS; key++) {
			g[key].who = caller_by(&x.l, key);
			begin_all(&g[key], &item);
		}
		x.run = rows[i].run;
		lose(&x);
		for (enum key key = SESSION; key < KEYS; key++)
			check_all(&g[key], rows[i].cuts[key], rows[i].name);
		check_all(&by, false, "bystander");
		evidence_viewings_close(f.room, 0);
	}
}

/* --- what time takes --- */

static struct sp_id agreed;

WAY(agree,
    people_agreement_add(
	a, &(struct people_agreement_new){ .kind = NULL }, &agreed, err))
WAY(disagree, people_agreement_end(a, &agreed, NULL, err))

/* Nobody acts on the person: at the next tick whoever was cleared is cut; who
 * was not, and did what needs no clearance, goes on. */
static void
who_lapses_is_cut_at_the_next_tick(void)
{
	struct losing x = { .run = NULL }, lapse = { .run = agree };
	struct going_on g[KEYS] = { { .body = NULL } };
	struct gate_caller uncleared;
	struct gate_ongoing modest;
	struct sp_id item = an_item();
	struct sp_err err;

	lose(&x);
	lose(&lapse);
	for (enum key key = SESSION; key < KEYS; key++) {
		g[key].who = caller_by(&x.l, key);
		begin_all(&g[key], &item);
	}
	uncleared = caller_by(&x.l, SESSION);
	uncleared.person = sp_id_new();
	uncleared.is.clearance = GATE_CLEARANCE_TRAINING_EXPIRED;
	CHECK_OK(
	    gate_ongoing_begin(&modest, &uncleared, NULL, NULL, &err), &err);
	evidence_room_tick(f.room);
	CHECK(!gate_ongoing_over(&g[SESSION].other));
	lapse.run = disagree;
	lose(&lapse);
	CHECK(!gate_ongoing_over(&g[SESSION].other));
	evidence_room_tick(f.room);
	for (enum key key = SESSION; key < KEYS; key++)
		check_all(&g[key], true, "lapsed");
	CHECK(!gate_ongoing_over(&modest));
	gate_ongoing_end(&modest);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "counts follow what is sealed",
		    counts_follow_what_is_sealed },
		{ "an older database is counted once",
		    an_older_database_is_counted_once },
		{ "a token is known in its own room only",
		    a_token_is_known_in_its_own_room_only },
		{ "a room without its folder does not open",
		    a_room_without_its_folder_does_not_open },
		{ "the tick ends what is over", the_tick_ends_what_is_over },
		{ "who loses access is cut", who_loses_access_is_cut },
		{ "who lapses is cut at the next tick",
		    who_lapses_is_cut_at_the_next_tick },
		{ "the site's rules are laid over",
		    the_sites_rules_are_laid_over },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	fixture_make(&f);
	fixture_open(&f);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	return rc;
}
