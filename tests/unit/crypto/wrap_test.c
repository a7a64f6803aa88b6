#include "crypto/wrap.h"
#include "kwp_vectors.h"
#include "vectors.h"

#include <openssl/err.h>

static void
published_vectors(void)
{
	for (size_t i = 0; i < SP_COUNTOF(kwp_vectors); i++) {
		CRYPTO_AUTO_SECRET kek = secret_of(kwp_vectors[i].kek);
		CRYPTO_AUTO_SECRET secret = secret_of(kwp_vectors[i].secret);
		struct bytes want = unhex(kwp_vectors[i].wrapped);
		CRYPTO_AUTO_SECRET back = NULL;
		uint8_t out[CRYPTO_WRAP_LEN(CRYPTO_WRAP_MAX)];
		struct sp_err err;

		if (!kwp_vectors[i].valid) {
			CHECK_CODE(
			    crypto_unwrap(kek, want.at, want.len, &back, &err),
			    SP_E_CORRUPT, &err);
			CHECK(back == NULL && ERR_peek_error() == 0);
			continue;
		}
		CHECK_OK(crypto_wrap(kek, secret, out, &err), &err);
		CHECK(CRYPTO_WRAP_LEN(crypto_secret_len(secret)) == want.len);
		CHECK(memcmp(out, want.at, want.len) == 0);
		CHECK_OK(
		    crypto_unwrap(kek, want.at, want.len, &back, &err), &err);
		CHECK(equals_hex(crypto_secret_bytes(back),
		    crypto_secret_len(back), kwp_vectors[i].secret));
	}
}

static void
every_size_round_trips(void)
{
	CRYPTO_AUTO_SECRET kek = crypto_secret_random(CRYPTO_WRAP_KEY);

	for (size_t n = 1; n <= CRYPTO_WRAP_MAX; n += n < 70 ? 1 : 53) {
		CRYPTO_AUTO_SECRET secret = crypto_secret_random(n);
		CRYPTO_AUTO_SECRET back = NULL;
		uint8_t out[CRYPTO_WRAP_LEN(CRYPTO_WRAP_MAX) + 8];
		struct sp_err err;

		memset(out, 0xEE, sizeof(out));
		CHECK_OK(crypto_wrap(kek, secret, out, &err), &err);
		CHECK(out[CRYPTO_WRAP_LEN(n)] == 0xEE);
		CHECK_OK(
		    crypto_unwrap(kek, out, CRYPTO_WRAP_LEN(n), &back, &err),
		    &err);
		CHECK(crypto_secret_len(back) == n);
		CHECK(crypto_bytes_equal(
		    crypto_secret_bytes(back), crypto_secret_bytes(secret), n));
	}
}

static void
every_changed_bit_and_every_cut_is_refused(void)
{
	CRYPTO_AUTO_SECRET kek = crypto_secret_random(CRYPTO_WRAP_KEY);
	CRYPTO_AUTO_SECRET other = crypto_secret_random(CRYPTO_WRAP_KEY);
	CRYPTO_AUTO_SECRET secret = crypto_secret_random(32);
	struct crypto_secret *back = NULL;
	uint8_t out[CRYPTO_WRAP_LEN(32)];
	struct sp_err err;

	CHECK_OK(crypto_wrap(kek, secret, out, &err), &err);
	for (size_t bit = 0; bit < sizeof(out) * 8; bit++) {
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_CODE(crypto_unwrap(kek, out, sizeof(out), &back, &err),
		    SP_E_CORRUPT, &err);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < sizeof(out); n++)
		CHECK_CODE(crypto_unwrap(kek, out, n, &back, &err),
		    SP_E_CORRUPT, &err);
	CHECK_CODE(crypto_unwrap(other, out, sizeof(out), &back, &err),
	    SP_E_CORRUPT, &err);
	CHECK(back == NULL && ERR_peek_error() == 0);
}

static void
sizes_out_of_bounds_are_refused(void)
{
	CRYPTO_AUTO_SECRET kek = crypto_secret_random(CRYPTO_WRAP_KEY);
	CRYPTO_AUTO_SECRET short_kek = crypto_secret_random(31);
	CRYPTO_AUTO_SECRET none = crypto_secret_new(0);
	CRYPTO_AUTO_SECRET large = crypto_secret_new(CRYPTO_WRAP_MAX + 1);
	CRYPTO_AUTO_SECRET fits = crypto_secret_new(32);
	struct crypto_secret *back = NULL;
	uint8_t out[CRYPTO_WRAP_LEN(CRYPTO_WRAP_MAX + 1)];
	struct sp_err err;

	memset(out, 0xEE, sizeof(out));
	CHECK_CODE(crypto_wrap(kek, none, out, &err), SP_E_INVALID, &err);
	CHECK_CODE(crypto_wrap(kek, large, out, &err), SP_E_INVALID, &err);
	CHECK_CODE(crypto_wrap(short_kek, fits, out, &err), SP_E_INVALID, &err);
	CHECK(out[0] == 0xEE && out[sizeof(out) - 1] == 0xEE);
	CHECK_CODE(crypto_unwrap(kek, out, sizeof(out), &back, &err),
	    SP_E_CORRUPT, &err);
	CHECK_CODE(
	    crypto_unwrap(short_kek, out, 40, &back, &err), SP_E_INVALID, &err);
	CHECK(back == NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "published vectors", published_vectors },
		{ "every size round trips", every_size_round_trips },
		{ "every changed bit and every cut is refused",
		    every_changed_bit_and_every_cut_is_refused },
		{ "sizes out of bounds are refused",
		    sizes_out_of_bounds_are_refused },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
