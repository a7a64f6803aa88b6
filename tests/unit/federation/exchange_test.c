#include "federation/exchange.h"

#include "federation_room.h"

static struct federation_provider provider;
static struct federation_metadata metadata = {
	.authorization = "https://id.example.gov/auth",
	.token = "https://id.example.gov/token",
};
static const struct federation_flow flow = {
	.state = "STATE",
	.nonce = "NONCE",
	.challenge = "CHALLENGE",
	.verifier = "VERIFIER",
};
static const struct federation_ask ask = { &provider, &metadata, &flow,
	"https://e.example.gov/cb" };

static void
configure(const char *changes)
{
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);
	struct sp_err err;

	federation_provider_free(&provider);
	provider = federation_provider_new();
	CHECK_OK(room_provider(changes, &provider, &secret, &err), &err);
}

static void
the_url(void)
{
	SP_AUTO_BUF out = sp_buf_new(FEDERATION_ASK_MAX);
	SP_AUTO_BUF again = sp_buf_new(FEDERATION_ASK_MAX);
	struct federation_flow anew = flow;
	struct federation_ask k = ask;

	anew.after = SP_SECOND;
	configure("{\"client_id\":\"a&b=c\",\"acr_to_ask\":\"urn:x y\"}");
	federation_exchange_url(&ask, &out);
	CHECK(strcmp(sp_buf_str(&out),
		  "https://id.example.gov/auth?response_type=code"
		  "&client_id=a%26b%3Dc"
		  "&redirect_uri=https%3A%2F%2Fe.example.gov%2Fcb"
		  "&scope=openid%20profile&state=STATE&nonce=NONCE"
		  "&code_challenge=CHALLENGE&code_challenge_method=S256"
		  "&acr_values=urn%3Ax%20y&max_age=43200") == 0);
	/* whoever is to prove it anew */
	k.flow = &anew;
	sp_buf_clear(&again);
	federation_exchange_url(&k, &again);
	CHECK(
	    strstr(sp_buf_str(&again), "&prompt=login&max_age=43200") != NULL);
	CHECK(strstr(sp_buf_str(&out), "prompt") == NULL);
	/* never what the code is redeemed with */
	CHECK(strstr(sp_buf_str(&out), "VERIFIER") == NULL);
	sp_buf_clear(&out);
	configure("{\"max_age_seconds\":0}");
	(void)snprintf(metadata.authorization, sizeof(metadata.authorization),
	    "https://id.example.gov/auth?tenant=7");
	federation_exchange_url(&ask, &out);
	CHECK(
	    strstr(sp_buf_str(&out), "?tenant=7&response_type=code&") != NULL &&
	    strstr(sp_buf_str(&out), "max_age") == NULL &&
	    strstr(sp_buf_str(&out), "acr_values") == NULL);
}

/* The longest of everything fits. */
static void
the_longest_url(void)
{
	SP_AUTO_BUF out = sp_buf_new(FEDERATION_ASK_MAX);
	char redirect[FEDERATION_REDIRECT_MAX];
	struct federation_ask k = ask;

	configure(NULL);
	memset(provider.client, '&', FEDERATION_CLIENT_MAX);
	memset(provider.scope, '&', FEDERATION_WORDS_MAX);
	memset(provider.ask_acr, '&', FEDERATION_WORDS_MAX);
	memset(redirect, '&', sizeof(redirect));
	redirect[sizeof(redirect) - 1] = '\0';
	k.redirect = redirect;
	federation_exchange_url(&k, &out);
	CHECK(sp_buf_ok(&out));
}

static void
coming_back(void)
{
	static const char other[] = "https://evil.example";
	static const char right[] = "https://id.example.gov/realm";
	char longest[FEDERATION_CODE_MAX + 2];
	const struct {
		bool says;
		struct federation_return r;
		const char *reason;
	} rows[] = {
		{ false, { .code = "c" }, "" },
		{ false, { .code = "c", .iss = right }, "" },
		{ true, { .code = "c", .iss = right }, "" },
		{ true, { .code = "c" }, "exchange.issuer" },
		{ true, { .code = "c", .iss = other }, "exchange.issuer" },
		{ false, { .code = "c", .iss = other }, "exchange.issuer" },
		{ false, { .code = "c", .iss = "" }, "exchange.issuer" },
		{ false, { .error = "access_denied" }, "exchange.denied" },
		{ false, { .error = "", .code = "c" }, "exchange.denied" },
		{ true, { .error = "access_denied", .iss = other },
		    "exchange.issuer" },
		{ false, { .code = NULL }, "exchange.code" },
		{ false, { .code = "" }, "exchange.code" },
		{ false, { .code = longest }, "exchange.code" },
	};

	configure(NULL);
	memset(longest, 'c', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { .code = SP_OK };
		enum sp_code code;

		metadata.says_issuer = rows[i].says;
		code = federation_exchange_check(&ask, &rows[i].r, &err);
		CHECK((code == SP_OK) == (rows[i].reason[0] == '\0'));
		CHECK(code == SP_OK ||
		    (code == SP_E_UNKNOWN &&
			strcmp(err.reason, rows[i].reason) == 0));
	}
}

