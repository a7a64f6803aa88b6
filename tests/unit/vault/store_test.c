#include "rig.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Every backend keeps the same promises: the rows of this table, each run on
 * all of them. */
struct backend {
	const char *name;
	struct vault_store *(*open)(void);
};

static struct vault_store *
open_in(const char *dir)
{
	struct vault_store *s;
	struct sp_err err;

	CHECK_OK(vault_store_open_fs(&s, dir, &err), &err);
	return s;
}

static struct vault_store *
open_disk(void)
{
	return open_in(scratch(false));
}

static struct vault_store *
open_shm(void)
{
	return open_in(scratch(true));
}

static const struct backend backends[] = {
	{ "mem", vault_store_new_mem },
	{ "fs on a disk", open_disk },
	{ "fs in memory", open_shm },
};

static void
on_each(void (*run)(struct vault_store *s))
{
	for (size_t i = 0; i < SP_COUNTOF(backends); i++) {
		struct vault_store *s = backends[i].open();

		run(s);
		vault_store_free(s);
	}
}

/* Room for a batch, aligned; the padding of a short end may be written. */
static uint8_t *
batch(uint8_t fill)
{
	uint8_t *at = aligned_alloc(VAULT_SEGMENT, VAULT_BATCH * VAULT_SEGMENT);

	CHECK(at != NULL);
	memset(at, fill, VAULT_BATCH * VAULT_SEGMENT);
	return at;
}

static enum sp_code
write_at(struct vault_file *f, uint64_t index, uint8_t *bytes, size_t len,
    struct sp_err *err)
{
	struct vault_part part[VAULT_BATCH];
	size_t n = 0;

	for (; len > 0; n++) {
		part[n].bytes = bytes + n * VAULT_SEGMENT;
		part[n].len = len < VAULT_SEGMENT ? len : VAULT_SEGMENT;
		len -= part[n].len;
	}
	return f->store->ops->write(f, index * VAULT_SEGMENT, part, n, err);
}

static uint64_t
size_of(struct vault_file *f)
{
	struct sp_err err;
	uint64_t size;

	CHECK_OK(f->store->ops->size(f, &size, &err), &err);
	return size;
}

/* ---- All backends ---- */

static void
writes_come_back(struct vault_store *s)
{
	static const size_t lens[] = { 1, 56, 4095, 4096, 4097,
		VAULT_SEGMENT - 1, VAULT_SEGMENT, VAULT_SEGMENT + 1,
		2 * VAULT_SEGMENT + 4096, 3 * VAULT_SEGMENT + 5,
		VAULT_BATCH * VAULT_SEGMENT };
	uint8_t *out = batch(0), *in = batch(7);
	struct sp_err err;

	rig_fill(out, 3, VAULT_BATCH * VAULT_SEGMENT);
	for (size_t i = 0; i < SP_COUNTOF(lens); i++) {
		struct sp_id id = sp_id_new();
		struct vault_file *f;
		size_t got;

		CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
		CHECK(f->store == s && size_of(f) == 0);
		CHECK_OK(s->ops->reserve(f, 3 * VAULT_SEGMENT, &err), &err);
		CHECK(size_of(f) == 0);
		CHECK_OK(write_at(f, 0, out, lens[i], &err), &err);
		rig_fill(out, 3, VAULT_BATCH * VAULT_SEGMENT);
		CHECK(size_of(f) == lens[i]);
		CHECK_OK(s->ops->sync(f, true, &err), &err);
		for (size_t at = 0; at < lens[i] + VAULT_SEGMENT;
		     at += VAULT_SEGMENT) {
			size_t left = at < lens[i] ? lens[i] - at : 0;

			left = left < VAULT_SEGMENT ? left : VAULT_SEGMENT;
			CHECK_OK(
			    s->ops->read(f, at, in, VAULT_SEGMENT, &got, &err),
			    &err);
			CHECK(got == left && memcmp(in, out + at, got) == 0);
		}
		s->ops->close(f);
		CHECK_OK(s->ops->remove(s, VAULT_STAGED, &id, &err), &err);
	}
	free(out);
	free(in);
}

