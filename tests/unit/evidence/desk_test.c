#include "room_fixture.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

static struct room_fixture f;

static void
two_sessions_cannot_write_one_upload(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	struct new_upload u = { .length = 10 };
	struct evidence_patch p = {
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = 10,
	};
	struct evidence_session *s, *other;
	uint64_t at;
	bool done;
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(evidence_session_begin(&s, f.room, pass, &id, &p, &err), &err);
	CHECK_CODE(evidence_session_begin(&other, f.room, pass, &id, &p, &err),
	    SP_E_LOCKED, &err);
	CHECK_CODE(
	    fixture_offset(&f, &id, &at, &done, &err), SP_E_LOCKED, &err);
	CHECK_CODE(
	    evidence_upload_remove(f.room, pass, &id, &err), SP_E_LOCKED, &err);
	CHECK_OK(evidence_session_write(s, "0123456789", 10, &err), &err);
	CHECK_CODE(evidence_session_write(s, "x", 1, &err), SP_E_LIMIT, &err);
	CHECK_OK(evidence_session_end(s, true, NULL, &err), &err);
	fixture_check_content(&f, &id, (const uint8_t *)"0123456789", 10);
}

static void
without_its_keeper_an_upload_waits_and_loses_nothing(void)
{
	uint8_t *bytes = fixture_bytes(3 * MIB, 11);
	struct new_upload u = { .length = 3 * MIB };
	struct sp_id id, other;
	struct sp_err err;
	uint64_t at;
	bool done;
	uint8_t sum[32];

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, MIB, &at, &err), &err);
	fixture_keeper_kill(&f);
	CHECK_CODE(fixture_create(&f, &u, &other, &err), SP_E_UNAVAIL, &err);
	CHECK_CODE(fixture_patch(&f, &id, bytes, MIB, 2 * MIB, &at, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, "keeper.away") == 0);
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	CHECK_OK(fixture_offset(&f, &id, &at, &done, &err), &err);
	CHECK(at == MIB && !done);
	CHECK_OK(fixture_patch(&f, &id, bytes, MIB, 2 * MIB, &at, &err), &err);
	crypto_sha256(bytes, 3 * MIB, sum);
	fixture_check_receipt(&f, &id, sum);
	fixture_check_content(&f, &id, bytes, 3 * MIB);
	free(bytes);
}

/* The keeper dies between the last byte and the entry: all bytes are in, the
 * object is kept, only the record is missing; the next question makes it. */
static void
an_upload_left_at_the_desk_is_recorded_later(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	uint8_t *bytes = fixture_bytes(2 * MIB, 12);
	struct new_upload u = { .length = 2 * MIB };
	struct evidence_patch p = {
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = 2 * MIB,
	};
	struct evidence_session *s;
	struct sp_err err;
	struct sp_id id;
	uint64_t at;
	bool done;

	for (int restart = 0; restart < 2; restart++) {
		CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
		CHECK_OK(
		    fixture_patch(&f, &id, bytes, 0, 100, &at, &err), &err);
		p.offset = 100;
		p.content = 2 * MIB - 100;
		CHECK_OK(
		    evidence_session_begin(&s, f.room, pass, &id, &p, &err),
		    &err);
		CHECK_OK(
		    evidence_session_write(s, bytes + 100, 2 * MIB - 100, &err),
		    &err);
		fixture_keeper_kill(&f);
		CHECK_CODE(evidence_session_end(s, true, NULL, &err),
		    SP_E_UNAVAIL, &err);
		CHECK_CODE(fixture_offset(&f, &id, &at, &done, &err),
		    SP_E_UNAVAIL, &err);
		fixture_keeper_start(&f, evidence_site_keeper(f.site));
		if (restart) { /* what the desk knew is lost with it */
			fixture_close(&f);
			fixture_open(&f);
			CHECK_OK(
			    fixture_offset(&f, &id, &at, &done, &err), &err);
			CHECK(at == 100 && !done);
			CHECK_OK(fixture_patch(&f, &id, bytes, 100,
				     2 * MIB - 100, &at, &err),
			    &err);
		}
		CHECK_OK(fixture_offset(&f, &id, &at, &done, &err), &err);
		CHECK(at == 2 * MIB && done);
		fixture_check_content(&f, &id, bytes, 2 * MIB);
	}
	CHECK(fixture_files(&f, "staging") == 0);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "two sessions cannot write one upload",
		    two_sessions_cannot_write_one_upload },
		{ "without its keeper an upload waits and loses nothing",
		    without_its_keeper_an_upload_waits_and_loses_nothing },
		{ "an upload left at the desk is recorded later",
		    an_upload_left_at_the_desk_is_recorded_later },
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
