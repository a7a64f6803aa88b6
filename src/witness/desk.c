#include "witness/desk.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "witness/state.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_SIZE "text/x.tlog.size"

struct witness_desk {
	struct witness_key *key;
	struct witness_state *state; /* its lock is also the key's */
	pthread_rwlock_t known;      /* over `logs` */
	struct witness_logs logs;
	atomic_uint_fast64_t count[WITNESS_VERDICT_COUNT];
};

/* --- Making and opening --- */

enum sp_code
witness_desk_make(int dir, const char *name, struct sp_err *err)
{
	/* The key last: a folder that has one has all. */
	SP_TRY(witness_state_make(dir, err));
	return witness_key_make(dir, name, err);
}

enum sp_code
witness_desk_open(struct witness_desk **out, int dir, struct sp_err *err)
{
	struct witness_desk *d = calloc(1, sizeof(*d));
	enum sp_code code;

	if (d == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a witness");
	SP_REQUIRE(pthread_rwlock_init(&d->known, NULL) == 0);
	code = witness_key_open(&d->key, dir, err);
	if (code == SP_OK)
		code = witness_state_open(
		    &d->state, dir, witness_key_public(d->key), err);
	if (code != SP_OK) {
		witness_desk_free(d);
		return code;
	}
	*out = d;
	return SP_OK;
}

void
witness_desk_free(struct witness_desk *d)
{
	if (d == NULL)
		return;
	witness_state_free(d->state);
	witness_key_free(d->key);
	witness_logs_done(&d->logs);
	(void)pthread_rwlock_destroy(&d->known);
	free(d);
}

const struct ledger_cosigner *
witness_desk_public(const struct witness_desk *d)
{
	return witness_key_public(d->key);
}

void
witness_desk_set_logs(struct witness_desk *d, struct witness_logs *logs)
{
	struct witness_logs before;

	SP_REQUIRE(pthread_rwlock_wrlock(&d->known) == 0);
	before = d->logs;
	d->logs = *logs;
	SP_REQUIRE(pthread_rwlock_unlock(&d->known) == 0);
	*logs = (struct witness_logs){ .n = 0 };
	witness_logs_done(&before);
}

/* --- add-checkpoint --- */

/* One request on its way. */
struct work {
	struct witness_request rq;
	struct ledger_checkpoint now;
	size_t text_len;
	struct sp_buf kept; /* the note that is kept: text, log's lines, ours */
};

/* Who signed it, and the beginning of what will be kept. */
static enum witness_verdict
judge_note(struct witness_desk *d, struct work *w, struct sp_err *why)
{
	const struct witness_request *rq = &w->rq;
	const struct ledger_vkey *key;
	enum witness_verdict v;
	size_t keys = 0;

	SP_REQUIRE(pthread_rwlock_rdlock(&d->known) == 0);
	v = witness_judge_note(&d->logs, rq, &w->now, &w->text_len, why);
	if (v == WITNESS_COSIGN) {
		key = witness_logs_find(
		    &d->logs, w->now.origin, strlen(w->now.origin), &keys);
		sp_buf_add(&w->kept, rq->note, w->text_len);
		sp_buf_u8(&w->kept, '\n');
		for (size_t i = 0; i < keys; i++)
			ledger_note_lines(
			    &key[i], rq->note, rq->note_len, &w->kept);
	}
	SP_REQUIRE(pthread_rwlock_unlock(&d->known) == 0);
	return v;
}

static enum sp_code
time_of(const struct witness_latest *latest, uint64_t *out, struct sp_err *err)
{
	int64_t now = sp_now() / SP_SECOND;
	int64_t before = (int64_t)latest->time;

	if (now <= 0 || now < before - WITNESS_CLOCK_BACK)
		return sp_fail(err, SP_E_UNAVAIL,
		    "this witness's clock is behind what it last cosigned at");
	*out = (uint64_t)(now < before ? before : now);
	return SP_OK;
}

/* Sign, keep, and only then let the line out. */
static enum sp_code
cosign(struct witness_desk *d, struct work *w, struct witness_latest *latest,
    struct sp_buf *line, struct sp_err *err)
{
	struct ledger_cosignature c;
	uint64_t time = 0;
	size_t before = w->kept.len;

	SP_TRY(time_of(latest, &time, err));
	SP_TRY(
	    witness_key_sign(d->key, time, w->rq.note, w->text_len, &c, err));
	ledger_cosign_line(witness_key_public(d->key), &c, &w->kept);
	SP_TRY(sp_buf_check(&w->kept, "a checkpoint", err));
	sp_buf_add(line, w->kept.at + before, w->kept.len - before);
	SP_TRY(sp_buf_check(line, "a cosignature", err));
	latest->checkpoint = w->now;
	latest->time = time;
	return witness_state_keep(d->state, latest, &w->kept, err);
}

/* A log that shows two roots for one size: what others must see. */
static void
note_fork(struct witness_desk *d, const struct work *w)
{
	struct sp_err err = { .code = SP_OK };

	sp_log(SP_LOG_ERROR, "witness.fork",
	    "log %s signed two roots for its first %ju entries: both "
	    "checkpoints are evidence (forks/)",
	    w->now.origin, (uintmax_t)w->now.size);
	if (witness_state_keep_fork(
		d->state, &w->now, w->rq.note, w->rq.note_len, &err) != SP_OK)
		sp_log_err(SP_LOG_ERROR, "witness.fork", &err,
		    "they could not both be kept: copy state/ now");
}

/* Between here and the state's end nobody else judges. */
static enum witness_verdict
judge_growth(struct witness_desk *d, struct work *w, struct sp_buf *out,
    struct sp_err *why)
{
	struct witness_latest latest =
	    witness_state_begin(d->state, w->now.origin);
	enum witness_verdict v =
	    witness_judge_growth(&w->rq, &w->now, &latest.checkpoint, why);

	if (v == WITNESS_COSIGN && cosign(d, w, &latest, out, why) != SP_OK) {
		sp_log_err(SP_LOG_ERROR, "witness.unable", why,
		    "a checkpoint of %s was not cosigned", w->now.origin);
		v = WITNESS_UNABLE;
	}
	if (v == WITNESS_BEHIND)
		sp_buf_fmt(out, "%ju\n", (uintmax_t)latest.checkpoint.size);
	if (v == WITNESS_FORK)
		note_fork(d, w);
	witness_state_end(d->state);
	return v;
}

void
witness_desk_add_checkpoint(struct witness_desk *d, const char *body,
    size_t len, struct witness_answer *out)
{
	struct sp_err why = { .text = "" };
	struct work w = { .kept = sp_buf_new(LEDGER_NOTE_MAX) };
	struct witness_answer a = {
		.verdict = WITNESS_MALFORMED,
		.type = TYPE_TEXT,
		.body = sp_buf_new(WITNESS_ANSWER_MAX),
	};

	if (witness_request_parse(body, len, &w.rq, &why) == SP_OK)
		a.verdict = judge_note(d, &w, &why);
	if (a.verdict == WITNESS_COSIGN)
		a.verdict = judge_growth(d, &w, &a.body, &why);
	if (a.verdict == WITNESS_BEHIND) {
		a.type = TYPE_SIZE;
	} else if (a.verdict != WITNESS_COSIGN) {
		sp_buf_clear(&a.body);
		sp_buf_fmt(&a.body, "%s\n", why.text);
	}
	(void)atomic_fetch_add(&d->count[a.verdict], 1);
	sp_buf_free(&w.kept);
	*out = a;
}

/* --- Telling --- */

enum sp_code
witness_desk_checkpoint(struct witness_desk *d, const char *hex, size_t len,
    struct sp_buf *out, struct sp_err *err)
{
	uint8_t origin[CRYPTO_SHA256_LEN];
	char again[2 * CRYPTO_SHA256_LEN + 1];

	if (!sp_hex_parse(hex, len, origin, sizeof(origin)))
		return sp_fail(err, SP_E_NOTFOUND, "no such log");
	sp_hex(origin, sizeof(origin), again);
	if (memcmp(again, hex, len) != 0)
		return sp_fail(err, SP_E_NOTFOUND, "lower case is wanted");
	return witness_state_note(d->state, origin, out, err);
}

enum sp_code
witness_desk_health(struct witness_desk *d, struct sp_err *err)
{
	if (witness_state_stopped(d->state))
		return sp_fail(err, SP_E_STOPPED, "the disk failed");
	return SP_OK;
}

/* A label's value: backslash, quote and LF are escaped; origins have no LF. */
static void
add_label(struct sp_buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == '"')
			sp_buf_u8(out, '\\');
		sp_buf_u8(out, (uint8_t)*s);
	}
}

