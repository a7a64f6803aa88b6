#include "cmd/new_agency.h"

#include "base/json.h"
#include "evidence/site.h"
#include "keeper/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TEXT_MAX_BYTES 8192

void
cmd_new_agency_options(
    struct new_agency *n, struct cmd_option out[static NEW_AGENCY_OPTIONS])
{
	const struct cmd_option rows[] = {
		{ "agency", 0, "SLUG", "its name in URLs: harbor-pd", &n->slug,
		    NULL },
		{ "name", 0, "NAME", "its full name", &n->name, NULL },
		{ "state", 0, "XX", "its state: FL", &n->state, NULL },
		{ "ori", 0, "ORI", "its NCIC ORI: FL0130000", &n->ori, NULL },
		{ "geography", 0, "NAME", "where its data may be: us",
		    &n->geography, NULL },
		{ "json", 0, NULL, "one JSON object on standard output", NULL,
		    &n->json },
	};

	_Static_assert(SP_COUNTOF(rows) == NEW_AGENCY_OPTIONS, "all of them");
	memcpy(out, rows, sizeof(rows));
}

enum sp_code
cmd_new_agency_check(
    const struct new_agency *n, struct people_agency *out, struct sp_err *err)
{
	struct people_agency a = { .provider = n->provider };
	const struct {
		const char *option;
		const char *value;
		char *to;
		size_t room;
	} rows[] = {
		{ "agency", n->slug, a.slug, sizeof(a.slug) },
		{ "name", n->name, a.name, sizeof(a.name) },
		{ "state", n->state, a.state, sizeof(a.state) },
		{ "ori", n->ori, a.ori, sizeof(a.ori) },
		{ "geography", n->geography, a.geography, sizeof(a.geography) },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		size_t len;

		if (rows[i].value == NULL && n->provider && rows[i].to == a.ori)
			continue; /* it need not be an agency of justice */
		if (rows[i].value == NULL)
			return sp_fail(err, SP_E_INVALID, "--%s is missing",
			    rows[i].option);
		len = strlen(rows[i].value);
		if (len >= rows[i].room)
			return sp_fail(err, SP_E_INVALID,
			    "--%s has at most %zu bytes", rows[i].option,
			    rows[i].room - 1);
		memcpy(rows[i].to, rows[i].value, len + 1);
	}
	/* Small letters will do; what is none is refused below. */
	SP_IGNORE(people_agency_state_read(a.state, a.state));
	SP_TRY(people_agency_check(&a, err));
	*out = a;
	return SP_OK;
}

enum sp_code
cmd_new_agency_make(const char *dir, struct crypto_secret *unlock,
    const char *host, struct people_agency *a,
    char token[static GATE_TOKEN_TEXT], struct sp_err *err)
{
	struct keeper_client *keeper = keeper_client_new();
	enum sp_code code;
	pid_t pid = -1;
	int sock = -1;

	if (keeper == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory");
	code = keeper_spawn(dir, unlock, &pid, &sock, err);
	if (code != SP_OK)
		goto out;
	keeper_client_attach(keeper, sock);
	code = evidence_site_add_agency(dir, keeper, host, a, token, err);
out:
	keeper_client_free(keeper); /* closes the socket: the keeper ends */
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return code;
}

static void
as_json(struct sp_buf *b, const struct new_agency *n, const char *ca,
    const char *host, const char *token)
{
	struct sp_json j = sp_json_to(b);
	SP_AUTO_BUF site = sp_buf_new(TEXT_MAX_BYTES);

	sp_buf_fmt(&site, "https://%s", host);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "agency", n->slug);
	sp_json_str(&j, "ca", ca);
	sp_json_str(&j, "site", sp_buf_str(&site));
	sp_json_str(&j, "token", token);
	sp_json_end(&j);
	sp_buf_text(b, "\n");
}

/* Nothing of it needs quoting but the path. */
static void
as_lines(struct sp_buf *b, const struct new_agency *n, const char *ca,
    const char *host, const char *token)
{
	sp_buf_text(b,
	    "Its first administrator signs in with these; the token is shown "
	    "this once:\n\n");
	sp_buf_fmt(b, "export SALLYPORT_SITE=https://%s\n", host);
	sp_buf_text(b, "export SALLYPORT_CA='");
	for (const char *at = ca; *at != '\0'; at++)
		if (*at == '\'')
			sp_buf_text(b, "'\\''");
		else
			sp_buf_u8(b, (uint8_t)*at);
	sp_buf_fmt(b, "'\nexport SALLYPORT_AGENCY=%s\n", n->slug);
	sp_buf_fmt(b, "export SALLYPORT_TOKEN=%s\n", token);
}

enum sp_code
cmd_new_agency_print(const struct new_agency *n, const char *dir,
    const char *host, const char *token, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_secret(TEXT_MAX_BYTES);
	SP_AUTO_BUF ca = sp_buf_new(PATH_MAX + 16);
	char full[PATH_MAX];

	if (realpath(dir, full) == NULL)
		return sp_fail_os(err, "find %s", dir);
	sp_buf_fmt(&ca, "%s/ca.pem", full);
	if (n->json)
		as_json(&text, n, sp_buf_str(&ca), host, token);
	else
		as_lines(&text, n, sp_buf_str(&ca), host, token);
	SP_TRY(sp_buf_check(&text, "what to tell", err));
	if (fputs(sp_buf_str(&text), stdout) < 0 || fflush(stdout) != 0)
		return sp_fail_os(err, "write the token out");
	return SP_OK;
}
