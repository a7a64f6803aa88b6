#include "cmd/dock_site.h"

#include "client/curl.h"
#include "events/reading.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MIN (3 * SP_SECOND)

struct dock_site {
	struct dock_show *show;
	struct site_client client;
	struct events_reading *reading;
	pthread_t thread;
	unsigned failed; /* connections since something was heard */
};

/* The kinds that concern a dock, and the number that each comes with. */
static const struct {
	const char *kind;
	const char *number;
} kinds[] = {
	{ "evidence.sealed", "size" },
	{ "evidence.corrupt", NULL },
	{ "witness.behind", "behind" },
};

enum sp_code
cmd_dock_site_hear(struct dock_show *show, const char *kind, const char *data,
    struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(EVENTS_DATA_MAX);
	SITE_AUTO_JSON j = NULL;
	struct dock_show_site told = { .kind = kind, .evidence = "" };
	struct sp_id id;
	size_t i = 0;

	while (i < SP_COUNTOF(kinds) && strcmp(kinds[i].kind, kind) != 0)
		i++;
	if (i == SP_COUNTOF(kinds))
		return SP_OK;
	sp_buf_text(&text, data);
	SP_TRY(client_site_json_parse(&text, &j, err));
	const char *evidence =
	    json_string_value(json_object_get(j, "evidence"));

	if (evidence != NULL && sp_id_parse(evidence, strlen(evidence), &id))
		told.evidence = evidence;
	if (kinds[i].number != NULL) {
		SP_TRY(client_site_json_number(
		    j, kinds[i].number, &told.number, err));
		told.name = kinds[i].number;
	}
	cmd_dock_show_site(show, &told);
	return SP_OK;
}

static enum sp_code
on_event(void *arg, const struct events_heard *e, struct sp_err *err)
{
	struct dock_site *s = arg;

	s->failed = 0;
	return cmd_dock_site_hear(s->show, e->kind, e->data, err);
}

static enum sp_code
on_bytes(void *arg, const struct site_answer *an, const void *bytes, size_t len,
    struct sp_err *err)
{
	struct dock_site *s = arg;

	(void)an;
	return events_reading_take(s->reading, bytes, len, on_event, s, err);
}

static enum sp_code
connect_once(struct dock_site *s, struct site_answer *an, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	const struct site_sink sink = { .write = on_bytes, .arg = s };
	char last[EVENTS_NAME_MAX + 20];
	struct site_request rq = { .method = "GET",
		.header = { "Accept: text/event-stream" },
		.sink = &sink,
		.body_max = SITE_JSON_MAX };

	SP_TRY(client_site_path(&s->client, &path, err, "events"));
	rq.path = sp_buf_str(&path);
	if (*events_reading_id(s->reading) != '\0') {
		(void)snprintf(last, sizeof(last), "Last-Event-ID: %s",
		    events_reading_id(s->reading));
		rq.header[1] = last;
	}
	events_reading_again(s->reading);
	SP_TRY(client_site_once(&s->client, &rq, an, err));
	return an->status == 200 ? SP_OK : client_site_answer_fail(an, err);
}

/* Until the dock ends, or the site says that there is nothing to hear. */
static void *
follow(void *arg)
{
	struct dock_site *s = arg;
	struct site_transport *t = s->client.t;

	for (;;) {
		SITE_AUTO_ANSWER an = client_site_answer_new(SITE_JSON_MAX);
		struct sp_err err = { .code = SP_OK };
		enum sp_code code = connect_once(s, &an, &err);
		int64_t pause = client_site_patience_pause(++s->failed);

		if (code != SP_OK && err.reason == client_site_refused)
			return NULL;
		pause = pause < PAUSE_MIN ? PAUSE_MIN : pause;
		if (err.reason == client_site_interrupted ||
		    t->ops->pause(t, pause, &err) != SP_OK)
			return NULL;
	}
}

/* Signals are the dock's. */
static bool
start_thread(struct dock_site *s)
{
	sigset_t all;
	sigset_t before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&s->thread, NULL, follow, s);

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed == 0;
}

static void
free_site(struct dock_site *s)
{
	client_site_done(&s->client);
	events_reading_free(s->reading);
	free(s);
}

struct dock_site *
cmd_dock_site_start(
    struct site_transport *t, const char *agency, struct dock_show *show)
{
	struct dock_site *s = calloc(1, sizeof(*s));
	struct sp_err none;

	if (s == NULL) {
		t->ops->free(t);
		return NULL;
	}
	s->show = show;
	s->reading = events_reading_new();
	if (client_site_init(&s->client, t, agency, &none) != SP_OK ||
	    s->reading == NULL || !start_thread(s)) {
		free_site(s);
		return NULL;
	}
	return s;
}

void
cmd_dock_site_stop(struct dock_site *s)
{
	if (s == NULL)
		return;
	(void)pthread_join(s->thread, NULL);
	free_site(s);
}
