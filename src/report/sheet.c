#include "report/sheet.h"

#include "report/pdf.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

/* Points.  Heads and feet stand in the margins. */
#define MARGIN      61.0
#define TOP         90.0
#define BOTTOM      64.0
#define HEAD_AT     38.0
#define FOOT_AT     46.0 /* from below */
#define PARAGRAPH   6.0  /* white below one */
#define WHOLE_LINES 4    /* paragraphs this short are not parted */
#define CELL_PAD    3.5
#define CELL_GAP    9.0 /* between columns */
#define HAIR        0.4
#define RULE        0.9
#define HANG        17.0
#define BLANK       44.0 /* height of a line to write on */
#define BLANK_AT    26.0 /* where the line is */
#define LABEL_SHARE 0.23
#define BRIEF_PAGES                                                            \
	60 /* beyond, rows are read aloud as they stand: four                  \
	      fifths of the file would be tags of cells */

static const struct look {
	const char *family;
	double size;
	bool bold;
} looks[REPORT_STYLE_COUNT] = {
#define X(id, family, size, bold) [id] = { (family), (size), (bold) },
	REPORT_STYLES(X)
#undef X
};

static const struct {
	double width, height;
} papers[REPORT_PAPER_COUNT] = {
#define X(id, name, width, height) [id] = { (width), (height) },
	REPORT_PAPERS(X)
#undef X
};

struct table {
	struct report_column column[REPORT_CELLS];
	double x[REPORT_CELLS], width[REPORT_CELLS];
	size_t n; /* 0: no table is open */
};

struct report_sheet {
	const struct report_setting *d;
	const struct report_fonts *fonts;
	PangoContext *context;
	PangoFontDescription *font[REPORT_STYLE_COUNT];
	PangoLayout *layout; /* for one block */
	PangoLayout *line;   /* for heads, feet, labels */
	PangoLayout *cell[REPORT_CELLS][REPORT_RUNS]; /* for a row */
	cairo_surface_t *pdf;                         /* NULL: only measuring */
	cairo_t *cr;
	double width, bottom; /* of the text; where it ends */
	double y;
	unsigned page, pages; /* the sheet at hand, from 1; how many */
	struct table table;
	int part;        /* its bookmark, or that of the whole */
	const char *tag; /* open on this sheet, for what is read aloud */
	bool listing;    /* a list is open around it */
};

struct report_text_rule
report_sheet_rule(const struct report_sheet *s)
{
	return report_fonts_rule(s->fonts);
}

/* --- text and lines --- */

static void
set(struct report_sheet *s, PangoLayout *layout, const struct report_run *run,
    double width)
{
	pango_layout_set_font_description(layout, s->font[run->style]);
	pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_NONE);
	pango_layout_set_height(layout, -1);
	pango_layout_set_text(layout, run->text == NULL ? "" : run->text, -1);
}

static double
height_of(PangoLayout *layout)
{
	PangoRectangle r;

	pango_layout_get_extents(layout, NULL, &r);
	return (double)r.height / PANGO_SCALE;
}

static bool
empty(const struct report_run *run)
{
	return run->text == NULL || run->text[0] == '\0';
}

static void
show(struct report_sheet *s, PangoLayout *layout, double x, double y)
{
	if (s->cr == NULL)
		return;
	cairo_move_to(s->cr, x, y);
	pango_cairo_show_layout(s->cr, layout);
}

/* One line that has to fit: cut off with "…" where it does not. */
static void
show_line(struct report_sheet *s, const struct report_run *run, double x,
    double y, double width)
{
	set(s, s->line, run, width);
	pango_layout_set_ellipsize(s->line, PANGO_ELLIPSIZE_END);
	show(s, s->line, x, y);
}

static void
show_right(struct report_sheet *s, const struct report_run *run, double y,
    double width)
{
	pango_layout_set_alignment(s->line, PANGO_ALIGN_RIGHT);
	show_line(s, run, MARGIN + s->width - width, y, width);
	pango_layout_set_alignment(s->line, PANGO_ALIGN_LEFT);
}

