#include "events/reading.h"

#include "cmd/client.h"
#include "cmd/table.h"

#include <string.h>

struct run {
	struct client *client;
	struct events_reading *reading;
	const char *object; /* only of this one, or NULL */
	bool json;
	bool heard; /* something, on this connection */
	bool ended; /* the token: nothing more will come */
};

/* ---- What is shown ---- */

/* "33.6 MB of 104.9 MB", "104.9 MB", or nothing. */
static void
amount(const json_t *data, char *out, size_t room)
{
	json_t *so_far = json_object_get(data, "offset");
	json_t *all = json_object_get(data, "length");
	char a[PRESENT_SIZE] = "", b[PRESENT_SIZE] = "?";

	if (all == NULL)
		all = json_object_get(data, "size");
	if (json_is_integer(all) && json_integer_value(all) >= 0)
		cmd_present_size((uint64_t)json_integer_value(all), b);
	if (json_is_integer(so_far) && json_integer_value(so_far) >= 0)
		cmd_present_size((uint64_t)json_integer_value(so_far), a);
	if (so_far != NULL)
		(void)snprintf(out, room, "%s of %s", a, b);
	else
		(void)snprintf(out, room, "%s", all == NULL ? "" : b);
}

/* What a witness lacks is entries, not bytes. */
static void
detail(const char *kind, const json_t *data, char *out, size_t room)
{
	json_t *behind = json_object_get(data, "behind");

	if (strcmp(kind, "missed") == 0)
		(void)snprintf(out, room,
		    "what came before is not known: see 'sallyport list'");
	else if (strcmp(kind, "over") == 0)
		(void)cmd_present_member(data, "why", out, room);
	else if (json_is_integer(behind))
		(void)snprintf(out, room, "%" JSON_INTEGER_FORMAT " entries",
		    json_integer_value(behind));
	else
		amount(data, out, room);
}

static void
print_event(const char *kind, const json_t *data)
{
	char time[PRESENT_CELL_MAX], id[PRESENT_CELL_MAX], more[200];
	char clean[EVENTS_NAME_MAX + 1];

	(void)cmd_present_member(data, "time", time, sizeof(time));
	if (strlen(time) > 19)
		time[19] = '\0'; /* to the second */
	(void)cmd_present_member(data, "evidence", id, sizeof(id));
	(void)cmd_present_clean(kind, clean, sizeof(clean));
	detail(kind, data, more, sizeof(more));
	(void)printf("%-19s  %-16s  %-36s  %s\n", time, clean, id, more);
}

static enum sp_code
on_event(void *arg, const struct events_heard *e, struct sp_err *err)
{
	struct run *r = arg;
	SP_AUTO_BUF text = sp_buf_new(EVENTS_DATA_MAX);
	SITE_AUTO_JSON data = NULL;
	SITE_AUTO_JSON line = NULL;
	char why[20];

	sp_buf_text(&text, e->data);
	SP_TRY(client_site_json_parse(&text, &data, err));
	r->heard = true;
	r->ended = strcmp(e->kind, "over") == 0 &&
	    strcmp(cmd_present_member(data, "why", why, sizeof(why)),
		"token") == 0;
	if (!r->json) {
		print_event(e->kind, data);
		return cmd_present_flush(err);
	}
	line = json_pack(
	    "{s:O, s:s, s:s}", "data", data, "event", e->kind, "id", e->id);
	if (line == NULL)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site tells what is not text");
	SP_TRY(cmd_present_json(line, err));
	return cmd_present_flush(err);
}

/* ---- Following ---- */

static enum sp_code
on_bytes(void *arg, const struct site_answer *an, const void *bytes, size_t len,
    struct sp_err *err)
{
	struct run *r = arg;
	size_t n = 0;
	const char *type = client_site_answer_header(an, "Content-Type", &n);

