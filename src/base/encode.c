#include "base/encode.h"

static const char hex_digits[] = "0123456789abcdef";

void
sp_hex(const void *bytes, size_t len, char *out)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = hex_digits[b[i] >> 4];
		out[2 * i + 1] = hex_digits[b[i] & 15];
	}
	out[2 * len] = '\0';
}

/* 16 for what is no digit. */
static unsigned
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A' + 10);
	return 16;
}

bool
sp_hex_parse(const char *s, size_t slen, void *out, size_t len)
{
	uint8_t *o = out;

	if (slen / 2 != len || slen % 2 != 0)
		return false;
	for (size_t i = 0; i < slen; i++) {
		if (hex_value(s[i]) > 15)
			return false;
	}
	for (size_t i = 0; i < len; i++)
		o[i] = (uint8_t)(hex_value(s[2 * i]) << 4 |
		    hex_value(s[2 * i + 1]));
	return true;
}

/* Both alphabets differ in the last two digits only. */
#define DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char standard[] = DIGITS "+/";
static const char url_safe[] = DIGITS "-_";

/* Three bytes make four digits; one or two left over make two or three. */
static size_t
encode(const char *alphabet, const uint8_t *in, size_t len, char *out)
{
	size_t o = 0;
	size_t i = 0;
	uint32_t v;

	for (; len - i >= 3; i += 3) {
		v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 |
		    in[i + 2];
		out[o++] = alphabet[v >> 18];
		out[o++] = alphabet[v >> 12 & 63];
		out[o++] = alphabet[v >> 6 & 63];
		out[o++] = alphabet[v & 63];
	}
	if (i == len)
		return o;
	v = (uint32_t)in[i] << 16;
	if (len - i == 2)
		v |= (uint32_t)in[i + 1] << 8;
	out[o++] = alphabet[v >> 18];
	out[o++] = alphabet[v >> 12 & 63];
	if (len - i == 2)
		out[o++] = alphabet[v >> 6 & 63];
	return o;
}

void
sp_base64(const void *bytes, size_t len, char *out)
{
	size_t o = encode(standard, bytes, len, out);

	while (o % 4 != 0)
		out[o++] = '=';
	out[o] = '\0';
}

void
sp_buf_base64(struct sp_buf *b, const void *bytes, size_t len)
{
	size_t n = len / 3;
	char *at;

	if (__builtin_add_overflow(n, (size_t)(len % 3 != 0), &n) ||
	    __builtin_mul_overflow(n, (size_t)4, &n)) {
		sp_buf_poison(b, SP_E_LIMIT);
		return;
	}
	at = (char *)sp_buf_extend(b, n);
	if (at != NULL)
		sp_base64(bytes, len, at); /* its NUL is the buffer's */
}

void
sp_base64url(const void *bytes, size_t len, char *out)
{
	out[encode(url_safe, bytes, len, out)] = '\0';
}

static int
digit_value(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	return c == alphabet[63] ? 63 : -1;
}

/* Digits only, and the bits that the last digit has to spare are zero. */
static bool
digits_ok(const char *alphabet, const char *s, size_t n)
{
	static const int spare[4] = { 0, 0, 15, 3 };

	if (n % 4 == 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (digit_value(s[i], alphabet) < 0)
			return false;
	}
	return n == 0 || (digit_value(s[n - 1], alphabet) & spare[n % 4]) == 0;
}

static bool
decode(const char *alphabet, const char *s, size_t n, uint8_t *out, size_t *len)
{
	size_t bytes = n / 4 * 3 + (n % 4 == 0 ? 0 : n % 4 - 1);
	uint32_t bits = 0;
	unsigned have = 0;

	if (!digits_ok(alphabet, s, n) || bytes > *len)
		return false;
	for (size_t i = 0, o = 0; i < n; i++) {
		bits = bits << 6 | (uint32_t)digit_value(s[i], alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[o++] = (uint8_t)(bits >> have);
		}
	}
	*len = bytes;
	return true;
}

bool
sp_base64_parse(const char *s, size_t slen, void *out, size_t *len)
{
	if (slen % 4 != 0)
		return false;
	if (slen > 0 && s[slen - 1] == '=')
		slen -= s[slen - 2] == '=' ? 2 : 1;
	return decode(standard, s, slen, out, len);
}

