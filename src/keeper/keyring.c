#include "keeper/keyring.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/parse.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/stream.h"
#include "crypto/wrap.h"
#include "keeper/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 *   root          = "sallyport/keeper/root/1\n" || u32be iterations
 *                   || field salt || field wrapped || sha256 of all before
 *   wrapped       = AES-KWP(PBKDF2(unlock secret, salt, iterations), root key)
 *   <agency>.keys = sealed stream, under the root key, of
 *                   u8 1 || field KEK id || field KEK || field log seed
 *                   || field origin
 *                   with "sallyport/keeper/1\n<agency id>\n" associated
 *
 *   seed of an agency's CA of devices = HKDF-SHA256(root key, no salt,
 *                   "sallyport/keeper/device-ca/1\n<agency id>\n")
 *
 * A field is a u32be length and as many bytes.  The digest of `root` is no
 * protection, it tells a damaged file from a wrong secret.
 */
#define ROOT_FILE      "root"
#define ROOT_MAGIC     "sallyport/keeper/root/1\n"
#define ROOT_MAGIC_LEN (sizeof(ROOT_MAGIC) - 1)
#define ROOT_KEY       32
#define ROOT_WRAPPED   CRYPTO_WRAP_LEN(ROOT_KEY)
#define SALT_LEN       32
#define ITERATIONS_MAX 10000000 /* a minute or so: more is a damaged file */
#define KEYS_VERSION   1
#define KEYS_NAME      (SP_ID_TEXT + 16) /* "<agency id>.keys.new" */
#define FILE_MAX_BYTES 4096
#define DEK_MIN        16
#define DEK_MAX        64
#define ASSOCIATED     (sizeof("sallyport/keeper/1\n\n") + SP_ID_TEXT)
#define CA_INFO        (sizeof("sallyport/keeper/device-ca/1\n\n") + SP_ID_TEXT)
#define DAY            (INT64_C(86400) * SP_SECOND)

_Static_assert(CRYPTO_WRAP_LEN(DEK_MAX) <= KEEPER_WRAPPED_MAX, "a DEK fits");

struct keys {
	struct sp_id agency;
	struct sp_id kek_id;
	struct crypto_secret *kek;
	struct crypto_secret *seed;   /* of the log key */
	struct crypto_signer *signer; /* which it was loaded into */
	struct ledger_vkey vkey;      /* its name is the log's origin */
	bool signed_before;           /* by this process: then what */
	uint64_t signed_size;
	struct ledger_hash signed_root;
};

struct keeper_keyring {
	int dir; /* DIR/keeper, or -1: in memory */
	struct crypto_secret *root;
	struct keys **held; /* sorted by agency */
	size_t n;
};

static void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	crypto_secret_free(k->kek);
	crypto_secret_free(k->seed);
	crypto_signer_free(k->signer);
	free(k);
}

static void
keys_freep(struct keys **k)
{
	keys_free(*k);
}
#define AUTO_KEYS SP_CLEANUP(keys_freep) struct keys *

static enum sp_code
no_memory(struct sp_err *err)
{
	return sp_fail(err, SP_E_NOMEM, "no memory for keys");
}

/* Write a file that must not exist yet: whole and durable, or not at all. */
static enum sp_code
write_new(int dir, const char *name, const struct sp_buf *b, struct sp_err *err)
{
	char made[KEYS_NAME];
	int len = snprintf(made, sizeof(made), "%s.new", name);

	SP_REQUIRE(len > 0 && (size_t)len < sizeof(made));
	SP_TRY(sp_buf_check(b, name, err));
	SP_TRY(sp_file_replace(dir, made, b->at, b->len, 0600, err));
	if (renameat2(dir, made, dir, name, RENAME_NOREPLACE) != 0) {
		bool exists = errno == EEXIST;
		enum sp_code code = sp_fail_os(err, "make keeper/%s", name);

		(void)unlinkat(dir, made, 0); /* of no use to anyone now */
		return exists ? sp_fail(err, SP_E_CONFLICT,
				    "keeper/%s exists already", name)
			      : code;
	}
	return sp_file_sync_dir(dir, ".", err);
}

