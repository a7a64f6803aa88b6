#include "http/http_fixture.h"

#include <sys/resource.h>

#define OFFSET "Content-Type: application/offset+octet-stream\r\n"
#define META   "Upload-Metadata: filename YS5tcDQ=,filetype dmlkZW8vbXA0\r\n"
#define MIB    ((size_t)1 << 20)

static struct http_fixture fix;
static uint8_t *bytes; /* something to upload */
#define BYTES (5 * MIB + 321)

/* --- Parts that stand alone --- */

static void
limits_have_defaults(void)
{
	struct http_limits some = { .idle_seconds = 5 };
	struct http_limits l = http_limits_filled(&some);

	CHECK(l.connections == 2000 && l.connections_per_address == 1500);
	CHECK(l.event_streams == 12000 && l.event_streams_per_token == 500);
	CHECK(l.event_streams_per_agency == 9000);
	CHECK(l.idle_seconds == 5 && l.header_seconds == 30);
	CHECK(l.body_rate == 16);
	CHECK(l.header_bytes == 32768 && l.json_bytes == 65536);
}

/* --- Short forms --- */

/* One request on a connection of its own. */
#define ASK(reply, method, path, ...)                                          \
	AUTO_REPLY reply = ask_alone(method, path, __VA_ARGS__)

static struct reply SP_PRINTF(3, 4)
    ask_alone(const char *method, const char *path, const char *fmt, ...)
{
	char lines[2000];
	struct wire w;
	struct reply r;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(lines, sizeof(lines), fmt, ap);
	va_end(ap);
	wire_open(&fix, &w);
	wire_ask(&fix, &w, method, path, "Connection: close\r\n%s", lines);
	r = wire_reply(&w, strcmp(method, "HEAD") == 0);
	wire_close(&w);
	return r;
}

static uint64_t
field_u64(const struct reply *r, const char *name)
{
	char text[32];
	uint64_t n = 0;

	CHECK(reply_field(r, name, text, sizeof(text)));
	CHECK(sp_parse_u64(text, strlen(text), 0, UINT64_MAX, &n));
	return n;
}

/* Where an upload is. */
struct place {
	char path[100];
};

static struct place
create(uint64_t length)
{
	struct place p;
	ASK(r, "POST", "uploads", META "Upload-Length: %ju\r\n",
	    (uintmax_t)length);

	CHECK(r.status == 201);
	CHECK(reply_field(&r, "Location", p.path, sizeof(p.path)));
	return p;
}

static uint64_t
offset_of(const struct place *p)
{
	/* A session that was cut may take a moment to rest. */
	for (int i = 0; i < 200; i++) {
		ASK(r, "HEAD", p->path, "%s", "");

		if (r.status == 200)
			return field_u64(&r, "Upload-Offset");
		CHECK(r.status == 423);
		(void)usleep(50000);
	}
	CHECK(false);
	return 0;
}

static struct reply
patch(struct wire *w, const struct place *p, uint64_t at, size_t len)
{
	wire_ask(&fix, w, "PATCH", p->path,
	    OFFSET "Upload-Offset: %ju\r\nContent-Length: %zu\r\n",
	    (uintmax_t)at, len);
	(void)wire_send(w, bytes + at, len);
	return wire_reply(w, false);
}

static struct place
content_of(const struct reply *done)
{
	struct place p;
	char id[64];

	CHECK(reply_field(done, "Sallyport-Evidence", id, sizeof(id)));
	(void)snprintf(p.path, sizeof(p.path), "evidence/%s/content", id);
	return p;
}

/* --- Serving --- */

static void
it_answers_over_tls_1_3_and_1_2_only(void)
{
	static const struct {
		const char *priority;
		bool ok;
	} rows[] = {
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.3", true },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2", true },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.1", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", false },
		{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
		    false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct wire w;

		CHECK(wire_try(&fix, &w, rows[i].priority) == rows[i].ok);
		if (rows[i].ok) {
			AUTO_REPLY r = { .status = 0 };

			wire_ask(&fix, &w, "GET", "/healthz", "%s", "");
			r = wire_reply(&w, false);
			CHECK(r.status == 200 && r.whole);
			CHECK(strcmp(sp_buf_str(&r.body), "{\"alive\":true}") ==
			    0);
		}
		wire_close(&w);
	}
}

static void
a_connection_serves_many_requests(void)
{
	struct wire w;

	wire_open(&fix, &w);
	for (int i = 0; i < 20; i++) {
		AUTO_REPLY r = { .status = 0 };

		wire_ask(&fix, &w, i % 2 == 0 ? "GET" : "HEAD", "evidence",
		    "%s", "");
		r = wire_reply(&w, i % 2 != 0);
		CHECK(r.status == 200 && r.whole);
	}
	/* Two at once are answered one after the other. */
	wire_ask(&fix, &w, "GET", "/healthz", "%s", "");
	wire_ask(&fix, &w, "GET", "/nothing", "%s", "");
	for (int i = 0; i < 2; i++) {
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(r.status == (i == 0 ? 200 : 404));
	}
	wire_close(&w);
}

