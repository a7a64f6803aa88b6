#include "crypto/sign.h"
#include "sign_vectors.h"
#include "vectors.h"

#include <openssl/err.h>

static void
rfc_8032_vectors(void)
{
	for (size_t i = 0; i < SP_COUNTOF(sign_vectors); i++) {
		CRYPTO_AUTO_SECRET seed = secret_of(sign_vectors[i].seed);
		struct bytes m = unhex(sign_vectors[i].message);
		uint8_t pub[CRYPTO_SIGN_PUBLIC];
		uint8_t sig[CRYPTO_SIGN_LEN];
		struct sp_err err;

		CHECK_OK(crypto_sign_public(seed, pub, &err), &err);
		CHECK(equals_hex(pub, sizeof(pub), sign_vectors[i].pub));
		CHECK_OK(crypto_sign(seed, m.at, m.len, sig, &err), &err);
		CHECK(equals_hex(sig, sizeof(sig), sign_vectors[i].sig));
		CHECK(crypto_sign_check(pub, m.at, m.len, sig));
	}
}

static void
published_forgeries_are_refused(void)
{
	CHECK(SP_COUNTOF(bad_signatures) > 40);
	for (size_t i = 0; i < SP_COUNTOF(bad_signatures); i++) {
		struct bytes pub = unhex(bad_signatures[i].pub);
		struct bytes m = unhex(bad_signatures[i].message);
		struct bytes sig = unhex(bad_signatures[i].sig);

		CHECK(!crypto_sign_check(pub.at, m.at, m.len, sig.at));
		CHECK(ERR_peek_error() == 0);
	}
}

static void
every_changed_bit_is_refused(void)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	uint8_t m[] = "example.com/log\n7\n";
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	uint8_t sig[CRYPTO_SIGN_LEN];
	struct sp_err err;

	CHECK_OK(crypto_sign_public(seed, pub, &err), &err);
	CHECK_OK(crypto_sign(seed, m, sizeof(m), sig, &err), &err);
	CHECK(crypto_sign_check(pub, m, sizeof(m), sig));
	for (size_t bit = 0; bit < sizeof(sig) * 8; bit++) {
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!crypto_sign_check(pub, m, sizeof(m), sig));
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(m) * 8; bit++) {
		m[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!crypto_sign_check(pub, m, sizeof(m), sig));
		m[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(pub) * 8; bit++) {
		pub[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!crypto_sign_check(pub, m, sizeof(m), sig));
		pub[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(!crypto_sign_check(pub, m, sizeof(m) - 1, sig));
	CHECK(crypto_sign_check(pub, m, sizeof(m), sig));
}

static void
a_seed_of_another_size_is_refused(void)
{
	uint8_t out[CRYPTO_SIGN_LEN];
	struct sp_err err;

	memset(out, 0xEE, sizeof(out));
	for (size_t n = 0; n < 70; n++) {
		CRYPTO_AUTO_SECRET seed = crypto_secret_new(n);

		if (n == CRYPTO_SIGN_SEED)
			continue;
		CHECK_CODE(
		    crypto_sign(seed, "m", 1, out, &err), SP_E_INVALID, &err);
		CHECK_CODE(
		    crypto_sign_public(seed, out, &err), SP_E_INVALID, &err);
		CHECK(out[0] == 0xEE);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "RFC 8032 vectors", rfc_8032_vectors },
		{ "published forgeries are refused",
		    published_forgeries_are_refused },
		{ "every changed bit is refused",
		    every_changed_bit_is_refused },
		{ "a seed of another size is refused",
		    a_seed_of_another_size_is_refused },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
