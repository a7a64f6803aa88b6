#include "grants/tick.h"

#include "gate/ongoing.h"
#include "grants/guest.h"
#include "grants/lockbox.h"
#include "grants/share.h"
#include "grants/visit.h"

#include <string.h>

static const struct grants_twin_kind *const kind_list[] = {
	&grants_group_kind,
	&grants_share_kind,
};
static const struct grants_twin_kinds kinds = { kind_list,
	SP_COUNTOF(kind_list) };

static void
tick(void *arg, struct evidence_room *room)
{
	struct evidence_site *site = arg;

	grants_twin_settle(site, room, &kinds);
	grants_group_go_on(site, room);
	grants_share_go_on(site, room);
	grants_lockbox_tick(site, room);
}

#define GUESTS (sizeof(struct gate_cleared) * (UINT64_C(1) << 20))

static enum sp_code
judge(struct evidence_site *site, const struct gate_cleared *c,
    enum gate_clearance *out, struct sp_err *err)
{
	struct evidence_room *home, *room;

	SP_TRY(evidence_site_room_of(site, &c->home, &home, err));
	SP_TRY(evidence_site_room_of(site, &c->agency, &room, err));
	return strcmp(c->by, "lockbox") == 0
	    ? grants_guest_clearance(home, room, &c->person, out, err)
	    : grants_visit_clearance(home, room, &c->person, out, err);
}

/* What cannot be read now is looked at again at the next tick. */
static void
review_guests(struct evidence_site *site)
{
	SP_AUTO_BUF all = sp_buf_new(GUESTS);

	gate_ongoing_cleared(NULL, &all);
	for (size_t at = 0; at < all.len; at += sizeof(struct gate_cleared)) {
		enum gate_clearance now = GATE_CLEARANCE_OK;
		struct gate_cleared c;
		enum sp_code code;

		memcpy(&c, all.at + at, sizeof(c));
		if (c.by == NULL)
			continue;
		code = judge(site, &c, &now, NULL);
		if (code == SP_E_UNKNOWN ||
		    (code == SP_OK && now != GATE_CLEARANCE_OK))
			gate_ongoing_cut(&c.person);
	}
}

void
grants_tick(struct evidence_site *site)
{
	evidence_site_each_room(site, tick, site);
	review_guests(site);
}
