#include "gate/agency_fixture.h"

#define DAY (86400 * SP_SECOND)

/* The linker puts this in sp_now's place (meson.build). */
sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);

static _Atomic sp_time clock_ahead;

sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + clock_ahead;
}

struct make {
	struct gate_once once;
	struct sp_id id; /* of what would be made; then of what is */
	bool before;
	bool fails; /* after the key was taken */
};

static enum sp_code
make_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct make *m = arg;

	SP_TRY(gate_once_take(tx, &m->once, &m->id, &m->before, err));
	return m->fails ? sp_fail(err, SP_E_LIMIT, "the making fails") : SP_OK;
}

static struct make
wish(const struct gate_caller *who, const char *key, const char *request)
{
	const struct crypto_piece piece = { request, strlen(request) };
	struct make m = { .id = sp_id_new() };
	struct sp_err err;

	CHECK_OK(gate_once_of(who, key, &piece, 1, &m.once, &err), &err);
	return m;
}

static enum sp_code
make(struct agency_fixture *a, struct make *m, struct sp_err *err)
{
	return ledger_writer_run(a->writer, make_act, m, err);
}

static void
the_same_request_makes_nothing_more(void)
{
	struct agency_fixture a;
	struct gate_caller who, other;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	who = agency_fixture_caller(&a, GATE_OFFICER);
	other = agency_fixture_caller(&a, GATE_OFFICER);
	{
		struct make first = wish(&who, "k-1", "body");
		struct make again = wish(&who, "k-1", "body");
		struct make differs = wish(&who, "k-1", "another body");
		struct make elsewhere = wish(&who, "k-2", "body");
		struct make theirs = wish(&other, "k-1", "body");

		CHECK_OK(make(&a, &first, &err), &err);
		CHECK(!first.before);
		CHECK_OK(make(&a, &again, &err), &err);
		CHECK(again.before && sp_id_equal(&again.id, &first.id));
		CHECK_CODE(make(&a, &differs, &err), SP_E_CONFLICT, &err);
		CHECK(strcmp(err.reason, "once.differs") == 0);
		CHECK(!differs.before);
		CHECK_OK(make(&a, &elsewhere, &err), &err);
		CHECK(!elsewhere.before);
		CHECK_OK(make(&a, &theirs, &err), &err);
		CHECK(!theirs.before); /* a key is its token's */
	}
	agency_fixture_close(&a);
}

struct look {
	struct gate_once once;
	struct sp_id id;
	bool known;
};

static enum sp_code
look_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct look *l = arg;

	return gate_once_known(tx, &l->once, &l->id, &l->known, err);
}

/* Looking takes nothing, and finds what was made for a day. */
static void
what_was_made_is_known(void)
{
	struct agency_fixture a;
	struct gate_caller who;
	struct make m, differs;
	struct look l;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	who = agency_fixture_caller(&a, GATE_OFFICER);
	m = wish(&who, "k-1", "body");
	differs = wish(&who, "k-1", "another body");
	l = (struct look){ .once = m.once };
	for (int n = 0; n < 2; n++) {
		CHECK_OK(ledger_writer_run(a.writer, look_act, &l, &err), &err);
		CHECK(!l.known && sp_id_is_zero(&l.id));
	}
	CHECK_OK(make(&a, &m, &err), &err);
	CHECK(!m.before);
	CHECK_OK(ledger_writer_run(a.writer, look_act, &l, &err), &err);
	CHECK(l.known && sp_id_equal(&l.id, &m.id));
	l = (struct look){ .once = differs.once };
	CHECK_CODE(ledger_writer_run(a.writer, look_act, &l, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "once.differs") == 0);
	CHECK(!l.known && sp_id_is_zero(&l.id));
	l = (struct look){ .once = m.once };
	clock_ahead = DAY + 60 * SP_SECOND;
	CHECK_OK(ledger_writer_run(a.writer, look_act, &l, &err), &err);
	CHECK(!l.known);
	clock_ahead = 0;
	agency_fixture_close(&a);
}

static void
a_making_that_fails_leaves_the_key_free(void)
{
	struct agency_fixture a;
	struct gate_caller who;
	struct make first, again;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	who = agency_fixture_caller(&a, GATE_OFFICER);
	first = wish(&who, "k", "body");
	first.fails = true;
	CHECK_CODE(make(&a, &first, &err), SP_E_LIMIT, &err);
	again = wish(&who, "k", "body");
	CHECK_OK(make(&a, &again, &err), &err);
	CHECK(!again.before);
	agency_fixture_close(&a);
}

static void
a_key_is_kept_for_a_day(void)
{
	struct agency_fixture a;
	struct gate_caller who;
	struct make first, again, later;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	who = agency_fixture_caller(&a, GATE_OFFICER);
	first = wish(&who, "k", "body");
	CHECK_OK(make(&a, &first, &err), &err);
	clock_ahead = DAY - 60 * SP_SECOND;
	again = wish(&who, "k", "body");
	CHECK_OK(make(&a, &again, &err), &err);
	CHECK(again.before);
	clock_ahead = DAY + 60 * SP_SECOND;
	later = wish(&who, "k", "body");
	CHECK_OK(make(&a, &later, &err), &err);
	CHECK(!later.before);
	clock_ahead = 0;
	agency_fixture_close(&a);
}

static void
keys_have_rules(void)
{
	static const char *const bad[] = { "", " ", "a b", "a\tb", "\x7f",
		"\xc3\xa9" };
	struct gate_caller who = { .role = GATE_OFFICER };
	struct gate_once once;
	char key[GATE_ONCE_KEY_MAX + 2];
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK_CODE(gate_once_of(&who, bad[i], NULL, 0, &once, &err),
		    SP_E_INVALID, &err);
	memset(key, 'k', sizeof(key));
	key[GATE_ONCE_KEY_MAX + 1] = '\0';
	CHECK_CODE(
	    gate_once_of(&who, key, NULL, 0, &once, &err), SP_E_INVALID, &err);
	key[GATE_ONCE_KEY_MAX] = '\0';
	CHECK_OK(gate_once_of(&who, key, NULL, 0, &once, &err), &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the same request makes nothing more",
		    the_same_request_makes_nothing_more },
		{ "what was made is known", what_was_made_is_known },
		{ "a making that fails leaves the key free",
		    a_making_that_fails_leaves_the_key_free },
		{ "a key is kept for a day", a_key_is_kept_for_a_day },
		{ "keys have rules", keys_have_rules },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
