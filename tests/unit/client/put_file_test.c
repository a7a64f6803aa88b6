#include "client/put_file.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "fake_log.h"
#include "scratch.h"

#include <dirent.h>

#define ID   "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define BASE "/v1/agencies/harbor-pd/"

/* A site that takes a file and answers with a receipt, true or not. */
struct site {
	struct fake_log log;       /* of one entry */
	const char *sealed_sha256; /* NULL: of what came */
	const char *sealed_id;
	int64_t size_off;
	unsigned receipt_status; /* 0: 200 */
	bool refuses;            /* 460 at the end */
	/* what came */
	char metadata[2048];
	uint8_t bytes[256];
	size_t len;
	bool done;
	char entry[1024];
};

static enum sp_code
create(struct site *s, const struct site_request *rq, struct site_answer *an)
{
	(void)snprintf(s->metadata, sizeof(s->metadata), "%s",
	    fake_header(rq, "Upload-Metadata"));
	s->len = 0;
	an->status = 201;
	sp_buf_fmt(&an->head, "Location: " BASE "uploads/" ID "\n");
	return SP_OK;
}

static enum sp_code
patch(struct site *s, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	size_t got = 0;

	CHECK(rq->source->len <= sizeof(s->bytes));
	SP_TRY(rq->source->read(rq->source->arg, rq->source->at, s->bytes,
	    (size_t)rq->source->len, &got, err));
	s->len = got;
	if (s->refuses)
		return fake_status(an, 460);
	s->done = true;
	an->status = 204;
	sp_buf_fmt(
	    &an->head, "Upload-Offset: %zu\nSallyport-Evidence: " ID "\n", got);
	return SP_OK;
}

static enum sp_code
head(const struct site *s, struct site_answer *an)
{
	if (!s->done)
		return fake_status(an, 404);
	an->status = 200;
	sp_buf_fmt(&an->head,
	    "Upload-Length: %zu\nUpload-Offset: %zu\n"
	    "Sallyport-Evidence: " ID "\n",
	    s->len, s->len);
	return SP_OK;
}

static void
seal(struct site *s)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[65];

	crypto_sha256(s->bytes, s->len, sum);
	sp_hex(sum, sizeof(sum), hex);
	(void)snprintf(s->entry, sizeof(s->entry),
	    "{\"act\":\"evidence.sealed\",\"detail\":{\"sha256\":\"%s\","
	    "\"size\":%" PRId64 "},\"object\":{\"id\":\"%s\",\"kind\":"
	    "\"evidence\"}}",
	    s->sealed_sha256 == NULL ? hex : s->sealed_sha256,
	    (int64_t)s->len + s->size_off,
	    s->sealed_id == NULL ? ID : s->sealed_id);
	s->log.at.size = 1;
	ledger_merkle_leaf(s->entry, strlen(s->entry), &s->log.at.root);
}

static enum sp_code
receipt(struct site *s, const char *name, struct site_answer *an)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_path path = { .n = 0 };

	if (s->receipt_status != 0)
		return fake_status(an, s->receipt_status);
	seal(s);
	if (strcmp(name, "evidence/" ID "/receipt/entry") == 0)
		return fake_text(an, s->entry);
	CHECK(strcmp(name, "evidence/" ID "/receipt") == 0);
	log_note(&s->log, &note);
	an->status = 200;
	ledger_proof_text(0, &path, sp_buf_str(&note), &an->body);
	return SP_OK;
}

static enum sp_code
serve(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	struct site *s = f->arg;
	const char *name = rq->path + strlen(BASE);

	CHECK(strncmp(rq->path, BASE, strlen(BASE)) == 0);
	if (strcmp(rq->method, "POST") == 0)
		return create(s, rq, an);
	if (strcmp(rq->method, "PATCH") == 0)
		return patch(s, rq, an, err);
	if (strcmp(rq->method, "HEAD") == 0)
		return head(s, an);
	if (strncmp(name, "evidence/", 9) == 0)
		return receipt(s, name, an);
	CHECK(strcmp(name, "log/key") == 0);
	ledger_vkey_text(&s->log.key, &an->body);
	return fake_status(an, 200);
}

/* Files in the folder of remembered uploads. */
static size_t
remembered(void)
{
	DIR *d = opendir(scratch(".local/state/sallyport/uploads"));
	size_t n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	CHECK(closedir(d) == 0);
	return n - 2;
}

static bool interrupted;

static bool
is_interrupted(void)
{
	return interrupted;
}

