#include "report/document.h"
#include "report/words.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)
#define BOX      "☐"

static void
introduce(struct report_sheet *s)
{
	static const struct report_blank matter[] = {
		{ "Court", 0.34 },
		{ "Case number", 0.22 },
		{ "In the matter of", 0.44 },
	};

	report_sheet_title(s, "Certification of digital evidence");
	report_sheet_text(s, REPORT_LEAD,
	    "Federal Rules of Evidence 902(13) and 902(14) · declaration under "
	    "28 U.S.C. § 1746");
	report_sheet_gap(s, 8.0);
	report_sheet_blanks(s, matter, SP_COUNTOF(matter));
	report_sheet_text(s, REPORT_BODY,
	    "Part A was filled in by the system: what it records, and how it "
	    "works. Nobody has yet vouched for it. Part B is for a qualified "
	    "person to complete and to sign; only what stands there is that "
	    "person’s statement.");
	report_sheet_text(s, REPORT_SMALL,
	    "This form is an aid and not legal advice. Under Rule 902(11), "
	    "which Rules 902(13) and 902(14) refer to, the other side must be "
	    "given reasonable written notice, and the record and the "
	    "certification for inspection, before the trial or hearing. "
	    "Whether this form is enough in a given court, counsel decides.");
}

/* --- A --- */

/* From the first to the last entry of any item. */
static enum sp_code
period(const struct report_dossier *d, struct sp_buf *out, struct sp_err *err)
{
	const struct report_entry *first = &d->entry[0], *last = first;

	for (size_t i = 0; i < d->entries; i++) {
		if (d->entry[i].index < first->index)
			first = &d->entry[i];
		if (d->entry[i].index > last->index)
			last = &d->entry[i];
	}
	REPORT_AUTO_EVENT from = { .json = NULL };
	REPORT_AUTO_EVENT to = { .json = NULL };

	SP_TRY(report_event_read(&from, first, err));
	SP_TRY(report_event_read(&to, last, err));
	report_document_time(from.at, out);
	sp_buf_text(out, "  to\n");
	report_document_time(to.at, out);
	return SP_OK;
}

static enum sp_code
the_system(
    struct report_sheet *s, const struct report_dossier *d, struct sp_err *err)
{
	SP_AUTO_BUF made = sp_buf_new(TEXT_MAX);
	SP_AUTO_BUF when = sp_buf_new(TEXT_MAX);
	SP_AUTO_BUF ori = sp_buf_new(TEXT_MAX);
	SP_AUTO_BUF by = sp_buf_new(TEXT_MAX);

	report_document_time(report_dossier_text(d->head, "made"), &made);
	SP_TRY(period(d, &when, err));
	sp_buf_fmt(&ori, "ORI %s, %s", report_dossier_text(d->head, "ori"),
	    report_dossier_text(d->head, "state"));
	sp_buf_fmt(&by, "by order of the holder of access token %s (role: %s)",
	    report_dossier_text(d->head, "by"),
	    report_dossier_text(d->head, "role"));
	report_sheet_heading(s, "A1. The system and the package");
	report_document_given(s, "Agency",
	    report_dossier_text(d->head, "agency"), sp_buf_str(&ori));
	report_document_fact(s, "System",
	    &(struct report_run){ REPORT_VALUE, "Sallyport " SP_VERSION },
	    "digital evidence system; the version that made the package and "
	    "this form");
	report_document_fact(s, "Package",
	    &(struct report_run){
		REPORT_CODE, report_dossier_text(d->head, "bag") },
	    "External-Identifier in the package’s bag-info.txt");
	report_document_fact(s, "Made",
	    &(struct report_run){ REPORT_VALUE, sp_buf_str(&made) },
	    sp_buf_str(&by));
	report_document_fact(s, "Period",
	    &(struct report_run){ REPORT_VALUE, sp_buf_str(&when) },
	    "of the records in the package: first and last entry about any of "
	    "the files");
	return SP_OK;
}

