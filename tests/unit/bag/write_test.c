#include "bag/bag_fixture.h"
#include "bag/read.h"

static const char clip[] = "a clip, as far as this test goes";

static struct bag_write_options
options(enum bag_format format, struct sp_buf *out)
{
	return (struct bag_write_options){
		.format = format,
		.base = "evidence-miami",
		.made = 1763750744123456,
		.sink = bag_fixture_sink,
		.sink_arg = out,
	};
}

static void
payload(struct bag_write *w, const char *path, const void *bytes, size_t len)
{
	uint8_t sum[CRYPTO_SHA256_LEN], want[CRYPTO_SHA256_LEN];
	struct sp_err err;

	CHECK_OK(bag_write_payload(w, path, len, 1763750000000000, &err), &err);
	for (size_t i = 0; i < len;) { /* in uneven pieces */
		size_t n = i % 7 + 1 < len - i ? i % 7 + 1 : len - i;

		CHECK_OK(
		    bag_write_bytes(w, (const char *)bytes + i, n, &err), &err);
		i += n;
	}
	CHECK_OK(bag_write_payload_end(w, sum, &err), &err);
	crypto_sha256(bytes, len, want);
	CHECK(memcmp(sum, want, sizeof(want)) == 0);
}

static void
write_bag(enum bag_format format, struct sp_buf *out)
{
	struct bag_write_options o = options(format, out);
	BAG_AUTO_WRITE w = NULL;
	struct sp_err err;

	CHECK_OK(bag_write_open(&w, &o, &err), &err);
	CHECK_OK(
	    bag_write_tag(w, "bag-info.txt", "Payload-Oxum: 36.4\n", 19, &err),
	    &err);
	payload(w, "data/1/clip.mp4", clip, sizeof(clip) - 1);
	payload(w,
	    "data/2/\xc3\x9c"
	    "berwachung a.mp4",
	    "x", 1);
	payload(w, "data/3/empty", "", 0);
	payload(w, "data/4/-*?\"'$ \xf0\x9f\x8e\xa5", "abc", 3);
	CHECK_OK(bag_write_tag(w, "log/key", "key\n", 4, &err), &err);
	CHECK_OK(bag_write_finish(w, &err), &err);
}

/* The public tools: unpacker and sha256sum, sha512sum. */
static void
public_tools_find_it_right(void)
{
	char sha256sum[] = "sha256sum", sha512sum[] = "sha512sum", c[] = "-c",
	     strict[] = "--strict", m256[] = "manifest-sha256.txt",
	     m512[] = "manifest-sha512.txt", t256[] = "tagmanifest-sha256.txt",
	     t512[] = "tagmanifest-sha512.txt";
	char *const checks[][5] = { { sha256sum, strict, c, m256, NULL },
		{ sha512sum, strict, c, m512, NULL },
		{ sha256sum, strict, c, t256, NULL },
		{ sha512sum, strict, c, t512, NULL } };

	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		char dir[64], base[128];

		write_bag((enum bag_format)f, &out);
		bag_fixture_mkdir(dir, sizeof(dir));
		bag_fixture_unpack(dir, (enum bag_format)f, &out);
		(void)snprintf(base, sizeof(base), "%s/evidence-miami", dir);
		for (size_t i = 0; i < SP_COUNTOF(checks); i++)
			CHECK(bag_fixture_run(base, checks[i]) == 0);
		bag_fixture_file(base, "data/3/empty", "!", 1);
		CHECK(bag_fixture_run(base, checks[0]) != 0);
		bag_fixture_rmdir(dir);
	}
}

/* Where a member's bytes stand, for the layout of the stream. */
static size_t
find(const struct sp_buf *in, const char *what)
{
	const uint8_t *at = memmem(in->at, in->len, what, strlen(what));

	CHECK(at != NULL);
	return (size_t)(at - in->at);
}

static void
declaration_first_manifests_last(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);

		write_bag((enum bag_format)f, &out);
		CHECK(find(&out, "evidence-miami/bagit.txt") <
		    find(&out, "evidence-miami/bag-info.txt"));
		CHECK(find(&out, "evidence-miami/log/key") <
		    find(&out, "evidence-miami/manifest-sha256.txt"));
		CHECK(find(&out, "evidence-miami/manifest-sha512.txt") <
		    find(&out, "evidence-miami/tagmanifest-sha256.txt"));
		/* Stored, not compressed. */
		CHECK(find(&out, clip) < find(&out, "evidence-miami/log/key"));
	}
}

