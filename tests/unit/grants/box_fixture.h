#ifndef BOX_FIXTURE_H
#define BOX_FIXTURE_H

#include "gate/ongoing.h"
#include "grants/guest.h"
#include "houses_fixture.h"

#include <jansson.h>
#include <sys/stat.h>

/*
 * The houses with whoever takes part in a lockbox request: at keystone two
 * operators and two of its security, one of whom is an operator by a second
 * account; at harbor three who may approve, two accounts being one human's.
 */
struct box {
	struct houses h;
	struct gate_caller op, op2, sec, sec2, admin_p; /* keystone */
	struct gate_caller cust, laso, admin, officer;  /* harbor */
	struct sp_id item, other; /* of harbor, the second not asked for */
};

static inline struct sp_id
box_seal(struct box *b, uint64_t seed)
{
	struct new_upload u = { .length = 3000 };
	uint8_t *bytes = fixture_bytes(3000, seed);
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&b->h.f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&b->h.f, &id, bytes, 0, 3000, NULL, &err), &err);
	free(bytes);
	return id;
}

static inline void
box_people(struct box *b)
{
	struct houses *h = &b->h;
	struct houses_clear clear = { .state = "FL" };
	char company[] = "Keystone Hosting";

	b->op = houses_join(h->p, "Olga", "operator", "E-1");
	b->op2 = houses_join(h->p, "Otto", "operator", "E-2");
	b->sec = houses_join(h->p, "Sid", "provider-security", "E-3");
	/* Olga once more. */
	b->sec2 = houses_join(h->p, "O. Lga", "provider-security", "E-1");
	b->admin_p = houses_join(h->p, "Ada", "administrator", "E-5");
	b->cust = houses_join(h->a, "Cy", "custodian", "H-1");
	b->laso = houses_join(h->a, "Lea", "laso", "H-2");
	b->admin = houses_join(h->a, "Cy Two", "administrator", "H-1");
	b->officer = houses_join(h->a, "Oz", "officer", "H-4");
	clear.person = b->op.person;
	houses_do(h->p, houses_clear_fn, &clear);
	clear.person = b->op2.person;
	houses_do(h->p, houses_clear_fn, &clear);
	houses_do(h->a, houses_papers_fn, company);
}

static inline void
box_make(struct box *b)
{
	memset(b, 0, sizeof(*b));
	houses_make(&b->h);
	houses_open(&b->h);
	box_people(b);
	b->item = box_seal(b, 1);
	b->other = box_seal(b, 2);
}

/* Closed and opened: sessions are known anew. */
static inline void
box_again(struct box *b)
{
	houses_close(&b->h);
	houses_open(&b->h);
}

static inline void
box_remove(struct box *b)
{
	houses_close(&b->h);
	houses_remove(&b->h);
}

/* An act as somebody of either house. */
static inline struct grants_lockbox_act
box_as(struct box *b, const struct gate_caller *who)
{
	bool home = sp_id_equal(&who->agency, &b->h.provider.id);

	return (struct grants_lockbox_act){
		.site = b->h.f.site,
		.room = home ? b->h.p : b->h.a,
		.who = who,
	};
}

static inline struct grants_request
box_wish(const struct box *b)
{
	struct grants_request r = { .n = 1, .minutes = 60 };

	r.item[0] = b->item;
	(void)snprintf(r.why, sizeof(r.why), "the player stops at 3:10");
	(void)snprintf(r.ticket, sizeof(r.ticket), "T-77");
	return r;
}

static inline struct sp_id
box_request(struct box *b, const struct grants_request *r)
{
	struct grants_lockbox_act a = box_as(b, &b->op);
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(
	    grants_lockbox_request(&a, "harbor-pd", r, NULL, &id, &err), &err);
	return id;
}

#define BOX_ACT(name)                                                          \
	static inline enum sp_code box_##name(struct box *b,                   \
	    const struct gate_caller *who, const struct sp_id *id,             \
	    struct sp_err *err)                                                \
	{                                                                      \
		struct grants_lockbox_act a = box_as(b, who);                  \
                                                                               \
		err->reason = NULL;                                            \
		return grants_lockbox_##name(&a, id, err);                     \
	}
BOX_ACT(ask)
BOX_ACT(approve)
BOX_ACT(break)
BOX_ACT(complete)
#define BOX_ACT_WHY(name)                                                      \
	static inline enum sp_code box_##name(struct box *b,                   \
	    const struct gate_caller *who, const struct sp_id *id,             \
	    struct sp_err *err)                                                \
	{                                                                      \
		struct grants_lockbox_act a = box_as(b, who);                  \
                                                                               \
		err->reason = NULL;                                            \
		return grants_lockbox_##name(&a, id, "not today", err);        \
	}
BOX_ACT_WHY(deny)
BOX_ACT_WHY(revoke)

