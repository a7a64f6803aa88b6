#include "bag/bag_log.h"
#include "bag/bag_model.h"
#include "bag/verify.h"
#include "base/nth_alloc.h"

/*
 * The room while memory runs out: each allocation of ours fails in turn.  Every
 * call then says so or succeeds, calls nobody a liar, and leaves nothing behind
 * (the leak checker watches).
 */
#define ITEM "0199a0b1-0000-7000-8000-000000000001"

char *__wrap_strdup(const char *s);
void *__wrap_reallocarray(void *p, size_t n, size_t m);

char *
__wrap_strdup(const char *s)
{
	size_t len = strlen(s) + 1;
	char *copy = __wrap_malloc(len);

	return copy == NULL ? NULL : memcpy(copy, s, len);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t m)
{
	return __wrap_realloc(p, n * m);
}

static bool
expected(enum sp_code code, const struct sp_err *err)
{
	if (code == SP_OK || (nth_alloc_hit && code == SP_E_NOMEM))
		return true;
	printf("# %s: %s\n", sp_code_name(code), err->text);
	return false;
}

static struct bag_log ledger;
static struct sp_buf archive[BAG_FORMAT_COUNT];

/* A good bag of one item, written through the code under test. */
static enum sp_code
write_bag(enum bag_format format, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF key = sp_buf_new(LEDGER_NOTE_MAX);
	struct bag_write_options o = {
		.format = format,
		.base = "b",
		.sink = bag_fixture_sink,
		.sink_arg = out,
	};
	uint8_t sum[CRYPTO_SHA256_LEN];
	unsigned left = nth_alloc_left;
	BAG_AUTO_WRITE w = NULL;

	nth_alloc_left = 0; /* not the test's own */
	bag_log_proof(&ledger, 0, &proof);
	ledger_vkey_text(&ledger.key, &key);
	sp_buf_text(&key, "\n");
	nth_alloc_left = left;
	SP_TRY(bag_write_open(&w, &o, err));
	SP_TRY(
	    bag_write_tag(w, "bag-info.txt", "Payload-Oxum: 4.1\n", 18, err));
	SP_TRY(bag_write_payload(w, "data/" ITEM "/a%.mp4", 4, 0, err));
	SP_TRY(bag_write_bytes(w, "clip", 4, err));
	SP_TRY(bag_write_payload_end(w, sum, err));
	SP_TRY(bag_write_tag(w, "log/key", key.at, key.len, err));
	SP_TRY(bag_write_tag(
	    w, "log/checkpoint", ledger.note.at, ledger.note.len, err));
	SP_TRY(bag_write_tag(w, "custody/" ITEM "/0.json", ledger.entry[0],
	    strlen(ledger.entry[0]), err));
	SP_TRY(bag_write_tag(
	    w, "custody/" ITEM "/0.tlog-proof", proof.at, proof.len, err));
	return bag_write_finish(w, err);
}

static void
writing(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		unsigned n = 1;

		do {
			SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
			struct sp_err err;
			enum sp_code code;

			nth_alloc_arm(n++);
			code = write_bag((enum bag_format)f, &out, &err);
			CHECK(expected(code, &err));
			CHECK(code == SP_OK || nth_alloc_hit);
		} while (nth_alloc_again());
		CHECK(n > 10);
	}
}

static void
checking(const struct bag_source *from)
{
	unsigned n = 1;

	do {
		struct bag_verify_options o = { .from = *from };
		struct bag_verify_report r;
		struct sp_err err;
		enum sp_code code;

		nth_alloc_arm(n++);
		code = bag_verify(&o, &r, &err);
		CHECK(expected(code, &err));
	} while (nth_alloc_again());
	CHECK(n > 30);
}

static void
checking_archives(void)
{
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		struct bag_source from = { NULL, archive[f].at,
			archive[f].len };

		checking(&from);
	}
}

static void
checking_a_folder(void)
{
	struct bag_source from = { NULL, NULL, 0 };
	char dir[64], path[80];

	bag_fixture_mkdir(dir, sizeof(dir));
	bag_fixture_unpack(dir, BAG_TAR, &archive[BAG_TAR]);
	(void)snprintf(path, sizeof(path), "%s/b", dir);
	from.path = path;
	checking(&from);
	bag_fixture_rmdir(dir);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "writing", writing },
		{ "checking archives", checking_archives },
		{ "checking a folder", checking_a_folder },
	};
	uint8_t name[32], clip[32];
	char entry[1000], name_hex[65], clip_hex[65];
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	bag_log_open(&ledger, "evidence.example/miami", 1);
	crypto_sha256("a%.mp4", 6, name);
	crypto_sha256("clip", 4, clip);
	sp_hex(name, 32, name_hex);
	sp_hex(clip, 32, clip_hex);
	(void)snprintf(entry, sizeof(entry),
	    "{\"act\":\"evidence.sealed\",\"agency\":\"" ITEM
	    "\",\"detail\":{\"filename_sha256\":\"%s\",\"sha256\":\"%s\","
	    "\"size\":4},\"object\":{\"id\":\"" ITEM
	    "\",\"kind\":\"evidence\"},\"outcome\":\"done\",\"v\":1}",
	    name_hex, clip_hex);
	(void)bag_log_add(&ledger, entry);
	bag_log_sign(&ledger);
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++) {
		archive[f] = sp_buf_new(BAG_FIXTURE_MAX);
		CHECK_OK(
		    write_bag((enum bag_format)f, &archive[f], &err), &err);
	}
	rc = tap_run(cases, SP_COUNTOF(cases));
	for (unsigned f = 0; f < BAG_FORMAT_COUNT; f++)
		sp_buf_free(&archive[f]);
	bag_log_close(&ledger);
	return rc;
}
