#include "cmd/names.h"

#include "client/fake.h"

#define ANN "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define BO  "0190aaaa-bbbb-7ccc-8ddd-ffffffffffff"

/* A site that knows Ann; whoever `denies` hears of nobody. */
static enum sp_code
serve(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	const bool *denies = f->arg;

	(void)err;
	if (*denies)
		return fake_status(an, 403);
	if (strcmp(rq->path, "/v1/agencies/harbor-pd/persons/" ANN) != 0)
		return fake_status(an, 404);
	return fake_text(an,
	    "{\"id\":\"x\",\"login\":\"ann.lee\",\"name\":\"Ann\\u001bLee\"}");
}

static void
who_is_known_is_named_and_asked_of_once(void)
{
	bool denies = false;
	struct fake f = { .serve = serve, .arg = &denies };
	struct client c = { .site = fake_client(&f) };
	struct names n = cmd_names_new(&c);
	char login[PRESENT_CELL_MAX], whole[NAMES_WHOLE];

	CHECK(strcmp(cmd_names_login(&n, ANN, login), "ann.lee") == 0);
	CHECK(strcmp(cmd_names_whole(&n, ANN, whole),
		  "ann.lee, Ann?Lee, " ANN) == 0);
	CHECK(f.requests == 1);
	cmd_names_done(&n);
	client_site_done(&c.site);
}

/* Another house's, say: nobody's refusal. */
static void
who_is_not_there_is_told_by_id(void)
{
	bool denies = false;
	struct fake f = { .serve = serve, .arg = &denies };
	struct client c = { .site = fake_client(&f) };
	struct names n = cmd_names_new(&c);
	char login[PRESENT_CELL_MAX], whole[NAMES_WHOLE];

	CHECK(strcmp(cmd_names_whole(&n, BO, whole), BO) == 0);
	CHECK(strcmp(cmd_names_login(&n, BO, login), BO) == 0);
	CHECK(f.requests == 1);
	CHECK(strcmp(cmd_names_login(&n, ANN, login), "ann.lee") == 0);
	CHECK(f.requests == 2);
	cmd_names_done(&n);
	client_site_done(&c.site);
}

static void
after_a_refusal_nobody_else_is_asked_about(void)
{
	bool denies = true;
	struct fake f = { .serve = serve, .arg = &denies };
	struct client c = { .site = fake_client(&f) };
	struct names n = cmd_names_new(&c);
	char login[PRESENT_CELL_MAX], whole[NAMES_WHOLE];

	CHECK(strcmp(cmd_names_login(&n, ANN, login), ANN) == 0);
	CHECK(strcmp(cmd_names_whole(&n, BO, whole), BO) == 0);
	CHECK(f.requests == 1);
	cmd_names_done(&n);
	client_site_done(&c.site);
}

/* What the site tells is no path of this program's making. */
static void
what_is_no_id_is_not_asked_about(void)
{
	bool denies = false;
	struct fake f = { .serve = serve, .arg = &denies };
	struct client c = { .site = fake_client(&f) };
	struct names n = cmd_names_new(&c);
	char login[PRESENT_CELL_MAX];

	CHECK(
	    strcmp(cmd_names_login(&n, "../tokens", login), "../tokens") == 0);
	CHECK(strcmp(cmd_names_login(&n, "\033[2J", login), "?[2J") == 0);
	CHECK(strcmp(cmd_names_login(&n, NULL, login), "-") == 0);
	CHECK(f.requests == 0);
	cmd_names_done(&n);
	client_site_done(&c.site);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "who is known is named, and asked of once",
		    who_is_known_is_named_and_asked_of_once },
		{ "who is not there is told by id",
		    who_is_not_there_is_told_by_id },
		{ "after a refusal nobody else is asked about",
		    after_a_refusal_nobody_else_is_asked_about },
		{ "what is no id is not asked about",
		    what_is_no_id_is_not_asked_about },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
