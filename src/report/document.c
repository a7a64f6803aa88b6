#include "report/document.h"

#include "base/encode.h"
#include "report/words.h"

#include <stdarg.h>

#define TEXT_MAX ((size_t)1 << 20)

/* --- what documents are made of --- */

void
report_document_fact(struct report_sheet *s, const char *label,
    const struct report_run *value, const char *remark)
{
	const struct report_cell cell = { { *value,
	    { REPORT_SMALL, remark } } };

	report_sheet_fact(s, label, &cell);
}

void
report_document_given(struct report_sheet *s, const char *label,
    const char *value, const char *remark)
{
	const struct report_text_rule rule = report_sheet_rule(s);
	SP_AUTO_BUF shown = sp_buf_new(TEXT_MAX);
	struct report_run run = { REPORT_VALUE, "not given" };

	if (value[0] == '\0')
		remark = NULL;
	report_text_show(&rule, value, strlen(value), &shown);
	if (value[0] != '\0')
		run.text = sp_buf_str(&shown);
	report_document_fact(s, label, &run, remark);
}

void
report_document_say(
    struct report_sheet *s, enum report_style style, const char *fmt, ...)
{
	SP_AUTO_BUF text = sp_buf_new(TEXT_MAX);
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vfmt(&text, fmt, ap);
	va_end(ap);
	report_sheet_text(s, style, sp_buf_str(&text));
}

void
report_document_time(const char *at, struct sp_buf *out)
{
	struct report_words_time t = report_words_time(at);

	sp_buf_fmt(out, "%s %s UTC", t.date, t.clock);
}

void
report_document_checkpoint(
    struct report_sheet *s, const struct report_dossier *d)
{
	SP_AUTO_BUF size = sp_buf_new(TEXT_MAX);
	SP_AUTO_BUF root = sp_buf_new(TEXT_MAX);
	char hex[2 * REPORT_ROOT + 1];

	report_text_number(d->size, &size);
	sp_buf_text(&size, " entries");
	sp_hex(d->root, REPORT_ROOT, hex);
	report_text_groups(hex, 8, 4, &root);
	report_document_fact(
	    s, "Log", &(struct report_run){ REPORT_CODE, d->origin }, NULL);
	report_document_fact(s, "Covers",
	    &(struct report_run){ REPORT_VALUE, sp_buf_str(&size) },
	    "all that the log held when this was made");
	report_document_fact(s, "Root",
	    &(struct report_run){ REPORT_CODE, sp_buf_str(&root) },
	    "the SHA-256 root of the log’s tree: it fixes every entry");
	report_document_fact(s, "Key of the log",
	    &(struct report_run){
		REPORT_CODE, report_dossier_text(d->head, "log_key") },
	    "with which the signature below can be checked");
	report_sheet_gap(s, 10.0);
	report_document_say(s, REPORT_BODY,
	    "The checkpoint word for word, as anybody gets it from the log "
	    "(C2SP signed note):");
	report_sheet_code(s, REPORT_CODE, report_dossier_text(d->head, "note"));
}

/* --- setting one --- */

/* What stands on every sheet. */
struct frame {
	struct sp_buf title, agency, left, right, below, foot;
};

static void
frame_done(struct frame *f)
{
	struct sp_buf *all[] = { &f->title, &f->agency, &f->left, &f->right,
		&f->below, &f->foot };

	for (size_t i = 0; i < SP_COUNTOF(all); i++)
		sp_buf_free(all[i]);
}

static const struct kind {
	const char *name;
	enum sp_code (*fill)(struct report_sheet *s,
	    const struct report_dossier *d, struct sp_err *err);
} kinds[REPORT_KIND_COUNT] = {
	[REPORT_CUSTODY] = { "Custody report", report_document_custody },
	[REPORT_CERTIFICATION] = { "Certification of digital evidence",
	    report_document_certification },
};

static void
frame_init(
    struct frame *f, struct report_fonts *fonts, const struct report_dossier *d)
{
	const struct report_text_rule rule = report_fonts_rule(fonts);
	const char *agency = report_dossier_text(d->head, "agency");
	const char *bag = report_dossier_text(d->head, "bag");
	const json_t *item = d->item[0].json;
	const char *id = report_dossier_text(item, "id");

	*f = (struct frame){ sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX),
		sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX),
		sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX) };
	report_text_show(&rule, agency, strlen(agency), &f->agency);
	sp_buf_text(&f->title, kinds[d->document].name);
	sp_buf_fmt(&f->left, "%s · %s", kinds[d->document].name,
	    sp_buf_str(&f->agency));
	if (d->document == REPORT_CUSTODY) {
		sp_buf_fmt(&f->title, ", evidence %s", id);
		sp_buf_fmt(&f->right, "Evidence %s", id);
	} else {
		sp_buf_fmt(&f->title, ", package %s", bag);
		sp_buf_fmt(&f->right, "Package %s", bag);
	}
	sp_buf_fmt(&f->below, "Log %s", d->origin);
	sp_buf_text(&f->foot, "Made ");
	report_document_time(report_dossier_text(d->head, "made"), &f->foot);
	sp_buf_text(&f->foot, " by Sallyport " SP_VERSION);
}

struct filling {
	const struct report_dossier *d;
};

static enum sp_code
fill(struct report_sheet *s, void *arg, struct sp_err *err)
{
	const struct filling *f = arg;

	return kinds[f->d->document].fill(s, f->d, err);
}

enum sp_code
report_document_set(struct report_fonts *fonts, const struct report_dossier *d,
    struct sp_buf *pdf, struct sp_err *err)
{
	SP_CLEANUP(frame_done) struct frame f;
	struct filling filling = { d };
	struct report_setting setting = {
		.paper = d->paper,
		.made = d->made,
		.fill = fill,
		.arg = &filling,
		.pages_max = REPORT_PAGES_MAX,
	};

	frame_init(&f, fonts, d);
	setting.title = sp_buf_str(&f.title);
	setting.author = sp_buf_str(&f.agency);
	setting.subject = kinds[d->document].name;
	setting.head_left = sp_buf_str(&f.left);
	setting.head_right = sp_buf_str(&f.right);
	setting.head_below = sp_buf_str(&f.below);
	setting.foot = sp_buf_str(&f.foot);
	return report_sheet_set(fonts, &setting, pdf, err);
}
