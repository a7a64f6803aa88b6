#include "client/put_upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TUS         "Tus-Resumable: 1.0.0"
#define BODY_MAX    65536
#define CREATES_MAX 5

struct put {
	struct site_client *c;
	const struct put_file *file;
	struct put_memory *memory;
	const struct put_watch *watch;
	struct put_result *out;
	struct sp_err *err;
	struct site_patience patience;
	struct site_answer an;
	struct site_source counted; /* file->bytes, told to the watch */
	enum put_state state;
	uint64_t offset;
	uint64_t highest; /* offset the site has told */
	unsigned creates;
	bool sending;  /* a PATCH was tried */
	bool all_sent; /* a PATCH up to the end was acknowledged */
};

static const char *const state_names[] = {
#define X(id, name) name,
	PUT_STATES(X)
#undef X
};

/* Which step may follow which; anything else is a bug. */
static const bool follows[PUT_STATE_COUNT][PUT_STATE_COUNT] = {
	[PUT_CREATE] = { [PUT_CREATE] = true,
	    [PUT_ASK] = true,
	    [PUT_SEND] = true,
	    [PUT_DONE] = true },
	[PUT_ASK] = { [PUT_ASK] = true,
	    [PUT_CREATE] = true,
	    [PUT_SEND] = true,
	    [PUT_DONE] = true },
	[PUT_SEND] = { [PUT_SEND] = true,
	    [PUT_ASK] = true,
	    [PUT_CREATE] = true,
	    [PUT_DONE] = true },
};

static void
go(struct put *p, enum put_state next)
{
	SP_REQUIRE(follows[p->state][next]);
	p->state = next;
}

static enum sp_code
lie(struct put *p, const char *what)
{
	return sp_fail(p->err, SP_E_CORRUPT,
	    "the site contradicts itself (%s: %s): nothing is taken as stored",
	    state_names[p->state], what);
}

/* The offset the site tells: it may be any that was sent. */
static enum sp_code
take_offset(struct put *p, uint64_t offset, uint64_t most)
{
	if (offset > most)
		return lie(p, "it counts bytes that it was never sent");
	if (offset > p->highest) {
		p->highest = offset;
		client_site_patience_progress(&p->patience);
	}
	p->offset = offset;
	if (p->watch->told != NULL)
		p->watch->told(p->watch->arg, offset);
	return SP_OK;
}

/* The id in "Sallyport-Evidence"; false when there is none. */
static bool
take_evidence(struct put *p)
{
	size_t len = 0;
	struct sp_id id;
	const char *s =
	    client_site_answer_header(&p->an, "Sallyport-Evidence", &len);

	if (s == NULL || !sp_id_parse(s, len, &id))
		return false;
	sp_id_text(&id, p->out->evidence);
	return true;
}

/* Try again after a while, from `next`. */
static enum sp_code
wait_for(struct put *p, enum put_state next)
{
	p->out->interrupts++;
	SP_TRY(client_site_patience_wait(
	    &p->patience, p->c, &p->an, p->err, p->err));
	go(p, next);
	return SP_OK;
}

/* An exchange that did not work: 4xx is final but for what `again` lists. */
static enum sp_code
wait_or_fail(struct put *p, enum sp_code code, enum put_state next)
{
	bool again = client_site_passing(code, &p->an, p->err);

	if (code == SP_OK) {
		again = again || p->an.status == 409 || p->an.status == 423;
		code = client_site_answer_fail(&p->an, p->err);
	}
	return again ? wait_for(p, next) : code;
}

/* The upload is gone: make another, unless this goes on and on. */
static enum sp_code
start_over(struct put *p)
{
	p->memory->keep(p->memory->arg, NULL);
	*p->memory->id = '\0';
	p->offset = 0;
	p->highest = 0;
	if (p->creates >= CREATES_MAX)
		return sp_fail(p->err, SP_E_CONFLICT,
		    "the site lost the upload %u times", p->creates);
	go(p, PUT_CREATE);
	return SP_OK;
}

/* The last part of Location must be an id; the rest is not followed, so that
 * no site can send the token or the bytes elsewhere. */
