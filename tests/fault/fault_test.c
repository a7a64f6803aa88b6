#include "preload.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

/* The library keeps its own promises (README.md), to our code and to SQLite. */

static int
make(const char *name)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", fault_dir(), name);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	return fd;
}

static off_t
size_of(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return st.st_size;
}

#define FAILS(call, number)                                                    \
	do {                                                                   \
		errno = 0;                                                     \
		CHECK((call) == -1 && errno == (number));                      \
	} while (0)

static char two_words[2][3] = { "ab", "cd" };
static const struct iovec two[2] = { { two_words[0], 2 }, { two_words[1], 2 } };

static void
nothing_ordered_nothing_fails(void)
{
	int fd = make("plain");

	fault_order("# no fault\n\n");
	CHECK(write(fd, "abc", 3) == 3 && pwrite(fd, "d", 1, 3) == 1);
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
	CHECK(fallocate(fd, 0, 0, 8192) == 0 && ftruncate(fd, 9000) == 0);
	CHECK(unlink(getenv("FAULT_CONTROL")) == 0);
	CHECK(write(fd, "abc", 3) == 3);
	CHECK(fault_hits("") == 0);
	CHECK(close(fd) == 0);
}

static void
a_full_disk(void)
{
	static char block[8192];
	int fd = make("hurt"), other = make("other");

	CHECK(write(fd, block, 4096) == 4096 && fsync(fd) == 0);
	fault_order("enospc /data/hurt\n");
	FAILS(write(fd, "x", 1), ENOSPC);
	FAILS(pwrite(fd, block, 4096, 1 << 20), ENOSPC);
	FAILS(writev(fd, two, 2), ENOSPC);
	FAILS(pwritev(fd, two, 2, 1 << 20), ENOSPC);
	FAILS(pwritev2(fd, two, 2, -1, 0), ENOSPC);
	FAILS(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4096, 1 << 20), ENOSPC);
	CHECK(posix_fallocate(fd, 4096, 1 << 20) == ENOSPC);
	FAILS(ftruncate(fd, 1 << 20), ENOSPC);
	CHECK(fault_hits("enospc ") == 8);
	/* What a full disk does not hinder: blocks that are there, ... */
	CHECK(pwrite(fd, block, 4096, 0) == 4096);
	CHECK(ftruncate(fd, 10) == 0 && size_of(fd) == 10);
	CHECK(lseek(fd, 0, SEEK_END) == 10 && write(fd, "xyz", 3) == 3);
	CHECK(fsync(fd) == 0);
	CHECK(write(other, "abc", 3) == 3);
	CHECK(fault_hits("enospc ") == 8);
	/* ... and those claimed before. */
	fault_order("");
	CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == 0);
	fault_order("enospc /data/hurt\n");
	CHECK(pwrite(fd, block, 4096, 8192) == 4096);
	CHECK(fault_hits("enospc ") == 0);
	/* A disk that takes nothing at all. */
	fault_order("enospc-all /data/hurt\n");
	FAILS(pwrite(fd, block, 4096, 0), ENOSPC);
	CHECK(fault_hits("enospc-all ") == 1);
	/* Space is back. */
	fault_order("");
	CHECK(pwrite(fd, block, 8192, 1 << 20) == 8192);
	CHECK(close(fd) == 0 && close(other) == 0);
}

static void
a_disk_that_cannot_sync_or_write(void)
{
	int fd = make("hurt");

	fault_order("eio /data/hurt\n");
	CHECK(write(fd, "abc", 3) == 3);
	FAILS(fsync(fd), EIO);
	FAILS(fdatasync(fd), EIO);
	FAILS(syncfs(fd), EIO);
	FAILS(sync_file_range(fd, 0, 0, 0), EIO);
	CHECK(fault_hits("eio ") == 4);
	fault_order("eio-write /data/hurt\n");
	FAILS(write(fd, "abc", 3), EIO);
	FAILS(pwritev(fd, two, 2, 0), EIO);
	CHECK(fsync(fd) == 0 && ftruncate(fd, 10) == 0);
	CHECK(fault_hits("eio-write ") == 2);
	char got[4];

	fault_order(
	    "eio-read /data/hurt count=1\ndelay-read /data/hurt ms=1\n");
	FAILS(pread(fd, got, sizeof(got), 0), EIO);
	CHECK(pread(fd, got, 3, 0) == 3 && write(fd, "abc", 3) == 3);
	CHECK(fault_hits("eio-read ") == 1 && fault_hits("delay-read ") == 1);
	CHECK(close(fd) == 0);
}

