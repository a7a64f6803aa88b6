#include "room_fixture.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

static struct room_fixture f;

static enum sp_code
concat(struct gate_pass *pass, struct evidence_upload_new *n,
    const struct sp_id *part, size_t parts, struct evidence_upload *up,
    struct sp_err *err)
{
	n->part = part;
	n->parts = parts;
	return evidence_upload_concat(f.room, pass, n, up, err);
}

static void
offsets_lengths_and_states_are_checked(void)
{
	uint8_t *bytes = fixture_bytes(100, 6);
	struct new_upload u = { .length = 100 };
	struct new_upload huge = { .length = (UINT64_C(1) << 40) + 1 };
	struct sp_id id, unknown = sp_id_new();
	uint64_t at;
	struct sp_err err;

	CHECK_CODE(fixture_create(&f, &huge, &id, &err), SP_E_LIMIT, &err);
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, 40, &at, &err), &err);
	CHECK_CODE(fixture_patch(&f, &id, bytes, 39, 1, &at, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "upload.offset") == 0);
	CHECK_CODE(fixture_patch(&f, &id, bytes, 41, 1, &at, &err),
	    SP_E_CONFLICT, &err);
	CHECK_CODE(
	    fixture_patch(&f, &id, bytes, 40, 61, &at, &err), SP_E_LIMIT, &err);
	CHECK_CODE(fixture_patch(&f, &unknown, bytes, 0, 1, &at, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 40, 60, &at, &err), &err);
	CHECK(at == 100);
	CHECK_CODE(fixture_patch(&f, &id, bytes, 100, 0, &at, &err),
	    SP_E_DENIED, &err);
	fixture_check_content(&f, &id, bytes, 100);
	free(bytes);
}

static void
parts_join_in_order(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	uint8_t *bytes = fixture_bytes(5 * MIB, 10);
	static const uint64_t cut[] = { 0, 0, 1, 2 * MIB + 5, 5 * MIB };
	struct sp_id part[4], open;
	struct new_upload unfinished = { .length = 5, .partial = true };
	struct evidence_meta meta;
	struct evidence_upload_new n = { .meta = &meta, .metadata = "" };
	struct sp_err err;

	for (size_t i = 0; i < 4; i++) {
		size_t len = (size_t)(cut[i + 1] - cut[i]);
		struct new_upload u = { .length = len, .partial = true };

		CHECK_OK(fixture_create(&f, &u, &part[i], &err), &err);
		if (len > 0)
			CHECK_OK(fixture_patch(&f, &part[i], bytes + cut[i], 0,
				     len, NULL, &err),
			    &err);
	}
	evidence_meta_init(&meta);
	CHECK_OK(evidence_meta_set(&meta, "filename", "b", 1, &err), &err);
	CHECK_OK(evidence_meta_check(&meta, &err), &err);
	CHECK_OK(fixture_create(&f, &unfinished, &open, &err), &err);
	CHECK_CODE(concat(pass, &n, &open, 1, &up, &err), SP_E_CONFLICT, &err);
	CHECK_OK(concat(pass, &n, part, 4, &up, &err), &err);
	CHECK(up.done && up.offset == 5 * MIB);
	fixture_check_content(&f, &up.id, bytes, 5 * MIB);
	for (size_t i = 0; i < 4; i++)
		CHECK_OK(
		    evidence_upload_remove(f.room, pass, &part[i], &err), &err);
	CHECK_OK(evidence_upload_remove(f.room, pass, &open, &err), &err);
	CHECK(fixture_files(&f, "staging") == 0);
	evidence_meta_done(&meta);
	free(bytes);
}

static void
uploads_expire_and_their_bytes_go(void)
{
	uint8_t *bytes = fixture_bytes(2 * MIB, 14);
	struct new_upload u = { .length = 3 * MIB };
	struct sp_err err;
	struct sp_id id;
	uint64_t at;
	bool done;

	fixture_close(&f);
	f.limits.upload_expires = 1;
	fixture_open(&f);
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, 2 * MIB, &at, &err), &err);
	CHECK(fixture_files(&f, "staging") == 1);
	evidence_site_tick(f.site);
	CHECK_CODE(
	    fixture_offset(&f, &id, &at, &done, &err), SP_E_NOTFOUND, &err);
	CHECK(fixture_files(&f, "staging") == 0);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "offsets, lengths and states are checked",
		    offsets_lengths_and_states_are_checked },
		{ "parts join in order", parts_join_in_order },
		{ "uploads expire and their bytes go",
		    uploads_expire_and_their_bytes_go },
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
