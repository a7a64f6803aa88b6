#ifndef FAKE_SITE_H
#define FAKE_SITE_H

#include "client/fake_log.h"

#include "base/encode.h"
#include "base/id.h"
#include "client/receipt.h"

#include <pthread.h>

/*
 * A site of the test's own: uploads, evidence, and a log of the sealings with
 * receipts under a signed checkpoint.  Any number of connections speak to it
 * at once.  It can be made to lie, to fail, and to count.
 */
#define SITE_ITEMS 64
#define SITE_BYTES ((size_t)64 << 10)
#define SITE_LOG   "site.example/v1/agencies/harbor-pd/log"

enum site_lie {
	LIE_NONE,
	LIE_OTHER_ITEM,  /* the receipt of another item */
	LIE_OTHER_BYTES, /* an entry with another SHA-256 */
	LIE_OTHER_SIZE,
	LIE_NO_PROOF,     /* a receipt that proves nothing */
	LIE_OTHER_KEY,    /* signed by another key than the one known */
	LIE_OTHER_AGENCY, /* by the key, and in the log, of another agency */
	LIE_REWOUND,      /* under a checkpoint older than one seen */
	LIE_REWRITTEN,    /* in a log that does not continue what was seen */
	LIE_CORRUPT,      /* the item is corrupt by now */
	LIE_GARBAGE,      /* no receipt at all */
	LIE_COUNT
};

struct site_item {
	char id[SP_ID_TEXT];
	char once[64];
	char metadata[8192];
	char sha256[65]; /* declared */
	uint64_t length;
	uint8_t *bytes;
	uint64_t offset;
	bool sealed;
	bool removed;
	uint64_t index; /* of its entry */
	char entry[600];
};

struct fake_site {
	pthread_mutex_t lock;
	struct fake_log log;   /* its leaves are set here */
	struct fake_log other; /* a key of another */
	struct site_item item[SITE_ITEMS];
	size_t items;
	unsigned requests, posts, patches, receipts;
	enum site_lie lie;
	/* The nth request from now on (1 on; 0 never) is cut: before it is
	 * done, or after. */
	unsigned cut_at;
	bool cut_after;
	bool cut_all;    /* nothing is answered any more */
	unsigned refuse; /* a status for every POST, or 0 */
	/* Told of each request, under the lock; may be NULL. */
	void (*on_request)(void *arg, const struct site_request *rq);
	void *arg;
};

struct site_wire {
	struct fake fake;
	struct fake_site *site;
};

/* RFC 6962 2.1.1: PATH(m, D[from:to]). */
static inline void
site_path(const struct fake_log *l, uint64_t m, uint64_t from, uint64_t to,
    struct ledger_path *out)
{
	uint64_t k = 1;

	if (to - from == 1)
		return;
	while (k * 2 < to - from)
		k *= 2;
	if (m < k) { /* NOLINTNEXTLINE(misc-no-recursion) */
		site_path(l, m, from, from + k, out);
		out->hash[out->n++] = log_mth(l, from + k, to);
	} else { /* NOLINTNEXTLINE(misc-no-recursion) */
		site_path(l, m - k, from + k, to, out);
		out->hash[out->n++] = log_mth(l, from, from + k);
	}
}

static inline void
site_name(struct fake_log *l, const char *name)
{
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	CHECK_OK(crypto_sign_public(l->seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make(name, pub, &l->key, &err), &err);
	(void)snprintf(l->at.origin, sizeof(l->at.origin), "%s", name);
}

static inline void
site_grow(struct fake_log *l, const void *entry, size_t len)
{
	CHECK(l->size < LOG_MOST);
	ledger_merkle_leaf(entry, len, &l->leaf[l->size]);
	l->size++;
	l->serves = l->size;
	l->at.size = l->size;
	l->at.root = log_mth(l, 0, l->size);
}

static inline void
site_init(struct fake_site *s)
{
	memset(s, 0, sizeof(*s));
	CHECK(pthread_mutex_init(&s->lock, NULL) == 0);
	log_init(&s->log, 0);
	log_init(&s->other, 0);
	site_name(&s->log, SITE_LOG);
	site_name(&s->other, SITE_LOG);
	site_grow(&s->log, "first", 5);
	site_grow(&s->log, "second", 6);
}

static inline void
site_done(struct fake_site *s)
{
	for (size_t i = 0; i < s->items; i++)
		free(s->item[i].bytes);
	log_done(&s->log);
	log_done(&s->other);
	CHECK(pthread_mutex_destroy(&s->lock) == 0);
}

/* How many items have these bytes. */
static inline unsigned
site_holds(struct fake_site *s, const void *bytes, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->items; i++)
		n += s->item[i].sealed && !s->item[i].removed &&
		    s->item[i].length == len &&
		    memcmp(s->item[i].bytes, bytes, len) == 0;
	return n;
}

