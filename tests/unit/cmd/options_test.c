#include "cmd/cmd.h"

#include "base/clock.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Time is what a test says (linked with --wrap=sp_ticks). */
static int64_t now = SP_SECOND;

int64_t __wrap_sp_ticks(void);

int64_t
__wrap_sp_ticks(void)
{
	return now;
}

static const struct cmd self = { "thing", "FILE...", "does a thing", NULL,
	false };

#define WORDS_MAX 80

struct got {
	const char *out;
	const char *mode;
	bool force;
	bool json;
	const char *also[CMD_REPEATS + 1];
	char **operand;
	size_t n;
};

static void
word_to(char *to, size_t room, const char *word)
{
	CHECK(snprintf(to, room, "%s", word) < (int)room);
}

static int
parse(struct got *g, const char *const *word)
{
	const struct cmd_option option[] = {
		{ "out", 'o', "FILE", "where to", &g->out, NULL },
		{ "mode", 0, "MODE", "how", &g->mode, NULL },
		{ "force", 'f', NULL, "even so", NULL, &g->force },
		{ "json", 0, NULL, "for programs", NULL, &g->json },
		{ "also", 'a', "THING...", "one more", g->also, NULL },
	};
	static char text[WORDS_MAX + 1][64];
	static char *argv[WORDS_MAX + 2];
	int argc = 0;

	word_to(text[0], sizeof(text[0]), "thing");
	argv[argc++] = text[0];
	for (; *word != NULL; word++) {
		CHECK(argc <= WORDS_MAX);
		word_to(text[argc], sizeof(text[0]), *word);
		argv[argc] = text[argc];
		argc++;
	}
	argv[argc] = NULL;
	return cmd_parse(
	    &self, option, SP_COUNTOF(option), argc, argv, &g->operand, &g->n);
}

/* Run with standard error in a pipe; what was said goes to `said`. */
static int saved_stderr = -1;

static void
listen_begin(void)
{
	FILE *f = tmpfile();

	CHECK(f != NULL);
	(void)fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	CHECK(dup2(fileno(f), STDERR_FILENO) >= 0 && fclose(f) == 0);
}

