#include "vouch_fixture.h"

#include "authority.h"
#include "base/file.h"
#include "errand/errand.h"
#include "events/hub.h"
#include "vouch/courier.h"
#include "witness/request.h"

#include <poll.h>
#include <stdatomic.h>

/*
 * A courier whose messenger is this test: what it is sent out with is read
 * here, and answered or not.
 */
#define GAP    (SP_SECOND / 20)
#define WITHIN 20000 /* ms: far more than anything takes */

static struct authority authority;
static struct vouch_courier *courier;
static int sock = -1;
static atomic_uint calls;

static void
on_call(void *self)
{
	(void)self;
	atomic_fetch_add(&calls, 1);
}

static void
attach(void)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	sp_file_closep(&sock);
	sock = pair[0];
	vouch_courier_attach(courier, pair[1]);
}

static void
start(void)
{
	const struct vouch_courier_options o = {
		.site = f.site,
		.dir = f.dir,
		.gap = GAP,
		.call = on_call,
	};
	struct sp_err err;

	CHECK_OK(vouch_courier_start(&courier, &o, &err), &err);
	attach();
}

static void
stop(void)
{
	vouch_courier_stop(courier);
	courier = NULL;
	sp_file_closep(&sock);
	roster_clear();
}

static bool
something_comes(int ms)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* The next errand. */
static struct errand
errand(void)
{
	struct errand e = errand_new();
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	CHECK(something_comes(WITHIN));
	CHECK_OK(errand_packet_receive(sock, &packet, &err), &err);
	CHECK_OK(errand_read(packet.at, packet.len, &e, &err), &err);
	return e;
}

static void
give(uint32_t id, unsigned status, const void *body, size_t len)
{
	struct errand_answer a = { .id = id,
		.reply = { status, body, len, NULL } };
	SP_AUTO_BUF packet = sp_buf_new(ERRAND_PACKET_MAX);
	struct sp_err err;

	if (status == 0)
		(void)snprintf(a.problem, sizeof(a.problem), "none today");
	errand_answer_write(&a, &packet);
	CHECK_OK(errand_packet_send(sock, &packet, &err), &err);
}

static struct witness_request
request(const struct errand *e)
{
	struct witness_request rq;
	struct sp_err err;

	CHECK(e->kind == ERRAND_WITNESS);
	CHECK_OK(
	    witness_request_parse(sp_buf_str(&e->body), e->body.len, &rq, &err),
	    &err);
	return rq;
}

static struct ledger_checkpoint
asked_about(const struct witness_request *rq)
{
	struct ledger_checkpoint c;
	struct sp_err err;

	CHECK_OK(ledger_checkpoint_check(
		     &f.agency.vkey, rq->note, rq->note_len, &c, &err),
	    &err);
	return c;
}

/* Cosign as an honest witness. */
static void
cosign(const struct errand *e, const struct witness_key *w)
{
	const struct witness_request rq = request(e);
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	size_t text = 0;
	struct sp_err err;

	CHECK_OK(ledger_note_check(
		     &f.agency.vkey, rq.note, rq.note_len, &text, &err),
	    &err);
	witness_sign(w, rq.note, text, sp_now(), &line);
	give(e->id, 200, line.at, line.len);
}

static void
until_cosigned(const struct witness_key *w)
{
	int64_t end = sp_ticks() + WITHIN * INT64_C(1000);

	while (!log_cosigned(w)) {
		CHECK(sp_ticks() < end);
		CHECK(poll(NULL, 0, 5) == 0);
	}
}

static struct vouch_standing seen;

static void
take_standing(void *arg, const struct people_agency *agency,
    const struct vouch_voucher *v, const struct vouch_standing *s)
{
	CHECK(strcmp(agency->slug, f.agency.slug) == 0);
	if (strcmp(v->name, arg) == 0)
		seen = *s;
}

/* Until the standing of `name` says this ("": no problem). */
static void
until_says(char *name, const char *problem)
{
	int64_t end = sp_ticks() + WITHIN * INT64_C(1000);

	for (;;) {
		memset(&seen, 0, sizeof(seen));
		vouch_courier_each(courier, take_standing, name);
		if (problem[0] == '\0' ? seen.at != 0 && !seen.failing
				       : strstr(seen.problem, problem) != NULL)
			return;
		CHECK(sp_ticks() < end);
		CHECK(poll(NULL, 0, 5) == 0);
	}
}

static void
always_the_newest_and_no_more(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w1");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w1");
	uint64_t first;

	roster_add(&w);
	start();
	ERRAND_AUTO e = errand();
	struct witness_request rq = request(&e);

	CHECK(strcmp(e.url, "http://w1") == 0 && rq.old == 0);
	first = asked_about(&rq).size;
	CHECK(first == log_size());
	log_grow(2); /* while it is out: one question, then one about all */
	log_grow(3);
	CHECK(!something_comes(600));
	cosign(&e, &key);
	ERRAND_AUTO second = errand();

	rq = request(&second);
	CHECK(rq.old == first && asked_about(&rq).size == first + 5);
	cosign(&second, &key);
	until_cosigned(&key);
	CHECK(!something_comes(600)); /* it has not grown: nothing is asked */
	CHECK(log_size() == first + 5);
	stop();
	CHECK(log_cosigned(&key));
}

