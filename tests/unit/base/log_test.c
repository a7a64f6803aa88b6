#include "base/log.h"
#include "tap.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

/* Runs `act` with stderr in a file, and gives back what it wrote. */
static char *
captured(void (*act)(void), size_t *len)
{
	FILE *f = tmpfile();
	int kept = dup(STDERR_FILENO);
	char *text;
	long n;

	CHECK(f != NULL && kept >= 0);
	CHECK(dup2(fileno(f), STDERR_FILENO) >= 0);
	act();
	CHECK(dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0);
	CHECK(fseek(f, 0, SEEK_END) == 0);
	n = ftell(f);
	CHECK(n >= 0 && fseek(f, 0, SEEK_SET) == 0);
	text = calloc(1, (size_t)n + 1);
	CHECK(text != NULL && fread(text, 1, (size_t)n, f) == (size_t)n);
	CHECK(fclose(f) == 0);
	*len = (size_t)n;
	return text;
}

static const char *
member(const json_t *line, const char *name)
{
	const char *s = json_string_value(json_object_get(line, name));

	return s == NULL ? "(none)" : s;
}

static void
log_hostile(void)
{
	struct sp_err err;

	sp_log_setup("keeper", SP_LOG_INFO);
	(void)sp_fail_as(&err, SP_E_CORRUPT, "x", "bad tag");
	errno = EIO;
	sp_log_err(SP_LOG_WARN, "object.corrupt", &err, "file %s",
	    "a\n{\"event\":\"forged\"}\xff");
	CHECK(errno == EIO);
}

static void
a_line_is_one_json_object(void)
{
	size_t len;
	char *text = captured(log_hostile, &len);
	json_t *line = json_loads(text, 0, NULL);

	CHECK(line != NULL && strchr(text, '\n') == text + len - 1);
	CHECK(strcmp(member(line, "event"), "object.corrupt") == 0);
	CHECK(strcmp(member(line, "level"), "warn") == 0);
	CHECK(strcmp(member(line, "process"), "keeper") == 0);
	CHECK(strcmp(member(line, "code"), "corrupt") == 0);
	CHECK(strcmp(member(line, "error"), "bad tag") == 0);
	CHECK(strcmp(member(line, "message"),
		  "file a?{\"event\":\"forged\"}?") == 0);
	CHECK(strlen(member(line, "time")) == 27);
	CHECK(json_integer_value(json_object_get(line, "pid")) == getpid());
	json_decref(line);
	free(text);
}

static void
log_levels(void)
{
	sp_log_setup("server", SP_LOG_WARN);
	sp_log(SP_LOG_INFO, "a.quiet", "no");
	sp_log(SP_LOG_WARN, "a.warn", "yes");
	sp_log(SP_LOG_ERROR, "an.error", "yes");
	sp_log_setup("server", SP_LOG_DEBUG);
	sp_log(SP_LOG_DEBUG, "a.detail", "yes");
}

static size_t
lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
levels_below_the_least_are_quiet(void)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	enum sp_log_level level = SP_LOG_ERROR;
	size_t len;
	char *text = captured(log_levels, &len);

	CHECK(lines_of(text) == 3 && strstr(text, "a.quiet") == NULL);
	free(text);
	for (unsigned i = 0; i < SP_COUNTOF(names); i++)
		CHECK(sp_log_level_parse(names[i], &level) &&
		    level == (enum sp_log_level)i);
	CHECK(!sp_log_level_parse("loud", &level) && level == SP_LOG_ERROR);
	CHECK(!sp_log_level_parse("", &level));
}

static void
log_long(void)
{
	char text[5000];

	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	sp_log(SP_LOG_ERROR, "too.long", "%s", text);
}

static void
a_long_message_is_cut_not_lost(void)
{
	size_t len;
	char *text = captured(log_long, &len);
	json_t *line = json_loads(text, 0, NULL);

	CHECK(line != NULL && strlen(member(line, "message")) == 1023);
	CHECK(strcmp(member(line, "event"), "too.long") == 0);
	json_decref(line);
	free(text);
}

static void *
log_much(void *arg)
{
	for (int i = 0; i < 500; i++)
		sp_log(SP_LOG_INFO, "a.thread", "%s %d", (const char *)arg, i);
	return NULL;
}

static void
log_threads(void)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, log_much, names[i]) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

static void
lines_of_threads_do_not_mix(void)
{
	size_t len;
	char *text = captured(log_threads, &len);
	char *at = text;

	CHECK(lines_of(text) == 2000);
	while (*at != '\0') {
		char *end = strchr(at, '\n');
		json_t *line = json_loadb(at, (size_t)(end - at), 0, NULL);

		CHECK(line != NULL);
		json_decref(line);
		at = end + 1;
	}
	free(text);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a line is one JSON object", a_line_is_one_json_object },
		{ "levels below the least are quiet",
		    levels_below_the_least_are_quiet },
		{ "a long message is cut, not lost",
		    a_long_message_is_cut_not_lost },
		{ "lines of threads do not mix", lines_of_threads_do_not_mix },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
