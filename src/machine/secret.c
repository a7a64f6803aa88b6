#include "machine/secret.h"

/* The newest has the latest time, also after the clock was set back. */
static const struct db_sql secret_insert = {
	"INSERT INTO machine_service_secret"
	"(hash, service, created, expires, issuer, issuer_epoch)"
	" VALUES(?1, ?2, max(?3, (SELECT coalesce(max(created), 0) + 1"
	"  FROM machine_service_secret WHERE service = ?2)), ?4, ?5, ?6)",
};
static const struct db_sql secret_of = {
	"SELECT hash, created, expires, issuer, issuer_epoch"
	" FROM machine_service_secret WHERE service = ?1 ORDER BY created "
	"DESC, hash",
};
static const struct db_sql secret_drop = {
	"DELETE FROM machine_service_secret WHERE service = ?1 AND hash <> ?2",
};
static const struct db_sql secret_cut = {
	"UPDATE machine_service_secret SET expires = min(expires, ?2)"
	" WHERE service = ?1",
};

void
machine_secret_bind_issuer(
    struct db_stmt *st, int at, const struct sp_id *issuer)
{
	db_bind_blob(
	    st, at, sp_id_is_zero(issuer) ? NULL : issuer->b, SP_ID_LEN);
}

enum sp_code
machine_secret_read_issuer(
    struct db_stmt *st, int at, struct sp_id *out, struct sp_err *err)
{
	*out = (struct sp_id){ .b = { 0 } };
	return db_col_null(st, at)
	    ? SP_OK
	    : db_col_bytes(st, at, out->b, SP_ID_LEN, err);
}

struct people_doing
machine_secret_doing(const struct machine_secret *s)
{
	return (struct people_doing){ s->issuer, s->created, s->epoch };
}

static enum sp_code
from_row(struct db_stmt *st, struct machine_secrets *io, struct sp_err *err)
{
	struct machine_secret *s = &io->secret[io->n];

	SP_TRY(
	    db_col_bytes(st, 0, io->hash[io->n], sizeof(io->hash[io->n]), err));
	s->created = db_col_i64(st, 1);
	s->expires = db_col_i64(st, 2);
	SP_TRY(machine_secret_read_issuer(st, 3, &s->issuer, err));
	s->epoch = db_col_i64(st, 4);
	io->n++;
	return SP_OK;
}

/* Of their issuers nothing yet. */
static enum sp_code
read_rows(struct db *db, const struct sp_id *service,
    struct machine_secrets *io, struct sp_err *err)
{
	DB_STMT st = db_use(db, &secret_of);
	bool found = false;

	db_bind_blob(st, 1, service->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	while (found && io->n < MACHINE_SERVICE_SECRETS) {
		if (!gate_token_expired(db_col_i64(st, 2)))
			SP_TRY(from_row(st, io, err));
		SP_TRY(db_row(st, &found, err));
	}
	return SP_OK;
}

enum sp_code
machine_secret_read(struct db *db, const struct people_rules *rules,
    const struct sp_id *service, struct machine_secrets *out,
    struct sp_err *err)
{
	struct machine_secrets s = { .n = 0 };

	SP_TRY(read_rows(db, service, &s, err));
	for (size_t i = 0; i < s.n; i++) {
		struct people_doing d = machine_secret_doing(&s.secret[i]);

		SP_TRY(people_person_stands(
		    db, rules, &d, sp_now(), &s.secret[i].stands, err));
	}
	*out = s;
	return SP_OK;
}

/* Compared with as many hashes whether there are secrets or not. */
bool
machine_secret_match(
    const struct machine_secrets *s, const char *text, size_t *which)
{
	uint8_t shown[CRYPTO_SHA256_LEN];
	bool good = false;

	gate_text_hash(text, shown);
	for (size_t i = 0; i < MACHINE_SERVICE_SECRETS; i++) {
		if (crypto_bytes_equal(shown, s->hash[i], sizeof(shown)) &&
		    i < s->n) {
			good = true;
			*which = i;
		}
	}
	return good;
}

enum sp_code
machine_secret_add(struct db *db, const struct sp_id *service, const char *text,
    const struct machine_secret *n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &secret_insert);
	uint8_t hash[CRYPTO_SHA256_LEN];

	gate_text_hash(text, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	db_bind_blob(st, 2, service->b, SP_ID_LEN);
	db_bind_i64(st, 3, n->created);
	db_bind_i64(st, 4, n->expires);
	machine_secret_bind_issuer(st, 5, &n->issuer);
	db_bind_i64(st, 6, n->epoch);
	return db_run(st, NULL, err);
}

static enum sp_code
drop_but(struct db *db, const struct sp_id *service, const void *hash,
    size_t len, struct sp_err *err)
{
	DB_STMT st = db_use(db, &secret_drop);

	db_bind_blob(st, 1, service->b, SP_ID_LEN);
	db_bind_blob(st, 2, hash, len);
	return db_run(st, NULL, err);
}

enum sp_code
machine_secret_retire(struct db *db, const struct sp_id *service, sp_time until,
    struct sp_err *err)
{
	struct machine_secrets s = { .n = 0 };
	DB_STMT cut = db_use(db, &secret_cut);

	SP_TRY(read_rows(db, service, &s, err));
	/* With none that is good, no row has the hash of zeros: all go. */
	SP_TRY(drop_but(db, service, s.hash[0], sizeof(s.hash[0]), err));
	db_bind_blob(cut, 1, service->b, SP_ID_LEN);
	db_bind_i64(cut, 2, until);
	return db_run(cut, NULL, err);
}

enum sp_code
machine_secret_drop(
    struct db *db, const struct sp_id *service, struct sp_err *err)
{
	return drop_but(db, service, "", 0, err); /* no row's hash */
}
