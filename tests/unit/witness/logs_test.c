#include "witness/logs.h"

#include "log_fixture.h"

static void
vkey(const char *origin, uint8_t seed, struct sp_buf *out)
{
	struct test_log *l = log_new(origin, seed);

	ledger_vkey_text(&l->key, out);
	CHECK(sp_buf_ok(out));
	log_free(l);
}

static size_t
found(const struct witness_logs *logs, const char *origin)
{
	size_t n = 0;
	const struct ledger_vkey *k =
	    witness_logs_find(logs, origin, strlen(origin), &n);

	CHECK((k == NULL) == (n == 0));
	for (size_t i = 0; i < n; i++)
		CHECK(strcmp(k[i].name, origin) == 0);
	return n;
}

static void
logs_are_found_by_origin(void)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(WITNESS_LOGS_TEXT_MAX);
	struct sp_err err;

	sp_buf_text(&text, "# logs of the state\n\n");
	vkey("b.example/x", 1, &text);
	sp_buf_text(&text, "\r\n");
	vkey("a.example", 1, &text);
	sp_buf_text(&text, "  \n");
	vkey("b.example/x", 2, &text);
	sp_buf_text(&text, "\n");
	vkey("c.example", 1, &text);
	sp_buf_text(&text, "\n\n");
	vkey("a.example", 1, &text); /* again; and no LF at the end */
	CHECK_OK(
	    witness_logs_add_text(&logs, sp_buf_str(&text), text.len, &err),
	    &err);
	CHECK(logs.n == 4 && witness_logs_count(&logs) == 3);
	CHECK(found(&logs, "a.example") == 1);
	CHECK(found(&logs, "b.example/x") == 2);
	CHECK(found(&logs, "c.example") == 1);
	CHECK(found(&logs, "") == 0 && found(&logs, "a") == 0);
	CHECK(found(&logs, "a.example/") == 0 && found(&logs, "zz") == 0);
	CHECK(witness_logs_find(&logs, "a.example\0x", 11, &(size_t){ 0 }) ==
	    NULL);
}

static void
what_is_no_key_is_named(void)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(WITNESS_LOGS_TEXT_MAX);
	struct sp_err err;

	vkey("a.example", 1, &text);
	CHECK_OK(
	    witness_logs_add(&logs, sp_buf_str(&text), text.len, &err), &err);
	sp_buf_clear(&text);
	vkey("b.example", 1, &text);
	sp_buf_text(&text, "\n\nb.example+00000000+AAAA\n");
	CHECK_CODE(
	    witness_logs_add_text(&logs, sp_buf_str(&text), text.len, &err),
	    SP_E_INVALID, &err);
	CHECK(strncmp(err.text, "line 3", 6) == 0);
	CHECK(logs.n == 1 && found(&logs, "b.example") == 0);
	/* A witness's key is no log's. */
	CHECK_CODE(witness_logs_add(&logs,
		       "witness.example.org/courts+f8b06eaf+BKCapfR6Z1mAL/lV"
		       "+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw",
		       80, &err),
	    SP_E_INVALID, &err);
}

static void
logs_are_counted(void)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	struct test_log *l = log_new("a.example", 1);
	struct sp_err err;

	for (unsigned i = 0; i <= WITNESS_LOGS_MAX; i++) {
		SP_AUTO_BUF text = sp_buf_new(1000);
		struct ledger_vkey k;
		char name[32];
		enum sp_code code;

		(void)snprintf(name, sizeof(name), "%u.example", i * 7919);
		CHECK_OK(ledger_vkey_make(name, l->key.pub, &k, &err), &err);
		ledger_vkey_text(&k, &text);
		code =
		    witness_logs_add(&logs, sp_buf_str(&text), text.len, &err);
		CHECK_CODE(
		    code, i < WITNESS_LOGS_MAX ? SP_OK : SP_E_LIMIT, &err);
	}
	CHECK(witness_logs_count(&logs) == WITNESS_LOGS_MAX);
	CHECK(found(&logs, "7919.example") == 1);
	log_free(l);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "logs are found by origin", logs_are_found_by_origin },
		{ "what is no key is named", what_is_no_key_is_named },
		{ "logs are counted", logs_are_counted },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
