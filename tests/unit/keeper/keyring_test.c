#include "keeper/keyring.h"

#include "base/file.h"
#include "crypto/digest.h"
#include "keeper/scratch.h"
#include "quick_kdf.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Linked with --wrap=sp_file_replace: a disk that is full when told so. */
static bool disk_full;

enum sp_code __real_sp_file_replace(int dirfd, const char *path,
    const void *bytes, size_t len, mode_t mode, struct sp_err *err);
enum sp_code __wrap_sp_file_replace(int dirfd, const char *path,
    const void *bytes, size_t len, mode_t mode, struct sp_err *err);

enum sp_code
__wrap_sp_file_replace(int dirfd, const char *path, const void *bytes,
    size_t len, mode_t mode, struct sp_err *err)
{
	if (disk_full)
		return sp_fail(err, SP_E_FULL, "no space for %s", path);
	return __real_sp_file_replace(dirfd, path, bytes, len, mode, err);
}

static struct keeper_keyring *
open_ring(const struct scratch *s)
{
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_keyring_open(&k, s->dir, s->unlock, &err), &err);
	return k;
}

static struct sp_id
make_agency(struct keeper_keyring *k, const char *origin)
{
	struct sp_id agency = sp_id_new();
	struct ledger_vkey vkey;
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_keyring_create(k, &agency, origin, &vkey, &err), &err);
	CHECK(strcmp(vkey.name, origin) == 0);
	return agency;
}

static void
slurp(const char *path, struct sp_buf *out)
{
	struct sp_err err = { .code = SP_OK };

	*out = sp_buf_new(8192);
	CHECK_OK(sp_file_read(AT_FDCWD, path, out, &err), &err);
}

/* Not durable: it is done a thousand times. */
static void
put(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	CHECK(close(fd) == 0);
}

static void
keys_outlive_the_process(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct sp_id agency = make_agency(k, "example.org/a");
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(32);
	CRYPTO_AUTO_SECRET back = NULL;
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey before, after;
	struct keeper_wrapped w;

	CHECK_OK(keeper_keyring_vkey(k, &agency, &before, &err), &err);
	CHECK_OK(keeper_keyring_wrap(k, &agency, dek, &w, &err), &err);
	CHECK(w.len == 40);
	keeper_keyring_close(k);
	k = open_ring(&s);
	CHECK_OK(keeper_keyring_vkey(k, &agency, &after, &err), &err);
	CHECK(memcmp(before.pub, after.pub, sizeof(before.pub)) == 0 &&
	    before.id == after.id && strcmp(before.name, after.name) == 0);
	CHECK_OK(keeper_keyring_unwrap(k, &agency, &w, &back, &err), &err);
	CHECK(crypto_secret_len(back) == 32 &&
	    crypto_bytes_equal(
		crypto_secret_bytes(back), crypto_secret_bytes(dek), 32));
	keeper_keyring_close(k);
	scratch_done(&s);
}

static void
files_are_the_owners(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct sp_id agency = make_agency(k, "example.org/a");
	char path[160];
	struct stat st;

	scratch_keys_path(&s, &agency, path);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	scratch_path(&s, "root", path);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	scratch_path(&s, ".", path);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
	keeper_keyring_close(k);
	scratch_done(&s);
}

static void
wrong_secret(void)
{
	static const char *const wrong[] = { "correct horse batterz",
		"correct horse batter", "correct horse battery ", "x" };
	struct scratch s = scratch_new();
	struct sp_err err = { .code = SP_OK };

	for (size_t i = 0; i < SP_COUNTOF(wrong); i++) {
		CRYPTO_AUTO_SECRET bad =
		    crypto_secret_from(wrong[i], strlen(wrong[i]));
		struct keeper_keyring *k = NULL;

		CHECK_CODE(keeper_keyring_open(&k, s.dir, bad, &err),
		    SP_E_DENIED, &err);
		CHECK(k == NULL && strstr(err.text, "secret") != NULL);
	}
	scratch_done(&s);
}

