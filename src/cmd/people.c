#include "cmd/people.h"

#include "base/encode.h"

#include <string.h>

bool
cmd_people_ok(const char *person)
{
	return person[0] != '\0' && person[0] != '.' &&
	    sp_utf8_ok(person, strlen(person));
}

int
cmd_people_take(const struct cmd *self, const char *said, const char **who)
{
	if (said[0] == '/')
		return cmd_usage(self,
		    "'%s' is a path and nobody: for yourself say me, or '~' "
		    "in quotes, which the shell leaves alone",
		    said);
	if (!cmd_people_ok(said))
		return cmd_usage(self, "'%s' is no id, login or name", said);
	*who = strcmp(said, "me") == 0 ? "~" : said;
	return CMD_DONE;
}

/* The path of a call: a name in it is percent-encoded. */
static enum sp_code
path_of(struct client *c, const struct cmd_people_call *call, const char *who,
    struct sp_buf *path, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(1024);

	if (who != NULL)
		client_site_escape(&text, who);
	SP_TRY(sp_buf_check(&text, "PERSON", err));
	return client_site_path(&c->site, path, err, "%s%s%s", call->before,
	    sp_buf_str(&text), call->after);
}

/* What was said on the command line. */
struct saying {
	const struct cmd_people_call *call;
	const char *who; /* in the path; NULL: none */
	const char *value[CMD_PEOPLE_OPTIONS];
	json_t *body;
	const char *operands; /* that were wanted */
	bool everyone, person;
};

static void
saying_done(struct saying *s)
{
	client_site_json_freep(&s->body);
}

/* --- Lists --- */

static enum sp_code
list_path(struct client *c, const struct saying *s, struct sp_buf *path,
    struct sp_err *err)
{
	SP_TRY(path_of(c, s->call, s->who, path, err));
	if (s->call->paged)
		client_site_query(path, "limit", "1000");
	return sp_buf_check(path, "path", err);
}

/* A list of everybody: of each person what the call lists of one. */
struct everybody {
	struct client *c;
	const struct saying *s;
	const char *who, *login; /* whose list it is just now */
	struct listing list;     /* with a column for them */
	struct present_table t;
};

static void
everybody_done(struct everybody *e)
{
	cmd_present_table_done(&e->t);
}

static enum sp_code
show_theirs(void *arg, json_t *item, struct sp_err *err)
{
	struct everybody *e = arg;
	const char *person = e->c->json ? e->who : e->login;

	if (json_object_set_new(item, "person", json_string(person)) != 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a list");
	if (e->c->json)
		return cmd_present_json(item, err);
	cmd_listing_row(&e->list, item, &e->t);
	return SP_OK;
}

static enum sp_code
list_person(void *arg, json_t *person, struct sp_err *err)
{
	struct everybody *e = arg;
	const struct listing_each theirs = { e->list.array, show_theirs, e };
	SP_AUTO_BUF path = sp_buf_new(1024);

	e->who = json_string_value(json_object_get(person, "id"));
	if (e->who == NULL || !cmd_people_ok(e->who))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has a person without an id");
	e->login = json_string_value(json_object_get(person, "login"));
	if (e->login == NULL)
		e->login = e->who;
	SP_TRY(path_of(e->c, e->s->call, e->who, &path, err));
	return cmd_listing_each(e->c, sp_buf_str(&path), &theirs, err);
}

/* The same list, beginning with whose each row is. */
static struct listing
list_with_person(const struct listing *one)
{
	struct listing l = { .column = { { "PERSON", "person", NULL } } };

	for (size_t i = 0; one->column[i].head != NULL; i++) {
		SP_REQUIRE(i + 1 < PRESENT_COLUMNS);
		l.column[i + 1] = one->column[i];
	}
	memcpy(l.array, one->array, sizeof(l.array));
	return l;
}

static enum sp_code
list_everybody(struct client *c, const struct saying *s, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);
	SP_CLEANUP(everybody_done)
	struct everybody e = {
		.c = c, .s = s, .list = list_with_person(s->call->list)
	};
	const struct listing_each persons = { NULL, list_person, &e };

	e.t = cmd_listing_table(&e.list);
	SP_TRY(client_site_path(&c->site, &path, err, "persons"));
	client_site_query(&path, "limit", "1000");
	SP_TRY(cmd_listing_each(c, sp_buf_str(&path), &persons, err));
	if (!c->json)
		SP_TRY(cmd_present_table_print(&e.t, stdout, err));
	return cmd_present_flush(err);
}

