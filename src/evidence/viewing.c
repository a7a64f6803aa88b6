#include "evidence/viewing.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/stream.h"
#include "evidence/object.h"
#include "gate/ongoing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define VIEWING_BUCKETS 1024 /* a power of two */

enum viewing_state { VIEWING_OPENING, VIEWING_OPEN };

struct viewing {
	struct viewing *next;
	struct sp_id id;
	struct sp_id evidence;
	struct gate_caller who;
	enum viewing_state state;
	struct gate_pass *pass;
	atomic_uint_fast64_t bytes;
	int64_t used; /* sp_ticks() of the last request's end */
	unsigned readers;
	/* Once over it is joined no more, and closes with its last reader. */
	struct gate_ongoing ongoing;
};

struct evidence_viewings {
	pthread_mutex_t lock; /* over the list and everything but bytes */
	pthread_cond_t opened;
	struct viewing *bucket[VIEWING_BUCKETS]; /* by the item */
	size_t n;
};

struct evidence_reader {
	struct evidence_room *room;
	struct viewing *viewing; /* NULL when reading for an export */
	struct gate_pass *pass;
	struct sp_id id;
	struct vault_read *read;
	struct gate_ongoing ongoing;
};

static const struct db_sql content_by_id = {
	"SELECT object, size, sha256, media_type, filename, received"
	" FROM evidence WHERE id = ?1",
};
static const struct db_sql viewing_insert = {
	"INSERT INTO viewing"
	"(id, evidence, token, address, source, entry, kind)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
};
static const struct db_sql viewing_delete = {
	"DELETE FROM viewing WHERE id = ?1",
};
static const struct db_sql viewing_left = {
	"SELECT id, evidence, token, address, entry, kind FROM viewing"
	" ORDER BY id LIMIT 1",
};
static const struct db_sql total_corrupt = {
	"UPDATE evidence_total SET corrupt = corrupt + 1",
};
static const struct db_sql evidence_mark_corrupt = {
	"UPDATE evidence SET state = 'corrupt'"
	" WHERE id = ?1 AND state <> 'corrupt'",
};

/* ---- What is read ---- */

static enum sp_code
content_load(struct evidence_room *r, const struct sp_id *id,
    struct sp_id *object, struct evidence_content *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &content_by_id);
	struct evidence_content c = { .size = 0 };
	char hex[2 * CRYPTO_SHA256_LEN + 1];
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "evidence.unknown",
		    "there is no such evidence");
	SP_TRY(db_col_bytes(st, 0, object->b, SP_ID_LEN, err));
	c.size = (uint64_t)db_col_i64(st, 1);
	SP_TRY(db_col_bytes(st, 2, c.sha256, CRYPTO_SHA256_LEN, err));
	sp_hex(c.sha256, CRYPTO_SHA256_LEN, hex);
	(void)snprintf(c.etag, sizeof(c.etag), "\"%s\"", hex);
	(void)snprintf(
	    c.media_type, sizeof(c.media_type), "%s", db_col_text(st, 3));
	(void)snprintf(
	    c.filename, sizeof(c.filename), "%s", db_col_text(st, 4));
	c.received = db_col_i64(st, 5);
	*out = c;
	return SP_OK;
}

enum sp_code
evidence_content_head(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct evidence_content *out, struct sp_err *err)
{
	struct sp_id object;

	gate_pass_require(pass, GATE_SHOW, id);
	return content_load(r, id, &object, out, err);
}

/* ---- Viewings ---- */

struct evidence_viewings *
evidence_viewings_new(void)
{
	struct evidence_viewings *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&v->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&v->opened, NULL) == 0);
	return v;
}

static void
viewing_free(struct viewing *w)
{
	gate_ongoing_end(&w->ongoing);
	gate_pass_unref(w->pass);
	free(w);
}

