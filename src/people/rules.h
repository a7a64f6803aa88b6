#ifndef PEOPLE_RULES_H
#define PEOPLE_RULES_H

#include "base/clock.h"
#include "crypto/digest.h"

/*
 * The rules: numbers of the CJIS Security Policy as data (docs/people.md), one
 * file for a version of the policy, over which a state and then an agency may
 * lay its own.  The first is built into the program
 * (packaging/policy/cjissecpol-6.1.json).
 *
 *   {"policy":"CJISSECPOL","version":"6.1",
 *    "rules":{"logon.failures":{"value":5,"unit":"attempts",
 *      "section":"AC-7","by":"program","text":"…"}, …},
 *    "roles":{"officer":{"training":2,"section":"AT-3(a)"}, …},
 *    "zones":{"FL":"EST5EDT,M3.2.0,M11.1.0", …}}
 *
 * "by" is who sees to it (PEOPLE_RULES_BY); left out, the program.  An overlay
 * has "applies":{"state":"FL"} or {"state":"FL","agency":SLUG},
 * and of the rest only what differs; for its own "zone" instead of "zones".
 * A rule with a direction may only be made stricter (CJISSECPOL 3.2.2).
 *
 * Rules are immutable once made; any thread may read them.
 */
#define PEOPLE_RULES_FILE_MAX ((size_t)256 * 1024)
#define PEOPLE_RULES_SECTION  64
#define PEOPLE_RULES_TEXT     300

/* id, name, unit, least, most, which way is stricter: -1 lower, 1 higher, 0
 * neither. */