struct cut {
	size_t left;
	unsigned calls;
	bool failed;
};

static enum sp_code
cut_sink(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	struct cut *c = arg;

	(void)bytes;
	CHECK(!c->failed); /* never called again after it failed */
	if (len > c->left) {
		c->failed = true;
		return sp_fail_as(
		    err, SP_E_UNAVAIL, "test.cut", "the client is gone");
	}
	c->left -= len;
	c->calls++;
	return SP_OK;
}

/* Writes 5 MiB through a sink that fails after `room` bytes. */
static enum sp_code
write_until_cut(enum bag_format format, size_t room, struct sp_err *err)
{
	static uint8_t block[1 << 20];
	struct cut cut = { .left = room };
	struct bag_write_options o = {
		.format = format,
		.base = "b",
		.sink = cut_sink,
		.sink_arg = &cut,
	};
	uint8_t sum[CRYPTO_SHA256_LEN];
	BAG_AUTO_WRITE w = NULL;

	SP_TRY(bag_write_open(&w, &o, err));
	SP_TRY(bag_write_payload(w, "data/1/x", 5 * sizeof(block), 0, err));
	for (unsigned i = 0; i < 5; i++)
		SP_TRY(bag_write_bytes(w, block, sizeof(block), err));
	SP_TRY(bag_write_payload_end(w, sum, err));
	return bag_write_finish(w, err);
}

static void
a_failing_sink_ends_it(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		struct sp_err err = { .reason = NULL };

		CHECK_OK(
		    write_until_cut((enum bag_format)f, SIZE_MAX, &err), &err);
		for (size_t room = 0; room < (5 << 20); room += 700000) {
			CHECK_CODE(
			    write_until_cut((enum bag_format)f, room, &err),
			    SP_E_UNAVAIL, &err);
			CHECK(strcmp(err.reason, "test.cut") == 0);
		}
	}
}

static enum sp_code
see_nothing(void *self, const char *path, struct sp_err *err)
{
	(void)self;
	(void)path;
	(void)err;
	return SP_OK;
}

static enum sp_code
see_bytes(void *self, const void *bytes, size_t len, struct sp_err *err)
{
	(void)self;
	(void)bytes;
	(void)len;
	(void)err;
	return SP_OK;
}

static enum sp_code
see_end(void *self, struct sp_err *err)
{
	(void)self;
	(void)err;
	return SP_OK;
}

/* Given up half-way, what went out is no archive that anything takes. */
static void
an_unfinished_bag_is_no_archive(void)
{
	static const struct bag_visitor blind = { see_nothing, see_bytes,
		see_end, NULL };

	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		struct bag_write_options o = options((enum bag_format)f, &out);
		struct bag_write *w = NULL;
		static uint8_t block[1 << 20];
		struct bag_source from;
		struct bag_place place;
		struct sp_err err;

		CHECK_OK(bag_write_open(&w, &o, &err), &err);
		CHECK_OK(bag_write_payload(
			     w, "data/1/x", 3 * sizeof(block), 0, &err),
		    &err);
		CHECK_OK(bag_write_bytes(w, block, sizeof(block), &err), &err);
		CHECK_OK(bag_write_bytes(w, block, sizeof(block), &err), &err);
		bag_write_free(w);
		CHECK(out.len > 0);
		from = (struct bag_source){ NULL, out.at, out.len };
		CHECK_CODE(
		    bag_read(&from, &blind, &place, &err), SP_E_CORRUPT, &err);
	}
}

static void
tag_files_have_a_maximum(void)
{
	static uint8_t large[BAG_TAG_MAX + 1];
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_write_options o = options(BAG_TAR, &out);
	BAG_AUTO_WRITE w = NULL;
	struct sp_err err;

	CHECK_OK(bag_write_open(&w, &o, &err), &err);
	CHECK_OK(bag_write_tag(w, "a.txt", large, BAG_TAG_MAX, &err), &err);
	CHECK_CODE(bag_write_tag(w, "b.txt", large, BAG_TAG_MAX + 1, &err),
	    SP_E_LIMIT, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "public tools find it right", public_tools_find_it_right },
		{ "declaration first, manifests last",
		    declaration_first_manifests_last },
		{ "a failing sink ends it", a_failing_sink_ends_it },
		{ "an unfinished bag is no archive",
		    an_unfinished_bag_is_no_archive },
		{ "tag files have a maximum", tag_files_have_a_maximum },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
