#include "crypto/stream.h"
#include "crypto/stream_params.h"
#include "pattern.h"
#include "tink_vectors.h"
#include "vectors.h"

#include <openssl/err.h>
#include <pthread.h>
#include <time.h>

#define FIRST CRYPTO_STREAM_FIRST
#define REST  CRYPTO_STREAM_REST

/* Small segments, so that every cut and swap can be tried. */
static const struct crypto_stream_params small = { CRYPTO_SHA256, 32, 128 };

/* A whole stream in memory: header and all segments. */
struct whole {
	uint8_t *at;
	size_t len;
};

static size_t
plain_start(const struct crypto_stream_params *p, uint32_t index)
{
	size_t rest = p->segment - CRYPTO_STREAM_TAG;

	return index == 0 ? 0 : index * rest - crypto_stream_params_header(p);
}

static void
get_header(const struct crypto_stream *s, uint8_t *out)
{
	uint8_t header[CRYPTO_STREAM_HEADER] = { 0 };

	crypto_stream_header(s, header);
	memcpy(out, header, header[0]);
}

static struct whole
seal_all(const struct crypto_stream_params *p, const struct crypto_stream *s,
    const uint8_t *plain, size_t len)
{
	size_t at = 0;
	struct whole w = { malloc(len + 100 + len / 8), 0 };
	struct sp_err err;

	CHECK(w.at != NULL);
	get_header(s, w.at);
	w.len = crypto_stream_params_header(p);
	for (uint32_t i = 0;; i++) {
		size_t room = crypto_stream_room_with(p, i);
		size_t n = len - at < room ? len - at : room;
		bool last = at + n == len;

		CHECK_OK(crypto_stream_seal(
			     s, i, last, plain + at, n, w.at + w.len, &err),
		    &err);
		w.len += n + CRYPTO_STREAM_TAG;
		at += n;
		if (last)
			return w;
	}
}

/* Opens all of it, segment i at i * segment, as a reader of a file would.
 * Returns the first failure. */
static enum sp_code
open_all(const struct crypto_stream_params *p, struct crypto_secret *key,
    struct crypto_piece ad, struct whole w, uint8_t *out, size_t *len)
{
	CRYPTO_AUTO_STREAM s = NULL;
	size_t header = crypto_stream_params_header(p);
	struct sp_err err;

	*len = 0;
	if (w.len < header)
		return SP_E_CORRUPT;
	SP_TRY(crypto_stream_start_with(p, &s, key, ad, w.at, &err));
	for (uint32_t i = 0;; i++) {
		size_t from = i == 0 ? header : i * p->segment;
		size_t to = (i + 1) * p->segment;
		bool last = w.len <= to;

		if (last)
			to = w.len;
		if (from > to)
			return SP_E_CORRUPT;
		SP_TRY(crypto_stream_unseal(s, i, last, w.at + from, to - from,
		    out + plain_start(p, i), &err));
		*len = plain_start(p, i) + to - from - CRYPTO_STREAM_TAG;
		if (last)
			return SP_OK;
	}
}

static void
tinks_vectors_are_read_and_written(void)
{
	for (size_t i = 0; i < SP_COUNTOF(tink_vectors); i++) {
		struct crypto_stream_params p = { tink_vectors[i].hash,
			tink_vectors[i].derived, tink_vectors[i].segment };
		CRYPTO_AUTO_SECRET key = secret_of(tink_vectors[i].key);
		struct bytes ad = unhex(tink_vectors[i].ad);
		struct bytes sealed = unhex(tink_vectors[i].sealed);
		struct bytes plain = unhex(tink_vectors[i].plain);
		struct crypto_piece ad_piece = { ad.at, ad.len };
		struct whole w = { sealed.at, sealed.len };
		CRYPTO_AUTO_STREAM s = NULL;
		uint8_t out[600];
		struct sp_err err;
		size_t len;

		CHECK(open_all(&p, key, ad_piece, w, out, &len) == SP_OK);
		CHECK(equals_hex(out, len, tink_vectors[i].plain));
		CHECK_OK(crypto_stream_start_with(
			     &p, &s, key, ad_piece, sealed.at, &err),
		    &err);
		w = seal_all(&p, s, plain.at, plain.len);
		CHECK(equals_hex(w.at, w.len, tink_vectors[i].sealed));
		free(w.at);
	}
	CHECK(SP_COUNTOF(tink_vectors) == 8);
}

