#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

#include "report/dossier.h"
#include "report/sheet.h"

/*
 * The documents themselves, made for a court.  Nothing is told that is not in
 * the dossier, and nothing of what it holds is left out.
 *
 *   custody         the item, every event in the order of the log, how to
 *                   check it, the checkpoint that it rests on
 *   certification   under Federal Rules of Evidence 902(13) and 902(14): part
 *                   A is what the system records, part B is for a person to
 *                   complete and to sign under 28 U.S.C. 1746
 *
 * One thread.
 */
enum sp_code report_document_set(struct report_fonts *fonts,
    const struct report_dossier *d, struct sp_buf *pdf,
    struct sp_err *err) SP_MUST_USE;

/* ---- For the documents (document_*.c) ---- */

enum sp_code report_document_custody(
    struct report_sheet *s, const struct report_dossier *d, struct sp_err *err);
enum sp_code report_document_certification(
    struct report_sheet *s, const struct report_dossier *d, struct sp_err *err);

/* A fact, with a remark in small letters below it ("" or NULL: none). */
void report_document_fact(struct report_sheet *s, const char *label,
    const struct report_run *value, const char *remark);
/* The same for what came from outside: "not given" when it is "". */
void report_document_given(struct report_sheet *s, const char *label,
    const char *value, const char *remark);
/* A paragraph, made like printf makes text. */
void report_document_say(struct report_sheet *s, enum report_style style,
    const char *fmt, ...) SP_PRINTF(3, 4);
/* A time of ours, as "2026-11-21 18:45:44.123456 UTC". */
void report_document_time(const char *at, struct sp_buf *out);
/* The log, its key, the root, and the signed note word for word. */
void report_document_checkpoint(
    struct report_sheet *s, const struct report_dossier *d);

#endif
