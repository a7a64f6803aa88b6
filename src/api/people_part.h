#ifndef API_PEOPLE_PART_H
#define API_PEOPLE_PART_H

#include "gate/recovery.h"
#include "grants/lockbox.h"
#include "http/json.h"
#include "people/clearance.h"
#include "people/person.h"

/*
 * For the sources behind people.h only: who is meant, whether it may be, and
 * doing it.
 */

#define API_PEOPLE_PERSON HTTP_AGENCY "persons/{person}"
/* Members of a list's http_input. */
#define API_PEOPLE_PAGES                                                       \
	{ "query", "cursor", HTTP_STRING, false,                               \
		"\"next\" of the page before." },                              \
	{                                                                      \
		"query", "limit",                                              \
		    "{\"maximum\":1000,\"minimum\":1,\"type\":\"integer\"}",   \
		    false, "People a page; 100 when absent."                   \
	}
/* Of a route: it is about a person, and asks the gate itself; it takes JSON and
 * changes something. */
#define API_PEOPLE_ABOUT(what)                                                 \
	.door = HTTP_DOOR_KNOWN, .act = (what), .kind = "person"
#define API_PEOPLE_TAKES(schema)                                               \
	.takes = HTTP_TAKES_JSON, .takes_schema = (schema),                    \
	.problems = "409 507"

/* Ask the gate for `act` about a person (NULL: about all of them, or somebody
 * who is not there), with the duty found out. */
enum sp_code api_people_admit(struct http_request *q, enum gate_act act,
    const struct sp_id *person, struct sp_err *err);

/* The path's {person}, with the gate asked.  `own`: whoever asks about
 * themselves needs no more than to be known.  SP_E_NOTFOUND only for who may
 * ask. */
struct api_people_wish {
	enum gate_act act;
	bool own;
};
enum sp_code api_people_enter(struct http_request *q,
    const struct api_people_wish *w, struct people_person *out,
    struct sp_err *err);

/* Around what may take an administrator away, inside the act that does: the
 * second undoes it when nobody would be left (gate/recovery.h). */
enum sp_code api_people_count(struct db *db, const struct people_rules *rules,
    struct gate_administrators *out, struct sp_err *err) SP_MUST_USE;
enum sp_code api_people_kept(struct db *db, const struct people_rules *rules,
    const struct gate_administrators *before, struct sp_err *err) SP_MUST_USE;

/* One act on the agency's writer, by whoever asks. */
struct api_people_act {
	struct http_request *q;
	struct sp_id person; /* whom it is about */
	const void *in;
	bool keep; /* it must leave an administrator */
	struct sp_id made;
	const struct gate_once *once; /* or NULL */
	enum sp_code (*run)(const struct people_act *a,
	    struct api_people_act *x, struct sp_err *err);
};
enum sp_code api_people_do(
    struct api_people_act *x, struct sp_err *err) SP_MUST_USE;

/* The body as an object whose members are text (or null) with these names; any
 * other is refused.  What is absent stays NULL.  Points into *in. */
struct api_people_member {
	const char *name;
	const char **to;
};
enum sp_code api_people_body(const struct http_request *q, json_t **in,
    const struct api_people_member *m, size_t n, struct sp_err *err);
/* The body as an object, for a reader of the room people. */
enum sp_code api_people_object(
    const struct http_request *q, json_t **in, struct sp_err *err);

/* Answer with {"items":…}, which `write` makes: about the path's {person}, of
 * oneself always; and of the whole agency, for whoever the door let in. */
typedef enum sp_code (*api_people_json)(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err);
enum sp_code api_people_tell(struct http_request *q, struct http_answer *a,
    enum gate_act act, api_people_json write, struct sp_err *err);
typedef enum sp_code (*api_people_all_json)(struct sp_json *j, const char *name,
    struct db *db, const struct people_rules *rules, struct sp_err *err);
enum sp_code api_people_tell_all(struct http_request *q, struct http_answer *a,
    api_people_all_json write, const char *what, struct sp_err *err);

/* Answer 201 and {"id":…}. */
enum sp_code api_people_made(
    struct http_answer *a, const struct sp_id *id, struct sp_err *err);
/* Answer with the person as it is now. */
enum sp_code api_people_answer(struct http_request *q, struct http_answer *a,
    const struct sp_id *id, struct sp_err *err);

