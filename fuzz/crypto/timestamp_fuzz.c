#include "crypto/provider.h"
#include "crypto/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hostile answer of a time authority.  The corpus' first is a good one, to
 * this wish, under this CA (timestamp_test.c writes both); what passes must
 * pass again out of the token that is kept. */
static const char ca[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBXzCCAQSgAwIBAgIFAP6RnqAwCgYIKoZIzj0EAwIwJDEiMCAGA1UEAwwZVGVz\n"
    "dCB0aW1lIHJvb3QgMzM1MzUwNjg4MzAeFw0yNjExMTEyMjE1MzlaFw0yNjEyMDEy\n"
    "MjE1MzlaMCQxIjAgBgNVBAMMGVRlc3QgdGltZSByb290IDMzNTM1MDY4ODMwWTAT\n"
    "BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQmIsG9ApSdL4riP4EQcTibbZ/pLwVBr/L0\n"
    "eaeqam6vjaVmKfPA7tdyvaGR8DOFLvstJjo1DjcVvXPcchNSF3VVoyMwITAPBgNV\n"
    "HRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNJADBGAiEA\n"
    "h0+Tam3kplUEthK+n9PgkEzOOqp63EBdzVSuGH2+/sgCIQCg8q92OPy+zAiJNzIT\n"
    "b73ofKbriB19ANv/cEzBJexjAA==\n"
    "-----END CERTIFICATE-----\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;
	struct crypto_timestamp_wish w = { .nonce = 4711, .ca = ca };
	SP_AUTO_BUF token = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF again = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX + 64);
	sp_time time = 0, second = 0;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	crypto_sha256("fuzz", 4, w.sha256);
	if (crypto_timestamp_check(data, size, &w, &time, &token, NULL) !=
	    SP_OK) {
		SP_REQUIRE(token.len == 0 && time == 0);
		return 0;
	}
	crypto_timestamp_reply(token.at, token.len, &reply);
	w.nonce = 0;
	SP_REQUIRE(crypto_timestamp_check(reply.at, reply.len, &w, &second,
		       &again, NULL) == SP_OK);
	SP_REQUIRE(second == time && again.len == token.len);
	return 0;
}
