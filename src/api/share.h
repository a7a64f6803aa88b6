#ifndef API_SHARE_H
#define API_SHARE_H

#include "http/router.h"

/*
 * Shares with other agencies, with joint task forces, with outside persons
 * (docs/sharing.md).
 *
 * `shares`: what this agency gave and was given.  `groups`: joint task forces.
 * `shares/{share}/evidence`: another agency's items, by a share: the same
 * handlers as for one's own, with the owner's room and a guest as the caller
 * (grants/visit.h).  In share.c, share_group.c and share_guest.c.
 */
extern const struct http_topic api_share_topic;
extern const struct http_topic api_share_group_topic;
extern const struct http_topic api_share_guest_topic;

#endif
