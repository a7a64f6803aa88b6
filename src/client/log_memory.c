#include "client/log_memory.h"

#include "base/encode.h"
#include "base/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX    1024
#define CA_MAX     (8 << 20)
#define MEMORY_MAX ((size_t)4 * LEDGER_NOTE_MAX)

static const char reason_key[] = "log.key";

static void
add_name(struct sp_buf *out, const struct settings *s, const char *agency)
{
	SP_AUTO_BUF what = sp_buf_new(1024);
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[2 * CRYPTO_SHA256_LEN + 1];

	sp_buf_fmt(&what, "%s\n%s\n", sp_buf_str(&s->site), agency);
	crypto_sha256(sp_buf_str(&what), what.len, sum);
	sp_hex(sum, sizeof(sum), hex);
	sp_buf_fmt(out, "/%s.json", hex);
}

static enum sp_code
read_ca(struct log_memory *m, const struct settings *s, struct sp_err *err)
{
	SP_AUTO_BUF pem = sp_buf_new(CA_MAX);
	uint8_t sum[CRYPTO_SHA256_LEN];

	if (s->ca.len == 0)
		return SP_OK;
	SP_TRY(sp_file_read(AT_FDCWD, sp_buf_str(&s->ca), &pem, err));
	crypto_sha256(sp_buf_str(&pem), pem.len, sum);
	sp_hex(sum, sizeof(sum), m->ca);
	return SP_OK;
}

static enum sp_code
damaged(const struct log_memory *m, struct sp_err *err)
{
	return sp_fail(err, SP_E_CORRUPT,
	    "what was remembered of this log is damaged: look into %.110s",
	    sp_buf_str(&m->path));
}

static enum sp_code
recall(struct log_memory *m, const json_t *j, struct sp_err *err)
{
	const char *key = json_string_value(json_object_get(j, "key"));
	const char *note = json_string_value(json_object_get(j, "checkpoint"));
	const char *ca = json_string_value(json_object_get(j, "ca"));

	if (ca != NULL && strlen(ca) < sizeof(m->ca_then))
		memcpy(m->ca_then, ca, strlen(ca) + 1);
	if (key == NULL || note == NULL ||
	    ledger_vkey_parse(key, strlen(key), &m->key, err) != SP_OK)
		return damaged(m, err);
	m->known = true;
	if (*note == '\0')
		return SP_OK;
	if (ledger_checkpoint_check(
		&m->key, note, strlen(note), &m->seen, err) != SP_OK)
		return damaged(m, err);
	sp_buf_text(&m->note, note);
	return sp_buf_check(&m->note, "checkpoint", err);
}

static enum sp_code
read_memory(struct log_memory *m, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(MEMORY_MAX);
	SITE_AUTO_JSON j = NULL;
	enum sp_code code =
	    sp_file_read(AT_FDCWD, sp_buf_str(&m->path), &text, err);

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	if (client_site_json_parse(&text, &j, err) != SP_OK)
		return damaged(m, err);
	return recall(m, j, err);
}

enum sp_code
client_log_memory_open(struct log_memory *out, const struct settings *s,
    const char *agency, struct sp_err *err)
{
	return client_log_memory_open_in(out, NULL, s, agency, err);
}

static void
place(struct log_memory *m, const char *folder)
{
	struct sp_err none; /* without a place nothing is kept */

	if (folder != NULL)
		sp_buf_text(&m->path, folder);
	else if (client_settings_state_dir("logs", &m->path, &none) != SP_OK)
		sp_buf_clear(&m->path);
}

enum sp_code
client_log_memory_open_in(struct log_memory *out, const char *folder,
    const struct settings *s, const char *agency, struct sp_err *err)
{
	struct log_memory m = {
		.path = sp_buf_new(8192),
		.note = sp_buf_new(LEDGER_NOTE_MAX),
	};
	enum sp_code code = read_ca(&m, s, err);

	place(&m, folder);
	if (m.path.len > 0)
		add_name(&m.path, s, agency);
	if (!sp_buf_ok(&m.path))
		sp_buf_clear(&m.path);
	if (code == SP_OK && m.path.len > 0)
		code = read_memory(&m, err);
	if (code != SP_OK) {
		client_log_memory_done(&m);
		return code;
	}
	*out = m;
	return SP_OK;
}

void
client_log_memory_done(struct log_memory *m)
{
	sp_buf_free(&m->path);
	sp_buf_free(&m->note);
}

