#include "transfer/export.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define ID1 "01890a5d-ac96-774b-bcce-b302099a8057"
#define ID2 "01890a5d-ac96-774b-bcce-b302099a8058"

static void
export_wishes(void)
{
	static const struct {
		const char *json;
		size_t n; /* 0: refused */
		enum bag_format format;
	} rows[] = {
		{ "{\"items\":[\"" ID1 "\"],\"format\":\"zip\"}", 1, BAG_ZIP },
		{ "{\"format\":\"tar\",\"items\":[\"" ID1 "\",\"" ID2 "\"]}", 2,
		    BAG_TAR },
		{ "", 0, 0 },
		{ "{}", 0, 0 },
		{ "[]", 0, 0 },
		{ "{\"items\":[],\"format\":\"zip\"}", 0, 0 },
		{ "{\"items\":[\"" ID1 "\"]}", 0, 0 },
		{ "{\"items\":\"" ID1 "\",\"format\":\"zip\"}", 0, 0 },
		{ "{\"items\":[1],\"format\":\"zip\"}", 0, 0 },
		{ "{\"items\":[\"x\"],\"format\":\"zip\"}", 0, 0 },
		{ "{\"items\":[\"" ID1 "\",\"" ID1 "\"],\"format\":\"zip\"}", 0,
		    0 },
		{ "{\"items\":[\"" ID1 "\"],\"format\":\"rar\"}", 0, 0 },
		{ "{\"items\":[\"" ID1 "\"],\"format\":1}", 0, 0 },
		{ "{\"items\":[\"" ID1 "\"],\"format\":\"zip\\u0000\"}", 0, 0 },
		{ "{\"items\":[\"" ID1 "\"],\"format\":\"zip\",\"x\":1}", 0,
		    0 },
		{ "{\"items\":[\"" ID1
		  "\"],\"format\":\"zip\",\"format\":\"zip\"}",
		    0, 0 },
		{ "{\"items\":[\"" ID1 "\"],\"format\":\"zip\"} x", 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct transfer_export_wish w = { .n = 99 };
		struct sp_err err;
		enum sp_code code = transfer_export_wish_read(
		    rows[i].json, strlen(rows[i].json), &w, &err);

		if (rows[i].n == 0) {
			CHECK_CODE(code, SP_E_INVALID, &err);
			CHECK(w.n == 99 && w.id == NULL);
			continue;
		}
		CHECK_CODE(code, SP_OK, &err);
		CHECK(w.n == rows[i].n && w.format == rows[i].format);
		free(w.id);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "export wishes", export_wishes },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
