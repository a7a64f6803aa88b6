#include "cmd/download.h"

#include "base/encode.h"
#include "base/parse.h"
#include "client/fake.h"
#include "crypto/digest.h"
#include "crypto/provider.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 300
#define PATH                                                                   \
	"/v1/agencies/harbor-pd/evidence/0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee" \
	"/content"

/* A site that serves one item and may misbehave. */
struct item {
	uint8_t bytes[SIZE];
	char sha256[65];
	/* per request: break after so many bytes; the last stays */
	const uint64_t *cut;
	size_t cuts;
	unsigned status;      /* refuse with this */
	bool no_ranges;       /* 200 for all */
	bool wrong_range;     /* other bytes than asked for */
	const char *etag;     /* in place of the true one */
	unsigned change_etag; /* from this request on */
	uint64_t extra;       /* bytes after the end */
	bool flip;
	unsigned ranges;
};

static uint64_t
asked_from(const struct item *it, const struct site_request *rq)
{
	const char *range = fake_header(rq, "Range");
	const char *condition = fake_header(rq, "If-Range");
	uint64_t from = 0;

	if (range == NULL)
		return 0;
	CHECK(condition != NULL && strlen(condition) == 66);
	CHECK(memcmp(condition + 1, it->sha256, 64) == 0);
	CHECK(strncmp(range, "bytes=", 6) == 0);
	CHECK(range[strlen(range) - 1] == '-');
	CHECK(sp_parse_u64(range + 6, strlen(range) - 7, 1, SIZE, &from));
	return from;
}

static enum sp_code
send_bytes(struct item *it, const struct site_request *rq,
    struct site_answer *an, uint64_t from, uint64_t cut, struct sp_err *err)
{
	uint64_t end = SIZE + it->extra;
	uint8_t piece[7];

	for (uint64_t at = from; at < end;) {
		size_t n = 0;

		for (; n < sizeof(piece) && at < end && at - from < cut; at++)
			piece[n++] = (uint8_t)(it->bytes[at % SIZE] ^
			    (it->flip && at == SIZE / 2));
		if (n == 0)
			return fake_cut(err);
		SP_TRY(rq->sink->write(rq->sink->arg, an, piece, n, err));
	}
	return SP_OK;
}

static enum sp_code
serve(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	struct item *it = f->arg;
	uint64_t cut = UINT64_MAX;
	uint64_t from = asked_from(it, rq);
	const char *etag = it->sha256;

	CHECK(strcmp(rq->path, PATH) == 0);
	if (it->cuts > 0)
		cut = it->cut[f->requests - 1 < it->cuts ? f->requests - 1
							 : it->cuts - 1];
	if (it->status != 0)
		return fake_status(an, it->status);
	if (it->etag != NULL && f->requests >= it->change_etag)
		etag = it->etag;
	if (it->no_ranges)
		from = 0;
	an->status = from > 0 ? 206 : 200;
	it->ranges += from > 0;
	sp_buf_fmt(&an->head, "ETag: \"%s\"\r\n", etag);
	if (from > 0)
		sp_buf_fmt(&an->head,
		    "Content-Range: bytes %" PRIu64 "-%d/%d\r\n",
		    from - it->wrong_range, SIZE - 1, SIZE);
	return send_bytes(it, rq, an, from, cut, err);
}

static enum sp_code
run(struct item *it, unsigned *requests, uint8_t *got, size_t *got_len,
    struct sp_err *err)
{
	struct fake f = { .serve = serve, .arg = it };
	struct site_client c = fake_client(&f);
	int fd = memfd_create("download", MFD_CLOEXEC);
	struct download d = { .id = "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee",
		.size = SIZE,
		.sha256 = it->sha256,
		.fd = fd };

	CHECK(fd >= 0);
	enum sp_code code = cmd_download_run(&c, &d, err);
	ssize_t n = pread(fd, got, (size_t)2 * SIZE, 0);

	CHECK(n >= 0);
	*got_len = (size_t)n;
	*requests = f.requests;
	CHECK(close(fd) == 0);
	client_site_done(&c);
	return code;
}

static struct item
make_item(void)
{
	struct item it = { .status = 0 };
	uint8_t sum[CRYPTO_SHA256_LEN];

	for (size_t i = 0; i < SIZE; i++)
		it.bytes[i] = (uint8_t)(i * 7 + i / 31);
	crypto_sha256(it.bytes, SIZE, sum);
	sp_hex(sum, sizeof(sum), it.sha256);
	return it;
}

