#ifndef PEOPLE_RULES_PART_H
#define PEOPLE_RULES_PART_H

#include "people/person.h"
#include "people/rules.h"
#include "people/rules_zone.h"

#include <jansson.h>

/*
 * For the files behind rules.h only: what rules are made of, and a file of
 * them as JSON.
 *
 *   rules.c         rules in force, asked for
 *   rules_read.c    a file of them, read: whole, or an overlay
 *   rules_folder.c  a folder of overlays, laid over the built-in ones
 *   rules_day.c     days and zones
 */
#define RULES_POLICY_MAX 32

struct people_rules_spec {
	const char *name, *unit;
	int64_t min, max;
	int stricter; /* -1 lower, 1 higher, 0 neither */
};
extern const struct people_rules_spec people_rules_spec[PEOPLE_RULE_COUNT];
extern const char *const people_rules_by_names[PEOPLE_RULES_BY_COUNT];

struct rule {
	int64_t value;
	enum people_rules_by by;
	char section[PEOPLE_RULES_SECTION + 1];
	char text[PEOPLE_RULES_TEXT + 1];
};

struct level {
	int training;
	char section[PEOPLE_RULES_SECTION + 1];
};

struct people_rules {
	char policy[RULES_POLICY_MAX + 1];  /* "CJISSECPOL" */
	char version[RULES_POLICY_MAX + 1]; /* "6.1" */
	char both[2 * RULES_POLICY_MAX + 2];
	char state[3];
	bool provider;
	struct people_zone zone;
	struct rule rule[PEOPLE_RULE_COUNT];
	struct level level[PEOPLE_ROLE_COUNT];
};

/* One object, of at most PEOPLE_RULES_FILE_MAX bytes (rules_read.c). */
enum sp_code people_rules_json_of(
    struct crypto_piece text, json_t **out, struct sp_err *err) SP_MUST_USE;

static inline void
people_rules_json_done(json_t **j)
{
	json_decref(*j);
}

#endif
