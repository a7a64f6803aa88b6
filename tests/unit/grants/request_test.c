#include "grants/request.h"

#include "tap.h"

#include <jansson.h>
#include <string.h>

/* Said a second time, in another form: each line is a kind, a state, and the
 * events that may happen in it with what comes of them.  Whatever is not said
 * must be refused. */
static const struct {
	bool glass;
	const char *from, *event, *to;
} may[] = {
	{ false, "Initializing", "ask", "Pending" },
	{ false, "Initializing", "drop", "Denied" },
	{ false, "Initializing", "late", "Expired" },
	{ false, "Pending", "approve", "Approving" },
	{ false, "Pending", "approve-last", "Approved" },
	{ false, "Pending", "deny", "Denied" },
	{ false, "Pending", "drop", "Denied" },
	{ false, "Pending", "late", "Expired" },
	{ false, "Approving", "approve", "Approving" },
	{ false, "Approving", "approve-last", "Approved" },
	{ false, "Approving", "deny", "Denied" },
	{ false, "Approving", "drop", "Denied" },
	{ false, "Approving", "late", "Expired" },
	{ false, "Approved", "revoke", "Revoked" },
	{ false, "Approved", "complete", "Completed" },
	{ false, "Approved", "end", "Completed" },
	{ true, "Initializing", "break", "Approved" },
	{ true, "Initializing", "drop", "Denied" },
	{ true, "Initializing", "late", "Expired" },
	{ true, "Approved", "revoke", "Revoked" },
	{ true, "Approved", "complete", "Completed" },
	{ true, "Approved", "end", "Completed" },
};

static const char *
said(bool glass, const char *from, const char *event)
{
	for (size_t i = 0; i < SP_COUNTOF(may); i++)
		if (may[i].glass == glass && strcmp(may[i].from, from) == 0 &&
		    strcmp(may[i].event, event) == 0)
			return may[i].to;
	return NULL;
}

static void
every_event_in_every_state(void)
{
	size_t happened = 0;

	for (unsigned i = 0; i < 2U * GRANTS_REQUEST_STATE_COUNT; i++) {
		bool glass = i % 2 != 0;
		enum grants_request_state from =
		    (enum grants_request_state)(i / 2);

		for (unsigned e = 0; e < GRANTS_REQUEST_EVENT_COUNT; e++) {
			enum grants_request_event event =
			    (enum grants_request_event)e;
			enum grants_request_state at = from;
			struct sp_err err = { .reason = NULL };
			const char *to =
			    said(glass, grants_request_state_name(from),
				grants_request_event_name(event));
			enum sp_code code =
			    grants_request_happen(&at, glass, event, &err);

			CHECK_CODE(
			    code, to == NULL ? SP_E_CONFLICT : SP_OK, &err);
			if (to == NULL) {
				CHECK(at == from);
				CHECK(strcmp(err.reason, "lockbox.state") == 0);
				continue;
			}
			happened++;
			CHECK(strcmp(grants_request_state_name(at), to) == 0);
			/* What is over never comes back, and nothing goes
			 * backwards: so two houses always agree. */
			CHECK(!grants_request_over(from));
			CHECK(at >= from);
			CHECK(grants_request_later(from, at) == at);
			CHECK(grants_request_later(at, from) == at);
		}
	}
	CHECK(happened == SP_COUNTOF(may));
}

/* The laws of telling: again is the same; order is the same, until two ends
 * cross, where each house keeps its own and neither is open. */
static void
what_is_later_wins(void)
{
	for (unsigned i = 0; i < GRANTS_REQUEST_STATE_COUNT; i++) {
		for (unsigned k = 0; k < GRANTS_REQUEST_STATE_COUNT; k++) {
			enum grants_request_state a =
			    (enum grants_request_state)i;
			enum grants_request_state b =
			    (enum grants_request_state)k;
			enum grants_request_state ab =
			    grants_request_later(a, b);
			enum grants_request_state ba =
			    grants_request_later(b, a);

			CHECK(grants_request_later(a, a) == a);
			CHECK(grants_request_later(ab, b) == ab);
			CHECK(ab == ba ||
			    (grants_request_over(a) && grants_request_over(b)));
			CHECK((ab != GRANTS_APPROVED) ||
			    (a <= GRANTS_APPROVED && b <= GRANTS_APPROVED));
		}
	}
}

