#include "bag/bag_log.h"
#include "bag/bag_model.h"
#include "bag/verify.h"

/* Two items of one agency, another agency, and a log each. */
#define ITEM1  "0199a0b1-0000-7000-8000-000000000001"
#define ITEM2  "0199a0b1-0000-7000-8000-000000000002"
#define ITEM3  "0199a0b1-0000-7000-8000-000000000003"
#define AGENCY "0199a0b1-0000-7000-9000-00000000000a"
#define OTHER  "0199a0b1-0000-7000-9000-00000000000b"

#define CLIP1 "the first clip"
#define CLIP2 "22"
#define NAME1 "a 100% \xc3\xa9.mp4"
#define NAME2 "..\\dock\\b.mp4" /* in the bag: ".._dock_b.mp4" */
#define DATA1 "data/" ITEM1 "/" NAME1
#define DATA2 "data/" ITEM2 "/.._dock_b.mp4"

static struct bag_log miami, tampa;
static struct model bag;

static const char *
hex_of(const char *text, char hex[static 65])
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	crypto_sha256(text, strlen(text), sum);
	sp_hex(sum, sizeof(sum), hex);
	return hex;
}

/* An entry as the program writes them, about an item. */
static const char *
entry(const char *act, const char *agency, const char *item, const char *detail)
{
	static char text[2000];

	CHECK(snprintf(text, sizeof(text),
		  "{\"act\":\"%s\",\"actor\":{\"id\":\"%s\",\"kind\":"
		  "\"token\"},\"agency\":\"%s\",\"at\":"
		  "\"2026-11-21T18:45:44.123456Z\",\"detail\":%s,\"object\":"
		  "{\"id\":\"%s\",\"kind\":\"evidence\"},\"outcome\":"
		  "\"done\",\"source\":\"api\",\"v\":1}",
		  act, ITEM3, agency, detail, item) < (int)sizeof(text));
	return text;
}

static const char *
sealed(const char *item, const char *name, const char *clip, size_t size)
{
	char detail[400], of_name[65], of_clip[65];

	(void)snprintf(detail, sizeof(detail),
	    "{\"filename_sha256\":\"%s\",\"media_type\":\"video/mp4\","
	    "\"sha256\":\"%s\",\"size\":%zu}",
	    hex_of(name, of_name), hex_of(clip, of_clip), size);
	return entry("evidence.sealed", AGENCY, item, detail);
}

/* Indices in Miami's log. */
enum {
	BEFORE,
	SEALED1,
	SEALED2,
	OPENED1,
	EXPORTED1,
	EXPORTED2,
	FOREIGN1,  /* about item 1, but of another agency */
	RESEALED1, /* a second sealing */
	FAILED1,   /* a sealing that failed */
	WRONG_SIZE1,
	WRONG_SUM1,
	ODD, /* from here on: entries that the program does not write */
};

static const char *const odd[] = {
	"",
	"[]",
	"7",
	"\"x\"",
	"{",
	"not json",
	"{}",
	"{\"act\":\"evidence.opened\"}",
	"{\"act\":\"a\",\"agency\":\"" AGENCY "\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"upload\"},\"v\":1}",
	"{\"act\":\"a\",\"agency\":\"" AGENCY "\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM2 "\",\"kind\":\"evidence\"},\"v\":1}",
	"{\"act\":\"a\",\"agency\":\"" AGENCY "\",\"detail\":[],\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}",
	"{\"act\":\"a\",\"agency\":7,\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}",
	/* Right, but not canonical: a space, an order, a name twice, a real
	 * number, an escape that is not needed, a line's end. */
	"{\"act\":\"a\", \"agency\":\"" AGENCY "\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}",
	"{\"agency\":\"" AGENCY "\",\"act\":\"a\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}",
	"{\"act\":\"a\",\"act\":\"a\",\"agency\":\"" AGENCY
	"\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}",
	"{\"act\":\"a\",\"agency\":\"" AGENCY "\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1.0}",
	"{\"act\":\"a\",\"agency\":\"" AGENCY "\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1e2}",
	"{\"act\":\"\\u0061\",\"agency\":\"" AGENCY
	"\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}",
	"{\"act\":\"a\",\"agency\":\"" AGENCY "\",\"detail\":{},\"object\":{"
	"\"id\":\"" ITEM1 "\",\"kind\":\"evidence\"},\"v\":1}\n",
};

