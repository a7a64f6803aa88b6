#ifndef REPORT_SHEET_H
#define REPORT_SHEET_H

#include "base/buf.h"
#include "base/clock.h"
#include "report/fonts.h"
#include "report/text.h"
#include "report/wire.h"

/*
 * Sheets of paper, filled from top to bottom: what reports are made of.  A
 * block that does not fit goes to the next sheet; tables repeat their heads
 * there; each sheet has a running head and foot with "Page n of m".
 *
 * Since m is only known at the end, everything is set twice: the document is
 * a function that fills a sheet from the beginning, and must say the same
 * both times.
 *
 * The result is a PDF 1.5 with its fonts embedded, text that can be searched,
 * bookmarks, title and dates of its own.  The same input, fonts and libraries
 * give the same bytes.  One thread.
 */
/* How text looks.  Text is shown as it is: what comes from outside went
 * through report_text_show. */
#define REPORT_STYLES(X)                                                       \
	X(REPORT_TITLE, REPORT_SANS, 19.0, true)                               \
	X(REPORT_PART, REPORT_SANS, 15.0, true)                                \
	X(REPORT_HEADING, REPORT_SANS, 12.0, true)                             \
	X(REPORT_BODY, REPORT_SERIF, 10.5, false)                              \
	X(REPORT_LEAD, REPORT_SERIF, 12.0, false)                              \
	X(REPORT_LABEL, REPORT_SANS, 8.5, true)                                \
	X(REPORT_VALUE, REPORT_SANS, 9.5, false)                               \
	X(REPORT_CELL, REPORT_SANS, 8.5, false)                                \
	X(REPORT_STRONG, REPORT_SANS, 8.5, true)                               \
	X(REPORT_SMALL, REPORT_SANS, 7.5, false)                               \
	X(REPORT_CODE, REPORT_MONO, 8.5, false)                                \
	X(REPORT_HASH, REPORT_MONO, 10.5, false)                               \
	X(REPORT_FINE, REPORT_MONO, 7.0, false)

enum report_style {
#define X(id, family, size, bold) id,
	REPORT_STYLES(X)
#undef X
	    REPORT_STYLE_COUNT
};

/* A paragraph in a cell.  "" and NULL take no room. */
struct report_run {
	enum report_style style;
	const char *text;
};
#define REPORT_RUNS  4
#define REPORT_CELLS 6

struct report_cell {
	struct report_run run[REPORT_RUNS];
};

struct report_column {
	const char *head;
	double share; /* of the width */
};

struct report_sheet;

struct report_setting {
	enum report_paper paper;
	sp_time made;
	const char *title, *author, *subject;
	const char *head_left, *head_right, *head_below; /* of each sheet */
	const char *foot;
	/* Fill from the beginning.  Called twice. */
	enum sp_code (*fill)(
	    struct report_sheet *s, void *arg, struct sp_err *err);
	void *arg;
	unsigned pages_max; /* SP_E_LIMIT beyond */
};

/* Set it into `pdf`, which bounds the size. */
enum sp_code report_sheet_set(struct report_fonts *fonts,
    const struct report_setting *d, struct sp_buf *pdf,
    struct sp_err *err) SP_MUST_USE;

/* A sheet of everything that there is: afterwards nothing has to be opened. */
enum sp_code report_sheet_specimen(struct report_fonts *fonts,
    struct sp_buf *pdf, struct sp_err *err) SP_MUST_USE;

/* ---- For `fill` ---- */

/* What its fonts can show (text.h). */
struct report_text_rule report_sheet_rule(const struct report_sheet *s);
/* The title of the whole; once. */
void report_sheet_title(struct report_sheet *s, const char *text);
/* Headings with a bookmark, never the last thing on a sheet; of a part, and
 * of what is in it. */
void report_sheet_part(struct report_sheet *s, const char *text);
void report_sheet_heading(struct report_sheet *s, const char *text);
/* A paragraph. */
void report_sheet_text(
    struct report_sheet *s, enum report_style style, const char *text);
/* One with a mark ("1.", "•") hanging before it. */
void report_sheet_item(struct report_sheet *s, const char *mark,
    enum report_style style, const char *text);
/* Lines of code, each on its own, on grey; long ones go on below. */
void report_sheet_code(
    struct report_sheet *s, enum report_style style, const char *text);
/* Label and value side by side, a hair line below. */
void report_sheet_fact(
    struct report_sheet *s, const char *label, const struct report_cell *value);
/* White space. */
void report_sheet_gap(struct report_sheet *s, double points);
/* A line to write on, with what goes there below it; `share` of the width.
 * Lines stand side by side until the width is used. */
struct report_blank {
	const char *label;
	double share;
};
void report_sheet_blanks(
    struct report_sheet *s, const struct report_blank *blank, size_t n);
/* The next sheet, unless this one is empty. */
void report_sheet_break(struct report_sheet *s);
/* What follows, up to `points` high, stays on one sheet. */
void report_sheet_keep(struct report_sheet *s, double points);

/* A table: rows are never parted, the head stands on each sheet.  A paragraph
 * in a cell is cut off, with "…" (which holds the rest for who searches), where
 * it is higher than REPORT_CELL_HEIGHT; a row may hold two such. */
#define REPORT_CELL_HEIGHT 250.0
void report_sheet_table(
    struct report_sheet *s, const struct report_column *column, size_t n);
void report_sheet_row(struct report_sheet *s, const struct report_cell *cell);
void report_sheet_table_end(struct report_sheet *s);

#endif
