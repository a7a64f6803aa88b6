#include "base/encode.h"
#include "room_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static struct room_fixture f;

static uint64_t
at_most(uint64_t n)
{
	uint64_t r;

	crypto_random(&r, sizeof(r));
	return r % (n + 1);
}

static void
upload_whole(const uint8_t *bytes, size_t len, struct sp_id *id)
{
	struct new_upload u = { .length = len };
	struct sp_err err;

	CHECK_OK(fixture_create(&f, &u, id, &err), &err);
	if (len > 0)
		CHECK_OK(
		    fixture_patch(&f, id, bytes, 0, len, NULL, &err), &err);
}

static void
every_size_becomes_evidence_with_a_receipt(void)
{
	static const size_t sizes[] = { 0, 1, 1048519, 1048520, 1048521,
		2097079, 2097080, 2097081, 5 * MIB + 7 };

	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		uint8_t *bytes = fixture_bytes(sizes[i], i);
		uint8_t sum[32];
		struct sp_id id;

		upload_whole(bytes, sizes[i], &id);
		crypto_sha256(bytes, sizes[i], sum);
		fixture_check_content(&f, &id, bytes, sizes[i]);
		fixture_check_receipt(&f, &id, sum);
		free(bytes);
	}
	CHECK(fixture_files(&f, "staging") == 0);
}

/* Property: however the bytes are cut, and whatever is closed, killed or
 * forgotten in between, what comes out is what went in. */
static void
any_cut_and_any_restart_gives_the_same_bytes(void)
{
	size_t len = 7 * MIB + 12345;
	uint8_t *bytes = fixture_bytes(len, 99);
	uint8_t sum[32];
	struct sp_err err;

	crypto_sha256(bytes, len, sum);
	for (int round = 0; round < 6; round++) {
		struct new_upload u = { .length = len };
		struct sp_id id;
		uint64_t at = 0, told;
		bool done = false;

		CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
		while (at < len) {
			size_t n = (size_t)at_most(len - at);

			if (at_most(3) == 0)
				n = (size_t)(n % MIB);
			CHECK_OK(
			    fixture_patch(&f, &id, bytes, at, n, &at, &err),
			    &err);
			if (at_most(2) == 0) {
				fixture_close(&f);
				fixture_open(&f);
			}
			CHECK_OK(
			    fixture_offset(&f, &id, &told, &done, &err), &err);
			CHECK(told == at);
		}
		CHECK(done);
		fixture_check_content(&f, &id, bytes, len);
		fixture_check_receipt(&f, &id, sum);
	}
	free(bytes);
}

static void
a_broken_body_is_kept_as_far_as_it_came(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct new_upload u = { .length = 3 * MIB };
	struct evidence_patch p = {
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = 3 * MIB,
	};
	uint8_t *bytes = fixture_bytes(3 * MIB, 5);
	struct evidence_session *s;
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(evidence_session_begin(&s, f.room, pass, &id, &p, &err), &err);
	CHECK_OK(evidence_session_write(s, bytes, 1500000, &err), &err);
	CHECK_OK(evidence_session_end(s, false, &up, &err), &err);
	CHECK(up.offset == 1500000 && !up.done);
	CHECK_OK(fixture_patch(
		     &f, &id, bytes, 1500000, 3 * MIB - 1500000, NULL, &err),
	    &err);
	fixture_check_content(&f, &id, bytes, 3 * MIB);
	free(bytes);
}

