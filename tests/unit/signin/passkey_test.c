/* Passkeys kept, and the ceremonies from question to effect. */
#include "../people/people_fixture.h"
#include "authenticator.h"
#include "signin/passkey.h"
#include "signin/throttle.h"

static const char *const origins[] = { "https://evidence.example.gov" };

struct house {
	struct people_fixture f;
	struct sp_id anna, bert;
	struct signin_passkey_desk desk;
};

static enum sp_code
add_person(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct people_person_new n = { .role = "officer" };
	struct house *h = arg;
	struct sp_id id;

	n.name = sp_id_is_zero(&h->anna) ? "Anna Ames" : "Bert Bloom";
	n.login = sp_id_is_zero(&h->anna) ? "anna" : "bert";
	SP_TRY(people_person_add(a, &n, &id, err));
	*(sp_id_is_zero(&h->anna) ? &h->anna : &h->bert) = id;
	return SP_OK;
}

static enum sp_code
act(struct house *h, people_fixture_fn fn, void *arg)
{
	struct people_fixture_job job = { &h->f, fn, arg };

	h->f.now = sp_now();
	return ledger_writer_run(
	    h->f.writer, people_fixture_act, &job, &h->f.err);
}

/* The fixture's database, and this room's tables. */
static void
house_open(struct house *h)
{
	static const char *const script[] = { ledger_log_schema,
		people_person_schema, people_record_schema, people_paper_schema,
		people_hand_schema, people_look_schema, signin_schema,
		signin_passkey_schema, signin_inviter_schema,
		signin_epoch_schema };
	struct db *db = NULL;

	memset(h, 0, sizeof(*h));
	people_fixture_open(&h->f);
	CHECK_OK(db_open(&db, h->f.db_path, DB_WRITE, &h->f.err), &h->f.err);
	CHECK_OK(
	    db_migrate(db, script, SP_COUNTOF(script), &h->f.err), &h->f.err);
	db_close(db);
	CHECK_OK(act(h, add_person, h), &h->f.err);
	CHECK_OK(act(h, add_person, h), &h->f.err);
	h->desk = (struct signin_passkey_desk){
		.writer = h->f.writer,
		.db = h->f.reader,
		.rules = h->f.rules,
		.site = { "evidence.example.gov", "Harbor PD", origins, 1 },
		.agency = h->f.by.agency,
		.from = { "192.0.2.7", "a test", "api" },
	};
}

static void
house_close(struct house *h)
{
	people_fixture_close(&h->f);
}

/* --- sessions --- */

struct opening {
	struct house *h;
	const struct sp_id *person;
	enum gate_factor factor;
	struct signin_step step;
};

static enum sp_code
open_act(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct opening *o = arg;
	const struct signin_open open = {
		.agency = o->h->desk.agency,
		.person = *o->person,
		.proof = { o->factor, "password", false },
		.from = o->h->desk.from,
	};

	return signin_session_open(a, &open, &o->step, err);
}

static struct signin_step
session(struct house *h, const struct sp_id *person, enum gate_factor factor)
{
	struct opening o = { .h = h, .person = person, .factor = factor };

	CHECK_OK(act(h, open_act, &o), &h->f.err);
	return o.step;
}

static enum sp_code
acknowledge_act(const struct people_act *a, void *arg, struct sp_err *err)
{
	static const uint8_t notice[32];
	struct opening *o = arg;
	struct signin_step out;

	SP_TRY(signin_session_acknowledge(
	    a, &o->h->desk.agency, o->step.text, notice, &out, err));
	o->step = out;
	return SP_OK;
}

static struct signin_step
opened(struct house *h, const struct signin_step *step)
{
	struct opening o = { .h = h, .step = *step };

	CHECK_OK(act(h, acknowledge_act, &o), &h->f.err);
	CHECK(o.step.stage == SIGNIN_OPEN);
	return o.step;
}

/* --- questions --- */

struct question {
	uint8_t challenge[64];
	size_t len;
	struct sp_id asked;
	struct sp_buf handle;
	size_t ids; /* in allow- or excludeCredentials */
	char verification[16];
};

