#include "http/server.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "cmd/control.h"
#include "cmd/hiring.h"
#include "cmd/serve_args.h"
#include "cmd/signals.h"
#include "cmd/table.h"
#include "crypto/cert.h"
#include "crypto/leaf.h"
#include "errand/desk.h"
#include "federation/source.h"
#include "grants/tick.h"
#include "processing/crew.h"
#include "report/press.h"
#include "vouch/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_EVERY 2 /* seconds between housekeepings */
#define ASKS_BYTES ((size_t)4 << 10)

/* What serving takes, once it listens: files below the site, threads, what
 * is accepted.  No new socket but pairs (which lead nowhere, until an end is
 * handed on), so that nothing can be sent elsewhere. */
static const char *const allowed[] = { "read", "write", "readv", "writev",
	"pread64", "pwrite64", "preadv", "pwritev", "openat", "open", "close",
	"lseek", "stat", "fstat", "lstat", "newfstatat", "statx", "fstatfs",
	"statfs", "access", "faccessat", "faccessat2", "getdents64", "readlink",
	"readlinkat", "getcwd", "fsync", "fdatasync", "fallocate", "ftruncate",
	"rename", "renameat", "renameat2", "link", "linkat", "unlink",
	"unlinkat", "mkdir", "mkdirat", "rmdir", "fchmod", "fchown",
	"utimensat", "flock", "fcntl", "eventfd2", "ioctl", "mmap", "munmap",
	"mprotect", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock",
	"clone", "set_robust_list", "rseq", "futex", "sched_yield",
	"sched_getaffinity", "gettid", "getpid", "getppid", "getuid", "geteuid",
	"getgid", "getegid", "tgkill", "rt_sigprocmask", "rt_sigaction",
	"sigaltstack", "prctl", "prlimit64", "getrusage", "sysinfo", "accept4",
	"setsockopt", "socketpair", "getsockopt", "getsockname", "getpeername",
	"shutdown", "recvfrom", "recvmsg", "sendto", "sendmsg", "poll", "ppoll",
	"clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getrandom" };

struct server {
	const struct serve_args *args;
	int control;
	int signals;
	bool stop;
	struct evidence_site *site;
	struct http_server *http;
	struct sp_buf asks; /* of http_server_options */
	struct report_press *press;
	struct cmd_hiring *hiring;
	struct processing_crew *crew; /* NULL: nobody looks into media */
	struct vouch_courier *courier;
	struct errand_desk *errands; /* for sign-in elsewhere */
	struct federation_sources *federation;
	pthread_t ticker;
	bool ticks; /* the thread runs */
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool done; /* the ticker is to end; with `lock` */
};

/* ---- Housekeeping ---- */

/* Until the next round, or the end; with `lock`. */
static void
rest(struct server *s)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TICK_EVERY;
	while (
	    !s->done && pthread_cond_timedwait(&s->over, &s->lock, &until) == 0)
		;
}

