#include "bag/bag_model.h"
#include "bag/content.h"

#define ITEM "0193a1b2-c3d4-7e5f-8a6b-000000000001"

static void
good(struct model *m)
{
	m->n = 0;
	model_put(m, "bagit.txt",
	    "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
	model_put(m, "bag-info.txt",
	    "Source-Organization: Miami\nPayload-Oxum: 12.2\n");
	model_put(m, "README.txt", "read me");
	model_put(m, "data/1/a.mp4", "first clip");
	model_put(m, "data/2/b.mp4", "22");
	model_put(m, "log/key", "key");
	model_payload_manifests(m);
	model_tag_manifests(m);
}

static enum sp_code
read_model(
    const struct model *m, struct bag_content **out, struct bag_place *place)
{
	SP_AUTO_BUF tar = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_content_options o = { .progress = NULL };
	struct sp_err err;

	model_archive(m, BAG_TAR, &tar);
	o.from = (struct bag_source){ NULL, tar.at, tar.len };
	return bag_content_read(out, &o, place, &err);
}

static void
expect(const struct model *m, enum sp_code want, const char *where)
{
	BAG_AUTO_CONTENT c = NULL;
	struct bag_place place;
	enum sp_code code = read_model(m, &c, &place);

	if (code != want || strcmp(place.at, where) != 0)
		printf("# %s at '%s', not '%s'\n", sp_code_name(code), place.at,
		    where);
	CHECK(code == want);
	CHECK(strcmp(place.at, where) == 0);
	CHECK((c != NULL) == (want == SP_OK));
}

static void
a_good_bag_is_read(void)
{
	static struct model m;
	BAG_AUTO_CONTENT c = NULL;
	const struct bag_file *f;
	struct bag_place place;
	uint8_t sum[CRYPTO_SHA256_LEN];
	size_t n;

	good(&m);
	CHECK(read_model(&m, &c, &place) == SP_OK);
	f = bag_content_files(c, &n);
	CHECK(n == m.n);
	for (size_t i = 1; i < n; i++)
		CHECK(strcmp(f[i - 1].path, f[i].path) < 0);
	f = bag_content_find(c, "data/1/a.mp4");
	CHECK(f != NULL && f->size == 10 && f->at == NULL);
	crypto_sha256("first clip", 10, sum);
	CHECK(memcmp(f->sha256, sum, sizeof(sum)) == 0);
	f = bag_content_find(c, "log/key");
	CHECK(f != NULL && f->size == 3);
	CHECK(strcmp((const char *)f->at, "key") == 0);
	CHECK(bag_content_find(c, "log") == NULL);
	CHECK(bag_content_find(c, "zzz") == NULL);
	CHECK(bag_content_from(c, "") == 0);
	CHECK(bag_content_from(c, "zzz") == n);
	f = bag_content_files(c, &n) + bag_content_from(c, "data/");
	CHECK(strcmp(f->path, "data/1/a.mp4") == 0);
}

/* One lie at a time, by someone who does not mend the manifests. */
static void
plain_lies_have_their_place(void)
{
	static const struct {
		const char *path; /* one byte of it is flipped */
		size_t at;
		const char *place;
	} flips[] = {
		{ "bagit.txt", 3, "bagit.txt" },
		{ "bag-info.txt", 3, "bag-info.txt" },
		{ "README.txt", 0, "README.txt" },
		{ "log/key", 2, "log/key" },
		{ "data/1/a.mp4", 0, "data/1/a.mp4" },
		{ "data/2/b.mp4", 1, "data/2/b.mp4" },
		{ "manifest-sha256.txt", 5, "manifest-sha256.txt" },
		{ "manifest-sha256.txt", 66, "manifest-sha256.txt" },
		{ "manifest-sha512.txt", 5, "manifest-sha512.txt" },
		{ "tagmanifest-sha256.txt", 64, "tagmanifest-sha256.txt" },
		{ "tagmanifest-sha512.txt", 128, "tagmanifest-sha512.txt" },
	};
	static const char *const files[] = { "bagit.txt", "bag-info.txt",
		"README.txt", "log/key", "data/1/a.mp4", "manifest-sha256.txt",
		"manifest-sha512.txt", "tagmanifest-sha256.txt",
		"tagmanifest-sha512.txt" };
	static const char *const extra[] = { "extra.txt", "data/3/c.mp4",
		"data/1/b.mp4", "custody/x", "fetch.txt" };
	static struct model m;

	for (size_t i = 0; i < SP_COUNTOF(flips); i++) {
		good(&m);
		model_bytes(&m, flips[i].path)[flips[i].at] ^= 1;
		expect(&m, SP_E_CORRUPT, flips[i].place);
	}
	for (size_t i = 0; i < SP_COUNTOF(files); i++) {
		good(&m);
		model_drop(&m, files[i]);
		expect(&m, SP_E_CORRUPT, files[i]);
	}
	for (size_t i = 0; i < SP_COUNTOF(extra); i++) {
		good(&m);
		model_put(&m, extra[i], "extra");
		expect(&m, SP_E_CORRUPT, extra[i]);
	}
}

/* A hash in a tag manifest turned into another: still hex, but not its. */
static void
a_wrong_hash_is_the_manifests_lie(void)
{
	static const char *const names[] = { "tagmanifest-sha256.txt",
		"tagmanifest-sha512.txt", "manifest-sha256.txt",
		"manifest-sha512.txt" };
	static struct model m;

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		char *hex;

		good(&m);
		hex = model_bytes(&m, names[i]);
		hex[0] = hex[0] == 'a' ? 'b' : 'a';
		if (i >= 2)
			model_tag_manifests(&m); /* which the liar mends */
		expect(&m, SP_E_CORRUPT, names[i]);
	}
}

