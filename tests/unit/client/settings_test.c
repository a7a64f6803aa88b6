#include "client/settings.h"
#include "scratch.h"

static void
sites_are_https_and_nothing_else(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "https://127.0.0.1:8443", "https://127.0.0.1:8443" },
		{ "https://127.0.0.1:8443/", "https://127.0.0.1:8443" },
		{ "127.0.0.1:8443", "https://127.0.0.1:8443" },
		{ "evidence.example", "https://evidence.example" },
		{ "HTTPS://evidence.example:443/", "https://evidence.example" },
		{ "https://[::1]:8443", "https://[::1]:8443" },
		{ "[2001:db8::1]", "https://[2001:db8::1]" },
		{ "", NULL },
		{ "/", NULL },
		{ "http://evidence.example", NULL },
		{ "ftp://evidence.example", NULL },
		{ "file:///etc/passwd", NULL },
		{ "https://", NULL },
		{ "https:///", NULL },
		{ "https://a/v1", NULL },
		{ "https://a?b", NULL },
		{ "https://a#b", NULL },
		{ "https://user@a", NULL },
		{ "https://user:pass@a", NULL },
		{ "https://a b", NULL },
		{ "https://a\r\nX: y", NULL },
		{ "https://a:0", NULL },
		{ "https://a:65536", NULL },
		{ "https://a:", NULL },
		{ "https://a:8443x", NULL },
		{ "https://a:08443", NULL },
		{ "https://-a", NULL },
		{ "https://.a", NULL },
		{ "https://[::1", NULL },
		{ "https://[]", NULL },
		{ "https://[::1]x", NULL },
		{ "https://a//", NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(400);
		struct sp_err err;
		enum sp_code code =
		    client_settings_site_parse(rows[i].in, &out, &err);

		CHECK((code == SP_OK) == (rows[i].out != NULL));
		CHECK(strcmp(sp_buf_str(&out),
			  rows[i].out == NULL ? "" : rows[i].out) == 0);
	}
}

static void
the_nearest_word_counts(void)
{
	struct settings_options o = { .site = NULL };
	struct settings s;
	struct sp_err err;

	CHECK_CODE(client_settings_load(&s, &o, &err), SP_E_INVALID, &err);
	CHECK(mkdir(scratch(".config"), 0700) == 0);
	CHECK(mkdir(scratch(".config/sallyport"), 0700) == 0);
	scratch_write(".config/sallyport/site", "https://file.example\n", 0644);
	scratch_write(".config/sallyport/agency", "file-pd\n", 0644);
	scratch_write(".config/sallyport/token", "spt_file_x\n", 0600);
	scratch_write(".config/sallyport/ca.pem", "x", 0644);
	CHECK_OK(client_settings_load(&s, &o, &err), &err);
	CHECK(strcmp(sp_buf_str(&s.site), "https://file.example") == 0);
	CHECK(strcmp(sp_buf_str(&s.agency), "file-pd") == 0);
	CHECK(strcmp(client_settings_token(&s), "spt_file_x") == 0);
	CHECK(strcmp(sp_buf_str(&s.ca), scratch(".config/sallyport/ca.pem")) ==
	    0);
	client_settings_done(&s);

	scratch_write("env-ca.pem", "x", 0644);
	CHECK(setenv("SALLYPORT_SITE", "env.example", 1) == 0);
	CHECK(setenv("SALLYPORT_AGENCY", "env-pd", 1) == 0);
	CHECK(setenv("SALLYPORT_TOKEN", "spt_env_x", 1) == 0);
	CHECK(setenv("SALLYPORT_CA", scratch("env-ca.pem"), 1) == 0);
	CHECK_OK(client_settings_load(&s, &o, &err), &err);
	CHECK(strcmp(sp_buf_str(&s.site), "https://env.example") == 0);
	CHECK(strcmp(sp_buf_str(&s.agency), "env-pd") == 0);
	CHECK(strcmp(client_settings_token(&s), "spt_env_x") == 0);
	CHECK(strcmp(sp_buf_str(&s.ca), scratch("env-ca.pem")) == 0);
	client_settings_done(&s);

	o = (struct settings_options){ .site = "https://said.example:9",
		.agency = "said-pd",
		.ca = scratch(".config/sallyport/ca.pem") };
	CHECK_OK(client_settings_load(&s, &o, &err), &err);
	CHECK(strcmp(sp_buf_str(&s.site), "https://said.example:9") == 0);
	CHECK(strcmp(sp_buf_str(&s.agency), "said-pd") == 0);
	CHECK(strcmp(sp_buf_str(&s.ca), o.ca) == 0);
	client_settings_done(&s);
	CHECK(unsetenv("SALLYPORT_CA") == 0);
	CHECK(unsetenv("SALLYPORT_TOKEN") == 0);
}

static void
what_is_malformed_is_refused(void)
{
	struct settings_options bad[] = {
		{ .agency = "Not A Slug" },
		{ .agency = "../x" },
		{ .agency = "" },
		{ .ca = "/nonexistent/ca.pem" },
		{ .site = "http://plain.example" },
	};
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct settings s = { .token = NULL };
		enum sp_code code = client_settings_load(&s, &bad[i], &err);

		/* an empty option says nothing */
		if (bad[i].agency != NULL && *bad[i].agency == '\0') {
			CHECK(code == SP_OK && s.agency.len == 0);
			client_settings_done(&s);
			continue;
		}
		CHECK(code != SP_OK);
		CHECK(s.token == NULL && s.site.at == NULL && s.ca.at == NULL &&
		    s.agency.at == NULL);
	}
}

