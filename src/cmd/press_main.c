#include "base/log.h"
#include "report/press.h"

#include <fcntl.h>
#include <stdio.h>

/* sallyport-press: started by serve, as `sallyport press`. */
int
main(void)
{
	struct sp_err err = { .code = SP_OK };

	if (fcntl(REPORT_PRESS_FD, F_SETFD, FD_CLOEXEC) != 0) {
		(void)fputs("this process is started by serve\n", stderr);
		return 2;
	}
	sp_log_setup("press", SP_LOG_INFO);
	if (report_press_main(REPORT_PRESS_FD, &err) == SP_OK)
		return 0;
	sp_log_err(SP_LOG_ERROR, "press.failed", &err, "no reports are made");
	return 1;
}
