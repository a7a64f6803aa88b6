#include "base/clock.h"
#include "base/file.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The system calls pass through here (--wrap), so that each can be made to
 * fail, to be interrupted or to do half. */
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __real_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __real_read(int fd, void *p, size_t n);
int __real_fsync(int fd);
int __real_renameat(int a, const char *from, int b, const char *to);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_read(int fd, void *p, size_t n);
int __wrap_fsync(int fd);
int __wrap_renameat(int a, const char *from, int b, const char *to);

static struct {
	unsigned fail_at; /* the nth call fails; 0: none */
	int fail_with;
	bool hit;
	bool short_calls;        /* reads and writes move at most 3 bytes */
	unsigned interrupt_each; /* every nth gives EINTR first; 0: none */
	unsigned calls;
	char story[64]; /* w write, s fsync of a file, d of a folder, r */
} io;

static bool
fails(void)
{
	io.calls++;
	if (io.interrupt_each > 0 && io.calls % io.interrupt_each == 0) {
		errno = EINTR;
		return true;
	}
	if (io.fail_at == 0 || io.calls != io.fail_at)
		return false;
	io.hit = true;
	errno = io.fail_with;
	return true;
}

static void
tell(char c)
{
	size_t n = strlen(io.story);

	if (n + 1 < sizeof(io.story) && (n == 0 || io.story[n - 1] != c))
		io.story[n] = c;
}

static size_t
moved(size_t n)
{
	return io.short_calls && n > 3 ? 3 : n;
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	tell('w');
	return fails() ? -1 : __real_write(fd, p, moved(n));
}

ssize_t
__wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return fails() ? -1 : __real_pwrite64(fd, p, moved(n), at);
}

ssize_t
__wrap_pread64(int fd, void *p, size_t n, off_t at)
{
	return fails() ? -1 : __real_pread64(fd, p, moved(n), at);
}

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	return fails() ? -1 : __real_read(fd, p, moved(n));
}

/* fsync and renameat are never interrupted. */
static bool
hard_fails(void)
{
	unsigned each = io.interrupt_each;
	bool failed;

	io.interrupt_each = 0;
	failed = fails();
	io.interrupt_each = each;
	return failed;
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	tell(S_ISDIR(st.st_mode) ? 'd' : 's');
	return hard_fails() ? -1 : __real_fsync(fd);
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	tell('r');
	return hard_fails() ? -1 : __real_renameat(a, from, b, to);
}

static char dir[64];
static int dirfd_ = -1;

static void
calm(void)
{
	memset(&io, 0, sizeof(io));
}

static unsigned
files_in(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	CHECK(closedir(d) == 0);
	return n - 2;
}

static void
expect(const char *name, const char *want)
{
	SP_AUTO_BUF b = sp_buf_new(10000);
	struct sp_err err;

	calm();
	CHECK_OK(sp_file_read(dirfd_, name, &b, &err), &err);
	CHECK(strcmp(sp_buf_str(&b), want) == 0);
}

static enum sp_code
put(const char *name, const char *text, struct sp_err *err)
{
	return sp_file_replace(dirfd_, name, text, strlen(text), 0640, err);
}

static void
replace_makes_and_replaces(void)
{
	struct sp_err err;
	struct stat st;

	calm();
	CHECK_OK(put("a", "one", &err), &err);
	CHECK(strcmp(io.story, "wsrd") == 0); /* durable in this order only */
	expect("a", "one");
	CHECK_OK(put("a", "two and more", &err), &err);
	expect("a", "two and more");
	CHECK_OK(put("a", "", &err), &err);
	expect("a", "");
	CHECK(fstatat(dirfd_, "a", &st, 0) == 0);
	CHECK((st.st_mode & 07777) == 0640); /* whatever the umask */
	CHECK(files_in(dir) == 1);
	CHECK_CODE(put("none/a", "x", &err), SP_E_NOTFOUND, &err);
	CHECK(unlinkat(dirfd_, "a", 0) == 0);
}

