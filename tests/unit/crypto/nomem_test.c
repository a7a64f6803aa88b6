#include "authority.h"
#include "base/nth_alloc.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/sign.h"
#include "crypto/stream.h"
#include "crypto/timestamp.h"
#include "crypto/wrap.h"
#include "vectors.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

/*
 * The whole room while memory runs out: each allocation of ours and of
 * OpenSSL's in turn fails.  Every call then says so or succeeds; it leaves its
 * output alone when it fails, and nothing behind (the leak checker watches).
 */

static void *
ssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

static void *
ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(p, n);
}

static void
ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static bool
expected(enum sp_code code)
{
	return code == SP_OK ||
	    (nth_alloc_hit && (code == SP_E_NOMEM || code == SP_E_INTERNAL));
}

static struct crypto_secret *key;
static uint8_t header[CRYPTO_STREAM_HEADER] = { 0x28, 1, 2, 3 };

static void
streams(void)
{
	SP_AUTO_BUF sealed = sp_buf_new(1000);
	SP_AUTO_BUF opened = sp_buf_secret(1000);
	CRYPTO_AUTO_STREAM s = NULL;
	struct sp_err err;
	enum sp_code code;

	code = crypto_stream_seal_whole(key, "ad", "text", 4, &sealed, &err);
	CHECK(expected(code) && (code == SP_OK) == (sealed.len == 60));
	if (code == SP_OK) {
		code = crypto_stream_open_whole(
		    key, "ad", sealed.at, sealed.len, &opened, &err);
		/* a cipher that cannot be set up is no proof of corruption */
		CHECK(expected(code));
		CHECK((code == SP_OK) == (opened.len == 4));
	}
	code = crypto_stream_open(&s, key, "ad", header, &err);
	CHECK(expected(code) && (code == SP_OK) == (s != NULL));
}

static void
keys(void)
{
	CRYPTO_AUTO_SECRET back = NULL;
	uint8_t wrapped[CRYPTO_WRAP_LEN(32)];
	struct sp_err err;
	enum sp_code code = crypto_wrap(key, key, wrapped, &err);

	CHECK(expected(code));
	if (code != SP_OK)
		return;
	code = crypto_unwrap(key, wrapped, sizeof(wrapped), &back, &err);
	CHECK(expected(code) && (code == SP_OK) == (back != NULL));
}

static void
signatures(void)
{
	uint8_t sig[CRYPTO_SIGN_LEN], pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	CHECK(expected(crypto_sign_public(key, pub, &err)));
	CHECK(expected(crypto_sign(key, "m", 1, sig, &err)));
}

static void
digests_and_passphrases(void)
{
	CRYPTO_AUTO_DIGEST d = crypto_digest_new(CRYPTO_SHA512);
	CRYPTO_AUTO_DIGEST copy = d == NULL ? NULL : crypto_digest_copy(d);
	CRYPTO_AUTO_SECRET derived = NULL;
	struct sp_err err;

	CHECK(nth_alloc_hit || (d != NULL && copy != NULL));
	CHECK(expected(crypto_kdf_passphrase(
	    key, header, sizeof(header), 1, &derived, &err)));
}

static void
authorities(void)
{
	SP_AUTO_BUF ca = sp_buf_new(5000);
	SP_AUTO_BUF ca_key = sp_buf_secret(5000);
	struct sp_err err;
	enum sp_code code = crypto_cert_make_ca("CA", &ca, &ca_key, &err);

	CHECK(expected(code) && (code == SP_OK) == (ca.len > 0));
	CHECK((ca.len > 0) == (ca_key.len > 0));
}

static struct sp_buf ca, ca_key; /* one that is there */

