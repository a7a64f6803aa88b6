#include "witness/request.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is the one way to write it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	SP_AUTO_BUF again = sp_buf_new((size_t)2 * WITNESS_REQUEST_MAX);
	struct witness_request rq;
	enum sp_code code = witness_request_parse(s, size, &rq, NULL);

	SP_REQUIRE(code == SP_OK || code == SP_E_INVALID);
	if (code != SP_OK)
		return 0;
	SP_REQUIRE(rq.note > s && rq.note + rq.note_len == s + size);
	witness_request_text(&rq, &again);
	SP_REQUIRE(again.len == size && memcmp(again.at, s, size) == 0);
	return 0;
}
