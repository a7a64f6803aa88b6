#include "cmd/doctor_agency.h"

#include "base/file.h"
#include "base/id.h"
#include "crypto/stream.h"
#include "db/db.h"
#include "ledger/audit.h"
#include "ledger/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LIMIT 2048

/* The evidence room's tables (docs/database.md). */
static const struct db_sql items = {
	"SELECT id, object, size, state FROM evidence ORDER BY id",
};
static const struct db_sql posters = {
	"SELECT evidence, poster, poster_size FROM media"
	" WHERE poster IS NOT NULL AND state = 'done' ORDER BY evidence",
};
static const struct db_sql item_of_object = {
	"SELECT 1 FROM evidence WHERE object = ?1",
};
static const struct db_sql poster_of_object = {
	"SELECT 1 FROM media WHERE poster = ?1",
};
static const struct db_sql upload_of_object = {
	"SELECT 1 FROM upload WHERE object = ?1",
};

struct look {
	struct doctor_report *r;
	const struct people_agency *a;
	const char *dir; /* agencies/<slug> */
	struct db *db;
	uint64_t items, bytes;
};

static const char restore[] =
    "keep what is there as it is and restore a backup beside it; an item that "
    "is lost or changed stays on record as such";

static void
path_in(char out[static PATH_LIMIT], const char *dir, const char *name)
{
	(void)snprintf(out, PATH_LIMIT, "%s/%s", dir, name);
}

/* ---- The log ---- */

static void
remove_scratch(const char *scratch)
{
	char path[PATH_LIMIT];

	path_in(path, scratch, "hashes");
	(void)unlink(path); /* a file of /tmp's */
	(void)rmdir(scratch);
}

/* The file of hashes is derived: it is made again beside, and compared. */
static enum sp_code
audit_with(struct look *l, const char *scratch, struct sp_err *err)
{
	struct ledger_audit audit = { .db = l->db, .vkey = &l->a->vkey };
	struct ledger_frontier tree;
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	bool found = false;

	SP_TRY(ledger_rows_state(l->db, &found, &tree, &note, err));
	if (!found)
		return sp_fail(err, SP_E_CORRUPT, "the log has no checkpoint");
	SP_TRY(ledger_checkpoint_check(
	    &l->a->vkey, sp_buf_str(&note), note.len, &audit.published, err));
	SP_TRY(ledger_hashes_open(
	    &audit.hashes, scratch, ledger_merkle_count(tree.size), err));
	enum sp_code code =
	    ledger_hashes_mend(audit.hashes, l->db, &tree, true, err);

	if (code == SP_OK)
		code = ledger_audit_run(&audit, err);
	ledger_hashes_close(audit.hashes);
	SP_TRY(code);
	cmd_doctor_report_add(l->r, DOCTOR_GOOD, "log", NULL,
	    "%s: %" PRIu64 " entries hash to the root that is signed",
	    l->a->slug, tree.size);
	return SP_OK;
}

/* One piece of both files from `at` on; *n is how much the first has. */
static enum sp_code
compare_piece(
    int computed, int derived, off_t at, size_t *n, struct sp_err *err)
{
	uint8_t x[4096];
	uint8_t y[4096];
	size_t m = 0;

	SP_TRY(sp_file_pread_all(computed, x, sizeof(x), at, n, err));
	SP_TRY(sp_file_pread_all(derived, y, sizeof(y), at, &m, err));
	if (m < *n || memcmp(x, y, *n) != 0)
		return sp_fail(
		    err, SP_E_CORRUPT, "log/hashes differs from the database");
	return SP_OK;
}

/* Does the derived file hold what was computed? */
static enum sp_code
compare_hashes(struct look *l, const char *scratch, struct sp_err *err)
{
	char path[PATH_LIMIT];
	size_t n = 1;

	path_in(path, scratch, "hashes");
	SP_AUTO_FD a = open(path, O_RDONLY | O_CLOEXEC);

	path_in(path, l->dir, "log/hashes");
	SP_AUTO_FD b = open(path, O_RDONLY | O_CLOEXEC);

	if (a < 0 || b < 0)
		return sp_fail_os(err, "log/hashes");
	for (off_t at = 0; n > 0; at += (off_t)n)
		SP_TRY(compare_piece(a, b, at, &n, err));
	return SP_OK;
}