/* The first round is at once: what a crash left untold is told. */
static void *
tick(void *arg)
{
	struct server *s = arg;

	(void)pthread_mutex_lock(&s->lock); /* a plain one: cannot fail */
	while (!s->done) {
		(void)pthread_mutex_unlock(&s->lock);
		evidence_site_tick(s->site);
		grants_tick(s->site);
		(void)pthread_mutex_lock(&s->lock);
		rest(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

static enum sp_code
start_ticker(struct server *s, struct sp_err *err)
{
	pthread_condattr_t attr;

	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(&s->over, &attr) == 0);
	SP_REQUIRE(pthread_condattr_destroy(&attr) == 0);
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	if (pthread_create(&s->ticker, NULL, tick, s) != 0)
		return sp_fail(err, SP_E_NOMEM, "no thread for housekeeping");
	s->ticks = true;
	return SP_OK;
}

static void
stop_ticker(struct server *s)
{
	if (!s->ticks)
		return;
	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	s->done = true;
	SP_REQUIRE(pthread_cond_signal(&s->over) == 0);
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
	SP_REQUIRE(pthread_join(s->ticker, NULL) == 0);
	s->ticks = false;
}

/* ---- What the supervisor and signals say ---- */

/* Rules that cannot be read change nothing: the old ones stay. */
static void
reload_rules(void *arg, struct evidence_room *room)
{
	const char *slug = evidence_room_agency(room)->slug;
	struct sp_err err = { .code = SP_OK };
	bool *ok = arg, changed = false;

	if (evidence_room_reload(room, &changed, &err) != SP_OK) {
		*ok = false;
		sp_log_err(SP_LOG_ERROR, "rules.kept", &err,
		    "%s: the old rules stay in force", slug);
	} else if (changed) {
		sp_log(SP_LOG_INFO, "rules.reloaded",
		    "%s: other rules are in force", slug);
	}
}

static void
reload(struct server *s)
{
	struct sp_err err = { .code = SP_OK };
	bool ok;

	if (s->http == NULL)
		return;
	vouch_courier_wake(s->courier);
	ok = http_server_reload(s->http, &err) == SP_OK;
	if (ok)
		sp_log(SP_LOG_INFO, "certificate.reloaded",
		    "new connections use %s", sp_buf_str(&s->args->cert));
	else
		sp_log_err(SP_LOG_ERROR, "certificate.kept", &err,
		    "reload failed, the old certificate stays");
	evidence_site_each_room(s->site, reload_rules, &ok);
	if (cmd_control_send(
		s->control, CONTROL_RELOADED, ok ? 1 : 0, -1, &err) != SP_OK)
		sp_log_err(SP_LOG_ERROR, "control.failed", &err, "reloaded");
}

static void
hear_signals(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(s);
		else
			s->stop = true;
	}
}

static void
attach_messenger(struct server *s, uint16_t whose, int *fd)
{
	if (whose == CONTROL_FOR_SIGNIN)
		errand_desk_attach(s->errands, sp_file_steal(fd));
	else
		vouch_courier_attach(s->courier, sp_file_steal(fd));
}

/* A connection to a keeper, a press, a messenger or a media worker; anything
 * else ends us, with the supervisor. */
static void
hear_control(struct server *s)
{
	enum control_message m = CONTROL_MESSAGE_COUNT;
	struct sp_err err = { .code = SP_OK };
	SP_AUTO_FD fd = -1;
	uint16_t value = 0;

	if (cmd_control_receive(s->control, &m, &value, &fd, &err) != SP_OK)
		m = CONTROL_MESSAGE_COUNT;
	if (m == CONTROL_KEEPER) {
		keeper_client_attach(
		    evidence_site_keeper(s->site), sp_file_steal(&fd));
		sp_log(SP_LOG_INFO, "keeper.attached", "keys can be used");
	} else if (m == CONTROL_PRESS) {
		report_press_attach(s->press, sp_file_steal(&fd));
	} else if (m == CONTROL_MESSENGER) {
		attach_messenger(s, value, &fd);
	} else if (m == CONTROL_WORKER || m == CONTROL_NO_WORKER) {
		cmd_hiring_take(s->hiring, value, sp_file_steal(&fd));
	} else {
		sp_log(SP_LOG_ERROR, "supervisor.gone",
		    "nobody watches this process: it stops");
		s->stop = true;
	}
}

/* Wait for something to happen, and let it. */
static void
hear(struct server *s)
{
	struct pollfd p[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->control, .events = POLLIN },
	};

	if (poll(p, SP_COUNTOF(p), -1) < 0)
		return; /* interrupted: look again */
	if (p[0].revents != 0)
		hear_signals(s);
	if (p[1].revents != 0)
		hear_control(s);
}

/* ---- Starting ---- */

static const int heard[] = { SIGTERM, SIGINT, SIGHUP };

static enum sp_code
settle(struct server *s, struct sp_err *err)
{
	const int keep[] = { CONTROL_FD, LOCK_FD };

	for (size_t i = 0; i < SP_COUNTOF(keep); i++)
		if (fcntl(keep[i], F_SETFD, FD_CLOEXEC) != 0)
			return sp_fail(err, SP_E_INVALID,
			    "this process is started by serve");
	s->control = CONTROL_FD;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return sp_fail_os(err, "end with the supervisor");
	SP_TRY(sp_process_harden(err));
	return cmd_signals_open(heard, SP_COUNTOF(heard), &s->signals, err);
}

/* Every agency's room; a keeper that dies meanwhile is waited for. */
static enum sp_code
open_rooms(struct server *s, struct sp_err *err)
{
	struct keeper_client *keeper = evidence_site_keeper(s->site);
	enum sp_code code = SP_E_UNAVAIL;

	while (!s->stop) {
		if (!keeper_client_connected(keeper)) {
			hear(s);
			continue;
		}
		code = evidence_site_open_rooms(s->site, err);
		if (code != SP_E_UNAVAIL)
			return code;
		sp_log_err(SP_LOG_WARN, "rooms.waiting", err,
		    "not every room is open yet");
		if (keeper_client_connected(keeper))
			return code; /* something else is not there */
	}
	return sp_fail(err, SP_E_UNAVAIL, "stopped before it was ready");
}

static enum sp_code
start_crew(struct server *s, struct sp_err *err)
{
	size_t n = s->args->limits.media_workers;
	struct processing_hire hire = { .worker = cmd_hiring_worker };

	if (s->args->no_media)
		return SP_OK;
	hire.self = s->hiring;
	return processing_crew_start(
	    &s->crew, s->site, &hire, n == 0 ? 1 : n, err);
}

/* A messenger is wanted.  Unheard, it is asked for again. */
static void
call_messenger(void *self)
{
	const struct server *s = self;

	SP_IGNORE(cmd_control_send(
	    s->control, CONTROL_CALL, CONTROL_FOR_VOUCHING, -1, NULL));
}

