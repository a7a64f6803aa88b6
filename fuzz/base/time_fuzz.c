#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is a moment that can be written and read again. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[SP_TIME_TEXT], http[30];
	sp_time t = -7;
	sp_time again = -7;

	if (!sp_time_parse((const char *)data, size, &t)) {
		SP_REQUIRE(t == -7);
		return 0;
	}
	SP_REQUIRE(t >= 0 && t <= SP_TIME_MAX);
	sp_time_text(t, text);
	sp_time_http(t, http);
	SP_REQUIRE(strlen(text) == SP_TIME_TEXT - 1);
	SP_REQUIRE(sp_time_parse(text, strlen(text), &again) && again == t);
	return 0;
}
