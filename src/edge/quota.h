#ifndef EDGE_QUOTA_H
#define EDGE_QUOTA_H

#include "base/err.h"

/*
 * How many may be here at once, in all and from one address.  Any thread; but
 * who asks first and then takes must be the only one who takes.
 */
struct edge_quota;

/* NULL: no memory. */
struct edge_quota *edge_quota_new(
    unsigned most, unsigned most_of_address) SP_MUST_USE;
void edge_quota_free(struct edge_quota *q); /* NULL is a no-op */

/* Is there room for one more from this address? */
bool edge_quota_has(struct edge_quota *q, const char *address) SP_MUST_USE;
/* One more, whether there is room or not; false: no memory. */
bool edge_quota_take(struct edge_quota *q, const char *address) SP_MUST_USE;
/* One that was taken goes. */
void edge_quota_give(struct edge_quota *q, const char *address);

unsigned edge_quota_taken(struct edge_quota *q);

#endif
