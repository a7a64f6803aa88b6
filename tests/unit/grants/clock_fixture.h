#ifndef CLOCK_FIXTURE_H
#define CLOCK_FIXTURE_H

#include "base/clock.h"

/* The clock, which a test may put forward (meson.build puts this in its place).
 */
static sp_time ahead;

sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);
sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + ahead;
}

#endif
