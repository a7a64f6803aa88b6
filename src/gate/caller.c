#include "gate/caller.h"

#include <string.h>

const char *
gate_caller_kind(const struct gate_caller *who)
{
	return who->kind == NULL ? "token" : who->kind;
}

struct sp_id
gate_caller_actor(const struct gate_caller *who, const char **kind)
{
	const char *what = gate_caller_kind(who);
	struct sp_id id = who->token;

	if (sp_id_is_zero(&who->token)) {
		what = "site";
		id = who->agency;
	} else if (strcmp(what, "session") == 0) {
		what = "person";
		id = who->person;
	}
	if (kind != NULL)
		*kind = what;
	return id;
}

bool
gate_caller_resume(
    const char *kind, const struct sp_id *id, struct gate_caller *out)
{
	static const struct {
		const char *actor, *credential;
	} kinds[] = {
		{ "token", "token" },
		{ "person", "session" },
		{ "service", "service" },
		{ "device", "device" },
	};

	for (size_t i = 0; i < SP_COUNTOF(kinds); i++) {
		if (strcmp(kinds[i].actor, kind) != 0)
			continue;
		*out = (struct gate_caller){ .token = *id };
		out->kind = kinds[i].credential;
		if (strcmp(kind, "person") == 0)
			out->person = *id;
		return true;
	}
	return false;
}

struct people_by
gate_caller_by(const struct gate_caller *who)
{
	struct people_by by = {
		.agency = who->agency,
		.person = who->person,
		.issuer = who->issuer,
		.address = who->address,
		.source = who->source,
	};

	by.id = gate_caller_actor(who, &by.kind);
	return by;
}

static enum gate_identity
identity(const struct gate_caller *who)
{
	if (sp_id_is_zero(&who->token))
		return GATE_SELF;
	if (!sp_id_is_zero(&who->person))
		return GATE_PERSON;
	if (!sp_id_is_zero(&who->issuer))
		return GATE_ISSUED;
	return who->is.settled ? GATE_SETTLED : GATE_MACHINE;
}

static enum gate_scope
scope(const struct gate_caller *who, enum gate_act act)
{
	if (who->role != GATE_SERVICE)
		return GATE_SCOPE_UNKNOWN;
	return gate_acts_has(&who->is.scope, act) ? GATE_SCOPE_IN
						  : GATE_SCOPE_OUT;
}

struct gate_facts
gate_caller_facts(const struct gate_caller *who, enum gate_act act)
{
	bool guest = who->via.kind != NULL;

	return (struct gate_facts){
		.identity = identity(who),
		.role = who->role,
		.act = act,
		.session = who->is.session,
		.idle = who->is.idle,
		.since_proof = who->is.since_proof,
		.limits = &who->is.limits,
		.factor = who->is.factor,
		.relation = guest ? who->via.relation : GATE_OWN,
		.scope = scope(who, act),
		.clearance = who->is.clearance,
		.class = GATE_CLASS_ORDINARY,
		.hold = GATE_HOLD_UNKNOWN,
		.retention = GATE_RETENTION_UNKNOWN,
		.place = GATE_PLACE_INSIDE,
	};
}

/* The codes of clearance are the same list by the same names. */
static enum gate_clearance
clearance_of(enum people_code code)
{
	enum gate_clearance out = GATE_CLEARANCE_UNKNOWN;

	SP_REQUIRE(gate_clearance_parse(people_code_name(code), &out));
	return out;
}

static enum sp_code
inactive(struct sp_err *err)
{
	return sp_fail_as(
	    err, SP_E_UNKNOWN, "person.inactive", "the account is not active");
}

enum sp_code
gate_caller_person(struct db *db, const struct people_rules *rules,
    const struct sp_id *person, struct gate_caller *io, struct sp_err *err)
{
	struct people_person p;
	struct people_verdict v;
	enum gate_role role;
	sp_time now = sp_now();
	enum sp_code code = people_person_by_id(db, person, &p, err);

	if (code == SP_E_NOTFOUND)
		return inactive(err);
	SP_TRY(code);
	if (!people_person_live(&p, rules, now))
		return inactive(err);
	SP_TRY(people_clearance(db, &p, rules, now, &v, err));
	SP_REQUIRE(gate_role_parse(people_role_name(p.role), &role));
	io->person = *person;
	io->role = role;
	io->is.clearance = clearance_of(v.code);
	return SP_OK;
}

enum sp_code
gate_caller_issuer(struct db *db, const struct people_rules *rules,
    struct gate_caller *io, struct sp_err *err)
{
	struct gate_caller issuer = { .agency = io->agency };
	struct sp_err why = { .code = SP_OK };
	enum sp_code code =
	    gate_caller_person(db, rules, &io->issuer, &issuer, &why);

	if (code == SP_E_UNKNOWN)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.void",
		    "the account of who issued the token is not active any "
		    "more: another token is needed");
	if (code != SP_OK)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	if (sp_id_is_zero(&io->person))
		io->is.clearance = issuer.is.clearance;
	return SP_OK;
}

static bool
leads(enum gate_role role)
{
	enum people_role as;

	return people_role_parse(gate_role_name(role), &as) &&
	    people_role_leads(as);
}

enum sp_code
gate_caller_leads(const struct gate_caller *who, bool many, struct sp_err *err)
{
	enum gate_identity is = identity(who);

	if (is == GATE_SELF || (is == GATE_MACHINE && !many) ||
	    (is == GATE_PERSON && leads(who->role)))
		return SP_OK;
	if (is == GATE_PERSON)
		return sp_fail_as(err, SP_E_DENIED,
		    gate_code_name(GATE_NOT_ROLE),
		    "the role %s may not: of an administrator, a LASO, the "
		    "provider's security or who holds a recovery share: have "
		    "one of the first three do it",
		    gate_role_name(who->role));
	return sp_fail_as(err, SP_E_DENIED, gate_code_name(GATE_NOT_ROLE),
	    "role.assign: no machine makes or changes an administrator, a LASO "
	    "or the provider's security: do it signed in, as a person");
}

enum sp_code
gate_caller_duty(struct db *db, const struct gate_caller *who,
    enum gate_act act, const struct sp_id *person, enum gate_duty *out,
    struct sp_err *err)
{
	static const enum gate_duty duty[] = {
		[PEOPLE_APART] = GATE_DUTY_OTHER,
		[PEOPLE_SAME] = GATE_DUTY_SAME,
		[PEOPLE_TIED] = GATE_DUTY_TIED,
		[PEOPLE_NAMELESS] = GATE_DUTY_NAMELESS,
	};
	const struct sp_id *by =
	    sp_id_is_zero(&who->person) ? &who->issuer : &who->person;
	enum people_tie tie = PEOPLE_APART;
	bool same = false;

	if (!sp_id_is_zero(by) &&
	    (gate_act_row(act)->flags & GATE_APPROVES) != 0) {
		SP_TRY(people_person_tie(db, by, person, &tie, err));
	} else if (!sp_id_is_zero(by)) {
		SP_TRY(people_person_same_human(db, by, person, &same, err));
		tie = same ? PEOPLE_SAME : PEOPLE_APART;
	}
	*out = duty[tie];
	return SP_OK;
}
