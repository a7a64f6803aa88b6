#include "vouch/courier.h"

#include "base/file.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "errand/messenger.h"
#include "events/hub.h"
#include "vouch/stamping.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_EVERY   (SP_SECOND / 4)
#define ROSTER_EVERY SP_SECOND
#define ANSWER_IN    ((ERRAND_TRIP_SECONDS + 5) * SP_SECOND)
#define REST_MOST    (600 * SP_SECOND)
#define CALL_FIRST   SP_SECOND
#define CALL_MOST    (60 * SP_SECOND)
#define DOUBLINGS    7
#define FLIGHTS      (VOUCH_AT_ONCE * VOUCH_MOST)
#define PATH         4200

/* A voucher and a log. */
struct post {
	bool known;    /* what is on record was read */
	bool out;      /* a question is open */
	bool again;    /* the witness named `old` itself */
	bool failing;  /* on record with `problem` */
	uint64_t done; /* size vouched for */
	uint64_t old;  /* size to ask from */
	int64_t due;   /* sp_ticks(): rests until then */
	unsigned failures;
	char problem[sizeof(((struct sp_err *)0)->text)];
};

/* A log, with a post for each voucher of the roster. */
struct bench {
	struct evidence_room *room;
	struct post *post;
};

/* A question that is open. */
struct flight {
	uint32_t id;
	size_t bench, voucher;
	int64_t deadline;
	struct vouch_asking asking; /* of a witness */
	struct vouch_stamping stamping;
};

struct vouch_courier {
	struct vouch_courier_options o;
	char dir[PATH];
	pthread_t thread;
	int wake;
	atomic_bool stop, hurry;

	pthread_mutex_t lock;        /* over these two */
	struct vouch_roster *roster; /* replaced by the thread alone */
	int brought;                 /* a messenger's socket, or -1 */

	/* the thread's own */
	struct db *site;
	int64_t roster_due;
	bool roster_failing;
	int sock;
	int64_t call_after, call_wait;
	uint32_t last_id;
	struct sp_buf packet;
	struct bench *bench;
	size_t benches, benches_room;
	struct flight flight[FLIGHTS];
	size_t flights;
	size_t open[VOUCH_MOST]; /* questions, of each voucher */
};

static void
lock(struct vouch_courier *c)
{
	SP_REQUIRE(pthread_mutex_lock(&c->lock) == 0);
}

static void
unlock(struct vouch_courier *c)
{
	SP_REQUIRE(pthread_mutex_unlock(&c->lock) == 0);
}

static void
poke(struct vouch_courier *c)
{
	/* full: it is awake already */
	SP_IGNORE(eventfd_write(c->wake, 1));
}

static const char *
slug_of(const struct bench *b)
{
	return evidence_room_agency(b->room)->slug;
}

/* A quarter more or less, so that not all come at once. */
static int64_t
about(int64_t micros)
{
	uint32_t r = 0;

	crypto_random(&r, sizeof(r));
	return micros - micros / 4 + (int64_t)(r % 1024) * micros / 2 / 1024;
}

static int64_t
patience(const struct vouch_courier *c, unsigned failures)
{
	int64_t wait = c->o.gap
	    << (failures < DOUBLINGS ? failures : DOUBLINGS);

	return about(wait < REST_MOST ? wait : REST_MOST);
}

/* ---- What is known of a log ---- */

/* Cosignatures of the current checkpoint go with it. */
static void
attach_lines(struct bench *b)
{
	DB_LENT(reader, evidence_room_readers(b->room));
	struct ledger_log *log = evidence_room_log(b->room);
	VOUCH_AUTO_CHECKPOINT c = vouch_checkpoint_new();
	SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = vouch_checkpoint_take(&c, log, &err);

	if (code == SP_OK)
		code = vouch_record_lines(reader.db, &c.is, &lines, &err);
	if (code == SP_OK && lines.len > 0)
		code = ledger_log_vouched(log, &c.is, &lines, &err);
	if (code != SP_OK && code != SP_E_CONFLICT) /* it has moved on */
		sp_log_err(SP_LOG_ERROR, "vouch.unattached", &err,
		    "%s: cosignatures do not go with the checkpoint",
		    slug_of(b));
}

