#include "crypto/leaf.h"
#include "crypto/provider.h"
#include "crypto/sign.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hostile request for a certificate.  What passes must be issued, and be of
 * the form that every client's is, whatever else it asked for. */
static void
issue(const struct crypto_leaf_key *key)
{
	static const uint8_t fixed[CRYPTO_SIGN_SEED] = { 1, 2, 3 };
	CRYPTO_AUTO_SECRET seed = crypto_secret_from(fixed, sizeof(fixed));
	SP_AUTO_BUF der = sp_buf_new(CRYPTO_LEAF_MAX);
	struct crypto_leaf leaf = { "owner", "subject", key, 0, SP_SECOND };
	const uint8_t *last;

	SP_REQUIRE(seed != NULL);
	SP_REQUIRE(crypto_leaf_issue(seed, &leaf, &der, NULL) == SP_OK);
	/* Never an authority: the last basicConstraints is ours, and there is
	 * no other. */
	last =
	    memmem(der.at, der.len, "\x06\x03\x55\x1d\x13\x01\x01\xff\x04", 9);
	SP_REQUIRE(last != NULL && memcmp(last + 9, "\x02\x30\x00", 3) == 0);
	SP_REQUIRE(memmem(der.at, der.len, key->der, key->len) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;
	struct crypto_leaf_key key = { .len = 0 };

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	if (crypto_leaf_request((const char *)data, size, &key, NULL) == SP_OK)
		issue(&key);
	else
		SP_REQUIRE(key.len == 0);
	return 0;
}
