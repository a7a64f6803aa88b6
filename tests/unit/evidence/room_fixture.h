#ifndef ROOM_FIXTURE_H
#define ROOM_FIXTURE_H

#include "base/encode.h"
#include "crypto/provider.h"
#include "evidence/session.h"
#include "evidence/site.h"
#include "evidence/viewing.h"
#include "keeper/spawn.h"
#include "keeper_self.h"
#include "quick_kdf.h"
#include "tap.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A site with one agency in a folder of its own, with a real keeper (this
 * program again: main begins with KEEPER_TEST_MAIN).  The room may be closed
 * and opened again, the keeper killed and started again.
 */
struct room_fixture {
	char dir[64];
	uint8_t unlock[32]; /* not a secret: those are wiped on fork */
	pid_t keeper;
	struct people_agency agency;
	char token[GATE_TOKEN_TEXT];
	struct evidence_site *site;
	struct evidence_room *room;
	struct gate_caller who;
	struct evidence_limits limits;
	size_t buffers; /* 0: plenty */
};

static inline void
fixture_keeper_start(struct room_fixture *f, struct keeper_client *client)
{
	CRYPTO_AUTO_SECRET unlock = crypto_secret_from(f->unlock, 32);
	struct sp_err err;
	int sock;

	CHECK_OK(keeper_spawn(f->dir, unlock, &f->keeper, &sock, &err), &err);
	keeper_client_attach(client, sock);
}

static inline void
fixture_keeper_kill(struct room_fixture *f)
{
	CHECK(kill(f->keeper, SIGKILL) == 0);
	CHECK(waitpid(f->keeper, NULL, 0) == f->keeper);
}

/* Known by a bearer's text, from the address of all tests. */
static inline enum sp_code
fixture_know(struct evidence_room *room, const char *text,
    struct gate_caller *who, struct sp_err *err)
{
	const struct evidence_shown shown = {
		.bearer = text,
		.address = "192.0.2.7",
	};

	return evidence_room_know(room, &shown, who, err);
}

static inline void
fixture_open(struct room_fixture *f)
{
	struct evidence_site_options o = {
		.dir = f->dir,
		.buffers = f->buffers == 0 ? 64 : f->buffers,
		.workers = 2,
		.limits = f->limits,
	};
	struct sp_err err;

	CHECK_OK(evidence_site_open(&f->site, &o, &err), &err);
	fixture_keeper_start(f, evidence_site_keeper(f->site));
	CHECK_OK(
	    evidence_site_room(f->site, f->agency.slug, &f->room, &err), &err);
	CHECK_OK(fixture_know(f->room, f->token, &f->who, &err), &err);
	f->who.source = "api";
}

static inline void
fixture_close(struct room_fixture *f)
{
	evidence_site_close(f->site);
	CHECK(waitpid(f->keeper, NULL, 0) == f->keeper);
}

/* While the site is closed, in its agency's database: one statement.  What it
 * answers, if anything, goes to `out` (of 2,000 bytes), or is "". */
static inline void
fixture_sql(const struct room_fixture *f, const char *text, char *out)
{
	const struct db_sql sql = { text };
	char path[200];
	DB_AUTO db = NULL;
	struct sp_err err;
	bool found;

	(void)snprintf(path, sizeof(path), "%s/agencies/%s/agency.db", f->dir,
	    f->agency.slug);
	CHECK_OK(db_open(&db, path, DB_WRITE, &err), &err);
	DB_STMT st = db_use(db, &sql);
	CHECK_OK(db_row(st, &found, &err), &err);
	if (out != NULL)
		(void)snprintf(
		    out, 2000, "%s", found ? db_col_text(st, 0) : "");
}

/*
 * While the site is closed: make of its database what a program of `version`
 * migrations left.  Tables of later ones go, also those that are not on this
 * list yet; a migration that changes an old table has to be undone here.
 */
