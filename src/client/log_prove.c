#include "client/log_prove.h"

#include "base/encode.h"
#include "client/log_tiles.h"

#include <inttypes.h>
#include <stdlib.h>

#define HASH_TEXT (SP_BASE64_LEN(LEDGER_HASH_LEN) + 1)

enum sp_code
client_log_prove_head(struct site_client *c, const struct ledger_vkey *key,
    struct ledger_checkpoint *out, struct sp_buf *note, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(client_site_path(c, &path, err, "log/checkpoint"));
	SP_TRY(client_site_get(c, sp_buf_str(&path), note, err));
	return ledger_checkpoint_check(
	    key, sp_buf_str(note), note->len, out, err);
}

/* What a proof is made from: a checked checkpoint and the tiles under it. */
struct proving {
	const struct log_prove_options *o;
	struct ledger_checkpoint now;
	struct sp_buf note;
	struct log_tiles tiles;
	struct ledger_nodes nodes;
	struct sp_buf bundle;
};

static void
proving_done(struct proving *p)
{
	sp_buf_free(&p->note);
	sp_buf_free(&p->bundle);
	client_log_tiles_done(&p->tiles);
}
#define AUTO_PROVING SP_CLEANUP(proving_done) struct proving

static enum sp_code
begin(struct proving *p, struct sp_err *err)
{
	struct site_client *c = p->o->client;

	SP_TRY(client_log_prove_head(
	    c, &p->o->memory->key, &p->now, &p->note, err));
	SP_TRY(client_log_memory_compare(p->o->memory, &p->now, err));
	SP_TRY(client_log_tiles_init(&p->tiles, c, p->now.size, err));
	p->nodes = client_log_tiles_nodes(&p->tiles);
	return SP_OK;
}

/* The hash of the entry itself, when this token may read it. */
static enum sp_code
hash_entry(struct proving *p, struct ledger_hash *leaf, bool *entry_read,
    struct sp_err *err)
{
	uint64_t index = p->o->index;
	enum sp_code code = client_log_tiles_bundle(
	    &p->tiles, index / LOG_TILE_WIDTH, &p->bundle, err);

	*entry_read = false;
	if (code == SP_E_DENIED || code == SP_E_UNKNOWN ||
	    code == SP_E_NOTFOUND)
		return p->nodes.read(p->nodes.self, 0, index, leaf, err);
	SP_TRY(code);
	struct sp_in in = sp_in_from(sp_buf_str(&p->bundle), p->bundle.len);
	struct sp_in entry = in;

	for (uint64_t i = 0; i <= index % LOG_TILE_WIDTH; i++)
		entry = client_log_tiles_bundle_next(&in);
	if (in.bad)
		return sp_fail(err, SP_E_CORRUPT,
		    "entry bundle %" PRIu64 " is cut short",
		    index / LOG_TILE_WIDTH);
	ledger_merkle_leaf(entry.at, entry.left, leaf);
	*entry_read = true;
	return SP_OK;
}

enum sp_code
client_log_prove_entry(const struct log_prove_options *o, struct sp_buf *out,
    bool *entry_read, struct sp_err *err)
{
	AUTO_PROVING p = { .o = o,
		.note = sp_buf_new(LEDGER_NOTE_MAX),
		.bundle = sp_buf_new(LOG_BUNDLE_MAX) };
	struct ledger_path path;
	struct ledger_hash leaf;
	bool read = false;

	SP_TRY(begin(&p, err));
	if (o->index >= p.now.size)
		return sp_fail_as(err, SP_E_NOTFOUND, client_site_refused,
		    "the log has %" PRIu64 " entries, counted from 0",
		    p.now.size);
	SP_TRY(ledger_merkle_inclusion(
	    &p.nodes, o->index, p.now.size, &path, err));
	SP_TRY(hash_entry(&p, &leaf, &read, err));
	if (!ledger_merkle_check_inclusion(
		o->index, p.now.size, &leaf, &path, &p.now.root))
		return sp_fail(err, SP_E_CORRUPT,
		    "what the site serves does not prove entry %" PRIu64
		    " under the signed root",
		    o->index);
	ledger_proof_text(o->index, &path, sp_buf_str(&p.note), out);
	*entry_read = read;
	return sp_buf_check(out, "proof", err);
}

/* One growth, proven. */
struct growth {
	uint64_t from, to;
	char old[HASH_TEXT];
	char new[HASH_TEXT];
	struct ledger_path path;
};

static void
hash_text(const struct ledger_hash *h, char out[static HASH_TEXT])
{
	sp_base64(h->b, sizeof(h->b), out);
}

/* That the first `from` entries of `to` are the same, and that those `to`
 * are in the checkpoint. */