static void
an_upload_becomes_evidence_and_is_read_by_range(void)
{
	struct place up = create(BYTES), content;
	struct wire w;

	wire_open(&fix, &w);
	{
		AUTO_REPLY first = patch(&w, &up, 0, 2 * MIB);

		CHECK(first.status == 204);
		CHECK(field_u64(&first, "Upload-Offset") == 2 * MIB);
	}
	{
		AUTO_REPLY last = patch(&w, &up, 2 * MIB, BYTES - 2 * MIB);

		CHECK(last.status == 204);
		content = content_of(&last);
	}
	wire_close(&w);
	{
		ASK(all, "GET", content.path, "%s", "");
		ASK(head, "HEAD", content.path, "%s", "");
		ASK(part, "GET", content.path, "Range: bytes=%zu-%zu\r\n",
		    MIB - 5, MIB + 5);
		ASK(none, "GET", content.path, "Range: bytes=%zu-\r\n", BYTES);

		CHECK(all.status == 200 && all.body.len == BYTES);
		CHECK(memcmp(all.body.at, bytes, BYTES) == 0);
		CHECK(head.status == 200);
		CHECK(field_u64(&head, "Content-Length") == BYTES);
		CHECK(part.status == 206 && part.body.len == 11);
		CHECK(memcmp(part.body.at, bytes + MIB - 5, 11) == 0);
		CHECK(none.status == 416);
	}
}

static void
a_creation_may_bring_all_of_it(void)
{
	struct wire w;
	AUTO_REPLY r = { .status = 0 };

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "POST", "uploads",
	    OFFSET META "Upload-Length: %zu\r\nContent-Length: %zu\r\n", MIB,
	    MIB);
	CHECK(wire_send(&w, bytes, MIB));
	r = wire_reply(&w, false);
	CHECK(r.status == 201);
	CHECK(field_u64(&r, "Upload-Offset") == MIB);
	wire_close(&w);
	{
		struct place content = content_of(&r);
		ASK(all, "GET", content.path, "%s", "");

		CHECK(all.body.len == MIB);
		CHECK(memcmp(all.body.at, bytes, MIB) == 0);
	}
}

/* --- Answers that do not wait --- */

static void
a_large_refused_body_is_not_waited_for(void)
{
	struct place up = create(BYTES);
	struct wire w;
	AUTO_REPLY r = { .status = 0 };

	wire_open(&fix, &w);
	/* All of it is sent before we listen, more than buffers hold. */
	r = patch(&w, &up, 1, 4 * MIB);
	CHECK(r.status == 409 && r.whole);
	CHECK(strstr(sp_buf_str(&r.body), "problem:upload-offset") != NULL);
	CHECK(strcasestr(sp_buf_str(&r.head), "Connection: close") != NULL);
	CHECK(wire_ends(&w));
	wire_close(&w);
	CHECK(offset_of(&up) == 0);
}

static void
a_small_refused_body_keeps_the_connection(void)
{
	struct place up = create(BYTES);
	struct wire w;

	wire_open(&fix, &w);
	for (int i = 0; i < 3; i++) {
		AUTO_REPLY r = patch(&w, &up, 1, 1000);

		CHECK(r.status == 409 && r.whole);
	}
	{
		AUTO_REPLY r = patch(&w, &up, 0, 1000);

		CHECK(r.status == 204);
	}
	wire_close(&w);
}

/* The upload's length is told late; a body without a length runs over it. */
static void
a_body_that_fails_midway_is_answered_midway(void)
{
	struct place up;
	struct wire w;
	char chunk[32];

	{
		ASK(r, "POST", "uploads", META "Upload-Defer-Length: 1\r\n");

		CHECK(r.status == 201);
		CHECK(reply_field(&r, "Location", up.path, sizeof(up.path)));
	}
	wire_open(&fix, &w);
	wire_ask(&fix, &w, "PATCH", up.path,
	    OFFSET "Upload-Offset: 0\r\nUpload-Length: 1000\r\n"
		   "Transfer-Encoding: chunked\r\n");
	(void)snprintf(chunk, sizeof(chunk), "%zx\r\n", 4 * MIB);
	CHECK(wire_send(&w, chunk, strlen(chunk)));
	(void)wire_send(&w, bytes, 4 * MIB);
	{
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(r.status == 413 && r.whole);
		CHECK(strcasestr(sp_buf_str(&r.head), "Tus-Resumable: 1.0.0") !=
		    NULL);
		CHECK(strcasestr(sp_buf_str(&r.head), "nosniff") != NULL);
	}
	CHECK(wire_ends(&w));
	wire_close(&w);
}

