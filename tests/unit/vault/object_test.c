#include "rig.h"

/* Tails, and where an unfinished object's bytes lie. */

static void
the_cut_of_an_offset(void)
{
	static const struct {
		uint64_t offset;
		bool with_tail;
		bool ok;
		uint32_t full;
		uint64_t tail;
	} rows[] = {
		{ 0, false, true, 0, 0 },
		{ 0, true, false, 0, 0 },
		{ 1, true, true, 0, 1 },
		{ 1, false, false, 0, 0 },
		{ RIG_FIRST - 1, true, true, 0, RIG_FIRST - 1 },
		{ RIG_FIRST, true, true, 0, RIG_FIRST },
		{ RIG_FIRST, false, true, 1, 0 },
		{ RIG_FIRST + 1, true, true, 1, 1 },
		{ RIG_FIRST + 1, false, false, 0, 0 },
		{ RIG_FIRST + RIG_REST, true, true, 1, RIG_REST },
		{ RIG_FIRST + RIG_REST, false, true, 2, 0 },
		{ RIG_FIRST + RIG_REST + 1, true, true, 2, 1 },
		{ CRYPTO_STREAM_MAX, true, true, UINT32_MAX - 1, RIG_REST },
		{ CRYPTO_STREAM_MAX + 1, true, false, 0, 0 },
		{ UINT64_MAX, true, false, 0, 0 },
		{ UINT64_MAX, false, false, 0, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct vault_cut cut = { .full = 42 };
		struct sp_err err;
		enum sp_code code = vault_object_cut(
		    rows[i].offset, rows[i].with_tail, &cut, &err);

		CHECK_CODE(code, rows[i].ok ? SP_OK : SP_E_CORRUPT, &err);
		if (!rows[i].ok) {
			CHECK(cut.full == 42);
			continue;
		}
		CHECK(cut.full == rows[i].full && cut.tail == rows[i].tail);
		CHECK(cut.stored == (uint64_t)cut.full * VAULT_SEGMENT);
		CHECK(
		    crypto_stream_start(cut.full) + cut.tail == rows[i].offset);
	}
}

static const size_t lens[] = { 1, 2, 1000, RIG_FIRST - 1, RIG_FIRST,
	RIG_FIRST + 1, RIG_REST - 1, RIG_REST };

static void
tails_come_back(void)
{
	struct vault_store *s = vault_store_new_mem();
	struct vault_object o = rig_object(s);
	uint8_t *got = malloc(RIG_REST + 1);
	struct sp_err err;

	CHECK(got != NULL);
	for (size_t i = 0; i < SP_COUNTOF(lens); i++) {
		SP_AUTO_BUF tail = sp_buf_new(7 + VAULT_TAIL_MAX);
		struct vault_tail t;

		sp_buf_text(&tail, "before:");
		CHECK_OK(vault_object_tail_seal(
			     &o, lens[i] + 5, rig_plain, lens[i], &tail, &err),
		    &err);
		CHECK(tail.len == 7 + crypto_stream_sealed_size(lens[i]));
		CHECK(memcmp(tail.at, "before:", 7) == 0);
		t = (struct vault_tail){ lens[i] + 5, tail.at + 7,
			tail.len - 7 };
		got[lens[i]] = 42;
		CHECK_OK(
		    vault_object_tail_open(&o, &t, got, lens[i], &err), &err);
		CHECK(memcmp(got, rig_plain, lens[i]) == 0);
		CHECK(got[lens[i]] == 42);
	}
	CHECK(crypto_stream_sealed_size(RIG_REST) == VAULT_TAIL_MAX);
	free(got);
	crypto_secret_free(o.key);
	vault_store_free(s);
}

static void
expect_nothing(const uint8_t *out, size_t len)
{
	static const uint8_t nothing[RIG_REST];

	CHECK(memcmp(out, nothing, len) == 0);
}

/* Only the tail of this object, at this offset, of this length, unchanged. */
static void
no_other_tail_opens(void)
{
	static const size_t some[] = { 1000, RIG_FIRST + 30 };
	struct vault_store *s = vault_store_new_mem();
	struct vault_object o = rig_object(s), other;
	uint8_t *out = calloc(1, RIG_REST);
	struct sp_err err;

	CHECK(out != NULL);
	for (size_t i = 0; i < SP_COUNTOF(some); i++) {
		SP_AUTO_BUF t = sp_buf_new(VAULT_TAIL_MAX);
		size_t len = some[i], step = len / 97;
		uint64_t at = RIG_FIRST + RIG_REST + len;

		CHECK_OK(
		    vault_object_tail_seal(&o, at, rig_plain, len, &t, &err),
		    &err);
#define REFUSED(obj, offset, bytes, n, want)                                   \
	do {                                                                   \
		struct vault_tail t_ = { (offset), (bytes), (n) };             \
		CHECK_CODE(                                                    \
		    vault_object_tail_open((obj), &t_, out, (want), &err),     \
		    SP_E_CORRUPT, &err);                                       \
		expect_nothing(out, len);                                      \
	} while (0)
		REFUSED(&o, at - 1, t.at, t.len, len);
		REFUSED(&o, at + RIG_REST, t.at, t.len, len);
		REFUSED(&o, at, t.at, t.len, len - 1);
		for (size_t n = 0; n < t.len; n += n < 60 ? 1 : step) {
			REFUSED(&o, at, t.at, n, len);
			t.at[n] ^= 0x80;
			REFUSED(&o, at, t.at, t.len, len);
			t.at[n] ^= 0x80;
		}
		t.at[t.len - 1] ^= 1;
		REFUSED(&o, at, t.at, t.len, len);
		t.at[t.len - 1] ^= 1;
		other = o;
		other.id = sp_id_new();
		REFUSED(&other, at, t.at, t.len, len);
		other = o;
		other.agency = sp_id_new();
		REFUSED(&other, at, t.at, t.len, len);
		other = rig_object(s);
		REFUSED(&other, at, t.at, t.len, len);
		crypto_secret_free(other.key);
#undef REFUSED
		CHECK_OK(vault_object_tail_open(&o,
			     &(struct vault_tail){ at, t.at, t.len }, out, len,
			     &err),
		    &err);
		explicit_bzero(out, len);
	}
	free(out);
	crypto_secret_free(o.key);
	vault_store_free(s);
}

static void
the_associated_data_is_the_documented_one(void)
{
	struct vault_object o = { 0 };
	char ad[VAULT_OBJECT_AD];

	o.agency = sp_id_new();
	CHECK(sp_id_parse("01937a5e-0000-7000-8000-00000000abcd", 36, &o.id));
	CHECK(
	    sp_id_parse("01937a5e-ffff-7fff-bfff-ffffffffffff", 36, &o.agency));
	vault_object_ad(&o, ad);
	CHECK(strcmp(ad,
		  "sallyport/object/1\n"
		  "01937a5e-ffff-7fff-bfff-ffffffffffff\n"
		  "01937a5e-0000-7000-8000-00000000abcd\n") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the cut of an offset", the_cut_of_an_offset },
		{ "tails come back", tails_come_back },
		{ "no other tail opens", no_other_tail_opens },
		{ "the associated data is the documented one",
		    the_associated_data_is_the_documented_one },
	};

	rig_start();
	(void)tap_run(cases, SP_COUNTOF(cases));
	rig_end();
	return 0;
}
