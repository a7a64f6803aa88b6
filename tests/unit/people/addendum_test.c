#include "people_fixture.h"

static struct people_fixture f;

static enum sp_code
sign(const struct people_addendum_new *n, struct sp_id *id)
{
	struct people_fixture_op op = { .n = n };
	enum sp_code code = people_fixture_sign_as(&f, &op);

	*id = op.id;
	return code;
}

static void
act_as(const struct sp_id *person)
{
	f.by.kind = "person";
	f.by.id = f.by.person = *person;
}

static json_t *
statement(const struct sp_id *id)
{
	SP_AUTO_BUF out = sp_buf_new(PEOPLE_STATEMENT_MAX);
	json_t *j;

	CHECK_OK(people_addendum_statement(f.reader, id, &out, &f.err), &f.err);
	j = json_loads(sp_buf_str(&out), JSON_REJECT_DUPLICATES, NULL);
	CHECK(j != NULL);
	return j;
}

static bool
says(json_t *j, const char *member, const char *text)
{
	const char *s = json_string_value(json_object_get(j, member));

	return s != NULL && strcmp(s, text) == 0;
}

struct document_job {
	struct people_document_new n;
	uint8_t sha256[CRYPTO_SHA256_LEN];
};

static enum sp_code
document_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct document_job *j = arg;

	return people_addendum_document(a, &j->n, j->sha256, err);
}

/* By an account of one's own it is electronic; what is kept is exactly what
 * the ledger has the digest of. */
static void
a_signature_is_kept_whole(void)
{
	struct people_addendum_new n = { .person = NULL };
	SP_AUTO_BUF out = sp_buf_new(PEOPLE_STATEMENT_MAX);
	uint8_t sha256[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];
	struct sp_id person, id;
	json_t *j;

	people_fixture_open(&f);
	person = people_fixture_person(&f, "Ann Lee", "officer");
	n.person = &person;
	act_as(&person);
	CHECK_OK(sign(&n, &id), &f.err);
	CHECK_OK(
	    people_addendum_statement(f.reader, &id, &out, &f.err), &f.err);
	crypto_sha256(out.at, out.len, sha256);
	sp_hex(sha256, sizeof(sha256), hex);
	CHECK(strstr(people_fixture_last(&f), hex) != NULL);
	CHECK(
	    strstr(people_fixture_last(&f),
		"\"kind\":\"access-terms\",\"method\":\"electronic\"") != NULL);
	CHECK(people_fixture_count(&f, "Ann") == 0);
	j = statement(&id);
	CHECK(says(j, "signer", "Ann Lee"));
	CHECK(says(j, "document", "access-terms"));
	CHECK(says(j, "policy", "CJISSECPOL 6.1"));
	CHECK(says(j, "signed_on", "2026-11-21"));
	CHECK(json_object_get(j, "document_sha256") == NULL);
	json_decref(j);
	people_fixture_close(&f);
}

/* The document that was in force is the one signed, and stays so. */
static void
the_document_in_force_is_signed(void)
{
	struct document_job doc = {
		.n = { "security-addendum", "2024-12-27",
		    "FBI CJIS Security Addendum", "The text.\n" },
	};
	struct people_person_new contractor = { .name = "Bo",
		.role = "administrator",
		.kind = "contractor",
		.employer = "Acme" };
	struct people_fixture_op op = { .n = &contractor };
	struct people_addendum_new n = { .person = &op.id };
	char first[2 * CRYPTO_SHA256_LEN + 1];
	struct sp_id one, two;
	json_t *j;

	people_fixture_open(&f);
	CHECK_OK(people_fixture_add(&f, &op), &f.err);
	CHECK_OK(people_fixture_do(&f, document_fn, &doc), &f.err);
	sp_hex(doc.sha256, CRYPTO_SHA256_LEN, first);
	CHECK(strstr(people_fixture_last(&f), first) != NULL);
	CHECK_OK(sign(&n, &one), &f.err);
	doc.n.version = "2025-01-01";
	doc.n.text = "Another text.\n";
	CHECK_OK(people_fixture_do(&f, document_fn, &doc), &f.err);
	CHECK_OK(sign(&n, &two), &f.err);
	j = statement(&one);
	CHECK(says(j, "document_sha256", first));
	CHECK(says(j, "document_version", "2024-12-27"));
	CHECK(says(j, "method", "paper"));
	json_decref(j);
	j = statement(&two);
	CHECK(!says(j, "document_sha256", first));
	CHECK(says(j, "document_version", "2025-01-01"));
	json_decref(j);
	people_fixture_close(&f);
}

