#include "evidence/room_part.h"

#include "evidence/desk.h"
#include "evidence/repair.h"
#include "evidence/viewing.h"
#include "federation/mapping.h"
#include "signin/passkey.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOM_READERS 8

static const struct db_sql count_evidence = {
	"SELECT items, bytes, corrupt FROM evidence_total",
};
static const struct db_sql count_uploads = { "SELECT count(*) FROM upload" };

struct evidence_room {
	struct people_agency agency;
	struct keeper_client *keeper;
	struct vault_pool *pool;
	struct evidence_limits limits;
	struct evidence_rulebook rules;
	struct signin_banned *banned;
	struct signin_notice *notice;
	struct signin_place signin;
	struct sp_id boot;
	struct db_pool *readers;
	struct ledger_log *log;
	struct ledger_writer *writer;
	struct gate *gate;
	struct vault_store *store;
	struct evidence_desk *desk;
	struct evidence_viewings *viewings;
	struct events_hub *events;
	struct machine_guard *guard;
	atomic_uint_fast64_t evidence, bytes, corrupt;
	struct sp_id reviewed; /* of the tick: the last person looked at */
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

/* An act of this room has ended it, and is durable. */
static void
ended(void *arg, const struct sp_id *id)
{
	evidence_room_cut(arg, id);
}

static enum sp_code
open_writer(struct evidence_room *r, const char *dir, struct sp_err *err)
{
	struct ledger_signer signer = { .sign = sign, .self = r };
	char path[4096], log[4096];
	DB_AUTO db = NULL;

	(void)snprintf(path, sizeof(path), "%s/agency.db", dir);
	(void)snprintf(log, sizeof(log), "%s/log", dir);
	SP_TRY(db_open(&db, path, DB_CREATE, err));
	SP_TRY(evidence_room_migrate(db, err));
	SP_TRY(
	    ledger_log_open(&r->log, db, log, &r->agency.vkey, &signer, err));
	SP_TRY(ledger_writer_open(&r->writer, SP_STEAL(db), r->log, err));
	ledger_writer_ends(r->writer, ended, r);
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

enum sp_code
evidence_room_reload(struct evidence_room *r, bool *changed, struct sp_err *err)
{
	SP_TRY(evidence_room_rules_reload(&r->rules, &r->agency, changed, err));
	r->signin.rules = r->rules.now;
	return SP_OK;
}

static enum sp_code
signin_key(void *self, struct crypto_secret **out, struct sp_err *err)
{
	return evidence_room_key(self, out, err);
}

/* Who was linked to no account elsewhere is fine. */
static enum sp_code
signin_unlink(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = federation_mapping_unlink(a, person, &why);

	if (code == SP_OK || code == SP_E_NOTFOUND)
		return SP_OK;
	return sp_fail_as(err, code, why.reason, "%s", why.text);
}

static enum sp_code
open_signin(struct evidence_room *r, const char *policy, struct sp_err *err)
{
	SP_TRY(signin_banned_open(&r->banned, policy, err));
	SP_TRY(signin_notice_open(&r->notice, policy, err));
	r->signin = (struct signin_place){
		.agency = &r->agency,
		.rules = r->rules.now,
		.writer = r->writer,
		.readers = r->readers,
		.banned = r->banned,
		.notice = r->notice,
		.key = signin_key,
		.self = r,
		.unlink = signin_unlink,
	};
	return SP_OK;
}

static enum sp_code
open_parts(struct evidence_room *r, const char *dir, struct sp_err *err)
{
	struct evidence_repaired repaired;

	r->desk = evidence_desk_new();
	r->viewings = evidence_viewings_new();
	r->events = events_hub_new();
	r->guard = machine_guard_new();
	if (r->desk == NULL || r->viewings == NULL || r->events == NULL ||
	    r->guard == NULL)
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
	code = evidence_room_rules_open(&r->rules, &r->agency, o->policy, err);
	if (code == SP_OK)
		code = open_parts(r, o->dir, err);
	if (code == SP_OK)
		code = open_signin(r, o->policy, err);
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
	if (r->writer != NULL && r->guard != NULL)
		machine_guard_write(r->guard, &r->agency.id, r->writer, true);
	gate_close(r->gate);
	ledger_writer_close(r->writer);
	ledger_log_close(r->log);
	db_pool_close(r->readers);
	vault_store_free(r->store);
	evidence_desk_free(r->desk);
	evidence_viewings_free(r->viewings);
	events_hub_free(r->events);
	signin_notice_free(r->notice);
	signin_banned_free(r->banned);
	machine_guard_free(r->guard);
	evidence_room_rules_close(&r->rules);
	free(r);
}

const struct people_agency *
evidence_room_agency(const struct evidence_room *r)
{
	return &r->agency;
}

const struct signin_place *
evidence_room_signin(const struct evidence_room *r)
{
	return &r->signin;
}

const struct people_rules *
evidence_room_rules(const struct evidence_room *r)
{
	return r->rules.now;
}

struct gate *
evidence_room_gate(struct evidence_room *r)
{
	return r->gate;
}

struct machine_guard *
evidence_room_guard(struct evidence_room *r)
{
	return r->guard;
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

struct sp_id *
evidence_room_reviewed(struct evidence_room *r)
{
	return &r->reviewed;
}

struct evidence_viewings *
evidence_room_viewings(struct evidence_room *r)
{
	return r->viewings;
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
