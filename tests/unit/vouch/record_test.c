#include "vouch_fixture.h"

#include "vouch/record.h"

static struct authority authority;

/* Have a witness cosign a checkpoint, on record. */
static void
cosign(const struct witness_key *k, const struct vouch_voucher *w,
    const struct vouch_checkpoint *c, sp_time at)
{
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	witness_sign(k, sp_buf_str(&c->note), c->text, at, &line);
	CHECK_OK(vouch_record_cosigned(f.room, w, c, sp_buf_str(&line),
		     at / SP_SECOND * SP_SECOND, &err),
	    &err);
}

static struct vouch_standing
standing(const struct vouch_voucher *v)
{
	DB_LENT(reader, evidence_room_readers(f.room));
	struct vouch_standing s;
	struct sp_err err;

	CHECK_OK(
	    vouch_record_standing(reader.db, log_size(), v, &s, &err), &err);
	return s;
}

static size_t
lines_for(const struct vouch_checkpoint *c)
{
	DB_LENT(reader, evidence_room_readers(f.room));
	SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);
	size_t n = 0;
	struct sp_err err;

	CHECK_OK(vouch_record_lines(reader.db, &c->is, &lines, &err), &err);
	for (size_t i = 0; i < lines.len; i++)
		n += lines.at[i] == '\n';
	return n;
}

/* Whether there is one, and of which size. */
static uint64_t
newest(void)
{
	DB_LENT(reader, evidence_room_readers(f.room));
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_checkpoint c;
	struct sp_err err;

	if (vouch_record_newest(reader.db, &note, &err) == SP_E_NOTFOUND)
		return 0;
	CHECK_OK(ledger_checkpoint_check(
		     &f.agency.vkey, sp_buf_str(&note), note.len, &c, &err),
	    &err);
	return c.size;
}

static void
the_checkpoint_of_the_log_alone(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w");
	VOUCH_AUTO_CHECKPOINT plain = log_now();
	VOUCH_AUTO_CHECKPOINT again = vouch_checkpoint_new();
	SP_AUTO_BUF line = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_log *log = evidence_room_log(f.room);
	struct sp_err err;

	witness_sign(
	    &key, sp_buf_str(&plain.note), plain.text, sp_now(), &line);
	CHECK_OK(ledger_log_vouched(log, &plain.is, &line, &err), &err);
	CHECK(log_cosigned(&key));
	CHECK_OK(vouch_checkpoint_take(&again, log, &err), &err);
	CHECK(again.note.len == plain.note.len && again.text == plain.text &&
	    memcmp(again.note.at, plain.note.at, plain.note.len) == 0);
	CHECK(again.is.size == log_size());
	log_grow(1);
	CHECK(!log_cosigned(&key));
}

static void
cosignatures(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("w1");
	WITNESS_AUTO_KEY other = witness_key_new("w2");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w1");
	VOUCH_AUTO_VOUCHER o = voucher_witness(&other, "http://w2");
	VOUCH_AUTO_CHECKPOINT first = log_now();
	struct vouch_standing s;
	uint64_t size;

	CHECK(newest() == 0 && lines_for(&first) == 0);
	s = standing(&w);
	CHECK(s.size == 0 && s.at == 0 && s.behind == log_size() &&
	    !s.failing && s.waits > 0);
	cosign(&key, &w, &first, sp_now());
	CHECK(newest() == first.is.size && lines_for(&first) == 1);
	/* Nothing of it is an entry. */
	CHECK(log_size() == first.is.size);
	s = standing(&w);
	CHECK(s.size == first.is.size && s.behind == 0 && s.waits == 0);
	CHECK(s.at > sp_now() - 60 * SP_SECOND && s.at <= sp_now());
	cosign(&other, &o, &first, sp_now());
	CHECK(lines_for(&first) == 2);
	log_grow(3);
	size = log_size();
	VOUCH_AUTO_CHECKPOINT second = log_now();

	CHECK(lines_for(&second) == 0 && newest() == first.is.size);
	s = standing(&w);
	CHECK(s.behind == 3 && s.waits >= 0 && s.waits < 60 * SP_SECOND);
	cosign(&key, &w, &second, sp_now());
	CHECK(lines_for(&second) == 1 && newest() == size);
	CHECK(lines_for(&first) == 1); /* the other's still stands */
	/* An older one that comes late takes nothing back. */
	cosign(&key, &w, &first, sp_now());
	CHECK(lines_for(&second) == 1 && newest() == size);
	/* Of the same size and another root: none of this checkpoint. */
	second.is.root.b[0] ^= 1;
	CHECK(lines_for(&second) == 0);
}