static bool
take_location(struct put *p, struct sp_id *id)
{
	size_t len = 0;
	const char *s = client_site_answer_header(&p->an, "Location", &len);

	if (s == NULL)
		return false;
	const char *slash = memrchr(s, '/', len);
	size_t before = slash == NULL ? 0 : (size_t)(slash + 1 - s);

	return sp_id_parse(s + before, len - before, id);
}

/* 201: where is it, and did it begin just now? */
static enum sp_code
created(struct put *p)
{
	uint64_t offset = 0;
	struct sp_id id;

	if (!take_location(p, &id))
		return lie(p, "it made an upload and does not say where");
	p->creates++;
	sp_id_text(&id, p->memory->id);
	p->memory->keep(p->memory->arg, p->memory->id);
	p->offset = 0;
	if (p->file->bytes->len == 0) {
		if (!take_evidence(p))
			return lie(
			    p, "an empty file is whole and is no evidence");
		go(p, PUT_DONE);
	} else if (p->file->once != NULL &&
	    client_site_answer_number(&p->an, "Upload-Offset", &offset) &&
	    offset > 0) {
		go(p, PUT_ASK);
	} else {
		go(p, PUT_SEND);
	}
	return SP_OK;
}

static enum sp_code
step_create(struct put *p)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SP_AUTO_BUF metadata = sp_buf_new(16384);
	SP_AUTO_BUF once = sp_buf_new(512);
	char length[40];

	SP_TRY(client_site_path(p->c, &path, p->err, "uploads"));
	sp_buf_fmt(&metadata, "Upload-Metadata: %s", p->file->metadata);
	SP_TRY(sp_buf_check(&metadata, "what describes the file", p->err));
	(void)snprintf(length, sizeof(length), "Upload-Length: %" PRIu64,
	    p->file->bytes->len);
	struct site_request rq = { .method = "POST",
		.path = sp_buf_str(&path),
		.header = { TUS, length, sp_buf_str(&metadata) },
		.body_max = BODY_MAX };

	if (p->file->once != NULL) {
		sp_buf_fmt(&once, "Idempotency-Key: %s", p->file->once);
		SP_TRY(sp_buf_check(&once, "key of the creation", p->err));
		rq.header[3] = sp_buf_str(&once);
	}
	enum sp_code code = client_site_once(p->c, &rq, &p->an, p->err);

	if (code != SP_OK || p->an.status != 201)
		return wait_or_fail(p, code, PUT_CREATE);
	return created(p);
}

/* HEAD told an upload: is it this file's? */
static bool
is_this_file(const struct put *p, uint64_t offset)
{
	uint64_t length = 0;

	return client_site_answer_number(&p->an, "Upload-Length", &length) &&
	    length == p->file->bytes->len && offset <= length;
}

static enum sp_code
asked(struct put *p)
{
	uint64_t offset = 0;

	if (!client_site_answer_number(&p->an, "Upload-Offset", &offset))
		return lie(p, "an upload without an offset");
	if (!is_this_file(p, offset))
		return start_over(p);
	if (p->creates == 0 && !p->sending)
		p->out->resumed = offset;
	bool back = offset < p->highest;

	SP_TRY(take_offset(p, offset, p->file->bytes->len));
	if (back) {
		/* What was acknowledged should be durable.  The bytes are all
		 * here still, so send them again, but not for ever. */
		(void)sp_fail_as(p->err, SP_E_UNAVAIL, client_site_unreachable,
		    "the site took back bytes that it had acknowledged");
		return wait_for(p, PUT_SEND);
	}
	if (offset < p->file->bytes->len) {
		go(p, PUT_SEND);
		return SP_OK;
	}
	if (take_evidence(p)) {
		go(p, PUT_DONE);
		return SP_OK;
	}
	if (p->all_sent)
		return lie(p, "the upload is whole and is no evidence");
	/* Whole, not yet evidence: whoever sent the last byte is being
	 * answered just now. */
	(void)sp_fail_as(p->err, SP_E_UNAVAIL, client_site_unreachable,
	    "the site has all bytes and does not make them evidence");
	return wait_for(p, PUT_ASK);
}

