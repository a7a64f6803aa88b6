#include "base/process.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The version of the kernel's Landlock; < 1: there is none. */
static long
landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

bool
sp_process_can_read_only(void)
{
	return landlock_version() >= 1;
}

enum sp_code
sp_process_harden(struct sp_err *err)
{
	static const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return sp_fail_os(err, "give up new privileges");
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return sp_fail_os(err, "forbid core dumps");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return sp_fail_os(err, "forbid dumps");
	return SP_OK;
}

#ifdef SP_SANITIZED

enum sp_code
sp_process_sandbox(const char *const *allowed, size_t n, struct sp_err *err)
{
	(void)allowed;
	(void)n;
	(void)err;
	return SP_OK; /* the sanitizers' runtimes make calls of their own */
}

enum sp_code
sp_process_read_only(const char *const *paths, size_t n, struct sp_err *err)
{
	(void)paths;
	(void)n;
	(void)err;
	return SP_OK; /* and read what they like */
}

#else

/* Nothing works without these; exit also on the way out of a panic. */
static const char *const always[] = { "exit", "exit_group", "rt_sigreturn",
	"restart_syscall" };

/* The steps of a break-in that no process of ours ever takes by mistake. */
static const char *const deadly[] = { "execve", "execveat", "ptrace",
	"process_vm_readv", "process_vm_writev", "process_madvise",
	"pidfd_getfd", "kcmp", "bpf", "perf_event_open", "userfaultfd",
	"keyctl", "add_key", "request_key", "mount", "umount2", "move_mount",
	"open_tree", "fsopen", "fsmount", "fspick", "mount_setattr",
	"pivot_root", "chroot", "setns", "unshare", "init_module",
	"finit_module", "delete_module", "kexec_load", "kexec_file_load",
	"reboot", "swapon", "swapoff", "acct", "quotactl", "settimeofday",
	"clock_settime", "adjtimex", "clock_adjtime", "sethostname",
	"setdomainname", "iopl", "ioperm", "personality", "setuid", "setgid",
	"setreuid", "setregid", "setresuid", "setresgid", "setgroups",
	"setfsuid", "setfsgid", "capset", "seccomp", "io_uring_setup",
	"io_uring_enter", "io_uring_register" };

static void
filter_free(scmp_filter_ctx *filter)
{
	if (*filter != NULL)
		seccomp_release(*filter);
}

static bool
listed(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, list[i]) == 0)
			return true;
	}
	return false;
}

static enum sp_code
add_rule(scmp_filter_ctx filter, uint32_t action, const char *name,
    struct sp_err *err)
{
	int nr = seccomp_syscall_resolve_name(name);
	int rc;

	if (nr == __NR_SCMP_ERROR)
		return sp_fail(err, SP_E_INVALID, "no system call %s", name);
	rc = seccomp_rule_add(filter, action, nr, 0);
	if (rc != 0) {
		errno = -rc;
		return sp_fail_os(err, "sandbox rule for %s", name);
	}
	return SP_OK;
}

/* Threads, no processes.  The flags are clone's first argument, but on s390
 * its second. */
