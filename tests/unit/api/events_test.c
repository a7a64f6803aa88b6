#include "api/events.h"

#include "http/http_fixture.h"

#include <pthread.h>

static struct http_fixture fix;

/* ---- What is said ---- */

static void
each_kind_has_its_text(void)
{
	static const char id[] = "01020304-0506-7708-890a-0b0c0d0e0f10";
	static const struct {
		struct events_event e;
		const char *text;
	} rows[] = {
		{ { .id = 7, .kind = EVENTS_PROGRESS, .at = 5, .of = 9 },
		    "id: 7\nevent: upload.progress\ndata: {\"evidence\":\"%s\","
		    "\"length\":9,\"offset\":5,\"time\":"
		    "\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 8, .kind = EVENTS_PROGRESS, .of = UINT64_MAX },
		    "id: 8\nevent: upload.progress\ndata: {\"evidence\":\"%s\","
		    "\"length\":null,\"offset\":0,\"time\":"
		    "\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = UINT64_C(1) << 48,
		      .kind = EVENTS_SEALED,
		      .of = UINT64_C(1) << 52 },
		    "id: 281474976710656\nevent: evidence.sealed\ndata: "
		    "{\"evidence\":\"%s\",\"size\":4503599627370496,\"time\":"
		    "\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 9, .kind = EVENTS_CORRUPT },
		    "id: 9\nevent: evidence.corrupt\ndata: {\"evidence\":"
		    "\"%s\",\"time\":\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 9, .kind = EVENTS_MEDIA },
		    "id: 9\nevent: media.probed\ndata: {\"evidence\":"
		    "\"%s\",\"time\":\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 9, .kind = EVENTS_RECOVERY },
		    "id: 9\nevent: recovery.changed\ndata: {\"recovery\":"
		    "\"%s\",\"time\":\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 9, .kind = EVENTS_WITNESS, .at = 3, .of = 40 },
		    "id: 9\nevent: witness.behind\ndata: {\"behind\":3,"
		    "\"size\":40,\"time\":"
		    "\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 9,
		      .kind = EVENTS_DISABLED,
		      .about = "person",
		      .why = "risk" },
		    "id: 9\nevent: person.disabled\ndata: {\"id\":\"%s\","
		    "\"object\":\"person\",\"reason\":\"risk\",\"time\":"
		    "\"1970-01-01T00:00:01.000000Z\"}\n\n" },
		{ { .id = 9,
		      .kind = EVENTS_WARNED,
		      .about = "agreement",
		      .why = "agreement.user",
		      .until = "2026-12-01",
		      .days = 14 },
		    "id: 9\nevent: clearance.warned\ndata: {\"check\":"
		    "\"agreement.user\",\"days\":14,\"id\":\"%s\","
		    "\"object\":\"agreement\",\"time\":"
		    "\"1970-01-01T00:00:01.000000Z\",\"until\":"
		    "\"2026-12-01\"}\n\n" },
		{ { .id = 9,
		      .kind = EVENTS_LAPSED,
		      .about = "person",
		      .why = "training.level",
		      .until = "2026-12-01" },
		    "id: 9\nevent: clearance.lapsed\ndata: {\"check\":"
		    "\"training.level\",\"id\":\"%s\",\"object\":\"person\","
		    "\"time\":\"1970-01-01T00:00:01.000000Z\",\"until\":"
		    "\"2026-12-01\"}\n\n" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF got = sp_buf_new(API_EVENTS_TEXT);
		SP_AUTO_BUF want = sp_buf_new(API_EVENTS_TEXT);
		struct events_event e = rows[i].e;
		const char *at = strstr(rows[i].text, "%s");

		for (size_t b = 0; b < SP_ID_LEN; b++)
			e.object.b[b] = (uint8_t)(b + 1);
		e.object.b[6] = 0x77;
		e.object.b[8] = 0x89;
		e.time = SP_SECOND;
		api_events_text(&e, &got);
		sp_buf_add(&want, rows[i].text,
		    at == NULL ? strlen(rows[i].text)
			       : (size_t)(at - rows[i].text));
		if (at != NULL)
			sp_buf_fmt(&want, "%s%s", id, at + 2);
		CHECK(strcmp(sp_buf_str(&got), sp_buf_str(&want)) == 0);
		/* One line of data: nothing in it can begin another. */
		at = strstr(sp_buf_str(&got), "data: ");
		CHECK(strcspn(at, "\n") + 2 == strlen(at));
	}
}