/* The liar mends all manifests: what BagIt itself can still notice. */
static void
mended_lies(void)
{
	static struct model m;

	good(&m);
	model_put(&m, "bagit.txt",
	    "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n");
	model_tag_manifests(&m);
	expect(&m, SP_E_CORRUPT, "bagit.txt");

	good(&m);
	model_bytes(&m, "data/1/a.mp4")[0] ^= 1;
	expect(&m, SP_E_CORRUPT, "data/1/a.mp4");
	model_payload_manifests(&m);
	expect(&m, SP_E_CORRUPT, "manifest-sha256.txt");
	model_tag_manifests(&m);
	expect(&m, SP_OK, ""); /* BagIt is satisfied; the ledger is not */

	good(&m);
	model_put(&m, "data/3/c.mp4", "c");
	model_payload_manifests(&m);
	model_tag_manifests(&m);
	expect(&m, SP_E_CORRUPT, "bag-info.txt"); /* Oxum */

	/* In one manifest only. */
	good(&m);
	model_put(&m, "data/3/c.mp4", "");
	model_manifest(&m, false, CRYPTO_SHA256);
	model_tag_manifests(&m);
	expect(&m, SP_E_CORRUPT, "manifest-sha512.txt");

	/* A tag file in the payload's manifest. */
	good(&m);
	{
		char text[4000];

		(void)snprintf(text, sizeof(text), "%s%064d  README.txt\n",
		    model_bytes(&m, "manifest-sha256.txt"), 0);
		model_put(&m, "manifest-sha256.txt", text);
	}
	model_tag_manifests(&m);
	expect(&m, SP_E_CORRUPT, "manifest-sha256.txt");
}

static void
oxum_has_one_form(void)
{
	static const struct {
		const char *info;
		bool ok;
	} rows[] = {
		{ "Payload-Oxum: 12.2\n", true },
		{ "A: b\n c\nPayload-Oxum: 12.2\nZ: y\n", true },
		{ "", false },
		{ "Payload-Oxum: 12.2", false },
		{ "Payload-Oxum: 12.3\n", false },
		{ "Payload-Oxum: 13.2\n", false },
		{ "Payload-Oxum: 012.2\n", false },
		{ "Payload-Oxum: 12.2 \n", false },
		{ "Payload-Oxum: 12\n", false },
		{ "payload-oxum: 12.2\n", false },
		{ "X-Payload-Oxum: 12.2\n", false },
		{ "Payload-Oxum: 12.2\nPayload-Oxum: 12.2\n", false },
		{ "A: b\nPayload-Oxum: 12.2\nPayload-Oxum: 1.1\n", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		static struct model m;

		good(&m);
		model_put(&m, "bag-info.txt", rows[i].info);
		model_tag_manifests(&m);
		expect(&m, rows[i].ok ? SP_OK : SP_E_CORRUPT,
		    rows[i].ok ? "" : "bag-info.txt");
	}
}

static void
a_file_twice_is_refused(void)
{
	static const char *const names[] = { "README.txt", "data/1/a.mp4",
		"manifest-sha256.txt" };

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		static struct model m;

		good(&m);
		m.file[m.n] = m.file[0];
		(void)snprintf(
		    m.file[m.n].path, sizeof(m.file[m.n].path), "%s", names[i]);
		m.n++;
		expect(&m, SP_E_CORRUPT, names[i]);
	}
}

static void
text_without_nul(void)
{
	static struct model m;

	good(&m);
	model_bytes(&m, "bag-info.txt")[4] = '\0';
	model_tag_manifests(&m);
	expect(&m, SP_E_CORRUPT, "bag-info.txt");
	good(&m);
	model_bytes(&m, "manifest-sha256.txt")[70] = '\0';
	model_tag_manifests(&m);
	expect(&m, SP_E_CORRUPT, "manifest-sha256.txt");
}

