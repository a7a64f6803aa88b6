#include "client/log_tiles.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TILE_BYTES ((size_t)LOG_TILE_WIDTH * LEDGER_HASH_LEN)

enum sp_code
client_log_tiles_init(struct log_tiles *t, struct site_client *c, uint64_t size,
    struct sp_err *err)
{
	*t = (struct log_tiles){ .c = c, .size = size };
	t->cache = calloc(LOG_TILE_CACHE, sizeof(*t->cache));
	if (t->cache == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for tiles");
	return SP_OK;
}

void
client_log_tiles_done(struct log_tiles *t)
{
	free(t->cache);
	t->cache = NULL;
}

size_t
client_log_tiles_width(uint64_t size, unsigned level, uint64_t index)
{
	uint64_t hashes = level < LOG_TILE_LEVELS ? size >> (8 * level) : 0;

	if (hashes / LOG_TILE_WIDTH > index)
		return LOG_TILE_WIDTH;
	return hashes / LOG_TILE_WIDTH == index ? hashes % LOG_TILE_WIDTH : 0;
}

void
client_log_tiles_name(
    struct sp_buf *out, unsigned level, uint64_t index, size_t width)
{
	unsigned group[7]; /* 64 bits are 20 digits */
	size_t n = 0;

	if (level == LOG_TILE_ENTRIES)
		sp_buf_text(out, "tile/entries");
	else
		sp_buf_fmt(out, "tile/%u", level);
	do {
		group[n++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0);
	while (n-- > 0)
		sp_buf_fmt(out, n > 0 ? "/x%03u" : "/%03u", group[n]);
	if (width < LOG_TILE_WIDTH)
		sp_buf_fmt(out, ".p/%zu", width);
}

/* A partial tile may have been replaced by the whole one since (tlog-tiles,
 * "Partial Tiles"): then that is asked for. */
static enum sp_code
fetch(struct log_tiles *t, unsigned level, uint64_t index, size_t width,
    struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF name = sp_buf_new(128);
	SP_AUTO_BUF path = sp_buf_new(512);
	enum sp_code code;

	client_log_tiles_name(&name, level, index, width);
	SP_TRY(client_site_path(t->c, &path, err, "log/%s", sp_buf_str(&name)));
	code = client_site_get(t->c, sp_buf_str(&path), out, err);
	if (code != SP_E_NOTFOUND || width == LOG_TILE_WIDTH)
		return code;
	struct sp_err first = *err;

	sp_buf_clear(&name);
	client_log_tiles_name(&name, level, index, LOG_TILE_WIDTH);
	SP_TRY(client_site_path(t->c, &path, err, "log/%s", sp_buf_str(&name)));
	if (client_site_get(t->c, sp_buf_str(&path), out, err) == SP_OK)
		return SP_OK;
	*err = first;
	return first.code;
}

static struct log_tile *
cached(struct log_tiles *t, unsigned level, uint64_t index)
{
	for (size_t i = 0; i < LOG_TILE_CACHE; i++) {
		struct log_tile *slot = &t->cache[i];

		if (slot->width > 0 && slot->level == level &&
		    slot->index == index)
			return slot;
	}
	return NULL;
}

enum sp_code
client_log_tiles_get(struct log_tiles *t, unsigned level, uint64_t index,
    const struct log_tile **out, struct sp_err *err)
{
	size_t width = client_log_tiles_width(t->size, level, index);
	SP_AUTO_BUF bytes = sp_buf_new(TILE_BYTES);

	SP_REQUIRE(width > 0);
	*out = cached(t, level, index);
	if (*out != NULL)
		return SP_OK;
	SP_TRY(fetch(t, level, index, width, &bytes, err));
	if (bytes.len != width * LEDGER_HASH_LEN && bytes.len != TILE_BYTES)
		return sp_fail(err, SP_E_CORRUPT,
		    "tile %u/%" PRIu64 " has %zu bytes instead of %zu", level,
		    index, bytes.len, width * LEDGER_HASH_LEN);
	struct log_tile *slot = &t->cache[t->next];

	t->next = (t->next + 1) % LOG_TILE_CACHE;
	slot->level = level;
	slot->index = index;
	slot->width = width;
	memcpy(slot->hash, bytes.at, width * LEDGER_HASH_LEN);
	*out = slot;
	return SP_OK;
}

enum sp_code
client_log_tiles_bundle(
    struct log_tiles *t, uint64_t index, struct sp_buf *out, struct sp_err *err)
{
	size_t width = client_log_tiles_width(t->size, 0, index);

	SP_REQUIRE(width > 0);
	return fetch(t, LOG_TILE_ENTRIES, index, width, out, err);
}

struct sp_in
client_log_tiles_bundle_next(struct sp_in *in)
{
	uint8_t high = sp_in_u8(in);
	size_t len = (size_t)(high << 8 | sp_in_u8(in));
	struct sp_in entry = sp_in_from(in->at, 0);

	if (in->bad || len > in->left) {
		in->bad = true;
		entry.bad = true;
		return entry;
	}
	entry.left = len;
	in->at += len;
	in->left -= len;
	return entry;
}

/*
 * Node (level, index) lies in tile level L = level / 8 as the subtree over
 * 2^(level % 8) of its hashes; those all lie in one tile, since 256 is a
 * multiple of that.
 */
static enum sp_code
read_node(void *self, unsigned level, uint64_t index, struct ledger_hash *out,
    struct sp_err *err)
{
	struct log_tiles *t = self;
	unsigned within = level % 8;
	uint64_t first = index << within;
	const struct log_tile *tile = NULL;
	struct ledger_hash node[LOG_TILE_WIDTH];
	size_t n = (size_t)1 << within;
	size_t at = (size_t)(first % LOG_TILE_WIDTH);

	SP_REQUIRE(client_log_tiles_width(
		       t->size, level / 8, first / LOG_TILE_WIDTH) >= at + n);
	SP_TRY(client_log_tiles_get(
	    t, level / 8, first / LOG_TILE_WIDTH, &tile, err));
	memcpy(node, tile->hash + at, n * sizeof(node[0]));
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			ledger_merkle_node(
			    &node[2 * i], &node[2 * i + 1], &node[i]);
	*out = node[0];
	return SP_OK;
}

struct ledger_nodes
client_log_tiles_nodes(struct log_tiles *t)
{
	return (struct ledger_nodes){ .read = read_node, .self = t };
}
