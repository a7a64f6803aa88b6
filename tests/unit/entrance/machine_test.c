#include "entrance/machine.h"

#include "tap.h"

#include <jansson.h>
#include <string.h>

#define NOW (INT64_C(1795286744) * SP_SECOND)
#define DAY (INT64_C(86400) * SP_SECOND)

static enum sp_code
wish(const char *json, struct machine_service_new *out, struct sp_err *err)
{
	json_t *root = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	enum sp_code code;

	CHECK(root != NULL);
	code = entrance_machine_wish(root, NOW, out, err);
	out->label = ""; /* points into it */
	json_decref(root);
	return code;
}

static void
a_wish_is_read(void)
{
	static const struct {
		const char *json;
		size_t ranges;
		sp_time expires;
	} t[] = {
		{ "{\"label\":\"a\",\"scope\":[\"evidence.list\"]}", 0,
		    NOW + ENTRANCE_SERVICE_DAYS * DAY },
		{ "{\"label\":\"a\",\"scope\":[\"evidence.list\","
		  "\"evidence.list\"],\"ranges\":[\"10.0.0.0/8\",\"::1\","
		  "\"10.1.0.0/16\"],\"expires_in_days\":7}",
		    2, NOW + 7 * DAY },
		{ "{\"label\":\"a\",\"scope\":[\"evidence.list\"],\"ranges\":[]"
		  ",\"expires_at\":\"2026-12-01T00:00:00Z\"}",
		    0, INT64_C(1796083200) * SP_SECOND },
	};

	for (size_t i = 0; i < SP_COUNTOF(t); i++) {
		struct machine_service_new n;
		struct sp_err err;

		CHECK_OK(wish(t[i].json, &n, &err), &err);
		CHECK(n.ranges.n == t[i].ranges);
		CHECK(n.expires == t[i].expires);
		CHECK(gate_acts_has(&n.scope, GATE_LIST));
		CHECK(!gate_acts_has(&n.scope, GATE_VIEW));
	}
}

static void
what_is_no_wish_is_refused(void)
{
#define GOOD "\"label\":\"a\",\"scope\":[\"evidence.list\"]"
	static const char *const bad[] = { "{}", "[]", "7", "{\"label\":\"a\"}",
		"{\"scope\":[\"evidence.list\"]}",
		"{\"label\":7,\"scope\":[\"evidence.list\"]}",
		"{\"label\":\"a\",\"scope\":\"evidence.list\"}",
		"{\"label\":\"a\",\"scope\":[]}",
		"{\"label\":\"a\",\"scope\":[7]}",
		"{\"label\":\"a\",\"scope\":[\"evidence.list evidence.view\"]}",
		"{\"label\":\"a\",\"scope\":[\"lockbox.approve\"]}",
		"{\"label\":\"a\",\"scope\":[\"token.manage\"]}",
		"{" GOOD ",\"ranges\":\"10.0.0.0/8\"}",
		"{" GOOD ",\"ranges\":[7]}",
		"{" GOOD ",\"ranges\":[\"10.0.0.1/8\"]}",
		"{" GOOD ",\"ranges\":[\"10.0.0.0/8\\u0000\"]}",
		"{" GOOD ",\"role\":\"administrator\"}",
		"{" GOOD ",\"expires_in_days\":0}",
		"{" GOOD ",\"expires_in_days\":367}",
		"{" GOOD ",\"expires_in_days\":\"7\"}",
		"{" GOOD ",\"expires_in_days\":7,"
		"\"expires_at\":\"2026-12-01T00:00:00Z\"}",
		"{" GOOD ",\"expires_at\":\"tomorrow\"}" };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct machine_service_new n = { .expires = 7 };
		struct sp_err err;

		CHECK_CODE(wish(bad[i], &n, &err), SP_E_INVALID, &err);
		CHECK(n.expires == 7);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a wish is read", a_wish_is_read },
		{ "what is no wish is refused", what_is_no_wish_is_refused },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
