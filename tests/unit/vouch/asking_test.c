#include "vouch_fixture.h"

#include "vouch/asking.h"
#include "witness/request.h"

static struct witness_key key;
static struct vouch_voucher witness;

static void
begin(struct vouch_asking *a, uint64_t old, bool again, struct sp_buf *body)
{
	struct sp_err err;

	CHECK_OK(vouch_asking_begin(a, evidence_room_log(f.room), &witness, old,
		     again, body, &err),
	    &err);
}

/* What an answer means; on anything but DONE nothing is touched. */
static enum vouch_outcome
answer(const struct vouch_asking *a, unsigned status, const char *body,
    sp_time now, struct sp_err *err)
{
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	struct vouch_cosigned got = { .time = -7, .line = &line, .old = 4711 };
	const struct errand_reply reply = { status, body, strlen(body), NULL };
	enum vouch_outcome o = vouch_asking_answer(a, &reply, now, &got, err);

	CHECK((o == VOUCH_DONE) == (got.time != -7));
	CHECK((o == VOUCH_DONE) == (line.len > 0));
	CHECK((o == VOUCH_AGAIN) == (got.old != 4711));
	return o;
}

/* The body is what the standard says, from every size. */
static void
what_is_sent(void)
{
	log_grow(40);
	VOUCH_AUTO_CHECKPOINT now = log_now();
	struct ledger_log *log = evidence_room_log(f.room);

	for (uint64_t old = 0; old <= now.is.size; old++) {
		VOUCH_AUTO_ASKING a = { .old = 0 };
		SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
		struct witness_request rq;
		struct ledger_path none;
		struct sp_err err;

		begin(&a, old, false, &body);
		CHECK_OK(witness_request_parse(
			     sp_buf_str(&body), body.len, &rq, &err),
		    &err);
		CHECK(rq.old == old && rq.note_len == now.note.len &&
		    memcmp(rq.note, now.note.at, rq.note_len) == 0);
		CHECK(a.old == old && a.c.is.size == now.is.size);
		if (old == 0 || old == now.is.size) {
			CHECK(rq.proof.n == 0);
			continue;
		}
		CHECK_OK(
		    ledger_log_consistency(log, old, now.is.size, &none, &err),
		    &err);
		CHECK(rq.proof.n == none.n &&
		    memcmp(rq.proof.hash, none.hash,
			none.n * sizeof(none.hash[0])) == 0);
	}
}

/* More than the log has was never cosigned: something is wrong here. */
static void
from_beyond_the_end(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	struct sp_err err;

	CHECK(vouch_asking_begin(&a, evidence_room_log(f.room), &witness,
		  log_size() + 1, false, &body, &err) != SP_OK);
}

static void
a_good_answer(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF own = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	WITNESS_AUTO_KEY stranger = witness_key_new("stranger");
	struct vouch_cosigned got = { .line = &line };
	struct errand_reply reply = { .status = 200 };
	sp_time now = sp_now();
	struct sp_err err;

	begin(&a, 0, false, &body);
	witness_sign(&stranger, sp_buf_str(&a.c.note), a.c.text, now, &lines);
	witness_sign(&key, sp_buf_str(&a.c.note), a.c.text, now, &own);
	sp_buf_text(&lines, sp_buf_str(&own));
	reply.body = sp_buf_str(&lines);
	reply.len = lines.len;
	CHECK(vouch_asking_answer(&a, &reply, now, &got, &err) == VOUCH_DONE);
	/* Of what it sent only its own line is kept. */
	CHECK(strcmp(sp_buf_str(&line), sp_buf_str(&own)) == 0);
	CHECK(got.time == now / SP_SECOND * SP_SECOND);
}