static void
expect_index(uint64_t index, uint64_t want)
{
	CHECK(index == want);
}

static void
logs_open(void)
{
	char failed[2000];
	char *done;

	bag_log_open(&miami, "evidence.example/miami", 1);
	bag_log_open(&tampa, "evidence.example/tampa", 2);
	expect_index(
	    bag_log_add(&miami, entry("token.issued", AGENCY, ITEM3, "{}")),
	    BEFORE);
	expect_index(
	    bag_log_add(&miami, sealed(ITEM1, NAME1, CLIP1, strlen(CLIP1))),
	    SEALED1);
	expect_index(
	    bag_log_add(&miami, sealed(ITEM2, NAME2, CLIP2, strlen(CLIP2))),
	    SEALED2);
	expect_index(
	    bag_log_add(&miami, entry("evidence.opened", AGENCY, ITEM1, "{}")),
	    OPENED1);
	expect_index(bag_log_add(&miami,
			 entry("evidence.exported", AGENCY, ITEM1, "{}")),
	    EXPORTED1);
	expect_index(bag_log_add(&miami,
			 entry("evidence.exported", AGENCY, ITEM2, "{}")),
	    EXPORTED2);
	expect_index(
	    bag_log_add(&miami, entry("evidence.opened", OTHER, ITEM1, "{}")),
	    FOREIGN1);
	expect_index(
	    bag_log_add(&miami, sealed(ITEM1, NAME1, CLIP1, strlen(CLIP1))),
	    RESEALED1);
	(void)snprintf(failed, sizeof(failed), "%s",
	    sealed(ITEM1, NAME1, CLIP1, strlen(CLIP1)));
	done = strstr(failed, "\"done\"");
	CHECK(done != NULL);
	memcpy(done, "\"fail\"", 6);
	expect_index(bag_log_add(&miami, failed), FAILED1);
	expect_index(
	    bag_log_add(&miami, sealed(ITEM1, NAME1, CLIP1, 9)), WRONG_SIZE1);
	expect_index(
	    bag_log_add(&miami, sealed(ITEM1, NAME1, "another", strlen(CLIP1))),
	    WRONG_SUM1);
	for (size_t i = 0; i < SP_COUNTOF(odd); i++)
		expect_index(bag_log_add(&miami, odd[i]), ODD + i);
	bag_log_sign(&miami);
	expect_index(
	    bag_log_add(&tampa, entry("evidence.opened", AGENCY, ITEM1, "{}")),
	    0);
	bag_log_sign(&tampa);
}

static const char *
custody_path(const char *item, uint64_t index, const char *ending)
{
	static char path[4][100];
	static unsigned next;
	char *p = path[next++ % 4];

	(void)snprintf(p, sizeof(path[0]), "custody/%s/%ju.%s", item,
	    (uintmax_t)index, ending);
	return p;
}

/* An entry with its proof, in the folder of an item. */
static void
put_entry(struct bag_log *from, const char *item, uint64_t index)
{
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);

	bag_log_proof(from, index, &proof);
	model_put(&bag, custody_path(item, index, "json"), from->entry[index]);
	model_put(
	    &bag, custody_path(item, index, "tlog-proof"), sp_buf_str(&proof));
}

static void
drop_entry(const char *item, uint64_t index)
{
	model_drop(&bag, custody_path(item, index, "json"));
	model_drop(&bag, custody_path(item, index, "tlog-proof"));
}

static void
put_key(const struct ledger_vkey *key)
{
	SP_AUTO_BUF text = sp_buf_new(LEDGER_NOTE_MAX);

	ledger_vkey_text(key, &text);
	sp_buf_text(&text, "\n");
	model_put(&bag, "log/key", sp_buf_str(&text));
}

/* Oxum and manifests, as a careful liar mends them. */
static void
mend(void)
{
	char info[100];
	size_t octets = 0, files = 0;

	for (size_t i = 0; i < bag.n; i++) {
		if (!bag_path_is_payload(bag.file[i].path))
			continue;
		octets += bag.file[i].len;
		files++;
	}
	(void)snprintf(
	    info, sizeof(info), "Payload-Oxum: %zu.%zu\n", octets, files);
	model_put(&bag, "bag-info.txt", info);
	model_payload_manifests(&bag);
	model_tag_manifests(&bag);
}

