#include "people/agency.h"

#include "crypto/provider.h"
#include "tap.h"

#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/sallyport-people-XXXXXX";

/* A new site database; there is one at a time. */
static struct db *
site_open(void)
{
	static const char *const files[] = { "site.db", "site.db-wal",
		"site.db-shm" };
	char path[sizeof(dir) + 16];
	struct db *db = NULL;
	struct sp_err err;

	for (size_t i = SP_COUNTOF(files); i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		(void)unlink(path);
	}
	CHECK_OK(db_open(&db, path, DB_CREATE, &err), &err);
	CHECK_OK(db_migrate(db, people_agency_migrations,
		     people_agency_migrations_count, &err),
	    &err);
	return db;
}

/* A record that is right in every field. */
static struct people_agency
good(const char *slug, const char *ori)
{
	struct people_agency a = {
		.id = sp_id_new(),
		.name = "Miami Police Department",
		.state = "FL",
		.geography = "us",
		.created = 1763750744123456,
	};
	uint8_t pub[CRYPTO_SIGN_PUBLIC] = { 7 };
	struct sp_err err;

	(void)snprintf(a.slug, sizeof(a.slug), "%s", slug);
	(void)snprintf(a.ori, sizeof(a.ori), "%s", ori);
	CHECK_OK(ledger_vkey_make("evidence.example/miami", pub, &a.vkey, &err),
	    &err);
	return a;
}

static bool
same(const struct people_agency *a, const struct people_agency *b)
{
	return sp_id_equal(&a->id, &b->id) && strcmp(a->slug, b->slug) == 0 &&
	    strcmp(a->name, b->name) == 0 && strcmp(a->state, b->state) == 0 &&
	    strcmp(a->ori, b->ori) == 0 &&
	    strcmp(a->geography, b->geography) == 0 &&
	    strcmp(a->vkey.name, b->vkey.name) == 0 &&
	    a->vkey.id == b->vkey.id &&
	    memcmp(a->vkey.pub, b->vkey.pub, CRYPTO_SIGN_PUBLIC) == 0 &&
	    a->created == b->created;
}

