#include "api/people_part.h"
#include "machine/device.h"
#include "machine/service.h"

#include <string.h>

/*
 * Whom a question about a decision means: a person, as they would come who have
 * just signed in; or a device, a service or a token, as the gate knows them by
 * what they show.  Who would not be known at all is nobody, with what to do
 * about it.
 */

static const char *const reasons[PEOPLE_REASON_COUNT] = {
	[PEOPLE_NO_REASON] = "",
	[PEOPLE_REQUESTED] = "because somebody asked for it",
	[PEOPLE_INACTIVE] = "because it was unused for too long",
	[PEOPLE_RISK] = "because of a risk",
	[PEOPLE_LOCKED] = "because of too many failed sign-ins",
	[PEOPLE_SCREENING] = "because a check was decided \"denied\"",
	[PEOPLE_TEMPORARY] = "because its time is over",
	[PEOPLE_LEFT] = "because they have left",
};

static void
put_account(struct api_people_who *w)
{
	const char *why = reasons[w->standing.reason];
	const char *gap = why[0] == '\0' ? "" : ", ";

	if (w->standing.state == PEOPLE_TERMINATED)
		(void)snprintf(w->todo, sizeof(w->todo),
		    "the account was ended for good%s%s: as a new one, by "
		    "another login: sallyport person add",
		    gap, why);
	else
		(void)snprintf(w->todo, sizeof(w->todo),
		    "the account is disabled%s%s: sallyport person enable %s",
		    gap, why, w->p.login);
}

static enum sp_code
judge(struct api_people_who *w, struct db *db, struct sp_err *err)
{
	const struct people_rules *rules = api_people_rules(w->q);

	w->judged = true;
	return people_clearance(db, &w->p, rules, sp_now(), &w->v, err);
}

/* Whoever issued what a machine comes with answers for it. */
static enum sp_code
by_issuer(struct api_people_who *w, struct db *db, struct sp_err *err)
{
	if (sp_id_is_zero(&w->as.issuer))
		return SP_OK;
	SP_TRY(people_person_by_id(db, &w->as.issuer, &w->p, err));
	return judge(w, db, err);
}

/* --- a person --- */

enum sp_code
api_people_who_person(
    struct api_people_who *w, struct db *db, struct sp_err *err)
{
	const struct people_rules *rules = api_people_rules(w->q);
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	w->as.kind = "session";
	w->as.is = api_people_supposed_standing(w->supposed, rules);
	if (!w->person)
		return SP_OK;
	w->standing = people_person_state(&w->p, rules, sp_now());
	SP_TRY(judge(w, db, err));
	code = gate_caller_person(db, rules, &w->p.id, &w->as, &why);
	if (code == SP_E_UNKNOWN) {
		put_account(w);
		return SP_OK;
	}
	if (code != SP_OK)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	w->known = true;
	if (w->standing.reason == PEOPLE_LOCKED)
		(void)snprintf(w->note, sizeof(w->note),
		    "who is signed in stays so, but passwords and codes are "
		    "locked until an administrator releases them: sallyport "
		    "person enable %s",
		    w->p.login);
	return SP_OK;
}

/* --- a machine --- */

/* Known, or why not: the failures of a credential are an answer here. */
static enum sp_code
known_or(struct api_people_who *w, enum sp_code code, const struct sp_err *why,
    struct sp_err *err)
{
	w->known = code == SP_OK;
	if (code == SP_E_UNKNOWN) {
		(void)snprintf(w->todo, sizeof(w->todo), "%s", why->text);
		return SP_OK;
	}
	return code == SP_OK
	    ? SP_OK
	    : sp_fail_as(err, code, why->reason, "%s", why->text);
}