/* Made by another implementation (Python's cryptography: HKDF and AESGCM)
 * from the key 00..1f, the salt 40..5f, the prefix a0..a6 and the associated
 * data below: SHA-256 of the whole stream of a pattern. */
static const char fixed_ad[] = "sallyport/object/1\nagency\nobject\n";
static const struct {
	size_t len;
	const char *sha256;
} fixed[] = {
	{ 0,
	    "5a422be0b25389808fe39c35c2de313d"
	    "56c75ac74cc96c5680680e9ee0f2619b" },
	{ 1,
	    "ed805c06b41b8ee066a6daf420762418"
	    "9d141d5a2b456d9c5861c4068a97a6bf" },
	{ 1048519,
	    "e2ffb9fbd94fe44273101e3b8b125074"
	    "8fd555480ce795cd7a940420bdf4f361" },
	{ 1048520,
	    "b0e7f8994cb595b08e2718ef4a41f41f"
	    "83783ed562b59b6e5634a52781ec7639" },
	{ 1048521,
	    "e1726ee96a86054b1d653e0585034e02"
	    "e7f460f904e408a278234046854c6296" },
	{ 2097080,
	    "ac851270cb79c5a4a5a4c4bfe6922701"
	    "74cad7262676d6929a68f36ddc05f761" },
	{ 2097081,
	    "876bdbc1ff2e15865f51685512b76a52"
	    "2d9f49f52efa79557d9e219c5429640e" },
	{ 3145735,
	    "b650c6a89a9a6d49895059256d0e7884"
	    "fc4b700bd4fd3b354564aa71ee1b167c" },
};

static void
streams_of_1_mib_are_what_another_makes(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_new(32);
	uint8_t header[CRYPTO_STREAM_HEADER] = { 0x28 };

	for (unsigned i = 0; i < 32; i++) {
		crypto_secret_bytes(key)[i] = (uint8_t)i;
		header[1 + i] = (uint8_t)(0x40 + i);
	}
	for (unsigned i = 0; i < 7; i++)
		header[33 + i] = (uint8_t)(0xA0 + i);
	for (size_t i = 0; i < SP_COUNTOF(fixed); i++) {
		CRYPTO_AUTO_STREAM s = NULL;
		uint8_t *plain = malloc(fixed[i].len + 1);
		uint8_t hash[CRYPTO_SHA256_LEN];
		struct sp_err err;
		struct whole w;

		CHECK(plain != NULL);
		pattern(plain, fixed[i].len);
		CHECK_OK(
		    crypto_stream_open(&s, key, fixed_ad, header, &err), &err);
		w = seal_all(&crypto_stream_1mb, s, plain, fixed[i].len);
		CHECK(w.len == crypto_stream_sealed_size(fixed[i].len));
		crypto_sha256(w.at, w.len, hash);
		CHECK(equals_hex(hash, sizeof(hash), fixed[i].sha256));
		free(w.at);
		free(plain);
	}
}

static void
round_trips_at_every_boundary(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, FIRST - 1, FIRST,
		FIRST + 1, FIRST + REST - 1, FIRST + REST, FIRST + REST + 1,
		FIRST + 2 * REST, 3 * 1048576 + 7 };
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	size_t most = sizes[SP_COUNTOF(sizes) - 1];
	uint8_t *plain = malloc(most);
	uint8_t *back = malloc(most);

	CHECK(plain != NULL && back != NULL);
	pattern(plain, most);
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		CRYPTO_AUTO_STREAM s = NULL;
		struct crypto_piece ad = { "ad", 2 };
		struct sp_err err;
		struct whole w;
		size_t len = 0;

		CHECK_OK(crypto_stream_seal_new(&s, key, "ad", &err), &err);
		w = seal_all(&crypto_stream_1mb, s, plain, sizes[i]);
		CHECK(open_all(&crypto_stream_1mb, key, ad, w, back, &len) ==
		    SP_OK);
		CHECK(len == sizes[i] && memcmp(back, plain, len) == 0);
		free(w.at);
	}
	free(plain);
	free(back);
}

