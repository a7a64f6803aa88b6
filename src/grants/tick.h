#ifndef GRANTS_TICK_H
#define GRANTS_TICK_H

#include "evidence/site.h"

/*
 * What goes on by itself between the houses of a site, called every few
 * seconds by a thread of the server's: twins that are half done, groups and
 * shares that somebody was not told of, shares whose time is over, lockbox
 * requests likewise.  All of it is in the houses' rows, so that a crash forgets
 * nothing.
 *
 * And guests who were cleared when they began, and are not any more, are cut
 * off, as people at home are (evidence_room_tick).
 */
void grants_tick(struct evidence_site *site);

#endif
