#ifndef TEST_GATE_SENTENCES_H
#define TEST_GATE_SENTENCES_H

#include "base/base.h"

#include <string.h>

/*
 * The policy a second time, told from the side of the roles and in plain
 * sentences, to be compared with the table that the program runs on.  It shares
 * nothing with that table but names.
 */

/* Acts, each followed by a space. */
#define EVERY_PERSON                                                           \
	"session.own credential.enrol credential.change addendum.sign "        \
	"policy.show "

static const struct {
	const char *role;
	const char *may;
} sentences[] = {
	/* Brings in and looks; what happened to it afterwards, takes others. */
	{ "officer",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview events.follow share.show share.use "
	    "group.show " EVERY_PERSON },
	/* An officer's officer: also hands out, shares, and shuts accounts. */
	{ "supervisor",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview evidence.export evidence.custody "
	    "disposition.request events.follow share.show share.grant "
	    "share.reshare share.revoke share.use group.show group.manage "
	    "person.show person.disable session.end device.show device.revoke "
	    "clearance.show training.show policy.explain " EVERY_PERSON },
	{ "investigator",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview evidence.export evidence.custody events.follow "
	    "share.show share.use group.show " EVERY_PERSON },
	/* Everything about evidence, and the agency's say about the provider.
	 */
	{ "custodian",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview evidence.export evidence.custody "
	    "disposition.request disposition.approve events.follow share.show "
	    "share.grant share.reshare share.revoke share.use group.show "
	    "group.manage lockbox.show lockbox.approve lockbox.deny "
	    "lockbox.revoke person.show device.show device.enrol device.revoke "
	    "clearance.show agreement.show recovery.begin "
	    "recovery.confirm " EVERY_PERSON },
	{ "records-clerk",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview evidence.export evidence.custody "
	    "disposition.request events.follow share.show "
	    "share.use " EVERY_PERSON },
	/* What was shared, and its custody. */
	{ "prosecutor",
	    "evidence.list evidence.show evidence.view evidence.preview "
	    "evidence.export evidence.custody share.show "
	    "share.use " EVERY_PERSON },
	/* Sees everything that happened, does nothing, sees no content. */
	{ "auditor",
	    "evidence.list evidence.show evidence.custody events.follow "
	    "log.entries share.show share.use group.show lockbox.show "
	    "person.show session.show service.show device.show clearance.show "
	    "screening.show training.show addendum.show agreement.show "
	    "policy.explain " EVERY_PERSON },
	/* An auditor who can stop things, and keeps the personnel records. */
	{ "laso",
	    "evidence.list evidence.show evidence.custody events.follow "
	    "log.entries share.show share.revoke group.show lockbox.show "
	    "lockbox.approve lockbox.deny lockbox.revoke person.show "
	    "person.disable session.show session.end service.show device.show "
	    "device.revoke clearance.show screening.show screening.record "
	    "training.show training.record addendum.show addendum.record "
	    "agreement.show agreement.record personnel.export sealed.record "
	    "sealed.open policy.explain recovery.begin "
	    "recovery.confirm " EVERY_PERSON },
	/* Runs the agency.  Reads nothing that is sealed of people. */
	{ "administrator",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview evidence.export evidence.custody "
	    "disposition.approve events.follow log.entries share.show "
	    "share.grant share.reshare share.revoke share.use group.show "
	    "group.manage lockbox.show lockbox.approve lockbox.deny "
	    "lockbox.revoke person.show person.add person.change "
	    "person.import person.disable person.enable person.terminate "
	    "role.assign session.show session.end credential.reset "
	    "token.manage service.show service.manage device.show "
	    "device.enrol device.revoke clearance.show screening.show "
	    "screening.record training.show training.record addendum.show "
	    "addendum.record agreement.show agreement.record "
	    "personnel.export sealed.record policy.explain policy.change "
	    "recovery.prepare " EVERY_PERSON },
	/* The state: people's records, never evidence. */
	{ "cso",
	    "lockbox.show person.show clearance.show screening.show "
	    "screening.record training.show addendum.show agreement.show "
	    "agreement.record personnel.export sealed.open "
	    "policy.explain " EVERY_PERSON },
	/* The provider's two: one asks and works, the other answers for them.
	 */
	{ "operator",
	    "evidence.show evidence.view evidence.preview lockbox.show "
	    "lockbox.request lockbox.use break-glass.request " EVERY_PERSON },
	{ "provider-security",
	    "lockbox.show lockbox.internal-approve lockbox.deny "
	    "lockbox.revoke break-glass.confirm person.show person.add "
	    "person.change person.disable person.enable person.terminate "
	    "role.assign session.show session.end credential.reset "
	    "clearance.show screening.show screening.record training.show "
	    "training.record addendum.show addendum.record agreement.show "
	    "policy.explain " EVERY_PERSON },
	{ "device",
	    "evidence.upload evidence.show events.follow device.rotate "
	    "policy.show " },
	{ "service",
	    "evidence.upload evidence.list evidence.show evidence.view "
	    "evidence.preview evidence.export evidence.custody events.follow "
	    "log.entries person.import device.show device.revoke "
	    "training.record policy.show " },
};

