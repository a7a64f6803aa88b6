#ifndef GATE_ROLE_H
#define GATE_ROLE_H

#include "base/buf.h"

/*
 * The policy as a table: who (roles), what (acts), and what each act asks for.
 * One table (role.c) from which the gate decides, docs/roles.md is made, and
 * API and console take their matrix (gate_role_matrix_json).
 *
 * All of it is constant: any thread, nothing owned.
 */

/* Roles a person, token, device or service may carry.  One list; enum, names
 * and count come from it.  Stored by name: their order is only that of pages.
 */
#define GATE_ROLES(X)                                                          \
	X(GATE_OFFICER, "officer")                                             \
	X(GATE_SUPERVISOR, "supervisor")                                       \
	X(GATE_INVESTIGATOR, "investigator")                                   \
	X(GATE_CUSTODIAN, "custodian")                                         \
	X(GATE_RECORDS_CLERK, "records-clerk")                                 \
	X(GATE_PROSECUTOR, "prosecutor")                                       \
	X(GATE_AUDITOR, "auditor")                                             \
	X(GATE_LASO, "laso")                                                   \
	X(GATE_ADMINISTRATOR, "administrator")                                 \
	X(GATE_CSO, "cso")                                                     \
	X(GATE_OPERATOR, "operator")                                           \
	X(GATE_PROVIDER_SECURITY, "provider-security")                         \
	X(GATE_DEVICE, "device")                                               \
	X(GATE_SERVICE, "service")

enum gate_role {
#define X(id, name) id,
	GATE_ROLES(X)
#undef X
	    GATE_ROLE_COUNT
};

/* Acts: what one may ask to do. */
#define GATE_ACTS(X)                                                           \
	X(GATE_UPLOAD, "evidence.upload")                                      \
	X(GATE_LIST, "evidence.list")                                          \
	X(GATE_SHOW, "evidence.show")                                          \
	X(GATE_VIEW, "evidence.view")       /* content: recorded */            \
	X(GATE_PREVIEW, "evidence.preview") /* a frame of it: recorded */      \
	X(GATE_EXPORT, "evidence.export")   /* content: recorded */            \
	X(GATE_CUSTODY, "evidence.custody")                                    \
	X(GATE_PROBE, "media.probe") /* by the site: recorded */               \
	X(GATE_DISPOSE_REQUEST, "disposition.request")                         \
	X(GATE_DISPOSE_APPROVE, "disposition.approve")                         \
	X(GATE_FOLLOW, "events.follow")                                        \
	X(GATE_ENTRIES, "log.entries")                                         \
	X(GATE_SHARE_SHOW, "share.show")                                       \
	X(GATE_SHARE_GRANT, "share.grant")                                     \
	X(GATE_RESHARE, "share.reshare")                                       \
	X(GATE_SHARE_REVOKE, "share.revoke")                                   \
	X(GATE_SHARE_USE, "share.use")                                         \
	X(GATE_GROUP_SHOW, "group.show")                                       \
	X(GATE_GROUP_MANAGE, "group.manage")                                   \
	X(GATE_LOCKBOX_SHOW, "lockbox.show")                                   \
	X(GATE_LOCKBOX_REQUEST, "lockbox.request")                             \
	X(GATE_LOCKBOX_INTERNAL, "lockbox.internal-approve")                   \
	X(GATE_LOCKBOX_APPROVE, "lockbox.approve")                             \
	X(GATE_LOCKBOX_DENY, "lockbox.deny")                                   \
	X(GATE_LOCKBOX_REVOKE, "lockbox.revoke")                               \
	X(GATE_LOCKBOX_USE, "lockbox.use") /* recorded */                      \
	X(GATE_BREAK_REQUEST, "break-glass.request")                           \
	X(GATE_BREAK_CONFIRM, "break-glass.confirm")                           \
	X(GATE_PERSON_SHOW, "person.show")                                     \
	X(GATE_PERSON_ADD, "person.add")                                       \
	X(GATE_PERSON_CHANGE, "person.change")                                 \
	X(GATE_PERSON_IMPORT, "person.import")                                 \
	X(GATE_PERSON_DISABLE, "person.disable")                               \
	X(GATE_PERSON_ENABLE, "person.enable")                                 \
	X(GATE_PERSON_TERMINATE, "person.terminate")                           \
	X(GATE_ROLE_ASSIGN, "role.assign")                                     \
	X(GATE_SESSION_OWN, "session.own")                                     \
	X(GATE_SESSION_SHOW, "session.show")                                   \
	X(GATE_SESSION_END, "session.end")                                     \
	X(GATE_CREDENTIAL_ENROL, "credential.enrol")                           \
	X(GATE_CREDENTIAL_CHANGE, "credential.change")                         \
	X(GATE_CREDENTIAL_RESET, "credential.reset")                           \
	X(GATE_TOKENS, "token.manage")                                         \
	X(GATE_SERVICE_SHOW, "service.show")                                   \
	X(GATE_SERVICE_MANAGE, "service.manage")                               \
	X(GATE_DEVICE_SHOW, "device.show")                                     \
	X(GATE_DEVICE_ENROL, "device.enrol")                                   \
	X(GATE_DEVICE_ROTATE, "device.rotate")                                 \
	X(GATE_DEVICE_REVOKE, "device.revoke")                                 \
	X(GATE_CLEARANCE_SHOW, "clearance.show")                               \
	X(GATE_SCREENING_SHOW, "screening.show")                               \
	X(GATE_SCREENING_RECORD, "screening.record")                           \
	X(GATE_TRAINING_SHOW, "training.show")                                 \
	X(GATE_TRAINING_RECORD, "training.record")                             \
	X(GATE_ADDENDUM_SHOW, "addendum.show")                                 \
	X(GATE_ADDENDUM_RECORD, "addendum.record")                             \
	X(GATE_ADDENDUM_SIGN, "addendum.sign")                                 \
	X(GATE_AGREEMENT_SHOW, "agreement.show")                               \
	X(GATE_AGREEMENT_RECORD, "agreement.record")                           \
	X(GATE_PERSONNEL_EXPORT, "personnel.export") /* recorded */            \
	X(GATE_SEALED_RECORD, "sealed.record")                                 \
	X(GATE_SEALED_OPEN, "sealed.open") /* recorded */                      \
	X(GATE_POLICY_SHOW, "policy.show")                                     \
	X(GATE_POLICY_EXPLAIN, "policy.explain")                               \
	X(GATE_POLICY_CHANGE, "policy.change")                                 \
	X(GATE_RECOVERY_PREPARE, "recovery.prepare")                           \
	X(GATE_RECOVERY_BEGIN, "recovery.begin")                               \
	X(GATE_RECOVERY_CONFIRM, "recovery.confirm")

