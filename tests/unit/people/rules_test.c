#include "people_fixture.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct sp_err err;

static const struct people_rules_place florida = {
	.state = "FL",
	.slug = "harbor-pd",
	.dirfd = -1,
};

static struct people_rules *
builtin(const char *state)
{
	struct people_rules *r = NULL;

	CHECK_OK(people_rules_default(&r, state, &err), &err);
	return r;
}

/* Numbers of CJISSECPOL 6.x that the gate rests on, with their sections. */
static void
the_builtin_numbers_are_those_of_the_policy(void)
{
	static const struct {
		enum people_rule rule;
		int64_t value;
		const char *section;
	} rows[] = {
		{ PEOPLE_LOGON_FAILURES, 5, "AC-7" },
		{ PEOPLE_LOGON_WINDOW, 15, "AC-7" },
		{ PEOPLE_AUTHENTICATOR_FAILURES, 100, "IA-5 l(4)" },
		{ PEOPLE_SESSION_LOCK, 30, "AC-11" },
		{ PEOPLE_SESSION_REAUTHENTICATE, 12, "IA-5 j(10)" },
		{ PEOPLE_SESSION_DISCONNECT, 60, "SC-10" },
		{ PEOPLE_ACCOUNT_TEMPORARY, 72, "AC-2(2)" },
		{ PEOPLE_ACCOUNT_INACTIVE, 90, "AC-2(3)" },
		{ PEOPLE_ACCOUNT_RISK, 30, "AC-2(13)" },
		{ PEOPLE_ACCOUNT_TERMINATE, 24, "PS-4" },
		{ PEOPLE_PASSWORD_LENGTH, 8, "IA-5(1)(a)3" },
		{ PEOPLE_PASSWORD_CHANGE, 12, "IA-5(f)" },
		{ PEOPLE_OTP_STEP, 120, "IA-5(1)(d)" },
		{ PEOPLE_RECOVERY_ENTROPY, 20, "IA-5(1)(b)" },
		{ PEOPLE_TRAINING_RENEWAL, 12, "AT-2(a)1" },
		{ PEOPLE_TRAINING_EVENT, 30, "AT-2(a)2" },
		{ PEOPLE_AGREEMENT_REVIEW, 36, "CA-3(c)" },
		{ PEOPLE_SCREENING_RENEWAL, 60, "PS-3(b)" },
		{ PEOPLE_WARNING_1, 30, "Sallyport" },
		{ PEOPLE_WARNING_4, 1, "Sallyport" },
		{ PEOPLE_LOCKBOX_PENDING, 96, "Sallyport" },
		{ PEOPLE_LOCKBOX_ACCESS, 480, "Sallyport" },
	};
	PEOPLE_AUTO_RULES r = builtin("FL");

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(people_rules_get(r, rows[i].rule) == rows[i].value);
		CHECK(strcmp(people_rules_section(r, rows[i].rule),
			  rows[i].section) == 0);
	}
	for (int i = 0; i < PEOPLE_RULE_COUNT; i++) {
		enum people_rule rule = (enum people_rule)i;

		CHECK(people_rules_text(r, rule)[0] != '\0');
		CHECK(people_rules_name(rule)[0] != '\0');
	}
	CHECK(people_rules_time(r, PEOPLE_SESSION_LOCK) == 1800 * SP_SECOND);
	CHECK(people_rules_time(r, PEOPLE_ACCOUNT_INACTIVE) ==
	    7776000 * SP_SECOND);
	CHECK(strcmp(people_rules_policy(r), "CJISSECPOL 6.1") == 0);
	CHECK(people_rules_level(r, PEOPLE_OFFICER) == 2);
	CHECK(people_rules_level(r, PEOPLE_LASO) == 4);
}

static struct crypto_piece
piece(const char *text)
{
	return (struct crypto_piece){ text, strlen(text) };
}

#define HEAD                                                                   \
	"{\"applies\":{\"state\":\"FL\"},\"policy\":\"CJISSECPOL\","           \
	"\"version\":\"6.1\""