void
evidence_viewings_free(struct evidence_viewings *v)
{
	if (v == NULL)
		return;
	/* What could not be recorded is closed by the next start's repair. */
	for (size_t i = 0; i < VIEWING_BUCKETS; i++) {
		while (v->bucket[i] != NULL) {
			struct viewing *w = v->bucket[i];

			SP_REQUIRE(w->readers == 0);
			v->bucket[i] = w->next;
			viewing_free(w);
		}
	}
	(void)pthread_cond_destroy(&v->opened);
	(void)pthread_mutex_destroy(&v->lock);
	free(v);
}

size_t
evidence_viewings_count(struct evidence_viewings *v)
{
	size_t n;

	SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
	n = v->n;
	SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
	return n;
}

static struct viewing **
bucket_of(struct evidence_viewings *v, const struct sp_id *evidence)
{
	/* The last bytes of a UUIDv7 are random. */
	return &v->bucket[(evidence->b[14] << 8 | evidence->b[15]) &
	    (VIEWING_BUCKETS - 1)];
}

/* With the lock held. */
static struct viewing *
viewing_find(struct evidence_viewings *v, const struct gate_caller *who,
    const struct sp_id *evidence)
{
	struct viewing *w;

	for (w = *bucket_of(v, evidence); w != NULL; w = w->next)
		if (!gate_ongoing_over(&w->ongoing) &&
		    sp_id_equal(&w->evidence, evidence) &&
		    sp_id_equal(&w->who.token, &who->token) &&
		    sp_id_equal(&w->who.via.id, &who->via.id) &&
		    strcmp(w->who.address, who->address) == 0)
			return w;
	return NULL;
}

bool
evidence_viewing_has(struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *id)
{
	struct evidence_viewings *v = evidence_room_viewings(r);
	bool has;

	SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
	has = viewing_find(v, who, id) != NULL;
	SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
	return has;
}

/* With the lock held. */
static void
viewing_link(struct evidence_viewings *v, struct viewing *w)
{
	struct viewing **at = bucket_of(v, &w->evidence);

	w->next = *at;
	*at = w;
	v->n++;
}

/* With the lock held. */
static struct viewing *
viewing_add(struct evidence_viewings *v, const struct gate_caller *who,
    const struct sp_id *evidence)
{
	struct viewing *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->id = sp_id_new();
	w->evidence = *evidence;
	w->who = *who;
	w->state = VIEWING_OPENING;
	w->readers = 1;
	viewing_link(v, w);
	return w;
}

/* With the lock held. */
static void
viewing_unlink(struct evidence_viewings *v, struct viewing *w)
{
	struct viewing **at = bucket_of(v, &w->evidence);

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	v->n--;
}

/* In the transaction of "evidence.opened": its index is the size before. */
static enum sp_code
viewing_row(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct viewing *w = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &viewing_insert);
	const char *kind;
	struct sp_id by = gate_caller_actor(&w->who, &kind);

	db_bind_blob(st, 1, w->id.b, SP_ID_LEN);
	db_bind_blob(st, 2, w->evidence.b, SP_ID_LEN);
	db_bind_blob(st, 3, by.b, SP_ID_LEN);
	db_bind_text(st, 4, w->who.address);
	db_bind_text(st, 5, w->who.source);
	db_bind_u64(st, 6, ledger_tx_size(tx) - 1);
	db_bind_text(st, 7, kind);
	return db_run(st, NULL, err);
}

static enum sp_code
viewing_admit(struct evidence_room *r, struct viewing *w, struct sp_err *err)
{
	struct evidence_viewings *v = evidence_room_viewings(r);
	struct gate_request rq = {
		.who = &w->who,
		.act = GATE_VIEW,
		.on = { .kind = "evidence", .id = w->evidence },
		.also = viewing_row,
		.also_arg = w,
	};
	struct gate_pass *pass = NULL;
	enum sp_code code =
	    gate_ongoing_begin(&w->ongoing, &w->who, NULL, NULL, err);

	if (code == SP_OK)
		code = gate_admit_with(evidence_room_gate(r), &rq, &pass, err);
	SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
	w->pass = pass;
	w->state = VIEWING_OPEN;
	if (code != SP_OK)
		viewing_unlink(v, w);
	SP_REQUIRE(pthread_cond_broadcast(&v->opened) == 0);
	SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
	if (code != SP_OK)
		viewing_free(w);
	return code;
}

