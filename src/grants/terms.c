#include "grants/terms.h"

#include "base/parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define X(id, name) [id] = (name),
static const char *const state_names[] = { GRANTS_STATES(X) };
static const char *const to_names[] = { GRANTS_TOS(X) };
#undef X

/* The drawing in terms.h. */
static const unsigned next_states[GRANTS_STATE_COUNT] = {
	[GRANTS_ACTIVE] =
	    1U << GRANTS_REVOKED | 1U << GRANTS_DECLINED | 1U << GRANTS_ENDED,
};

const char *
grants_terms_state_name(enum grants_state s)
{
	SP_REQUIRE((size_t)s < GRANTS_STATE_COUNT);
	return state_names[s];
}

const char *
grants_terms_to_name(enum grants_to to)
{
	SP_REQUIRE((size_t)to < GRANTS_TO_COUNT);
	return to_names[to];
}

bool
grants_terms_state_parse(const char *s, enum grants_state *out)
{
	for (unsigned i = 0; i < GRANTS_STATE_COUNT; i++) {
		if (strcmp(s, state_names[i]) == 0) {
			*out = (enum grants_state)i;
			return true;
		}
	}
	return false;
}

bool
grants_terms_to_parse(const char *s, enum grants_to *out)
{
	for (unsigned i = 0; i < GRANTS_TO_COUNT; i++) {
		if (strcmp(s, to_names[i]) == 0) {
			*out = (enum grants_to)i;
			return true;
		}
	}
	return false;
}

bool
grants_terms_may(enum grants_state from, enum grants_state to)
{
	SP_REQUIRE((size_t)from < GRANTS_STATE_COUNT);
	SP_REQUIRE((size_t)to < GRANTS_STATE_COUNT);
	return (next_states[from] & 1U << to) != 0;
}

void
grants_terms_done(struct grants_terms *t)
{
	free(t->item);
	t->item = NULL;
	t->n = 0;
}

void
grants_terms_wish_done(struct grants_wish *w)
{
	grants_terms_done(&w->terms);
}

/* --- what it covers --- */

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sp_id));
}

enum sp_code
grants_terms_sort(struct grants_terms *t, struct sp_err *err)
{
	if (t->n == 0 || t->n > GRANTS_ITEMS)
		return sp_fail_as(err, SP_E_INVALID, "share.evidence",
		    "evidence: an array of 1 to %d ids", GRANTS_ITEMS);
	qsort(t->item, t->n, sizeof(*t->item), by_id);
	for (size_t i = 1; i < t->n; i++)
		if (sp_id_equal(&t->item[i - 1], &t->item[i]))
			return sp_fail_as(err, SP_E_INVALID, "share.evidence",
			    "evidence: an id comes twice");
	return SP_OK;
}

bool
grants_terms_covers(const struct grants_terms *t, const struct sp_id *item,
    const char *category)
{
	if (t->category[0] != '\0')
		return strcmp(t->category, category) == 0;
	return t->n > 0 &&
	    bsearch(item, t->item, t->n, sizeof(*t->item), by_id) != NULL;
}

/* Nothing that the parent certainly does not cover. */
static bool
covered(const struct grants_terms *child, const struct grants_terms *parent)
{
	if (child->category[0] != '\0')
		return strcmp(child->category, parent->category) == 0;
	if (parent->category[0] != '\0')
		return true; /* looked at when they are used */
	for (size_t i = 0; i < child->n; i++)
		if (!grants_terms_covers(parent, &child->item[i], ""))
			return false;
	return true;
}

enum sp_code
grants_terms_within(const struct grants_terms *child,
    const struct grants_terms *parent, struct sp_err *err)
{
	if (!parent->reshare)
		return sp_fail_as(err, SP_E_DENIED, "share.reshare",
		    "the share may not be shared on");
	if (child->until > parent->until)
		return sp_fail_as(err, SP_E_DENIED, "share.until",
		    "until: no later than the share it is made from");
	if (child->download && !parent->download)
		return sp_fail_as(err, SP_E_DENIED, "share.download",
		    "access: what may only be viewed is not given to "
		    "download");
	if (!covered(child, parent))
		return sp_fail_as(err, SP_E_DENIED, "share.evidence",
		    "evidence: no more than the share it is made from covers");
	return SP_OK;
}

/* --- as JSON --- */

static void
put_items(struct sp_json *j, const struct grants_terms *t)
{
	if (t->category[0] != '\0') {
		sp_json_null(j, "evidence");
		return;
	}
	sp_json_array(j, "evidence");
	for (size_t i = 0; i < t->n; i++)
		sp_json_id(j, NULL, &t->item[i]);
	sp_json_end(j);
}

