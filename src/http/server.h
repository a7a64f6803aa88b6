#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "edge/listen.h"
#include "evidence/site.h"

/*
 * The HTTPS server: libmicrohttpd over GnuTLS, a thread a connection.
 *
 * Every limit has a name here and an option of `sallyport serve`; zero takes
 * the default.
 */
struct http_limits {
	unsigned connections;             /* 2,000 */
	unsigned connections_per_address; /* three quarters of those */
	unsigned idle_seconds;            /* no byte either way: 60 */
	unsigned header_seconds;          /* for a request's headers: 30 */
	unsigned body_rate;  /* bytes/s over a minute, at least: 16 */
	size_t header_bytes; /* of one request, all lines: 32 KiB */
	size_t json_bytes;   /* body of a JSON request: 64 KiB */
	/* Streams of events; they are not among the connections above. */
	unsigned event_streams;            /* 12,000 */
	unsigned event_streams_per_agency; /* three quarters of those */
	unsigned event_streams_per_token;  /* 500 */
};

struct http_routes;
struct report_press;
struct vouch_courier;
struct federation_sources;

struct http_server_options {
	const struct http_routes *routes; /* what is served */
	struct evidence_site *site;
	struct report_press *press;    /* sets reports; NULL: none are made */
	struct vouch_courier *courier; /* told of in /metrics, or NULL */
	struct federation_sources
	    *federation;       /* or NULL: no sign-in elsewhere */
	const char *listen;    /* "127.0.0.1:8443", "[::1]:8443"; port 0: any */
	const char *cert_path; /* PEM chain */
	const char *key_path;  /* PEM private key */
	/* What else the site is called (origin.h); NULL: by its certificate's
	 * names at this port only. */
	const struct http_origins *origins;
	/* Clients are asked for a certificate, and may have none.  PEM of one
	 * whose subject is the issuer they are told, so that no browser offers
	 * its owner's other ones, a smart card's for instance; nothing is
	 * trusted by it.  NULL: they are not asked. */
	const char *asks;
	struct http_limits limits;
	uint64_t upload_max; /* what clients are told; 0: 1 TiB */
	/* Rooms are still being opened: /readyz says no until
	 * http_server_ready. */
	bool starting;
};

struct http_server;

enum sp_code http_server_start(struct http_server **out,
    const struct http_server_options *o, struct sp_err *err) SP_MUST_USE;
/* The port it really listens on. */
uint16_t http_server_port(const struct http_server *s);
/* The site's rooms are open: /readyz may say yes. */
void http_server_ready(struct http_server *s);
/* Read certificate and key again; new connections use them.  On failure the
 * old ones stay. */
enum sp_code http_server_reload(
    struct http_server *s, struct sp_err *err) SP_MUST_USE;
/* Stop accepting, cut what still uploads (their tails are kept), end streams
 * of events, let answers under way finish for `grace` seconds, then free. */
void http_server_stop(struct http_server *s, unsigned grace);

/* ---- The parts that stand alone ---- */

/* Zeroes become the defaults above. */
struct http_limits http_limits_filled(const struct http_limits *l);

#endif
