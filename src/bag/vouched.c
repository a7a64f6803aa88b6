#include "bag/vouched.h"

#include "base/encode.h"
#include "base/parse.h"
#include "crypto/timestamp.h"

#include <string.h>

static const char header[] = "sallyport/consistency/v1";
static const char cosigned_path[] = "log/cosigned";
static const char stamped_path[] = "log/timestamped";
static const char stamp_path[] = "log/timestamp.tsr";

struct bag_vouched
bag_vouched_new(void)
{
	return (struct bag_vouched){
		.cosigned = sp_buf_new(LEDGER_NOTE_MAX),
		.timestamped = sp_buf_new(LEDGER_NOTE_MAX),
		.timestamp = sp_buf_new(CRYPTO_TIMESTAMP_MAX),
	};
}

void
bag_vouched_free(struct bag_vouched *v)
{
	sp_buf_free(&v->cosigned);
	sp_buf_free(&v->timestamped);
	sp_buf_free(&v->timestamp);
}

static const char *
consistency_of(const char *path, char out[static BAG_PATH_MAX + 1])
{
	(void)snprintf(out, BAG_PATH_MAX + 1, "%s.consistency", path);
	return out;
}

/* --- making --- */

static void
path_text(uint64_t old, uint64_t size, const struct ledger_path *path,
    struct sp_buf *out)
{
	sp_buf_fmt(
	    out, "%s\n%ju %ju\n", header, (uintmax_t)old, (uintmax_t)size);
	for (size_t i = 0; i < path->n; i++) {
		sp_buf_base64(out, path->hash[i].b, LEDGER_HASH_LEN);
		sp_buf_text(out, "\n");
	}
}

/* A note of the log's own, and the path from it. */
static enum sp_code
put_note(struct bag_proof *p, const char *path, const struct sp_buf *note,
    struct bag_write *w, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(BAG_TAG_MAX);
	char name[BAG_PATH_MAX + 1];
	struct ledger_checkpoint c;
	struct ledger_path way;

	SP_TRY(ledger_checkpoint_check(
	    ledger_log_vkey(p->log), sp_buf_str(note), note->len, &c, err));
	SP_TRY(bag_proof_since(p, c.size, &way, err));
	path_text(c.size, p->checkpoint.size, &way, &text);
	SP_TRY(sp_buf_check(&text, "a consistency path", err));
	SP_TRY(bag_write_tag(w, path, note->at, note->len, err));
	return bag_write_tag(
	    w, consistency_of(path, name), text.at, text.len, err);
}

enum sp_code
bag_vouched_put(struct bag_proof *p, const struct bag_vouched *v,
    struct bag_write *w, struct sp_err *err)
{
	if (v->cosigned.len > 0)
		SP_TRY(put_note(p, cosigned_path, &v->cosigned, w, err));
	if (v->timestamped.len == 0)
		return SP_OK;
	SP_TRY(put_note(p, stamped_path, &v->timestamped, w, err));
	return bag_write_tag(
	    w, stamp_path, v->timestamp.at, v->timestamp.len, err);
}

/* --- checking --- */

static enum sp_code
lie(const struct bag_vouched_ground *g, const char *path, struct sp_err *err,
    const char *what)
{
	return bag_lie(g->place, path, err, "%s", what);
}

/* What was checked lies at `path`; or could not be checked at all. */
static enum sp_code
lie_or(const struct bag_vouched_ground *g, const char *path,
    const struct sp_err *why, struct sp_err *err)
{
	if (why->code == SP_E_NOMEM)
		return sp_fail(err, why->code, "%s", why->text);
	return lie(g, path, err, why->text);
}

static bool
is_line(struct sp_in line, const char *text)
{
	return !line.bad && line.left == strlen(text) &&
	    memcmp(line.at, text, line.left) == 0;
}

/* "<old> <new>" */
static bool
take_sizes(struct sp_in line, uint64_t *old, uint64_t *size)
{
	const char *s = (const char *)line.at, *space;

	if (line.bad || line.left == 0)
		return false;
	space = memchr(s, ' ', line.left);
	return space != NULL &&
	    sp_parse_u64(s, (size_t)(space - s), 0, INT64_MAX, old) &&
	    sp_parse_u64(space + 1, line.left - (size_t)(space - s) - 1, 0,
		INT64_MAX, size);
}

static bool
take_hash(struct sp_in line, struct ledger_path *path)
{
	size_t len = LEDGER_HASH_LEN;

	return path->n < LEDGER_PATH_MAX && !line.bad &&
	    sp_base64_parse((const char *)line.at, line.left,
		path->hash[path->n++].b, &len) &&
	    len == LEDGER_HASH_LEN;
}

static bool
parse_path(const struct bag_file *f, uint64_t *old, uint64_t *size,
    struct ledger_path *path)
{
	struct sp_in in = sp_in_from(f->at, f->size);

	path->n = 0;
	if (!is_line(sp_in_line(&in), header) ||
	    !take_sizes(sp_in_line(&in), old, size))
		return false;
	while (in.left > 0)
		if (!take_hash(sp_in_line(&in), path))
			return false;
	return true;
}

/* The checkpoint in the note is one of this log's, on the way to the bag's. */
static enum sp_code
check_note(const struct bag_vouched_ground *g, const struct bag_file *note,
    struct ledger_checkpoint *c, struct sp_err *err)
{
	char name[BAG_PATH_MAX + 1];
	const struct bag_file *f =
	    bag_content_find(g->bag, consistency_of(note->path, name));
	struct ledger_path path;
	uint64_t old = 0, size = 0;
	struct sp_err why;

