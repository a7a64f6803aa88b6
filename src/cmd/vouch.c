#include "base/file.h"
#include "base/json.h"
#include "base/parse.h"
#include "cmd/present.h"
#include "cmd/site_db.h"
#include "cmd/table.h"
#include "people/agency.h"
#include "vouch/roster.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX_BYTES ((size_t)2 << 20)

/* ---- The site's database ---- */

static enum sp_code
open_site(const char *dir, struct db **out, struct sp_err *err)
{
	DB_AUTO db = NULL;

	SP_TRY(cmd_site_db_open(&db, dir, DB_WRITE, err));
	SP_TRY(db_migrate(
	    db, people_agency_migrations, people_agency_migrations_count, err));
	*out = SP_STEAL(db);
	return SP_OK;
}

static enum sp_code
add(const char *dir, struct vouch_voucher *v, struct sp_err *err)
{
	DB_AUTO db = NULL;

	SP_TRY(open_site(dir, &db, err));
	return vouch_roster_add(db, v, err);
}

/* ---- What is given ---- */

static enum sp_code
take_text(
    char *out, size_t room, const char *what, const char *s, struct sp_err *err)
{
	if (strlen(s) >= room)
		return sp_fail(err, SP_E_INVALID, "%s has at most %zu bytes",
		    what, room - 1);
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
take_file(struct sp_buf *out, const char *path, struct sp_err *err)
{
	if (path == NULL)
		return SP_OK;
	if (sp_file_read(AT_FDCWD, path, out, err) == SP_OK)
		return SP_OK;
	if (err->code == SP_E_NOTFOUND)
		return sp_fail(
		    err, SP_E_INVALID, "there is no file %.150s", path);
	return err->code;
}

/* A key, or a file that holds it and LF. */
static enum sp_code
take_key(struct sp_buf *out, const char *s, struct sp_err *err)
{
	if (strchr(s, '+') != NULL) {
		sp_buf_text(out, s);
		return sp_buf_check(out, "a key", err);
	}
	SP_TRY(take_file(out, s, err));
	while (out->len > 0 && out->at[out->len - 1] == '\n')
		sp_buf_cut(out, out->len - 1);
	return SP_OK;
}

/* 90, 90s, 10m, 2h: seconds, minutes, hours. */
static enum sp_code
take_time(sp_time *out, const char *s, struct sp_err *err)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	size_t len = s == NULL ? 0 : strlen(s);
	uint64_t unit = 1, n = 0;

	if (s == NULL)
		return SP_OK;
	for (size_t i = 0; i < SP_COUNTOF(units) && len > 0; i++)
		if (s[len - 1] == units[i].letter) {
			unit = units[i].seconds;
			len--;
			break;
		}
	if (!sp_parse_u64(s, len, 1, 86400, &n) || n * unit > 86400)
		return sp_fail(err, SP_E_INVALID,
		    "--every takes a time up to a day, as 90s, 10m or 2h");
	*out = (sp_time)(n * unit) * SP_SECOND;
	return SP_OK;
}

static int
added(const struct cmd *self, const char *dir, const struct vouch_voucher *v)
{
	(void)self;
	(void)printf("%s %s is asked from now on about every log of %s\n",
	    vouch_kind_name(v->kind), v->name, dir);
	return CMD_DONE;
}

/* SP_E_INVALID is what was written on the command line. */
static int
fail(const struct cmd *self, const struct sp_err *err)
{
	return err->code == SP_E_INVALID ? cmd_usage(self, "%s", err->text)
					 : cmd_fail(self, err);
}

/* ---- add-witness, add-authority ---- */

static enum sp_code
make_witness(struct vouch_voucher *v, char **operand, const char *tls_ca,
    struct sp_err *err)
{
	v->kind = VOUCH_WITNESS;
	SP_TRY(take_key(&v->trust, operand[1], err));
	SP_TRY(take_text(v->url, sizeof(v->url), "a URL", operand[2], err));
	SP_TRY(take_file(&v->tls_ca, tls_ca, err));
	return vouch_voucher_check(v, err);
}

static int
witness_run(const struct cmd *self, int argc, char **argv)
{
	VOUCH_AUTO_VOUCHER v = vouch_voucher_new();
	const char *tls_ca = NULL;
	const struct cmd_option option[] = {
		{ "tls-ca", 0, "FILE",
		    "CA of its HTTPS (default: those of the system)", &tls_ca,
		    NULL },
	};
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 3)
		return cmd_usage(self, "DIR, its KEY and its URL are wanted");
	if (make_witness(&v, operand, tls_ca, &err) != SP_OK ||
	    add(operand[0], &v, &err) != SP_OK)
		return fail(self, &err);
	return added(self, operand[0], &v);
}

struct authority_options {
	const char *ca, *policy, *every, *tls_ca;
};

static enum sp_code
make_authority(struct vouch_voucher *v, char **operand,
    const struct authority_options *o, struct sp_err *err)
{
	v->kind = VOUCH_AUTHORITY;
	SP_TRY(take_text(v->name, sizeof(v->name), "a name", operand[1], err));
	SP_TRY(take_text(v->url, sizeof(v->url), "a URL", operand[2], err));
	if (o->ca == NULL)
		return sp_fail(err, SP_E_INVALID, "--ca is missing");
	SP_TRY(take_file(&v->trust, o->ca, err));
	if (o->policy != NULL)
		SP_TRY(take_text(
		    v->policy, sizeof(v->policy), "--policy", o->policy, err));
	SP_TRY(take_time(&v->every, o->every, err));
	SP_TRY(take_file(&v->tls_ca, o->tls_ca, err));
	return vouch_voucher_check(v, err);
}

