#include "roster/table.h"

#include "base/encode.h"
#include "crypto/secret.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

/*
 * The file as a table: RFC 4180 as libcsv's strict mode reads it, in UTF-8.
 *
 *   - a byte order mark is passed over; lines end in CRLF, LF or CR; empty
 *     lines do not count
 *   - spaces around a cell that is not quoted are not part of it
 *   - every row has as many cells as the heading
 *   - a cell that would be a formula in a spreadsheet (= + - @ TAB CR first)
 *     is written with an apostrophe before it; one apostrophe is taken off
 *     again where what follows it is such a cell, with or without more
 *     apostrophes, so that writing and reading give the same text
 */
static const char *const column_names[] = {
#define X(id, name) [id] = (name),
	ROSTER_COLUMNS(X)
#undef X
};

const char *
roster_table_column(enum roster_column column)
{
	SP_REQUIRE((size_t)column < COL_COUNT);
	return column_names[column];
}

const char *
roster_table_given(const struct roster_table *t, const struct roster_row *row,
    enum roster_column column)
{
	uint32_t at = row->cell[column];

	return at == 0 ? NULL : (const char *)t->text.at + at;
}

const char *
roster_table_cell(const struct roster_table *t, const struct roster_row *row,
    enum roster_column column)
{
	const char *s = roster_table_given(t, row, column);

	return s == NULL ? "" : s;
}

/* Offset 0 is a text that says nothing. */
uint32_t
roster_table_keep(struct sp_buf *b, const char *s, size_t len)
{
	size_t at;

	if (b->len == 0)
		sp_buf_u8(b, 0);
	at = b->len;
	if (len == 0)
		return 0;
	sp_buf_add(b, s, len);
	sp_buf_u8(b, 0);
	return sp_buf_ok(b) ? (uint32_t)at : 0;
}

/* Apostrophes, then what a spreadsheet takes for a formula. */
static bool
like_a_formula(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] == '\'')
		n++;
	return n < len && strchr("=+-@\t\r", s[n]) != NULL && s[n] != '\0';
}

void
roster_table_put(struct sp_buf *out, const char *s, bool first)
{
	size_t len = strlen(s);

	if (!first)
		sp_buf_u8(out, ',');
	sp_buf_u8(out, '"');
	if (like_a_formula(s, len))
		sp_buf_u8(out, '\'');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"')
			sp_buf_u8(out, '"');
		sp_buf_u8(out, (uint8_t)s[i]);
	}
	sp_buf_u8(out, '"');
}

/* --- reading --- */

struct reading {
	struct roster_table *t;
	int of[COL_COUNT]; /* the file's n'th column: an enum, or -1 */
	size_t columns;
	bool heading; /* is done */
	size_t cell;  /* in this row */
	size_t number;
	struct roster_row row;
	enum sp_code code; /* what has gone wrong */
	struct sp_err why;
};

#define WRONG(g, reason_, ...)                                                 \
	((g)->code = (g)->code != SP_OK                                        \
		? (g)->code                                                    \
		: sp_fail_as(&(g)->why, SP_E_INVALID, reason_, __VA_ARGS__))

static void
heading_cell(struct reading *g, const char *s, size_t len)
{
	char name[64] = "";

	for (size_t i = 0; i < len && i < sizeof(name) - 1; i++) {
		bool upper = s[i] >= 'A' && s[i] <= 'Z';

		name[i] = s[i];
		if (upper)
			name[i] = (char)(s[i] - 'A' + 'a');
	}
	if (g->columns == COL_COUNT) {
		WRONG(g, "roster.columns", "roster.columns: too many");
		return;
	}
	for (int c = 0; c < COL_COUNT; c++) {
		if (strcmp(column_names[c], name) != 0 || strlen(name) != len)
			continue;
		if (g->t->has[c])
			WRONG(g, "roster.columns",
			    "roster.columns: %s is there twice", name);
		g->t->has[c] = true;
		g->of[g->columns++] = c;
		return;
	}
	WRONG(g, "roster.columns",
	    "roster.columns: there is no column \"%s\"; see docs/people.md",
	    name);
}

static void
on_cell(void *bytes, size_t len, void *arg)
{
	struct reading *g = arg;
	const char *s = bytes;

	if (g->code != SP_OK)
		return;
	if (!g->heading) {
		heading_cell(g, s, len);
		return;
	}
	if (g->cell >= g->columns) {
		WRONG(g, "roster.csv",
		    "roster.csv: row %zu has more cells than the heading",
		    g->number + 1);
		return;
	}
	if (len > 0 && s[0] == '\'' && like_a_formula(s, len)) {
		s++;
		len--;
	}
	g->row.cell[g->of[g->cell++]] = roster_table_keep(&g->t->text, s, len);
}

