#include "base/clock.h"
#include "media/client.h"
#include "media/message.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Everything that a worker which was taken over can say. */
#define SIZE 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sp_code
read_zeroes(void *self, uint64_t at, void *out, size_t len, struct sp_err *err)
{
	(void)self;
	(void)err;
	SP_REQUIRE(at <= SIZE && len <= SIZE - at);
	memset(out, 0, len);
	return SP_OK;
}

/* What is believed can be told again. */
static void
check(const struct media_result *r)
{
	SP_AUTO_BUF json = sp_buf_new((size_t)64 << 10);
	struct media_picture p;

	if (r->why != MEDIA_READABLE) {
		SP_REQUIRE(r->poster.len == 0);
		SP_REQUIRE(media_reason_text(r->why)[0] != '\0');
		return;
	}
	media_facts_json(&r->facts, &json);
	SP_REQUIRE(sp_buf_ok(&json));
	SP_REQUIRE(r->poster.len == 0 ||
	    media_jpeg_plain(r->poster.at, r->poster.len, &p));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct media_job job = {
		.size = SIZE,
		.read = read_zeroes,
		.deadline = sp_ticks() + 10 * SP_SECOND,
		.most = (uint64_t)10 * SIZE, /* fits into the socket's buffer */
	};
	MEDIA_AUTO_RESULT r = { .why = MEDIA_CRASHED };
	struct sp_err err = { .code = SP_OK };
	int end[2];

	if (size > 100000)
		return 0;
	SP_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	SP_REQUIRE(size == 0 ||
	    send(end[0], data, size, MSG_DONTWAIT) == (ssize_t)size);
	SP_REQUIRE(shutdown(end[0], SHUT_WR) == 0);
	SP_REQUIRE(media_client_run(end[1], &job, &r, &err) == SP_OK);
	check(&r);
	(void)close(end[0]);
	(void)close(end[1]);
	return 0;
}
