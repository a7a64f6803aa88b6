#include "grants/request.h"

#include "base/parse.h"

#include <jansson.h>
#include <string.h>

#define X(id, name) [id] = (name),
static const char *const state_names[] = { GRANTS_REQUEST_STATES(X) };
static const char *const event_names[] = { GRANTS_REQUEST_EVENTS(X) };
#undef X

/* --- the machine --- */

#define OF(state) (1U << (state))
#define WAITING                                                                \
	(OF(GRANTS_INITIALIZING) | OF(GRANTS_PENDING) | OF(GRANTS_APPROVING))
#define ASKED (OF(GRANTS_PENDING) | OF(GRANTS_APPROVING))

/* From which states an event may happen, of ordinary requests and of broken
 * glass, and what comes of it. */
static const struct {
	unsigned ordinary, glass;
	enum grants_request_state to;
} events[GRANTS_REQUEST_EVENT_COUNT] = {
	[GRANTS_ASK] = { OF(GRANTS_INITIALIZING), 0, GRANTS_PENDING },
	[GRANTS_BREAK] = { 0, OF(GRANTS_INITIALIZING), GRANTS_APPROVED },
	[GRANTS_DROP] = { WAITING, OF(GRANTS_INITIALIZING), GRANTS_DENIED },
	[GRANTS_APPROVE] = { ASKED, 0, GRANTS_APPROVING },
	[GRANTS_LAST] = { ASKED, 0, GRANTS_APPROVED },
	[GRANTS_DENY] = { ASKED, 0, GRANTS_DENIED },
	[GRANTS_LATE] = { WAITING, OF(GRANTS_INITIALIZING), GRANTS_EXPIRED },
	[GRANTS_REVOKE] = { OF(GRANTS_APPROVED), OF(GRANTS_APPROVED),
	    GRANTS_WITHDRAWN },
	[GRANTS_COMPLETE] = { OF(GRANTS_APPROVED), OF(GRANTS_APPROVED),
	    GRANTS_COMPLETED },
	[GRANTS_END] = { OF(GRANTS_APPROVED), OF(GRANTS_APPROVED),
	    GRANTS_COMPLETED },
};

const char *
grants_request_state_name(enum grants_request_state s)
{
	SP_REQUIRE((size_t)s < GRANTS_REQUEST_STATE_COUNT);
	return state_names[s];
}

bool
grants_request_state_parse(const char *s, enum grants_request_state *out)
{
	for (unsigned i = 0; i < GRANTS_REQUEST_STATE_COUNT; i++) {
		if (strcmp(state_names[i], s) == 0) {
			*out = (enum grants_request_state)i;
			return true;
		}
	}
	return false;
}

const char *
grants_request_state_shown(enum grants_request_state s, bool half)
{
	if (half && s == GRANTS_DENIED)
		return "Denying";
	if (half && s == GRANTS_WITHDRAWN)
		return "Revoking";
	if (half && s == GRANTS_COMPLETED)
		return "Completing";
	return grants_request_state_name(s);
}

bool
grants_request_over(enum grants_request_state s)
{
	return s > GRANTS_APPROVED;
}

const char *
grants_request_event_name(enum grants_request_event e)
{
	SP_REQUIRE((size_t)e < GRANTS_REQUEST_EVENT_COUNT);
	return event_names[e];
}

enum sp_code
grants_request_happen(enum grants_request_state *io, bool glass,
    enum grants_request_event e, struct sp_err *err)
{
	unsigned from;

	SP_REQUIRE((size_t)*io < GRANTS_REQUEST_STATE_COUNT);
	SP_REQUIRE((size_t)e < GRANTS_REQUEST_EVENT_COUNT);
	from = glass ? events[e].glass : events[e].ordinary;
	if ((from & OF(*io)) == 0)
		return sp_fail_as(err, SP_E_CONFLICT, "lockbox.state",
		    "the request is %s: %s is not possible now",
		    state_names[*io], event_names[e]);
	*io = events[e].to;
	return SP_OK;
}

/* Two ends that crossed each other both stand in the ledgers; each house keeps
 * the one it made. */
enum grants_request_state
grants_request_later(
    enum grants_request_state here, enum grants_request_state told)
{
	return grants_request_over(here) || here >= told ? here : told;
}

bool
grants_request_covers(const struct grants_request *r, const struct sp_id *item,
    const char *category, sp_time received, sp_time began)
{
	if (r->category[0] != '\0')
		return strcmp(r->category, category) == 0 && received <= began;
	for (size_t i = 0; i < r->n; i++)
		if (sp_id_equal(&r->item[i], item))
			return true;
	return false;
}

/* --- what is sent --- */

