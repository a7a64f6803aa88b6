#include "gate/role.h"

#include <string.h>

#define X(id, name) [id] = (name),
static const char *const role_names[] = { GATE_ROLES(X) };
static const char *const act_names[] = { GATE_ACTS(X) };
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
#define SINGLE   GATE_FACTOR_SINGLE
#define SECOND   GATE_FACTOR_SECOND
#define FRESH    GATE_FACTOR_FRESH
#define NOT_EVIDENCE GATE_CLASS_UNKNOWN
#define RESTRICTED GATE_CLASS_RESTRICTED
#define SEALED     GATE_CLASS_SEALED

/*
 * The policy.  A mark opens an act to a role; by which ways, and what else it
 * takes, says the rest of the row.  Uploading asks for no clearance: what lies
 * in a camera must come in on the day its wearer's training lapses, too.
 * Stopping something (deny, revoke, disable, end) asks for less than starting
 * it, so that it can be done at once.
 */
static const struct gate_act_row acts[GATE_ACT_COUNT] = {
/*        officer, supervisor, investigator, custodian, records clerk,
 *        |         prosecutor, auditor, laso, administrator,
 *        |         |       cso, operator, provider security,
 *        |         |       |     device, service
 *        o s i c r p a l a c o p d s */
[GATE_UPLOAD] = { "bring evidence in",
	 "* * * * * . . . * . . . * *", NULL,
	OWN, PLACED, SECOND, SEALED },
[GATE_LIST] = { "list evidence, and search it",
	 "* * * * * * * * * . . . . *", NULL,
	OWN | SHARED, CLEARED, SECOND, SEALED },
[GATE_SHOW] = { "an item's record, its media's facts, its receipt",
	 "* * * * * * * * * . * . * *", NULL,
	OWN | SHARED | GRANT, CLEARED, SECOND, SEALED },
[GATE_VIEW] = { "see or hear content",
	 "* * * * * * . . * . * . . *", "evidence.opened",
	OWN | SHARED | GRANT, CLEARED | PLACED, SECOND, SEALED },
[GATE_PREVIEW] = { "a frame of the content",
	 "* * * * * * . . * . * . . *", "evidence.previewed",
	OWN | SHARED | GRANT, CLEARED | PLACED, SECOND, SEALED },
[GATE_EXPORT] = { "take content out, with its proofs",
	 ". * * * * * . . * . . . . *", "evidence.exported",
	OWN | DOWN, CLEARED | PLACED, SECOND, SEALED },
[GATE_CUSTODY] = { "an item's custody, as data and as a report",
	 ". * * * * * * * * . . . . *", NULL,
	OWN | SHARED, CLEARED, SECOND, SEALED },
[GATE_PROBE] = { "have a worker look into media",
	 ". . . . . . . . . . . . . .", "media.opened",
	OWN, SITE, SECOND, SEALED },
[GATE_DISPOSE_REQUEST] = { "ask that evidence be disposed of",
	 ". * . * * . . . . . . . . .", NULL,
	OWN, CLEARED | DESTROYS, SECOND, SEALED },
[GATE_DISPOSE_APPROVE] = { "have evidence disposed of",
	 ". . . * . . . . * . . . . .", NULL,
	OWN, CLEARED | DESTROYS | PERSONS | APPROVES, FRESH, SEALED },
[GATE_FOLLOW] = { "follow events as they happen (ids only)",
	 "* * * * * . * * * . . . * *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_ENTRIES] = { "read the log's entries",
	 ". . . . . . * * * . . . . *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },

[GATE_SHARE_SHOW] = { "what is shared, with whom, until when",
	 ". * * * * * * * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SHARE_GRANT] = { "share evidence with another agency",
	 ". * . * . . . . * . . . . .", NULL,
	OWN, CLEARED | PLACED, FRESH, RESTRICTED },
[GATE_RESHARE] = { "share on what was shared so that one may",
	 ". * . * . . . . * . . . . .", NULL,
	SHARED, CLEARED | PLACED, FRESH, RESTRICTED },
[GATE_SHARE_REVOKE] = { "end a share at once",
	 ". * . * . . . * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SHARE_USE] = { "open a share that another agency gave",
	 "* * * * * * * . * . . . . .", NULL,
	SHARED, CLEARED, SECOND, RESTRICTED },
[GATE_GROUP_SHOW] = { "joint task forces and who is in them",
	 "* * * * . . * * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_GROUP_MANAGE] = { "make a joint task force, change who is in it",
	 ". * . * . . . . * . . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },

[GATE_LOCKBOX_SHOW] = { "the provider's requests and what became of them",
	 ". . . * . . * * * * * * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_LOCKBOX_REQUEST] = { "ask an agency for access to named objects",
	 ". . . . . . . . . . * . . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_LOCKBOX_INTERNAL] = { "the provider's own approval of such a request",
	 ". . . . . . . . . . . * . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },
[GATE_LOCKBOX_APPROVE] = { "the agency's approval",
	 ". . . * . . . * * . . . . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },
[GATE_LOCKBOX_DENY] = { "turn a request down",
	 ". . . * . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_LOCKBOX_REVOKE] = { "end a grant at once",
	 ". . . * . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_LOCKBOX_USE] = { "begin work under a grant",
	 ". . . . . . . . . . * . . .", "lockbox.used",
	GRANT, CLEARED | PERSONS | PLACED, FRESH, RESTRICTED },
[GATE_BREAK_REQUEST] = { "break glass: access before the agency answers",
	 ". . . . . . . . . . * . . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_BREAK_CONFIRM] = { "the second person that breaking glass takes",
	 ". . . . . . . . . . . * . .", NULL,
	OWN, PERSONS | APPROVES, FRESH, NOT_EVIDENCE },

[GATE_PERSON_SHOW] = { "people, their roles and states",
	 ". * . * . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_PERSON_ADD] = { "take a person in",
	 ". . . . . . . . * . . * . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_PERSON_CHANGE] = { "change a person's name, employer, state; transfer",
	 ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },
[GATE_PERSON_IMPORT] = { "reconcile people with a file or another system",
	 ". . . . . . . . * . . . . *", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },
[GATE_PERSON_DISABLE] = { "shut an account at once",
	 ". * . . . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_PERSON_ENABLE] = { "open an account that was disabled or locked",
	 ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },
[GATE_PERSON_TERMINATE] = { "end a person's account for ever",
	 ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },
[GATE_ROLE_ASSIGN] = { "give a person a role",
	 ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },

[GATE_SESSION_OWN] = { "see and end one's own sessions",
	 "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, SINGLE, NOT_EVIDENCE },
[GATE_SESSION_SHOW] = { "who is signed in, from where",
	 ". . . . . . * * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SESSION_END] = { "end somebody's sessions at once",
	 ". * . . . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_CREDENTIAL_ENROL] = { "enrol one's first second factor",
	 "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, SINGLE, NOT_EVIDENCE },
[GATE_CREDENTIAL_CHANGE] = { "change one's own password and factors",
	 "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_CREDENTIAL_RESET] = { "have somebody enrol anew",
	 ". . . . . . . . * . . * . .", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },
[GATE_TOKENS] = { "issue, list and revoke tokens",
	 ". . . . . . . . * . . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_SERVICE_SHOW] = { "service accounts and their scopes",
	 ". . . . . . * * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SERVICE_MANAGE] = { "make, change and end service accounts",
	 ". . . . . . . . * . . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_DEVICE_SHOW] = { "devices, and what became of them",
	 ". * . * . . * * * . . . . *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_DEVICE_ENROL] = { "give out a code that enrols a device",
	 ". . . * . . . . * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_DEVICE_ROTATE] = { "a device renews its own certificate",
	 ". . . . . . . . . . . . * .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_DEVICE_REVOKE] = { "cut a device off at once",
	 ". * . * . . . * * . . . . *", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },

[GATE_CLEARANCE_SHOW] = { "who is cleared, until when, what will lapse",
	 ". * . * . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SCREENING_SHOW] = { "records of screening",
	 ". . . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SCREENING_RECORD] = { "record a screening and its decision",
	 ". . . . . . . * * * . * . .", NULL,
	OWN, NOT_SELF, FRESH, NOT_EVIDENCE },
[GATE_TRAINING_SHOW] = { "records of training",
	 ". * . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_TRAINING_RECORD] = { "record a training",
	 ". . . . . . . * * . . * . *", NULL,
	OWN, NOT_SELF, SECOND, NOT_EVIDENCE },
[GATE_ADDENDUM_SHOW] = { "signatures of the Security Addendum",
	 ". . . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_ADDENDUM_RECORD] = { "record a company's signature of the addendum",
	 ". . . . . . . * * . . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_ADDENDUM_SIGN] = { "sign the Security Addendum oneself",
	 "* * * * * * * * * * * * . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_AGREEMENT_SHOW] = { "agreements and when they are to be reviewed",
	 ". . . * . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_AGREEMENT_RECORD] = { "record an agreement",
	 ". . . . . . . * * * . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_PERSONNEL_EXPORT] = { "the personnel file, for the CSO",
	 ". . . . . . . * * * . . . .", "personnel.exported",
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_SEALED_RECORD] = { "put in what is sealed (SSN, date of birth)",
	 ". . . . . . . * * . . . . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_SEALED_OPEN] = { "read what is sealed",
	 ". . . . . . . * . * . . . .", "sealed.opened",
	OWN, CLEARED | PERSONS, FRESH, NOT_EVIDENCE },

[GATE_POLICY_SHOW] = { "this table and the rules in force",
	 "* * * * * * * * * * * * * *", NULL,
	OWN, 0, SINGLE, NOT_EVIDENCE },
[GATE_POLICY_EXPLAIN] = { "why somebody may or may not",
	 ". * . . . . * * * * . * . .", NULL,
	OWN, 0, SECOND, NOT_EVIDENCE },
[GATE_POLICY_CHANGE] = { "change what the agency decides itself",
	 ". . . . . . . . * . . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_RECOVERY_PREPARE] = { "make shares for the loss of all administrators",
	 ". . . . . . . . * . . . . .", NULL,
	OWN, 0, FRESH, NOT_EVIDENCE },
[GATE_RECOVERY_BEGIN] = { "begin recovery with a share",
	 ". . . * . . . * . . . . . .", NULL,
	OWN, PERSONS, FRESH, NOT_EVIDENCE },
[GATE_RECOVERY_CONFIRM] = { "finish recovery with another's share",
	 ". . . * . . . * . . . . . .", NULL,
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
	return act_names[act];
}

bool
gate_act_parse(const char *s, enum gate_act *out)
{
	size_t i = find(s, act_names, GATE_ACT_COUNT);

	if (i == GATE_ACT_COUNT)
		return false;
	*out = (enum gate_act)i;
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
	return gate_act_row(act)->roles[2 * role] == '*';
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
