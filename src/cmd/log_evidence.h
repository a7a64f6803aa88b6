#ifndef CMD_LOG_EVIDENCE_H
#define CMD_LOG_EVIDENCE_H

#include "cmd/log_check.h"

/*
 * What a monitor keeps when a log contradicts itself: a new folder beside its
 * memory,
 *
 *	<the memory's name without .json>-<UTC time>-<kind>/
 *		then.note    the checkpoint seen before, as signed (if any was)
 *		now.note     what is served as checkpoint now
 *		key          the log's verifier key
 *		now.key      another one that the site tells now (log.key)
 *		served       a tile or bundle that is wrong, as served (if one)
 *		README       what was found, when, where, and what it means
 *
 * so that whoever is told can check by himself.
 */
struct log_evidence {
	const struct log_memory *memory;
	const struct log_check_fault *fault;
	const char *site; /* its address and agency */
	const char *agency;
	const char *kind; /* a reason of log_check.h */
	const char *text; /* what was found */
};

/* *out gets the folder's path. */
enum sp_code cmd_log_evidence_keep(const struct log_evidence *e,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* What that kind means, and whom to tell, in plain words.  Never NULL. */
const char *cmd_log_evidence_meaning(const char *kind);
const char *cmd_log_evidence_advice(void);

#endif
