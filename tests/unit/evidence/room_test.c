#include "room_fixture.h"

#include "base/file.h"

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
