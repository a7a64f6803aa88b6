#include "client/log_tiles.h"
#include "fake_log.h"

static void
names_are_those_of_tlog_tiles(void)
{
	static const struct {
		unsigned level;
		uint64_t index;
		size_t width;
		const char *name;
	} rows[] = {
		{ 0, 0, 256, "tile/0/000" },
		{ 0, 1, 44, "tile/0/001.p/44" },
		{ 1, 999, 1, "tile/1/999.p/1" },
		{ 3, 1000, 256, "tile/3/x001/000" },
		{ 0, 1234067, 256, "tile/0/x001/x234/067" },
		{ 0, 1234067, 255, "tile/0/x001/x234/067.p/255" },
		{ LOG_TILE_ENTRIES, 1234067, 7,
		    "tile/entries/x001/x234/067.p/7" },
		{ 7, UINT64_MAX, 256,
		    "tile/7/x018/x446/x744/x073/x709/x551/615" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = sp_buf_new(128);

		client_log_tiles_name(
		    &b, rows[i].level, rows[i].index, rows[i].width);
		CHECK(strcmp(sp_buf_str(&b), rows[i].name) == 0);
	}
}

static void
widths_follow_from_the_size(void)
{
	static const struct {
		uint64_t size;
		unsigned level;
		uint64_t index;
		size_t width;
	} rows[] = {
		{ 0, 0, 0, 0 },
		{ 1, 0, 0, 1 },
		{ 256, 0, 0, 256 },
		{ 256, 0, 1, 0 },
		{ 256, 1, 0, 1 },
		{ 255, 1, 0, 0 },
		/* the example of the specification */
		{ 70000, 0, 272, 256 },
		{ 70000, 0, 273, 112 },
		{ 70000, 0, 274, 0 },
		{ 70000, 1, 0, 256 },
		{ 70000, 1, 1, 17 },
		{ 70000, 2, 0, 1 },
		{ 70000, 3, 0, 0 },
		{ UINT64_MAX, 7, 0, 255 },
		{ UINT64_MAX, 8, 0, 0 },
		{ UINT64_MAX, UINT32_MAX, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(client_log_tiles_width(rows[i].size, rows[i].level,
			  rows[i].index) == rows[i].width);
}

/* Property: every stored hash read out of tiles is the one RFC 6962 gives. */
static void
nodes_are_those_of_the_tree(void)
{
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 1000);
	struct fake f = { .serve = log_serve, .arg = &l };
	struct site_client c = fake_client(&f);
	LOG_AUTO_TILES t;

	CHECK_OK(client_log_tiles_init(&t, &c, 1000, &err), &err);
	struct ledger_nodes nodes = client_log_tiles_nodes(&t);

	for (unsigned level = 0; level < 10; level++)
		for (uint64_t i = 0; i < UINT64_C(1000) >> level; i++) {
			struct ledger_hash got;
			struct ledger_hash want =
			    log_mth(&l, i << level, (i + 1) << level);

			CHECK_OK(
			    nodes.read(nodes.self, level, i, &got, &err), &err);
			CHECK(memcmp(&got, &want, sizeof(got)) == 0);
		}
	/* 4 tiles of level 0 and 1 of level 1, all kept. */
	CHECK(f.requests == 5);
	client_site_done(&c);
	log_done(&l);
}

static void
a_bundle_that_is_cut_stays_failed(void)
{
	static const uint8_t bytes[] = { 0, 2, 'a', 'b', 0, 0, 0, 1, 'c' };

	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct sp_in in = sp_in_from(bytes, n);
		struct sp_in a = client_log_tiles_bundle_next(&in);
		struct sp_in b = client_log_tiles_bundle_next(&in);
		struct sp_in c = client_log_tiles_bundle_next(&in);

		CHECK(sp_in_done(&in) == (n == sizeof(bytes)));
		CHECK(n < 4 || (a.left == 2 && memcmp(a.at, "ab", 2) == 0));
		CHECK(n < 6 || b.left == 0);
		CHECK(n < 9 || (c.left == 1 && *c.at == 'c'));
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "names are those of tlog-tiles",
		    names_are_those_of_tlog_tiles },
		{ "widths follow from the size", widths_follow_from_the_size },
		{ "nodes are those of the tree", nodes_are_those_of_the_tree },
		{ "a bundle that is cut stays failed",
		    a_bundle_that_is_cut_stays_failed },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