enum gate_act {
#define X(id, name) id,
	GATE_ACTS(X)
#undef X
	    GATE_ACT_COUNT
};

/* How who asks stands to what is asked for.  "Own": of their own agency, or
 * their own account or request; for the provider's staff, of the provider's own
 * house.  Zero is what nobody has found out: it denies. */
#define GATE_RELATIONS(X)                                                      \
	X(GATE_OTHER, "other")                                                 \
	X(GATE_OWN, "own")                                                     \
	X(GATE_SHARED_VIEW, "share to view")                                   \
	X(GATE_SHARED_DOWNLOAD, "share to download")                           \
	X(GATE_LOCKBOX, "lockbox grant")

enum gate_relation {
#define X(id, name) id,
	GATE_RELATIONS(X)
#undef X
	    GATE_RELATION_COUNT
};
#define GATE_WAY(relation) (1U << (relation)) /* a bit in a set of them */

/* How strongly a caller proved to be who they are, weakest first; and what an
 * act may ask for.  A second factor that was shown a short while ago, the time
 * being the policy file's, is fresh. */
#define GATE_FACTORS(X)                                                        \
	X(GATE_FACTOR_NONE, "none")                                            \
	X(GATE_FACTOR_SINGLE, "single")                                        \
	X(GATE_FACTOR_SECOND, "second")                                        \
	X(GATE_FACTOR_FRESH, "fresh")

enum gate_factor {
#define X(id, name) id,
	GATE_FACTORS(X)
#undef X
	    GATE_FACTOR_COUNT
};

/* Classes of evidence, the most closely kept last.  Restricted: minors, victims
 * of sexual assault, internal affairs, files that NCIC restricts.  Sealed: by
 * order of a court. */
