#include "edge/quota.h"

#include "tap.h"

#include <stdio.h>

static void
in_all_and_of_an_address(void)
{
	struct edge_quota *q = edge_quota_new(3, 2);

	CHECK(edge_quota_has(q, "192.0.2.1"));
	CHECK(edge_quota_take(q, "192.0.2.1"));
	CHECK(edge_quota_has(q, "192.0.2.1"));
	CHECK(edge_quota_take(q, "192.0.2.1"));
	CHECK(!edge_quota_has(q, "192.0.2.1"));
	CHECK(edge_quota_has(q, "192.0.2.2") && edge_quota_has(q, ""));
	CHECK(edge_quota_take(q, "192.0.2.2"));
	CHECK(!edge_quota_has(q, "192.0.2.2") && !edge_quota_has(q, "::1"));
	CHECK(edge_quota_taken(q) == 3);
	edge_quota_give(q, "192.0.2.1");
	CHECK(edge_quota_has(q, "192.0.2.1") && edge_quota_has(q, "::1"));
	edge_quota_give(q, "192.0.2.2");
	edge_quota_give(q, "192.0.2.1");
	CHECK(edge_quota_taken(q) == 0);
	edge_quota_free(q);
	edge_quota_free(NULL);
}

/* More addresses than there are buckets; each keeps its own count. */
static void
many_addresses(void)
{
	enum { MANY = 5000 };
	struct edge_quota *q = edge_quota_new(3 * MANY, 2);
	char address[40];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(
			    address, sizeof(address), "2001:db8::%x", i);
			CHECK(edge_quota_has(q, address));
			CHECK(edge_quota_take(q, address));
			CHECK(edge_quota_has(q, address) == (round == 0));
		}
	}
	for (int i = 0; i < MANY; i += 2) {
		(void)snprintf(address, sizeof(address), "2001:db8::%x", i);
		edge_quota_give(q, address);
		CHECK(edge_quota_has(q, address));
	}
	CHECK(!edge_quota_has(q, "2001:db8::1"));
	CHECK(edge_quota_taken(q) == 3 * MANY / 2);
	edge_quota_free(q); /* with places still taken */
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "in all, and of an address", in_all_and_of_an_address },
		{ "many addresses", many_addresses },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
