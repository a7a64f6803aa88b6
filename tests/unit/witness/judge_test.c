#include "witness/judge.h"

#include "log_fixture.h"

#define ORIGIN "evidence.example.gov/springfield"

static struct test_log *book;   /* the log */
static struct test_log *second; /* its second key, in a time of change */
static struct test_log *stranger;
static struct witness_logs logs;

static void
know(const struct test_log *l)
{
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;

	ledger_vkey_text(&l->key, &text);
	CHECK_OK(
	    witness_logs_add(&logs, sp_buf_str(&text), text.len, &err), &err);
}

static void
verdicts_are_the_standards(void)
{
	static const struct {
		enum witness_verdict v;
		unsigned status;
	} rows[] = {
		{ WITNESS_COSIGN, 200 },
		{ WITNESS_MALFORMED, 400 },
		{ WITNESS_UNSIGNED, 403 },
		{ WITNESS_UNKNOWN, 404 },
		{ WITNESS_BEHIND, 409 },
		{ WITNESS_INCONSISTENT, 422 },
		{ WITNESS_FORK, 422 },
		{ WITNESS_UNABLE, 503 },
	};

	CHECK(SP_COUNTOF(rows) == WITNESS_VERDICT_COUNT);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(witness_verdict_status(rows[i].v) == rows[i].status);
		CHECK(*witness_verdict_name(rows[i].v) != '\0');
	}
}

/* --- Who signed it --- */

#define ROOT5 "Tjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0="

/* A note of this text, with signature lines of those who are asked for. */
enum signer {
	NOBODY = 0,
	FIRST = 1,
	SECOND = 2,
	STRANGER = 4,
	FIRST_BAD = 8,
	SECOND_BAD = 16,
	GARBAGE = 32,
	COSIGNER = 64,
};

static void
add_bad(const struct test_log *l, struct sp_buf *out)
{
	static const uint8_t zero[CRYPTO_SIGN_LEN];

	ledger_note_sigline(&l->key, zero, out);
}

static void
make_note(const char *text, unsigned by, struct sp_buf *out)
{
	size_t len = strlen(text);

	sp_buf_clear(out);
	sp_buf_fmt(out, "%s\n", text);
	if ((by & STRANGER) != 0)
		log_sign(stranger, text, len, out);
	if ((by & FIRST) != 0)
		log_sign(book, text, len, out);
	if ((by & FIRST_BAD) != 0)
		add_bad(book, out);
	if ((by & SECOND) != 0)
		log_sign(second, text, len, out);
	if ((by & SECOND_BAD) != 0)
		add_bad(second, out);
	if ((by & COSIGNER) != 0)
		sp_buf_text(out, "\xe2\x80\x94 w.example AAAABBBBCCCC\n");
	if ((by & GARBAGE) != 0)
		sp_buf_text(out, "garbage\n");
}

static void
signatures(void)
{
	static const char good[] = ORIGIN "\n5\n" ROOT5 "\n";
	static const struct {
		const char *text;
		unsigned by;
		enum witness_verdict want;
	} rows[] = {
		{ good, FIRST, WITNESS_COSIGN },
		{ good, SECOND, WITNESS_COSIGN },
		{ good, FIRST | SECOND, WITNESS_COSIGN },
		{ good, FIRST | STRANGER | COSIGNER, WITNESS_COSIGN },
		{ good, FIRST | SECOND_BAD, WITNESS_UNSIGNED },
		{ good, FIRST | FIRST_BAD, WITNESS_UNSIGNED },
		{ good, FIRST_BAD, WITNESS_UNSIGNED },
		{ good, STRANGER, WITNESS_UNSIGNED },
		{ good, COSIGNER, WITNESS_UNSIGNED },
		{ good, NOBODY, WITNESS_MALFORMED },
		{ good, FIRST | GARBAGE, WITNESS_MALFORMED },
		{ "other.example/log\n5\n" ROOT5 "\n", FIRST, WITNESS_UNKNOWN },
		{ "other.example/log\n5\n" ROOT5 "\n", STRANGER,
		    WITNESS_UNKNOWN },
		{ ORIGIN "x\n5\n" ROOT5 "\n", FIRST, WITNESS_UNKNOWN },
		{ "evidence.example.gov\n5\n" ROOT5 "\n", FIRST,
		    WITNESS_UNKNOWN },
		/* Signed, and no checkpoint. */
		{ ORIGIN "\n", FIRST, WITNESS_MALFORMED },
		{ ORIGIN "\n05\n" ROOT5 "\n", FIRST, WITNESS_MALFORMED },
		{ ORIGIN "\n5\nhash\n", FIRST, WITNESS_MALFORMED },
		{ ORIGIN "\n0\n" ROOT5 "\n", FIRST, WITNESS_INCONSISTENT },
		{ ORIGIN "\n0\n" ROOT5 "\n", STRANGER, WITNESS_UNSIGNED },
		{ ORIGIN "\n5\n" ROOT5 "\nan extension\n", FIRST,
		    WITNESS_COSIGN },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
		struct ledger_checkpoint c = { .size = 4242 };
		struct sp_err why = { .text = "" };
		struct witness_request rq = { .old = 0 };
		enum witness_verdict v;
		size_t len = 0;
		char which[32];

		make_note(rows[i].text, rows[i].by, &note);
		rq.note = sp_buf_str(&note);
		rq.note_len = note.len;
		v = witness_judge_note(&logs, &rq, &c, &len, &why);
		(void)snprintf(which, sizeof(which), "row %zu", i);
		if (v != rows[i].want)
			tap_fail(
			    __FILE__, __LINE__, which, witness_verdict_name(v));
		if (v == WITNESS_COSIGN)
			CHECK(c.size == 5 && len == strlen(rows[i].text) &&
			    strcmp(c.origin, ORIGIN) == 0);
		else
			CHECK(c.size == 4242 && why.text[0] != '\0');
	}
}

