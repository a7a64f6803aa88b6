#ifndef API_PAGE_H
#define API_PAGE_H

#include "http/router.h"

/* The sign-in page: one HTML file with its script and style inside
 * (web/signin), allowed by their hashes in the policy that it is served with.
 * It speaks to this API and to nobody else. */
extern const struct http_topic api_page_topic;

/* Made by web/signin/build.mjs. */
extern const char api_page_policy[];
extern const uint8_t api_page[];
extern const size_t api_page_len;

#endif