/* A checkpoint of ours has room for so many beside its own. */
static void
lines_are_bounded(void)
{
	VOUCH_AUTO_CHECKPOINT c = log_now();
	SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	for (int i = 0; i < LEDGER_NOTE_SIGS + 3; i++) {
		char name[20];

		(void)snprintf(name, sizeof(name), "many%d", i);
		WITNESS_AUTO_KEY key = witness_key_new(name);
		VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w");

		cosign(&key, &w, &c, sp_now());
	}
	CHECK(lines_for(&c) == LEDGER_NOTE_SIGS - 1);
	DB_LENT(reader, evidence_room_readers(f.room));
	CHECK_OK(vouch_record_lines(reader.db, &c.is, &lines, &err), &err);
	CHECK_OK(
	    ledger_log_vouched(evidence_room_log(f.room), &c.is, &lines, &err),
	    &err);
}

static void
stamp(const struct vouch_voucher *a, const char *token)
{
	VOUCH_AUTO_CHECKPOINT c = log_now();
	SP_AUTO_BUF der = sp_buf_new(100);
	struct sp_err err;

	sp_buf_text(&der, token);
	CHECK_OK(vouch_record_stamped(
		     f.room, a, &c, &der, INT64_C(1790000000123456), &err),
	    &err);
}

static void
timestamps(void)
{
	VOUCH_AUTO_VOUCHER a = voucher_authority(&authority, "clock", 0);
	VOUCH_AUTO_VOUCHER b = voucher_authority(&authority, "sundial", 0);
	VOUCH_AUTO_STAMP none = vouch_stamp_new();
	VOUCH_AUTO_STAMP newer = vouch_stamp_new();
	VOUCH_AUTO_STAMP first = vouch_stamp_new();
	VOUCH_AUTO_CHECKPOINT c = log_now();
	uint64_t size = log_size();
	struct vouch_standing s;
	struct sp_err err;

	DB_LENT(reader, evidence_room_readers(f.room));
	CHECK_CODE(
	    vouch_record_stamp(reader.db, 0, &none, &err), SP_E_NOTFOUND, &err);
	stamp(&a, "token 1");
	log_grow(2);
	stamp(&b, "token 2");
	CHECK(log_size() == size + 2);
	CHECK_OK(vouch_record_stamp(reader.db, 0, &newer, &err), &err);
	CHECK(newer.number == 2 && newer.size == size + 2 &&
	    strcmp(newer.authority, "sundial") == 0 &&
	    strcmp(sp_buf_str(&newer.token), "token 2") == 0);
	CHECK_OK(vouch_record_stamp(reader.db, 1, &first, &err), &err);
	CHECK(first.size == size && first.time == INT64_C(1790000000123456) &&
	    strcmp(sp_buf_str(&first.note), sp_buf_str(&c.note)) == 0);
	CHECK_CODE(
	    vouch_record_stamp(reader.db, 3, &none, &err), SP_E_NOTFOUND, &err);
	s = standing(&a);
	CHECK(s.size == size && s.behind == 2);
	s = standing(&b);
	CHECK(s.size == size + 2 && s.behind == 0);
}

