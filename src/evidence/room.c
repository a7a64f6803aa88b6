#include "evidence/room.h"

#include "evidence/desk.h"
#include "evidence/repair.h"
#include "evidence/upload.h"
#include "evidence/viewing.h"
#include "gate/once.h"
#include "gate/ongoing.h"
#include "people/person.h"
#include "signin/session.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_READERS 8
#define TICK_ACTS    8 /* of people, in one tick: the rest in the next */

/* The agency's database (docs/database.md).  No table names an agency: the
 * handle is the agency. */
static const char evidence_schema[] =
    "CREATE TABLE recipient("
    " object BLOB NOT NULL CHECK(length(object) = 16),"
    " key BLOB NOT NULL CHECK(length(key) = 16),"
    " wrapped BLOB NOT NULL,"
    " PRIMARY KEY(object, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE upload("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " object BLOB NOT NULL UNIQUE CHECK(length(object) = 16),"
    " length INTEGER CHECK(length >= 0),"
    " bytes INTEGER NOT NULL CHECK(bytes >= 0),"
    " partial INTEGER NOT NULL, final INTEGER NOT NULL,"
    " metadata TEXT NOT NULL, concat TEXT NOT NULL,"
    " filename TEXT, media_type TEXT, title TEXT, category TEXT,"
    " device TEXT, captured_at TEXT, declared BLOB, extra TEXT,"
    " created INTEGER NOT NULL, touched INTEGER NOT NULL,"
    " sealing BLOB) STRICT, WITHOUT ROWID;"
    "CREATE TABLE upload_tail("
    " upload BLOB NOT NULL PRIMARY KEY"
    "  REFERENCES upload(id) ON DELETE CASCADE,"
    " sealed BLOB NOT NULL) STRICT;"
    "CREATE TABLE evidence("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " object BLOB NOT NULL UNIQUE CHECK(length(object) = 16),"
    " size INTEGER NOT NULL CHECK(size >= 0),"
    " sha256 BLOB NOT NULL CHECK(length(sha256) = 32),"
    " filename TEXT NOT NULL, media_type TEXT NOT NULL, title TEXT,"
    " category TEXT NOT NULL, device TEXT, captured_at TEXT,"
    " extra TEXT NOT NULL, received INTEGER NOT NULL,"
    " entry INTEGER NOT NULL, uploaded_by BLOB NOT NULL,"
    " state TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX evidence_sha256 ON evidence(sha256, id);"
    "CREATE INDEX evidence_category ON evidence(category, id);"
    "CREATE TABLE viewing("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " evidence BLOB NOT NULL, token BLOB NOT NULL, address TEXT NOT NULL,"
    " source TEXT NOT NULL, entry INTEGER NOT NULL) STRICT;";

/*
 * What is known of an item's media (src/processing): a row for each item from
 * its sealing on.  `poster` is the object of a rendition, sealed for itself.
 */
static const char media_schema[] =
    "CREATE TABLE media("
    " evidence BLOB NOT NULL PRIMARY KEY REFERENCES evidence(id),"
    " state TEXT NOT NULL CHECK(state IN"
    "  ('queued', 'working', 'done', 'none', 'unreadable')),"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " reason TEXT, facts TEXT, probed INTEGER,"
    " poster BLOB UNIQUE CHECK(length(poster) = 16),"
    " poster_size INTEGER, poster_sha256 BLOB,"
    " poster_width INTEGER, poster_height INTEGER,"
    " entry INTEGER) STRICT, WITHOUT ROWID;"
    "CREATE INDEX media_open ON media(state, evidence)"
    " WHERE state IN ('queued', 'working');"
    "INSERT INTO media(evidence, state) SELECT id, 'queued' FROM evidence";

/* What all items come to, in one row that commits with each of them: nobody
 * counts a million rows at a start. */
static const char total_schema[] =
    "CREATE TABLE evidence_total("
    " one INTEGER NOT NULL PRIMARY KEY CHECK(one = 1),"
    " items INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " corrupt INTEGER NOT NULL) STRICT;"
    "INSERT INTO evidence_total SELECT 1, count(*), coalesce(sum(size), 0),"
    " coalesce(sum(state = 'corrupt'), 0) FROM evidence";

