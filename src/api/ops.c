#include "api/ops.h"

#include "api/routes.h"
#include "base/json.h"
#include "edge/listen.h"
#include "edge/watch.h"
#include "http/openapi.h"
#include "http/request.h"
#include "http/stats.h"
#include "http/streams.h"
#include "vouch/courier.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define METRICS_MAX ((size_t)4 << 20)

/* --- Alive, ready --- */

static enum sp_code
show_health(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(64);

	(void)q;
	(void)err;
	sp_buf_text(&out, "{\"alive\":true}");
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

static void
note_stopped(void *arg, struct evidence_room *room)
{
	bool *writing = arg;

	if (ledger_writer_stopped(evidence_room_writer(room)))
		*writing = false;
}

static enum sp_code
show_readiness(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(256);
	struct sp_json j = sp_json_to(&out);
	struct evidence_site *site = q->house->site;
	bool rooms = atomic_load(&q->house->stats->ready);
	bool keeper = keeper_client_connected(evidence_site_keeper(site));
	bool writing = true;

	evidence_site_each_room(site, note_stopped, &writing);
	sp_json_object(&j, NULL);
	sp_json_object(&j, "checks");
	sp_json_bool(&j, "keeper", keeper);
	sp_json_bool(&j, "rooms", rooms);
	sp_json_bool(&j, "writing", writing);
	sp_json_end(&j);
	sp_json_bool(&j, "ready", keeper && rooms && writing);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&out, "readiness", err));
	a->status = keeper && rooms && writing ? 200 : 503;
	http_answer_take(a, "application/json", &out);
	return SP_OK;
}

/* --- Counters --- */

static void
metric(struct sp_buf *out, const char *name, const char *type, const char *help)
{
	sp_buf_fmt(out, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\n",
	    name, help, name, type);
}

static void
single(struct sp_buf *out, const char *name, const char *type, const char *help,
    uint64_t value)
{
	metric(out, name, type, help);
	sp_buf_fmt(out, "sallyport_%s %ju\n", name, (uintmax_t)value);
}

static void
add_answers(struct sp_buf *out, const struct http_stats *s)
{
	size_t routes = http_routes_count(s->routes);

	metric(out, "http_answers_total", "counter",
	    "Answers by route and class of status.");
	for (size_t r = 0; r <= routes; r++) {
		for (unsigned c = 0; c < 5; c++) {
			uint64_t n = atomic_load(&s->answers[r][c]);

			if (n == 0)
				continue;
			sp_buf_fmt(out,
			    "sallyport_http_answers_total{route=\"%s\","
			    "class=\"%uxx\"} %ju\n",
			    r == routes ? "none"
					: http_routes_at(s->routes, r)->id,
			    c + 1, (uintmax_t)n);
		}
	}
}

static void
add_connections(struct sp_buf *out, const struct http_stats *s)
{
	struct edge_watch_stats w;

	edge_watch_stats(s->watch, &w);
	single(
	    out, "http_connections", "gauge", "Connections open now.", w.open);
	single(out, "http_connections_total", "counter",
	    "Connections accepted.", w.opened);
	single(out, "http_connections_cut_total", "counter",
	    "Connections cut for being too slow, or at the stop.", w.cut);
	single(out, "http_received_bytes_total", "counter",
	    "Bytes received, as TCP counts.", w.bytes_in);
	single(out, "http_sent_bytes_total", "counter",
	    "Bytes sent and acknowledged, as TCP counts.", w.bytes_out);
}

static void
add_streams(struct sp_buf *out, const struct http_streams *s)
{
	single(out, "event_streams", "gauge", "Streams of events open now.",
	    atomic_load(&s->open));
	single(out, "event_streams_total", "counter",
	    "Streams of events that were asked for.", atomic_load(&s->opened));
	single(out, "event_streams_refused_total", "counter",
	    "Streams of events refused for a limit.", atomic_load(&s->refused));
	single(out, "events_told_total", "counter",
	    "Events sent, counted for each stream.", atomic_load(&s->told));
}

