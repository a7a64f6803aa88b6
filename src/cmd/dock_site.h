#ifndef CMD_DOCK_SITE_H
#define CMD_DOCK_SITE_H

#include "client/site.h"
#include "cmd/dock_show.h"

/*
 * The site's side, shown beside the dock's own: its stream of events
 * (docs/events.md) is followed by a thread of its own, and what concerns a
 * dock is told.  Nothing waits for it, and nothing is decided by it: a site
 * that has no such stream, cuts it or tells lies in it changes nothing but
 * what is shown.
 */
struct dock_site;

/* NULL when it cannot be: then nothing is shown.  `t` is taken over. */
struct dock_site *cmd_dock_site_start(struct site_transport *t,
    const char *agency, struct dock_show *show) SP_MUST_USE;
/* Exchanges must have been interrupted (client_curl_interrupt). */
void cmd_dock_site_stop(struct dock_site *s);

/* One event, as the site told it: shown, or passed over.  Its data is read
 * strictly; SP_E_INVALID ends the stream. */
enum sp_code cmd_dock_site_hear(struct dock_show *show, const char *kind,
    const char *data, struct sp_err *err) SP_MUST_USE;

#endif
