#include "base/file.h"
#include "cmd/new_agency.h"
#include "cmd/site_folder.h"
#include "cmd/site_tls.h"
#include "cmd/table.h"
#include "cmd/unlock.h"
#include "edge/listen.h"
#include "evidence/site.h"
#include "keeper/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LISTEN_DEFAULT "127.0.0.1:8443"

struct plan {
	const char *dir;
	const char *listen;
	const char *public_name;
	const char *unlock;
	struct site_tls tls;
	struct new_agency agency;
};

/* All addresses are no name that a client could write. */
static bool
is_wildcard(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static enum sp_code
check_names(const struct plan *p, struct site_file *f, struct sp_err *err)
{
	const char *listen = p->listen == NULL ? LISTEN_DEFAULT : p->listen;
	struct edge_listen l = { .port = 0 };
	char host[SITE_FILE_TEXT];

	SP_TRY(edge_listen_parse(listen, &l, err));
	if (p->public_name == NULL && is_wildcard(l.address))
		return sp_fail(err, SP_E_INVALID,
		    "listening on every address wants a --public-name");
	SP_TRY(cmd_site_file_text(f->listen, listen, "--listen", err));
	SP_TRY(cmd_site_file_text(f->public_name,
	    p->public_name == NULL ? listen : p->public_name, "--public-name",
	    err));
	return cmd_site_file_host(
	    f->public_name, true, "--public-name", host, err);
}

static enum sp_code
make_keeper(const struct plan *p, const char *dir,
    struct crypto_secret **unlock, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET secret = NULL;
	SP_AUTO_BUF keeper = sp_buf_new(PATH_MAX);

	sp_buf_fmt(&keeper, "%s/keeper", dir);
	SP_TRY(sp_buf_check(&keeper, "the keeper's path", err));
	SP_TRY(sp_file_mkdir(AT_FDCWD, sp_buf_str(&keeper), 0700, err));
	SP_TRY(cmd_unlock_make(dir, p->unlock, &secret, err));
	SP_TRY(keeper_init(dir, secret, err));
	*unlock = SP_STEAL(secret);
	return SP_OK;
}

/* Everything, in the folder it is made in. */
static enum sp_code
make(const struct plan *p, const char *dir, struct site_file *f,
    struct people_agency *a, char token[static GATE_TOKEN_TEXT],
    struct sp_err *err)
{
	CRYPTO_AUTO_SECRET unlock = NULL;

	SP_TRY(evidence_site_make(dir, err));
	SP_TRY(make_keeper(p, dir, &unlock, err));
	SP_TRY(cmd_site_tls_make(dir, &p->tls, f, err));
	SP_TRY(cmd_site_file_write(dir, f, err));
	return cmd_new_agency_make(dir, unlock, f->public_name, a, token, err);
}

static enum sp_code
make_site(const struct plan *p, struct site_file *f, struct people_agency *a,
    char token[static GATE_TOKEN_TEXT], struct sp_err *err)
{
	SITE_AUTO_FOLDER folder = { .making = sp_buf_new(PATH_MAX) };

	SP_TRY(cmd_site_folder_begin(&folder, p->dir, err));
	SP_TRY(make(p, sp_buf_str(&folder.making), f, a, token, err));
	return cmd_site_folder_finish(&folder, err);
}

static enum sp_code
tell(const struct plan *p, const struct site_file *f, const char *token,
    struct sp_err *err)
{
	if (!p->agency.json) {
		(void)printf("The site in %s is made, with agency %s.\n\n",
		    p->dir, p->agency.slug);
		if (p->unlock == NULL)
			(void)printf("Whoever has %s/keeper/unlock.key and the "
				     "folder can read all of it, and without "
				     "the file nobody ever can: keep a copy "
				     "of it elsewhere.\n\n",
			    p->dir);
		(void)printf(
		    "Serve it with:\n\n    sallyport serve '%s'\n\n", p->dir);
	}
	return cmd_new_agency_print(
	    &p->agency, p->dir, f->public_name, token, err);
}

static int
parse(const struct cmd *self, int argc, char **argv, struct plan *p)
{
	struct cmd_option option[6 + NEW_AGENCY_OPTIONS] = {
		{ "listen", 0, "ADDRESS:PORT", "default " LISTEN_DEFAULT,
		    &p->listen, NULL },
		{ "public-name", 0, "HOST[:PORT]", "as clients write it",
		    &p->public_name, NULL },
		{ "cert", 0, "FILE", "certificate chain, else one is made",
		    &p->tls.cert, NULL },
		{ "key", 0, "FILE", "its private key", &p->tls.key, NULL },
		{ "ca", 0, "FILE", "what clients trust, else the certificate",
		    &p->tls.ca, NULL },
		{ "unlock", 0, "SOURCE", UNLOCK_HELP, &p->unlock, NULL },
	};
	char **operand;
	size_t n;
	int code;

	cmd_new_agency_options(&p->agency, option + 6);
	code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);
	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one DIR is to be made a site");
	if ((p->tls.cert == NULL) != (p->tls.key == NULL))
		return cmd_usage(self, "--cert and --key go together");
	if (p->tls.ca != NULL && p->tls.cert == NULL)
		return cmd_usage(self, "--ca goes with --cert and --key");
	p->dir = operand[0];
	return CMD_DONE;
}

int
cmd_init_run(const struct cmd *self, int argc, char **argv)
{
	struct plan p = { .dir = NULL };
	struct site_file f = { .cert = "" };
	struct people_agency a;
	struct sp_err err = { .code = SP_OK };
	char token[GATE_TOKEN_TEXT];
	CRYPTO_WIPE_ON_EXIT(token);
	int code = parse(self, argc, argv, &p);

	if (code != CMD_DONE)
		return code;
	if (cmd_new_agency_check(&p.agency, &a, &err) != SP_OK ||
	    check_names(&p, &f, &err) != SP_OK ||
	    cmd_unlock_check(p.unlock, &err) != SP_OK)
		return cmd_usage(self, "%s", err.text);
	if (make_site(&p, &f, &a, token, &err) != SP_OK ||
	    tell(&p, &f, token, &err) != SP_OK)
		return cmd_fail(self, &err);
	return CMD_DONE;
}
