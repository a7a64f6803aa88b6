#ifndef REPORT_PDF_H
#define REPORT_PDF_H

#include "base/buf.h"

/*
 * What cairo leaves out of a PDF, put in afterwards.  It is known what cairo
 * writes: where something else stands, that is left as it is.
 *
 *   dates      "D:" before each, which cairo 1.16 forgets (PDF 1.5, 3.8.3)
 *   catalog    /Lang, so that it is read aloud in English; and that a window
 *              shows the title rather than the name of the file
 */
#define REPORT_PDF_LANGUAGE "en-US"

/* `pdf` is poisoned when there is no room in it. */
void report_pdf_mend(struct sp_buf *pdf);

#endif
