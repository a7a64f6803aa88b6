#ifndef API_LOCKBOX_H
#define API_LOCKBOX_H

#include "http/router.h"

/*
 * The lockbox (docs/lockbox.md): requests of the provider's staff, in the
 * provider's house and in the agency's, by the same routes; and an agency's
 * items under a grant, `lockbox/{request}/evidence/{id}`, by the handlers of
 * one's own, with the agency's room and a guest as the caller
 * (grants/guest.h).
 */
extern const struct http_topic api_lockbox_topic;
extern const struct http_topic api_lockbox_guest_topic;

#endif
