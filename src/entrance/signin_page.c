#include "entrance/signin.h"

#include "http/request.h"

#include <string.h>

/* Where the agency's name goes. */
#define MARK "<!--agency-->"

static void
add_escaped(struct sp_buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("<>&\"'", *s) != NULL)
			sp_buf_fmt(out, "&#%d;", *s);
		else
			sp_buf_add(out, s, 1);
}

static enum sp_code
show(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const uint8_t *mark = memmem(
	    entrance_signin_page, entrance_signin_page_len, MARK, strlen(MARK));
	SP_AUTO_BUF page = sp_buf_new(HTTP_BODY_MAX);
	size_t before;

	SP_REQUIRE(mark != NULL);
	before = (size_t)(mark - entrance_signin_page);
	sp_buf_add(&page, entrance_signin_page, before);
	add_escaped(&page, evidence_room_agency(q->room)->name);
	sp_buf_add(&page, mark + strlen(MARK),
	    entrance_signin_page_len - before - strlen(MARK));
	SP_TRY(sp_buf_check(&page, "the page", err));
	http_answer_take(a, "text/html; charset=utf-8", &page);
	http_answer_set(
	    a, "Content-Security-Policy", entrance_signin_page_policy);
	http_answer_set(a, "X-Frame-Options", "DENY");
	http_answer_set(a, "Cross-Origin-Opener-Policy", "same-origin");
	http_answer_set(a, "Referrer-Policy", "no-referrer");
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

static const struct http_input inputs[] = {
	{ .in = "query",
	    .name = "next",
	    .schema = HTTP_STRING,
	    .text =
		"Where to go afterwards: a path of this very site; anything "
		"else is passed over." },
	{ .in = "query",
	    .name = "problem",
	    .schema = HTTP_STRING,
	    .text = "How a sign-in elsewhere ended, where not well: a reason, "
		    "which the page puts into words." },
};

static const struct http_route routes[] = {
	{
	    .path = "/signin/{agency}",
	    .id = "signinPage",
	    .summary = "The page for signing in with a browser",
	    .method = HTTP_GET,
	    .door = HTTP_DOOR_PUBLIC,
	    HTTP_INPUT(inputs),
	    .success = { { .status = 200,
		.text = "The page",
		.media = "text/html; charset=utf-8" } },
	    .handle = show,
	},
};

const struct http_topic entrance_signin_page_topic = { routes,
	SP_COUNTOF(routes), NULL, 0 };
