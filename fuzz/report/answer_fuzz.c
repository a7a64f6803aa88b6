#include "base/encode.h"
#include "report/press.h"
#include "report/wire.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Everything that a press which was taken over can answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The job's end of its socket, as the press gets it. */
static int
received(int sock)
{
	struct sp_err err = { .code = SP_OK };
	int fd = -1;

	SP_REQUIRE(report_wire_receive(sock, &fd, &err) == SP_OK && fd >= 0);
	return fd;
}

static void
check(enum sp_code code, const struct sp_buf *pdf, const struct sp_err *err)
{
	if (code == SP_OK) {
		SP_REQUIRE(pdf->len >= 5 && memcmp(pdf->at, "%PDF-", 5) == 0);
		return;
	}
	SP_REQUIRE(code == err->code && pdf->len == 0);
	SP_REQUIRE(sp_utf8_ok(err->text, strlen(err->text)));
	for (const char *s = err->text; *s != '\0'; s++)
		SP_REQUIRE((uint8_t)*s >= 0x20 && *s != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_press *press = report_press_new();
	struct report_job job = { .deadline = 0 };
	SP_AUTO_BUF pdf = sp_buf_new((size_t)1 << 20);
	struct sp_err err = { .code = SP_OK };
	int pair[2], fd;

	if (size > 100000 || press == NULL) {
		report_press_free(press);
		return 0;
	}
	SP_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	report_press_attach(press, pair[0]);
	SP_REQUIRE(report_job_begin(&job, press, &err) == SP_OK);
	fd = received(pair[1]);
	SP_REQUIRE(
	    size == 0 || send(fd, data, size, MSG_DONTWAIT) == (ssize_t)size);
	SP_REQUIRE(shutdown(fd, SHUT_WR) == 0);
	check(report_job_end(&job, &pdf, &err), &pdf, &err);
	report_job_done(&job);
	(void)close(fd);
	(void)close(pair[1]);
	report_press_free(press);
	return 0;
}