static void
call_for_signin(void *self)
{
	const struct server *s = self;

	SP_IGNORE(cmd_control_send(
	    s->control, CONTROL_CALL, CONTROL_FOR_SIGNIN, -1, NULL));
}

static enum sp_code
run_errand(void *self, struct errand *e, unsigned *status, struct sp_buf *body,
    struct sp_err *err)
{
	const struct server *s = self;

	return errand_desk_run(s->errands, e, status, body, err);
}

static enum sp_code
open_errands(struct server *s, struct sp_err *err)
{
	const struct federation_sources_options sources = {
		.run = run_errand,
		.self = s,
		.local = s->args->idp_local,
	};
	const struct errand_desk_options o = {
		.call = call_for_signin,
		.self = s,
	};

	SP_TRY(errand_desk_open(&s->errands, &o, err));
	return federation_sources_new(&s->federation, &sources, err);
}

static enum sp_code
start_courier(struct server *s, struct sp_err *err)
{
	const struct vouch_courier_options o = {
		.site = s->site,
		.dir = s->args->dir,
		.gap = s->args->limits.witness_gap,
		.call = call_messenger,
		.self = s,
	};

	return vouch_courier_start(&s->courier, &o, err);
}

/* What there is before anybody can connect. */
static enum sp_code
prepare(struct server *s, struct sp_err *err)
{
	const struct serve_limits *l = &s->args->limits;
	struct evidence_site_options site = { .dir = s->args->dir,
		.buffers = l->buffers,
		.workers = l->workers,
		.limits = l->evidence };

	SP_TRY(settle(s, err));
	s->hiring = cmd_hiring_new(s->control);
	s->press = report_press_new();
	if (s->hiring == NULL || s->press == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the server");
	SP_TRY(evidence_site_open(&s->site, &site, err));
	SP_TRY(open_errands(s, err));
	return start_courier(s, err);
}

static enum sp_code
start_http(struct server *s, struct sp_err *err)
{
	const struct serve_limits *l = &s->args->limits;
	SP_AUTO_BUF key = sp_buf_secret(ASKS_BYTES);
	struct http_server_options http = { .routes = &api_routes,
		.site = s->site,
		.press = s->press,
		.courier = s->courier,
		.federation = s->federation,
		.listen = s->args->listen,
		.cert_path = sp_buf_str(&s->args->cert),
		.key_path = sp_buf_str(&s->args->key),
		.origins = &s->args->origins,
		.limits = l->http,
		.upload_max = l->evidence.upload_max,
		.starting = true };

	/* For its name alone (crypto/leaf.h): its key is thrown away. */
	SP_TRY(crypto_cert_make_ca(CRYPTO_LEAF_ISSUER, &s->asks, &key, err));
	http.asks = sp_buf_str(&s->asks);
	SP_TRY(http_server_start(&s->http, &http, err));
	return sp_process_sandbox(allowed, SP_COUNTOF(allowed), err);
}

static enum sp_code
start(struct server *s, struct sp_err *err)
{
	SP_TRY(prepare(s, err));
	SP_TRY(start_http(s, err));
	SP_TRY(open_rooms(s, err));
	SP_TRY(start_ticker(s, err));
	SP_TRY(start_crew(s, err));
	http_server_ready(s->http);
	return cmd_control_send(
	    s->control, CONTROL_READY, http_server_port(s->http), -1, err);
}

/* ---- Stopping ---- */

static void
finish(struct server *s)
{
	unsigned grace = s->args->limits.stop_seconds;

	if (s->hiring != NULL)
		cmd_hiring_end(s->hiring); /* the crew waits there */
	processing_crew_stop(s->crew);
	cmd_hiring_free(s->hiring);
	stop_ticker(s);
	if (s->errands != NULL)
		errand_desk_end(s->errands); /* handlers wait there */
	if (s->http != NULL)
		http_server_stop(
		    s->http, grace == 0 ? SERVE_STOP_SECONDS : grace);
	vouch_courier_stop(s->courier);
	errand_desk_close(s->errands);
	federation_sources_free(s->federation);
	if (s->site != NULL)
		evidence_site_close(s->site);
	report_press_free(s->press);
	sp_buf_free(&s->asks);
	sp_file_closep(&s->signals);
}

int
cmd_server_run(const struct cmd *self, int argc, char **argv)
{
	SERVE_AUTO_ARGS args = { .dir = NULL };
	struct server s = { .args = &args,
		.control = -1,
		.signals = -1,
		.asks = sp_buf_new(ASKS_BYTES) };
	struct sp_err err = { .code = SP_OK };
	int code = cmd_serve_args_parse(self, argc, argv, &args);

	if (code != CMD_DONE)
		return code;
	sp_log_setup("server", args.log_level);
	if (start(&s, &err) != SP_OK && !s.stop)
		code = cmd_fail(self, &err);
	while (code == CMD_DONE && !s.stop)
		hear(&s);
	finish(&s);
	return code;
}