static void
the_nth_call(void)
{
	int fd = make("hurt");

	fault_order("enospc-all hurt from=3 count=2\neio hurt from=2\n");
	CHECK(write(fd, "a", 1) == 1 && write(fd, "b", 1) == 1);
	FAILS(write(fd, "c", 1), ENOSPC);
	CHECK(fsync(fd) == 0); /* counted by its own rule */
	FAILS(write(fd, "c", 1), ENOSPC);
	CHECK(write(fd, "c", 1) == 1);
	FAILS(fsync(fd), EIO);
	FAILS(fsync(fd), EIO);
	CHECK(size_of(fd) == 3);
	/* The same again counts anew. */
	fault_order("enospc-all hurt from=3 count=2\n# \neio hurt from=2\n");
	CHECK(write(fd, "a", 1) == 1);
	CHECK(fsync(fd) == 0);
	CHECK(close(fd) == 0);
}

static void
short_writes_are_written_on(void)
{
	static uint8_t out[40000], in[sizeof(out)];
	int fd = make("hurt");
	struct sp_err err;
	size_t got;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7 + (i >> 8));
	fault_order("short /data/\n");
	CHECK(write(fd, out, 10) == 5);
	CHECK(write(fd, out, 1) == 1);
	CHECK(pwrite(fd, out, 20000, 0) == 8192); /* whole blocks */
	CHECK(pwritev(fd, two, 2, 0) == 2);
	CHECK(pwritev(fd, two, 1, 0) == 1);
	CHECK_OK(sp_file_pwrite_all(fd, out, sizeof(out), 0, &err), &err);
	CHECK_OK(sp_file_pread_all(fd, in, sizeof(in), 0, &got, &err), &err);
	CHECK(got == sizeof(in) && memcmp(in, out, sizeof(in)) == 0);
	CHECK(fault_hits("short pwrite") > 5);
	CHECK(close(fd) == 0);
}

static int64_t
by_gettimeofday(void)
{
	struct timeval t;

	CHECK(gettimeofday(&t, NULL) == 0);
	return t.tv_sec;
}

static int64_t
by_timespec_get(void)
{
	struct timespec t;

	CHECK(timespec_get(&t, TIME_UTC) == TIME_UTC);
	return t.tv_sec;
}

static int64_t
by_clock(clockid_t which)
{
	struct timespec t;

	CHECK(clock_gettime(which, &t) == 0);
	return t.tv_sec;
}

/* The clock is looked at every 5 ms. */
static void
until_clock_is_looked_at(void)
{
	int64_t from = sp_ticks();

	while (sp_ticks() - from < 20000)
		(void)usleep(1000);
}

static void
the_clock_set(void)
{
	static const int64_t by[] = { -86400, 3600, 0 };

	for (size_t i = 0; i < SP_COUNTOF(by); i++) {
		int64_t real, up = by_clock(CLOCK_MONOTONIC), now[6];
		char rule[64];

		fault_order("");
		until_clock_is_looked_at();
		real = by_clock(CLOCK_REALTIME) + by[i];
		(void)snprintf(
		    rule, sizeof(rule), "clock %" PRId64 "\n", by[i]);
		fault_order(rule);
		until_clock_is_looked_at();
		now[0] = by_clock(CLOCK_REALTIME);
		now[1] = by_clock(CLOCK_REALTIME_COARSE);
		now[2] = time(NULL);
		now[3] = by_gettimeofday();
		now[4] = by_timespec_get();
		now[5] = sp_now() / SP_SECOND;
		for (size_t k = 0; k < SP_COUNTOF(now); k++)
			CHECK(now[k] >= real - 1 && now[k] <= real + 5);
		CHECK(by_clock(CLOCK_MONOTONIC) <= up + 5);
	}
}

/* The child dies at its third write and not before. */
static void
killed_at_the_nth_call(void)
{
	int fd = make("hurt"), status;
	pid_t pid;

	fault_order("kill /data/hurt from=3\n");
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 5; i++)
			if (write(fd, "x", 1) != 1)
				_exit(1);
		_exit(2);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(size_of(fd) == 2);
	CHECK(fault_hits("kill write ") == 1);
	CHECK(close(fd) == 0);
}

