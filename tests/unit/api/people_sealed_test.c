#include "api_people_fixture.h"

/* Is this anywhere in the files of the site? */
static const char *needle;

static int
look_in(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	SP_AUTO_BUF bytes = sp_buf_new((size_t)64 << 20);
	struct sp_err err;

	(void)w;
	if (flag != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	CHECK_OK(sp_file_read(AT_FDCWD, path, &bytes, &err), &err);
	if (memmem(bytes.at, bytes.len, needle, strlen(needle)) != NULL)
		tap_fail(__FILE__, __LINE__, needle, path);
	return 0;
}

static void
sealed_fields_open_for_few_and_leave_a_trace(void)
{
	static const char *const everywhere[] = { "persons", "persons/ann",
		"persons/ann/sealed", "persons/ann/screenings", "roster.csv",
		"roster.json", "persons/ann/clearance",
		"explain?person=ann&act=evidence.view" };
	struct gate_caller laso, officer;

	begin();
	add("ann", "officer", "");
	add("sec", "laso", "");
	clear("sec");
	ask(&f.who, "POST", "agreements", "{}");
	laso = as("sec");
	officer = as("ann");
	ask(&laso, "PUT", "persons/ann/sealed/ssn",
	    "{\"value\":\"123-45-6789\"}");
	CHECK_STATUS(204);
	ask(&f.who, "PUT", "persons/ann/sealed/dob",
	    "{\"value\":\"1980-02-29\"}");
	CHECK_STATUS(204);
	for (size_t i = 0; i < SP_COUNTOF(everywhere); i++) {
		ask(&f.who, "GET", everywhere[i], NULL);
		CHECK_STATUS(200);
		CHECK(strstr(text, "123-45-6789") == NULL);
		CHECK(strstr(text, "123456789") == NULL);
		CHECK(strstr(text, "1980-02-29") == NULL);
	}
	/* Not for the one it is of, nor for an administrator's token. */
	ask(&officer, "POST", "persons/~/sealed/ssn/open", NULL);
	CHECK_STATUS(403);
	ask(&f.who, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(403);
	CHECK(entries("sealed.opened") == 0);
	ask(&laso, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(200);
	CHECK(strcmp(member("value"), "123-45-6789") == 0 ||
	    strcmp(member("value"), "123456789") == 0);
	CHECK(entries("sealed.opened") == 1 && entries("sealed.shown") == 1);
	ask(&laso, "POST", "persons/ann/sealed/fbi/open", NULL);
	CHECK_STATUS(404);
	/* A LASO whose proof is old shows the factor again first. */
	laso.is.since_proof = laso.is.limits.fresh;
	ask(&laso, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(403);
	CHECK(strcmp(reason(), "factor") == 0);
	fixture_close(&f);
	needle = "123-45-6789";
	CHECK(nftw(f.dir, look_in, 16, FTW_PHYS) == 0);
	needle = "123456789";
	CHECK(nftw(f.dir, look_in, 16, FTW_PHYS) == 0);
	needle = "1980-02-29";
	CHECK(nftw(f.dir, look_in, 16, FTW_PHYS) == 0);
	/* The key outlives the server. */
	fixture_open(&f);
	house.site = f.site;
	laso = as("sec");
	ask(&laso, "POST", "persons/ann/sealed/ssn/open", NULL);
	CHECK_STATUS(200);
	end();
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "sealed fields open for few and leave a trace",
		    sealed_fields_open_for_few_and_leave_a_trace },
	};
	struct sp_err err;

	if (crypto_provider_open("", &err) != SP_OK)
		return 1;
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
