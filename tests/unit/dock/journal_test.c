#include "dock/journal.h"

#include "base/json.h"
#include "client/scratch.h"
#include "crypto/provider.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define ID_A "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define ID_B "0190aaaa-bbbb-7ccc-8ddd-000000000000"
#define SUM  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- A disk that fails ---- */

static int write_fails; /* errno; some bytes get there before */
static int truncate_fails;
static int sync_fails;

ssize_t __real_pwrite64(int fd, const void *b, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *b, size_t n, off_t at);
int __real_ftruncate64(int fd, off_t len);
int __wrap_ftruncate64(int fd, off_t len);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

ssize_t
__wrap_pwrite64(int fd, const void *b, size_t n, off_t at)
{
	static bool half;

	if (write_fails == 0)
		return __real_pwrite64(fd, b, n, at);
	half = !half;
	if (half)
		return __real_pwrite64(fd, b, n / 2, at);
	errno = write_fails;
	return -1;
}

int
__wrap_ftruncate64(int fd, off_t len)
{
	if (truncate_fails == 0)
		return __real_ftruncate64(fd, len);
	errno = truncate_fails;
	return -1;
}

int
__wrap_fdatasync(int fd)
{
	if (sync_fails == 0)
		return __real_fdatasync(fd);
	errno = sync_fails;
	return -1;
}

/* ---- Lines ---- */

static const struct dock_header header = { .agency = "harbor-pd",
	.site = "https://a.example",
	.dir = "/media/camera" };

/* Every act, with members at their limits. */
static struct dock_line
line_of(enum dock_act act, unsigned i)
{
	static const int64_t times[] = { 0, 1, 999999999, 1000000000, INT64_MAX,
		-1, -1000000000, INT64_MIN };
	static const char *const paths[] = { "clip.mp4", "a/b/c.mp4",
		"with \"quotes\"\\ and\nlines", "\xff\xfe", "Stra\xc3\x9f-e",
		"-rf", "..." };
	struct dock_line l = { .act = act };

	(void)snprintf(
	    l.path, sizeof(l.path), "%s", paths[i % SP_COUNTOF(paths)]);
	if (i % 11 == 10) {
		memset(l.path, 0xff, DOCK_PATH_MAX);
		l.path[DOCK_PATH_MAX] = '\0';
	}
	l.is = (struct dock_ident){ .ino = i % 3 == 0 ? UINT64_MAX : i,
		.size = i % 2 == 0 ? DOCK_SIZE_MAX : i,
		.mtime = times[i % SP_COUNTOF(times)],
		.ctime = times[(i + 3) % SP_COUNTOF(times)] };
	(void)snprintf(l.sha256, sizeof(l.sha256), "%s", SUM);
	(void)snprintf(l.once, sizeof(l.once), "%s", ID_A);
	(void)snprintf(l.upload, sizeof(l.upload), "%s", ID_B);
	(void)snprintf(l.evidence, sizeof(l.evidence), "%s", ID_A);
	l.entry = i % 2 == 0 ? (uint64_t)SP_JSON_INT_MAX : i;
	l.log_size = i;
	(void)snprintf(l.why, sizeof(l.why), "it was %u", i);
	return l;
}

struct got {
	size_t n;
	struct dock_line line[64];
	size_t fail_at; /* 1 on; 0 never */
};

static enum sp_code
on_line(void *arg, const struct dock_line *l, struct sp_err *err)
{
	struct got *g = arg;

	if (g->fail_at == g->n + 1)
		return sp_fail(err, SP_E_NOMEM, "by the test");
	CHECK(g->n < SP_COUNTOF(g->line));
	g->line[g->n++] = *l;
	return SP_OK;
}

static struct got got;
static const struct dock_replay replay = { on_line, &got };

static struct dock_journal *
open_journal(struct sp_err *err)
{
	struct dock_journal *j = NULL;

	got.n = 0;
	got.fail_at = 0;
	if (dock_journal_open(&j, scratch("journal"), &header, &replay, err) !=
	    SP_OK)
		return NULL;
	return j;
}

static bool
same_line(const struct dock_line *a, const struct dock_line *b)
{
	unsigned has = dock_act_has(a->act);

	if (a->act != b->act || a->at != b->at)
		return false;
	if ((has & DOCK_HAS_FILE) != 0 &&
	    (strcmp(a->path, b->path) != 0 || !dock_ident_same(&a->is, &b->is)))
		return false;
	if ((has & DOCK_HAS_SHA) != 0 &&
	    (strcmp(a->sha256, b->sha256) != 0 || a->is.size != b->is.size))
		return false;
	if ((has & DOCK_HAS_ONCE) != 0 && strcmp(a->once, b->once) != 0)
		return false;
	if ((has & DOCK_HAS_UPLOAD) != 0 && strcmp(a->upload, b->upload) != 0)
		return false;
	if ((has & DOCK_HAS_EVIDENCE) != 0 &&
	    strcmp(a->evidence, b->evidence) != 0)
		return false;
	if ((has & DOCK_HAS_ENTRY) != 0 &&
	    (a->entry != b->entry || a->log_size != b->log_size))
		return false;
	return (has & DOCK_HAS_WHY) == 0 || strcmp(a->why, b->why) == 0;
}

