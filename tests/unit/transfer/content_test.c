#include "transfer/content.h"

#include "base/clock.h"
#include "evidence/item.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void
ranges(void)
{
	static const struct {
		const char *in;
		uint64_t size;
		enum transfer_range want;
		uint64_t first, len;
	} rows[] = {
		{ "bytes=0-0", 10, TRANSFER_RANGE_ONE, 0, 1 },
		{ "bytes=0-9", 10, TRANSFER_RANGE_ONE, 0, 10 },
		{ "bytes=0-10", 10, TRANSFER_RANGE_ONE, 0, 10 },
		{ "bytes=9-", 10, TRANSFER_RANGE_ONE, 9, 1 },
		{ "bytes=0-", 10, TRANSFER_RANGE_ONE, 0, 10 },
		{ "bytes=-3", 10, TRANSFER_RANGE_ONE, 7, 3 },
		{ "bytes=-10", 10, TRANSFER_RANGE_ONE, 0, 10 },
		{ "bytes=-11", 10, TRANSFER_RANGE_ONE, 0, 10 },
		{ "BYTES=2-3", 10, TRANSFER_RANGE_ONE, 2, 2 },
		{ "bytes=00-05", 10, TRANSFER_RANGE_ONE, 0, 6 },
		{ "bytes=3-18446744073709551615", 10, TRANSFER_RANGE_ONE, 3,
		    7 },
		{ "bytes=3-99999999999999999999999", 10, TRANSFER_RANGE_ONE, 3,
		    7 },
		{ "bytes=-99999999999999999999999", 10, TRANSFER_RANGE_ONE, 0,
		    10 },
		{ "bytes=0-0", UINT64_MAX, TRANSFER_RANGE_ONE, 0, 1 },
		{ "bytes=10-", 10, TRANSFER_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=10-20", 10, TRANSFER_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=99999999999999999999999-", 10, TRANSFER_RANGE_OUTSIDE,
		    0, 0 },
		{ "bytes=-0", 10, TRANSFER_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=0-", 0, TRANSFER_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=-1", 0, TRANSFER_RANGE_OUTSIDE, 0, 0 },
		{ "", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=-", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=5-4", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=5", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=a-b", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes= 1-2", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=1-2 ", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=+1-2", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=--1", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=1-2,4-5", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "items=0-1", 10, TRANSFER_RANGE_NONE, 0, 0 },
		{ "bytes=0x0-0x1", 10, TRANSFER_RANGE_NONE, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint64_t first = 77, len = 77;
		enum transfer_range got = transfer_content_range(
		    rows[i].in, rows[i].size, &first, &len);
		bool one = got == TRANSFER_RANGE_ONE;

		CHECK(got == rows[i].want);
		CHECK(first == (one ? rows[i].first : 77));
		CHECK(len == (one ? rows[i].len : 77));
	}
}

/* Law: a range that is honoured lies within the content and is not empty. */
static void
no_range_leaves_the_content(void)
{
	char text[64];

	for (uint64_t size = 0; size < 6; size++)
		for (uint64_t a = 0; a < 8; a++)
			for (uint64_t b = 0; b < 8; b++) {
				uint64_t first = 0, len = 0;

				(void)snprintf(text, sizeof(text),
				    "bytes=%ju-%ju", (uintmax_t)a,
				    (uintmax_t)b);
				if (transfer_content_range(text, size, &first,
					&len) != TRANSFER_RANGE_ONE)
					continue;
				CHECK(first == a && len > 0);
				CHECK(first + len <= size);
				CHECK(first + len == (b < size ? b + 1 : size));
			}
}

static void
etags(void)
{
	static const struct {
		const char *list;
		bool strong, weak;
	} rows[] = {
		{ "\"a\"", true, true },
		{ "*", true, true },
		{ " \"a\" ", true, true },
		{ "\"b\", \"a\"", true, true },
		{ "\"b\",\"a\"", true, true },
		{ "W/\"b\" , , W/\"a\"", false, true },
		{ "W/\"a\"", false, true },
		{ "\"b\"", false, false },
		{ "a", false, false },
		{ "\"a", false, false },
		{ "", false, false },
		{ "\"a,\"", false, false },
		{ "\"\"", false, false },
		{ "w/\"a\"", false, false },
		{ "**", false, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(transfer_content_etag_in(rows[i].list, "\"a\"", false) ==
		    rows[i].strong);
		CHECK(transfer_content_etag_in(rows[i].list, "\"a\"", true) ==
		    rows[i].weak);
	}
}

static void
dates(void)
{
	static const char *const bad[] = {
		"",
		"Sun, 06 Nov 1994 08:49:37",
		"Mon, 06 Nov 1994 08:49:37 GMT", /* was a Sunday */
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 06 ovD 1994 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994     ",
	};
	sp_time t = 5;

	CHECK(transfer_content_date("Sun, 06 Nov 1994 08:49:37 GMT", &t));
	CHECK(t == INT64_C(784111777) * SP_SECOND);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		t = 5;
		CHECK(!transfer_content_date(bad[i], &t) && t == 5);
	}
	for (sp_time at = 0; at < INT64_C(4102444800) * SP_SECOND;
	     at += INT64_C(86399) * 97 * SP_SECOND) {
		char text[30];

		sp_time_http(at, text);
		CHECK(transfer_content_date(text, &t) && t == at);
	}
}

static void
names_survive(void)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "plain.mp4", "inline; filename=\"plain.mp4\"" },
		{ "with space; a=b.mp4",
		    "inline; filename=\"with space; a=b.mp4\"" },
		{ "n\xc3\xa4me.mp4",
		    "inline; filename=\"n_me.mp4\"; "
		    "filename*=UTF-8''n%C3%A4me.mp4" },
		{ "\xf0\x9f\x98\x80",
		    "inline; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80" },
		{ "a\"b\\c",
		    "inline; filename=\"a_b_c\"; "
		    "filename*=UTF-8''a%22b%5Cc" },
		{ "%41", "inline; filename=\"_41\"; filename*=UTF-8''%2541" },
		{ "it's", "inline; filename=\"it's\"" },
		{ "(a)*'", "inline; filename=\"(a)*'\"" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(4096);

		transfer_content_disposition(rows[i].name, "video/mp4", &out);
		CHECK(strcmp(sp_buf_str(&out), rows[i].want) == 0);
	}
}

