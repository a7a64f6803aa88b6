#include "bag/verify.h"
#include "bag/write.h"
#include "crypto/provider.h"
#include "ledger/note.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * Any bytes as the one entry of a bag in which everything else is right: the
 * manifests, and the proof of the entry in a log of one, signed here.  So the
 * fuzzer is past all that it could not forge, and at what reads entries.
 */
#define ITEM  "0199a0b1-0000-7000-8000-000000000001"
#define JSON  "custody/" ITEM "/0.json"
#define PROOF "custody/" ITEM "/0.tlog-proof"

static struct crypto_secret *seed;
static struct ledger_vkey key;

static void
open_once(void)
{
	static const uint8_t bytes[CRYPTO_SIGN_SEED] = { 1 };
	uint8_t pub[CRYPTO_SIGN_PUBLIC];

	if (seed != NULL)
		return;
	SP_REQUIRE(crypto_provider_open("", NULL) == SP_OK);
	seed = crypto_secret_from(bytes, sizeof(bytes));
	SP_REQUIRE(seed != NULL);
	SP_REQUIRE(crypto_sign_public(seed, pub, NULL) == SP_OK);
	SP_REQUIRE(
	    ledger_vkey_make("fuzz.example/log", pub, &key, NULL) == SP_OK);
}

/* The checkpoint of the log that has this one entry. */
static void
sign(const uint8_t *entry, size_t len, struct sp_buf *note)
{
	struct ledger_checkpoint c = { .origin = "fuzz.example/log",
		.size = 1 };
	uint8_t sig[CRYPTO_SIGN_LEN];

	ledger_merkle_leaf(entry, len, &c.root);
	ledger_checkpoint_text(&c, note);
	SP_REQUIRE(crypto_sign(seed, note->at, note->len, sig, NULL) == SP_OK);
	sp_buf_text(note, "\n");
	ledger_note_sigline(&key, sig, note);
	SP_REQUIRE(sp_buf_ok(note));
}

static enum sp_code
sink(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	sp_buf_add(arg, bytes, len);
	return sp_buf_check(arg, "the archive", err);
}

static enum sp_code
put(struct bag_write *w, const char *path, const struct sp_buf *text)
{
	return bag_write_tag(w, path, sp_buf_str(text), text->len, NULL);
}

static enum sp_code
write_clip(struct bag_write *w)
{
	uint8_t sum[CRYPTO_SHA256_LEN];

	SP_TRY(bag_write_payload(w, "data/" ITEM "/a.mp4", 4, 0, NULL));
	SP_TRY(bag_write_bytes(w, "clip", 4, NULL));
	return bag_write_payload_end(w, sum, NULL);
}

static enum sp_code
write_bag(struct bag_write *w, const uint8_t *entry, size_t len)
{
	static const char info[] = "Payload-Oxum: 4.1\n";
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF vkey = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_path path = { .n = 0 };

	sign(entry, len, &note);
	ledger_proof_text(0, &path, sp_buf_str(&note), &proof);
	ledger_vkey_text(&key, &vkey);
	sp_buf_text(&vkey, "\n");
	SP_TRY(bag_write_tag(w, "bag-info.txt", info, strlen(info), NULL));
	SP_TRY(put(w, "log/key", &vkey));
	SP_TRY(put(w, "log/checkpoint", &note));
	SP_TRY(write_clip(w));
	SP_TRY(bag_write_tag(w, JSON, entry, len, NULL));
	SP_TRY(put(w, PROOF, &proof));
	return bag_write_finish(w, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	SP_AUTO_BUF tar = sp_buf_new((size_t)1 << 20);
	struct bag_write_options to = {
		.format = BAG_TAR,
		.base = "b",
		.sink = sink,
		.sink_arg = &tar,
	};
	struct bag_verify_options o = { .pin = NULL };
	struct bag_verify_report r;
	BAG_AUTO_WRITE w = NULL;
	enum sp_code code;

	if (len > 65535)
		return 0;
	open_once();
	SP_REQUIRE(bag_write_open(&w, &to, NULL) == SP_OK);
	SP_REQUIRE(write_bag(w, data, len) == SP_OK);
	o.from = (struct bag_source){ NULL, tar.at, tar.len };
	code = bag_verify(&o, &r, NULL);
	/* Good, or a lie of the entry; a file without a good sealing is the
	 * file's. */
	if (code == SP_OK)
		SP_REQUIRE(r.entries == 1 && r.items == 1);
	else
		SP_REQUIRE(code == SP_E_CORRUPT &&
		    (strcmp(r.place.at, JSON) == 0 ||
			strncmp(r.place.at, "data/", 5) == 0));
	return 0;
}
