#include "api/log.h"

#include "tap.h"

static void
tile_indices_have_one_spelling(void)
{
	static const struct {
		const char *in;
		bool ok;
		uint64_t index;
		unsigned width;
	} rows[] = {
		{ "000", true, 0, 256 },
		{ "067", true, 67, 256 },
		{ "999.p/255", true, 999, 255 },
		{ "x001/000", true, 1000, 256 },
		{ "x001/x234/067", true, 1234067, 256 },
		{ "x001/x234/067.p/1", true, 1234067, 1 },
		{ "x018/x446/x744/x073/x709/x551/615", true, UINT64_MAX, 256 },
		{ "x018/x446/x744/x073/x709/x551/616", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "0", false, 0, 0 },
		{ "00", false, 0, 0 },
		{ "0000", false, 0, 0 },
		{ "x000/001", false, 0, 0 },
		{ "x000/x001/001", false, 0, 0 },
		{ "x001", false, 0, 0 },
		{ "x001/", false, 0, 0 },
		{ "001/002", false, 0, 0 },
		{ "x001/x002", false, 0, 0 },
		{ "x001//002", false, 0, 0 },
		{ "000/", false, 0, 0 },
		{ "000.p", false, 0, 0 },
		{ "000.p/", false, 0, 0 },
		{ "000.p/0", false, 0, 0 },
		{ "000.p/256", false, 0, 0 },
		{ "000.p/01", false, 0, 0 },
		{ "000.p/1/", false, 0, 0 },
		{ "x001.p/1", false, 0, 0 },
		{ "-01", false, 0, 0 },
		{ "a00", false, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint64_t index = 7;
		unsigned width = 7;

		CHECK(api_log_tile_index(rows[i].in, &index, &width) ==
		    rows[i].ok);
		CHECK(index == (rows[i].ok ? rows[i].index : 7));
		CHECK(width == (rows[i].ok ? rows[i].width : 7));
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "tile indices have one spelling",
		    tile_indices_have_one_spelling },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
