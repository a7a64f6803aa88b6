#include "base/file.h"
#include "base/process.h"
#include "cmd/cmd.h"
#include "cmd/doctor_agency.h"
#include "cmd/doctor_site.h"
#include "cmd/doctor_vouch.h"
#include "cmd/table.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LIMIT 2048

struct visit {
	struct doctor_report *r;
	const char *dir;
	struct db *site;
	const struct vouch_roster *roster; /* NULL: not known */
	uint64_t agencies;
};

static enum sp_code
visit_agency(void *arg, const struct people_agency *a, struct sp_err *err)
{
	struct visit *v = arg;

	(void)err;
	v->agencies++;
	cmd_doctor_agency_look(v->r, v->dir, a);
	if (v->roster != NULL)
		cmd_doctor_vouch_look(v->r, v->dir, a, v->roster);
	return SP_OK;
}

/* A folder of no agency's: its making was cut short; or the site's database
 * is an older one, so nobody but a person should take it away. */
static void
look_at_folder(void *arg, const char *name)
{
	struct visit *v = arg;
	struct people_agency a;
	struct sp_err err;

	if (people_agency_by_slug(v->site, name, &a, &err) != SP_OK)
		cmd_doctor_report_add(v->r, DOCTOR_NOTE, "site",
		    "the making of an agency was cut short, or site.db is "
		    "older than it: 'agency add' takes the name once the "
		    "folder is moved away",
		    "agencies/%.100s is no agency's", name);
}

static void
look_at_folders(struct visit *v)
{
	char path[PATH_LIMIT];
	struct sp_err err;

	(void)snprintf(path, sizeof(path), "%s/agencies", v->dir);
	if (sp_file_each(path, look_at_folder, v, &err) != SP_OK)
		cmd_doctor_report_err(v->r, "site", "restore it from a backup",
		    "agencies/", &err);
}

static enum sp_code
look_at_agencies(struct visit *v, struct sp_err *err)
{
	VOUCH_AUTO_ROSTER roster = NULL;
	char path[PATH_LIMIT];
	DB_AUTO db = NULL;

	(void)snprintf(path, sizeof(path), "%s/site.db", v->dir);
	SP_TRY(db_open(&db, path, DB_READ, err));
	SP_TRY(db_check(db, err));
	cmd_doctor_report_add(
	    v->r, DOCTOR_GOOD, "database", NULL, "site.db is whole");
	v->site = db;
	/* A site that this version has not served yet has no roster. */
	if (vouch_roster_load(&roster, db, NULL) == SP_OK) {
		v->roster = roster;
		cmd_doctor_vouch_messenger(
		    v->r, roster, sp_process_can_read_only());
	}
	SP_TRY(people_agency_each(db, visit_agency, v, err));
	look_at_folders(v);
	return SP_OK;
}

/* Reading a database in use makes files beside it: they must be the site's
 * own, so root becomes the owner of the site first. */
static enum sp_code
become_owner(const char *dir, struct sp_err *err)
{
	char path[PATH_LIMIT];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/site.db", dir);
	if (stat(path, &st) != 0)
		return sp_fail(err, SP_E_NOTFOUND, "%.120s is no site: %s",
		    path, strerrordesc_np(errno));
	if (geteuid() == st.st_uid)
		return SP_OK;
	if (geteuid() != 0)
		return sp_fail(err, SP_E_DENIED,
		    "%.120s is another user's: run this as its owner or root",
		    dir);
	if (setgroups(1, &st.st_gid) != 0 ||
	    setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
		return sp_fail_os(err, "become the owner of %.120s", dir);
	return SP_OK;
}

static int
look(const struct cmd *self, const char *dir, bool json)
{
	struct doctor_report r = cmd_doctor_report_new();
	struct visit v = { .r = &r, .dir = dir };
	struct sp_err err = { .code = SP_OK };
	int code = CMD_DONE;

	cmd_doctor_site_look(&r, dir);
	if (look_at_agencies(&v, &err) != SP_OK)
		cmd_doctor_report_err(&r, "database",
		    "keep what is there and restore site.db from a backup",
		    "site.db", &err);
	if (cmd_doctor_report_print(&r, json, &err) != SP_OK)
		code = cmd_fail(self, &err);
	else if (r.count[DOCTOR_WRONG] > 0)
		code = CMD_CHECK_FAILED;
	cmd_doctor_report_free(&r);
	return code;
}

int
cmd_doctor_run(const struct cmd *self, int argc, char **argv)
{
	struct sp_err err = { .code = SP_OK };
	bool json = false;
	char **dir;
	size_t n;
	const struct cmd_option option[] = {
		{ "json", 0, NULL, "print one JSON object", NULL, &json },
	};
	int code =
	    cmd_parse(self, option, SP_COUNTOF(option), argc, argv, &dir, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one site's folder is wanted");
	if (strlen(dir[0]) > PATH_LIMIT - 400)
		return cmd_usage(self, "the folder's path is too long");
	if (become_owner(dir[0], &err) != SP_OK) {
		(void)cmd_fail(self, &err);
		return CMD_CHECK_FAILED;
	}
	return look(self, dir[0], json);
}
