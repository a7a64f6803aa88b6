#ifndef ERRAND_MESSENGER_H
#define ERRAND_MESSENGER_H

#include "errand/errand.h"

/*
 * The messenger: a process of its own that goes out.  The server may make no
 * connection; it gives its errands (errand.h) to this process, which has no
 * key, no database and no listening socket, may write no file, and read those
 * of the system only (/etc, /usr: names and CAs), none of the site's:
 *
 *   server ---errands---> messenger ---HTTP(S)---> witness, authority,
 *          <--answers----                          identity provider
 *
 * A site has one for those who vouch and one for sign-in: what the first say
 * is never in the memory of the process that a client's secret goes through,
 * and neither takes the other's places.
 *
 * Each errand has ERRAND_TRIP_SECONDS from start to end, whatever the other
 * side and the resolver of names do; ERRAND_TRIPS are under way at once, and
 * further ones wait in the socket.  No errand waits for another.  Redirects are
 * not followed.  Names are looked up, and certificates checked, as libcurl does
 * it on this machine.
 */
#define ERRAND_MESSENGER_FD 3 /* where the parent leaves the socket */
#define ERRAND_TRIPS        64
#define ERRAND_TRIP_SECONDS 10

/* Runs errands until the socket is closed. */
enum sp_code errand_messenger_main(int sock, struct sp_err *err);
/* What the process gives up, which cannot be undone; before it has threads.
 * *can_read: this kernel has no Landlock, so it may still read what the
 * site's user may, and whoever runs the site is to be told. */
enum sp_code errand_messenger_enter(
    bool *can_read, struct sp_err *err) SP_MUST_USE;

#endif
