#include "people/person.h"

/*
 * This room's tables of the agency's database (docs/database.md).  What has
 * happened stays: rows of records are neither changed nor deleted, persons are
 * never deleted, and whoever is terminated stays so; triggers see to it.
 */
#define ID        " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
#define OF_PERSON " person BLOB NOT NULL REFERENCES person(id),"
#define BY                                                                     \
	" recorded INTEGER NOT NULL, by_kind TEXT NOT NULL,"                   \
	" by_id BLOB NOT NULL"
#define TABLE_ENDS ") STRICT, WITHOUT ROWID;"
#define ONLY_GROWS(table)                                                      \
	"CREATE TRIGGER " table "_stays BEFORE DELETE ON " table               \
	" BEGIN SELECT RAISE(ABORT, 'personnel records only grow'); END;"      \
	"CREATE TRIGGER " table "_holds BEFORE UPDATE ON " table               \
	" BEGIN SELECT RAISE(ABORT, 'personnel records only grow'); END;"

/* clang-format off */
const char people_person_schema[] =
    "CREATE TABLE person(" ID
    " human TEXT NOT NULL, name TEXT NOT NULL, login TEXT NOT NULL UNIQUE,"
    " role TEXT NOT NULL, kind TEXT NOT NULL,"
    " employer TEXT NOT NULL, employer_ori TEXT NOT NULL,"
    " residence TEXT NOT NULL, unit TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN"
    "  ('active', 'disabled', 'terminated')),"
    " reason TEXT NOT NULL CHECK((state = 'active') = (reason = '')),"
    " since INTEGER NOT NULL, created INTEGER NOT NULL,"
    " active INTEGER NOT NULL, temporary INTEGER NOT NULL,"
    " ends INTEGER NOT NULL, epoch INTEGER NOT NULL" TABLE_ENDS
    "CREATE INDEX person_human ON person(human, id);"
    "CREATE INDEX person_idle ON person(active) WHERE state = 'active';"
    "CREATE INDEX person_temporary ON person(temporary)"
    " WHERE temporary > 0 AND state <> 'terminated';"
    "CREATE INDEX person_ends ON person(ends)"
    " WHERE ends > 0 AND state <> 'terminated';"
    "CREATE TRIGGER person_stays BEFORE DELETE ON person"
    " BEGIN SELECT RAISE(ABORT, 'persons are never deleted'); END;"
    "CREATE TRIGGER person_gone BEFORE UPDATE ON person"
    " WHEN OLD.state = 'terminated' AND NEW.state <> 'terminated'"
    " BEGIN SELECT RAISE(ABORT, 'terminated is for ever'); END;"

    "CREATE TABLE person_sealed(" OF_PERSON
    " field TEXT NOT NULL, sealed BLOB NOT NULL, kept INTEGER NOT NULL,"
    " PRIMARY KEY(person, field)" TABLE_ENDS

    /* What was told ahead of a lapse, and how far a day's round has come. */
    "CREATE TABLE clearance_told("
    " object BLOB NOT NULL, what TEXT NOT NULL, until INTEGER NOT NULL,"
    " days INTEGER NOT NULL, told INTEGER NOT NULL,"
    " PRIMARY KEY(object, what, until, days)" TABLE_ENDS
    "CREATE TABLE clearance_round("
    " one INTEGER PRIMARY KEY CHECK(one = 1), day INTEGER NOT NULL,"
    " after BLOB NOT NULL) STRICT;";

/* Who had a hand in whose account; what happened stays. */
const char people_hand_schema[] =
    "CREATE TABLE person_hand(" OF_PERSON
    " hand BLOB NOT NULL REFERENCES person(id),"
    " how TEXT NOT NULL CHECK(how IN"
    "  ('added', 'invited', 'named', 'placed', 'screened')),"
    " at INTEGER NOT NULL, PRIMARY KEY(person, hand, how)" TABLE_ENDS
    ONLY_GROWS("person_hand");

