#include "signin/passkey_parts.h"

#include "base/encode.h"
#include "crypto/secret.h"
#include "signin/throttle.h"

#include <string.h>

#define OPTIONS_MAX ((size_t)64 * 1024)
#define TIMEOUT_MS  (SIGNIN_CHALLENGE_LIFE / 1000)

#define CREATE "passkey.create"
#define PROVE  "passkey.prove" /* in a session */
#define ALONE  "passkey.alone" /* by it alone */

static void
put_bytes(struct sp_json *j, const char *name, const uint8_t *bytes, size_t len)
{
	char text[SP_BASE64_LEN(64) + 1];

	SP_REQUIRE(len <= 64);
	sp_base64url(bytes, len, text);
	sp_json_str(j, name, text);
}

static struct people_act
acting(struct ledger_tx *tx, const struct signin_passkey_desk *d,
    const struct people_by *by)
{
	return (struct people_act){ tx, by, d->rules, sp_now() };
}

/* Nobody has proved who they are yet: the site writes it down. */
static struct people_by
by_nobody(const struct signin_passkey_desk *d)
{
	struct people_by by = people_by_site(&d->agency);

	by.address = d->from.address;
	by.source = d->from.source;
	return by;
}

static enum sp_code
wrong_stage(const struct signin_session *s, struct sp_err *err)
{
	return sp_fail_as(err, SP_E_CONFLICT, "session.stage",
	    "not what is wanted next in this session: %s",
	    signin_stage_name(s->stage));
}

static struct signin_passkey_ask
ask_of(const struct signin_passkey_desk *d, const uint8_t *challenge,
    bool verified)
{
	return (struct signin_passkey_ask){
		.site = d->site.id,
		.origin = d->site.origin,
		.origins = d->site.origins,
		.challenge = challenge,
		.challenge_len = SIGNIN_CHALLENGE,
		.verified = verified,
	};
}

/* A question is answered once, whatever comes of it: taken in an act of its
 * own. */
struct taking {
	const struct signin_passkey_desk *d;
	const struct signin_passkey_reply *reply;
	struct sp_id bound;
	const char *purpose;
	uint8_t challenge[SIGNIN_CHALLENGE];
};

static enum sp_code
take_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct taking *t = arg;
	struct people_by by = by_nobody(t->d);
	struct people_act a = acting(tx, t->d, &by);

	return signin_challenge_take(
	    &a, &t->bound, t->purpose, t->challenge, err);
}

static enum sp_code
take(struct taking *t, struct sp_err *err)
{
	SP_TRY(signin_passkey_challenge(t->reply, t->challenge, err));
	return ledger_writer_run(t->d->writer, take_act, t, err);
}

/* --- enrolling: the question --- */

/* Whose session is this, and may a passkey be enrolled in it now? */
static enum sp_code
may_enrol(struct db *db, const struct signin_passkey_desk *d, const char *text,
    struct signin_session *s, struct sp_err *err)
{
	sp_time fresh = people_rules_time(d->rules, PEOPLE_SESSION_PRIVILEGED);

	SP_TRY(signin_session_find(db, &d->agency, d->rules, text, s, err));
	if (s->stage == SIGNIN_ENROL)
		return SP_OK;
	if (s->stage != SIGNIN_OPEN)
		return wrong_stage(s, err);
	if (s->factor != GATE_FACTOR_SECOND || sp_now() - s->proved >= fresh)
		return sp_fail_as(err, SP_E_DENIED, "factor",
		    "sign in again, with both factors, before you enrol "
		    "another passkey");
	return SP_OK;
}

static void
put_creation(struct sp_json *j, const struct signin_passkey_desk *d,
    const struct people_person *p, const uint8_t *handle)
{
	static const int64_t numbers[] = {
#define X(id, name, number) (number),
		SIGNIN_PASSKEY_ALGS(X)
#undef X
	};

	sp_json_array(j, "pubKeyCredParams");
	for (size_t i = 0; i < SP_COUNTOF(numbers); i++) {
		sp_json_object(j, NULL);
		sp_json_int(j, "alg", numbers[i]);
		sp_json_str(j, "type", "public-key");
		sp_json_end(j);
	}
	sp_json_end(j);
	sp_json_object(j, "rp");
	sp_json_str(j, "id", d->site.id);
	sp_json_str(j, "name", d->site.name);
	sp_json_end(j);
	sp_json_int(j, "timeout", TIMEOUT_MS);
	sp_json_object(j, "user");
	sp_json_str(j, "displayName", p->name);
	put_bytes(j, "id", handle, SIGNIN_PASSKEY_HANDLE);
	sp_json_str(j, "name", p->login);
	sp_json_end(j);
}

