#include "people/agency.h"

#include "base/json.h"

#include <string.h>

const char *const people_agency_migrations[] = {
	"CREATE TABLE agency("
	" id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
	" slug TEXT NOT NULL UNIQUE,"
	" name TEXT NOT NULL,"
	" state TEXT NOT NULL,"
	" ori TEXT NOT NULL UNIQUE,"
	" geography TEXT NOT NULL,"
	" vkey TEXT NOT NULL,"
	" created INTEGER NOT NULL"
	") STRICT",
	/* Who vouches for the logs of the site (src/vouch/roster.h). */
	"CREATE TABLE voucher("
	" id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
	" kind TEXT NOT NULL CHECK(kind IN ('witness', 'authority')),"
	" name TEXT NOT NULL,"
	" url TEXT NOT NULL,"
	" trust TEXT NOT NULL,"
	" policy TEXT,"
	" every INTEGER NOT NULL,"
	" tls_ca TEXT,"
	" added INTEGER NOT NULL,"
	" UNIQUE(kind, name)) STRICT",
	/* The house of whoever runs the site. */
	"ALTER TABLE agency ADD COLUMN provider INTEGER NOT NULL DEFAULT 0"
	" CHECK(provider IN (0, 1));"
	"CREATE UNIQUE INDEX agency_provider ON agency(provider)"
	" WHERE provider = 1",
};
const size_t people_agency_migrations_count =
    SP_COUNTOF(people_agency_migrations);

#define COLUMNS "id, slug, name, state, ori, geography, vkey, created, provider"

static const struct db_sql agency_insert = {
	"INSERT INTO agency(" COLUMNS ")"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
};
static const struct db_sql agency_by_slug = {
	"SELECT " COLUMNS " FROM agency WHERE slug = ?1",
};
static const struct db_sql agency_each = {
	"SELECT " COLUMNS " FROM agency ORDER BY slug",
};
static const struct db_sql agency_like = {
	"SELECT 1 FROM agency WHERE ori = ?1 OR slug = ?2"
	" OR (?3 = 1 AND provider = 1)",
};
static const struct db_sql agency_provider = {
	"SELECT " COLUMNS " FROM agency WHERE provider = 1",
};
static const struct db_sql agency_ori_taken = {
	"SELECT 1 FROM agency WHERE ori = ?1",
};

/* USPS Publication 28, appendix B: states, the district and territories. */
static const char usps[] =
    "AK AL AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD "
    "ME MH MI MN MO MP MS MT NC ND NE NH NJ NM NV NY OH OK OR PA PR PW RI SC "
    "SD TN TX UT VA VI VT WA WI WV WY ";

