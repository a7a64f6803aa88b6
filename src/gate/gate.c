#include "gate/gate.h"

#include "base/json.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* One entry about denials of a token, act and code in this time. */
#define FLOOD_SPAN (60 * SP_SECOND)
/* Tokens, acts and codes followed at once.  When there are more, the one that
 * was written longest ago makes room and its count is written early. */
#define FLOOD_ROWS 1024

/*
 * Denials of one token, act and code:
 *
 *   (none) --denied: entry--> FOLLOWED --denied within the minute: counted--.
 *                             |     ^                                       |
 *              minute over,   |     '----------- minute over: entry --------'
 *              nothing counted|                  for all that were counted
 *                             v
 *                           (none)
 */
struct flood {
	struct gate_caller who; /* of the last denial counted */
	enum gate_act act;
	enum gate_code code;
	struct gate_object on;
	int64_t since;  /* sp_ticks() of the last entry */
	uint64_t count; /* denials not in any entry yet */
};

struct gate {
	struct sp_id agency;
	struct ledger_writer *writer;
	bool provider;
	pthread_mutex_t lock; /* over the floods */
	struct flood *flood;
	size_t floods;
	size_t room;
};

struct gate_pass {
	atomic_uint refs;
	struct gate_caller who;
	enum gate_act act;
	struct gate_object on;
	uint64_t entry;
};

enum sp_code
gate_open(struct gate **out, const struct sp_id *agency,
    struct ledger_writer *writer, struct sp_err *err)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the gate");
	g->agency = *agency;
	g->writer = writer;
	SP_REQUIRE(pthread_mutex_init(&g->lock, NULL) == 0);
	*out = g;
	return SP_OK;
}

void
gate_of_provider(struct gate *g)
{
	g->provider = true;
}

void
gate_facts_here(const struct gate *g, struct gate_facts *io)
{
	if (g->provider && io->relation == GATE_OWN &&
	    gate_act_row(io->act)->most != GATE_CLASS_UNKNOWN)
		io->relation = GATE_OTHER;
}

struct ledger_entry
gate_entry(const struct gate_caller *who, const char *act,
    const char *object_kind, const struct sp_id *object)
{
	bool all = object == NULL || sp_id_is_zero(object);
	struct ledger_entry e = {
		.act = act,
		.address = who->address[0] == '\0' ? NULL : who->address,
		.agency = who->agency,
		.at = sp_now(),
		.object_kind = all ? "agency" : object_kind,
		.object = all ? who->agency : *object,
		.outcome = LEDGER_DONE,
		.source = who->source,
	};

	e.actor = gate_caller_actor(who, &e.actor_kind);
	return e;
}

/* {"agency":…,"id":…,"kind":…}: how a guest came in. */
static void
put_via(struct sp_json *j, const struct gate_caller *who)
{
	char text[SP_ID_TEXT];

	if (who->via.kind == NULL)
		return;
	sp_json_object(j, "via");
	sp_id_text(&who->via.house, text);
	sp_json_str(j, "agency", text);
	sp_id_text(&who->via.id, text);
	sp_json_str(j, "id", text);
	sp_json_str(j, "kind", who->via.kind);
	sp_json_end(j);
}

/* --- denials --- */

static enum sp_code
denied_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct flood *f = arg;
	struct ledger_entry e =
	    gate_entry(&f->who, "gate.denied", f->on.kind, &f->on.id);
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	sp_json_object(&j, NULL);
	sp_json_str(&j, "act", gate_act_name(f->act));
	sp_json_str(&j, "code", gate_code_name(f->code));
	sp_json_int(&j, "stands_for", (int64_t)f->count);
	put_via(&j, &f->who);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.outcome = LEDGER_REFUSED;
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(tx, &e, NULL, err);
}

static struct flood *
flood_find(struct gate *g, const struct flood *like)
{
	for (size_t i = 0; i < g->floods; i++) {
		struct flood *f = &g->flood[i];

		if (f->act == like->act && f->code == like->code &&
		    sp_id_equal(&f->who.token, &like->who.token))
			return f;
	}
	return NULL;
}

static struct flood *
flood_oldest(struct gate *g)
{
	struct flood *oldest = &g->flood[0];

	for (size_t i = 1; i < g->floods; i++)
		if (g->flood[i].since < oldest->since)
			oldest = &g->flood[i];
	return oldest;
}

/* Room for one more row; false when there is none to be had. */
static bool
flood_grow(struct gate *g)
{
	size_t room = g->room == 0 ? 16 : 2 * g->room;
	struct flood *grown;

	if (g->floods < g->room)
		return true;
	if (room > FLOOD_ROWS)
		return false;
	grown = reallocarray(g->flood, room, sizeof(*grown));
	if (grown == NULL)
		return false;
	g->flood = grown;
	g->room = room;
	return true;
}

/* Follow `f`.  *pushed receives the row that had to make room (count 0: none
 * had).  Under the lock. */