/* What is on record is attached again, and asked from. */
static void
it_goes_on_after_a_restart(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w2");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w2");
	uint64_t size = log_size();

	roster_add(&w);
	start();
	ERRAND_AUTO e = errand();

	cosign(&e, &key);
	until_cosigned(&key);
	vouch_courier_stop(courier);
	fixture_close(&f);
	fixture_open(&f);
	CHECK(!log_cosigned(&key) && log_size() == size);
	start();
	until_cosigned(&key);
	CHECK(!something_comes(600));
	log_grow(1);
	ERRAND_AUTO second = errand();

	CHECK(request(&second).old == size);
	stop();
}

static void
a_witness_that_names_another_size(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w3");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w3");
	char name[] = "w3";

	roster_add(&w);
	start();
	ERRAND_AUTO e = errand();

	give(e.id, 409, "2\n", 2);
	ERRAND_AUTO second = errand();

	CHECK(request(&second).old == 2);
	give(second.id, 409, "1\n", 2); /* and again: it is left to rest */
	until_says(name, "it names 1");
	ERRAND_AUTO third = errand();

	CHECK(request(&third).old == 0); /* from what is known */
	give(third.id, 409, "1\n", 2);
	ERRAND_AUTO fourth = errand();

	CHECK(request(&fourth).old == 1);
	cosign(&fourth, &key);
	until_cosigned(&key);
	until_says(name, "");
	stop();
}

/* Failures in a row are apart by more and more; a wake ends the rest. */
static void
patience(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w4");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w4");
	char name[] = "w4";
	int64_t before = 0;

	roster_add(&w);
	start();
	for (int i = 0; i < 6; i++) {
		ERRAND_AUTO e = errand();

		before = sp_ticks();
		give(e.id, 0, NULL, 0);
	}
	until_says(name, "no answer: none today");
	CHECK(seen.behind > 0 && seen.waits > 0 && !seen.contradicts);
	/* the sixth rest: 32 gaps, a quarter less at the least */
	ERRAND_AUTO seventh = errand();

	CHECK(sp_ticks() - before >= 32 * GAP * 3 / 4);
	give(seventh.id, 0, NULL, 0);
	CHECK(!something_comes(300));
	vouch_courier_wake(courier);
	CHECK(something_comes(1000));
	stop();
}

static void
alarms(void)
{
	static const struct {
		unsigned status;
		const char *body, *says;
	} rows[] = {
		{ 422, "", "another history" },
		{ 409, "100000\n", "has seen 100000 entries" },
	};
	char name[] = "w5";

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		WITNESS_AUTO_KEY key = witness_key_new(name);
		VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w5");
		struct events_listener *l = fixture_listen(&f);
		struct events_event told;
		size_t n = 0;

		roster_add(&w);
		start();
		ERRAND_AUTO e = errand();

		give(e.id, rows[i].status, rows[i].body, strlen(rows[i].body));
		until_says(name, rows[i].says);
		CHECK(seen.contradicts && seen.failing);
		CHECK(events_hub_next(l, sp_ticks() + WITHIN * INT64_C(1000),
			  &told, 1, &n) == EVENTS_NEXT);
		CHECK(told.kind == EVENTS_WITNESS && told.at == log_size() &&
		    told.of == log_size());
		events_hub_leave(l);
		ERRAND_AUTO second = errand();

		give(second.id, 503, "", 0); /* it stands */
		ERRAND_AUTO third = errand();

		until_says(name, rows[i].says);
		CHECK(seen.contradicts);
		cosign(&third, &key);
		until_says(name, "");
		CHECK(!seen.contradicts);
		until_cosigned(&key);
		stop();
	}
}

/* One that hangs has so many questions open, and holds up nobody. */
static void
beside_one_that_hangs(void)
{
	WITNESS_AUTO_KEY slow = witness_key_new("a-slow");
	WITNESS_AUTO_KEY quick = witness_key_new("b-quick");
	VOUCH_AUTO_VOUCHER s = voucher_witness(&slow, "http://slow");
	VOUCH_AUTO_VOUCHER q = voucher_witness(&quick, "http://quick");

	roster_add(&s);
	roster_add(&q);
	start();
	for (int i = 0; i < 3; i++) {
		ERRAND_AUTO e = errand();

		if (strcmp(e.url, "http://slow") == 0) {
			ERRAND_AUTO other = errand();

			CHECK(strcmp(other.url, "http://quick") == 0);
			cosign(&other, &quick);
		} else {
			cosign(&e, &quick);
		}
		until_cosigned(&quick);
		log_grow(1);
	}
	CHECK(!log_cosigned(&slow));
	stop(); /* with its question open */
}

