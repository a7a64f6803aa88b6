#include "people/person.h"

#include "people/field.h"

#include <string.h>

/*
 * Who had a hand in whose account (table person_hand, which only grows).  What
 * is asked of it is asked of humans: each set below begins with all accounts of
 * one, and goes on from whoever is found to all accounts of theirs.
 */
PEOPLE_NAMES(hand, PEOPLE_HANDS)
PEOPLE_NAME_OF(hand, people_hand)

static const struct db_sql hand_insert = {
	"INSERT INTO person_hand(person, hand, how, at) VALUES(?1, ?2, ?3, ?4)"
	" ON CONFLICT DO NOTHING",
};

#define SELF(name, arg)                                                        \
	name "(id) AS (SELECT q.id FROM person p JOIN person q"                \
	     " ON q.human = p.human WHERE p.id = " arg ")"
#define BEHIND(name, self)                                                     \
	name "(id) AS (SELECT id FROM " self " UNION SELECT h.hand FROM " name \
	     " u JOIN person_hand h ON h.person = u.id"                        \
	     " AND h.how IN ('added', 'invited')"                              \
	     " UNION SELECT q.id FROM " name " u JOIN person p ON p.id = u.id" \
	     " JOIN person q ON q.human = p.human)"

/* One behind the other; one vouched for the other; staff behind both. */
static const struct db_sql ties = {
	"WITH RECURSIVE " SELF("a", "?1") ", " SELF("b", "?2") ", " BEHIND(
	    "up_a", "a") ", " BEHIND("up_b",
	    "b") " SELECT EXISTS(SELECT 1 FROM up_a WHERE id IN b)"
		 " OR EXISTS(SELECT 1 FROM up_b WHERE id IN a),"
		 " EXISTS(SELECT 1 FROM person_hand WHERE"
		 " (person IN a AND hand IN b) OR (person IN b AND hand IN a)),"
		 " EXISTS(SELECT 1 FROM person p WHERE p.id IN up_a AND p.id "
		 "IN up_b"
		 " AND p.role IN ('operator', 'provider-security'))",
};

enum sp_code
people_person_hand(const struct people_act *a, const struct sp_id *person,
    enum people_hand how, struct sp_err *err)
{
	struct sp_id whom = people_by_whom(a->by);
	DB_STMT st = db_use(ledger_tx_db(a->tx), &hand_insert);

	if (sp_id_is_zero(&whom))
		return SP_OK;
	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	db_bind_blob(st, 2, whom.b, SP_ID_LEN);
	db_bind_text(st, 3, people_hand_name(how));
	db_bind_i64(st, 4, a->now);
	return db_run(st, NULL, err);
}

static bool
is_staff(const struct people_person *p)
{
	return p->role == PEOPLE_OPERATOR ||
	    p->role == PEOPLE_PROVIDER_SECURITY;
}

/* The human that an account has when nobody says one is its own id. */
static bool
is_nameless(const struct people_person *p)
{
	char own[SP_ID_TEXT];

	sp_id_text(&p->id, own);
	return is_staff(p) && strcmp(p->human, own) == 0;
}

enum sp_code
people_person_tie(struct db *db, const struct sp_id *a, const struct sp_id *b,
    enum people_tie *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &ties);
	struct people_person one, two;
	bool found = false, staff;

	SP_TRY(people_person_by_id(db, a, &one, err));
	SP_TRY(people_person_by_id(db, b, &two, err));
	if (strcmp(one.human, two.human) == 0) {
		*out = PEOPLE_SAME;
		return SP_OK;
	}
	staff = is_staff(&one) || is_staff(&two);
	db_bind_blob(st, 1, a->b, SP_ID_LEN);
	db_bind_blob(st, 2, b->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	SP_REQUIRE(found);
	if (db_col_i64(st, 0) != 0 ||
	    (staff && (db_col_i64(st, 1) != 0 || db_col_i64(st, 2) != 0)))
		*out = PEOPLE_TIED;
	else
		*out = is_nameless(&one) || is_nameless(&two) ? PEOPLE_NAMELESS
							      : PEOPLE_APART;
	return SP_OK;
}