static void
every_field_has_its_rule(void)
{
	static const struct {
		const char *field, *value;
		bool ok;
	} rows[] = {
		{ "agency.name",
		    "Polic\xc3\xad"
		    "a de Ponce",
		    true },
		{ "agency.name", "", false },
		{ "agency.name", " leading", false },
		{ "agency.name", "trailing ", false },
		{ "agency.name", "two\nlines", false },
		{ "agency.name", "del\x7f", false },
		{ "agency.name", "not \xff utf-8", false },
		{ "agency.state", "PR", true },
		{ "agency.state", "DC", true },
		{ "agency.state", "fl", false },
		{ "agency.state", "XX", false },
		{ "agency.state", "F", false },
		{ "agency.state", "", false },
		{ "agency.state", "L ", false },
		{ "agency.state", " A", false },
		{ "agency.ori", "FLDEA0000", true },
		{ "agency.ori", "FL013000", false },
		{ "agency.ori", "fl0130000", false },
		{ "agency.ori", "FL01300-0", false },
		{ "agency.ori", "", false },
		{ "agency.geography", "us-east", true },
		{ "agency.geography", "u", false },
		{ "agency.geography", "US", false },
		{ "agency.geography", "us east", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_agency a = good("miami", "FL0130000");
		struct sp_err err = { .reason = NULL };
		char *field = strcmp(rows[i].field, "agency.name") == 0 ? a.name
		    : strcmp(rows[i].field, "agency.state") == 0 ? a.state
		    : strcmp(rows[i].field, "agency.ori") == 0   ? a.ori
								 : a.geography;

		memcpy(field, rows[i].value, strlen(rows[i].value) + 1);
		CHECK_CODE(people_agency_check(&a, &err),
		    rows[i].ok ? SP_OK : SP_E_INVALID, &err);
		CHECK(rows[i].ok || strcmp(err.reason, rows[i].field) == 0);
	}
}

/* A field filled to its last byte has no NUL: refused, not read past. */
static void
unterminated_fields_are_refused(void)
{
	struct people_agency a = good("miami", "FL0130000");
	struct sp_err err;

	memset(a.name, 'x', sizeof(a.name));
	CHECK_CODE(people_agency_check(&a, &err), SP_E_INVALID, &err);
	a = good("miami", "FL0130000");
	memset(a.slug, 'x', sizeof(a.slug));
	CHECK_CODE(people_agency_check(&a, &err), SP_E_INVALID, &err);
	a = good("miami", "FL0130000");
	memset(a.geography, 'x', sizeof(a.geography));
	CHECK_CODE(people_agency_check(&a, &err), SP_E_INVALID, &err);
}

static void
a_record_comes_back_as_it_was(void)
{
	DB_AUTO site = site_open();
	struct people_agency a = good("miami", "FL0130000"), got;
	struct sp_err err;

	CHECK_OK(people_agency_add(site, &a, &err), &err);
	memset(&got, 0x5a, sizeof(got));
	CHECK_OK(people_agency_by_slug(site, "miami", &got, &err), &err);
	CHECK(same(&a, &got));

	CHECK_CODE(people_agency_by_slug(site, "tampa", &got, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(people_agency_by_slug(site, "../miami", &got, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    people_agency_by_slug(site, "", &got, &err), SP_E_NOTFOUND, &err);
	CHECK(same(&got, &a)); /* untouched */
}

static void
taken_names_are_refused(void)
{
	DB_AUTO site = site_open();
	struct people_agency a = good("miami", "FL0130000");
	struct people_agency slug = good("miami", "FL0130100");
	struct people_agency ori = good("tampa", "FL0130000");
	struct people_agency bad = good("Tampa", "FL0290000"), got;
	struct sp_err err = { .reason = NULL };

	CHECK_OK(people_agency_add(site, &a, &err), &err);
	CHECK_CODE(people_agency_add(site, &slug, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "agency.slug") == 0);
	CHECK_CODE(people_agency_add(site, &ori, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "agency.ori") == 0);
	CHECK_CODE(people_agency_add(site, &bad, &err), SP_E_INVALID, &err);
	CHECK_CODE(people_agency_by_slug(site, "tampa", &got, &err),
	    SP_E_NOTFOUND, &err);
}

/* At most one a site; it may be without an ORI, and nobody else may. */
static void
there_is_one_provider(void)
{
	DB_AUTO site = site_open();
	struct people_agency a = good("miami", "FL0130000"), got;
	struct people_agency p = good("keystone", "");
	struct people_agency q = good("other", "FL0130100");
	struct sp_err err = { .reason = NULL };

	CHECK_OK(people_agency_add(site, &a, &err), &err);
	CHECK_CODE(
	    people_agency_of_provider(site, &got, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(people_agency_add(site, &p, &err), SP_E_INVALID, &err);
	p.provider = q.provider = true;
	CHECK_OK(people_agency_check_free(site, &p, &err), &err);
	CHECK_OK(people_agency_add(site, &p, &err), &err);
	CHECK_OK(people_agency_of_provider(site, &got, &err), &err);
	CHECK(got.provider && strcmp(got.slug, "keystone") == 0);
	CHECK(got.ori[0] == '\0');
	CHECK_OK(people_agency_by_slug(site, "miami", &got, &err), &err);
	CHECK(!got.provider);
	CHECK_CODE(
	    people_agency_check_free(site, &q, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "agency.provider") == 0);
	CHECK_CODE(people_agency_add(site, &q, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "agency.provider") == 0);
	q.provider = false;
	CHECK_OK(people_agency_add(site, &q, &err), &err);
}

struct seen {
	char slugs[200];
	size_t stop_after, n;
};

static enum sp_code
see(void *arg, const struct people_agency *a, struct sp_err *err)
{
	struct seen *s = arg;

	size_t len = strlen(s->slugs);

	(void)snprintf(s->slugs + len, sizeof(s->slugs) - len, "%s ", a->slug);
	if (++s->n == s->stop_after)
		return sp_fail(err, SP_E_LIMIT, "enough");
	return SP_OK;
}

static void
each_is_in_order_and_stops(void)
{
	static const char *const slugs[] = { "tampa", "miami", "ocala" };
	static const char *const oris[] = { "FL0290000", "FL0130000",
		"FL0420100" };
	DB_AUTO site = site_open();
	struct seen all = { .n = 0 }, some = { .stop_after = 2 };
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(slugs); i++) {
		struct people_agency a = good(slugs[i], oris[i]);

		CHECK_OK(people_agency_add(site, &a, &err), &err);
	}
	CHECK_OK(people_agency_each(site, see, &all, &err), &err);
	CHECK(strcmp(all.slugs, "miami ocala tampa ") == 0);
	CHECK_CODE(
	    people_agency_each(site, see, &some, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(some.slugs, "miami ocala ") == 0);
}

static void
damage_is_seen(void)
{
	static const struct db_sql bad_key = {
		"UPDATE agency SET vkey = 'x' || vkey",
	};
	static const struct db_sql long_name = {
		"UPDATE agency SET geography = ?1",
	};
	static const struct db_sql *const harm[] = { &bad_key, &long_name };

	for (size_t i = 0; i < SP_COUNTOF(harm); i++) {
		DB_AUTO site = site_open();
		struct people_agency a = good("miami", "FL0130000"), got;
		struct sp_err err;

		CHECK_OK(people_agency_add(site, &a, &err), &err);
		{
			DB_STMT st = db_use(site, harm[i]);

			if (harm[i] == &long_name)
				db_bind_text(st, 1,
				    "a-geography-of-far-too-many-characters");
			CHECK_OK(db_run(st, NULL, &err), &err);
		}
		CHECK_CODE(people_agency_by_slug(site, "miami", &got, &err),
		    SP_E_CORRUPT, &err);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every field has its rule", every_field_has_its_rule },
		{ "unterminated fields are refused",
		    unterminated_fields_are_refused },
		{ "a record comes back as it was",
		    a_record_comes_back_as_it_was },
		{ "taken names are refused", taken_names_are_refused },
		{ "there is one provider", there_is_one_provider },
		{ "each is in order and stops", each_is_in_order_and_stops },
		{ "damage is seen", damage_is_seen },
	};
	char path[sizeof(dir) + 16];
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK(mkdtemp(dir) != NULL);
	(void)tap_run(cases, SP_COUNTOF(cases));
	db_close(site_open()); /* takes the last test's files away */
	(void)snprintf(path, sizeof(path), "%s/site.db", dir);
	return unlink(path) == 0 && rmdir(dir) == 0 ? 0 : 1;
}
