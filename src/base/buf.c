#include "base/buf.h"

struct sp_buf
sp_buf_new(size_t max)
{
	return (struct sp_buf){ .max = max };
}

struct sp_buf
sp_buf_secret(size_t max)
{
	return (struct sp_buf){ .max = max, .secret = true };
}

void
sp_buf_poison(struct sp_buf *b, enum sp_code why)
{
	SP_REQUIRE(why != SP_OK);
	if (b->bad == SP_OK)
		b->bad = why;
}

static uint8_t *
move(struct sp_buf *b, size_t cap)
{
	uint8_t *at;

	if (!b->secret)
		return realloc(b->at, cap);
	at = malloc(cap); /* realloc would leave the old bytes unwiped */
	if (at == NULL || b->at == NULL)
		return at;
	memcpy(at, b->at, b->len);
	explicit_bzero(b->at, b->cap);
	free(b->at);
	return at;
}

/* Room for `more` bytes and the NUL behind them. */
static bool
grow(struct sp_buf *b, size_t more)
{
	size_t need, cap;
	uint8_t *at;

	if (b->bad != SP_OK)
		return false;
	if (__builtin_add_overflow(b->len, more, &need) || need > b->max ||
	    __builtin_add_overflow(need, (size_t)1, &need)) {
		sp_buf_poison(b, SP_E_LIMIT);
		return false;
	}
	if (need <= b->cap)
		return true;
	if (__builtin_mul_overflow(b->cap, (size_t)2, &cap) || cap < need)
		cap = need;
	if (cap < 64)
		cap = 64;
	at = move(b, cap);
	if (at == NULL) {
		sp_buf_poison(b, SP_E_NOMEM);
		return false;
	}
	b->at = at;
	b->cap = cap;
	b->at[b->len] = 0;
	return true;
}

uint8_t *
sp_buf_extend(struct sp_buf *b, size_t len)
{
	uint8_t *at;

	if (!grow(b, len))
		return NULL;
	at = b->at + b->len;
	b->len += len;
	b->at[b->len] = 0;
	return at;
}

void
sp_buf_add(struct sp_buf *b, const void *bytes, size_t len)
{
	uint8_t *at = sp_buf_extend(b, len);

	if (at != NULL && len > 0)
		memcpy(at, bytes, len);
}

void
sp_buf_text(struct sp_buf *b, const char *s)
{
	sp_buf_add(b, s, strlen(s));
}

void
sp_buf_fmt(struct sp_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void
sp_buf_vfmt(struct sp_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	if (!grow(b, 0))
		return;
	va_copy(again, ap);
	n = vsnprintf((char *)b->at + b->len, b->cap - b->len, fmt, ap);
	SP_REQUIRE(n >= 0);
	if ((size_t)n >= b->cap - b->len) {
		b->at[b->len] = 0;
		if (grow(b, (size_t)n))
			(void)vsnprintf((char *)b->at + b->len, b->cap - b->len,
			    fmt, again);
	}
	va_end(again);
	if (b->bad == SP_OK && b->len + (size_t)n > b->max) {
		b->at[b->len] = 0; /* it fit the memory, not the maximum */
		sp_buf_poison(b, SP_E_LIMIT);
	}
	if (b->bad == SP_OK)
		b->len += (size_t)n;
}

static void
put_be(struct sp_buf *b, uint64_t v, unsigned bytes)
{
	uint8_t out[8];

	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	sp_buf_add(b, out, bytes);
}

void
sp_buf_u8(struct sp_buf *b, uint8_t v)
{
	sp_buf_add(b, &v, 1);
}

void
sp_buf_u16be(struct sp_buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void
sp_buf_u32be(struct sp_buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void
sp_buf_u64be(struct sp_buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

void
sp_buf_blob(struct sp_buf *b, const void *bytes, size_t len)
{
	if (len > UINT32_MAX) {
		sp_buf_poison(b, SP_E_LIMIT);
		return;
	}
	sp_buf_u32be(b, (uint32_t)len);
	sp_buf_add(b, bytes, len);
}

void
sp_buf_clear(struct sp_buf *b)
{
	if (b->secret && b->at != NULL)
		explicit_bzero(b->at, b->cap);
	b->len = 0;
	b->bad = SP_OK;
	if (b->at != NULL)
		b->at[0] = 0;
}

void
sp_buf_cut(struct sp_buf *b, size_t len)
{
	SP_REQUIRE(len <= b->len);
	if (b->secret && b->at != NULL)
		explicit_bzero(b->at + len, b->len - len);
	b->len = len;
	if (b->at != NULL)
		b->at[len] = 0;
}

bool
sp_buf_ok(const struct sp_buf *b)
{
	return b->bad == SP_OK;
}

enum sp_code
sp_buf_check(const struct sp_buf *b, const char *what, struct sp_err *err)
{
	if (b->bad == SP_OK)
		return SP_OK;
	if (b->bad == SP_E_LIMIT)
		return sp_fail(
		    err, SP_E_LIMIT, "%s is over %zu bytes", what, b->max);
	if (b->bad == SP_E_NOMEM)
		return sp_fail(err, SP_E_NOMEM, "no memory for %s", what);
	return sp_fail(err, b->bad, "%s is not well formed", what);
}

const char *
sp_buf_str(const struct sp_buf *b)
{
	return b->at == NULL ? "" : (const char *)b->at;
}

void
sp_buf_free(struct sp_buf *b)
{
	if (b->secret && b->at != NULL)
		explicit_bzero(b->at, b->cap);
	free(b->at);
	b->at = NULL;
	b->len = 0;
	b->cap = 0;
	b->bad = SP_OK;
}
