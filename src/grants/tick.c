#include "grants/tick.h"

#include "grants/lockbox.h"
#include "grants/share.h"

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

void
grants_tick(struct evidence_site *site)
{
	evidence_site_each_room(site, tick, site);
}
