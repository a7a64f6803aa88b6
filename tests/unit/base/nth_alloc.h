#ifndef NTH_ALLOC_H
#define NTH_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * Makes the nth allocation of the code under test fail.  Link the test with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc, include this in its one
 * source, and run the code until a run in which nothing failed any more:
 *
 *	unsigned n = 1;
 *
 *	do {
 *		nth_alloc_arm(n++);
 *		... the code; what failed is in nth_alloc_hit ...
 *	} while (nth_alloc_again());
 */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);

static unsigned nth_alloc_left; /* 0: none fails */
static bool nth_alloc_hit;

static inline void
nth_alloc_arm(unsigned n)
{
	nth_alloc_left = n;
	nth_alloc_hit = false;
}

static bool
nth_alloc_fails(void)
{
	if (nth_alloc_left == 0 || --nth_alloc_left > 0)
		return false;
	nth_alloc_hit = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return nth_alloc_fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t m)
{
	return nth_alloc_fails() ? NULL : __real_calloc(n, m);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return nth_alloc_fails() ? NULL : __real_realloc(p, n);
}

/* Whether another run is due after this one. */
static inline bool
nth_alloc_again(void)
{
	bool hit = nth_alloc_hit;

	nth_alloc_arm(0);
	return hit;
}

#endif
