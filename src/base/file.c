#include "base/file.h"

#include "base/clock.h"
#include "base/encode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A temporary is its file's name and this, then 16 hexadecimal digits. */
#define TEMP_MARK   ".tmp-"
#define TEMP_DIGITS 16
#define TEMP_TAIL   (sizeof(TEMP_MARK) - 1 + TEMP_DIGITS)

void
sp_file_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* what must be durable was fsynced before */
	*fd = -1;
}

enum sp_code
sp_file_write_all(int fd, const void *bytes, size_t len, struct sp_err *err)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_os(err, "write");
		at += n;
		len -= (size_t)n;
	}
	return SP_OK;
}

enum sp_code
sp_file_pwrite_all(
    int fd, const void *bytes, size_t len, off_t at, struct sp_err *err)
{
	const uint8_t *from = bytes;

	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_os(err, "write at %jd", (intmax_t)at);
		from += n;
		at += n;
		len -= (size_t)n;
	}
	return SP_OK;
}

enum sp_code
sp_file_pread_all(
    int fd, void *bytes, size_t len, off_t at, size_t *got, struct sp_err *err)
{
	uint8_t *to = bytes;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, to + done, len - done, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_os(err, "read at %jd", (intmax_t)at);
		if (n == 0)
			break;
		done += (size_t)n;
		at += n;
	}
	*got = done;
	return SP_OK;
}

/* Until the end, which may be a pipe's; one byte over the maximum is asked
 * for, so that a file of exactly the maximum is told from a longer one. */
static enum sp_code
read_to_end(int fd, const char *path, struct sp_buf *out, struct sp_err *err)
{
	uint8_t piece[4096];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_os(err, "read %s", path);
		if (n == 0)
			return sp_buf_check(out, path, err);
		sp_buf_add(out, piece, (size_t)n);
		if (out->secret)
			explicit_bzero(piece, (size_t)n);
		SP_TRY(sp_buf_check(out, path, err));
	}
}

enum sp_code
sp_file_read(
    int dirfd, const char *path, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_FD fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t before = out->len;
	enum sp_code code;

	if (fd < 0)
		return sp_fail_os(err, "open %s", path);
	SP_TRY(sp_buf_check(out, path, err));
	code = read_to_end(fd, path, out, err);
	if (code != SP_OK) {
		out->bad = SP_OK;
		sp_buf_cut(out, before);
	}
	return code;
}

static bool
temp_name(const char *path, char out[static PATH_MAX])
{
	uint8_t random[TEMP_DIGITS / 2];
	char digits[TEMP_DIGITS + 1];
	int n;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	sp_hex(random, sizeof(random), digits);
	n = snprintf(out, PATH_MAX, "%s" TEMP_MARK "%s", path, digits);
	if (n < 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	return true;
}

static enum sp_code
fill_temp(
    int fd, const void *bytes, size_t len, mode_t mode, struct sp_err *err)
{
	SP_TRY(sp_file_write_all(fd, bytes, len, err));
	if (fchmod(fd, mode) != 0)
		return sp_fail_os(err, "chmod");
	if (fsync(fd) != 0)
		return sp_fail_os(err, "fsync");
	return SP_OK;
}

static enum sp_code
sync_parent(int dirfd, const char *path, struct sp_err *err)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	size_t n;

	if (slash == NULL)
		return sp_file_sync_dir(dirfd, ".", err);
	n = slash == path ? 1 : (size_t)(slash - path);
	if (n >= sizeof(parent))
		return sp_fail(err, SP_E_LIMIT, "the path is too long");
	memcpy(parent, path, n);
	parent[n] = '\0';
	return sp_file_sync_dir(dirfd, parent, err);
}

