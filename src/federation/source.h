#ifndef FEDERATION_SOURCE_H
#define FEDERATION_SOURCE_H

#include "errand/desk.h"
#include "federation/discovery.h"
#include "federation/jwt.h"

/*
 * Providers' documents and keys, fetched through a messenger (errand/desk.h)
 * and kept for a while; one for a server, shared by its threads.
 *
 *   nothing --fetch--> kept, FEDERATION_FRESH --too old--> fetched again
 *      ^  \--fails--> resting, FEDERATION_REST: whoever asks is told at once
 *      '--- another row of this name was configured
 *
 * One thread fetches for a provider, others wait for it.  A key that is not
 * known (providers change theirs) has the keys fetched again, at most once in
 * FEDERATION_ROLLOVER: a made-up kid is no way to have a provider flooded.
 */
#define FEDERATION_FRESH    (3600 * SP_SECOND)
#define FEDERATION_ROLLOVER (60 * SP_SECOND)
#define FEDERATION_REST     (5 * SP_SECOND)
#define FEDERATION_KEPT_MAX 1000 /* providers; then an idle one makes room */

struct federation_sources;

struct federation_sources_options {
	/* Run it and wait, as errand_desk_run does. */
	enum sp_code (*run)(void *self, struct errand *e, unsigned *status,
	    struct sp_buf *body, struct sp_err *err);
	void *self;
	bool local; /* providers on this machine may be spoken to */
};
enum sp_code federation_sources_new(struct federation_sources **out,
    const struct federation_sources_options *o, struct sp_err *err) SP_MUST_USE;
void federation_sources_free(struct federation_sources *s); /* NULL: no-op */
bool federation_sources_local(const struct federation_sources *s);

/* What the provider says of itself.  SP_E_UNAVAIL, reason "source.away" or
 * those of federation_discovery_read as SP_E_UNAVAIL: the text says what to
 * have looked at. */
enum sp_code federation_source_metadata(struct federation_sources *s,
    const struct federation_provider *p, struct federation_metadata *out,
    struct sp_err *err) SP_MUST_USE;
/* An ID token, by the provider's keys (federation_jwt_verify). */
enum sp_code federation_source_verify(struct federation_sources *s,
    const struct federation_provider *p, const struct sp_buf *token,
    const struct federation_expect *want, struct federation_claims *out,
    struct sp_err *err) SP_MUST_USE;
/* Send a form to its token endpoint; `basic` may be empty. */
struct federation_post {
	const char *url;
	const struct sp_buf *form, *basic;
};
enum sp_code federation_source_post(struct federation_sources *s,
    const struct federation_provider *p, const struct federation_post *post,
    unsigned *status, struct sp_buf *body, struct sp_err *err) SP_MUST_USE;

#endif
