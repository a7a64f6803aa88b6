#ifndef CLIENT_PUT_UPLOAD_H
#define CLIENT_PUT_UPLOAD_H

#include "base/id.h"
#include "client/site.h"

/*
 * One file to the site by tus 1.0.0, through every interruption.
 *
 *   (start)  remembered ---------> ASK ---- wait ---.
 *            not ------> CREATE     ^  ^------------'
 *                          |    cut |
 *                          '----> SEND ----> DONE
 *
 *   CREATE   201 ------------------------------> SEND (an empty file: DONE)
 *            201, of an upload under way ------> ASK  (asked for with `once`)
 *            cut, 5xx --------- wait ----------> CREATE
 *   ASK      an offset short of the end -------> SEND (fallen back: wait)
 *            the end, evidence named ----------> DONE
 *            the end, none ---- wait ----------> ASK (after SEND had it: a lie)
 *            404, 410, another file's ---------> CREATE (CREATES_MAX times)
 *            cut, 409, 423, 5xx --- wait ------> ASK
 *   SEND     204 short of the end -------------> SEND (none taken: wait, ASK)
 *            204 at the end, evidence named ---> DONE
 *            204 at the end, none -------------> ASK
 *            404, 410 -------------------------> CREATE
 *            cut, 409, 423, 5xx --- wait ------> ASK
 *   any      another 4xx, or a lie: it fails
 *
 * Every wait is client_site_patience_wait's: what counts as progress is only an
 * offset that the site has never told before.  A lie is an offset beyond what
 * was sent, or an answer that the protocol does not allow.
 */
#define PUT_STATES(X)                                                          \
	X(PUT_CREATE, "create")                                                \
	X(PUT_ASK, "ask")                                                      \
	X(PUT_SEND, "send")                                                    \
	X(PUT_DONE, "done")

enum put_state {
#define X(id, name) id,
	PUT_STATES(X)
#undef X
	    PUT_STATE_COUNT
};

/* What is to be sent. */
struct put_file {
	const struct site_source *bytes; /* the whole file; at = 0 */
	const char *metadata;            /* Upload-Metadata */
	uint64_t chunk;                  /* most bytes a PATCH; 0: all */
	/* Idempotency-Key of the creation, or NULL.  With one, a creation whose
	 * answer was lost makes no second upload.  It is read again for each
	 * creation: after memory.keep(NULL) it should be another. */
	const char *once;
};

/* The upload's id on the site, kept across runs (upload_memory.h).  `keep`
 * is told of a new upload and, with NULL, that there is none any more. */
struct put_memory {
	char id[SP_ID_TEXT]; /* "" when nothing is remembered */
	void (*keep)(void *arg, const char *id);
	void *arg;
};

struct put_result {
	char evidence[SP_ID_TEXT];
	uint64_t resumed;    /* offset at which a remembered upload went on */
	unsigned interrupts; /* how often it was cut and went on */
};

/* `told` (may be NULL) hears of the offset as it grows. */
struct put_watch {
	void (*told)(void *arg, uint64_t offset);
	void *arg;
};

/* The last state reached is irrelevant to callers: SP_OK is DONE.
 * SP_E_MISMATCH: what arrived is not what the metadata declares.
 * SP_E_CORRUPT: the site contradicts itself. */
enum sp_code client_put_upload(struct site_client *c,
    const struct put_file *file, struct put_memory *memory,
    const struct put_watch *watch, struct put_result *out,
    struct sp_err *err) SP_MUST_USE;

#endif
