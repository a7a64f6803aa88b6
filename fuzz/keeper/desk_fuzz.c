#include "crypto/provider.h"
#include "keeper/desk.h"
#include "keeper/request.h"

#include <string.h>

/*
 * Bodies of requests against a keyring in memory.  The first byte is not part
 * of the body: when it is odd, the KEK's id in an unwrap is set to the right
 * one, which no corpus can know.
 */
static const struct sp_id agency = { { 1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11,
    12, 13, 14, 15, 16 } };
#define KEK_ID_AT (2 + 4 + SP_ID_LEN + 4) /* in the body of an unwrap */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
set_kek(struct keeper_keyring *ring, struct sp_buf *body)
{
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(32);
	struct sp_err err = { .code = SP_OK };
	struct keeper_wrapped w;

	SP_REQUIRE(dek != NULL);
	SP_REQUIRE(keeper_keyring_wrap(ring, &agency, dek, &w, &err) == SP_OK);
	if (body->len >= KEK_ID_AT + SP_ID_LEN)
		memcpy(body->at + KEK_ID_AT, w.kek.b, SP_ID_LEN);
}

static void
answer(struct keeper_keyring *ring, struct sp_buf *body)
{
	struct keeper_desk *desk = keeper_desk_new(ring);
	SP_AUTO_BUF said = keeper_message_new();
	struct sp_err err = { .code = SP_OK };
	struct sp_err told = { .code = SP_OK };
	const char *name = NULL;
	enum sp_code code, again = SP_CODE_COUNT;
	struct sp_in in;

	SP_REQUIRE(desk != NULL);
	code = keeper_desk_answer(desk, body, &said, &name, &err);
	/* Whatever came, the answer is one and says the same. */
	SP_REQUIRE(sp_buf_ok(&said) && said.len > KEEPER_HEAD);
	SP_REQUIRE(keeper_answer_parse(
	    said.at + KEEPER_HEAD, said.len - KEEPER_HEAD, &again, &in, &told));
	SP_REQUIRE(again == code || again == SP_E_INTERNAL);
	keeper_desk_free(desk);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KEEPER_AUTO_KEYRING ring = NULL;
	static bool open;
	SP_AUTO_BUF body = sp_buf_new(KEEPER_BODY_MAX);
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;

	if (size == 0 || size - 1 > KEEPER_BODY_MAX)
		return 0;
	if (!open) {
		SP_REQUIRE(crypto_provider_open("", &err) == SP_OK);
		open = true;
	}
	SP_REQUIRE(keeper_keyring_in_memory(&ring, &err) == SP_OK);
	SP_REQUIRE(keeper_keyring_create(
		       ring, &agency, "example.org/log", &vkey, &err) == SP_OK);
	sp_buf_add(&body, data + 1, size - 1);
	if ((data[0] & 1) != 0)
		set_kek(ring, &body);
	answer(ring, &body);
	return 0;
}
