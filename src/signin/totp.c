#include "signin/totp.h"

#include "crypto/kdf.h"
#include "crypto/stream.h"

#include <ctype.h>
#include <string.h>

#define AD_MAX     200
#define SKEW       1 /* steps to either side */
#define SEALED_MAX 512

static const struct db_sql offer_put = {
	"INSERT INTO signin_totp_offer(person, id, sealed, hash, digits, step,"
	" created) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	" ON CONFLICT(person) DO UPDATE SET id = ?2, sealed = ?3, hash = ?4,"
	" digits = ?5, step = ?6, created = ?7",
};
static const struct db_sql offer_get = {
	"SELECT id, sealed, hash, digits, step, -1 FROM signin_totp_offer"
	" WHERE person = ?1 AND created > ?2",
};
static const struct db_sql offer_drop = {
	"DELETE FROM signin_totp_offer WHERE person = ?1",
};
static const struct db_sql totp_insert = {
	"INSERT INTO signin_totp(id, sealed, hash, digits, step, last)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
};
static const struct db_sql totp_of = {
	"SELECT t.id, t.sealed, t.hash, t.digits, t.step, t.last"
	" FROM signin_totp t JOIN signin_factor f ON f.id = t.id"
	" WHERE f.person = ?1 ORDER BY t.id",
};
static const struct db_sql totp_use = {
	"UPDATE signin_totp SET last = ?2 WHERE id = ?1",
};

/* --- RFC 4226, RFC 6238 --- */

enum sp_code
signin_totp_code(struct crypto_secret *seed, const struct signin_totp *t,
    uint64_t counter, char out[static SIGNIN_TOTP_CODE], struct sp_err *err)
{
	uint8_t text[8], mac[CRYPTO_DIGEST_MAX];
	CRYPTO_WIPE_ON_EXIT(mac);
	uint64_t number;
	size_t at;

	SP_REQUIRE(t->digits >= 6 && t->digits <= 10);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(counter >> (56 - 8 * i));
	SP_TRY(crypto_hmac(t->hash, seed,
	    (struct crypto_piece){ text, sizeof(text) }, mac, err));
	at = mac[crypto_digest_len(t->hash) - 1] & 0xfU;
	number = ((uint64_t)(mac[at] & 0x7fU) << 24) |
	    ((uint64_t)mac[at + 1] << 16) | ((uint64_t)mac[at + 2] << 8) |
	    mac[at + 3];
	out[t->digits] = '\0';
	for (unsigned i = t->digits; i-- > 0; number /= 10)
		out[i] = (char)('0' + number % 10);
	return SP_OK;
}

enum sp_code
signin_totp_match(struct crypto_secret *seed, const struct signin_totp *t,
    const struct signin_totp_typed *typed, int64_t *step, struct sp_err *err)
{
	int64_t here = typed->now / ((int64_t)t->step * SP_SECOND);
	int64_t found = SIGNIN_TOTP_WRONG;
	char padded[SIGNIN_TOTP_CODE] = "";

	/* Any length is compared, so that none is told by the time. */
	(void)snprintf(padded, sizeof(padded), "%s", typed->code);
	for (int64_t s = here - SKEW; s <= here + SKEW; s++) {
		char want[SIGNIN_TOTP_CODE] = "";
		CRYPTO_WIPE_ON_EXIT(want);

		SP_TRY(signin_totp_code(seed, t, (uint64_t)s, want, err));
		if (crypto_bytes_equal(want, padded, sizeof(want)) &&
		    s > typed->last)
			found = s;
	}
	*step = strnlen(typed->code, SIGNIN_TOTP_CODE) == t->digits
	    ? found
	    : SIGNIN_TOTP_WRONG;
	return SP_OK;
}

/* --- rows: a seed and its parameters --- */

struct seed {
	struct sp_id id;
	struct signin_totp t;
	int64_t last;
	uint8_t sealed[SEALED_MAX];
	size_t len;
};

