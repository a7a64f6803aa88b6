#include "api/events.h"

#include "base/json.h"
#include "evidence/upload.h"
#include "gate/ongoing.h"
#include "http/json.h"
#include "http/request.h"
#include "http/streams.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A client that hears nothing for longer may take it for broken, and so may
 * what stands between.  Streams differ, so that not all beat at once. */
#define BEAT         (25 * SP_SECOND)
#define BEAT_EARLIER (SP_SECOND / 10) /* of so many steps: */
#define BEAT_STEPS   50
#define AT_ONCE      8 /* events told in one piece */

/* One stream; but for `stop` its connection's thread alone. */
struct stream {
	struct http_streams *all;
	struct gate_pass *pass;
	struct events_listener *listener;
	struct gate_ongoing ongoing;
	sp_time expires;
	int64_t every; /* between beats */
	uint64_t said; /* the id that the client last heard */
	bool begun, over;
	bool quiet;  /* no event since the last beat */
	char *stack; /* its lowest byte; NULL: not known yet */
	struct sp_buf text;
	size_t sent; /* of text */
};

/* --- What is said --- */

/* Null: it is about all of it. */
static void
json_recovery(struct sp_json *j, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	if (sp_id_is_zero(id))
		sp_json_null(j, "recovery");
	else
		sp_json_str(j, "recovery", text);
}

/* Whom or what it is about, by id: names are not told here. */
static void
data_people(const struct events_event *e, struct sp_json *j)
{
	bool check = e->kind == EVENTS_WARNED || e->kind == EVENTS_LAPSED;

	if (check)
		sp_json_str(j, "check", e->why);
	if (e->kind == EVENTS_WARNED)
		sp_json_int(j, "days", e->days);
	http_json_id(j, "id", &e->object);
	sp_json_str(j, "object", e->about);
	if (!check)
		sp_json_str(j, "reason", e->why);
}

static void
data(const struct events_event *e, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	char time[SP_TIME_TEXT];

	sp_time_text(e->time, time);
	sp_json_object(&j, NULL);
	switch (e->kind) {
	case EVENTS_PROGRESS:
		sp_json_id(&j, "evidence", &e->object);
		if (e->of == EVIDENCE_LENGTH_UNKNOWN)
			sp_json_null(&j, "length");
		else
			sp_json_int(&j, "length", (int64_t)e->of);
		sp_json_int(&j, "offset", (int64_t)e->at);
		break;
	case EVENTS_SEALED:
		sp_json_id(&j, "evidence", &e->object);
		sp_json_int(&j, "size", (int64_t)e->of);
		break;
	case EVENTS_CORRUPT:
	case EVENTS_MEDIA: sp_json_id(&j, "evidence", &e->object); break;
	case EVENTS_WITNESS:
		sp_json_int(&j, "behind", (int64_t)e->at);
		sp_json_int(&j, "size", (int64_t)e->of);
		break;
	case EVENTS_RECOVERY: json_recovery(&j, &e->object); break;
	case EVENTS_LOCKBOX:
	case EVENTS_GLASS: sp_json_id(&j, "lockbox", &e->object); break;
	case EVENTS_DISABLED:
	case EVENTS_TERMINATED:
	case EVENTS_WARNED:
	case EVENTS_LAPSED: data_people(e, &j); break;
	case EVENTS_KIND_COUNT: break;
	}
	sp_json_str(&j, "time", time);
	if (e->until[0] != '\0')
		sp_json_str(&j, "until", e->until);
	sp_json_end(&j);
}

void
api_events_text(const struct events_event *e, struct sp_buf *out)
{
	sp_buf_fmt(out, "id: %ju\nevent: %s\ndata: ", (uintmax_t)e->id,
	    events_kind_name(e->kind));
	data(e, out);
	sp_buf_text(out, "\n\n");
}

/* So that a client which comes back says where it was, though nothing that
 * it wishes has come since. */
static void
say_place(struct stream *s)
{
	uint64_t place = events_hub_place(s->listener);

	if (place != s->said)
		sp_buf_fmt(&s->text, "id: %ju\n", (uintmax_t)place);
	s->said = place;
}

static void
say_begun(struct stream *s)
{
	s->begun = s->quiet = true;
	sp_buf_text(&s->text, "retry: 3000\n");
	say_place(s);
	sp_buf_text(&s->text, "\n");
}

static void
say_beat(struct stream *s)
{
	s->quiet = true;
	/* Not shorter: clients that measure speed must not take it for none. */
	sp_buf_text(&s->text, ": still here\n");
	say_place(s);
	sp_buf_text(&s->text, "\n");
}