static void
an_object_grows_by_segments_and_can_be_cut(struct vault_store *s)
{
	struct sp_id id = sp_id_new();
	uint8_t *bytes = batch(1);
	struct vault_file *f;
	struct sp_err err;
	size_t got;

	CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
	CHECK_OK(write_at(f, 0, bytes, VAULT_SEGMENT, &err), &err);
	s->ops->close(f);
	CHECK_OK(s->ops->open(s, VAULT_STAGED, &id, &f, &err), &err);
	CHECK(size_of(f) == VAULT_SEGMENT);
	memset(bytes, 2, VAULT_SEGMENT);
	CHECK_OK(s->ops->reserve(f, 2 * VAULT_SEGMENT, &err), &err);
	CHECK_OK(write_at(f, 1, bytes, VAULT_SEGMENT, &err), &err);
	CHECK(size_of(f) == 2 * VAULT_SEGMENT);
	CHECK_OK(s->ops->truncate(f, VAULT_SEGMENT, &err), &err);
	CHECK(size_of(f) == VAULT_SEGMENT);
	/* A short one ends it, also where there was more. */
	CHECK_OK(write_at(f, 0, bytes, 100, &err), &err);
	CHECK(size_of(f) == 100);
	CHECK_OK(s->ops->read(f, 0, bytes, VAULT_ALIGN, &got, &err), &err);
	CHECK(got == 100 && bytes[0] == 2 && bytes[99] == 2);
	s->ops->close(f);
	CHECK_OK(s->ops->remove(s, VAULT_STAGED, &id, &err), &err);
	free(bytes);
}

