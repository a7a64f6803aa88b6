#ifndef SIGNIN_PASSWORD_H
#define SIGNIN_PASSWORD_H

#include "crypto/kdf.h"
#include "people/person.h"

/*
 * Passwords (CJISSECPOL IA-5(1)(a), NIST SP 800-63B 5.1.1.2).  Stored is
 *
 *   HMAC-SHA-256(pepper, PBKDF2-HMAC-SHA-256(password, salt, iterations))
 *
 * with 600,000 iterations (OWASP's number for PBKDF2 with SHA-256; ours can
 * only rise) and 16 random bytes of salt or more, as rules say.  The pepper is
 * derived from a key of the agency's that only the keeper can unwrap: 256 bits
 * from the approved generator, kept apart from the hashes, so that whoever
 * steals a database tries nothing offline.
 *
 * Any printable characters and spaces, no composition rules, nothing cut off,
 * no hints: at least the rules' password.length characters, at most 1024 bytes
 * of UTF-8, taken as they come, and none of the banned.
 *
 * Deriving costs the better part of a second of a core: at most
 * SIGNIN_PASSWORD_AT_ONCE run at once, some more wait, the rest hear
 * SP_E_UNAVAIL ("signin.busy").
 *
 * password.c derives and compares, password_banned.c has what nobody may take.
 */
#define SIGNIN_PASSWORD_MAX        1024
#define SIGNIN_PASSWORD_SALT       16 /* bytes, at least */
#define SIGNIN_PASSWORD_SALT_MAX   64
#define SIGNIN_PASSWORD_ITERATIONS CRYPTO_KDF_ITERATIONS
#define SIGNIN_PASSWORD_AT_ONCE    4
#define SIGNIN_PASSWORD_WAITING    64
#define SIGNIN_KEY                 32 /* the agency's key for this room */

struct signin_password {
	uint8_t salt[SIGNIN_PASSWORD_SALT_MAX];
	size_t salt_len;
	uint32_t iterations;
	uint8_t hash[CRYPTO_SHA256_LEN];
	sp_time changed;
};

/* What is derived of this password by `p` (NULL: by parameters of today, into
 * the void, so that a login which nobody has costs the same), and is it `p`'s?
 * Compared in constant time. */
enum sp_code signin_password_matches(struct crypto_secret *key,
    struct crypto_secret *password, const struct signin_password *p, bool *same,
    struct sp_err *err) SP_MUST_USE;
/* Of a password that passed signin_password_check. */
enum sp_code signin_password_make(const struct people_rules *rules,
    struct crypto_secret *key, struct crypto_secret *password, sp_time now,
    struct signin_password *out, struct sp_err *err) SP_MUST_USE;
/* Were its parameters those of weaker days?  Then it is made again when it is
 * next shown. */
bool signin_password_weak(
    const struct signin_password *p, const struct people_rules *rules);
/* Is it older than the rules' password.change? */
bool signin_password_old(const struct signin_password *p,
    const struct people_rules *rules, sp_time now);

/* *found says whether the person has one. */
enum sp_code signin_password_get(struct db *db, const struct sp_id *person,
    struct signin_password *out, bool *found, struct sp_err *err) SP_MUST_USE;
/* Entry "credential.changed" (kind), unless `again`: the same password, made
 * again. */
enum sp_code signin_password_put(const struct people_act *a,
    const struct sp_id *person, const struct signin_password *p, bool again,
    struct sp_err *err) SP_MUST_USE;

/*
 * The banned list: the built-in one (packaging/policy/banned-passwords.txt)
 * and DIR/policy/banned-passwords.txt, one a line, lower case; '#' begins a
 * comment.  A password is banned when, with its letters folded, signs and
 * digits at its ends taken off, or digits read as the letters they stand for,
 * it is in the list; when little is left of it without the words of its context
 * (login, name, agency, site); or when it only repeats or counts.  Immutable
 * once open; any thread.
 */
#define SIGNIN_BANNED_FILE_MAX ((size_t)8 << 20)
struct signin_banned;
enum sp_code signin_banned_open(struct signin_banned **out, const char *folder,
    struct sp_err *err) SP_MUST_USE; /* NULL: only the built-in list */
void signin_banned_free(struct signin_banned *b);
extern const uint8_t signin_banned_builtin[];
extern const size_t signin_banned_builtin_len;
/* `context` is NULL-ended.  NULL, or why not, in words to show. */
const char *signin_banned_why(const struct signin_banned *b,
    const char *const *context, struct crypto_secret *password);

/* May it be somebody's?  SP_E_INVALID, reason "password.length",
 * "password.characters" or "password.banned" (says why; never repeats it). */
enum sp_code signin_password_check(const struct people_rules *rules,
    const struct signin_banned *b, const char *const *context,
    struct crypto_secret *password, struct sp_err *err) SP_MUST_USE;

#endif
