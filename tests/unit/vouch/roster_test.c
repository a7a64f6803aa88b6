#include "vouch_fixture.h"

#include "vouch/roster.h"

static struct authority authority;

static struct db *
empty(void)
{
	roster_clear();
	return fixture_site_db();
}

static void
added_listed_removed(void)
{
	DB_AUTO db = empty();
	WITNESS_AUTO_KEY key = witness_key_new("witness.example/courts");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "https://w.example/a");
	VOUCH_AUTO_VOUCHER a = voucher_authority(&authority, "clock", 0);
	VOUCH_AUTO_ROSTER none = NULL;
	VOUCH_AUTO_ROSTER both = NULL;
	VOUCH_AUTO_ROSTER again = NULL;
	VOUCH_AUTO_ROSTER one = NULL;
	struct sp_err err;

	(void)snprintf(a.policy, sizeof(a.policy), "1.2.3");
	sp_buf_text(&a.tls_ca, sp_buf_str(&authority.ca_pem));
	CHECK_OK(vouch_voucher_check(&a, &err), &err);
	CHECK_OK(vouch_roster_load(&none, db, &err), &err);
	CHECK(none->n == 0);
	CHECK_OK(vouch_roster_add(db, &a, &err), &err);
	CHECK_OK(vouch_roster_add(db, &w, &err), &err);
	CHECK_OK(vouch_roster_load(&both, db, &err), &err);
	CHECK_OK(vouch_roster_load(&again, db, &err), &err);
	CHECK(both->n == 2 && vouch_roster_same(both, again) &&
	    !vouch_roster_same(both, none));
	CHECK(both->at[0].kind == VOUCH_WITNESS &&
	    strcmp(both->at[0].name, "witness.example/courts") == 0 &&
	    strcmp(both->at[0].url, "https://w.example/a") == 0 &&
	    memcmp(both->at[0].key.pub, key.key.pub, CRYPTO_SIGN_PUBLIC) == 0 &&
	    both->at[0].every == 0 && both->at[0].tls_ca.len == 0 &&
	    both->at[0].added == w.added &&
	    sp_id_equal(&both->at[0].id, &w.id));
	CHECK(both->at[1].kind == VOUCH_AUTHORITY &&
	    strcmp(both->at[1].name, "clock") == 0 &&
	    strcmp(both->at[1].policy, "1.2.3") == 0 &&
	    both->at[1].every == VOUCH_EVERY &&
	    strcmp(sp_buf_str(&both->at[1].trust),
		sp_buf_str(&authority.ca_pem)) == 0 &&
	    both->at[1].tls_ca.len == authority.ca_pem.len);
	CHECK_CODE(vouch_roster_add(db, &w, &err), SP_E_CONFLICT, &err);
	CHECK_OK(vouch_roster_remove(
		     db, VOUCH_WITNESS, "witness.example/courts", &err),
	    &err);
	CHECK_CODE(vouch_roster_remove(
		       db, VOUCH_WITNESS, "witness.example/courts", &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(vouch_roster_remove(db, VOUCH_WITNESS, "clock", &err),
	    SP_E_NOTFOUND, &err);
	CHECK_OK(vouch_roster_load(&one, db, &err), &err);
	CHECK(one->n == 1 && !vouch_roster_same(one, both));
	/* The same one added again is another voucher. */
	CHECK_OK(vouch_voucher_check(&w, &err), &err);
	CHECK_OK(vouch_roster_add(db, &w, &err), &err);
	vouch_roster_free(SP_STEAL(again));
	CHECK_OK(vouch_roster_load(&again, db, &err), &err);
	CHECK(again->n == 2 && !vouch_roster_same(again, both));
}

static void
so_many_of_a_kind(void)
{
	DB_AUTO db = empty();
	VOUCH_AUTO_VOUCHER a = voucher_authority(&authority, "clock", 0);
	VOUCH_AUTO_ROSTER r = NULL;
	struct sp_err err;

	for (int i = 0; i <= VOUCH_KIND_MOST; i++) {
		char name[40];
		enum sp_code want = i < VOUCH_KIND_MOST ? SP_OK : SP_E_LIMIT;

		(void)snprintf(name, sizeof(name), "w%d", i);
		WITNESS_AUTO_KEY key = witness_key_new(name);
		VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w");

		CHECK_CODE(vouch_roster_add(db, &w, &err), want, &err);
	}
	CHECK_OK(vouch_roster_add(db, &a, &err), &err); /* another kind */
	CHECK_OK(vouch_roster_load(&r, db, &err), &err);
	CHECK(r->n == VOUCH_KIND_MOST + 1);
}

static void
urls(void)
{
	static const struct {
		const char *url;
		bool good;
	} rows[] = {
		{ "https://w.example", true },
		{ "http://127.0.0.1:8080/a/b", true },
		{ "https://[::1]:443/w", true },
		{ "https://w.example/%20a", true },
		{ "", false },
		{ "w.example", false },
		{ "file:///etc/passwd", false },
		{ "ftp://w.example", false },
		{ "https://", false },
		{ "https:///path", false },
		{ "https://w.example/", false },
		{ "https://user@w.example", false },
		{ "https://w.example/a?b", false },
		{ "https://w.example/a#b", false },
		{ "https://w.example/a b", false },
		{ "https://w.example/a\r\nX: y", false },
		{ "https://w.example/\xc3\xa4", false },
	};
	WITNESS_AUTO_KEY key = witness_key_new("w");
	char longest[ERRAND_URL_MAX + 2];
	VOUCH_AUTO_VOUCHER v = voucher_witness(&key, "http://w");
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		(void)snprintf(v.url, sizeof(v.url), "%s", rows[i].url);
		CHECK_CODE(vouch_voucher_check(&v, &err),
		    rows[i].good ? SP_OK : SP_E_INVALID, &err);
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "http://", 7);
	longest[ERRAND_URL_MAX] = '\0';
	memcpy(v.url, longest, ERRAND_URL_MAX + 1);
	CHECK_OK(vouch_voucher_check(&v, &err), &err);
}

