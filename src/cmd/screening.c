#include "cmd/people.h"
#include "cmd/table.h"

static const struct listing screenings = {
	.column = { { "ID", "id", NULL }, { "STATE", "state", NULL },
	    { "DECISION", "decision", NULL },
	    { "FINGERPRINTED", "fingerprinted", NULL },
	    { "DECIDED", "decided", NULL }, { "EXPIRES", "expires", NULL },
	    { "ADJUDICATOR", "adjudicator", NULL } },
};

static const struct cmd_people_call calls[] = {
	{ .name = "screening add",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/screenings",
	    .operand = { "PERSON", NULL },
	    .least = 1,
	    .option = { { "state", "STATE", "of which (the agency's)",
			    "state" },
		{ "fingerprinted", "DAY", "as 2026-11-21 (today)",
		    "fingerprinted" },
		{ "date", "DAY", "the same", "fingerprinted" },
		{ "decision", "WHAT",
		    "cleared (the default), denied, pending or variance",
		    "decision" },
		{ "decided", "DAY", "when that was (today)", "decided" },
		{ "adjudicator", "NAME", "who decided", "adjudicator" },
		{ "expires", "DAY", "the first day it does not hold",
		    "expires" },
		{ "variance", "TEXT", "what was excepted", "variance" } } },
	{ .name = "screening list",
	    .method = "GET",
	    .before = "persons/",
	    .after = "/screenings",
	    .operand = { "PERSON", NULL },
	    .everyone = true,
	    .list = &screenings },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

int
cmd_screening_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "screening add", "PERSON",
		    "record a check by fingerprint and its decision", run_call,
		    false },
		{ "screening list", "[PERSON]", "checks of a person, or of all",
		    run_call, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
