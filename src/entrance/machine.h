#ifndef ENTRANCE_MACHINE_H
#define ENTRANCE_MACHINE_H

#include "http/router.h"
#include "machine/service.h"

/* What calls by itself: service accounts, and the token endpoint at which they
 * prove themselves. */
extern const struct http_topic entrance_machine_topic;

/* POST services: {"label","scope":[ACT…]} and, if they are given,
 * "ranges":[RANGE…] and one of "expires_at" and "expires_in_days" (else
 * ENTRANCE_SERVICE_DAYS from now); nothing else.  The label points into `root`.
 */
#define ENTRANCE_SERVICE_DAYS 365
#define ENTRANCE_OVERLAP_HOURS                                                 \
	720 /* of two secrets, at most; 24 if not said                         \
	     */

struct json_t;
enum sp_code entrance_machine_wish(const struct json_t *root, sp_time now,
    struct machine_service_new *out, struct sp_err *err) SP_MUST_USE;

#endif
