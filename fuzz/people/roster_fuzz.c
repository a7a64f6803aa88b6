#include "crypto/provider.h"
#include "people/roster_table.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * A file that is taken for a table can be written again, cell by cell, and
 * reads as the same table; and no cell that is written begins with what a
 * spreadsheet would run.
 */
static void
init(struct people_roster *r)
{
	memset(r, 0, sizeof(*r));
	r->text = sp_buf_secret(1 << 22);
	r->note = sp_buf_new(1 << 10);
}

static void
done(struct people_roster *r)
{
	sp_buf_free(&r->text);
	sp_buf_free(&r->note);
	free(r->row);
}

static void
write_again(const struct people_roster *r, struct sp_buf *out)
{
	for (size_t i = 0; i <= r->rows; i++) {
		bool first = true;

		for (int c = 0; c < COL_COUNT; c++) {
			enum roster_column column = (enum roster_column)c;
			const char *s = i == 0
			    ? people_roster_column(column)
			    : people_roster_cell(r, &r->row[i - 1], column);
			size_t at = out->len;

			if (!r->has[c])
				continue;
			people_roster_put(out, s, first);
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
	struct people_roster one, two;
	struct sp_err err;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", &err) == SP_OK);
	open = true;

	if (len > 1 << 16)
		return 0;
	init(&one);
	init(&two);
	if (people_roster_parse(
		&one, (struct crypto_piece){ data, len }, &err) == SP_OK) {
		struct crypto_piece text;

		write_again(&one, &again);
		text = (struct crypto_piece){ again.at, again.len };
		SP_REQUIRE(people_roster_parse(&two, text, &err) == SP_OK);
		SP_REQUIRE(one.rows == two.rows);
		for (size_t i = 0; i < one.rows; i++)
			for (int c = 0; c < COL_COUNT; c++)
				SP_REQUIRE(
				    strcmp(people_roster_cell(&one, &one.row[i],
					       (enum roster_column)c),
					people_roster_cell(&two, &two.row[i],
					    (enum roster_column)c)) == 0);
	}
	done(&one);
	done(&two);
	return 0;
}
