#include "machine/guard.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TRIES    512
#define REFUSALS 256
#define SPAN     (60 * SP_SECOND)

/* Failures of one client from one network. */
struct failure {
	uint8_t key[CRYPTO_SHA256_LEN];
	int64_t last; /* sp_ticks(); 0: free */
	int64_t count;
};

struct refused {
	struct sp_id service;
	enum machine_refusal why; /* MACHINE_PROVEN: free */
	char address[46];         /* of the last one */
	int64_t since;            /* of the last entry; 0: none yet */
	uint64_t count;           /* not in any entry yet */
};

struct machine_guard {
	pthread_mutex_t lock;
	struct failure failure[TRIES];
	/* The first of each reason are the agency's. */
	struct refused refused[REFUSALS];
};

struct machine_guard *
machine_guard_new(void)
{
	struct machine_guard *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&g->lock, NULL) == 0);
	for (unsigned i = 0; i < MACHINE_REFUSAL_COUNT; i++)
		g->refused[i].why = (enum machine_refusal)i;
	return g;
}

void
machine_guard_free(struct machine_guard *g)
{
	if (g == NULL)
		return;
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
}

/* --- guesses --- */

/* IPv6 is given out by the /64: whoever has one address has them all. */
static void
key_of(const struct machine_try *t, uint8_t key[static CRYPTO_SHA256_LEN])
{
	uint8_t net[16] = { 0 };
	size_t len = sizeof(net);
	struct crypto_piece piece[2];

	if (inet_pton(AF_INET6, t->address, net) == 1)
		len = 8;
	else
		SP_IGNORE(inet_pton(AF_INET, t->address, net));
	piece[0] = (struct crypto_piece){ net, len };
	piece[1] = (struct crypto_piece){ t->client, strlen(t->client) };
	crypto_sha256_of(piece, SP_COUNTOF(piece), key);
}

/* The one of this key; with `make` a free one, or the oldest, made its. */
static struct failure *
find(struct machine_guard *g, const struct machine_try *t, bool make)
{
	uint8_t key[CRYPTO_SHA256_LEN];
	struct failure *old = &g->failure[0];

	key_of(t, key);
	for (size_t i = 0; i < TRIES; i++) {
		struct failure *f = &g->failure[i];

		if (f->last != 0 && memcmp(f->key, key, sizeof(key)) == 0)
			return f;
		if (f->last < old->last)
			old = f;
	}
	if (!make)
		return NULL;
	*old = (struct failure){ .count = 0 };
	memcpy(old->key, key, sizeof(key));
	return old;
}

bool
machine_guard_may(struct machine_guard *g, const struct machine_try *t,
    const struct people_rules *rules, sp_time *wait)
{
	int64_t window = people_rules_time(rules, PEOPLE_LOGON_WINDOW);
	int64_t now = sp_ticks(), left = 0;
	const struct failure *f;

	(void)pthread_mutex_lock(&g->lock);
	f = find(g, t, false);
	if (f != NULL &&
	    f->count >= people_rules_get(rules, PEOPLE_LOGON_FAILURES))
		left = f->last + window - now;
	(void)pthread_mutex_unlock(&g->lock);
	if (left <= 0)
		return true;
	*wait = left;
	return false;
}

void
machine_guard_failed(struct machine_guard *g, const struct machine_try *t,
    const struct people_rules *rules)
{
	int64_t window = people_rules_time(rules, PEOPLE_LOGON_WINDOW);
	int64_t now = sp_ticks();
	struct failure *f;

	(void)pthread_mutex_lock(&g->lock);
	f = find(g, t, true);
	if (now - f->last >= window)
		f->count = 0;
	f->count++;
	f->last = now;
	(void)pthread_mutex_unlock(&g->lock);
}

void
machine_guard_passed(struct machine_guard *g, const struct machine_try *t)
{
	struct failure *f;

	(void)pthread_mutex_lock(&g->lock);
	f = find(g, t, false);
	if (f != NULL)
		*f = (struct failure){ .count = 0 };
	(void)pthread_mutex_unlock(&g->lock);
}

/* --- refusals --- */

static bool
idle(const struct refused *r, int64_t now)
{
	return r->why == MACHINE_PROVEN ||
	    (r->count == 0 && now - r->since >= SPAN);
}

static struct refused *
row_of(struct machine_guard *g, const struct sp_id *service,
    enum machine_refusal why, int64_t now)
{
	struct refused *row = &g->refused[why];

	for (size_t i = MACHINE_REFUSAL_COUNT;
	     !sp_id_is_zero(service) && i < REFUSALS; i++) {
		struct refused *r = &g->refused[i];

		if (r->why == why && sp_id_equal(&r->service, service))
			return r;
		if (idle(r, now) && row == &g->refused[why])
			row = r;
	}
	if (row != &g->refused[why])
		*row = (struct refused){ .service = *service, .why = why };
	return row;
}

void
machine_guard_refused(struct machine_guard *g, const struct sp_id *service,
    enum machine_refusal why, const char *address)
{
	struct refused *row;

	SP_REQUIRE(why != MACHINE_PROVEN && why < MACHINE_REFUSAL_COUNT);
	(void)pthread_mutex_lock(&g->lock);
	row = row_of(g, service, why, sp_ticks());
	row->count++;
	(void)snprintf(row->address, sizeof(row->address), "%s", address);
	(void)pthread_mutex_unlock(&g->lock);
}

struct refusal_act {
	struct sp_id agency;
	struct refused refused;
};

static enum sp_code
refused_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct refusal_act *a = arg;
	const struct refused *r = &a->refused;
	struct gate_caller site = { .agency = a->agency, .source = "api" };
	struct ledger_entry e =
	    gate_entry(&site, "service.refused", "service", &r->service);
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);

	e.outcome = LEDGER_REFUSED;
	e.address = r->address[0] == '\0' ? NULL : r->address;
	sp_json_object(&j, NULL);
	sp_json_str(&j, "code", machine_refusal_name(r->why));
	sp_json_int(&j, "stands_for", (int64_t)r->count);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

/* Take what is due out of a row. */
static bool
take(struct machine_guard *g, size_t at, bool all, struct refused *out)
{
	struct refused *r = &g->refused[at];
	int64_t now = sp_ticks();
	bool due;

	(void)pthread_mutex_lock(&g->lock);
	due = r->count > 0 && (all || r->since == 0 || now - r->since >= SPAN);
	if (due) {
		*out = *r;
		r->count = 0;
		r->since = now;
	}
	(void)pthread_mutex_unlock(&g->lock);
	return due;
}

/* Nothing of it was written. */
static void
put_back(struct machine_guard *g, const struct refused *r)
{
	struct refused *row;

	(void)pthread_mutex_lock(&g->lock);
	row = row_of(g, &r->service, r->why, sp_ticks());
	row->count += r->count;
	row->since = r->since;
	memcpy(row->address, r->address, sizeof(row->address));
	(void)pthread_mutex_unlock(&g->lock);
}

void
machine_guard_write(struct machine_guard *g, const struct sp_id *agency,
    struct ledger_writer *writer, bool all)
{
	struct refusal_act act = { .agency = *agency };

	for (size_t i = 0; i < REFUSALS; i++) {
		if (!take(g, i, all, &act.refused))
			continue;
		if (ledger_writer_run(writer, refused_act, &act, NULL) == SP_OK)
			continue;
		put_back(g, &act.refused);
		return;
	}
}
