#ifndef SP_ENCODE_H
#define SP_ENCODE_H

#include "base/buf.h"

/* Text forms of bytes: RFC 4648 sections 8 (base 16, lower case), 4 and 5
 * (base 64); and UTF-8.  Parsers leave their outputs untouched on failure. */

void sp_hex(const void *bytes, size_t len, char *out /* 2*len+1 */);
/* Exactly 2*len lower- or upper-case digits; *out untouched on failure. */
bool sp_hex_parse(
    const char *s, size_t slen, void *out, size_t len) SP_MUST_USE;

#define SP_BASE64_LEN(n) (((n) + 2) / 3 * 4)
void sp_base64(const void *bytes, size_t len, char *out /* +1 for the NUL */);
void sp_buf_base64(struct sp_buf *b, const void *bytes, size_t len);
/* Padded, canonical (unused bits zero), no white space.  The decoded length
 * goes to *len, which holds the room in `out` before. */
bool sp_base64_parse(
    const char *s, size_t slen, void *out, size_t *len) SP_MUST_USE;
/* Section 5's alphabet without padding. */
void sp_base64url(const void *bytes, size_t len, char *out /* +1 */);
bool sp_base64url_parse(
    const char *s, size_t slen, void *out, size_t *len) SP_MUST_USE;

/* Bytes of the well-formed UTF-8 character (RFC 3629) that `s` begins with:
 * 1 to 4, or 0 when it begins with none.  U+0000 is one. */
size_t sp_utf8_next(const void *s, size_t len) SP_MUST_USE;
/* True for well-formed UTF-8 without U+0000. */
bool sp_utf8_ok(const void *s, size_t len) SP_MUST_USE;
/* False for a well-formed character of `n` bytes that would not be seen but
 * change what is: controls (C0, DEL, C1) and those of direction and lines. */
bool sp_utf8_shown(const void *s, size_t n) SP_MUST_USE;
/* Put '?' for each byte of what is not shown or not UTF-8, so that the text
 * can be given to a terminal and put into JSON. */
void sp_utf8_clean(char *s);
/* The same for each such character, into `out`: at most room - 1 bytes, cut
 * between characters; returns how many characters. */
size_t sp_utf8_quote(const char *s, char *out, size_t room);

#endif
