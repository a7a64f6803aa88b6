#include "bag/write.h"

#include "base/encode.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Bytes handed to the sink at once. */
#define BLOCK (256 << 10)

/* The two algorithms of every bag, and their manifests. */
static const enum crypto_digest_kind kinds[] = { CRYPTO_SHA256, CRYPTO_SHA512 };
#define KINDS SP_COUNTOF(kinds)

struct bag_write {
	struct bag_write_options o;
	struct archive *archive;
	/* libarchive turns names into UTF-8 from the thread's locale. */
	locale_t utf8;
	struct sp_err failed; /* the sink's */
	bool broken;          /* it failed: nothing reaches it any more */
	struct sp_buf manifest[KINDS];
	struct sp_buf tagmanifest[KINDS];
	struct crypto_digest *digest[KINDS]; /* of the payload under way */
	char path[BAG_PATH_MAX + 1];
	uint64_t left; /* of it */
	uint64_t files;
	uint64_t tag_bytes;
};

static la_ssize_t
to_sink(struct archive *a, void *arg, const void *bytes, size_t len)
{
	struct bag_write *w = arg;

	(void)a;
	if (w->broken)
		return -1;
	if (w->o.sink(w->o.sink_arg, bytes, len, &w->failed) != SP_OK) {
		w->broken = true;
		return -1;
	}
	return (la_ssize_t)len;
}

/* What a libarchive call said, in our words. */
static enum sp_code
archive_said(struct bag_write *w, int rc, struct sp_err *err)
{
	const char *text;

	if (rc >= ARCHIVE_OK)
		return SP_OK;
	if (w->failed.code != SP_OK) {
		*err = w->failed;
		return err->code;
	}
	w->broken = true;
	text = archive_error_string(w->archive);
	return sp_fail(err, SP_E_INTERNAL, "writing the archive: %s",
	    text == NULL ? "no memory" : text);
}

static int
archive_setup(struct bag_write *w)
{
	struct archive *a = w->archive;
	locale_t before = uselocale(w->utf8);
	int rc;

	if (w->o.format == BAG_ZIP) {
		rc = archive_write_set_format_zip(a);
		/* Evidence is compressed already; stored, it streams. */
		if (rc == ARCHIVE_OK)
			rc = archive_write_zip_set_compression_store(a);
		if (rc == ARCHIVE_OK)
			rc = archive_write_set_options(a, "hdrcharset=UTF-8");
	} else {
		rc = archive_write_set_format_pax(a);
	}
	if (rc == ARCHIVE_OK)
		rc = archive_write_set_bytes_per_block(a, BLOCK);
	if (rc == ARCHIVE_OK)
		rc = archive_write_set_bytes_in_last_block(a, 1);
	if (rc == ARCHIVE_OK)
		rc = archive_write_open(a, w, NULL, to_sink, NULL);
	(void)uselocale(before);
	return rc;
}

static enum sp_code
build(struct bag_write *w, struct sp_err *err)
{
	static const char bagit[] = "BagIt-Version: 1.0\n"
				    "Tag-File-Character-Encoding: UTF-8\n";

	w->archive = archive_write_new();
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (w->archive == NULL || w->utf8 == (locale_t)0)
		return sp_fail(err, SP_E_NOMEM, "no memory for an archive");
	for (size_t i = 0; i < KINDS; i++) {
		w->manifest[i] = sp_buf_new(BAG_MANIFEST_MAX);
		w->tagmanifest[i] = sp_buf_new(BAG_MANIFEST_MAX);
	}
	SP_TRY(archive_said(w, archive_setup(w), err));
	return bag_write_tag(w, "bagit.txt", bagit, sizeof(bagit) - 1, err);
}

enum sp_code
bag_write_open(struct bag_write **out, const struct bag_write_options *o,
    struct sp_err *err)
{
	BAG_AUTO_WRITE w = calloc(1, sizeof(*w));