static void
rule(struct report_sheet *s, double x, double y, double width, double weight)
{
	if (s->cr == NULL)
		return;
	cairo_set_line_width(s->cr, weight);
	cairo_move_to(s->cr, x, y);
	cairo_line_to(s->cr, x + width, y);
	cairo_stroke(s->cr);
}

/* --- sheets --- */

static void
head_and_foot(struct report_sheet *s)
{
	const struct report_setting *d = s->d;
	double foot = papers[d->paper].height - FOOT_AT;
	char number[64];

	show_line(s, &(struct report_run){ REPORT_STRONG, d->head_left },
	    MARGIN, HEAD_AT, s->width * 0.55);
	show_right(s, &(struct report_run){ REPORT_FINE, d->head_right },
	    HEAD_AT + 1.0, s->width * 0.43);
	show_line(s, &(struct report_run){ REPORT_FINE, d->head_below }, MARGIN,
	    HEAD_AT + 13.0, s->width);
	rule(s, MARGIN, HEAD_AT + 26.0, s->width, RULE);
	(void)snprintf(
	    number, sizeof(number), "Page %u of %u", s->page, s->pages);
	rule(s, MARGIN, foot - 6.0, s->width, HAIR);
	show_line(s, &(struct report_run){ REPORT_SMALL, d->foot }, MARGIN,
	    foot, s->width * 0.75);
	show_right(s, &(struct report_run){ REPORT_STRONG, number }, foot,
	    s->width * 0.24);
}

/* Structure, for programs that read aloud: the names of PDF 1.5, 10.7. */
static void
tag_begin(struct report_sheet *s, const char *name)
{
	if (s->cr != NULL)
		cairo_tag_begin(s->cr, name, NULL);
}

static void
tag_end(struct report_sheet *s, const char *name)
{
	if (s->cr != NULL)
		cairo_tag_end(s->cr, name);
}

/* What is in a block goes on over sheets; their heads and feet are not in
 * it. */
static void
block_begin(struct report_sheet *s, const char *name)
{
	s->tag = name;
	tag_begin(s, name);
}

static void
block_end(struct report_sheet *s)
{
	tag_end(s, s->tag);
	s->tag = NULL;
}

/* Facts and items that follow each other are one list. */
static void
list_begin(struct report_sheet *s)
{
	if (!s->listing)
		tag_begin(s, "L");
	s->listing = true;
}

static void
list_end(struct report_sheet *s)
{
	if (s->listing)
		tag_end(s, "L");
	s->listing = false;
}

static void
next_sheet(struct report_sheet *s)
{
	if (s->tag != NULL)
		tag_end(s, s->tag);
	if (s->cr != NULL && s->page > 0)
		cairo_show_page(s->cr);
	s->page++;
	s->y = TOP;
	head_and_foot(s);
	if (s->tag != NULL)
		tag_begin(s, s->tag);
}

void
report_sheet_break(struct report_sheet *s)
{
	if (s->y > TOP)
		next_sheet(s);
}

static bool
fits(const struct report_sheet *s, double height)
{
	return s->y + height <= s->bottom;
}

void
report_sheet_keep(struct report_sheet *s, double points)
{
	if (!fits(s, points) && s->y > TOP)
		next_sheet(s);
}

void
report_sheet_gap(struct report_sheet *s, double points)
{
	s->y += points;
}

/* --- blocks --- */

/* The layout's lines from s->y on, sheet after sheet. */
static void
flow(struct report_sheet *s, double x)
{
	PangoLayoutIter *at = pango_layout_get_iter(s->layout);
	PangoRectangle r;

	do {
		PangoLayoutLine *line = pango_layout_iter_get_line_readonly(at);
		double height, base;

		pango_layout_iter_get_line_extents(at, NULL, &r);
		height = (double)r.height / PANGO_SCALE;
		base = (double)(pango_layout_iter_get_baseline(at) - r.y) /
		    PANGO_SCALE;
		if (!fits(s, height))
			next_sheet(s);
		if (s->cr != NULL) {
			cairo_move_to(s->cr, x, s->y + base);
			pango_cairo_show_layout_line(s->cr, line);
		}
		s->y += height;
	} while (pango_layout_iter_next_line(at));
	pango_layout_iter_free(at);
}

