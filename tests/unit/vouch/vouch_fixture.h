#ifndef VOUCH_FIXTURE_H
#define VOUCH_FIXTURE_H

#include "authority.h"
#include "evidence/room_fixture.h"
#include "ledger/cosign.h"
#include "vouch/record.h"

#include <sys/socket.h>

/* A site with one agency, and keys of witnesses made here. */
static struct room_fixture f;

struct witness_key {
	struct crypto_secret *seed;
	struct ledger_cosigner key;
};

static inline struct witness_key
witness_key_new(const char *name)
{
	struct witness_key w = { .seed = crypto_secret_random(32) };
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	CHECK_OK(crypto_sign_public(w.seed, pub, &err), &err);
	CHECK_OK(ledger_cosigner_make(name, pub, &w.key, &err), &err);
	return w;
}

static inline void
witness_key_free(struct witness_key *w)
{
	crypto_secret_free(w->seed);
}
#define WITNESS_AUTO_KEY SP_CLEANUP(witness_key_free) struct witness_key

/* Its line over the text of a checkpoint, appended. */
static inline void
witness_sign(const struct witness_key *w, const char *text, size_t len,
    sp_time at, struct sp_buf *line)
{
	struct ledger_cosignature c = { .time = (uint64_t)(at / SP_SECOND) };
	SP_AUTO_BUF message = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	ledger_cosign_message(c.time, text, len, &message);
	CHECK_OK(
	    crypto_sign(w->seed, message.at, message.len, c.sig, &err), &err);
	ledger_cosign_line(&w->key, &c, line);
}

static inline struct vouch_voucher
voucher_witness(const struct witness_key *w, const char *url)
{
	struct vouch_voucher v = vouch_voucher_new();
	struct sp_err err;

	v.kind = VOUCH_WITNESS;
	ledger_cosigner_text(&w->key, &v.trust);
	(void)snprintf(v.url, sizeof(v.url), "%s", url);
	CHECK_OK(vouch_voucher_check(&v, &err), &err);
	return v;
}

static inline struct vouch_voucher
voucher_authority(const struct authority *a, const char *name, sp_time every)
{
	struct vouch_voucher v = vouch_voucher_new();
	struct sp_err err;

	v.kind = VOUCH_AUTHORITY;
	sp_buf_text(&v.trust, sp_buf_str(&a->ca_pem));
	(void)snprintf(v.url, sizeof(v.url), "http://tsa.example");
	(void)snprintf(v.name, sizeof(v.name), "%s", name);
	v.every = every;
	CHECK_OK(vouch_voucher_check(&v, &err), &err);
	return v;
}

static inline struct db *
fixture_site_db(void)
{
	struct db *db = NULL;
	char path[200];
	struct sp_err err;

	(void)snprintf(path, sizeof(path), "%s/site.db", f.dir);
	CHECK_OK(db_open(&db, path, DB_WRITE, &err), &err);
	CHECK_OK(db_migrate(db, people_agency_migrations,
		     people_agency_migrations_count, &err),
	    &err);
	return db;
}

static inline void
roster_add(const struct vouch_voucher *v)
{
	DB_AUTO db = fixture_site_db();
	struct sp_err err;

	CHECK_OK(vouch_roster_add(db, v, &err), &err);
}

static inline void
roster_clear(void)
{
	static const struct db_sql all = { "DELETE FROM voucher" };
	DB_AUTO db = fixture_site_db();
	DB_STMT st = db_use(db, &all);
	struct sp_err err;

	CHECK_OK(db_run(st, NULL, &err), &err);
}

/* ---- The log ---- */

static inline enum sp_code
grow_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct gate_caller site = { .agency = f.agency.id, .source = "cli" };
	struct ledger_entry e =
	    gate_entry(&site, "agency.created", "agency", NULL);

	for (size_t i = 0; i < *(size_t *)arg; i++)
		SP_TRY(ledger_tx_append(tx, &e, NULL, err));
	return SP_OK;
}

static inline void
log_grow(size_t n)
{
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(evidence_room_writer(f.room), grow_run, &n, &err),
	    &err);
}

static inline uint64_t
log_size(void)
{
	return ledger_log_size(evidence_room_log(f.room));
}

/* The current checkpoint; vouch_checkpoint_free it. */
static inline struct vouch_checkpoint
log_now(void)
{
	struct vouch_checkpoint c = vouch_checkpoint_new();
	struct sp_err err;

	CHECK_OK(
	    vouch_checkpoint_take(&c, evidence_room_log(f.room), &err), &err);
	return c;
}

/* Does the checkpoint that is given out hold this witness's cosignature? */
static inline bool
log_cosigned(const struct witness_key *w)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	VOUCH_AUTO_CHECKPOINT c = log_now();
	struct ledger_cosignature sig;

	ledger_log_checkpoint(evidence_room_log(f.room), &note);
	return ledger_cosign_check(&w->key, sp_buf_str(&note), c.text,
		   sp_buf_str(&note) + c.text + 1, note.len - c.text - 1, &sig,
		   NULL) == SP_OK;
}

#endif
