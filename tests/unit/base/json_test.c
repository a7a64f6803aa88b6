#include "base/json.h"
#include "base/nth_alloc.h"
#include "tap.h"

#include <jansson.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
the_whole_of_it(void)
{
	SP_AUTO_BUF b = sp_buf_new(1000);
	struct sp_json j = sp_json_to(&b);

	sp_json_object(&j, NULL);
	sp_json_array(&j, "a");
	sp_json_int(&j, NULL, 1);
	sp_json_object(&j, NULL);
	sp_json_end(&j);
	sp_json_array(&j, NULL);
	sp_json_end(&j);
	sp_json_str(&j, NULL, "x");
	sp_json_end(&j);
	sp_json_bool(&j, "b", true);
	sp_json_bool(&j, "b2", false);
	sp_json_hex(&j, "h", "\x00\xfe", 2);
	sp_json_null(&j, "n");
	sp_json_object(&j, "o");
	sp_json_int(&j, "B", -7); /* capitals sort first */
	sp_json_int(&j, "a", 0);
	sp_json_end(&j);
	sp_json_raw(&j, "r", "{\"k\":1}");
	sp_json_strn(&j, "s", "abcdef", 3);
	sp_json_end(&j);
	CHECK(strcmp(sp_buf_str(&b),
		  "{\"a\":[1,{},[],\"x\"],\"b\":true,\"b2\":false,"
		  "\"h\":\"00fe\",\"n\":null,\"o\":{\"B\":-7,\"a\":0},"
		  "\"r\":{\"k\":1},\"s\":\"abc\"}") == 0);
}

/* RFC 8785 3.2.2.2's own example, and each control. */
static void
strings_are_escaped_as_rfc_8785_has_it(void)
{
	SP_AUTO_BUF b = sp_buf_new(1000);
	struct sp_json j = sp_json_to(&b);

	sp_json_str(&j, NULL,
	    "\xe2\x82\xac$\x0f\x0a"
	    "A'B\"\\\\\"/\x7f");
	CHECK(strcmp(sp_buf_str(&b),
		  "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\x7f\"") == 0);
	sp_buf_clear(&b);
	j = sp_json_to(&b);
	sp_json_str(&j, NULL, "\x01\x07\x08\x09\x0a\x0b\x0c\x0d\x1f ");
	CHECK(strcmp(sp_buf_str(&b),
		  "\"\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f \"") == 0);
}

/* Any string that is UTF-8 comes back the same from another's parser; any
 * other poisons. */
static void
strings_come_back_from_jansson(void)
{
	uint32_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		SP_AUTO_BUF b = sp_buf_new(1000);
		struct sp_json j = sp_json_to(&b);
		char s[12];
		size_t n = (size_t)i % sizeof(s);
		json_t *v;

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525 + 1013904223;
			s[k] = (char)(i % 3 == 0 ? seed >> 25 : seed >> 24);
		}
		sp_json_strn(&j, NULL, s, n);
		CHECK(sp_buf_ok(&b) == sp_utf8_ok(s, n));
		if (!sp_buf_ok(&b)) {
			CHECK(b.bad == SP_E_INVALID);
			continue;
		}
		v = json_loadb(
		    (const char *)b.at, b.len, JSON_DECODE_ANY, NULL);
		CHECK(v != NULL && json_string_length(v) == n);
		CHECK(memcmp(json_string_value(v), s, n) == 0);
		json_decref(v);
	}
}

