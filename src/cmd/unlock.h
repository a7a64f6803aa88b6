#ifndef CMD_UNLOCK_H
#define CMD_UNLOCK_H

#include "crypto/secret.h"

/*
 * Where the secret that opens the keeper's keys comes from (--unlock):
 *
 *   file:PATH                   a file that only its owner may read
 *   fd:N                        read to its end, then closed
 *   systemd-credential[:NAME]   $CREDENTIALS_DIRECTORY/NAME, by default
 *                               sallyport.unlock ("credential:NAME" too)
 *   prompt                      asked for on the terminal
 *
 * Without --unlock it is file:DIR/keeper/unlock.key, which `init` makes.  A
 * line end after the secret is not part of it.
 */
#define UNLOCK_HELP                                                            \
	"file:PATH, fd:N, systemd-credential[:NAME] or prompt; "               \
	"else DIR/keeper/unlock.key"

/* Is it one of these, and well formed?  NULL is.  Nothing is read. */
enum sp_code cmd_unlock_check(const char *spec, struct sp_err *err) SP_MUST_USE;

/* `spec` may be NULL.  SP_E_DENIED for a file that others may read;
 * SP_E_INVALID for a spec or a secret that is none. */
enum sp_code cmd_unlock_read(const char *dir, const char *spec,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;

/* For a new site: without `spec` a fresh key, kept in DIR/keeper/unlock.key;
 * otherwise what `spec` says, at least UNLOCK_NEW_MIN bytes, a prompt asked
 * twice.  (SP 800-63B-4 3.1.1.2: 15 where nothing else is asked for.) */
#define UNLOCK_NEW_MIN 15
enum sp_code cmd_unlock_make(const char *dir, const char *spec,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;

#endif
