#include "federation/provider.h"

#include "federation_room.h"

static struct people_fixture f;

/* "" when these changes are taken, else the reason. */
static const char *
judged(const char *changes)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);
	struct sp_err err = { .code = SP_OK };

	if (room_provider(changes, &p, &secret, &err) == SP_OK) {
		CHECK(!sp_id_is_zero(&p.id));
		return "";
	}
	CHECK(err.code == SP_E_INVALID);
	CHECK(strstr(err.text, "hunter22") == NULL);
	return err.reason;
}

static void
configurations(void)
{
	static const struct {
		const char *changes, *reason;
	} rows[] = {
		{ NULL, "" },
		{ "{\"name\":null}", "provider.name" },
		{ "{\"name\":\"\"}", "provider.name" },
		{ "{\"name\":\"a b\"}", "provider.name" },
		{ "{\"name\":\"../x\"}", "provider.name" },
		{ "{\"name\":\"County\"}", "provider.name" },
		{ "{\"issuer\":null}", "provider.issuer" },
		{ "{\"issuer\":\"http://id.example.gov\"}", "provider.issuer" },
		{ "{\"issuer\":\"http://127.0.0.1:3000\"}", "provider.issuer" },
		{ "{\"issuer\":\"https://id.example.gov/?a=b\"}",
		    "provider.issuer" },
		{ "{\"issuer\":\"https://id.example.gov/#a\"}",
		    "provider.issuer" },
		{ "{\"issuer\":\"https://u:p@id.example.gov/\"}",
		    "provider.issuer" },
		{ "{\"issuer\":7}", "provider.issuer" },
		{ "{\"origin\":\"https://e.example.gov/x\"}",
		    "provider.origin" },
		{ "{\"origin\":\"http://e.example.gov\"}", "provider.origin" },
		{ "{\"origin\":null}", "provider.origin" },
		{ "{\"client_id\":null}", "provider.client_id" },
		{ "{\"client_id\":\"a\\nb\"}", "provider.client_id" },
		{ "{\"scope\":\"profile\"}", "provider.scope" },
		{ "{\"scope\":\"openid  x\"}", "provider.scope" },
		{ "{\"scope\":\"openid email groups\"}", "" },
		{ "{\"login_claim\":null}", "provider.login_claim" },
		{ "{\"login_claim\":null,\"human_claim\":\"employee\"}", "" },
		{ "{\"provision_role\":\"officer\"}", "" },
		{ "{\"provision_role\":\"officer\",\"login_claim\":null,"
		  "\"human_claim\":\"employee\"}",
		    "provider.login_claim" },
		{ "{\"provision_role\":\"administrator\"}",
		    "provider.provision_role" },
		{ "{\"provision_role\":\"laso\"}", "provider.provision_role" },
		{ "{\"provision_role\":\"cso\"}", "provider.provision_role" },
		{ "{\"provision_role\":\"auditor\"}",
		    "provider.provision_role" },
		{ "{\"provision_role\":\"custodian\"}",
		    "provider.provision_role" },
		{ "{\"provision_role\":\"operator\"}",
		    "provider.provision_role" },
		{ "{\"provision_role\":\"device\"}",
		    "provider.provision_role" },
		{ "{\"auth\":\"private_key_jwt\"}", "provider.auth" },
		{ "{\"auth\":7}", "provider.auth" },
		{ "{\"auth\":\"client_secret_basic\"}", "provider.secret" },
		{ "{\"auth\":null}", "provider.secret" },
		{ "{\"auth\":null,\"secret\":\"hunter22\"}", "" },
		{ "{\"auth\":\"client_secret_post\",\"secret\":\"hunter22\"}",
		    "" },
		{ "{\"secret\":\"hunter22\"}", "provider.secret" },
		{ "{\"auth\":null,\"secret\":\"hunter22\\n\"}",
		    "provider.secret" },
		{ "{\"auth\":null,\"secret\":\"\"}", "provider.secret" },
		{ "{\"algorithms\":[\"RS256\",\"ES384\"]}", "" },
		{ "{\"algorithms\":[\"none\"]}", "provider.algorithms" },
		{ "{\"algorithms\":[\"HS256\"]}", "provider.algorithms" },
		{ "{\"algorithms\":[]}", "provider.algorithms" },
		{ "{\"algorithms\":\"RS256\"}", "provider.algorithms" },
		{ "{\"max_age_seconds\":0}", "" },
		{ "{\"max_age_seconds\":86401}", "provider.max_age_seconds" },
		{ "{\"max_age_seconds\":-1}", "provider.max_age_seconds" },
		{ "{\"max_age_seconds\":\"1\"}", "provider.max_age_seconds" },
		{ "{\"tls_ca\":\"-----BEGIN CERTIFICATE-----\\nAA==\\n\"}",
		    "" },
		{ "{\"tls_ca\":\"AA==\"}", "provider.tls_ca" },
		{ "{\"tls_ca\":\"-----BEGIN CERTIFICATE-----\\n"
		  "-----BEGIN PRIVATE KEY-----\\n\"}",
		    "provider.tls_ca" },
		{ "{\"hosts\":\"a.example  b.example\"}", "provider.hosts" },
		{ "{\"amr_two_factors\":\"mfa hwk\"}", "" },
		{ "{\"acr_two_factors\":\" mfa\"}",
		    "provider.acr_two_factors" },
		{ "{\"title\":\"County single sign-on\"}", "" },
		{ "{\"admin\":true}", "provider.member" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const char *got = judged(rows[i].changes);

		if (strcmp(got, rows[i].reason) != 0)
			tap_fail(__FILE__, __LINE__, rows[i].changes, got);
	}
}

static void
as_json(const struct federation_provider *p, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	federation_provider_json(&j, NULL, p);
	CHECK(sp_buf_ok(out));
}

/* Kept as it was configured; told without the secret. */
static void
kept(void)
{
	static const char wish[] =
	    "{\"title\":\"County\",\"auth\":null,\"secret\":\"hunter22\","
	    "\"algorithms\":[\"ES384\"],\"max_age_seconds\":60,"
	    "\"tls_ca\":\"-----BEGIN "
	    "CERTIFICATE-----\",\"hosts\":\"x.example\","
	    "\"amr_two_factors\":\"mfa\",\"acr_two_factors\":\"high\","
	    "\"acr_to_ask\":\"high\",\"human_claim\":\"employee\","
	    "\"provision_role\":\"officer\",\"name_claim\":\"cn\"}";
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	FEDERATION_AUTO_PROVIDER back = federation_provider_new();
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);
	SP_AUTO_BUF sealed = sp_buf_new(1000);
	SP_AUTO_BUF sealed_back = sp_buf_new(1000);
	SP_AUTO_BUF open = sp_buf_secret(1000);
	SP_AUTO_BUF before = sp_buf_new(8000);
	SP_AUTO_BUF after = sp_buf_new(8000);
	CRYPTO_AUTO_SECRET key = crypto_secret_random(FEDERATION_SECRET_KEY);
	struct room_add n = { &p, &sealed };

	room_open(&f);
	CHECK_OK(room_provider(wish, &p, &secret, &f.err), &f.err);
	CHECK(strcmp(sp_buf_str(&secret), "hunter22") == 0);
	CHECK_OK(federation_provider_seal(
		     key, &f.by.agency, &p.id, &secret, &sealed, &f.err),
	    &f.err);
	CHECK(memmem(sealed.at, sealed.len, "hunter22", 8) == NULL);
	CHECK_OK(people_fixture_do(&f, room_add_fn, &n), &f.err);
	CHECK_OK(federation_provider_get(
		     f.reader, "county", &back, &sealed_back, &f.err),
	    &f.err);
	p.added = back.added;
	as_json(&p, &before);
	as_json(&back, &after);
	CHECK(strcmp(sp_buf_str(&before), sp_buf_str(&after)) == 0);
	CHECK(strstr(sp_buf_str(&after), "hunter22") == NULL &&
	    strstr(sp_buf_str(&after), "secret\":") == NULL);
	CHECK(back.added == f.now && back.tls_ca.len == p.tls_ca.len);
	CHECK_OK(federation_provider_open(
		     key, &f.by.agency, &back.id, &sealed_back, &open, &f.err),
	    &f.err);
	CHECK(strcmp(sp_buf_str(&open), "hunter22") == 0);
	/* entries say that, and nothing of what */
	CHECK(people_fixture_count(&f, "provider.added") == 1 &&
	    people_fixture_count(&f, "hunter22") == 0 &&
	    people_fixture_count(&f, "example.gov") == 0);
	people_fixture_close(&f);
}

