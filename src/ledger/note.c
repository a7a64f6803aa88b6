#include "ledger/note.h"

#include "base/encode.h"
#include "base/parse.h"
#include "crypto/digest.h"

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
#define DASH     "\xe2\x80\x94 " /* U+2014 and a space */
#define DASH_LEN 4
#define SIG_TYPE 0x01 /* Ed25519 */
#define ID_LEN   4

struct line {
	const char *at;
	size_t len; /* without its LF */
};

/* What is left of a text, taken a line at a time. */
struct lines {
	const char *at;
	size_t left;
};

/* False when no whole line is left. */
static bool
next_line(struct lines *in, struct line *out)
{
	const char *end;

	if (in->left == 0)
		return false;
	end = memchr(in->at, '\n', in->left);
	if (end == NULL)
		return false;
	*out = (struct line){ in->at, (size_t)(end - in->at) };
	in->at += out->len + 1;
	in->left -= out->len + 1;
	return true;
}

/* What follows `prefix` in the line. */
static bool
after(struct line line, const char *prefix, struct line *rest)
{
	size_t len = strlen(prefix);

	if (line.len < len || memcmp(line.at, prefix, len) != 0)
		return false;
	*rest = (struct line){ line.at + len, line.len - len };
	return true;
}

/* Code points with the property White_Space, beyond ASCII. */
static bool
has_wide_space(struct line s)
{
	static const char *const spaces[] = {
		"\xc2\x85",
		"\xc2\xa0",
		"\xe1\x9a\x80",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaf",
		"\xe2\x81\x9f",
		"\xe3\x80\x80",
	};

	for (size_t i = 0; i < SP_COUNTOF(spaces); i++)
		if (memmem(s.at, s.len, spaces[i], strlen(spaces[i])) != NULL)
			return true;
	for (size_t i = 0; i + 2 < s.len; i++) /* U+2000 to U+200A */
		if (memcmp(s.at + i, "\xe2\x80", 2) == 0 &&
		    (uint8_t)s.at[i + 2] >= 0x80 &&
		    (uint8_t)s.at[i + 2] <= 0x8a)
			return true;
	return false;
}

static bool
name_ok(struct line s)
{
	if (s.len == 0 || s.len > LEDGER_NAME_MAX || !sp_utf8_ok(s.at, s.len))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] <= 0x20 || s.at[i] == '+')
			return false;
	return !has_wide_space(s);
}

