#include "entrance/token.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const sp_time now = INT64_C(1790000000) * SP_SECOND;
	struct entrance_token_wish w;
	char *s = malloc(size + 1);

	SP_REQUIRE(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	if (entrance_token_wish(s, size, now, &w, NULL) == SP_OK)
		SP_REQUIRE(w.role < GATE_ROLE_COUNT &&
		    memchr(w.label, '\0', sizeof(w.label)) != NULL);
	free(s);
	return 0;
}
