#include "people/rules_part.h"

#include "base/parse.h"
#include "people/agency.h"
#include "people/field.h"

#include <stdlib.h>
#include <string.h>

/* A file of rules, read: a whole one, or an overlay on another. */
#define NAMED_MAX 128 /* rules, or roles */

/* --- one member --- */

/* Where we are in a file, for errors: "rules.logon.failures". */
struct at {
	const char *part; /* "rules" */
	const char *name; /* "logon.failures" */
};

static enum sp_code
text_of(const json_t *o, const struct at *at, const char *member, char *out,
    size_t max, struct sp_err *err)
{
	const json_t *v = json_object_get(o, member);
	const char *s = json_string_value(v);

	if (s == NULL || strlen(s) != json_string_length(v) ||
	    !people_text_ok(s, max))
		return sp_fail_as(err, SP_E_INVALID, "rules.text",
		    "%s.%s: %s must be text of 1 to %zu bytes", at->part,
		    at->name, member, max);
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
number_of(const json_t *o, const struct at *at, const char *member,
    const int64_t range[static 2], int64_t *out, struct sp_err *err)
{
	int64_t min = range[0], max = range[1];
	const json_t *v = json_object_get(o, member);
	int64_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < min || n > max)
		return sp_fail_as(err, SP_E_INVALID, "rules.value",
		    "%s.%s: %s must be a whole number from %jd to %jd",
		    at->part, at->name, member, (intmax_t)min, (intmax_t)max);
	*out = n;
	return SP_OK;
}

/* Only these members, which are separated by spaces. */
static enum sp_code
members_are(
    json_t *o, const struct at *at, const char *names, struct sp_err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(o))
		return sp_fail_as(err, SP_E_INVALID, "rules.shape",
		    "%s.%s: must be an object", at->part, at->name);
	json_object_foreach(o, name, value)
	{
		const char *found = strstr(names, name);
		size_t len = strlen(name);

		(void)value;
		if (len == 0 || found == NULL ||
		    (found != names && found[-1] != ' ') ||
		    (found[len] != '\0' && found[len] != ' '))
			return sp_fail_as(err, SP_E_INVALID, "rules.member",
			    "%s%s%s: there is no member \"%s\" here: %s",
			    at->part, at->name[0] == '\0' ? "" : ".", at->name,
			    name, names);
	}
	return SP_OK;
}

static enum sp_code
stricter(enum people_rule id, int64_t before, int64_t now, struct sp_err *err)
{
	bool weaker = people_rules_spec[id].stricter < 0 ? now > before
	    : people_rules_spec[id].stricter > 0         ? now < before
							 : false;

	if (weaker)
		return sp_fail_as(err, SP_E_INVALID, "rules.weaker",
		    "rules.%s: %jd %s is weaker than %jd, which it would take "
		    "the place of; a state or agency may only be stricter",
		    people_rules_spec[id].name, (intmax_t)now,
		    people_rules_spec[id].unit, (intmax_t)before);
	return SP_OK;
}

/* Who sees to it: what a whole file says, which no overlay changes. */
static enum sp_code
read_by(json_t *o, enum people_rule id, enum people_rules_by *out,
    struct sp_err *err)
{
	const json_t *said = json_object_get(o, "by");
	const char *s = json_string_value(said);

	if (said == NULL) {
		*out = PEOPLE_BY_PROGRAM;
		return SP_OK;
	}
	for (size_t i = 0; s != NULL && i < SP_COUNTOF(people_rules_by_names);
	     i++)
		if (strcmp(people_rules_by_names[i], s) == 0) {
			*out = (enum people_rules_by)i;
			return SP_OK;
		}
	return sp_fail_as(err, SP_E_INVALID, "rules.by",
	    "rules.%s: by must be \"program\", \"construction\" or \"agency\"",
	    people_rules_spec[id].name);
}