/* ---- A client of streams ---- */

struct stream {
	struct wire w;
	unsigned status;
	struct sp_buf head;
};

static void
stream_ask(struct stream *s, const char *token, const char *query,
    const char *lines, const char *version)
{
	SP_AUTO_BUF text = sp_buf_new(65536);
	struct reply r;

	sp_buf_fmt(&text,
	    "GET /v1/agencies/harbor-pd/events%s HTTP/%s\r\nHost: a\r\n"
	    "Authorization: Bearer %s\r\n%s\r\n",
	    query, version, token, lines);
	wire_open(&fix, &s->w);
	CHECK(wire_send(&s->w, text.at, text.len));
	CHECK(wire_head(&s->w, &r));
	sp_buf_free(&r.body);
	s->status = r.status;
	s->head = r.head;
}

static void
stream_close(struct stream *s)
{
	wire_close(&s->w);
	sp_buf_free(&s->head);
}

/* Everything up to and with this text has come. */
static void
stream_has(struct stream *s, const char *text)
{
	while (strstr(sp_buf_str(&s->w.got), text) == NULL)
		if (!wire_read(&s->w)) {
			(void)printf("# ended: %s\n", sp_buf_str(&s->w.got));
			CHECK(false);
		}
}

static void
stream_open_as(
    struct stream *s, const char *token, const char *query, const char *lines)
{
	stream_ask(s, token, query, lines, "1.1");
	CHECK(s->status == 200);
	stream_has(s, "retry: 3000\n");
	stream_has(s, "\n\n");
}

static void
stream_open(struct stream *s, const char *query, const char *lines)
{
	stream_open_as(s, fix.room.token, query, lines);
}

/* The last id that it heard. */
static uint64_t
stream_id(const struct stream *s)
{
	const char *at = sp_buf_str(&s->w.got), *last = NULL;
	uint64_t id = 0;

	while ((at = strstr(at, "id: ")) != NULL)
		last = at += 4;
	CHECK(last != NULL);
	CHECK(sp_parse_u64(last, strcspn(last, "\n"), 1, UINT64_MAX, &id));
	return id;
}

/* The stream is over, in good order. */
static void
stream_over(struct stream *s, const char *why)
{
	char text[60];

	(void)snprintf(
	    text, sizeof(text), "event: over\ndata: {\"why\":\"%s\"}\n\n", why);
	stream_has(s, text);
	while (wire_read(&s->w))
		;
	CHECK(strstr(sp_buf_str(&s->w.got), "\r\n0\r\n\r\n") != NULL);
}

static void
refused(const char *query, const char *lines, unsigned status)
{
	struct stream s;

	stream_ask(&s, fix.room.token, query, lines, "1.1");
	CHECK(s.status == status);
	CHECK(strstr(sp_buf_str(&s.head), "text/event-stream") == NULL);
	stream_close(&s);
}

static struct sp_id
sealed(const char *bytes)
{
	struct new_upload u = { .length = strlen(bytes) };
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(fixture_create(&fix.room, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&fix.room, &id, (const uint8_t *)bytes, 0,
		     strlen(bytes), NULL, &err),
	    &err);
	return id;
}

static void
tell(enum events_kind kind, uint64_t at)
{
	events_hub_tell(evidence_room_events(fix.room.room),
	    &(struct events_event){ .kind = kind,
		.object = fix.room.agency.id,
		.at = at,
		.of = 1000000 });
}

static size_t
listeners(void)
{
	return events_hub_listeners(evidence_room_events(fix.room.room));
}

static void
listeners_are(size_t n)
{
	int64_t until = sp_ticks() + FIXTURE_WAIT * SP_SECOND;

	while (listeners() != n) {
		CHECK(sp_ticks() < until);
		(void)usleep(10000);
	}
}

static void
with_limits(struct http_limits limits)
{
	fixture_halt(&fix);
	fix.limits = limits;
	fixture_serve(&fix);
}

/* ---- Following ---- */

