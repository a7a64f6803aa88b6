#include "api/routes.h"
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
decode(const char *s, size_t len)
{
	char *out = malloc(len + 1);

	SP_REQUIRE(out != NULL);
	if (http_percent_decode(s, len, out))
		SP_REQUIRE(strlen(out) <= len);
	free(out);
}

/* The first byte is the method, the rest is the path. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_match m;
	char *s;

	if (size == 0)
		return 0;
	s = malloc(size);
	SP_REQUIRE(s != NULL);
	memcpy(s, data + 1, size - 1);
	s[size - 1] = '\0';
	decode(s, size - 1);
	if (http_router_match(&m, &api_routes,
		(enum http_method)(data[0] % (HTTP_METHOD_COUNT + 1)), s,
		NULL) == SP_OK) {
		SP_REQUIRE(m.route != NULL && m.path != NULL);
		SP_REQUIRE((m.methods & 1U << m.route->method) != 0);
		for (size_t i = 0; i < m.params; i++)
			SP_REQUIRE(m.param[i].value >= m.text &&
			    m.param[i].value < m.text + sizeof(m.text));
	}
	free(s);
	return 0;
}