static enum sp_code
check_unit(const json_t *o, enum people_rule id, struct sp_err *err)
{
	const char *want = people_rules_spec[id].unit;
	const char *unit = json_string_value(json_object_get(o, "unit"));

	if (unit == NULL || strcmp(unit, want) != 0)
		return sp_fail_as(err, SP_E_INVALID, "rules.unit",
		    "rules.%s: unit must be \"%s\"", people_rules_spec[id].name,
		    want);
	return SP_OK;
}

/* Number, section and sentence: as a whole file and an overlay have them. */
static enum sp_code
read_words(
    const json_t *o, enum people_rule id, struct rule *io, struct sp_err *err)
{
	struct at at = { "rules", people_rules_spec[id].name };
	const int64_t range[] = { people_rules_spec[id].min,
		people_rules_spec[id].max };

	SP_TRY(check_unit(o, id, err));
	SP_TRY(number_of(o, &at, "value", range, &io->value, err));
	SP_TRY(
	    text_of(o, &at, "section", io->section, PEOPLE_RULES_SECTION, err));
	return text_of(o, &at, "text", io->text, PEOPLE_RULES_TEXT, err);
}

static enum sp_code
read_rule(struct people_rules *r, size_t which, json_t *o, bool overlay,
    struct sp_err *err)
{
	enum people_rule id = (enum people_rule)which;
	struct at at = { "rules", people_rules_spec[id].name };
	struct rule made = { .by = r->rule[id].by };

	SP_TRY(members_are(o, &at,
	    overlay ? "value unit section text" : "value unit section text by",
	    err));
	SP_TRY(read_words(o, id, &made, err));
	if (overlay)
		SP_TRY(stricter(id, r->rule[id].value, made.value, err));
	else
		SP_TRY(read_by(o, id, &made.by, err));
	r->rule[id] = made;
	return SP_OK;
}

static enum sp_code
read_role(struct people_rules *r, size_t which, json_t *o, bool overlay,
    struct sp_err *err)
{
	static const int64_t levels[] = { 1, 4 };
	enum people_role role = (enum people_role)which;
	struct at at = { "roles", people_role_name(role) };
	struct level made;
	int64_t level = 0;

	SP_TRY(members_are(o, &at, "training section", err));
	SP_TRY(number_of(o, &at, "training", levels, &level, err));
	SP_TRY(text_of(
	    o, &at, "section", made.section, PEOPLE_RULES_SECTION, err));
	made.training = (int)level;
	if (overlay && made.training < r->level[role].training)
		return sp_fail_as(err, SP_E_INVALID, "rules.weaker",
		    "roles.%s: training of level %d is weaker than %d; a state "
		    "or agency may only be stricter",
		    at.name, made.training, r->level[role].training);
	r->level[role] = made;
	return SP_OK;
}

/* --- the parts --- */

/* Each rule, or each role: an object under its name. */
struct named {
	const char *part, *one; /* "rules", "rule" */
	size_t n;
	const char *(*name)(size_t id);
	enum sp_code (*read)(struct people_rules *r, size_t id, json_t *o,
	    bool overlay, struct sp_err *err);
};

