#include "api/log.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is the one spelling of its index and width. */
static void
tile_index(const char *s)
{
	SP_AUTO_BUF text = sp_buf_new(100), all = sp_buf_new(200);
	uint64_t index = 0;
	unsigned width = 0;

	if (!api_log_tile_index(s, &index, &width))
		return;
	SP_REQUIRE(width >= 1 && width <= 256);
	/* The last group stands alone; each before it has an 'x'. */
	sp_buf_fmt(&text, "%03u", (unsigned)(index % 1000));
	for (uint64_t n = index / 1000; n > 0; n /= 1000) {
		sp_buf_clear(&all);
		sp_buf_fmt(
		    &all, "x%03u/%s", (unsigned)(n % 1000), sp_buf_str(&text));
		sp_buf_clear(&text);
		sp_buf_text(&text, sp_buf_str(&all));
	}
	if (width < 256)
		sp_buf_fmt(&text, ".p/%u", width);
	SP_REQUIRE(sp_buf_ok(&text));
	SP_REQUIRE(strcmp(sp_buf_str(&text), s) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	SP_REQUIRE(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	tile_index(s);
	free(s);
	return 0;
}