static void
look_at_log(struct look *l)
{
	const char *tmp = "/tmp/sallyport-doctor-XXXXXX";
	char scratch[64];
	struct sp_err err;

	(void)snprintf(scratch, sizeof(scratch), "%s", tmp);
	if (mkdtemp(scratch) == NULL) {
		cmd_doctor_report_add(l->r, DOCTOR_WRONG, "log",
		    "make room in /tmp and look again",
		    "%s: the log was not checked: %s", l->a->slug,
		    strerrordesc_np(errno));
		return;
	}
	if (audit_with(l, scratch, &err) != SP_OK)
		cmd_doctor_report_err(l->r, "log",
		    "stop serving this agency, keep everything as it is, and "
		    "find out who changed it",
		    l->a->slug, &err);
	else if (compare_hashes(l, scratch, &err) != SP_OK)
		cmd_doctor_report_add(l->r, DOCTOR_NOTE, "log",
		    "it is made again from the database at the next start",
		    "%s: %s", l->a->slug, err.text);
	remove_scratch(scratch);
}

/* ---- Objects ---- */

/* objects/<last byte of the id>/<id>. */
static void
object_path(const struct sp_id *id, char out[static 64])
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	(void)snprintf(out, 64, "objects/%02x/%s", id->b[SP_ID_LEN - 1], text);
}

/* One sealed object, of evidence or a rendition of it (a poster). */
struct seen {
	struct sp_id item, object;
	uint64_t size; /* of what is sealed in it */
	bool poster;
};

static void
look_at_object(struct look *l, const struct seen *o)
{
	enum doctor_level level = o->poster ? DOCTOR_NOTE : DOCTOR_WRONG;
	const char *what = o->poster ? "the poster of evidence" : "evidence";
	const char *advice =
	    o->poster ? "the original is not touched by it" : restore;
	char path[PATH_LIMIT];
	char name[64];
	char id[SP_ID_TEXT];
	struct stat st;

	object_path(&o->object, name);
	path_in(path, l->dir, name);
	sp_id_text(&o->item, id);
	if (lstat(path, &st) != 0)
		cmd_doctor_report_add(l->r, level, "objects", advice,
		    "%s: %s %s: %s: %s", l->a->slug, what, id, name,
		    strerrordesc_np(errno));
	else if (!S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != crypto_stream_sealed_size(o->size))
		cmd_doctor_report_add(l->r, level, "objects", advice,
		    "%s: %s %s: %s has %jd bytes instead of %" PRIu64,
		    l->a->slug, what, id, name, (intmax_t)st.st_size,
		    crypto_stream_sealed_size(o->size));
}

/* The next row, its object looked at; *found: there was one. */
static enum sp_code
look_at_next(struct look *l, struct db_stmt *st, struct seen *o, bool *found,
    struct sp_err *err)
{
	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	SP_TRY(db_col_bytes(st, 0, o->item.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, o->object.b, SP_ID_LEN, err));
	o->size = (uint64_t)db_col_i64(st, 2);
	look_at_object(l, o);
	return SP_OK;
}

static enum sp_code
look_at_posters(struct look *l, struct sp_err *err)
{
	DB_STMT st = db_use(l->db, &posters);
	struct seen o = { .poster = true };
	bool found = true;

	while (found)
		SP_TRY(look_at_next(l, st, &o, &found, err));
	return SP_OK;
}

static enum sp_code
look_at_items(struct look *l, struct sp_err *err)
{
	DB_STMT st = db_use(l->db, &items);
	struct seen o = { .poster = false };
	bool found = false;

	for (;;) {
		SP_TRY(look_at_next(l, st, &o, &found, err));
		if (!found)
			return SP_OK;
		l->items++;
		l->bytes += o.size;
		if (strcmp(db_col_text(st, 3), "sealed") == 0)
			continue;
		char id[SP_ID_TEXT];

		sp_id_text(&o.item, id);
		cmd_doctor_report_add(l->r, DOCTOR_WRONG, "objects", restore,
		    "%s: evidence %s was found %s when it was read", l->a->slug,
		    id, db_col_text(st, 3));
	}
}

static bool
on_record(struct look *l, const struct db_sql *sql, const struct sp_id *id)
{
	DB_STMT st = db_use(l->db, sql);
	struct sp_err err;
	bool found = false;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	/* A database that cannot be read was told already. */
	return db_row(st, &found, &err) != SP_OK || found;
}