static bool
find_named(const struct named *k, const char *name, size_t *out)
{
	for (size_t i = 0; i < k->n; i++) {
		if (strcmp(k->name(i), name) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* A whole file has all of them, an overlay some. */
static enum sp_code
read_named(struct people_rules *r, const struct named *k, json_t *all,
    bool overlay, struct sp_err *err)
{
	bool seen[NAMED_MAX] = { false };
	const char *name;
	json_t *o;

	SP_REQUIRE(k->n <= SP_COUNTOF(seen));
	if (all != NULL && !json_is_object(all))
		return sp_fail_as(err, SP_E_INVALID, "rules.shape",
		    "%s: must be an object", k->part);
	json_object_foreach(all, name, o)
	{
		size_t id = 0;

		if (!find_named(k, name, &id))
			return sp_fail_as(err, SP_E_INVALID, "rules.name",
			    "%s: there is no %s \"%s\"", k->part, k->one, name);
		SP_TRY(k->read(r, id, o, overlay, err));
		seen[id] = true;
	}
	for (size_t i = 0; i < k->n && !overlay; i++)
		if (!seen[i])
			return sp_fail_as(err, SP_E_INVALID, "rules.missing",
			    "%s: %s is missing", k->part, k->name(i));
	return SP_OK;
}

static const char *
rule_name(size_t id)
{
	return people_rules_spec[id].name;
}

static const char *
role_name(size_t id)
{
	return people_role_name((enum people_role)id);
}

static const struct named rules = {
	.part = "rules",
	.one = "rule",
	.n = PEOPLE_RULE_COUNT,
	.name = rule_name,
	.read = read_rule,
};
static const struct named roles = {
	.part = "roles",
	.one = "role",
	.n = PEOPLE_ROLE_COUNT,
	.name = role_name,
	.read = read_role,
};

static enum sp_code
read_zone(struct people_rules *r, const json_t *v, const char *name,
    struct sp_err *err)
{
	const char *s = json_string_value(v);

	if (s == NULL || strlen(s) != json_string_length(v) ||
	    !people_zone_parse(s, &r->zone))
		return sp_fail_as(err, SP_E_INVALID, "rules.zone",
		    "%s: must be a POSIX TZ rule, as EST5EDT,M3.2.0,M11.1.0",
		    name);
	return SP_OK;
}

/* Each is looked at, the state's own is kept. */
static enum sp_code
read_zones(struct people_rules *r, json_t *all, struct sp_err *err)
{
	struct people_zone own = { .text = "" };
	const char *name;
	json_t *v;

	if (!json_is_object(all))
		return sp_fail_as(err, SP_E_INVALID, "rules.shape",
		    "zones: must be an object");
	json_object_foreach(all, name, v)
	{
		char place[16];

		if (!people_agency_state_ok(name))
			return sp_fail_as(err, SP_E_INVALID, "rules.name",
			    "zones: there is no state \"%s\"", name);
		(void)snprintf(place, sizeof(place), "zones.%s", name);
		SP_TRY(read_zone(r, v, place, err));
		if (strcmp(name, r->state) == 0)
			own = r->zone;
	}
	if (own.text[0] == '\0')
		return sp_fail_as(err, SP_E_INVALID, "rules.missing",
		    "zones: %s is missing", r->state);
	r->zone = own;
	return SP_OK;
}

/* Warnings come in their order. */
static enum sp_code
in_order(const struct people_rules *r, struct sp_err *err)
{
	for (int i = PEOPLE_WARNING_1; i < PEOPLE_WARNING_4; i++)
		if (r->rule[i].value <= r->rule[i + 1].value)
			return sp_fail_as(err, SP_E_INVALID, "rules.order",
			    "rules.%s must be more days than rules.%s",
			    people_rules_spec[i].name,
			    people_rules_spec[i + 1].name);
	return SP_OK;
}

/* --- a file --- */

static enum sp_code
read_whole(struct people_rules *r, json_t *root, struct sp_err *err)
{
	static const struct at top = { "file", "" };

	SP_TRY(members_are(
	    root, &top, "policy version published rules roles zones", err));
	SP_TRY(text_of(root, &top, "policy", r->policy, RULES_POLICY_MAX, err));
	SP_TRY(
	    text_of(root, &top, "version", r->version, RULES_POLICY_MAX, err));
	(void)snprintf(
	    r->both, sizeof(r->both), "%s %s", r->policy, r->version);
	SP_TRY(
	    read_named(r, &rules, json_object_get(root, "rules"), false, err));
	SP_TRY(
	    read_named(r, &roles, json_object_get(root, "roles"), false, err));
	SP_TRY(read_zones(r, json_object_get(root, "zones"), err));
	return in_order(r, err);
}

/* Whether an overlay is meant for this place. */
static enum sp_code
read_applies(const struct people_rules_place *place, json_t *root, bool *out,
    struct sp_err *err)
{
	static const struct at at = { "applies", "" };
	json_t *o = json_object_get(root, "applies");
	const json_t *slug;
	const char *state;

	SP_TRY(members_are(o, &at, "state agency", err));
	slug = json_object_get(o, "agency");
	state = json_string_value(json_object_get(o, "state"));
	if (state == NULL || !people_agency_state_ok(state))
		return sp_fail_as(err, SP_E_INVALID, "rules.applies",
		    "applies: state must be the two letters of a state");
	if (slug != NULL &&
	    (!json_is_string(slug) || !sp_slug_ok(json_string_value(slug))))
		return sp_fail_as(err, SP_E_INVALID, "rules.applies",
		    "applies: agency must be the slug of an agency");
	*out = strcmp(state, place->state) == 0 &&
	    (slug == NULL ||
		(place->slug != NULL &&
		    strcmp(json_string_value(slug), place->slug) == 0));
	return SP_OK;
}

static enum sp_code
read_overlay(struct people_rules *r, json_t *root, struct sp_err *err)
{
	static const struct at top = { "file", "" };
	char policy[RULES_POLICY_MAX + 1], version[RULES_POLICY_MAX + 1];
	const json_t *zone = json_object_get(root, "zone");

	SP_TRY(members_are(
	    root, &top, "applies policy version rules roles zone", err));
	SP_TRY(text_of(root, &top, "policy", policy, RULES_POLICY_MAX, err));
	SP_TRY(text_of(root, &top, "version", version, RULES_POLICY_MAX, err));
	if (strcmp(policy, r->policy) != 0 || strcmp(version, r->version) != 0)
		return sp_fail_as(err, SP_E_INVALID, "rules.version",
		    "the file is for %s %s, the rules in force are %s", policy,
		    version, r->both);
	SP_TRY(
	    read_named(r, &rules, json_object_get(root, "rules"), true, err));
	SP_TRY(
	    read_named(r, &roles, json_object_get(root, "roles"), true, err));
	if (zone != NULL)
		SP_TRY(read_zone(r, zone, "zone", err));
	return in_order(r, err);
}

enum sp_code
people_rules_json_of(struct crypto_piece text, json_t **out, struct sp_err *err)
{
	json_error_t why;

	if (text.len > PEOPLE_RULES_FILE_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "rules.size",
		    "rules: the file has more than %zu bytes",
		    PEOPLE_RULES_FILE_MAX);
	*out = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &why);
	if (*out == NULL)
		return sp_fail_as(err, SP_E_INVALID, "rules.json",
		    "line %d: not JSON: %s", why.line, why.text);
	if (!json_is_object(*out))
		return sp_fail_as(err, SP_E_INVALID, "rules.shape",
		    "the file must hold one object");
	return SP_OK;
}

/* The file into *r: laid over what is there, or whole. */
static enum sp_code
read_file(struct people_rules *r, const struct people_rules_place *at,
    struct crypto_piece text, bool overlay, bool *applies, struct sp_err *err)
{
	SP_CLEANUP(people_rules_json_done) json_t *root = NULL;

	SP_TRY(people_rules_json_of(text, &root, err));
	*applies = true;
	if (!overlay)
		return read_whole(r, root, err);
	SP_TRY(read_applies(at, root, applies, err));
	return read_overlay(r, root, err);
}

enum sp_code
people_rules_parse(struct people_rules **out, const struct people_rules *base,
    const struct people_rules_place *at, struct crypto_piece text,
    bool *applies, struct sp_err *err)
{
	PEOPLE_AUTO_RULES r = calloc(1, sizeof(*r));
	bool for_us = false;

	SP_REQUIRE(people_agency_state_ok(at->state));
	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	if (base != NULL)
		*r = *base;
	memcpy(r->state, at->state, sizeof(r->state));
	r->provider = at->provider;
	SP_TRY(read_file(r, at, text, base != NULL, &for_us, err));
	*applies = for_us;
	if (for_us)
		*out = SP_STEAL(r);
	return SP_OK;
}

enum sp_code
people_rules_default(
    struct people_rules **out, const char *state, struct sp_err *err)
{
	struct people_rules_place at = { .state = state, .dirfd = -1 };
	struct crypto_piece text = { people_rules_builtin,
		people_rules_builtin_len };
	bool applies;

	return people_rules_parse(out, NULL, &at, text, &applies, err);
}
