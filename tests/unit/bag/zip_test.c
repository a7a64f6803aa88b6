#include "bag/bag_fixture.h"
#include "bag/zip.h"

static enum sp_code
check(const uint8_t *at, size_t len, struct bag_place *place)
{
	struct bag_stored s = { -1, at, len };
	struct sp_err err;

	return bag_zip_check(&s, place, &err);
}

static void
make(struct sp_buf *out)
{
	static const struct bag_member members[] = {
		{ .path = "b/bagit.txt", .bytes = "one" },
		{ .path = "b/data/1/a.mp4", .bytes = "two" },
		{ .path = "b/data/2/b.mp4", .bytes = "three" },
	};

	bag_fixture_make(BAG_ZIP, members, SP_COUNTOF(members), out);
}

/* The nth occurrence of a signature or name. */
static size_t
find(const struct sp_buf *in, const char *what, unsigned nth)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= in->len; i++)
		if (memcmp(in->at + i, what, len) == 0 && nth-- == 0)
			return i;
	abort(); /* no such member: the test is wrong */
	return 0;
}

static void
what_archivers_write_is_taken(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_place place;
	char dir[64], path[128], python[] = "python3", m[] = "-m",
				 zipfile[] = "zipfile", c[] = "-c",
				 z[] = "z.zip", b[] = "b";
	char *const rezip[] = { python, m, zipfile, c, z, b, NULL };
	struct bag_stored s = { -1, NULL, 0 };
	SP_AUTO_FD fd = -1;
	struct stat st;
	struct sp_err err;

	make(&out);
	CHECK(check(out.at, out.len, &place) == SP_OK);

	/* Another program's, and from a file. */
	bag_fixture_mkdir(dir, sizeof(dir));
	bag_fixture_unpack(dir, BAG_ZIP, &out);
	CHECK(bag_fixture_run(dir, rezip) == 0);
	(void)snprintf(path, sizeof(path), "%s/z.zip", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	s = (struct bag_stored){ fd, NULL, (uint64_t)st.st_size };
	CHECK(bag_zip_is(&s));
	CHECK_OK(bag_zip_check(&s, &place, &err), &err);
	bag_fixture_rmdir(dir);
}

/* Property: an archive cut anywhere is none. */
static void
every_truncation_is_refused(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_place place;

	make(&out);
	for (size_t n = 0; n < out.len; n++)
		CHECK(check(out.at, n, &place) == SP_E_CORRUPT);
	sp_buf_u8(&out, 0);
	CHECK(check(out.at, out.len, &place) == SP_E_CORRUPT);
}

/* Said twice, said differently: each place where the directory and a member
 * could show two bags. */
static void
the_directory_and_the_members_agree(void)
{
	static const struct {
		const char *mark; /* where to harm: from its nth occurrence */
		unsigned nth;
		size_t at;
		uint8_t flip;
		const char *place;
	} rows[] = {
		{ "b/data/1/a.mp4", 0, 9, 1, "b/data/1/a.mp4" }, /* local */
		{ "b/data/1/a.mp4", 1, 9, 1, "b/data/1/`.mp4" }, /* central */
		{ "PK\3\4", 1, 0, 1, "b/data/1/a.mp4" },
		{ "PK\3\4", 1, 6, 1, "b/data/1/a.mp4" },  /* encrypted there */
		{ "PK\1\2", 1, 8, 1, "b/data/1/a.mp4" },  /* and here */
		{ "PK\3\4", 1, 7, 8, "b/data/1/a.mp4" },  /* UTF-8 there */
		{ "PK\3\4", 1, 8, 8, "b/data/1/a.mp4" },  /* method */
		{ "PK\3\4", 1, 14, 1, "b/data/1/a.mp4" }, /* CRC there */
		{ "PK\3\4", 1, 18, 1, "b/data/1/a.mp4" }, /* its sizes */
		{ "PK\3\4", 1, 22, 1, "b/data/1/a.mp4" },
		{ "PK\3\4", 1, 6, 8, "b/data/1/a.mp4" },  /* none follow */
		{ "PK\7\10", 1, 0, 1, "b/data/1/a.mp4" }, /* those after */
		{ "PK\7\10", 1, 4, 1, "b/data/1/a.mp4" },
		{ "PK\7\10", 1, 8, 1, "b/data/1/a.mp4" },
		{ "PK\7\10", 1, 12, 1, "b/data/1/a.mp4" },
		{ "PK\1\2", 1, 16, 1, "b/data/1/a.mp4" }, /* CRC here */
		{ "PK\3\4", 1, 26, 1, "b/data/1/a.mp4" }, /* name length */
		{ "PK\1\2", 1, 42, 1, "b/data/1/a.mp4" }, /* offset */
		{ "PK\1\2", 2, 42, 255, "b/data/2/b.mp4" },
		{ "PK\1\2", 1, 22, 1, "b/data/1/a.mp4" }, /* stored size */
		{ "PK\1\2", 1, 34, 1, "b/bagit.txt" },    /* disk */
		{ "PK\1\2", 1, 0, 1, "b/bagit.txt" },
		{ "PK\1\2", 2, 32, 1, "" }, /* comment length */
		{ "PK\5\6", 0, 4, 1, "" },
		{ "PK\5\6", 0, 10, 1, "" }, /* one entry less, or more */
		{ "PK\5\6", 0, 12, 1, "" }, { "PK\5\6", 0, 16, 1, "" },
		{ "PK\5\6", 0, 20, 1, "" }, /* a comment */
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		struct bag_place place = { "?" };

		make(&out);
		out.at[find(&out, rows[i].mark, rows[i].nth) + rows[i].at] ^=
		    rows[i].flip;
		CHECK(check(out.at, out.len, &place) == SP_E_CORRUPT);
		CHECK(strcmp(place.at, rows[i].place) == 0);
	}
}

/* Two directory entries for one member, or swapped names, show other files
 * than those that were hashed. */
static void
swapped_names_are_refused(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_place place;
	size_t a, b;

	make(&out);
	a = find(&out, "b/data/1/a.mp4", 1);
	b = find(&out, "b/data/2/b.mp4", 1);
	memcpy(out.at + a, "b/data/2/b.mp4", 14);
	memcpy(out.at + b, "b/data/1/a.mp4", 14);
	CHECK(check(out.at, out.len, &place) == SP_E_CORRUPT);

	make(&out);
	a = find(&out, "PK\1\2", 1) + 42;
	b = find(&out, "PK\1\2", 2) + 42;
	memcpy(out.at + b, out.at + a, 4); /* both at one offset */
	memcpy(out.at + find(&out, "b/data/2/b.mp4", 1), "b/data/1/a.mp4", 14);
	CHECK(check(out.at, out.len, &place) == SP_E_CORRUPT);
}

static void
add_u32le(uint8_t *at, size_t n)
{
	uint32_t v = (uint32_t)at[0] | (uint32_t)at[1] << 8 |
	    (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

	v += (uint32_t)n;
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

/* The archive with `what` where the nth local header (or the directory)
 * begins, and all offsets as they then have to be. */
static void
make_with(const char *what, size_t len, unsigned nth, struct sp_buf *out)
{
	SP_AUTO_BUF whole = sp_buf_new(BAG_FIXTURE_MAX);
	size_t at;

	make(&whole);
	at = nth < 3 ? find(&whole, "PK\3\4", nth) : find(&whole, "PK\1\2", 0);
	sp_buf_add(out, whole.at, at);
	sp_buf_add(out, what, len);
	sp_buf_add(out, whole.at + at, whole.len - at);
	for (unsigned i = 0; i < 3; i++)
		if (i >= nth)
			add_u32le(out->at + find(out, "PK\1\2", i) + 42, len);
	add_u32le(out->at + find(out, "PK\5\6", 0) + 16, len);
}

/* What the directory leaves out is still there for an unpacker that reads on
 * from the start. */
static void
nothing_lies_between_members(void)
{
	static const char member[] = "PK\3\4\x14\0\0\0\0\0\0\0\0\0\xd6\xf7"
				     "\xd2\x5c\4\0\0\0\4\0\0\0\xe\0\0\0"
				     "b/data/1/a.mp4"
				     "fake";

	for (unsigned nth = 0; nth <= 3; nth++) {
		SP_AUTO_BUF hidden = sp_buf_new(BAG_FIXTURE_MAX);
		SP_AUTO_BUF one = sp_buf_new(BAG_FIXTURE_MAX);
		SP_AUTO_BUF none = sp_buf_new(BAG_FIXTURE_MAX);
		struct bag_place place;

		make_with(member, sizeof(member) - 1, nth, &hidden);
		CHECK(check(hidden.at, hidden.len, &place) == SP_E_CORRUPT);
		make_with("", 1, nth, &one);
		CHECK(check(one.at, one.len, &place) == SP_E_CORRUPT);
		make_with("", 0, nth, &none);
		CHECK(check(none.at, none.len, &place) == SP_OK);
	}
}

/* Property: whatever one byte becomes, nothing is read outside the archive
 * and the check ends (run under ASan). */
static void
any_byte_may_be_anything(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_place place;

	make(&out);
	for (size_t n = 0; n < out.len; n++) {
		static const uint8_t to[] = { 0, 1, 0x7f, 0x80, 0xff };
		uint8_t was = out.at[n];

		for (size_t i = 0; i < sizeof(to); i++) {
			enum sp_code code;

			out.at[n] = to[i];
			code = check(out.at, out.len, &place);
			CHECK(code == SP_OK || code == SP_E_CORRUPT ||
			    code == SP_E_LIMIT);
		}
		out.at[n] = was;
	}
}

#ifndef SP_SANITIZED /* it would take half a minute there */
/* A member larger than 4 GiB has its sizes and its offset in 64 bits. */
static enum sp_code
sparse_sink(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	static const uint8_t zero[1 << 20];
	const int *fd = arg;

	if (len == sizeof(zero) && memcmp(bytes, zero, len) == 0) {
		CHECK(lseek(*fd, (off_t)len, SEEK_CUR) > 0);
		return SP_OK;
	}
	return sp_file_write_all(*fd, bytes, len, err);
}

static void
large_members_are_taken(void)
{
	static uint8_t zero[1 << 20];
	char dir[64], path[128];
	SP_AUTO_FD fd = -1;
	struct bag_write_options o = {
		.format = BAG_ZIP,
		.base = "b",
		.sink = sparse_sink,
		.sink_arg = &fd,
	};
	uint64_t size = (UINT64_C(4) << 30) + (1 << 20);
	struct bag_stored s = { -1, NULL, 0 };
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct bag_place place;
	BAG_AUTO_WRITE w = NULL;
	struct stat st;
	struct sp_err err;

	bag_fixture_mkdir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/large.zip", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_OK(bag_write_open(&w, &o, &err), &err);
	CHECK_OK(bag_write_payload(w, "data/1/x", size, 0, &err), &err);
	for (uint64_t i = 0; i < size; i += sizeof(zero))
		CHECK_OK(bag_write_bytes(w, zero, sizeof(zero), &err), &err);
	CHECK_OK(bag_write_payload_end(w, sum, &err), &err);
	CHECK_OK(bag_write_tag(w, "after.txt", "x", 1, &err), &err);
	CHECK_OK(bag_write_finish(w, &err), &err);
	CHECK(fstat(fd, &st) == 0 && (uint64_t)st.st_size > size);
	s = (struct bag_stored){ fd, NULL, (uint64_t)st.st_size };
	CHECK_OK(bag_zip_check(&s, &place, &err), &err);
	bag_fixture_rmdir(dir);
}

#endif

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what archivers write is taken",
		    what_archivers_write_is_taken },
		{ "every truncation is refused", every_truncation_is_refused },
		{ "the directory and the members agree",
		    the_directory_and_the_members_agree },
		{ "swapped names are refused", swapped_names_are_refused },
		{ "nothing lies between members",
		    nothing_lies_between_members },
		{ "any byte may be anything", any_byte_may_be_anything },
#ifndef SP_SANITIZED
		{ "large members are taken", large_members_are_taken },
#endif
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
