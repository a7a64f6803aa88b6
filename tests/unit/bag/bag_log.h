#ifndef BAG_LOG_H
#define BAG_LOG_H

#include "bag/path.h"
#include "base/id.h"
#include "crypto/secret.h"
#include "ledger/note.h"
#include "tap.h"

#include <string.h>

/*
 * A log in memory that takes any bytes for an entry, so that a test can have
 * what the real one refuses to write.
 */
#define BAG_LOG_MAX 32

struct bag_log {
	struct crypto_secret *seed;
	struct ledger_vkey key;
	char entry[BAG_LOG_MAX][2000];
	struct ledger_hash leaf[BAG_LOG_MAX];
	uint64_t n;
	struct sp_buf note; /* the checkpoint, when signed */
};

static inline void
bag_log_open(struct bag_log *l, const char *origin, uint8_t seed)
{
	uint8_t bytes[CRYPTO_SIGN_SEED], pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	memset(bytes, seed, sizeof(bytes));
	l->n = 0;
	l->note = sp_buf_new(LEDGER_NOTE_MAX);
	l->seed = crypto_secret_from(bytes, sizeof(bytes));
	CHECK(l->seed != NULL);
	CHECK_OK(crypto_sign_public(l->seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make(origin, pub, &l->key, &err), &err);
}

static inline void
bag_log_close(struct bag_log *l)
{
	crypto_secret_free(l->seed);
	sp_buf_free(&l->note);
}

static inline uint64_t
bag_log_add(struct bag_log *l, const char *entry)
{
	CHECK(l->n < BAG_LOG_MAX && strlen(entry) < sizeof(l->entry[0]));
	memcpy(l->entry[l->n], entry, strlen(entry) + 1);
	ledger_merkle_leaf(entry, strlen(entry), &l->leaf[l->n]);
	return l->n++;
}

static inline enum sp_code
bag_log_node(void *self, unsigned level, uint64_t index,
    struct ledger_hash *out, struct sp_err *err)
{
	const struct bag_log *l = self;
	struct ledger_hash hash[BAG_LOG_MAX];
	size_t n = (size_t)1 << level;

	(void)err;
	CHECK((index + 1) * n <= l->n);
	memcpy(hash, &l->leaf[index * n], n * sizeof(*hash));
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			ledger_merkle_node(
			    &hash[2 * i], &hash[2 * i + 1], &hash[i]);
	*out = hash[0];
	return SP_OK;
}

static inline void
bag_log_sign(struct bag_log *l)
{
	const struct ledger_nodes nodes = { bag_log_node, l };
	struct ledger_checkpoint c = { .size = l->n };
	uint8_t sig[CRYPTO_SIGN_LEN];
	struct sp_err err;

	(void)snprintf(c.origin, sizeof(c.origin), "%s", l->key.name);
	CHECK_OK(ledger_merkle_root(&nodes, l->n, &c.root, &err), &err);
	sp_buf_clear(&l->note);
	ledger_checkpoint_text(&c, &l->note);
	CHECK_OK(
	    crypto_sign(l->seed, l->note.at, l->note.len, sig, &err), &err);
	sp_buf_text(&l->note, "\n");
	ledger_note_sigline(&l->key, sig, &l->note);
	CHECK(sp_buf_ok(&l->note));
}

static inline void
bag_log_proof(struct bag_log *l, uint64_t index, struct sp_buf *out)
{
	const struct ledger_nodes nodes = { bag_log_node, l };
	struct ledger_path path;
	struct sp_err err;

	CHECK_OK(
	    ledger_merkle_inclusion(&nodes, index, l->n, &path, &err), &err);
	sp_buf_clear(out);
	ledger_proof_text(index, &path, sp_buf_str(&l->note), out);
	CHECK(sp_buf_ok(out));
}

#endif
