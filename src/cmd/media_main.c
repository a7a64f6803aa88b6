#include "media/worker.h"

#include <fcntl.h>
#include <stdio.h>

/* sallyport-media: started by serve for each job, as `sallyport media`. */
int
main(void)
{
	if (fcntl(MEDIA_SOCK_FD, F_GETFD) < 0) {
		(void)fputs("this process is started by serve\n", stderr);
		return 2;
	}
	return media_worker_main();
}