static inline unsigned
site_sealed(struct fake_site *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->items; i++)
		n += s->item[i].sealed && !s->item[i].removed;
	return n;
}

static inline struct site_item *
site_find(struct fake_site *s, const char *path, const char *under)
{
	const char *at = strstr(path, under);

	if (at == NULL)
		return NULL;
	at += strlen(under);
	for (size_t i = 0; i < s->items; i++)
		if (!s->item[i].removed &&
		    strncmp(at, s->item[i].id, SP_ID_TEXT - 1) == 0)
			return &s->item[i];
	return NULL;
}

/* One pair of Upload-Metadata; "" when it is not there. */
static inline void
site_meta(const char *metadata, const char *name, char *out, size_t room)
{
	char key[40];
	const char *at;
	size_t len = room - 1;

	*out = '\0';
	(void)snprintf(key, sizeof(key), "%s ", name);
	for (at = metadata; at != NULL && strncmp(at, key, strlen(key)) != 0;)
		at = (at = strchr(at, ',')) == NULL ? NULL : at + 1;
	if (at == NULL)
		return;
	at += strlen(key);
	CHECK(sp_base64_parse(at, strcspn(at, ","), out, &len));
	out[len] = '\0';
}

static inline void
site_seal(struct fake_site *s, struct site_item *it)
{
	it->sealed = true;
	it->index = s->log.size;
	SP_AUTO_BUF text = sp_buf_new(sizeof(it->entry) - 1);

	sp_buf_fmt(&text,
	    "{\"act\":\"evidence.sealed\",\"detail\":{\"sha256\":\"%s\","
	    "\"size\":%" PRIu64 "},\"object\":{\"id\":\"%s\","
	    "\"kind\":\"evidence\"}}",
	    it->sha256, it->length, it->id);
	CHECK(sp_buf_ok(&text));
	memcpy(it->entry, text.at, text.len + 1);
	site_grow(&s->log, it->entry, strlen(it->entry));
}

static inline void
site_tell(const struct site_item *it, struct site_answer *an)
{
	sp_buf_fmt(&an->head,
	    "Upload-Offset: %" PRIu64 "\r\nUpload-Length: %" PRIu64 "\r\n",
	    it->offset, it->length);
	if (it->sealed)
		sp_buf_fmt(&an->head, "Sallyport-Evidence: %s\r\n", it->id);
}

/* Whole: what was declared, or refused. */
static inline enum sp_code
site_whole(struct fake_site *s, struct site_item *it, struct site_answer *an)
{
	uint8_t sum[CRYPTO_SHA256_LEN];
	char hex[65];

	crypto_sha256(it->bytes, it->length, sum);
	sp_hex(sum, sizeof(sum), hex);
	if (strcmp(hex, it->sha256) != 0) {
		it->removed = true;
		return fake_status(an, 460);
	}
	site_seal(s, it);
	return SP_OK;
}

static inline enum sp_code
site_create(
    struct fake_site *s, const struct site_request *rq, struct site_answer *an)
{
	const char *once = fake_header(rq, "Idempotency-Key");
	struct site_item *it = NULL;
	uint64_t length = 0;

