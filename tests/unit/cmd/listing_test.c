#include "cmd/listing.h"

#include "client/fake.h"
#include "said.h"

#define PATH "/v1/agencies/harbor-pd/things?limit=2"

/* A site that answers with these bodies in turn, and what it was asked. */
struct site {
	const char *const *page; /* ended by NULL */
	char asked[10][160];
};

static enum sp_code
serve(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	struct site *s = f->arg;
	const char *page = s->page[f->requests - 1];

	(void)err;
	CHECK(page != NULL && strcmp(rq->method, "GET") == 0);
	CHECK(f->requests <= SP_COUNTOF(s->asked));
	(void)snprintf(
	    s->asked[f->requests - 1], sizeof(s->asked[0]), "%s", rq->path);
	return fake_text(an, page);
}

static void
show_colour(const json_t *value, char *out, size_t room)
{
	(void)snprintf(out, room, "%s", json_is_true(value) ? "red" : "blue");
}

static const struct listing things = {
	.column = { { "ID", "id", NULL }, { "MADE", "at", cmd_present_time },
	    { "COLOUR", "red", show_colour } },
};
static const struct listing halves = {
	.column = { { "ID", "id", NULL } },
	.array = { "left", "right", NULL },
};

/* All of it, shown; what was said goes to `said`. */
static enum sp_code
show(const struct listing *l, struct site *s, bool json, char *said,
    struct sp_err *err)
{
	struct fake f = { .serve = serve, .arg = s };
	struct client c = { .json = json, .site = fake_client(&f) };
	enum sp_code code;

	said_begin(STDOUT_FILENO);
	code = cmd_listing_show(&c, l, PATH, err);
	said_end(said, 1000);
	client_site_done(&c.site);
	CHECK(code != SP_OK || s->page[f.requests] == NULL);
	return code;
}

static const char *const two_pages[] = {
	"{\"items\":[{\"id\":\"a\",\"at\":\"2026-11-22T07:43:58.123456Z\","
	"\"red\":true},{\"id\":\"bb\",\"at\":null}],\"next\":\"b&\"}",
	"{\"items\":[{\"id\":\"c\\u001b\",\"n\":1}],\"next\":null}",
	NULL,
};

static void
a_row_an_item(void)
{
	struct site s = { .page = two_pages };
	char said[1000];
	struct sp_err err;

	CHECK_OK(show(&things, &s, false, said, &err), &err);
	CHECK(strcmp(said,
		  "ID  MADE                 COLOUR\n"
		  "a   2026-11-22T07:43:58  red\n"
		  "bb  -                    blue\n"
		  "c?  -                    blue\n") == 0);
	CHECK(strcmp(s.asked[0], PATH) == 0);
	CHECK(strcmp(s.asked[1], PATH "&cursor=b%26") == 0);
}

static void
an_object_a_line(void)
{
	struct site s = { .page = two_pages };
	char said[1000];
	struct sp_err err;

	CHECK_OK(show(&things, &s, true, said, &err), &err);
	CHECK(strcmp(said,
		  "{\"id\":\"a\",\"at\":\"2026-11-22T07:43:58.123456Z\","
		  "\"red\":true}\n"
		  "{\"id\":\"bb\",\"at\":null}\n"
		  "{\"id\":\"c\\u001B\",\"n\":1}\n") == 0);
}

static void
items_in_several_arrays(void)
{
	static const char *const page[] = {
		"{\"items\":{\"right\":[{\"id\":\"r\"}],\"other\":7,"
		"\"left\":[{\"id\":\"l\"}]}}",
		NULL,
	};
	static const char *const half[] = {
		"{\"items\":{\"left\":[{\"id\":\"l\"}]}}", NULL
	};
	struct site s = { .page = page };
	char said[1000];
	struct sp_err err;

	CHECK_OK(show(&halves, &s, false, said, &err), &err);
	CHECK(strcmp(said, "ID\nl\nr\n") == 0);
	s.page = half;
	CHECK_CODE(show(&halves, &s, false, said, &err), SP_E_INVALID, &err);
}

