#include "media/client.h"

#include "base/clock.h"
#include "media/message.h"
#include "tap.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Workers that say what they like: the bytes are put into the socket, then it
 * is closed, and the host is asked what it makes of them.
 */
static const uint8_t content[1000] = { 1, 2, 3 };

static enum sp_code
read_content(void *self, uint64_t at, void *out, size_t len, struct sp_err *err)
{
	enum sp_code *fail = self;

	CHECK(at <= sizeof(content) && len <= sizeof(content) - at);
	memcpy(out, content + at, len);
	return *fail == SP_OK ? SP_OK : sp_fail(err, *fail, "not today");
}

static enum sp_code
run(int sock, enum sp_code fail, int64_t within, struct media_result *out)
{
	struct media_job job = {
		.size = sizeof(content),
		.read = read_content,
		.self = &fail,
		.deadline = sp_ticks() + within,
		.most = 3000,
	};
	struct sp_err err = { .code = SP_OK };

	return media_client_run(sock, &job, out, &err);
}

/* What the host makes of these bytes, and then nothing. */
static struct media_result
hear_out(const struct sp_buf *said)
{
	struct media_result r = { .why = MEDIA_READABLE };
	int end[2];

	CHECK(sp_buf_ok(said));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0);
	CHECK(send(end[0], said->at, said->len, 0) == (ssize_t)said->len);
	CHECK(shutdown(end[0], SHUT_WR) == 0);
	CHECK(run(end[1], SP_OK, 60 * SP_SECOND, &r) == SP_OK);
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
	return r;
}

/* ---- What workers say ---- */

static void
add_message(
    struct sp_buf *b, enum media_message m, const void *body, size_t len)
{
	SP_AUTO_BUF one = sp_buf_new(MEDIA_MESSAGE_MAX + 10);

	media_message_start(&one, m);
	sp_buf_add(&one, body, len);
	CHECK_OK(media_message_finish(&one, NULL), (struct sp_err *)NULL);
	sp_buf_add(b, one.at, one.len);
}

static void
add_read(struct sp_buf *b, uint64_t at, uint32_t len)
{
	SP_AUTO_BUF body = sp_buf_new(12);

	sp_buf_u64be(&body, at);
	sp_buf_u32be(&body, len);
	add_message(b, MEDIA_SAY_READ, body.at, body.len);
}

static void
add_facts(struct sp_buf *b)
{
	static const struct media_facts f = {
		.format = "mp4", .length = 5, .created = MEDIA_UNKNOWN_TIME
	};
	SP_AUTO_BUF body = sp_buf_new(MEDIA_FACTS_MAX);

	media_facts_write(&f, &body);
	add_message(b, MEDIA_SAY_FACTS, body.at, body.len);
}

static void
add_unreadable(struct sp_buf *b, uint8_t number)
{
	add_message(b, MEDIA_SAY_UNREADABLE, &number, 1);
}

static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 8, 0, 16,
	1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 0xff, 0xd9 };

static void
in_good_order(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);

	add_read(&b, 0, 1000);
	add_read(&b, 999, 1);
	add_facts(&b);
	add_read(&b, 500, 500);
	add_message(&b, MEDIA_SAY_POSTER, jpeg, sizeof(jpeg));
	MEDIA_AUTO_RESULT r = hear_out(&b);

	CHECK(r.why == MEDIA_READABLE && r.facts.length == 5);
	CHECK(r.poster.len == sizeof(jpeg) &&
	    memcmp(r.poster.at, jpeg, sizeof(jpeg)) == 0);
	CHECK(r.size.width == 16 && r.size.height == 8);
}

/* Facts hold, whatever becomes of the poster. */
static void
without_poster(void)
{
	for (unsigned how = 0; how < 7; how++) {
		SP_AUTO_BUF b = sp_buf_new(4096);

		add_facts(&b);
		if (how == 0)
			add_message(&b, MEDIA_SAY_POSTER, "", 0);
		if (how == 1) /* no picture at all */
			add_message(&b, MEDIA_SAY_POSTER, "<svg/>", 6);
		if (how == 2) /* something glued to it */
			add_message(
			    &b, MEDIA_SAY_POSTER, jpeg, sizeof(jpeg) - 1);
		if (how == 3) /* asks for what is not there */
			add_read(&b, 1000, 1);
		if (how == 4)
			sp_buf_text(&b, "GET / HTTP/1.1\r\n");
		if (how == 5)
			add_unreadable(&b, 7);
		/* how == 6: dies */
		MEDIA_AUTO_RESULT r = hear_out(&b);

		CHECK(r.why == MEDIA_READABLE && r.facts.length == 5);
		CHECK(r.poster.len == 0);
	}
}