static void
what_is_no_note(void)
{
	static const char *const bad[] = { "x", "\n", "\n\n", ORIGIN,
		ORIGIN "\n", ORIGIN "\n\n", "\n5\n" };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct witness_request rq = { .note = bad[i],
			.note_len = strlen(bad[i]) };
		struct ledger_checkpoint c;
		struct sp_err why;
		size_t len;

		CHECK(witness_judge_note(&logs, &rq, &c, &len, &why) ==
		    WITNESS_MALFORMED);
	}
}

/* --- Does it continue? --- */

static struct ledger_checkpoint
head(const struct test_log *l, uint64_t size)
{
	struct ledger_checkpoint c = { .size = size, .root = l->root[size] };

	memcpy(c.origin, l->key.name, sizeof(c.origin));
	return c;
}

enum proof {
	RIGHT,    /* from the request's old size to the checkpoint's */
	NONE,     /* no hashes */
	FORGED,   /* right, but for a bit */
	SHORTER,  /* right, but for the last hash */
	LONGER,   /* right, and one more */
	OF_OTHER, /* right for the second history */
};

static void
growth(void)
{
	/* A second history with the same key, from entry 40 on. */
	struct test_log *forked = log_new(ORIGIN, 1);
	static const struct {
		uint64_t latest, old, now;
		enum proof proof;
		bool fork; /* the checkpoint is of the second history */
		enum witness_verdict want;
	} rows[] = {
		/* from nothing */
		{ 0, 0, 0, NONE, false, WITNESS_COSIGN },
		{ 0, 0, 1, NONE, false, WITNESS_COSIGN },
		{ 0, 0, 300, NONE, true, WITNESS_COSIGN },
		{ 0, 0, 300, LONGER, false, WITNESS_INCONSISTENT },
		{ 0, 0, 0, LONGER, false, WITNESS_INCONSISTENT },
		{ 0, 5, 300, RIGHT, false, WITNESS_BEHIND },
		{ 0, 5, 5, NONE, false, WITNESS_BEHIND },
		/* on what was cosigned */
		{ 1, 1, 2, RIGHT, false, WITNESS_COSIGN },
		{ 100, 100, 101, RIGHT, false, WITNESS_COSIGN },
		{ 256, 256, 512, RIGHT, false, WITNESS_COSIGN },
		{ 100, 100, 600, RIGHT, false, WITNESS_COSIGN },
		{ 100, 100, 100, NONE, false, WITNESS_COSIGN }, /* again */
		{ 100, 100, 100, LONGER, false, WITNESS_INCONSISTENT },
		{ 100, 100, 600, NONE, false, WITNESS_INCONSISTENT },
		{ 100, 100, 600, FORGED, false, WITNESS_INCONSISTENT },
		{ 100, 100, 600, SHORTER, false, WITNESS_INCONSISTENT },
		{ 100, 100, 600, LONGER, false, WITNESS_INCONSISTENT },
		/* another size than ours: who asks is told */
		{ 100, 0, 600, NONE, false, WITNESS_BEHIND },
		{ 100, 0, 100, NONE, false, WITNESS_BEHIND },
		{ 100, 99, 600, RIGHT, false, WITNESS_BEHIND },
		{ 100, 101, 600, RIGHT, false, WITNESS_BEHIND },
		/* back: never, whatever it says */
		{ 100, 99, 99, NONE, false, WITNESS_BEHIND },
		{ 100, 0, 0, NONE, false, WITNESS_BEHIND },
		{ 100, 100, 99, NONE, false, WITNESS_MALFORMED },
		{ 100, 100, 0, NONE, false, WITNESS_MALFORMED },
		{ 0, 1, 0, NONE, false, WITNESS_MALFORMED },
		/* forks */
		{ 100, 100, 100, NONE, true, WITNESS_FORK },
		{ 100, 100, 100, LONGER, true, WITNESS_FORK },
		{ 100, 100, 600, RIGHT, true, WITNESS_INCONSISTENT },
		{ 100, 100, 600, OF_OTHER, true, WITNESS_INCONSISTENT },
		{ 100, 100, 600, OF_OTHER, false, WITNESS_INCONSISTENT },
		/* the histories are one up to entry 40 */
		{ 40, 40, 600, OF_OTHER, true, WITNESS_COSIGN },
		{ 40, 40, 40, NONE, true, WITNESS_COSIGN },
		{ 41, 41, 41, NONE, true, WITNESS_FORK },
		{ 41, 41, 600, OF_OTHER, true, WITNESS_INCONSISTENT },
	};

	log_write(forked, 7, 40);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct ledger_checkpoint latest = head(book, rows[i].latest);
		struct ledger_checkpoint now =
		    head(rows[i].fork ? forked : book, rows[i].now);
		struct witness_request rq = { .old = rows[i].old };
		struct sp_err why = { .text = "" };
		enum witness_verdict v;
		char which[32];

		log_proof(rows[i].proof == OF_OTHER ? forked : book, rq.old,
		    now.size, &rq.proof);
		if (rows[i].proof == NONE)
			rq.proof.n = 0;
		if (rows[i].proof == FORGED)
			rq.proof.hash[rq.proof.n / 2].b[5] ^= 1;
		if (rows[i].proof == SHORTER)
			rq.proof.n--;
		if (rows[i].proof == LONGER)
			rq.proof.n++;
		v = witness_judge_growth(&rq, &now, &latest, &why);
		(void)snprintf(which, sizeof(which), "row %zu", i);
		if (v != rows[i].want)
			tap_fail(
			    __FILE__, __LINE__, which, witness_verdict_name(v));
		CHECK(v == WITNESS_COSIGN || why.text[0] != '\0');
	}
	log_free(forked);
}

