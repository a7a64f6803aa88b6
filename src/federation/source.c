#include "federation/source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What is kept of one provider. */
struct entry {
	struct sp_id id;
	size_t users; /* under the list's lock; an idle one may be dropped */
	pthread_mutex_t lock;
	struct federation_metadata metadata;
	struct federation_keys *keys; /* NULL: nothing is known */
	int64_t fetched;              /* sp_ticks(), of document and keys */
	int64_t keys_fetched;
	int64_t rests_until;
	char problem[sizeof(((struct sp_err *)0)->text)];
	struct entry *next;
};

struct federation_sources {
	struct federation_sources_options o;
	pthread_mutex_t lock; /* over the list */
	struct entry *first;
	size_t n;
};

static void
lock(pthread_mutex_t *m)
{
	SP_REQUIRE(pthread_mutex_lock(m) == 0);
}

static void
unlock(pthread_mutex_t *m)
{
	SP_REQUIRE(pthread_mutex_unlock(m) == 0);
}

enum sp_code
federation_sources_new(struct federation_sources **out,
    const struct federation_sources_options *o, struct sp_err *err)
{
	struct federation_sources *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for sources");
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	s->o = *o;
	*out = s;
	return SP_OK;
}

bool
federation_sources_local(const struct federation_sources *s)
{
	return s->o.local;
}

static struct entry *
find(struct federation_sources *s, const struct sp_id *id)
{
	for (struct entry *e = s->first; e != NULL; e = e->next)
		if (sp_id_equal(&e->id, id))
			return e;
	return NULL;
}

static void
entry_free(struct entry *e)
{
	federation_keys_unref(e->keys);
	(void)pthread_mutex_destroy(&e->lock);
	free(e);
}

void
federation_sources_free(struct federation_sources *s)
{
	struct entry *e, *next;

	if (s == NULL)
		return;
	for (e = s->first; e != NULL; e = next) {
		next = e->next;
		entry_free(e);
	}
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Of removed providers, too, until there are too many. */
static void
make_room(struct federation_sources *s)
{
	struct entry **at = &s->first;

	while (s->n >= FEDERATION_KEPT_MAX && *at != NULL) {
		struct entry *e = *at;

		if (e->users > 0) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		s->n--;
		entry_free(e);
	}
}

static struct entry *
make(struct federation_sources *s, const struct sp_id *id)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&e->lock, NULL) == 0);
	make_room(s);
	e->id = *id;
	e->next = s->first;
	s->first = e;
	s->n++;
	return e;
}

/* The entry of a provider, whose id is of one row, and rows never change;
 * locked. */
static enum sp_code
enter(struct federation_sources *s, const struct sp_id *id, struct entry **out,
    struct sp_err *err)
{
	struct entry *e;

	lock(&s->lock);
	e = find(s, id);
	if (e == NULL)
		e = make(s, id);
	if (e != NULL)
		e->users++;
	unlock(&s->lock);
	if (e == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a provider");
	lock(&e->lock);
	*out = e;
	return SP_OK;
}

static void
leave(struct federation_sources *s, struct entry *e)
{
	unlock(&e->lock);
	lock(&s->lock);
	e->users--;
	unlock(&s->lock);
}

/* ---- Going out ---- */

static enum sp_code
set_out(struct federation_sources *s, const struct federation_provider *p,
    struct errand *e, const char *url, struct sp_err *err)
{
	size_t len = strlen(url);

	if (len > ERRAND_URL_MAX)
		return sp_fail_as(
		    err, SP_E_UNAVAIL, "source.away", "the URL is too long");
	memcpy(e->url, url, len + 1);
	e->local = s->o.local;
	sp_buf_add(&e->tls_ca, p->tls_ca.at, p->tls_ca.len);
	return sp_buf_check(&e->tls_ca, "CA", err);
}

static enum sp_code
get(struct federation_sources *s, const struct federation_provider *p,
    const char *url, struct sp_buf *out, struct sp_err *err)
{
	ERRAND_AUTO e = errand_new();
	unsigned status = 0;

	e.kind = ERRAND_DOCUMENT;
	SP_TRY(set_out(s, p, &e, url, err));
	SP_TRY(s->o.run(s->o.self, &e, &status, out, err));
	if (status != 200)
		return sp_fail_as(err, SP_E_UNAVAIL, "source.away",
		    "status %u, where a document should be%s", status,
		    status >= 300 && status <= 399
			? " (redirects are not followed)"
			: "");
	return SP_OK;
}

enum sp_code
federation_source_post(struct federation_sources *s,
    const struct federation_provider *p, const struct federation_post *post,
    unsigned *status, struct sp_buf *body, struct sp_err *err)
{
	ERRAND_AUTO e = errand_new();

	e.kind = ERRAND_GRANT;
	SP_TRY(set_out(s, p, &e, post->url, err));
	sp_buf_add(&e.body, post->form->at, post->form->len);
	sp_buf_add(&e.basic, post->basic->at, post->basic->len);
	SP_TRY(sp_buf_check(&e.body, "a form", err));
	SP_TRY(sp_buf_check(&e.basic, "a credential", err));
	return s->o.run(s->o.self, &e, status, body, err);
}

/* ---- Fetching; with the entry's lock ---- */

static enum sp_code
fetch_keys(struct federation_sources *s, const struct federation_provider *p,
    struct entry *e, const struct federation_metadata *m, struct sp_err *err)
{
	SP_AUTO_BUF body = sp_buf_new(FEDERATION_KEYS_JSON);
	struct federation_keys *keys = NULL;

