#include "cmd/device_key.h"

#include "base/file.h"
#include "crypto/leaf.h"
#include "people/agency.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool
cmd_device_key_due(sp_time from, sp_time until, sp_time now)
{
	return until - now < (until - from) / 3;
}

/* ---- The file ---- */

static enum sp_code
next_path(const char *path, struct sp_buf *out, struct sp_err *err)
{
	sp_buf_fmt(out, "%s.next", path);
	return sp_buf_check(out, "path of the key", err);
}

/* The key that waits for its certificate, made when there is none, and the
 * request for it. */
static enum sp_code
waiting_key(const char *next, struct sp_buf *key, struct sp_buf *request,
    struct sp_err *err)
{
	enum sp_code code = sp_file_read(AT_FDCWD, next, key, err);

	if (code == SP_OK &&
	    crypto_leaf_ask_again(sp_buf_str(key), request, err) == SP_OK)
		return SP_OK;
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	/* What is no key any more is of no use: nobody has a certificate of it.
	 */
	sp_buf_clear(key);
	sp_buf_clear(request);
	SP_TRY(crypto_leaf_ask(key, request, err));
	return sp_file_replace(AT_FDCWD, next, key->at, key->len, 0600, err);
}

static enum sp_code
keep(const char *path, const char *next, const struct sp_buf *key,
    const char *certificate, struct sp_err *err)
{
	SP_AUTO_BUF both = sp_buf_secret(DEVICE_PEM_MAX);

	sp_buf_add(&both, key->at, key->len);
	sp_buf_text(&both, certificate);
	SP_TRY(sp_buf_check(&both, "device.pem", err));
	SP_TRY(sp_file_replace(AT_FDCWD, path, both.at, both.len, 0600, err));
	(void)unlink(next); /* the same key again: harmless, if it stays */
	return SP_OK;
}

/* ---- Asking ---- */

static enum sp_code
read_text(const json_t *answer, const char *name, char *out, size_t room,
    struct sp_err *err)
{
	const char *s = NULL;

	SP_TRY(client_site_json_text(answer, name, &s, err));
	if (strlen(s) >= room)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has an odd '%s'", name);
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
read_answer(const json_t *answer, struct device_got *out, struct sp_err *err)
{
	SP_TRY(
	    read_text(answer, "agency", out->agency, sizeof(out->agency), err));
	SP_TRY(read_text(answer, "id", out->id, sizeof(out->id), err));
	SP_TRY(read_text(
	    answer, "expires_at", out->expires, sizeof(out->expires), err));
	if (!sp_slug_ok(out->agency))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site names an agency that is none");
	return SP_OK;
}

/* {"csr":…}, and the code when there is one. */
static enum sp_code
wish(const char *csr, const char *code, json_t **out, struct sp_err *err)
{
	*out = code == NULL ? json_pack("{s:s}", "csr", csr)
			    : json_pack("{s:s, s:s}", "csr", csr, "code", code);
	if (*out == NULL)
		return sp_fail(err, SP_E_INVALID, "this is no code");
	return SP_OK;
}

/* The certificate in an answer, which is the key's, or it is none. */
static enum sp_code
read_certificate(const json_t *answer, const struct sp_buf *key,
    const char **out, struct sp_err *err)
{
	const char *certificate = NULL;
	sp_time from, until;

	SP_TRY(client_site_json_text(answer, "certificate", &certificate, err));
	SP_TRY(
	    crypto_leaf_fits(certificate, sp_buf_str(key), &from, &until, err));
	*out = certificate;
	return SP_OK;
}

/* Send it, keep what comes. */
static enum sp_code
ask(struct site_client *site, const char *url, const char *path,
    const char *code, struct device_got *out, struct sp_err *err)
{
	SP_AUTO_BUF next = sp_buf_new(4096);
	SP_AUTO_BUF key = sp_buf_secret(DEVICE_PEM_MAX);
	SP_AUTO_BUF request = sp_buf_new(DEVICE_PEM_MAX);
	SITE_AUTO_JSON send = NULL;
	SITE_AUTO_JSON answer = NULL;
	const char *certificate = NULL;

	SP_TRY(next_path(path, &next, err));
	SP_TRY(waiting_key(sp_buf_str(&next), &key, &request, err));
	SP_TRY(wish(sp_buf_str(&request), code, &send, err));
	SP_TRY(client_site_send_json(site, "POST", url, send, &answer, err));
	SP_TRY(read_certificate(answer, &key, &certificate, err));
	SP_TRY(read_answer(answer, out, err));
	return keep(path, sp_buf_str(&next), &key, certificate, err);
}

enum sp_code
cmd_device_key_enrol(struct site_client *site, const char *path,
    const char *code, struct device_got *out, struct sp_err *err)
{
	return ask(site, "/v1/devices/enrol", path, code, out, err);
}

enum sp_code
cmd_device_key_rotate(struct site_client *site, const char *path,
    struct device_got *out, struct sp_err *err)
{
	SP_AUTO_BUF url = sp_buf_new(512);

	SP_TRY(client_site_path(site, &url, err, "devices/rotate"));
	return ask(site, sp_buf_str(&url), path, NULL, out, err);
}

enum sp_code
cmd_device_key_renew(struct site_client *site, const char *path, bool *renewed,
    struct sp_err *err)
{
	SP_AUTO_BUF pem = sp_buf_secret(DEVICE_PEM_MAX);
	struct device_got got;
	sp_time from, until;

	*renewed = false;
	SP_TRY(sp_file_read(AT_FDCWD, path, &pem, err));
	/* Key and certificate in one: each is found by its own head. */
	SP_TRY(crypto_leaf_fits(
	    sp_buf_str(&pem), sp_buf_str(&pem), &from, &until, err));
	if (!cmd_device_key_due(from, until, sp_now()))
		return SP_OK;
	SP_TRY(cmd_device_key_rotate(site, path, &got, err));
	*renewed = true;
	return SP_OK;
}
