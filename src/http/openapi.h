#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include "base/buf.h"

struct http_routes;

/* The OpenAPI 3.1 description of the API, made from a table of routes.  Each
 * operation that the gate is asked about names its act (x-sallyport-act), and
 * the gate's own table (gate_role_matrix_json) is in x-sallyport-policy. */
void http_openapi_write(const struct http_routes *t, struct sp_buf *out);

#endif