/* The root file. */

static enum sp_code
root_write(int dir, struct crypto_secret *unlock, struct sp_err *err)
{
	SP_AUTO_BUF file = sp_buf_new(FILE_MAX_BYTES);
	CRYPTO_AUTO_SECRET root = crypto_secret_random(ROOT_KEY);
	CRYPTO_AUTO_SECRET lock = NULL;
	uint8_t salt[SALT_LEN];
	uint8_t wrapped[ROOT_WRAPPED];
	uint8_t sum[CRYPTO_SHA256_LEN];

	if (root == NULL)
		return no_memory(err);
	crypto_random(salt, sizeof(salt));
	SP_TRY(crypto_kdf_passphrase(
	    unlock, salt, sizeof(salt), CRYPTO_KDF_ITERATIONS, &lock, err));
	SP_TRY(crypto_wrap(lock, root, wrapped, err));
	sp_buf_text(&file, ROOT_MAGIC);
	sp_buf_u32be(&file, CRYPTO_KDF_ITERATIONS);
	sp_buf_blob(&file, salt, sizeof(salt));
	sp_buf_blob(&file, wrapped, sizeof(wrapped));
	SP_TRY(sp_buf_check(&file, ROOT_FILE, err));
	crypto_sha256(file.at, file.len, sum);
	sp_buf_add(&file, sum, sizeof(sum));
	return write_new(dir, ROOT_FILE, &file, err);
}

struct root_file {
	uint32_t iterations;
	struct sp_in salt;
	struct sp_in wrapped;
};

static enum sp_code
root_parse(const struct sp_buf *file, struct root_file *out, struct sp_err *err)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	size_t body_len;
	struct sp_in in;

	if (file->len < ROOT_MAGIC_LEN + sizeof(sum) ||
	    memcmp(file->at, ROOT_MAGIC, ROOT_MAGIC_LEN) != 0)
		return sp_fail(
		    err, SP_E_CORRUPT, "keeper/root is not a root file");
	body_len = file->len - sizeof(sum);
	crypto_sha256(file->at, body_len, sum);
	if (memcmp(sum, file->at + body_len, sizeof(sum)) != 0)
		return sp_fail(err, SP_E_CORRUPT, "keeper/root is damaged");
	in = sp_in_from(file->at + ROOT_MAGIC_LEN, body_len - ROOT_MAGIC_LEN);
	out->iterations = sp_in_u32be(&in);
	out->salt = sp_in_blob(&in, SALT_LEN);
	out->wrapped = sp_in_blob(&in, ROOT_WRAPPED);
	if (!sp_in_done(&in) || out->iterations == 0 ||
	    out->iterations > ITERATIONS_MAX || out->salt.left != SALT_LEN ||
	    out->wrapped.left != ROOT_WRAPPED)
		return sp_fail(err, SP_E_CORRUPT, "keeper/root is malformed");
	return SP_OK;
}

static enum sp_code
root_read(int dir, struct crypto_secret *unlock, struct crypto_secret **out,
    struct sp_err *err)
{
	SP_AUTO_BUF file = sp_buf_new(FILE_MAX_BYTES);
	CRYPTO_AUTO_SECRET lock = NULL;
	struct root_file f = { .iterations = 0 };
	enum sp_code code;

	SP_TRY(sp_file_read(dir, ROOT_FILE, &file, err));
	SP_TRY(root_parse(&file, &f, err));
	SP_TRY(crypto_kdf_passphrase(
	    unlock, f.salt.at, f.salt.left, f.iterations, &lock, err));
	code = crypto_unwrap(lock, f.wrapped.at, f.wrapped.left, out, err);
	if (code == SP_E_CORRUPT)
		return sp_fail(err, SP_E_DENIED,
		    "the unlock secret is not the one that locks this site");
	return code;
}

