#include "cmd/log_monitor.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/parse.h"
#include "client/curl.h"
#include "cmd/client.h"
#include "cmd/log_evidence.h"
#include "cmd/log_quorum.h"
#include "cmd/serve_limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_DEFAULT (60 * SP_SECOND)
#define FRESH_DEFAULT    (INT64_C(86400) * SP_SECOND)
#define FULL_EVERY       (INT64_C(86400) * SP_SECOND)
#define TIME_MOST        (UINT64_C(3660) * 86400)
#define TRIES            3 /* a request; then the next round comes */

struct run {
	const struct cmd *self;
	struct client client;
	struct log_memory memory;
	struct quorum quorum;
	bool has_key;
	struct ledger_vkey key;
	bool json;
	bool once;
	int64_t interval;
	int64_t last_full;     /* ticks; 0: never */
	const char *folder;    /* --state, or NULL */
	struct sp_buf said[2]; /* site and agency out of a URL */
};

/* ---- Telling ---- */

/* Takes over `j`. */
static void
tell_json(json_t *j)
{
	SITE_AUTO_JSON line = j;
	char at[SP_TIME_TEXT];
	struct sp_err err;

	sp_time_text(sp_now(), at);
	if (line == NULL ||
	    json_object_set_new(line, "at", json_string(at)) != 0 ||
	    cmd_present_json(line, &err) != SP_OK)
		(void)fputs("a line could not be written\n", stderr);
}

static json_t *
witnesses_json(const struct quorum *q)
{
	json_t *all = json_array();

	for (size_t i = 0; i < q->n; i++) {
		json_t *one =
		    json_pack("{s:s, s:s, s:I}", "name", q->witness[i].name,
			"state", cmd_log_quorum_name(q->word[i].state), "time",
			(json_int_t)q->word[i].time);

		if (json_array_append_new(all, one) != 0)
			break;
	}
	return all;
}

static void
tell_good_json(const struct run *r, const struct log_check *c, bool full,
    uint64_t seen, size_t fresh)
{
	char root[SP_BASE64_LEN(LEDGER_HASH_LEN) + 1];

	sp_base64(c->now.root.b, LEDGER_HASH_LEN, root);
	tell_json(json_pack("{s:s, s:s, s:I, s:I, s:s, s:b, s:b, s:I, s:I, s:b,"
			    " s:o}",
	    "event", "checked", "log", c->now.origin, "size",
	    (json_int_t)c->now.size, "grown", (json_int_t)(c->now.size - seen),
	    "root", root, "everything", full, "entries_read", c->entries_read,
	    "witnesses_fresh", (json_int_t)fresh, "quorum",
	    (json_int_t)r->quorum.wanted, "quorum_met",
	    fresh >= r->quorum.wanted, "witnesses",
	    witnesses_json(&r->quorum)));
}

static void
tell_good(const struct run *r, const struct log_check *c, bool full,
    uint64_t seen, size_t fresh)
{
	char at[SP_TIME_TEXT], origin[PRESENT_CELL_MAX];

	if (r->json) {
		tell_good_json(r, c, full, seen, fresh);
		return;
	}
	sp_time_text(sp_now(), at);
	(void)cmd_present_clean(c->now.origin, origin, sizeof(origin));
	(void)printf("%s good: %s, %" PRIu64 " entries, %" PRIu64
		     " of them new%s%s",
	    at, origin, c->now.size, c->now.size - seen,
	    full ? ", all recomputed" : "",
	    c->now.size > c->from && !c->entries_read
		? " (from their hashes: entries may not be read)"
		: "");
	if (r->quorum.n > 0)
		(void)printf(", %zu of %zu witnesses", fresh, r->quorum.n);
	(void)putchar('\n');
	(void)fflush(stdout);
}

/* What is wrong and may pass. */
static void
tell_trouble(const struct run *r, const char *event, const char *text)
{
	char at[SP_TIME_TEXT];

	if (r->json) {
		tell_json(
		    json_pack("{s:s, s:s}", "event", event, "text", text));
		return;
	}
	sp_time_text(sp_now(), at);
	(void)printf("%s %s: %s\n", at, event, text);
	(void)fflush(stdout);
}