static bool
name_ok(const char *s)
{
	size_t len = strnlen(s, PEOPLE_NAME_MAX + 1);

	if (len == 0 || len > PEOPLE_NAME_MAX || !sp_utf8_ok(s, len))
		return false;
	if (s[0] == ' ' || s[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

bool
people_agency_state_ok(const char *s)
{
	if (strnlen(s, 3) != 2)
		return false;
	for (const char *at = usps; *at != '\0'; at += 3)
		if (memcmp(at, s, 2) == 0)
			return true;
	return false;
}

static char
upper(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c;
}

bool
people_agency_state_read(const char *s, char out[static 3])
{
	char up[3] = "";

	if (strnlen(s, 3) != 2)
		return false;
	for (size_t i = 0; i < 2; i++)
		up[i] = upper(s[i]);
	if (!people_agency_state_ok(up))
		return false;
	memcpy(out, up, sizeof(up));
	return true;
}

bool
people_agency_ori_ok(const char *s)
{
	if (strnlen(s, 10) != 9)
		return false;
	for (size_t i = 0; i < 9; i++)
		if (!(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(s[i] >= '0' && s[i] <= '9'))
			return false;
	return true;
}

enum sp_code
people_agency_check(const struct people_agency *a, struct sp_err *err)
{
	if (!sp_slug_ok(a->slug))
		return sp_fail_as(err, SP_E_INVALID, "agency.slug",
		    "slug: 2 to %d of a-z, 0-9 and single inner hyphens",
		    SP_SLUG_MAX);
	if (!name_ok(a->name))
		return sp_fail_as(err, SP_E_INVALID, "agency.name",
		    "name: 1 to %d bytes of UTF-8 without control characters "
		    "or spaces at its ends",
		    PEOPLE_NAME_MAX);
	if (!people_agency_state_ok(a->state))
		return sp_fail_as(err, SP_E_INVALID, "agency.state",
		    "state: the two letters of a state, district or "
		    "territory, as FL");
	/* An ORI is given to criminal justice agencies, which the provider need
	 * not be. */
	if (!people_agency_ori_ok(a->ori) &&
	    !(a->provider && a->ori[0] == '\0'))
		return sp_fail_as(err, SP_E_INVALID, "agency.ori",
		    "ori: nine of A-Z and 0-9, as FL0130000");
	if (!sp_word_ok(a->geography, sizeof(a->geography) - 1))
		return sp_fail_as(err, SP_E_INVALID, "agency.geography",
		    "geography: 2 to %zu of a-z, 0-9 and single inner "
		    "hyphens, as us",
		    sizeof(a->geography) - 1);
	return SP_OK;
}

/* Which of what is unique is taken; called when inserting failed. */
static enum sp_code
taken(struct db *site, const struct people_agency *a, struct sp_err *err)
{
	DB_STMT st = db_use(site, &agency_ori_taken);
	DB_STMT provider = db_use(site, &agency_provider);
	bool found = false;

	if (a->provider)
		SP_TRY(db_row(provider, &found, err));
	if (found)
		return sp_fail_as(err, SP_E_CONFLICT, "agency.provider",
		    "the site has a provider's house already: %s",
		    db_col_text(provider, 1));

	db_bind_text(st, 1, a->ori);
	SP_TRY(db_row(st, &found, err));
	if (found)
		return sp_fail_as(err, SP_E_CONFLICT, "agency.ori",
		    "another agency has the ORI %s", a->ori);
	return sp_fail_as(err, SP_E_CONFLICT, "agency.slug",
	    "another agency has the slug %s", a->slug);
}

enum sp_code
people_agency_check_free(
    struct db *site, const struct people_agency *a, struct sp_err *err)
{
	DB_STMT st = db_use(site, &agency_like);
	bool found = false;

	db_bind_text(st, 1, a->ori);
	db_bind_text(st, 2, a->slug);
	db_bind_i64(st, 3, a->provider ? 1 : 0);
	SP_TRY(db_row(st, &found, err));
	return found ? taken(site, a, err) : SP_OK;
}

static enum sp_code
insert(struct db *site, const struct people_agency *a, const char *vkey,
    struct sp_err *err)
{
	DB_STMT st = db_use(site, &agency_insert);

	db_bind_blob(st, 1, a->id.b, SP_ID_LEN);
	db_bind_text(st, 2, a->slug);
	db_bind_text(st, 3, a->name);
	db_bind_text(st, 4, a->state);
	db_bind_text(st, 5, a->ori);
	db_bind_text(st, 6, a->geography);
	db_bind_text(st, 7, vkey);
	db_bind_i64(st, 8, a->created);
	db_bind_i64(st, 9, a->provider ? 1 : 0);
	return db_run(st, NULL, err);
}

enum sp_code
people_agency_add(
    struct db *site, const struct people_agency *a, struct sp_err *err)
{
	SP_AUTO_BUF vkey = sp_buf_new((size_t)2 * LEDGER_NAME_MAX);
	enum sp_code code;

	SP_TRY(people_agency_check(a, err));
	SP_REQUIRE(a->vkey.name[0] != '\0' && a->created > 0);
	ledger_vkey_text(&a->vkey, &vkey);
	SP_TRY(sp_buf_check(&vkey, "verifier key", err));
	code = insert(site, a, sp_buf_str(&vkey), err);
	return code == SP_E_CONFLICT ? taken(site, a, err) : code;
}

/* Text of a column into a field; a stored value that does not fit is damage. */
static enum sp_code
col_copy(struct db_stmt *st, int at, char *out, size_t room, struct sp_err *err)
{
	const char *s = db_col_text(st, at);
	size_t len = strlen(s);

	if (len >= room)
		return sp_fail(err, SP_E_CORRUPT,
		    "agency record: column %d is too long", at);
	memcpy(out, s, len + 1);
	return SP_OK;
}

static enum sp_code
from_row(struct db_stmt *st, struct people_agency *out, struct sp_err *err)
{
	struct people_agency a = {
		.created = db_col_i64(st, 7),
		.provider = db_col_i64(st, 8) != 0,
	};
	const char *vkey = db_col_text(st, 6);

	SP_TRY(db_col_bytes(st, 0, a.id.b, SP_ID_LEN, err));
	SP_TRY(col_copy(st, 1, a.slug, sizeof(a.slug), err));
	SP_TRY(col_copy(st, 2, a.name, sizeof(a.name), err));
	SP_TRY(col_copy(st, 3, a.state, sizeof(a.state), err));
	SP_TRY(col_copy(st, 4, a.ori, sizeof(a.ori), err));
	SP_TRY(col_copy(st, 5, a.geography, sizeof(a.geography), err));
	if (ledger_vkey_parse(vkey, strlen(vkey), &a.vkey, err) != SP_OK)
		return sp_fail(err, SP_E_CORRUPT,
		    "agency %s: the verifier key in the database is damaged",
		    a.slug);
	*out = a;
	return SP_OK;
}

enum sp_code
people_agency_by_slug(struct db *site, const char *slug,
    struct people_agency *out, struct sp_err *err)
{
	DB_STMT st = db_use(site, &agency_by_slug);
	bool found = false;

	if (!sp_slug_ok(slug))
		return sp_fail(err, SP_E_NOTFOUND, "no such agency");
	db_bind_text(st, 1, slug);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_NOTFOUND, "no agency %s", slug);
	return from_row(st, out, err);
}

enum sp_code
people_agency_of_provider(
    struct db *site, struct people_agency *out, struct sp_err *err)
{
	DB_STMT st = db_use(site, &agency_provider);
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "agency.provider",
		    "the site has no provider's house: sallyport agency add "
		    "DIR SLUG --provider");
	return from_row(st, out, err);
}

enum sp_code
people_agency_each(struct db *site,
    enum sp_code (*visit)(
	void *arg, const struct people_agency *a, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(site, &agency_each);

	for (;;) {
		struct people_agency a;
		bool found = false;

		SP_TRY(db_row(st, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(from_row(st, &a, err));
		SP_TRY(visit(arg, &a, err));
	}
}