/* Another agency's, another provider's, another key, cut, changed. */
static void
secrets_that_do_not_open(void)
{
	SP_AUTO_BUF secret = sp_buf_secret(100);
	SP_AUTO_BUF sealed = sp_buf_new(1000);
	CRYPTO_AUTO_SECRET key = crypto_secret_random(FEDERATION_SECRET_KEY);
	CRYPTO_AUTO_SECRET other = crypto_secret_random(FEDERATION_SECRET_KEY);
	struct sp_id agency = sp_id_new(), id = sp_id_new(), none = sp_id_new();
	struct sp_err err;

	sp_buf_text(&secret, "hunter22");
	CHECK_OK(
	    federation_provider_seal(key, &agency, &id, &secret, &sealed, &err),
	    &err);
	for (size_t i = 0; i < sealed.len + 3; i++) {
		SP_AUTO_BUF bad = sp_buf_new(1000);
		SP_AUTO_BUF out = sp_buf_secret(100);
		bool last = i >= sealed.len;

		sp_buf_add(&bad, sealed.at, sealed.len);
		if (!last)
			bad.at[i] ^= 1;
		CHECK_CODE(
		    federation_provider_open(i == sealed.len ? other : key,
			i == sealed.len + 1 ? &none : &agency,
			i == sealed.len + 2 ? &none : &id, &bad, &out, &err),
		    SP_E_CORRUPT, &err);
		CHECK(out.len == 0);
	}
}

