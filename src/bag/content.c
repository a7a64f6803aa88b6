#include "bag/content.h"

#include "bag/manifest.h"

#include <stdlib.h>
#include <string.h>

#define FILES_FIRST 64

/* The two algorithms of every bag (bag/write.c). */
#define KINDS 2
static const enum crypto_digest_kind kinds[KINDS] = { CRYPTO_SHA256,
	CRYPTO_SHA512 };
static const char *const tagmanifests[KINDS] = { "tagmanifest-sha256.txt",
	"tagmanifest-sha512.txt" };
static const char *const manifests[KINDS] = { "manifest-sha256.txt",
	"manifest-sha512.txt" };

struct bag_content {
	struct bag_file *file;
	size_t n, room;
	/* While reading: */
	const struct bag_content_options *o;
	struct bag_place *place;
	struct crypto_digest *digest[KINDS];
	struct sp_buf text; /* of the tag file under way */
	uint64_t held;      /* bytes of tag files */
};

void
bag_content_free(struct bag_content *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->file[i].path);
		free(c->file[i].at);
	}
	free(c->file);
	for (size_t i = 0; i < KINDS; i++)
		crypto_digest_free(c->digest[i]);
	sp_buf_free(&c->text);
	free(c);
}

/* --- reading --- */

static enum sp_code
lie(struct bag_content *c, const char *path, struct sp_err *err,
    const char *what)
{
	return bag_lie(c->place, path, err, "%s", what);
}

static bool
is_manifest(const char *path)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(path, tagmanifests[i]) == 0 ||
		    strcmp(path, manifests[i]) == 0)
			return true;
	return false;
}

/* Their bytes are for the checks that follow; documents are only hashed. */
static bool
is_held(const char *path)
{
	return !bag_path_is_payload(path) && !bag_path_is_document(path);
}

/* A document is as large as it may be. */
static enum sp_code
check_document(struct bag_content *c, const struct bag_file *f, size_t len,
    struct sp_err *err)
{
	if (!bag_path_is_document(f->path) || len <= BAG_DOCUMENT_MAX - f->size)
		return SP_OK;
	bag_place_set(c->place, f->path);
	return sp_fail(err, SP_E_LIMIT,
	    "larger than such a file may be (%zu MiB)", BAG_DOCUMENT_MAX >> 20);
}

static enum sp_code
grow(struct bag_content *c, struct sp_err *err)
{
	size_t room = c->room == 0 ? FILES_FIRST : 2 * c->room;
	struct bag_file *grown;

	if (c->n < c->room)
		return SP_OK;
	grown = reallocarray(c->file, room, sizeof(*grown));
	if (grown == NULL)
		return sp_fail(
		    err, SP_E_NOMEM, "no memory for the bag's files");
	c->file = grown;
	c->room = room;
	return SP_OK;
}

