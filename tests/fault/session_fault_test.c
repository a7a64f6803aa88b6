#include "../unit/evidence/room_fixture.h"
#include "preload.h"

#include <dirent.h>

/* Uploads on a disk that fails to write: what may be sealed beyond the record
 * is never sealed again under its key. */

#define MIB ((size_t)1 << 20)

static struct room_fixture f;

/* The one staged file's name, which is its object's id. */
static void
staged(char out[static SP_ID_TEXT])
{
	char path[200];
	const struct dirent *e;
	DIR *d;

	(void)snprintf(
	    path, sizeof(path), "%s/agencies/%s/staging", f.dir, f.agency.slug);
	CHECK(fixture_files(&f, "staging") == 1);
	d = opendir(path);
	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			memcpy(out, e->d_name, SP_ID_TEXT);
	CHECK(closedir(d) == 0);
}

/* The segment's nonce is spent although no byte of it is in the file: only
 * the rest finds out, and the next bytes may be others. */
static void
a_write_that_fails_before_a_rest(void)
{
	uint8_t *bytes = fixture_bytes(4 * MIB, 1);
	uint8_t *others = fixture_bytes(4 * MIB, 2);
	struct new_upload u = { .length = 4 * MIB };
	char before[SP_ID_TEXT] = "", after[SP_ID_TEXT] = "";
	struct sp_err err;
	struct sp_id id;
	uint64_t at;

	fault_order("");
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, MIB + 100, &at, &err), &err);
	memcpy(others, bytes, MIB + 100);
	staged(before);
	/* Late, so that no write is told of it. */
	fault_order("delay /staging/ ms=300\neio-write /staging/\n");
	CHECK_CODE(fixture_patch(&f, &id, bytes, MIB + 100, MIB, &at, &err),
	    SP_E_INTERNAL, &err);
	CHECK(fault_hits("eio-write ") == 1);
	fault_order("");
	CHECK_OK(
	    fixture_patch(&f, &id, others, MIB + 100, MIB, &at, &err), &err);
	staged(after);
	CHECK(strcmp(before, after) != 0);
	CHECK_OK(
	    fixture_patch(&f, &id, others, at, 4 * MIB - at, &at, &err), &err);
	fixture_check_content(&f, &id, others, 4 * MIB);
	free(bytes);
	free(others);
}

/* Also where the bytes on record are only being copied to a new key. */
static void
a_sync_that_fails_ends_writing(void)
{
	uint8_t *bytes = fixture_bytes(4 * MIB, 3);
	struct new_upload u = { .length = 4 * MIB };
	struct sp_err err;
	struct sp_id id;
	uint64_t at;

	fault_order("");
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, MIB + 100, &at, &err), &err);
	fault_order("delay /staging/ ms=300\neio-write /staging/\n");
	CHECK_CODE(fixture_patch(&f, &id, bytes, MIB + 100, MIB, &at, &err),
	    SP_E_INTERNAL, &err);
	fault_order("eio /staging/\n");
	CHECK_CODE(fixture_patch(&f, &id, bytes, MIB + 100, MIB, &at, &err),
	    SP_E_STOPPED, &err);
	CHECK(fault_hits("eio ") == 1);
	CHECK(ledger_writer_stopped(evidence_room_writer(f.room)));
	fault_order("");
	fixture_close(&f);
	fixture_open(&f);
	CHECK_OK(
	    fixture_patch(&f, &id, bytes, MIB + 100, 3 * MIB - 100, &at, &err),
	    &err);
	fixture_check_content(&f, &id, bytes, 4 * MIB);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a write that fails before a rest",
		    a_write_that_fails_before_a_rest },
		{ "a sync that fails ends writing",
		    a_sync_that_fails_ends_writing },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	fault_preload(argv);
	fixture_make(&f);
	fixture_open(&f);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	fault_done();
	return rc;
}