static enum sp_code
list(struct client *c, const struct saying *s, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);

	if (s->call->all != NULL) {
		SP_TRY(
		    client_site_path(&c->site, &path, err, "%s", s->call->all));
		client_site_query(&path, "limit", "1000");
		return cmd_listing_show(
		    c, s->call->list, sp_buf_str(&path), err);
	}
	if (s->everyone)
		return list_everybody(c, s, err);
	SP_TRY(list_path(c, s, &path, err));
	return cmd_listing_show(c, s->call->list, sp_buf_str(&path), err);
}

/* --- One thing --- */

/* Its text, numbers and flags, a line each; the rest is for --json. */
static void
print_members(json_t *o)
{
	const char *name;
	json_t *value;

	json_object_foreach(o, name, value)
	{
		char clean[PRESENT_CELL_MAX], what[64];

		(void)cmd_present_clean(name, what, sizeof(what));
		if (json_is_string(value)) {
			(void)cmd_present_clean(
			    json_string_value(value), clean, sizeof(clean));
			(void)printf("%-16s %s\n", what, clean);
		} else if (json_is_boolean(value)) {
			(void)printf("%-16s %s\n", what,
			    json_is_true(value) ? "yes" : "no");
		}
	}
}

static enum sp_code
show(struct client *c, const struct saying *s, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(path_of(c, s->call, s->who, &path, err));
	SP_TRY(client_site_get_json(&c->site, sp_buf_str(&path), &answer, err));
	if (c->json)
		return cmd_present_json(answer, err);
	print_members(answer);
	return cmd_present_flush(err);
}

static enum sp_code
print_done(const struct client *c, const struct saying *s, const json_t *answer,
    struct sp_err *err)
{
	const char *id = json_string_value(json_object_get(answer, "id"));
	char clean[128], now[PRESENT_CELL_MAX] = "";

	if (c->json && answer != NULL)
		return cmd_present_json(answer, err);
	if (c->json) {
		SITE_AUTO_JSON j =
		    json_pack("{s:s, s:b}", s->who == NULL ? "done" : "id",
			s->who == NULL ? s->call->name : s->who,
			s->call->said == NULL ? "recorded" : s->call->said, 1);

		return cmd_present_json(j, err);
	}
	if (s->call->said == NULL)
		(void)cmd_present_clean(
		    id == NULL ? "" : id, clean, sizeof(clean));
	else
		(void)cmd_present_clean(s->who, clean, sizeof(clean));
	if (s->call->now != NULL && answer != NULL)
		s->call->now(answer, now, sizeof(now));
	(void)printf("%s%s%s%s\n", clean, s->call->said == NULL ? "" : " ",
	    s->call->said == NULL ? "" : s->call->said, now);
	return cmd_present_flush(err);
}

static enum sp_code
once(struct client *c, const struct saying *s, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(1024);
	SITE_AUTO_JSON answer = NULL;

	if (strcmp(s->call->method, "GET") == 0)
		return s->call->list != NULL &&
			(s->everyone || s->call->all == NULL)
		    ? list(c, s, err)
		    : show(c, s, err);
	SP_TRY(path_of(c, s->call, s->who, &path, err));
	SP_TRY(client_site_send_json(&c->site, s->call->method,
	    sp_buf_str(&path), s->body, &answer, err));
	return print_done(c, s, answer, err);
}

/* Of a path below a person, 404 says that nobody is that. */
static enum sp_code
act(struct client *c, void *arg, struct sp_err *err)
{
	const struct saying *s = arg;
	enum sp_code code = once(c, s, err);
	char who[PRESENT_CELL_MAX];

	if (code != SP_E_NOTFOUND || !s->person || s->everyone)
		return code;
	(void)cmd_present_clean(s->who, who, sizeof(who));
	return sp_fail_as(err, SP_E_NOTFOUND, client_site_refused,
	    "no such person, or not for this credential to know of: %.100s "
	    "(wanted: %s)",
	    who, s->operands);
}

/* --- The command line --- */

