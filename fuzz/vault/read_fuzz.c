#include "crypto/provider.h"
#include "vault/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A hostile disk and a hostile record: an object's file, its recorded size, an
 * upload's tail and offset.  The fuzzer has the key (a fixed one): where its
 * header is one, the rest of its bytes is sealed under it, as the vault would
 * have, and must then be read as what it was, in whatever pieces.
 */
#define BODY_MAX ((size_t)1 << 16)

static struct vault_object object;

static void
setup(void)
{
	static const uint8_t fixed[CRYPTO_STREAM_KEY] = { 1, 2, 3 };

	SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	SP_REQUIRE(vault_pool_new(&object.pool, 4, 1, NULL) == SP_OK);
	object.key = crypto_secret_from(fixed, sizeof(fixed));
	SP_REQUIRE(object.key != NULL);
}

/* Put a file into a store, in pieces as the vault writes. */
static void
put(enum vault_place place, const uint8_t *bytes, size_t len)
{
	const struct vault_store_ops *ops = object.store->ops;
	uint8_t *buf = vault_pool_take(object.pool);
	struct vault_part part = { buf, len };
	struct vault_file *f;

	memcpy(buf, bytes, len);
	SP_REQUIRE(ops->create(object.store, &object.id, &f, NULL) == SP_OK);
	if (len > 0)
		SP_REQUIRE(ops->write(f, 0, &part, 1, NULL) == SP_OK);
	ops->close(f);
	if (place == VAULT_KEPT)
		SP_REQUIRE(
		    ops->move(object.store, &object.id, place, NULL) == SP_OK);
	vault_pool_give(object.pool, buf, len);
}

static bool
reads_as(uint64_t size, const uint8_t *plain, size_t step)
{
	VAULT_AUTO_READ r = NULL;
	uint8_t got[257];

	if (vault_read_open(&r, &object, size, NULL) != SP_OK)
		return false;
	for (uint64_t at = 0; at < size; at += step) {
		size_t n = size - at < step ? (size_t)(size - at) : step;

		if (vault_read_at(r, at, got, n, NULL) != SP_OK)
			return false;
		SP_REQUIRE(plain == NULL || memcmp(got, plain + at, n) == 0);
	}
	return true;
}

static void
with_store(void (*run)(const uint8_t *data, size_t size, uint64_t number),
    const uint8_t *data, size_t size, uint64_t number)
{
	object.store = vault_store_new_mem();
	SP_REQUIRE(object.store != NULL);
	run(data, size, number);
	vault_store_free(object.store);
}

/* As it is: nobody could have made it without the key. */
static void
hostile(const uint8_t *data, size_t len, uint64_t offset)
{
	VAULT_AUTO_READ r = NULL;
	VAULT_AUTO_SEAL s = NULL;
	struct vault_seal_state st = { offset, data, len, NULL };

	put(VAULT_KEPT, data, len);
	SP_REQUIRE(!reads_as(offset, NULL, 257) || len >= 56);
	put(VAULT_STAGED, data, len);
	SP_IGNORE(vault_read_open_staged(&r, &object, offset, data, len, NULL));
	SP_REQUIRE(r == NULL || vault_read_size(r) == offset);
	SP_IGNORE(vault_seal_resume(&s, &object, &st, NULL));
	SP_REQUIRE(s == NULL || vault_seal_offset(s) == offset);
}

/* The same bytes as an object that the vault made under that header. */
static void
genuine(const uint8_t *data, size_t size, uint64_t number)
{
	CRYPTO_AUTO_STREAM stream = NULL;
	char ad[VAULT_OBJECT_AD];
	size_t len = size - CRYPTO_STREAM_HEADER;
	uint8_t *file;

	vault_object_ad(&object, ad);
	if (crypto_stream_open(&stream, object.key, ad, data, NULL) != SP_OK)
		return;
	file = malloc(size + CRYPTO_STREAM_TAG);
	SP_REQUIRE(file != NULL);
	memcpy(file, data, CRYPTO_STREAM_HEADER);
	SP_REQUIRE(
	    crypto_stream_seal(stream, 0, true, data + CRYPTO_STREAM_HEADER,
		len, file + CRYPTO_STREAM_HEADER, NULL) == SP_OK);
	put(VAULT_KEPT, file, size + CRYPTO_STREAM_TAG);
	SP_REQUIRE(reads_as(
	    len, data + CRYPTO_STREAM_HEADER, 1 + (size_t)number % 257));
	free(file);
}

static void
tail(const uint8_t *data, size_t size, uint64_t number)
{
	SP_AUTO_BUF sealed = sp_buf_new(VAULT_TAIL_MAX);
	struct vault_tail t = { .offset = number };
	uint8_t *out = malloc(size);

	SP_REQUIRE(out != NULL);
	SP_REQUIRE(vault_object_tail_seal(
		       &object, number, data, size, &sealed, NULL) == SP_OK);
	t.sealed = sealed.at;
	t.len = sealed.len;
	SP_REQUIRE(
	    vault_object_tail_open(&object, &t, out, size, NULL) == SP_OK);
	SP_REQUIRE(memcmp(out, data, size) == 0);
	t.offset++;
	SP_REQUIRE(vault_object_tail_open(&object, &t, out, size, NULL) ==
	    SP_E_CORRUPT);
	t = (struct vault_tail){ number, data, size };
	SP_REQUIRE(vault_object_tail_open(&object, &t, out, size, NULL) ==
	    SP_E_CORRUPT);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t number;

	if (object.key == NULL)
		setup();
	if (size < sizeof(number) || size > BODY_MAX)
		return 0;
	memcpy(&number, data, sizeof(number));
	data += sizeof(number);
	size -= sizeof(number);
	with_store(hostile, data, size, number);
	with_store(hostile, data, size,
	    size < 56 ? size : size - CRYPTO_STREAM_HEADER - CRYPTO_STREAM_TAG);
	if (size >= CRYPTO_STREAM_HEADER)
		with_store(genuine, data, size, number);
	if (size > 0)
		tail(data, size, number);
	return 0;
}
