#include "cmd/unlock.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/parse.h"
#include "cmd/terminal.h"
#include "keeper/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES       32
#define CREDENTIAL_NAME "sallyport.unlock"
#define PATH_TEXT       4096

/* The text without the line end that an editor or `echo` left. */
static enum sp_code
secret_of(struct sp_buf *text, struct crypto_secret **out, struct sp_err *err)
{
	size_t len = text->len;
	struct crypto_secret *s;

	if (len > 0 && text->at[len - 1] == '\n')
		len--;
	if (len > 0 && text->at[len - 1] == '\r')
		len--;
	if (len == 0)
		return sp_fail(err, SP_E_INVALID, "the unlock secret is empty");
	if (len > KEEPER_UNLOCK_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "an unlock secret has at most %d bytes", KEEPER_UNLOCK_MAX);
	s = crypto_secret_from(text->at, len);
	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	*out = s;
	return SP_OK;
}

static enum sp_code
read_fd(int fd, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_secret(KEEPER_UNLOCK_MAX + 3);
	uint8_t *at = sp_buf_extend(&text, text.max);
	size_t len = 0;
	ssize_t n = 1;

	if (at == NULL)
		return sp_buf_check(&text, "the unlock secret", err);
	while (n != 0 && len < text.max) {
		n = read(fd, at + len, text.max - len);
		if (n < 0 && errno != EINTR)
			return sp_fail_os(err, "read the unlock secret");
		len += n > 0 ? (size_t)n : 0;
	}
	text.len = len;
	return secret_of(&text, out, err);
}

static enum sp_code
read_file(const char *path, bool only_owner, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return sp_fail_os(err, "open %s", path);
	if (only_owner && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return sp_fail(err, SP_E_DENIED,
		    "%s is open to others: chmod 600 it, and think of it as "
		    "known",
		    path);
	return read_fd(fd, out, err);
}

static enum sp_code
from_file(const char *dir, const char *rest, struct crypto_secret **out,
    struct sp_err *err)
{
	(void)dir;
	return read_file(rest, true, out, err);
}

static enum sp_code
from_fd(const char *dir, const char *rest, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_AUTO_FD fd = -1;
	uint64_t number;

	(void)dir;
	if (!sp_parse_u64(rest, strlen(rest), 0, 65535, &number))
		return sp_fail(
		    err, SP_E_INVALID, "fd:N wants a number, not '%s'", rest);
	fd = (int)number;
	return read_fd(fd, out, err);
}

/* systemd guards the folder itself, not always by the file's mode. */
static enum sp_code
from_credential(const char *dir, const char *rest, struct crypto_secret **out,
    struct sp_err *err)
{
	const char *where = getenv("CREDENTIALS_DIRECTORY"); // NOLINT
	const char *name = *rest == '\0' ? CREDENTIAL_NAME : rest;
	SP_AUTO_BUF path = sp_buf_new(PATH_TEXT);

	(void)dir;
	if (where == NULL)
		return sp_fail(err, SP_E_INVALID,
		    "systemd gave no credentials (CREDENTIALS_DIRECTORY)");
	if (strchr(name, '/') != NULL)
		return sp_fail(err, SP_E_INVALID,
		    "a credential's name has no '/': '%s'", name);
	sp_buf_fmt(&path, "%s/%s", where, name);
	SP_TRY(sp_buf_check(&path, "the credential's path", err));
	return read_file(sp_buf_str(&path), false, out, err);
}

/* One line of the terminal, unseen. */
static enum sp_code
ask(int tty, const char *what, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_BUF line = sp_buf_secret(KEEPER_UNLOCK_MAX + 3);

	SP_TRY(cmd_terminal_ask(tty, what, &line, err));
	SP_TRY(sp_buf_check(&line, "the unlock secret", err));
	return secret_of(&line, out, err);
}

static enum sp_code
terminal(int *out, struct sp_err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return sp_fail(err, SP_E_INVALID,
		    "there is no terminal to ask for the unlock secret on");
	*out = tty;
	return SP_OK;
}

static enum sp_code
from_prompt(const char *dir, const char *rest, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_AUTO_FD tty = -1;

	(void)dir;
	(void)rest;
	SP_TRY(terminal(&tty, err));
	return ask(tty, "Unlock secret of the site: ", out, err);
}

/* "file:" must have a rest, "prompt" none, the credential may. */
static const struct source {
	const char *word;
	bool rest_needed;
	bool rest_allowed;
	enum sp_code (*read)(const char *dir, const char *rest,
	    struct crypto_secret **out, struct sp_err *err);
} sources[] = {
	{ "file", true, true, from_file },
	{ "fd", true, true, from_fd },
	{ "systemd-credential", false, true, from_credential },
	{ "credential", true, true, from_credential },
	{ "prompt", false, false, from_prompt },
};

static const struct source *
source_of(const char *spec, const char **rest)
{
	size_t len = strcspn(spec, ":");
	bool colon = spec[len] == ':';

	*rest = colon ? spec + len + 1 : "";
	for (size_t i = 0; i < SP_COUNTOF(sources); i++) {
		const struct source *s = &sources[i];

		if (strlen(s->word) != len || strncmp(s->word, spec, len) != 0)
			continue;
		if ((s->rest_needed && **rest == '\0') ||
		    (!s->rest_allowed && colon))
			return NULL;
		return s;
	}
	return NULL;
}

/* The spec itself is not shown: it may be a secret put there by mistake. */
static enum sp_code
no_source(struct sp_err *err)
{
	return sp_fail(err, SP_E_INVALID,
	    "--unlock is file:PATH, fd:N, systemd-credential[:NAME] or "
	    "prompt");
}

enum sp_code
cmd_unlock_check(const char *spec, struct sp_err *err)
{
	const char *rest;

	return spec == NULL || source_of(spec, &rest) != NULL ? SP_OK
							      : no_source(err);
}

static enum sp_code
read_spec(const char *dir, const char *spec, struct crypto_secret **out,
    struct sp_err *err)
{
	const char *rest;
	const struct source *s = source_of(spec, &rest);

	if (s == NULL)
		return no_source(err);
	return s->read(dir, rest, out, err);
}

static enum sp_code
key_path(const char *dir, struct sp_buf *out, struct sp_err *err)
{
	sp_buf_fmt(out, "%s/keeper/unlock.key", dir);
	return sp_buf_check(out, "the key file's path", err);
}

enum sp_code
cmd_unlock_read(const char *dir, const char *spec, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_TEXT);

	if (spec != NULL)
		return read_spec(dir, spec, out, err);
	SP_TRY(key_path(dir, &path, err));

	enum sp_code code = read_file(sp_buf_str(&path), true, out, err);

	if (code == SP_E_NOTFOUND)
		return sp_fail(err, code,
		    "%s is not there: say with --unlock where the secret is",
		    sp_buf_str(&path));
	return code;
}

