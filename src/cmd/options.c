#include "base/clock.h"
#include "base/parse.h"
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE_MAX      1024
#define PROGRESS_AFTER SP_SECOND /* nothing for what is quick */
#define PROGRESS_EVERY (SP_SECOND / 10)

/* One run over argv: operands are moved to its front as they are met. */
struct parse {
	const struct cmd *self;
	const struct cmd_option *option;
	size_t options;
	char **argv;
	int argc;
	int at;
	int operands;
	uint64_t seen; /* bit i: option[i] was given */
};

static void
help_option(const struct cmd_option *o)
{
	char left[64];
	char letter[8] = "    ";

	if (o->letter != 0)
		(void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
	    o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
	(void)printf("  %-32s  %s\n", left, o->help);
}

static _Noreturn void
help(const struct parse *p)
{
	(void)printf("usage: sallyport %s%s%s%s\n\n%s\n\noptions:\n",
	    p->self->name, p->options == 0 ? "" : " [OPTION...]",
	    *p->self->operands == '\0' ? "" : " ", p->self->operands,
	    p->self->summary);
	for (size_t i = 0; i < p->options; i++)
		help_option(&p->option[i]);
	(void)printf("  %-32s  %s\n", "-h, --help", "print this");
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet */
	exit(fflush(stdout) == 0 ? CMD_DONE : CMD_CHECK_FAILED);
}

static bool
repeats(const struct cmd_option *o)
{
	static const char dots[] = "...";
	size_t len = o->value == NULL ? 0 : strlen(o->value);

	return len > strlen(dots) &&
	    strcmp(o->value + len - strlen(dots), dots) == 0;
}

static int
append(struct parse *p, const struct cmd_option *o, const char *value)
{
	for (size_t i = 0; i < CMD_REPEATS; i++) {
		if (o->text[i] == NULL) {
			o->text[i] = value;
			return CMD_DONE;
		}
	}
	return cmd_usage(
	    p->self, "--%s is given more than %d times", o->name, CMD_REPEATS);
}

/* The option and its value, when it takes one, are known: set them. */
static int
set(struct parse *p, const struct cmd_option *o, const char *value)
{
	uint64_t bit = UINT64_C(1) << (o - p->option);

	if (repeats(o))
		return append(p, o, value);
	if ((p->seen & bit) != 0)
		return cmd_usage(p->self, "--%s is given twice", o->name);
	p->seen |= bit;
	if (o->value == NULL)
		*o->flag = true;
	else
		*o->text = value;
	return CMD_DONE;
}

/* `value` stands in the same argument, or is NULL. */
static int
given(struct parse *p, const struct cmd_option *o, const char *value)
{
	if (o->value == NULL && value != NULL)
		return cmd_usage(p->self, "--%s takes no value", o->name);
	if (o->value != NULL && value == NULL) {
		if (p->at + 1 >= p->argc)
			return cmd_usage(
			    p->self, "--%s wants %s", o->name, o->value);
		value = p->argv[++p->at];
	}
	return set(p, o, value);
}

static int
long_option(struct parse *p, const char *arg)
{
	size_t len = strcspn(arg, "=");
	const char *value = arg[len] == '=' ? arg + len + 1 : NULL;

	if (strcmp(arg, "help") == 0)
		help(p);
	for (size_t i = 0; i < p->options; i++)
		if (strlen(p->option[i].name) == len &&
		    strncmp(p->option[i].name, arg, len) == 0)
			return given(p, &p->option[i], value);
	return cmd_usage(p->self, "there is no option --%.*s", (int)len, arg);
}

/* "-o FILE" and "-oFILE"; letters are not run together. */
static int
short_option(struct parse *p, const char *arg)
{
	const char *value = arg[1] == '\0' ? NULL : arg + 1;

	if (strcmp(arg, "h") == 0)
		help(p);
	for (size_t i = 0; i < p->options; i++)
		if (p->option[i].letter == arg[0])
			return given(p, &p->option[i], value);
	return cmd_usage(p->self, "there is no option -%c", arg[0]);
}

static int
argument(struct parse *p, bool *ended)
{
	char *arg = p->argv[p->at];

	if (*ended || arg[0] != '-' || arg[1] == '\0') {
		/* Never ahead of the reading: at least argv[0] came before. */
		p->argv[p->operands++] = arg;
		return CMD_DONE;
	}
	if (strcmp(arg, "--") == 0) {
		*ended = true;
		return CMD_DONE;
	}
	if (arg[1] == '-')
		return long_option(p, arg + 2);
	return short_option(p, arg + 1);
}

int /* NOLINTNEXTLINE(readability-function-size): main's and the table */
cmd_parse(const struct cmd *self, const struct cmd_option *option,
    size_t options, int argc, char **argv, char ***operands, size_t *n)
{
	struct parse p = { .self = self,
		.option = option,
		.options = options,
		.argv = argv,
		.argc = argc };
	bool ended = false;

	SP_REQUIRE(options <= 64);
	for (p.at = 1; p.at < argc; p.at++) {
		int exit_code = argument(&p, &ended);

		if (exit_code != CMD_DONE)
			return exit_code;
	}
	argv[p.operands] = NULL;
	*operands = argv;
	*n = (size_t)p.operands;
	return CMD_DONE;
}

int
cmd_parse_none(const struct cmd *self, const struct cmd_option *option,
    size_t options, int argc, char **argv)
{
	char **operand;
	size_t n;
	int code = cmd_parse(self, option, options, argc, argv, &operand, &n);

	if (code == CMD_DONE && n != 0)
		return cmd_usage(self, "'%s' is too much", operand[0]);
	return code;
}

int
cmd_parse_number(const struct cmd *self, const char *option, const char *text,
    uint64_t least, uint64_t most, uint64_t *out)
{
	if (text == NULL || sp_parse_u64(text, strlen(text), least, most, out))
		return CMD_DONE;
	return cmd_usage(self, "--%s is a number, %" PRIu64 " to %" PRIu64,
	    option, least, most);
}

/* "agency add" is called "add" on the command line. */
static const char *
last_word(const char *name)
{
	const char *space = strrchr(name, ' ');

	return space == NULL ? name : space + 1;
}

static void
help_rows(const struct cmd *self, const struct cmd *row, size_t rows)
{
	(void)printf("usage: sallyport %s COMMAND ...\n\n%s\n\ncommands:\n",
	    self->name, self->summary);
	for (size_t i = 0; i < rows; i++)
		(void)printf(
		    "  %-13s  %s\n", last_word(row[i].name), row[i].summary);
}

int
cmd_dispatch(const struct cmd *self, const struct cmd *row, size_t rows,
    int argc, char **argv)
{
	if (argc < 2)
		return cmd_usage(self, "a command is missing");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_rows(self, row, rows);
		return CMD_DONE;
	}
	for (size_t i = 0; i < rows; i++)
		if (strcmp(last_word(row[i].name), argv[1]) == 0)
			return row[i].run(&row[i], argc - 1, argv + 1);
	return cmd_usage(self, "there is no command '%s'", argv[1]);
}

