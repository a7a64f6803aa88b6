#include "report/words.h"

#include "gate/role.h"

#include <string.h>

#define DETAIL_MAX ((size_t)400) /* bytes told of what is not known here */

struct word {
	const char *word, *says;
};

/* All of LEDGER_ACTS (ledger/entry.h); the same as in web/verify. */
static const struct word acts[] = {
	{ "agency.created", "The agency’s log began" },
	{ "token.issued", "An access token was issued" },
	{ "token.revoked", "An access token was revoked" },
	{ "gate.denied", "Access was refused" },
	{ "upload.created", "Upload began" },
	{ "upload.refused",
	    "Upload refused: what came is not what was declared" },
	{ "upload.removed", "Upload taken back by its sender" },
	{ "upload.expired", "Upload not finished in time; discarded" },
	{ "upload.lost", "Upload lost: its bytes are not there any more" },
	{ "evidence.sealed", "Received in full and sealed as evidence" },
	{ "evidence.opened", "Viewing began" },
	{ "evidence.closed", "Viewing ended" },
	{ "evidence.exported", "Copied out in a package" },
	{ "evidence.previewed", "A still picture of it was shown" },
	{ "media.opened", "The system itself began to examine it" },
	{ "media.probed", "The system’s examination ended" },
	{ "evidence.corrupt", "The stored content failed its check" },
	{ "person.added", "An account was made for a person" },
	{ "person.changed", "What is known of a person was corrected" },
	{ "person.transferred",
	    "A person went to another unit; rights were given anew" },
	{ "role.given", "A person was given another role" },
	{ "person.disabled", "A person’s account was disabled" },
	{ "person.enabled", "A person’s account was enabled again" },
	{ "person.ending", "The end of a person’s account was set" },
	{ "person.terminated", "A person’s account ended for good" },
	{ "screening.recorded", "A background check of a person was recorded" },
	{ "training.recorded", "A person’s training was recorded" },
	{ "training.demanded", "Training was demanded of a person" },
	{ "addendum.document", "A document to be signed was kept" },
	{ "addendum.signed",
	    "A security addendum or terms of access were signed" },
	{ "agreement.recorded", "An agreement of the agency was recorded" },
	{ "agreement.reviewed", "An agreement of the agency was reviewed" },
	{ "agreement.ended", "An agreement of the agency was ended" },
	{ "clearance.warned", "Warned that a clearance will lapse" },
	{ "clearance.lapsed", "A clearance lapsed; access stopped" },
	{ "roster.applied", "A list of personnel was taken in" },
	{ "sealed.kept", "An identifying number of a person was sealed" },
	{ "sealed.shown", "An identifying number of a person was shown" },
	{ "sealed.opened", "What is sealed of a person was opened" },
	{ "personnel.exported", "The personnel file was exported" },
	{ "session.opened", "A person signed in" },
	{ "session.renewed", "A person proved anew who they are" },
	{ "session.locked", "A session was locked after a time without use" },
	{ "session.ended", "A session ended" },
	{ "session.refused", "An attempt to sign in was refused" },
	{ "session.throttled",
	    "Too many attempts to sign in came from one place" },
	{ "notice.acknowledged", "The notice of use was acknowledged" },
	{ "credential.invited", "A person was invited to enrol" },
	{ "credential.enrolled", "A second factor was enrolled" },
	{ "credential.changed",
	    "A person’s password or recovery codes were changed" },
	{ "credential.removed", "A second factor was removed" },
	{ "credential.recovered",
	    "A recovery code was used in place of a second factor" },
	{ "lockbox.requested",
	    "Somebody of the provider’s wishes to see evidence" },
	{ "lockbox.asked", "The provider asked to see evidence" },
	{ "lockbox.approved", "The provider’s request was approved" },
	{ "lockbox.denied", "The provider’s request was denied or dropped" },
	{ "lockbox.expired", "The provider’s request ran out unanswered" },
	{ "lockbox.revoked", "The provider’s access was revoked" },
	{ "lockbox.completed", "The provider’s access ended" },
	{ "lockbox.used", "The provider began work under a lockbox grant" },
	{ "lockbox.touched",
	    "The provider looked at it under a lockbox grant" },
	{ "glass.requested",
	    "The provider wishes to break glass: access before an answer" },
	{ "glass.confirmed", "Somebody else of the provider confirmed it" },
	{ "glass.broken",
	    "The provider broke glass: access without an answer" },
	{ "glass.reviewed", "The agency reviewed why glass was broken" },
	{ "credential.suspected",
	    "A passkey was disabled, for there seems to be a copy of it" },
	{ "provider.added", "An identity provider was added" },
	{ "provider.removed", "An identity provider was removed" },
	{ "identity.linked",
	    "A person was linked to an account at an identity provider" },
	{ "identity.unlinked",
	    "A person’s links to accounts elsewhere were undone" },
	{ "share.granted", "Shared with another agency" },
	{ "share.revoked", "A share was revoked" },
	{ "share.declined", "A share was declined by whom it was with" },
	{ "share.ended", "A share ended" },
	{ "share.used", "Opened what another agency shared" },
	{ "group.formed", "A joint task force was formed" },
	{ "group.joined", "An agency joined a joint task force" },
	{ "group.changed", "Who is in a joint task force changed" },
	{ "group.left", "An agency left a joint task force" },
	{ "group.ended", "A joint task force ended" },
	{ "group.persons",
	    "Who comes to a joint task force for the agency was said" },
	{ "service.added", "A service account was added" },
	{ "service.rotated", "A service account got a new secret" },
	{ "service.revoked", "A service account was revoked" },
	{ "service.token", "A service account signed in" },
	{ "service.refused", "A service account was turned away" },
	{ "recovery.prepared",
	    "Shares were made for the loss of all administrators" },
	{ "recovery.begun", "Recovery of the administration was begun" },
	{ "recovery.confirmed",
	    "Recovery of the administration was confirmed by a second person" },
	{ "recovery.refused", "A share for recovery was turned away" },
	{ "twin.joined",
	    "The other agency’s log has it too; its proof is kept here" },
	{ "device.added", "A device was added; it may enrol once" },
	{ "device.enrolled", "A device enrolled and got its certificate" },
	{ "device.rotated", "A device renewed its certificate" },
	{ "device.revoked", "A device was revoked and cut off" },
	{ "log.skipped", "A place in the log was passed over" },
};

