#include "base/json.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hostile text in a string: another's parser gives exactly it back, or it was
 * not UTF-8 and nothing was written. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_AUTO_BUF b = sp_buf_new(64 + 8 * size);
	struct sp_json j = sp_json_to(&b);
	const json_t *s;
	json_t *read;

	sp_json_object(&j, NULL);
	sp_json_array(&j, "a");
	sp_json_strn(&j, NULL, (const char *)data, size);
	sp_json_hex(&j, NULL, data, size);
	sp_json_end(&j);
	sp_json_end(&j);
	SP_REQUIRE(sp_buf_ok(&b) == sp_utf8_ok(data, size));
	if (!sp_buf_ok(&b))
		return 0;
	read = json_loadb((const char *)b.at, b.len, 0, NULL);
	s = json_array_get(json_object_get(read, "a"), 0);
	SP_REQUIRE(s != NULL && json_string_length(s) == size);
	SP_REQUIRE(memcmp(json_string_value(s), data, size) == 0);
	json_decref(read);
	return 0;
}
