#ifndef SP_JSON_H
#define SP_JSON_H

#include "base/encode.h"
#include "base/id.h"

/*
 * A writer of canonical JSON (RFC 8785) for the hot paths: ledger entries and
 * API answers.  Reading JSON is jansson's, at the edges.
 *
 * Member names are literals of this program: printable ASCII, no quote or
 * backslash, shorter than SP_JSON_NAME.  They must be added in the order that
 * RFC 8785 3.2.3 sorts them (for ASCII, byte order); a wrong order is a bug
 * and aborts.  Strings may come from outside: one that is not UTF-8, or holds
 * U+0000, poisons the buffer with SP_E_INVALID.  So does an integer outside
 * +-(2^53 - 1) (RFC 7493 2.2): a reader with doubles would change it.
 *
 * A poisoned or failed buffer makes every later call a no-op but for these
 * checks of the program's own doing.
 */
#define SP_JSON_DEPTH   16
#define SP_JSON_NAME    96
#define SP_JSON_INT_MAX ((INT64_C(1) << 53) - 1)

struct sp_json {
	struct sp_buf *out; /* borrowed */
	unsigned depth;     /* containers now open */
	struct {
		bool array;
		bool any;
		char last[SP_JSON_NAME]; /* the member before */
	} level[SP_JSON_DEPTH + 1];      /* [0] holds the outermost value */
};

struct sp_json sp_json_to(struct sp_buf *out);
/* `name` is NULL inside an array and for the outermost value. */
void sp_json_object(struct sp_json *j, const char *name);
void sp_json_array(struct sp_json *j, const char *name);
void sp_json_end(struct sp_json *j);
void sp_json_str(struct sp_json *j, const char *name, const char *s);
void sp_json_strn(
    struct sp_json *j, const char *name, const char *s, size_t len);
void sp_json_int(struct sp_json *j, const char *name, int64_t v);
void sp_json_bool(struct sp_json *j, const char *name, bool v);
void sp_json_null(struct sp_json *j, const char *name);
/* An already canonical value. */
void sp_json_raw(struct sp_json *j, const char *name, const char *value);
/* Bytes as lower-case hex. */
void sp_json_hex(
    struct sp_json *j, const char *name, const void *bytes, size_t len);
/* An id, a time, in their text forms; or null for nobody's and for 0. */
void sp_json_id(struct sp_json *j, const char *name, const struct sp_id *id);
void sp_json_id_or_null(
    struct sp_json *j, const char *name, const struct sp_id *id);
void sp_json_time(struct sp_json *j, const char *name, sp_time t);
void sp_json_time_or_null(struct sp_json *j, const char *name, sp_time t);

#endif
