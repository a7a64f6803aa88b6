#ifndef SIGNIN_TOTP_H
#define SIGNIN_TOTP_H

#include "crypto/secret.h"
#include "signin/factor.h"

/*
 * One-time passwords by time (RFC 6238 over RFC 4226; CJISSECPOL IA-5(1)(d)).
 * The seed has the hash's length, 160 bits with SHA-1 (which every app knows)
 * and 256 with SHA-256, and no less than the rules' otp.key.  A code is good in
 * its step and the ones before and after it, for clocks that differ, and each
 * step is accepted once: one that was used, or an earlier one, is refused.
 *
 * The seed is sealed (crypto/stream.h, whole) under the agency's key for this
 * room, bound to agency, person and factor: associated data
 * "sallyport/totp/1\n<agency id>\n<person id>\n<factor id>\n".  It is shown
 * once, when it is made; the factor counts from the first right code on.
 */
#define SIGNIN_TOTP_SEED_MAX 64
#define SIGNIN_TOTP_STEP     30                /* seconds, or the rule's */
#define SIGNIN_TOTP_OFFER    (600 * SP_SECOND) /* to confirm one */
#define SIGNIN_TOTP_CODE     11                /* digits, and a NUL */
#define SIGNIN_TOTP_SECRET   ((SIGNIN_TOTP_SEED_MAX + 4) / 5 * 8 + 1)
#define SIGNIN_TOTP_URI      600

struct signin_totp {
	enum crypto_digest_kind hash;
	unsigned digits; /* 6 to 10 */
	unsigned step;   /* seconds */
};

/* The code of a step (RFC 4226, 5.3). */
enum sp_code signin_totp_code(struct crypto_secret *seed,
    const struct signin_totp *t, uint64_t counter,
    char out[static SIGNIN_TOTP_CODE], struct sp_err *err) SP_MUST_USE;
/* What was typed, when, and the step of the last code that was right (-1:
 * there was none). */
struct signin_totp_typed {
	const char *code;
	sp_time now;
	int64_t last;
};
/* The step that the code is of, among those good now and later than the last;
 * SIGNIN_TOTP_WRONG: none. */
#define SIGNIN_TOTP_WRONG (-1)
enum sp_code signin_totp_match(struct crypto_secret *seed,
    const struct signin_totp *t, const struct signin_totp_typed *typed,
    int64_t *step, struct sp_err *err) SP_MUST_USE;

/* Who enrols or signs in, and the agency's key. */
struct signin_totp_of {
	struct sp_id agency, person;
	struct crypto_secret *key;
};
/* A new seed for the person, in place of one that was not confirmed.  secret:
 * base 32, to be shown once (a secret: wipe it). */
enum sp_code signin_totp_offer(const struct people_act *a,
    const struct signin_totp_of *of, enum crypto_digest_kind hash,
    struct signin_totp *out, char secret[static SIGNIN_TOTP_SECRET],
    struct sp_err *err) SP_MUST_USE;
/* The first right code makes a factor of it.  *ok false: not the code.
 * SP_E_CONFLICT, reason "totp.none": none was offered, or too long ago. */
enum sp_code signin_totp_confirm(const struct people_act *a,
    const struct signin_totp_of *of, const char *code, const char *label,
    bool *ok, struct sp_err *err) SP_MUST_USE;
/* Is this a code of any of the person's?  If so its step is used up. */
enum sp_code signin_totp_verify(const struct people_act *a,
    const struct signin_totp_of *of, const char *code, bool *ok,
    struct sp_err *err) SP_MUST_USE;

/* otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=…&algorithm=…&digits=…&period=…
 */
void signin_totp_uri(struct sp_buf *out, const char *issuer,
    const char *account, const char *secret, const struct signin_totp *t);

#endif