static void
a_token_is_a_token(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "spt_AAAAAAAAAAAAAAAAAAAAAA_BBBB-b_b", true },
		{ "x\r\nX-Evil: 1", false },
		{ "two words", false },
		{ "tab\t", false },
		{ "\xc3\xa9", false },
	};
	struct settings_options o = { .site = NULL };
	struct settings s;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(setenv("SALLYPORT_TOKEN", rows[i].text, 1) == 0);
		enum sp_code code = client_settings_load(&s, &o, &err);

		CHECK((code == SP_OK) == rows[i].good);
		/* a secret is in no message */
		CHECK(code == SP_OK || strstr(err.text, rows[i].text) == NULL);
		if (code == SP_OK)
			client_settings_done(&s);
	}
	CHECK(unsetenv("SALLYPORT_TOKEN") == 0);
}

static void
a_token_that_others_may_read_is_refused(void)
{
	static const mode_t open_modes[] = { 0640, 0604, 0644, 0620, 0777 };
	struct settings_options o = { .site = NULL };
	struct settings s;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(open_modes); i++) {
		CHECK(chmod(scratch(".config/sallyport/token"),
			  open_modes[i]) == 0);
		CHECK_CODE(
		    client_settings_load(&s, &o, &err), SP_E_INVALID, &err);
		CHECK(strstr(err.text, "chmod 600") != NULL);
	}
	CHECK(chmod(scratch(".config/sallyport/token"), 0600) == 0);
	CHECK_OK(client_settings_load(&s, &o, &err), &err);
	client_settings_done(&s);

	char longer[SETTINGS_TOKEN_MAX + 2];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	scratch_write(".config/sallyport/token", longer, 0600);
	CHECK_CODE(client_settings_load(&s, &o, &err), SP_E_INVALID, &err);
	scratch_write(".config/sallyport/token", "", 0600);
	CHECK_CODE(client_settings_load(&s, &o, &err), SP_E_INVALID, &err);
	CHECK(unlink(scratch(".config/sallyport/token")) == 0);
}

static void
folders_follow_the_xdg_specification(void)
{
	SP_AUTO_BUF dir = sp_buf_new(4096);
	struct sp_err err;
	struct stat st;

	CHECK_OK(client_settings_state_dir("logs", &dir, &err), &err);
	CHECK(strcmp(sp_buf_str(&dir),
		  scratch(".local/state/sallyport/logs")) == 0);
	CHECK(stat(sp_buf_str(&dir), &st) == 0 && S_ISDIR(st.st_mode));
	CHECK((st.st_mode & 0777) == 0700);
	sp_buf_clear(&dir);
	CHECK(setenv("XDG_STATE_HOME", scratch("state"), 1) == 0);
	CHECK_OK(client_settings_state_dir("logs", &dir, &err), &err);
	CHECK(strcmp(sp_buf_str(&dir), scratch("state/sallyport/logs")) == 0);
	/* a relative path is none */
	sp_buf_clear(&dir);
	CHECK(setenv("XDG_STATE_HOME", "state", 1) == 0);
	CHECK_OK(client_settings_state_dir("logs", &dir, &err), &err);
	CHECK(strcmp(sp_buf_str(&dir),
		  scratch(".local/state/sallyport/logs")) == 0);

	CHECK(setenv("XDG_CONFIG_HOME", scratch("conf"), 1) == 0);
	CHECK(unsetenv("SALLYPORT_SITE") == 0);
	CHECK(mkdir(scratch("conf"), 0700) == 0);
	CHECK(mkdir(scratch("conf/sallyport"), 0700) == 0);
	scratch_write("conf/sallyport/site", "xdg.example", 0644);
	struct settings_options o = { .site = NULL };
	struct settings s;

	CHECK_OK(client_settings_load(&s, &o, &err), &err);
	CHECK(strcmp(sp_buf_str(&s.site), "https://xdg.example") == 0);
	client_settings_done(&s);

	/* no home at all */
	CHECK(unsetenv("HOME") == 0 && unsetenv("XDG_CONFIG_HOME") == 0);
	CHECK(unsetenv("XDG_STATE_HOME") == 0);
	CHECK_CODE(client_settings_load(&s, &o, &err), SP_E_INVALID, &err);
	CHECK_CODE(
	    client_settings_state_dir("logs", &dir, &err), SP_E_NOTFOUND, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "sites are https and nothing else",
		    sites_are_https_and_nothing_else },
		{ "the nearest word counts", the_nearest_word_counts },
		{ "what is malformed is refused",
		    what_is_malformed_is_refused },
		{ "a token is a token", a_token_is_a_token },
		{ "a token that others may read is refused",
		    a_token_that_others_may_read_is_refused },
		{ "folders follow the XDG specification",
		    folders_follow_the_xdg_specification },
	};

	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