/* What is on record: where to go on. */
static bool
get_to_know(struct bench *b, const struct vouch_voucher *v, struct post *p)
{
	DB_LENT(reader, evidence_room_readers(b->room));
	struct vouch_standing s;
	struct sp_err err = { .code = SP_OK };
	sp_time next;

	if (vouch_record_standing(reader.db,
		ledger_log_size(evidence_room_log(b->room)), v, &s,
		&err) != SP_OK) {
		sp_log_err(SP_LOG_ERROR, "vouch.unread", &err,
		    "%s: its record cannot be read", slug_of(b));
		p->due = sp_ticks() + REST_MOST;
		return false;
	}
	next = s.at + v->every - sp_now();
	p->known = true;
	p->done = p->old = s.size;
	p->failing = s.failing;
	memcpy(p->problem, s.problem, sizeof(p->problem));
	if (s.at != 0 && next > 0)
		p->due = sp_ticks() + (next < v->every ? next : v->every);
	return true;
}

static bool
has_bench(const struct vouch_courier *c, const struct evidence_room *room)
{
	for (size_t i = 0; i < c->benches; i++)
		if (c->bench[i].room == room)
			return true;
	return false;
}

/* Rooms are only ever added. */
static void
add_bench(void *arg, struct evidence_room *room)
{
	struct vouch_courier *c = arg;
	struct bench b = { .room = room };

	if (has_bench(c, room))
		return;
	if (c->benches == c->benches_room) {
		size_t more = c->benches_room == 0 ? 8 : 2 * c->benches_room;
		struct bench *grown =
		    reallocarray(c->bench, more, sizeof(*grown));

		if (grown == NULL)
			return; /* at the next look */
		c->bench = grown;
		c->benches_room = more;
	}
	b.post = calloc(VOUCH_MOST, sizeof(*b.post));
	if (b.post == NULL)
		return;
	attach_lines(&b);
	c->bench[c->benches++] = b;
}

/* ---- How it went ---- */

/* To whoever listens: a witness does not follow any more. */
static void
tell_behind(struct bench *b, const struct post *p)
{
	uint64_t size = ledger_log_size(evidence_room_log(b->room));
	const struct events_event e = {
		.kind = EVENTS_WITNESS,
		.at = size > p->done ? size - p->done : 0,
		.of = size,
	};

	events_hub_tell(evidence_room_events(b->room), &e);
}

static void
note_problem(struct bench *b, const struct vouch_voucher *v, struct post *p,
    const struct sp_err *why, bool contradicts)
{
	struct sp_err err = { .code = SP_OK };

	if (p->failing && strcmp(p->problem, why->text) == 0)
		return; /* said and recorded */
	if (contradicts)
		sp_log(SP_LOG_ERROR, "vouch.contradicts", "%s: %s %s: %s",
		    slug_of(b), vouch_kind_name(v->kind), v->name, why->text);
	else
		sp_log(SP_LOG_WARN, "vouch.failing", "%s: %s %s: %s",
		    slug_of(b), vouch_kind_name(v->kind), v->name, why->text);
	if (vouch_record_problem(
		b->room, &v->id, why->text, contradicts, &err) != SP_OK) {
		sp_log_err(
		    SP_LOG_ERROR, "vouch.unrecorded", &err, "%s", slug_of(b));
		return;
	}
	if (!p->failing && v->kind == VOUCH_WITNESS)
		tell_behind(b, p);
	p->failing = true;
	memcpy(p->problem, why->text, sizeof(p->problem));
}

static void
failed(struct vouch_courier *c, struct bench *b, size_t voucher,
    const struct sp_err *why, bool contradicts)
{
	struct post *p = &b->post[voucher];

	p->again = false;
	p->old = p->done;
	p->due = sp_ticks() + patience(c, p->failures);
	p->failures += p->failures < DOUBLINGS;
	note_problem(b, &c->roster->at[voucher], p, why, contradicts);
}

