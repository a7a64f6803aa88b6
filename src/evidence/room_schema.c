#include "evidence/room_part.h"
#include "federation/mapping.h"
#include "gate/once.h"
#include "gate/recovery.h"
#include "machine/device.h"
#include "machine/service.h"
#include "people/person.h"
#include "signin/passkey.h"

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

/* Numbered by their place: a new one goes to the end. */
static const char *const schema[] = { ledger_log_schema, gate_token_schema,
	evidence_schema, gate_once_schema, media_schema, total_schema,
	vouch_schema, people_person_schema, people_record_schema,
	people_paper_schema, viewing_actor_schema, twin_schema, signin_schema,
	signin_passkey_schema, machine_service_schema, federation_schema,
	gate_token_person_schema, share_schema, joint_schema,
	machine_certificate_schema, lockbox_schema, gate_recovery_schema,
	gate_token_issuer_schema, people_hand_schema, gate_token_good_schema,
	machine_issuer_schema, machine_adder_schema, signin_inviter_schema,
	gate_recovery_settled_schema, signin_settled_schema,
	federation_flow_schema, people_look_schema, pace_schema,
	gate_token_pace_schema, gate_token_paces_schema };

enum sp_code
evidence_room_migrate(struct db *db, struct sp_err *err)
{
	return db_migrate(db, schema, SP_COUNTOF(schema), err);
}