enum sp_code
sp_file_replace(int dirfd, const char *path, const void *bytes, size_t len,
    mode_t mode, struct sp_err *err)
{
	char temp[PATH_MAX];
	SP_AUTO_FD fd = -1;
	enum sp_code code;

	if (!temp_name(path, temp))
		return sp_fail_os(err, "name a temporary for %s", path);
	fd = openat(dirfd, temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sp_fail_os(err, "create %s", temp);
	code = fill_temp(fd, bytes, len, mode, err);
	if (code == SP_OK && renameat(dirfd, temp, dirfd, path) != 0)
		code = sp_fail_os(err, "rename %s", temp);
	if (code != SP_OK) {
		(void)unlinkat(dirfd, temp, 0); /* else sp_file_sweep() will */
		return code;
	}
	return sync_parent(dirfd, path, err);
}

enum sp_code
sp_file_mkdir(int dirfd, const char *path, mode_t mode, struct sp_err *err)
{
	struct stat st;

	if (mkdirat(dirfd, path, mode) != 0) {
		if (errno != EEXIST)
			return sp_fail_os(err, "mkdir %s", path);
		if (fstatat(dirfd, path, &st, 0) != 0)
			return sp_fail_os(err, "stat %s", path);
		if (!S_ISDIR(st.st_mode))
			return sp_fail(err, SP_E_CONFLICT,
			    "%s exists and is no folder", path);
	}
	return sync_parent(dirfd, path, err);
}

enum sp_code
sp_file_sync_dir(int dirfd, const char *path, struct sp_err *err)
{
	SP_AUTO_FD fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return sp_fail_os(err, "open folder %s", path);
	if (fsync(fd) != 0)
		return sp_fail_os(err, "fsync folder %s", path);
	return SP_OK;
}

static bool
is_temp(const char *name)
{
	uint8_t random[TEMP_DIGITS / 2];
	size_t n = strlen(name);
	const char *tail;

	if (n <= TEMP_TAIL)
		return false;
	tail = name + n - TEMP_TAIL;
	return memcmp(tail, TEMP_MARK, sizeof(TEMP_MARK) - 1) == 0 &&
	    sp_hex_parse(tail + sizeof(TEMP_MARK) - 1, TEMP_DIGITS, random,
		sizeof(random));
}

/* By another name: a parameter of ours shadows dirfd(). */
static int
fd_of(DIR *d)
{
	return dirfd(d);
}

static void
close_dir(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

enum sp_code
sp_file_sweep(int dirfd, const char *path, struct sp_err *err)
{
	SP_AUTO_FD fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	SP_CLEANUP(close_dir) DIR *dir = NULL;
	const struct dirent *e;

	if (fd < 0)
		return sp_fail_os(err, "open folder %s", path);
	dir = fdopendir(fd);
	if (dir == NULL)
		return sp_fail_os(err, "read folder %s", path);
	(void)sp_file_steal(&fd); /* closed with dir */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while ((errno = 0, e = readdir(dir)) != NULL) {
		if (is_temp(e->d_name) &&
		    unlinkat(fd_of(dir), e->d_name, 0) != 0)
			return sp_fail_os(err, "remove %s", e->d_name);
	}
	if (errno != 0)
		return sp_fail_os(err, "read folder %s", path);
	return SP_OK;
}

enum sp_code
sp_file_each(const char *path, void (*visit)(void *arg, const char *name),
    void *arg, struct sp_err *err)
{
	DIR *d = opendir(path);
	const struct dirent *e;

	if (d == NULL)
		return sp_fail_os(err, "folder %.150s", path);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while ((errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			visit(arg, e->d_name);
	enum sp_code code = SP_OK;

	if (errno != 0)
		code = sp_fail_os(err, "folder %.150s", path);
	(void)closedir(d);
	return code;
}

/* --- Sockets --- */

const char sp_file_late[] = "file.late";

static enum sp_code
socket_fails(struct sp_err *err)
{
	return sp_fail(err, SP_E_UNAVAIL, "%s", strerrordesc_np(errno));
}

/* Milliseconds for poll(): -1 for ever, 0 when it is over. */
static int
time_left(int64_t deadline)
{
	const int64_t most = 1000 * SP_SECOND;
	int64_t left = deadline - sp_ticks();

	if (deadline == INT64_MAX)
		return -1;
	if (left <= 0)
		return 0;
	return (int)((left < most ? left : most) / 1000) + 1;
}

/* Wait for `events`; a hang-up counts, the transfer then tells. */
static enum sp_code
socket_ready(int sock, short events, int64_t deadline, struct sp_err *err)
{
	struct pollfd p = { .fd = sock, .events = events };

	for (;;) {
		int left = time_left(deadline);
		int n = left == 0 ? 0 : poll(&p, 1, left);

		if (left == 0)
			return sp_fail_as(err, SP_E_UNAVAIL, sp_file_late,
			    "no answer in time");
		if (n > 0)
			return SP_OK;
		if (n < 0 && errno != EINTR)
			return socket_fails(err);
	}
}

static bool
again(void)
{
	return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

enum sp_code
sp_file_send(int sock, const void *bytes, size_t len, int64_t deadline,
    struct sp_err *err)
{
	const uint8_t *at = bytes;

	for (size_t sent = 0; sent < len;) {
		ssize_t n = send(
		    sock, at + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			sent += (size_t)n;
		else if (!again())
			return socket_fails(err);
		else
			SP_TRY(socket_ready(sock, POLLOUT, deadline, err));
	}
	return SP_OK;
}

enum sp_code
sp_file_receive(
    int sock, void *bytes, size_t len, int64_t deadline, struct sp_err *err)
{
	uint8_t *at = bytes;

	for (size_t got = 0; got < len;) {
		ssize_t n = recv(sock, at + got, len - got, MSG_DONTWAIT);

		if (n == 0)
			return sp_fail(
			    err, SP_E_UNAVAIL, "the connection is closed");
		if (n > 0)
			got += (size_t)n;
		else if (!again())
			return socket_fails(err);
		else
			SP_TRY(socket_ready(sock, POLLIN, deadline, err));
	}
	return SP_OK;
}
