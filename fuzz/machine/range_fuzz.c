#include "machine/range.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * A set that is read can be written, and reads again as the same set; a range
 * that is read holds its own address, and its text is its text.
 */
static void
one_range(const char *s, size_t len)
{
	struct machine_range r, again;
	struct machine_ranges set = { .n = 0 };
	char text[MACHINE_RANGE_TEXT], address[MACHINE_RANGE_TEXT];

	if (!machine_range_parse(s, len, &r))
		return;
	machine_range_text(&r, text);
	SP_REQUIRE(machine_range_parse(text, strlen(text), &again));
	SP_REQUIRE(again.bits == r.bits &&
	    memcmp(again.address, r.address, sizeof(r.address)) == 0);
	SP_REQUIRE(machine_ranges_add(&set, text, strlen(text), NULL) == SP_OK);
	(void)snprintf(
	    address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	SP_REQUIRE(machine_ranges_hold(&set, address));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	SP_AUTO_BUF text = sp_buf_new(1 << 16);
	SP_AUTO_BUF again = sp_buf_new(1 << 16);
	struct machine_ranges set;

	one_range((const char *)data, len);
	sp_buf_add(&text, data, len);
	if (!sp_buf_ok(&text) ||
	    machine_ranges_parse(sp_buf_str(&text), &set, NULL) != SP_OK)
		return 0;
	machine_ranges_text(&set, &again);
	SP_REQUIRE(strcmp(sp_buf_str(&text), sp_buf_str(&again)) == 0);
	return 0;
}
