#ifndef SP_BASE_H
#define SP_BASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SP_MUST_USE     __attribute__((warn_unused_result))
#define SP_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define SP_CLEANUP(fn)  __attribute__((cleanup(fn)))
#define SP_COUNTOF(a)   (sizeof(a) / sizeof((a)[0]))

/* Always evaluated, in every build: a broken promise stops the process. */
#define SP_REQUIRE(cond)                                                       \
	((cond) ? (void)0 : sp_panic(__FILE__, __LINE__, __func__, #cond))

_Noreturn void sp_panic(
    const char *file, int line, const char *func, const char *cond);

/* Hand an owned pointer on; the local becomes NULL and its cleanup a no-op. */
#define SP_STEAL(p)                                                            \
	__extension__({                                                        \
		__typeof__(p) taken_ = (p);                                    \
		(p) = NULL;                                                    \
		taken_;                                                        \
	})

/* Drop a result on purpose; the reason stands beside it. */
#define SP_IGNORE(call)                                                        \
	do {                                                                   \
		__typeof__(call) ignored_ = (call);                            \
		(void)ignored_;                                                \
	} while (0)

/* Pass a failure up unchanged: SP_TRY(db_begin(db, err)); */
#define SP_TRY(call)                                                           \
	do {                                                                   \
		enum sp_code sp_try_ = (call);                                 \
		if (sp_try_ != SP_OK)                                          \
			return sp_try_;                                        \
	} while (0)

/*
 * These lose errors, overflow their target or keep hidden state.  Numbers
 * are read by base/parse.h, text is made in a struct sp_buf.
 */
#pragma GCC poison atoi atol atoll strtol strtoll strtoul strtoull strtod
#pragma GCC poison sscanf strtok strcpy strcat sprintf vsprintf

#endif