#define LOCK(value)                                                            \
	"\"session.lock\":{\"value\":" value ",\"unit\":\"minutes\","          \
	"\"section\":\"FL 1\",\"text\":\"Shorter.\"}"

static void
an_overlay_may_only_be_stricter(void)
{
	PEOPLE_AUTO_RULES base = builtin("FL");
	PEOPLE_AUTO_RULES made = NULL;
	bool applies = false;

	CHECK_OK(people_rules_parse(&made, base, &florida,
		     piece(HEAD ",\"rules\":{" LOCK("15") "},\"roles\":{"
							  "\"officer\":{"
							  "\"training\":3,"
							  "\"section\":"
							  "\"FL 2\"}},"
							  "\"zone\":"
							  "\"CST6CDT,M3.2.0,"
							  "M11.1.0\"}"),
		     &applies, &err),
	    &err);
	CHECK(applies);
	CHECK(people_rules_get(made, PEOPLE_SESSION_LOCK) == 15);
	CHECK(people_rules_get(base, PEOPLE_SESSION_LOCK) == 30);
	CHECK(strcmp(people_rules_section(made, PEOPLE_SESSION_LOCK), "FL 1") ==
	    0);
	CHECK(people_rules_level(made, PEOPLE_OFFICER) == 3);
	CHECK(strcmp(people_day_zone(made), "CST6CDT,M3.2.0,M11.1.0") == 0);
	/* On top of it, thirty would be weaker; so would less training. */
	{
		PEOPLE_AUTO_RULES more = NULL;

		CHECK_CODE(people_rules_parse(&more, made, &florida,
			       piece(HEAD ",\"rules\":{" LOCK("30") "}}"),
			       &applies, &err),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "rules.weaker") == 0);
		CHECK(
		    strstr(err.text, "rules.session.lock: 30 minutes") != NULL);
		CHECK(more == NULL);
	}
}

static void
an_overlay_is_for_its_place(void)
{
	static const struct {
		const char *applies;
		bool ours;
	} rows[] = {
		{ "{\"state\":\"FL\"}", true },
		{ "{\"state\":\"GA\"}", false },
		{ "{\"state\":\"FL\",\"agency\":\"harbor-pd\"}", true },
		{ "{\"state\":\"FL\",\"agency\":\"miami-pd\"}", false },
		{ "{\"state\":\"GA\",\"agency\":\"harbor-pd\"}", false },
	};
	PEOPLE_AUTO_RULES base = builtin("FL");

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		PEOPLE_AUTO_RULES made = NULL;
		char text[400];
		bool applies = !rows[i].ours;

		(void)snprintf(text, sizeof(text),
		    "{\"applies\":%s,\"policy\":\"CJISSECPOL\","
		    "\"version\":\"6.1\",\"rules\":{" LOCK("10") "}}",
		    rows[i].applies);
		CHECK_OK(people_rules_parse(&made, base, &florida, piece(text),
			     &applies, &err),
		    &err);
		CHECK(applies == rows[i].ours && (made != NULL) == applies);
	}
}

