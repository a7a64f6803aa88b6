#include "media/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "media/message.h"

#include <string.h>

struct host {
	int sock;
	const struct media_job *job;
	uint64_t given;
	bool facts; /* have come */
	bool over;
	struct sp_buf in, out;
	struct media_result result;
};

void
media_result_done(struct media_result *r)
{
	sp_buf_free(&r->poster);
}

/* The worker is heard no more.  Facts that have come hold: what broke down is
 * the poster. */
static void
end(struct host *h, enum media_reason why)
{
	h->over = true;
	if (!h->facts)
		h->result.why = why;
}

static enum media_reason
why_silent(const struct sp_err *err)
{
	if (err->code == SP_E_INVALID)
		return MEDIA_NONSENSE;
	if (err->reason != NULL && strcmp(err->reason, sp_file_late) == 0)
		return MEDIA_TIME;
	return MEDIA_CRASHED;
}

/* Give what is asked for.  Only the job's own read can fail. */
static enum sp_code
give(struct host *h, struct sp_err *err)
{
	struct media_range r;
	struct sp_err gone;
	uint8_t *at;

	if (!media_message_range(
		sp_in_from(h->in.at, h->in.len), h->job->size, &r)) {
		end(h, MEDIA_NONSENSE);
		return SP_OK;
	}
	if (r.len > h->job->most - h->given) {
		end(h, MEDIA_BYTES);
		return SP_OK;
	}
	h->given += r.len;
	media_message_start(&h->out, MEDIA_SAY_BYTES);
	at = sp_buf_extend(&h->out, r.len);
	SP_TRY(sp_buf_check(&h->out, "a piece of media", err));
	SP_TRY(h->job->read(h->job->self, r.at, at, r.len, err));
	if (media_message_send(h->sock, &h->out, h->job->deadline, &gone) !=
	    SP_OK)
		end(h, why_silent(&gone));
	return SP_OK;
}

static void
take_unreadable(struct host *h)
{
	enum media_reason why = media_reason_of(h->in.at[0]);

	if (h->facts || why == MEDIA_READABLE)
		why = MEDIA_NONSENSE;
	end(h, why);
}

static void
take_facts(struct host *h)
{
	struct sp_in in = sp_in_from(h->in.at, h->in.len);

	if (h->facts || !media_facts_read(&in, &h->result.facts) ||
	    !sp_in_done(&in)) {
		h->facts = false; /* told twice: nothing of it is believed */
		end(h, MEDIA_NONSENSE);
		return;
	}
	h->facts = true;
	h->result.why = MEDIA_READABLE;
}

static void
take_poster(struct host *h)
{
	struct media_picture size = { .width = 0 };

	if (h->facts && h->in.len > 0 &&
	    media_jpeg_plain(h->in.at, h->in.len, &size)) {
		sp_buf_add(&h->result.poster, h->in.at, h->in.len);
		h->result.size = size;
	}
	end(h, MEDIA_NONSENSE);
}

static enum sp_code
answer(struct host *h, enum media_message m, struct sp_err *err)
{
	switch (m) {
	case MEDIA_SAY_READ: return give(h, err);
	case MEDIA_SAY_UNREADABLE: take_unreadable(h); break;
	case MEDIA_SAY_FACTS: take_facts(h); break;
	case MEDIA_SAY_POSTER: take_poster(h); break;
	case MEDIA_SAY_JOB:
	case MEDIA_SAY_BYTES:
	case MEDIA_MESSAGE_COUNT: SP_REQUIRE(false); /* not a worker's */
	}
	return SP_OK;
}

static enum sp_code
talk(struct host *h, struct sp_err *err)
{
	struct sp_err gone;

	media_message_start(&h->out, MEDIA_SAY_JOB);
	sp_buf_u64be(&h->out, h->job->size);
	if (media_message_send(h->sock, &h->out, h->job->deadline, &gone) !=
	    SP_OK)
		end(h, why_silent(&gone));
	while (!h->over) {
		enum media_message m = MEDIA_MESSAGE_COUNT;

		if (sp_ticks() >= h->job->deadline)
			end(h, MEDIA_TIME);
		else if (media_message_receive(h->sock, true, h->job->deadline,
			     &m, &h->in, &gone) != SP_OK)
			end(h, why_silent(&gone));
		else
			SP_TRY(answer(h, m, err));
	}
	return sp_buf_check(&h->result.poster, "a poster", err);
}

enum sp_code
media_client_run(int sock, const struct media_job *job,
    struct media_result *out, struct sp_err *err)
{
	struct host h = {
		.sock = sock,
		.job = job,
		.in = sp_buf_secret(MEDIA_MESSAGE_MAX),
		.out = sp_buf_secret(MEDIA_MESSAGE_MAX),
		.result = { .why = MEDIA_CRASHED,
		    .poster = sp_buf_secret(MEDIA_POSTER_MAX) },
	};
	enum sp_code code = talk(&h, err);

	sp_buf_free(&h.in);
	sp_buf_free(&h.out);
	if (code != SP_OK) {
		media_result_done(&h.result);
		return code;
	}
	*out = h.result;
	return SP_OK;
}
