#include "report/words.h"

#include "gate/role.h"
#include "media/facts.h"
#include "report/report_fixture.h"

static const struct report_text_rule everything = { NULL, NULL };

static const char *const all_acts[] = {
#define X(word) word,
	LEDGER_ACTS(X)
#undef X
};

static struct sp_buf
text_of(const char *path)
{
	struct sp_buf text = sp_buf_new(1 << 20);
	struct sp_err err;

	CHECK_OK(sp_file_read(AT_FDCWD, path, &text, &err), &err);
	return text;
}

/* An entry of no other act can be written (ledger_entry_test), so that these
 * are all that a report can meet. */
static void
every_act_has_words(void)
{
	const char *unknown = report_words_act("no.such.act");

	for (size_t i = 0; i < SP_COUNTOF(all_acts); i++)
		if (report_words_act(all_acts[i]) == unknown)
			tap_fail(
			    __FILE__, __LINE__, "no words for ", all_acts[i]);
	CHECK(SP_COUNTOF(all_acts) >= 18);
}

/* docs/ledger.md has a row for each, and for no other. */
static void
the_manual_has_every_act(void)
{
	SP_AUTO_BUF manual = text_of(LEDGER_MANUAL);
	const char *at = strstr(sp_buf_str(&manual), "\n### Acts");
	size_t rows = 0;

	CHECK(at != NULL);
	for (const char *row = at; row != NULL && strncmp(row, "\n## ", 4) != 0;
	     row = strchr(row + 1, '\n'))
		rows += strncmp(row, "\n| `", 4) == 0;
	CHECK(rows == SP_COUNTOF(all_acts));
	for (size_t i = 0; i < SP_COUNTOF(all_acts); i++) {
		char row[LEDGER_WORD_MAX + 8];

		(void)snprintf(row, sizeof(row), "\n| `%s` |", all_acts[i]);
		if (strstr(at, row) == NULL)
			tap_fail(
			    __FILE__, __LINE__, "no row for ", all_acts[i]);
	}
}

/* verify.html says the same as the paper that lies beside it. */
static void
the_page_has_the_same_words(void)
{
	SP_AUTO_BUF page = text_of(VERIFY_WORDS);

	for (size_t i = 0; i < SP_COUNTOF(all_acts); i++) {
		SP_AUTO_BUF row = sp_buf_new(1000);

		sp_buf_fmt(&row, "\n  '%s': '%s',\n", all_acts[i],
		    report_words_act(all_acts[i]));
		CHECK(sp_buf_ok(&row));
		if (strstr(sp_buf_str(&page), sp_buf_str(&row)) == NULL)
			tap_fail(__FILE__, __LINE__,
			    "verify.html has other words for ", all_acts[i]);
	}
}

/* What can be asked for can be refused. */
static void
every_denial_has_words(void)
{
	for (int a = 0; a < GATE_ACT_COUNT; a++) {
		const char *name = gate_act_name((enum gate_act)a);
		SP_AUTO_BUF raw = sp_buf_new(1000), out = sp_buf_new(1000);
		json_t *detail = json_pack("{s:s,s:s,s:i}", "act", name, "code",
		    "role", "stands_for", 1);
		struct report_event e = { .act = "gate.denied",
			.detail = detail };

		CHECK(detail != NULL);
		sp_buf_fmt(&raw, "Asked %s;", name);
		report_words_detail(&e, &everything, &out);
		CHECK(sp_buf_ok(&out) && sp_buf_ok(&raw));
		if (strncmp(sp_buf_str(&out), sp_buf_str(&raw), raw.len) == 0)
			tap_fail(__FILE__, __LINE__, "no words for ", name);
		json_decref(detail);
	}
}

/* And what makes media unreadable, in the words that the API has. */
static void
every_reason_has_words(void)
{
	for (int r = 0; r < MEDIA_REASON_COUNT; r++) {
		const char *word = media_reason_word((enum media_reason)r);
		SP_AUTO_BUF out = sp_buf_new(1000), want = sp_buf_new(1000);
		json_t *detail = json_pack("{s:i,s:s,s:s}", "opened", 7,
		    "reason", word, "state", "unreadable");
		struct report_event e = { .act = "media.probed",
			.detail = detail };

		CHECK(detail != NULL);
		sp_buf_fmt(&want,
		    "Kept as it came; not readable as media: %s; it began "
		    "with entry 7",
		    media_reason_text((enum media_reason)r));
		report_words_detail(&e, &everything, &out);
		CHECK(sp_buf_ok(&out) && sp_buf_ok(&want));
		CHECK(strcmp(sp_buf_str(&out), sp_buf_str(&want)) == 0);
		json_decref(detail);
	}
}

static void
what_is_not_known_is_told_as_it_is(void)
{
	CHECK(strcmp(report_words_outcome("postponed"), "postponed") == 0);
	CHECK(report_words_unusual("postponed"));
	CHECK(!report_words_unusual("done"));
	CHECK(strcmp(report_words_actor("stranger"), "stranger") == 0);
	CHECK(strcmp(report_words_source("drone"), "drone") == 0);
	CHECK(strcmp(report_words_source("media"), "media") != 0);
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
		{ "evidence.closed",
		    "{\"bytes\":1234,\"cut\":true,\"opened\":17}",
		    "1,234 bytes were sent; it began with entry 17; cut off: "
		    "the viewer's access was revoked" },
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
		{ "media.probed",
		    "{\"opened\":9,\"poster_sha256\":\"00ff\","
		    "\"state\":\"done\"}",
		    "Its format and length were read; a still picture of it "
		    "was made; it began with entry 9" },
		{ "media.probed", "{\"opened\":9,\"state\":\"none\"}",
		    "It is no video, sound or picture; it began with entry 9" },
		{ "media.probed",
		    "{\"opened\":9,\"reason\":\"interrupted\","
		    "\"state\":\"queued\"}",
		    "Interrupted; it will be tried again; it began with entry "
		    "9" },
		{ "media.probed",
		    "{\"opened\":9,\"reason\":\"haunted\","
		    "\"state\":\"unreadable\"}",
		    "Kept as it came; not readable as media: haunted; it "
		    "began with entry 9" },
		/* of another version: as it stands */
		{ "evidence.closed", "{\"bytes\":1}", "{\"bytes\":1}" },
		{ "evidence.closed", "{\"opened\":\"x\"}",
		    "{\"opened\":\"x\"}" },
		{ "some.act", "{\"a\":[1,{\"b\":null}]}",
		    "{\"a\":[1,{\"b\":null}]}" },
		/* NOLINTNEXTLINE: what misleads is what is tested */
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
		{ "every act has words", every_act_has_words },
		{ "the manual has every act", the_manual_has_every_act },
		{ "the page has the same words", the_page_has_the_same_words },
		{ "every denial has words", every_denial_has_words },
		{ "every reason has words", every_reason_has_words },
		{ "what is not known is told as it is",
		    what_is_not_known_is_told_as_it_is },
		{ "details", details },
		{ "long details are cut", long_details_are_cut },
		{ "times", times },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
