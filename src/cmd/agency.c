#include "base/json.h"
#include "cmd/new_agency.h"
#include "cmd/present.h"
#include "cmd/site_db.h"
#include "cmd/site_file.h"
#include "cmd/table.h"
#include "cmd/unlock.h"

#include <stdio.h>

#define LIST_MAX_BYTES (16 << 20)

/* ---- add ---- */

static enum sp_code
add(const char *dir, const char *unlock_spec, const struct new_agency *n,
    struct people_agency *a, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET unlock = NULL;
	struct site_file f = { .cert = "" };
	char token[GATE_TOKEN_TEXT];
	CRYPTO_WIPE_ON_EXIT(token);

	SP_TRY(cmd_site_file_read(dir, &f, err));
	SP_TRY(cmd_unlock_read(dir, unlock_spec, &unlock, err));
	SP_TRY(cmd_new_agency_make(dir, unlock, f.public_name, a, token, err));
	return cmd_new_agency_print(n, dir, f.public_name, token, err);
}

/* "add DIR SLUG" and "add DIR --agency SLUG" say the same. */
static int
add_run(const struct cmd *self, int argc, char **argv)
{
	struct new_agency n = { .slug = NULL };
	const char *unlock = NULL;
	struct cmd_option option[2 + NEW_AGENCY_OPTIONS] = {
		{ "unlock", 0, "SOURCE", UNLOCK_HELP, &unlock, NULL },
		{ "provider", 0, NULL,
		    "the house of whoever runs the site: its staff, no "
		    "evidence "
		    "(then --ori may be left out)",
		    NULL, &n.provider },
	};
	struct people_agency a;
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t operands;
	int code;

	cmd_new_agency_options(&n, option + 2);
	code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &operands);
	if (code != CMD_DONE)
		return code;
	if (operands + (n.slug == NULL ? 0 : 1) != 2)
		return cmd_usage(self, "a DIR and one SLUG are wanted");
	if (n.slug == NULL)
		n.slug = operand[1];
	if (cmd_new_agency_check(&n, &a, &err) != SP_OK ||
	    cmd_unlock_check(unlock, &err) != SP_OK)
		return cmd_usage(self, "%s", err.text);
	if (add(operand[0], unlock, &n, &a, &err) != SP_OK)
		return cmd_fail(self, &err);
	return CMD_DONE;
}

/* ---- list ---- */

static enum sp_code
add_row(void *arg, const struct people_agency *a, struct sp_err *err)
{
	struct present_table *t = arg;
	char when[SP_TIME_TEXT];
	char name[PEOPLE_NAME_MAX + 16];

	(void)err;
	sp_time_text(a->created, when);
	cmd_present_table_add(t, a->slug);
	cmd_present_table_add(t, a->state);
	cmd_present_table_add(t, a->ori);
	cmd_present_table_add(t, a->geography);
	cmd_present_table_add(t, when);
	(void)snprintf(name, sizeof(name), "%s%s", a->name,
	    a->provider ? " (provider)" : "");
	cmd_present_table_add(t, name);
	return SP_OK;
}

static enum sp_code
as_table(struct db *site, struct sp_err *err)
{
	static const char *const head[] = { "AGENCY", "STATE", "ORI",
		"GEOGRAPHY", "SINCE", "NAME", NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);

	SP_TRY(people_agency_each(site, add_row, &t, err));
	return cmd_present_table_print(&t, stdout, err);
}

static enum sp_code
add_object(void *arg, const struct people_agency *a, struct sp_err *err)
{
	struct sp_json *j = arg;
	SP_AUTO_BUF key = sp_buf_new(LEDGER_NAME_MAX + 128);
	char id[SP_ID_TEXT];
	char when[SP_TIME_TEXT];

	ledger_vkey_text(&a->vkey, &key);
	SP_TRY(sp_buf_check(&key, "a log's key", err));
	sp_id_text(&a->id, id);
	sp_time_text(a->created, when);
	sp_json_object(j, NULL);
	sp_json_str(j, "created", when);
	sp_json_str(j, "geography", a->geography);
	sp_json_str(j, "id", id);
	sp_json_str(j, "log_key", sp_buf_str(&key));
	sp_json_str(j, "name", a->name);
	sp_json_str(j, "ori", a->ori);
	sp_json_bool(j, "provider", a->provider);
	sp_json_str(j, "slug", a->slug);
	sp_json_str(j, "state", a->state);
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
as_json(struct db *site, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(LIST_MAX_BYTES);
	struct sp_json j = sp_json_to(&text);

	sp_json_object(&j, NULL);
	sp_json_array(&j, "agencies");
	SP_TRY(people_agency_each(site, add_object, &j, err));
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
	DB_AUTO db = NULL;

	SP_TRY(cmd_site_db_open(&db, dir, DB_READ, err));
	return json ? as_json(db, err) : as_table(db, err);
}

static int
list_run(const struct cmd *self, int argc, char **argv)
{
	return cmd_site_db_list(self, argc, argv, list);
}

int
cmd_agency_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd rows[] = {
		{ "agency add", "DIR SLUG", "make one more agency", add_run,
		    false },
		{ "agency list", "DIR", "the agencies of a site", list_run,
		    false },
	};

	return cmd_dispatch(self, rows, SP_COUNTOF(rows), argc, argv);
}
