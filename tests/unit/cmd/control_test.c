#include "cmd/control.h"

#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
pair(int end[static 2])
{
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) == 0);
}

static int
open_fds(void)
{
	int fd = dup(0);

	CHECK(fd >= 0 && close(fd) == 0);
	return fd; /* the lowest free one */
}

static void
round_trip(void)
{
	static const uint16_t values[] = { 0, 1, 255, 256, 8443, 65535 };
	int end[2];
	struct sp_err err = { .code = SP_OK };

	pair(end);
	for (size_t i = 0; i < SP_COUNTOF(values); i++) {
		enum control_message m = CONTROL_MESSAGE_COUNT;
		uint16_t value = 7;
		int fd = -7;

		CHECK_OK(cmd_control_send(
			     end[0], CONTROL_READY, values[i], -1, &err),
		    &err);
		CHECK_OK(
		    cmd_control_receive(end[1], &m, &value, &fd, &err), &err);
		CHECK(m == CONTROL_READY && value == values[i] && fd == -1);
	}
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

static void
descriptor(void)
{
	enum control_message m = CONTROL_MESSAGE_COUNT;
	struct sp_err err = { .code = SP_OK };
	uint16_t value = 7;
	int end[2], pipe_end[2];
	int fd = -1;
	char c = 0;

	pair(end);
	CHECK(pipe(pipe_end) == 0);
	CHECK_OK(cmd_control_send(end[0], CONTROL_KEEPER, 0, pipe_end[0], &err),
	    &err);
	CHECK(close(pipe_end[0]) == 0);
	CHECK_OK(cmd_control_receive(end[1], &m, &value, &fd, &err), &err);
	CHECK(m == CONTROL_KEEPER && value == 0 && fd >= 0);
	CHECK(write(pipe_end[1], "x", 1) == 1);
	CHECK(read(fd, &c, 1) == 1 && c == 'x');
	CHECK(close(fd) == 0 && close(pipe_end[1]) == 0);
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

static void
send_raw(int sock, const void *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} rights = { .room = { 0 } };
	char copy[8] = "";
	struct iovec piece = { copy, len };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };

	memcpy(copy, bytes, len);
	if (fd >= 0) {
		msg.msg_control = rights.room;
		msg.msg_controllen = sizeof(rights.room);
		rights.head.cmsg_level = SOL_SOCKET;
		rights.head.cmsg_type = SCM_RIGHTS;
		rights.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&rights.head), &fd, sizeof(int));
	}
	CHECK(sendmsg(sock, &msg, 0) == (ssize_t)len);
}

/* Of the wrong length or number, with an fd too many or too few: refused,
 * outputs untouched, and the fd does not stay open. */
static void
malformed(void)
{
	static const struct {
		uint8_t bytes[4];
		size_t len;
		bool fd;
	} rows[] = {
		{ { 2 }, 1, false },
		{ { 2, 0 }, 2, false },
		{ { 2, 0, 0, 0 }, 4, false },
		{ { 0, 0, 0 }, 3, false },
		{ { 10, 0, 0 }, 3, false },
		{ { 8, 0, 0 }, 3, true },  /* a call with a socket */
		{ { 9, 0, 0 }, 3, false }, /* a messenger without one */
		{ { 255, 0, 0 }, 3, true },
		{ { 1, 0, 0 }, 3, false }, /* a keeper without its socket */
		{ { 5, 0, 0 }, 3, false }, /* nor a worker */
		{ { 7, 0, 0 }, 3, false }, /* nor a press */
		{ { 2, 0, 0 }, 3, true },
		{ { 6, 0, 0 }, 3, true },
		{ { 1, 0 }, 2, true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		enum control_message m = CONTROL_MESSAGE_COUNT;
		struct sp_err err = { .code = SP_OK };
		uint16_t value = 7;
		int fd = -7;
		int end[2];
		int before;

		pair(end);
		before = open_fds();
		send_raw(end[0], rows[i].bytes, rows[i].len,
		    rows[i].fd ? end[0] : -1);
		CHECK_CODE(cmd_control_receive(end[1], &m, &value, &fd, &err),
		    SP_E_INVALID, &err);
		CHECK(m == CONTROL_MESSAGE_COUNT && value == 7 && fd == -7);
		CHECK(open_fds() == before);
		CHECK(close(end[0]) == 0 && close(end[1]) == 0);
	}
}

static void
closed(void)
{
	enum control_message m;
	struct sp_err err = { .code = SP_OK };
	uint16_t value;
	int end[2];
	int fd;

	pair(end);
	CHECK(close(end[0]) == 0);
	CHECK_CODE(cmd_control_receive(end[1], &m, &value, &fd, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(cmd_control_send(end[1], CONTROL_READY, 0, -1, &err) != SP_OK);
	CHECK(close(end[1]) == 0);
}

/* A reader that reads nothing is an error, never a wait. */
static void
full(void)
{
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = SP_OK;
	int end[2];

	pair(end);
	for (int i = 0; code == SP_OK && i < 1000000; i++)
		code = cmd_control_send(end[0], CONTROL_READY, 0, -1, &err);
	CHECK(code != SP_OK);
	CHECK(close(end[0]) == 0 && close(end[1]) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is sent is received", round_trip },
		{ "a descriptor goes with it", descriptor },
		{ "what is no message", malformed },
		{ "the other end is closed", closed },
		{ "the other end reads nothing", full },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
