#include "bag/verify.h"

#include "base/encode.h"
#include "base/id.h"
#include "base/parse.h"
#include "ledger/note.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*
 * The bag is a whole bag (content.h).  Then, the first lie ending it:
 *
 *   log/key          is a verifier key, and the one insisted on
 *   log/checkpoint   is signed with it
 *   log/cosigned, log/timestamped   see vouched.h
 *   data/<id>/<name> one file for each item, and nothing else in data/
 *   custody/<id>/    belongs to an item
 *     <n>.json       has its proof <n>.tlog-proof under that checkpoint, for
 *                    index n; is a canonical entry about that item, of one
 *                    agency for the whole bag
 *     filename.txt   only where the name in data/ had to be changed
 *     report.pdf     for people, as certification.pdf is; or report.txt, which
 *                    says why there is none
 *   "evidence.sealed" is there once for each item and gives the size, the
 *                    SHA-256 and the file name of what is in data/
 */
#define ID_TEXT_LEN (SP_ID_TEXT - 1)

struct check {
	const struct bag_content *bag;
	struct bag_verify_report *report;
	struct ledger_vkey key;
	const struct bag_file *note; /* log/checkpoint */
	struct ledger_checkpoint checkpoint;
	char agency[SP_ID_TEXT]; /* of the first entry; "" before it */
};

/* One item: its file, and what its entries have said so far. */
struct item {
	const struct bag_file *file;
	const char *name; /* in its path */
	char id[SP_ID_TEXT];
	const char *sealed_at; /* path of the entry that sealed it, or NULL */
	const char *original;  /* content of filename.txt, or NULL */
	size_t original_len;
};

static enum sp_code
lie(struct check *c, const char *path, struct sp_err *err, const char *what)
{
	return bag_lie(&c->report->place, path, err, "%s", what);
}

static enum sp_code
need(struct check *c, const char *path, const struct bag_file **out,
    struct sp_err *err)
{
	*out = bag_content_find(c->bag, path);
	return *out != NULL ? SP_OK : lie(c, path, err, "it is missing");
}

/* What was checked lies at `path`; or could not be checked at all. */
static enum sp_code
lie_or(struct check *c, const char *path, const struct sp_err *why,
    struct sp_err *err)
{
	if (why->code == SP_E_INVALID || why->code == SP_E_CORRUPT)
		return lie(c, path, err, why->text);
	return sp_fail(err, why->code, "%s", why->text);
}

/* --- the log --- */

static bool
same_key(const struct ledger_vkey *a, const struct ledger_vkey *b)
{
	return strcmp(a->name, b->name) == 0 && a->id == b->id &&
	    memcmp(a->pub, b->pub, sizeof(a->pub)) == 0;
}

static enum sp_code
check_key(struct check *c, const struct ledger_vkey *pin, struct sp_err *err)
{
	static const char path[] = "log/key";
	SP_AUTO_BUF text = sp_buf_new(sizeof(c->report->vkey) - 1);
	const struct bag_file *f = NULL;
	struct sp_err why;

	SP_TRY(need(c, path, &f, err));
	if (f->size == 0 || f->at[f->size - 1] != '\n')
		return lie(c, path, err, "it is not one line");
	if (ledger_vkey_parse(
		(const char *)f->at, f->size - 1, &c->key, &why) != SP_OK)
		return lie_or(c, path, &why, err);
	ledger_vkey_text(&c->key, &text);
	SP_TRY(sp_buf_check(&text, "the verifier key", err));
	memcpy(c->report->vkey, sp_buf_str(&text), text.len + 1);
	memcpy(c->report->origin, c->key.name, sizeof(c->key.name));
	if (pin != NULL && !same_key(pin, &c->key))
		return lie(c, path, err,
		    "it is another log's key than the one insisted on");
	c->report->key_pinned = pin != NULL;
	return SP_OK;
}

static enum sp_code
check_checkpoint(struct check *c, struct sp_err *err)
{
	static const char path[] = "log/checkpoint";
	struct sp_err why;

	SP_TRY(need(c, path, &c->note, err));
	if (ledger_checkpoint_check(&c->key, (const char *)c->note->at,
		c->note->size, &c->checkpoint, &why) != SP_OK)
		return lie_or(c, path, &why, err);
	c->report->log_size = c->checkpoint.size;
	return SP_OK;
}

/* --- one entry --- */

