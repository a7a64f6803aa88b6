#include "entrance/token.h"

#include "gate/token.h"
#include "http/http_fixture.h"

#include <string.h>

#define DAY (INT64_C(86400) * SP_SECOND)

static void
token_wishes(void)
{
	const sp_time now = INT64_C(1790000000) * SP_SECOND; /* 2026-09-21 */
	static const struct {
		const char *json;
		bool ok;
	} rows[] = {
		{ "{\"role\":\"officer\",\"label\":\"a\",\"expires_in_days\":"
		  "1}",
		    true },
		{ "{\"role\":\"device\",\"label\":\"dock 4\","
		  "\"expires_at\":\"2026-10-01T00:00:00Z\"}",
		    true },
		{ "{\"role\":\"auditor\",\"label\":\"\\u00e9\","
		  "\"expires_in_days\":366}",
		    true },
		{ "", false },
		{ "null", false },
		{ "[]", false },
		{ "{}", false },
		{ "{\"role\":\"officer\",\"label\":\"a\"}", false },
		{ "{\"role\":\"chief\",\"label\":\"a\",\"expires_in_days\":1}",
		    false },
		/* Roles of people, of the provider, of service accounts. */
		{ "{\"role\":\"laso\",\"label\":\"a\",\"expires_in_days\":1}",
		    false },
		{ "{\"role\":\"operator\",\"label\":\"a\","
		  "\"expires_in_days\":1}",
		    false },
		{ "{\"role\":\"service\",\"label\":\"a\","
		  "\"expires_in_days\":1}",
		    false },
		{ "{\"role\":3,\"label\":\"a\",\"expires_in_days\":1}", false },
		{ "{\"role\":\"officer\",\"label\":3,\"expires_in_days\":1}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\",\"expires_in_days\":"
		  "0}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_in_days\":367}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_in_days\":1.5}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_in_days\":\"1\"}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_in_days\":99999999999999999999}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_at\":\"tomorrow\"}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\",\"expires_at\":7}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_at\":\"2028-01-01T00:00:00Z\"}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\",\"expires_in_days\":1,"
		  "\"expires_at\":\"2026-10-01T00:00:00Z\"}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\",\"expires_in_days\":1,"
		  "\"x\":1}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\\u0000b\","
		  "\"expires_in_days\":1}",
		    false },
		{ "{\"role\":\"officer\\u0000x\",\"label\":\"a\","
		  "\"expires_in_days\":1}",
		    false },
		{ "{\"role\":\"officer\",\"role\":\"officer\",\"label\":\"a\","
		  "\"expires_in_days\":1}",
		    false },
		{ "{\"role\":\"officer\",\"label\":\"a\",\"expires_in_days\":1}"
		  "x",
		    false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct entrance_token_wish w = { .expires = 42 };
		struct sp_err err;
		enum sp_code code = entrance_token_wish(
		    rows[i].json, strlen(rows[i].json), now, &w, &err);

		CHECK_CODE(code, rows[i].ok ? SP_OK : SP_E_INVALID, &err);
		if (rows[i].ok)
			CHECK(w.expires > now && w.expires <= now + 366 * DAY);
		else
			CHECK(w.expires == 42);
	}
}

static void
a_label_that_is_too_long_is_refused(void)
{
	SP_AUTO_BUF json = sp_buf_new(1000);

	for (size_t len = GATE_TOKEN_LABEL; len < GATE_TOKEN_LABEL + 2; len++) {
		struct entrance_token_wish w;
		struct sp_err err;

		sp_buf_clear(&json);
		sp_buf_text(&json, "{\"role\":\"officer\",\"label\":\"");
		for (size_t i = 0; i < len; i++)
			sp_buf_u8(&json, 'x');
		sp_buf_text(&json, "\",\"expires_in_days\":1}");
		CHECK_CODE(entrance_token_wish(json.at, json.len, 0, &w, &err),
		    len > GATE_TOKEN_LABEL ? SP_E_INVALID : SP_OK, &err);
	}
}

/* --- asked of a server --- */

static struct http_fixture fix;

/* The answer's status; `want` is in its body. */
static unsigned
post(struct wire *w, const char *path, const char *key, const char *body,
    const char *want, struct sp_buf *out)
{
	AUTO_REPLY r = { .status = 0 };

	wire_ask(&fix, w, "POST", path,
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n%s%s\r\n",
	    strlen(body), key == NULL ? "X-Key: none" : "Idempotency-Key: ",
	    key == NULL ? "" : key);
	CHECK(wire_send(w, body, strlen(body)));
	r = wire_reply(w, false);
	CHECK(r.whole);
	if (strstr(sp_buf_str(&r.body), want) == NULL)
		tap_fail(__FILE__, __LINE__, want, sp_buf_str(&r.body));
	if (out != NULL)
		sp_buf_add(out, r.body.at, r.body.len);
	return r.status;
}

/* The id in an answer. */
static void
id_of(const struct sp_buf *json, char out[static SP_ID_TEXT])
{
	const char *at = strstr(sp_buf_str(json), "\"id\":\"");

	CHECK(at != NULL);
	memcpy(out, at + 6, SP_ID_TEXT - 1);
	out[SP_ID_TEXT - 1] = '\0';
}

/* What the key made is told, not what stands against making more of them. */
static void
replayed(struct wire *w, const char *body, const char *id)
{
	char want[SP_ID_TEXT + 20];

	(void)snprintf(want, sizeof(want), "token %s was issued", id);
	CHECK(post(w, "tokens", "the-key", body, want, NULL) == 409);
	CHECK(post(w, "tokens", "the-key",
		  "{\"label\":\"other\","
		  "\"role\":\"device\",\"expires_in_days\":1}",
		  "\"once.differs\"", NULL) == 409);
}

static void
a_key_is_known_at_every_limit(void)
{
	SP_AUTO_BUF made = sp_buf_new(8192), one = sp_buf_new(8192);
	static const char device[] =
	    "{\"label\":\"cam\","
	    "\"role\":\"device\",\"expires_in_days\":1}";
	char person[SP_ID_TEXT], id[SP_ID_TEXT], body[200];
	struct wire w;

	wire_open(&fix, &w);
	CHECK(post(&w, "persons", NULL,
		  "{\"name\":\"Ann Lee\",\"role\":\"officer\"}", "\"id\"",
		  &made) == 201);
	id_of(&made, person);
	(void)snprintf(body, sizeof(body),
	    "{\"label\":\"cli\",\"person\":\"%s\",\"expires_in_days\":1}",
	    person);
	CHECK(post(&w, "tokens", "the-key", body, "spt_", &one) == 201);
	id_of(&one, id);
	for (int n = 1; n < GATE_TOKENS_PERSON; n++)
		CHECK(post(&w, "tokens", NULL, body, "spt_", NULL) == 201);
	CHECK(
	    post(&w, "tokens", "another", body, "\"token.many\"", NULL) == 400);
	replayed(&w, body, id);

	for (int n = GATE_TOKENS_PERSON; n < GATE_TOKENS_HOUR; n++)
		CHECK(post(&w, "tokens", NULL, device, "spt_", NULL) == 201);
	CHECK(post(&w, "tokens", "a-third", device, "\"token.pace\"", NULL) ==
	    429);
	replayed(&w, body, id);
	/* A key whose request was refused is free. */
	CHECK(post(&w, "tokens", "a-third", device, "\"token.pace\"", NULL) ==
	    429);
	CHECK(post(&w, "services", NULL,
		  "{\"label\":\"cad\",\"scope\":[\"evidence.list\"]}",
		  "\"token.pace\"", NULL) == 429);
	wire_close(&w);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "token wishes", token_wishes },
		{ "a label that is too long is refused",
		    a_label_that_is_too_long_is_refused },
		{ "a key is known at every limit",
		    a_key_is_known_at_every_limit },
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