static void
heading_ends(struct reading *g)
{
	const bool *has = g->t->has;

	g->heading = true;
	if (!has[COL_HUMAN] && !has[COL_LOGIN])
		WRONG(g, "roster.columns",
		    "roster.columns: human or login is needed, to know whom "
		    "a row is about");
}

static void
row_ends(struct reading *g)
{
	struct roster_table *t = g->t;

	if (g->cell != g->columns) {
		WRONG(g, "roster.csv",
		    "roster.csv: row %zu has %zu cells, the heading %zu",
		    g->number, g->cell, g->columns);
		return;
	}
	if (t->rows == ROSTER_ROWS_MAX) {
		WRONG(g, "roster.csv", "roster.csv: more than %d rows",
		    ROSTER_ROWS_MAX);
		return;
	}
	if (t->rows == t->room) {
		size_t room = t->room == 0 ? 64 : 2 * t->room;
		struct roster_row *more =
		    reallocarray(t->row, room, sizeof(*more));

		if (more == NULL) {
			g->code = SP_E_NOMEM;
			return;
		}
		t->row = more;
		t->room = room;
	}
	g->row.number = g->number;
	g->row.leader = t->rows;
	t->row[t->rows++] = g->row;
	memset(&g->row, 0, sizeof(g->row));
	g->cell = 0;
}

static void
on_row(int by, void *arg)
{
	struct reading *g = arg;

	(void)by;
	if (g->code != SP_OK)
		return;
	g->number++;
	if (!g->heading)
		heading_ends(g);
	else
		row_ends(g);
}

/* libcsv asks for one block, the longest cell, and is refused more; it may
 * have held an SSN, so it is wiped. */
#define BLOCK (ROSTER_CELL_MAX + 1)

static void *
one_block(void *at, size_t size)
{
	return at == NULL && size <= BLOCK ? malloc(BLOCK) : NULL;
}

static void
wipe_block(void *at)
{
	struct crypto_wipe w = { at, BLOCK };

	if (at != NULL)
		crypto_wipe_run(&w);
	free(at);
}

static void
parse_all(struct reading *g, const char *s, size_t len)
{
	struct csv_parser p;
	size_t done;

	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
		g->code = SP_E_NOMEM;
		return;
	}
	csv_set_realloc_func(&p, one_block);
	csv_set_free_func(&p, wipe_block);
	csv_set_blk_size(&p, BLOCK);
	done = csv_parse(&p, s, len, on_cell, on_row, g);
	if (done == len && csv_fini(&p, on_cell, on_row, g) != 0)
		done = 0;
	if (done != len && csv_error(&p) == CSV_EPARSE)
		WRONG(g, "roster.csv",
		    "roster.csv: row %zu: a quote is where none may be, or "
		    "is never closed",
		    g->number + 1);
	else if (done != len)
		WRONG(g, "roster.csv",
		    "roster.csv: row %zu: a cell has more than %zu bytes",
		    g->number + 1, ROSTER_CELL_MAX);
	csv_free(&p);
}

static enum sp_code
check_bytes(struct crypto_piece csv, struct sp_err *err)
{
	if (csv.len > ROSTER_FILE_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "roster.csv",
		    "roster.csv: more than %zu bytes", ROSTER_FILE_MAX);
	if (!sp_utf8_ok(csv.at, csv.len))
		return sp_fail_as(err, SP_E_INVALID, "roster.csv",
		    "roster.csv: not UTF-8; save it as CSV UTF-8");
	return SP_OK;
}

enum sp_code
roster_table_parse(
    struct roster_table *t, struct crypto_piece csv, struct sp_err *err)
{
	struct reading g = { .t = t, .code = SP_OK };
	const char *s = csv.at;
	size_t len = csv.len;

	SP_TRY(check_bytes(csv, err));
	crypto_sha256(csv.at, csv.len, t->file);
	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		s += 3;
		len -= 3;
	}
	parse_all(&g, s, len);
	if (g.code == SP_OK && !g.heading)
		WRONG(&g, "roster.columns",
		    "roster.columns: the file has no heading");
	if (g.code == SP_E_NOMEM)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	if (g.code != SP_OK)
		return sp_fail_as(err, g.code, g.why.reason, "%s", g.why.text);
	return sp_buf_check(&t->text, "roster", err);
}

void
roster_table_free(struct roster_table *t)
{
	sp_buf_free(&t->text);
	free(t->row);
}