enum sp_code
keeper_keyring_make(
    const char *dir, struct crypto_secret *unlock, struct sp_err *err)
{
	SP_AUTO_FD site = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	SP_AUTO_FD keeper = -1;

	if (site < 0)
		return sp_fail_os(err, "open %s", dir);
	SP_TRY(sp_file_mkdir(site, "keeper", 0700, err));
	keeper = openat(site, "keeper", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (keeper < 0)
		return sp_fail_os(err, "open %s/keeper", dir);
	return root_write(keeper, unlock, err);
}

/* Opening and closing. */

static struct keeper_keyring *
ring_new(void)
{
	struct keeper_keyring *k = calloc(1, sizeof(*k));

	if (k != NULL)
		k->dir = -1;
	return k;
}

enum sp_code
keeper_keyring_open(struct keeper_keyring **out, const char *dir,
    struct crypto_secret *unlock, struct sp_err *err)
{
	SP_AUTO_FD site = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	KEEPER_AUTO_KEYRING k = ring_new();

	if (k == NULL)
		return no_memory(err);
	if (site < 0)
		return sp_fail_os(err, "open %s", dir);
	k->dir = openat(site, "keeper", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (k->dir < 0)
		return sp_fail_os(err, "open %s/keeper", dir);
	SP_TRY(root_read(k->dir, unlock, &k->root, err));
	*out = SP_STEAL(k);
	return SP_OK;
}

enum sp_code
keeper_keyring_in_memory(struct keeper_keyring **out, struct sp_err *err)
{
	KEEPER_AUTO_KEYRING k = ring_new();

	if (k == NULL)
		return no_memory(err);
	k->root = crypto_secret_random(ROOT_KEY);
	if (k->root == NULL)
		return no_memory(err);
	*out = SP_STEAL(k);
	return SP_OK;
}

void
keeper_keyring_close(struct keeper_keyring *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->n; i++)
		keys_free(k->held[i]);
	free(k->held);
	crypto_secret_free(k->root);
	sp_file_closep(&k->dir);
	free(k);
}

/* Keys in memory. */

/* Where `agency` is, or would be. */
static size_t
place(const struct keeper_keyring *k, const struct sp_id *agency, bool *found)
{
	size_t low = 0;
	size_t high = k->n;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int order = memcmp(k->held[at]->agency.b, agency->b, SP_ID_LEN);

		if (order == 0) {
			*found = true;
			return at;
		}
		if (order < 0)
			low = at + 1;
		else
			high = at;
	}
	*found = false;
	return low;
}

/* Takes `keys` on success. */
static enum sp_code
hold(struct keeper_keyring *k, struct keys **keys, struct sp_err *err)
{
	bool found;
	size_t at = place(k, &(*keys)->agency, &found);
	struct keys **more;

	SP_REQUIRE(!found);
	if (k->n >= KEEPER_AGENCIES_MAX)
		return sp_fail(err, SP_E_LIMIT, "keys of %d agencies are held",
		    KEEPER_AGENCIES_MAX);
	more = reallocarray(k->held, k->n + 1, sizeof(struct keys *));
	if (more == NULL)
		return no_memory(err);
	k->held = more;
	memmove(&more[at + 1], &more[at], (k->n - at) * sizeof(struct keys *));
	more[at] = SP_STEAL(*keys);
	k->n++;
	return SP_OK;
}

/* Keys on disk. */

static void
keys_name(const struct sp_id *agency, char out[static KEYS_NAME])
{
	char id[SP_ID_TEXT];

	sp_id_text(agency, id);
	(void)snprintf(out, KEYS_NAME, "%s.keys", id);
}

static void
associated(const struct sp_id *agency, char out[static ASSOCIATED])
{
	char id[SP_ID_TEXT];

	sp_id_text(agency, id);
	(void)snprintf(out, ASSOCIATED, "sallyport/keeper/1\n%s\n", id);
}

/* The signer and the public half, from seed and origin. */
static enum sp_code
keys_name_log(struct keys *keys, const char *origin, struct sp_err *err)
{
	uint8_t pub[CRYPTO_SIGN_PUBLIC];

	SP_TRY(crypto_sign_public(keys->seed, pub, err));
	SP_TRY(crypto_signer_new(&keys->signer, keys->seed, err));
	return ledger_vkey_make(origin, pub, &keys->vkey, err);
}

