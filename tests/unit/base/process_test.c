#include "base/process.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `act` in a child; returns what wait says of it. */
static int
in_child(int (*act)(void))
{
	pid_t pid = fork();
	int status = 0;

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(act());
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static bool
exits_well(int (*act)(void))
{
	int status = in_child(act);

	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		printf("# step %d\n", WEXITSTATUS(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int
harden(void)
{
	struct rlimit core;

	if (sp_process_harden(NULL) != SP_OK)
		return 1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 4;
	return 0;
}

static void
hardening_gives_up_what_it_says(void)
{
	CHECK(exits_well(harden));
}

#ifdef SP_SANITIZED

static int
sandboxed_not(void)
{
	static const char *const none[] = { "read" };

	if (sp_process_sandbox(none, 1, NULL) != SP_OK)
		return 1;
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static void
a_sanitized_build_is_not_restricted(void)
{
	CHECK(exits_well(sandboxed_not));
}

#else

static const char *const a_few[] = { "write", "getpid", "close", "exit_group",
	"munmap", "rt_sigprocmask", "futex", "madvise" };

static int
listed_works_unlisted_fails(void)
{
	struct sp_err err;

	if (sp_process_sandbox(a_few, SP_COUNTOF(a_few), &err) != SP_OK)
		return 1;
	if (syscall(SYS_getpid) <= 0 || write(-1, "", 0) != -1 ||
	    errno != EBADF)
		return 2;
	errno = 0;
	if (socket(AF_INET, SOCK_STREAM, 0) != -1 || errno != EPERM)
		return 3;
	errno = 0;
	if (syscall(SYS_openat, -100, "/etc/passwd", 0) != -1 || errno != EPERM)
		return 4;
	errno = 0;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 5;
	return 0;
}

static void
a_listed_call_works_any_other_fails(void)
{
	CHECK(exits_well(listed_works_unlisted_fails));
}

static long deadly_call;

static int
makes_a_deadly_call(void)
{
	if (sp_process_sandbox(a_few, SP_COUNTOF(a_few), NULL) != SP_OK)
		return 1;
	(void)syscall(deadly_call, 0, 0, 0, 0, 0, 0);
	return 2; /* still alive */
}

static void
a_deadly_call_kills(void)
{
	static const long calls[] = { SYS_execve, SYS_execveat, SYS_ptrace,
		SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf,
		SYS_keyctl, SYS_mount, SYS_umount2, SYS_unshare, SYS_setns,
		SYS_init_module, SYS_io_uring_setup, SYS_setuid,
		SYS_userfaultfd, SYS_perf_event_open, SYS_chroot };

	for (size_t i = 0; i < SP_COUNTOF(calls); i++) {
		int status;

		deadly_call = calls[i];
		status = in_child(makes_a_deadly_call);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}

static int
execs_when_listed(void)
{
	static const char *const with_exec[] = { "write", "execve" };
	char *const argv[] = { NULL };

	if (sp_process_sandbox(with_exec, 2, NULL) != SP_OK)
		return 1;
	return execve("/does/not/exist", argv, argv) == -1 && errno == ENOENT
	    ? 0
	    : 2;
}

static void
a_deadly_call_may_be_listed(void)
{
	CHECK(exits_well(execs_when_listed));
}

static pthread_barrier_t barrier;

static void *
other_thread(void *arg)
{
	(void)pthread_barrier_wait(&barrier);
	(void)pthread_barrier_wait(&barrier);
	errno = 0;
	*(bool *)arg = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) == -1 &&
	    errno == EPERM;
	return NULL;
}

static int
holds_for_threads(void)
{
	bool refused = false;
	pthread_t t;

	if (pthread_barrier_init(&barrier, NULL, 2) != 0 ||
	    pthread_create(&t, NULL, other_thread, &refused) != 0)
		return 1;
	(void)pthread_barrier_wait(&barrier);
	if (sp_process_sandbox(a_few, SP_COUNTOF(a_few), NULL) != SP_OK)
		return 2;
	(void)pthread_barrier_wait(&barrier);
	if (pthread_join(t, NULL) != 0)
		return 3;
	return refused ? 0 : 4;
}

static void
it_holds_for_threads_that_run_already(void)
{
	CHECK(exits_well(holds_for_threads));
}

static void *
no_op(void *arg)
{
	return arg;
}

static int
threads_only(void)
{
	static const char *const list[] = { "clone:thread", "mmap", "munmap",
		"mprotect", "futex", "rt_sigprocmask", "set_robust_list",
		"rseq", "madvise", "write", "sched_getaffinity", "brk" };
	pthread_t t;

	if (sp_process_sandbox(list, SP_COUNTOF(list), NULL) != SP_OK)
		return 1;
	if (pthread_create(&t, NULL, no_op, NULL) != 0 ||
	    pthread_join(t, NULL) != 0)
		return 2;
	errno = 0;
	return fork() == -1 && errno == EPERM ? 0 : 3;
}

static void
threads_may_be_had_without_processes(void)
{
	CHECK(exits_well(threads_only));
}

static int
reading_only(void)
{
	static const char *const list[] = { "openat:read", "close", "write" };
	static const int refused[] = { O_WRONLY, O_RDWR, O_RDONLY | O_CREAT,
		O_RDONLY | O_TRUNC, O_RDWR | O_TMPFILE };
	int fd;

	if (sp_process_sandbox(list, SP_COUNTOF(list), NULL) != SP_OK)
		return 1;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || close(fd) != 0)
		return 2;
	for (size_t i = 0; i < SP_COUNTOF(refused); i++) {
		errno = 0;
		if (open("/dev/null", refused[i], 0600) != -1 || errno != EPERM)
			return 3;
	}
	return 0;
}

static void
files_may_be_read_and_not_written(void)
{
	CHECK(exits_well(reading_only));
}

/* ---- Landlock ---- */

static char folder[] = "/tmp/process-test-XXXXXX";
static char inside[64], secret[64];

static void
make_file(char out[static 64], const char *dir, const char *name)
{
	int fd;

	(void)snprintf(out, 64, "%s/%s", dir, name);
	fd = open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
}

static bool
opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

static int
reads_beneath(void)
{
	static const char *const paths[] = { folder, "/nonexistent/at all",
		"/dev/null" };
	char other[160];
	int held = open(secret, O_RDONLY | O_CLOEXEC);
	char byte;

	if (sp_process_harden(NULL) != SP_OK ||
	    sp_process_read_only(paths, SP_COUNTOF(paths), NULL) != SP_OK)
		return 1;
	if (!opens(inside, O_RDONLY) || !opens(folder, O_RDONLY) ||
	    !opens("/dev/null", O_RDONLY))
		return 2;
	(void)snprintf(other, sizeof(other), "%s/../%s", folder, secret + 5);
	errno = 0;
	if (opens(secret, O_RDONLY) || errno != EACCES ||
	    opens(other, O_RDONLY) || opens("/etc/passwd", O_RDONLY) ||
	    opens("/", O_RDONLY) || opens("/proc/self/environ", O_RDONLY))
		return 3;
	if (opens(inside, O_WRONLY) || opens(inside, O_RDWR | O_APPEND) ||
	    opens("/dev/null", O_WRONLY) || unlink(inside) == 0)
		return 4;
	(void)snprintf(other, sizeof(other), "%s/new", folder);
	if (opens(other, O_WRONLY | O_CREAT) || mkdir(other, 0700) == 0 ||
	    symlink("/etc", other) == 0 || rename(inside, other) == 0 ||
	    link(inside, other) == 0)
		return 5;
	if (execl("/bin/true", "true", (char *)NULL) != -1 || errno != EACCES)
		return 6;
	return read(held, &byte, 1) == 1 ? 0 : 7; /* what was open stays so */
}

static int
reads_nothing(void)
{
	if (sp_process_harden(NULL) != SP_OK ||
	    sp_process_read_only(NULL, 0, NULL) != SP_OK)
		return 1;
	return opens(inside, O_RDONLY) || opens("/dev/null", O_RDONLY);
}

static int
reads_by_thread(void)
{
	struct sp_err err;

	/* Not before new privileges are given up: and then none is lost. */
	if (sp_process_read_only(NULL, 0, &err) == SP_OK)
		return geteuid() == 0 ? 0 : 1; /* root may */
	return opens(inside, O_RDONLY) ? 0 : 2;
}

static void
files_beneath_some_folders_may_be_read(void)
{
	if (!sp_process_can_read_only()) {
		printf("# not looked at: this kernel has no Landlock\n");
		return;
	}
	CHECK(mkdtemp(folder) != NULL);
	make_file(inside, folder, "inside");
	make_file(secret, "/tmp", folder + 5 + 8);
	CHECK(exits_well(reads_beneath));
	CHECK(exits_well(reads_nothing));
	CHECK(exits_well(reads_by_thread));
	CHECK(unlink(inside) == 0 && unlink(secret) == 0 && rmdir(folder) == 0);
}

static int
kernel_without(void)
{
	static const char *const list[] = { "openat:read", "close", "write",
		"fstat", "newfstatat" };
	struct sp_err err;

	if (sp_process_sandbox(list, SP_COUNTOF(list), NULL) != SP_OK)
		return 1;
	if (sp_process_can_read_only())
		return 2;
	if (sp_process_read_only(NULL, 0, &err) != SP_E_UNAVAIL ||
	    strstr(err.text, "Landlock") == NULL)
		return 3;
	return opens("/dev/null", O_RDONLY) ? 0 : 4;
}

static void
a_kernel_without_landlock_is_told(void)
{
	CHECK(exits_well(kernel_without));
}

static int
unknown_name(void)
{
	static const char *const wrong[] = { "write", "wriet" };
	struct sp_err err;

	if (sp_process_sandbox(wrong, 2, &err) != SP_E_INVALID)
		return 1;
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0; /* nothing was loaded */
}

static void
an_unknown_name_is_refused(void)
{
	CHECK(exits_well(unknown_name));
}

#endif

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "hardening gives up what it says",
		    hardening_gives_up_what_it_says },
#ifdef SP_SANITIZED
		{ "a sanitized build is not restricted",
		    a_sanitized_build_is_not_restricted },
#else
		{ "a listed call works, any other fails",
		    a_listed_call_works_any_other_fails },
		{ "a deadly call kills", a_deadly_call_kills },
		{ "a deadly call may be listed", a_deadly_call_may_be_listed },
		{ "it holds for threads that run already",
		    it_holds_for_threads_that_run_already },
		{ "threads may be had without processes",
		    threads_may_be_had_without_processes },
		{ "files may be read and not written",
		    files_may_be_read_and_not_written },
		{ "files beneath some folders may be read",
		    files_beneath_some_folders_may_be_read },
		{ "a kernel without Landlock is told",
		    a_kernel_without_landlock_is_told },
		{ "an unknown name is refused", an_unknown_name_is_refused },
#endif
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
