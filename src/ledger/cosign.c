#include "ledger/cosign.h"

#include "base/parse.h"
#include "ledger/note_parts.h"

#include <string.h>

#define TIME_LEN 8

/* A cosigner is a key of another type, and another type in C, so that none is
 * taken for the other. */
static struct ledger_vkey
as_key(const struct ledger_cosigner *c)
{
	struct ledger_vkey k = { .id = c->id };

	memcpy(k.name, c->name, sizeof(k.name));
	memcpy(k.pub, c->pub, sizeof(k.pub));
	return k;
}

static struct ledger_cosigner
as_cosigner(const struct ledger_vkey *k)
{
	struct ledger_cosigner c = { .id = k->id };

	memcpy(c.name, k->name, sizeof(c.name));
	memcpy(c.pub, k->pub, sizeof(c.pub));
	return c;
}

enum sp_code
ledger_cosigner_make(const char *name,
    const uint8_t pub[static CRYPTO_SIGN_PUBLIC], struct ledger_cosigner *out,
    struct sp_err *err)
{
	struct ledger_vkey k;

	SP_TRY(ledger_key_make(LEDGER_SIG_COSIGN, name, pub, &k, err));
	*out = as_cosigner(&k);
	return SP_OK;
}

enum sp_code
ledger_cosigner_parse(
    const char *s, size_t len, struct ledger_cosigner *out, struct sp_err *err)
{
	struct ledger_vkey k;

	SP_TRY(ledger_key_parse(LEDGER_SIG_COSIGN, s, len, &k, err));
	*out = as_cosigner(&k);
	return SP_OK;
}

void
ledger_cosigner_text(const struct ledger_cosigner *k, struct sp_buf *out)
{
	const struct ledger_vkey key = as_key(k);

	ledger_key_text(LEDGER_SIG_COSIGN, &key, out);
}

void
ledger_cosign_message(
    uint64_t time, const char *text, size_t len, struct sp_buf *out)
{
	sp_buf_fmt(out, "cosignature/v1\ntime %ju\n", (uintmax_t)time);
	sp_buf_add(out, text, len);
}

void
ledger_cosign_line(const struct ledger_cosigner *k,
    const struct ledger_cosignature *c, struct sp_buf *out)
{
	uint8_t blob[TIME_LEN + CRYPTO_SIGN_LEN];

	for (unsigned i = 0; i < TIME_LEN; i++)
		blob[i] = (uint8_t)(c->time >> (8 * (TIME_LEN - 1 - i)));
	memcpy(blob + TIME_LEN, c->sig, CRYPTO_SIGN_LEN);
	ledger_sigline_text(k->name, k->id, blob, sizeof(blob), out);
}

/* One line of the key's. */
static enum sp_code
check_line(const struct ledger_cosigner *k, const struct ledger_sigline *sig,
    const char *text, size_t text_len, struct ledger_cosignature *out,
    struct sp_err *err)
{
	SP_AUTO_BUF message = sp_buf_new((size_t)2 * LEDGER_NOTE_MAX);
	struct ledger_cosignature c;
	struct sp_in in = sp_in_from(sig->sig, TIME_LEN);

	if (sig->len != TIME_LEN + CRYPTO_SIGN_LEN)
		return sp_fail(err, SP_E_INVALID,
		    "cosignature of %.100s: %zu bytes instead of %d", k->name,
		    sig->len, TIME_LEN + CRYPTO_SIGN_LEN);
	c.time = sp_in_u64be(&in);
	memcpy(c.sig, sig->sig + TIME_LEN, CRYPTO_SIGN_LEN);
	if (c.time > INT64_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "cosignature of %.100s: no such time", k->name);
	ledger_cosign_message(c.time, text, text_len, &message);
	SP_TRY(sp_buf_check(&message, "cosigned text", err));
	if (!crypto_sign_check(k->pub, message.at, message.len, c.sig))
		return sp_fail(err, SP_E_CORRUPT,
		    "the cosignature of %.100s is wrong", k->name);
	*out = c;
	return SP_OK;
}

enum sp_code /* NOLINTNEXTLINE(readability-function-size): two texts, a key */
ledger_cosign_check(const struct ledger_cosigner *k, const char *text,
    size_t text_len, const char *lines, size_t lines_len,
    struct ledger_cosignature *out, struct sp_err *err)
{
	struct ledger_lines in = { lines, lines_len };
	struct ledger_cosignature newest = { .time = 0 };
	struct ledger_line line;
	size_t n = 0, good = 0;

	while (ledger_line_next(&in, &line)) {
		struct ledger_cosignature c;
		struct ledger_sigline sig;

		if (++n > LEDGER_NOTE_SIGS)
			return sp_fail(err, SP_E_INVALID,
			    "more than %d cosignatures", LEDGER_NOTE_SIGS);
		if (!ledger_sigline_parse(line, &sig))
			return sp_fail(err, SP_E_INVALID,
			    "cosignatures: line %zu is malformed", n);
		if (sig.id != k->id || !ledger_line_equals(sig.name, k->name))
			continue; /* somebody else's */
		SP_TRY(check_line(k, &sig, text, text_len, &c, err));
		if (good++ == 0 || c.time > newest.time)
			newest = c;
	}
	if (in.left != 0)
		return sp_fail(err, SP_E_INVALID,
		    "cosignatures: the last line has no end");
	if (good == 0)
		return sp_fail(err, SP_E_NOTFOUND,
		    "no cosignature of %.100s (%08x)", k->name, k->id);
	*out = newest;
	return SP_OK;
}
