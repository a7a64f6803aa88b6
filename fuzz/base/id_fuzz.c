#include "base/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is the one way to write that id. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[SP_ID_TEXT];
	struct sp_id id;

	if (!sp_id_parse((const char *)data, size, &id))
		return 0;
	sp_id_text(&id, text);
	SP_REQUIRE(size == SP_ID_TEXT - 1 && memcmp(text, data, size) == 0);
	return 0;
}