void
grants_terms_put(
    struct sp_json *j, const char *name, const struct grants_terms *t)
{
	sp_json_object(j, name);
	if (t->category[0] == '\0')
		sp_json_null(j, "category");
	else
		sp_json_str(j, "category", t->category);
	sp_json_bool(j, "download", t->download);
	put_items(j, t);
	sp_json_time(j, "granted_at", t->granted);
	sp_json_id_or_null(j, "id", &t->id);
	sp_json_id_or_null(j, "owner", &t->owner);
	sp_json_id_or_null(j, "parent", &t->parent);
	sp_json_str(j, "reason", t->reason);
	sp_json_bool(j, "reshare", t->reshare);
	sp_json_id_or_null(j, "sharer", &t->sharer);
	sp_json_object(j, "to");
	sp_json_id_or_null(j, "id", &t->to_id);
	sp_json_str(j, "kind", grants_terms_to_name(t->to));
	sp_json_end(j);
	sp_json_time(j, "until", t->until);
	sp_json_end(j);
}

/* --- from JSON --- */

static bool
read_id(const json_t *v, struct sp_id *out)
{
	const char *s = json_string_value(v);

	return s != NULL && sp_id_parse(s, json_string_length(v), out);
}

static bool
read_time(const json_t *v, sp_time *out)
{
	const char *s = json_string_value(v);

	return s != NULL && sp_time_parse(s, json_string_length(v), out);
}

static bool
category_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] >= '0' && s[i] <= '9') && s[i] != '_' && s[i] != '-')
			return false;
	return len > 0 && len <= EVIDENCE_CATEGORY_MAX;
}

static enum sp_code
read_category(const json_t *v, struct grants_terms *t, struct sp_err *err)
{
	const char *s = json_string_value(v);

	if (s == NULL || !category_ok(s, json_string_length(v)))
		return sp_fail_as(err, SP_E_INVALID, "share.category",
		    "category: 1 to %d of a-z 0-9 _ -", EVIDENCE_CATEGORY_MAX);
	memcpy(t->category, s, json_string_length(v) + 1);
	return SP_OK;
}

static enum sp_code
read_items(const json_t *v, struct grants_terms *t, struct sp_err *err)
{
	size_t n = json_array_size(v); /* 0 when it is none */

	if (n == 0 || n > GRANTS_ITEMS)
		return grants_terms_sort(t, err);
	t->item = calloc(n, sizeof(*t->item));
	if (t->item == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a share");
	t->n = n;
	for (size_t i = 0; i < n; i++)
		if (!read_id(json_array_get(v, i), &t->item[i]))
			return sp_fail_as(err, SP_E_INVALID, "share.evidence",
			    "evidence: number %zu is not an id", i + 1);
	return grants_terms_sort(t, err);
}

/* Exactly one of the two; null is as if it were not there. */
static enum sp_code
read_what(const json_t *in, struct grants_terms *t, struct sp_err *err)
{
	const json_t *category = json_object_get(in, "category");
	const json_t *evidence = json_object_get(in, "evidence");
	bool by_category = category != NULL && !json_is_null(category);
	bool by_items = evidence != NULL && !json_is_null(evidence);

	if (by_category == by_items)
		return sp_fail_as(err, SP_E_INVALID, "share.evidence",
		    "one of evidence and category says what is shared");
	return by_category ? read_category(category, t, err)
			   : read_items(evidence, t, err);
}

static bool
text_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return true;
}

static enum sp_code
read_reason(const json_t *v, struct grants_terms *t, struct sp_err *err)
{
	const char *s = json_string_value(v);
	size_t len = json_string_length(v);

	if (s == NULL || len == 0 || len > GRANTS_REASON || !text_ok(s, len))
		return sp_fail_as(err, SP_E_INVALID, "share.reason",
		    "reason: 1 to %d bytes without control characters",
		    GRANTS_REASON);
	memcpy(t->reason, s, len + 1);
	return SP_OK;
}

static enum sp_code
read_ids(const json_t *in, struct grants_terms *t, struct sp_err *err)
{
	const json_t *to = json_object_get(in, "to");
	const json_t *parent = json_object_get(in, "parent");
	const char *kind = json_string_value(json_object_get(to, "kind"));

	if (!read_id(json_object_get(in, "id"), &t->id) ||
	    !read_id(json_object_get(in, "owner"), &t->owner) ||
	    !read_id(json_object_get(in, "sharer"), &t->sharer) ||
	    !read_id(json_object_get(to, "id"), &t->to_id) || kind == NULL ||
	    !grants_terms_to_parse(kind, &t->to) ||
	    (!json_is_null(parent) && !read_id(parent, &t->parent)))
		return sp_fail_as(err, SP_E_INVALID, "share.terms",
		    "terms of a share: an id is missing");
	return SP_OK;
}

static enum sp_code
read_terms(const json_t *in, struct grants_terms *t, struct sp_err *err)
{
	const json_t *download = json_object_get(in, "download");
	const json_t *reshare = json_object_get(in, "reshare");

	SP_TRY(read_ids(in, t, err));
	if (!json_is_boolean(download) || !json_is_boolean(reshare) ||
	    !read_time(json_object_get(in, "granted_at"), &t->granted) ||
	    !read_time(json_object_get(in, "until"), &t->until))
		return sp_fail_as(err, SP_E_INVALID, "share.terms",
		    "terms of a share: a member is missing");
	t->download = json_is_true(download);
	t->reshare = json_is_true(reshare);
	SP_TRY(read_reason(json_object_get(in, "reason"), t, err));
	return read_what(in, t, err);
}

