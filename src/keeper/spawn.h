#ifndef KEEPER_SPAWN_H
#define KEEPER_SPAWN_H

#include "crypto/secret.h"

#include <sys/types.h>

#define KEEPER_UNLOCK_MAX 1024 /* bytes of an unlock secret */

/*
 * Start this program (/proc/self/exe) again with the words of argv, ended by
 * NULL: fd[i] becomes its descriptor 3 + i, standard input and output are
 * /dev/null, everything else is closed, signals are as a fresh program
 * expects them.  The fds stay the caller's.  Any thread.
 */
enum sp_code keeper_spawn_self(char *const *argv, const int *fd, size_t n,
    pid_t *pid, struct sp_err *err) SP_MUST_USE;
/* The same for another program. */
enum sp_code keeper_spawn_program(const char *path, char *const *argv,
    const int *fd, size_t n, pid_t *pid, struct sp_err *err) SP_MUST_USE;

/*
 * Start this program again as `sallyport keeper DIR`, with its socket on fd 3
 * and the unlock secret in a pipe on fd 4.  *pid is the caller's to wait for;
 * *sock (CLOEXEC) goes to keeper_client_attach.  Returns when the keeper has
 * opened its keys; SP_E_DENIED when the secret is wrong.
 *
 * The keeper ends when the socket closes, and with the thread that started it.
 * Any thread.  A test program that spawns a keeper is itself what is started
 * again: its main begins with KEEPER_TEST_MAIN (tests/unit/keeper_self.h).
 */
enum sp_code keeper_spawn(const char *dir, struct crypto_secret *unlock,
    pid_t *pid, int *sock, struct sp_err *err) SP_MUST_USE;

/* Make DIR/keeper with a fresh root key under the unlock secret. */
enum sp_code keeper_init(const char *dir, struct crypto_secret *unlock,
    struct sp_err *err) SP_MUST_USE;

#endif
