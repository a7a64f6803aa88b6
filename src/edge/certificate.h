#ifndef EDGE_CERTIFICATE_H
#define EDGE_CERTIFICATE_H

#include "base/err.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

/*
 * Certificate and key of a process that listens, as PEM files that can be read
 * again while it runs.  Each is counted: connections under way keep the one
 * they began with.  Any thread, but for open and free.
 */
struct edge_certificates;
struct edge_certificate;

/* TLS 1.3 and 1.2, AEAD only, forward secrecy only (NIST SP 800-52r2). */
#define EDGE_TLS_PRIORITY                                                      \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:"              \
	"+AES-256-GCM:+AES-128-GCM:-MAC-ALL:+AEAD:-KX-ALL:"                    \
	"+ECDHE-ECDSA:+ECDHE-RSA"

/* SP_E_INVALID: the files hold none, or a key that is not the first
 * certificate's. */
enum sp_code edge_certificates_open(struct edge_certificates **out,
    const char *cert_path, const char *key_path,
    struct sp_err *err) SP_MUST_USE;
/* On failure the old one stays. */
enum sp_code edge_certificates_reload(
    struct edge_certificates *s, struct sp_err *err) SP_MUST_USE;
/* Is the one of now for this DNS name? */
bool edge_certificates_hold(
    struct edge_certificates *s, const char *host) SP_MUST_USE;
/* All that were taken are given back; NULL is a no-op. */
void edge_certificates_free(struct edge_certificates *s);

struct edge_certificate *edge_certificate_take(struct edge_certificates *s);
/* NULL is a no-op. */
void edge_certificate_give(
    struct edge_certificates *s, struct edge_certificate *c);
/* What GnuTLS's callback wants; borrowed. */
void edge_certificate_use(struct edge_certificate *c, gnutls_pcert_st **chain,
    unsigned *chain_len, gnutls_privkey_t *key);

#endif
