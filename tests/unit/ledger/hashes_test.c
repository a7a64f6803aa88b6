#include "ledger/hashes.h"

#include "crypto/provider.h"
#include "db/scratch.h"
#include "ledger/rows.h"
#include "oracle.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { LEAVES = 3000 };
static struct ledger_hash leaves[LEAVES];
static struct ledger_hash stored[2 * LEAVES];
static struct ledger_frontier trees[LEAVES + 1];
static const char *const schema[] = { LEDGER_ROWS_SCHEMA };

static char dir[96];
static char file[112];

static void
folder(const char *name)
{
	(void)snprintf(dir, sizeof(dir), "%s/%s", scratch_path, name);
	(void)snprintf(file, sizeof(file), "%s/hashes", dir);
}

static void
grow(void)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < LEAVES; i++) {
		struct ledger_hash made[65];
		struct ledger_frontier f = trees[i];
		size_t n;

		ledger_merkle_leaf(&i, sizeof(i), &leaves[i]);
		n = ledger_frontier_append(&f, &leaves[i], made);
		memcpy(&stored[count], made, n * sizeof(made[0]));
		count += n;
		trees[i + 1] = f;
	}
}

static struct ledger_hashes *
open_at(uint64_t size)
{
	struct ledger_hashes *h = NULL;
	struct sp_err err;

	CHECK_OK(
	    ledger_hashes_open(&h, dir, ledger_merkle_count(size), &err), &err);
	return h;
}

/* A database that holds the first `n` leaves. */
static struct db *
database(uint64_t n)
{
	static int made;
	struct db *db = NULL;
	struct sp_err err;
	char path[128];

	(void)snprintf(
	    path, sizeof(path), "%s/rows-%d.db", scratch_path, made++);
	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, schema, 1, &err), &err);
	CHECK_OK(db_begin(db, &err), &err);
	for (uint64_t i = 0; i < n; i++) {
		struct ledger_row row = { .index = i, .body = "x", .len = 1 };

		row.leaf = leaves[i];
		CHECK_OK(ledger_rows_add(db, &row, &err), &err);
	}
	CHECK_OK(db_commit(db, &err), &err);
	return db;
}

/* Every hash is there, one by one and all at once. */
static void
check_all(struct ledger_hashes *h, uint64_t size)
{
	static struct ledger_hash got[2 * LEAVES];
	uint64_t count = ledger_merkle_count(size);
	struct ledger_hash one;
	struct sp_err err;

	CHECK(ledger_hashes_end(h) == count);
	CHECK_OK(ledger_hashes_read(h, 0, got, count, &err), &err);
	CHECK(memcmp(got, stored, count * sizeof(got[0])) == 0);
	for (uint64_t i = 0; i < count; i++) {
		CHECK_OK(ledger_hashes_read(h, i, &one, 1, &err), &err);
		CHECK(oracle_same(&one, &stored[i]));
	}
	CHECK_CODE(
	    ledger_hashes_read(h, count, &one, 1, &err), SP_E_CORRUPT, &err);
	CHECK_CODE(
	    ledger_hashes_read(h, 0, got, count + 1, &err), SP_E_CORRUPT, &err);
	CHECK(ledger_hashes_match(h, &trees[size]));
}

static void
append_and_open_again(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 7, 8, 300, 301, 1024, 3000 };
	struct sp_err err;

	folder("append");
	for (size_t i = 1; i < SP_COUNTOF(sizes); i++) {
		uint64_t from = ledger_merkle_count(sizes[i - 1]);
		uint64_t to = ledger_merkle_count(sizes[i]);
		struct ledger_hashes *h = open_at(sizes[i - 1]);
		struct stat st;

		check_all(h, sizes[i - 1]);
		CHECK_OK(
		    ledger_hashes_put(h, from, stored + from, to - from, &err),
		    &err);
		check_all(h, sizes[i]);
		CHECK(stat(file, &st) == 0);
		CHECK((uint64_t)st.st_size == to * LEDGER_HASH_LEN);
		CHECK((st.st_mode & 0777) == 0600);
		ledger_hashes_close(h);
	}
}

static void
past_the_end_is_refused(void)
{
	struct ledger_hashes *h;
	struct sp_err err;

	folder("past");
	h = open_at(0);
	CHECK_OK(ledger_hashes_put(h, 0, stored, 3, &err), &err);
	CHECK_CODE(
	    ledger_hashes_put(h, 4, stored, 1, &err), SP_E_CONFLICT, &err);
	CHECK(ledger_hashes_end(h) == 3);
	CHECK_OK(ledger_hashes_put(h, 1, stored + 1, 9, &err), &err);
	CHECK(ledger_hashes_end(h) == 10); /* over two and behind them */
	CHECK(memcmp(&stored[0], &stored[1], LEDGER_HASH_LEN) != 0);
	ledger_hashes_close(h);
}

