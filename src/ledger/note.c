#include "ledger/note.h"

#include "base/encode.h"
#include "base/parse.h"
#include "ledger/note_parts.h"

#include <string.h>

/*
 * C2SP signed-note:
 *
 *	text, each line ending in LF
 *	<empty line>
 *	U+2014 SP key name SP base64(key id, signature) LF     one or more
 *
 * The signature is over the text with its last LF.  The last empty line
 * parts, for a text may have empty lines of its own.
 */
void
ledger_note_sigline(const struct ledger_vkey *k,
    const uint8_t sig[static CRYPTO_SIGN_LEN], struct sp_buf *out)
{
	ledger_sigline_text(k->name, k->id, sig, CRYPTO_SIGN_LEN, out);
}

/* UTF-8, and of control characters only LF. */
static bool
text_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)s[i] < 0x20 && s[i] != '\n')
			return false;
	return sp_utf8_ok(s, len);
}

/* Part text and signature lines. */
static bool
split(const char *note, size_t len, size_t *text_len, struct ledger_lines *sigs)
{
	if (len < 3 || len > LEDGER_NOTE_MAX || note[len - 1] != '\n' ||
	    !text_ok(note, len))
		return false;
	for (size_t i = len - 2; i > 0; i--) {
		if (note[i] != '\n' || note[i - 1] != '\n')
			continue;
		*text_len = i;
		*sigs = (struct ledger_lines){ note + i + 1, len - i - 1 };
		return true;
	}
	return false;
}

enum sp_code
ledger_note_text(
    const char *note, size_t len, size_t *text_len, struct sp_err *err)
{
	struct ledger_lines sigs;

	if (!split(note, len, text_len, &sigs))
		return sp_fail(err, SP_E_INVALID, "not a signed note");
	return SP_OK;
}

void
ledger_note_lines(const struct ledger_vkey *k, const char *note, size_t len,
    struct sp_buf *out)
{
	struct ledger_lines sigs = { NULL, 0 };
	struct ledger_sigline sig;
	struct ledger_line line;
	size_t text = 0;

	if (!split(note, len, &text, &sigs))
		return;
	while (ledger_line_next(&sigs, &line)) {
		if (!ledger_sigline_parse(line, &sig) || sig.id != k->id ||
		    !ledger_line_equals(sig.name, k->name))
			continue;
		sp_buf_add(out, line.at, line.len);
		sp_buf_u8(out, '\n');
	}
}

enum sp_code
ledger_note_check(const struct ledger_vkey *k, const char *note, size_t len,
    size_t *text_len, struct sp_err *err)
{
	struct ledger_lines sigs;
	struct ledger_line line;
	size_t text = 0, n = 0, good = 0;

	if (!split(note, len, &text, &sigs))
		return sp_fail(err, SP_E_INVALID, "not a signed note");
	while (ledger_line_next(&sigs, &line)) {
		struct ledger_sigline sig;

		if (++n > LEDGER_NOTE_SIGS)
			return sp_fail(err, SP_E_INVALID,
			    "note: more than %d signatures", LEDGER_NOTE_SIGS);
		if (!ledger_sigline_parse(line, &sig))
			return sp_fail(err, SP_E_INVALID,
			    "note: signature line %zu is malformed", n);
		if (sig.id != k->id || !ledger_line_equals(sig.name, k->name))
			continue; /* somebody else's */
		if (sig.len != CRYPTO_SIGN_LEN ||
		    !crypto_sign_check(k->pub, note, text, sig.sig))
			return sp_fail(err, SP_E_CORRUPT,
			    "note: the signature of %s is wrong", k->name);
		good++;
	}
	if (good == 0)
		return sp_fail_as(err, SP_E_CORRUPT, "note.missing",
		    "note: no signature of %s (%08x)", k->name, k->id);
	*text_len = text;
	return SP_OK;
}

/*
 * C2SP tlog-checkpoint: origin, size, base64 of the root, each on a line, then
 * any number of lines that are not empty.
 */
void
ledger_checkpoint_text(const struct ledger_checkpoint *c, struct sp_buf *out)
{
	sp_buf_fmt(out, "%s\n%ju\n", c->origin, (uintmax_t)c->size);
	sp_buf_base64(out, c->root.b, LEDGER_HASH_LEN);
	sp_buf_u8(out, '\n');
}

static bool
parse_hash(struct ledger_line line, struct ledger_hash *out)
{
	struct ledger_hash h;
	size_t len = sizeof(h.b);

	if (line.len != SP_BASE64_LEN((size_t)LEDGER_HASH_LEN) ||
	    !sp_base64_parse(line.at, line.len, h.b, &len) ||
	    len != sizeof(h.b))
		return false;
	*out = h;
	return true;
}