static void
forms(void)
{
	static const struct {
		const char *auth, *form, *basic;
	} rows[] = {
		{ "{\"client_id\":\"a b\",\"auth\":\"client_secret_basic\","
		  "\"secret\":\"s&:\"}",
		    "grant_type=authorization_code&code=c%2F1&redirect_uri="
		    "https%3A%2F%2Fe.example.gov%2Fcb&code_verifier=VERIFIER",
		    "YSUyMGI6cyUyNiUzQQ==" }, /* "a%20b:s%26%3A" */
		{ "{\"auth\":\"client_secret_post\",\"secret\":\"s&:\"}",
		    "grant_type=authorization_code&code=c%2F1&redirect_uri="
		    "https%3A%2F%2Fe.example.gov%2Fcb&code_verifier=VERIFIER"
		    "&client_id=sallyport&client_secret=s%26%3A",
		    "" },
		{ "{\"auth\":\"none\"}",
		    "grant_type=authorization_code&code=c%2F1&redirect_uri="
		    "https%3A%2F%2Fe.example.gov%2Fcb&code_verifier=VERIFIER"
		    "&client_id=sallyport",
		    "" },
	};
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);

	sp_buf_text(&secret, "s&:");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF form = sp_buf_secret(2000);
		SP_AUTO_BUF basic = sp_buf_secret(2000);

		configure(rows[i].auth);
		federation_exchange_form(&ask, "c/1", &secret, &form, &basic);
		CHECK(strcmp(sp_buf_str(&form), rows[i].form) == 0);
		CHECK(strcmp(sp_buf_str(&basic), rows[i].basic) == 0);
	}
}

static void
answers(void)
{
	static const struct {
		unsigned status;
		const char *body, *reason;
		enum sp_code code;
	} rows[] = {
		{ 200, "{\"token_type\":\"bearer\",\"id_token\":\"a.b.c\"}", "",
		    SP_OK },
		{ 200,
		    "{\"token_type\":\"Bearer\",\"id_token\":\"a.b.c\","
		    "\"access_token\":\"x\",\"expires_in\":9}",
		    "", SP_OK },
		{ 200, "{\"token_type\":\"DPoP\",\"id_token\":\"a.b.c\"}",
		    "exchange.malformed", SP_E_UNAVAIL },
		{ 200, "{\"id_token\":\"a.b.c\"}", "exchange.malformed",
		    SP_E_UNAVAIL },
		{ 200, "{\"token_type\":\"Bearer\"}", "exchange.malformed",
		    SP_E_UNAVAIL },
		{ 200,
		    "{\"token_type\":\"Bearer\",\"id_token\":\"a\","
		    "\"id_token\":\"b\"}",
		    "exchange.malformed", SP_E_UNAVAIL },
		{ 200, "", "exchange.malformed", SP_E_UNAVAIL },
		{ 201, "{\"token_type\":\"Bearer\",\"id_token\":\"a.b.c\"}",
		    "exchange.malformed", SP_E_UNAVAIL },
		{ 302, "", "exchange.malformed", SP_E_UNAVAIL },
		{ 400, "{\"error\":\"invalid_grant\"}", "exchange.refused",
		    SP_E_UNKNOWN },
		{ 400, "{\"error\":\"invalid_request\"}", "exchange.client",
		    SP_E_UNAVAIL },
		{ 401, "{\"error\":\"invalid_client\"}", "exchange.client",
		    SP_E_UNAVAIL },
		{ 401, "{}", "exchange.client", SP_E_UNAVAIL },
		{ 500, "{}", "exchange.malformed", SP_E_UNAVAIL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF body = sp_buf_new(2000);
		SP_AUTO_BUF token = sp_buf_secret(2000);
		struct sp_err err = { .code = SP_OK };

		sp_buf_text(&body, rows[i].body);
		CHECK_CODE(federation_exchange_answer(
			       rows[i].status, &body, &token, &err),
		    rows[i].code, &err);
		CHECK((token.len > 0) == (rows[i].code == SP_OK));
		CHECK(rows[i].code == SP_OK ||
		    strcmp(err.reason, rows[i].reason) == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the URL", the_url },
		{ "the longest URL", the_longest_url },
		{ "coming back", coming_back },
		{ "forms", forms },
		{ "answers", answers },
	};
	int code;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	code = tap_run(cases, SP_COUNTOF(cases));
	federation_provider_free(&provider);
	return code;
}
