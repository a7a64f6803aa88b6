#ifndef CMD_PEOPLE_H
#define CMD_PEOPLE_H

#include "cmd/client.h"
#include "cmd/listing.h"

/*
 * The subcommands about people (person, role, screening, training, addendum,
 * agreement) are one request each: a row says which, what its operands and
 * options become, and what is shown of the answer.
 */
#define CMD_PEOPLE_OPTIONS  10
#define CMD_PEOPLE_OPERANDS 3

/* An option's value becomes a text member of the body.  Of a member
 * "course=level" the name is "course", and "level" is put before the value. */
struct cmd_people_option {
	const char *name, *value, *help, *member;
};

struct cmd_people_call {
	const char *name; /* of the row: "screening add" */
	const char *method;
	/* The path is before, the person or id, after. */
	const char *before, *after;
	/* "PERSON" (cmd_people_take) and "ID" go into the path, any other is
	 * the name of a member. */
	const char *operand[CMD_PEOPLE_OPERANDS + 1];
	size_t least; /* so many operands; a PERSON left out is oneself */
	struct cmd_people_option option[CMD_PEOPLE_OPTIONS];
	const char *needed; /* an option that must be there, or NULL */
	const char *said;   /* "enabled"; NULL: print the answer's id */
	/* What is said after it, of the answer: how things stand now. */
	void (*now)(const json_t *answer, char *out, size_t room);
	const struct listing *list;
	bool some;     /* without any option there is nothing to do */
	bool paged;    /* of more items than fit into an answer */
	bool everyone; /* a list without its PERSON is of all of them */
	/* The path of that list, by its `list`; with a PERSON one thing is
	 * shown.  NULL: of each person what `list` has of one. */
	const char *all;
};

/* Runs the call that has the name of `self`. */
int cmd_people_run(const struct cmd *self, const struct cmd_people_call *calls,
    size_t n_calls, int argc, char **argv);

/* Can this be a PERSON: an id, a login, a name, or "~"? */
bool cmd_people_ok(const char *person);
/* A PERSON operand.  "me" is "~", oneself (whose login that is has an id);
 * what the shell makes of an unquoted ~ is told.  CMD_DONE and *who, which is
 * as long there as `said`; or a usage error. */
int cmd_people_take(const struct cmd *self, const char *said, const char **who);

#endif
