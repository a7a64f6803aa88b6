#include "room_fixture.h"

#include <string.h>

static struct room_fixture f;

static void
metadata_keeps_its_rules(void)
{
	static const char long_name[] =
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123";
	static const struct {
		const char *name, *value;
		enum sp_code want;
	} rows[] = {
		{ "filename", "bodycam 7.mp4", SP_OK },
		{ "filename", "\xf0\x9f\x9a\x94.mp4", SP_OK },
		{ "filename", "a\\b", SP_OK }, /* no separator here */
		{ "filename", "../../etc/passwd", SP_E_INVALID },
		{ "filename", "/etc/passwd", SP_E_INVALID },
		{ "filename", "..", SP_E_INVALID },
		{ "filename", ".", SP_E_INVALID },
		{ "filename", "a\nb", SP_E_INVALID },
		{ "filename", "a\x7f", SP_E_INVALID },
		{ "filename", "\xff\xfe", SP_E_INVALID },
		{ "filename", long_name, SP_E_LIMIT },
		{ "filetype", "video/mp4", SP_OK },
		{ "filetype", "video", SP_E_INVALID },
		{ "filetype", "video/mp4; codecs=x", SP_OK },
		{ "filetype", "video; codecs=x", SP_E_INVALID },
		{ "filetype", "text/html\r\nX: y", SP_E_INVALID },
		{ "category", "traffic_stop", SP_OK },
		{ "category", "use-of-force", SP_OK },
		{ "category", "Traffic Stop", SP_E_INVALID },
		{ "captured_at", "2026-11-21T08:00:00-05:00", SP_OK },
		{ "captured_at", "yesterday", SP_E_INVALID },
		{ "sha256", "00", SP_E_INVALID },
		{ "my_value", "anything", SP_OK },
		{ "relativePath", "null", SP_OK }, /* of Uppy */
		{ "My-Value.2", "anything", SP_OK },
		{ "my/value", "anything", SP_E_INVALID },
		{ "my\"value", "anything", SP_E_INVALID },
		{ "", "anything", SP_E_INVALID },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct evidence_meta m;
		struct sp_err err;

		evidence_meta_init(&m);
		CHECK_CODE(evidence_meta_set(&m, rows[i].name, rows[i].value,
			       strlen(rows[i].value), &err),
		    rows[i].want, &err);
		/* What was taken may not be given twice. */
		if (rows[i].want == SP_OK)
			CHECK_CODE(
			    evidence_meta_set(&m, rows[i].name, rows[i].value,
				strlen(rows[i].value), &err),
			    SP_E_INVALID, &err);
		evidence_meta_done(&m);
	}
}

static void
a_nul_inside_is_refused_everywhere(void)
{
	static const char *const names[] = { "filename", "filetype", "title",
		"category", "device", "captured_at", "other" };

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		struct evidence_meta m;
		struct sp_err err;

		evidence_meta_init(&m);
		CHECK_CODE(evidence_meta_set(&m, names[i], "a\0b", 3, &err),
		    SP_E_INVALID, &err);
		evidence_meta_done(&m);
	}
}

static void
extras_are_bounded_and_sorted(void)
{
	struct evidence_meta m;
	struct sp_err err;
	char name[8];

	evidence_meta_init(&m);
	for (int i = EVIDENCE_EXTRA_MAX; i > 0; i--) {
		(void)snprintf(name, sizeof(name), "x%02d", i);
		CHECK_OK(evidence_meta_set(&m, name, "v", 1, &err), &err);
	}
	CHECK_CODE(
	    evidence_meta_set(&m, "one_more", "v", 1, &err), SP_E_LIMIT, &err);
	CHECK_OK(evidence_meta_check(&m, &err), &err);
	CHECK(strncmp(sp_buf_str(&m.extra), "{\"x01\":\"v\",\"x02\":\"v\"",
		  20) == 0);
	CHECK(strcmp(m.category, "uncategorized") == 0);
	CHECK(strcmp(m.media_type, "application/octet-stream") == 0);
	CHECK(strcmp(m.filename, "unnamed") == 0);
	evidence_meta_done(&m);
}

static void
a_media_type_is_kept_without_parameters(void)
{
	static const struct {
		const char *said, *kept;
	} rows[] = {
		{ "video/webm;codecs=\"vp9,opus\"", "video/webm" },
		{ "text/plain ; charset=utf-8", "text/plain" },
		{ ";", "application/octet-stream" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct evidence_meta m;
		struct sp_err err;

		evidence_meta_init(&m);
		CHECK_OK(evidence_meta_set(&m, "filetype", rows[i].said,
			     strlen(rows[i].said), &err),
		    &err);
		CHECK_OK(evidence_meta_check(&m, &err), &err);
		CHECK(strcmp(m.media_type, rows[i].kept) == 0);
		evidence_meta_done(&m);
	}
}

static struct sp_id
sealed(const char *text)
{
	struct new_upload u = { .length = strlen(text) };
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, (const uint8_t *)text, 0, strlen(text),
		     NULL, &err),
	    &err);
	return id;
}

