#include "federation/source.h"

#include "crypto/provider.h"
#include "federation_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* Time as this room reads it is the test's. */
static atomic_int_fast64_t now;
int64_t __wrap_sp_ticks(void);
int64_t
__wrap_sp_ticks(void)
{
	return (int64_t)atomic_load(&now);
}

/* The other side: what it answers, and how often it was asked for each. */
static struct {
	struct idp idp;
	atomic_uint documents, keys, grants;
	unsigned status;
	enum sp_code code;
	char document[600];
	cjose_jwk_t *published;
	bool slow;
} there;

static enum sp_code
run(void *self, struct errand *e, unsigned *status, struct sp_buf *body,
    struct sp_err *err)
{
	bool keys = strstr(e->url, "/keys") != NULL;

	(void)self;
	if (e->kind == ERRAND_GRANT)
		atomic_fetch_add(&there.grants, 1);
	else
		atomic_fetch_add(keys ? &there.keys : &there.documents, 1);
	if (there.slow)
		CHECK(usleep(20000) == 0);
	if (there.code != SP_OK)
		return sp_fail_as(
		    err, there.code, "errand.problem", "it is away");
	*status = there.status;
	if (keys) {
		char *text = idp_jwks(&there.published, 1, NULL);

		sp_buf_text(body, text);
		free(text);
	} else {
		sp_buf_text(body, there.document);
	}
	return SP_OK;
}

static struct federation_sources *sources;
static struct federation_provider provider;

static void
set_up(void)
{
	const struct federation_sources_options o = { .run = run };
	struct sp_err err;

	provider = federation_provider_new();
	provider.id = sp_id_new();
	(void)snprintf(provider.issuer, sizeof(provider.issuer), IDP_ISSUER);
	provider.auth = FEDERATION_AUTH_NONE;
	provider.algorithms = FEDERATION_DEFAULT_ALGORITHMS;
	(void)snprintf(there.document, sizeof(there.document),
	    "{\"issuer\":\"" IDP_ISSUER "\",\"authorization_endpoint\":"
	    "\"https://id.example.gov/a\",\"token_endpoint\":"
	    "\"https://id.example.gov/t\",\"jwks_uri\":"
	    "\"https://id.example.gov/keys\"}");
	there.status = 200;
	there.code = SP_OK;
	there.slow = false;
	there.published = there.idp.rsa;
	atomic_store(&there.documents, 0);
	atomic_store(&there.keys, 0);
	atomic_store(&there.grants, 0);
	atomic_fetch_add(&now, 100000 * SP_SECOND);
	CHECK_OK(federation_sources_new(&sources, &o, &err), &err);
}

static void
tear_down(void)
{
	federation_sources_free(sources);
	federation_provider_free(&provider);
}

static enum sp_code
metadata(struct sp_err *err)
{
	struct federation_metadata m = { .token = "" };
	enum sp_code code =
	    federation_source_metadata(sources, &provider, &m, err);

	CHECK((code == SP_OK) ==
	    (strcmp(m.token, "https://id.example.gov/t") == 0));
	return code;
}

/* A good token signed by this key under this name. */
static enum sp_code
verify(cjose_jwk_t *key, const char *kid, struct sp_err *err)
{
	const struct federation_expect want = { .issuer = IDP_ISSUER,
		.client = IDP_CLIENT,
		.nonce = IDP_NONCE,
		.algorithms = FEDERATION_DEFAULT_ALGORITHMS,
		.now = IDP_NOW,
		.since = IDP_NOW };
	FEDERATION_AUTO_CLAIMS c = { .all = NULL };
	SP_AUTO_BUF token = sp_buf_secret(FEDERATION_JWT_MAX);
	char header[80];
	char *claims = idp_claims(NULL), *text;
	enum sp_code code;

	(void)snprintf(
	    header, sizeof(header), "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid);
	text = idp_sign(key, header, claims);
	sp_buf_text(&token, text);
	code = federation_source_verify(
	    sources, &provider, &token, &want, &c, err);
	free(text);
	free(claims);
	return code;
}

static void
kept_for_an_hour(void)
{
	struct sp_err err;

	set_up();
	for (int i = 0; i < 5; i++)
		CHECK_OK(metadata(&err), &err);
	CHECK(there.documents == 1 && there.keys == 1);
	atomic_fetch_add(&now, FEDERATION_FRESH - 1);
	CHECK_OK(metadata(&err), &err);
	CHECK(there.documents == 1);
	atomic_fetch_add(&now, 1);
	CHECK_OK(metadata(&err), &err);
	CHECK(there.documents == 2 && there.keys == 2);
	/* another row is another provider */
	provider.id = sp_id_new();
	CHECK_OK(metadata(&err), &err);
	CHECK(there.documents == 3);
	tear_down();
}

/* Whoever is away is not asked again at once, however many want to know. */
static void
those_that_are_away(void)
{
	static const struct {
		enum sp_code code;
		unsigned status;
		const char *document, *reason;
	} rows[] = {
		{ SP_E_UNAVAIL, 0, "", "source.away" },
		{ SP_OK, 404, "{}", "source.away" },
		{ SP_OK, 302, "{}", "source.away" },
		{ SP_OK, 200, "{}", "discovery.issuer" },
		{ SP_OK, 200, "<html>", "discovery.malformed" },
		{ SP_OK, 200, "{\"issuer\":\"https://evil.example\"}",
		    "discovery.issuer" },
	};
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		set_up();
		there.code = rows[i].code;
		there.status = rows[i].status;
		(void)snprintf(there.document, sizeof(there.document), "%s",
		    rows[i].document);
		CHECK_CODE(metadata(&err), SP_E_UNAVAIL, &err);
		CHECK(strcmp(err.reason, rows[i].reason) == 0);
		for (int k = 0; k < 5; k++)
			CHECK_CODE(metadata(&err), SP_E_UNAVAIL, &err);
		CHECK(there.documents == 1);
		atomic_fetch_add(&now, FEDERATION_REST);
		CHECK_CODE(metadata(&err), SP_E_UNAVAIL, &err);
		CHECK(there.documents == 2);
		tear_down();
	}
}

