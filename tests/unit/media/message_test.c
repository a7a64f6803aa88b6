#include "media/message.h"

#include "base/clock.h"
#include "base/file.h"
#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
heads(void)
{
	static const struct {
		uint8_t head[MEDIA_HEAD];
		bool worker, fine;
		enum media_message m;
		size_t len;
	} rows[] = {
		{ { 0, 0, 0, 10, 1, 1 }, false, true, MEDIA_SAY_JOB, 8 },
		{ { 0, 0, 0, 10, 1, 1 }, true, false, 0, 0 },
		{ { 0, 0, 0, 9, 1, 1 }, false, false, 0, 0 },
		{ { 0, 0, 0, 11, 1, 1 }, false, false, 0, 0 },
		{ { 0, 0, 0, 10, 2, 1 }, false, false, 0, 0 },
		{ { 0, 0, 0, 14, 1, 2 }, true, true, MEDIA_SAY_READ, 12 },
		{ { 0, 0, 0, 14, 1, 2 }, false, false, 0, 0 },
		{ { 0, 4, 0, 2, 1, 3 }, false, true, MEDIA_SAY_BYTES,
		    MEDIA_PIECE },
		{ { 0, 4, 0, 3, 1, 3 }, false, false, 0, 0 },
		{ { 0, 0, 0, 2, 1, 3 }, false, false, 0, 0 },
		{ { 0, 0, 0, 3, 1, 4 }, true, true, MEDIA_SAY_UNREADABLE, 1 },
		{ { 0, 0, 0x20, 2, 1, 5 }, true, true, MEDIA_SAY_FACTS,
		    MEDIA_FACTS_MAX },
		{ { 0, 0, 0x20, 3, 1, 5 }, true, false, 0, 0 },
		{ { 0, 0, 0, 2, 1, 5 }, true, false, 0, 0 },
		{ { 0, 0, 0, 2, 1, 6 }, true, true, MEDIA_SAY_POSTER, 0 },
		{ { 0, 8, 0, 2, 1, 6 }, true, true, MEDIA_SAY_POSTER,
		    MEDIA_POSTER_MAX },
		{ { 0, 8, 0, 3, 1, 6 }, true, false, 0, 0 },
		{ { 0xff, 0xff, 0xff, 0xff, 1, 6 }, true, false, 0, 0 },
		{ { 0, 0, 0, 0, 1, 6 }, true, false, 0, 0 },
		{ { 0, 0, 0, 1, 1, 6 }, true, false, 0, 0 },
		{ { 0, 0, 0, 2, 1, 0 }, true, false, 0, 0 },
		{ { 0, 0, 0, 2, 1, 7 }, true, false, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		enum media_message m = MEDIA_MESSAGE_COUNT;
		size_t len = 77;

		CHECK(media_message_head(rows[i].head, rows[i].worker, &m,
			  &len) == rows[i].fine);
		CHECK(m == (rows[i].fine ? rows[i].m : MEDIA_MESSAGE_COUNT));
		CHECK(len == (rows[i].fine ? rows[i].len : 77));
	}
}

static void
ranges(void)
{
	static const struct {
		uint64_t at;
		uint32_t len;
		uint64_t size;
		bool fine;
	} rows[] = {
		{ 0, 1, 1, true },
		{ 0, 0, 1, false },
		{ 0, 2, 1, false },
		{ 1, 1, 1, false },
		{ 0, 1, 0, false },
		{ 100, MEDIA_PIECE, 100 + (uint64_t)MEDIA_PIECE, true },
		{ 100, MEDIA_PIECE + 1, UINT64_MAX, false },
		{ UINT64_MAX, 1, 1000, false },
		{ UINT64_MAX - 1, MEDIA_PIECE, UINT64_MAX, false },
		{ INT64_MAX, 1, (uint64_t)INT64_MAX + 1, true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF b = sp_buf_new(16);
		struct media_range r = { 7, 7 };

		sp_buf_u64be(&b, rows[i].at);
		sp_buf_u32be(&b, rows[i].len);
		CHECK(media_message_range(sp_in_from(b.at, b.len), rows[i].size,
			  &r) == rows[i].fine);
		CHECK(r.len == (rows[i].fine ? rows[i].len : 7));
		CHECK(!media_message_range(
		    sp_in_from(b.at, b.len - 1), rows[i].size, &r));
		sp_buf_u8(&b, 0);
		CHECK(!media_message_range(
		    sp_in_from(b.at, b.len), rows[i].size, &r));
	}
}

static void
pair(int end[static 2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0);
}

static void
over_a_socket(void)
{
	SP_AUTO_BUF out = sp_buf_new(MEDIA_MESSAGE_MAX);
	SP_AUTO_BUF in = sp_buf_new(MEDIA_MESSAGE_MAX);
	enum media_message m = MEDIA_MESSAGE_COUNT;
	struct sp_err err = { .code = SP_OK };
	int end[2];

	pair(end);
	media_message_start(&out, MEDIA_SAY_READ);
	sp_buf_u64be(&out, 5);
	sp_buf_u32be(&out, 9);
	CHECK_OK(
	    media_message_send(end[0], &out, MEDIA_NO_DEADLINE, &err), &err);
	media_message_start(&out, MEDIA_SAY_POSTER);
	CHECK_OK(
	    media_message_send(end[0], &out, MEDIA_NO_DEADLINE, &err), &err);
	CHECK_OK(media_message_receive(
		     end[1], true, MEDIA_NO_DEADLINE, &m, &in, &err),
	    &err);
	CHECK(m == MEDIA_SAY_READ && in.len == 12);
	CHECK_OK(media_message_receive(
		     end[1], true, MEDIA_NO_DEADLINE, &m, &in, &err),
	    &err);
	CHECK(m == MEDIA_SAY_POSTER && in.len == 0);
	CHECK(close(end[0]) == 0);
	CHECK_CODE(media_message_receive(
		       end[1], true, MEDIA_NO_DEADLINE, &m, &in, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(err.reason == NULL);
	CHECK(close(end[1]) == 0);
}

/* Cut off after every number of bytes; nothing for a while; never taken. */
static void
trouble(void)
{
	static const uint8_t read[] = { 0, 0, 0, 14, 1, 2, 0, 0, 0, 0, 0, 0, 0,
		5, 0, 0, 0, 9 };
	SP_AUTO_BUF in = sp_buf_new(MEDIA_MESSAGE_MAX);
	SP_AUTO_BUF out = sp_buf_new(MEDIA_MESSAGE_MAX);
	enum media_message m = MEDIA_MESSAGE_COUNT;
	struct sp_err err = { .code = SP_OK };
	int end[2];

	for (size_t n = 0; n < sizeof(read); n++) {
		pair(end);
		CHECK(send(end[0], read, n, 0) == (ssize_t)n);
		CHECK_CODE(media_message_receive(end[1], true,
			       sp_ticks() + SP_SECOND / 50, &m, &in, &err),
		    SP_E_UNAVAIL, &err);
		CHECK(strcmp(err.reason, sp_file_late) == 0);
		CHECK(close(end[0]) == 0);
		CHECK_CODE(media_message_receive(
			       end[1], true, MEDIA_NO_DEADLINE, &m, &in, &err),
		    SP_E_UNAVAIL, &err);
		CHECK(close(end[1]) == 0);
	}
	pair(end);
	CHECK(send(end[0], "GET / HTTP/1.1\r\n", 16, 0) == 16);
	CHECK_CODE(media_message_receive(
		       end[1], true, MEDIA_NO_DEADLINE, &m, &in, &err),
	    SP_E_INVALID, &err);
	media_message_start(&out, MEDIA_SAY_POSTER);
	CHECK(sp_buf_extend(&out, MEDIA_POSTER_MAX) != NULL);
	for (enum sp_code code = SP_OK; code == SP_OK;)
		code = media_message_send(
		    end[0], &out, sp_ticks() + SP_SECOND / 50, &err);
	CHECK(
	    err.code == SP_E_UNAVAIL && strcmp(err.reason, sp_file_late) == 0);
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "heads", heads },
		{ "ranges", ranges },
		{ "over a socket", over_a_socket },
		{ "cut off, late, no message, never taken", trouble },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