static void
same_content_is_two_items_that_know_of_each_other(void)
{
	struct sp_id id[2] = { sealed("twice"), sealed("twice") };

	for (int i = 0; i < 2; i++) {
		GATE_AUTO_PASS pass = fixture_pass(&f, GATE_SHOW, &id[i]);
		SP_AUTO_BUF json = sp_buf_new(1 << 20);
		char other[SP_ID_TEXT], want[100];
		struct sp_err err;

		CHECK_OK(evidence_item_json(f.room, pass, &id[i], &json, &err),
		    &err);
		sp_id_text(&id[1 - i], other);
		(void)snprintf(
		    want, sizeof(want), "\"same_content\":[\"%s\"]", other);
		CHECK(strstr(sp_buf_str(&json), want) != NULL);
	}
	/* Nothing is shared: each has an object of its own. */
	CHECK(fixture_files(&f, "objects") == 2);
}

static void
pages_show_each_item_once(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_LIST, NULL);
	char cursor[SP_ID_TEXT] = "";
	size_t pages = 0;
	char seen[10][SP_ID_TEXT];
	size_t n = 0;

	for (int i = 0; i < 5; i++)
		(void)sealed("page");
	for (;;) {
		struct evidence_list q = { .cursor = pages ? cursor : NULL,
			.n = 2 };
		SP_AUTO_BUF json = sp_buf_new(1 << 20);
		const char *at;
		struct sp_err err;

		CHECK_OK(
		    evidence_item_list(f.room, pass, &q, &json, &err), &err);
		for (at = sp_buf_str(&json);
		     (at = strstr(at, "\"id\":\"")) != NULL; at += 6) {
			CHECK(n < SP_COUNTOF(seen));
			(void)snprintf(seen[n++], SP_ID_TEXT, "%s", at + 6);
		}
		pages++;
		at = strstr(sp_buf_str(&json), "\"next\":\"");
		if (at == NULL)
			break;
		(void)snprintf(cursor, sizeof(cursor), "%s", at + 8);
	}
	CHECK(n == 7 && pages == 4);
	for (size_t i = 1; i < n; i++)
		CHECK(strcmp(seen[i - 1], seen[i]) > 0); /* newest first */
}

static enum sp_code
grow_extras(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql grow = {
		"UPDATE evidence SET extra = ?1",
	};
	DB_STMT st = db_use(ledger_tx_db(tx), &grow);

	db_bind_text(st, 1, arg);
	return db_run(st, NULL, err);
}

/* What others wrote into their items does not keep anybody from listing. */
static void
a_page_is_bounded_in_bytes_too(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_LIST, NULL);
	size_t len = (size_t)3 << 19, n = 0, pages = 0;
	char cursor[SP_ID_TEXT] = "";
	char *extra = malloc(len + 9);
	char none[] = "{}";
	struct sp_err err;

	CHECK(extra != NULL);
	(void)snprintf(extra, len + 9, "{\"k\":\"%0*d\"}", (int)len, 0);
	for (int i = 0; i < 8; i++)
		(void)sealed("large");
	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(f.room), grow_extras, extra, &err),
	    &err);
	for (bool more = true; more; pages++) {
		struct evidence_list q = { .cursor = pages ? cursor : NULL,
			.n = EVIDENCE_LIST_MAX };
		SP_AUTO_BUF json = sp_buf_new((size_t)8 << 20);
		const char *at;

		CHECK_OK(
		    evidence_item_list(f.room, pass, &q, &json, &err), &err);
		for (at = sp_buf_str(&json);
		     (at = strstr(at, "\"id\":\"")) != NULL; at += 6)
			n++;
		at = strstr(sp_buf_str(&json), "\"next\":\"");
		more = at != NULL;
		if (more)
			(void)snprintf(cursor, sizeof(cursor), "%s", at + 8);
	}
	CHECK(n == 15 && pages > 3);
	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(f.room), grow_extras, none, &err),
	    &err);
	free(extra);
}

static void
bad_queries_are_refused(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_LIST, NULL);
	static const struct evidence_list rows[] = {
		{ .n = 0 },
		{ .n = EVIDENCE_LIST_MAX + 1 },
		{ .n = 1, .cursor = "nonsense" },
		{ .n = 1, .sha256 = "zz" },
	};
	SP_AUTO_BUF json = sp_buf_new(1 << 20);
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_CODE(
		    evidence_item_list(f.room, pass, &rows[i], &json, &err),
		    SP_E_INVALID, &err);
}

