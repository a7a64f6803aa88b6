#include "cmd/names.h"

#include <string.h>

struct names
cmd_names_new(struct client *c)
{
	return (struct names){ .c = c, .known = json_object() };
}

void
cmd_names_done(struct names *n)
{
	client_site_json_freep(&n->known);
}

/* Borrowed; null or NULL: not known. */
static const json_t *
person(struct names *n, const char *id)
{
	struct sp_err err = { .code = SP_OK };
	json_t *got = json_object_get(n->known, id);
	enum sp_code code;

	if (got != NULL || n->refused || cmd_client_id(id, &err) != SP_OK)
		return got;
	code = cmd_client_get(n->c, &got, &err, "persons/%s", id);
	n->refused = code != SP_OK && code != SP_E_NOTFOUND;
	if (code == SP_E_NOTFOUND)
		got = json_null(); /* another house's, say */
	return json_object_set_new(n->known, id, got) == 0 ? got : NULL;
}

const char *
cmd_names_login(
    struct names *n, const char *id, char out[static PRESENT_CELL_MAX])
{
	const json_t *p = id == NULL ? NULL : person(n, id);

	if (json_is_string(json_object_get(p, "login")))
		return cmd_present_member(p, "login", out, PRESENT_CELL_MAX);
	(void)cmd_present_clean(id == NULL ? "-" : id, out, PRESENT_CELL_MAX);
	return out;
}

const char *
cmd_names_whole(struct names *n, const char *id, char out[static NAMES_WHOLE])
{
	const json_t *p = id == NULL ? NULL : person(n, id);
	char login[PRESENT_CELL_MAX], name[PRESENT_CELL_MAX];

	(void)cmd_names_login(n, id, login);
	if (!json_is_object(p))
		(void)snprintf(out, NAMES_WHOLE, "%s", login);
	else
		(void)snprintf(out, NAMES_WHOLE, "%s, %s, %s", login,
		    cmd_present_member(p, "name", name, sizeof(name)), id);
	return out;
}
