#include "room_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static struct room_fixture f;

static struct sp_id
sealed(const uint8_t *bytes, size_t len)
{
	struct new_upload u = { .length = len };
	struct sp_err err;
	struct sp_id id;

	CHECK_OK(fixture_create(&f, &u, &id, &err), &err);
	CHECK_OK(fixture_patch(&f, &id, bytes, 0, len, NULL, &err), &err);
	return id;
}

/* How many entries about the item contain `text`; the last one to `last`. */
static size_t
entries(const struct sp_id *id, const char *text, struct sp_buf *last)
{
	DB_LENT(r, evidence_room_readers(f.room));
	struct ledger_log *log = evidence_room_log(f.room);
	uint64_t index[100];
	size_t n, found = 0;
	struct sp_err err;

	CHECK_OK(
	    ledger_log_about(log, r.db, id, 0, index, 100, &n, &err), &err);
	for (size_t i = 0; i < n; i++) {
		SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);

		CHECK_OK(
		    ledger_log_entry(log, r.db, index[i], &entry, &err), &err);
		if (strstr(sp_buf_str(&entry), text) == NULL)
			continue;
		found++;
		if (last != NULL) {
			sp_buf_clear(last);
			sp_buf_add(last, entry.at, entry.len);
		}
	}
	return found;
}

static void
read_range(const struct sp_id *id, uint64_t at, uint8_t *out, size_t len)
{
	struct evidence_reader *rd;
	struct evidence_content c;
	struct sp_err err;

	CHECK_OK(evidence_reader_open(&rd, f.room, &f.who, id, &c, &err), &err);
	CHECK_OK(evidence_reader_probe(rd, at, &err), &err); /* serves none */
	CHECK_OK(evidence_reader_read(rd, at, out, len, &err), &err);
	evidence_reader_close(rd);
}

static void
many_ranges_are_one_viewing(void)
{
	SP_AUTO_BUF closed = sp_buf_new(LEDGER_ENTRY_MAX);
	uint8_t *bytes = fixture_bytes(3 * MIB, 1), got[1000];
	struct sp_id id = sealed(bytes, 3 * MIB);

	for (size_t i = 0; i < 50; i++) {
		size_t at = (i * 77777) % (3 * MIB - sizeof(got));

		read_range(&id, at, got, sizeof(got));
		CHECK(memcmp(got, bytes + at, sizeof(got)) == 0);
	}
	CHECK(entries(&id, "\"evidence.opened\"", NULL) == 1);
	CHECK(entries(&id, "\"evidence.closed\"", NULL) == 0);
	evidence_viewings_close(f.room, 0);
	CHECK(entries(&id, "\"evidence.closed\"", &closed) == 1);
	CHECK(strstr(sp_buf_str(&closed), "\"bytes\":50000,") != NULL);
	CHECK(strstr(sp_buf_str(&closed), "\"192.0.2.7\"") != NULL);
	read_range(&id, 0, got, 1);
	CHECK(entries(&id, "\"evidence.opened\"", NULL) == 2);
	free(bytes);
}

struct many {
	struct sp_id id;
	const uint8_t *bytes;
};

static void *
read_much(void *arg)
{
	const struct many *m = arg;
	uint8_t got[5000];

	for (size_t i = 0; i < 20; i++) {
		size_t at = (i * 100003) % (2 * MIB - sizeof(got));

		read_range(&m->id, at, got, sizeof(got));
		CHECK(memcmp(got, m->bytes + at, sizeof(got)) == 0);
	}
	return NULL;
}

