#include "report/document.h"
#include "report/words.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)

static void
introduce(struct report_sheet *s, const struct report_dossier *d)
{
	const struct report_text_rule rule = report_sheet_rule(s);
	const char *name = report_dossier_text(d->head, "agency");
	SP_AUTO_BUF agency = sp_buf_new(TEXT_MAX);

	report_text_show(&rule, name, strlen(name), &agency);
	report_sheet_title(s, "Custody report");
	report_document_say(s, REPORT_LEAD,
	    "What the digital evidence system of the %s (ORI %s, %s) holds "
	    "about one item of evidence, and everything that its log records "
	    "as done with it.",
	    sp_buf_str(&agency), report_dossier_text(d->head, "ori"),
	    report_dossier_text(d->head, "state"));
	report_document_say(s, REPORT_SMALL,
	    "Made for the holder of access token %s (role: %s). Times are in "
	    "Coordinated Universal Time (UTC).",
	    report_dossier_text(d->head, "by"),
	    report_dossier_text(d->head, "role"));
}

/* --- 1 --- */

static void
what_it_is(struct report_sheet *s, const json_t *item)
{
	SP_AUTO_BUF size = sp_buf_new(TEXT_MAX);
	uint64_t bytes = report_dossier_number(item, "size");

	report_text_number(bytes, &size);
	sp_buf_text(&size, bytes == 1 ? " byte" : " bytes");
	if (bytes >= 1000) {
		sp_buf_text(&size, " (");
		report_text_size(bytes, &size);
		sp_buf_text(&size, ")");
	}
	report_document_given(
	    s, "File name", report_dossier_text(item, "filename"), NULL);
	report_document_given(
	    s, "Title", report_dossier_text(item, "title"), NULL);
	report_document_fact(s, "Evidence id",
	    &(struct report_run){
		REPORT_CODE, report_dossier_text(item, "id") },
	    NULL);
	report_document_fact(s, "Size",
	    &(struct report_run){ REPORT_VALUE, sp_buf_str(&size) }, NULL);
	report_document_given(s, "Media type",
	    report_dossier_text(item, "media_type"), "as its sender said");
	report_document_given(
	    s, "Category", report_dossier_text(item, "category"), NULL);
}

static void
where_it_is_from(struct report_sheet *s, const json_t *item)
{
	static const char claim[] =
	    "as the device or its user said; the system cannot check it";
	SP_AUTO_BUF received = sp_buf_new(TEXT_MAX);
	SP_AUTO_BUF entry = sp_buf_new(TEXT_MAX);
	uint64_t index = report_dossier_number(item, "entry");

	report_document_time(
	    report_dossier_text(item, "received_at"), &received);
	sp_buf_text(&entry, "by the clock of the agency’s server; entry ");
	report_text_number(index, &entry);
	sp_buf_text(&entry, " of the log");
	report_document_given(
	    s, "Captured at", report_dossier_text(item, "captured_at"), claim);
	report_document_given(
	    s, "Device", report_dossier_text(item, "device"), claim);
	report_document_fact(s, "Received",
	    &(struct report_run){ REPORT_VALUE, sp_buf_str(&received) },
	    sp_buf_str(&entry));
	report_document_fact(s, "Sent by",
	    &(struct report_run){
		REPORT_CODE, report_dossier_text(item, "uploaded_by") },
	    "id of the access token that sent it");
}

/* Members that only this agency knows the meaning of. */
static void
what_else(struct report_sheet *s, const json_t *item)
{
	json_t *extra = json_object_get(item, "extra");
	const char *name;
	json_t *value;

	/* The label says whose word it is: a name of the sender's choice could
	 * read like one of ours. */
	json_object_foreach(extra, name, value)
	{
		SP_AUTO_BUF label = sp_buf_new(TEXT_MAX);

		sp_buf_fmt(&label, "Sent along: %s", name);
		report_document_given(s, sp_buf_str(&label),
		    json_string_value(value),
		    "name and value are the sender's, and were not checked");
	}
}