	s->posts++;
	CHECK(once != NULL && strlen(once) < sizeof(it->once));
	for (size_t i = 0; i < s->items && it == NULL; i++)
		if (strcmp(s->item[i].once, once) == 0)
			it = &s->item[i];
	if (it != NULL && it->removed)
		return fake_status(an, 404);
	if (it == NULL) {
		struct sp_id id = sp_id_new();
		const char *n = fake_header(rq, "Upload-Length");

		CHECK(s->items < SITE_ITEMS && n != NULL);
		it = &s->item[s->items++];
		CHECK(sp_parse_u64(n, strlen(n), 0, SITE_BYTES, &length));
		(void)snprintf(it->once, sizeof(it->once), "%s", once);
		(void)snprintf(it->metadata, sizeof(it->metadata), "%s",
		    fake_header(rq, "Upload-Metadata"));
		site_meta(
		    it->metadata, "sha256", it->sha256, sizeof(it->sha256));
		sp_id_text(&id, it->id);
		it->length = length;
		it->bytes = calloc(1, (size_t)length + 1);
		CHECK(it->bytes != NULL);
		if (length == 0)
			site_seal(s, it);
	}
	an->status = 201;
	sp_buf_fmt(&an->head, "Location: /v1/agencies/harbor-pd/uploads/%s\r\n",
	    it->id);
	site_tell(it, an);
	return SP_OK;
}

static inline enum sp_code
site_patch(struct fake_site *s, const struct site_request *rq,
    struct site_item *it, struct site_answer *an, struct sp_err *err)
{
	const struct site_source *src = rq->source;
	uint64_t done = 0;

	s->patches++;
	if (src->at != it->offset)
		return fake_status(an, 409);
	while (done < src->len) {
		size_t got = 0;
		size_t room = (size_t)(src->len - done);

		/* As over a wire, in pieces; others may speak meanwhile. */
		room = room > 1000 ? 1000 : room;
		CHECK(pthread_mutex_unlock(&s->lock) == 0);
		enum sp_code code = src->read(src->arg, src->at + done,
		    it->bytes + it->offset, room, &got, err);

		CHECK(pthread_mutex_lock(&s->lock) == 0);
		SP_TRY(code);
		CHECK(got > 0 && got <= room);
		done += got;
		it->offset += got;
	}
	an->status = 204;
	if (it->offset == it->length)
		SP_TRY(site_whole(s, it, an));
	site_tell(it, an);
	return SP_OK;
}

/* A proof of `index` under a checkpoint of `size`, by the key of `by`. */
static inline void
site_proof(struct fake_log *l, struct fake_log *by, uint64_t index,
    uint64_t size, struct sp_buf *out)
{
	struct fake_log at = *by;
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_path path = { .n = 0 };

	at.at.size = size;
	at.at.root = log_mth(l, 0, size);
	log_note(&at, &note);
	site_path(l, index, 0, size, &path);
	ledger_proof_text(index, &path, sp_buf_str(&note), out);
}

/* What the entry of the receipt says, with lies. */
static inline void
site_entry(struct fake_site *s, const struct site_item *it, struct sp_buf *out)
{
	char other[65];

	sp_buf_text(out, it->entry);
	memset(other, 'a', 64);
	other[64] = '\0';
	if (s->lie == LIE_OTHER_BYTES)
		memcpy(strstr((char *)out->at, it->sha256), other, 64);
	if (s->lie == LIE_OTHER_SIZE) {
		char *size = strstr((char *)out->at, "\"size\":") + 7;

		*size = *size == '9' ? '8' : (char)(*size + 1);
	}
}

static inline enum sp_code
site_receipt(struct fake_site *s, const struct site_item *it, bool entry,
    struct site_answer *an)
{
	const struct site_item *of = it;
	struct fake_log *by = &s->log;
	struct fake_log log = s->log;
	uint64_t size = s->log.size;

	an->status = 200;
	s->receipts++;
	if (s->lie == LIE_GARBAGE)
		return fake_text(an, "c2sp.org/tlog-proof@v1\nindex 0\n\n");
	if (s->lie == LIE_OTHER_ITEM)
		of = it == &s->item[0] ? &s->item[1] : &s->item[0];
	if (entry) {
		site_entry(s, of, &an->body);
		return SP_OK;
	}
	if (s->lie == LIE_OTHER_KEY || s->lie == LIE_OTHER_AGENCY)
		by = &s->other;
	if (s->lie == LIE_REWOUND)
		size = of->index + 1;
	SP_AUTO_BUF text = sp_buf_new(4096);

