#include "ledger/writer.h"

#include "db/fault_vfs.h"
#include "fixture.h"
#include "oracle.h"
#include "tamper.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A log, its writer, and a reader's handle. */
struct house {
	struct fixture f;
	struct ledger_log *log;
	struct ledger_writer *w;
	struct db *reader;
};

static void
house_enter(struct house *h)
{
	struct db *db = fixture_db(&h->f);
	struct sp_err err;

	h->log = fixture_log(&h->f, db);
	CHECK_OK(ledger_writer_open(&h->w, db, h->log, &err), &err);
	CHECK_OK(db_open(&h->reader, h->f.db_path, DB_READ, &err), &err);
}

static void
house_open(struct house *h, const char *name)
{
	fixture_setup(&h->f, name);
	house_enter(h);
}

static void
house_leave(struct house *h)
{
	ledger_writer_close(h->w);
	ledger_log_close(h->log);
	db_close(h->reader);
}

/* The last look: everything computed anew, and it opens again. */
static void
house_close(struct house *h)
{
	struct sp_err err;

	house_leave(h);
	house_enter(h);
	CHECK_OK(ledger_log_audit(h->log, h->reader, &err), &err);
	house_leave(h);
	fixture_done(&h->f);
}

static int64_t
notes(struct house *h)
{
	static const struct db_sql count = { "SELECT count(*) FROM note" };
	DB_STMT st = db_use(h->reader, &count);
	struct sp_err err;
	bool found = false;

	CHECK_OK(db_row(st, &found, &err), &err);
	return db_col_i64(st, 0);
}

/* An act: a row and `entries` entries, then `says`. */
struct job {
	struct house *h;
	uint64_t entries;
	enum sp_code says;
	uint64_t first; /* index of the first entry */
	enum sp_code got;
	struct sp_err err;
	sem_t *running; /* told when the act runs */
	sem_t *go;      /* waited for before it goes on */
};

static enum sp_code
job_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql put = {
		"INSERT INTO note(text) VALUES('x')",
	};
	struct job *j = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &put);

	if (j->running != NULL)
		CHECK(sem_post(j->running) == 0);
	if (j->go != NULL)
		while (sem_wait(j->go) != 0)
			continue;
	SP_TRY(db_run(st, NULL, err));
	for (uint64_t i = 0; i < j->entries; i++) {
		uint64_t index = UINT64_MAX, size = ledger_tx_size(tx);
		struct ledger_entry e = fixture_entry(size);

		SP_TRY(ledger_tx_append(tx, &e, &index, err));
		CHECK(index == size && ledger_tx_size(tx) == size + 1);
		if (i == 0)
			j->first = index;
	}
	return j->says == SP_OK ? SP_OK : sp_fail(err, j->says, "as told");
}

static enum sp_code
run_job(struct job *j)
{
	j->got = ledger_writer_run(j->h->w, job_act, j, &j->err);
	CHECK(j->got == SP_OK || j->got == j->err.code);
	return j->got;
}

static void *
job_main(void *arg)
{
	(void)run_job(arg);
	return NULL;
}

static uint64_t
waiting(struct ledger_writer *w)
{
	struct ledger_writer_stats stats;

	ledger_writer_stats(w, &stats);
	return stats.waiting;
}

/* Run jobs so that they are one batch: the first holds the writer until the
 * others are queued behind it. */
static void
run_together(struct job *job, size_t n)
{
	pthread_t *thread = calloc(n, sizeof(*thread));
	sem_t running, go;
	pthread_attr_t attr;

	CHECK(thread != NULL);
	CHECK(sem_init(&running, 0, 0) == 0 && sem_init(&go, 0, 0) == 0);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 256 << 10);
	job[0].running = &running;
	job[0].go = &go;
	for (size_t i = 0; i < n; i++) {
		CHECK(
		    pthread_create(&thread[i], &attr, job_main, &job[i]) == 0);
		if (i == 0)
			while (sem_wait(&running) != 0)
				continue;
	}
	while (waiting(job[0].h->w) < n - 1)
		sched_yield();
	CHECK(sem_post(&go) == 0);
	for (size_t i = 0; i < n; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	(void)pthread_attr_destroy(&attr);
	(void)sem_destroy(&running);
	(void)sem_destroy(&go);
	free(thread);
}

