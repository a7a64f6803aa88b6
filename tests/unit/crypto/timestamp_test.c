#include "crypto/timestamp.h"

#include "authority.h"
#include "base/encode.h"
#include "base/file.h"
#include "crypto/provider.h"

#include <fcntl.h>
#include <unistd.h>

static const char note[] = "evidence.example/v1/agencies/a/log\n7\nroot\n";
static struct authority honest;

static struct crypto_timestamp_wish
wish_for(const struct authority *a, const char *bytes)
{
	struct crypto_timestamp_wish w = { .ca = sp_buf_str(&a->ca_pem) };

	crypto_sha256(bytes, strlen(bytes), w.sha256);
	crypto_random(&w.nonce, sizeof(w.nonce));
	return w;
}

static void
answer(const struct authority *a, const struct crypto_timestamp_wish *w,
    const struct authority_lie *lie, struct sp_buf *reply)
{
	SP_AUTO_BUF request = sp_buf_new(1024);
	struct sp_err err;

	CHECK_OK(crypto_timestamp_request(w, &request, &err), &err);
	authority_answer(a, request.at, request.len, lie, reply);
}

/* What a check gives; on failure nothing may have been touched. */
static enum sp_code
outcome(const void *reply, size_t len, const struct crypto_timestamp_wish *w,
    struct sp_err *err)
{
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	sp_time time = -7;
	enum sp_code code =
	    crypto_timestamp_check(reply, len, w, &time, &token, err);

	if (code != SP_OK)
		CHECK(time == -7 && token.len == 0);
	CHECK(ERR_peek_error() == 0);
	return code;
}

static void
good_one(void)
{
	struct crypto_timestamp_wish w = wish_for(&honest, note);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF again = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	sp_time now = sp_now();
	sp_time time = 0;
	struct sp_err err;

	answer(&honest, &w, &(struct authority_lie){ .status = 0 }, &reply);
	CHECK_OK(crypto_timestamp_check(
		     reply.at, reply.len, &w, &time, &token, &err),
	    &err);
	CHECK(time <= sp_now() && time > now - SP_SECOND);
	/* What is kept is a reply again, for a wish without a nonce as well. */
	crypto_timestamp_reply(token.at, token.len, &again);
	CHECK(again.len == reply.len &&
	    memcmp(again.at, reply.at, reply.len) == 0);
	w.nonce = 0;
	CHECK_OK(outcome(again.at, again.len, &w, &err), &err);
	w.policy = AUTHORITY_POLICY;
	CHECK_OK(outcome(again.at, again.len, &w, &err), &err);
	w.policy = "1.2.3";
	CHECK_CODE(outcome(again.at, again.len, &w, &err), SP_E_CORRUPT, &err);
	w.policy = NULL;
	w.sha256[31] ^= 1;
	CHECK_CODE(outcome(again.at, again.len, &w, &err), SP_E_CORRUPT, &err);
}

/* The request is what `openssl ts -query -cert` would send. */
static void
request_form(void)
{
	struct crypto_timestamp_wish w = {
		.nonce = UINT64_C(0x8899aabbccddeeff), .policy = "1.2.3"
	};
	SP_AUTO_BUF der = sp_buf_new(1024);
	char hex[400];
	struct sp_err err;

	CHECK_OK(crypto_timestamp_request(&w, &der, &err), &err);
	sp_hex(der.at, der.len, hex);
	CHECK(strcmp(hex,
		  "3048020101"
		  "3031300d060960864801650304020105000420"
		  "00000000000000000000000000000000"
		  "00000000000000000000000000000000"
		  "06022a03"
		  "0209008899aabbccddeeff"
		  "0101ff") == 0);
	w.policy = "no oid";
	CHECK_CODE(
	    crypto_timestamp_request(&w, &der, &err), SP_E_INVALID, &err);
	w.policy = "1.2.999999999999999999999999999999999999999999999999999999"
		   "9999999999999999999999999999999999999999999999999999999999"
		   "99999999999999999999999999999999999999999999999999999999";
	CHECK_CODE(
	    crypto_timestamp_request(&w, &der, &err), SP_E_INVALID, &err);
}

