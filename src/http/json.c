#include "http/json.h"

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
	const struct crypto_piece body = { q->body.at, q->body.len };
	const char *text = q->field[HTTP_F_ONCE];

	if (text != NULL)
		SP_TRY(gate_once_of(&q->who, text, &body, 1, once, err));
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
