#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include "base/clock.h"
#include "http/server.h"

/*
 * Watches over connections: who is too slow loses his.
 *
 *                 header is in        body is in         answer is out
 *   WAIT ----------------> BODY --------------> WORK -> ANSWER ------> WAIT
 *    | (no body: straight to WORK)
 *
 * The kernel counts each socket's bytes (TCP_INFO), so that watching costs
 * the threads that move them nothing.  A thread that is itself at work (busy)
 * keeps its client waiting: that time is not held against the client.
 *
 * Threads: http_watch_open and _close from the accepting thread; a
 * connection's phase from its own; cut from any.
 */
enum http_phase {
	HTTP_PHASE_WAIT,   /* for a request: handshake, header, or idle */
	HTTP_PHASE_BODY,   /* for a request's body */
	HTTP_PHASE_WORK,   /* the client waits for us */
	HTTP_PHASE_ANSWER, /* for the client to take the answer */
};

struct http_watch;
struct http_conn;

enum sp_code http_watch_new(struct http_watch **out,
    const struct http_limits *limits, struct sp_err *err) SP_MUST_USE;
/* All connections are closed by then. */
void http_watch_free(struct http_watch *w);

/* NULL: no memory.  The socket stays the caller's. */
struct http_conn *http_watch_open(struct http_watch *w, int fd) SP_MUST_USE;
void http_watch_close(struct http_watch *w, struct http_conn *c);
void http_conn_phase(struct http_conn *c, enum http_phase phase);
void http_conn_busy(struct http_conn *c, bool busy);
/* Receive no more: a thread that waits for bytes wakes up, keeps what came,
 * and only then does the client see the connection end. */
void http_conn_cut(struct http_conn *c);

/* For stopping: cut those in any phase but the last two (and from now on each
 * that falls back to WAIT), then wait up to `seconds` until none is left. */
void http_watch_drain(struct http_watch *w, unsigned seconds);

struct http_watch_stats {
	uint64_t open, opened, cut, bytes_in, bytes_out;
};
void http_watch_stats(struct http_watch *w, struct http_watch_stats *out);

/* ---- The judgement itself, apart from sockets ---- */

/* What is known of a connection at one look. */
struct http_sample {
	enum http_phase phase;
	uint64_t turn; /* counts changes of phase */
	bool busy;
	bool unsent; /* bytes lie ready that the client has not taken */
	uint64_t received, taken; /* bytes, as the kernel counts */
	int64_t now;              /* sp_ticks() */
};

/* What is remembered between looks; zero at first, but for `opened`. */
struct http_gauge {
	int64_t opened;
	uint64_t turn;
	int64_t since;  /* of this phase, first seen */
	int64_t moved;  /* last progress, or last busy */
	uint64_t bytes; /* at the last look */
	bool begun;     /* WAIT: a first byte has come */
	int64_t begun_at;
	int64_t window; /* start of the minute that is measured */
	uint64_t window_bytes;
	bool fresh; /* false until the first look */
};

#define HTTP_WATCH_WINDOW (60 * SP_SECOND)

/* Why the connection is to be cut, or NULL. */
const char *http_watch_judge(struct http_gauge *g, const struct http_sample *s,
    const struct http_limits *limits);

#endif