static enum sp_code
is_device(struct api_people_who *w, struct db *db, struct sp_err *err)
{
	static const char *const todo[MACHINE_DEVICE_STATE_COUNT] = {
		[MACHINE_ENROLLING] = "the device has not used its code yet: "
				      "sallyport device enrol",
		[MACHINE_ACTIVE] = "",
		[MACHINE_EXPIRED] = "the device's certificate has run out: as "
				    "a new one: sallyport device add",
		[MACHINE_REVOKED] = "the device was cut off for good: as a new "
				    "one: sallyport device add",
	};
	struct machine_device d;

	SP_TRY(machine_device_find(db, &w->id, &d, err));
	w->kind = "device";
	w->state = machine_device_state_name(d.state);
	(void)snprintf(w->todo, sizeof(w->todo), "%s", todo[d.state]);
	w->as.kind = "device";
	w->as.role = GATE_DEVICE;
	w->known = d.state == MACHINE_ACTIVE;
	return SP_OK;
}

static enum sp_code
is_service(struct api_people_who *w, struct db *db, struct sp_err *err)
{
	const struct people_rules *rules = api_people_rules(w->q);
	struct sp_err why = { .code = SP_OK };
	struct machine_service s;
	char id[SP_ID_TEXT];

	SP_TRY(machine_service_get(db, rules, &w->id, &s, err));
	sp_id_text(&s.id, id);
	w->kind = "service";
	w->state = machine_service_over(&s) ? "over"
	    : s.orphan || s.secrets == 0    ? "without a secret"
					    : "active";
	w->as.kind = "service";
	w->as.role = GATE_SERVICE;
	w->as.is.scope = s.scope;
	if (strcmp(w->state, "active") != 0) {
		(void)snprintf(w->todo, sizeof(w->todo),
		    strcmp(w->state, "over") == 0
			? "the service has ended: sallyport service add"
			: "no secret of the service is good, or who had it "
			  "made has gone: sallyport service rotate %s",
		    id);
		return SP_OK;
	}
	w->known = true;
	w->as.issuer = s.issuer;
	if (sp_id_is_zero(&s.issuer))
		return gate_recovery_settled(
		    db, s.secret[0].created, &w->as.is.settled, err);
	SP_TRY(known_or(
	    w, gate_caller_issuer(db, rules, &w->as, &why), &why, err));
	return by_issuer(w, db, err);
}

static enum sp_code
is_token(struct api_people_who *w, struct db *db, struct sp_err *err)
{
	const struct people_rules *rules = api_people_rules(w->q);
	struct sp_err why = { .code = SP_OK };
	struct gate_caller as = w->as;
	enum sp_code code = gate_token_seen(db, rules, &w->id, &as, &why);

	if (code == SP_E_NOTFOUND)
		return sp_fail(err, code, "no such token");
	w->kind = "token";
	w->state = code == SP_OK ? "active" : "void";
	SP_TRY(known_or(w, code, &why, err));
	if (code != SP_OK)
		return SP_OK;
	w->as = as;
	if (sp_id_is_zero(&as.person) && sp_id_is_zero(&as.issuer))
		return gate_recovery_settled(
		    db, as.made, &w->as.is.settled, err);
	if (sp_id_is_zero(&as.person))
		return by_issuer(w, db, err);
	SP_TRY(people_person_by_id(db, &as.person, &w->p, err));
	return judge(w, db, err);
}

enum sp_code
api_people_who_machine(
    struct api_people_who *w, struct db *db, struct sp_err *err)
{
	static enum sp_code (*const kinds[])(struct api_people_who * w,
	    struct db * db,
	    struct sp_err * err) = { is_device, is_service, is_token };

	for (size_t i = 0; i < SP_COUNTOF(kinds); i++) {
		struct sp_err why = { .code = SP_OK };
		enum sp_code code = kinds[i](w, db, &why);

		if (code == SP_E_NOTFOUND)
			continue;
		w->found = code == SP_OK;
		return w->found
		    ? SP_OK
		    : sp_fail_as(err, code, why.reason, "%s", why.text);
	}
	return SP_OK;
}
