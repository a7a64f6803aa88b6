#ifndef CMD_GUEST_H
#define CMD_GUEST_H

#include "cmd/cmd.h"

/*
 * Fetching an original that another agency lets one have: "share get SHARE
 * ITEM" and "lockbox get REQUEST ITEM".  The item's record says what to expect,
 * the bytes must be that; the receipt is the other agency's own.
 */
struct cmd_guest {
	const char *way;   /* in the path: "shares", "lockbox" */
	const char *usage; /* what the operands are */
};

int cmd_guest_run(
    const struct cmd *self, const struct cmd_guest *by, int argc, char **argv);

#endif
