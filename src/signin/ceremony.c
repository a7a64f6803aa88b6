#include "signin/ceremony.h"

#include <string.h>

/* What the steps share, and what each hands to its act. */
struct attempt {
	const struct signin_place *p;
	const struct signin_from *from;
	struct sp_id person; /* zero: nobody's */
	const char *text;    /* of a session */
	const struct signin_code *code;
	struct crypto_secret *key;
	struct signin_password stored; /* that was compared with */
	bool has_password, same;
	bool change;                 /* it must be another */
	struct signin_password made; /* in place of a weak one */
	bool remade;
	const char *refused; /* why; NULL: not */
	struct signin_step step;
	struct signin_turn turn;
};

static void
attempt_done(struct attempt *t)
{
	signin_throttle_end(&t->turn);
	crypto_secret_free(t->key);
	explicit_bzero(t, sizeof(*t));
}
#define AUTO_ATTEMPT SP_CLEANUP(attempt_done) struct attempt

enum sp_code
signin_ceremony_refused(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, "signin.refused",
	    "not signed in: what was shown is wrong, or the account is not "
	    "open; after too many failures an administrator must enable it");
}

struct people_by
signin_by_nobody(const struct signin_place *p, const struct signin_from *from)
{
	struct people_by by = people_by_site(&p->agency->id);

	by.address = from->address;
	by.source = from->source;
	return by;
}

static enum sp_code
ask(struct attempt *t, struct sp_err *err)
{
	const struct signin_turn_of of = {
		.agency = &t->p->agency->id,
		.readers = t->p->readers,
		.rules = t->p->rules,
		.address = t->from->address,
	};

	return signin_throttle_begin(&t->turn, &of, sp_now(), err);
}

/* The person as they stand now; *known false: nobody. */
static enum sp_code
stands(const struct people_act *a, const struct sp_id *id,
    struct people_person *out, bool *known, struct sp_err *err)
{
	enum sp_code code = SP_E_NOTFOUND;
	struct people_standing now;

	if (!sp_id_is_zero(id))
		code = people_person_by_id(ledger_tx_db(a->tx), id, out, err);
	*known = code == SP_OK;
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	now = people_person_state(out, a->rules, a->now);
	out->state = now.state;
	out->reason = now.reason;
	return SP_OK;
}

static const char *
why_closed(const struct people_person *p)
{
	if (p->state == PEOPLE_ACTIVE)
		return NULL;
	return p->reason == PEOPLE_LOCKED ? "locked" : "inactive";
}

enum sp_code
signin_ceremony_count(const struct people_act *a, const struct sp_id *person,
    const char *code, struct sp_err *err)
{
	struct people_person p;
	struct signin_failure f = { .code = code };
	bool known = false;

	SP_TRY(stands(a, person, &p, &known, err));
	if (known)
		f.person = &p;
	return signin_throttle_fail(a, &f, err);
}

/* --- login and password --- */

/* The same password as was compared with: it may be another by now. */
static enum sp_code
still_same(const struct people_act *a, const struct attempt *t, bool *is,
    struct sp_err *err)
{
	struct signin_password now;
	bool found = false;

	SP_TRY(signin_password_get(
	    ledger_tx_db(a->tx), &t->person, &now, &found, err));
	*is = found && t->has_password && t->same &&
	    memcmp(now.hash, t->stored.hash, sizeof(now.hash)) == 0;
	return SP_OK;
}

/* Why not, or NULL. */
static enum sp_code
judge_password(const struct people_act *a, const struct attempt *t,
    const char **why, struct sp_err *err)
{
	struct people_person p;
	bool known = false, same = false;

	*why = "login";
	SP_TRY(stands(a, &t->person, &p, &known, err));
	if (!known)
		return SP_OK;
	SP_TRY(still_same(a, t, &same, err));
	*why = why_closed(&p);
	if (*why == NULL && !same)
		*why = "password";
	return SP_OK;
}

static enum sp_code
put_remade(
    const struct people_act *a, const struct attempt *t, struct sp_err *err)
{
	if (!t->remade)
		return SP_OK;
	return signin_password_put(a, &t->person, &t->made, true, err);
}

