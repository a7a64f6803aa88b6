#include "http/router.h"

#include "api/routes.h"
#include "tap.h"

#include <string.h>

#define ID "01890a5d-ac96-774b-bcce-b302099a8057"
#define A  "/v1/agencies/harbor-pd/"

static void
paths_find_their_routes(void)
{
	static const struct {
		enum http_method method;
		const char *path;
		const char *id; /* NULL: none */
	} rows[] = {
		{ HTTP_GET, "/healthz", "showHealth" },
		{ HTTP_HEAD, "/healthz", "showHealth" },
		{ HTTP_GET, "/v1/openapi.json", "showApi" },
		{ HTTP_GET, A "evidence", "listEvidence" },
		{ HTTP_GET, A "evidence/" ID, "showEvidence" },
		{ HTTP_GET, A "evidence/anything", "showEvidence" },
		{ HTTP_GET, A "evidence/" ID "/content", "viewEvidence" },
		{ HTTP_HEAD, A "evidence/" ID "/content", "describeContent" },
		{ HTTP_GET, A "evidence/" ID "/media", "showMedia" },
		{ HTTP_GET, A "evidence/" ID "/poster.jpg", "previewEvidence" },
		{ HTTP_HEAD, A "evidence/" ID "/poster.jpg",
		    "previewEvidence" },
		{ HTTP_GET, A "evidence/" ID "/receipt/entry",
		    "showReceiptEntry" },
		{ HTTP_POST, A "uploads", "createUpload" },
		{ HTTP_OPTIONS, A "uploads", "describeUploads" },
		{ HTTP_PATCH, A "uploads/" ID, "continueUpload" },
		{ HTTP_HEAD, A "uploads/" ID, "showUpload" },
		{ HTTP_DELETE, A "tokens/" ID, "revokeToken" },
		{ HTTP_GET, A "log/tile/entries/x001/234.p/7",
		    "showEntryBundle" },
		{ HTTP_GET, A "log/tile/0/x001/x234/067", "showTile" },
		{ HTTP_GET, A "log/tile/entries", NULL },
		{ HTTP_GET, "/v1/agencies/%68arbor-pd/evidence",
		    "listEvidence" },
		{ HTTP_GET, "https://h.example:8443" A "evidence",
		    "listEvidence" },
		{ HTTP_GET, "http://h" A "evidence", "listEvidence" },
		{ HTTP_GET, "/", NULL },
		{ HTTP_GET, "", NULL },
		{ HTTP_GET, "*", NULL },
		{ HTTP_GET, "//healthz", NULL },
		{ HTTP_GET, "/healthz/", NULL },
		{ HTTP_GET, "/healthz/x", NULL },
		{ HTTP_GET, "/HEALTHZ", NULL },
		{ HTTP_GET, "healthz", NULL },
		{ HTTP_GET, A "evidence/", "showEvidence" }, /* of id "" */
		{ HTTP_GET, A "../harbor-pd/evidence", NULL },
		{ HTTP_GET, "/v1/agencies/harbor-pd%2fevidence", NULL },
		{ HTTP_GET, A "evidence%2F" ID, NULL },
		{ HTTP_GET, "https://h.example", NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct http_match m;
		struct sp_err err;
		enum sp_code code = http_router_match(
		    &m, &api_routes, rows[i].method, rows[i].path, &err);

		if (rows[i].id == NULL) {
			CHECK_CODE(code, SP_E_NOTFOUND, &err);
			CHECK(m.route == NULL && m.path == NULL);
			continue;
		}
		CHECK_CODE(code, SP_OK, &err);
		CHECK(strcmp(m.route->id, rows[i].id) == 0);
	}
}

static void
parameters_are_decoded(void)
{
	struct http_match m;
	struct sp_err err;

	CHECK_OK(
	    http_router_match(&m, &api_routes, HTTP_GET,
		"/v1/agencies/a%20b%c3%a9/log/tile/12/x001/234.p/56", &err),
	    &err);
	CHECK(strcmp(http_match_param(&m, "agency"), "a b\xc3\xa9") == 0);
	CHECK(strcmp(http_match_param(&m, "level"), "12") == 0);
	CHECK(strcmp(http_match_param(&m, "index"), "x001/234.p/56") == 0);
	CHECK(http_match_has(&m, "index") && !http_match_has(&m, "id"));
}

static void
broken_paths_are_told_apart(void)
{
	static const struct {
		const char *path;
		const char *reason;
	} rows[] = {
		{ "/%", "http.malformed" },
		{ "/%4", "http.malformed" },
		{ "/%zz", "http.malformed" },
		{ "/a%00b", "http.malformed" },
		{ A "evidence/%g0", "http.malformed" },
	};
	char longest[HTTP_PATH_MAX + 2];
	struct http_match m;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK_CODE(http_router_match(
			       &m, &api_routes, HTTP_GET, rows[i].path, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, rows[i].reason) == 0);
	}
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[HTTP_PATH_MAX] = '\0';
	CHECK_CODE(http_router_match(&m, &api_routes, HTTP_GET, longest, &err),
	    SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "http.uri") == 0);
	longest[HTTP_PATH_MAX - 1] = '\0';
	CHECK_CODE(http_router_match(&m, &api_routes, HTTP_GET, longest, &err),
	    SP_E_NOTFOUND, &err);
	/* More segments than any template has. */
	for (size_t i = 0; i < HTTP_PATH_MAX - 1; i++)
		longest[i] = '/';
	CHECK_CODE(http_router_match(&m, &api_routes, HTTP_GET, longest, &err),
	    SP_E_NOTFOUND, &err);
}

