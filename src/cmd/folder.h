#ifndef CMD_FOLDER_H
#define CMD_FOLDER_H

#include "base/err.h"

/* Each name in a folder, unordered, without "." and "..".  The visitor may
 * remove what it is told of. */
enum sp_code cmd_folder_each(const char *path,
    void (*visit)(void *arg, const char *name), void *arg,
    struct sp_err *err) SP_MUST_USE;

#endif
