#include "witness/key.h"

#include "base/encode.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC    "PRIVATE+KEY+"
#define FILE_MAX 1024
#define SIG_TYPE 0x04

struct witness_key {
	struct ledger_cosigner self;
	struct crypto_signer *signer;
};

static enum sp_code
file_text(const char *name, struct crypto_secret *seed, struct sp_buf *out,
    struct sp_err *err)
{
	uint8_t bytes[1 + CRYPTO_SIGN_SEED] = { SIG_TYPE };
	CRYPTO_WIPE_ON_EXIT(bytes);
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct ledger_cosigner self;

	SP_TRY(crypto_sign_public(seed, pub, err));
	SP_TRY(ledger_cosigner_make(name, pub, &self, err));
	memcpy(bytes + 1, crypto_secret_bytes(seed), CRYPTO_SIGN_SEED);
	sp_buf_fmt(out, MAGIC "%s+%08x+", name, self.id);
	sp_buf_base64(out, bytes, sizeof(bytes));
	sp_buf_u8(out, '\n');
	return sp_buf_check(out, "a key", err);
}

enum sp_code
witness_key_make(int dir, const char *name, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	SP_AUTO_BUF text = sp_buf_secret(FILE_MAX);
	struct stat st;

	if (seed == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	if (fstatat(dir, WITNESS_KEY_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return sp_fail(
		    err, SP_E_CONFLICT, "this witness has a key already");
	if (errno != ENOENT)
		return sp_fail_os(err, "look for a key");
	SP_TRY(file_text(name, seed, &text, err));
	return sp_file_replace(
	    dir, WITNESS_KEY_FILE, text.at, text.len, 0600, err);
}

/* The seed after the last '+' that parts: base64 may hold one itself, so that
 * its place is known by its length, which is always the same. */
static bool
parse(const struct sp_buf *text, char *name, struct crypto_secret *seed,
    size_t *name_len)
{
	uint8_t bytes[1 + CRYPTO_SIGN_SEED];
	CRYPTO_WIPE_ON_EXIT(bytes);
	size_t len = sizeof(bytes), magic = strlen(MAGIC);
	size_t tail = 1 + 8 + 1 + SP_BASE64_LEN(sizeof(bytes)) + 1;
	const char *s = sp_buf_str(text);

	if (text->len < magic + 1 + tail ||
	    text->len > magic + LEDGER_NAME_MAX + tail ||
	    memcmp(s, MAGIC, magic) != 0)
		return false;
	*name_len = text->len - magic - tail;
	s += magic + *name_len + 1 + 8 + 1;
	if (!sp_base64_parse(s, SP_BASE64_LEN(sizeof(bytes)), bytes, &len) ||
	    len != sizeof(bytes) || bytes[0] != SIG_TYPE)
		return false;
	memcpy(name, sp_buf_str(text) + magic, *name_len);
	name[*name_len] = '\0';
	memcpy(crypto_secret_bytes(seed), bytes + 1, CRYPTO_SIGN_SEED);
	return true;
}

static enum sp_code
load(struct witness_key *k, const struct sp_buf *text, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_new(CRYPTO_SIGN_SEED);
	SP_AUTO_BUF again = sp_buf_secret(FILE_MAX);
	char name[LEDGER_NAME_MAX + 1];
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	size_t len = 0;

	if (seed == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	if (!parse(text, name, seed, &len) || strlen(name) != len ||
	    file_text(name, seed, &again, err) != SP_OK ||
	    again.len != text->len ||
	    !crypto_bytes_equal(again.at, text->at, again.len))
		return sp_fail(err, SP_E_CORRUPT,
		    "the witness's key file is damaged or none");
	SP_TRY(crypto_sign_public(seed, pub, err));
	SP_TRY(ledger_cosigner_make(name, pub, &k->self, err));
	return crypto_signer_new(&k->signer, seed, err);
}

static enum sp_code
check_mode(int dir, struct sp_err *err)
{
	struct stat st;

	if (fstatat(dir, WITNESS_KEY_FILE, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return sp_fail_os(err, "the witness's key");
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return sp_fail(err, SP_E_DENIED,
		    "others may read the witness's key: it is no secret any "
		    "more (chmod 600, or better make a new witness)");
	return SP_OK;
}

enum sp_code
witness_key_open(struct witness_key **out, int dir, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_secret(FILE_MAX);
	WITNESS_AUTO_KEY k = NULL;

	SP_TRY(check_mode(dir, err));
	SP_TRY(sp_file_read(dir, WITNESS_KEY_FILE, &text, err));
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	SP_TRY(load(k, &text, err));
	*out = SP_STEAL(k);
	return SP_OK;
}

const struct ledger_cosigner *
witness_key_public(const struct witness_key *k)
{
	return &k->self;
}

enum sp_code
witness_key_sign(struct witness_key *k, uint64_t time, const char *text,
    size_t len, struct ledger_cosignature *out, struct sp_err *err)
{
	SP_AUTO_BUF message = sp_buf_new((size_t)2 * LEDGER_NOTE_MAX);
	struct ledger_cosignature c = { .time = time };

	ledger_cosign_message(time, text, len, &message);
	SP_TRY(sp_buf_check(&message, "a checkpoint to cosign", err));
	SP_TRY(
	    crypto_signer_sign(k->signer, message.at, message.len, c.sig, err));
	*out = c;
	return SP_OK;
}

void
witness_key_free(struct witness_key *k)
{
	if (k == NULL)
		return;
	crypto_signer_free(k->signer);
	free(k);
}
