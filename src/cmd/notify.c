#include "cmd/notify.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum sp_code
cmd_notify_send(const char *state, struct sp_err *err)
{
	const char *path = getenv("NOTIFY_SOCKET"); // NOLINT: never set
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	SP_AUTO_FD sock = -1;
	size_t len;

	if (path == NULL || *path == '\0')
		return SP_OK;
	len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(to.sun_path))
		return sp_fail(
		    err, SP_E_INVALID, "NOTIFY_SOCKET is no socket's path");
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract name space */
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return sp_fail_os(err, "make a socket");
	if (sendto(sock, state, strlen(state), MSG_NOSIGNAL,
		(const struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return sp_fail_os(err, "notify the service manager");
	return SP_OK;
}

enum sp_code
cmd_notify_reloading(struct sp_err *err)
{
	struct timespec now;
	char state[80];

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return sp_fail_os(err, "read the clock");
	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%jd",
	    (intmax_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return cmd_notify_send(state, err);
}