bool
sp_base64url_parse(const char *s, size_t slen, void *out, size_t *len)
{
	return decode(url_safe, s, slen, out, len);
}

static bool
continues(const uint8_t *u, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if ((u[i] & 0xC0) != 0x80)
			return false;
	}
	return true;
}

/* RFC 3629 section 4, by the first byte and the range it leaves the second:
 * no overlong form, no surrogate, nothing above U+10FFFF. */
size_t
sp_utf8_next(const void *s, size_t len)
{
	static const struct {
		uint8_t first, last; /* of the first byte */
		uint8_t low, high;   /* of the second */
		uint8_t bytes;
	} rows[] = {
		{ 0xC2, 0xDF, 0x80, 0xBF, 2 },
		{ 0xE0, 0xE0, 0xA0, 0xBF, 3 },
		{ 0xE1, 0xEC, 0x80, 0xBF, 3 },
		{ 0xED, 0xED, 0x80, 0x9F, 3 },
		{ 0xEE, 0xEF, 0x80, 0xBF, 3 },
		{ 0xF0, 0xF0, 0x90, 0xBF, 4 },
		{ 0xF1, 0xF3, 0x80, 0xBF, 4 },
		{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};
	const uint8_t *u = s;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		if (u[0] < rows[i].first || u[0] > rows[i].last)
			continue;
		if (len < rows[i].bytes || u[1] < rows[i].low ||
		    u[1] > rows[i].high || !continues(u, 2, rows[i].bytes))
			return 0;
		return rows[i].bytes;
	}
	return 0;
}

bool
sp_utf8_ok(const void *s, size_t len)
{
	const uint8_t *u = s;

	for (size_t i = 0, n; i < len; i += n) {
		n = sp_utf8_next(u + i, len - i);
		if (n == 0 || u[i] == 0)
			return false;
	}
	return true;
}

/* By first byte and second; the third where there is one. */
bool
sp_utf8_shown(const void *s, size_t n)
{
	static const struct {
		uint8_t bytes, first, second;
		uint8_t low, high; /* of the last */
	} hidden[] = {
		{ 2, 0xC2, 0, 0x80, 0x9F },    /* C1 */
		{ 2, 0xD8, 0, 0x9C, 0x9C },    /* U+061C, a Bidi_Control */
		{ 3, 0xE2, 0x80, 0x8E, 0x8F }, /* U+200E, U+200F */
		{ 3, 0xE2, 0x80, 0xA8, 0xAE }, /* U+2028 to U+202E */
		{ 3, 0xE2, 0x81, 0xA6, 0xA9 }, /* U+2066 to U+2069 */
	};
	const uint8_t *u = s;

	if (n == 1)
		return u[0] >= 0x20 && u[0] != 0x7F;
	for (size_t i = 0; i < SP_COUNTOF(hidden); i++)
		if (n == hidden[i].bytes && u[0] == hidden[i].first &&
		    (n == 2 || u[1] == hidden[i].second) &&
		    u[n - 1] >= hidden[i].low && u[n - 1] <= hidden[i].high)
			return false;
	return true;
}

void
sp_utf8_clean(char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0, n; i < len; i += n) {
		bool good;

		n = sp_utf8_next(s + i, len - i);
		good = n > 0 && sp_utf8_shown(s + i, n);
		n = n == 0 ? 1 : n;
		if (!good)
			memset(s + i, '?', n);
	}
}

size_t
sp_utf8_quote(const char *s, char *out, size_t room)
{
	const char *at = s;
	const char *end = s + strlen(s);
	size_t len = 0;
	size_t characters = 0;

	while (at < end) {
		size_t n = sp_utf8_next(at, (size_t)(end - at));
		bool good = n > 0 && sp_utf8_shown(at, n);
		size_t put = good ? n : 1;

		if (len + put + 1 > room)
			break;
		if (good)
			memcpy(out + len, at, n);
		else
			out[len] = '?';
		len += put;
		characters++;
		at += n > 0 ? n : 1;
	}
	if (room > 0)
		out[len] = '\0';
	return characters;
}