static void
question_done(struct question *q)
{
	sp_buf_free(&q->handle);
}
#define AUTO_QUESTION SP_CLEANUP(question_done) struct question

static struct question
question_of(const struct sp_buf *json)
{
	json_t *root = json_loadb((const char *)json->at, json->len, 0, NULL);
	json_t *key = json_object_get(root, "publicKey");
	json_t *user = json_object_get(key, "user");
	const char *s = json_string_value(json_object_get(key, "challenge"));
	const char *id = json_string_value(json_object_get(root, "for"));
	struct question q = { .len = sizeof(q.challenge),
		.handle = sp_buf_new(64) };
	uint8_t handle[64];
	size_t n = sizeof(handle);

	CHECK(
	    s != NULL && sp_base64url_parse(s, strlen(s), q.challenge, &q.len));
	CHECK(q.len * 8 >= 64);
	if (id != NULL)
		CHECK(sp_id_parse(id, strlen(id), &q.asked));
	if (user != NULL) {
		s = json_string_value(json_object_get(user, "id"));
		CHECK(sp_base64url_parse(s, strlen(s), handle, &n));
		sp_buf_add(&q.handle, handle, n);
		q.ids =
		    json_array_size(json_object_get(key, "excludeCredentials"));
	} else {
		q.ids =
		    json_array_size(json_object_get(key, "allowCredentials"));
		(void)snprintf(q.verification, sizeof(q.verification), "%s",
		    json_string_value(
			json_object_get(key, "userVerification")));
	}
	json_decref(root);
	return q;
}

static struct question
offer(struct house *h, const char *text)
{
	SP_AUTO_BUF json = sp_buf_new(1 << 16);

	CHECK_OK(
	    signin_passkey_offer(&h->desk, text, &json, &h->f.err), &h->f.err);
	return question_of(&json);
}

static struct question
ask(struct house *h, const char *text)
{
	SP_AUTO_BUF json = sp_buf_new(1 << 16);

	CHECK_OK(signin_passkey_question(&h->desk, text, &json, &h->f.err),
	    &h->f.err);
	return question_of(&json);
}

static enum sp_code
enrol(struct house *h, struct authenticator *a, const struct question *q,
    const char *text, struct signin_step *out)
{
	SIGNIN_AUTO_REPLY r =
	    authenticator_create(a, q->challenge, q->len, false);
	const struct signin_passkey_enrol e = { text, "Key ring", &r };

	struct signin_codes codes = { .code = { "untouched" } };
	enum sp_code code =
	    signin_passkey_enrol(&h->desk, &e, &codes, out, &h->f.err);

	if (code != SP_OK)
		CHECK(strcmp(codes.code[0], "untouched") == 0);
	else if (out->stage == SIGNIN_OPEN)
		CHECK(codes.code[0][0] == '\0' && out->text[0] == '\0');
	else
		CHECK(strlen(codes.code[9]) > 20);
	return code;
}

static enum sp_code
answer(struct house *h, struct authenticator *a, const struct question *q,
    const char *text, struct signin_step *out)
{
	SIGNIN_AUTO_REPLY r = authenticator_get(a, q->challenge, q->len);
	const struct signin_passkey_answer n = { text, q->asked, &r };

	h->f.err.reason = NULL;
	return signin_passkey_answer(&h->desk, &n, out, &h->f.err);
}

#define REFUSED(h, call, code, why)                                            \
	do {                                                                   \
		CHECK_CODE(call, code, &(h)->f.err);                           \
		CHECK((h)->f.err.reason != NULL);                              \
		if (strcmp((h)->f.err.reason, why) != 0)                       \
			tap_fail(__FILE__, __LINE__, why, (h)->f.err.text);    \
	} while (0)

