#include "people/rules.h"

#include "base/file.h"
#include "base/json.h"
#include "base/parse.h"
#include "people/agency.h"
#include "people/field.h"
#include "people/person.h"
#include "people/rules_zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#define POLICY_MAX   32
#define OVERLAYS_MAX 256 /* files in a folder */
#define FILE_NAME    100

static const struct {
	const char *name, *unit;
	int64_t min, max;
	int stricter; /* -1 lower, 1 higher, 0 neither */
} spec[] = {
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

static const char *const by_names[] = {
#define X(id, name) [id] = (name),
	PEOPLE_RULES_BY(X)
#undef X
};

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
	char policy[POLICY_MAX + 1];  /* "CJISSECPOL" */
	char version[POLICY_MAX + 1]; /* "6.1" */
	char both[2 * POLICY_MAX + 2];
	char state[3];
	bool provider;
	struct people_zone zone;
	struct rule rule[PEOPLE_RULE_COUNT];
	struct level level[PEOPLE_ROLE_COUNT];
};

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
	bool weaker = spec[id].stricter < 0 ? now > before
	    : spec[id].stricter > 0         ? now < before
					    : false;

	if (weaker)
		return sp_fail_as(err, SP_E_INVALID, "rules.weaker",
		    "rules.%s: %jd %s is weaker than %jd, which it would take "
		    "the place of; a state or agency may only be stricter",
		    spec[id].name, (intmax_t)now, spec[id].unit,
		    (intmax_t)before);
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
	for (size_t i = 0; s != NULL && i < SP_COUNTOF(by_names); i++)
		if (strcmp(by_names[i], s) == 0) {
			*out = (enum people_rules_by)i;
			return SP_OK;
		}
	return sp_fail_as(err, SP_E_INVALID, "rules.by",
	    "rules.%s: by must be \"program\", \"construction\" or \"agency\"",
	    spec[id].name);
}

static enum sp_code
read_rule(struct people_rules *r, enum people_rule id, json_t *o, bool overlay,
    struct sp_err *err)
{
	struct at at = { "rules", spec[id].name };
	const char *unit = json_string_value(json_object_get(o, "unit"));
	const int64_t range[] = { spec[id].min, spec[id].max };
	struct rule made = { .by = r->rule[id].by };

	SP_TRY(members_are(o, &at,
	    overlay ? "value unit section text" : "value unit section text by",
	    err));
	if (unit == NULL || strcmp(unit, spec[id].unit) != 0)
		return sp_fail_as(err, SP_E_INVALID, "rules.unit",
		    "rules.%s: unit must be \"%s\"", spec[id].name,
		    spec[id].unit);
	SP_TRY(number_of(o, &at, "value", range, &made.value, err));
	SP_TRY(text_of(
	    o, &at, "section", made.section, PEOPLE_RULES_SECTION, err));
	SP_TRY(text_of(o, &at, "text", made.text, PEOPLE_RULES_TEXT, err));
	if (overlay)
		SP_TRY(stricter(id, r->rule[id].value, made.value, err));
	else
		SP_TRY(read_by(o, id, &made.by, err));
	r->rule[id] = made;
	return SP_OK;
}

/* --- the parts --- */

static bool
rule_named(const char *name, enum people_rule *out)
{
	for (size_t i = 0; i < PEOPLE_RULE_COUNT; i++) {
		if (strcmp(spec[i].name, name) == 0) {
			*out = (enum people_rule)i;
			return true;
		}
	}
	return false;
}

static enum sp_code
read_rules(
    struct people_rules *r, json_t *all, bool overlay, struct sp_err *err)
{
	bool seen[PEOPLE_RULE_COUNT] = { false };
	const char *name;
	json_t *o;

	if (all != NULL && !json_is_object(all))
		return sp_fail_as(err, SP_E_INVALID, "rules.shape",
		    "rules: must be an object");
	json_object_foreach(all, name, o)
	{
		enum people_rule id = PEOPLE_LOGON_FAILURES;

		if (!rule_named(name, &id))
			return sp_fail_as(err, SP_E_INVALID, "rules.name",
			    "rules: there is no rule \"%s\"", name);
		SP_TRY(read_rule(r, id, o, overlay, err));
		seen[id] = true;
	}
	for (size_t i = 0; i < PEOPLE_RULE_COUNT && !overlay; i++)
		if (!seen[i])
			return sp_fail_as(err, SP_E_INVALID, "rules.missing",
			    "rules: %s is missing", spec[i].name);
	return SP_OK;
}