static void
add_site(struct sp_buf *out, struct evidence_site *site)
{
	struct vault_pool_stats p;

	vault_pool_stats(evidence_site_pool(site), &p);
	single(out, "pool_buffers", "gauge", "Segment buffers there can be.",
	    p.buffers);
	single(out, "pool_lent", "gauge", "Segment buffers in use.", p.lent);
	single(out, "pool_most_lent", "gauge",
	    "Most segment buffers ever in use.", p.most_lent);
	single(out, "pool_waits_total", "counter",
	    "Times that an upload waited for a buffer.", p.waits);
	single(out, "keeper_connected", "gauge", "1 while the keeper answers.",
	    keeper_client_connected(evidence_site_keeper(site)) ? 1 : 0);
}

/* What is told of each agency: one column of a struct that is filled in for
 * all of them first, since a metric's lines must stand together. */
struct agency_row {
	char slug[SP_SLUG_MAX + 1];
	uint64_t value[13];
};

static const struct {
	const char *name, *type, *help;
} agency_metrics[13] = {
	{ "writer_acts_total", "counter", "Acts the writer has run." },
	{ "writer_batches_total", "counter", "Transactions they went in." },
	{ "writer_entries_total", "counter", "Ledger entries appended." },
	{ "writer_failed_total", "counter", "Acts that failed." },
	{ "writer_stopped", "gauge", "1 when writing has stopped for good." },
	{ "log_size", "gauge", "Entries in the log." },
	{ "evidence_items", "gauge", "Items of evidence." },
	{ "evidence_bytes", "gauge", "Bytes of evidence." },
	{ "evidence_corrupt", "gauge", "Items that failed their check." },
	{ "uploads", "gauge", "Unfinished uploads." },
	{ "viewings", "gauge", "Viewings open now." },
	{ "counts_failed", "gauge", "1 when the counts could not be read." },
	{ "room", "gauge", "1 for each room that is open." },
};

struct agency_rows {
	struct agency_row *row;
	size_t n, cap;
};

static void
fill_row(struct agency_row *row, struct evidence_room *room)
{
	struct ledger_writer *writer = evidence_room_writer(room);
	struct ledger_writer_stats w = { 0 };
	struct evidence_room_counts c = { 0 };
	bool counted = evidence_room_counts(room, &c, NULL) == SP_OK;

	ledger_writer_stats(writer, &w);
	*row = (struct agency_row){
		.value = { w.acts, w.batches, w.entries, w.failed,
		    ledger_writer_stopped(writer) ? 1 : 0,
		    ledger_log_size(evidence_room_log(room)), c.evidence,
		    c.bytes, c.corrupt, c.uploads, c.viewings, counted ? 0 : 1,
		    1 },
	};
	memcpy(row->slug, evidence_room_agency(room)->slug, sizeof(row->slug));
}

static void
add_row(void *arg, struct evidence_room *room)
{
	struct agency_rows *rows = arg;

	if (rows->n == rows->cap) {
		size_t cap = rows->cap == 0 ? 16 : rows->cap * 2;
		struct agency_row *grown =
		    reallocarray(rows->row, cap, sizeof(*grown));

		if (grown == NULL)
			return; /* a figure is missing: no harm */
		rows->row = grown;
		rows->cap = cap;
	}
	fill_row(&rows->row[rows->n++], room);
}

static void
add_agencies(struct sp_buf *out, struct evidence_site *site)
{
	struct agency_rows rows = { .n = 0 };

	evidence_site_each_room(site, add_row, &rows);
	for (size_t m = 0; m < SP_COUNTOF(agency_metrics); m++) {
		metric(out, agency_metrics[m].name, agency_metrics[m].type,
		    agency_metrics[m].help);
		for (size_t i = 0; i < rows.n; i++)
			sp_buf_fmt(out, "sallyport_%s{agency=\"%s\"} %ju\n",
			    agency_metrics[m].name, rows.row[i].slug,
			    (uintmax_t)rows.row[i].value[m]);
	}
	free(rows.row);
}