/* "refused" is an answer of the site's; what fails on this side, or proves
 * wrong, is CMD_CHECK_FAILED. */
static const enum cmd_exit exit_of[] = {
	[SP_OK] = CMD_DONE,
	[SP_E_NOMEM] = CMD_CHECK_FAILED,
	[SP_E_INVALID] = CMD_CHECK_FAILED,
	[SP_E_LIMIT] = CMD_REFUSED,
	[SP_E_NOTFOUND] = CMD_REFUSED,
	[SP_E_CONFLICT] = CMD_REFUSED,
	[SP_E_LOCKED] = CMD_REFUSED,
	[SP_E_MISMATCH] = CMD_CHECK_FAILED,
	[SP_E_UNKNOWN] = CMD_REFUSED,
	[SP_E_DENIED] = CMD_REFUSED,
	[SP_E_CORRUPT] = CMD_CHECK_FAILED,
	[SP_E_UNAVAIL] = CMD_UNREACHABLE,
	[SP_E_FULL] = CMD_REFUSED,
	[SP_E_STOPPED] = CMD_REFUSED,
	[SP_E_INTERNAL] = CMD_CHECK_FAILED,
};
_Static_assert(SP_COUNTOF(exit_of) == SP_CODE_COUNT, "every code exits");

/* "sallyport" alone for the program's own row. */
static void
say_who(const struct cmd *self)
{
	(void)fprintf(stderr, "sallyport%s%s: ", *self->name == '\0' ? "" : " ",
	    self->name);
}

int
cmd_fail(const struct cmd *self, const struct sp_err *err)
{
	SP_REQUIRE((size_t)err->code < SP_COUNTOF(exit_of));
	say_who(self);
	(void)fprintf(stderr, "%s\n", err->text);
	return (int)exit_of[err->code];
}

int
cmd_usage(const struct cmd *self, const char *fmt, ...)
{
	char text[USAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is */
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_who(self);
	(void)fprintf(stderr, "%s\nTry 'sallyport%s%s --help'.\n", text,
	    *self->name == '\0' ? "" : " ", self->name);
	return CMD_USAGE;
}

void
cmd_progress_start(struct cmd_progress *p, const char *what, uint64_t total)
{
	*p = (struct cmd_progress){ .what = what,
		.total = total,
		.started = sp_ticks(),
		.on = isatty(STDERR_FILENO) == 1 };
}

static void
bytes_text(uint64_t bytes, char out[static 16])
{
	static const char unit[] = " kMGTPE";
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1000 && i + 2 < sizeof(unit)) {
		v /= 1000;
		i++;
	}
	if (i == 0)
		(void)snprintf(out, 16, "%" PRIu64 " B", bytes);
	else
		(void)snprintf(out, 16, "%.1f %cB", v, unit[i]);
}

/* "clip.mp4  [#########-----------]  45 %  123.4 MB  98.7 MB/s" */
static void
progress_draw(const struct cmd_progress *p, uint64_t done, int64_t spent)
{
	char size[16];
	char rate[16];
	char bar[21] = "--------------------";
	unsigned percent = 0;

	bytes_text(done, size);
	bytes_text((uint64_t)((double)done * SP_SECOND / (double)spent), rate);
	if (p->total == 0) {
		(void)fprintf(
		    stderr, "\r%s  %s  %s/s\033[K", p->what, size, rate);
		return;
	}
	percent = done >= p->total
	    ? 100
	    : (unsigned)((double)done * 100 / (double)p->total);
	for (unsigned i = 0; i < percent / 5; i++)
		bar[i] = '#';
	(void)fprintf(stderr, "\r%s  [%s] %3u %%  %s  %s/s\033[K", p->what, bar,
	    percent, size, rate);
}

void
cmd_progress_at(struct cmd_progress *p, uint64_t done)
{
	int64_t now;

	if (!p->on)
		return;
	now = sp_ticks();
	if (now - p->started < PROGRESS_AFTER ||
	    now - p->shown < PROGRESS_EVERY)
		return;
	p->shown = now;
	progress_draw(p, done, now - p->started);
}

void
cmd_progress_end(struct cmd_progress *p)
{
	if (p->on && p->shown != 0)
		(void)fputs("\r\033[K", stderr);
	p->on = false;
}
