#ifndef PERSON_FIXTURE_H
#define PERSON_FIXTURE_H

#include "people_fixture.h"

/* The agency of people_fixture.h, and who acts in it. */
static struct people_fixture f;

#define HOUR (3600 * SP_SECOND)

static inline void
act_as(const struct sp_id *person)
{
	f.by.kind = "person";
	f.by.id = f.by.person = *person;
	f.by.address = "192.0.2.7";
	f.by.source = "api";
}

static inline void
act_as_site(void)
{
	f.by = people_by_site(&f.by.agency);
}

#endif
