#include "signin/notice.h"

#include "base/encode.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>

struct signin_notice {
	struct sp_buf text;
	uint8_t sha256[CRYPTO_SHA256_LEN];
};

void
signin_notice_free(struct signin_notice *n)
{
	if (n == NULL)
		return;
	sp_buf_free(&n->text);
	free(n);
}

static enum sp_code
read_site(struct signin_notice *n, const char *folder, bool *found,
    struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(4096);
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	sp_buf_fmt(&path, "%s/notice.txt", folder);
	SP_TRY(sp_buf_check(&path, "path", err));
	code = sp_file_read(AT_FDCWD, sp_buf_str(&path), &n->text, &why);
	*found = code == SP_OK;
	if (code == SP_OK || code == SP_E_NOTFOUND)
		return SP_OK;
	return sp_fail(err, code, "notice of use: %s", why.text);
}

static enum sp_code
fill(struct signin_notice *n, const char *folder, struct sp_err *err)
{
	bool found = false;

	if (folder != NULL)
		SP_TRY(read_site(n, folder, &found, err));
	if (!found)
		sp_buf_add(
		    &n->text, signin_notice_builtin, signin_notice_builtin_len);
	SP_TRY(sp_buf_check(&n->text, "notice of use", err));
	if (n->text.len == 0 || !sp_utf8_ok(n->text.at, n->text.len))
		return sp_fail(err, SP_E_INVALID,
		    "notice.txt: up to %zu bytes of UTF-8", SIGNIN_NOTICE_MAX);
	crypto_sha256(n->text.at, n->text.len, n->sha256);
	return SP_OK;
}

enum sp_code
signin_notice_open(
    struct signin_notice **out, const char *folder, struct sp_err *err)
{
	struct signin_notice *n = calloc(1, sizeof(*n));
	enum sp_code code;

	if (n == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a notice");
	n->text = sp_buf_new(SIGNIN_NOTICE_MAX);
	code = fill(n, folder, err);
	if (code != SP_OK) {
		signin_notice_free(n);
		return code;
	}
	*out = n;
	return SP_OK;
}

const char *
signin_notice_text(const struct signin_notice *n)
{
	return sp_buf_str(&n->text);
}

const uint8_t *
signin_notice_sha256(const struct signin_notice *n)
{
	return n->sha256;
}

enum sp_code
signin_notice_check(
    const struct signin_notice *n, const char *hex, struct sp_err *err)
{
	uint8_t read[CRYPTO_SHA256_LEN];

	if (!sp_hex_parse(hex, strlen(hex), read, sizeof(read)) ||
	    memcmp(read, n->sha256, sizeof(read)) != 0)
		return sp_fail_as(err, SP_E_CONFLICT, "notice.other",
		    "not the notice in force: read it again");
	return SP_OK;
}
