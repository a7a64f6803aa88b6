#include "media/worker.h"

#include "clips.h"
#include "hostile.h"
#include "media/client.h"
#include "media/message.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* ---- A worker of one's own ---- */

struct child {
	pid_t pid;
	int sock;
};

/* A process with nothing but its end of the socket, as serve makes it. */
static struct child
start(int (*act)(void))
{
	struct child c = { .pid = -1 };
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	c.pid = fork();
	CHECK(c.pid >= 0);
	if (c.pid == 0) {
		if (pair[1] != MEDIA_SOCK_FD &&
		    dup2(pair[1], MEDIA_SOCK_FD) < 0)
			_exit(99);
		if (close_range(MEDIA_SOCK_FD + 1, ~0U, 0) != 0)
			_exit(99);
		_exit(act());
	}
	CHECK(close(pair[1]) == 0);
	c.sock = pair[0];
	return c;
}

static int
wait_for(struct child *c)
{
	int status = 0;

	if (c->sock >= 0)
		CHECK(close(c->sock) == 0);
	while (waitpid(c->pid, &status, 0) != c->pid)
		CHECK(errno == EINTR);
	return status;
}

static bool
exited(int status, int code)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static enum sp_code
read_clip(void *self, uint64_t at, void *out, size_t len, struct sp_err *err)
{
	(void)err;
	CHECK(clip_read(self, at, out, (uint32_t)len));
	return SP_OK;
}

static struct media_job
job_of(struct clip *c)
{
	return (struct media_job){
		.size = c->len,
		.read = read_clip,
		.self = c,
		.deadline = sp_ticks() + 120 * SP_SECOND,
		.most = UINT64_MAX,
	};
}

static struct media_result
look_at(const struct media_job *job)
{
	struct child c = start(media_worker_main);
	struct media_result r = { .why = MEDIA_CRASHED };
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(media_client_run(c.sock, job, &r, &err), &err);
	CHECK(exited(wait_for(&c), 0));
	return r;
}

static void
every_kind(void)
{
	for (size_t i = 0; i < SP_COUNTOF(clip_kinds); i++) {
		const struct clip_kind *k = &clip_kinds[i];
		AUTO_CLIP c = clip_of_kind(k);
		struct media_job job = job_of(&c);
		MEDIA_AUTO_RESULT r = look_at(&job);
		bool sound = r.facts.stream[0].kind == MEDIA_AUDIO;

		(void)printf("# %s: %s, poster of %zu bytes\n", k->extension,
		    r.why == MEDIA_READABLE ? r.facts.format
					    : media_reason_word(r.why),
		    r.poster.len);
		CHECK(r.why == MEDIA_READABLE);
		CHECK(strcmp(r.facts.format, k->format) == 0);
		CHECK((r.poster.len == 0) == sound);
	}
}

/* Real clips, where they lie beside the project. */
static void
real_clips(void)
{
	static const char *const names[] = {
		"../shared/data/traffic-stop.mp4",
		"../shared/data/lobby-camera.mp4",
	};
	const char *root = getenv("SALLYPORT_ROOT");
	char path[500];

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s",
		    root == NULL ? "." : root, names[i]);
		if (access(path, R_OK) != 0)
			continue;
		AUTO_CLIP c = clip_load(path);
		struct media_job job = job_of(&c);
		MEDIA_AUTO_RESULT r = look_at(&job);

		CHECK(r.why == MEDIA_READABLE && r.facts.length > 10000);
		CHECK(r.facts.stream[0].width == 768 && r.poster.len > 1000);
		(void)printf(
		    "# %s: %jd ms\n", names[i], (intmax_t)r.facts.length);
	}
}

static void
hostile(void)
{
	for (size_t i = 0; i < SP_COUNTOF(hostile_files); i++) {
		const struct hostile_file *h = &hostile_files[i];
		AUTO_CLIP c = h->make();
		struct media_job job = job_of(&c);
		MEDIA_AUTO_RESULT r = look_at(&job);

		(void)printf("# %s: %s\n", h->name,
		    r.why == MEDIA_READABLE ? "readable"
					    : media_reason_text(r.why));
		CHECK(r.why == (c.len == 0 ? MEDIA_EMPTY : h->want));
	}
}

/* ---- Files without end ---- */

struct endless {
	const uint8_t *head;
	size_t head_len;
	const uint8_t *again;
	size_t again_len;
};

static enum sp_code
read_endless(void *self, uint64_t at, void *out, size_t len, struct sp_err *err)
{
	const struct endless *e = self;
	uint8_t *to = out;

	(void)err;
	for (size_t i = 0; i < len; i++, at++)
		to[i] = at < e->head_len
		    ? e->head[at]
		    : e->again[(at - e->head_len) % e->again_len];
	return SP_OK;
}