static void
flood_follow(struct gate *g, const struct flood *f, struct flood *pushed)
{
	struct flood *oldest;

	pushed->count = 0;
	if (flood_grow(g)) {
		g->flood[g->floods++] = *f;
		return;
	}
	if (g->floods == 0)
		return; /* no memory at all: each denial is written */
	oldest = flood_oldest(g);
	*pushed = *oldest;
	*oldest = *f;
}

/* Write an entry that stands for f->count denials; while it cannot be
 * written they stay counted, for gate_tick to try again. */
static void
flood_write(struct gate *g, struct flood *f)
{
	struct flood *again, pushed;
	struct sp_err err;

	if (ledger_writer_run(g->writer, denied_act, f, &err) == SP_OK)
		return;
	(void)pthread_mutex_lock(&g->lock);
	again = flood_find(g, f);
	if (again != NULL)
		again->count += f->count;
	else
		flood_follow(g, f, &pushed); /* a pushed count is given up */
	(void)pthread_mutex_unlock(&g->lock);
}

/* Count a denial.  True: *now is to be written, as is *pushed when its count
 * is not 0. */
static bool
flood_count(struct gate *g, struct flood *now, struct flood *pushed)
{
	struct flood *f = flood_find(g, now);

	pushed->count = 0;
	if (f == NULL) {
		struct flood quiet = *now;

		quiet.count = 0;
		flood_follow(g, &quiet, pushed);
		return true;
	}
	now->count += f->count;
	if (now->since - f->since < FLOOD_SPAN) {
		int64_t since = f->since;

		*f = *now;
		f->since = since;
		return false;
	}
	*f = *now;
	f->count = 0;
	return true;
}

/* Why somebody whose role it is may not decide this one. */
static const char *
duty_words(enum gate_duty duty)
{
	static const char *const words[GATE_DUTY_COUNT] = {
		[GATE_DUTY_UNKNOWN] = "whose doing it is, nobody found out",
		[GATE_DUTY_SAME] = "it is the same person's",
		[GATE_DUTY_TIED] = "one account made the other, or one of the "
				   "staff made both: ask another",
		[GATE_DUTY_NAMELESS] = "say of both who they are (sallyport "
				       "person change --human)",
		[GATE_DUTY_OTHER] = "",
	};

	return words[duty];
}

/* Open to the role, and refused since no person asks. */
static bool
persons_only(const struct gate_request *rq)
{
	return sp_id_is_zero(&rq->who->person) &&
	    !sp_id_is_zero(&rq->who->token) &&
	    (gate_act_row(rq->act)->flags & GATE_PERSONS) != 0 &&
	    gate_role_may(rq->who->role, rq->act);
}

static enum sp_code
deny(struct gate *g, const struct gate_request *rq,
    const struct gate_verdict *v, struct sp_err *err)
{
	enum gate_code code = v->code;
	bool site = sp_id_is_zero(&rq->who->token);
	struct flood pushed,
	    now = {
		    .who = *rq->who,
		    .act = rq->act,
		    .code = code,
		    .on = rq->on,
		    .since = sp_ticks(),
		    .count = 1,
	    };
	bool write;

	(void)pthread_mutex_lock(&g->lock);
	write = flood_count(g, &now, &pushed);
	(void)pthread_mutex_unlock(&g->lock);
	if (write)
		flood_write(g, &now);
	if (pushed.count > 0)
		flood_write(g, &pushed);
	if (code != GATE_NOT_ROLE)
		return sp_fail_as(err, SP_E_DENIED, gate_code_name(code),
		    "%s: what it takes: %s", gate_act_name(rq->act),
		    gate_code_words(code));
	if (v->step == GATE_STEP_DUTY)
		return sp_fail_as(err, SP_E_DENIED, gate_code_name(code),
		    "the role %s may not: %s of this one: %s",
		    gate_role_name(rq->who->role), gate_act_name(rq->act),
		    duty_words(rq->facts == NULL ? GATE_DUTY_UNKNOWN
						 : rq->facts->duty));
	if (rq->who->is.settled &&
	    (gate_act_row(rq->act)->flags & GATE_FOUNDS) != 0)
		return sp_fail_as(err, SP_E_DENIED, gate_code_name(code),
		    "%s: the site's own tokens say who is who only until an "
		    "administrator can sign in: sign in as one",
		    gate_act_name(rq->act));
	if (persons_only(rq))
		return sp_fail_as(err, SP_E_DENIED, gate_code_name(code),
		    "%s: only persons may, no token or program: sign in",
		    gate_act_name(rq->act));
	return sp_fail_as(err, SP_E_DENIED, gate_code_name(code),
	    "the %s%s may not: %s", site ? "site" : "role ",
	    site ? "" : gate_role_name(rq->who->role), gate_act_name(rq->act));
}

/* Take one flood with something to write whose minute is over (or any, when
 * `all`); rows with nothing left to say are dropped. */
