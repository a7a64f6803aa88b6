#include "dock/book.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define ID_A "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define ID_B "0190aaaa-bbbb-7ccc-8ddd-000000000000"
#define SUM  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct dock_line
line_of(enum dock_act act, const char *path)
{
	struct dock_line l = { .act = act,
		.is = { .ino = 7, .size = 3, .mtime = 5, .ctime = 6 } };

	(void)snprintf(l.path, sizeof(l.path), "%s", path);
	(void)snprintf(l.sha256, sizeof(l.sha256), SUM);
	(void)snprintf(l.once, sizeof(l.once), ID_A);
	(void)snprintf(l.upload, sizeof(l.upload), ID_B);
	(void)snprintf(l.evidence, sizeof(l.evidence), ID_B);
	l.entry = 9;
	return l;
}

static void
apply(struct dock_book *b, enum dock_act act, const char *path)
{
	struct dock_line l = line_of(act, path);
	struct sp_err err;

	CHECK_OK(dock_book_apply(b, &l, &err), &err);
}

/* The promise, on the table itself: nothing is erased that is not proven. */
static void
only_what_is_proven_is_cleared(void)
{
	for (int from = 0; from < DOCK_STATE_COUNT; from++) {
		CHECK(dock_state_may((enum dock_state)from, DOCK_CLEARED) ==
		    (from == DOCK_PROVEN));
		CHECK(!dock_state_may(DOCK_CLEARED, (enum dock_state)from) ||
		    from == DOCK_FOUND);
		CHECK(!dock_state_may(DOCK_VANISHED, (enum dock_state)from) ||
		    from == DOCK_FOUND);
	}
	/* From every state but the last there is a way to it. */
	bool reaches[DOCK_STATE_COUNT] = { [DOCK_CLEARED] = true };

	for (int round = 0; round < DOCK_STATE_COUNT; round++)
		for (int from = 0; from < DOCK_STATE_COUNT; from++)
			for (int to = 0; to < DOCK_STATE_COUNT; to++)
				if (reaches[to] &&
				    dock_state_may((enum dock_state)from,
					(enum dock_state)to))
					reaches[from] = true;
	for (int from = 0; from < DOCK_STATE_COUNT; from++)
		CHECK(reaches[from]);
	for (int from = 0; from < DOCK_CAMERA_COUNT; from++)
		CHECK(from == DOCK_PRESENT ||
		    dock_camera_may((enum dock_camera)from, DOCK_PRESENT));
}

static void
names_are_told(void)
{
	CHECK(strcmp(dock_state_name(DOCK_CLEARED), "cleared") == 0);
	CHECK(strcmp(dock_camera_name(DOCK_READ_ONLY), "read-only") == 0);
	CHECK(strcmp(dock_act_name(DOCK_ERASED), "cleared") == 0);
}

static void
lines_make_it_known(void)
{
	struct dock_book *b = dock_book_new(false);

	CHECK(b != NULL);
	apply(b, DOCK_HASHED, "clip");
	struct dock_file *f = dock_book_file(b, "clip");
	struct dock_item *t = dock_book_item(b, SUM, 3);

	CHECK(f != NULL && t != NULL && strcmp(f->sha256, SUM) == 0);
	CHECK(f->state == DOCK_VANISHED && f->is.ino == 7);
	CHECK(*t->once == '\0' && !t->proven);
	CHECK(dock_book_item(b, SUM, 4) == NULL);
	apply(b, DOCK_SENDING, "");
	CHECK(strcmp(t->once, ID_A) == 0 && *t->upload == '\0');
	apply(b, DOCK_UPLOAD, "");
	CHECK(strcmp(t->upload, ID_B) == 0);
	apply(b, DOCK_STORED, "");
	CHECK(strcmp(t->evidence, ID_B) == 0 && !t->proven);
	apply(b, DOCK_PROVED, "");
	CHECK(t->proven && t->entry == 9);
	apply(b, DOCK_CLEARING, "clip");
	CHECK(f->clearing && strcmp(f->evidence, ID_B) == 0);
	apply(b, DOCK_ERASED, "clip");
	CHECK(dock_book_file(b, "clip") == NULL); /* gone for good */
	CHECK(dock_book_item(b, SUM, 3)->proven); /* but what it was is known */
	apply(b, DOCK_LOST, "");
	CHECK(!t->proven && *t->evidence == '\0' && *t->once == '\0');
	dock_book_free(b);
}