static void
acknowledged_is_published(void)
{
	struct house h;
	struct ledger_writer_stats stats;

	house_open(&h, "published");
	for (uint64_t i = 0; i < 50; i++) {
		struct job j = { .h = &h, .entries = 1 + i % 3 };
		long before = atomic_load(&fault.syncs);

		CHECK_OK(run_job(&j), &j.err);
		CHECK(atomic_load(&fault.syncs) > before);
		CHECK(ledger_log_size(h.log) == j.first + j.entries);
		for (uint64_t k = 0; k < j.entries; k++)
			fixture_prove(&h.f, h.log, h.reader, j.first + k);
	}
	ledger_writer_stats(h.w, &stats);
	CHECK(stats.acts == 50 && stats.batches == 50 && stats.failed == 0);
	CHECK(stats.entries == ledger_log_size(h.log));
	CHECK(notes(&h) == 50);
	house_close(&h);
}

/* Many acts, one signature, one fsync. */
static void
a_batch_shares_its_commit(void)
{
	enum { N = 200 };
	static struct job job[N];
	struct house h;
	struct ledger_writer_stats stats;
	struct job warm = { .h = &h, .entries = 1 };
	long syncs;
	int notes_signed;

	house_open(&h, "share");
	CHECK_OK(run_job(&warm), &warm.err);
	syncs = atomic_load(&fault.syncs);
	notes_signed = atomic_load(&h.f.signed_notes);
	for (size_t i = 0; i < N; i++)
		job[i] = (struct job){ .h = &h, .entries = i % 3 };
	run_together(job, N);
	CHECK(atomic_load(&fault.syncs) == syncs + 1);
	CHECK(atomic_load(&h.f.signed_notes) == notes_signed + 1);
	ledger_writer_stats(h.w, &stats);
	CHECK(stats.batches == 2 && stats.acts == N + 1);
	for (size_t i = 0; i < N; i++) {
		CHECK_OK(job[i].got, &job[i].err);
		for (uint64_t k = 0; k < job[i].entries; k++)
			fixture_prove(&h.f, h.log, h.reader, job[i].first + k);
	}
	house_close(&h);
}

static void
a_failed_act_is_undone_alone(void)
{
	enum { N = 60 };
	static struct job job[N];
	struct house h;
	struct ledger_writer_stats stats;
	uint64_t entries = 0, good = 0;

	house_open(&h, "alone");
	for (size_t i = 0; i < N; i++) {
		bool fails = i % 3 == 1;

		job[i] = (struct job){ .h = &h, .entries = 1 + i % 4 };
		job[i].says = fails ? SP_E_CONFLICT : SP_OK;
		entries += fails ? 0 : job[i].entries;
		good += !fails;
	}
	run_together(job, N);
	for (size_t i = 0; i < N; i++) {
		CHECK(job[i].got == job[i].says);
		CHECK(job[i].got == SP_OK ||
		    strcmp(job[i].err.text, "as told") == 0);
	}
	CHECK(ledger_log_size(h.log) == entries);
	CHECK((uint64_t)notes(&h) == good);
	ledger_writer_stats(h.w, &stats);
	CHECK(stats.failed == N - good && stats.entries == entries);
	house_close(&h);
}

/* All of a batch fails with `want`, and nothing of it is there. */
static void
fails_and_goes_on(struct house *h, enum sp_code want)
{
	enum { N = 20 };
	static struct job job[N];
	uint64_t size = ledger_log_size(h->log);
	int64_t rows = notes(h);

	for (size_t i = 0; i < N; i++)
		job[i] = (struct job){ .h = h, .entries = 2 };
	job[3].says = SP_E_DENIED; /* what it saw was undone as well */
	run_together(job, N);
	for (size_t i = 0; i < N; i++)
		CHECK_CODE(job[i].got, want, &job[i].err);
	CHECK(ledger_log_size(h->log) == size && notes(h) == rows);
}

