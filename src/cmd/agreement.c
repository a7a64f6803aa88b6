#include "cmd/people.h"
#include "cmd/table.h"

static const struct listing agreements = {
	.column = { { "ID", "id", NULL }, { "KIND", "kind", NULL },
	    { "STATE", "state", NULL }, { "SIGNED", "signed_on", NULL },
	    { "REVIEWED", "reviewed", NULL }, { "UNTIL", "until", NULL },
	    { "ENDED", "ended", NULL }, { "PARTNER", "partner", NULL } },
};

static const struct cmd_people_call calls[] = {
	{ .name = "agreement add",
	    .method = "POST",
	    .before = "agreements",
	    .after = "",
	    .operand = { "state", NULL },
	    .option = { { "kind", "KIND",
			    "user (the default), management-control, "
			    "information-exchange or outsourcing",
			    "kind" },
		{ "partner", "NAME", "with whom (the state's CSA)", "partner" },
		{ "state", "STATE", "of which (the agency's)", "state" },
		{ "signed-on", "DAY", "as 2026-11-21 (today)", "signed_on" },
		{ "date", "DAY", "the same", "signed_on" },
		{ "review", "DAY", "to be reviewed before (by rule)",
		    "review" },
		{ "reference", "TEXT", "where the paper is", "reference" } } },
	{ .name = "agreement review",
	    .method = "POST",
	    .before = "agreements/",
	    .after = "/review",
	    .operand = { "ID", NULL },
	    .least = 1,
	    .option = { { "on", "DAY", "when that was (today)", "reviewed" },
		{ "next", "DAY", "to be reviewed again before (by rule)",
		    "review" } },
	    .said = "reviewed" },
	{ .name = "agreement end",
	    .method = "POST",
	    .before = "agreements/",
	    .after = "/end",
	    .operand = { "ID", NULL },
	    .least = 1,
	    .option = { { "on", "DAY", "the first day without it (today)",
		"ended" } },
	    .said = "ended" },
	{ .name = "agreement list",
	    .method = "GET",
	    .before = "agreements",
	    .after = "",
	    .operand = { NULL },
	    .list = &agreements },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

int
cmd_agreement_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "agreement add", "[STATE]",
		    "record an agreement, as that with the state's CSA",
		    run_call, false },
		{ "agreement review", "ID", "it was reviewed", run_call,
		    false },
		{ "agreement end", "ID", "it has ended", run_call, false },
		{ "agreement list", "", "the agency's agreements", run_call,
		    false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
