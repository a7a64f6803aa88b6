#include "gate/text.h"

#include "base/encode.h"
#include "crypto/provider.h"
#include "tap.h"

#include <string.h>

static const char *const prefix[] = {
#define X(id, text) [id] = (text),
	GATE_TEXTS(X)
#undef X
};

static void
each_kind_is_told_by_its_letters(void)
{
	struct sp_id agency = sp_id_new(), other = sp_id_new();

	for (unsigned k = 0; k < GATE_TEXT_COUNT; k++) {
		char text[GATE_TEXT_MAX], again[GATE_TEXT_MAX];
		enum gate_text kind = GATE_TEXT_COUNT;
		struct sp_id of = { .b = { 0 } };

		gate_text_make((enum gate_text)k, &agency, text);
		gate_text_make((enum gate_text)k, &agency, again);
		CHECK(strcmp(text, again) != 0);
		CHECK(strncmp(text, prefix[k], 4) == 0);
		CHECK(gate_text_parse(text, &kind, &of));
		CHECK(kind == (enum gate_text)k && sp_id_equal(&of, &agency));
		for (unsigned i = 0; i < GATE_TEXT_COUNT; i++) {
			CHECK(gate_text_is(text, (enum gate_text)i, &agency) ==
			    (i == k));
			CHECK(!gate_text_is(text, (enum gate_text)i, &other));
		}
	}
}

/* Property: no change of length and no other byte makes a text of a text but
 * one of another kind, agency or secret. */
static void
there_is_one_text_of_what_it_says(void)
{
	struct sp_id agency = sp_id_new(), of;
	char text[GATE_TEXT_MAX], harmed[GATE_TEXT_MAX + 2];
	enum gate_text kind;
	size_t len;

	gate_text_make(GATE_TEXT_ACCESS, &agency, text);
	len = strlen(text);
	for (size_t n = 0; n < len; n++) {
		memcpy(harmed, text, n);
		harmed[n] = '\0';
		CHECK(!gate_text_parse(harmed, &kind, &of));
	}
	(void)snprintf(harmed, sizeof(harmed), "%sA", text);
	CHECK(!gate_text_parse(harmed, &kind, &of));
	for (size_t n = 0; n < len; n++) {
		static const char bad[] = "=+/ \n.\x80";

		for (const char *c = bad; *c != '\0'; c++) {
			memcpy(harmed, text, len + 1);
			harmed[n] = *c;
			CHECK(!gate_text_parse(harmed, &kind, &of));
		}
	}
	memcpy(harmed, text, len + 1);
	harmed[2] = 'z'; /* no such kind */
	CHECK(!gate_text_parse(harmed, &kind, &of));
	memcpy(harmed, text, len + 1);
	harmed[26] = '-';
	CHECK(!gate_text_parse(harmed, &kind, &of));
}

static void
the_hash_is_of_the_whole_text(void)
{
	static const char text[] =
	    "spt_AAAAAAAAAAAAAAAAAAAAAA_"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	uint8_t hash[CRYPTO_SHA256_LEN], want[CRYPTO_SHA256_LEN];

	gate_text_hash(text, hash);
	crypto_sha256(text, sizeof(text) - 1, want);
	CHECK(memcmp(hash, want, sizeof(want)) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "each kind is told by its letters",
		    each_kind_is_told_by_its_letters },
		{ "there is one text of what it says",
		    there_is_one_text_of_what_it_says },
		{ "the hash is of the whole text",
		    the_hash_is_of_the_whole_text },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
