#include "errand/desk.h"

#include "base/file.h"
#include "tap.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* The messenger is the test itself, at `mine`. */
static struct {
	struct errand_desk *desk;
	atomic_uint calls;
	int mine;
} at = { .mine = -1 };

static void
bring(void)
{
	int pair[2];

	sp_file_closep(&at.mine);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	at.mine = pair[0];
	errand_desk_attach(at.desk, pair[1]);
}

static void
call(void *self)
{
	(void)self;
	atomic_fetch_add(&at.calls, 1);
}

static void
open_desk(void)
{
	const struct errand_desk_options o = { .call = call };
	struct sp_err err;

	atomic_store(&at.calls, 0);
	CHECK_OK(errand_desk_open(&at.desk, &o, &err), &err);
}

static void
close_desk(void)
{
	errand_desk_close(at.desk);
	sp_file_closep(&at.mine);
	at.mine = -1;
}

/* Somebody who waits. */
struct waiter {
	pthread_t thread;
	char url[40];
	enum sp_code code;
	unsigned status;
	struct sp_buf body;
	struct sp_err err;
};

static void *
wait_main(void *arg)
{
	struct waiter *w = arg;
	ERRAND_AUTO e = errand_new();

	e.kind = ERRAND_DOCUMENT;
	(void)snprintf(e.url, sizeof(e.url), "%s", w->url);
	w->code = errand_desk_run(at.desk, &e, &w->status, &w->body, &w->err);
	return NULL;
}

static void
start(struct waiter *w, const char *url, size_t max)
{
	*w = (struct waiter){ .body = sp_buf_new(max) };
	(void)snprintf(w->url, sizeof(w->url), "%s", url);
	CHECK(pthread_create(&w->thread, NULL, wait_main, w) == 0);
}

static void
end(struct waiter *w)
{
	CHECK(pthread_join(w->thread, NULL) == 0);
}

/* The next errand that comes out; its id. */
static uint32_t
take(char url[static 40])
{
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	ERRAND_AUTO e = errand_new();
	struct pollfd p = { .fd = at.mine, .events = POLLIN };
	struct sp_err err;

	CHECK(poll(&p, 1, 30000) == 1);
	CHECK_OK(errand_packet_receive(at.mine, &packet, &err), &err);
	CHECK_OK(errand_read(packet.at, packet.len, &e, &err), &err);
	(void)snprintf(url, 40, "%.39s", e.url);
	return e.id;
}

static void
answer(uint32_t id, unsigned status, const char *body, const char *problem)
{
	struct errand_answer a = { .id = id,
		.reply = {
		    .status = status, .body = body, .len = strlen(body) } };
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	(void)snprintf(a.problem, sizeof(a.problem), "%s", problem);
	errand_answer_write(&a, &packet);
	CHECK_OK(errand_packet_send(at.mine, &packet, &err), &err);
}

/* Whoever waits gets the answer to their own errand, in whatever order they
 * come back. */
static void
each_gets_its_own(void)
{
	struct waiter w[8];
	uint32_t id[8];
	char url[8][40], name[40];

	open_desk();
	bring();
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "https://idp/%zu", i);
		start(&w[i], name, 100);
		id[i] = take(url[i]);
	}
	for (size_t i = 8; i-- > 0;)
		answer(id[i], 200, url[i], "");
	for (size_t i = 0; i < 8; i++) {
		end(&w[i]);
		CHECK_OK(w[i].code, &w[i].err);
		CHECK(w[i].status == 200 &&
		    strcmp(sp_buf_str(&w[i].body), w[i].url) == 0);
		sp_buf_free(&w[i].body);
	}
	CHECK(atomic_load(&at.calls) == 0);
	close_desk();
}

static void
called_for_when_there_is_none(void)
{
	struct waiter w;
	char url[40];

	open_desk();
	start(&w, "https://idp/", 100);
	while (atomic_load(&at.calls) == 0)
		CHECK(poll(NULL, 0, 5) == 0);
	bring();
	answer(take(url), 404, "{}", "");
	end(&w);
	CHECK(w.code == SP_OK && w.status == 404);
	sp_buf_free(&w.body);
	close_desk();
}

static void
what_goes_wrong(void)
{
	static const struct {
		const char *body, *problem, *says;
		unsigned status;
		enum sp_code code;
	} rows[] = {
		{ "", "it closed the connection", "closed", 0, SP_E_UNAVAIL },
		{ "more than ten bytes", "", "too long", 200, SP_E_LIMIT },
	};
	struct waiter w;
	char url[40];
	uint32_t id;

	open_desk();
	bring();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		start(&w, "https://idp/", 10);
		id = take(url);
		answer(id + 1000, 200, "another's", ""); /* nobody's */
		answer(id, rows[i].status, rows[i].body, rows[i].problem);
		end(&w);
		CHECK_CODE(w.code, rows[i].code, &w.err);
		CHECK(strcmp(w.err.reason, "errand.problem") == 0);
		CHECK(strstr(w.err.text, rows[i].says) != NULL);
		CHECK(w.status == 0);
		sp_buf_free(&w.body);
	}
	close_desk();
}

/* A messenger that dies, talks nonsense or is replaced takes what is under way
 * with it; the next errand goes by the next one. */
static void
a_messenger_is_lost(void)
{
	struct waiter w;
	char url[40];

	open_desk();
	for (int how = 0; how < 3; how++) {
		bring();
		start(&w, "https://idp/", 10);
		(void)take(url);
		if (how == 0)
			sp_file_closep(&at.mine);
		else if (how == 1)
			CHECK(send(at.mine, "nonsense", 8, 0) == 8);
		else
			bring();
		end(&w);
		CHECK_CODE(w.code, SP_E_UNAVAIL, &w.err);
		sp_buf_free(&w.body);
		if (how == 0)
			at.mine = -1;
	}
	start(&w, "https://idp/", 10);
	answer(take(url), 200, "well", "");
	end(&w);
	CHECK(w.code == SP_OK);
	sp_buf_free(&w.body);
	close_desk();
}

static void
the_end(void)
{
	static struct waiter w[ERRAND_DESK_MOST];
	struct waiter one;
	char url[40];
	int64_t begun;

	open_desk();
	bring();
	for (size_t i = 0; i < ERRAND_DESK_MOST; i++) {
		start(&w[i], "https://idp/", 10);
		(void)take(url);
	}
	/* one more than may wait fails at once */
	begun = sp_ticks();
	start(&one, "https://idp/", 10);
	end(&one);
	CHECK_CODE(one.code, SP_E_UNAVAIL, &one.err);
	CHECK(strcmp(one.err.reason, "errand.away") == 0);
	sp_buf_free(&one.body);
	errand_desk_end(at.desk);
	for (size_t i = 0; i < ERRAND_DESK_MOST; i++) {
		end(&w[i]);
		CHECK_CODE(w[i].code, SP_E_UNAVAIL, &w[i].err);
		sp_buf_free(&w[i].body);
	}
	start(&one, "https://idp/", 10);
	end(&one);
	CHECK_CODE(one.code, SP_E_UNAVAIL, &one.err);
	sp_buf_free(&one.body);
	CHECK(sp_ticks() - begun < ERRAND_DESK_SECONDS * SP_SECOND / 2);
	close_desk();
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "each gets its own", each_gets_its_own },
		{ "called for when there is none",
		    called_for_when_there_is_none },
		{ "what goes wrong", what_goes_wrong },
		{ "a messenger is lost", a_messenger_is_lost },
		{ "the end", the_end },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