static inline void
fixture_go_back(const struct room_fixture *f, int version)
{
	static const struct {
		const char *table;
		int since;
	} old[] = {
		{ "ledger_state", 1 },
		{ "ledger_entry", 1 },
		{ "gate_token", 2 },
		{ "recipient", 3 },
		{ "upload", 3 },
		{ "upload_tail", 3 },
		{ "evidence", 3 },
		{ "viewing", 3 },
		{ "once", 4 },
		{ "media", 5 },
	};
	char text[100], names[2000], *rest = names;

	/* The newest first: it may speak of older ones. */
	fixture_sql(f,
	    "SELECT group_concat(name, ' ') FROM (SELECT name FROM"
	    " sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
	    " ORDER BY rowid DESC)",
	    names);
	for (const char *name; (name = strsep(&rest, " ")) != NULL;) {
		bool keep = false;

		for (size_t i = 0; i < SP_COUNTOF(old); i++)
			keep |= strcmp(old[i].table, name) == 0 &&
			    old[i].since <= version;
		(void)snprintf(text, sizeof(text), "DROP TABLE %s", name);
		if (!keep)
			fixture_sql(f, text, NULL);
	}
	if (version < 11)
		fixture_sql(f, "ALTER TABLE viewing DROP COLUMN kind", NULL);
	fixture_sql(f, "DROP INDEX gate_token_good", NULL);
	fixture_sql(f, "DROP INDEX gate_token_good_id", NULL);
	fixture_sql(f, "DROP INDEX gate_token_good_person", NULL);
	if (version < 17) {
		fixture_sql(f, "DROP INDEX gate_token_person", NULL);
		fixture_sql(
		    f, "ALTER TABLE gate_token DROP COLUMN person", NULL);
		fixture_sql(
		    f, "ALTER TABLE gate_token DROP COLUMN factor", NULL);
	}
	fixture_sql(f, "DROP INDEX gate_token_issuer", NULL);
	fixture_sql(f, "ALTER TABLE gate_token DROP COLUMN issuer", NULL);
	fixture_sql(f, "ALTER TABLE gate_token DROP COLUMN person_epoch", NULL);
	fixture_sql(f, "ALTER TABLE gate_token DROP COLUMN issuer_epoch", NULL);
	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", version);
	fixture_sql(f, text, NULL);
}

static inline void
fixture_make(struct room_fixture *f)
{
	struct keeper_client *client = keeper_client_new();
	CRYPTO_AUTO_SECRET unlock = NULL;
	struct sp_err err;

	(void)snprintf(f->dir, sizeof(f->dir), "/var/tmp/room-test-XXXXXX");
	CHECK(mkdtemp(f->dir) != NULL);
	crypto_random(f->unlock, 32);
	unlock = crypto_secret_from(f->unlock, 32);
	f->agency = (struct people_agency){
		.slug = "harbor-pd",
		.name = "Harbor Police Department",
		.state = "FL",
		.ori = "FL0130000",
		.geography = "us",
	};
	CHECK_OK(evidence_site_make(f->dir, &err), &err);
	CHECK_OK(keeper_init(f->dir, unlock, &err), &err);
	fixture_keeper_start(f, client);
	CHECK_OK(evidence_site_add_agency(f->dir, client, "127.0.0.1:8443",
		     &f->agency, f->token, &err),
	    &err);
	keeper_client_free(client);
	CHECK(waitpid(f->keeper, NULL, 0) == f->keeper);
}

static inline int
fixture_unlink(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)st, (void)flag, (void)w;
	return remove(path);
}

