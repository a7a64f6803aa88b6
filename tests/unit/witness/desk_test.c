#include "witness/desk.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/parse.h"
#include "crypto/digest.h"
#include "log_fixture.h"
#include "witness/state.h"

#include <pthread.h>
#include <stdatomic.h>

#define ORIGIN "evidence.example.gov/springfield"

/* The clock is what a test says (linked with --wrap=sp_now). */
static _Atomic sp_time now_is = 1700000000 * SP_SECOND;

sp_time __wrap_sp_now(void);

sp_time
__wrap_sp_now(void)
{
	return now_is;
}

static struct test_log *book, *forked;

struct bench {
	struct scratch dir;
	struct witness_desk *desk;
};

static void
know_the_log(struct bench *b)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;

	ledger_vkey_text(&book->key, &text);
	CHECK_OK(
	    witness_logs_add(&logs, sp_buf_str(&text), text.len, &err), &err);
	witness_desk_set_logs(b->desk, &logs);
	CHECK(logs.n == 0); /* it was taken over */
}

static struct bench
bench_new(void)
{
	struct bench b = { .dir = scratch_new() };
	struct sp_err err;

	CHECK_OK(witness_desk_make(b.dir.fd, "w.example", &err), &err);
	CHECK_OK(witness_desk_open(&b.desk, b.dir.fd, &err), &err);
	know_the_log(&b);
	return b;
}

static void
bench_reopen(struct bench *b)
{
	struct sp_err err;

	witness_desk_free(b->desk);
	CHECK_OK(witness_desk_open(&b->desk, b->dir.fd, &err), &err);
	know_the_log(b);
}

static void
bench_done(struct bench *b)
{
	witness_desk_free(b->desk);
	scratch_done(&b->dir);
}

/* The verdict, with its answer checked against the standard's form. */
static enum witness_verdict
show(struct bench *b, struct test_log *l, uint64_t old, uint64_t size)
{
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_cosignature c;
	struct witness_answer a;
	struct sp_err err;
	size_t text = 0;

	log_request(l, old, size, &body);
	witness_desk_add_checkpoint(b->desk, sp_buf_str(&body), body.len, &a);
	CHECK(sp_buf_ok(&a.body) && a.body.len > 1 &&
	    a.body.at[a.body.len - 1] == '\n');
	log_note(l, size, &note);
	CHECK_OK(
	    ledger_note_text(sp_buf_str(&note), note.len, &text, &err), &err);
	if (a.verdict == WITNESS_COSIGN) {
		CHECK_OK(ledger_cosign_check(witness_desk_public(b->desk),
			     sp_buf_str(&note), text, sp_buf_str(&a.body),
			     a.body.len, &c, &err),
		    &err);
		CHECK(c.time >= 1600000000);
	} else {
		CHECK(memmem(a.body.at, a.body.len, "\xe2\x80\x94", 3) == NULL);
	}
	CHECK(strcmp(a.type,
		  a.verdict == WITNESS_BEHIND
		      ? "text/x.tlog.size"
		      : "text/plain; charset=utf-8") == 0);
	sp_buf_free(&a.body);
	return a.verdict;
}

static void
hex_of(const char *origin, char out[static 65])
{
	uint8_t hash[CRYPTO_SHA256_LEN];

	crypto_sha256(origin, strlen(origin), hash);
	sp_hex(hash, sizeof(hash), out);
}

static void
a_log_that_grows(void)
{
	struct bench b = bench_new();
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_checkpoint c;
	char hex[65];
	struct sp_err err;
	uint64_t last = 0;

	hex_of(ORIGIN, hex);
	CHECK_CODE(witness_desk_checkpoint(b.desk, hex, 64, &note, &err),
	    SP_E_NOTFOUND, &err);
	for (uint64_t next = 1; next < 600; next = next * 3 / 2 + 1) {
		CHECK(show(&b, book, last, next) == WITNESS_COSIGN);
		CHECK(show(&b, book, last, next) == WITNESS_BEHIND);
		CHECK(show(&b, book, next, next) == WITNESS_COSIGN);
		last = next;
		sp_buf_clear(&note);
		CHECK_OK(witness_desk_checkpoint(b.desk, hex, 64, &note, &err),
		    &err);
		CHECK_OK(ledger_checkpoint_check(
			     &book->key, sp_buf_str(&note), note.len, &c, &err),
		    &err);
		CHECK(c.size == last);
		bench_reopen(&b);
	}
	hex[0] = (char)(hex[0] == 'A' ? 'B' : 'A');
	CHECK(witness_desk_checkpoint(b.desk, hex, 64, &note, &err) ==
	    SP_E_NOTFOUND);
	CHECK(witness_desk_checkpoint(b.desk, hex, 63, &note, &err) ==
	    SP_E_NOTFOUND);
	bench_done(&b);
}