	site_entry(s, of, &text);
	/* A liar signs what he likes: the entry as shown is in his log. */
	log.leaf = calloc(LOG_MOST, sizeof(*log.leaf));
	CHECK(log.leaf != NULL);
	memcpy(log.leaf, s->log.leaf, LOG_MOST * sizeof(*log.leaf));
	ledger_merkle_leaf(text.at, text.len, &log.leaf[of->index]);
	if (s->lie == LIE_REWRITTEN) {
		ledger_merkle_leaf("forged", 6, &log.leaf[0]);
		ledger_merkle_leaf("more", 4, &log.leaf[size++]);
	}
	if (s->lie == LIE_NO_PROOF)
		site_proof(&log, by, of->index == 0 ? 1 : of->index - 1, size,
		    &an->body);
	else
		site_proof(&log, by, of->index, size, &an->body);
	free(log.leaf);
	return SP_OK;
}

static inline enum sp_code
site_evidence(
    struct fake_site *s, const struct site_request *rq, struct site_answer *an)
{
	struct site_item *it = site_find(s, rq->path, "/evidence/");

	if (it == NULL || !it->sealed)
		return fake_status(an, 404);
	const char *rest =
	    strstr(rq->path, "/evidence/") + strlen("/evidence/") + 36;

	if (strcmp(rest, "/receipt") == 0)
		return site_receipt(s, it, false, an);
	if (strcmp(rest, "/receipt/entry") == 0)
		return site_receipt(s, it, true, an);
	CHECK(strcmp(rest, "/receipt/item") == 0);
	an->status = 200;
	sp_buf_fmt(&an->body,
	    "{\"entry\":0,\"id\":\"%s\",\"sha256\":\"%s\",\"size\":%" PRIu64
	    ",\"state\":\"%s\"}",
	    it->id, it->sha256, it->length,
	    s->lie == LIE_CORRUPT ? "corrupt" : "sealed");
	return SP_OK;
}

static inline enum sp_code
site_log(struct fake_site *s, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct fake f = { .arg = &s->log };

	if (s->lie == LIE_OTHER_AGENCY && strstr(rq->path, "/log/key") != NULL)
		f.arg = &s->other;
	return log_serve(&f, rq, an, err);
}

static inline enum sp_code
site_route(struct fake_site *s, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct site_item *it = site_find(s, rq->path, "/uploads/");

	if (strstr(rq->path, "/log/") != NULL)
		return site_log(s, rq, an, err);
	if (strstr(rq->path, "/evidence/") != NULL)
		return site_evidence(s, rq, an);
	if (strcmp(rq->method, "POST") == 0)
		return s->refuse != 0 ? fake_status(an, s->refuse)
				      : site_create(s, rq, an);
	if (it == NULL)
		return fake_status(an, 404);
	if (strcmp(rq->method, "PATCH") == 0)
		return site_patch(s, rq, it, an, err);
	CHECK(strcmp(rq->method, "HEAD") == 0);
	an->status = 200;
	site_tell(it, an);
	return SP_OK;
}

static inline enum sp_code
site_serve(struct fake *f, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct fake_site *s = f->arg;
	enum sp_code code = SP_OK;

	CHECK(pthread_mutex_lock(&s->lock) == 0);
	s->requests++;
	if (s->on_request != NULL)
		s->on_request(s->arg, rq);
	bool cut = s->cut_all;

	if (s->cut_at > 0 && --s->cut_at == 0)
		cut = true;
	if (!cut || s->cut_after)
		code = site_route(s, rq, an, err);
	CHECK(pthread_mutex_unlock(&s->lock) == 0);
	if (code != SP_OK)
		return code;
	return cut ? fake_cut(err) : SP_OK;
}

/* A connection of a client's own. */
static inline void
site_wire(struct fake_site *s, struct site_wire *w)
{
	memset(w, 0, sizeof(*w));
	w->site = s;
	w->fake.base.ops = &fake_ops;
	w->fake.serve = site_serve;
	w->fake.arg = s;
}

#endif
