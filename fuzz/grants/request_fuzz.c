#include "grants/request.h"

#include <jansson.h>
#include <string.h>

/* POST lockbox: whatever is taken is within its limits; and a request that is
 * read back from a row is written again as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_wish(const json_t *in)
{
	static struct grants_request r;
	char slug[SP_SLUG_MAX + 1];

	if (grants_request_read(in, slug, &r, NULL) != SP_OK)
		return;
	SP_REQUIRE((r.n == 0) == (r.category[0] != '\0'));
	SP_REQUIRE(r.n <= GRANTS_REQUEST_ITEMS);
	SP_REQUIRE(strlen(r.why) >= GRANTS_REQUEST_WHY_MIN);
	SP_REQUIRE(r.ticket[0] != '\0' && slug[0] != '\0');
	SP_REQUIRE(r.minutes >= 0 && r.minutes <= 43200);
	for (size_t i = 0; i < r.n; i++)
		SP_REQUIRE(grants_request_covers(&r, &r.item[i], "", 0, 0));
}

static void
try_row(const char *text)
{
	static struct grants_request r, back;
	SP_AUTO_BUF one = sp_buf_new(1 << 17);
	SP_AUTO_BUF two = sp_buf_new(1 << 17);
	struct sp_json j = sp_json_to(&one), k = sp_json_to(&two);

	if (grants_request_from(text, &r, NULL) != SP_OK)
		return;
	grants_request_put(&j, NULL, &r);
	SP_REQUIRE(sp_buf_ok(&one));
	SP_REQUIRE(grants_request_from(sp_buf_str(&one), &back, NULL) == SP_OK);
	grants_request_put(&k, NULL, &back);
	SP_REQUIRE(strcmp(sp_buf_str(&one), sp_buf_str(&two)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_AUTO_BUF text = sp_buf_new(1 << 16);
	json_auto_t *in =
	    json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (in != NULL)
		try_wish(in);
	sp_buf_add(&text, data, size);
	if (sp_buf_ok(&text))
		try_row(sp_buf_str(&text));
	return 0;
}
