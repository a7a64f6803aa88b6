#ifndef CMD_SITE_CURL_H
#define CMD_SITE_CURL_H

#include "cmd/settings.h"
#include "cmd/site_client.h"

/*
 * The wire in earnest: libcurl.  HTTPS only, TLS 1.2 or newer, the site's
 * certificate and name always checked, no redirect followed, the token sent
 * to the site's own origin and nowhere else.  One connection, kept open.
 *
 * From the first cmd_site_curl_new on, SIGINT and SIGTERM end the exchange
 * under way with reason cmd_site_interrupted, so that what was begun is put in
 * order.
 */
enum sp_code cmd_site_curl_new(struct site_transport **out,
    const struct settings *s, struct sp_err *err) SP_MUST_USE;
bool cmd_site_curl_interrupted(void);

#endif
