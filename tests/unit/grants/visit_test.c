#include "grants/visit.h"

#include "grants/tick.h"
#include "shares_fixture.h"

static void
expect(bool may, const char *why, const char *want)
{
	if (may == (want[0] == '\0') && strcmp(why, want) == 0)
		return;
	(void)printf("# %s, not %s\n", why, want);
	abort();
}
#define EXPECT(s, home, who, share, item, act, want)                           \
	do {                                                                   \
		const char *why_;                                              \
		bool may_ =                                                    \
		    shares_view(s, home, who, share, item, act, &why_);        \
                                                                               \
		expect(may_, why_, want);                                      \
	} while (0)

/* Whoever is cleared in both states views what is shared, and no more. */
static void
test_view(void)
{
	struct shares s;
	struct sp_id item[2], share, none = sp_id_new();
	struct gate_caller good, home_only, there_only, officer, c;

	shares_begin(&s);
	item[0] = shares_item(&s);
	item[1] = shares_item(&s);
	good = shares_person(s.h.b, "investigator", "agency", "CO FL");
	home_only = shares_person(s.h.b, "investigator", "agency", "CO");
	there_only = shares_person(s.h.b, "investigator", "agency", "FL");
	officer = shares_person(s.h.b, "auditor", "agency", "CO FL");
	c = shares_person(s.c, "investigator", "agency", "GA FL");
	share = shares_share(
	    &s, &(struct offer){ .item = item, .n = 1, .to = TO_B });

	EXPECT(&s, s.h.b, &good, &share, &item[0], GATE_VIEW, "");
	EXPECT(&s, s.h.b, &good, &share, &item[0], GATE_SHOW, "");
	EXPECT(&s, s.h.b, &good, &share, &item[0], GATE_CUSTODY, "");
	/* To view is not to download. */
	EXPECT(&s, s.h.b, &good, &share, &item[0], GATE_EXPORT, "other-agency");
	/* What is not shared and what there is not look alike. */
	EXPECT(
	    &s, s.h.b, &good, &share, &item[1], GATE_VIEW, "evidence.unknown");
	EXPECT(&s, s.h.b, &good, &share, &none, GATE_VIEW, "evidence.unknown");
	/* Cleared at home, in the owner's state, or in both. */
	EXPECT(&s, s.h.b, &home_only, &share, &item[0], GATE_VIEW,
	    "screening.missing");
	EXPECT(&s, s.h.b, &there_only, &share, &item[0], GATE_VIEW,
	    "screening.missing");
	EXPECT(&s, s.h.b, &officer, &share, &item[0], GATE_VIEW, "role");
	/* A machine's token is nobody who could be cleared. */
	EXPECT(&s, s.h.b, &s.h.by_b, &share, &item[0], GATE_VIEW, "role");
	/* A third agency has nothing, nor has the owner by that way. */
	EXPECT(&s, s.c, &c, &share, &item[0], GATE_VIEW, "share.unknown");
	EXPECT(
	    &s, s.h.a, &s.h.by_a, &share, &item[0], GATE_VIEW, "share.unknown");
	EXPECT(&s, s.h.b, &good, &none, &item[0], GATE_VIEW, "share.unknown");

	/* The denial for the other state is in the owner's ledger. */
	CHECK(shares_entries(s.h.a, "\"code\":\"screening.missing\"") == 1);
	CHECK(shares_entries(s.h.b, "\"code\":\"screening.missing\"") == 1);
	CHECK(shares_entries(s.h.a, "\"act\":\"evidence.opened\"") == 1);
	CHECK(shares_entries(s.h.a, "\"via\":{\"agency\":\"") >= 2);
	shares_end(&s);
}

static void
test_category(void)
{
	struct shares s;
	struct sp_id item, share, other, later;
	struct gate_caller who;

	shares_begin(&s);
	item = shares_item(&s);
	who = shares_person(s.h.b, "custodian", "agency", "CO FL");
	share = shares_share(&s,
	    &(struct offer){
		.category = "uncategorized", .to = TO_B, .download = true });
	other =
	    shares_share(&s, &(struct offer){ .category = "dui", .to = TO_B });
	later = shares_item(&s);
	EXPECT(&s, s.h.b, &who, &share, &item, GATE_EXPORT, "");
	EXPECT(&s, s.h.b, &who, &share, &later, GATE_VIEW, "");
	EXPECT(&s, s.h.b, &who, &other, &item, GATE_VIEW, "evidence.unknown");
	shares_end(&s);
}

/* Opened is said at home, once for each visit that opened something. */
static void
test_used(void)
{
	struct shares s;
	struct sp_id item, share;
	struct gate_caller who;
	struct grants_guest g;
	struct sp_err err;

	shares_begin(&s);
	item = shares_item(&s);
	who = shares_person(s.h.b, "custodian", "agency", "CO FL");
	share = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = TO_B });
	struct grants_visit v = { s.h.f.site, s.h.b, &who, share, GATE_VIEW,
		item };

	CHECK_OK(grants_visit_enter(&v, &g, &err), &err);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.used\",\"actor\"") == 0);
	CHECK_OK(grants_visit_used(&v, &g, &item, 1, &err), &err);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.used\",\"actor\"") == 1);
	CHECK(shares_entries(s.h.a, "\"act\":\"share.used\",\"actor\"") == 0);
	CHECK_OK(grants_visit_covers(&g, &item, &err), &err);
	CHECK(grants_visit_covers(&g, &share, &err) == SP_E_NOTFOUND);
	shares_end(&s);
}

