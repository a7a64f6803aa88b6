#include "client/put_file.h"
#include "client/receipt.h"

#include "base/encode.h"
#include "fake_log.h"
#include "ledger/entry.h"

#define ID  "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define SUM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ENTRY(act, kind, id, detail)                                           \
	"{\"act\":\"" act "\",\"detail\":" detail ",\"object\":{\"id\":\"" id  \
	"\",\"kind\":\"" kind "\"}}"
#define GOOD                                                                   \
	ENTRY("evidence.sealed", "evidence", ID,                               \
	    "{\"sha256\":\"" SUM "\",\"size\":7}")

/* A receipt for `entry` in a log that holds it alone. */
static struct receipt
make(struct fake_log *l, const char *entry)
{
	struct receipt r = client_receipt_new();
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_path path = { .n = 0 };

	l->at.size = 1;
	ledger_merkle_leaf(entry, strlen(entry), &l->at.root);
	log_note(l, &note);
	sp_buf_text(&r.entry, entry);
	ledger_proof_text(0, &path, sp_buf_str(&note), &r.proof);
	CHECK(sp_buf_ok(&r.entry) && sp_buf_ok(&r.proof));
	return r;
}

static void
a_receipt_says_what_was_sealed(void)
{
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 1);
	LOG_AUTO_MEMORY m = log_known(&l);
	RECEIPT_AUTO r = make(&l, GOOD);

	CHECK_OK(client_receipt_check(&r, &m, ID, &err), &err);
	CHECK(r.index == 0 && r.size == 7 && strcmp(r.sha256, SUM) == 0);
	CHECK_OK(client_receipt_covers(&r, SUM, 7, &err), &err);
	CHECK(client_receipt_covers(&r, SUM, 8, &err) == SP_E_CORRUPT);
	CHECK(client_receipt_covers(&r, "00", 7, &err) == SP_E_CORRUPT);
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

	log_note(&l, &note);
	CHECK(strcmp(client_receipt_note(&r), sp_buf_str(&note)) == 0);
	json_t *j = client_receipt_json(&r);

	CHECK(json_integer_value(json_object_get(j, "log_size")) == 1);
	json_decref(j);
	log_done(&l);
}

static void
a_receipt_for_something_else_is_none(void)
{
	static const char *const other[] = {
		ENTRY("evidence.viewed", "evidence", ID,
		    "{\"sha256\":\"" SUM "\",\"size\":7}"),
		ENTRY("evidence.sealed", "upload", ID,
		    "{\"sha256\":\"" SUM "\",\"size\":7}"),
		ENTRY("evidence.sealed", "evidence",
		    "0190aaaa-bbbb-7ccc-8ddd-000000000000",
		    "{\"sha256\":\"" SUM "\",\"size\":7}"),
		ENTRY("evidence.sealed", "evidence", ID, "{}"),
		ENTRY("evidence.sealed", "evidence", ID,
		    "{\"sha256\":\"00\",\"size\":7}"),
		ENTRY("evidence.sealed", "evidence", ID,
		    "{\"sha256\":\"" SUM "\"}"),
		ENTRY("evidence.sealed", "evidence", ID,
		    "{\"sha256\":\"" SUM "\",\"size\":-7}"),
		ENTRY("evidence.sealed", "evidence", ID,
		    "{\"sha256\":\"" SUM "\",\"size\":\"7\"}"),
		ENTRY("evidence.sealed", "evidence", ID,
		    "{\"sha256\":\"" SUM "\",\"size\":7,\"size\":8}"),
		ENTRY("evidence.sealed", "evidence", ID, "null"),
		"not JSON",
		"[]",
		"",
	};
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 1);
	LOG_AUTO_MEMORY m = log_known(&l);

	for (size_t i = 0; i < SP_COUNTOF(other); i++) {
		RECEIPT_AUTO r = make(&l, other[i]);

		CHECK_CODE(
		    client_receipt_check(&r, &m, ID, &err), SP_E_CORRUPT, &err);
	}
	log_done(&l);
}

/* Property: no byte of it can be other than it is. */
static void
a_changed_receipt_proves_nothing(void)
{
	struct fake_log l;
	struct fake_log impostor;
	struct sp_err err;

	log_init(&l, 1);
	log_init(&impostor, 1);
	LOG_AUTO_MEMORY m = log_known(&l);
	RECEIPT_AUTO r = make(&l, GOOD);

	for (size_t i = 0; i < r.proof.len; i++) {
		r.proof.at[i] ^= 1;
		CHECK(client_receipt_check(&r, &m, ID, &err) != SP_OK);
		r.proof.at[i] ^= 1;
	}
	for (size_t i = 0; i < r.entry.len; i++) {
		r.entry.at[i] ^= 1;
		CHECK(client_receipt_check(&r, &m, ID, &err) != SP_OK);
		r.entry.at[i] ^= 1;
	}
	CHECK_OK(client_receipt_check(&r, &m, ID, &err), &err);
	RECEIPT_AUTO forged = make(&impostor, GOOD);

	CHECK_CODE(
	    client_receipt_check(&forged, &m, ID, &err), SP_E_CORRUPT, &err);
	/* This machine has seen a longer log. */
	m.seen.size = 2;
	CHECK_CODE(client_receipt_check(&r, &m, ID, &err), SP_E_CORRUPT, &err);
	log_done(&l);
	log_done(&impostor);
}

static void
metadata_is_what_tus_wants(void)
{
	struct put_options o = { .title = "Verkehr, Süd",
		.category = "traffic",
		.captured_at = "2026-03-01T22:15:00Z" };
	SP_AUTO_BUF out = sp_buf_new(8192);
	SP_AUTO_BUF tiny = sp_buf_new(20);
	struct sp_err err;

	CHECK_OK(
	    client_put_file_metadata(&o, "/mnt/card/clip.MP4", SUM, &out, &err),
	    &err);
	CHECK(strcmp(sp_buf_str(&out),
		  "filename Y2xpcC5NUDQ=,filetype dmlkZW8vbXA0,"
		  "title VmVya2VociwgU8O8ZA==,category dHJhZmZpYw==,"
		  "captured_at MjAyNi0wMy0wMVQyMjoxNTowMFo=,"
		  "sha256 MDAwMTAyMDMwNDA1MDYwNzA4MDkwYTBiMGMwZDBlMGYxMDExMTIx"
		  "MzE0MTUxNjE3MTgxOTFhMWIxYzFkMWUxZg==") == 0);
	CHECK(
	    client_put_file_metadata(&o, "x", SUM, &tiny, &err) == SP_E_LIMIT);
}

static void
types_follow_from_names(void)
{
	static const char *const rows[][2] = {
		{ "clip.mp4", "video/mp4" },
		{ "CLIP.MOV", "video/quicktime" },
		{ "a.b.jpeg", "image/jpeg" },
		{ "report.pdf", "application/pdf" },
		{ "mp4", "application/octet-stream" },
		{ "clip.mp4.", "application/octet-stream" },
		{ "", "application/octet-stream" },
		{ "page.html", "application/octet-stream" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(
		    strcmp(client_put_file_type(rows[i][0]), rows[i][1]) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a receipt says what was sealed",
		    a_receipt_says_what_was_sealed },
		{ "a receipt for something else is none",
		    a_receipt_for_something_else_is_none },
		{ "a changed receipt proves nothing",
		    a_changed_receipt_proves_nothing },
		{ "metadata is what tus wants", metadata_is_what_tus_wants },
		{ "types follow from names", types_follow_from_names },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
