#include "base/parse.h"

struct sp_in
sp_in_from(const void *bytes, size_t len)
{
	return (struct sp_in){ .at = bytes, .left = len };
}

const uint8_t *
sp_in_bytes(struct sp_in *in, size_t n)
{
	const uint8_t *p = in->at;

	if (in->bad || n > in->left) {
		in->bad = true;
		return NULL;
	}
	in->at += n;
	in->left -= n;
	return p;
}

static uint64_t
big_endian(struct sp_in *in, size_t n)
{
	const uint8_t *p = sp_in_bytes(in, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
sp_in_u8(struct sp_in *in)
{
	return (uint8_t)big_endian(in, 1);
}

uint16_t
sp_in_u16be(struct sp_in *in)
{
	return (uint16_t)big_endian(in, 2);
}

uint32_t
sp_in_u32be(struct sp_in *in)
{
	return (uint32_t)big_endian(in, 4);
}

uint64_t
sp_in_u64be(struct sp_in *in)
{
	return big_endian(in, 8);
}

struct sp_in
sp_in_blob(struct sp_in *in, size_t max)
{
	size_t n = sp_in_u32be(in);
	const uint8_t *p;

	if (n > max)
		in->bad = true;
	p = sp_in_bytes(in, n);
	return sp_in_from(p, p == NULL ? 0 : n);
}

struct sp_in
sp_in_line(struct sp_in *in)
{
	const uint8_t *end =
	    in->bad || in->left == 0 ? NULL : memchr(in->at, '\n', in->left);
	struct sp_in line = { .at = in->at, .left = 0 };

	if (end == NULL) {
		in->bad = true;
		line.bad = true;
		return line;
	}
	line.left = (size_t)(end - in->at);
	in->at += line.left + 1;
	in->left -= line.left + 1;
	return line;
}

bool
sp_in_done(const struct sp_in *in)
{
	return !in->bad && in->left == 0;
}

bool
sp_parse_u64(
    const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0 || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return false;
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool
sp_word_ok(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (len < 2 || len > max || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		bool hyphen = s[i] == '-';

		if (!hyphen && !(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] >= '0' && s[i] <= '9'))
			return false;
		if (hyphen && s[i + 1] == '-')
			return false;
	}
	return true;
}

bool
sp_slug_ok(const char *slug)
{
	return sp_word_ok(slug, SP_SLUG_MAX);
}
