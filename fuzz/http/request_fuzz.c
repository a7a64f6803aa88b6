#include "api/routes.h"
#include "crypto/provider.h"
#include "http/request.h"
#include "http/stats.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A request as libmicrohttpd may hand it over, to a site without agencies:
 * lines are METHOD, target, then "name:value" for the header and "?name=value"
 * for the query; after an empty line comes the body.
 */
static char dir[] = "/tmp/http-fuzz-XXXXXX";

static int
drop(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)st, (void)flag, (void)w;
	return remove(path);
}

static struct evidence_site *site;

static void
clean(void)
{
	evidence_site_close(site);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the last thread */
	(void)nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct http_house *
house(void)
{
	static struct http_house h = { .routes = &api_routes,
		.header_bytes = 4096,
		.json_bytes = 1000,
		.upload_max = 1000 };
	struct evidence_site_options o = {
		.dir = dir, .buffers = 2, .workers = 1
	};

	if (site != NULL)
		return &h;
	SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	SP_REQUIRE(mkdtemp(dir) != NULL);
	SP_REQUIRE(evidence_site_make(dir, NULL) == SP_OK);
	SP_REQUIRE(evidence_site_open(&site, &o, NULL) == SP_OK);
	SP_REQUIRE(http_stats_new(&h.stats, &api_routes, NULL, NULL) == SP_OK);
	SP_REQUIRE(atexit(clean) == 0);
	h.site = site;
	return &h;
}

struct input {
	struct http_pair line[HTTP_LINES_MAX];
	struct http_pair query[HTTP_QUERY_MAX];
	struct http_wire w;
};

static void
add_pair(struct input *in, char *text)
{
	bool query = text[0] == '?';
	char *name = query ? text + 1 : text;
	char *value = strchr(name, query ? '=' : ':');
	struct http_pair *p;

	if (value != NULL)
		*value++ = '\0';
	if (query ? in->w.queries == HTTP_QUERY_MAX
		  : in->w.lines == HTTP_LINES_MAX)
		return;
	p = query ? &in->query[in->w.queries++] : &in->line[in->w.lines++];
	*p = (struct http_pair){ name, strlen(name), value,
		value == NULL ? 0 : strlen(value) };
}

/* Cuts `text` at its line ends; what is left is the body. */
static char *
read_input(struct input *in, char *text)
{
	char *fields[2] = { NULL, NULL };

	*in = (struct input){ .w = { .http11 = true, .address = "127.0.0.1" } };
	for (size_t i = 0;; i++) {
		char *end = strchr(text, '\n');

		if (end != NULL)
			*end = '\0';
		if (i < 2)
			fields[i] = text;
		else if (*text != '\0')
			add_pair(in, text);
		if (end == NULL || (i >= 2 && *text == '\0')) {
			text = end == NULL ? text + strlen(text) : end + 1;
			break;
		}
		text = end + 1;
	}
	in->w.method = fields[0];
	in->w.target = fields[1] == NULL ? "" : fields[1];
	in->w.line = in->line;
	in->w.query = in->query;
	return text;
}

/* Any answer is a proper one. */
static void
check(const struct http_request *q)
{
	const char *name, *value;
	size_t at = 0;

	SP_REQUIRE(q->answer.status >= 200 && q->answer.status < 600);
	SP_REQUIRE(q->answer.status != 500);
	while (http_answer_next(&q->answer, &at, &name, &value))
		SP_REQUIRE(strpbrk(value, "\r\n") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *body;
	struct http_request *q = http_request_new(house());
	struct input in;

	SP_REQUIRE(text != NULL && q != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	body = read_input(&in, text);
	/* Counters want the watch of a server. */
	if (strstr(in.w.target, "etrics") == NULL) {
		enum http_turn turn = http_request_begin(q, &in.w);

		if (turn == HTTP_GO_ON)
			turn = http_request_body(q, body, strlen(body));
		if (turn == HTTP_GO_ON)
			http_request_end(q);
		check(q);
	}
	http_request_free(q);
	free(text);
	return 0;
}
