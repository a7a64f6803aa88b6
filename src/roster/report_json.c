#include "base/json.h"
#include "people/field.h"
#include "people/sealed.h"
#include "roster/making.h"

/* The report as the API tells it. */
static const char *const what_names[] = {
#define X(id, name) [id] = (name),
	ROSTER_WHATS(X)
#undef X
};

static void
put_acts(struct sp_json *j, const char *name, unsigned acts)
{
	sp_json_array(j, name);
	for (unsigned i = 0; i < ROSTER_ACT_COUNT; i++)
		if ((acts & 1U << i) != 0)
			sp_json_str(
			    j, NULL, roster_act_name((enum roster_act)i));
	sp_json_end(j);
}

/* In the order of their names. */
static const enum roster_column told[] = { COL_EMPLOYER, COL_EMPLOYER_ORI,
	COL_HUMAN, COL_KIND, COL_LOGIN, COL_NAME, COL_RESIDENCE, COL_ROLE,
	COL_UNIT };

static void
put_fields(
    struct sp_json *j, const struct roster *r, const struct roster_row *row)
{
	sp_json_array(j, "fields");
	for (size_t i = 0; i < SP_COUNTOF(told); i++) {
		enum roster_column c = told[i];
		const char *before = row->from[c] == 0
		    ? ""
		    : (const char *)r->note.at + row->from[c];
		bool added = row->what == ROW_ADD && row->cell[c] != 0;

		if (!added && (row->changes & 1U << c) == 0)
			continue;
		sp_json_object(j, NULL);
		sp_json_str(j, "field", roster_table_column(c));
		if (!added)
			sp_json_str(j, "from", before);
		sp_json_str(j, "to", roster_table_cell(&r->table, row, c));
		sp_json_end(j);
	}
	sp_json_end(j);
}

static void
put_row(struct sp_json *j, const struct roster *r, const struct roster_row *row)
{
	bool bad = roster_report_bad(row);

	sp_json_object(j, NULL);
	put_acts(j, "acts", roster_report_acts(r, row));
	if (!bad)
		put_fields(j, r, row);
	if (row->leads)
		sp_json_bool(j, "leads", true);
	if (!sp_id_is_zero(&row->id))
		people_put_id(j, "person", &row->id);
	if (bad) {
		sp_json_str(
		    j, "problem", (const char *)r->note.at + row->problem);
		sp_json_str(
		    j, "reason", row->reason == NULL ? "" : row->reason);
	}
	sp_json_array(j, "records");
	if (!bad && row->screening)
		sp_json_str(j, NULL, "screening");
	if (!bad && row->training)
		sp_json_str(j, NULL, "training");
	sp_json_end(j);
	sp_json_int(j, "row", (int64_t)row->number);
	sp_json_array(j, "sealed");
	for (int f = 0; f < PEOPLE_FIELD_COUNT && !bad; f++)
		if ((row->sealed & 1U << f) != 0)
			sp_json_str(
			    j, NULL, people_field_name((enum people_field)f));
	sp_json_end(j);
	sp_json_str(j, "what", what_names[row->what]);
	sp_json_end(j);
}

static unsigned
all_acts(const struct roster *r)
{
	unsigned acts = 0;

	for (size_t i = 0; i < r->table.rows; i++)
		acts |= roster_report_acts(r, &r->table.row[i]);
	return acts;
}

/* Whether there is anything to tell of a row. */
static bool
is_quiet(const struct roster_row *row)
{
	return row->what == ROW_SAME && !row->screening && !row->training &&
	    row->sealed == 0;
}

void
roster_report_put(struct sp_json *j, const char *name, const struct roster *r,
    const uint8_t *hash)
{
	const struct roster_counts *c = &r->counts;

	sp_json_object(j, name);
	put_acts(j, "acts", all_acts(r));
	sp_json_int(j, "adds", (int64_t)c->adds);
	sp_json_int(j, "changes", (int64_t)c->changes);
	sp_json_int(j, "conflicts", (int64_t)c->conflicts);
	sp_json_int(j, "errors", (int64_t)c->errors);
	if (hash != NULL)
		sp_json_hex(j, "hash", hash, CRYPTO_SHA256_LEN);
	sp_json_raw(j, "left_out", sp_buf_str(&r->missing));
	sp_json_int(j, "missing", (int64_t)c->missing);
	sp_json_int(j, "records", (int64_t)c->records);
	sp_json_array(j, "report");
	for (size_t i = 0; i < r->table.rows; i++)
		if (!is_quiet(&r->table.row[i]))
			put_row(j, r, &r->table.row[i]);
	sp_json_end(j);
	sp_json_int(j, "rows", (int64_t)c->rows);
	sp_json_int(j, "same", (int64_t)c->same);
	sp_json_int(j, "sealed", (int64_t)c->sealed);
	sp_json_hex(j, "sha256", r->table.file, CRYPTO_SHA256_LEN);
	sp_json_end(j);
}

void
roster_json(struct sp_json *j, const char *name, const struct roster *r)
{
	roster_report_put(j, name, r, r->hash);
}
