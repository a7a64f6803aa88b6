#include "evidence/item.h"

#include "people/person.h"

#include <stdlib.h>
#include <string.h>

/*
 * Who the actors of entries are: names are rows of the agency's database, the
 * ledger has ids alone.
 */

/* What each kind of actor is called by. */
static const struct {
	const char *kind;
	struct db_sql sql;
} names[] = {
	{ "person", { "SELECT name FROM person WHERE id = ?1" } },
	{ "token", { "SELECT label FROM gate_token WHERE id = ?1" } },
	{ "service", { "SELECT label FROM machine_service WHERE id = ?1" } },
};

void
evidence_actors_done(struct evidence_actors *a)
{
	free(a->at);
	a->at = NULL;
	a->n = a->room = 0;
}

/* Canonical JSON: {"act":"…","actor":{"id":"…","kind":"…"},…}; no name of an
 * act has a quote in it. */
static bool
parse(const char *entry, struct sp_id *id, size_t *kind)
{
	static const char head[] = "\"actor\":{\"id\":\"";
	static const char middle[] = "\",\"kind\":\"";
	const char *s = strstr(entry, head);

	if (s == NULL || strlen(s) < sizeof(head) + SP_ID_TEXT + sizeof(middle))
		return false;
	s += strlen(head);
	if (!sp_id_parse(s, SP_ID_TEXT - 1, id))
		return false;
	s += SP_ID_TEXT - 1;
	if (strncmp(s, middle, strlen(middle)) != 0)
		return false;
	s += strlen(middle);
	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		size_t len = strlen(names[i].kind);

		if (strncmp(s, names[i].kind, len) == 0 && s[len] == '"') {
			*kind = i;
			return true;
		}
	}
	return false;
}

enum sp_code
evidence_actors_take(
    struct evidence_actors *a, const char *entry, struct sp_err *err)
{
	struct evidence_actor new;

	if (!parse(entry, &new.id, &new.kind))
		return SP_OK;
	/* Most entries are of the one before. */
	for (size_t i = a->n; i-- > 0;)
		if (sp_id_equal(&a->at[i].id, &new.id))
			return SP_OK;
	if (a->n == a->room) {
		size_t room = a->room == 0 ? 16 : 2 * a->room;
		struct evidence_actor *grown =
		    reallocarray(a->at, room, sizeof(*grown));

		if (grown == NULL)
			return sp_fail(
			    err, SP_E_NOMEM, "no memory for the custody");
		a->at = grown;
		a->room = room;
	}
	a->at[a->n++] = new;
	return SP_OK;
}

static int
by_id(const void *a, const void *b)
{
	const struct evidence_actor *x = a, *y = b;

	return memcmp(x->id.b, y->id.b, SP_ID_LEN);
}

static void
tell(struct sp_json *j, const struct evidence_actor *a, const char *name,
    bool kinds)
{
	char id[SP_ID_TEXT];

	sp_id_text(&a->id, id);
	if (!kinds) {
		sp_json_str(j, id, name);
		return;
	}
	sp_json_object(j, id);
	sp_json_str(j, "kind", names[a->kind].kind);
	sp_json_str(j, "name", name);
	sp_json_end(j);
}

enum sp_code
evidence_actors_json(struct evidence_actors *a, struct sp_json *j,
    struct db *db, bool kinds, struct sp_err *err)
{
	if (a->n > 0)
		qsort(a->at, a->n, sizeof(*a->at), by_id);
	sp_json_object(j, "actors");
	for (size_t i = 0; i < a->n; i++) {
		DB_STMT st = db_use(db, &names[a->at[i].kind].sql);
		bool found = false;

		db_bind_blob(st, 1, a->at[i].id.b, SP_ID_LEN);
		SP_TRY(db_row(st, &found, err));
		if (found)
			tell(j, &a->at[i], db_col_text(st, 0), kinds);
	}
	sp_json_end(j);
	return SP_OK;
}