static void
say_missed(struct stream *s)
{
	say_place(s);
	sp_buf_text(&s->text, "event: missed\ndata: {}\n\n");
}

static void
say_over(struct stream *s, const char *why)
{
	s->over = true;
	sp_buf_fmt(&s->text, "event: over\ndata: {\"why\":\"%s\"}\n\n", why);
}

static void
say_events(struct stream *s, const struct events_event *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		api_events_text(&e[i], &s->text);
	s->quiet = false;
	s->said = e[n - 1].id;
	(void)atomic_fetch_add(&s->all->told, n);
}

/* --- Waiting --- */

/*
 * The handshake has used far more of this thread's stack than waiting does,
 * and what was touched once stays in memory.  What lies below this frame
 * holds nothing: give it back.
 */
static void __attribute__((noinline)) trim_stack(struct stream *s)
{
#ifndef SP_SANITIZED
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (s->stack == NULL) {
		if (pthread_getattr_np(pthread_self(), &attr) != 0)
			return;
		if (pthread_attr_getstack(&attr, &low, &size) == 0)
			s->stack = low;
		(void)pthread_attr_destroy(&attr);
	}
	/* A page is left for what this function itself calls. */
	here = (here - 256) & ~(page - 1);
	if (s->stack != NULL && here > (uintptr_t)s->stack)
		(void)madvise(
		    s->stack, here - (uintptr_t)s->stack, MADV_DONTNEED);
#else
	(void)s;
#endif
}

/*
 * The place to write to is libmicrohttpd's memory of this connection, which
 * it has zeroed from end to end; we write into its first bytes.  What it holds
 * now is nobody's: give it back, too.
 */
static void
trim_room(char *out, size_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t skip = (page - (uintptr_t)out % page) % page;

	if (room >= skip + page)
		(void)madvise(
		    out + skip, (room - skip) / page * page, MADV_DONTNEED);
}

/* Not between one event and the next, which would cost more than it gives. */
static void
trim(struct stream *s, char *out, size_t room)
{
	trim_room(out, room);
	trim_stack(s);
}

/* Until when nothing needs to be done unless something happens. */
static int64_t
wait_till(const struct stream *s)
{
	int64_t left = s->expires - sp_now();

	return sp_ticks() + (left < s->every ? left : s->every);
}

static void
hear(struct stream *s)
{
	struct events_event e[AT_ONCE];
	size_t n = 0;

	switch (events_hub_next(s->listener, wait_till(s), e, AT_ONCE, &n)) {
	case EVENTS_NEXT: say_events(s, e, n); break;
	case EVENTS_IDLE: say_beat(s); break;
	case EVENTS_MISSED: say_missed(s); break;
	case EVENTS_OVER:
		say_over(s, gate_ongoing_over(&s->ongoing) ? "token" : "stop");
		break;
	}
}

/* The next piece of text. */
static void
say(struct stream *s)
{
	s->sent = 0;
	sp_buf_free(&s->text); /* it would lie about while we wait */
	if (!s->begun)
		say_begun(s);
	else if (gate_token_expired(s->expires))
		say_over(s, "token");
	else
		hear(s);
}

static ssize_t
stream_read(void *self, uint64_t at, char *out, size_t room)
{
	struct stream *s = self;
	size_t n;

	(void)at;
	if (s->sent == s->text.len) {
		if (s->over)
			return HTTP_STREAM_END;
		if (s->quiet)
			trim(s, out, room);
		say(s);
		if (!sp_buf_ok(&s->text))
			return HTTP_STREAM_BROKEN;
	}
	n = s->text.len - s->sent;
	n = n < room ? n : room;
	memcpy(out, s->text.at + s->sent, n);
	s->sent += n;
	return (ssize_t)n;
}

static void
stream_free(void *self)
{
	struct stream *s = self;

	gate_ongoing_end(&s->ongoing);
	events_hub_leave(s->listener);
	gate_pass_unref(s->pass);
	sp_buf_free(&s->text);
	http_streams_leave(s->all);
	free(s);
}

static void
stream_stop(void *self)
{
	struct stream *s = self;

	events_hub_stop(s->listener);
}

static const struct http_stream_ops stream_ops = {
	.read = stream_read,
	.free = stream_free,
	.stop = stream_stop,
};

/* --- Opening --- */

