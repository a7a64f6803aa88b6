#include "cmd/client.h"
#include "cmd/people.h"
#include "cmd/table.h"

#include <string.h>

struct asking {
	const char *person, *act, *object, *factor;
	const char *class, *hold, *retention, *place, *address;
	bool idle, stale;
};

/* A member of a step, cleaned. */
static void
cell(struct present_table *t, const json_t *o, const char *name)
{
	char text[PRESENT_CELL_MAX];

	cmd_present_table_add(
	    t, cmd_present_member(o, name, text, sizeof(text)));
}

static enum sp_code
print_path(const json_t *answer, struct sp_err *err)
{
	static const char *const head[] = { "OUTCOME", "STEP", "RULE",
		"SECTION", NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);
	const json_t *path = json_object_get(answer, "path");

	for (size_t i = 0; i < json_array_size(path); i++) {
		const json_t *step = json_array_get(path, i);

		cell(&t, step, "outcome");
		cell(&t, step, "step");
		cell(&t, step, "rule");
		cell(&t, step, "section");
	}
	return cmd_present_table_print(&t, stdout, err);
}

/* By which share or lockbox request, where one was looked at. */
static void
print_via(const json_t *answer)
{
	const json_t *path = json_object_get(answer, "path");
	char kind[32], id[64];

	for (size_t i = 0; i < json_array_size(path); i++) {
		const json_t *via =
		    json_object_get(json_array_get(path, i), "via");

		if (via != NULL)
			(void)printf("by %s %s\n",
			    cmd_present_member(via, "kind", kind, sizeof(kind)),
			    cmd_present_member(via, "id", id, sizeof(id)));
	}
}

/* What no step says: of the account, and of the state of a request. */
static void
print_notes(const json_t *answer)
{
	const json_t *account = json_object_get(answer, "account");
	const json_t *assumed = json_object_get(answer, "assumed");
	char text[PRESENT_CELL_MAX];

	if (json_object_get(account, "note") != NULL)
		(void)printf("note: %s\n",
		    cmd_present_member(account, "note", text, sizeof(text)));
	if (json_object_get(assumed, "state") != NULL)
		(void)printf("but for its state: %s\n",
		    cmd_present_member(assumed, "state", text, sizeof(text)));
}

static enum sp_code
print(const json_t *answer, struct sp_err *err)
{
	const json_t *changes = json_object_get(answer, "changes");
	char decision[64], act[64], code[64], text[PRESENT_CELL_MAX];

	(void)printf("%s %s%s%s\n",
	    cmd_present_member(answer, "decision", decision, sizeof(decision)),
	    cmd_present_member(answer, "act", act, sizeof(act)),
	    json_is_string(json_object_get(answer, "code")) ? ": " : "",
	    json_is_string(json_object_get(answer, "code"))
		? cmd_present_member(answer, "code", code, sizeof(code))
		: "");
	print_via(answer);
	print_notes(answer);
	SP_TRY(print_path(answer, err));
	if (json_array_size(changes) > 0)
		(void)printf("what would change it:\n");
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *c = json_array_get(changes, i);

		(void)printf("  %s: ",
		    cmd_present_member(c, "code", code, sizeof(code)));
		(void)printf(
		    "%s\n", cmd_present_member(c, "do", text, sizeof(text)));
	}
	return cmd_present_flush(err);
}

static enum sp_code
explain(struct client *c, void *arg, struct sp_err *err)
{
	const struct asking *k = arg;
	const struct {
		const char *name, *value;
	} supposed[] = {
		{ "factor", k->factor },
		{ "class", k->class },
		{ "hold", k->hold },
		{ "retention", k->retention },
		{ "place", k->place },
		{ "address", k->address },
	};
	SP_AUTO_BUF path = sp_buf_new(4096);
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(client_site_path(&c->site, &path, err, "explain"));
	client_site_query(&path, "person", k->person);
	client_site_query(&path, "act", k->act);
	client_site_query(&path, "object", k->object);
	for (size_t i = 0; i < SP_COUNTOF(supposed); i++)
		if (supposed[i].value != NULL)
			client_site_query(
			    &path, supposed[i].name, supposed[i].value);
	if (k->idle)
		client_site_query(&path, "idle", "true");
	if (k->stale)
		client_site_query(&path, "stale", "true");
	SP_TRY(sp_buf_check(&path, "question", err));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &answer, err));
	return c->json ? cmd_present_json(answer, err) : print(answer, err);
}

int
cmd_explain_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct asking k = { .object = "-" };
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "factor", 0, "WHAT",
		    "as if they had shown none, a single or a second factor "
		    "(second)",
		    &k.factor, NULL },
		{ "class", 0, "CLASS",
		    "as if the item were ordinary, restricted or sealed "
		    "(ordinary)",
		    &k.class, NULL },
		{ "hold", 0, "WHAT", "as if a hold were on it, or none",
		    &k.hold, NULL },
		{ "retention", 0, "WHAT", "as if it were running, or over",
		    &k.retention, NULL },
		{ "place", 0, "WHERE",
		    "inside or outside the agency's geography (inside)",
		    &k.place, NULL },
		{ "address", 0, "ADDRESS",
		    "as if they came from there, under a lockbox grant",
		    &k.address, NULL },
		{ "idle", 0, NULL, "as if they had been idle too long", NULL,
		    &k.idle },
		{ "stale", 0, NULL, "as if they had signed in too long ago",
		    NULL, &k.stale },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 2 && n != 3)
		return cmd_usage(self,
		    "wanted: PERSON (or a machine's id), an act as "
		    "evidence.view, and an item's id or -");
	code = cmd_people_take(self, operand[0], &k.person);
	if (code != CMD_DONE)
		return code;
	k.act = operand[1];
	if (n == 3)
		k.object = operand[2];
	return cmd_client_with(self, &common, explain, &k);
}
