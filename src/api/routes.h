#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "http/router.h"

/*
 * The whole API: every topic, each a module that holds its routes and their
 * handlers.  What is served is told here and nowhere else; /v1/openapi.json is
 * made from it.
 */
extern const struct http_routes api_routes;

#endif