/*
 * What others say of the log's checkpoints (src/vouch).  Facts beside the log:
 * an entry for one would make the next checkpoint, for ever.
 */
static const char vouch_schema[] =
    "CREATE TABLE cosignature("
    " witness TEXT NOT NULL PRIMARY KEY,"
    " size INTEGER NOT NULL CHECK(size >= 0),"
    " root BLOB NOT NULL CHECK(length(root) = 32),"
    " note TEXT NOT NULL, line TEXT NOT NULL,"
    " time INTEGER NOT NULL, received INTEGER NOT NULL) STRICT;"
    "CREATE INDEX cosignature_size ON cosignature(size);"
    "CREATE TABLE timestamp("
    " number INTEGER PRIMARY KEY,"
    " authority TEXT NOT NULL,"
    " size INTEGER NOT NULL CHECK(size >= 0),"
    " note TEXT NOT NULL, token BLOB NOT NULL,"
    " time INTEGER NOT NULL, received INTEGER NOT NULL) STRICT;"
    "CREATE INDEX timestamp_authority ON timestamp(authority, number);"
    "CREATE TABLE vouching("
    " voucher BLOB NOT NULL PRIMARY KEY CHECK(length(voucher) = 16),"
    " problem TEXT NOT NULL, contradicts INTEGER NOT NULL,"
    " since INTEGER NOT NULL) STRICT, WITHOUT ROWID";

/* Whom the entry of a viewing that a crash cut off names. */
static const char viewing_actor_schema[] =
    "ALTER TABLE viewing ADD COLUMN kind TEXT NOT NULL DEFAULT 'token'";

/*
 * Acts that stand in two houses' ledgers (src/grants/twin.h): a row in each.
 * The first's tells what the second is to do until it has done it; then both
 * have the other's entry and its proof.
 */
static const char twin_schema[] =
    "CREATE TABLE twin("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " side TEXT NOT NULL CHECK(side IN ('first', 'second')),"
    " state TEXT NOT NULL CHECK(state IN ('half', 'whole')),"
    " other BLOB NOT NULL CHECK(length(other) = 16),"
    " kind TEXT NOT NULL, act TEXT NOT NULL,"
    " object_kind TEXT NOT NULL, object BLOB NOT NULL,"
    " actor_kind TEXT NOT NULL, actor BLOB NOT NULL,"
    " at INTEGER NOT NULL, entry INTEGER NOT NULL,"
    " detail TEXT NOT NULL, body TEXT NOT NULL,"
    " other_index INTEGER, other_leaf BLOB, other_entry TEXT, proof TEXT,"
    " tries INTEGER NOT NULL, due INTEGER NOT NULL, problem TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX twin_object ON twin(object, id);"
    "CREATE INDEX twin_open ON twin(due, id) WHERE state = 'half'";

/*
 * Requests of the provider's staff to see evidence (src/grants/lockbox.h): in
 * the provider's house its own to all agencies, in an agency's those to it.
 */
static const char lockbox_schema[] =
    "CREATE TABLE lockbox("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " asked TEXT NOT NULL, state TEXT NOT NULL, due INTEGER NOT NULL,"
    " security BLOB, quorum INTEGER NOT NULL, approvals INTEGER NOT NULL,"
    " started INTEGER NOT NULL, until INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, ended_by TEXT NOT NULL, reason TEXT NOT NULL,"
    " reviewed INTEGER NOT NULL, reviewer BLOB, finding TEXT NOT NULL,"
    " note TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX lockbox_state ON lockbox(state, id);"
    "CREATE TRIGGER lockbox_stays BEFORE DELETE ON lockbox"
    " BEGIN SELECT RAISE(ABORT, 'requests are kept'); END;"
    "CREATE TRIGGER lockbox_asked BEFORE UPDATE OF id, asked ON lockbox"
    " WHEN old.asked <> new.asked OR old.id <> new.id"
    " BEGIN SELECT RAISE(ABORT, 'what was asked does not change'); END;"
    "CREATE TABLE lockbox_approval("
    " request BLOB NOT NULL REFERENCES lockbox(id),"
    " person BLOB NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(request, person)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE lockbox_touch("
    " request BLOB NOT NULL REFERENCES lockbox(id),"
    " evidence BLOB NOT NULL, token BLOB NOT NULL, person BLOB NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " times INTEGER NOT NULL,"
    " PRIMARY KEY(request, evidence, token)) STRICT, WITHOUT ROWID;";

