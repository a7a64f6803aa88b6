#ifndef API_OPS_H
#define API_OPS_H

#include "http/router.h"

/*
 * For those who run the site: is it alive, is it ready, what does it do; and
 * the API's own description.  None of it says anything about evidence, and
 * /metrics, which counts per agency, answers to this machine only.
 */
extern const struct http_topic api_ops_topic;

#endif