static void
tell_quorum(const struct run *r, size_t fresh)
{
	SP_AUTO_BUF text = sp_buf_new(65536);
	const struct quorum *q = &r->quorum;

	sp_buf_fmt(&text,
	    "%zu of the %zu witnesses that are wanted have "
	    "cosigned this state of the log lately",
	    fresh, q->wanted);
	for (size_t i = 0; i < q->n; i++)
		if (q->word[i].state != QUORUM_FRESH)
			sp_buf_fmt(&text, "; %s: %s", q->witness[i].name,
			    cmd_log_quorum_name(q->word[i].state));
	tell_trouble(r, "witnesses-missing", sp_buf_str(&text));
}

/* ---- A log that contradicts itself ---- */

static void
tell_contradiction(
    const struct run *r, const struct log_evidence *e, const char *folder)
{
	if (r->json) {
		tell_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event",
		    "contradiction", "kind", e->kind, "text", e->text,
		    "evidence", folder, "meaning",
		    cmd_log_evidence_meaning(e->kind), "advice",
		    cmd_log_evidence_advice()));
		return;
	}
	(void)printf("THE LOG CONTRADICTS ITSELF (%s)\n  %s\n\n"
		     "What it means: %s\n\nWhat to do: %s\n\n"
		     "Evidence: %s\n",
	    e->kind, e->text, cmd_log_evidence_meaning(e->kind),
	    cmd_log_evidence_advice(), folder);
	(void)fflush(stdout);
}

static int
contradicted(struct run *r, const struct log_check_fault *fault,
    const struct sp_err *why)
{
	SP_AUTO_BUF folder = sp_buf_new(8192);
	const struct log_evidence e = {
		.memory = &r->memory,
		.fault = fault,
		.site = sp_buf_str(&r->client.settings.site),
		.agency = sp_buf_str(&r->client.site.agency),
		.kind = why->reason == NULL ? "log.served" : why->reason,
		.text = why->text,
	};
	struct sp_err err = { .code = SP_OK };

	if (cmd_log_evidence_keep(&e, &folder, &err) != SP_OK) {
		(void)cmd_fail(r->self, &err);
		sp_buf_clear(&folder);
		sp_buf_text(&folder, "could not be kept");
	}
	tell_contradiction(r, &e, sp_buf_str(&folder));
	return CMD_CONTRADICTED;
}

/* ---- A round ---- */

/* Onward where that is enough; whatever is found wrong is looked at in full,
 * so that it is named by its right name. */
static enum sp_code
check(struct run *r, bool *full, struct log_check *c,
    struct log_check_fault *fault, struct sp_err *err)
{
	struct log_check_options o = { .client = &r->client.site,
		.memory = &r->memory,
		.onward = !*full,
		.fault = fault };
	enum sp_code code = cmd_log_check_run(&o, c, err);

	if (code != SP_E_CORRUPT || *full)
		return code;
	*full = true;
	o.onward = false;
	return cmd_log_check_run(&o, c, err);
}

static int
failed(struct run *r, const struct sp_err *err)
{
	bool withheld =
	    err->reason != NULL && strcmp(err->reason, "log.withheld") == 0;

	tell_trouble(r, withheld ? "withheld" : "trouble", err->text);
	return withheld ? CMD_NOT_VOUCHED : cmd_client_exit(err);
}

/* On the checkpoint itself, or, where the log is ahead of its witnesses, on
 * the newest that they cosigned.  *fresh is for telling. */
static enum sp_code
ask_witnesses(struct run *r, const struct log_check *c,
    struct log_check_fault *fault, size_t *fresh, struct sp_err *err)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct log_check_options o = {
		.client = &r->client.site, .memory = &r->memory, .fault = fault
	};
	enum sp_code code;

	if (cmd_log_quorum_check(
		&r->quorum, sp_buf_str(&c->note), c->note.len, sp_now(), fresh))
		return SP_OK;
	code = cmd_log_check_cosigned(&o, &c->now, &note, err);
	if (code != SP_OK)
		return code == SP_E_NOTFOUND ? SP_OK : code;
	(void)cmd_log_quorum_check(
	    &r->quorum, sp_buf_str(&note), note.len, sp_now(), fresh);
	return SP_OK;
}

