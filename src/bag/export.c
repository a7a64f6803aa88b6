#include "bag/export.h"

#include "bag/page.h"
#include "bag/proof.h"
#include "crypto/stream.h"
#include "report/gather.h"

#include <stdlib.h>
#include <string.h>

/* Indices of entries taken from the database at once. */
#define PAGE 256

struct item {
	struct sp_id id;
	struct gate_pass *pass;
	struct evidence_content content;
	char path[BAG_PATH_MAX + 1]; /* of its file in the bag */
};

struct bag_export {
	struct evidence_room *room;
	struct sp_id id; /* of the bag */
	struct gate_caller who;
	struct gate_pass *show;     /* all evidence */
	struct report_press *press; /* NULL: none, or given up */
	size_t unset;               /* documents */
	enum bag_format format;
	sp_time made;
	char name[BAG_EXPORT_NAME];
	struct item *item;
	size_t n;
	struct bag_proof proof;
	struct bag_vouched vouched;
	uint8_t block[CRYPTO_STREAM_SEGMENT];
};

void
bag_export_free(struct bag_export *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->n; i++)
		gate_pass_unref(x->item[i].pass);
	gate_pass_unref(x->show);
	free(x->item);
	bag_proof_done(&x->proof);
	bag_vouched_free(&x->vouched);
	free(x);
}

const char *
bag_export_name(const struct bag_export *x)
{
	return x->name;
}

size_t
bag_export_unset(const struct bag_export *x)
{
	return x->unset;
}

/* --- beginning: everything that can be refused --- */

static enum sp_code
check_wish(const struct bag_export_wish *wish, struct sp_err *err)
{
	if (wish->n == 0 || wish->n > BAG_EXPORT_ITEMS)
		return sp_fail_as(err, SP_E_INVALID, "export.items",
		    "1 to %d items go into a bag", BAG_EXPORT_ITEMS);
	for (size_t i = 0; i < wish->n; i++)
		for (size_t j = 0; j < i; j++)
			if (sp_id_equal(&wish->id[i], &wish->id[j]))
				return sp_fail_as(err, SP_E_INVALID,
				    "export.items", "an item is named twice");
	return SP_OK;
}

/* "miami-20261121T184544Z": safe on every system, sorts by time. */
static void
make_name(struct bag_export *x)
{
	const char *slug = evidence_room_agency(x->room)->slug;
	char text[SP_TIME_TEXT], stamp[20];
	size_t n = 0;

	sp_time_text(x->made, text);
	for (const char *c = text; *c != '\0' && *c != '.'; c++)
		if (*c != '-' && *c != ':')
			stamp[n++] = *c;
	stamp[n] = '\0';
	(void)snprintf(x->name, sizeof(x->name), "%s-%sZ", slug, stamp);
}

/* What is asked for is there, and its name can stand in a path. */
static enum sp_code
load_item(struct bag_export *x, struct item *item, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(BAG_PATH_MAX);
	char id[SP_ID_TEXT];

	SP_TRY(evidence_content_head(
	    x->room, x->show, &item->id, &item->content, err));
	sp_id_text(&item->id, id);
	sp_buf_fmt(&path, "data/%s/", id);
	bag_path_name(item->content.filename, &path);
	if (!sp_buf_ok(&path) || !bag_path_ok(sp_buf_str(&path), path.len))
		return sp_fail(err, SP_E_CORRUPT,
		    "the recorded name of %s is not one", id);
	memcpy(item->path, sp_buf_str(&path), path.len + 1);
	return SP_OK;
}

static enum sp_code
admit_items(struct bag_export *x, const struct bag_export_wish *wish,
    struct sp_err *err)
{
	struct gate *gate = evidence_room_gate(x->room);
	struct gate_object on = { .kind = "evidence" };

