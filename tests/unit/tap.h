#ifndef SP_TAP_H
#define SP_TAP_H

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* One test program a module; a failed check aborts, so tools see the stack. */
_Noreturn static inline void
tap_fail(const char *file, int line, const char *what, const char *why)
{
	(void)printf("not ok - %s:%d %s%s\n", file, line, what, why);
	(void)fflush(stdout);
	abort();
}

#define CHECK(cond) ((cond) ? (void)0 : tap_fail(__FILE__, __LINE__, #cond, ""))

_Noreturn static inline void
tap_code_fail(const char *file, int line, const char *call, enum sp_code got,
    const struct sp_err *err)
{
	char why[sizeof(err->text) + 40];

	(void)snprintf(why, sizeof(why), ": %s (%s)", sp_code_name(got),
	    got == SP_OK ? "" : err->text);
	tap_fail(file, line, call, why);
}

/* Check that a call gives a code, and show what the error says when not. */
#define CHECK_CODE(call, want, err)                                            \
	do {                                                                   \
		enum sp_code got_ = (call);                                    \
		if (got_ != (want))                                            \
			tap_code_fail(__FILE__, __LINE__, #call, got_, (err)); \
	} while (0)
#define CHECK_OK(call, err) CHECK_CODE(call, SP_OK, err)

struct tap_case {
	const char *name;
	void (*run)(void);
};

static inline int
tap_run(const struct tap_case *c, size_t n)
{
	(void)printf("1..%zu\n", n);
	(void)fflush(stdout); /* or a child that forks off may say it again */
	for (size_t i = 0; i < n; i++) {
		c[i].run();
		(void)printf("ok %zu - %s\n", i + 1, c[i].name);
		(void)fflush(stdout);
	}
	return 0;
}

#endif
