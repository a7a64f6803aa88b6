#include "report/words.h"

#include "report/report_fixture.h"

static const struct report_text_rule everything = { NULL, NULL };

/* Each act that docs/ledger.md tells of has words. */
static void
every_act_of_the_manual_has_words(void)
{
	SP_AUTO_BUF page = sp_buf_new(1 << 20);
	SP_AUTO_BUF path = sp_buf_new(1000);
	const char *unknown = report_words_act("no.such.act");
	struct sp_err err;
	size_t n = 0;

	sp_buf_text(&path, LEDGER_MANUAL);
	CHECK_OK(sp_file_read(AT_FDCWD, sp_buf_str(&path), &page, &err), &err);
	for (const char *at = strstr(sp_buf_str(&page), "\n### Acts");
	     at != NULL && strncmp(at, "\n## ", 4) != 0;
	     at = strchr(at + 1, '\n')) {
		char act[LEDGER_WORD_MAX + 1];
		size_t len;

		if (strncmp(at, "\n| `", 4) != 0)
			continue;
		len = strcspn(at + 4, "`");
		CHECK(len < sizeof(act));
		memcpy(act, at + 4, len);
		act[len] = '\0';
		if (report_words_act(act) == unknown)
			tap_fail(__FILE__, __LINE__, "no words for ", act);
		n++;
	}
	CHECK(n >= 14);
}

static void
what_is_not_known_is_told_as_it_is(void)
{
	CHECK(strcmp(report_words_outcome("postponed"), "postponed") == 0);
	CHECK(report_words_unusual("postponed"));
	CHECK(!report_words_unusual("done"));
	CHECK(strcmp(report_words_actor("person"), "person") == 0);
	CHECK(strcmp(report_words_source("drone"), "drone") == 0);
}

static void
details(void)
{
	static const struct {
		const char *act, *detail, *says;
	} rows[] = {
		{ "evidence.opened", "{}", "" },
		{ "evidence.closed", "{\"bytes\":1234,\"opened\":17}",
		    "1,234 bytes were sent; it began with entry 17" },
		{ "evidence.closed", "{\"opened\":1700}",
		    "Interrupted, bytes sent unknown; it began with entry "
		    "1,700" },
		{ "gate.denied",
		    "{\"act\":\"evidence.view\",\"code\":\"role\","
		    "\"stands_for\":1}",
		    "Asked to view the content; reason: role" },
		{ "gate.denied",
		    "{\"act\":\"evidence.eat\",\"code\":\"role\","
		    "\"stands_for\":12}",
		    "Asked evidence.eat; reason: role; this entry stands for "
		    "12 refusals" },
		/* of another version: as it stands */
		{ "evidence.closed", "{\"bytes\":1}", "{\"bytes\":1}" },
		{ "evidence.closed", "{\"opened\":\"x\"}",
		    "{\"opened\":\"x\"}" },
		{ "some.act", "{\"a\":[1,{\"b\":null}]}",
		    "{\"a\":[1,{\"b\":null}]}" },
		{ "some.act", "{\"a\":\"\xe2\x80\xae\"}",
		    "{\"a\":\"‹U+202E›\"}" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(10000);
		json_error_t why;
		json_t *detail = json_loads(rows[i].detail, 0, &why);
		struct report_event e = { .act = rows[i].act,
			.detail = detail };

		CHECK(detail != NULL);
		report_words_detail(&e, &everything, &out);
		CHECK(sp_buf_ok(&out));
		if (strcmp(sp_buf_str(&out), rows[i].says) != 0)
			tap_fail(
			    __FILE__, __LINE__, rows[i].says, sp_buf_str(&out));
		json_decref(detail);
	}
}

/* Much of it is cut, and says so; never inside a character. */
static void
long_details_are_cut(void)
{
	for (size_t pad = 0; pad < 4; pad++) {
		SP_AUTO_BUF text = sp_buf_new(10000);
		SP_AUTO_BUF out = sp_buf_new(100000);
		json_t *detail = json_object();
		struct report_event e = { .act = "some.act", .detail = detail };

		sp_buf_text(&text, &"xxx"[pad]);
		for (size_t i = 0; i < 500; i++)
			sp_buf_text(&text, "é");
		CHECK(json_object_set_new(
			  detail, "a", json_string(sp_buf_str(&text))) == 0);
		report_words_detail(&e, &everything, &out);
		CHECK(sp_buf_ok(&out) && out.len < 600);
		CHECK(strstr(sp_buf_str(&out), "(the entry has more)") != NULL);
		CHECK(strstr(sp_buf_str(&out), "0x") == NULL);
		json_decref(detail);
	}
}

static void
times(void)
{
	struct report_words_time t =
	    report_words_time("2026-11-21T18:45:44.123456Z");

	CHECK(strcmp(t.date, "2026-11-21") == 0);
	CHECK(strcmp(t.clock, "18:45:44.123456") == 0);
	t = report_words_time("");
	CHECK(t.date[0] == '\0' && t.clock[0] == '\0');
	t = report_words_time("a very long text that is not a time at all T x");
	CHECK(strlen(t.date) < sizeof(t.date));
	CHECK(strlen(t.clock) < sizeof(t.clock));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every act of the manual has words",
		    every_act_of_the_manual_has_words },
		{ "what is not known is told as it is",
		    what_is_not_known_is_told_as_it_is },
		{ "details", details },
		{ "long details are cut", long_details_are_cut },
		{ "times", times },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