static enum sp_code
run(struct site *s, struct put_done *out, unsigned *requests,
    struct sp_err *err)
{
	struct fake f = { .serve = serve, .arg = s };
	struct site_client c = fake_client(&f);
	struct settings settings = { .site = sp_buf_new(100) };
	LOG_AUTO_MEMORY log = log_known(&s->log);
	struct put_options o = { .client = &c,
		.settings = &settings,
		.log = &log,
		.interrupted = is_interrupted };

	sp_buf_text(&settings.site, "https://site.example");
	enum sp_code code = client_put_file(&o, scratch("clip.mp4"), out, err);

	*requests = f.requests;
	client_settings_done(&settings);
	client_site_done(&c);
	return code;
}

static void
a_file_is_stored_when_its_receipt_says_so(void)
{
	static struct site s;
	struct put_done d;
	struct sp_err err;
	unsigned requests;
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[65];

	log_init(&s.log, 1);
	CHECK_OK(run(&s, &d, &requests, &err), &err);
	crypto_sha256("thirteen byte", 13, sum);
	sp_hex(sum, sizeof(sum), hex);
	CHECK(strcmp(d.sha256, hex) == 0 && d.size == 13);
	CHECK(strcmp(d.result.evidence, ID) == 0);
	CHECK(s.len == 13 && memcmp(s.bytes, "thirteen byte", 13) == 0);
	CHECK(remembered() == 0);

	/* The SHA-256 was declared before the first byte. */
	SP_AUTO_BUF declared = sp_buf_new(200);

	sp_buf_text(&declared, "sha256 ");
	sp_buf_base64(&declared, hex, 64);
	CHECK(strstr(s.metadata, sp_buf_str(&declared)) != NULL);
	client_put_done_free(&d);
	log_done(&s.log);
}

/* A site that took the bytes and says it sealed others, or proves nothing:
 * nothing is told as stored, and the next run asks again. */
static void
a_receipt_that_lies_is_not_taken(void)
{
	static const struct {
		const char *sha256, *id;
		int64_t size_off;
		unsigned status;
		enum sp_code code;
	} rows[] = {
		{ "0000000000000000000000000000000000000000000000000000000000"
		  "000000",
		    NULL, 0, 0, SP_E_CORRUPT },
		{ NULL, "0190aaaa-bbbb-7ccc-8ddd-000000000000", 0, 0,
		    SP_E_CORRUPT },
		{ NULL, NULL, 1, 0, SP_E_CORRUPT },
		{ NULL, NULL, -1, 0, SP_E_CORRUPT },
		{ NULL, NULL, 0, 404, SP_E_NOTFOUND },
		{ NULL, NULL, 0, 403, SP_E_DENIED },
	};
	static struct site s;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct put_done d;
		struct sp_err err;
		unsigned requests;

		s = (struct site){ .sealed_sha256 = rows[i].sha256,
			.sealed_id = rows[i].id,
			.size_off = rows[i].size_off,
			.receipt_status = rows[i].status };
		log_init(&s.log, 1);
		CHECK_CODE(run(&s, &d, &requests, &err), rows[i].code, &err);
		CHECK(remembered() == 1);

		/* The site has put itself right: no byte is sent again. */
		s.sealed_sha256 = NULL;
		s.sealed_id = NULL;
		s.size_off = 0;
		s.receipt_status = 0;
		CHECK_OK(run(&s, &d, &requests, &err), &err);
		CHECK(requests == 4); /* HEAD, key, receipt, entry */
		CHECK(remembered() == 0);
		client_put_done_free(&d);
		log_done(&s.log);
	}
}

static void
a_file_that_is_refused_is_forgotten(void)
{
	static struct site s = { .refuses = true };
	struct put_done d;
	struct sp_err err;
	unsigned requests;

	log_init(&s.log, 1);
	CHECK_CODE(run(&s, &d, &requests, &err), SP_E_MISMATCH, &err);
	CHECK(err.reason == client_site_refused && remembered() == 0);
	log_done(&s.log);
}

static void
reading_a_long_file_can_be_interrupted(void)
{
	static struct site s;
	struct put_done d;
	struct sp_err err;
	unsigned requests;

	log_init(&s.log, 1);
	interrupted = true;
	CHECK_CODE(run(&s, &d, &requests, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_interrupted && requests == 0);
	interrupted = false;
	log_done(&s.log);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a file is stored when its receipt says so",
		    a_file_is_stored_when_its_receipt_says_so },
		{ "a receipt that lies is not taken",
		    a_receipt_that_lies_is_not_taken },
		{ "a file that is refused is forgotten",
		    a_file_that_is_refused_is_forgotten },
		{ "reading a long file can be interrupted",
		    reading_a_long_file_can_be_interrupted },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	scratch_write("clip.mp4", "thirteen byte", 0644);
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
