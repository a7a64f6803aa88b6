#ifndef SIGNIN_FIXTURE_H
#define SIGNIN_FIXTURE_H

#include "gate/recovery.h"
#include "people/people_fixture.h"
#include "signin/ceremony.h"

#include <stdatomic.h>

/*
 * Somewhere to sign in: the agency of people_fixture.h with this room's tables,
 * a key that no keeper keeps, and a clock of the test's own
 * (-Wl,--wrap=sp_now). Deriving is quick and counted
 * (-Wl,--wrap=crypto_kdf_passphrase): what a refusal costs is told by the
 * count, not by a clock.
 */
static sp_time fixture_now;
static atomic_int fixture_derived;
static atomic_int fixture_cut;

sp_time __wrap_sp_now(void);
sp_time
__wrap_sp_now(void)
{
	return fixture_now;
}

enum sp_code __real_crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err);
enum sp_code __wrap_crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err);
enum sp_code
__wrap_crypto_kdf_passphrase(struct crypto_secret *passphrase,
    const uint8_t *salt, size_t salt_len, uint32_t iterations,
    struct crypto_secret **out, struct sp_err *err)
{
	atomic_fetch_add(&fixture_derived, 1);
	return __real_crypto_kdf_passphrase(
	    passphrase, salt, salt_len, iterations / 10000 + 1, out, err);
}

struct signin_fixture {
	struct people_fixture f;
	struct people_agency agency;
	struct db_pool *readers;
	struct signin_banned *banned;
	struct signin_notice *notice;
	struct crypto_secret *key;
	struct signin_place place;
	struct signin_from from;
	struct sp_id person;
	char login[PEOPLE_PERSON_LOGIN + 1];
	char secret[SIGNIN_TOTP_SECRET]; /* of the app */
	struct signin_codes codes;
	struct sp_err err;
};

static inline enum sp_code
fixture_key(void *self, struct crypto_secret **out, struct sp_err *err)
{
	struct signin_fixture *s = self;

	*out = crypto_secret_from(
	    crypto_secret_bytes(s->key), crypto_secret_len(s->key));
	if (*out == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory");
	return SP_OK;
}

/* Links to accounts elsewhere are another room's: what it is told. */
static struct sp_id fixture_unlinked;
static bool fixture_unlink_fails;

static inline enum sp_code
fixture_unlink(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	SP_REQUIRE(a->tx != NULL);
	if (fixture_unlink_fails)
		return sp_fail(err, SP_E_UNAVAIL, "the test's links are away");
	fixture_unlinked = *person;
	return SP_OK;
}

/* What is under way under it ends: a session, a token, a person. */
static inline void
fixture_ended(void *arg, const struct sp_id *id)
{
	(void)arg;
	(void)id;
	atomic_fetch_add(&fixture_cut, 1);
}

/* The tables of the rooms that signing in looks at, and those that came later:
 * what an agency is settled by. */
static const char *const fixture_script[] = { ledger_log_schema,
	people_person_schema, people_record_schema, people_paper_schema,
	people_hand_schema, people_look_schema, signin_schema,
	gate_token_schema, gate_token_person_schema, gate_token_issuer_schema,
	signin_inviter_schema, gate_recovery_settled_schema,
	signin_settled_schema, gate_token_pace_schema,
	gate_token_paces_schema };
#define FIXTURE_SETTLED 2 /* at the end */

static inline void
fixture_tables(struct signin_fixture *s)
{
	DB_AUTO db = NULL;

	CHECK_OK(db_open(&db, s->f.db_path, DB_WRITE, &s->err), &s->err);
	CHECK_OK(
	    db_migrate(db, fixture_script, SP_COUNTOF(fixture_script), &s->err),
	    &s->err);
}

static inline void
fixture_later(struct signin_fixture *s, sp_time by)
{
	fixture_now += by;
	s->f.now = fixture_now;
}

static inline void
fixture_open(struct signin_fixture *s)
{
	memset(s, 0, sizeof(*s));
	fixture_now = INT64_C(1795280400) * SP_SECOND;
	people_fixture_open(&s->f);
	fixture_later(s, 0);
	fixture_tables(s);
	s->agency.id = s->f.by.agency;
	memcpy(s->agency.slug, "harbor-pd", 10);
	memcpy(s->agency.name, "Harbor Police Department", 25);
	CHECK_OK(db_pool_open(&s->readers, s->f.db_path, 4, &s->err), &s->err);
	CHECK_OK(signin_banned_open(&s->banned, NULL, &s->err), &s->err);
	CHECK_OK(signin_notice_open(&s->notice, NULL, &s->err), &s->err);
	ledger_writer_ends(s->f.writer, fixture_ended, s);
	s->key = crypto_secret_random(SIGNIN_KEY);
	s->place = (struct signin_place){ &s->agency, s->f.rules, s->f.writer,
		s->readers, s->banned, s->notice, fixture_key, s,
		fixture_unlink };
	s->from = (struct signin_from){ "192.0.2.7", "a test", "api" };
	s->person = people_fixture_person(&s->f, "Ada Quill", "officer");
	(void)snprintf(s->login, sizeof(s->login), "%s",
	    people_fixture_get(&s->f, &s->person).login);
	fixture_later(s, SP_SECOND);
}

static inline void
fixture_close(struct signin_fixture *s)
{
	db_pool_close(s->readers);
	signin_banned_free(s->banned);
	signin_notice_free(s->notice);
	crypto_secret_free(s->key);
	people_fixture_close(&s->f);
}

/* --- steps, in short --- */

static inline enum sp_code
fixture_login(struct signin_fixture *s, const char *login, const char *password,
    struct signin_step *out)
{
	CRYPTO_AUTO_SECRET secret =
	    crypto_secret_from(password, strlen(password));
	struct signin_login l = { login, secret };

	return signin_ceremony_password(&s->place, &s->from, &l, out, &s->err);
}

static inline enum sp_code
fixture_code(struct signin_fixture *s, const char *text, const char *code,
    bool recovery, struct signin_step *out)
{
	struct signin_code c = { text, code, recovery };

	return signin_ceremony_code(&s->place, &s->from, &c, out, &s->err);
}

static inline enum sp_code
fixture_read(
    struct signin_fixture *s, const char *text, struct signin_step *out)
{
	char hex[65];

	sp_hex(signin_notice_sha256(s->notice), 32, hex);
	return signin_ceremony_notice(
	    &s->place, &s->from, text, hex, out, &s->err);
}

static inline struct crypto_secret *
fixture_seed(const char *secret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t seed[64];
	size_t n = 0;
	unsigned held = 0, bits = 0;

	for (; *secret != '\0'; secret++) {
		held = held << 5 | (unsigned)(strchr(digits, *secret) - digits);
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			seed[n++] = (uint8_t)(held >> bits);
			held &= (1U << bits) - 1;
		}
	}
	return crypto_secret_from(seed, n);
}