static bool
flood_take(struct gate *g, int64_t now, bool all, struct flood *out)
{
	bool taken = false;

	(void)pthread_mutex_lock(&g->lock);
	for (size_t i = 0; i < g->floods && !taken;) {
		struct flood *f = &g->flood[i];

		if (!all && now - f->since < FLOOD_SPAN) {
			i++;
		} else if (f->count == 0) {
			*f = g->flood[--g->floods];
		} else {
			*out = *f;
			f->count = 0;
			f->since = now;
			taken = true;
		}
	}
	(void)pthread_mutex_unlock(&g->lock);
	return taken;
}

void
gate_tick(struct gate *g)
{
	struct flood f;

	for (size_t i = 0; i < FLOOD_ROWS; i++) {
		if (!flood_take(g, sp_ticks(), false, &f))
			return;
		flood_write(g, &f);
	}
}

void
gate_close(struct gate *g)
{
	struct flood f;
	struct sp_err err;

	if (g == NULL)
		return;
	/* The gate ends here: what cannot be written now is lost. */
	while (flood_take(g, sp_ticks(), true, &f))
		if (ledger_writer_run(g->writer, denied_act, &f, &err) != SP_OK)
			break;
	free(g->flood);
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
}

/* --- passes --- */

/* The entry of an admission, and where it came to stand. */
struct admission {
	struct ledger_entry entry;
	uint64_t index;
	ledger_act also;
	void *also_arg;
};

static enum sp_code
admission_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct admission *a = arg;

	SP_TRY(ledger_tx_append(tx, &a->entry, &a->index, err));
	return a->also == NULL ? SP_OK : a->also(tx, a->also_arg, err);
}

/* Durable in the ledger, or no pass. */
static enum sp_code
record(struct gate *g, const struct gate_request *rq, const char *word,
    uint64_t *index, struct sp_err *err)
{
	struct admission a = {
		.entry = gate_entry(rq->who, word, rq->on.kind, &rq->on.id),
		.also = rq->also,
		.also_arg = rq->also_arg,
	};
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);

	SP_REQUIRE(!sp_id_is_zero(&rq->on.id));
	if (rq->who->via.kind != NULL) {
		sp_json_object(&j, NULL);
		put_via(&j, rq->who);
		sp_json_end(&j);
		SP_TRY(sp_buf_check(&detail, "detail", err));
		a.entry.detail = sp_buf_str(&detail);
	}
	SP_TRY(ledger_writer_run(g->writer, admission_act, &a, err));
	*index = a.index;
	return SP_OK;
}

static struct gate_verdict
decide(const struct gate *g, const struct gate_request *rq)
{
	struct gate_facts f;

	if (rq->facts == NULL) {
		f = gate_caller_facts(rq->who, rq->act);
	} else {
		f = *rq->facts;
		SP_REQUIRE(f.act == rq->act && f.role == rq->who->role);
	}
	gate_facts_here(g, &f);
	return gate_decide(&f);
}

enum sp_code
gate_admit_with(struct gate *g, const struct gate_request *rq,
    struct gate_pass **out, struct sp_err *err)
{
	struct gate_pass *p;
	struct gate_verdict v;
	uint64_t entry = UINT64_MAX;

	SP_REQUIRE(rq->also == NULL || gate_act_recorded(rq->act));
	if (!sp_id_equal(&rq->who->agency, &g->agency))
		return sp_fail(err, SP_E_NOTFOUND, "no such agency");
	v = decide(g, rq);
	if (!v.permit)
		return deny(g, rq, &v, err);
	/* Before the entry: an entry says that the pass was given. */
	p = malloc(sizeof(*p));
	if (p == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a pass");
	if (v.entry != NULL) {
		enum sp_code code = record(g, rq, v.entry, &entry, err);

		if (code != SP_OK) {
			free(p);
			return code;
		}
	}
	*p = (struct gate_pass){
		.refs = 1,
		.who = *rq->who,
		.act = rq->act,
		.on = rq->on,
		.entry = entry,
	};
	*out = p;
	return SP_OK;
}

enum sp_code
gate_admit(struct gate *g, const struct gate_caller *who, enum gate_act act,
    const struct gate_object *on, struct gate_pass **out, struct sp_err *err)
{
	struct gate_request rq = { .who = who, .act = act, .on = *on };

	return gate_admit_with(g, &rq, out, err);
}

struct gate_pass *
gate_pass_ref(struct gate_pass *p)
{
	SP_REQUIRE(atomic_fetch_add(&p->refs, 1) > 0);
	return p;
}

void
gate_pass_unref(struct gate_pass *p)
{
	if (p != NULL && atomic_fetch_sub(&p->refs, 1) == 1)
		free(p);
}

const struct gate_caller *
gate_pass_caller(const struct gate_pass *p)
{
	return &p->who;
}

enum gate_act
gate_pass_act(const struct gate_pass *p)
{
	return p->act;
}

uint64_t
gate_pass_entry(const struct gate_pass *p)
{
	return p->entry;
}

void
gate_pass_require(
    const struct gate_pass *p, enum gate_act act, const struct sp_id *object)
{
	SP_REQUIRE(p->act == act);
	SP_REQUIRE(sp_id_is_zero(&p->on.id) ||
	    (object != NULL && sp_id_equal(&p->on.id, object)));
}