/* --- Who vouches --- */

struct voucher_row {
	char agency[SP_SLUG_MAX + 1];
	enum vouch_kind kind;
	char name[VOUCH_NAME_MAX + 1];
	uint64_t value[5];
};

static const struct {
	const char *name, *help;
} voucher_metrics[5] = {
	{ "voucher_behind_entries", "Entries that it has not vouched for." },
	{ "voucher_behind_seconds", "How long the oldest of them has waited." },
	{ "voucher_failing", "1 while the last exchange with it failed." },
	{ "voucher_contradicts",
	    "1 when it has seen another history of the log." },
	{ "voucher_last_seconds",
	    "When it last vouched, seconds since 1970; 0: never." },
};

struct voucher_rows {
	struct voucher_row *row;
	size_t n, cap;
	struct sp_buf problems; /* lines */
};

/* A label's value: \, " and LF are escaped; names have none of them. */
static void
label(struct sp_buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			sp_buf_u8(out, '\\');
		sp_buf_u8(out, *s == '\n' ? ' ' : (uint8_t)*s);
	}
}

static void
add_problem(struct sp_buf *out, const struct voucher_row *row, const char *s)
{
	sp_buf_fmt(out,
	    "sallyport_voucher_problem_info{agency=\"%s\",kind=\"%s\","
	    "name=\"%s\",problem=\"",
	    row->agency, vouch_kind_name(row->kind), row->name);
	label(out, s);
	sp_buf_text(out, "\"} 1\n");
}

static void
add_voucher(void *arg, const struct people_agency *agency,
    const struct vouch_voucher *v, const struct vouch_standing *s)
{
	struct voucher_rows *rows = arg;
	struct voucher_row *row;

	if (rows->n == rows->cap) {
		size_t cap = rows->cap == 0 ? 16 : rows->cap * 2;
		struct voucher_row *grown =
		    reallocarray(rows->row, cap, sizeof(*grown));

		if (grown == NULL)
			return; /* a figure is missing: no harm */
		rows->row = grown;
		rows->cap = cap;
	}
	row = &rows->row[rows->n++];
	*row = (struct voucher_row){
		.kind = v->kind,
		.value = { s->behind, (uint64_t)(s->waits / SP_SECOND),
		    s->failing, s->contradicts, (uint64_t)(s->at / SP_SECOND) },
	};
	memcpy(row->agency, agency->slug, sizeof(row->agency));
	memcpy(row->name, v->name, sizeof(row->name));
	if (s->failing)
		add_problem(&rows->problems, row, s->problem);
}

static void
add_vouchers(struct sp_buf *out, struct vouch_courier *courier)
{
	struct voucher_rows rows = { .problems = sp_buf_new(METRICS_MAX) };

	if (courier == NULL)
		return;
	vouch_courier_each(courier, add_voucher, &rows);
	for (size_t m = 0; m < SP_COUNTOF(voucher_metrics); m++) {
		metric(out, voucher_metrics[m].name, "gauge",
		    voucher_metrics[m].help);
		for (size_t i = 0; i < rows.n; i++)
			sp_buf_fmt(out,
			    "sallyport_%s{agency=\"%s\",kind=\"%s\","
			    "name=\"%s\"} %ju\n",
			    voucher_metrics[m].name, rows.row[i].agency,
			    vouch_kind_name(rows.row[i].kind), rows.row[i].name,
			    (uintmax_t)rows.row[i].value[m]);
	}
	metric(out, "voucher_problem_info", "gauge",
	    "Why the last exchange with it failed.");
	sp_buf_add(out, rows.problems.at, rows.problems.len);
	sp_buf_free(&rows.problems);
	free(rows.row);
}

