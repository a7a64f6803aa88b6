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
	uint64_t from;      /* the first entry that was looked at */
	bool entries_read;  /* false: the token may not; hashes only */
	uint64_t tiles;     /* compared, of every level */
	uint64_t bytes;     /* of entries */
};

/* What a log that was caught had served: evidence. */
struct log_check_fault {
	struct sp_buf note; /* the checkpoint, as served */
	struct sp_buf
	    part; /* the name of a tile or bundle that is wrong, or "" */
	struct sp_buf bytes; /* that, as served */
};
struct log_check_fault cmd_log_check_fault_new(void);
void cmd_log_check_fault_done(struct log_check_fault *f);
#define LOG_AUTO_FAULT                                                         \
	SP_CLEANUP(cmd_log_check_fault_done) struct log_check_fault

struct log_check_options {
	struct site_client *client;
	const struct log_memory *memory; /* its key is known */
	/* Only what came since what is remembered: its root is found in the
	 * tiles, and the entries after it are added up to the signed root.
	 * That older ones are still served as they were it does not show. */
	bool onward;
	struct log_check_fault *fault; /* filled on SP_E_CORRUPT; or NULL */
	void (*progress)(void *arg, uint64_t entries, uint64_t of);
	void *progress_arg;
};

/* SP_E_CORRUPT: a lie, its place in the error's text and its kind in the
 * reason:
 *
 *   log.rewound    fewer entries are signed than were
 *   log.forked     another root is signed for as many
 *   log.rewritten  more are signed, and the first are not those of before
 *   log.served     what is served is not what is signed
 *   log.unsigned   the checkpoint is not the log's
 *
 * SP_E_NOTFOUND with reason log.withheld: a part that the checkpoint covers is
 * not served.  `out` is to be ended with cmd_log_check_done when SP_OK. */
enum sp_code cmd_log_check_run(const struct log_check_options *o,
    struct log_check *out, struct sp_err *err) SP_MUST_USE;
void cmd_log_check_done(struct log_check *c);

/* The newest checkpoint that a witness of the site's has cosigned (a busy log
 * is always ahead of its witnesses), which must be of one history with `now`,
 * a checkpoint that was checked.  SP_E_NOTFOUND: there is none; SP_E_CORRUPT as
 * above. */
enum sp_code cmd_log_check_cosigned(const struct log_check_options *o,
    const struct ledger_checkpoint *now, struct sp_buf *note,
    struct sp_err *err) SP_MUST_USE;

#endif
