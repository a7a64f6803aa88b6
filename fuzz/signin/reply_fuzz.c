#include "signin/passkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
take(const uint8_t *data, size_t len, bool registration)
{
	struct signin_passkey_reply r;

	if (signin_passkey_reply_parse(data, len, registration, &r, NULL) !=
	    SP_OK)
		return;
	SP_REQUIRE(r.id.len > 0 && r.id.len <= SIGNIN_PASSKEY_ID_MAX);
	SP_REQUIRE(r.client.len > 0);
	SP_REQUIRE(registration == (r.attestation.len > 0));
	SP_REQUIRE(registration == (r.signature.len == 0));
	signin_passkey_reply_done(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	take(data, len, false);
	take(data, len, true);
	return 0;
}
