#include "crypto/provider.h"
#include "ledger/note.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRY "an entry"

/*
 * A proof as far as its checkpoint's text: everything after the first empty
 * line is signed here, so that what follows the signature's check is reached.
 */
static struct ledger_vkey vkey;
static struct crypto_secret *seed;

static void
set_up(void)
{
	static const uint8_t bytes[CRYPTO_SIGN_SEED] = { 1, 2, 3 };
	uint8_t pub[CRYPTO_SIGN_PUBLIC];

	if (seed != NULL)
		return;
	SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	seed = crypto_secret_from(bytes, sizeof(bytes));
	SP_REQUIRE(seed != NULL);
	SP_REQUIRE(crypto_sign_public(seed, pub, NULL) == SP_OK);
	SP_REQUIRE(ledger_vkey_make("log", pub, &vkey, NULL) == SP_OK);
}

static void
sign(const char *text, size_t len, struct sp_buf *proof)
{
	uint8_t sig[CRYPTO_SIGN_LEN];

	SP_REQUIRE(crypto_sign(seed, text, len, sig, NULL) == SP_OK);
	sp_buf_u8(proof, '\n');
	ledger_note_sigline(&vkey, sig, proof);
}

static void
check(const struct sp_buf *proof)
{
	struct ledger_checkpoint c = { .size = UINT64_MAX };
	uint64_t index = UINT64_MAX;
	enum sp_code code = ledger_proof_check(&vkey, sp_buf_str(proof),
	    proof->len, ENTRY, strlen(ENTRY), &index, &c, NULL);

	if (code == SP_OK) {
		SP_REQUIRE(index < c.size && c.size <= INT64_MAX);
		SP_REQUIRE(strcmp(c.origin, "log") == 0);
		return;
	}
	SP_REQUIRE(code == SP_E_INVALID || code == SP_E_CORRUPT);
	SP_REQUIRE(index == UINT64_MAX && c.size == UINT64_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	const uint8_t *text;

	set_up();
	if (size > LEDGER_NOTE_MAX / 2)
		return 0;
	sp_buf_add(&proof, data, size);
	text = memmem(data, size, "\n\n", 2);
	if (text != NULL) {
		text += 2;
		sign((const char *)text, size - (size_t)(text - data), &proof);
	}
	check(&proof);
	return 0;
}
