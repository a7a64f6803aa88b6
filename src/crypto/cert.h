#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "base/buf.h"

/* Certificates for a site's first use: a self-made CA (EC P-256, ten years)
 * and a server certificate under it (P-256, 397 days) for DNS names and IP
 * addresses, which ends no later than the CA.  All PEM, appended; private keys
 * are PKCS#8, for a secret buffer. */
#define CRYPTO_CERT_HOSTS_MAX 64

enum sp_code crypto_cert_make_ca(const char *name, struct sp_buf *cert,
    struct sp_buf *key, struct sp_err *err) SP_MUST_USE;
/* `hosts` are n names; those that parse as IP addresses become iPAddress.
 * SP_E_INVALID when one is neither, or the CA's PEM is not usable. */
enum sp_code crypto_cert_make_server(const char *ca_cert, const char *ca_key,
    const char *const *hosts, size_t n, struct sp_buf *cert, struct sp_buf *key,
    struct sp_err *err) SP_MUST_USE;
/* Microseconds since 1970 of notAfter of the first certificate in `pem`.
 * May lie before 1970. */
enum sp_code crypto_cert_expiry(
    const char *pem, int64_t *out, struct sp_err *err) SP_MUST_USE;

#endif