static void
certificates(void)
{
	static const char *const hosts[] = { "a.example", "::1" };
	SP_AUTO_BUF cert = sp_buf_new(5000);
	SP_AUTO_BUF cert_key = sp_buf_secret(5000);
	struct sp_err err;
	enum sp_code code =
	    crypto_cert_make_server(sp_buf_str(&ca), sp_buf_str(&ca_key), hosts,
		SP_COUNTOF(hosts), &cert, &cert_key, &err);

	CHECK(expected(code) || (nth_alloc_hit && code == SP_E_INVALID));
	CHECK((code == SP_OK) == (cert.len > 0));
	CHECK((cert.len > 0) == (cert_key.len > 0));
}

static struct crypto_timestamp_wish wish = { .nonce = 4711 };
static uint8_t reply[CRYPTO_TIMESTAMP_MAX];
static size_t reply_len;

/* Want of memory inside OpenSSL's parsers cannot be told from a malformed
 * reply: it is refused, for whatever reason. */
static void
timestamps(void)
{
	SP_AUTO_BUF request = sp_buf_new(1000);
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct sp_err err;
	sp_time time = 0;
	enum sp_code code;

	CHECK(expected(crypto_timestamp_request(&wish, &request, &err)));
	code = crypto_timestamp_check(
	    reply, reply_len, &wish, &time, &token, &err);
	CHECK(code == SP_OK || nth_alloc_hit);
	CHECK((code == SP_OK) == (time != 0));
	CHECK((code == SP_OK) == (token.len != 0));
}

/* Sanitizers take their time: past the first thousand they see every third
 * fail. */
#define MANY 1000
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRIDE 3
#endif
#endif
#ifndef STRIDE
#define STRIDE 1
#endif

/* Runs once whole, so that what a thread keeps is there, and then with each
 * allocation failing in turn. */
static void
each_fails(void (*act)(void))
{
	unsigned n = 1, last = 0;

	nth_alloc_arm(0);
	act();
	do {
		last = n;
		nth_alloc_arm(n);
		n += n < MANY ? 1 : STRIDE;
		act();
		ERR_clear_error();
	} while (nth_alloc_again());
	CHECK(last > 4);
	printf("# %u allocations\n", last - 1);
}

static void
streams_survive(void)
{
	each_fails(streams);
}

static void
keys_survive(void)
{
	each_fails(keys);
}

static void
signatures_survive(void)
{
	each_fails(signatures);
}

static void
digests_and_passphrases_survive(void)
{
	each_fails(digests_and_passphrases);
}

static void
authorities_survive(void)
{
	each_fails(authorities);
}

static void
certificates_survive(void)
{
	struct sp_err err;

	ca = sp_buf_new(5000);
	ca_key = sp_buf_secret(5000);
	CHECK_OK(crypto_cert_make_ca("CA", &ca, &ca_key, &err), &err);
	each_fails(certificates);
	sp_buf_free(&ca);
	sp_buf_free(&ca_key);
}

static void
timestamps_survive(void)
{
	AUTHORITY_AUTO a =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	SP_AUTO_BUF request = sp_buf_new(1000);
	SP_AUTO_BUF answer = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct sp_err err;

	wish.ca = sp_buf_str(&a.ca_pem);
	CHECK_OK(crypto_timestamp_request(&wish, &request, &err), &err);
	authority_answer(&a, request.at, request.len,
	    &(struct authority_lie){ .status = 0 }, &answer);
	memcpy(reply, answer.at, answer.len);
	reply_len = answer.len;
	each_fails(timestamps);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "streams", streams_survive },
		{ "wrapped keys", keys_survive },
		{ "signatures", signatures_survive },
		{ "digests and passphrases", digests_and_passphrases_survive },
		{ "authorities", authorities_survive },
		{ "certificates", certificates_survive },
		{ "timestamps", timestamps_survive },
	};
	uint8_t hash[CRYPTO_SHA256_LEN];
	int rc;

	CHECK(CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) == 1);
	open_provider();
	crypto_sha256("", 0, hash);
	key = crypto_secret_random(32);
	crypto_random(header + 1, sizeof(header) - 1);
	rc = tap_run(cases, SP_COUNTOF(cases));
	crypto_secret_free(key);
	return rc;
}
