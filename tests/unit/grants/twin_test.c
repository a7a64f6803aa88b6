#include "grants/twin.h"

#include "houses_fixture.h"
#include "runs_fixture.h"

#include <jansson.h>

/* What the second house does: a row, as many as it was told. */
static const struct db_sql told_insert = {
	"INSERT INTO recipient(object, key, wrapped) VALUES(?1, ?2, ?3)",
};
static const struct db_sql told_count = {
	"SELECT count(*) FROM recipient WHERE object = ?1",
};
static const struct db_sql twin_half = {
	"SELECT count(*) FROM twin WHERE object = ?1 AND state = 'half'",
};
static const struct db_sql twin_any = {
	"SELECT count(*) FROM twin WHERE object = ?1",
};
static const struct db_sql twin_problem = {
	"SELECT problem FROM twin WHERE object = ?1",
};
static const struct db_sql twin_tries = {
	"SELECT tries FROM twin WHERE object = ?1",
};
static bool refuses;

static enum sp_code
apply(struct ledger_tx *tx, const struct grants_twin_told *told,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &told_insert);

	if (refuses)
		return sp_fail(err, SP_E_CONFLICT, "not now");
	CHECK(strcmp(told->body, "{\"n\":1}") == 0);
	CHECK(strcmp(told->act, "lockbox.used") == 0);
	db_bind_blob(st, 1, told->object.b, SP_ID_LEN);
	db_bind_blob(st, 2, told->first.b, SP_ID_LEN);
	db_bind_blob(st, 3, "told", 4);
	return db_run(st, NULL, err);
}

static const struct grants_twin_kind kind = { "test", apply };
static const struct grants_twin_kind *const kind_list[] = { &kind };
static int mark; /* what `here` is called with */
static const struct grants_twin_kinds kinds = { kind_list, 1 };

static enum sp_code
here_refuses(
    struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	(void)tx, (void)io;
	return sp_fail(err, SP_E_CONFLICT, "not in this state");
}

static enum sp_code
here_changes(
    struct ledger_tx *tx, struct grants_twin_act *io, struct sp_err *err)
{
	(void)tx, (void)err;
	CHECK(io->arg == &mark);
	io->detail = "{\"z\":2}";
	return SP_OK;
}

static struct grants_twin_act
act_of(struct houses *h, const struct sp_id *object)
{
	return (struct grants_twin_act){
		.first = h->a,
		.second = h->b,
		.who = &h->by_a,
		.kind = &kind,
		.act = "lockbox.used",
		.object_kind = "lockbox",
		.object = *object,
		.detail = "{\"until\":\"x\"}",
		.body = "{\"n\":1}",
	};
}

/* Both have it, once, and each proves the other's entry with what it keeps and
 * the other's key alone. */
static void
check_side(struct houses *h, struct evidence_room *here,
    const struct people_agency *other, const struct sp_id *object)
{
	SP_AUTO_BUF text = sp_buf_new(100000);
	struct sp_json j = sp_json_to(&text);
	struct ledger_hash leaf;
	char hex[65];
	const char *body, *proof, *log;
	json_int_t index;
	uint64_t proven = 0;
	struct sp_err err;
	json_t *in, *one, *o;

	(void)h;
	sp_json_object(&j, NULL);
	{
		DB_LENT(reader, evidence_room_readers(here));

		CHECK_OK(
		    grants_twin_json(&j, "twins", reader.db, object, 10, &err),
		    &err);
	}
	sp_json_end(&j);
	in = json_loads(sp_buf_str(&text), 0, NULL);
	CHECK(in != NULL);
	CHECK(json_array_size(json_object_get(in, "twins")) == 1);
	one = json_array_get(json_object_get(in, "twins"), 0);
	o = json_object_get(one, "other");
	CHECK(strcmp(json_string_value(json_object_get(one, "state")),
		  "whole") == 0);
	body = json_string_value(json_object_get(o, "body"));
	proof = json_string_value(json_object_get(o, "proof"));
	log = json_string_value(json_object_get(o, "log"));
	index = json_integer_value(json_object_get(o, "index"));
	CHECK(body != NULL && proof != NULL && log != NULL);
	CHECK(strcmp(log, other->vkey.name) == 0);
	CHECK_OK(ledger_proof_check(&other->vkey, proof, strlen(proof), body,
		     strlen(body), &proven, NULL, &err),
	    &err);
	CHECK(proven == (uint64_t)index);
	ledger_merkle_leaf(body, strlen(body), &leaf);
	sp_hex(leaf.b, sizeof(leaf.b), hex);
	CHECK(strcmp(hex, json_string_value(json_object_get(o, "leaf"))) == 0);
	/* Bytes that differ by one prove nothing. */
	CHECK(ledger_proof_check(&other->vkey, proof, strlen(proof), body,
		  strlen(body) - 1, NULL, NULL, NULL) != SP_OK);
	json_decref(in);
}