static enum sp_code
on_file(void *self, const char *path, struct sp_err *err)
{
	struct bag_content *c = self;
	struct bag_file f = { .path = NULL };

	if (c->n == BAG_FILES_MAX) {
		bag_place_set(c->place, path);
		return sp_fail(err, SP_E_LIMIT, "more than %ju files",
		    (uintmax_t)BAG_FILES_MAX);
	}
	SP_TRY(grow(c, err));
	for (size_t i = 0; i < KINDS; i++) {
		crypto_digest_free(c->digest[i]);
		c->digest[i] = crypto_digest_new(kinds[i]);
		if (c->digest[i] == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a hash");
	}
	f.path = strdup(path);
	if (f.path == NULL)
		return sp_fail(
		    err, SP_E_NOMEM, "no memory for the bag's files");
	c->file[c->n++] = f;
	sp_buf_free(&c->text);
	c->text =
	    sp_buf_new(is_manifest(path) ? BAG_MANIFEST_MAX : BAG_TAG_MAX);
	return SP_OK;
}

static enum sp_code
hold(struct bag_content *c, const struct bag_file *f, const void *bytes,
    size_t len, struct sp_err *err)
{
	c->held += len;
	if (c->held > BAG_HELD_MAX || len > c->text.max - c->text.len) {
		bag_place_set(c->place, f->path);
		return sp_fail(err, SP_E_LIMIT,
		    "larger than such a file may be (%zu KiB; %zu MiB "
		    "for all together)",
		    c->text.max >> 10, BAG_HELD_MAX >> 20);
	}
	sp_buf_add(&c->text, bytes, len);
	return sp_buf_check(&c->text, "a tag file", err);
}

static enum sp_code
on_bytes(void *self, const void *bytes, size_t len, struct sp_err *err)
{
	struct bag_content *c = self;
	struct bag_file *f = &c->file[c->n - 1];

	SP_TRY(check_document(c, f, len, err));
	if (is_held(f->path))
		SP_TRY(hold(c, f, bytes, len, err));
	for (size_t i = 0; i < KINDS; i++)
		crypto_digest_add(c->digest[i], bytes, len);
	f->size += len;
	if (c->o->progress != NULL)
		c->o->progress(c->o->progress_arg, len);
	return SP_OK;
}

static enum sp_code
on_end(void *self, struct sp_err *err)
{
	struct bag_content *c = self;
	struct bag_file *f = &c->file[c->n - 1];

	crypto_digest_get(c->digest[0], f->sha256);
	crypto_digest_get(c->digest[1], f->sha512);
	if (!is_held(f->path))
		return SP_OK;
	f->at = malloc(c->text.len + 1);
	if (f->at == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a tag file");
	memcpy(f->at, sp_buf_str(&c->text), c->text.len);
	f->at[c->text.len] = '\0';
	return SP_OK;
}

static int
by_path(const void *a, const void *b)
{
	const struct bag_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static enum sp_code
read_all(struct bag_content *c, struct sp_err *err)
{
	const struct bag_visitor visitor = { on_file, on_bytes, on_end, c };

	SP_TRY(bag_read(&c->o->from, &visitor, c->place, err));
	qsort(c->file, c->n, sizeof(*c->file), by_path);
	for (size_t i = 1; i < c->n; i++)
		if (strcmp(c->file[i - 1].path, c->file[i].path) == 0)
			return lie(
			    c, c->file[i].path, err, "it is there twice");
	return SP_OK;
}

/* --- what was read --- */

const struct bag_file *
bag_content_files(const struct bag_content *c, size_t *n)
{
	*n = c->n;
	return c->file;
}

size_t
bag_content_from(const struct bag_content *c, const char *path)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(c->file[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct bag_file *
bag_content_find(const struct bag_content *c, const char *path)
{
	size_t at = bag_content_from(c, path);

	if (at == c->n || strcmp(c->file[at].path, path) != 0)
		return NULL;
	return &c->file[at];
}

/* A tag file's text: without a NUL inside it. */
static enum sp_code
text_of(struct bag_content *c, const char *path, const char **out,
    struct sp_err *err)
{
	const struct bag_file *f = bag_content_find(c, path);

	if (f == NULL)
		return lie(c, path, err, "it is missing");
	SP_REQUIRE(f->at != NULL); /* no payload is asked for */
	if (memchr(f->at, '\0', f->size) != NULL)
		return lie(c, path, err, "it is not text");
	*out = (const char *)f->at;
	return SP_OK;
}

static enum sp_code
check_declaration(struct bag_content *c, struct sp_err *err)
{
	const char *text = NULL;

	SP_TRY(text_of(c, "bagit.txt", &text, err));
	if (strcmp(text,
		"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n") !=
	    0)
		return lie(c, "bagit.txt", err,
		    "it does not declare BagIt 1.0 in UTF-8");
	return SP_OK;
}

/* --- manifests against files --- */

/* Both manifests of one sort, and which files they speak of. */
struct pair {
	struct bag_manifest of[KINDS];
	bool payload;
};

static void
pair_free(struct pair *p)
{
	for (size_t i = 0; i < KINDS; i++)
		bag_manifest_free(&p->of[i]);
}

static bool
spoken_of(const struct pair *p, const char *path)
{
	if (p->payload)
		return bag_path_is_payload(path);
	return !bag_path_is_payload(path) &&
	    strcmp(path, tagmanifests[0]) != 0 &&
	    strcmp(path, tagmanifests[1]) != 0;
}

static enum sp_code
check_file(struct bag_content *c, const struct pair *p,
    const struct bag_file *f, struct sp_err *err)
{
	const uint8_t *const sum[KINDS] = { f->sha256, f->sha512 };
	const struct bag_line *line[KINDS];
	bool wrong[KINDS];

	for (size_t i = 0; i < KINDS; i++)
		line[i] = bag_manifest_find(&p->of[i], f->path);
	if (line[0] == NULL && line[1] == NULL)
		return lie(c, f->path, err,
		    "it is in no manifest: it was added to the bag");
	for (size_t i = 0; i < KINDS; i++) {
		if (line[i] == NULL)
			return lie(c, p->of[i].name, err,
			    "it leaves out a file that the other has");
		wrong[i] = !bag_manifest_says(&p->of[i], line[i], sum[i]);
	}
	if (wrong[0] && wrong[1])
		return lie(c, f->path, err,
		    "its content is not what both manifests say");
	for (size_t i = 0; i < KINDS; i++)
		if (wrong[i])
			return lie(c, p->of[i].name, err,
			    "it gives a file another hash than it has");
	return SP_OK;
}

static enum sp_code
load_pair(struct bag_content *c, struct pair *p, struct sp_err *err)
{
	for (size_t i = 0; i < KINDS; i++) {
		const char *name = p->payload ? manifests[i] : tagmanifests[i];
		const char *text = NULL;

		SP_TRY(text_of(c, name, &text, err));
		SP_TRY(bag_manifest_parse(
		    &p->of[i], name, kinds[i], text, c->place, err));
	}
	return SP_OK;
}

/* What a manifest names is its own business, and is there. */
static enum sp_code
check_lines(struct bag_content *c, const struct pair *p,
    const struct bag_manifest *m, struct sp_err *err)
{
	for (size_t i = 0; i < m->n; i++) {
		const char *path = m->line[i].path;

		if (!spoken_of(p, path))
			return lie(c, m->name, err,
			    "it names a file that is not its own");
		if (bag_content_find(c, path) == NULL)
			return lie(c, path, err, "it is missing");
	}
	return SP_OK;
}

static enum sp_code
check_pair(struct bag_content *c, struct pair *p, struct sp_err *err)
{
	SP_TRY(load_pair(c, p, err));
	for (size_t i = 0; i < KINDS; i++)
		SP_TRY(check_lines(c, p, &p->of[i], err));
	for (size_t i = 0; i < c->n; i++)
		if (spoken_of(p, c->file[i].path))
			SP_TRY(check_file(c, p, &c->file[i], err));
	return SP_OK;
}

static enum sp_code
check_manifests(struct bag_content *c, bool payload, struct sp_err *err)
{
	SP_CLEANUP(pair_free) struct pair p = { .payload = payload };

	return check_pair(c, &p, err);
}

/* --- Payload-Oxum: "octets.files" (RFC 8493 2.2.2) --- */

static enum sp_code
check_oxum(struct bag_content *c, struct sp_err *err)
{
	static const char name[] = "bag-info.txt";
	static const char label[] = "Payload-Oxum: ";
	uint64_t octets = 0, files = 0;
	const char *text = NULL, *line, *value;
	char want[48];

	SP_TRY(text_of(c, name, &text, err));
	for (size_t i = 0; i < c->n; i++) {
		if (!bag_path_is_payload(c->file[i].path))
			continue;
		octets += c->file[i].size;
		files++;
	}
	line = strncmp(text, label, strlen(label)) == 0
	    ? text
	    : strstr(text, "\nPayload-Oxum: ");
	if (line == NULL)
		return lie(c, name, err, "it has no Payload-Oxum");
	value = strchr(line, ' ') + 1;
	if (strstr(value, "\nPayload-Oxum:") != NULL)
		return lie(c, name, err, "it has Payload-Oxum twice");
	(void)snprintf(want, sizeof(want), "%ju.%ju\n", (uintmax_t)octets,
	    (uintmax_t)files);
	if (strncmp(value, want, strlen(want)) != 0)
		return bag_lie(c->place, name, err,
		    "its Payload-Oxum is not that of the payload, %ju bytes "
		    "in %ju files",
		    (uintmax_t)octets, (uintmax_t)files);
	return SP_OK;
}

enum sp_code
bag_content_read(struct bag_content **out, const struct bag_content_options *o,
    struct bag_place *place, struct sp_err *err)
{
	BAG_AUTO_CONTENT c = calloc(1, sizeof(*c));

	bag_place_set(place, "");
	if (c == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a bag");
	c->o = o;
	c->place = place;
	c->text = sp_buf_new(0);
	SP_TRY(read_all(c, err));
	SP_TRY(check_declaration(c, err));
	SP_TRY(check_manifests(c, false, err));
	SP_TRY(check_manifests(c, true, err));
	SP_TRY(check_oxum(c, err));
	c->o = NULL;
	c->place = NULL;
	*out = SP_STEAL(c);
	return SP_OK;
}
