#include "grants/tick.h"

#include "shares_fixture.h"

enum sp_code __real_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err);
enum sp_code __wrap_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err);

static struct ledger_writer *away; /* writes nothing */
static size_t runs;

enum sp_code
__wrap_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err)
{
	runs++;
	if (w == away)
		return sp_fail(err, SP_E_UNAVAIL, "no writing now");
	return __real_ledger_writer_run(w, act, arg, err);
}

static const struct db_sql halves = {
	"SELECT count(*) FROM twin WHERE state = 'half'",
};
static const struct db_sql due_now = { "UPDATE twin SET due = 0" };

static enum sp_code
make_due(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &due_now);

	(void)arg;
	return db_run(st, NULL, err);
}

/* What another house could not be told is told when it can be; then there is
 * nothing more to write. */
static void
test_goes_on(void)
{
	struct shares s;
	struct sp_id item, share;
	struct gate_caller who;
	struct sp_err err;
	const char *why;
	size_t before;

	shares_begin(&s);
	item = shares_item(&s);
	who = shares_person(s.h.b, "custodian", "agency", "CO FL");
	away = evidence_room_writer(s.h.b);
	share = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = TO_B });
	CHECK(houses_ask(s.h.a, &halves, NULL, NULL) == 1);
	CHECK(!shares_view(&s, s.h.b, &who, &share, &item, GATE_VIEW, &why));
	grants_tick(s.h.f.site);
	CHECK(houses_ask(s.h.a, &halves, NULL, NULL) == 1);
	away = NULL;
	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(s.h.a), make_due, NULL, &err),
	    &err);
	grants_tick(s.h.f.site);
	CHECK(houses_ask(s.h.a, &halves, NULL, NULL) == 0);
	CHECK(shares_view(&s, s.h.b, &who, &share, &item, GATE_VIEW, &why));
	before = runs;
	grants_tick(s.h.f.site);
	CHECK(runs == before);
	shares_end(&s);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "what is half done goes on, and then rests", test_goes_on },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