static bool
parse_head(struct ledger_lines *in, struct ledger_checkpoint *c)
{
	struct ledger_line line;

	if (!ledger_line_next(in, &line) || line.len == 0 ||
	    line.len > LEDGER_NAME_MAX || memchr(line.at, '\0', line.len))
		return false;
	memcpy(c->origin, line.at, line.len);
	if (!ledger_line_next(in, &line) ||
	    !sp_parse_u64(line.at, line.len, 0, INT64_MAX, &c->size))
		return false;
	return ledger_line_next(in, &line) && parse_hash(line, &c->root);
}

enum sp_code
ledger_checkpoint_parse(const char *text, size_t len,
    struct ledger_checkpoint *out, struct sp_err *err)
{
	struct ledger_lines in = { text, len };
	struct ledger_checkpoint c = { .size = 0 };
	struct ledger_hash empty;
	struct ledger_line extension;

	if (!parse_head(&in, &c))
		return sp_fail(err, SP_E_INVALID,
		    "not a checkpoint: origin, size and root hash");
	while (ledger_line_next(&in, &extension))
		if (extension.len == 0)
			return sp_fail(err, SP_E_INVALID,
			    "checkpoint: an extension line is empty");
	if (in.left != 0)
		return sp_fail(
		    err, SP_E_INVALID, "checkpoint: the last line has no end");
	ledger_frontier_root(&(struct ledger_frontier){ .size = 0 }, &empty);
	if (c.size == 0 && memcmp(c.root.b, empty.b, LEDGER_HASH_LEN) != 0)
		return sp_fail_as(err, SP_E_INVALID, "checkpoint.empty",
		    "checkpoint: size 0 with the root of something");
	*out = c;
	return SP_OK;
}

enum sp_code
ledger_checkpoint_check(const struct ledger_vkey *k, const char *note,
    size_t len, struct ledger_checkpoint *out, struct sp_err *err)
{
	struct ledger_checkpoint c;
	size_t text_len = 0;

	SP_TRY(ledger_note_check(k, note, len, &text_len, err));
	SP_TRY(ledger_checkpoint_parse(note, text_len, &c, err));
	if (strcmp(c.origin, k->name) != 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "checkpoint: it is of another log than %s", k->name);
	*out = c;
	return SP_OK;
}

/*
 * C2SP tlog-proof: a line that says so, at most one extra line, the index, the
 * path from the leaf's sibling up, an empty line, and a signed checkpoint.
 */
#define PROOF_HEAD "c2sp.org/tlog-proof@v1"

void
ledger_proof_text(uint64_t index, const struct ledger_path *path,
    const char *checkpoint_note, struct sp_buf *out)
{
	sp_buf_fmt(out, PROOF_HEAD "\nindex %ju\n", (uintmax_t)index);
	for (size_t i = 0; i < path->n; i++) {
		sp_buf_base64(out, path->hash[i].b, LEDGER_HASH_LEN);
		sp_buf_u8(out, '\n');
	}
	sp_buf_u8(out, '\n');
	sp_buf_text(out, checkpoint_note);
}

/* All up to the checkpoint, which is what then is left in `in`. */
static bool
parse_proof(struct ledger_lines *in, uint64_t *index, struct ledger_path *path)
{
	struct ledger_line line, rest;

	if (!ledger_line_next(in, &line) ||
	    !ledger_line_equals(line, PROOF_HEAD) ||
	    !ledger_line_next(in, &line))
		return false;
	if (ledger_line_after(line, "extra ", &rest) &&
	    (!ledger_line_base64(rest) || !ledger_line_next(in, &line)))
		return false;
	if (!ledger_line_after(line, "index ", &rest) ||
	    !sp_parse_u64(rest.at, rest.len, 0, INT64_MAX, index))
		return false;
	for (path->n = 0; ledger_line_next(in, &line); path->n++) {
		if (line.len == 0)
			return true;
		if (path->n == LEDGER_PATH_MAX ||
		    !parse_hash(line, &path->hash[path->n]))
			return false;
	}
	return false;
}

enum sp_code
ledger_proof_check(const struct ledger_vkey *k, /* NOLINT(*-function-size) */
    const char *proof, size_t len, const void *entry, size_t entry_len,
    uint64_t *index, struct ledger_checkpoint *c, struct sp_err *err)
{
	struct ledger_lines in = { proof, len };
	struct ledger_checkpoint found;
	struct ledger_path path;
	struct ledger_hash leaf;
	uint64_t at = 0;

	if (len > LEDGER_NOTE_MAX || !parse_proof(&in, &at, &path))
		return sp_fail(err, SP_E_INVALID, "not a tlog-proof");
	SP_TRY(ledger_checkpoint_check(k, in.at, in.left, &found, err));
	ledger_merkle_leaf(entry, entry_len, &leaf);
	if (!ledger_merkle_check_inclusion(
		at, found.size, &leaf, &path, &found.root))
		return sp_fail(err, SP_E_CORRUPT,
		    "the proof does not hold: this is not entry %ju of the "
		    "log's first %ju",
		    (uintmax_t)at, (uintmax_t)found.size);
	if (index != NULL)
		*index = at;
	if (c != NULL)
		*c = found;
	return SP_OK;
}
