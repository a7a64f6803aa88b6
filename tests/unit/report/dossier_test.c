#include "report/dossier.h"

#include "report/report_fixture.h"

static enum sp_code
read_it(const struct report_request *rq, struct sp_err *err)
{
	REPORT_AUTO_DOSSIER d = { .items = 0 };

	return report_dossier_read(&d, rq->bytes.at, rq->bytes.len, err);
}

static void
a_request_is_read(void)
{
	const struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	REPORT_AUTO_DOSSIER d = { .items = 0 };
	REPORT_AUTO_EVENT e = { .json = NULL };
	char hex[65];
	uint8_t root[32];
	struct sp_err err;

	request_life(&rq, &t, REPORT_A4, 7);
	CHECK_OK(
	    report_dossier_read(&d, rq.bytes.at, rq.bytes.len, &err), &err);
	CHECK(d.document == REPORT_CUSTODY && d.paper == REPORT_A4);
	CHECK(d.items == 1 && d.entries == 7 && d.item[0].entries == 7);
	CHECK(d.size == 1000000 && strstr(d.origin, "/harbor-pd/log") != NULL);
	crypto_sha256(&rq.size, sizeof(rq.size), root);
	CHECK(memcmp(root, d.root, 32) == 0);
	CHECK(strcmp(report_dossier_text(d.head, "role"), "custodian") == 0);
	CHECK(strcmp(report_dossier_text(d.head, "bag"), "") == 0);
	CHECK(strcmp(report_dossier_text(d.item[0].json, "filename"),
		  t.filename) == 0);
	CHECK(report_dossier_number(d.item[0].json, "size") == t.size);
	CHECK(report_dossier_sealing(&d, &d.item[0])->index == 17);
	CHECK_OK(report_event_read(&e, &d.entry[4], &err), &err);
	CHECK(e.index == 20 && strcmp(e.act, "gate.denied") == 0);
	CHECK(strcmp(e.outcome, "refused") == 0);
	CHECK(strcmp(e.address, "2001:db8:1f:22:9abc:def0:1234:5678") == 0);
	CHECK(strcmp(report_dossier_text(e.detail, "code"), "role") == 0);
	sp_hex(d.root, 32, hex);
}

static void
every_truncation_is_refused(void)
{
	const struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	struct sp_err err;

	request_life(&rq, &t, REPORT_A4, 3);
	for (size_t len = 0; len < rq.bytes.len; len++) {
		REPORT_AUTO_DOSSIER d = { .paper = REPORT_PAPER_COUNT };
		/* Exactly as long, so that a step too far is seen. */
		uint8_t *copy = malloc(len + 1);
		enum sp_code code;

		CHECK(copy != NULL);
		memcpy(copy, rq.bytes.at, len);
		code = report_dossier_read(&d, copy, len, &err);
		CHECK(code == SP_E_INVALID);
		CHECK(d.paper == REPORT_PAPER_COUNT && d.items == 0);
		free(copy);
	}
	sp_buf_u8(&rq.bytes, 'Z');
	CHECK_CODE(read_it(&rq, &err), SP_E_INVALID, &err);
}

