#include "bag/bag_fixture.h"
#include "bag/read.h"

/* A visitor that writes down what it hears: "path=bytes;". */
struct heard {
	struct sp_buf text;
	unsigned fail_at; /* this call fails; 0: none */
	unsigned calls;
};

static enum sp_code
hear(struct heard *h, struct sp_err *err)
{
	if (++h->calls == h->fail_at)
		return sp_fail(err, SP_E_UNAVAIL, "the visitor has enough");
	return SP_OK;
}

static enum sp_code
on_file(void *self, const char *path, struct sp_err *err)
{
	struct heard *h = self;

	sp_buf_fmt(&h->text, "%s=", path);
	return hear(h, err);
}

static enum sp_code
on_bytes(void *self, const void *bytes, size_t len, struct sp_err *err)
{
	struct heard *h = self;

	if (len < 100)
		sp_buf_add(&h->text, bytes, len);
	return hear(h, err);
}

static enum sp_code
on_end(void *self, struct sp_err *err)
{
	struct heard *h = self;

	sp_buf_text(&h->text, ";");
	return hear(h, err);
}

static enum sp_code
read_source(
    const struct bag_source *from, struct heard *h, struct bag_place *place)
{
	struct bag_visitor v = { on_file, on_bytes, on_end, h };
	struct sp_err err;

	sp_buf_free(&h->text);
	h->text = sp_buf_new(1 << 20);
	h->calls = 0;
	return bag_read(from, &v, place, &err);
}

static enum sp_code
read_members(enum bag_format format, const struct bag_member *m, size_t n,
    struct heard *h, struct bag_place *place)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_source from = { NULL, NULL, 0 };

	bag_fixture_make(format, m, n, &out);
	from.bytes = out.at;
	from.len = out.len;
	return read_source(&from, h, place);
}

static void
files_come_without_their_base(void)
{
	static const struct {
		struct bag_member m[4];
		size_t n;
		const char *heard;
	} rows[] = {
		{ { { .path = "b/bagit.txt", .bytes = "1" },
		      { .path = "b/data/1/x", .bytes = "22" } },
		    2, "bagit.txt=1;data/1/x=22;" },
		{ { { .path = "b/" }, { .path = "b/data/" },
		      { .path = "b/data/1/x", .bytes = "22" } },
		    3, "data/1/x=22;" },
		{ { { .path = "bagit.txt", .bytes = "1" },
		      { .path = "data/1/x", .bytes = "22" } },
		    2, "bagit.txt=1;data/1/x=22;" },
		{ { { .path = "data/1/x", .bytes = "22" },
		      { .path = "bagit.txt", .bytes = "1" } },
		    2, "data/1/x=22;bagit.txt=1;" },
		{ { { .path = "./" }, { .path = "./b/" },
		      { .path = "./b/x", .bytes = "" } },
		    3, "x=;" },
		{ { { .path = "./bagit.txt", .bytes = "1" },
		      { .path = "./log/key", .bytes = "2" } },
		    2, "bagit.txt=1;log/key=2;" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
			struct heard h = { .text = sp_buf_new(0) };
			struct bag_place place;

			CHECK(read_members((enum bag_format)f, rows[i].m,
				  rows[i].n, &h, &place) == SP_OK);
			CHECK(strcmp(sp_buf_str(&h.text), rows[i].heard) == 0);
			CHECK(place.at[0] == '\0');
			sp_buf_free(&h.text);
		}
	}
}

static void
lies_of_an_archive_are_refused_in_their_place(void)
{
	static const struct {
		struct bag_member m[3];
		size_t n;
		const char *place;
	} rows[] = {
		{ { { .path = "b/../../etc/cron.d/x", .bytes = "1" } }, 1,
		    "b/../../etc/cron.d/x" },
		{ { { .path = "/etc/passwd", .bytes = "1" } }, 1,
		    "/etc/passwd" },
		{ { { .path = "../b/x", .bytes = "1" } }, 1, "../b/x" },
		{ { { .path = "b/./x", .bytes = "1" } }, 1, "b/./x" },
		{ { { .path = "b//x", .bytes = "1" } }, 1, "b//x" },
		{ { { .path = "././b/x", .bytes = "1" } }, 1, "./b/x" },
		{ { { .path = "b/data/..\\x", .bytes = "1" } }, 1,
		    "b/data/..\\x" },
		{ { { .path = "b/\x1b[2J", .bytes = "1" } }, 1, "b/?[2J" },
		{ { { .path = "b/x", .bytes = "1" },
		      { .path = "c/x", .bytes = "1" } },
		    2, "c/x" },
		{ { { .path = "b/x", .bytes = "1" },
		      { .path = "bb/x", .bytes = "1" } },
		    2, "bb/x" },
		{ { { .path = "b/x", .bytes = "1" },
		      { .path = "b", .bytes = "1" } },
		    2, "b" },
		{ { { .path = "b/x", .bytes = "1" }, { .path = "c/" } }, 2,
		    "c" },
		{ { { .path = "b/x", .bytes = "1" },
		      { .path = "b/l", .type = AE_IFLNK, .link = "/etc" } },
		    2, "l" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
			struct heard h = { .text = sp_buf_new(0) };
			struct bag_place place;

			CHECK(read_members((enum bag_format)f, rows[i].m,
				  rows[i].n, &h, &place) == SP_E_CORRUPT);
			if (strcmp(place.at, rows[i].place) != 0)
				printf("# row %zu: %s\n", i, place.at);
			CHECK(strcmp(place.at, rows[i].place) == 0);
			sp_buf_free(&h.text);
		}
	}
}

