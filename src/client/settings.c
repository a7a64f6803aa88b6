#include "client/settings.h"

#include "base/file.h"
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SITE_MAX   300
#define PATH_LIMIT 4096

/* An environment variable that says something, or NULL.  The program reads
 * its environment before it starts any thread. */
static const char *
said(const char *name)
{
	const char *v = getenv(name); /* NOLINT(concurrency-mt-unsafe) */

	return v == NULL || *v == '\0' ? NULL : v;
}

/* $`variable`, else $HOME/`below`; then "/sallyport". */
static enum sp_code
home_folder(const char *variable, const char *below, struct sp_buf *out,
    struct sp_err *err)
{
	const char *base = said(variable);
	const char *home = said("HOME");

	/* The XDG specification ignores paths that are not absolute. */
	if (base != NULL && *base == '/')
		sp_buf_fmt(out, "%s/sallyport", base);
	else if (home != NULL && *home == '/')
		sp_buf_fmt(out, "%s/%s/sallyport", home, below);
	else
		return sp_fail(err, SP_E_NOTFOUND,
		    "neither %s nor HOME names a folder", variable);
	return sp_buf_check(out, variable, err);
}

/* Cut white space at the end: files written by a person end with a newline. */
static void
trim(struct sp_buf *b)
{
	while (b->len > 0 && isspace(b->at[b->len - 1]))
		b->at[--b->len] = '\0';
}

/* One file of the configuration folder; "" when there is none. */
static enum sp_code
config_file(const char *name, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);

	if (home_folder("XDG_CONFIG_HOME", ".config", &path, err) != SP_OK)
		return SP_OK; /* no home, no file */
	sp_buf_fmt(&path, "/%s", name);
	SP_TRY(sp_buf_check(&path, name, err));
	enum sp_code code = sp_file_read(AT_FDCWD, sp_buf_str(&path), out, err);

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	trim(out);
	return SP_OK;
}

static bool
host_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.';
}

/* "[v6]" or a name or IPv4 address: its length, 0 when malformed. */
static size_t
host_length(const char *s)
{
	size_t n = 0;

	if (*s == '[') {
		n = strspn(s + 1, "0123456789abcdefABCDEF:.");
		return n > 0 && s[n + 1] == ']' ? n + 2 : 0;
	}
	while (host_char(s[n]))
		n++;
	return n > 0 && s[0] != '-' && s[0] != '.' ? n : 0;
}

enum sp_code
client_settings_site_parse(
    const char *s, struct sp_buf *out, struct sp_err *err)
{
	const char *host = s;
	uint64_t port = 443;

	if (strncasecmp(s, "https://", 8) == 0)
		host = s + 8;
	else if (strstr(s, "://") != NULL)
		return sp_fail(err, SP_E_INVALID,
		    "the site must be an https:// URL, not '%.80s'", s);

	size_t host_len = host_length(host);
	const char *rest = host + host_len;

	if (*rest == ':') {
		size_t digits = strspn(rest + 1, "0123456789");

		if (!sp_parse_u64(rest + 1, digits, 1, 65535, &port))
			host_len = 0;
		rest += 1 + digits;
	}
	if (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0)
		host_len = 0;
	if (host_len == 0 || host_len > SITE_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "'%.80s' is no site: write https://HOST or "
		    "https://HOST:PORT",
		    s);
	sp_buf_fmt(out, "https://%.*s", (int)host_len, host);
	if (port != 443)
		sp_buf_fmt(out, ":%u", (unsigned)port);
	return sp_buf_check(out, "site", err);
}

/* The first of option, environment and file that says something. */
static enum sp_code
first_said(const char *option, const char *variable, const char *file,
    struct sp_buf *out, struct sp_err *err)
{
	if (option != NULL)
		sp_buf_text(out, option);
	else if (said(variable) != NULL)
		sp_buf_text(out, said(variable));
	else
		return config_file(file, out, err);
	return sp_buf_check(out, variable, err);
}