static void
expectations_are_met_or_refused(void)
{
	struct place up = create(1000);
	struct wire w;

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "PATCH", up.path,
	    OFFSET "Upload-Offset: 7\r\nContent-Length: 1000\r\n"
		   "Expect: 100-continue\r\n");
	{
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(r.status == 409); /* and no 100 before it */
	}
	wire_close(&w);
	wire_open(&fix, &w);
	wire_ask(&fix, &w, "PATCH", up.path,
	    OFFSET "Upload-Offset: 0\r\nContent-Length: 1000\r\n"
		   "Expect: 100-continue\r\n");
	{
		AUTO_REPLY go = wire_reply(&w, false);

		CHECK(go.status == 100);
	}
	CHECK(wire_send(&w, bytes, 1000));
	{
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(r.status == 204);
	}
	wire_close(&w);
}

static void
doubtful_framing_ends_the_connection(void)
{
	static const char *const lines[] = {
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: 5\r\nContent-Length: 5\r\n",
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Content-Length : 5\r\n",
		"Transfer-Encoding: gzip\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: -5\r\n",
		"Content-Length:\r\n 5\r\n",
		"Transfer-Encoding: x,\r\n chunked\r\n",
		"Transfer-Encoding:\r\n\tchunked\r\n",
		"Content-Length: 5, 5\r\n",
		"Host: b\r\n",
	};
	static const char hidden[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

	for (size_t i = 0; i < SP_COUNTOF(lines); i++) {
		struct wire w;
		AUTO_REPLY r = { .status = 0 };

		wire_open(&fix, &w);
		wire_ask(&fix, &w, "GET", "/healthz", "%s", lines[i]);
		(void)wire_send(&w, hidden, strlen(hidden));
		r = wire_reply(&w, false);
		CHECK(r.status == 400);
		/* What follows is not taken for a request.  (libmicrohttpd
		 * itself answers a malformed Content-Length, with its header
		 * twice.) */
		(void)wire_ends(&w);
		CHECK(strstr(sp_buf_str(&w.got), "alive") == NULL);
		wire_close(&w);
	}
}

static void
a_header_that_is_too_large_is_refused(void)
{
	SP_AUTO_BUF big = sp_buf_new(40000);
	struct wire w;

	for (int i = 0; i < 33000; i++)
		sp_buf_u8(&big, 'x');
	wire_open(&fix, &w);
	wire_ask(
	    &fix, &w, "GET", "/healthz", "X-Big: %s\r\n", sp_buf_str(&big));
	{
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(r.status == 431);
		CHECK(strstr(sp_buf_str(&r.body), "headers-too-large") != NULL);
	}
	wire_close(&w);
}

/* As deep as a parser goes, on the stack of a connection's thread. */
static void
deep_json_is_refused(void)
{
	static const struct {
		const char *open, *close;
		size_t n;
	} rows[] = { { "[", "", 60000 }, { "{\"a\":", "", 10000 },
		{ "[", "]", 2040 }, { "{\"a\":", "1}", 2040 } };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF json = sp_buf_new((size_t)64 << 10);
		struct wire w;
		AUTO_REPLY r = { .status = 0 };

		for (size_t n = 0; n < rows[i].n; n++)
			sp_buf_text(&json, rows[i].open);
		for (size_t n = 0; n < rows[i].n; n++)
			sp_buf_text(&json, rows[i].close);
		CHECK(sp_buf_ok(&json));
		wire_open(&fix, &w);
		wire_ask(&fix, &w, "POST", "tokens",
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n",
		    json.len);
		CHECK(wire_send(&w, json.at, json.len));
		r = wire_reply(&w, false);
		CHECK(r.status == 400);
		wire_close(&w);
	}
}

/* --- Clients that stop, and clients that are slow --- */

/* Put the rest from `at` on, and find all of it in the evidence. */
static void
finish(const struct place *up, uint64_t at)
{
	struct wire w;

	wire_open(&fix, &w);
	{
		AUTO_REPLY r = patch(&w, up, at, BYTES - at);
		struct place content;

		CHECK(r.status == 204);
		content = content_of(&r);
		ASK(all, "GET", content.path, "%s", "");
		CHECK(all.body.len == BYTES);
		CHECK(memcmp(all.body.at, bytes, BYTES) == 0);
	}
	wire_close(&w);
}

static void
a_body_that_breaks_off_is_kept(void)
{
	struct place up = create(BYTES);
	struct wire w;
	uint64_t at;

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "PATCH", up.path,
	    OFFSET "Upload-Offset: 0\r\nContent-Length: %zu\r\n", BYTES);
	CHECK(wire_send(&w, bytes, 3 * MIB + 7));
	(void)shutdown(w.fd, SHUT_WR);
	CHECK(wire_ends(&w));
	wire_close(&w);
	at = offset_of(&up);
	CHECK(at == 3 * MIB + 7);
	finish(&up, at);
}

