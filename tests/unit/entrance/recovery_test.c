#include "entrance/recovery.h"

#include "http/http_fixture.h"

/* What the routes take, and whom; what becomes of shares is the gate's
 * (gate/recovery_test.c) and the whole site's (system/recovery.test.mjs). */
static struct http_fixture fix;

#define SOMEBODY "01890a5d-ac96-774b-bcce-b302099a8057"

static unsigned
post(const char *path, const char *body, const char *want)
{
	AUTO_REPLY r = { .status = 0 };
	struct wire w;
	unsigned status;

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "POST", path,
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n",
	    strlen(body));
	CHECK(wire_send(&w, body, strlen(body)));
	r = wire_reply(&w, false);
	CHECK(r.whole);
	status = r.status;
	if (strstr(sp_buf_str(&r.body), want) == NULL)
		tap_fail(__FILE__, __LINE__, path, sp_buf_str(&r.body));
	wire_close(&w);
	return status;
}

static void
custodians_are_a_list_of_people(void)
{
	static const char *const bad[] = { "{}", "[]", "{\"custodians\":[]}",
		"{\"custodians\":\"" SOMEBODY "\"}", "{\"custodians\":[7,8]}",
		"{\"custodians\":[\"x\",\"y\"]}",
		"{\"custodians\":[\"" SOMEBODY "\"]}",
		"{\"custodians\":[\"" SOMEBODY "\",\"" SOMEBODY "\"]}",
		"{\"custodians\":[\"" SOMEBODY "\",\"" SOMEBODY
		"\"],\"needed\":1}" };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(post("recovery/shares", bad[i],
			  "\"recovery.custodians\"") == 400);
}

/* Whoever has a token of a machine's, and be it an administrator's, hands in
 * nothing. */
static void
a_machine_has_no_share(void)
{
	CHECK(post("recovery", "{\"share\":\"spr_x\"}", "\"role\"") == 403);
	CHECK(post("recovery/" SOMEBODY "/confirm", "{\"share\":\"spr_x\"}",
		  "\"role\"") == 403);
}

static void
it_tells_how_it_stands(void)
{
	AUTO_REPLY r = { .status = 0 };
	struct wire w;

	wire_open(&fix, &w);
	wire_ask(&fix, &w, "GET", "recovery", "%s", "");
	r = wire_reply(&w, false);
	CHECK(r.status == 200);
	CHECK(strcmp(sp_buf_str(&r.body),
		  "{\"custodians\":[],\"made_at\":null,\"needed\":2,"
		  "\"open\":null}") == 0);
	wire_close(&w);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "custodians are a list of people",
		    custodians_are_a_list_of_people },
		{ "a machine has no share", a_machine_has_no_share },
		{ "it tells how it stands", it_tells_how_it_stands },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	fixture_begin(&fix);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_end(&fix);
	return rc;
}
