#include "base/encode.h"
#include "base/parse.h"
#include "crypto/digest.h"
#include "ledger/note_parts.h"

#include <string.h>

#define DASH   "\xe2\x80\x94 " /* U+2014 and a space */
#define ID_LEN 4

bool
ledger_line_next(struct ledger_lines *in, struct ledger_line *out)
{
	const char *end;

	if (in->left == 0)
		return false;
	end = memchr(in->at, '\n', in->left);
	if (end == NULL)
		return false;
	*out = (struct ledger_line){ in->at, (size_t)(end - in->at) };
	in->at += out->len + 1;
	in->left -= out->len + 1;
	return true;
}

bool
ledger_line_after(
    struct ledger_line line, const char *prefix, struct ledger_line *rest)
{
	size_t len = strlen(prefix);

	if (line.len < len || memcmp(line.at, prefix, len) != 0)
		return false;
	*rest = (struct ledger_line){ line.at + len, line.len - len };
	return true;
}

bool
ledger_line_equals(struct ledger_line line, const char *text)
{
	return line.len == strlen(text) && memcmp(line.at, text, line.len) == 0;
}

/* Code points with the property White_Space, beyond ASCII. */
static bool
has_wide_space(struct ledger_line s)
{
	static const char *const spaces[] = {
		"\xc2\x85",
		"\xc2\xa0",
		"\xe1\x9a\x80",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaf",
		"\xe2\x81\x9f",
		"\xe3\x80\x80",
	};

	for (size_t i = 0; i < SP_COUNTOF(spaces); i++)
		if (memmem(s.at, s.len, spaces[i], strlen(spaces[i])) != NULL)
			return true;
	for (size_t i = 0; i + 2 < s.len; i++) /* U+2000 to U+200A */
		if (memcmp(s.at + i, "\xe2\x80", 2) == 0 &&
		    (uint8_t)s.at[i + 2] >= 0x80 &&
		    (uint8_t)s.at[i + 2] <= 0x8a)
			return true;
	return false;
}

static bool
name_ok(struct ledger_line s)
{
	if (s.len == 0 || s.len > LEDGER_NAME_MAX || !sp_utf8_ok(s.at, s.len))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] <= 0x20 || s.at[i] == '+')
			return false;
	return !has_wide_space(s);
}

/* SHA-256 of name, LF, type and key; its first four bytes. */
static uint32_t
key_id(enum ledger_sig_type type, const char *name, const uint8_t *pub)
{
	const uint8_t byte[] = { (uint8_t)type };
	uint8_t sum[CRYPTO_SHA256_LEN];
	const struct crypto_piece piece[] = {
		{ name, strlen(name) },
		{ "\n", 1 },
		{ byte, sizeof(byte) },
		{ pub, CRYPTO_SIGN_PUBLIC },
	};
	struct sp_in in;

	crypto_sha256_of(piece, SP_COUNTOF(piece), sum);
	in = sp_in_from(sum, sizeof(sum));
	return sp_in_u32be(&in);
}

enum sp_code
ledger_key_make(enum ledger_sig_type type, const char *name,
    const uint8_t pub[static CRYPTO_SIGN_PUBLIC], struct ledger_vkey *out,
    struct sp_err *err)
{
	struct ledger_vkey k = { .id = key_id(type, name, pub) };
	struct ledger_line s = { name, strlen(name) };

	if (!name_ok(s))
		return sp_fail(err, SP_E_INVALID,
		    "key name: 1 to %d bytes of UTF-8 without space, control "
		    "character or '+'",
		    LEDGER_NAME_MAX);
	memcpy(k.name, s.at, s.len);
	memcpy(k.pub, pub, CRYPTO_SIGN_PUBLIC);
	*out = k;
	return SP_OK;
}

/* Neither the name nor the hex digits hold a '+', base64 may. */
static bool
key_parts(
    enum ledger_sig_type type, const char *s, size_t len, struct ledger_vkey *k)
{
	uint8_t key[1 + CRYPTO_SIGN_PUBLIC];
	size_t key_len = sizeof(key);
	const char *plus = memchr(s, '+', len);
	struct ledger_line name, rest;

	if (plus == NULL)
		return false;
	name = (struct ledger_line){ s, (size_t)(plus - s) };
	rest = (struct ledger_line){ plus + 1, len - name.len - 1 };
	if (!name_ok(name) || rest.len < 9 || rest.at[8] != '+')
		return false;
	if (!sp_base64_parse(rest.at + 9, rest.len - 9, key, &key_len) ||
	    key_len != sizeof(key) || key[0] != (uint8_t)type)
		return false;
	memcpy(k->name, name.at, name.len);
	memcpy(k->pub, key + 1, CRYPTO_SIGN_PUBLIC);
	k->id = key_id(type, k->name, k->pub);
	return true;
}

