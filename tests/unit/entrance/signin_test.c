#include "entrance/signin.h"

#include "api/routes.h"
#include "evidence/room.h"
#include "http/json.h"
#include "tap.h"

#include <string.h>

static struct http_house house = {
	.routes = &api_routes,
	.header_bytes = 4096,
	.json_bytes = 4096,
	.upload_max = 1000,
};

static struct http_request *
request(const char *body)
{
	struct http_request *q = http_request_new(&house);

	CHECK(q != NULL);
	sp_buf_text(&q->body, body);
	return q;
}

/* Only what is asked for, as text that is not too long. */
static void
bodies(void)
{
	static const struct {
		const char *json;
		bool ok, cookie;
	} rows[] = {
		{ "{\"login\":\"a\",\"password\":\"b\"}", true, false },
		{ "{\"login\":\"a\",\"password\":\"b\",\"cookie\":true}", true,
		    true },
		{ "{\"login\":\"a\",\"password\":\"b\",\"cookie\":1}", false,
		    false },
		{ "{\"login\":\"a\"}", false, false },
		{ "{\"login\":\"a\",\"password\":null}", false, false },
		{ "{\"login\":[\"a\"],\"password\":\"b\"}", false, false },
		{ "{\"login\":\"a\",\"password\":\"b\",\"role\":\"cso\"}",
		    false, false },
		{ "{\"login\":\"a\",\"login\":\"c\",\"password\":\"b\"}", false,
		    false },
		{ "{\"login\":\"a\",\"password\":\"b\\u0000c\"}", false,
		    false },
		{ "[]", false, false },
		{ "\"login\"", false, false },
		{ "{}x", false, false },
		{ "", false, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const char *login = NULL, *password = NULL;
		const struct entrance_signin_member m[] = {
			{ "login", &login, true },
			{ "password", &password, true },
		};
		struct http_request *q = request(rows[i].json);
		ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
		bool cookie = false;
		struct sp_err err;
		enum sp_code code = entrance_signin_read(
		    q, m, SP_COUNTOF(m), &cookie, &root, &err);

		CHECK((code == SP_OK) == rows[i].ok);
		CHECK(!rows[i].ok ||
		    (strcmp(login, "a") == 0 && cookie == rows[i].cookie));
		http_request_free(q);
	}
}

static void
a_long_text_is_refused(void)
{
	SP_AUTO_BUF body = sp_buf_new(4096);
	const char *code = NULL;
	const struct entrance_signin_member m[] = { { "code", &code, true } };
	ENTRANCE_SIGNIN_AUTO_BODY root = NULL;
	struct http_request *q;
	struct sp_err err;

	sp_buf_text(&body, "{\"code\":\"");
	for (int i = 0; i <= ENTRANCE_SIGNIN_TEXT; i++)
		sp_buf_u8(&body, 'x');
	sp_buf_text(&body, "\"}");
	q = request(sp_buf_str(&body));
	CHECK_CODE(entrance_signin_read(q, m, 1, NULL, &root, &err),
	    SP_E_INVALID, &err);
	http_request_free(q);
}

/* Ours, once, whatever stands beside it. */
static void
which_cookie(void)
{
	static const struct {
		const char *field, *value;
	} rows[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "__Host-sallyport", NULL },
		{ "__Host-sallyport=x", "x" },
		{ "a=1; __Host-sallyport=x; b=2", "x" },
		{ "a=1;__Host-sallyport=x;", "x" },
		{ ";;; __Host-sallyport=x ", "x" },
		{ "__Host-sallyport=x; __Host-sallyport=x", NULL },
		{ "__Host-sallyport=x; __Host-sallyport=y", NULL },
		{ "__host-sallyport=x", NULL },
		{ "x__Host-sallyport=x", NULL },
		{ "__Host-sallyport2=x", NULL },
		{ "a=__Host-sallyport=x", NULL },
		{ "__Host-sallyport="
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaa",
		    NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct http_request *q = request("");
		char text[GATE_TEXT_MAX] = "untouched";

		q->field[HTTP_F_COOKIE] = rows[i].field;
		CHECK(http_request_cookie(q, text) == (rows[i].value != NULL));
		CHECK(strcmp(text,
			  rows[i].value == NULL ? "untouched"
						: rows[i].value) == 0);
		http_request_free(q);
	}
}

static void
which_origin(void)
{
	static const struct {
		enum http_method method;
		const char *host, *origin, *site;
		bool ok;
	} rows[] = {
		{ HTTP_GET, "h", NULL, NULL, true },
		{ HTTP_HEAD, "h", "https://evil", NULL, true },
		{ HTTP_POST, "h", NULL, NULL, false },
		{ HTTP_POST, "h", "https://h", NULL, true },
		{ HTTP_POST, "H:8443", "https://h:8443", NULL, true },
		{ HTTP_POST, "h:443", "https://h", NULL, true },
		{ HTTP_POST, "h", "https://h:443", NULL, true },
		{ HTTP_POST, "h", "http://h", NULL, false },
		{ HTTP_POST, "h", "https://h.evil", NULL, false },
		{ HTTP_POST, "h", "https://evil/h", NULL, false },
		{ HTTP_POST, "h", "https://h:8443", NULL, false },
		{ HTTP_POST, "h", "https://", NULL, false },
		{ HTTP_POST, "", "https://", NULL, false },
		{ HTTP_POST, "h", "null", NULL, false },
		{ HTTP_POST, NULL, "https://h", NULL, false },
		{ HTTP_POST, "h", NULL, "same-origin", true },
		{ HTTP_POST, "h", NULL, "same-site", false },
		{ HTTP_POST, "h", NULL, "none", false },
		{ HTTP_POST, "h", "https://evil", "same-origin", false },
		{ HTTP_DELETE, "h", NULL, NULL, false },
		{ HTTP_PATCH, "h", "https://evil", NULL, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct http_request *q = request("");
		struct sp_err err = { .reason = NULL };
		enum sp_code code;

		q->method = rows[i].method;
		q->field[HTTP_F_HOST] = rows[i].host;
		q->field[HTTP_F_ORIGIN] = rows[i].origin;
		q->field[HTTP_F_SEC_FETCH_SITE] = rows[i].site;
		code = http_request_same_site(q, &err);
		CHECK(code == (rows[i].ok ? SP_OK : SP_E_DENIED));
		CHECK(rows[i].ok || strcmp(err.reason, "csrf") == 0);
		http_request_free(q);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "bodies", bodies },
		{ "a long text is refused", a_long_text_is_refused },
		{ "which cookie", which_cookie },
		{ "which origin", which_origin },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