	/* All of them are there before any is recorded as exported. */
	SP_TRY(gate_admit(gate, wish->who, GATE_SHOW, &on, &x->show, err));
	for (size_t i = 0; i < wish->n; i++) {
		x->item[i].id = wish->id[i];
		SP_TRY(load_item(x, &x->item[i], err));
	}
	for (size_t i = 0; i < wish->n; i++) {
		on.id = wish->id[i];
		SP_TRY(gate_admit(
		    gate, wish->who, GATE_EXPORT, &on, &x->item[i].pass, err));
	}
	return SP_OK;
}

/* A page of the indices of an item's entries from `from` on, up to the
 * checkpoint.  A reader is held only for that: the sink may be slow. */
static enum sp_code
entries_page(struct bag_export *x, const struct item *item, uint64_t from,
    uint64_t index[static PAGE], size_t *n, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(x->room));

	SP_TRY(ledger_log_about(evidence_room_log(x->room), reader.db,
	    &item->id, from, index, PAGE, n, err));
	while (*n > 0 && index[*n - 1] >= x->proof.checkpoint.size)
		--*n;
	return SP_OK;
}

/* Calls `visit` for each entry about the item, in their order. */
static enum sp_code
each_entry(struct bag_export *x, const struct item *item,
    enum sp_code (*visit)(
	void *arg, const struct item *item, uint64_t index, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	uint64_t index[PAGE], from = 0;
	size_t n = 0;

	do {
		SP_TRY(entries_page(x, item, from, index, &n, err));
		for (size_t i = 0; i < n; i++)
			SP_TRY(visit(arg, item, index[i], err));
		if (n > 0)
			from = index[n - 1] + 1;
	} while (n > 0);
	return SP_OK;
}

static enum sp_code
count_entry(
    void *arg, const struct item *item, uint64_t index, struct sp_err *err)
{
	uint64_t *n = arg;

	(void)item;
	(void)index;
	if (++*n > BAG_EXPORT_ENTRIES)
		return sp_fail_as(err, SP_E_LIMIT, "export.entries",
		    "more than %d custody entries: export fewer items",
		    BAG_EXPORT_ENTRIES);
	return SP_OK;
}

static enum sp_code
begin(struct bag_export *x, const struct bag_export_wish *wish,
    struct sp_err *err)
{
	uint64_t entries = 0;

	SP_TRY(admit_items(x, wish, err));
	SP_TRY(bag_proof_open(&x->proof, evidence_room_log(x->room), err));
	for (size_t i = 0; i < x->n; i++)
		SP_TRY(each_entry(x, &x->item[i], count_entry, &entries, err));
	return SP_OK;
}

enum sp_code
bag_export_begin(struct bag_export **out, struct evidence_room *r,
    const struct bag_export_wish *wish, struct sp_err *err)
{
	BAG_AUTO_EXPORT x = NULL;

	SP_TRY(check_wish(wish, err));
	x = calloc(1, sizeof(*x));
	if (x != NULL)
		x->item = calloc(wish->n, sizeof(*x->item));
	if (x == NULL || x->item == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for an export");
	x->room = r;
	x->id = sp_id_new();
	x->who = *wish->who;
	x->press = wish->press;
	x->format = wish->format;
	x->n = wish->n;
	if (wish->vouched != NULL) {
		x->vouched = *wish->vouched;
		*wish->vouched = bag_vouched_new();
	}
	SP_TRY(begin(x, wish, err));
	/* After all that it tells of. */
	x->made = sp_now();
	make_name(x);
	*out = SP_STEAL(x);
	return SP_OK;
}

/* --- tag files --- */

static enum sp_code
put_text(struct bag_write *w, const char *path, const struct sp_buf *text,
    struct sp_err *err)
{
	SP_TRY(sp_buf_check(text, path, err));
	return bag_write_tag(w, path, sp_buf_str(text), text->len, err);
}

/* RFC 8493 2.2.2. */
static enum sp_code
put_info(struct bag_export *x, struct bag_write *w, struct sp_err *err)
{
	const struct people_agency *a = evidence_room_agency(x->room);
	SP_AUTO_BUF text = sp_buf_new(BAG_TAG_MAX);
	char id[SP_ID_TEXT], by[SP_ID_TEXT], made[SP_TIME_TEXT];
	struct sp_id actor;
	uint64_t octets = 0;

	for (size_t i = 0; i < x->n; i++)
		octets += x->item[i].content.size;
	sp_id_text(&x->id, id);
	actor = gate_caller_actor(&x->who, NULL);
	sp_id_text(&actor, by);
	sp_time_text(x->made, made);
	sp_buf_fmt(&text, "Source-Organization: %s\n", a->name);
	sp_buf_fmt(&text, "External-Identifier: urn:uuid:%s\n", id);
	sp_buf_fmt(&text,
	    "External-Description: Digital evidence with its custody record "
	    "(ORI %s)\n",
	    a->ori);
	sp_buf_fmt(&text,
	    "Internal-Sender-Description: Exported at %s with token %s\n", made,
	    by);
	sp_buf_fmt(&text, "Bagging-Date: %.10s\n", made);
	sp_buf_text(&text, "Bag-Software-Agent: Sallyport " SP_VERSION "\n");
	sp_buf_fmt(&text, "Payload-Oxum: %ju.%zu\n", (uintmax_t)octets, x->n);
	return put_text(w, "bag-info.txt", &text, err);
}

static const char readme_what[] =
    "WHAT THIS IS\n"
    "\n"
    "Digital evidence, exported from the evidence store of the agency named\n"
    "above, together with the record of who has had access to it (custody)\n"
    "and the means to check both without asking the agency, the maker of the\n"
    "software, or anyone else.\n"
    "\n"
    "  data/        the evidence itself, each item in a folder of its own,\n"
    "               bit for bit as it was taken in\n"
    "  custody/     for each item, the entries of the agency's log about it:\n"
    "               taken in (\"evidence.sealed\"), opened, exported, ...\n"
    "               Each is a .json file that any text editor shows; the\n"
    "               .tlog-proof beside it proves that it is in the log.\n"
    "               report.pdf tells the same for reading and printing.\n"
    "  certification.pdf\n"
    "               a form for a qualified person to complete and to sign\n"
    "               (Federal Rules of Evidence 902(13) and 902(14))\n"
    "  verify.html  a page for any web browser that checks all of this and\n"
    "               says in plain words what it finds; it needs no network\n"
    "  log/         the key that the agency's log is signed with, and the\n"
    "               signed state (\"checkpoint\") that all proofs rest on;\n"
    "               where others vouch for the log, an earlier state that\n"
    "               witnesses signed too (\"cosigned\"), and one with a\n"
    "               time authority's stamp (\"timestamped\")\n"
    "  *manifest-*  the fingerprints (hashes) of all files in this package\n"
    "\n"
    "The files open with the programs that usually open files of their kind.\n"
    "Working copies may be made freely; check again the copy that you rely\n"
    "on.\n"
    "\n"
    "HOW TO CHECK IT\n"
    "\n"
    "1. That no file has changed since the package was made.  In the folder\n"
    "   of this file:\n"
    "\n"
    "     Linux:    sha256sum -c manifest-sha256.txt\n"
    "               sha256sum -c tagmanifest-sha256.txt\n"
    "     macOS:    shasum -a 256 -c manifest-sha256.txt\n"
    "     Windows:  certutil -hashfile <file> SHA256\n"
    "               and compare with the line in manifest-sha256.txt\n"
    "\n"
    "   (A percent sign in a file's name is written %25 in these lists, as\n"
    "   the standard asks; such a file is then compared by hand.)\n"
    "   This shows accidents and careless changes.  It does not show who\n"
    "   made the package: whoever changes a file can change the lists too.\n"
    "\n"
    "2. That the evidence is what the agency took in, and when.  Open\n"
    "   verify.html in a web browser and drop the package on it, as received\n"
    "   or unpacked.  Or with the program \"sallyport\", which makes the same\n"
    "   checks; neither needs a network or an account:\n"
    "\n"
    "     sallyport verify <package>\n"
    "\n"
    "   This proves, for each item, that its exact content is recorded as\n"
    "   sealed in the agency's log, and that every custody entry in the\n"
    "   package is in that log word for word.\n"
    "\n"
    "   Whoever can change a package can put a false page beside it: where it\n"
    "   matters, use a page or program that you did not get with the package.\n"
    "   Any copy of either checks any package.\n"
    "\n"
    "3. That it is the agency's log.  The key is printed above and is in\n"
    "   log/key.  Ask the agency for its key by another way than this\n"
    "   package came (its web site, a letter, a call) and give it to the\n"
    "   page, or to the program:\n"
    "\n"
    "     sallyport verify --key <key> <package>\n"
    "\n"
    "4. That there is no second log, kept for others.  Witnesses sign the\n"
    "   states of the log that they have seen, and see that each continues\n"
    "   the one before; a time authority stamps them.  With their keys, got\n"
    "   from them and not from the agency:\n"
    "\n"
    "     sallyport verify --key <key> --witness <key> --authority <ca.pem> "
    "\\\n"
    "       <package>\n"
    "     openssl ts -verify -in log/timestamp.tsr -data log/timestamped \\\n"
    "       -CAfile <ca.pem>\n"
    "\n"
    "   The forms are public standards: BagIt (RFC 8493), and signed notes,\n"
    "   tlog-checkpoint and tlog-proof (c2sp.org).  Anyone's program that\n"
    "   reads them can take the place of \"sallyport\".\n";

static const char readme_limits[] =
    "\n"
    "WHAT THIS DOES NOT PROVE\n"
    "\n"
    "- What happened before an item was taken in: whether a recording shows\n"
    "  what it seems to show, or a device's clock was right.  Times in the\n"
    "  entries are those of the agency's server.\n"
    "- That no entry was left out of this package.  What is here is in the\n"
    "  log; whether there is more about an item, the log itself answers\n"
    "  (\"sallyport log check\", or an audit of the agency's log).\n"
    "- What became of copies that were given out, this package included.\n"
    "- That the documents (report.pdf, certification.pdf) say what the "
    "entries\n"
    "  say.  They are made for reading; what is proven are the entries.\n";

static void
describe_item(const struct item *item, struct sp_buf *text)
{
	char id[SP_ID_TEXT], received[SP_TIME_TEXT], hex[65];

	sp_id_text(&item->id, id);
	sp_time_text(item->content.received, received);
	memcpy(hex, item->content.etag + 1, 64); /* between its quotes */
	hex[64] = '\0';
	sp_buf_fmt(text,
	    "  %s\n    item %s\n    %ju bytes, received %s\n    SHA-256 %s\n",
	    item->content.filename, id, (uintmax_t)item->content.size, received,
	    hex);
}

static enum sp_code
put_readme(struct bag_export *x, struct bag_write *w, struct sp_err *err)
{
	const struct people_agency *a = evidence_room_agency(x->room);
	SP_AUTO_BUF text = sp_buf_new(BAG_TAG_MAX);
	char made[SP_TIME_TEXT];

	sp_time_text(x->made, made);
	sp_buf_fmt(&text, "DIGITAL EVIDENCE\n\nfrom      %s (ORI %s, %s)\n",
	    a->name, a->ori, a->state);
	sp_buf_fmt(&text, "made      %s (UTC)\nlog       %s\nkey       ", made,
	    a->vkey.name);
	ledger_vkey_text(ledger_log_vkey(evidence_room_log(x->room)), &text);
	sp_buf_fmt(&text, "\nitems     %zu, listed at the end\n\n", x->n);
	sp_buf_text(&text, readme_what);
	sp_buf_text(&text, readme_limits);
	sp_buf_text(&text, "\nITEMS\n\n");
	for (size_t i = 0; i < x->n; i++)
		describe_item(&x->item[i], &text);
	return put_text(w, "README.txt", &text, err);
}

static enum sp_code
put_log(struct bag_export *x, struct bag_write *w, struct sp_err *err)
{
	SP_AUTO_BUF key = sp_buf_new(BAG_TAG_MAX);

	ledger_vkey_text(ledger_log_vkey(evidence_room_log(x->room)), &key);
	sp_buf_text(&key, "\n");
	SP_TRY(put_text(w, "log/key", &key, err));
	SP_TRY(put_text(w, "log/checkpoint", &x->proof.note, err));
	return bag_vouched_put(&x->proof, &x->vouched, w, err);
}

/* --- documents --- */

/* NOLINTNEXTLINE(misc-redundant-expression): two rooms' numbers, one value */
_Static_assert(REPORT_PDF_MAX == BAG_DOCUMENT_MAX, "a report fits into a bag");
_Static_assert(REPORT_ITEMS_MAX == BAG_EXPORT_ITEMS, "and a bag on a form");

/* A press that does not answer is not asked again for this bag. */
static void
give_up_on(struct bag_export *x, const struct sp_err *why)
{
	x->unset++;
	if (why->code == SP_E_UNAVAIL)
		x->press = NULL;
}

/* In the document's place: why it is not there. */
static enum sp_code
put_reason(struct bag_write *w, const char *path, const struct sp_err *why,
    struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(BAG_TAG_MAX);
	char instead[BAG_PATH_MAX + 1];

	(void)snprintf(instead, sizeof(instead), "%.*stxt",
	    (int)(strlen(path) - strlen("pdf")), path);
	sp_buf_fmt(&text,
	    "This document could not be made when the package was: %s.\n"
	    "Nothing is missing from the record itself, which is in "
	    "custody/.\n",
	    why->text);
	return put_text(w, instead, &text, err);
}

static struct report_order
order(struct bag_export *x)
{
	return (struct report_order){
		.room = x->room,
		.press = x->press,
		.paper = report_gather_paper(x->room),
		.made = x->made,
		.who = &x->who,
		.note = sp_buf_str(&x->proof.note),
		.size = x->proof.checkpoint.size,
		.bag = &x->id,
	};
}

/* The custody report of an item, or the certification of all (NULL). */
static enum sp_code
set(struct bag_export *x, const struct item *item, struct sp_buf *pdf,
    struct sp_err *err)
{
	const struct report_order o = order(x);
	const struct sp_id *id[BAG_EXPORT_ITEMS];

	if (x->press == NULL)
		return sp_fail(
		    err, SP_E_UNAVAIL, "the press that sets reports is away");
	if (item != NULL)
		return report_gather_custody(&o, x->show, &item->id, pdf, err);
	for (size_t i = 0; i < x->n; i++)
		id[i] = &x->item[i].id;
	return report_gather_certification(&o, x->show, id, x->n, pdf, err);
}

static enum sp_code
put_document(struct bag_export *x, struct bag_write *w, const struct item *item,
    const char *path, struct sp_err *err)
{
	SP_AUTO_BUF pdf = sp_buf_new(BAG_DOCUMENT_MAX);
	struct sp_err why;

	if (set(x, item, &pdf, &why) == SP_OK)
		return bag_write_tag(w, path, pdf.at, pdf.len, err);
	give_up_on(x, &why);
	return put_reason(w, path, &why, err);
}

/* What a reader should meet first. */
static enum sp_code
put_head(struct bag_export *x, struct bag_write *w, struct sp_err *err)
{
	SP_TRY(put_info(x, w, err));
	SP_TRY(put_readme(x, w, err));
	SP_TRY(put_document(x, w, NULL, "certification.pdf", err));
	SP_TRY(bag_write_tag(w, "verify.html", bag_page, bag_page_len, err));
	return put_log(x, w, err);
}

/* --- evidence and custody --- */

static enum sp_code
stream_item(struct bag_export *x, struct evidence_reader *rd,
    struct bag_write *w, uint64_t size, struct sp_err *err)
{
	uint64_t at = 0;

	evidence_reader_ahead(rd, size);
	/* A segment of the sealed object at a time: each is opened once. */
	while (at < size) {
		uint64_t len =
		    at == 0 ? CRYPTO_STREAM_FIRST : CRYPTO_STREAM_REST;

		if (len > size - at)
			len = size - at;
		SP_TRY(
		    evidence_reader_read(rd, at, x->block, (size_t)len, err));
		SP_TRY(bag_write_bytes(w, x->block, (size_t)len, err));
		at += len;
	}
	return SP_OK;
}

static void
reader_closep(struct evidence_reader **rd)
{
	evidence_reader_close(*rd);
}

static enum sp_code
put_item(struct bag_export *x, struct bag_write *w, struct item *item,
    struct sp_err *err)
{
	SP_CLEANUP(reader_closep) struct evidence_reader *rd = NULL;
	struct evidence_content now;
	uint8_t sum[CRYPTO_SHA256_LEN];

	SP_TRY(evidence_reader_open_for(
	    &rd, x->room, item->pass, &item->id, &now, err));
	SP_TRY(bag_write_payload(
	    w, item->path, item->content.size, item->content.received, err));
	SP_TRY(stream_item(x, rd, w, item->content.size, err));
	SP_TRY(bag_write_payload_end(w, sum, err));
	if (memcmp(sum, item->content.sha256, sizeof(sum)) != 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "the content of an item is not what was sealed");
	return SP_OK;
}

/* The entry's exact bytes; a reader is held only for that. */
static enum sp_code
entry_bytes(struct bag_export *x, uint64_t index, struct sp_buf *out,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(x->room));

	return ledger_log_entry(
	    evidence_room_log(x->room), reader.db, index, out, err);
}

struct custody {
	struct bag_export *x;
	struct bag_write *w;
};

static enum sp_code
put_entry(
    void *arg, const struct item *item, uint64_t index, struct sp_err *err)
{
	struct custody *c = arg;
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	SP_AUTO_BUF proof = sp_buf_new((size_t)2 * LEDGER_NOTE_MAX);
	char id[SP_ID_TEXT], path[BAG_PATH_MAX + 1];

	SP_TRY(entry_bytes(c->x, index, &entry, err));
	SP_TRY(bag_proof_of(&c->x->proof, index, &proof, err));
	sp_id_text(&item->id, id);
	(void)snprintf(
	    path, sizeof(path), "custody/%s/%ju.json", id, (uintmax_t)index);
	SP_TRY(put_text(c->w, path, &entry, err));
	(void)snprintf(path, sizeof(path), "custody/%s/%ju.tlog-proof", id,
	    (uintmax_t)index);
	return put_text(c->w, path, &proof, err);
}

static enum sp_code
put_custody(struct bag_export *x, struct bag_write *w, const struct item *item,
    struct sp_err *err)
{
	struct custody c = { x, w };
	const char *name = strrchr(item->path, '/') + 1;
	char id[SP_ID_TEXT], path[BAG_PATH_MAX + 1];

	SP_TRY(each_entry(x, item, put_entry, &c, err));
	sp_id_text(&item->id, id);
	(void)snprintf(path, sizeof(path), "custody/%s/report.pdf", id);
	SP_TRY(put_document(x, w, item, path, err));
	if (strcmp(name, item->content.filename) == 0)
		return SP_OK;
	(void)snprintf(path, sizeof(path), "custody/%s/filename.txt", id);
	return bag_write_tag(w, path, item->content.filename,
	    strlen(item->content.filename), err);
}

enum sp_code
bag_export_write(struct bag_export *x,
    enum sp_code (*sink)(
	void *arg, const void *bytes, size_t len, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	const struct bag_write_options o = {
		.format = x->format,
		.base = x->name,
		.made = x->made,
		.sink = sink,
		.sink_arg = arg,
	};
	BAG_AUTO_WRITE w = NULL;

	SP_TRY(bag_write_open(&w, &o, err));
	SP_TRY(put_head(x, w, err));
	for (size_t i = 0; i < x->n; i++)
		SP_TRY(put_item(x, w, &x->item[i], err));
	for (size_t i = 0; i < x->n; i++)
		SP_TRY(put_custody(x, w, &x->item[i], err));
	return bag_write_finish(w, err);
}
