#include "bag/proof.h"
#include "gate/agency_fixture.h"

/* Appends entries until the log has `size`. */
struct growth {
	struct agency_fixture *a;
	uint64_t size;
};

static enum sp_code
grow_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct growth *g = arg;
	struct gate_caller who = { .agency = g->a->id, .source = "test" };
	struct sp_id object = sp_id_new();

	while (ledger_tx_size(tx) < g->size) {
		struct ledger_entry e =
		    gate_entry(&who, "evidence.opened", "evidence", &object);

		SP_TRY(ledger_tx_append(tx, &e, NULL, err));
	}
	return SP_OK;
}

static void
grow(struct agency_fixture *a, uint64_t size)
{
	struct growth g = { a, size };
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, grow_act, &g, &err), &err);
	CHECK(ledger_log_size(a->log) == size);
}

/* The proof of one entry holds, for the checkpoint that was taken. */
static void
check_one(struct agency_fixture *a, struct bag_proof *p, uint64_t index)
{
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	struct ledger_checkpoint under;
	uint64_t proven = 0;
	struct sp_err err;

	CHECK_OK(bag_proof_of(p, index, &proof, &err), &err);
	(void)agency_fixture_entry(a, index, &entry);
	CHECK_OK(ledger_proof_check(&a->vkey, sp_buf_str(&proof), proof.len,
		     entry.at, entry.len, &proven, &under, &err),
	    &err);
	CHECK(proven == index && under.size == p->checkpoint.size);
	CHECK(proof.len > p->note.len);
	CHECK(memcmp(proof.at + proof.len - p->note.len, p->note.at,
		  p->note.len) == 0);
}

/* At every size of a small log: the same bytes as the log's own proofs. */
static void
proofs_are_those_of_the_log(void)
{
	struct agency_fixture a;
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	for (uint64_t size = 1; size <= 40; size++) {
		SP_CLEANUP(bag_proof_done) struct bag_proof p;

		grow(&a, size);
		CHECK_OK(bag_proof_open(&p, a.log, &err), &err);
		for (uint64_t i = 0; i < size; i++) {
			SP_AUTO_BUF mine = sp_buf_new(LEDGER_NOTE_MAX);
			SP_AUTO_BUF logs = sp_buf_new(LEDGER_NOTE_MAX);

			CHECK_OK(bag_proof_of(&p, i, &mine, &err), &err);
			CHECK_OK(ledger_log_proof(a.log, i, &logs, &err), &err);
			CHECK(
			    strcmp(sp_buf_str(&mine), sp_buf_str(&logs)) == 0);
		}
	}
	agency_fixture_close(&a);
}

/* One checkpoint, however far the log goes on: over the borders of tiles on
 * two levels, with tiles cached before and after. */
static void
the_checkpoint_stays_while_the_log_grows(void)
{
	static const uint64_t sizes[] = { 1, 255, 256, 257, 300, 511, 512, 1000,
		65535, 65536, 65537, 70000 };
	struct agency_fixture a;
	struct bag_proof p[SP_COUNTOF(sizes)];
	struct sp_err err;

	agency_fixture_open(&a, "evidence.example/miami");
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		grow(&a, sizes[i]);
		CHECK_OK(bag_proof_open(&p[i], a.log, &err), &err);
		CHECK(p[i].checkpoint.size == sizes[i]);
		check_one(&a, &p[i], sizes[i] - 1);
	}
	grow(&a, 70300);
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		SP_AUTO_BUF out = sp_buf_new(LEDGER_NOTE_MAX);
		uint64_t step = sizes[i] / 50 + 1;

		for (uint64_t at = 0; at < sizes[i]; at += step)
			check_one(&a, &p[i], at);
		check_one(&a, &p[i], sizes[i] - 1);
		CHECK_CODE(bag_proof_of(&p[i], sizes[i], &out, &err),
		    SP_E_NOTFOUND, &err);
		bag_proof_done(&p[i]);
	}
	agency_fixture_close(&a);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "proofs are those of the log", proofs_are_those_of_the_log },
		{ "the checkpoint stays while the log grows",
		    the_checkpoint_stays_while_the_log_grows },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
