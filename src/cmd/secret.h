#ifndef CMD_SECRET_H
#define CMD_SECRET_H

#include "crypto/secret.h"

/*
 * Where a person's secret comes from: never an argument, which every user of a
 * machine sees.  "fd:N" is read to its end, "file:PATH" is a file that only its
 * owner may read; NULL or "prompt" asks on the terminal, unseen.  A line end
 * after it is not part of it.
 */
#define SECRET_HELP "fd:N, file:PATH or prompt (default)"
/* Could it be read: is there a terminal to ask on, is the file or descriptor
 * there?  For whoever must not begin what it then cannot end. */
enum sp_code cmd_secret_check(const char *from, struct sp_err *err) SP_MUST_USE;
enum sp_code cmd_secret_read(const char *from, const char *ask,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;

#endif