#define PEOPLE_RULES(X)                                                        \
	X(PEOPLE_LOGON_FAILURES, "logon.failures", "attempts", 1, 10, -1)      \
	X(PEOPLE_LOGON_WINDOW, "logon.window", "minutes", 1, 1440, 1)          \
	X(PEOPLE_AUTHENTICATOR_FAILURES, "authenticator.failures", "attempts", \
	    1, 100, -1)                                                        \
	X(PEOPLE_SESSION_LOCK, "session.lock", "minutes", 1, 60, -1)           \
	X(PEOPLE_SESSION_REAUTHENTICATE, "session.reauthenticate", "hours", 1, \
	    24, -1)                                                            \
	X(PEOPLE_SESSION_DISCONNECT, "session.disconnect", "minutes", 1, 1440, \
	    -1)                                                                \
	X(PEOPLE_SESSION_PRIVILEGED, "session.privileged", "minutes", 1, 720,  \
	    -1)                                                                \
	X(PEOPLE_ACCOUNT_NOTIFY, "account.notify", "days", 0, 30, -1)          \
	X(PEOPLE_ACCOUNT_TEMPORARY, "account.temporary", "hours", 1, 720, -1)  \
	X(PEOPLE_ACCOUNT_INACTIVE, "account.inactive", "days", 1, 365, -1)     \
	X(PEOPLE_ACCOUNT_DISABLE, "account.disable", "days", 0, 30, -1)        \
	X(PEOPLE_ACCOUNT_RISK, "account.risk", "minutes", 0, 1440, -1)         \
	X(PEOPLE_ACCOUNT_TERMINATE, "account.terminate", "hours", 0, 168, -1)  \
	X(PEOPLE_ACCOUNT_TRANSFER, "account.transfer", "hours", 0, 168, -1)    \
	X(PEOPLE_ACCOUNT_REVIEW, "account.review", "months", 1, 36, -1)        \
	X(PEOPLE_PRIVILEGE_REVIEW, "privilege.review", "months", 1, 36, -1)    \
	X(PEOPLE_IDENTIFIER_REUSE, "identifier.reuse", "months", 1, 1200, 1)   \
	X(PEOPLE_PASSWORD_LENGTH, "password.length", "characters", 6, 128, 1)  \
	X(PEOPLE_PASSWORD_GENERATED, "password.generated", "characters", 6,    \
	    128, 1)                                                            \
	X(PEOPLE_PASSWORD_CHANGE, "password.change", "months", 1, 120, -1)     \
	X(PEOPLE_PASSWORD_BANNED, "password.banned_check", "months", 1, 12,    \
	    -1)                                                                \
	X(PEOPLE_PASSWORD_SALT, "password.salt", "bits", 32, 512, 1)           \
	X(PEOPLE_PASSWORD_PEPPER, "password.pepper", "bits", 112, 512, 1)      \
	X(PEOPLE_RECOVERY_ENTROPY, "recovery.entropy", "bits", 20, 256, 1)     \
	X(PEOPLE_RECOVERY_PLAIN, "recovery.plain", "bits", 112, 256, 1)        \
	X(PEOPLE_BAND_VALID, "band.valid", "minutes", 1, 10, -1)               \
	X(PEOPLE_BAND_ENTROPY, "band.entropy", "bits", 20, 256, 1)             \
	X(PEOPLE_OTP_KEY, "otp.key", "bits", 112, 512, 1)                      \
	X(PEOPLE_OTP_DIGITS, "otp.digits", "characters", 6, 10, 1)             \
	X(PEOPLE_OTP_STEP, "otp.step", "seconds", 10, 120, -1)                 \
	X(PEOPLE_CHALLENGE, "challenge.length", "bits", 64, 1024, 1)           \
	X(PEOPLE_CHALLENGE_KEY, "challenge.key", "bits", 112, 1024, 1)         \
	X(PEOPLE_SCREENING_RENEWAL, "screening.renewal", "months", 0, 600, 0)  \
	X(PEOPLE_SCREENING_RESIDENCE, "screening.residence", "flag", 0, 1, 1)  \
	X(PEOPLE_TRAINING_RENEWAL, "training.renewal", "months", 1, 36, -1)    \
	X(PEOPLE_TRAINING_EVENT, "training.event", "days", 0, 90, -1)          \
	X(PEOPLE_TRAINING_PII, "training.pii", "flag", 0, 1, 1)                \
	X(PEOPLE_TRAINING_RECORDS, "training.records", "months", 12, 1200, 1)  \
	X(PEOPLE_ADDENDUM_AGENCY, "addendum.agency", "flag", 0, 1, 1)          \
	X(PEOPLE_ADDENDUM_RENEWAL, "addendum.renewal", "months", 0, 120, 0)    \
	X(PEOPLE_ADDENDUM_CONTRACTOR, "addendum.contractor_renewal", "months", \
	    0, 120, 0)                                                         \
	X(PEOPLE_AGREEMENT_REVIEW, "agreement.review", "months", 1, 120, -1)   \
	X(PEOPLE_AGREEMENT_PARTNER, "agreement.partner", "flag", 0, 1, 1)      \
	X(PEOPLE_PARTNER_AUDIT, "agreement.audit", "months", 1, 120, -1)       \
	X(PEOPLE_VENDOR_NOTICE, "vendor.notice", "hours", 1, 168, -1)          \
	X(PEOPLE_SANCTION_NOTICE, "sanction.notice", "hours", 1, 168, -1)      \
	X(PEOPLE_WARNING_1, "warning.first", "days", 1, 365, 1)                \
	X(PEOPLE_WARNING_2, "warning.second", "days", 1, 365, 1)               \
	X(PEOPLE_WARNING_3, "warning.third", "days", 1, 365, 1)                \
	X(PEOPLE_WARNING_4, "warning.last", "days", 1, 365, 1)                 \
	X(PEOPLE_LOCKBOX_PENDING, "lockbox.pending", "hours", 1, 720, 0)       \
	X(PEOPLE_LOCKBOX_ACCESS, "lockbox.access", "minutes", 1, 43200, 0)     \
	X(PEOPLE_LOCKBOX_QUORUM, "lockbox.quorum", "persons", 1, 16, 1)        \
	X(PEOPLE_LOCKBOX_GLASS, "lockbox.glass", "minutes", 0, 60, -1)         \
	X(PEOPLE_SHARE_DEFAULT, "share.default", "days", 1, 366, 0)            \
	X(PEOPLE_SHARE_LONGEST, "share.longest", "days", 1, 366, -1)

enum people_rule {
#define X(id, name, unit, min, max, stricter) id,
	PEOPLE_RULES(X)
#undef X
	    PEOPLE_RULE_COUNT
};

/* Who sees to it that a rule is kept: the program asks for its number; it is so
 * by construction, whatever the number (nothing it makes could be otherwise);
 * or the agency does, by hand, and the number is there to be looked up. */
#define PEOPLE_RULES_BY(X)                                                     \
	X(PEOPLE_BY_PROGRAM, "program")                                        \
	X(PEOPLE_BY_CONSTRUCTION, "construction")                              \
	X(PEOPLE_BY_AGENCY, "agency")

enum people_rules_by {
#define X(id, name) id,
	PEOPLE_RULES_BY(X)
#undef X
	    PEOPLE_RULES_BY_COUNT
};

