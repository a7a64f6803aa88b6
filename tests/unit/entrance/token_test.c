#include "entrance/token.h"

#include "tap.h"

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

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "token wishes", token_wishes },
		{ "a label that is too long is refused",
		    a_label_that_is_too_long_is_refused },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
