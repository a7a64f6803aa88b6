#include "vault/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A list of objects, each one run of bytes.  An object that is open when it is
 * removed lives until it is closed, as a file would. */
struct object {
	struct sp_id id;
	enum vault_place place;
	uint8_t *bytes;
	size_t len;
	size_t cap;
	unsigned held; /* by the list, by open files */
	struct object *next;
};

struct mem {
	struct vault_store base;
	pthread_mutex_t lock;
	struct object *first;
};

struct mem_file {
	struct vault_file base;
	struct object *object;
};

static struct mem *
mem_of(struct vault_store *s)
{
	return (struct mem *)s;
}

static struct object *
object_of(struct vault_file *f)
{
	return ((struct mem_file *)f)->object;
}

/* Takes the lock; the caller says unlock(). */
static struct mem *
lock(struct vault_store *s)
{
	struct mem *m = mem_of(s);

	(void)pthread_mutex_lock(&m->lock);
	return m;
}

static void
unlock(struct mem *m)
{
	(void)pthread_mutex_unlock(&m->lock);
}

/* The link that points to the object, or to NULL at the end. */
static struct object **
find(struct mem *m, enum vault_place place, const struct sp_id *id)
{
	struct object **at = &m->first;

	while (*at != NULL &&
	    ((*at)->place != place || !sp_id_equal(&(*at)->id, id)))
		at = &(*at)->next;
	return at;
}

static void
let_go(struct object *o)
{
	if (--o->held > 0)
		return;
	free(o->bytes);
	free(o);
}

static enum sp_code
hand_out(struct vault_store *s, struct object *o, struct vault_file **out,
    struct sp_err *err)
{
	struct mem_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a file");
	f->base.store = s;
	f->object = o;
	o->held++;
	*out = &f->base;
	return SP_OK;
}

static enum sp_code
mem_create(struct vault_store *s, const struct sp_id *id,
    struct vault_file **out, struct sp_err *err)
{
	struct mem *m = lock(s);
	struct object **at = find(m, VAULT_STAGED, id);
	enum sp_code code;

	if (*at != NULL) {
		unlock(m);
		return sp_fail(err, SP_E_CONFLICT, "the object exists");
	}
	*at = calloc(1, sizeof(**at));
	if (*at == NULL) {
		unlock(m);
		return sp_fail(err, SP_E_NOMEM, "no memory for an object");
	}
	(*at)->id = *id;
	(*at)->place = VAULT_STAGED;
	(*at)->held = 1;
	code = hand_out(s, *at, out, err);
	if (code != SP_OK)
		let_go(SP_STEAL(*at));
	unlock(m);
	return code;
}

static enum sp_code
mem_open(struct vault_store *s, enum vault_place place, const struct sp_id *id,
    struct vault_file **out, struct sp_err *err)
{
	struct mem *m = lock(s);
	struct object *o = *find(m, place, id);
	enum sp_code code;

	if (o == NULL)
		code = sp_fail(err, SP_E_NOTFOUND, "no such object");
	else
		code = hand_out(s, o, out, err);
	unlock(m);
	return code;
}

static void
mem_close(struct vault_file *f)
{
	struct mem *m = lock(f->store);

	let_go(object_of(f));
	unlock(m);
	free(f);
}

static enum sp_code
mem_reserve(struct vault_file *f, uint64_t end, struct sp_err *err)
{
	(void)f;
	(void)end;
	(void)err;
	return SP_OK;
}