static enum sp_code
password_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct attempt *t = arg;
	struct people_by nobody = signin_by_nobody(t->p, t->from);
	struct people_act a = { tx, &nobody, t->p->rules, sp_now() };
	struct signin_open open = {
		.agency = t->p->agency->id,
		.person = t->person,
		.proof = { GATE_FACTOR_SINGLE, "password", t->change },
		.from = *t->from,
	};

	SP_TRY(judge_password(&a, t, &t->refused, err));
	if (t->refused != NULL)
		return signin_ceremony_count(&a, &t->person, t->refused, err);
	SP_TRY(put_remade(&a, t, err));
	return signin_session_open(&a, &open, &t->step, err);
}

/* Who has this login, and their password, if any. */
static enum sp_code
look_up(struct attempt *t, const char *login, struct sp_err *err)
{
	DB_LENT(reader, t->p->readers);
	struct people_person p;
	enum sp_code code = people_person_by_login(reader.db, login, &p, err);

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	t->person = p.id;
	return signin_password_get(
	    reader.db, &p.id, &t->stored, &t->has_password, err);
}

/* May this password go on being theirs?  Asked while it is there in the
 * clear, which is how current ones are compared with a newer list. */
static enum sp_code
judge_shown(
    struct attempt *t, struct crypto_secret *password, struct sp_err *err)
{
	static const char *const none[] = { NULL };
	const struct people_rules *rules = t->p->rules;
	struct sp_err why;
	sp_time now = sp_now();

	if (!t->same)
		return SP_OK;
	t->change = signin_password_old(&t->stored, rules, now) ||
	    signin_password_check(rules, t->p->banned, none, password, &why) !=
		SP_OK;
	if (!signin_password_weak(&t->stored, rules))
		return SP_OK;
	SP_TRY(signin_password_make(
	    rules, t->key, password, t->stored.changed, &t->made, err));
	t->remade = true;
	return SP_OK;
}

/* One derivation, whoever it is. */
static enum sp_code
compare(struct attempt *t, struct crypto_secret *password, struct sp_err *err)
{
	if (crypto_secret_len(password) > SIGNIN_PASSWORD_MAX)
		t->has_password = false;
	if (t->key == NULL)
		SP_TRY(t->p->key(t->p->self, &t->key, err));
	SP_TRY(signin_password_matches(t->key, password,
	    t->has_password ? &t->stored : NULL, &t->same, err));
	return judge_shown(t, password, err);
}

static enum sp_code
finish(struct attempt *t, ledger_act act, struct signin_step *out,
    struct sp_err *err)
{
	SP_TRY(ledger_writer_run(t->p->writer, act, t, err));
	if (t->refused != NULL)
		return signin_ceremony_refused(err);
	*out = t->step;
	return SP_OK;
}

enum sp_code
signin_ceremony_password(const struct signin_place *p,
    const struct signin_from *from, const struct signin_login *l,
    struct signin_step *out, struct sp_err *err)
{
	AUTO_ATTEMPT t = { .p = p, .from = from };

	SP_TRY(ask(&t, err));
	SP_TRY(look_up(&t, l->login, err));
	SP_TRY(compare(&t, l->password, err));
	return finish(&t, password_act, out, err);
}

/* --- a second factor --- */

/* The session of t->text, in the act; its person is t->person. */
static enum sp_code
find(const struct people_act *a, struct attempt *t, struct signin_session *out,
    struct sp_err *err)
{
	SP_TRY(signin_session_find(ledger_tx_db(a->tx), &t->p->agency->id,
	    t->p->rules, t->text, out, err));
	t->person = out->person;
	return SP_OK;
}

static enum sp_code
judge_code(const struct people_act *a, struct attempt *t, struct sp_err *err)
{
	struct signin_totp_of of = { t->p->agency->id, t->person, t->key };
	bool ok = false;

	if (t->code->recovery)
		SP_TRY(signin_recovery_use(
		    a, &t->person, t->code->code, &ok, err));
	else
		SP_TRY(signin_totp_verify(a, &of, t->code->code, &ok, err));
	t->refused = ok ? NULL : "factor";
	return SP_OK;
}

