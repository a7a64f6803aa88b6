#ifndef REPORT_FONTS_H
#define REPORT_FONTS_H

#include "report/text.h"

#include <pango/pango.h>

/*
 * The fonts that reports are set in: a closed list of files, so that a report
 * looks the same on every machine that has them.  The system's own font
 * configuration is not read, nothing is written, no cache is kept.
 *
 * Three families (serif, sans, mono) must be there; the rest is asked, in this
 * order, for characters that those have not.  All files are opened at once and
 * stay open: afterwards setting text opens no file (press.h relies on that).
 *
 * One a process, one thread; what pango starts on its own ends in _open.
 */
#define REPORT_SERIF "Liberation Serif"
#define REPORT_SANS  "Liberation Sans"
#define REPORT_MONO  "Liberation Mono"
#define REPORT_OTHERS                                                          \
	"DejaVu Sans,FreeSerif,Droid Sans Fallback,Unifont,Unifont Upper"

struct report_fonts;

/* SP_E_UNAVAIL, reason "report.fonts": one of the three is not there. */
enum sp_code report_fonts_open(
    struct report_fonts **out, struct sp_err *err) SP_MUST_USE;
void report_fonts_free(struct report_fonts *f); /* NULL is a no-op */

static inline void
report_fonts_freep(struct report_fonts **f)
{
	report_fonts_free(*f);
}
#define REPORT_AUTO_FONTS SP_CLEANUP(report_fonts_freep) struct report_fonts *

/* How many of the list, which `all` counts, are there. */
size_t report_fonts_there(const struct report_fonts *f, size_t *all);
/* Has any of them a glyph for this character? */
bool report_fonts_have(const struct report_fonts *f, uint32_t c);
/* That, for report_text_show. */
struct report_text_rule report_fonts_rule(const struct report_fonts *f);
/* A context that measures in points, without hinting.  The caller unrefs. */
PangoContext *report_fonts_context(struct report_fonts *f);

#endif