static void
names(void)
{
	static const char *const api[] = { "Initializing", "Pending",
		"Approving", "Approved", "Denied", "Expired", "Revoked",
		"Completed" };
	enum grants_request_state s;

	CHECK(SP_COUNTOF(api) == GRANTS_REQUEST_STATE_COUNT);
	for (size_t i = 0; i < SP_COUNTOF(api); i++) {
		CHECK(grants_request_state_parse(api[i], &s) && s == i);
		CHECK(
		    strcmp(grants_request_state_shown(s, false), api[i]) == 0);
	}
	CHECK(!grants_request_state_parse("pending", &s));
	CHECK(!grants_request_state_parse("", &s));
	CHECK(strcmp(grants_request_state_shown(GRANTS_DENIED, true),
		  "Denying") == 0);
	CHECK(strcmp(grants_request_state_shown(GRANTS_WITHDRAWN, true),
		  "Revoking") == 0);
	CHECK(strcmp(grants_request_state_shown(GRANTS_COMPLETED, true),
		  "Completing") == 0);
	CHECK(strcmp(grants_request_state_shown(GRANTS_APPROVED, true),
		  "Approved") == 0);
}

#define ID1  "01935d3a-0000-7000-8000-000000000001"
#define ID2  "01935d3a-0000-7000-8000-000000000002"
#define REST "\"ticket\":\"T-1\",\"why\":\"a player stops\"}"
#define WHAT "{\"agency\":\"harbor-pd\",\"evidence\":[\"" ID1 "\"],"

static enum sp_code
read(const char *text, struct grants_request *out, struct sp_err *err)
{
	json_auto_t *in = json_loads(text, 0, NULL);
	char slug[SP_SLUG_MAX + 1] = "";

	CHECK(in != NULL);
	return grants_request_read(in, slug, out, err);
}

