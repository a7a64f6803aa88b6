#include "signin/session.h"

/*
 * This room's tables of the agency's database (docs/database.md).  Nothing in
 * them opens anything by itself: texts and codes are SHA-256, seeds are sealed,
 * passwords are keyed hashes whose key the keeper wraps.
 */
#define ID         " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
#define OF_PERSON  " person BLOB NOT NULL REFERENCES person(id),"
#define HASH       " hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),"
#define TABLE_ENDS ") STRICT, WITHOUT ROWID;"

/* clang-format off */
const char signin_schema[] =
    "CREATE TABLE signin_key("
    " one INTEGER NOT NULL PRIMARY KEY CHECK(one = 1),"
    " object BLOB NOT NULL CHECK(length(object) = 16)) STRICT;"

    "CREATE TABLE signin_password("
    " person BLOB NOT NULL PRIMARY KEY REFERENCES person(id),"
    " salt BLOB NOT NULL, iterations INTEGER NOT NULL,"
    " hash BLOB NOT NULL CHECK(length(hash) = 32),"
    " changed INTEGER NOT NULL" TABLE_ENDS

    "CREATE TABLE signin_factor(" ID OF_PERSON
    " kind TEXT NOT NULL, label TEXT NOT NULL, created INTEGER NOT NULL,"
    " used INTEGER NOT NULL" TABLE_ENDS
    "CREATE INDEX signin_factor_person ON signin_factor(person, id);"
    "CREATE TABLE signin_totp("
    " id BLOB NOT NULL PRIMARY KEY"
    "  REFERENCES signin_factor(id) ON DELETE CASCADE,"
    " sealed BLOB NOT NULL, hash TEXT NOT NULL, digits INTEGER NOT NULL,"
    " step INTEGER NOT NULL, last INTEGER NOT NULL" TABLE_ENDS
    /* Handed out, not yet proved to have arrived. */
    "CREATE TABLE signin_totp_offer("
    " person BLOB NOT NULL PRIMARY KEY REFERENCES person(id),"
    " id BLOB NOT NULL, sealed BLOB NOT NULL, hash TEXT NOT NULL,"
    " digits INTEGER NOT NULL, step INTEGER NOT NULL,"
    " created INTEGER NOT NULL" TABLE_ENDS

    "CREATE TABLE signin_recovery(" OF_PERSON
    " hash BLOB NOT NULL CHECK(length(hash) = 32),"
    " created INTEGER NOT NULL, PRIMARY KEY(person, hash)" TABLE_ENDS
    "CREATE TABLE signin_invite(" HASH
    " person BLOB NOT NULL PRIMARY KEY REFERENCES person(id),"
    " created INTEGER NOT NULL, expires INTEGER NOT NULL" TABLE_ENDS

    "CREATE TABLE signin_session(" ID HASH OF_PERSON
    " stage TEXT NOT NULL, change INTEGER NOT NULL, factor TEXT NOT NULL,"
    " method TEXT NOT NULL, created INTEGER NOT NULL,"
    " proved INTEGER NOT NULL, used INTEGER NOT NULL,"
    " address TEXT NOT NULL, agent TEXT NOT NULL,"
    " ended INTEGER NOT NULL" TABLE_ENDS
    "CREATE INDEX signin_session_person ON signin_session(person, id);"
    "CREATE INDEX signin_session_live ON signin_session(used)"
    " WHERE stage <> 'ended';"
    "CREATE INDEX signin_session_past ON signin_session(ended)"
    " WHERE stage = 'ended';"
    "CREATE TABLE signin_challenge("
    " hash BLOB NOT NULL PRIMARY KEY CHECK(length(hash) = 32),"
    " bound BLOB NOT NULL CHECK(length(bound) = 16),"
    /* `network` is NULL where it is for somebody who is known. */
    " purpose TEXT NOT NULL, expires INTEGER NOT NULL,"
    " network TEXT" TABLE_ENDS
    "CREATE INDEX signin_challenge_network ON"
    " signin_challenge(network, expires) WHERE network IS NOT NULL;"
    "CREATE INDEX signin_challenge_bound ON signin_challenge(bound, expires);"
    "CREATE INDEX signin_challenge_old ON signin_challenge(expires);"

    /* Failed logons; `person` is NULL where nobody has that login. */
    "CREATE TABLE signin_failure("
    " id INTEGER NOT NULL PRIMARY KEY,"
    " person BLOB REFERENCES person(id),"
    " address TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX signin_failure_person ON signin_failure(person, at);"
    "CREATE INDEX signin_failure_address ON signin_failure(address, at);"
    "CREATE INDEX signin_failure_old ON signin_failure(at);"
    /* Refusals that are counted rather than each an entry. */
    "CREATE TABLE signin_flood("
    " object BLOB NOT NULL CHECK(length(object) = 16), code TEXT NOT NULL,"
    " since INTEGER NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY(object, code)" TABLE_ENDS;