static void
with_limits(struct http_limits limits)
{
	fixture_halt(&fix);
	fix.limits = limits;
	fixture_serve(&fix);
}

static void
slow_clients_lose_their_connection(void)
{
	struct place up = create(BYTES);
	struct wire silent, half, idle, body;
	static const char begun[] = "GET /healthz HTTP/1.1\r\nHost:";

	with_limits(
	    (struct http_limits){ .idle_seconds = 1, .header_seconds = 1 });
	wire_open(&fix, &silent);
	wire_open(&fix, &half);
	CHECK(wire_send(&half, begun, strlen(begun)));
	wire_open(&fix, &idle);
	wire_ask(&fix, &idle, "GET", "/healthz", "%s", "");
	{
		AUTO_REPLY r = wire_reply(&idle, false);

		CHECK(r.status == 200);
	}
	wire_open(&fix, &body);
	wire_ask(&fix, &body, "PATCH", up.path,
	    OFFSET "Upload-Offset: 0\r\nContent-Length: %zu\r\n", BYTES);
	CHECK(wire_send(&body, bytes, 100000));
	CHECK(wire_ends(&silent));
	CHECK(wire_ends(&half));
	CHECK(wire_ends(&idle));
	CHECK(wire_ends(&body));
	wire_close(&silent);
	wire_close(&half);
	wire_close(&idle);
	wire_close(&body);
	CHECK(offset_of(&up) == 100000);
	with_limits((struct http_limits){ .connections = 0 });
}

static void
wait_until_cut(void)
{
	for (int i = 0; i < FIXTURE_WAIT * 10; i++) {
		ASK(r, "GET", "/metrics", "%s", "");

		if (strstr(sp_buf_str(&r.body), "_cut_total 1\n") != NULL)
			return;
		(void)usleep(100000);
	}
	CHECK(false);
}

static void
a_client_that_does_not_read_loses_its_connection(void)
{
	struct place up = create(BYTES), content;
	struct wire w;

	wire_open(&fix, &w);
	{
		AUTO_REPLY r = patch(&w, &up, 0, BYTES);

		content = content_of(&r);
	}
	wire_close(&w);
	with_limits((struct http_limits){ .idle_seconds = 1 });
	wire_open(&fix, &w);
	CHECK(setsockopt(w.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 8192 },
		  sizeof(int)) == 0);
	wire_ask(&fix, &w, "GET", content.path, "%s", "");
	wait_until_cut();
	/* So that the rest need not wait for the kernel's next probe of a shut
	 * window, which comes the later the longer it was shut. */
	CHECK(setsockopt(w.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 1 << 20 },
		  sizeof(int)) == 0);
	{
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(!r.whole && r.body.len < BYTES);
	}
	wire_close(&w);
	with_limits((struct http_limits){ .connections = 0 });
}

static bool
served(void)
{
	AUTO_REPLY r = { .status = 0 };
	struct wire w;

	if (wire_try(&fix, &w, "NORMAL")) {
		wire_ask(&fix, &w, "GET", "/healthz", "%s", "");
		r = wire_reply(&w, false);
	}
	wire_close(&w);
	return r.status == 200;
}

static void
there_are_only_so_many_connections(void)
{
	struct wire a, b;
	int third;
	char byte;

	with_limits((struct http_limits){ .connections = 2 });
	wire_open(&fix, &a);
	wire_open(&fix, &b);
	/* The third is not spoken to while there are two. */
	third = wire_connect(&fix);
	(void)send(third, "x", 1, MSG_NOSIGNAL);
	CHECK(setsockopt(third, SOL_SOCKET, SO_RCVTIMEO,
		  &(struct timeval){ .tv_usec = 300000 },
		  sizeof(struct timeval)) == 0);
	CHECK(recv(third, &byte, 1, 0) <= 0);
	(void)close(third);
	wire_close(&a);
	wire_close(&b);
	/* Until their places are free, others are turned away. */
	for (int i = 0; !served(); i++) {
		CHECK(i < FIXTURE_WAIT * 10);
		(void)usleep(100000);
	}
	with_limits((struct http_limits){ .connections = 0 });
}

/* --- Exports --- */

/* The id of a fresh item of `len` bytes. */
static void
item(size_t len, char id[static 64])
{
	struct place up = create(len);
	struct wire w;

	wire_open(&fix, &w);
	{
		AUTO_REPLY r = patch(&w, &up, 0, len);

		CHECK(reply_field(&r, "Sallyport-Evidence", id, 64));
	}
	wire_close(&w);
}

