#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include "base/buf.h"

/* The OpenAPI 3.1 description of the API, made from the table of routes. */
void http_openapi_write(struct sp_buf *out);

#endif
