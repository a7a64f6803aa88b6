#ifndef BAG_VERIFY_H
#define BAG_VERIFY_H

#include "bag/vouched.h"

/*
 * Check a bag offline: zip, tar or unpacked folder; no server, no network, no
 * secrets (docs/bag.md says what is checked, in which order, and why).
 */
struct bag_verify_report {
	uint64_t files, bytes; /* of the whole bag */
	uint64_t items, entries, proofs;
	char origin[256];
	char vkey[400];    /* the log's key found in the bag */
	uint64_t log_size; /* of the checkpoint */
	bool key_pinned;   /* the key was compared with one given */
	struct bag_vouched_report vouched;
	struct bag_place place; /* of the first lie: a path in the bag */
};

struct bag_verify_options {
	struct bag_source from;
	const char *pin; /* verifier key text to insist on, or NULL */
	struct bag_vouched_wish vouched;
	/* Hears of all bytes read so far; may be NULL. */
	void (*progress)(void *arg, uint64_t bytes);
	void *progress_arg;
};

/* SP_E_CORRUPT: a lie, at report->place; SP_E_LIMIT: larger than a bag may be,
 * at report->place; SP_E_INVALID: the pin is no verifier key; other codes: the
 * bag could not be read.  The report holds what was found so far. */
enum sp_code bag_verify(const struct bag_verify_options *o,
    struct bag_verify_report *report, struct sp_err *err) SP_MUST_USE;

#endif
