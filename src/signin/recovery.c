#include "signin/recovery.h"

#include "base/json.h"
#include "crypto/secret.h"

#include <string.h>

#define GROUP      5
#define DIGITS_MAX 52

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static const struct db_sql recovery_forget = {
	"DELETE FROM signin_recovery WHERE person = ?1",
};
static const struct db_sql recovery_put = {
	"INSERT INTO signin_recovery(person, hash, created) VALUES(?1, ?2, ?3)",
};
static const struct db_sql recovery_take = {
	"DELETE FROM signin_recovery WHERE person = ?1 AND hash = ?2",
};
static const struct db_sql recovery_left = {
	"SELECT count(*) FROM signin_recovery WHERE person = ?1",
};

static size_t
wanted(const struct people_rules *rules)
{
	int64_t bits = SIGNIN_RECOVERY_BITS;
	int64_t entropy = people_rules_get(rules, PEOPLE_RECOVERY_ENTROPY);
	int64_t plain = people_rules_get(rules, PEOPLE_RECOVERY_PLAIN);

	if (bits < entropy)
		bits = entropy;
	if (bits < plain)
		bits = plain;
	return ((size_t)bits + 4) / 5;
}

/* Of person and digits alone. */
static void
hash_of(const struct sp_id *person, const char *plain, size_t len,
    uint8_t out[static CRYPTO_SHA256_LEN])
{
	static const char what[] = "sallyport/recovery/1\n";
	const struct crypto_piece of[] = {
		{ what, sizeof(what) - 1 },
		{ person->b, SP_ID_LEN },
		{ plain, len },
	};

	crypto_sha256_of(of, SP_COUNTOF(of), out);
}

static enum sp_code
put(const struct people_act *a, const struct sp_id *person, const char *plain,
    size_t len, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &recovery_put);
	uint8_t hash[CRYPTO_SHA256_LEN];

	hash_of(person, plain, len, hash);
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_blob(st, 2, hash, sizeof(hash));
	db_bind_i64(st, 3, a->now);
	return db_run(st, NULL, err);
}

static enum sp_code
make_one(const struct people_act *a, const struct sp_id *person,
    char out[static SIGNIN_RECOVERY_TEXT], struct sp_err *err)
{
	size_t n = wanted(a->rules), at = 0;
	uint8_t random[DIGITS_MAX];
	CRYPTO_WIPE_ON_EXIT(random);
	char plain[DIGITS_MAX];
	CRYPTO_WIPE_ON_EXIT(plain);

	SP_REQUIRE(n <= DIGITS_MAX);
	crypto_random(random, n);
	for (size_t i = 0; i < n; i++) {
		plain[i] = digits[random[i] & 31]; /* 32 divides 256 */
		if (i > 0 && i % GROUP == 0)
			out[at++] = '-';
		out[at++] = plain[i];
	}
	out[at] = '\0';
	return put(a, person, plain, n, err);
}

enum sp_code
signin_recovery_forget(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &recovery_forget);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

enum sp_code
signin_recovery_make(const struct people_act *a, const struct sp_id *person,
    char out[static SIGNIN_RECOVERY_CODES][SIGNIN_RECOVERY_TEXT],
    struct sp_err *err)
{
	_Static_assert(DIGITS_MAX + DIGITS_MAX / GROUP < SIGNIN_RECOVERY_TEXT,
	    "a code fits");
	SP_TRY(signin_recovery_forget(a, person, err));
	for (size_t i = 0; i < SIGNIN_RECOVERY_CODES; i++)
		SP_TRY(make_one(a, person, out[i], err));
	return people_act_entry(a, "credential.changed", "person", person,
	    "{\"kind\":\"recovery\"}", err);
}

/* The digits of what was typed; 0: it has what is none, or too many. */
static size_t
read_code(const char *s, char out[static DIGITS_MAX])
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		char c = *s;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c == '-' || c == ' ')
			continue;
		if (c == 'o')
			c = '0';
		if (c == 'i' || c == 'l')
			c = '1';
		if (strchr(digits, c) == NULL || n == DIGITS_MAX)
			return 0;
		out[n++] = c;
	}
	return n;
}

static enum sp_code
enter_left(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &recovery_left);
	SP_AUTO_BUF detail = sp_buf_new(64);
	struct sp_json j = sp_json_to(&detail);
	bool found = false;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	sp_json_object(&j, NULL);
	sp_json_int(&j, "left", found ? db_col_i64(st, 0) : 0);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(a, "credential.recovered", "person", person,
	    sp_buf_str(&detail), err);
}

enum sp_code
signin_recovery_use(const struct people_act *a, const struct sp_id *person,
    const char *code, bool *ok, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &recovery_take);
	char plain[DIGITS_MAX];
	CRYPTO_WIPE_ON_EXIT(plain);
	uint8_t hash[CRYPTO_SHA256_LEN];
	uint64_t taken = 0;
	size_t n = read_code(code, plain);

	hash_of(person, plain, n, hash);
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_blob(st, 2, hash, sizeof(hash));
	SP_TRY(db_run(st, &taken, err));
	*ok = taken != 0 && n > 0;
	return *ok ? enter_left(a, person, err) : SP_OK;
}