/* `recorded` says whether the record took it. */
static void
vouched(struct vouch_courier *c, struct bench *b, size_t voucher, uint64_t size,
    enum sp_code recorded, const struct sp_err *why)
{
	const struct vouch_voucher *v = &c->roster->at[voucher];
	struct post *p = &b->post[voucher];
	struct sp_err err = *why;

	if (recorded == SP_OK && p->failing)
		recorded =
		    vouch_record_problem(b->room, &v->id, NULL, false, &err);
	if (recorded != SP_OK) { /* the disk, the writer: not the voucher */
		sp_log_err(
		    SP_LOG_ERROR, "vouch.unrecorded", &err, "%s", slug_of(b));
		p->due = sp_ticks() + patience(c, DOUBLINGS);
		return;
	}
	if (p->failing || p->done == 0)
		sp_log(SP_LOG_INFO, "vouch.vouches",
		    "%s: %s %s vouches for %ju entries", slug_of(b),
		    vouch_kind_name(v->kind), v->name, (uintmax_t)size);
	p->failing = false;
	p->failures = 0;
	p->again = false;
	p->done = p->old = size;
	p->due =
	    sp_ticks() + (v->every > c->o.gap ? v->every : about(c->o.gap));
	if (v->kind == VOUCH_WITNESS)
		attach_lines(b);
}

static void
take_cosignature(
    struct vouch_courier *c, struct flight *f, const struct errand_reply *reply)
{
	struct bench *b = &c->bench[f->bench];
	struct post *p = &b->post[f->voucher];
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	struct vouch_cosigned got = { .line = &line };
	struct sp_err err = { .code = SP_OK };
	enum sp_code code;

	switch (vouch_asking_answer(&f->asking, reply, sp_now(), &got, &err)) {
	case VOUCH_DONE:
		code = vouch_record_cosigned(b->room, f->asking.witness,
		    &f->asking.c, sp_buf_str(&line), got.time, &err);
		vouched(c, b, f->voucher, f->asking.c.is.size, code, &err);
		return;
	case VOUCH_AGAIN:
		p->again = true;
		p->old = got.old;
		p->due = 0;
		return;
	case VOUCH_FAILED: failed(c, b, f->voucher, &err, false); return;
	case VOUCH_CONTRADICTED: failed(c, b, f->voucher, &err, true); return;
	}
}

static void
take_timestamp(
    struct vouch_courier *c, struct flight *f, const struct errand_reply *reply)
{
	struct bench *b = &c->bench[f->bench];
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct sp_err err = { .code = SP_OK };
	sp_time time = 0;
	enum sp_code code;

	if (vouch_stamping_answer(&f->stamping, reply, sp_now(), &time, &token,
		&err) != VOUCH_DONE) {
		failed(c, b, f->voucher, &err, false);
		return;
	}
	code = vouch_record_stamped(
	    b->room, f->stamping.authority, &f->stamping.c, &token, time, &err);
	vouched(c, b, f->voucher, f->stamping.c.is.size, code, &err);
}

/* ---- Flights ---- */

static void
flight_done(struct flight *f)
{
	vouch_asking_done(&f->asking);
	vouch_stamping_done(&f->stamping);
}

/* The flight is over; it is the caller's now. */
static struct flight
land(struct vouch_courier *c, size_t i)
{
	struct flight f = c->flight[i];

	c->flight[i] = c->flight[--c->flights];
	c->open[f.voucher]--;
	c->bench[f.bench].post[f.voucher].out = false;
	return f;
}

static void
land_all(struct vouch_courier *c)
{
	while (c->flights > 0) {
		struct flight f = land(c, c->flights - 1);

		flight_done(&f);
	}
}

static void
take_reply(struct vouch_courier *c, size_t i, const struct errand_reply *reply)
{
	struct flight f = land(c, i);

	if (c->roster->at[f.voucher].kind == VOUCH_WITNESS)
		take_cosignature(c, &f, reply);
	else
		take_timestamp(c, &f, reply);
	flight_done(&f);
}