static int
authority_run(const struct cmd *self, int argc, char **argv)
{
	VOUCH_AUTO_VOUCHER v = vouch_voucher_new();
	struct authority_options o = { .ca = NULL };
	const struct cmd_option option[] = {
		{ "ca", 0, "FILE", "the CA that its timestamps are under",
		    &o.ca, NULL },
		{ "policy", 0, "OID", "the policy to ask for (default: any)",
		    &o.policy, NULL },
		{ "every", 0, "TIME", "least between two timestamps (10m)",
		    &o.every, NULL },
		{ "tls-ca", 0, "FILE",
		    "CA of its HTTPS (default: those of the system)", &o.tls_ca,
		    NULL },
	};
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 3)
		return cmd_usage(self, "DIR, a NAME and its URL are wanted");
	if (make_authority(&v, operand, &o, &err) != SP_OK ||
	    add(operand[0], &v, &err) != SP_OK)
		return fail(self, &err);
	return added(self, operand[0], &v);
}

/* ---- remove ---- */

static enum sp_code
remove_one(char **operand, struct sp_err *err)
{
	DB_AUTO db = NULL;

	for (int k = 0; k < VOUCH_KIND_COUNT; k++) {
		if (strcmp(operand[1], vouch_kind_name((enum vouch_kind)k)) !=
		    0)
			continue;
		SP_TRY(open_site(operand[0], &db, err));
		return vouch_roster_remove(
		    db, (enum vouch_kind)k, operand[2], err);
	}
	return sp_fail(err, SP_E_INVALID,
	    "'witness' or 'authority' is wanted, not '%.60s'", operand[1]);
}

static int
remove_run(const struct cmd *self, int argc, char **argv)
{
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(self, NULL, 0, argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 3)
		return cmd_usage(self,
		    "DIR, 'witness' or 'authority', and a NAME are wanted");
	if (remove_one(operand, &err) != SP_OK)
		return fail(self, &err);
	(void)printf("%s %s is no longer asked\n", operand[1], operand[2]);
	return CMD_DONE;
}

/* ---- list ---- */

static enum sp_code
as_table(const struct vouch_roster *r, struct sp_err *err)
{
	static const char *const head[] = { "KIND", "SINCE", "URL", "NAME",
		NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);

	for (size_t i = 0; i < r->n; i++) {
		char when[SP_TIME_TEXT];

		sp_time_text(r->at[i].added, when);
		cmd_present_table_add(&t, vouch_kind_name(r->at[i].kind));
		cmd_present_table_add(&t, when);
		cmd_present_table_add(&t, r->at[i].url);
		cmd_present_table_add(&t, r->at[i].name);
	}
	return cmd_present_table_print(&t, stdout, err);
}

static void
add_object(struct sp_json *j, const struct vouch_voucher *v)
{
	char when[SP_TIME_TEXT];

	sp_time_text(v->added, when);
	sp_json_object(j, NULL);
	sp_json_str(j, "added", when);
	if (v->kind == VOUCH_AUTHORITY)
		sp_json_int(j, "every_seconds", v->every / SP_SECOND);
	else
		sp_json_str(j, "key", sp_buf_str(&v->trust));
	sp_json_str(j, "kind", vouch_kind_name(v->kind));
	sp_json_str(j, "name", v->name);
	if (v->policy[0] != '\0')
		sp_json_str(j, "policy", v->policy);
	sp_json_str(j, "url", v->url);
	sp_json_end(j);
}

static enum sp_code
as_json(const struct vouch_roster *r, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(LIST_MAX_BYTES);
	struct sp_json j = sp_json_to(&text);

	sp_json_object(&j, NULL);
	sp_json_array(&j, "vouchers");
	for (size_t i = 0; i < r->n; i++)
		add_object(&j, &r->at[i]);
	sp_json_end(&j);
	sp_json_end(&j);
	sp_buf_text(&text, "\n");
	SP_TRY(sp_buf_check(&text, "the list", err));
	(void)fputs(sp_buf_str(&text), stdout); /* cmd_present_flush tells */
	return cmd_present_flush(err);
}

static enum sp_code
list(const char *dir, bool json, struct sp_err *err)
{
	VOUCH_AUTO_ROSTER roster = NULL;
	DB_AUTO db = NULL;

	SP_TRY(open_site(dir, &db, err));
	SP_TRY(vouch_roster_load(&roster, db, err));
	return json ? as_json(roster, err) : as_table(roster, err);
}

static int
list_run(const struct cmd *self, int argc, char **argv)
{
	return cmd_site_db_list(self, argc, argv, list);
}

int
cmd_vouch_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd rows[] = {
		{ "vouch add-witness", "DIR KEY URL",
		    "have a witness cosign the logs of a site", witness_run,
		    false },
		{ "vouch add-authority", "DIR NAME URL",
		    "have a time authority (RFC 3161) timestamp them",
		    authority_run, false },
		{ "vouch remove", "DIR witness|authority NAME",
		    "ask it no longer", remove_run, false },
		{ "vouch list", "DIR", "those who are asked", list_run, false },
	};

	return cmd_dispatch(self, rows, SP_COUNTOF(rows), argc, argv);
}