static void
without_end(void)
{
	static const uint8_t zero[1] = { 0 };
	static const uint8_t box[] = { 0, 0, 0, 8, 'f', 'r', 'e', 'e' };
	static const uint8_t ftyp[] = { 0, 0, 0, 16, 'f', 't', 'y', 'p', 'i',
		's', 'o', 'm', 0, 0, 2, 0 };
	static uint8_t packet[188] = { 0x47, 0x1f, 0xff, 0x10 };
	static const uint8_t ebml[] = { 0x1a, 0x45, 0xdf, 0xa3, 0x84, 0x42,
		0x86, 0x81, 1 };
	AUTO_CLIP mp3 = clip_of_kind(&clip_kinds[8]);
	AUTO_CLIP ts = clip_of_kind(&clip_kinds[4]);
	const struct endless rows[] = {
		{ zero, 0, zero, 1 },
		{ ftyp, sizeof(ftyp), box, sizeof(box) },
		{ packet, 0, packet, sizeof(packet) },
		{ ebml, sizeof(ebml), zero, 1 },
		{ mp3.at, 0, mp3.at, mp3.len },
		{ ts.at, 0, ts.at, ts.len },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct endless e = rows[i];
		struct media_job job = {
			.size = INT64_C(1) << 62,
			.read = read_endless,
			.self = &e,
			.deadline = sp_ticks() + 120 * SP_SECOND,
			.most = UINT64_C(16) << 20,
		};
		int64_t began = sp_ticks();
		struct child c = start(media_worker_main);
		MEDIA_AUTO_RESULT r = { .why = MEDIA_CRASHED };
		struct sp_err err = { .code = SP_OK };

		CHECK_OK(media_client_run(c.sock, &job, &r, &err), &err);
		CHECK(!WIFSIGNALED(wait_for(&c))); /* who is left, ends */
		(void)printf("# endless file %zu: %s after %jd ms\n", i,
		    r.why == MEDIA_READABLE ? "readable"
					    : media_reason_word(r.why),
		    (intmax_t)((sp_ticks() - began) / 1000));
		CHECK(i >= 4 || r.why != MEDIA_READABLE);
	}
}

/* ---- What it cannot do ---- */

struct attempt {
	const char *name;
	long nr;
	long a, b, c;
	bool also_sanitized; /* refused without seccomp, too */
	bool deadly;
};

#define TEXT(s) ((long)(uintptr_t)(s))
#define X32(nr) (0x40000000L | (nr))
static struct sockaddr_storage somewhere = { .ss_family = AF_INET };
static const struct attempt attempts[] = {
	{ "open a file", SYS_open, TEXT("/etc/passwd"), 0, 0, true, false },
	{ "open a file at", SYS_openat, AT_FDCWD, TEXT("/etc/passwd"), 0, true,
	    false },
	{ "make a file", SYS_openat, AT_FDCWD, TEXT("/tmp/sallyport-escaped"),
	    O_CREAT | O_WRONLY, true, false },
	{ "open itself", SYS_open, TEXT("/proc/self/mem"), O_RDWR, 0, true,
	    false },
	{ "a socket (TCP)", SYS_socket, AF_INET, SOCK_STREAM, 0, true, false },
	{ "a socket (local)", SYS_socket, AF_UNIX, SOCK_STREAM, 0, true,
	    false },
	{ "a pipe", SYS_pipe2, TEXT(&somewhere), 0, 0, true, false },
	{ "another descriptor", SYS_dup, MEDIA_SOCK_FD, 0, 0, true, false },
	{ "connect", SYS_connect, MEDIA_SOCK_FD, TEXT(&somewhere),
	    sizeof(struct sockaddr_storage), true, false },
	{ "pass descriptors", SYS_recvmsg, MEDIA_SOCK_FD, 0, 0, false, false },
	{ "read a folder", SYS_getdents64, 0, TEXT(&somewhere), 100, true,
	    false },
	{ "remove a file", SYS_unlink, TEXT("/tmp/no-such-file"), 0, 0, false,
	    false },
	{ "look at a file", SYS_stat, TEXT("/etc/passwd"), TEXT(&somewhere), 0,
	    false, false },
	{ "look at a link", SYS_readlink, TEXT("/proc/self/exe"),
	    TEXT(&somewhere), 100, false, false },
	{ "a new process", SYS_fork, 0, 0, 0, false, false },
	{ "a new thread", SYS_clone, 0x11, 0, 0, false, false },
	{ "a signal to the parent", SYS_kill, 1, 0, 0, false, false },
	{ "more memory than allowed", SYS_prlimit64, 0, RLIMIT_AS,
	    TEXT(&somewhere), false, false },
	{ "memory that others see", SYS_shmget, 0, 4096, 0x1ff, false, false },
	{ "a file of memory", SYS_memfd_create, TEXT("x"), 0, 0, true, false },
	{ "the terminal", SYS_ioctl, MEDIA_SOCK_FD, 0x5412, 0, true, false },
	{ "open a file as another kind of program does (x32)", X32(SYS_open),
	    TEXT("/etc/passwd"), 0, 0, false, true },
	{ "a socket that way", X32(SYS_socket), AF_INET, SOCK_STREAM, 0, false,
	    true },
	{ "another user", SYS_setuid, 0, 0, 0, false, true },
	{ "another program", SYS_execve, TEXT("/bin/true"), 0, 0, false, true },
	{ "another's memory", SYS_ptrace, 16, 1, 0, false, true },
	{ "a file system", SYS_mount, 0, 0, 0, false, true },
	{ "the kernel's rings", SYS_io_uring_setup, 1, 0, 0, false, true },
};

