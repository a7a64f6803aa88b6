#include "evidence/room_part.h"
#include "gate/ongoing.h"

#include <string.h>

/*
 * Time takes clearance away without anybody's act: a training lapses at the
 * agency's midnight, an agreement ends.  The next request is refused by itself;
 * what was begun before is looked at here, some people at a tick.
 */
#define AT_ONCE 256 /* people looked at in one tick */
#define MOST    (sizeof(struct gate_cleared) * (UINT64_C(1) << 20))

static bool
is_cleared(struct evidence_room *r, const struct sp_id *person)
{
	struct gate_caller who = { .agency = evidence_room_agency(r)->id };
	DB_LENT(reader, evidence_room_readers(r));
	enum sp_code code = gate_caller_person(
	    reader.db, evidence_room_rules(r), person, &who, NULL);

	/* What cannot be read now is looked at again at the next tick. */
	return code == SP_OK ? who.is.clearance == GATE_CLEARANCE_OK
			     : code != SP_E_UNKNOWN;
}

void
evidence_room_review(struct evidence_room *r, struct sp_id *after)
{
	SP_AUTO_BUF all = sp_buf_new(MOST);
	size_t looked = 0;

	gate_ongoing_cleared(&evidence_room_agency(r)->id, &all);
	for (size_t at = 0; at < all.len; at += sizeof(struct gate_cleared)) {
		struct gate_cleared c;

		memcpy(&c, all.at + at, sizeof(c));
		/* Guests are judged by two houses' rules: not here. */
		if (c.by != NULL || memcmp(&c.person, after, SP_ID_LEN) <= 0)
			continue;
		*after = c.person;
		if (!is_cleared(r, &c.person))
			evidence_room_cut(r, &c.person);
		if (++looked == AT_ONCE)
			return;
	}
	*after = (struct sp_id){ .b = { 0 } };
}
