#ifndef CMD_SERVE_LIMITS_H
#define CMD_SERVE_LIMITS_H

#include "cmd/cmd.h"
#include "cmd/workers.h"
#include "http/server.h"

/*
 * Every limit that `serve` has an option for: one row each, from which the
 * option, its help and its check are made.  Zero, or no option, is the
 * default that the owner of the limit names.
 *
 * member, option, kind, most, help
 */
#define LIMITS(X)                                                              \
	X(http.connections, "connections", LIMIT_COUNT, 1000000,               \
	    "at once (2000)")                                                  \
	X(http.connections_per_address, "connections-per-address",             \
	    LIMIT_COUNT, 1000000,                                              \
	    "at once from one address (three quarters of those)")              \
	X(http.idle_seconds, "idle-seconds", LIMIT_COUNT, 86400,               \
	    "a connection may be silent (60)")                                 \
	X(http.header_seconds, "header-seconds", LIMIT_COUNT, 86400,           \
	    "for a request's headers (30)")                                    \
	X(http.body_rate, "body-rate", LIMIT_COUNT, 1000000000,                \
	    "bytes a second, at least, over a minute (16)")                    \
	X(http.header_bytes, "header-bytes", LIMIT_BYTES, 1 << 20,             \
	    "of a request's headers (32K)")                                    \
	X(http.json_bytes, "json-bytes", LIMIT_BYTES, 1 << 20,                 \
	    "of a JSON body (64K)")                                            \
	X(http.event_streams, "event-streams", LIMIT_COUNT, 1000000,           \
	    "of events at once, beside the connections (12000)")               \
	X(http.event_streams_per_agency, "event-streams-per-agency",           \
	    LIMIT_COUNT, 1000000, "(three quarters of those)")                 \
	X(http.event_streams_per_token, "event-streams-per-token",             \
	    LIMIT_COUNT, 1000000, "(500)")                                     \
	X(evidence.upload_max, "upload-max", LIMIT_BYTES, INT64_C(1) << 52,    \
	    "of one upload (1T)")                                              \
	X(evidence.upload_expires, "upload-expires", LIMIT_TIME,               \
	    INT64_C(3660) * 86400, "after an upload's last byte (7d)")         \
	X(evidence.viewing_idle, "viewing-idle", LIMIT_TIME, 86400,            \
	    "until a viewing is closed (10m)")                                 \
	X(evidence.uploads_open, "uploads-open", LIMIT_COUNT, 10000000,        \
	    "per agency (10000)")                                              \
	X(buffers, "buffers", LIMIT_COUNT, 1000000,                            \
	    "of 1 MiB for segments in work (1024)")                            \
	X(workers, "workers", LIMIT_COUNT, 1024,                               \
	    "threads that seal (one a core, at least 2)")                      \
	X(media_workers, "media-workers", LIMIT_COUNT, CMD_WORKERS_MOST,       \
	    "that look into media at once (1)")                                \
	X(witness_gap, "witness-gap", LIMIT_TIME, 86400,                       \
	    "between two questions to a witness about one log (5s)")           \
	X(stop_seconds, "stop-seconds", LIMIT_COUNT, 3600,                     \
	    "for answers under way when stopping (20)")

#define SERVE_STOP_SECONDS 20 /* the default of stop_seconds */

struct serve_limits {
	struct http_limits http;
	struct evidence_limits evidence;
	size_t buffers;
	size_t workers;
	size_t media_workers;
	sp_time witness_gap;
	unsigned stop_seconds;
};

enum limit_kind {
	LIMIT_COUNT, /* 1000 */
	LIMIT_BYTES, /* 512, 64K, 10G: powers of 1024 */
	LIMIT_TIME,  /* 90, 90s, 10m, 12h, 7d: kept in microseconds */
};

#define X(member, option, kind, most, help) "x"
enum { LIMITS_ROWS = sizeof(LIMITS(X)) - 1 };
#undef X

/* The options of the rows; text[i] gets the value of option[i]. */
void cmd_serve_limits_options(struct cmd_option option[static LIMITS_ROWS],
    const char *text[static LIMITS_ROWS]);
/* One value, from 1 to `most` (bytes or seconds): times in microseconds. */
bool cmd_serve_limits_value(enum limit_kind kind, const char *text,
    uint64_t most, uint64_t *out) SP_MUST_USE;
/* SP_E_INVALID names the option and what it takes. */
enum sp_code cmd_serve_limits_parse(const char *const text[static LIMITS_ROWS],
    struct serve_limits *out, struct sp_err *err) SP_MUST_USE;

#endif
