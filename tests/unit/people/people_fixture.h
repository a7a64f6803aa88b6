#ifndef PEOPLE_FIXTURE_H
#define PEOPLE_FIXTURE_H

#include "crypto/provider.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "people/clearance.h"
#include "people/sealed.h"
#include "tap.h"

#include <ftw.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

/*
 * An agency in Florida with its persons, for tests: a database, a log and its
 * writer in a folder of their own, signed by a key in this process.  The time
 * is what the test says; `by` is who acts next.
 */
struct people_fixture {
	char dir[64];
	char db_path[96];
	struct crypto_secret *seed;
	struct ledger_vkey vkey;
	struct ledger_signer signer;
	struct ledger_log *log;
	struct ledger_writer *writer;
	struct db *reader;
	struct people_rules *rules;
	struct people_by by;
	sp_time now;
	struct sp_err err;
};

static inline enum sp_code
people_fixture_sign(void *self, const char *text, size_t len,
    struct sp_buf *note, struct sp_err *err)
{
	struct people_fixture *f = self;
	uint8_t sig[CRYPTO_SIGN_LEN];

	SP_TRY(crypto_sign(f->seed, text, len, sig, err));
	ledger_note_sigline(&f->vkey, sig, note);
	return SP_OK;
}

static inline void
people_fixture_begin(struct people_fixture *f)
{
	static const char *const script[] = { ledger_log_schema,
		people_person_schema, people_record_schema, people_paper_schema,
		people_hand_schema, people_look_schema };
	struct db *db = NULL;

	CHECK_OK(db_open(&db, f->db_path, DB_CREATE, &f->err), &f->err);
	CHECK_OK(db_migrate(db, script, SP_COUNTOF(script), &f->err), &f->err);
	CHECK_OK(
	    ledger_log_open(&f->log, db, f->dir, &f->vkey, &f->signer, &f->err),
	    &f->err);
	CHECK_OK(ledger_writer_open(&f->writer, db, f->log, &f->err), &f->err);
	CHECK_OK(db_open(&f->reader, f->db_path, DB_READ, &f->err), &f->err);
}

static inline void
people_fixture_end(struct people_fixture *f)
{
	db_close(f->reader);
	ledger_writer_close(f->writer);
	ledger_log_close(f->log);
}

static inline sp_time
people_fixture_time(const char *text)
{
	sp_time t = 0;

	CHECK(sp_time_parse(text, strlen(text), &t));
	return t;
}

static inline people_day
people_fixture_day(const char *text)
{
	people_day d = 0;

	CHECK(people_day_parse(text, strlen(text), &d));
	return d;
}

static inline void
people_fixture_open(struct people_fixture *f)
{
	struct sp_id agency = sp_id_new();
	uint8_t pub[CRYPTO_SIGN_PUBLIC];

	memset(f, 0, sizeof(*f));
	memcpy(f->dir, "/tmp/sallyport-people-XXXXXX", 29);
	CHECK(mkdtemp(f->dir) != NULL);
	(void)snprintf(f->db_path, sizeof(f->db_path), "%s/agency.db", f->dir);
	f->seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	CHECK(f->seed != NULL);
	CHECK_OK(crypto_sign_public(f->seed, pub, &f->err), &f->err);
	CHECK_OK(
	    ledger_vkey_make("evidence.example/people", pub, &f->vkey, &f->err),
	    &f->err);
	f->signer = (struct ledger_signer){ people_fixture_sign, f };
	f->by = people_by_site(&agency);
	f->now = people_fixture_time("2026-11-21T17:00:00Z");
	CHECK_OK(people_rules_default(&f->rules, "FL", &f->err), &f->err);
	people_fixture_begin(f);
}

