#include "http/json.h"

#include "crypto/provider.h"
#include "tap.h"

#include <string.h>

static void
only_one_proper_value_is_read(void)
{
	static const struct {
		const char *json;
		bool ok;
	} rows[] = {
		{ "{}", true },
		{ " [1,\"\\u00e9\"] ", true },
		{ "{\"a\":{\"a\":1}}", true },
		{ "", false },
		{ "1", false },
		{ "{} x", false },
		{ "{}{}", false },
		{ "{\"a\":1,\"a\":1}", false },
		{ "{\"a\":1,\"\\u0061\":1}", false },
		{ "{\"a\":\"b\\u0000\"}", false },
		{ "{\"\\u0000\":1}", false },
		{ "{\"a\":\"\xff\"}", false },
		{ "{\"a\":1e999}", false },
		{ "{'a':1}", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		json_auto_t *root = NULL;
		struct sp_err err;
		enum sp_code code = http_json_read(
		    rows[i].json, strlen(rows[i].json), &root, &err);

		CHECK_CODE(code, rows[i].ok ? SP_OK : SP_E_INVALID, &err);
		CHECK((root != NULL) == rows[i].ok);
		if (!rows[i].ok)
			CHECK(strncmp(err.text, "not JSON: ", 10) == 0);
	}
}

static void
what_is_cut_short_is_refused(void)
{
	static const char whole[] = "{\"a\":[1,true,null,\"\\u00e9x\"]}";

	for (size_t n = 0; n < strlen(whole); n++) {
		json_t *root = NULL;

		CHECK(http_json_read(whole, n, &root, NULL) == SP_E_INVALID);
		CHECK(root == NULL);
	}
	{
		json_t *root = NULL;

		CHECK(http_json_read(NULL, 0, &root, NULL) == SP_E_INVALID);
	}
}

static void
a_key_belongs_to_its_body(void)
{
	static const struct http_house house = { .json_bytes = 100 };
	struct http_request *q = http_request_new(&house);
	static const struct http_route routes[] = { { .id = "createShare" },
		{ .id = "formGroup" } };
	struct gate_once first, other, once[4];
	const struct gate_once *key = &other;
	struct sp_err err;

	CHECK(q != NULL);
	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK_OK(http_json_once(q, &first, &key, &err), &err);
	CHECK(key == NULL);
	q->field[HTTP_F_ONCE] = "k-1";
	sp_buf_text(&q->body, "{\"a\":1}");
	CHECK_OK(http_json_once(q, &first, &key, &err), &err);
	CHECK(key == &first);
	sp_buf_text(&q->body, " ");
	CHECK_OK(http_json_once(q, &other, &key, &err), &err);
	CHECK(key == &other && memcmp(&first, &other, sizeof(first)) != 0);
	/* And to its route, and the parameters of its path. */
	for (int n = 0; n < 4; n++) {
		q->match.route = n == 0 ? NULL : &routes[n == 1 ? 0 : 1];
		q->match.params = n < 3 ? 1 : 2;
		q->match.param[0].value = n < 3 ? "ab" : "a";
		q->match.param[1].value = "b";
		CHECK_OK(http_json_once(q, &once[n], &key, &err), &err);
		for (int o = 0; o < n; o++)
			CHECK(memcmp(&once[o], &once[n], sizeof(*once)) != 0);
	}
	CHECK_OK(http_json_once(q, &other, &key, &err), &err);
	CHECK(memcmp(&other, &once[3], sizeof(other)) == 0);
	q->field[HTTP_F_ONCE] = "";
	CHECK_CODE(http_json_once(q, &other, &key, &err), SP_E_INVALID, &err);
	CHECK(key == &other);
	http_request_free(q);
}

static void
an_answer_is_json(void)
{
	struct http_answer a;
	SP_AUTO_BUF out = sp_buf_new(1000), small = sp_buf_new(3);
	struct sp_json j = sp_json_to(&out);
	const struct sp_id id = { { 1, 2 } };
	struct sp_err err;

	http_answer_init(&a);
	sp_json_object(&j, NULL);
	http_json_time(&j, "at", SP_SECOND);
	http_json_id(&j, "id", &id);
	sp_json_end(&j);
	CHECK_OK(http_json_answer(&a, &out, "it", &err), &err);
	CHECK(strcmp(sp_buf_str(&a.body),
		  "{\"at\":\"1970-01-01T00:00:01.000000Z\",\"id\":"
		  "\"01020000-0000-0000-0000-000000000000\"}") == 0);
	CHECK(strcmp(http_answer_get(&a, "Content-Type"), "application/json") ==
	    0);
	sp_buf_text(&small, "{    }");
	CHECK(http_json_answer(&a, &small, "it", NULL) != SP_OK);
	http_answer_done(&a);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "only one proper value is read",
		    only_one_proper_value_is_read },
		{ "what is cut short is refused",
		    what_is_cut_short_is_refused },
		{ "a key belongs to its body", a_key_belongs_to_its_body },
		{ "an answer is json", an_answer_is_json },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
