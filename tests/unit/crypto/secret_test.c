#include "crypto/secret.h"
#include "vectors.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SP_SANITIZED
static const bool locks = false; /* the sanitizers' mlock does nothing */
#else
static const bool locks = true;
#endif

static bool
all_zero(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (at[i] != 0)
			return false;
	}
	return true;
}

static void
a_new_secret_is_zero_at_every_size(void)
{
	static const size_t sizes[] = { 0, 1, 16, 32, 63, 64, 65, 4095, 4096,
		4097, 100000, CRYPTO_SECRET_MAX };

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
			CRYPTO_AUTO_SECRET s = crypto_secret_new(sizes[i]);

			CHECK(s != NULL && crypto_secret_len(s) == sizes[i]);
			CHECK(all_zero(crypto_secret_bytes(s), sizes[i]));
			memset(crypto_secret_bytes(s), 0xAA, sizes[i]);
		}
	}
	CHECK(crypto_secret_new(CRYPTO_SECRET_MAX + 1) == NULL);
	CHECK(crypto_secret_new(SIZE_MAX) == NULL);
	crypto_secret_free(NULL);
}

/* Freed small secrets leave nothing behind: the same arena is mapped still,
 * so the bytes can be looked at. */
static void
freeing_wipes(void)
{
	struct crypto_secret *keeps = crypto_secret_new(32);
	struct crypto_secret *s = secret_of("a1a2a3a4a5a6a7a8");
	const uint8_t *at = crypto_secret_bytes(s);

	CHECK(at[0] == 0xA1);
	crypto_secret_free(s);
	CHECK(all_zero(at, 8));
	crypto_secret_free(keeps);
}

#define MANY 10000

static void
ten_thousand_do_not_touch_each_other(void)
{
	static struct crypto_secret *s[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		s[i] = crypto_secret_new(32);
		CHECK(s[i] != NULL);
		for (uint32_t k = 0; k < 8; k++)
			memcpy(
			    crypto_secret_bytes(s[i]) + (size_t)4 * k, &i, 4);
	}
	for (uint32_t i = 0; i < MANY; i += 2) {
		crypto_secret_free(s[i]);
		s[i] = crypto_secret_from(&i, sizeof(i));
	}
	for (uint32_t i = 0; i < MANY; i++) {
		CHECK(memcmp(crypto_secret_bytes(s[i]), &i, 4) == 0);
		CHECK(i % 2 == 0 ||
		    memcmp(crypto_secret_bytes(s[i]) + 28, &i, 4) == 0);
	}
	for (uint32_t i = 0; i < MANY; i++)
		crypto_secret_free(s[i]);
}

/* What the kernel says of the mapping that holds `at` (smaps). */
static void
flags_of(const void *at, char flags[static 512], unsigned *locked_kb)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	bool inside = false;

	CHECK(f != NULL);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		char *end;
		uintmax_t from = strtoumax(line, &end, 16);

		if (*end == '-' && strchr(line, ':') != NULL) {
			uintmax_t to = strtoumax(end + 1, NULL, 16);

			inside = (uintptr_t)at >= from && (uintptr_t)at < to;
		}
		if (inside && strncmp(line, "Locked:", 7) == 0)
			*locked_kb = (unsigned)strtoumax(line + 7, NULL, 10);
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(flags, 512, "%s", line + 8);
	}
	CHECK(fclose(f) == 0 && flags[0] != '\0');
}

static void
memory_is_locked_undumped_and_wiped_on_fork(void)
{
	static const size_t sizes[] = { 32, 5000 };

	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		CRYPTO_AUTO_SECRET s = crypto_secret_new(sizes[i]);
		char flags[512];
		unsigned locked = 0;

		crypto_secret_bytes(s)[0] = 1;
		flags_of(crypto_secret_bytes(s), flags, &locked);
		CHECK(strstr(flags, " dd") != NULL); /* not in a core dump */
		CHECK(strstr(flags, " wf") != NULL); /* wiped on fork */
		CHECK(!locks || crypto_secret_unlocked() > 0 ||
		    (strstr(flags, " lo") != NULL && locked > 0));
	}
}

static void
a_child_sees_zeroes_and_can_go_on(void)
{
	CRYPTO_AUTO_SECRET small = secret_of("0102030405060708");
	CRYPTO_AUTO_SECRET large = crypto_secret_new(5000);
	int status = 0;
	pid_t pid;

	memset(crypto_secret_bytes(large), 7, 5000);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct crypto_secret *more;

		if (!all_zero(crypto_secret_bytes(small), 8) ||
		    !all_zero(crypto_secret_bytes(large), 5000) ||
		    crypto_secret_len(small) != 8)
			_exit(1);
		more = crypto_secret_new(32);
		crypto_secret_free(more);
		crypto_secret_free(SP_STEAL(small));
		crypto_secret_free(SP_STEAL(large));
		_exit(more == NULL);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(crypto_secret_bytes(small)[0] == 1);
}

