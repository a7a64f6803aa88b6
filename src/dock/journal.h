#ifndef DOCK_JOURNAL_H
#define DOCK_JOURNAL_H

#include "base/id.h"
#include "dock/place.h"

/*
 * What a dock has done with the files of one folder, line by line, so that a
 * dock that was killed anywhere goes on where it was, and that what was
 * erased can always be accounted for.  docs/dock.md has the format; in short,
 * a line is one JSON object and LF:
 *
 *	{"at":"<RFC 3339>","do":"<act>",...,"sum":"<16 hex digits>",...}
 *
 * `sum` is the beginning of the SHA-256 of the line before's `sum` (16 zeroes
 * for the first) and of this line with 16 zeroes for its own, so that a line
 * that was changed, lost or put in
 * is found.  The file is only appended to, and each line is on the disk
 * before dock_journal_add returns: an act that depends on it comes after.
 *
 * A crash can leave a last line without its LF, or zeroes in its place.  That
 * one is cut off; any other damage is refused, since someone may have wished
 * a line away.
 *
 * One thread (the dock's lock).
 */
#define DOCK_LINE_MAX    ((size_t)16384)
#define DOCK_JOURNAL_MAX ((uint64_t)4 << 30)
#define DOCK_SUM         17
#define DOCK_WHY_MAX     400 /* an sp_err's text */

/* Acts, and which members a line of each has. */
#define DOCK_HAS_DOCK     0x01 /* agency dir site version */
#define DOCK_HAS_FILE     0x02 /* path size mtime ctime ino */
#define DOCK_HAS_SHA      0x04 /* sha256; size where there is no file */
#define DOCK_HAS_ONCE     0x08
#define DOCK_HAS_UPLOAD   0x10
#define DOCK_HAS_EVIDENCE 0x20
#define DOCK_HAS_ENTRY    0x40 /* entry log_size */
#define DOCK_HAS_WHY      0x80

#define DOCK_ACTS(X)                                                           \
	X(DOCK_BEGIN, "begin", DOCK_HAS_DOCK)                                  \
	/* its bytes are these */                                              \
	X(DOCK_HASHED, "hashed", DOCK_HAS_FILE | DOCK_HAS_SHA)                 \
	/* about to make an upload, under this Idempotency-Key */              \
	X(DOCK_SENDING, "sending", DOCK_HAS_SHA | DOCK_HAS_ONCE)               \
	/* the upload made */                                                  \
	X(DOCK_UPLOAD, "upload", DOCK_HAS_SHA | DOCK_HAS_UPLOAD)               \
	/* it is this evidence, says the site */                               \
	X(DOCK_STORED, "stored", DOCK_HAS_SHA | DOCK_HAS_EVIDENCE)             \
	/* its receipt was checked, and is kept */                             \
	X(DOCK_PROVED, "proven",                                               \
	    DOCK_HAS_SHA | DOCK_HAS_EVIDENCE | DOCK_HAS_ENTRY)                 \
	/* the site does not have it any more: from the start */               \
	X(DOCK_LOST, "lost", DOCK_HAS_SHA | DOCK_HAS_EVIDENCE | DOCK_HAS_WHY)  \
	/* about to remove the original */                                     \
	X(DOCK_CLEARING, "clearing",                                           \
	    DOCK_HAS_FILE | DOCK_HAS_SHA | DOCK_HAS_EVIDENCE)                  \
	X(DOCK_ERASED, "cleared",                                              \
	    DOCK_HAS_FILE | DOCK_HAS_SHA | DOCK_HAS_EVIDENCE)                  \
	/* it was about to be removed, and was not there when next looked for: \
	 * removed then, or taken away; nobody saw which */                    \
	X(DOCK_MISSING, "missing",                                             \
	    DOCK_HAS_FILE | DOCK_HAS_SHA | DOCK_HAS_EVIDENCE)                  \
	/* proven, and left where it is */                                     \
	X(DOCK_LEFT, "kept", DOCK_HAS_FILE | DOCK_HAS_SHA | DOCK_HAS_EVIDENCE) \
	X(DOCK_REFUSED_FOR, "refused", DOCK_HAS_FILE | DOCK_HAS_WHY)

enum dock_act {
#define X(id, name, has) id,
	DOCK_ACTS(X)
#undef X
	    DOCK_ACT_COUNT
};
const char *dock_act_name(enum dock_act act);
unsigned dock_act_has(enum dock_act act);

/* Members that its act does not have are empty. */
struct dock_line {
	enum dock_act act;
	sp_time at;
	char path[DOCK_PATH_MAX + 1]; /* any bytes but NUL */
	struct dock_ident is;         /* dev and lasting are not kept */
	char sha256[DOCK_HEX];
	char once[SP_ID_TEXT];
	char upload[SP_ID_TEXT];
	char evidence[SP_ID_TEXT];
	uint64_t entry;
	uint64_t log_size;
	char why[DOCK_WHY_MAX];
};

/* Whose journal it is, for which folder. */
#define DOCK_NAME_MAX 4096
struct dock_header {
	char agency[64];
	char site[300];
	char dir[DOCK_NAME_MAX];
};

/* Is told of each line in order, but for the first. */
struct dock_replay {
	enum sp_code (*line)(
	    void *arg, const struct dock_line *line, struct sp_err *err);
	void *arg;
};

/*
 * A journal's bytes, as they come.  When all were fed, the first `whole` of
 * them are good lines; what follows is a torn last line.  SP_E_CORRUPT says
 * which line is damaged.
 */
struct dock_reader {
	const struct dock_replay *replay;
	struct dock_header header; /* once `lines` > 0 */
	uint64_t lines;
	uint64_t whole;
	char sum[DOCK_SUM]; /* of the last one */
	bool torn;          /* zeroes were met: nothing may follow */
	struct sp_buf left;
};
struct dock_reader dock_reader_new(const struct dock_replay *replay);
enum sp_code dock_reader_feed(struct dock_reader *r, const void *bytes,
    size_t len, struct sp_err *err) SP_MUST_USE;
void dock_reader_done(struct dock_reader *r);

/* Read, by whoever wants to know, without taking it.  SP_E_NOTFOUND when there
 * is none yet. */
enum sp_code dock_journal_read(const char *path, struct dock_header *header,
    const struct dock_replay *replay, struct sp_err *err) SP_MUST_USE;

struct dock_journal;
/*
 * Opens it, or makes it, for this dock alone.  SP_E_LOCKED: another dock has
 * it.  SP_E_CONFLICT: it is of another agency, site or folder.  SP_E_CORRUPT:
 * it is damaged.
 */
enum sp_code dock_journal_open(struct dock_journal **out, const char *path,
    const struct dock_header *header, const struct dock_replay *replay,
    struct sp_err *err) SP_MUST_USE;
void dock_journal_free(struct dock_journal *j);
/*
 * Appends a line, durably; `at` is set to now.  SP_E_FULL: the disk is full,
 * and the journal is as it was: do not do what depends on the line, try again
 * later.  SP_E_STOPPED: it could not be told what is on the disk: nothing can
 * be appended any more.
 */
enum sp_code dock_journal_add(struct dock_journal *j, struct dock_line *line,
    struct sp_err *err) SP_MUST_USE;

#endif
