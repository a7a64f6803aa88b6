#include "dock/journal.h"

#include "base/file.h"
#include "base/json.h"
#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1
#define NS      INT64_C(1000000000)

static const struct {
	const char *name;
	unsigned has;
} acts[DOCK_ACT_COUNT] = {
#define X(id, name, has) { name, has },
	DOCK_ACTS(X)
#undef X
};

const char *
dock_act_name(enum dock_act act)
{
	SP_REQUIRE((size_t)act < DOCK_ACT_COUNT);
	return acts[act].name;
}

unsigned
dock_act_has(enum dock_act act)
{
	SP_REQUIRE((size_t)act < DOCK_ACT_COUNT);
	return acts[act].has;
}

/* ---- Writing a line ---- */

/* "1795298947.662161705", "-1.000000000": exact, and readable as seconds. */
static void
time_text(int64_t ns, char out[static 24])
{
	uint64_t all = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	(void)snprintf(out, 24, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
	    all / (uint64_t)NS, all % (uint64_t)NS);
}

static void
put_time(struct sp_json *j, const char *name, int64_t ns)
{
	char text[24];

	time_text(ns, text);
	sp_json_str(j, name, text);
}

static void
put_if(struct sp_json *j, bool has, const char *name, const char *value)
{
	if (has)
		sp_json_str(j, name, value);
}

/* The members in the order that canonical JSON wants. */
static void
put_members(struct sp_json *j, const struct dock_line *l,
    const struct dock_header *h, const char *sum)
{
	unsigned has = acts[l->act].has;
	bool file = (has & DOCK_HAS_FILE) != 0;
	bool text = sp_utf8_ok(l->path, strlen(l->path));
	bool dock = (has & DOCK_HAS_DOCK) != 0;
	char ino[24];

	put_if(j, dock, "agency", dock ? h->agency : "");
	char at[SP_TIME_TEXT];

	sp_time_text(l->at, at);
	sp_json_str(j, "at", at);
	if (file)
		put_time(j, "ctime", l->is.ctime);
	put_if(j, dock, "dir", dock ? h->dir : "");
	sp_json_str(j, "do", acts[l->act].name);
	if ((has & DOCK_HAS_ENTRY) != 0)
		sp_json_int(j, "entry", (int64_t)l->entry);
	put_if(j, (has & DOCK_HAS_EVIDENCE) != 0, "evidence", l->evidence);
	(void)snprintf(ino, sizeof(ino), "%" PRIu64, l->is.ino);
	put_if(j, file, "ino", ino);
	if ((has & DOCK_HAS_ENTRY) != 0)
		sp_json_int(j, "log_size", (int64_t)l->log_size);
	if (file)
		put_time(j, "mtime", l->is.mtime);
	put_if(j, (has & DOCK_HAS_ONCE) != 0, "once", l->once);
	put_if(j, file && text, "path", l->path);
	if (file && !text)
		sp_json_hex(j, "path_hex", l->path, strlen(l->path));
	put_if(j, (has & DOCK_HAS_SHA) != 0, "sha256", l->sha256);
	put_if(j, dock, "site", dock ? h->site : "");
	if (file || (has & DOCK_HAS_SHA) != 0)
		sp_json_int(j, "size", (int64_t)l->is.size);
	sp_json_str(j, "sum", sum);
	put_if(j, (has & DOCK_HAS_UPLOAD) != 0, "upload", l->upload);
	if (dock)
		sp_json_int(j, "version", VERSION);
}

static const char no_sum[DOCK_SUM] = "0000000000000000";

static enum sp_code
write_with(const struct dock_line *l, const struct dock_header *h,
    const char *sum, struct sp_buf *out, struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);

	sp_buf_clear(out);
	sp_json_object(&j, NULL);
	put_members(&j, l, h, sum);
	put_if(&j, (acts[l->act].has & DOCK_HAS_WHY) != 0, "why", l->why);
	sp_json_end(&j);
	sp_buf_u8(out, '\n');
	return sp_buf_check(out, "line of the journal", err);
}

/* The line after the one whose sum is `sum`, which becomes this one's. */
static enum sp_code
write_line(const struct dock_line *l, const struct dock_header *h,
    char sum[static DOCK_SUM], struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF what = sp_buf_new(DOCK_LINE_MAX + DOCK_SUM);
	uint8_t hash[CRYPTO_SHA256_LEN];

	SP_TRY(write_with(l, h, no_sum, out, err));
	sp_buf_text(&what, sum);
	sp_buf_add(&what, out->at, out->len);
	SP_TRY(sp_buf_check(&what, "line of the journal", err));
	crypto_sha256(what.at, what.len, hash);
	sp_hex(hash, (DOCK_SUM - 1) / 2, sum);
	return write_with(l, h, sum, out, err);
}

/* ---- Reading a line ---- */

