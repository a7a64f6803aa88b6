#include "base/buf.h"
#include "base/file.h"
#include "cmd/output.h"
#include "cmd/people.h"
#include "cmd/table.h"
#include "crypto/secret.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ROSTER_MAX ((size_t)16 << 20) /* the API's */
#define VALUE_MAX  64

#define PLACES                                                                 \
	{ "human", "ID",                                                       \
		"what other systems know the human being by, as an employee "  \
		"number",                                                      \
		"human" },                                                     \
	    { "login", "LOGIN", "name to sign in by", "login" },               \
	    { "kind", "KIND",                                                  \
		    "agency (its own, the default), outside or contractor",    \
		    "kind" },                                                  \
	    { "employer", "NAME", "of outside people and contractors",         \
		    "employer" },                                              \
	    { "employer-ori", "ORI", "the employer's, where it has one",       \
		    "employer_ori" },                                          \
	{                                                                      \
		"residence", "STATE", "where they live; the agency's state",   \
		    "residence"                                                \
	}

static const struct listing persons = {
	.column = { { "ID", "id", NULL }, { "LOGIN", "login", NULL },
	    { "ROLE", "role", NULL }, { "STATE", "state", NULL },
	    { "KIND", "kind", NULL }, { "UNIT", "unit", NULL },
	    { "NAME", "name", NULL } },
};

static const struct listing clearances = {
	.column = { { "LOGIN", "login", NULL }, { "ROLE", "role", NULL },
	    { "CLEARANCE", "code", NULL }, { "UNTIL", "until", NULL },
	    { "NAME", "name", NULL }, { "NEXT", "change", NULL } },
};

static const struct cmd_people_call calls[] = {
	{ .name = "person add",
	    .method = "POST",
	    .before = "persons",
	    .after = "",
	    .operand = { "name", NULL },
	    .least = 1,
	    .option = { { "role", "ROLE", "what they may do: see 'role list'",
			    "role" },
		PLACES, { "unit", "TEXT", "where in the agency", "unit" },
		{ "temporary-until", "TIME",
		    "a temporary account: it ends then, within 72 hours",
		    "temporary_until" } },
	    .needed = "role" },
	{ .name = "person list",
	    .method = "GET",
	    .before = "persons",
	    .after = "",
	    .operand = { NULL },
	    .list = &persons,
	    .paged = true },
	{ .name = "person show",
	    .method = "GET",
	    .before = "persons/",
	    .after = "",
	    .operand = { "PERSON", NULL } },
	{ .name = "person clearance",
	    .method = "GET",
	    .before = "persons/",
	    .after = "/clearance",
	    .operand = { "PERSON", NULL },
	    .list = &clearances,
	    .everyone = true,
	    .all = "clearances" },
	{ .name = "person change",
	    .method = "PATCH",
	    .before = "persons/",
	    .after = "",
	    .operand = { "PERSON", NULL },
	    .least = 1,
	    .option = { { "name", "TEXT", "as people say it", "name" },
		PLACES },
	    .some = true,
	    .said = "changed" },
	{ .name = "person disable",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/disable",
	    .operand = { "PERSON", NULL },
	    .least = 1,
	    .option = { { "reason", "REASON",
			    "requested (the default), risk, locked or "
			    "screening",
			    "reason" },
		{ "discovered", "TIME",
		    "of a risk: when it was found out (now)",
		    "discovered_at" } },
	    .said = "disabled" },
	{ .name = "person enable",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/enable",
	    .operand = { "PERSON", NULL },
	    .least = 1,
	    .said = "enabled" },
	{ .name = "person terminate",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/terminate",
	    .operand = { "PERSON", NULL },
	    .least = 1,
	    .option = { { "at", "TIME", "the account ends then (now)",
		"ends_at" } },
	    .said = "terminated" },
	{ .name = "person transfer",
	    .method = "POST",
	    .before = "persons/",
	    .after = "/transfer",
	    .operand = { "PERSON", "unit", NULL },
	    .least = 2,
	    .option = { { "role", "ROLE", "said anew: nothing is carried over",
		"role" } },
	    .needed = "role",
	    .said = "transferred" },
};

