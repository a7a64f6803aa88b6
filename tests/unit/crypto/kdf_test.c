#include "crypto/kdf.h"
#include "vectors.h"

/* PBKDF2-HMAC-SHA256: RFC 7914 section 11 (first 32 of 64 bytes), and RFC
 * 6070's inputs with this hash, as published widely. */
static const struct {
	const char *passphrase, *salt;
	uint32_t iterations;
	const char *want;
} pbkdf2[] = {
	{ "passwd", "salt", 1,
	    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacb"
	    "c" },
	{ "Password", "NaCl", 80000,
	    "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab5"
	    "6" },
	{ "password", "salt", 1,
	    "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17"
	    "b" },
	{ "password", "salt", 2,
	    "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c4"
	    "3" },
	{ "password", "salt", 4096,
	    "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134"
	    "a" },
	{ "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt",
	    4096,
	    "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e"
	    "1" },
};

static void
pbkdf2_vectors(void)
{
	for (size_t i = 0; i < SP_COUNTOF(pbkdf2); i++) {
		CRYPTO_AUTO_SECRET p = crypto_secret_from(
		    pbkdf2[i].passphrase, strlen(pbkdf2[i].passphrase));
		CRYPTO_AUTO_SECRET key = NULL;
		struct sp_err err;

		CHECK_OK(
		    crypto_kdf_passphrase(p, (const uint8_t *)pbkdf2[i].salt,
			strlen(pbkdf2[i].salt), pbkdf2[i].iterations, &key,
			&err),
		    &err);
		CHECK(equals_hex(crypto_secret_bytes(key),
		    crypto_secret_len(key), pbkdf2[i].want));
	}
}

static void
iterations_are_bounded(void)
{
	static const uint32_t wrong[] = { 0, CRYPTO_KDF_ITERATIONS_MAX + 1,
		UINT32_MAX };
	CRYPTO_AUTO_SECRET p = crypto_secret_from("x", 1);
	struct crypto_secret *key = NULL;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(wrong); i++)
		CHECK_CODE(crypto_kdf_passphrase(p, (const uint8_t *)"0123456",
			       8, wrong[i], &key, &err),
		    SP_E_INVALID, &err);
	CHECK(key == NULL);
}

/* RFC 5869 appendix A: cases 1, 2, 3 (SHA-256), 4 (SHA-1). */
static const struct {
	enum crypto_digest_kind hash;
	const char *ikm, *salt, *info, *want;
} hkdf[] = {
	{ CRYPTO_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	    "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865" },
	{ CRYPTO_SHA256,
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
	    "404142434445464748494a4b4c4d4e4f",
	    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
	    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
	    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	    "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
	    "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
	    "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	    "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	    "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
	{ CRYPTO_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8" },
	{ CRYPTO_SHA1, "0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
	    "f0f1f2f3f4f5f6f7f8f9",
	    "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2"
	    "c22e422478d305f3f896" },
};

static void
rfc_5869_vectors(void)
{
	for (size_t i = 0; i < SP_COUNTOF(hkdf); i++) {
		CRYPTO_AUTO_SECRET ikm = secret_of(hkdf[i].ikm);
		struct bytes salt = unhex(hkdf[i].salt);
		struct bytes info = unhex(hkdf[i].info);
		CRYPTO_AUTO_SECRET out =
		    crypto_secret_new(strlen(hkdf[i].want) / 2);
		struct sp_err err;

		CHECK_OK(
		    crypto_kdf_hkdf(hkdf[i].hash, ikm,
			(struct crypto_piece){ salt.at, salt.len },
			(struct crypto_piece){ info.at, info.len }, out, &err),
		    &err);
		CHECK(equals_hex(crypto_secret_bytes(out),
		    crypto_secret_len(out), hkdf[i].want));
	}
}

/* RFC 4231, cases 1 and 2; RFC 2202, case 2. */
static void
hmac_vectors(void)
{
	static const struct {
		enum crypto_digest_kind hash;
		const char *key, *data, *want;
	} v[] = {
		{ CRYPTO_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		    "4869205468657265",
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ CRYPTO_SHA256, "4a656665",
		    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ CRYPTO_SHA1, "4a656665",
		    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	};

	for (size_t i = 0; i < SP_COUNTOF(v); i++) {
		CRYPTO_AUTO_SECRET key = secret_of(v[i].key);
		struct bytes data = unhex(v[i].data);
		uint8_t out[CRYPTO_DIGEST_MAX];
		struct sp_err err;

		CHECK_OK(
		    crypto_hmac(v[i].hash, key,
			(struct crypto_piece){ data.at, data.len }, out, &err),
		    &err);
		CHECK(equals_hex(out, crypto_digest_len(v[i].hash), v[i].want));
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "PBKDF2 vectors", pbkdf2_vectors },
		{ "iterations are bounded", iterations_are_bounded },
		{ "RFC 5869 vectors", rfc_5869_vectors },
		{ "HMAC vectors", hmac_vectors },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
