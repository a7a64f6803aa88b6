#include "client/put_upload.h"
#include "fake.h"

#include "base/parse.h"

#include <stdlib.h>

#define UPLOADS       "/v1/agencies/harbor-pd/uploads"
#define FIRST_ID      "01900000-0000-7000-8000-000000000000"
#define EVIDENCE      "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define SIZE_MAX_TEST 4096

/* What goes wrong at one request. */
enum trouble {
	NONE,
	CUT_BEFORE, /* nothing of the request arrives */
	CUT_IN,     /* `take` bytes of the body arrive */
	CUT_AFTER,  /* it is done, the answer is lost */
	STATUS,     /* refused with `status` */
	LOSE,       /* the upload is gone: 404 */
	BACK,       /* done, but the upload then falls back to `take` */
};

struct fault {
	unsigned at; /* request number, from 1 on; 0: every one */
	enum trouble trouble;
	unsigned status;
	uint64_t take;
	const char *retry_after;
};

/* A tus server that keeps one upload. */
struct tus {
	const struct fault *fault;
	size_t faults;
	char id[SP_ID_TEXT];
	bool exists;
	unsigned creates, heads, patches;
	char once[64]; /* Idempotency-Key of the upload there is */
	uint64_t length;
	uint64_t offset;
	uint8_t bytes[SIZE_MAX_TEST];
	uint64_t largest; /* body of a PATCH */
	/* lies */
	bool no_location, no_evidence, no_offset, bad_evidence;
	const char *location; /* in place of the true one */
	uint64_t claim_more;  /* added to offsets told */
	uint64_t other_length;
};

static const struct fault *
fault_now(const struct tus *t, unsigned request)
{
	static const struct fault none = { .trouble = NONE };

	for (size_t i = 0; i < t->faults; i++)
		if (t->fault[i].at == request || t->fault[i].at == 0)
			return &t->fault[i];
	return &none;
}

static uint64_t
number(const char *s)
{
	uint64_t v = 0;

	CHECK(s != NULL && sp_parse_u64(s, strlen(s), 0, UINT64_MAX, &v));
	return v;
}

static void
tell_upload(const struct tus *t, struct site_answer *an)
{
	if (!t->no_offset)
		sp_buf_fmt(&an->head, "Upload-Offset: %" PRIu64 "\r\n",
		    t->offset + t->claim_more);
	if (t->offset == t->length && !t->no_evidence)
		sp_buf_fmt(&an->head, "Sallyport-Evidence: %s\r\n",
		    t->bad_evidence ? "../../x" : EVIDENCE);
}

static enum sp_code
create(struct tus *t, const struct site_request *rq, struct site_answer *an)
{
	const char *once = fake_header(rq, "Idempotency-Key");

	if (once != NULL && t->exists && strcmp(once, t->once) == 0) {
		an->status = 201;
		sp_buf_fmt(&an->head, "Location: %s/%s\r\n", UPLOADS, t->id);
		tell_upload(t, an);
		return SP_OK;
	}
	(void)snprintf(
	    t->once, sizeof(t->once), "%s", once == NULL ? "" : once);
	t->exists = true;
	t->offset = 0;
	t->length = number(fake_header(rq, "Upload-Length"));
	(void)snprintf(t->id, sizeof(t->id), FIRST_ID);
	t->id[35] = (char)('0' + t->creates++ % 10);
	an->status = 201;
	if (!t->no_location)
		sp_buf_fmt(&an->head, "Location: %s%s\r\n",
		    t->location == NULL ? UPLOADS "/" : t->location, t->id);
	tell_upload(t, an);
	return SP_OK;
}

static enum sp_code
head(struct tus *t, struct site_answer *an)
{
	t->heads++;
	an->status = 200;
	sp_buf_fmt(&an->head, "Upload-Length: %" PRIu64 "\r\n",
	    t->other_length > 0 ? t->other_length : t->length);
	tell_upload(t, an);
	return SP_OK;
}

/* Take at most `most` bytes of the body. */
static enum sp_code
receive(struct tus *t, const struct site_source *src, uint64_t most,
    struct sp_err *err)
{
	uint64_t done = 0;

