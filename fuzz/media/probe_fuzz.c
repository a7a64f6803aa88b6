#include "base/clock.h"
#include "media/jpeg.h"
#include "media/poster.h"

#include <string.h>

/* A file, through everything that the worker does with one. */
struct file {
	const uint8_t *at;
	size_t len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
read_file(void *self, uint64_t at, void *out, uint32_t len)
{
	const struct file *f = self;

	SP_REQUIRE(at <= f->len && len <= f->len - at);
	memcpy(out, f->at + at, len);
	return true;
}

/* What is sent is believed, or the host would call it nonsense. */
static void
check_facts(const struct media_facts *f)
{
	SP_AUTO_BUF wire = sp_buf_new(MEDIA_FACTS_MAX);
	struct media_facts got;
	struct sp_in in;

	media_facts_write(f, &wire);
	SP_REQUIRE(sp_buf_ok(&wire));
	in = sp_in_from(wire.at, wire.len);
	SP_REQUIRE(media_facts_read(&in, &got) && sp_in_done(&in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file f = { .at = data, .len = size };
	struct media_source source = {
		.read = read_file,
		.self = &f,
		.size = size,
		.most = UINT64_C(16) << 20,
		.deadline = sp_ticks() + 10 * SP_SECOND,
	};
	SP_AUTO_BUF poster = sp_buf_new(MEDIA_POSTER_MAX);
	struct media_input *in = media_input_new(&source);
	struct media_probe *p = NULL;
	struct media_picture picture;

	if (in != NULL && media_probe_open(&p, in) == MEDIA_READABLE) {
		check_facts(media_probe_facts(p));
		if (media_poster_make(p, &poster))
			SP_REQUIRE(
			    media_jpeg_plain(poster.at, poster.len, &picture));
	}
	media_probe_close(p);
	media_input_free(in);
	return 0;
}
