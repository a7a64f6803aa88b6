#include "base/encode.h"
#include "client/settings.h"
#include "client/site.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What the site said of itself can drive no terminal. */
static void
check_clean(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		SP_REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
	SP_REQUIRE(sp_utf8_ok(text, strlen(text)));
}

/* A site that is accepted is accepted again, as it was written. */
static void
check_site(const char *text)
{
	SP_AUTO_BUF once = sp_buf_new(400);
	SP_AUTO_BUF twice = sp_buf_new(400);
	struct sp_err err;

	if (client_settings_site_parse(text, &once, &err) != SP_OK)
		return;
	SP_REQUIRE(client_settings_site_parse(
		       sp_buf_str(&once), &twice, &err) == SP_OK);
	SP_REQUIRE(strcmp(sp_buf_str(&once), sp_buf_str(&twice)) == 0);
}

static void
check_answer(struct site_answer *an)
{
	static const char *const names[] = { "Location", "ETag",
		"Upload-Offset", "Sallyport-Evidence", "Content-Range" };
	struct sp_err err;
	uint64_t n = 0;
	json_t *j = NULL;

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		size_t len = 0;
		const char *v = client_site_answer_header(an, names[i], &len);

		SP_REQUIRE(v == NULL ||
		    (v >= sp_buf_str(&an->head) &&
			v + len <= sp_buf_str(&an->head) + an->head.len));
		SP_IGNORE(client_site_answer_number(an, names[i], &n));
	}
	SP_REQUIRE(n <= INT64_MAX);
	SP_REQUIRE(client_site_answer_fail(an, &err) != SP_OK);
	check_clean(err.text);
	if (client_site_json_parse(&an->body, &j, &err) == SP_OK)
		SP_REQUIRE(json_is_object(j));
	json_decref(j);
}

/* Two bytes of status, then the head, a NUL, the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct site_answer an = client_site_answer_new(65536);
	const uint8_t *nul;

	if (len < 2)
		return 0;
	an.status = ((unsigned)bytes[0] << 8 | bytes[1]) % 600;
	nul = memchr(bytes + 2, 0, len - 2);
	size_t head = nul == NULL ? len - 2 : (size_t)(nul - bytes) - 2;

	sp_buf_add(&an.head, bytes + 2, head);
	if (nul != NULL)
		sp_buf_add(&an.body, nul + 1, len - head - 3);
	if (sp_buf_ok(&an.head) && sp_buf_ok(&an.body))
		check_answer(&an);
	char *text = strndup((const char *)bytes, len);

	SP_REQUIRE(text != NULL);
	check_site(text);
	free(text);
	client_site_answer_done(&an);
	return 0;
}