static const char *
member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* A number with a fraction or an exponent, outside strings? */
static bool
has_real(const char *json)
{
	bool string = false;

	for (const char *c = json; *c != '\0'; c++) {
		if (string && *c == '\\')
			c++;
		else if (*c == '"')
			string = !string;
		else if (!string && *c >= '0' && *c <= '9' &&
		    strchr(".eE", c[1]) != NULL && c[1] != '\0')
			return true;
	}
	return false;
}

/*
 * Canonical (RFC 8785) is what the writer of entries makes: sorted names, no
 * spaces, integers only.  Entries have no control characters, whose escapes
 * are the one thing jansson writes in another way.
 */
static enum sp_code
check_canonical(struct check *c, const json_t *entry, const struct bag_file *f,
    struct sp_err *err)
{
	char *text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
	bool same;

	if (text == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for an entry");
	same = strlen(text) == f->size && memcmp(text, f->at, f->size) == 0 &&
	    !has_real(text);
	free(text);
	return same ? SP_OK : lie(c, f->path, err, "it is not canonical JSON");
}

static enum sp_code
check_sealed(struct check *c, struct item *item, const struct bag_file *f,
    const json_t *detail, struct sp_err *err)
{
	const char *sum = member(detail, "sha256");
	const json_t *size = json_object_get(detail, "size");
	char hex[2 * CRYPTO_SHA256_LEN + 1];

	if (item->sealed_at != NULL)
		return lie(c, f->path, err, "the item was sealed once before");
	item->sealed_at = f->path;
	sp_hex(item->file->sha256, CRYPTO_SHA256_LEN, hex);
	if (sum == NULL || strcmp(sum, hex) != 0)
		return lie(c, item->file->path, err,
		    "its content is not what was sealed: another SHA-256");
	if (!json_is_integer(size) || json_integer_value(size) < 0 ||
	    (uint64_t)json_integer_value(size) != item->file->size)
		return lie(c, item->file->path, err,
		    "its content is not what was sealed: another size");
	return SP_OK;
}

static bool
name_is(const char *name, size_t len, const char *hex)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	char got[2 * CRYPTO_SHA256_LEN + 1];

	crypto_sha256(name, len, sum);
	sp_hex(sum, sizeof(sum), got);
	return strcmp(got, hex) == 0;
}

/* The name in data/ is the one recorded, or what became of it in a path. */
static enum sp_code
check_name(struct check *c, const struct item *item, const json_t *detail,
    struct sp_err *err)
{
	const char *hex = member(detail, "filename_sha256");
	SP_AUTO_BUF safe = sp_buf_new((size_t)2 * BAG_PATH_MAX);

	if (hex == NULL || name_is(item->name, strlen(item->name), hex))
		return SP_OK;
	if (item->original == NULL ||
	    !name_is(item->original, item->original_len, hex))
		return lie(c, item->file->path, err,
		    "its name is not the one that was sealed");
	bag_path_name(item->original, &safe);
	if (strlen(item->original) != item->original_len ||
	    strcmp(sp_buf_str(&safe), item->name) != 0)
		return lie(c, item->file->path, err,
		    "its name was not made from the one that was sealed");
	return SP_OK;
}

static enum sp_code
check_said(struct check *c, struct item *item, const struct bag_file *f,
    const json_t *entry, struct sp_err *err)
{
	const json_t *object = json_object_get(entry, "object");
	const json_t *detail = json_object_get(entry, "detail");
	const char *agency = member(entry, "agency");
	const char *act = member(entry, "act");
	const char *outcome = member(entry, "outcome");
	const char *kind = member(object, "kind"), *id = member(object, "id");

	if (act == NULL || agency == NULL || kind == NULL || id == NULL ||
	    strlen(agency) != ID_TEXT_LEN || !json_is_object(detail))
		return lie(c, f->path, err, "it is not an entry of a log");
	if (strcmp(kind, "evidence") != 0 || strcmp(id, item->id) != 0)
		return lie(c, f->path, err, "it is about something else");
	if (c->agency[0] == '\0')
		memcpy(c->agency, agency, SP_ID_TEXT);
	if (strcmp(agency, c->agency) != 0)
		return lie(c, f->path, err, "it is of another agency");
	if (strcmp(act, "evidence.sealed") != 0)
		return SP_OK;
	if (outcome == NULL || strcmp(outcome, "done") != 0)
		return lie(c, f->path, err, "it says that sealing failed");
	SP_TRY(check_sealed(c, item, f, detail, err));
	return check_name(c, item, detail, err);
}

static void
json_done(json_t **j)
{
	json_decref(*j);
}