static void
the_process(struct report_sheet *s)
{
	static const char *const steps[] = {
		"Reception. A file is sent to the system over an encrypted "
		"connection (TLS) by a device or person that holds an access "
		"token of the agency. While the bytes arrive, the system "
		"computes their SHA-256 value (FIPS 180-4). Where the sender "
		"has computed a value before sending, the system compares the "
		"two and refuses the file when they differ.",
		"Sealing. The file is encrypted as it arrives, in segments, "
		"with AES-256-GCM under a key of its own that is bound to the "
		"agency and the item. Any later change to what is stored is "
		"found when it is read, and then recorded; a changed segment "
		"is never given out. The original is not changed by any "
		"function of the system.",
		"Recording. The reception, with the SHA-256 value and the "
		"size, "
		"every opening, every copying out, and every refused attempt "
		"of a known user is an entry in the agency’s log. The entry is "
		"stored durably before the content is given out. Its time is "
		"that of the server’s clock.",
		"The log. The entries are the leaves of a Merkle tree (RFC "
		"6962) that can only be added to. Its state (checkpoint) is "
		"signed (Ed25519) by a separate process that alone holds the "
		"key, signs one state only for any one length of the log, and "
		"never signs a shorter one than its last.",
		"This package. Each file was decrypted out of the storage, its "
		"integrity tags checked, and its SHA-256 value computed again "
		"while it was copied. A package in which one of them differs "
		"from the value recorded at reception is not completed.",
	};

	report_sheet_heading(s, "A2. The process");
	for (size_t i = 0; i < SP_COUNTOF(steps); i++) {
		char mark[8];

		(void)snprintf(mark, sizeof(mark), "%zu.", i + 1);
		report_sheet_item(s, mark, REPORT_BODY, steps[i]);
	}
}

static const struct report_column columns[] = {
	{ "No.", 0.07 },
	{ "File", 0.33 },
	{ "SHA-256 of the original and of the copy", 0.36 },
	{ "Received (UTC)", 0.24 },
};

struct texts {
	struct sp_buf name, size, sum, entry, no;
};

static void
texts_done(struct texts *t)
{
	struct sp_buf *all[] = { &t->name, &t->size, &t->sum, &t->entry,
		&t->no };

	for (size_t i = 0; i < SP_COUNTOF(all); i++)
		sp_buf_free(all[i]);
}

static void
put_file(struct report_sheet *s, const json_t *item, size_t no)
{
	const struct report_text_rule rule = report_sheet_rule(s);
	const char *name = report_dossier_text(item, "filename");
	const struct report_words_time at =
	    report_words_time(report_dossier_text(item, "received_at"));
	SP_CLEANUP(texts_done)
	struct texts t = { sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX),
		sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX),
		sp_buf_new(TEXT_MAX) };

	report_text_number(no, &t.no);
	report_text_show(&rule, name, strlen(name), &t.name);
	report_text_number(report_dossier_number(item, "size"), &t.size);
	sp_buf_text(&t.size, " bytes");
	report_text_groups(report_dossier_text(item, "sha256"), 8, 4, &t.sum);
	sp_buf_text(&t.entry, "entry ");
	report_text_number(report_dossier_number(item, "entry"), &t.entry);
	sp_buf_text(&t.entry, " of the log");
	const struct report_cell row[SP_COUNTOF(columns)] = {
		{ { { REPORT_CELL, sp_buf_str(&t.no) } } },
		{ { { REPORT_STRONG, sp_buf_str(&t.name) },
		    { REPORT_FINE, report_dossier_text(item, "id") },
		    { REPORT_SMALL, sp_buf_str(&t.size) } } },
		{ { { REPORT_FINE, sp_buf_str(&t.sum) } } },
		{ { { REPORT_CELL, at.date }, { REPORT_CELL, at.clock },
		    { REPORT_SMALL, sp_buf_str(&t.entry) } } },
	};

	report_sheet_row(s, row);
}

