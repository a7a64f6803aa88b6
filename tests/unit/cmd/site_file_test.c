#include "cmd/site_file.h"

#include "client/scratch.h"

static const struct site_file good = { "tls/server.pem", "tls/server.key",
	"127.0.0.1:8443", "evidence.example.org" };

static void
round_trip(void)
{
	struct site_file f = { .cert = "" };
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(cmd_site_file_write(scratch_dir, &good, &err), &err);
	CHECK_OK(cmd_site_file_read(scratch_dir, &f, &err), &err);
	CHECK(strcmp(f.cert, good.cert) == 0 && strcmp(f.key, good.key) == 0);
	CHECK(strcmp(f.listen, good.listen) == 0);
	CHECK(strcmp(f.public_name, good.public_name) == 0);
}

static void
no_site(void)
{
	struct site_file f;
	struct sp_err err = { .code = SP_OK };

	CHECK(unlink(scratch("site.json")) == 0);
	CHECK_CODE(
	    cmd_site_file_read(scratch_dir, &f, &err), SP_E_NOTFOUND, &err);
	CHECK(strstr(err.text, "sallyport init") != NULL);
	CHECK_CODE(
	    cmd_site_file_read("/nonexistent", &f, &err), SP_E_NOTFOUND, &err);
}

static void
damaged(void)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "null",
		"{\"cert\":\"a\",\"key\":\"b\",\"listen\":\"c\"}",
		"{\"cert\":1,\"key\":\"b\",\"listen\":\"c\","
		"\"public_name\":\"d\"}",
		"{\"cert\":\"a\",\"cert\":\"a\",\"key\":\"b\","
		"\"listen\":\"c\",\"public_name\":\"d\"}",
		"{\"cert\":\"a\",\"key\":\"b\",\"listen\":\"c\","
		"\"public_name\":\"d\"} x" };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct site_file f;
		struct sp_err err = { .code = SP_OK };

		memset(&f, 0xa5, sizeof(f));
		scratch_write("site.json", bad[i], 0644);
		CHECK_CODE(cmd_site_file_read(scratch_dir, &f, &err),
		    SP_E_CORRUPT, &err);
		CHECK((unsigned char)f.cert[0] == 0xa5);
	}
}

static void
too_long(void)
{
	char path[SITE_FILE_TEXT + 64];
	char out[SITE_FILE_TEXT] = "";
	struct sp_err err = { .code = SP_OK };

	memset(path, 'a', sizeof(path));
	path[SITE_FILE_TEXT - 1] = '\0';
	CHECK_OK(cmd_site_file_text(out, path, "x", &err), &err);
	path[SITE_FILE_TEXT - 1] = 'a';
	path[SITE_FILE_TEXT] = '\0';
	CHECK_CODE(cmd_site_file_text(out, path, "x", &err), SP_E_LIMIT, &err);
	CHECK_CODE(cmd_site_file_text(out, "", "x", &err), SP_E_LIMIT, &err);
	CHECK(strlen(out) == SITE_FILE_TEXT - 1);
}

static void
hosts(void)
{
	static const struct {
		const char *s;
		bool port_optional;
		const char *host; /* NULL: refused */
	} rows[] = {
		{ "127.0.0.1:8443", false, "127.0.0.1" },
		{ "127.0.0.1:0", false, "127.0.0.1" },
		{ "[::1]:8443", false, "::1" },
		{ "[::1]", true, "::1" },
		{ "a.example.org", true, "a.example.org" },
		{ "a.example.org:443", true, "a.example.org" },
		{ "a.example.org", false, NULL },
		{ "[::1]", false, NULL },
		{ "", true, NULL },
		{ ":8443", false, NULL },
		{ "a:", true, NULL },
		{ "a:x", true, NULL },
		{ "a:65536", true, NULL },
		{ "a:08443", true, NULL },
		{ "a:1:2", true, NULL },
		{ "[::1", true, NULL },
		{ "[]", true, NULL },
		{ "[::1]8443", true, NULL },
		{ "a/b", true, NULL },
		{ "a b", true, NULL },
		{ "https://a", true, NULL },
		{ "a@b", true, NULL },
		{ "a\nb", true, NULL },
		{ "\xc3\xa9", true, NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char host[SITE_FILE_TEXT] = "unset";
		struct sp_err err = { .code = SP_OK };
		enum sp_code code = cmd_site_file_host(
		    rows[i].s, rows[i].port_optional, "--name", host, &err);

		CHECK_CODE(
		    code, rows[i].host == NULL ? SP_E_INVALID : SP_OK, &err);
		CHECK(strcmp(host,
			  rows[i].host == NULL ? "unset" : rows[i].host) == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is written is read", round_trip },
		{ "a folder that is no site", no_site },
		{ "a damaged file", damaged },
		{ "members have a length", too_long },
		{ "hosts and ports", hosts },
	};
	int code;

	scratch_make();
	code = tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return code;
}