static void
a_symbolic_link_is_replaced_not_followed(void)
{
	struct sp_err err;
	struct stat st;

	CHECK_OK(put("target", "precious", &err), &err);
	CHECK(symlinkat("target", dirfd_, "link") == 0);
	CHECK_OK(put("link", "new", &err), &err);
	expect("target", "precious");
	CHECK(fstatat(dirfd_, "link", &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK(unlinkat(dirfd_, "link", 0) == 0);
	CHECK(unlinkat(dirfd_, "target", 0) == 0);
}

/* Whichever call fails: the old text or the new, never a mix, no leftover;
 * and only a failure after the rename may show the new. */
static void
each_failed_call_leaves_the_old_or_the_new(void)
{
	static const struct {
		int os;
		enum sp_code want;
	} rows[] = { { ENOSPC, SP_E_FULL }, { EDQUOT, SP_E_FULL },
		{ EIO, SP_E_INTERNAL } };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		for (unsigned n = 1;; n++) {
			bool after;

			calm();
			CHECK_OK(put("a", "old", &err), &err);
			calm();
			io.short_calls = true;
			io.fail_at = n;
			io.fail_with = rows[i].os;
			if (put("a", "the new text", &err) == SP_OK) {
				CHECK(!io.hit && n == 4 + 4);
				break;
			}
			CHECK(io.hit && err.code == rows[i].want);
			after = strchr(io.story, 'd') != NULL;
			expect("a", after ? "the new text" : "old");
			CHECK(files_in(dir) == 1);
		}
	}
	CHECK(unlinkat(dirfd_, "a", 0) == 0);
}

static void
interrupted_and_short_calls_go_on(void)
{
	SP_AUTO_FD fd =
	    openat(dirfd_, "io", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	SP_AUTO_BUF b = sp_buf_new(100);
	struct sp_err err;
	char back[32] = "";
	size_t got = 99;

	CHECK(fd >= 0);
	calm();
	io.short_calls = true;
	io.interrupt_each = 2;
	CHECK_OK(sp_file_write_all(fd, "0123456789", 10, &err), &err);
	CHECK_OK(sp_file_pwrite_all(fd, "abcdefgh", 8, 8, &err), &err);
	CHECK_OK(sp_file_pread_all(fd, back, 16, 0, &got, &err), &err);
	CHECK(got == 16 && memcmp(back, "01234567abcdefgh", 16) == 0);
	CHECK_OK(sp_file_pread_all(fd, back, 20, 10, &got, &err), &err);
	CHECK(got == 6); /* the end */
	CHECK_OK(sp_file_pread_all(fd, back, 20, 100, &got, &err), &err);
	CHECK(got == 0);
	CHECK_OK(sp_file_read(dirfd_, "io", &b, &err), &err);
	CHECK(strcmp(sp_buf_str(&b), "01234567abcdefgh") == 0);
	calm();
	CHECK(unlinkat(dirfd_, "io", 0) == 0);
}

static void
failures_say_their_code(void)
{
	SP_AUTO_FD fd =
	    openat(dirfd_, "io", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct sp_err err;
	char back[4];
	size_t got = 99;

	calm();
	io.fail_at = 1;
	io.fail_with = ENOSPC;
	CHECK_CODE(sp_file_write_all(fd, "x", 1, &err), SP_E_FULL, &err);
	io.calls = 0;
	CHECK_CODE(sp_file_pwrite_all(fd, "x", 1, 5, &err), SP_E_FULL, &err);
	io.calls = 0;
	io.fail_with = EIO;
	CHECK_CODE(
	    sp_file_pread_all(fd, back, 4, 0, &got, &err), SP_E_INTERNAL, &err);
	CHECK(got == 99);
	calm();
	CHECK(unlinkat(dirfd_, "io", 0) == 0);
}

static void
read_is_bounded_and_undone_on_failure(void)
{
	struct sp_err err;

	calm();
	CHECK_OK(put("a", "0123456789", &err), &err);
	for (size_t max = 0; max < 16; max++) {
		SP_AUTO_BUF b = sp_buf_secret(max);
		enum sp_code code;

		sp_buf_text(&b, max < 2 ? "" : "<>");
		code = sp_file_read(dirfd_, "a", &b, &err);
		CHECK(code == (max >= 12 ? SP_OK : SP_E_LIMIT));
		CHECK(sp_buf_ok(&b));
		CHECK(strcmp(sp_buf_str(&b),
			  max >= 12     ? "<>0123456789"
			      : max < 2 ? ""
					: "<>") == 0);
	}
	for (unsigned n = 1; n < 3; n++) {
		SP_AUTO_BUF b = sp_buf_new(100);

		sp_buf_text(&b, "<>");
		calm();
		io.fail_at = n;
		io.fail_with = EIO;
		CHECK_CODE(
		    sp_file_read(dirfd_, "a", &b, &err), SP_E_INTERNAL, &err);
		CHECK(strcmp(sp_buf_str(&b), "<>") == 0);
	}
	calm();
	CHECK(unlinkat(dirfd_, "a", 0) == 0);
}

static void
read_says_what_is_missing(void)
{
	SP_AUTO_BUF b = sp_buf_new(100);
	struct sp_err err;

	CHECK_CODE(sp_file_read(dirfd_, "none", &b, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(sp_file_read(dirfd_, ".", &b, &err), SP_E_INTERNAL, &err);
}

static void
on_name(void *arg, const char *name)
{
	char *all = arg;

	(void)snprintf(all + strlen(all), 100 - strlen(all), "%s ", name);
}

static void
each_name_is_told_once(void)
{
	struct sp_err err;
	char path[100];
	char all[100] = "";

	calm();
	(void)snprintf(path, sizeof(path), "%s/each", dir);
	CHECK_OK(sp_file_mkdir(dirfd_, "each", 0700, &err), &err);
	CHECK_OK(sp_file_each(path, on_name, all, &err), &err);
	CHECK(*all == '\0');
	CHECK_OK(put("each/a", "x", &err), &err);
	CHECK_OK(put("each/.b", "x", &err), &err);
	CHECK_OK(sp_file_each(path, on_name, all, &err), &err);
	CHECK(strcmp(all, "a .b ") == 0 || strcmp(all, ".b a ") == 0);
	CHECK(unlinkat(dirfd_, "each/a", 0) == 0);
	CHECK(unlinkat(dirfd_, "each/.b", 0) == 0);
	CHECK(unlinkat(dirfd_, "each", AT_REMOVEDIR) == 0);
	CHECK_CODE(sp_file_each(path, on_name, all, &err), SP_E_NOTFOUND, &err);
}

static void
folders(void)
{
	struct sp_err err;

	calm();
	CHECK_OK(sp_file_mkdir(dirfd_, "sub", 0700, &err), &err);
	CHECK(strcmp(io.story, "d") == 0);
	CHECK_OK(sp_file_mkdir(dirfd_, "sub", 0700, &err), &err);
	CHECK_OK(sp_file_mkdir(dirfd_, "sub/deep", 0700, &err), &err);
	CHECK_CODE(
	    sp_file_mkdir(dirfd_, "no/deep", 0700, &err), SP_E_NOTFOUND, &err);
	CHECK_OK(put("sub/file", "x", &err), &err);
	CHECK_CODE(
	    sp_file_mkdir(dirfd_, "sub/file", 0700, &err), SP_E_CONFLICT, &err);
	CHECK_OK(sp_file_sync_dir(dirfd_, "sub", &err), &err);
	CHECK_CODE(sp_file_sync_dir(dirfd_, "no", &err), SP_E_NOTFOUND, &err);
	calm();
	io.fail_at = 1;
	io.fail_with = EIO;
	CHECK_CODE(sp_file_sync_dir(dirfd_, "sub", &err), SP_E_INTERNAL, &err);
	calm();
	CHECK(unlinkat(dirfd_, "sub/file", 0) == 0);
	CHECK(unlinkat(dirfd_, "sub/deep", AT_REMOVEDIR) == 0);
	CHECK(unlinkat(dirfd_, "sub", AT_REMOVEDIR) == 0);
}

static void
sweep_removes_temporaries_only(void)
{
	static const struct {
		const char *name;
		bool stays;
	} rows[] = {
		{ "site.db.tmp-0123456789abcdef", false },
		{ "a.tmp-ffffffffffffffff", false },
		{ ".tmp-0123456789abcdef", true }, /* of no file */
		{ "a.tmp-0123456789abcde", true },
		{ "a.tmp-0123456789abcdeg", true },
		{ "a.tmp-0123456789abcdef0", true },
		{ "a.tmp-", true },
		{ "site.db", true },
	};
	struct sp_err err;

	calm();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_OK(put(rows[i].name, "x", &err), &err);
	CHECK_OK(sp_file_sweep(AT_FDCWD, dir, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		bool there = faccessat(dirfd_, rows[i].name, F_OK, 0) == 0;

		CHECK(there == rows[i].stays);
		if (there)
			CHECK(unlinkat(dirfd_, rows[i].name, 0) == 0);
	}
	CHECK_CODE(sp_file_sweep(dirfd_, "none", &err), SP_E_NOTFOUND, &err);
}

static void
fds_close_once(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int taken = sp_file_steal(&fd);

	CHECK(fd == -1 && fcntl(taken, F_GETFD) == FD_CLOEXEC);
	sp_file_closep(&fd);
	fd = taken;
	sp_file_closep(&taken);
	CHECK(taken == -1 && fcntl(fd, F_GETFD) == -1);
}

/* More than a socket holds, so that both sides have to wait. */
enum { LONG = 1 << 20 };

static void *
send_long(void *arg)
{
	static uint8_t bytes[LONG];
	struct sp_err err = { 0 };

	for (size_t i = 0; i < LONG; i++)
		bytes[i] = (uint8_t)(i * 7);
	CHECK_OK(sp_file_send(*(int *)arg, bytes, LONG, INT64_MAX, &err), &err);
	return NULL;
}

static void
a_socket_takes_and_gives_all(void)
{
	static uint8_t got[LONG];
	struct sp_err err = { 0 };
	pthread_t sender;
	size_t wrong = 0;
	int s[2];

	calm();
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == 0);
	CHECK(pthread_create(&sender, NULL, send_long, &s[0]) == 0);
	CHECK_OK(sp_file_receive(s[1], got, LONG, INT64_MAX, &err), &err);
	CHECK(pthread_join(sender, NULL) == 0);
	for (size_t i = 0; i < LONG; i++)
		wrong += got[i] != (uint8_t)(i * 7);
	CHECK(wrong == 0);
	sp_file_closep(&s[0]);
	sp_file_closep(&s[1]);
}

static void
a_socket_is_closed_or_late(void)
{
	static const uint8_t bytes[LONG];
	struct sp_err err = { 0 };
	uint8_t got[8];
	int s[2];

	calm();
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == 0);
	/* Half of what is waited for, and no more. */
	CHECK_OK(sp_file_send(s[0], bytes, 4, INT64_MAX, &err), &err);
	CHECK_CODE(
	    sp_file_receive(s[1], got, 8, sp_ticks() + SP_SECOND / 50, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, sp_file_late) == 0);
	/* Nobody takes it. */
	CHECK_CODE(
	    sp_file_send(s[0], bytes, LONG, sp_ticks() + SP_SECOND / 50, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, sp_file_late) == 0);
	sp_file_closep(&s[1]);
	CHECK_CODE(
	    sp_file_send(s[0], bytes, 8, INT64_MAX, &err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == NULL || strcmp(err.reason, sp_file_late) != 0);
	CHECK_CODE(
	    sp_file_receive(s[0], got, 8, INT64_MAX, &err), SP_E_UNAVAIL, &err);
	sp_file_closep(&s[0]);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "replace makes and replaces", replace_makes_and_replaces },
		{ "a symbolic link is replaced, not followed",
		    a_symbolic_link_is_replaced_not_followed },
		{ "each failed call leaves the old or the new",
		    each_failed_call_leaves_the_old_or_the_new },
		{ "interrupted and short calls go on",
		    interrupted_and_short_calls_go_on },
		{ "failures say their code", failures_say_their_code },
		{ "read is bounded, and undone on failure",
		    read_is_bounded_and_undone_on_failure },
		{ "read says what is missing", read_says_what_is_missing },
		{ "folders", folders },
		{ "each name is told once", each_name_is_told_once },
		{ "sweep removes temporaries only",
		    sweep_removes_temporaries_only },
		{ "fds close once", fds_close_once },
		{ "a socket takes and gives all",
		    a_socket_takes_and_gives_all },
		{ "a socket is closed or late", a_socket_is_closed_or_late },
	};
	const char *tmp = getenv("TMPDIR");
	int rc;

	(void)snprintf(dir, sizeof(dir), "%.40s/sp_file.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	CHECK(mkdtemp(dir) != NULL);
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dirfd_ >= 0);
	rc = tap_run(cases, SP_COUNTOF(cases));
	CHECK(files_in(dir) == 0 && rmdir(dir) == 0);
	return rc;
}