static void
every_bad_file_is_named(void)
{
	static const struct {
		const char *text, *reason, *says;
	} rows[] = {
		{ "", "rules.json", "not JSON" },
		{ "[]", "rules.shape", "one object" },
		{ HEAD "} ,", "rules.json", "not JSON" },
		{ HEAD ",\"policy\":\"X\"}", "rules.json", "duplicate" },
		{ HEAD ",\"ruels\":{}}", "rules.member", "ruels" },
		{ HEAD ",\"rules\":[]}", "rules.shape", "rules" },
		{ HEAD ",\"rules\":{\"session.look\":{}}}", "rules.name",
		    "session.look" },
		{ HEAD ",\"rules\":{\"session.lock\":7}}", "rules.shape",
		    "rules.session.lock" },
		{ HEAD ",\"rules\":{" LOCK("0") "}}", "rules.value",
		    "rules.session.lock: value must be" },
		{ HEAD ",\"rules\":{" LOCK("61") "}}", "rules.value", "60" },
		{ HEAD ",\"rules\":{" LOCK("1.5") "}}", "rules.value",
		    "whole number" },
		{ HEAD ",\"rules\":{" LOCK("\"15\"") "}}", "rules.value",
		    "whole number" },
		{ HEAD ",\"rules\":{" LOCK("99999999999999999999") "}}",
		    "rules.json", "not JSON" },
		{ HEAD ",\"rules\":{\"session.lock\":{\"value\":15,\"unit\":"
		       "\"seconds\",\"section\":\"A\",\"text\":\"B\"}}}",
		    "rules.unit", "minutes" },
		{ HEAD ",\"rules\":{\"session.lock\":{\"value\":15,\"unit\":"
		       "\"minutes\",\"section\":\"\",\"text\":\"B\"}}}",
		    "rules.text", "section" },
		{ HEAD ",\"rules\":{\"session.lock\":{\"value\":15,\"unit\":"
		       "\"minutes\",\"section\":\"A\"}}}",
		    "rules.text", "text" },
		/* Who sees to it is no matter of a state's or agency's. */
		{ HEAD ",\"rules\":{\"session.lock\":{\"value\":15,\"unit\":"
		       "\"minutes\",\"section\":\"A\",\"by\":\"program\","
		       "\"text\":\"B\"}}}",
		    "rules.member", "\"by\"" },
		{ HEAD ",\"rules\":{\"warning.last\":{\"value\":9,\"unit\":"
		       "\"days\",\"section\":\"A\",\"text\":\"B\"}}}",
		    "rules.order", "warning.third" },
		{ HEAD ",\"roles\":{\"wizard\":{}}}", "rules.name", "wizard" },
		{ HEAD ",\"roles\":{\"laso\":{\"training\":5,\"section\":"
		       "\"A\"}}}",
		    "rules.value", "roles.laso" },
		{ HEAD ",\"roles\":{\"laso\":{\"training\":3,\"section\":"
		       "\"A\"}}}",
		    "rules.weaker", "roles.laso" },
		{ HEAD ",\"zone\":\"America/New_York\"}", "rules.zone",
		    "zone" },
		{ "{\"policy\":\"CJISSECPOL\",\"version\":\"6.1\"}",
		    "rules.shape", "applies" },
		{ "{\"applies\":{\"state\":\"XX\"},\"policy\":\"CJISSECPOL\","
		  "\"version\":\"6.1\"}",
		    "rules.applies", "state" },
		{ "{\"applies\":{\"state\":\"FL\",\"agency\":\"A b\"},"
		  "\"policy\":\"CJISSECPOL\",\"version\":\"6.1\"}",
		    "rules.applies", "agency" },
		{ "{\"applies\":{\"state\":\"FL\"},\"policy\":\"CJISSECPOL\","
		  "\"version\":\"5.9.5\"}",
		    "rules.version", "5.9.5" },
	};
	PEOPLE_AUTO_RULES base = builtin("FL");

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		PEOPLE_AUTO_RULES made = NULL;
		bool applies;

		memset(&err, 0, sizeof(err));
		CHECK_CODE(people_rules_parse(&made, base, &florida,
			       piece(rows[i].text), &applies, &err),
		    SP_E_INVALID, &err);
		CHECK(made == NULL);
		if (strcmp(err.reason, rows[i].reason) != 0 ||
		    strstr(err.text, rows[i].says) == NULL)
			tap_fail(__FILE__, __LINE__, rows[i].text, err.text);
	}
}