static void
good(void)
{
	bag.n = 0;
	model_put(&bag, "bagit.txt",
	    "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
	model_put(&bag, "README.txt", "read me");
	model_put(&bag, DATA1, CLIP1);
	model_put(&bag, DATA2, CLIP2);
	put_key(&miami.key);
	model_put(&bag, "log/checkpoint", sp_buf_str(&miami.note));
	put_entry(&miami, ITEM1, SEALED1);
	put_entry(&miami, ITEM1, OPENED1);
	put_entry(&miami, ITEM1, EXPORTED1);
	put_entry(&miami, ITEM2, SEALED2);
	put_entry(&miami, ITEM2, EXPORTED2);
	model_put(&bag, "custody/" ITEM2 "/filename.txt", NAME2);
	mend();
}

static enum sp_code
verify(const char *pin, struct bag_verify_report *report)
{
	SP_AUTO_BUF tar = sp_buf_new(BAG_FIXTURE_MAX);
	struct bag_verify_options o = { .pin = pin };
	struct sp_err err;

	model_archive(&bag, BAG_TAR, &tar);
	o.from = (struct bag_source){ NULL, tar.at, tar.len };
	return bag_verify(&o, report, &err);
}

/* The harmed bag, mended, is refused at this place. */
static void
lies_at(const char *place)
{
	struct bag_verify_report report;
	enum sp_code code;

	mend();
	code = verify(NULL, &report);
	if (code != SP_E_CORRUPT || strcmp(report.place.at, place) != 0)
		printf("# %s at '%s', not '%s'\n", sp_code_name(code),
		    report.place.at, place);
	CHECK(code == SP_E_CORRUPT);
	CHECK(strcmp(report.place.at, place) == 0);
}

static void
a_good_bag_is_good(void)
{
	SP_AUTO_BUF key = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF other = sp_buf_new(LEDGER_NOTE_MAX);
	struct bag_verify_report r;

	good();
	ledger_vkey_text(&miami.key, &key);
	ledger_vkey_text(&tampa.key, &other);
	CHECK(verify(NULL, &r) == SP_OK);
	CHECK(r.place.at[0] == '\0');
	CHECK(r.files == bag.n && r.items == 2);
	CHECK(r.entries == 5 && r.proofs == 5);
	CHECK(r.log_size == miami.n && !r.key_pinned);
	CHECK(strcmp(r.origin, "evidence.example/miami") == 0);
	CHECK(strcmp(r.vkey, sp_buf_str(&key)) == 0);

	CHECK(verify(sp_buf_str(&key), &r) == SP_OK && r.key_pinned);
	CHECK(verify(sp_buf_str(&other), &r) == SP_E_CORRUPT);
	CHECK(strcmp(r.place.at, "log/key") == 0);
	CHECK(verify("no key", &r) == SP_E_INVALID);
}

static void
on_progress(void *arg, uint64_t bytes)
{
	uint64_t *last = arg;

	CHECK(bytes > *last);
	*last = bytes;
}

/* As zip, tar and folder, through files. */
static void
every_form_is_read(void)
{
	char dir[64], path[128];
	struct bag_verify_report r;
	uint64_t bytes = 0, heard = 0;
	struct bag_verify_options o = { .progress = on_progress,
		.progress_arg = &heard };
	struct sp_err err;

	good();
	for (size_t i = 0; i < bag.n; i++)
		bytes += bag.file[i].len;
	bag_fixture_mkdir(dir, sizeof(dir));
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);

		model_archive(&bag, (enum bag_format)f, &out);
		bag_fixture_file(dir, "bag", out.at, out.len);
		(void)snprintf(path, sizeof(path), "%s/bag", dir);
		o.from.path = path;
		heard = 0;
		CHECK_OK(bag_verify(&o, &r, &err), &err);
		CHECK(r.files == bag.n && r.bytes == bytes && heard == bytes);
	}
	(void)snprintf(path, sizeof(path), "%s/unpacked", dir);
	CHECK(mkdir(path, 0700) == 0);
	model_folder(&bag, path);
	heard = 0;
	CHECK_OK(bag_verify(&o, &r, &err), &err);
	CHECK(r.files == bag.n && r.bytes == bytes && heard == bytes);
	(void)snprintf(path, sizeof(path), "%s/nothing", dir);
	CHECK_CODE(bag_verify(&o, &r, &err), SP_E_NOTFOUND, &err);
	bag_fixture_rmdir(dir);
}

