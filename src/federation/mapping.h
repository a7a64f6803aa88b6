#ifndef FEDERATION_MAPPING_H
#define FEDERATION_MAPPING_H

#include "federation/jwt.h"
#include "federation/provider.h"
#include "gate/decision.h"

/*
 * Whose account at a provider is whose here, and how strongly they proved it.
 *
 *   issuer + sub linked before?  ---yes---> that person
 *     | no
 *   human claim configured and there?
 *     |  one person of that `human` --------------------.
 *     |  several: the login claim says which of them ---+
 *     |  none ------------------------------------------|---.
 *   login claim: the person of that login (and of no    |   |
 *     other `human`) -----------------------------------+   |
 *                                                       v   |
 *                  linked: from now on issuer + sub decide  |
 *                                                           v
 *                           provisioning: a new person, or nobody
 *
 * What links is the subject: a login that is given to somebody else there
 * leads to nobody here, since the person is linked to another subject.
 * Stored are SHA-256 of issuer and of subject.
 */

/* Whose is it?  Inside an act.  Entries "identity.linked" (provider) where it
 * is the first time, and "person.added" where it adds one.  SP_E_UNKNOWN with
 * the reason: identity.claim (one that is configured is not there, or not
 * fit: an e-mail address must be a verified one), identity.unknown,
 * identity.many, identity.ended (their accounts here have ended: nobody is
 * added anew), identity.other (the person is linked to another account). */
enum sp_code federation_mapping_person(const struct people_act *a,
    const struct federation_provider *p, const struct federation_claims *c,
    struct sp_id *person, struct sp_err *err) SP_MUST_USE;

/* GATE_FACTOR_SECOND if acr or amr has a value that is configured to say so;
 * else GATE_FACTOR_SINGLE. */
enum gate_factor federation_mapping_factor(
    const struct federation_provider *p, const struct federation_claims *c);

/* When they proved it, as the provider says: never later than now.  Where it
 * does not say, or so long ago that a session would be over by the rules
 * (session.reauthenticate; the provider is configured without max_age), just so
 * long ago that it is not fresh (session.privileged): what asks for a fresh
 * proof asks again. */
sp_time federation_mapping_proved(const struct people_rules *rules,
    const struct federation_claims *c, sp_time now);

/* Forget a person's links, for one who gets another account there.  Entry
 * "identity.unlinked".  SP_E_NOTFOUND: there is none. */
enum sp_code federation_mapping_unlink(const struct people_act *a,
    const struct sp_id *person, struct sp_err *err) SP_MUST_USE;

#endif