static void
block(struct report_sheet *s, const char *tag, const struct report_run *run)
{
	list_end(s);
	set(s, s->layout, run, s->width);
	if (pango_layout_get_line_count(s->layout) <= WHOLE_LINES)
		report_sheet_keep(s, height_of(s->layout));
	block_begin(s, tag);
	flow(s, MARGIN);
	block_end(s);
}

void
report_sheet_title(struct report_sheet *s, const char *text)
{
	block(s, "H1", &(struct report_run){ REPORT_TITLE, text });
	s->y += PARAGRAPH;
}

static int
bookmark(struct report_sheet *s, int below, const char *text)
{
	char where[64];

	if (s->cr == NULL)
		return below;
	(void)snprintf(where, sizeof(where), "page=%u pos=[%d %d]", s->page,
	    (int)MARGIN, (int)s->y);
	return cairo_pdf_surface_add_outline(
	    s->pdf, below, text, where, CAIRO_PDF_OUTLINE_FLAG_OPEN);
}

static void
heading_room(struct report_sheet *s)
{
	s->y += s->y > TOP ? 2.0 * PARAGRAPH : 0.0;
	report_sheet_keep(s, 90.0);
}

void
report_sheet_part(struct report_sheet *s, const char *text)
{
	heading_room(s);
	s->part = bookmark(s, CAIRO_PDF_OUTLINE_ROOT, text);
	block(s, "H2", &(struct report_run){ REPORT_PART, text });
	s->y += PARAGRAPH;
}

void
report_sheet_heading(struct report_sheet *s, const char *text)
{
	heading_room(s);
	(void)bookmark(s, s->part, text);
	block(s, s->part == CAIRO_PDF_OUTLINE_ROOT ? "H2" : "H3",
	    &(struct report_run){ REPORT_HEADING, text });
	s->y += PARAGRAPH;
}

void
report_sheet_text(
    struct report_sheet *s, enum report_style style, const char *text)
{
	block(s, "P", &(struct report_run){ style, text });
	s->y += PARAGRAPH;
}

void
report_sheet_item(struct report_sheet *s, const char *mark,
    enum report_style style, const char *text)
{
	set(s, s->layout, &(struct report_run){ style, text }, s->width - HANG);
	if (pango_layout_get_line_count(s->layout) <= WHOLE_LINES)
		report_sheet_keep(s, height_of(s->layout));
	else
		report_sheet_keep(s, 2.0 * looks[style].size);
	list_begin(s);
	tag_begin(s, "LI");
	tag_begin(s, "Lbl");
	show_line(s, &(struct report_run){ style, mark }, MARGIN, s->y, HANG);
	tag_end(s, "Lbl");
	block_begin(s, "LBody");
	flow(s, MARGIN + HANG);
	block_end(s);
	tag_end(s, "LI");
	s->y += PARAGRAPH * 0.6;
}

void
report_sheet_code(
    struct report_sheet *s, enum report_style style, const char *text)
{
	list_end(s);
	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		set(s, s->layout, &(struct report_run){ style, "" },
		    s->width - HANG);
		pango_layout_set_text(s->layout, at, (int)len);
		if (pango_layout_get_line_count(s->layout) <= WHOLE_LINES)
			report_sheet_keep(s, height_of(s->layout));
		block_begin(s, "P");
		flow(s, MARGIN + HANG);
		block_end(s);
		at += len + (at[len] == '\n' ? 1 : 0);
	}
	s->y += PARAGRAPH;
}

/* On one line with the beginning of what it is the label of: that is also how
 * programs that take text out of the file know that they belong together. */
static void
show_label(struct report_sheet *s, const struct report_run *label,
    const struct report_run *value, double width)
{
	int down;

	set(s, s->line, label, width - CELL_GAP);
	set(s, s->layout, value, s->width - width);
	down = pango_layout_get_baseline(s->layout) -
	    pango_layout_get_baseline(s->line);
	tag_begin(s, "Lbl");
	show(s, s->line, MARGIN, s->y + (double)down / PANGO_SCALE);
	tag_end(s, "Lbl");
}

