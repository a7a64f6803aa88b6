#ifndef API_PASSKEY_H
#define API_PASSKEY_H

#include "http/router.h"

/*
 * Passkeys (signin/passkey.h): what a browser is to ask its authenticator, and
 * what it answered.  To sign in by one alone, to show one in a session, and to
 * enrol one in a session that waits for a first factor or was proved lately.
 *
 * The relying party is the name by which the request came (http/origin.h).
 */
extern const struct http_topic api_passkey_topic;

#endif
