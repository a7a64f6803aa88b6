#ifndef GATE_ROLE_H
#define GATE_ROLE_H

#include "base/base.h"

/* Roles a token may carry.  One list; enum, names and count come from it. */
#define GATE_ROLES(X)                                                          \
	X(GATE_ADMINISTRATOR, "administrator")                                 \
	X(GATE_CUSTODIAN, "custodian")                                         \
	X(GATE_OFFICER, "officer")                                             \
	X(GATE_AUDITOR, "auditor")                                             \
	X(GATE_DEVICE, "device")

enum gate_role {
#define X(id, name) id,
	GATE_ROLES(X)
#undef X
	    GATE_ROLE_COUNT
};

const char *gate_role_name(enum gate_role role);
bool gate_role_parse(const char *s, enum gate_role *out) SP_MUST_USE;

/*
 * Acts: what one may ask to do.  The policy is the table in role.c: act, the
 * roles it is open to, and whether admission itself is an event of custody
 * (then the gate writes the entry before the pass exists).
 */
#define GATE_ACTS(X)                                                           \
	X(GATE_UPLOAD, "evidence.upload")                                      \
	X(GATE_LIST, "evidence.list")                                          \
	X(GATE_SHOW, "evidence.show")                                          \
	X(GATE_VIEW, "evidence.view")       /* content: recorded */            \
	X(GATE_EXPORT, "evidence.export")   /* content: recorded */            \
	X(GATE_PREVIEW, "evidence.preview") /* a frame of it: recorded */      \
	X(GATE_PROBE, "media.probe")        /* by the site: recorded */        \
	X(GATE_CUSTODY, "evidence.custody")                                    \
	X(GATE_FOLLOW, "events.follow")                                        \
	X(GATE_ENTRIES, "log.entries")                                         \
	X(GATE_TOKENS, "token.manage")

enum gate_act {
#define X(id, name) id,
	GATE_ACTS(X)
#undef X
	    GATE_ACT_COUNT
};

const char *gate_act_name(enum gate_act act);
bool gate_role_may(enum gate_role role, enum gate_act act);
/* May it, but only about what the token itself brings in? */
bool gate_role_own(enum gate_role role, enum gate_act act);
/* May the site itself, on nobody's behalf? */
bool gate_site_may(enum gate_act act);
bool gate_act_recorded(enum gate_act act);

#endif
