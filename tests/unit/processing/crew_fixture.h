#ifndef CREW_FIXTURE_H
#define CREW_FIXTURE_H

#include "base/clock.h"
#include "evidence/room_fixture.h"
#include "media/clips.h"
#include "media/message.h"
#include "media/worker.h"
#include "processing/record.h"
#include "processing/show.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

/*
 * Workers for tests: this program again, as a real worker or as one that does
 * what a worker should not.  main begins with WORKER_TEST_MAIN.
 */
static struct room_fixture f;

/* Says facts, then never ends; nonsense; nothing at all; dies. */
static inline int
worker_misbehaves(const char *how)
{
	static const char nonsense[] = "HTTP/1.1 200 OK\r\n\r\n";

	if (strcmp(how, "media-crash") == 0)
		abort();
	if (strcmp(how, "media-nonsense") == 0)
		return write(MEDIA_SOCK_FD, nonsense, sizeof(nonsense)) < 0;
	for (;;) /* media-hang: until its host has gone */
		if (recv(MEDIA_SOCK_FD, &(char[64]){ 0 }, 64, 0) <= 0)
			return 0;
}

static inline void
worker_self(int argc, char **argv)
{
	if (argc != 2 || strncmp(argv[1], "media", 5) != 0)
		return;
	exit(strcmp(argv[1], "media") == 0 ? media_worker_main()
					   : worker_misbehaves(argv[1]));
}
#define WORKER_TEST_MAIN(argc, argv) worker_self(argc, argv)

static const char *_Atomic worker_kind = "media";
static atomic_uint worker_hired; /* times that one was asked for */

/* A socket to a fresh worker. */
static inline enum sp_code
worker_hire(void *self, int *sock, struct sp_err *err)
{
	char name[] = "sallyport";
	char kind[32];
	char *argv[] = { name, kind, NULL };
	int pair[2];
	pid_t pid;
	enum sp_code code;

	(void)self;
	atomic_fetch_add(&worker_hired, 1);
	(void)snprintf(kind, sizeof(kind), "%s", worker_kind);
	if (strcmp(kind, "none") == 0)
		return sp_fail(err, SP_E_UNAVAIL, "no worker today");
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	code = keeper_spawn_self(argv, &pair[1], 1, &pid, err);
	CHECK(close(pair[1]) == 0);
	CHECK(code == SP_OK);
	*sock = pair[0];
	return SP_OK;
}

/* ---- Items ---- */

static inline struct sp_id
item_sealed(const void *bytes, size_t len, const char *media_type)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct evidence_meta meta;
	struct evidence_upload_new n = {
		.length = len,
		.metadata = "filename YS5tcDQ=",
		.meta = &meta,
	};
	struct sp_err err;

	evidence_meta_init(&meta);
	CHECK_OK(evidence_meta_set(&meta, "filename", "a.mp4", 5, &err), &err);
	CHECK_OK(evidence_meta_set(
		     &meta, "filetype", media_type, strlen(media_type), &err),
	    &err);
	CHECK_OK(evidence_meta_check(&meta, &err), &err);
	CHECK_OK(evidence_upload_create(f.room, pass, &n, &up, &err), &err);
	evidence_meta_done(&meta);
	if (len > 0)
		CHECK_OK(
		    fixture_patch(&f, &up.id, bytes, 0, len, NULL, &err), &err);
	return up.id;
}

static inline struct sp_id
item_clip(void)
{
	AUTO_CLIP c = clip_of_kind(&clip_kinds[0]);

	return item_sealed(c.at, c.len, "video/mp4");
}

static inline void
item_media(const struct sp_id *id, struct sp_buf *json)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_SHOW, id);
	struct sp_err err;

	sp_buf_clear(json);
	CHECK_OK(processing_show_media(f.room, pass, id, json, &err), &err);
}

static inline bool
item_says(const struct sp_id *id, const char *text)
{
	SP_AUTO_BUF json = sp_buf_new((size_t)64 << 10);

	item_media(id, &json);
	return strstr(sp_buf_str(&json), text) != NULL;
}

#define CHECK_SAYS(id, text) CHECK(item_says((id), (text)))

/* Entries about the item whose text has `part`; the last one to `last`. */
static inline size_t
item_entries(const struct sp_id *id, const char *part, struct sp_buf *last)
{
	DB_LENT(r, evidence_room_readers(f.room));
	struct ledger_log *log = evidence_room_log(f.room);
	uint64_t index[200];
	size_t n, found = 0;
	struct sp_err err;

	CHECK_OK(
	    ledger_log_about(log, r.db, id, 0, index, 200, &n, &err), &err);
	for (size_t i = 0; i < n; i++) {
		SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);

		CHECK_OK(
		    ledger_log_entry(log, r.db, index[i], &entry, &err), &err);
		if (strstr(sp_buf_str(&entry), part) == NULL)
			continue;
		found++;
		if (last != NULL) {
			sp_buf_clear(last);
			sp_buf_add(last, entry.at, entry.len);
		}
	}
	return found;
}

/* Rows of recipients: a key for each object that is on record. */
static inline size_t
item_keys(void)
{
	static const struct db_sql count = { "SELECT count(*) FROM recipient" };
	DB_LENT(r, evidence_room_readers(f.room));
	DB_STMT st = db_use(r.db, &count);
	struct sp_err err;
	bool found;

	CHECK_OK(db_row(st, &found, &err), &err);
	return (size_t)db_col_i64(st, 0);
}

/* Wait for something that another thread does. */
static inline void
await(bool (*is)(void *arg), void *arg)
{
	int64_t until = sp_ticks() + 120 * SP_SECOND;
	const struct timespec ms = { 0, 5000000 };

	while (!is(arg)) {
		CHECK(sp_ticks() < until);
		(void)nanosleep(&ms, NULL);
	}
}

#define FIXTURE_MAIN(cases)                                                    \
	int main(int argc, char **argv)                                        \
	{                                                                      \
		struct sp_err err;                                             \
		int rc;                                                        \
		WORKER_TEST_MAIN(argc, argv);                                  \
		CHECK_OK(crypto_provider_open("", &err), &err);                \
		KEEPER_TEST_MAIN(argc, argv);                                  \
		fixture_make(&f);                                              \
		fixture_open(&f);                                              \
		rc = tap_run(cases, SP_COUNTOF(cases));                        \
		fixture_close(&f);                                             \
		fixture_remove(&f);                                            \
		return rc;                                                     \
	}

#endif
