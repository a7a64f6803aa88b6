#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte of each step chooses a read; whatever comes, the cursor
 * stays inside, and once bad stays bad. */
static bool
step(struct sp_in *in, uint8_t what)
{
	struct sp_in blob;
	const uint8_t *p;

	switch (what % 6) {
	case 0: return sp_in_u8(in) == 0;
	case 1: return sp_in_u16be(in) == 0;
	case 2: return sp_in_u32be(in) == 0;
	case 3: return sp_in_u64be(in) == 0;
	case 4:
		blob = sp_in_blob(in, what);
		SP_REQUIRE(blob.left <= what && !blob.bad);
		return blob.left == 0;
	default: p = sp_in_bytes(in, what); return p == NULL || what == 0;
	}
}

static void
decimal(const uint8_t *data, size_t size)
{
	char again[24];
	uint64_t v = 7;
	int n;

	if (!sp_parse_u64((const char *)data, size, 0, UINT64_MAX, &v)) {
		SP_REQUIRE(v == 7);
		return;
	}
	n = snprintf(again, sizeof(again), "%" PRIu64, v);
	SP_REQUIRE((size_t)n == size && memcmp(again, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_in in = sp_in_from(data, size);

	decimal(data, size);
	while (in.left > 0 && !in.bad) {
		size_t before = in.left;
		bool zero = step(&in, sp_in_u8(&in));

		SP_REQUIRE(in.left < before || in.bad);
		SP_REQUIRE(in.at + in.left == data + size);
		SP_REQUIRE(!in.bad || zero);
	}
	SP_REQUIRE(sp_in_done(&in) == !in.bad);
	return 0;
}
