#include "client/put_file.h"

#include "base/encode.h"
#include "base/file.h"
#include "crypto/digest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define METADATA_MAX 8192
#define PIECE        ((size_t)1 << 20)

/* What cameras, phones, scanners and clerks hand in.  Browsers play by type. */
static const struct {
	const char *suffix;
	const char *type;
} types[] = {
	{ "mp4", "video/mp4" },
	{ "m4v", "video/mp4" },
	{ "mov", "video/quicktime" },
	{ "mkv", "video/x-matroska" },
	{ "webm", "video/webm" },
	{ "avi", "video/x-msvideo" },
	{ "ts", "video/mp2t" },
	{ "mp3", "audio/mpeg" },
	{ "m4a", "audio/mp4" },
	{ "wav", "audio/wav" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "png", "image/png" },
	{ "gif", "image/gif" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "heic", "image/heic" },
	{ "webp", "image/webp" },
	{ "pdf", "application/pdf" },
	{ "zip", "application/zip" },
	{ "json", "application/json" },
	{ "csv", "text/csv" },
	{ "txt", "text/plain" },
};

const char *
client_put_file_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < SP_COUNTOF(types); i++)
		if (strcasecmp(dot + 1, types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static void
add_pair(struct sp_buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	sp_buf_fmt(out, "%s%s ", out->len == 0 ? "" : ",", name);
	sp_buf_base64(out, value, strlen(value));
}

enum sp_code
client_put_file_metadata(const struct put_options *o, const char *path,
    const char *sha256, struct sp_buf *out, struct sp_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	add_pair(out, "filename", name);
	add_pair(out, "filetype",
	    o->type == NULL ? client_put_file_type(name) : o->type);
	add_pair(out, "title", o->title);
	add_pair(out, "category", o->category);
	add_pair(out, "device", o->device);
	add_pair(out, "captured_at", o->captured_at);
	add_pair(out, "sha256", sha256);
	return sp_buf_check(out, "what describes the file", err);
}

static enum sp_code
file_read(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	const int *fd = arg;

	return sp_file_pread_all(*fd, out, room, (off_t)at, got, err);
}

static void
tell(const struct put_options *o, const char *what, uint64_t done, uint64_t of)
{
	if (o->progress != NULL)
		o->progress(o->progress_arg, what, done, of);
}

static enum sp_code
hash_pieces(const struct put_options *o, int fd, struct put_done *d,
    uint8_t *piece, struct sp_err *err)
{
	CRYPTO_AUTO_DIGEST hash = crypto_digest_new(CRYPTO_SHA256);
	uint8_t sum[CRYPTO_SHA256_LEN];
	uint64_t at = 0;
	size_t got = 0;

	if (hash == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	do {
		SP_TRY(
		    sp_file_pread_all(fd, piece, PIECE, (off_t)at, &got, err));
		crypto_digest_add(hash, piece, got);
		at += got;
		tell(o, "hash", at, d->size);
		if (o->interrupted != NULL && o->interrupted())
			return sp_fail_as(err, SP_E_UNAVAIL,
			    client_site_interrupted, "interrupted");
	} while (got == PIECE);
	if (at != d->size)
		return sp_fail(
		    err, SP_E_CONFLICT, "the file changed while it was read");
	crypto_digest_get(hash, sum);
	sp_hex(sum, sizeof(sum), d->sha256);
	return SP_OK;
}

static enum sp_code
hash_file(
    const struct put_options *o, int fd, struct put_done *d, struct sp_err *err)
{
	uint8_t *piece = malloc(PIECE);
	enum sp_code code;

	if (piece == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory to read a file");
	code = hash_pieces(o, fd, d, piece, err);
	free(piece);
	return code;
}

/* What the callbacks of client_put_upload need. */
struct sending {
	const struct put_options *o;
	const struct put_done *d;
	const struct upload_memory *memory;
};

static void
on_keep(void *arg, const char *id)
{
	struct sending *s = arg;

	if (id == NULL)
		client_upload_memory_forget(s->memory);
	else
		client_upload_memory_keep(s->memory, id, s->d->sha256);
}

static void
on_told(void *arg, uint64_t offset)
{
	struct sending *s = arg;

	tell(s->o, "send", offset, s->d->size);
}

static enum sp_code
send_file(const struct put_options *o, const char *path, int fd,
    struct put_done *d, struct upload_memory *memory, struct sp_err *err)
{
	SP_AUTO_BUF metadata = sp_buf_new(METADATA_MAX);
	int file_at = fd;
	struct sending s = { .o = o, .d = d, .memory = memory };
	struct site_source bytes = {
		.read = file_read, .arg = &file_at, .len = d->size
	};
	struct put_memory known = { .keep = on_keep, .arg = &s };
	struct put_watch watch = { .told = on_told, .arg = &s };

	SP_TRY(client_put_file_metadata(o, path, d->sha256, &metadata, err));
	struct put_file file = { .bytes = &bytes,
		.metadata = sp_buf_str(&metadata),
		.chunk = o->chunk };

	memcpy(known.id, memory->id, sizeof(known.id));
	return client_put_upload(
	    o->client, &file, &known, &watch, &d->result, err);
}

static enum sp_code
open_file(const char *path, int *fd, struct stat *st, struct sp_err *err)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, st) != 0)
		return sp_fail_os(err, "it cannot be opened");
	if (!S_ISREG(st->st_mode))
		return sp_fail(err, SP_E_INVALID, "this is no file");
	return SP_OK;
}

static enum sp_code
put_whole(const struct put_options *o, const char *path, struct put_done *d,
    struct sp_err *err)
{
	SP_AUTO_FD fd = -1;
	struct stat st;

	SP_TRY(open_file(path, &fd, &st, err));
	UPLOAD_AUTO_MEMORY memory = client_upload_memory_open(
	    o->settings, sp_buf_str(&o->client->agency), path, &st);

	d->size = (uint64_t)st.st_size;
	memcpy(d->sha256, memory.sha256, sizeof(d->sha256));
	if (*d->sha256 == '\0')
		SP_TRY(hash_file(o, fd, d, err));
	SP_TRY(send_file(o, path, fd, d, &memory, err));
	SP_TRY(client_receipt_fetch(
	    &d->receipt, o->client, o->log, d->result.evidence, err));
	SP_TRY(client_receipt_covers(&d->receipt, d->sha256, d->size, err));
	client_upload_memory_forget(&memory);
	return SP_OK;
}

enum sp_code
client_put_file(const struct put_options *o, const char *path,
    struct put_done *out, struct sp_err *err)
{
	struct put_done d = { .receipt = client_receipt_new() };
	enum sp_code code = put_whole(o, path, &d, err);

	if (code != SP_OK) {
		client_put_done_free(&d);
		return code;
	}
	*out = d;
	return SP_OK;
}

void
client_put_done_free(struct put_done *d)
{
	client_receipt_done(&d->receipt);
}
