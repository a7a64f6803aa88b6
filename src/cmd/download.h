#ifndef CMD_DOWNLOAD_H
#define CMD_DOWNLOAD_H

#include "client/site.h"

/*
 * The bytes of one item into a file, through interruptions.
 *
 *            200                      cut, 5xx: wait
 *   GET ------------> bytes -------------------------> GET Range: at-
 *                      |  ^                             |
 *                      |  \----------- 206 at at -------/ (200: from 0 again)
 *                      v all `size` of them
 *                    SHA-256 is what the record says, or SP_E_CORRUPT
 *
 * More bytes than the record says, another ETag, or a range that was not
 * asked for end it.
 */
struct download {
	const char *id;
	/* By which it comes, or NULL: the agency's own; and "shares" (or NULL)
	 * or "lockbox", what that is an id of. */
	const char *share, *way;
	uint64_t size;
	const char *sha256; /* hex, of the record */
	int fd;             /* written from its start */
	void (*progress)(void *arg, uint64_t done);
	void *progress_arg;
};

enum sp_code cmd_download_run(struct site_client *c, const struct download *d,
    struct sp_err *err) SP_MUST_USE;

#endif
