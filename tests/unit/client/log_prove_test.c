#include "base/encode.h"
#include "client/log_prove.h"
#include "fake_log.h"

static enum sp_code
entry(struct fake_log *l, const struct log_memory *m, uint64_t index,
    struct sp_buf *out, bool *read, struct sp_err *err)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	struct log_prove_options o = {
		.client = &c, .memory = m, .index = index
	};
	enum sp_code code = client_log_prove_entry(&o, out, read, err);

	client_site_done(&c);
	return code;
}

static void
every_entry_is_proven(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 7, 8, 255, 256, 257, 600 };
	struct fake_log l;

	log_init(&l, 0);
	struct log_memory m = log_known(&l);

	for (size_t s = 0; s < SP_COUNTOF(sizes); s++) {
		log_set(&l, sizes[s]);
		for (uint64_t i = 0; i<sizes[s]; i += sizes[s]> 8 ? 37 : 1) {
			SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
			struct ledger_checkpoint at;
			struct sp_err err;
			char text[80];
			uint64_t index = 99;
			bool read = false;
			size_t n = log_entry(&l, i, text);

			CHECK_OK(entry(&l, &m, i, &proof, &read, &err), &err);
			CHECK_OK(ledger_proof_check(&l.key, sp_buf_str(&proof),
				     proof.len, text, n, &index, &at, &err),
			    &err);
			CHECK(read && index == i && at.size == sizes[s]);
		}
	}
	log_done(&l);
}

static void
past_the_end_is_no_entry(void)
{
	static const uint64_t sizes[] = { 0, 1, 256 };
	struct fake_log l;

	log_init(&l, 0);
	struct log_memory m = log_known(&l);

	for (size_t s = 0; s < SP_COUNTOF(sizes); s++) {
		SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
		struct sp_err err;
		bool read = true;

		log_set(&l, sizes[s]);
		CHECK_CODE(entry(&l, &m, sizes[s], &proof, &read, &err),
		    SP_E_NOTFOUND, &err);
		CHECK(err.reason == client_site_refused && read &&
		    proof.len == 0);
	}
	log_done(&l);
}

static void
flip(struct sp_buf *b, uint64_t at)
{
	b->at[at] ^= 1;
}

static void
false_tiles_and_entries_prove_nothing(void)
{
	struct fake_log l;
	struct sp_err err;
	bool read = false;

	log_init(&l, 300);
	struct log_memory m = log_known(&l);
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);

	l.tamper = flip;
	l.tamper_arg = 160;     /* hash 5 */
	l.where = "tile/0/000"; /* on the path of entry 4, and of 200 */
	CHECK_CODE(entry(&l, &m, 4, &proof, &read, &err), SP_E_CORRUPT, &err);
	CHECK_CODE(entry(&l, &m, 200, &proof, &read, &err), SP_E_CORRUPT, &err);
	l.where = "tile/entries/000";
	l.tamper_arg = 10; /* in entry 0 */
	CHECK_CODE(entry(&l, &m, 0, &proof, &read, &err), SP_E_CORRUPT, &err);
	l.where = "checkpoint";
	l.tamper_arg = 30;
	CHECK(entry(&l, &m, 4, &proof, &read, &err) != SP_OK);
	CHECK(proof.len == 0);

	/* Without the right to read entries, by the hash alone. */
	l.where = NULL;
	l.entries_status = 403;
	CHECK_OK(entry(&l, &m, 4, &proof, &read, &err), &err);
	CHECK(!read);
	log_done(&l);
}

static enum sp_code
growth(struct fake_log *l, const struct log_memory *m, uint64_t from,
    uint64_t to, bool json, struct sp_buf *out, struct sp_err *err)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	struct log_prove_options o = {
		.client = &c, .memory = m, .from = from, .to = to, .json = json
	};
	enum sp_code code = client_log_prove_growth(&o, out, err);

	client_site_done(&c);
	return code;
}

static struct ledger_hash
hash_at(const json_t *text)
{
	struct ledger_hash h;
	size_t n = sizeof(h.b);
	const char *s = json_string_value(text);

	CHECK(s != NULL && sp_base64_parse(s, strlen(s), h.b, &n) && n == 32);
	return h;
}

/* The proof in what was printed, checked with its own numbers. */
static void
check_growth(const struct fake_log *l, const struct sp_buf *text)
{
	json_error_t why;
	json_t *j = json_loadb(sp_buf_str(text), text->len, 0, &why);
	json_t *from = json_object_get(j, "from");
	json_t *to = json_object_get(j, "to");
	json_t *hashes = json_object_get(j, "hashes");
	uint64_t a =
	    (uint64_t)json_integer_value(json_object_get(from, "size"));
	uint64_t b = (uint64_t)json_integer_value(json_object_get(to, "size"));
	struct ledger_hash old = hash_at(json_object_get(from, "root"));
	struct ledger_hash new = hash_at(json_object_get(to, "root"));
	struct ledger_hash want = log_mth(l, 0, a);
	struct ledger_path path = { .n = json_array_size(hashes) };

	CHECK(memcmp(&old, &want, sizeof(old)) == 0);
	want = log_mth(l, 0, b);
	CHECK(memcmp(&new, &want, sizeof(new)) == 0);
	for (size_t i = 0; i < path.n; i++)
		path.hash[i] = hash_at(json_array_get(hashes, i));
	CHECK(ledger_merkle_check_consistency(a, b, &path, &old, &new));
	json_decref(j);
}