static void
the_evidence_is_what_was_sealed(void)
{
	good();
	model_bytes(&bag, DATA1)[3] ^= 1;
	lies_at(DATA1);
	good();
	model_put(&bag, DATA2, "2");
	lies_at(DATA2);
	good(); /* swapped */
	model_put(&bag, DATA1, CLIP2);
	model_put(&bag, DATA2, CLIP1);
	lies_at(DATA1);

	/* What was sealed says otherwise. */
	good();
	drop_entry(ITEM1, SEALED1);
	put_entry(&miami, ITEM1, WRONG_SIZE1);
	lies_at(DATA1);
	good();
	drop_entry(ITEM1, SEALED1);
	put_entry(&miami, ITEM1, WRONG_SUM1);
	lies_at(DATA1);

	/* Sealed never, or twice, or not quite. */
	good();
	drop_entry(ITEM1, SEALED1);
	lies_at(DATA1);
	good();
	put_entry(&miami, ITEM1, RESEALED1);
	lies_at(custody_path(ITEM1, RESEALED1, "json"));
	good();
	drop_entry(ITEM1, SEALED1);
	put_entry(&miami, ITEM1, FAILED1);
	lies_at(custody_path(ITEM1, FAILED1, "json"));
}

static void
names_are_those_that_were_sealed(void)
{
	static const char renamed[] = "data/" ITEM1 "/b.mp4";
	static const char original[] = "custody/" ITEM2 "/filename.txt";

	good();
	model_drop(&bag, DATA1);
	model_put(&bag, renamed, CLIP1);
	lies_at(renamed);
	/* Nor does a name of its own choice help. */
	model_put(&bag, "custody/" ITEM1 "/filename.txt", "b.mp4");
	lies_at(renamed);
	model_put(&bag, "custody/" ITEM1 "/filename.txt", NAME1);
	lies_at(renamed);

	good();
	model_drop(&bag, original);
	lies_at(DATA2);
	good();
	model_put(&bag, original, "..\\dock\\c.mp4");
	lies_at(DATA2);
}

static void
the_log_is_signed(void)
{
	static const char *const keys[] = { "", "\n", "key\n",
		("evidence.example/miami+00000000+"
		 "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n") };
	char *at;

	good();
	model_drop(&bag, "log/key");
	lies_at("log/key");
	for (size_t i = 0; i < SP_COUNTOF(keys); i++) {
		good();
		model_put(&bag, "log/key", keys[i]);
		lies_at("log/key");
	}
	good();
	put_key(&tampa.key);
	lies_at("log/checkpoint");

	good();
	model_drop(&bag, "log/checkpoint");
	lies_at("log/checkpoint");
	good();
	model_put(&bag, "log/checkpoint", sp_buf_str(&tampa.note));
	lies_at("log/checkpoint");
	good(); /* the signature */
	at = model_bytes(&bag, "log/checkpoint");
	at[strlen(at) - 6] ^= 1;
	lies_at("log/checkpoint");
	good(); /* the size */
	at = strchr(model_bytes(&bag, "log/checkpoint"), '\n') + 1;
	*at = *at == '1' ? '2' : '1';
	lies_at("log/checkpoint");
	good(); /* the root */
	at = strchr(at, '\n') + 1;
	*at = *at == 'A' ? 'B' : 'A';
	lies_at("log/checkpoint");
}