void
report_sheet_fact(
    struct report_sheet *s, const char *label, const struct report_cell *value)
{
	const struct report_run name = { REPORT_LABEL, label };
	double in = s->width * LABEL_SHARE;

	report_sheet_keep(s, 3.0 * looks[REPORT_VALUE].size);
	s->y += CELL_PAD;
	list_begin(s);
	tag_begin(s, "LI");
	show_label(s, &name, &value->run[0], in);
	tag_begin(s, "LBody");
	for (size_t i = 0; i < REPORT_RUNS; i++) {
		if (empty(&value->run[i]))
			continue;
		set(s, s->layout, &value->run[i], s->width - in);
		block_begin(s, "P");
		flow(s, MARGIN + in);
		block_end(s);
	}
	tag_end(s, "LBody");
	tag_end(s, "LI");
	s->y += CELL_PAD;
	rule(s, MARGIN, s->y, s->width, HAIR);
}

void
report_sheet_blanks(
    struct report_sheet *s, const struct report_blank *blank, size_t n)
{
	double x = MARGIN;

	list_end(s);
	report_sheet_keep(s, BLANK);
	for (size_t i = 0; i < n; i++) {
		const struct report_run label = { REPORT_SMALL,
			blank[i].label };
		double width =
		    s->width * blank[i].share - (i + 1 < n ? CELL_GAP : 0.0);

		rule(s, x, s->y + BLANK_AT, width, HAIR);
		block_begin(s, "P");
		show_line(s, &label, x, s->y + BLANK_AT + 2.0, width);
		block_end(s);
		x += width + CELL_GAP;
	}
	s->y += BLANK;
}

/* --- tables --- */

/* A paragraph in a cell; its height, when there is any. */
static double
set_cell(struct report_sheet *s, PangoLayout *layout,
    const struct report_run *run, double width)
{
	double height;

	set(s, layout, run, width);
	height = height_of(layout);
	if (height <= REPORT_CELL_HEIGHT)
		return height;
	pango_layout_set_height(
	    layout, (int)(REPORT_CELL_HEIGHT * PANGO_SCALE));
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	return height_of(layout);
}

static double
row_height(struct report_sheet *s, const struct report_cell *cell)
{
	double most = 0.0;

	for (size_t i = 0; i < s->table.n; i++) {
		double height = 0.0;

		for (size_t j = 0; j < REPORT_RUNS; j++)
			if (!empty(&cell[i].run[j]))
				height += set_cell(s, s->cell[i][j],
				    &cell[i].run[j], s->table.width[i]);
		most = height > most ? height : most;
	}
	return most + 2.0 * CELL_PAD;
}

static void
cell_show(struct report_sheet *s, size_t i, const struct report_cell *cell,
    bool parts)
{
	double y = s->y + CELL_PAD;

	for (size_t j = 0; j < REPORT_RUNS; j++) {
		if (empty(&cell->run[j]))
			continue;
		if (parts)
			tag_begin(s, "P");
		show(s, s->cell[i][j], s->table.x[i], y);
		if (parts)
			tag_end(s, "P");
		y += height_of(s->cell[i][j]);
	}
}

/* What row_height has set.  A head that is repeated has no tag: NULL. */
static void
row_show(struct report_sheet *s, const struct report_cell *cell, double height,
    const char *tag)
{
	bool row = tag != NULL;
	bool parts = row && s->pages <= BRIEF_PAGES;

	if (row)
		tag_begin(s, "TR");
	for (size_t i = 0; s->cr != NULL && i < s->table.n; i++) {
		if (parts)
			tag_begin(s, tag);
		cell_show(s, i, &cell[i], parts);
		if (parts)
			tag_end(s, tag);
	}
	if (row)
		tag_end(s, "TR");
	s->y += height;
}

static void
table_head(struct report_sheet *s, const char *tag)
{
	struct report_cell head[REPORT_CELLS] = { 0 };
	double height;

	for (size_t i = 0; i < s->table.n; i++)
		head[i].run[0] = (struct report_run){ REPORT_STRONG,
			s->table.column[i].head };
	height = row_height(s, head);
	rule(s, MARGIN, s->y, s->width, RULE);
	row_show(s, head, height, tag);
	rule(s, MARGIN, s->y, s->width, RULE);
}

