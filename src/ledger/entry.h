#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "base/buf.h"
#include "base/id.h"

/*
 * One entry: canonical JSON (RFC 8785), at most 64 KiB - 1, that says the six
 * things an audit record must (CJISSECPOL AU-3; docs/ledger.md):
 *
 *   {"act":"evidence.sealed","actor":{"id":"...","kind":"token"},
 *    "address":"192.0.2.7","agency":"<id>","at":"2026-...Z",
 *    "detail":{...},"object":{"id":"...","kind":"evidence"},
 *    "outcome":"done","source":"api","v":1}
 *
 * Ids only; no names and no free text.
 */
#define LEDGER_ENTRY_MAX 65535
#define LEDGER_WORD_MAX  64 /* acts, kinds, source: a-z 0-9 . - _ */

/*
 * Every act that the log can carry: an entry of another is refused.  Each has
 * its row in docs/ledger.md (Acts) and its words for people in
 * src/report/words.c and web/verify/src/words.ts;
 * tests/unit/report/words_test.c holds them together.
 */
#define LEDGER_ACTS(X)                                                         \
	X("agency.created")                                                    \
	X("token.issued")                                                      \
	X("token.revoked")                                                     \
	X("gate.denied")                                                       \
	X("upload.created")                                                    \
	X("upload.refused")                                                    \
	X("upload.removed")                                                    \
	X("upload.expired")                                                    \
	X("upload.lost")                                                       \
	X("evidence.sealed")                                                   \
	X("evidence.opened")                                                   \
	X("evidence.closed")                                                   \
	X("evidence.exported")                                                 \
	X("evidence.previewed")                                                \
	X("evidence.corrupt")                                                  \
	X("media.opened")                                                      \
	X("media.probed")                                                      \
	X("person.added")                                                      \
	X("person.changed")                                                    \
	X("person.transferred")                                                \
	X("role.given")                                                        \
	X("person.disabled")                                                   \
	X("person.enabled")                                                    \
	X("person.ending")                                                     \
	X("person.terminated")                                                 \
	X("screening.recorded")                                                \
	X("training.recorded")                                                 \
	X("training.demanded")                                                 \
	X("addendum.document")                                                 \
	X("addendum.signed")                                                   \
	X("agreement.recorded")                                                \
	X("agreement.reviewed")                                                \
	X("agreement.ended")                                                   \
	X("clearance.warned")                                                  \
	X("clearance.lapsed")                                                  \
	X("roster.applied")                                                    \
	X("sealed.kept")                                                       \
	X("sealed.shown")                                                      \
	X("sealed.opened")                                                     \
	X("personnel.exported")                                                \
	X("session.opened")                                                    \
	X("session.renewed")                                                   \
	X("session.locked")                                                    \
	X("session.ended")                                                     \
	X("session.refused")                                                   \
	X("session.throttled")                                                 \
	X("notice.acknowledged")                                               \
	X("credential.invited")                                                \
	X("credential.enrolled")                                               \
	X("credential.changed")                                                \
	X("credential.removed")                                                \
	X("credential.recovered")                                              \
	X("lockbox.requested")                                                 \
	X("lockbox.asked")                                                     \
	X("lockbox.approved")                                                  \
	X("lockbox.denied")                                                    \
	X("lockbox.expired")                                                   \
	X("lockbox.revoked")                                                   \
	X("lockbox.completed")                                                 \
	X("lockbox.used")                                                      \
	X("lockbox.touched")                                                   \
	X("glass.requested")                                                   \
	X("glass.confirmed")                                                   \
	X("glass.broken")                                                      \
	X("glass.reviewed")                                                    \
	X("credential.suspected")                                              \
	X("provider.added")                                                    \
	X("provider.removed")                                                  \
	X("identity.linked")                                                   \
	X("identity.unlinked")                                                 \
	X("share.granted")                                                     \
	X("share.revoked")                                                     \
	X("share.declined")                                                    \
	X("share.ended")                                                       \
	X("share.used")                                                        \
	X("group.formed")                                                      \
	X("group.joined")                                                      \
	X("group.changed")                                                     \
	X("group.left")                                                        \
	X("group.ended")                                                       \
	X("group.persons")                                                     \
	X("service.added")                                                     \
	X("service.rotated")                                                   \
	X("service.revoked")                                                   \
	X("service.token")                                                     \
	X("service.refused")                                                   \
	X("recovery.prepared")                                                 \
	X("recovery.begun")                                                    \
	X("recovery.confirmed")                                                \
	X("recovery.refused")                                                  \
	X("twin.joined")                                                       \
	X("device.added")                                                      \
	X("device.enrolled")                                                   \
	X("device.rotated")                                                    \
	X("device.revoked")                                                    \
	X("log.skipped")

#define LEDGER_OUTCOMES(X)                                                     \
	X(LEDGER_DONE, "done")                                                 \
	X(LEDGER_REFUSED, "refused") /* denied by policy, or input refused */  \
	X(LEDGER_FAILED, "failed")   /* corrupt, interrupted */

enum ledger_outcome {
#define X(id, name) id,
	LEDGER_OUTCOMES(X)
#undef X
	    LEDGER_OUTCOME_COUNT
};

struct ledger_entry {
	const char *act;        /* of LEDGER_ACTS */
	const char *actor_kind; /* "site", "token", "person", "service",
				 * "device" */
	struct sp_id actor;
	const char *address; /* numeric IP address, or NULL: absent */
	struct sp_id agency;
	sp_time at;
	const char *object_kind; /* "evidence", "upload", "token", "log" … */
	struct sp_id object;
	enum ledger_outcome outcome;
	const char *source; /* "api", "cli", "repair" */
	const char *detail; /* canonical JSON object, or NULL for {} */
};

/* Append the entry's bytes.  SP_E_INVALID: an act that is not on the list, a
 * word that is none, an address that is not numeric; SP_E_LIMIT: too long. */
enum sp_code ledger_entry_write(const struct ledger_entry *e,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

#endif
