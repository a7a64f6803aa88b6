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
	unsigned wait;      /* seconds until it may go on; 0: not known */
	char text[400];     /* printable UTF-8, whatever the arguments held */
};

const char *sp_code_name(enum sp_code code);

/*
 * Record and return `code`, so a failure is one line:
 *
 *	return sp_fail(err, SP_E_DENIED, "role %s may not", role);
 *	return sp_fail_as(err, SP_E_CONFLICT, "upload.offset", "at %d", at);
 *	return sp_fail_os(err, "open %s", path);
 *
 * The second adds a stable reason for API and tests.  The third takes the
 * code from errno: ENOSPC and EDQUOT are SP_E_FULL, ENOENT SP_E_NOTFOUND,
 * ENOMEM SP_E_NOMEM, the rest SP_E_INTERNAL; the text gains strerror's.
 * `err` may be NULL; errno stays.  They are macros, so that compilers and
 * analysers see that what is returned is never SP_OK.
 */
#define sp_fail(err, code, ...) sp_fail_as(err, code, NULL, __VA_ARGS__)

#define sp_fail_as(err, code, reason, ...)                                     \
	__extension__({                                                        \
		enum sp_code sp_fail_ = (code);                                \
		sp_err_fill((err), sp_fail_, (reason), __VA_ARGS__);           \
		sp_fail_;                                                      \
	})

#define sp_fail_os(err, ...)                                                   \
	__extension__({                                                        \
		enum sp_code sp_fail_ = sp_err_fill_os((err), __VA_ARGS__);    \
		SP_REQUIRE(sp_fail_ != SP_OK);                                 \
		sp_fail_;                                                      \
	})

void sp_err_fill(struct sp_err *err, enum sp_code code, const char *reason,
    const char *fmt, ...) SP_PRINTF(4, 5);
enum sp_code sp_err_fill_os(struct sp_err *err, const char *fmt, ...)
    SP_PRINTF(2, 3);

#endif