static enum sp_code
keys_store(
    const struct keeper_keyring *k, const struct keys *keys, struct sp_err *err)
{
	SP_AUTO_BUF plain = keeper_message_new();
	SP_AUTO_BUF sealed = sp_buf_new(FILE_MAX_BYTES);
	char ad[ASSOCIATED];
	char name[KEYS_NAME];

	if (k->dir < 0)
		return SP_OK;
	sp_buf_u8(&plain, KEYS_VERSION);
	sp_buf_blob(&plain, keys->kek_id.b, SP_ID_LEN);
	sp_buf_blob(&plain, crypto_secret_bytes(keys->kek), CRYPTO_WRAP_KEY);
	sp_buf_blob(&plain, crypto_secret_bytes(keys->seed), CRYPTO_SIGN_SEED);
	sp_buf_blob(&plain, keys->vkey.name, strlen(keys->vkey.name));
	SP_TRY(sp_buf_check(&plain, "an agency's keys", err));
	associated(&keys->agency, ad);
	SP_TRY(crypto_stream_seal_whole(
	    k->root, ad, plain.at, plain.len, &sealed, err));
	keys_name(&keys->agency, name);
	return write_new(k->dir, name, &sealed, err);
}

static enum sp_code
keys_parse(struct keys *keys, const struct sp_buf *plain, struct sp_err *err)
{
	struct sp_in in = sp_in_from(plain->at, plain->len);
	uint8_t version = sp_in_u8(&in);
	struct sp_in id = sp_in_blob(&in, SP_ID_LEN);
	struct sp_in kek = sp_in_blob(&in, CRYPTO_WRAP_KEY);
	struct sp_in seed = sp_in_blob(&in, CRYPTO_SIGN_SEED);
	struct sp_in name = sp_in_blob(&in, LEDGER_NAME_MAX);
	char origin[LEDGER_NAME_MAX + 1] = "";

	if (!sp_in_done(&in) || version != KEYS_VERSION ||
	    id.left != SP_ID_LEN || kek.left != CRYPTO_WRAP_KEY ||
	    seed.left != CRYPTO_SIGN_SEED ||
	    memchr(name.at, '\0', name.left) != NULL)
		return sp_fail(
		    err, SP_E_CORRUPT, "an agency's key file is malformed");
	memcpy(keys->kek_id.b, id.at, SP_ID_LEN);
	memcpy(origin, name.at, name.left);
	keys->kek = crypto_secret_from(kek.at, kek.left);
	keys->seed = crypto_secret_from(seed.at, seed.left);
	if (keys->kek == NULL || keys->seed == NULL)
		return no_memory(err);
	return keys_name_log(keys, origin, err);
}

static enum sp_code
keys_read(const struct keeper_keyring *k, const struct sp_id *agency,
    struct keys *keys, struct sp_err *err)
{
	SP_AUTO_BUF plain = keeper_message_new();
	SP_AUTO_BUF sealed = sp_buf_new(FILE_MAX_BYTES);
	char ad[ASSOCIATED];
	char name[KEYS_NAME];
	enum sp_code code;

	keys_name(agency, name);
	if (k->dir < 0)
		return sp_fail(
		    err, SP_E_NOTFOUND, "there is no keeper/%s", name);
	SP_TRY(sp_file_read(k->dir, name, &sealed, err));
	associated(agency, ad);
	code = crypto_stream_open_whole(
	    k->root, ad, sealed.at, sealed.len, &plain, err);
	if (code == SP_E_CORRUPT)
		return sp_fail(err, SP_E_CORRUPT,
		    "keeper/%s does not open: damaged, or another agency's",
		    name);
	SP_TRY(code);
	return keys_parse(keys, &plain, err);
}

/* The agency's keys, read when they are not held yet. */
static enum sp_code
keys_of(struct keeper_keyring *k, const struct sp_id *agency, struct keys **out,
    struct sp_err *err)
{
	bool found;
	size_t at = place(k, agency, &found);
	AUTO_KEYS keys = NULL;

	if (!found) {
		keys = calloc(1, sizeof(*keys));
		if (keys == NULL)
			return no_memory(err);
		keys->agency = *agency;
		SP_TRY(keys_read(k, agency, keys, err));
		SP_TRY(hold(k, &keys, err));
	}
	*out = k->held[at];
	return SP_OK;
}

