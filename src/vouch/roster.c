#include "vouch/roster.h"

#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
#define X(id, name) [id] = (name),
	VOUCH_KINDS(X)
#undef X
};

const char *
vouch_kind_name(enum vouch_kind kind)
{
	SP_REQUIRE((size_t)kind < SP_COUNTOF(kind_names));
	return kind_names[kind];
}

#define COLUMNS "id, kind, name, url, trust, policy, every, tls_ca, added"

static const struct db_sql voucher_all = {
	"SELECT " COLUMNS " FROM voucher ORDER BY kind DESC, name LIMIT ?1",
};
static const struct db_sql voucher_count = {
	"SELECT count(*) FROM voucher WHERE kind = ?1",
};
static const struct db_sql voucher_add = {
	"INSERT INTO voucher(" COLUMNS ")"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};
static const struct db_sql voucher_remove = {
	"DELETE FROM voucher WHERE kind = ?1 AND name = ?2",
};

struct vouch_voucher
vouch_voucher_new(void)
{
	return (struct vouch_voucher){
		.trust = sp_buf_new(ERRAND_PEM_MAX),
		.tls_ca = sp_buf_new(ERRAND_PEM_MAX),
	};
}

void
vouch_voucher_free(struct vouch_voucher *v)
{
	sp_buf_free(&v->trust);
	sp_buf_free(&v->tls_ca);
}

/* ---- What a person gives ---- */

/* Printable ASCII: what a URL is written in, and nothing that ends a header
 * line or a shell's word. */
static bool
url_ok(const char *s)
{
	size_t len = strnlen(s, ERRAND_URL_MAX + 1);
	const char *host = strncmp(s, "https://", 8) == 0 ? s + 8
	    : strncmp(s, "http://", 7) == 0               ? s + 7
							  : NULL;

	if (host == NULL || len > ERRAND_URL_MAX || host[0] == '/' ||
	    host[0] == '\0')
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' ||
		    strchr("\"'<>\\^`{|}#?@", s[i]) != NULL)
			return false;
	return s[len - 1] != '/';
}

static bool
name_ok(const char *s)
{
	size_t len = strnlen(s, VOUCH_NAME_MAX + 1);

	if (len == 0 || len > 64)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] >= '0' && s[i] <= '9') && s[i] != '-' && s[i] != '.')
			return false;
	return true;
}

static enum sp_code
check_witness(struct vouch_voucher *v, struct sp_err *err)
{
	SP_TRY(ledger_cosigner_parse(
	    sp_buf_str(&v->trust), v->trust.len, &v->key, err));
	memcpy(v->name, v->key.name, sizeof(v->key.name));
	v->policy[0] = '\0';
	v->every = 0;
	return SP_OK;
}

static enum sp_code
check_authority(struct vouch_voucher *v, struct sp_err *err)
{
	struct crypto_timestamp_wish w = {
		.policy = v->policy[0] == '\0' ? NULL : v->policy,
	};
	SP_AUTO_BUF der = sp_buf_new(1024);

	if (!name_ok(v->name))
		return sp_fail(err, SP_E_INVALID,
		    "an authority's name has 1 to 64 of a-z, 0-9, '-', '.'");
	SP_TRY(crypto_timestamp_ca_ok(sp_buf_str(&v->trust), err));
	SP_TRY(crypto_timestamp_request(&w, &der, err));
	if (v->every == 0)
		v->every = VOUCH_EVERY;
	if (v->every < SP_SECOND || v->every > VOUCH_EVERY_MOST)
		return sp_fail(err, SP_E_INVALID,
		    "between two timestamps are 1 second to 1 day");
	return SP_OK;
}

enum sp_code
vouch_voucher_check(struct vouch_voucher *v, struct sp_err *err)
{
	SP_TRY(sp_buf_check(&v->trust, "a key or CA file", err));
	SP_TRY(sp_buf_check(&v->tls_ca, "a CA file", err));
	if (!url_ok(v->url))
		return sp_fail(err, SP_E_INVALID,
		    "a URL begins with https:// or http://, has no user, query "
		    "or last '/', and at most %d characters",
		    ERRAND_URL_MAX);
	if (v->tls_ca.len > 0)
		SP_TRY(crypto_timestamp_ca_ok(sp_buf_str(&v->tls_ca), err));
	SP_TRY(v->kind == VOUCH_WITNESS ? check_witness(v, err)
					: check_authority(v, err));
	v->id = sp_id_new();
	v->added = sp_now();
	return SP_OK;
}

/* ---- Rows ---- */

