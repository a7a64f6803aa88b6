#include "dock/book.h"

#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
#define X(id, name) name,
	DOCK_STATES(X)
#undef X
};

static const char *const camera_names[] = {
#define X(id, name) name,
	DOCK_CAMERA_STATES(X)
#undef X
};

#define YES true
/* clang-format off */
static const bool follows[DOCK_STATE_COUNT][DOCK_STATE_COUNT] = {
	[DOCK_FOUND] = { [DOCK_SETTLING] = YES, [DOCK_HASHING] = YES,
	    [DOCK_UPLOADING] = YES, [DOCK_PROVEN] = YES, [DOCK_KEPT] = YES,
	    [DOCK_REFUSED] = YES, [DOCK_VANISHED] = YES },
	[DOCK_SETTLING] = { [DOCK_SETTLING] = YES, [DOCK_HASHING] = YES,
	    [DOCK_UPLOADING] = YES, [DOCK_PROVEN] = YES, [DOCK_REFUSED] = YES,
	    [DOCK_VANISHED] = YES },
	[DOCK_HASHING] = { [DOCK_HASHING] = YES, [DOCK_SETTLING] = YES,
	    [DOCK_UPLOADING] = YES, [DOCK_PROVEN] = YES,
	    [DOCK_REFUSED] = YES, [DOCK_VANISHED] = YES },
	[DOCK_UPLOADING] = { [DOCK_SETTLING] = YES, [DOCK_HASHING] = YES,
	    [DOCK_PROVEN] = YES, [DOCK_REFUSED] = YES, [DOCK_VANISHED] = YES },
	[DOCK_PROVEN] = { [DOCK_SETTLING] = YES, [DOCK_HASHING] = YES,
	    [DOCK_UPLOADING] = YES, [DOCK_CLEARED] = YES, [DOCK_KEPT] = YES,
	    [DOCK_REFUSED] = YES, [DOCK_VANISHED] = YES },
	[DOCK_CLEARED] = { [DOCK_FOUND] = YES },
	[DOCK_KEPT] = { [DOCK_SETTLING] = YES, [DOCK_VANISHED] = YES },
	[DOCK_REFUSED] = { [DOCK_SETTLING] = YES, [DOCK_HASHING] = YES,
	    [DOCK_UPLOADING] = YES, [DOCK_PROVEN] = YES, [DOCK_REFUSED] = YES,
	    [DOCK_VANISHED] = YES },
	[DOCK_VANISHED] = { [DOCK_FOUND] = YES },
};

static const bool camera_follows[DOCK_CAMERA_COUNT][DOCK_CAMERA_COUNT] = {
	[DOCK_PRESENT] = { [DOCK_GONE] = YES, [DOCK_READ_ONLY] = YES,
	    [DOCK_FULL] = YES },
	[DOCK_GONE] = { [DOCK_PRESENT] = YES },
	[DOCK_READ_ONLY] = { [DOCK_PRESENT] = YES, [DOCK_GONE] = YES,
	    [DOCK_FULL] = YES },
	[DOCK_FULL] = { [DOCK_PRESENT] = YES, [DOCK_GONE] = YES,
	    [DOCK_READ_ONLY] = YES },
};
/* clang-format on */

const char *
dock_state_name(enum dock_state s)
{
	SP_REQUIRE((size_t)s < DOCK_STATE_COUNT);
	return state_names[s];
}

bool
dock_state_may(enum dock_state from, enum dock_state to)
{
	SP_REQUIRE((size_t)from < DOCK_STATE_COUNT);
	SP_REQUIRE((size_t)to < DOCK_STATE_COUNT);
	return follows[from][to];
}

const char *
dock_camera_name(enum dock_camera c)
{
	SP_REQUIRE((size_t)c < DOCK_CAMERA_COUNT);
	return camera_names[c];
}

bool
dock_camera_may(enum dock_camera from, enum dock_camera to)
{
	SP_REQUIRE((size_t)from < DOCK_CAMERA_COUNT);
	SP_REQUIRE((size_t)to < DOCK_CAMERA_COUNT);
	return camera_follows[from][to];
}

void
dock_file_move(struct dock_file *f, enum dock_state to)
{
	SP_REQUIRE(dock_state_may(f->state, to));
	f->state = to;
	f->done = 0;
}