static void
names_are_taken_once_and_places_are_apart(struct vault_store *s)
{
	struct sp_id id = sp_id_new(), none = sp_id_new();
	uint8_t *bytes = batch(1);
	struct vault_file *f, *untouched = (struct vault_file *)bytes;
	struct sp_err err;

	CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
	CHECK_OK(write_at(f, 0, bytes, 10, &err), &err);
	CHECK_OK(s->ops->sync(f, true, &err), &err);
	s->ops->close(f);
	f = untouched;
	CHECK_CODE(s->ops->create(s, &id, &f, &err), SP_E_CONFLICT, &err);
	CHECK_CODE(
	    s->ops->open(s, VAULT_KEPT, &id, &f, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(s->ops->open(s, VAULT_STAGED, &none, &f, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    s->ops->move(s, &none, VAULT_KEPT, &err), SP_E_NOTFOUND, &err);
	CHECK(f == untouched);

	CHECK_OK(s->ops->move(s, &id, VAULT_KEPT, &err), &err);
	CHECK_CODE(s->ops->move(s, &id, VAULT_KEPT, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    s->ops->open(s, VAULT_STAGED, &id, &f, &err), SP_E_NOTFOUND, &err);
	CHECK_OK(s->ops->open(s, VAULT_KEPT, &id, &f, &err), &err);
	CHECK(size_of(f) == 10);
	s->ops->close(f);

	/* A kept object is not overwritten, whatever is staged. */
	CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
	s->ops->close(f);
	CHECK_CODE(s->ops->move(s, &id, VAULT_KEPT, &err), SP_E_CONFLICT, &err);
	CHECK_CODE(
	    s->ops->move(s, &id, VAULT_STAGED, &err), SP_E_CONFLICT, &err);
	CHECK_OK(s->ops->open(s, VAULT_KEPT, &id, &f, &err), &err);
	CHECK(size_of(f) == 10);
	s->ops->close(f);
	CHECK_OK(s->ops->remove(s, VAULT_STAGED, &id, &err), &err);
	CHECK_OK(s->ops->move(s, &id, VAULT_STAGED, &err), &err); /* repair */
	CHECK_OK(s->ops->move(s, &id, VAULT_KEPT, &err), &err);

	CHECK_OK(s->ops->remove(s, VAULT_STAGED, &id, &err), &err);
	CHECK_OK(s->ops->open(s, VAULT_KEPT, &id, &f, &err), &err);
	/* An open object can be removed, and read to its end. */
	CHECK_OK(s->ops->remove(s, VAULT_KEPT, &id, &err), &err);
	CHECK_OK(s->ops->remove(s, VAULT_KEPT, &id, &err), &err);
	CHECK(size_of(f) == 10);
	s->ops->close(f);
	CHECK_CODE(
	    s->ops->open(s, VAULT_KEPT, &id, &f, &err), SP_E_NOTFOUND, &err);
	free(bytes);
}

struct visit {
	struct vault_store *store;
	struct sp_id *id;
	bool *seen;
	size_t n, stop_after;
	int act;
};

static enum sp_code
visited(void *arg, const struct sp_id *id, struct sp_err *err)
{
	struct visit *v = arg;
	size_t i = 0;

	while (i < v->n && !sp_id_equal(&v->id[i], id))
		i++;
	CHECK(i < v->n && !v->seen[i]);
	v->seen[i] = true;
	if (v->act == 1)
		CHECK_OK(
		    v->store->ops->move(v->store, id, VAULT_KEPT, err), err);
	if (v->act == 2)
		CHECK_OK(
		    v->store->ops->remove(v->store, VAULT_KEPT, id, err), err);
	if (v->stop_after > 0 && --v->stop_after == 0)
		return sp_fail(err, SP_E_LIMIT, "enough");
	return SP_OK;
}

static void
each_is_told_of_once_while_they_go(struct vault_store *s)
{
	enum { N = 200 };
	static struct sp_id id[N];
	static bool seen[N];
	struct visit v = { s, id, seen, N, 10, 0 };
	struct vault_file *f;
	struct sp_err err;

	for (size_t i = 0; i < N; i++) {
		id[i] = sp_id_new();
		CHECK_OK(s->ops->create(s, &id[i], &f, &err), &err);
		s->ops->close(f);
	}
	memset(seen, 0, sizeof(seen));
	CHECK_CODE(
	    s->ops->each(s, VAULT_STAGED, visited, &v, &err), SP_E_LIMIT, &err);
	for (v.act = 0; v.act < 3; v.act++) {
		memset(seen, 0, sizeof(seen));
		CHECK_OK(s->ops->each(s, v.act < 2 ? VAULT_STAGED : VAULT_KEPT,
			     visited, &v, &err),
		    &err);
		for (size_t i = 0; i < N; i++)
			CHECK(seen[i]);
	}
	CHECK(rig_count(s, VAULT_STAGED) == 0);
	CHECK(rig_count(s, VAULT_KEPT) == 0);
}

/* ---- Folders and files ---- */

static void
path_in(
    char out[256], const char *dir, const char *place, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	if (strcmp(place, "objects") == 0)
		(void)snprintf(out, 256, "%s/objects/%02x/%s", dir,
		    id->b[SP_ID_LEN - 1], text);
	else
		(void)snprintf(out, 256, "%s/%s/%s", dir, place, text);
}

/* A kept object of `len` bytes; its path. */
static struct sp_id
keep(struct vault_store *s, size_t len, char path[256])
{
	struct sp_id id = sp_id_new();
	uint8_t *bytes = batch(3);
	struct vault_file *f;
	struct sp_err err;

	CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
	CHECK_OK(s->ops->reserve(f, len, &err), &err);
	CHECK_OK(write_at(f, 0, bytes, len, &err), &err);
	CHECK_OK(s->ops->truncate(f, len, &err), &err);
	CHECK_OK(s->ops->sync(f, true, &err), &err);
	s->ops->close(f);
	CHECK_OK(s->ops->move(s, &id, VAULT_KEPT, &err), &err);
	path_in(path, scratch(false), "objects", &id);
	free(bytes);
	return id;
}

static void
the_layout_is_the_documented_one(void)
{
	struct vault_store *s = open_disk();
	struct sp_id id = sp_id_new();
	char path[256];
	struct vault_file *f;
	struct sp_err err;
	struct stat st;

	CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
	path_in(path, scratch(false), "staging", &id);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	s->ops->close(f);
	CHECK_OK(s->ops->move(s, &id, VAULT_KEPT, &err), &err);
	CHECK(stat(path, &st) != 0);
	path_in(path, scratch(false), "objects", &id);
	CHECK(stat(path, &st) == 0 && S_ISREG(st.st_mode));
	*strrchr(path, '/') = 0;
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK_OK(s->ops->remove(s, VAULT_KEPT, &id, &err), &err);
	vault_store_free(s);
	/* It opens again; a folder that is not there does not. */
	vault_store_free(open_disk());
	(void)snprintf(path, sizeof(path), "%s/none", scratch(false));
	s = NULL;
	CHECK_CODE(vault_store_open_fs(&s, path, &err), SP_E_NOTFOUND, &err);
	CHECK(s == NULL);
	vault_store_free(NULL);
}

/* What somebody put into the folders is no object. */
static void
strange_files_are_left_alone(void)
{
	struct vault_store *s = open_disk();
	char path[256], link[256];
	struct sp_id id = keep(s, 100, path);
	struct sp_err err;
	struct vault_file *f;
	struct stat st;
	size_t len;
	int fd;

	CHECK(rig_count(s, VAULT_KEPT) == 1);
	(void)snprintf(link, sizeof(link), "%.*s/core",
	    (int)(strrchr(path, '/') - path), path);
	fd = open(link, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0 && close(fd) == 0);
	/* An object in another's folder, where nobody would look for it. */
	(void)snprintf(link, sizeof(link), "%s/objects/%02x", scratch(false),
	    id.b[SP_ID_LEN - 1] ^ 1);
	CHECK(mkdir(link, 0700) == 0 || errno == EEXIST);
	len = strlen(link);
	(void)snprintf(
	    link + len, sizeof(link) - len, "%s", strrchr(path, '/'));
	CHECK(rename(path, link) == 0);
	CHECK(rig_count(s, VAULT_KEPT) == 0);
	CHECK_CODE(
	    s->ops->open(s, VAULT_KEPT, &id, &f, &err), SP_E_NOTFOUND, &err);
	/* A link to it, a pipe and a folder in its place. */
	CHECK(symlink(link, path) == 0);
	CHECK_CODE(
	    s->ops->open(s, VAULT_KEPT, &id, &f, &err), SP_E_CORRUPT, &err);
	CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	CHECK_CODE(
	    s->ops->open(s, VAULT_KEPT, &id, &f, &err), SP_E_CORRUPT, &err);
	CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
	CHECK_CODE(
	    s->ops->open(s, VAULT_KEPT, &id, &f, &err), SP_E_CORRUPT, &err);
	CHECK(rmdir(path) == 0 && stat(link, &st) == 0);
	CHECK(unlink(link) == 0);
	vault_store_free(s);
}

/* Space that was claimed and not used is given back: by a short end, by a
 * truncation to the size that it has. */
static void
claimed_space_goes_back(void)
{
	static const size_t lens[] = { 100, VAULT_SEGMENT,
		2 * VAULT_SEGMENT + 8192, 3 * VAULT_SEGMENT + 1 };
	struct vault_store *s = open_disk();

	for (size_t i = 0; i < SP_COUNTOF(lens); i++) {
		struct sp_id id = sp_id_new();
		uint8_t *bytes = batch(3);
		struct vault_file *f;
		struct sp_err err;
		struct stat before, after;
		char path[256];

		path_in(path, scratch(false), "staging", &id);
		CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
		CHECK_OK(s->ops->reserve(f, 64 * VAULT_SEGMENT, &err), &err);
		CHECK(stat(path, &before) == 0 && before.st_size == 0);
		CHECK_OK(write_at(f, 0, bytes, lens[i], &err), &err);
		CHECK_OK(s->ops->truncate(f, lens[i], &err), &err);
		CHECK_OK(s->ops->sync(f, true, &err), &err);
		CHECK(stat(path, &after) == 0);
		CHECK((size_t)after.st_size == lens[i]);
		/* Blocks of 512; where the file system can claim at all. */
		CHECK(before.st_blocks == 0 ||
		    before.st_blocks >= INT64_C(64) * 2048);
		CHECK((size_t)after.st_blocks * 512 < lens[i] + (64 << 10));
		s->ops->close(f);
		CHECK_OK(s->ops->remove(s, VAULT_STAGED, &id, &err), &err);
		free(bytes);
	}
	vault_store_free(s);
}

/* Padding that goes to the disk and is cut off again is zeroes, not what was
 * in memory. */
static void
padding_is_zero(void)
{
	struct vault_store *s = open_disk();
	struct sp_id id = sp_id_new();
	uint8_t *bytes = batch(0xee);
	struct vault_file *f;
	struct sp_err err;

	CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
	CHECK_OK(write_at(f, 0, bytes, 5000, &err), &err);
	for (size_t i = 5000; i < 8192; i++)
		CHECK(bytes[i] == 0);
	CHECK(bytes[8192] == 0xee);
	s->ops->close(f);
	CHECK_OK(s->ops->remove(s, VAULT_STAGED, &id, &err), &err);
	free(bytes);
	vault_store_free(s);
}

static void
writes_come_back_on_each(void)
{
	on_each(writes_come_back);
}

static void
objects_grow_on_each(void)
{
	on_each(an_object_grows_by_segments_and_can_be_cut);
}

static void
names_on_each(void)
{
	on_each(names_are_taken_once_and_places_are_apart);
}

static void
listing_on_each(void)
{
	on_each(each_is_told_of_once_while_they_go);
}

/* Many threads, one store: each its own objects. */
static void *
live(void *arg)
{
	struct vault_store *s = arg;
	uint8_t *bytes = batch(5);
	struct vault_file *f;
	struct sp_err err;

	for (int i = 0; i < 30; i++) {
		struct sp_id id = sp_id_new();

		CHECK_OK(s->ops->create(s, &id, &f, &err), &err);
		CHECK_OK(write_at(f, 0, bytes, 5000, &err), &err);
		CHECK_OK(s->ops->sync(f, true, &err), &err);
		s->ops->close(f);
		CHECK_OK(s->ops->move(s, &id, VAULT_KEPT, &err), &err);
		CHECK_OK(s->ops->remove(s, VAULT_KEPT, &id, &err), &err);
	}
	free(bytes);
	return NULL;
}

static void
threads_share(struct vault_store *s)
{
	pthread_t t[4];

	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_create(&t[i], NULL, live, s) == 0);
	for (size_t i = 0; i < SP_COUNTOF(t); i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(rig_count(s, VAULT_KEPT) == 0);
}

static void
threads_on_each(void)
{
	on_each(threads_share);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "writes come back", writes_come_back_on_each },
		{ "an object grows by segments and can be cut",
		    objects_grow_on_each },
		{ "names are taken once and places are apart", names_on_each },
		{ "each is told of once, while they go", listing_on_each },
		{ "threads share a store", threads_on_each },
		{ "the layout is the documented one",
		    the_layout_is_the_documented_one },
		{ "strange files are left alone",
		    strange_files_are_left_alone },
		{ "claimed space goes back", claimed_space_goes_back },
		{ "padding is zero", padding_is_zero },
	};

	(void)tap_run(cases, SP_COUNTOF(cases));
	scratch_remove();
	return 0;
}
