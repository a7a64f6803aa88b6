#include "crypto/openssl.h"
#include "crypto/provider.h"
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
		{ "it is opened before use, and once",
		    it_is_opened_before_use_and_once },
		{ "everything comes from our own context",
		    everything_comes_from_our_own_context },
		{ "a failure takes OpenSSL's reason and empties its queue",
		    a_failure_takes_openssls_reason_and_empties_its_queue },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