/* A folder that objects lie in. */
struct place {
	struct look *l;
	const char *folder; /* "staging", "objects", "objects/xx" */
	bool staging;
};

static bool
known_object(const struct place *p, const struct sp_id *id)
{
	return on_record(p->l, &item_of_object, id) ||
	    on_record(p->l, &poster_of_object, id) ||
	    on_record(p->l, &upload_of_object, id);
}

/* A name that should be an object's id. */
static void
look_at_name(void *arg, const char *name)
{
	const struct place *p = arg;
	struct doctor_report *r = p->l->r;
	const char *slug = p->l->a->slug;
	char want[64];
	char got[400];
	struct sp_id id;

	(void)snprintf(got, sizeof(got), "%s/%s", p->folder, name);
	if (!sp_id_parse(name, strlen(name), &id)) {
		cmd_doctor_report_add(r, DOCTOR_NOTE, "objects",
		    "nothing of this program's: see what it is and remove it",
		    "%s: stray file %s", slug, got);
		return;
	}
	object_path(&id, want);
	if (!p->staging && strcmp(got, want) != 0)
		cmd_doctor_report_add(r, DOCTOR_WRONG, "objects",
		    "someone moved it: move it back",
		    "%s: %s lies in the wrong folder", slug, got);
	else if (!known_object(p, &id))
		cmd_doctor_report_add(r, DOCTOR_NOTE, "objects",
		    "left by an upload that was cut; serve removes what is "
		    "staged when it starts",
		    "%s: %s is on no record", slug, got);
}

static void
look_in(struct place *p, void (*visit)(void *arg, const char *name))
{
	char path[PATH_LIMIT];
	struct sp_err err;

	path_in(path, p->l->dir, p->folder);
	if (sp_file_each(path, visit, p, &err) != SP_OK)
		cmd_doctor_report_err(
		    p->l->r, "objects", restore, p->l->a->slug, &err);
}

/* A name in objects/: one of the folders by last byte. */
static void
look_at_folder(void *arg, const char *name)
{
	const struct place *above = arg;
	char folder[64];
	struct place p = { .l = above->l, .folder = folder };

	if (strlen(name) != 2 || strspn(name, "0123456789abcdef") != 2) {
		look_at_name(arg, name);
		return;
	}
	(void)snprintf(folder, sizeof(folder), "objects/%s", name);
	look_in(&p, look_at_name);
}

static void
look_at_objects(struct look *l)
{
	uint64_t wrong = l->r->count[DOCTOR_WRONG];
	struct place kept = { .l = l, .folder = "objects" };
	struct place staged = { .l = l, .folder = "staging", .staging = true };
	struct sp_err err;

	if (look_at_items(l, &err) != SP_OK) {
		cmd_doctor_report_err(
		    l->r, "objects", restore, l->a->slug, &err);
		return;
	}
	/* A database that this version has not served yet knows no posters. */
	SP_IGNORE(look_at_posters(l, &err));
	look_in(&kept, look_at_folder);
	look_in(&staged, look_at_name);
	if (l->r->count[DOCTOR_WRONG] == wrong)
		cmd_doctor_report_add(l->r, DOCTOR_GOOD, "objects", NULL,
		    "%s: %" PRIu64 " items, each in its place and whole",
		    l->a->slug, l->items);
}

/* ---- All of it ---- */

static enum sp_code
open_checked(struct look *l, struct sp_err *err)
{
	char path[PATH_LIMIT];

	path_in(path, l->dir, "agency.db");
	SP_TRY(db_open(&l->db, path, DB_READ, err));
	return db_check(l->db, err);
}

void
cmd_doctor_agency_look(
    struct doctor_report *r, const char *dir, const struct people_agency *a)
{
	char folder[PATH_LIMIT];
	struct look l = { .r = r, .a = a, .dir = folder };
	struct sp_err err;

	(void)snprintf(folder, sizeof(folder), "%s/agencies/%s", dir, a->slug);
	if (open_checked(&l, &err) == SP_OK) {
		cmd_doctor_report_add(r, DOCTOR_GOOD, "database", NULL,
		    "%s: agency.db is whole", a->slug);
		look_at_log(&l);
		look_at_objects(&l);
	} else {
		cmd_doctor_report_err(r, "database", restore, a->slug, &err);
	}
	db_close(l.db);
}