/* The log is what it should be; are there witnesses, was all of it read? */
static int
vouched(struct run *r, const struct log_check *c, struct log_check_fault *fault,
    bool full, uint64_t seen)
{
	struct sp_err err = { .code = SP_OK };
	size_t fresh = 0;
	enum sp_code code = ask_witnesses(r, c, fault, &fresh, &err);
	bool met = fresh >= r->quorum.wanted;

	if (code == SP_E_CORRUPT)
		return contradicted(r, fault, &err);
	tell_good(r, c, full, seen, fresh);
	if (code != SP_OK)
		return failed(r, &err);
	if (!met)
		tell_quorum(r, fresh);
	if (c->entries_read || c->now.size == c->from ||
	    client_settings_token(&r->client.settings) == NULL)
		return met ? CMD_DONE : CMD_NOT_VOUCHED;
	tell_trouble(r, "withheld",
	    "the entries are not served to this token: only their hashes were "
	    "checked");
	return CMD_NOT_VOUCHED;
}

static int
round_of(struct run *r)
{
	LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
	struct sp_err err = { .code = SP_OK };
	uint64_t seen = r->memory.seen.size;
	bool full = seen == 0 || r->last_full == 0 ||
	    sp_ticks() - r->last_full >= FULL_EVERY;
	struct log_check c;
	enum sp_code code;
	int how;

	r->memory.asked = false; /* in every round: it may change */
	code = client_log_memory_key(
	    &r->memory, &r->client.site, r->has_key ? &r->key : NULL, &err);

	if (code == SP_OK)
		code = check(r, &full, &c, &fault, &err);
	if (code == SP_E_CORRUPT)
		return contradicted(r, &fault, &err);
	if (code != SP_OK)
		return failed(r, &err);
	code = client_log_memory_keep(&r->memory, &c.now, &c.note, &err);
	how = code == SP_OK ? vouched(r, &c, &fault, full, seen)
			    : cmd_fail(r->self, &err);
	if (full && code == SP_OK)
		r->last_full = sp_ticks();
	cmd_log_check_done(&c);
	return how;
}

static int
follow(struct run *r)
{
	struct site_transport *t = r->client.site.t;
	struct sp_err err;

	for (;;) {
		int how = round_of(r);

		if (client_curl_interrupted())
			return CMD_DONE;
		if (r->once || how == CMD_CONTRADICTED)
			return how;
		if (t->ops->pause(t, r->interval, &err) != SP_OK)
			return CMD_DONE; /* told to stop */
	}
}

/* ---- Beginning ---- */

static enum sp_code
open_memory(struct run *r, struct sp_err *err)
{
	if (r->folder != NULL)
		SP_TRY(sp_file_mkdir(AT_FDCWD, r->folder, 0700, err));
	SP_TRY(client_log_memory_open_in(&r->memory, r->folder,
	    &r->client.settings, sp_buf_str(&r->client.site.agency), err));
	r->memory.firm = true;
	if (r->memory.path.len > 0)
		return SP_OK;
	client_log_memory_done(&r->memory);
	return sp_fail(err, SP_E_INVALID,
	    "there is nowhere to remember what was seen, without which "
	    "nothing can be followed: give --state DIR or set HOME");
}

static int
monitor(struct run *r, const struct client_options *common)
{
	struct sp_err err = { .code = SP_OK };
	int code;

	if (cmd_client_open(&r->client, r->self, common, &err) != SP_OK)
		return cmd_client_fail(r->self, &err);
	r->client.site.tries = TRIES;
	if (open_memory(r, &err) == SP_OK) {
		code = follow(r);
		client_log_memory_done(&r->memory);
	} else {
		code = cmd_client_fail(r->self, &err);
	}
	cmd_client_done(&r->client);
	return code;
}

/* "harbor-pd", or "https://host:port/v1/agencies/harbor-pd/log": both words
 * of the latter are kept in r->said. */
