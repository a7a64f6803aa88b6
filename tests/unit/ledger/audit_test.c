#include "ledger/audit.h"

#include "fixture.h"
#include "tamper.h"

#include <fcntl.h>

enum { SIZE = 700, OLDER = 300 };

/* A log of SIZE entries, closed; what it published at OLDER entries. */
static struct ledger_checkpoint
make(struct fixture *f, const char *name)
{
	struct ledger_checkpoint older;
	struct ledger_log *log;
	struct db *db;

	fixture_setup(f, name);
	db = fixture_db(f);
	log = fixture_log(f, db);
	fixture_grow(db, log, OLDER);
	older = fixture_checkpoint(f, log);
	fixture_grow(db, log, SIZE);
	ledger_log_close(log);
	db_close(db);
	return older;
}

static enum sp_code
audit(struct fixture *f, const struct ledger_checkpoint *published,
    struct sp_err *err)
{
	DB_AUTO db = fixture_db(f);
	struct ledger_audit a = {
		.db = db,
		.vkey = &f->vkey,
		.published = *published,
	};
	enum sp_code code;

	CHECK_OK(ledger_hashes_open(
		     &a.hashes, f->dir, ledger_merkle_count(SIZE), err),
	    err);
	code = ledger_audit_run(&a, err);
	ledger_hashes_close(a.hashes);
	return code;
}

static struct ledger_checkpoint
newest(struct fixture *f)
{
	DB_AUTO db = fixture_db(f);
	struct ledger_log *log = fixture_log(f, db);
	struct ledger_checkpoint c = fixture_checkpoint(f, log);

	ledger_log_close(log);
	return c;
}

static void
an_honest_log_passes(void)
{
	struct fixture f;
	struct ledger_checkpoint older = make(&f, "honest"), now = newest(&f);
	struct ledger_checkpoint none = { .size = 0 };
	struct sp_err err;

	CHECK(now.size == SIZE && older.size == OLDER);
	CHECK_OK(audit(&f, &now, &err), &err);
	CHECK_OK(audit(&f, &older, &err), &err); /* it grew from that */
	CHECK_OK(audit(&f, &none, &err), &err);
	fixture_done(&f);
}

