#ifndef SP_TAP_H
#define SP_TAP_H

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

/* Check that a call gives a code, and show what the error says when not. */
#define CHECK_CODE(call, want, err)                                            \
	do {                                                                   \
		enum sp_code got_ = (call);                                    \
		char why_[300];                                                \
		if (got_ == (want))                                            \
			break;                                                 \
		(void)snprintf(why_, sizeof(why_), ": %s (%s)",                \
		    sp_code_name(got_), got_ == SP_OK ? "" : (err)->text);     \
		tap_fail(__FILE__, __LINE__, #call, why_);                     \
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