static void
ask_export(struct wire *w, const char *format, const char *a, const char *b)
{
	char wish[200];

	(void)snprintf(wish, sizeof(wish),
	    "{\"format\":\"%s\",\"items\":[\"%s\",\"%s\"]}", format, a, b);
	wire_ask(&fix, w, "POST", "exports",
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n",
	    strlen(wish));
	CHECK(wire_send(w, wish, strlen(wish)));
}

/* Everything until the last chunk or the end of the wire: is it whole? */
static bool
read_chunks(struct wire *w, struct sp_buf *out)
{
	for (;;) {
		const char *end;
		size_t len = 0, used;

		while ((end = strstr(sp_buf_str(&w->got), "\r\n")) == NULL)
			if (!wire_read(w))
				return false;
		for (const char *c = sp_buf_str(&w->got); c < end; c++)
			len = len * 16 +
			    (size_t)(*c <= '9' ? *c - '0' : (*c | 32) - 87);
		used = (size_t)(end - sp_buf_str(&w->got)) + 2;
		while (w->got.len < used + len + 2)
			if (!wire_read(w))
				return false;
		sp_buf_add(out, w->got.at + used, len);
		wire_drop(w, used + len + 2);
		if (len == 0)
			return true;
	}
}

static void
an_export_is_an_archive_of_all_items(void)
{
	static const struct {
		const char *format, *begins;
	} rows[] = { { "zip", "PK" }, { "tar", "" } };
	char a[64], b[64];

	item(3 * MIB, a);
	item(1000, b);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF archive = sp_buf_new((size_t)64 << 20);
		struct wire w;
		AUTO_REPLY head = { .status = 0 };

		wire_open(&fix, &w);
		ask_export(&w, rows[i].format, a, b);
		CHECK(wire_head(&w, &head) && head.status == 200);
		CHECK(read_chunks(&w, &archive));
		CHECK(strncmp(sp_buf_str(&archive), rows[i].begins,
			  strlen(rows[i].begins)) == 0);
		CHECK(memmem(archive.at, archive.len, bytes, 3 * MIB) != NULL);
		CHECK(memmem(archive.at, archive.len, b, 36) != NULL);
		wire_close(&w);
	}
	/* What is not there is refused before the first byte. */
	{
		struct wire w;
		AUTO_REPLY r = { .status = 0 };

		wire_open(&fix, &w);
		ask_export(
		    &w, "zip", a, "01890a5d-ac96-774b-bcce-b302099a8057");
		r = wire_reply(&w, false);
		CHECK(r.status == 404);
		wire_close(&w);
	}
}

static void
an_export_may_be_given_up(void)
{
	char a[64], b[64];
	struct wire w;

	item(BYTES, a);
	item(1000, b);
	for (int i = 0; i < 5; i++) {
		AUTO_REPLY head = { .status = 0 };

		wire_open(&fix, &w);
		ask_export(&w, "zip", a, b);
		CHECK(wire_head(&w, &head) && head.status == 200);
		wire_close(&w);
	}
	{
		ASK(r, "GET", "/healthz", "%s", "");

		CHECK(r.status == 200);
	}
}

/* A byte of the fifth segment, far behind what is sent at once. */
static int
spoil(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	SP_AUTO_FD fd = -1;
	char byte;

	(void)w;
	if (flag != FTW_F || st->st_size < (off_t)BYTES)
		return 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && pread(fd, &byte, 1, 4 * MIB + 100) == 1);
	byte ^= 1;
	CHECK(pwrite(fd, &byte, 1, 4 * MIB + 100) == 1);
	return 0;
}

static void
spoil_objects(void)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/agencies/%s/objects",
	    fix.room.dir, fix.room.agency.slug);
	CHECK(nftw(path, spoil, 16, FTW_PHYS) == 0);
}

/* Stored bytes that fail their check end the answer where it stands. */
static void
what_is_cut_short_never_looks_whole(void)
{
	SP_AUTO_BUF archive = sp_buf_new((size_t)64 << 20);
	char a[64], b[64], path[100];
	struct wire w;
	AUTO_REPLY head = { .status = 0 };

	item(BYTES, a);
	item(1000, b);
	spoil_objects();
	wire_open(&fix, &w);
	ask_export(&w, "zip", b, a);
	CHECK(wire_head(&w, &head) && head.status == 200);
	CHECK(!read_chunks(&w, &archive));
	wire_close(&w);
	(void)snprintf(path, sizeof(path), "evidence/%s/content", a);
	{
		ASK(r, "GET", path, "%s", "");

		CHECK(r.status == 200 && !r.whole);
		CHECK(field_u64(&r, "Content-Length") == BYTES);
		CHECK(r.body.len >= MIB && r.body.len < 4 * MIB);
		CHECK(memcmp(r.body.at, bytes, r.body.len) == 0);
	}
}

/* --- Certificates, stopping --- */