static enum sp_code
code_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct attempt *t = arg;
	struct people_by nobody = signin_by_nobody(t->p, t->from), self;
	struct people_act a = { tx, &nobody, t->p->rules, sp_now() };
	struct signin_proof proof = { GATE_FACTOR_SECOND,
		t->code->recovery ? "recovery" : "totp", false };
	struct signin_session s;

	SP_TRY(find(&a, t, &s, err));
	if (s.stage != SIGNIN_FACTOR)
		return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
		    "no second factor is wanted now: %s",
		    signin_stage_name(s.stage));
	self = signin_by(&t->p->agency->id, &t->person, t->from);
	a.by = &self;
	SP_TRY(judge_code(&a, t, err));
	if (t->refused == NULL)
		return signin_session_raise(
		    &a, &t->p->agency->id, t->text, &proof, &t->step, err);
	a.by = &nobody;
	return signin_ceremony_count(&a, &t->person, t->refused, err);
}

enum sp_code
signin_ceremony_code(const struct signin_place *p,
    const struct signin_from *from, const struct signin_code *c,
    struct signin_step *out, struct sp_err *err)
{
	AUTO_ATTEMPT t = {
		.p = p,
		.from = from,
		.text = c->text,
		.code = c,
	};

	SP_TRY(ask(&t, err));
	SP_TRY(p->key(p->self, &t.key, err));
	return finish(&t, code_act, out, err);
}

/* --- the notice --- */

static enum sp_code
notice_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct attempt *t = arg;
	struct people_by by = signin_by_nobody(t->p, t->from);
	struct people_act a = { tx, &by, t->p->rules, sp_now() };
	struct signin_session s;

	SP_TRY(find(&a, t, &s, err));
	by = signin_by(&t->p->agency->id, &s.person, t->from);
	return signin_session_acknowledge(&a, &t->p->agency->id, t->text,
	    signin_notice_sha256(t->p->notice), &t->step, err);
}

enum sp_code
signin_ceremony_notice(const struct signin_place *p,
    const struct signin_from *from, const char *text, const char *sha256,
    struct signin_step *out, struct sp_err *err)
{
	AUTO_ATTEMPT t = { .p = p, .from = from, .text = text };

	SP_TRY(signin_notice_check(p->notice, sha256, err));
	return finish(&t, notice_act, out, err);
}

/* --- both factors again --- */

static enum sp_code
renew_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct attempt *t = arg;
	struct people_by nobody = signin_by_nobody(t->p, t->from), self;
	struct people_act a = { tx, &nobody, t->p->rules, sp_now() };
	struct signin_proof proof = { GATE_FACTOR_SECOND,
		t->code->recovery ? "password recovery" : "password totp",
		false };
	struct signin_session s;

	SP_TRY(find(&a, t, &s, err));
	if (s.stage != SIGNIN_OPEN && s.stage != SIGNIN_LOCKED)
		return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
		    "not an open session: %s", signin_stage_name(s.stage));
	SP_TRY(judge_password(&a, t, &t->refused, err));
	self = signin_by(&t->p->agency->id, &t->person, t->from);
	a.by = &self;
	/* A code is used up only by whoever knows the password. */
	if (t->refused == NULL)
		SP_TRY(judge_code(&a, t, err));
	if (t->refused == NULL) {
		SP_TRY(put_remade(&a, t, err));
		return signin_session_raise(
		    &a, &t->p->agency->id, t->text, &proof, &t->step, err);
	}
	a.by = &nobody;
	return signin_ceremony_count(&a, &t->person, t->refused, err);
}

/* The session of t->text and its person's password, before the act. */
static enum sp_code
look_up_session(struct attempt *t, struct signin_session *s, struct sp_err *err)
{
	DB_LENT(reader, t->p->readers);

	SP_TRY(signin_session_find(
	    reader.db, &t->p->agency->id, t->p->rules, t->text, s, err));
	t->person = s->person;
	return signin_password_get(
	    reader.db, &s->person, &t->stored, &t->has_password, err);
}

enum sp_code
signin_ceremony_renew(const struct signin_place *p,
    const struct signin_from *from, const struct signin_code *c,
    struct crypto_secret *password, struct signin_step *out, struct sp_err *err)
{
	AUTO_ATTEMPT t = {
		.p = p,
		.from = from,
		.text = c->text,
		.code = c,
	};
	struct signin_session s;

	SP_TRY(ask(&t, err));
	SP_TRY(look_up_session(&t, &s, err));
	SP_TRY(compare(&t, password, err));
	return finish(&t, renew_act, out, err);
}