static enum sp_code
copy_text(char *out, size_t room, const char *s, struct sp_err *err)
{
	if (strlen(s) >= room)
		return sp_fail(
		    err, SP_E_CORRUPT, "site.db: a voucher's text is too long");
	memcpy(out, s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
take_texts(struct db_stmt *st, struct vouch_voucher *v, struct sp_err *err)
{
	SP_TRY(copy_text(v->name, sizeof(v->name), db_col_text(st, 2), err));
	SP_TRY(copy_text(v->url, sizeof(v->url), db_col_text(st, 3), err));
	SP_TRY(
	    copy_text(v->policy, sizeof(v->policy), db_col_text(st, 5), err));
	sp_buf_text(&v->trust, db_col_text(st, 4));
	sp_buf_text(&v->tls_ca, db_col_text(st, 7));
	SP_TRY(sp_buf_check(&v->trust, "a voucher", err));
	return sp_buf_check(&v->tls_ca, "a voucher", err);
}

static enum sp_code
take_row(struct db_stmt *st, struct vouch_voucher *v, struct sp_err *err)
{
	bool witness = strcmp(db_col_text(st, 1), "witness") == 0;

	v->kind = witness ? VOUCH_WITNESS : VOUCH_AUTHORITY;
	v->every = db_col_i64(st, 6);
	v->added = db_col_i64(st, 8);
	SP_TRY(db_col_bytes(st, 0, v->id.b, SP_ID_LEN, err));
	SP_TRY(take_texts(st, v, err));
	if (!witness)
		return SP_OK;
	return ledger_cosigner_parse(
	    sp_buf_str(&v->trust), v->trust.len, &v->key, err);
}

static enum sp_code
load(struct vouch_roster *r, struct db *site, struct sp_err *err)
{
	DB_STMT st = db_use(site, &voucher_all);
	bool found = false;

	db_bind_u64(st, 1, VOUCH_MOST);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		r->at[r->n] = vouch_voucher_new();
		SP_TRY(take_row(st, &r->at[r->n++], err));
	}
}

enum sp_code
vouch_roster_load(
    struct vouch_roster **out, struct db *site, struct sp_err *err)
{
	VOUCH_AUTO_ROSTER r = calloc(1, sizeof(*r));

	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	SP_TRY(load(r, site, err));
	*out = SP_STEAL(r);
	return SP_OK;
}

void
vouch_roster_free(struct vouch_roster *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		vouch_voucher_free(&r->at[i]);
	free(r);
}

bool
vouch_roster_same(const struct vouch_roster *a, const struct vouch_roster *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!sp_id_equal(&a->at[i].id, &b->at[i].id))
			return false;
	return true;
}

static enum sp_code
check_room(struct db *site, enum vouch_kind kind, struct sp_err *err)
{
	DB_STMT st = db_use(site, &voucher_count);
	bool found = false;

	db_bind_text(st, 1, vouch_kind_name(kind));
	SP_TRY(db_row(st, &found, err));
	if (db_col_i64(st, 0) >= VOUCH_KIND_MOST)
		return sp_fail(err, SP_E_LIMIT,
		    "a site has at most %d of a kind: remove one first",
		    VOUCH_KIND_MOST);
	return SP_OK;
}

static enum sp_code
insert(struct db *site, const struct vouch_voucher *v, struct sp_err *err)
{
	DB_STMT st = db_use(site, &voucher_add);
	enum sp_code code;

	db_bind_blob(st, 1, v->id.b, SP_ID_LEN);
	db_bind_text(st, 2, vouch_kind_name(v->kind));
	db_bind_text(st, 3, v->name);
	db_bind_text(st, 4, v->url);
	db_bind_text(st, 5, sp_buf_str(&v->trust));
	db_bind_text(st, 6, v->policy[0] == '\0' ? NULL : v->policy);
	db_bind_i64(st, 7, v->every);
	db_bind_text(st, 8, v->tls_ca.len == 0 ? NULL : sp_buf_str(&v->tls_ca));
	db_bind_i64(st, 9, v->added);
	code = db_run(st, NULL, err);
	if (code == SP_E_CONFLICT)
		return sp_fail(err, SP_E_CONFLICT,
		    "there is a %s %.100s already: remove it first",
		    vouch_kind_name(v->kind), v->name);
	return code;
}

enum sp_code
vouch_roster_add(
    struct db *site, const struct vouch_voucher *v, struct sp_err *err)
{
	enum sp_code code;

	SP_TRY(db_begin(site, err));
	code = check_room(site, v->kind, err);
	if (code == SP_OK)
		code = insert(site, v, err);
	if (code == SP_OK)
		return db_commit(site, err);
	db_rollback(site);
	return code;
}

static enum sp_code
delete_row(
    struct db *site, enum vouch_kind kind, const char *name, struct sp_err *err)
{
	DB_STMT st = db_use(site, &voucher_remove);
	uint64_t n = 0;

	db_bind_text(st, 1, vouch_kind_name(kind));
	db_bind_text(st, 2, name);
	SP_TRY(db_run(st, &n, err));
	if (n == 0)
		return sp_fail(err, SP_E_NOTFOUND,
		    "the site has no %s '%.100s': see 'vouch list'",
		    vouch_kind_name(kind), name);
	return SP_OK;
}

enum sp_code
vouch_roster_remove(
    struct db *site, enum vouch_kind kind, const char *name, struct sp_err *err)
{
	enum sp_code code;

	SP_TRY(db_begin(site, err));
	code = delete_row(site, kind, name, err);
	if (code == SP_OK)
		return db_commit(site, err);
	db_rollback(site);
	return code;
}
