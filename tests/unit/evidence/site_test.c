#include "room_fixture.h"

static struct room_fixture f;

static struct people_agency
wish(const char *slug, const char *ori)
{
	struct people_agency a = { .state = "FL", .geography = "us" };

	(void)snprintf(a.slug, sizeof(a.slug), "%s", slug);
	(void)snprintf(a.name, sizeof(a.name), "Agency of %s", slug);
	(void)snprintf(a.ori, sizeof(a.ori), "%s", ori);
	return a;
}

static enum sp_code
add(struct people_agency *a, char token[static GATE_TOKEN_TEXT],
    struct sp_err *err)
{
	return evidence_site_add_agency(f.dir, evidence_site_keeper(f.site),
	    "127.0.0.1:8443", a, token, err);
}

/* While the site is open: it finds the new agency when it is asked for. */
static void
an_agency_is_added_beside_a_running_one(void)
{
	struct people_agency a = wish("mesa-so", "FL0130001");
	char token[GATE_TOKEN_TEXT];
	struct gate_caller who = { .source = "api" };
	struct evidence_room *room = NULL;
	struct sp_err err;

	CHECK_CODE(evidence_site_room(f.site, "mesa-so", &room, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_OK(add(&a, token, &err), &err);
	CHECK_OK(evidence_site_room(f.site, "mesa-so", &room, &err), &err);
	CHECK(room != f.room);
	CHECK_OK(fixture_know(room, token, &who, &err), &err);
	/* Neither knows the other's. */
	CHECK_CODE(
	    fixture_know(f.room, token, &who, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    fixture_know(room, f.token, &who, &err), SP_E_NOTFOUND, &err);
}

static void
what_is_taken_or_wrong_makes_nothing(void)
{
	static const struct {
		const char *slug, *ori;
		enum sp_code want;
	} rows[] = {
		{ "harbor-pd", "FL0130009", SP_E_CONFLICT },
		{ "other-pd", "FL0130000", SP_E_CONFLICT },
		{ "../etc", "FL0130009", SP_E_INVALID },
		{ "other-pd", "x", SP_E_INVALID },
	};
	size_t before = fixture_files(&f, "..");

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_agency a = wish(rows[i].slug, rows[i].ori);
		char token[GATE_TOKEN_TEXT];
		struct sp_err err;

		CHECK_CODE(add(&a, token, &err), rows[i].want, &err);
	}
	CHECK(fixture_files(&f, "..") == before);
}

static void
hostile_slugs_name_no_room(void)
{
	static const char *const slugs[] = { "", ".", "..", "a/b", "../site",
		"HARBOR-PD", "harbor-pd ", "nobody" };
	struct evidence_room *room = NULL;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(slugs); i++)
		CHECK_CODE(evidence_site_room(f.site, slugs[i], &room, &err),
		    SP_E_NOTFOUND, &err);
	CHECK(room == NULL);
}

static void
a_site_is_made_once(void)
{
	struct sp_err err;

	CHECK_CODE(evidence_site_make(f.dir, &err), SP_E_CONFLICT, &err);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "an agency is added beside a running one",
		    an_agency_is_added_beside_a_running_one },
		{ "what is taken or wrong makes nothing",
		    what_is_taken_or_wrong_makes_nothing },
		{ "hostile slugs name no room", hostile_slugs_name_no_room },
		{ "a site is made once", a_site_is_made_once },
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
