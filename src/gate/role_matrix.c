#include "gate/role.h"

#include "base/json.h"

/* The table as JSON, for API and console (role.h has its form). */

static void
write_ways(struct sp_json *j, const struct gate_act_row *row)
{
	sp_json_array(j, "ways");
	for (unsigned r = 0; r < GATE_RELATION_COUNT; r++)
		if ((row->ways & GATE_WAY(r)) != 0)
			sp_json_str(
			    j, NULL, gate_relation_name((enum gate_relation)r));
	sp_json_end(j);
}

static void
write_roles(struct sp_json *j, enum gate_act act)
{
	sp_json_array(j, "roles");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		if (gate_role_may((enum gate_role)r, act))
			sp_json_str(j, NULL, gate_role_name((enum gate_role)r));
	sp_json_end(j);
}

static void
write_own(struct sp_json *j, enum gate_act act)
{
	sp_json_array(j, "own_only");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		if (gate_role_own((enum gate_role)r, act))
			sp_json_str(j, NULL, gate_role_name((enum gate_role)r));
	sp_json_end(j);
}

/* The plain words for it; of guests those that mean another act of what is
 * one's own. */
static void
write_said(struct sp_json *j, const char *name, enum gate_act act, bool guests)
{
	enum gate_act own, guest;
	const char *word;

	sp_json_array(j, name);
	for (size_t n = 0; (word = gate_act_word(n, &own, &guest)) != NULL; n++)
		if (guests ? guest == act && own != act : own == act)
			sp_json_str(j, NULL, word);
	sp_json_end(j);
}

static void
write_text(struct sp_json *j, const char *name, const char *text)
{
	if (text == NULL)
		sp_json_null(j, name);
	else
		sp_json_str(j, name, text);
}

static void
write_act(struct sp_json *j, enum gate_act act)
{
	const struct gate_act_row *row = gate_act_row(act);
	bool evidence = row->most != GATE_CLASS_UNKNOWN;
	enum gate_act asked;

	sp_json_object(j, NULL);
	sp_json_str(j, "about", evidence ? "evidence" : "agency");
	write_text(j, "approves",
	    gate_act_after(act, &asked) ? gate_act_name(asked) : NULL);
	write_text(j, "class", evidence ? gate_class_name(row->most) : NULL);
	sp_json_bool(j, "cleared", (row->flags & GATE_CLEARED) != 0);
	sp_json_bool(j, "destroys", (row->flags & GATE_DESTROYS) != 0);
	write_text(j, "entry", row->entry);
	sp_json_str(j, "factor", gate_factor_name(row->factor));
	sp_json_bool(j, "founds", (row->flags & GATE_FOUNDS) != 0);
	sp_json_str(j, "name", gate_act_name(act));
	sp_json_bool(j, "not_self", (row->flags & GATE_NOT_SELF) != 0);
	write_own(j, act);
	sp_json_bool(j, "persons_only", (row->flags & GATE_PERSONS) != 0);
	sp_json_bool(j, "placed", (row->flags & GATE_PLACED) != 0);
	write_roles(j, act);
	write_said(j, "said", act, false);
	write_said(j, "said_of_guests", act, true);
	sp_json_bool(j, "site", (row->flags & GATE_SITE) != 0);
	write_ways(j, row);
	sp_json_str(j, "words", gate_act_words(act));
	sp_json_end(j);
}

static void
write_role(struct sp_json *j, enum gate_role role)
{
	const struct gate_role_row *row = gate_role_row(role);

	sp_json_object(j, NULL);
	sp_json_str(j, "class", gate_class_name(row->most));
	sp_json_str(j, "name", gate_role_name(role));
	sp_json_bool(j, "person", row->person);
	sp_json_str(j, "realm", gate_realm_name(row->realm));
	sp_json_bool(j, "token", row->token);
	sp_json_str(j, "words", row->words);
	sp_json_end(j);
}

void
gate_role_matrix_json(struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_array(&j, "acts");
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
		write_act(&j, (enum gate_act)a);
	sp_json_end(&j);
	sp_json_array(&j, "roles");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		write_role(&j, (enum gate_role)r);
	sp_json_end(&j);
	sp_json_end(&j);
}