static enum sp_code
resize(struct object *o, uint64_t size, struct sp_err *err)
{
	uint8_t *bytes;
	size_t cap = o->cap == 0 ? VAULT_ALIGN : o->cap;

	while (cap < size && cap <= SIZE_MAX / 2)
		cap *= 2;
	bytes = cap < size ? NULL : realloc(o->bytes, cap);
	if (bytes == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for an object");
	o->bytes = bytes;
	o->cap = cap;
	if (size > o->len)
		memset(bytes + o->len, 0, size - o->len);
	o->len = size;
	return SP_OK;
}

static enum sp_code
mem_write(struct vault_file *f, uint64_t at, const struct vault_part *part,
    size_t n, struct sp_err *err)
{
	struct object *o = object_of(f);
	uint64_t end = at + (n - 1) * VAULT_SEGMENT + part[n - 1].len;
	struct mem *m;
	enum sp_code code = SP_OK;

	SP_REQUIRE(at % VAULT_SEGMENT == 0 && n > 0 && n <= VAULT_BATCH);
	m = lock(f->store);
	if (end > o->len || end % VAULT_ALIGN != 0)
		code = resize(o, end, err);
	for (size_t i = 0; i < n && code == SP_OK; i++) {
		SP_REQUIRE((uintptr_t)part[i].bytes % VAULT_ALIGN == 0);
		SP_REQUIRE(part[i].len <= VAULT_SEGMENT);
		SP_REQUIRE(i == n - 1 || part[i].len == VAULT_SEGMENT);
		memcpy(o->bytes + at + i * VAULT_SEGMENT, part[i].bytes,
		    part[i].len);
	}
	unlock(m);
	return code;
}

static enum sp_code
mem_read(struct vault_file *f, uint64_t at, void *bytes, size_t len,
    size_t *got, struct sp_err *err)
{
	struct object *o = object_of(f);
	struct mem *m;

	(void)err;
	SP_REQUIRE(at % VAULT_SEGMENT == 0 && len % VAULT_ALIGN == 0);
	SP_REQUIRE((uintptr_t)bytes % VAULT_ALIGN == 0);
	m = lock(f->store);
	if (at >= o->len)
		len = 0;
	else if (len > o->len - at)
		len = o->len - at;
	if (len > 0)
		memcpy(bytes, o->bytes + at, len);
	*got = len;
	unlock(m);
	return SP_OK;
}

static enum sp_code
mem_size(struct vault_file *f, uint64_t *out, struct sp_err *err)
{
	struct mem *m = lock(f->store);

	(void)err;
	*out = object_of(f)->len;
	unlock(m);
	return SP_OK;
}

static enum sp_code
mem_truncate(struct vault_file *f, uint64_t size, struct sp_err *err)
{
	struct mem *m = lock(f->store);
	enum sp_code code = resize(object_of(f), size, err);

	unlock(m);
	return code;
}

static enum sp_code
mem_sync(struct vault_file *f, bool named, struct sp_err *err)
{
	(void)f;
	(void)named;
	(void)err;
	return SP_OK;
}

static enum sp_code
mem_move(struct vault_store *s, const struct sp_id *id, enum vault_place to,
    struct sp_err *err)
{
	enum vault_place from = to == VAULT_KEPT ? VAULT_STAGED : VAULT_KEPT;
	struct mem *m = lock(s);
	struct object *o = *find(m, from, id);
	enum sp_code code = SP_OK;

	if (o == NULL)
		code = sp_fail(err, SP_E_NOTFOUND, "no such object");
	else if (*find(m, to, id) != NULL)
		code = sp_fail(err, SP_E_CONFLICT, "the object exists");
	else
		o->place = to;
	unlock(m);
	return code;
}

static enum sp_code
mem_remove(struct vault_store *s, enum vault_place place,
    const struct sp_id *id, struct sp_err *err)
{
	struct mem *m = lock(s);
	struct object **at = find(m, place, id);
	struct object *o = *at;

	(void)err;
	if (o != NULL) {
		*at = o->next;
		let_go(o);
	}
	unlock(m);
	return SP_OK;
}

static enum sp_code
mem_each(struct vault_store *s, enum vault_place place,
    enum sp_code (*visit)(
	void *arg, const struct sp_id *id, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	struct mem *m = lock(s);
	struct sp_id *id;
	enum sp_code code = SP_OK;
	size_t n = 0, i = 0;

	for (struct object *o = m->first; o != NULL; o = o->next)
		n += o->place == place;
	id = calloc(n + 1, sizeof(*id));
	for (struct object *o = m->first; o != NULL && id != NULL; o = o->next)
		if (o->place == place)
			id[i++] = o->id;
	unlock(m);
	if (id == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a list");
	for (i = 0; i < n && code == SP_OK; i++)
		code = visit(arg, &id[i], err);
	free(id);
	return code;
}

static void
mem_free(struct vault_store *s)
{
	struct mem *m = mem_of(s);

	while (m->first != NULL) {
		struct object *o = m->first;

		m->first = o->next;
		SP_REQUIRE(o->held == 1); /* every file is closed */
		let_go(o);
	}
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct vault_store_ops mem_ops = {
	.create = mem_create,
	.open = mem_open,
	.close = mem_close,
	.reserve = mem_reserve,
	.write = mem_write,
	.read = mem_read,
	.size = mem_size,
	.truncate = mem_truncate,
	.sync = mem_sync,
	.move = mem_move,
	.remove = mem_remove,
	.each = mem_each,
	.free = mem_free,
};

struct vault_store *
vault_store_new_mem(void)
{
	struct mem *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->base.ops = &mem_ops;
	SP_REQUIRE(pthread_mutex_init(&m->lock, NULL) == 0);
	return &m->base;
}
