#include "api/people_part.h"

#include "gate/recovery.h"
#include "signin/factor.h"

#include <string.h>

/* --- Who is meant, and may it be --- */

const struct people_rules *
api_people_rules(const struct http_request *q)
{
	return evidence_room_rules(q->room);
}

enum sp_code
api_people_admit(struct http_request *q, enum gate_act act,
    const struct sp_id *person, struct sp_err *err)
{
	struct gate_facts facts = gate_caller_facts(&q->who, act);
	struct gate_request rq = {
		.who = &q->who,
		.act = act,
		.on = { .kind = "person" },
		.facts = &facts,
	};
	GATE_AUTO_PASS pass = NULL;

	facts.duty = GATE_DUTY_OTHER;
	if (person != NULL) {
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(gate_caller_duty(
		    reader.db, &q->who, act, person, &facts.duty, err));
		rq.on.id = *person;
	}
	return gate_admit_with(evidence_room_gate(q->room), &rq, &pass, err);
}

static enum sp_code
look_up(struct http_request *q, struct people_person *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(q->room));

	return people_person_meant(reader.db,
	    http_match_param(&q->match, "person"), &q->who.person, out, err);
}

enum sp_code
api_people_enter(struct http_request *q, const struct api_people_wish *w,
    struct people_person *out, struct sp_err *err)
{
	struct people_person p;
	enum gate_act act = w->act;
	struct sp_err why;
	enum sp_code code = look_up(q, &p, &why);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	if (code == SP_OK && w->own && sp_id_equal(&p.id, &q->who.person))
		act = GATE_POLICY_SHOW;
	SP_TRY(api_people_admit(q, act, code == SP_OK ? &p.id : NULL, err));
	if (code != SP_OK)
		return sp_fail_as(
		    err, SP_E_NOTFOUND, "person.unknown", "no such person");
	*out = p;
	return SP_OK;
}

/* --- Doing it --- */

enum sp_code
api_people_count(struct db *db, const struct people_rules *rules,
    struct gate_administrators *out, struct sp_err *err)
{
	return gate_recovery_administrators(
	    db, rules, signin_factor_can, out, err);
}

enum sp_code
api_people_kept(struct db *db, const struct people_rules *rules,
    const struct gate_administrators *before, struct sp_err *err)
{
	return gate_recovery_kept(db, rules, signin_factor_can, before, err);
}

static enum sp_code
run_kept(
    const struct people_act *a, struct api_people_act *x, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	struct gate_administrators before;

	if (!x->keep)
		return x->run(a, x, err);
	SP_TRY(api_people_count(db, a->rules, &before, err));
	SP_TRY(x->run(a, x, err));
	return api_people_kept(db, a->rules, &before, err);
}

static enum sp_code
act_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct api_people_act *x = arg;
	struct people_by by = gate_caller_by(&x->q->who);
	struct people_act a = {
		.tx = tx,
		.by = &by,
		.rules = api_people_rules(x->q),
		.now = sp_now(),
	};
	struct sp_id made;
	bool known = false;

	/* Ahead of every limit, and of what is taken by it: a login. */
	if (x->once != NULL)
		SP_TRY(gate_once_known(tx, x->once, &x->made, &known, err));
	if (known)
		return SP_OK;
	SP_TRY(run_kept(&a, x, err));
	if (x->once == NULL)
		return SP_OK;
	made = x->made;
	return gate_once_take(tx, x->once, &made, &known, err);
}

enum sp_code
api_people_do(struct api_people_act *x, struct sp_err *err)
{
	return ledger_writer_run(
	    evidence_room_writer(x->q->room), act_run, x, err);
}

enum sp_code
api_people_object(const struct http_request *q, json_t **in, struct sp_err *err)
{
	json_auto_t *root = NULL;

	SP_TRY(http_json_read(q->body.at, q->body.len, &root, err));
	if (!json_is_object(root))
		return sp_fail(err, SP_E_INVALID, "the body is a JSON object");
	*in = SP_STEAL(root);
	return SP_OK;
}

static enum sp_code
take_member(const char *name, json_t *value, const struct api_people_member *m,
    size_t n, struct sp_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(m[i].name, name) != 0)
			continue;
		if (!json_is_string(value) && !json_is_null(value))
			return sp_fail(
			    err, SP_E_INVALID, "%s: text or null", m[i].name);
		*m[i].to = json_string_value(value);
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID,
	    "the body has a member that is none of this request's");
}

enum sp_code
api_people_body(const struct http_request *q, json_t **in,
    const struct api_people_member *m, size_t n, struct sp_err *err)
{
	json_auto_t *root = NULL;
	const char *name;
	json_t *value;

	SP_TRY(api_people_object(q, &root, err));
	json_object_foreach(root, name, value)
	    SP_TRY(take_member(name, value, m, n, err));
	*in = SP_STEAL(root);
	return SP_OK;
}

enum sp_code
api_people_time(
    const char *member, const char *text, sp_time *out, struct sp_err *err)
{
	if (text != NULL && !sp_time_parse(text, strlen(text), out))
		return sp_fail(err, SP_E_INVALID,
		    "%s: a time as 2026-11-21T18:45:44Z", member);
	return SP_OK;
}

/* --- Answering --- */

enum sp_code
api_people_made(
    struct http_answer *a, const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(256);
	struct sp_json j = sp_json_to(&out);

	sp_json_object(&j, NULL);
	http_json_id(&j, "id", id);
	sp_json_end(&j);
	a->status = 201;
	return http_json_answer(a, &out, "id", err);
}

enum sp_code
api_people_answer(struct http_request *q, struct http_answer *a,
    const struct sp_id *id, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(16384);
	struct sp_json j = sp_json_to(&out);
	struct people_person p;
	DB_LENT(reader, evidence_room_readers(q->room));

	SP_TRY(people_person_by_id(reader.db, id, &p, err));
	people_person_json(&j, NULL, &p, api_people_rules(q), sp_now());
	return http_json_answer(a, &out, "person", err);
}

enum sp_code
api_people_tell(struct http_request *q, struct http_answer *a,
    enum gate_act act, api_people_json write, struct sp_err *err)
{
	const struct api_people_wish w = { act, true };
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	struct people_person p;

	SP_TRY(api_people_enter(q, &w, &p, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	sp_json_object(&j, NULL);
	SP_TRY(write(&j, "items", reader.db, &p.id, api_people_rules(q), err));
	sp_json_end(&j);
	return http_json_answer(a, &out, "records", err);
}

enum sp_code
api_people_tell_all(struct http_request *q, struct http_answer *a,
    api_people_all_json write, const char *what, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	DB_LENT(reader, evidence_room_readers(q->room));

	sp_json_object(&j, NULL);
	SP_TRY(write(&j, "items", reader.db, api_people_rules(q), err));
	sp_json_end(&j);
	return http_json_answer(a, &out, what, err);
}
