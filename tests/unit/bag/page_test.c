#include "bag/page.h"
#include "bag/write.h"
#include "tap.h"

#include <string.h>

static bool
has(const char *text)
{
	return memmem(bag_page, bag_page_len, text, strlen(text)) != NULL;
}

static void
it_is_one_page_that_fits(void)
{
	static const char begin[] = "<!doctype html>\n", end[] = "</html>\n";

	CHECK(bag_page_len > 4096 && bag_page_len <= BAG_TAG_MAX);
	CHECK(memcmp(bag_page, begin, strlen(begin)) == 0);
	CHECK(memcmp(bag_page + bag_page_len - strlen(end), end, strlen(end)) ==
	    0);
	CHECK(memchr(bag_page, '\0', bag_page_len) == NULL);
}

static void
it_may_load_and_send_nothing(void)
{
	CHECK(has("http-equiv=\"Content-Security-Policy\" "
		  "content=\"default-src 'none'; script-src 'sha256-"));
	CHECK(!has("<script src") && !has("<link") && !has("<img"));
	CHECK(!has("unsafe-inline") && !has("unsafe-eval"));
}

static void
it_says_which_it_is(void)
{
	CHECK(!has("SALLYPORT_VERSION"));
	CHECK(has("\"" SP_VERSION "\""));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "it is one page that fits a tag file",
		    it_is_one_page_that_fits },
		{ "it may load and send nothing",
		    it_may_load_and_send_nothing },
		{ "it says which it is", it_says_which_it_is },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
