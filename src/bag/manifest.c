#include "bag/manifest.h"

#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

static int
by_path(const void *a, const void *b)
{
	const struct bag_line *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* One line, without its LF, into the next row. */
static enum sp_code
add_line(struct bag_manifest *m, const char *at, size_t len,
    struct bag_place *place, struct sp_err *err)
{
	size_t hex = 2 * crypto_digest_len(m->kind);
	char path[BAG_PATH_MAX + 1];
	char *copy;

	if (len <= hex + 2 || strspn(at, "0123456789abcdef") != hex ||
	    memcmp(at + hex, "  ", 2) != 0)
		return bag_lie(place, m->name, err,
		    "line %zu is not a hash, two spaces and a path", m->n + 1);
	if (!bag_path_unescape(at + hex + 2, len - hex - 2, path))
		return bag_lie(place, m->name, err,
		    "line %zu: not a path inside a bag", m->n + 1);
	copy = strdup(path);
	if (copy == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a manifest");
	m->line[m->n++] = (struct bag_line){ copy, at };
	return SP_OK;
}

static enum sp_code
lie(const struct bag_manifest *m, struct bag_place *place, struct sp_err *err,
    const char *what)
{
	return bag_lie(place, m->name, err, "%s", what);
}

static enum sp_code
add_lines(struct bag_manifest *m, const char *text, struct bag_place *place,
    struct sp_err *err)
{
	while (*text != '\0') {
		const char *end = strchr(text, '\n');

		if (end == NULL)
			return lie(m, place, err, "its last line is cut short");
		SP_TRY(add_line(m, text, (size_t)(end - text), place, err));
		text = end + 1;
	}
	qsort(m->line, m->n, sizeof(*m->line), by_path);
	for (size_t i = 1; i < m->n; i++)
		if (strcmp(m->line[i - 1].path, m->line[i].path) == 0)
			return lie(m, place, err, "it names a file twice");
	return SP_OK;
}

enum sp_code
bag_manifest_parse(struct bag_manifest *out, const char *name,
    enum crypto_digest_kind kind, const char *text, struct bag_place *place,
    struct sp_err *err)
{
	BAG_AUTO_MANIFEST m = { .name = name, .kind = kind };
	size_t lines = count_lines(text);

	m.line = calloc(lines + 1, sizeof(*m.line));
	if (m.line == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a manifest");
	SP_TRY(add_lines(&m, text, place, err));
	*out = m;
	m = (struct bag_manifest){ .name = NULL };
	return SP_OK;
}

void
bag_manifest_free(struct bag_manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->line[i].path);
	free(m->line);
	*m = (struct bag_manifest){ .name = NULL };
}

static int
path_vs_line(const void *key, const void *line)
{
	return strcmp(key, ((const struct bag_line *)line)->path);
}

const struct bag_line *
bag_manifest_find(const struct bag_manifest *m, const char *path)
{
	if (m->n == 0)
		return NULL;
	return bsearch(path, m->line, m->n, sizeof(*m->line), path_vs_line);
}

bool
bag_manifest_says(const struct bag_manifest *m, const struct bag_line *line,
    const uint8_t *sum)
{
	char hex[2 * CRYPTO_DIGEST_MAX + 1];
	size_t len = crypto_digest_len(m->kind);

	sp_hex(sum, len, hex);
	return memcmp(hex, line->hex, 2 * len) == 0;
}
