#include "cmd/download.h"

#include "base/encode.h"
#include "base/file.h"
#include "crypto/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BODY_MAX 65536

struct run {
	const struct download *d;
	struct site_client *c;
	struct crypto_digest *hash;
	uint64_t at;
	bool headed; /* this exchange's head was looked at */
	const char *path;
	struct site_answer an;
};

static bool
has_value(const struct site_answer *an, const char *name, const char *want)
{
	size_t len = 0;
	const char *s = client_site_answer_header(an, name, &len);

	return s != NULL && len == strlen(want) && memcmp(s, want, len) == 0;
}

static enum sp_code
restart(struct run *r, struct sp_err *err)
{
	crypto_digest_free(r->hash);
	r->hash = crypto_digest_new(CRYPTO_SHA256);
	r->at = 0;
	if (r->hash == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	if (ftruncate(r->d->fd, 0) != 0)
		return sp_fail_os(err, "the file");
	return SP_OK;
}

/* Before the first byte of an answer is taken. */
static enum sp_code
look_at_head(struct run *r, const struct site_answer *an, struct sp_err *err)
{
	char etag[72];
	char range[80];

	(void)snprintf(etag, sizeof(etag), "\"%s\"", r->d->sha256);
	if (!has_value(an, "ETag", etag))
		return sp_fail(err, SP_E_CORRUPT,
		    "the site serves other content than the item's record "
		    "names (ETag)");
	if (an->status == 200)
		return r->at == 0 ? SP_OK : restart(r, err);
	(void)snprintf(range, sizeof(range),
	    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r->at, r->d->size - 1,
	    r->d->size);
	if (!has_value(an, "Content-Range", range))
		return sp_fail(err, SP_E_CORRUPT,
		    "the site serves another range than was asked for");
	return SP_OK;
}

static enum sp_code
take(void *arg, const struct site_answer *an, const void *bytes, size_t len,
    struct sp_err *err)
{
	struct run *r = arg;

	if (!r->headed)
		SP_TRY(look_at_head(r, an, err));
	r->headed = true;
	if (len > r->d->size - r->at)
		return sp_fail(err, SP_E_CORRUPT,
		    "the site sends more bytes than the item has");
	SP_TRY(sp_file_pwrite_all(r->d->fd, bytes, len, (off_t)r->at, err));
	crypto_digest_add(r->hash, bytes, len);
	r->at += len;
	if (r->d->progress != NULL)
		r->d->progress(r->d->progress_arg, r->at);
	return SP_OK;
}

static enum sp_code
ask(struct run *r, struct sp_err *err)
{
	struct site_sink sink = { .write = take, .arg = r };
	char range[48];
	char if_range[96];
	struct site_request rq = { .method = "GET",
		.path = r->path,
		.sink = &sink,
		.body_max = BODY_MAX };

	if (r->at > 0) {
		(void)snprintf(
		    range, sizeof(range), "Range: bytes=%" PRIu64 "-", r->at);
		(void)snprintf(if_range, sizeof(if_range), "If-Range: \"%s\"",
		    r->d->sha256);
		rq.header[0] = range;
		rq.header[1] = if_range;
	}
	r->headed = false;
	return client_site_once(r->c, &rq, &r->an, err);
}

/* One try.  SP_OK: all bytes are there.  Else why not, and whether another
 * try may do better. */
static enum sp_code
try_once(struct run *r, bool *again, struct sp_err *err)
{
	enum sp_code code = ask(r, err);
	bool answered =
	    code == SP_OK && (r->an.status == 200 || r->an.status == 206);

	/* A connection cut after the last byte has cut nothing. */
	if (r->at == r->d->size && (answered || r->at > 0))
		return SP_OK;
	*again = answered || client_site_passing(code, &r->an, err);
	if (answered)
		return sp_fail_as(err, SP_E_UNAVAIL, client_site_unreachable,
		    "the site sent %" PRIu64 " of %" PRIu64 " bytes", r->at,
		    r->d->size);
	return code == SP_OK ? client_site_answer_fail(&r->an, err) : code;
}

/* Until all bytes are there. */
static enum sp_code
fetch(struct run *r, struct sp_err *err)
{
	struct site_patience patience = client_site_patience_new(r->c);
	uint64_t highest = 0;

	for (;;) {
		bool again = false;
		enum sp_code code = try_once(r, &again, err);

		if (code == SP_OK || !again)
			return code;
		if (r->at > highest) {
			highest = r->at;
			client_site_patience_progress(&patience);
		}
		SP_TRY(client_site_patience_wait(
		    &patience, r->c, &r->an, err, err));
	}
}

static enum sp_code
compare(const struct run *r, struct sp_err *err)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];

	crypto_digest_get(r->hash, sum);
	sp_hex(sum, sizeof(sum), hex);
	if (strcmp(hex, r->d->sha256) != 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "the bytes have SHA-256 %.16s..., the record says %.16s...",
		    hex, r->d->sha256);
	return SP_OK;
}

enum sp_code
cmd_download_run(
    struct site_client *c, const struct download *d, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	struct run r = { .d = d, .c = c };
	enum sp_code code;

	const char *way = d->way == NULL ? "shares" : d->way;

	if (d->share == NULL)
		SP_TRY(client_site_path(
		    c, &path, err, "evidence/%s/content", d->id));
	else
		SP_TRY(client_site_path(c, &path, err,
		    "%s/%s/evidence/%s/content", way, d->share, d->id));
	r.path = sp_buf_str(&path);
	r.an = client_site_answer_new(BODY_MAX);
	code = restart(&r, err);
	if (code == SP_OK)
		code = fetch(&r, err);
	if (code == SP_OK)
		code = compare(&r, err);
	crypto_digest_free(r.hash);
	client_site_answer_done(&r.an);
	return code;
}
