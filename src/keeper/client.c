#include "keeper/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "keeper/request.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A keeper that answers nothing for so long is as good as dead. */
#define ANSWER_WITHIN (10 * SP_SECOND)

/*
 * Two locks, so that the next connection can be handed over, and wake who
 * waits on the old one, while a request is under way:
 *
 *   turn   held for a whole request; `sock` is the holder's to use
 *   state  held for a moment: which sockets there are
 *
 * `sock` is replaced and closed only with both held.
 */
struct keeper_client {
	pthread_mutex_t turn;
	pthread_mutex_t state;
	int sock; /* in use, or -1 */
	int next; /* attached and not yet in use, or -1 */
};

struct keeper_client *
keeper_client_new(void)
{
	struct keeper_client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&c->turn, NULL) == 0);
	SP_REQUIRE(pthread_mutex_init(&c->state, NULL) == 0);
	c->sock = -1;
	c->next = -1;
	return c;
}

void
keeper_client_free(struct keeper_client *c)
{
	if (c == NULL)
		return;
	sp_file_closep(&c->sock);
	sp_file_closep(&c->next);
	SP_REQUIRE(pthread_mutex_destroy(&c->turn) == 0);
	SP_REQUIRE(pthread_mutex_destroy(&c->state) == 0);
	free(c);
}

static void
lock(pthread_mutex_t *m)
{
	SP_REQUIRE(pthread_mutex_lock(m) == 0);
}

static void
unlock(pthread_mutex_t *m)
{
	SP_REQUIRE(pthread_mutex_unlock(m) == 0);
}

void
keeper_client_attach(struct keeper_client *c, int fd)
{
	lock(&c->state);
	sp_file_closep(&c->next);
	c->next = fd;
	if (c->sock >= 0)
		(void)shutdown(c->sock, SHUT_RDWR); /* wakes its user */
	unlock(&c->state);
}

static bool
alive(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLRDHUP };

	return sock >= 0 && poll(&p, 1, 0) == 0;
}

bool
keeper_client_connected(struct keeper_client *c)
{
	bool connected;

	lock(&c->state);
	connected = alive(c->next >= 0 ? c->next : c->sock);
	unlock(&c->state);
	return connected;
}

/* With `turn` held: the newest connection. */
static int
current(struct keeper_client *c)
{
	int sock;

	lock(&c->state);
	if (c->next >= 0) {
		sp_file_closep(&c->sock);
		c->sock = sp_file_steal(&c->next);
	}
	sock = c->sock;
	unlock(&c->state);
	return sock;
}

/* With `turn` held: a connection that failed half-way is of no more use. */
static void
drop(struct keeper_client *c)
{
	lock(&c->state);
	sp_file_closep(&c->sock);
	unlock(&c->state);
}

static enum sp_code
exchange(
    int sock, struct sp_buf *request, struct sp_buf *answer, struct sp_err *err)
{
	int64_t deadline = sp_ticks() + ANSWER_WITHIN;

	if (sock < 0)
		return sp_fail_as(
		    err, SP_E_UNAVAIL, "keeper.away", "the keeper is away");
	SP_TRY(keeper_message_send(sock, request, deadline, err));
	return keeper_message_receive(sock, answer, deadline, err);
}

/* An answer in hand is no answer to this request: the two are out of step. */
static enum sp_code
nonsense(struct keeper_client *c, struct sp_err *err)
{
	lock(&c->turn);
	drop(c);
	unlock(&c->turn);
	return sp_fail_as(err, SP_E_UNAVAIL, "keeper.away",
	    "the keeper's answer makes no sense");
}

/* Ask, and leave the fields of the answer in *fields (they point into it). */
static enum sp_code
ask(struct keeper_client *c, struct sp_buf *request, struct sp_buf *answer,
    struct sp_in *fields, struct sp_err *err)
{
	enum sp_code code;

	SP_TRY(sp_buf_check(request, "a request", err));
	lock(&c->turn);
	code = exchange(current(c), request, answer, err);
	if (code != SP_OK)
		drop(c);
	unlock(&c->turn);
	SP_TRY(code);
	if (!keeper_answer_parse(answer->at, answer->len, &code, fields, err))
		return nonsense(c, err);
	return code;
}

enum sp_code
keeper_client_ping(struct keeper_client *c, struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_in in;

	keeper_request_start(&request, KEEPER_PING);
	SP_TRY(ask(c, &request, &answer, &in, err));
	return sp_in_done(&in) ? SP_OK : nonsense(c, err);
}

static enum sp_code
vkey_answer(struct keeper_client *c, struct sp_in *in, struct ledger_vkey *out,
    struct sp_err *err)
{
	struct sp_in text = sp_in_blob(in, KEEPER_BODY_MAX);
	struct ledger_vkey vkey;

	if (!sp_in_done(in) ||
	    ledger_vkey_parse((const char *)text.at, text.left, &vkey, err) !=
		SP_OK)
		return nonsense(c, err);
	*out = vkey;
	return SP_OK;
}