static void
a_declared_hash_that_differs_is_refused_and_kept_nowhere(void)
{
	uint8_t *bytes = fixture_bytes(2 * MIB, 7);
	uint8_t wrong[32] = { 1 };
	struct new_upload u = { .length = 2 * MIB, .declared = wrong };
	struct sp_err err;
	struct sp_id id;
	uint64_t at;
	bool done;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_CODE(fixture_patch(&f, &id, bytes, 0, 2 * MIB, &at, &err),
	    SP_E_MISMATCH, &err);
	CHECK(strcmp(err.reason, "upload.sha256") == 0);
	CHECK_CODE(
	    fixture_offset(&f, &id, &at, &done, &err), SP_E_NOTFOUND, &err);
	CHECK(fixture_files(&f, "staging") == 0);
	{
		DB_LENT(r, evidence_room_readers(f.room));
		SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
		uint64_t index[4];
		char hex[65];
		uint8_t sum[32];
		size_t n;

		CHECK_OK(ledger_log_about(evidence_room_log(f.room), r.db, &id,
			     0, index, 4, &n, &err),
		    &err);
		CHECK(n == 2); /* created, refused */
		CHECK_OK(ledger_log_entry(evidence_room_log(f.room), r.db,
			     index[1], &entry, &err),
		    &err);
		CHECK(strstr(sp_buf_str(&entry), "upload.refused") != NULL);
		crypto_sha256(bytes, 2 * MIB, sum);
		sp_hex(sum, 32, hex); /* what came is on record */
		CHECK(strstr(sp_buf_str(&entry), hex) != NULL);
	}
	free(bytes);
}

static enum sp_code
checked_patch(const struct sp_id *id, const uint8_t *bytes, uint64_t offset,
    size_t len, const uint8_t *sum, struct sp_err *err)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	struct evidence_patch p = {
		.offset = offset,
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = len,
		.checked = true,
		.kind = CRYPTO_SHA256,
	};
	struct evidence_session *s;

	memcpy(p.sum, sum, 32);
	SP_TRY(evidence_session_begin(&s, f.room, pass, id, &p, err));
	CHECK_OK(evidence_session_write(s, bytes + offset, len, err), err);
	return evidence_session_end(s, true, NULL, err);
}

static void
a_checksum_is_all_or_nothing(void)
{
	size_t len = 4 * MIB + 3, half = 2 * MIB + 1;
	uint8_t *bytes = fixture_bytes(len, 8);
	uint8_t *other = fixture_bytes(len, 9);
	struct new_upload u = { .length = len };
	uint8_t sum[32];
	struct sp_err err;
	struct sp_id id;
	uint64_t at;
	bool done;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	crypto_sha256(bytes, half, sum);
	CHECK_CODE(
	    checked_patch(&id, other, 0, half, sum, &err), SP_E_MISMATCH, &err);
	CHECK(strcmp(err.reason, "upload.checksum") == 0);
	CHECK_OK(fixture_offset(&f, &id, &at, &done, &err), &err);
	CHECK(at == 0);
	CHECK_OK(checked_patch(&id, bytes, 0, half, sum, &err), &err);
	crypto_sha256(bytes + half, len - half, sum);
	CHECK_CODE(checked_patch(&id, other, half, len - half, sum, &err),
	    SP_E_MISMATCH, &err);
	CHECK_OK(checked_patch(&id, bytes, half, len - half, sum, &err), &err);
	fixture_check_content(&f, &id, bytes, len);
	CHECK(fixture_files(&f, "staging") == 0);
	free(bytes);
	free(other);
}

/* Who waits for a buffer of the pool holds none, or as many uploads as there
 * are buffers would wait for each other. */
static void
one_buffer_is_enough_for_a_checksum(void)
{
	static const uint64_t cut[] = { 0, 100, MIB + 5, 2 * MIB + 5, 3 * MIB };
	uint8_t *bytes = fixture_bytes(3 * MIB, 15);
	struct new_upload u = { .length = 3 * MIB };
	uint8_t sum[32];
	struct sp_err err;
	struct sp_id id;

	fixture_close(&f);
	f.buffers = 1;
	fixture_open(&f);
	(void)alarm(60);
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	for (size_t i = 0; i + 1 < SP_COUNTOF(cut); i++) {
		size_t len = (size_t)(cut[i + 1] - cut[i]);

		crypto_sha256(bytes + cut[i], len, sum);
		CHECK_OK(
		    checked_patch(&id, bytes, cut[i], len, sum, &err), &err);
	}
	(void)alarm(0);
	fixture_check_content(&f, &id, bytes, 3 * MIB);
	fixture_close(&f);
	f.buffers = 0;
	fixture_open(&f);
	free(bytes);
}