/* The app's code, `skew` steps from now. */
static inline const char *
fixture_totp(struct signin_fixture *s, int64_t skew)
{
	static char code[SIGNIN_TOTP_CODE];
	CRYPTO_AUTO_SECRET seed = fixture_seed(s->secret);
	struct signin_totp t = { CRYPTO_SHA1, 6, 30 };
	uint64_t counter = (uint64_t)(fixture_now / (30 * SP_SECOND) + skew);

	CHECK_OK(signin_totp_code(seed, &t, counter, code, &s->err), &s->err);
	return code;
}

static inline enum sp_code
fixture_invite_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct signin_fixture *s = ((void **)arg)[0];
	char *text = ((void **)arg)[1];
	sp_time expires;

	return signin_invite_make(a, &s->person, 72, text, &expires, err);
}

static inline void
fixture_invite(struct signin_fixture *s, char text[static GATE_TEXT_MAX])
{
	void *arg[] = { s, text };

	CHECK_OK(people_fixture_do(&s->f, fixture_invite_fn, arg), &s->f.err);
}

#define FIXTURE_PASSWORD "seven wide rivers"

/* From an invitation to an open session. */
static inline struct signin_step
fixture_enrol(struct signin_fixture *s)
{
	CRYPTO_AUTO_SECRET password =
	    crypto_secret_from(FIXTURE_PASSWORD, strlen(FIXTURE_PASSWORD));
	struct signin_offer offer;
	struct signin_step first, second, open;
	struct signin_confirm c = { .label = "phone" };
	char text[GATE_TEXT_MAX];

	fixture_invite(s, text);
	CHECK_OK(signin_ceremony_accept(
		     &s->place, &s->from, text, password, &first, &s->err),
	    &s->err);
	CHECK(first.stage == SIGNIN_ENROL);
	CHECK_OK(signin_ceremony_offer(&s->place, &s->from, &s->person,
		     CRYPTO_SHA1, &offer, &s->err),
	    &s->err);
	memcpy(s->secret, offer.secret, sizeof(s->secret));
	c.text = first.text;
	c.code = fixture_totp(s, 0);
	CHECK_OK(signin_ceremony_confirm(
		     &s->place, &s->from, &c, &s->codes, &second, &s->err),
	    &s->err);
	CHECK(second.stage == SIGNIN_NOTICE);
	CHECK_OK(fixture_read(s, second.text, &open), &s->err);
	CHECK(open.stage == SIGNIN_OPEN);
	fixture_later(s, 90 * SP_SECOND);
	return open;
}

/* Signed in with password and app. */
static inline struct signin_step
fixture_sign_in(struct signin_fixture *s)
{
	struct signin_step first, second, open;

	fixture_later(s, 30 * SP_SECOND);
	CHECK_OK(fixture_login(s, s->login, FIXTURE_PASSWORD, &first), &s->err);
	CHECK_OK(
	    fixture_code(s, first.text, fixture_totp(s, 0), false, &second),
	    &s->err);
	CHECK_OK(fixture_read(s, second.text, &open), &s->err);
	return open;
}

/* Who shows this text, and how does the session stand? */
static inline enum sp_code
fixture_know(
    struct signin_fixture *s, const char *text, struct gate_caller *who)
{
	DB_LENT(reader, s->readers);
	const struct signin_shown shown = { reader.db, &s->agency.id,
		s->f.rules, text };
	bool touch = false;

	*who = (struct gate_caller){ .source = "api" };
	return signin_session_know(&shown, who, &touch, &s->err);
}

static inline enum sp_code
fixture_tick_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	(void)arg;
	return signin_session_tick(a, 100, err);
}

#define FIXTURE_SECONDS(n) (SP_SECOND * (n))
#define FIXTURE_MINUTES(n) (SP_SECOND * 60 * (n))
#define FIXTURE_HOURS(n)   (SP_SECOND * 3600 * (n))
#define FIXTURE_DAYS(n)    (SP_SECOND * 86400 * (n))

#define CHECK_SIGNIN(call, want, why, s)                                       \
	do {                                                                   \
		CHECK_CODE(call, want, &(s)->err);                             \
		if ((s)->err.reason == NULL ||                                 \
		    strcmp((s)->err.reason, why) != 0)                         \
			tap_fail(__FILE__, __LINE__, #call,                    \
			    (s)->err.reason == NULL ? ": no reason"            \
						    : (s)->err.reason);        \
	} while (0)

#endif