/* The messenger has its own, shorter deadline: this one is for when it hangs
 * itself. */
static void
end_late(struct vouch_courier *c)
{
	const struct errand_reply none = { .problem = "the messenger is slow" };
	int64_t now = sp_ticks();

	for (size_t i = c->flights; i-- > 0;)
		if (c->flight[i].deadline <= now)
			take_reply(c, i, &none);
}

/* ---- The messenger ---- */

static void
lose_messenger(struct vouch_courier *c)
{
	sp_file_closep(&c->sock);
	land_all(c);
}

static bool
messenger_there(struct vouch_courier *c)
{
	int64_t now = sp_ticks();

	if (c->sock >= 0)
		return true;
	if (now >= c->call_after) {
		c->call_wait = c->call_wait == 0   ? CALL_FIRST
		    : c->call_wait * 2 < CALL_MOST ? c->call_wait * 2
						   : CALL_MOST;
		c->call_after = now + c->call_wait;
		c->o.call(c->o.self);
	}
	return false;
}

static void
take_brought(struct vouch_courier *c)
{
	int sock;

	lock(c);
	sock = c->brought;
	c->brought = -1;
	unlock(c);
	if (sock < 0)
		return;
	lose_messenger(c);
	c->sock = sock;
}

static void
take_packet(struct vouch_courier *c)
{
	struct errand_answer a;
	struct sp_err err = { .code = SP_OK };

	if (errand_answer_read(c->packet.at, c->packet.len, &a, &err) !=
	    SP_OK) {
		sp_log_err(
		    SP_LOG_ERROR, "messenger.malformed", &err, "it is left");
		lose_messenger(c);
		return;
	}
	c->call_wait = 0; /* it works */
	for (size_t i = 0; i < c->flights; i++)
		if (c->flight[i].id == a.id) {
			take_reply(c, i, &a.reply);
			return;
		}
}

static void
hear_messenger(struct vouch_courier *c)
{
	while (c->sock >= 0 && !atomic_load(&c->stop)) {
		enum sp_code code =
		    errand_packet_receive(c->sock, &c->packet, NULL);

		if (code == SP_E_LOCKED)
			return;
		if (code == SP_OK)
			take_packet(c);
		else
			lose_messenger(c);
	}
}

/* ---- Asking ---- */

static enum sp_code
begin(struct vouch_courier *c, struct flight *f, struct sp_buf *body,
    struct sp_err *err)
{
	const struct vouch_voucher *v = &c->roster->at[f->voucher];
	struct bench *b = &c->bench[f->bench];
	const struct post *p = &b->post[f->voucher];
	struct ledger_log *log = evidence_room_log(b->room);

	if (v->kind == VOUCH_WITNESS)
		return vouch_asking_begin(
		    &f->asking, log, v, p->old, p->again, body, err);
	return vouch_stamping_begin(&f->stamping, log, v, body, err);
}

/* The packet of this flight. */
static enum sp_code
pack(struct vouch_courier *c, struct flight *f, struct sp_buf *packet,
    struct sp_err *err)
{
	const struct vouch_voucher *v = &c->roster->at[f->voucher];
	ERRAND_AUTO e = errand_new();

	SP_TRY(begin(c, f, &e.body, err));
	e.id = f->id;
	e.kind = v->kind == VOUCH_WITNESS ? ERRAND_WITNESS : ERRAND_AUTHORITY;
	memcpy(e.url, v->url, sizeof(e.url));
	sp_buf_add(&e.tls_ca, v->tls_ca.at, v->tls_ca.len);
	errand_write(&e, packet);
	return sp_buf_check(packet, "an errand", err);
}

