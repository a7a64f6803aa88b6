/* The handlers of passkeys: by which name the request came, what a body is, and
 * who is asked.  What is signed is signin/passkey_test's. */
#include "entrance/signin.h"

#include "api/routes.h"
#include "evidence/room_fixture.h"
#include "http/json.h"
#include "http/request.h"

static struct room_fixture f;
static struct http_house house;
static json_t *answer;

static enum sp_code
ask(enum http_method method, const char *path, const char *host,
    const char *body, struct sp_err *err)
{
	struct http_request *q = http_request_new(&house);
	char whole[200];
	enum sp_code code;

	CHECK(q != NULL);
	(void)snprintf(whole, sizeof(whole), "/v1/agencies/%s/signin/%s",
	    f.agency.slug, path);
	CHECK_OK(
	    http_router_match(&q->match, &api_routes, method, whole, err), err);
	q->room = f.room;
	q->method = method;
	q->field[HTTP_F_HOST] = host;
	(void)snprintf(q->address, sizeof(q->address), "192.0.2.1");
	if (body != NULL)
		sp_buf_text(&q->body, body);
	err->reason = NULL;
	code = q->match.route->handle(q, &q->answer, err);
	json_decref(answer);
	answer = json_loadb(
	    (const char *)q->answer.body.at, q->answer.body.len, 0, NULL);
	q->room = NULL;
	http_request_free(q);
	return code;
}

#define HOST "evidence.example.gov"

static const char *
text(const json_t *at, const char *name)
{
	return json_string_value(json_object_get(at, name));
}

static void
questions(void)
{
	struct sp_err err;
	const json_t *key;

	CHECK_OK(ask(HTTP_POST, "passkey/options", HOST, NULL, &err), &err);
	key = json_object_get(answer, "publicKey");
	CHECK(strcmp(text(key, "rpId"), HOST) == 0);
	CHECK(strcmp(text(key, "userVerification"), "required") == 0);
	CHECK(strlen(text(key, "challenge")) == 43);
	CHECK(strlen(text(answer, "for")) == 36);
	CHECK(json_array_size(json_object_get(key, "allowCredentials")) == 0);
}

/* A name that the site does not go by gets no question, and no answer is
 * looked at there. */
static void
other_names(void)
{
	static const char *const hosts[] = { NULL, "", "example.gov",
		"192.0.2.5", "[::1]", HOST ":8443", "a." HOST };
	static const char *const paths[] = { "passkey/options", "passkey",
		"passkey/second/options", "passkey/second",
		"passkey/new/options", "passkey/new" };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(hosts); i++)
		for (size_t j = 0; j < 2; j++) {
			CHECK_CODE(
			    ask(HTTP_POST, paths[j], hosts[i], "{}", &err),
			    SP_E_DENIED, &err);
			CHECK(strcmp(err.reason, "passkey.site") == 0);
		}
	/* And nobody who shows no session is asked within one. */
	for (size_t j = 2; j < SP_COUNTOF(paths); j++)
		CHECK_CODE(ask(HTTP_POST, paths[j], HOST, "{}", &err),
		    SP_E_UNKNOWN, &err);
	CHECK_CODE(
	    ask(HTTP_GET, "passkey", HOST, NULL, &err), SP_E_UNKNOWN, &err);
}

#define CREDENTIAL                                                             \
	"{\"type\":\"public-key\",\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\","          \
	"\"rawId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"response\":{"                  \
	"\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AAAA\","           \
	"\"signature\":\"AAAA\"}}"
#define FOR "\"for\":\"019430d2-0000-7000-8000-000000000000\""

static void
bodies(void)
{
	static const char *const bad[] = { "", "null", "[]", "{}",
		"{\"credential\":{}}", "{" FOR "}",
		"{\"credential\":" CREDENTIAL "}",
		"{\"credential\":" CREDENTIAL "," FOR ",\"label\":\"a\"}",
		"{\"credential\":" CREDENTIAL "," FOR ",\"cookie\":1}",
		"{\"credential\":" CREDENTIAL "," FOR ",\"more\":\"a\"}",
		"{\"credential\":" CREDENTIAL ",\"for\":\"a\"}",
		"{\"credential\":" CREDENTIAL "," FOR "," FOR "}",
		"{\"credential\":[]," FOR "}",
		/* No challenge in it. */
		"{\"credential\":" CREDENTIAL "," FOR "}" };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK_CODE(ask(HTTP_POST, "passkey", HOST, bad[i], &err),
		    SP_E_INVALID, &err);
	/* A cookie is asked for from a page of this site only. */
	CHECK_CODE(
	    ask(HTTP_POST, "passkey", HOST,
		"{\"cookie\":true,\"credential\":" CREDENTIAL "," FOR "}",
		&err),
	    SP_E_DENIED, &err);
	CHECK(strcmp(err.reason, "csrf") == 0);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "questions", questions },
		{ "names that are not the site's", other_names },
		{ "bodies", bodies },
	};
	struct sp_err err;
	int rc;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	fixture_make(&f);
	fixture_open(&f);
	CHECK_OK(http_origins_add(&house.origins, "https://" HOST, &err), &err);
	house.json_bytes = 65536;
	rc = tap_run(cases, SP_COUNTOF(cases));
	json_decref(answer);
	fixture_close(&f);
	fixture_remove(&f);
	return rc;
}