static void
a_fork_is_refused_and_kept(void)
{
	struct bench b = bench_new();
	SP_AUTO_BUF out = sp_buf_new(100000);

	CHECK(show(&b, book, 0, 100) == WITNESS_COSIGN);
	CHECK(show(&b, forked, 100, 100) == WITNESS_FORK);
	CHECK(show(&b, forked, 100, 200) == WITNESS_INCONSISTENT);
	bench_reopen(&b);
	CHECK(show(&b, forked, 100, 100) == WITNESS_FORK);
	CHECK(show(&b, book, 100, 200) == WITNESS_COSIGN);
	witness_desk_metrics(b.desk, &out);
	CHECK(strstr(sp_buf_str(&out), "sallyport_witness_forks 2\n") != NULL);
	CHECK(strstr(sp_buf_str(&out),
		  "sallyport_witness_log_size{origin=\"" ORIGIN
		  "\"} 200\n") != NULL);
	CHECK(strstr(sp_buf_str(&out),
		  "requests_total{verdict=\"fork\"} 1\n") != NULL);
	bench_done(&b);
}

/* What is kept of a fork with this root. */
static void
evidence(struct bench *b, const struct ledger_hash *root, struct sp_buf *out)
{
	char path[160] = "forks/";
	struct sp_err err;

	sp_buf_clear(out);
	hex_of(ORIGIN, path + 6);
	path[6 + 64] = '-';
	sp_hex(root->b, 32, path + 6 + 65);
	CHECK_OK(sp_file_read(b->dir.fd, path, out, &err), &err);
}

/* Both checkpoints of a fork are there as they were signed, whatever the log
 * does after it. */
static void
evidence_is_both_notes(void)
{
	struct bench b = bench_new();
	SP_AUTO_BUF kept = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF first = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_checkpoint c;
	struct sp_err err;
	char hex[65];

	hex_of(ORIGIN, hex);
	CHECK(show(&b, book, 0, 100) == WITNESS_COSIGN);
	CHECK_OK(witness_desk_checkpoint(b.desk, hex, 64, &first, &err), &err);
	CHECK(show(&b, forked, 100, 100) == WITNESS_FORK);
	for (uint64_t size = 100; size < 104; size++) {
		evidence(&b, &book->root[100], &kept);
		CHECK(kept.len == first.len &&
		    memcmp(kept.at, first.at, first.len) == 0);
		CHECK_OK(ledger_checkpoint_check(
			     &book->key, sp_buf_str(&kept), kept.len, &c, &err),
		    &err);
		CHECK(c.size == 100);
		evidence(&b, &forked->root[100], &kept);
		sp_buf_clear(&note);
		log_note(forked, 100, &note);
		CHECK(kept.len == note.len &&
		    memcmp(kept.at, note.at, note.len) == 0);
		CHECK(show(&b, book, size, size + 1) == WITNESS_COSIGN);
		bench_reopen(&b);
	}
	/* And of the next fork, beside them. */
	CHECK(show(&b, forked, 104, 104) == WITNESS_FORK);
	evidence(&b, &book->root[104], &kept);
	evidence(&b, &forked->root[104], &kept);
	evidence(&b, &book->root[100], &kept);
	bench_done(&b);
}

static void
logs_that_are_not_known(void)
{
	struct bench b = bench_new();
	struct witness_logs none = { .n = 0 };
	struct test_log *other = log_new("other.example", 9);

	CHECK(show(&b, other, 0, 5) == WITNESS_UNKNOWN);
	CHECK(show(&b, book, 0, 5) == WITNESS_COSIGN);
	/* Taken off the list: not cosigned, and not forgotten. */
	witness_desk_set_logs(b.desk, &none);
	CHECK(show(&b, book, 5, 6) == WITNESS_UNKNOWN);
	know_the_log(&b);
	CHECK(show(&b, forked, 0, 300) == WITNESS_BEHIND);
	CHECK(show(&b, book, 5, 6) == WITNESS_COSIGN);
	log_free(other);
	bench_done(&b);
}