static void
growth_is_proven_between_any_two_sizes(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 7, 8, 255, 256, 257, 300 };
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 300);
	struct log_memory m = log_known(&l);

	for (size_t a = 0; a < SP_COUNTOF(sizes); a++)
		for (size_t b = a; b < SP_COUNTOF(sizes); b++) {
			SP_AUTO_BUF text = sp_buf_new(LEDGER_NOTE_MAX);

			CHECK_OK(growth(&l, &m, sizes[a], sizes[b], true, &text,
				     &err),
			    &err);
			check_growth(&l, &text);
		}
	SP_AUTO_BUF text = sp_buf_new(LEDGER_NOTE_MAX);

	CHECK_OK(growth(&l, &m, 7, 0, false, &text, &err), &err);
	CHECK(strncmp(sp_buf_str(&text), "from 7 ", 7) == 0);
	CHECK(strstr(sp_buf_str(&text), "\nto 300 ") != NULL);
	CHECK(strstr(sp_buf_str(&text), "\n\nsite.example/harbor-pd\n300\n") !=
	    NULL);
	log_done(&l);
}

static void
growth_that_was_not_is_not_proven(void)
{
	static const uint64_t rows[][2] = { { 0, 10 }, { 11, 10 }, { 5, 301 },
		{ 301, 0 } };
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 300);
	struct log_memory m = log_known(&l);
	SP_AUTO_BUF text = sp_buf_new(LEDGER_NOTE_MAX);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_CODE(
		    growth(&l, &m, rows[i][0], rows[i][1], false, &text, &err),
		    SP_E_NOTFOUND, &err);
	l.tamper = flip;
	l.tamper_arg = 160; /* hash 5 */
	l.where = "tile/0/000";
	CHECK_CODE(
	    growth(&l, &m, 7, 100, false, &text, &err), SP_E_CORRUPT, &err);
	CHECK(text.len == 0);

	/* A site that has gone back behind what was seen proves nothing. */
	l.where = NULL;
	m.seen = l.at;
	log_set(&l, 299);
	CHECK_CODE(
	    growth(&l, &m, 7, 100, false, &text, &err), SP_E_CORRUPT, &err);
	log_done(&l);
}

static enum sp_code
follow(struct fake_log *l, struct log_memory *m, struct sp_err *err)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

	log_note(l, &note);
	enum sp_code code = client_log_prove_follow(m, &c, &l->at, &note, err);

	if (code == SP_OK)
		CHECK(m->seen.size == l->at.size && m->note.len > 0);
	client_site_done(&c);
	return code;
}

static void
what_was_seen_is_followed(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 3, 7, 255, 256, 257, 257,
		300, 70000 };
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 1);
	LOG_AUTO_MEMORY m = log_known(&l);

	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		log_set(&l, sizes[i]);
		CHECK_OK(follow(&l, &m, &err), &err);
	}
	log_done(&l);
}

static void
a_log_that_went_back_or_was_rewritten_is_not_followed(void)
{
	static const struct {
		uint64_t from, size, changed_from;
	} rows[] = {
		{ 10, 9, UINT64_MAX }, /* rewound */
		{ 10, 10, 0 },         /* another log of that size */
		{ 10, 11, 0 },         /* and of a larger one */
		{ 10, 300, 9 },        /* the last that was seen */
		{ 300, 700, 299 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct fake_log l;
		struct sp_err err;

		log_init(&l, rows[i].from);
		LOG_AUTO_MEMORY m = log_known(&l);

		CHECK_OK(follow(&l, &m, &err), &err);
		l.version = 1;
		l.changed_from = rows[i].changed_from;
		log_set(&l, rows[i].size);
		CHECK_CODE(follow(&l, &m, &err), SP_E_CORRUPT, &err);
		CHECK(m.seen.size == rows[i].from);
		log_done(&l);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "every entry is proven", every_entry_is_proven },
		{ "past the end is no entry", past_the_end_is_no_entry },
		{ "false tiles and entries prove nothing",
		    false_tiles_and_entries_prove_nothing },
		{ "growth is proven between any two sizes",
		    growth_is_proven_between_any_two_sizes },
		{ "growth that was not is not proven",
		    growth_that_was_not_is_not_proven },
		{ "what was seen is followed", what_was_seen_is_followed },
		{ "a log that went back or was rewritten is not followed",
		    a_log_that_went_back_or_was_rewritten_is_not_followed },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
