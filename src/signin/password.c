#include "signin/password.h"

#include "base/json.h"

#include <pthread.h>
#include <string.h>

static const struct db_sql password_get = {
	"SELECT salt, iterations, hash, changed FROM signin_password"
	" WHERE person = ?1",
};
static const struct db_sql password_put = {
	"INSERT INTO signin_password(person, salt, iterations, hash, changed)"
	" VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(person) DO UPDATE SET"
	" salt = ?2, iterations = ?3, hash = ?4, changed = ?5",
};

/* --- not too many at once --- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t free;
	unsigned at_work, waiting;
} desk = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static enum sp_code
desk_enter(struct sp_err *err)
{
	bool full;

	(void)pthread_mutex_lock(&desk.lock);
	full = desk.at_work >= SIGNIN_PASSWORD_AT_ONCE &&
	    desk.waiting >= SIGNIN_PASSWORD_WAITING;
	if (!full) {
		desk.waiting++;
		while (desk.at_work >= SIGNIN_PASSWORD_AT_ONCE)
			(void)pthread_cond_wait(&desk.free, &desk.lock);
		desk.waiting--;
		desk.at_work++;
	}
	(void)pthread_mutex_unlock(&desk.lock);
	if (full)
		return sp_fail_as(err, SP_E_UNAVAIL, "signin.busy",
		    "too many are signing in at once: try again");
	return SP_OK;
}

static void
desk_leave(void)
{
	(void)pthread_mutex_lock(&desk.lock);
	desk.at_work--;
	(void)pthread_cond_signal(&desk.free);
	(void)pthread_mutex_unlock(&desk.lock);
}

/* --- deriving --- */

static enum sp_code
make_pepper(
    struct crypto_secret *key, struct crypto_secret *out, struct sp_err *err)
{
	static const char info[] = "sallyport/signin/pepper/1";

	SP_REQUIRE(crypto_secret_len(key) == SIGNIN_KEY);
	return crypto_kdf_hkdf(CRYPTO_SHA256, key,
	    (struct crypto_piece){ "", 0 },
	    (struct crypto_piece){ info, sizeof(info) - 1 }, out, err);
}

static enum sp_code
derive(struct crypto_secret *key, struct crypto_secret *password,
    const struct signin_password *p, uint8_t out[static CRYPTO_SHA256_LEN],
    struct sp_err *err)
{
	CRYPTO_AUTO_SECRET pepper = crypto_secret_new(SIGNIN_KEY);
	CRYPTO_AUTO_SECRET slow = NULL;
	enum sp_code code;

	if (pepper == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a password");
	SP_TRY(desk_enter(err));
	code = crypto_kdf_passphrase(
	    password, p->salt, p->salt_len, p->iterations, &slow, err);
	desk_leave();
	SP_TRY(code);
	SP_TRY(make_pepper(key, pepper, err));
	return crypto_hmac(CRYPTO_SHA256, pepper,
	    (struct crypto_piece){
		crypto_secret_bytes(slow), crypto_secret_len(slow) },
	    out, err);
}

enum sp_code
signin_password_matches(struct crypto_secret *key,
    struct crypto_secret *password, const struct signin_password *p, bool *same,
    struct sp_err *err)
{
	static const struct signin_password nobody = {
		.salt_len = SIGNIN_PASSWORD_SALT,
		.iterations = SIGNIN_PASSWORD_ITERATIONS,
	};
	uint8_t hash[CRYPTO_SHA256_LEN];
	CRYPTO_WIPE_ON_EXIT(hash);
	const struct signin_password *by = p == NULL ? &nobody : p;

	SP_TRY(derive(key, password, by, hash, err));
	*same = crypto_bytes_equal(hash, by->hash, sizeof(hash)) && p != NULL;
	return SP_OK;
}

static size_t
salt_wanted(const struct people_rules *rules)
{
	size_t n =
	    ((size_t)people_rules_get(rules, PEOPLE_PASSWORD_SALT) + 7) / 8;

	return n < SIGNIN_PASSWORD_SALT ? SIGNIN_PASSWORD_SALT : n;
}

enum sp_code
signin_password_make(const struct people_rules *rules,
    struct crypto_secret *key, struct crypto_secret *password, sp_time now,
    struct signin_password *out, struct sp_err *err)
{
	struct signin_password p = {
		.salt_len = salt_wanted(rules),
		.iterations = SIGNIN_PASSWORD_ITERATIONS,
		.changed = now,
	};

