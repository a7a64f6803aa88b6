#include "witness/logs.h"

#include "base/parse.h"

#include <stdlib.h>
#include <string.h>

/* The first key whose name is not before `name`. */
static size_t
place(const struct witness_logs *logs, const char *name)
{
	size_t low = 0, high = logs->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(logs->key[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum sp_code
insert(
    struct witness_logs *logs, const struct ledger_vkey *k, struct sp_err *err)
{
	size_t at = place(logs, k->name);
	struct ledger_vkey *grown;

	for (size_t i = at;
	     i < logs->n && strcmp(logs->key[i].name, k->name) == 0; i++)
		if (memcmp(logs->key[i].pub, k->pub, sizeof(k->pub)) == 0)
			return SP_OK;
	if (logs->n == WITNESS_LOGS_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "a witness has at most %d keys of logs", WITNESS_LOGS_MAX);
	grown = reallocarray(logs->key, logs->n + 1, sizeof(*grown));
	if (grown == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a log's key");
	logs->key = grown;
	memmove(&grown[at + 1], &grown[at], (logs->n - at) * sizeof(grown[at]));
	grown[at] = *k;
	logs->n++;
	return SP_OK;
}

enum sp_code
witness_logs_add(
    struct witness_logs *logs, const char *vkey, size_t len, struct sp_err *err)
{
	struct ledger_vkey k;

	SP_TRY(ledger_vkey_parse(vkey, len, &k, err));
	return insert(logs, &k, err);
}

static enum sp_code
copy(const struct witness_logs *logs, struct witness_logs *out,
    struct sp_err *err)
{
	*out = (struct witness_logs){ .n = 0 };
	if (logs->n == 0)
		return SP_OK;
	out->key = calloc(logs->n, sizeof(*out->key));
	if (out->key == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for logs' keys");
	memcpy(out->key, logs->key, logs->n * sizeof(*out->key));
	out->n = logs->n;
	return SP_OK;
}

/* Without the CR of those who edit elsewhere. */
static size_t
trimmed(const struct sp_in *line)
{
	size_t len = line->left;

	while (
	    len > 0 && (line->at[len - 1] == '\r' || line->at[len - 1] == ' '))
		len--;
	return len;
}

enum sp_code
witness_logs_add_text(
    struct witness_logs *logs, const char *text, size_t len, struct sp_err *err)
{
	WITNESS_AUTO_LOGS next = { .n = 0 };
	struct sp_in in = sp_in_from(text, len);
	struct witness_logs before;

	SP_TRY(copy(logs, &next, err));
	for (size_t n = 1; in.left > 0; n++) {
		struct sp_in rest = in; /* the last line may have no end */
		struct sp_in line = sp_in_line(&in);
		const char *at = (const char *)rest.at;
		struct sp_err why;

		if (line.bad) {
			line = rest;
			in.left = 0;
		}
		line.left = trimmed(&line);
		if (line.left == 0 || at[0] == '#')
			continue;
		enum sp_code code =
		    witness_logs_add(&next, at, line.left, &why);

		if (code != SP_OK)
			return sp_fail(
			    err, code, "line %zu: %.150s", n, why.text);
	}
	before = *logs;
	*logs = next;
	next = before; /* which is ended here */
	return SP_OK;
}

const struct ledger_vkey *
witness_logs_find(
    const struct witness_logs *logs, const char *origin, size_t len, size_t *n)
{
	char name[LEDGER_NAME_MAX + 1];
	size_t at, end;

	if (len > LEDGER_NAME_MAX || memchr(origin, '\0', len) != NULL)
		return NULL;
	memcpy(name, origin, len);
	name[len] = '\0';
	at = place(logs, name);
	for (end = at; end < logs->n && strcmp(logs->key[end].name, name) == 0;
	     end++)
		;
	if (end == at)
		return NULL;
	*n = end - at;
	return &logs->key[at];
}

size_t
witness_logs_count(const struct witness_logs *logs)
{
	size_t n = 0;

	for (size_t i = 0; i < logs->n; i++)
		n += i == 0 ||
		    strcmp(logs->key[i].name, logs->key[i - 1].name) != 0;
	return n;
}

void
witness_logs_done(struct witness_logs *logs)
{
	free(logs->key);
	*logs = (struct witness_logs){ .n = 0 };
}
