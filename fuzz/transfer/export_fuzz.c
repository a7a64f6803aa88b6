#include "transfer/export.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transfer_export_wish w = { .n = 0 };

	if (transfer_export_wish_read(data, size, &w, NULL) == SP_OK)
		SP_REQUIRE(w.n >= 1 && w.n <= BAG_EXPORT_ITEMS);
	else
		SP_REQUIRE(w.id == NULL);
	free(w.id);
	return 0;
}
