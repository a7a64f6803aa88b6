#ifndef CMD_NAMES_H
#define CMD_NAMES_H

#include "cmd/client.h"

/*
 * Who a person is that the site tells by id: asked of it once each, with what
 * it takes to see people.  After a denial nobody else is asked about: each
 * would be a denied act in the agency's log.  Who is not known is told by id.
 */
#define NAMES_WHOLE ((size_t)3 * PRESENT_CELL_MAX)

struct names {
	struct client *c;
	json_t *known; /* id: person */
	bool refused;
};

struct names cmd_names_new(struct client *c);
void cmd_names_done(struct names *n);
#define NAMES_AUTO SP_CLEANUP(cmd_names_done) struct names

/* "ann.lee", or the id; NULL is "-".  Returns `out`. */
const char *cmd_names_login(
    struct names *n, const char *id, char out[static PRESENT_CELL_MAX]);
/* "ann.lee, Ann Lee, ID", or the id alone. */
const char *cmd_names_whole(
    struct names *n, const char *id, char out[static NAMES_WHOLE]);

#endif