/*
 * An agency that an administrator can sign in to is settled for the tokens that
 * the site made before (gate/recovery.h), for good: marked by whatever act makes
 * it so, and here, where none is forgotten.  A session counts by its use, not by
 * what another house says of when it was proved.  Tokens that seem to come from
 * later, the clock having been set back, are before it all the same.
 */
#define MARK(when)                                                             \
	" BEGIN INSERT INTO gate_settled(one, at) VALUES(1, max(" when         \
	", (SELECT coalesce(max(created), 0) FROM gate_token"                  \
	"  WHERE person IS NULL AND issuer IS NULL)))"                         \
	" ON CONFLICT(one) DO UPDATE SET at = max(at, excluded.at); END;"
#define ADMINISTERS(person)                                                    \
	"(SELECT role FROM person WHERE id = " person ") = 'administrator'"
const char signin_settled_schema[] =
    "CREATE TRIGGER signin_factor_settles AFTER INSERT ON signin_factor"
    " WHEN " ADMINISTERS("new.person") MARK("new.used")
    "CREATE TRIGGER signin_factor_shown AFTER UPDATE OF used ON signin_factor"
    " WHEN " ADMINISTERS("new.person") MARK("new.used")
    "CREATE TRIGGER signin_session_settles AFTER INSERT ON signin_session"
    " WHEN new.factor = 'second' AND " ADMINISTERS("new.person")
    MARK("new.used")
    "CREATE TRIGGER signin_session_shown"
    " AFTER UPDATE OF factor, proved ON signin_session"
    " WHEN new.factor = 'second' AND " ADMINISTERS("new.person")
    MARK("new.used")
    "INSERT INTO gate_settled(one, at) SELECT 1, max(at) FROM"
    " (SELECT x.used AS at FROM signin_factor x JOIN person p"
    "   ON p.id = x.person AND p.role = 'administrator'"
    "  UNION ALL SELECT x.used FROM signin_session x JOIN person p"
    "   ON p.id = x.person AND p.role = 'administrator'"
    "  WHERE x.factor = 'second') HAVING max(at) IS NOT NULL";
/* clang-format on */

/* NULL: made by the site. */
const char signin_inviter_schema[] =
    "ALTER TABLE signin_invite ADD COLUMN inviter BLOB";

/*
 * Of an account, as it was when the row was written: the epoch of the inviter
 * and of who signed in (people_person_doing), and since when the account that
 * somebody failed to sign in to was in its state (throttle.h).  Of what there
 * was, times told that.
 */
#define OF(column, person, than)                                               \
	" = coalesce((SELECT p." column " FROM person p WHERE p.id = " person  \
	" AND p." column than "), 0)"
/* clang-format off */
const char signin_epoch_schema[] =
    "ALTER TABLE signin_invite"
    " ADD COLUMN inviter_epoch INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE signin_session ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE signin_failure ADD COLUMN since INTEGER NOT NULL DEFAULT 0;"
    "UPDATE signin_invite AS x SET inviter_epoch"
    OF("epoch", "x.inviter", " <= x.created") ";"
    "UPDATE signin_session AS x SET epoch"
    OF("epoch", "x.person", " < x.created") ";"
    "UPDATE signin_failure AS x SET since"
    OF("since", "x.person", " < x.at");
/* clang-format on */
