#include "base/err.h"

#include "base/encode.h"

#include <errno.h>
#include <stdarg.h>

static const char *const code_names[] = {
#define X(id, name) [id] = (name),
	SP_CODES(X)
#undef X
};
_Static_assert(SP_COUNTOF(code_names) == SP_CODE_COUNT, "name every code");

const char *
sp_code_name(enum sp_code code)
{
	SP_REQUIRE((size_t)code < SP_COUNTOF(code_names));
	return code_names[code];
}

/* An error may quote a hostile name; its text must still fit a log line and
 * a problem document. */
static void SP_PRINTF(3, 0)
    fill(struct sp_err *err, enum sp_code code, const char *fmt, va_list ap)
{
	err->code = code;
	err->os_errno = errno;
	err->reason = NULL;
	err->wait = 0;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	sp_utf8_clean(err->text);
}

void
sp_err_fill(struct sp_err *err, enum sp_code code, const char *reason,
    const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	SP_REQUIRE(code != SP_OK);
	if (err == NULL)
		return;
	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	err->reason = reason;
	errno = saved;
}

static enum sp_code
code_of_errno(int e)
{
	if (e == ENOSPC || e == EDQUOT)
		return SP_E_FULL;
	if (e == ENOENT)
		return SP_E_NOTFOUND;
	if (e == ENOMEM)
		return SP_E_NOMEM;
	return SP_E_INTERNAL;
}

enum sp_code
sp_err_fill_os(struct sp_err *err, const char *fmt, ...)
{
	int saved = errno;
	enum sp_code code = code_of_errno(saved);
	char why[64];
	size_t used;
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	fill(err, code, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s",
	    strerror_r(saved, why, sizeof(why)));
	errno = saved;
	return code;
}

_Noreturn void
sp_panic(const char *file, int line, const char *func, const char *cond)
{
	(void)fprintf(stderr, "panic: %s:%d %s: %s\n", file, line, func, cond);
	abort();
}
