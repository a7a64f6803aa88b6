#ifndef LEDGER_FIXTURE_H
#define LEDGER_FIXTURE_H

#include "crypto/digest.h"
#include "crypto/provider.h"
#include "db/scratch.h"
#include "ledger/batch.h"
#include "ledger/writer.h"
#include "tap.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

/*
 * A log for tests in a folder of its own below the scratch folder, signed by
 * a key in this process.  `signer_says` is what the signer answers.
 */
struct fixture {
	char dir[96];
	char db_path[112];
	struct crypto_secret *seed;
	struct ledger_vkey vkey;
	struct ledger_signer signer;
	_Atomic int signer_says; /* enum sp_code; FIXTURE_LIES: a wrong one */
	atomic_int signed_notes;
	struct ledger_checkpoint last; /* that was signed */
};

#define FIXTURE_ORIGIN "evidence.example.gov/springfield"
#define FIXTURE_LIES   (-1)

/* As a keeper does: no smaller tree, and never two roots for one size. */
static inline enum sp_code
fixture_follows(
    struct fixture *f, const char *text, size_t len, struct sp_err *err)
{
	struct ledger_checkpoint c;

	SP_TRY(ledger_checkpoint_parse(text, len, &c, err));
	if (c.size < f->last.size ||
	    (c.size == f->last.size && f->last.origin[0] != '\0' &&
		memcmp(&c.root, &f->last.root, sizeof(c.root)) != 0))
		return sp_fail(err, SP_E_DENIED, "that would be a fork");
	f->last = c;
	return SP_OK;
}

static inline enum sp_code
fixture_sign(void *self, const char *text, size_t len, struct sp_buf *note,
    struct sp_err *err)
{
	struct fixture *f = self;
	uint8_t sig[CRYPTO_SIGN_LEN];
	int says = atomic_load(&f->signer_says);

	atomic_fetch_add(&f->signed_notes, 1);
	if (says > 0)
		return sp_fail(err, (enum sp_code)says, "the signer is away");
	if (says != FIXTURE_LIES)
		SP_TRY(fixture_follows(f, text, len, err));
	SP_TRY(crypto_sign(f->seed, text, len, sig, err));
	if (says == FIXTURE_LIES)
		sig[7] ^= 1;
	ledger_note_sigline(&f->vkey, sig, note);
	return SP_OK;
}

/* The key is made from the name, so that a log opens again, in this process
 * or another. */
static inline void
fixture_name(struct fixture *f, const char *name)
{
	uint8_t pub[CRYPTO_SIGN_PUBLIC], seed[CRYPTO_SIGN_SEED];
	struct sp_err err;

	memset(f, 0, sizeof(*f));
	(void)snprintf(f->dir, sizeof(f->dir), "%s/%.24s", scratch_path, name);
	(void)snprintf(f->db_path, sizeof(f->db_path), "%s/a.db", f->dir);
	crypto_sha256(name, strlen(name), seed);
	f->seed = crypto_secret_from(seed, sizeof(seed));
	CHECK(f->seed != NULL);
	CHECK_OK(crypto_sign_public(f->seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make(FIXTURE_ORIGIN, pub, &f->vkey, &err), &err);
	f->signer = (struct ledger_signer){ fixture_sign, f };
}

static inline void
fixture_setup(struct fixture *f, const char *name)
{
	fixture_name(f, name);
	CHECK(mkdir(f->dir, 0700) == 0);
}

static inline void
fixture_done(struct fixture *f)
{
	crypto_secret_free(f->seed);
}

static inline struct db *
fixture_db(struct fixture *f)
{
	static const char *const schema[] = { ledger_log_schema,
		"CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT) STRICT" };
	struct db *db = NULL;
	struct sp_err err;

	CHECK_OK(db_open(&db, f->db_path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, schema, SP_COUNTOF(schema), &err), &err);
	return db;
}

static inline enum sp_code
fixture_try_log(struct fixture *f, struct db *db, struct ledger_log **out,
    struct sp_err *err)
{
	return ledger_log_open(out, db, f->dir, &f->vkey, &f->signer, err);
}

static inline struct ledger_log *
fixture_log(struct fixture *f, struct db *db)
{
	struct ledger_log *log = NULL;
	struct sp_err err;

	CHECK_OK(fixture_try_log(f, db, &log, &err), &err);
	return log;
}

/* Entry number `n`, about object n % 16. */
static inline struct ledger_entry
fixture_entry(uint64_t n)
{
	struct ledger_entry e = {
		.act = "evidence.sealed",
		.actor_kind = "token",
		.address = "192.0.2.7",
		.at = (int64_t)n,
		.object_kind = "evidence",
		.outcome = LEDGER_DONE,
		.source = "api",
	};

	e.object.b[6] = 0x70;
	e.object.b[8] = 0x80;
	e.object.b[15] = (uint8_t)(n % 16);
	return e;
}

/* Append up to size `to`, in one batch. */
static inline void
fixture_grow(struct db *db, struct ledger_log *log, uint64_t to)
{
	struct ledger_batch *b = NULL;
	struct sp_err err;

	CHECK_OK(ledger_batch_open(&b, db, log, &err), &err);
	CHECK_OK(ledger_batch_begin(b, &err), &err);
	while (ledger_batch_size(b) < to) {
		struct ledger_entry e = fixture_entry(ledger_batch_size(b));

		CHECK_OK(ledger_batch_append(b, &e, NULL, &err), &err);
	}
	CHECK_OK(ledger_batch_seal(b, &err), &err);
	CHECK_OK(ledger_batch_commit(b, &err), &err);
	ledger_batch_close(b);
}

/* The log's checkpoint, checked with its key alone. */
static inline struct ledger_checkpoint
fixture_checkpoint(struct fixture *f, struct ledger_log *log)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_checkpoint c;
	struct sp_err err;

	ledger_log_checkpoint(log, &note);
	CHECK_OK(ledger_checkpoint_check(
		     &f->vkey, sp_buf_str(&note), note.len, &c, &err),
	    &err);
	return c;
}

/* Get an entry and its proof, and check them as a stranger would. */
static inline void
fixture_prove(
    struct fixture *f, struct ledger_log *log, struct db *db, uint64_t index)
{
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	struct ledger_checkpoint c;
	struct sp_err err;
	uint64_t got = UINT64_MAX;

	CHECK_OK(ledger_log_proof(log, index, &proof, &err), &err);
	CHECK_OK(ledger_log_entry(log, db, index, &body, &err), &err);
	CHECK_OK(ledger_proof_check(&f->vkey, sp_buf_str(&proof), proof.len,
		     body.at, body.len, &got, &c, &err),
	    &err);
	CHECK(got == index && c.size > index);
}

#endif
