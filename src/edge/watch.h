#ifndef EDGE_WATCH_H
#define EDGE_WATCH_H

#include "base/clock.h"
#include "base/err.h"

/*
 * Watches over connections: who is too slow loses his.
 *
 *                 header is in        body is in         answer is out
 *   WAIT ----------------> BODY --------------> WORK -> ANSWER ------> WAIT
 *    | (no body: straight to WORK)
 *
 * An answer that goes on for as long as there is news (events) is in phase
 * STREAM: it may be silent for any time, but the client must take what there
 * is for it, and one that is gone is told to its thread.
 *
 * The kernel counts each socket's bytes (TCP_INFO), so that watching costs
 * the threads that move them nothing.  A thread that is itself at work (busy)
 * keeps its client waiting: that time is not held against the client.
 *
 * Threads: edge_watch_open and _close from the accepting thread; a
 * connection's phase from its own; cut from any.
 */
enum edge_phase {
	EDGE_PHASE_WAIT,   /* for a request: handshake, header, or idle */
	EDGE_PHASE_BODY,   /* for a request's body */
	EDGE_PHASE_WORK,   /* the client waits for us */
	EDGE_PHASE_ANSWER, /* for the client to take the answer */
	EDGE_PHASE_STREAM, /* for news, and the client to take it */
};

struct edge_patience {
	unsigned idle_seconds;   /* no byte either way */
	unsigned header_seconds; /* for a request's headers */
	unsigned body_rate;      /* bytes/s over a minute, at least */
};

struct edge_watch;
struct edge_conn;

enum sp_code edge_watch_new(struct edge_watch **out,
    const struct edge_patience *limits, struct sp_err *err) SP_MUST_USE;
/* All connections are closed by then. */
void edge_watch_free(struct edge_watch *w);

/* NULL: no memory.  The socket stays the caller's. */
struct edge_conn *edge_watch_open(struct edge_watch *w, int fd) SP_MUST_USE;
void edge_watch_close(struct edge_watch *w, struct edge_conn *c);
void edge_conn_phase(struct edge_conn *c, enum edge_phase phase);
void edge_conn_busy(struct edge_conn *c, bool busy);
/* Receive no more: a thread that waits for bytes wakes up, keeps what came,
 * and only then does the client see the connection end. */
void edge_conn_cut(struct edge_conn *c);

/* Phase STREAM: `wake` is called, from another thread and perhaps at once,
 * when the client is gone or cut, or everything is to stop: then the answer is
 * to end.  Taken back with NULL, before `arg` goes; the next phase does not. */
void edge_watch_stream(struct edge_watch *w, struct edge_conn *c,
    void (*wake)(void *arg), void *arg);

/* For stopping: cut those in WAIT and BODY (and from now on each that falls
 * back to WAIT), wake those in STREAM, then wait up to `seconds` until none is
 * left. */
void edge_watch_drain(struct edge_watch *w, unsigned seconds);

struct edge_watch_stats {
	uint64_t open, opened, cut, bytes_in, bytes_out;
};
void edge_watch_stats(struct edge_watch *w, struct edge_watch_stats *out);

/* ---- The judgement itself, apart from sockets ---- */

/* What is known of a connection at one look. */
struct edge_sample {
	enum edge_phase phase;
	uint64_t turn; /* counts changes of phase */
	bool busy;
	bool unsent; /* bytes lie ready that the client has not taken */
	bool left;   /* the client has ended its side, or more */
	uint64_t received, taken; /* bytes, as the kernel counts */
	int64_t now;              /* sp_ticks() */
};

/* What is remembered between looks; zero at first, but for `opened`. */
struct edge_gauge {
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

#define EDGE_WATCH_WINDOW (60 * SP_SECOND)

/* Why the connection is to be cut, or NULL. */
const char *edge_watch_judge(struct edge_gauge *g, const struct edge_sample *s,
    const struct edge_patience *limits);

#endif
