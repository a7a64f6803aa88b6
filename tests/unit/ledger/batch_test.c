#include "ledger/batch.h"

#include "fixture.h"
#include "oracle.h"

/* A log and a batch on it, opened anew. */
struct open {
	struct db *db;
	struct ledger_log *log;
	struct ledger_batch *batch;
};

static struct open
open_all(struct fixture *f)
{
	struct open o = { .db = fixture_db(f) };
	struct sp_err err;

	o.log = fixture_log(f, o.db);
	CHECK_OK(ledger_batch_open(&o.batch, o.db, o.log, &err), &err);
	return o;
}

static void
close_all(struct open *o)
{
	ledger_batch_close(o->batch);
	ledger_log_close(o->log);
	db_close(o->db);
}

static void
append(struct open *o, uint64_t n)
{
	struct ledger_entry e = fixture_entry(n);
	struct sp_err err;
	uint64_t index = UINT64_MAX;

	CHECK_OK(ledger_batch_append(o->batch, &e, &index, &err), &err);
	CHECK(index + 1 == ledger_batch_size(o->batch));
}

static void
commit(struct open *o)
{
	struct sp_err err;

	CHECK_OK(ledger_batch_seal(o->batch, &err), &err);
	CHECK_OK(ledger_batch_commit(o->batch, &err), &err);
}

/* Any mixture of kept, undone and abandoned appends gives the tree of those
 * that were committed, before and after opening again. */
static void
undoing_leaves_no_trace(void)
{
	static struct ledger_hash leaf[4000];
	uint64_t n = 0, seed = 11;
	struct fixture f;
	struct open o;

	fixture_setup(&f, "undo");
	o = open_all(&f);
	for (int round = 0; round < 120; round++) {
		uint64_t started = n;
		struct ledger_hash want;
		struct sp_err err;

		CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
		for (uint64_t acts = oracle_random(&seed) % 4; acts > 0;
		     acts--) {
			uint64_t marked = n;

			CHECK_OK(ledger_batch_mark(o.batch, &err), &err);
			for (uint64_t i = oracle_random(&seed) % 9; i > 0; i--)
				append(&o, n++);
			if (oracle_random(&seed) % 3 == 0) {
				ledger_batch_undo(o.batch);
				n = marked;
			} else {
				CHECK_OK(
				    ledger_batch_keep(o.batch, &err), &err);
			}
			CHECK(ledger_batch_size(o.batch) == n);
			CHECK(ledger_batch_new(o.batch) == n - started);
		}
		if (oracle_random(&seed) % 4 == 0) {
			ledger_batch_abandon(o.batch);
			n = started;
		} else {
			commit(&o);
		}
		for (uint64_t i = started; i < n; i++) {
			SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
			struct ledger_entry e = fixture_entry(i);

			CHECK_OK(ledger_entry_write(&e, &body, &err), &err);
			ledger_merkle_leaf(body.at, body.len, &leaf[i]);
		}
		want = oracle_mth(leaf, n);
		CHECK(ledger_log_size(o.log) == n);
		struct ledger_checkpoint c = fixture_checkpoint(&f, o.log);
		CHECK(c.size == n && oracle_same(&c.root, &want));
		if (round % 10 == 9) {
			CHECK_OK(ledger_log_audit(o.log, o.db, &err), &err);
			close_all(&o);
			o = open_all(&f);
			CHECK(ledger_batch_size(o.batch) == n);
		}
	}
	CHECK(n > 200);
	for (uint64_t i = 0; i < n; i += 7)
		fixture_prove(&f, o.log, o.db, i);
	close_all(&o);
	fixture_done(&f);
}

/* No entries, no signature. */
static void
nothing_new_nothing_signed(void)
{
	static const struct db_sql put = {
		"INSERT INTO note(text) VALUES('x')",
	};
	struct fixture f;
	struct open o;
	struct sp_err err;
	int before;

	fixture_setup(&f, "idle");
	o = open_all(&f);
	before = atomic_load(&f.signed_notes);
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	{
		DB_STMT st = db_use(ledger_batch_db(o.batch), &put);
		CHECK_OK(db_run(st, NULL, &err), &err);
	}
	commit(&o);
	CHECK(atomic_load(&f.signed_notes) == before);
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	append(&o, 0);
	append(&o, 1);
	commit(&o);
	CHECK(atomic_load(&f.signed_notes) == before + 1);
	close_all(&o);
	fixture_done(&f);
}

/* A signer that fails, or gives a wrong signature: nothing is committed, and
 * the log opens as it was. */