enum sp_code
grants_terms_read(
    const struct json_t *in, struct grants_terms *out, struct sp_err *err)
{
	struct grants_terms t = { .n = 0 };
	enum sp_code code = read_terms(in, &t, err);

	if (code == SP_OK)
		*out = t;
	else
		grants_terms_done(&t);
	return code;
}

/* --- what is wished --- */

static enum sp_code
wish_to(const json_t *v, struct grants_wish *w, struct sp_err *err)
{
	const json_t *agency = json_object_get(v, "agency");
	const json_t *group = json_object_get(v, "group");
	const json_t *person = json_object_get(v, "person");
	const char *slug = json_string_value(agency);

	if (json_object_size(v) == 1 && slug != NULL &&
	    strlen(slug) == json_string_length(agency) && sp_slug_ok(slug)) {
		w->terms.to = GRANTS_TO_AGENCY;
		memcpy(w->agency, slug, strlen(slug) + 1);
		return SP_OK;
	}
	if (json_object_size(v) == 1 && read_id(group, &w->terms.to_id)) {
		w->terms.to = GRANTS_TO_GROUP;
		return SP_OK;
	}
	if (json_object_size(v) == 1 && read_id(person, &w->terms.to_id)) {
		w->terms.to = GRANTS_TO_PERSON;
		return SP_OK;
	}
	return sp_fail_as(err, SP_E_INVALID, "share.to",
	    "to: an object with one of agency (its short name), group and "
	    "person (an id)");
}

static enum sp_code
wish_until(
    const json_t *in, sp_time now, struct grants_wish *w, struct sp_err *err)
{
	const json_t *until = json_object_get(in, "until");
	const json_t *days = json_object_get(in, "days");
	const sp_time day = INT64_C(86400) * SP_SECOND;
	json_int_t n = json_integer_value(days);

	w->timed = until != NULL || days != NULL;
	if (!w->timed)
		return SP_OK;
	if (until != NULL && days != NULL)
		return sp_fail_as(err, SP_E_INVALID, "share.until",
		    "one of until and days says when it ends");
	if (until != NULL && !read_time(until, &w->terms.until))
		return sp_fail_as(err, SP_E_INVALID, "share.until",
		    "until: a time as RFC 3339 has it");
	if (days != NULL && (!json_is_integer(days) || n < 1 || n > 3660))
		return sp_fail_as(err, SP_E_INVALID, "share.days",
		    "days: a number from 1 on");
	if (days != NULL)
		w->terms.until = now + n * day;
	return SP_OK;
}

static enum sp_code
wish_flags(const json_t *in, struct grants_wish *w, struct sp_err *err)
{
	const json_t *access = json_object_get(in, "access");
	const json_t *reshare = json_object_get(in, "reshare");
	const char *how = access == NULL ? "view" : json_string_value(access);

	if (how == NULL ||
	    (strcmp(how, "view") != 0 && strcmp(how, "download") != 0))
		return sp_fail_as(err, SP_E_INVALID, "share.access",
		    "access: \"view\" or \"download\"");
	if (reshare != NULL && !json_is_boolean(reshare))
		return sp_fail_as(err, SP_E_INVALID, "share.reshare",
		    "reshare: true or false");
	w->terms.download = strcmp(how, "download") == 0;
	w->terms.reshare = json_is_true(reshare);
	return SP_OK;
}

static enum sp_code
wish_members(const json_t *in, struct sp_err *err)
{
	static const char *const known[] = { "access", "category", "days",
		"evidence", "parent", "reason", "reshare", "to", "until" };
	size_t n = 0;

	for (size_t i = 0; i < SP_COUNTOF(known); i++)
		n += json_object_get(in, known[i]) != NULL;
	if (!json_is_object(in) || json_object_size(in) != n)
		return sp_fail_as(err, SP_E_INVALID, "share.member",
		    "an object with evidence or category, to and reason, "
		    "perhaps access, until or days, reshare, parent, and "
		    "nothing else");
	return SP_OK;
}

static enum sp_code
wish(const json_t *in, sp_time now, struct grants_wish *w, struct sp_err *err)
{
	const json_t *parent = json_object_get(in, "parent");

	SP_TRY(wish_members(in, err));
	SP_TRY(wish_to(json_object_get(in, "to"), w, err));
	SP_TRY(wish_flags(in, w, err));
	SP_TRY(wish_until(in, now, w, err));
	SP_TRY(read_reason(json_object_get(in, "reason"), &w->terms, err));
	if (parent != NULL && !read_id(parent, &w->terms.parent))
		return sp_fail_as(err, SP_E_INVALID, "share.parent",
		    "parent: the id of a share");
	return read_what(in, &w->terms, err);
}

enum sp_code
grants_terms_wish(const struct json_t *in, sp_time now, struct grants_wish *out,
    struct sp_err *err)
{
	struct grants_wish w = { .timed = false };
	enum sp_code code = wish(in, now, &w, err);

	if (code == SP_OK)
		*out = w;
	else
		grants_terms_wish_done(&w);
	return code;
}