static void
reasons(void)
{
	for (unsigned i = 0; i < 256; i++) {
		SP_AUTO_BUF b = sp_buf_new(4096);
		enum media_reason want = media_reason_of((uint8_t)i);

		add_unreadable(&b, (uint8_t)i);
		MEDIA_AUTO_RESULT r = hear_out(&b);

		CHECK(
		    r.why == (want == MEDIA_READABLE ? MEDIA_NONSENSE : want));
	}
}

static void
rules_broken(void)
{
	static const struct {
		uint64_t at;
		uint32_t len;
	} outside[] = { { 0, 1001 }, { 1000, 1 }, { UINT64_MAX, 1 }, { 5, 0 },
		{ 0, UINT32_MAX }, { UINT64_MAX - 3, 9 } };
	uint8_t zero = 0;

	for (size_t i = 0; i < SP_COUNTOF(outside); i++) {
		SP_AUTO_BUF b = sp_buf_new(4096);

		add_read(&b, outside[i].at, outside[i].len);
		add_facts(&b);
		MEDIA_AUTO_RESULT r = hear_out(&b);

		CHECK(r.why == MEDIA_NONSENSE);
	}
	for (unsigned how = 0; how < 4; how++) {
		SP_AUTO_BUF b = sp_buf_new(4096);

		if (how == 0) { /* a poster of nothing */
			add_message(&b, MEDIA_SAY_POSTER, jpeg, sizeof(jpeg));
		} else if (how == 1) { /* facts that are none */
			add_message(&b, MEDIA_SAY_FACTS, &zero, 1);
		} else if (how == 2) { /* told twice */
			add_facts(&b);
			add_facts(&b);
		} else { /* the host's own words */
			sp_buf_add(
			    &b, "\0\0\0\012\001\001\0\0\0\0\0\0\0\1", 14);
		}
		MEDIA_AUTO_RESULT r = hear_out(&b);

		CHECK(r.why == MEDIA_NONSENSE && r.poster.len == 0);
	}
}

static void
asks_too_much(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);

	for (size_t i = 0; i < 4; i++)
		add_read(&b, 0, 1000);
	add_facts(&b);
	MEDIA_AUTO_RESULT r = hear_out(&b);

	CHECK(r.why == MEDIA_BYTES);
}

/* Cut off after every byte. */
static void
truncated(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);
	size_t facts;

	add_read(&b, 0, 10);
	add_facts(&b);
	facts = b.len;
	add_message(&b, MEDIA_SAY_POSTER, jpeg, sizeof(jpeg));
	while (b.len > 0) {
		sp_buf_cut(&b, b.len - 1);
		MEDIA_AUTO_RESULT r = hear_out(&b);

		CHECK(
		    r.why == (b.len >= facts ? MEDIA_READABLE : MEDIA_CRASHED));
		CHECK(r.poster.len == 0);
	}
}

static void
silent(void)
{
	MEDIA_AUTO_RESULT r = { .why = MEDIA_READABLE };
	int64_t began = sp_ticks();
	int end[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0);
	CHECK(run(end[1], SP_OK, SP_SECOND / 5, &r) == SP_OK);
	CHECK(r.why == MEDIA_TIME && sp_ticks() - began < 30 * SP_SECOND);
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

/* One that never ends to ask, and takes what it is given. */
static void *
ask_for_ever(void *arg)
{
	int sock = *(int *)arg;
	uint8_t drop[4096];
	SP_AUTO_BUF b = sp_buf_new(100);

	add_read(&b, 0, 1);
	while (send(sock, b.at, b.len, MSG_NOSIGNAL) > 0)
		while (recv(sock, drop, sizeof(drop), MSG_DONTWAIT) > 0)
			;
	return NULL;
}

static void
endless(void)
{
	MEDIA_AUTO_RESULT r = { .why = MEDIA_READABLE };
	pthread_t thread;
	int end[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0);
	CHECK(pthread_create(&thread, NULL, ask_for_ever, &end[0]) == 0);
	CHECK(run(end[1], SP_OK, 60 * SP_SECOND, &r) == SP_OK);
	CHECK(r.why == MEDIA_BYTES);
	CHECK(close(end[1]) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(close(end[0]) == 0);
}

/* What the host cannot read is not the file's fault. */
static void
host_fails(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);
	struct media_result r = { .why = MEDIA_TRIES };
	int end[2];

	add_read(&b, 0, 10);
	add_facts(&b);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0);
	CHECK(send(end[0], b.at, b.len, 0) == (ssize_t)b.len);
	CHECK(run(end[1], SP_E_CORRUPT, 60 * SP_SECOND, &r) == SP_E_CORRUPT);
	CHECK(r.why == MEDIA_TRIES); /* untouched */
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "in good order", in_good_order },
		{ "facts without a poster", without_poster },
		{ "every reason", reasons },
		{ "rules broken", rules_broken },
		{ "asks for too much", asks_too_much },
		{ "cut off after every byte", truncated },
		{ "silent", silent },
		{ "asks for ever", endless },
		{ "the host fails", host_fails },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