/* Property: whatever the name, one header line of ASCII in which nothing can
 * end the quoted string early. */
static void
no_name_breaks_the_header(void)
{
	unsigned seed = 1;

	for (unsigned round = 0; round < 2000; round++) {
		SP_AUTO_BUF out = sp_buf_new(4096);
		char name[EVIDENCE_FILENAME_MAX + 1] = "";
		size_t quotes = 0;

		for (size_t i = 0; i < round % EVIDENCE_FILENAME_MAX; i++) {
			seed = seed * 1103515245 + 12345;
			name[i] = (char)(' ' + (seed >> 16) % 224);
			if (name[i] == 0x7f || name[i] == '/')
				name[i] = 'x';
		}
		transfer_content_disposition(name, "text/html", &out);
		CHECK(sp_buf_ok(&out));
		CHECK(strncmp(sp_buf_str(&out), "attachment; ", 12) == 0);
		for (size_t i = 0; i < out.len; i++) {
			CHECK(out.at[i] >= ' ' && out.at[i] < 0x7f);
			CHECK(out.at[i] != '\\');
			quotes += out.at[i] == '"';
		}
		CHECK(quotes == 2);
	}
}

static void
only_passive_types_are_shown(void)
{
	static const char *const active[] = { "text/html", "image/svg+xml",
		"application/xhtml+xml", "text/xml", "application/xml",
		"application/pdf", "text/javascript", "text/plain",
		"application/octet-stream", "multipart/mixed", "video/html",
		"video/mp4 ", "", "audio/", "image/svg" };

	CHECK(transfer_content_passive("video/mp4"));
	CHECK(transfer_content_passive("Image/JPEG"));
	CHECK(transfer_content_passive("audio/mpeg"));
	for (size_t i = 0; i < SP_COUNTOF(active); i++)
		CHECK(!transfer_content_passive(active[i]));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "ranges", ranges },
		{ "no range leaves the content", no_range_leaves_the_content },
		{ "etags", etags },
		{ "dates", dates },
		{ "names survive", names_survive },
		{ "no name breaks the header", no_name_breaks_the_header },
		{ "only passive types are shown",
		    only_passive_types_are_shown },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
