#include "federation/text.h"

#include "tap.h"

#include <string.h>

static void
urls(void)
{
	static const struct {
		const char *s, *host; /* NULL: none */
		bool local, query;
	} rows[] = {
		{ "https://id.example.gov", "id.example.gov", false, false },
		{ "https://ID.Example.gov:8443/a/b", "id.example.gov:8443",
		    false, false },
		{ "https://id.example.gov/a?b=c", "id.example.gov", false,
		    true },
		{ "https://id.example.gov?b", "id.example.gov", false, true },
		{ "https://[2001:db8::1]:443/", "[2001:db8::1]:443", false,
		    false },
		{ "https://[2001:db8::1]/", "[2001:db8::1]", false, false },
		{ "http://127.0.0.1:3000/x", "127.0.0.1:3000", true, false },
		{ "http://localhost", "localhost", true, false },
		{ "http://[::1]:80/", "[::1]:80", true, false },
		{ "http://127.0.0.1:3000/x", NULL, false, false },
		{ "http://id.example.gov/", NULL, true, false },
		{ "http://127.0.0.1.evil.example/", NULL, true, false },
		{ "http://localhost@evil.example/", NULL, true, false },
		{ "https://user@id.example.gov/", NULL, true, false },
		{ "https://user:pw@id.example.gov/", NULL, true, false },
		{ "https://id.example.gov#x", NULL, true, false },
		{ "https://id.example.gov\\@evil.example/", NULL, true, false },
		{ "https://", NULL, true, false },
		{ "https:///x", NULL, true, false },
		{ "https://:443/", NULL, true, false },
		{ "https://id.example.gov:0/", NULL, true, false },
		{ "https://id.example.gov:/", NULL, true, false },
		{ "https://id.example.gov:65536/", NULL, true, false },
		{ "https://id.example.gov:4e3/", NULL, true, false },
		{ "https://id example.gov/", NULL, true, false },
		{ "https://id.example.gov/\x01", NULL, true, false },
		{ "https://id.example.gov/\xc3\xa9", NULL, true, false },
		{ "HTTPS://id.example.gov/", NULL, true, false },
		{ "ftp://id.example.gov/", NULL, true, false },
		{ "file:///etc/passwd", NULL, true, false },
		{ "//id.example.gov/", NULL, true, false },
		{ "", NULL, true, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct federation_url u = { .host = "untouched" };
		bool ok = federation_text_url(rows[i].s, rows[i].local, &u);

		if (ok != (rows[i].host != NULL))
			tap_fail(__FILE__, __LINE__, rows[i].s, "");
		CHECK(strcmp(u.host, ok ? rows[i].host : "untouched") == 0);
		CHECK(!ok || u.query == rows[i].query);
	}
}

static void
long_urls(void)
{
	char s[FEDERATION_URL_MAX + 2];
	struct federation_url u;

	memset(s, 'a', sizeof(s));
	memcpy(s, "https://h/", 10);
	s[FEDERATION_URL_MAX] = '\0';
	CHECK(federation_text_url(s, false, &u));
	s[FEDERATION_URL_MAX] = 'a';
	s[FEDERATION_URL_MAX + 1] = '\0';
	CHECK(!federation_text_url(s, false, &u));
	s[300] = '\0';
	memset(s + 8, 'a', 292); /* a host as long */
	CHECK(!federation_text_url(s, false, &u));
}

static void
origins(void)
{
	static const char *const good[] = { "https://e.example.gov",
		"https://e.example.gov:8443", "http://127.0.0.1:1" };
	static const char *const bad[] = { "https://e.example.gov/",
		"https://e.example.gov/x", "https://e.example.gov?x",
		"http://e.example.gov", "e.example.gov", "" };

	for (size_t i = 0; i < SP_COUNTOF(good); i++)
		CHECK(federation_text_origin_ok(good[i], true));
	CHECK(!federation_text_origin_ok(good[2], false));
	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(!federation_text_origin_ok(bad[i], true));
}

static void
words(void)
{
	static const struct {
		const char *list, *word;
		bool listed, ok;
	} rows[] = {
		{ "mfa hwk otp", "hwk", true, true },
		{ "mfa hwk otp", "mfa", true, true },
		{ "mfa hwk otp", "otp", true, true },
		{ "mfa hwk otp", "ot", false, true },
		{ "mfa hwk otp", "wk", false, true },
		{ "mfa hwk otp", "hwk otp", false, true },
		{ "", "x", false, true },
		{ " mfa", "mfa", true, false },
		{ "mfa ", "mfa", true, false },
		{ "mfa  otp", "otp", true, false },
		{ "m\tfa", "m", false, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(federation_text_listed(rows[i].list, rows[i].word) ==
		    rows[i].listed);
		CHECK(federation_text_words_ok(rows[i].list, 20) == rows[i].ok);
	}
	CHECK(!federation_text_words_ok("0123456789 123456789x", 20));
}

static void
percent(void)
{
	SP_AUTO_BUF out = sp_buf_new(100);

	federation_text_percent(&out, "aZ09-._~ +&=%/\xc3\xa9\n");
	CHECK(strcmp(sp_buf_str(&out), "aZ09-._~%20%2B%26%3D%25%2F%C3%A9%0A") ==
	    0);
}

static void
members(void)
{
	static const struct federation_doc doc = { "a document", "doc.bad",
		200 };
	static const char text[] =
	    "{\"a\":\"x\",\"b\":\"\",\"c\":7,\"d\":\"1\\n\",\"e\":\"12345\"}";
	FEDERATION_AUTO_JSON j = NULL;
	struct sp_err err;

	CHECK_OK(
	    federation_text_object(&doc, text, strlen(text), &j, &err), &err);
	CHECK(strcmp(federation_text_member(j, "a", 4), "x") == 0);
	for (const char *m = "bcdef"; *m != '\0'; m++) {
		char name[2] = { *m, '\0' };

		CHECK(federation_text_member(j, name, 4) == NULL);
	}
	CHECK(federation_text_member(j, "e", 5) != NULL);
}

static void
objects(void)
{
	static const struct federation_doc doc = { "a document", "doc.bad",
		20 };
	static const char *const bad[] = { "", "[]", "7", "\"x\"",
		"{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "{} {}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
		"{\"a\":\"0123456789\"   }" };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		FEDERATION_AUTO_JSON j = NULL;

		CHECK_CODE(federation_text_object(
			       &doc, bad[i], strlen(bad[i]), &j, &err),
		    SP_E_INVALID, &err);
		CHECK(j == NULL && strcmp(err.reason, "doc.bad") == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "URLs", urls },
		{ "long URLs", long_urls },
		{ "origins", origins },
		{ "words", words },
		{ "percent", percent },
		{ "members", members },
		{ "objects", objects },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
