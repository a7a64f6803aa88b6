#ifndef CMD_LOG_CHECK_H
#define CMD_LOG_CHECK_H

#include "client/log_memory.h"
#include "client/log_prove.h"
#include "client/log_tiles.h"

/*
 * Recomputing a site's log: every entry's hash, every tile of every level,
 * the root, and the root that was remembered.  Nothing of what the site
 * serves is believed but its signature under a key known from elsewhere.
 *
 *   entry bundles --leaf hashes--> = tiles of level 0 --> tiles above --> root
 *                                        |                             = signed
 *                                        \--first `seen.size`--> root
 *                                                          = remembered
 */
struct log_check {
	struct ledger_checkpoint now;
	struct sp_buf note; /* its signed text */
	bool entries_read;  /* false: the token may not; hashes only */
	uint64_t tiles;     /* compared, of every level */
	uint64_t bytes;     /* of entries */
};

struct log_check_options {
	struct site_client *client;
	const struct log_memory *memory; /* its key is known */
	void (*progress)(void *arg, uint64_t entries, uint64_t of);
	void *progress_arg;
};

/* SP_E_CORRUPT: a lie, its place in the error's text.  `out` is to be ended
 * with cmd_log_check_done when SP_OK. */
enum sp_code cmd_log_check_run(const struct log_check_options *o,
    struct log_check *out, struct sp_err *err) SP_MUST_USE;
void cmd_log_check_done(struct log_check *c);

#endif