static void
news_comes_as_it_happens(void)
{
	static const char *const fields[] = {
		"\r\nContent-Type: text/event-stream\r\n",
		"\r\nCache-Control: no-store\r\n",
		"\r\nX-Accel-Buffering: no\r\n",
		"\r\nConnection: close\r\n",
		"\r\nTransfer-Encoding: chunked\r\n",
		"\r\nX-Content-Type-Options: nosniff\r\n",
	};
	char want[200], text[SP_ID_TEXT];
	struct stream s;
	struct sp_id id;
	uint64_t at;

	stream_open(&s, "", "");
	for (size_t i = 0; i < SP_COUNTOF(fields); i++)
		CHECK(strcasestr(sp_buf_str(&s.head), fields[i]) != NULL);
	CHECK(listeners() == 1);
	id = sealed("abc");
	sp_id_text(&id, text);
	(void)snprintf(want, sizeof(want),
	    "event: evidence.sealed\ndata: {\"evidence\":\"%s\",\"size\":3,",
	    text);
	stream_has(&s, want);
	at = stream_id(&s);
	tell(EVENTS_WITNESS, 77);
	stream_has(&s, "{\"behind\":77,\"size\":1000000,");
	CHECK(stream_id(&s) == at + 1);
	stream_close(&s);
	listeners_are(0);
}

static void
a_head_is_no_stream(void)
{
	struct wire w;

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "HEAD", "events", "%s", "");
	{
		AUTO_REPLY r = wire_reply(&w, true);
		char value[80];

		CHECK(r.status == 200);
		CHECK(reply_field(&r, "Content-Type", value, sizeof(value)));
		CHECK(strcmp(value, "text/event-stream") == 0);
		CHECK(!reply_field(&r, "Content-Length", value, sizeof(value)));
	}
	CHECK(wire_ends(&w));
	CHECK(listeners() == 0);
	wire_close(&w);
}

static void
an_old_client_gets_no_chunks(void)
{
	struct stream s;

	stream_ask(&s, fix.room.token, "", "", "1.0");
	CHECK(s.status == 200);
	CHECK(strcasestr(sp_buf_str(&s.head), "chunked") == NULL);
	stream_has(&s, "retry: 3000\nid: ");
	tell(EVENTS_WITNESS, 5);
	stream_has(&s, "\"behind\":5,");
	CHECK(strncmp(sp_buf_str(&s.w.got), "retry: ", 7) == 0);
	stream_close(&s);
	listeners_are(0);
}

static void
it_goes_on_where_it_was(void)
{
	struct stream s;
	char lines[100];
	uint64_t at;

	stream_open(&s, "", "");
	at = stream_id(&s);
	stream_close(&s);
	tell(EVENTS_WITNESS, 11);
	tell(EVENTS_WITNESS, 12);
	(void)snprintf(
	    lines, sizeof(lines), "Last-Event-ID: %ju\r\n", (uintmax_t)at);
	stream_open(&s, "", lines);
	stream_has(&s, "\"behind\":11,");
	stream_has(&s, "\"behind\":12,");
	CHECK(strstr(sp_buf_str(&s.w.got), "missed") == NULL);
	CHECK(stream_id(&s) == at + 2);
	stream_close(&s);
	/* Of another process; and 0, which is nobody's. */
	for (int i = 0; i < 2; i++) {
		(void)snprintf(lines, sizeof(lines), "Last-Event-ID: %ju\r\n",
		    i == 0 ? (uintmax_t)(at ^ 1U << 30) : (uintmax_t)0);
		stream_open(&s, "", lines);
		stream_has(&s, "event: missed\ndata: {}\n\n");
		tell(EVENTS_WITNESS, 13);
		stream_has(&s, "\"behind\":13,");
		CHECK(strstr(sp_buf_str(&s.w.got), "\"behind\":12,") == NULL);
		stream_close(&s);
	}
	listeners_are(0);
}

