#include "gate/role.h"

#include "people/person.h"

#include <string.h>
#include <strings.h>

#define X(id, name, words) [id] = { (name), (words) },
static const struct {
	const char *name, *words;
} act_words[] = { GATE_ACTS(X) };
#undef X

#define X(id, name) [id] = (name),
static const char *const role_names[] = { GATE_ROLES(X) };
static const char *const relation_names[] = { GATE_RELATIONS(X) };
static const char *const factor_names[] = { GATE_FACTORS(X) };
static const char *const class_names[] = { GATE_CLASSES(X) };
static const char *const realm_names[] = { GATE_REALMS(X) };
#undef X

/* clang-format off */
static const struct gate_role_row roles[GATE_ROLE_COUNT] = {
	[GATE_OFFICER] = {
		"brings in and looks at evidence in the field",
		GATE_REALM_AGENCY, GATE_CLASS_ORDINARY, true, true },
	[GATE_SUPERVISOR] = {
		"leads officers: who watched what, who may be let in",
		GATE_REALM_AGENCY, GATE_CLASS_RESTRICTED, true, false },
	[GATE_INVESTIGATOR] = {
		"works cases: all cameras of one event, packages for court",
		GATE_REALM_AGENCY, GATE_CLASS_RESTRICTED, true, false },
	[GATE_CUSTODIAN] = {
		"answers for evidence from intake to disposition",
		GATE_REALM_AGENCY, GATE_CLASS_SEALED, true, true },
	[GATE_RECORDS_CLERK] = {
		"prepares releases to the public",
		GATE_REALM_AGENCY, GATE_CLASS_RESTRICTED, true, false },
	[GATE_PROSECUTOR] = {
		"outside the agency; sees what was shared with them",
		GATE_REALM_OUTSIDE, GATE_CLASS_RESTRICTED, true, false },
	[GATE_AUDITOR] = {
		"sees what happened, never content",
		GATE_REALM_AGENCY, GATE_CLASS_SEALED, true, true },
	[GATE_LASO] = {
		"local agency security officer: who touched what, who is cleared",
		GATE_REALM_AGENCY, GATE_CLASS_SEALED, true, false },
	[GATE_ADMINISTRATOR] = {
		"runs the agency's accounts and settings",
		GATE_REALM_AGENCY, GATE_CLASS_SEALED, true, true },
	[GATE_CSO] = {
		"the state's CJIS systems officer: personnel records, no evidence",
		GATE_REALM_STATE, GATE_CLASS_ORDINARY, true, false },
	[GATE_OPERATOR] = {
		"the provider's staff: no evidence but under a lockbox grant",
		GATE_REALM_PROVIDER, GATE_CLASS_RESTRICTED, true, false },
	[GATE_PROVIDER_SECURITY] = {
		"the provider's security: approves its staff's requests, no evidence",
		GATE_REALM_PROVIDER, GATE_CLASS_ORDINARY, true, false },
	[GATE_DEVICE] = {
		"a camera or dock: brings in, looks up what became of it",
		GATE_REALM_MACHINE, GATE_CLASS_ORDINARY, false, true },
	[GATE_SERVICE] = {
		"a program of the agency's, for the acts in its scope",
		GATE_REALM_MACHINE, GATE_CLASS_RESTRICTED, false, false },
};

/* Short words for the table. */
#define OWN      GATE_WAY(GATE_OWN)
#define DOWN     GATE_WAY(GATE_SHARED_DOWNLOAD)
#define SHARED   (GATE_WAY(GATE_SHARED_VIEW) | DOWN)
#define GRANT    GATE_WAY(GATE_LOCKBOX)
#define CLEARED  GATE_CLEARED
#define PERSONS  GATE_PERSONS
#define APPROVES GATE_APPROVES
#define NOT_SELF GATE_NOT_SELF
#define DESTROYS GATE_DESTROYS
#define PLACED   GATE_PLACED
#define SITE     GATE_SITE
#define FOUNDS   GATE_FOUNDS
#define SINGLE   GATE_FACTOR_SINGLE
#define SECOND   GATE_FACTOR_SECOND
#define FRESH    GATE_FACTOR_FRESH
#define NOT_EVIDENCE GATE_CLASS_UNKNOWN
#define RESTRICTED GATE_CLASS_RESTRICTED
#define SEALED     GATE_CLASS_SEALED

