#include "room_fixture.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

static struct room_fixture f;

static struct sp_id
begun(const uint8_t *bytes, size_t len)
{
	struct new_upload u = { .length = 10 * MIB };
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, len, NULL, &err), &err);
	return id;
}

/* Whether the upload may go on under its key: see record.h. */
static void
who_may_be_sealing_is_on_record(void)
{
	uint8_t *bytes = fixture_bytes(2 * MIB, 1);
	struct sp_id id = begun(bytes, 2 * MIB);
	struct sp_err err;

	for (int restarts = 0; restarts < 3; restarts++) {
		EVIDENCE_AUTO_RECORD rec = { .offset = 0 };

		CHECK_OK(evidence_record_load(f.room, &id, &rec, &err), &err);
		CHECK(rec.offset == 2 * MIB && rec.length == 10 * MIB);
		CHECK(rec.tail.len > 0 && rec.tail.len <= VAULT_TAIL_MAX);
		CHECK(rec.ours == (restarts == 0));
		CHECK(rec.resting == (restarts > 0));
		fixture_close(&f); /* which lets it rest */
		fixture_open(&f);
	}
	CHECK_OK(evidence_record_sealing(f.room, &id, true, &err), &err);
	{
		EVIDENCE_AUTO_RECORD rec = { .offset = 0 };

		CHECK_OK(evidence_record_load(f.room, &id, &rec, &err), &err);
		CHECK(rec.ours && !rec.resting);
	}
	free(bytes);
}

static void
an_unknown_record_changes_nothing(void)
{
	struct sp_id id = sp_id_new();
	struct evidence_rest rest = { .id = id, .offset = 5, .length = 10 };
	struct evidence_sealed sealed = { .id = id, .who = f.who };
	struct evidence_ended ended = { .id = id, .why = EVIDENCE_REMOVED };
	uint64_t before = ledger_log_size(evidence_room_log(f.room));
	EVIDENCE_AUTO_RECORD rec = { .offset = 77 };
	struct sp_err err;

	CHECK_CODE(
	    evidence_record_load(f.room, &id, &rec, &err), SP_E_NOTFOUND, &err);
	CHECK(rec.offset == 77);
	CHECK_CODE(
	    evidence_record_rest(f.room, &rest, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    evidence_record_seal(f.room, &sealed, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    evidence_record_end(f.room, &ended, &err), SP_E_NOTFOUND, &err);
	CHECK(ledger_log_size(evidence_room_log(f.room)) == before);
}

static void
ids_come_in_order_page_by_page(void)
{
	struct new_upload u = { .length = 1 };
	struct sp_id after = { { 0 } }, last = after, made;
	struct evidence_ids ids;
	size_t seen = 0;
	struct sp_err err;

	for (size_t i = 0; i < EVIDENCE_IDS + 3; i++) {
		CHECK_OK(fixture_create(&f, &u, &made, &err), &err);
		/* Within a millisecond ids have no order of making. */
		if (memcmp(made.b, last.b, SP_ID_LEN) > 0)
			last = made;
	}
	do {
		CHECK_OK(
		    evidence_record_ids(f.room, INT64_MAX, &after, &ids, &err),
		    &err);
		for (size_t i = 0; i < ids.n; i++) {
			CHECK(memcmp(ids.id[i].b, after.b, SP_ID_LEN) > 0);
			after = ids.id[i];
		}
		seen += ids.n;
	} while (ids.n == EVIDENCE_IDS);
	CHECK(seen >= EVIDENCE_IDS + 3);
	CHECK(sp_id_equal(&after, &last));
}

static void
too_many_open_uploads_are_refused(void)
{
	struct new_upload u = { .length = 1 };
	struct sp_id id;
	struct sp_err err;

	fixture_close(&f);
	f.limits.uploads_open = 5;
	fixture_open(&f);
	CHECK_CODE(fixture_create(&f, &u, &id, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "upload.count") == 0);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "who may be sealing is on record",
		    who_may_be_sealing_is_on_record },
		{ "an unknown record changes nothing",
		    an_unknown_record_changes_nothing },
		{ "ids come in order, page by page",
		    ids_come_in_order_page_by_page },
		{ "too many open uploads are refused",
		    too_many_open_uploads_are_refused },
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