static void
custody_tells_the_story_in_order(void)
{
	struct sp_id id = sealed("story");
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_CUSTODY, &id);
	SP_AUTO_BUF json = sp_buf_new(1 << 20);
	const char *created, *done, *opened;
	struct sp_err err;

	fixture_check_content(&f, &id, (const uint8_t *)"story", 5);
	CHECK_OK(
	    evidence_item_custody(f.room, pass, &id, 0, &json, &err), &err);
	created = strstr(sp_buf_str(&json), "upload.created");
	done = strstr(sp_buf_str(&json), "evidence.sealed");
	opened = strstr(sp_buf_str(&json), "evidence.opened");
	CHECK(created != NULL && created < done && done < opened);
	CHECK(strstr(sp_buf_str(&json), "\"next\":null") != NULL);
	/* Its token is called by its label: beside the entries, not in them. */
	CHECK(strstr(sp_buf_str(&json), "\"name\":\"first administrator\"") <
	    created);
}

/* An entry that is none, or whose actor is of no kind that has a name. */
static void
actors_are_read_out_of_entries(void)
{
	static const struct {
		const char *entry;
		size_t n;
	} rows[] = {
		{ "", 0 },
		{ "{}", 0 },
		{ "{\"act\":\"x\",\"actor\":{\"id\":\"", 0 },
		{ "{\"act\":\"x\",\"actor\":{\"id\":\"017f22e2-79b0-7cc3-98c4-"
		  "dc0c0c07398f\",\"kind\":\"site\"},\"agency\":\"\"}",
		    0 },
		{ "{\"act\":\"x\",\"actor\":{\"id\":\"017F22e2-79b0-7cc3-98c4-"
		  "dc0c0c07398f\",\"kind\":\"token\"},\"agency\":\"\"}",
		    0 },
		{ "{\"act\":\"x\",\"actor\":{\"id\":\"017f22e2-79b0-7cc3-98c4-"
		  "dc0c0c07398f\",\"kind\":\"token\"},\"agency\":\"\"}",
		    1 },
		{ "{\"act\":\"y\",\"actor\":{\"id\":\"017f22e2-79b0-7cc3-98c4-"
		  "dc0c0c07398f\",\"kind\":\"token\"},\"agency\":\"\"}",
		    1 },
		{ "{\"act\":\"x\",\"actor\":{\"id\":\"017f22e2-79b0-7cc3-98c4-"
		  "dc0c0c073990\",\"kind\":\"person\"},\"agency\":\"\"}",
		    2 },
	};
	EVIDENCE_AUTO_ACTORS actors = { .n = 0 };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK_OK(
		    evidence_actors_take(&actors, rows[i].entry, &err), &err);
		CHECK(actors.n == rows[i].n);
	}
}

/* Whoever comes by a share is not told who the agency's people are. */
static void
guests_hear_no_names(void)
{
	struct sp_id id = sealed("shared story");
	struct gate_caller guest = f.who;
	struct gate_facts facts;
	struct gate_request rq = { .who = &guest,
		.act = GATE_CUSTODY,
		.on = { "evidence", id },
		.facts = &facts };
	SP_AUTO_BUF json = sp_buf_new(1 << 20);
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;

	guest.via = (struct gate_via){ .relation = GATE_SHARED_VIEW,
		.kind = "share",
		.id = sp_id_new(),
		.house = sp_id_new() };
	facts = gate_caller_facts(&guest, GATE_CUSTODY);
	facts.relation = GATE_OWN; /* a token is no guest: the name is tried */
	CHECK_OK(gate_admit_with(evidence_room_gate(f.room), &rq, &pass, &err),
	    &err);
	CHECK_OK(
	    evidence_item_custody(f.room, pass, &id, 0, &json, &err), &err);
	CHECK(strstr(sp_buf_str(&json), "\"actors\":{}") != NULL);
	CHECK(strstr(sp_buf_str(&json), "first administrator") == NULL);
}

/* Who is let in by the gate for nothing but to bring in: one whose token
 * somebody issued who is not cleared (any more). */
static struct gate_caller
uncleared(struct sp_id token, struct sp_id person)
{
	struct gate_caller who = f.who;

	who.token = token;
	who.person = person;
	who.issuer = sp_id_new();
	who.role = GATE_OFFICER;
	who.is.session = GATE_SESSION_KEY;
	who.is.factor = GATE_FACTOR_SECOND;
	who.is.clearance = GATE_CLEARANCE_TRAINING_EXPIRED;
	return who;
}

static enum gate_act
receipt_act(const struct gate_caller *who, const struct sp_id *id)
{
	enum gate_act act = GATE_ACT_COUNT;
	struct sp_err err;

	CHECK_OK(evidence_item_receipt_act(f.room, who, id, &act, &err), &err);
	return act;
}

