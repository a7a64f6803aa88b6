#include "vouch_fixture.h"

#include "vouch/stamping.h"

static struct authority authority;

struct row {
	struct authority_lie lie;
	enum vouch_outcome outcome;
	const char *says;
};

static void
one(const struct row *row)
{
	VOUCH_AUTO_VOUCHER v = voucher_authority(&authority, "clock", 0);
	VOUCH_AUTO_STAMPING s = { .authority = NULL };
	SP_AUTO_BUF body = sp_buf_new(1024);
	SP_AUTO_BUF answer = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct errand_reply reply = { .status = 200 };
	sp_time time = -7;
	struct sp_err err = { .text = "" };

	CHECK_OK(vouch_stamping_begin(
		     &s, evidence_room_log(f.room), &v, &body, &err),
	    &err);
	authority_answer(&authority, body.at, body.len, &row->lie, &answer);
	reply.body = sp_buf_str(&answer);
	reply.len = answer.len;
	CHECK(vouch_stamping_answer(
		  &s, &reply, sp_now(), &time, &token, &err) == row->outcome);
	CHECK((row->outcome == VOUCH_DONE) == (token.len > 0));
	CHECK((row->outcome == VOUCH_DONE) == (time != -7));
	if (strstr(err.text, row->says) == NULL)
		tap_fail(__FILE__, __LINE__, row->says, err.text);
}

static void
answers(void)
{
	static const struct row rows[] = {
		{ { .status = 0 }, VOUCH_DONE, "" },
		{ { .late = 200 * SP_SECOND }, VOUCH_DONE, "" },
		{ { .late = -200 * SP_SECOND }, VOUCH_DONE, "" },
		{ { .late = 400 * SP_SECOND }, VOUCH_FAILED, "clock is wrong" },
		{ { .late = -400 * SP_SECOND }, VOUCH_FAILED,
		    "clock is wrong" },
		{ { .nonce = true }, VOUCH_FAILED, "another request" },
		{ { .imprint = true }, VOUCH_FAILED, "other bytes" },
		{ { .status = 2 }, VOUCH_FAILED, "gives no timestamp" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		one(&rows[i]);
}

/* The timestamp is of the note that the log alone has signed; the same
 * question is never asked twice. */
static void
of_the_bytes_of_the_note(void)
{
	VOUCH_AUTO_VOUCHER v = voucher_authority(&authority, "clock", 0);
	VOUCH_AUTO_STAMPING a = { .authority = NULL };
	VOUCH_AUTO_STAMPING b = { .authority = NULL };
	VOUCH_AUTO_CHECKPOINT c = log_now();
	SP_AUTO_BUF body = sp_buf_new(1024);
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct ledger_log *log = evidence_room_log(f.room);
	struct sp_err err;

	CHECK_OK(vouch_stamping_begin(&a, log, &v, &body, &err), &err);
	CHECK_OK(vouch_stamping_begin(&b, log, &v, &body, &err), &err);
	crypto_sha256(c.note.at, c.note.len, sum);
	CHECK(memcmp(a.wish.sha256, sum, sizeof(sum)) == 0);
	CHECK(a.wish.nonce != 0 && a.wish.nonce != b.wish.nonce);
	CHECK(a.wish.policy == NULL);
}

static void
other_statuses(void)
{
	VOUCH_AUTO_VOUCHER v = voucher_authority(&authority, "clock", 0);
	VOUCH_AUTO_STAMPING s = { .authority = NULL };
	SP_AUTO_BUF body = sp_buf_new(1024);
	struct errand_reply reply = {
		.status = 404, .body = "", .problem = "x"
	};
	struct sp_err err;

	CHECK_OK(vouch_stamping_begin(
		     &s, evidence_room_log(f.room), &v, &body, &err),
	    &err);
	CHECK(vouch_stamping_answer(&s, &reply, sp_now(), NULL, NULL, &err) ==
	    VOUCH_FAILED);
	CHECK(strstr(err.text, "status 404") != NULL);
	reply.status = 0;
	CHECK(vouch_stamping_answer(&s, &reply, sp_now(), NULL, NULL, &err) ==
	    VOUCH_FAILED);
	CHECK(strcmp(err.text, "no answer: x") == 0);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "answers", answers },
		{ "of the bytes of the note", of_the_bytes_of_the_note },
		{ "other statuses", other_statuses },
	};
	int failed;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	KEEPER_TEST_MAIN(argc, argv);
	authority =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	fixture_make(&f);
	fixture_open(&f);
	failed = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	authority_free(&authority);
	return failed;
}
