#include "base/encode.h"
#include "base/err.h"
#include "tap.h"

#include <errno.h>

static void
every_code_has_a_name_of_its_own(void)
{
	for (int i = 0; i < SP_CODE_COUNT; i++) {
		CHECK(sp_code_name((enum sp_code)i)[0] != '\0');
		for (int k = 0; k < i; k++)
			CHECK(strcmp(sp_code_name((enum sp_code)i),
				  sp_code_name((enum sp_code)k)) != 0);
	}
	CHECK(strcmp(sp_code_name(SP_OK), "ok") == 0);
	CHECK(strcmp(sp_code_name(SP_E_NOTFOUND), "not-found") == 0);
}

static void
a_failure_is_recorded_and_returned(void)
{
	struct sp_err err = { .reason = "stale", .text = "stale" };

	errno = EAGAIN;
	CHECK(sp_fail(&err, SP_E_DENIED, "role %s", "viewer") == SP_E_DENIED);
	CHECK(err.code == SP_E_DENIED && err.os_errno == EAGAIN);
	CHECK(err.reason == NULL && strcmp(err.text, "role viewer") == 0);
	CHECK(sp_fail_as(&err, SP_E_CONFLICT, "upload.offset", "at %d", 7) ==
	    SP_E_CONFLICT);
	CHECK(strcmp(err.reason, "upload.offset") == 0);
	CHECK(strcmp(err.text, "at 7") == 0);
	CHECK(sp_fail(NULL, SP_E_LIMIT, "nobody asks") == SP_E_LIMIT);
	CHECK(sp_fail_as(NULL, SP_E_LIMIT, "x", "nobody") == SP_E_LIMIT);
}

static void
errno_becomes_a_code(void)
{
	static const struct {
		int os;
		enum sp_code want;
	} rows[] = {
		{ ENOSPC, SP_E_FULL },
		{ EDQUOT, SP_E_FULL },
		{ ENOENT, SP_E_NOTFOUND },
		{ ENOMEM, SP_E_NOMEM },
		{ EIO, SP_E_INTERNAL },
		{ EACCES, SP_E_INTERNAL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { 0 };

		errno = rows[i].os;
		CHECK(sp_fail_os(&err, "open %s", "x") == rows[i].want);
		CHECK(errno == rows[i].os && err.os_errno == rows[i].os);
		CHECK(strncmp(err.text, "open x: ", 8) == 0);
		CHECK(strstr(err.text, strerror(rows[i].os)) != NULL);
		CHECK(sp_fail_os(NULL, "nobody") == rows[i].want);
	}
}

/* A hostile name in an error must not forge a log line or break JSON. */
static void
the_text_is_always_printable(void)
{
	char name[400];
	struct sp_err err;

	(void)sp_fail(&err, SP_E_INVALID, "no file 'a\nb\x1b[2J\xff\x80'");
	CHECK(strcmp(err.text, "no file 'a?b?[2J\?\?'") == 0);
	for (size_t pad = 0; pad < 8; pad++) { /* cut inside a character */
		memset(name, 'x', sizeof(name));
		for (size_t i = pad; i + 3 < sizeof(name); i += 3)
			memcpy(name + i, "\xe2\x82\xac", 3);
		name[sizeof(name) - 1] = '\0';
		(void)sp_fail(&err, SP_E_INVALID, "%s", name);
		CHECK(strlen(err.text) == sizeof(err.text) - 1);
		CHECK(sp_utf8_ok(err.text, strlen(err.text)));
		errno = EIO;
		(void)sp_fail_os(&err, "%s", name);
		CHECK(sp_utf8_ok(err.text, strlen(err.text)));
	}
}

static enum sp_code
pass_up(enum sp_code code, bool *reached)
{
	SP_TRY(code);
	*reached = true;
	return SP_OK;
}

static void
try_returns_failures_only(void)
{
	bool reached = false;

	CHECK(pass_up(SP_E_LOCKED, &reached) == SP_E_LOCKED && !reached);
	CHECK(pass_up(SP_OK, &reached) == SP_OK && reached);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every code has a name of its own",
		    every_code_has_a_name_of_its_own },
		{ "a failure is recorded and returned",
		    a_failure_is_recorded_and_returned },
		{ "errno becomes a code", errno_becomes_a_code },
		{ "the text is always printable",
		    the_text_is_always_printable },
		{ "SP_TRY returns failures only", try_returns_failures_only },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