void
report_sheet_table(
    struct report_sheet *s, const struct report_column *column, size_t n)
{
	double x = MARGIN;

	SP_REQUIRE(n > 0 && n <= REPORT_CELLS);
	s->table.n = n;
	for (size_t i = 0; i < n; i++) {
		double width = s->width * column[i].share;

		s->table.column[i] = column[i];
		s->table.x[i] = x;
		s->table.width[i] = width - (i + 1 < n ? CELL_GAP : 0.0);
		x += width;
	}
	list_end(s);
	report_sheet_keep(s, 80.0);
	tag_begin(s, "Table");
	table_head(s, "TH");
}

void
report_sheet_row(struct report_sheet *s, const struct report_cell *cell)
{
	double height = row_height(s, cell);

	if (!fits(s, height)) {
		next_sheet(s);
		table_head(s, NULL);
		(void)row_height(s, cell); /* the head was set meanwhile */
	}
	row_show(s, cell, height, "TD");
	rule(s, MARGIN, s->y, s->width, HAIR);
}

void
report_sheet_table_end(struct report_sheet *s)
{
	s->table.n = 0;
	tag_end(s, "Table");
	s->y += PARAGRAPH;
}

/* --- setting --- */

static void
drop(void *object)
{
	if (object != NULL)
		g_object_unref(object);
}

static void
sheet_done(struct report_sheet *s)
{
	for (size_t i = 0; i < REPORT_STYLE_COUNT; i++)
		pango_font_description_free(s->font[i]);
	for (size_t i = 0; i < REPORT_CELLS; i++)
		for (size_t j = 0; j < REPORT_RUNS; j++)
			drop(s->cell[i][j]);
	drop(s->layout);
	drop(s->line);
	drop(s->context);
	if (s->cr != NULL)
		cairo_destroy(s->cr);
	if (s->pdf != NULL)
		cairo_surface_destroy(s->pdf);
}

static PangoLayout *
new_layout(PangoContext *context)
{
	PangoLayout *layout = pango_layout_new(context);
	PangoAttrList *attributes = pango_attr_list_new();

	/* A hyphen that is not in an id or a name must not be shown in it. */
	pango_attr_list_insert(
	    attributes, pango_attr_insert_hyphens_new(FALSE));
	pango_layout_set_attributes(layout, attributes);
	pango_attr_list_unref(attributes);
	/* A long word is parted; one text is one paragraph, left to right
	 * unless its letters go the other way. */
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_auto_dir(layout, FALSE);
	pango_layout_set_line_spacing(layout, 1.12F);
	return layout;
}

static PangoFontDescription *
new_font(const struct look *look)
{
	PangoFontDescription *font = pango_font_description_new();
	char family[160];

	(void)snprintf(
	    family, sizeof(family), "%s," REPORT_OTHERS, look->family);
	pango_font_description_set_family(font, family);
	pango_font_description_set_absolute_size(
	    font, look->size * PANGO_SCALE);
	if (look->bold)
		pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
	return font;
}

static void
sheet_init(struct report_sheet *s, struct report_fonts *fonts)
{
	s->context = report_fonts_context(fonts);
	s->layout = new_layout(s->context);
	s->line = new_layout(s->context);
	for (size_t i = 0; i < REPORT_CELLS; i++)
		for (size_t j = 0; j < REPORT_RUNS; j++)
			s->cell[i][j] = new_layout(s->context);
	for (size_t i = 0; i < REPORT_STYLE_COUNT; i++)
		s->font[i] = new_font(&looks[i]);
	s->width = papers[s->d->paper].width - 2.0 * MARGIN;
	s->bottom = papers[s->d->paper].height - BOTTOM;
}