/*
 * The policy.  A mark opens an act to a role ("o": only about what its
 * credential itself brought in); by which ways, and what else it takes, says the
 * rest of the row.  Uploading asks for no clearance: what lies
 * in a camera must come in on the day its wearer's training lapses, too.
 * Stopping something (deny, revoke, disable, end) asks for less than starting
 * it, so that it can be done at once.
 */
static const struct gate_act_row acts[GATE_ACT_COUNT] = {
/*                        officer, supervisor, investigator, custodian,
 *                           |       records clerk, prosecutor, auditor, laso,
 *                           |       |       administrator, cso, operator,
 *                           |       |       |     provider security,
 *                           |       |       |     | device, service
 *                           o s i c r p a l a c o p d s */
[GATE_UPLOAD] =           { "* * * * * . . . * . . . * *", NULL,
	OWN, PLACED, SECOND, SEALED },
[GATE_LIST] =             { "* * * * * * * * * . . . . *", NULL,
	OWN | SHARED, CLEARED, SECOND, SEALED },
[GATE_SHOW] =             { "* * * * * * * * * . * . * *", NULL,
	OWN | SHARED | GRANT, CLEARED, SECOND, SEALED },
[GATE_VIEW] =             { "* * * * * * . . * . * . . *", "evidence.opened",
	OWN | SHARED | GRANT, CLEARED | PLACED, SECOND, SEALED },
[GATE_PREVIEW] =          { "* * * * * * . . * . * . . *", "evidence.previewed",
	OWN | SHARED | GRANT, CLEARED | PLACED, SECOND, SEALED },
[GATE_EXPORT] =           { ". * * * * * . . * . . . . *", "evidence.exported",
	OWN | DOWN, CLEARED | PLACED, SECOND, SEALED },
[GATE_CUSTODY] =          { ". * * * * * * * * . . . . *", NULL,
	OWN | SHARED, CLEARED, SECOND, SEALED },
[GATE_PROBE] =            { ". . . . . . . . . . . . . .", "media.opened",
	OWN, SITE, SECOND, SEALED },
[GATE_DISPOSE_REQUEST] =  { ". * . * * . . . . . . . . .", NULL,
	OWN, CLEARED | DESTROYS, SECOND, SEALED },
[GATE_DISPOSE_APPROVE] =  { ". . . * . . . . * . . . . .", NULL,
	OWN, CLEARED | DESTROYS | PERSONS | APPROVES, FRESH, SEALED },
[GATE_FOLLOW] =           { "* * * * * . * * * . . . o *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_ENTRIES] =          { ". . . . . . * * * . . . . *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },

[GATE_SHARE_SHOW] =       { "* * * * * * * * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SHARE_GRANT] =      { ". * . * . . . . * . . . . .", NULL,
	OWN, CLEARED | PLACED, FRESH, RESTRICTED },
[GATE_RESHARE] =          { ". * . * . . . . * . . . . .", NULL,
	SHARED, CLEARED | PLACED, FRESH, RESTRICTED },
[GATE_SHARE_REVOKE] =     { ". * . * . . . * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SHARE_USE] =        { "* * * * * * * . * . . . . .", NULL,
	SHARED, CLEARED | PERSONS | PLACED, SECOND, RESTRICTED },
[GATE_GROUP_SHOW] =       { "* * * * . . * * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_GROUP_MANAGE] =     { ". * . * . . . . * . . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },

[GATE_LOCKBOX_SHOW] =     { ". . . * . . * * * * * * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_LOCKBOX_REQUEST] =  { ". . . . . . . . . . * . . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_LOCKBOX_INTERNAL] = { ". . . . . . . . . . . * . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },
[GATE_LOCKBOX_APPROVE] =  { ". . . * . . . * * . . . . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },
[GATE_LOCKBOX_DENY] =     { ". . . * . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_LOCKBOX_REVOKE] =   { ". . . * . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_LOCKBOX_USE] =      { ". . . . . . . . . . * . . .", "lockbox.used",
	GRANT, CLEARED | PERSONS | PLACED, FRESH, RESTRICTED },
[GATE_BREAK_REQUEST] =    { ". . . . . . . . . . * . . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_BREAK_CONFIRM] =    { ". . . . . . . . . . . * . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },

[GATE_PERSON_SHOW] =      { ". * . * . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_PERSON_ADD] =       { ". . . . . . . . * . . * . .", NULL,
	OWN, FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_PERSON_CHANGE] =    { ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_PERSON_IMPORT] =    { ". . . . . . . . * . . . . *", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_PERSON_DISABLE] =   { ". * . . . . . * * . . * . .", NULL,
	OWN, FOUNDS, SECOND, NOT_EVIDENCE },
[GATE_PERSON_ENABLE] =    { ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_PERSON_TERMINATE] = { ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_ROLE_ASSIGN] =      { ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },

[GATE_SESSION_OWN] =      { "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, SINGLE, NOT_EVIDENCE },
[GATE_SESSION_SHOW] =     { ". . . . . . * * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SESSION_END] =      { ". * . . . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_CREDENTIAL_ENROL] = { "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, SINGLE, NOT_EVIDENCE },
[GATE_CREDENTIAL_CHANGE] ={ "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_CREDENTIAL_RESET] = { ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_TOKENS] =           { ". . . . . . . . * . . . . .", NULL,
	OWN, FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_SERVICE_SHOW] =     { ". . . . . . * * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SERVICE_MANAGE] =   { ". . . . . . . . * . . . . .", NULL,
	OWN, FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_DEVICE_SHOW] =      { ". * . * . . * * * . . . . *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_DEVICE_ENROL] =     { ". . . * . . . . * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_DEVICE_ROTATE] =    { ". . . . . . . . . . . . * .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_DEVICE_REVOKE] =    { ". * . * . . . * * . . . . *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },

[GATE_CLEARANCE_SHOW] =   { ". * . * . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SCREENING_SHOW] =   { ". . . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SCREENING_RECORD] = { ". . . . . . . * * * . * . .", NULL,
	OWN, NOT_SELF | FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_TRAINING_SHOW] =    { ". * . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_TRAINING_RECORD] =  { ". . . . . . . * * . . * . *", NULL,
	OWN, NOT_SELF | FOUNDS, SECOND, NOT_EVIDENCE },
[GATE_ADDENDUM_SHOW] =    { ". . . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_ADDENDUM_RECORD] =  { ". . . . . . . * * . . * . .", NULL,
	OWN, FOUNDS, SECOND, NOT_EVIDENCE },
[GATE_ADDENDUM_SIGN] =    { "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_AGREEMENT_SHOW] =   { ". . . * . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_AGREEMENT_RECORD] = { ". . . . . . . * * * . . . .", NULL,
	OWN, FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_PERSONNEL_EXPORT] = { ". . . . . . . * * * . . . .", "personnel.exported",
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_SEALED_RECORD] =    { ". . . . . . . * * . . . . .", NULL,
	OWN, FOUNDS, SECOND, NOT_EVIDENCE },
[GATE_SEALED_OPEN] =      { ". . . . . . . * . * . . . .", "sealed.opened",
	OWN, CLEARED | PERSONS, FRESH, NOT_EVIDENCE },

[GATE_POLICY_SHOW] =      { "* * * * * * * * * * * * * *", NULL,
	OWN, 0, SINGLE, NOT_EVIDENCE },
[GATE_POLICY_EXPLAIN] =   { ". * . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_POLICY_CHANGE] =    { ". . . . . . . . * . . . . .", NULL,
	OWN, FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_RECOVERY_PREPARE] = { ". . . . . . . . * . . . . .", NULL,
	OWN, FOUNDS, FRESH, NOT_EVIDENCE },
[GATE_RECOVERY_BEGIN] =   { ". . . * . . . * . . . . . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_RECOVERY_CONFIRM] = { ". . . * . . . * . . . . . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },
};

/* Who decides is never who asked. */
static const struct {
	enum gate_act approves, asked;
} pairs[] = {
	{ GATE_DISPOSE_APPROVE,  GATE_DISPOSE_REQUEST },
	{ GATE_LOCKBOX_INTERNAL, GATE_LOCKBOX_REQUEST },
	{ GATE_LOCKBOX_APPROVE,  GATE_LOCKBOX_REQUEST },
	{ GATE_BREAK_CONFIRM,    GATE_BREAK_REQUEST },
	{ GATE_RECOVERY_CONFIRM, GATE_RECOVERY_BEGIN },
};

/* By which ways those of a realm come to anything: to evidence, and to the
 * affairs of the house they are of.  The state's officer stands in the agency
 * like its own people: that no evidence is open to them, the marks say. */
static const struct {
	unsigned evidence, affairs;
} realm_ways[GATE_REALM_COUNT] = {
	[GATE_REALM_AGENCY]   = { OWN | SHARED, OWN },
	[GATE_REALM_OUTSIDE]  = { SHARED,       OWN },
	[GATE_REALM_STATE]    = { OWN,          OWN },
	[GATE_REALM_PROVIDER] = { GRANT,        OWN },
	[GATE_REALM_MACHINE]  = { OWN,          OWN },
};
/* clang-format on */

_Static_assert(GATE_OFFICER == 0 && GATE_SUPERVISOR == 1 &&
	GATE_INVESTIGATOR == 2 && GATE_CUSTODIAN == 3 &&
	GATE_RECORDS_CLERK == 4 && GATE_PROSECUTOR == 5 && GATE_AUDITOR == 6 &&
	GATE_LASO == 7 && GATE_ADMINISTRATOR == 8 && GATE_CSO == 9 &&
	GATE_OPERATOR == 10 && GATE_PROVIDER_SECURITY == 11 &&
	GATE_DEVICE == 12 && GATE_SERVICE == 13 && GATE_ROLE_COUNT == 14,
    "the policy's columns are the roles in their order");

/* The name's place among `names`; `count` when it is none of them. */
static size_t
find(const char *s, const char *const *names, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(s, names[i]) != 0)
		i++;
	return i;
}

const char *
gate_role_name(enum gate_role role)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	return role_names[role];
}

bool
gate_role_parse(const char *s, enum gate_role *out)
{
	size_t i = find(s, role_names, GATE_ROLE_COUNT);

	if (i == GATE_ROLE_COUNT)
		return false;
	*out = (enum gate_role)i;
	return true;
}

bool
gate_role_read(const char *s, enum gate_role *out)
{
	enum people_role role;

	return gate_role_parse(
	    people_role_read(s, &role) ? people_role_name(role) : s, out);
}

const struct gate_role_row *
gate_role_row(enum gate_role role)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	return &roles[role];
}

const char *
gate_act_name(enum gate_act act)
{
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return act_words[act].name;
}

const char *
gate_act_words(enum gate_act act)
{
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return act_words[act].words;
}

bool
gate_act_parse(const char *s, enum gate_act *out)
{
	for (unsigned i = 0; i < GATE_ACT_COUNT; i++) {
		if (strcmp(s, act_words[i].name) == 0) {
			*out = (enum gate_act)i;
			return true;
		}
	}
	return false;
}

/* Plain words: of what is one's own, and of what one comes to as a guest. */
static const struct {
	const char *word;
	enum gate_act act, guest;
} plain[] = {
	{ "view", GATE_VIEW, GATE_VIEW },
	{ "watch", GATE_VIEW, GATE_VIEW },
	{ "play", GATE_VIEW, GATE_VIEW },
	{ "open", GATE_VIEW, GATE_VIEW },
	{ "read", GATE_VIEW, GATE_VIEW },
	{ "get", GATE_VIEW, GATE_VIEW },
	{ "download", GATE_VIEW, GATE_EXPORT },
	{ "evidence.download", GATE_VIEW, GATE_EXPORT },
	{ "preview", GATE_PREVIEW, GATE_PREVIEW },
	{ "list", GATE_LIST, GATE_LIST },
	{ "show", GATE_SHOW, GATE_SHOW },
	{ "upload", GATE_UPLOAD, GATE_UPLOAD },
	{ "ingest", GATE_UPLOAD, GATE_UPLOAD },
	{ "put", GATE_UPLOAD, GATE_UPLOAD },
	{ "export", GATE_EXPORT, GATE_EXPORT },
	{ "copy", GATE_EXPORT, GATE_EXPORT },
	{ "custody", GATE_CUSTODY, GATE_CUSTODY },
	{ "share", GATE_SHARE_GRANT, GATE_SHARE_GRANT },
	{ "share.add", GATE_SHARE_GRANT, GATE_SHARE_GRANT },
	{ "dispose", GATE_DISPOSE_REQUEST, GATE_DISPOSE_REQUEST },
	{ "delete", GATE_DISPOSE_REQUEST, GATE_DISPOSE_REQUEST },
	{ "screening.add", GATE_SCREENING_RECORD, GATE_SCREENING_RECORD },
	{ "training.add", GATE_TRAINING_RECORD, GATE_TRAINING_RECORD },
	{ "training.demand", GATE_TRAINING_RECORD, GATE_TRAINING_RECORD },
	{ "agreement.add", GATE_AGREEMENT_RECORD, GATE_AGREEMENT_RECORD },
	{ "addendum.company", GATE_ADDENDUM_RECORD, GATE_ADDENDUM_RECORD },
	{ "role.give", GATE_ROLE_ASSIGN, GATE_ROLE_ASSIGN },
};

const char *
gate_act_word(size_t n, enum gate_act *out, enum gate_act *guest)
{
	if (n >= SP_COUNTOF(plain))
		return NULL;
	*out = plain[n].act;
	*guest = plain[n].guest;
	return plain[n].word;
}

bool
gate_act_read(const char *s, enum gate_act *out, enum gate_act *guest)
{
	for (size_t i = 0; i < SP_COUNTOF(plain); i++) {
		if (strcasecmp(s, plain[i].word) == 0) {
			*out = plain[i].act;
			*guest = plain[i].guest;
			return true;
		}
	}
	if (!gate_act_parse(s, out))
		return false;
	*guest = *out;
	return true;
}

const struct gate_act_row *
gate_act_row(enum gate_act act)
{
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return &acts[act];
}

bool
gate_role_may(enum gate_role role, enum gate_act act)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	return gate_act_row(act)->roles[2 * (size_t)role] != '.';
}