static enum sp_code
grow(struct proving *p, struct growth *g, struct sp_err *err)
{
	struct ledger_path rest;
	struct ledger_hash old;
	struct ledger_hash new;

	SP_TRY(ledger_merkle_root(&p->nodes, g->from, &old, err));
	SP_TRY(ledger_merkle_root(&p->nodes, g->to, &new, err));
	SP_TRY(ledger_merkle_consistency(
	    &p->nodes, g->from, g->to, &g->path, err));
	SP_TRY(ledger_merkle_consistency(
	    &p->nodes, g->to, p->now.size, &rest, err));
	if (!ledger_merkle_check_consistency(
		g->from, g->to, &g->path, &old, &new) ||
	    !ledger_merkle_check_consistency(
		g->to, p->now.size, &rest, &new, &p->now.root))
		return sp_fail(err, SP_E_CORRUPT,
		    "what the site serves does not prove that %" PRIu64
		    " entries grew to %" PRIu64,
		    g->from, g->to);
	hash_text(&old, g->old);
	hash_text(&new, g->new);
	return SP_OK;
}

static enum sp_code
growth_json(const struct proving *p, const struct growth *g, struct sp_buf *out,
    struct sp_err *err)
{
	SITE_AUTO_JSON hashes = json_array();

	for (size_t i = 0; i < g->path.n; i++) {
		char text[HASH_TEXT];

		hash_text(&g->path.hash[i], text);
		/* A failure leaves the array short, seen below. */
		(void)json_array_append_new(hashes, json_string(text));
	}
	SITE_AUTO_JSON j = json_pack("{s:{s:I, s:s}, s:{s:I, s:s}, s:O, s:s}",
	    "from", "size", (json_int_t)g->from, "root", g->old, "to", "size",
	    (json_int_t)g->to, "root", g->new, "hashes", hashes, "checkpoint",
	    sp_buf_str(&p->note));
	char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);

	if (text == NULL || json_array_size(hashes) != g->path.n) {
		free(text);
		return sp_fail(err, SP_E_NOMEM, "no memory for the proof");
	}
	sp_buf_fmt(out, "%s\n", text);
	free(text);
	return SP_OK;
}

static void
growth_text(const struct proving *p, const struct growth *g, struct sp_buf *out)
{
	sp_buf_fmt(out, "from %" PRIu64 " %s\nto %" PRIu64 " %s\n", g->from,
	    g->old, g->to, g->new);
	for (size_t i = 0; i < g->path.n; i++) {
		char text[HASH_TEXT];

		hash_text(&g->path.hash[i], text);
		sp_buf_fmt(out, "%s\n", text);
	}
	sp_buf_fmt(out, "\n%s", sp_buf_str(&p->note));
}

enum sp_code
client_log_prove_growth(
    const struct log_prove_options *o, struct sp_buf *out, struct sp_err *err)
{
	AUTO_PROVING p = { .o = o, .note = sp_buf_new(LEDGER_NOTE_MAX) };
	struct growth g = { .from = o->from, .to = o->to };

	SP_TRY(begin(&p, err));
	if (g.to == 0)
		g.to = p.now.size;
	if (g.from == 0 || g.from > g.to || g.to > p.now.size)
		return sp_fail_as(err, SP_E_NOTFOUND, client_site_refused,
		    "the log has %" PRIu64 " entries: from 1 on to at most "
		    "that many can be proven",
		    p.now.size);
	SP_TRY(grow(&p, &g, err));
	if (o->json)
		SP_TRY(growth_json(&p, &g, out, err));
	else
		growth_text(&p, &g, out);
	return sp_buf_check(out, "proof", err);
}

enum sp_code
client_log_prove_follow(struct log_memory *m, struct site_client *c,
    const struct ledger_checkpoint *now, const struct sp_buf *note,
    struct sp_err *err)
{
	LOG_AUTO_TILES tiles = { .c = NULL };
	struct ledger_path path;

	SP_TRY(client_log_memory_compare(m, now, err));
	if (m->seen.size > 0 && now->size == m->seen.size)
		return SP_OK;
	SP_TRY(client_log_tiles_init(&tiles, c, now->size, err));
	struct ledger_nodes nodes = client_log_tiles_nodes(&tiles);

	if (m->seen.size > 0) {
		SP_TRY(ledger_merkle_consistency(
		    &nodes, m->seen.size, now->size, &path, err));
		if (!ledger_merkle_check_consistency(m->seen.size, now->size,
			&path, &m->seen.root, &now->root))
			return sp_fail(err, SP_E_CORRUPT,
			    "the log was rewritten: its %" PRIu64
			    " entries do not continue the %" PRIu64
			    " that were signed before",
			    now->size, m->seen.size);
	}
	return client_log_memory_keep(m, now, note, err);
}
