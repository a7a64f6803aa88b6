#include "gate/agency_fixture.h"

#define HOUR (3600 * SP_SECOND)

/* The linker puts this in sp_now's place (meson.build). */
sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);

static _Atomic sp_time clock_ahead;

sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + clock_ahead;
}

static enum sp_code
revoke_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct agency_fixture_issue *i = arg;

	return gate_token_revoke(tx, i->new.by, &i->id, err);
}

/* A machine's token, and away with it again. */
static enum sp_code
come_and_go(struct agency_fixture *a, const struct gate_caller *by,
    bool of_site, struct sp_err *err)
{
	struct gate_caller admin = agency_fixture_caller(a, GATE_ADMINISTRATOR);
	struct agency_fixture_issue i = { .new = { .agency = a->id,
					      .role = GATE_DEVICE,
					      .label = "cam",
					      .expires =
						  __real_sp_now() + 1000 * HOUR,
					      .by = by,
					      .of_site = of_site } };

	SP_TRY(ledger_writer_run(a->writer, agency_fixture_issue_act, &i, err));
	i.new.by = &admin;
	return ledger_writer_run(a->writer, revoke_act, &i, err);
}

static void
refused(struct agency_fixture *a, const struct gate_caller *by)
{
	uint64_t size = ledger_log_size(a->log);
	struct sp_err err = { .reason = NULL };

	CHECK_CODE(come_and_go(a, by, false, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "token.pace") == 0);
	CHECK(strstr(err.text, "go on at 2") != NULL);
	CHECK(err.wait > 0 && err.wait <= 3601);
	CHECK(ledger_log_size(a->log) == size); /* nothing was done */
}

static int64_t
rows(struct agency_fixture *a)
{
	static const struct db_sql count = {
		"SELECT count(*) FROM gate_issued",
	};
	DB_STMT st = db_use(a->reader, &count);
	bool found = false;
	struct sp_err err;

	CHECK_OK(db_row(st, &found, &err), &err);
	return db_col_i64(st, 0);
}

static void
fill(struct agency_fixture *a, const struct gate_caller *by)
{
	struct sp_err err;

	for (int n = 0; n < GATE_TOKENS_HOUR; n++)
		CHECK_OK(come_and_go(a, by, false, &err), &err);
}

/* Issuing and revoking in turn, as fast as one can, never has more than so many
 * good; and comes to an end all the same. */
static void
issuing_and_revoking_have_a_pace(void)
{
	struct agency_fixture a;
	struct agency_fixture_person eve, bob;
	struct gate_caller by, token, other;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	eve = agency_fixture_person(&a);
	bob = agency_fixture_person(&a);
	by = agency_fixture_in_session(&eve);
	other = agency_fixture_in_session(&bob);
	fill(&a, &by);
	for (int n = 0; n < 3; n++)
		refused(&a, &by);
	/* Nor by a token of hers, nor by one that she issued. */
	token = by;
	token.kind = "token";
	token.token = sp_id_new();
	refused(&a, &token);
	token.person = (struct sp_id){ .b = { 0 } };
	token.issuer = eve.id;
	refused(&a, &token);
	/* Nobody else is held up, nor is the site. */
	CHECK_OK(come_and_go(&a, &other, false, &err), &err);
	CHECK_OK(come_and_go(&a, NULL, false, &err), &err);
	CHECK_OK(come_and_go(&a, &by, true, &err), &err);
	refused(&a, &by);
	CHECK(rows(&a) == GATE_TOKENS_HOUR + 1);
	agency_fixture_close(&a);
}

/* Those of the site's tokens are nobody's: each has a pace of its own, so that
 * one that leaked does not hold up the others; and all together have one, since
 * it can make itself more of them. */
static void
what_is_nobodys_has_one_by_credential(void)
{
	struct agency_fixture a;
	struct gate_caller one, two;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	one = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	two = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	one.token = sp_id_new();
	two.token = sp_id_new();
	fill(&a, &one);
	refused(&a, &one);
	CHECK_OK(come_and_go(&a, &two, false, &err), &err);
	agency_fixture_close(&a);
}

/* Each kind has its own; and who is at one is not at another. */
struct of_kind {
	struct people_by by;
	enum gate_pace pace;
	struct sp_id service;
	unsigned n;
};

static enum sp_code
count_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct of_kind *k = arg;

	for (unsigned i = 0; i < k->n; i++)
		SP_TRY(gate_token_pace(tx, &k->by, k->pace, err));
	return SP_OK;
}

