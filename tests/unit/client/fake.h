#ifndef FAKE_H
#define FAKE_H

#include "client/site.h"
#include "tap.h"

#include <inttypes.h>
#include <string.h>

/*
 * A site of the test's own behind struct site_transport_ops: `serve` plays
 * the site, and pauses only add up.
 */
struct fake {
	struct site_transport base;
	enum sp_code (*serve)(struct fake *f, const struct site_request *rq,
	    struct site_answer *an, struct sp_err *err);
	void *arg;
	unsigned requests;
	unsigned pauses;
	int64_t paused; /* in all */
	int64_t longest;
};

static enum sp_code
fake_exchange(struct site_transport *t, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct fake *f = (struct fake *)t;

	/* As over a wire: what a source or sink says goes elsewhere first. */
	struct sp_err inner = { .code = SP_OK };
	enum sp_code code;

	CHECK(rq->path[0] == '/');
	CHECK(an->head.len == 0 && an->body.len == 0);
	CHECK(++f->requests < 100000); /* something goes round for ever */
	code = f->serve(f, rq, an, &inner);
	if (code != SP_OK)
		*err = inner;
	return code;
}

static enum sp_code
fake_pause(struct site_transport *t, int64_t micros, struct sp_err *err)
{
	struct fake *f = (struct fake *)t;

	(void)err;
	f->pauses++;
	f->paused += micros;
	f->longest = micros > f->longest ? micros : f->longest;
	return SP_OK;
}

static void
fake_free(struct site_transport *t)
{
	(void)t; /* it lies on the test's stack */
}

static const struct site_transport_ops fake_ops = {
	.exchange = fake_exchange,
	.pause = fake_pause,
	.free = fake_free,
};

static inline struct site_client
fake_client(struct fake *f)
{
	struct site_client c;
	struct sp_err err;

	f->base.ops = &fake_ops;
	CHECK_OK(client_site_init(&c, &f->base, "harbor-pd", &err), &err);
	return c;
}

/* The connection breaks. */
static inline enum sp_code
fake_cut(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_UNAVAIL, client_site_unreachable, "cut by the test");
}

static inline enum sp_code
fake_status(struct site_answer *an, unsigned status)
{
	an->status = status;
	return SP_OK;
}

static inline enum sp_code
fake_body(struct site_answer *an, const void *bytes, size_t len)
{
	an->status = 200;
	sp_buf_add(&an->body, bytes, len);
	return sp_buf_check(&an->body, "the answer", NULL);
}

static inline enum sp_code
fake_text(struct site_answer *an, const char *text)
{
	return fake_body(an, text, strlen(text));
}

/* A request's header; NULL when it has none of this name. */
static inline const char *
fake_header(const struct site_request *rq, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < SITE_HEADERS && rq->header[i] != NULL; i++)
		if (strncasecmp(rq->header[i], name, n) == 0 &&
		    strncmp(rq->header[i] + n, ": ", 2) == 0)
			return rq->header[i] + n + 2;
	return NULL;
}

#endif