static const struct word outcomes[] = {
	{ "done", "done" },
	{ "refused", "REFUSED" },
	{ "failed", "FAILED" },
};

static const struct word actors[] = {
	{ "token", "Access token" },
	{ "person", "Person" },
	{ "site", "The system itself" },
};

static const struct word sources[] = {
	{ "cli", "on the server itself (cli)" },
	{ "site", "by itself (site)" },
	{ "repair", "found when the server started (repair)" },
	{ "media", "by itself, looking into media (media)" },
};

/* What was asked for, in vain, in the gate's own words (its list alone: the
 * press is not linked with the gate). */
static const struct word denied[] = {
#define X(id, name, words) { (name), "to " words },
	GATE_ACTS(X)
#undef X
};

/* Why it could not be read as media (media/facts.h, MEDIA_REASONS). */
static const struct word reasons[] = {
	{ "empty", "the file is empty" },
	{ "format", "not a known media format" },
	{ "damaged", "damaged or cut off" },
	{ "streams", "too many streams" },
	{ "dimensions", "its pictures are too large" },
	{ "memory", "takes too much memory to read" },
	{ "time", "takes too long to read" },
	{ "bytes", "too much of it would have to be read" },
	{ "crashed", "reading it ended unexpectedly" },
	{ "nonsense", "reading it gave no sense" },
	{ "stored", "the stored bytes fail their check" },
	{ "tries", "reading it was interrupted too often" },
};

static const struct word examined[] = {
	{ "done", "Its format and length were read" },
	{ "none", "It is no video, sound or picture" },
	{ "unreadable", "Kept as it came; not readable as media: " },
	{ "queued", "Interrupted; it will be tried again" },
};

static const char *
find(const struct word *list, size_t n, const char *word, const char *otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].word, word) == 0)
			return list[i].says;
	return otherwise;
}

const char *
report_words_act(const char *act)
{
	return find(acts, SP_COUNTOF(acts), act,
	    "An act that this report has no words for");
}

const char *
report_words_outcome(const char *outcome)
{
	return find(outcomes, SP_COUNTOF(outcomes), outcome, outcome);
}

bool
report_words_unusual(const char *outcome)
{
	return strcmp(outcome, "done") != 0;
}

const char *
report_words_actor(const char *kind)
{
	return find(actors, SP_COUNTOF(actors), kind, kind);
}

const char *
report_words_source(const char *source)
{
	return find(sources, SP_COUNTOF(sources), source, source);
}

