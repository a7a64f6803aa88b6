#include "media/message.h"

#include "base/file.h"

static const struct {
	uint8_t number;
	bool worker;
	uint32_t least, most;
} message[] = {
#define X(id, number, worker, least, most)                                     \
	[id] = { number, worker, least, most },
	MEDIA_MESSAGES(X)
#undef X
};

void
media_message_start(struct sp_buf *b, enum media_message m)
{
	SP_REQUIRE((size_t)m < SP_COUNTOF(message));
	sp_buf_clear(b);
	sp_buf_u32be(b, 0); /* the length: media_message_send */
	sp_buf_u8(b, MEDIA_VERSION);
	sp_buf_u8(b, message[m].number);
}

enum sp_code
media_message_finish(struct sp_buf *b, struct sp_err *err)
{
	SP_TRY(sp_buf_check(b, "a message about media", err));
	SP_REQUIRE(b->len >= MEDIA_HEAD && b->len <= MEDIA_MESSAGE_MAX);
	for (size_t i = 0; i < 4; i++)
		b->at[i] = (uint8_t)((b->len - 4) >> (24 - 8 * i));
	return SP_OK;
}

bool
media_message_head(const uint8_t head[static MEDIA_HEAD], bool worker,
    enum media_message *m, size_t *len)
{
	struct sp_in in = sp_in_from(head, MEDIA_HEAD);
	uint32_t rest = sp_in_u32be(&in);
	uint8_t version = sp_in_u8(&in);
	uint8_t number = sp_in_u8(&in);

	if (version != MEDIA_VERSION || rest < 2)
		return false;
	for (size_t i = 0; i < SP_COUNTOF(message); i++) {
		if (message[i].number != number || message[i].worker != worker)
			continue;
		if (rest - 2 < message[i].least || rest - 2 > message[i].most)
			return false;
		*m = (enum media_message)i;
		*len = rest - 2;
		return true;
	}
	return false;
}

bool
media_message_range(struct sp_in body, uint64_t size, struct media_range *out)
{
	uint64_t at = sp_in_u64be(&body);
	uint32_t len = sp_in_u32be(&body);

	if (!sp_in_done(&body) || len == 0 || len > MEDIA_PIECE || at > size ||
	    len > size - at)
		return false;
	*out = (struct media_range){ .at = at, .len = len };
	return true;
}

/* --- Sockets --- */

/* What went wrong on the socket, as the other side's end.  Callers may want to
 * hear nothing of it (err NULL). */
static enum sp_code
gone(struct sp_err *err, const struct sp_err *why)
{
	return sp_fail_as(err, SP_E_UNAVAIL, why->reason,
	    "the other side is gone: %s", why->text);
}

static enum sp_code
receive(int sock, uint8_t *at, size_t len, int64_t deadline, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	return sp_file_receive(sock, at, len, deadline, &why) == SP_OK
	    ? SP_OK
	    : gone(err, &why);
}

enum sp_code
media_message_send(
    int sock, struct sp_buf *b, int64_t deadline, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	SP_TRY(media_message_finish(b, err));
	return sp_file_send(sock, b->at, b->len, deadline, &why) == SP_OK
	    ? SP_OK
	    : gone(err, &why);
}

enum sp_code
media_message_receive(int sock, bool worker, int64_t deadline,
    enum media_message *m, struct sp_buf *body, struct sp_err *err)
{
	uint8_t head[MEDIA_HEAD] = { 0 };
	size_t len = 0;
	uint8_t *at;

	SP_TRY(receive(sock, head, sizeof(head), deadline, err));
	if (!media_message_head(head, worker, m, &len))
		return sp_fail(err, SP_E_INVALID, "what came is no message");
	sp_buf_clear(body);
	if (len == 0)
		return SP_OK;
	at = sp_buf_extend(body, len);
	if (at == NULL)
		return sp_buf_check(body, "a message about media", err);
	return receive(sock, at, len, deadline, err);
}
