#include "crypto/provider.h"
#include "ledger/note.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key published with the signed-note specification. */
static const char foo[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

static const struct ledger_vkey *
key(void)
{
	static struct ledger_vkey k;
	static bool ready;

	if (!ready) {
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
		SP_REQUIRE(
		    ledger_vkey_parse(foo, strlen(foo), &k, NULL) == SP_OK);
		ready = true;
	}
	return &k;
}

/* What is accepted is the one way to write it. */
static void
verifier_key(const char *s, size_t len)
{
	SP_AUTO_BUF again = sp_buf_new((size_t)4 * LEDGER_NAME_MAX);
	struct ledger_vkey k;

	if (ledger_vkey_parse(s, len, &k, NULL) != SP_OK)
		return;
	ledger_vkey_text(&k, &again);
	SP_REQUIRE(again.len == len && memcmp(again.at, s, len) == 0);
}

/* What is accepted begins as it would be written. */
static void
checkpoint(const char *s, size_t len)
{
	SP_AUTO_BUF again = sp_buf_new((size_t)4 * LEDGER_NAME_MAX);
	struct ledger_checkpoint c;

	if (ledger_checkpoint_parse(s, len, &c, NULL) != SP_OK)
		return;
	ledger_checkpoint_text(&c, &again);
	SP_REQUIRE(again.len <= len && memcmp(again.at, s, again.len) == 0);
	SP_REQUIRE(s[len - 1] == '\n');
}

/* A text that is signed is a part of the note, and ends a line. */
static void
note(const char *s, size_t len)
{
	size_t text = len + 1;
	enum sp_code code = ledger_note_check(key(), s, len, &text, NULL);

	SP_REQUIRE(
	    code == SP_OK || code == SP_E_INVALID || code == SP_E_CORRUPT);
	SP_REQUIRE((code == SP_OK) == (text <= len));
	if (code == SP_OK)
		SP_REQUIRE(s[text - 1] == '\n' && s[text] == '\n');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	enum sp_code code;

	(void)key();
	verifier_key(s, size);
	checkpoint(s, size);
	note(s, size);
	code = ledger_proof_check(key(), s, size, "x", 1, NULL, NULL, NULL);
	SP_REQUIRE(code == SP_E_INVALID || code == SP_E_CORRUPT);
	return 0;
}
