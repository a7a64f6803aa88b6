#include "events/reading.h"

#include "tap.h"

#include <string.h>

static enum sp_code
hear(void *arg, const struct events_heard *e, struct sp_err *err)
{
	struct sp_buf *all = arg;

	if (strcmp(e->kind, "refuse") == 0)
		return sp_fail(err, SP_E_DENIED, "no");
	sp_buf_fmt(all, "%s|%s|%s;", e->kind, e->id, e->data);
	return SP_OK;
}

static const struct {
	const char *text;
	const char *heard; /* "kind|id|data;" each */
	const char *last;
} rows[] = {
	{ "", "", "" },
	{ "\n\n\n", "", "" },
	{ "data: a\n\n", "message||a;", "" },
	{ "data:a\n\n", "message||a;", "" },
	{ "data:  a\n\n", "message|| a;", "" },
	{ "data\n\n", "message||;", "" },
	{ "data: a\ndata: b\n\n", "message||a\nb;", "" },
	{ "data: a\n", "", "" }, /* not whole */
	{ "event: x\n\ndata: a\n\n", "message||a;", "" },
	{ "event: x\ndata: a\n\n", "x||a;", "" },
	{ "id: 7\n\n", "", "7" },
	{ "id: 7\nevent: x\ndata: a\n\ndata: b\n\n", "x|7|a;message|7|b;",
	    "7" },
	{ "id: 7\n\nid\ndata: a\n\n", "message||a;", "" },
	{ "id: 7\n\nid: 8\ndata: half\n", "", "7" },
	{ ": a comment\n:\ndata: a\n: another\n\n", "message||a;", "" },
	{ "retry: 5\nnothing: x\nDATA: x\ndata: a\n\n", "message||a;", "" },
	{ "data: a\r\rdata: b\r\n\r\ndata: c\n\r",
	    "message||a;message||b;message||c;", "" },
	{ "data: a\r\r\ndata: b\n\n", "message||a;message||b;", "" },
	{ "\xef\xbb\xbf"
	  "data: a\n\n",
	    "message||a;", "" },
	{ "\n\xef\xbb\xbf"
	  "data: a\n\n",
	    "", "" },
	{ "data: a:b\n\n", "message||a:b;", "" },
};

static struct sp_buf heard;

/* What is heard does not depend on how the bytes come. */
static void
as_the_standard_has_it(void)
{
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t cut = 0; cut <= len; cut++) {
			struct events_reading *r = events_reading_new();
			struct sp_err err;

			sp_buf_clear(&heard);
			CHECK_OK(events_reading_take(
				     r, rows[i].text, cut, hear, &heard, &err),
			    &err);
			CHECK_OK(events_reading_take(r, rows[i].text + cut,
				     len - cut, hear, &heard, &err),
			    &err);
			CHECK(strcmp(sp_buf_str(&heard), rows[i].heard) == 0);
			CHECK(strcmp(events_reading_id(r), rows[i].last) == 0);
			events_reading_free(r);
		}
	}
	events_reading_free(NULL);
}

static void
take(struct events_reading *r, const char *text, enum sp_code want)
{
	struct sp_err err;

	CHECK_CODE(
	    events_reading_take(r, text, strlen(text), hear, &heard, &err),
	    want, &err);
}

/* After a break the half event is gone, the last id is not. */
static void
again(void)
{
	struct events_reading *r = events_reading_new();

	sp_buf_clear(&heard);
	take(r, "id: 5\ndata: a\n\nid: 6\nevent: x\ndata: b\nda", SP_OK);
	events_reading_again(r);
	CHECK(strcmp(events_reading_id(r), "5") == 0);
	take(r, "ta: c\n\ndata: d\n\n", SP_OK);
	CHECK(strcmp(sp_buf_str(&heard), "message|5|a;message|5|d;") == 0);
	events_reading_free(r);
}

/* A line of `begins` and then `n` times 'x'. */
static void
over(const char *begins, size_t n)
{
	struct events_reading *r = events_reading_new();
	SP_AUTO_BUF text = sp_buf_new(4 * EVENTS_DATA_MAX);
	struct sp_err err;

	sp_buf_clear(&heard);
	sp_buf_text(&text, begins);
	for (size_t i = 0; i < n; i++)
		sp_buf_text(&text, "x");
	sp_buf_text(&text, "\n\n");
	CHECK_CODE(
	    events_reading_take(r, text.at, text.len, hear, &heard, &err),
	    SP_E_LIMIT, &err);
	CHECK(heard.len == 0);
	events_reading_free(r);
}

static void
limits(void)
{
	struct events_reading *r = events_reading_new();
	SP_AUTO_BUF text = sp_buf_new(2 * EVENTS_DATA_MAX);
	struct sp_err err;

	over("", EVENTS_LINE_MAX + 1);
	over("event:", EVENTS_NAME_MAX + 1);
	over("id:", EVENTS_NAME_MAX + 1);
	/* Many lines of one event. */
	for (size_t i = 0; i < EVENTS_DATA_MAX / 10 + 1; i++)
		sp_buf_text(&text, "data:012345678\n");
	CHECK_CODE(
	    events_reading_take(r, text.at, text.len, hear, &heard, &err),
	    SP_E_LIMIT, &err);
	events_reading_free(r);
}

static void
what_is_no_text_and_who_is_refused(void)
{
	struct events_reading *r = events_reading_new();
	struct sp_err err;

	sp_buf_clear(&heard);
	CHECK_CODE(
	    events_reading_take(r, "data: a\0b\n\n", 11, hear, &heard, &err),
	    SP_E_INVALID, &err);
	take(r, "event: refuse\ndata: a\n\ndata: b\n\n", SP_E_DENIED);
	CHECK(heard.len == 0);
	events_reading_free(r);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "as the standard has it", as_the_standard_has_it },
		{ "again", again },
		{ "limits", limits },
		{ "what is no text, and who is refused",
		    what_is_no_text_and_who_is_refused },
	};

	heard = sp_buf_new((size_t)1 << 20);
	return tap_run(cases, SP_COUNTOF(cases));
}
