#include "base/clock.h"

#include <time.h>

static int64_t
read_clock(clockid_t which)
{
	struct timespec ts;

	SP_REQUIRE(clock_gettime(which, &ts) == 0);
	return (int64_t)ts.tv_sec * SP_SECOND + ts.tv_nsec / 1000;
}

sp_time
sp_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
sp_ticks(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/*
 * The Gregorian calendar, counted in years that begin in March, so that a
 * leap day is the last day of its year; day 0 is 1970-01-01.  Days before
 * 0000-03-01 do not occur here.
 */
#define DAYS_TO_EPOCH 719468 /* 0000-03-01 to 1970-01-01 */
#define DAYS_PER_ERA  146097 /* 400 years */

struct civil {
	int year, month, day; /* month and day from 1 */
};

static int64_t
days_of(struct civil c)
{
	int64_t y = c.month <= 2 ? c.year - 1 : c.year;
	int64_t month = (c.month + 9) % 12; /* March is 0 */
	int64_t day_of_year = (153 * month + 2) / 5 + c.day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year -
	    DAYS_TO_EPOCH;
}

static struct civil
civil_of(int64_t days)
{
	int64_t z = days + DAYS_TO_EPOCH;
	int64_t era = z / DAYS_PER_ERA;
	int64_t in_era = z % DAYS_PER_ERA;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 -
			   in_era / (DAYS_PER_ERA - 1)) /
	    365;
	int64_t day = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day + 2) / 153; /* March is 0 */
	struct civil c;

	c.day = (int)(day - (153 * month + 2) / 5 + 1);
	c.month = (int)(month < 10 ? month + 3 : month - 9);
	c.year = (int)(era * 400 + year + (c.month <= 2));
	return c;
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Seconds of the day, split. */
struct daytime {
	int64_t hour, minute, second;
};

static struct daytime
daytime_of(int64_t seconds)
{
	return (struct daytime){ .hour = seconds / 3600,
		.minute = seconds / 60 % 60,
		.second = seconds % 60 };
}

/* The same digits as printf's %0*d, which is too slow for ledger entries. */
static char *
put_digits(char *at, int64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--, v /= 10)
		at[i] = (char)('0' + v % 10);
	return at + width;
}

void
sp_time_text(sp_time t, char out[static SP_TIME_TEXT])
{
	struct civil c;
	struct daytime d;
	char *at = out;

	SP_REQUIRE(t >= 0 && t <= SP_TIME_MAX);
	c = civil_of(t / SP_SECOND / 86400);
	d = daytime_of(t / SP_SECOND % 86400);
	at = put_digits(at, c.year, 4);
	*at++ = '-';
	at = put_digits(at, c.month, 2);
	*at++ = '-';
	at = put_digits(at, c.day, 2);
	*at++ = 'T';
	at = put_digits(at, d.hour, 2);
	*at++ = ':';
	at = put_digits(at, d.minute, 2);
	*at++ = ':';
	at = put_digits(at, d.second, 2);
	*at++ = '.';
	at = put_digits(at, t % SP_SECOND, 6);
	*at++ = 'Z';
	*at = '\0';
}

void
sp_time_http(sp_time t, char out[static 30])
{
	static const char days[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" }; /* day 0 was a Thursday */
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct civil c;
	struct daytime d;
	int n;

	SP_REQUIRE(t >= 0 && t <= SP_TIME_MAX);
	c = civil_of(t / SP_SECOND / 86400);
	d = daytime_of(t / SP_SECOND % 86400);
	n = snprintf(out, 30, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	    days[t / SP_SECOND / 86400 % 7], c.day, months[c.month - 1], c.year,
	    (int)d.hour, (int)d.minute, (int)d.second);
	SP_REQUIRE(n == 29);
}

/* A cursor over the text; the first mismatch poisons it. */
struct text {
	const char *at, *end;
	bool bad;
};

static int
digits(struct text *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s->at == s->end || *s->at < '0' || *s->at > '9') {
			s->bad = true;
			return 0;
		}
		v = v * 10 + (*s->at++ - '0');
	}
	return v;
}

static char
one_of(struct text *s, const char *allowed)
{
	if (s->at == s->end || *s->at == '\0' ||
	    strchr(allowed, *s->at) == NULL) {
		s->bad = true;
		return '\0';
	}
	return *s->at++;
}

/* [.d{1,9}] in microseconds. */
static int64_t
fraction(struct text *s)
{
	int64_t micros = 0;
	int n = 0;

	if (s->at == s->end || *s->at != '.')
		return 0;
	for (s->at++; s->at < s->end && *s->at >= '0' && *s->at <= '9'; n++) {
		if (n < 6)
			micros = micros * 10 + (*s->at - '0');
		s->at++;
	}
	if (n == 0 || n > 9)
		s->bad = true;
	for (; n < 6; n++)
		micros *= 10;
	return micros;
}

/* Z or +hh:mm or -hh:mm, in seconds east. */
static int64_t
offset(struct text *s)
{
	char sign = one_of(s, "Zz+-");
	int64_t hours, minutes;

	if (sign != '+' && sign != '-')
		return 0;
	hours = digits(s, 2);
	(void)one_of(s, ":");
	minutes = digits(s, 2);
	if (hours > 23 || minutes > 59)
		s->bad = true;
	return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

static struct civil
date(struct text *s)
{
	struct civil c;

	c.year = digits(s, 4);
	(void)one_of(s, "-");
	c.month = digits(s, 2);
	(void)one_of(s, "-");
	c.day = digits(s, 2);
	if (c.month < 1 || c.month > 12 || c.day < 1 ||
	    c.day > days_in(c.year, c.month)) {
		s->bad = true;
		c = (struct civil){ 1970, 1, 1 };
	}
	return c;
}

static struct daytime
daytime(struct text *s)
{
	struct daytime d;

	d.hour = digits(s, 2);
	(void)one_of(s, ":");
	d.minute = digits(s, 2);
	(void)one_of(s, ":");
	d.second = digits(s, 2);
	if (d.hour > 23 || d.minute > 59 || d.second > 59)
		s->bad = true;
	return d;
}

bool
sp_time_parse(const char *s, size_t len, sp_time *out)
{
	struct text in = { .at = s, .end = s + len };
	struct civil c = date(&in);
	struct daytime d;
	int64_t seconds, micros;

	(void)one_of(&in, "Tt");
	d = daytime(&in);
	micros = fraction(&in);
	seconds = days_of(c) * 86400 + d.hour * 3600 + d.minute * 60 +
	    d.second - offset(&in);
	if (in.bad || in.at != in.end)
		return false;
	micros += seconds * SP_SECOND;
	if (micros < 0 || micros > SP_TIME_MAX)
		return false;
	*out = micros;
	return true;
}