static enum sp_code
from_row(struct db_stmt *st, struct seed *out, struct sp_err *err)
{
	const char *hash = db_col_text(st, 2);
	const void *sealed;
	int64_t digits = db_col_i64(st, 3), step = db_col_i64(st, 4);

	SP_TRY(db_col_bytes(st, 0, out->id.b, SP_ID_LEN, err));
	sealed = db_col_blob(st, 1, &out->len);
	if (out->len > sizeof(out->sealed) || digits < 6 || digits > 10 ||
	    step < 10 || step > 120 ||
	    !crypto_digest_parse(hash, strlen(hash), &out->t.hash))
		return sp_fail(err, SP_E_CORRUPT,
		    "a seed in the database is like none that is kept");
	memcpy(out->sealed, sealed, out->len);
	out->t.digits = (unsigned)digits;
	out->t.step = (unsigned)step;
	out->last = db_col_i64(st, 5);
	return SP_OK;
}

static void
make_ad(const struct signin_totp_of *of, const struct sp_id *id,
    char out[static AD_MAX])
{
	char a[SP_ID_TEXT], p[SP_ID_TEXT], f[SP_ID_TEXT];

	sp_id_text(&of->agency, a);
	sp_id_text(&of->person, p);
	sp_id_text(id, f);
	(void)snprintf(out, AD_MAX, "sallyport/totp/1\n%s\n%s\n%s\n", a, p, f);
}

static enum sp_code
open_seed(const struct signin_totp_of *of, const struct seed *s,
    struct crypto_secret **out, struct sp_err *err)
{
	SP_AUTO_BUF clear = sp_buf_secret(SIGNIN_TOTP_SEED_MAX);
	char ad[AD_MAX];

	make_ad(of, &s->id, ad);
	SP_TRY(crypto_stream_open_whole(
	    of->key, ad, s->sealed, s->len, &clear, err));
	*out = crypto_secret_from(clear.at, clear.len);
	if (*out == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a seed");
	return SP_OK;
}

static enum sp_code
match(const struct signin_totp_of *of, const struct seed *s, const char *code,
    sp_time now, int64_t *step, struct sp_err *err)
{
	const struct signin_totp_typed typed = { code, now, s->last };
	CRYPTO_AUTO_SECRET seed = NULL;

	SP_TRY(open_seed(of, s, &seed, err));
	return signin_totp_match(seed, &s->t, &typed, step, err);
}

/* --- enrolling --- */

/* RFC 4648, section 6, without padding. */
static void
base32(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned bits = 0, held = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = digits[held >> (bits - 5) & 31];
		held &= (1U << bits) - 1;
	}
	if (bits > 0)
		*out++ = digits[held << (5 - bits) & 31];
	*out = '\0';
}

static size_t
seed_len(const struct people_rules *rules, enum crypto_digest_kind hash)
{
	size_t n = crypto_digest_len(hash);
	size_t rule = ((size_t)people_rules_get(rules, PEOPLE_OTP_KEY) + 7) / 8;

	return n < rule ? rule : n;
}

static struct signin_totp
parameters(const struct people_rules *rules, enum crypto_digest_kind hash)
{
	int64_t step = people_rules_get(rules, PEOPLE_OTP_STEP);

	return (struct signin_totp){
		.hash = hash,
		.digits = (unsigned)people_rules_get(rules, PEOPLE_OTP_DIGITS),
		.step =
		    step < SIGNIN_TOTP_STEP ? (unsigned)step : SIGNIN_TOTP_STEP,
	};
}

static enum sp_code
put_offer(const struct people_act *a, const struct signin_totp_of *of,
    const struct signin_totp *t, struct crypto_secret *seed, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &offer_put);
	SP_AUTO_BUF sealed = sp_buf_new(SEALED_MAX);
	struct sp_id id = sp_id_new();
	char ad[AD_MAX];

	make_ad(of, &id, ad);
	SP_TRY(crypto_stream_seal_whole(of->key, ad, crypto_secret_bytes(seed),
	    crypto_secret_len(seed), &sealed, err));
	db_bind_blob(st, 1, of->person.b, SP_ID_LEN);
	db_bind_blob(st, 2, id.b, SP_ID_LEN);
	db_bind_blob(st, 3, sealed.at, sealed.len);
	db_bind_text(st, 4, crypto_digest_name(t->hash));
	db_bind_i64(st, 5, t->digits);
	db_bind_i64(st, 6, t->step);
	db_bind_i64(st, 7, a->now);
	return db_run(st, NULL, err);
}

