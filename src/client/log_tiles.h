#ifndef CLIENT_LOG_TILES_H
#define CLIENT_LOG_TILES_H

#include "base/parse.h"
#include "client/site.h"
#include "ledger/merkle.h"

/*
 * A site's log, read by its tiles (C2SP tlog-tiles) for one tree size.  What
 * a tile says is worth nothing until it was recomputed up to a signed root;
 * that is the caller's (log_check.h, log.c).
 */
#define LOG_TILE_WIDTH  256
#define LOG_TILE_LEVELS 8
#define LOG_TILE_CACHE  16

struct log_tile {
	unsigned level;
	uint64_t index;
	size_t width; /* 0: the slot is free */
	struct ledger_hash hash[LOG_TILE_WIDTH];
};

struct log_tiles {
	struct site_client *c;
	uint64_t size;
	struct log_tile *cache; /* LOG_TILE_CACHE of them */
	size_t next;            /* slot to be used next */
};

enum sp_code client_log_tiles_init(struct log_tiles *t, struct site_client *c,
    uint64_t size, struct sp_err *err) SP_MUST_USE;
void client_log_tiles_done(struct log_tiles *t);

/* How many hashes tile `index` of `level` holds in a tree of `size`: 0..256.*/
size_t client_log_tiles_width(uint64_t size, unsigned level, uint64_t index);
/* "tile/<level>/x001/234[.p/<width>]"; with level LOG_TILE_ENTRIES
 * "tile/entries/...".  No ".p" for a whole one. */
#define LOG_TILE_ENTRIES UINT32_MAX
void client_log_tiles_name(
    struct sp_buf *out, unsigned level, uint64_t index, size_t width);

/* One tile, of exactly its width.  Borrowed until the next call. */
enum sp_code client_log_tiles_get(struct log_tiles *t, unsigned level,
    uint64_t index, const struct log_tile **out,
    struct sp_err *err) SP_MUST_USE;
/* One entry bundle, as it came; its first client_log_tiles_width(…, 0, index)
 * entries are read with client_log_tiles_bundle_next. */
#define LOG_BUNDLE_MAX ((size_t)LOG_TILE_WIDTH * (2 + 65535))
enum sp_code client_log_tiles_bundle(struct log_tiles *t, uint64_t index,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* A 16-bit length and that many bytes; poisoned when short. */
struct sp_in client_log_tiles_bundle_next(struct sp_in *in);

/* Stored hashes out of tiles, for ledger_merkle_*. */
struct ledger_nodes client_log_tiles_nodes(struct log_tiles *t);

#define LOG_AUTO_TILES SP_CLEANUP(client_log_tiles_done) struct log_tiles

#endif