static enum sp_code
read_wish(
    const struct http_request *q, struct events_wish *w, struct sp_err *err)
{
	const char *object = http_request_query(q, "object");

	if (object != NULL && !sp_id_parse(object, strlen(object), &w->object))
		return sp_fail(
		    err, SP_E_INVALID, "object: the id of an upload or item");
	SP_TRY(http_request_u64(
	    q, HTTP_F_LAST_EVENT_ID, UINT64_MAX, &w->last, err));
	/* Nobody's, like 0, but not the same as saying none. */
	if (q->field[HTTP_F_LAST_EVENT_ID] != NULL && w->last == 0)
		w->last = 1;
	w->as = q->who.token;
	w->own = gate_role_own(q->who.role, GATE_FOLLOW);
	w->people = gate_role_may(q->who.role, GATE_CLEARANCE_SHOW);
	w->most = q->house->streams->most_of_agency;
	w->most_as = q->house->streams->most_of_token;
	return SP_OK;
}

static enum sp_code
stream_open(const struct http_request *q, struct http_answer *a,
    const struct events_wish *w, struct sp_err *err)
{
	struct http_streams *all = q->house->streams;
	struct stream *s = calloc(1, sizeof(*s));
	uint64_t number = 0;
	enum sp_code code;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a stream");
	s->all = all;
	s->pass = gate_pass_ref(q->pass);
	s->expires = q->who.expires;
	s->text = sp_buf_new((size_t)AT_ONCE * API_EVENTS_TEXT);
	code = http_streams_enter(all, &number)
	    ? events_hub_listen(
		  &s->listener, evidence_room_events(q->room), w, err)
	    : sp_fail_as(err, SP_E_LIMIT, "events.site",
		  "the site has %u event streams open, its limit", all->most);
	s->every = BEAT - (int64_t)(number % BEAT_STEPS) * BEAT_EARLIER;
	if (code == SP_E_LIMIT)
		(void)atomic_fetch_add(&all->refused, 1);
	if (code == SP_OK)
		code = gate_ongoing_begin(
		    &s->ongoing, &q->who, stream_stop, s, err);
	if (code != SP_OK) {
		stream_free(s);
		return code;
	}
	http_answer_stream(a, &stream_ops, s, HTTP_SIZE_UNKNOWN);
	return SP_OK;
}

static enum sp_code
follow_events(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct events_wish w = { .own = false };

	SP_TRY(read_wish(q, &w, err));
	if (q->head) {
		a->sized = true;
		a->size = HTTP_SIZE_UNKNOWN;
	} else {
		SP_TRY(stream_open(q, a, &w, err));
	}
	http_answer_set(a, "Content-Type", "text/event-stream");
	http_answer_set(a, "X-Accel-Buffering", "no");
	/* What the library keeps for a next request is more than all else that
	 * a stream holds. */
	http_answer_set(a, "Connection", "close");
	return SP_OK;
}

/* --- The routes --- */

static const struct http_input events_input[] = {
	{ "query", "object", HTTP_ID, false, "Only of this upload or item." },
	{ "header", "Last-Event-ID", HTTP_INTEGER, false,
	    "The id of the last event that was heard: go on after it." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = HTTP_AGENCY "events",
	    .id = "followEvents",
	    .summary = "What happens from now on, as server-sent events; a "
		       "device hears of what its own token brings in",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_FOLLOW,
	    .kind = "evidence",
	    HTTP_INPUT(events_input),
	    .success = { { 200, "Events, until either side ends",
		"text/event-stream", "Events", "X-Accel-Buffering" } },
	    .problems = "429",
	    .handle = follow_events,
	},
};

static const struct http_schema schemas[] = {
	{ "Event",
	    "{\"description\":\"The data of an event, by its kind: "
	    "upload.progress (evidence, length, offset), evidence.sealed "
	    "(evidence, size), evidence.corrupt and media.probed (evidence), "
	    "witness.behind (behind, size), person.disabled and "
	    "person.terminated (id, object, reason), clearance.warned (check, "
	    "days, id, object, until), clearance.lapsed (check, id, object, "
	    "until); all with time.  missed has no "
	    "member, over has why.\",\"properties\":{\"behind\":" HTTP_INTEGER
	    ",\"evidence\":" HTTP_ID ",\"length\":" HTTP_COUNT_OR_NULL
	    ",\"offset\":" HTTP_INTEGER ",\"size\":" HTTP_INTEGER
	    ",\"time\":" HTTP_TIME
	    ",\"why\":{\"enum\":[\"stop\",\"token\"],\"type\":\"string\"}},"
	    "\"type\":\"object\"}" },
	{ "Events",
	    "{\"contentMediaType\":\"text/"
	    "event-stream\",\"description\":\"Server-sent events (WHATWG HTML, "
	    "9.2): id, event, and data of one line, an "
	    "Event.\",\"type\":\"string\"}" },
};

const struct http_topic api_events_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