static void
what_is_asked_wrongly(void)
{
	static const struct {
		const char *query, *lines;
		unsigned status;
	} rows[] = {
		{ "?object=1", "", 400 },
		{ "?object=", "", 400 },
		{ "?object", "", 400 },
		{ "?object=01020304-0506-4708-890a-0b0c0d0e0f10", "", 400 },
		{ "?objects=01020304-0506-7708-890a-0b0c0d0e0f10", "", 400 },
		{ "", "Last-Event-ID: \r\n", 400 },
		{ "", "Last-Event-ID: x\r\n", 400 },
		{ "", "Last-Event-ID: -1\r\n", 400 },
		{ "", "Last-Event-ID: 01\r\n", 400 },
		{ "", "Last-Event-ID: 18446744073709551616\r\n", 400 },
		{ "", "Last-Event-ID: 1 2\r\n", 400 },
		{ "", "Last-Event-ID: 1\x01\r\n", 400 },
		{ "", "Last-Event-ID: 1\r\nlast-event-id: 1\r\n", 400 },
		{ "", "Last-Event-ID : 1\r\n", 400 },
		{ "/", "", 404 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		refused(rows[i].query, rows[i].lines, rows[i].status);
	CHECK(listeners() == 0);
}

static void
only_what_is_wished(void)
{
	struct sp_id id = sealed("first"), other;
	char query[80], text[SP_ID_TEXT];
	struct stream s;
	struct sp_err err;
	struct new_upload u = { .length = 3 };

	CHECK_OK(fixture_create(&fix.room, &u, &id, &err), &err);
	sp_id_text(&id, text);
	(void)snprintf(query, sizeof(query), "?object=%s", text);
	stream_open(&s, query, "");
	other = sealed("second");
	CHECK_OK(fixture_patch(
		     &fix.room, &id, (const uint8_t *)"abc", 0, 3, NULL, &err),
	    &err);
	stream_has(&s, text);
	sp_id_text(&other, text);
	CHECK(strstr(sp_buf_str(&s.w.got), text) == NULL);
	stream_close(&s);
	listeners_are(0);
}

/* ---- Who may ---- */

struct issuing {
	struct gate_token_new new;
	struct sp_id id;
	char text[GATE_TOKEN_TEXT];
};

static enum sp_code
issue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct issuing *i = arg;

	return gate_token_issue(tx, &i->new, &i->id, i->text, err);
}

static struct issuing
issue(enum gate_role role, sp_time expires)
{
	struct issuing i = { .new = { .agency = fix.room.agency.id,
				 .role = role,
				 .label = "a test's",
				 .expires = expires,
				 .by = &fix.room.who } };
	struct sp_err err;

	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(fix.room.room), issue_act, &i, &err),
	    &err);
	return i;
}

static void
a_device_hears_of_its_own(void)
{
	struct issuing i = issue(GATE_DEVICE, sp_now() + 600 * SP_SECOND);
	struct gate_caller admin = fix.room.who;
	char text[SP_ID_TEXT];
	struct sp_id theirs, own;
	struct stream s, all;
	struct sp_err err;

	stream_open_as(&s, i.text, "", "");
	stream_open(&all, "", "");
	theirs = sealed("of the administrator");
	CHECK_OK(
	    fixture_know(fix.room.room, i.text, &fix.room.who, &err), &err);
	fix.room.who.source = "api";
	own = sealed("of the device");
	fix.room.who = admin;
	tell(EVENTS_WITNESS, 1);
	sp_id_text(&own, text);
	stream_has(&s, text);
	stream_has(&all, text);
	stream_has(&all, "witness.behind");
	sp_id_text(&theirs, text);
	CHECK(strstr(sp_buf_str(&s.w.got), text) == NULL);
	CHECK(strstr(sp_buf_str(&all.w.got), text) != NULL);
	/* Later news would come after: nothing of this was held back. */
	fix.room.who.token = i.id;
	own = sealed("again");
	fix.room.who = admin;
	sp_id_text(&own, text);
	stream_has(&s, text);
	CHECK(strstr(sp_buf_str(&s.w.got), "witness") == NULL);
	stream_close(&s);
	stream_close(&all);
	listeners_are(0);
}

static void
nobody_without_a_token(void)
{
	struct stream s;

	stream_ask(&s, "spt_nobody", "", "", "1.1");
	CHECK(s.status == 401);
	stream_close(&s);
	refused("", "Authorization: Bearer x\r\n", 400);
	CHECK(listeners() == 0);
}

static void
a_revoked_token_hears_no_more(void)
{
	struct issuing i = issue(GATE_OFFICER, sp_now() + 600 * SP_SECOND);
	struct stream s[3], other;
	struct sp_err err;
	int64_t from;

	stream_open(&other, "", "");
	for (size_t n = 0; n < 3; n++)
		stream_open_as(&s[n], i.text, "", "");
	from = sp_ticks();
	CHECK_OK(
	    evidence_room_revoke(fix.room.room, &fix.room.who, &i.id, &err),
	    &err);
	for (size_t n = 0; n < 3; n++) {
		stream_over(&s[n], "token");
		stream_close(&s[n]);
	}
	/* At once, not with some beat. */
	CHECK(sp_ticks() - from < 10 * SP_SECOND);
	stream_ask(&s[0], i.text, "", "", "1.1");
	CHECK(s[0].status == 401);
	stream_close(&s[0]);
	tell(EVENTS_WITNESS, 6);
	stream_has(&other, "\"behind\":6,");
	stream_close(&other);
	listeners_are(0);
}

