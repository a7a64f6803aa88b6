#include "people/rules.h"
#include "people/rules_zone.h"

#include "base/parse.h"

#include <string.h>

/*
 * Days and zones.  A zone is a POSIX TZ rule (POSIX.1-2017, 8.3):
 *
 *   zone   = name offset [ name [offset] "," change "," change ]
 *   name   = 3 to 8 letters, or "<" 3 to 8 letters, digits, + and - ">"
 *   offset = [+-] hh [":" mm [":" ss]]      positive is west of Greenwich
 *   change = "M" month "." week "." weekday ["/" hh [":" mm [":" ss]]]
 *
 * Other forms of change (days of the year) are not taken.
 */
#define DAY_SECONDS INT64_C(86400)
#define HOUR        3600

static int64_t
floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

/* --- the calendar (proleptic Gregorian) --- */

/* Days before the first of March of year y, counted from 1970-01-01; years
 * begin in March, so that the leap day is the last of its year. */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = floor_div(y, 400);
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

struct date {
	int64_t y, m, d;
};

static struct date
date_of(int64_t day)
{
	int64_t z = day + 719468, era = floor_div(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t y =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t mp = (5 * of_year + 2) / 153;
	struct date out = { .d = of_year - (153 * mp + 2) / 5 + 1 };

	out.m = mp < 10 ? mp + 3 : mp - 9;
	out.y = y + era * 400 + (out.m <= 2);
	return out;
}

static int64_t
month_days(int64_t y, int64_t m)
{
	return (m == 12 ? days_of(y + 1, 1, 1) : days_of(y, m + 1, 1)) -
	    days_of(y, m, 1);
}

bool
people_day_parse(const char *s, size_t len, people_day *out)
{
	uint64_t y, m, d;

	if (len != 10 || s[4] != '-' || s[7] != '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (i != 4 && i != 7 && (s[i] < '0' || s[i] > '9'))
			return false;
	y = (uint64_t)((s[0] - '0') * 1000 + (s[1] - '0') * 100 +
	    (s[2] - '0') * 10 + s[3] - '0');
	m = (uint64_t)((s[5] - '0') * 10 + s[6] - '0');
	d = (uint64_t)((s[8] - '0') * 10 + s[9] - '0');
	if (y < 1900 || m < 1 || m > 12 || d < 1 ||
	    d > (uint64_t)month_days((int64_t)y, (int64_t)m))
		return false;
	*out = (people_day)days_of((int64_t)y, (int64_t)m, (int64_t)d);
	return true;
}

void
people_day_text(people_day day, char out[static PEOPLE_DAY_TEXT])
{
	struct date t = date_of(day);

	SP_REQUIRE(t.y >= 0 && t.y <= 9999);
	/* The remainders tell the compiler what the calendar promises. */
	(void)snprintf(out, PEOPLE_DAY_TEXT, "%04u-%02u-%02u",
	    (unsigned)t.y % 10000U, (unsigned)t.m % 100U, (unsigned)t.d % 100U);
}

people_day
people_day_months(people_day day, int64_t months)
{
	struct date t = date_of(day);
	int64_t m = t.y * 12 + t.m - 1 + months;
	int64_t y = floor_div(m, 12), last;

	m -= y * 12;
	last = month_days(y, m + 1);
	return (people_day)days_of(y, m + 1, t.d < last ? t.d : last);
}

/* --- the zone --- */

struct text {
	const char *at;
};

static bool
eat(struct text *t, char c)
{
	if (*t->at != c)
		return false;
	t->at++;
	return true;
}

static bool
eat_name(struct text *t)
{
	bool quoted = eat(t, '<');
	size_t n = 0;

	for (;; n++, t->at++) {
		char c = *t->at;
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!letter &&
		    !(quoted &&
			((c >= '0' && c <= '9') || c == '+' || c == '-')))
			break;
	}
	return n >= 3 && n <= 8 && (!quoted || eat(t, '>'));
}

static bool
eat_number(struct text *t, int min, int max, int *out)
{
	const char *from = t->at;
	int v = 0;

	while (*t->at >= '0' && *t->at <= '9' && t->at - from < 3)
		v = v * 10 + (*t->at++ - '0');
	if (t->at == from || v < min || v > max)
		return false;
	*out = v;
	return true;
}

/* hh[:mm[:ss]] in seconds. */
static bool
eat_clock(struct text *t, int hours, int *out)
{
	int h = 0, m = 0, s = 0;

	if (!eat_number(t, 0, hours, &h))
		return false;
	if (eat(t, ':')) {
		if (!eat_number(t, 0, 59, &m))
			return false;
		if (eat(t, ':') && !eat_number(t, 0, 59, &s))
			return false;
	}
	*out = h * HOUR + m * 60 + s;
	return true;
}

/* Seconds east of Greenwich. */
static bool
eat_offset(struct text *t, int *out)
{
	bool east = eat(t, '-');
	int v = 0;

	if (!east)
		(void)eat(t, '+');
	if (!eat_clock(t, 24, &v))
		return false;
	*out = east ? v : -v;
	return true;
}

static bool
eat_change(struct text *t, struct people_zone_change *out)
{
	out->clock = 2 * HOUR;
	return eat(t, ',') && eat(t, 'M') &&
	    eat_number(t, 1, 12, &out->month) && eat(t, '.') &&
	    eat_number(t, 1, 5, &out->week) && eat(t, '.') &&
	    eat_number(t, 0, 6, &out->weekday) &&
	    (!eat(t, '/') || eat_clock(t, 24, &out->clock));
}

bool
people_zone_parse(const char *s, struct people_zone *out)
{
	struct text t = { s };
	struct people_zone z = { .summer = false };

	if (strnlen(s, sizeof(z.text)) == sizeof(z.text) || !eat_name(&t) ||
	    !eat_offset(&t, &z.standard))
		return false;
	if (*t.at != '\0') {
		z.summer = true;
		z.daylight = z.standard + HOUR;
		if (!eat_name(&t) ||
		    (*t.at != ',' && !eat_offset(&t, &z.daylight)) ||
		    !eat_change(&t, &z.begins) || !eat_change(&t, &z.ends))
			return false;
	}
	if (*t.at != '\0')
		return false;
	memcpy(z.text, s, strlen(s) + 1);
	*out = z;
	return true;
}

/* The local second of a change in year y, counted from 1970 there. */
static int64_t
change_at(const struct people_zone_change *c, int64_t y)
{
	int64_t first = days_of(y, c->month, 1), day;

	/* 1970-01-01 was a Thursday. */
	day = first + (c->weekday - (first + 4) % 7 + 7) % 7 +
	    INT64_C(7) * (c->week - 1);
	while (day >= first + month_days(y, c->month))
		day -= 7;
	return day * DAY_SECONDS + c->clock;
}

/* Seconds east of Greenwich at this second. */
static int64_t
offset_at(const struct people_zone *z, int64_t second)
{
	int64_t y, begins, ends;
	bool summer;

	if (!z->summer)
		return z->standard;
	y = date_of(floor_div(second + z->standard, DAY_SECONDS)).y;
	begins = change_at(&z->begins, y) - z->standard;
	ends = change_at(&z->ends, y) - z->daylight;
	summer = begins < ends ? second >= begins && second < ends
			       : second >= begins || second < ends;
	return summer ? z->daylight : z->standard;
}

people_day
people_zone_day(const struct people_zone *z, sp_time t)
{
	int64_t second = floor_div(t, SP_SECOND);

	return (people_day)floor_div(
	    second + offset_at(z, second), DAY_SECONDS);
}

/* Midnight by the summer's clock or by the other: the earlier one that is on
 * that day already. */
sp_time
people_zone_begins(const struct people_zone *z, people_day day)
{
	int64_t a = (int64_t)day * DAY_SECONDS - z->standard, b = a;
	int64_t first, second;

	if (z->summer)
		b = (int64_t)day * DAY_SECONDS - z->daylight;
	first = a < b ? a : b;
	second = a < b ? b : a;
	if (people_zone_day(z, first * SP_SECOND) == day)
		return first * SP_SECOND;
	return second * SP_SECOND;
}
