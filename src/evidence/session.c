#include "evidence/session.h"

#include "gate/ongoing.h"

#include <stdlib.h>
#include <string.h>

/* A long body rests every so often, so that a crash does not cost all of it. */
#define REST_EVERY (UINT64_C(128) << 20)
/* How often those who listen hear how far it is. */
#define TELL_EVERY (SP_SECOND / 4)

/* Bytes of a checksummed body, on their way to the upload: a sealed object
 * whose key dies with the session; start-up repair removes what a crash
 * leaves of it. */
struct spool {
	struct crypto_secret *key;
	struct sp_id id;
	struct vault_seal *seal;
	struct crypto_digest *digest;
	uint64_t size;
};

struct evidence_session {
	struct evidence_room *room;
	struct evidence_claim *claim;
	struct gate_caller who;
	struct gate_ongoing ongoing;
	struct evidence_patch patch;
	struct evidence_record record;
	struct vault_seal *seal;
	struct spool spool;
	uint64_t most;       /* offset that must not be passed */
	uint64_t at;         /* offset of the next byte */
	uint64_t rested;     /* of the last rest */
	enum sp_code failed; /* of the seal: nothing more can be written */
	struct sp_err failure;
};

/* ---- The spool ---- */

static struct vault_object
spool_object(struct evidence_session *s)
{
	return evidence_object_vault(s->room, &s->spool.id, s->spool.key);
}