/* Anna's (or Bert's) first passkey; an authenticator that remembers whose. */
static struct authenticator
enrolled(struct house *h, const struct sp_id *person)
{
	struct authenticator a = authenticator_new(SIGNIN_ES256);
	struct signin_step first = session(h, person, GATE_FACTOR_SINGLE), step;
	AUTO_QUESTION q = offer(h, first.text);

	CHECK(first.stage == SIGNIN_ENROL);
	CHECK_OK(enrol(h, &a, &q, first.text, &step), &h->f.err);
	CHECK(step.stage == SIGNIN_NOTICE);
	CHECK(strcmp(step.text, first.text) != 0);
	CHECK(
	    step.factors == (SIGNIN_HAS(SIGNIN_PASSKEY) | SIGNIN_HAS_RECOVERY));
	sp_buf_add(&a.handle, q.handle.at, q.handle.len);
	CHECK(q.handle.len == SIGNIN_PASSKEY_HANDLE);
	CHECK(memcmp(q.handle.at, person->b, SP_ID_LEN) != 0);
	a.counter++;
	return a;
}

static size_t
entries(struct house *h, const char *act_name)
{
	static const struct db_sql all = { "SELECT count(*) FROM ledger_entry "
					   "WHERE CAST(body AS TEXT) LIKE ?1" };
	char like[100];
	bool found = false;
	DB_STMT st = db_use(h->f.reader, &all);

	(void)snprintf(like, sizeof(like), "%%\"act\":\"%s\"%%", act_name);
	db_bind_text(st, 1, like);
	CHECK_OK(db_row(st, &found, &h->f.err), &h->f.err);
	return (size_t)db_col_i64(st, 0);
}

/* --- the tests --- */

static void
second_factor(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct signin_step first = session(&h, &h.anna, GATE_FACTOR_SINGLE);
	AUTO_QUESTION q = ask(&h, first.text);
	struct signin_step step;

	CHECK(first.stage == SIGNIN_FACTOR);
	CHECK(q.ids == 1 && strcmp(q.verification, "discouraged") == 0);
	CHECK(sp_id_is_zero(&q.asked));
	a.flags = 0x01; /* the password is the other one */
	CHECK_OK(answer(&h, &a, &q, first.text, &step), &h.f.err);
	CHECK(step.stage == SIGNIN_NOTICE);
	step = opened(&h, &step);
	CHECK(sp_id_equal(&step.person, &h.anna));
	CHECK(entries(&h, "credential.enrolled") == 1);
	CHECK(entries(&h, "session.opened") == 1);
	authenticator_free(&a);
	house_close(&h);
}