static void
works(struct house *h)
{
	struct job j = { .h = h, .entries = 3 };

	CHECK_OK(run_job(&j), &j.err);
	for (uint64_t i = 0; i < ledger_log_size(h->log); i++)
		fixture_prove(&h->f, h->log, h->reader, i);
}

static void
no_signer_no_batch(void)
{
	struct house h;

	house_open(&h, "signer");
	works(&h);
	atomic_store(&h.f.signer_says, SP_E_UNAVAIL);
	fails_and_goes_on(&h, SP_E_UNAVAIL);
	/* An act without entries needs no signature. */
	struct job quiet = { .h = &h };
	CHECK_OK(run_job(&quiet), &quiet.err);
	atomic_store(&h.f.signer_says, FIXTURE_LIES);
	fails_and_goes_on(&h, SP_E_UNAVAIL);
	atomic_store(&h.f.signer_says, SP_OK);
	works(&h);
	house_close(&h);
}

static void
no_space_no_batch(void)
{
	struct house h;

	house_open(&h, "space");
	works(&h);
	atomic_store(&fault.write, SQLITE_FULL);
	fails_and_goes_on(&h, SP_E_FULL);
	fails_and_goes_on(&h, SP_E_FULL);
	CHECK(!ledger_writer_stopped(h.w));
	fault_none();
	works(&h);
	/* A few pages still go, the commit's last does not. */
	for (long n = 1; n < 12; n++) {
		struct job j = { .h = &h, .entries = 30 };
		uint64_t size = ledger_log_size(h.log);

		atomic_store(&fault.writes_ok, n);
		atomic_store(&fault.write, SQLITE_FULL);
		if (run_job(&j) != SP_OK) {
			CHECK(j.got == SP_E_FULL);
			CHECK(ledger_log_size(h.log) == size);
		}
		fault_none();
	}
	works(&h);
	house_close(&h);
}

/* An act so large that it meets the full disk itself: the engine undoes the
 * transaction under everybody's feet. */
static enum sp_code
flood_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql flood = {
		"INSERT INTO note(text) WITH RECURSIVE n(i) AS (SELECT 1"
		" UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
		" SELECT hex(randomblob(1500)) FROM n",
	};
	DB_STMT st = db_use(ledger_tx_db(tx), &flood);
	enum sp_code code = db_run(st, NULL, err);

	(void)arg;
	CHECK(code == SP_E_FULL);
	fault_none();
	return SP_OK; /* and does not even say so */
}

static void
a_transaction_lost_in_the_middle(void)
{
	struct house h;
	struct sp_err err;
	uint64_t size;

	house_open(&h, "lost");
	works(&h);
	size = ledger_log_size(h.log);
	atomic_store(&fault.write, SQLITE_FULL);
	CHECK_CODE(
	    ledger_writer_run(h.w, flood_act, NULL, &err), SP_E_FULL, &err);
	CHECK(ledger_log_size(h.log) == size && notes(&h) == 1);
	works(&h);
	house_close(&h);
}

static void
a_failed_fsync_stops_for_good(void)
{
	struct house h;
	struct job j = { .h = &h, .entries = 1 };

	house_open(&h, "fsync");
	works(&h);
	atomic_store(&fault.sync, SQLITE_IOERR_FSYNC);
	fails_and_goes_on(&h, SP_E_STOPPED);
	fault_none();
	CHECK(ledger_writer_stopped(h.w));
	for (int i = 0; i < 3; i++)
		CHECK_CODE(run_job(&j), SP_E_STOPPED, &j.err);
	CHECK(strstr(j.err.text, "writing has stopped") != NULL);
	/* Reading goes on. */
	CHECK(ledger_log_size(h.log) == 3);
	fixture_prove(&h.f, h.log, h.reader, 2);
	house_close(&h); /* what the disk then has is a whole log, too */
}

static enum sp_code
stopping_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct house *h = arg;
	struct ledger_entry e = fixture_entry(0);

	SP_TRY(ledger_tx_append(tx, &e, NULL, err));
	ledger_writer_stop(h->w, "an object did not reach the disk");
	ledger_writer_stop(h->w, "the second reason is not the reason");
	return SP_OK;
}