static void
an_expired_token_hears_no_more(void)
{
	sp_time expires = sp_now() + 3 * SP_SECOND / 2;
	struct issuing i = issue(GATE_AUDITOR, expires);
	struct stream s;

	stream_open_as(&s, i.text, "", "");
	stream_over(&s, "token");
	CHECK(sp_now() >= expires && sp_now() < expires + 10 * SP_SECOND);
	stream_close(&s);
	listeners_are(0);
}

/* Revoked while streams are being opened: none stays. */
static void *
open_all_the_time(void *arg)
{
	const char *token = arg;

	for (;;) {
		struct stream s;
		unsigned status;

		stream_ask(&s, token, "", "", "1.1");
		status = s.status;
		if (status == 200)
			stream_over(&s, "token");
		stream_close(&s);
		if (status != 200) {
			CHECK(status == 401);
			return NULL;
		}
	}
}

static void
a_revocation_leaves_no_gap(void)
{
	enum { OPENERS = 8 };

	for (int round = 0; round < 5; round++) {
		struct issuing i =
		    issue(GATE_OFFICER, sp_now() + 600 * SP_SECOND);
		pthread_t thread[OPENERS];
		struct sp_err err;

		for (size_t n = 0; n < OPENERS; n++)
			CHECK(pthread_create(&thread[n], NULL,
				  open_all_the_time, i.text) == 0);
		(void)usleep(2000 * (useconds_t)round);
		CHECK_OK(evidence_room_revoke(
			     fix.room.room, &fix.room.who, &i.id, &err),
		    &err);
		for (size_t n = 0; n < OPENERS; n++)
			CHECK(pthread_join(thread[n], NULL) == 0);
	}
	listeners_are(0);
}

/* ---- Limits ---- */

static void
there_are_only_so_many_streams(void)
{
	struct issuing i;
	struct stream s[4];
	struct wire w[2];

	with_limits((struct http_limits){ .connections = 3,
	    .event_streams = 4,
	    .event_streams_per_agency = 3,
	    .event_streams_per_token = 2 });
	i = issue(GATE_OFFICER, sp_now() + 600 * SP_SECOND);
	stream_open(&s[0], "", "");
	stream_open(&s[1], "", "");
	refused("", "", 429);
	stream_open_as(&s[2], i.text, "", "");
	stream_ask(&s[3], i.text, "", "", "1.1");
	CHECK(s[3].status == 429);
	stream_close(&s[3]);
	/* They are none of the connections: there are as many as before. */
	for (size_t n = 0; n < 2; n++) {
		wire_open(&fix, &w[n]);
		wire_ask(&fix, &w[n], "GET", "/healthz", "%s", "");
		{
			AUTO_REPLY r = wire_reply(&w[n], false);

			CHECK(r.status == 200);
		}
	}
	wire_close(&w[0]);
	wire_close(&w[1]);
	/* One that leaves makes room, without any beat between. */
	stream_close(&s[1]);
	listeners_are(2);
	stream_open(&s[1], "", "");
	for (size_t n = 0; n < 3; n++)
		stream_close(&s[n]);
	with_limits((struct http_limits){ .event_streams = 1 });
	stream_open(&s[0], "", "");
	refused("", "", 429);
	stream_close(&s[0]);
	with_limits((struct http_limits){ .connections = 0 });
}

static bool
metric_is(const char *line)
{
	struct wire w;
	bool is;

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "GET", "/metrics", "%s", "");
	{
		AUTO_REPLY r = wire_reply(&w, false);

		is = strstr(sp_buf_str(&r.body), line) != NULL;
	}
	wire_close(&w);
	return is;
}

/* More news than anybody can take: who tells it does not wait, who reads
 * learns that he missed some, who does not read is cut. */