/* --- another password --- */

struct changing {
	struct attempt t;
	bool open;
};

static enum sp_code
change_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct changing *c = arg;
	struct attempt *t = &c->t;
	struct people_by nobody = signin_by_nobody(t->p, t->from), self;
	struct people_act a = { tx, &nobody, t->p->rules, sp_now() };
	struct signin_proof proof = { GATE_FACTOR_SINGLE, "password", false };
	struct signin_session s;

	SP_TRY(find(&a, t, &s, err));
	if (s.stage != (c->open ? SIGNIN_OPEN : SIGNIN_CHANGE))
		return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
		    "not in this session: %s", signin_stage_name(s.stage));
	SP_TRY(judge_password(&a, t, &t->refused, err));
	if (t->refused != NULL)
		return signin_ceremony_count(&a, &t->person, t->refused, err);
	self = signin_by(&t->p->agency->id, &t->person, t->from);
	a.by = &self;
	SP_TRY(signin_password_put(&a, &t->person, &t->made, false, err));
	SP_TRY(signin_session_end_all(&a, &t->person, &s.id, err));
	if (s.stage == SIGNIN_CHANGE)
		return signin_session_raise(
		    &a, &t->p->agency->id, t->text, &proof, &t->step, err);
	t->step = (struct signin_step){
		.session = s.id,
		.person = s.person,
		.stage = s.stage,
		.expires = s.expires,
	};
	return SP_OK;
}

static enum sp_code
person_of(const struct signin_place *p, const struct sp_id *id,
    struct people_person *out, struct sp_err *err)
{
	DB_LENT(reader, p->readers);

	return people_person_by_id(reader.db, id, out, err);
}

static enum sp_code
check_new(const struct signin_place *p, const struct sp_id *person,
    struct crypto_secret *password, struct sp_err *err)
{
	struct people_person who;
	const char *context[] = { who.login, who.name, p->agency->slug,
		p->agency->name, "sallyport", NULL };

	SP_TRY(person_of(p, person, &who, err));
	return signin_password_check(
	    p->rules, p->banned, context, password, err);
}

static bool
same_bytes(const struct signin_change *c)
{
	size_t len = crypto_secret_len(c->old);

	return len == crypto_secret_len(c->password) &&
	    crypto_bytes_equal(crypto_secret_bytes(c->old),
		crypto_secret_bytes(c->password), len);
}

static void
changing_done(struct changing *c)
{
	attempt_done(&c->t);
}

enum sp_code
signin_ceremony_change(const struct signin_place *p,
    const struct signin_from *from, const struct signin_change *c,
    struct signin_step *out, struct sp_err *err)
{
	SP_CLEANUP(changing_done)
	struct changing g = {
		.t = { .p = p, .from = from, .text = c->text },
		.open = c->open,
	};
	struct signin_session s;

	SP_TRY(ask(&g.t, err));
	SP_TRY(look_up_session(&g.t, &s, err));
	SP_TRY(check_new(p, &s.person, c->password, err));
	if (same_bytes(c))
		return sp_fail_as(err, SP_E_INVALID, "password.same",
		    "password: another one than before");
	SP_TRY(compare(&g.t, c->old, err));
	SP_TRY(signin_password_make(
	    p->rules, g.t.key, c->password, sp_now(), &g.t.made, err));
	return finish(&g.t, change_act, out, err);
}

/* --- what others found wrong --- */

struct failing {
	const struct signin_place *p;
	const struct signin_from *from;
	const struct sp_id *person;
	const char *code;
};

static enum sp_code
failed_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct sp_id nobody_at_all;
	const struct failing *f = arg;
	struct people_by nobody = signin_by_nobody(f->p, f->from);
	struct people_act a = { tx, &nobody, f->p->rules, sp_now() };

	return signin_ceremony_count(
	    &a, f->person == NULL ? &nobody_at_all : f->person, f->code, err);
}

enum sp_code
signin_ceremony_failed(const struct signin_place *p,
    const struct signin_from *from, const struct sp_id *person,
    const char *code, struct sp_err *err)
{
	struct failing f = { p, from, person, code };

	SP_TRY(ledger_writer_run(p->writer, failed_act, &f, err));
	return signin_ceremony_refused(err);
}