enum sp_code
signin_totp_offer(const struct people_act *a, const struct signin_totp_of *of,
    enum crypto_digest_kind hash, struct signin_totp *out,
    char secret[static SIGNIN_TOTP_SECRET], struct sp_err *err)
{
	struct signin_totp t = parameters(a->rules, hash);
	CRYPTO_AUTO_SECRET seed =
	    crypto_secret_random(seed_len(a->rules, hash));

	if (seed == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a seed");
	SP_REQUIRE(crypto_secret_len(seed) <= SIGNIN_TOTP_SEED_MAX);
	SP_TRY(put_offer(a, of, &t, seed, err));
	base32(crypto_secret_bytes(seed), crypto_secret_len(seed), secret);
	*out = t;
	return SP_OK;
}

static enum sp_code
get_offer(const struct people_act *a, const struct sp_id *person,
    struct seed *out, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &offer_get);
	bool found = false;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_i64(st, 2, a->now - SIGNIN_TOTP_OFFER);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_CONFLICT, "totp.none",
		    "no authenticator app is being enrolled, or for too long: "
		    "ask for a new secret");
	return from_row(st, out, err);
}

static enum sp_code
drop_offer(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &offer_drop);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

static enum sp_code
insert(const struct people_act *a, const struct seed *s, int64_t step,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &totp_insert);

	db_bind_blob(st, 1, s->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, s->sealed, s->len);
	db_bind_text(st, 3, crypto_digest_name(s->t.hash));
	db_bind_i64(st, 4, s->t.digits);
	db_bind_i64(st, 5, s->t.step);
	db_bind_i64(st, 6, step);
	return db_run(st, NULL, err);
}

enum sp_code
signin_totp_confirm(const struct people_act *a, const struct signin_totp_of *of,
    const char *code, const char *label, bool *ok, struct sp_err *err)
{
	struct signin_factor_new n = {
		.person = of->person,
		.kind = SIGNIN_TOTP,
		.label = label,
	};
	struct seed s;
	int64_t step = SIGNIN_TOTP_WRONG;

	SP_TRY(get_offer(a, &of->person, &s, err));
	SP_TRY(match(of, &s, code, a->now, &step, err));
	*ok = step != SIGNIN_TOTP_WRONG;
	if (!*ok)
		return SP_OK;
	n.id = s.id;
	SP_TRY(signin_factor_add(a, &n, err));
	SP_TRY(insert(a, &s, step, err));
	return drop_offer(a, &of->person, err);
}

/* --- showing --- */

static enum sp_code
use_step(const struct people_act *a, const struct sp_id *id, int64_t step,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &totp_use);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, step);
	SP_TRY(db_run(st, NULL, err));
	return signin_factor_used(a, id, err);
}

static enum sp_code
all_of(struct db *db, const struct sp_id *person,
    struct seed out[static SIGNIN_FACTORS_MAX], size_t *n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &totp_of);

	*n = 0;
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	while (*n < SIGNIN_FACTORS_MAX) {
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &out[*n], err));
		++*n;
	}
	return SP_OK;
}

enum sp_code
signin_totp_verify(const struct people_act *a, const struct signin_totp_of *of,
    const char *code, bool *ok, struct sp_err *err)
{
	struct seed s[SIGNIN_FACTORS_MAX];
	size_t n = 0;

	*ok = false;
	SP_TRY(all_of(ledger_tx_db(a->tx), &of->person, s, &n, err));
	for (size_t i = 0; i < n && !*ok; i++) {
		int64_t step = SIGNIN_TOTP_WRONG;

		SP_TRY(match(of, &s[i], code, a->now, &step, err));
		*ok = step != SIGNIN_TOTP_WRONG;
		if (*ok)
			SP_TRY(use_step(a, &s[i].id, step, err));
	}
	return SP_OK;
}

/* --- for an app --- */

/* RFC 3986: all but unreserved characters. */
static void
put_escaped(struct sp_buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL))
			sp_buf_u8(out, c);
		else
			sp_buf_fmt(out, "%%%02X", c);
	}
}

void
signin_totp_uri(struct sp_buf *out, const char *issuer, const char *account,
    const char *secret, const struct signin_totp *t)
{
	sp_buf_text(out, "otpauth://totp/");
	put_escaped(out, issuer);
	sp_buf_text(out, ":");
	put_escaped(out, account);
	sp_buf_fmt(out, "?secret=%s&issuer=", secret);
	put_escaped(out, issuer);
	sp_buf_fmt(out, "&algorithm=%s&digits=%u&period=%u",
	    t->hash == CRYPTO_SHA1 ? "SHA1" : "SHA256", t->digits, t->step);
}