static void
what_may_be_sent(void)
{
	static const struct {
		const char *text, *reason; /* NULL: good */
	} rows[] = {
		{ WHAT REST, NULL },
		{ WHAT "\"minutes\":1," REST, NULL },
		{ WHAT "\"minutes\":null,\"from\":null," REST, NULL },
		{ WHAT "\"from\":[\"192.0.2.0/24\",\"2001:db8::1\"]," REST,
		    NULL },
		{ WHAT "\"glass\":true," REST, NULL },
		{ "{\"agency\":\"harbor-pd\",\"category\":\"use_of-"
		  "force\"," REST,
		    NULL },
		{ "[]", "lockbox.body" },
		{ WHAT "\"more\":1," REST, "lockbox.body" },
		{ WHAT "\"glass\":1," REST, "lockbox.glass" },
		{ "{\"evidence\":[\"" ID1 "\"]," REST, "lockbox.agency" },
		{ "{\"agency\":\"../x\",\"evidence\":[\"" ID1 "\"]," REST,
		    "lockbox.agency" },
		{ "{\"agency\":\"harbor-pd\"," REST, "lockbox.evidence" },
		{ "{\"agency\":\"harbor-pd\",\"evidence\":[]," REST,
		    "lockbox.evidence" },
		{ "{\"agency\":\"harbor-pd\",\"evidence\":[\"x\"]," REST,
		    "lockbox.evidence" },
		{ "{\"agency\":\"harbor-pd\",\"evidence\":[\"" ID1 "\",\"" ID1
		  "\"]," REST,
		    "lockbox.evidence" },
		{ WHAT "\"category\":\"x\"," REST, "lockbox.evidence" },
		{ "{\"agency\":\"harbor-pd\",\"category\":\"A b\"," REST,
		    "lockbox.category" },
		{ "{\"agency\":\"harbor-pd\",\"category\":\"\"," REST,
		    "lockbox.category" },
		{ "{\"agency\":\"harbor-pd\",\"category\":7," REST,
		    "lockbox.category" },
		{ WHAT "\"ticket\":\"T\",\"why\":\"too short\"}",
		    "lockbox.why" },
		{ WHAT "\"ticket\":\"T\"}", "lockbox.why" },
		{ WHAT "\"ticket\":\"T\",\"why\":\"esc \\u001b[2J here\"}",
		    "lockbox.why" },
		{ WHAT "\"ticket\":\"T\",\"why\":\"turned \\u202e around\"}",
		    "lockbox.why" },
		{ WHAT "\"ticket\":\"\",\"why\":\"a player stops\"}",
		    "lockbox.ticket" },
		{ WHAT "\"why\":\"a player stops\"}", "lockbox.ticket" },
		{ WHAT "\"minutes\":0," REST, "lockbox.minutes" },
		{ WHAT "\"minutes\":43201," REST, "lockbox.minutes" },
		{ WHAT "\"minutes\":1.5," REST, "lockbox.minutes" },
		{ WHAT "\"minutes\":\"1\"," REST, "lockbox.minutes" },
		{ WHAT "\"from\":[]," REST, "lockbox.from" },
		{ WHAT "\"from\":\"192.0.2.1\"," REST, "lockbox.from" },
		{ WHAT "\"from\":[\"anywhere\"]," REST, "lockbox.from" },
		{ WHAT "\"from\":[7]," REST, "lockbox.from" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct grants_request r = { .minutes = 77 };
		struct sp_err err = { .reason = NULL };
		enum sp_code code = read(rows[i].text, &r, &err);

		if (rows[i].reason == NULL) {
			CHECK_OK(code, &err);
			continue;
		}
		CHECK_CODE(code, SP_E_INVALID, &err);
		if (strcmp(err.reason, rows[i].reason) != 0)
			tap_fail(__FILE__, __LINE__, rows[i].text, err.reason);
		CHECK(r.minutes == 77);
	}
}

/* A hundred items, and not one more; a why of two thousand bytes. */
static void
limits(void)
{
	for (size_t n = 99; n <= 101; n++) {
		SP_AUTO_BUF text = sp_buf_new(100000);
		struct grants_request r;

		sp_buf_text(&text, "{\"agency\":\"harbor-pd\",\"evidence\":[");
		for (size_t i = 0; i < n; i++) {
			struct sp_id id = sp_id_new();
			char s[SP_ID_TEXT];

			sp_id_text(&id, s);
			sp_buf_fmt(&text, "%s\"%s\"", i == 0 ? "" : ",", s);
		}
		sp_buf_text(&text, "]," REST);
		CHECK((read(sp_buf_str(&text), &r, NULL) == SP_OK) ==
		    (n <= GRANTS_REQUEST_ITEMS));
	}
	for (size_t n = 9; n <= 2001; n++) {
		char s[2002];

		memset(s, 'x', n);
		s[n] = '\0';
		CHECK((grants_request_text_check("lockbox.why", s, 10, 2000,
			   NULL) == SP_OK) == (n >= 10 && n <= 2000));
	}
	CHECK(grants_request_text_check("lockbox.why",
		  "a\xff"
		  "bcdefghij",
		  1, 100, NULL) == SP_E_INVALID);
	CHECK(grants_request_text_check("lockbox.why", NULL, 0, 100, NULL) ==
	    SP_E_INVALID);
	CHECK(grants_request_text_check("lockbox.why", "two\nlines\tand a tab",
		  1, 100, NULL) == SP_OK);
}

static void
what_is_kept_comes_back(void)
{
	static const char *const texts[] = {
		WHAT "\"from\":[\"192.0.2.0/24\"],\"glass\":true," REST,
		"{\"agency\":\"harbor-pd\",\"category\":\"theft\",\"from\":["
		"\"::1\"],\"ticket\":"
		"\"T \\\"1\\\"\",\"why\":\"l\\u00e9gal\\nand two lines\"}",
	};

	for (size_t i = 0; i < SP_COUNTOF(texts); i++) {
		SP_AUTO_BUF text = sp_buf_new(GRANTS_REQUEST_TEXT);
		SP_AUTO_BUF again = sp_buf_new(GRANTS_REQUEST_TEXT);
		struct sp_json j = sp_json_to(&text), k = sp_json_to(&again);
		static struct grants_request r, back, same;
		struct sp_err err;

		CHECK_OK(read(texts[i], &r, &err), &err);
		r.id = sp_id_new();
		r.agency = sp_id_new();
		r.house = sp_id_new();
		r.requester = sp_id_new();
		r.created = 1763750744123456;
		r.minutes = 60;
		(void)snprintf(r.name, sizeof(r.name), "Jos\xc3\xa9");
		grants_request_put(&j, NULL, &r);
		CHECK(sp_buf_ok(&text));
		CHECK_OK(
		    grants_request_from(sp_buf_str(&text), &back, &err), &err);
		grants_request_put(&k, NULL, &back);
		CHECK(strcmp(sp_buf_str(&text), sp_buf_str(&again)) == 0);
		/* Cut anywhere, it is nothing. */
		memset(&same, 0x5a, sizeof(same));
		for (size_t n = 0; n < text.len; n++) {
			char *cut = strndup(sp_buf_str(&text), n);

			CHECK(cut != NULL);
			CHECK(grants_request_from(cut, &same, NULL) ==
			    SP_E_CORRUPT);
			free(cut);
		}
		CHECK(same.name[0] == 0x5a);
	}
}

/* A row that names no range would let in everybody from everywhere. */
static void
a_row_names_its_ranges(void)
{
	static struct grants_request r;
	SP_AUTO_BUF text = sp_buf_new(GRANTS_REQUEST_TEXT);
	struct sp_json j = sp_json_to(&text);
	struct sp_err err;

	CHECK_OK(read(WHAT "\"minutes\":5," REST, &r, &err), &err);
	r.id = r.agency = r.house = r.requester = sp_id_new();
	r.created = 1;
	grants_request_put(&j, NULL, &r);
	CHECK(grants_request_from(sp_buf_str(&text), &r, NULL) == SP_E_CORRUPT);
	CHECK_OK(machine_ranges_add(&r.from, "192.0.2.1", 9, &err), &err);
	sp_buf_clear(&text);
	j = sp_json_to(&text);
	grants_request_put(&j, NULL, &r);
	CHECK_OK(grants_request_from(sp_buf_str(&text), &r, &err), &err);
}

static void
what_is_covered(void)
{
	struct grants_request r = { .n = 2 };
	struct sp_id a = sp_id_new(), b = sp_id_new(), c = sp_id_new();

	r.item[0] = a;
	r.item[1] = b;
	CHECK(grants_request_covers(&r, &a, "theft", 9, 1));
	CHECK(grants_request_covers(&r, &b, "", 0, 0));
	CHECK(!grants_request_covers(&r, &c, "theft", 0, 0));
	r = (struct grants_request){ .category = "theft" };
	CHECK(grants_request_covers(&r, &c, "theft", 5, 5));
	/* What came in after access began was not in what was approved. */
	CHECK(!grants_request_covers(&r, &c, "theft", 6, 5));
	CHECK(!grants_request_covers(&r, &c, "thef", 1, 5));
	CHECK(!grants_request_covers(&r, &c, "", 1, 5));
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every event in every state", every_event_in_every_state },
		{ "what is later wins", what_is_later_wins },
		{ "names", names },
		{ "what may be sent", what_may_be_sent },
		{ "limits", limits },
		{ "what is kept comes back", what_is_kept_comes_back },
		{ "a row names its ranges", a_row_names_its_ranges },
		{ "what is covered", what_is_covered },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
