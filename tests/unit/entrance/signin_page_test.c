/* The sign-in page as the server sends it: whole, with the agency's name as
 * text, and a policy that lets its own script and style run and nothing else.
 */
#include "entrance/signin.h"

#include "api/routes.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "evidence/room_fixture.h"
#include "http/request.h"

static struct room_fixture f;

static struct http_answer *
ask(struct http_request **q)
{
	static struct http_house house;
	struct sp_err err;

	*q = http_request_new(&house);
	CHECK(*q != NULL);
	(*q)->room = f.room;
	CHECK_OK(http_router_match(&(*q)->match, &api_routes, HTTP_GET,
		     "/signin/harbor-pd", &err),
	    &err);
	CHECK(strcmp((*q)->match.route->id, "signinPage") == 0);
	CHECK_OK((*q)->match.route->handle(*q, &(*q)->answer, &err), &err);
	return &(*q)->answer;
}

static void
done(struct http_request *q)
{
	q->room = NULL;
	http_request_free(q);
}

/* Between two marks; each is there once. */
static struct crypto_piece
between(const char *page, const char *from, const char *to)
{
	const char *a = strstr(page, from), *b;

	CHECK(a != NULL);
	a += strlen(from);
	b = strstr(a, to);
	CHECK(b != NULL && strstr(b, from) == NULL);
	return (struct crypto_piece){ a, (size_t)(b - a) };
}

static void
the_policy_is_the_pages(void)
{
	static const char *const parts[][2] = { { "<script>", "</script>" },
		{ "<style>", "</style>" } };
	struct http_request *q;
	const struct http_answer *a = ask(&q);
	const char *page = sp_buf_str(&a->body);
	const char *csp = http_answer_get(a, "Content-Security-Policy");

	CHECK(a->status == 200 && csp != NULL);
	for (size_t i = 0; i < SP_COUNTOF(parts); i++) {
		struct crypto_piece p = between(page, parts[i][0], parts[i][1]);
		uint8_t hash[CRYPTO_SHA256_LEN];
		char text[64], want[80];

		crypto_sha256(p.at, p.len, hash);
		sp_base64(hash, sizeof(hash), text);
		(void)snprintf(want, sizeof(want), "'sha256-%s'", text);
		CHECK(strstr(csp, want) != NULL);
	}
	CHECK(strstr(csp, "default-src 'none'") != NULL);
	CHECK(strstr(csp, "frame-ancestors 'none'") != NULL);
	CHECK(strstr(csp, "form-action 'none'") != NULL);
	CHECK(strstr(csp, "unsafe") == NULL && strchr(csp, '*') == NULL);
	CHECK(strcmp(http_answer_get(a, "X-Frame-Options"), "DENY") == 0);
	CHECK(
	    strcmp(http_answer_get(a, "Referrer-Policy"), "no-referrer") == 0);
	done(q);
}

static void
the_name_is_text(void)
{
	union {
		const struct people_agency *is;
		struct people_agency *ours; /* for this once */
	} agency = { evidence_room_agency(f.room) };
	struct http_request *q;
	const struct http_answer *a = ask(&q);

	CHECK(strstr(sp_buf_str(&a->body), "<!--agency-->") == NULL);
	CHECK(strstr(sp_buf_str(&a->body), agency.is->name) != NULL);
	done(q);
	(void)snprintf(agency.ours->name, sizeof(agency.ours->name), "%s",
	    "<script>alert(1)</script> & \"Sons\"");
	a = ask(&q);
	CHECK(strstr(sp_buf_str(&a->body),
		  "<h1 id=\"agency\">&#60;script&#62;alert(1)&#60;/script&#62; "
		  "&#38; &#34;Sons&#34;</h1>") != NULL);
	done(q);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "the policy is the page's", the_policy_is_the_pages },
		{ "an agency's name is text", the_name_is_text },
	};
	struct sp_err err;
	int rc;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	fixture_make(&f);
	fixture_open(&f);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	return rc;
}
