#include "federation/flow.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "signin/throttle.h"

#include <string.h>

static const struct db_sql flow_sweep = {
	"DELETE FROM provider_flow WHERE began <= ?1 OR began > ?2",
};
static const struct db_sql flow_counts = {
	"SELECT (SELECT count(*) FROM provider_flow),"
	" (SELECT count(*) FROM provider_flow WHERE address = ?1)",
};
static const struct db_sql flow_insert = {
	"INSERT INTO provider_flow(state, browser, provider, address, next,"
	" began, after) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
};
static const struct db_sql flow_get = {
	"SELECT browser, provider, next, began, after FROM provider_flow"
	" WHERE state = ?1",
};
static const struct db_sql flow_delete = {
	"DELETE FROM provider_flow WHERE state = ?1",
};

/* The two that are random. */
struct pair {
	uint8_t browser[FEDERATION_FLOW_RANDOM];
	uint8_t state[FEDERATION_FLOW_RANDOM];
};

bool
federation_flow_next_ok(const char *s)
{
	if (s[0] != '/' || s[1] == '/' ||
	    strnlen(s, FEDERATION_FLOW_NEXT + 1) > FEDERATION_FLOW_NEXT)
		return false;
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e || *s == '\\')
			return false;
	return true;
}

static void
derive(const struct pair *p, const char *label,
    char out[static FEDERATION_FLOW_TEXT])
{
	const struct crypto_piece piece[] = {
		{ label, strlen(label) },
		{ p->browser, sizeof(p->browser) },
		{ p->state, sizeof(p->state) },
	};
	uint8_t sum[CRYPTO_SHA256_LEN];
	CRYPTO_WIPE_ON_EXIT(sum);

	crypto_sha256_of(piece, SP_COUNTOF(piece), sum);
	sp_base64url(sum, sizeof(sum), out);
}

static void
derive_all(const struct pair *p, struct federation_flow *f)
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	derive(p, "sallyport/oidc/nonce/1\n", f->nonce);
	derive(p, "sallyport/oidc/verifier/1\n", f->verifier);
	crypto_sha256(f->verifier, strlen(f->verifier), sum);
	sp_base64url(sum, sizeof(sum), f->challenge);
}

/* ---- Beginning ---- */

static void
network_of(const struct people_act *a, char out[static SIGNIN_NETWORK])
{
	signin_throttle_network(
	    a->by->address == NULL ? "" : a->by->address, out);
}

static enum sp_code
make_room(const struct people_act *a, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT sweep = db_use(db, &flow_sweep);
	DB_STMT counts = db_use(db, &flow_counts);
	char address[SIGNIN_NETWORK];
	bool found = false;

	network_of(a, address);
	db_bind_i64(sweep, 1, a->now - FEDERATION_FLOW_LIFE);
	db_bind_i64(sweep, 2, a->now);
	SP_TRY(db_run(sweep, NULL, err));
	db_bind_text(counts, 1, address);
	SP_TRY(db_row(counts, &found, err));
	if (db_col_i64(counts, 0) >= FEDERATION_FLOWS_MAX ||
	    db_col_i64(counts, 1) >= FEDERATION_FLOWS_OF_ONE)
		return sp_fail_as(err, SP_E_UNAVAIL, "flow.many",
		    "too many sign-ins are under way: try again in some "
		    "minutes");
	return SP_OK;
}

static enum sp_code
insert(const struct people_act *a, const struct federation_flow_new *n,
    const struct pair *p, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &flow_insert);
	uint8_t state[CRYPTO_SHA256_LEN], browser[CRYPTO_SHA256_LEN];
	char network[SIGNIN_NETWORK];

	network_of(a, network);
	crypto_sha256(p->state, sizeof(p->state), state);
	crypto_sha256(p->browser, sizeof(p->browser), browser);
	db_bind_blob(st, 1, state, sizeof(state));
	db_bind_blob(st, 2, browser, sizeof(browser));
	db_bind_blob(st, 3, n->provider.b, SP_ID_LEN);
	db_bind_text(st, 4, network);
	db_bind_text(st, 5, n->next == NULL ? "" : n->next);
	db_bind_i64(st, 6, a->now);
	db_bind_i64(st, 7, n->anew ? a->now : 0);
	return db_run(st, NULL, err);
}

