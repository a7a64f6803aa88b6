#include "base/encode.h"
#include "base/file.h"
#include "base/parse.h"
#include "crypto/provider.h"
#include "crypto/stream.h"
#include "pattern.h"

#include <fcntl.h>

/*
 * seal_vectors DIR SIZE...
 *
 * Seals a pattern of each size as DIR/SIZE.sealed under a fresh key, and says
 * the key and the associated data on a line "SIZE KEY AD", for a reader that
 * shares no code with this one.
 */
#define AD_FORMAT "sealed-stream test %" PRIu64

static enum sp_code
seal_to(int fd, const struct crypto_stream *s, const uint8_t *plain,
    uint64_t size, struct sp_err *err)
{
	static uint8_t sealed[CRYPTO_STREAM_SEGMENT];
	uint32_t n = crypto_stream_segments(size);
	uint8_t header[CRYPTO_STREAM_HEADER];

	crypto_stream_header(s, header);
	SP_TRY(sp_file_write_all(fd, header, sizeof(header), err));
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = crypto_stream_start(i);
		uint64_t len = i + 1 < n ? crypto_stream_room(i) : size - at;

		SP_TRY(crypto_stream_seal(
		    s, i, i + 1 == n, plain + at, len, sealed, err));
		SP_TRY(sp_file_write_all(
		    fd, sealed, len + CRYPTO_STREAM_TAG, err));
	}
	return SP_OK;
}

static enum sp_code
make(const char *dir, uint64_t size, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	uint8_t *plain = malloc(size + 1);
	char path[4096], ad[64], hex[2 * CRYPTO_STREAM_KEY + 1];
	enum sp_code code;
	int fd;

	SP_REQUIRE(key != NULL && plain != NULL);
	pattern(plain, size);
	(void)snprintf(path, sizeof(path), "%s/%" PRIu64 ".sealed", dir, size);
	(void)snprintf(ad, sizeof(ad), AD_FORMAT, size);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	SP_REQUIRE(fd >= 0);
	code = crypto_stream_seal_new(&s, key, ad, err);
	if (code == SP_OK)
		code = seal_to(fd, s, plain, size, err);
	sp_file_closep(&fd);
	free(plain);
	sp_hex(crypto_secret_bytes(key), CRYPTO_STREAM_KEY, hex);
	if (code == SP_OK)
		(void)printf("%" PRIu64 " %s %s\n", size, hex, ad);
	return code;
}

int
main(int argc, char **argv)
{
	struct sp_err err = { 0 };
	enum sp_code code = crypto_provider_open("", &err);

	for (int i = 2; i < argc && code == SP_OK; i++) {
		uint64_t size = 0;

		if (!sp_parse_u64(argv[i], strlen(argv[i]), 0, 1U << 30, &size))
			code = sp_fail(&err, SP_E_INVALID, "'%s'", argv[i]);
		else
			code = make(argv[1], size, &err);
	}
	if (code != SP_OK)
		(void)fprintf(stderr, "seal_vectors: %s\n", err.text);
	return code == SP_OK ? 0 : 1;
}