static bool
take_operand(struct run *r, const char *s, struct client_options *common)
{
	static const char path[] = "/v1/agencies/";
	const char *at = strstr(s, path);
	const char *slug = at == NULL ? s : at + strlen(path);
	size_t len = strcspn(slug, "/");

	if (strstr(s, "://") != NULL && at == NULL)
		return false;
	if (at != NULL) {
		if (strcmp(slug + len, "") != 0 &&
		    strcmp(slug + len, "/") != 0 &&
		    strcmp(slug + len, "/log") != 0 &&
		    strcmp(slug + len, "/log/") != 0)
			return false;
		sp_buf_add(&r->said[0], s, (size_t)(at - s));
		common->site = sp_buf_str(&r->said[0]);
	} else if (slug[len] != '\0') {
		return false;
	}
	sp_buf_add(&r->said[1], slug, len);
	common->agency = sp_buf_str(&r->said[1]);
	return len > 0 && sp_buf_ok(&r->said[0]) && sp_buf_ok(&r->said[1]);
}

struct words {
	const char *key, *interval, *quorum, *fresh;
	const char *witness[CMD_REPEATS + 1];
};

static bool
take_time(const char *text, int64_t otherwise, int64_t *out)
{
	uint64_t v = (uint64_t)otherwise;

	if (text != NULL &&
	    !cmd_serve_limits_value(LIMIT_TIME, text, TIME_MOST, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

static int
take_words(struct run *r, const struct words *w)
{
	uint64_t quorum = 0;
	int64_t fresh = 0;
	struct sp_err err;

	if (!take_time(w->interval, INTERVAL_DEFAULT, &r->interval))
		return cmd_usage(r->self, "--interval takes 30s, 10m, 12h, 7d");
	if (!take_time(w->fresh, FRESH_DEFAULT, &fresh))
		return cmd_usage(r->self, "--fresh takes 30s, 10m, 12h, 7d");
	if (w->quorum != NULL &&
	    !sp_parse_u64(
		w->quorum, strlen(w->quorum), 1, QUORUM_MOST, &quorum))
		return cmd_usage(r->self,
		    "--quorum takes a number of "
		    "witnesses");
	if (cmd_log_quorum_init(&r->quorum, w->witness, quorum,
		fresh / SP_SECOND, &err) != SP_OK)
		return cmd_usage(r->self, "%s", err.text);
	if (w->key == NULL)
		return CMD_DONE;
	if (client_log_memory_option(w->key, &r->key, &err) != SP_OK)
		return cmd_usage(r->self, "--key: %s", err.text);
	r->has_key = true;
	return CMD_DONE;
}

static int
run_words(struct run *r, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct words w = { .key = NULL };
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "key", 0, "KEY", "the log's key, or a file that holds it",
		    &w.key, NULL },
		{ "witness", 0, "KEY...",
		    "a witness that is trusted (or a "
		    "file)",
		    w.witness, NULL },
		{ "quorum", 0, "N", "so many of them are wanted (all)",
		    &w.quorum, NULL },
		{ "fresh", 0, "TIME", "cosignatures may be so old (24h)",
		    &w.fresh, NULL },
		{ "interval", 0, "TIME", "between looks (60s)", &w.interval,
		    NULL },
		{ "once", 0, NULL, "look once, at everything", NULL, &r->once },
		{ "state", 0, "DIR", "remember here, and keep evidence here",
		    &r->folder, NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    r->self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE && n > 1)
		code = cmd_usage(r->self, "'%s' is too much", operand[1]);
	if (code == CMD_DONE && n == 1 && !take_operand(r, operand[0], &common))
		code = cmd_usage(r->self,
		    "'%s' is no agency and no "
		    "https://host/v1/agencies/AGENCY/log",
		    operand[0]);
	if (code == CMD_DONE)
		code = take_words(r, &w);
	r->json = common.json;
	return code == CMD_DONE ? monitor(r, &common) : code;
}

int
cmd_log_monitor_run(const struct cmd *self, int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	struct sp_err err;
	int code;

	if (r == NULL) {
		(void)sp_fail(&err, SP_E_NOMEM, "no memory");
		return cmd_fail(self, &err);
	}
	r->self = self;
	r->said[0] = sp_buf_new(1024);
	r->said[1] = sp_buf_new(256);
	code = run_words(r, argc, argv);
	sp_buf_free(&r->said[0]);
	sp_buf_free(&r->said[1]);
	free(r);
	return code;
}