static void
made_once(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k;
	struct sp_err err = { .code = SP_OK };

	CHECK_CODE(
	    keeper_keyring_make(s.dir, s.unlock, &err), SP_E_CONFLICT, &err);
	k = open_ring(&s); /* the first one is as it was */
	keeper_keyring_close(k);
	scratch_done(&s);
}

static void
no_keeper_there(void)
{
	struct scratch s = scratch_empty();
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };

	CHECK_CODE(keeper_keyring_open(&k, s.dir, s.unlock, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(keeper_keyring_open(&k, "/nonexistent", s.unlock, &err),
	    SP_E_NOTFOUND, &err);
	scratch_done(&s);
}

/* Any byte changed, any length: damaged, and not called a wrong secret. */
static void
root_damaged(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };
	SP_AUTO_BUF whole;
	char path[160];

	scratch_path(&s, "root", path);
	slurp(path, &whole);
	for (size_t i = 0; i < whole.len; i++) {
		whole.at[i] ^= 1;
		put(path, whole.at, whole.len);
		CHECK_CODE(keeper_keyring_open(&k, s.dir, s.unlock, &err),
		    SP_E_CORRUPT, &err);
		whole.at[i] ^= 1;
		put(path, whole.at, i);
		CHECK_CODE(keeper_keyring_open(&k, s.dir, s.unlock, &err),
		    SP_E_CORRUPT, &err);
	}
	sp_buf_u8(&whole, 0);
	put(path, whole.at, whole.len);
	CHECK_CODE(
	    keeper_keyring_open(&k, s.dir, s.unlock, &err), SP_E_CORRUPT, &err);
	put(path, whole.at, whole.len - 1);
	k = open_ring(&s);
	keeper_keyring_close(k);
	scratch_done(&s);
}

/* Files whose digest is right and whose content is not. */
static void
root_forged(void)
{
	static const struct {
		uint32_t iterations;
		size_t salt;
		size_t wrapped;
		enum sp_code want;
	} rows[] = {
		{ 0, 32, 40, SP_E_CORRUPT },
		{ 10000001, 32, 40, SP_E_CORRUPT },
		{ UINT32_MAX, 32, 40, SP_E_CORRUPT },
		{ 1000, 31, 40, SP_E_CORRUPT },
		{ 1000, 33, 40, SP_E_CORRUPT },
		{ 1000, 32, 39, SP_E_CORRUPT },
		{ 1000, 32, 48, SP_E_CORRUPT },
		{ 1000, 32, 40, SP_E_DENIED },
	};
	struct scratch s = scratch_new();
	char path[160];

	scratch_path(&s, "root", path);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		static const uint8_t zeroes[64];
		SP_AUTO_BUF b = sp_buf_new(4096);
		struct keeper_keyring *k = NULL;
		struct sp_err err = { .code = SP_OK };
		uint8_t sum[CRYPTO_SHA256_LEN];

		sp_buf_text(&b, "sallyport/keeper/root/1\n");
		sp_buf_u32be(&b, rows[i].iterations);
		sp_buf_blob(&b, zeroes, rows[i].salt);
		sp_buf_blob(&b, zeroes, rows[i].wrapped);
		crypto_sha256(b.at, b.len, sum);
		sp_buf_add(&b, sum, sizeof(sum));
		put(path, b.at, b.len);
		CHECK_CODE(keeper_keyring_open(&k, s.dir, s.unlock, &err),
		    rows[i].want, &err);
	}
	scratch_done(&s);
}

/* Any byte changed, any length: corrupt, and well again when it is restored. */
static void
keys_damaged(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct sp_id agency = make_agency(k, "example.org/a");
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;
	SP_AUTO_BUF whole;
	char path[160];

	scratch_keys_path(&s, &agency, path);
	slurp(path, &whole);
	keeper_keyring_close(k);
	k = open_ring(&s);
	memset(&vkey, 0xa5, sizeof(vkey));
	for (size_t i = 0; i < whole.len; i++) {
		whole.at[i] ^= 0x80;
		put(path, whole.at, whole.len);
		CHECK_CODE(keeper_keyring_vkey(k, &agency, &vkey, &err),
		    SP_E_CORRUPT, &err);
		whole.at[i] ^= 0x80;
		put(path, whole.at, i);
		CHECK_CODE(keeper_keyring_vkey(k, &agency, &vkey, &err),
		    SP_E_CORRUPT, &err);
	}
	CHECK(all_bytes(&vkey, sizeof(vkey), 0xa5));
	put(path, whole.at, whole.len);
	CHECK_OK(keeper_keyring_vkey(k, &agency, &vkey, &err), &err);
	keeper_keyring_close(k);
	scratch_done(&s);
}

