#ifndef REPORT_FIXTURE_H
#define REPORT_FIXTURE_H

#include "base/encode.h"
#include "base/file.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/provider.h"
#include "crypto/secret.h"
#include "ledger/note.h"
#include "report/document.h"
#include "tap.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Requests to the press as a server makes them, of items and events that a
 * test thinks up; and the public tools (poppler, qpdf) that read the result.
 */
#define FIXTURE_ID   "0193a1b2-c3d4-7e5f-8a6b-00000000"
#define FIXTURE_KEEP "/tmp/sallyport-report" /* with SALLYPORT_TEST_KEEP */

struct report_told {
	const char *filename, *title, *device, *captured_at, *media_type;
	const char *category, *state;
	const char *extra; /* canonical JSON, NULL: none */
	const char *same;  /* canonical JSON, NULL: none */
	const char *agency;
	uint64_t size;
};

struct report_request {
	struct sp_buf bytes;
	struct sp_buf note, key;
	uint64_t size; /* of the log */
	struct sp_id by, bag;
	uint64_t next; /* index of the next entry */
};

static inline struct report_told
told_plainly(void)
{
	return (struct report_told){
		.filename = "stop “41”.mp4",
		.title = "Traffic stop, Harbor Drive",
		.device = "BWC-0417",
		.captured_at = "2026-11-21T12:31:07-05:00",
		.media_type = "video/mp4",
		.category = "traffic_stop",
		.state = "sealed",
		.agency = "Harbor Police Department",
		.size = 84112345,
	};
}

static inline struct sp_id
fixture_id(unsigned n)
{
	char text[SP_ID_TEXT];
	struct sp_id id;

	(void)snprintf(text, sizeof(text), FIXTURE_ID "%04x", n);
	CHECK(sp_id_parse(text, strlen(text), &id));
	return id;
}

/* A signed checkpoint of a log of `size` entries. */
static inline void
fixture_sign(struct report_request *rq, uint64_t size)
{
	uint8_t seed[CRYPTO_SIGN_SEED], pub[CRYPTO_SIGN_PUBLIC],
	    sig[CRYPTO_SIGN_LEN];
	struct crypto_secret *secret;
	struct ledger_checkpoint c = { .size = size };
	struct ledger_vkey key;
	struct sp_err err;

	memset(seed, 7, sizeof(seed));
	secret = crypto_secret_from(seed, sizeof(seed));
	CHECK(secret != NULL);
	CHECK_OK(crypto_sign_public(secret, pub, &err), &err);
	CHECK_OK(ledger_vkey_make("evidence.harbor-pd.example/v1/agencies/"
				  "harbor-pd/log",
		     pub, &key, &err),
	    &err);
	memcpy(c.origin, key.name, sizeof(c.origin));
	crypto_sha256(&size, sizeof(size), c.root.b);
	rq->note = sp_buf_new(LEDGER_NOTE_MAX);
	rq->key = sp_buf_new(1000);
	ledger_checkpoint_text(&c, &rq->note);
	CHECK_OK(
	    crypto_sign(secret, rq->note.at, rq->note.len, sig, &err), &err);
	sp_buf_text(&rq->note, "\n");
	ledger_note_sigline(&key, sig, &rq->note);
	ledger_vkey_text(&key, &rq->key);
	crypto_secret_free(secret);
	rq->size = size;
}

static inline void
request_begin(struct report_request *rq, enum report_kind document,
    enum report_paper paper, const char *agency)
{
	struct report_head h = {
		.document = document,
		.paper = paper,
		.agency = agency,
		.ori = "FL0130000",
		.state = "FL",
		.by = &rq->by,
		.role = "custodian",
	};

	*rq = (struct report_request){ .bytes = sp_buf_new(REPORT_REQUEST_MAX),
		.by = fixture_id(1),
		.bag = fixture_id(2) };
	h.bag = document == REPORT_CERTIFICATION ? &rq->bag : NULL;
	CHECK(sp_time_parse("2026-11-21T18:45:44.123456Z", 27, &h.made));
	fixture_sign(rq, 1000000);
	h.log_key = sp_buf_str(&rq->key);
	h.note = sp_buf_str(&rq->note);
	report_wire_head(&rq->bytes, &h);
}

static inline void
request_done(struct report_request *rq)
{
	sp_buf_free(&rq->bytes);
	sp_buf_free(&rq->note);
	sp_buf_free(&rq->key);
}
#define AUTO_REQUEST SP_CLEANUP(request_done) struct report_request

static inline void
json_or_null(struct sp_json *j, const char *name, const char *s)
{
	if (s == NULL)
		sp_json_null(j, name);
	else
		sp_json_str(j, name, s);
}