const char people_record_schema[] =
    "CREATE TABLE screening(" ID OF_PERSON
    " state TEXT NOT NULL, fingerprinted INTEGER NOT NULL,"
    " decision TEXT NOT NULL, adjudicator TEXT, decided INTEGER,"
    " variance TEXT, expires INTEGER," BY TABLE_ENDS
    "CREATE INDEX screening_person ON screening(person, id);"
    ONLY_GROWS("screening")

    "CREATE TABLE training(" ID OF_PERSON
    " course TEXT NOT NULL, completed INTEGER NOT NULL, expires INTEGER,"
    " reference TEXT," BY TABLE_ENDS
    "CREATE INDEX training_person ON training(person, course, completed);"
    ONLY_GROWS("training")

    "CREATE TABLE training_demand(" ID OF_PERSON
    " course TEXT NOT NULL, since INTEGER NOT NULL, due INTEGER NOT NULL,"
    BY TABLE_ENDS
    "CREATE INDEX training_demand_person ON training_demand(person, id);"
    ONLY_GROWS("training_demand");

const char people_paper_schema[] =
    "CREATE TABLE addendum_document(" ID
    " sha256 BLOB NOT NULL CHECK(length(sha256) = 32), kind TEXT NOT NULL,"
    " version TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,"
    BY TABLE_ENDS
    "CREATE INDEX addendum_document_kind ON addendum_document(kind, id);"
    ONLY_GROWS("addendum_document")

    "CREATE TABLE addendum(" ID
    " person BLOB REFERENCES person(id), company TEXT,"
    " document TEXT NOT NULL, signed_on INTEGER NOT NULL, expires INTEGER,"
    " signer TEXT, method TEXT NOT NULL, statement BLOB NOT NULL," BY
    ", CHECK((person IS NULL) <> (company IS NULL))" TABLE_ENDS
    "CREATE INDEX addendum_person ON addendum(person, document, signed_on);"
    "CREATE INDEX addendum_company ON addendum(company, document, signed_on);"
    ONLY_GROWS("addendum")

    "CREATE TABLE agreement(" ID
    " kind TEXT NOT NULL, partner TEXT NOT NULL, state TEXT NOT NULL,"
    " signed_on INTEGER NOT NULL, review INTEGER, reference TEXT,"
    BY TABLE_ENDS
    ONLY_GROWS("agreement")
    "CREATE TABLE agreement_event(" ID
    " agreement BLOB NOT NULL REFERENCES agreement(id),"
    " what TEXT NOT NULL CHECK(what IN ('reviewed', 'ended')),"
    " day INTEGER NOT NULL, review INTEGER," BY TABLE_ENDS
    "CREATE INDEX agreement_event_of ON agreement_event(agreement, id);"
    ONLY_GROWS("agreement_event");

/* What was recorded since it was last looked at for what lapses: a person, or
 * zeroes for what is for everybody. */
#define LOOK(name, when, object)                                               \
    "CREATE TRIGGER " name " AFTER " when " BEGIN"                             \
    " INSERT OR IGNORE INTO clearance_look(object) VALUES(" object "); END;"
#define FOR_ALL "zeroblob(16)"
const char people_look_schema[] =
    "CREATE TABLE clearance_look("
    " object BLOB NOT NULL PRIMARY KEY CHECK(length(object) = 16)" TABLE_ENDS
    LOOK("look_person", "UPDATE OF role, kind, employer, state ON person",
	"NEW.id")
    LOOK("look_screening", "INSERT ON screening", "NEW.person")
    LOOK("look_training", "INSERT ON training", "NEW.person")
    LOOK("look_demand", "INSERT ON training_demand", "NEW.person")
    LOOK("look_addendum", "INSERT ON addendum",
	"coalesce(NEW.person, " FOR_ALL ")")
    LOOK("look_agreement", "INSERT ON agreement", FOR_ALL)
    LOOK("look_review", "INSERT ON agreement_event", FOR_ALL);
/* clang-format on */