static enum sp_code
add_threads(scmp_filter_ctx filter, struct sp_err *err)
{
#ifdef __s390__
	const unsigned flags = 1;
#else
	const unsigned flags = 0;
#endif
	const struct scmp_arg_cmp thread =
	    SCMP_CMP(flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	int rc = seccomp_rule_add(
	    filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread);

	if (rc != 0) {
		errno = -rc;
		return sp_fail_os(err, "sandbox rule for threads");
	}
	return SP_OK;
}

/* Nothing is made, cut or written. */
static enum sp_code
add_reading(scmp_filter_ctx filter, struct sp_err *err)
{
	const struct scmp_arg_cmp reading = SCMP_A2(
	    SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	int rc = seccomp_rule_add(
	    filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, reading);

	if (rc != 0) {
		errno = -rc;
		return sp_fail_os(err, "sandbox rule for reading");
	}
	return SP_OK;
}

static enum sp_code
add_allowed(scmp_filter_ctx filter, const char *name, struct sp_err *err)
{
	if (strcmp(name, "openat:read") == 0)
		return add_reading(filter, err);
	if (strcmp(name, "clone:thread") == 0)
		return add_threads(filter, err);
	return add_rule(filter, SCMP_ACT_ALLOW, name, err);
}

/* A call that this libseccomp does not know cannot be named to it, and falls
 * to the filter's default. */
static enum sp_code
add_deadly(scmp_filter_ctx filter, const char *const *allowed, size_t n,
    struct sp_err *err)
{
	for (size_t i = 0; i < SP_COUNTOF(deadly); i++) {
		if (listed(deadly[i], allowed, n) ||
		    seccomp_syscall_resolve_name(deadly[i]) == __NR_SCMP_ERROR)
			continue;
		SP_TRY(add_rule(filter, SCMP_ACT_KILL_PROCESS, deadly[i], err));
	}
	if (listed("clone3", allowed, n))
		return SP_OK;
	return add_rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", err);
}

static enum sp_code
set_attributes(scmp_filter_ctx filter, struct sp_err *err)
{
	static const struct {
		enum scmp_filter_attr attr;
		uint32_t value;
	} rows[] = {
		{ SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS },
		{ SCMP_FLTATR_CTL_TSYNC, 1 },    /* all threads at once */
		{ SCMP_FLTATR_CTL_OPTIMIZE, 2 }, /* a tree, not a list */
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < SP_COUNTOF(rows); i++)
		rc = seccomp_attr_set(filter, rows[i].attr, rows[i].value);
	if (rc == 0)
		return SP_OK;
	errno = -rc;
	return sp_fail_os(err, "sandbox attribute");
}

enum sp_code
sp_process_sandbox(const char *const *allowed, size_t n, struct sp_err *err)
{
	SP_CLEANUP(filter_free)
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (filter == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the sandbox");
	SP_TRY(set_attributes(filter, err));
	for (size_t i = 0; i < SP_COUNTOF(always); i++)
		SP_TRY(add_rule(filter, SCMP_ACT_ALLOW, always[i], err));
	for (size_t i = 0; i < n; i++) {
		if (!listed(allowed[i], always, SP_COUNTOF(always)))
			SP_TRY(add_allowed(filter, allowed[i], err));
	}
	SP_TRY(add_deadly(filter, allowed, n, err));
	rc = seccomp_load(filter);
	if (rc != 0) {
		errno = -rc;
		return sp_fail(err, SP_E_UNAVAIL,
		    "the kernel refused the sandbox (%d)", -rc);
	}
	return SP_OK;
}

/* --- Landlock --- */

/* All that this version can forbid; later kernels know the same bits.  1: the
 * first 13, 2: refer, 3: truncate, 5: ioctl on devices. */
static uint64_t
all_access(long version)
{
	unsigned bits = 13;

	bits += version >= 2;
	bits += version >= 3;
	bits += version >= 5;
	return (UINT64_C(1) << bits) - 1;
}

static enum sp_code
let_read(int rules, const char *path, struct sp_err *err)
{
	SP_AUTO_FD fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = fd,
	};
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return SP_OK;
	if (fd < 0 || fstat(fd, &st) != 0)
		return sp_fail_os(err, "look at %s", path);
	if (S_ISDIR(st.st_mode))
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) != 0)
		return sp_fail_os(err, "allow reading %s", path);
	return SP_OK;
}

enum sp_code
sp_process_read_only(const char *const *paths, size_t n, struct sp_err *err)
{
	long version = landlock_version();
	const struct landlock_ruleset_attr handled = {
		.handled_access_fs = version < 1 ? 0 : all_access(version),
	};
	SP_AUTO_FD rules = -1;

	if (version < 1)
		return sp_fail(err, SP_E_UNAVAIL,
		    "this kernel has no Landlock (it needs Linux 5.13, and "
		    "'landlock' in lsm=)");
	rules = (int)syscall(SYS_landlock_create_ruleset, &handled,
	    sizeof(handled.handled_access_fs), 0);
	if (rules < 0)
		return sp_fail_os(err, "make Landlock rules");
	for (size_t i = 0; i < n; i++)
		SP_TRY(let_read(rules, paths[i], err));
	if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		return sp_fail_os(err, "enter Landlock");
	return SP_OK;
}

#endif
