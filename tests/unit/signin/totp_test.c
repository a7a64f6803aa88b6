#include "signin/signin_fixture.h"

/* RFC 6238, appendix B: eight digits, 30 seconds. */
static void
rfc_6238_vectors(void)
{
	static const char sha1[] = "12345678901234567890";
	static const char sha256[] = "12345678901234567890123456789012";
	static const struct {
		int64_t time;
		const char *sha1, *sha256;
	} v[] = {
		{ 59, "94287082", "46119246" },
		{ 1111111109, "07081804", "68084774" },
		{ 1111111111, "14050471", "67062674" },
		{ 1234567890, "89005924", "91819424" },
		{ 2000000000, "69279037", "90698825" },
		{ 20000000000, "65353130", "77737706" },
	};
	CRYPTO_AUTO_SECRET a = crypto_secret_from(sha1, 20);
	CRYPTO_AUTO_SECRET b = crypto_secret_from(sha256, 32);

	for (size_t i = 0; i < SP_COUNTOF(v); i++) {
		struct signin_totp t = { CRYPTO_SHA1, 8, 30 };
		char code[SIGNIN_TOTP_CODE];
		struct sp_err err;

		CHECK_OK(signin_totp_code(
			     a, &t, (uint64_t)v[i].time / 30, code, &err),
		    &err);
		CHECK(strcmp(code, v[i].sha1) == 0);
		t.hash = CRYPTO_SHA256;
		CHECK_OK(signin_totp_code(
			     b, &t, (uint64_t)v[i].time / 30, code, &err),
		    &err);
		CHECK(strcmp(code, v[i].sha256) == 0);
	}
}

/* Its step and its neighbours, later than what was used, and whole. */
static void
which_codes_match(void)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(20);
	struct signin_totp t = { CRYPTO_SHA1, 6, 30 };
	sp_time now = INT64_C(1795280400) * SP_SECOND;
	int64_t here = now / (30 * SP_SECOND);

	for (int64_t skew = -3; skew <= 3; skew++) {
		char code[SIGNIN_TOTP_CODE];
		struct signin_totp_typed typed = { code, now, -1 };
		int64_t step = -7;
		struct sp_err err;

		CHECK_OK(signin_totp_code(
			     seed, &t, (uint64_t)(here + skew), code, &err),
		    &err);
		CHECK_OK(
		    signin_totp_match(seed, &t, &typed, &step, &err), &err);
		CHECK(step ==
		    (skew >= -1 && skew <= 1 ? here + skew
					     : SIGNIN_TOTP_WRONG));
		typed.last = here;
		CHECK_OK(
		    signin_totp_match(seed, &t, &typed, &step, &err), &err);
		CHECK(step == (skew == 1 ? here + 1 : SIGNIN_TOTP_WRONG));
		for (size_t n = 0; n < 6; n++) {
			char cut[SIGNIN_TOTP_CODE] = "";

			memcpy(cut, code, n);
			typed = (struct signin_totp_typed){ cut, now, -1 };
			CHECK_OK(
			    signin_totp_match(seed, &t, &typed, &step, &err),
			    &err);
			CHECK(step == SIGNIN_TOTP_WRONG);
		}
	}
}

/* A seed that is moved to another person's row does not open. */
static void
a_seed_is_bound(void)
{
	struct signin_fixture s;
	struct signin_step step, next;
	struct sp_id other;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	other = people_fixture_person(&s.f, "Dora Lint", "officer");
	fixture_later(&s, SP_SECOND);
	CHECK_OK(fixture_login(&s, s.login, FIXTURE_PASSWORD, &step), &s.err);
	{
		static const struct db_sql move = {
			"UPDATE signin_totp SET id = ?1",
		};
		static const struct db_sql shift = {
			"INSERT INTO signin_factor SELECT ?1, person, kind,"
			" label, created, used FROM signin_factor LIMIT 1",
		};
		struct sp_id id = sp_id_new();
		DB_AUTO db = NULL;

		CHECK_OK(db_open(&db, s.f.db_path, DB_WRITE, &s.err), &s.err);
		{
			DB_STMT st = db_use(db, &shift);

			db_bind_blob(st, 1, id.b, SP_ID_LEN);
			CHECK_OK(db_run(st, NULL, &s.err), &s.err);
		}
		{
			DB_STMT st = db_use(db, &move);

			db_bind_blob(st, 1, id.b, SP_ID_LEN);
			CHECK_OK(db_run(st, NULL, &s.err), &s.err);
		}
	}
	CHECK(fixture_code(&s, step.text, fixture_totp(&s, 0), false, &next) ==
	    SP_E_CORRUPT);
	CHECK(!sp_id_is_zero(&other));
	fixture_close(&s);
}

static void
an_apps_uri(void)
{
	SP_AUTO_BUF uri = sp_buf_new(SIGNIN_TOTP_URI);
	struct signin_totp t = { CRYPTO_SHA1, 6, 30 };

	signin_totp_uri(&uri, "harbor pd", "a&b", "JBSWY3DPEHPK3PXP", &t);
	CHECK(
	    strcmp(sp_buf_str(&uri),
		"otpauth://totp/harbor%20pd:a%26b?secret=JBSWY3DPEHPK3PXP"
		"&issuer=harbor%20pd&algorithm=SHA1&digits=6&period=30") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "RFC 6238 vectors", rfc_6238_vectors },
		{ "which codes match", which_codes_match },
		{ "a seed is bound", a_seed_is_bound },
		{ "an app’s URI", an_apps_uri },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