#define GATE_CLASSES(X)                                                        \
	X(GATE_CLASS_UNKNOWN, "unknown")                                       \
	X(GATE_CLASS_ORDINARY, "ordinary")                                     \
	X(GATE_CLASS_RESTRICTED, "restricted")                                 \
	X(GATE_CLASS_SEALED, "sealed")

enum gate_class {
#define X(id, name) id,
	GATE_CLASSES(X)
#undef X
	    GATE_CLASS_COUNT
};

/* On whose side of the table a role sits. */
#define GATE_REALMS(X)                                                         \
	X(GATE_REALM_AGENCY, "agency")                                         \
	X(GATE_REALM_OUTSIDE, "outside")                                       \
	X(GATE_REALM_STATE, "state")                                           \
	X(GATE_REALM_PROVIDER, "provider")                                     \
	X(GATE_REALM_MACHINE, "machine")

enum gate_realm {
#define X(id, name) id,
	GATE_REALMS(X)
#undef X
	    GATE_REALM_COUNT
};

/* What the table says of a role. */
struct gate_role_row {
	const char *words; /* who that is */
	enum gate_realm realm;
	enum gate_class most; /* the closest kept class it comes near */
	bool person;          /* a person may have it */
	bool token;           /* an agency's token without a person may */
};

/* What the table says of an act.  Flags, each a condition: */
#define GATE_CLEARED  0x01U /* touches CJI: the person must be cleared */
#define GATE_PERSONS  0x02U /* persons only, never a token or a service */
#define GATE_APPROVES 0x04U /* decides what another asked for */
#define GATE_NOT_SELF 0x08U /* never done about oneself */
#define GATE_DESTROYS 0x10U /* not under a hold, not while it must be kept */
#define GATE_PLACED   0x20U /* content moves: only inside the geography */
#define GATE_SITE     0x40U /* the site itself may, when nobody asks */

struct gate_act_row {
	const char *words;
	const char *roles; /* a mark a role, in their order: "* . *" */
	const char *entry; /* its admission's entry, NULL: not recorded */
	unsigned ways;     /* set of GATE_WAY */
	unsigned flags;
	enum gate_factor factor;
	enum gate_class most; /* GATE_CLASS_UNKNOWN: not about evidence */
};

const char *gate_role_name(enum gate_role role);
bool gate_role_parse(const char *s, enum gate_role *out) SP_MUST_USE;
const struct gate_role_row *gate_role_row(enum gate_role role);
const char *gate_act_name(enum gate_act act);
bool gate_act_parse(const char *s, enum gate_act *out) SP_MUST_USE;
const struct gate_act_row *gate_act_row(enum gate_act act);

/* Is the act open to the role at all?  What else it takes, gate_decide asks. */
bool gate_role_may(enum gate_role role, enum gate_act act);
/* By which relations a role comes to an act that is open to it. */
unsigned gate_role_ways(enum gate_role role, enum gate_act act);
/* May the site itself, on nobody's behalf? */
bool gate_site_may(enum gate_act act);
/* Is its admission an entry of its own, durable before the pass exists?  Acts
 * that reveal content or what is sealed are. */
bool gate_act_recorded(enum gate_act act);
/* The act that asks for what this one approves; false: it approves none. */
bool gate_act_after(enum gate_act act, enum gate_act *asked) SP_MUST_USE;

const char *gate_relation_name(enum gate_relation relation);
const char *gate_factor_name(enum gate_factor factor);
const char *gate_class_name(enum gate_class class);
bool gate_class_parse(const char *s, enum gate_class *out) SP_MUST_USE;
const char *gate_realm_name(enum gate_realm realm);

/* The whole table as one JSON object, members in canonical order:
 * {"acts":[{"about":"evidence"|"agency","approves":ACT|null,"class":…,
 * "cleared":…,"destroys":…,"entry":…|null,"factor":…,"name":…,"not_self":…,
 * "persons_only":…,"placed":…,"roles":[…],"site":…,"ways":[…],"words":…},…],
 * "roles":[{"class":…,"name":…,"person":…,"realm":…,"token":…,"words":…},…]} */
void gate_role_matrix_json(struct sp_buf *out);

#endif