	SP_REQUIRE(p.salt_len <= sizeof(p.salt));
	crypto_random(p.salt, p.salt_len);
	SP_TRY(derive(key, password, &p, p.hash, err));
	*out = p;
	return SP_OK;
}

bool
signin_password_weak(
    const struct signin_password *p, const struct people_rules *rules)
{
	return p->iterations < SIGNIN_PASSWORD_ITERATIONS ||
	    p->salt_len < salt_wanted(rules);
}

bool
signin_password_old(const struct signin_password *p,
    const struct people_rules *rules, sp_time now)
{
	people_day until = people_day_months(people_day_of(rules, p->changed),
	    people_rules_get(rules, PEOPLE_PASSWORD_CHANGE));

	return people_day_of(rules, now) > until;
}

/* --- rows --- */

enum sp_code
signin_password_get(struct db *db, const struct sp_id *person,
    struct signin_password *out, bool *found, struct sp_err *err)
{
	DB_STMT st = db_use(db, &password_get);
	struct signin_password p;
	int64_t iterations;
	const void *salt;

	memset(&p, 0, sizeof(p));
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	salt = db_col_blob(st, 0, &p.salt_len);
	iterations = db_col_i64(st, 1);
	if (p.salt_len == 0 || p.salt_len > sizeof(p.salt) || iterations < 1 ||
	    iterations > CRYPTO_KDF_ITERATIONS_MAX)
		return sp_fail(err, SP_E_CORRUPT,
		    "a password in the database is like none that is kept");
	memcpy(p.salt, salt, p.salt_len);
	p.iterations = (uint32_t)iterations;
	SP_TRY(db_col_bytes(st, 2, p.hash, sizeof(p.hash), err));
	p.changed = db_col_i64(st, 3);
	*out = p;
	return SP_OK;
}

enum sp_code
signin_password_put(const struct people_act *a, const struct sp_id *person,
    const struct signin_password *p, bool again, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &password_put);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_blob(st, 2, p->salt, p->salt_len);
	db_bind_i64(st, 3, p->iterations);
	db_bind_blob(st, 4, p->hash, sizeof(p->hash));
	db_bind_i64(st, 5, p->changed);
	SP_TRY(db_run(st, NULL, err));
	if (again)
		return SP_OK;
	return people_act_entry(a, "credential.changed", "person", person,
	    "{\"kind\":\"password\"}", err);
}

/* --- may it be? --- */

static enum sp_code
check_text(const char *s, size_t len, size_t *characters, struct sp_err *err)
{
	size_t n = 0;

	for (size_t at = 0; at < len; n++) {
		size_t step = sp_utf8_next(s + at, len - at);

		if (step == 0 || !sp_utf8_shown(s + at, step))
			return sp_fail_as(err, SP_E_INVALID,
			    "password.characters",
			    "password: UTF-8 without control characters");
		at += step;
	}
	*characters = n;
	return SP_OK;
}

enum sp_code
signin_password_check(const struct people_rules *rules,
    const struct signin_banned *b, const char *const *context,
    struct crypto_secret *password, struct sp_err *err)
{
	const char *s = (const char *)crypto_secret_bytes(password);
	size_t len = crypto_secret_len(password), characters = 0;
	int64_t least = people_rules_get(rules, PEOPLE_PASSWORD_LENGTH);
	const char *why;

	SP_TRY(check_text(s, len, &characters, err));
	if (characters < (size_t)least || len > SIGNIN_PASSWORD_MAX)
		return sp_fail_as(err, SP_E_INVALID, "password.length",
		    "password: %d characters or more, at most %d bytes",
		    (int)least, SIGNIN_PASSWORD_MAX);
	why = signin_banned_why(b, context, password);
	if (why != NULL)
		return sp_fail_as(err, SP_E_INVALID, "password.banned",
		    "password: %s; choose another one", why);
	return SP_OK;
}