static void
every_field_has_its_rule(void)
{
	static const struct {
		bool person;
		struct people_addendum_new n;
		const char *reason;
	} rows[] = {
		{ false, { .company = NULL }, "addendum.person" },
		{ true, { .company = "Acme", .signer = "B" },
		    "addendum.person" },
		{ true, { .signer = "B" }, "addendum.signer" },
		{ false, { .company = "Acme" }, "addendum.signer" },
		{ false, { .company = "", .signer = "B" }, "addendum.company" },
		{ true, { .signed_on = "2026-11-22" }, "addendum.signed_on" },
		{ true, { .signed_on = "2026" }, "addendum.signed_on" },
		{ true, { .expires = "2026-11-21" }, "addendum.expires" },
	};
	static const struct {
		struct people_document_new n;
		const char *reason;
	} papers[] = {
		{ { "poem", "1", "T", "x" }, "addendum.kind" },
		{ { NULL, "1", "T", "x" }, "addendum.kind" },
		{ { "access-terms", NULL, "T", "x" }, "addendum.version" },
		{ { "access-terms", "1", "", "x" }, "addendum.title" },
		{ { "access-terms", "1", "T", "" }, "addendum.text" },
		{ { "access-terms", "1", "T", "\xff" }, "addendum.text" },
	};
	struct sp_id person, id, nobody = sp_id_new();
	struct people_addendum_new n = { .person = &nobody };

	people_fixture_open(&f);
	person = people_fixture_person(&f, "A", "officer");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct people_addendum_new bad = rows[i].n;

		bad.person = rows[i].person ? &person : NULL;
		CHECK_REASON(sign(&bad, &id), SP_E_INVALID, rows[i].reason, &f);
	}
	for (size_t i = 0; i < SP_COUNTOF(papers); i++) {
		struct document_job doc = { .n = papers[i].n };

		CHECK_REASON(people_fixture_do(&f, document_fn, &doc),
		    SP_E_INVALID, papers[i].reason, &f);
	}
	CHECK_REASON(sign(&n, &id), SP_E_NOTFOUND, "person.unknown", &f);
	/* One signs oneself today, not last year. */
	act_as(&person);
	n = (struct people_addendum_new){ .person = &person,
		.signed_on = "2026-11-20" };
	CHECK_REASON(sign(&n, &id), SP_E_INVALID, "addendum.signed_on", &f);
	/* By UTC it is tomorrow already, and one may say so. */
	n.signed_on = "2026-11-22";
	CHECK_REASON(sign(&n, &id), SP_E_INVALID, "addendum.signed_on", &f);
	f.now = people_fixture_time("2026-11-22T01:00:00Z");
	CHECK_OK(sign(&n, &id), &f.err);
	people_fixture_close(&f);
}

static void
what_holds_longest_counts(void)
{
	struct people_signature got[PEOPLE_DOCUMENT_COUNT], company;
	bool has[PEOPLE_DOCUMENT_COUNT], found = true;
	struct sp_id person, id;
	struct people_addendum_new n = { .person = &person };

	people_fixture_open(&f);
	person = people_fixture_person(&f, "A", "officer");
	n.signed_on = "2026-11-01";
	CHECK_OK(sign(&n, &id), &f.err);
	n.signed_on = "2026-11-10";
	n.expires = "2026-12-01";
	CHECK_OK(sign(&n, &id), &f.err);
	CHECK_OK(
	    people_addendum_of(f.reader, &person, f.rules, got, has, &f.err),
	    &f.err);
	CHECK(has[PEOPLE_ACCESS_TERMS] && !has[PEOPLE_SECURITY_ADDENDUM]);
	CHECK(people_addendum_until(&got[PEOPLE_ACCESS_TERMS], f.rules) ==
	    people_fixture_day("2027-11-01"));
	CHECK_OK(people_addendum_of_company(
		     f.reader, "Acme", f.rules, &company, &found, &f.err),
	    &f.err);
	CHECK(!found);
	n = (struct people_addendum_new){ .company = "Acme", .signer = "CEO" };
	CHECK_OK(sign(&n, &id), &f.err);
	CHECK_OK(people_addendum_of_company(
		     f.reader, "Acme", f.rules, &company, &found, &f.err),
	    &f.err);
	CHECK(found && sp_id_equal(&company.id, &id));
	CHECK(people_addendum_until(&company, f.rules) == PEOPLE_DAY_NEVER);
	CHECK_CODE(people_addendum_statement(
		       f.reader, &person, &(struct sp_buf){ .max = 9 }, &f.err),
	    SP_E_NOTFOUND, &f.err);
	people_fixture_close(&f);
}

struct sign_many {
	const struct people_addendum_new *n;
	int left;
};

static enum sp_code
sign_many_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct sign_many *m = arg;
	struct sp_id id;

	for (; m->left > 0; m->left--)
		SP_TRY(people_addendum_sign(a, m->n, &id, err));
	return SP_OK;
}

/* Whoever signs for themselves can do so again and again, and all of it is
 * read for their clearance. */
static void
signatures_have_a_limit(void)
{
	struct people_addendum_new n = { .person = NULL };
	struct people_addendum_new of = { .company = "Acme", .signer = "Bo" };
	struct sign_many m = { &n, PEOPLE_SIGNATURES_MAX };
	struct sp_id person, other, id;

	people_fixture_open(&f);
	person = people_fixture_person(&f, "Ann Lee", "officer");
	other = people_fixture_person(&f, "Kim Roe", "officer");
	n.person = &person;
	act_as(&person);
	CHECK_OK(people_fixture_do(&f, sign_many_fn, &m), &f.err);
	CHECK_REASON(sign(&n, &id), SP_E_LIMIT, "addendum.limit", &f);
	n.person = &other;
	CHECK_OK(sign(&n, &id), &f.err);
	m = (struct sign_many){ &of, PEOPLE_SIGNATURES_COMPANIES };
	CHECK_OK(people_fixture_do(&f, sign_many_fn, &m), &f.err);
	CHECK_REASON(sign(&of, &id), SP_E_LIMIT, "addendum.limit", &f);
	CHECK_OK(sign(&n, &id), &f.err);
	people_fixture_close(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a signature is kept whole", a_signature_is_kept_whole },
		{ "the document in force is signed",
		    the_document_in_force_is_signed },
		{ "every field has its rule", every_field_has_its_rule },
		{ "signatures have a limit", signatures_have_a_limit },
		{ "what holds longest counts", what_holds_longest_counts },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
