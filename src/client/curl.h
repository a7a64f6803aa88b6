#ifndef CLIENT_CURL_H
#define CLIENT_CURL_H

#include "client/settings.h"
#include "client/site.h"

/*
 * The wire in earnest: libcurl.  HTTPS only, TLS 1.2 or newer, the site's
 * certificate and name always checked, no redirect followed, the token sent
 * to the site's own origin and nowhere else.  One connection, kept open.
 *
 * From the first client_curl_new on, SIGINT and SIGTERM end the exchange
 * under way with reason client_site_interrupted, so that what was begun is put
 * in order.
 */
enum sp_code client_curl_new(struct site_transport **out,
    const struct settings *s, struct sp_err *err) SP_MUST_USE;
bool client_curl_interrupted(void);
/* As if such a signal had come: for a program that ends with exchanges under
 * way in other threads. */
void client_curl_interrupt(void);

#endif
