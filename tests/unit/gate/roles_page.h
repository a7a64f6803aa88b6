#ifndef TEST_GATE_ROLES_PAGE_H
#define TEST_GATE_ROLES_PAGE_H

#include "gate/role.h"

/*
 * docs/roles.md, made from the table.  The test says whether the page is
 * current; `gate_role_test --write docs/roles.md` makes it so.
 */

static inline const char *
page_mark(enum gate_role role, enum gate_act act)
{
	unsigned ways = gate_role_ways(role, act);

	if (!gate_role_may(role, act))
		return "";
	if ((ways & GATE_WAY(GATE_OWN)) != 0)
		return gate_role_own(role, act) ? "own" : "✓";
	return (ways & GATE_WAY(GATE_LOCKBOX)) != 0 ? "grant" : "share";
}

static inline void
page_roles(struct sp_buf *out)
{
	sp_buf_text(out,
	    "| role | is | side | comes near | of |\n"
	    "| --- | --- | --- | --- | --- |\n");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		const struct gate_role_row *row =
		    gate_role_row((enum gate_role)r);

		sp_buf_fmt(out, "| `%s` | %s | %s | %s | %s |\n",
		    gate_role_name((enum gate_role)r), row->words,
		    gate_realm_name(row->realm), gate_class_name(row->most),
		    row->person && row->token ? "persons, tokens"
			: row->person         ? "persons"
			: row->token          ? "devices, tokens"
					      : "service accounts");
	}
}

static inline void
page_matrix(struct sp_buf *out)
{
	sp_buf_text(out, "| act |");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		sp_buf_fmt(out, " %s |", gate_role_name((enum gate_role)r));
	sp_buf_text(out, "\n| --- |");
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		sp_buf_text(out, " :-: |");
	sp_buf_text(out, "\n");
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		enum gate_act act = (enum gate_act)a;

		sp_buf_fmt(out, "| `%s` |", gate_act_name(act));
		for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
			const char *mark = page_mark((enum gate_role)r, act);

			sp_buf_fmt(
			    out, " %s%s|", mark, *mark == '\0' ? "" : " ");
		}
		sp_buf_text(out, "\n");
	}
}

static inline void
page_takes(struct sp_buf *out, enum gate_act act)
{
	const struct gate_act_row *row = gate_act_row(act);
	enum gate_act asked;

	sp_buf_text(out,
	    row->factor == GATE_FACTOR_SINGLE       ? "signed in"
		: row->factor == GATE_FACTOR_SECOND ? "second factor"
						    : "fresh second factor");
	if ((row->flags & GATE_CLEARED) != 0)
		sp_buf_text(out, ", clearance");
	if ((row->flags & GATE_PERSONS) != 0)
		sp_buf_text(out, ", persons only");
	if ((row->flags & GATE_FOUNDS) != 0)
		sp_buf_text(out, ", by the site's tokens only at first");
	if (gate_act_after(act, &asked))
		sp_buf_fmt(out, ", never one's own `%s`", gate_act_name(asked));
	if ((row->flags & GATE_NOT_SELF) != 0)
		sp_buf_text(out, ", never about oneself");
	if ((row->flags & GATE_DESTROYS) != 0)
		sp_buf_text(out, ", no hold, retention over");
	if ((row->flags & GATE_PLACED) != 0)
		sp_buf_text(out, ", inside the geography");
	if ((row->flags & GATE_SITE) != 0)
		sp_buf_text(out, ", the site itself only");
	if (row->most != GATE_CLASS_UNKNOWN && row->most < GATE_CLASS_SEALED)
		sp_buf_fmt(out, ", up to %s", gate_class_name(row->most));
}

static inline void
page_acts(struct sp_buf *out)
{
	sp_buf_text(out,
	    "| act | to | takes | entry |\n"
	    "| --- | --- | --- | --- |\n");
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		const struct gate_act_row *row = gate_act_row((enum gate_act)a);

		sp_buf_fmt(out, "| `%s` | %s | ",
		    gate_act_name((enum gate_act)a),
		    gate_act_words((enum gate_act)a));
		page_takes(out, (enum gate_act)a);
		sp_buf_fmt(out, " | %s%s%s |\n", row->entry == NULL ? "" : "`",
		    row->entry == NULL ? "" : row->entry,
		    row->entry == NULL ? "" : "`");
	}
}

static inline void
page_write(struct sp_buf *out)
{
	sp_buf_text(out,
	    "# Roles and acts\n\n"
	    "Made from the table that the gate runs on (`src/gate/role.c`) by\n"
	    "`gate_role_test --write docs/roles.md`; a test says when it is "
	    "not\ncurrent. How a decision is made, and what its codes mean, is "
	    "in\n[policy.md](policy.md). `GET /v1/openapi.json` and the "
	    "console take the\nsame table as JSON.\n\n"
	    "## Roles\n\n");
	page_roles(out);
	sp_buf_text(out,
	    "\n*Comes near*: the closest kept class of evidence that the role "
	    "may meet at all.\n*Of*: who can have it. A token without a person "
	    "is a machine of the agency's.\n\n"
	    "## Who may do what\n\n"
	    "✓: in one's own agency (for agencies' people also what was shared "
	    "with it, where\nthe act allows it); **share**: only what was "
	    "shared; **grant**: only under a\nlockbox grant. Everything else "
	    "is denied.\n\n");
	page_matrix(out);
	sp_buf_text(out,
	    "\n## What each act takes\n\n"
	    "Factors, clearance and \"never one's own\" are asked of persons; "
	    "a "
	    "machine is who\nit is by its one credential. A *fresh* second "
	    "factor was shown within the time\nthat the policy file sets. "
	    "*Entry*: the admission is in the ledger, under this\nname, before "
	    "anything is revealed. Under a lockbox grant every admission is.\n"
	    "\n");
	page_acts(out);
}

#endif
