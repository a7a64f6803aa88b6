#ifndef AGENCY_FIXTURE_H
#define AGENCY_FIXTURE_H

#include "base/file.h"
#include "crypto/provider.h"
#include "crypto/secret.h"
#include "gate/gate.h"
#include "gate/once.h"
#include "gate/recovery.h"
#include "tap.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Rooms above define it to ", their_schema". */
#ifndef AGENCY_FIXTURE_MORE
#define AGENCY_FIXTURE_MORE
#endif

/*
 * An agency for tests: a database, a log and its writer in a folder of their
 * own, signed by a key in this process.  `refuse` makes the signer fail, as a
 * keeper does that is away.
 */
struct agency_fixture {
	char dir[64];
	char db_path[96];
	struct sp_id id;
	struct crypto_secret *seed;
	struct ledger_vkey vkey;
	struct ledger_signer signer;
	atomic_bool refuse;
	struct ledger_log *log;
	struct ledger_writer *writer;
	struct db *reader;
	struct people_rules *rules;
};

static inline enum sp_code
agency_fixture_sign(void *self, const char *text, size_t len,
    struct sp_buf *note, struct sp_err *err)
{
	struct agency_fixture *a = self;
	uint8_t sig[CRYPTO_SIGN_LEN];

	if (atomic_load(&a->refuse))
		return sp_fail(err, SP_E_UNAVAIL, "the test's signer is away");
	SP_TRY(crypto_sign(a->seed, text, len, sig, err));
	ledger_note_sigline(&a->vkey, sig, note);
	return SP_OK;
}

static inline void
agency_fixture_open_log(struct agency_fixture *a)
{
	static const char *const script[] = { ledger_log_schema,
		gate_token_schema, gate_once_schema, people_person_schema,
		people_record_schema, people_paper_schema, people_hand_schema,
		gate_token_person_schema, gate_token_issuer_schema,
		gate_token_good_schema, gate_recovery_schema,
		gate_recovery_settled_schema, gate_token_pace_schema,
		gate_token_paces_schema AGENCY_FIXTURE_MORE };
	struct db *db = NULL;
	struct sp_err err;

	CHECK_OK(db_open(&db, a->db_path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, script, SP_COUNTOF(script), &err), &err);
	CHECK_OK(
	    ledger_log_open(&a->log, db, a->dir, &a->vkey, &a->signer, &err),
	    &err);
	CHECK_OK(ledger_writer_open(&a->writer, db, a->log, &err), &err);
	CHECK_OK(db_open(&a->reader, a->db_path, DB_READ, &err), &err);
}

