#ifndef EDGE_LISTEN_H
#define EDGE_LISTEN_H

#include "base/err.h"

#include <stdarg.h>
#include <sys/socket.h>

/* Where a process listens, and who comes. */
#define EDGE_ADDRESS_MAX 46 /* INET6_ADDRSTRLEN */

/* "127.0.0.1:8443", "[::1]:0": numeric address and port. */
struct edge_listen {
	char address[EDGE_ADDRESS_MAX];
	uint16_t port;
	bool v6;
};
enum sp_code edge_listen_parse(
    const char *s, struct edge_listen *out, struct sp_err *err) SP_MUST_USE;
/* A listening socket, close-on-exec and non-blocking, and the port it has. */
enum sp_code edge_listen_open(const struct edge_listen *l, int *fd_out,
    uint16_t *port, struct sp_err *err) SP_MUST_USE;

/* An address as text, "" for what is none; IPv4 through IPv6 is IPv4. */
void edge_address_text(
    const struct sockaddr *sa, char out[static EDGE_ADDRESS_MAX]);
/* Is this the address of this machine, loopback? */
bool edge_address_local(const char *address) SP_MUST_USE;

/* What the HTTP daemon of a process has to say (its
 * MHD_OPTION_EXTERNAL_LOGGER): one line at level debug, cut to fit. */
void edge_listen_said(void *arg, const char *fmt, va_list ap) SP_PRINTF(2, 0);

#endif
