#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192 /* of JSON; a message of controls grows sixfold */
#define TEXT_MAX_BYTES 1024

static const char *const level_names[] = {
#define X(id, name) [id] = (name),
	SP_LOG_LEVELS(X)
#undef X
};

static _Atomic(const char *) log_process = "sallyport";
static _Atomic enum sp_log_level log_least = SP_LOG_INFO;

void
sp_log_setup(const char *process, enum sp_log_level least)
{
	atomic_store(&log_process, process);
	atomic_store(&log_least, least);
}

bool
sp_log_level_parse(const char *s, enum sp_log_level *out)
{
	for (unsigned i = 0; i < SP_LOG_LEVEL_COUNT; i++) {
		if (strcmp(s, level_names[i]) == 0) {
			*out = (enum sp_log_level)i;
			return true;
		}
	}
	return false;
}

/* One write a line, so that the lines of several threads and processes do
 * not mix.  There is nowhere to report a log that cannot be written. */
static void
write_line(const void *line, size_t len)
{
	ssize_t n;

	do {
		n = write(STDERR_FILENO, line, len);
	} while (n < 0 && errno == EINTR);
}

static void
emit(enum sp_log_level level, const char *event, const char *text,
    const struct sp_err *err)
{
	static const char lost[] = "{\"event\":\"log.lost\"}\n";
	SP_AUTO_BUF line = sp_buf_new(LINE_MAX_BYTES);
	struct sp_json j = sp_json_to(&line);
	char when[SP_TIME_TEXT];

	sp_time_text(sp_now(), when);
	sp_json_object(&j, NULL);
	if (err != NULL) {
		sp_json_str(&j, "code", sp_code_name(err->code));
		sp_json_str(&j, "error", err->text);
	}
	sp_json_str(&j, "event", event);
	sp_json_str(&j, "level", level_names[level]);
	sp_json_str(&j, "message", text);
	sp_json_int(&j, "pid", getpid());
	sp_json_str(&j, "process", atomic_load(&log_process));
	sp_json_str(&j, "time", when);
	sp_json_end(&j);
	sp_buf_u8(&line, '\n');
	if (sp_buf_ok(&line))
		write_line(line.at, line.len);
	else
		write_line(lost, sizeof(lost) - 1);
}

static void SP_PRINTF(4, 0) vlog(enum sp_log_level level, const char *event,
    const struct sp_err *err, const char *fmt, va_list ap)
{
	int saved = errno;
	char text[TEXT_MAX_BYTES];

	if (level < atomic_load(&log_least))
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	sp_utf8_clean(text);
	emit(level, event, text, err);
	errno = saved;
}

void
sp_log(enum sp_log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(level, event, NULL, fmt, ap);
	va_end(ap);
}

void
sp_log_err(enum sp_log_level level, const char *event, const struct sp_err *err,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(level, event, err, fmt, ap);
	va_end(ap);
}