/* The caller's viewing with one more reader. */
static enum sp_code
viewing_join(struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *evidence, struct viewing **out, struct sp_err *err)
{
	struct evidence_viewings *v = evidence_room_viewings(r);
	struct viewing *w;
	bool opening = false;

	SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
	/* A viewing that is being opened may be refused and vanish: look
	 * again after each wait. */
	while ((w = viewing_find(v, who, evidence)) != NULL &&
	    w->state == VIEWING_OPENING)
		SP_REQUIRE(pthread_cond_wait(&v->opened, &v->lock) == 0);
	if (w != NULL) {
		w->readers++;
	} else {
		w = viewing_add(v, who, evidence);
		opening = true;
	}
	SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
	if (w == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a viewing");
	if (opening)
		SP_TRY(viewing_admit(r, w, err));
	*out = w;
	return SP_OK;
}

static void
viewing_leave(struct evidence_room *r, struct viewing *w)
{
	struct evidence_viewings *v = evidence_room_viewings(r);
	bool last;

	SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
	SP_REQUIRE(w->readers > 0);
	w->readers--;
	w->used = sp_ticks();
	last = gate_ongoing_over(&w->ongoing) && w->readers == 0;
	SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
	if (last)
		evidence_viewings_close(
		    r, evidence_room_limits(r)->viewing_idle);
}

/* ---- Closing ---- */

struct close_act {
	struct sp_id id;
	struct sp_id evidence;
	struct gate_caller who;
	uint64_t entry;   /* of its opening */
	uint64_t bytes;   /* served */
	bool cut;         /* the credential was taken away */
	bool interrupted; /* how many bytes were served is not known */
};

static enum sp_code
close_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct close_act *a = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &viewing_delete);
	SP_AUTO_BUF detail = sp_buf_new(256);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry entry =
	    gate_entry(&a->who, "evidence.closed", "evidence", &a->evidence);

	sp_json_object(&j, NULL);
	if (!a->interrupted)
		sp_json_int(&j, "bytes", (int64_t)a->bytes);
	if (a->cut)
		sp_json_bool(&j, "cut", true);
	sp_json_int(&j, "opened", (int64_t)a->entry);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "evidence.closed", err));
	entry.detail = sp_buf_str(&detail);
	if (a->interrupted)
		entry.outcome = LEDGER_FAILED;
	db_bind_blob(st, 1, a->id.b, SP_ID_LEN);
	SP_TRY(db_run(st, NULL, err));
	return ledger_tx_append(tx, &entry, NULL, err);
}

static enum sp_code
viewing_close(struct evidence_room *r, struct viewing *w, struct sp_err *err)
{
	struct close_act act = {
		.id = w->id,
		.evidence = w->evidence,
		.who = w->who,
		.entry = gate_pass_entry(w->pass),
		.bytes = atomic_load(&w->bytes),
		.cut = gate_ongoing_over(&w->ongoing),
	};

	return ledger_writer_run(evidence_room_writer(r), close_run, &act, err);
}

static bool
is_idle(const struct viewing *w, int64_t now, sp_time idle)
{
	return w->state == VIEWING_OPEN && w->readers == 0 &&
	    (gate_ongoing_over(&w->ongoing) || now - w->used >= idle);
}

/* With the lock held: take an idle viewing out. */
static struct viewing *
viewing_take_idle(struct evidence_viewings *v, sp_time idle)
{
	int64_t now = sp_ticks();

	for (size_t i = 0; i < VIEWING_BUCKETS; i++) {
		struct viewing *w = v->bucket[i];

		while (w != NULL && !is_idle(w, now, idle))
			w = w->next;
		if (w != NULL) {
			viewing_unlink(v, w);
			return w;
		}
	}
	return NULL;
}

static void
viewing_put_back(struct evidence_viewings *v, struct viewing *w)
{
	SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
	viewing_link(v, w);
	SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
}