enum sp_code
ledger_key_parse(enum ledger_sig_type type, const char *s, size_t len,
    struct ledger_vkey *out, struct sp_err *err)
{
	SP_AUTO_BUF again = sp_buf_new((size_t)2 * LEDGER_NAME_MAX);
	struct ledger_vkey k = { .id = 0 };

	if (len == 0 || !key_parts(type, s, len, &k))
		return sp_fail(err, SP_E_INVALID,
		    "no verifier key: name+hash+base64 of %s",
		    type == LEDGER_SIG_COSIGN ? "a witness's Ed25519 key (0x04)"
					      : "an Ed25519 key");
	/* One text a key: the hash, its digits' case and all. */
	ledger_key_text(type, &k, &again);
	SP_TRY(sp_buf_check(&again, "verifier key", err));
	if (again.len != len || memcmp(again.at, s, len) != 0)
		return sp_fail(err, SP_E_INVALID,
		    "the verifier key's hash is not that of its key");
	*out = k;
	return SP_OK;
}

void
ledger_key_text(
    enum ledger_sig_type type, const struct ledger_vkey *k, struct sp_buf *out)
{
	uint8_t key[1 + CRYPTO_SIGN_PUBLIC];

	key[0] = (uint8_t)type;
	memcpy(key + 1, k->pub, CRYPTO_SIGN_PUBLIC);
	sp_buf_fmt(out, "%s+%08x+", k->name, k->id);
	sp_buf_base64(out, key, sizeof(key));
}

enum sp_code
ledger_vkey_make(const char *name, const uint8_t pub[static CRYPTO_SIGN_PUBLIC],
    struct ledger_vkey *out, struct sp_err *err)
{
	return ledger_key_make(LEDGER_SIG_ED25519, name, pub, out, err);
}

enum sp_code
ledger_vkey_parse(
    const char *s, size_t len, struct ledger_vkey *out, struct sp_err *err)
{
	return ledger_key_parse(LEDGER_SIG_ED25519, s, len, out, err);
}

void
ledger_vkey_text(const struct ledger_vkey *k, struct sp_buf *out)
{
	ledger_key_text(LEDGER_SIG_ED25519, k, out);
}

void
ledger_sigline_text(const char *name, uint32_t id, const uint8_t *sig,
    size_t len, struct sp_buf *out)
{
	uint8_t blob[ID_LEN + LEDGER_SIG_ROOM] = {
		(uint8_t)(id >> 24),
		(uint8_t)(id >> 16),
		(uint8_t)(id >> 8),
		(uint8_t)id,
	};

	SP_REQUIRE(len <= LEDGER_SIG_ROOM);
	memcpy(blob + ID_LEN, sig, len);
	sp_buf_text(out, DASH);
	sp_buf_text(out, name);
	sp_buf_u8(out, ' ');
	sp_buf_base64(out, blob, ID_LEN + len);
	sp_buf_u8(out, '\n');
}

/* base64 of any length, a piece at a time; the first bytes are kept. */
static bool
decode(struct ledger_line s, uint8_t *head, size_t room, size_t *total)
{
	uint8_t piece[768];

	*total = 0;
	while (s.len != 0) {
		size_t take = s.len < 1024 ? s.len : 1024;
		size_t got = sizeof(piece);

		if (!sp_base64_parse(s.at, take, piece, &got))
			return false;
		if (take == 1024 && got != sizeof(piece))
			return false; /* padding in the middle */
		if (*total < room)
			memcpy(head + *total, piece,
			    got < room - *total ? got : room - *total);
		*total += got;
		s.at += take;
		s.len -= take;
	}
	return true;
}

bool
ledger_line_base64(struct ledger_line line)
{
	size_t total = 0;

	return decode(line, NULL, 0, &total) && total != 0;
}

bool
ledger_sigline_parse(struct ledger_line line, struct ledger_sigline *out)
{
	uint8_t blob[ID_LEN + LEDGER_SIG_ROOM] = { 0 };
	size_t total = 0;
	struct ledger_line rest;
	struct sp_in in;
	const char *space;

	if (!ledger_line_after(line, DASH, &rest) || rest.len == 0)
		return false;
	space = memchr(rest.at, ' ', rest.len);
	if (space == NULL)
		return false;
	out->name = (struct ledger_line){ rest.at, (size_t)(space - rest.at) };
	rest = (struct ledger_line){ space + 1, rest.len - out->name.len - 1 };
	if (!name_ok(out->name) || !decode(rest, blob, sizeof(blob), &total) ||
	    total <= ID_LEN)
		return false;
	in = sp_in_from(blob, ID_LEN);
	out->id = sp_in_u32be(&in);
	out->len = total - ID_LEN;
	memcpy(out->sig, blob + ID_LEN, LEDGER_SIG_ROOM);
	return true;
}
