#include "people/roster_table.h"

#include "crypto/secret.h"

#include <csv.h>
#include <stddef.h>
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
people_roster_column(enum roster_column column)
{
	SP_REQUIRE((size_t)column < COL_COUNT);
	return column_names[column];
}

const char *
people_roster_given(const struct people_roster *r, const struct roster_row *row,
    enum roster_column column)
{
	uint32_t at = row->cell[column];

	return at == 0 ? NULL : (const char *)r->text.at + at;
}

const char *
people_roster_cell(const struct people_roster *r, const struct roster_row *row,
    enum roster_column column)
{
	const char *s = people_roster_given(r, row, column);

	return s == NULL ? "" : s;
}

/* Offset 0 of both buffers is a text that says nothing. */
static uint32_t
keep(struct sp_buf *b, const char *s, size_t len)
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

uint32_t
people_roster_keep(struct people_roster *r, const char *s)
{
	return keep(&r->note, s, strlen(s));
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
people_roster_put(struct sp_buf *out, const char *s, bool first)
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
	struct people_roster *r;
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
		if (g->r->has[c])
			WRONG(g, "roster.columns",
			    "roster.columns: %s is there twice", name);
		g->r->has[c] = true;
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
	g->row.cell[g->of[g->cell++]] = keep(&g->r->text, s, len);
}

static void
heading_ends(struct reading *g)
{
	const bool *has = g->r->has;

	g->heading = true;
	if (!has[COL_HUMAN] && !has[COL_LOGIN])
		WRONG(g, "roster.columns",
		    "roster.columns: human or login is needed, to know whom "
		    "a row is about");
}

static void
row_ends(struct reading *g)
{
	struct people_roster *r = g->r;

	if (g->cell != g->columns) {
		WRONG(g, "roster.csv",
		    "roster.csv: row %zu has %zu cells, the heading %zu",
		    g->number, g->cell, g->columns);
		return;
	}
	if (r->rows == PEOPLE_ROSTER_ROWS_MAX) {
		WRONG(g, "roster.csv", "roster.csv: more than %d rows",
		    PEOPLE_ROSTER_ROWS_MAX);
		return;
	}
	if (r->rows == r->room) {
		size_t room = r->room == 0 ? 64 : 2 * r->room;
		struct roster_row *more =
		    reallocarray(r->row, room, sizeof(*more));

		if (more == NULL) {
			g->code = SP_E_NOMEM;
			return;
		}
		r->row = more;
		r->room = room;
	}
	g->row.number = g->number;
	g->row.leader = r->rows;
	r->row[r->rows++] = g->row;
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
#define BLOCK (PEOPLE_ROSTER_CELL_MAX + 1)

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
		    g->number + 1, PEOPLE_ROSTER_CELL_MAX);
	csv_free(&p);
}

static enum sp_code
check_bytes(struct crypto_piece csv, struct sp_err *err)
{
	if (csv.len > PEOPLE_ROSTER_FILE_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "roster.csv",
		    "roster.csv: more than %zu bytes", PEOPLE_ROSTER_FILE_MAX);
	if (!sp_utf8_ok(csv.at, csv.len))
		return sp_fail_as(err, SP_E_INVALID, "roster.csv",
		    "roster.csv: not UTF-8; save it as CSV UTF-8");
	return SP_OK;
}

enum sp_code
people_roster_parse(
    struct people_roster *r, struct crypto_piece csv, struct sp_err *err)
{
	struct reading g = { .r = r, .code = SP_OK };
	const char *s = csv.at;
	size_t len = csv.len;

	SP_TRY(check_bytes(csv, err));
	crypto_sha256(csv.at, csv.len, r->file);
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
	return sp_buf_check(&r->text, "roster", err);
}

/* --- what a row says --- */

struct people_person_new
people_roster_person(
    const struct people_roster *r, const struct roster_row *row)
{
	return (struct people_person_new){
		.human = people_roster_given(r, row, COL_HUMAN),
		.name = people_roster_given(r, row, COL_NAME),
		.login = people_roster_given(r, row, COL_LOGIN),
		.role = people_roster_given(r, row, COL_ROLE),
		.kind = people_roster_given(r, row, COL_KIND),
		.employer = people_roster_given(r, row, COL_EMPLOYER),
		.employer_ori = people_roster_given(r, row, COL_EMPLOYER_ORI),
		.residence = people_roster_given(r, row, COL_RESIDENCE),
		.unit = people_roster_given(r, row, COL_UNIT),
	};
}

struct people_screening_new
people_roster_screening(
    const struct people_roster *r, const struct roster_row *row)
{
	return (struct people_screening_new){
		.state = people_roster_given(r, row, COL_S_STATE),
		.fingerprinted =
		    people_roster_given(r, row, COL_S_FINGERPRINTED),
		.adjudicator = people_roster_given(r, row, COL_S_ADJUDICATOR),
		.decision = people_roster_given(r, row, COL_S_DECISION),
		.decided = people_roster_given(r, row, COL_S_DECIDED),
		.variance = people_roster_given(r, row, COL_S_VARIANCE),
		.expires = people_roster_given(r, row, COL_S_EXPIRES),
	};
}

struct people_training_new
people_roster_training(
    const struct people_roster *r, const struct roster_row *row)
{
	return (struct people_training_new){
		.course = people_roster_given(r, row, COL_T_COURSE),
		.completed = people_roster_given(r, row, COL_T_COMPLETED),
		.expires = people_roster_given(r, row, COL_T_EXPIRES),
		.reference = people_roster_given(r, row, COL_T_REFERENCE),
	};
}

struct people_person_change
people_roster_change(
    const struct people_roster *r, const struct roster_row *row)
{
	static const struct {
		enum roster_column column;
		size_t at;
	} of[] = {
		{ COL_HUMAN, offsetof(struct people_person_change, human) },
		{ COL_NAME, offsetof(struct people_person_change, name) },
		{ COL_LOGIN, offsetof(struct people_person_change, login) },
		{ COL_KIND, offsetof(struct people_person_change, kind) },
		{ COL_EMPLOYER,
		    offsetof(struct people_person_change, employer) },
		{ COL_EMPLOYER_ORI,
		    offsetof(struct people_person_change, employer_ori) },
		{ COL_RESIDENCE,
		    offsetof(struct people_person_change, residence) },
	};
	struct people_person_change c = { .name = NULL };

	/* An employer may be changed to none: "" then, not NULL. */
	for (size_t i = 0; i < SP_COUNTOF(of); i++) {
		const char *s = people_roster_cell(r, row, of[i].column);

		if ((row->changes & 1U << of[i].column) != 0)
			memcpy((char *)&c + of[i].at, &s, sizeof(s));
	}
	return c;
}