static void
lies(void)
{
	static const struct {
		struct authority_lie lie;
		enum sp_code code;
		const char *says;
	} rows[] = {
		{ { .imprint = true }, SP_E_CORRUPT, "of other bytes" },
		{ { .nonce = true }, SP_E_CORRUPT, "another request" },
		{ { .no_nonce = true }, SP_E_CORRUPT, "another request" },
		{ { .policy = true }, SP_E_CORRUPT, "another policy" },
		{ { .version = true }, SP_E_INVALID, "version" },
		{ { .critical = true }, SP_E_CORRUPT, "critical extension" },
		{ { .sha1 = true }, SP_E_CORRUPT, "too weak" },
		{ { .type = true }, SP_E_INVALID, "something else" },
		{ { .two = true }, SP_E_INVALID, "not one signer" },
		{ { .no_attributes = true }, SP_E_INVALID, "no attributes" },
		{ { .no_cades = true }, SP_E_CORRUPT, "not signed by" },
		{ { .no_content = true }, SP_E_INVALID, "no content" },
		{ { .no_token = true }, SP_E_INVALID, "no token" },
		{ { .no_certificate = true }, SP_E_CORRUPT, "not signed by" },
		{ { .late = 7200 * SP_SECOND }, SP_E_CORRUPT, "expired" },
		{ { .late = -7200 * SP_SECOND }, SP_E_CORRUPT, "not yet" },
		{ { .status = 2 }, SP_E_DENIED, "(status 2): busy" },
		{ { .status = 5 }, SP_E_DENIED, "(status 5): busy" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct crypto_timestamp_wish w = wish_for(&honest, note);
		SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
		struct sp_err err = { .code = SP_OK };

		w.policy = AUTHORITY_POLICY;
		answer(&honest, &w, &rows[i].lie, &reply);
		CHECK_CODE(
		    outcome(reply.at, reply.len, &w, &err), rows[i].code, &err);
		if (strstr(err.text, rows[i].says) == NULL)
			tap_fail(__FILE__, __LINE__, rows[i].says, err.text);
	}
}

static void
certificates(void)
{
	static const struct {
		struct authority_kind kind;
		const char *says;
	} rows[] = {
		{ { .usage = NULL }, "purpose" },
		{ { .usage = "timeStamping" }, "purpose" }, /* not critical */
		{ { .usage = "critical,timeStamping,serverAuth" }, "purpose" },
		{ { .usage = "critical,serverAuth" }, "purpose" },
		{ { .usage = AUTHORITY_USAGE, .from = -7200, .to = -10 },
		    "expired" },
		{ { .usage = AUTHORITY_USAGE, .from = 100 }, "not yet valid" },
		{ { .usage = AUTHORITY_USAGE, .weak = true }, "too weak" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		AUTHORITY_AUTO a = authority_new(&rows[i].kind);
		struct crypto_timestamp_wish w = wish_for(&a, note);
		SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
		struct sp_err err = { .code = SP_OK };

		answer(&a, &w, &(struct authority_lie){ .status = 0 }, &reply);
		CHECK_CODE(
		    outcome(reply.at, reply.len, &w, &err), SP_E_CORRUPT, &err);
		if (strstr(err.text, rows[i].says) == NULL)
			tap_fail(__FILE__, __LINE__, rows[i].says, err.text);
	}
}

/* Somebody else's signature, and somebody else's CA. */
static void
strangers(void)
{
	AUTHORITY_AUTO other =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	struct authority_lie lie = { .signs = &other };
	struct crypto_timestamp_wish w = wish_for(&honest, note);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF both = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct sp_err err;

	answer(&honest, &w, &lie, &reply);
	CHECK_CODE(outcome(reply.at, reply.len, &w, &err), SP_E_CORRUPT, &err);
	w.ca = sp_buf_str(&other.ca_pem);
	CHECK_OK(outcome(reply.at, reply.len, &w, &err), &err);
	sp_buf_fmt(&both, "comment\n%s\n%s", sp_buf_str(&honest.ca_pem),
	    sp_buf_str(&other.ca_pem));
	w.ca = sp_buf_str(&both);
	CHECK_OK(outcome(reply.at, reply.len, &w, &err), &err);
}

static void
every_cut(void)
{
	struct crypto_timestamp_wish w = wish_for(&honest, note);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	uint8_t *copy;
	struct sp_err err;

	answer(&honest, &w, &(struct authority_lie){ .status = 0 }, &reply);
	for (size_t n = 0; n < reply.len; n++) {
		copy = malloc(n + 1); /* so that reading past it is seen */
		memcpy(copy, reply.at, n);
		CHECK_CODE(outcome(copy, n, &w, &err), SP_E_INVALID, &err);
		free(copy);
	}
	sp_buf_u8(&reply, 0);
	CHECK_CODE(outcome(reply.at, reply.len, &w, &err), SP_E_INVALID, &err);
}

/* No change of a byte makes another good timestamp: it is refused, or it
 * touched what nobody signs and the token says the same. */
static void
every_flip(void)
{
	struct crypto_timestamp_wish w = wish_for(&honest, note);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	size_t passed = 0;
	sp_time first = 0;
	struct sp_err err;

	answer(&honest, &w, &(struct authority_lie){ .status = 0 }, &reply);
	CHECK_OK(crypto_timestamp_check(
		     reply.at, reply.len, &w, &first, &token, &err),
	    &err);
	for (size_t i = 0; i < reply.len; i++) {
		SP_AUTO_BUF again = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
		sp_time time = 0;

		reply.at[i] ^= (uint8_t)(1U << (i % 8));
		if (crypto_timestamp_check(reply.at, reply.len, &w, &time,
			&again, &err) == SP_OK) {
			CHECK(time == first);
			passed++;
		}
		reply.at[i] ^= (uint8_t)(1U << (i % 8));
	}
	/* an optional NULL parameter, a version: none of what is signed */
	CHECK(passed < 20);
}

static void
huge(void)
{
	struct crypto_timestamp_wish w = wish_for(&honest, note);
	size_t len = (size_t)4 << 20;
	uint8_t *big = calloc(1, len);
	struct sp_err err;

	big[0] = 0x30;
	big[1] = 0x83;
	big[2] = 0x3f;
	big[3] = 0xff;
	big[4] = 0xfb;
	CHECK_CODE(outcome(big, len, &w, &err), SP_E_INVALID, &err);
	memset(big, 0x30, len); /* nested */
	CHECK_CODE(outcome(big, 60000, &w, &err), SP_E_INVALID, &err);
	memset(big, 0x80, len); /* indefinite */
	big[0] = 0x30;
	CHECK_CODE(outcome(big, 60000, &w, &err), SP_E_INVALID, &err);
	free(big);
}

static void
ca_files(void)
{
	SP_AUTO_BUF many = sp_buf_new((size_t)1 << 20);
	SP_AUTO_BUF cut = sp_buf_new(8192);
	struct sp_err err;

	CHECK_OK(
	    crypto_timestamp_ca_ok(sp_buf_str(&honest.ca_pem), &err), &err);
	CHECK_CODE(crypto_timestamp_ca_ok("", &err), SP_E_INVALID, &err);
	CHECK_CODE(crypto_timestamp_ca_ok("ca.pem", &err), SP_E_INVALID, &err);
	sp_buf_add(&cut, honest.ca_pem.at, honest.ca_pem.len - 60);
	CHECK_CODE(
	    crypto_timestamp_ca_ok(sp_buf_str(&cut), &err), SP_E_INVALID, &err);
	sp_buf_clear(&cut);
	sp_buf_text(&cut,
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	CHECK_CODE(
	    crypto_timestamp_ca_ok(sp_buf_str(&cut), &err), SP_E_INVALID, &err);
	for (int i = 0; i <= CRYPTO_TIMESTAMP_CAS; i++)
		sp_buf_text(&many, sp_buf_str(&honest.ca_pem));
	CHECK_CODE(
	    crypto_timestamp_ca_ok(sp_buf_str(&many), &err), SP_E_LIMIT, &err);
}

/* TIMESTAMP_CORPUS=FOLDER: write what fuzz/crypto/timestamp_fuzz.c begins
 * with; its wish has this imprint and nonce, and its CA this PEM. */
static void
write_corpus(void)
{
	const char *dir = getenv("TIMESTAMP_CORPUS"); // NOLINT: no threads
	struct crypto_timestamp_wish w = wish_for(&honest, "fuzz");
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF no = sp_buf_new(100);
	struct sp_err err;
	int fd;

	if (dir == NULL)
		return;
	w.nonce = 4711;
	answer(&honest, &w, &(struct authority_lie){ .status = 0 }, &reply);
	authority_refuse(2, &no);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_OK(
	    sp_file_replace(fd, "granted", reply.at, reply.len, 0644, &err),
	    &err);
	CHECK_OK(
	    sp_file_replace(fd, "refused", no.at, no.len, 0644, &err), &err);
	CHECK_OK(sp_file_replace(fd, "ca.pem", honest.ca_pem.at,
		     honest.ca_pem.len, 0644, &err),
	    &err);
	(void)close(fd);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a timestamp, and the token kept", good_one },
		{ "the request, byte for byte", request_form },
		{ "an authority that lies", lies },
		{ "certificates that are not for this", certificates },
		{ "other authorities", strangers },
		{ "cut at every place, and longer", every_cut },
		{ "a bit changed at every place", every_flip },
		{ "huge and deep", huge },
		{ "CA files", ca_files },
		{ "the corpus", write_corpus },
	};
	int failed;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	honest =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	failed = tap_run(cases, SP_COUNTOF(cases));
	authority_free(&honest);
	return failed;
}