	if (type == NULL || n < 17 ||
	    memcmp(type, "text/event-stream", 17) != 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer is no stream of events");
	return events_reading_take(r->reading, bytes, len, on_event, r, err);
}

/* One connection, until it ends.  SP_OK: come again. */
static enum sp_code
connect_once(
    struct run *r, const char *path, struct site_answer *an, struct sp_err *err)
{
	const struct site_sink sink = { .write = on_bytes, .arg = r };
	char last[EVENTS_NAME_MAX + 20];
	struct site_request rq = { .method = "GET",
		.path = path,
		.header = { "Accept: text/event-stream" },
		.sink = &sink,
		.body_max = SITE_JSON_MAX };
	enum sp_code code;

	if (*events_reading_id(r->reading) != '\0') {
		(void)snprintf(last, sizeof(last), "Last-Event-ID: %s",
		    events_reading_id(r->reading));
		rq.header[1] = last;
	}
	events_reading_again(r->reading);
	code = client_site_once(&r->client->site, &rq, an, err);
	if (client_site_passing(code, an, err))
		return code == SP_OK ? client_site_answer_fail(an, err) : code;
	SP_TRY(code);
	if (an->status != 200)
		return client_site_answer_fail(an, err);
	if (r->ended)
		return sp_fail_as(err, SP_E_DENIED, client_site_refused,
		    "the token was revoked or has expired");
	return SP_OK;
}

/* Until it is time to connect again; SP_OK: it is.  `code` is how the last
 * connection ended. */
static enum sp_code
rest(struct run *r, struct site_patience *patience, enum sp_code code,
    const struct site_answer *an, struct sp_err *err)
{
	if (code == SP_OK)
		code = sp_fail_as(err, SP_E_UNAVAIL, client_site_unreachable,
		    "the stream ended");
	/* What it says that makes no sense will not get better. */
	if (code == SP_E_INVALID || err->reason != client_site_unreachable)
		return code;
	if (r->heard)
		client_site_patience_progress(patience);
	r->heard = false;
	return client_site_patience_wait(
	    patience, &r->client->site, an, err, err);
}

/* A stream that ends or breaks is opened again, where it was. */
static enum sp_code
follow(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	struct site_patience patience =
	    client_site_patience_new(&r->client->site);

	SP_TRY(client_site_path(&r->client->site, &path, err, "events"));
	if (r->object != NULL)
		client_site_query(&path, "object", r->object);
	SP_TRY(sp_buf_check(&path, "path", err));
	for (;;) {
		SITE_AUTO_ANSWER an = client_site_answer_new(SITE_JSON_MAX);
		enum sp_code code =
		    connect_once(r, sp_buf_str(&path), &an, err);

		SP_TRY(rest(r, &patience, code, &an, err));
	}
}

/* A signal is how one leaves it. */
static enum sp_code
events(struct client *c, void *arg, struct sp_err *err)
{
	struct run *r = arg;
	struct sp_err why = { .code = SP_OK };

	r->client = c;
	if (follow(r, &why) == SP_OK || why.reason == client_site_interrupted)
		return SP_OK;
	return sp_fail_as(err, why.code, why.reason, "%s", why.text);
}

static int
run_events(
    struct run *r, const struct cmd *self, const struct client_options *common)
{
	struct sp_err err = { .code = SP_OK };
	int code;

	r->json = common->json;
	r->reading = events_reading_new();
	if (r->reading == NULL) {
		(void)sp_fail(&err, SP_E_NOMEM, "no memory for events");
		return cmd_client_fail(self, &err);
	}
	code = cmd_client_with(self, common, events, r);
	events_reading_free(r->reading);
	return code;
}

int
cmd_events_run(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .object = NULL };
	struct sp_err err;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "object", 0, "ID", "only of this upload or item", &r.object,
		    NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 0)
		return cmd_usage(self, "there are no operands");
	if (r.object != NULL && cmd_client_id(r.object, &err) != SP_OK)
		return cmd_usage(self, "%s", err.text);
	return run_events(&r, self, &common);
}