static void
methods_that_are_not_there_are_told(void)
{
	struct http_match m;
	struct sp_err err;

	CHECK_CODE(
	    http_router_match(&m, &api_routes, HTTP_DELETE, A "evidence", &err),
	    SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "http.method") == 0);
	CHECK(m.methods == (1U << HTTP_GET | 1U << HTTP_HEAD));
	CHECK(m.path != NULL && m.route == NULL);
	CHECK_CODE(http_router_match(&m, &api_routes, HTTP_METHOD_COUNT,
		       A "uploads/" ID, &err),
	    SP_E_INVALID, &err);
	CHECK(m.methods ==
	    (1U << HTTP_HEAD | 1U << HTTP_PATCH | 1U << HTTP_DELETE |
		1U << HTTP_OPTIONS));
	CHECK(http_method_parse("TRACE") == HTTP_METHOD_COUNT);
	CHECK(http_method_parse("PUT") == HTTP_PUT);
	CHECK(http_method_parse("get") == HTTP_METHOD_COUNT);
	CHECK(http_method_parse("PATCH") == HTTP_PATCH);
}

static void
percent_decoding_is_exact(void)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: refused */
	} rows[] = {
		{ "", "" },
		{ "abc", "abc" },
		{ "%41%5a%5A", "AZZ" },
		{ "%25", "%" },
		{ "+", "+" },
		{ "%ff", "\xff" },
		{ "%", NULL },
		{ "a%", NULL },
		{ "a%4", NULL },
		{ "%4g", NULL },
		{ "% 1", NULL },
		{ "%00", NULL },
		{ "%%41", NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char out[16];
		bool ok =
		    http_percent_decode(rows[i].in, strlen(rows[i].in), out);

		CHECK(ok == (rows[i].out != NULL));
		CHECK(!ok || strcmp(out, rows[i].out) == 0);
	}
	/* It does not look beyond len. */
	CHECK(!http_percent_decode("%41", 2, (char[4]){ "" }));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "paths find their routes", paths_find_their_routes },
		{ "parameters are decoded", parameters_are_decoded },
		{ "broken paths are told apart", broken_paths_are_told_apart },
		{ "methods that are not there are told",
		    methods_that_are_not_there_are_told },
		{ "percent decoding is exact", percent_decoding_is_exact },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
