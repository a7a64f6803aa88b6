#include "cmd/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

enum sp_code
cmd_signals_open(const int *heard, size_t n, int *out, struct sp_err *err)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		(void)sigaddset(&set, heard[i]);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return sp_fail_os(err, "block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return sp_fail_os(err, "hear signals");
	*out = fd;
	return SP_OK;
}