static void
no_entry_without_its_signature(void)
{
	static const struct {
		int says;
		enum sp_code want;
	} rows[] = {
		{ SP_E_UNAVAIL, SP_E_UNAVAIL },
		{ SP_E_DENIED, SP_E_DENIED },
		{ FIXTURE_LIES, SP_E_UNAVAIL },
	};
	struct fixture f;
	struct open o;

	fixture_setup(&f, "signature");
	o = open_all(&f);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_err err;

		CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
		append(&o, 0);
		atomic_store(&f.signer_says, rows[i].says);
		CHECK_CODE(
		    ledger_batch_seal(o.batch, &err), rows[i].want, &err);
		ledger_batch_abandon(o.batch);
		CHECK(ledger_log_size(o.log) == 0);
		atomic_store(&f.signer_says, SP_OK);
		close_all(&o);
		o = open_all(&f);
		CHECK(ledger_batch_size(o.batch) == 0);
	}
	close_all(&o);
	fixture_done(&f);
}

/* A checkpoint was signed and its commit failed: no other tree of that size is
 * signed (the fixture's signer refuses it, like a keeper); the log grows past
 * it and says so. */
static void
a_signed_size_is_never_signed_again(void)
{
	SP_AUTO_BUF body = sp_buf_new(LEDGER_ENTRY_MAX);
	struct fixture f;
	struct open o;
	struct sp_err err;

	fixture_setup(&f, "spent");
	o = open_all(&f);
	for (uint64_t n = 0; n < 3; n++) {
		CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
		append(&o, n);
		CHECK_OK(ledger_batch_seal(o.batch, &err), &err);
		ledger_batch_abandon(o.batch);
	}
	CHECK(ledger_log_size(o.log) == 0);
	/* Sizes 1, 2 and 3 are spent. */
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	append(&o, 7);
	commit(&o);
	CHECK(ledger_log_size(o.log) == 4);
	for (uint64_t i = 1; i < 4; i++) {
		sp_buf_clear(&body);
		CHECK_OK(ledger_log_entry(o.log, o.db, i, &body, &err), &err);
		CHECK(strstr(sp_buf_str(&body), "\"log.skipped\"") != NULL);
	}
	/* What was not signed spends nothing, nor does what was committed. */
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	append(&o, 8);
	atomic_store(&f.signer_says, SP_E_UNAVAIL);
	CHECK_CODE(ledger_batch_seal(o.batch, &err), SP_E_UNAVAIL, &err);
	ledger_batch_abandon(o.batch);
	atomic_store(&f.signer_says, SP_OK);
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	append(&o, 9);
	commit(&o);
	CHECK(ledger_log_size(o.log) == 5);
	for (uint64_t i = 0; i < 5; i++)
		fixture_prove(&f, o.log, o.db, i);
	CHECK_OK(ledger_log_audit(o.log, o.db, &err), &err);
	close_all(&o);
	fixture_done(&f);
}

static void
a_refused_entry_leaves_no_trace(void)
{
	static char detail[LEDGER_ENTRY_MAX + 10];
	struct ledger_entry e = fixture_entry(0);
	struct fixture f;
	struct open o;
	struct sp_err err;

	fixture_setup(&f, "refused");
	o = open_all(&f);
	(void)snprintf(
	    detail, sizeof(detail), "{\"x\":\"%0*d\"}", LEDGER_ENTRY_MAX, 0);
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	append(&o, 0);
	e.detail = detail;
	CHECK_CODE(
	    ledger_batch_append(o.batch, &e, NULL, &err), SP_E_LIMIT, &err);
	e.detail = NULL;
	e.act = "Free Text";
	CHECK_CODE(
	    ledger_batch_append(o.batch, &e, NULL, &err), SP_E_INVALID, &err);
	append(&o, 1);
	commit(&o);
	CHECK(ledger_log_size(o.log) == 2);
	fixture_prove(&f, o.log, o.db, 1);
	CHECK_OK(ledger_log_audit(o.log, o.db, &err), &err);
	close_all(&o);
	fixture_done(&f);
}

static void
the_log_of_another_database(void)
{
	struct fixture f, g;
	struct open o;
	struct db *other;
	struct ledger_batch *b = NULL;
	struct sp_err err;

	fixture_setup(&f, "mine");
	fixture_setup(&g, "other");
	o = open_all(&f);
	CHECK_OK(ledger_batch_begin(o.batch, &err), &err);
	append(&o, 0);
	commit(&o);
	other = fixture_db(&g);
	CHECK_CODE(
	    ledger_batch_open(&b, other, o.log, &err), SP_E_CONFLICT, &err);
	ledger_log_close(fixture_log(&g, other));
	CHECK_CODE(
	    ledger_batch_open(&b, other, o.log, &err), SP_E_CONFLICT, &err);
	CHECK(b == NULL);
	ledger_batch_close(NULL);
	db_close(other);
	close_all(&o);
	fixture_done(&f);
	fixture_done(&g);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "undoing leaves no trace", undoing_leaves_no_trace },
		{ "nothing new, nothing signed", nothing_new_nothing_signed },
		{ "no entry without its signature",
		    no_entry_without_its_signature },
		{ "a signed size is never signed again",
		    a_signed_size_is_never_signed_again },
		{ "a refused entry leaves no trace",
		    a_refused_entry_leaves_no_trace },
		{ "the log of another database", the_log_of_another_database },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	(void)scratch_make();
	return tap_run(cases, SP_COUNTOF(cases));
}