static void
keys_swapped(void)
{
	struct scratch s = scratch_new();
	struct scratch other = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct sp_id a = make_agency(k, "example.org/a");
	struct sp_id b = make_agency(k, "example.org/b");
	struct sp_id missing = sp_id_new();
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;
	char path_a[160], path_b[160], path_c[160];

	scratch_keys_path(&s, &a, path_a);
	scratch_keys_path(&s, &b, path_b);
	CHECK(renameat2(AT_FDCWD, path_a, AT_FDCWD, path_b, RENAME_EXCHANGE) ==
	    0);
	keeper_keyring_close(k);
	k = open_ring(&s);
	CHECK_CODE(keeper_keyring_vkey(k, &a, &vkey, &err), SP_E_CORRUPT, &err);
	CHECK_CODE(keeper_keyring_vkey(k, &b, &vkey, &err), SP_E_CORRUPT, &err);
	/* Under another id of the same site, and in another site. */
	scratch_keys_path(&s, &missing, path_c);
	CHECK(link(path_b, path_c) == 0);
	CHECK_CODE(
	    keeper_keyring_vkey(k, &missing, &vkey, &err), SP_E_CORRUPT, &err);
	keeper_keyring_close(k);
	scratch_keys_path(&other, &a, path_c);
	CHECK(link(path_b, path_c) == 0); /* a's own, exchanged above */
	k = open_ring(&other);
	CHECK_CODE(keeper_keyring_vkey(k, &a, &vkey, &err), SP_E_CORRUPT, &err);
	keeper_keyring_close(k);
	scratch_done(&s);
	scratch_done(&other);
}

static void
created_once(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct keeper_keyring *second = open_ring(&s);
	struct sp_id agency = make_agency(k, "example.org/a");
	struct sp_id dangling = sp_id_new();
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey mine, theirs;
	char path[160];

	CHECK_OK(keeper_keyring_vkey(k, &agency, &mine, &err), &err);
	memset(&theirs, 0xa5, sizeof(theirs));
	CHECK_CODE(keeper_keyring_create(k, &agency, "x", &theirs, &err),
	    SP_E_CONFLICT, &err);
	CHECK_CODE(keeper_keyring_create(second, &agency, "x", &theirs, &err),
	    SP_E_CONFLICT, &err);
	/* A name that is taken without being readable: not replaced. */
	scratch_keys_path(&s, &dangling, path);
	CHECK(symlink("nowhere", path) == 0);
	CHECK_CODE(keeper_keyring_create(k, &dangling, "x", &theirs, &err),
	    SP_E_CONFLICT, &err);
	CHECK(all_bytes(&theirs, sizeof(theirs), 0xa5));
	/* What another keeper made is found. */
	CHECK_OK(keeper_keyring_vkey(second, &agency, &theirs, &err), &err);
	CHECK(memcmp(mine.pub, theirs.pub, sizeof(mine.pub)) == 0);
	keeper_keyring_close(k);
	keeper_keyring_close(second);
	scratch_done(&s);
}

/* Keys that could not be stored are not used either. */
static void
not_stored_not_held(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct sp_id agency = sp_id_new();
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;

	disk_full = true;
	memset(&vkey, 0xa5, sizeof(vkey));
	CHECK_CODE(
	    keeper_keyring_create(k, &agency, "example.org", &vkey, &err),
	    SP_E_FULL, &err);
	CHECK(all_bytes(&vkey, sizeof(vkey), 0xa5));
	CHECK_CODE(
	    keeper_keyring_vkey(k, &agency, &vkey, &err), SP_E_NOTFOUND, &err);
	disk_full = false;
	CHECK_OK(keeper_keyring_create(k, &agency, "example.org", &vkey, &err),
	    &err);
	keeper_keyring_close(k);
	scratch_done(&s);
}