static enum sp_code
read_role(struct people_rules *r, enum people_role role, json_t *o,
    bool overlay, struct sp_err *err)
{
	static const int64_t levels[] = { 1, 4 };
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

static enum sp_code
read_roles(
    struct people_rules *r, json_t *all, bool overlay, struct sp_err *err)
{
	bool seen[PEOPLE_ROLE_COUNT] = { false };
	const char *name;
	json_t *o;

	if (all != NULL && !json_is_object(all))
		return sp_fail_as(err, SP_E_INVALID, "rules.shape",
		    "roles: must be an object");
	json_object_foreach(all, name, o)
	{
		enum people_role role = PEOPLE_OFFICER;

		if (!people_role_parse(name, &role))
			return sp_fail_as(err, SP_E_INVALID, "rules.name",
			    "roles: there is no role \"%s\"", name);
		SP_TRY(read_role(r, role, o, overlay, err));
		seen[role] = true;
	}
	for (size_t i = 0; i < PEOPLE_ROLE_COUNT && !overlay; i++)
		if (!seen[i])
			return sp_fail_as(err, SP_E_INVALID, "rules.missing",
			    "roles: %s is missing",
			    people_role_name((enum people_role)i));
	return SP_OK;
}

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
			    spec[i].name, spec[i + 1].name);
	return SP_OK;
}

/* --- a file --- */

static enum sp_code
read_whole(struct people_rules *r, json_t *root, struct sp_err *err)
{
	static const struct at top = { "file", "" };

	SP_TRY(members_are(
	    root, &top, "policy version published rules roles zones", err));
	SP_TRY(text_of(root, &top, "policy", r->policy, POLICY_MAX, err));
	SP_TRY(text_of(root, &top, "version", r->version, POLICY_MAX, err));
	(void)snprintf(
	    r->both, sizeof(r->both), "%s %s", r->policy, r->version);
	SP_TRY(read_rules(r, json_object_get(root, "rules"), false, err));
	SP_TRY(read_roles(r, json_object_get(root, "roles"), false, err));
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
	char policy[POLICY_MAX + 1], version[POLICY_MAX + 1];
	const json_t *zone = json_object_get(root, "zone");

	SP_TRY(members_are(
	    root, &top, "applies policy version rules roles zone", err));
	SP_TRY(text_of(root, &top, "policy", policy, POLICY_MAX, err));
	SP_TRY(text_of(root, &top, "version", version, POLICY_MAX, err));
	if (strcmp(policy, r->policy) != 0 || strcmp(version, r->version) != 0)
		return sp_fail_as(err, SP_E_INVALID, "rules.version",
		    "the file is for %s %s, the rules in force are %s", policy,
		    version, r->both);
	SP_TRY(read_rules(r, json_object_get(root, "rules"), true, err));
	SP_TRY(read_roles(r, json_object_get(root, "roles"), true, err));
	if (zone != NULL)
		SP_TRY(read_zone(r, zone, "zone", err));
	return in_order(r, err);
}

static void
json_done(json_t **j)
{
	json_decref(*j);
}

static enum sp_code
load_json(struct crypto_piece text, json_t **out, struct sp_err *err)
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
	SP_CLEANUP(json_done) json_t *root = NULL;

	SP_TRY(load_json(text, &root, err));
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