static enum sp_code
remove_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return federation_provider_remove(a, arg, err);
}

static enum sp_code
count_fn(void *arg, const struct federation_provider *p, struct sp_err *err)
{
	size_t *n = arg;

	(void)err;
	CHECK(p->name[0] != '\0');
	(*n)++;
	return SP_OK;
}

static void
rows(void)
{
	FEDERATION_AUTO_PROVIDER first = federation_provider_new();
	FEDERATION_AUTO_PROVIDER none = federation_provider_new();
	char name[] = "county", changes[60];
	size_t n = 0;

	room_open(&f);
	room_provided(&f, NULL, &first);
	CHECK_REASON(room_add(&f, &first), SP_E_CONFLICT, "provider.name", &f);
	for (int i = 1; i < FEDERATION_PROVIDERS_MAX; i++) {
		FEDERATION_AUTO_PROVIDER p = federation_provider_new();

		(void)snprintf(
		    changes, sizeof(changes), "{\"name\":\"p%d\"}", i);
		room_provided(&f, changes, &p);
	}
	CHECK_OK(
	    federation_provider_each(f.reader, count_fn, &n, &f.err), &f.err);
	CHECK(n == FEDERATION_PROVIDERS_MAX);
	CHECK_REASON(room_add(&f, &first), SP_E_LIMIT, "provider.many", &f);
	CHECK_OK(people_fixture_do(&f, remove_fn, name), &f.err);
	CHECK_REASON(people_fixture_do(&f, remove_fn, name), SP_E_NOTFOUND,
	    "provider.unknown", &f);
	CHECK_REASON(
	    federation_provider_get(f.reader, "county", &none, NULL, &f.err),
	    SP_E_NOTFOUND, "provider.unknown", &f);
	CHECK(people_fixture_count(&f, "provider.removed") == 1);
	people_fixture_close(&f);
}

static void
the_redirect_uri(void)
{
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	SP_AUTO_BUF secret = sp_buf_secret(10);
	SP_AUTO_BUF out = sp_buf_new(300);
	struct sp_err err;

	CHECK_OK(room_provider(NULL, &p, &secret, &err), &err);
	federation_provider_redirect(&p, "harbor-pd", &out);
	CHECK(strcmp(sp_buf_str(&out),
		  "https://evidence.example.gov/v1/agencies/harbor-pd/signin/"
		  "oidc/county/callback") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "configurations", configurations },
		{ "kept", kept },
		{ "secrets that do not open", secrets_that_do_not_open },
		{ "rows", rows },
		{ "the redirect URI", the_redirect_uri },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	return tap_run(cases, SP_COUNTOF(cases));
}
