#include "crypto/provider.h"
#include "roster/table.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * A file that is taken for a table can be written again, cell by cell, and
 * reads as the same table; and no cell that is written begins with what a
 * spreadsheet would run.
 */
static void
write_again(const struct roster_table *t, struct sp_buf *out)
{
	for (size_t i = 0; i <= t->rows; i++) {
		bool first = true;

		for (int c = 0; c < COL_COUNT; c++) {
			enum roster_column column = (enum roster_column)c;
			const char *s = i == 0
			    ? roster_table_column(column)
			    : roster_table_cell(t, &t->row[i - 1], column);
			size_t at = out->len;

			if (!t->has[c])
				continue;
			roster_table_put(out, s, first);
			SP_REQUIRE(sp_buf_ok(out));
			at += first ? 1 : 2;
			SP_REQUIRE(out->at[at] == '"' ||
			    strchr("=+-@\t\r", out->at[at]) == NULL);
			first = false;
		}
		sp_buf_text(out, "\r\n");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	SP_AUTO_BUF again = sp_buf_new(1 << 24);
	static bool open;
	struct roster_table one = { .text = sp_buf_secret(1 << 22) };
	struct roster_table two = { .text = sp_buf_secret(1 << 22) };
	struct sp_err err;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", &err) == SP_OK);
	open = true;

	if (len > 1 << 16)
		return 0;
	if (roster_table_parse(
		&one, (struct crypto_piece){ data, len }, &err) == SP_OK) {
		struct crypto_piece text;

		write_again(&one, &again);
		text = (struct crypto_piece){ again.at, again.len };
		SP_REQUIRE(roster_table_parse(&two, text, &err) == SP_OK);
		SP_REQUIRE(one.rows == two.rows);
		for (size_t i = 0; i < one.rows; i++)
			for (int c = 0; c < COL_COUNT; c++)
				SP_REQUIRE(
				    strcmp(roster_table_cell(&one, &one.row[i],
					       (enum roster_column)c),
					roster_table_cell(&two, &two.row[i],
					    (enum roster_column)c)) == 0);
	}
	roster_table_free(&one);
	roster_table_free(&two);
	return 0;
}
