/* Both spellings of each call are defined here, so neither may be an alias. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/*
 * Faults on order, in a program that knows nothing of it: README.md.  Loaded
 * with LD_PRELOAD; what it does is in the file that FAULT_CONTROL names, which
 * is looked at before each call that a fault could be for.
 *
 * Its own work is done with bare system calls, so that it never meets itself,
 * and what a sandbox refuses it means: no fault.
 */
#define PUBLIC __attribute__((visibility("default")))

#define RULES_MAX   32
#define CONTROL_MAX 4096
#define BLOCK       ((size_t)4096)
/* Reading the clock is too frequent to look at the file each time. */
#define CLOCK_LOOK_NS INT64_C(5000000)

/* What a call does, as far as faults care. */
enum act { ACT_WRITE = 1, ACT_GROW = 2, ACT_SYNC = 4, ACT_READ = 8 };

#define FAULTS(X)                                                              \
	X(FAULT_ENOSPC, "enospc", ACT_WRITE | ACT_GROW)                        \
	X(FAULT_ENOSPC_ALL, "enospc-all", ACT_WRITE | ACT_GROW)                \
	X(FAULT_EIO, "eio", ACT_SYNC)                                          \
	X(FAULT_EIO_WRITE, "eio-write", ACT_WRITE)                             \
	X(FAULT_EIO_READ, "eio-read", ACT_READ)                                \
	X(FAULT_SHORT, "short", ACT_WRITE)                                     \
	X(FAULT_KILL, "kill", ACT_WRITE | ACT_GROW | ACT_SYNC)                 \
	X(FAULT_DELAY, "delay", ACT_WRITE | ACT_GROW | ACT_SYNC)               \
	X(FAULT_DELAY_READ, "delay-read", ACT_READ)                            \
	X(FAULT_CLOCK, "clock", 0)

enum fault {
#define X(id, name, acts) id,
	FAULTS(X)
#undef X
	    FAULT_COUNT
};

static const struct {
	const char *name;
	unsigned acts;
} faults[] = {
#define X(id, name, acts) [id] = { name, acts },
	FAULTS(X)
#undef X
};

struct rule {
	enum fault fault;
	char path[128]; /* a part of the file's path */
	uint64_t from;  /* the first call that fails, counted from 1 */
	uint64_t count; /* how many do */
	uint64_t seen;  /* calls that the rule was for */
	int64_t value;  /* clock: seconds; delay: milliseconds */
};

static struct {
	pthread_mutex_t lock;
	bool known; /* the file was there, and is what the rules are from */
	struct stat from;
	struct rule rule[RULES_MAX];
	size_t n;
	int64_t clock_looked; /* when, in monotonic nanoseconds */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A signal's handler that writes while this thread looks things up. */
static _Thread_local bool inside;

static void
before_fork(void)
{
	(void)pthread_mutex_lock(&state.lock);
}

static void
after_fork(void)
{
	(void)pthread_mutex_unlock(&state.lock);
}

__attribute__((constructor)) static void
setup(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork);
}