/* Whatever is left out of the built-in file, its name is told. */
static void
a_whole_file_lacks_nothing(void)
{
	json_t *root = json_loadb((const char *)people_rules_builtin,
	    people_rules_builtin_len, 0, NULL);
	static const char *const part[] = { "rules", "roles", "zones" };
	size_t tried = 0;

	CHECK(root != NULL);
	for (size_t p = 0; p < SP_COUNTOF(part); p++) {
		const char *name;
		json_t *v;
		void *tmp;

		json_object_foreach_safe(
		    json_object_get(root, part[p]), tmp, name, v)
		{
			json_t *less = json_deep_copy(root);
			PEOPLE_AUTO_RULES made = NULL;
			bool applies;
			char *text;

			(void)v;
			if (p == 2 && strcmp(name, "FL") != 0) {
				json_decref(less);
				continue;
			}
			CHECK(json_object_del(
				  json_object_get(less, part[p]), name) == 0);
			text = json_dumps(less, 0);
			CHECK_CODE(people_rules_parse(&made, NULL, &florida,
				       piece(text), &applies, &err),
			    SP_E_INVALID, &err);
			CHECK(strcmp(err.reason, "rules.missing") == 0);
			CHECK(strstr(err.text, name) != NULL);
			free(text);
			json_decref(less);
			tried++;
		}
	}
	CHECK(tried == PEOPLE_RULE_COUNT + PEOPLE_ROLE_COUNT + 1);
	json_decref(root);
}

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK_OK(
	    sp_file_replace(AT_FDCWD, path, text, strlen(text), 0600, &err),
	    &err);
}

/* In the place of readdir, as it is called here (meson.build): the disk may
 * fail. */
static int entries_left = -1; /* -1: it does not */

struct dirent *__real_readdir64(DIR *d);
struct dirent *__wrap_readdir64(DIR *d);
struct dirent *
__wrap_readdir64(DIR *d)
{
	if (entries_left == 0) {
		errno = EIO;
		return NULL;
	}
	entries_left -= entries_left > 0 ? 1 : 0;
	return __real_readdir64(d); // NOLINT(concurrency-mt-unsafe)
}

/* Rules that cannot be listed to the end are not taken for all there are. */
static void
no_rule_is_lost_with_a_listing(const struct people_rules_place *at, int entries)
{
	for (int n = 0; n <= entries; n++) {
		PEOPLE_AUTO_RULES r = NULL;

		entries_left = n;
		CHECK_CODE(
		    people_rules_load(&r, at, &err), SP_E_INTERNAL, &err);
		CHECK(r == NULL);
	}
	entries_left = -1;
}