static enum sp_code
load_site(struct settings *s, const char *option, struct sp_err *err)
{
	SP_AUTO_BUF raw = sp_buf_new(SITE_MAX + 32);

	SP_TRY(first_said(option, "SALLYPORT_SITE", "site", &raw, err));
	if (raw.len == 0)
		return sp_fail(err, SP_E_INVALID,
		    "no site: give --site URL, set SALLYPORT_SITE, or write "
		    "the URL to ~/.config/sallyport/site");
	return client_settings_site_parse(sp_buf_str(&raw), &s->site, err);
}

/* The CA file of the configuration folder is used as it lies there. */
static enum sp_code
load_ca(struct settings *s, const char *option, struct sp_err *err)
{
	if (option == NULL)
		option = said("SALLYPORT_CA");
	if (option != NULL) {
		sp_buf_text(&s->ca, option);
		SP_TRY(sp_buf_check(&s->ca, "path of the CA file", err));
		if (access(option, R_OK) != 0)
			return sp_fail_os(err, "CA file %.120s", option);
		return SP_OK;
	}
	if (home_folder("XDG_CONFIG_HOME", ".config", &s->ca, err) == SP_OK)
		sp_buf_text(&s->ca, "/ca.pem");
	if (!sp_buf_ok(&s->ca) || access(sp_buf_str(&s->ca), R_OK) != 0)
		sp_buf_clear(&s->ca);
	return SP_OK;
}

static enum sp_code
load_agency(struct settings *s, const char *option, struct sp_err *err)
{
	SP_TRY(
	    first_said(option, "SALLYPORT_AGENCY", "agency", &s->agency, err));
	if (s->agency.len > 0 && !sp_slug_ok(sp_buf_str(&s->agency)))
		return sp_fail(err, SP_E_INVALID,
		    "'%.60s' is no agency: a slug is 2 to 40 of a-z, 0-9 and "
		    "single inner hyphens",
		    sp_buf_str(&s->agency));
	return SP_OK;
}

/* Letters of a bearer token (RFC 6750 2.1), so that it can be no header. */
static bool
token_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    strchr("-._~+/=", s[i]) == NULL)
			return false;
	return len > 0 && len <= SETTINGS_TOKEN_MAX;
}

static enum sp_code
keep_token(struct settings *s, const char *text, size_t len, const char *from,
    struct sp_err *err)
{
	if (!token_ok(text, len))
		return sp_fail(err, SP_E_INVALID, "%s holds no token", from);
	s->token = crypto_secret_new(len + 1);
	if (s->token == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the token");
	memcpy(crypto_secret_bytes(s->token), text, len);
	return SP_OK;
}

/* A file of the configuration folder that nobody else may read: its mode is
 * checked on what was opened, not on the name.  *fd is -1 when there is none.
 */
static enum sp_code
open_secret(const char *name, struct sp_buf *path, int *fd, struct sp_err *err)
{
	SP_AUTO_FD got = -1;
	struct stat st;

	if (home_folder("XDG_CONFIG_HOME", ".config", path, err) != SP_OK)
		return SP_OK;
	sp_buf_fmt(path, "/%s", name);
	SP_TRY(sp_buf_check(path, name, err));
	got = open(sp_buf_str(path), O_RDONLY | O_CLOEXEC);
	if (got < 0 && (errno == ENOENT || errno == ENOTDIR))
		return SP_OK;
	if (got < 0 || fstat(got, &st) != 0)
		return sp_fail_os(err, "%.120s", sp_buf_str(path));
	if ((st.st_mode & 077) != 0)
		return sp_fail(err, SP_E_INVALID,
		    "others may read %.100s: run chmod 600 on it, and have "
		    "what it holds replaced if this machine has other users",
		    sp_buf_str(path));
	*fd = sp_file_steal(&got);
	return SP_OK;
}

/* libcurl reads it by its path. */
static enum sp_code
load_device(struct settings *s, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);
	SP_AUTO_FD fd = -1;

	SP_TRY(open_secret("device.pem", &path, &fd, err));
	if (fd >= 0)
		sp_buf_text(&s->device, sp_buf_str(&path));
	return sp_buf_check(&s->device, "path of device.pem", err);
}

