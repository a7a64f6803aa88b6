#ifndef WITNESS_SERVICE_H
#define WITNESS_SERVICE_H

#include "edge/listen.h"
#include "witness/desk.h"

/*
 * A witness on the wire: HTTPS, or plain HTTP for this machine alone (behind
 * a proxy of its operator's).  A thread a connection, all of them watched.
 *
 *	POST /add-checkpoint            tlog-witness
 *	GET  /<hex sha256>/checkpoint   what was cosigned last, with cosignature
 *	GET  /healthz                   200 "ok", 503 once the disk failed
 *	GET  /metrics                   to this machine only
 */
struct witness_service_options {
	struct witness_desk *desk; /* borrowed */
	struct edge_listen listen;
	const char *cert_path; /* PEM; NULL: plain HTTP, loopback only */
	const char *key_path;
	/* Zero takes the default. */
	unsigned connections;    /* 512; three quarters from one address */
	unsigned idle_seconds;   /* 30 */
	unsigned header_seconds; /* 15 */
	unsigned body_rate;      /* bytes/s over a minute, at least: 64 */
};

struct witness_service;

/* SP_E_INVALID: plain HTTP on an address that others reach. */
enum sp_code witness_service_start(struct witness_service **out,
    const struct witness_service_options *o, struct sp_err *err) SP_MUST_USE;
uint16_t witness_service_port(const struct witness_service *s);
/* The certificate again; a no-op for plain HTTP. */
enum sp_code witness_service_reload(
    struct witness_service *s, struct sp_err *err) SP_MUST_USE;
/* Answers under way may take `grace` seconds.  NULL is a no-op. */
void witness_service_stop(struct witness_service *s, unsigned grace);

#endif
