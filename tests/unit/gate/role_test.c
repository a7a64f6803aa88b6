#include "gate/role.h"
#include "tap.h"

#include <string.h>

/*
 * The policy a second time, as sentences of who may do what, to be compared
 * with the table that the program runs on.
 */
static const struct {
	const char *role;
	const char *may; /* acts, each followed by a space */
} sentences[] = {
	{ "administrator",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.export evidence.preview evidence.custody events.follow "
	    "log.entries token.manage " },
	{ "custodian",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.export evidence.preview evidence.custody "
	    "events.follow " },
	{ "officer",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview events.follow " },
	{ "auditor",
	    "evidence.list evidence.show evidence.custody events.follow "
	    "log.entries " },
	{ "device", "evidence.upload evidence.show events.follow " },
};

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') && at[len] == ' ')
			return true;
	return false;
}

static void
every_role_may_what_the_sentences_say(void)
{
	CHECK(SP_COUNTOF(sentences) == GATE_ROLE_COUNT);
	for (size_t i = 0; i < SP_COUNTOF(sentences); i++) {
		enum gate_role role;
		size_t words = 0, may = 0;

		CHECK(gate_role_parse(sentences[i].role, &role));
		for (const char *c = sentences[i].may; *c != '\0'; c++)
			words += *c == ' ';
		for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
			enum gate_act act = (enum gate_act)a;

			CHECK(gate_role_may(role, act) ==
			    has_word(sentences[i].may, gate_act_name(act)));
			may += gate_role_may(role, act);
		}
		CHECK(may == words); /* the sentence names no act unknown */
	}
}

static void
content_is_recorded_and_nothing_else(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		const char *name = gate_act_name((enum gate_act)a);

		CHECK(gate_act_recorded((enum gate_act)a) ==
		    (strcmp(name, "evidence.view") == 0 ||
			strcmp(name, "evidence.preview") == 0 ||
			strcmp(name, "media.probe") == 0 ||
			strcmp(name, "evidence.export") == 0));
	}
}

/* A device does not list; so it hears only of its own. */
static void
a_device_follows_its_own(void)
{
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
			CHECK(gate_role_own(
				  (enum gate_role)r, (enum gate_act)a) ==
			    (r == GATE_DEVICE && a == GATE_FOLLOW));
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		CHECK(gate_role_may((enum gate_role)r, GATE_LIST) ||
		    gate_role_own((enum gate_role)r, GATE_FOLLOW));
}

static void
the_site_may_probe_and_nothing_else(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
		CHECK(gate_site_may((enum gate_act)a) ==
		    (strcmp(gate_act_name((enum gate_act)a), "media.probe") ==
			0));
}

static void
names_come_back(void)
{
	static const char *const unknown[] = { "", "root", "Administrator",
		"administrator ", "admin", "officers" };
	enum gate_role role = GATE_AUDITOR;

	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		CHECK(
		    gate_role_parse(gate_role_name((enum gate_role)r), &role));
		CHECK(role == (enum gate_role)r);
	}
	role = GATE_AUDITOR;
	for (size_t i = 0; i < SP_COUNTOF(unknown); i++)
		CHECK(!gate_role_parse(unknown[i], &role));
	CHECK(role == GATE_AUDITOR);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every role may what the sentences say",
		    every_role_may_what_the_sentences_say },
		{ "content is recorded and nothing else",
		    content_is_recorded_and_nothing_else },
		{ "a device follows its own", a_device_follows_its_own },
		{ "the site may probe media and nothing else",
		    the_site_may_probe_and_nothing_else },
		{ "names come back", names_come_back },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
