#include "cmd/wish.h"

#include <string.h>

json_t *
cmd_wish_words(const char *s)
{
	json_t *list = json_array();

	while (s != NULL && *s != '\0') {
		size_t len = strcspn(s, ", ");

		if (len > 0 &&
		    json_array_append_new(list, json_stringn(s, len)) != 0) {
			json_decref(list);
			return NULL;
		}
		s += len;
		s += *s != '\0';
	}
	return list;
}

json_t *
cmd_wish_texts(char *const *text, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, json_string(text[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

bool
cmd_wish_text(json_t *wish, const char *name, const char *text)
{
	return text == NULL ||
	    json_object_set_new(wish, name, json_string(text)) == 0;
}
