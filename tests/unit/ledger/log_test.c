#include "ledger/log.h"

#include "fixture.h"
#include "ledger/cosign.h"
#include "oracle.h"
#include "tamper.h"

#include <fcntl.h>
#include <pthread.h>

/* What `n` appended entries are, by the oracle. */
enum { MOST = 66000 };
static struct ledger_hash leaf[MOST];

static void
make_leaves(void)
{
	for (uint64_t i = 0; i < MOST; i++) {
		SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
		struct ledger_entry e = fixture_entry(i);
		struct sp_err err;

		CHECK_OK(ledger_entry_write(&e, &body, &err), &err);
		ledger_merkle_leaf(body.at, body.len, &leaf[i]);
	}
}

static void
a_new_log_has_a_checkpoint(void)
{
	struct fixture f;
	struct db *db;
	struct ledger_log *log = NULL;
	SP_AUTO_BUF out = sp_buf_new(1000);
	struct sp_err err;

	fixture_setup(&f, "new");
	db = fixture_db(&f);
	atomic_store(&f.signer_says, SP_E_UNAVAIL);
	CHECK_CODE(fixture_try_log(&f, db, &log, &err), SP_E_UNAVAIL, &err);
	atomic_store(&f.signer_says, FIXTURE_LIES);
	CHECK_CODE(fixture_try_log(&f, db, &log, &err), SP_E_UNAVAIL, &err);
	CHECK(log == NULL);
	atomic_store(&f.signer_says, SP_OK);
	for (int i = 0; i < 2; i++) { /* made once, then found */
		log = fixture_log(&f, db);
		struct ledger_checkpoint c = fixture_checkpoint(&f, log);
		CHECK(c.size == 0 && ledger_log_size(log) == 0);
		CHECK(strcmp(ledger_log_vkey(log)->name, FIXTURE_ORIGIN) == 0);
		CHECK_CODE(
		    ledger_log_proof(log, 0, &out, &err), SP_E_NOTFOUND, &err);
		CHECK_CODE(ledger_log_tile(log, 0, 0, 1, &out, &err),
		    SP_E_NOTFOUND, &err);
		CHECK_CODE(ledger_log_bundle(log, db, 0, 1, &out, &err),
		    SP_E_NOTFOUND, &err);
		CHECK_CODE(ledger_log_entry(log, db, 0, &out, &err),
		    SP_E_NOTFOUND, &err);
		CHECK_OK(ledger_log_audit(log, db, &err), &err);
		CHECK(out.len == 0);
		ledger_log_close(log);
	}
	CHECK(atomic_load(&f.signed_notes) == 3);
	db_close(db);
	ledger_log_close(NULL);
	fixture_done(&f);
}