	CHECK(src->at == t->offset);
	while (done < src->len && done < most) {
		uint64_t room = src->len - done;
		size_t got = 0;

		room = room < most - done ? room : most - done;
		room = room < 7 ? room : 7; /* as it may come: in bits */
		CHECK(t->offset + room <= t->length);
		SP_TRY(src->read(src->arg, src->at + done, t->bytes + t->offset,
		    (size_t)room, &got, err));
		CHECK(got > 0 && got <= room);
		done += got;
		t->offset += got;
	}
	return SP_OK;
}

static enum sp_code
patch(struct tus *t, const struct site_request *rq, const struct fault *f,
    struct site_answer *an, struct sp_err *err)
{
	uint64_t most = f->trouble == CUT_IN ? f->take : UINT64_MAX;

	t->patches++;
	CHECK(strcmp(fake_header(rq, "Content-Type"),
		  "application/offset+octet-stream") == 0);
	if (number(fake_header(rq, "Upload-Offset")) != t->offset)
		return fake_status(an, 409);
	if (rq->source->len > t->largest)
		t->largest = rq->source->len;
	SP_TRY(receive(t, rq->source, most, err));
	if (f->trouble == CUT_IN)
		return fake_cut(err);
	an->status = 204;
	tell_upload(t, an);
	return SP_OK;
}

static enum sp_code
route(struct tus *t, const struct site_request *rq, const struct fault *f,
    struct site_answer *an, struct sp_err *err)
{
	char path[128];

	CHECK(strcmp(fake_header(rq, "Tus-Resumable"), "1.0.0") == 0);
	if (strcmp(rq->method, "POST") == 0) {
		CHECK(strcmp(rq->path, UPLOADS) == 0);
		return create(t, rq, an);
	}
	(void)snprintf(path, sizeof(path), UPLOADS "/%s", t->id);
	if (!t->exists || strcmp(rq->path, path) != 0)
		return fake_status(an, 404);
	if (strcmp(rq->method, "HEAD") == 0)
		return head(t, an);
	CHECK(strcmp(rq->method, "PATCH") == 0);
	return patch(t, rq, f, an, err);
}

static enum sp_code
serve(struct fake *fk, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	struct tus *t = fk->arg;
	const struct fault *f = fault_now(t, fk->requests);

	if (f->trouble == CUT_BEFORE)
		return fake_cut(err);
	if (f->trouble == STATUS) {
		if (f->retry_after != NULL)
			sp_buf_fmt(
			    &an->head, "Retry-After: %s\r\n", f->retry_after);
		return fake_status(an, f->status);
	}
	if (f->trouble == LOSE) {
		t->exists = false;
		return fake_status(an, 404);
	}
	enum sp_code code = route(t, rq, f, an, err);

	if (f->trouble == CUT_AFTER)
		return fake_cut(err);
	/* What is evidence stays; put.c checks its receipt besides. */
	if (f->trouble == BACK && t->offset > f->take &&
	    (t->offset < t->length || t->no_evidence))
		t->offset = f->take;
	return code;
}

/* ---- One run of client_put_upload against it ---- */

struct outcome {
	enum sp_code code;
	struct sp_err err;
	struct put_result result;
	char kept[SP_ID_TEXT];
	unsigned keeps, forgets;
	struct fake fake;
};

static uint8_t content[SIZE_MAX_TEST];
static const char *the_key; /* of the next run */

static enum sp_code
content_read(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	(void)arg;
	(void)err;
	memcpy(out, content + at, room);
	*got = room;
	return SP_OK;
}

static void
keep(void *arg, const char *id)
{
	struct outcome *o = arg;

	if (id == NULL)
		o->forgets++;
	else
		o->keeps++;
	(void)snprintf(o->kept, sizeof(o->kept), "%s", id == NULL ? "" : id);
}

static struct outcome
run(struct tus *t, uint64_t size, uint64_t chunk, const char *known)
{
	struct outcome o = { .code = SP_OK };
	struct site_source bytes = { .read = content_read, .len = size };
	struct put_file file = { .bytes = &bytes,
		.metadata = "filename eA==",
		.chunk = chunk,
		.once = the_key };
	struct put_memory memory = { .keep = keep, .arg = &o };
	struct put_watch watch = { .told = NULL };

	o.fake = (struct fake){ .serve = serve, .arg = t };
	if (known != NULL)
		(void)snprintf(memory.id, sizeof(memory.id), "%s", known);
	struct site_client c = fake_client(&o.fake);

	(void)snprintf(
	    o.result.evidence, sizeof(o.result.evidence), "sentinel");
	o.code =
	    client_put_upload(&c, &file, &memory, &watch, &o.result, &o.err);
	if (o.code != SP_OK)
		CHECK(strcmp(o.result.evidence, "sentinel") == 0);
	client_site_done(&c);
	return o;
}