/* What only a tar can hold. */
static void
links_and_devices_are_refused(void)
{
	static const struct bag_member rows[] = {
		{ .path = "b/l", .type = AE_IFREG, .link = "b/x" },
		{ .path = "b/l", .type = AE_IFCHR },
		{ .path = "b/l", .type = AE_IFBLK },
		{ .path = "b/l", .type = AE_IFIFO },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct bag_member m[] = { { .path = "b/x", .bytes = "1" },
			rows[i] };
		struct heard h = { .text = sp_buf_new(0) };
		struct bag_place place;

		CHECK(read_members(BAG_TAR, m, 2, &h, &place) == SP_E_CORRUPT);
		CHECK(strcmp(place.at, "l") == 0);
		sp_buf_free(&h.text);
	}
}

static void
members_of(enum bag_format format, struct sp_buf *out)
{
	static const struct bag_member m[] = {
		{ .path = "b/bagit.txt", .bytes = "one" },
		{ .path = "b/data/1/x", .bytes = "two" },
	};

	bag_fixture_make(format, m, SP_COUNTOF(m), out);
}

/* Property: cut anywhere, it either fails or nothing of it is missing. */
static void
truncations_never_pass_for_whole(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		struct heard h = { .text = sp_buf_new(0) };
		struct bag_source from;
		struct bag_place place;

		members_of((enum bag_format)f, &out);
		for (size_t n = 0; n < out.len; n++) {
			static const char all[] = "bagit.txt=one;"
						  "data/1/x=two;";
			enum sp_code code;

			from = (struct bag_source){ NULL, out.at, n };
			code = read_source(&from, &h, &place);
			CHECK(code == SP_E_CORRUPT ||
			    (f == BAG_TAR && code == SP_OK));
			/* A tar ends in zeros, whole blocks before them too;
			 * the manifests of a bag notice what is missing. */
			if (code == SP_OK)
				CHECK(strncmp(all, sp_buf_str(&h.text),
					  h.text.len) == 0);
		}
		sp_buf_free(&h.text);
	}
}

static uint8_t *
second(const struct sp_buf *in, const char *mark)
{
	uint8_t *at = memmem(in->at, in->len, mark, 4);

	CHECK(at != NULL);
	at = memmem(at + 4, in->len - (size_t)(at + 4 - in->at), mark, 4);
	CHECK(at != NULL);
	return at;
}

static void
damage_is_found_at_its_file(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct heard h = { .text = sp_buf_new(0) };
	struct bag_source from;
	struct bag_place place;

	members_of(BAG_ZIP, &out);
	/* The CRC of the second member, in the directory and after it. */
	second(&out, "PK\1\2")[16] ^= 1;
	second(&out, "PK\7\10")[4] ^= 1;
	from = (struct bag_source){ NULL, out.at, out.len };
	CHECK(read_source(&from, &h, &place) == SP_E_CORRUPT);
	CHECK(strcmp(place.at, "data/1/x") == 0);
	sp_buf_free(&h.text);
}

/* One file, two archives: what follows a tar could be a zip. */
static void
nothing_follows_a_tar(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	SP_AUTO_BUF zip = sp_buf_new(BAG_FIXTURE_MAX);
	struct heard h = { .text = sp_buf_new(0) };
	struct bag_source from;
	struct bag_place place;

	members_of(BAG_TAR, &out);
	members_of(BAG_ZIP, &zip);
	for (unsigned i = 0; i < 10240; i++)
		sp_buf_u8(&out, 0);
	from = (struct bag_source){ NULL, out.at, out.len };
	CHECK(read_source(&from, &h, &place) == SP_OK);
	sp_buf_add(&out, zip.at, zip.len);
	from = (struct bag_source){ NULL, out.at, out.len };
	CHECK(read_source(&from, &h, &place) == SP_E_CORRUPT);
	sp_buf_free(&h.text);
}