/* Flipped bits are found out or harmless: no crash, no leak. */
static void
flipped_bits_do_no_harm(void)
{
	const struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	struct sp_err err;

	request_life(&rq, &t, REPORT_A4, 3);
	for (size_t i = 0; i < 8 * rq.bytes.len; i += 3) {
		rq.bytes.at[i / 8] ^= (uint8_t)(1U << i % 8);
		SP_IGNORE(read_it(&rq, &err));
		rq.bytes.at[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	CHECK_OK(read_it(&rq, &err), &err);
}

/* Put `with` for the first `what` after `from`; same length. */
static void
change(struct report_request *rq, const char *from, const char *what,
    const char *with)
{
	uint8_t *at = memmem(rq->bytes.at, rq->bytes.len, from, strlen(from));
	size_t left;

	CHECK(at != NULL && strlen(what) == strlen(with));
	left = rq->bytes.len - (size_t)(at - rq->bytes.at);
	at = memmem(at, left, what, strlen(what));
	CHECK(at != NULL);
	for (size_t i = 0; with[i] != '\0'; i++)
		at[i] = (uint8_t)with[i];
}

static void
what_contradicts_itself_is_refused(void)
{
	static const struct {
		const char *from, *what, *with;
		enum sp_code code;
	} rows[] = {
		/* the item against the entry that sealed it */
		{ "\"filename\"", "\"size\":84112345", "\"size\":84112346",
		    SP_E_CORRUPT },
		{ "evidence.sealed", "\"size\":84112345", "\"size\":84112344",
		    SP_E_CORRUPT },
		{ "\"same_content\"", "\"sha256\":\"9", "\"sha256\":\"8",
		    SP_E_CORRUPT },
		{ "\"act\":\"evidence.sealed\"",
		    "\"id\":\"0193a1b2-c3d4-7e5f-"
		    "8a6b-000000000009\"",
		    "\"id\":\"0193a1b2-c3d4-7e5f-8a6b-000000000008\"",
		    SP_E_CORRUPT },
		{ "\"act\"", "evidence.sealed", "evidence.opened",
		    SP_E_CORRUPT },
		{ "\"device\"", "\"entry\":17", "\"entry\":19", SP_E_CORRUPT },
		{ "\"device\"", "\"entry\":17", "\"entry\":16", SP_E_CORRUPT },
		/* what is missing, or of another sort */
		{ "\"captured_at\"", "\"state\":", "\"stale\":", SP_E_INVALID },
		{ "\"agency\"", "\"ori\":", "\"oar\":", SP_E_INVALID },
		{ "\"agency\"", "\"custody\"", "\"custard\"", SP_E_INVALID },
		{ "\"agency\"", "\"paper\":\"a4\"", "\"paper\":\"b5\"",
		    SP_E_INVALID },
		{ "\"made\"", "2026-", "2026/", SP_E_INVALID },
		{ "\"act\":\"upload.created\"", "\"outcome\"", "\"outcame\"",
		    SP_OK }, /* an event is read when it is told */
		/* the checkpoint */
		{ "\"note\"", "\\n1000000\\n", "\\n0000000\\n", SP_E_INVALID },
		{ "\"note\"", "\\n1000000\\n", "\\n10000\\n\\n", SP_E_INVALID },
		{ "\"note\"", "harbor-pd/log", "harbor-pd/lag", SP_E_INVALID },
		{ "\"log_key\"", "harbor-pd/log", "harbor-pd/lag",
		    SP_E_INVALID },
	};
	const struct report_told t = told_plainly();

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		AUTO_REQUEST rq = { .size = 0 };
		struct sp_err err = { .code = SP_OK };

		request_life(&rq, &t, REPORT_A4, 4);
		change(&rq, rows[i].from, rows[i].what, rows[i].with);
		CHECK_CODE(read_it(&rq, &err), rows[i].code, &err);
	}
}

/* Items, entries and their numbers have to fit together. */
static void
what_is_not_whole_is_refused(void)
{
	static const struct report_said said = { "evidence.opened", "done",
		"192.0.2.1", "api", "token", NULL };
	const struct report_told t = told_plainly();
	struct sp_err err;

	for (unsigned i = 0; i < 8; i++) {
		AUTO_REQUEST rq = { .size = 0 };
		enum report_kind kind =
		    i == 6 ? REPORT_CERTIFICATION : REPORT_CUSTODY;

		request_begin(&rq, kind, REPORT_A4, t.agency);
		if (i != 0)
			request_item(&rq, &t, 9, i == 1 ? 3 : 2, 17);
		if (i == 2)
			request_item(&rq, &t, 8, 2, 18);
		if (i != 0)
			request_sealing(&rq, &t, 9, 17);
		if (i != 0)
			request_entry(&rq, 9,
			    i == 3       ? 17
				: i == 4 ? 16
				: i == 5 ? 1000000
					 : 18,
			    &said);
		report_wire_end(&rq.bytes);
		/* 0: nothing; 1: one entry too few; 2: two items; 3: an entry
		 * twice; 4: back; 5: past the checkpoint; 6 and 7 are whole */
		CHECK_CODE(read_it(&rq, &err),
		    i >= 6       ? SP_OK
			: i >= 3 ? SP_E_CORRUPT
				 : SP_E_INVALID,
		    &err);
	}
}

static void
too_many_are_refused(void)
{
	const struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	struct sp_err err;

	request_begin(&rq, REPORT_CERTIFICATION, REPORT_A4, t.agency);
	for (unsigned i = 0; i <= REPORT_ITEMS_MAX; i++) {
		request_item(&rq, &t, i, 1, i);
		request_sealing(&rq, &t, i, i);
	}
	report_wire_end(&rq.bytes);
	CHECK_CODE(read_it(&rq, &err), SP_E_INVALID, &err);
}

static void
events_that_lack_something_are_refused(void)
{
	static const char *const rows[] = { "", "[]", "7", "{}", "{\"act\":1}",
		"{\"act\":\"a\",\"actor\":{\"id\":\"x\",\"kind\":\"y\"},"
		"\"at\":\"z\",\"detail\":{},\"outcome\":\"o\"}",
		"{\"act\":\"a\",\"actor\":{\"id\":\"x\"},\"at\":\"z\","
		"\"detail\":{},\"outcome\":\"o\",\"source\":\"s\"}",
		"{\"act\":\"a\",\"actor\":{\"id\":\"x\",\"kind\":\"y\"},"
		"\"at\":\"z\",\"detail\":[],\"outcome\":\"o\",\"source\":"
		"\"s\"}" };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const struct report_entry e = { 5, rows[i], strlen(rows[i]) };
		REPORT_AUTO_EVENT event = { .json = NULL };
		struct sp_err err;

		CHECK(report_event_read(&event, &e, &err) != SP_OK);
		CHECK(event.json == NULL);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a request is read", a_request_is_read },
		{ "every truncation is refused", every_truncation_is_refused },
		{ "flipped bits do no harm", flipped_bits_do_no_harm },
		{ "what contradicts itself is refused",
		    what_contradicts_itself_is_refused },
		{ "what is not whole is refused",
		    what_is_not_whole_is_refused },
		{ "too many are refused", too_many_are_refused },
		{ "events that lack something are refused",
		    events_that_lack_something_are_refused },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
