#include "roster/report.h"

#include "base/json.h"
#include "people/sealed.h"
#include "roster/making.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    ((size_t)64 << 20)
#define MISSING_MAX ((size_t)64 << 20)
#define JSON_MAX    ((size_t)128 << 20)

uint32_t
roster_making_keep(struct roster_making *m, const char *s)
{
	return roster_table_keep(&m->r->note, s, strlen(s));
}

void
roster_making_conflict(struct roster_making *m, struct roster_row *row,
    const char *reason, const char *text)
{
	row->what = ROW_CONFLICT;
	row->reason = reason;
	row->problem = roster_making_keep(m, text);
}

bool
roster_report_bad(const struct roster_row *row)
{
	return row->what == ROW_ERROR || row->what == ROW_CONFLICT;
}

static void
count(struct roster *r)
{
	struct roster_counts *c = &r->counts;

	c->rows = r->table.rows;
	for (size_t i = 0; i < r->table.rows; i++) {
		const struct roster_row *row = &r->table.row[i];

		c->adds += row->what == ROW_ADD;
		c->changes += row->what == ROW_CHANGE;
		c->same += row->what == ROW_SAME;
		c->conflicts += row->what == ROW_CONFLICT;
		c->errors += row->what == ROW_ERROR;
		if (roster_report_bad(row))
			continue;
		c->records += row->screening;
		c->records += row->training;
		for (int f = 0; f < PEOPLE_FIELD_COUNT; f++)
			c->sealed += row->sealed >> f & 1U;
	}
}

static enum sp_code
make_hash(struct roster *r, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(JSON_MAX);
	struct sp_json j = sp_json_to(&text);

	roster_report_put(&j, NULL, r, NULL);
	SP_TRY(sp_buf_check(&text, "report", err));
	crypto_sha256(text.at, text.len, r->hash);
	return SP_OK;
}

static enum sp_code
make(struct roster_making *m, struct crypto_piece csv, struct sp_err *err)
{
	struct roster *r = m->r;

	SP_TRY(roster_table_parse(&r->table, csv, err));
	for (size_t i = 0; i < r->table.rows; i++) {
		struct people_person p = { .since = 0 };

		SP_TRY(roster_making_match(m, &r->table.row[i], &p, err));
		if (r->table.row[i].what == ROW_SAME)
			SP_TRY(
			    roster_making_judge(m, &r->table.row[i], &p, err));
	}
	SP_TRY(roster_making_gather(m, err));
	SP_TRY(roster_making_leave_out(m, err));
	count(r);
	return make_hash(r, err);
}

enum sp_code
roster_read(struct roster **out, struct db *db,
    const struct people_rules *rules, struct crypto_piece csv, sp_time now,
    struct sp_err *err)
{
	ROSTER_AUTO r = calloc(1, sizeof(*r));
	struct roster_making m = {
		.r = r,
		.db = db,
		.rules = rules,
		.now = now,
		.today = people_day_of(rules, now),
	};

	if (r == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	r->table.text = sp_buf_secret(TEXT_MAX);
	r->note = sp_buf_new(TEXT_MAX);
	r->missing = sp_buf_new(MISSING_MAX);
	SP_TRY(make(&m, csv, err));
	*out = SP_STEAL(r);
	return SP_OK;
}

void
roster_free(struct roster *r)
{
	if (r == NULL)
		return;
	roster_table_free(&r->table);
	sp_buf_free(&r->note);
	sp_buf_free(&r->missing);
	free(r);
}

struct roster_counts
roster_counts(const struct roster *r)
{
	return r->counts;
}

bool
roster_clean(const struct roster *r)
{
	return r->counts.conflicts == 0 && r->counts.errors == 0;
}

void
roster_hash(const struct roster *r, uint8_t out[static CRYPTO_SHA256_LEN])
{
	memcpy(out, r->hash, CRYPTO_SHA256_LEN);
}

enum sp_code
roster_agree(const struct roster *r,
    const uint8_t hash[static CRYPTO_SHA256_LEN], struct sp_err *err)
{
	if (memcmp(r->hash, hash, sizeof(r->hash)) != 0)
		return sp_fail_as(err, SP_E_CONFLICT, "roster.changed",
		    "roster.hash: file or people are not what they were when "
		    "the report was made: make and read another");
	if (!roster_clean(r))
		return sp_fail_as(err, SP_E_CONFLICT, "roster.conflict",
		    "the report has %zu conflicts and %zu errors: nothing of "
		    "it is done",
		    r->counts.conflicts, r->counts.errors);
	return SP_OK;
}
