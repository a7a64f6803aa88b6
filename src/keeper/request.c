#include "keeper/request.h"

#include "base/file.h"

#include <string.h>

static const struct {
	uint8_t number;
	const char *name;
	size_t max;
	struct keeper_rate rate;
} request[] = {
#define X(id, number, name, max, rate, burst)                                  \
	[id] = { number, name, max, { rate, burst } },
	KEEPER_REQUESTS(X)
#undef X
};

#define X(id, number, name, max, rate, burst)                                  \
	_Static_assert((max) <= KEEPER_BODY_MAX, "a body fits a message");
KEEPER_REQUESTS(X)
#undef X

static const struct {
	uint8_t number;
	enum sp_code code;
	const char *reason;
} status[] = {
#define X(id, number, code, reason) [id] = { number, code, reason },
	KEEPER_STATUSES(X)
#undef X
};

const char *
keeper_request_name(enum keeper_request r)
{
	SP_REQUIRE((size_t)r < SP_COUNTOF(request));
	return request[r].name;
}

struct keeper_rate
keeper_request_rate(enum keeper_request r)
{
	SP_REQUIRE((size_t)r < SP_COUNTOF(request));
	return request[r].rate;
}

struct sp_buf
keeper_message_new(void)
{
	return sp_buf_secret(KEEPER_MESSAGE_MAX);
}

static void
start(struct sp_buf *b, uint8_t what)
{
	sp_buf_u32be(b, 0); /* the length: keeper_message_send */
	sp_buf_u8(b, KEEPER_VERSION);
	sp_buf_u8(b, what);
}

void
keeper_request_start(struct sp_buf *b, enum keeper_request r)
{
	SP_REQUIRE((size_t)r < SP_COUNTOF(request) && b->len == 0);
	start(b, request[r].number);
}

void
keeper_answer_start(struct sp_buf *b, enum keeper_status s)
{
	SP_REQUIRE((size_t)s < SP_COUNTOF(status) && b->len == 0);
	start(b, status[s].number);
}

void
keeper_answer_error(struct sp_buf *b, const struct sp_err *err)
{
	enum keeper_status s = KEEPER_S_FAILED;

	SP_REQUIRE(err->code != SP_OK);
	for (size_t i = 0; i < SP_COUNTOF(status); i++)
		if (status[i].code == err->code)
			s = (enum keeper_status)i;
	sp_buf_clear(b);
	keeper_answer_start(b, s);
	sp_buf_blob(b, err->text, strlen(err->text));
}

static enum sp_code
find(uint8_t number, size_t len, enum keeper_request *r, struct sp_err *err)
{
	for (size_t i = 0; i < SP_COUNTOF(request); i++) {
		if (request[i].number != number)
			continue;
		if (len > request[i].max)
			return sp_fail(err, SP_E_INVALID,
			    "a request '%s' of %zu bytes", request[i].name,
			    len);
		*r = (enum keeper_request)i;
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID, "no request has number %u", number);
}

enum sp_code
keeper_request_parse(const void *body, size_t len, enum keeper_request *r,
    struct sp_in *fields, struct sp_err *err)
{
	struct sp_in in = sp_in_from(body, len);
	uint8_t version = sp_in_u8(&in);
	uint8_t number = sp_in_u8(&in);

	if (in.bad || version != KEEPER_VERSION)
		return sp_fail(err, SP_E_INVALID, "not a request of version %d",
		    KEEPER_VERSION);
	SP_TRY(find(number, len, r, err));
	*fields = in;
	return SP_OK;
}

bool
keeper_answer_parse(const void *body, size_t len, enum sp_code *code,
    struct sp_in *fields, struct sp_err *err)
{
	struct sp_in in = sp_in_from(body, len);
	uint8_t version = sp_in_u8(&in);
	uint8_t number = sp_in_u8(&in);
	size_t s = 0;
	struct sp_in text;

	while (s < SP_COUNTOF(status) && status[s].number != number)
		s++;
	if (in.bad || version != KEEPER_VERSION || s == SP_COUNTOF(status))
		return false;
	if (s == KEEPER_S_OK) {
		*code = SP_OK;
		*fields = in;
		return true;
	}
	text = sp_in_blob(&in, sizeof(err->text));
	if (!sp_in_done(&in))
		return false;
	*code = sp_fail_as(err, status[s].code, status[s].reason,
	    "keeper: %.*s", (int)text.left, (const char *)text.at);
	return true;
}

static enum sp_code
away(struct sp_err *err, const char *why)
{
	return sp_fail_as(
	    err, SP_E_UNAVAIL, "keeper.away", "the keeper is away: %s", why);
}

static enum sp_code
receive(int sock, uint8_t *at, size_t len, int64_t deadline, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	return sp_file_receive(sock, at, len, deadline, &why) == SP_OK
	    ? SP_OK
	    : away(err, why.text);
}

enum sp_code
keeper_message_send(
    int sock, struct sp_buf *b, int64_t deadline, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	SP_TRY(sp_buf_check(b, "a message of the keeper", err));
	SP_REQUIRE(b->len > KEEPER_HEAD && b->len <= KEEPER_MESSAGE_MAX);
	for (size_t i = 0; i < KEEPER_HEAD; i++)
		b->at[i] = (uint8_t)((b->len - KEEPER_HEAD) >> (24 - 8 * i));
	return sp_file_send(sock, b->at, b->len, deadline, &why) == SP_OK
	    ? SP_OK
	    : away(err, why.text);
}

enum sp_code
keeper_message_receive(
    int sock, struct sp_buf *body, int64_t deadline, struct sp_err *err)
{
	uint8_t head[KEEPER_HEAD] = { 0 };
	struct sp_in in = sp_in_from(head, sizeof(head));
	size_t len;
	uint8_t *at;

	SP_TRY(receive(sock, head, sizeof(head), deadline, err));
	len = sp_in_u32be(&in);
	if (len == 0 || len > KEEPER_BODY_MAX)
		return away(err, "what came is no message");
	sp_buf_clear(body);
	at = sp_buf_extend(body, len);
	if (at == NULL)
		return sp_buf_check(body, "a message of the keeper", err);
	return receive(sock, at, len, deadline, err);
}
