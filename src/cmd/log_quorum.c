#include "cmd/log_quorum.h"

#include "base/file.h"

#include <fcntl.h>
#include <string.h>

const char *
cmd_log_quorum_name(enum quorum_state s)
{
	switch (s) {
	case QUORUM_FRESH: return "fresh";
	case QUORUM_STALE: return "stale";
	case QUORUM_FUTURE: return "future";
	case QUORUM_WRONG: return "wrong";
	case QUORUM_NONE: break;
	}
	return "none";
}

/* A '+' and base64 make no likely file name; a key is tried first. */
static enum sp_code
take_key(const char *text, struct ledger_cosigner *out, struct sp_err *err)
{
	SP_AUTO_BUF file = sp_buf_new(1024);
	struct sp_err why;
	size_t len;

	if (ledger_cosigner_parse(text, strlen(text), out, &why) == SP_OK)
		return SP_OK;
	if (sp_file_read(AT_FDCWD, text, &file, err) != SP_OK)
		return sp_fail(err, SP_E_INVALID,
		    "'%.80s' is no witness's key (name+hash+key, as the "
		    "witness prints it) and no file that holds one",
		    text);
	len = file.len;
	while (
	    len > 0 && (file.at[len - 1] == '\n' || file.at[len - 1] == '\r'))
		len--;
	return ledger_cosigner_parse(sp_buf_str(&file), len, out, err);
}

/* One key twice would be one witness that counts twice. */
static bool
has(const struct quorum *q, const struct ledger_cosigner *k)
{
	for (size_t i = 0; i < q->n; i++)
		if (memcmp(q->witness[i].pub, k->pub, sizeof(k->pub)) == 0)
			return true;
	return false;
}

enum sp_code
cmd_log_quorum_init(struct quorum *out, const char *const *keys,
    uint64_t wanted, int64_t fresh, struct sp_err *err)
{
	*out = (struct quorum){ .fresh = fresh };
	for (; *keys != NULL; keys++) {
		struct ledger_cosigner k;

		SP_TRY(take_key(*keys, &k, err));
		if (has(out, &k))
			return sp_fail(err, SP_E_INVALID,
			    "the key of witness %.100s is given twice", k.name);
		if (out->n == QUORUM_MOST)
			return sp_fail(err, SP_E_INVALID,
			    "at most %d witnesses", QUORUM_MOST);
		out->witness[out->n++] = k;
	}
	if (wanted > out->n)
		return sp_fail(err, SP_E_INVALID,
		    "a quorum of %ju takes as many --witness keys; there are "
		    "%zu",
		    (uintmax_t)wanted, out->n);
	out->wanted = wanted == 0 ? out->n : (size_t)wanted;
	return SP_OK;
}

static struct quorum_word
word_of(const struct quorum *q, const struct ledger_cosigner *k,
    const char *note, size_t len, int64_t now)
{
	struct quorum_word w = { .state = QUORUM_NONE };
	struct ledger_cosignature c;
	struct sp_err err;
	enum sp_code code;
	size_t text = 0;

	code = ledger_note_text(note, len, &text, &err);
	if (code == SP_OK)
		code = ledger_cosign_check(
		    k, note, text, note + text + 1, len - text - 1, &c, &err);
	if (code == SP_E_NOTFOUND)
		return w;
	w.state = QUORUM_WRONG;
	if (code != SP_OK)
		return w;
	w.time = c.time;
	if ((int64_t)c.time > now + QUORUM_AHEAD)
		w.state = QUORUM_FUTURE;
	else
		w.state = (int64_t)c.time >= now - q->fresh ? QUORUM_FRESH
							    : QUORUM_STALE;
	return w;
}

bool
cmd_log_quorum_check(
    struct quorum *q, const char *note, size_t len, sp_time now, size_t *fresh)
{
	*fresh = 0;
	for (size_t i = 0; i < q->n; i++) {
		q->word[i] =
		    word_of(q, &q->witness[i], note, len, now / SP_SECOND);
		*fresh += q->word[i].state == QUORUM_FRESH;
	}
	return *fresh >= q->wanted;
}
