#include "processing/record.h"

#include "crew_fixture.h"

static struct gate_pass *
begin(const struct sp_id *id, struct evidence_object *poster)
{
	struct gate_pass *pass = NULL;
	struct sp_err err;

	CHECK_OK(evidence_object_new(f.room, poster, &err), &err);
	CHECK_OK(
	    processing_record_begin(f.room, id, poster, &pass, &err), &err);
	return pass;
}

/* The same where nobody reads. */
static void
begin_only(const struct sp_id *id, struct evidence_object *poster)
{
	gate_pass_unref(begin(id, poster));
}

static size_t
count(enum sp_code (*which)(struct evidence_room *r, struct sp_id *id,
	  size_t room_for, size_t *got, struct sp_err *err),
    const struct sp_id *id)
{
	struct sp_id all[100];
	size_t n, found = 0;
	struct sp_err err;

	CHECK_OK(which(f.room, all, 100, &n, &err), &err);
	for (size_t i = 0; i < n; i++)
		found += sp_id_equal(&all[i], id);
	return found;
}

static void
states_are(const struct sp_id *id, size_t waiting, size_t working)
{
	CHECK(count(processing_record_waiting, id) == waiting);
	CHECK(count(processing_record_working, id) == working);
}

/* The entry is in the ledger when the pass is there, and the pass is for the
 * content of this item alone. */
static void
begins_with_a_pass(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
	EVIDENCE_AUTO_OBJECT other = { .dek = NULL };
	size_t keys = item_keys();
	struct gate_pass *again = NULL;
	struct evidence_reader *rd;
	struct evidence_content content;
	struct sp_err err;
	char got;

	states_are(&id, 1, 0);
	CHECK(item_entries(&id, "media.", NULL) == 0);
	GATE_AUTO_PASS pass = begin(&id, &poster);

	states_are(&id, 0, 1);
	CHECK_SAYS(&id, "\"state\":\"working\"");
	CHECK(item_keys() == keys + 1);
	CHECK(item_entries(&id, "\"media.opened\"", &entry) == 1);
	CHECK(strstr(sp_buf_str(&entry), "\"kind\":\"site\"") != NULL);
	CHECK(strstr(sp_buf_str(&entry), "\"source\":\"media\"") != NULL);
	gate_pass_require(pass, GATE_PROBE, &id);
	CHECK_OK(
	    evidence_reader_open_for(&rd, f.room, pass, &id, &content, &err),
	    &err);
	CHECK_OK(evidence_reader_read(rd, 0, &got, 1, &err), &err);
	CHECK(got == 'x');
	evidence_reader_close(rd);
	/* Nobody else begins it, and nothing of the try stays. */
	CHECK_OK(evidence_object_new(f.room, &other, &err), &err);
	CHECK_CODE(processing_record_begin(f.room, &id, &other, &again, &err),
	    SP_E_CONFLICT, &err);
	CHECK(again == NULL && item_keys() == keys + 1);
	CHECK(item_entries(&id, "\"media.opened\"", NULL) == 1);
	CHECK_OK(processing_record_release(f.room, &id, &err), &err);
}

static struct media_result
facts(void)
{
	return (struct media_result){
		.why = MEDIA_READABLE,
		.facts = { .format = "mp4",
		    .length = 1234,
		    .created = MEDIA_UNKNOWN_TIME },
		.poster = sp_buf_new(100),
		.size = { 640, 360 },
	};
}

static void
ends_with_facts(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
	size_t keys = item_keys();
	MEDIA_AUTO_RESULT r = facts();
	struct processing_done done = { .id = id, .result = &r };
	struct sp_err err;

	begin_only(&id, &poster);
	CHECK_OK(processing_record_finish(f.room, &done, &err), &err);
	states_are(&id, 0, 0);
	CHECK_SAYS(&id, "\"state\":\"done\"");
	CHECK_SAYS(&id, "\"duration_ms\":1234,");
	CHECK_SAYS(&id, "\"poster\":null");
	CHECK(item_keys() == keys); /* the poster's went, too */
	CHECK(item_entries(&id, "\"media.probed\"", &entry) == 1);
	CHECK(strstr(sp_buf_str(&entry), "\"outcome\":\"done\"") != NULL);
	CHECK(strstr(sp_buf_str(&entry), "\"state\":\"done\"}") != NULL);
	CHECK(strstr(sp_buf_str(&entry), "poster") == NULL);
	/* Once is enough. */
	CHECK_CODE(
	    processing_record_finish(f.room, &done, &err), SP_E_CONFLICT, &err);
	CHECK_CODE(
	    processing_record_release(f.room, &id, &err), SP_E_CONFLICT, &err);
	CHECK(item_entries(&id, "\"media.probed\"", NULL) == 1);
}