static void
ask(struct vouch_courier *c, size_t bench, size_t voucher)
{
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct flight f = {
		.id = ++c->last_id,
		.bench = bench,
		.voucher = voucher,
		.deadline = sp_ticks() + ANSWER_IN,
	};
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = pack(c, &f, &packet, &err);

	if (code != SP_OK) { /* it is the log that cannot be read */
		failed(c, &c->bench[bench], voucher, &err, false);
		flight_done(&f);
		return;
	}
	code = errand_packet_send(c->sock, &packet, &err);
	if (code != SP_OK) {
		flight_done(&f);
		if (code != SP_E_LOCKED)
			lose_messenger(c);
		return;
	}
	c->flight[c->flights++] = f;
	c->open[voucher]++;
	c->bench[bench].post[voucher].out = true;
}

static void
look_at(struct vouch_courier *c, size_t bench, size_t voucher)
{
	const struct vouch_voucher *v = &c->roster->at[voucher];
	struct bench *b = &c->bench[bench];
	struct post *p = &b->post[voucher];

	if (p->out || sp_ticks() < p->due ||
	    ledger_writer_stopped(evidence_room_writer(b->room)) ||
	    (!p->known && !get_to_know(b, v, p)))
		return;
	if (ledger_log_size(evidence_room_log(b->room)) <= p->done ||
	    sp_ticks() < p->due || c->open[voucher] == VOUCH_AT_ONCE ||
	    !messenger_there(c))
		return;
	ask(c, bench, voucher);
}

static void
look_at_all(struct vouch_courier *c)
{
	evidence_site_each_room(c->o.site, add_bench, c);
	for (size_t b = 0; b < c->benches; b++)
		for (size_t v = 0; v < c->roster->n; v++) {
			if (atomic_load(&c->stop))
				return;
			look_at(c, b, v);
		}
}

/* ---- The roster ---- */

/* Posts are the vouchers' by their place: all begin anew. */
static void
replace_roster(struct vouch_courier *c, struct vouch_roster *fresh)
{
	struct vouch_roster *old = c->roster;

	land_all(c);
	for (size_t i = 0; i < c->benches; i++)
		memset(c->bench[i].post, 0,
		    VOUCH_MOST * sizeof(*c->bench[i].post));
	lock(c);
	c->roster = fresh;
	unlock(c);
	vouch_roster_free(old);
	if (fresh->n == 0)
		lose_messenger(c); /* which ends */
	sp_log(SP_LOG_INFO, "vouch.roster", "%zu vouchers", fresh->n);
}