/* A file that may not grow: what follows is kept, read, changed in memory,
 * and written when it may grow again. */
static void
no_space_is_waited_for(void)
{
	struct rlimit was, small;
	struct ledger_hashes *h;
	struct sp_err err;
	uint64_t count = ledger_merkle_count(1000);
	struct ledger_hash wrong = { { 1 } }, got;
	struct stat st;

	folder("space");
	h = open_at(0);
	CHECK_OK(ledger_hashes_put(h, 0, stored, 500, &err), &err);
	CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small = was;
	small.rlim_cur = 600 * LEDGER_HASH_LEN + 5; /* a torn write, too */
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	for (uint64_t at = 500; at < count; at += 100) {
		uint64_t n = count - at < 100 ? count - at : 100;

		CHECK_OK(ledger_hashes_put(h, at, stored + at, n, &err), &err);
	}
	CHECK(stat(file, &st) == 0 && st.st_size <= 600 * LEDGER_HASH_LEN + 5);
	check_all(h, 1000);
	CHECK_OK(ledger_hashes_put(h, 700, &wrong, 1, &err), &err);
	CHECK_OK(ledger_hashes_read(h, 700, &got, 1, &err), &err);
	CHECK(oracle_same(&got, &wrong));
	CHECK_OK(ledger_hashes_put(h, 690, stored + 690, 20, &err), &err);
	check_all(h, 1000);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK_OK(ledger_hashes_put(h, count, stored + count, 1, &err), &err);
	CHECK(stat(file, &st) == 0);
	CHECK((uint64_t)st.st_size == (count + 1) * LEDGER_HASH_LEN);
	ledger_hashes_close(h);
	h = open_at(1000);
	check_all(h, 1000);
	ledger_hashes_close(h);
}

/* Short by any number, empty, or gone: the database makes it again. */
static void
short_files_are_mended(void)
{
	static const off_t cut[] = { 1, 31, 32, 33, 64, 1000, 50000, 1 << 20 };
	DB_AUTO db = database(LEAVES);
	struct sp_err err;

	folder("short");
	for (size_t i = 0; i < SP_COUNTOF(cut); i++) {
		struct ledger_hashes *h = open_at(LEAVES);
		off_t size =
		    (off_t)ledger_merkle_count(LEAVES) * LEDGER_HASH_LEN;

		CHECK_OK(ledger_hashes_mend(h, db, &trees[LEAVES], false, &err),
		    &err);
		check_all(h, LEAVES);
		ledger_hashes_close(h);
		CHECK(truncate(file, size < cut[i] ? 0 : size - cut[i]) == 0);
		h = open_at(LEAVES);
		CHECK(!ledger_hashes_match(h, &trees[LEAVES]));
		CHECK_OK(ledger_hashes_mend(h, db, &trees[LEAVES], false, &err),
		    &err);
		check_all(h, LEAVES);
		ledger_hashes_close(h);
		CHECK(i % 2 == 0 || unlink(file) == 0);
	}
}

