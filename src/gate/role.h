#ifndef GATE_ROLE_H
#define GATE_ROLE_H

#include "base/buf.h"

/*
 * The policy as a table: who (roles), what (acts), and what each act asks for.
 * One table (role.c) from which the gate decides, docs/roles.md is made, and
 * API and console take their matrix (role_matrix.c: gate_role_matrix_json).
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

/* Acts: what one may ask to do, each in words that go on after "to". */
/* clang-format off */
#define GATE_ACTS(X) \
	X(GATE_UPLOAD, "evidence.upload", \
	    "upload, and have the receipts of what one uploaded") \
	X(GATE_LIST, "evidence.list", \
	    "list evidence") \
	X(GATE_SHOW, "evidence.show", \
	    "see the item’s description") \
	X(GATE_VIEW, "evidence.view", \
	    "view the content") \
	X(GATE_PREVIEW, "evidence.preview", \
	    "see a still picture of it") \
	X(GATE_EXPORT, "evidence.export", \
	    "copy it out") \
	X(GATE_CUSTODY, "evidence.custody", \
	    "see its custody") \
	X(GATE_PROBE, "media.probe", \
	    "examine its media") \
	X(GATE_DISPOSE_REQUEST, "disposition.request", \
	    "request its disposition") \
	X(GATE_DISPOSE_APPROVE, "disposition.approve", \
	    "approve its disposition") \
	X(GATE_FOLLOW, "events.follow", \
	    "follow events as they happen") \
	X(GATE_ENTRIES, "log.entries", \
	    "read the log") \
	X(GATE_SHARE_SHOW, "share.show", \
	    "see what is shared, with whom, until when") \
	X(GATE_SHARE_GRANT, "share.grant", \
	    "share it with another agency") \
	X(GATE_RESHARE, "share.reshare", \
	    "share on what was shared") \
	X(GATE_SHARE_REVOKE, "share.revoke", \
	    "end a share") \
	X(GATE_SHARE_USE, "share.use", \
	    "open what another agency shared") \
	X(GATE_GROUP_SHOW, "group.show", \
	    "see joint task forces and who is in them") \
	X(GATE_GROUP_MANAGE, "group.manage", \
	    "manage a joint task force") \
	X(GATE_LOCKBOX_SHOW, "lockbox.show", \
	    "see lockbox requests and what became of them") \
	X(GATE_LOCKBOX_REQUEST, "lockbox.request", \
	    "request access for the provider’s staff") \
	X(GATE_LOCKBOX_INTERNAL, "lockbox.internal-approve", \
	    "approve such a request for the provider") \
	X(GATE_LOCKBOX_APPROVE, "lockbox.approve", \
	    "approve the provider’s access") \
	X(GATE_LOCKBOX_DENY, "lockbox.deny", \
	    "deny the provider’s access") \
	X(GATE_LOCKBOX_REVOKE, "lockbox.revoke", \
	    "revoke the provider’s access") \
	X(GATE_LOCKBOX_USE, "lockbox.use", \
	    "begin work under a lockbox grant") \
	X(GATE_BREAK_REQUEST, "break-glass.request", \
	    "break glass: have access before the agency answers") \
	X(GATE_BREAK_CONFIRM, "break-glass.confirm", \
	    "confirm, as the second person, that glass is broken") \
	X(GATE_PERSON_SHOW, "person.show", \
	    "see people, their roles and states") \
	X(GATE_PERSON_ADD, "person.add", \
	    "add a person") \
	X(GATE_PERSON_CHANGE, "person.change", \
	    "change a person’s name, employer or state, or transfer them") \
	X(GATE_PERSON_IMPORT, "person.import", \
	    "reconcile people with a file or another system") \
	X(GATE_PERSON_DISABLE, "person.disable", \
	    "disable a person’s account") \
	X(GATE_PERSON_ENABLE, "person.enable", \
	    "enable a disabled or locked account") \
	X(GATE_PERSON_TERMINATE, "person.terminate", \
	    "end a person’s account for ever") \
	X(GATE_ROLE_ASSIGN, "role.assign", \
	    "give a person a role") \
	X(GATE_SESSION_OWN, "session.own", \
	    "see and end one’s own sessions") \
	X(GATE_SESSION_SHOW, "session.show", \
	    "see who is signed in, from where") \
	X(GATE_SESSION_END, "session.end", \
	    "end somebody’s sessions") \
	X(GATE_CREDENTIAL_ENROL, "credential.enrol", \
	    "enrol one’s first second factor") \
	X(GATE_CREDENTIAL_CHANGE, "credential.change", \
	    "change one’s own password or factors") \
	X(GATE_CREDENTIAL_RESET, "credential.reset", \
	    "have somebody enrol anew") \
	X(GATE_TOKENS, "token.manage", \
	    "manage access tokens") \
	X(GATE_SERVICE_SHOW, "service.show", \
	    "see service accounts and their scopes") \
	X(GATE_SERVICE_MANAGE, "service.manage", \
	    "manage service accounts") \
	X(GATE_DEVICE_SHOW, "device.show", \
	    "see devices") \
	X(GATE_DEVICE_ENROL, "device.enrol", \
	    "enrol a device") \
	X(GATE_DEVICE_ROTATE, "device.rotate", \
	    "renew a device’s own certificate") \
	X(GATE_DEVICE_REVOKE, "device.revoke", \
	    "cut a device off") \
	X(GATE_CLEARANCE_SHOW, "clearance.show", \
	    "see who is cleared, and until when") \
	X(GATE_SCREENING_SHOW, "screening.show", \
	    "see records of screening") \
	X(GATE_SCREENING_RECORD, "screening.record", \
	    "record a screening and its decision") \
	X(GATE_TRAINING_SHOW, "training.show", \
	    "see records of training") \
	X(GATE_TRAINING_RECORD, "training.record", \
	    "record a training") \
	X(GATE_ADDENDUM_SHOW, "addendum.show", \
	    "see signatures of the Security Addendum") \
	X(GATE_ADDENDUM_RECORD, "addendum.record", \
	    "record a company’s signature of the Security Addendum") \
	X(GATE_ADDENDUM_SIGN, "addendum.sign", \
	    "sign the Security Addendum") \
	X(GATE_AGREEMENT_SHOW, "agreement.show", \
	    "see agreements") \
	X(GATE_AGREEMENT_RECORD, "agreement.record", \
	    "record an agreement") \
	X(GATE_PERSONNEL_EXPORT, "personnel.export", \
	    "export the personnel file, for the CSO") \
	X(GATE_SEALED_RECORD, "sealed.record", \
	    "put in what is sealed of a person (SSN, date of birth)") \
	X(GATE_SEALED_OPEN, "sealed.open", \
	    "open what is sealed of a person") \
	X(GATE_POLICY_SHOW, "policy.show", \
	    "see the policy") \
	X(GATE_POLICY_EXPLAIN, "policy.explain", \
	    "have a decision explained") \
	X(GATE_POLICY_CHANGE, "policy.change", \
	    "change the agency’s policy") \
	X(GATE_RECOVERY_PREPARE, "recovery.prepare", \
	    "make shares for the loss of all administrators") \
	X(GATE_RECOVERY_BEGIN, "recovery.begin", \
	    "begin recovery with a share") \
	X(GATE_RECOVERY_CONFIRM, "recovery.confirm", \
	    "finish recovery with another’s share")