static const struct db_sql count_evidence = {
	"SELECT items, bytes, corrupt FROM evidence_total",
};
static const struct db_sql count_uploads = { "SELECT count(*) FROM upload" };

struct evidence_room {
	struct people_agency agency;
	struct keeper_client *keeper;
	struct vault_pool *pool;
	struct evidence_limits limits;
	struct people_rules *rules;
	struct sp_id boot;
	struct db_pool *readers;
	struct ledger_log *log;
	struct ledger_writer *writer;
	struct gate *gate;
	struct vault_store *store;
	struct evidence_desk *desk;
	struct evidence_viewings *viewings;
	struct events_hub *events;
	atomic_uint_fast64_t evidence, bytes, corrupt;
};

/* The log's signer is the keeper. */
static enum sp_code
sign(void *self, const char *text, size_t len, struct sp_buf *note,
    struct sp_err *err)
{
	const struct evidence_room *r = self;

	return keeper_client_sign(
	    r->keeper, &r->agency.id, text, len, note, err);
}

static void
defaults(struct evidence_limits *l)
{
	if (l->upload_max == 0)
		l->upload_max = UINT64_C(1) << 40;
	if (l->upload_expires == 0)
		l->upload_expires = SP_SECOND * 7 * 24 * 3600;
	if (l->viewing_idle == 0)
		l->viewing_idle = 600 * SP_SECOND;
	if (l->uploads_open == 0)
		l->uploads_open = 10000;
}

static enum sp_code
open_writer(struct evidence_room *r, const char *dir, struct sp_err *err)
{
	/* Numbered by their place: a new one goes to the end. */
	const char *const schema[] = { ledger_log_schema, gate_token_schema,
		evidence_schema, gate_once_schema, media_schema, total_schema,
		vouch_schema, people_person_schema, people_record_schema,
		people_paper_schema, viewing_actor_schema, twin_schema,
		signin_schema, lockbox_schema };
	struct ledger_signer signer = { .sign = sign, .self = r };
	char path[4096], log[4096];
	DB_AUTO db = NULL;

	(void)snprintf(path, sizeof(path), "%s/agency.db", dir);
	(void)snprintf(log, sizeof(log), "%s/log", dir);
	SP_TRY(db_open(&db, path, DB_CREATE, err));
	SP_TRY(db_migrate(db, schema, SP_COUNTOF(schema), err));
	SP_TRY(
	    ledger_log_open(&r->log, db, log, &r->agency.vkey, &signer, err));
	SP_TRY(ledger_writer_open(&r->writer, SP_STEAL(db), r->log, err));
	return db_pool_open(&r->readers, path, ROOM_READERS, err);
}

static enum sp_code
open_counts(struct evidence_room *r, struct sp_err *err)
{
	DB_LENT(reader, r->readers);
	DB_STMT st = db_use(reader.db, &count_evidence);
	bool found;

	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(
		    err, SP_E_CORRUPT, "agency.db: evidence_total has no row");
	r->evidence = (uint64_t)db_col_i64(st, 0);
	r->bytes = (uint64_t)db_col_i64(st, 1);
	r->corrupt = (uint64_t)db_col_i64(st, 2);
	return SP_OK;
}

/* A rule that cannot be read denies all: the room does not open. */
static enum sp_code
open_rules(struct evidence_room *r, const char *policy, struct sp_err *err)
{
	struct people_rules_place at = {
		.state = r->agency.state,
		.slug = r->agency.slug,
		.dirfd = policy == NULL ? -1 : AT_FDCWD,
		.folder = policy,
		.provider = r->agency.provider,
	};

	return people_rules_load(&r->rules, &at, err);
}

