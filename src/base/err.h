#ifndef SP_ERR_H
#define SP_ERR_H

#include "base/base.h"

/* What a caller may act on.  Add one only when some caller branches on it. */
#define SP_CODES(X)                                                            \
	X(SP_OK, "ok")                                                         \
	X(SP_E_NOMEM, "no-memory")                                             \
	X(SP_E_INVALID, "invalid") /* input is malformed */                    \
	X(SP_E_LIMIT, "limit")     /* well formed, over a limit */             \
	X(SP_E_NOTFOUND, "not-found")                                          \
	X(SP_E_CONFLICT, "conflict")   /* not in this state */                 \
	X(SP_E_LOCKED, "locked")       /* another request is at it */          \
	X(SP_E_MISMATCH, "mismatch")   /* a declared digest differs */         \
	X(SP_E_UNKNOWN, "unknown")     /* nobody we know is asking */          \
	X(SP_E_DENIED, "denied")       /* known, and may not */                \
	X(SP_E_CORRUPT, "corrupt")     /* stored bytes fail a check */         \
	X(SP_E_UNAVAIL, "unavailable") /* try again later */                   \
	X(SP_E_FULL, "full")           /* no space left */                     \
	X(SP_E_STOPPED, "stopped")     /* writing stopped: DESIGN 2.9 */       \
	X(SP_E_INTERNAL, "internal")

enum sp_code {
#define X(id, name) id,
	SP_CODES(X)
#undef X
	    SP_CODE_COUNT
};

/* Filled in once, where the failure is first seen; owned by the caller. */
struct sp_err {
	enum sp_code code;
	int os_errno;
	const char *reason; /* static: a finer stable word, or NULL */
	char text[200];     /* printable UTF-8, whatever the arguments held */
};

const char *sp_code_name(enum sp_code code);

/* Record and return `code`, so a failure is one line: return sp_fail(...). */
enum sp_code sp_fail(struct sp_err *err, enum sp_code code, const char *fmt,
    ...) SP_PRINTF(3, 4);

/* The same with a stable reason ("upload.offset") for API and tests. */
enum sp_code sp_fail_as(struct sp_err *err, enum sp_code code,
    const char *reason, const char *fmt, ...) SP_PRINTF(4, 5);

/* From errno: ENOSPC and EDQUOT are SP_E_FULL, ENOENT SP_E_NOTFOUND, ENOMEM
 * SP_E_NOMEM, the rest SP_E_INTERNAL; the text gains strerror's. */
enum sp_code sp_fail_os(struct sp_err *err, const char *fmt, ...)
    SP_PRINTF(2, 3);

#endif