/* 256 random bits as text, so that it can be printed and typed in. */
static enum sp_code
make_key(const char *dir, struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_TEXT);
	SP_AUTO_BUF text = sp_buf_secret(2 * KEY_BYTES + 1);
	uint8_t key[KEY_BYTES];
	CRYPTO_WIPE_ON_EXIT(key);
	uint8_t *at = sp_buf_extend(&text, 2 * KEY_BYTES + 1);

	if (at == NULL)
		return sp_buf_check(&text, "a key", err);
	crypto_random(key, sizeof(key));
	sp_hex(key, sizeof(key), (char *)at);
	at[text.len - 1] = '\n';
	SP_TRY(key_path(dir, &path, err));
	SP_TRY(sp_file_replace(AT_FDCWD, sp_buf_str(&path), text.at, text.len,
	    S_IRUSR | S_IWUSR, err));
	return secret_of(&text, out, err);
}

static enum sp_code
ask_again(struct crypto_secret *first, struct sp_err *err)
{
	SP_AUTO_FD tty = -1;
	CRYPTO_AUTO_SECRET again = NULL;
	size_t len = crypto_secret_len(first);

	SP_TRY(terminal(&tty, err));
	SP_TRY(ask(tty, "The same again: ", &again, err));
	if (crypto_secret_len(again) != len ||
	    !crypto_bytes_equal(
		crypto_secret_bytes(again), crypto_secret_bytes(first), len))
		return sp_fail(err, SP_E_MISMATCH, "the two are not the same");
	return SP_OK;
}

enum sp_code
cmd_unlock_make(const char *dir, const char *spec, struct crypto_secret **out,
    struct sp_err *err)
{
	CRYPTO_AUTO_SECRET secret = NULL;

	if (spec == NULL)
		return make_key(dir, out, err);
	SP_TRY(read_spec(dir, spec, &secret, err));
	if (crypto_secret_len(secret) < UNLOCK_NEW_MIN)
		return sp_fail(err, SP_E_INVALID,
		    "an unlock secret has at least %d bytes", UNLOCK_NEW_MIN);
	if (strcmp(spec, "prompt") == 0)
		SP_TRY(ask_again(secret, err));
	*out = SP_STEAL(secret);
	return SP_OK;
}
