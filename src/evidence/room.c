#include "evidence/room.h"

#include "evidence/desk.h"
#include "evidence/repair.h"
#include "evidence/upload.h"
#include "evidence/viewing.h"
#include "federation/mapping.h"
#include "gate/once.h"
#include "gate/ongoing.h"
#include "gate/recovery.h"
#include "machine/device.h"
#include "machine/token.h"
#include "people/person.h"
#include "signin/passkey.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_READERS  8
#define TICK_ACTS     8 /* of people, in one tick: the rest in the next */
#define TICK_SESSIONS 200

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

/*
 * Shares (src/grants/share.h).  `share` and its two are of what this house
 * gave of its own; agencies that are named are always others'.  share_known is
 * what others told, of what they share with this house and of what this house
 * shared on.
 */
static const char share_schema[] =
    "CREATE TABLE share("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " sharer BLOB NOT NULL, parent BLOB REFERENCES share(id),"
    " to_kind TEXT NOT NULL"
    "  CHECK(to_kind IN ('agency', 'group', 'person')),"
    " to_id BLOB NOT NULL CHECK(length(to_id) = 16),"
    " download INTEGER NOT NULL, reshare INTEGER NOT NULL,"
    " granted INTEGER NOT NULL, until INTEGER NOT NULL, category TEXT,"
    " state TEXT NOT NULL CHECK(state IN"
    "  ('active', 'revoked', 'declined', 'ended')),"
    " changed INTEGER NOT NULL, terms TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX share_open ON share(until) WHERE state = 'active';"
    "CREATE INDEX share_parent ON share(parent) WHERE parent IS NOT NULL;"
    "CREATE INDEX share_to ON share(to_id, id);"
    "CREATE TABLE share_item("
    " share BLOB NOT NULL REFERENCES share(id),"
    " evidence BLOB NOT NULL REFERENCES evidence(id),"
    " PRIMARY KEY(share, evidence)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE share_party("
    " share BLOB NOT NULL REFERENCES share(id),"
    " agency BLOB NOT NULL CHECK(length(agency) = 16),"
    " side TEXT NOT NULL CHECK(side IN ('to', 'by')),"
    " declined INTEGER NOT NULL, told TEXT, version INTEGER NOT NULL,"
    " settled INTEGER NOT NULL,"
    " PRIMARY KEY(share, agency)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX share_party_open ON share_party(share)"
    " WHERE NOT settled;"
    "CREATE TABLE share_known("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " owner BLOB NOT NULL CHECK(length(owner) = 16),"
    " side TEXT NOT NULL CHECK(side IN ('to', 'by')),"
    " download INTEGER NOT NULL, declined INTEGER NOT NULL,"
    " to_kind TEXT NOT NULL, to_id BLOB NOT NULL,"
    " state TEXT NOT NULL, version INTEGER NOT NULL,"
    " until INTEGER NOT NULL, terms TEXT NOT NULL) STRICT, WITHOUT ROWID";

/* What is counted at each new share (src/grants/twin.h, share.h). */
static const char pace_schema[] =
    "CREATE INDEX twin_told ON twin(at, other, object) WHERE side = 'first'"
    " AND act IN ('share.granted', 'group.joined', 'group.changed');"
    "CREATE INDEX share_sharer ON share(sharer, to_id)"
    " WHERE state = 'active'";

