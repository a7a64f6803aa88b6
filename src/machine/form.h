#ifndef MACHINE_FORM_H
#define MACHINE_FORM_H

#include "base/buf.h"

/*
 * A body of application/x-www-form-urlencoded (WHATWG URL, 5), read so that no
 * two readers can read it differently:
 *
 *   body = [ pair *( "&" pair ) ]     pair = name [ "=" value ]
 *
 * In names and values "+" is a space and "%XX" a byte; every other byte is
 * printable ASCII.  A name is not empty, comes once (RFC 6749 3.2), and neither
 * holds a NUL nor, decoded, is anything but UTF-8.  Whatever else is refused:
 * empty pairs, broken escapes, a second "=" that is not escaped.
 *
 * Holds secrets: wiped by _done.  One thread at a time.
 */
#define MACHINE_FORM_BYTES  ((size_t)8192)
#define MACHINE_FORM_FIELDS 16

struct machine_form {
	struct sp_buf text; /* names and values, each with its NUL */
	size_t n;
	struct {
		size_t name, value; /* where in the text */
	} field[MACHINE_FORM_FIELDS];
};

struct machine_form machine_form_new(void);
void machine_form_done(struct machine_form *f);
#define MACHINE_AUTO_FORM SP_CLEANUP(machine_form_done) struct machine_form

/* SP_E_INVALID, reason "form", with what is wrong; the form is empty then. */
enum sp_code machine_form_read(struct machine_form *f, const void *body,
    size_t len, struct sp_err *err) SP_MUST_USE;
/* NULL: it has none of this name.  One without a value is as if it were not
 * there (RFC 6749 3.2). */
const char *machine_form_get(const struct machine_form *f, const char *name);

/* Decode one name or value onto `out`, with its NUL: also for what stands in
 * "Basic" credentials (RFC 6749 2.3.1). */
bool machine_form_decode(
    const char *s, size_t len, struct sp_buf *out) SP_MUST_USE;

#endif
