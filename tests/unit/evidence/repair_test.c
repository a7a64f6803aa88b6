#include "room_fixture.h"

#include <string.h>
#include <sys/stat.h>

#define MIB (UINT64_C(1) << 20)

static struct room_fixture f;

static void
path_of(const struct sp_id *object, const char *folder, char *out, size_t room)
{
	char text[SP_ID_TEXT];

	sp_id_text(object, text);
	if (strcmp(folder, "staging") == 0)
		(void)snprintf(out, room, "%s/agencies/%s/staging/%s", f.dir,
		    f.agency.slug, text);
	else
		(void)snprintf(out, room, "%s/agencies/%s/objects/%02x/%s",
		    f.dir, f.agency.slug, object->b[15], text);
}

static struct sp_id
begun(const uint8_t *bytes, size_t len, struct sp_id *object)
{
	struct new_upload u = { .length = 4 * MIB };
	EVIDENCE_AUTO_RECORD rec = { .offset = 0 };
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, len, NULL, &err), &err);
	CHECK_OK(evidence_record_load(f.room, &id, &rec, &err), &err);
	*object = rec.object;
	return id;
}

static void
a_kept_object_whose_upload_is_on_record_goes_back(void)
{
	uint8_t *bytes = fixture_bytes(4 * MIB, 1);
	struct sp_id object, id = begun(bytes, 3 * MIB, &object);
	char staged[256], kept[256], *slash;
	struct sp_err err;

	path_of(&object, "staging", staged, sizeof(staged));
	path_of(&object, "objects", kept, sizeof(kept));
	fixture_close(&f);
	slash = strrchr(kept, '/');
	*slash = '\0';
	(void)mkdir(kept, 0700);
	*slash = '/';
	CHECK(rename(staged, kept) == 0);
	fixture_open(&f);
	CHECK(access(staged, F_OK) == 0 && access(kept, F_OK) != 0);
	CHECK_OK(fixture_patch(&f, &id, bytes, 3 * MIB, MIB, NULL, &err), &err);
	fixture_check_content(&f, &id, bytes, 4 * MIB);
	free(bytes);
}

static void
lost_bytes_are_told(void)
{
	uint8_t *bytes = fixture_bytes(4 * MIB, 2);
	struct sp_id object, id = begun(bytes, 3 * MIB, &object);
	char staged[256];
	uint64_t at;
	struct sp_err err;
	bool done;

	path_of(&object, "staging", staged, sizeof(staged));
	fixture_close(&f);
	CHECK(unlink(staged) == 0);
	fixture_open(&f);
	CHECK_CODE(
	    fixture_offset(&f, &id, &at, &done, &err), SP_E_NOTFOUND, &err);
	free(bytes);
}

static void
bytes_in_the_tail_need_no_object(void)
{
	uint8_t *bytes = fixture_bytes(4 * MIB, 3);
	struct sp_id object, id = begun(bytes, 1000, &object);
	char staged[256];
	struct sp_err err;

	path_of(&object, "staging", staged, sizeof(staged));
	fixture_close(&f);
	CHECK(unlink(staged) == 0);
	fixture_open(&f);
	CHECK_OK(
	    fixture_patch(&f, &id, bytes, 1000, 4 * MIB - 1000, NULL, &err),
	    &err);
	fixture_check_content(&f, &id, bytes, 4 * MIB);
	free(bytes);
}

static void
strays_are_removed_and_nothing_else(void)
{
	uint8_t *bytes = fixture_bytes(4 * MIB, 4);
	struct sp_id object, stray = sp_id_new();
	char staged[256], text[256];
	FILE *file;

	(void)begun(bytes, 2 * MIB, &object);
	path_of(&object, "staging", staged, sizeof(staged));
	path_of(&stray, "staging", text, sizeof(text));
	fixture_close(&f);
	file = fopen(text, "w");
	CHECK(file != NULL && fputs("stray", file) >= 0);
	CHECK(fclose(file) == 0);
	fixture_open(&f);
	CHECK(access(text, F_OK) != 0);
	CHECK(access(staged, F_OK) == 0);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a kept object whose upload is on record goes back",
		    a_kept_object_whose_upload_is_on_record_goes_back },
		{ "lost bytes are told", lost_bytes_are_told },
		{ "bytes in the tail need no object",
		    bytes_in_the_tail_need_no_object },
		{ "strays are removed, and nothing else",
		    strays_are_removed_and_nothing_else },
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