static enum sp_code
rescue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct of_kind *k = arg;

	for (unsigned i = 0; i < k->n; i++)
		SP_TRY(gate_token_pace_rescue(tx, &k->by, &k->service, err));
	return SP_OK;
}

static enum sp_code
made(struct agency_fixture *a, struct of_kind *k, enum gate_pace pace,
    unsigned n, struct sp_err *err)
{
	k->pace = pace;
	k->n = n;
	return ledger_writer_run(a->writer,
	    pace == GATE_PACE_RESCUE ? rescue_act : count_act, k, err);
}

static void
each_kind_has_its_own(void)
{
	static const struct {
		enum gate_pace pace;
		unsigned most;
		const char *reason;
	} rows[] = {
		{ GATE_PACE_CREDENTIAL, 200, "token.pace" },
		{ GATE_PACE_INVITATION, 500, "invite.pace" },
		{ GATE_PACE_DEVICE, 2000, "device.pace" },
		{ GATE_PACE_RESCUE, 5, "token.pace" },
	};
	struct agency_fixture a;
	struct agency_fixture_person eve;
	struct gate_caller who;
	struct sp_err err;
	struct of_kind k;

	agency_fixture_open(&a, "evidence.example/miami");
	eve = agency_fixture_person(&a);
	who = agency_fixture_in_session(&eve);
	k = (struct of_kind){ .by = gate_caller_by(&who),
		.service = sp_id_new() };
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK_OK(made(&a, &k, rows[i].pace, rows[i].most, &err), &err);
		CHECK_CODE(
		    made(&a, &k, rows[i].pace, 1, &err), SP_E_LIMIT, &err);
		CHECK(strcmp(err.reason, rows[i].reason) == 0);
		CHECK(err.wait > 3500 && err.wait <= 3601);
	}
	k.service = sp_id_new(); /* another service has its own */
	CHECK_OK(made(&a, &k, GATE_PACE_RESCUE, 1, &err), &err);
	/* The site itself is not held up. */
	k.by = people_by_site(&a.id);
	CHECK_OK(made(&a, &k, GATE_PACE_CREDENTIAL, 300, &err), &err);
	/* All that is nobody's has one together. */
	who = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
	for (unsigned i = 0; i < GATE_PACE_NOBODYS; i++) {
		who.token = sp_id_new();
		k.by = gate_caller_by(&who);
		CHECK_OK(made(&a, &k, GATE_PACE_CREDENTIAL, 200, &err), &err);
	}
	who.token = sp_id_new();
	k.by = gate_caller_by(&who);
	CHECK_CODE(
	    made(&a, &k, GATE_PACE_CREDENTIAL, 1, &err), SP_E_LIMIT, &err);
	CHECK(strstr(err.text, "the site's own tokens had 2000") != NULL);
	agency_fixture_close(&a);
}

static void
it_goes_on_at_the_time_it_tells(void)
{
	struct agency_fixture a;
	struct agency_fixture_person eve;
	struct gate_caller by;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	eve = agency_fixture_person(&a);
	by = agency_fixture_in_session(&eve);
	CHECK_OK(come_and_go(&a, &by, false, &err), &err);
	clock_ahead = HOUR / 2;
	for (int n = 1; n < GATE_TOKENS_HOUR; n++)
		CHECK_OK(come_and_go(&a, &by, false, &err), &err);
	refused(&a, &by);
	clock_ahead = HOUR; /* the first is an hour old: one more */
	CHECK_OK(come_and_go(&a, &by, false, &err), &err);
	refused(&a, &by);
	clock_ahead = HOUR + HOUR / 2;
	CHECK_OK(come_and_go(&a, &by, false, &err), &err);
	CHECK(rows(&a) <= GATE_TOKENS_HOUR);
	/* A clock that is set back forgets what is yet to come, and does not
	 * shut anybody out until then. */
	clock_ahead = 900 * HOUR;
	fill(&a, &by);
	refused(&a, &by);
	clock_ahead = 0;
	CHECK_OK(come_and_go(&a, &by, false, &err), &err);
	CHECK(rows(&a) == 1);
	agency_fixture_close(&a);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "issuing and revoking have a pace",
		    issuing_and_revoking_have_a_pace },
		{ "what is nobody's has one by credential",
		    what_is_nobodys_has_one_by_credential },
		{ "each kind has its own", each_kind_has_its_own },
		{ "it goes on at the time it tells",
		    it_goes_on_at_the_time_it_tells },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
