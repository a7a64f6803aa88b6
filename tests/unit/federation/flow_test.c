#include "federation/flow.h"

#include "base/encode.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "federation_room.h"

#include <fcntl.h>

static struct people_fixture f;
static struct federation_provider provider, another;

struct begin {
	struct federation_flow_new n;
	struct federation_flow out;
};

static enum sp_code
begin_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct begin *b = arg;

	return federation_flow_begin(a, &b->n, &b->out, err);
}

static struct federation_flow
begin(const char *next)
{
	struct begin b = { .n = { .provider = provider.id, .next = next } };

	CHECK_OK(people_fixture_do(&f, begin_fn, &b), &f.err);
	return b.out;
}

struct take {
	struct federation_flow_back b;
	struct federation_flow out;
};

static enum sp_code
take_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct take *t = arg;

	return federation_flow_take(a, &t->b, &t->out, err);
}

static enum sp_code
take(const struct sp_id *at, const char *state, const char *browser,
    struct federation_flow *out)
{
	struct take t = { .b = { *at, state, browser } };
	enum sp_code code = people_fixture_do(&f, take_fn, &t);

	if (code == SP_OK && out != NULL)
		*out = t.out;
	CHECK(code == SP_OK ||
	    (code == SP_E_UNKNOWN &&
		strcmp(f.err.reason, "flow.unknown") == 0 &&
		t.out.verifier[0] == '\0'));
	return code;
}

static void
set_up(void)
{
	room_open(&f);
	provider = federation_provider_new();
	another = federation_provider_new();
	room_provided(&f, NULL, &provider);
	room_provided(&f, "{\"name\":\"state\"}", &another);
	f.by.address = "192.0.2.1";
}

static void
tear_down(void)
{
	federation_provider_free(&provider);
	federation_provider_free(&another);
	people_fixture_close(&f);
}

static void
there_and_back(void)
{
	struct federation_flow back = { .began = 0 }, out;
	uint8_t sum[CRYPTO_SHA256_LEN];
	char challenge[FEDERATION_FLOW_TEXT];

	set_up();
	out = begin("/v1/x?y=z");
	CHECK(strlen(out.state) == 43 && strlen(out.browser) == 43 &&
	    strlen(out.nonce) == 43 && strlen(out.challenge) == 43);
	CHECK(out.verifier[0] == '\0'); /* nobody needs it before */
	f.now += SP_SECOND;
	CHECK_OK(take(&provider.id, out.state, out.browser, &back), &f.err);
	CHECK(strcmp(back.nonce, out.nonce) == 0 &&
	    strcmp(back.next, "/v1/x?y=z") == 0 &&
	    back.began == f.now - SP_SECOND);
	/* RFC 7636 4.6 */
	crypto_sha256(back.verifier, strlen(back.verifier), sum);
	sp_base64url(sum, sizeof(sum), challenge);
	CHECK(strlen(back.verifier) == 43 &&
	    strcmp(challenge, out.challenge) == 0);
	/* once */
	CHECK_CODE(take(&provider.id, out.state, out.browser, NULL),
	    SP_E_UNKNOWN, &f.err);
	tear_down();
}

/* What is wanted of the proof there is kept here, not in the browser. */
static void
a_new_proof(void)
{
	struct begin b = { .n = { .next = "/" } };
	struct take t;

	set_up();
	b.n.provider = provider.id;
	for (int i = 0; i < 2; i++) {
		b.n.anew = i == 1;
		CHECK_OK(people_fixture_do(&f, begin_fn, &b), &f.err);
		t = (struct take){ .b = { provider.id, b.out.state,
				       b.out.browser } };
		CHECK_OK(people_fixture_do(&f, take_fn, &t), &f.err);
		CHECK(t.out.after == b.out.after &&
		    t.out.after == (b.n.anew ? t.out.began : 0));
	}
	tear_down();
}

static void
no_two_alike(void)
{
	struct federation_flow a, b;

	set_up();
	a = begin(NULL);
	b = begin(NULL);
	CHECK(strcmp(a.state, b.state) != 0 &&
	    strcmp(a.browser, b.browser) != 0 &&
	    strcmp(a.nonce, b.nonce) != 0 &&
	    strcmp(a.challenge, b.challenge) != 0);
	/* all that leaves in the URL says nothing of the cookie */
	CHECK(strcmp(a.state, a.nonce) != 0 && strcmp(a.nonce, a.browser) != 0);
	tear_down();
}