static void
entries_are_in_the_log(void)
{
	static const char json[] = "custody/" ITEM1 "/3.json";
	static const char proof[] = "custody/" ITEM1 "/3.tlog-proof";
	char *at;

	good();
	at = strstr(model_bytes(&bag, json), "18:45");
	at[0] = '0'; /* opened eight hours earlier */
	lies_at(json);
	good();
	model_drop(&bag, proof);
	lies_at(proof);
	good();
	model_drop(&bag, json);
	lies_at(json);

	good(); /* a byte of the proof's hashes */
	at = strstr(model_bytes(&bag, proof), "index 3\n") + 8;
	*at = *at == 'A' ? 'B' : 'A';
	lies_at(json);
	good(); /* its first line */
	model_bytes(&bag, proof)[2] ^= 1;
	lies_at(proof);
	good(); /* its signature */
	at = model_bytes(&bag, proof);
	at[strlen(at) - 6] ^= 1;
	lies_at(proof);
	good(); /* cut short */
	at = model_bytes(&bag, proof);
	at[strlen(at) - 1] = '\0';
	model_put(&bag, proof, at);
	lies_at(proof);

	good(); /* swapped proofs */
	{
		static char a[4000], b[4000];

		(void)snprintf(a, sizeof(a), "%s", model_bytes(&bag, proof));
		(void)snprintf(b, sizeof(b), "%s",
		    model_bytes(
			&bag, custody_path(ITEM1, EXPORTED1, "tlog-proof")));
		model_put(&bag, proof, b);
		model_put(
		    &bag, custody_path(ITEM1, EXPORTED1, "tlog-proof"), a);
	}
	lies_at(json);

	good(); /* under another number */
	drop_entry(ITEM1, OPENED1);
	{
		SP_AUTO_BUF text = sp_buf_new(LEDGER_NOTE_MAX);

		bag_log_proof(&miami, OPENED1, &text);
		model_put(&bag, custody_path(ITEM1, 77, "json"),
		    miami.entry[OPENED1]);
		model_put(&bag, custody_path(ITEM1, 77, "tlog-proof"),
		    sp_buf_str(&text));
	}
	lies_at(custody_path(ITEM1, 77, "tlog-proof"));

	good(); /* in another log, with its good proof */
	put_entry(&tampa, ITEM1, 0);
	lies_at(custody_path(ITEM1, 0, "tlog-proof"));
}

static void
entries_are_about_their_item(void)
{
	good();
	put_entry(&miami, ITEM1, EXPORTED2); /* of item 2 */
	lies_at(custody_path(ITEM1, EXPORTED2, "json"));
	good();
	put_entry(&miami, ITEM2, OPENED1);
	lies_at(custody_path(ITEM2, OPENED1, "json"));
	good();
	put_entry(&miami, ITEM1, BEFORE); /* of no item of the bag */
	lies_at(custody_path(ITEM1, BEFORE, "json"));
	good();
	put_entry(&miami, ITEM1, FOREIGN1); /* of another agency */
	lies_at(custody_path(ITEM1, FOREIGN1, "json"));
	for (size_t i = 0; i < SP_COUNTOF(odd); i++) {
		good();
		put_entry(&miami, ITEM1, ODD + i);
		lies_at(custody_path(ITEM1, ODD + i, "json"));
	}
}

static void
nothing_stands_where_it_does_not_belong(void)
{
	static const char *const paths[] = {
		"data/x.mp4",
		"data/x/y.mp4",
		"data/" ITEM3 "x/y.mp4",
		"data/" ITEM1 "/sub/y.mp4",
		"data/0199A0B1-0000-7000-8000-000000000003/y.mp4",
		"custody/x",
		"custody/x/1.json",
		"custody/" ITEM3 "/1.json",
		"custody/" ITEM1 "x/1.json",
		"custody/" ITEM1 "/note.txt",
		"custody/" ITEM1 "/1.JSON",
		"custody/" ITEM1 "/01.json",
		"custody/" ITEM1 "/-1.json",
		"custody/" ITEM1 "/1.json.txt",
		"custody/" ITEM1 "/1",
		"custody/" ITEM1 "/.json",
		"custody/" ITEM1 "/1/1.json",
		"custody/" ITEM1 "/99999999999999999999.json",
	};

	for (size_t i = 0; i < SP_COUNTOF(paths); i++) {
		good();
		model_put(&bag, paths[i], "x");
		lies_at(paths[i]);
	}
	good(); /* a second file of an item */
	model_put(&bag, "data/" ITEM1 "/b.mp4", CLIP1);
	lies_at("data/" ITEM1 "/b.mp4");
	good(); /* an item without custody */
	model_put(&bag, "data/" ITEM3 "/c.mp4", "c");
	lies_at("data/" ITEM3 "/c.mp4");
}