/* Asked, approved by the agency: in force. */
static inline struct sp_id
box_granted(struct box *b)
{
	struct grants_request r = box_wish(b);
	struct sp_id id = box_request(b, &r);
	struct sp_err err;

	CHECK_OK(box_ask(b, &b->sec, &id, &err), &err);
	CHECK_OK(box_approve(b, &b->cust, &id, &err), &err);
	return id;
}

/* What a house's API says of it; json_decref it. */
static inline json_t *
box_json(struct box *b, struct evidence_room *room, const struct sp_id *id)
{
	SP_AUTO_BUF text = sp_buf_new(1 << 20);
	struct sp_err err;
	json_t *j;

	CHECK_OK(grants_lockbox_json(b->h.f.site, room, id, &text, &err), &err);
	j = json_loads(sp_buf_str(&text), 0, NULL);
	CHECK(j != NULL);
	return j;
}

static inline bool
box_is(struct box *b, struct evidence_room *room, const struct sp_id *id,
    const char *state)
{
	json_auto_t *j = box_json(b, room, id);

	return strcmp(json_string_value(json_object_get(j, "state")), state) ==
	    0;
}
/* Both houses say so. */
static inline bool
box_both(struct box *b, const struct sp_id *id, const char *state)
{
	return box_is(b, b->h.a, id, state) && box_is(b, b->h.p, id, state);
}

/* A visit of the item; *who, when it is let in, may ask harbor's gate. */
static inline enum sp_code
box_enter(struct box *b, const struct gate_caller *who, const struct sp_id *id,
    const struct sp_id *item, struct gate_caller *guest, struct sp_err *err)
{
	struct gate_caller now = *who; /* known at each request */
	struct grants_guest_ask a = {
		.site = b->h.f.site,
		.home = b->h.p,
		.who = &now,
		.request = *id,
		.evidence = *item,
	};
	struct evidence_room *room = NULL;
	enum sp_code code;

	err->reason = NULL;
	now.known = sp_ticks();
	code = grants_guest_of_lockbox(&a, &room, guest, err);
	CHECK(code != SP_OK || room == b->h.a);
	return code;
}

/* How many entries of a room hold both texts? */
static inline size_t
box_entries(struct evidence_room *room, const char *one, const char *two)
{
	SP_AUTO_BUF e = sp_buf_new(LEDGER_ENTRY_MAX);
	size_t n = 0;

	for (uint64_t i = 0; i < ledger_log_size(evidence_room_log(room));
	     i++) {
		houses_entry(room, i, &e);
		n += strstr(sp_buf_str(&e), one) != NULL &&
		    strstr(sp_buf_str(&e), two) != NULL;
	}
	return n;
}

/* Entries of this act that hold the text. */
static inline size_t
box_acts(struct evidence_room *room, const char *act, const char *text)
{
	char begin[100];

	(void)snprintf(begin, sizeof(begin), "{\"act\":\"%s\",\"actor\"", act);
	return box_entries(room, begin, text);
}

static inline const char *
box_text(const struct sp_id *id)
{
	static char text[4][SP_ID_TEXT];
	static unsigned at;

	at = (at + 1) % 4;
	sp_id_text(id, text[at]);
	return text[at];
}

/* SP_E_DENIED with this code. */
#define CHECK_DENIED(call, why, err)                                           \
	do {                                                                   \
		CHECK_CODE(call, SP_E_DENIED, err);                            \
		if ((err)->reason == NULL || strcmp((err)->reason, why) != 0)  \
			tap_fail(__FILE__, __LINE__, #call,                    \
			    (err)->reason == NULL ? ": no code"                \
						  : (err)->reason);            \
	} while (0)

static inline void
box_tick(struct box *b)
{
	grants_lockbox_tick(b->h.f.site, b->h.a);
	grants_lockbox_tick(b->h.f.site, b->h.p);
}

/* A rule of harbor's, from the next opening on; NULL: none. */
static inline void
box_rule(struct box *b, const char *name, int value)
{
	char path[200], text[400];
	FILE *out;

	houses_close(&b->h);
	(void)snprintf(path, sizeof(path), "%s/policy", b->h.f.dir);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/policy/harbor.json", b->h.f.dir);
	(void)unlink(path);
	if (name != NULL) {
		(void)snprintf(text, sizeof(text),
		    "{\"applies\":{\"agency\":\"harbor-pd\",\"state\":\"FL\"},"
		    "\"policy\":\"CJISSECPOL\",\"version\":\"6.1\","
		    "\"rules\":{\"%s\":{\"section\":\"Harbor\",\"text\":"
		    "\"Ours.\",\"unit\":\"%s\",\"value\":%d}}}",
		    name, value > 1 ? "persons" : "minutes", value);
		out = fopen(path, "w");
		CHECK(out != NULL && fputs(text, out) >= 0);
		CHECK(fclose(out) == 0);
	}
	houses_open(&b->h);
}

#endif