static int
run_call(const struct cmd *self, int argc, char **argv)
{
	return cmd_people_run(self, calls, SP_COUNTOF(calls), argc, argv);
}

/* ---- person import ---- */

struct import {
	const char *file;
	const char *apply; /* hash of the report, or NULL */
	struct sp_buf csv;
};

static enum sp_code
csv_read(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	const struct import *i = arg;

	(void)err;
	*got = i->csv.len - (size_t)at;
	if (*got > room)
		*got = room;
	memcpy(out, i->csv.at + at, *got);
	return SP_OK;
}

static enum sp_code
send_csv(struct client *c, struct import *i, json_t **out, struct sp_err *err)
{
	SITE_AUTO_ANSWER an = client_site_answer_new((size_t)17 << 20);
	SP_AUTO_BUF path = sp_buf_new(512);
	struct site_source body = { csv_read, i, 0, i->csv.len };
	struct site_request rq = { .method = "POST",
		.header = { "Content-Type: text/csv" },
		.source = &body,
		.body_max = (size_t)17 << 20 };

	SP_TRY(client_site_path(&c->site, &path, err, "roster/%s",
	    i->apply == NULL ? "report" : "apply"));
	if (i->apply != NULL)
		client_site_query(&path, "hash", i->apply);
	rq.path = sp_buf_str(&path);
	SP_TRY(client_site_once(&c->site, &rq, &an, err));
	if (an.status != 200)
		return client_site_answer_fail(&an, err);
	return client_site_json_parse(&an.body, out, err);
}

/* "role: officer -> laso, training": what a row would do, or why not. */
static void
row_text(const json_t *row, struct sp_buf *out)
{
	static const char *const list[] = { "records", "sealed" };
	const json_t *fields = json_object_get(row, "fields");
	char name[64], from[PRESENT_CELL_MAX], to[PRESENT_CELL_MAX];

	if (json_is_string(json_object_get(row, "problem")))
		sp_buf_text(
		    out, cmd_present_member(row, "problem", to, sizeof(to)));
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *f = json_array_get(fields, i);

		sp_buf_fmt(out, "%s%s: ", out->len == 0 ? "" : ", ",
		    cmd_present_member(f, "field", name, sizeof(name)));
		if (json_object_get(f, "from") != NULL)
			sp_buf_fmt(out, "%s -> ",
			    cmd_present_member(f, "from", from, sizeof(from)));
		sp_buf_text(out, cmd_present_member(f, "to", to, sizeof(to)));
	}
	for (size_t i = 0; i < SP_COUNTOF(list); i++) {
		const json_t *a = json_object_get(row, list[i]);

		for (size_t k = 0; k < json_array_size(a); k++) {
			(void)cmd_present_clean(
			    json_string_value(json_array_get(a, k)), name,
			    sizeof(name));
			sp_buf_fmt(
			    out, "%s%s", out->len == 0 ? "" : ", ", name);
		}
	}
}

/* "person.add role.assign": what it takes to do it. */
static void
acts_text(const json_t *row, struct sp_buf *out)
{
	const json_t *acts = json_object_get(row, "acts");
	char name[64];

	for (size_t i = 0; i < json_array_size(acts); i++) {
		(void)cmd_present_clean(
		    json_string_value(json_array_get(acts, i)), name,
		    sizeof(name));
		sp_buf_fmt(out, "%s%s", i == 0 ? "" : " ", name);
	}
}

static enum sp_code
print_report(const json_t *report, struct sp_err *err)
{
	static const char *const head[] = { "ROW", "WHAT", "DETAILS", "TAKES",
		NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);
	const json_t *rows = json_object_get(report, "report");
	char cell[PRESENT_CELL_MAX], name[64];

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		SP_AUTO_BUF text = sp_buf_new(SITE_JSON_MAX);
		SP_AUTO_BUF acts = sp_buf_new(1024);

		row_text(row, &text);
		acts_text(row, &acts);
		(void)cmd_present_clean(sp_buf_str(&text), cell, sizeof(cell));
		cmd_present_table_add(
		    &t, cmd_present_member(row, "row", name, sizeof(name)));
		cmd_present_table_add(
		    &t, cmd_present_member(row, "what", name, sizeof(name)));
		cmd_present_table_add(&t, cell);
		cmd_present_table_add(&t, sp_buf_str(&acts));
	}
	return cmd_present_table_print(&t, stdout, err);
}