enum sp_code
federation_flow_begin(const struct people_act *a,
    const struct federation_flow_new *n, struct federation_flow *out,
    struct sp_err *err)
{
	struct pair p;
	CRYPTO_WIPE_ON_EXIT(p);
	struct federation_flow f = {
		.provider = n->provider,
		.began = a->now,
		.after = n->anew ? a->now : 0,
	};
	CRYPTO_WIPE_ON_EXIT(f);

	if (n->next != NULL && !federation_flow_next_ok(n->next))
		return sp_fail_as(err, SP_E_INVALID, "flow.next",
		    "next is a path of this site: /something");
	SP_TRY(make_room(a, err));
	crypto_random(&p, sizeof(p));
	SP_TRY(insert(a, n, &p, err));
	(void)snprintf(
	    f.next, sizeof(f.next), "%s", n->next == NULL ? "" : n->next);
	sp_base64url(p.browser, sizeof(p.browser), f.browser);
	sp_base64url(p.state, sizeof(p.state), f.state);
	derive_all(&p, &f);
	crypto_wipe_run(
	    &(struct crypto_wipe){ f.verifier, sizeof(f.verifier) });
	*out = f;
	return SP_OK;
}

/* ---- Coming back ---- */

static bool
decode(const char *text, uint8_t out[static FEDERATION_FLOW_RANDOM])
{
	size_t len = FEDERATION_FLOW_RANDOM;

	return text != NULL &&
	    strnlen(text, FEDERATION_FLOW_TEXT) == FEDERATION_FLOW_TEXT - 1 &&
	    sp_base64url_parse(text, FEDERATION_FLOW_TEXT - 1, out, &len) &&
	    len == FEDERATION_FLOW_RANDOM;
}

static enum sp_code
unknown(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, "flow.unknown",
	    "this sign-in was not begun in this browser, or is over: begin "
	    "again");
}

static enum sp_code
read_row(struct db_stmt *st, const uint8_t *browser, const struct people_act *a,
    struct federation_flow *f, struct sp_err *err)
{
	uint8_t kept[CRYPTO_SHA256_LEN], sum[CRYPTO_SHA256_LEN];
	struct sp_id provider;

	SP_TRY(db_col_bytes(st, 0, kept, sizeof(kept), err));
	SP_TRY(db_col_bytes(st, 1, provider.b, SP_ID_LEN, err));
	crypto_sha256(browser, FEDERATION_FLOW_RANDOM, sum);
	f->began = db_col_i64(st, 3);
	f->after = db_col_i64(st, 4);
	if (!crypto_bytes_equal(kept, sum, sizeof(sum)) ||
	    !sp_id_equal(&provider, &f->provider) || f->began > a->now ||
	    a->now - f->began >= FEDERATION_FLOW_LIFE)
		return unknown(err);
	(void)snprintf(f->next, sizeof(f->next), "%s", db_col_text(st, 2));
	return SP_OK;
}

static enum sp_code
find(const struct people_act *a, const uint8_t *hash, const uint8_t *browser,
    struct federation_flow *f, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &flow_get);
	bool found = false;

	db_bind_blob(st, 1, hash, CRYPTO_SHA256_LEN);
	SP_TRY(db_row(st, &found, err));
	return found ? read_row(st, browser, a, f, err) : unknown(err);
}

enum sp_code
federation_flow_take(const struct people_act *a,
    const struct federation_flow_back *b, struct federation_flow *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &flow_delete);
	struct pair p;
	CRYPTO_WIPE_ON_EXIT(p);
	struct federation_flow f = { .provider = b->provider };
	CRYPTO_WIPE_ON_EXIT(f);
	uint8_t hash[CRYPTO_SHA256_LEN];

	if (!decode(b->state, p.state) || !decode(b->browser, p.browser))
		return unknown(err);
	crypto_sha256(p.state, sizeof(p.state), hash);
	SP_TRY(find(a, hash, p.browser, &f, err));
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_run(st, NULL, err));
	derive_all(&p, &f);
	*out = f;
	return SP_OK;
}
