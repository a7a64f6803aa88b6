#ifndef MEDIA_FACTS_H
#define MEDIA_FACTS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"

/*
 * What a media file says of itself.  The worker finds it out and sends it as
 * fields; whoever reads them believes nothing: every number has a range, every
 * word an alphabet, and the JSON is made from what passed (docs/media.md).
 */
#define MEDIA_WORD_MAX    31 /* format, codec: a-z 0-9 . - _ */
#define MEDIA_STREAMS_MAX 32 /* told of; there may be more */

/* id, number on the wire, name */
#define MEDIA_KINDS(X)                                                         \
	X(MEDIA_VIDEO, 1, "video")                                             \
	X(MEDIA_AUDIO, 2, "audio")                                             \
	X(MEDIA_PICTURE, 3, "picture") /* one frame: a photo, a cover */       \
	X(MEDIA_SUBTITLE, 4, "subtitle")                                       \
	X(MEDIA_DATA, 5, "data")

enum media_kind {
#define X(id, number, name) id,
	MEDIA_KINDS(X)
#undef X
	    MEDIA_KIND_COUNT
};
const char *media_kind_name(enum media_kind k);

/* Why there are no facts: number on the wire, word for the ledger, text for
 * people, which goes on with "unreadable: ". */
#define MEDIA_REASONS(X)                                                       \
	X(MEDIA_EMPTY, 1, "empty", "the file is empty")                        \
	X(MEDIA_UNKNOWN, 2, "format", "not a known media format")              \
	X(MEDIA_DAMAGED, 3, "damaged", "damaged or cut off")                   \
	X(MEDIA_STREAMS, 4, "streams", "too many streams")                     \
	X(MEDIA_LARGE, 5, "dimensions", "its pictures are too large")          \
	X(MEDIA_MEMORY, 6, "memory", "takes too much memory to read")          \
	X(MEDIA_TIME, 7, "time", "takes too long to read")                     \
	X(MEDIA_BYTES, 8, "bytes", "too much of it would have to be read")     \
	X(MEDIA_CRASHED, 9, "crashed", "reading it ended unexpectedly")        \
	X(MEDIA_NONSENSE, 10, "nonsense", "reading it gave no sense")          \
	X(MEDIA_STORED, 11, "stored", "the stored bytes fail their check")     \
	X(MEDIA_TRIES, 12, "tries", "reading it was interrupted too often")

enum media_reason {
#define X(id, number, word, text) id,
	MEDIA_REASONS(X)
#undef X
	    MEDIA_REASON_COUNT /* also: readable */
};
#define MEDIA_READABLE MEDIA_REASON_COUNT
const char *media_reason_word(enum media_reason r);
const char *media_reason_text(enum media_reason r);
/* MEDIA_REASON_COUNT for a number that none has. */
enum media_reason media_reason_of(uint8_t number);
uint8_t media_reason_number(enum media_reason r);

#define MEDIA_UNKNOWN_TIME INT64_C(-1)
#define MEDIA_LENGTH_MAX   INT64_C(4000000000000) /* ms; 126 years */
#define MEDIA_SIDE_MAX     65535U
#define MEDIA_LOCAL        20 /* "2026-11-21T18:45:44" and a NUL */

struct media_stream {
	enum media_kind kind;
	char codec[MEDIA_WORD_MAX + 1];
	int64_t length; /* ms, or MEDIA_UNKNOWN_TIME */
	uint32_t width; /* video, picture; as stored */
	uint32_t height;
	uint32_t rotation;    /* 0, 90, 180, 270: clockwise, to be shown */
	uint32_t frame_rate;  /* of 1000 s; 0: unknown */
	uint32_t sample_rate; /* audio */
	uint32_t channels;
};

struct media_facts {
	char format[MEDIA_WORD_MAX + 1];
	int64_t length;          /* ms, or MEDIA_UNKNOWN_TIME */
	sp_time created;         /* or MEDIA_UNKNOWN_TIME */
	char local[MEDIA_LOCAL]; /* where its zone is not told; or "" */
	bool placed;
	int32_t latitude, longitude; /* millionths of a degree */
	uint32_t all;                /* streams, told of or not */
	size_t streams;
	struct media_stream stream[MEDIA_STREAMS_MAX];
};

/* A word of ours: 1 to MEDIA_WORD_MAX of a-z 0-9 . - _ */
bool media_word_ok(const char *s, size_t len);
/* "2026-11-21T18:45:44": digits in their ranges. */
bool media_local_ok(const char *s, size_t len);

/*
 * On the wire, all numbers big-endian, a word is a u32 length and its bytes:
 *
 *   word format || u64 length || u64 created || word local || u8 placed ||
 *   u32 latitude || u32 longitude || u32 all || u8 streams || stream*
 *   stream = u8 kind || word codec || u64 length || u32 width || u32 height ||
 *            u32 rotation || u32 frame_rate || u32 sample_rate || u32 channels
 *
 * An unknown time is 2^64 - 1; an absent local time has no bytes.
 */
void media_facts_write(const struct media_facts *f, struct sp_buf *out);
/* False, and *f untouched, for what breaks any of the rules above. */
bool media_facts_read(struct sp_in *in, struct media_facts *f) SP_MUST_USE;

/* The canonical JSON (docs/media.md). */
void media_facts_json(const struct media_facts *f, struct sp_buf *out);

#endif