	SP_REQUIRE(bag_path_ok(o->base, strlen(o->base)));
	SP_REQUIRE(strchr(o->base, '/') == NULL);
	if (w == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for an archive");
	w->o = *o;
	SP_TRY(build(w, err));
	*out = SP_STEAL(w);
	return SP_OK;
}

static void
digests_free(struct bag_write *w)
{
	for (size_t i = 0; i < KINDS; i++)
		crypto_digest_free(SP_STEAL(w->digest[i]));
}

void
bag_write_free(struct bag_write *w)
{
	if (w == NULL)
		return;
	/* libarchive writes an ending now, which to_sink keeps back.  It must:
	 * freed without, in any state, 3.6 leaks its block. */
	w->broken = true;
	if (w->archive != NULL) {
		(void)archive_write_close(w->archive);
		(void)archive_write_free(w->archive);
	}
	if (w->utf8 != (locale_t)0)
		freelocale(w->utf8);
	digests_free(w);
	for (size_t i = 0; i < KINDS; i++) {
		sp_buf_free(&w->manifest[i]);
		sp_buf_free(&w->tagmanifest[i]);
	}
	free(w);
}

/* The header of a member. */
static enum sp_code
put_header(struct bag_write *w, const char *path, uint64_t size,
    sp_time modified, struct sp_err *err)
{
	SP_AUTO_BUF name = sp_buf_new((size_t)2 * BAG_PATH_MAX + 2);
	struct archive_entry *e = archive_entry_new();
	locale_t before;
	int rc;

	sp_buf_fmt(&name, "%s/%s", w->o.base, path);
	if (e == NULL || !sp_buf_ok(&name)) {
		archive_entry_free(e);
		return sp_fail(err, SP_E_NOMEM, "no memory for an archive");
	}
	before = uselocale(w->utf8);
	archive_entry_set_pathname(e, sp_buf_str(&name));
	archive_entry_set_size(e, (la_int64_t)size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_mtime(
	    e, modified / SP_SECOND, (long)(modified % SP_SECOND) * 1000);
	rc = archive_write_header(w->archive, e);
	(void)uselocale(before);
	archive_entry_free(e);
	/* A warning would be about a name that did not come through. */
	if (rc == ARCHIVE_WARN)
		rc = ARCHIVE_FATAL;
	return archive_said(w, rc, err);
}

static enum sp_code
put_bytes(
    struct bag_write *w, const uint8_t *at, size_t len, struct sp_err *err)
{
	while (len > 0) {
		la_ssize_t n = archive_write_data(w->archive, at, len);

		if (n <= 0)
			return archive_said(w, ARCHIVE_FATAL, err);
		at += n;
		len -= (size_t)n;
	}
	return SP_OK;
}

static enum sp_code
one_more(struct bag_write *w, const char *path, struct sp_err *err)
{
	SP_REQUIRE(bag_path_ok(path, strlen(path)));
	if (w->files == BAG_FILES_MAX)
		return sp_fail(err, SP_E_LIMIT, "a bag holds at most %ju files",
		    (uintmax_t)BAG_FILES_MAX);
	w->files++;
	return SP_OK;
}

/* "hash  path": the form of RFC 8493 2.1.3 that sha256sum reads too. */
static void
note(struct sp_buf *manifest, const uint8_t *sum, size_t len, const char *path)
{
	char hex[2 * CRYPTO_DIGEST_MAX + 1];

	sp_hex(sum, len, hex);
	sp_buf_fmt(manifest, "%s  ", hex);
	bag_path_escape(path, manifest);
	sp_buf_text(manifest, "\n");
}

/* A member in one piece. */
static enum sp_code
put_whole(struct bag_write *w, const char *path, const void *bytes, size_t len,
    struct sp_err *err)
{
	SP_TRY(one_more(w, path, err));
	w->tag_bytes += len;
	if (w->tag_bytes > BAG_HELD_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "the tag files of a bag take at most %zu MiB",
		    BAG_HELD_MAX >> 20);
	SP_TRY(put_header(w, path, len, w->o.made, err));
	return put_bytes(w, bytes, len, err);
}

/* A tag file: a member whose hashes go into the tag manifests. */
static enum sp_code
put_tag(struct bag_write *w, const char *path, const void *bytes, size_t len,
    struct sp_err *err)
{
	SP_REQUIRE(w->digest[0] == NULL && !bag_path_is_payload(path));
	for (size_t i = 0; i < KINDS; i++) {
		CRYPTO_AUTO_DIGEST d = crypto_digest_new(kinds[i]);
		uint8_t sum[CRYPTO_DIGEST_MAX];

		if (d == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
		crypto_digest_add(d, bytes, len);
		crypto_digest_get(d, sum);
		note(
		    &w->tagmanifest[i], sum, crypto_digest_len(kinds[i]), path);
		SP_TRY(sp_buf_check(&w->tagmanifest[i], "a tag manifest", err));
	}
	return put_whole(w, path, bytes, len, err);
}

enum sp_code
bag_write_tag(struct bag_write *w, const char *path, const void *bytes,
    size_t len, struct sp_err *err)
{
	size_t most =
	    bag_path_is_document(path) ? BAG_DOCUMENT_MAX : BAG_TAG_MAX;

	if (len > most)
		return sp_fail(err, SP_E_LIMIT,
		    "such a file of a bag has at most %zu KiB", most >> 10);
	return put_tag(w, path, bytes, len, err);
}

enum sp_code
bag_write_payload(struct bag_write *w, const char *path, uint64_t size,
    sp_time modified, struct sp_err *err)
{
	SP_REQUIRE(w->digest[0] == NULL && bag_path_is_payload(path));
	SP_REQUIRE(size <= INT64_MAX);
	SP_TRY(one_more(w, path, err));
	SP_TRY(put_header(w, path, size, modified, err));
	for (size_t i = 0; i < KINDS; i++) {
		w->digest[i] = crypto_digest_new(kinds[i]);
		if (w->digest[i] == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	}
	memcpy(w->path, path, strlen(path) + 1);
	w->left = size;
	return SP_OK;
}

enum sp_code
bag_write_bytes(
    struct bag_write *w, const void *bytes, size_t len, struct sp_err *err)
{
	SP_REQUIRE(w->digest[0] != NULL && len <= w->left);
	for (size_t i = 0; i < KINDS; i++)
		crypto_digest_add(w->digest[i], bytes, len);
	w->left -= len;
	return put_bytes(w, bytes, len, err);
}

enum sp_code
bag_write_payload_end(struct bag_write *w,
    uint8_t sha256[static CRYPTO_SHA256_LEN], struct sp_err *err)
{
	SP_REQUIRE(w->digest[0] != NULL && w->left == 0);
	for (size_t i = 0; i < KINDS; i++) {
		uint8_t sum[CRYPTO_DIGEST_MAX];

		crypto_digest_get(w->digest[i], sum);
		note(
		    &w->manifest[i], sum, crypto_digest_len(kinds[i]), w->path);
		SP_TRY(sp_buf_check(&w->manifest[i], "a manifest", err));
		if (kinds[i] == CRYPTO_SHA256)
			memcpy(sha256, sum, CRYPTO_SHA256_LEN);
	}
	digests_free(w);
	return SP_OK;
}

static void
manifest_name(const char *prefix, size_t kind, char out[static 40])
{
	(void)snprintf(
	    out, 40, "%s-%s.txt", prefix, crypto_digest_name(kinds[kind]));
}

enum sp_code
bag_write_finish(struct bag_write *w, struct sp_err *err)
{
	char name[40];

	SP_REQUIRE(w->digest[0] == NULL);
	for (size_t i = 0; i < KINDS; i++) {
		manifest_name("manifest", i, name);
		SP_TRY(put_tag(w, name, sp_buf_str(&w->manifest[i]),
		    w->manifest[i].len, err));
	}
	for (size_t i = 0; i < KINDS; i++) {
		manifest_name("tagmanifest", i, name);
		SP_TRY(put_whole(w, name, sp_buf_str(&w->tagmanifest[i]),
		    w->tagmanifest[i].len, err));
	}
	return archive_said(w, archive_write_close(w->archive), err);
}