/* Runs past the end of a secret of its own mapping, where a guard is. */
static void
a_guard_page_stops_an_overrun(void)
{
	CRYPTO_AUTO_SECRET s = crypto_secret_new(4096);
	int status = 0;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		volatile uint8_t *at = crypto_secret_bytes(s);

		(void)close(STDERR_FILENO);
		(void)signal(SIGSEGV, SIG_DFL);
		at[4096] = 1;
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Where the kernel refuses to lock, secrets are made and counted. */
static int
without_locked_memory(void)
{
	static const struct rlimit none = { 0, 0 };
	struct crypto_secret *s;

	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		return 1;
	/* root may lock all the same */
	if (setresuid(65534, 65534, 65534) != 0 && getuid() == 0)
		return 2;
	s = crypto_secret_new(5000);
	if (s == NULL || crypto_secret_unlocked() != 8192)
		return 3;
	crypto_secret_bytes(s)[4999] = 1;
	crypto_secret_free(s);
	for (int i = 0; i < 5000; i++) {
		s = crypto_secret_random(32);
		if (s == NULL)
			return 4;
	}
	return 0;
}

static void
refused_locks_do_not_stop_uploads(void)
{
	int status = 0;
	pid_t pid;

	if (!locks || crypto_secret_unlocked() != 0)
		return; /* or this machine refuses, and all of the above was it
			 */
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(without_locked_memory());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
random_secrets_differ(void)
{
	CRYPTO_AUTO_SECRET a = crypto_secret_random(32);
	CRYPTO_AUTO_SECRET b = crypto_secret_random(32);
	CRYPTO_AUTO_SECRET c = crypto_secret_random(100000);
	uint8_t x[32] = { 0 };

	CHECK(a != NULL && b != NULL && c != NULL);
	CHECK(!crypto_bytes_equal(
	    crypto_secret_bytes(a), crypto_secret_bytes(b), 32));
	CHECK(!all_zero(crypto_secret_bytes(c) + 99968, 32));
	crypto_random(x, sizeof(x));
	CHECK(!all_zero(x, sizeof(x)));
}

static void
equality_looks_at_every_byte(void)
{
	uint8_t a[32] = { 0 };
	uint8_t b[32] = { 0 };

	CHECK(crypto_bytes_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] = 1;
		CHECK(!crypto_bytes_equal(a, b, sizeof(a)));
		CHECK(crypto_bytes_equal(a, b, i));
		b[i] = 0;
	}
}

static void
a_stack_secret_is_wiped_at_scope_end(void)
{
	uint8_t key[16];

	memset(key, 7, sizeof(key));
	{
		CRYPTO_WIPE_ON_EXIT(key);
		CHECK(key[0] == 7);
	}
	CHECK(all_zero(key, sizeof(key)));
}

static void *
churn(void *arg)
{
	struct crypto_secret *s[64] = { NULL };
	uint32_t seed = *(const uint32_t *)arg;

	for (int i = 0; i < 20000; i++) {
		unsigned k;

		seed = seed * 1664525 + 1013904223;
		k = seed >> 26;
		if (s[k] != NULL)
			CHECK(*crypto_secret_bytes(s[k]) == (uint8_t)k);
		crypto_secret_free(s[k]);
		s[k] = crypto_secret_new(i % 500 == 0 ? 100 : 32);
		CHECK(s[k] != NULL && *crypto_secret_bytes(s[k]) == 0);
		*crypto_secret_bytes(s[k]) = (uint8_t)k;
	}
	for (unsigned k = 0; k < 64; k++)
		crypto_secret_free(s[k]);
	return NULL;
}

static void
threads_share_the_arenas(void)
{
	static uint32_t args[4] = { 1, 2, 3, 4 };
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, churn, args + i) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a new secret is zero at every size",
		    a_new_secret_is_zero_at_every_size },
		{ "freeing wipes", freeing_wipes },
		{ "ten thousand do not touch each other",
		    ten_thousand_do_not_touch_each_other },
		{ "memory is locked, undumped and wiped on fork",
		    memory_is_locked_undumped_and_wiped_on_fork },
		{ "a child sees zeroes and can go on",
		    a_child_sees_zeroes_and_can_go_on },
		{ "a guard page stops an overrun",
		    a_guard_page_stops_an_overrun },
		{ "refused locks do not stop uploads",
		    refused_locks_do_not_stop_uploads },
		{ "random secrets differ", random_secrets_differ },
		{ "equality looks at every byte",
		    equality_looks_at_every_byte },
		{ "a stack secret is wiped at scope end",
		    a_stack_secret_is_wiped_at_scope_end },
		{ "threads share the arenas", threads_share_the_arenas },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
