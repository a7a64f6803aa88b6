#ifndef API_EVIDENCE_H
#define API_EVIDENCE_H

#include "http/router.h"

/* Evidence and its custody, told in JSON and text, and as the PDF that is made
 * for a court.  Its content is transfer/content.h's. */
extern const struct http_topic api_evidence_topic;

#endif