/* A report that says what is wrong is good for nothing else. */
static enum sp_code
all_good(const json_t *answer, struct sp_err *err)
{
	json_int_t conflicts =
	    json_integer_value(json_object_get(answer, "conflicts"));
	json_int_t errors =
	    json_integer_value(json_object_get(answer, "errors"));

	if (conflicts == 0 && errors == 0)
		return SP_OK;
	return sp_fail(err, SP_E_INVALID,
	    "%lld conflicts and %lld errors: nothing of it can be applied; "
	    "correct the file, and import it again",
	    (long long)conflicts, (long long)errors);
}

static enum sp_code
print_counts(const struct import *i, const json_t *answer, struct sp_err *err)
{
	static const char *const member[] = { "adds", "changes", "same",
		"records", "sealed", "missing", "conflicts", "errors" };
	char hash[80];

	for (size_t k = 0; k < SP_COUNTOF(member); k++) {
		const json_t *n = json_object_get(answer, member[k]);

		if (json_is_integer(n))
			(void)printf("%-10s %lld\n", member[k],
			    (long long)json_integer_value(n));
	}
	if (i->apply == NULL && all_good(answer, NULL) == SP_OK)
		(void)printf("to do exactly this:\n"
			     "  sallyport person import %s --apply %s\n",
		    i->file,
		    cmd_present_member(answer, "hash", hash, sizeof(hash)));
	return cmd_present_flush(err);
}

static enum sp_code
print_import(const struct client *c, const struct import *i,
    const json_t *answer, struct sp_err *err)
{
	if (c->json)
		return cmd_present_json(answer, err);
	if (i->apply == NULL)
		SP_TRY(print_report(answer, err));
	return print_counts(i, answer, err);
}

static enum sp_code
import(struct client *c, void *arg, struct sp_err *err)
{
	struct import *i = arg;
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(sp_file_read(AT_FDCWD, i->file, &i->csv, err));
	SP_TRY(send_csv(c, i, &answer, err));
	SP_TRY(print_import(c, i, answer, err));
	return all_good(answer, err);
}

static int
run_import(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct import i = { .csv = sp_buf_secret(ROSTER_MAX) };
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "apply", 0, "HASH",
		    "do exactly what the report of this hash says", &i.apply,
		    NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one CSV file is wanted");
	i.file = operand[0];
	code = cmd_client_with(self, &common, import, &i);
	sp_buf_free(&i.csv);
	return code;
}

/* ---- person export ---- */

static enum sp_code
fetch_roster(struct client *c, void *arg, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SP_AUTO_BUF out = sp_buf_new((size_t)17 << 20);

	(void)arg;
	SP_TRY(client_site_path(
	    &c->site, &path, err, c->json ? "roster.json" : "roster.csv"));
	SP_TRY(client_site_get(&c->site, sp_buf_str(&path), &out, err));
	(void)fwrite(out.at, 1, out.len, stdout);
	if (c->json)
		(void)putchar('\n');
	return cmd_present_flush(err);
}

static int
run_export(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run(self, argc, argv, fetch_roster);
}

/* ---- person seal, person open ---- */

struct sealed {
	const char *person, *field;
};

/* A line of standard input: never an argument, which all of a machine's users
 * can see. */
static enum sp_code
read_value(char out[static VALUE_MAX + 2], struct sp_err *err)
{
	size_t len = 0;

	while (len < VALUE_MAX + 1) {
		ssize_t got =
		    read(STDIN_FILENO, out + len, VALUE_MAX + 1 - len);

		if (got < 0)
			return sp_fail_os(err, "read");
		if (got == 0)
			break;
		len += (size_t)got;
	}
	out[len] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (out[0] == '\0' || strlen(out) > VALUE_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "a value of at most %d bytes is wanted on standard input",
		    VALUE_MAX);
	return SP_OK;
}