static void
serial_of(struct wire *w, char out[static 128])
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(w->tls, &n);

	CHECK(n >= 1 && chain[0].size >= 64);
	sp_hex(chain[0].data + chain[0].size - 60, 60, out);
}

static void
a_new_certificate_is_for_new_connections(void)
{
	SP_AUTO_BUF junk = sp_buf_new(100);
	char before[128], same[128], after[128];
	struct wire old, now;
	struct sp_err err;

	wire_open(&fix, &old);
	serial_of(&old, before);
	/* One that is no use changes nothing. */
	sp_buf_text(&junk, "no certificate");
	fixture_write(fix.cert_path, &junk);
	CHECK_CODE(http_server_reload(fix.server, &err), SP_E_INVALID, &err);
	wire_open(&fix, &now);
	serial_of(&now, same);
	CHECK(strcmp(before, same) == 0);
	wire_close(&now);
	fixture_certify(&fix);
	CHECK_OK(http_server_reload(fix.server, &err), &err);
	wire_open(&fix, &now);
	serial_of(&now, after);
	CHECK(strcmp(before, after) != 0);
	wire_close(&now);
	wire_ask(&fix, &old, "GET", "/healthz", "%s", "");
	{
		AUTO_REPLY r = wire_reply(&old, false);

		CHECK(r.status == 200);
	}
	wire_close(&old);
}

static void
a_key_of_another_certificate_is_refused(void)
{
	SP_AUTO_BUF key = sp_buf_secret(20000);
	struct sp_err err;

	CHECK_OK(sp_file_read(AT_FDCWD, fix.key_path, &key, &err), &err);
	fixture_certify(&fix);
	fixture_write(fix.key_path, &key);
	CHECK_CODE(http_server_reload(fix.server, &err), SP_E_INVALID, &err);
	fixture_certify(&fix);
	CHECK_OK(http_server_reload(fix.server, &err), &err);
}

static off_t staged; /* the largest file in staging */

static int
note_size(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)path, (void)w;
	if (flag == FTW_F && st->st_size > staged)
		staged = st->st_size;
	return 0;
}

static void
wait_until_staged(off_t size)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/agencies/%s/staging",
	    fix.room.dir, fix.room.agency.slug);
	for (int i = 0; staged < size; i++) {
		CHECK(i < FIXTURE_WAIT * 100);
		staged = 0;
		CHECK(nftw(path, note_size, 16, FTW_PHYS) == 0);
		(void)usleep(10000);
	}
}

static void
stopping_keeps_what_came(void)
{
	struct place up = create(BYTES);
	struct wire body, idle;
	uint64_t at;

	wire_open(&fix, &idle);
	wire_open(&fix, &body);
	wire_ask(&fix, &body, "PATCH", up.path,
	    OFFSET "Upload-Offset: 0\r\nContent-Length: %zu\r\n", BYTES);
	CHECK(wire_send(&body, bytes, 2 * MIB + 99));
	/* Two segments lie on the disk when what follows them has come. */
	wait_until_staged((off_t)(2 * MIB));
	fixture_halt(&fix);
	CHECK(wire_ends(&idle));
	CHECK(wire_ends(&body));
	wire_close(&idle);
	wire_close(&body);
	fixture_serve(&fix);
	at = offset_of(&up);
	CHECK(at >= 2 * MIB - 1000 && at <= 2 * MIB + 99);
	finish(&up, at);
}

static void
what_cannot_start_leaves_nothing(void)
{
	struct http_server_options o = {
		.routes = &api_routes,
		.site = fix.room.site,
		.listen = "127.0.0.1:1:2",
		.cert_path = fix.cert_path,
		.key_path = fix.key_path,
	};
	struct http_server *s = NULL;
	char taken[32];
	struct sp_err err;

	CHECK_CODE(http_server_start(&s, &o, &err), SP_E_INVALID, &err);
	o.listen = taken;
	(void)snprintf(
	    taken, sizeof(taken), "127.0.0.1:%u", http_server_port(fix.server));
	CHECK_CODE(http_server_start(&s, &o, &err), SP_E_INTERNAL, &err);
	o.cert_path = "/nowhere";
	CHECK_CODE(http_server_start(&s, &o, &err), SP_E_NOTFOUND, &err);
	CHECK(s == NULL);
	http_server_stop(NULL, 0);
}

/* --- For those who run it --- */

