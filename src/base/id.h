#ifndef SP_ID_H
#define SP_ID_H

#include "base/clock.h"

/* UUID version 7 (RFC 9562 5.7): sorts by time, 62 random bits. */
#define SP_ID_LEN  16
#define SP_ID_TEXT 37

struct sp_id {
	uint8_t b[SP_ID_LEN];
};

/* Each is greater than all that this process made before: what was recorded
 * later sorts later, within a millisecond too, and when the clock is set back.
 * Any thread. */
struct sp_id sp_id_new(void);
void sp_id_text(const struct sp_id *id, char out[static SP_ID_TEXT]);
/* 36 characters, lower case, version 7 and RFC variant. */
bool sp_id_parse(const char *s, size_t len, struct sp_id *out) SP_MUST_USE;
bool sp_id_equal(const struct sp_id *a, const struct sp_id *b);
/* All bytes zero: nobody's, of no object. */
bool sp_id_is_zero(const struct sp_id *id);

#endif
