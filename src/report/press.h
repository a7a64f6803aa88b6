#ifndef REPORT_PRESS_H
#define REPORT_PRESS_H

#include "report/wire.h"

/*
 * The press: a process of its own that sets reports.  Setting text that
 * anybody sent takes large libraries (fonts, shaping, PDF), and they have no
 * business where keys and databases are.
 *
 *   server ---job: one end of a socket pair---> press (serve's child)
 *     |                                           | fork
 *     '--- request, answer (report/wire.h) --- job's process
 *
 * The press opens all fonts, then gives up everything but waiting and forking.
 * Each job has a process of its own that, before it reads a byte, gives up
 * opening files and sockets, forking and executing, and has little time and
 * memory: the worst that a text can do to it is to end it.  What one agency
 * sent is never in the memory of another one's job.
 */
#define REPORT_PRESS_FD      3  /* where the parent leaves the socket */
#define REPORT_PRESS_JOBS    4  /* at once; others wait */
#define REPORT_PRESS_SECONDS 45 /* a job has; half of it on the processor */
#define REPORT_PRESS_MEMORY  ((uint64_t)2 << 30) /* address space, fonts too */

/* ---- The process ---- */

/* Takes jobs from the socket until it is closed.  SP_E_UNAVAIL: no fonts. */
enum sp_code report_press_main(int sock, struct sp_err *err);
/* What a job's process gives up; it cannot be undone. */
enum sp_code report_press_enter(struct sp_err *err) SP_MUST_USE;

/* ---- The server's side; any thread ---- */

struct report_press;

struct report_press *report_press_new(void) SP_MUST_USE;
void report_press_free(struct report_press *p); /* no job is under way */
/* Takes the socket; an older one is closed. */
void report_press_attach(struct report_press *p, int sock);

/* One job: begin, add frames (wire.h), end.  One thread each.  SP_E_UNAVAIL:
 * reason "report.away", there is no press; "report.late", it took too long;
 * SP_E_INTERNAL, reason "report.broken": the job ended without an answer.
 * Other codes are the job's own. */
struct report_job {
	int sock;
	int64_t deadline;  /* sp_ticks */
	struct sp_buf out; /* not sent yet */
	uint64_t sent;
};
enum sp_code report_job_begin(struct report_job *out, struct report_press *p,
    struct sp_err *err) SP_MUST_USE;
void report_job_done(struct report_job *j);
#define REPORT_AUTO_JOB SP_CLEANUP(report_job_done) struct report_job
/* What was put into j->out is sent when it has become much. */
enum sp_code report_job_push(
    struct report_job *j, struct sp_err *err) SP_MUST_USE;
/* Ends the request, waits for the PDF; `pdf` bounds it. */
enum sp_code report_job_end(
    struct report_job *j, struct sp_buf *pdf, struct sp_err *err) SP_MUST_USE;

#endif