static bool
get_text(const json_t *o, const char *name, char *out, size_t room)
{
	const json_t *v = json_object_get(o, name);
	size_t len = json_string_length(v);

	if (!json_is_string(v) || len >= room ||
	    strlen(json_string_value(v)) != len)
		return false;
	memcpy(out, json_string_value(v), len + 1);
	return true;
}

static bool
get_number(const json_t *o, const char *name, uint64_t *out)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    json_integer_value(v) > SP_JSON_INT_MAX)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

static bool
get_id(const json_t *o, const char *name, char out[static SP_ID_TEXT])
{
	struct sp_id id;

	return get_text(o, name, out, SP_ID_TEXT) &&
	    sp_id_parse(out, strlen(out), &id);
}

/* The inverse of time_text, and nothing else. */
static bool
get_time(const json_t *o, const char *name, int64_t *out)
{
	char text[24];
	char again[24];
	uint64_t whole = 0;
	uint64_t part = 0;
	uint64_t all = 0;

	if (!get_text(o, name, text, sizeof(text)))
		return false;
	const char *s = text + (*text == '-');
	size_t len = strcspn(s, ".");

	/* One before the nanoseconds, so that leading zeroes are no matter. */
	char nine[16] = "1";

	if (s[len] != '.' || strlen(s + len + 1) != 9)
		return false;
	memcpy(nine + 1, s + len + 1, 10);
	if (!sp_parse_u64(s, len, 0, UINT64_MAX, &whole) ||
	    !sp_parse_u64(nine, 10, (uint64_t)NS, 2 * (uint64_t)NS - 1, &part))
		return false;
	if (__builtin_mul_overflow(whole, (uint64_t)NS, &all) ||
	    __builtin_add_overflow(all, part - (uint64_t)NS, &all) ||
	    all > (uint64_t)INT64_MAX + (*text == '-'))
		return false;
	*out = *text == '-' ? (int64_t)(0 - all) : (int64_t)all;
	time_text(*out, again);
	return strcmp(text, again) == 0;
}

static bool
get_path(const json_t *o, char out[static DOCK_PATH_MAX + 1])
{
	char hex[2 * DOCK_PATH_MAX + 1];

	if (get_text(o, "path", out, DOCK_PATH_MAX + 1))
		return *out != '\0';
	if (!get_text(o, "path_hex", hex, sizeof(hex)))
		return false;
	size_t len = strlen(hex) / 2;

	if (len == 0 || !sp_hex_parse(hex, strlen(hex), out, len))
		return false;
	out[len] = '\0';
	return strlen(out) == len;
}

static bool
get_file(const json_t *o, struct dock_line *l)
{
	char ino[24];

	return get_path(o, l->path) && get_number(o, "size", &l->is.size) &&
	    get_time(o, "mtime", &l->is.mtime) &&
	    get_time(o, "ctime", &l->is.ctime) &&
	    get_text(o, "ino", ino, sizeof(ino)) &&
	    sp_parse_u64(ino, strlen(ino), 0, UINT64_MAX, &l->is.ino);
}

static bool
get_sha(const json_t *o, struct dock_line *l)
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	return get_text(o, "sha256", l->sha256, sizeof(l->sha256)) &&
	    sp_hex_parse(l->sha256, strlen(l->sha256), sum, sizeof(sum)) &&
	    get_number(o, "size", &l->is.size);
}

static bool
get_header(const json_t *o, struct dock_header *h)
{
	uint64_t version = 0;

	return get_text(o, "agency", h->agency, sizeof(h->agency)) &&
	    get_text(o, "site", h->site, sizeof(h->site)) &&
	    get_text(o, "dir", h->dir, sizeof(h->dir)) &&
	    get_number(o, "version", &version) && version == VERSION;
}

static bool
get_act(const json_t *o, enum dock_act *out)
{
	const char *name = json_string_value(json_object_get(o, "do"));

	for (size_t i = 0; name != NULL && i < DOCK_ACT_COUNT; i++)
		if (strcmp(name, acts[i].name) == 0) {
			*out = (enum dock_act)i;
			return true;
		}
	return false;
}

static bool
get_line(const json_t *o, struct dock_line *l, struct dock_header *h)
{
	char at[SP_TIME_TEXT];

	if (!get_act(o, &l->act) || !get_text(o, "at", at, sizeof(at)) ||
	    !sp_time_parse(at, strlen(at), &l->at))
		return false;
	unsigned has = acts[l->act].has;

	return ((has & DOCK_HAS_DOCK) == 0 || get_header(o, h)) &&
	    ((has & DOCK_HAS_FILE) == 0 || get_file(o, l)) &&
	    ((has & DOCK_HAS_SHA) == 0 || get_sha(o, l)) &&
	    ((has & DOCK_HAS_ONCE) == 0 || get_id(o, "once", l->once)) &&
	    ((has & DOCK_HAS_UPLOAD) == 0 || get_id(o, "upload", l->upload)) &&
	    ((has & DOCK_HAS_EVIDENCE) == 0 ||
		get_id(o, "evidence", l->evidence)) &&
	    ((has & DOCK_HAS_ENTRY) == 0 ||
		(get_number(o, "entry", &l->entry) &&
		    get_number(o, "log_size", &l->log_size))) &&
	    ((has & DOCK_HAS_WHY) == 0 ||
		get_text(o, "why", l->why, sizeof(l->why)));
}