static void
which_others(struct report_sheet *s, const json_t *item)
{
	const json_t *same = json_object_get(item, "same_content");
	SP_AUTO_BUF ids = sp_buf_new(TEXT_MAX);

	for (size_t i = 0; i < json_array_size(same); i++)
		sp_buf_fmt(&ids, "%s%s", i == 0 ? "" : "\n",
		    json_string_value(json_array_get(same, i)));
	if (ids.len > 0)
		report_document_fact(s, "Same content",
		    &(struct report_run){ REPORT_CODE, sp_buf_str(&ids) },
		    "other items with the same SHA-256 value");
}

static void
how_it_is(struct report_sheet *s, const json_t *item)
{
	bool sealed = strcmp(report_dossier_text(item, "state"), "sealed") == 0;
	const struct report_run state = { sealed ? REPORT_VALUE : REPORT_LABEL,
		sealed ? "Sealed: no check of the stored content has failed"
		       : "CORRUPT: a check of the stored content has failed" };
	SP_AUTO_BUF sum = sp_buf_new(TEXT_MAX);

	report_text_groups(report_dossier_text(item, "sha256"), 8, 4, &sum);
	report_document_fact(s, "State", &state,
	    sealed ? NULL : "see “evidence.corrupt” in section 2");
	report_document_fact(s, "SHA-256 of the original",
	    &(struct report_run){ REPORT_HASH, sp_buf_str(&sum) }, NULL);
}

static void
section_item(struct report_sheet *s, const json_t *item)
{
	SP_AUTO_BUF entry = sp_buf_new(TEXT_MAX);

	report_text_number(report_dossier_number(item, "entry"), &entry);
	report_sheet_heading(s, "1. The item");
	what_it_is(s, item);
	where_it_is_from(s, item);
	what_else(s, item);
	which_others(s, item);
	how_it_is(s, item);
	report_sheet_gap(s, 10.0);
	report_document_say(s, REPORT_BODY,
	    "The SHA-256 value is the fingerprint of the original: whoever "
	    "changes a single bit of the file gets another value. The system "
	    "computed it from the bytes as they arrived and recorded it in "
	    "entry %s of the agency’s log, before the item could be opened. "
	    "An original is never changed; what is made from it (a clip, a "
	    "redaction) is an item of its own.",
	    sp_buf_str(&entry));
	report_document_say(s, REPORT_SMALL,
	    "In names and texts given from outside, characters that cannot be "
	    "seen or would change what stands beside them are written as their "
	    "Unicode numbers, for example ‹U+202E›.");
}

/* --- 2 --- */

static const struct report_column columns[] = {
	{ "Entry", 0.085 },
	{ "Time (UTC)", 0.165 },
	{ "What happened", 0.32 },
	{ "By whom, and from where", 0.33 },
	{ "Outcome", 0.10 },
};

struct texts {
	struct sp_buf index, detail, from, who;
};

static void
texts_done(struct texts *t)
{
	sp_buf_free(&t->index);
	sp_buf_free(&t->detail);
	sp_buf_free(&t->from);
	sp_buf_free(&t->who);
}

static void
put_row(
    struct report_sheet *s, const struct report_event *e, const json_t *actors)
{
	const char *name = report_dossier_text(actors, e->actor_id);
	const struct report_text_rule rule = report_sheet_rule(s);
	const struct report_words_time at = report_words_time(e->at);
	SP_CLEANUP(texts_done)
	struct texts t = { sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX),
		sp_buf_new(TEXT_MAX), sp_buf_new(TEXT_MAX) };
	enum report_style outcome =
	    report_words_unusual(e->outcome) ? REPORT_STRONG : REPORT_CELL;

	report_text_number(e->index, &t.index);
	sp_buf_fmt(&t.who, "%s%s%s", report_words_actor(e->actor_kind),
	    name[0] == '\0' ? "" : ": ", name);
	report_words_detail(e, &rule, &t.detail);
	if (e->address != NULL)
		sp_buf_fmt(&t.from, "from %s (%s)", e->address, e->source);
	else
		sp_buf_text(&t.from, report_words_source(e->source));
	const struct report_cell row[SP_COUNTOF(columns)] = {
		{ { { REPORT_CELL, sp_buf_str(&t.index) } } },
		{ { { REPORT_CELL, at.date }, { REPORT_CELL, at.clock } } },
		{ { { outcome, report_words_act(e->act) },
		    { REPORT_SMALL, sp_buf_str(&t.detail) },
		    { REPORT_FINE, e->act } } },
		{ { { REPORT_CELL, sp_buf_str(&t.who) },
		    { REPORT_FINE, e->actor_id },
		    { REPORT_SMALL, sp_buf_str(&t.from) } } },
		{ { { outcome, report_words_outcome(e->outcome) } } },
	};

	report_sheet_row(s, row);
}