/* ---- Two tables, chained, that double ---- */

struct dock_book {
	bool all;
	struct dock_file **file;
	size_t file_slots, files;
	struct dock_file *first, *last; /* in order */
	struct dock_item **item;
	size_t item_slots, items;
};

/* FNV-1a: a card can make its names collide, and then finds itself slow. */
static size_t
hash_of(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

struct dock_book *
dock_book_new(bool all)
{
	struct dock_book *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->all = all;
	b->file_slots = 64;
	b->item_slots = 64;
	b->file = calloc(b->file_slots, sizeof(struct dock_file *));
	b->item = calloc(b->item_slots, sizeof(struct dock_item *));
	if (b->file == NULL || b->item == NULL) {
		dock_book_free(b);
		return NULL;
	}
	return b;
}

static void
free_file(struct dock_file *f)
{
	free(f->path);
	free(f);
}

void
dock_book_free(struct dock_book *b)
{
	if (b == NULL)
		return;
	for (struct dock_file *f = b->first; f != NULL;) {
		struct dock_file *after = f->after;

		free_file(f);
		f = after;
	}
	for (size_t i = 0; b->item != NULL && i < b->item_slots; i++)
		for (struct dock_item *t = b->item[i]; t != NULL;) {
			struct dock_item *next = t->next;

			free(t);
			t = next;
		}
	free(b->file);
	free(b->item);
	free(b);
}

/* Slower, when there is no memory for it: that is all. */
static void
grow_files(struct dock_book *b)
{
	size_t slots = b->file_slots * 2;
	struct dock_file **more = calloc(slots, sizeof(struct dock_file *));

	if (more == NULL)
		return;
	for (size_t i = 0; i < b->file_slots; i++)
		for (struct dock_file *f = b->file[i]; f != NULL;) {
			struct dock_file *next = f->next;
			size_t at = hash_of(f->path) & (slots - 1);

			f->next = more[at];
			more[at] = f;
			f = next;
		}
	free(b->file);
	b->file = more;
	b->file_slots = slots;
}

static void
grow_items(struct dock_book *b)
{
	size_t slots = b->item_slots * 2;
	struct dock_item **more = calloc(slots, sizeof(struct dock_item *));

	if (more == NULL)
		return;
	for (size_t i = 0; i < b->item_slots; i++)
		for (struct dock_item *t = b->item[i]; t != NULL;) {
			struct dock_item *next = t->next;
			size_t at = hash_of(t->sha256) & (slots - 1);

			t->next = more[at];
			more[at] = t;
			t = next;
		}
	free(b->item);
	b->item = more;
	b->item_slots = slots;
}

struct dock_file *
dock_book_file(const struct dock_book *b, const char *path)
{
	struct dock_file *f = b->file[hash_of(path) & (b->file_slots - 1)];

	while (f != NULL && strcmp(f->path, path) != 0)
		f = f->next;
	return f;
}

struct dock_file *
dock_book_make(struct dock_book *b, const char *path)
{
	struct dock_file *f = dock_book_file(b, path);

	if (f != NULL)
		return f;
	if (b->files >= b->file_slots)
		grow_files(b);
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->path = strdup(path);
	if (f->path == NULL) {
		free(f);
		return NULL;
	}
	size_t at = hash_of(path) & (b->file_slots - 1);

	f->next = b->file[at];
	b->file[at] = f;
	b->files++;
	f->before = b->last;
	*(b->last == NULL ? &b->first : &b->last->after) = f;
	b->last = f;
	f->state = DOCK_VANISHED; /* until it is seen */
	return f;
}

void
dock_book_forget(struct dock_book *b, struct dock_file *f)
{
	struct dock_file **at =
	    &b->file[hash_of(f->path) & (b->file_slots - 1)];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	b->files--;
	*(f->before == NULL ? &b->first : &f->before->after) = f->after;
	*(f->after == NULL ? &b->last : &f->after->before) = f->before;
	free_file(f);
}

struct dock_item *
dock_book_item(const struct dock_book *b, const char *sha256, uint64_t size)
{
	struct dock_item *t = b->item[hash_of(sha256) & (b->item_slots - 1)];

	while (t != NULL && (strcmp(t->sha256, sha256) != 0 || t->size != size))
		t = t->next;
	return t;
}

struct dock_item *
dock_book_make_item(struct dock_book *b, const char *sha256, uint64_t size)
{
	struct dock_item *t = dock_book_item(b, sha256, size);

	if (t != NULL)
		return t;
	if (b->items >= b->item_slots)
		grow_items(b);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	memcpy(t->sha256, sha256, sizeof(t->sha256));
	t->size = size;
	size_t at = hash_of(sha256) & (b->item_slots - 1);

	t->next = b->item[at];
	b->item[at] = t;
	b->items++;
	return t;
}

size_t
dock_book_count(const struct dock_book *b)
{
	return b->files;
}

void
dock_book_each(struct dock_book *b,
    void (*visit)(void *arg, struct dock_file *f), void *arg)
{
	for (struct dock_file *f = b->first; f != NULL;) {
		struct dock_file *after = f->after;

		visit(arg, f);
		f = after;
	}
}

/* ---- Lines ---- */

static void
apply_item(struct dock_item *t, const struct dock_line *l)
{
	unsigned has = dock_act_has(l->act);

	if (l->act == DOCK_SENDING || l->act == DOCK_LOST) {
		*t->upload = '\0';
		*t->evidence = '\0';
		t->proven = false;
		*t->once = '\0';
	}
	if (l->act == DOCK_SENDING)
		memcpy(t->once, l->once, sizeof(t->once));
	if ((has & DOCK_HAS_UPLOAD) != 0)
		memcpy(t->upload, l->upload, sizeof(t->upload));
	if ((has & DOCK_HAS_EVIDENCE) != 0 && l->act != DOCK_LOST)
		memcpy(t->evidence, l->evidence, sizeof(t->evidence));
	if (l->act == DOCK_PROVED) {
		t->proven = true;
		t->entry = l->entry;
		t->log_size = l->log_size;
	}
}

/* What the line makes known of the file itself; its state is left to what is
 * seen, but for files that are only shown. */
static void
apply_file(
    const struct dock_book *b, struct dock_file *f, const struct dock_line *l)
{
	static const enum dock_state shown[DOCK_ACT_COUNT] = {
		[DOCK_HASHED] = DOCK_UPLOADING,
		[DOCK_CLEARING] = DOCK_PROVEN,
		[DOCK_ERASED] = DOCK_CLEARED,
		[DOCK_MISSING] = DOCK_VANISHED,
		[DOCK_LEFT] = DOCK_KEPT,
		[DOCK_REFUSED_FOR] = DOCK_REFUSED,
	};

	if (!f->seen) {
		uint64_t dev = f->is.dev;

		f->is = l->is;
		f->is.dev = dev;
	}
	if ((dock_act_has(l->act) & DOCK_HAS_SHA) != 0)
		memcpy(f->sha256, l->sha256, sizeof(f->sha256));
	if ((dock_act_has(l->act) & DOCK_HAS_EVIDENCE) != 0)
		memcpy(f->evidence, l->evidence, sizeof(f->evidence));
	f->clearing = l->act == DOCK_CLEARING;
	memcpy(f->why, l->why, sizeof(f->why));
	if (b->all)
		f->state = shown[l->act];
}

enum sp_code
dock_book_apply(
    struct dock_book *b, const struct dock_line *l, struct sp_err *err)
{
	unsigned has = dock_act_has(l->act);

	if ((has & DOCK_HAS_SHA) != 0) {
		struct dock_item *t =
		    dock_book_make_item(b, l->sha256, l->is.size);

		if (t == NULL)
			return sp_fail(
			    err, SP_E_NOMEM, "no memory for what is known");
		apply_item(t, l);
	}
	if ((has & DOCK_HAS_FILE) == 0)
		return SP_OK;
	struct dock_file *f = dock_book_make(b, l->path);

	if (f == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for what is known");
	apply_file(b, f, l);
	/* What is gone for good need not be known while docking. */
	if ((l->act == DOCK_ERASED || l->act == DOCK_MISSING) && !b->all &&
	    !f->seen)
		dock_book_forget(b, f);
	return SP_OK;
}
