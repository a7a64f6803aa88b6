#include "cmd/secret.h"

#include "base/file.h"
#include "base/parse.h"
#include "cmd/terminal.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX ((size_t)1024)

static enum sp_code
keep(struct sp_buf *line, struct crypto_secret **out, struct sp_err *err)
{
	SP_TRY(sp_buf_check(line, "what was read", err));
	while (line->len > 0 &&
	    (line->at[line->len - 1] == '\n' ||
		line->at[line->len - 1] == '\r'))
		sp_buf_cut(line, line->len - 1);
	if (line->len == 0)
		return sp_fail(err, SP_E_INVALID, "nothing was given");
	*out = crypto_secret_from(line->at, line->len);
	if (*out == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a secret");
	return SP_OK;
}

static enum sp_code
read_all(int fd, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_BUF line = sp_buf_secret(SECRET_MAX + 2);
	uint8_t c;
	ssize_t n;

	while ((n = read(fd, &c, 1)) == 1)
		sp_buf_u8(&line, c);
	c = 0;
	if (n < 0)
		return sp_fail_os(err, "read a secret");
	return keep(&line, out, err);
}

static enum sp_code
read_file(const char *path, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return sp_fail_os(err, "%.120s", path);
	if ((st.st_mode & 077) != 0)
		return sp_fail(err, SP_E_DENIED,
		    "others may read %.100s: run chmod 600 on it", path);
	return read_all(fd, out, err);
}

static enum sp_code
open_terminal(int *out, struct sp_err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return sp_fail(err, SP_E_INVALID,
		    "there is no terminal to ask on: give it as fd:N or "
		    "file:PATH");
	*out = tty;
	return SP_OK;
}

static enum sp_code
prompt(const char *ask, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_FD tty = -1;
	SP_AUTO_BUF line = sp_buf_secret(SECRET_MAX + 2);

	SP_TRY(open_terminal(&tty, err));
	SP_TRY(cmd_terminal_ask(tty, ask, &line, err));
	return keep(&line, out, err);
}

static bool
is_prompt(const char *from)
{
	return from == NULL || strcmp(from, "prompt") == 0;
}

static const char *
file_of(const char *from)
{
	return strncmp(from, "file:", 5) == 0 && from[5] != '\0' ? from + 5
								 : NULL;
}

/* What was given is not shown: it may be the secret, by mistake. */
static enum sp_code
fd_of(const char *from, int *out, struct sp_err *err)
{
	uint64_t fd = 0;

	if (strncmp(from, "fd:", 3) != 0 ||
	    !sp_parse_u64(from + 3, strlen(from + 3), 0, INT_MAX, &fd))
		return sp_fail(
		    err, SP_E_INVALID, "a secret comes from %s", SECRET_HELP);
	*out = (int)fd;
	return SP_OK;
}

enum sp_code
cmd_secret_check(const char *from, struct sp_err *err)
{
	SP_AUTO_FD tty = -1;
	int fd = -1;

	if (is_prompt(from))
		return open_terminal(&tty, err);
	if (file_of(from) != NULL)
		return access(file_of(from), R_OK) == 0
		    ? SP_OK
		    : sp_fail_os(err, "%.120s", file_of(from));
	SP_TRY(fd_of(from, &fd, err));
	if (fcntl(fd, F_GETFD) < 0)
		return sp_fail_os(err, "a secret's fd:%d", fd);
	return SP_OK;
}

enum sp_code
cmd_secret_read(const char *from, const char *ask, struct crypto_secret **out,
    struct sp_err *err)
{
	int fd = -1;

	if (is_prompt(from))
		return prompt(ask, out, err);
	if (file_of(from) != NULL)
		return read_file(file_of(from), out, err);
	SP_TRY(fd_of(from, &fd, err));
	return read_all(fd, out, err);
}