/* The requests. */

static enum sp_code
keys_make(struct keys **out, const struct sp_id *agency, const char *origin,
    struct sp_err *err)
{
	AUTO_KEYS keys = calloc(1, sizeof(*keys));

	if (keys == NULL)
		return no_memory(err);
	keys->agency = *agency;
	keys->kek_id = sp_id_new();
	keys->kek = crypto_secret_random(CRYPTO_WRAP_KEY);
	keys->seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	if (keys->kek == NULL || keys->seed == NULL)
		return no_memory(err);
	SP_TRY(keys_name_log(keys, origin, err));
	*out = SP_STEAL(keys);
	return SP_OK;
}

enum sp_code
keeper_keyring_create(struct keeper_keyring *k, const struct sp_id *agency,
    const char *origin, struct ledger_vkey *out, struct sp_err *err)
{
	AUTO_KEYS keys = NULL;
	struct keys *old = NULL;
	struct ledger_vkey vkey;
	enum sp_code code = keys_of(k, agency, &old, err);

	if (code == SP_OK)
		return sp_fail(
		    err, SP_E_CONFLICT, "the agency has its keys already");
	if (code != SP_E_NOTFOUND)
		return code;
	SP_TRY(keys_make(&keys, agency, origin, err));
	vkey = keys->vkey;
	SP_TRY(keys_store(k, keys, err));
	SP_TRY(hold(k, &keys, err));
	*out = vkey;
	return SP_OK;
}

enum sp_code
keeper_keyring_vkey(struct keeper_keyring *k, const struct sp_id *agency,
    struct ledger_vkey *out, struct sp_err *err)
{
	struct keys *keys = NULL;

	SP_TRY(keys_of(k, agency, &keys, err));
	*out = keys->vkey;
	return SP_OK;
}

enum sp_code
keeper_keyring_wrap(struct keeper_keyring *k, const struct sp_id *agency,
    struct crypto_secret *dek, struct keeper_wrapped *out, struct sp_err *err)
{
	struct keeper_wrapped w = { .len = 0 };
	struct keys *keys = NULL;
	size_t len = crypto_secret_len(dek);

	if (len < DEK_MIN || len > DEK_MAX)
		return sp_fail(err, SP_E_INVALID, "a DEK of %zu bytes", len);
	SP_TRY(keys_of(k, agency, &keys, err));
	SP_TRY(crypto_wrap(keys->kek, dek, w.bytes, err));
	w.kek = keys->kek_id;
	w.len = CRYPTO_WRAP_LEN(len);
	*out = w;
	return SP_OK;
}

enum sp_code
keeper_keyring_unwrap(struct keeper_keyring *k, const struct sp_id *agency,
    const struct keeper_wrapped *wrapped, struct crypto_secret **out,
    struct sp_err *err)
{
	struct keys *keys = NULL;
	char id[SP_ID_TEXT];

	SP_TRY(keys_of(k, agency, &keys, err));
	if (!sp_id_equal(&wrapped->kek, &keys->kek_id)) {
		sp_id_text(&wrapped->kek, id);
		return sp_fail(err, SP_E_NOTFOUND, "there is no KEK %s", id);
	}
	return crypto_unwrap(keys->kek, wrapped->bytes, wrapped->len, out, err);
}

/* The exact text of a checkpoint, nothing beside it. */
static enum sp_code
checkpoint_of(const char *text, size_t len, struct ledger_checkpoint *c,
    struct sp_err *err)
{
	SP_AUTO_BUF again = sp_buf_new(KEEPER_BODY_MAX);

	SP_TRY(ledger_checkpoint_parse(text, len, c, err));
	ledger_checkpoint_text(c, &again);
	SP_TRY(sp_buf_check(&again, "a checkpoint", err));
	if (again.len != len || memcmp(again.at, text, len) != 0)
		return sp_fail(err, SP_E_INVALID,
		    "only a checkpoint without extensions is signed");
	return SP_OK;
}