struct column {
	struct sp_buf *out;
	const char *name;
	bool time;
};

static void
add_log(void *arg, const struct witness_latest *latest)
{
	struct column *c = arg;

	sp_buf_fmt(c->out, "sallyport_witness_%s{origin=\"", c->name);
	add_label(c->out, latest->checkpoint.origin);
	sp_buf_fmt(c->out, "\"} %ju\n",
	    (uintmax_t)(c->time ? latest->time : latest->checkpoint.size));
}

static void
add_head(
    struct sp_buf *out, const char *name, const char *type, const char *help)
{
	sp_buf_fmt(out,
	    "# HELP sallyport_witness_%s %s\n"
	    "# TYPE sallyport_witness_%s %s\n",
	    name, help, name, type);
}

void
witness_desk_metrics(struct witness_desk *d, struct sp_buf *out)
{
	struct column size = { out, "log_size", false };
	struct column time = { out, "log_cosigned_seconds", true };

	add_head(out, "requests_total", "counter",
	    "Checkpoints shown, by what "
	    "was said to them.");
	for (size_t v = 0; v < WITNESS_VERDICT_COUNT; v++)
		sp_buf_fmt(out,
		    "sallyport_witness_requests_total{verdict=\"%s\"} %ju\n",
		    witness_verdict_name((enum witness_verdict)v),
		    (uintmax_t)atomic_load(&d->count[v]));
	add_head(out, "logs", "gauge", "Logs that are known.");
	SP_REQUIRE(pthread_rwlock_rdlock(&d->known) == 0);
	sp_buf_fmt(
	    out, "sallyport_witness_logs %zu\n", witness_logs_count(&d->logs));
	SP_REQUIRE(pthread_rwlock_unlock(&d->known) == 0);
	add_head(out, "forks", "gauge", "Signed checkpoints kept as evidence.");
	sp_buf_fmt(out, "sallyport_witness_forks %zu\n",
	    witness_state_forks(d->state));
	add_head(out, "stopped", "gauge", "1: the disk failed.");
	sp_buf_fmt(out, "sallyport_witness_stopped %d\n",
	    witness_state_stopped(d->state) ? 1 : 0);
	add_head(out, "log_size", "gauge", "Entries that were cosigned last.");
	witness_state_each(d->state, add_log, &size);
	add_head(out, "log_cosigned_seconds", "gauge",
	    "When, in seconds since 1970.");
	witness_state_each(d->state, add_log, &time);
}
