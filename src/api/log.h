#ifndef API_LOG_H
#define API_LOG_H

#include "http/router.h"

/* The agency's log (C2SP tlog-tiles), and who vouches for it: the newest
 * checkpoint that a witness cosigned, the timestamps of others. */
extern const struct http_topic api_log_topic;

/* The index of a tile, C2SP tlog-tiles: groups of three digits, all but the
 * last with an 'x' before them ("x001/x234/067"), then perhaps ".p/<width>".
 * *width is 256 for a full tile.  Only the one canonical spelling passes. */
bool api_log_tile_index(
    const char *s, uint64_t *index, unsigned *width) SP_MUST_USE;

#endif