__attribute__((format(printf, 2, 3))) static void
say(int fd, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		(void)syscall(SYS_write, fd, line,
		    (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* ---- The control file: a rule a line ---- */

/* The next word of a line, or NULL. */
static char *
word(char **at)
{
	char *w = *at + strspn(*at, " \t");

	if (*w == 0)
		return NULL;
	*at = w + strcspn(w, " \t");
	if (**at != 0)
		*(*at)++ = 0;
	return w;
}

static bool
number(const char *s, int64_t least, int64_t *out)
{
	bool minus = *s == '-';
	int64_t n = 0;

	s += minus || *s == '+';
	if (*s == 0)
		return false;
	for (; *s != 0; s++) {
		if (*s < '0' || *s > '9' || n > INT64_MAX / 10 - 1)
			return false;
		n = n * 10 + (*s - '0');
	}
	*out = minus ? -n : n;
	return *out >= least;
}

static bool
is_delay(enum fault f)
{
	return f == FAULT_DELAY || f == FAULT_DELAY_READ;
}

static bool
parse_option(struct rule *r, const char *w)
{
	int64_t n;

	if (strncmp(w, "from=", 5) == 0 && number(w + 5, 1, &n))
		r->from = (uint64_t)n;
	else if (strncmp(w, "count=", 6) == 0 && number(w + 6, 1, &n))
		r->count = (uint64_t)n;
	else if (!is_delay(r->fault) || strncmp(w, "ms=", 3) != 0 ||
	    !number(w + 3, 0, &r->value))
		return false;
	return true;
}

static bool
parse_rule(char *line, struct rule *r)
{
	char *w = word(&line);
	size_t i = 0;

	while (i < FAULT_COUNT && strcmp(w, faults[i].name) != 0)
		i++;
	if (i == FAULT_COUNT)
		return false;
	*r = (struct rule){
		.fault = (enum fault)i, .from = 1, .count = UINT64_MAX
	};
	w = word(&line);
	if (w == NULL)
		return false;
	if (r->fault == FAULT_CLOCK)
		return number(w, -INT64_MAX, &r->value) && word(&line) == NULL;
	if (strlen(w) >= sizeof(r->path))
		return false;
	memcpy(r->path, w, strlen(w) + 1);
	while ((w = word(&line)) != NULL)
		if (!parse_option(r, w))
			return false;
	return true;
}

static void
parse(char *text, const char *name)
{
	unsigned number_of = 0;
	char *line, *rest = text;

	state.n = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t\r");
		number_of++;
		if (*line == 0 || *line == '#')
			continue;
		if (state.n < RULES_MAX &&
		    parse_rule(line, &state.rule[state.n])) {
			state.n++;
			continue;
		}
		/* Half a set of faults is none. */
		say(2, "fault: %s:%u: not a rule\n", name, number_of);
		state.n = 0;
		return;
	}
}

static void
read_control(const char *name)
{
	char text[CONTROL_MAX + 1];
	long n, fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);

	state.n = 0;
	if (fd < 0)
		return;
	n = syscall(SYS_read, fd, text, CONTROL_MAX);
	(void)syscall(SYS_close, fd);
	if (n < 0)
		return;
	text[n] = 0;
	parse(text, name);
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Called with the lock held.  Calls are counted anew when the file is. */
static void
look(void)
{
	const char *name = getenv("FAULT_CONTROL");
	struct stat st;

	if (name == NULL ||
	    syscall(SYS_newfstatat, AT_FDCWD, name, &st, 0) != 0) {
		state.known = false;
		state.n = 0;
		return;
	}
	if (state.known && same(&st, &state.from))
		return;
	read_control(name);
	state.known = true;
	state.from = st;
}

/* ---- Deciding ---- */

static bool
path_of(int fd, char *out, size_t room)
{
	char link[32];
	long n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, out, room - 1);
#ifdef SYS_readlink
	if (n < 0) /* a sandbox may know this one only */
		n = syscall(SYS_readlink, link, out, room - 1);
#endif
	if (n < 0)
		return false;
	out[n] = 0;
	return true;
}

static void
report(const struct rule *r, const char *call, const char *path)
{
	const char *name = getenv("FAULT_REPORT");
	long fd;

	if (name == NULL)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, name,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	say((int)fd, "%s %s %ld %s\n", faults[r->fault].name, call,
	    syscall(SYS_getpid), path);
	(void)syscall(SYS_close, fd);
}

/* A call as the rules see it. */
struct call {
	const char *name;
	unsigned act;
	int fd;
	int64_t at; /* where it writes or claims; -1: where the fd stands */
	uint64_t len;
};

/* A full disk takes what goes into blocks that the file has.  (One with holes
 * has fewer than it seems; none is expected here.) */
static bool
needs_space(const struct call *c)
{
	int64_t at = c->at;
	struct stat st;

	if (syscall(SYS_fstat, c->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	if (at < 0 && (syscall(SYS_fcntl, c->fd, F_GETFL) & O_APPEND) != 0)
		at = st.st_size;
	if (at < 0)
		at = syscall(SYS_lseek, c->fd, 0, SEEK_CUR);
	return (uint64_t)at + c->len > (uint64_t)st.st_blocks * 512;
}

/* Whether this call is one that the rule fails. */
static bool
hits(struct rule *r, const struct call *c, const char *path)
{
	if ((faults[r->fault].acts & c->act) == 0 ||
	    strstr(path, r->path) == NULL)
		return false;
	if (r->fault == FAULT_ENOSPC && !needs_space(c))
		return false;
	r->seen++;
	return r->seen >= r->from && r->seen - r->from < r->count;
}

static bool
concerned(unsigned act)
{
	for (size_t i = 0; i < state.n; i++)
		if ((faults[state.rule[i].fault].acts & act) != 0)
			return true;
	return false;
}

/* Called with the lock held.  The first fault that hits, or FAULT_COUNT; all
 * delays that do are added up. */
static enum fault
choose(const struct call *c, int64_t *delay)
{
	enum fault found = FAULT_COUNT;
	char path[PATH_MAX];

	look();
	if (!concerned(c->act) || !path_of(c->fd, path, sizeof(path)))
		return found;
	for (size_t i = 0; i < state.n && found == FAULT_COUNT; i++) {
		struct rule *r = &state.rule[i];

		if (!hits(r, c, path))
			continue;
		report(r, c->name, path);
		if (is_delay(r->fault))
			*delay += r->value;
		else
			found = r->fault;
	}
	return found;
}

/* What is to happen to this call.  errno stays. */
static enum fault
fault_for(struct call c)
{
	int before = errno;
	enum fault found;
	int64_t delay = 0;

	if (inside)
		return FAULT_COUNT;
	inside = true;
	(void)pthread_mutex_lock(&state.lock);
	found = choose(&c, &delay);
	(void)pthread_mutex_unlock(&state.lock);
	inside = false;
	if (delay > 0) {
		struct timespec t = { delay / 1000, delay % 1000 * 1000000 };

		(void)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, 0);
	}
	if (found == FAULT_KILL)
		(void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	errno = before;
	return found;
}

/* The errno of a fault that is a failure, or 0. */
static int
failure(enum fault f)
{
	if (f == FAULT_ENOSPC || f == FAULT_ENOSPC_ALL)
		return ENOSPC;
	return f == FAULT_EIO || f == FAULT_EIO_WRITE || f == FAULT_EIO_READ
	    ? EIO
	    : 0;
}

/* The function that this one stands in front of. */
#define REAL(name)                                                             \
	static __typeof__(name) *real;                                         \
	find((void **)(void *)&real, #name)

static void
find(void **slot, const char *name)
{
	if (__atomic_load_n(slot, __ATOMIC_RELAXED) == NULL)
		__atomic_store_n(
		    slot, dlsym(RTLD_NEXT, name), __ATOMIC_RELAXED);
}

#define FAIL_WITH(number)                                                      \
	do {                                                                   \
		errno = (number);                                              \
		return -1;                                                     \
	} while (0)

/* ---- Writing ---- */

/* Half of it; of whole blocks, some whole blocks, as a disk would. */
static size_t
shortened(enum fault f, size_t n)
{
	if (f != FAULT_SHORT || n < 2 || n == BLOCK)
		return n;
	return n / 2 >= BLOCK ? n / 2 / BLOCK * BLOCK : n / 2;
}

#define WRITE(name, params, args, at)                                          \
	PUBLIC ssize_t name params                                             \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f =                                                 \
		    fault_for((struct call){ #name, ACT_WRITE, fd, at, n });   \
                                                                               \
		if (failure(f) != 0)                                           \
			FAIL_WITH(failure(f));                                 \
		n = shortened(f, n);                                           \
		return real args;                                              \
	}
WRITE(write, (int fd, const void *bytes, size_t n), (fd, bytes, n), -1)
WRITE(pwrite, (int fd, const void *bytes, size_t n, off_t at),
    (fd, bytes, n, at), at)
WRITE(pwrite64, (int fd, const void *bytes, size_t n, off64_t at),
    (fd, bytes, n, at), at)

static uint64_t
total(const struct iovec *iov, int n)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* Of several pieces, a short write takes what the first few hold, or a part
 * of the only one. */
static int
cut_pieces(enum fault f, struct iovec *one, const struct iovec **iov, int n)
{
	if (f != FAULT_SHORT || n < 1)
		return n;
	if (n > 1)
		return n / 2;
	one->iov_base = (*iov)->iov_base;
	one->iov_len = shortened(f, (*iov)->iov_len);
	*iov = one;
	return 1;
}

#define WRITEV(name, params, args, at)                                         \
	PUBLIC ssize_t name params                                             \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f = fault_for(                                      \
		    (struct call){ #name, ACT_WRITE, fd, at, total(iov, n) }); \
		struct iovec one;                                              \
                                                                               \
		if (failure(f) != 0)                                           \
			FAIL_WITH(failure(f));                                 \
		n = cut_pieces(f, &one, &iov, n);                              \
		return real args;                                              \
	}
WRITEV(writev, (int fd, const struct iovec *iov, int n), (fd, iov, n), -1)
WRITEV(pwritev, (int fd, const struct iovec *iov, int n, off_t at),
    (fd, iov, n, at), at)
WRITEV(pwritev64, (int fd, const struct iovec *iov, int n, off64_t at),
    (fd, iov, n, at), at)
WRITEV(pwritev2, (int fd, const struct iovec *iov, int n, off_t at, int flags),
    (fd, iov, n, at, flags), at)
WRITEV(pwritev64v2,
    (int fd, const struct iovec *iov, int n, off64_t at, int flags),
    (fd, iov, n, at, flags), at)

/* ---- Growing ---- */

#define GROW(name, params, args)                                               \
	PUBLIC int name params                                                 \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f = fault_for(                                      \
		    (struct call){ #name, ACT_GROW, fd, at, (uint64_t)n });    \
                                                                               \
		if (failure(f) != 0)                                           \
			FAIL_WITH(failure(f));                                 \
		return real args;                                              \
	}
GROW(fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
GROW(fallocate64, (int fd, int mode, off64_t at, off64_t n), (fd, mode, at, n))

/* These answer with the number of the error. */
#define POSIX_GROW(name, params, args)                                         \
	PUBLIC int name params                                                 \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f = fault_for(                                      \
		    (struct call){ #name, ACT_GROW, fd, at, (uint64_t)n });    \
                                                                               \
		return failure(f) != 0 ? failure(f) : real args;               \
	}
POSIX_GROW(posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n))
POSIX_GROW(posix_fallocate64, (int fd, off64_t at, off64_t n), (fd, at, n))

/* A full disk does not stop anybody from cutting a file off. */
static bool
grows(int fd, off64_t to)
{
	struct stat st;

	return syscall(SYS_fstat, fd, &st) != 0 || to > st.st_size;
}

#define TRUNCATE(name, type)                                                   \
	PUBLIC int name(int fd, type to)                                       \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f = grows(fd, to)                                   \
		    ? fault_for((struct call){                                 \
			  #name, ACT_GROW, fd, 0, (uint64_t)to })              \
		    : FAULT_COUNT;                                             \
                                                                               \
		if (failure(f) != 0)                                           \
			FAIL_WITH(failure(f));                                 \
		return real(fd, to);                                           \
	}
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

/* ---- Reading at a place: how files are read that come from elsewhere ---- */

#define READ(name, at_type)                                                    \
	PUBLIC ssize_t name(int fd, void *bytes, size_t n, at_type at)         \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f =                                                 \
		    fault_for((struct call){ #name, ACT_READ, fd, at, n });    \
                                                                               \
		if (failure(f) != 0)                                           \
			FAIL_WITH(failure(f));                                 \
		return real(fd, bytes, n, at);                                 \
	}
READ(pread, off_t)
READ(pread64, off64_t)

/* ---- Syncing ---- */

#define SYNC(name, params, args)                                               \
	PUBLIC int name params                                                 \
	{                                                                      \
		REAL(name);                                                    \
		enum fault f =                                                 \
		    fault_for((struct call){ #name, ACT_SYNC, fd, 0, 0 });     \
                                                                               \
		if (failure(f) != 0)                                           \
			FAIL_WITH(failure(f));                                 \
		return real args;                                              \
	}
SYNC(fsync, (int fd), (fd))
SYNC(fdatasync, (int fd), (fd))
SYNC(syncfs, (int fd), (fd))
SYNC(sync_file_range, (int fd, off64_t at, off64_t n, unsigned flags),
    (fd, at, n, flags))

/* ---- The wall clock ---- */

static int64_t
clock_offset(void)
{
	int before = errno;
	struct timespec t;
	int64_t now, offset = 0;

	if (inside)
		return 0;
	inside = true;
	(void)pthread_mutex_lock(&state.lock);
	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, &t);
	now = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
	if (now - state.clock_looked >= CLOCK_LOOK_NS ||
	    state.clock_looked == 0) {
		state.clock_looked = now;
		look();
	}
	for (size_t i = 0; i < state.n; i++)
		if (state.rule[i].fault == FAULT_CLOCK)
			offset += state.rule[i].value;
	(void)pthread_mutex_unlock(&state.lock);
	inside = false;
	errno = before;
	return offset;
}

PUBLIC int
clock_gettime(clockid_t which, struct timespec *out)
{
	REAL(clock_gettime);
	int r = real(which, out);

	if (r == 0 &&
	    (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
		out->tv_sec += clock_offset();
	return r;
}

PUBLIC int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	REAL(gettimeofday);
	int r = real(out, zone);

	if (r == 0)
		out->tv_sec += clock_offset();
	return r;
}

PUBLIC time_t
time(time_t *out)
{
	REAL(time);
	time_t now = real(NULL) + clock_offset();

	if (out != NULL)
		*out = now;
	return now;
}

PUBLIC int
timespec_get(struct timespec *out, int base)
{
	REAL(timespec_get);
	int r = real(out, base);

	if (r == TIME_UTC)
		out->tv_sec += clock_offset();
	return r;
}