static void
check_good(const struct tus *t, const struct outcome *o, uint64_t size)
{
	if (o->code != SP_OK)
		printf("# %s\n", o->err.text);
	CHECK(o->code == SP_OK);
	CHECK(strcmp(o->result.evidence, EVIDENCE) == 0);
	CHECK(t->offset == size && t->length == size);
	CHECK(memcmp(t->bytes, content, size) == 0);
}

static void
a_file_is_sent_whole(void)
{
	static const struct {
		uint64_t size, chunk;
		unsigned patches;
	} rows[] = {
		{ 0, 0, 0 },
		{ 1, 0, 1 },
		{ 4096, 0, 1 },
		{ 4096, 4096, 1 },
		{ 4096, 4095, 2 },
		{ 100, 1, 100 },
		{ 100, 30, 4 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct tus t = { .faults = 0 };
		struct outcome o = run(&t, rows[i].size, rows[i].chunk, NULL);

		check_good(&t, &o, rows[i].size);
		CHECK(t.patches == rows[i].patches && t.creates == 1);
		CHECK(rows[i].chunk == 0 || t.largest <= rows[i].chunk);
		CHECK(o.fake.pauses == 0 && o.result.interrupts == 0);
		CHECK(o.keeps == 1);
	}
}

/* Property: cut anywhere, before, in or after any request, it goes on and
 * ends with the same bytes, and never sends what was acknowledged again. */
static void
it_survives_a_cut_at_any_byte(void)
{
	for (unsigned at = 1; at <= 4; at++) {
		for (uint64_t take = 0; take <= 65; take++) {
			struct fault f = { .at = at, .take = take };
			struct tus t = { .fault = &f, .faults = 1 };

			f.trouble = take == 65 ? CUT_AFTER : CUT_IN;
			/* a POST or HEAD has no bytes to cut in */
			if (at != 2 && f.trouble == CUT_IN)
				f.trouble = CUT_BEFORE;
			struct outcome o = run(&t, 64, 0, NULL);

			check_good(&t, &o, 64);
			/* requests 3 and 4 are there only after a cut */
			CHECK(o.result.interrupts == (at <= 2));
			CHECK(t.creates <= 2);
		}
	}
}

static void
what_passes_is_tried_again(void)
{
	static const unsigned passing[] = { 408, 425, 429, 500, 502, 503, 504,
		507 };

	for (size_t i = 0; i < SP_COUNTOF(passing); i++) {
		for (unsigned at = 1; at <= 2; at++) {
			struct fault f = { .at = at,
				.trouble = STATUS,
				.status = passing[i] };
			struct tus t = { .fault = &f, .faults = 1 };
			struct outcome o = run(&t, 50, 0, NULL);

			check_good(&t, &o, 50);
			CHECK(o.fake.pauses == 1);
			CHECK(t.heads == (at == 2));
		}
	}
}

static void
a_locked_or_moved_upload_is_asked_for(void)
{
	static const unsigned status[] = { 409, 423 };

	for (size_t i = 0; i < SP_COUNTOF(status); i++) {
		struct fault f = {
			.at = 2, .trouble = STATUS, .status = status[i]
		};
		struct tus t = { .fault = &f, .faults = 1 };
		struct outcome o = run(&t, 50, 20, NULL);

		check_good(&t, &o, 50);
		CHECK(t.heads == 1 && o.fake.pauses == 1);
	}
}

static void
a_refusal_is_final(void)
{
	static const struct {
		unsigned status;
		enum sp_code code;
	} rows[] = {
		{ 400, SP_E_INVALID },
		{ 401, SP_E_UNKNOWN },
		{ 403, SP_E_DENIED },
		{ 412, SP_E_INVALID },
		{ 413, SP_E_LIMIT },
		{ 415, SP_E_INVALID },
		{ 460, SP_E_MISMATCH },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		for (unsigned at = 1; at <= 2; at++) {
			struct fault f = { .at = at,
				.trouble = STATUS,
				.status = rows[i].status };
			struct tus t = { .fault = &f, .faults = 1 };
			struct outcome o = run(&t, 50, 0, NULL);

			CHECK(o.code == rows[i].code);
			CHECK(o.err.reason == client_site_refused);
			CHECK(o.fake.pauses == 0);
			/* Sent bytes that were refused are never resumed. */
			if (rows[i].code == SP_E_MISMATCH)
				CHECK(o.kept[0] == '\0' && o.forgets == 1);
		}
	}
}

/* A redirect, an odd success: not this protocol. */
static void
an_odd_answer_is_no_answer(void)
{
	static const unsigned odd[] = { 100, 200, 202, 204, 301, 307, 399 };

	for (size_t i = 0; i < SP_COUNTOF(odd); i++) {
		struct fault f = {
			.at = 1, .trouble = STATUS, .status = odd[i]
		};
		struct tus t = { .fault = &f, .faults = 1 };
		struct outcome o = run(&t, 50, 0, NULL);

		CHECK(o.code != SP_OK);
		CHECK(o.fake.requests == 1);
	}
}

static void
a_lost_upload_is_begun_again(void)
{
	static const struct fault lose = { .at = 3, .trouble = LOSE };
	static const struct fault lose_always[] = {
		{ .at = 2, .trouble = LOSE },
		{ .at = 4, .trouble = LOSE },
		{ .at = 6, .trouble = LOSE },
		{ .at = 8, .trouble = LOSE },
		{ .at = 10, .trouble = LOSE },
	};
	struct tus t = { .fault = &lose, .faults = 1 };
	struct outcome o = run(&t, 50, 20, NULL);

	check_good(&t, &o, 50);
	CHECK(t.creates == 2 && o.forgets == 1);

	struct tus never = { .fault = lose_always, .faults = 5 };

	o = run(&never, 50, 0, NULL);
	CHECK(o.code == SP_E_CONFLICT && never.creates == 5);
	CHECK(o.kept[0] == '\0');
}

static void
an_offset_that_goes_back_is_sent_again_but_not_for_ever(void)
{
	/* The cut makes it ask; by then the site has fallen back to 5. */
	static const struct fault once[] = {
		{ .at = 2, .trouble = BACK, .take = 5 },
	};
	struct tus t = { .fault = once, .faults = 1 };
	struct outcome o = run(&t, 50, 20, NULL);

	check_good(&t, &o, 50);
	CHECK(o.result.interrupts > 0);

	static const struct fault always = { .at = 0, .trouble = BACK };
	struct tus back = { .fault = &always, .faults = 1 };

	o = run(&back, 50, 20, NULL);
	CHECK(o.code != SP_OK && o.err.reason == client_site_unreachable);
	CHECK(o.fake.requests < 100);

	/* Whole, no evidence named; asked, and all is gone: for ever. */
	struct tus forgets = {
		.fault = &always, .faults = 1, .no_evidence = true
	};

	o = run(&forgets, 50, 0, NULL);
	CHECK(o.code != SP_OK);
	CHECK(o.fake.requests < 100);
}

static void
a_lying_site_is_found_out(void)
{
	static struct tus lies[] = {
		{ .no_location = true },
		{ .location = "uploads/nothing-" },
		{ .claim_more = 1 },
		{ .no_offset = true },
		{ .no_evidence = true },
		{ .bad_evidence = true },
	};

	for (size_t i = 0; i < SP_COUNTOF(lies); i++) {
		struct outcome o = run(&lies[i], 50, 0, NULL);

		CHECK_CODE(o.code, SP_E_CORRUPT, &o.err);
		CHECK(o.fake.requests <= 4);
	}
	struct tus empty = { .no_evidence = true };
	struct outcome o = run(&empty, 0, 0, NULL);

	CHECK(o.code == SP_E_CORRUPT);
}

/* Wherever Location points: requests go to this site's uploads (route()
 * checks their paths). */
static void
location_leads_nowhere_else(void)
{
	static const char *const where[] = { "https://evil.example/",
		"//evil.example/x/", "/v1/agencies/other/uploads/",
		"../../tokens/", "" };

	for (size_t i = 0; i < SP_COUNTOF(where); i++) {
		struct tus t = { .location = where[i] };
		struct outcome o = run(&t, 50, 0, NULL);

		check_good(&t, &o, 50);
	}
}

static void
patience_has_an_end(void)
{
	static const struct fault cut = { .at = 0, .trouble = CUT_BEFORE };
	struct tus t = { .fault = &cut, .faults = 1 };
	struct outcome o = run(&t, 50, 0, NULL);

	/* Never met: three tries, less than a second. */
	CHECK(
	    o.code == SP_E_UNAVAIL && o.err.reason == client_site_unreachable);
	CHECK(o.fake.requests == PATIENCE_FIRST);
	CHECK(o.fake.paused < SP_SECOND);

	static const struct fault busy = {
		.at = 0, .trouble = STATUS, .status = 503
	};
	struct tus down = { .fault = &busy, .faults = 1 };

	o = run(&down, 50, 0, NULL);
	CHECK(
	    o.code == SP_E_UNAVAIL && o.err.reason == client_site_unreachable);
	CHECK(o.fake.requests == PATIENCE_TRIES);
	CHECK(o.fake.longest <= 30 * SP_SECOND);
	CHECK(o.fake.paused < 120 * SP_SECOND);

	/* What was begun is remembered, for the next run. */
	static const struct fault later[] = { { .at = 1, .trouble = NONE },
		{ .at = 0, .trouble = CUT_BEFORE } };
	struct tus cut_later = { .fault = later, .faults = 2 };

	o = run(&cut_later, 50, 0, NULL);
	CHECK(o.code == SP_E_UNAVAIL && o.kept[0] != '\0' && o.forgets == 0);
	CHECK(o.fake.requests == 1 + PATIENCE_TRIES);
}

static void
retry_after_is_obeyed_within_reason(void)
{
	static const struct {
		const char *value;
		int64_t least, most;
	} rows[] = {
		{ "7", 7 * SP_SECOND, 7 * SP_SECOND },
		{ "999999", 120 * SP_SECOND, 120 * SP_SECOND },
		{ "-1", 0, SP_SECOND },
		{ "soon", 0, SP_SECOND },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct fault f = { .at = 2,
			.trouble = STATUS,
			.status = 503,
			.retry_after = rows[i].value };
		struct tus t = { .fault = &f, .faults = 1 };
		struct outcome o = run(&t, 50, 0, NULL);

		check_good(&t, &o, 50);
		CHECK(o.fake.longest >= rows[i].least);
		CHECK(o.fake.longest <= rows[i].most);
	}
}

/* A pace that is over in an hour: told at once. */
static void
a_long_pace_is_not_sat_out(void)
{
	struct fault f = {
		.at = 2, .trouble = STATUS, .status = 429, .retry_after = "3000"
	};
	struct tus t = { .fault = &f, .faults = 1 };
	struct outcome o = run(&t, 50, 0, NULL);

	CHECK(o.code != SP_OK);
	CHECK(o.fake.requests == 2 && o.fake.longest == 0);
}

static void
a_remembered_upload_goes_on(void)
{
	struct tus t = { .exists = true, .length = 50, .offset = 33 };

	(void)snprintf(t.id, sizeof(t.id), FIRST_ID);
	memcpy(t.bytes, content, 33);
	struct outcome o = run(&t, 50, 0, FIRST_ID);

	check_good(&t, &o, 50);
	CHECK(t.creates == 0 && t.patches == 1 && t.largest == 17);
	CHECK(o.result.resumed == 33);

	/* The run before is still held for alive: asked again, and told. */
	static const struct fault held = {
		.at = 1, .trouble = STATUS, .status = 423
	};
	struct tus busy = { .fault = &held,
		.faults = 1,
		.exists = true,
		.length = 50,
		.offset = 20 };

	(void)snprintf(busy.id, sizeof(busy.id), FIRST_ID);
	memcpy(busy.bytes, content, 20);
	o = run(&busy, 50, 0, FIRST_ID);
	check_good(&busy, &o, 50);
	CHECK(o.result.resumed == 20 && busy.largest == 30);

	/* It was done already; only the answer had been lost. */
	o = run(&t, 50, 0, FIRST_ID);
	check_good(&t, &o, 50);
	CHECK(t.patches == 1 && o.result.resumed == 50);

	/* Gone, or another file's: a new one. */
	o = run(&t, 50, 0, "01900000-0000-7000-8000-00000000ffff");
	check_good(&t, &o, 50);
	CHECK(t.creates == 1);

	struct tus other = { .exists = true, .length = 50, .other_length = 51 };

	(void)snprintf(other.id, sizeof(other.id), FIRST_ID);
	o = run(&other, 50, 0, FIRST_ID);
	CHECK(other.creates == 1 && o.forgets == 1);
	check_good(&other, &o, 50);
}

/* Property: whatever happens in whatever order, it ends, and either the
 * bytes are there or it does not say so. */
static void
random_troubles_never_make_it_lie(void)
{
	unsigned good = 0;

	srandom(7);
	for (unsigned n = 0; n < 3000; n++) {
		struct fault f[8];
		struct tus t = { .fault = f, .faults = SP_COUNTOF(f) };
		static const unsigned status[] = { 404, 409, 423, 500, 503, 429,
			401, 460 };
		uint64_t size = (uint64_t)random() % 200;

		for (size_t i = 0; i < SP_COUNTOF(f); i++)
			f[i] = (struct fault){
				.at = 1 + (unsigned)random() % 20,
				.trouble = (enum trouble)(random() % 7),
				.status = status[random() % 8],
				.take = (uint64_t)random() % 200,
			};
		struct outcome o =
		    run(&t, size, (uint64_t)random() % 3 * 40, NULL);

		CHECK(o.fake.requests < 200);
		if (o.code == SP_OK) {
			check_good(&t, &o, size);
			good++;
		} else {
			CHECK(o.err.reason == client_site_refused ||
			    o.err.reason == client_site_unreachable ||
			    o.code == SP_E_CONFLICT || o.code == SP_E_CORRUPT);
		}
	}
	CHECK(good > 1000);
}

/* The answer to a creation is lost, or the run that asked was killed: with a
 * key of the same text, none is made again, whatever became of it. */
static void
a_creation_that_is_asked_for_again_is_the_same(void)
{
	static const uint64_t sizes[] = { 0, 1, 64 };

	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		struct fault f = { .at = 1, .trouble = CUT_AFTER };
		struct tus t = { .fault = &f, .faults = 1 };

		the_key = "key-1";
		struct outcome o = run(&t, sizes[i], 0, NULL);

		check_good(&t, &o, sizes[i]);
		CHECK(t.creates == 1);
		/* And from the start again, with nothing remembered. */
		t.faults = 0;
		o = run(&t, sizes[i], 0, NULL);
		check_good(&t, &o, sizes[i]);
		CHECK(t.creates == 1 && o.keeps == 1);
		the_key = "key-2";
		o = run(&t, sizes[i], 0, NULL);
		check_good(&t, &o, sizes[i]);
		CHECK(t.creates == 2);
	}
	/* One that was cut in the middle goes on there. */
	struct fault cut[] = { { .at = 2, .trouble = CUT_IN, .take = 40 },
		{ .at = 3, .trouble = STATUS, .status = 403 } };
	struct tus t = { .fault = cut, .faults = 2 };

	the_key = "key-3";
	struct outcome o = run(&t, 64, 0, NULL);

	CHECK(o.code == SP_E_DENIED && t.offset == 40);
	t.faults = 0;
	o = run(&t, 64, 0, NULL);
	check_good(&t, &o, 64);
	CHECK(t.creates == 1 && t.patches == 2 && t.largest <= 64);
	the_key = NULL;
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a file is sent whole", a_file_is_sent_whole },
		{ "it survives a cut at any byte",
		    it_survives_a_cut_at_any_byte },
		{ "what passes is tried again", what_passes_is_tried_again },
		{ "a locked or moved upload is asked for",
		    a_locked_or_moved_upload_is_asked_for },
		{ "a refusal is final", a_refusal_is_final },
		{ "an odd answer is no answer", an_odd_answer_is_no_answer },
		{ "a lost upload is begun again",
		    a_lost_upload_is_begun_again },
		{ "an offset that goes back is sent again, but not for ever",
		    an_offset_that_goes_back_is_sent_again_but_not_for_ever },
		{ "a lying site is found out", a_lying_site_is_found_out },
		{ "Location leads nowhere else", location_leads_nowhere_else },
		{ "patience has an end", patience_has_an_end },
		{ "Retry-After is obeyed within reason",
		    retry_after_is_obeyed_within_reason },
		{ "a long pace is not sat out", a_long_pace_is_not_sat_out },
		{ "a remembered upload goes on", a_remembered_upload_goes_on },
		{ "random troubles never make it lie",
		    random_troubles_never_make_it_lie },
		{ "a creation that is asked for again is the same",
		    a_creation_that_is_asked_for_again_is_the_same },
	};

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 31 + i / 7);
	return tap_run(cases, SP_COUNTOF(cases));
}
