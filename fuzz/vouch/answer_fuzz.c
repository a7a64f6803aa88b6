#include "crypto/provider.h"
#include "vouch/asking.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A hostile witness, and a hostile messenger in front of it: the input is a
 * packet, and what its answer says is the answer of a witness to a question.
 * (409 alone looks at a log: not here.)  What is taken for an errand is
 * written again as it was.
 */
static const char key[] = "witness.example.org/courts+f8b06eaf+"
			  "BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw";
static const char text[] = "evidence.example.gov/springfield\n5\n"
			   "Tjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0=\n";

static void
as_answer(const uint8_t *data, size_t size)
{
	VOUCH_AUTO_VOUCHER w = vouch_voucher_new();
	VOUCH_AUTO_ASKING a = {
		.witness = &w,
		.c = vouch_checkpoint_new(),
		.asked = INT64_C(1679315147) * SP_SECOND,
	};
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	struct vouch_cosigned got = { .line = &line };
	struct errand_answer answer;
	struct sp_err err = { .code = SP_OK };

	SP_REQUIRE(
	    ledger_cosigner_parse(key, sizeof(key) - 1, &w.key, NULL) == SP_OK);
	sp_buf_text(&a.c.note, text);
	a.c.text = sizeof(text) - 1;
	if (errand_answer_read(data, size, &answer, NULL) != SP_OK ||
	    answer.reply.status == 409)
		return;
	if (vouch_asking_answer(&a, &answer.reply, a.asked, &got, &err) ==
	    VOUCH_DONE)
		SP_REQUIRE(line.len > 0 && got.time == a.asked);
	else
		SP_REQUIRE(line.len == 0 && err.text[0] != '\0');
}

static void
as_errand(const uint8_t *data, size_t size)
{
	ERRAND_AUTO e = errand_new();
	SP_AUTO_BUF again = sp_buf_new(ERRAND_PACKET_MAX);

	if (errand_read(data, size, &e, NULL) != SP_OK)
		return;
	errand_write(&e, &again);
	SP_REQUIRE(again.len == size && memcmp(again.at, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	as_answer(data, size);
	as_errand(data, size);
	return 0;
}