/* Documents are hashed and not kept. */
static void
documents_may_be_large(void)
{
	static struct model m;
	BAG_AUTO_CONTENT c = NULL;
	const struct bag_file *f;
	struct bag_place place;

	good(&m);
	model_put(&m, "certification.pdf", "%PDF-1.5");
	model_put(&m, "custody/" ITEM "/report.pdf", "%PDF-1.5");
	model_put(&m, "custody/" ITEM "/report.txt", "why not");
	model_tag_manifests(&m);
	CHECK(read_model(&m, &c, &place) == SP_OK);
	f = bag_content_find(c, "certification.pdf");
	CHECK(f != NULL && f->size == 8 && f->at == NULL);
	f = bag_content_find(c, "custody/" ITEM "/report.pdf");
	CHECK(f != NULL && f->size == 8 && f->at == NULL);
	f = bag_content_find(c, "custody/" ITEM "/report.txt");
	CHECK(f != NULL && f->at != NULL);
	/* A flipped bit in one is found all the same. */
	model_bytes(&m, "certification.pdf")[3] ^= 1;
	expect(&m, SP_E_CORRUPT, "certification.pdf");
}

/* Sizes over their maxima, as a bomb would have them. */
static void
tag_files_over_their_maximum(void)
{
	static const struct {
		const char *path;
		size_t size;
	} rows[] = {
		{ "b/README.txt", BAG_TAG_MAX + 1 },
		{ "b/log/key", BAG_TAG_MAX + 1 },
		{ "b/custody/1/1.json", BAG_TAG_MAX + 1 },
		{ "b/manifest-sha256.txt", BAG_MANIFEST_MAX + 1 },
		{ "b/certification.pdf", BAG_DOCUMENT_MAX + 1 },
		{ "b/custody/" ITEM "/report.pdf", BAG_DOCUMENT_MAX + 1 },
		/* What only looks like one. */
		{ "b/custody/1/report.pdf", BAG_TAG_MAX + 1 },
		{ "b/report.pdf", BAG_TAG_MAX + 1 },
		{ "b/custody/" ITEM "/certification.pdf", BAG_TAG_MAX + 1 },
	};
	char *large = calloc(1, BAG_MANIFEST_MAX + 1);

	CHECK(large != NULL);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF zip = sp_buf_new(BAG_FIXTURE_MAX);
		struct bag_member m = { .path = rows[i].path,
			.bytes = large,
			.len = rows[i].size };
		struct bag_content_options o = { .progress = NULL };
		BAG_AUTO_CONTENT c = NULL;
		struct bag_place place;
		struct sp_err err;

		bag_fixture_make(BAG_ZIP, &m, 1, &zip);
		o.from = (struct bag_source){ NULL, zip.at, zip.len };
		CHECK_CODE(
		    bag_content_read(&c, &o, &place, &err), SP_E_LIMIT, &err);
		CHECK(strcmp(place.at, rows[i].path + 2) == 0);
	}
	free(large);
}

/* Each file is small enough, all together are not: one file linked under many
 * names (hard links are files like any other). */
static void
all_tag_files_together_have_a_maximum(void)
{
	unsigned count = BAG_HELD_MAX / BAG_TAG_MAX + 1;
	char *large = calloc(1, BAG_TAG_MAX);
	struct bag_content_options o = { .progress = NULL };
	char dir[64], first[80], path[120];
	BAG_AUTO_CONTENT c = NULL;
	struct bag_place place;
	struct sp_err err;

	CHECK(large != NULL);
	bag_fixture_mkdir(dir, sizeof(dir));
	bag_fixture_file(dir, "0", large, BAG_TAG_MAX);
	(void)snprintf(first, sizeof(first), "%s/0", dir);
	for (unsigned i = 1; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%u", dir, i);
		CHECK(link(first, path) == 0);
	}
	free(large);
	o.from.path = dir;
	CHECK_CODE(bag_content_read(&c, &o, &place, &err), SP_E_LIMIT, &err);
	CHECK(place.at[0] != '\0');
	bag_fixture_rmdir(dir);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a good bag is read", a_good_bag_is_read },
		{ "plain lies have their place", plain_lies_have_their_place },
		{ "a wrong hash is the manifest's lie",
		    a_wrong_hash_is_the_manifests_lie },
		{ "mended lies", mended_lies },
		{ "Oxum has one form", oxum_has_one_form },
		{ "a file twice is refused", a_file_twice_is_refused },
		{ "text without NUL", text_without_nul },
		{ "documents may be large", documents_may_be_large },
		{ "tag files over their maximum",
		    tag_files_over_their_maximum },
		{ "all tag files together have a maximum",
		    all_tag_files_together_have_a_maximum },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
