#include "base/file.h"
#include "cmd/client.h"
#include "cmd/output.h"
#include "cmd/table.h"
#include "report/wire.h"

#include <inttypes.h>
#include <string.h>

#define BODY_MAX 65536 /* of an answer that is no report */

struct run {
	struct client *client;
	const char *id;
	const char *pdf;   /* the file to write, or NULL */
	const char *paper; /* or NULL: what the site finds right */
	bool force;
	struct present_table table;
	struct output output;
	uint64_t at;
};

/* "token 019a…": a kind, and the id in full: it is what one searches for. */
static void
add_who(struct run *r, const json_t *entry)
{
	const json_t *actor = json_object_get(entry, "actor");
	char kind[64];
	char id[64];
	char cell[140];

	(void)snprintf(cell, sizeof(cell), "%s %s",
	    cmd_present_member(actor, "kind", kind, sizeof(kind)),
	    cmd_present_member(actor, "id", id, sizeof(id)));
	cmd_present_table_add(&r->table, cell);
}

/* An event is {"entry":{...},"index":n}. */
static void
add_row(struct run *r, const json_t *event)
{
	static const char *const member[] = { "at", "act", "outcome",
		"address" };
	const json_t *entry = json_object_get(event, "entry");
	char cell[PRESENT_CELL_MAX];

	cmd_present_table_add(
	    &r->table, cmd_present_member(event, "index", cell, sizeof(cell)));
	for (size_t i = 0; i < SP_COUNTOF(member); i++)
		cmd_present_table_add(&r->table,
		    cmd_present_member(entry, member[i], cell, sizeof(cell)));
	add_who(r, entry);
}

static enum sp_code
show_events(struct run *r, const json_t *page, struct sp_err *err)
{
	const json_t *events = json_object_get(page, "events");
	size_t n = json_array_size(events);

	if (!json_is_array(events))
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no 'events'");
	for (size_t i = 0; i < n; i++) {
		const json_t *event = json_array_get(events, i);

		if (r->client->json)
			SP_TRY(cmd_present_json(event, err));
		else
			add_row(r, event);
	}
	return SP_OK;
}

/* One page; *from goes on, or *more is false.  Each must begin after the one
 * before. */
static enum sp_code
show_page(struct run *r, uint64_t *from, bool *more, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON page = NULL;
	uint64_t next = 0;

	SP_TRY(client_site_path(&r->client->site, &path, err,
	    "evidence/%s/custody?from=%" PRIu64, r->id, *from));
	SP_TRY(client_site_get_json(
	    &r->client->site, sp_buf_str(&path), &page, err));
	SP_TRY(show_events(r, page, err));
	*more = json_is_integer(json_object_get(page, "next"));
	if (!*more)
		return SP_OK;
	SP_TRY(client_site_json_number(page, "next", &next, err));
	if (next <= *from)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site tells the same page again");
	*from = next;
	return SP_OK;
}

static enum sp_code
show(struct run *r, struct sp_err *err)
{
	uint64_t from = 0;
	bool more = true;

	while (more)
		SP_TRY(show_page(r, &from, &more, err));
	if (!r->client->json)
		SP_TRY(cmd_present_table_print(&r->table, stdout, err));
	return cmd_present_flush(err);
}

/* --- as a report --- */

static enum sp_code
take(void *arg, const struct site_answer *an, const void *bytes, size_t len,
    struct sp_err *err)
{
	struct run *r = arg;

	(void)an;
	SP_TRY(sp_file_write_all(r->output.fd, bytes, len, err));
	r->at += len;
	return SP_OK;
}

static enum sp_code
fetch(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_ANSWER an = client_site_answer_new(BODY_MAX);
	struct site_sink sink = { .write = take, .arg = r };
	struct site_request rq = {
		.method = "GET", .sink = &sink, .body_max = REPORT_PDF_MAX
	};

	SP_TRY(client_site_path(&r->client->site, &path, err,
	    "evidence/%s/custody.pdf%s%s", r->id,
	    r->paper == NULL ? "" : "?paper=",
	    r->paper == NULL ? "" : r->paper));
	rq.path = sp_buf_str(&path);
	return cmd_client_insist(r->client, &rq, &an, err);
}

static enum sp_code
say(const struct run *r, struct sp_err *err)
{
	char name[PRESENT_CELL_MAX];
	char size[PRESENT_SIZE];

	if (r->client->json) {
		SITE_AUTO_JSON j = json_pack("{s:s, s:s, s:I}", "file", r->pdf,
		    "id", r->id, "size", (json_int_t)r->at);

		return j == NULL
		    ? sp_fail(err, SP_E_INVALID, "the file's name is not UTF-8")
		    : cmd_present_json(j, err);
	}
	(void)cmd_present_clean(r->pdf, name, sizeof(name));
	cmd_present_size(r->at, size);
	(void)printf("%s  %s\n", name, size);
	return cmd_present_flush(err);
}

static enum sp_code
print(struct run *r, struct sp_err *err)
{
	SP_TRY(cmd_output_open(&r->output, r->pdf, r->force, err));
	SP_TRY(fetch(r, err));
	if (r->at == 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site sent an empty report");
	SP_TRY(cmd_output_keep(&r->output, err));
	return say(r, err);
}

static enum sp_code
custody(struct client *c, void *arg, struct sp_err *err)
{
	static const char *const head[] = { "ENTRY", "TIME", "ACT", "OUTCOME",
		"ADDRESS", "ACTOR", NULL };
	struct run *r = arg;
	enum sp_code code;

	r->client = c;
	r->table = cmd_present_table_new(head);
	code = r->pdf == NULL ? show(r, err) : print(r, err);
	cmd_present_table_done(&r->table);
	cmd_output_done(&r->output);
	return code;
}

int
cmd_custody_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .output = { .fd = -1, .dir = -1 } };
	enum report_paper paper;
	const struct cmd_option option[] = {
		{ "pdf", 0, "FILE", "write a report made for a court to FILE",
		    &r.pdf, NULL },
		{ "paper", 0, "SIZE",
		    "letter or a4 (default: as is usual there)", &r.paper,
		    NULL },
		{ "force", 0, NULL, "replace FILE when it exists", NULL,
		    &r.force },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_client_parse_id(
	    self, option, SP_COUNTOF(option), argc, argv, &r.id);

	if (code != CMD_DONE)
		return code;
	if (r.pdf == NULL && (r.paper != NULL || r.force))
		return cmd_usage(self, "--paper and --force go with --pdf");
	if (r.paper != NULL && !report_paper_parse(r.paper, &paper))
		return cmd_usage(self, "--paper is 'letter' or 'a4'");
	return cmd_client_with(self, &common, custody, &r);
}