/* It names agencies and tells how busy they are: for whoever runs the
 * machine, not for those who reach the site, also not through a proxy. */
static bool
may_see_metrics(const struct http_request *q)
{
	return edge_address_local(q->address) &&
	    q->field[HTTP_F_FORWARDED] == NULL &&
	    q->field[HTTP_F_X_FORWARDED_FOR] == NULL;
}

static enum sp_code
show_metrics(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(METRICS_MAX);
	const struct http_stats *s = q->house->stats;

	if (!may_see_metrics(q))
		return sp_fail(err, SP_E_NOTFOUND, "not from outside");
	single(&out, "start_time_seconds", "gauge",
	    "When the server started, seconds since 1970.",
	    (uint64_t)(s->started / SP_SECOND));
	add_answers(&out, s);
	add_connections(&out, s);
	if (q->house->streams != NULL)
		add_streams(&out, q->house->streams);
	add_site(&out, q->house->site);
	add_agencies(&out, q->house->site);
	add_vouchers(&out, q->house->courier);
	SP_TRY(sp_buf_check(&out, "metrics", err));
	http_answer_take(a, "text/plain; version=0.0.4; charset=utf-8", &out);
	return SP_OK;
}

/* --- The description --- */

static struct sp_buf openapi_text;

static void
openapi_make(void)
{
	openapi_text = sp_buf_new(HTTP_BODY_MAX);
	http_openapi_write(&api_routes, &openapi_text);
}

static enum sp_code
show_api(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	(void)q;
	(void)pthread_once(&once, openapi_make);
	SP_TRY(sp_buf_check(&openapi_text, "description", err));
	sp_buf_add(&out, openapi_text.at, openapi_text.len);
	SP_TRY(sp_buf_check(&out, "description", err));
	http_answer_take(a, "application/json", &out);
	http_answer_set(a, "Cache-Control", "no-cache");
	return SP_OK;
}

/* --- The routes --- */

static const struct http_route routes[] = {
	{
	    .method = HTTP_GET,
	    .path = "/v1/openapi.json",
	    .id = "showApi",
	    .summary = "This description",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "OpenAPI 3.1", HTTP_JSON, NULL, NULL } },
	    .handle = show_api,
	},
	{
	    .method = HTTP_GET,
	    .path = "/healthz",
	    .id = "showHealth",
	    .summary = "The process answers",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "Alive", HTTP_JSON, NULL, NULL } },
	    .handle = show_health,
	},
	{
	    .method = HTTP_GET,
	    .path = "/readyz",
	    .id = "showReadiness",
	    .summary = "It can take evidence in",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "Ready", HTTP_JSON, "Readiness", NULL },
		{ 503, "Not ready", HTTP_JSON, "Readiness", NULL } },
	    .handle = show_readiness,
	},
	{
	    .method = HTTP_GET,
	    .path = "/metrics",
	    .id = "showMetrics",
	    .summary = "Counters in Prometheus' text format, to this machine "
		       "only",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 200, "Counters",
		"text/plain; version=0.0.4; charset=utf-8", NULL, NULL } },
	    .problems = "404",
	    .handle = show_metrics,
	},
};

static const struct http_schema schemas[] = {
	{ "Readiness",
	    "{\"properties\":{\"checks\":{\"properties\":{"
	    "\"keeper\":" HTTP_BOOLEAN ",\"rooms\":" HTTP_BOOLEAN
	    ",\"writing\":" HTTP_BOOLEAN
	    "},\"required\":[\"keeper\",\"rooms\",\"writing\"],\"type\":"
	    "\"object\"},\"ready\":" HTTP_BOOLEAN
	    "},\"required\":[\"checks\",\"ready\"],\"type\":\"object\"}" },
};

const struct http_topic api_ops_topic = { routes, SP_COUNTOF(routes), schemas,
	SP_COUNTOF(schemas) };
