#ifndef WITNESS_REQUEST_H
#define WITNESS_REQUEST_H

#include "ledger/note.h"

/*
 * The body of `POST <prefix>/add-checkpoint` (C2SP tlog-witness):
 *
 *   old <size>\n
 *   <base64 hash>\n        at most 63: consistency from <size> to the note
 *   \n
 *   <checkpoint, a signed note>
 */
#define WITNESS_PROOF_MAX   63
#define WITNESS_REQUEST_MAX ((size_t)LEDGER_NOTE_MAX + 4096)

struct witness_request {
	uint64_t old;
	struct ledger_path proof;
	const char *note; /* in the bytes that were parsed */
	size_t note_len;
};

/* SP_E_INVALID names the line and the rule.  The note is not looked into. */
enum sp_code witness_request_parse(const char *body, size_t len,
    struct witness_request *out, struct sp_err *err) SP_MUST_USE;
void witness_request_text(const struct witness_request *rq, struct sp_buf *out);

#endif