static int
take_operands(
    const struct cmd *self, struct saying *s, char **operand, size_t n)
{
	const struct cmd_people_call *call = s->call;
	struct sp_err err;
	size_t most = 0;

	while (call->operand[most] != NULL)
		most++;
	if (n < call->least || n > most)
		return cmd_usage(self, "wanted: %s", self->operands);
	for (size_t i = 0; i < most; i++) {
		const char *what = call->operand[i];

		if (strcmp(what, "PERSON") == 0) {
			s->everyone = i >= n && call->everyone;
			s->person = true;
			if (cmd_people_take(self, i < n ? operand[i] : "~",
				&s->who) != CMD_DONE)
				return CMD_USAGE;
		} else if (strcmp(what, "ID") == 0) {
			s->who = operand[i];
			if (cmd_client_id(s->who, &err) != SP_OK)
				return cmd_usage(self, "%s", err.text);
		} else if (i < n &&
		    json_object_set_new(
			s->body, what, json_string(operand[i])) != 0) {
			return cmd_usage(
			    self, "'%s' is not proper UTF-8", what);
		}
	}
	return CMD_DONE;
}

/* Put an option's value into the body.  A message, or NULL. */
static const char *
put_option(json_t *body, const char *member, const char *value)
{
	size_t n = strcspn(member, "=");
	const char *before = member + n + (member[n] == '=');
	char name[40];

	SP_REQUIRE(n < sizeof(name));
	memcpy(name, member, n);
	name[n] = '\0';
	if (json_object_get(body, name) != NULL)
		return "that was said already";
	if (json_object_set_new(
		body, name, json_sprintf("%s%s", before, value)) != 0)
		return "is not proper UTF-8";
	return NULL;
}

static int
take_options(const struct cmd *self, struct saying *s)
{
	const char *wrong;

	bool some = false;

	for (size_t i = 0; i < CMD_PEOPLE_OPTIONS; i++) {
		const struct cmd_people_option *o = &s->call->option[i];

		if (o->name == NULL)
			break;
		if (s->value[i] == NULL && s->call->needed != NULL &&
		    strcmp(s->call->needed, o->name) == 0)
			return cmd_usage(self, "--%s is needed", o->name);
		wrong = s->value[i] == NULL
		    ? NULL
		    : put_option(s->body, o->member, s->value[i]);
		if (wrong != NULL)
			return cmd_usage(self, "--%s: %s", o->name, wrong);
		some = some || s->value[i] != NULL;
	}
	if (s->call->some && !some)
		return cmd_usage(self, "say what: an option is wanted");
	return CMD_DONE;
}

static const struct cmd_people_call *
find(const struct cmd *self, const struct cmd_people_call *call, size_t calls)
{
	for (size_t i = 0; i < calls; i++)
		if (strcmp(call[i].name, self->name) == 0)
			return &call[i];
	sp_panic(__FILE__, __LINE__, __func__, self->name);
}

int
cmd_people_run(const struct cmd *self, const struct cmd_people_call *calls,
    size_t n_calls, int argc, char **argv)
{
	const struct cmd_people_call *call = find(self, calls, n_calls);
	SP_CLEANUP(saying_done)
	struct saying s = {
		.call = call, .body = json_object(), .operands = self->operands
	};
	struct client_options common = { 0 };
	const struct cmd_option shared[] = { CLIENT_OPTIONS(common) };
	struct cmd_option option[CMD_PEOPLE_OPTIONS + SP_COUNTOF(shared)];
	char **operand;
	size_t n = 0, operands;
	int code;

	for (; n < CMD_PEOPLE_OPTIONS && call->option[n].name != NULL; n++)
		option[n] = (struct cmd_option){ call->option[n].name, 0,
			call->option[n].value, call->option[n].help,
			&s.value[n], NULL };
	memcpy(&option[n], shared, sizeof(shared));
	code = cmd_parse(self, option, n + SP_COUNTOF(shared), argc, argv,
	    &operand, &operands);
	if (code == CMD_DONE)
		code = take_operands(self, &s, operand, operands);
	if (code == CMD_DONE)
		code = take_options(self, &s);
	/* Nothing to say: no body, where the request takes none. */
	if (call->option[0].name == NULL && json_object_size(s.body) == 0)
		client_site_json_freep(&s.body);
	return code == CMD_DONE ? cmd_client_with(self, &common, act, &s)
				: code;
}
