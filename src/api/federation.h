#ifndef API_FEDERATION_H
#define API_FEDERATION_H

#include "http/router.h"

/*
 * Sign-in at an identity provider elsewhere (docs/federation.md): a browser is
 * sent there and comes back, and the session goes on at the sign-in page.
 * However that ends, the browser is sent to that page: with "problem" where it
 * did not end well, which says the reason and nothing else.
 */
extern const struct http_topic api_federation_topic;
/* An agency's providers, for its administrator. */
extern const struct http_topic api_provider_topic;

/* The browser that began a sign-in: SameSite=Lax, for it comes back from
 * another site. */
#define API_FEDERATION_COOKIE "__Host-sallyport-oidc"

#endif
