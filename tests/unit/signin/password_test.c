#include "signin/signin_fixture.h"

#include "base/file.h"

#include <fcntl.h>

static struct crypto_secret *
secret(const char *s)
{
	return crypto_secret_from(s, strlen(s));
}

static void
what_may_be_a_password(void)
{
	struct signin_fixture s;
	static const char *const context[] = { "ada.quill", "Ada Quill",
		"harbor-pd", "Harbor Police Department", "sallyport", NULL };
	static const struct {
		const char *password, *reason;
	} at[] = {
		{ "seven wide rivers", NULL },
		{ "Grüße an den Fluss", NULL },
		{ "        x tree 9", NULL },
		{ "seven77", "password.length" },
		{ "Grüße12", "password.length" },
		{ "with\ttabs here", "password.characters" },
		{ "broken \xff bytes", "password.characters" },
		{ "password", "password.banned" },
		{ "PASSWORD2026!", "password.banned" },
		{ "p4$$w0rd", "password.banned" },
		{ "!!welcome1", "password.banned" },
		{ "aaaaaaaaaaaa", "password.banned" },
		{ "121212121212", "password.banned" },
		{ "abcdefghijk", "password.banned" },
		{ "987654321", "password.banned" },
		{ "Quill2026", "password.banned" },
		{ "HARBOR-police-1", "password.banned" },
		{ "sallyport99", "password.banned" },
		{ "quill and twelve geese", NULL },
	};
	SP_AUTO_BUF longest = sp_buf_new(2000);

	fixture_open(&s);
	for (size_t i = 0; i < SP_COUNTOF(at); i++) {
		CRYPTO_AUTO_SECRET p = secret(at[i].password);

		if (at[i].reason == NULL) {
			CHECK_OK(signin_password_check(
				     s.f.rules, s.banned, context, p, &s.err),
			    &s.err);
			continue;
		}
		CHECK_SIGNIN(signin_password_check(
				 s.f.rules, s.banned, context, p, &s.err),
		    SP_E_INVALID, at[i].reason, &s);
		/* It is never repeated (the word itself is in the text). */
		CHECK(strcmp(at[i].password, "password") == 0 ||
		    strstr(s.err.text, at[i].password) == NULL);
	}
	for (int i = 0; i < 205; i++)
		sp_buf_fmt(&longest, "%05d", i * 37);
	for (size_t len = 1024; len <= 1025; len++) {
		CRYPTO_AUTO_SECRET p = crypto_secret_from(longest.at, len);

		CHECK((signin_password_check(s.f.rules, s.banned, context, p,
			   &s.err) == SP_OK) == (len == 1024));
	}
	fixture_close(&s);
}

/* Nothing is cut off, the pepper counts, and what is stored says nothing. */
static void
stored_and_compared(void)
{
	struct signin_fixture s;
	CRYPTO_AUTO_SECRET right = secret("seven wide rivers");
	CRYPTO_AUTO_SECRET nearly = secret("seven wide river");
	CRYPTO_AUTO_SECRET pepper = crypto_secret_random(SIGNIN_KEY);
	struct signin_password one, two;
	bool same = true;

	fixture_open(&s);
	CHECK_OK(signin_password_make(
		     s.f.rules, s.key, right, fixture_now, &one, &s.err),
	    &s.err);
	CHECK_OK(signin_password_make(
		     s.f.rules, s.key, right, fixture_now, &two, &s.err),
	    &s.err);
	CHECK(one.salt_len >= SIGNIN_PASSWORD_SALT);
	CHECK(one.iterations >= 600000);
	CHECK(memcmp(one.hash, two.hash, sizeof(one.hash)) != 0);
	CHECK_OK(
	    signin_password_matches(s.key, right, &one, &same, &s.err), &s.err);
	CHECK(same);
	CHECK_OK(signin_password_matches(s.key, nearly, &one, &same, &s.err),
	    &s.err);
	CHECK(!same);
	CHECK_OK(signin_password_matches(pepper, right, &one, &same, &s.err),
	    &s.err);
	CHECK(!same);
	CHECK_OK(
	    signin_password_matches(s.key, right, NULL, &same, &s.err), &s.err);
	CHECK(!same);
	fixture_close(&s);
}

struct weak {
	struct signin_fixture *s;
	struct signin_password p;
};

static enum sp_code
put_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct weak *w = arg;

	return signin_password_put(a, &w->s->person, &w->p, true, err);
}

/* One of weaker days is made again when it is shown. */
static void
parameters_rise(void)
{
	struct signin_fixture s;
	struct weak w = { &s, { .iterations = 0 } };
	struct signin_step step;
	CRYPTO_AUTO_SECRET right = NULL;
	CRYPTO_AUTO_SECRET slow = NULL;
	bool found = false;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	right = secret(FIXTURE_PASSWORD);
	CHECK_OK(signin_password_make(
		     s.f.rules, s.key, right, fixture_now, &w.p, &s.err),
	    &s.err);
	CHECK(!signin_password_weak(&w.p, s.f.rules));
	{
		/* As it would be with a tenth of the iterations. */
		static const char info[] = "sallyport/signin/pepper/1";
		CRYPTO_AUTO_SECRET pepper = crypto_secret_new(SIGNIN_KEY);

		w.p.iterations = 60000;
		CHECK_OK(crypto_kdf_passphrase(right, w.p.salt, w.p.salt_len,
			     w.p.iterations, &slow, &s.err),
		    &s.err);
		CHECK_OK(crypto_kdf_hkdf(CRYPTO_SHA256, s.key,
			     (struct crypto_piece){ "", 0 },
			     (struct crypto_piece){ info, sizeof(info) - 1 },
			     pepper, &s.err),
		    &s.err);
		CHECK_OK(crypto_hmac(CRYPTO_SHA256, pepper,
			     (struct crypto_piece){ crypto_secret_bytes(slow),
				 crypto_secret_len(slow) },
			     w.p.hash, &s.err),
		    &s.err);
	}
	CHECK(signin_password_weak(&w.p, s.f.rules));
	CHECK_OK(people_fixture_do(&s.f, put_fn, &w), &s.f.err);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	CHECK_OK(
	    signin_password_get(s.f.reader, &s.person, &w.p, &found, &s.err),
	    &s.err);
	CHECK(found && w.p.iterations == SIGNIN_PASSWORD_ITERATIONS);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	fixture_close(&s);
}

static void
a_site_has_a_list_of_its_own(void)
{
	struct signin_fixture s;
	struct signin_banned *b = NULL;
	static const char *const none[] = { NULL };
	static const char list[] = "# ours\r\nTangerine Kettle\r\n\n";
	CRYPTO_AUTO_SECRET p = secret("tangerine kettle");

	fixture_open(&s);
	CHECK(signin_banned_why(s.banned, none, p) == NULL);
	{
		SP_AUTO_BUF path = sp_buf_new(200);

		sp_buf_fmt(&path, "%s/banned-passwords.txt", s.f.dir);
		CHECK_OK(sp_file_replace(AT_FDCWD, sp_buf_str(&path), list,
			     sizeof(list) - 1, 0600, &s.err),
		    &s.err);
	}
	CHECK_OK(signin_banned_open(&b, s.f.dir, &s.err), &s.err);
	CHECK(signin_banned_why(b, none, p) != NULL);
	signin_banned_free(b);
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what may be a password", what_may_be_a_password },
		{ "stored and compared", stored_and_compared },
		{ "parameters rise", parameters_rise },
		{ "a site has a list of its own",
		    a_site_has_a_list_of_its_own },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