static enum sp_code
spool_open(struct evidence_session *s, struct sp_err *err)
{
	struct vault_object object;

	s->spool.id = sp_id_new();
	s->spool.key = crypto_secret_random(32);
	s->spool.digest = crypto_digest_new(s->patch.kind);
	if (s->spool.key == NULL || s->spool.digest == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a checksum");
	object = spool_object(s);
	return vault_seal_new(&s->spool.seal, &object, err);
}

static void
spool_close(struct evidence_session *s)
{
	struct vault_store *store = evidence_room_store(s->room);

	vault_seal_free(s->spool.seal);
	/* What stays is unreadable, and repair's to remove. */
	if (s->spool.key != NULL)
		SP_IGNORE(store->ops->remove(
		    store, VAULT_STAGED, &s->spool.id, NULL));
	crypto_secret_free(s->spool.key);
	crypto_digest_free(s->spool.digest);
	s->spool = (struct spool){ .seal = NULL };
}

static bool
spool_fits(const struct evidence_session *s)
{
	uint8_t sum[CRYPTO_DIGEST_MAX];

	crypto_digest_get(s->spool.digest, sum);
	return crypto_bytes_equal(
	    sum, s->patch.sum, crypto_digest_len(s->patch.kind));
}

/* All of it is in.  Its seal goes, with the pool's buffer that it holds: the
 * upload's will wait for one, and who waits must hold none (vault/pool.h). */
static enum sp_code
spool_rest(struct evidence_session *s, struct sp_buf *tail, struct sp_err *err)
{
	CRYPTO_AUTO_DIGEST hash = NULL;

	SP_TRY(vault_seal_rest(s->spool.seal, tail, &hash, err));
	vault_seal_free(SP_STEAL(s->spool.seal));
	return SP_OK;
}

/* Pour the spool into the upload's seal. */
static enum sp_code
spool_pour(
    struct evidence_session *s, const struct sp_buf *tail, struct sp_err *err)
{
	VAULT_AUTO_READ read = NULL;
	struct vault_object object = spool_object(s);

	SP_TRY(vault_read_open_staged(
	    &read, &object, s->spool.size, tail->at, tail->len, err));
	return vault_read_into(read, s->seal, err);
}

/* ---- Opening the upload's object ---- */

static enum sp_code
mark_ours(struct evidence_session *s, struct sp_err *err)
{
	if (s->record.ours)
		return SP_OK;
	return evidence_record_sealing(s->room, &s->record.id, true, err);
}

/* From the first byte: a new header, so whatever may have been sealed here
 * before was sealed under another key. */
static enum sp_code
open_fresh(struct evidence_session *s, const struct vault_object *object,
    struct sp_err *err)
{
	struct vault_store *store = object->store;

	SP_TRY(mark_ours(s, err));
	SP_TRY(store->ops->remove(store, VAULT_STAGED, &object->id, err));
	return vault_seal_new(&s->seal, object, err);
}

static enum sp_code
open_resumed(struct evidence_session *s, const struct vault_object *object,
    struct sp_err *err)
{
	bool known =
	    s->claim->hash != NULL && s->claim->hash_at == s->record.offset;
	struct vault_seal_state state = {
		.offset = s->record.offset,
		.tail = s->record.tail.at,
		.tail_len = s->record.tail.len,
		.hash = known ? s->claim->hash : NULL,
	};

	SP_TRY(mark_ours(s, err));
	return vault_seal_resume(&s->seal, object, &state, err);
}

/* Copy what is recorded into a new object under a new key, and have the
 * record speak of that one. */
static enum sp_code
renew_record(struct evidence_session *s, const struct evidence_object *renewed,
    struct sp_err *err)
{
	SP_AUTO_BUF tail = sp_buf_new(2 * VAULT_SEGMENT);
	CRYPTO_AUTO_DIGEST hash = NULL;
	struct evidence_rest rest = {
		.id = s->record.id,
		.offset = s->record.offset,
		.length = s->record.length,
		.tail = &tail,
		.object = renewed,
	};

	SP_TRY(vault_seal_rest(s->seal, &tail, &hash, err));
	return evidence_record_rest(s->room, &rest, err);
}

static enum sp_code
open_renewed(struct evidence_session *s, const struct vault_object *old,
    struct sp_err *err)
{
	struct vault_store *store = old->store;
	EVIDENCE_AUTO_OBJECT renewed = { .dek = NULL };
	VAULT_AUTO_READ read = NULL;
	struct vault_object object;
	enum sp_code code;

	SP_TRY(vault_read_open_staged(&read, old, s->record.offset,
	    s->record.tail.at, s->record.tail.len, err));
	SP_TRY(evidence_object_new(s->room, &renewed, err));
	object = evidence_object_vault(s->room, &renewed.id, renewed.dek);
	SP_TRY(vault_seal_new(&s->seal, &object, err));
	code = vault_read_into(read, s->seal, err);
	if (code == SP_OK)
		code = renew_record(s, &renewed, err);
	if (code != SP_OK) {
		vault_seal_free(SP_STEAL(s->seal));
		/* A staged file without a record is repair's, too. */
		SP_IGNORE(
		    store->ops->remove(store, VAULT_STAGED, &renewed.id, NULL));
		return code;
	}
	s->claim->stale = false;
	SP_IGNORE(store->ops->remove(store, VAULT_STAGED, &old->id, NULL));
	return SP_OK;
}

static enum sp_code
open_seal(struct evidence_session *s, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET dek = NULL;
	struct vault_object object;
	bool certain =
	    !s->claim->stale && (s->record.ours || s->record.resting);

	enum sp_code code = SP_E_CONFLICT;

	SP_TRY(evidence_object_key(s->room, &s->record.object, &dek, err));
	object = evidence_object_vault(s->room, &s->record.object, dek);
	if (s->record.offset == 0)
		return open_fresh(s, &object, err);
	if (certain)
		code = open_resumed(s, &object, err);
	return code == SP_E_CONFLICT ? open_renewed(s, &object, err) : code;
}

/* An upload whose stored bytes are damaged cannot go on: end it, so that its
 * client starts again. */
static enum sp_code
open_seal_or_end(struct evidence_session *s, struct sp_err *err)
{
	struct evidence_ended lost = {
		.id = s->record.id,
		.why = EVIDENCE_LOST,
		.who = &s->who,
	};
	enum sp_code code = open_seal(s, err);

	if (code == SP_E_NOTFOUND)
		code = sp_fail_as(err, SP_E_CORRUPT, "object.missing",
		    "the upload's object is missing");
	/* When ending it fails too, the next request finds the same. */
	if (code == SP_E_CORRUPT)
		SP_IGNORE(evidence_record_end(s->room, &lost, NULL));
	return code;
}

/* ---- Begin ---- */

static void
session_free(struct evidence_session *s, bool gone)
{
	/* First of all: nobody may cut what is being freed. */
	gate_ongoing_end(&s->ongoing);
	if (s->claim != NULL)
		evidence_desk_cut_by(s->claim, NULL, NULL);
	vault_seal_free(s->seal);
	spool_close(s);
	evidence_record_done(&s->record);
	if (s->claim != NULL)
		evidence_desk_release(s->claim, gone);
	free(s);
}

static enum sp_code
check_length(struct evidence_session *s, struct sp_err *err)
{
	const struct evidence_patch *p = &s->patch;
	uint64_t max = evidence_room_limits(s->room)->upload_max;

	if (p->length == EVIDENCE_LENGTH_UNKNOWN)
		return SP_OK;
	if (s->record.length != EVIDENCE_LENGTH_UNKNOWN &&
	    s->record.length != p->length)
		return sp_fail_as(err, SP_E_CONFLICT, "upload.length",
		    "Upload-Length was declared before, and differs");
	if (p->length < s->record.offset)
		return sp_fail_as(err, SP_E_INVALID, "upload.length",
		    "Upload-Length is less than what is stored already");
	if (p->length > max)
		return sp_fail_as(err, SP_E_LIMIT, "upload.length",
		    "Upload-Length is over this site's limit of %ju bytes",
		    (uintmax_t)max);
	s->record.length = p->length;
	return SP_OK;
}

static enum sp_code
check_patch(struct evidence_session *s, struct sp_err *err)
{
	const struct evidence_patch *p = &s->patch;
	uint64_t end;

	if (s->record.final || s->record.whole)
		return sp_fail_as(err, SP_E_DENIED, "upload.closed",
		    "this upload takes no more bytes");
	if (p->offset != s->record.offset)
		return sp_fail_as(err, SP_E_CONFLICT, "upload.offset",
		    "Upload-Offset is %ju, the upload is at %ju",
		    (uintmax_t)p->offset, (uintmax_t)s->record.offset);
	SP_TRY(check_length(s, err));
	s->most = s->record.length == EVIDENCE_LENGTH_UNKNOWN
	    ? evidence_room_limits(s->room)->upload_max
	    : s->record.length;
	if (p->content != EVIDENCE_LENGTH_UNKNOWN &&
	    (__builtin_add_overflow(p->offset, p->content, &end) ||
		end > s->most))
		return sp_fail_as(err, SP_E_LIMIT, "upload.body",
		    "the body goes beyond the upload's length of %ju bytes",
		    (uintmax_t)s->most);
	return SP_OK;
}

/* A record that is gone may be evidence already. */
static enum sp_code
load_record(struct evidence_session *s, struct sp_err *err)
{
	EVIDENCE_AUTO_UPLOAD sealed = { .done = false };
	enum sp_code code =
	    evidence_record_load(s->room, &s->claim->id, &s->record, err);

	if (code != SP_E_NOTFOUND)
		return code;
	SP_TRY(evidence_upload_load(s->room, &s->claim->id, &sealed, err));
	return sp_fail_as(err, SP_E_DENIED, "upload.closed",
	    "this upload is evidence already and takes no more bytes");
}

static enum sp_code
session_open(struct evidence_session *s, struct sp_err *err)
{
	enum sp_code code = load_record(s, err);

	if (code == SP_OK)
		code = check_patch(s, err);
	if (code == SP_OK)
		code = gate_ongoing_begin(
		    &s->ongoing, &s->who, s->patch.cut, s->patch.cut_arg, err);
	if (code == SP_OK && s->patch.checked)
		code = spool_open(s, err);
	else if (code == SP_OK)
		code = open_seal_or_end(s, err);
	s->at = s->rested = s->record.offset;
	return code;
}

enum sp_code
evidence_session_begin(struct evidence_session **out, struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    const struct evidence_patch *p, struct sp_err *err)
{
	struct evidence_session *s;
	enum sp_code code;

	gate_pass_require(pass, GATE_UPLOAD, NULL);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a session");
	s->room = r;
	s->who = *gate_pass_caller(pass);
	s->patch = *p;
	code = evidence_desk_claim(&s->claim, r, id, err);
	if (code == SP_OK)
		code = session_open(s, err);
	if (code == SP_E_STOPPED)
		ledger_writer_stop(evidence_room_writer(r),
		    err == NULL ? "a sync failed" : err->text);
	if (code != SP_OK) {
		session_free(s, code == SP_E_NOTFOUND);
		return code;
	}
	/* Opening may have taken long; that was not the sender. */
	evidence_desk_alive(s->claim);
	evidence_desk_cut_by(s->claim, p->cut, p->cut_arg);
	*out = s;
	return SP_OK;
}

/* ---- Write ---- */

/* Those who listen hear how far it is, but not of each small piece. */
static void
tell(struct evidence_session *s, uint64_t at, int64_t *told)
{
	int64_t now = sp_ticks();

	if (now - *told < TELL_EVERY || at == s->claim->told_at)
		return;
	*told = s->claim->told = now;
	s->claim->told_at = at;
	events_hub_tell(evidence_room_events(s->room),
	    &(struct events_event){
		.kind = EVENTS_PROGRESS,
		.object = s->claim->id,
		.by = gate_caller_actor(&s->who, NULL),
		.at = at,
		.of = s->record.length,
	    });
}

/* The seal has failed.  When it knows where it can go on, that is recorded;
 * otherwise the object has to be begun anew. */
static void
session_salvage(struct evidence_session *s)
{
	struct evidence_claim *c = s->claim;
	uint64_t offset;

	if (vault_seal_salvage(s->seal, &offset, NULL) != SP_OK) {
		c->stale = true;
		return;
	}
	if (offset < s->rested)
		return; /* the last rest still holds */
	crypto_digest_free(SP_STEAL(c->hash));
	sp_buf_free(&c->tail);
	c->tail = sp_buf_new(2 * VAULT_SEGMENT);
	c->rest = (struct evidence_rest){
		.id = c->id,
		.offset = offset,
		.length = s->record.length,
		.tail = &c->tail,
	};
	c->left = EVIDENCE_LEFT_REST;
	/* If that fails too it is left at the desk. */
	SP_IGNORE(evidence_desk_record(c, NULL));
}

static enum sp_code
session_failed(struct evidence_session *s, enum sp_code code)
{
	s->failed = code;
	if (code == SP_E_STOPPED)
		ledger_writer_stop(
		    evidence_room_writer(s->room), s->failure.text);
	session_salvage(s);
	return code;
}

/* Everything so far is safe: say so in the record. */
static enum sp_code
session_rest(struct evidence_session *s, struct sp_err *err)
{
	struct evidence_claim *c = s->claim;
	SP_AUTO_BUF tail = sp_buf_new(2 * VAULT_SEGMENT);
	struct crypto_digest *hash = NULL;
	enum sp_code code = vault_seal_rest(s->seal, &tail, &hash, &s->failure);

	if (code != SP_OK) { /* which may be that of a write long before */
		*err = s->failure;
		return session_failed(s, code);
	}
	crypto_digest_free(c->hash);
	c->hash = hash;
	c->hash_at = s->at;
	sp_buf_free(&c->tail);
	c->tail = tail;
	tail = sp_buf_new(0);
	c->rest = (struct evidence_rest){
		.id = c->id,
		.offset = s->at,
		.length = s->record.length,
		.tail = &c->tail,
	};
	c->left = EVIDENCE_LEFT_REST;
	s->rested = s->at;
	return evidence_desk_record(c, err);
}

static enum sp_code
spool_write(struct evidence_session *s, const void *bytes, size_t len,
    struct sp_err *err)
{
	SP_TRY(vault_seal_write(s->spool.seal, bytes, len, err));
	crypto_digest_add(s->spool.digest, bytes, len);
	s->spool.size += len;
	return SP_OK;
}

static enum sp_code
seal_write(struct evidence_session *s, const void *bytes, size_t len)
{
	enum sp_code code = vault_seal_write(s->seal, bytes, len, &s->failure);

	return code == SP_OK ? SP_OK : session_failed(s, code);
}

enum sp_code
evidence_session_write(struct evidence_session *s, const void *bytes,
    size_t len, struct sp_err *err)
{
	if (s->failed != SP_OK) {
		*err = s->failure;
		return s->failed;
	}
	if (gate_ongoing_over(&s->ongoing))
		return gate_ongoing_refused(err);
	if (len > s->most - s->at)
		return sp_fail_as(err, SP_E_LIMIT, "upload.body",
		    "the body goes beyond the upload's length of %ju bytes",
		    (uintmax_t)s->most);
	evidence_desk_alive(s->claim);
	if (s->patch.checked) {
		SP_TRY(spool_write(s, bytes, len, err));
	} else if (seal_write(s, bytes, len) != SP_OK) {
		*err = s->failure;
		return s->failed;
	}
	s->at += len;
	tell(s, s->at, &s->claim->told);
	if (!s->patch.checked && s->at - s->rested >= REST_EVERY)
		return session_rest(s, err);
	return SP_OK;
}

/* ---- End ---- */

static enum sp_code
sha256_refused(
    struct evidence_session *s, const uint8_t *sha256, struct sp_err *err)
{
	struct sp_err why;

	s->claim->sealed = (struct evidence_sealed){
		.id = s->claim->id,
		.who = s->who,
	};
	memcpy(s->claim->sealed.sha256, sha256, CRYPTO_SHA256_LEN);
	s->claim->left = EVIDENCE_LEFT_REFUSED;
	/* When it cannot be recorded now, it is at the next request. */
	SP_IGNORE(evidence_desk_record(s->claim, &why));
	return sp_fail_as(err, SP_E_MISMATCH, "upload.sha256",
	    "the content is not what the declared sha256 says: nothing is "
	    "kept");
}

/* The last byte is in. */
static enum sp_code
session_finish(struct evidence_session *s, struct sp_err *err)
{
	struct evidence_claim *c = s->claim;
	struct evidence_sealed sealed = {
		.id = c->id,
		.size = s->at,
		.who = s->who,
	};
	enum sp_code code = vault_seal_finish(s->seal,
	    s->record.has_declared ? s->record.declared : NULL, sealed.sha256,
	    &s->failure);

	if (code == SP_E_MISMATCH)
		return sha256_refused(s, sealed.sha256, err);
	if (code != SP_OK) {
		*err = s->failure;
		return session_failed(s, code);
	}
	c->sealed = sealed;
	c->left = EVIDENCE_LEFT_SEALED;
	return evidence_desk_record(c, err);
}

/* The checksummed body is in: if it fits, it joins the upload. */
static enum sp_code
session_check(struct evidence_session *s, bool whole, struct sp_err *err)
{
	SP_AUTO_BUF tail = sp_buf_new(2 * VAULT_SEGMENT);
	enum sp_code code;

	if (!whole) {
		s->at = s->record.offset;
		return SP_OK;
	}
	if (!spool_fits(s))
		return sp_fail_as(err, SP_E_MISMATCH, "upload.checksum",
		    "the body is not what Upload-Checksum says: none of it "
		    "is kept");
	SP_TRY(spool_rest(s, &tail, err));
	SP_TRY(open_seal_or_end(s, err));
	code = spool_pour(s, &tail, &s->failure);
	if (code != SP_OK) {
		*err = s->failure;
		return session_failed(s, code);
	}
	return SP_OK;
}

/* What came before the cut is kept, but nothing is sealed for one who has no
 * credential any more. */
static enum sp_code
session_settle_cut(struct evidence_session *s, struct sp_err *err)
{
	if (s->seal != NULL)
		SP_TRY(session_rest(s, err));
	return gate_ongoing_refused(err);
}

static enum sp_code
session_settle(struct evidence_session *s, bool whole, struct sp_err *err)
{
	if (s->failed != SP_OK) {
		*err = s->failure;
		return s->failed;
	}
	if (gate_ongoing_over(&s->ongoing))
		return session_settle_cut(s, err);
	if (s->patch.checked)
		SP_TRY(session_check(s, whole, err));
	if (s->seal == NULL)
		return SP_OK;
	if (s->at == s->record.length && !s->record.partial)
		return session_finish(s, err);
	return session_rest(s, err);
}

enum sp_code
evidence_session_end(struct evidence_session *s, bool whole,
    struct evidence_upload *out, struct sp_err *err)
{
	struct sp_err why;
	EVIDENCE_AUTO_UPLOAD now = { .done = false };
	enum sp_code code;

	evidence_desk_cut_by(s->claim, NULL, NULL);
	code = session_settle(s, whole, &why);
	if (code == SP_E_STOPPED)
		ledger_writer_stop(evidence_room_writer(s->room), why.text);
	if (code == SP_OK)
		code = evidence_upload_load(s->room, &s->claim->id, &now, &why);
	/* Evidence has told of itself. */
	if (code == SP_OK && (!now.done || now.partial))
		tell(s, now.offset, &s->claim->told_end);
	session_free(s,
	    code == SP_E_NOTFOUND ||
		(code == SP_OK && now.done && !now.partial));
	if (code != SP_OK) {
		if (err != NULL)
			*err = why;
		return code;
	}
	if (out != NULL) {
		*out = now;
		now = (struct evidence_upload){ .done = false };
	}
	return SP_OK;
}

/* ---- Uploads made whole by the server itself ---- */

static enum sp_code
join_part(
    struct evidence_session *s, const struct sp_id *id, struct sp_err *err)
{
	EVIDENCE_AUTO_RECORD part = { .offset = 0 };
	CRYPTO_AUTO_SECRET dek = NULL;
	VAULT_AUTO_READ read = NULL;
	struct vault_object object;

	SP_TRY(evidence_record_load(s->room, id, &part, err));
	SP_REQUIRE(part.whole);
	if (part.length == 0)
		return SP_OK;
	SP_TRY(evidence_object_key(s->room, &part.object, &dek, err));
	object = evidence_object_vault(s->room, &part.object, dek);
	SP_TRY(vault_read_open_staged(
	    &read, &object, part.length, part.tail.at, part.tail.len, err));
	SP_TRY(vault_read_into(read, s->seal, err));
	s->at += part.length;
	return SP_OK;
}

/* Open, take in the parts, finish. */
static enum sp_code
make_whole(struct evidence_session *s, const struct sp_id *part, size_t parts,
    struct sp_err *err)
{
	enum sp_code code =
	    evidence_record_load(s->room, &s->claim->id, &s->record, err);

	if (code == SP_OK)
		code = open_seal_or_end(s, err);
	s->at = s->rested = s->record.offset;
	for (size_t i = 0; code == SP_OK && i < parts; i++)
		code = join_part(s, &part[i], err);
	if (code == SP_OK)
		code = session_finish(s, err);
	vault_seal_free(s->seal);
	evidence_record_done(&s->record);
	return code;
}

enum sp_code
evidence_session_join(struct evidence_room *r, struct evidence_claim *claim,
    const struct sp_id *part, size_t parts, const struct gate_caller *who,
    struct sp_err *err)
{
	struct evidence_session s = {
		.room = r,
		.claim = claim,
		.who = *who,
	};

	return make_whole(&s, part, parts, err);
}

enum sp_code
evidence_session_complete(struct evidence_room *r, struct evidence_claim *claim,
    const struct gate_caller *who, struct sp_err *err)
{
	return evidence_session_join(r, claim, NULL, 0, who, err);
}