static void
small_sizes_round_trip(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	uint8_t plain[600], back[600];
	struct crypto_piece ad = { "x", 1 };

	pattern(plain, sizeof(plain));
	for (size_t n = 0; n <= sizeof(plain); n++) {
		CRYPTO_AUTO_STREAM s = NULL;
		struct sp_err err;
		struct whole w;
		size_t len = 0;

		CHECK_OK(
		    crypto_stream_start_with(&small, &s, key, ad, NULL, &err),
		    &err);
		w = seal_all(&small, s, plain, n);
		CHECK(open_all(&small, key, ad, w, back, &len) == SP_OK);
		CHECK(len == n && memcmp(back, plain, n) == 0);
		free(w.at);
	}
}

/* What an attacker with the file can do, on a stream of four segments. */
struct victim {
	struct crypto_secret *key;
	struct crypto_piece ad;
	struct whole w;
};

static struct victim
victim_new(size_t len)
{
	struct victim v = { .key = crypto_secret_random(CRYPTO_STREAM_KEY),
		.ad = { "case 7", 6 } };
	CRYPTO_AUTO_STREAM s = NULL;
	uint8_t plain[600];
	struct sp_err err;

	pattern(plain, sizeof(plain));
	CHECK_OK(crypto_stream_start_with(&small, &s, v.key, v.ad, NULL, &err),
	    &err);
	v.w = seal_all(&small, s, plain, len);
	return v;
}

static void
victim_free(struct victim *v)
{
	crypto_secret_free(v->key);
	free(v->w.at);
}

static bool
opens(const struct victim *v)
{
	uint8_t out[1200];
	size_t len;

	return open_all(&small, v->key, v->ad, v->w, out, &len) == SP_OK;
}

#define FOUR_SEGMENTS 400 /* 72 + 3 * 112 and more */

static void
every_truncation_is_refused(void)
{
	for (size_t len = FOUR_SEGMENTS - 130; len < FOUR_SEGMENTS + 8; len++) {
		SP_CLEANUP(victim_free) struct victim v = victim_new(len);
		size_t whole = v.w.len;

		CHECK(opens(&v));
		for (v.w.len = 0; v.w.len < whole; v.w.len++)
			CHECK(!opens(&v));
	}
}

static void
every_flipped_bit_is_refused(void)
{
	SP_CLEANUP(victim_free) struct victim v = victim_new(FOUR_SEGMENTS);

	for (size_t bit = 0; bit < v.w.len * 8; bit++) {
		v.w.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!opens(&v));
		v.w.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(opens(&v) && ERR_peek_error() == 0);
}

static void
segments_cannot_be_moved_doubled_or_dropped(void)
{
	SP_CLEANUP(victim_free)
	struct victim v = victim_new(72 + 4 * 112); /* five full ones */
	uint8_t kept[5 * 128];

	CHECK(v.w.len == sizeof(kept) && opens(&v));
	memcpy(kept, v.w.at, sizeof(kept));
	for (size_t a = 1; a < 5; a++) {
		for (size_t b = 1; b < 5; b++) {
			if (a == b)
				continue;
			memcpy(v.w.at + 128 * a, kept + 128 * b, 128);
			CHECK(!opens(&v)); /* b stands for a as well */
			memcpy(v.w.at + 128 * b, kept + 128 * a, 128);
			CHECK(!opens(&v)); /* swapped */
			memcpy(v.w.at, kept, sizeof(kept));
		}
		memmove(v.w.at + 128 * a, kept + 128 * (a + 1),
		    128 * (4 - a)); /* a is missing */
		v.w.len -= 128;
		CHECK(!opens(&v));
		memcpy(v.w.at, kept, sizeof(kept));
		v.w.len = sizeof(kept);
	}
	CHECK(opens(&v));
}

