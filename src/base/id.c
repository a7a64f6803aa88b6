#include "base/id.h"

#include "base/encode.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>

/*
 * UUID version 7 (RFC 9562 5.7; 6.2, a counter in the bits of rand_a):
 *   48 bits  milliseconds since 1970
 *    4 bits  7        12 bits counter, begins anywhere below 2048
 *    2 bits  10       62 bits random
 */
#define COUNTER_BITS 12
#define COUNTER_FROM 0x07FFU

/* Milliseconds and counter in one word, greater than any before; a counter that
 * overflows borrows the next millisecond. */
static uint64_t
next(uint64_t start)
{
	static _Atomic uint64_t latest;
	uint64_t seen = atomic_load(&latest);
	uint64_t fresh = ((uint64_t)sp_now() / 1000) << COUNTER_BITS;
	uint64_t made;

	do {
		made = fresh > (seen | ((1U << COUNTER_BITS) - 1))
		    ? fresh | start
		    : seen + 1;
	} while (!atomic_compare_exchange_weak(&latest, &seen, made));
	return made;
}

struct sp_id
sp_id_new(void)
{
	struct sp_id id;
	uint64_t at;
	ssize_t got;

	do {
		got = getrandom(id.b + 6, SP_ID_LEN - 6, 0);
	} while (got < 0 && errno == EINTR);
	SP_REQUIRE(got == SP_ID_LEN - 6); /* below 256 bytes: all or nothing */
	at = next(((uint64_t)id.b[6] << 8 | id.b[7]) & COUNTER_FROM);
	for (int i = 0; i < 6; i++)
		id.b[i] = (uint8_t)(at >> (40 + COUNTER_BITS - 8 * i));
	id.b[6] = (uint8_t)(0x70 | (at >> 8 & 0x0F));
	id.b[7] = (uint8_t)at;
	id.b[8] = (id.b[8] & 0x3F) | 0x80;
	return id;
}

/* Where the five groups of digits begin in the text. */
static const struct {
	uint8_t text, byte, bytes;
} groups[] = {
	{ 0, 0, 4 },
	{ 9, 4, 2 },
	{ 14, 6, 2 },
	{ 19, 8, 2 },
	{ 24, 10, 6 },
};

void
sp_id_text(const struct sp_id *id, char out[static SP_ID_TEXT])
{
	for (size_t i = 0; i < SP_COUNTOF(groups); i++) {
		sp_hex(id->b + groups[i].byte, groups[i].bytes,
		    out + groups[i].text);
		if (i + 1 < SP_COUNTOF(groups))
			out[groups[i + 1].text - 1] = '-';
	}
}

bool
sp_id_parse(const char *s, size_t len, struct sp_id *out)
{
	char again[SP_ID_TEXT];
	struct sp_id id;

	if (len != SP_ID_TEXT - 1)
		return false;
	for (size_t i = 0; i < SP_COUNTOF(groups); i++) {
		if (!sp_hex_parse(s + groups[i].text,
			(size_t)2 * groups[i].bytes, id.b + groups[i].byte,
			groups[i].bytes))
			return false;
	}
	if (id.b[6] >> 4 != 7 || id.b[8] >> 6 != 2)
		return false;
	sp_id_text(&id, again); /* the dashes and the case */
	if (memcmp(again, s, len) != 0)
		return false;
	*out = id;
	return true;
}

bool
sp_id_equal(const struct sp_id *a, const struct sp_id *b)
{
	return memcmp(a->b, b->b, SP_ID_LEN) == 0;
}

bool
sp_id_is_zero(const struct sp_id *id)
{
	static const struct sp_id zero;

	return sp_id_equal(id, &zero);
}