static bool
equals(struct line s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* SHA-256 of name, LF, type and key; its first four bytes. */
static uint32_t
key_id(const char *name, const uint8_t *pub)
{
	static const uint8_t type[] = { SIG_TYPE };
	uint8_t sum[CRYPTO_SHA256_LEN];
	const struct crypto_piece piece[] = {
		{ name, strlen(name) },
		{ "\n", 1 },
		{ type, sizeof(type) },
		{ pub, CRYPTO_SIGN_PUBLIC },
	};
	struct sp_in in;

	crypto_sha256_of(piece, SP_COUNTOF(piece), sum);
	in = sp_in_from(sum, sizeof(sum));
	return sp_in_u32be(&in);
}

enum sp_code
ledger_vkey_make(const char *name, const uint8_t pub[static CRYPTO_SIGN_PUBLIC],
    struct ledger_vkey *out, struct sp_err *err)
{
	struct ledger_vkey k = { .id = key_id(name, pub) };
	struct line s = { name, strlen(name) };

	if (!name_ok(s))
		return sp_fail(err, SP_E_INVALID,
		    "key name: 1 to %d bytes of UTF-8 without space, control "
		    "character or '+'",
		    LEDGER_NAME_MAX);
	memcpy(k.name, s.at, s.len);
	memcpy(k.pub, pub, CRYPTO_SIGN_PUBLIC);
	*out = k;
	return SP_OK;
}

/* Neither the name nor the hex digits hold a '+', base64 may. */
static bool
vkey_parts(const char *s, size_t len, struct ledger_vkey *k)
{
	uint8_t key[1 + CRYPTO_SIGN_PUBLIC];
	size_t key_len = sizeof(key);
	const char *plus = memchr(s, '+', len);
	struct line name, rest;

	if (plus == NULL)
		return false;
	name = (struct line){ s, (size_t)(plus - s) };
	rest = (struct line){ plus + 1, len - name.len - 1 };
	if (!name_ok(name) || rest.len < 9 || rest.at[8] != '+')
		return false;
	if (!sp_base64_parse(rest.at + 9, rest.len - 9, key, &key_len) ||
	    key_len != sizeof(key) || key[0] != SIG_TYPE)
		return false;
	memcpy(k->name, name.at, name.len);
	memcpy(k->pub, key + 1, CRYPTO_SIGN_PUBLIC);
	k->id = key_id(k->name, k->pub);
	return true;
}

enum sp_code
ledger_vkey_parse(
    const char *s, size_t len, struct ledger_vkey *out, struct sp_err *err)
{
	SP_AUTO_BUF again = sp_buf_new((size_t)2 * LEDGER_NAME_MAX);
	struct ledger_vkey k = { .id = 0 };

	if (len == 0 || !vkey_parts(s, len, &k))
		return sp_fail(err, SP_E_INVALID,
		    "no verifier key: name+hash+base64 of an Ed25519 key");
	/* One text a key: the hash, its digits' case and all. */
	ledger_vkey_text(&k, &again);
	SP_TRY(sp_buf_check(&again, "verifier key", err));
	if (again.len != len || memcmp(again.at, s, len) != 0)
		return sp_fail(err, SP_E_INVALID,
		    "the verifier key's hash is not that of its key");
	*out = k;
	return SP_OK;
}

void
ledger_vkey_text(const struct ledger_vkey *k, struct sp_buf *out)
{
	uint8_t key[1 + CRYPTO_SIGN_PUBLIC];

	key[0] = SIG_TYPE;
	memcpy(key + 1, k->pub, CRYPTO_SIGN_PUBLIC);
	sp_buf_fmt(out, "%s+%08x+", k->name, k->id);
	sp_buf_base64(out, key, sizeof(key));
}

void
ledger_note_sigline(const struct ledger_vkey *k,
    const uint8_t sig[static CRYPTO_SIGN_LEN], struct sp_buf *out)
{
	uint8_t blob[ID_LEN + CRYPTO_SIGN_LEN] = {
		(uint8_t)(k->id >> 24),
		(uint8_t)(k->id >> 16),
		(uint8_t)(k->id >> 8),
		(uint8_t)k->id,
	};

	memcpy(blob + ID_LEN, sig, CRYPTO_SIGN_LEN);
	sp_buf_text(out, DASH);
	sp_buf_text(out, k->name);
	sp_buf_u8(out, ' ');
	sp_buf_base64(out, blob, sizeof(blob));
	sp_buf_u8(out, '\n');
}

/* A signature line.  A signature that is no Ed25519's (a witness's, or of a
 * kind that does not exist yet) keeps only its length. */
struct sigline {
	struct line name;
	uint32_t id;
	size_t len;
	uint8_t sig[CRYPTO_SIGN_LEN];
};

/* base64 of any length, a piece at a time; the first bytes are kept. */
static bool
decode(struct line s, uint8_t *head, size_t room, size_t *total)
{
	uint8_t piece[768];

	*total = 0;
	while (s.len != 0) {
		size_t take = s.len < 1024 ? s.len : 1024;
		size_t got = sizeof(piece);

		if (!sp_base64_parse(s.at, take, piece, &got))
			return false;
		if (take == 1024 && got != sizeof(piece))
			return false; /* padding in the middle */
		if (*total < room)
			memcpy(head + *total, piece,
			    got < room - *total ? got : room - *total);
		*total += got;
		s.at += take;
		s.len -= take;
	}
	return true;
}

static bool
parse_sigline(struct line line, struct sigline *out)
{
	uint8_t blob[ID_LEN + CRYPTO_SIGN_LEN] = { 0 };
	size_t total = 0;
	struct line rest;
	struct sp_in in;
	const char *space;

	if (!after(line, DASH, &rest) || rest.len == 0)
		return false;
	space = memchr(rest.at, ' ', rest.len);
	if (space == NULL)
		return false;
	out->name = (struct line){ rest.at, (size_t)(space - rest.at) };
	rest = (struct line){ space + 1, rest.len - out->name.len - 1 };
	if (!name_ok(out->name) || !decode(rest, blob, sizeof(blob), &total) ||
	    total <= ID_LEN)
		return false;
	in = sp_in_from(blob, ID_LEN);
	out->id = sp_in_u32be(&in);
	out->len = total - ID_LEN;
	memcpy(out->sig, blob + ID_LEN, CRYPTO_SIGN_LEN);
	return true;
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
split(const char *note, size_t len, size_t *text_len, struct lines *sigs)
{
	if (len < 3 || len > LEDGER_NOTE_MAX || note[len - 1] != '\n' ||
	    !text_ok(note, len))
		return false;
	for (size_t i = len - 2; i > 0; i--) {
		if (note[i] != '\n' || note[i - 1] != '\n')
			continue;
		*text_len = i;
		*sigs = (struct lines){ note + i + 1, len - i - 1 };
		return true;
	}
	return false;
}

enum sp_code
ledger_note_check(const struct ledger_vkey *k, const char *note, size_t len,
    size_t *text_len, struct sp_err *err)
{
	struct lines sigs;
	struct line line;
	size_t text = 0, n = 0, good = 0;

	if (!split(note, len, &text, &sigs))
		return sp_fail(err, SP_E_INVALID, "not a signed note");
	while (next_line(&sigs, &line)) {
		struct sigline sig;

		if (++n > LEDGER_NOTE_SIGS)
			return sp_fail(err, SP_E_INVALID,
			    "note: more than %d signatures", LEDGER_NOTE_SIGS);
		if (!parse_sigline(line, &sig))
			return sp_fail(err, SP_E_INVALID,
			    "note: signature line %zu is malformed", n);
		if (sig.id != k->id || !equals(sig.name, k->name))
			continue; /* somebody else's */
		if (sig.len != CRYPTO_SIGN_LEN ||
		    !crypto_sign_check(k->pub, note, text, sig.sig))
			return sp_fail(err, SP_E_CORRUPT,
			    "note: the signature of %s is wrong", k->name);
		good++;
	}
	if (good == 0)
		return sp_fail(err, SP_E_CORRUPT,
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
parse_hash(struct line line, struct ledger_hash *out)
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
parse_head(struct lines *in, struct ledger_checkpoint *c)
{
	struct line line;

	if (!next_line(in, &line) || line.len == 0 ||
	    line.len > LEDGER_NAME_MAX || memchr(line.at, '\0', line.len))
		return false;
	memcpy(c->origin, line.at, line.len);
	if (!next_line(in, &line) ||
	    !sp_parse_u64(line.at, line.len, 0, INT64_MAX, &c->size))
		return false;
	return next_line(in, &line) && parse_hash(line, &c->root);
}

enum sp_code
ledger_checkpoint_parse(const char *text, size_t len,
    struct ledger_checkpoint *out, struct sp_err *err)
{
	struct lines in = { text, len };
	struct ledger_checkpoint c = { .size = 0 };
	struct ledger_hash empty;
	struct line extension;

	if (!parse_head(&in, &c))
		return sp_fail(err, SP_E_INVALID,
		    "not a checkpoint: origin, size and root hash");
	while (next_line(&in, &extension))
		if (extension.len == 0)
			return sp_fail(err, SP_E_INVALID,
			    "checkpoint: an extension line is empty");
	if (in.left != 0)
		return sp_fail(
		    err, SP_E_INVALID, "checkpoint: the last line has no end");
	ledger_frontier_root(&(struct ledger_frontier){ .size = 0 }, &empty);
	if (c.size == 0 && memcmp(c.root.b, empty.b, LEDGER_HASH_LEN) != 0)
		return sp_fail(err, SP_E_INVALID,
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

static bool
base64_ok(struct line s)
{
	size_t total = 0;

	return decode(s, NULL, 0, &total) && total != 0;
}

/* All up to the checkpoint, which is what then is left in `in`. */
static bool
parse_proof(struct lines *in, uint64_t *index, struct ledger_path *path)
{
	struct line line, rest;

	if (!next_line(in, &line) || !equals(line, PROOF_HEAD) ||
	    !next_line(in, &line))
		return false;
	if (after(line, "extra ", &rest) &&
	    (!base64_ok(rest) || !next_line(in, &line)))
		return false;
	if (!after(line, "index ", &rest) ||
	    !sp_parse_u64(rest.at, rest.len, 0, INT64_MAX, index))
		return false;
	for (path->n = 0; next_line(in, &line); path->n++) {
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
	struct lines in = { proof, len };
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