static void
who_brought_it_in_has_the_receipt(void)
{
	static const struct sp_id nobody;
	struct sp_id id = sealed("brought"), none = sp_id_new();
	struct gate_caller theirs = uncleared(f.who.token, nobody);
	struct gate_caller other = uncleared(sp_id_new(), nobody);
	struct gate_caller same = uncleared(sp_id_new(), f.who.token);
	struct gate_caller guest = theirs;
	const struct gate_object on = { "evidence", id };
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;
	char sum[80];

	guest.via = (struct gate_via){ .relation = GATE_SHARED_VIEW,
		.kind = "share",
		.id = sp_id_new(),
		.house = sp_id_new() };
	CHECK(receipt_act(&f.who, &id) == GATE_SHOW);
	CHECK(receipt_act(&theirs, &id) == GATE_UPLOAD);
	CHECK(receipt_act(&same, &id) == GATE_UPLOAD);
	CHECK(receipt_act(&other, &id) == GATE_SHOW);
	CHECK(receipt_act(&guest, &id) == GATE_SHOW);
	CHECK(receipt_act(&theirs, &none) == GATE_SHOW);
	CHECK_OK(gate_admit(evidence_room_gate(f.room), &theirs, GATE_UPLOAD,
		     &on, &pass, &err),
	    &err);
	CHECK_OK(evidence_item_receipt(f.room, pass, &id, &out, &err), &err);
	sp_buf_clear(&out);
	CHECK_OK(
	    evidence_item_receipt_entry(f.room, pass, &id, &out, &err), &err);
	CHECK(strstr(sp_buf_str(&out), "evidence.sealed") != NULL);
	sp_buf_clear(&out);
	CHECK_OK(
	    evidence_item_receipt_json(f.room, pass, &id, &out, &err), &err);
	sp_id_text(&id, sum);
	CHECK(strstr(sp_buf_str(&out), sum) != NULL);
	CHECK(strstr(sp_buf_str(&out), "\"size\":7,\"state\":\"sealed\"}") !=
	    NULL);
}

/* A pass to bring in is none for what another brought in. */
static void
a_pass_to_upload_is_for_ones_own(void)
{
	static const struct sp_id nobody;
	struct sp_id id = sealed("another's");
	struct gate_caller other = uncleared(sp_id_new(), nobody);
	const struct gate_object on = { "evidence", id };
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	GATE_AUTO_PASS pass = NULL;
	struct sp_err err;
	int status;
	pid_t pid;

	CHECK_OK(gate_admit(evidence_room_gate(f.room), &other, GATE_UPLOAD,
		     &on, &pass, &err),
	    &err);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		SP_IGNORE(evidence_item_receipt(f.room, pass, &id, &out, &err));
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
media_state_is(const struct sp_id *id, const char *want)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_SHOW, id);
	SP_AUTO_BUF json = sp_buf_new(1 << 20);
	struct sp_err err;
	char member[100];

	CHECK_OK(evidence_item_json(f.room, pass, id, &json, &err), &err);
	(void)snprintf(member, sizeof(member), "\"media_state\":\"%s\"", want);
	CHECK(strstr(sp_buf_str(&json), member) != NULL);
}

/* From its sealing on; a database from before the table gets a row each. */
static void
media_waits_to_be_looked_into(void)
{
	struct sp_id id = sealed("media");

	media_state_is(&id, "queued");
	fixture_close(&f);
	fixture_sql(&f,
	    "UPDATE media SET state = 'unreadable', reason = 'no film'", NULL);
	fixture_open(&f);
	media_state_is(&id, "unreadable: no film");
	fixture_close(&f);
	fixture_go_back(&f, 4);
	fixture_open(&f);
	media_state_is(&id, "queued");
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a media type is kept without parameters",
		    a_media_type_is_kept_without_parameters },
		{ "metadata keeps its rules", metadata_keeps_its_rules },
		{ "a NUL inside is refused everywhere",
		    a_nul_inside_is_refused_everywhere },
		{ "extras are bounded and sorted",
		    extras_are_bounded_and_sorted },
		{ "same content is two items that know of each other",
		    same_content_is_two_items_that_know_of_each_other },
		{ "pages show each item once", pages_show_each_item_once },
		{ "a page is bounded in bytes, too",
		    a_page_is_bounded_in_bytes_too },
		{ "bad queries are refused", bad_queries_are_refused },
		{ "custody tells the story in order",
		    custody_tells_the_story_in_order },
		{ "actors are read out of entries",
		    actors_are_read_out_of_entries },
		{ "guests hear no names", guests_hear_no_names },
		{ "who brought it in has the receipt",
		    who_brought_it_in_has_the_receipt },
		{ "a pass to upload is for one's own",
		    a_pass_to_upload_is_for_ones_own },
		{ "media waits to be looked into",
		    media_waits_to_be_looked_into },
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
