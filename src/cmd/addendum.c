#include "cmd/people.h"
#include "cmd/table.h"

static const struct listing signatures = {
	.column = { { "ID", "id", NULL }, { "DOCUMENT", "document", NULL },
	    { "METHOD", "method", NULL }, { "SIGNED", "signed_on", NULL },
	    { "EXPIRES", "expires", NULL } },
};
static const struct listing companies = {
	.column = { { "ID", "id", NULL }, { "COMPANY", "company", NULL },
	    { "SIGNER", "signer", NULL }, { "SIGNED", "signed_on", NULL },
	    { "EXPIRES", "expires", NULL } },
};

#define DAYS                                                                   \
	{ "signed-on", "DAY", "when that was (today); by oneself only today",  \
		"signed_on" },                                                 \
	{                                                                      \
		"expires", "DAY", "the first day it does not hold (by rule)",  \
		    "expires"                                                  \
	}

static const struct cmd_people_call calls[] = {
	{ .name = "addendum sign",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/signatures",
	    .operand = { "PERSON", NULL },
	    .option = { DAYS,
		{ "date", "DAY", "the same as --signed-on", "signed_on" } } },
	{ .name = "addendum company",
	    .method = "POST",
	    .before = "signatures",
	    .after = "",
	    .operand = { "company", NULL },
	    .least = 1,
	    .option = { { "signer", "NAME", "who signed for it", "signer" },
		DAYS },
	    .needed = "signer" },
	{ .name = "addendum list",
	    .method = "GET",
	    .before = "persons/",
	    .after = "/signatures",
	    .operand = { "PERSON", NULL },
	    .everyone = true,
	    .list = &signatures },
	{ .name = "addendum companies",
	    .method = "GET",
	    .before = "signatures",
	    .after = "",
	    .operand = { NULL },
	    .list = &companies },
	{ .name = "addendum statement",
	    .method = "GET",
	    .before = "signatures/",
	    .after = "/statement",
	    .operand = { "ID", NULL },
	    .least = 1 },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

int
cmd_addendum_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "addendum sign", "[PERSON]",
		    "sign electronically; for another: it was signed on paper",
		    run_call, false },
		{ "addendum company", "COMPANY", "record a company's signature",
		    run_call, false },
		{ "addendum list", "[PERSON]",
		    "what a person has signed, or all", run_call, false },
		{ "addendum companies", "", "what companies have signed",
		    run_call, false },
		{ "addendum statement", "ID", "exactly what was signed",
		    run_call, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
