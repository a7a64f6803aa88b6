#include "keeper/client.h"

#include "base/clock.h"
#include "keeper/request.h"
#include "keeper/scratch.h"
#include "keeper_self.h"
#include "quick_kdf.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>

/*
 * Linked with --wrap=sp_ticks: added to every reading, and `jump` more each
 * time, so that a test of patience needs none itself.
 */
static atomic_llong jumped;
static atomic_llong jump;

int64_t __real_sp_ticks(void);
int64_t __wrap_sp_ticks(void);

int64_t
__wrap_sp_ticks(void)
{
	return __real_sp_ticks() +
	    atomic_fetch_add(&jumped, atomic_load(&jump));
}

/* A site with a keeper that runs, and a client of it. */
struct house {
	struct scratch s;
	pid_t pid;
	struct keeper_client *c;
};

static void
house_spawn(struct house *h)
{
	struct sp_err err = { .code = SP_OK };
	int sock = -1;

	CHECK_OK(
	    keeper_spawn(h->s.dir, h->s.unlock, &h->pid, &sock, &err), &err);
	keeper_client_attach(h->c, sock);
}

static struct house
house_open(void)
{
	struct house h = { .s = scratch_new(), .c = keeper_client_new() };

	CHECK(h.c != NULL);
	house_spawn(&h);
	return h;
}

static int
wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) != pid)
		CHECK(errno == EINTR);
	return status;
}