/* Each lie in the database, and the place that is named. */
static void
every_lie_is_found_at_its_place(void)
{
	static const struct {
		const char *sql, *said;
	} rows[] = {
		{ "UPDATE ledger_entry SET body = cast(replace(body, 'done',"
		  " 'dune') AS BLOB) WHERE idx = 123",
		    "entry 123: its bytes" },
		{ "UPDATE ledger_entry SET body = cast(body || ' ' AS BLOB)"
		  " WHERE idx = 0",
		    "entry 0: its bytes" },
		{ "UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 699",
		    "entry 699: its bytes" },
		{ "UPDATE ledger_entry SET leaf = x'00' WHERE idx = 7",
		    "column 2" },
		/* two entries change places */
		{ "UPDATE ledger_entry SET idx = -1 WHERE idx = 20;"
		  "UPDATE ledger_entry SET idx = 20 WHERE idx = 21;"
		  "UPDATE ledger_entry SET idx = 21 WHERE idx = -1",
		    "(entry 20)" },
		/* hidden from the custody of its object, or put into another's
		 */
		{ "UPDATE ledger_entry SET object = zeroblob(16)"
		  " WHERE idx = 50",
		    "entry 50: it is filed under another" },
		{ "DELETE FROM ledger_entry WHERE idx = 60",
		    "entry 60 is missing" },
		{ "DELETE FROM ledger_entry WHERE idx = 0",
		    "entry 0 is missing" },
		{ "DELETE FROM ledger_entry WHERE idx >= 690",
		    "690 entries under a checkpoint of size 700" },
		{ "INSERT INTO ledger_entry SELECT 700, object, leaf, body"
		  " FROM ledger_entry WHERE idx = 1",
		    "701 entries under a checkpoint of size 700" },
		{ "UPDATE ledger_state SET note = replace(note, '700', '701')",
		    "signature of" },
		{ "UPDATE ledger_state SET frontier = zeroblob(192)",
		    "do not make the root" },
		{ "DELETE FROM ledger_state", "no checkpoint" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct ledger_checkpoint older;
		struct fixture f;
		struct sp_err err;
		char name[24];

		(void)snprintf(name, sizeof(name), "lie-%zu", i);
		older = make(&f, name);
		tamper(f.db_path, rows[i].sql);
		CHECK_CODE(audit(&f, &older, &err), SP_E_CORRUPT, &err);
		if (strstr(err.text, rows[i].said) == NULL)
			printf("# %zu: %s\n", i, err.text);
		CHECK(strstr(err.text, rows[i].said) != NULL);
		fixture_done(&f);
	}
}

/* The whole log written anew with the key itself: only what was published
 * before tells it. */
static void
a_rewritten_log_is_not_the_published_one(void)
{
	struct fixture f, g;
	struct ledger_checkpoint published = make(&f, "first");
	struct ledger_checkpoint longer = { .size = SIZE + 1 };
	struct ledger_log *log;
	struct ledger_batch *b = NULL;
	struct db *db;
	struct sp_err err;

	fixture_setup(&g, "second");
	db = fixture_db(&g);
	log = fixture_log(&g, db);
	CHECK_OK(ledger_batch_open(&b, db, log, &err), &err);
	CHECK_OK(ledger_batch_begin(b, &err), &err);
	for (uint64_t i = 0; i < SIZE; i++) {
		struct ledger_entry e = fixture_entry(i == 5 ? 99 : i);

		CHECK_OK(ledger_batch_append(b, &e, NULL, &err), &err);
	}
	CHECK_OK(ledger_batch_seal(b, &err), &err);
	CHECK_OK(ledger_batch_commit(b, &err), &err);
	ledger_batch_close(b);
	CHECK_OK(ledger_log_audit(log, db, &err), &err);
	ledger_log_close(log);
	db_close(db);
	CHECK_CODE(audit(&g, &published, &err), SP_E_CORRUPT, &err);
	CHECK(strstr(err.text, "the first 300 entries") != NULL);
	CHECK_CODE(audit(&f, &longer, &err), SP_E_CORRUPT, &err);
	fixture_done(&f);
	fixture_done(&g);
}

static void
a_wrong_hashes_file_is_found(void)
{
	static const off_t at[] = { 0, 31, 32, 5000, 20000 };
	struct ledger_checkpoint now;
	struct fixture f;
	char path[112];
	struct sp_err err;
	int fd;

	(void)make(&f, "file");
	now = newest(&f);
	(void)snprintf(path, sizeof(path), "%s/hashes", f.dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (size_t i = 0; i < SP_COUNTOF(at); i++) {
		uint8_t byte, wrong;
		char said[40];

		CHECK(pread(fd, &byte, 1, at[i]) == 1);
		wrong = byte ^ 2;
		CHECK(pwrite(fd, &wrong, 1, at[i]) == 1);
		CHECK_CODE(audit(&f, &now, &err), SP_E_CORRUPT, &err);
		(void)snprintf(said, sizeof(said), "hash %jd is wrong",
		    (intmax_t)at[i] / 32);
		CHECK(strstr(err.text, said) != NULL);
		CHECK(pwrite(fd, &byte, 1, at[i]) == 1);
	}
	CHECK_OK(audit(&f, &now, &err), &err);
	CHECK(ftruncate(fd, 9000) == 0);
	CHECK_CODE(audit(&f, &now, &err), SP_E_CORRUPT, &err);
	CHECK(close(fd) == 0);
	fixture_done(&f);
}

/* An entry's text cannot pretend to be about another object. */
static void
decoys_do_not_confuse(void)
{
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	struct ledger_batch *b = NULL;
	struct ledger_entry e = fixture_entry(3);
	struct sp_err err;

	fixture_setup(&f, "decoy");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	CHECK_OK(ledger_batch_open(&b, db, log, &err), &err);
	CHECK_OK(ledger_batch_begin(b, &err), &err);
	e.detail = "{\"a\":1,\"object\":{\"id\":"
		   "\"00000000-0000-0000-0000-000000000000\"}}";
	CHECK_OK(ledger_batch_append(b, &e, NULL, &err), &err);
	CHECK_OK(ledger_batch_seal(b, &err), &err);
	CHECK_OK(ledger_batch_commit(b, &err), &err);
	ledger_batch_close(b);
	CHECK_OK(ledger_log_audit(log, db, &err), &err);
	ledger_log_close(log);
	db_close(db);
	tamper(f.db_path, "UPDATE ledger_entry SET object = zeroblob(16)");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	CHECK_CODE(ledger_log_audit(log, db, &err), SP_E_CORRUPT, &err);
	CHECK(strstr(err.text, "filed under another") != NULL);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "an honest log passes", an_honest_log_passes },
		{ "every lie is found at its place",
		    every_lie_is_found_at_its_place },
		{ "a rewritten log is not the published one",
		    a_rewritten_log_is_not_the_published_one },
		{ "a wrong hashes file is found",
		    a_wrong_hashes_file_is_found },
		{ "decoys do not confuse", decoys_do_not_confuse },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	(void)scratch_make();
	return tap_run(cases, SP_COUNTOF(cases));
}
