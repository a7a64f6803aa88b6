#ifndef SP_KEEPER_SELF_H
#define SP_KEEPER_SELF_H

#include "keeper/process.h"

#include <stdlib.h>
#include <string.h>

/*
 * keeper_spawn starts /proc/self/exe as `… keeper DIR`: in a test program
 * that is the test again.  Its main opens the crypto provider, then begins
 * with KEEPER_TEST_MAIN(argc, argv).
 */
static inline void
keeper_self(int argc, char **argv)
{
	struct sp_err err = { .code = SP_OK };

	if (argc != 3 || strcmp(argv[1], "keeper") != 0)
		return;
	exit(keeper_main(argv[2], KEEPER_SOCK_FD, KEEPER_UNLOCK_FD, &err) ==
		    SP_OK
		? 0
		: 1);
}
#define KEEPER_TEST_MAIN(argc, argv) keeper_self(argc, argv)

#endif
