#include "base/encode.h"
#include "transfer/tus.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write the pair again as it must have come. */
static enum sp_code
again(void *arg, const char *name, const void *value, size_t len,
    struct sp_err *err)
{
	struct sp_buf *out = arg;

	(void)err;
	SP_REQUIRE(len <= TRANSFER_TUS_VALUE_MAX && strlen(name) > 0);
	if (out->len > 0)
		sp_buf_u8(out, ',');
	sp_buf_text(out, name);
	sp_buf_u8(out, ' ');
	sp_buf_base64(out, value, len);
	return SP_OK;
}

/* What is accepted is the one way to write it, but for values left out. */
static void
metadata(const char *s)
{
	SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);

	if (transfer_tus_metadata(s, again, &out, NULL) != SP_OK)
		return;
	SP_REQUIRE(sp_buf_ok(&out) && out.len >= strlen(s));
	for (size_t i = 0, j = 0; s[i] != '\0'; i++, j++) {
		if (s[i] == ',' && out.at[j] == ' ')
			j++;
		SP_REQUIRE((char)out.at[j] == s[i]);
	}
}

static void
checksum(const char *s)
{
	SP_AUTO_BUF out = sp_buf_new(1000);
	enum crypto_digest_kind kind = CRYPTO_SHA512;
	uint8_t sum[CRYPTO_DIGEST_MAX];

	if (transfer_tus_checksum(s, &kind, sum, NULL) != SP_OK)
		return;
	sp_buf_fmt(&out, "%s ", crypto_digest_name(kind));
	sp_buf_base64(&out, sum, crypto_digest_len(kind));
	SP_REQUIRE(strcmp(sp_buf_str(&out), s) == 0);
}

static void
parts(const char *s)
{
	struct sp_id part[4];
	size_t n = 0;

	if (transfer_tus_parts(s, "a-pd", part, SP_COUNTOF(part), &n, NULL) ==
	    SP_OK)
		SP_REQUIRE(n >= 1 && n <= SP_COUNTOF(part));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	SP_REQUIRE(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	metadata(s);
	checksum(s);
	parts(s);
	free(s);
	return 0;
}