static void
what_is_trusted(void)
{
	VOUCH_AUTO_VOUCHER w = vouch_voucher_new();
	VOUCH_AUTO_VOUCHER a = voucher_authority(&authority, "clock", 0);
	static const char *const names[] = { "", "Clock", "a b", "a/b",
		"\xc3" };
	struct sp_err err;

	w.kind = VOUCH_WITNESS;
	(void)snprintf(w.url, sizeof(w.url), "http://w");
	CHECK_CODE(vouch_voucher_check(&w, &err), SP_E_INVALID, &err);
	ledger_vkey_text(&f.agency.vkey, &w.trust); /* a log's, no witness's */
	CHECK_CODE(vouch_voucher_check(&w, &err), SP_E_INVALID, &err);
	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		(void)snprintf(a.name, sizeof(a.name), "%s", names[i]);
		CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_INVALID, &err);
	}
	(void)snprintf(a.name, sizeof(a.name), "clock");
	a.every = VOUCH_EVERY_MOST + 1;
	CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_INVALID, &err);
	a.every = 1;
	CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_INVALID, &err);
	a.every = SP_SECOND;
	CHECK_OK(vouch_voucher_check(&a, &err), &err);
	(void)snprintf(a.policy, sizeof(a.policy), "any");
	CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_INVALID, &err);
	a.policy[0] = '\0';
	sp_buf_text(&a.tls_ca, "nothing");
	CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_INVALID, &err);
	sp_buf_clear(&a.tls_ca);
	sp_buf_clear(&a.trust);
	sp_buf_text(&a.trust, "nothing");
	CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_INVALID, &err);
	for (size_t i = 0; i < ERRAND_PEM_MAX; i += 7)
		sp_buf_text(&a.trust, "1234567");
	CHECK_CODE(vouch_voucher_check(&a, &err), SP_E_LIMIT, &err);
}

/* A row that somebody wrote by hand does no harm. */
static void
rows_of_others(void)
{
	static const struct db_sql rows[] = {
		{ "INSERT INTO voucher VALUES(zeroblob(16), 'witness', 'w',"
		  " 'http://w', 'no key', NULL, 0, NULL, 0)" },
		{ "INSERT INTO voucher VALUES(zeroblob(16), 'authority', 'w',"
		  " printf('%.*c', 2000, 'x'), 'pem', NULL, 0, NULL, 0)" },
		{ "INSERT INTO voucher VALUES(zeroblob(16), 'authority', 'w',"
		  " 'http://w', printf('%.*c', 99999, 'x'), NULL, 0, NULL, "
		  "0)" },
	};
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		DB_AUTO db = empty();
		VOUCH_AUTO_ROSTER r = NULL;

		{
			DB_STMT st = db_use(db, &rows[i]);

			CHECK_OK(db_run(st, NULL, &err), &err);
		}
		CHECK(vouch_roster_load(&r, db, &err) != SP_OK && r == NULL);
	}
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "added, listed, removed", added_listed_removed },
		{ "so many of a kind", so_many_of_a_kind },
		{ "URLs", urls },
		{ "what is trusted", what_is_trusted },
		{ "rows of others", rows_of_others },
	};
	int failed;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	KEEPER_TEST_MAIN(argc, argv);
	authority =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	fixture_make(&f);
	failed = tap_run(cases, SP_COUNTOF(cases));
	fixture_remove(&f);
	authority_free(&authority);
	return failed;
}