/* Any wrong byte: `whole` puts it right; a wrong right edge is seen at once. */
static void
wrong_files_are_mended(void)
{
	DB_AUTO db = database(LEAVES);
	uint64_t seed = 3, count = ledger_merkle_count(LEAVES);
	struct ledger_hashes *h;
	struct sp_err err;
	int fd;

	folder("wrong");
	h = open_at(LEAVES);
	CHECK_OK(ledger_hashes_mend(h, db, &trees[LEAVES], false, &err), &err);
	fd = open(file, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (int i = 0; i < 30; i++) {
		off_t at =
		    (off_t)(oracle_random(&seed) % (count * LEDGER_HASH_LEN));
		uint8_t byte;

		CHECK(pread(fd, &byte, 1, at) == 1);
		byte ^= 0x40;
		CHECK(pwrite(fd, &byte, 1, at) == 1);
		CHECK_OK(ledger_hashes_mend(h, db, &trees[LEAVES], true, &err),
		    &err);
		check_all(h, LEAVES);
	}
	/* The last hash is in the frontier of every size. */
	CHECK(
	    pwrite(fd, "wrong", 5, (off_t)(count - 1) * LEDGER_HASH_LEN) == 5);
	CHECK(!ledger_hashes_match(h, &trees[LEAVES]));
	CHECK_OK(ledger_hashes_mend(h, db, &trees[LEAVES], false, &err), &err);
	check_all(h, LEAVES);
	ledger_hashes_close(h);
	CHECK(close(fd) == 0);
}

/* Longer than the log: what another future left is written over. */
static void
long_files_are_cut_to_what_counts(void)
{
	struct ledger_hashes *h;
	struct sp_err err;

	folder("long");
	h = open_at(0);
	CHECK_OK(ledger_hashes_put(h, 0, stored, 1000, &err), &err);
	CHECK_OK(ledger_hashes_put(h, 1000, stored, 1000, &err), &err);
	ledger_hashes_close(h);
	h = open_at(400);
	check_all(h, 400);
	CHECK_OK(ledger_hashes_put(h, ledger_merkle_count(400),
		     stored + ledger_merkle_count(400),
		     ledger_merkle_count(600) - ledger_merkle_count(400), &err),
	    &err);
	check_all(h, 600);
	ledger_hashes_close(h);
}

/* A database that does not hold the tree changes nothing in the file. */
static void
a_lying_database_writes_nothing(void)
{
	static const struct db_sql lie[] = {
		{ "DROP TRIGGER ledger_entry_holds" },
		{ "UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 5" },
	};
	DB_AUTO db = database(900);
	struct ledger_hashes *h;
	struct ledger_frontier other = trees[900];
	struct sp_err err;

	folder("lying");
	h = open_at(900);
	CHECK_OK(
	    ledger_hashes_put(h, 0, stored, ledger_merkle_count(900), &err),
	    &err);
	other.node[2].b[0] ^= 1;
	for (int whole = 0; whole < 2; whole++) {
		CHECK_CODE(ledger_hashes_mend(h, db, &other, whole, &err),
		    SP_E_CORRUPT, &err);
		CHECK_CODE(ledger_hashes_mend(h, db, &trees[901], whole, &err),
		    SP_E_CORRUPT, &err);
		CHECK(strstr(err.text, "entry 900 is missing") != NULL);
		check_all(h, 900);
	}
	for (size_t i = 0; i < SP_COUNTOF(lie); i++) {
		DB_STMT st = db_use(db, &lie[i]);

		CHECK_OK(db_run(st, NULL, &err), &err);
	}
	CHECK_CODE(ledger_hashes_mend(h, db, &trees[900], true, &err),
	    SP_E_CORRUPT, &err);
	check_all(h, 900);
	ledger_hashes_close(h);
}

static struct ledger_hashes *shared;
static _Atomic uint64_t published;

static uint64_t seeds[] = { 1, 2, 3 };

/* Whatever is published can be read, and is right. */
static void *
reader(void *arg)
{
	uint64_t seed = *(const uint64_t *)arg;

	while (atomic_load(&published) < LEAVES) {
		uint64_t size = atomic_load(&published), at;
		struct ledger_hash got;
		struct sp_err err;

		if (size == 0)
			continue;
		at = oracle_random(&seed) % ledger_merkle_count(size);
		CHECK_OK(ledger_hashes_read(shared, at, &got, 1, &err), &err);
		CHECK(oracle_same(&got, &stored[at]));
	}
	return NULL;
}

static void
readers_beside_the_writer(void)
{
	pthread_t thread[3];
	struct sp_err err;

	folder("threads");
	shared = open_at(0);
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&thread[i], NULL, reader, &seeds[i]) == 0);
	for (uint64_t size = 0; size < LEAVES;) {
		uint64_t next = size + 7 < LEAVES ? size + 7 : LEAVES;
		uint64_t at = ledger_merkle_count(size);

		CHECK_OK(ledger_hashes_put(shared, at, stored + at,
			     ledger_merkle_count(next) - at, &err),
		    &err);
		atomic_store(&published, next);
		size = next;
	}
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	check_all(shared, LEAVES);
	ledger_hashes_close(shared);
}

static void
no_folder_no_file(void)
{
	struct ledger_hashes *h = (struct ledger_hashes *)0x1;
	struct sp_err err;

	CHECK(ledger_hashes_open(&h, "/proc/none/log", 0, &err) != SP_OK);
	CHECK(h == (struct ledger_hashes *)0x1);
	ledger_hashes_close(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "append and open again", append_and_open_again },
		{ "past the end is refused", past_the_end_is_refused },
		{ "no space is waited for", no_space_is_waited_for },
		{ "short files are mended", short_files_are_mended },
		{ "wrong files are mended", wrong_files_are_mended },
		{ "long files are cut to what counts",
		    long_files_are_cut_to_what_counts },
		{ "a lying database writes nothing",
		    a_lying_database_writes_nothing },
		{ "readers beside the writer", readers_beside_the_writer },
		{ "no folder, no file", no_folder_no_file },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	(void)scratch_make();
	grow();
	return tap_run(cases, SP_COUNTOF(cases));
}
