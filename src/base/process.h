#ifndef SP_PROCESS_H
#define SP_PROCESS_H

#include "base/err.h"

/* What every process of the program gives up before it serves anyone. */

/* No new privileges by exec, no core dump, no ptrace by processes of the same
 * user.  Children inherit all but the last, so each calls it. */
enum sp_code sp_process_harden(struct sp_err *err) SP_MUST_USE;

/*
 * From here on every thread may make only the n system calls named (and exit,
 * and return from a signal).  Any other fails with EPERM; those that only an
 * intruder would want (execve, ptrace, mount, bpf, ...) kill the process,
 * unless they are on the list.  clone3, unlisted, fails with ENOSYS, on which
 * libc turns to clone.  "clone:thread" lists clone for threads of this process
 * alone, "openat:read" openat for reading what is there.  It cannot be undone.
 *
 * SP_E_INVALID: a name that the kernel's table does not have.  SP_E_UNAVAIL:
 * this kernel has no seccomp.  In a build with sanitizers nothing is
 * restricted: their runtimes make calls of their own.
 */
enum sp_code sp_process_sandbox(
    const char *const *allowed, size_t n, struct sp_err *err) SP_MUST_USE;

/*
 * From here on this thread, and those it starts, open files for reading only,
 * and only these and what lies beneath these folders; they make, change,
 * remove and execute none (Landlock).  What is open stays so.  Paths that are
 * not there are passed over.  Goes between sp_process_harden and
 * sp_process_sandbox.  It cannot be undone.
 *
 * SP_E_UNAVAIL: this kernel has no Landlock, nothing is restricted.  With
 * sanitizers nothing is, either.
 */
enum sp_code sp_process_read_only(
    const char *const *paths, size_t n, struct sp_err *err) SP_MUST_USE;
/* Has this kernel Landlock (built in, and switched on at boot)? */
bool sp_process_can_read_only(void);

#endif
