#include "edge/listen.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG 1024

enum sp_code
edge_listen_parse(const char *s, struct edge_listen *out, struct sp_err *err)
{
	struct edge_listen l = { .v6 = s[0] == '[' };
	const char *colon = strrchr(s, ':');
	struct in6_addr scratch;
	uint64_t port = 0;
	size_t len = colon == NULL ? 0 : (size_t)(colon - s);

	if (l.v6 && len > 1 && s[len - 1] == ']') {
		s++;
		len -= 2;
	} else if (l.v6) {
		len = 0;
	}
	if (len == 0 || len >= sizeof(l.address) ||
	    !sp_parse_u64(colon + 1, strlen(colon + 1), 0, UINT16_MAX, &port))
		return sp_fail(err, SP_E_INVALID,
		    "listen on ADDRESS:PORT or [ADDRESS]:PORT, not %s", s);
	memcpy(l.address, s, len);
	if (inet_pton(l.v6 ? AF_INET6 : AF_INET, l.address, &scratch) != 1)
		return sp_fail(err, SP_E_INVALID,
		    "%s is not a numeric IP address", l.address);
	l.port = (uint16_t)port;
	*out = l;
	return SP_OK;
}

static enum sp_code
bind_and_listen(int fd, const struct edge_listen *l, struct sp_err *err)
{
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(l->port),
	};
	struct sockaddr_in four = {
		.sin_family = AF_INET,
		.sin_port = htons(l->port),
	};
	const struct sockaddr *sa = l->v6 ? (const struct sockaddr *)&six
					  : (const struct sockaddr *)&four;
	socklen_t len = l->v6 ? sizeof(six) : sizeof(four);

	SP_REQUIRE(
	    inet_pton(l->v6 ? AF_INET6 : AF_INET, l->address,
		l->v6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr) == 1);
	if (setsockopt(
		fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) != 0 ||
	    bind(fd, sa, len) != 0 || listen(fd, BACKLOG) != 0)
		return sp_fail_os(
		    err, "listen on %s port %u", l->address, l->port);
	return SP_OK;
}

enum sp_code
edge_listen_open(const struct edge_listen *l, int *fd_out, uint16_t *port,
    struct sp_err *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} bound = { .six = { .sin6_port = 0 } };
	socklen_t len = sizeof(bound);
	SP_AUTO_FD fd = socket(l->v6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return sp_fail_os(err, "socket");
	SP_TRY(bind_and_listen(fd, l, err));
	if (getsockname(fd, &bound.any, &len) != 0)
		return sp_fail_os(err, "getsockname");
	*port = ntohs(l->v6 ? bound.six.sin6_port : bound.four.sin_port);
	*fd_out = sp_file_steal(&fd);
	return SP_OK;
}

void
edge_address_text(const struct sockaddr *sa, char out[static EDGE_ADDRESS_MAX])
{
	const void *from;

	out[0] = '\0';
	if (sa == NULL ||
	    (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return;
	from = sa->sa_family == AF_INET
	    ? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
	    : (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr;
	if (inet_ntop(sa->sa_family, from, out, EDGE_ADDRESS_MAX) == NULL)
		out[0] = '\0';
	if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.') != NULL)
		memmove(out, out + 7, strlen(out + 7) + 1);
}

bool
edge_address_local(const char *address)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, address, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address, &six) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&six);
}

void
edge_listen_said(void *arg, const char *fmt, va_list ap)
{
	char text[300];

	(void)arg;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	sp_log(SP_LOG_DEBUG, "edge.daemon", "%s", text);
}