static void
listen_end(char said[static 512])
{
	ssize_t n;

	(void)fflush(stderr);
	n = pread(STDERR_FILENO, said, 511, 0);
	CHECK(n >= 0);
	said[n] = '\0';
	CHECK(dup2(saved_stderr, STDERR_FILENO) >= 0);
	CHECK(close(saved_stderr) == 0);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
understood(void)
{
	static const struct {
		const char *word[WORDS_MAX];
		const char *out;
		const char *mode;
		bool force;
		bool json;
		const char *operand[4];
	} rows[] = {
		{ { NULL }, NULL, NULL, false, false, { NULL } },
		{ { "a", "b" }, NULL, NULL, false, false, { "a", "b" } },
		{ { "--out", "x", "a" }, "x", NULL, false, false, { "a" } },
		{ { "--out=x", "a" }, "x", NULL, false, false, { "a" } },
		{ { "a", "--out=", "b" }, "", NULL, false, false,
		    { "a", "b" } },
		{ { "--out=a=b" }, "a=b", NULL, false, false, { NULL } },
		{ { "-o", "x" }, "x", NULL, false, false, { NULL } },
		{ { "-ox", "a" }, "x", NULL, false, false, { "a" } },
		{ { "-f", "a", "--json" }, NULL, NULL, true, true, { "a" } },
		{ { "--out", "--json" }, "--json", NULL, false, false,
		    { NULL } },
		{ { "a", "--", "--json", "-f" }, NULL, NULL, false, false,
		    { "a", "--json", "-f" } },
		{ { "--", "--" }, NULL, NULL, false, false, { "--" } },
		{ { "-", "a" }, NULL, NULL, false, false, { "-", "a" } },
		{ { "", "a" }, NULL, NULL, false, false, { "", "a" } },
		{ { "--mode", "m", "-o", "x", "-f" }, "x", "m", true, false,
		    { NULL } },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct got g = { .n = 99 };
		size_t n = 0;

		CHECK(parse(&g, rows[i].word) == CMD_DONE);
		CHECK(same(g.out, rows[i].out) && same(g.mode, rows[i].mode));
		CHECK(g.force == rows[i].force && g.json == rows[i].json);
		for (; rows[i].operand[n] != NULL; n++)
			CHECK(same(g.operand[n], rows[i].operand[n]));
		CHECK(g.n == n && g.operand[n] == NULL);
	}
}

static void
refused(void)
{
	static const struct {
		const char *word[WORDS_MAX];
		const char *says;
	} rows[] = {
		{ { "--nothing" }, "no option --nothing" },
		{ { "--nothing=x" }, "no option --nothing\n" },
		{ { "--ou", "x" }, "no option --ou" }, /* no abbreviations */
		{ { "-x" }, "no option -x" },
		{ { "--out" }, "--out wants FILE" },
		{ { "a", "-o" }, "--out wants FILE" },
		{ { "--json=yes" }, "--json takes no value" },
		{ { "-fx" }, "--force takes no value" },
		{ { "--out", "a", "--out", "b" }, "--out is given twice" },
		{ { "--out=a", "-ob" }, "--out is given twice" },
		{ { "-f", "-f" }, "--force is given twice" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct got g = { .n = 99 };
		char said[512];
		int code;

		listen_begin();
		code = parse(&g, rows[i].word);
		listen_end(said);
		CHECK(code == CMD_USAGE && g.n == 99);
		CHECK(strstr(said, "sallyport thing: ") == said);
		CHECK(strstr(said, rows[i].says) != NULL);
		CHECK(strstr(said, "'sallyport thing --help'") != NULL);
	}
}

static int
run_add(const struct cmd *row, int argc, char **argv)
{
	CHECK(strcmp(row->name, "thing add") == 0);
	CHECK(argc == 2 && strcmp(argv[0], "add") == 0);
	return 40 + argc;
}

static const struct cmd thing_rows[] = {
	{ "thing list", "", "lists", NULL, false },
	{ "thing add", "NAME", "adds", run_add, false },
};

static int
dispatch(const char *first, const char *second)
{
	char words[3][16] = { "thing" };
	char *argv[] = { words[0], words[1], words[2], NULL };
	int argc = 1;

	if (first != NULL)
		word_to(words[argc++], sizeof(words[0]), first);
	if (second != NULL)
		word_to(words[argc++], sizeof(words[0]), second);
	argv[argc] = NULL;
	return cmd_dispatch(
	    &self, thing_rows, SP_COUNTOF(thing_rows), argc, argv);
}

static void
dispatched(void)
{
	static const char *const wrong[] = { NULL, "ad", "adds", "thing add",
		"" };
	char said[512];

	CHECK(dispatch("add", "x") == 42);
	for (size_t i = 0; i < SP_COUNTOF(wrong); i++) {
		listen_begin();
		CHECK(dispatch(wrong[i], NULL) == CMD_USAGE);
		listen_end(said);
		CHECK(strstr(said, "sallyport thing: ") == said);
	}
}

/* What a child that asks for help writes and exits with. */
static int
help_of(char said[static 2048], void (*ask)(void))
{
	int end[2];
	int status = -1;
	size_t len = 0;
	ssize_t n = 1;
	pid_t pid;

	CHECK(pipe2(end, O_CLOEXEC) == 0);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (dup2(end[1], STDOUT_FILENO) < 0)
			_exit(99);
		ask();
		(void)fflush(stdout);
		_exit(98);
	}
	CHECK(close(end[1]) == 0);
	while (n > 0 && len < 2047) {
		n = read(end[0], said + len, 2047 - len);
		CHECK(n >= 0);
		len += (size_t)n;
	}
	said[len] = '\0';
	CHECK(close(end[0]) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
ask_long(void)
{
	static const char *const word[] = { "a", "--help", NULL };
	struct got g = { .n = 0 };

	(void)parse(&g, word);
}

static void
ask_short(void)
{
	static const char *const word[] = { "-h", NULL };
	struct got g = { .n = 0 };

	(void)parse(&g, word);
}

static void
ask_rows(void)
{
	_exit(dispatch("--help", NULL) == CMD_DONE && fflush(stdout) == 0 ? 0
									  : 1);
}

static void
helped(void)
{
	char said[2048];

	CHECK(help_of(said, ask_long) == CMD_DONE);
	CHECK(strstr(said, "usage: sallyport thing [OPTION...] FILE...\n") ==
	    said);
	CHECK(strstr(said, "does a thing") != NULL);
	CHECK(strstr(said, "-o, --out FILE") != NULL);
	CHECK(strstr(said, "    --mode MODE") != NULL);
	CHECK(strstr(said, "-f, --force ") != NULL);
	CHECK(help_of(said, ask_short) == CMD_DONE);
	CHECK(help_of(said, ask_rows) == 0);
	CHECK(strstr(said, "  add ") != NULL && strstr(said, "adds") != NULL);
}

static void
exits(void)
{
	static const int want[SP_CODE_COUNT] = {
		[SP_OK] = 0,
		[SP_E_NOMEM] = 1,
		[SP_E_INVALID] = 1,
		[SP_E_LIMIT] = 3,
		[SP_E_NOTFOUND] = 3,
		[SP_E_CONFLICT] = 3,
		[SP_E_LOCKED] = 3,
		[SP_E_MISMATCH] = 1,
		[SP_E_UNKNOWN] = 3,
		[SP_E_DENIED] = 3,
		[SP_E_CORRUPT] = 1,
		[SP_E_UNAVAIL] = 4,
		[SP_E_FULL] = 3,
		[SP_E_STOPPED] = 3,
		[SP_E_INTERNAL] = 1,
	};

	for (unsigned c = 1; c < SP_CODE_COUNT; c++) {
		struct sp_err err = { .code = SP_OK };
		char said[512];

		(void)sp_fail(&err, (enum sp_code)c, "because %u", c);
		listen_begin();
		CHECK(cmd_fail(&self, &err) == want[c]);
		listen_end(said);
		CHECK(strstr(said, "sallyport thing: because ") == said);
	}
}

static void
draw(uint64_t total)
{
	struct cmd_progress p;

	cmd_progress_start(&p, "clip.mp4", total);
	cmd_progress_at(&p, 1);
	now += SP_SECOND / 2;
	cmd_progress_at(&p, 1000);
	now += SP_SECOND;
	cmd_progress_at(&p, 1500000);
	cmd_progress_end(&p);
	cmd_progress_at(&p, 1600000);
}

static void
no_progress_in_a_file(void)
{
	char said[512];

	listen_begin();
	draw(3000000);
	listen_end(said);
	CHECK(said[0] == '\0');
}

/* On a terminal: nothing in the first second, then one line, then none. */
static void
progress_on_a_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int saved = dup(STDERR_FILENO);
	char said[1024];
	ssize_t n = 0;
	int slave;

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(slave >= 0 && saved >= 0);
	CHECK(dup2(slave, STDERR_FILENO) >= 0);
	draw(3000000);
	(void)fflush(stderr);
	CHECK(dup2(saved, STDERR_FILENO) >= 0);
	CHECK(close(saved) == 0);
	/* A terminal hands it over piece by piece. */
	do {
		ssize_t more =
		    read(master, said + n, sizeof(said) - 1 - (size_t)n);

		CHECK(more > 0);
		n += more;
		said[n] = '\0';
	} while (n < 4 || strcmp(said + n - 4, "\r\033[K") != 0 ||
	    strstr(said, "50 %") == NULL);
	CHECK(strstr(said, "clip.mp4") != NULL);
	CHECK(strstr(said, "[##########----------]  50 %  1.5 MB  1.0 MB/s") !=
	    NULL);
	CHECK(strstr(said, "1000 B") == NULL && strstr(said, "1.6 MB") == NULL);
	CHECK(close(slave) == 0 && close(master) == 0);
}

static void
some_options_repeat(void)
{
	static const char *many[CMD_REPEATS + 2];
	struct got g = { .n = 9 };
	char said[512];

	CHECK(parse(&g,
		  (const char *const[]){ "--also", "x", "a", "-ay", "--also=z",
		      NULL }) == CMD_DONE);
	CHECK(strcmp(g.also[0], "x") == 0 && strcmp(g.also[1], "y") == 0);
	CHECK(strcmp(g.also[2], "z") == 0 && g.also[3] == NULL && g.n == 1);
	for (size_t i = 0; i < CMD_REPEATS; i++)
		many[i] = "-ax";
	g = (struct got){ .n = 9 };
	CHECK(parse(&g, many) == CMD_DONE);
	CHECK(g.also[CMD_REPEATS - 1] != NULL && g.also[CMD_REPEATS] == NULL);
	many[CMD_REPEATS] = "-ax";
	g = (struct got){ .n = 9 };
	listen_begin();
	CHECK(parse(&g, many) == CMD_USAGE);
	listen_end(said);
	CHECK(strstr(said, "more than 64 times") != NULL);
}

/* argv of one operand, or none. */
static int
parse_none(const char *operand)
{
	char name[] = "thing", text[16] = "";
	char *argv[] = { name, operand == NULL ? NULL : text, NULL };

	if (operand != NULL)
		word_to(text, sizeof(text), operand);
	return cmd_parse_none(&self, NULL, 0, operand == NULL ? 1 : 2, argv);
}

static void
no_operands(void)
{
	char said[512];

	CHECK(parse_none(NULL) == CMD_DONE);
	CHECK(parse_none("--") == CMD_DONE);
	listen_begin();
	CHECK(parse_none("x") == CMD_USAGE);
	listen_end(said);
	CHECK(strstr(said, "'x' is too much") != NULL);
}

static void
numbers(void)
{
	static const struct {
		const char *text;
		int code;
		uint64_t want;
	} rows[] = {
		{ NULL, CMD_DONE, 90 },
		{ "1", CMD_DONE, 1 },
		{ "366", CMD_DONE, 366 },
		{ "0", CMD_USAGE, 90 },
		{ "367", CMD_USAGE, 90 },
		{ "", CMD_USAGE, 90 },
		{ "-1", CMD_USAGE, 90 },
		{ "7 ", CMD_USAGE, 90 },
		{ "99999999999999999999999", CMD_USAGE, 90 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char said[512];
		uint64_t got = 90;

		listen_begin();
		CHECK(cmd_parse_number(&self, "days", rows[i].text, 1, 366,
			  &got) == rows[i].code);
		listen_end(said);
		CHECK(got == rows[i].want);
		CHECK(rows[i].code == CMD_DONE ||
		    strstr(said, "--days is a number, 1 to 366") != NULL);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is understood", understood },
		{ "what is refused, and says so", refused },
		{ "some options repeat", some_options_repeat },
		{ "no operands", no_operands },
		{ "numbers", numbers },
		{ "subcommands of subcommands", dispatched },
		{ "help", helped },
		{ "exit codes", exits },
		{ "no progress in a file", no_progress_in_a_file },
		{ "progress on a terminal", progress_on_a_terminal },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
