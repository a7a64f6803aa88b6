#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "report/dossier.h"
#include "report/text.h"

/*
 * What the log's words mean, for people who do not read logs.  Everything
 * that a later version of the log may bring is told in its own words, never
 * left out.
 */

/* "Viewing began": what an act is; for one not known here, that. */
const char *report_words_act(const char *act);
/* "refused", in words that stand alone. */
const char *report_words_outcome(const char *outcome);
/* Whether anybody should look twice: everything but "done". */
bool report_words_unusual(const char *outcome);
/* "Access token": what kind of actor. */
const char *report_words_actor(const char *kind);
/* "at a start of the server": through what, where there is no address. */
const char *report_words_source(const char *source);

/* What else the entry says, in a line; nothing when it does not. */
void report_words_detail(const struct report_event *e,
    const struct report_text_rule *rule, struct sp_buf *out);

/* An RFC 3339 time of ours in parts: "2026-11-21" and "18:45:44.123456". */
struct report_words_time {
	char date[16];
	char clock[20];
};
struct report_words_time report_words_time(const char *at);

#endif
