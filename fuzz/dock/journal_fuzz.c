#include "crypto/provider.h"
#include "dock/book.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct seen {
	struct dock_book *book;
	uint64_t lines;
};

static enum sp_code
on_line(void *arg, const struct dock_line *l, struct sp_err *err)
{
	struct seen *s = arg;

	/* What the dock relies on: texts end, paths are of this folder's. */
	SP_REQUIRE(strlen(l->path) <= DOCK_PATH_MAX);
	SP_REQUIRE(strlen(l->sha256) < DOCK_HEX);
	SP_REQUIRE(strlen(l->evidence) < SP_ID_TEXT);
	SP_REQUIRE(
	    (dock_act_has(l->act) & DOCK_HAS_FILE) == 0 || *l->path != '\0');
	s->lines++;
	return dock_book_apply(s->book, l, err);
}

/* However its bytes come, in one piece or in two, a journal says the same. */
static bool
replay(const uint8_t *bytes, size_t len, size_t cut, uint64_t *lines,
    uint64_t *whole)
{
	struct seen s = { .book = dock_book_new(true) };
	struct dock_replay r = { .line = on_line, .arg = &s };
	struct dock_reader reader = dock_reader_new(&r);
	struct sp_err err;

	SP_REQUIRE(s.book != NULL);
	bool good = dock_reader_feed(&reader, bytes, cut, &err) == SP_OK &&
	    dock_reader_feed(&reader, bytes + cut, len - cut, &err) == SP_OK;

	*lines = s.lines;
	*whole = reader.whole;
	SP_REQUIRE(reader.whole <= len);
	dock_reader_done(&reader);
	dock_book_free(s.book);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static bool open;
	struct sp_err err;

	if (!open)
		SP_REQUIRE(crypto_provider_open("", &err) == SP_OK);
	open = true;
	uint64_t lines[2];
	uint64_t whole[2];
	bool good = replay(bytes, len, len, &lines[0], &whole[0]);
	bool again = replay(bytes, len, len / 2, &lines[1], &whole[1]);

	SP_REQUIRE(good == again);
	SP_REQUIRE(lines[0] == lines[1] && whole[0] == whole[1]);
	return 0;
}
