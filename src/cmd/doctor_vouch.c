#include "cmd/doctor_vouch.h"

#include "ledger/rows.h"
#include "vouch/record.h"

#include <inttypes.h>
#include <stdio.h>

#define PATH_LIMIT 2048
#define PATIENCE   (600 * SP_SECOND) /* a voucher may be so late */

static const char area[] = "vouchers";
static const char restore[] = "restore agency.db from a backup";

static void
say_behind(struct doctor_report *r, const char *slug,
    const struct vouch_voucher *v, const struct vouch_standing *s)
{
	const char *kind = vouch_kind_name(v->kind);
	bool late = s->waits > PATIENCE + 2 * v->every;

	if (s->behind == 0)
		cmd_doctor_report_add(r, DOCTOR_GOOD, area, NULL,
		    "%s: %s %s vouches for all of the log", slug, kind,
		    v->name);
	else
		cmd_doctor_report_add(r, late ? DOCTOR_NOTE : DOCTOR_GOOD, area,
		    late ? "it is asked while the site is served: see that it "
			   "is, and its log"
			 : NULL,
		    "%s: %s %s is %" PRIu64 " entries behind, by %jd s", slug,
		    kind, v->name, s->behind, (intmax_t)(s->waits / SP_SECOND));
}

static void
say_failing(struct doctor_report *r, const char *slug,
    const struct vouch_voucher *v, const struct vouch_standing *s)
{
	char since[SP_TIME_TEXT];

	sp_time_text(s->since, since);
	since[19] = '\0'; /* to the second */
	cmd_doctor_report_add(r, s->contradicts ? DOCTOR_WRONG : DOCTOR_NOTE,
	    area,
	    s->contradicts
		? "the log was cut, forked or put back from a backup: compare "
		  "it with what others hold ('log check', receipts, bags) "
		  "before anything else"
		: "it is asked again and again; reach its operator if this "
		  "lasts",
	    "%s: %s %s is %" PRIu64 " entries behind, by %jd s; since %s "
	    "UTC: %s",
	    slug, vouch_kind_name(v->kind), v->name, s->behind,
	    (intmax_t)(s->waits / SP_SECOND), since, s->problem);
}

static enum sp_code
look(struct doctor_report *r, struct db *db, const struct people_agency *a,
    const struct vouch_roster *roster, struct sp_err *err)
{
	uint64_t size = 0;

	SP_TRY(ledger_rows_end(db, &size, err));
	for (size_t i = 0; i < roster->n; i++) {
		const struct vouch_voucher *v = &roster->at[i];
		struct vouch_standing s;

		SP_TRY(vouch_record_standing(db, size, v, &s, err));
		if (s.failing)
			say_failing(r, a->slug, v, &s);
		else
			say_behind(r, a->slug, v, &s);
	}
	return SP_OK;
}

void
cmd_doctor_vouch_messenger(
    struct doctor_report *r, const struct vouch_roster *roster, bool landlock)
{
	if (roster->n == 0)
		return;
	if (landlock)
		cmd_doctor_report_add(r, DOCTOR_GOOD, area, NULL,
		    "the process that asks them cannot open the site's files");
	else
		cmd_doctor_report_add(r, DOCTOR_NOTE, area,
		    "boot a kernel of 5.13 or newer with 'landlock' in its "
		    "lsm= list",
		    "this kernel has no Landlock: the process that asks them "
		    "could, if an answer took it over, read the site's files");
}

void
cmd_doctor_vouch_look(struct doctor_report *r, const char *dir,
    const struct people_agency *a, const struct vouch_roster *roster)
{
	char path[PATH_LIMIT];
	DB_AUTO db = NULL;
	struct sp_err err;

	if (roster->n == 0)
		return;
	(void)snprintf(
	    path, sizeof(path), "%s/agencies/%s/agency.db", dir, a->slug);
	/* A database that cannot be opened was told of already. */
	if (db_open(&db, path, DB_READ, &err) == SP_OK &&
	    look(r, db, a, roster, &err) != SP_OK)
		cmd_doctor_report_err(r, area, restore, a->slug, &err);
}
