#include "people_fixture.h"

static struct people_fixture f;

static enum sp_code
agree(const struct people_agreement_new *n, struct sp_id *id)
{
	struct people_fixture_op op = { .n = n };
	enum sp_code code = people_fixture_agree(&f, &op);

	*id = op.id;
	return code;
}

static people_day
user_until(void)
{
	struct people_agreement g;
	bool found = false;

	CHECK_OK(people_agreement_user(f.reader, f.rules, &g, &found, &f.err),
	    &f.err);
	return found ? people_agreement_until(&g, f.rules) : PEOPLE_DAY_NONE;
}

static void
every_field_has_its_rule(void)
{
	static const struct {
		struct people_agreement_new n;
		const char *reason;
	} rows[] = {
		{ { .kind = "handshake" }, "agreement.kind" },
		{ { .state = "XX" }, "agreement.state" },
		{ { .kind = "management-control" }, "agreement.partner" },
		{ { .partner = "" }, "agreement.partner" },
		{ { .signed_on = "2026-11-22" }, "agreement.signed_on" },
		{ { .signed_on = "now" }, "agreement.signed_on" },
		{ { .review = "2026-11-21" }, "agreement.review" },
		{ { .reference = " x" }, "agreement.reference" },
	};
	struct people_fixture_op op = { .id = sp_id_new() };
	struct sp_id id;

	people_fixture_open(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_REASON(
		    agree(&rows[i].n, &id), SP_E_INVALID, rows[i].reason, &f);
	CHECK_REASON(people_fixture_review(&f, &op), SP_E_NOTFOUND,
	    "agreement.unknown", &f);
	CHECK_REASON(people_fixture_finish(&f, &op), SP_E_NOTFOUND,
	    "agreement.unknown", &f);
	CHECK(ledger_log_size(f.log) == 0);
	people_fixture_close(&f);
}

static void
reviews_prolong_and_ends_end(void)
{
	struct people_agreement_new n = { .signed_on = "2024-01-15" };
	struct people_fixture_op op = { .s = "2026-11-01" };
	struct sp_id id;

	people_fixture_open(&f);
	CHECK(user_until() == PEOPLE_DAY_NONE);
	CHECK_OK(agree(&n, &id), &f.err);
	CHECK(user_until() == people_fixture_day("2027-01-15"));
	op.id = id;
	CHECK_OK(people_fixture_review(&f, &op), &f.err);
	CHECK(user_until() == people_fixture_day("2029-11-01"));
	op.s = "2026-11-10";
	op.t = "2027-06-01";
	CHECK_OK(people_fixture_review(&f, &op), &f.err);
	CHECK(user_until() == people_fixture_day("2027-06-01"));
	op.s = "2026-11-09";
	CHECK_REASON(people_fixture_review(&f, &op), SP_E_INVALID,
	    "agreement.reviewed", &f);
	op.s = "2026-11-22";
	CHECK_REASON(people_fixture_review(&f, &op), SP_E_INVALID,
	    "agreement.reviewed", &f);
	op.s = NULL;
	op.t = "2026-11-21";
	CHECK_REASON(people_fixture_review(&f, &op), SP_E_INVALID,
	    "agreement.review", &f);
	op.s = "2024-01-14";
	CHECK_REASON(people_fixture_finish(&f, &op), SP_E_INVALID,
	    "agreement.ended", &f);
	op.s = "2026-12-24";
	CHECK_OK(people_fixture_finish(&f, &op), &f.err);
	CHECK(user_until() == people_fixture_day("2026-12-24"));
	CHECK_REASON(people_fixture_finish(&f, &op), SP_E_CONFLICT,
	    "agreement.state", &f);
	CHECK_REASON(people_fixture_review(&f, &op), SP_E_CONFLICT,
	    "agreement.state", &f);
	people_fixture_close(&f);
}

static void
the_right_one_is_found(void)
{
	struct people_agreement_new georgia = { .state = "GA" };
	struct people_agreement_new city = { .kind = "management-control",
		.partner = "City of Harbor" };
	struct people_agreement_new late = { .signed_on = "2020-01-01" };
	struct people_agreement g;
	struct sp_id id;
	bool found = true;

	people_fixture_open(&f);
	CHECK_OK(agree(&georgia, &id), &f.err);
	CHECK_OK(agree(&city, &id), &f.err);
	CHECK(user_until() == PEOPLE_DAY_NONE);
	CHECK_OK(people_agreement_with(
		     f.reader, f.rules, "City of Bay", &g, &found, &f.err),
	    &f.err);
	CHECK(!found);
	CHECK_OK(people_agreement_with(
		     f.reader, f.rules, "City of Harbor", &g, &found, &f.err),
	    &f.err);
	CHECK(found && sp_id_equal(&g.id, &id));
	CHECK_OK(people_agreement_with(
		     f.reader, f.rules, "CSA of GA", &g, &found, &f.err),
	    &f.err);
	CHECK(!found); /* a user agreement is with the CSA, for all */
	CHECK_OK(agree(&late, &id), &f.err);
	CHECK(user_until() == people_fixture_day("2023-01-01"));
	late.signed_on = NULL;
	CHECK_OK(agree(&late, &id), &f.err);
	CHECK(user_until() == people_fixture_day("2029-11-21"));
	people_fixture_close(&f);
}

static void
json_goes_both_ways(void)
{
	json_t *j = json_loads(
	    "{\"kind\":\"user\",\"reference\":\"Drawer 3\"}", 0, NULL);
	SP_AUTO_BUF out = sp_buf_new(4096);
	struct sp_json w = sp_json_to(&out);
	struct people_agreement_new n;
	struct sp_id id;
	json_t *back;

	people_fixture_open(&f);
	CHECK_OK(people_agreement_new_json(j, &n, &f.err), &f.err);
	CHECK_OK(agree(&n, &id), &f.err);
	json_decref(j);
	CHECK(people_fixture_count(&f, "Drawer") == 0);
	CHECK_OK(
	    people_agreement_json(&w, NULL, f.reader, f.rules, &f.err), &f.err);
	back = json_loads(sp_buf_str(&out), 0, NULL);
	CHECK(json_array_size(back) == 1);
	j = json_array_get(back, 0);
	CHECK(strcmp(json_string_value(json_object_get(j, "partner")),
		  "CSA of FL") == 0);
	CHECK(strcmp(json_string_value(json_object_get(j, "until")),
		  "2029-11-21") == 0);
	json_decref(back);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every field has its rule", every_field_has_its_rule },
		{ "reviews prolong and ends end",
		    reviews_prolong_and_ends_end },
		{ "the right one is found", the_right_one_is_found },
		{ "JSON goes both ways", json_goes_both_ways },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