enum sp_code
grants_request_text_check(const char *reason, const char *s, size_t min,
    size_t max, struct sp_err *err)
{
	size_t len = s == NULL ? 0 : strnlen(s, max + 1);
	bool ok = s != NULL && len >= min && len <= max;

	for (size_t i = 0; ok && i < len;) {
		size_t n = sp_utf8_next(s + i, len - i);

		ok = n > 0 &&
		    (s[i] == '\n' || s[i] == '\t' || sp_utf8_shown(s + i, n));
		i += n;
	}
	if (!ok)
		return sp_fail_as(err, SP_E_INVALID, reason,
		    "%s: %zu to %zu bytes of UTF-8 that can be seen", reason,
		    min, max);
	return SP_OK;
}

static enum sp_code
read_text(const json_t *in, const char *reason, size_t min, size_t max,
    char *out, struct sp_err *err)
{
	const char *s =
	    json_string_value(json_object_get(in, strchr(reason, '.') + 1));

	SP_TRY(grants_request_text_check(reason, s, min, max, err));
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
bad_items(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_INVALID, "lockbox.evidence",
	    "lockbox.evidence: 1 to %d ids, none twice; or a category instead",
	    GRANTS_REQUEST_ITEMS);
}

static enum sp_code
read_items(const json_t *ids, struct grants_request *r, struct sp_err *err)
{
	size_t n = json_array_size(ids);

	if (n < 1 || n > GRANTS_REQUEST_ITEMS)
		return bad_items(err);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(ids, i);
		struct sp_id id;

		if (!json_is_string(one) ||
		    !sp_id_parse(
			json_string_value(one), json_string_length(one), &id) ||
		    grants_request_covers(r, &id, "", 0, 0))
			return bad_items(err);
		r->item[r->n++] = id;
	}
	return SP_OK;
}

static bool
category_ok(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return len > 0 && len <= EVIDENCE_CATEGORY_MAX && s[len] == '\0';
}

static enum sp_code
read_what(const json_t *in, struct grants_request *r, struct sp_err *err)
{
	const json_t *ids = json_object_get(in, "evidence");
	const json_t *category = json_object_get(in, "category");
	const char *s = json_string_value(category);

	if (json_is_null(ids))
		ids = NULL;
	if (json_is_null(category))
		category = NULL;
	if ((ids == NULL) == (category == NULL))
		return bad_items(err);
	if (ids != NULL)
		return read_items(ids, r, err);
	if (s == NULL || !category_ok(s))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.category",
		    "lockbox.category: 1 to %d of a-z, 0-9, _ and -",
		    EVIDENCE_CATEGORY_MAX);
	memcpy(r->category, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
read_from(const json_t *from, struct grants_request *r, struct sp_err *err)
{
	size_t n = json_array_size(from);

	if (from == NULL || json_is_null(from))
		return SP_OK;
	if (!json_is_array(from) || n == 0)
		return sp_fail_as(err, SP_E_INVALID, "lockbox.from",
		    "lockbox.from: 1 to %d address ranges, as 192.0.2.0/24",
		    MACHINE_RANGES_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(from, i));

		if (s == NULL ||
		    machine_ranges_add(&r->from, s, strlen(s), NULL) != SP_OK)
			return sp_fail_as(err, SP_E_INVALID, "lockbox.from",
			    "lockbox.from: 1 to %d address ranges, as "
			    "192.0.2.0/24",
			    MACHINE_RANGES_MAX);
	}
	return SP_OK;
}

static enum sp_code
read_minutes(const json_t *in, struct grants_request *r, struct sp_err *err)
{
	const json_t *v = json_object_get(in, "minutes");
	json_int_t n = json_integer_value(v);

	if (v == NULL || json_is_null(v))
		return SP_OK;
	if (!json_is_integer(v) || n < 1 || n > 43200)
		return sp_fail_as(err, SP_E_INVALID, "lockbox.minutes",
		    "lockbox.minutes: a number from 1 to 43200");
	r->minutes = n;
	return SP_OK;
}

static enum sp_code
read_members(const json_t *in, struct sp_err *err)
{
	static const char *const known[] = { "agency", "category", "evidence",
		"from", "glass", "minutes", "ticket", "why" };
	const json_t *glass = json_object_get(in, "glass");
	const char *name;
	json_t *value;

	if (!json_is_object(in))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.body",
		    "an object with agency, evidence or category, ticket and "
		    "why is wanted");
	if (glass != NULL && !json_is_boolean(glass))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.glass",
		    "lockbox.glass: true or false");
	/* It only reads.  NOLINTNEXTLINE(performance-no-int-to-ptr) */
	json_object_foreach((json_t *)(uintptr_t)in, name, value)
	{
		bool found = false;

		for (size_t i = 0; i < SP_COUNTOF(known); i++)
			found = found || strcmp(known[i], name) == 0;
		if (!found)
			return sp_fail_as(err, SP_E_INVALID, "lockbox.body",
			    "there is no member %.40s", name);
	}
	return SP_OK;
}

static enum sp_code
read_agency(const json_t *in, const char **slug, struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(in, "agency"));

	if (s == NULL || !sp_slug_ok(s))
		return sp_fail_as(err, SP_E_INVALID, "lockbox.agency",
		    "lockbox.agency: the slug of an agency of this site");
	*slug = s;
	return SP_OK;
}