static void
nothing_can_follow_the_last_segment(void)
{
	SP_CLEANUP(victim_free) struct victim v = victim_new(72 + 112);
	uint8_t out[600];
	size_t len = 0;

	CHECK(opens(&v));
	v.w.at = realloc(v.w.at, v.w.len + 128);
	CHECK(v.w.at != NULL);
	for (size_t more = 1; more <= 128; more++) {
		struct victim longer = v;

		longer.w.len += more;
		memset(v.w.at + v.w.len, 0, more);
		CHECK(!opens(&longer));
		memcpy(v.w.at + v.w.len, v.w.at + 128,
		    more); /* the last one again */
		CHECK(!opens(&longer));
	}
	CHECK(open_all(&small, v.key, v.ad, v.w, out, &len) == SP_OK);
}

static void
the_last_flag_cannot_change(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	struct crypto_piece ad = { "", 0 };
	uint8_t plain[112] = { 1 };
	uint8_t sealed[128], out[112];
	struct sp_err err;

	CHECK_OK(
	    crypto_stream_start_with(&small, &s, key, ad, NULL, &err), &err);
	for (int last = 0; last < 2; last++) {
		CHECK_OK(crypto_stream_seal(
			     s, 1, last == 1, plain, 112, sealed, &err),
		    &err);
		CHECK_OK(crypto_stream_unseal(
			     s, 1, last == 1, sealed, 128, out, &err),
		    &err);
		CHECK_CODE(crypto_stream_unseal(
			       s, 1, last == 0, sealed, 128, out, &err),
		    SP_E_CORRUPT, &err);
		CHECK_CODE(crypto_stream_unseal(
			       s, 2, last == 1, sealed, 128, out, &err),
		    SP_E_CORRUPT, &err);
	}
}

static void
another_key_or_place_is_refused(void)
{
	SP_CLEANUP(victim_free) struct victim v = victim_new(FOUR_SEGMENTS);
	CRYPTO_AUTO_SECRET other = crypto_secret_random(CRYPTO_STREAM_KEY);
	struct victim w = v;

	w.key = other;
	CHECK(!opens(&w));
	w = v;
	w.ad = (struct crypto_piece){ "case 8", 6 };
	CHECK(!opens(&w));
	w.ad = (struct crypto_piece){ "case 7\n", 7 };
	CHECK(!opens(&w));
	w.ad = (struct crypto_piece){ "", 0 };
	CHECK(!opens(&w));
	CHECK(opens(&v));
}

static void
a_failure_wipes_what_was_opened(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	uint8_t *plain = malloc(FIRST);
	uint8_t *sealed = malloc(CRYPTO_STREAM_SEGMENT);
	struct sp_err err;

	CHECK(plain != NULL && sealed != NULL);
	pattern(plain, FIRST);
	CHECK_OK(crypto_stream_seal_new(&s, key, "", &err), &err);
	CHECK_OK(
	    crypto_stream_seal(s, 0, true, plain, FIRST, sealed, &err), &err);
	sealed[FIRST + 15] ^= 1; /* the end of the tag */
	memset(plain, 0xEE, FIRST);
	CHECK_CODE(
	    crypto_stream_unseal(s, 0, true, sealed, FIRST + 16, plain, &err),
	    SP_E_CORRUPT, &err);
	for (size_t i = 0; i < FIRST; i++)
		CHECK(plain[i] == 0);
	memset(plain, 0xEE, FIRST); /* of an impossible length: untouched */
	CHECK_CODE(
	    crypto_stream_unseal(s, 0, false, sealed, FIRST + 15, plain, &err),
	    SP_E_CORRUPT, &err);
	CHECK(plain[0] == 0xEE);
	free(plain);
	free(sealed);
}

