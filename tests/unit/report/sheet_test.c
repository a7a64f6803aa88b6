#include "report/sheet.h"

#include "report/report_fixture.h"

static struct report_fonts *fonts;

/* What a test fills a sheet with. */
struct filling {
	unsigned rows;
	const char *text;
	unsigned times;
};

static struct report_setting
setting(
    enum sp_code (*fill)(struct report_sheet *s, void *arg, struct sp_err *err),
    struct filling *arg)
{
	return (struct report_setting){
		.title = "T",
		.author = "A",
		.subject = "S",
		.head_left = "left",
		.head_right = "right",
		.head_below = "below",
		.foot = "foot",
		.fill = fill,
		.arg = arg,
		.pages_max = 100,
	};
}

static enum sp_code
fill_rows(struct report_sheet *s, void *arg, struct sp_err *err)
{
	static const struct report_column column[] = { { "First", 0.3 },
		{ "Second", 0.7 } };
	const struct filling *f = arg;

	(void)err;
	report_sheet_table(s, column, 2);
	for (unsigned i = 0; i < f->rows; i++) {
		const struct report_cell row[2] = {
			{ { { REPORT_CELL, "a" } } },
			{ { { REPORT_CELL, f->text },
			    { REPORT_SMALL, "below" } } },
		};

		report_sheet_row(s, row);
	}
	report_sheet_table_end(s);
	report_sheet_text(s, REPORT_BODY, "the end");
	return SP_OK;
}

static void
rows_are_whole(void)
{
	struct filling fill = { 40, "x y z x y z x y z x y z x y z", 0 };
	struct report_setting d = setting(fill_rows, &fill);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new(1 << 20);
	struct sp_err err;
	unsigned heads = 0;
	AUTO_FILE f;

	CHECK_OK(report_sheet_set(fonts, &d, &pdf, &err), &err);
	file_of(&f, "rows", &pdf);
	file_is_valid(&f);
	file_text(&f, &text);
	for (const char *at = sp_buf_str(&text);
	     (at = strstr(at, "First ")) != NULL; at++)
		heads++;
	CHECK(heads == file_pages(&f) && heads > 1);
}

/* A cell higher than a sheet is cut for the eye, not for who searches. */
static void
a_cell_that_is_too_high_is_cut(void)
{
	SP_AUTO_BUF much = sp_buf_new(1 << 20);
	struct filling fill = { 3, NULL, 0 };
	struct report_setting d = setting(fill_rows, &fill);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new(1 << 20);
	size_t words = 0;
	struct sp_err err;
	AUTO_FILE f;

	while (much.len < 60000)
		sp_buf_text(&much, "word ");
	fill.text = sp_buf_str(&much);
	CHECK_OK(report_sheet_set(fonts, &d, &pdf, &err), &err);
	file_of(&f, "cell", &pdf);
	file_is_valid(&f);
	file_text(&f, &text);
	CHECK(file_pages(&f) <= 3);
	for (const char *at = sp_buf_str(&text);
	     (at = strstr(at, "word")) != NULL; at++)
		words++;
	CHECK(words == (size_t)3 * much.len / strlen("word "));
	CHECK(strstr(sp_buf_str(&text), "the end") != NULL);
}

static void
there_is_an_end_to_it(void)
{
	struct filling fill = { 5000, "x", 0 };
	struct report_setting d = setting(fill_rows, &fill);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF small = sp_buf_new(5000);
	struct sp_err err;

	CHECK_CODE(report_sheet_set(fonts, &d, &pdf, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "report.pages") == 0);
	fill.rows = 3;
	CHECK_CODE(report_sheet_set(fonts, &d, &small, &err), SP_E_LIMIT, &err);
}

static enum sp_code
fill_and_fail(struct report_sheet *s, void *arg, struct sp_err *err)
{
	struct filling *f = arg;

	report_sheet_text(s, REPORT_BODY, "x");
	return ++f->times == f->rows
	    ? sp_fail(err, SP_E_CORRUPT, "it was not so")
	    : SP_OK;
}

