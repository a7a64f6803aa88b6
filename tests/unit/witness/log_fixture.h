#ifndef WITNESS_LOG_FIXTURE_H
#define WITNESS_LOG_FIXTURE_H

#include "base/file.h"
#include "crypto/provider.h"
#include "tap.h"
#include "witness/request.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Logs of a test's own making: leaves of numbers, and a second history from
 * any entry on, signed with the same key.
 */
#define LOG_SIZE_MAX 600

struct test_log {
	struct crypto_secret *seed;
	struct ledger_vkey key;
	uint64_t size;
	struct ledger_hash stored[2 * LOG_SIZE_MAX + 64];
	size_t n;
	struct ledger_frontier frontier;
	struct ledger_hash root[LOG_SIZE_MAX + 1]; /* of each size */
};

/* `tale` tells histories apart; they agree up to `common`. */
static inline void
log_write(struct test_log *l, unsigned tale, uint64_t common)
{
	l->n = 0;
	l->size = 0;
	l->frontier = (struct ledger_frontier){ .size = 0 };
	for (;; l->size++) {
		uint64_t leaf[2] = { l->size, l->size < common ? 0 : tale };
		struct ledger_hash h;

		ledger_frontier_root(&l->frontier, &l->root[l->size]);
		if (l->size == LOG_SIZE_MAX)
			return;
		ledger_merkle_leaf(leaf, sizeof(leaf), &h);
		l->n +=
		    ledger_frontier_append(&l->frontier, &h, &l->stored[l->n]);
	}
}

static inline struct test_log *
log_new(const char *origin, uint8_t seed)
{
	struct test_log *l = calloc(1, sizeof(*l));
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	CHECK(l != NULL);
	l->seed = crypto_secret_new(CRYPTO_SIGN_SEED);
	CHECK(l->seed != NULL);
	memset(crypto_secret_bytes(l->seed), seed, CRYPTO_SIGN_SEED);
	CHECK_OK(crypto_sign_public(l->seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make(origin, pub, &l->key, &err), &err);
	log_write(l, 0, LOG_SIZE_MAX);
	return l;
}

static inline void
log_free(struct test_log *l)
{
	crypto_secret_free(l->seed);
	free(l);
}

static inline enum sp_code
log_node(void *self, unsigned level, uint64_t index, struct ledger_hash *out,
    struct sp_err *err)
{
	struct test_log *l = self;

	(void)err;
	*out = l->stored[ledger_merkle_position(level, index)];
	return SP_OK;
}

static inline void
log_sign(
    const struct test_log *l, const char *text, size_t len, struct sp_buf *out)
{
	uint8_t sig[CRYPTO_SIGN_LEN];

	CHECK(crypto_sign(l->seed, text, len, sig, NULL) == SP_OK);
	ledger_note_sigline(&l->key, sig, out);
}

static inline void
log_note(const struct test_log *l, uint64_t size, struct sp_buf *out)
{
	struct ledger_checkpoint c = { .size = size, .root = l->root[size] };
	size_t before = out->len;

	memcpy(c.origin, l->key.name, sizeof(c.origin));
	ledger_checkpoint_text(&c, out);
	size_t len = out->len - before;

	sp_buf_u8(out, '\n');
	log_sign(l, sp_buf_str(out) + before, len, out);
	CHECK(sp_buf_ok(out));
}

static inline void
log_proof(
    struct test_log *l, uint64_t old, uint64_t size, struct ledger_path *out)
{
	struct ledger_nodes nodes = { log_node, l };

	out->n = 0;
	if (old > 0 && old < size)
		CHECK(ledger_merkle_consistency(&nodes, old, size, out, NULL) ==
		    SP_OK);
}

/* What a site sends to have `size` cosigned after `old`. */
static inline void
log_request(struct test_log *l, uint64_t old, uint64_t size, struct sp_buf *out)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct witness_request rq = { .old = old };

	log_note(l, size, &note);
	log_proof(l, old, size, &rq.proof);
	rq.note = sp_buf_str(&note);
	rq.note_len = note.len;
	sp_buf_clear(out);
	witness_request_text(&rq, out);
	CHECK(sp_buf_ok(out));
}

/* --- A scratch folder --- */

static inline int
scratch_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

struct scratch {
	char path[64];
	int fd;
};

static inline struct scratch
scratch_new(void)
{
	struct scratch s = { "/tmp/sallyport-witness-XXXXXX", -1 };

	CHECK(mkdtemp(s.path) != NULL);
	s.fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(s.fd >= 0);
	return s;
}

static inline void
scratch_done(struct scratch *s)
{
	(void)close(s->fd);
	(void)nftw(s->path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
scratch_write(const struct scratch *s, const char *name, const char *text)
{
	struct sp_err err;

	CHECK_OK(
	    sp_file_replace(s->fd, name, text, strlen(text), 0600, &err), &err);
}

#endif