static void
what_was_cleared_can_be_shown(void)
{
	struct dock_book *b = dock_book_new(true);

	CHECK(b != NULL);
	apply(b, DOCK_HASHED, "a");
	apply(b, DOCK_ERASED, "b");
	apply(b, DOCK_LEFT, "c");
	apply(b, DOCK_REFUSED_FOR, "d");
	CHECK(dock_book_count(b) == 4);
	CHECK(dock_book_file(b, "a")->state == DOCK_UPLOADING);
	CHECK(dock_book_file(b, "b")->state == DOCK_CLEARED);
	CHECK(dock_book_file(b, "c")->state == DOCK_KEPT);
	CHECK(dock_book_file(b, "d")->state == DOCK_REFUSED);
	dock_book_free(b);
}

/* What is seen on the card is not overwritten by what is written down. */
static void
what_is_seen_is_believed(void)
{
	struct dock_book *b = dock_book_new(false);
	struct dock_file *f = dock_book_make(b, "clip");

	f->seen = true;
	f->is.ino = 99;
	apply(b, DOCK_HASHED, "clip");
	CHECK(f->is.ino == 99 && strcmp(f->sha256, SUM) == 0);
	apply(b, DOCK_ERASED, "clip");
	CHECK(dock_book_file(b, "clip") == f); /* it is being looked at */
	dock_book_free(b);
}

struct walk {
	struct dock_book *b;
	unsigned n, step;
	bool forget;
};

static void
visit(void *arg, struct dock_file *f)
{
	struct walk *w = arg;
	char name[32];

	(void)snprintf(name, sizeof(name), "f%u", w->n * w->step);
	CHECK(strcmp(f->path, name) == 0);
	w->n++;
	if (w->forget && w->n % 2 == 1)
		dock_book_forget(w->b, f);
}

static void
many_are_kept_in_order(void)
{
	struct dock_book *b = dock_book_new(false);
	struct walk w = { .b = b, .step = 1, .forget = true };
	char name[32];

	for (unsigned i = 0; i < 2000; i++) {
		char sum[DOCK_HEX] = SUM;

		(void)snprintf(name, sizeof(name), "f%u", i);
		CHECK(dock_book_make(b, name) != NULL);
		CHECK(dock_book_make(b, name) == dock_book_file(b, name));
		(void)snprintf(sum, 9, "%08x", i);
		sum[8] = '0';
		CHECK(dock_book_make_item(b, sum, i) != NULL);
		CHECK(dock_book_make_item(b, sum, i) ==
		    dock_book_item(b, sum, i));
	}
	CHECK(dock_book_count(b) == 2000);
	dock_book_each(b, visit, &w);
	CHECK(w.n == 2000 && dock_book_count(b) == 1000);
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		CHECK((dock_book_file(b, name) != NULL) == (i % 2 == 1));
	}
	/* The first, the last, and then none. */
	for (unsigned i = 1; i < 2000; i += 2) {
		unsigned at = i % 4 == 1 ? i / 4 * 4 + 1 : i;

		(void)snprintf(name, sizeof(name), "f%u", at);
		dock_book_forget(b, dock_book_file(b, name));
	}
	CHECK(dock_book_count(b) == 0);
	dock_book_each(b, visit, NULL);
	CHECK(dock_book_make(b, "again") != NULL);
	dock_book_free(b);
	dock_book_free(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "only what is proven is cleared",
		    only_what_is_proven_is_cleared },
		{ "names are told", names_are_told },
		{ "lines make it known", lines_make_it_known },
		{ "what was cleared can be shown",
		    what_was_cleared_can_be_shown },
		{ "what is seen is believed", what_is_seen_is_believed },
		{ "many are kept in order", many_are_kept_in_order },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
