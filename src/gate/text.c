#include "gate/text.h"

#include "base/encode.h"
#include "crypto/secret.h"

#include <string.h>

#define PREFIX_LEN 4
#define AGENCY_LEN 22
#define RANDOM_LEN 43
#define RANDOM     32
#define TEXT_LEN   (PREFIX_LEN + AGENCY_LEN + 1 + RANDOM_LEN)

_Static_assert(TEXT_LEN < GATE_TEXT_MAX, "the text and its NUL fit");

#define X(id, prefix) [id] = (prefix),
static const char *const prefixes[] = { GATE_TEXTS(X) };
#undef X

void
gate_text_make(enum gate_text kind, const struct sp_id *agency,
    char text[static GATE_TEXT_MAX])
{
	uint8_t random[RANDOM];
	CRYPTO_WIPE_ON_EXIT(random);

	SP_REQUIRE((size_t)kind < GATE_TEXT_COUNT);
	crypto_random(random, sizeof(random));
	memcpy(text, prefixes[kind], PREFIX_LEN);
	sp_base64url(agency->b, SP_ID_LEN, text + PREFIX_LEN);
	text[PREFIX_LEN + AGENCY_LEN] = '_';
	sp_base64url(
	    random, sizeof(random), text + PREFIX_LEN + AGENCY_LEN + 1);
	SP_REQUIRE(strlen(text) == TEXT_LEN);
}

static bool
parse_prefix(const char *text, enum gate_text *kind)
{
	for (unsigned i = 0; i < GATE_TEXT_COUNT; i++) {
		if (memcmp(text, prefixes[i], PREFIX_LEN) == 0) {
			*kind = (enum gate_text)i;
			return true;
		}
	}
	return false;
}

bool
gate_text_parse(const char *text, enum gate_text *kind, struct sp_id *agency)
{
	uint8_t bytes[RANDOM];
	CRYPTO_WIPE_ON_EXIT(bytes);
	struct sp_id id;
	enum gate_text of;
	size_t id_len = sizeof(id.b), len = sizeof(bytes);
	const char *random;

	if (strnlen(text, TEXT_LEN + 1) != TEXT_LEN || !parse_prefix(text, &of))
		return false;
	random = text + PREFIX_LEN + AGENCY_LEN + 1;
	if (random[-1] != '_')
		return false;
	if (!sp_base64url_parse(text + PREFIX_LEN, AGENCY_LEN, id.b, &id_len) ||
	    id_len != SP_ID_LEN)
		return false;
	if (!sp_base64url_parse(random, RANDOM_LEN, bytes, &len) ||
	    len != RANDOM)
		return false;
	*kind = of;
	*agency = id;
	return true;
}

bool
gate_text_is(const char *text, enum gate_text kind, const struct sp_id *agency)
{
	enum gate_text of;
	struct sp_id whose;

	return gate_text_parse(text, &of, &whose) && of == kind &&
	    sp_id_equal(&whose, agency);
}

void
gate_text_hash(const char *text, uint8_t out[static CRYPTO_SHA256_LEN])
{
	crypto_sha256(text, strlen(text), out);
}