static enum sp_code
section_events(struct report_sheet *s, const struct report_dossier *d,
    const struct report_item *item, struct sp_err *err)
{
	SP_AUTO_BUF n = sp_buf_new(TEXT_MAX);
	SP_AUTO_BUF size = sp_buf_new(TEXT_MAX);

	report_text_number(item->entries, &n);
	report_text_number(d->size, &size);
	report_sheet_heading(s, "2. What was done with it");
	report_document_say(s, REPORT_BODY,
	    "Of the %s entries that the agency’s log held when this report was "
	    "made, %s %s about this item. All of them follow, in the order of "
	    "the log. Times are those of the agency’s server.",
	    sp_buf_str(&size), sp_buf_str(&n),
	    item->entries == 1 ? "is" : "are");
	report_sheet_table(s, columns, SP_COUNTOF(columns));
	for (size_t i = 0; i < item->n; i++) {
		REPORT_AUTO_EVENT e = { .json = NULL };

		SP_TRY(report_event_read(&e, &d->entry[item->first + i], err));
		put_row(s, &e, json_object_get(item->json, "actors"));
	}
	report_sheet_table_end(s);
	report_document_say(s, REPORT_SMALL,
	    "Who did it is named by an id, as the log has it; a name beside it "
	    "is what the agency’s records call it, and is no part of the log. "
	    "The words in another letter (evidence.sealed) are those of the "
	    "log.");
	return SP_OK;
}

/* --- 3 and 4 --- */

static void
section_checks(struct report_sheet *s)
{
	report_sheet_heading(s, "3. How this can be checked");
	report_sheet_text(s, REPORT_BODY,
	    "This report is made for reading. It is not signed, and a file "
	    "like it can be made by anybody. What it tells can be checked "
	    "without trusting it, the agency or the maker of the system:");
	report_sheet_item(s, "1.", REPORT_BODY,
	    "The file. Compute the SHA-256 value of the copy at hand and "
	    "compare it with the one in section 1. If they are the same, the "
	    "copy is the original, bit for bit.");
	report_sheet_code(s, REPORT_CODE,
	    "Linux:    sha256sum FILE\n"
	    "macOS:    shasum -a 256 FILE\n"
	    "Windows:  certutil -hashfile FILE SHA256");
	report_sheet_item(s, "2.", REPORT_BODY,
	    "The events. The agency can give out a package of this item (a "
	    "“bag”). It holds the original, every entry word for word, and for "
	    "each entry a proof that it is in the log. To check it takes "
	    "neither a network nor an account: open the page verify.html, "
	    "which is in the package, in a browser, or run");
	report_sheet_code(s, REPORT_CODE, "sallyport verify PACKAGE");
	report_sheet_item(s, "3.", REPORT_BODY,
	    "The log. It can only be added to: the root in section 4 fixes "
	    "every entry in it, and its signature is the agency’s. Ask the "
	    "agency for the key of its log by another way than this report "
	    "came, compare it with section 4, and insist on it:");
	report_sheet_code(s, REPORT_CODE, "sallyport verify --key KEY PACKAGE");
	report_sheet_gap(s, 4.0);
	report_sheet_text(s, REPORT_BODY,
	    "What none of this shows: what happened before the item was "
	    "received, whether the clock of a device was right, who held an "
	    "access token in his or her hand, and what becomes of copies that "
	    "were given out.");
}

enum sp_code
report_document_custody(
    struct report_sheet *s, const struct report_dossier *d, struct sp_err *err)
{
	introduce(s, d);
	section_item(s, d->item[0].json);
	SP_TRY(section_events(s, d, &d->item[0], err));
	section_checks(s);
	report_sheet_heading(s, "4. The checkpoint that this rests on");
	report_document_checkpoint(s, d);
	return SP_OK;
}
