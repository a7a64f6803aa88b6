#ifndef TRANSFER_EXPORT_H
#define TRANSFER_EXPORT_H

#include "bag/export.h"
#include "http/router.h"

/* POST exports: {"items":[id...],"format":"zip"|"tar"}; the answer is the bag
 * itself, made while it is sent. */
extern const struct http_topic transfer_export_topic;

struct transfer_export_wish {
	enum bag_format format;
	size_t n;
	struct sp_id *id; /* owned: free() */
};
enum sp_code transfer_export_wish_read(const void *json, size_t len,
    struct transfer_export_wish *out, struct sp_err *err) SP_MUST_USE;

#endif
