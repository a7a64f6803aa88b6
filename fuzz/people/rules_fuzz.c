#include "people/rules.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
stricter_or_equal(const struct people_rules *base, const struct people_rules *r)
{
	/* Two that have a direction, one each way. */
	return people_rules_get(r, PEOPLE_SESSION_LOCK) <=
	    people_rules_get(base, PEOPLE_SESSION_LOCK) &&
	    people_rules_get(r, PEOPLE_PASSWORD_LENGTH) >=
	    people_rules_get(base, PEOPLE_PASSWORD_LENGTH);
}

/* As an overlay, and as a whole file: what is taken is never weaker, its days
 * begin where they should, and nothing is set when it is refused. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct people_rules *base;
	struct people_rules_place at = {
		.state = "FL", .slug = "harbor-pd", .dirfd = -1
	};
	struct crypto_piece text = { data, len };
	PEOPLE_AUTO_RULES over = NULL;
	PEOPLE_AUTO_RULES whole = NULL;
	struct sp_err err;
	bool applies = false;

	if (base == NULL)
		SP_REQUIRE(people_rules_default(&base, "FL", &err) == SP_OK);
	if (people_rules_parse(&over, base, &at, text, &applies, &err) ==
		SP_OK &&
	    applies) {
		SP_REQUIRE(stricter_or_equal(base, over));
		for (people_day d = 20000; d < 20400; d += 7) {
			sp_time t = people_day_begins(over, d);

			SP_REQUIRE(people_day_of(over, t) == d);
		}
	} else {
		SP_REQUIRE(over == NULL);
	}
	if (people_rules_parse(&whole, NULL, &at, text, &applies, &err) !=
	    SP_OK)
		SP_REQUIRE(whole == NULL);
	return 0;
}