static void
a_messenger_that_is_lost(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w6");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w6");
	unsigned before;
	char name[] = "w6";

	roster_add(&w);
	start();
	ERRAND_AUTO e = errand();

	before = atomic_load(&calls);
	sp_file_closep(&sock); /* with a question open */
	while (atomic_load(&calls) == before)
		CHECK(poll(NULL, 0, 5) == 0);
	attach();
	ERRAND_AUTO again = errand();

	CHECK(again.id != e.id);
	/* The loss is not the witness's fault. */
	memset(&seen, 0, sizeof(seen));
	vouch_courier_each(courier, take_standing, name);
	CHECK(!seen.failing);
	give(e.id, 422, "", 0); /* of the one before: nobody's */
	cosign(&again, &key);
	until_cosigned(&key);
	/* One that speaks nonsense is left as well. */
	before = atomic_load(&calls);
	CHECK(send(sock, "nonsense", 8, MSG_NOSIGNAL) == 8);
	log_grow(1);
	while (atomic_load(&calls) == before)
		CHECK(poll(NULL, 0, 5) == 0);
	stop();
}

static void
the_roster_changes(void)
{
	WITNESS_AUTO_KEY one = witness_key_new("one");
	WITNESS_AUTO_KEY two = witness_key_new("two");
	VOUCH_AUTO_VOUCHER a = voucher_witness(&one, "http://one");
	VOUCH_AUTO_VOUCHER b = voucher_witness(&two, "http://two");
	struct sp_err err;

	start();
	CHECK(!something_comes(600));
	roster_add(&a);
	ERRAND_AUTO e = errand();

	CHECK(strcmp(e.url, "http://one") == 0);
	roster_add(&b); /* with a question open, which is dropped */
	ERRAND_AUTO x = errand();
	ERRAND_AUTO y = errand();

	cosign(&e, &one); /* too late: nobody takes it */
	cosign(strcmp(x.url, "http://one") == 0 ? &x : &y, &one);
	cosign(strcmp(x.url, "http://one") == 0 ? &y : &x, &two);
	until_cosigned(&one);
	until_cosigned(&two);
	{
		DB_AUTO db = fixture_site_db();

		CHECK_OK(
		    vouch_roster_remove(db, VOUCH_WITNESS, "one", &err), &err);
	}
	{ /* the courier has seen it when it is told of no more */
		char name[] = "one";
		int64_t end = sp_ticks() + WITHIN * INT64_C(1000);

		for (seen.at = 1; seen.at != 0;) {
			memset(&seen, 0, sizeof(seen));
			vouch_courier_each(courier, take_standing, name);
			CHECK(sp_ticks() < end && poll(NULL, 0, 5) == 0);
		}
	}
	log_grow(1);
	ERRAND_AUTO z = errand();

	CHECK(strcmp(z.url, "http://two") == 0);
	stop();
}

static void
timestamps(void)
{
	VOUCH_AUTO_VOUCHER v =
	    voucher_authority(&authority, "clock", SP_SECOND);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF second = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	const struct authority_lie lie = { .nonce = true };
	const struct authority_lie none = { .nonce = false };
	char name[] = "clock";
	int64_t stamped;

	roster_add(&v);
	start();
	ERRAND_AUTO e = errand();

	CHECK(e.kind == ERRAND_AUTHORITY);
	authority_answer(&authority, e.body.at, e.body.len, &lie, &reply);
	give(e.id, 200, reply.at, reply.len);
	until_says(name, "another request");
	ERRAND_AUTO again = errand();

	authority_answer(
	    &authority, again.body.at, again.body.len, &none, &second);
	give(again.id, 200, second.at, second.len);
	until_says(name, "");
	stamped = sp_ticks();
	CHECK(seen.size == log_size() && seen.behind == 0);
	log_grow(1); /* the interval is kept, after a restart too */
	vouch_courier_stop(courier);
	start();
	ERRAND_AUTO third = errand();

	CHECK(third.kind == ERRAND_AUTHORITY);
	CHECK(sp_ticks() - stamped > SP_SECOND * 8 / 10);
	stop();
}

/* Nobody vouches, nobody is called. */
static void
nobody(void)
{
	unsigned before = atomic_load(&calls);

	start();
	log_grow(1);
	CHECK(!something_comes(1500));
	CHECK(atomic_load(&calls) == before);
	stop();
	vouch_courier_stop(NULL);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "always the newest and no more",
		    always_the_newest_and_no_more },
		{ "it goes on after a restart", it_goes_on_after_a_restart },
		{ "a witness that names another size",
		    a_witness_that_names_another_size },
		{ "patience", patience },
		{ "alarms", alarms },
		{ "beside one that hangs", beside_one_that_hangs },
		{ "a messenger that is lost", a_messenger_that_is_lost },
		{ "the roster changes", the_roster_changes },
		{ "timestamps", timestamps },
		{ "nobody", nobody },
	};
	int failed;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	KEEPER_TEST_MAIN(argc, argv);
	authority =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	fixture_make(&f);
	fixture_open(&f);
	log_grow(5);
	failed = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	authority_free(&authority);
	return failed;
}
