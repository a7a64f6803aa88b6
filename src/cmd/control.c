#include "cmd/control.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define PACKET 3

static const struct {
	uint8_t number;
	bool fd;
} message[] = {
#define X(id, number, fd) [id] = { number, fd },
	CONTROL_MESSAGES(X)
#undef X
};

/* Room for one descriptor, aligned as the kernel's header wants it. */
union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

enum sp_code
cmd_control_send(int sock, enum control_message m, uint16_t value, int fd,
    struct sp_err *err)
{
	uint8_t packet[PACKET];
	struct iovec piece = { packet, sizeof(packet) };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };
	union rights rights = { .room = { 0 } };

	SP_REQUIRE(
	    (size_t)m < SP_COUNTOF(message) && message[m].fd == (fd >= 0));
	packet[0] = message[m].number;
	packet[1] = (uint8_t)(value >> 8);
	packet[2] = (uint8_t)(value & 0xff);
	if (fd >= 0) {
		msg.msg_control = rights.room;
		msg.msg_controllen = sizeof(rights.room);
		rights.head.cmsg_level = SOL_SOCKET;
		rights.head.cmsg_type = SCM_RIGHTS;
		rights.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&rights.head), &fd, sizeof(int));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return sp_fail_os(err, "send a control message");
	return SP_OK;
}

static int
fd_of(struct msghdr *msg)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

enum sp_code
cmd_control_receive(int sock, enum control_message *m, uint16_t *value, int *fd,
    struct sp_err *err)
{
	uint8_t packet[PACKET + 1];
	struct iovec piece = { packet, sizeof(packet) };
	union rights rights = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = rights.room,
		.msg_controllen = sizeof(rights.room) };
	SP_AUTO_FD came = -1;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return sp_fail_os(err, "receive a control message");
	came = fd_of(&msg);
	if (n == 0)
		return sp_fail(err, SP_E_UNAVAIL, "the other end is closed");
	for (size_t i = 0; n == PACKET && i < SP_COUNTOF(message); i++) {
		if (message[i].number != packet[0] ||
		    message[i].fd != (came >= 0))
			continue;
		*m = (enum control_message)i;
		*value = (uint16_t)(packet[1] << 8 | packet[2]);
		*fd = sp_file_steal(&came);
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID, "a malformed control message");
}