/* An upload that is whole but for its record, and ends all the same. */
static void
an_end_leaves_no_object(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	uint8_t *bytes = fixture_bytes(100, 17);
	struct new_upload u = { .length = 100 };
	struct evidence_patch p = {
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = 100,
	};
	struct evidence_ended end = { .why = EVIDENCE_REMOVED };
	size_t before = fixture_files(&f, "objects");
	struct evidence_session *s;
	struct sp_err err;

	CHECK_OK(fixture_create(&f, &u, &end.id, &err), &err);
	CHECK_OK(
	    evidence_session_begin(&s, f.room, pass, &end.id, &p, &err), &err);
	CHECK_OK(evidence_session_write(s, bytes, 100, &err), &err);
	fixture_keeper_kill(&f);
	CHECK_CODE(
	    evidence_session_end(s, true, NULL, &err), SP_E_UNAVAIL, &err);
	CHECK(fixture_files(&f, "objects") == before + 1);
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	CHECK_OK(evidence_record_end(f.room, &end, &err), &err);
	CHECK(fixture_files(&f, "objects") == before);
	CHECK(fixture_files(&f, "staging") == 0);
	free(bytes);
}

/* What a program from before Idempotency-Key left is brought up to date. */
static void
an_older_database_is_opened(void)
{
	uint8_t *bytes = fixture_bytes(100, 16);
	struct sp_id id;

	upload_whole(bytes, 100, &id);
	fixture_close(&f);
	fixture_go_back(&f, 3);
	fixture_open(&f);
	fixture_check_content(&f, &id, bytes, 100);
	free(bytes);
}

/* ---- Death at any moment ---- */

struct told {
	struct sp_id id;
	uint64_t offset; /* acknowledged */
	bool done;
};

/* In a child: upload in random pieces and tell each acknowledgement. */
static void
upload_until_killed(int out, const uint8_t *bytes, size_t len)
{
	struct sp_err err;

	fixture_open(&f);
	for (;;) {
		struct new_upload u = { .length = len };
		struct told t = { .offset = 0 };

		CHECK_OK(fixture_create(&f, &u, &t.id, &err), &err);
		CHECK(write(out, &t, sizeof(t)) == sizeof(t));
		while (t.offset < len) {
			size_t n = (size_t)at_most(len - t.offset);

			if (n % 3 == 0)
				n %= 2 * MIB;
			CHECK_OK(fixture_patch(&f, &t.id, bytes, t.offset, n,
				     &t.offset, &err),
			    &err);
			t.done = t.offset == len;
			CHECK(write(out, &t, sizeof(t)) == sizeof(t));
		}
	}
}

static void
check_told(const struct told *t, const uint8_t *bytes, size_t len)
{
	uint8_t sum[32];
	struct sp_err err;
	uint64_t at;
	bool done;

	crypto_sha256(bytes, len, sum);
	CHECK_OK(fixture_offset(&f, &t->id, &at, &done, &err), &err);
	CHECK(at >= t->offset && (done || !t->done));
	if (!done)
		CHECK_OK(fixture_patch(&f, &t->id, bytes, at,
			     (size_t)(len - at), &at, &err),
		    &err);
	fixture_check_receipt(&f, &t->id, sum);
	fixture_check_content(&f, &t->id, bytes, len);
}

/* Keys of objects that are no more. */
static int64_t
stray_keys(void)
{
	static const struct db_sql count = {
		"SELECT count(*) FROM recipient WHERE object NOT IN"
		" (SELECT object FROM upload UNION ALL"
		" SELECT object FROM evidence)",
	};
	DB_LENT(reader, evidence_room_readers(f.room));
	DB_STMT st = db_use(reader.db, &count);
	struct sp_err err;
	bool found;

	CHECK_OK(db_row(st, &found, &err), &err);
	return db_col_i64(st, 0);
}