static enum sp_code
read_roster(struct vouch_courier *c, struct sp_err *err)
{
	VOUCH_AUTO_ROSTER fresh = NULL;
	char path[PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/site.db", c->dir);
	if (c->site == NULL)
		SP_TRY(db_open(&c->site, path, DB_READ, err));
	SP_TRY(vouch_roster_load(&fresh, c->site, err));
	if (!vouch_roster_same(fresh, c->roster))
		replace_roster(c, SP_STEAL(fresh));
	return SP_OK;
}

static void
look_at_roster(struct vouch_courier *c)
{
	struct sp_err err = { .code = SP_OK };
	bool failing;

	if (sp_ticks() < c->roster_due)
		return;
	c->roster_due = sp_ticks() + ROSTER_EVERY;
	failing = read_roster(c, &err) != SP_OK;
	if (failing && !c->roster_failing)
		sp_log_err(
		    SP_LOG_ERROR, "vouch.roster", &err, "the old one holds");
	c->roster_failing = failing;
}

static void
hurry(struct vouch_courier *c)
{
	if (!atomic_exchange(&c->hurry, false))
		return;
	c->roster_due = 0;
	c->call_after = 0;
	for (size_t b = 0; b < c->benches; b++)
		for (size_t v = 0; v < c->roster->n; v++)
			if (c->bench[b].post[v].failures > 0)
				c->bench[b].post[v].due = 0;
}

/* ---- The thread ---- */

static void
wait_a_little(struct vouch_courier *c)
{
	struct pollfd p[] = {
		{ .fd = c->wake, .events = POLLIN },
		{ .fd = c->sock, .events = POLLIN }, /* ignored when -1 */
	};
	eventfd_t n;

	if (poll(p, SP_COUNTOF(p), LOOK_EVERY / 1000) > 0 && p[0].revents != 0)
		SP_IGNORE(eventfd_read(c->wake, &n));
}

static void *
courier_main(void *arg)
{
	struct vouch_courier *c = arg;

	while (!atomic_load(&c->stop)) {
		hurry(c);
		take_brought(c);
		hear_messenger(c);
		end_late(c);
		look_at_roster(c);
		look_at_all(c);
		wait_a_little(c);
	}
	return NULL;
}

static void
courier_free(struct vouch_courier *c)
{
	land_all(c);
	for (size_t i = 0; i < c->benches; i++)
		free(c->bench[i].post);
	free(c->bench);
	vouch_roster_free(c->roster);
	db_close(c->site);
	sp_buf_free(&c->packet);
	sp_file_closep(&c->sock);
	sp_file_closep(&c->brought);
	sp_file_closep(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

static enum sp_code
start(struct vouch_courier *c, struct sp_err *err)
{
	if (strlen(c->o.dir) >= sizeof(c->dir))
		return sp_fail(err, SP_E_LIMIT, "the site's path is too long");
	memcpy(c->dir, c->o.dir, strlen(c->o.dir) + 1);
	c->roster = calloc(1, sizeof(*c->roster));
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake < 0)
		return sp_fail_os(err, "make an eventfd");
	if (c->roster == NULL ||
	    pthread_create(&c->thread, NULL, courier_main, c) != 0)
		return sp_fail(err, SP_E_NOMEM, "no thread for a courier");
	return SP_OK;
}

enum sp_code
vouch_courier_start(struct vouch_courier **out,
    const struct vouch_courier_options *o, struct sp_err *err)
{
	struct vouch_courier *c = calloc(1, sizeof(*c));
	enum sp_code code;

	if (c == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a courier");
	SP_REQUIRE(pthread_mutex_init(&c->lock, NULL) == 0);
	c->o = *o;
	if (c->o.gap == 0)
		c->o.gap = VOUCH_GAP;
	c->brought = c->sock = c->wake = -1;
	c->packet = sp_buf_new(ERRAND_PACKET_MAX);
	code = start(c, err);
	if (code != SP_OK) {
		courier_free(c);
		return code;
	}
	*out = c;
	return SP_OK;
}

void
vouch_courier_stop(struct vouch_courier *c)
{
	if (c == NULL)
		return;
	atomic_store(&c->stop, true);
	poke(c);
	SP_REQUIRE(pthread_join(c->thread, NULL) == 0);
	courier_free(c);
}

void
vouch_courier_attach(struct vouch_courier *c, int sock)
{
	int old;

	lock(c);
	old = c->brought;
	c->brought = sock;
	unlock(c);
	sp_file_closep(&old);
	poke(c);
}

void
vouch_courier_wake(struct vouch_courier *c)
{
	atomic_store(&c->hurry, true);
	poke(c);
}

/* ---- Telling ---- */

struct telling {
	struct vouch_courier *c;
	void (*visit)(void *arg, const struct people_agency *agency,
	    const struct vouch_voucher *v, const struct vouch_standing *s);
	void *arg;
};

static void
tell_room(void *arg, struct evidence_room *room)
{
	const struct telling *t = arg;
	DB_LENT(reader, evidence_room_readers(room));
	uint64_t size = ledger_log_size(evidence_room_log(room));

	for (size_t i = 0; i < t->c->roster->n; i++) {
		const struct vouch_voucher *v = &t->c->roster->at[i];
		struct vouch_standing s;

		if (vouch_record_standing(reader.db, size, v, &s, NULL) ==
		    SP_OK)
			t->visit(t->arg, evidence_room_agency(room), v, &s);
	}
}

void
vouch_courier_each(struct vouch_courier *c,
    void (*visit)(void *arg, const struct people_agency *agency,
	const struct vouch_voucher *v, const struct vouch_standing *s),
    void *arg)
{
	struct telling t = { c, visit, arg };

	lock(c);
	evidence_site_each_room(c->o.site, tell_room, &t);
	unlock(c);
}