static enum sp_code
token_file(struct settings *s, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);
	char text[SETTINGS_TOKEN_MAX + 8];
	CRYPTO_WIPE_ON_EXIT(text);
	SP_AUTO_FD fd = -1;
	size_t len;

	SP_TRY(open_secret("token", &path, &fd, err));
	if (fd < 0)
		return SP_OK;
	SP_TRY(sp_file_pread_all(fd, text, sizeof(text), 0, &len, err));
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	return keep_token(s, text, len, sp_buf_str(&path), err);
}

static enum sp_code
load_token(struct settings *s, bool as_device, struct sp_err *err)
{
	const char *text = said("SALLYPORT_TOKEN");

	if (text != NULL)
		return keep_token(
		    s, text, strlen(text), "SALLYPORT_TOKEN", err);
	if (as_device)
		SP_TRY(load_device(s, err));
	if (s->device.len == 0)
		SP_TRY(token_file(s, err));
	if (s->token == NULL && !as_device)
		SP_TRY(load_device(s, err));
	return SP_OK;
}

static enum sp_code
load_all(
    struct settings *s, const struct settings_options *o, struct sp_err *err)
{
	SP_TRY(load_site(s, o->site, err));
	SP_TRY(load_ca(s, o->ca, err));
	SP_TRY(load_agency(s, o->agency, err));
	return load_token(s, o->device, err);
}

enum sp_code
client_settings_load(
    struct settings *out, const struct settings_options *o, struct sp_err *err)
{
	struct settings s = {
		.site = sp_buf_new(SITE_MAX + 32),
		.ca = sp_buf_new(PATH_LIMIT),
		.agency = sp_buf_new(SP_SLUG_MAX + 1),
		.device = sp_buf_new(PATH_LIMIT),
	};
	enum sp_code code = load_all(&s, o, err);

	if (code != SP_OK) {
		client_settings_done(&s);
		return code;
	}
	*out = s;
	return SP_OK;
}

void
client_settings_done(struct settings *s)
{
	sp_buf_free(&s->site);
	sp_buf_free(&s->ca);
	sp_buf_free(&s->agency);
	sp_buf_free(&s->device);
	crypto_secret_free(s->token);
	s->token = NULL;
}

enum sp_code
client_settings_speak_as(
    struct settings *s, const char *text, struct sp_err *err)
{
	struct settings fresh = { .token = NULL };

	SP_TRY(keep_token(&fresh, text, strlen(text), "the answer", err));
	crypto_secret_free(s->token);
	s->token = fresh.token;
	return SP_OK;
}

const char *
client_settings_token(const struct settings *s)
{
	return s->token == NULL ? NULL
				: (const char *)crypto_secret_bytes(s->token);
}

/* mkdir -p; what is there already keeps its mode. */
static enum sp_code
make_folders(char *path, struct sp_err *err)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(path, 0700);
		bool there = made == 0 || errno == EEXIST;

		if (!there)
			return sp_fail_os(err, "folder %.120s", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return sp_fail_os(err, "folder %.120s", path);
	return SP_OK;
}

enum sp_code
client_settings_config_path(
    const char *name, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);

	SP_TRY(home_folder("XDG_CONFIG_HOME", ".config", &path, err));
	SP_TRY(sp_buf_check(&path, "the settings' folder", err));
	SP_TRY(make_folders((char *)path.at, err));
	sp_buf_fmt(out, "%s/%s", sp_buf_str(&path), name);
	return sp_buf_check(out, name, err);
}

enum sp_code
client_settings_keep(const char *text, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);

	SP_TRY(client_settings_config_path("token", &path, err));
	if (text != NULL)
		return sp_file_replace(
		    AT_FDCWD, sp_buf_str(&path), text, strlen(text), 0600, err);
	if (unlink(sp_buf_str(&path)) != 0 && errno != ENOENT)
		return sp_fail_os(err, "forget %.120s", sp_buf_str(&path));
	return SP_OK;
}

enum sp_code
client_settings_state_dir(
    const char *under, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);

	SP_TRY(home_folder("XDG_STATE_HOME", ".local/state", &path, err));
	sp_buf_fmt(&path, "/%s", under);
	SP_TRY(sp_buf_check(&path, "state folder", err));
	SP_TRY(make_folders((char *)path.at, err));
	sp_buf_add(out, path.at, path.len);
	return sp_buf_check(out, "state folder", err);
}