static void
ends_with_a_poster(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
	size_t keys = item_keys();
	MEDIA_AUTO_RESULT r = facts();
	static const uint8_t sha256[CRYPTO_SHA256_LEN] = { 0xab };
	struct processing_done done = {
		.id = id, .result = &r, .poster_sha256 = sha256
	};
	struct sp_err err;

	begin_only(&id, &poster);
	sp_buf_text(&r.poster, "jpeg");
	CHECK_OK(processing_record_finish(f.room, &done, &err), &err);
	CHECK_SAYS(&id, "\"poster\":{\"height\":360,\"sha256\":\"ab00");
	CHECK_SAYS(&id, "\"size\":4,\"width\":640}");
	CHECK(item_keys() == keys + 1);
	CHECK(item_entries(&id, "\"poster_sha256\":\"ab00", NULL) == 1);
}

/* Why, in the item and in the ledger; and whether that is a fault. */
static void
ends_without_facts(void)
{
	static const struct {
		enum media_reason why;
		bool expected;
		const char *state, *detail, *outcome;
	} rows[] = {
		{ MEDIA_UNKNOWN, true,
		    "\"state\":\"unreadable: not a known media format\"",
		    "\"reason\":\"format\",\"state\":\"unreadable\"}",
		    "\"outcome\":\"failed\"" },
		{ MEDIA_UNKNOWN, false, "\"state\":\"none\"",
		    ",\"state\":\"none\"}", "\"outcome\":\"done\"" },
		{ MEDIA_DAMAGED, false,
		    "\"state\":\"unreadable: damaged or cut off\"",
		    "\"reason\":\"damaged\",\"state\":\"unreadable\"}",
		    "\"outcome\":\"failed\"" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_id id = item_sealed("x", 1, "video/mp4");
		SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
		EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
		struct media_result r = { .why = rows[i].why };
		struct processing_done done = {
			.id = id, .result = &r, .expected = rows[i].expected
		};
		struct sp_err err;

		begin_only(&id, &poster);
		CHECK_OK(processing_record_finish(f.room, &done, &err), &err);
		CHECK_SAYS(&id, rows[i].state);
		CHECK_SAYS(&id, "\"facts\":null,\"poster\":null");
		CHECK(item_entries(&id, "\"media.probed\"", &entry) == 1);
		CHECK(strstr(sp_buf_str(&entry), rows[i].detail) != NULL);
		CHECK(strstr(sp_buf_str(&entry), rows[i].outcome) != NULL);
	}
}

/* Every way in which a try can be cut off leaves an item that waits, and
 * neither key nor object of a poster that never was. */
static void
released(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	size_t keys = item_keys(), files = fixture_files(&f, "objects");
	struct sp_err err;

	for (unsigned how = 0; how < 3; how++) {
		EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
		uint8_t sha256[CRYPTO_SHA256_LEN];
		struct vault_object o;

		begin_only(&id, &poster);
		o = evidence_object_vault(f.room, &poster.id, poster.dek);
		if (how > 0) {
			VAULT_AUTO_SEAL s = NULL;

			CHECK_OK(vault_seal_new(&s, &o, &err), &err);
			CHECK_OK(vault_seal_write(s, "jpeg", 4, &err), &err);
			if (how == 2)
				CHECK_OK(
				    vault_seal_finish(s, NULL, sha256, &err),
				    &err);
		}
		CHECK(fixture_files(&f, "staging") == (how == 1));
		CHECK(fixture_files(&f, "objects") == files + (how == 2));
		CHECK_OK(processing_record_release(f.room, &id, &err), &err);
		states_are(&id, 1, 0);
		CHECK(fixture_files(&f, "staging") == 0);
		CHECK(fixture_files(&f, "objects") == files);
		CHECK(item_keys() == keys);
		CHECK(item_entries(&id, "\"reason\":\"interrupted\"", NULL) ==
		    how + 1);
	}
}

static void
given_up(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	struct sp_err err;

	for (unsigned n = 1; n <= PROCESSING_TRIES; n++) {
		EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };

		begin_only(&id, &poster);
		CHECK_OK(processing_record_release(f.room, &id, &err), &err);
		states_are(&id, n < PROCESSING_TRIES, 0);
	}
	CHECK_SAYS(&id, "\"unreadable: reading it was interrupted too often\"");
	CHECK(
	    item_entries(&id, "\"media.probed\"", &entry) == PROCESSING_TRIES);
	CHECK(strstr(sp_buf_str(&entry), "\"reason\":\"tries\"") != NULL);
}

/* No entry, no pass, no change. */
static void
keeper_away(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
	struct gate_pass *pass = NULL;
	struct sp_err err;

	CHECK_OK(evidence_object_new(f.room, &poster, &err), &err);
	fixture_keeper_kill(&f);
	CHECK_CODE(processing_record_begin(f.room, &id, &poster, &pass, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(pass == NULL);
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	states_are(&id, 1, 0);
	CHECK(item_entries(&id, "\"media.opened\"", NULL) == 0);
}

static const struct tap_case cases[] = {
	{ "begins with a pass and its entry", begins_with_a_pass },
	{ "ends with facts", ends_with_facts },
	{ "ends with a poster", ends_with_a_poster },
	{ "ends without facts", ends_without_facts },
	{ "interrupted, it waits again", released },
	{ "interrupted too often", given_up },
	{ "the keeper is away", keeper_away },
};
FIXTURE_MAIN(cases)
