#include "crypto/cert.h"
#include "crypto/openssl.h"
#include "crypto/provider.h"
#include "crypto/stream.h"
#include "tap.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* First, while nothing is open: a failure leaves it so. */
static void
an_unmet_query_names_the_algorithm(void)
{
	struct sp_err err;

	CHECK_CODE(crypto_provider_open("sallyport.absent=yes", &err),
	    SP_E_UNAVAIL, &err);
	CHECK(strstr(err.text, "SHA1") != NULL);
	CHECK(ERR_peek_error() == 0);
}

/* A query that the default provider meets, as a validated one would: all of
 * the room works under it. */
static int
works_with_a_query(void)
{
	static const char *const hosts[] = { "localhost" };
	SP_AUTO_BUF cert = sp_buf_new(5000);
	SP_AUTO_BUF key = sp_buf_secret(5000);
	SP_AUTO_BUF sealed = sp_buf_new(5000);
	CRYPTO_AUTO_SECRET secret = NULL;
	struct sp_err err;

	CHECK_OK(crypto_provider_open("provider=default", &err), &err);
	CHECK(strcmp(crypto_openssl_query(), "provider=default") == 0);
	secret = crypto_secret_random(32);
	CHECK_OK(crypto_stream_seal_whole(secret, "", "text", 4, &sealed, &err),
	    &err);
	CHECK_OK(crypto_cert_make_ca("x", &cert, &key, &err), &err);
	CHECK_OK(crypto_cert_make_server(sp_buf_str(&cert), sp_buf_str(&key),
		     hosts, 1, &sealed, &sealed, &err),
	    &err);
	return 0;
}

static void
a_query_that_is_met_holds_for_the_whole_room(void)
{
	pid_t pid = fork();
	int status = 0;

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(works_with_a_query());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool
aborts(void (*act)(void))
{
	pid_t pid = fork();
	int status = 0;

	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		(void)signal(SIGABRT, SIG_DFL);
		act();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
use(void)
{
	(void)crypto_openssl_md(CRYPTO_SHA256);
}

static void
open_again(void)
{
	struct sp_err err;

	_exit((int)crypto_provider_open("", &err));
}

static void
it_is_opened_before_use_and_once(void)
{
	struct sp_err err;

	CHECK(aborts(use));
	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK(!aborts(use));
	CHECK(aborts(open_again));
}

static void
everything_comes_from_our_own_context(void)
{
	CHECK(crypto_openssl_context() != NULL);
	CHECK(strcmp(crypto_openssl_query(), "") == 0);
	CHECK(EVP_MD_get_size(crypto_openssl_md(CRYPTO_SHA1)) == 20);
	CHECK(EVP_MD_get_size(crypto_openssl_md(CRYPTO_SHA512)) == 64);
	CHECK(EVP_CIPHER_get_key_length(
		  crypto_openssl_cipher(CRYPTO_FETCH_AES_256_GCM)) == 32);
	CHECK(crypto_openssl_kdf(CRYPTO_FETCH_HKDF) !=
	    crypto_openssl_kdf(CRYPTO_FETCH_PBKDF2));
	CHECK(OSSL_PROVIDER_available(crypto_openssl_context(), "default"));
	CHECK(!OSSL_PROVIDER_available(crypto_openssl_context(), "legacy"));
}

static void
a_failure_takes_openssls_reason_and_empties_its_queue(void)
{
	struct sp_err err;

	ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
	CHECK_CODE(crypto_openssl_fail(&err, "do it"), SP_E_NOMEM, &err);
	ERR_raise(ERR_LIB_EVP, EVP_R_INVALID_KEY_LENGTH);
	CHECK_CODE(crypto_openssl_fail(&err, "do it"), SP_E_INTERNAL, &err);
	CHECK(strstr(err.text, "do it: invalid key length") != NULL);
	CHECK(ERR_peek_error() == 0);
	CHECK_CODE(crypto_openssl_fail(&err, "do it"), SP_E_INTERNAL, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "an unmet query names the algorithm",
		    an_unmet_query_names_the_algorithm },
		{ "a query that is met holds for the whole room",
		    a_query_that_is_met_holds_for_the_whole_room },
		{ "it is opened before use, and once",
		    it_is_opened_before_use_and_once },
		{ "everything comes from our own context",
		    everything_comes_from_our_own_context },
		{ "a failure takes OpenSSL's reason and empties its queue",
		    a_failure_takes_openssls_reason_and_empties_its_queue },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
