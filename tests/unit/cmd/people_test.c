#include "cmd/people.h"

#include "said.h"

#include <string.h>

static const struct cmd self = { "thing", "PERSON", "does", NULL, false };

/* "me" is oneself; a path is what the shell makes of ~. */
static void
a_person_is_taken_as_people_say_it(void)
{
	static const struct {
		const char *operand, *who; /* NULL: refused */
		const char *said;
	} rows[] = {
		{ "me", "~", "" },
		{ "~", "~", "" },
		{ "ann.lee", "ann.lee", "" },
		{ "Me", "Me", "" },
		{ "me.too", "me.too", "" },
		{ "Ann Lee", "Ann Lee", "" },
		{ "/home/ann", NULL, "'/home/ann' is a path" },
		{ "/root", NULL, "'~' in quotes" },
		{ "", NULL, "is no id, login or name" },
		{ "..", NULL, "is no id, login or name" },
		{ "\xff", NULL, "is no id, login or name" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const char *who = "untouched";
		char said[400];
		int code;

		said_begin(STDERR_FILENO);
		code = cmd_people_take(&self, rows[i].operand, &who);
		said_end(said, sizeof(said));
		CHECK(code == (rows[i].who == NULL ? CMD_USAGE : CMD_DONE));
		CHECK(
		    strcmp(who,
			rows[i].who == NULL ? "untouched" : rows[i].who) == 0);
		CHECK(strstr(said, rows[i].said) != NULL);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a person is taken as people say it",
		    a_person_is_taken_as_people_say_it },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
