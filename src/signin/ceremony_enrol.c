#include "signin/ceremony.h"

#include <string.h>

/* Steps that give somebody what to sign in with. */

/* --- an invitation --- */

struct accepting {
	const struct signin_place *p;
	const struct signin_from *from;
	const char *text;
	struct signin_password made;
	struct signin_step step;
};

/* Nothing that opened the account before does so any more. */
static enum sp_code
forget(const struct signin_place *p, const struct people_act *a,
    const struct sp_id *person, struct sp_err *err)
{
	if (p->unlink != NULL)
		SP_TRY(p->unlink(a, person, err));
	SP_TRY(signin_session_end_all(a, person, NULL, err));
	SP_TRY(signin_factor_remove_all(a, person, err));
	return signin_recovery_forget(a, person, err);
}

static enum sp_code
accept_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct accepting *t = arg;
	struct people_by by = signin_by_nobody(t->p, t->from);
	struct people_act a = { tx, &by, t->p->rules, sp_now() };
	struct signin_open open = {
		.agency = t->p->agency->id,
		.proof = { GATE_FACTOR_SINGLE, "invitation password", false },
		.from = *t->from,
	};

	SP_TRY(signin_invite_take(
	    &a, &t->p->agency->id, t->text, &open.person, err));
	by = signin_by(&t->p->agency->id, &open.person, t->from);
	SP_TRY(forget(t->p, &a, &open.person, err));
	SP_TRY(signin_password_put(&a, &open.person, &t->made, false, err));
	return signin_session_open(&a, &open, &t->step, err);
}

static enum sp_code
invited(const struct signin_place *p, const char *text,
    struct people_person *out, struct sp_err *err)
{
	DB_LENT(reader, p->readers);
	struct signin_invite_ask ask = { p->agency->id, p->rules, text,
		sp_now() };
	struct sp_id person;

	SP_TRY(signin_invite_find(reader.db, &ask, &person, err));
	return people_person_by_id(reader.db, &person, out, err);
}

enum sp_code
signin_ceremony_accept(const struct signin_place *p,
    const struct signin_from *from, const char *invitation,
    struct crypto_secret *password, struct signin_step *out, struct sp_err *err)
{
	struct people_person who;
	const char *context[] = { who.login, who.name, p->agency->slug,
		p->agency->name, "sallyport", NULL };
	struct accepting t = { .p = p, .from = from, .text = invitation };
	CRYPTO_WIPE_ON_EXIT(t);
	CRYPTO_AUTO_SECRET key = NULL;

	SP_TRY(invited(p, invitation, &who, err));
	SP_TRY(
	    signin_password_check(p->rules, p->banned, context, password, err));
	SP_TRY(p->key(p->self, &key, err));
	SP_TRY(signin_password_make(
	    p->rules, key, password, sp_now(), &t.made, err));
	SP_TRY(ledger_writer_run(p->writer, accept_act, &t, err));
	*out = t.step;
	return SP_OK;
}

/* --- an authenticator app --- */

struct offering {
	const struct signin_place *p;
	const struct signin_from *from;
	struct signin_totp_of of;
	enum crypto_digest_kind hash;
	char login[PEOPLE_PERSON_LOGIN + 1];
	struct signin_offer offer;
};

static enum sp_code
offer_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct offering *o = arg;
	struct people_by by = signin_by(&o->of.agency, &o->of.person, o->from);
	struct people_act a = { tx, &by, o->p->rules, sp_now() };
	struct people_person who;

	SP_TRY(people_person_by_id(ledger_tx_db(tx), &o->of.person, &who, err));
	memcpy(o->login, who.login, sizeof(o->login));
	return signin_totp_offer(
	    &a, &o->of, o->hash, &o->offer.parameters, o->offer.secret, err);
}

static enum sp_code
make_uri(struct offering *o, struct sp_err *err)
{
	SP_AUTO_BUF uri = sp_buf_secret(SIGNIN_TOTP_URI - 1);

	signin_totp_uri(&uri, o->p->agency->slug, o->login, o->offer.secret,
	    &o->offer.parameters);
	SP_TRY(sp_buf_check(&uri, "otpauth URI", err));
	(void)snprintf(
	    o->offer.uri, sizeof(o->offer.uri), "%s", sp_buf_str(&uri));
	return SP_OK;
}

enum sp_code
signin_ceremony_offer(const struct signin_place *p,
    const struct signin_from *from, const struct sp_id *person,
    enum crypto_digest_kind hash, struct signin_offer *out, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET key = NULL;
	struct offering o = {
		.p = p,
		.from = from,
		.of = { .agency = p->agency->id, .person = *person },
		.hash = hash,
	};
	CRYPTO_WIPE_ON_EXIT(o);

	SP_TRY(p->key(p->self, &key, err));
	o.of.key = key;
	SP_TRY(ledger_writer_run(p->writer, offer_act, &o, err));
	SP_TRY(make_uri(&o, err));
	*out = o.offer;
	return SP_OK;
}

struct confirming {
	const struct signin_place *p;
	const struct signin_from *from;
	const struct signin_confirm *c;
	struct signin_totp_of of;
	struct signin_codes codes;
	struct signin_step step;
	bool ok;
};

/* Whose app is it?  With a text: of the session that waits for the first. */
static enum sp_code
whose(struct ledger_tx *tx, struct confirming *g, struct sp_err *err)
{
	struct signin_session s;

	g->of.person = g->c->person;
	if (g->c->text == NULL)
		return SP_OK;
	SP_TRY(signin_session_find(
	    ledger_tx_db(tx), &g->of.agency, g->p->rules, g->c->text, &s, err));
	if (s.stage != SIGNIN_ENROL)
		return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
		    "no first factor is wanted now: %s",
		    signin_stage_name(s.stage));
	g->of.person = s.person;
	return SP_OK;
}

static enum sp_code
confirm_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct confirming *g = arg;
	struct people_by by = signin_by_nobody(g->p, g->from);
	struct people_act a = { tx, &by, g->p->rules, sp_now() };
	struct signin_proof proof = { GATE_FACTOR_SECOND, "totp", false };

	SP_TRY(whose(tx, g, err));
	by = signin_by(&g->of.agency, &g->of.person, g->from);
	SP_TRY(signin_totp_confirm(
	    &a, &g->of, g->c->code, g->c->label, &g->ok, err));
	if (!g->ok)
		return sp_fail_as(err, SP_E_INVALID, "totp.code",
		    "not the code: is the clock of the device right?");
	if (g->c->text == NULL)
		return SP_OK;
	SP_TRY(signin_recovery_make(&a, &g->of.person, g->codes.code, err));
	return signin_session_raise(
	    &a, &g->of.agency, g->c->text, &proof, &g->step, err);
}

enum sp_code
signin_ceremony_confirm(const struct signin_place *p,
    const struct signin_from *from, const struct signin_confirm *c,
    struct signin_codes *codes, struct signin_step *step, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET key = NULL;
	struct confirming g = {
		.p = p,
		.from = from,
		.c = c,
		.of = { .agency = p->agency->id },
	};
	CRYPTO_WIPE_ON_EXIT(g);

	SP_TRY(p->key(p->self, &key, err));
	g.of.key = key;
	SP_TRY(ledger_writer_run(p->writer, confirm_act, &g, err));
	if (c->text != NULL) {
		*codes = g.codes;
		*step = g.step;
	}
	return SP_OK;
}