static void
readiness_follows_the_keeper(void)
{
	{
		ASK(r, "GET", "/readyz", "%s", "");

		CHECK(r.status == 200);
	}
	fixture_keeper_kill(&fix.room);
	{
		struct place nowhere = { "uploads" };
		ASK(create_now, "POST", nowhere.path,
		    META "Upload-Length: 5\r\n");
		ASK(r, "GET", "/readyz", "%s", "");

		CHECK(create_now.status == 503);
		CHECK(strstr(sp_buf_str(&create_now.body),
			  "problem:keeper-away") != NULL);
		CHECK(field_u64(&create_now, "Retry-After") == 2);
		CHECK(r.status == 503);
		CHECK(strstr(sp_buf_str(&r.body), "\"keeper\":false") != NULL);
	}
	fixture_keeper_start(&fix.room, evidence_site_keeper(fix.room.site));
	{
		ASK(r, "GET", "/readyz", "%s", "");
		struct place up = create(5);

		CHECK(r.status == 200 && up.path[0] == '/');
	}
}

static void
metrics_are_for_this_machine(void)
{
	ASK(r, "GET", "/metrics", "%s", "");
	ASK(through, "GET", "/metrics", "X-Forwarded-For: 192.0.2.1\r\n");

	CHECK(r.status == 200);
	CHECK(
	    strstr(sp_buf_str(&r.body),
		"sallyport_writer_stopped{agency=\"harbor-pd\"} 0\n") != NULL);
	CHECK(strstr(sp_buf_str(&r.body), "sallyport_keeper_connected 1\n") !=
	    NULL);
	CHECK(through.status == 404);
}

/* A token of this role, and where it is. */
static void
issue(const char *role, char token[static GATE_TOKEN_TEXT],
    char location[static 100])
{
	char wish[100];
	struct wire w;
	const char *at;

	(void)snprintf(wish, sizeof(wish),
	    "{\"role\":\"%s\",\"label\":\"x\",\"expires_in_days\":1}", role);
	wire_open(&fix, &w);
	wire_ask(&fix, &w, "POST", "tokens",
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n",
	    strlen(wish));
	CHECK(wire_send(&w, wish, strlen(wish)));
	{
		AUTO_REPLY r = wire_reply(&w, false);

		CHECK(r.status == 201);
		CHECK(reply_field(&r, "Location", location, 100));
		at = strstr(sp_buf_str(&r.body), "\"token\":\"");
		CHECK(at != NULL);
		(void)snprintf(token, GATE_TOKEN_TEXT, "%.70s", at + 9);
	}
	wire_close(&w);
}

/* Begun with a good token, the token revoked, then ended: nothing is done. */
static void
who_was_good_at_the_header_must_be_at_the_end(void)
{
	static const struct {
		const char *path, *media, *body;
		const char *sign; /* of its having been done */
	} rows[] = {
		{ "tokens", "application/json",
		    "{\"role\":\"administrator\",\"label\":\"held back\","
		    "\"expires_in_days\":300}",
		    "held back" },
		{ "roster/report", "text/csv", "human,name\nx-1,Held Back\n",
		    NULL },
	};
	char mine[GATE_TOKEN_TEXT], theirs[GATE_TOKEN_TEXT], location[100];

	memcpy(mine, fix.room.token, sizeof(mine));
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		size_t len = strlen(rows[i].body);
		struct wire w;

		issue("administrator", theirs, location);
		wire_open(&fix, &w);
		memcpy(fix.room.token, theirs, sizeof(theirs));
		wire_ask(&fix, &w, "POST", rows[i].path,
		    "Content-Type: %s\r\nContent-Length: %zu\r\n"
		    "Expect: 100-continue\r\n",
		    rows[i].media, len);
		memcpy(fix.room.token, mine, sizeof(mine));
		{
			/* Let in by then. */
			AUTO_REPLY go_on = wire_reply(&w, false);

			CHECK(go_on.status == 100);
		}
		CHECK(wire_send(&w, rows[i].body, 10));
		{
			ASK(gone, "DELETE", location, "%s", "");

			CHECK(gone.status == 204);
		}
		CHECK(wire_send(&w, rows[i].body + 10, len - 10));
		{
			AUTO_REPLY late = wire_reply(&w, false);
			ASK(list, "GET", "tokens", "%s", "");

			CHECK(late.status == 401);
			CHECK(rows[i].sign == NULL ||
			    strstr(sp_buf_str(&list.body), rows[i].sign) ==
				NULL);
		}
		wire_close(&w);
	}
}

static void
tokens_are_issued_used_and_revoked(void)
{
	char location[100], theirs[GATE_TOKEN_TEXT], mine[GATE_TOKEN_TEXT];

	issue("auditor", theirs, location);
	memcpy(mine, fix.room.token, sizeof(mine));
	memcpy(fix.room.token, theirs, sizeof(theirs));
	{
		ASK(may, "GET", "evidence", "%s", "");
		ASK(may_not, "GET", "tokens", "%s", "");

		CHECK(may.status == 200 && may_not.status == 403);
	}
	memcpy(fix.room.token, mine, sizeof(mine));
	{
		ASK(list, "GET", "tokens", "%s", "");
		ASK(gone, "DELETE", location, "%s", "");
		ASK(again, "DELETE", location, "%s", "");

		CHECK(list.status == 200);
		CHECK(strstr(sp_buf_str(&list.body), theirs) == NULL);
		CHECK(gone.status == 204 && again.status == 409);
	}
	memcpy(fix.room.token, theirs, sizeof(theirs));
	{
		ASK(revoked, "GET", "evidence", "%s", "");

		CHECK(revoked.status == 401);
	}
	memcpy(fix.room.token, mine, sizeof(mine));
}