/*
 * GET …/explain:
 *
 *   people_explain.c   the question and its answer
 *   people_suppose.c   what is supposed, by the query
 *   people_who.c       whom it means, with the facts of who they are
 *   people_thing.c     what it is about, of this house
 *   people_way.c       and by which share or request, of another's
 */
struct api_people_supposed {
	enum gate_factor factor;
	bool idle, stale;
	enum gate_class class;
	enum gate_hold hold;
	enum gate_retention retention;
	enum gate_place place;
	const char *address; /* NULL: one's own, or one that is good */
};
enum sp_code api_people_suppose(const struct http_request *q,
    struct api_people_supposed *out, struct sp_err *err) SP_MUST_USE;
struct gate_standing api_people_supposed_standing(
    const struct api_people_supposed *s, const struct people_rules *rules);
void api_people_supposed_facts(
    const struct api_people_supposed *s, struct gate_facts *io);
/* As "assumed" tells it, with what was not supposed but found. */
struct api_people_found {
	bool duty;           /* of a person, of what they made */
	const char *address; /* under a lockbox request; NULL: no matter */
	const char *state;   /* why the thing is past this act; "" */
};
void api_people_supposed_json(struct sp_json *j,
    const struct api_people_supposed *s, const struct gate_facts *f,
    const struct api_people_found *found);

/* Whom a question means. */
struct api_people_who {
	const struct http_request *q;
	const struct api_people_supposed *supposed;
	struct sp_id id;
	bool found;  /* such a person or machine */
	bool person; /* such a person */
	/* found out */
	const char *kind, *state; /* of a machine: "device", "active" */
	bool known;               /* would be, by what they show */
	char todo[500];           /* or what to do about that */
	char note[300];           /* what else is to be said of them; "" */
	struct people_standing standing; /* of a person */
	/* Whose records count (of a machine: its issuer's), and the verdict of
	 * this house on them. */
	bool judged;
	struct people_person p;
	struct people_verdict v;
	struct gate_caller as; /* as whom they would come */
};
/* A person who was found. */
enum sp_code api_people_who_person(
    struct api_people_who *w, struct db *db, struct sp_err *err) SP_MUST_USE;
/* By its id; w->found says whether there is one. */
enum sp_code api_people_who_machine(
    struct api_people_who *w, struct db *db, struct sp_err *err) SP_MUST_USE;

/* By what somebody would come to an item that is not theirs by their house: of
 * the shares with them and the lockbox requests of theirs that cover it, the
 * one that gets furthest (people_way.c).  It is looked at as the visit itself
 * looks at it; nobody is let in. */
struct api_people_way {
	/* asked */
	const struct http_request *q;
	const struct gate_caller *who; /* as known in their house */
	enum gate_act act;
	struct sp_id evidence;
	const struct gate_facts *like; /* duty, class, hold, retention, place */
	/* found */
	const char *kind; /* "share", "lockbox"; NULL: nothing is */
	struct sp_id id;
	bool coming;             /* `facts` are those of coming at all */
	struct gate_facts facts; /* limits borrowed from `who` */
	/* The house whose it is, and, where that is another, its verdict. */
	const struct evidence_room *room;
	bool judged;
	struct people_verdict verdict;
};
enum sp_code api_people_way(
    struct api_people_way *w, struct sp_err *err) SP_MUST_USE;

/* What an id that is no person's is in this agency, by its ledger: what nobody
 * here made is not there (people_thing.c). */
struct api_people_thing {
	bool there;
	char kind[32]; /* as entries have it: "lockbox", "device"; "" */
};
enum sp_code api_people_thing(struct evidence_room *room,
    const struct sp_id *id, struct api_people_thing *out,
    struct sp_err *err) SP_MUST_USE;

/* Whose doing it was, for an act that decides on it, and what else stands
 * between it and the act. */
struct api_people_duty {
	const struct http_request *q;
	const struct gate_caller *who; /* would do it */
	enum gate_act act;
	const char *kind;
	struct sp_id thing;
	/* found */
	enum gate_duty duty; /* as it is where no act asks */
	struct grants_lockbox_seen lockbox;
};
enum sp_code api_people_duty(
    struct api_people_duty *io, struct sp_err *err) SP_MUST_USE;

/* The rules in force, and a time of day of one of the body's members. */
const struct people_rules *api_people_rules(const struct http_request *q);
enum sp_code api_people_time(const char *member, const char *text, sp_time *out,
    struct sp_err *err) SP_MUST_USE;

#endif
