#ifndef SP_JSON_H
#define SP_JSON_H

#include "base/buf.h"

/*
 * A writer of canonical JSON (RFC 8785) for the hot paths: ledger entries and
 * API answers.  Reading JSON is jansson's, at the edges.
 *
 * Members must be added in the order RFC 8785 3.2.3 sorts them (for the ASCII
 * names this program uses, byte order); a wrong order is a bug and aborts.
 * Strings must be UTF-8; one that is not poisons the buffer.  Integers are
 * those that a double holds exactly.
 */
#define SP_JSON_DEPTH 8

struct sp_json {
	struct sp_buf *out; /* borrowed */
	unsigned depth;
	struct {
		bool array;
		bool any;
		char last[48]; /* the member before, to check the order */
	} level[SP_JSON_DEPTH];
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

/* True for well-formed UTF-8 (RFC 3629) without U+0000. */
bool sp_utf8_ok(const void *s, size_t len) SP_MUST_USE;

#endif
