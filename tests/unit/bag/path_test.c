#include "bag/path.h"
#include "tap.h"

#include <string.h>

static void
paths_stay_inside(void)
{
	static const struct {
		const char *path;
		bool ok;
	} rows[] = {
		{ "bagit.txt", true },
		{ "data/a/b.mp4", true },
		{ "data/a/...", true },
		{ "data/a/.b", true },
		{ "data/a/b..", true },
		{ "data/a/ ", true },
		{ "data/a/C:b", true },
		{ "data/\xc3\x9c"
		  "ber/\xf0\x9f\x8e\xa5.mp4",
		    true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "/etc/passwd", false },
		{ "../x", false },
		{ "data/../x", false },
		{ "data/..", false },
		{ "data/./x", false },
		{ "data//x", false },
		{ "data/", false },
		{ "/", false },
		{ "data\\x", false },
		{ "data/..\\..\\x", false },
		{ "data/a\nb", false },
		{ "data/a\x1b[2J", false },
		{ "data/a\x7f", false },
		{ "data/a\xff", false },
		{ "data/a\xc0\xafx", false }, /* an overlong '/' */
		{ "data/a\xed\xa0\x80", false },
	};
	char longest[BAG_PATH_MAX + 2];

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(bag_path_ok(rows[i].path, strlen(rows[i].path)) ==
		    rows[i].ok);
	CHECK(!bag_path_ok("data/a\0b", 8));
	memset(longest, 'x', sizeof(longest));
	CHECK(bag_path_ok(longest, BAG_PATH_MAX));
	CHECK(!bag_path_ok(longest, BAG_PATH_MAX + 1));
}

static void
documents_are_known_by_their_place(void)
{
	static const char id[] = "0193a1b2-c3d4-7e5f-8a6b-000000000001";
	static const char *const others[] = { "", "certification.pd",
		"certification.pdf2", "a/certification.pdf", "report.pdf",
		"custody/report.pdf", "custody//report.pdf", "custody/",
		"custody/1/report.pdf", "data/certification.pdf",
		"custody/0193a1b2-c3d4-7e5f-8a6b-000000000001",
		"custody/0193a1b2-c3d4-7e5f-8a6b-000000000001/",
		"custody/0193a1b2-c3d4-7e5f-8a6b-000000000001/report.txt",
		"custody/0193a1b2-c3d4-7e5f-8a6b-000000000001/report.pdf/x",
		"custody/0193a1b2-c3d4-7e5f-8a6b-0000000000012/report.pdf",
		"custody/0193a1b2-c3d4-7e5f-8a6b/00000000001/report.pdf" };
	char path[BAG_PATH_MAX];

	CHECK(bag_path_is_document("certification.pdf"));
	(void)snprintf(path, sizeof(path), "custody/%s/report.pdf", id);
	CHECK(bag_path_is_document(path));
	for (size_t i = 0; i < SP_COUNTOF(others); i++)
		CHECK(!bag_path_is_document(others[i]));
}

static void
manifests_encode_what_they_must(void)
{
	static const struct {
		const char *path, *escaped;
	} rows[] = {
		{ "data/a", "data/a" },
		{ "data/100%.mp4", "data/100%25.mp4" },
		{ "data/%25", "data/%2525" },
		{ "data/a\rb\nc", "data/a%0Db%0Ac" },
		{ "data/a b\tc*", "data/a b\tc*" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(100);

		bag_path_escape(rows[i].path, &out);
		CHECK(strcmp(sp_buf_str(&out), rows[i].escaped) == 0);
	}
}

/* Property: every legal path comes back from its form in a manifest. */
static void
escaping_goes_back(void)
{
	uint32_t seed = 1;

	for (unsigned n = 0; n < 20000; n++) {
		static const char digits[] = "%25%0Aa/b.D0 \\";
		SP_AUTO_BUF out = sp_buf_new(400);
		char path[33], back[BAG_PATH_MAX + 1];
		size_t len = 0;

		for (; len < n % 32; len++) {
			seed = seed * 1664525 + 1013904223;
			path[len] = digits[(seed >> 16) % (sizeof(digits) - 1)];
		}
		path[len] = '\0';
		bag_path_escape(path, &out);
		memset(back, 0x5a, sizeof(back));
		if (bag_path_unescape(sp_buf_str(&out), out.len, back))
			CHECK(strcmp(back, path) == 0);
		else
			CHECK(!bag_path_ok(path, len) && back[0] == 0x5a);
	}
}

static void
what_is_no_encoding_is_refused(void)
{
	static const char *const bad[] = { "a%", "a%2", "a%41", "a%2f", "a%00",
		"a%%", "%5c", "a%0Ab", "a%0db", "../x", "%2E%2E/x", "" };
	char out[BAG_PATH_MAX + 1], longest[3 * BAG_PATH_MAX + 1];

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(!bag_path_unescape(bad[i], strlen(bad[i]), out));
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = "%25"[i % 3];
	CHECK(bag_path_unescape(longest, (size_t)3 * BAG_PATH_MAX, out));
	CHECK(strlen(out) == BAG_PATH_MAX);
	CHECK(!bag_path_unescape(longest, sizeof(longest), out));
}

static void
names_lose_only_backslashes(void)
{
	static const struct {
		const char *name, *in_path;
	} rows[] = {
		{ "clip.mp4", "clip.mp4" },
		{ "100% \xc3\xa9.mp4", "100% \xc3\xa9.mp4" },
		{ "..\\..\\evil.exe", ".._.._evil.exe" },
		{ "\\", "_" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(100);

		bag_path_name(rows[i].name, &out);
		CHECK(strcmp(sp_buf_str(&out), rows[i].in_path) == 0);
	}
}

/* A place is shown to people: nothing in it may move their cursor. */
static void
places_are_printable(void)
{
	struct bag_place place;
	struct sp_err err;
	char longest[2000];

	CHECK(bag_lie(&place, "data/\x1b[2Jx\xff", &err, "it is %d", 7) ==
	    SP_E_CORRUPT);
	CHECK(strcmp(place.at, "data/?[2Jx?") == 0);
	CHECK(strcmp(err.text, "it is 7") == 0);
	bag_place_set(&place, "\xc3\x9c");
	CHECK(strcmp(place.at, "\xc3\x9c") == 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	bag_place_set(&place, longest);
	CHECK(strlen(place.at) == sizeof(place.at) - 1);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "paths stay inside", paths_stay_inside },
		{ "documents are known by their place",
		    documents_are_known_by_their_place },
		{ "manifests encode what they must",
		    manifests_encode_what_they_must },
		{ "escaping goes back", escaping_goes_back },
		{ "what is no encoding is refused",
		    what_is_no_encoding_is_refused },
		{ "names lose only backslashes", names_lose_only_backslashes },
		{ "places are printable", places_are_printable },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