static void
the_files(struct report_sheet *s, const struct report_dossier *d)
{
	report_sheet_heading(s, "A3. The files and their SHA-256 values");
	report_sheet_text(s, REPORT_BODY,
	    "Each value was computed by the agency’s system when it received "
	    "the file, at the time given here, and recorded in the entry of "
	    "the log given here. It was computed again by Sallyport " SP_VERSION
	    " while the file was copied into the package, and was the same.");
	report_sheet_table(s, columns, SP_COUNTOF(columns));
	for (size_t i = 0; i < d->items; i++)
		put_file(s, d->item[i].json, i + 1);
	report_sheet_table_end(s);
}

/* --- B --- */

static void
who(struct report_sheet *s)
{
	static const struct report_blank person[] = {
		{ "Name", 0.5 },
		{ "Title or rank", 0.5 },
	};
	static const struct report_blank work[] = {
		{ "Agency or employer", 0.6 },
		{ "Years of experience with such systems", 0.4 },
	};

	report_sheet_text(s, REPORT_BODY, "I state as follows:");
	report_sheet_item(s, "1.", REPORT_BODY,
	    "I am the person named here. By my training and experience I know "
	    "the system and the process described in part A, and I am "
	    "qualified to make this certification.");
	report_sheet_blanks(s, person, SP_COUNTOF(person));
	report_sheet_blanks(s, work, SP_COUNTOF(work));
}

static void
what(struct report_sheet *s)
{
	static const struct report_blank basis[] = {
		{ "How I know, and any exceptions", 1.0 },
	};
	static const struct report_blank check[] = {
		{ "Date of the check", 0.24 },
		{ "Program and version", 0.38 },
		{ "Result, and any exceptions", 0.38 },
	};

	report_sheet_item(s, BOX, REPORT_BODY,
	    "Rule 902(13), records. The records in the package (the entries "
	    "of the log below custody/, and the custody reports made from "
	    "them) were generated by the electronic process described in "
	    "part A2, in the regular course of the agency’s work. That process "
	    "produces an accurate result.");
	report_sheet_blanks(s, basis, SP_COUNTOF(basis));
	report_sheet_item(s, BOX, REPORT_BODY,
	    "Rule 902(14), copies. The files listed in part A3 are copies of "
	    "data held in the agency’s system. I compared them, or had them "
	    "compared under my direction, by a process of digital "
	    "identification: the SHA-256 value of each file in the package is "
	    "the same as the value recorded when the original was received.");
	report_sheet_blanks(s, check, SP_COUNTOF(check));
	report_sheet_text(s, REPORT_SMALL,
	    "Tick what applies. To compare: “sallyport verify --key KEY "
	    "PACKAGE” checks every file, entry and signature at once; "
	    "“sha256sum -c manifest-sha256.txt”, run inside the package, "
	    "checks the files with a public tool.");
}

static void
signature(struct report_sheet *s)
{
	static const struct report_blank executed[] = {
		{ "Executed on (date)", 0.36 },
		{ "at (city and state)", 0.64 },
	};
	static const struct report_blank hand[] = {
		{ "Signature", 0.6 },
		{ "Name in print", 0.4 },
	};

	report_sheet_keep(s, 150.0);
	report_sheet_gap(s, 6.0);
	report_sheet_text(s, REPORT_LEAD,
	    "I declare under penalty of perjury under the laws of the United "
	    "States of America that the foregoing is true and correct.");
	report_sheet_blanks(s, executed, SP_COUNTOF(executed));
	report_sheet_gap(s, 8.0);
	report_sheet_blanks(s, hand, SP_COUNTOF(hand));
}

enum sp_code
report_document_certification(
    struct report_sheet *s, const struct report_dossier *d, struct sp_err *err)
{
	introduce(s);
	report_sheet_part(s, "Part A. By the system");
	SP_TRY(the_system(s, d, err));
	the_process(s);
	the_files(s, d);
	report_sheet_heading(s, "A4. The checkpoint of the log");
	report_document_checkpoint(s, d);
	report_sheet_break(s);
	report_sheet_part(s, "Part B. By the person who certifies");
	who(s);
	what(s);
	signature(s);
	return SP_OK;
}
