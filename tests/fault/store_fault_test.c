#include "preload.h"

#include "crypto/provider.h"
#include "vault/read.h"

/* The vault on its real store, on a disk that is full, fails to sync, takes
 * less than it is given, or ends the process. */

#define LEN (CRYPTO_STREAM_FIRST + 9 * CRYPTO_STREAM_REST + 777)
static uint8_t plain[LEN];
static struct vault_pool *pool;

static struct vault_store *
open_store(void)
{
	struct vault_store *s;
	struct sp_err err;

	CHECK_OK(vault_store_open_fs(&s, fault_dir(), &err), &err);
	return s;
}

static struct vault_object
object_in(struct vault_store *s)
{
	struct vault_object o = {
		.store = s,
		.pool = pool,
		.key = crypto_secret_random(CRYPTO_STREAM_KEY),
		.agency = sp_id_new(),
		.id = sp_id_new(),
	};

	CHECK(o.key != NULL);
	return o;
}

static void
expect_kept(const struct vault_object *o, uint64_t size)
{
	static uint8_t got[LEN];
	VAULT_AUTO_READ r = NULL;
	struct sp_err err;

	CHECK_OK(vault_read_open(&r, o, size, &err), &err);
	CHECK_OK(vault_read_at(r, 0, got, size, &err), &err);
	CHECK(memcmp(got, plain, size) == 0);
}

/* A kept object, made while nothing fails. */
static struct vault_object
kept(struct vault_store *s, uint64_t size)
{
	struct vault_object o = object_in(s);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	fault_order("");
	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(vault_seal_write(seal, plain, size, &err), &err);
	CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
	return o;
}

static enum sp_code
write_from(struct vault_seal *s, uint64_t at, struct sp_err *err)
{
	while (at < LEN) {
		size_t n = LEN - at < 65536 ? (size_t)(LEN - at) : 65536;

		SP_TRY(vault_seal_write(s, plain + at, n, err));
		at += n;
	}
	return SP_OK;
}

/* The upload stops at a segment's boundary and goes on when space is back. */
static void
a_disk_that_fills_up(void)
{
	struct vault_store *s = open_store();
	struct vault_object o = object_in(s);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct vault_seal_state st = { 0 };
	struct sp_err err;
	unsigned stops = 0;
	enum sp_code code;

	fault_order("");
	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	for (;; stops++) {
		/* Each time there is space for one claim, then no more. */
		fault_order("enospc /staging/ from=2\n");
		code = write_from(seal, st.offset, &err);
		if (code == SP_OK)
			code = vault_seal_finish(seal, NULL, sum, &err);
		if (code == SP_OK)
			break;
		CHECK_CODE(code, SP_E_FULL, &err);
		/* Twice: for as much as was wished for, for what is needed. */
		CHECK(fault_hits("enospc fallocate") == 2 ||
		    vault_seal_offset(seal) == LEN);
		CHECK_OK(vault_seal_salvage(seal, &st.offset, &err), &err);
		vault_seal_free(SP_STEAL(seal));
		CHECK_OK(vault_seal_resume(&seal, &o, &st, &err), &err);
	}
	CHECK(stops >= 2);
	expect_kept(&o, LEN);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(seal));
	vault_store_free(s);
}

/* A disk that goes back on what it promised: a segment may be torn. */
static void
a_disk_that_takes_nothing(void)
{
	struct vault_store *s = open_store();
	struct vault_object o = object_in(s);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	uint64_t offset;
	struct sp_err err;

	fault_order("");
	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(vault_seal_write(seal, plain, 100, &err), &err);
	fault_order("enospc-all /staging/ from=2\n"); /* not the claim */
	CHECK_CODE(vault_seal_finish(seal, NULL, sum, &err), SP_E_FULL, &err);
	CHECK(fault_hits("enospc-all pwritev") == 1);
	CHECK_CODE(
	    vault_seal_salvage(seal, &offset, &err), SP_E_CONFLICT, &err);
	CHECK(strcmp(err.reason, "seal.rekey") == 0);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(seal));
	vault_store_free(s);
}

/* A failed sync: never a success, never asked again; what is there is read;
 * after a restart the store takes changes again. */