static void
a_failure_goes_through(void)
{
	for (unsigned when = 1; when <= 2; when++) {
		struct filling fill = { when, NULL, 0 };
		struct report_setting d = setting(fill_and_fail, &fill);
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
		struct sp_err err;

		CHECK_CODE(report_sheet_set(fonts, &d, &pdf, &err),
		    SP_E_CORRUPT, &err);
		CHECK(fill.times == when);
	}
}

static enum sp_code
fill_blocks(struct report_sheet *s, void *arg, struct sp_err *err)
{
	static const struct report_blank blank[] = { { "Name", 0.5 },
		{ "Date", 0.5 } };
	const struct report_cell value = { { { REPORT_VALUE, "value" },
	    { REPORT_SMALL, "remark" } } };

	(void)arg;
	(void)err;
	for (unsigned i = 0; i < 12; i++) {
		report_sheet_part(s, "A part");
		report_sheet_heading(s, "A heading");
		report_sheet_fact(s, "Label", &value);
		report_sheet_item(s, "1.", REPORT_BODY, "an item");
		report_sheet_code(s, REPORT_CODE, "code\n\ncode after a gap");
		report_sheet_blanks(s, blank, 2);
		report_sheet_gap(s, 10.0);
		if (i == 5)
			report_sheet_break(s);
	}
	report_sheet_break(s);
	report_sheet_break(s); /* an empty sheet is not left out */
	report_sheet_text(s, REPORT_BODY, "");
	return SP_OK;
}

static void
every_block_can_be_set(void)
{
	struct filling fill = { 0, NULL, 0 };

	for (unsigned paper = 0; paper < REPORT_PAPER_COUNT; paper++) {
		struct report_setting d = setting(fill_blocks, &fill);
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
		SP_AUTO_BUF out = sp_buf_new(1 << 20);
		struct sp_err err;
		AUTO_FILE f;

		d.paper = (enum report_paper)paper;
		CHECK_OK(report_sheet_set(fonts, &d, &pdf, &err), &err);
		file_of(&f, report_paper_name(d.paper), &pdf);
		file_is_valid(&f);
		CHECK(file_through(&f, "pdfinfo -struct", "", &out));
		CHECK(strstr(sp_buf_str(&out), "H2") != NULL);
		CHECK(strstr(sp_buf_str(&out), "H3") != NULL);
		CHECK(strstr(sp_buf_str(&out), "LBody") != NULL);
	}
}

/* A heading is never the last thing on a sheet. */
static enum sp_code
fill_headings(struct report_sheet *s, void *arg, struct sp_err *err)
{
	const struct filling *f = arg;

	(void)err;
	report_sheet_gap(s, (double)f->rows);
	report_sheet_heading(s, "HEADING");
	report_sheet_text(s, REPORT_BODY, "follows");
	return SP_OK;
}

static void
headings_stay_with_what_follows(void)
{
	for (unsigned down = 400; down < 680; down += 10) {
		struct filling fill = { down, NULL, 0 };
		struct report_setting d = setting(fill_headings, &fill);
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
		SP_AUTO_BUF last = sp_buf_new(1 << 20);
		struct sp_err err;
		AUTO_FILE f;

		CHECK_OK(report_sheet_set(fonts, &d, &pdf, &err), &err);
		file_of(&f, "heading", &pdf);
		CHECK(file_through(&f,
		    file_pages(&f) == 1 ? "pdftotext -l 1" : "pdftotext -f 2",
		    "-", &last));
		CHECK(strstr(sp_buf_str(&last), "HEADING") != NULL);
		CHECK(strstr(sp_buf_str(&last), "follows") != NULL);
	}
}

static void
the_specimen_is_set(void)
{
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err err;

	CHECK_OK(report_sheet_specimen(fonts, &pdf, &err), &err);
	CHECK(pdf.len > 5 && memcmp(pdf.at, "%PDF-", 5) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "rows are whole", rows_are_whole },
		{ "a cell that is too high is cut",
		    a_cell_that_is_too_high_is_cut },
		{ "there is an end to it", there_is_an_end_to_it },
		{ "a failure goes through", a_failure_goes_through },
		{ "every block can be set", every_block_can_be_set },
		{ "headings stay with what follows",
		    headings_stay_with_what_follows },
		{ "the specimen is set", the_specimen_is_set },
	};
	struct sp_err err;

	CHECK_OK(report_fonts_open(&fonts, &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