/* At once, and a head alone where there is nothing. */
static void
items_that_came_at_once(void)
{
	json_t *items = json_pack("[{s:s},{s:i}]", "id", "x", "id", 7);
	char said[1000];
	struct sp_err err;

	CHECK(items != NULL);
	said_begin(STDOUT_FILENO);
	CHECK_OK(cmd_listing_print(&halves, items, &err), &err);
	CHECK_OK(cmd_listing_print(&halves, NULL, &err), &err);
	said_end(said, sizeof(said));
	CHECK(strcmp(said, "ID\nx\n7\nID\n") == 0);
	json_decref(items);
}

static void
what_is_no_list_is_refused(void)
{
	static const char *const page[][2] = {
		{ "{}", NULL },
		{ "{\"items\":null}", NULL },
		{ "{\"items\":{}}", NULL },
		{ "{\"items\":\"[]\"}", NULL },
		{ "[]", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(page); i++) {
		struct site s = { .page = page[i] };
		char said[1000];
		struct sp_err err;

		CHECK_CODE(
		    show(&things, &s, false, said, &err), SP_E_INVALID, &err);
		CHECK(err.reason == client_site_unreachable);
		CHECK(*said == '\0'); /* no half a table */
	}
}

/* Ids rise or fall; every way of going round is seen. */
static void
pages_go_one_way(void)
{
	static const struct {
		const char *next[6];
		bool good;
	} rows[] = {
		{ { "a", "b", "c" }, true },
		{ { "c", "b", "a" }, true },
		{ { "m", "" }, true },
		{ { "a", "a" }, false },
		{ { "a", "b", "b" }, false },
		{ { "a", "b", "a" }, false },
		{ { "b", "a", "b" }, false },
		{ { "a", "b", "c", "bb" }, false },
		{ { "0123456789012345678901234567890123456789012345678901234567"
		    "89012" },
		    true },
		{ { "0123456789012345678901234567890123456789012345678901234567"
		    "890123" },
		    false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		static char text[7][120];
		const char *page[8] = { NULL };
		struct site s = { .page = page };
		char said[1000];
		struct sp_err err;
		size_t n = 0;

		for (; rows[i].next[n] != NULL; n++) {
			(void)snprintf(text[n], sizeof(text[n]),
			    "{\"items\":[],\"next\":\"%s\"}", rows[i].next[n]);
			page[n] = text[n];
		}
		if (n == 0 || *rows[i].next[n - 1] != '\0')
			page[n] = "{\"items\":[]}";
		CHECK_CODE(show(&things, &s, true, said, &err),
		    rows[i].good ? SP_OK : SP_E_INVALID, &err);
	}
}

static enum sp_code
second_fails(void *arg, json_t *item, struct sp_err *err)
{
	int *n = arg;

	CHECK(json_is_string(json_object_get(item, "id")));
	return ++*n < 2 ? SP_OK : sp_fail(err, SP_E_FULL, "that was enough");
}

static void
what_fails_for_one_ends_it(void)
{
	int n = 0;
	const struct listing_each each = { NULL, second_fails, &n };
	struct site s = { .page = two_pages };
	struct fake f = { .serve = serve, .arg = &s };
	struct client c = { .site = fake_client(&f) };
	struct sp_err err;

	CHECK_CODE(cmd_listing_each(&c, PATH, &each, &err), SP_E_FULL, &err);
	CHECK(n == 2 && f.requests == 1);
	client_site_done(&c.site);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a row an item", a_row_an_item },
		{ "an object a line", an_object_a_line },
		{ "items in several arrays", items_in_several_arrays },
		{ "items that came at once", items_that_came_at_once },
		{ "what is no list is refused", what_is_no_list_is_refused },
		{ "pages go one way", pages_go_one_way },
		{ "what fails for one ends it", what_fails_for_one_ends_it },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
