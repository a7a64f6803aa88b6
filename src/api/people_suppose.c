#include "api/people_part.h"

#include "machine/range.h"

#include <string.h>

/* What a question about a decision supposes (GET …/explain): its query's
 * members, and how each stands in the facts and in the answer. */

static enum sp_code
flag(const struct http_request *q, const char *name, bool *out,
    struct sp_err *err)
{
	const char *s = http_request_query(q, name);

	if (s == NULL)
		return SP_OK;
	*out = strcmp(s, "true") == 0;
	if (!*out && strcmp(s, "false") != 0)
		return sp_fail(err, SP_E_INVALID, "%s: true or false", name);
	return SP_OK;
}

static enum sp_code
read_factor(
    const struct http_request *q, enum gate_factor *out, struct sp_err *err)
{
	const char *s = http_request_query(q, "factor");

	*out = GATE_FACTOR_SECOND;
	if (s == NULL)
		return SP_OK;
	for (unsigned f = 0; f <= GATE_FACTOR_SECOND; f++) {
		if (strcmp(s, gate_factor_name((enum gate_factor)f)) != 0)
			continue;
		*out = (enum gate_factor)f;
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID, "factor: none, single or second");
}

/* One of a few words: *out is its place among them. */
static enum sp_code
word(const struct http_request *q, const char *name, const char *const *words,
    unsigned *out, struct sp_err *err)
{
	const char *s = http_request_query(q, name);
	unsigned i = 0;

	if (s == NULL)
		return SP_OK;
	while (words[i] != NULL && strcmp(words[i], s) != 0)
		i++;
	if (words[i] == NULL)
		return sp_fail(err, SP_E_INVALID, "%s: %s, %s%s%s", name,
		    words[0], words[1], words[2] == NULL ? "" : ", ",
		    words[2] == NULL ? "" : words[2]);
	*out = i;
	return SP_OK;
}

/* In the order of their enums, which begin with the unknown. */
static const char *const holds[] = { "unknown", "on", "none", NULL };
static const char *const retentions[] = { "unknown", "running", "over", NULL };
static const char *const places[] = { "unknown", "outside", "inside", NULL };

static enum sp_code
read_address(const struct http_request *q, const char **out, struct sp_err *err)
{
	const char *s = http_request_query(q, "address");
	struct machine_range r;

	if (s != NULL &&
	    (strchr(s, '/') != NULL || !machine_range_parse(s, strlen(s), &r)))
		return sp_fail(
		    err, SP_E_INVALID, "address: an IPv4 or IPv6 address");
	*out = s;
	return SP_OK;
}

/* Of the item, and of where its content would go. */
static enum sp_code
read_item(const struct http_request *q, struct api_people_supposed *s,
    struct sp_err *err)
{
	const char *class = http_request_query(q, "class");
	unsigned hold = GATE_HOLD_UNKNOWN, place = GATE_PLACE_INSIDE;
	unsigned retention = GATE_RETENTION_UNKNOWN;

	s->class = GATE_CLASS_ORDINARY;
	if (class != NULL && !gate_class_parse(class, &s->class))
		return sp_fail(err, SP_E_INVALID,
		    "class: ordinary, restricted, sealed or unknown");
	SP_TRY(word(q, "hold", holds, &hold, err));
	SP_TRY(word(q, "retention", retentions, &retention, err));
	SP_TRY(word(q, "place", places, &place, err));
	s->hold = (enum gate_hold)hold;
	s->retention = (enum gate_retention)retention;
	s->place = (enum gate_place)place;
	return SP_OK;
}

enum sp_code
api_people_suppose(const struct http_request *q,
    struct api_people_supposed *out, struct sp_err *err)
{
	struct api_people_supposed s = { .idle = false };

	SP_TRY(read_item(q, &s, err));
	SP_TRY(read_address(q, &s.address, err));
	SP_TRY(flag(q, "idle", &s.idle, err));
	SP_TRY(flag(q, "stale", &s.stale, err));
	SP_TRY(read_factor(q, &s.factor, err));
	*out = s;
	return SP_OK;
}

struct gate_standing
api_people_supposed_standing(
    const struct api_people_supposed *s, const struct people_rules *rules)
{
	struct gate_standing is = {
		.session = GATE_SESSION_OPEN,
		.factor = s->factor,
		.limits = {
			.idle = people_rules_time(rules, PEOPLE_SESSION_LOCK),
			.reproof = people_rules_time(
			    rules, PEOPLE_SESSION_REAUTHENTICATE),
			.fresh =
			    people_rules_time(rules, PEOPLE_SESSION_PRIVILEGED),
		},
	};

	if (s->idle)
		is.idle = is.limits.idle;
	if (s->stale)
		is.since_proof = is.limits.reproof;
	return is;
}

void
api_people_supposed_facts(
    const struct api_people_supposed *s, struct gate_facts *io)
{
	io->class = s->class;
	io->hold = s->hold;
	io->retention = s->retention;
	io->place = s->place;
}

static const char *
session_words(const struct api_people_supposed *s, const struct gate_facts *f)
{
	if (f->session == GATE_SESSION_KEY)
		return "by the token: none";
	if (f->session == GATE_SESSION_NONE)
		return "a machine's: none";
	return s->stale ? "signed in too long ago"
	    : s->idle   ? "idle too long"
			: "signed in just now";
}

void
api_people_supposed_json(struct sp_json *j, const struct api_people_supposed *s,
    const struct gate_facts *f, const struct api_people_found *found)
{
	sp_json_object(j, NULL);
	if (found->address != NULL)
		sp_json_str(j, "address", found->address);
	if (gate_act_row(f->act)->most != GATE_CLASS_UNKNOWN)
		sp_json_str(j, "class", gate_class_name(f->class));
	sp_json_str(j, "duty",
	    found->duty                      ? "as found"
		: f->duty == GATE_DUTY_OTHER ? "about somebody else"
					     : "unknown");
	sp_json_str(j, "factor", gate_factor_name(f->factor));
	sp_json_str(j, "hold", holds[f->hold]);
	sp_json_str(j, "place",
	    f->place == GATE_PLACE_INSIDE ? "inside the agency's geography"
		: f->place == GATE_PLACE_OUTSIDE
		? "outside the agency's geography"
		: "unknown");
	sp_json_str(j, "retention", retentions[f->retention]);
	sp_json_str(j, "session", session_words(s, f));
	if (found->state[0] != '\0')
		sp_json_str(j, "state", found->state);
	sp_json_end(j);
}