static void
times_that_cannot_be(void)
{
	static const struct {
		int64_t seconds;
		bool good;
		const char *says;
	} rows[] = {
		{ 0, true, "" },
		{ -299, true, "" },
		{ 299, true, "" },
		{ -303, false, "old cosignature" },
		{ -86400, false, "old cosignature" },
		{ 302, false, "of the future" },
		{ 86400, false, "of the future" },
	};
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	sp_time now;
	struct sp_err err;

	begin(&a, 0, false, &body);
	now = a.asked;
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);

		witness_sign(&key, sp_buf_str(&a.c.note), a.c.text,
		    now + rows[i].seconds * SP_SECOND, &line);
		err.text[0] = '\0';
		CHECK(answer(&a, 200, sp_buf_str(&line), now, &err) ==
		    (rows[i].good ? VOUCH_DONE : VOUCH_FAILED));
		CHECK(strstr(err.text, rows[i].says) != NULL);
	}
}

/* The largest time that a cosignature can say. */
static void
no_time_at_all(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF message = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_cosignature c = { .time = INT64_MAX };
	struct sp_err err;

	begin(&a, 0, false, &body);
	ledger_cosign_message(
	    c.time, sp_buf_str(&a.c.note), a.c.text, &message);
	CHECK_OK(
	    crypto_sign(key.seed, message.at, message.len, c.sig, &err), &err);
	ledger_cosign_line(&key.key, &c, &line);
	CHECK(
	    answer(&a, 200, sp_buf_str(&line), sp_now(), &err) == VOUCH_FAILED);
	CHECK(strstr(err.text, "no time") != NULL);
}

static void
cosignatures_of_something_else(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF before = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF forged = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF stranger = sp_buf_new(LEDGER_NOTE_MAX);
	WITNESS_AUTO_KEY other = witness_key_new(witness.name);
	VOUCH_AUTO_CHECKPOINT old = log_now();
	sp_time now = sp_now();
	struct sp_err err;

	/* yesterday's checkpoint, as it was answered then */
	witness_sign(&key, sp_buf_str(&old.note), old.text, now, &before);
	log_grow(1);
	begin(&a, 0, false, &body);
	CHECK(answer(&a, 200, sp_buf_str(&before), now, &err) == VOUCH_FAILED);
	CHECK(strstr(err.text, "wrong") != NULL);
	witness_sign(&other, sp_buf_str(&a.c.note), a.c.text, now, &stranger);
	CHECK(
	    answer(&a, 200, sp_buf_str(&stranger), now, &err) == VOUCH_FAILED);
	CHECK(strstr(err.text, "no cosignature of") != NULL);
	other.key.id = key.key.id;
	witness_sign(&other, sp_buf_str(&a.c.note), a.c.text, now, &forged);
	CHECK(answer(&a, 200, sp_buf_str(&forged), now, &err) == VOUCH_FAILED);
	CHECK(strstr(err.text, "wrong") != NULL);
}

static void
every_cut_of_a_good_answer(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	char *cut;
	struct sp_err err;

	begin(&a, 0, false, &body);
	witness_sign(&key, sp_buf_str(&a.c.note), a.c.text, sp_now(), &line);
	for (size_t n = 0; n < line.len; n++) {
		cut = strndup(sp_buf_str(&line), n);
		CHECK(answer(&a, 200, cut, sp_now(), &err) == VOUCH_FAILED);
		free(cut);
	}
}