static enum sp_code
sealed_path(struct client *c, const struct sealed *s, const char *then,
    struct sp_buf *path, struct sp_err *err)
{
	SP_AUTO_BUF person = sp_buf_new(1024);
	SP_AUTO_BUF field = sp_buf_new(1024);

	client_site_escape(&person, s->person);
	client_site_escape(&field, s->field);
	return client_site_path(&c->site, path, err, "persons/%s/sealed/%s%s",
	    sp_buf_str(&person), sp_buf_str(&field), then);
}

static enum sp_code
seal(struct client *c, void *arg, struct sp_err *err)
{
	const struct sealed *s = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON none = NULL;
	char value[VALUE_MAX + 2];
	CRYPTO_WIPE_ON_EXIT(value);

	SP_TRY(read_value(value, err));
	SP_TRY(sealed_path(c, s, "", &path, err));
	SITE_AUTO_JSON wish = json_pack("{s:s}", "value", value);

	if (wish == NULL)
		return sp_fail(
		    err, SP_E_INVALID, "the value is not proper UTF-8");
	SP_TRY(client_site_send_json(
	    &c->site, "PUT", sp_buf_str(&path), wish, &none, err));
	return cmd_client_say_done(c, "field", s->field, "sealed", err);
}

static enum sp_code
open_field(struct client *c, void *arg, struct sp_err *err)
{
	const struct sealed *s = arg;
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON answer = NULL;
	char clean[VALUE_MAX + 1];

	SP_TRY(sealed_path(c, s, "/open", &path, err));
	SP_TRY(client_site_send_json(
	    &c->site, "POST", sp_buf_str(&path), NULL, &answer, err));
	if (c->json)
		return cmd_present_json(answer, err);
	(void)printf(
	    "%s\n", cmd_present_member(answer, "value", clean, sizeof(clean)));
	return cmd_present_flush(err);
}

static int
run_sealed(const struct cmd *self, int argc, char **argv, cmd_client_act act)
{
	struct client_options common = { 0 };
	char **operand;
	size_t n;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);
	struct sealed s;

	if (code != CMD_DONE)
		return code;
	if (n != 2 || !cmd_people_ok(operand[1]))
		return cmd_usage(self, "wanted: PERSON FIELD");
	s = (struct sealed){ .field = operand[1] };
	code = cmd_people_take(self, operand[0], &s.person);
	if (code != CMD_DONE)
		return code;
	return cmd_client_with(self, &common, act, &s);
}

static int
run_seal(const struct cmd *self, int argc, char **argv)
{
	return run_sealed(self, argc, argv, seal);
}

static int
run_open(const struct cmd *self, int argc, char **argv)
{
	return run_sealed(self, argc, argv, open_field);
}

int
cmd_person_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "person add", "NAME", "a new account; prints its id",
		    run_call, false },
		{ "person list", "", "the agency's people", run_call, false },
		{ "person show", "[PERSON]", "what is known of a person",
		    run_call, false },
		{ "person clearance", "[PERSON]",
		    "are they cleared, until when, and why not", run_call,
		    false },
		{ "person change", "PERSON", "correct what is known", run_call,
		    false },
		{ "person disable", "PERSON", "disable an account at once",
		    run_call, false },
		{ "person enable", "PERSON",
		    "enable it again, or take back an end", run_call, false },
		{ "person terminate", "PERSON", "end an account for ever",
		    run_call, false },
		{ "person transfer", "PERSON UNIT",
		    "to another unit, with the role said anew", run_call,
		    false },
		{ "person import", "FILE",
		    "what a personnel file (CSV) would do; with --apply, do it",
		    run_import, false },
		{ "person export", "",
		    "print the personnel file for the CSO; recorded",
		    run_export, false },
		{ "person seal", "PERSON FIELD",
		    "keep ssn, dob, fbi or sid, read from standard input",
		    run_seal, false },
		{ "person open", "PERSON FIELD",
		    "show what is sealed; recorded", run_open, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