static void
bad_origins(void)
{
	static const char *const bad[] = { "", "a b", "a+b", "a\nb" };
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };
	struct ledger_vkey vkey;

	CHECK_OK(keeper_keyring_in_memory(&k, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct sp_id agency = sp_id_new();

		CHECK_CODE(
		    keeper_keyring_create(k, &agency, bad[i], &vkey, &err),
		    SP_E_INVALID, &err);
		CHECK_CODE(keeper_keyring_vkey(k, &agency, &vkey, &err),
		    SP_E_NOTFOUND, &err);
	}
	keeper_keyring_close(k);
}

static void
unwrap_refused(void)
{
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };
	CRYPTO_AUTO_SECRET dek = crypto_secret_random(32);
	struct keeper_wrapped good, w;
	struct crypto_secret *out = NULL;
	struct sp_id a, b;

	CHECK_OK(keeper_keyring_in_memory(&k, &err), &err);
	a = make_agency(k, "example.org/a");
	b = make_agency(k, "example.org/b");
	CHECK_OK(keeper_keyring_wrap(k, &a, dek, &good, &err), &err);
	for (size_t i = 0; i < good.len; i++) {
		w = good;
		w.bytes[i] ^= 1;
		CHECK_CODE(keeper_keyring_unwrap(k, &a, &w, &out, &err),
		    SP_E_CORRUPT, &err);
		w = good;
		w.len = i;
		CHECK_CODE(keeper_keyring_unwrap(k, &a, &w, &out, &err),
		    SP_E_CORRUPT, &err);
	}
	w = good;
	w.kek = sp_id_new();
	CHECK_CODE(
	    keeper_keyring_unwrap(k, &a, &w, &out, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(keeper_keyring_unwrap(k, &b, &good, &out, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(out == NULL);
	/* Even under a stolen label, b's KEK does not open it. */
	CHECK_OK(keeper_keyring_wrap(k, &b, dek, &w, &err), &err);
	memcpy(w.bytes, good.bytes, good.len);
	CHECK_CODE(
	    keeper_keyring_unwrap(k, &b, &w, &out, &err), SP_E_CORRUPT, &err);
	keeper_keyring_close(k);
}

static void
dek_sizes(void)
{
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };
	struct sp_id a;

	CHECK_OK(keeper_keyring_in_memory(&k, &err), &err);
	a = make_agency(k, "example.org/a");
	for (size_t len = 1; len <= 80; len++) {
		CRYPTO_AUTO_SECRET dek = crypto_secret_random(len);
		CRYPTO_AUTO_SECRET back = NULL;
		struct keeper_wrapped w;
		bool fits = len >= 16 && len <= 64;

		CHECK_CODE(keeper_keyring_wrap(k, &a, dek, &w, &err),
		    fits ? SP_OK : SP_E_INVALID, &err);
		if (!fits)
			continue;
		CHECK_OK(keeper_keyring_unwrap(k, &a, &w, &back, &err), &err);
		CHECK(crypto_secret_len(back) == len &&
		    crypto_bytes_equal(crypto_secret_bytes(back),
			crypto_secret_bytes(dek), len));
	}
	keeper_keyring_close(k);
}

static enum sp_code
sign(struct keeper_keyring *k, const struct sp_id *agency, const char *origin,
    uint64_t size, uint8_t root, struct sp_err *err)
{
	struct ledger_checkpoint c = { .size = size };
	SP_AUTO_BUF text = sp_buf_new(4096);
	SP_AUTO_BUF note = sp_buf_new(4096);
	struct ledger_vkey vkey;
	enum sp_code code;
	size_t len;

	CHECK(snprintf(c.origin, sizeof(c.origin), "%s", origin) > 0);
	memset(c.root.b, root, sizeof(c.root.b));
	ledger_checkpoint_text(&c, &text);
	sp_buf_add(&note, text.at, text.len);
	sp_buf_text(&note, "\n");
	len = note.len;
	code = keeper_keyring_sign(
	    k, agency, sp_buf_str(&text), text.len, &note, err);
	if (code != SP_OK) {
		CHECK(note.len == len);
		return code;
	}
	CHECK_OK(keeper_keyring_vkey(k, agency, &vkey, err), err);
	CHECK_OK(
	    ledger_note_check(&vkey, sp_buf_str(&note), note.len, &len, err),
	    err);
	CHECK(len == text.len);
	return SP_OK;
}

static void
signs_only_what_follows(void)
{
	static const struct {
		const char *origin;
		uint64_t size;
		uint8_t root;
		enum sp_code want;
	} rows[] = {
		{ "example.org/b", 3, 1, SP_E_DENIED },
		{ "example.org", 3, 1, SP_E_DENIED },
		{ "example.org/a", 3, 1, SP_OK },
		{ "example.org/a", 3, 1, SP_OK },       /* the same again */
		{ "example.org/a", 3, 2, SP_E_DENIED }, /* a fork */
		{ "example.org/a", 2, 1, SP_E_DENIED }, /* a rollback */
		{ "example.org/a", 1, 9, SP_E_DENIED },
		{ "example.org/a", 4, 2, SP_OK },
		{ "example.org/a", 3, 1, SP_E_DENIED },
		{ "example.org/b", 9, 1, SP_E_DENIED },
		{ "example.org/a", 1000000, 5, SP_OK },
		{ "example.org/a", 999999, 5, SP_E_DENIED },
	};
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };
	struct sp_id a, b;

	CHECK_OK(keeper_keyring_in_memory(&k, &err), &err);
	a = make_agency(k, "example.org/a");
	b = make_agency(k, "example.org/b");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_CODE(sign(k, &a, rows[i].origin, rows[i].size,
			       rows[i].root, &err),
		    rows[i].want, &err);
	/* What one agency's log did is nothing to another's. */
	CHECK_OK(sign(k, &b, "example.org/b", 1, 7, &err), &err);
	keeper_keyring_close(k);
}

/* Only the three lines of a checkpoint: the key signs nothing else. */
static void
signs_only_checkpoints(void)
{
#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	static const char *const bad[] = {
		"",
		"example.org/a\n",
		"example.org/a\n1\n" ROOT,
		"example.org/a\n1\n" ROOT "\nextension\n",
		"example.org/a\n1\n" ROOT "\n\n",
		"example.org/a\n01\n" ROOT "\n",
		"example.org/a\n-1\n" ROOT "\n",
		"example.org/a\n1\n" ROOT "A\n",
		"example.org/a\n1\nAAAA\n",
		"cosignature/v1\ntime 1\nexample.org/a\n1\n" ROOT "\n",
	};
	struct keeper_keyring *k = NULL;
	struct sp_err err = { .code = SP_OK };
	struct sp_id a;

	CHECK_OK(keeper_keyring_in_memory(&k, &err), &err);
	a = make_agency(k, "example.org/a");
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		SP_AUTO_BUF line = sp_buf_new(4096);
		enum sp_code code = keeper_keyring_sign(
		    k, &a, bad[i], strlen(bad[i]), &line, &err);

		CHECK(code == SP_E_INVALID || code == SP_E_DENIED);
		CHECK(line.len == 0);
	}
	CHECK_OK(sign(k, &a, "example.org/a", 1, 0, &err), &err);
	keeper_keyring_close(k);
}

