#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include "base/json.h"
#include "gate/once.h"
#include "http/request.h"

#include <jansson.h>

/*
 * What handlers that speak JSON share: reading a body, the members that most
 * answers have, answering.
 */

/* One JSON value and nothing after it; no member comes twice, no string holds
 * a NUL.  SP_E_INVALID otherwise: "not JSON: ...".  *out is the caller's
 * (json_auto_t). */
enum sp_code http_json_read(
    const void *json, size_t len, json_t **out, struct sp_err *err) SP_MUST_USE;

/* A creation's Idempotency-Key, with what makes the request what it is (the
 * route, which is a method and a path, the path's parameters and the whole
 * body): *key is `once` filled in, or NULL when none was sent. */
enum sp_code http_json_once(const struct http_request *q,
    struct gate_once *once, const struct gate_once **key,
    struct sp_err *err) SP_MUST_USE;

void http_json_time(struct sp_json *j, const char *name, sp_time t);
void http_json_id(struct sp_json *j, const char *name, const struct sp_id *id);

/* Answer with what was written; `what` is named when it was too much. */
enum sp_code http_json_answer(struct http_answer *a, struct sp_buf *json,
    const char *what, struct sp_err *err) SP_MUST_USE;

#endif