static void
check_good(struct item *it, unsigned want_requests)
{
	uint8_t got[2 * SIZE];
	size_t len = 0;
	unsigned requests = 0;
	struct sp_err err;

	CHECK_OK(run(it, &requests, got, &len, &err), &err);
	CHECK(len == SIZE && memcmp(got, it->bytes, SIZE) == 0);
	CHECK(want_requests == 0 || requests == want_requests);
}

/* Property: cut at any byte it goes on from there. */
static void
it_goes_on_after_a_cut_at_any_byte(void)
{
	for (uint64_t at = 0; at <= SIZE; at++) {
		uint64_t cut[] = { at, UINT64_MAX };
		struct item it = make_item();

		it.cut = cut;
		it.cuts = 2;
		check_good(&it, at == SIZE ? 1 : 2);
		CHECK(it.ranges == (at > 0 && at < SIZE));
	}
	/* Seven bytes at a time, forty-three times: each is progress. */
	uint64_t little = 7;
	struct item it = make_item();

	it.cut = &little;
	it.cuts = 1;
	check_good(&it, SIZE / 7 + 1);
}

static void
without_ranges_it_begins_again(void)
{
	uint64_t cut[] = { 100, 200, UINT64_MAX };
	struct item it = make_item();

	it.cut = cut;
	it.cuts = 3;
	it.no_ranges = true;
	check_good(&it, 3);

	/* And if it never gets to the end: not for ever. */
	uint64_t never = 100;
	uint8_t got[2 * SIZE];
	size_t len;
	unsigned requests;
	struct sp_err err;

	it.cut = &never;
	it.cuts = 1;
	CHECK(run(&it, &requests, got, &len, &err) == SP_E_UNAVAIL);
	CHECK(requests <= PATIENCE_TRIES + 1);
}

static void
what_a_lying_site_sends_is_not_taken(void)
{
	static const uint64_t cut[] = { 100, UINT64_MAX };
	uint8_t got[2 * SIZE];
	size_t len;
	unsigned requests;
	struct sp_err err;
	struct item it = make_item();

	it.flip = true;
	CHECK_CODE(run(&it, &requests, got, &len, &err), SP_E_CORRUPT, &err);
	it = make_item();
	it.extra = 1;
	CHECK_CODE(run(&it, &requests, got, &len, &err), SP_E_CORRUPT, &err);
	it.extra = 100000;
	CHECK_CODE(run(&it, &requests, got, &len, &err), SP_E_CORRUPT, &err);
	CHECK(len <= SIZE); /* the disk is not filled */
	it = make_item();
	it.etag = "other";
	CHECK_CODE(run(&it, &requests, got, &len, &err), SP_E_CORRUPT, &err);
	CHECK(len == 0);
	it.cut = cut;
	it.cuts = 2;
	it.change_etag = 2;
	CHECK_CODE(run(&it, &requests, got, &len, &err), SP_E_CORRUPT, &err);
	it = make_item();
	it.cut = cut;
	it.cuts = 2;
	it.wrong_range = true;
	CHECK_CODE(run(&it, &requests, got, &len, &err), SP_E_CORRUPT, &err);
}

static void
a_refusal_ends_it_and_a_pause_does_not(void)
{
	static const struct {
		unsigned status;
		enum sp_code code;
		unsigned requests;
	} rows[] = {
		{ 401, SP_E_UNKNOWN, 1 },
		{ 403, SP_E_DENIED, 1 },
		{ 404, SP_E_NOTFOUND, 1 },
		{ 416, SP_E_INVALID, 1 },
		{ 302, SP_E_INVALID, 1 },
		{ 503, SP_E_UNAVAIL, PATIENCE_TRIES },
		{ 500, SP_E_UNAVAIL, PATIENCE_TRIES },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct item it = make_item();
		uint8_t got[2 * SIZE];
		size_t len;
		unsigned requests;
		struct sp_err err;

		it.status = rows[i].status;
		CHECK_CODE(
		    run(&it, &requests, got, &len, &err), rows[i].code, &err);
		CHECK(requests == rows[i].requests && len == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "it goes on after a cut at any byte",
		    it_goes_on_after_a_cut_at_any_byte },
		{ "without ranges it begins again",
		    without_ranges_it_begins_again },
		{ "what a lying site sends is not taken",
		    what_a_lying_site_sends_is_not_taken },
		{ "a refusal ends it and a pause does not",
		    a_refusal_ends_it_and_a_pause_does_not },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