struct offering {
	const struct signin_passkey_desk *d;
	const char *text;
	struct sp_buf *json;
};

static enum sp_code
write_offer(const struct people_act *a, const struct offering *o,
    const struct signin_session *s, const struct people_person *p,
    struct sp_err *err)
{
	struct sp_json j = sp_json_to(o->json);
	uint8_t challenge[SIGNIN_CHALLENGE], handle[SIGNIN_PASSKEY_HANDLE];

	SP_TRY(signin_challenge_make(a, &s->id, CREATE, challenge, err));
	SP_TRY(signin_passkey_handle(a, &s->person, handle, err));
	sp_json_object(&j, NULL);
	sp_json_object(&j, "publicKey");
	sp_json_str(&j, "attestation", "none");
	sp_json_object(&j, "authenticatorSelection");
	sp_json_str(&j, "residentKey", "preferred");
	sp_json_str(&j, "userVerification", "preferred");
	sp_json_end(&j);
	put_bytes(&j, "challenge", challenge, sizeof(challenge));
	sp_json_array(&j, "excludeCredentials");
	SP_TRY(
	    signin_passkey_ids(ledger_tx_db(a->tx), &s->person, true, &j, err));
	sp_json_end(&j);
	put_creation(&j, o->d, p, handle);
	sp_json_end(&j);
	sp_json_end(&j);
	return sp_buf_check(o->json, "options", err);
}

static enum sp_code
offer_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct offering *o = arg;
	struct db *db = ledger_tx_db(tx);
	struct people_by by = by_nobody(o->d);
	struct people_act a = acting(tx, o->d, &by);
	struct signin_session s;
	struct people_person p;

	sp_buf_clear(o->json);
	SP_TRY(may_enrol(db, o->d, o->text, &s, err));
	SP_TRY(people_person_by_id(db, &s.person, &p, err));
	return write_offer(&a, o, &s, &p, err);
}

/* Into `json` only when all went well. */
static enum sp_code
run_for_json(const struct signin_passkey_desk *d, const char *text,
    ledger_act act, struct sp_buf *json, struct sp_err *err)
{
	SP_AUTO_BUF made = sp_buf_new(OPTIONS_MAX);
	struct offering o = { d, text, &made };

	SP_TRY(ledger_writer_run(d->writer, act, &o, err));
	sp_buf_add(json, made.at, made.len);
	return sp_buf_check(json, "options", err);
}

enum sp_code
signin_passkey_offer(const struct signin_passkey_desk *d, const char *text,
    struct sp_buf *json, struct sp_err *err)
{
	return run_for_json(d, text, offer_act, json, err);
}

/* --- enrolling: the answer --- */

struct enrolling {
	const struct signin_passkey_desk *d;
	const struct signin_passkey_enrol *e;
	struct signin_passkey_key key;
	struct signin_codes codes;
	struct signin_step out;
};

/* The session stays as it is. */
static enum sp_code
same_step(const struct people_act *a, const struct signin_session *s,
    struct signin_step *out, struct sp_err *err)
{
	struct signin_step step = {
		.session = s->id,
		.person = s->person,
		.stage = s->stage,
		.expires = s->expires,
	};
	CRYPTO_WIPE_ON_EXIT(step);

	SP_TRY(signin_factor_has(
	    ledger_tx_db(a->tx), &s->person, &step.factors, err));
	*out = step;
	return SP_OK;
}

static enum sp_code
enrol_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct signin_proof proof = {
		.factor = GATE_FACTOR_SECOND,
		.method = "passkey",
	};
	struct enrolling *en = arg;
	const struct signin_passkey_desk *d = en->d;
	struct people_by by = by_nobody(d);
	struct people_act a = acting(tx, d, &by);
	struct signin_passkey_new n = { .label = en->e->label };
	struct signin_session s;
	struct sp_id id;

	SP_TRY(may_enrol(ledger_tx_db(tx), d, en->e->text, &s, err));
	by = signin_by(&d->agency, &s.person, &d->from);
	n.person = s.person;
	n.key = &en->key;
	SP_TRY(signin_passkey_add(&a, &n, &id, err));
	if (s.stage == SIGNIN_OPEN)
		return same_step(&a, &s, &en->out, err);
	SP_TRY(signin_recovery_make(&a, &s.person, en->codes.code, err));
	return signin_session_raise(
	    &a, &d->agency, en->e->text, &proof, &en->out, err);
}