/* Is this a later state of the log, as far as this process has seen? */
static enum sp_code
follows(const struct keys *keys, const struct ledger_checkpoint *c,
    struct sp_err *err)
{
	if (strcmp(c->origin, keys->vkey.name) != 0)
		return sp_fail(err, SP_E_DENIED,
		    "a checkpoint of '%s' is not this log's", c->origin);
	if (!keys->signed_before)
		return SP_OK;
	if (c->size < keys->signed_size)
		return sp_fail(err, SP_E_DENIED,
		    "the log shrank from %ju entries to %ju",
		    (uintmax_t)keys->signed_size, (uintmax_t)c->size);
	if (c->size == keys->signed_size &&
	    memcmp(&c->root, &keys->signed_root, sizeof(c->root)) != 0)
		return sp_fail(err, SP_E_DENIED,
		    "another root was signed for %ju entries",
		    (uintmax_t)c->size);
	return SP_OK;
}

enum sp_code
keeper_keyring_sign(struct keeper_keyring *k, const struct sp_id *agency,
    const char *text, size_t len, struct sp_buf *line, struct sp_err *err)
{
	struct keys *keys = NULL;
	struct ledger_checkpoint c;
	uint8_t sig[CRYPTO_SIGN_LEN];

	SP_TRY(keys_of(k, agency, &keys, err));
	SP_TRY(checkpoint_of(text, len, &c, err));
	SP_TRY(follows(keys, &c, err));
	SP_TRY(crypto_signer_sign(keys->signer, text, len, sig, err));
	keys->signed_before = true;
	keys->signed_size = c.size;
	keys->signed_root = c.root;
	ledger_note_sigline(&keys->vkey, sig, line);
	return SP_OK;
}

/* Derived, not kept: agencies made before there were devices have one, too, and
 * who has the keeper's folder and its secret has lost nothing. */
static enum sp_code
device_ca(const struct keeper_keyring *k, const struct sp_id *agency,
    struct crypto_secret **out, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_new(CRYPTO_SIGN_SEED);
	const struct crypto_piece none = { "", 0 };
	char id[SP_ID_TEXT], info[CA_INFO];

	if (seed == NULL)
		return no_memory(err);
	sp_id_text(agency, id);
	(void)snprintf(
	    info, sizeof(info), "sallyport/keeper/device-ca/1\n%s\n", id);
	SP_TRY(crypto_kdf_hkdf(CRYPTO_SHA256, k->root, none,
	    (struct crypto_piece){ info, strlen(info) }, seed, err));
	*out = SP_STEAL(seed);
	return SP_OK;
}

/* No certificate is made for later, nor for long. */
static bool
times_ok(const struct keeper_certify *what)
{
	sp_time now = sp_now();
	sp_time longest = KEEPER_CERTIFY_DAYS * DAY + KEEPER_CERTIFY_SKEW;

	if (what->from < now - KEEPER_CERTIFY_SKEW ||
	    what->from > now + KEEPER_CERTIFY_SKEW)
		return false;
	return what->until > what->from && what->until - what->from <= longest;
}

enum sp_code
keeper_keyring_certify(struct keeper_keyring *k, const struct sp_id *agency,
    const struct keeper_certify *what, struct sp_buf *der, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET seed = NULL;
	struct keys *keys = NULL;
	char owner[SP_ID_TEXT], subject[SP_ID_TEXT];
	struct crypto_leaf leaf = { owner, subject, what->key, what->from,
		what->until };
	enum sp_code code;

	SP_TRY(keys_of(k, agency, &keys, err));
	if (!times_ok(what))
		return sp_fail(err, SP_E_DENIED,
		    "a device's certificate begins now and holds %d days at "
		    "most",
		    KEEPER_CERTIFY_DAYS);
	SP_TRY(device_ca(k, agency, &seed, err));
	sp_id_text(agency, owner);
	sp_id_text(&what->device, subject);
	code = crypto_leaf_issue(seed, &leaf, der, err);
	if (code == SP_E_INVALID)
		return sp_fail(err, SP_E_DENIED,
		    "a certificate is made of one public key");
	return code;
}
