#include "room_fixture.h"

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

	CHECK_OK(evidence_room_know(f.room, f.token, &who, &err), &err);
	CHECK(who.role == GATE_ADMINISTRATOR);
	(void)snprintf(other, sizeof(other), "%s", f.token);
	other[strlen(other) - 2] ^= 1;
	CHECK_CODE(
	    evidence_room_know(f.room, other, &who, &err), SP_E_UNKNOWN, &err);
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
