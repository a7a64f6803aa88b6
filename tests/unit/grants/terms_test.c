#include "grants/terms.h"

#include "tap.h"

#include <jansson.h>
#include <string.h>

static uint64_t seed = 88172645463325252U;

static uint64_t
next(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* --- life --- */

static void
test_states(void)
{
	for (unsigned from = 0; from < GRANTS_STATE_COUNT; from++)
		for (unsigned to = 0; to < GRANTS_STATE_COUNT; to++)
			CHECK(grants_terms_may((enum grants_state)from,
				  (enum grants_state)to) ==
			    (from == GRANTS_ACTIVE && to != GRANTS_ACTIVE));
	for (unsigned s = 0; s < GRANTS_STATE_COUNT; s++) {
		enum grants_state back = GRANTS_STATE_COUNT;

		CHECK(
		    grants_terms_state_parse(
			grants_terms_state_name((enum grants_state)s), &back) &&
		    back == s);
	}
	for (unsigned t = 0; t < GRANTS_TO_COUNT; t++) {
		enum grants_to back = GRANTS_TO_COUNT;

		CHECK(grants_terms_to_parse(
			  grants_terms_to_name((enum grants_to)t), &back) &&
		    back == t);
	}
	CHECK(!grants_terms_state_parse("", &(enum grants_state){ 0 }));
	CHECK(!grants_terms_to_parse("everybody", &(enum grants_to){ 0 }));
}

/* --- the lattice --- */

#define UNIVERSE 6

static struct sp_id all[UNIVERSE];
static const char *const categories[] = { "dui", "homicide" };

static struct grants_terms
any_terms(void)
{
	struct grants_terms t = {
		.id = sp_id_new(),
		.owner = all[0],
		.sharer = all[0],
		.to_id = all[1],
		.download = next(2) != 0,
		.reshare = next(3) != 0,
		.granted = 1,
		.until = (sp_time)(1 + next(5)),
		.reason = "x",
	};

	if (next(3) == 0) {
		(void)snprintf(
		    t.category, sizeof(t.category), "%s", categories[next(2)]);
		return t;
	}
	t.item = calloc(UNIVERSE, sizeof(*t.item));
	CHECK(t.item != NULL);
	for (size_t i = 0; i < UNIVERSE; i++)
		if (next(2) != 0)
			t.item[t.n++] = all[i];
	if (t.n == 0)
		t.item[t.n++] = all[0];
	CHECK(grants_terms_sort(&t, NULL) == SP_OK);
	return t;
}

/* What a chain lets somebody do with item i of a category at a time: each link
 * is asked, as a visit does (grants/visit.c). */
static bool
chain_gives(const struct grants_terms *chain, size_t n, size_t i,
    const char *category, sp_time now, bool download)
{
	for (size_t k = 0; k < n; k++)
		if (now >= chain[k].until || (download && !chain[k].download) ||
		    !grants_terms_covers(&chain[k], &all[i], category))
			return false;
	return true;
}

static void
check_chain(const struct grants_terms *chain, size_t n)
{
	for (size_t i = 0; i < UNIVERSE; i++)
		for (size_t c = 0; c < 2; c++)
			for (sp_time now = 0; now < 7; now++)
				for (int d = 0; d < 2; d++)
					if (chain_gives(chain, n, i,
						categories[c], now, d != 0))
						CHECK(chain_gives(chain, 1, i,
						    categories[c], now,
						    d != 0));
	/* And by what it says of itself. */
	CHECK(chain[n - 1].until <= chain[0].until);
	CHECK(!chain[n - 1].download || chain[0].download);
	for (size_t i = 0; i < UNIVERSE && chain[0].category[0] == '\0'; i++)
		if (chain[n - 1].category[0] == '\0' &&
		    grants_terms_covers(&chain[n - 1], &all[i], ""))
			CHECK(grants_terms_covers(&chain[0], &all[i], ""));
	for (size_t k = 0; k + 1 < n; k++)
		CHECK(chain[k].reshare);
}

/* Whatever chain of shares is let be made gives no more than its root. */
static void
test_lattice(void)
{
	size_t longest = 0, made = 0;

	for (size_t i = 0; i < UNIVERSE; i++)
		all[i] = sp_id_new();
	for (int round = 0; round < 20000; round++) {
		struct grants_terms chain[4];
		size_t n = 1;

		chain[0] = any_terms();
		for (int tries = 0; tries < 12 && n < 4; tries++) {
			struct grants_terms t = any_terms();

			if (grants_terms_within(&t, &chain[n - 1], NULL) ==
			    SP_OK)
				chain[n++] = t;
			else
				grants_terms_done(&t);
		}
		check_chain(chain, n);
		longest = n > longest ? n : longest;
		made += n > 1;
		while (n > 0)
			grants_terms_done(&chain[--n]);
	}
	CHECK(longest == 4 && made > 1000);
}

static void
test_within(void)
{
	struct sp_id two[2] = { sp_id_new(), sp_id_new() };
	struct grants_terms parent = {
		.reshare = true,
		.download = true,
		.until = 10,
		.n = 1,
		.item = two,
	};
	struct sp_err err;

	static const struct {
		const char *reason;
		bool reshare, parent_download, download;
		sp_time until;
		size_t n;
		const char *category;
	} cases[] = {
		{ NULL, true, true, true, 10, 1, "" },
		{ NULL, true, false, false, 9, 1, "" },
		{ "share.reshare", false, true, false, 10, 1, "" },
		{ "share.until", true, true, true, 11, 1, "" },
		{ "share.download", true, false, true, 10, 1, "" },
		{ "share.evidence", true, true, true, 10, 2, "" },
		{ "share.evidence", true, true, true, 10, 0, "dui" },
	};

	for (size_t i = 0; i < SP_COUNTOF(cases); i++) {
		struct grants_terms child = {
			.download = cases[i].download,
			.until = cases[i].until,
			.n = cases[i].n,
			.item = two,
		};
		enum sp_code code;

		parent.reshare = cases[i].reshare;
		parent.download = cases[i].parent_download;
		(void)snprintf(child.category, sizeof(child.category), "%s",
		    cases[i].category);
		code = grants_terms_within(&child, &parent, &err);
		CHECK((code == SP_OK) == (cases[i].reason == NULL));
		if (code != SP_OK)
			CHECK(strcmp(err.reason, cases[i].reason) == 0);
	}
}

/* --- JSON --- */

static void
test_round(void)
{
	for (size_t i = 0; i < UNIVERSE; i++)
		all[i] = sp_id_new();
	for (int round = 0; round < 200; round++) {
		SP_AUTO_BUF one = sp_buf_new(GRANTS_TERMS_MAX);
		SP_AUTO_BUF two = sp_buf_new(GRANTS_TERMS_MAX);
		struct sp_json j = sp_json_to(&one), k = sp_json_to(&two);
		struct grants_terms t = any_terms();
		GRANTS_AUTO_TERMS back = { .n = 0 };
		struct sp_err err;
		json_t *in;

		if (next(2) != 0)
			t.parent = all[2];
		grants_terms_put(&j, NULL, &t);
		in = json_loads(sp_buf_str(&one), 0, NULL);
		CHECK(in != NULL);
		CHECK_OK(grants_terms_read(in, &back, &err), &err);
		grants_terms_put(&k, NULL, &back);
		CHECK(strcmp(sp_buf_str(&one), sp_buf_str(&two)) == 0);
		/* Every member is needed. */
		static const char *const needed[] = { "download", "granted_at",
			"id", "owner", "reason", "reshare", "sharer", "to",
			"until" };

		for (size_t m = 0; m < SP_COUNTOF(needed); m++) {
			json_t *less = json_copy(in);
			struct grants_terms no = { .n = 77 };

			CHECK(json_object_del(less, needed[m]) == 0);
			CHECK(
			    grants_terms_read(less, &no, &err) == SP_E_INVALID);
			CHECK(no.n == 77);
			json_decref(less);
		}
		json_decref(in);
		grants_terms_done(&t);
	}
}

#define ID   "01890a5d-ac96-774b-bcce-b302099a8057"
#define ID2  "01890a5d-ac96-774b-bcce-b302099a8058"
#define WELL "\"reason\":\"r\",\"to\":{\"agency\":\"mesa-so\"}"

static const struct {
	const char *json, *reason; /* NULL: it is one */
} wishes[] = {
	{ "{" WELL ",\"evidence\":[\"" ID "\"]}", NULL },
	{ "{" WELL ",\"category\":\"dui\",\"days\":3}", NULL },
	{ "{" WELL ",\"category\":\"dui\",\"access\":\"download\","
	  "\"reshare\":true,\"until\":\"2030-01-01T00:00:00Z\"}",
	    NULL },
	{ "{\"reason\":\"r\",\"to\":{\"group\":\"" ID "\"},\"category\":\"a\"}",
	    NULL },
	{ "{\"reason\":\"r\",\"to\":{\"person\":\"" ID
	  "\"},\"category\":\"a\",\"parent\":\"" ID2 "\"}",
	    NULL },
	{ "[]", "share.member" },
	{ "{" WELL ",\"category\":\"a\",\"more\":1}", "share.member" },
	{ "{" WELL "}", "share.evidence" },
	{ "{" WELL ",\"evidence\":[]}", "share.evidence" },
	{ "{" WELL ",\"evidence\":[1]}", "share.evidence" },
	{ "{" WELL ",\"evidence\":[\"" ID "\",\"" ID "\"]}", "share.evidence" },
	{ "{" WELL ",\"evidence\":[\"" ID "\"],\"category\":\"a\"}",
	    "share.evidence" },
	{ "{" WELL ",\"category\":\"A\"}", "share.category" },
	{ "{" WELL ",\"category\":\"\"}", "share.category" },
	{ "{" WELL ",\"category\":\"a\",\"access\":\"all\"}", "share.access" },
	{ "{" WELL ",\"category\":\"a\",\"access\":1}", "share.access" },
	{ "{" WELL ",\"category\":\"a\",\"reshare\":\"yes\"}",
	    "share.reshare" },
	{ "{" WELL ",\"category\":\"a\",\"days\":0}", "share.days" },
	{ "{" WELL ",\"category\":\"a\",\"days\":1e3}", "share.days" },
	{ "{" WELL ",\"category\":\"a\",\"days\":9223372036854775807}",
	    "share.days" },
	{ "{" WELL ",\"category\":\"a\",\"until\":\"soon\"}", "share.until" },
	{ "{" WELL ",\"category\":\"a\",\"days\":1,"
	  "\"until\":\"2030-01-01T00:00:00Z\"}",
	    "share.until" },
	{ "{" WELL ",\"category\":\"a\",\"parent\":\"x\"}", "share.parent" },
	{ "{\"to\":{\"agency\":\"mesa-so\"},\"category\":\"a\"}",
	    "share.reason" },
	{ "{\"reason\":\"\",\"to\":{\"agency\":\"mesa-so\"},\"category\":"
	  "\"a\"}",
	    "share.reason" },
	{ "{\"reason\":\"a\\nb\",\"to\":{\"agency\":\"mesa-so\"},"
	  "\"category\":\"a\"}",
	    "share.reason" },
	{ "{\"reason\":\"r\",\"category\":\"a\"}", "share.to" },
	{ "{\"reason\":\"r\",\"to\":{},\"category\":\"a\"}", "share.to" },
	{ "{\"reason\":\"r\",\"to\":{\"agency\":\"../x\"},\"category\":"
	  "\"a\"}",
	    "share.to" },
	{ "{\"reason\":\"r\",\"to\":{\"agency\":\"b\",\"group\":\"" ID
	  "\"},\"category\":\"a\"}",
	    "share.to" },
	{ "{\"reason\":\"r\",\"to\":{\"group\":\"b\"},\"category\":\"a\"}",
	    "share.to" },
};

static void
test_wishes(void)
{
	for (size_t i = 0; i < SP_COUNTOF(wishes); i++) {
		GRANTS_AUTO_WISH w = { .timed = false };
		struct sp_err err = { .reason = NULL };
		json_t *in = json_loads(wishes[i].json, 0, NULL);
		enum sp_code code;

		CHECK(in != NULL);
		code = grants_terms_wish(in, 1000, &w, &err);
		json_decref(in);
		if (code == SP_OK && wishes[i].reason == NULL)
			continue;
		if (code != SP_E_INVALID || wishes[i].reason == NULL ||
		    strcmp(err.reason, wishes[i].reason) != 0)
			(void)printf("# %s\n", wishes[i].json);
		CHECK(code == SP_E_INVALID && wishes[i].reason != NULL);
		CHECK(strcmp(err.reason, wishes[i].reason) == 0);
		CHECK(w.terms.item == NULL);
	}
}

/* A thousand ids and the longest reason are still terms; one more is not. */
static void
test_most(void)
{
	SP_AUTO_BUF text = sp_buf_new(GRANTS_TERMS_MAX);
	struct sp_json j = sp_json_to(&text);
	GRANTS_AUTO_TERMS t = { .owner = sp_id_new() };
	struct sp_err err;

	t.id = t.sharer = t.to_id = t.parent = t.owner;
	t.item = calloc(GRANTS_ITEMS + 1, sizeof(*t.item));
	CHECK(t.item != NULL);
	for (t.n = 0; t.n < GRANTS_ITEMS + 1; t.n++)
		t.item[t.n] = sp_id_new();
	CHECK(grants_terms_sort(&t, &err) == SP_E_INVALID);
	t.n--;
	CHECK_OK(grants_terms_sort(&t, &err), &err);
	memset(t.reason, '"', GRANTS_REASON);
	grants_terms_put(&j, NULL, &t);
	CHECK_OK(sp_buf_check(&text, "terms", &err), &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is over never comes back", test_states },
		{ "no chain gives more than its root", test_lattice },
		{ "what is more than the parent gives", test_within },
		{ "terms come back from their text", test_round },
		{ "wishes, and what is none", test_wishes },
		{ "the most that a share can be", test_most },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
