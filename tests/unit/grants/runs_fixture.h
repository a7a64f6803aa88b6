#ifndef RUNS_FIXTURE_H
#define RUNS_FIXTURE_H

#include "ledger/writer.h"

#include <signal.h>

/*
 * Every durable step is ledger_writer_run: the n-th can be made to fail, or
 * to be the last thing this process ever does (meson.build puts this in its
 * place).
 */
static int runs_left = -1; /* -1: any number */
static bool runs_kill;

enum sp_code __real_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err);
enum sp_code __wrap_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err);
enum sp_code
__wrap_ledger_writer_run(
    struct ledger_writer *w, ledger_act act, void *arg, struct sp_err *err)
{
	if (runs_left == 0 && runs_kill)
		(void)raise(SIGKILL);
	if (runs_left == 0)
		return sp_fail(err, SP_E_UNAVAIL, "no writing now");
	if (runs_left > 0)
		runs_left--;
	return __real_ledger_writer_run(w, act, arg, err);
}

#endif
