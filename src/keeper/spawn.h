#ifndef KEEPER_SPAWN_H
#define KEEPER_SPAWN_H

#include "crypto/secret.h"

#include <sys/types.h>

/*
 * Start this program again as `sallyport keeper DIR`, with its socket on fd 3
 * and the unlock secret written to a pipe on fd 4.  *pid is the caller's to
 * wait for; *sock (CLOEXEC) goes to keeper_client_attach.  Returns when the
 * keeper has opened its keys; SP_E_DENIED when the secret is wrong.
 */
enum sp_code keeper_spawn(const char *dir, struct crypto_secret *unlock,
    pid_t *pid, int *sock, struct sp_err *err) SP_MUST_USE;

/* Make DIR/keeper with a fresh root key under the unlock secret. */
enum sp_code keeper_init(const char *dir, struct crypto_secret *unlock,
    struct sp_err *err) SP_MUST_USE;

/* The keeper process itself: serves `sock` until it closes.  Applies its own
 * sandbox (no new privileges, no dumps, seccomp). */
enum sp_code keeper_main(const char *dir, int sock, int unlock_fd,
    struct sp_err *err) SP_MUST_USE;

#endif
