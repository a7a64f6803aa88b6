#include "cmd/serve_limits.h"

#include "base/clock.h"
#include "base/parse.h"

#include <string.h>

static const struct row {
	const char *option;
	enum limit_kind kind;
	size_t offset;
	size_t size;
	uint64_t most; /* of what is written, in bytes or seconds */
	const char *help;
} rows[] = {
#define X(member, option, kind, most, help)                                    \
	{ option, kind, offsetof(struct serve_limits, member),                 \
		sizeof(((struct serve_limits *)0)->member), most, help },
	LIMITS(X)
#undef X
};
_Static_assert(SP_COUNTOF(rows) == LIMITS_ROWS, "a row each");

static const struct unit {
	enum limit_kind kind;
	char letter;
	uint64_t factor;
} units[] = {
	{ LIMIT_BYTES, 'k', UINT64_C(1) << 10 },
	{ LIMIT_BYTES, 'K', UINT64_C(1) << 10 },
	{ LIMIT_BYTES, 'M', UINT64_C(1) << 20 },
	{ LIMIT_BYTES, 'G', UINT64_C(1) << 30 },
	{ LIMIT_BYTES, 'T', UINT64_C(1) << 40 },
	{ LIMIT_TIME, 's', 1 },
	{ LIMIT_TIME, 'm', 60 },
	{ LIMIT_TIME, 'h', 3600 },
	{ LIMIT_TIME, 'd', 86400 },
};

static const char *const value_name[] = {
	[LIMIT_COUNT] = "N",
	[LIMIT_BYTES] = "SIZE",
	[LIMIT_TIME] = "TIME",
};

void
cmd_serve_limits_options(struct cmd_option option[static LIMITS_ROWS],
    const char *text[static LIMITS_ROWS])
{
	for (size_t i = 0; i < LIMITS_ROWS; i++) {
		text[i] = NULL;
		option[i] = (struct cmd_option){ .name = rows[i].option,
			.value = value_name[rows[i].kind],
			.help = rows[i].help,
			.text = &text[i] };
	}
}

static uint64_t
factor_of(enum limit_kind kind, char letter)
{
	for (size_t i = 0; i < SP_COUNTOF(units); i++)
		if (units[i].kind == kind && units[i].letter == letter)
			return units[i].factor;
	return 0;
}

bool
cmd_serve_limits_value(
    enum limit_kind kind, const char *text, uint64_t most, uint64_t *out)
{
	size_t len = strlen(text);
	uint64_t factor = len == 0 ? 0 : factor_of(kind, text[len - 1]);
	uint64_t v;

	if (factor != 0)
		len--;
	else
		factor = 1;
	if (!sp_parse_u64(text, len, 1, most, &v) ||
	    __builtin_mul_overflow(v, factor, &v) || v > most)
		return false;
	*out = kind == LIMIT_TIME ? v * SP_SECOND : v;
	return true;
}

/* Members are unsigned of 32 or 64 bits, or sp_time. */
static void
store(const struct row *r, struct serve_limits *out, uint64_t v)
{
	char *at = (char *)out + r->offset;
	uint32_t narrow = (uint32_t)v;

	if (r->size == sizeof(narrow))
		memcpy(at, &narrow, sizeof(narrow));
	else
		memcpy(at, &v, sizeof(v));
}

#define X(member, option, kind, most, help)                                    \
	_Static_assert(sizeof(((struct serve_limits *)0)->member) == 8 ||      \
		(most) <= UINT32_MAX,                                          \
	    option " fits");
LIMITS(X)
#undef X

enum sp_code
cmd_serve_limits_parse(const char *const text[static LIMITS_ROWS],
    struct serve_limits *out, struct sp_err *err)
{
	struct serve_limits l = { .buffers = 0 };
	uint64_t v;

	for (size_t i = 0; i < LIMITS_ROWS; i++) {
		if (text[i] == NULL)
			continue;
		if (!cmd_serve_limits_value(
			rows[i].kind, text[i], rows[i].most, &v))
			return sp_fail(err, SP_E_INVALID,
			    "--%s takes %s from 1 to %ju, not '%s'",
			    rows[i].option, value_name[rows[i].kind],
			    (uintmax_t)rows[i].most, text[i]);
		store(&rows[i], &l, v);
	}
	*out = l;
	return SP_OK;
}
