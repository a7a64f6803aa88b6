#include "api_people_fixture.h"

static void
signing_says_how_it_was(void)
{
	struct gate_caller ann;
	char path[200];

	begin();
	add("ann", "officer", ",\"human\":\"E-1\"");
	add("ann2", "custodian", ",\"human\":\"E-1\"");
	ask(&f.who, "PUT", "documents/access-terms",
	    "{\"text\":\"Be good.\\n\",\"title\":\"Terms\",\"version\":"
	    "\"3\"}");
	CHECK_STATUS(200);
	ann = as("ann");
	ask(&ann, "GET", "documents/access-terms", NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("text"), "Be good.\n") == 0);
	/* By oneself: electronically, today, the very words kept. */
	ask(&ann, "POST", "persons/~/signatures",
	    "{\"signed_on\":\"2020-01-01\"}");
	CHECK_STATUS(400);
	ask(&ann, "POST", "persons/~/signatures", "{}");
	CHECK_STATUS(201);
	(void)snprintf(
	    path, sizeof(path), "signatures/%s/statement", member("id"));
	ask(&f.who, "GET", path, NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("method"), "electronic") == 0);
	CHECK(strcmp(member("address"), "192.0.2.9") == 0);
	CHECK(strcmp(member("document_version"), "3") == 0);
	CHECK(strlen(member("document_sha256")) == 64);
	CHECK(strlen(member("words")) > 20);
	/* By an administrator: on paper; and it says so. */
	ask(&f.who, "POST", "persons/ann/signatures", "{}");
	CHECK_STATUS(201);
	(void)snprintf(
	    path, sizeof(path), "signatures/%s/statement", member("id"));
	ask(&f.who, "GET", path, NULL);
	CHECK(strcmp(member("method"), "paper") == 0);
	/* Another account of one's own is oneself. */
	ask(&ann, "POST", "persons/ann2/signatures", "{}");
	CHECK_STATUS(201);
	CHECK(entries("addendum.signed") == 3);
	/* A company's signature and a colleague's are not one's to enter. */
	add("bo", "officer", "");
	ask(&ann, "POST", "persons/bo/signatures", "{}");
	CHECK_STATUS(403);
	ask(&ann, "POST", "signatures",
	    "{\"company\":\"Acme\",\"signer\":\"A\"}");
	CHECK_STATUS(403);
	ask(&f.who, "POST", "signatures",
	    "{\"company\":\"Acme\",\"signer\":\"A. Boss\"}");
	CHECK_STATUS(201);
	ask(&f.who, "GET", "signatures", NULL);
	CHECK(strstr(text, "A. Boss") != NULL);
	end();
}

static void
agreements_are_recorded_reviewed_ended(void)
{
	char path[200], id[40];

	begin();
	ask(&f.who, "POST", "agreements", "{\"signed_on\":\"2024-03-01\"}");
	CHECK_STATUS(201);
	(void)snprintf(id, sizeof(id), "%s", member("id"));
	(void)snprintf(path, sizeof(path), "agreements/%s/review", id);
	ask(&f.who, "POST", path, "{\"reviewed\":\"2025-03-01\"}");
	CHECK_STATUS(204);
	(void)snprintf(path, sizeof(path), "agreements/%s/end", id);
	ask(&f.who, "POST", path, "{}");
	CHECK_STATUS(204);
	ask(&f.who, "POST", path, "{}");
	CHECK_STATUS(409);
	ask(&f.who, "GET", "agreements", NULL);
	CHECK(strstr(text, "\"reviewed\":\"2025-03-01\"") != NULL);
	ask(&f.who, "POST",
	    "agreements/017f22e2-79b0-7cc3-98c4-dc0c0c07398f/end", "{}");
	CHECK_STATUS(404);
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "signing says how it was", signing_says_how_it_was },
		{ "agreements are recorded, reviewed, ended",
		    agreements_are_recorded_reviewed_ended },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
