#include "crypto/provider.h"
#include "machine/oauth.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * First line: the Authorization field, or nothing; the rest: the body.  A form
 * that is read holds no name twice, and every text of it ends where it says;
 * a claim is two texts out of it.
 */
static void
check_form(const struct machine_form *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const char *name = (const char *)f->text.at + f->field[i].name;

		SP_REQUIRE(f->field[i].value < f->text.len);
		SP_REQUIRE(f->text.at[f->field[i].value - 1] == 0);
		for (size_t k = 0; k < i; k++)
			SP_REQUIRE(strcmp(name,
				       (const char *)f->text.at +
					   f->field[k].name) != 0);
	}
	SP_REQUIRE(f->n == 0 || f->text.at[f->text.len - 1] == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool open;
	MACHINE_AUTO_FORM form = machine_form_new();
	SP_AUTO_BUF basic = sp_buf_secret(1024);
	SP_AUTO_BUF header = sp_buf_new(1 << 16);
	const uint8_t *line = len == 0 ? NULL : memchr(data, '\n', len);
	size_t at = line == NULL ? 0 : (size_t)(line - data);
	struct machine_oauth_ask ask = { .form = true, .address = "::1" };
	struct machine_claim claim = { NULL, NULL };

	if (!open)
		SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	open = true;
	sp_buf_add(&header, data, at);
	if (line != NULL && sp_buf_ok(&header))
		ask.authorization = sp_buf_str(&header);
	if (line != NULL)
		at++;
	if (machine_form_read(&form, data + at, len - at, NULL) != SP_OK)
		SP_REQUIRE(form.n == 0);
	check_form(&form);
	if (machine_oauth_claim(&ask, &form, &basic, &claim, NULL) == SP_OK)
		SP_REQUIRE(strlen(claim.client) < MACHINE_FORM_BYTES &&
		    strlen(claim.secret) < MACHINE_FORM_BYTES);
	else
		SP_REQUIRE(claim.client == NULL && claim.secret == NULL);
	return 0;
}
