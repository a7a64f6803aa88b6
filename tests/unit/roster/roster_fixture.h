#ifndef ROSTER_FIXTURE_H
#define ROSTER_FIXTURE_H

#include "people/people_fixture.h"
#include "roster/apply.h"
#include "roster/report.h"
#include "roster/table.h"

/* The agency of people_fixture.h, and files of personnel for it. */
static struct people_fixture f;

static inline struct crypto_piece
piece(const char *text)
{
	return (struct crypto_piece){ text, strlen(text) };
}

static inline enum sp_code
try_read(const char *csv, struct roster **out)
{
	memset(&f.err, 0, sizeof(f.err));
	return roster_read(out, f.reader, f.rules, piece(csv), f.now, &f.err);
}

static inline struct roster *
read_roster(const char *csv)
{
	struct roster *r = NULL;

	CHECK_OK(try_read(csv, &r), &f.err);
	return r;
}

static inline json_t *
as_json(const struct roster *r)
{
	SP_AUTO_BUF out = sp_buf_new(1 << 24);
	struct sp_json w = sp_json_to(&out);
	json_t *j;

	roster_json(&w, NULL, r);
	CHECK(sp_buf_ok(&out));
	j = json_loads(sp_buf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	CHECK(j != NULL);
	return j;
}

static inline enum sp_code
apply_with(const char *csv, const struct roster *r, struct crypto_secret *dek,
    struct roster_counts *done)
{
	struct roster_apply p = {
		.by = f.by,
		.rules = f.rules,
		.now = f.now,
		.csv = piece(csv),
		.dek = dek,
	};
	enum sp_code code;

	roster_hash(r, p.hash);
	memset(&f.err, 0, sizeof(f.err));
	code = ledger_writer_run(f.writer, roster_apply, &p, &f.err);
	if (done != NULL)
		*done = p.done;
	return code;
}

static inline void
import(const char *csv)
{
	ROSTER_AUTO r = read_roster(csv);

	CHECK(roster_clean(r));
	CHECK_OK(apply_with(csv, r, NULL, NULL), &f.err);
}

static inline struct people_person
by_login(const char *login)
{
	struct people_person p;

	CHECK_OK(people_person_by_login(f.reader, login, &p, &f.err), &f.err);
	return p;
}

#define FEW                                                                    \
	"human,login,name,role\r\n"                                            \
	"E-1,ann,Ann Lee,officer\r\n"                                          \
	"E-2,bob,Bob Ray,custodian\r\n"

#endif
