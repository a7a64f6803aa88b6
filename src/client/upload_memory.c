#include "client/upload_memory.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "client/site.h"
#include "crypto/digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX 4096
#define DAY        (86400 * SP_SECOND)
#define FOLDER     "uploads"

/* The absolute path; the name as given where that cannot be told. */
static void
add_path(struct sp_buf *b, const char *path)
{
	char *real = realpath(path, NULL);

	sp_buf_text(b, real == NULL ? path : real);
	free(real);
}

static void
add_name(struct sp_buf *out, const struct sp_buf *what)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];

	crypto_sha256(sp_buf_str(what), what->len, sum);
	sp_hex(sum, sizeof(sum), hex);
	sp_buf_fmt(out, "/%s.json", hex);
}

static bool
is_hex64(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static void
recall(struct upload_memory *m)
{
	SP_AUTO_BUF text = sp_buf_new(MEMORY_MAX);
	struct sp_err err;
	struct sp_id id;
	json_t *j = NULL;

	if (sp_file_read(AT_FDCWD, sp_buf_str(&m->path), &text, &err) !=
		SP_OK ||
	    client_site_json_parse(&text, &j, &err) != SP_OK)
		return;
	const char *upload = json_string_value(json_object_get(j, "upload"));
	const char *sum = json_string_value(json_object_get(j, "sha256"));

	if (upload != NULL && sum != NULL && is_hex64(sum) &&
	    sp_id_parse(upload, strlen(upload), &id)) {
		sp_id_text(&id, m->id);
		memcpy(m->sha256, sum, sizeof(m->sha256));
	}
	json_decref(j);
}

struct upload_memory
client_upload_memory_open(const struct settings *s, const char *agency,
    const char *path, const struct stat *st)
{
	struct upload_memory m = { .path = sp_buf_new(8192) };
	SP_AUTO_BUF what = sp_buf_new(16384);
	struct sp_err err;

	sp_buf_fmt(&what, "%s\n%s\n", sp_buf_str(&s->site), agency);
	add_path(&what, path);
	sp_buf_fmt(&what, "\n%jd\n%ju\n%jd.%09ld\n", (intmax_t)st->st_size,
	    (uintmax_t)st->st_ino, (intmax_t)st->st_mtim.tv_sec,
	    st->st_mtim.tv_nsec);
	if (client_settings_state_dir(FOLDER, &m.path, &err) == SP_OK)
		add_name(&m.path, &what);
	if (!sp_buf_ok(&what) || !sp_buf_ok(&m.path))
		sp_buf_clear(&m.path);
	if (m.path.len > 0)
		recall(&m);
	return m;
}

void
client_upload_memory_keep(
    const struct upload_memory *m, const char *id, const char *sha256)
{
	char text[160];
	struct sp_err err;

	if (m->path.len == 0)
		return;
	int len = snprintf(text, sizeof(text),
	    "{\"sha256\":\"%s\",\"upload\":\"%s\"}\n", sha256, id);

	if (sp_file_replace(AT_FDCWD, sp_buf_str(&m->path), text, (size_t)len,
		0600, &err) != SP_OK)
		client_upload_memory_forget(m);
}

void
client_upload_memory_forget(const struct upload_memory *m)
{
	if (m->path.len > 0)
		(void)unlink(sp_buf_str(&m->path)); /* it expires anyway */
}

void
client_upload_memory_done(struct upload_memory *m)
{
	sp_buf_free(&m->path);
}

static void
remove_if_old(void *arg, const char *name)
{
	SP_AUTO_BUF path = sp_buf_new(8192);
	const sp_time oldest = sp_now() - UPLOAD_MEMORY_DAYS * DAY;
	struct stat st;

	sp_buf_fmt(&path, "%s/%s", (const char *)arg, name);
	if (sp_buf_ok(&path) && lstat(sp_buf_str(&path), &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_mtim.tv_sec < oldest / SP_SECOND)
		(void)unlink(sp_buf_str(&path)); /* or the next time */
}

void
client_upload_memory_tidy(void)
{
	SP_AUTO_BUF folder = sp_buf_new(4096);
	struct sp_err err;

	if (client_settings_state_dir(FOLDER, &folder, &err) == SP_OK)
		SP_IGNORE(sp_file_each(
		    (char *)folder.at, remove_if_old, folder.at, &err));
}
