#include "cmd/log_witness.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "cmd/notify.h"
#include "cmd/signals.h"
#include "witness/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTEN_DEFAULT "127.0.0.1:8444"
#define STOP_SECONDS   10

/* What answering takes, once it listens: files of its folder, threads, what is
 * accepted.  No new socket. */
static const char *const allowed[] = { "read", "write", "readv", "writev",
	"pread64", "openat", "close", "lseek", "fstat", "newfstatat", "statx",
	"getdents64", "fsync", "fchmod", "rename", "renameat", "renameat2",
	"unlink", "unlinkat", "fcntl", "ioctl", "eventfd2", "mmap", "munmap",
	"mprotect", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock",
	"clone:thread", "set_robust_list", "rseq", "futex", "sched_yield",
	"sched_getaffinity", "gettid", "getpid", "tgkill", "rt_sigprocmask",
	"rt_sigaction", "sigaltstack", "prctl", "prlimit64", "sysinfo",
	"accept4", "setsockopt", "getsockopt", "getsockname", "getpeername",
	"shutdown", "recvfrom", "recvmsg", "sendto", "sendmsg", "poll", "ppoll",
	"clock_gettime", "clock_nanosleep", "gettimeofday", "time",
	"getrandom" };

struct run {
	const struct cmd *self;
	const char *dir;
	const char *name;
	const char *listen;
	const char *cert, *key;
	const char *log[CMD_REPEATS + 1];
	bool json;
	int fd;   /* of dir */
	int lock; /* held */
	int signals;
	size_t logs;
	struct witness_desk *desk;
	struct witness_service *service;
};

/* ---- Its folder ---- */

static enum sp_code
no_name(const struct run *r, struct sp_err *err)
{
	return sp_fail(err, SP_E_INVALID,
	    "%.80s has no witness yet: give the new one a --name (such as "
	    "witness.example.gov/court)",
	    r->dir);
}

static enum sp_code
open_folder(struct run *r, struct sp_err *err)
{
	if (r->name == NULL && access(r->dir, F_OK) != 0 && errno == ENOENT)
		return no_name(r, err);
	SP_TRY(sp_file_mkdir(AT_FDCWD, r->dir, 0700, err));
	r->fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0)
		return sp_fail_os(err, "open %s", r->dir);
	r->lock = openat(r->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->lock < 0)
		return sp_fail_os(err, "open %s/lock", r->dir);
	if (flock(r->lock, LOCK_EX | LOCK_NB) == 0)
		return SP_OK;
	if (errno == EWOULDBLOCK)
		return sp_fail(err, SP_E_CONFLICT,
		    "a witness runs in %.100s already", r->dir);
	return sp_fail_os(err, "lock %s", r->dir);
}

static enum sp_code
open_desk(struct run *r, struct sp_err *err)
{
	struct stat st;

	if (fstatat(r->fd, WITNESS_KEY_FILE, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			return sp_fail_os(err, "look for a key");
		if (r->name == NULL)
			return no_name(r, err);
		SP_TRY(witness_desk_make(r->fd, r->name, err));
	}
	SP_TRY(witness_desk_open(&r->desk, r->fd, err));
	if (r->name == NULL ||
	    strcmp(r->name, witness_desk_public(r->desk)->name) == 0)
		return SP_OK;
	return sp_fail(err, SP_E_INVALID,
	    "the witness in %.60s is named %.100s, which cannot change", r->dir,
	    witness_desk_public(r->desk)->name);
}

/* Those of the command line. */
static enum sp_code
add_logs(const struct run *r, struct witness_logs *logs, struct sp_err *err)
{
	struct sp_err why = { .code = SP_OK };

	for (size_t i = 0; r->log[i] != NULL; i++) {
		enum sp_code code =
		    witness_logs_add(logs, r->log[i], strlen(r->log[i]), &why);

		if (code != SP_OK)
			return sp_fail(err, code, "--log: %.150s", why.text);
	}
	return SP_OK;
}

/* Before anything is made. */
static enum sp_code
check_words(const struct run *r, struct sp_err *err)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	struct edge_listen listen;

	SP_TRY(edge_listen_parse(r->listen, &listen, err));
	return add_logs(r, &logs, err);
}

static enum sp_code
read_logs(struct run *r, struct sp_err *err)
{
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(WITNESS_LOGS_TEXT_MAX);
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	SP_TRY(add_logs(r, &logs, err));
	code = sp_file_read(r->fd, "logs", &text, err);
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	code = witness_logs_add_text(&logs, sp_buf_str(&text), text.len, &why);
	if (code != SP_OK)
		return sp_fail(
		    err, code, "%.60s/logs, %.120s", r->dir, why.text);
	r->logs = witness_logs_count(&logs);
	witness_desk_set_logs(r->desk, &logs);
	return SP_OK;
}

/* ---- Starting ---- */

