#ifndef CMD_SUPERVISOR_H
#define CMD_SUPERVISOR_H

#include "cmd/cmd.h"
#include "crypto/secret.h"

/*
 * `sallyport serve`: starts a keeper, a server and a press, and them again when
 * they die; hands the connections of keeper and press to the server; passes
 * signals on.  Only this process holds the unlock secret between starts.
 *
 * Without a press a site takes evidence in and gives it out all the same.
 */
struct supervisor_options {
	const char *dir;
	struct crypto_secret *unlock; /* borrowed */
	char *const *server_argv;     /* "sallyport" "server" DIR ... NULL */
	int lock;                     /* the site's lock, for the server */
	const char *listen;           /* to tell people */
	const char *press;   /* the program that sets reports; NULL: none */
	int64_t stop_within; /* microseconds: then the server is killed */
};

/* Until the site is stopped.  Gives the exit code of `serve`: CMD_DONE after
 * an orderly stop, that of what failed when the first start failed. */
int cmd_supervisor_run(
    const struct cmd *self, const struct supervisor_options *o);

#endif