static inline bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') && at[len] == ' ')
			return true;
	return false;
}

static inline bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static inline bool
sentence_may(const char *role, const char *act)
{
	for (size_t i = 0; i < SP_COUNTOF(sentences); i++)
		if (is(sentences[i].role, role))
			return has_word(sentences[i].may, act);
	return false;
}

/* What it does is about items of evidence, each with a class. */
static inline bool
sentence_evidence(const char *act)
{
	return begins(act, "evidence.") || begins(act, "disposition.") ||
	    is(act, "media.probe") || is(act, "share.grant") ||
	    is(act, "share.reshare") || is(act, "share.use") ||
	    is(act, "lockbox.use");
}

/* Content comes to somebody's eyes or hands. */
static inline bool
sentence_content(const char *act)
{
	return is(act, "evidence.view") || is(act, "evidence.preview") ||
	    is(act, "evidence.export");
}

/* Who touches CJI must be cleared.  Bringing in shows nothing to anybody. */
static inline bool
sentence_clearance(const char *act)
{
	if (is(act, "evidence.upload") || is(act, "media.probe"))
		return false;
	return sentence_evidence(act) || is(act, "sealed.open");
}

static inline bool
sentence_persons(const char *act)
{
	return has_word(
	    "disposition.approve lockbox.request lockbox.internal-approve "
	    "lockbox.approve lockbox.use share.use break-glass.request "
	    "break-glass.confirm session.own credential.enrol "
	    "credential.change addendum.sign sealed.open recovery.begin "
	    "recovery.confirm ",
	    act);
}

/* "A token of the site's says who is who only until an administrator can sign
 * in": accounts, roles, records, credentials of others, the policy. */
static inline bool
sentence_founds(const char *act)
{
	return has_word(
	    "person.add person.change person.import person.disable "
	    "person.enable person.terminate role.assign screening.record "
	    "training.record addendum.record agreement.record sealed.record "
	    "token.manage service.manage credential.reset policy.change "
	    "recovery.prepare ",
	    act);
}

/* Whose request is it that this decides? */
static inline const char *
sentence_after(const char *act)
{
	if (is(act, "disposition.approve"))
		return "disposition.request";
	if (is(act, "lockbox.approve") || is(act, "lockbox.internal-approve"))
		return "lockbox.request";
	if (is(act, "break-glass.confirm"))
		return "break-glass.request";
	if (is(act, "recovery.confirm"))
		return "recovery.begin";
	return NULL;
}

/* Nobody does to themselves what lets them in, further in, or back in. */
static inline bool
sentence_not_self(const char *act)
{
	return has_word("person.change person.import person.enable "
			"person.terminate role.assign credential.reset "
			"screening.record training.record ",
	    act);
}

/* 1: signed in at all, 2: with a second factor, 3: shown just now. */
static inline int
sentence_factor(const char *act)
{
	if (is(act, "session.own") || is(act, "credential.enrol") ||
	    is(act, "policy.show"))
		return 1;
	if (sentence_after(act) != NULL)
		return 3;
	if (has_word("share.grant share.reshare group.manage lockbox.request "
		     "lockbox.use break-glass.request person.add person.change "
		     "person.import person.enable person.terminate role.assign "
		     "credential.change credential.reset token.manage "
		     "service.manage screening.record addendum.sign "
		     "agreement.record personnel.export sealed.open "
		     "policy.change recovery.prepare recovery.begin ",
		act))
		return 3;
	return 2;
}

/* Content moves, and must not leave the geography. */
static inline bool
sentence_placed(const char *act)
{
	return sentence_content(act) || is(act, "evidence.upload") ||
	    is(act, "share.grant") || is(act, "share.reshare") ||
	    is(act, "share.use") || is(act, "lockbox.use");
}

static inline const char *
sentence_entry(const char *act)
{
	if (is(act, "evidence.view"))
		return "evidence.opened";
	if (is(act, "evidence.preview"))
		return "evidence.previewed";
	if (is(act, "evidence.export"))
		return "evidence.exported";
	if (is(act, "media.probe"))
		return "media.opened";
	if (is(act, "lockbox.use"))
		return "lockbox.used";
	if (is(act, "personnel.export"))
		return "personnel.exported";
	if (is(act, "sealed.open"))
		return "sealed.opened";
	return NULL;
}

/* 1 ordinary, 2 restricted, 3 sealed by a court: how far a role comes. */
static inline int
sentence_role_class(const char *role)
{
	if (is(role, "custodian") || is(role, "administrator") ||
	    is(role, "auditor") || is(role, "laso"))
		return 3;
	if (is(role, "officer") || is(role, "device") || is(role, "cso") ||
	    is(role, "provider-security"))
		return 1;
	return 2;
}

/* What a court has sealed is neither shared nor shown to the provider. */
static inline int
sentence_act_class(const char *act)
{
	return begins(act, "share.") || begins(act, "lockbox.") ? 2 : 3;
}

#endif
