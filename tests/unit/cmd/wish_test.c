#include "cmd/wish.h"

#include "tap.h"

#include <string.h>

static bool
is(json_t *list, const char *text)
{
	char *got = json_dumps(list, JSON_COMPACT);
	bool same = got != NULL && strcmp(got, text) == 0;

	free(got);
	json_decref(list);
	return same;
}

static void
words_are_parted_by_commas_and_spaces(void)
{
	static const struct {
		const char *said, *list;
	} rows[] = {
		{ NULL, "[]" },
		{ "", "[]" },
		{ ", ,", "[]" },
		{ "a", "[\"a\"]" },
		{ "a,b c", "[\"a\",\"b\",\"c\"]" },
		{ " a,, b ", "[\"a\",\"b\"]" },
		{ "192.0.2.0/24,2001:db8::/32",
		    "[\"192.0.2.0/24\",\"2001:db8::/32\"]" },
		{ "\xc3\xa9,b", "[\"\xc3\xa9\",\"b\"]" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(is(cmd_wish_words(rows[i].said), rows[i].list));
	CHECK(cmd_wish_words("a,\xff") == NULL);
	CHECK(cmd_wish_words("\xc3,\xa9") == NULL);
}

static void
operands_are_a_list(void)
{
	char a[] = "a b", b[] = "", bad[] = "\xff";
	char *text[] = { a, b, bad, NULL };

	CHECK(is(cmd_wish_texts(text, 0), "[]"));
	CHECK(is(cmd_wish_texts(text, 2), "[\"a b\",\"\"]"));
	CHECK(cmd_wish_texts(text, 3) == NULL);
}

static void
a_member_that_was_not_said_is_none(void)
{
	json_t *wish = json_object();

	CHECK(cmd_wish_text(wish, "a", NULL));
	CHECK(cmd_wish_text(wish, "b", "c"));
	CHECK(!cmd_wish_text(wish, "d", "\xff"));
	CHECK(!cmd_wish_text(NULL, "b", "c"));
	CHECK(is(wish, "{\"b\":\"c\"}"));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "words are parted by commas and spaces",
		    words_are_parted_by_commas_and_spaces },
		{ "operands are a list", operands_are_a_list },
		{ "a member that was not said is none",
		    a_member_that_was_not_said_is_none },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