static enum sp_code
check_entry(struct check *c, struct item *item, const struct bag_file *f,
    struct sp_err *err)
{
	json_error_t why = { .line = 0 };
	SP_CLEANUP(json_done)
	json_t *entry = json_loadb(
	    (const char *)f->at, f->size, JSON_REJECT_DUPLICATES, &why);

	if (entry == NULL && json_error_code(&why) == json_error_out_of_memory)
		return sp_fail(err, SP_E_NOMEM, "no memory for an entry");
	if (!json_is_object(entry))
		return lie(c, f->path, err, "it is not an entry of a log");
	SP_TRY(check_canonical(c, entry, f, err));
	return check_said(c, item, f, entry, err);
}

/* A tlog-proof ends with the checkpoint it rests on: here always the one of
 * the bag, byte for byte. */
static bool
rests_on(const struct bag_file *proof, const struct bag_file *checkpoint)
{
	return proof->size > checkpoint->size &&
	    memcmp(proof->at + (proof->size - checkpoint->size), checkpoint->at,
		checkpoint->size) == 0;
}

static enum sp_code
check_proof(struct check *c, const struct bag_file *f, uint64_t index,
    struct sp_err *err)
{
	char path[BAG_PATH_MAX + 1];
	const struct bag_file *proof = NULL;
	uint64_t proven = 0;
	struct sp_err why;
	enum sp_code code;

	(void)snprintf(path, sizeof(path), "%.*stlog-proof",
	    (int)(strlen(f->path) - strlen("json")), f->path);
	SP_TRY(need(c, path, &proof, err));
	if (!rests_on(proof, c->note))
		return lie(c, path, err,
		    "it rests on another checkpoint than log/checkpoint");
	code = ledger_proof_check(&c->key, (const char *)proof->at, proof->size,
	    f->at, f->size, &proven, NULL, &why);
	/* The checkpoint is good: it is the entry that the log has not, or
	 * has elsewhere. */
	if (code == SP_E_CORRUPT)
		return lie(c, f->path, err,
		    "its proof does not show that it is in the log");
	if (code != SP_OK)
		return lie_or(c, path, &why, err);
	if (proven != index)
		return lie(c, path, err, "it is the proof of another index");
	c->report->proofs++;
	return SP_OK;
}

/* --- one item --- */

/* What may lie in custody/<id>/ beside entries and proofs: see open_item for
 * the first; the others are for people, and prove nothing. */
static bool
is_beside(const char *name)
{
	return strcmp(name, "filename.txt") == 0 ||
	    strcmp(name, "report.pdf") == 0 || strcmp(name, "report.txt") == 0;
}

/* A file of custody/<id>/: the entry `<n>.json`, the proof beside it, or one
 * of the fixed names.  What is none of these does not belong there. */
static enum sp_code
check_custody_file(struct check *c, struct item *item, const struct bag_file *f,
    const char *name, struct sp_err *err)
{
	size_t digits = strspn(name, "0123456789");
	const char *rest = name + digits;
	char path[BAG_PATH_MAX + 1];
	uint64_t index = 0;

	if (is_beside(name))
		return SP_OK;
	if (!sp_parse_u64(name, digits, 0, INT64_MAX, &index))
		return lie(c, f->path, err, "it does not belong there");
	if (strcmp(rest, ".tlog-proof") == 0) {
		(void)snprintf(path, sizeof(path), "%.*sjson",
		    (int)(strlen(f->path) - strlen("tlog-proof")), f->path);
		return need(c, path, &f, err);
	}
	if (strcmp(rest, ".json") != 0)
		return lie(c, f->path, err, "it does not belong there");
	SP_TRY(check_proof(c, f, index, err));
	c->report->entries++;
	return check_entry(c, item, f, err);
}

/* From "data/<id>/<name>". */
static enum sp_code
open_item(struct check *c, const struct bag_file *f, struct item *item,
    struct sp_err *err)
{
	const char *id = f->path + strlen("data/");
	char path[BAG_PATH_MAX + 1];
	const struct bag_file *original;
	struct sp_id parsed;

	if (strlen(id) <= SP_ID_TEXT || id[ID_TEXT_LEN] != '/' ||
	    !sp_id_parse(id, ID_TEXT_LEN, &parsed) ||
	    strchr(id + SP_ID_TEXT, '/') != NULL)
		return lie(
		    c, f->path, err, "it is not in the folder of an item");
	*item = (struct item){ .file = f, .name = id + SP_ID_TEXT };
	memcpy(item->id, id, ID_TEXT_LEN);
	(void)snprintf(path, sizeof(path), "custody/%s/filename.txt", item->id);
	original = bag_content_find(c->bag, path);
	if (original != NULL) {
		item->original = (const char *)original->at;
		item->original_len = original->size;
	}
	return SP_OK;
}

