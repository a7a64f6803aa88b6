#include "cmd/log_quorum.h"

#include "client/scratch.h"
#include "crypto/provider.h"
#include "tap.h"

#include <string.h>

#define NOW  1700000000
#define TEXT "log.example\n5\nTjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0=\n"
#define OURS                                                                   \
	"\n\xe2\x80\x94 log.example AAAABBBBCCCC\n" /* the log's: any here */

static struct crypto_secret *seed[4];
static struct ledger_cosigner who[4];
static char key[4][200];

static void
witnesses(void)
{
	for (unsigned i = 0; i < 4; i++) {
		SP_AUTO_BUF text = sp_buf_new(199);
		uint8_t pub[CRYPTO_SIGN_PUBLIC];
		char name[16];
		struct sp_err err;

		seed[i] = crypto_secret_random(CRYPTO_SIGN_SEED);
		CHECK(seed[i] != NULL);
		CHECK_OK(crypto_sign_public(seed[i], pub, &err), &err);
		(void)snprintf(name, sizeof(name), "w%u.example", i);
		CHECK_OK(ledger_cosigner_make(name, pub, &who[i], &err), &err);
		ledger_cosigner_text(&who[i], &text);
		memcpy(key[i], sp_buf_str(&text), text.len + 1);
	}
}

static void
cosign(unsigned i, uint64_t time, const char *text, struct sp_buf *note)
{
	SP_AUTO_BUF message = sp_buf_new(1000);
	struct ledger_cosignature c = { .time = time };

	ledger_cosign_message(time, text, strlen(text), &message);
	CHECK(crypto_sign(seed[i], message.at, message.len, c.sig, NULL) ==
	    SP_OK);
	ledger_cosign_line(&who[i], &c, note);
}

static enum sp_code
init(struct quorum *q, uint64_t wanted, struct sp_err *err, unsigned n)
{
	const char *keys[5] = { NULL };

	for (unsigned i = 0; i < n; i++)
		keys[i] = key[i];
	return cmd_log_quorum_init(q, keys, wanted, 3600, err);
}

/* One witness's word, for each way in which it can come. */
static void
words(void)
{
	static const struct {
		int64_t age; /* of the cosignature */
		const char *text;
		enum quorum_state want;
	} rows[] = {
		{ 0, TEXT, QUORUM_FRESH },
		{ 3600, TEXT, QUORUM_FRESH },
		{ 3601, TEXT, QUORUM_STALE },
		{ INT64_C(86400) * 365, TEXT, QUORUM_STALE },
		{ -QUORUM_AHEAD, TEXT, QUORUM_FRESH },
		{ -QUORUM_AHEAD - 1, TEXT, QUORUM_FUTURE },
		{ 0, TEXT "extension\n", QUORUM_WRONG },
		{ 3601, "another text\n", QUORUM_WRONG },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF note = sp_buf_new(10000);
		struct quorum q;
		struct sp_err err;
		size_t fresh = 9;
		bool met;

		CHECK_OK(init(&q, 0, &err, 1), &err);
		sp_buf_text(&note, TEXT OURS);
		cosign(0, (uint64_t)(NOW - rows[i].age), rows[i].text, &note);
		met = cmd_log_quorum_check(&q, sp_buf_str(&note), note.len,
		    (sp_time)NOW * SP_SECOND + 999, &fresh);
		CHECK(q.word[0].state == rows[i].want);
		CHECK(met == (rows[i].want == QUORUM_FRESH));
		CHECK(fresh == (met ? 1 : 0));
		CHECK((q.word[0].time == 0) == (rows[i].want == QUORUM_WRONG));
		CHECK(*cmd_log_quorum_name(q.word[0].state) != '\0');
	}
}

static void
quorums(void)
{
	/* Of the four, those whose bit is set have cosigned. */
	static const struct {
		unsigned trusted, wanted, cosigned;
		bool met;
	} rows[] = {
		{ 0, 0, 0, true },
		{ 1, 0, 0, false },
		{ 1, 1, 1, true },
		{ 3, 0, 7, true },
		{ 3, 0, 3, false },
		{ 3, 2, 3, true },
		{ 3, 2, 6, true },
		{ 3, 2, 4, false },
		{ 3, 2, 8, false },
		{ 3, 2, 12, false },
		{ 2, 1, 2, true },
		{ 4, 4, 15, true },
		{ 4, 4, 14, false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF note = sp_buf_new(10000);
		struct quorum q;
		struct sp_err err;
		size_t fresh;

		CHECK_OK(init(&q, rows[i].wanted, &err, rows[i].trusted), &err);
		sp_buf_text(&note, TEXT OURS);
		for (unsigned w = 0; w < 4; w++)
			if ((rows[i].cosigned >> w & 1) != 0)
				cosign(w, NOW, TEXT, &note);
		CHECK(cmd_log_quorum_check(&q, sp_buf_str(&note), note.len,
			  (sp_time)NOW * SP_SECOND, &fresh) == rows[i].met);
	}
}

/* One that cosigned many times counts once; garbage counts for nobody. */
static void
no_one_counts_twice(void)
{
	SP_AUTO_BUF note = sp_buf_new(10000);
	struct quorum q;
	struct sp_err err;
	size_t fresh;

	CHECK_OK(init(&q, 2, &err, 2), &err);
	sp_buf_text(&note, TEXT OURS);
	for (unsigned i = 0; i < 5; i++)
		cosign(0, NOW - i, TEXT, &note);
	CHECK(!cmd_log_quorum_check(
	    &q, sp_buf_str(&note), note.len, (sp_time)NOW * SP_SECOND, &fresh));
	CHECK(fresh == 1 && q.word[0].time == NOW);
	sp_buf_text(&note, "garbage\n");
	CHECK(!cmd_log_quorum_check(
	    &q, sp_buf_str(&note), note.len, (sp_time)NOW * SP_SECOND, &fresh));
	CHECK(fresh == 0);
	const char *same[] = { key[0], key[1], key[0], NULL };

	CHECK_CODE(
	    cmd_log_quorum_init(&q, same, 0, 3600, &err), SP_E_INVALID, &err);
}

static void
what_is_no_key(void)
{
	static const char *const bad[] = { "", "nonsense", "/nonexistent",
		"log.example+00000000+AAAA" };
	struct quorum q;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		const char *keys[] = { bad[i], NULL };

		CHECK_CODE(cmd_log_quorum_init(&q, keys, 0, 3600, &err),
		    SP_E_INVALID, &err);
	}
	CHECK_CODE(init(&q, 3, &err, 2), SP_E_INVALID, &err);
	/* From a file, too. */
	SP_AUTO_BUF text = sp_buf_new(1000);
	const char *keys[] = { scratch("w.key"), NULL };

	sp_buf_fmt(&text, "%s\r\n", key[2]);
	scratch_write("w.key", sp_buf_str(&text), 0600);
	CHECK_OK(cmd_log_quorum_init(&q, keys, 1, 3600, &err), &err);
	CHECK(q.n == 1 && strcmp(q.witness[0].name, "w2.example") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "words", words },
		{ "quorums", quorums },
		{ "no one counts twice", no_one_counts_twice },
		{ "what is no key", what_is_no_key },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	witnesses();
	(void)tap_run(cases, SP_COUNTOF(cases));
	for (unsigned i = 0; i < 4; i++)
		crypto_secret_free(seed[i]);
	scratch_done();
	return 0;
}