/* clang-format on */

enum gate_act {
#define X(id, name, words) id,
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
/* Says who is who.  A token of the site's own may until an administrator can
 * sign in, so that there can be a first one. */
#define GATE_FOUNDS 0x80U

struct gate_act_row {
	const char *roles; /* a mark a role, in their order: "* . o" */
	const char *entry; /* its admission's entry, NULL: not recorded */
	unsigned ways;     /* set of GATE_WAY */
	unsigned flags;
	enum gate_factor factor;
	enum gate_class most; /* GATE_CLASS_UNKNOWN: not about evidence */
};

const char *gate_role_name(enum gate_role role);
bool gate_role_parse(const char *s, enum gate_role *out) SP_MUST_USE;
/* As people write it (people_role_read); machines' roles by their name. */
bool gate_role_read(const char *s, enum gate_role *out) SP_MUST_USE;
const struct gate_role_row *gate_role_row(enum gate_role role);
const char *gate_act_name(enum gate_act act);
const char *gate_act_words(enum gate_act act);
bool gate_act_parse(const char *s, enum gate_act *out) SP_MUST_USE;
/* As people say it: its name, or a plain word ("view", "Share", "ingest").
 * *guest is what the word means of an item that one comes to as a guest: there
 * "download" is what a share for download adds. */
bool gate_act_read(
    const char *s, enum gate_act *out, enum gate_act *guest) SP_MUST_USE;
/* The plain words, one after another from n = 0 on: NULL at the end. */
const char *gate_act_word(size_t n, enum gate_act *out, enum gate_act *guest);
const struct gate_act_row *gate_act_row(enum gate_act act);

/* Is the act open to the role at all?  What else it takes, gate_decide asks. */
bool gate_role_may(enum gate_role role, enum gate_act act);
/* By which relations a role comes to an act that is open to it. */
unsigned gate_role_ways(enum gate_role role, enum gate_act act);
/* May it, but only about what its credential itself brought in? */
bool gate_role_own(enum gate_role role, enum gate_act act);
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
 * "cleared":…,"destroys":…,"entry":…|null,"factor":…,"founds":…,"name":…,
 * "not_self":…,
 * "own_only":[…],"persons_only":…,"placed":…,"roles":[…],"said":[…],
 * "said_of_guests":[…],"site":…,"ways":[…],"words":…},…],
 * "roles":[{"class":…,"name":…,"person":…,"realm":…,"token":…,"words":…},…]} */
void gate_role_matrix_json(struct sp_buf *out);

#endif
