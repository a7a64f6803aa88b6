#include "cmd/site_file.h"

#include "base/file.h"
#include "base/json.h"
#include "base/parse.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#define FILE_MAX_BYTES 8192
#define NAME           "site.json"

enum sp_code
cmd_site_file_text(char out[static SITE_FILE_TEXT], const char *s,
    const char *what, struct sp_err *err)
{
	size_t len = strlen(s);

	if (len == 0 || len >= SITE_FILE_TEXT)
		return sp_fail(err, SP_E_LIMIT, "%s has 1 to %d bytes", what,
		    SITE_FILE_TEXT - 1);
	memcpy(out, s, len + 1);
	return SP_OK;
}

/* Where the port's colon is, or the end. */
static const char *
host_end(const char *s)
{
	const char *colon;

	if (s[0] == '[') {
		const char *close = strchr(s, ']');

		return close == NULL ? NULL : close + 1;
	}
	colon = strchr(s, ':');
	return colon == NULL ? s + strlen(s) : colon;
}

static bool
host_byte_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
}

enum sp_code
cmd_site_file_host(const char *s, bool port_optional, const char *what,
    char host[static SITE_FILE_TEXT], struct sp_err *err)
{
	const char *end = host_end(s);
	size_t skip = s[0] == '[' ? 1 : 0;
	uint64_t port;
	size_t len;

	if (end == NULL)
		return sp_fail(err, SP_E_INVALID, "%s lacks a ']'", what);
	len = (size_t)(end - s) - 2 * skip;
	if (len == 0 || len >= SITE_FILE_TEXT)
		return sp_fail(err, SP_E_INVALID, "%s has no host", what);
	for (size_t i = 0; i < len; i++)
		if (!host_byte_ok(s[skip + i]))
			return sp_fail(err, SP_E_INVALID,
			    "%s has a host that is no name or address", what);
	if (*end == '\0' ? !port_optional
			 : *end != ':' ||
		    !sp_parse_u64(end + 1, strlen(end + 1), 0, 65535, &port))
		return sp_fail(err, SP_E_INVALID, "%s is HOST:PORT", what);
	memcpy(host, s + skip, len);
	host[len] = '\0';
	return SP_OK;
}

static enum sp_code
member(const json_t *o, const char *name, char out[static SITE_FILE_TEXT],
    struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (s == NULL)
		return sp_fail(err, SP_E_CORRUPT, NAME " has no '%s'", name);
	return cmd_site_file_text(out, s, name, err);
}

static enum sp_code
members(const json_t *o, struct site_file *out, struct sp_err *err)
{
	struct site_file f;

	SP_TRY(member(o, "cert", f.cert, err));
	SP_TRY(member(o, "key", f.key, err));
	SP_TRY(member(o, "listen", f.listen, err));
	SP_TRY(member(o, "public_name", f.public_name, err));
	*out = f;
	return SP_OK;
}

enum sp_code
cmd_site_file_read(const char *dir, struct site_file *out, struct sp_err *err)
{
	SP_AUTO_FD fd = open(dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
	SP_AUTO_BUF text = sp_buf_new(FILE_MAX_BYTES);
	enum sp_code code;
	json_error_t why;
	json_t *o;

	if (fd < 0)
		return sp_fail_os(err, "open %s", dir);
	code = sp_file_read(fd, NAME, &text, err);
	if (code == SP_E_NOTFOUND)
		return sp_fail(err, SP_E_NOTFOUND,
		    "%s is no site: make one with 'sallyport init'", dir);
	SP_TRY(code);
	o = json_loadb(
	    sp_buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &why);
	if (o == NULL)
		return sp_fail(
		    err, SP_E_CORRUPT, "%s/" NAME ": %s", dir, why.text);
	code = members(o, out, err);
	json_decref(o);
	return code;
}

enum sp_code
cmd_site_file_write(
    const char *dir, const struct site_file *f, struct sp_err *err)
{
	SP_AUTO_FD fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	SP_AUTO_BUF text = sp_buf_new(FILE_MAX_BYTES);
	struct sp_json j = sp_json_to(&text);

	if (fd < 0)
		return sp_fail_os(err, "open %s", dir);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "cert", f->cert);
	sp_json_str(&j, "key", f->key);
	sp_json_str(&j, "listen", f->listen);
	sp_json_str(&j, "public_name", f->public_name);
	sp_json_end(&j);
	sp_buf_text(&text, "\n");
	SP_TRY(sp_buf_check(&text, NAME, err));
	return sp_file_replace(fd, NAME, text.at, text.len, 0644, err);
}