static enum sp_code
read_reasons(const json_t *in, struct grants_request *r, struct sp_err *err)
{
	SP_TRY(read_text(in, "lockbox.why", GRANTS_REQUEST_WHY_MIN,
	    GRANTS_REQUEST_WHY_MAX, r->why, err));
	return read_text(
	    in, "lockbox.ticket", 1, GRANTS_REQUEST_TICKET, r->ticket, err);
}

enum sp_code
grants_request_read(const struct json_t *in, char slug[static SP_SLUG_MAX + 1],
    struct grants_request *out, struct sp_err *err)
{
	struct grants_request r = { .n = 0 };
	const char *s = NULL;

	SP_TRY(read_members(in, err));
	SP_TRY(read_agency(in, &s, err));
	SP_TRY(read_reasons(in, &r, err));
	SP_TRY(read_what(in, &r, err));
	SP_TRY(read_from(json_object_get(in, "from"), &r, err));
	SP_TRY(read_minutes(in, &r, err));
	r.glass = json_is_true(json_object_get(in, "glass"));
	memcpy(slug, s, strlen(s) + 1);
	*out = r;
	return SP_OK;
}

/* --- as it is kept --- */

static void
put_what(struct sp_json *j, const struct grants_request *r)
{
	if (r->category[0] == '\0')
		sp_json_null(j, "category");
	else
		sp_json_str(j, "category", r->category);
}

static void
put_items(struct sp_json *j, const struct grants_request *r)
{
	if (r->category[0] != '\0') {
		sp_json_null(j, "evidence");
		return;
	}
	sp_json_array(j, "evidence");
	for (size_t i = 0; i < r->n; i++)
		sp_json_id(j, NULL, &r->item[i]);
	sp_json_end(j);
}

static void
put_from(struct sp_json *j, const struct grants_request *r)
{
	char text[MACHINE_RANGE_TEXT];

	sp_json_array(j, "from");
	for (size_t i = 0; i < r->from.n; i++) {
		machine_range_text(&r->from.range[i], text);
		sp_json_str(j, NULL, text);
	}
	sp_json_end(j);
}

void
grants_request_put(
    struct sp_json *j, const char *name, const struct grants_request *r)
{
	char when[SP_TIME_TEXT];

	sp_time_text(r->created, when);
	sp_json_object(j, name);
	sp_json_id(j, "agency", &r->agency);
	put_what(j, r);
	sp_json_str(j, "created_at", when);
	put_items(j, r);
	put_from(j, r);
	sp_json_bool(j, "glass", r->glass);
	sp_json_id(j, "house", &r->house);
	sp_json_id(j, "id", &r->id);
	sp_json_int(j, "minutes", r->minutes);
	sp_json_object(j, "requester");
	sp_json_id(j, "id", &r->requester);
	sp_json_str(j, "name", r->name);
	sp_json_end(j);
	sp_json_str(j, "ticket", r->ticket);
	sp_json_str(j, "why", r->why);
	sp_json_end(j);
}

static bool
get_id(const json_t *in, const char *name, struct sp_id *out)
{
	const json_t *v = json_object_get(in, name);

	return json_is_string(v) &&
	    sp_id_parse(json_string_value(v), json_string_length(v), out);
}

/* What grants_request_put adds to what is sent. */
static bool
get_rest(const json_t *in, struct grants_request *r)
{
	const json_t *at = json_object_get(in, "created_at");
	const json_t *who = json_object_get(in, "requester");
	const char *name = json_string_value(json_object_get(who, "name"));

	if (name == NULL || strlen(name) >= sizeof(r->name))
		return false;
	memcpy(r->name, name, strlen(name) + 1);
	r->glass = json_is_true(json_object_get(in, "glass"));
	return json_is_string(at) &&
	    sp_time_parse(
		json_string_value(at), json_string_length(at), &r->created) &&
	    get_id(in, "agency", &r->agency) &&
	    get_id(in, "house", &r->house) && get_id(in, "id", &r->id) &&
	    get_id(who, "id", &r->requester);
}

enum sp_code
grants_request_from(
    const char *text, struct grants_request *out, struct sp_err *err)
{
	json_auto_t *in = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct grants_request r = { .n = 0 };

	if (in == NULL || !get_rest(in, &r) ||
	    read_text(in, "lockbox.why", GRANTS_REQUEST_WHY_MIN,
		GRANTS_REQUEST_WHY_MAX, r.why, NULL) != SP_OK ||
	    read_text(in, "lockbox.ticket", 1, GRANTS_REQUEST_TICKET, r.ticket,
		NULL) != SP_OK ||
	    read_what(in, &r, NULL) != SP_OK ||
	    read_from(json_object_get(in, "from"), &r, NULL) != SP_OK ||
	    /* No range would be every address. */
	    r.from.n == 0 || read_minutes(in, &r, NULL) != SP_OK ||
	    r.minutes == 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "a lockbox request in the database cannot be read");
	*out = r;
	return SP_OK;
}