static void
house_kill(struct house *h)
{
	int status;

	CHECK(kill(h->pid, SIGKILL) == 0);
	status = wait_for(h->pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
house_close(struct house *h)
{
	int status;

	keeper_client_free(h->c); /* closes the socket: the keeper ends */
	status = wait_for(h->pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	scratch_done(&h->s);
}

static struct sp_id
make_agency(struct house *h, const char *origin)
{
	struct sp_id agency = sp_id_new();
	struct ledger_vkey vkey;
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(
	    keeper_client_create(h->c, &agency, origin, &vkey, &err), &err);
	CHECK(strcmp(vkey.name, origin) == 0);
	return agency;
}

static enum sp_code
sign(struct house *h, const struct sp_id *agency, const char *origin,
    uint64_t size, uint8_t root, struct sp_err *err)
{
	struct ledger_checkpoint c = { .size = size };
	SP_AUTO_BUF note = sp_buf_new(4096);
	struct ledger_vkey vkey;
	struct ledger_checkpoint signed_one;
	size_t len;

	CHECK(snprintf(c.origin, sizeof(c.origin), "%s", origin) > 0);
	memset(c.root.b, root, sizeof(c.root.b));
	ledger_checkpoint_text(&c, &note);
	len = note.len;
	sp_buf_text(&note, "\n");
	SP_TRY(keeper_client_sign(
	    h->c, agency, sp_buf_str(&note), len, &note, err));
	CHECK_OK(keeper_client_vkey(h->c, agency, &vkey, err), err);
	CHECK_OK(ledger_checkpoint_check(
		     &vkey, sp_buf_str(&note), note.len, &signed_one, err),
	    err);
	CHECK(signed_one.size == size);
	return SP_OK;
}

/* The largest key that there is makes the largest message. */
static void
check_certify(struct house *h, const struct sp_id *agency)
{
	struct crypto_leaf_key key = { { 0x30, 0x82, 0x02, 0x2c }, 560 };
	struct keeper_certify what = { sp_id_new(), &key, sp_now(),
		sp_now() + SP_SECOND };
	SP_AUTO_BUF der = sp_buf_new(CRYPTO_LEAF_MAX);
	struct sp_id nobody = sp_id_new();
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_client_certify(h->c, agency, &what, &der, &err), &err);
	CHECK(
	    der.len > 900 && memmem(der.at, der.len, key.der, key.len) != NULL);
	sp_buf_clear(&der);
	what.until +=
	    SP_SECOND * 86400 * KEEPER_CERTIFY_DAYS + 2 * KEEPER_CERTIFY_SKEW;
	CHECK_CODE(keeper_client_certify(h->c, agency, &what, &der, &err),
	    SP_E_DENIED, &err);
	CHECK_CODE(keeper_client_certify(h->c, &nobody, &what, &der, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(der.len == 0);
}

static void
each_call(void)
{
	struct house h = house_open();
	struct sp_id agency = make_agency(&h, "example.org/a");
	struct sp_id nobody = sp_id_new();
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(32);
	CRYPTO_AUTO_SECRET back = NULL;
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;
	struct keeper_wrapped w;

	CHECK_OK(keeper_client_ping(h.c, &err), &err);
	CHECK(keeper_client_connected(h.c));
	CHECK_CODE(keeper_client_create(h.c, &agency, "x", &vkey, &err),
	    SP_E_CONFLICT, &err);
	CHECK_CODE(
	    keeper_client_vkey(h.c, &nobody, &vkey, &err), SP_E_NOTFOUND, &err);
	CHECK_OK(keeper_client_wrap(h.c, &agency, dek, &w, &err), &err);
	CHECK(w.len == 40);
	CHECK_OK(keeper_client_unwrap(h.c, &agency, &w, &back, &err), &err);
	CHECK(crypto_secret_len(back) == 32 &&
	    crypto_bytes_equal(
		crypto_secret_bytes(back), crypto_secret_bytes(dek), 32));
	w.bytes[0] ^= 1;
	CHECK_CODE(keeper_client_unwrap(h.c, &agency, &w, &back, &err),
	    SP_E_CORRUPT, &err);
	w.kek = nobody;
	CHECK_CODE(keeper_client_unwrap(h.c, &agency, &w, &back, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_OK(sign(&h, &agency, "example.org/a", 5, 1, &err), &err);
	check_certify(&h, &agency);
	house_close(&h);
}

static void
rollback_and_fork_refused(void)
{
	struct house h = house_open();
	struct sp_id agency = make_agency(&h, "example.org/a");
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(sign(&h, &agency, "example.org/a", 5, 1, &err), &err);
	CHECK_CODE(
	    sign(&h, &agency, "example.org/a", 4, 1, &err), SP_E_DENIED, &err);
	CHECK(strcmp(err.reason, "keeper.denied") == 0);
	CHECK_CODE(
	    sign(&h, &agency, "example.org/a", 5, 2, &err), SP_E_DENIED, &err);
	CHECK_CODE(
	    sign(&h, &agency, "example.org/b", 6, 2, &err), SP_E_DENIED, &err);
	CHECK_OK(sign(&h, &agency, "example.org/a", 6, 2, &err), &err);
	house_close(&h);
}

static void
without_a_keeper(void)
{
	struct keeper_client *c = keeper_client_new();
	struct sp_err err = { .code = SP_OK };

	CHECK(c != NULL && !keeper_client_connected(c));
	CHECK_CODE(keeper_client_ping(c, &err), SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, "keeper.away") == 0);
	keeper_client_free(c);
	keeper_client_free(NULL);
}

/* Killed and started again: the same keys. */
static void
killed_between(void)
{
	struct house h = house_open();
	struct sp_id agency = make_agency(&h, "example.org/a");
	struct ledger_vkey before, after;
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_client_vkey(h.c, &agency, &before, &err), &err);
	house_kill(&h);
	CHECK(!keeper_client_connected(h.c));
	memset(&after, 0xa5, sizeof(after));
	CHECK_CODE(
	    keeper_client_vkey(h.c, &agency, &after, &err), SP_E_UNAVAIL, &err);
	CHECK(strcmp(err.reason, "keeper.away") == 0);
	CHECK(all_bytes(&after, sizeof(after), 0xa5));
	CHECK_CODE(keeper_client_ping(h.c, &err), SP_E_UNAVAIL, &err);
	house_spawn(&h);
	CHECK(keeper_client_connected(h.c));
	CHECK_OK(keeper_client_vkey(h.c, &agency, &after, &err), &err);
	CHECK(memcmp(before.pub, after.pub, sizeof(before.pub)) == 0);
	house_close(&h);
}

struct hammer {
	struct house *h;
	struct sp_id agency;
	struct keeper_wrapped wrapped;
	struct crypto_secret *dek;
	atomic_bool stop;
	atomic_int done;
	atomic_int away;
};

static void *
hammer_run(void *arg)
{
	struct hammer *m = arg;

	while (!atomic_load(&m->stop)) {
		CRYPTO_AUTO_SECRET back = NULL;
		struct sp_err err = { .code = SP_OK };
		enum sp_code code = keeper_client_unwrap(
		    m->h->c, &m->agency, &m->wrapped, &back, &err);

		if (code == SP_OK) {
			CHECK(crypto_bytes_equal(crypto_secret_bytes(back),
			    crypto_secret_bytes(m->dek), 32));
			atomic_fetch_add(&m->done, 1);
		} else {
			CHECK_CODE(code, SP_E_UNAVAIL, &err);
			atomic_fetch_add(&m->away, 1);
		}
	}
	return NULL;
}

/* Wait until the count has grown, that is, the calls get through. */
static void
await_growth(atomic_int *count)
{
	int from = atomic_load(count);
	int64_t until = __real_sp_ticks() + 30 * SP_SECOND;

	while (atomic_load(count) <= from + 10) {
		CHECK(__real_sp_ticks() < until);
		CHECK(usleep(1000) == 0);
	}
}

/* kill -9 while four threads ask: every answer is right or "away", no call
 * hangs, and the next keeper serves them. */
static void
killed_under_load(void)
{
	struct house h = house_open();
	struct hammer m = { .h = &h, .agency = make_agency(&h, "a.example") };
	struct sp_err err = { .code = SP_OK };
	pthread_t t[4];

	m.dek = crypto_secret_random(32);
	CHECK_OK(
	    keeper_client_wrap(h.c, &m.agency, m.dek, &m.wrapped, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_create(&t[i], NULL, hammer_run, &m) == 0);
	for (int round = 0; round < 4; round++) {
		int away = atomic_load(&m.away);

		await_growth(&m.done);
		house_kill(&h);
		await_growth(&m.away);
		CHECK(atomic_load(&m.away) > away);
		house_spawn(&h);
	}
	await_growth(&m.done);
	atomic_store(&m.stop, true);
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	crypto_secret_free(m.dek);
	house_close(&h);
}

/* A keeper that is no keeper: the far end is ours. */
static struct keeper_client *
fake(int *far)
{
	struct keeper_client *c = keeper_client_new();
	int pair[2];

	CHECK(c != NULL);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	keeper_client_attach(c, pair[0]);
	*far = pair[1];
	return c;
}

static void
stuck_keeper_is_dropped(void)
{
	struct sp_err err = { .code = SP_OK };
	int far;
	struct keeper_client *c = fake(&far);
	char byte[64];

	/* Each reading of the clock is 4.97 s later: the first wait for an
	 * answer is short, and the second look finds the time over. */
	atomic_store(&jump, 4970000);
	CHECK_CODE(keeper_client_ping(c, &err), SP_E_UNAVAIL, &err);
	atomic_store(&jump, 0);
	CHECK(strstr(err.text, "in time") != NULL);
	CHECK(!keeper_client_connected(c));
	/* The far end sees the request, then the end: it will end itself. */
	CHECK(recv(far, byte, sizeof(byte), 0) == 6);
	CHECK(recv(far, byte, sizeof(byte), 0) == 0);
	CHECK_CODE(keeper_client_ping(c, &err), SP_E_UNAVAIL, &err);
	keeper_client_free(c);
	CHECK(close(far) == 0);
}

static void *
ping_once(void *arg)
{
	struct keeper_client *c = arg;
	struct sp_err err = { .code = SP_OK };

	CHECK_CODE(keeper_client_ping(c, &err), SP_E_UNAVAIL, &err);
	return NULL;
}

/* A new connection wakes who waits on the old one. */
static void
attach_wakes(void)
{
	struct house h = house_open();
	struct sp_err err = { .code = SP_OK };
	int64_t from = __real_sp_ticks();
	pthread_t t;
	char byte[64];
	int far, sock = -1;
	struct keeper_client *c = fake(&far);
	pid_t pid;

	CHECK(pthread_create(&t, NULL, ping_once, c) == 0);
	CHECK(recv(far, byte, sizeof(byte), 0) == 6); /* it waits now */
	CHECK_OK(keeper_spawn(h.s.dir, h.s.unlock, &pid, &sock, &err), &err);
	keeper_client_attach(c, sock);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(__real_sp_ticks() - from < 9 * SP_SECOND);
	CHECK_OK(keeper_client_ping(c, &err), &err);
	keeper_client_free(c);
	CHECK(wait_for(pid) == 0);
	CHECK(close(far) == 0);
	house_close(&h);
}

struct nonsense {
	int far;
	const uint8_t *bytes;
	size_t len;
};

static void *
answer_nonsense(void *arg)
{
	const struct nonsense *n = arg;
	char request[256];

	CHECK(recv(n->far, request, sizeof(request), 0) > 0);
	CHECK(send(n->far, n->bytes, n->len, MSG_NOSIGNAL) == (ssize_t)n->len);
	CHECK(shutdown(n->far, SHUT_WR) == 0);
	return NULL;
}

/* Answers that are none: away, and the connection is not used again. */
static void
nonsense_is_dropped(void)
{
	static const struct {
		uint8_t bytes[24];
		size_t len;
	} rows[] = {
		{ { 0 }, 0 }, { { 0, 0, 0, 2, 1 }, 5 },   /* cut */
		{ { 0, 0, 0, 2, 2, 0 }, 6 },              /* version */
		{ { 0, 0, 0, 2, 1, 99 }, 6 },             /* status */
		{ { 0, 0, 0, 2, 1, 0 }, 6 },              /* no field */
		{ { 0, 0, 0, 6, 1, 0, 0, 0, 0, 0 }, 10 }, /* an empty one */
		{ { 0, 0, 0, 7, 1, 0, 0, 0, 0, 1, 'x' }, 11 },
		{ { 255, 255, 255, 255 }, 4 },
		{ { 0, 0, 0, 2, 1, 4 }, 6 }, /* a refusal without text */
	};
	struct sp_id agency = sp_id_new();

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err = { .code = SP_OK };
		struct ledger_vkey vkey;
		struct nonsense n = { -1, rows[i].bytes, rows[i].len };
		struct keeper_client *c = fake(&n.far);
		pthread_t t;

		memset(&vkey, 0xa5, sizeof(vkey));
		CHECK(pthread_create(&t, NULL, answer_nonsense, &n) == 0);
		CHECK_CODE(keeper_client_vkey(c, &agency, &vkey, &err),
		    SP_E_UNAVAIL, &err);
		CHECK(all_bytes(&vkey, sizeof(vkey), 0xa5));
		CHECK(pthread_join(t, NULL) == 0);
		CHECK(!keeper_client_connected(c));
		CHECK_CODE(keeper_client_ping(c, &err), SP_E_UNAVAIL, &err);
		keeper_client_free(c);
		CHECK(close(n.far) == 0);
	}
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "each call does what it says", each_call },
		{ "rollback, fork and others' logs",
		    rollback_and_fork_refused },
		{ "without a keeper: away, at once", without_a_keeper },
		{ "killed: away, and back with its keys", killed_between },
		{ "killed under load: nothing hangs or lies",
		    killed_under_load },
		{ "a keeper that is stuck is dropped",
		    stuck_keeper_is_dropped },
		{ "a new connection wakes who waits", attach_wakes },
		{ "answers that make no sense", nonsense_is_dropped },
	};

	scratch_provider();
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