static inline int
people_fixture_unlink(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
people_fixture_close(struct people_fixture *f)
{
	people_fixture_end(f);
	people_rules_free(f->rules);
	crypto_secret_free(f->seed);
	CHECK(
	    nftw(f->dir, people_fixture_unlink, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* --- acts: one call is one act on the writer --- */

typedef enum sp_code (*people_fixture_fn)(
    const struct people_act *a, void *arg, struct sp_err *err);
struct people_fixture_job {
	struct people_fixture *f;
	people_fixture_fn fn;
	void *arg;
};

static inline enum sp_code
people_fixture_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct people_fixture_job *j = arg;
	struct people_act a = { tx, &j->f->by, j->f->rules, j->f->now };

	return j->fn(&a, j->arg, err);
}

static inline enum sp_code
people_fixture_do(struct people_fixture *f, people_fixture_fn fn, void *arg)
{
	struct people_fixture_job j = { f, fn, arg };

	memset(&f->err, 0, sizeof(f->err));
	return ledger_writer_run(f->writer, people_fixture_act, &j, &f->err);
}

/* What most acts take. */
struct people_fixture_op {
	struct sp_id id; /* of whom; and what was made */
	const void *n;   /* the struct of what is new */
	const char *s, *t;
	enum people_reason reason;
	sp_time at;
};

#define PEOPLE_FIXTURE_OP(name, call)                                          \
	static inline enum sp_code people_fixture_##name##_fn(                 \
	    const struct people_act *a, void *arg, struct sp_err *err)         \
	{                                                                      \
		struct people_fixture_op *op = arg;                            \
		struct sp_id made = op->id;                                    \
		enum sp_code code = call;                                      \
                                                                               \
		if (code == SP_OK)                                             \
			op->id = made;                                         \
		return code;                                                   \
	}                                                                      \
	static inline enum sp_code people_fixture_##name(                      \
	    struct people_fixture *f, struct people_fixture_op *op)            \
	{                                                                      \
		return people_fixture_do(f, people_fixture_##name##_fn, op);   \
	}
PEOPLE_FIXTURE_OP(add, people_person_add(a, op->n, &made, err))
PEOPLE_FIXTURE_OP(change, people_person_change(a, &op->id, op->n, err))
PEOPLE_FIXTURE_OP(role, people_person_role(a, &op->id, op->s, err))
PEOPLE_FIXTURE_OP(
    transfer, people_person_transfer(a, &op->id, op->s, op->t, err))
PEOPLE_FIXTURE_OP(
    disable, people_person_disable(a, &op->id, op->reason, op->at, err))
PEOPLE_FIXTURE_OP(enable, people_person_enable(a, &op->id, err))
PEOPLE_FIXTURE_OP(terminate, people_person_terminate(a, &op->id, op->at, err))
PEOPLE_FIXTURE_OP(seen, people_person_seen(a->tx, &op->id, a->now, err))
PEOPLE_FIXTURE_OP(screen, people_screening_add(a, &op->id, op->n, &made, err))
PEOPLE_FIXTURE_OP(train, people_training_add(a, &op->id, op->n, &made, err))
PEOPLE_FIXTURE_OP(
    demand, people_training_demand(a, &op->id, op->s, op->t, &made, err))
PEOPLE_FIXTURE_OP(sign_as, people_addendum_sign(a, op->n, &made, err))
PEOPLE_FIXTURE_OP(agree, people_agreement_add(a, op->n, &made, err))
PEOPLE_FIXTURE_OP(
    review, people_agreement_review(a, &op->id, op->s, op->t, err))
PEOPLE_FIXTURE_OP(finish, people_agreement_end(a, &op->id, op->s, err))

/* --- shorthand --- */

static inline struct sp_id
people_fixture_person(
    struct people_fixture *f, const char *name, const char *role)
{
	struct people_person_new n = { .name = name, .role = role };
	struct people_fixture_op op = { .n = &n };

	CHECK_OK(people_fixture_add(f, &op), &f->err);
	return op.id;
}

static inline struct people_person
people_fixture_get(struct people_fixture *f, const struct sp_id *id)
{
	struct people_person p;

	CHECK_OK(people_person_by_id(f->reader, id, &p, &f->err), &f->err);
	return p;
}

/* All that somebody of the agency needs. */
static inline void
people_fixture_clear(struct people_fixture *f, const struct sp_id *id)
{
	struct people_screening_new screening = { .state = NULL };
	struct people_training_new training = { .course = NULL };
	struct people_addendum_new signing = { .person = id };
	struct people_agreement_new agreement = { .kind = NULL };
	struct people_fixture_op op = { .id = *id, .n = &screening };

	CHECK_OK(people_fixture_screen(f, &op), &f->err);
	op = (struct people_fixture_op){ .id = *id, .n = &training };
	CHECK_OK(people_fixture_train(f, &op), &f->err);
	op = (struct people_fixture_op){ .n = &signing };
	CHECK_OK(people_fixture_sign_as(f, &op), &f->err);
	op = (struct people_fixture_op){ .n = &agreement };
	CHECK_OK(people_fixture_agree(f, &op), &f->err);
}

static inline struct people_verdict
people_fixture_verdict(struct people_fixture *f, const struct sp_id *id)
{
	struct people_person p = people_fixture_get(f, id);
	struct people_verdict v;

	CHECK_OK(people_clearance(f->reader, &p, f->rules, f->now, &v, &f->err),
	    &f->err);
	return v;
}

/* The time moves; days are the agency's. */
static inline void
people_fixture_later(struct people_fixture *f, int64_t days)
{
	f->now += days * 86400 * SP_SECOND;
}

/* How many entries hold this text? */
static inline size_t
people_fixture_count(struct people_fixture *f, const char *text)
{
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	size_t n = 0;

	for (uint64_t i = 0; i < ledger_log_size(f->log); i++) {
		sp_buf_clear(&body);
		CHECK_OK(ledger_log_entry(f->log, f->reader, i, &body, &f->err),
		    &f->err);
		n += strstr(sp_buf_str(&body), text) != NULL;
	}
	return n;
}

/* The last entry, until the next call. */
static inline const char *
people_fixture_last(struct people_fixture *f)
{
	static char text[2000];
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	uint64_t size = ledger_log_size(f->log);

	CHECK(size > 0);
	CHECK_OK(ledger_log_entry(f->log, f->reader, size - 1, &body, &f->err),
	    &f->err);
	(void)snprintf(text, sizeof(text), "%s", sp_buf_str(&body));
	return text;
}

#define CHECK_REASON(call, want, why, f)                                       \
	do {                                                                   \
		CHECK_CODE(call, want, &(f)->err);                             \
		if ((f)->err.reason == NULL ||                                 \
		    strcmp((f)->err.reason, why) != 0)                         \
			tap_fail(__FILE__, __LINE__, #call,                    \
			    (f)->err.reason == NULL ? ": no reason"            \
						    : (f)->err.reason);        \
	} while (0)

#endif
