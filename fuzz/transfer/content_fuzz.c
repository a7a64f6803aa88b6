#include "base/clock.h"
#include "base/json.h"
#include "transfer/content.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
range(const char *s)
{
	static const uint64_t sizes[] = { 0, 1, 10, 1048520, UINT64_MAX };

	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		uint64_t first = 0, len = 0;

		if (transfer_content_range(s, sizes[i], &first, &len) !=
		    TRANSFER_RANGE_ONE)
			continue;
		SP_REQUIRE(len > 0 && first < sizes[i]);
		SP_REQUIRE(len <= sizes[i] - first);
	}
}

static void
conditions(const char *s)
{
	char text[30];
	sp_time t;

	/* What matches strongly matches weakly. */
	if (transfer_content_etag_in(s, "\"a\"", false))
		SP_REQUIRE(transfer_content_etag_in(s, "\"a\"", true));
	if (!transfer_content_date(s, &t))
		return;
	sp_time_http(t, text);
	SP_REQUIRE(strcmp(s, text) == 0);
}

/* Names that evidence accepts never break out of their header field. */
static void
disposition(const char *s)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);
	size_t quotes = 0;

	if (!sp_utf8_ok(s, strlen(s)))
		return;
	transfer_content_disposition(s, "application/pdf", &out);
	if (!sp_buf_ok(&out))
		return;
	for (size_t i = 0; i < out.len; i++) {
		SP_REQUIRE(out.at[i] >= ' ' && out.at[i] < 0x7f);
		quotes += out.at[i] == '"';
	}
	SP_REQUIRE(quotes == 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	SP_REQUIRE(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	range(s);
	conditions(s);
	disposition(s);
	free(s);
	return 0;
}
