#ifndef SP_TAP_H
#define SP_TAP_H

#include <stdio.h>
#include <stdlib.h>

/* One test program a module; a failed check aborts, so tools see the stack. */
#define CHECK(cond)                                                            \
	((cond) ? (void)0                                                      \
		: (printf("not ok - %s:%d %s\n", __FILE__, __LINE__, #cond),   \
		      fflush(stdout), abort()))

/* Check that a call gives a code, and show what the error says when not. */
#define CHECK_CODE(call, want, err)                                            \
	do {                                                                   \
		enum sp_code got_ = (call);                                    \
		if (got_ != (want)) {                                          \
			printf("not ok - %s:%d %s: %s (%s)\n", __FILE__,       \
			    __LINE__, #call, sp_code_name(got_),               \
			    got_ == SP_OK ? "" : (err)->text);                 \
			fflush(stdout);                                        \
			abort();                                               \
		}                                                              \
	} while (0)
#define CHECK_OK(call, err) CHECK_CODE(call, SP_OK, err)

struct tap_case {
	const char *name;
	void (*run)(void);
};

static inline int
tap_run(const struct tap_case *c, size_t n)
{
	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		c[i].run();
		printf("ok %zu - %s\n", i + 1, c[i].name);
		fflush(stdout);
	}
	return 0;
}

#endif
