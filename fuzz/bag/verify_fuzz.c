#include "bag/verify.h"
#include "crypto/provider.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any bytes as an archive: zip and tar, their directory and headers, paths,
 * manifests, bag-info.  What is taken for good has been counted. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool open;
	struct bag_verify_options o = { .from = { NULL, data, len } };
	struct bag_verify_report r;
	struct sp_err err;
	enum sp_code code;

	if (!open) {
		SP_REQUIRE(crypto_provider_open("", &err) == SP_OK);
		open = true;
	}
	code = bag_verify(&o, &r, &err);
	SP_REQUIRE(memchr(r.place.at, '\0', sizeof(r.place.at)) != NULL);
	if (code == SP_OK) {
		SP_REQUIRE(r.items > 0 && r.entries >= r.items);
		SP_REQUIRE(r.proofs == r.entries && r.place.at[0] == '\0');
	} else {
		SP_REQUIRE(code == SP_E_CORRUPT || code == SP_E_LIMIT);
	}
	return 0;
}
