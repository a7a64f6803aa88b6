#include "people/rules.h"

#include "base/json.h"
#include "people/rules_part.h"

#include <stdlib.h>
#include <string.h>

/* Rules in force, asked for. */
const struct people_rules_spec people_rules_spec[PEOPLE_RULE_COUNT] = {
#define X(id, name, unit, min, max, stricter)                                  \
	[id] = { (name), (unit), (min), (max), (stricter) },
	PEOPLE_RULES(X)
#undef X
};

static const struct {
	const char *unit;
	sp_time time; /* 0: no time of fixed length */
} units[] = {
	{ "seconds", SP_SECOND },
	{ "minutes", 60 * SP_SECOND },
	{ "hours", 3600 * SP_SECOND },
	{ "days", 86400 * SP_SECOND },
};

const char *const people_rules_by_names[PEOPLE_RULES_BY_COUNT] = {
#define X(id, name) [id] = (name),
	PEOPLE_RULES_BY(X)
#undef X
};

void
people_rules_free(struct people_rules *r)
{
	free(r);
}

bool
people_rules_provider(const struct people_rules *r)
{
	return r->provider;
}

int64_t
people_rules_get(const struct people_rules *r, enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return r->rule[rule].value;
}

sp_time
people_rules_time(const struct people_rules *r, enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	for (size_t i = 0; i < SP_COUNTOF(units); i++)
		if (strcmp(units[i].unit, people_rules_spec[rule].unit) == 0)
			return r->rule[rule].value * units[i].time;
	sp_panic(__FILE__, __LINE__, __func__, "the rule is a length of time");
}

const char *
people_rules_name(enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return people_rules_spec[rule].name;
}

const char *
people_rules_unit(enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return people_rules_spec[rule].unit;
}

enum people_rules_by
people_rules_by(const struct people_rules *r, enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return r->rule[rule].by;
}

const char *
people_rules_section(const struct people_rules *r, enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return r->rule[rule].section;
}

const char *
people_rules_text(const struct people_rules *r, enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return r->rule[rule].text;
}

const char *
people_rules_policy(const struct people_rules *r)
{
	return r->both;
}

const char *
people_rules_state(const struct people_rules *r)
{
	return r->state;
}

int
people_rules_level(const struct people_rules *r, unsigned role)
{
	SP_REQUIRE(role < PEOPLE_ROLE_COUNT);
	return r->level[role].training;
}

const char *
people_rules_level_section(const struct people_rules *r, unsigned role)
{
	SP_REQUIRE(role < PEOPLE_ROLE_COUNT);
	return r->level[role].section;
}

void
people_rules_json(
    struct sp_json *j, const char *name, const struct people_rules *r)
{
	sp_json_object(j, name);
	sp_json_str(j, "policy", r->policy);
	sp_json_array(j, "roles");
	for (size_t i = 0; i < PEOPLE_ROLE_COUNT; i++) {
		sp_json_object(j, NULL);
		sp_json_str(j, "role", people_role_name((enum people_role)i));
		sp_json_str(j, "section", r->level[i].section);
		sp_json_int(j, "training", r->level[i].training);
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_array(j, "rules");
	for (size_t i = 0; i < PEOPLE_RULE_COUNT; i++) {
		sp_json_object(j, NULL);
		sp_json_str(j, "by", people_rules_by_names[r->rule[i].by]);
		sp_json_str(j, "name", people_rules_spec[i].name);
		sp_json_str(j, "section", r->rule[i].section);
		sp_json_str(j, "text", r->rule[i].text);
		sp_json_str(j, "unit", people_rules_spec[i].unit);
		sp_json_int(j, "value", r->rule[i].value);
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_str(j, "state", r->state);
	sp_json_str(j, "version", r->version);
	sp_json_str(j, "zone", r->zone.text);
	sp_json_end(j);
}

/* --- days --- */

people_day
people_day_of(const struct people_rules *r, sp_time t)
{
	return people_zone_day(&r->zone, t);
}

people_day
people_day_latest(const struct people_rules *r, sp_time t)
{
	static const struct people_zone utc = { .summer = false };
	people_day here = people_zone_day(&r->zone, t);
	people_day there = people_zone_day(&utc, t);

	return here > there ? here : there;
}

sp_time
people_day_begins(const struct people_rules *r, people_day day)
{
	return people_zone_begins(&r->zone, day);
}

const char *
people_day_zone(const struct people_rules *r)
{
	return r->zone.text;
}
