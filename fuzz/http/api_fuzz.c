#include "http/api.h"

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

	if (!http_api_tile_index(s, &index, &width))
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
	const sp_time now = INT64_C(1790000000) * SP_SECOND;
	struct http_token_wish w;
	char *s = malloc(size + 1);

	SP_REQUIRE(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	tile_index(s);
	if (http_api_token_wish(s, size, now, &w, NULL) == SP_OK)
		SP_REQUIRE(w.role < GATE_ROLE_COUNT &&
		    memchr(w.label, '\0', sizeof(w.label)) != NULL);
	free(s);
	return 0;
}