static enum sp_code
check_item(struct check *c, struct item *item, struct sp_err *err)
{
	size_t n = 0, at;
	const struct bag_file *file = bag_content_files(c->bag, &n);
	char folder[64];

	(void)snprintf(folder, sizeof(folder), "custody/%s/", item->id);
	for (at = bag_content_from(c->bag, folder);
	     at < n && strncmp(file[at].path, folder, strlen(folder)) == 0;
	     at++)
		SP_TRY(check_custody_file(
		    c, item, &file[at], file[at].path + strlen(folder), err));
	if (item->sealed_at == NULL)
		return lie(c, item->file->path, err,
		    "no entry in the bag says that it was sealed");
	c->report->items++;
	return SP_OK;
}

static enum sp_code
check_items(struct check *c, struct sp_err *err)
{
	size_t n = 0, at = bag_content_from(c->bag, "data/");
	const struct bag_file *file = bag_content_files(c->bag, &n);
	char last[SP_ID_TEXT] = "";

	for (; at < n && bag_path_is_payload(file[at].path); at++) {
		struct item item;

		SP_TRY(open_item(c, &file[at], &item, err));
		if (strcmp(item.id, last) == 0)
			return lie(c, file[at].path, err,
			    "the item has another file already");
		memcpy(last, item.id, sizeof(last));
		SP_TRY(check_item(c, &item, err));
	}
	return SP_OK;
}

/* Every folder in custody/ is an item's. */
static enum sp_code
check_strays(struct check *c, struct sp_err *err)
{
	size_t n = 0, at = bag_content_from(c->bag, "custody/");
	const struct bag_file *file = bag_content_files(c->bag, &n);

	for (; at < n && strncmp(file[at].path, "custody/", 8) == 0; at++) {
		const char *id = file[at].path + strlen("custody/");
		char data[64];
		size_t item = n;

		(void)snprintf(
		    data, sizeof(data), "data/%.*s/", ID_TEXT_LEN, id);
		if (strcspn(id, "/") == ID_TEXT_LEN)
			item = bag_content_from(c->bag, data);
		if (item == n ||
		    strncmp(file[item].path, data, strlen(data)) != 0)
			return lie(c, file[at].path, err,
			    "it belongs to no item of the bag");
	}
	return SP_OK;
}

struct progress {
	const struct bag_verify_options *o;
	struct bag_verify_report *report;
};

static void
on_progress(void *arg, uint64_t bytes)
{
	struct progress *p = arg;

	p->report->bytes += bytes;
	if (p->o->progress != NULL)
		p->o->progress(p->o->progress_arg, p->report->bytes);
}

static enum sp_code
check_all(struct check *c, const struct bag_verify_options *o,
    const struct ledger_vkey *pin, struct sp_err *err)
{
	const struct bag_vouched_ground ground = { c->bag, &c->key,
		&c->checkpoint, &c->report->place };
	size_t n = 0;

	(void)bag_content_files(c->bag, &n);
	c->report->files = n;
	SP_TRY(check_key(c, pin, err));
	SP_TRY(check_checkpoint(c, err));
	SP_TRY(
	    bag_vouched_check(&ground, &o->vouched, &c->report->vouched, err));
	SP_TRY(check_items(c, err));
	SP_TRY(check_strays(c, err));
	return c->report->items > 0
	    ? SP_OK
	    : lie(c, "data", err, "there is no evidence in the bag");
}

enum sp_code
bag_verify(const struct bag_verify_options *o, struct bag_verify_report *report,
    struct sp_err *err)
{
	BAG_AUTO_CONTENT bag = NULL;
	struct progress progress = { o, report };
	struct bag_content_options from = { o->from, on_progress, &progress };
	struct check c = { .report = report };
	struct ledger_vkey pin = { .id = 0 };

	memset(report, 0, sizeof(*report));
	if (o->pin != NULL)
		SP_TRY(ledger_vkey_parse(o->pin, strlen(o->pin), &pin, err));
	SP_TRY(bag_content_read(&bag, &from, &report->place, err));
	c.bag = bag;
	return check_all(&c, o, o->pin == NULL ? NULL : &pin, err);
}
