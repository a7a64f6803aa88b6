#ifndef FEDERATION_DISCOVERY_H
#define FEDERATION_DISCOVERY_H

#include "federation/provider.h"

/*
 * What a provider says of itself (OpenID Connect Discovery 1.0; RFC 8414): the
 * document at its issuer's /.well-known/openid-configuration.  Pure.
 *
 * The issuer in it must be the configured one to the byte.  Endpoints are https
 * URLs on the issuer's own host and port, or on a host that the administrator
 * named: a document cannot send a code, a secret or this site elsewhere.
 */
#define FEDERATION_DISCOVERY_MAX ((size_t)64 << 10)

struct federation_metadata {
	char authorization[FEDERATION_URL_MAX + 1];
	char token[FEDERATION_URL_MAX + 1];
	char jwks[FEDERATION_URL_MAX + 1];
	/* It says who it is when it sends a browser back (RFC 9207). */
	bool says_issuer;
};

/* Where the document is. */
void federation_discovery_url(const char *issuer, struct sp_buf *out);

/* SP_E_INVALID with the reason: discovery.malformed, discovery.issuer,
 * discovery.endpoint, discovery.flow (no code flow with PKCE S256 there),
 * discovery.algorithms (none that is allowed here), discovery.auth. */
enum sp_code federation_discovery_read(const struct federation_provider *p,
    bool local, const struct sp_buf *json, struct federation_metadata *out,
    struct sp_err *err) SP_MUST_USE;

#endif
