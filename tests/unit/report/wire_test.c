#include "report/wire.h"

#include "report/report_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

static void
papers(void)
{
	enum report_paper p = REPORT_PAPER_COUNT;

	for (unsigned i = 0; i < REPORT_PAPER_COUNT; i++) {
		CHECK(report_paper_parse(
		    report_paper_name((enum report_paper)i), &p));
		CHECK(p == (enum report_paper)i);
	}
	CHECK(!report_paper_parse("legal", &p) && p == REPORT_A4);
	CHECK(!report_paper_parse("", &p) && !report_paper_parse("A4", &p));
}

static void
what_is_written_is_read(void)
{
	static const enum report_frame want[] = { REPORT_FRAME_HEAD,
		REPORT_FRAME_ITEM, REPORT_FRAME_ENTRY, REPORT_FRAME_ENTRY,
		REPORT_FRAME_END };
	const struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	struct sp_in in;
	struct sp_err err;

	request_life(&rq, &t, REPORT_A4, 2);
	in = sp_in_from(rq.bytes.at, rq.bytes.len);
	for (size_t i = 0; i < SP_COUNTOF(want); i++) {
		enum report_frame kind = REPORT_FRAME_COUNT;
		struct sp_in body;

		CHECK_OK(report_wire_next(&in, &kind, &body, &err), &err);
		CHECK(kind == want[i]);
		if (kind == REPORT_FRAME_HEAD)
			CHECK(memmem(body.at, body.left, "\"paper\":\"a4\"",
				  12) != NULL);
		if (kind == REPORT_FRAME_ENTRY)
			CHECK(sp_in_u64be(&body) == 14 + i);
	}
	CHECK(sp_in_done(&in));
}

static void
other_frames_are_refused(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "", 0 }, { "Z", 1 }, { "Z\0\0\0", 4 },
		{ "Z\0\0\0\1x", 6 },         /* an end with something in it */
		{ "Q\0\0\0\0", 5 },          /* no such kind */
		{ "E\0\1\0\11", 5 },         /* more than is there */
		{ "E\377\377\377\377x", 6 }, /* more than may be */
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_in in = sp_in_from(rows[i].bytes, rows[i].len);
		enum report_frame kind = REPORT_FRAME_COUNT;
		struct sp_in body = { .left = 77 };
		struct sp_err err;

		CHECK_CODE(report_wire_next(&in, &kind, &body, &err),
		    SP_E_INVALID, &err);
		CHECK(kind == REPORT_FRAME_COUNT && body.left == 77);
	}
}

static void
too_much_is_not_written(void)
{
	static const char big[LEDGER_ENTRY_MAX + 1];
	SP_AUTO_BUF out = sp_buf_new(REPORT_REQUEST_MAX);

	report_wire_entry(&out, 1, big, LEDGER_ENTRY_MAX);
	CHECK(sp_buf_ok(&out));
	report_wire_entry(&out, 2, big, LEDGER_ENTRY_MAX + 1);
	CHECK(out.bad == SP_E_LIMIT);
}

static void
a_job_is_handed_over(void)
{
	int pair[2], inner[2], got = -1;
	struct sp_err err;
	char c = 0;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, inner) == 0);
	CHECK_OK(report_wire_send(pair[0], inner[0], &err), &err);
	CHECK_OK(report_wire_receive(pair[1], &got, &err), &err);
	CHECK(got >= 0 && fcntl(got, F_GETFD) == FD_CLOEXEC);
	CHECK(write(inner[1], "x", 1) == 1 && read(got, &c, 1) == 1);
	CHECK(c == 'x');
	(void)close(got);
	/* Without a socket; and the end. */
	got = -1;
	CHECK(send(pair[0], "J", 1, 0) == 1);
	CHECK_CODE(
	    report_wire_receive(pair[1], &got, &err), SP_E_INVALID, &err);
	(void)close(pair[0]);
	CHECK_CODE(
	    report_wire_receive(pair[1], &got, &err), SP_E_NOTFOUND, &err);
	CHECK(got == -1);
	(void)close(pair[1]);
	(void)close(inner[0]);
	(void)close(inner[1]);
}

static void
handing_over_never_waits(void)
{
	int pair[2];
	struct sp_err err;
	enum sp_code code = SP_OK;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	for (unsigned i = 0; i < 100000 && code == SP_OK; i++)
		code = report_wire_send(pair[0], pair[0], &err);
	CHECK(code != SP_OK);
	(void)close(pair[1]);
	CHECK(report_wire_send(pair[0], pair[0], &err) != SP_OK);
	(void)close(pair[0]);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "papers", papers },
		{ "what is written is read", what_is_written_is_read },
		{ "other frames are refused", other_frames_are_refused },
		{ "too much is not written", too_much_is_not_written },
		{ "a job is handed over", a_job_is_handed_over },
		{ "handing over never waits", handing_over_never_waits },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
