#include "base/encode.h"
#include "gate/token.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A text that is taken for a token's is the only text of what it says. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[2 * GATE_TOKEN_TEXT], again[2 * GATE_TOKEN_TEXT];
	uint8_t secret[48];
	size_t secret_len = sizeof(secret);
	struct sp_id agency;

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, data, len);
	text[len] = '\0';
	if (!gate_token_parse(text, &agency))
		return 0;
	SP_REQUIRE(sp_base64url_parse(text + 27, 43, secret, &secret_len));
	SP_REQUIRE(secret_len == 32);
	memcpy(again, "spt_", 4);
	sp_base64url(agency.b, SP_ID_LEN, again + 4);
	again[26] = '_';
	sp_base64url(secret, secret_len, again + 27);
	SP_REQUIRE(strcmp(text, again) == 0);
	return 0;
}
