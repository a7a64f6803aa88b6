#ifndef ENTRANCE_RECOVERY_H
#define ENTRANCE_RECOVERY_H

#include "http/router.h"

/* Recovery from the loss of the last administrator (gate/recovery.h): shares
 * made, and handed in by two. */
extern const struct http_topic entrance_recovery_topic;

#endif
