#include "cmd/doctor_site.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/parse.h"
#include "cmd/helper.h"
#include "cmd/present.h"
#include "cmd/site_file.h"
#include "crypto/cert.h"
#include "crypto/provider.h"
#include "vault/store.h"

#include <archive.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DAY          (86400 * SP_SECOND)
#define EXPIRES_SOON 30 /* days */
#define PEM_MAX      ((size_t)1 << 20)
#define FREE_WRONG   (UINT64_C(1) << 30)
#define FREE_NOTE    (UINT64_C(20) << 30)
/* 2,000 connections with an object each, 12,000 streams of events, databases;
 * of each connection and stream a thread, and its stack, guard and buffers. */
#define FILES_WANTED   16512
#define LOCKED_WANTED  (UINT64_C(1) << 20)
#define THREADS_WANTED 14500
#define MAPS_WANTED    45000
#define PATH_LIMIT     4096

/* ---- Who may read what ---- */

static void
path_in(struct sp_buf *out, const char *dir, const char *name)
{
	sp_buf_clear(out);
	if (*name == '/')
		sp_buf_text(out, name);
	else
		sp_buf_fmt(out, "%s/%s", dir, name);
}

void
cmd_doctor_site_private(
    struct doctor_report *r, const char *dir, const char *name)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);
	struct stat st;

	path_in(&path, dir, name);
	if (lstat(sp_buf_str(&path), &st) != 0) {
		cmd_doctor_report_add(r, DOCTOR_WRONG, "keys",
		    "restore it from a backup", "%s: %s", name,
		    strerrordesc_np(errno));
		return;
	}
	if ((st.st_mode & 077) != 0)
		cmd_doctor_report_add(r, DOCTOR_WRONG, "keys",
		    "run chmod go= on it; if others have accounts on this "
		    "machine, take the keys for known to them",
		    "%s may be used by others (mode %04o)", name,
		    (unsigned)(st.st_mode & 07777));
}

struct keys {
	struct doctor_report *r;
	const char *dir;
	uint64_t n;
};

static void
look_at_key(void *arg, const char *name)
{
	struct keys *k = arg;
	char path[300];

	(void)snprintf(path, sizeof(path), "keeper/%s", name);
	cmd_doctor_site_private(k->r, k->dir, path);
	k->n++;
}

/* DIR/keeper and all in it. */
static void
look_at_keys(struct doctor_report *r, const char *dir)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);
	struct keys k = { .r = r, .dir = dir };
	uint64_t wrong = r->count[DOCTOR_WRONG];
	struct sp_err err;

	path_in(&path, dir, "keeper");
	cmd_doctor_site_private(r, dir, "keeper");
	if (sp_file_each(sp_buf_str(&path), look_at_key, &k, &err) != SP_OK)
		cmd_doctor_report_err(r, "keys",
		    "restore keeper/ from a backup: without it no evidence "
		    "can be read",
		    "keeper/", &err);
	else if (r->count[DOCTOR_WRONG] == wrong)
		cmd_doctor_report_add(r, DOCTOR_GOOD, "keys", NULL,
		    "keeper/: %" PRIu64 " files, all their owner's alone", k.n);
}

/* ---- Certificates ---- */

void
cmd_doctor_site_cert(
    struct doctor_report *r, const char *name, const char *pem, int64_t now)
{
	static const char renew[] =
	    "put a new one in its place, then send serve a SIGHUP";
	struct sp_err err;
	int64_t expiry = 0;
	char when[SP_TIME_TEXT];

	if (crypto_cert_expiry(pem, &expiry, &err) != SP_OK) {
		cmd_doctor_report_err(r, "tls", renew, name, &err);
		return;
	}
	sp_time_text(expiry, when);
	when[10] = '\0'; /* the day */
	if (expiry <= now)
		cmd_doctor_report_add(r, DOCTOR_WRONG, "tls", renew,
		    "%s expired on %s", name, when);
	else if (expiry - now < EXPIRES_SOON * DAY)
		cmd_doctor_report_add(r, DOCTOR_NOTE, "tls", renew,
		    "%s expires in %" PRId64 " days, on %s", name,
		    (expiry - now) / DAY, when);
	else
		cmd_doctor_report_add(r, DOCTOR_GOOD, "tls", NULL,
		    "%s is good until %s", name, when);
}

