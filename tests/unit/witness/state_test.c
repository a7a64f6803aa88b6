#include "witness/state.h"

#include "base/encode.h"
#include "log_fixture.h"
#include "witness/key.h"

#define ORIGIN "evidence.example.gov/springfield"
#define OTHER  "evidence.example.gov/shelbyville"

static struct test_log *book, *other;

struct bench {
	struct scratch dir;
	struct witness_key *key;
	struct witness_state *state;
};

static enum sp_code
reopen(struct bench *b, struct sp_err *err)
{
	witness_state_free(b->state);
	b->state = NULL;
	return witness_state_open(
	    &b->state, b->dir.fd, witness_key_public(b->key), err);
}

static struct bench
bench_new(void)
{
	struct bench b = { .dir = scratch_new() };
	struct sp_err err;

	CHECK_OK(witness_state_make(b.dir.fd, &err), &err);
	CHECK_OK(witness_key_make(b.dir.fd, "w.example", &err), &err);
	CHECK_OK(witness_key_open(&b.key, b.dir.fd, &err), &err);
	CHECK_OK(reopen(&b, &err), &err);
	return b;
}

static void
bench_done(struct bench *b)
{
	witness_state_free(b->state);
	witness_key_free(b->key);
	scratch_done(&b->dir);
}

/* The note that a witness keeps. */
static void
cosigned(struct bench *b, const struct test_log *l, uint64_t size,
    uint64_t time, struct sp_buf *out)
{
	struct ledger_cosignature c;
	struct sp_err err;
	size_t text = 0;

	sp_buf_clear(out);
	log_note(l, size, out);
	CHECK_OK(
	    ledger_note_text(sp_buf_str(out), out->len, &text, &err), &err);
	CHECK_OK(
	    witness_key_sign(b->key, time, sp_buf_str(out), text, &c, &err),
	    &err);
	ledger_cosign_line(witness_key_public(b->key), &c, out);
}

static enum sp_code
keep(struct bench *b, const struct test_log *l, uint64_t size, uint64_t time,
    struct sp_err *err)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct witness_latest latest;
	enum sp_code code;

	cosigned(b, l, size, time, &note);
	latest = witness_state_begin(b->state, l->key.name);
	latest.checkpoint.size = size;
	latest.checkpoint.root = l->root[size];
	latest.time = time;
	code = witness_state_keep(b->state, &latest, &note, err);
	witness_state_end(b->state);
	return code;
}

static void
expect(struct bench *b, const struct test_log *l, uint64_t size, uint64_t time)
{
	struct witness_latest latest =
	    witness_state_begin(b->state, l->key.name);

	CHECK(strcmp(latest.checkpoint.origin, l->key.name) == 0);
	CHECK(latest.checkpoint.size == size && latest.time == time);
	CHECK(memcmp(&latest.checkpoint.root, &l->root[size],
		  sizeof(struct ledger_hash)) == 0);
	witness_state_end(b->state);
}

static enum sp_code
note_of(struct bench *b, const char *origin, struct sp_buf *out)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct sp_err err;

	crypto_sha256(origin, strlen(origin), hash);
	return witness_state_note(b->state, hash, out, &err);
}

static void
what_is_kept_is_known_again(void)
{
	struct bench b = bench_new();
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF want = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	expect(&b, book, 0, 0);
	CHECK(note_of(&b, ORIGIN, &note) == SP_E_NOTFOUND);
	CHECK_OK(keep(&b, book, 5, 1000, &err), &err);
	CHECK_OK(keep(&b, other, 7, 1001, &err), &err);
	CHECK_OK(keep(&b, book, 9, 1002, &err), &err);
	for (int i = 0; i < 2; i++) {
		expect(&b, book, 9, 1002);
		expect(&b, other, 7, 1001);
		sp_buf_clear(&note);
		CHECK(note_of(&b, ORIGIN, &note) == SP_OK);
		cosigned(&b, book, 9, 1002, &want);
		CHECK(note.len == want.len &&
		    memcmp(note.at, want.at, want.len) == 0);
		CHECK(note_of(&b, "unknown.example", &note) == SP_E_NOTFOUND);
		CHECK_OK(reopen(&b, &err), &err);
	}
	bench_done(&b);
}