/* A journal with `n` lines after its first; what they were. */
static void
write_journal(struct dock_line *lines, size_t n)
{
	struct sp_err err;

	(void)unlink(scratch("journal"));
	struct dock_journal *j = open_journal(&err);

	CHECK(j != NULL && got.n == 0);
	for (size_t i = 0; i < n; i++) {
		enum dock_act act =
		    (enum dock_act)(1 + i % (DOCK_ACT_COUNT - 1));

		lines[i] = line_of(act, (unsigned)i);
		CHECK_OK(dock_journal_add(j, &lines[i], &err), &err);
	}
	dock_journal_free(j);
}

static struct sp_buf
read_file(void)
{
	struct sp_buf b = sp_buf_new((size_t)1 << 20);
	int fd = open(scratch("journal"), O_RDONLY | O_CLOEXEC);
	char piece[4096];
	ssize_t n;

	CHECK(fd >= 0);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		sp_buf_add(&b, piece, (size_t)n);
	CHECK(close(fd) == 0 && sp_buf_ok(&b));
	return b;
}

static void
put_file(const void *bytes, size_t len)
{
	int fd = open(
	    scratch("journal"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	CHECK(close(fd) == 0);
}

static void
what_is_written_is_read_again(void)
{
	static struct dock_line lines[40];
	struct dock_header h;
	struct sp_err err;

	write_journal(lines, SP_COUNTOF(lines));
	struct dock_journal *j = open_journal(&err);

	CHECK(j != NULL && got.n == SP_COUNTOF(lines));
	for (size_t i = 0; i < got.n; i++)
		CHECK(same_line(&got.line[i], &lines[i]));
	/* And goes on. */
	struct dock_line more = line_of(DOCK_HASHED, 99);

	CHECK_OK(dock_journal_add(j, &more, &err), &err);
	dock_journal_free(j);
	got.n = 0;
	CHECK_OK(
	    dock_journal_read(scratch("journal"), &h, &replay, &err), &err);
	CHECK(got.n == SP_COUNTOF(lines) + 1);
	CHECK(strcmp(h.agency, "harbor-pd") == 0);
	CHECK(strcmp(h.dir, "/media/camera") == 0);
}

/* Law: cut anywhere, a journal is read up to its last whole line, and goes on
 * from there as if nothing had been after it. */
static void
a_torn_last_line_is_cut_off(void)
{
	static struct dock_line lines[12];
	struct sp_err err;

	write_journal(lines, SP_COUNTOF(lines));
	SP_AUTO_BUF whole = read_file();

	for (size_t cut = 0; cut < whole.len; cut++) {
		size_t n = 0; /* lines that are whole */

		for (size_t i = 0; i < cut; i++)
			n += whole.at[i] == '\n';
		put_file(whole.at, cut);
		struct dock_journal *j = open_journal(&err);

		CHECK(j != NULL);
		CHECK(got.n == (n == 0 ? 0 : n - 1));
		struct dock_line more = line_of(DOCK_STORED, 3);

		CHECK_OK(dock_journal_add(j, &more, &err), &err);
		dock_journal_free(j);
		j = open_journal(&err);
		CHECK(j != NULL && got.n == (n == 0 ? 1 : n));
		CHECK(same_line(&got.line[got.n - 1], &more));
		dock_journal_free(j);
	}
	/* Zeroes, as some file systems leave where a line should be. */
	for (size_t zeroes = 1; zeroes < 600; zeroes += 100) {
		SP_AUTO_BUF b = sp_buf_new((size_t)1 << 20);

		sp_buf_add(&b, whole.at, whole.len);
		memset(sp_buf_extend(&b, zeroes), 0, zeroes);
		if (zeroes > 300)
			sp_buf_text(&b, "}\n"); /* its end got there */
		put_file(b.at, b.len);
		struct dock_journal *j = open_journal(&err);

		CHECK(j != NULL && got.n == SP_COUNTOF(lines));
		dock_journal_free(j);
		SP_AUTO_BUF now = read_file();

		CHECK(now.len == whole.len);
	}
}

/* Law: any byte changed, any line taken out, doubled or exchanged, is found,
 * unless it is what a crash can do to the last line. */
static void
any_other_damage_is_refused(void)
{
	static struct dock_line lines[11];
	struct sp_err err;

	write_journal(lines, SP_COUNTOF(lines));
	SP_AUTO_BUF whole = read_file();

	for (size_t at = 0; at < whole.len; at += at < 400 ? 1 : 7) {
		for (unsigned bit = 0; bit < 8; bit += 3) {
			bool last_lf = at + 1 == whole.len;

			whole.at[at] ^= (uint8_t)(1U << bit);
			put_file(whole.at, whole.len);
			struct dock_journal *j = open_journal(&err);
			bool zero = whole.at[at] == '\0';

			whole.at[at] ^= (uint8_t)(1U << bit);
			CHECK(j == NULL || last_lf || zero);
			if (j == NULL)
				CHECK(err.code == SP_E_CORRUPT &&
				    strstr(err.text, "line") != NULL);
			dock_journal_free(j);
		}
	}
	/* Line by line. */
	const char *start[SP_COUNTOF(lines) + 2];
	size_t n = 0;

	start[n++] = sp_buf_str(&whole);
	for (size_t i = 0; i < whole.len; i++)
		if (whole.at[i] == '\n')
			start[n++] = sp_buf_str(&whole) + i + 1;
	CHECK(n == SP_COUNTOF(start));
	for (size_t i = 0; i + 2 < n; i++) {
		SP_AUTO_BUF b = sp_buf_new((size_t)1 << 20);
		size_t len = (size_t)(start[i + 1] - start[i]);

		sp_buf_add(&b, start[0], (size_t)(start[i] - start[0]));
		sp_buf_add(
		    &b, start[i + 1], (size_t)(start[n - 1] - start[i + 1]));
		put_file(b.at, b.len); /* without line i */
		CHECK(open_journal(&err) == NULL && err.code == SP_E_CORRUPT);
		sp_buf_clear(&b);
		sp_buf_add(&b, start[0], (size_t)(start[i + 1] - start[0]));
		sp_buf_add(&b, start[i], len);
		sp_buf_add(
		    &b, start[i + 1], (size_t)(start[n - 1] - start[i + 1]));
		put_file(b.at, b.len); /* with line i twice */
		CHECK(open_journal(&err) == NULL && err.code == SP_E_CORRUPT);
	}
}

static void
what_was_never_a_journal_is_refused(void)
{
	static const char *const others[] = { "hello\n", "{}\n", "\n", "[]\n",
		"{\"do\":\"begin\"}\n", "null\n" };
	struct sp_err err;
	SP_AUTO_BUF b = sp_buf_new((size_t)1 << 20);

	for (size_t i = 0; i < SP_COUNTOF(others); i++) {
		put_file(others[i], strlen(others[i]));
		CHECK(open_journal(&err) == NULL && err.code == SP_E_CORRUPT);
		CHECK(scratch_holds("journal", others[i])); /* left alone */
	}
	memset(sp_buf_extend(&b, DOCK_LINE_MAX + 10), 'x', DOCK_LINE_MAX + 10);
	put_file(b.at, b.len);
	CHECK(open_journal(&err) == NULL && err.code == SP_E_CORRUPT);
	CHECK(unlink(scratch("journal")) == 0);
	CHECK(symlink("elsewhere", scratch("journal")) == 0);
	CHECK(open_journal(&err) == NULL);
	CHECK(unlink(scratch("journal")) == 0);
	CHECK(mkfifo(scratch("journal"), 0600) == 0);
	CHECK(open_journal(&err) == NULL);
	CHECK(unlink(scratch("journal")) == 0);
	struct dock_header h;

	CHECK_CODE(dock_journal_read(scratch("journal"), &h, &replay, &err),
	    SP_E_NOTFOUND, &err);
}

static void
a_journal_is_of_one_dock(void)
{
	struct dock_line l;
	struct dock_journal *other = NULL;
	struct dock_header h = header;
	struct sp_err err;

	write_journal(&l, 1);
	struct dock_journal *j = open_journal(&err);

	CHECK(j != NULL);
	CHECK(open_journal(&err) == NULL && err.code == SP_E_LOCKED);
	/* Others may read. */
	got.n = 0;
	CHECK_OK(
	    dock_journal_read(scratch("journal"), &h, &replay, &err), &err);
	CHECK(got.n == 1);
	dock_journal_free(j);
	for (unsigned i = 0; i < 3; i++) {
		h = header;
		(i == 0 ? h.agency : i == 1 ? h.site : h.dir)[2] = 'X';
		CHECK_CODE(dock_journal_open(
			       &other, scratch("journal"), &h, &replay, &err),
		    SP_E_CONFLICT, &err);
		CHECK(strstr(err.text, "--journal") != NULL && other == NULL);
	}
	got.n = 0;
	got.fail_at = 1;
	CHECK_CODE(dock_journal_open(
		       &other, scratch("journal"), &header, &replay, &err),
	    SP_E_NOMEM, &err);
	j = open_journal(&err);
	CHECK(j != NULL);
	dock_journal_free(j);
}

static void
a_full_disk_leaves_it_as_it_was(void)
{
	static struct dock_line lines[3];
	struct sp_err err;

	write_journal(lines, 3);
	struct dock_journal *j = open_journal(&err);
	SP_AUTO_BUF before = read_file();
	struct dock_line more = line_of(DOCK_CLEARING, 1);

	CHECK(j != NULL);
	write_fails = ENOSPC;
	for (unsigned i = 0; i < 3; i++) {
		CHECK_CODE(dock_journal_add(j, &more, &err), SP_E_FULL, &err);
		SP_AUTO_BUF now = read_file();

		CHECK(now.len == before.len &&
		    memcmp(now.at, before.at, now.len) == 0);
	}
	write_fails = 0;
	CHECK_OK(dock_journal_add(j, &more, &err), &err);
	dock_journal_free(j);
	j = open_journal(&err);
	CHECK(j != NULL && got.n == 4);
	/* When it cannot be put back as it was, nothing is written on top. */
	write_fails = ENOSPC;
	truncate_fails = EIO;
	CHECK_CODE(dock_journal_add(j, &more, &err), SP_E_STOPPED, &err);
	write_fails = 0;
	truncate_fails = 0;
	CHECK_CODE(dock_journal_add(j, &more, &err), SP_E_STOPPED, &err);
	dock_journal_free(j);
	j = open_journal(&err); /* the torn line is cut off */
	CHECK(j != NULL && got.n == 4);
	dock_journal_free(j);
}

static void
a_failed_sync_is_the_end_of_writing(void)
{
	static struct dock_line lines[2];
	struct sp_err err;

	write_journal(lines, 2);
	struct dock_journal *j = open_journal(&err);
	struct dock_line more = line_of(DOCK_CLEARING, 1);

	CHECK(j != NULL);
	sync_fails = EIO;
	CHECK_CODE(dock_journal_add(j, &more, &err), SP_E_STOPPED, &err);
	sync_fails = 0;
	CHECK_CODE(dock_journal_add(j, &more, &err), SP_E_STOPPED, &err);
	dock_journal_free(j);
	j = open_journal(&err);
	CHECK(j != NULL && got.n >= 2 && got.n <= 3);
	dock_journal_free(j);
}

/* Killed at any moment of many appends, it holds a prefix of them. */
static void
killed_anywhere_it_holds_what_was_acknowledged(void)
{
	for (unsigned round = 0; round < 20; round++) {
		struct sp_err err;
		int told[2];

		(void)unlink(scratch("journal"));
		CHECK(pipe(told) == 0);
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			struct dock_journal *j = open_journal(&err);

			for (unsigned i = 0; j != NULL && i < 60; i++) {
				struct dock_line l = line_of(DOCK_HASHED, i);

				if (dock_journal_add(j, &l, &err) == SP_OK)
					(void)!write(told[1], "x", 1);
			}
			_exit(0);
		}
		CHECK(close(told[1]) == 0);
		char x[64];
		size_t acknowledged = 0;

		/* After so many are acknowledged, at whatever it is then. */
		while (acknowledged < round * 2 + 1 && read(told[0], x, 1) == 1)
			acknowledged++;
		CHECK(kill(pid, SIGKILL) == 0);
		CHECK(waitpid(pid, NULL, 0) == pid);
		struct dock_journal *j = open_journal(&err);

		CHECK(j != NULL && got.n >= acknowledged);
		dock_journal_free(j);
		CHECK(close(told[0]) == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is written is read again",
		    what_is_written_is_read_again },
		{ "a torn last line is cut off", a_torn_last_line_is_cut_off },
		{ "any other damage is refused", any_other_damage_is_refused },
		{ "what was never a journal is refused",
		    what_was_never_a_journal_is_refused },
		{ "a journal is of one dock", a_journal_is_of_one_dock },
		{ "a full disk leaves it as it was",
		    a_full_disk_leaves_it_as_it_was },
		{ "a failed sync is the end of writing",
		    a_failed_sync_is_the_end_of_writing },
		{ "killed anywhere it holds what was acknowledged",
		    killed_anywhere_it_holds_what_was_acknowledged },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