/* An item with `entries` entries, of which the one at `sealed` seals it. */
static inline void
request_item(struct report_request *rq, const struct report_told *t,
    unsigned id, uint64_t entries, uint64_t sealed)
{
	SP_AUTO_BUF text = sp_buf_new(1 << 20);
	struct sp_json j = sp_json_to(&text);
	char name[SP_ID_TEXT], by[SP_ID_TEXT];
	uint8_t sum[32];
	struct sp_id of = fixture_id(id), from = fixture_id(1);

	crypto_sha256(&id, sizeof(id), sum);
	sp_id_text(&of, name);
	sp_id_text(&from, by);
	sp_json_object(&j, NULL);
	json_or_null(&j, "captured_at", t->captured_at);
	sp_json_str(&j, "category", t->category);
	json_or_null(&j, "device", t->device);
	sp_json_int(&j, "entry", (int64_t)sealed);
	sp_json_raw(&j, "extra", t->extra == NULL ? "{}" : t->extra);
	sp_json_str(&j, "filename", t->filename);
	sp_json_str(&j, "id", name);
	sp_json_str(&j, "media_type", t->media_type);
	sp_json_str(&j, "received_at", "2026-11-21T17:40:02.000123Z");
	sp_json_raw(&j, "same_content", t->same == NULL ? "[]" : t->same);
	sp_json_hex(&j, "sha256", sum, sizeof(sum));
	sp_json_int(&j, "size", (int64_t)t->size);
	sp_json_str(&j, "state", t->state);
	json_or_null(&j, "title", t->title);
	sp_json_str(&j, "uploaded_by", by);
	sp_json_end(&j);
	CHECK(sp_buf_ok(&text));
	report_wire_item(&rq->bytes, entries, text.at, text.len);
}

struct report_said {
	const char *act, *outcome, *address, *source, *actor, *detail;
};

/* Entry `index` about item `id`, through the ledger's own writer, which takes
 * no act of another version: so that comes in afterwards. */
static inline void
request_entry(struct report_request *rq, unsigned id, uint64_t index,
    const struct report_said *said)
{
	static const char stand_in[] = "{\"act\":\"evidence.sealed\"";
	SP_AUTO_BUF written = sp_buf_new(LEDGER_ENTRY_MAX);
	SP_AUTO_BUF bytes = sp_buf_new(LEDGER_ENTRY_MAX);
	struct ledger_entry e = {
		.act = "evidence.sealed",
		.actor_kind = said->actor,
		.actor = fixture_id(1),
		.address = said->address,
		.agency = fixture_id(0),
		.object_kind = "evidence",
		.object = fixture_id(id),
		.source = said->source,
		.detail = said->detail,
		.outcome = LEDGER_DONE,
	};
	sp_time start = 0;
	struct sp_err err;

	CHECK(sp_time_parse("2026-11-21T17:40:00.000123Z", 27, &start));
	e.at = start + (sp_time)index * 7 * SP_SECOND;
	if (strcmp(said->outcome, "refused") == 0)
		e.outcome = LEDGER_REFUSED;
	if (strcmp(said->outcome, "failed") == 0)
		e.outcome = LEDGER_FAILED;
	CHECK_OK(ledger_entry_write(&e, &written, &err), &err);
	CHECK(
	    strncmp(sp_buf_str(&written), stand_in, sizeof(stand_in) - 1) == 0);
	sp_buf_fmt(&bytes, "{\"act\":\"%s\"%s", said->act,
	    sp_buf_str(&written) + sizeof(stand_in) - 1);
	report_wire_entry(&rq->bytes, index, bytes.at, bytes.len);
}

static inline void
request_sealing(struct report_request *rq, const struct report_told *t,
    unsigned id, uint64_t index)
{
	struct report_said said = { "evidence.sealed", "done", "192.0.2.17",
		"api", "token", NULL };
	SP_AUTO_BUF detail = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&detail);
	uint8_t sum[32];

	crypto_sha256(&id, sizeof(id), sum);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "media_type", t->media_type);
	sp_json_hex(&j, "sha256", sum, sizeof(sum));
	sp_json_int(&j, "size", (int64_t)t->size);
	sp_json_end(&j);
	CHECK(sp_buf_ok(&detail));
	said.detail = sp_buf_str(&detail);
	request_entry(rq, id, index, &said);
}

/* What an item's life looks like, over and over. */
static const struct report_said fixture_life[] = {
	{ "evidence.opened", "done", "192.0.2.41", "api", "token", NULL },
	{ "evidence.closed", "done", "192.0.2.41", "api", "token",
	    "{\"bytes\":84112345,\"opened\":19}" },
	{ "gate.denied", "refused", "2001:db8:1f:22:9abc:def0:1234:5678", "api",
	    "token",
	    "{\"act\":\"evidence.view\",\"code\":\"role\",\"stands_for\":12}" },
	{ "evidence.exported", "done", "198.51.100.200", "api", "token", NULL },
	{ "evidence.opened", "done", "192.0.2.41", "api", "token", NULL },
	{ "evidence.closed", "failed", NULL, "repair", "site",
	    "{\"opened\":23}" },
	{ "evidence.corrupt", "failed", NULL, "site", "site", NULL },
	{ "evidence.redacted", "done", "192.0.2.8", "console", "person",
	    "{\"faces\":3,\"plates\":[\"a\",\"b\"]}" },
};

