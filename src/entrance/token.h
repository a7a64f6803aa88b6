#ifndef ENTRANCE_TOKEN_H
#define ENTRANCE_TOKEN_H

#include "gate/token.h"
#include "http/router.h"

/* Tokens: the agency's, and whose the caller's own is. */
extern const struct http_topic entrance_token_topic;

/* POST tokens: {"role" | "person", "label", "expires_at" | "expires_in_days"},
 * nothing else.  A token lives at most ENTRANCE_TOKEN_DAYS. */
#define ENTRANCE_TOKEN_DAYS 366

struct entrance_token_wish {
	enum gate_role role;
	bool of_person;
	struct sp_id person;
	char label[GATE_TOKEN_LABEL + 1];
	sp_time expires;
};
enum sp_code entrance_token_wish(const void *json, size_t len, sp_time now,
    struct entrance_token_wish *out, struct sp_err *err) SP_MUST_USE;

#endif
