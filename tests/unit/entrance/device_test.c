#include "entrance/device.h"

#include "tap.h"

#include <string.h>

#define MINUTE (60 * SP_SECOND)

static void
what_an_agency_may_wish(void)
{
	static const struct {
		const char *json;
		unsigned days; /* 0: refused */
		sp_time code_time;
	} rows[] = {
		{ "{\"label\":\"a\"}", 90, 1440 * MINUTE },
		{ "{\"label\":\"\\u00e9\",\"valid_days\":1}", 1,
		    1440 * MINUTE },
		{ "{\"label\":\"a\",\"code_minutes\":1}", 90, MINUTE },
		{ "{\"label\":\"a\",\"valid_days\":7,\"code_minutes\":60}", 7,
		    60 * MINUTE },
		{ "", 0, 0 },
		{ "null", 0, 0 },
		{ "[]", 0, 0 },
		{ "{}", 0, 0 },
		{ "{\"label\":7}", 0, 0 },
		{ "{\"label\":\"a\",\"label\":\"b\"}", 0, 0 },
		{ "{\"label\":\"a\",\"valid_days\":0}", 0, 0 },
		{ "{\"label\":\"a\",\"valid_days\":91}", 0, 0 },
		{ "{\"label\":\"a\",\"valid_days\":\"7\"}", 0, 0 },
		{ "{\"label\":\"a\",\"valid_days\":1.5}", 0, 0 },
		{ "{\"label\":\"a\",\"valid_days\":null}", 0, 0 },
		{ "{\"label\":\"a\",\"code_minutes\":1441}", 0, 0 },
		{ "{\"label\":\"a\",\"code_minutes\":-1}", 0, 0 },
		{ "{\"label\":\"a\",\"role\":\"administrator\"}", 0, 0 },
		{ "{\"label\":\"a\"} ", 90, 1440 * MINUTE },
		{ "{\"label\":\"a\"}x", 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct entrance_device_wish w = { .days = 77 };
		struct sp_err err;
		enum sp_code code = entrance_device_wish(
		    rows[i].json, strlen(rows[i].json), &w, &err);

		CHECK(code == (rows[i].days == 0 ? SP_E_INVALID : SP_OK));
		CHECK(w.days == (rows[i].days == 0 ? 77 : rows[i].days));
		CHECK(code != SP_OK || w.code_time == rows[i].code_time);
	}
}

static void
what_a_device_may_ask(void)
{
	static const struct {
		const char *json;
		bool with_code, ok;
	} rows[] = {
		{ "{\"code\":\"spd_x\",\"csr\":\"y\"}", true, true },
		{ "{\"csr\":\"y\"}", false, true },
		{ "{\"csr\":\"y\"}", true, false },
		{ "{\"code\":\"spd_x\",\"csr\":\"y\"}", false, false },
		{ "{\"code\":\"spd_x\"}", true, false },
		{ "{\"code\":7,\"csr\":\"y\"}", true, false },
		{ "{\"code\":\"x\",\"csr\":[\"y\"]}", true, false },
		{ "{\"code\":\"x\",\"csr\":\"y\",\"days\":7}", true, false },
		{ "{\"csr\":\"y\",\"id\":\"z\"}", false, false },
		{ "[\"csr\"]", false, false },
		{ "\"csr\"", false, false },
		{ "", false, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct entrance_device_ask a = { .csr = "before" };
		struct sp_err err;
		enum sp_code code = entrance_device_ask(rows[i].json,
		    strlen(rows[i].json), rows[i].with_code, &a, &err);

		CHECK(code == (rows[i].ok ? SP_OK : SP_E_INVALID));
		CHECK(strcmp(a.csr, rows[i].ok ? "y" : "before") == 0);
	}
}

static void
long_ones_are_refused(void)
{
	static char json[2 * ENTRANCE_DEVICE_REQUEST_MAX];
	struct entrance_device_ask a = { .code = "" };
	struct entrance_device_wish w;
	struct sp_err err;

	for (int over = 0; over < 2; over++) {
		int n = snprintf(json, sizeof(json), "{\"csr\":\"%0*d\"}",
		    (int)ENTRANCE_DEVICE_REQUEST_MAX + over, 0);

		CHECK(entrance_device_ask(json, (size_t)n, false, &a, &err) ==
		    (over ? SP_E_INVALID : SP_OK));
		n = snprintf(json, sizeof(json),
		    "{\"code\":\"%0*d\",\"csr\":\"y\"}",
		    GATE_TEXT_MAX - 1 + over, 0);
		/* No code at all: what a guess hears. */
		CHECK(entrance_device_ask(json, (size_t)n, true, &a, &err) ==
		    (over ? SP_E_UNKNOWN : SP_OK));
		n = snprintf(json, sizeof(json), "{\"label\":\"%0*d\"}",
		    MACHINE_DEVICE_LABEL + over, 0);
		CHECK(entrance_device_wish(json, (size_t)n, &w, &err) ==
		    (over ? SP_E_INVALID : SP_OK));
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what an agency may wish", what_an_agency_may_wish },
		{ "what a device may ask", what_a_device_may_ask },
		{ "long ones are refused", long_ones_are_refused },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
