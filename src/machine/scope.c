#include "machine/scope.h"

#include <string.h>

bool
machine_scope_may(enum gate_act act)
{
	return gate_role_may(GATE_SERVICE, act) &&
	    (gate_act_row(act)->flags & GATE_PERSONS) == 0;
}

static enum sp_code
scope_word(const char *s, size_t len, struct gate_acts *io, struct sp_err *err)
{
	enum gate_act act;
	char word[64];

	if (len == 0 || len >= sizeof(word))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: names of acts with one space between them");
	memcpy(word, s, len);
	word[len] = '\0';
	if (!gate_act_parse(word, &act))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: no act is named %s (docs/roles.md lists them)",
		    word);
	if (!machine_scope_may(act))
		return sp_fail_as(err, SP_E_INVALID, "service.scope",
		    "scope: %s is not open to services (docs/roles.md)", word);
	gate_acts_add(io, act);
	return SP_OK;
}

enum sp_code
machine_scope_parse(const char *text, struct gate_acts *out, struct sp_err *err)
{
	struct gate_acts scope = { .bits = { 0 } };
	const char *at = text;

	for (;;) {
		size_t len = strcspn(at, " ");

		SP_TRY(scope_word(at, len, &scope, err));
		at += len;
		if (*at == '\0')
			break;
		at++;
	}
	*out = scope;
	return SP_OK;
}

void
machine_scope_text(const struct gate_acts *scope, struct sp_buf *out)
{
	const char *space = "";

	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		if (!gate_acts_has(scope, (enum gate_act)a))
			continue;
		sp_buf_fmt(out, "%s%s", space, gate_act_name((enum gate_act)a));
		space = " ";
	}
}

bool
machine_scope_within(const struct gate_acts *a, const struct gate_acts *b)
{
	return (a->bits[0] & ~b->bits[0]) == 0 &&
	    (a->bits[1] & ~b->bits[1]) == 0;
}

bool
machine_scope_empty(const struct gate_acts *s)
{
	return s->bits[0] == 0 && s->bits[1] == 0;
}

/* What is stored was parsed once; acts that a newer table takes from services
 * are not in it any more. */
enum sp_code
machine_scope_stored(
    const char *text, struct gate_acts *out, struct sp_err *err)
{
	struct gate_acts scope = { .bits = { 0 } };
	const char *s = text;

	while (*s != '\0') {
		size_t len = strcspn(s, " ");
		enum gate_act act;
		char word[64];

		if (len == 0 || len >= sizeof(word))
			return sp_fail(err, SP_E_CORRUPT,
			    "a service in the database has no proper scope");
		memcpy(word, s, len);
		word[len] = '\0';
		if (gate_act_parse(word, &act) && machine_scope_may(act))
			gate_acts_add(&scope, act);
		s += len;
		s += *s == ' ';
	}
	*out = scope;
	return SP_OK;
}

void
machine_scope_json(
    struct sp_json *j, const char *name, const struct gate_acts *scope)
{
	sp_json_array(j, name);
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
		if (gate_acts_has(scope, (enum gate_act)a))
			sp_json_str(j, NULL, gate_act_name((enum gate_act)a));
	sp_json_end(j);
}