	e->keys_fetched = sp_ticks();
	SP_TRY(get(s, p, m->jwks, &body, err));
	SP_TRY(federation_keys_parse(&keys, body.at, body.len, err));
	federation_keys_unref(e->keys);
	e->keys = keys;
	return SP_OK;
}

static enum sp_code
fetch_all(struct federation_sources *s, const struct federation_provider *p,
    struct entry *e, struct sp_err *err)
{
	SP_AUTO_BUF url = sp_buf_new(FEDERATION_URL_MAX + 64);
	SP_AUTO_BUF body = sp_buf_new(FEDERATION_DISCOVERY_MAX);
	struct federation_metadata m;

	federation_discovery_url(p->issuer, &url);
	SP_TRY(get(s, p, sp_buf_str(&url), &body, err));
	SP_TRY(federation_discovery_read(p, s->o.local, &body, &m, err));
	SP_TRY(fetch_keys(s, p, e, &m, err));
	e->metadata = m;
	e->fetched = e->keys_fetched;
	return SP_OK;
}

static bool
is_fresh(const struct entry *e)
{
	return e->keys != NULL && sp_ticks() - e->fetched < FEDERATION_FRESH;
}

/* Whatever is wrong with it, it is not this request's fault. */
static enum sp_code
freshen(struct federation_sources *s, const struct federation_provider *p,
    struct entry *e, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	if (is_fresh(e))
		return SP_OK;
	if (sp_ticks() < e->rests_until)
		return sp_fail_as(err, SP_E_UNAVAIL, "source.away",
		    "the provider cannot be used: %.150s", e->problem);
	if (fetch_all(s, p, e, &why) == SP_OK)
		return SP_OK;
	(void)snprintf(e->problem, sizeof(e->problem), "%s", why.text);
	e->rests_until = sp_ticks() + FEDERATION_REST;
	return sp_fail_as(err, SP_E_UNAVAIL,
	    why.code == SP_E_INVALID ? why.reason : "source.away",
	    "the provider cannot be used: %.150s", why.text);
}

enum sp_code
federation_source_metadata(struct federation_sources *s,
    const struct federation_provider *p, struct federation_metadata *out,
    struct sp_err *err)
{
	struct entry *e = NULL;
	enum sp_code code;

	SP_TRY(enter(s, &p->id, &e, err));
	code = freshen(s, p, e, err);
	if (code == SP_OK)
		*out = e->metadata;
	leave(s, e);
	return code;
}

/* The keys as they are, or newer ones than `known`. */
static enum sp_code
take_keys(struct federation_sources *s, const struct federation_provider *p,
    const struct federation_keys *known, struct federation_keys **out,
    struct sp_err *err)
{
	struct entry *e = NULL;
	enum sp_code code;

	SP_TRY(enter(s, &p->id, &e, err));
	code = freshen(s, p, e, err);
	if (code == SP_OK && known != NULL && e->keys == known &&
	    sp_ticks() - e->keys_fetched >= FEDERATION_ROLLOVER)
		code = fetch_keys(s, p, e, &e->metadata, err);
	if (code == SP_OK)
		*out = federation_keys_ref(e->keys);
	leave(s, e);
	return code;
}

enum sp_code
federation_source_verify(struct federation_sources *s,
    const struct federation_provider *p, const struct sp_buf *token,
    const struct federation_expect *want, struct federation_claims *out,
    struct sp_err *err)
{
	FEDERATION_AUTO_KEYS keys = NULL;
	FEDERATION_AUTO_KEYS newer = NULL;
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	SP_TRY(take_keys(s, p, NULL, &keys, err));
	code = federation_jwt_verify(
	    sp_buf_str(token), token->len, keys, want, out, &why);
	if (code == SP_E_NOTFOUND) {
		SP_TRY(take_keys(s, p, keys, &newer, err));
		code = federation_jwt_verify(
		    sp_buf_str(token), token->len, newer, want, out, &why);
	}
	if (code != SP_OK && err != NULL)
		*err = why;
	return code;
}
