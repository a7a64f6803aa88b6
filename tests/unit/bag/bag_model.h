#ifndef BAG_MODEL_H
#define BAG_MODEL_H

#include "bag/bag_fixture.h"
#include "base/encode.h"

/* A bag as a folder's worth of files, to be harmed and made into an archive:
 * the manifests are computed when it is, unless a test puts its own. */
#define MODEL_FILES 64

struct model {
	struct {
		char path[180];
		char bytes[16000];
		size_t len;
	} file[MODEL_FILES];
	size_t n;
};

static inline void
model_put(struct model *m, const char *path, const char *bytes)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->file[i].path, path) != 0)
		i++;
	CHECK(i < MODEL_FILES && strlen(bytes) < sizeof(m->file[i].bytes));
	if (i == m->n)
		m->n++;
	CHECK(snprintf(m->file[i].path, sizeof(m->file[i].path), "%s", path) <
	    (int)sizeof(m->file[i].path));
	m->file[i].len = strlen(bytes);
	memcpy(m->file[i].bytes, bytes, m->file[i].len + 1);
}

static inline char *
model_bytes(struct model *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->file[i].path, path) == 0)
			return m->file[i].bytes;
	abort(); /* no such file: the test is wrong */
	return NULL;
}

static inline void
model_drop(struct model *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->file[i].path, path) == 0) {
			m->file[i] = m->file[--m->n];
			return;
		}
	}
	abort(); /* no such file: the test is wrong */
}

static inline void
model_manifest(struct model *m, bool tags, enum crypto_digest_kind kind)
{
	SP_AUTO_BUF text = sp_buf_new(15999);
	char name[40];

	for (size_t i = 0; i < m->n; i++) {
		CRYPTO_AUTO_DIGEST d = crypto_digest_new(kind);
		uint8_t sum[CRYPTO_DIGEST_MAX];
		char hex[2 * CRYPTO_DIGEST_MAX + 1];

		if (bag_path_is_payload(m->file[i].path) == tags ||
		    strncmp(m->file[i].path, "tagmanifest", 11) == 0)
			continue;
		crypto_digest_add(d, m->file[i].bytes, m->file[i].len);
		crypto_digest_get(d, sum);
		sp_hex(sum, crypto_digest_len(kind), hex);
		sp_buf_fmt(&text, "%s  ", hex);
		bag_path_escape(m->file[i].path, &text);
		sp_buf_text(&text, "\n");
	}
	(void)snprintf(name, sizeof(name), "%smanifest-%s.txt",
	    tags ? "tag" : "", crypto_digest_name(kind));
	CHECK(sp_buf_ok(&text));
	model_put(m, name, sp_buf_str(&text));
}

static inline void
model_payload_manifests(struct model *m)
{
	model_manifest(m, false, CRYPTO_SHA256);
	model_manifest(m, false, CRYPTO_SHA512);
}

static inline void
model_tag_manifests(struct model *m)
{
	model_manifest(m, true, CRYPTO_SHA256);
	model_manifest(m, true, CRYPTO_SHA512);
}

/* All files in one base directory. */
static inline void
model_archive(const struct model *m, enum bag_format format, struct sp_buf *out)
{
	struct bag_member member[MODEL_FILES];
	char path[MODEL_FILES][184];

	for (size_t i = 0; i < m->n; i++) {
		CHECK(snprintf(path[i], sizeof(path[i]), "b/%s",
			  m->file[i].path) < (int)sizeof(path[i]));
		member[i] = (struct bag_member){
			.path = path[i],
			.bytes = m->file[i].bytes,
			.len = m->file[i].len,
		};
	}
	bag_fixture_make(format, member, m->n, out);
}

static inline void
model_folder(const struct model *m, const char *dir)
{
	for (size_t i = 0; i < m->n; i++)
		bag_fixture_file(
		    dir, m->file[i].path, m->file[i].bytes, m->file[i].len);
}

#endif
