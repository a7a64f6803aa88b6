#include "report/pdf.h"

#include "base/parse.h"

#include <inttypes.h>
#include <string.h>

/* There is room for it in the white space before the key, so that no offset
 * changes. */
static void
mend_dates(struct sp_buf *pdf)
{
	static const char *const keys[] = { "\n   /CreationDate (2",
		"\n   /ModDate (2" };

	for (size_t i = 0; i < SP_COUNTOF(keys); i++) {
		size_t len = strlen(keys[i]);
		char *at = memmem(pdf->at, pdf->len, keys[i], len);

		if (at == NULL)
			continue;
		/* "\n /Key (D:2" for "\n   /Key (2" */
		memmove(at + 2, at + 4, len - 5);
		at[len - 3] = 'D';
		at[len - 2] = ':';
		at[len - 1] = '2';
	}
}

/*
 * The catalog is the last object before the table of references:
 *
 *   n 0 obj\n<< /Type /Catalog\n ... >>\nendobj\nxref\n ...
 *   startxref\n(where "xref" is)\n%%EOF\n
 *
 * What is put in at its end moves the table only, and nothing speaks of where
 * the table is but the number after startxref.
 */
#define CATALOG_MOST ((size_t)400) /* bytes */
#define END_MOST     ((size_t)40)

/* Is `text` what lies before `at`?  Then *at is where it begins. */
static bool
step_back(const struct sp_buf *pdf, size_t *at, const char *text)
{
	size_t len = strlen(text);

	if (*at < len || memcmp(pdf->at + *at - len, text, len) != 0)
		return false;
	*at -= len;
	return true;
}

/* The number at the end of the file, and where it begins. */
static bool
find_startxref(const struct sp_buf *pdf, size_t *at, uint64_t *xref)
{
	size_t end = pdf->len, begin;

	if (!step_back(pdf, &end, "\n%%EOF\n"))
		return false;
	for (begin = end; begin > 0 && pdf->at[begin - 1] != '\n'; begin--)
		if (end - begin > END_MOST)
			return false;
	*at = begin;
	return step_back(pdf, &begin, "startxref\n") &&
	    sp_parse_u64(
		(const char *)pdf->at + *at, end - *at, 0, begin, xref);
}

/* Where the catalog's ">>" is. */
static bool
find_catalog(const struct sp_buf *pdf, uint64_t xref, size_t *end)
{
	static const char head[] = " 0 obj\n<< /Type /Catalog\n";
	size_t at = (size_t)xref, most;
	const uint8_t *begin;

	if (!step_back(pdf, &at, ">>\nendobj\n") ||
	    pdf->len - xref < strlen("xref\n") ||
	    memcmp(pdf->at + xref, "xref\n", strlen("xref\n")) != 0)
		return false;
	most = at < CATALOG_MOST ? at : CATALOG_MOST;
	begin = memmem(pdf->at + at - most, most, head, strlen(head));
	*end = at;
	return begin != NULL &&
	    memmem(begin, (size_t)(pdf->at + at - begin), "endobj",
		strlen("endobj")) == NULL;
}

static void
mend_catalog(struct sp_buf *pdf)
{
	static const char more[] = "   /Lang (" REPORT_PDF_LANGUAGE ")\n"
				   "   /ViewerPreferences "
				   "<< /DisplayDocTitle true >>\n";
	const size_t len = sizeof(more) - 1;
	size_t end, number;
	uint64_t xref;

	if (!find_startxref(pdf, &number, &xref) ||
	    !find_catalog(pdf, xref, &end))
		return;
	sp_buf_cut(pdf, number);
	if (sp_buf_extend(pdf, len) == NULL)
		return;
	memmove(pdf->at + end + len, pdf->at + end, number - end);
	memcpy(pdf->at + end, more, len);
	sp_buf_fmt(pdf, "%" PRIu64 "\n%%%%EOF\n", xref + len);
}

void
report_pdf_mend(struct sp_buf *pdf)
{
	mend_dates(pdf);
	mend_catalog(pdf);
}