static void
look_at_cert(struct doctor_report *r, const char *dir, const char *name)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_LIMIT);
	SP_AUTO_BUF pem = sp_buf_new(PEM_MAX);
	struct sp_err err;

	path_in(&path, dir, name);
	if (sp_file_read(AT_FDCWD, sp_buf_str(&path), &pem, &err) != SP_OK)
		cmd_doctor_report_err(
		    r, "tls", "site.json names it; restore it", name, &err);
	else
		cmd_doctor_site_cert(r, name, sp_buf_str(&pem), sp_now());
}

static void
look_at_tls(struct doctor_report *r, const char *dir)
{
	struct site_file f;
	struct sp_err err;

	if (cmd_site_file_read(dir, &f, &err) != SP_OK) {
		cmd_doctor_report_err(r, "site",
		    "restore site.json from a backup", "site.json", &err);
		return;
	}
	cmd_doctor_site_private(r, dir, f.key);
	look_at_cert(r, dir, f.cert);
	look_at_cert(r, dir, "ca.pem");
}

/* ---- The disk ---- */

static void
look_at_space(struct doctor_report *r, const char *dir)
{
	struct statvfs vfs;
	char text[PRESENT_SIZE];

	if (statvfs(dir, &vfs) != 0) {
		cmd_doctor_report_add(r, DOCTOR_WRONG, "disk",
		    "see what is wrong with the file system",
		    "free space is not told: %s", strerrordesc_np(errno));
		return;
	}
	uint64_t left = (uint64_t)vfs.f_bavail * vfs.f_frsize;

	cmd_present_size(left, text);
	if (left < FREE_WRONG)
		cmd_doctor_report_add(r, DOCTOR_WRONG, "disk",
		    "uploads fail when it is full (507): make room",
		    "%s are free", text);
	else if (left < FREE_NOTE)
		cmd_doctor_report_add(r, DOCTOR_NOTE, "disk",
		    "plan for more: uploads fail when it is full (507)",
		    "%s are free", text);
	else
		cmd_doctor_report_add(
		    r, DOCTOR_GOOD, "disk", NULL, "%s are free", text);
}

/* One block written past the page cache into a file without a name. */
static int
try_direct(const char *dir, void *block)
{
	SP_AUTO_FD fd =
	    open(dir, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, block, VAULT_ALIGN, 0) != (ssize_t)VAULT_ALIGN)
		return errno;
	return 0;
}

static void
look_at_direct(struct doctor_report *r, const char *dir)
{
	void *block = aligned_alloc(VAULT_ALIGN, VAULT_ALIGN);
	int why = ENOMEM;

	if (block != NULL) {
		memset(block, 0, VAULT_ALIGN);
		why = try_direct(dir, block);
	}
	free(block);
	if (why == 0)
		cmd_doctor_report_add(
		    r, DOCTOR_GOOD, "disk", NULL, "it takes direct writes");
	else
		cmd_doctor_report_add(r, DOCTOR_NOTE, "disk",
		    "everything works, and uploads cost more of the machine; "
		    "ext4 and XFS take them",
		    "it takes no direct writes (%s)", strerrordesc_np(why));
}

/* ---- This machine ---- */