enum sp_code
keeper_client_create(struct keeper_client *c, const struct sp_id *agency,
    const char *origin, struct ledger_vkey *out, struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_in in;

	keeper_request_start(&request, KEEPER_CREATE);
	sp_buf_blob(&request, agency->b, SP_ID_LEN);
	sp_buf_blob(&request, origin, strlen(origin));
	SP_TRY(ask(c, &request, &answer, &in, err));
	return vkey_answer(c, &in, out, err);
}

enum sp_code
keeper_client_vkey(struct keeper_client *c, const struct sp_id *agency,
    struct ledger_vkey *out, struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_in in;

	keeper_request_start(&request, KEEPER_VKEY);
	sp_buf_blob(&request, agency->b, SP_ID_LEN);
	SP_TRY(ask(c, &request, &answer, &in, err));
	return vkey_answer(c, &in, out, err);
}

enum sp_code
keeper_client_wrap(struct keeper_client *c, const struct sp_id *agency,
    struct crypto_secret *dek, struct keeper_wrapped *out, struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_in in, id, bytes;

	keeper_request_start(&request, KEEPER_WRAP);
	sp_buf_blob(&request, agency->b, SP_ID_LEN);
	sp_buf_blob(&request, crypto_secret_bytes(dek), crypto_secret_len(dek));
	SP_TRY(ask(c, &request, &answer, &in, err));
	id = sp_in_blob(&in, SP_ID_LEN);
	bytes = sp_in_blob(&in, KEEPER_WRAPPED_MAX);
	if (!sp_in_done(&in) || id.left != SP_ID_LEN || bytes.left == 0)
		return nonsense(c, err);
	*out = (struct keeper_wrapped){ .len = bytes.left };
	memcpy(out->kek.b, id.at, SP_ID_LEN);
	memcpy(out->bytes, bytes.at, bytes.left);
	return SP_OK;
}

enum sp_code
keeper_client_unwrap(struct keeper_client *c, const struct sp_id *agency,
    const struct keeper_wrapped *wrapped, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct crypto_secret *dek;
	struct sp_in in, key;

	SP_REQUIRE(wrapped->len <= KEEPER_WRAPPED_MAX);
	keeper_request_start(&request, KEEPER_UNWRAP);
	sp_buf_blob(&request, agency->b, SP_ID_LEN);
	sp_buf_blob(&request, wrapped->kek.b, SP_ID_LEN);
	sp_buf_blob(&request, wrapped->bytes, wrapped->len);
	SP_TRY(ask(c, &request, &answer, &in, err));
	key = sp_in_blob(&in, KEEPER_WRAPPED_MAX);
	if (!sp_in_done(&in) || key.left == 0)
		return nonsense(c, err);
	dek = crypto_secret_from(key.at, key.left);
	if (dek == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	*out = dek;
	return SP_OK;
}

enum sp_code
keeper_client_sign(struct keeper_client *c, const struct sp_id *agency,
    const char *text, size_t len, struct sp_buf *note, struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	struct sp_in in, line;

	keeper_request_start(&request, KEEPER_SIGN);
	sp_buf_blob(&request, agency->b, SP_ID_LEN);
	sp_buf_blob(&request, text, len);
	SP_TRY(ask(c, &request, &answer, &in, err));
	line = sp_in_blob(&in, KEEPER_BODY_MAX);
	if (!sp_in_done(&in) || line.left == 0)
		return nonsense(c, err);
	sp_buf_add(note, line.at, line.left);
	return sp_buf_check(note, "a signed note", err);
}

enum sp_code
keeper_client_certify(struct keeper_client *c, const struct sp_id *agency,
    const struct keeper_certify *what, struct sp_buf *der, struct sp_err *err)
{
	SP_AUTO_BUF request = keeper_message_new();
	SP_AUTO_BUF answer = keeper_message_new();
	SP_AUTO_BUF times = sp_buf_new(16);
	struct sp_in in, made;

	sp_buf_u64be(&times, (uint64_t)what->from);
	sp_buf_u64be(&times, (uint64_t)what->until);
	SP_TRY(sp_buf_check(&times, "a certificate's times", err));
	keeper_request_start(&request, KEEPER_CERTIFY);
	sp_buf_blob(&request, agency->b, SP_ID_LEN);
	sp_buf_blob(&request, what->device.b, SP_ID_LEN);
	sp_buf_blob(&request, what->key->der, what->key->len);
	sp_buf_blob(&request, times.at, times.len);
	SP_TRY(ask(c, &request, &answer, &in, err));
	made = sp_in_blob(&in, KEEPER_BODY_MAX);
	if (!sp_in_done(&in) || made.left == 0)
		return nonsense(c, err);
	sp_buf_add(der, made.at, made.left);
	return sp_buf_check(der, "a certificate", err);
}
