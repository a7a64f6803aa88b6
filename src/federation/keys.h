#ifndef FEDERATION_KEYS_H
#define FEDERATION_KEYS_H

#include "base/buf.h"

/*
 * A provider's public keys (JWK Set, RFC 7517), and signatures checked by them.
 *
 * Taken from a set are the keys that can sign for one of the algorithms below:
 * RSA of 2048 to 8192 bits with an exponent of at least 65537, EC on P-256 and
 * P-384; with a `kid`, and with `use`, `key_ops` and `alg` that do not say
 * otherwise.  The rest (symmetric keys, encryption keys, kinds of later years)
 * is passed over, as section 5 has it.  A set in which a private key lies, or
 * one kid stands for two keys, is refused: whoever publishes that is not to be
 * relied on.
 *
 * A set never changes; any thread may check by it.
 */
#define FEDERATION_KEYS_JSON ((size_t)64 << 10)
#define FEDERATION_KEYS_MAX  32
#define FEDERATION_KID_MAX   255

/* What may sign: the closed list, of which a provider is configured with a
 * part.  Neither "none" nor a symmetric algorithm is on it.
 * id, name (RFC 7518 3.1), kind of key, bytes of an EC signature */
#define FEDERATION_ALGORITHMS(X)                                               \
	X(FEDERATION_RS256, "RS256", "RSA", 0)                                 \
	X(FEDERATION_PS256, "PS256", "RSA", 0)                                 \
	X(FEDERATION_ES256, "ES256", "P-256", 64)                              \
	X(FEDERATION_RS384, "RS384", "RSA", 0)                                 \
	X(FEDERATION_PS384, "PS384", "RSA", 0)                                 \
	X(FEDERATION_ES384, "ES384", "P-384", 96)                              \
	X(FEDERATION_RS512, "RS512", "RSA", 0)                                 \
	X(FEDERATION_PS512, "PS512", "RSA", 0)

enum federation_algorithm {
#define X(id, name, key, len) id,
	FEDERATION_ALGORITHMS(X)
#undef X
	    FEDERATION_ALGORITHM_COUNT
};
#define FEDERATION_HAS(algorithm) (1U << (algorithm))
#define FEDERATION_DEFAULT_ALGORITHMS                                          \
	(FEDERATION_HAS(FEDERATION_RS256) | FEDERATION_HAS(FEDERATION_PS256) | \
	    FEDERATION_HAS(FEDERATION_ES256))
const char *federation_algorithm_name(enum federation_algorithm a);
bool federation_algorithm_parse(
    const char *s, enum federation_algorithm *out) SP_MUST_USE;

struct federation_keys;

/* SP_E_INVALID, reason "keys.malformed". */
enum sp_code federation_keys_parse(struct federation_keys **out,
    const void *json, size_t len, struct sp_err *err) SP_MUST_USE;
struct federation_keys *federation_keys_ref(struct federation_keys *k);
void federation_keys_unref(struct federation_keys *k); /* NULL is a no-op */
size_t federation_keys_count(const struct federation_keys *k);

static inline void
federation_keys_unrefp(struct federation_keys **k)
{
	federation_keys_unref(*k);
}
#define FEDERATION_AUTO_KEYS                                                   \
	SP_CLEANUP(federation_keys_unrefp) struct federation_keys *

/* Is `compact` (three parts, JWS compact serialisation) signed by the key
 * `kid`?  The caller has read `kid` and algorithm from its header, once.
 * SP_E_NOTFOUND, reason "jwt.kid": no such key; SP_E_UNKNOWN, reason
 * "jwt.key": the key is not of this algorithm, "jwt.signature": it is not. */
struct federation_signed {
	const char *compact;
	size_t len;
	const char *kid;
	enum federation_algorithm algorithm;
	size_t signature; /* bytes of it, decoded */
};
enum sp_code federation_keys_check(const struct federation_keys *k,
    const struct federation_signed *s, struct sp_err *err) SP_MUST_USE;

#endif