static void
the_log_is_public_and_its_entries_are_not(void)
{
	static const char *const open[] = { "log/checkpoint", "log/key" };
	char mine[GATE_TOKEN_TEXT];

	{
		ASK(entries, "GET", "log/tile/entries/000.p/1", "%s", "");

		CHECK(entries.status == 200);
	}
	memcpy(mine, fix.room.token, sizeof(mine));
	(void)snprintf(fix.room.token, sizeof(fix.room.token), "none");
	for (size_t i = 0; i < SP_COUNTOF(open); i++) {
		ASK(r, "GET", open[i], "%s", "");

		CHECK(r.status == 200 && r.body.len > 0);
	}
	{
		ASK(tile, "GET", "log/tile/0/000.p/1", "%s", "");
		ASK(entries, "GET", "log/tile/entries/000.p/1", "%s", "");
		ASK(none, "GET", "/v1/agencies/none/log/key", "%s", "");

		CHECK(tile.status == 200 && tile.body.len == 32);
		CHECK(entries.status == 401);
		CHECK(none.status == 404);
	}
	memcpy(fix.room.token, mine, sizeof(mine));
}

/* More connections than the shell allowed open files. */
static void
files_are_enough_for_the_connections(void)
{
	struct rlimit before, few, now;

	CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
	few = before;
	few.rlim_cur = 300;
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	with_limits((struct http_limits){ .connections = 400 });
	CHECK(getrlimit(RLIMIT_NOFILE, &now) == 0);
	CHECK(now.rlim_cur >= 800 || now.rlim_cur == now.rlim_max);
	CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

static void
begin(void)
{
	bytes = malloc(BYTES);
	CHECK(bytes != NULL);
	crypto_random(bytes, BYTES);
	fixture_begin(&fix);
}

static void
end(void)
{
	fixture_end(&fix);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "limits have defaults", limits_have_defaults },
		{ "a server starts", begin },
		{ "it answers over TLS 1.3 and 1.2 only",
		    it_answers_over_tls_1_3_and_1_2_only },
		{ "a connection serves many requests",
		    a_connection_serves_many_requests },
		{ "an upload becomes evidence and is read by range",
		    an_upload_becomes_evidence_and_is_read_by_range },
		{ "a creation may bring all of it",
		    a_creation_may_bring_all_of_it },
		{ "a large refused body is not waited for",
		    a_large_refused_body_is_not_waited_for },
		{ "a small refused body keeps the connection",
		    a_small_refused_body_keeps_the_connection },
		{ "a body that fails midway is answered midway",
		    a_body_that_fails_midway_is_answered_midway },
		{ "expectations are met or refused",
		    expectations_are_met_or_refused },
		{ "doubtful framing ends the connection",
		    doubtful_framing_ends_the_connection },
		{ "a header that is too large is refused",
		    a_header_that_is_too_large_is_refused },
		{ "deep JSON is refused", deep_json_is_refused },
		{ "a body that breaks off is kept",
		    a_body_that_breaks_off_is_kept },
		{ "slow clients lose their connection",
		    slow_clients_lose_their_connection },
		{ "a client that does not read loses its connection",
		    a_client_that_does_not_read_loses_its_connection },
		{ "there are only so many connections",
		    there_are_only_so_many_connections },
		{ "an export is an archive of all items",
		    an_export_is_an_archive_of_all_items },
		{ "an export may be given up", an_export_may_be_given_up },
		{ "what is cut short never looks whole",
		    what_is_cut_short_never_looks_whole },
		{ "a new certificate is for new connections",
		    a_new_certificate_is_for_new_connections },
		{ "a key of another certificate is refused",
		    a_key_of_another_certificate_is_refused },
		{ "stopping keeps what came", stopping_keeps_what_came },
		{ "what cannot start leaves nothing",
		    what_cannot_start_leaves_nothing },
		{ "readiness follows the keeper",
		    readiness_follows_the_keeper },
		{ "metrics are for this machine",
		    metrics_are_for_this_machine },
		{ "tokens are issued, used and revoked",
		    tokens_are_issued_used_and_revoked },
		{ "who was good at the header must be at the end",
		    who_was_good_at_the_header_must_be_at_the_end },
		{ "the log is public and its entries are not",
		    the_log_is_public_and_its_entries_are_not },
		{ "files are enough for the connections",
		    files_are_enough_for_the_connections },
		{ "the server ends", end },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
