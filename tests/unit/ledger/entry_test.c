#include "ledger/entry.h"

#include "tap.h"

#include <jansson.h>
#include <string.h>

static struct ledger_entry
sample(void)
{
	struct ledger_entry e = {
		.act = "evidence.sealed",
		.actor_kind = "token",
		.address = "192.0.2.7",
		.at = INT64_C(1795286744123456),
		.object_kind = "evidence",
		.outcome = LEDGER_DONE,
		.source = "api",
		.detail = "{\"size\":7}",
	};

	CHECK(
	    sp_id_parse("0193a5b0-0000-7000-8000-000000000001", 36, &e.actor));
	CHECK(
	    sp_id_parse("0193a5b0-0000-7000-8000-000000000002", 36, &e.agency));
	CHECK(
	    sp_id_parse("0193a5b0-0000-7000-8000-000000000003", 36, &e.object));
	return e;
}

static void
the_exact_bytes(void)
{
	struct ledger_entry e = sample();
	SP_AUTO_BUF out = sp_buf_new(LEDGER_ENTRY_MAX);
	struct sp_err err;

	CHECK_OK(ledger_entry_write(&e, &out, &err), &err);
	CHECK(strcmp(sp_buf_str(&out),
		  "{\"act\":\"evidence.sealed\",\"actor\":{\"id\":"
		  "\"0193a5b0-0000-7000-8000-000000000001\",\"kind\":"
		  "\"token\"},\"address\":\"192.0.2.7\",\"agency\":"
		  "\"0193a5b0-0000-7000-8000-000000000002\",\"at\":"
		  "\"2026-11-21T18:45:44.123456Z\",\"detail\":{\"size\":7},"
		  "\"object\":{\"id\":"
		  "\"0193a5b0-0000-7000-8000-000000000003\",\"kind\":"
		  "\"evidence\"},\"outcome\":\"done\",\"source\":\"api\","
		  "\"v\":1}") == 0);
}

/* A JSON library reads it, and its own sorted, compact text is the same. */
static void
another_writer_agrees(void)
{
	static const char *const outcomes[] = { "done", "refused", "failed" };

	for (size_t i = 0; i < LEDGER_OUTCOME_COUNT; i++) {
		struct ledger_entry e = sample();
		SP_AUTO_BUF out = sp_buf_new(LEDGER_ENTRY_MAX);
		struct sp_err err;
		json_t *read;
		char *again;

		e.outcome = (enum ledger_outcome)i;
		e.address = i == 1 ? "2001:db8::1" : NULL;
		e.detail = NULL;
		e.at = (int64_t)i;
		CHECK_OK(ledger_entry_write(&e, &out, &err), &err);
		read =
		    json_loads(sp_buf_str(&out), JSON_REJECT_DUPLICATES, NULL);
		CHECK(read != NULL);
		CHECK(
		    strcmp(json_string_value(json_object_get(read, "outcome")),
			outcomes[i]) == 0);
		CHECK((json_object_get(read, "address") != NULL) == (i == 1));
		again = json_dumps(read, JSON_SORT_KEYS | JSON_COMPACT);
		CHECK(again != NULL && strcmp(again, sp_buf_str(&out)) == 0);
		free(again);
		json_decref(read);
	}
}

#define A16 "aaaaaaaaaaaaaaaa"

static void
free_text_has_no_way_in(void)
{
	static const char *const words[] = {
		"",
		"Evidence",
		"evidence sealed",
		"officer o'hara",
		"a\"b",
		"\xc3\xa9",
		"a/b",
		"evidence.eaten",
		A16 A16 A16 A16 "a",
	};
	static const char *const addresses[] = {
		"",
		"localhost",
		"192.0.2",
		"192.0.2.7 ",
		"192.0.2.7:443",
		"2001:db8::1%eth0",
		"[2001:db8::1]",
		"Jane",
	};
	SP_AUTO_BUF out = sp_buf_new(LEDGER_ENTRY_MAX);

	for (size_t i = 0; i < SP_COUNTOF(words); i++) {
		for (int member = 0; member < 4; member++) {
			struct ledger_entry e = sample();
			const char **at[] = { &e.act, &e.actor_kind,
				&e.object_kind, &e.source };
			struct sp_err err;

			/* a word, but no act */
			if (strcmp(words[i], "evidence.eaten") == 0 &&
			    member > 0)
				continue;
			*at[member] = words[i];
			CHECK_CODE(ledger_entry_write(&e, &out, &err),
			    SP_E_INVALID, &err);
		}
	}
	for (size_t i = 0; i < SP_COUNTOF(addresses); i++) {
		struct ledger_entry e = sample();
		struct sp_err err;

		e.address = addresses[i];
		CHECK_CODE(
		    ledger_entry_write(&e, &out, &err), SP_E_INVALID, &err);
	}
	struct ledger_entry e = sample();
	e.detail = "\"text\"";
	CHECK(ledger_entry_write(&e, &out, NULL) == SP_E_INVALID);
	CHECK(out.len == 0 && sp_buf_ok(&out)); /* untouched on failure */
}

static void
the_greatest_length(void)
{
	static char detail[LEDGER_ENTRY_MAX + 16];
	struct ledger_entry e = sample();
	SP_AUTO_BUF out = sp_buf_new((size_t)4 * LEDGER_ENTRY_MAX);
	size_t fixed, fill;
	struct sp_err err;

	e.detail = "{\"x\":\"\"}";
	CHECK_OK(ledger_entry_write(&e, &out, &err), &err);
	fixed = out.len;
	for (size_t over = 0; over < 2; over++) {
		fill = LEDGER_ENTRY_MAX - fixed + over;
		(void)snprintf(
		    detail, sizeof(detail), "{\"x\":\"%0*d\"}", (int)fill, 0);
		e.detail = detail;
		sp_buf_clear(&out);
		sp_buf_text(&out, "before");
		CHECK_CODE(ledger_entry_write(&e, &out, &err),
		    over ? SP_E_LIMIT : SP_OK, &err);
		CHECK(out.len == 6 + (over ? 0 : LEDGER_ENTRY_MAX));
		CHECK(strncmp(sp_buf_str(&out), "before", 6) == 0);
		CHECK(sp_buf_ok(&out));
	}
	/* A buffer with less room says the same. */
	SP_AUTO_BUF small = sp_buf_new(100);
	CHECK_CODE(ledger_entry_write(&e, &small, &err), SP_E_LIMIT, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the exact bytes", the_exact_bytes },
		{ "another writer agrees", another_writer_agrees },
		{ "free text has no way in", free_text_has_no_way_in },
		{ "the greatest length", the_greatest_length },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
