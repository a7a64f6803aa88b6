#include "http/json.h"

#include <string.h>

enum sp_code
http_json_read(const void *json, size_t len, json_t **out, struct sp_err *err)
{
	json_error_t why;
	json_t *root = json_loadb(
	    json == NULL ? "" : json, len, JSON_REJECT_DUPLICATES, &why);

	if (root == NULL)
		return sp_fail(err, SP_E_INVALID, "not JSON: %s", why.text);
	*out = root;
	return SP_OK;
}

enum sp_code
http_json_once(const struct http_request *q, struct gate_once *once,
    const struct gate_once **key, struct sp_err *err)
{
	const struct http_match *m = &q->match;
	const char *text = q->field[HTTP_F_ONCE], *route;
	struct crypto_piece piece[HTTP_PARAMS + 2];
	size_t n = 0;

	/* With its NUL each: they do not run into each other. */
	route = http_request_route(q);
	piece[n++] = (struct crypto_piece){ route, strlen(route) + 1 };
	for (size_t i = 0; i < m->params; i++)
		piece[n++] = (struct crypto_piece){ m->param[i].value,
			strlen(m->param[i].value) + 1 };
	piece[n++] = (struct crypto_piece){ q->body.at, q->body.len };
	if (text != NULL)
		SP_TRY(gate_once_of(&q->who, text, piece, n, once, err));
	*key = text == NULL ? NULL : once;
	return SP_OK;
}

void
http_json_time(struct sp_json *j, const char *name, sp_time t)
{
	sp_json_time(j, name, t);
}

void
http_json_id(struct sp_json *j, const char *name, const struct sp_id *id)
{
	sp_json_id(j, name, id);
}

enum sp_code
http_json_answer(struct http_answer *a, struct sp_buf *json, const char *what,
    struct sp_err *err)
{
	SP_TRY(sp_buf_check(json, what, err));
	http_answer_take(a, HTTP_JSON, json);
	return SP_OK;
}