static enum sp_code
open_parts(struct evidence_room *r, const char *dir, struct sp_err *err)
{
	struct evidence_repaired repaired;

	r->desk = evidence_desk_new();
	r->viewings = evidence_viewings_new();
	r->events = events_hub_new();
	if (r->desk == NULL || r->viewings == NULL || r->events == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a room");
	SP_TRY(vault_store_open_fs(&r->store, dir, err));
	SP_TRY(open_writer(r, dir, err));
	SP_TRY(gate_open(&r->gate, &r->agency.id, r->writer, err));
	if (r->agency.provider)
		gate_of_provider(r->gate);
	SP_TRY(open_counts(r, err));
	return evidence_repair(r, &repaired, err);
}

enum sp_code
evidence_room_open(struct evidence_room **out,
    const struct evidence_room_options *o, struct sp_err *err)
{
	struct evidence_room *r = calloc(1, sizeof(*r));
	enum sp_code code;

	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a room");
	r->agency = *o->agency;
	r->keeper = o->keeper;
	r->pool = o->pool;
	r->limits = o->limits;
	r->boot = sp_id_new();
	defaults(&r->limits);
	code = open_rules(r, o->policy, err);
	if (code == SP_OK)
		code = open_parts(r, o->dir, err);
	if (code != SP_OK) {
		evidence_room_close(r);
		return code;
	}
	*out = r;
	return SP_OK;
}

void
evidence_room_close(struct evidence_room *r)
{
	if (r == NULL)
		return;
	if (r->events != NULL)
		events_hub_end(r->events);
	if (r->writer != NULL && r->readers != NULL && r->gate != NULL) {
		evidence_viewings_close(r, 0);
		/* What does not rest is begun anew at the next start. */
		SP_IGNORE(evidence_desk_rest_all(r, NULL));
	}
	gate_close(r->gate);
	ledger_writer_close(r->writer);
	ledger_log_close(r->log);
	db_pool_close(r->readers);
	vault_store_free(r->store);
	evidence_desk_free(r->desk);
	evidence_viewings_free(r->viewings);
	events_hub_free(r->events);
	people_rules_free(r->rules);
	free(r);
}

/* What happens to people by itself.  What cannot be written now is due again
 * at the next tick; until then the gate computes the same from the rows. */
static void
tick_people(struct evidence_room *r)
{
	struct people_tick *t = calloc(1, sizeof(*t));
	enum sp_code code = SP_OK;
	bool due = true;

	for (int i = 0; t != NULL && i < TICK_ACTS; i++) {
		DB_LENT(reader, r->readers);

		*t = (struct people_tick){
			.agency = r->agency.id,
			.rules = r->rules,
			.now = sp_now(),
		};
		code = people_clearance_due(
		    reader.db, r->rules, t->now, &due, NULL);
		if (code == SP_OK && due)
			code = ledger_writer_run(
			    r->writer, people_clearance_tick, t, NULL);
		if (code != SP_OK || !due)
			break;
	}
	free(t);
}

void
evidence_room_tick(struct evidence_room *r)
{
	gate_tick(r->gate);
	tick_people(r);
	evidence_viewings_close(r, r->limits.viewing_idle);
	evidence_upload_expire(r);
}

const struct people_agency *
evidence_room_agency(const struct evidence_room *r)
{
	return &r->agency;
}

const struct people_rules *
evidence_room_rules(const struct evidence_room *r)
{
	return r->rules;
}

struct gate *
evidence_room_gate(struct evidence_room *r)
{
	return r->gate;
}

struct ledger_log *
evidence_room_log(struct evidence_room *r)
{
	return r->log;
}

struct ledger_writer *
evidence_room_writer(struct evidence_room *r)
{
	return r->writer;
}

struct db_pool *
evidence_room_readers(struct evidence_room *r)
{
	return r->readers;
}

struct events_hub *
evidence_room_events(struct evidence_room *r)
{
	return r->events;
}

struct keeper_client *
evidence_room_keeper(struct evidence_room *r)
{
	return r->keeper;
}

struct vault_store *
evidence_room_store(struct evidence_room *r)
{
	return r->store;
}

struct vault_pool *
evidence_room_pool(struct evidence_room *r)
{
	return r->pool;
}

const struct evidence_limits *
evidence_room_limits(const struct evidence_room *r)
{
	return &r->limits;
}

const struct sp_id *
evidence_room_boot(const struct evidence_room *r)
{
	return &r->boot;
}

struct evidence_desk *
evidence_room_desk(struct evidence_room *r)
{
	return r->desk;
}

struct evidence_viewings *
evidence_room_viewings(struct evidence_room *r)
{
	return r->viewings;
}

/* Its use is noted now and then; what cannot be noted makes it seem idle. */
static enum sp_code
touch_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct gate_caller *who = arg;
	struct people_act a = { .tx = tx, .now = sp_now() };

	return signin_session_touch(&a, &who->token, err);
}