enum sp_code
signin_passkey_enrol(const struct signin_passkey_desk *d,
    const struct signin_passkey_enrol *e, struct signin_codes *codes,
    struct signin_step *out, struct sp_err *err)
{
	struct enrolling en = { .d = d, .e = e };
	CRYPTO_WIPE_ON_EXIT(en);
	struct taking t = { .d = d, .reply = e->reply, .purpose = CREATE };
	struct signin_passkey_ask ask = ask_of(d, t.challenge, false);
	struct signin_session s;

	SP_TRY(may_enrol(d->db, d, e->text, &s, err));
	t.bound = s.id;
	SP_TRY(take(&t, err));
	SP_TRY(signin_passkey_attested(&ask, e->reply, &en.key, err));
	SP_TRY(ledger_writer_run(d->writer, enrol_act, &en, err));
	*codes = en.codes;
	*out = en.out;
	return SP_OK;
}

/* --- proving: the question --- */

/* Of the session's person, or whose it is will be seen. */
static enum sp_code
may_prove(struct db *db, const struct signin_passkey_desk *d, const char *text,
    struct signin_session *s, struct sp_err *err)
{
	SP_TRY(signin_session_find(db, &d->agency, d->rules, text, s, err));
	if (s->stage != SIGNIN_FACTOR && s->stage != SIGNIN_OPEN &&
	    s->stage != SIGNIN_LOCKED)
		return wrong_stage(s, err);
	return SP_OK;
}

/* A password went before. */
static bool
is_second(const struct signin_session *s)
{
	return s->stage == SIGNIN_FACTOR;
}

static enum sp_code
write_question(const struct people_act *a, const struct offering *o,
    const struct signin_session *s, struct sp_err *err)
{
	const struct sp_id asked = sp_id_new();
	struct sp_json j = sp_json_to(o->json);
	uint8_t challenge[SIGNIN_CHALLENGE];
	char id[SP_ID_TEXT];

	if (s != NULL)
		SP_TRY(signin_challenge_make(a, &s->id, PROVE, challenge, err));
	else
		SP_TRY(signin_challenge_make_alone(
		    a, &asked, ALONE, challenge, err));
	sp_json_object(&j, NULL);
	sp_id_text(&asked, id);
	if (s == NULL)
		sp_json_str(&j, "for", id);
	sp_json_object(&j, "publicKey");
	sp_json_array(&j, "allowCredentials");
	if (s != NULL)
		SP_TRY(signin_passkey_ids(
		    ledger_tx_db(a->tx), &s->person, false, &j, err));
	sp_json_end(&j);
	put_bytes(&j, "challenge", challenge, sizeof(challenge));
	sp_json_str(&j, "rpId", o->d->site.id);
	sp_json_int(&j, "timeout", TIMEOUT_MS);
	sp_json_str(&j, "userVerification",
	    s != NULL && is_second(s) ? "discouraged" : "required");
	sp_json_end(&j);
	sp_json_end(&j);
	return sp_buf_check(o->json, "options", err);
}

static enum sp_code
question_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct offering *o = arg;
	struct people_by by = by_nobody(o->d);
	struct people_act a = acting(tx, o->d, &by);
	struct signin_session s;

	sp_buf_clear(o->json);
	if (o->text == NULL)
		return write_question(&a, o, NULL, err);
	SP_TRY(may_prove(ledger_tx_db(tx), o->d, o->text, &s, err));
	return write_question(&a, o, &s, err);
}

enum sp_code
signin_passkey_question(const struct signin_passkey_desk *d, const char *text,
    struct sp_buf *json, struct sp_err *err)
{
	SP_TRY(signin_throttle_ask(
	    d->db, d->rules, d->from.address, sp_now(), err));
	return run_for_json(d, text, question_act, json, err);
}

/* --- proving: the answer --- */

struct answering {
	const struct signin_passkey_desk *d;
	const struct signin_passkey_answer *n;
	struct signin_passkey passkey;
	struct signin_passkey_proof proof;
	bool suspected;
	struct signin_step out;
};

/* The passkey that was shown, and whose it must be: the session's person's, and
 * that of the handle that came with it. */
static enum sp_code
find_owned(const struct answering *an, const struct signin_session *s,
    struct signin_passkey *out, struct sp_err *err)
{
	const struct signin_passkey_reply *r = an->n->reply;
	struct db *db = an->d->db;
	struct signin_passkey p;
	struct sp_id owner;