static void
what_is_kept_has_the_witnesss_and_the_logs_lines_only(void)
{
	struct bench b = bench_new();
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct witness_answer a;
	char hex[65];
	struct sp_err err;

	log_request(book, 0, 5, &body);
	for (int i = 0; i < 20; i++)
		sp_buf_text(&body, "\xe2\x80\x94 x.example AAAABBBBCCCC\n");
	witness_desk_add_checkpoint(b.desk, sp_buf_str(&body), body.len, &a);
	CHECK(a.verdict == WITNESS_COSIGN);
	sp_buf_free(&a.body);
	hex_of(ORIGIN, hex);
	CHECK_OK(witness_desk_checkpoint(b.desk, hex, 64, &note, &err), &err);
	CHECK(strstr(sp_buf_str(&note), "x.example") == NULL);
	CHECK(strstr(sp_buf_str(&note), "\xe2\x80\x94 w.example ") != NULL);
	CHECK(strstr(sp_buf_str(&note), "\xe2\x80\x94 " ORIGIN " ") != NULL);
	bench_done(&b);
}

static void
time_never_goes_back(void)
{
	struct bench b = bench_new();
	sp_time before = now_is;

	CHECK(show(&b, book, 0, 5) == WITNESS_COSIGN);
	now_is = before - (WITNESS_CLOCK_BACK - 10) * SP_SECOND;
	CHECK(show(&b, book, 5, 6) == WITNESS_COSIGN);
	now_is = before - (WITNESS_CLOCK_BACK + 10) * SP_SECOND;
	CHECK(show(&b, book, 6, 7) == WITNESS_UNABLE);
	now_is = 0;
	CHECK(show(&b, book, 6, 7) == WITNESS_UNABLE);
	now_is = before + SP_SECOND;
	CHECK(show(&b, book, 6, 7) == WITNESS_COSIGN);
	bench_done(&b);
}

static void
garbage_is_malformed(void)
{
	static const char *const bad[] = { "", "old", "old 0\n\n",
		"GET / HTTP/1.1",
		"old 0\n\nevidence.example.gov/springfield\n5\n",
		"old 0\n\n\n\n\n" };
	struct bench b = bench_new();
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct witness_answer a;

		witness_desk_add_checkpoint(b.desk, bad[i], strlen(bad[i]), &a);
		CHECK(a.verdict == WITNESS_MALFORMED && a.body.len > 1);
		sp_buf_free(&a.body);
	}
	CHECK_OK(witness_desk_health(b.desk, &err), &err);
	bench_done(&b);
}

/* --- Two histories race --- */

struct racer {
	struct bench *b;
	struct test_log *l;
	uint64_t reached; /* the largest size that was cosigned of it */
	unsigned cosigned;
};

static void *
race(void *arg)
{
	struct racer *r = arg;
	uint64_t size = 0;

	for (unsigned i = 0; i < 60; i++) {
		SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
		struct witness_answer a;

		log_request(r->l, size, size + 1 + i % 7, &body);
		witness_desk_add_checkpoint(
		    r->b->desk, sp_buf_str(&body), body.len, &a);
		if (a.verdict == WITNESS_COSIGN) {
			size += 1 + i % 7;
			r->reached = size;
			r->cosigned++;
		} else if (a.verdict == WITNESS_BEHIND) {
			CHECK(sp_parse_u64(sp_buf_str(&a.body), a.body.len - 1,
			    0, LOG_SIZE_MAX, &size));
			if (size > LOG_SIZE_MAX - 8)
				i = 60;
		}
		sp_buf_free(&a.body);
	}
	return NULL;
}

static void
of_two_histories_one_wins(void)
{
	struct test_log *apart = log_new(ORIGIN, 1);
	struct bench b = bench_new();
	struct racer r[4] = { { &b, book, 0, 0 }, { &b, apart, 0, 0 },
		{ &b, book, 0, 0 }, { &b, apart, 0, 0 } };
	pthread_t t[4];

	log_write(apart, 9, 0); /* they agree on nothing */
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, race, &r[i]) == 0);
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK((r[0].cosigned + r[2].cosigned == 0) !=
	    (r[1].cosigned + r[3].cosigned == 0));
	log_free(apart);
	bench_done(&b);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a log that grows", a_log_that_grows },
		{ "a fork is refused and kept", a_fork_is_refused_and_kept },
		{ "evidence is both notes", evidence_is_both_notes },
		{ "logs that are not known", logs_that_are_not_known },
		{ "what is kept has the witness's and the log's lines only",
		    what_is_kept_has_the_witnesss_and_the_logs_lines_only },
		{ "time never goes back", time_never_goes_back },
		{ "garbage is malformed", garbage_is_malformed },
		{ "of two histories one wins", of_two_histories_one_wins },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	book = log_new(ORIGIN, 1);
	forked = log_new(ORIGIN, 1);
	log_write(forked, 7, 40);
	(void)tap_run(cases, SP_COUNTOF(cases));
	log_free(book);
	log_free(forked);
	return 0;
}
