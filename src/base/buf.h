#ifndef SP_BUF_H
#define SP_BUF_H

#include "base/err.h"

#include <stdarg.h>

/*
 * A growing run of bytes with a hard maximum, always followed by a NUL that
 * is not counted, so that text in it is a C string.  The first append that
 * fails (over the maximum, no memory) poisons the buffer: later appends do
 * nothing, and sp_buf_ok() says once whether all of it is there.
 *
 * A secret buffer also wipes what it leaves behind: on growth, on clear and
 * on free.
 *
 * Ownership: the struct is the caller's, its bytes the buffer's, until
 * sp_buf_free().  One thread at a time.
 */
struct sp_buf {
	uint8_t *at;
	size_t len;
	size_t cap;
	size_t max;
	enum sp_code bad; /* SP_OK, or why the buffer is poisoned */
	bool secret;
};

/* No allocation yet.  `max` bounds len. */
struct sp_buf sp_buf_new(size_t max);
struct sp_buf sp_buf_secret(size_t max);
void sp_buf_add(struct sp_buf *b, const void *bytes, size_t len);
void sp_buf_text(struct sp_buf *b, const char *s);
void sp_buf_fmt(struct sp_buf *b, const char *fmt, ...) SP_PRINTF(2, 3);
void sp_buf_vfmt(struct sp_buf *b, const char *fmt, va_list ap) SP_PRINTF(2, 0);
void sp_buf_u8(struct sp_buf *b, uint8_t v);
void sp_buf_u16be(struct sp_buf *b, uint16_t v);
void sp_buf_u32be(struct sp_buf *b, uint32_t v);
void sp_buf_u64be(struct sp_buf *b, uint64_t v);
/* 32-bit big-endian length, then the bytes; sp_in_blob() reads it. */
void sp_buf_blob(struct sp_buf *b, const void *bytes, size_t len);
/* Room for `len` more bytes, counted as appended; NULL when poisoned. */
uint8_t *sp_buf_extend(struct sp_buf *b, size_t len);
/* Make the buffer fail with `why` (a writer found that it was told
 * nonsense); the first reason stays. */
void sp_buf_poison(struct sp_buf *b, enum sp_code why);
void sp_buf_clear(struct sp_buf *b); /* keeps the memory, heals the poison */
/* Drop what was appended after the first `len` bytes (len <= b->len). */
void sp_buf_cut(struct sp_buf *b, size_t len);
bool sp_buf_ok(const struct sp_buf *b) SP_MUST_USE;
/* SP_OK, or why it is poisoned, naming `what`: SP_E_LIMIT over the maximum,
 * SP_E_NOMEM, or what sp_buf_poison() was given. */
enum sp_code sp_buf_check(
    const struct sp_buf *b, const char *what, struct sp_err *err) SP_MUST_USE;
/* The text; "" before the first append. */
const char *sp_buf_str(const struct sp_buf *b);
void sp_buf_free(struct sp_buf *b); /* b itself stays usable, empty */

#define SP_AUTO_BUF SP_CLEANUP(sp_buf_free) struct sp_buf

#endif
