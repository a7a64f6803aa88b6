#include "room_fixture.h"

#include <string.h>

static struct room_fixture f;

static enum sp_code
insert(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	return evidence_object_insert(ledger_tx_db(tx), arg, err);
}

static enum sp_code delete (
    struct ledger_tx *tx, void *arg, struct sp_err *err) {
	const struct evidence_object *o = arg;

	return evidence_object_delete(ledger_tx_db(tx), &o->id, err);
}

static enum sp_code
run(ledger_act act, void *arg, struct sp_err *err)
{
	return ledger_writer_run(evidence_room_writer(f.room), act, arg, err);
}

/* The key comes back as it was; without its row, or under another agency's
 * hand, it does not come. */
static void
a_key_is_kept_wrapped(void)
{
	EVIDENCE_AUTO_OBJECT o = { .dek = NULL };
	CRYPTO_AUTO_SECRET back = NULL;
	struct sp_err err;

	CHECK_OK(evidence_object_new(f.room, &o, &err), &err);
	CHECK(memcmp(o.wrapped.bytes, crypto_secret_bytes(o.dek), 32) != 0);
	CHECK_CODE(evidence_object_key(f.room, &o.id, &back, &err),
	    SP_E_CORRUPT, &err);
	CHECK_OK(run(insert, &o, &err), &err);
	CHECK_OK(evidence_object_key(f.room, &o.id, &back, &err), &err);
	CHECK(crypto_secret_len(back) == 32);
	CHECK(memcmp(crypto_secret_bytes(back), crypto_secret_bytes(o.dek),
		  32) == 0);
}

static void
a_changed_wrapping_does_not_open(void)
{
	EVIDENCE_AUTO_OBJECT o = { .dek = NULL };
	CRYPTO_AUTO_SECRET back = NULL;
	struct sp_err err;

	CHECK_OK(evidence_object_new(f.room, &o, &err), &err);
	o.wrapped.bytes[o.wrapped.len - 1] ^= 1;
	CHECK_OK(run(insert, &o, &err), &err);
	CHECK_CODE(evidence_object_key(f.room, &o.id, &back, &err),
	    SP_E_CORRUPT, &err);
	CHECK(back == NULL);
}

static void
a_deleted_key_is_gone(void)
{
	EVIDENCE_AUTO_OBJECT o = { .dek = NULL };
	CRYPTO_AUTO_SECRET back = NULL;
	struct sp_err err;

	CHECK_OK(evidence_object_new(f.room, &o, &err), &err);
	CHECK_OK(run(insert, &o, &err), &err);
	CHECK_OK(run(delete, &o, &err), &err);
	CHECK_CODE(evidence_object_key(f.room, &o.id, &back, &err),
	    SP_E_CORRUPT, &err);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a key is kept wrapped", a_key_is_kept_wrapped },
		{ "a changed wrapping does not open",
		    a_changed_wrapping_does_not_open },
		{ "a deleted key is gone", a_deleted_key_is_gone },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	fixture_make(&f);
	fixture_open(&f);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	return rc;
}
