#ifndef FAKE_LOG_H
#define FAKE_LOG_H

#include "client/log_memory.h"
#include "client/log_tiles.h"
#include "crypto/digest.h"
#include "crypto/provider.h"
#include "crypto/sign.h"
#include "fake.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

#include <stdlib.h>

/*
 * A log of made-up entries, served as tlog-tiles by a fake site.  It is made
 * from RFC 6962's definition (MTH over a range), not with the code that the
 * client uses, and every thing served can be tampered with on its way.
 */
#define LOG_MOST 70000

struct fake_log {
	uint64_t size;         /* of the checkpoint */
	uint64_t serves;       /* tiles are served up to this size */
	uint32_t version;      /* entries of another version are others */
	uint64_t changed_from; /* entries from here on are of `version` */
	struct ledger_hash *leaf;
	struct crypto_secret *seed;
	struct ledger_vkey key;
	struct ledger_checkpoint at;
	const char *cosigned;    /* a note; NULL: there is none */
	unsigned entries_status; /* 0, or what entry bundles answer */
	uint64_t entries_until;  /* bundles from here on are refused */
	bool only_whole;         /* partial tiles are gone */
	/* tamper with the answer to the path that contains `where` */
	const char *where;
	void (*tamper)(struct sp_buf *body, uint64_t arg);
	uint64_t tamper_arg;
	unsigned tampered;
};

static inline size_t
log_entry(const struct fake_log *l, uint64_t i, char out[static 80])
{
	uint32_t v = i >= l->changed_from ? l->version : 0;

	return (size_t)snprintf(out, 80,
	    "{\"act\":\"test.act\",\"n\":%" PRIu64 ",\"v\":%" PRIu32 "}%.*s", i,
	    v, (int)(i % 7), "       ");
}

/* MTH(D[from:to]), RFC 6962 2.1. */
static inline struct ledger_hash
log_mth(const struct fake_log *l, uint64_t from, uint64_t to)
{
	struct ledger_hash left;
	struct ledger_hash right;
	struct ledger_hash out;
	uint64_t k = 1;

	if (to == from) {
		crypto_sha256("", 0, out.b);
		return out;
	}
	if (to - from == 1)
		return l->leaf[from];
	while (k * 2 < to - from)
		k *= 2;
	left = log_mth(l, from, from + k); /* NOLINT(misc-no-recursion) */
	right = log_mth(l, from + k, to);
	uint8_t both[65] = { 1 };

	memcpy(both + 1, left.b, 32);
	memcpy(both + 33, right.b, 32);
	crypto_sha256(both, sizeof(both), out.b);
	return out;
}

static inline void
log_set(struct fake_log *l, uint64_t size)
{
	char entry[80];

	for (uint64_t i = 0; i < LOG_MOST; i++) {
		uint8_t leaf[81] = { 0 };
		size_t n = log_entry(l, i, entry);

		memcpy(leaf + 1, entry, n);
		crypto_sha256(leaf, n + 1, l->leaf[i].b);
	}
	l->size = size;
	l->serves = size;
	l->at.size = size;
	l->at.root = log_mth(l, 0, size);
}