static cairo_status_t
take(void *arg, const unsigned char *bytes, unsigned len)
{
	struct sp_buf *out = arg;

	sp_buf_add(out, bytes, len);
	return sp_buf_ok(out) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void
describe(cairo_surface_t *pdf, const struct report_setting *d)
{
	char made[SP_TIME_TEXT], seconds[24];

	sp_time_text(d->made, made);
	(void)snprintf(seconds, sizeof(seconds), "%.19sZ", made);
	cairo_pdf_surface_restrict_to_version(pdf, CAIRO_PDF_VERSION_1_5);
	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_TITLE, d->title);
	cairo_pdf_surface_set_metadata(
	    pdf, CAIRO_PDF_METADATA_AUTHOR, d->author);
	cairo_pdf_surface_set_metadata(
	    pdf, CAIRO_PDF_METADATA_SUBJECT, d->subject);
	cairo_pdf_surface_set_metadata(
	    pdf, CAIRO_PDF_METADATA_CREATOR, "Sallyport " SP_VERSION);
	cairo_pdf_surface_set_metadata(
	    pdf, CAIRO_PDF_METADATA_CREATE_DATE, seconds);
	cairo_pdf_surface_set_metadata(
	    pdf, CAIRO_PDF_METADATA_MOD_DATE, seconds);
}

static enum sp_code
pass(struct report_sheet *s, struct sp_err *err)
{
	s->page = 0;
	tag_begin(s, "Document");
	next_sheet(s);
	SP_TRY(s->d->fill(s, s->d->arg, err));
	list_end(s);
	tag_end(s, "Document");
	if (s->page <= s->d->pages_max)
		return SP_OK;
	return sp_fail_as(err, SP_E_LIMIT, "report.pages",
	    "%u pages: a report has at most %u", s->page, s->d->pages_max);
}

static enum sp_code
draw(struct report_sheet *s, struct sp_buf *pdf, struct sp_err *err)
{
	s->pdf = cairo_pdf_surface_create_for_stream(
	    take, pdf, papers[s->d->paper].width, papers[s->d->paper].height);
	describe(s->pdf, s->d);
	s->cr = cairo_create(s->pdf);
	SP_TRY(pass(s, err));
	SP_REQUIRE(s->page == s->pages); /* `fill` said the same twice */
	cairo_show_page(s->cr);
	cairo_surface_finish(s->pdf);
	SP_TRY(sp_buf_check(pdf, "a report", err));
	if (cairo_surface_status(s->pdf) != CAIRO_STATUS_SUCCESS)
		return sp_fail(err, SP_E_INTERNAL, "a report: %s",
		    cairo_status_to_string(cairo_surface_status(s->pdf)));
	report_pdf_mend(pdf);
	return sp_buf_check(pdf, "a report", err);
}

enum sp_code
report_sheet_set(struct report_fonts *fonts, const struct report_setting *d,
    struct sp_buf *pdf, struct sp_err *err)
{
	SP_CLEANUP(sheet_done) struct report_sheet s = { .d = d };

	SP_REQUIRE((size_t)d->paper < SP_COUNTOF(papers));
	s.fonts = fonts;
	sheet_init(&s, fonts);
	SP_TRY(pass(&s, err));
	s.pages = s.page;
	return draw(&s, pdf, err);
}

static enum sp_code
fill_specimen(struct report_sheet *s, void *arg, struct sp_err *err)
{
	static const struct report_column column[] = { { "", 1.0 } };
	/* Of each font; Thai, whose words are looked up in a list. */
	static const char *const words[] = { "Sallyport", "ש", "अ", "ไทย", "一",
		"ꙮ", "𒀀" };

	(void)arg;
	(void)err;
	for (size_t i = 0; i < REPORT_STYLE_COUNT; i++) {
		const enum report_style style = (enum report_style)i;
		const struct report_cell cell = { { { style, words[0] } } };

		for (size_t j = 0; j < SP_COUNTOF(words); j++)
			report_sheet_text(s, style, words[j]);
		report_sheet_table(s, column, 1);
		report_sheet_row(s, &cell);
		report_sheet_table_end(s);
	}
	return SP_OK;
}

enum sp_code
report_sheet_specimen(
    struct report_fonts *fonts, struct sp_buf *pdf, struct sp_err *err)
{
	const struct report_setting setting = {
		.title = "",
		.author = "",
		.subject = "",
		.head_left = "",
		.head_right = "",
		.head_below = "",
		.foot = "",
		.fill = fill_specimen,
		.pages_max = REPORT_STYLE_COUNT,
	};

	return report_sheet_set(fonts, &setting, pdf, err);
}
