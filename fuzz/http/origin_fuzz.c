#include "http/origin.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is taken for an origin is one, however often it is read. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_origins site = { .n = 0 };
	struct http_origin o, again;
	char text[1024];

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, data, len);
	text[len] = '\0';
	if (!http_origin_parse(text, &o))
		return 0;
	SP_REQUIRE(strncmp(o.text, "https://", 8) == 0);
	SP_REQUIRE(http_origin_parse(o.text + 8, &again));
	SP_REQUIRE(strcmp(o.text, again.text) == 0);
	SP_REQUIRE(strcmp(o.host, again.host) == 0);
	SP_REQUIRE(http_origins_add(&site, o.text, NULL) == SP_OK);
	SP_REQUIRE(http_origins_find(&site, text, &again, NULL) == SP_OK);
	return 0;
}