static void
integers_stay_where_doubles_are_exact(void)
{
	static const struct {
		int64_t v;
		const char *want; /* NULL: poison */
	} rows[] = {
		{ 0, "0" },
		{ -1, "-1" },
		{ INT64_C(9007199254740991), "9007199254740991" },
		{ INT64_C(-9007199254740991), "-9007199254740991" },
		{ INT64_C(9007199254740992), NULL },
		{ INT64_C(-9007199254740992), NULL },
		{ INT64_MAX, NULL },
		{ INT64_MIN, NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = sp_buf_new(100);
		struct sp_json j = sp_json_to(&b);

		sp_json_int(&j, NULL, rows[i].v);
		CHECK(sp_buf_ok(&b) == (rows[i].want != NULL));
		if (rows[i].want != NULL)
			CHECK(strcmp(sp_buf_str(&b), rows[i].want) == 0);
		else
			CHECK(b.bad == SP_E_INVALID);
	}
}

static void
wrong_order(struct sp_json *j)
{
	sp_json_object(j, NULL);
	sp_json_null(j, "b");
	sp_json_null(j, "a");
}

static void
same_name(struct sp_json *j)
{
	sp_json_object(j, NULL);
	sp_json_null(j, "a");
	sp_json_null(j, "a");
}

static void
no_name(struct sp_json *j)
{
	sp_json_object(j, NULL);
	sp_json_null(j, NULL);
}

static void
name_in_array(struct sp_json *j)
{
	sp_json_array(j, NULL);
	sp_json_null(j, "a");
}

static void
two_values(struct sp_json *j)
{
	sp_json_null(j, NULL);
	sp_json_null(j, NULL);
}

static void
one_end_too_many(struct sp_json *j)
{
	sp_json_object(j, NULL);
	sp_json_end(j);
	sp_json_end(j);
}

static void
too_deep(struct sp_json *j)
{
	for (int i = 0; i <= SP_JSON_DEPTH; i++)
		sp_json_array(j, NULL);
}

static void
quote_in_name(struct sp_json *j)
{
	sp_json_object(j, NULL);
	sp_json_null(j, "a\"b");
}

static void
bugs_abort(void)
{
	static void (*const bugs[])(struct sp_json *) = { wrong_order,
		same_name, no_name, name_in_array, two_values, one_end_too_many,
		too_deep, quote_in_name };

	for (size_t i = 0; i < SP_COUNTOF(bugs); i++) {
		pid_t pid = fork();
		int status = 0;

		CHECK(pid >= 0);
		if (pid == 0) {
			struct sp_buf b = sp_buf_new(1000);
			struct sp_json j = sp_json_to(&b);

			(void)close(STDERR_FILENO);
			(void)signal(SIGABRT, SIG_DFL);
			bugs[i](&j);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

static void
depth_goes_to_its_maximum(void)
{
	SP_AUTO_BUF b = sp_buf_new(1000);
	struct sp_json j = sp_json_to(&b);

	for (int i = 0; i < SP_JSON_DEPTH; i++)
		sp_json_array(&j, NULL);
	for (int i = 0; i < SP_JSON_DEPTH; i++)
		sp_json_end(&j);
	CHECK(sp_buf_ok(&b) && b.len == (size_t)SP_JSON_DEPTH * 2);
}

static void
each_failed_allocation_is_reported(void)
{
	unsigned n = 1;

	do {
		SP_AUTO_BUF b = sp_buf_new(10000);
		struct sp_json j = sp_json_to(&b);

		nth_alloc_arm(n++);
		sp_json_array(&j, NULL);
		for (int i = 0; i < 100; i++) {
			sp_json_object(&j, NULL);
			sp_json_hex(&j, "hex", "abc", 3);
			sp_json_int(&j, "i", i);
			sp_json_str(&j, "text", "t\ne");
			sp_json_end(&j);
		}
		sp_json_end(&j);
		CHECK(sp_buf_ok(&b) == !nth_alloc_hit);
		CHECK(!nth_alloc_hit || b.bad == SP_E_NOMEM);
	} while (nth_alloc_again());
	CHECK(n > 5);
}

static void
ids_and_times_have_their_text(void)
{
	SP_AUTO_BUF b = sp_buf_new(1000);
	struct sp_json j = sp_json_to(&b);
	struct sp_id id = { .b = { 0 } };

	sp_json_object(&j, NULL);
	sp_json_id_or_null(&j, "a", &id);
	CHECK(sp_id_parse(
	    "01890a5d-ac96-774b-bcce-b302099a8057", SP_ID_TEXT - 1, &id));
	sp_json_id_or_null(&j, "b", &id);
	sp_json_id(&j, "c", &id);
	sp_json_time_or_null(&j, "d", 0);
	sp_json_time_or_null(&j, "e", SP_SECOND);
	sp_json_time(&j, "f", 0);
	sp_json_end(&j);
	CHECK(strcmp(sp_buf_str(&b),
		  "{\"a\":null,"
		  "\"b\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
		  "\"c\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
		  "\"d\":null,\"e\":\"1970-01-01T00:00:01.000000Z\","
		  "\"f\":\"1970-01-01T00:00:00.000000Z\"}") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the whole of it", the_whole_of_it },
		{ "strings are escaped as RFC 8785 has it",
		    strings_are_escaped_as_rfc_8785_has_it },
		{ "strings come back from jansson",
		    strings_come_back_from_jansson },
		{ "integers stay where doubles are exact",
		    integers_stay_where_doubles_are_exact },
		{ "bugs abort", bugs_abort },
		{ "ids and times have their text",
		    ids_and_times_have_their_text },
		{ "depth goes to its maximum", depth_goes_to_its_maximum },
		{ "each failed allocation is reported",
		    each_failed_allocation_is_reported },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