/* An outside person of the owner's own house sees what is shared with them. */
static void
test_prosecutor(void)
{
	struct shares s;
	struct sp_id item[2], share, to_b;
	struct gate_caller one, two, out_b;
	char to[100], text[SP_ID_TEXT];

	shares_begin(&s);
	item[0] = shares_item(&s);
	item[1] = shares_item(&s);
	one = shares_person(s.h.a, "prosecutor", "outside", "FL");
	two = shares_person(s.h.a, "prosecutor", "outside", "FL");
	out_b = shares_person(s.h.b, "prosecutor", "outside", "CO FL");
	sp_id_text(&one.person, text);
	(void)snprintf(to, sizeof(to), "{\"person\":\"%s\"}", text);
	share = shares_share(&s,
	    &(struct offer){
		.item = item, .n = 1, .to = to, .download = true });
	EXPECT(&s, s.h.a, &one, &share, &item[0], GATE_VIEW, "");
	EXPECT(&s, s.h.a, &one, &share, &item[0], GATE_EXPORT, "");
	EXPECT(
	    &s, s.h.a, &one, &share, &item[1], GATE_VIEW, "evidence.unknown");
	EXPECT(&s, s.h.a, &two, &share, &item[0], GATE_VIEW, "share.unknown");
	/* Those of another house have no part in what that house was given. */
	to_b = shares_share(
	    &s, &(struct offer){ .item = item, .n = 1, .to = TO_B });
	EXPECT(&s, s.h.b, &out_b, &to_b, &item[0], GATE_VIEW, "share.unknown");
	shares_end(&s);
}

/* --- under way --- */

static enum sp_code
disable_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return people_person_disable(a, arg, PEOPLE_REQUESTED, 0, err);
}

static enum sp_code
disagree_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	static const struct db_sql all = {
		"SELECT id FROM agreement WHERE kind = 'user' LIMIT 1"
		" OFFSET ?1"
	};
	struct sp_id id;
	bool found = false;

	(void)arg;
	for (int64_t n = 0;; n++) {
		enum sp_code code;

		{
			DB_STMT st = db_use(ledger_tx_db(a->tx), &all);

			db_bind_i64(st, 1, n);
			SP_TRY(db_row(st, &found, err));
			if (!found)
				return SP_OK;
			SP_TRY(db_col_bytes(st, 0, id.b, SP_ID_LEN, err));
		}
		code = people_agreement_end(a, &id, NULL, err);
		if (code != SP_OK)
			return code;
	}
}

/* A guest reads; at home the account is taken, or clearance lapses: cut in the
 * owner's room, where it says so.  The owner's own people read on. */
static void
test_lost_at_home(void)
{
	for (int lapse = 0; lapse < 2; lapse++) {
		struct shares s;
		struct sp_id item, share;
		struct gate_caller who, own;
		struct grants_guest g;
		struct evidence_content c;
		struct evidence_reader *rd = NULL, *mine = NULL;
		enum gate_clearance now = GATE_CLEARANCE_UNKNOWN;
		uint8_t got[5];
		struct sp_err err;

		shares_begin(&s);
		item = shares_item(&s);
		who = shares_person(s.h.b, "investigator", "agency", "CO FL");
		own = shares_person(s.h.a, "investigator", "agency", "FL");
		share = shares_share(
		    &s, &(struct offer){ .item = &item, .n = 1, .to = TO_B });
		struct grants_visit v = { s.h.f.site, s.h.b, &who, share,
			GATE_VIEW, item };

		CHECK_OK(grants_visit_enter(&v, &g, &err), &err);
		CHECK_OK(
		    evidence_reader_open(&rd, g.room, &g.who, &item, &c, &err),
		    &err);
		CHECK_OK(
		    evidence_reader_open(&mine, s.h.a, &own, &item, &c, &err),
		    &err);
		grants_tick(s.h.f.site);
		CHECK_OK(evidence_reader_read(rd, 0, got, 5, &err), &err);
		CHECK_OK(grants_visit_clearance(
			     s.h.b, s.h.a, &who.person, &now, &err),
		    &err);
		CHECK(now == GATE_CLEARANCE_OK);
		houses_do(s.h.b, lapse ? disagree_fn : disable_fn, &who.person);
		if (lapse) {
			CHECK_OK(
			    evidence_reader_read(rd, 0, got, 5, &err), &err);
			grants_tick(s.h.f.site);
		}
		CHECK_CODE(evidence_reader_read(rd, 0, got, 5, &err),
		    SP_E_UNKNOWN, &err);
		evidence_reader_close(rd);
		CHECK(shares_entries(s.h.a, "\"cut\":true") == 1);
		CHECK_CODE(
		    evidence_reader_open(&rd, g.room, &g.who, &item, &c, &err),
		    SP_E_UNKNOWN, &err);
		CHECK_OK(evidence_reader_read(mine, 0, got, 5, &err), &err);
		evidence_reader_close(mine);
		if (lapse) {
			CHECK_OK(grants_visit_clearance(
				     s.h.b, s.h.a, &who.person, &now, &err),
			    &err);
			CHECK(now == GATE_CLEARANCE_AGREEMENT_MISSING);
		} else {
			CHECK_CODE(grants_visit_clearance(
				       s.h.b, s.h.a, &who.person, &now, &err),
			    SP_E_UNKNOWN, &err);
		}
		shares_end(&s);
	}
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "who is cleared in both states views what is shared",
		    test_view },
		{ "a category is all of it, now and later", test_category },
		{ "what was opened is said at home", test_used },
		{ "outside persons see what is shared with them",
		    test_prosecutor },
		{ "what a guest loses at home is cut", test_lost_at_home },
	};

	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
