#ifndef MEDIA_WORKER_H
#define MEDIA_WORKER_H

#include "base/err.h"

/*
 * The process that reads one media file and ends (`sallyport-media`).  It is
 * given one connected socket and nothing else: what it wants to see of the
 * file it asks for there (media/message.h).
 *
 *   confine            job        facts           poster
 *   ------> no way out ---> probe -----> (decode) -----> end
 *                             '--------> unreadable ---> end
 *
 * Whatever a hostile file makes of it, it holds: no key, no other file, no
 * network, nobody else's memory; some seconds of one core, and
 * MEDIA_WORKER_MEMORY.
 */
#define MEDIA_SOCK_FD        3
#define MEDIA_WORKER_MEMORY  (UINT64_C(1) << 30)   /* of address space */
#define MEDIA_WORKER_CPU     30                    /* seconds of a core */
#define MEDIA_WORKER_SECONDS 300                   /* by the clock */
#define MEDIA_WORKER_READS   (UINT64_C(256) << 20) /* bytes of the file */

/* Give up everything: priority, limits (memory, processor, files, processes),
 * new privileges, dumps, all system calls but those for memory, waiting and
 * the open descriptors.  Not undone. */
enum sp_code media_worker_confine(struct sp_err *err) SP_MUST_USE;

/* Do the one job that the socket gives.  SP_OK when its answer was sent. */
enum sp_code media_worker_serve(int sock, struct sp_err *err) SP_MUST_USE;

/* The whole process: descriptors 0 to 2 become /dev/null (2 stays in builds
 * with sanitizers), confine, serve.  The exit status. */
int media_worker_main(void);

#endif