static void
kill_once(const uint8_t *bytes, size_t len)
{
	struct told told[64], t;
	size_t n = 0;
	int fd[2];
	pid_t pid;

	CHECK(pipe(fd) == 0);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(fd[0]);
		upload_until_killed(fd[1], bytes, len);
		_exit(0);
	}
	(void)close(fd[1]);
	/* Not before it has something to lose. */
	CHECK(read(fd[0], &t, sizeof(t)) == sizeof(t));
	told[n++] = t;
	(void)usleep((useconds_t)(1000 * at_most(120)));
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	while (read(fd[0], &t, sizeof(t)) == sizeof(t)) {
		if (!sp_id_equal(&told[n - 1].id, &t.id))
			n++;
		CHECK(n <= SP_COUNTOF(told));
		told[n - 1] = t;
	}
	(void)close(fd[0]);
	fixture_open(&f);
	for (size_t i = 0; i < n; i++)
		check_told(&told[i], bytes, len);
	CHECK(fixture_files(&f, "staging") == 0);
	CHECK(stray_keys() == 0);
	fixture_close(&f);
}

static void
what_was_acknowledged_survives_any_death(void)
{
	size_t len = 6 * MIB + 77;
	uint8_t *bytes = fixture_bytes(len, 13);

	fixture_close(&f);
	for (int round = 0; round < 15; round++)
		kill_once(bytes, len);
	fixture_open(&f);
	free(bytes);
}

/* A sender's credential goes while the body comes: what came is kept, nothing
 * more is taken, nothing is sealed; another can go on with it. */
static void
a_cut_keeps_what_came(void)
{
	static const struct {
		size_t before, whole;
		bool checked;
		uint64_t kept;
	} rows[] = {
		{ 0, 2 * MIB + 5, false, 0 },
		{ 1, 2 * MIB + 5, false, 1 },
		{ 2 * MIB, 2 * MIB + 5, false, 2 * MIB },
		{ 2 * MIB + 5, 2 * MIB + 5, false, 2 * MIB + 5 }, /* all */
		{ 2 * MIB, 2 * MIB + 5, true, 0 },
		{ 2 * MIB + 5, 2 * MIB + 5, true, 0 },
	};
	uint8_t *bytes = fixture_bytes(2 * MIB + 5, 31);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct gate_caller owner = f.who;
		struct new_upload u = { .length = rows[i].whole };
		struct evidence_patch p = { .length = EVIDENCE_LENGTH_UNKNOWN,
			.content = rows[i].whole,
			.checked = rows[i].checked };
		struct evidence_session *s;
		struct sp_err err;
		struct sp_id id;
		uint64_t at;
		bool done;

		CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
		crypto_sha256(bytes, rows[i].whole, p.sum);
		f.who.token = sp_id_new();
		{
			GATE_AUTO_PASS pass =
			    fixture_pass(&f, GATE_UPLOAD, NULL);

			CHECK_OK(evidence_session_begin(
				     &s, f.room, pass, &id, &p, &err),
			    &err);
		}
		CHECK_OK(evidence_session_write(s, bytes, rows[i].before, &err),
		    &err);
		evidence_room_cut(f.room, &f.who.token);
		CHECK_CODE(evidence_session_write(s, bytes, 1, &err),
		    SP_E_UNKNOWN, &err);
		CHECK(strcmp(err.reason, "token.cut") == 0);
		CHECK_CODE(evidence_session_end(
			       s, rows[i].before == rows[i].whole, NULL, &err),
		    SP_E_UNKNOWN, &err);
		f.who = owner;
		CHECK_OK(fixture_offset(&f, &id, &at, &done, &err), &err);
		/* What is whole is sealed for the next who asks after it. */
		CHECK(at == rows[i].kept && done == (at == rows[i].whole));
		if (!done)
			CHECK_OK(fixture_patch(&f, &id, bytes, at,
				     rows[i].whole - (size_t)at, &at, &err),
			    &err);
		fixture_check_content(&f, &id, bytes, rows[i].whole);
	}
	free(bytes);
}

/* Its sender is silent so long that it is cut to be expired, and puts away
 * what came meanwhile. */
struct late {
	struct evidence_session *session;
	sem_t cut;
};

static void
late_cut(void *arg)
{
	struct late *l = arg;

	(void)sem_post(&l->cut);
}

static void *
late_end(void *arg)
{
	struct late *l = arg;
	struct sp_err err;

	while (sem_wait(&l->cut) != 0)
		continue;
	CHECK_OK(evidence_session_end(l->session, false, NULL, &err), &err);
	return NULL;
}