static uint64_t
entries_of(struct evidence_room *r, const struct sp_id *object,
    uint64_t index[static 8])
{
	DB_LENT(reader, evidence_room_readers(r));
	struct sp_err err;
	size_t got = 0;

	CHECK_OK(ledger_log_about(evidence_room_log(r), reader.db, object, 0,
		     index, 8, &got, &err),
	    &err);
	return got;
}

static void
check_whole(struct houses *h, const struct sp_id *object)
{
	SP_AUTO_BUF e = sp_buf_new(LEDGER_ENTRY_MAX);
	uint64_t at[8];

	CHECK(houses_ask(h->b, &told_count, object, NULL) == 1);
	CHECK(houses_ask(h->a, &twin_half, object, NULL) == 0);
	check_side(h, h->a, evidence_room_agency(h->b), object);
	check_side(h, h->b, evidence_room_agency(h->a), object);
	CHECK(entries_of(h->a, object, at) == 2);
	houses_entry(h->a, at[0], &e);
	CHECK(strstr(sp_buf_str(&e), "\"act\":\"lockbox.used\"") != NULL);
	CHECK(strstr(sp_buf_str(&e), "\"twin\":{\"agency\":") != NULL);
	CHECK(strstr(sp_buf_str(&e), "\"leaf\"") == NULL);
	houses_entry(h->a, at[1], &e);
	CHECK(strstr(sp_buf_str(&e), "\"act\":\"twin.joined\"") != NULL);
	CHECK(strstr(sp_buf_str(&e), "\"leaf\":\"") != NULL);
	CHECK(strstr(sp_buf_str(&e), "summit-so/log\"") != NULL);
	CHECK(entries_of(h->b, object, at) == 1);
	houses_entry(h->b, at[0], &e);
	CHECK(strstr(sp_buf_str(&e), "\"leaf\":\"") != NULL);
	CHECK(strstr(sp_buf_str(&e), "harbor-pd/log\"") != NULL);
	CHECK(strstr(sp_buf_str(&e), "\"address\"") == NULL);
}

static void
test_both(void)
{
	struct houses h = { .a = NULL };
	struct sp_id object = sp_id_new(), other = sp_id_new();
	struct grants_twin_done done = { .whole = false };
	struct grants_twin_act a;
	SP_AUTO_BUF e = sp_buf_new(LEDGER_ENTRY_MAX);
	struct sp_err err;

	houses_make(&h);
	houses_open(&h);
	a = act_of(&h, &object);
	CHECK_OK(grants_twin_run(&a, &done, &err), &err);
	CHECK(done.whole);
	check_whole(&h, &object);
	houses_entry(h.a, done.entry, &e);
	CHECK(strstr(sp_buf_str(&e), "\"detail\":{\"twin\":{") != NULL);
	CHECK(strstr(sp_buf_str(&e), "},\"until\":\"x\"}") != NULL);

	/* Refused here: nothing anywhere. */
	a = act_of(&h, &other);
	a.here = here_refuses;
	done = (struct grants_twin_done){ .entry = 77 };
	CHECK(grants_twin_run(&a, &done, &err) == SP_E_CONFLICT);
	CHECK(done.entry == 77);
	CHECK(houses_ask(h.a, &twin_any, &other, NULL) == 0);
	CHECK(houses_ask(h.b, &told_count, &other, NULL) == 0);

	/* What is found out inside goes into the entry. */
	a.here = here_changes;
	a.arg = &mark;
	CHECK_OK(grants_twin_run(&a, &done, &err), &err);
	houses_entry(h.a, done.entry, &e);
	CHECK(strstr(sp_buf_str(&e), "},\"z\":2}") != NULL);
	houses_close(&h);
	houses_remove(&h);
}

static enum sp_code
noted_fast(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql sql = { "UPDATE twin SET due = ?1" };
	DB_STMT st = db_use(ledger_tx_db(tx), &sql);

	(void)arg;
	db_bind_i64(st, 1, sp_now() + 3600 * SP_SECOND);
	return db_run(st, NULL, err);
}