static void
other_files_are_no_bags(void)
{
	static const char *const bytes[] = { "", "x", "PK", "PK\3\4",
		"\x1f\x8b\x08", "%PDF-1.7", "ustar" };

	for (size_t i = 0; i < SP_COUNTOF(bytes); i++) {
		struct heard h = { .text = sp_buf_new(0) };
		struct bag_source from = { NULL, bytes[i], strlen(bytes[i]) };
		struct bag_place place;

		CHECK(read_source(&from, &h, &place) == SP_E_CORRUPT);
		CHECK(place.at[0] == '\0' && h.calls == 0);
		sp_buf_free(&h.text);
	}
}

/* Unpacked, a hole is zeros that were in no hash; also one at the end. */
static void
holes_are_refused(void)
{
	static const la_int64_t at[] = { 0, 512, 1024 };
	static const uint8_t zero[2048];

	for (size_t i = 0; i <= SP_COUNTOF(at); i++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		struct archive *a = bag_fixture_archive(BAG_TAR, &out);
		struct archive_entry *e = archive_entry_new();
		struct heard h = { .text = sp_buf_new(0) };
		struct bag_source from;
		struct bag_place place;
		bool hole = i < SP_COUNTOF(at);

		CHECK(archive_write_open(
			  a, &out, NULL, bag_fixture_take, NULL) == ARCHIVE_OK);
		archive_entry_set_pathname(e, "b/data/1/x");
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_size(e, sizeof(zero));
		if (hole)
			archive_entry_sparse_add_entry(e, at[i], 1024);
		CHECK(archive_write_header(a, e) == ARCHIVE_OK);
		CHECK(archive_write_data(a, zero, sizeof(zero)) ==
		    (la_ssize_t)sizeof(zero));
		archive_entry_free(e);
		CHECK(archive_write_free(a) == ARCHIVE_OK);
		from = (struct bag_source){ NULL, out.at, out.len };
		CHECK(read_source(&from, &h, &place) ==
		    (hole ? SP_E_CORRUPT : SP_OK));
		CHECK(!hole || strcmp(place.at, "data/1/x") == 0);
		sp_buf_free(&h.text);
	}
}

static void
a_bomb_is_left_alone(void)
{
	static uint8_t zero[1 << 20];
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct archive *a = bag_fixture_archive(BAG_ZIP, &out);
	struct archive_entry *e = archive_entry_new();
	struct heard h = { .text = sp_buf_new(0) };
	struct bag_source from;
	struct bag_place place;

	CHECK(archive_write_open(a, &out, NULL, bag_fixture_take, NULL) ==
	    ARCHIVE_OK);
	archive_entry_set_pathname(e, "b/data/1/x");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_size(e, (la_int64_t)128 << 20);
	CHECK(archive_write_header(a, e) == ARCHIVE_OK);
	for (unsigned i = 0; i < 128; i++)
		CHECK(archive_write_data(a, zero, sizeof(zero)) ==
		    (la_ssize_t)sizeof(zero));
	archive_entry_free(e);
	CHECK(archive_write_free(a) == ARCHIVE_OK);
	CHECK(out.len < (1 << 20));
	from = (struct bag_source){ NULL, out.at, out.len };
	CHECK(read_source(&from, &h, &place) == SP_E_LIMIT);
	CHECK(strcmp(place.at, "data/1/x") == 0);
	sp_buf_free(&h.text);
}

static void
the_visitors_failure_ends_it(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		struct heard h = { .text = sp_buf_new(0) };
		struct bag_source from;
		struct bag_place place;
		unsigned calls;

		members_of((enum bag_format)f, &out);
		from = (struct bag_source){ NULL, out.at, out.len };
		CHECK(read_source(&from, &h, &place) == SP_OK);
		calls = h.calls;
		for (h.fail_at = 1; h.fail_at <= calls; h.fail_at++) {
			CHECK(read_source(&from, &h, &place) == SP_E_UNAVAIL);
			CHECK(h.calls == h.fail_at);
		}
		sp_buf_free(&h.text);
	}
}