/* Stopped while its batch is under way: that batch is not committed. */
static void
stopping_from_outside(void)
{
	struct house h;
	struct job j = { .h = &h, .entries = 1 };
	struct sp_err err;

	house_open(&h, "stop");
	works(&h);
	CHECK_CODE(
	    ledger_writer_run(h.w, stopping_act, &h, &err), SP_E_STOPPED, &err);
	CHECK(strstr(err.text, "an object did not reach the disk") != NULL);
	CHECK_CODE(run_job(&j), SP_E_STOPPED, &j.err);
	CHECK(strstr(j.err.text, "an object did not") != NULL);
	CHECK(ledger_log_size(h.log) == 3);
	house_close(&h);
}

/* The hashes file is derived: acts do not wait for it, proofs do not need it,
 * and it is made good. */
static void
a_hashes_file_that_cannot_grow(void)
{
	struct house h;
	char path[112];
	struct stat st;

	fixture_setup(&h.f, "full-file");
	(void)snprintf(path, sizeof(path), "%s/hashes", h.f.dir);
	CHECK(symlink("/dev/full", path) == 0);
	house_enter(&h);
	for (int i = 0; i < 20; i++)
		works(&h);
	house_leave(&h);
	CHECK(unlink(path) == 0);
	house_enter(&h);
	works(&h);
	CHECK(stat(path, &st) == 0);
	CHECK(
	    (uint64_t)st.st_size == ledger_merkle_count(63) * LEDGER_HASH_LEN);
	house_close(&h);
}

static enum sp_code
nested_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct house *h = arg;
	struct job j = { .h = h };

	(void)tx;
	return ledger_writer_run(h->w, job_act, &j, err);
}

static void
an_act_queues_no_act(void)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct house h;
		struct sp_err err;

		CHECK(freopen("/dev/null", "w", stderr) != NULL);
		(void)signal(SIGABRT, SIG_DFL);
		house_open(&h, "nested");
		(void)!ledger_writer_run(h.w, nested_act, &h, &err);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

static void
batches_are_bounded(void)
{
	enum { N = LEDGER_WRITER_ACTS + 76 };
	static struct job job[N];
	struct ledger_writer_stats stats;
	struct house h;

	house_open(&h, "bounds");
	for (size_t i = 0; i < N; i++)
		job[i] = (struct job){ .h = &h, .entries = 1 };
	run_together(job, N);
	ledger_writer_stats(h.w, &stats);
	CHECK(stats.acts == N && stats.batches == 2);
	CHECK(ledger_log_size(h.log) == N);
	for (size_t i = 0; i < 3; i++)
		job[i] = (struct job){ .h = &h, .entries = 9000 };
	run_together(job, 3);
	ledger_writer_stats(h.w, &stats);
	CHECK(stats.acts == N + 3 && stats.batches == 4);
	CHECK(ledger_log_size(h.log) == N + 27000);
	fixture_prove(&h.f, h.log, h.reader, N + 26999);
	house_close(&h);
}

static void *
closer(void *arg)
{
	ledger_writer_close(arg);
	return NULL;
}

static void
closing_runs_what_is_queued(void)
{
	enum { N = 10 };
	static struct job job[N];
	pthread_t thread[N], last;
	sem_t running, go;
	struct house h;

	house_open(&h, "closing");
	CHECK(sem_init(&running, 0, 0) == 0 && sem_init(&go, 0, 0) == 0);
	for (size_t i = 0; i < N; i++) {
		job[i] = (struct job){ .h = &h, .entries = 1 };
		job[i].running = i == 0 ? &running : NULL;
		job[i].go = i == 0 ? &go : NULL;
		CHECK(pthread_create(&thread[i], NULL, job_main, &job[i]) == 0);
		if (i == 0)
			while (sem_wait(&running) != 0)
				continue;
	}
	while (waiting(h.w) < N - 1)
		sched_yield();
	CHECK(pthread_create(&last, NULL, closer, h.w) == 0);
	CHECK(sem_post(&go) == 0);
	for (size_t i = 0; i < N; i++) {
		CHECK(pthread_join(thread[i], NULL) == 0);
		CHECK_OK(job[i].got, &job[i].err);
	}
	CHECK(pthread_join(last, NULL) == 0);
	h.w = NULL; /* closing that is a no-op */
	CHECK(ledger_log_size(h.log) == N && notes(&h) == N);
	house_close(&h);
	(void)sem_destroy(&running);
	(void)sem_destroy(&go);
}