bool
gate_role_own(enum gate_role role, enum gate_act act)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	return gate_act_row(act)->roles[2 * (size_t)role] == 'o';
}

unsigned
gate_role_ways(enum gate_role role, enum gate_act act)
{
	const struct gate_act_row *row = gate_act_row(act);
	enum gate_realm realm = gate_role_row(role)->realm;

	return row->ways &
	    (row->most == NOT_EVIDENCE ? realm_ways[realm].affairs
				       : realm_ways[realm].evidence);
}

bool
gate_site_may(enum gate_act act)
{
	return (gate_act_row(act)->flags & GATE_SITE) != 0;
}

bool
gate_act_recorded(enum gate_act act)
{
	return gate_act_row(act)->entry != NULL;
}

bool
gate_act_after(enum gate_act act, enum gate_act *asked)
{
	for (size_t i = 0; i < SP_COUNTOF(pairs); i++) {
		if (pairs[i].approves == act) {
			*asked = pairs[i].asked;
			return true;
		}
	}
	return false;
}

const char *
gate_relation_name(enum gate_relation relation)
{
	SP_REQUIRE((size_t)relation < GATE_RELATION_COUNT);
	return relation_names[relation];
}

const char *
gate_factor_name(enum gate_factor factor)
{
	SP_REQUIRE((size_t)factor < GATE_FACTOR_COUNT);
	return factor_names[factor];
}

const char *gate_class_name(enum gate_class class)
{
	SP_REQUIRE((size_t) class < GATE_CLASS_COUNT);
	return class_names[class];
}

bool
gate_class_parse(const char *s, enum gate_class *out)
{
	size_t i = find(s, class_names, GATE_CLASS_COUNT);

	if (i == GATE_CLASS_COUNT)
		return false;
	*out = (enum gate_class)i;
	return true;
}

const char *
gate_realm_name(enum gate_realm realm)
{
	SP_REQUIRE((size_t)realm < GATE_REALM_COUNT);
	return realm_names[realm];
}