void
cmd_doctor_site_limits(struct doctor_report *r, const struct doctor_machine *m)
{
	uint64_t notes = r->count[DOCTOR_NOTE];

	if (m->files < FILES_WANTED)
		cmd_doctor_report_add(r, DOCTOR_NOTE, "limits",
		    "give the service LimitNOFILE=65536, or serve with fewer "
		    "--connections and --event-streams",
		    "at most %ju files may be open here, and %d may be wanted",
		    (uintmax_t)m->files, FILES_WANTED);
	if (m->locked < LOCKED_WANTED)
		cmd_doctor_report_add(r, DOCTOR_NOTE, "limits",
		    "give the service LimitMEMLOCK=8M, so that keys never "
		    "reach a swap device",
		    "only %ju bytes of memory may be locked here",
		    (uintmax_t)m->locked);
	if (m->threads < THREADS_WANTED)
		cmd_doctor_report_add(r, DOCTOR_NOTE, "limits",
		    "raise kernel.pid_max, kernel.threads-max and the "
		    "service's TasksMax, or serve with fewer --event-streams",
		    "at most %ju threads may run here, and %d may be wanted",
		    (uintmax_t)m->threads, THREADS_WANTED);
	if (m->maps < MAPS_WANTED)
		cmd_doctor_report_add(r, DOCTOR_NOTE, "limits",
		    "raise vm.max_map_count, or serve with fewer "
		    "--event-streams",
		    "a process may have %ju pieces of memory, and %d may be "
		    "wanted",
		    (uintmax_t)m->maps, MAPS_WANTED);
	if (r->count[DOCTOR_NOTE] == notes)
		cmd_doctor_report_add(r, DOCTOR_GOOD, "limits", NULL,
		    "enough files, threads and locked memory may be had");
}

/* A number of the kernel's, in a file of its own. */
static uint64_t
kernel_number(const char *path)
{
	SP_AUTO_BUF text = sp_buf_new(100);
	struct sp_err err;
	uint64_t n = UINT64_MAX;

	if (sp_file_read(AT_FDCWD, path, &text, &err) != SP_OK ||
	    !sp_parse_u64(sp_buf_str(&text), strcspn(sp_buf_str(&text), "\n"),
		0, UINT64_MAX, &n))
		return UINT64_MAX;
	return n;
}

static uint64_t
ceiling(const struct rlimit *l)
{
	return l->rlim_max == RLIM_INFINITY ? UINT64_MAX : l->rlim_max;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
look_at_limits(struct doctor_report *r)
{
	struct rlimit files, locked, processes;
	struct doctor_machine m;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    getrlimit(RLIMIT_MEMLOCK, &locked) != 0 ||
	    getrlimit(RLIMIT_NPROC, &processes) != 0)
		return; /* it cannot fail with these */
	m.files = ceiling(&files);
	m.locked = ceiling(&locked);
	m.threads = least(ceiling(&processes),
	    least(kernel_number("/proc/sys/kernel/pid_max"),
		kernel_number("/proc/sys/kernel/threads-max")));
	m.maps = kernel_number("/proc/sys/vm/max_map_count");
	cmd_doctor_site_limits(r, &m);
}

static void
tell_versions(struct doctor_report *r)
{
	cmd_doctor_report_add(r, DOCTOR_GOOD, "versions", NULL,
	    "sallyport %s, %s, GnuTLS %s, libmicrohttpd %s, jansson %s, "
	    "libcurl %s, %s",
	    SP_VERSION, crypto_provider_version(), gnutls_check_version(NULL),
	    MHD_get_version(), jansson_version_str(),
	    curl_version_info(CURLVERSION_NOW)->version,
	    archive_version_string());
}

/* ---- Programs ---- */

void
cmd_doctor_site_helper(
    struct doctor_report *r, const char *name, const char *without)
{
	SP_AUTO_BUF path = sp_buf_new((size_t)2 * PATH_LIMIT);
	struct sp_err err;

	if (cmd_helper_path(name, &path, &err) != SP_OK)
		cmd_doctor_report_err(
		    r, "programs", "look at /proc", name, &err);
	else if (access(sp_buf_str(&path), X_OK) != 0)
		cmd_doctor_report_add(r, DOCTOR_WRONG, "programs",
		    "install the package again, or build all of it; then "
		    "restart the server",
		    "%s cannot be run (%s): %s", sp_buf_str(&path),
		    strerrordesc_np(errno), without);
}

static void
look_at_helpers(struct doctor_report *r)
{
	cmd_doctor_site_helper(r, "sallyport-media", "nobody looks into media");
	cmd_doctor_site_helper(r, "sallyport-press",
	    "reports are not set, and bags carry them as plain text");
}

void
cmd_doctor_site_look(struct doctor_report *r, const char *dir)
{
	tell_versions(r);
	look_at_helpers(r);
	look_at_limits(r);
	look_at_space(r, dir);
	look_at_direct(r, dir);
	look_at_tls(r, dir);
	look_at_keys(r, dir);
}