/* Login CSRF (another's browser), mix-up (another provider), guesses. */
static void
who_cannot_come_back(void)
{
	struct federation_flow mine, theirs;
	char cut[FEDERATION_FLOW_TEXT], longer[FEDERATION_FLOW_TEXT + 1];

	set_up();
	mine = begin(NULL);
	theirs = begin(NULL);
	(void)snprintf(cut, sizeof(cut), "%.42s", mine.state);
	(void)snprintf(longer, sizeof(longer), "%sA", mine.state);
	const struct {
		const struct sp_id *at;
		const char *state, *browser;
	} rows[] = {
		{ &provider.id, mine.state, theirs.browser },
		{ &provider.id, theirs.state, mine.browser },
		{ &another.id, mine.state, mine.browser },
		{ &provider.id, mine.state, NULL },
		{ &provider.id, NULL, mine.browser },
		{ &provider.id, mine.state, "" },
		{ &provider.id, "", mine.browser },
		{ &provider.id, cut, mine.browser },
		{ &provider.id, longer, mine.browser },
		{ &provider.id, mine.browser, mine.state },
		{ &provider.id, mine.nonce, mine.browser },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_CODE(
		    take(rows[i].at, rows[i].state, rows[i].browser, NULL),
		    SP_E_UNKNOWN, &f.err);
	/* nor did they spoil it for whoever can */
	CHECK_OK(take(&provider.id, mine.state, mine.browser, NULL), &f.err);
	CHECK_OK(
	    take(&provider.id, theirs.state, theirs.browser, NULL), &f.err);
	tear_down();
}

static void
ten_minutes(void)
{
	static const struct {
		sp_time after;
		enum sp_code code;
	} rows[] = {
		{ 0, SP_OK }, { FEDERATION_FLOW_LIFE - 1, SP_OK },
		{ FEDERATION_FLOW_LIFE, SP_E_UNKNOWN },
		{ -1, SP_E_UNKNOWN }, /* the clock was set back */
	};

	set_up();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct federation_flow one = begin(NULL);

		f.now += rows[i].after;
		CHECK_CODE(take(&provider.id, one.state, one.browser, NULL),
		    rows[i].code, &f.err);
		f.now += FEDERATION_FLOW_LIFE;
	}
	tear_down();
}

/* What is stored is no use to whoever reads it. */
static void
what_is_stored(void)
{
	SP_AUTO_BUF all = sp_buf_new((size_t)16 << 20);
	struct federation_flow one, back;
	const char *secret[4];
	uint8_t raw[32];
	size_t len = sizeof(raw);
	char wal[120];

	set_up();
	one = begin("/next");
	CHECK_OK(sp_file_read(AT_FDCWD, f.db_path, &all, &f.err), &f.err);
	(void)snprintf(wal, sizeof(wal), "%s-wal", f.db_path);
	CHECK_OK(sp_file_read(AT_FDCWD, wal, &all, &f.err), &f.err);
	CHECK_OK(take(&provider.id, one.state, one.browser, &back), &f.err);
	secret[0] = one.state;
	secret[1] = one.browser;
	secret[2] = one.nonce;
	secret[3] = back.verifier;
	CHECK(memmem(all.at, all.len, "/next", 5) != NULL);
	for (size_t i = 0; i < SP_COUNTOF(secret); i++) {
		CHECK(memmem(all.at, all.len, secret[i], 43) == NULL);
		CHECK(sp_base64url_parse(secret[i], 43, raw, &len));
		CHECK(memmem(all.at, all.len, raw, sizeof(raw)) == NULL);
	}
	tear_down();
}