static enum sp_code
know_session(struct evidence_room *r, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	bool touch = false;

	{
		DB_LENT(reader, r->readers);

		SP_TRY(signin_session_know(reader.db, &r->agency.id, r->rules,
		    text, out, &touch, err));
	}
	if (touch)
		SP_IGNORE(ledger_writer_run(r->writer, touch_run, out, NULL));
	return SP_OK;
}

static bool
is_session(const char *text)
{
	enum gate_text kind;
	struct sp_id agency;

	return text != NULL && gate_text_parse(text, &kind, &agency) &&
	    kind == GATE_TEXT_SESSION;
}

static enum sp_code
know_token(struct evidence_room *r, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	DB_LENT(reader, r->readers);

	return gate_token_know(reader.db, &r->agency.id, text, out, err);
}

enum sp_code
evidence_room_know(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	const char *bearer = shown->bearer;
	int64_t before = sp_ticks();

	/* A bearer that comes with a cookie counts alone. */
	if (bearer == NULL && shown->cookie != NULL)
		SP_TRY(know_session(r, shown->cookie, out, err));
	else if (is_session(bearer))
		SP_TRY(know_session(r, bearer, out, err));
	else
		SP_TRY(know_token(r, bearer, out, err));
	(void)snprintf(
	    out->address, sizeof(out->address), "%s", shown->address);
	out->known = before;
	return SP_OK;
}

struct revoking {
	const struct gate_caller *by;
	const struct sp_id *token;
};

static enum sp_code
revoke_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct revoking *a = arg;

	return gate_token_revoke(tx, a->by, a->token, err);
}

enum sp_code
evidence_room_revoke(struct evidence_room *r, const struct gate_caller *by,
    const struct sp_id *token, struct sp_err *err)
{
	struct revoking act = { .by = by, .token = token };

	SP_TRY(ledger_writer_run(r->writer, revoke_run, &act, err));
	evidence_room_cut(r, token);
	return SP_OK;
}

void
evidence_room_cut(struct evidence_room *r, const struct sp_id *id)
{
	gate_ongoing_cut(id);
	events_hub_cut(r->events, id);
	evidence_viewings_cut(r, id);
}

void
evidence_room_count_sealed(struct evidence_room *r, uint64_t bytes)
{
	atomic_fetch_add(&r->evidence, 1);
	atomic_fetch_add(&r->bytes, bytes);
}

uint64_t
evidence_room_items(const struct evidence_room *r)
{
	return r->evidence;
}

void
evidence_room_count_corrupt(struct evidence_room *r)
{
	atomic_fetch_add(&r->corrupt, 1);
}

enum sp_code
evidence_room_counts(struct evidence_room *r, struct evidence_room_counts *out,
    struct sp_err *err)
{
	DB_LENT(reader, r->readers);
	DB_STMT st = db_use(reader.db, &count_uploads);
	bool found;

	SP_TRY(db_row(st, &found, err));
	*out = (struct evidence_room_counts){
		.evidence = r->evidence,
		.bytes = r->bytes,
		.corrupt = r->corrupt,
		.uploads = (uint64_t)db_col_i64(st, 0),
		.viewings = evidence_viewings_count(r->viewings),
	};
	return SP_OK;
}