	if (ledger_checkpoint_check(
		g->key, (const char *)note->at, note->size, c, &why) != SP_OK)
		return lie_or(g, note->path, &why, err);
	if (f == NULL)
		return lie(g, name, err, "it is missing");
	if (!parse_path(f, &old, &size, &path))
		return lie(g, name, err, "it is no consistency path");
	if (old != c->size || size != g->checkpoint->size)
		return lie(g, name, err, "it leads between other checkpoints");
	if (old == 0 || old > size ||
	    !ledger_merkle_check_consistency(
		old, size, &path, &c->root, &g->checkpoint->root))
		return lie(g, note->path, err,
		    "it is not an earlier state of this log: another history");
	return SP_OK;
}

/* Lines that are not the log's own. */
static uint64_t
others(const struct bag_file *note, size_t text_len)
{
	uint64_t n = 0;

	for (size_t i = text_len + 1; i < note->size; i++)
		n += note->at[i] == '\n';
	return n > 0 ? n - 1 : 0;
}

static enum sp_code
check_witness(const struct bag_vouched_ground *g, const struct bag_file *note,
    const struct ledger_cosigner *k, struct bag_vouched_report *out,
    struct sp_err *err)
{
	const char *text = (const char *)note->at;
	struct ledger_cosignature sig;
	struct sp_err why;
	size_t len = 0;

	if (ledger_note_text(text, note->size, &len, &why) != SP_OK ||
	    ledger_cosign_check(k, text, len, text + len + 1,
		note->size - len - 1, &sig, &why) != SP_OK)
		return bag_lie(g->place, note->path, err, "the witness %s: %s",
		    k->name, why.text);
	out->cosigned_by++;
	if (sig.time > out->cosigned_time)
		out->cosigned_time = sig.time;
	return SP_OK;
}

static enum sp_code
check_cosigned(const struct bag_vouched_ground *g,
    const struct bag_vouched_wish *wish, struct bag_vouched_report *out,
    struct sp_err *err)
{
	const struct bag_file *note = bag_content_find(g->bag, cosigned_path);
	struct ledger_checkpoint c;
	size_t len = 0;

	if (note == NULL)
		return wish->witnesses == 0
		    ? SP_OK
		    : lie(g, cosigned_path, err,
			  "it is missing: no witness's word is in the bag");
	SP_TRY(check_note(g, note, &c, err));
	SP_TRY(ledger_note_text((const char *)note->at, note->size, &len, err));
	out->cosigned_size = c.size;
	out->cosignatures = others(note, len);
	for (size_t i = 0; i < wish->witnesses; i++)
		SP_TRY(check_witness(g, note, &wish->witness[i], out, err));
	return SP_OK;
}

static enum sp_code
check_stamp(const struct bag_vouched_ground *g, const struct bag_file *note,
    const char *authority, struct bag_vouched_report *out, struct sp_err *err)
{
	const struct bag_file *stamp = bag_content_find(g->bag, stamp_path);
	struct crypto_timestamp_wish wish = { .ca = authority };
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct sp_err why;

	if (stamp == NULL)
		return lie(g, stamp_path, err, "it is missing");
	if (authority == NULL)
		return SP_OK;
	memcpy(wish.sha256, note->sha256, sizeof(wish.sha256));
	if (crypto_timestamp_check(stamp->at, stamp->size, &wish,
		&out->timestamped_at, &token, &why) != SP_OK)
		return lie_or(g, stamp_path, &why, err);
	return SP_OK;
}

static enum sp_code
check_stamped(const struct bag_vouched_ground *g,
    const struct bag_vouched_wish *wish, struct bag_vouched_report *out,
    struct sp_err *err)
{
	const struct bag_file *note = bag_content_find(g->bag, stamped_path);
	struct ledger_checkpoint c;

	if (note == NULL)
		return wish->authority == NULL
		    ? SP_OK
		    : lie(g, stamped_path, err,
			  "it is missing: no timestamp is in the bag");
	SP_TRY(check_note(g, note, &c, err));
	out->timestamped_size = c.size;
	return check_stamp(g, note, wish->authority, out, err);
}

/* What belongs to a note that is not there would look as if it meant
 * something. */
static enum sp_code
check_left(const struct bag_vouched_ground *g, struct sp_err *err)
{
	static const struct {
		const char *path, *of;
	} rows[] = {
		{ "log/cosigned.consistency", cosigned_path },
		{ "log/timestamped.consistency", stamped_path },
		{ stamp_path, stamped_path },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		if (bag_content_find(g->bag, rows[i].path) != NULL &&
		    bag_content_find(g->bag, rows[i].of) == NULL)
			return bag_lie(g->place, rows[i].path, err,
			    "it belongs to %s, which is missing", rows[i].of);
	return SP_OK;
}

enum sp_code
bag_vouched_check(const struct bag_vouched_ground *g,
    const struct bag_vouched_wish *wish, struct bag_vouched_report *out,
    struct sp_err *err)
{
	memset(out, 0, sizeof(*out));
	SP_TRY(check_left(g, err));
	SP_TRY(check_cosigned(g, wish, out, err));
	return check_stamped(g, wish, out, err);
}
