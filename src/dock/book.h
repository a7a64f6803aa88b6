#ifndef DOCK_BOOK_H
#define DOCK_BOOK_H

#include "dock/journal.h"
#include "dock/scan.h"

/*
 * What a dock knows: of each file in its folder by path, and of each content
 * by its SHA-256.  Made from the journal's lines, then kept up with what is
 * seen and done.
 *
 * The life of a file:
 *
 *              changes .---.                .-------------- changed
 *                      v   |                |
 *   FOUND --------> SETTLING                v
 *     |    changes     |             .-- SETTLING
 *     | quiet          | quiet       |
 *     '-------> HASHING <------------'
 *                |    \
 *        content |     \ content already proven
 *        unknown v      v
 *           UPLOADING -> PROVEN --erase--> CLEARED      (with --clear)
 *                           |
 *                           '------------> KEPT         (without)
 *
 *   HASHING, UPLOADING, PROVEN --not possible for good--> REFUSED
 *   all but CLEARED --not in the folder any more--> VANISHED --again--> FOUND
 *   CLEARED --the same name again--> FOUND
 *   FOUND, SETTLING, KEPT --its bytes are known already--> past HASHING
 *
 * A file that cannot go on now, but may later (the site is away, its medium
 * does not answer, the disk is full), stays in its state, with `why` and the
 * time of the next try.  A REFUSED one is tried again after a longer while.
 *
 * The life of a camera, or whatever folder it is:
 *
 *   PRESENT --cannot be opened--> GONE --can--> PRESENT
 *   PRESENT --an erasure meets a read-only or full medium--> READ_ONLY, FULL
 *           <--------------------------an erasure works--
 *
 * Owned by the dock, under its lock.
 */
#define DOCK_STATES(X)                                                         \
	X(DOCK_FOUND, "found")                                                 \
	X(DOCK_SETTLING, "settling")                                           \
	X(DOCK_HASHING, "hashing")                                             \
	X(DOCK_UPLOADING, "uploading")                                         \
	X(DOCK_PROVEN, "proven")                                               \
	X(DOCK_CLEARED, "cleared")                                             \
	X(DOCK_KEPT, "kept")                                                   \
	X(DOCK_REFUSED, "refused")                                             \
	X(DOCK_VANISHED, "vanished")

enum dock_state {
#define X(id, name) id,
	DOCK_STATES(X)
#undef X
	    DOCK_STATE_COUNT
};
const char *dock_state_name(enum dock_state s);
bool dock_state_may(enum dock_state from, enum dock_state to);

#define DOCK_CAMERA_STATES(X)                                                  \
	X(DOCK_PRESENT, "present")                                             \
	X(DOCK_GONE, "gone")                                                   \
	X(DOCK_READ_ONLY, "read-only")                                         \
	X(DOCK_FULL, "full")

enum dock_camera {
#define X(id, name) id,
	DOCK_CAMERA_STATES(X)
#undef X
	    DOCK_CAMERA_COUNT
};
const char *dock_camera_name(enum dock_camera c);
bool dock_camera_may(enum dock_camera from, enum dock_camera to);

/* A content: what the site has, or is getting, of these bytes. */
struct dock_item {
	struct dock_item *next; /* inner */
	char sha256[DOCK_HEX];
	uint64_t size;
	char once[SP_ID_TEXT];     /* "" or the creation's key */
	char upload[SP_ID_TEXT];   /* "" or the upload under way */
	char evidence[SP_ID_TEXT]; /* "" or what it became */
	uint64_t entry, log_size;  /* of its proof */
	bool proven;
	bool busy; /* some file of this content is being sent */
};

struct dock_file {
	struct dock_file *next; /* inner, as are these two */
	struct dock_file *before, *after;
	char *path;
	enum dock_state state;
	struct dock_ident is;  /* as last seen, or as the journal says */
	char sha256[DOCK_HEX]; /* of a file that `is` so, or "" */
	char evidence[SP_ID_TEXT];
	bool seen;              /* in this run, and in this session of it */
	bool clearing;          /* the journal was told that it would go */
	char why[DOCK_WHY_MAX]; /* "" or what it waits for */
	/* the dock's: */
	uint64_t scan;   /* the last one that saw it */
	int64_t quiet;   /* ticks since which nothing changed */
	int64_t first;   /* ticks at which it was first seen so */
	int64_t again;   /* ticks of the next try; 0: now */
	unsigned failed; /* tries since something worked */
	bool waits;      /* it waits to be tried again */
	bool busy;       /* a stream is at it */
	bool queued;
	bool once_failed;   /* with `once`: it could not be done */
	struct sp_err last; /* what `why` is from */
	uint64_t done;      /* bytes read or sent in this state */
};

struct dock_book;
/* `all`: also remember files that were cleared (to be shown). */
struct dock_book *dock_book_new(bool all) SP_MUST_USE;
void dock_book_free(struct dock_book *b);

/* What a line says, of the past or just appended.  SP_E_NOMEM. */
enum sp_code dock_book_apply(struct dock_book *b, const struct dock_line *l,
    struct sp_err *err) SP_MUST_USE;

/* NULL when it is not known; _make: NULL when there is no memory. */
struct dock_file *dock_book_file(const struct dock_book *b, const char *path);
struct dock_file *dock_book_make(
    struct dock_book *b, const char *path) SP_MUST_USE;
struct dock_item *dock_book_item(
    const struct dock_book *b, const char *sha256, uint64_t size);
struct dock_item *dock_book_make_item(
    struct dock_book *b, const char *sha256, uint64_t size) SP_MUST_USE;
/* Nothing is known of it any more. */
void dock_book_forget(struct dock_book *b, struct dock_file *f);

/* Each file, in order of first knowledge.  The visitor may forget the one it
 * is told of. */
void dock_book_each(struct dock_book *b,
    void (*visit)(void *arg, struct dock_file *f), void *arg);
size_t dock_book_count(const struct dock_book *b);

/* A transition, checked against the life above. */
void dock_file_move(struct dock_file *f, enum dock_state to);

#endif