static void
a_delay(void)
{
	int fd = make("hurt");
	int64_t from = sp_ticks();

	fault_order("delay /data/hurt ms=30 count=2\n");
	CHECK(write(fd, "x", 1) == 1 && fsync(fd) == 0 && fsync(fd) == 0);
	CHECK(sp_ticks() - from >= 60000);
	CHECK(fault_hits("delay ") == 2);
	CHECK(close(fd) == 0);
}

/* Half of what was meant is nothing, and said on stderr. */
static void
what_is_no_rule_is_no_fault(void)
{
	static const char *const bad[] = { "enospc\n", "enospc /data/ twice\n",
		"enospc /data/ from=0\n", "enospc /data/ from=-1\n",
		"enospc /data/ from=\n", "enospc /data/ from=1x\n",
		"enospc /data/ ms=5\n", "delay /data/ ms=-5\n", "clock\n",
		"clock x\n", "clock 5 6\n", "clock 99999999999999999999\n",
		"ENOSPC /data/\n", "eio /data/\nnonsense\n" };
	int fd = make("hurt"), said = make("said"), err = dup(2);

	CHECK(err >= 0 && dup2(said, 2) == 2);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		off_t before = size_of(said);

		fault_order(bad[i]);
		CHECK(write(fd, "x", 1) == 1 && fsync(fd) == 0);
		CHECK(size_of(said) > before);
	}
	CHECK(dup2(err, 2) == 2);
	CHECK(fault_hits("") == 0);
	CHECK(close(err) == 0 && close(said) == 0 && close(fd) == 0);
}

static int
sql(sqlite3 *db, const char *text)
{
	return sqlite3_exec(db, text, NULL, NULL, NULL);
}

/* What the database makes of it: nothing half written, and it goes on. */
static void
sqlite_meets_them(void)
{
	char path[160];
	sqlite3_stmt *st;
	sqlite3 *db;

	fault_order("");
	(void)snprintf(path, sizeof(path), "%s/test.db", fault_dir());
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(sql(db,
		  "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		  "CREATE TABLE t(a); INSERT INTO t VALUES(1);") == SQLITE_OK);
	fault_order("enospc test.db\n");
	CHECK(sql(db, "INSERT INTO t VALUES(zeroblob(100000))") == SQLITE_FULL);
	CHECK(fault_hits("enospc pwrite64 ") > 0);
	fault_order("eio test.db\n");
	CHECK(sql(db, "INSERT INTO t VALUES(2)") == SQLITE_IOERR);
	CHECK(fault_hits("eio ") > 0);
	fault_order("");
	CHECK(sql(db, "INSERT INTO t VALUES(3)") == SQLITE_OK);
	CHECK(sqlite3_prepare_v2(db, "SELECT count(*), sum(a) FROM t", -1, &st,
		  NULL) == SQLITE_OK);
	CHECK(sqlite3_step(st) == SQLITE_ROW);
	CHECK(sqlite3_column_int(st, 0) == 2 && sqlite3_column_int(st, 1) == 4);
	CHECK(sqlite3_finalize(st) == SQLITE_OK);
	fault_order("clock -31536000\n");
	until_clock_is_looked_at();
	CHECK(sqlite3_prepare_v2(
		  db, "SELECT unixepoch('now')", -1, &st, NULL) == SQLITE_OK);
	CHECK(sqlite3_step(st) == SQLITE_ROW);
	CHECK(sqlite3_column_int64(st, 0) <= by_clock(CLOCK_REALTIME) + 1);
	CHECK(sqlite3_finalize(st) == SQLITE_OK);
	CHECK(sqlite3_close(db) == SQLITE_OK);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "nothing ordered, nothing fails",
		    nothing_ordered_nothing_fails },
		{ "a full disk", a_full_disk },
		{ "a disk that cannot sync or write",
		    a_disk_that_cannot_sync_or_write },
		{ "the nth call", the_nth_call },
		{ "short writes are written on", short_writes_are_written_on },
		{ "the clock set", the_clock_set },
		{ "killed at the nth call", killed_at_the_nth_call },
		{ "a delay", a_delay },
		{ "what is no rule is no fault", what_is_no_rule_is_no_fault },
		{ "SQLite meets them", sqlite_meets_them },
	};

	(void)argc;
	fault_preload(argv);
	(void)tap_run(cases, SP_COUNTOF(cases));
	fault_done();
	return 0;
}