static void
ranges_asked_for_at_once_open_once(void)
{
	uint8_t *bytes = fixture_bytes(2 * MIB, 2);
	struct many m = { .id = sealed(bytes, 2 * MIB), .bytes = bytes };
	pthread_t thread[8];

	for (size_t i = 0; i < SP_COUNTOF(thread); i++)
		CHECK(pthread_create(&thread[i], NULL, read_much, &m) == 0);
	for (size_t i = 0; i < SP_COUNTOF(thread); i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	CHECK(entries(&m.id, "\"evidence.opened\"", NULL) == 1);
	free(bytes);
}

static void
no_entry_no_plaintext(void)
{
	uint8_t *bytes = fixture_bytes(1000, 3);
	struct sp_id id = sealed(bytes, 1000), unknown = sp_id_new();
	struct gate_caller device = f.who;
	struct evidence_reader *rd = NULL;
	struct evidence_content c;
	struct sp_err err;

	device.role = GATE_DEVICE;
	CHECK_CODE(evidence_reader_open(&rd, f.room, &device, &id, &c, &err),
	    SP_E_DENIED, &err);
	CHECK(entries(&id, "\"gate.denied\"", NULL) == 1);
	CHECK_CODE(
	    evidence_reader_open(&rd, f.room, &f.who, &unknown, &c, &err),
	    SP_E_NOTFOUND, &err);
	fixture_keeper_kill(&f);
	CHECK_CODE(evidence_reader_open(&rd, f.room, &f.who, &id, &c, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(rd == NULL);
	CHECK(entries(&id, "\"evidence.opened\"", NULL) == 0);
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	fixture_check_content(&f, &id, bytes, 1000);
	CHECK(entries(&id, "\"evidence.opened\"", NULL) == 1);
	free(bytes);
}

static void
leaving_closes_and_a_death_is_told(void)
{
	SP_AUTO_BUF closed = sp_buf_new(LEDGER_ENTRY_MAX);
	uint8_t *bytes = fixture_bytes(1000, 4), got[10];
	struct sp_id id = sealed(bytes, 1000);
	pid_t pid;

	read_range(&id, 0, got, 10);
	fixture_close(&f);
	fixture_open(&f);
	CHECK(entries(&id, "\"evidence.closed\"", &closed) == 1);
	CHECK(strstr(sp_buf_str(&closed), "\"bytes\":10,") != NULL);
	fixture_close(&f);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		fixture_open(&f);
		read_range(&id, 0, got, 10);
		(void)kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	fixture_open(&f);
	CHECK(entries(&id, "\"evidence.opened\"", NULL) == 2);
	CHECK(entries(&id, "\"evidence.closed\"", &closed) == 2);
	CHECK(strstr(sp_buf_str(&closed), "\"outcome\":\"failed\"") != NULL);
	CHECK(strstr(sp_buf_str(&closed), "\"bytes\"") == NULL);
	free(bytes);
}

/* ---- Objects that were changed ---- */

static void
object_path(const struct sp_id *id, char *out, size_t room)
{
	static const struct db_sql by_id = {
		"SELECT object FROM evidence WHERE id = ?1",
	};
	DB_LENT(r, evidence_room_readers(f.room));
	DB_STMT st = db_use(r.db, &by_id);
	char text[SP_ID_TEXT];
	struct sp_id object;
	struct sp_err err;
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(found);
	CHECK_OK(db_col_bytes(st, 0, object.b, SP_ID_LEN, &err), &err);
	sp_id_text(&object, text);
	(void)snprintf(out, room, "%s/agencies/%s/objects/%02x/%s", f.dir,
	    f.agency.slug, object.b[15], text);
}

enum lie { LIE_FLIP, LIE_TRUNCATE, LIE_SWAP, LIE_MISSING, LIE_COUNT };

static void
tell_lie(enum lie lie, const char *path, const char *other)
{
	char away[300];
	int fd;
	uint8_t b;

	(void)snprintf(away, sizeof(away), "%s.away", path);
	switch (lie) {
	case LIE_FLIP:
		fd = open(path, O_RDWR);
		CHECK(fd >= 0 && pread(fd, &b, 1, MIB + 5) == 1);
		b ^= 1;
		CHECK(pwrite(fd, &b, 1, MIB + 5) == 1);
		CHECK(close(fd) == 0);
		break;
	case LIE_TRUNCATE: CHECK(truncate(path, 2 * MIB) == 0); break;
	case LIE_SWAP:
		CHECK(rename(path, away) == 0);
		CHECK(rename(other, path) == 0);
		CHECK(rename(away, other) == 0);
		break;
	case LIE_MISSING: CHECK(rename(path, away) == 0); break;
	case LIE_COUNT: break;
	}
}

static void
a_changed_object_fails_alone_and_alerts_once(void)
{
	uint8_t *bytes = fixture_bytes(3 * MIB, 5);
	uint8_t *got = malloc(3 * MIB);
	struct sp_id good = sealed(bytes, 3 * MIB);

	for (enum lie lie = 0; lie < LIE_COUNT; lie++) {
		struct sp_id id = sealed(bytes, 3 * MIB);
		struct sp_id swapped = sealed(bytes, 3 * MIB);
		struct events_listener *l = fixture_listen(&f);
		char path[256], other[256];

		object_path(&id, path, sizeof(path));
		object_path(&swapped, other, sizeof(other));
		tell_lie(lie, path, other);
		for (int again = 0; again < 2; again++) {
			struct evidence_reader *rd = NULL;
			struct evidence_content c;
			struct sp_err err;
			enum sp_code code = evidence_reader_open(
			    &rd, f.room, &f.who, &id, &c, &err);

			memset(got, 0, 3 * MIB);
			if (code == SP_OK)
				code = evidence_reader_read(
				    rd, 0, got, 3 * MIB, &err);
			CHECK_CODE(code, SP_E_CORRUPT, &err);
			/* Nothing of the damaged segment came out. */
			CHECK(memcmp(got + MIB, bytes + MIB, MIB) != 0);
			evidence_reader_close(rd);
		}
		CHECK(entries(&id, "\"evidence.corrupt\"", NULL) == 1);
		(void)fixture_told(&f, l, EVENTS_CORRUPT, &id);
		events_hub_leave(l);
		{
			GATE_AUTO_PASS pass = fixture_pass(&f, GATE_SHOW, &id);
			SP_AUTO_BUF json = sp_buf_new(1 << 20);
			struct sp_err err;

			CHECK_OK(
			    evidence_item_json(f.room, pass, &id, &json, &err),
			    &err);
			CHECK(strstr(sp_buf_str(&json),
				  "\"state\":\"corrupt\"") != NULL);
		}
		fixture_check_content(&f, &good, bytes, 3 * MIB);
	}
	free(bytes);
	free(got);
	/* The count commits with the mark: the next start has it too. */
	for (int again = 0; again < 2; again++) {
		struct evidence_room_counts n;
		struct sp_err err;

		CHECK_OK(evidence_room_counts(f.room, &n, &err), &err);
		CHECK(n.corrupt == LIE_COUNT);
		fixture_close(&f);
		fixture_open(&f);
	}
}

/* Whoever's credential goes reads no further segment, and the custody says why
 * the viewing ended; others read on. */
static void
a_cut_ends_readers_now(void)
{
	SP_AUTO_BUF closed = sp_buf_new(LEDGER_ENTRY_MAX);
	uint8_t *bytes = fixture_bytes(3 * MIB, 4), got[1000];
	struct sp_id id = sealed(bytes, 3 * MIB), grant = sp_id_new();
	struct gate_caller owner = f.who, thief = f.who, guest = f.who;
	struct evidence_reader *stolen, *idle, *mine, *lent, *none;
	struct evidence_content c;
	struct sp_err err;

	thief.token = sp_id_new();
	guest.via.id = grant;
	CHECK_OK(
	    evidence_reader_open(&mine, f.room, &owner, &id, &c, &err), &err);
	CHECK_OK(
	    evidence_reader_open(&stolen, f.room, &thief, &id, &c, &err), &err);
	CHECK_OK(
	    evidence_reader_open(&lent, f.room, &guest, &id, &c, &err), &err);
	(void)snprintf(thief.address, sizeof(thief.address), "192.0.2.8");
	CHECK_OK(
	    evidence_reader_open(&idle, f.room, &thief, &id, &c, &err), &err);
	evidence_reader_close(idle);
	CHECK_OK(evidence_reader_read(stolen, 0, got, 1000, &err), &err);
	CHECK(entries(&id, "\"evidence.opened\"", NULL) == 4);

	evidence_room_cut(f.room, &thief.token);
	/* The one at which nobody was reading has closed. */
	CHECK(entries(&id, "\"cut\":true", NULL) == 1);
	CHECK_CODE(evidence_reader_read(stolen, MIB, got, 1000, &err),
	    SP_E_UNKNOWN, &err);
	CHECK(strcmp(err.reason, "token.cut") == 0);
	CHECK_CODE(evidence_reader_probe(stolen, 0, &err), SP_E_UNKNOWN, &err);
	evidence_reader_close(stolen);
	CHECK(entries(&id, "\"cut\":true", &closed) == 2);
	CHECK(strstr(sp_buf_str(&closed), "\"bytes\":1000,") != NULL);
	CHECK_CODE(evidence_reader_open(&none, f.room, &thief, &id, &c, &err),
	    SP_E_UNKNOWN, &err);

	CHECK_OK(evidence_reader_read(lent, 0, got, 1000, &err), &err);
	evidence_room_cut(f.room, &grant);
	CHECK_CODE(
	    evidence_reader_read(lent, 0, got, 1000, &err), SP_E_UNKNOWN, &err);
	evidence_reader_close(lent);
	CHECK_OK(evidence_reader_read(mine, MIB, got, 1000, &err), &err);
	CHECK(memcmp(got, bytes + MIB, 1000) == 0);
	evidence_reader_close(mine);
	evidence_viewings_close(f.room, 0);
	CHECK(entries(&id, "\"evidence.closed\"", NULL) == 4);
	CHECK(entries(&id, "\"cut\":true", NULL) == 3);
	free(bytes);
}

/* Everything before a changed segment can be served, up to its first byte. */
static void
what_is_read_together_fails_together(void)
{
	uint8_t *bytes = fixture_bytes(3 * MIB, 6), got[16];
	struct sp_id id = sealed(bytes, 3 * MIB);
	uint64_t second = evidence_reader_together(0);
	struct evidence_reader *rd;
	struct evidence_content c;
	struct sp_err err;
	char path[256];

	CHECK(second < MIB && evidence_reader_together(second - 1) == 1);
	CHECK(evidence_reader_together(second) == MIB - CRYPTO_STREAM_TAG);
	object_path(&id, path, sizeof(path));
	tell_lie(LIE_FLIP, path, NULL);
	CHECK_OK(
	    evidence_reader_open(&rd, f.room, &f.who, &id, &c, &err), &err);
	CHECK_OK(evidence_reader_probe(rd, second - 1, &err), &err);
	CHECK_OK(evidence_reader_read(
		     rd, second - sizeof(got), got, sizeof(got), &err),
	    &err);
	CHECK_CODE(evidence_reader_probe(rd, second, &err), SP_E_CORRUPT, &err);
	evidence_reader_close(rd);
	CHECK(entries(&id, "\"evidence.corrupt\"", NULL) == 1);
	free(bytes);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "many ranges are one viewing", many_ranges_are_one_viewing },
		{ "ranges asked for at once open once",
		    ranges_asked_for_at_once_open_once },
		{ "no entry, no plaintext", no_entry_no_plaintext },
		{ "leaving closes, and a death is told",
		    leaving_closes_and_a_death_is_told },
		{ "a changed object fails alone and alerts once",
		    a_changed_object_fails_alone_and_alerts_once },
		{ "what is read together fails together",
		    what_is_read_together_fails_together },
		{ "a cut ends readers now", a_cut_ends_readers_now },
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