static void
what_went_on_meanwhile_does_not_expire(void)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	uint8_t *bytes = fixture_bytes(100, 18);
	struct new_upload u = { .length = 100 };
	struct late l;
	struct evidence_patch p = {
		.length = EVIDENCE_LENGTH_UNKNOWN,
		.content = 100,
		.cut = late_cut,
		.cut_arg = &l,
	};
	struct sp_err err;
	struct sp_id id;
	pthread_t thread;
	uint64_t at;
	bool done;

	fixture_close(&f);
	f.limits.upload_expires = SP_SECOND;
	fixture_open(&f);
	CHECK(sem_init(&l.cut, 0, 0) == 0);
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(
	    evidence_session_begin(&l.session, f.room, pass, &id, &p, &err),
	    &err);
	CHECK_OK(evidence_session_write(l.session, bytes, 40, &err), &err);
	CHECK(pthread_create(&thread, NULL, late_end, &l) == 0);
	(void)sleep(4);
	evidence_site_tick(f.site);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK_OK(fixture_offset(&f, &id, &at, &done, &err), &err);
	CHECK(at == 40 && !done);
	CHECK_OK(evidence_upload_remove(f.room, pass, &id, &err), &err);
	free(bytes);
}

static void
those_who_listen_hear_how_far_it_is(void)
{
	struct events_listener *l = fixture_listen(&f);
	struct new_upload u = { .length = 1000 },
			  p = { .length = 10, .partial = true };
	uint8_t *bytes = fixture_bytes(1000, 5), other[32] = { 1 };
	struct events_event e;
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	fixture_told_nothing(l);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, 400, NULL, &err), &err);
	e = fixture_told(&f, l, EVENTS_PROGRESS, &id);
	CHECK(e.at == 400 && e.of == 1000);
	/* Not each of many small pieces is told. */
	CHECK_OK(fixture_patch(&f, &id, bytes, 400, 1, NULL, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 401, 1, NULL, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 402, 598, NULL, &err), &err);
	e = fixture_told(&f, l, EVENTS_SEALED, &id);
	CHECK(e.at == 1000 && e.of == 1000);
	/* A part is never evidence. */
	CHECK_OK(fixture_create(&f, &p, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, 10, NULL, &err), &err);
	e = fixture_told(&f, l, EVENTS_PROGRESS, &id);
	CHECK(e.at == 10 && e.of == 10);
	/* What is refused is not sealed. */
	u.declared = other;
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_CODE(fixture_patch(&f, &id, bytes, 0, 1000, NULL, &err),
	    SP_E_MISMATCH, &err);
	(void)fixture_told(&f, l, EVENTS_PROGRESS, &id);
	/* Of no bytes. */
	u = (struct new_upload){ .length = 0 };
	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	(void)fixture_told(&f, l, EVENTS_SEALED, &id);
	events_hub_leave(l);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "every size becomes evidence with a receipt",
		    every_size_becomes_evidence_with_a_receipt },
		{ "any cut and any restart gives the same bytes",
		    any_cut_and_any_restart_gives_the_same_bytes },
		{ "a broken body is kept as far as it came",
		    a_broken_body_is_kept_as_far_as_it_came },
		{ "a declared hash that differs is refused and kept nowhere",
		    a_declared_hash_that_differs_is_refused_and_kept_nowhere },
		{ "a checksum is all or nothing",
		    a_checksum_is_all_or_nothing },
		{ "one buffer is enough for a checksum",
		    one_buffer_is_enough_for_a_checksum },
		{ "an end leaves no object", an_end_leaves_no_object },
		{ "an older database is opened", an_older_database_is_opened },
		{ "what was acknowledged survives any death",
		    what_was_acknowledged_survives_any_death },
		{ "a cut keeps what came", a_cut_keeps_what_came },
		{ "those who listen hear how far it is",
		    those_who_listen_hear_how_far_it_is },
		{ "what went on meanwhile does not expire",
		    what_went_on_meanwhile_does_not_expire },
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