static void
a_folder_is_read(void)
{
	struct heard h = { .text = sp_buf_new(0) };
	struct bag_source from = { NULL, NULL, 0 };
	struct bag_place place;
	char dir[64];

	bag_fixture_mkdir(dir, sizeof(dir));
	from.path = dir;
	CHECK(read_source(&from, &h, &place) == SP_OK && h.calls == 0);
	bag_fixture_file(dir, "bagit.txt", "one", 3);
	CHECK(read_source(&from, &h, &place) == SP_OK);
	CHECK(strcmp(sp_buf_str(&h.text), "bagit.txt=one;") == 0);
	bag_fixture_file(dir, "data/1/\xc3\x9c %", "two", 3);
	bag_fixture_file(dir, "data/2/x", "", 0);
	CHECK(read_source(&from, &h, &place) == SP_OK);
	CHECK(strstr(sp_buf_str(&h.text), "bagit.txt=one;") != NULL);
	CHECK(strstr(sp_buf_str(&h.text), "data/1/\xc3\x9c %=two;") != NULL);
	CHECK(strstr(sp_buf_str(&h.text), "data/2/x=;") != NULL);
	for (h.fail_at = 1; h.fail_at <= 8; h.fail_at++)
		CHECK(read_source(&from, &h, &place) == SP_E_UNAVAIL);
	sp_buf_free(&h.text);
	bag_fixture_rmdir(dir);
}

/* Links out of the folder are not followed, pipes not waited for. */
static void
a_folders_tricks_are_refused(void)
{
	static const char *const names[] = { "link", "loop", "gone", "pipe",
		"back\\slash", "line\nfeed", "\xff" };

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		struct heard h = { .text = sp_buf_new(0) };
		struct bag_source from = { NULL, NULL, 0 };
		struct bag_place place;
		char dir[64], path[160];

		bag_fixture_mkdir(dir, sizeof(dir));
		from.path = dir;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		switch (i) {
		case 0: CHECK(symlink("/etc/passwd", path) == 0); break;
		case 1: CHECK(symlink(".", path) == 0); break;
		case 2: CHECK(symlink("/nonexistent", path) == 0); break;
		case 3: CHECK(mkfifo(path, 0600) == 0); break;
		default: bag_fixture_file(dir, names[i], "x", 1); break;
		}
		CHECK(read_source(&from, &h, &place) == SP_E_CORRUPT);
		if (i < 5)
			CHECK(strcmp(place.at, names[i]) == 0);
		CHECK(h.calls == 0);
		sp_buf_free(&h.text);
		bag_fixture_rmdir(dir);
	}
}

static void
depth_has_an_end(void)
{
	struct heard h = { .text = sp_buf_new(0) };
	struct bag_source from = { NULL, NULL, 0 };
	struct bag_place place;
	char dir[64], path[200] = "";

	bag_fixture_mkdir(dir, sizeof(dir));
	from.path = dir;
	for (unsigned i = 0; i < BAG_DEPTH_MAX - 1; i++)
		(void)snprintf(path + strlen(path), 3, "d/");
	(void)snprintf(path + strlen(path), 2, "x");
	bag_fixture_file(dir, path, "1", 1);
	CHECK(read_source(&from, &h, &place) == SP_OK);
	path[strlen(path) - 1] = '\0';
	(void)snprintf(path + strlen(path), 4, "d/x");
	bag_fixture_file(dir, path, "1", 1);
	CHECK(read_source(&from, &h, &place) == SP_E_LIMIT);
	sp_buf_free(&h.text);
	bag_fixture_rmdir(dir);
}

static void
what_is_not_there_is_not_found(void)
{
	struct heard h = { .text = sp_buf_new(0) };
	struct bag_source from = { "/nonexistent/bag.zip", NULL, 0 };
	struct bag_place place;

	CHECK(read_source(&from, &h, &place) == SP_E_NOTFOUND);
	from.path = "/dev/null";
	CHECK(read_source(&from, &h, &place) == SP_E_INVALID);
	sp_buf_free(&h.text);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "files come without their base",
		    files_come_without_their_base },
		{ "lies of an archive are refused in their place",
		    lies_of_an_archive_are_refused_in_their_place },
		{ "links and devices are refused",
		    links_and_devices_are_refused },
		{ "truncations never pass for whole",
		    truncations_never_pass_for_whole },
		{ "damage is found at its file", damage_is_found_at_its_file },
		{ "nothing follows a tar", nothing_follows_a_tar },
		{ "other files are no bags", other_files_are_no_bags },
		{ "holes are refused", holes_are_refused },
		{ "a bomb is left alone", a_bomb_is_left_alone },
		{ "the visitor's failure ends it",
		    the_visitors_failure_ends_it },
		{ "a folder is read", a_folder_is_read },
		{ "a folder's tricks are refused",
		    a_folders_tricks_are_refused },
		{ "depth has an end", depth_has_an_end },
		{ "what is not there is not found",
		    what_is_not_there_is_not_found },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