/* The other house's refusal, or its writer, is no failure of the first's. */
static void
test_later(void)
{
	struct houses h = { .a = NULL };
	struct sp_id object = sp_id_new();
	struct grants_twin_done done = { .whole = true };
	struct grants_twin_act a;
	struct sp_err err;
	char text[2000];
	bool half = false;

	houses_make(&h);
	houses_open(&h);
	a = act_of(&h, &object);
	refuses = true;
	CHECK_OK(grants_twin_run(&a, &done, &err), &err);
	CHECK(!done.whole);
	CHECK(houses_ask(h.a, &twin_problem, &object, text) == 0);
	CHECK(strcmp(text, "not now") == 0);
	CHECK(houses_ask(h.a, &twin_tries, &object, NULL) == 1);
	{
		DB_LENT(reader, evidence_room_readers(h.a));

		CHECK_OK(
		    grants_twin_half(reader.db, &object, &half, &err), &err);
		CHECK(half);
	}
	/* Not due yet; tried all the same, it is refused again. */
	grants_twin_settle(h.f.site, h.a, &kinds);
	CHECK(houses_ask(h.a, &twin_tries, &object, NULL) == 1);
	CHECK(grants_twin_settle_now(h.f.site, h.a, &kinds, &err) ==
	    SP_E_CONFLICT);
	CHECK(houses_ask(h.a, &twin_tries, &object, NULL) == 2);
	/* Noted by a clock that was fast, it does not wait for that time. */
	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(h.a), noted_fast, NULL, &err),
	    &err);
	grants_twin_settle(h.f.site, h.a, &kinds);
	CHECK(houses_ask(h.a, &twin_tries, &object, NULL) == 3);
	grants_twin_settle(h.f.site, h.a, &kinds);
	CHECK(houses_ask(h.a, &twin_tries, &object, NULL) == 3);
	refuses = false;
	CHECK_OK(grants_twin_settle_now(h.f.site, h.a, &kinds, &err), &err);
	check_whole(&h, &object);
	/* There is nothing more to do. */
	CHECK_OK(grants_twin_settle_now(h.f.site, h.a, &kinds, &err), &err);
	check_whole(&h, &object);
	houses_close(&h);
	houses_remove(&h);
}

/* Each step may be the last: killed before the n-th, started again. */
static void
crash(struct houses *h, int n, const struct sp_id *object)
{
	pid_t child = fork();
	int status = 0;

	CHECK(child >= 0);
	if (child == 0) {
		struct grants_twin_act a;

		houses_open(h);
		a = act_of(h, object);
		runs_kill = true;
		runs_left = n;
		SP_IGNORE(grants_twin_run(&a, NULL, NULL));
		_exit(9);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
test_crash(void)
{
	struct houses h = { .a = NULL };
	struct sp_err err;

	houses_make(&h);
	for (int n = 0; n < 3; n++) {
		struct sp_id object = sp_id_new();

		crash(&h, n, &object);
		houses_open(&h);
		CHECK(houses_ask(h.a, &twin_half, &object, NULL) == (n > 0));
		CHECK(houses_ask(h.b, &told_count, &object, NULL) == (n > 1));
		CHECK_OK(
		    grants_twin_settle_now(h.f.site, h.a, &kinds, &err), &err);
		if (n == 0)
			CHECK(houses_ask(h.a, &twin_any, &object, NULL) == 0);
		else
			check_whole(&h, &object);
		houses_close(&h);
	}
	houses_remove(&h);
}

/* The same by a writer that fails at each step, without a restart. */
static void
test_fails(void)
{
	struct houses h = { .a = NULL };
	struct sp_err err;

	houses_make(&h);
	houses_open(&h);
	for (int n = 0; n < 3; n++) {
		struct sp_id object = sp_id_new();
		struct grants_twin_act a = act_of(&h, &object);
		struct grants_twin_done done = { .whole = true };
		enum sp_code code;

		runs_left = n;
		code = grants_twin_run(&a, &done, &err);
		runs_left = -1;
		CHECK(code == (n == 0 ? SP_E_UNAVAIL : SP_OK));
		CHECK(done.whole == (n == 0));
		if (n == 0)
			continue;
		/* It could not even be noted: due at once. */
		grants_twin_settle(h.f.site, h.a, &kinds);
		check_whole(&h, &object);
	}
	houses_close(&h);
	houses_remove(&h);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "in both ledgers, each proving the other's entry",
		    test_both },
		{ "refused or away: noted, and tried again", test_later },
		{ "killed before each step, it goes on", test_crash },
		{ "each step failing, it goes on", test_fails },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