/* Every size to 130: every entry proved, every earlier size consistent. */
static void
proofs_at_every_size(void)
{
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	struct sp_err err;
	struct ledger_path path;

	fixture_setup(&f, "proofs");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	for (uint64_t n = 1; n <= 130; n++) {
		struct ledger_hash root = oracle_mth(leaf, n);
		struct ledger_checkpoint c;

		fixture_grow(db, log, n);
		c = fixture_checkpoint(&f, log);
		CHECK(c.size == n && oracle_same(&c.root, &root));
		for (uint64_t i = n > 64 ? n - 3 : 0; i < n; i++)
			fixture_prove(&f, log, db, i);
		for (uint64_t m = 1; m <= n; m++) {
			struct ledger_path want = { .n = 0 };

			oracle_subproof(leaf, m, n, true, &want);
			CHECK_OK(ledger_log_consistency(log, m, n, &path, &err),
			    &err);
			CHECK(oracle_same_path(&path, &want));
		}
	}
	/* Between sizes of the past, too. */
	for (uint64_t n = 1; n <= 129; n += 4) {
		struct ledger_hash root = oracle_mth(leaf, n);

		for (uint64_t m = 1; m <= n; m++) {
			struct ledger_hash old = oracle_mth(leaf, m);

			CHECK_OK(ledger_log_consistency(log, m, n, &path, &err),
			    &err);
			CHECK(ledger_merkle_check_consistency(
			    m, n, &path, &old, &root));
		}
	}
	CHECK_CODE(
	    ledger_log_consistency(log, 0, 5, &path, &err), SP_E_INVALID, &err);
	CHECK_CODE(
	    ledger_log_consistency(log, 6, 5, &path, &err), SP_E_INVALID, &err);
	CHECK_CODE(ledger_log_consistency(log, 6, 131, &path, &err),
	    SP_E_NOTFOUND, &err);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

/* Each width of the tiles that there are, against the recursion. */
static void
check_tile(
    struct ledger_log *log, unsigned level, uint64_t index, unsigned width)
{
	SP_AUTO_BUF tile = sp_buf_new(8192);
	uint64_t each = UINT64_C(1) << 8 * level;
	struct sp_err err;

	CHECK_OK(ledger_log_tile(log, level, index, width, &tile, &err), &err);
	CHECK(tile.len == width * (size_t)LEDGER_HASH_LEN);
	for (unsigned i = 0; i < width; i++) {
		struct ledger_hash want =
		    oracle_mth(leaf + (index * 256 + i) * each, each);

		CHECK(memcmp(tile.at + (size_t)i * LEDGER_HASH_LEN, want.b,
			  LEDGER_HASH_LEN) == 0);
	}
}

static void
check_bundle(
    struct ledger_log *log, struct db *db, uint64_t index, unsigned width)
{
	SP_AUTO_BUF bundle = sp_buf_new((size_t)256 * 65537);
	struct sp_err err;
	size_t at = 0;

	CHECK_OK(ledger_log_bundle(log, db, index, width, &bundle, &err), &err);
	for (unsigned i = 0; i < width; i++) {
		struct ledger_hash got;
		size_t len;

		CHECK(bundle.len - at >= 2);
		len = (size_t)bundle.at[at] << 8 | bundle.at[at + 1];
		CHECK(bundle.len - at - 2 >= len);
		ledger_merkle_leaf(bundle.at + at + 2, len, &got);
		CHECK(oracle_same(&got, &leaf[index * 256 + i]));
		at += 2 + len;
	}
	CHECK(at == bundle.len);
}

static void
tiles_are_the_recursion(void)
{
	static const uint64_t sizes[] = { 1, 255, 256, 257, 513, 66000 };
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	SP_AUTO_BUF out = sp_buf_new(8192);
	struct sp_err err;

	fixture_setup(&f, "tiles");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	for (size_t s = 0; s < SP_COUNTOF(sizes); s++) {
		uint64_t n = sizes[s];

		fixture_grow(db, log, n);
		for (unsigned level = 0; level < 8; level++) {
			uint64_t hashes = n >> 8 * level;
			uint64_t full = hashes >> 8;
			unsigned rest = (unsigned)(hashes & 255);

			if (full > 0) {
				check_tile(log, level, full - 1, 256);
				check_tile(log, level, 0, 256);
				check_tile(log, level, 0, 1);
			}
			for (unsigned w = 1; w <= rest; w += 1 + w / 8)
				check_tile(log, level, full, w);
			if (rest > 0)
				check_tile(log, level, full, rest);
			CHECK_CODE(ledger_log_tile(
				       log, level, full, rest + 1, &out, &err),
			    SP_E_NOTFOUND, &err);
			CHECK_CODE(ledger_log_tile(
				       log, level, full + 1, 1, &out, &err),
			    SP_E_NOTFOUND, &err);
		}
		if (n >= 256)
			check_bundle(log, db, n / 256 - 1, 256);
		if (n % 256 != 0)
			check_bundle(log, db, n / 256, (unsigned)(n % 256));
		CHECK_CODE(ledger_log_bundle(log, db, n / 256,
			       (unsigned)(n % 256) + 1, &out, &err),
		    SP_E_NOTFOUND, &err);
	}
	CHECK_CODE(
	    ledger_log_tile(log, 0, 0, 0, &out, &err), SP_E_INVALID, &err);
	CHECK_CODE(
	    ledger_log_tile(log, 0, 0, 257, &out, &err), SP_E_INVALID, &err);
	CHECK_CODE(ledger_log_tile(log, 0, UINT64_MAX, 1, &out, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    ledger_log_tile(log, 63, 0, 1, &out, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(ledger_log_bundle(log, db, UINT64_MAX, 256, &out, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(out.len == 0);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

static void
entries_about_an_object(void)
{
	struct ledger_entry e = fixture_entry(5);
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	uint64_t index[100];
	struct sp_err err;
	size_t got = 0;

	fixture_setup(&f, "about");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	fixture_grow(db, log, 100);
	CHECK_OK(
	    ledger_log_about(log, db, &e.object, 0, index, 100, &got, &err),
	    &err);
	CHECK(got == 6);
	for (size_t i = 0; i < got; i++)
		CHECK(index[i] == 5 + 16 * i);
	CHECK_OK(ledger_log_about(log, db, &e.object, 6, index, 2, &got, &err),
	    &err);
	CHECK(got == 2 && index[0] == 21 && index[1] == 37);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

static void
file_path(const struct fixture *f, char path[static 112])
{
	(void)snprintf(path, 112, "%s/hashes", f->dir);
}

/* What a crash after the commit leaves: a file short of any of its last
 * hashes, or of all; opening makes it whole. */
static void
a_crash_before_the_file_was_written(void)
{
	struct fixture f;
	struct db *db;
	char path[112];
	struct stat st;

	fixture_setup(&f, "crash");
	db = fixture_db(&f);
	{
		struct ledger_log *log = fixture_log(&f, db);

		fixture_grow(db, log, 700);
		ledger_log_close(log);
	}
	file_path(&f, path);
	CHECK(stat(path, &st) == 0);
	for (off_t cut = 0; cut <= st.st_size; cut += 1 + cut * 2) {
		struct ledger_log *log;
		struct sp_err err;
		struct stat again;

		CHECK(truncate(path, st.st_size - cut) == 0);
		log = fixture_log(&f, db);
		CHECK(stat(path, &again) == 0 && again.st_size == st.st_size);
		fixture_prove(&f, log, db, 699);
		fixture_prove(&f, log, db, 0);
		CHECK_OK(ledger_log_audit(log, db, &err), &err);
		ledger_log_close(log);
	}
	CHECK(unlink(path) == 0);
	struct ledger_log *log = fixture_log(&f, db);
	fixture_prove(&f, log, db, 350);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

/* The file lies while the log is open: what is given out is right anyway. */
static void
a_lying_file_is_made_again(void)
{
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	char path[112];
	struct ledger_path want = { .n = 0 };
	off_t on_path = (off_t)ledger_merkle_position(2, 75) * LEDGER_HASH_LEN;
	uint64_t seed = 5;
	int fd;

	oracle_subproof(leaf, 300, 600, true, &want);
	fixture_setup(&f, "lying");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	fixture_grow(db, log, 600);
	file_path(&f, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (int i = 0; i < 8; i++) {
		SP_AUTO_BUF out = sp_buf_new(1 << 20);
		struct ledger_path cons;
		uint8_t zero[4096] = { 0 };
		struct sp_err err;
		off_t at = (off_t)(oracle_random(&seed) %
		    (ledger_merkle_count(600) * LEDGER_HASH_LEN - 4096));

		switch (i % 4) {
		case 0:
			CHECK(pwrite(fd, zero, sizeof(zero), at) == 4096);
			for (uint64_t e = 0; e < 600; e += 5)
				fixture_prove(&f, log, db, e);
			break;
		case 1:
			CHECK(pwrite(fd, zero, 40, 2048) == 40);
			check_tile(log, 0, 0, 256);
			check_tile(log, 0, 2, 88);
			break;
		case 2:
			if (i == 2)
				CHECK(ftruncate(fd, 3000) == 0);
			else /* one of the path's own */
				CHECK(pwrite(fd, zero, 32, on_path) == 32);
			CHECK_OK(
			    ledger_log_consistency(log, 300, 600, &cons, &err),
			    &err);
			CHECK(oracle_same_path(&cons, &want));
			break;
		default:
			CHECK(pwrite(fd, zero, 40, 0) == 40);
			check_bundle(log, db, 0, 256);
			break;
		}
		/* A proof mends all of it. */
		CHECK_OK(ledger_log_proof(log, 1, &out, &err), &err);
		CHECK_OK(ledger_log_audit(log, db, &err), &err);
	}
	CHECK(close(fd) == 0);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

/* When the database lies as well, nothing is given out that would show it,
 * and what is not touched by the lie stays. */
static void
a_lying_database_is_said_so(void)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	char path[112];
	struct sp_err err;
	int fd;

	fixture_setup(&f, "both");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	fixture_grow(db, log, 300);
	db_close(db);
	tamper(f.db_path,
	    "UPDATE ledger_entry SET leaf = randomblob(32),"
	    " body = cast(replace(body, 'sealed', 'solved') AS BLOB)"
	    " WHERE idx = 77");
	db = fixture_db(&f);
	CHECK_CODE(
	    ledger_log_entry(log, db, 77, &out, &err), SP_E_CORRUPT, &err);
	CHECK_CODE(
	    ledger_log_bundle(log, db, 0, 256, &out, &err), SP_E_CORRUPT, &err);
	CHECK(out.len == 0);
	fixture_prove(&f, log, db, 76); /* the file still is right */
	CHECK_OK(ledger_log_proof(log, 77, &out, &err), &err);
	file_path(&f, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && pwrite(fd, "lie", 3, 0) == 3 && close(fd) == 0);
	sp_buf_clear(&out);
	for (int i = 0; i < 3; i++)
		CHECK_CODE(
		    ledger_log_proof(log, 0, &out, &err), SP_E_CORRUPT, &err);
	CHECK(out.len == 0);
	fixture_prove(&f, log, db, 299);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

/* A database that contradicts itself does not open. */
static void
contradictions_are_found_at_open(void)
{
	static const char *const attack[] = {
		/* one entry more, one less, none */
		"INSERT INTO ledger_entry SELECT 50, object, leaf, body"
		" FROM ledger_entry WHERE idx = 3",
		"DELETE FROM ledger_entry WHERE idx = 49",
		"DELETE FROM ledger_entry",
		/* the state: its size, its tree, its note */
		"UPDATE ledger_state SET size = 35",
		"UPDATE ledger_state SET frontier = zeroblob(96)",
		"UPDATE ledger_state SET size = size + 1",
		"UPDATE ledger_state SET note = ''",
		"UPDATE ledger_state SET note = replace(note, '50', '51')",
		"UPDATE ledger_state SET note = note || char(10)",
		"UPDATE ledger_state SET note = (SELECT text FROM note"
		" WHERE id = 1)", /* an old one, well signed */
		"UPDATE ledger_state SET note = (SELECT text FROM note"
		" WHERE id = 2)", /* another log's */
		"DELETE FROM ledger_state",
		/* the whole of it set back, but for the entries */
		"UPDATE ledger_state SET size = 0, frontier = x'',"
		" note = (SELECT text FROM note WHERE id = 3)",
	};

	for (size_t i = 0; i < SP_COUNTOF(attack); i++) {
		static const struct db_sql keep = {
			"INSERT INTO note(text) VALUES(?1)",
		};
		SP_AUTO_BUF note = sp_buf_new(1000);
		struct ledger_log *log;
		struct fixture f, g;
		struct db *db;
		struct sp_err err;
		char name[24];
		SP_AUTO_BUF empty = sp_buf_new(1000);

		(void)snprintf(name, sizeof(name), "attack-%zu", i);
		fixture_setup(&f, name);
		(void)snprintf(name, sizeof(name), "other-%zu", i);
		fixture_setup(&g, name);
		db = fixture_db(&f);
		log = fixture_log(&f, db);
		ledger_log_checkpoint(log, &empty);
		fixture_grow(db, log, 40);
		ledger_log_checkpoint(log, &note);
		fixture_grow(db, log, 50);
		ledger_log_close(log);
		{
			DB_STMT st = db_use(db, &keep);
			db_bind_text(st, 1, sp_buf_str(&note));
			CHECK_OK(db_run(st, NULL, &err), &err);
		}
		{
			struct db *other = fixture_db(&g);

			log = fixture_log(&g, other);
			fixture_grow(other, log, 50);
			sp_buf_clear(&note);
			ledger_log_checkpoint(log, &note);
			ledger_log_close(log);
			db_close(other);
		}
		{
			DB_STMT st = db_use(db, &keep);
			db_bind_text(st, 1, sp_buf_str(&note));
			CHECK_OK(db_run(st, NULL, &err), &err);
			db_bind_text(st, 1, sp_buf_str(&empty));
			CHECK_OK(db_run(st, NULL, &err), &err);
		}
		db_close(db);
		tamper(f.db_path, attack[i]);
		db = fixture_db(&f);
		log = NULL;
		CHECK_CODE(
		    fixture_try_log(&f, db, &log, &err), SP_E_CORRUPT, &err);
		CHECK(log == NULL);
		db_close(db);
		fixture_done(&f);
		fixture_done(&g);
	}
}

static void
another_key_does_not_open_it(void)
{
	struct fixture f, g;
	struct db *db;
	struct ledger_log *log = NULL;
	struct sp_err err;

	fixture_setup(&f, "key");
	fixture_setup(&g, "another-key");
	db = fixture_db(&f);
	ledger_log_close(fixture_log(&f, db));
	CHECK_CODE(ledger_log_open(&log, db, f.dir, &g.vkey, &g.signer, &err),
	    SP_E_CORRUPT, &err);
	CHECK(log == NULL);
	db_close(db);
	fixture_done(&f);
	fixture_done(&g);
}

/* Readers of all kinds beside the one that appends, some of whom find the
 * file lying. */
static uint64_t seeds[] = { 1, 2, 3 };
static struct fixture shared;
static struct ledger_log *shared_log;
static atomic_bool over;

static void *
reader(void *arg)
{
	uint64_t seed = *(const uint64_t *)arg;
	struct db *db = NULL;
	struct sp_err err;

	CHECK_OK(db_open(&db, shared.db_path, DB_READ, &err), &err);
	while (!atomic_load(&over)) {
		uint64_t size = ledger_log_size(shared_log);
		SP_AUTO_BUF out = sp_buf_new(1 << 20);
		struct ledger_path path;

		if (size == 0)
			continue;
		fixture_prove(
		    &shared, shared_log, db, oracle_random(&seed) % size);
		CHECK_OK(
		    ledger_log_consistency(shared_log,
			1 + oracle_random(&seed) % size, size, &path, &err),
		    &err);
		CHECK_OK(ledger_log_tile(shared_log, 0, (size - 1) / 256,
			     1 + (unsigned)((size - 1) % 256), &out, &err),
		    &err);
		if (seed % 8 == 0) /* which may be the one to see the lie */
			CHECK(ledger_log_audit(shared_log, db, &err) == SP_OK ||
			    strstr(err.text, "hash 7 is wrong") != NULL);
	}
	db_close(db);
	return NULL;
}

static void
readers_beside_the_writer(void)
{
	pthread_t thread[3];
	struct db *db;
	char path[112];
	struct sp_err err;
	int fd;

	fixture_setup(&shared, "threads");
	db = fixture_db(&shared);
	shared_log = fixture_log(&shared, db);
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&thread[i], NULL, reader, &seeds[i]) == 0);
	file_path(&shared, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (uint64_t n = 3; n <= 600; n += 3) {
		fixture_grow(db, shared_log, n);
		if (n == 300) /* readers mend this while we go on */
			CHECK(pwrite(fd, "liar", 4, 224) == 4);
	}
	atomic_store(&over, true);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	for (uint64_t i = 0; i < 600; i++)
		fixture_prove(&shared, shared_log, db, i);
	CHECK_OK(ledger_log_audit(shared_log, db, &err), &err);
	CHECK(close(fd) == 0);
	ledger_log_close(shared_log);
	db_close(db);
	fixture_done(&shared);
}

/* The line of a witness over the log's current checkpoint. */
static void
cosign(struct fixture *f, struct ledger_log *log, struct sp_buf *lines)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF message = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_cosignature c = { .time = 1679315147 };
	struct ledger_cosigner k;
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	size_t text = 0;
	struct sp_err err;

	CHECK_OK(crypto_sign_public(f->seed, pub, &err), &err);
	CHECK_OK(ledger_cosigner_make("witness", pub, &k, &err), &err);
	ledger_log_checkpoint(log, &note);
	CHECK_OK(ledger_note_check(
		     &f->vkey, sp_buf_str(&note), note.len, &text, &err),
	    &err);
	ledger_cosign_message(c.time, sp_buf_str(&note), text, &message);
	CHECK_OK(
	    crypto_sign(f->seed, message.at, message.len, c.sig, &err), &err);
	ledger_cosign_line(&k, &c, lines);
}

static void
lines_of_others_go_with_it(void)
{
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	struct ledger_checkpoint c, before;
	SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF plain = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF out = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	fixture_setup(&f, "vouched");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	fixture_grow(db, log, 5);
	before = fixture_checkpoint(&f, log);
	fixture_grow(db, log, 6);
	c = fixture_checkpoint(&f, log);
	cosign(&f, log, &lines);
	ledger_log_checkpoint(log, &plain);
	CHECK_CODE(ledger_log_vouched(log, &before, &lines, &err),
	    SP_E_CONFLICT, &err);
	before = c;
	before.root.b[0] ^= 1;
	CHECK_CODE(ledger_log_vouched(log, &before, &lines, &err),
	    SP_E_CONFLICT, &err);
	ledger_log_checkpoint(log, &out);
	CHECK(out.len == plain.len);
	for (int i = 0; i < 2; i++) { /* again: in place of the first */
		CHECK_OK(ledger_log_vouched(log, &c, &lines, &err), &err);
		sp_buf_clear(&out);
		ledger_log_checkpoint(log, &out);
		CHECK(out.len == plain.len + lines.len &&
		    memcmp(out.at + plain.len, lines.at, lines.len) == 0);
		/* proofs and the rest stand */
		(void)fixture_checkpoint(&f, log);
		fixture_prove(&f, log, db, 3);
		CHECK_OK(ledger_log_audit(log, db, &err), &err);
	}
	sp_buf_clear(&out);
	CHECK_OK(ledger_log_proof(log, 3, &out, &err), &err);
	CHECK(memcmp(out.at + out.len - lines.len, lines.at, lines.len) == 0);
	/* Not stored, and gone with the next checkpoint. */
	ledger_log_close(log);
	log = fixture_log(&f, db);
	sp_buf_clear(&out);
	ledger_log_checkpoint(log, &out);
	CHECK(out.len == plain.len);
	CHECK_OK(ledger_log_vouched(log, &c, &lines, &err), &err);
	fixture_grow(db, log, 7);
	sp_buf_clear(&out);
	ledger_log_checkpoint(log, &out);
	CHECK(out.len == plain.len);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

static void
lines_that_would_spoil_it(void)
{
	static const char *const rows[] = { "no signature line\n",
		"\xe2\x80\x94 witness\n", "\n", "\xe2\x80\x94 w AAAAAAA=" };
	struct fixture f;
	struct db *db;
	struct ledger_log *log;
	struct ledger_checkpoint c;
	SP_AUTO_BUF lines = sp_buf_new((size_t)4 * LEDGER_NOTE_MAX);
	SP_AUTO_BUF forged = sp_buf_new(LEDGER_NOTE_MAX);
	const uint8_t sig[CRYPTO_SIGN_LEN] = { 1 };
	struct sp_err err;

	fixture_setup(&f, "spoilt");
	db = fixture_db(&f);
	log = fixture_log(&f, db);
	fixture_grow(db, log, 3);
	c = fixture_checkpoint(&f, log);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		sp_buf_clear(&lines);
		sp_buf_text(&lines, rows[i]);
		CHECK_CODE(ledger_log_vouched(log, &c, &lines, &err),
		    SP_E_INVALID, &err);
	}
	/* a wrong signature of the log's own, and too many of others */
	ledger_note_sigline(&f.vkey, sig, &forged);
	CHECK_CODE(
	    ledger_log_vouched(log, &c, &forged, &err), SP_E_INVALID, &err);
	sp_buf_clear(&lines);
	for (int i = 0; i < LEDGER_NOTE_SIGS; i++)
		cosign(&f, log, &lines);
	CHECK_CODE(
	    ledger_log_vouched(log, &c, &lines, &err), SP_E_INVALID, &err);
	while (lines.len < LEDGER_NOTE_MAX)
		cosign(&f, log, &lines);
	CHECK_CODE(
	    ledger_log_vouched(log, &c, &lines, &err), SP_E_INVALID, &err);
	(void)fixture_checkpoint(&f, log);
	ledger_log_close(log);
	db_close(db);
	fixture_done(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a new log has a checkpoint", a_new_log_has_a_checkpoint },
		{ "proofs at every size", proofs_at_every_size },
		{ "tiles are the recursion", tiles_are_the_recursion },
		{ "entries about an object", entries_about_an_object },
		{ "a crash before the file was written",
		    a_crash_before_the_file_was_written },
		{ "a lying file is made again", a_lying_file_is_made_again },
		{ "a lying database is said so", a_lying_database_is_said_so },
		{ "contradictions are found at open",
		    contradictions_are_found_at_open },
		{ "another key does not open it",
		    another_key_does_not_open_it },
		{ "lines of others go with it", lines_of_others_go_with_it },
		{ "lines that would spoil it", lines_that_would_spoil_it },
		{ "readers beside the writer", readers_beside_the_writer },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	(void)scratch_make();
	make_leaves();
	return tap_run(cases, SP_COUNTOF(cases));
}