struct people_rules;

/* The built-in rules for an agency of this state. */
enum sp_code people_rules_default(struct people_rules **out, const char *state,
    struct sp_err *err) SP_MUST_USE;
/* The same with the overlays *.json of a folder that apply to this state, then
 * those that apply to this agency (each in order of file name).  `dirfd` -1 or
 * a folder that is not there: none.  SP_E_INVALID names file, member, rule. */
struct people_rules_place {
	const char *state; /* two letters */
	const char *slug;
	int dirfd;
	const char *folder; /* "policy" */
	bool provider;      /* the provider's own house */
};
enum sp_code people_rules_load(struct people_rules **out,
    const struct people_rules_place *at, struct sp_err *err) SP_MUST_USE;
/* A whole file (`base` NULL) or an overlay on `base` (which stays as it is);
 * *applies says whether the overlay is for this state and agency, and only
 * then is *out set.  SP_E_INVALID, reason "rules.<what>". */
enum sp_code people_rules_parse(struct people_rules **out,
    const struct people_rules *base, const struct people_rules_place *at,
    struct crypto_piece text, bool *applies, struct sp_err *err) SP_MUST_USE;
void people_rules_free(struct people_rules *r); /* NULL is a no-op */

static inline void
people_rules_freep(struct people_rules **r)
{
	people_rules_free(*r);
}
#define PEOPLE_AUTO_RULES SP_CLEANUP(people_rules_freep) struct people_rules *

/* The bytes of the built-in file. */
extern const uint8_t people_rules_builtin[];
extern const size_t people_rules_builtin_len;

int64_t people_rules_get(const struct people_rules *r, enum people_rule rule);
/* In microseconds, for units of seconds to days. */
sp_time people_rules_time(const struct people_rules *r, enum people_rule rule);
const char *people_rules_name(enum people_rule rule);
const char *people_rules_unit(enum people_rule rule);
/* "AC-7", and what it asks, in a sentence. */
const char *people_rules_section(
    const struct people_rules *r, enum people_rule rule);
const char *people_rules_text(
    const struct people_rules *r, enum people_rule rule);
enum people_rules_by people_rules_by(
    const struct people_rules *r, enum people_rule rule);
/* "CJISSECPOL 6.1". */
const char *people_rules_policy(const struct people_rules *r);
const char *people_rules_state(const struct people_rules *r);
/* Is it the provider's own house?  Then its people have other roles than an
 * agency's (people/person.h). */
bool people_rules_provider(const struct people_rules *r);
/* Level of the training a role needs, 1 to 4, and the section that says so;
 * `role` is the index of enum people_role. */
int people_rules_level(const struct people_rules *r, unsigned role);
const char *people_rules_level_section(
    const struct people_rules *r, unsigned role);
/* All of them: {"policy":…,"rules":[{"by":…,"name":…,"section":…,"text":…,
 * "unit":…,"value":…}],…}. */
struct sp_json;
void people_rules_json(
    struct sp_json *j, const char *name, const struct people_rules *r);

/*
 * Days of the agency's calendar, counted from 1970-01-01.  Records of
 * personnel carry days; when a day begins is a matter of the agency's zone,
 * a POSIX TZ rule ("EST5EDT,M3.2.0,M11.1.0") out of the rules.
 */
typedef int32_t people_day;
#define PEOPLE_DAY_NONE  INT32_MIN /* no such day */
#define PEOPLE_DAY_NEVER INT32_MAX /* later than all */
#define PEOPLE_DAY_TEXT  11        /* "2026-11-21" and a NUL */

/* The day it is there, and when a day begins there (its first moment). */
people_day people_day_of(const struct people_rules *r, sp_time t);
/* The last day that is not to come, whichever clock one reads it from: the
 * later of the agency's today and UTC's. */
people_day people_day_latest(const struct people_rules *r, sp_time t);
sp_time people_day_begins(const struct people_rules *r, people_day day);
const char *people_day_zone(const struct people_rules *r);
/* "2026-11-21", 1900 to 9999; proleptic Gregorian, the day must be one. */
bool people_day_parse(const char *s, size_t len, people_day *out) SP_MUST_USE;
void people_day_text(people_day day, char out[static PEOPLE_DAY_TEXT]);
/* The same day of the month `months` later; where that month has no such day,
 * its last one (29 February and 12 months: 28 February). */
people_day people_day_months(people_day day, int64_t months);

#endif