static void
a_failed_sync(void)
{
	static const char *const where[] = { "eio /staging/\n",
		"eio /staging\n", "eio /objects/\n" };

	for (size_t i = 0; i < SP_COUNTOF(where); i++) {
		struct vault_store *s = open_store();
		struct vault_object before = kept(s, 1000), o = object_in(s);
		VAULT_AUTO_SEAL seal = NULL;
		uint8_t sum[CRYPTO_SHA256_LEN] = { 42 };
		struct vault_object next = object_in(s);
		struct sp_err err;

		CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
		CHECK_OK(write_from(seal, 0, &err), &err);
		fault_order(where[i]);
		CHECK_CODE(vault_seal_finish(seal, NULL, sum, &err),
		    SP_E_STOPPED, &err);
		CHECK(strcmp(err.reason, "store.sync") == 0);
		CHECK(sum[0] == 42 && fault_hits("eio ") == 1);
		vault_seal_free(SP_STEAL(seal));
		/* The disk says that all is well again: nobody believes it. */
		fault_order("eio none\n");
		CHECK_CODE(
		    vault_seal_new(&seal, &next, &err), SP_E_STOPPED, &err);
		CHECK(strcmp(err.reason, "store.sync") == 0);
		CHECK_CODE(s->ops->remove(s, VAULT_KEPT, &before.id, &err),
		    SP_E_STOPPED, &err);
		CHECK_CODE(s->ops->move(s, &before.id, VAULT_STAGED, &err),
		    SP_E_STOPPED, &err);
		expect_kept(&before, 1000);
		vault_store_free(s);
		s = open_store();
		before.store = next.store = s;
		expect_kept(&before, 1000);
		CHECK_OK(vault_seal_new(&seal, &next, &err), &err);
		CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
		crypto_secret_free(before.key);
		crypto_secret_free(next.key);
		crypto_secret_free(o.key);
		vault_seal_free(SP_STEAL(seal));
		vault_store_free(s);
	}
}

/* A rest whose sync fails acknowledges nothing. */
static void
a_rest_that_cannot_sync(void)
{
	struct vault_store *s = open_store();
	struct vault_object o = object_in(s);
	SP_AUTO_BUF tail = sp_buf_new(VAULT_TAIL_MAX);
	CRYPTO_AUTO_DIGEST hash = NULL;
	VAULT_AUTO_SEAL seal = NULL;
	struct sp_err err;

	fault_order("");
	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(write_from(seal, 0, &err), &err);
	fault_order("eio /staging/\n");
	CHECK_CODE(
	    vault_seal_rest(seal, &tail, &hash, &err), SP_E_STOPPED, &err);
	CHECK(tail.len == 0 && hash == NULL);
	fault_order("");
	CHECK_CODE(
	    vault_seal_rest(seal, &tail, &hash, &err), SP_E_STOPPED, &err);
	CHECK(tail.len == 0 && hash == NULL);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(seal));
	vault_store_free(s);
}

static void
short_writes(void)
{
	struct vault_store *s = open_store();
	struct vault_object o = object_in(s);
	VAULT_AUTO_SEAL seal = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN], want[CRYPTO_SHA256_LEN];
	struct sp_err err;

	fault_order("short /staging/\n");
	CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
	CHECK_OK(write_from(seal, 0, &err), &err);
	CHECK_OK(vault_seal_finish(seal, NULL, sum, &err), &err);
	CHECK(fault_hits("short pwritev") >= 6);
	crypto_sha256(plain, LEN, want);
	CHECK(memcmp(sum, want, sizeof(sum)) == 0);
	expect_kept(&o, LEN);
	crypto_secret_free(o.key);
	vault_seal_free(SP_STEAL(seal));
	vault_store_free(s);
}

static void
a_disk_that_fails_to_write(void)
{
	for (unsigned from = 1; from <= 3; from++) {
		struct vault_store *s = open_store();
		struct vault_object o = object_in(s);
		VAULT_AUTO_SEAL seal = NULL;
		uint8_t sum[CRYPTO_SHA256_LEN];
		uint64_t offset;
		struct sp_err err;
		char rule[64];
		enum sp_code code;

		fault_order("");
		CHECK_OK(vault_seal_new(&seal, &o, &err), &err);
		/* Eleven segments take at least three writes. */
		(void)snprintf(
		    rule, sizeof(rule), "eio-write /staging/ from=%u\n", from);
		fault_order(rule);
		code = write_from(seal, 0, &err);
		if (code == SP_OK)
			code = vault_seal_finish(seal, NULL, sum, &err);
		CHECK_CODE(code, SP_E_INTERNAL, &err);
		CHECK(fault_hits("eio-write ") == 1);
		CHECK_CODE(vault_seal_salvage(seal, &offset, &err),
		    SP_E_CONFLICT, &err);
		crypto_secret_free(o.key);
		vault_seal_free(SP_STEAL(seal));
		vault_store_free(s);
	}
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a disk that fills up", a_disk_that_fills_up },
		{ "a disk that takes nothing", a_disk_that_takes_nothing },
		{ "a failed sync", a_failed_sync },
		{ "a rest that cannot sync", a_rest_that_cannot_sync },
		{ "short writes", short_writes },
		{ "a disk that fails to write", a_disk_that_fails_to_write },
	};
	struct sp_err err;

	(void)argc;
	fault_preload(argv);
	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK_OK(vault_pool_new(&pool, 16, 3, &err), &err);
	for (size_t i = 0; i < LEN; i++)
		plain[i] = (uint8_t)(i * 131 + (i >> 8) * 17 + (i >> 16) * 29);
	(void)tap_run(cases, SP_COUNTOF(cases));
	vault_pool_free(pool);
	fault_done();
	return 0;
}