/* Acts from many threads, good and bad, beside readers that prove. */
static uint64_t seeds[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static struct house busy;
static atomic_bool over;

static void *
busy_writer(void *arg)
{
	uint64_t seed = *(const uint64_t *)arg;

	for (int i = 0; i < 40; i++) {
		struct job j = { .h = &busy };
		SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);

		j.entries = oracle_random(&seed) % 4;
		j.says = oracle_random(&seed) % 4 == 0 ? SP_E_LIMIT : SP_OK;
		CHECK(run_job(&j) == j.says);
		if (j.got == SP_OK && j.entries != 0)
			CHECK_OK(
			    ledger_log_proof(busy.log, j.first, &proof, &j.err),
			    &j.err);
	}
	return NULL;
}

static void *
busy_reader(void *arg)
{
	uint64_t seed = *(const uint64_t *)arg;
	struct ledger_checkpoint old = { .size = 0 };
	struct db *db = NULL;
	struct sp_err err;

	CHECK_OK(db_open(&db, busy.f.db_path, DB_READ, &err), &err);
	while (!atomic_load(&over)) {
		struct ledger_checkpoint c =
		    fixture_checkpoint(&busy.f, busy.log);
		struct ledger_path path;

		CHECK(c.size >= old.size);
		if (c.size != 0)
			fixture_prove(&busy.f, busy.log, db,
			    oracle_random(&seed) % c.size);
		if (old.size != 0) {
			CHECK_OK(ledger_log_consistency(
				     busy.log, old.size, c.size, &path, &err),
			    &err);
			CHECK(ledger_merkle_check_consistency(
			    old.size, c.size, &path, &old.root, &c.root));
		}
		old = c;
	}
	db_close(db);
	return NULL;
}

static void
many_threads(void)
{
	pthread_t writer[8], reader[2];

	house_open(&busy, "busy");
	for (size_t i = 0; i < 8; i++)
		CHECK(pthread_create(
			  &writer[i], NULL, busy_writer, &seeds[i]) == 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_create(
			  &reader[i], NULL, busy_reader, &seeds[i]) == 0);
	for (int i = 0; i < 8; i++)
		CHECK(pthread_join(writer[i], NULL) == 0);
	atomic_store(&over, true);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(reader[i], NULL) == 0);
	house_close(&busy);
}

/* ---- kill -9 ---- */

/* What a child tells of an act that was acknowledged. */
struct told {
	uint64_t index, serial, size;
	struct ledger_hash root;
};

struct child {
	struct house h;
	int out;
	_Atomic uint64_t serial;
};

struct crash_act {
	uint64_t serial, index;
};

static struct sp_id
object_of(uint64_t serial)
{
	struct sp_id id = { .b = { [6] = 0x70, [8] = 0x80 } };

	for (int i = 0; i < 6; i++)
		id.b[10 + i] = (uint8_t)(serial >> 8 * i);
	return id;
}

static enum sp_code
crash_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	static const struct db_sql put = {
		"INSERT INTO note(id, text) VALUES(?1, 'acknowledged')",
	};
	struct crash_act *a = arg;
	struct ledger_entry e = fixture_entry(0);
	DB_STMT st = db_use(ledger_tx_db(tx), &put);

	e.object = object_of(a->serial);
	db_bind_u64(st, 1, a->serial);
	SP_TRY(db_run(st, NULL, err));
	return ledger_tx_append(tx, &e, &a->index, err);
}

static void *
crash_thread(void *arg)
{
	struct child *c = arg;

	for (;;) {
		struct crash_act a = { atomic_fetch_add(&c->serial, 1), 0 };
		struct ledger_checkpoint cp;
		struct told told = { 0 };
		struct sp_err err;

		CHECK_OK(ledger_writer_run(c->h.w, crash_act, &a, &err), &err);
		cp = fixture_checkpoint(&c->h.f, c->h.log);
		CHECK(cp.size > a.index);
		told = (struct told){ a.index, a.serial, cp.size, cp.root };
		CHECK(write(c->out, &told, sizeof(told)) == sizeof(told));
	}
	return NULL;
}