/* Documents for people: read by no check, but where they belong. */
static void
documents_have_their_places(void)
{
	static const char *const places[] = {
		"certification.pdf",
		"certification.txt",
		"custody/" ITEM1 "/report.pdf",
		"custody/" ITEM2 "/report.pdf",
		"custody/" ITEM2 "/report.txt",
	};
	static const char *const strays[] = {
		"custody/" ITEM1 "/certification.pdf",
		"custody/" ITEM1 "/report.html",
		"custody/" ITEM1 "/report.pdf.exe",
		"custody/" ITEM1 "/Report.pdf",
		"custody/" ITEM3 "/report.pdf",
		"custody/report.pdf",
	};
	struct bag_verify_report r;

	good();
	for (size_t i = 0; i < SP_COUNTOF(places); i++)
		model_put(&bag, places[i], "%PDF-1.5 is not looked into");
	mend();
	CHECK(verify(NULL, &r) == SP_OK);
	CHECK(r.items == 2 && r.entries == 5);
	for (size_t i = 0; i < SP_COUNTOF(strays); i++) {
		good();
		model_put(&bag, strays[i], "x");
		lies_at(strays[i]);
	}
}

static void
other_tag_files_are_welcome(void)
{
	struct bag_verify_report r;

	good();
	model_put(&bag, "notes/index.html", "<p>");
	mend();
	CHECK(verify(NULL, &r) == SP_OK);
}

static void
a_bag_without_evidence_is_none(void)
{
	good();
	model_drop(&bag, DATA2);
	drop_entry(ITEM2, SEALED2);
	drop_entry(ITEM2, EXPORTED2);
	model_drop(&bag, "custody/" ITEM2 "/filename.txt");
	mend();
	{
		struct bag_verify_report r;

		CHECK(verify(NULL, &r) == SP_OK && r.items == 1);
	}
	model_drop(&bag, DATA1);
	lies_at("custody/" ITEM1 "/1.json");
	drop_entry(ITEM1, SEALED1);
	drop_entry(ITEM1, OPENED1);
	drop_entry(ITEM1, EXPORTED1);
	lies_at("data");
}

/* Do both hold the same files? */
static bool
same_content(const struct bag_content *a, const struct bag_content *b)
{
	size_t n = 0, m = 0;
	const struct bag_file *f = bag_content_files(a, &n);
	const struct bag_file *g = bag_content_files(b, &m);

	for (size_t i = 0; n == m && i < n; i++)
		if (strcmp(f[i].path, g[i].path) != 0 ||
		    f[i].size != g[i].size ||
		    memcmp(f[i].sha512, g[i].sha512, BAG_SHA512_LEN) != 0)
			return false;
	return n == m;
}

/* Property: whatever bit is flipped, the bag is refused, or it is the same
 * bag (a time in the archive, padding). */
static void
no_flipped_bit_changes_anything_unseen(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		struct bag_content_options whole = { .progress = NULL };
		struct bag_verify_options o = { .pin = NULL };
		BAG_AUTO_CONTENT was = NULL;
		struct bag_verify_report r;
		unsigned refused = 0;
		struct sp_err err;

		good();
		model_archive(&bag, (enum bag_format)f, &out);
		o.from = (struct bag_source){ NULL, out.at, out.len };
		whole.from = o.from;
		CHECK_OK(bag_content_read(&was, &whole, &r.place, &err), &err);
		for (size_t i = 0; i < out.len; i += 11) {
			BAG_AUTO_CONTENT is = NULL;

			out.at[i] ^= (uint8_t)(1U << i % 8);
			if (bag_verify(&o, &r, &err) != SP_OK) {
				refused++;
			} else {
				CHECK_OK(bag_content_read(
					     &is, &whole, &r.place, &err),
				    &err);
				CHECK(same_content(was, is));
			}
			out.at[i] ^= (uint8_t)(1U << i % 8);
		}
		CHECK(refused > 100);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a good bag is good", a_good_bag_is_good },
		{ "every form is read", every_form_is_read },
		{ "the evidence is what was sealed",
		    the_evidence_is_what_was_sealed },
		{ "names are those that were sealed",
		    names_are_those_that_were_sealed },
		{ "the log is signed", the_log_is_signed },
		{ "entries are in the log", entries_are_in_the_log },
		{ "entries are about their item",
		    entries_are_about_their_item },
		{ "nothing stands where it does not belong",
		    nothing_stands_where_it_does_not_belong },
		{ "documents have their places", documents_have_their_places },
		{ "other tag files are welcome", other_tag_files_are_welcome },
		{ "a bag without evidence is none",
		    a_bag_without_evidence_is_none },
		{ "no flipped bit changes anything unseen",
		    no_flipped_bit_changes_anything_unseen },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	logs_open();
	rc = tap_run(cases, SP_COUNTOF(cases));
	bag_log_close(&miami);
	bag_log_close(&tampa);
	return rc;
}