/* States first, then agencies; a file that is wrong is named. */
static void
a_folder_is_laid_over(void)
{
	char dir[] = "/tmp/sallyport-rules-XXXXXX", sub[64];
	struct people_rules_place at = florida;

	CHECK(mkdtemp(dir) != NULL);
	at.dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	at.folder = "policy";
	CHECK(at.dirfd >= 0);
	{
		PEOPLE_AUTO_RULES r = NULL; /* there is no folder */

		CHECK_OK(people_rules_load(&r, &at, &err), &err);
		CHECK(people_rules_get(r, PEOPLE_SESSION_LOCK) == 30);
	}
	(void)snprintf(sub, sizeof(sub), "%s/policy", dir);
	CHECK(mkdir(sub, 0700) == 0);
	write_file(sub, "a-agency.json",
	    "{\"applies\":{\"state\":\"FL\",\"agency\":\"harbor-pd\"},"
	    "\"policy\":\"CJISSECPOL\",\"version\":\"6.1\","
	    "\"rules\":{" LOCK("5") "}}");
	write_file(sub, "z-state.json", HEAD ",\"rules\":{" LOCK("15") "}}");
	write_file(sub, "README", "not rules");
	write_file(sub, ".hidden.json", "not rules");
	{
		PEOPLE_AUTO_RULES r = NULL;

		CHECK_OK(people_rules_load(&r, &at, &err), &err);
		CHECK(people_rules_get(r, PEOPLE_SESSION_LOCK) == 5);
	}
	no_rule_is_lost_with_a_listing(&at, 6); /* and "." and ".." */
	write_file(sub, "m.json", HEAD ",\"rules\":{" LOCK("0") "}}");
	{
		PEOPLE_AUTO_RULES r = NULL;

		CHECK_CODE(
		    people_rules_load(&r, &at, &err), SP_E_INVALID, &err);
		CHECK(strstr(err.text, "policy/m.json: rules.session.lock") !=
		    NULL);
		CHECK(r == NULL);
	}
	(void)close(at.dirfd);
	CHECK(nftw(dir, people_fixture_unlink, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Against the C library's own calendar. */
static void
days_are_those_of_the_calendar(void)
{
	static const struct {
		const char *text;
		people_day day;
	} rows[] = {
		{ "1970-01-01", 0 },
		{ "1969-12-31", -1 },
		{ "2000-02-29", 11016 },
		{ "2026-11-21", 20778 },
		{ "1900-01-01", -25567 },
		{ "9999-12-31", 2932896 },
	};
	static const char *const bad[] = { "", "2026-11-31", "2026-02-29",
		"1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
		"2026-1-1", "2026-11-21 ", "2026/11/21", "+026-11-21",
		"1899-12-31", "2026-11-2x", "20261121", "2026-11-021" };
	char text[PEOPLE_DAY_TEXT];
	people_day d;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK(people_day_parse(rows[i].text, 10, &d));
		CHECK(d == rows[i].day);
		people_day_text(d, text);
		CHECK(strcmp(text, rows[i].text) == 0);
	}
	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(!people_day_parse(bad[i], strlen(bad[i]), &d));
	/* There and back, each day of 400 years. */
	for (d = -25567; d < -25567 + 146097; d++) {
		people_day back = 0;

		people_day_text(d, text);
		CHECK(people_day_parse(text, 10, &back) && back == d);
	}
}

static void
months_end_with_the_month(void)
{
	static const struct {
		const char *from;
		int64_t months;
		const char *to;
	} rows[] = {
		{ "2024-02-29", 12, "2025-02-28" },
		{ "2024-02-29", 48, "2028-02-29" },
		{ "2023-02-28", 12, "2024-02-28" },
		{ "2026-01-31", 1, "2026-02-28" },
		{ "2026-12-31", 2, "2027-02-28" },
		{ "2026-11-21", 36, "2029-11-21" },
		{ "2026-11-21", 60, "2031-11-21" },
		{ "2026-11-21", 0, "2026-11-21" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(people_day_months(people_fixture_day(rows[i].from),
			  rows[i].months) == people_fixture_day(rows[i].to));
}

static struct people_rules *
zoned(const char *zone)
{
	PEOPLE_AUTO_RULES base = builtin("FL");
	struct people_rules *made = NULL;
	char text[300];
	bool applies;

	(void)snprintf(text, sizeof(text), HEAD ",\"zone\":\"%s\"}", zone);
	CHECK_OK(people_rules_parse(
		     &made, base, &florida, piece(text), &applies, &err),
	    &err);
	return made;
}

/* The agency's day begins at its midnight, summer and winter. */
static void
a_day_begins_where_the_agency_is(void)
{
	static const struct {
		const char *zone, *at, *day;
	} rows[] = {
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-11-21T04:59:59Z",
		    "2026-11-20" },
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-11-21T05:00:00Z",
		    "2026-11-21" },
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-07-01T03:59:59Z",
		    "2026-06-30" },
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-07-01T04:00:00Z",
		    "2026-07-01" },
		/* the nights of the changes: 8 March, 1 November */
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T04:59:59Z",
		    "2026-03-07" },
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-03-09T04:00:00Z",
		    "2026-03-09" },
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T04:00:00Z",
		    "2026-11-01" },
		{ "EST5EDT,M3.2.0,M11.1.0", "2026-11-02T04:59:59Z",
		    "2026-11-01" },
		{ "HST10", "2026-11-21T09:59:59Z", "2026-11-20" },
		{ "ChST-10", "2026-11-20T14:00:00Z", "2026-11-21" },
		{ "<+1245>-12:45", "2026-11-20T11:15:00Z", "2026-11-21" },
		/* a southern summer runs over the new year */
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T13:00:00Z",
		    "2026-01-02" },
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-06-01T13:59:59Z",
		    "2026-06-01" },
	};
	static const char *const zones[] = { "EST5EDT,M3.2.0,M11.1.0",
		"AEST-10AEDT,M10.1.0,M4.1.0/3", "UTC0",
		"XXX3YYY,M3.5.0/0,M10.5.0/0", "<+14>-14", "<-12>12" };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		PEOPLE_AUTO_RULES r = zoned(rows[i].zone);

		sp_time at = people_fixture_time(rows[i].at);
		char utc[11];

		CHECK(people_day_of(r, at) == people_fixture_day(rows[i].day));
		/* By a clock of UTC it may be a day later. */
		(void)snprintf(utc, sizeof(utc), "%s", rows[i].at);
		CHECK(people_day_latest(r, at) ==
		    people_fixture_day(
			strcmp(utc, rows[i].day) > 0 ? utc : rows[i].day));
	}
	/* The law: a day's first moment is in it, the one before is not. */
	for (size_t i = 0; i < SP_COUNTOF(zones); i++) {
		PEOPLE_AUTO_RULES r = zoned(zones[i]);

		for (people_day d = 20000; d < 21500; d++) {
			sp_time t = people_day_begins(r, d);

			CHECK(people_day_of(r, t) == d);
			CHECK(people_day_of(r, t - 1) == d - 1);
		}
	}
}