static _Noreturn void
crash_child(const char *name, uint64_t serial, int out)
{
	struct child c = { .out = out };
	pthread_t thread[6];

	/* Key material does not survive a fork: make it anew. */
	fixture_name(&c.h.f, name);
	atomic_store(&c.serial, serial);
	house_enter(&c.h);
	for (int i = 0; i < 6; i++)
		CHECK(pthread_create(&thread[i], NULL, crash_thread, &c) == 0);
	(void)pthread_join(thread[0], NULL);
	_exit(1); /* its threads never end */
}

static bool
read_told(int fd, struct told *t)
{
	size_t got = 0;

	while (got < sizeof(*t)) {
		ssize_t n = read(fd, (uint8_t *)t + got, sizeof(*t) - got);

		if (n <= 0)
			return false; /* a torn last one was never told */
		got += (size_t)n;
	}
	return true;
}

/* One acknowledged act: its row, its entry, its proof, its checkpoint. */
static void
check_told(struct house *h, const struct told *t)
{
	static const struct db_sql row = {
		"SELECT 1 FROM note WHERE id = ?1",
	};
	DB_STMT st = db_use(h->reader, &row);
	struct sp_id object = object_of(t->serial);
	struct ledger_checkpoint now = fixture_checkpoint(&h->f, h->log);
	struct ledger_path path;
	uint64_t index[2];
	struct sp_err err;
	size_t got = 0;
	bool found = false;

	db_bind_u64(st, 1, t->serial);
	CHECK_OK(db_row(st, &found, &err), &err);
	CHECK(found);
	CHECK_OK(ledger_log_about(
		     h->log, h->reader, &object, 0, index, 2, &got, &err),
	    &err);
	CHECK(got == 1 && index[0] == t->index);
	fixture_prove(&h->f, h->log, h->reader, t->index);
	CHECK_OK(ledger_log_consistency(h->log, t->size, now.size, &path, &err),
	    &err);
	CHECK(ledger_merkle_check_consistency(
	    t->size, now.size, &path, &t->root, &now.root));
}

/* Kill a child after `acts` acts that it told of and a moment more. */
static size_t
crash_once(
    uint64_t serial, int acts, long more_us, struct told *told, size_t room)
{
	struct timespec more = { 0, more_us * 1000 };
	int fd[2], status = 0;
	size_t n = 0;
	pid_t pid;

	CHECK(pipe2(fd, O_CLOEXEC) == 0);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)close(fd[0]);
		crash_child("crash", serial, fd[1]);
	}
	CHECK(close(fd[1]) == 0);
	while (n < (size_t)acts && read_told(fd[0], &told[n]))
		n++;
	CHECK(n == (size_t)acts);
	(void)nanosleep(&more, NULL);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	while (n < room && read_told(fd[0], &told[n]))
		n++;
	CHECK(close(fd[0]) == 0);
	return n;
}

static void
killed_at_any_moment(void)
{
	enum { ROUNDS = 40, ROOM = 100000 };
	struct told *told = calloc(ROOM, sizeof(*told));
	uint64_t seed = (uint64_t)getpid(), serial = 1;
	size_t n = 0;
	struct house h;

	CHECK(told != NULL);
	fixture_setup(&h.f, "crash");
	for (int round = 0; round < ROUNDS; round++) {
		size_t before = n;

		n += crash_once(serial, (int)(oracle_random(&seed) % 60),
		    (long)(oracle_random(&seed) % 8000), told + n, ROOM - n);
		serial += 1000000;
		house_enter(&h);
		for (size_t i = before; i < n; i++)
			check_told(&h, &told[i]);
		for (size_t i = 0; i < before; i += 1 + before / 50)
			check_told(&h, &told[i]);
		if (round % 8 == 7) {
			struct sp_err err;

			CHECK_OK(ledger_log_audit(h.log, h.reader, &err), &err);
			CHECK_OK(db_check(h.reader, &err), &err);
		}
		house_leave(&h);
	}
	printf("# %zu acknowledged acts, all there\n", n);
	house_enter(&h);
	house_close(&h);
	free(told);
}