void
people_rules_free(struct people_rules *r)
{
	free(r);
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

/* --- a folder of overlays --- */

struct names {
	size_t n;
	char name[OVERLAYS_MAX][FILE_NAME + 1];
};

static bool
is_overlay(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && len <= FILE_NAME &&
	    strcmp(name + len - 5, ".json") == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
dir_done(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

static enum sp_code
list_overlays(int fd, struct names *out, struct sp_err *err)
{
	SP_CLEANUP(dir_done) DIR *d = NULL;
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0)
		return sp_fail_os(err, "open the folder of rules");
	d = fdopendir(again);
	if (d == NULL) {
		(void)close(again);
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	}
	/* One thread has this stream. */
	for (struct dirent *e;
	     (e = readdir(d)) != NULL;) { // NOLINT(concurrency-mt-unsafe)
		if (!is_overlay(e->d_name))
			continue;
		if (out->n == OVERLAYS_MAX)
			return sp_fail_as(err, SP_E_LIMIT, "rules.files",
			    "more than %d files of rules", OVERLAYS_MAX);
		(void)snprintf(
		    out->name[out->n++], FILE_NAME + 1, "%s", e->d_name);
	}
	qsort(out->name, out->n, sizeof(out->name[0]), by_name);
	return SP_OK;
}

/* One file on top of *r; `agencies` says which of the two rounds this is. */
static enum sp_code
lay_over(struct people_rules **r, const struct people_rules_place *at, int fd,
    const char *name, bool agencies, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(PEOPLE_RULES_FILE_MAX + 1);
	SP_CLEANUP(json_done) json_t *root = NULL;
	PEOPLE_AUTO_RULES made = NULL;
	struct crypto_piece piece;
	bool applies = false;

	SP_TRY(sp_file_read(fd, name, &text, err));
	piece = (struct crypto_piece){ sp_buf_str(&text), text.len };
	SP_TRY(load_json(piece, &root, err));
	if (agencies !=
	    (json_object_get(json_object_get(root, "applies"), "agency") !=
		NULL))
		return SP_OK;
	SP_TRY(people_rules_parse(&made, *r, at, piece, &applies, err));
	if (applies) {
		people_rules_free(*r);
		*r = SP_STEAL(made);
	}
	return SP_OK;
}

static enum sp_code
lay_all_over(struct people_rules **r, const struct people_rules_place *at,
    int fd, const struct names *names, struct sp_err *err)
{
	for (size_t i = 0; i < 2 * names->n; i++) {
		bool agencies = i >= names->n; /* states come first */
		const char *name = names->name[agencies ? i - names->n : i];
		struct sp_err why = { .text = "" };
		enum sp_code code = lay_over(r, at, fd, name, agencies, &why);

		if (code != SP_OK)
			return sp_fail_as(err, code, why.reason,
			    "%s/%s: %.120s", at->folder, name, why.text);
	}
	return SP_OK;
}

enum sp_code
people_rules_load(struct people_rules **out,
    const struct people_rules_place *at, struct sp_err *err)
{
	PEOPLE_AUTO_RULES r = NULL;
	SP_AUTO_FD fd = -1;
	struct names *names;
	enum sp_code code;

	SP_TRY(people_rules_default(&r, at->state, err));
	r->provider = at->provider;
	if (at->dirfd != -1)
		fd = openat(
		    at->dirfd, at->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (at->dirfd != -1 && errno != ENOENT)
			return sp_fail_os(err, "open %s", at->folder);
		*out = SP_STEAL(r);
		return SP_OK;
	}
	names = calloc(1, sizeof(*names));
	if (names == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	code = list_overlays(fd, names, err);
	if (code == SP_OK)
		code = lay_all_over(&r, at, fd, names, err);
	free(names);
	if (code == SP_OK)
		*out = SP_STEAL(r);
	return code;
}

/* --- reading them --- */

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
		if (strcmp(units[i].unit, spec[rule].unit) == 0)
			return r->rule[rule].value * units[i].time;
	sp_panic(__FILE__, __LINE__, __func__, "the rule is a length of time");
}

const char *
people_rules_name(enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return spec[rule].name;
}

const char *
people_rules_unit(enum people_rule rule)
{
	SP_REQUIRE((size_t)rule < PEOPLE_RULE_COUNT);
	return spec[rule].unit;
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
		sp_json_str(j, "by", by_names[r->rule[i].by]);
		sp_json_str(j, "name", spec[i].name);
		sp_json_str(j, "section", r->rule[i].section);
		sp_json_str(j, "text", r->rule[i].text);
		sp_json_str(j, "unit", spec[i].unit);
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
