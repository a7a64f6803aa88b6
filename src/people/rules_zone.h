#ifndef PEOPLE_RULES_ZONE_H
#define PEOPLE_RULES_ZONE_H

#include "people/rules.h"

/* For rules.c: a time zone as a POSIX TZ rule has it (rules_day.c). */
struct people_zone_change {
	int month, week, weekday; /* the week'th weekday; 5: the last */
	int clock;                /* seconds of the local day */
};
struct people_zone {
	char text[64];
	int standard, daylight; /* seconds east of Greenwich */
	bool summer;
	struct people_zone_change begins, ends;
};

bool people_zone_parse(const char *s, struct people_zone *out) SP_MUST_USE;
people_day people_zone_day(const struct people_zone *z, sp_time t);
sp_time people_zone_begins(const struct people_zone *z, people_day day);

#endif