static void
file_of(const char *origin, char out[static 80])
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];

	crypto_sha256(origin, strlen(origin), hash);
	sp_hex(hash, sizeof(hash), hex);
	(void)snprintf(out, 80, "state/%s", hex);
}

/* A memory that is not whole stops the witness: it must not begin anew. */
static void
damage_is_no_beginning(void)
{
	struct bench b = bench_new();
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	char path[80], wrong[80];
	struct sp_err err;

	CHECK_OK(keep(&b, book, 5, 1000, &err), &err);
	file_of(ORIGIN, path);
	file_of(OTHER, wrong);
	CHECK_OK(sp_file_read(b.dir.fd, path, &note, &err), &err);
	/* Cut or changed anywhere. */
	for (size_t n = 0; n < note.len; n += 7) {
		CHECK_OK(
		    sp_file_replace(b.dir.fd, path, note.at, n, 0644, &err),
		    &err);
		CHECK_CODE(reopen(&b, &err), SP_E_CORRUPT, &err);
		note.at[n] ^= 1;
		CHECK_OK(sp_file_replace(
			     b.dir.fd, path, note.at, note.len, 0644, &err),
		    &err);
		/* The log's own signature is not needed to remember. */
		if (reopen(&b, &err) == SP_OK)
			expect(&b, book, 5, 1000);
		else
			CHECK(err.code == SP_E_CORRUPT);
		note.at[n] ^= 1;
	}
	/* In another's place. */
	CHECK(unlinkat(b.dir.fd, path, 0) == 0);
	CHECK_OK(
	    sp_file_replace(b.dir.fd, wrong, note.at, note.len, 0644, &err),
	    &err);
	CHECK_CODE(reopen(&b, &err), SP_E_CORRUPT, &err);
	CHECK(unlinkat(b.dir.fd, wrong, 0) == 0);
	/* Under a name that is none. */
	scratch_write(&b.dir, "state/something", "else");
	CHECK_CODE(reopen(&b, &err), SP_E_CORRUPT, &err);
	CHECK(unlinkat(b.dir.fd, "state/something", 0) == 0);
	CHECK_OK(reopen(&b, &err), &err);
	/* Of another witness. */
	struct bench c = bench_new();

	CHECK_OK(keep(&c, book, 3, 900, &err), &err);
	sp_buf_clear(&note);
	CHECK_OK(sp_file_read(c.dir.fd, path, &note, &err), &err);
	CHECK_OK(sp_file_replace(b.dir.fd, path, note.at, note.len, 0644, &err),
	    &err);
	CHECK_CODE(reopen(&b, &err), SP_E_CORRUPT, &err);
	bench_done(&c);
	bench_done(&b);
}

static void
without_its_folder_it_does_not_open(void)
{
	struct bench b = bench_new();
	struct sp_err err;

	CHECK_OK(witness_state_make(b.dir.fd, &err), &err); /* twice */
	CHECK_OK(keep(&b, book, 3, 900, &err), &err);
	CHECK_CODE(witness_state_make(b.dir.fd, &err), SP_E_CONFLICT, &err);
	CHECK(renameat(b.dir.fd, "state", b.dir.fd, "lost") == 0);
	CHECK_CODE(reopen(&b, &err), SP_E_CORRUPT, &err);
	CHECK(renameat(b.dir.fd, "lost", b.dir.fd, "state") == 0);
	CHECK_OK(reopen(&b, &err), &err);
	expect(&b, book, 3, 900);
	bench_done(&b);
}

