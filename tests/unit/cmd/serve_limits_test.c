#include "cmd/serve_limits.h"

#include "base/clock.h"
#include "tap.h"

#include <string.h>

static const char *text[LIMITS_ROWS];
static struct cmd_option option[LIMITS_ROWS];

static size_t
row(const char *name)
{
	size_t i = 0;

	while (i < LIMITS_ROWS && strcmp(option[i].name, name) != 0)
		i++;
	CHECK(i < LIMITS_ROWS);
	return i;
}

static enum sp_code
parse(const char *name, const char *value, struct serve_limits *out,
    struct sp_err *err)
{
	cmd_serve_limits_options(option, text);
	*option[row(name)].text = value;
	return cmd_serve_limits_parse(text, out, err);
}

static void
nothing_said(void)
{
	static const struct serve_limits zero;
	struct serve_limits l;
	struct sp_err err = { .code = SP_OK };

	memset(&l, 0, sizeof(l));
	cmd_serve_limits_options(option, text);
	CHECK_OK(cmd_serve_limits_parse(text, &l, &err), &err);
	CHECK(l.http.connections == zero.http.connections &&
	    l.evidence.upload_max == 0 && l.buffers == 0 &&
	    l.stop_seconds == 0);
}

static void
values(void)
{
	struct serve_limits l;
	struct sp_err err = { .code = SP_OK };

#define IS(name, value, member, want)                                          \
	do {                                                                   \
		CHECK_OK(parse(name, value, &l, &err), &err);                  \
		CHECK(l.member == (want));                                     \
	} while (0)
	IS("connections", "7", http.connections, 7);
	IS("connections-per-address", "1", http.connections_per_address, 1);
	IS("event-streams", "20000", http.event_streams, 20000);
	IS("event-streams-per-agency", "3", http.event_streams_per_agency, 3);
	IS("event-streams-per-token", "1", http.event_streams_per_token, 1);
	IS("idle-seconds", "86400", http.idle_seconds, 86400);
	IS("header-seconds", "2", http.header_seconds, 2);
	IS("body-rate", "1000", http.body_rate, 1000);
	IS("header-bytes", "64K", http.header_bytes, 65536);
	IS("header-bytes", "64k", http.header_bytes, 65536);
	IS("json-bytes", "1M", http.json_bytes, 1048576);
	IS("upload-max", "10G", evidence.upload_max, UINT64_C(10) << 30);
	IS("upload-max", "4096T", evidence.upload_max, UINT64_C(1) << 52);
	IS("upload-expires", "90", evidence.upload_expires, 90 * SP_SECOND);
	IS("upload-expires", "90s", evidence.upload_expires, 90 * SP_SECOND);
	IS("upload-expires", "7d", evidence.upload_expires,
	    INT64_C(7) * 86400 * SP_SECOND);
	IS("viewing-idle", "10m", evidence.viewing_idle,
	    INT64_C(600) * SP_SECOND);
	IS("viewing-idle", "24h", evidence.viewing_idle, 86400 * SP_SECOND);
	IS("uploads-open", "100000", evidence.uploads_open, 100000);
	IS("buffers", "64", buffers, 64);
	IS("workers", "3", workers, 3);
	IS("stop-seconds", "1", stop_seconds, 1);
#undef IS
}

/* Setting one touches no other: neighbours keep their defaults. */
static void
alone(void)
{
	struct serve_limits l;
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(parse("connections-per-address", "5", &l, &err), &err);
	CHECK(l.http.connections == 0 && l.http.idle_seconds == 0);
	CHECK_OK(parse("header-bytes", "5", &l, &err), &err);
	CHECK(l.http.json_bytes == 0 && l.http.body_rate == 0);
}

static void
refused(void)
{
	static const struct {
		const char *name;
		const char *value;
	} rows[] = {
		{ "connections", "" },
		{ "connections", "0" },
		{ "connections", "-1" },
		{ "connections", "+1" },
		{ "connections", "1 " },
		{ "connections", "01" },
		{ "connections", "1000001" },
		{ "connections", "4294967297" },
		{ "connections", "1K" },
		{ "connections", "10s" },
		{ "header-bytes", "K" },
		{ "header-bytes", "1kk" },
		{ "header-bytes", "1KB" },
		{ "header-bytes", "2M" },
		{ "header-bytes", "18446744073709551615K" },
		{ "upload-max", "4097T" },
		{ "upload-max", "1.5G" },
		{ "upload-expires", "1K" },
		{ "upload-expires", "3661d" },
		{ "viewing-idle", "25h" },
		{ "workers", "many" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct serve_limits l;
		struct sp_err err = { .code = SP_OK };

		memset(&l, 0xa5, sizeof(l));
		CHECK_CODE(parse(rows[i].name, rows[i].value, &l, &err),
		    SP_E_INVALID, &err);
		CHECK(strstr(err.text, rows[i].name) != NULL);
		CHECK(l.buffers == (size_t)0xa5a5a5a5a5a5a5a5);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "nothing said is the default", nothing_said },
		{ "each limit gets its value", values },
		{ "one limit is no other", alone },
		{ "what is no value", refused },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
