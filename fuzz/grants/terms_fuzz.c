#include "base/base.h"
#include "grants/terms.h"

#include <jansson.h>
#include <string.h>

/* POST shares: whatever is taken is within its limits; and terms that are read
 * come back as they were written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_wish(const json_t *in)
{
	GRANTS_AUTO_WISH w = { .timed = false };

	if (grants_terms_wish(in, 1, &w, NULL) != SP_OK)
		return;
	SP_REQUIRE((w.terms.n == 0) == (w.terms.category[0] != '\0'));
	SP_REQUIRE(w.terms.n <= GRANTS_ITEMS && w.terms.reason[0] != '\0');
	for (size_t i = 0; i < w.terms.n; i++)
		SP_REQUIRE(grants_terms_covers(&w.terms, &w.terms.item[i], ""));
}

static void
try_terms(const json_t *in)
{
	GRANTS_AUTO_TERMS t = { .n = 0 };
	GRANTS_AUTO_TERMS back = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(GRANTS_TERMS_MAX);
	SP_AUTO_BUF again = sp_buf_new(GRANTS_TERMS_MAX);
	struct sp_json j = sp_json_to(&text), k = sp_json_to(&again);
	json_auto_t *read = NULL;

	if (grants_terms_read(in, &t, NULL) != SP_OK)
		return;
	grants_terms_put(&j, NULL, &t);
	SP_REQUIRE(sp_buf_ok(&text));
	read = json_loads(sp_buf_str(&text), 0, NULL);
	SP_REQUIRE(read != NULL);
	SP_REQUIRE(grants_terms_read(read, &back, NULL) == SP_OK);
	grants_terms_put(&k, NULL, &back);
	SP_REQUIRE(strcmp(sp_buf_str(&text), sp_buf_str(&again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *in =
	    json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (in != NULL) {
		try_wish(in);
		try_terms(in);
	}
	return 0;
}
