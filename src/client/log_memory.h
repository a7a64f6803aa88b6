#ifndef CLIENT_LOG_MEMORY_H
#define CLIENT_LOG_MEMORY_H

#include "client/settings.h"
#include "client/site.h"
#include "crypto/digest.h"
#include "ledger/note.h"

/*
 * What this machine knows of an agency's log from earlier runs: its key,
 * trusted on first use or given, and the newest checkpoint that was checked.
 * A site that shows another key, or a log that does not continue this
 * checkpoint, rewrites history.  An address such as 127.0.0.1:8443 may be
 * another site's tomorrow, though: when its user also names another CA file
 * than before, another key is no alarm, and the memory begins anew; unless it
 * is held `firm`, as a monitor does.  Kept in the state folder as
 *
 *	{"ca":"<SHA-256 of the CA file, hex, or empty>",
 *	 "checkpoint":"<signed note>","key":"<verifier key>"}
 */
struct log_memory {
	struct sp_buf path; /* "" when nothing can be kept */
	bool known;         /* a key is */
	bool asked;         /* the site told the same key in this run */
	bool anew;          /* what was remembered was another site's */
	bool firm;          /* another key is an alarm whatever the CA */
	struct ledger_vkey key;
	struct ledger_vkey told;            /* by the site, when asked last */
	struct ledger_checkpoint seen;      /* size 0: none yet */
	struct sp_buf note;                 /* of `seen` */
	char ca[2 * CRYPTO_SHA256_LEN + 1]; /* of the CA file in use, or "" */
	char ca_then[2 * CRYPTO_SHA256_LEN + 1]; /* of the one remembered */
};

/* SP_E_CORRUPT when what is kept is damaged: it is not passed over, since
 * someone may have wished it gone. */
enum sp_code client_log_memory_open(struct log_memory *out,
    const struct settings *s, const char *agency,
    struct sp_err *err) SP_MUST_USE;
/* The same in a folder (which is there) of the caller's choice; NULL: in the
 * state folder. */
enum sp_code client_log_memory_open_in(struct log_memory *out,
    const char *folder, const struct settings *s, const char *agency,
    struct sp_err *err) SP_MUST_USE;
void client_log_memory_done(struct log_memory *m);

/* The log's key: the one given or known, which must be the one the site
 * tells, or the site's when there is none (and it is then kept).  `given`
 * may be NULL.  The site is asked once.  SP_E_CORRUPT (reason "log.key") when
 * they differ. */
enum sp_code client_log_memory_key(struct log_memory *m, struct site_client *c,
    const struct ledger_vkey *given, struct sp_err *err) SP_MUST_USE;
/* Say on standard error what the user should know of it, if anything. */
void client_log_memory_tell(const struct log_memory *m);
/* Does a checkpoint of this size contradict what was seen (reasons
 * "log.rewound", "log.forked")?  Whether a larger one continues it takes the
 * tiles: log_check.h. */
enum sp_code client_log_memory_compare(const struct log_memory *m,
    const struct ledger_checkpoint *now, struct sp_err *err) SP_MUST_USE;
/* `note` was checked in full: remember it. */
enum sp_code client_log_memory_keep(struct log_memory *m,
    const struct ledger_checkpoint *now, const struct sp_buf *note,
    struct sp_err *err) SP_MUST_USE;

/* A verifier key, or the name of a file that holds one. */
enum sp_code client_log_memory_option(
    const char *text, struct ledger_vkey *out, struct sp_err *err) SP_MUST_USE;

#define LOG_AUTO_MEMORY SP_CLEANUP(client_log_memory_done) struct log_memory

#endif
