#include "crypto/provider.h"
#include "ledger/cosign.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ledger_cosigner cosigner;
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
	SP_REQUIRE(ledger_cosigner_make("w", pub, &cosigner, NULL) == SP_OK);
}

/* What is accepted is the one way to write it. */
static void
verifier_key(const char *s, size_t len)
{
	SP_AUTO_BUF again = sp_buf_new((size_t)4 * LEDGER_NAME_MAX);
	struct ledger_cosigner k;

	if (ledger_cosigner_parse(s, len, &k, NULL) != SP_OK)
		return;
	ledger_cosigner_text(&k, &again);
	SP_REQUIRE(again.len == len && memcmp(again.at, s, len) == 0);
}

/* A right line after these: what the key said is found, unless a line before
 * is no line, or its own. */
static void
lines(const char *s, size_t len)
{
	static const char text[] = "log\n5\nroot\n";
	SP_AUTO_BUF message = sp_buf_new(1000);
	SP_AUTO_BUF all = sp_buf_new((size_t)2 * LEDGER_NOTE_MAX);
	struct ledger_cosignature c = { .time = 7 }, got = { .time = 42 };
	enum sp_code code;

	ledger_cosign_message(c.time, text, strlen(text), &message);
	SP_REQUIRE(
	    crypto_sign(seed, message.at, message.len, c.sig, NULL) == SP_OK);
	sp_buf_add(&all, s, len);
	ledger_cosign_line(&cosigner, &c, &all);
	code = ledger_cosign_check(&cosigner, text, strlen(text),
	    sp_buf_str(&all), all.len, &got, NULL);
	SP_REQUIRE(
	    code == SP_OK || code == SP_E_INVALID || code == SP_E_CORRUPT);
	SP_REQUIRE((code == SP_OK) == (got.time == 7));
	code = ledger_cosign_check(
	    &cosigner, text, strlen(text), s, len, &got, NULL);
	SP_REQUIRE(code != SP_OK || memmem(s, len, "w ", 2) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > LEDGER_NOTE_MAX)
		return 0;
	set_up();
	verifier_key((const char *)data, size);
	lines((const char *)data, size);
	return 0;
}