static inline void
fixture_remove(struct room_fixture *f)
{
	CHECK(nftw(f->dir, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Files below the agency's folder `name`. */
static size_t fixture_counted;

static inline int
fixture_count(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)path, (void)st, (void)w;
	fixture_counted += flag == FTW_F;
	return 0;
}

static inline size_t
fixture_files(const struct room_fixture *f, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/agencies/%s/%s", f->dir,
	    f->agency.slug, name);
	fixture_counted = 0;
	CHECK(nftw(path, fixture_count, 16, FTW_PHYS) == 0);
	return fixture_counted;
}

/* ---- Short forms of what tests do all the time ---- */

static inline struct gate_pass *
fixture_pass(struct room_fixture *f, enum gate_act act, const struct sp_id *id)
{
	struct gate_object on = { .kind = "evidence" };
	struct gate_pass *pass = NULL;
	struct sp_err err;

	if (id != NULL)
		on.id = *id;
	CHECK_OK(gate_admit(evidence_room_gate(f->room), &f->who, act, &on,
		     &pass, &err),
	    &err);
	return pass;
}

static inline struct events_listener *
fixture_listen(struct room_fixture *f)
{
	struct events_wish w = { .as = f->who.token };
	struct events_listener *l = NULL;
	struct sp_err err;

	CHECK_OK(events_hub_listen(&l, evidence_room_events(f->room), &w, &err),
	    &err);
	return l;
}

/* What was told since is this one thing, by the fixture's caller. */
static inline struct events_event
fixture_told(struct room_fixture *f, struct events_listener *l,
    enum events_kind kind, const struct sp_id *id)
{
	struct events_event e[2];
	size_t n = 0;

	CHECK(events_hub_next(l, 0, e, 2, &n) == EVENTS_NEXT && n == 1);
	CHECK(e[0].kind == kind && sp_id_equal(&e[0].object, id));
	CHECK(sp_id_equal(&e[0].by, &f->who.token));
	return e[0];
}

static inline void
fixture_told_nothing(struct events_listener *l)
{
	struct events_event e;
	size_t n;

	CHECK(events_hub_next(l, 0, &e, 1, &n) == EVENTS_IDLE);
}

struct new_upload {
	uint64_t length;
	bool partial;
	const uint8_t *declared; /* sha256, or NULL */
};

static inline enum sp_code
fixture_create(struct room_fixture *f, const struct new_upload *u,
    struct sp_id *id, struct sp_err *err)
{
	GATE_AUTO_PASS pass = fixture_pass(f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct evidence_meta meta;
	struct evidence_upload_new n = {
		.length = u->length,
		.partial = u->partial,
		.metadata = "filename YS5tcDQ=",
		.meta = u->partial ? NULL : &meta,
	};
	char hex[65];
	enum sp_code code;

	evidence_meta_init(&meta);
	CHECK_OK(evidence_meta_set(&meta, "filename", "a.mp4", 5, err), err);
	if (u->declared != NULL) {
		sp_hex(u->declared, 32, hex);
		CHECK_OK(evidence_meta_set(&meta, "sha256", hex, 64, err), err);
	}
	CHECK_OK(evidence_meta_check(&meta, err), err);
	code = evidence_upload_create(f->room, pass, &n, &up, err);
	if (code == SP_OK)
		*id = up.id;
	evidence_meta_done(&meta);
	return code;
}

/* One PATCH of bytes[offset, offset + len); *at gets the new offset. */
static inline enum sp_code
fixture_patch(struct room_fixture *f, const struct sp_id *id,
    const uint8_t *bytes, uint64_t offset, size_t len, uint64_t *at,
    struct sp_err *err)
{
	GATE_AUTO_PASS pass = fixture_pass(f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct evidence_patch p = {
		.offset = offset,
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = len,
	};
	struct evidence_session *s;

	SP_TRY(evidence_session_begin(&s, f->room, pass, id, &p, err));
	for (size_t done = 0; done < len;) {
		size_t n = len - done < 50000 ? len - done : 50000;
		enum sp_code code =
		    evidence_session_write(s, bytes + offset + done, n, err);

		if (code != SP_OK) {
			SP_IGNORE(evidence_session_end(s, false, NULL, NULL));
			return code;
		}
		done += n;
	}
	SP_TRY(evidence_session_end(s, true, &up, err));
	if (at != NULL)
		*at = up.offset;
	return SP_OK;
}

static inline enum sp_code
fixture_offset(struct room_fixture *f, const struct sp_id *id, uint64_t *at,
    bool *done, struct sp_err *err)
{
	GATE_AUTO_PASS pass = fixture_pass(f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };

	SP_TRY(evidence_upload_find(f->room, pass, id, &up, err));
	*at = up.offset;
	*done = up.done;
	return SP_OK;
}

/* The item's content is exactly these bytes. */
static inline void
fixture_check_content(struct room_fixture *f, const struct sp_id *id,
    const uint8_t *bytes, size_t len)
{
	struct evidence_reader *rd;
	struct evidence_content c;
	struct sp_err err;
	uint8_t *got = malloc(len + 1);

	CHECK(got != NULL);
	CHECK_OK(
	    evidence_reader_open(&rd, f->room, &f->who, id, &c, &err), &err);
	CHECK(c.size == len);
	CHECK_OK(evidence_reader_read(rd, 0, got, len, &err), &err);
	CHECK(memcmp(got, bytes, len) == 0);
	evidence_reader_close(rd);
	free(got);
}

/* The receipt verifies, and the entry it proves says this hash. */
static inline void
fixture_check_receipt(struct room_fixture *f, const struct sp_id *id,
    const uint8_t sha256[static 32])
{
	GATE_AUTO_PASS pass = fixture_pass(f, GATE_SHOW, id);
	SP_AUTO_BUF proof = sp_buf_new(1 << 20);
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	char hex[65];
	struct sp_err err;

	CHECK_OK(evidence_item_receipt(f->room, pass, id, &proof, &err), &err);
	CHECK_OK(
	    evidence_item_receipt_entry(f->room, pass, id, &entry, &err), &err);
	CHECK_OK(ledger_proof_check(&f->agency.vkey, sp_buf_str(&proof),
		     proof.len, entry.at, entry.len, NULL, NULL, &err),
	    &err);
	sp_hex(sha256, 32, hex);
	CHECK(strstr(sp_buf_str(&entry), hex) != NULL);
	CHECK(strstr(sp_buf_str(&entry), "\"evidence.sealed\"") != NULL);
}

/* Bytes that differ everywhere and are the same each time. */
static inline uint8_t *
fixture_bytes(size_t len, uint64_t seed)
{
	uint8_t *b = malloc(len + 8);
	uint64_t x = seed * 2654435769U + 88172645463325252U;

	CHECK(b != NULL);
	for (size_t i = 0; i < len; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(b + i, &x, 8);
	}
	return b;
}

#endif
