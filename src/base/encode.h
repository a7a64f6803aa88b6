#ifndef SP_ENCODE_H
#define SP_ENCODE_H

#include "base/buf.h"

/* Text forms of bytes: RFC 4648 base 16 (lower case), 4 and 5 (base 64). */

void sp_hex(const void *bytes, size_t len, char *out /* 2*len+1 */);
/* Exactly 2*len lower- or upper-case digits; *out untouched on failure. */
bool sp_hex_parse(const char *s, size_t slen, void *out, size_t len) SP_MUST_USE;

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

#endif