static enum sp_code
certify(struct keeper_keyring *k, const struct sp_id *agency, sp_time from,
    sp_time until, struct sp_buf *der, struct sp_err *err)
{
	static const struct crypto_leaf_key key = { { 0x30, 0 }, 2 };
	struct keeper_certify what = { sp_id_new(), &key, from, until };

	sp_buf_clear(der);
	return keeper_keyring_certify(k, agency, &what, der, err);
}

/* Signed with the same key, as the identifier of the authority says. */
static bool
same_authority(const struct sp_buf *a, const struct sp_buf *b)
{
	static const uint8_t head[] = { 0x06, 0x03, 0x55, 0x1d, 0x23, 0x04,
		0x18, 0x30, 0x16, 0x80, 0x14 };
	const uint8_t *x = memmem(a->at, a->len, head, sizeof(head));
	const uint8_t *y = memmem(b->at, b->len, head, sizeof(head));

	CHECK(x != NULL && y != NULL);
	return memcmp(x + sizeof(head), y + sizeof(head), 20) == 0;
}

static void
certifies_for_ninety_days_from_now(void)
{
	const sp_time second = SP_SECOND, hour = 3600 * second;
	const sp_time day = 24 * hour, now = sp_now();
	const struct {
		sp_time from, until;
		enum sp_code want;
	} rows[] = {
		{ now, now + 90 * day, SP_OK },
		{ now - hour / 2, now + 90 * day, SP_OK },
		{ now, now + second, SP_OK },
		{ now, now, SP_E_DENIED },
		{ now, now - day, SP_E_DENIED },
		{ now, now + 91 * day, SP_E_DENIED },
		{ now + 2 * hour, now + day, SP_E_DENIED }, /* for later */
		{ now - 2 * hour, now + day, SP_E_DENIED },
		{ 0, 90 * day, SP_E_DENIED },
		{ now, INT64_MAX, SP_E_DENIED },
		{ INT64_MIN, INT64_MAX, SP_E_DENIED },
	};
	SP_AUTO_BUF der = sp_buf_new(4096);
	struct keeper_keyring *k = NULL;
	struct sp_id a, nobody = sp_id_new();
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(keeper_keyring_in_memory(&k, &err), &err);
	a = make_agency(k, "example.org/a");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CHECK_CODE(
		    certify(k, &a, rows[i].from, rows[i].until, &der, &err),
		    rows[i].want, &err);
		CHECK((der.len > 0) == (rows[i].want == SP_OK));
	}
	CHECK_CODE(certify(k, &nobody, now, now + day, &der, &err),
	    SP_E_NOTFOUND, &err);
	keeper_keyring_close(k);
}

