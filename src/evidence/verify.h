#ifndef EVIDENCE_VERIFY_H
#define EVIDENCE_VERIFY_H

#include "base/buf.h"

/*
 * Check a bag offline: zip, tar or unpacked folder; no server, no network, no
 * secrets (docs/bag.md says what is checked and in which order).
 */
struct evidence_verify_report {
	uint64_t files, bytes, items, entries, proofs;
	char origin[256];
	char vkey[400];       /* the log's key found in the bag */
	uint64_t log_size;    /* of the newest checkpoint */
	bool key_pinned;      /* the key was compared with one given */
	char place[512];      /* of the first lie: a path in the bag */
};

/* `pin` is a verifier key text to insist on, or NULL.  `progress` (may be
 * NULL) hears of bytes read.  SP_E_CORRUPT: a lie, at report->place; other
 * codes: the bag could not be read. */
struct evidence_verify_options {
	const char *path;
	const char *pin;
	void (*progress)(void *arg, uint64_t bytes);
	void *progress_arg;
};
enum sp_code evidence_verify_bag(const struct evidence_verify_options *o,
    struct evidence_verify_report *report, struct sp_err *err) SP_MUST_USE;

#endif
