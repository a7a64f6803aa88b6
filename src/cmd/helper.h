#ifndef CMD_HELPER_H
#define CMD_HELPER_H

#include "base/buf.h"

/*
 * Programs of ours that are not sallyport itself, since they link what a
 * process with keys or a network must not hold (sallyport-media).  Such a one
 * lies beside this program, as in a build folder; in ../libexec from there, as
 * where a package was unpacked; or in the libexec that was configured.
 *
 * Appends the path; the one in libexec when there is none at all, so that
 * starting it says what is missing.
 */
enum sp_code cmd_helper_path(
    const char *name, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

#endif
