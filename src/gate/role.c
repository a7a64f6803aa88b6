#include "gate/role.h"

#include <string.h>

static const char *const role_names[] = {
#define X(id, name) [id] = (name),
	GATE_ROLES(X)
#undef X
};

static const char *const act_names[] = {
#define X(id, name) [id] = (name),
	GATE_ACTS(X)
#undef X
};

/*
 * The policy.  An act that is not open to a role is denied; an act that is
 * "recorded" reveals content, and its entry is in the ledger before the pass
 * exists.  An auditor sees what happened, never the content; a device brings
 * in and may look up what became of it, and follow its own ("own": what its
 * token brings in, and nothing else).  The site itself, when nobody asks, may
 * do one thing: have a worker look into media.
 */
enum access { no, YES, own };

struct policy {
	enum access open[GATE_ROLE_COUNT];
	bool site;
	bool recorded;
};

/* clang-format off */
static const struct policy policy[GATE_ACT_COUNT] = {
	/*                  admin-    custo-  offi-  audi-  device  site recorded
	 *                  istrator  dian    cer    tor                     */
	[GATE_UPLOAD]   = { { YES,     YES,    YES,   no,    YES },  no , no  },
	[GATE_LIST]     = { { YES,     YES,    YES,   YES,   no  },  no , no  },
	[GATE_SHOW]     = { { YES,     YES,    YES,   YES,   YES },  no , no  },
	[GATE_VIEW]     = { { YES,     YES,    YES,   no,    no  },  no , YES },
	[GATE_EXPORT]   = { { YES,     YES,    no,    no,    no  },  no , YES },
	[GATE_PREVIEW]  = { { YES,     YES,    YES,   no,    no  },  no , YES },
	[GATE_PROBE]    = { { no,      no,     no,    no,    no  },  YES, YES },
	[GATE_CUSTODY]  = { { YES,     YES,    no,    YES,   no  },  no , no  },
	[GATE_FOLLOW]   = { { YES,     YES,    YES,   YES,   own },  no , no  },
	[GATE_ENTRIES]  = { { YES,     no,     no,    YES,   no  },  no , no  },
	[GATE_TOKENS]   = { { YES,     no,     no,    no,    no  },  no , no  },
};
/* clang-format on */

_Static_assert(GATE_ADMINISTRATOR == 0 && GATE_CUSTODIAN == 1 &&
	GATE_OFFICER == 2 && GATE_AUDITOR == 3 && GATE_DEVICE == 4 &&
	GATE_ROLE_COUNT == 5,
    "the policy's columns are the roles in their order");
_Static_assert(GATE_ACT_COUNT == 11, "the policy has a row for every act");

const char *
gate_role_name(enum gate_role role)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	return role_names[role];
}

bool
gate_role_parse(const char *s, enum gate_role *out)
{
	for (size_t i = 0; i < GATE_ROLE_COUNT; i++) {
		if (strcmp(s, role_names[i]) == 0) {
			*out = (enum gate_role)i;
			return true;
		}
	}
	return false;
}

const char *
gate_act_name(enum gate_act act)
{
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return act_names[act];
}

bool
gate_role_may(enum gate_role role, enum gate_act act)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return policy[act].open[role] != no;
}

bool
gate_role_own(enum gate_role role, enum gate_act act)
{
	SP_REQUIRE((size_t)role < GATE_ROLE_COUNT);
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return policy[act].open[role] == own;
}

bool
gate_site_may(enum gate_act act)
{
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return policy[act].site;
}

bool
gate_act_recorded(enum gate_act act)
{
	SP_REQUIRE((size_t)act < GATE_ACT_COUNT);
	return policy[act].recorded;
}