	SP_TRY(signin_passkey_find(db, r->id.at, r->id.len, &p, err));
	*out = p;
	if (s == NULL && r->handle.len == 0)
		return sp_fail_as(err, SP_E_DENIED, "passkey.owner",
		    "the passkey does not say whose it is: sign in with your "
		    "password first");
	owner = p.person;
	if (r->handle.len > 0)
		SP_TRY(signin_passkey_owner(
		    db, r->handle.at, r->handle.len, &owner, err));
	if (!sp_id_equal(&owner, &p.person) ||
	    (s != NULL && !sp_id_equal(&s->person, &p.person)))
		return sp_fail_as(err, SP_E_DENIED, "passkey.owner",
		    "the passkey is another person's: use your own");
	return SP_OK;
}

static enum sp_code
answer_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct answering *an = arg;
	const struct signin_passkey_desk *d = an->d;
	const struct signin_proof proof = {
		.factor = GATE_FACTOR_SECOND,
		.method = "passkey",
	};
	const struct signin_open open = {
		.agency = d->agency,
		.person = an->passkey.person,
		.proof = proof,
		.from = d->from,
	};
	struct people_by by =
	    signin_by(&d->agency, &an->passkey.person, &d->from);
	struct people_act a = acting(tx, d, &by);

	SP_TRY(signin_passkey_used(
	    &a, &an->passkey.id, &an->proof, &an->suspected, err));
	if (an->suspected)
		return SP_OK; /* that it is must be kept */
	if (an->n->text == NULL)
		return signin_session_open(&a, &open, &an->out, err);
	return signin_session_raise(
	    &a, &d->agency, an->n->text, &proof, &an->out, err);
}

static enum sp_code
prove(struct answering *an, const struct signin_session *s, struct sp_err *err)
{
	const struct signin_passkey_desk *d = an->d;
	struct taking t = {
		.d = d,
		.reply = an->n->reply,
		.bound = s != NULL ? s->id : an->n->asked,
		.purpose = s != NULL ? PROVE : ALONE,
	};
	bool verified = s == NULL || !is_second(s);
	struct signin_passkey_ask ask = ask_of(d, t.challenge, verified);

	SP_TRY(take(&t, err));
	SP_TRY(find_owned(an, s, &an->passkey, err));
	SP_TRY(signin_passkey_asserted(
	    &ask, an->n->reply, &an->passkey.key, &an->proof, err));
	SP_TRY(ledger_writer_run(d->writer, answer_act, an, err));
	if (an->suspected)
		return sp_fail_as(err, SP_E_DENIED, "passkey.suspected",
		    "there seems to be a copy of this passkey, so it is "
		    "disabled: use another one, and tell your administrator");
	return SP_OK;
}

/* A proof that failed, of whom we believe it to be. */
struct failing {
	const struct signin_passkey_desk *d;
	struct sp_id person; /* zero: nobody's */
};

static enum sp_code
fail_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct failing *f = arg;
	struct people_by by = by_nobody(f->d);
	struct people_act a = acting(tx, f->d, &by);
	struct people_person p;
	struct signin_failure failure = { .code = "factor" };

	if (!sp_id_is_zero(&f->person)) {
		SP_TRY(
		    people_person_by_id(ledger_tx_db(tx), &f->person, &p, err));
		failure.person = &p;
	}
	return signin_throttle_fail(&a, &failure, err);
}

enum sp_code
signin_passkey_answer(const struct signin_passkey_desk *d,
    const struct signin_passkey_answer *n, struct signin_step *out,
    struct sp_err *err)
{
	struct answering an = { .d = d, .n = n };
	CRYPTO_WIPE_ON_EXIT(an);
	struct signin_session s;
	struct failing f = { .d = d };
	enum sp_code code;

	if (n->text != NULL)
		SP_TRY(may_prove(d->db, d, n->text, &s, err));
	SP_TRY(signin_throttle_ask(
	    d->db, d->rules, d->from.address, sp_now(), err));
	code = prove(&an, n->text != NULL ? &s : NULL, err);
	if (code == SP_OK) {
		*out = an.out;
		return SP_OK;
	}
	/* One that came too late is no guess. */
	if (code != SP_E_DENIED)
		return code;
	f.person = n->text != NULL ? s.person : an.passkey.person;
	/* The guess is not told to have failed before that is durable. */
	SP_TRY(ledger_writer_run(d->writer, fail_act, &f, err));
	return code;
}