static inline void
log_init(struct fake_log *l, uint64_t size)
{
	struct sp_err err;
	uint8_t pub[CRYPTO_SIGN_PUBLIC];

	*l = (struct fake_log){ .changed_from = UINT64_MAX,
		.entries_until = UINT64_MAX };
	l->leaf = calloc(LOG_MOST, sizeof(*l->leaf));
	l->seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	CHECK(l->leaf != NULL && l->seed != NULL);
	CHECK_OK(crypto_sign_public(l->seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make("site.example/harbor-pd", pub, &l->key, &err),
	    &err);
	(void)snprintf(l->at.origin, sizeof(l->at.origin), "%s", l->key.name);
	log_set(l, size);
}

static inline void
log_done(struct fake_log *l)
{
	free(l->leaf);
	crypto_secret_free(l->seed);
}

static inline void
log_note(struct fake_log *l, struct sp_buf *out)
{
	uint8_t sig[CRYPTO_SIGN_LEN];
	struct sp_err err;

	ledger_checkpoint_text(&l->at, out);
	CHECK_OK(crypto_sign(l->seed, out->at, out->len, sig, &err), &err);
	sp_buf_text(out, "\n");
	ledger_note_sigline(&l->key, sig, out);
	CHECK(sp_buf_ok(out));
}

/* "<level>/x001/234.p/7" → level, index, width; false when malformed. */
static inline bool
log_parse(const char *s, unsigned *level, uint64_t *index, size_t *width)
{
	*index = 0;
	*level = LOG_TILE_ENTRIES;
	if (strncmp(s, "entries/", 8) == 0) {
		s += 8;
	} else {
		*level = (unsigned)(*s - '0');
		s += 2;
	}
	for (;;) {
		bool more = *s == 'x';

		s += more;
		CHECK(strspn(s, "0123456789") == 3);
		*index = *index * 1000 + (uint64_t)(s[0] - '0') * 100 +
		    (uint64_t)(s[1] - '0') * 10 + (uint64_t)(s[2] - '0');
		s += 3;
		if (!more)
			break;
		CHECK(*s++ == '/');
	}
	uint64_t w = LOG_TILE_WIDTH;

	if (strncmp(s, ".p/", 3) == 0)
		CHECK(sp_parse_u64(s + 3, strlen(s + 3), 1, 255, &w));
	else
		CHECK(*s == '\0');
	*width = (size_t)w;
	return true;
}

static inline enum sp_code
log_tile(struct fake_log *l, const char *name, struct site_answer *an)
{
	unsigned level;
	uint64_t index;
	size_t width;

	CHECK(log_parse(name, &level, &index, &width));
	unsigned shift = level == LOG_TILE_ENTRIES ? 0 : 8 * level;
	uint64_t have = l->serves >> shift;

	if (level == LOG_TILE_ENTRIES && l->entries_status != 0 &&
	    index >= (l->entries_until == UINT64_MAX ? 0 : l->entries_until))
		return fake_status(an, l->entries_status);
	if (index * LOG_TILE_WIDTH + width > have ||
	    (l->only_whole && width < LOG_TILE_WIDTH))
		return fake_status(an, 404);
	an->status = 200;
	for (uint64_t i = index * 256; i < index * 256 + width; i++) {
		char entry[80];

		if (level == LOG_TILE_ENTRIES) {
			size_t n = log_entry(l, i, entry);

			sp_buf_u16be(&an->body, (uint16_t)n);
			sp_buf_add(&an->body, entry, n);
		} else {
			struct ledger_hash h =
			    log_mth(l, i << shift, (i + 1) << shift);

			sp_buf_add(&an->body, h.b, sizeof(h.b));
		}
	}
	return sp_buf_check(&an->body, "tile", NULL);
}

static inline enum sp_code
log_serve(struct fake *f, const struct site_request *rq, struct site_answer *an,
    struct sp_err *err)
{
	static const char base[] = "/v1/agencies/harbor-pd/log/";
	struct fake_log *l = f->arg;
	const char *name = rq->path + strlen(base);
	enum sp_code code = SP_OK;

	(void)err;
	CHECK(strcmp(rq->method, "GET") == 0);
	CHECK(strncmp(rq->path, base, strlen(base)) == 0);
	an->status = 200;
	if (strcmp(name, "key") == 0) {
		ledger_vkey_text(&l->key, &an->body);
		sp_buf_text(&an->body, "\n");
	} else if (strcmp(name, "checkpoint") == 0) {
		log_note(l, &an->body);
	} else if (strcmp(name, "cosigned") == 0) {
		an->status = l->cosigned == NULL ? 404 : 200;
		sp_buf_text(&an->body, l->cosigned == NULL ? "" : l->cosigned);
	} else {
		CHECK(strncmp(name, "tile/", 5) == 0);
		code = log_tile(l, name + 5, an);
	}
	if (l->where != NULL && strcmp(name, l->where) == 0 &&
	    an->status == 200) {
		l->tampered++;
		l->tamper(&an->body, l->tamper_arg);
	}
	return code;
}

/* A memory that knows the key, kept nowhere. */
static inline struct log_memory
log_known(const struct fake_log *l)
{
	return (struct log_memory){ .path = sp_buf_new(16),
		.note = sp_buf_new(LEDGER_NOTE_MAX),
		.known = true,
		.key = l->key };
}

#endif