/* A killed sp_file_replace leaves a temporary: it is no state. */
static void
temporaries_are_swept(void)
{
	struct bench b = bench_new();
	char path[120];
	struct stat st;
	struct sp_err err;

	CHECK_OK(keep(&b, book, 3, 900, &err), &err);
	file_of(ORIGIN, path);
	(void)snprintf(path + strlen(path), 30, ".tmp-0123456789abcdef");
	scratch_write(&b.dir, path, "half of it");
	CHECK_OK(reopen(&b, &err), &err);
	expect(&b, book, 3, 900);
	CHECK(fstatat(b.dir.fd, path, &st, 0) != 0);
	bench_done(&b);
}

/* Shows a fork of l at 5 with the i-th root of somebody's invention. */
static enum sp_code
fork_of(
    struct bench *b, const struct test_log *l, unsigned i, struct sp_err *err)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_checkpoint c = { .size = 5 };
	enum sp_code code;

	memcpy(c.origin, l->key.name, strlen(l->key.name) + 1);
	memcpy(c.root.b, &i, sizeof(i));
	log_note(l, 5, &note);
	(void)witness_state_begin(b->state, c.origin);
	code = witness_state_keep_fork(
	    b->state, &c, sp_buf_str(&note), note.len, err);
	witness_state_end(b->state);
	return code;
}

/* One file for what was cosigned, and one for each root.  A log that forks
 * without end takes no other log's place. */
static void
forks_are_kept_once(void)
{
	struct bench b = bench_new();
	struct sp_err err;

	CHECK_CODE(fork_of(&b, book, 1, &err), SP_E_INVALID, &err);
	CHECK(witness_state_forks(b.state) == 0);
	CHECK_OK(keep(&b, book, 5, 1000, &err), &err);
	CHECK_OK(keep(&b, other, 5, 1000, &err), &err);
	for (unsigned i = 0; i < WITNESS_FORKS_MAX + 9; i++) {
		size_t want = i + 2;

		/* The last place is for a pair, which does not fit. */
		if (want > WITNESS_FORKS_MAX - 1)
			want = WITNESS_FORKS_MAX - 1;
		for (int twice = 0; twice < 2; twice++)
			CHECK_OK(fork_of(&b, book, i, &err), &err);
		CHECK(witness_state_forks(b.state) == want);
	}
	for (int again = 0; again < 2; again++) {
		CHECK_OK(reopen(&b, &err), &err);
		CHECK_OK(fork_of(&b, book, 777, &err), &err);
		CHECK_OK(fork_of(&b, other, 1, &err), &err);
		CHECK(witness_state_forks(b.state) == WITNESS_FORKS_MAX + 1);
	}
	bench_done(&b);
}

static void
count_log(void *arg, const struct witness_latest *latest)
{
	*(uint64_t *)arg += latest->checkpoint.size;
}

static void
each_log_is_told(void)
{
	struct bench b = bench_new();
	uint64_t sum = 0;
	struct sp_err err;

	CHECK_OK(keep(&b, book, 5, 1000, &err), &err);
	CHECK_OK(keep(&b, other, 7, 1001, &err), &err);
	(void)witness_state_begin(b.state, "never.example");
	witness_state_end(b.state);
	witness_state_each(b.state, count_log, &sum);
	CHECK(sum == 12);
	CHECK(!witness_state_stopped(b.state));
	bench_done(&b);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is kept is known again", what_is_kept_is_known_again },
		{ "damage is no beginning", damage_is_no_beginning },
		{ "without its folder it does not open",
		    without_its_folder_it_does_not_open },
		{ "temporaries are swept", temporaries_are_swept },
		{ "forks are kept once", forks_are_kept_once },
		{ "each log is told", each_log_is_told },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	book = log_new(ORIGIN, 1);
	other = log_new(OTHER, 2);
	(void)tap_run(cases, SP_COUNTOF(cases));
	log_free(book);
	log_free(other);
	return 0;
}