static inline void
agency_fixture_open(struct agency_fixture *a, const char *origin)
{
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	memset(a, 0, sizeof(*a));
	memcpy(a->dir, "/tmp/sallyport-test-XXXXXX", 27);
	CHECK(mkdtemp(a->dir) != NULL);
	(void)snprintf(a->db_path, sizeof(a->db_path), "%s/agency.db", a->dir);
	a->id = sp_id_new();
	a->seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	CHECK(a->seed != NULL);
	CHECK_OK(crypto_sign_public(a->seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make(origin, pub, &a->vkey, &err), &err);
	a->signer = (struct ledger_signer){ agency_fixture_sign, a };
	CHECK_OK(people_rules_default(&a->rules, "FL", &err), &err);
	agency_fixture_open_log(a);
}

static inline int
agency_fixture_unlink(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
agency_fixture_remove(const char *dir)
{
	CHECK(nftw(dir, agency_fixture_unlink, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

static inline void
agency_fixture_close(struct agency_fixture *a)
{
	db_close(a->reader);
	ledger_writer_close(a->writer);
	ledger_log_close(a->log);
	people_rules_free(a->rules);
	crypto_secret_free(a->seed);
	agency_fixture_remove(a->dir);
}

/* --- somebody whose doing things are, and what becomes of them --- */

#define AGENCY_FIXTURE_FATES(X)                                                \
	X(FATE_NONE, "stays")                                                  \
	X(FATE_LOCKED, "locked")                                               \
	X(FATE_DISABLED, "disabled")                                           \
	X(FATE_BACK, "disabled and enabled")                                   \
	X(FATE_ROLE, "another role")                                           \
	X(FATE_UNIT, "another unit")                                           \
	X(FATE_TERMINATED, "terminated")

enum agency_fixture_fate {
#define X(id, name) id,
	AGENCY_FIXTURE_FATES(X)
#undef X
	    FATE_COUNT
};

/* Neither does a guess at their password take anything from them. */
static inline bool
agency_fixture_stands(enum agency_fixture_fate fate)
{
	return fate == FATE_NONE || fate == FATE_LOCKED;
}

struct agency_fixture_person {
	struct agency_fixture *a;
	struct sp_id id; /* zero: is added, as an administrator */
	enum agency_fixture_fate fate;
};

static inline enum sp_code
agency_fixture_fate_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct agency_fixture_person *p = arg;
	struct people_by by = people_by_site(&p->a->id);
	struct people_act act = { tx, &by, p->a->rules, sp_now() };
	struct people_person_new n = { .name = "A", .role = "administrator" };

	if (sp_id_is_zero(&p->id))
		return people_person_add(&act, &n, &p->id, err);
	switch (p->fate) {
	case FATE_LOCKED:
		return people_person_disable(
		    &act, &p->id, PEOPLE_LOCKED, 0, err);
	case FATE_DISABLED:
	case FATE_BACK:
		SP_TRY(people_person_disable(
		    &act, &p->id, PEOPLE_REQUESTED, 0, err));
		return p->fate == FATE_BACK
		    ? people_person_enable(&act, &p->id, err)
		    : SP_OK;
	case FATE_ROLE: return people_person_role(&act, &p->id, "officer", err);
	case FATE_UNIT:
		return people_person_transfer(
		    &act, &p->id, "Traffic", "administrator", err);
	case FATE_TERMINATED:
		return people_person_terminate(&act, &p->id, 0, err);
	default: return SP_OK;
	}
}

static inline void
agency_fixture_befall(
    struct agency_fixture_person *p, enum agency_fixture_fate fate)
{
	struct sp_err err;

	p->fate = fate;
	CHECK_OK(
	    ledger_writer_run(p->a->writer, agency_fixture_fate_act, p, &err),
	    &err);
}

static inline struct agency_fixture_person
agency_fixture_person(struct agency_fixture *a)
{
	struct agency_fixture_person p = { .a = a };

	agency_fixture_befall(&p, FATE_NONE);
	return p;
}

/* This person, in a session. */
static inline struct gate_caller
agency_fixture_in_session(const struct agency_fixture_person *p)
{
	return (struct gate_caller){
		.agency = p->a->id,
		.token = sp_id_new(),
		.person = p->id,
		.kind = "session",
		.role = GATE_ADMINISTRATOR,
		.source = "api",
		.known = sp_ticks(),
	};
}

/* The body of entry `index`, as text in `out`. */
static inline const char *
agency_fixture_entry(
    struct agency_fixture *a, uint64_t index, struct sp_buf *out)
{
	struct sp_err err;

	sp_buf_clear(out);
	CHECK_OK(ledger_log_entry(a->log, a->reader, index, out, &err), &err);
	return sp_buf_str(out);
}

/* How many entries hold this text? */
static inline size_t
agency_fixture_count(struct agency_fixture *a, const char *text)
{
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	size_t n = 0;

	for (uint64_t i = 0; i < ledger_log_size(a->log); i++)
		n += strstr(agency_fixture_entry(a, i, &body), text) != NULL;
	return n;
}

/* Does a file of the agency hold this? */
static inline bool
agency_fixture_file_holds(const char *dir, const char *name, const char *needle)
{
	SP_AUTO_BUF bytes = sp_buf_new(64 << 20);
	char path[128];
	struct sp_err err;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, F_OK) != 0)
		return false;
	CHECK_OK(sp_file_read(AT_FDCWD, path, &bytes, &err), &err);
	return memmem(bytes.at, bytes.len, needle, strlen(needle)) != NULL;
}

/* Issue a token through the writer. */
struct agency_fixture_issue {
	struct gate_token_new new;
	struct sp_id id;
	char text[GATE_TOKEN_TEXT];
};

static inline enum sp_code
agency_fixture_issue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct agency_fixture_issue *i = arg;

	return gate_token_issue(tx, &i->new, &i->id, i->text, err);
}

static inline struct agency_fixture_issue
agency_fixture_issue(
    struct agency_fixture *a, enum gate_role role, sp_time expires)
{
	struct agency_fixture_issue i = {
		.new = {
			.agency = a->id,
			.role = role,
			.label = "a test's",
			.expires = expires,
		},
	};
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(a->writer, agency_fixture_issue_act, &i, &err),
	    &err);
	return i;
}

/* A caller as gate_token_know would fill it in, of any role. */
static inline struct gate_caller
agency_fixture_caller(const struct agency_fixture *a, enum gate_role role)
{
	struct gate_caller who = {
		.agency = a->id,
		.token = sp_id_new(),
		.role = role,
		.address = "192.0.2.7",
		.source = "api",
	};

	return who;
}

#endif