static enum sp_code
tell(const struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF vkey = sp_buf_new(1024);
	SP_AUTO_BUF url = sp_buf_new(256);
	SP_AUTO_BUF line = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&line);
	struct edge_listen l;

	SP_TRY(edge_listen_parse(r->listen, &l, err));
	ledger_cosigner_text(witness_desk_public(r->desk), &vkey);
	sp_buf_fmt(&url, "%s://%s%s%s:%u", r->cert == NULL ? "http" : "https",
	    l.v6 ? "[" : "", l.address, l.v6 ? "]" : "",
	    witness_service_port(r->service));
	if (r->json) {
		sp_json_object(&j, NULL);
		sp_json_int(&j, "logs", (int64_t)r->logs);
		sp_json_str(&j, "state", "ready");
		sp_json_str(&j, "url", sp_buf_str(&url));
		sp_json_str(&j, "vkey", sp_buf_str(&vkey));
		sp_json_end(&j);
		sp_buf_u8(&line, '\n');
	} else {
		sp_buf_fmt(&line,
		    "witness %s\n  ready at %s, for %zu log%s\n"
		    "  a site that is to ask it is told this key and address; "
		    "so is whoever wants its word\n",
		    sp_buf_str(&vkey), sp_buf_str(&url), r->logs,
		    r->logs == 1 ? "" : "s");
	}
	SP_TRY(sp_buf_check(&line, "a line", err));
	(void)fwrite(line.at, 1, line.len, stdout);
	if (fflush(stdout) != 0)
		return sp_fail_os(err, "write standard output");
	return SP_OK;
}

static enum sp_code
serve(struct run *r, struct sp_err *err)
{
	struct witness_service_options o = {
		.desk = r->desk, .cert_path = r->cert, .key_path = r->key
	};

	SP_TRY(edge_listen_parse(r->listen, &o.listen, err));
	SP_TRY(witness_service_start(&r->service, &o, err));
	SP_TRY(cmd_notify_send("READY=1", err)); /* takes a socket */
	SP_TRY(sp_process_sandbox(allowed, SP_COUNTOF(allowed), err));
	return tell(r, err);
}

static enum sp_code
start(struct run *r, struct sp_err *err)
{
	static const int heard[] = { SIGTERM, SIGINT, SIGHUP };

	(void)signal(SIGPIPE, SIG_IGN);
	SP_TRY(check_words(r, err));
	SP_TRY(sp_process_harden(err));
	SP_TRY(cmd_signals_open(heard, SP_COUNTOF(heard), &r->signals, err));
	SP_TRY(open_folder(r, err));
	SP_TRY(open_desk(r, err));
	SP_TRY(read_logs(r, err));
	return serve(r, err);
}

/* ---- Running ---- */

static void
reload(struct run *r)
{
	struct sp_err err = { .code = SP_OK };

	if (read_logs(r, &err) == SP_OK)
		sp_log(SP_LOG_INFO, "logs.reloaded", "%zu logs are known",
		    r->logs);
	else
		sp_log_err(SP_LOG_ERROR, "logs.kept", &err,
		    "the logs known before stay");
	if (witness_service_reload(r->service, &err) != SP_OK)
		sp_log_err(SP_LOG_ERROR, "certificate.kept", &err,
		    "the certificate used before stays");
}

/* Until someone says stop. */
static void
hear(struct run *r)
{
	struct pollfd p = { .fd = r->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(&p, 1, -1) < 0)
			continue; /* interrupted */
		while (read(r->signals, &info, sizeof(info)) ==
		    (ssize_t)sizeof(info)) {
			if (info.ssi_signo != SIGHUP)
				return;
			reload(r);
		}
	}
}

static void
finish(struct run *r)
{
	witness_service_stop(r->service, STOP_SECONDS);
	witness_desk_free(r->desk);
	sp_file_closep(&r->signals);
	sp_file_closep(&r->lock);
	sp_file_closep(&r->fd);
}

int
cmd_log_witness_run(const struct cmd *self, int argc, char **argv)
{
	struct run r = { .self = self,
		.listen = LISTEN_DEFAULT,
		.fd = -1,
		.lock = -1,
		.signals = -1 };
	const struct cmd_option option[] = {
		{ "name", 0, "NAME",
		    "of a new witness, as an address without "
		    "https://",
		    &r.name, NULL },
		{ "listen", 0, "ADDRESS:PORT", "default " LISTEN_DEFAULT,
		    &r.listen, NULL },
		{ "log", 0, "KEY...",
		    "a log to witness (and those in DIR/logs)", r.log, NULL },
		{ "cert", 0, "FILE", "certificate chain (PEM)", &r.cert, NULL },
		{ "key", 0, "FILE", "its private key (PEM)", &r.key, NULL },
		{ "json", 0, NULL, "print JSON, one object a line", NULL,
		    &r.json },
	};
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one DIR is the witness's");
	if ((r.cert == NULL) != (r.key == NULL))
		return cmd_usage(self, "--cert and --key go together");
	r.dir = operand[0];
	sp_log_setup("witness", SP_LOG_INFO);
	if (start(&r, &err) == SP_OK)
		hear(&r);
	else
		code = err.code == SP_E_INVALID
		    ? cmd_usage(self, "%s", err.text)
		    : cmd_fail(self, &err);
	finish(&r);
	return code;
}
