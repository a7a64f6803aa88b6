#ifndef LEDGER_AUDIT_H
#define LEDGER_AUDIT_H

#include "ledger/hashes.h"
#include "ledger/note.h"

/*
 * Everything that the log's rows say of each other, computed again from the
 * entries' bytes: each leaf hash, the object each is filed under, that none is
 * missing or too many, the root, the checkpoint's signature, and every hash
 * of the hashes file.
 *
 * One pass in one snapshot of the database; a thread's own handle.
 */
struct ledger_audit {
	struct db *db;
	struct ledger_hashes *hashes;
	const struct ledger_vkey *vkey;
	/* What was published: the log must hold it or have grown from it. */
	struct ledger_checkpoint published;
};

/* SP_E_CORRUPT names the first lie's place. */
enum sp_code ledger_audit_run(
    const struct ledger_audit *a, struct sp_err *err) SP_MUST_USE;

#endif
