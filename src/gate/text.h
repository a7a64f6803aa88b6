#ifndef GATE_TEXT_H
#define GATE_TEXT_H

#include "base/id.h"
#include "crypto/digest.h"

/*
 * The texts of credentials: four letters that say of which kind, the agency's
 * id as 22 characters of base64url, "_", and 43 characters of 32 random bytes.
 * Both parts have fixed lengths, so that a '_' inside them (it is a digit of
 * base64url) splits nothing.  One form for all, so that a search for leaked
 * ones needs one pattern: sp[a-z]_[A-Za-z0-9_-]{22}_[A-Za-z0-9_-]{43}.
 *
 * A text is shown once.  Only its SHA-256 is kept: 256 random bits need no
 * slow derivation.  Whoever looks one up by its hash needs no constant-time
 * compare: what could be learned from the timing is about SHA-256 of one's own
 * guess, which cannot be steered towards a stored one.
 *
 * Any thread.
 */
#define GATE_TEXTS(X)                                                          \
	X(GATE_TEXT_TOKEN, "spt_")   /* a bearer token */                      \
	X(GATE_TEXT_SESSION, "sps_") /* a session */                           \
	X(GATE_TEXT_ACCESS, "spa_")  /* a service's access token (OAuth 2) */  \
	X(GATE_TEXT_SECRET, "spc_")  /* a service's client secret */           \
	X(GATE_TEXT_ENROLMENT,                                                 \
	    "spe_")                   /* a one-time enrolment or invitation */ \
	X(GATE_TEXT_RECOVERY, "spr_") /* a share of the agency's recovery */   \
	X(GATE_TEXT_DEVICE, "spd_")   /* a device's one-time enrolment code */

enum gate_text {
#define X(id, prefix) id,
	GATE_TEXTS(X)
#undef X
	    GATE_TEXT_COUNT
};

#define GATE_TEXT_MAX 72 /* 4 + 22 + 1 + 43 and the NUL, with slack */

/* A new one. */
void gate_text_make(enum gate_text kind, const struct sp_id *agency,
    char text[static GATE_TEXT_MAX]);
/* Is this such a text, of which kind and agency?  Says nothing about whether it
 * was ever issued. */
bool gate_text_parse(
    const char *text, enum gate_text *kind, struct sp_id *agency) SP_MUST_USE;
/* Is it of this very kind and agency? */
bool gate_text_is(const char *text, enum gate_text kind,
    const struct sp_id *agency) SP_MUST_USE;
/* What is stored of it. */
void gate_text_hash(const char *text, uint8_t out[static CRYPTO_SHA256_LEN]);

#endif