/* --- what an act ends --- */

struct ending {
	struct house *h;
	struct sp_id id[3];
	size_t n;
	enum sp_code says;
	pthread_t told_by;
	struct sp_id told[8];
	size_t told_n;
	uint64_t size; /* of the log when it was told */
};

static enum sp_code
ending_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct ending *e = arg;
	struct ledger_entry entry = fixture_entry(ledger_tx_size(tx));

	SP_TRY(ledger_tx_append(tx, &entry, NULL, err));
	for (size_t i = 0; i < e->n; i++)
		SP_TRY(ledger_tx_ends(tx, &e->id[i], err));
	return e->says == SP_OK ? SP_OK : sp_fail(err, e->says, "as told");
}

static enum sp_code
quiet_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct ledger_entry entry = fixture_entry(ledger_tx_size(tx));

	(void)arg;
	return ledger_tx_append(tx, &entry, NULL, err);
}

/* It may run acts of its own. */
static void
note_end(void *arg, const struct sp_id *id)
{
	struct ending *e = arg;
	struct sp_err err;

	CHECK(e->told_n < SP_COUNTOF(e->told));
	e->told_by = pthread_self();
	e->size = ledger_log_size(e->h->log);
	e->told[e->told_n++] = *id;
	CHECK_OK(ledger_writer_run(e->h->w, quiet_act, NULL, &err), &err);
}

static void
what_an_act_ends_is_told_when_durable(void)
{
	struct house h;
	struct ending e = { .h = &h,
		.id = { sp_id_new(), sp_id_new(), sp_id_new() } };
	struct sp_err err;

	house_open(&h, "ends");
	ledger_writer_ends(h.w, note_end, &e);
	for (e.n = 0; e.n <= 3; e.n++) {
		uint64_t before = ledger_log_size(h.log);

		e.told_n = 0;
		e.says = SP_OK;
		CHECK_OK(ledger_writer_run(h.w, ending_act, &e, &err), &err);
		CHECK(e.told_n == e.n);
		for (size_t i = 0; i < e.n; i++)
			CHECK(sp_id_equal(&e.told[i], &e.id[i]));
		CHECK(e.n == 0 || pthread_equal(e.told_by, pthread_self()));
		CHECK(e.n == 0 || e.size == before + e.n);
		/* An act that is undone ends nothing. */
		e.told_n = 0;
		e.says = SP_E_DENIED;
		CHECK_CODE(ledger_writer_run(h.w, ending_act, &e, &err),
		    SP_E_DENIED, &err);
		CHECK(e.told_n == 0);
	}
	/* Nor one whose batch is: the disk, or the signature. */
	e.says = SP_OK;
	e.n = 1;
	ledger_writer_stop(h.w, "as told");
	CHECK_CODE(
	    ledger_writer_run(h.w, ending_act, &e, &err), SP_E_STOPPED, &err);
	CHECK(e.told_n == 0);
	house_close(&h);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		/* first, while this process has no threads to fork */
		{ "killed at any moment", killed_at_any_moment },
		{ "an act queues no act", an_act_queues_no_act },
		{ "acknowledged is published", acknowledged_is_published },
		{ "a batch shares its commit", a_batch_shares_its_commit },
		{ "a failed act is undone alone",
		    a_failed_act_is_undone_alone },
		{ "no signer, no batch", no_signer_no_batch },
		{ "no space, no batch", no_space_no_batch },
		{ "a transaction lost in the middle",
		    a_transaction_lost_in_the_middle },
		{ "a failed fsync stops for good",
		    a_failed_fsync_stops_for_good },
		{ "stopping from outside", stopping_from_outside },
		{ "a hashes file that cannot grow",
		    a_hashes_file_that_cannot_grow },
		{ "batches are bounded", batches_are_bounded },
		{ "closing runs what is queued", closing_runs_what_is_queued },
		{ "many threads", many_threads },
		{ "what an act ends is told when durable",
		    what_an_act_ends_is_told_when_durable },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	(void)scratch_make();
	fault_vfs_install();
	return tap_run(cases, SP_COUNTOF(cases));
}
