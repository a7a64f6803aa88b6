#ifndef VOUCH_MESSENGER_H
#define VOUCH_MESSENGER_H

#include "vouch/errand.h"

/*
 * The messenger: a process of its own that goes out.  The server may make no
 * connection; it gives its errands (errand.h) to this process, which has no
 * key, no database and no listening socket, and may write no file:
 *
 *   server ---errands---> messenger ---HTTP(S)---> witness, authority
 *          <--answers----
 *
 * Each errand has VOUCH_TRIP_SECONDS from start to end, whatever the other
 * side does; VOUCH_TRIPS are under way at once, and further ones wait in the
 * socket.  Redirects are not followed.  Names are looked up, and certificates
 * checked, as libcurl does it on this machine.
 */
#define VOUCH_MESSENGER_FD 3 /* where the parent leaves the socket */
#define VOUCH_TRIPS        64
#define VOUCH_TRIP_SECONDS 10

/* Runs errands until the socket is closed. */
enum sp_code vouch_messenger_main(int sock, struct sp_err *err);
/* What the process gives up, which cannot be undone. */
enum sp_code vouch_messenger_enter(struct sp_err *err) SP_MUST_USE;

#endif
