#include "events/reading.h"

#include <stdlib.h>
#include <string.h>

/*
 * A stream of events, read whole and in two pieces: the same is heard, however
 * it is cut, and nothing is over its limit.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sp_code
hear(void *arg, const struct events_heard *e, struct sp_err *err)
{
	struct sp_buf *all = arg;

	(void)err;
	SP_REQUIRE(strlen(e->kind) > 0 && strlen(e->kind) <= EVENTS_NAME_MAX);
	SP_REQUIRE(strlen(e->id) <= EVENTS_NAME_MAX);
	SP_REQUIRE(strlen(e->data) < EVENTS_DATA_MAX);
	sp_buf_fmt(all, "%s|%s|%s\n", e->kind, e->id, e->data);
	return SP_OK;
}

static enum sp_code
read_cut(const uint8_t *data, size_t size, size_t cut, struct sp_buf *all)
{
	struct events_reading *r = events_reading_new();
	struct sp_err err;
	enum sp_code code;

	SP_REQUIRE(r != NULL);
	code = events_reading_take(r, data, cut, hear, all, &err);
	if (code == SP_OK)
		code = events_reading_take(
		    r, data + cut, size - cut, hear, all, &err);
	events_reading_free(r);
	return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_AUTO_BUF whole = sp_buf_new((size_t)64 << 20);
	SP_AUTO_BUF cut = sp_buf_new((size_t)64 << 20);
	/* A NUL is seen before what stands in its piece. */
	bool nul = size > 0 && memchr(data, 0, size) != NULL;
	size_t at = size == 0 ? 0 : data[0] % (size + 1);
	enum sp_code a = read_cut(data, size, size, &whole);
	enum sp_code b = read_cut(data, size, at, &cut);

	SP_REQUIRE(nul ? a != SP_OK && b != SP_OK : a == b);
	if (!nul)
		SP_REQUIRE(strcmp(sp_buf_str(&whole), sp_buf_str(&cut)) == 0);
	return 0;
}