/* Property: whatever is cosigned continues what was cosigned; the second
 * history never gets in once entry 40 is covered. */
static void
no_way_to_the_second_history(void)
{
	struct test_log *forked = log_new(ORIGIN, 1);

	log_write(forked, 7, 40);
	for (uint64_t latest = 1; latest < 130; latest += 3)
		for (uint64_t size = latest; size < 260; size += 7) {
			struct ledger_checkpoint was = head(book, latest);
			struct ledger_checkpoint now = head(forked, size);
			struct witness_request rq = { .old = latest };
			struct sp_err why;
			bool good;

			log_proof(forked, latest, size, &rq.proof);
			good = witness_judge_growth(&rq, &now, &was, &why) ==
			    WITNESS_COSIGN;
			CHECK(good == (latest <= 40));
			now = head(book, size);
			log_proof(book, latest, size, &rq.proof);
			CHECK(witness_judge_growth(&rq, &now, &was, &why) ==
			    WITNESS_COSIGN);
		}
	log_free(forked);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "verdicts are the standard's", verdicts_are_the_standards },
		{ "signatures", signatures },
		{ "what is no note", what_is_no_note },
		{ "growth", growth },
		{ "no way to the second history",
		    no_way_to_the_second_history },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	book = log_new(ORIGIN, 1);
	second = log_new(ORIGIN, 2);
	stranger = log_new(ORIGIN, 3);
	know(book);
	know(second);
	(void)tap_run(cases, SP_COUNTOF(cases));
	witness_logs_done(&logs);
	log_free(book);
	log_free(second);
	log_free(stranger);
	return 0;
}
