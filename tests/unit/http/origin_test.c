#include "http/origin.h"
#include "tap.h"

#include <string.h>

static const struct {
	const char *host, *text; /* NULL: none */
} hosts[] = {
	{ "evidence.example.gov", "https://evidence.example.gov" },
	{ "Evidence.EXAMPLE.gov", "https://evidence.example.gov" },
	{ "evidence.example.gov:443", "https://evidence.example.gov" },
	{ "evidence.example.gov:8443", "https://evidence.example.gov:8443" },
	{ "localhost:1", "https://localhost:1" },
	{ "a-b.c3", "https://a-b.c3" },
	{ "xn--bcher-kva.example", "https://xn--bcher-kva.example" },
	{ "", NULL },
	{ ".", NULL },
	{ "a.", NULL }, /* a browser keeps the dot, and its origin differs */
	{ ".a", NULL },
	{ "a..b", NULL },
	{ "-a.b", NULL },
	{ "a-.b", NULL },
	{ "127.0.0.1", NULL },
	{ "127.1:8443", NULL },
	{ "0x7f.1", NULL },
	{ "1", NULL },
	{ "a.1", NULL },
	{ "[::1]", NULL },
	{ "[::1]:8443", NULL },
	{ "::1", NULL },
	{ "a:", NULL },
	{ "a:0", NULL },
	{ "a:08443", NULL },
	{ "a:65536", NULL },
	{ "a:8443:1", NULL },
	{ "a:+1", NULL },
	{ "a b", NULL },
	{ "a/b", NULL },
	{ "a@b", NULL },
	{ "a\\b", NULL },
	{ "a_b", NULL },
	{ "b\xC3\xBC"
	  "cher.example",
	    NULL },
};

static void
parse(void)
{
	for (size_t i = 0; i < SP_COUNTOF(hosts); i++) {
		struct http_origin o = { .text = "untouched" };
		bool ok = http_origin_parse(hosts[i].host, &o);

		if (ok != (hosts[i].text != NULL))
			tap_fail(__FILE__, __LINE__, hosts[i].host, "");
		CHECK(strcmp(o.text, ok ? hosts[i].text : "untouched") == 0);
	}
}

/* At most 253 characters, labels of at most 63. */
static void
lengths(void)
{
	char name[400] = "";
	struct http_origin o;

	for (size_t n = 1; n < sizeof(name); n++) {
		for (size_t i = 0; i < n; i++)
			name[i] = i % 64 == 63 ? '.' : 'a';
		name[n] = '\0';
		CHECK(http_origin_parse(name, &o) == (n <= 253 && n % 64 != 0));
		memset(name, 'a', n);
		CHECK(http_origin_parse(name, &o) == (n <= 63));
	}
}

static bool
holds(void *self, const char *host)
{
	return strcmp(self, host) == 0;
}

static void
find(void)
{
	static char certain[] = "localhost";
	struct http_origins o = {
		.port = 8443, .holds = holds, .self = certain
	};
	struct http_origin by;
	struct sp_err err;

	CHECK_OK(
	    http_origins_add(&o, "https://evidence.example.gov", &err), &err);
	CHECK_OK(
	    http_origins_find(&o, "evidence.example.gov", &by, &err), &err);
	CHECK(strcmp(by.host, "evidence.example.gov") == 0);
	CHECK_OK(http_origins_find(&o, "LOCALHOST:8443", &by, &err), &err);
	CHECK(strcmp(by.text, "https://localhost:8443") == 0);
	static const char *const others[] = { NULL, "", "localhost",
		"localhost:8444", "evidence.example.gov:8443", "example.gov",
		"a.evidence.example.gov", "evidence.example.gov.evil.example",
		"127.0.0.1:8443" };
	for (size_t i = 0; i < SP_COUNTOF(others); i++) {
		memset(&by, 'x', sizeof(by));
		CHECK_CODE(http_origins_find(&o, others[i], &by, &err),
		    SP_E_DENIED, &err);
		CHECK(strcmp(err.reason, "passkey.site") == 0);
		CHECK(by.text[0] == 'x');
	}
	o.holds = NULL;
	CHECK_CODE(http_origins_find(&o, "localhost:8443", &by, &err),
	    SP_E_DENIED, &err);
}

static void
add(void)
{
	static const char *const bad[] = { "", "evidence.example.gov",
		"http://evidence.example.gov", "https://", "https://10.0.0.1",
		"https://a/", "HTTPS://a", "https://a:b" };
	struct http_origins o = { .n = 0 };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK_CODE(
		    http_origins_add(&o, bad[i], &err), SP_E_INVALID, &err);
	for (size_t i = 0; i < HTTP_ORIGINS_MAX; i++)
		CHECK_OK(http_origins_add(&o, "https://a", &err), &err);
	CHECK_CODE(http_origins_add(&o, "https://a", &err), SP_E_LIMIT, &err);
	CHECK(o.n == HTTP_ORIGINS_MAX);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "hosts", parse },
		{ "lengths", lengths },
		{ "by which name it came", find },
		{ "what a site may be told", add },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