static enum sp_code
write_memory(const struct log_memory *m, struct sp_err *err)
{
	SP_AUTO_BUF key = sp_buf_new(KEY_MAX);

	if (m->path.len == 0)
		return SP_OK;
	ledger_vkey_text(&m->key, &key);
	SP_TRY(sp_buf_check(&key, "key", err));
	SITE_AUTO_JSON j = json_pack("{s:s, s:s, s:s}", "ca", m->ca,
	    "checkpoint", sp_buf_str(&m->note), "key", sp_buf_str(&key));
	char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);

	if (text == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a checkpoint");
	enum sp_code code = sp_file_replace(
	    AT_FDCWD, sp_buf_str(&m->path), text, strlen(text), 0600, err);

	free(text);
	return code;
}

static bool
same_key(const struct ledger_vkey *a, const struct ledger_vkey *b)
{
	return strcmp(a->name, b->name) == 0 && a->id == b->id &&
	    memcmp(a->pub, b->pub, sizeof(a->pub)) == 0;
}

static enum sp_code
fetch_key(struct site_client *c, struct ledger_vkey *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SP_AUTO_BUF text = sp_buf_new(KEY_MAX);

	SP_TRY(client_site_path(c, &path, err, "log/key"));
	SP_TRY(client_site_get(c, sp_buf_str(&path), &text, err));
	size_t len = text.len;

	if (len > 0 && text.at[len - 1] == '\n')
		len--;
	return ledger_vkey_parse(sp_buf_str(&text), len, out, err);
}

/* Whose CA its user has changed: no site can do that by itself. */
static bool
another_site(const struct log_memory *m)
{
	return !m->firm && *m->ca != '\0' && *m->ca_then != '\0' &&
	    strcmp(m->ca, m->ca_then) != 0;
}

enum sp_code
client_log_memory_key(struct log_memory *m, struct site_client *c,
    const struct ledger_vkey *given, struct sp_err *err)
{
	struct ledger_vkey told;

	if (m->asked && given == NULL)
		return SP_OK;
	SP_TRY(fetch_key(c, &told, err));
	m->told = told;
	if (given != NULL && !same_key(given, &told))
		return sp_fail_as(err, SP_E_CORRUPT, reason_key,
		    "the site's log is signed with key %.60s+%08" PRIx32
		    ", not with the one given",
		    told.name, told.id);
	if (m->known && !same_key(&m->key, &told) && !another_site(m))
		return sp_fail_as(err, SP_E_CORRUPT, reason_key,
		    "the site shows another log key than before (%08" PRIx32
		    "): ask the agency; remembered in %.110s",
		    told.id, sp_buf_str(&m->path));
	m->asked = true;
	if (m->known && same_key(&m->key, &told))
		return SP_OK;
	m->anew = m->known;
	sp_buf_clear(&m->note);
	m->seen = (struct ledger_checkpoint){ .size = 0 };
	m->key = told;
	m->known = true;
	return write_memory(m, err);
}

void
client_log_memory_tell(const struct log_memory *m)
{
	if (m->anew)
		(void)fputs("another site than before, by its CA and by its "
			    "log's key: what is known of its log begins "
			    "anew\n",
		    stderr);
}

enum sp_code
client_log_memory_compare(const struct log_memory *m,
    const struct ledger_checkpoint *now, struct sp_err *err)
{
	if (now->size < m->seen.size)
		return sp_fail_as(err, SP_E_CORRUPT, "log.rewound",
		    "the log went back: %" PRIu64 " entries were signed, now "
		    "it shows %" PRIu64,
		    m->seen.size, now->size);
	if (now->size == m->seen.size && m->seen.size > 0 &&
	    memcmp(&now->root, &m->seen.root, sizeof(now->root)) != 0)
		return sp_fail_as(err, SP_E_CORRUPT, "log.forked",
		    "the log was rewritten: two signed roots for its first "
		    "%" PRIu64 " entries",
		    now->size);
	return SP_OK;
}

enum sp_code
client_log_memory_keep(struct log_memory *m,
    const struct ledger_checkpoint *now, const struct sp_buf *note,
    struct sp_err *err)
{
	m->seen = *now;
	sp_buf_clear(&m->note);
	sp_buf_add(&m->note, note->at, note->len);
	SP_TRY(sp_buf_check(&m->note, "checkpoint", err));
	return write_memory(m, err);
}

enum sp_code
client_log_memory_option(
    const char *text, struct ledger_vkey *out, struct sp_err *err)
{
	SP_AUTO_BUF file = sp_buf_new(KEY_MAX);
	struct ledger_vkey key;

	/* A '+' and base64 make no likely file name; a key is tried first. */
	if (ledger_vkey_parse(text, strlen(text), &key, err) == SP_OK) {
		*out = key;
		return SP_OK;
	}
	SP_TRY(sp_file_read(AT_FDCWD, text, &file, err));
	size_t len = file.len;

	while (
	    len > 0 && (file.at[len - 1] == '\n' || file.at[len - 1] == '\r'))
		len--;
	SP_TRY(ledger_vkey_parse(sp_buf_str(&file), len, &key, err));
	*out = key;
	return SP_OK;
}