/* --- details --- */

static void
number(const json_t *detail, const char *name, struct sp_buf *out)
{
	report_text_number(report_dossier_number(detail, name), out);
}

static void
closed(const struct report_event *e, struct sp_buf *out)
{
	if (json_is_integer(json_object_get(e->detail, "bytes"))) {
		number(e->detail, "bytes", out);
		sp_buf_text(out, " bytes were sent; it ");
	} else {
		sp_buf_text(out, "Interrupted, bytes sent unknown; it ");
	}
	sp_buf_text(out, "began with entry ");
	number(e->detail, "opened", out);
	if (json_is_true(json_object_get(e->detail, "cut")))
		sp_buf_text(out, "; cut off: the viewer's access was revoked");
}

static void
denial(const struct report_event *e, struct sp_buf *out)
{
	const char *act = report_dossier_text(e->detail, "act");

	sp_buf_fmt(out,
	    "Asked %s; reason: ", find(denied, SP_COUNTOF(denied), act, act));
	sp_buf_text(out, report_dossier_text(e->detail, "code"));
	if (report_dossier_number(e->detail, "stands_for") > 1) {
		sp_buf_text(out, "; this entry stands for ");
		number(e->detail, "stands_for", out);
		sp_buf_text(out, " refusals");
	}
}

static void
sealed(const struct report_event *e, struct sp_buf *out)
{
	number(e->detail, "size", out);
	sp_buf_text(out, " bytes, SHA-256 as in section 1");
}

static void
probed(const struct report_event *e, struct sp_buf *out)
{
	const char *state = report_dossier_text(e->detail, "state");
	const char *reason = report_dossier_text(e->detail, "reason");

	sp_buf_text(out, find(examined, SP_COUNTOF(examined), state, state));
	if (strcmp(state, "unreadable") == 0)
		sp_buf_text(
		    out, find(reasons, SP_COUNTOF(reasons), reason, reason));
	if (report_dossier_text(e->detail, "poster_sha256")[0] != '\0')
		sp_buf_text(out, "; a still picture of it was made");
	sp_buf_text(out, "; it began with entry ");
	number(e->detail, "opened", out);
}

static const struct {
	const char *act;
	void (*tell)(const struct report_event *e, struct sp_buf *out);
	const char *needs; /* a number that its detail has */
} told[] = {
	{ "evidence.closed", closed, "opened" },
	{ "gate.denied", denial, "stands_for" },
	{ "evidence.sealed", sealed, "size" },
	{ "media.probed", probed, "opened" },
};

/* As it stands in the log. */
static void
raw(const struct report_event *e, struct sp_buf *out)
{
	char *text = json_dumps(e->detail, JSON_COMPACT | JSON_SORT_KEYS);
	size_t len;

	if (text == NULL) {
		sp_buf_poison(out, SP_E_NOMEM);
		return;
	}
	len = strlen(text);
	if (len > DETAIL_MAX) {
		len = DETAIL_MAX;
		while (((uint8_t)text[len] & 0xC0U) == 0x80U)
			len--; /* not inside a character */
	}
	sp_buf_add(out, text, len);
	if (text[len] != '\0')
		sp_buf_text(out, " … (the entry has more)");
	free(text);
}

void
report_words_detail(const struct report_event *e,
    const struct report_text_rule *rule, struct sp_buf *out)
{
	SP_AUTO_BUF text = sp_buf_new(LEDGER_ENTRY_MAX);
	void (*tell)(const struct report_event *, struct sp_buf *) = raw;

	if (json_object_size(e->detail) == 0)
		return;
	for (size_t i = 0; i < SP_COUNTOF(told); i++)
		if (strcmp(told[i].act, e->act) == 0 &&
		    json_is_integer(json_object_get(e->detail, told[i].needs)))
			tell = told[i].tell;
	tell(e, &text);
	if (!sp_buf_ok(&text))
		sp_buf_poison(out, text.bad);
	report_text_show(rule, sp_buf_str(&text), text.len, out);
}

struct report_words_time
report_words_time(const char *at)
{
	struct report_words_time t = { .date = "" };
	size_t date = strcspn(at, "T");
	const char *clock = at[date] == 'T' ? at + date + 1 : "";

	(void)snprintf(t.date, sizeof(t.date), "%.*s", (int)date, at);
	(void)snprintf(
	    t.clock, sizeof(t.clock), "%.*s", (int)strcspn(clock, "Z"), clock);
	return t;
}