void
evidence_viewings_close(struct evidence_room *r, sp_time idle)
{
	struct evidence_viewings *v = evidence_room_viewings(r);
	struct sp_err err;

	for (;;) {
		struct viewing *w;

		SP_REQUIRE(pthread_mutex_lock(&v->lock) == 0);
		w = viewing_take_idle(v, idle);
		SP_REQUIRE(pthread_mutex_unlock(&v->lock) == 0);
		if (w == NULL)
			return;
		if (viewing_close(r, w, &err) != SP_OK) {
			viewing_put_back(v, w);
			return;
		}
		viewing_free(w);
	}
}

static enum sp_code
left_load(struct evidence_room *r, struct close_act *a, bool *found,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &viewing_left);
	struct sp_id by;

	SP_TRY(db_row(st, found, err));
	if (!*found)
		return SP_OK;
	*a = (struct close_act){ .interrupted = true };
	SP_TRY(db_col_bytes(st, 0, a->id.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 1, a->evidence.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 2, by.b, SP_ID_LEN, err));
	if (!gate_caller_resume(db_col_text(st, 5), &by, &a->who))
		return sp_fail(err, SP_E_CORRUPT, "a viewing's kind of actor");
	a->who.agency = evidence_room_agency(r)->id;
	(void)snprintf(
	    a->who.address, sizeof(a->who.address), "%s", db_col_text(st, 3));
	a->who.source = "repair";
	a->entry = (uint64_t)db_col_i64(st, 4);
	return SP_OK;
}

enum sp_code
evidence_viewings_repair(struct evidence_room *r, struct sp_err *err)
{
	struct close_act act;
	bool found;

	for (;;) {
		SP_TRY(left_load(r, &act, &found, err));
		if (!found)
			return SP_OK;
		SP_TRY(ledger_writer_run(
		    evidence_room_writer(r), close_run, &act, err));
	}
}

/* ---- Readers ---- */

struct corrupt_act {
	const struct evidence_reader *rd;
	uint64_t changed;
};

static enum sp_code
corrupt_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct corrupt_act *a = arg;
	const struct evidence_reader *rd = a->rd;
	DB_STMT st = db_use(ledger_tx_db(tx), &evidence_mark_corrupt);
	DB_STMT total = db_use(ledger_tx_db(tx), &total_corrupt);
	struct ledger_entry entry = gate_entry(gate_pass_caller(rd->pass),
	    "evidence.corrupt", "evidence", &rd->id);

	db_bind_blob(st, 1, rd->id.b, SP_ID_LEN);
	SP_TRY(db_run(st, &a->changed, err));
	if (a->changed == 0)
		return SP_OK; /* known already */
	SP_TRY(db_run(total, NULL, err));
	entry.outcome = LEDGER_FAILED;
	return ledger_tx_append(tx, &entry, NULL, err);
}

/* Alert once an item; when that cannot be recorded now, the next read of it
 * tries again. */
static void
reader_alert(struct evidence_reader *rd)
{
	struct corrupt_act act = { .rd = rd };
	struct sp_err err;

	if (ledger_writer_run(evidence_room_writer(rd->room), corrupt_run, &act,
		&err) == SP_OK &&
	    act.changed > 0) {
		evidence_room_count_corrupt(rd->room);
		evidence_item_tell(rd->room, EVENTS_CORRUPT, &rd->id);
	}
}

static enum sp_code
reader_open(struct evidence_reader *rd, const struct sp_id *object,
    uint64_t size, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET dek = NULL;
	struct vault_object sealed;
	enum sp_code code;

	SP_TRY(evidence_object_key(rd->room, object, &dek, err));
	sealed = evidence_object_vault(rd->room, object, dek);
	code = vault_read_open(&rd->read, &sealed, size, err);
	if (code == SP_E_NOTFOUND)
		code = sp_fail_as(err, SP_E_CORRUPT, "object.missing",
		    "the object's file is missing");
	return code;
}

static enum sp_code
reader_new(struct evidence_reader **out, const struct evidence_reader *with,
    const struct gate_caller *who, const struct sp_id *object, uint64_t size,
    struct sp_err *err)
{
	struct evidence_reader *rd = malloc(sizeof(*rd));
	enum sp_code code;

