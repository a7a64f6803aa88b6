#include "base/encode.h"
#include "cmd/output.h"
#include "cmd/present.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What is shown can drive no terminal, whatever it was. */
static void
check_clean(const char *text)
{
	char clean[300];
	SP_AUTO_BUF name = sp_buf_new(300);

	(void)cmd_present_clean(text, clean, sizeof(clean));
	for (const char *c = clean; *c != '\0'; c++)
		SP_REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
	SP_REQUIRE(sp_utf8_ok(clean, strlen(clean)));
	cmd_output_safe_name(text, "id", &name);
	SP_REQUIRE(sp_buf_ok(&name) && name.len > 0);
	SP_REQUIRE(strchr(sp_buf_str(&name), '/') == NULL);
	SP_REQUIRE(*sp_buf_str(&name) != '.' && *sp_buf_str(&name) != '-');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = strndup((const char *)bytes, len);

	SP_REQUIRE(text != NULL);
	check_clean(text);
	free(text);
	return 0;
}
