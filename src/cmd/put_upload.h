#ifndef CMD_PUT_UPLOAD_H
#define CMD_PUT_UPLOAD_H

#include "base/id.h"
#include "cmd/site_client.h"

/*
 * One file to the site by tus 1.0.0, through every interruption.
 *
 *              remembered             201
 *   (start) --------------> ASK <----------- CREATE <-- (start, nothing known)
 *                          |   |              ^   | 201, an empty file
 *       HEAD: an offset    |   | 404, 410,    |   |
 *       short of the end   |   | not this     |   |
 *            v-------------/   | file: forget |   |
 *          SEND                \--------------/   |
 *          |  |  cut, 409, 423, 5xx: wait, ASK    |
 *          |  |  204 short of the end: SEND       |
 *          |  |  404, 410: forget, CREATE         v
 *          |  \--- 204 at the end, names evidence ---> DONE
 *          \------ 204 at the end, names none: ASK, which must name it
 *
 * Other answers of 4xx end it.  Every wait is cmd_site_patience_wait's: what
 * counts as progress is only an offset that the site has never told before.  A
 * site that tells offsets beyond what it was sent, or beyond the end, is
 * refused.
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
enum sp_code cmd_put_upload(struct site_client *c, const struct put_file *file,
    struct put_memory *memory, const struct put_watch *watch,
    struct put_result *out, struct sp_err *err) SP_MUST_USE;

#endif
