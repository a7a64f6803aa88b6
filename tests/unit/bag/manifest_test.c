#include "bag/manifest.h"
#include "base/buf.h"
#include "crypto/provider.h"
#include "tap.h"

#include <string.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static enum sp_code
parse(struct bag_manifest *m, const char *text, struct bag_place *place)
{
	struct sp_err err;

	return bag_manifest_parse(
	    m, "manifest-sha256.txt", CRYPTO_SHA256, text, place, &err);
}

static void
lines_are_found_by_path(void)
{
	BAG_AUTO_MANIFEST m = { .n = 0 };
	struct bag_place place;
	uint8_t sum[CRYPTO_SHA256_LEN];

	CHECK(
	    parse(&m,
		B64 "  data/z\n" A64 "  data/100%25 a.mp4\n" A64 "  data/*b\n",
		&place) == SP_OK);
	CHECK(m.n == 3);
	CHECK(bag_manifest_find(&m, "data/z") != NULL);
	CHECK(bag_manifest_find(&m, "data/100% a.mp4") != NULL);
	CHECK(bag_manifest_find(&m, "data/*b") != NULL);
	CHECK(bag_manifest_find(&m, "data/b") == NULL);
	CHECK(bag_manifest_find(&m, "data/100%25 a.mp4") == NULL);
	memset(sum, 0xbb, sizeof(sum));
	CHECK(bag_manifest_says(&m, bag_manifest_find(&m, "data/z"), sum));
	CHECK(!bag_manifest_says(&m, bag_manifest_find(&m, "data/*b"), sum));
	sum[31] = 0xba;
	CHECK(!bag_manifest_says(&m, bag_manifest_find(&m, "data/z"), sum));
}

static void
an_empty_manifest_names_nothing(void)
{
	BAG_AUTO_MANIFEST m = { .n = 0 };
	struct bag_place place;

	CHECK(parse(&m, "", &place) == SP_OK);
	CHECK(m.n == 0 && bag_manifest_find(&m, "data/z") == NULL);
}

static void
other_forms_are_refused(void)
{
	static const char *const bad[] = {
		"\n",
		A64 "\n",
		A64 "  \n",
		A64 " data/z\n",
		A64 " *data/z\n",
		A64 "\tdata/z\n",
		A64 "a  data/z\n",
		"aa  data/z\n",
		"\\" A64 "  data/z\n",
		" " A64 "  data/z\n",
		"A" A64 "  data/z\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AA"
		"  data/z\n",
		A64 "  /data/z\n",
		A64 "  ./data/z\n",
		A64 "  data/../z\n",
		A64 "  data/%7A\n",
		A64 "  data/z\r\n",
		A64 "  data/z\n\n",
		A64 "  data/z\n" B64 "  data/z\n",
		A64 "  data/z\n" A64 "  data/z\n",
		A64 "  data/%0A\n" A64 "  data/%0a\n",
	};

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct bag_manifest m = { .n = 77 };
		struct bag_place place = { "" };

		CHECK(parse(&m, bad[i], &place) == SP_E_CORRUPT);
		CHECK(strcmp(place.at, "manifest-sha256.txt") == 0);
		CHECK(m.n == 77); /* untouched */
	}
}

/* Property: no strict prefix is a manifest but at the end of a line. */
static void
truncations_are_refused(void)
{
	static const char text[] = A64 "  data/y\n" B64 "  data/z\n";

	for (size_t n = 0; n <= strlen(text); n++) {
		BAG_AUTO_MANIFEST m = { .n = 0 };
		char cut[sizeof(text)];
		struct bag_place place;
		bool whole = n == 0 || text[n - 1] == '\n';

		memcpy(cut, text, n);
		cut[n] = '\0';
		CHECK((parse(&m, cut, &place) == SP_OK) == whole);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "lines are found by path", lines_are_found_by_path },
		{ "an empty manifest names nothing",
		    an_empty_manifest_names_nothing },
		{ "other forms are refused", other_forms_are_refused },
		{ "truncations are refused", truncations_are_refused },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