static void
by_it_alone(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	AUTO_QUESTION q = ask(&h, NULL);
	AUTO_QUESTION other = ask(&h, NULL);
	struct signin_step step;

	CHECK(q.ids == 0 && strcmp(q.verification, "required") == 0);
	CHECK(!sp_id_is_zero(&q.asked));
	a.flags = 0x01;
	REFUSED(&h, answer(&h, &a, &q, NULL, &step), SP_E_DENIED,
	    "passkey.verification");
	/* That question is used up. */
	a.flags = 0x05;
	REFUSED(&h, answer(&h, &a, &q, NULL, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	/* The challenge of one browser is none in another. */
	q.asked = sp_id_new();
	memcpy(q.challenge, other.challenge, other.len);
	REFUSED(&h, answer(&h, &a, &q, NULL, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	CHECK_OK(answer(&h, &a, &other, NULL, &step), &h.f.err);
	CHECK(step.stage == SIGNIN_NOTICE);
	CHECK(sp_id_equal(&step.person, &h.anna));
	(void)opened(&h, &step);
	authenticator_free(&a);
	house_close(&h);
}

static void
replayed(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct signin_step one = session(&h, &h.anna, GATE_FACTOR_SINGLE);
	struct signin_step two = session(&h, &h.anna, GATE_FACTOR_SINGLE);
	AUTO_QUESTION q = ask(&h, one.text);
	struct signin_step step;

	/* In another session, as another ceremony, alone: nowhere but there. */
	REFUSED(&h, answer(&h, &a, &q, two.text, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	q.asked = one.session;
	REFUSED(&h, answer(&h, &a, &q, NULL, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	CHECK_OK(answer(&h, &a, &q, one.text, &step), &h.f.err);
	a.counter++;
	REFUSED(&h, answer(&h, &a, &q, two.text, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	one = opened(&h, &step);
	REFUSED(&h, answer(&h, &a, &q, one.text, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	/* A text that was risen above is nobody's. */
	REFUSED(&h, answer(&h, &a, &q, step.text, &step), SP_E_UNKNOWN,
	    "session.unknown");
	authenticator_free(&a);
	house_close(&h);
}

/* An offer's challenge proves nothing, a question's enrols nothing. */
static void
ceremonies_apart(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct authenticator b = authenticator_new(SIGNIN_EDDSA);
	AUTO_QUESTION alone = ask(&h, NULL);
	struct signin_step step;

	CHECK_OK(answer(&h, &a, &alone, NULL, &step), &h.f.err);
	a.counter++;
	step = opened(&h, &step);
	AUTO_QUESTION proof = ask(&h, step.text);
	AUTO_QUESTION made = offer(&h, step.text);
	CHECK(strcmp(proof.verification, "required") == 0);
	CHECK(made.ids == 1);
	struct signin_step out;
	REFUSED(&h, enrol(&h, &b, &proof, step.text, &out), SP_E_UNKNOWN,
	    "challenge.unknown");
	REFUSED(&h, answer(&h, &a, &made, step.text, &out), SP_E_UNKNOWN,
	    "challenge.unknown");
	CHECK_OK(enrol(&h, &b, &made, step.text, &out), &h.f.err);
	CHECK(out.stage == SIGNIN_OPEN);
	/* Renewed by a verified passkey; not by one that is not. */
	a.flags = 0x01;
	REFUSED(&h, answer(&h, &a, &proof, step.text, &out), SP_E_DENIED,
	    "passkey.verification");
	a.flags = 0x05;
	AUTO_QUESTION again = ask(&h, step.text);
	CHECK(again.ids == 2);
	CHECK_OK(answer(&h, &a, &again, step.text, &out), &h.f.err);
	CHECK(out.stage == SIGNIN_OPEN && strcmp(out.text, step.text) != 0);
	CHECK(entries(&h, "session.renewed") == 1);
	authenticator_free(&a);
	authenticator_free(&b);
	house_close(&h);
}

static void
anothers(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct authenticator b = enrolled(&h, &h.bert);
	struct signin_step first = session(&h, &h.anna, GATE_FACTOR_SINGLE);
	AUTO_QUESTION q = ask(&h, first.text);
	AUTO_QUESTION r = ask(&h, NULL);
	AUTO_QUESTION s = ask(&h, NULL);
	struct signin_step step;
	SP_AUTO_BUF own = sp_buf_new(64);

	REFUSED(&h, answer(&h, &b, &q, first.text, &step), SP_E_DENIED,
	    "passkey.owner");
	/* Bert's key says that it is Anna's. */
	sp_buf_add(&own, b.handle.at, b.handle.len);
	sp_buf_clear(&b.handle);
	sp_buf_add(&b.handle, a.handle.at, a.handle.len);
	REFUSED(
	    &h, answer(&h, &b, &r, NULL, &step), SP_E_DENIED, "passkey.owner");
	sp_buf_clear(&b.handle);
	REFUSED(
	    &h, answer(&h, &b, &s, NULL, &step), SP_E_DENIED, "passkey.owner");
	authenticator_free(&a);
	authenticator_free(&b);
	house_close(&h);
}

static void
another_agencys(void)
{
	struct house h, g;

	house_open(&h);
	house_open(&g);
	struct authenticator a = enrolled(&h, &h.anna);
	struct signin_step there = session(&g, &g.anna, GATE_FACTOR_SINGLE);
	AUTO_QUESTION q = ask(&g, NULL);
	struct signin_step step;

	REFUSED(&g, answer(&g, &a, &q, NULL, &step), SP_E_DENIED,
	    "passkey.unknown");
	CHECK(there.stage == SIGNIN_ENROL);
	AUTO_QUESTION r = ask(&h, NULL);
	REFUSED(&g, answer(&g, &a, &r, NULL, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	/* A session of one is none of the other. */
	SP_AUTO_BUF json = sp_buf_new(1 << 16);
	CHECK_CODE(signin_passkey_offer(&h.desk, there.text, &json, &h.f.err),
	    SP_E_NOTFOUND, &h.f.err);
	CHECK(json.len == 0);
	authenticator_free(&a);
	house_close(&h);
	house_close(&g);
}

static void
counted_back(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct signin_step step;

	a.counter = 10;
	AUTO_QUESTION q = ask(&h, NULL);
	CHECK_OK(answer(&h, &a, &q, NULL, &step), &h.f.err);
	AUTO_QUESTION r = ask(&h, NULL);
	REFUSED(&h, answer(&h, &a, &r, NULL, &step), SP_E_DENIED,
	    "passkey.suspected");
	CHECK(entries(&h, "credential.suspected") == 1);
	/* For good, however it counts. */
	a.counter = 11;
	AUTO_QUESTION s = ask(&h, NULL);
	REFUSED(&h, answer(&h, &a, &s, NULL, &step), SP_E_DENIED,
	    "passkey.disabled");
	CHECK(entries(&h, "credential.suspected") == 1);
	struct signin_step first = session(&h, &h.anna, GATE_FACTOR_SINGLE);
	AUTO_QUESTION t = ask(&h, first.text);
	CHECK(first.stage == SIGNIN_FACTOR && t.ids == 0);
	SP_AUTO_BUF json = sp_buf_new(1 << 16);
	struct sp_json j = sp_json_to(&json);
	sp_json_array(&j, NULL);
	CHECK_OK(
	    signin_passkey_list(h.f.reader, &h.anna, &j, &h.f.err), &h.f.err);
	sp_json_end(&j);
	CHECK(strstr(sp_buf_str(&json), "disabled_at") != NULL);
	authenticator_free(&a);
	house_close(&h);
}

/* One that does not count says 0 for ever; one that did and says 0 is another.
 */
static void
counted_not(void)
{
	static const uint32_t start[] = { 0, 5 };

	for (size_t i = 0; i < SP_COUNTOF(start); i++) {
		struct house h;

		house_open(&h);
		struct authenticator a = authenticator_new(SIGNIN_RS256);
		struct signin_step first =
		    session(&h, &h.anna, GATE_FACTOR_SINGLE);
		AUTO_QUESTION q = offer(&h, first.text);
		struct signin_step step;

		a.counter = start[i];
		CHECK_OK(enrol(&h, &a, &q, first.text, &step), &h.f.err);
		sp_buf_add(&a.handle, q.handle.at, q.handle.len);
		a.counter = 0;
		AUTO_QUESTION r = ask(&h, NULL);
		if (start[i] == 0)
			CHECK_OK(answer(&h, &a, &r, NULL, &step), &h.f.err);
		else
			REFUSED(&h, answer(&h, &a, &r, NULL, &step),
			    SP_E_DENIED, "passkey.suspected");
		authenticator_free(&a);
		house_close(&h);
	}
}

static void
enrolled_once(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct signin_step first = session(&h, &h.bert, GATE_FACTOR_SINGLE);
	AUTO_QUESTION q = offer(&h, first.text);
	struct signin_step step;

	REFUSED(&h, enrol(&h, &a, &q, first.text, &step), SP_E_CONFLICT,
	    "passkey.known");
	REFUSED(&h, enrol(&h, &a, &q, first.text, &step), SP_E_UNKNOWN,
	    "challenge.unknown");
	CHECK(entries(&h, "credential.enrolled") == 1);
	authenticator_free(&a);
	house_close(&h);
}

static enum sp_code
forget_proof(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql back = {
		"UPDATE signin_session SET proved = proved - ?1"
	};
	DB_STMT st = db_use(ledger_tx_db(tx), &back);

	db_bind_i64(st, 1, *(sp_time *)arg);
	return db_run(st, NULL, err);
}

/* Where a passkey may be enrolled or shown, and where not. */
static void
stages(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct authenticator b = authenticator_new(SIGNIN_ES256);
	SP_AUTO_BUF json = sp_buf_new(1 << 16);
	struct signin_step first = session(&h, &h.anna, GATE_FACTOR_SINGLE);
	struct signin_step bert = session(&h, &h.bert, GATE_FACTOR_SINGLE);
	struct signin_step step;
	sp_time fresh = people_rules_time(h.f.rules, PEOPLE_SESSION_PRIVILEGED);

	/* With a password alone nobody adds another way in. */
	REFUSED(&h, signin_passkey_offer(&h.desk, first.text, &json, &h.f.err),
	    SP_E_CONFLICT, "session.stage");
	REFUSED(&h,
	    signin_passkey_question(&h.desk, bert.text, &json, &h.f.err),
	    SP_E_CONFLICT, "session.stage");
	REFUSED(&h, signin_passkey_offer(&h.desk, "sps_x", &json, &h.f.err),
	    SP_E_UNKNOWN, "session.unknown");
	AUTO_QUESTION q = ask(&h, first.text);
	CHECK_OK(answer(&h, &a, &q, first.text, &step), &h.f.err);
	REFUSED(&h, signin_passkey_offer(&h.desk, step.text, &json, &h.f.err),
	    SP_E_CONFLICT, "session.stage");
	step = opened(&h, &step);
	AUTO_QUESTION made = offer(&h, step.text);
	CHECK_OK(ledger_writer_run(h.f.writer, forget_proof, &fresh, &h.f.err),
	    &h.f.err);
	REFUSED(
	    &h, enrol(&h, &b, &made, step.text, &step), SP_E_DENIED, "factor");
	CHECK(json.len == 0);
	authenticator_free(&a);
	authenticator_free(&b);
	house_close(&h);
}

/* Signatures are guessed at as passwords are: five, and the account locks.  But
 * that closes it to what can be guessed: whoever has the key comes in. */
static void
guessing(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	struct authenticator b = authenticator_new(SIGNIN_ES256);
	struct people_person p;

	memcpy(b.id, a.id, sizeof(a.id));
	sp_buf_add(&b.handle, a.handle.at, a.handle.len);
	for (int i = 0; i < 5; i++) {
		AUTO_QUESTION q = ask(&h, NULL);
		struct signin_step step;

		REFUSED(&h, answer(&h, &b, &q, NULL, &step), SP_E_DENIED,
		    "passkey.signature");
	}
	CHECK_OK(
	    people_person_by_id(h.f.reader, &h.anna, &p, &h.f.err), &h.f.err);
	CHECK(p.state == PEOPLE_DISABLED && p.reason == PEOPLE_LOCKED);
	AUTO_QUESTION q = ask(&h, NULL);
	struct signin_step step;
	CHECK_OK(answer(&h, &a, &q, NULL, &step), &h.f.err);
	CHECK(step.stage == SIGNIN_NOTICE);
	CHECK_OK(
	    people_person_by_id(h.f.reader, &h.anna, &p, &h.f.err), &h.f.err);
	CHECK(p.state == PEOPLE_DISABLED && p.reason == PEOPLE_LOCKED);
	CHECK_OK(
	    people_person_by_id(h.f.reader, &h.bert, &p, &h.f.err), &h.f.err);
	CHECK(p.state == PEOPLE_ACTIVE);
	authenticator_free(&a);
	authenticator_free(&b);
	house_close(&h);
}

static enum sp_code
remove_all(const struct people_act *a, void *arg, struct sp_err *err)
{
	return signin_factor_remove_all(a, arg, err);
}

static void
removed(void)
{
	struct house h;

	house_open(&h);
	struct authenticator a = enrolled(&h, &h.anna);
	AUTO_QUESTION q = ask(&h, NULL);
	struct signin_step step;

	CHECK_OK(act(&h, remove_all, &h.anna), &h.f.err);
	REFUSED(&h, answer(&h, &a, &q, NULL, &step), SP_E_DENIED,
	    "passkey.unknown");
	authenticator_free(&a);
	house_close(&h);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the second factor after a password", second_factor },
		{ "by a passkey alone", by_it_alone },
		{ "an answer counts once, and there", replayed },
		{ "enrolling and proving are apart", ceremonies_apart },
		{ "another person's passkey", anothers },
		{ "another agency's passkey", another_agencys },
		{ "a counter that goes back", counted_back },
		{ "a passkey that does not count", counted_not },
		{ "a passkey is enrolled once", enrolled_once },
		{ "stages of a session", stages },
		{ "guessing locks the account", guessing },
		{ "one that was removed", removed },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
