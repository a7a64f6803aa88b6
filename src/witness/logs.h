#ifndef WITNESS_LOGS_H
#define WITNESS_LOGS_H

#include "ledger/note.h"

/*
 * The logs that a witness is set up to witness: verifier keys, by origin.  A
 * key's name is its log's origin; several keys of one name are one log that
 * signs with each of them (while it changes keys).
 *
 * A list of them is a text with one verifier key a line; empty lines and those
 * that begin with '#' pass.
 */
#define WITNESS_LOGS_MAX      4096
#define WITNESS_LOGS_TEXT_MAX ((size_t)4 << 20)

struct witness_logs {
	struct ledger_vkey *key; /* by name */
	size_t n;
};

/* SP_E_INVALID names what is no key, SP_E_LIMIT too many.  The same key again
 * is no fault and changes nothing. */
enum sp_code witness_logs_add(struct witness_logs *logs, const char *vkey,
    size_t len, struct sp_err *err) SP_MUST_USE;
/* Names the line.  On failure `logs` is as before. */
enum sp_code witness_logs_add_text(struct witness_logs *logs, const char *text,
    size_t len, struct sp_err *err) SP_MUST_USE;
/* The keys of an origin (borrowed) and how many; NULL: it is unknown. */
const struct ledger_vkey *witness_logs_find(
    const struct witness_logs *logs, const char *origin, size_t len, size_t *n);
/* How many origins. */
size_t witness_logs_count(const struct witness_logs *logs);
void witness_logs_done(struct witness_logs *logs);

#define WITNESS_AUTO_LOGS SP_CLEANUP(witness_logs_done) struct witness_logs

#endif