static const struct attempt *attempted;

/* 0: refused; 1: it went through; 2: not even confined. */
static int
try_it(void)
{
	if (media_worker_confine(NULL) != SP_OK)
		return 2;
	return syscall(attempted->nr, attempted->a, attempted->b, attempted->c,
		   0, 0, 0) >= 0;
}

static void
cannot(void)
{
	for (size_t i = 0; i < SP_COUNTOF(attempts); i++) {
		struct child c;
		int status;

		attempted = &attempts[i];
#ifdef SP_SANITIZED
		if (!attempted->also_sanitized)
			continue;
#endif
		c = start(try_it);
		status = wait_for(&c);
		(void)printf("# %s: %s\n", attempted->name,
		    WIFSIGNALED(status)     ? "killed"
			: exited(status, 0) ? "refused"
					    : "not refused");
		if (attempted->deadly)
			CHECK(
			    WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
		else
			CHECK(exited(status, 0));
	}
	CHECK(access("/tmp/sallyport-escaped", F_OK) != 0);
}

/* It is not that nothing works at all. */
static int
can_speak(void)
{
	if (media_worker_confine(NULL) != SP_OK)
		return 2;
	return write(MEDIA_SOCK_FD, "hello", 5) == 5 ? 0 : 1;
}

static void
can(void)
{
	struct child c = start(can_speak);
	char got[8];

	CHECK(recv(c.sock, got, sizeof(got), 0) == 5);
	CHECK(memcmp(got, "hello", 5) == 0);
	CHECK(exited(wait_for(&c), 0));
}

/* ---- Limits ---- */

#ifndef SP_SANITIZED

static int
eat_memory(void)
{
	size_t piece = (size_t)16 << 20, got = 0;
	void *at;

	if (media_worker_confine(NULL) != SP_OK)
		return 2;
	while ((at = malloc(piece)) != NULL) {
		memset(at, 1, piece);
		got += piece;
		if (got > MEDIA_WORKER_MEMORY)
			return 1;
	}
	return 0;
}

static void
memory(void)
{
	struct child c = start(eat_memory);

	CHECK(exited(wait_for(&c), 0));
}

#endif

static int
spin(void)
{
	struct rlimit second = { 1, 3 };

	if (setrlimit(RLIMIT_CPU, &second) != 0 ||
	    media_worker_confine(NULL) != SP_OK)
		return 2;
	for (volatile unsigned n = 0;; n++)
		;
}

/* The processor's time is over: it still says so. */
static void
processor(void)
{
	AUTO_CLIP clip = clip_copy("x", 1);
	struct media_job job = job_of(&clip);
	struct child c = start(spin);
	MEDIA_AUTO_RESULT r = { .why = MEDIA_READABLE };
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(media_client_run(c.sock, &job, &r, &err), &err);
	CHECK(r.why == MEDIA_TIME);
	CHECK(exited(wait_for(&c), 0));
}

/* The clock's time is over: whoever waits does not wait on, and the worker is
 * put down. */
static int
stay(void)
{
	if (media_worker_confine(NULL) != SP_OK)
		return 2;
	for (;;)
		(void)poll(NULL, 0, -1);
}

static void
clock_time(void)
{
	AUTO_CLIP clip = clip_copy("x", 1);
	struct media_job job = job_of(&clip);
	struct child c = start(stay);
	MEDIA_AUTO_RESULT r = { .why = MEDIA_READABLE };
	struct sp_err err = { .code = SP_OK };
	int status;

	job.deadline = sp_ticks() + SP_SECOND / 4;
	CHECK_OK(media_client_run(c.sock, &job, &r, &err), &err);
	CHECK(r.why == MEDIA_TIME);
	CHECK(kill(c.pid, SIGKILL) == 0);
	status = wait_for(&c);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Nobody there, somebody else there, somebody who leaves. */
static void
host_gone(void)
{
	static const char other[] = "GET / HTTP/1.1\r\n\r\n";
	static const uint8_t job[] = { 0, 0, 0, 10, 1, 1, 0, 0, 0, 0, 0, 0, 3,
		0 };
	struct child c = start(media_worker_main);

	CHECK(exited(wait_for(&c), 1));
	c = start(media_worker_main);
	CHECK(send(c.sock, other, sizeof(other), 0) == sizeof(other));
	CHECK(exited(wait_for(&c), 1));
	for (size_t n = 0; n <= sizeof(job); n += 7) {
		c = start(media_worker_main);
		CHECK(send(c.sock, job, n, 0) == (ssize_t)n);
		CHECK(exited(wait_for(&c), 1));
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every kind of media", every_kind },
		{ "real clips", real_clips },
		{ "hostile files", hostile },
		{ "files without end", without_end },
		{ "what it cannot do", cannot },
		{ "what it can", can },
#ifndef SP_SANITIZED
		{ "memory", memory },
#endif
		{ "processor", processor },
		{ "clock", clock_time },
		{ "a host that goes away", host_gone },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
