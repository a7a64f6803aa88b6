#include "signin/signin_fixture.h"

#include "base/file.h"

#include <fcntl.h>

/* AC-8: the four things that it must say. */
static void
the_built_in_one_says_all(void)
{
	struct signin_notice *n = NULL;
	struct sp_err err;

	CHECK_OK(signin_notice_open(&n, NULL, &err), &err);
	CHECK(strstr(signin_notice_text(n), "restricted information system"));
	CHECK(strstr(signin_notice_text(n), "Unauthorized use"));
	CHECK(strstr(signin_notice_text(n), "monitored, recorded and audited"));
	CHECK(strstr(signin_notice_text(n), "criminal\nand civil penalties"));
	CHECK(strstr(signin_notice_text(n), "consent to monitoring"));
	signin_notice_free(n);
}

static void
a_site_has_its_own(void)
{
	struct signin_fixture s;
	struct signin_notice *n = NULL;
	SP_AUTO_BUF path = sp_buf_new(200);
	char hex[65], other[65];

	fixture_open(&s);
	sp_buf_fmt(&path, "%s/notice.txt", s.f.dir);
	CHECK_OK(sp_file_replace(
		     AT_FDCWD, sp_buf_str(&path), "Ours.", 5, 0600, &s.err),
	    &s.err);
	CHECK_OK(signin_notice_open(&n, s.f.dir, &s.err), &s.err);
	CHECK(strcmp(signin_notice_text(n), "Ours.") == 0);
	sp_hex(signin_notice_sha256(n), 32, hex);
	sp_hex(signin_notice_sha256(s.notice), 32, other);
	CHECK_OK(signin_notice_check(n, hex, &s.err), &s.err);
	CHECK_SIGNIN(signin_notice_check(n, other, &s.err), SP_E_CONFLICT,
	    "notice.other", &s);
	CHECK_SIGNIN(signin_notice_check(n, "", &s.err), SP_E_CONFLICT,
	    "notice.other", &s);
	signin_notice_free(n);
	CHECK_OK(sp_file_replace(
		     AT_FDCWD, sp_buf_str(&path), "\xff", 1, 0600, &s.err),
	    &s.err);
	CHECK(signin_notice_open(&n, s.f.dir, &s.err) == SP_E_INVALID);
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the built-in one says all", the_built_in_one_says_all },
		{ "a site has its own", a_site_has_its_own },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