/* Each agency has its CA, and has it again after a restart. */
static void
each_agency_certifies_with_its_own_key(void)
{
	struct scratch s = scratch_new();
	struct keeper_keyring *k = open_ring(&s);
	struct sp_id a = make_agency(k, "example.org/a");
	struct sp_id b = make_agency(k, "example.org/b");
	SP_AUTO_BUF first = sp_buf_new(4096), other = sp_buf_new(4096);
	SP_AUTO_BUF later = sp_buf_new(4096);
	sp_time now = sp_now(), end = now + SP_SECOND;
	char text[SP_ID_TEXT];
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(certify(k, &a, now, end, &first, &err), &err);
	CHECK_OK(certify(k, &b, now, end, &other, &err), &err);
	keeper_keyring_close(k);
	k = open_ring(&s);
	CHECK_OK(certify(k, &a, now, end, &later, &err), &err);
	keeper_keyring_close(k);
	CHECK(same_authority(&first, &later));
	CHECK(!same_authority(&first, &other));
	sp_id_text(&a, text);
	CHECK(memmem(first.at, first.len, text, strlen(text)) != NULL);
	CHECK(memmem(other.at, other.len, text, strlen(text)) == NULL);
	scratch_done(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "keys outlive the process", keys_outlive_the_process },
		{ "files are their owner's", files_are_the_owners },
		{ "a wrong secret is denied", wrong_secret },
		{ "a root is made once", made_once },
		{ "no keeper there", no_keeper_there },
		{ "a damaged root is corrupt", root_damaged },
		{ "a forged root", root_forged },
		{ "damaged keys are corrupt", keys_damaged },
		{ "exchanged keys are corrupt", keys_swapped },
		{ "keys are made once", created_once },
		{ "keys not stored are not held", not_stored_not_held },
		{ "origins that name no log", bad_origins },
		{ "what was not wrapped is not unwrapped", unwrap_refused },
		{ "sizes of a DEK", dek_sizes },
		{ "a log only grows", signs_only_what_follows },
		{ "only checkpoints are signed", signs_only_checkpoints },
		{ "certifies for ninety days from now",
		    certifies_for_ninety_days_from_now },
		{ "each agency certifies with its own key",
		    each_agency_certifies_with_its_own_key },
	};

	scratch_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
