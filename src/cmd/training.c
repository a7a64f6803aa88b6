#include "cmd/people.h"
#include "cmd/table.h"

static const struct listing trainings = {
	.column = { { "ID", "id", NULL }, { "COURSE", "course", NULL },
	    { "COMPLETED", "completed", NULL }, { "EXPIRES", "expires", NULL },
	    { "DEMANDED SINCE", "since", NULL }, { "DUE", "due", NULL },
	    { "REFERENCE", "reference", NULL } },
	.array = { "records", "demands", NULL },
};

static const struct cmd_people_call calls[] = {
	{ .name = "training add",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/trainings",
	    .operand = { "PERSON", NULL },
	    .least = 1,
	    .option = { { "course", "COURSE",
			    "level1 to level4, pii or event (what the role "
			    "needs)",
			    "course" },
		{ "level", "N", "1 to 4: the course of that level",
		    "course=level" },
		{ "completed", "DAY", "as 2026-11-21 (today)", "completed" },
		{ "date", "DAY", "the same", "completed" },
		{ "expires", "DAY", "the first day it does not hold (by rule)",
		    "expires" },
		{ "reference", "TEXT", "a certificate's number, say",
		    "reference" } } },
	{ .name = "training demand",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/demands",
	    .operand = { "PERSON", "course", NULL },
	    .least = 2,
	    .option = { { "since", "DAY", "the event's (today)", "since" } } },
	{ .name = "training list",
	    .method = "GET",
	    .before = "persons/",
	    .after = "/trainings",
	    .operand = { "PERSON", NULL },
	    .everyone = true,
	    .list = &trainings },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

int
cmd_training_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "training add", "PERSON", "record a course completed",
		    run_call, false },
		{ "training demand", "PERSON COURSE",
		    "demand a course again, after an event or a change",
		    run_call, false },
		{ "training list", "[PERSON]",
		    "completed and demanded, of one or all", run_call, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