static size_t
times(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

static void
pages_of_timestamps(void)
{
	VOUCH_AUTO_VOUCHER a = voucher_authority(&authority, "clock", 0);
	SP_AUTO_BUF page = sp_buf_new((size_t)1 << 20);
	SP_AUTO_BUF small = sp_buf_new(1000);
	struct sp_err err;

	for (int i = 2; i < VOUCH_STAMPS_PAGE + 5; i++)
		stamp(&a, "token"); /* with two of before: 105 */
	DB_LENT(reader, evidence_room_readers(f.room));
	CHECK_OK(vouch_record_stamps_json(reader.db, 0, &page, &err), &err);
	CHECK(times(sp_buf_str(&page), "\"number\":") == VOUCH_STAMPS_PAGE);
	CHECK(strstr(sp_buf_str(&page),
		  "{\"next\":6,\"timestamps\":[{\"authority\":\"clock\","
		  "\"note\":\"127.0.0.1:8443/v1/") == sp_buf_str(&page));
	CHECK(strstr(sp_buf_str(&page), "\"number\":105") != NULL);
	sp_buf_clear(&page);
	CHECK_OK(vouch_record_stamps_json(reader.db, 6, &page, &err), &err);
	CHECK(times(sp_buf_str(&page), "\"number\":") == 5 &&
	    strncmp(sp_buf_str(&page), "{\"next\":null,", 13) == 0);
	CHECK(strstr(sp_buf_str(&page),
		  "\"time\":\"2026-09-21T14:13:20.123456Z\"") != NULL);
	sp_buf_clear(&page);
	CHECK_OK(vouch_record_stamps_json(reader.db, 1, &page, &err), &err);
	CHECK(strcmp(sp_buf_str(&page), "{\"next\":null,\"timestamps\":[]}") ==
	    0);
	CHECK_CODE(vouch_record_stamps_json(reader.db, 0, &small, &err),
	    SP_E_LIMIT, &err);
}

static void
problem(const struct vouch_voucher *v, const char *text, bool contradicts)
{
	struct sp_err err;

	CHECK_OK(vouch_record_problem(f.room, &v->id, text, contradicts, &err),
	    &err);
}

static void
problems(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("troubled");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w");
	struct vouch_standing s = standing(&w);
	sp_time since;

	CHECK(!s.failing && s.problem[0] == '\0');
	problem(&w, "no answer", false);
	s = standing(&w);
	since = s.since;
	CHECK(s.failing && !s.contradicts &&
	    strcmp(s.problem, "no answer") == 0 && since > 0);
	problem(&w, "another", false);
	s = standing(&w);
	CHECK(strcmp(s.problem, "another") == 0 && s.since == since);
	problem(&w, "a fork", true);
	s = standing(&w);
	CHECK(s.contradicts && strcmp(s.problem, "a fork") == 0);
	/* What is worse than no answer is not covered up by none. */
	problem(&w, "no answer", false);
	s = standing(&w);
	CHECK(s.contradicts && strcmp(s.problem, "a fork") == 0);
	problem(&w, "a larger fork", true);
	s = standing(&w);
	CHECK(strcmp(s.problem, "a larger fork") == 0);
	problem(&w, NULL, false);
	s = standing(&w);
	CHECK(!s.failing && !s.contradicts);
	problem(&w, NULL, false); /* again: nothing */
}

static void
it_survives(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("kept");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w");
	VOUCH_AUTO_CHECKPOINT c = log_now();
	struct vouch_standing s;

	cosign(&key, &w, &c, sp_now());
	problem(&w, "trouble", true);
	fixture_close(&f);
	fixture_open(&f);
	s = standing(&w);
	CHECK(s.size == c.is.size && s.contradicts);
	CHECK(newest() == c.is.size);
}

/* A database from before these tables. */
static void
an_older_database(void)
{
	WITNESS_AUTO_KEY key = witness_key_new("new");
	VOUCH_AUTO_VOUCHER w = voucher_witness(&key, "http://w");
	VOUCH_AUTO_CHECKPOINT c = log_now();

	fixture_close(&f);
	fixture_go_back(&f, 5);
	fixture_open(&f);
	CHECK(newest() == 0);
	cosign(&key, &w, &c, sp_now());
	CHECK(newest() == c.is.size);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "the checkpoint of the log alone",
		    the_checkpoint_of_the_log_alone },
		{ "cosignatures", cosignatures },
		{ "lines are bounded", lines_are_bounded },
		{ "timestamps", timestamps },
		{ "pages of timestamps", pages_of_timestamps },
		{ "problems", problems },
		{ "it survives", it_survives },
		{ "an older database", an_older_database },
	};
	int failed;

	CHECK(crypto_provider_open("", NULL) == SP_OK);
	KEEPER_TEST_MAIN(argc, argv);
	authority =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	fixture_make(&f);
	fixture_open(&f);
	failed = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	authority_free(&authority);
	return failed;
}
