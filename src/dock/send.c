#include "dock/send.h"

#include "base/encode.h"
#include "base/file.h"
#include "client/put_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define METADATA_MAX  8192
#define FILENAME_MAX_ 255 /* what a site takes (docs/api.md) */
#define CARD_PATH_MAX 1000

/* A name as a site takes it: UTF-8 without controls, not too long.  What is
 * cut is its middle, so that its kind can still be seen by its end. */
static void
safe_name(const char *name, char out[static FILENAME_MAX_ + 1])
{
	char clean[3 * (NAME_MAX + 1)];
	size_t len;

	(void)sp_utf8_quote(name, clean, sizeof(clean));
	len = strlen(clean);
	if (len <= FILENAME_MAX_) {
		memcpy(out, clean, len + 1);
		return;
	}
	size_t end = len - 60;

	while (end < len && ((uint8_t)clean[end] & 0xc0) == 0x80)
		end++;
	size_t tail = len - end;

	(void)sp_utf8_quote(clean, out, FILENAME_MAX_ + 1 - tail);
	memcpy(out + strlen(out), clean + end, tail + 1);
}

static void
add_pair(struct sp_buf *out, const char *name, const char *value)
{
	sp_buf_fmt(out, ",%s ", name);
	sp_buf_base64(out, value, strlen(value));
}

enum sp_code
dock_send_metadata(const struct dock_describe *d, const char *path,
    const struct dock_ident *is, const char *sha256, struct sp_buf *out,
    struct sp_err *err)
{
	const char *slash = strrchr(path, '/');
	char name[FILENAME_MAX_ + 1];
	char card_path[CARD_PATH_MAX + 1];
	char at[SP_TIME_TEXT];
	sp_time changed = is->mtime / 1000;
	struct put_options o = {
		.title = d->title, .category = d->category, .device = d->device
	};

	safe_name(slash == NULL ? path : slash + 1, name);
	if (is->mtime >= 0 && changed <= SP_TIME_MAX) {
		sp_time_text(changed, at);
		o.captured_at = at;
	}
	SP_TRY(client_put_file_metadata(&o, name, sha256, out, err));
	(void)sp_utf8_quote(path, card_path, sizeof(card_path));
	add_pair(out, "card_path", card_path);
	return sp_buf_check(out, "what describes the file", err);
}

void
dock_send_key(
    const char *once, const char *metadata, char out[static DOCK_KEY_TEXT])
{
	SP_AUTO_BUF what = sp_buf_new(METADATA_MAX + 100);
	uint8_t sum[CRYPTO_SHA256_LEN];

	sp_buf_fmt(&what, "%s\n%s\n", once, metadata);
	crypto_sha256(sp_buf_str(&what), what.len, sum);
	char hex[41];

	sp_hex(sum, 20, hex);
	(void)snprintf(out, DOCK_KEY_TEXT, "dock-%s", hex);
}

static enum sp_code
on_read(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	const struct dock_sending *s = arg;

	if (!s->go_on(s->arg, at, s->is.size))
		return sp_fail_as(
		    err, SP_E_UNAVAIL, dock_place_stopped, "stopped");
	SP_TRY(dock_place_read(s->fd, at, out, room, got, err));
	if (*got < room)
		return sp_fail_as(err, SP_E_CONFLICT, dock_place_changed,
		    "it became shorter while it was sent");
	return SP_OK;
}

static void
on_keep(void *arg, const char *id)
{
	struct dock_sending *s = arg;

	if (id == NULL)
		s->lost(s->arg, s->key);
	else
		s->made(s->arg, id);
}

static void
on_told(void *arg, uint64_t offset)
{
	struct dock_sending *s = arg;

	(void)s->go_on(s->arg, offset, s->is.size); /* asked again to read */
}

enum sp_code
dock_send(struct site_client *c, struct dock_sending *s,
    char evidence[static SP_ID_TEXT], struct sp_err *err)
{
	struct site_source bytes = {
		.read = on_read, .arg = s, .len = s->is.size
	};
	struct put_file file = {
		.bytes = &bytes, .metadata = s->metadata, .once = s->key
	};
	struct put_memory memory = { .keep = on_keep, .arg = s };
	struct put_watch watch = { .told = on_told, .arg = s };
	struct put_result result = { .resumed = 0 };
	bool fresh = *s->upload == '\0';

	memcpy(memory.id, s->upload, sizeof(memory.id));
	enum sp_code code =
	    client_put_upload(c, &file, &memory, &watch, &result, err);

	/* A key that was used before may lead to an upload that is no more. */
	if (fresh && (code == SP_E_NOTFOUND || code == SP_E_CONFLICT) &&
	    err->reason == client_site_refused) {
		s->lost(s->arg, s->key);
		*memory.id = '\0';
		code =
		    client_put_upload(c, &file, &memory, &watch, &result, err);
	}
	SP_TRY(code);
	memcpy(evidence, result.evidence, sizeof(result.evidence));
	return SP_OK;
}