struct dock_reader
dock_reader_new(const struct dock_replay *replay)
{
	return (struct dock_reader){ .replay = replay,
		.sum = "0000000000000000",
		.left = sp_buf_new(DOCK_LINE_MAX) };
}

void
dock_reader_done(struct dock_reader *r)
{
	sp_buf_free(&r->left);
}

static enum sp_code
damaged(const struct dock_reader *r, const char *how, struct sp_err *err)
{
	return sp_fail(err, SP_E_CORRUPT,
	    "the journal is damaged: line %" PRIu64 " %s", r->lines + 1, how);
}

/* A whole line, with its LF.  The text is read again as it would be written:
 * what differs was not written here. */
static enum sp_code
take_line(
    struct dock_reader *r, const char *text, size_t len, struct sp_err *err)
{
	SP_AUTO_BUF again = sp_buf_new(DOCK_LINE_MAX);
	struct dock_line l = { .at = 0 };
	struct sp_err none;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	bool good = json_is_object(o) && get_line(o, &l, &r->header);

	json_decref(o);
	if (!good || (l.act == DOCK_BEGIN) != (r->lines == 0))
		return damaged(r, "is none of a dock's", err);
	if (write_line(&l, &r->header, r->sum, &again, &none) != SP_OK ||
	    again.len != len || memcmp(again.at, text, len) != 0)
		return damaged(r, "was changed, or lines before it", err);
	r->lines++;
	r->whole += len;
	if (l.act == DOCK_BEGIN)
		return SP_OK;
	return r->replay->line(r->replay->arg, &l, err);
}

/* From `left`, whose LF has come. */
static enum sp_code
end_line(struct dock_reader *r, struct sp_err *err)
{
	if (memchr(r->left.at, '\0', r->left.len) != NULL) {
		r->torn = true;
		return SP_OK;
	}
	SP_TRY(take_line(r, sp_buf_str(&r->left), r->left.len, err));
	sp_buf_clear(&r->left);
	return SP_OK;
}

enum sp_code
dock_reader_feed(
    struct dock_reader *r, const void *bytes, size_t len, struct sp_err *err)
{
	const uint8_t *at = bytes;
	const uint8_t *end = at + len;

	while (at < end) {
		const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
		const uint8_t *to = lf == NULL ? end : lf + 1;

		if (r->torn)
			return damaged(r, "holds zeroes", err);
		sp_buf_add(&r->left, at, (size_t)(to - at));
		if (!sp_buf_ok(&r->left))
			return damaged(r, "is too long", err);
		if (lf != NULL)
			SP_TRY(end_line(r, err));
		at = to;
	}
	return SP_OK;
}

/* ---- The file ---- */

struct dock_journal {
	int fd;
	uint64_t end;       /* of the last good line */
	char sum[DOCK_SUM]; /* of that */
	struct dock_header header;
	bool stopped;
};

static enum sp_code
feed_file(struct dock_reader *r, int fd, struct sp_err *err)
{
	uint8_t piece[8192];
	uint64_t at = 0;
	size_t got = sizeof(piece);

	while (got == sizeof(piece)) {
		if (at > DOCK_JOURNAL_MAX)
			return sp_fail(err, SP_E_LIMIT,
			    "the journal is too long: begin another with "
			    "--journal");
		SP_TRY(sp_file_pread_all(
		    fd, piece, sizeof(piece), (off_t)at, &got, err));
		SP_TRY(dock_reader_feed(r, piece, got, err));
		at += got;
	}
	return SP_OK;
}

static enum sp_code
open_file(const char *path, int flags, int *fd, struct sp_err *err)
{
	struct stat st;

	*fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (*fd < 0)
		return sp_fail_os(err, "journal %.120s", path);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		return sp_fail(err, SP_E_INVALID,
		    "journal %.120s is no regular file", path);
	return SP_OK;
}

enum sp_code
dock_journal_read(const char *path, struct dock_header *header,
    const struct dock_replay *replay, struct sp_err *err)
{
	SP_AUTO_FD fd = -1;
	SP_CLEANUP(dock_reader_done)
	struct dock_reader r = dock_reader_new(replay);

	SP_TRY(open_file(path, O_RDONLY, &fd, err));
	SP_TRY(feed_file(&r, fd, err));
	if (r.lines == 0)
		return sp_fail(err, SP_E_NOTFOUND, "the journal is empty");
	*header = r.header;
	return SP_OK;
}