static void
two_seals_differ(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	SP_AUTO_BUF a = sp_buf_new(1000);
	SP_AUTO_BUF b = sp_buf_new(1000);
	struct sp_err err;

	CHECK_OK(
	    crypto_stream_seal_whole(key, "", "same same", 9, &a, &err), &err);
	CHECK_OK(
	    crypto_stream_seal_whole(key, "", "same same", 9, &b, &err), &err);
	CHECK(a.len == 65 && b.len == 65);
	CHECK(memcmp(a.at + 1, b.at + 1, 32) != 0);   /* salt */
	CHECK(memcmp(a.at + 33, b.at + 33, 7) != 0);  /* prefix */
	CHECK(memcmp(a.at + 40, b.at + 40, 25) != 0); /* sealed */
}

static void
segments_of_a_wrong_shape_are_refused(void)
{
	static const struct {
		uint32_t index;
		bool last;
		size_t len;
		bool ok;
	} rows[] = {
		{ 0, true, 0, true },
		{ 0, true, 72, true },
		{ 0, true, 73, false },
		{ 0, false, 72, true },
		{ 0, false, 71, false },
		{ 0, false, 0, false },
		{ 1, true, 0, false },
		{ 1, true, 1, true },
		{ 1, true, 112, true },
		{ 1, true, 113, false },
		{ 1, false, 112, true },
		{ 1, false, 111, false },
		{ UINT32_MAX, true, 112, true },
	};
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	struct crypto_piece ad = { "", 0 };
	struct sp_err err;

	CHECK_OK(
	    crypto_stream_start_with(&small, &s, key, ad, NULL, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		uint8_t plain[128] = { 0 };
		uint8_t out[200];

		memset(out, 0xEE, sizeof(out));
		CHECK_CODE(crypto_stream_seal(s, rows[i].index, rows[i].last,
			       plain, rows[i].len, out, &err),
		    rows[i].ok ? SP_OK : SP_E_INVALID, &err);
		CHECK(rows[i].ok || out[0] == 0xEE);
		CHECK(out[rows[i].len + 16] == 0xEE);
		CHECK_CODE(crypto_stream_unseal(s, rows[i].index, rows[i].last,
			       out, rows[i].len + 16, out, &err), /* in place */
		    rows[i].ok ? SP_OK : SP_E_CORRUPT, &err);
	}
	for (size_t n = 0; n < 16; n++) {
		uint8_t out[16] = { 0 };

		CHECK_CODE(crypto_stream_unseal(s, 0, true, out, n, out, &err),
		    SP_E_CORRUPT, &err);
	}
}

static void
sealing_works_in_place(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	uint8_t want[5000], text[5016];
	struct sp_err err;

	pattern(want, sizeof(want));
	memcpy(text, want, sizeof(want));
	CHECK_OK(crypto_stream_seal_new(&s, key, "", &err), &err);
	CHECK_OK(crypto_stream_seal(s, 0, true, text, 5000, text, &err), &err);
	CHECK(memcmp(text, want, sizeof(want)) != 0);
	CHECK_OK(
	    crypto_stream_unseal(s, 0, true, text, 5016, text, &err), &err);
	CHECK(memcmp(text, want, sizeof(want)) == 0);
}

static void
wrong_keys_and_headers_are_refused(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_SECRET longer = crypto_secret_random(33);
	uint8_t header[CRYPTO_STREAM_HEADER] = { 0x28 };
	char ad[CRYPTO_STREAM_AD_MAX + 2];
	struct crypto_stream *s = NULL;
	struct sp_err err;

	for (unsigned b = 0; b < 256; b++) {
		header[0] = (uint8_t)b;
		CHECK_CODE(crypto_stream_open(&s, key, "", header, &err),
		    b == 0x28 ? SP_OK : SP_E_CORRUPT, &err);
		crypto_stream_free(SP_STEAL(s));
	}
	CHECK_CODE(
	    crypto_stream_seal_new(&s, longer, "", &err), SP_E_INVALID, &err);
	memset(ad, 'a', sizeof(ad));
	ad[CRYPTO_STREAM_AD_MAX + 1] = '\0';
	CHECK_CODE(crypto_stream_seal_new(&s, key, ad, &err), SP_E_LIMIT, &err);
	CHECK(s == NULL);
	ad[CRYPTO_STREAM_AD_MAX] = '\0';
	CHECK_OK(crypto_stream_seal_new(&s, key, ad, &err), &err);
	crypto_stream_free(s);
	crypto_stream_free(NULL);
}

/* The arithmetic, against the format's own words: walk the segments. */
static void
the_shape_of_a_stream(void)
{
	static const uint64_t near[] = { 0, FIRST, FIRST + REST,
		FIRST + 2 * REST, UINT64_C(1) << 40, CRYPTO_STREAM_MAX - 3 };

	for (size_t i = 0; i < SP_COUNTOF(near); i++) {
		for (int64_t d = near[i] == 0 ? 0 : -3; d <= 3; d++) {
			uint64_t plain = near[i] + (uint64_t)d;
			uint32_t n = crypto_stream_segments(plain);
			uint64_t within, begin = crypto_stream_start(n - 1);
			uint32_t index;

			CHECK(begin < plain || plain == 0);
			CHECK(plain - begin <= crypto_stream_room(n - 1));
			CHECK(crypto_stream_sealed_size(plain) ==
			    40 + plain + UINT64_C(16) * n);
			crypto_stream_locate(plain, &index, &within);
			CHECK(crypto_stream_start(index) + within == plain);
			CHECK(within < crypto_stream_room(index) ||
			    plain == CRYPTO_STREAM_MAX);
		}
	}
	CHECK(crypto_stream_room(0) == 1048520);
	CHECK(crypto_stream_room(1) == 1048560);
	CHECK(crypto_stream_sealed_size(0) == 56);
	CHECK(crypto_stream_sealed_size(1048520) == 1048576);
	CHECK(crypto_stream_sealed_size(1048521) == 1048593);
	/* all but the last bytes up to segment i take i MiB of the file */
	for (uint32_t i = 1; i < 5; i++)
		CHECK(crypto_stream_sealed_size(crypto_stream_start(i)) ==
		    i * CRYPTO_STREAM_SEGMENT);
}

static void
small_messages(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	SP_AUTO_BUF sealed = sp_buf_new(CRYPTO_STREAM_SEGMENT + 2);
	SP_AUTO_BUF back = sp_buf_secret(FIRST);
	SP_AUTO_BUF tight = sp_buf_new(60);
	static uint8_t most[FIRST + 1];
	struct sp_err err;

	sp_buf_text(&sealed, "<>");
	CHECK_OK(crypto_stream_seal_whole(key, "a", most, FIRST, &sealed, &err),
	    &err);
	CHECK(sealed.len == CRYPTO_STREAM_SEGMENT + 2);
	CHECK_CODE(crypto_stream_open_whole(
		       key, "b", sealed.at + 2, sealed.len - 2, &back, &err),
	    SP_E_CORRUPT, &err);
	CHECK(back.len == 0);
	CHECK_OK(crypto_stream_open_whole(
		     key, "a", sealed.at + 2, sealed.len - 2, &back, &err),
	    &err);
	CHECK(back.len == FIRST && memcmp(back.at, most, FIRST) == 0);
	CHECK_CODE(
	    crypto_stream_seal_whole(key, "a", most, FIRST + 1, &tight, &err),
	    SP_E_LIMIT, &err);
	sp_buf_clear(&tight);
	CHECK_CODE(crypto_stream_seal_whole(key, "a", most, 5, &tight, &err),
	    SP_E_LIMIT, &err);
	sp_buf_clear(&sealed);
	CHECK_OK(
	    crypto_stream_seal_whole(key, "a", "tail", 4, &sealed, &err), &err);
	for (size_t n = 0; n < sealed.len; n++) {
		sp_buf_clear(&back);
		CHECK_CODE(crypto_stream_open_whole(
			       key, "a", sealed.at, n, &back, &err),
		    SP_E_CORRUPT, &err);
		CHECK(back.len == 0 && sp_buf_ok(&back));
	}
	CHECK_OK(crypto_stream_open_whole(
		     key, "a", sealed.at, sealed.len, &back, &err),
	    &err);
	CHECK(strcmp(sp_buf_str(&back), "tail") == 0);
}

struct job {
	const struct crypto_stream *s;
	const uint8_t *plain;
	uint32_t index;
};

static void *
seal_and_open(void *arg)
{
	const struct job *j = arg;
	uint8_t *sealed = malloc(REST + 16);
	uint8_t *back = malloc(REST);
	struct sp_err err;

	CHECK(sealed != NULL && back != NULL);
	for (int i = 0; i < 20; i++) {
		size_t len = 1000 + (size_t)i;

		CHECK_OK(crypto_stream_seal(
			     j->s, j->index, true, j->plain, len, sealed, &err),
		    &err);
		CHECK_OK(crypto_stream_unseal(j->s, j->index, true, sealed,
			     len + 16, back, &err),
		    &err);
		CHECK(memcmp(back, j->plain, len) == 0);
	}
	free(sealed);
	free(back);
	return NULL;
}

static void
threads_share_a_stream(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	uint8_t plain[2000];
	struct job jobs[4];
	pthread_t t[4];
	struct sp_err err;

	pattern(plain, sizeof(plain));
	CHECK_OK(crypto_stream_seal_new(&s, key, "", &err), &err);
	for (uint32_t i = 0; i < 4; i++) {
		jobs[i] = (struct job){ s, plain, i };
		CHECK(
		    pthread_create(&t[i], NULL, seal_and_open, &jobs[i]) == 0);
	}
	for (uint32_t i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

static double
seconds_since(const struct timespec *a)
{
	struct timespec b;

	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	return (double)(b.tv_sec - a->tv_sec) +
	    (double)(b.tv_nsec - a->tv_nsec) / 1e9;
}

/* The figure for whoever reads the log; see also `./dev bench seal`. */
static void
the_price_of_a_segment(void)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM s = NULL;
	uint8_t *text = calloc(1, REST + 16);
	const uint32_t rounds = 200;
	struct timespec start;
	struct sp_err err;

	CHECK(text != NULL);
	CHECK_OK(crypto_stream_seal_new(&s, key, "", &err), &err);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (uint32_t i = 1; i <= rounds; i++)
		CHECK_OK(
		    crypto_stream_seal(s, i, false, text, REST, text, &err),
		    &err);
	printf("# %.2f GB/s sealed in segments of 1 MiB\n",
	    rounds * (double)REST / 1e9 / seconds_since(&start));
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	for (uint32_t i = 0; i < 1000 * rounds; i++)
		CHECK_OK(
		    crypto_stream_seal(s, 0, true, text, 64, text, &err), &err);
	printf("# %.0f ns for 64 bytes\n",
	    seconds_since(&start) * 1e9 / (1000.0 * rounds));
	free(text);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "Tink's vectors are read and written",
		    tinks_vectors_are_read_and_written },
		{ "streams of 1 MiB segments are what another makes",
		    streams_of_1_mib_are_what_another_makes },
		{ "round trips at every boundary",
		    round_trips_at_every_boundary },
		{ "small sizes round trip", small_sizes_round_trip },
		{ "every truncation is refused", every_truncation_is_refused },
		{ "every flipped bit is refused",
		    every_flipped_bit_is_refused },
		{ "segments cannot be moved, doubled or dropped",
		    segments_cannot_be_moved_doubled_or_dropped },
		{ "nothing can follow the last segment",
		    nothing_can_follow_the_last_segment },
		{ "the last flag cannot change", the_last_flag_cannot_change },
		{ "another key or place is refused",
		    another_key_or_place_is_refused },
		{ "a failure wipes what was opened",
		    a_failure_wipes_what_was_opened },
		{ "two seals differ", two_seals_differ },
		{ "segments of a wrong shape are refused",
		    segments_of_a_wrong_shape_are_refused },
		{ "sealing works in place", sealing_works_in_place },
		{ "wrong keys and headers are refused",
		    wrong_keys_and_headers_are_refused },
		{ "the shape of a stream", the_shape_of_a_stream },
		{ "small messages", small_messages },
		{ "threads share a stream", threads_share_a_stream },
		{ "the price of a segment", the_price_of_a_segment },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