	if (rd == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a reader");
	*rd = *with;
	code = gate_ongoing_begin(&rd->ongoing, who, NULL, NULL, err);
	if (code == SP_OK)
		code = reader_open(rd, object, size, err);
	if (code != SP_OK) {
		if (code == SP_E_CORRUPT)
			reader_alert(rd);
		gate_ongoing_end(&rd->ongoing);
		free(rd);
		return code;
	}
	*out = rd;
	return SP_OK;
}

enum sp_code
evidence_reader_open(struct evidence_reader **out, struct evidence_room *r,
    const struct gate_caller *who, const struct sp_id *id,
    struct evidence_content *content, struct sp_err *err)
{
	struct evidence_reader with = { .room = r, .id = *id };
	struct evidence_content c;
	struct sp_id object;
	enum sp_code code;

	/* Who may not view must not learn from the answer what there is. */
	if (!gate_role_may(who->role, GATE_VIEW))
		return viewing_join(r, who, id, &with.viewing, err);
	SP_TRY(gate_ongoing_check(who, err));
	SP_TRY(content_load(r, id, &object, &c, err));
	SP_TRY(viewing_join(r, who, id, &with.viewing, err));
	with.pass = with.viewing->pass;
	gate_pass_require(with.pass, GATE_VIEW, id);
	code = reader_new(out, &with, who, &object, c.size, err);
	if (code != SP_OK) {
		viewing_leave(r, with.viewing);
		return code;
	}
	gate_pass_ref(with.pass);
	*content = c;
	return SP_OK;
}

enum sp_code
evidence_reader_open_for(struct evidence_reader **out, struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id,
    struct evidence_content *content, struct sp_err *err)
{
	struct evidence_reader with = { .room = r, .id = *id, .pass = pass };
	struct evidence_content c;
	struct sp_id object;

	gate_pass_require(pass,
	    gate_pass_act(pass) == GATE_PROBE ? GATE_PROBE : GATE_EXPORT, id);
	SP_TRY(content_load(r, id, &object, &c, err));
	SP_TRY(reader_new(
	    out, &with, gate_pass_caller(pass), &object, c.size, err));
	gate_pass_ref(pass);
	*content = c;
	return SP_OK;
}

static enum sp_code
reader_load(struct evidence_reader *rd, uint64_t offset, void *out, size_t len,
    struct sp_err *err)
{
	enum sp_code code;

	if (gate_ongoing_over(&rd->ongoing))
		return gate_ongoing_refused(err);
	code = vault_read_at(rd->read, offset, out, len, err);
	if (code == SP_E_CORRUPT)
		reader_alert(rd);
	return code;
}

enum sp_code
evidence_reader_probe(
    struct evidence_reader *rd, uint64_t offset, struct sp_err *err)
{
	uint8_t byte;
	enum sp_code code = reader_load(rd, offset, &byte, 1, err);

	explicit_bzero(&byte, 1);
	return code;
}

uint64_t
evidence_reader_together(uint64_t offset)
{
	uint64_t within;
	uint32_t index;

	crypto_stream_locate(offset, &index, &within);
	return crypto_stream_start(index + 1) - offset;
}

void
evidence_reader_ahead(struct evidence_reader *rd, uint64_t until)
{
	vault_read_ahead(rd->read, until);
}

enum sp_code
evidence_reader_read(struct evidence_reader *rd, uint64_t offset, void *out,
    size_t len, struct sp_err *err)
{
	enum sp_code code = reader_load(rd, offset, out, len, err);

	if (code == SP_OK && rd->viewing != NULL)
		atomic_fetch_add(&rd->viewing->bytes, len);
	return code;
}

void
evidence_reader_close(struct evidence_reader *rd)
{
	if (rd == NULL)
		return;
	vault_read_free(rd->read);
	gate_pass_unref(rd->pass);
	gate_ongoing_end(&rd->ongoing);
	if (rd->viewing != NULL)
		viewing_leave(rd->room, rd->viewing);
	free(rd);
}
