#ifndef PEOPLE_TRAINING_H
#define PEOPLE_TRAINING_H

#include "people/person.h"

/*
 * Training completed, and training demanded.  The four levels (AT-3) are
 * cumulative: a course of a level is one of those below it too.  A demand
 * follows a security event or a change of the system (AT-2): from its day on
 * the person has the rule's days to complete the course, again, even when an
 * earlier completion still holds.  Rows are only added.
 */
#define PEOPLE_COURSES(X)                                                      \
	X(PEOPLE_LEVEL1, "level1") /* unescorted in a secure location */       \
	X(PEOPLE_LEVEL2, "level2") /* general user */                          \
	X(PEOPLE_LEVEL3, "level3") /* privileged user */                       \
	X(PEOPLE_LEVEL4, "level4") /* security responsibilities */             \
	X(PEOPLE_PII, "pii")       /* AT-3(5) */                               \
	X(PEOPLE_EVENT, "event")   /* what was learnt from an event */

enum people_course {
#define X(id, name) id,
	PEOPLE_COURSES(X)
#undef X
	    PEOPLE_COURSE_COUNT
};
const char *people_course_name(enum people_course course);
bool people_course_parse(const char *s, enum people_course *out) SP_MUST_USE;
/* As people write it: "Level 2", "2", "PII" (people_role_read). */
bool people_course_read(const char *s, enum people_course *out) SP_MUST_USE;
/* Does completing `done` count as completing `asked`? */
bool people_course_covers(enum people_course done, enum people_course asked);

struct people_training {
	struct sp_id id;
	enum people_course course;
	people_day completed;
	people_day expires; /* first day it does not hold; NONE: by rule */
	sp_time recorded;
};
struct people_demand {
	struct sp_id id;
	enum people_course course;
	people_day since, due; /* on `due` it is too late */
	sp_time recorded;
};

struct people_training_new {
	const char *course;    /* NULL: what the role needs */
	const char *completed; /* NULL: today */
	const char *expires;   /* NULL: by rule */
	const char *reference; /* certificate, free text; NULL: none */
};
/* Nobody records their own.  SP_E_INVALID, reason "training.<field>".  Entry
 * "training.recorded" (record, course, completed). */
enum sp_code people_training_add(const struct people_act *a,
    const struct sp_id *person, const struct people_training_new *n,
    struct sp_id *id, struct sp_err *err) SP_MUST_USE;
enum sp_code people_training_check(const struct people_rules *rules,
    const struct people_training_new *n, enum people_role role, sp_time now,
    struct people_training *out, struct sp_err *err) SP_MUST_USE;
/* `since` NULL: today.  Entry "training.demanded" (demand, course, due). */
enum sp_code people_training_demand(const struct people_act *a,
    const struct sp_id *person, const char *course, const char *since,
    struct sp_id *id, struct sp_err *err) SP_MUST_USE;

#define PEOPLE_TRAININGS_MAX 1024 /* of one person */
#define PEOPLE_DEMANDS_MAX   64   /* open ones of one person */
/* The completion of each course that holds longest, at its index; `completed`
 * NONE where there is none. */
enum sp_code people_training_of(struct db *db, const struct sp_id *person,
    const struct people_rules *rules,
    struct people_training out[static PEOPLE_COURSE_COUNT],
    struct sp_err *err) SP_MUST_USE;
/* Demands that no completion has met, oldest first; SP_E_LIMIT past `n`. */
enum sp_code people_training_demands(struct db *db, const struct sp_id *person,
    struct people_demand *out, size_t n, size_t *got,
    struct sp_err *err) SP_MUST_USE;
people_day people_training_until(
    const struct people_training *t, const struct people_rules *rules);

/* {"demands":[…],"records":[…]} */
enum sp_code people_training_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err) SP_MUST_USE;
enum sp_code people_training_new_json(struct json_t *in,
    struct people_training_new *out, struct sp_err *err) SP_MUST_USE;

#endif