/* Joint task forces (src/grants/group.h), in each member's house. */
static const char joint_schema[] =
    "CREATE TABLE joint("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " lead BLOB NOT NULL CHECK(length(lead) = 16), name TEXT NOT NULL,"
    " version INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " formed INTEGER NOT NULL, left_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE joint_member("
    " joint BLOB NOT NULL REFERENCES joint(id),"
    " agency BLOB NOT NULL CHECK(length(agency) = 16),"
    " inside INTEGER NOT NULL, since INTEGER NOT NULL,"
    " told INTEGER NOT NULL,"
    " PRIMARY KEY(joint, agency)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE joint_person("
    " joint BLOB NOT NULL REFERENCES joint(id),"
    " person BLOB NOT NULL CHECK(length(person) = 16),"
    " PRIMARY KEY(joint, person)) STRICT, WITHOUT ROWID";

static const struct db_sql count_evidence = {
	"SELECT items, bytes, corrupt FROM evidence_total",
};
static const struct db_sql count_uploads = { "SELECT count(*) FROM upload" };

struct past_rules {
	struct people_rules *rules;
	struct past_rules *before;
};

struct evidence_room {
	struct people_agency agency;
	struct keeper_client *keeper;
	struct vault_pool *pool;
	struct evidence_limits limits;
	char *policy; /* the folder of rules, or NULL */
	_Atomic(struct people_rules *) rules;
	/* Those that were in force before: whoever borrowed them may still
	 * read. */
	struct past_rules *past;
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
	/* Numbered by their place: a new one goes to the end. */
	const char *const schema[] = { ledger_log_schema, gate_token_schema,
		evidence_schema, gate_once_schema, media_schema, total_schema,
		vouch_schema, people_person_schema, people_record_schema,
		people_paper_schema, viewing_actor_schema, twin_schema,
		signin_schema, signin_passkey_schema, machine_service_schema,
		federation_schema, gate_token_person_schema, share_schema,
		joint_schema, machine_certificate_schema, lockbox_schema,
		gate_recovery_schema, gate_token_issuer_schema,
		people_hand_schema, gate_token_good_schema,
		machine_issuer_schema, machine_adder_schema,
		signin_inviter_schema, gate_recovery_settled_schema,
		signin_settled_schema, federation_flow_schema,
		people_look_schema, pace_schema, gate_token_pace_schema };
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

/* --- rules --- */

static enum sp_code
load_rules(
    struct evidence_room *r, struct people_rules **out, struct sp_err *err)
{
	struct people_rules_place at = {
		.state = r->agency.state,
		.slug = r->agency.slug,
		.dirfd = r->policy == NULL ? -1 : AT_FDCWD,
		.folder = r->policy,
		.provider = r->agency.provider,
	};

	return people_rules_load(out, &at, err);
}

/* A rule that cannot be read denies all: the room does not open. */
static enum sp_code
open_rules(struct evidence_room *r, const char *policy, struct sp_err *err)
{
	struct people_rules *rules = NULL;

	if (policy != NULL) {
		r->policy = strdup(policy);
		if (r->policy == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a room");
	}
	SP_TRY(load_rules(r, &rules, err));
	r->rules = rules;
	return SP_OK;
}

#define RULES_TEXT_MAX ((size_t)1 << 20)

static enum sp_code
same_rules(const struct people_rules *a, const struct people_rules *b,
    bool *same, struct sp_err *err)
{
	SP_AUTO_BUF one = sp_buf_new(RULES_TEXT_MAX);
	SP_AUTO_BUF two = sp_buf_new(RULES_TEXT_MAX);
	struct sp_json first = sp_json_to(&one), second = sp_json_to(&two);

	people_rules_json(&first, NULL, a);
	people_rules_json(&second, NULL, b);
	SP_TRY(sp_buf_check(&one, "rules", err));
	SP_TRY(sp_buf_check(&two, "rules", err));
	*same = one.len == two.len && memcmp(one.at, two.at, one.len) == 0 &&
	    strcmp(people_day_zone(a), people_day_zone(b)) == 0;
	return SP_OK;
}

enum sp_code
evidence_room_reload(struct evidence_room *r, bool *changed, struct sp_err *err)
{
	PEOPLE_AUTO_RULES made = NULL;
	struct past_rules *past;
	bool same = false;

	SP_TRY(load_rules(r, &made, err));
	SP_TRY(same_rules(r->rules, made, &same, err));
	*changed = !same;
	if (same)
		return SP_OK;
	past = malloc(sizeof(*past));
	if (past == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	*past = (struct past_rules){ r->rules, r->past };
	r->past = past;
	r->rules = made;
	r->signin.rules = SP_STEAL(made);
	return SP_OK;
}

static void
free_rules(struct evidence_room *r)
{
	while (r->past != NULL) {
		struct past_rules *past = r->past;

		r->past = past->before;
		people_rules_free(past->rules);
		free(past);
	}
	people_rules_free(r->rules);
	free(r->policy);
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
		.rules = r->rules,
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
	code = open_rules(r, o->policy, err);
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
	free_rules(r);
	free(r);
}

/* What the tick did, told to who listens; the ledger has it. */
static void
tell_people(struct evidence_room *r, const struct people_tick *t)
{
	static const enum events_kind kind[PEOPLE_NOTICE_COUNT] = {
		[PEOPLE_NOTICE_DISABLED] = EVENTS_DISABLED,
		[PEOPLE_NOTICE_TERMINATED] = EVENTS_TERMINATED,
		[PEOPLE_NOTICE_WARNED] = EVENTS_WARNED,
		[PEOPLE_NOTICE_LAPSED] = EVENTS_LAPSED,
	};

	for (size_t i = 0; i < t->notices; i++) {
		const struct people_notice *n = &t->notice[i];
		bool check = n->kind == PEOPLE_NOTICE_WARNED ||
		    n->kind == PEOPLE_NOTICE_LAPSED;
		struct events_event e = {
			.kind = kind[n->kind],
			.object = n->object,
			.about = n->object_kind,
			.why = check ? people_check_name(n->check)
				     : people_reason_name(n->reason),
			.days = n->days,
		};

		if (check)
			people_day_text(n->until, e.until);
		events_hub_tell(r->events, &e);
	}
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
		if (code == SP_OK)
			tell_people(r, t);
		if (code != SP_OK || !due)
			break;
	}
	free(t);
}

static enum sp_code
tick_signin_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct evidence_room *r = arg;
	struct people_by by = people_by_site(&r->agency.id);
	struct people_act a = { tx, &by, r->rules, sp_now() };

	return signin_session_tick(&a, TICK_SESSIONS, err);
}

/* What sessions have become by themselves.  Until it is written down the door
 * computes the same from the rows. */
static void
tick_signin(struct evidence_room *r)
{
	bool due = false;

	{
		DB_LENT(reader, r->readers);

		if (signin_session_due(
			reader.db, r->rules, sp_now(), &due, NULL) != SP_OK)
			return;
	}
	if (due)
		SP_IGNORE(
		    ledger_writer_run(r->writer, tick_signin_act, r, NULL));
}

void
evidence_room_tick(struct evidence_room *r)
{
	gate_tick(r->gate);
	machine_guard_write(r->guard, &r->agency.id, r->writer, false);
	tick_people(r);
	tick_signin(r);
	evidence_room_review(r, &r->reviewed);
	evidence_viewings_close(r, r->limits.viewing_idle);
	evidence_upload_expire(r);
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
	return r->rules;
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
		const struct signin_shown shown = { reader.db, &r->agency.id,
			r->rules, text };

		SP_TRY(signin_session_know(&shown, out, &touch, err));
	}
	if (touch)
		SP_IGNORE(ledger_writer_run(r->writer, touch_run, out, NULL));
	return SP_OK;
}

/* That somebody shows a stolen one is told to the guard. */
static enum sp_code
know_service(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	DB_LENT(reader, r->readers);
	struct machine_shown service = { r->rules, shown->bearer,
		shown->address, shown->certificate };
	struct gate_caller who = *out;
	enum machine_refusal why = MACHINE_PROVEN;
	enum sp_code code = machine_token_know(
	    reader.db, &r->agency.id, &service, &who, &why, err);

	if (code == SP_OK && sp_id_is_zero(&who.issuer))
		code = gate_recovery_settled(
		    reader.db, who.made, &who.is.settled, err);
	if (code == SP_OK)
		*out = who;
	else if (why != MACHINE_PROVEN)
		machine_guard_refused(
		    r->guard, &who.token, why, shown->address);
	return code;
}

static enum sp_code
know_token(struct evidence_room *r, const char *text, struct gate_caller *out,
    struct sp_err *err)
{
	DB_LENT(reader, r->readers);

	SP_TRY(gate_token_know(
	    reader.db, r->rules, &r->agency.id, text, out, err));
	if (out->role != GATE_ADMINISTRATOR || !sp_id_is_zero(&out->person) ||
	    !sp_id_is_zero(&out->issuer))
		return SP_OK;
	return gate_recovery_settled(
	    reader.db, out->made, &out->is.settled, err);
}

static enum sp_code
know_device(struct evidence_room *r, const uint8_t *pin,
    struct gate_caller *out, struct sp_err *err)
{
	DB_LENT(reader, r->readers);

	return machine_device_know(reader.db, &r->agency.id, pin, out, err);
}

/* A text says by its first letters whose it is. */
static enum sp_code
know_bearer(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	enum gate_text kind = GATE_TEXT_TOKEN;
	struct sp_id agency;

	if (shown->bearer != NULL)
		SP_IGNORE(gate_text_parse(shown->bearer, &kind, &agency));
	if (kind == GATE_TEXT_SESSION)
		return know_session(r, shown->bearer, out, err);
	if (kind == GATE_TEXT_ACCESS)
		return know_service(r, shown, out, err);
	return know_token(r, shown->bearer, out, err);
}

enum sp_code
evidence_room_know(struct evidence_room *r, const struct evidence_shown *shown,
    struct gate_caller *out, struct sp_err *err)
{
	int64_t before = sp_ticks();

	/* A bearer that comes with a cookie counts alone. */
	if (shown->bearer == NULL && shown->cookie != NULL)
		SP_TRY(know_session(r, shown->cookie, out, err));
	else if (shown->bearer == NULL && shown->certificate != NULL)
		SP_TRY(know_device(r, shown->certificate, out, err));
	else
		SP_TRY(know_bearer(r, shown, out, err));
	(void)snprintf(
	    out->address, sizeof(out->address), "%s", shown->address);
	out->known = before;
	return SP_OK;
}

struct revoking {
	const struct gate_caller *by;
	const struct sp_id *id; /* of a token, a device */
};

static enum sp_code
revoke_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct revoking *a = arg;

	return gate_token_revoke(tx, a->by, a->id, err);
}

static enum sp_code
revoke_device_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct revoking *a = arg;

	return machine_device_revoke(tx, a->by, a->id, err);
}

enum sp_code
evidence_room_revoke(struct evidence_room *r, const struct gate_caller *by,
    const struct sp_id *token, struct sp_err *err)
{
	struct revoking act = { .by = by, .id = token };

	SP_TRY(ledger_writer_run(r->writer, revoke_run, &act, err));
	return SP_OK;
}

enum sp_code
evidence_room_revoke_device(struct evidence_room *r,
    const struct gate_caller *by, const struct sp_id *device,
    struct sp_err *err)
{
	struct revoking act = { .by = by, .id = device };

	SP_TRY(ledger_writer_run(r->writer, revoke_device_run, &act, err));
	return SP_OK;
}

void
evidence_room_cut(struct evidence_room *r, const struct sp_id *id)
{
	gate_ongoing_cut(id);
	evidence_viewings_close(r, r->limits.viewing_idle);
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