static void
not_too_many(void)
{
	struct begin b = { .n = { .next = NULL } };
	struct federation_flow first;

	set_up();
	b.n.provider = provider.id;
	first = begin(NULL);
	for (int i = 1; i < FEDERATION_FLOWS_OF_ONE; i++)
		(void)begin(NULL);
	CHECK_REASON(
	    people_fixture_do(&f, begin_fn, &b), SP_E_UNAVAIL, "flow.many", &f);
	/* others go on, and nobody's is forgotten for it */
	f.by.address = "192.0.2.2";
	(void)begin(NULL);
	CHECK_OK(take(&provider.id, first.state, first.browser, NULL), &f.err);
	/* time makes room */
	f.by.address = "192.0.2.1";
	(void)begin(NULL);
	CHECK_CODE(people_fixture_do(&f, begin_fn, &b), SP_E_UNAVAIL, &f.err);
	f.now += FEDERATION_FLOW_LIFE;
	(void)begin(NULL);
	tear_down();
}

/* Who has a /64 has 2^64 addresses, and one share of flows. */
static void
one_network_has_one_share(void)
{
	struct begin b = { .n = { .next = NULL } };
	char address[46];

	set_up();
	b.n.provider = provider.id;
	f.by.address = address;
	for (int i = 0; i < FEDERATION_FLOWS_OF_ONE; i++) {
		(void)snprintf(address, sizeof(address), "2001:db8:0:1:%x::%x",
		    (unsigned)i, (unsigned)i + 1);
		(void)begin(NULL);
	}
	(void)snprintf(address, sizeof(address), "2001:db8:0:1:ffff::1");
	CHECK_REASON(
	    people_fixture_do(&f, begin_fn, &b), SP_E_UNAVAIL, "flow.many", &f);
	(void)snprintf(address, sizeof(address), "2001:db8:0:2::1");
	(void)begin(NULL);
	f.by.address = "192.0.2.1";
	tear_down();
}

static enum sp_code
remove_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	return federation_provider_remove(a, arg, err);
}

static void
it_ends_with_its_provider(void)
{
	struct federation_flow one;
	char name[] = "county";

	set_up();
	one = begin(NULL);
	CHECK_OK(people_fixture_do(&f, remove_fn, name), &f.err);
	CHECK_CODE(take(&provider.id, one.state, one.browser, NULL),
	    SP_E_UNKNOWN, &f.err);
	tear_down();
}

static void
where_to_next(void)
{
	static const char *const good[] = { "/", "/x", "/v1/a?b=c#d",
		"/%2f%2fevil.example", "/a//b" };
	static const char *const bad[] = { "", "x", "//evil.example",
		"/\\evil.example", "\\\\evil.example", "https://evil.example",
		"javascript:alert(1)", "/\tx", "/ x", "/x\r\nSet-Cookie: a=b",
		"\t//evil.example", "/\xc3\xa9", "/a\\b", "?x", "#x" };
	char longest[FEDERATION_FLOW_NEXT + 2];
	struct begin b = { .n = { .next = "//evil.example" } };

	for (size_t i = 0; i < SP_COUNTOF(good); i++)
		if (!federation_flow_next_ok(good[i]))
			tap_fail(__FILE__, __LINE__, good[i], "");
	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		if (federation_flow_next_ok(bad[i]))
			tap_fail(__FILE__, __LINE__, bad[i], "");
	memset(longest, '/', sizeof(longest));
	longest[1] = 'x';
	longest[FEDERATION_FLOW_NEXT + 1] = '\0';
	CHECK(!federation_flow_next_ok(longest));
	longest[FEDERATION_FLOW_NEXT] = '\0';
	CHECK(federation_flow_next_ok(longest));
	set_up();
	b.n.provider = provider.id;
	CHECK_REASON(
	    people_fixture_do(&f, begin_fn, &b), SP_E_INVALID, "flow.next", &f);
	tear_down();
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "there and back", there_and_back },
		{ "no two alike", no_two_alike },
		{ "who cannot come back", who_cannot_come_back },
		{ "ten minutes", ten_minutes },
		{ "what is stored", what_is_stored },
		{ "not too many", not_too_many },
		{ "one network has one share", one_network_has_one_share },
		{ "it ends with its provider", it_ends_with_its_provider },
		{ "where to next", where_to_next },
		{ "a new proof", a_new_proof },
	};

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	return tap_run(cases, SP_COUNTOF(cases));
}