static void
zones_are_strict(void)
{
	static const char *const bad[] = { "", "E5", "EST", "EST25", "EST5EDT",
		"EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0",
		"EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
		"EST5EDT,M3.2.0,M11.1.0,", "EST5 EDT", "EST5:60",
		"EST5EDT,J60,J300", "<EST5", "EST5EDT,M3.2.0/25,M11.1.0",
		"EST5x", "EST-", "TOOLONGNAME5" };
	PEOPLE_AUTO_RULES base = builtin("FL");

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		PEOPLE_AUTO_RULES made = NULL;
		char text[300];
		bool applies;

		(void)snprintf(
		    text, sizeof(text), HEAD ",\"zone\":\"%s\"}", bad[i]);
		CHECK_CODE(people_rules_parse(&made, base, &florida,
			       piece(text), &applies, &err),
		    SP_E_INVALID, &err);
	}
}

/* A whole file with one member of one rule another. */
static enum sp_code
with_by(json_t *value, struct people_rules **out)
{
	json_t *j = json_loadb((const char *)people_rules_builtin,
	    people_rules_builtin_len, 0, NULL);
	json_t *rule =
	    json_object_get(json_object_get(j, "rules"), "account.review");
	enum sp_code code;
	bool applies;
	char *text;

	CHECK(json_object_set_new(rule, "by", value) == 0);
	text = json_dumps(j, 0);
	json_decref(j);
	code = people_rules_parse(
	    out, NULL, &florida, piece(text), &applies, &err);
	free(text);
	return code;
}

static void
who_sees_to_a_rule_is_one_of_three(void)
{
	static const char *const good[] = { "program", "construction",
		"agency" };
	static const char *const bad[] = { "", "Program", "agency ", "nobody" };

	for (size_t i = 0; i < SP_COUNTOF(good); i++) {
		PEOPLE_AUTO_RULES r = NULL;

		CHECK_OK(with_by(json_string(good[i]), &r), &err);
		CHECK(people_rules_by(r, PEOPLE_ACCOUNT_REVIEW) ==
		    (enum people_rules_by)i);
		CHECK(people_rules_by(r, PEOPLE_LOGON_FAILURES) ==
		    PEOPLE_BY_PROGRAM);
	}
	for (size_t i = 0; i <= SP_COUNTOF(bad); i++) {
		PEOPLE_AUTO_RULES r = NULL;

		CHECK_CODE(with_by(i == SP_COUNTOF(bad) ? json_integer(1)
							: json_string(bad[i]),
			       &r),
		    SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "rules.by") == 0 && r == NULL);
	}
}