/* A whole custody request with `n` entries. */
static inline void
request_life(struct report_request *rq, const struct report_told *t,
    enum report_paper paper, uint64_t n)
{
	static const struct report_said created = { "upload.created", "done",
		"192.0.2.17", "api", "token", NULL };

	request_begin(rq, REPORT_CUSTODY, paper, t->agency);
	request_item(rq, t, 9, n, 17);
	request_entry(rq, 9, 16, &created);
	request_sealing(rq, t, 9, 17);
	for (uint64_t i = 2; i < n; i++)
		request_entry(rq, 9, 16 + i,
		    &fixture_life[(i - 2) % SP_COUNTOF(fixture_life)]);
	report_wire_end(&rq->bytes);
	CHECK(sp_buf_ok(&rq->bytes));
}

/* --- the result, through public tools --- */

/* Run a command in a shell; its output, and true when it exits with 0. */
static inline bool
fixture_shell(const char *command, struct sp_buf *out)
{
	char bytes[4096];
	FILE *p;
	size_t n;

	(void)fflush(stdout);
	p = popen(command, "re"); // NOLINT(cert-env33-c): words of this test
	CHECK(p != NULL);
	while ((n = fread(bytes, 1, sizeof(bytes), p)) > 0)
		sp_buf_add(out, bytes, n);
	return pclose(p) == 0;
}

/* A PDF on the disk. */
struct report_file {
	char path[120];
};

static inline void
file_of(struct report_file *f, const char *name, const struct sp_buf *pdf)
{
	const char *keep = getenv("SALLYPORT_TEST_KEEP"); // NOLINT
	struct sp_err err;
	SP_AUTO_FD fd = -1;

	if (keep != NULL)
		(void)snprintf(
		    f->path, sizeof(f->path), FIXTURE_KEEP "-%s.pdf", name);
	else
		(void)snprintf(
		    f->path, sizeof(f->path), FIXTURE_KEEP "-XXXXXX");
	fd = keep != NULL
	    ? open(f->path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)
	    : mkostemp(f->path, O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_OK(sp_file_write_all(fd, pdf->at, pdf->len, &err), &err);
}

static inline void
file_done(struct report_file *f)
{
	if (getenv("SALLYPORT_TEST_KEEP") == NULL) // NOLINT
		(void)unlink(f->path);
}
#define AUTO_FILE SP_CLEANUP(file_done) struct report_file

/* A tool over it; `tool` holds one %s. */
static inline bool
file_through(const struct report_file *f, const char *before, const char *after,
    struct sp_buf *out)
{
	char command[400];

	(void)snprintf(
	    command, sizeof(command), "%s %s %s 2>&1", before, f->path, after);
	return fixture_shell(command, out);
}

static inline unsigned
file_pages(const struct report_file *f)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	const char *line;
	unsigned n = 0;

	CHECK(file_through(f, "pdfinfo", "", &out));
	line = strstr(sp_buf_str(&out), "\nPages:");
	CHECK(line != NULL);
	for (line += 7; *line == ' '; line++)
		;
	for (; isdigit((unsigned char)*line); line++)
		n = n * 10 + (unsigned)(*line - '0');
	return n;
}

/* Valid for a reader that is not ours. */
static inline void
file_is_valid(const struct report_file *f)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 20);

	if (!file_through(f, "qpdf --check", "", &out))
		tap_fail(__FILE__, __LINE__, "qpdf", sp_buf_str(&out));
}

static inline void
one_space(const struct sp_buf *raw, struct sp_buf *out)
{
	bool space = false;

	for (size_t i = 0; i < raw->len; i++) {
		bool is = isspace(raw->at[i]) != 0;

		if (!is)
			sp_buf_u8(out, raw->at[i]);
		else if (!space)
			sp_buf_u8(out, ' ');
		space = is;
	}
	CHECK(sp_buf_ok(out));
}

/* The text, in the order of the page, with spaces and lines as one space. */
static inline void
file_text(const struct report_file *f, struct sp_buf *out)
{
	SP_AUTO_BUF raw = sp_buf_new((size_t)64 << 20);

	CHECK(file_through(f, "pdftotext", "-", &raw));
	one_space(&raw, out);
}

/* The same without any space: for words that were parted. */
static inline void
file_bare(const struct report_file *f, struct sp_buf *out)
{
	SP_AUTO_BUF text = sp_buf_new((size_t)64 << 20);

	file_text(f, &text);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != ' ')
			sp_buf_u8(out, text.at[i]);
	CHECK(sp_buf_ok(out));
}

#endif