static enum sp_code
step_ask(struct put *p)
{
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(
	    client_site_path(p->c, &path, p->err, "uploads/%s", p->memory->id));
	struct site_request rq = { .method = "HEAD",
		.path = sp_buf_str(&path),
		.header = { TUS },
		.body_max = BODY_MAX };
	enum sp_code code = client_site_once(p->c, &rq, &p->an, p->err);

	if (code == SP_OK && (p->an.status == 404 || p->an.status == 410))
		return start_over(p);
	if (code != SP_OK || (p->an.status != 200 && p->an.status != 204))
		return wait_or_fail(p, code, PUT_ASK);
	return asked(p);
}

static enum sp_code
counted_read(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	struct put *p = arg;
	const struct site_source *file = p->file->bytes;

	SP_TRY(file->read(file->arg, at, out, room, got, err));
	if (p->watch->told != NULL)
		p->watch->told(p->watch->arg, at + *got);
	return SP_OK;
}

/* 204 at the end: the answer should name the evidence. */
static enum sp_code
sent_all(struct put *p)
{
	p->all_sent = true;
	go(p, take_evidence(p) ? PUT_DONE : PUT_ASK);
	return SP_OK;
}

/* 204: how far is it now? */
static enum sp_code
sent(struct put *p, uint64_t end)
{
	uint64_t before = p->offset;
	uint64_t offset = 0;

	if (!client_site_answer_number(&p->an, "Upload-Offset", &offset))
		return lie(p, "it took bytes and tells no offset");
	SP_TRY(take_offset(p, offset, end));
	if (offset == p->file->bytes->len)
		return sent_all(p);
	if (offset > before) {
		go(p, PUT_SEND);
		return SP_OK;
	}
	/* It took nothing of what it calls taken: ask, with care. */
	(void)sp_fail_as(p->err, SP_E_UNAVAIL, client_site_unreachable,
	    "the site takes no bytes");
	return wait_for(p, PUT_ASK);
}

static enum sp_code
step_send(struct put *p)
{
	uint64_t left = p->file->bytes->len - p->offset;
	SP_AUTO_BUF path = sp_buf_new(512);
	char offset[40];

	p->sending = true;
	if (p->file->chunk > 0 && left > p->file->chunk)
		left = p->file->chunk;
	SP_TRY(
	    client_site_path(p->c, &path, p->err, "uploads/%s", p->memory->id));
	(void)snprintf(
	    offset, sizeof(offset), "Upload-Offset: %" PRIu64, p->offset);
	p->counted = (struct site_source){
		.read = counted_read, .arg = p, .at = p->offset, .len = left
	};
	struct site_request rq = { .method = "PATCH",
		.path = sp_buf_str(&path),
		.header = { TUS, offset,
		    "Content-Type: application/offset+octet-stream" },
		.source = &p->counted,
		.body_max = BODY_MAX };
	enum sp_code code = client_site_once(p->c, &rq, &p->an, p->err);

	if (code == SP_OK && (p->an.status == 404 || p->an.status == 410))
		return start_over(p);
	if (code != SP_OK || p->an.status != 204)
		return wait_or_fail(p, code, PUT_ASK);
	return sent(p, p->offset + left);
}

static enum sp_code
run(struct put *p)
{
	static enum sp_code (*const step[])(struct put *) = {
		[PUT_CREATE] = step_create,
		[PUT_ASK] = step_ask,
		[PUT_SEND] = step_send,
	};

	while (p->state != PUT_DONE)
		SP_TRY(step[p->state](p));
	return SP_OK;
}

enum sp_code
client_put_upload(struct site_client *c, const struct put_file *file,
    struct put_memory *memory, const struct put_watch *watch,
    struct put_result *out, struct sp_err *err)
{
	struct put_result result = { .resumed = 0 };
	bool known = *memory->id != '\0';
	struct put p = { .c = c,
		.file = file,
		.memory = memory,
		.watch = watch,
		.out = &result,
		.err = err,
		.patience = client_site_patience_new(c),
		.an = client_site_answer_new(BODY_MAX),
		.state = known ? PUT_ASK : PUT_CREATE };
	enum sp_code code = run(&p);

	/* Refused for good: going on with it later makes no sense. */
	if (code == SP_E_MISMATCH)
		memory->keep(memory->arg, NULL);
	client_site_answer_done(&p.an);
	if (code == SP_OK)
		*out = result;
	return code;
}
