#ifndef CLIENT_LOG_PROVE_H
#define CLIENT_LOG_PROVE_H

#include "client/log_memory.h"

/*
 * Proofs made here, from a site's tiles, and checked here before anyone is
 * shown them: that an entry is in the log (a C2SP tlog-proof), and that the
 * log only grew.  The second has no format of its own in C2SP; as text it is
 *
 *	from <size> <root>
 *	to <size> <root>
 *	<hash>                   (RFC 6962 2.1.2, in order; none when equal)
 *	...
 *
 *	<the log's signed checkpoint, of which `to` is checked to be a part>
 *
 * with base64 hashes, and as JSON {"from","to","hashes","checkpoint"}.
 */
struct log_prove_options {
	struct site_client *client;
	const struct log_memory *memory; /* its key is known */
	uint64_t index;
	uint64_t from, to; /* `to` 0: the checkpoint's size */
	bool json;
};

/* The current checkpoint, its signature checked.  `note` gets its text. */
enum sp_code client_log_prove_head(struct site_client *c,
    const struct ledger_vkey *key, struct ledger_checkpoint *out,
    struct sp_buf *note, struct sp_err *err) SP_MUST_USE;

/* *entry_read: the proof was checked against the entry's own bytes, not only
 * its hash.  SP_E_NOTFOUND past the end, SP_E_CORRUPT for tiles that do not
 * lead to the signed root. */
enum sp_code client_log_prove_entry(const struct log_prove_options *o,
    struct sp_buf *out, bool *entry_read, struct sp_err *err) SP_MUST_USE;
enum sp_code client_log_prove_growth(const struct log_prove_options *o,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

/* A checkpoint that was checked (its signature; `note` is its text) and that
 * must continue what is remembered: proven from the site's tiles, then
 * remembered in its place.  SP_E_CORRUPT: the log went back, or was
 * rewritten. */
enum sp_code client_log_prove_follow(struct log_memory *m,
    struct site_client *c, const struct ledger_checkpoint *now,
    const struct sp_buf *note, struct sp_err *err) SP_MUST_USE;

#endif