static void
keys_that_change(void)
{
	struct sp_err err;

	set_up();
	CHECK_OK(verify(there.idp.rsa, "rsa-1", &err), &err);
	CHECK(there.keys == 1);
	/* made-up names of keys cost no more than one look a minute */
	for (int i = 0; i < 10; i++)
		CHECK_CODE(verify(there.idp.rsa, "made-up", &err),
		    SP_E_NOTFOUND, &err);
	CHECK(there.keys == 1);
	there.published = there.idp.other;
	CHECK_CODE(verify(there.idp.other, "rsa-2", &err), SP_E_NOTFOUND, &err);
	atomic_fetch_add(&now, FEDERATION_ROLLOVER);
	CHECK_OK(verify(there.idp.other, "rsa-2", &err), &err);
	CHECK(there.keys == 2 && there.documents == 1);
	/* the old one is not believed any more */
	CHECK_CODE(verify(there.idp.rsa, "rsa-1", &err), SP_E_NOTFOUND, &err);
	CHECK(there.keys == 2);
	atomic_fetch_add(&now, FEDERATION_ROLLOVER);
	for (int i = 0; i < 10; i++)
		CHECK_CODE(verify(there.idp.rsa, "made-up", &err),
		    SP_E_NOTFOUND, &err);
	CHECK(there.keys == 3);
	/* a known name with a wrong signature is no reason to look */
	atomic_fetch_add(&now, FEDERATION_ROLLOVER);
	CHECK_CODE(verify(there.idp.rsa, "rsa-2", &err), SP_E_UNKNOWN, &err);
	CHECK(there.keys == 3);
	tear_down();
}

static void *
ask(void *arg)
{
	struct sp_err err;

	(void)arg;
	CHECK_OK(metadata(&err), &err);
	return NULL;
}

/* At the change of shift one thread fetches, all are told. */
static void
all_at_once(void)
{
	pthread_t t[16];

	set_up();
	there.slow = true;
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_create(&t[i], NULL, ask, NULL) == 0);
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(there.documents == 1 && there.keys == 1);
	tear_down();
}

/* Providers come and go: what is kept of them is bounded. */
static void
bounded(void)
{
	struct sp_err err;

	set_up();
	for (int i = 0; i < FEDERATION_KEPT_MAX + 5; i++) {
		provider.id = sp_id_new();
		there.code = SP_E_UNAVAIL;
		CHECK_CODE(metadata(&err), SP_E_UNAVAIL, &err);
	}
	there.code = SP_OK;
	provider.id = sp_id_new();
	CHECK_OK(metadata(&err), &err);
	tear_down();
}

static void
forms_are_posted(void)
{
	SP_AUTO_BUF form = sp_buf_secret(100);
	SP_AUTO_BUF basic = sp_buf_secret(100);
	SP_AUTO_BUF body = sp_buf_new(1000);
	const struct federation_post post = { "https://id.example.gov/t", &form,
		&basic };
	unsigned status = 0;
	struct sp_err err;

	set_up();
	there.status = 400;
	sp_buf_text(&form, "a=b");
	CHECK_OK(federation_source_post(
		     sources, &provider, &post, &status, &body, &err),
	    &err);
	CHECK(status == 400 && body.len > 0 && there.grants == 1);
	tear_down();
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "kept for an hour", kept_for_an_hour },
		{ "those that are away", those_that_are_away },
		{ "keys that change", keys_that_change },
		{ "all at once", all_at_once },
		{ "bounded", bounded },
		{ "forms are posted", forms_are_posted },
	};
	int code;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	idp_open(&there.idp);
	code = tap_run(cases, SP_COUNTOF(cases));
	idp_close(&there.idp);
	return code;
}