/* --- what the program asks for --- */

static const char *const rule_ids[] = {
#define X(id, name, unit, min, max, stricter) [id] = #id,
	PEOPLE_RULES(X)
#undef X
};
static bool asked[PEOPLE_RULE_COUNT];

static bool
has_word(const char *text, const char *word)
{
	static const char in_words[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at != NULL;
	     at = strstr(at + 1, word))
		if (at[len] == '\0' || strchr(in_words, at[len]) == NULL)
			return true;
	return false;
}

static int
look_into(const char *path, const struct stat *is, int kind, struct FTW *at)
{
	SP_AUTO_BUF text = sp_buf_new((size_t)1 << 20);
	size_t len = strlen(path);

	(void)is;
	if (kind != FTW_F || len < 2 ||
	    (strcmp(path + len - 2, ".c") != 0 &&
		strcmp(path + len - 2, ".h") != 0) ||
	    strncmp(path + at->base, "rules", 5) == 0)
		return 0;
	CHECK_OK(sp_file_read(AT_FDCWD, path, &text, &err), &err);
	for (size_t i = 0; i < PEOPLE_RULE_COUNT; i++)
		if (!asked[i])
			asked[i] = has_word(sp_buf_str(&text), rule_ids[i]);
	return 0;
}

/* A rule that nothing asks for is not the program's to promise; one that is
 * asked for is. */
static void
the_program_asks_for_what_it_sees_to(void)
{
	PEOPLE_AUTO_RULES r = builtin("FL");

	CHECK(nftw(SOURCES, look_into, 16, FTW_PHYS) == 0);
	CHECK(asked[PEOPLE_WARNING_1] && asked[PEOPLE_WARNING_4]);
	asked[PEOPLE_WARNING_2] = asked[PEOPLE_WARNING_3] = true; /* between */
	for (size_t i = 0; i < PEOPLE_RULE_COUNT; i++)
		if (asked[i] !=
		    (people_rules_by(r, (enum people_rule)i) ==
			PEOPLE_BY_PROGRAM))
			tap_fail(__FILE__, __LINE__, rule_ids[i],
			    asked[i] ? "is asked for: by the program"
				     : "is asked for nowhere");
}

static void
rules_are_told_as_json(void)
{
	PEOPLE_AUTO_RULES r = builtin("TX");
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	struct sp_json w = sp_json_to(&out);
	json_t *j;

	people_rules_json(&w, NULL, r);
	CHECK(sp_buf_ok(&out));
	j = json_loads(sp_buf_str(&out), 0, NULL);
	CHECK(j != NULL);
	CHECK(
	    json_array_size(json_object_get(j, "rules")) == PEOPLE_RULE_COUNT);
	CHECK(
	    strcmp(json_string_value(json_object_get(j, "state")), "TX") == 0);
	CHECK(strstr(sp_buf_str(&out),
		  "{\"by\":\"agency\",\"name\":\"account.review\"") != NULL);
	json_decref(j);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the built-in numbers are those of the policy",
		    the_builtin_numbers_are_those_of_the_policy },
		{ "an overlay may only be stricter",
		    an_overlay_may_only_be_stricter },
		{ "who sees to a rule is one of three",
		    who_sees_to_a_rule_is_one_of_three },
		{ "the program asks for what it sees to",
		    the_program_asks_for_what_it_sees_to },
		{ "an overlay is for its place", an_overlay_is_for_its_place },
		{ "every bad file is named", every_bad_file_is_named },
		{ "a whole file lacks nothing", a_whole_file_lacks_nothing },
		{ "a folder is laid over", a_folder_is_laid_over },
		{ "days are those of the calendar",
		    days_are_those_of_the_calendar },
		{ "months end with the month", months_end_with_the_month },
		{ "a day begins where the agency is",
		    a_day_begins_where_the_agency_is },
		{ "zones are strict", zones_are_strict },
		{ "rules are told as JSON", rules_are_told_as_json },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
