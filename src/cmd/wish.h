#ifndef CMD_WISH_H
#define CMD_WISH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What was said on the command line, as it goes into the body of a request.
 * Arrays are NULL, which json_pack refuses, when a text is not UTF-8.
 */

/* "a,b c": a list of words; none of NULL. */
json_t *cmd_wish_words(const char *s);
/* Operands: a list of texts. */
json_t *cmd_wish_texts(char *const *text, size_t n);
/* A member; false: there can be none.  Without a text (NULL) none is set. */
bool cmd_wish_text(json_t *wish, const char *name, const char *text);

#endif
