#ifndef CMD_PRESENT_H
#define CMD_PRESENT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdio.h>

/*
 * Showing things to a person or, as JSON, to a program.
 *
 * Text that came from a site or a bag could drive the terminal it is shown
 * on (ECMA-48 controls) or change the reading order of a line (Unicode
 * Bidi_Control).  cmd_present_clean puts '?' in the place of such characters
 * and of bytes that are not UTF-8.
 */

/* At most room - 1 bytes, cut between characters; returns how many
 * characters. */
size_t cmd_present_clean(const char *s, char *out, size_t room);

/* A table: a head, then cells row by row.  Columns are as wide as their
 * widest cell; the last is not padded. */
#define PRESENT_COLUMNS  9
#define PRESENT_CELL_MAX 400

struct present_table {
	size_t columns;
	size_t cells; /* with the head's */
	size_t width[PRESENT_COLUMNS];
	struct sp_buf text; /* each cell with its NUL */
};

/* `head` is a list of names ended by NULL. */
struct present_table cmd_present_table_new(const char *const *head);
void cmd_present_table_add(struct present_table *t, const char *cell);
enum sp_code cmd_present_table_print(
    const struct present_table *t, FILE *to, struct sp_err *err) SP_MUST_USE;
void cmd_present_table_done(struct present_table *t);
#define PRESENT_AUTO_TABLE                                                     \
	SP_CLEANUP(cmd_present_table_done) struct present_table

/* "312 B", "4.2 MB" (powers of ten). */
#define PRESENT_SIZE 16
void cmd_present_size(uint64_t bytes, char out[static PRESENT_SIZE]);

/* One line of JSON on stdout; only ASCII when that is a terminal. */
enum sp_code cmd_present_json(
    const json_t *value, struct sp_err *err) SP_MUST_USE;
/* stdout was written: SP_E_FULL, SP_E_INTERNAL when it was not. */
enum sp_code cmd_present_flush(struct sp_err *err) SP_MUST_USE;
/* What a value looks like in a cell: texts cleaned, numbers; "-" when it is
 * absent (NULL), null or empty. */
void cmd_present_value(const json_t *value, char *out, size_t room);
/* A time (RFC 3339), to the second. */
void cmd_present_time(const json_t *value, char *out, size_t room);
/* A list of texts: "a,b"; "" when it is empty or absent. */
void cmd_present_texts(const json_t *value, char *out, size_t room);
/* cmd_present_value of a member; returns `out`. */
const char *cmd_present_member(
    const json_t *o, const char *name, char *out, size_t room);

#endif