static void
nobody_waits_for_a_slow_client(void)
{
	struct stream slow, good;
	int64_t from, longest = 0;

	with_limits((struct http_limits){ .idle_seconds = 2 });
	stream_open(&slow, "", "");
	stream_open(&good, "", "");
	CHECK(setsockopt(slow.w.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 },
		  sizeof(int)) == 0);
	for (uint64_t i = 0; i < 200000; i++) {
		int64_t before = sp_ticks(), took;

		tell(EVENTS_WITNESS, i);
		took = sp_ticks() - before;
		longest = took > longest ? took : longest;
	}
	CHECK(longest < 2 * SP_SECOND);
	from = sp_ticks();
	while (listeners() > 1) {
		CHECK(sp_ticks() - from < FIXTURE_WAIT * SP_SECOND);
		tell(EVENTS_WITNESS, 1);
		sp_buf_clear(&good.w.got);
		CHECK(wire_read(&good.w));
	}
	tell(EVENTS_CORRUPT, 0);
	stream_has(&good, "evidence.corrupt");
	CHECK(metric_is("\nsallyport_event_streams 1\n"));
	stream_close(&slow);
	stream_close(&good);
	listeners_are(0);
	with_limits((struct http_limits){ .connections = 0 });
}

static void *
open_and_close(void *arg)
{
	(void)arg;
	for (int i = 0; i < 12; i++) {
		struct stream s;

		stream_open(&s, "", i % 2 == 0 ? "" : "Last-Event-ID: 1\r\n");
		if (i % 3 == 0)
			stream_has(&s, "witness.behind");
		stream_close(&s);
	}
	return NULL;
}

static void
many_come_and_go(void)
{
	enum { THREADS = 8 };
	pthread_t thread[THREADS];
	int64_t until;

	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&thread[i], NULL, open_and_close, NULL) ==
		    0);
	/* Their ends are seen without more being told. */
	until = sp_ticks() + 3 * SP_SECOND;
	while (sp_ticks() < until || listeners() > 0) {
		CHECK(sp_ticks() < until + FIXTURE_WAIT * SP_SECOND);
		tell(EVENTS_WITNESS, 2);
		(void)usleep(2000);
	}
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	listeners_are(0);
}

/* ---- The end ---- */

static void
a_stop_ends_them_in_good_order(void)
{
	struct stream s[5];
	int64_t from;

	for (size_t i = 0; i < SP_COUNTOF(s); i++)
		stream_open(&s[i], "", "");
	from = sp_ticks();
	http_server_stop(fix.server, 20);
	CHECK(sp_ticks() - from < 10 * SP_SECOND);
	for (size_t i = 0; i < SP_COUNTOF(s); i++) {
		stream_over(&s[i], "stop");
		stream_close(&s[i]);
	}
	fixture_close(&fix.room);
	fixture_serve(&fix);
	stream_open(&s[0], "", "");
	stream_close(&s[0]);
}

/* The room's own end does the same. */
static void
so_does_the_end_of_the_room(void)
{
	struct stream s;

	stream_open(&s, "", "");
	events_hub_end(evidence_room_events(fix.room.room));
	stream_over(&s, "stop");
	stream_close(&s);
	refused("", "", 503);
}

static void
begin(void)
{
	fixture_begin(&fix);
}

static void
end(void)
{
	fixture_end(&fix);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "each kind has its text", each_kind_has_its_text },
		{ "a server starts", begin },
		{ "news comes as it happens", news_comes_as_it_happens },
		{ "a HEAD is no stream", a_head_is_no_stream },
		{ "an old client gets no chunks",
		    an_old_client_gets_no_chunks },
		{ "it goes on where it was", it_goes_on_where_it_was },
		{ "what is asked wrongly", what_is_asked_wrongly },
		{ "only what is wished", only_what_is_wished },
		{ "a device hears of its own", a_device_hears_of_its_own },
		{ "nobody without a token", nobody_without_a_token },
		{ "a revoked token hears no more",
		    a_revoked_token_hears_no_more },
		{ "an expired token hears no more",
		    an_expired_token_hears_no_more },
		{ "a revocation leaves no gap", a_revocation_leaves_no_gap },
		{ "there are only so many streams",
		    there_are_only_so_many_streams },
		{ "nobody waits for a slow client",
		    nobody_waits_for_a_slow_client },
		{ "many come and go", many_come_and_go },
		{ "a stop ends them in good order",
		    a_stop_ends_them_in_good_order },
		{ "so does the end of the room", so_does_the_end_of_the_room },
		{ "the server stops", end },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