void
dock_journal_free(struct dock_journal *j)
{
	if (j == NULL)
		return;
	sp_file_closep(&j->fd); /* and with it the lock */
	free(j);
}

static enum sp_code
check_header(const struct dock_header *is, const struct dock_header *want,
    struct sp_err *err)
{
	if (strcmp(is->agency, want->agency) != 0)
		return sp_fail(err, SP_E_CONFLICT,
		    "this journal is of agency %.40s: name another with "
		    "--journal",
		    is->agency);
	if (strcmp(is->site, want->site) != 0)
		return sp_fail(err, SP_E_CONFLICT,
		    "this journal is of site %.100s: name another with "
		    "--journal",
		    is->site);
	if (strcmp(is->dir, want->dir) != 0)
		return sp_fail(err, SP_E_CONFLICT,
		    "this journal is of folder %.100s: name another with "
		    "--journal",
		    is->dir);
	return SP_OK;
}

static enum sp_code
begin(struct dock_journal *j, const char *path, struct sp_err *err)
{
	struct dock_line l = { .act = DOCK_BEGIN };

	SP_TRY(dock_journal_add(j, &l, err));
	/* The name as well must be there after a crash. */
	SP_AUTO_BUF folder = sp_buf_new(DOCK_NAME_MAX);
	const char *slash = strrchr(path, '/');

	sp_buf_add(&folder, path, slash == NULL ? 0 : (size_t)(slash - path));
	if (folder.len == 0)
		sp_buf_text(&folder, slash == NULL ? "." : "/");
	SP_TRY(sp_buf_check(&folder, "path of the journal", err));
	return sp_file_sync_dir(AT_FDCWD, sp_buf_str(&folder), err);
}

static enum sp_code
take_up(struct dock_journal *j, const char *path,
    const struct dock_replay *replay, struct sp_err *err)
{
	SP_CLEANUP(dock_reader_done)
	struct dock_reader r = dock_reader_new(replay);

	if (flock(j->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
		    ? sp_fail(err, SP_E_LOCKED,
			  "another dock is at work on this folder")
		    : sp_fail_os(err, "lock of %.120s", path);
	SP_TRY(feed_file(&r, j->fd, err));
	j->end = r.whole;
	memcpy(j->sum, r.sum, sizeof(j->sum));
	if (ftruncate(j->fd, (off_t)j->end) != 0)
		return sp_fail_os(err, "journal %.120s", path);
	if (r.lines == 0)
		return begin(j, path, err);
	return check_header(&r.header, &j->header, err);
}

enum sp_code
dock_journal_open(struct dock_journal **out, const char *path,
    const struct dock_header *header, const struct dock_replay *replay,
    struct sp_err *err)
{
	struct dock_journal *j = calloc(1, sizeof(*j));
	enum sp_code code;

	if (j == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a journal");
	j->fd = -1;
	j->header = *header;
	code = open_file(path, O_RDWR | O_CREAT, &j->fd, err);
	if (code == SP_OK)
		code = take_up(j, path, replay, err);
	if (code != SP_OK) {
		dock_journal_free(j);
		return code;
	}
	*out = j;
	return SP_OK;
}

/* Back to the last good line; when even that fails, nothing more is written. */
static enum sp_code
undo(struct dock_journal *j, const struct sp_err *why, struct sp_err *err)
{
	if (ftruncate(j->fd, (off_t)j->end) != 0) {
		j->stopped = true;
		return sp_fail(err, SP_E_STOPPED,
		    "the journal cannot be written, nor put back as it was");
	}
	*err = *why;
	return why->code;
}

enum sp_code
dock_journal_add(
    struct dock_journal *j, struct dock_line *line, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(DOCK_LINE_MAX);
	struct sp_err why = { .code = SP_OK };
	char sum[DOCK_SUM];

	if (j->stopped)
		return sp_fail(
		    err, SP_E_STOPPED, "writing the journal failed before");
	line->at = sp_now();
	memcpy(sum, j->sum, sizeof(sum));
	SP_TRY(write_line(line, &j->header, sum, &text, err));
	if (sp_file_pwrite_all(j->fd, text.at, text.len, (off_t)j->end, &why) !=
	    SP_OK)
		return undo(j, &why, err);
	if (fdatasync(j->fd) != 0) {
		/* What is on the disk is not known, and asking again would
		 * not tell: see fsync(2). */
		j->stopped = true;
		return sp_fail(err, SP_E_STOPPED,
		    "the journal could not be brought to the disk");
	}
	memcpy(j->sum, sum, sizeof(sum));
	j->end += text.len;
	return SP_OK;
}