static void
other_answers(void)
{
	static const struct {
		unsigned status;
		const char *body;
		enum vouch_outcome outcome;
		const char *says;
	} rows[] = {
		{ 200, "", VOUCH_FAILED, "no cosignature" },
		{ 200, "hello\n", VOUCH_FAILED, "malformed" },
		{ 409, "", VOUCH_FAILED, "does not say" },
		{ 409, "3", VOUCH_FAILED, "does not say" },
		{ 409, "\n", VOUCH_FAILED, "does not say" },
		{ 409, "-3\n", VOUCH_FAILED, "does not say" },
		{ 409, "03\n", VOUCH_FAILED, "does not say" },
		{ 409, "3\n\n", VOUCH_FAILED, "does not say" },
		{ 409, "9999999999999999999999\n", VOUCH_FAILED, "say" },
		{ 409, "9223372036854775807\n", VOUCH_CONTRADICTED, "cut" },
		{ 409, "3\n", VOUCH_AGAIN, "" },
		{ 409, "0\n", VOUCH_AGAIN, "" },
		{ 409, "2\n", VOUCH_FAILED, "asked from the size" },
		{ 422, "", VOUCH_CONTRADICTED, "another history" },
		{ 400, "", VOUCH_FAILED, "malformed (400)" },
		{ 403, "", VOUCH_FAILED, "log's key" },
		{ 404, "", VOUCH_FAILED, "does not know" },
		{ 429, "", VOUCH_FAILED, "too often" },
		{ 500, "", VOUCH_FAILED, "status 500" },
		{ 301, "", VOUCH_FAILED, "status 301" },
		{ 201, "", VOUCH_FAILED, "status 201" },
	};
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);

	begin(&a, 2, false, &body);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { .text = "" };

		CHECK(answer(&a, rows[i].status, rows[i].body, sp_now(),
			  &err) == rows[i].outcome);
		if (strstr(err.text, rows[i].says) == NULL)
			tap_fail(__FILE__, __LINE__, rows[i].says, err.text);
	}
}

/* Once it may name another size; the size of what was asked about, too. */
static void
once_more_only(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	VOUCH_AUTO_ASKING again = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	SP_AUTO_BUF size = sp_buf_new(40);
	struct sp_err err;

	begin(&a, 2, false, &body);
	sp_buf_fmt(&size, "%ju\n", (uintmax_t)log_size());
	CHECK(
	    answer(&a, 409, sp_buf_str(&size), sp_now(), &err) == VOUCH_AGAIN);
	sp_buf_clear(&body);
	begin(&again, log_size(), true, &body);
	CHECK(answer(&again, 409, "3\n", sp_now(), &err) == VOUCH_FAILED);
	/* The log has grown meanwhile: what it names may be newer than what
	 * was asked about. */
	log_grow(1);
	sp_buf_clear(&size);
	sp_buf_fmt(&size, "%ju\n", (uintmax_t)log_size());
	CHECK(
	    answer(&a, 409, sp_buf_str(&size), sp_now(), &err) == VOUCH_AGAIN);
	sp_buf_clear(&size);
	sp_buf_fmt(&size, "%ju\n", (uintmax_t)log_size() + 1);
	CHECK(answer(&a, 409, sp_buf_str(&size), sp_now(), &err) ==
	    VOUCH_CONTRADICTED);
}

static void
no_answer(void)
{
	VOUCH_AUTO_ASKING a = { .old = 0 };
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	const struct errand_reply none = { .problem = "it is asleep" };
	struct vouch_cosigned got = { .time = 0 };
	struct sp_err err;

	begin(&a, 0, false, &body);
	CHECK(vouch_asking_answer(&a, &none, sp_now(), &got, &err) ==
	    VOUCH_FAILED);
	CHECK(strcmp(err.text, "no answer: it is asleep") == 0);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "what is sent", what_is_sent },
		{ "from beyond the end", from_beyond_the_end },
		{ "a good answer", a_good_answer },
		{ "times that cannot be", times_that_cannot_be },
		{ "no time at all", no_time_at_all },
		{ "cosignatures of something else",
		    cosignatures_of_something_else },
		{ "every cut of a good answer", every_cut_of_a_good_answer },
		{ "other answers", other_answers },
		{ "once more only", once_more_only },
		{ "no answer", no_answer },
	};
	int failed;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	KEEPER_TEST_MAIN(argc, argv);
	key = witness_key_new("witness.example/courts");
	witness = voucher_witness(&key, "http://w");
	fixture_make(&f);
	fixture_open(&f);
	failed = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	vouch_voucher_free(&witness);
	witness_key_free(&key);
	return failed;
}
