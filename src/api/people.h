#ifndef API_PEOPLE_H
#define API_PEOPLE_H

#include "http/router.h"

/*
 * People: accounts, roles, states (people.c); what is sealed of them
 * (people_sealed.c); their records (people_record.c) and what they and their
 * companies sign (people_signature.c); agreements (people_agreement.c); the
 * rules and roles in force (people_policy.c); the personnel file in and out
 * (people_roster.c); and why somebody may or may not (people_explain.c, with
 * people_way.c and people_thing.c).  What they share is people_part.h's.
 *
 * {person} in a path is an id, a login, or "~" for whoever asks.  What the gate
 * is asked for stands in each route; acts that nobody does about themselves
 * are asked with the duty found out.  Whoever may not ask hears the same of a
 * person that is there and of one that is not.
 */
extern const struct http_topic api_people_topic;
extern const struct http_topic api_people_record_topic;
extern const struct http_topic api_people_sealed_topic;
extern const struct http_topic api_people_signature_topic;
extern const struct http_topic api_people_agreement_topic;
extern const struct http_topic api_people_policy_topic;
extern const struct http_topic api_people_roster_topic;
extern const struct http_topic api_people_explain_topic;

#endif
