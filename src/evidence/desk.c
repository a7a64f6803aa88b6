#include "evidence/desk.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A holder that had a byte this lately is alive: another is refused. */
#define DESK_ALIVE (3 * SP_SECOND)
/* One that was cut has this long to let go. */
#define DESK_LET_GO_SECONDS 5
#define DESK_BUCKETS        1024 /* a power of two */

struct place {
	struct evidence_claim claim; /* first: a claim is its place */
	struct place *next;
	bool held;
	unsigned waiting;
	int64_t last_byte; /* atomic */
	void (*cut)(void *arg);
	void *cut_arg;
};

struct evidence_desk {
	pthread_mutex_t lock;
	pthread_cond_t released;
	struct place *bucket[DESK_BUCKETS];
};

static struct place *
place_of(struct evidence_claim *c)
{
	return (struct place *)(void *)c;
}

static struct place **
bucket_of(struct evidence_desk *d, const struct sp_id *id)
{
	/* The last bytes of a UUIDv7 are random. */
	return &d->bucket[(id->b[14] << 8 | id->b[15]) & (DESK_BUCKETS - 1)];
}

struct evidence_desk *
evidence_desk_new(void)
{
	struct evidence_desk *d = calloc(1, sizeof(*d));
	pthread_condattr_t attr;

	if (d == NULL)
		return NULL;
	SP_REQUIRE(pthread_mutex_init(&d->lock, NULL) == 0);
	SP_REQUIRE(pthread_condattr_init(&attr) == 0);
	SP_REQUIRE(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	SP_REQUIRE(pthread_cond_init(&d->released, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	return d;
}

static void
place_free(struct place *p)
{
	crypto_digest_free(p->claim.hash);
	sp_buf_free(&p->claim.tail);
	free(p);
}

void
evidence_desk_free(struct evidence_desk *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < DESK_BUCKETS; i++) {
		while (d->bucket[i] != NULL) {
			struct place *p = d->bucket[i];

			SP_REQUIRE(!p->held);
			d->bucket[i] = p->next;
			place_free(p);
		}
	}
	(void)pthread_cond_destroy(&d->released);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

/* With the lock held: the upload's place, made when missing. */
static struct place *
place_find(struct evidence_room *r, const struct sp_id *id)
{
	struct place **bucket = bucket_of(evidence_room_desk(r), id);
	struct place *p;

	for (p = *bucket; p != NULL; p = p->next)
		if (sp_id_equal(&p->claim.id, id))
			return p;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->claim.room = r;
	p->claim.id = *id;
	p->claim.tail = sp_buf_new(2 * VAULT_SEGMENT);
	p->next = *bucket;
	*bucket = p;
	return p;
}

/* With the lock held: the place goes unless it knows something. */
static void
place_forget(struct evidence_desk *d, struct place *p, bool gone)
{
	const struct evidence_claim *c = &p->claim;
	struct place **at = bucket_of(d, &c->id);
	bool knows =
	    c->stale || c->hash != NULL || c->left != EVIDENCE_LEFT_NOTHING;

	if (p->waiting > 0 || (knows && !gone))
		return;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	place_free(p);
}

/* With the lock held: wait until a cut holder has let go. */
static bool
place_wait(struct evidence_desk *d, struct place *p)
{
	struct timespec until;
	int rc = 0;

	SP_REQUIRE(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	until.tv_sec += DESK_LET_GO_SECONDS;
	p->waiting++;
	while (p->held && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&d->released, &d->lock, &until);
	p->waiting--;
	return !p->held;
}

/* With the lock held. */
static bool
place_take(struct evidence_desk *d, struct place *p)
{
	int64_t quiet =
	    sp_ticks() - __atomic_load_n(&p->last_byte, __ATOMIC_RELAXED);
	void (*cut)(void *arg) = p->cut;

	if (p->held) {
		if (quiet < DESK_ALIVE || cut == NULL)
			return false;
		p->cut = NULL;
		cut(p->cut_arg);
		if (!place_wait(d, p))
			return false;
	}
	p->held = true;
	p->cut = NULL;
	__atomic_store_n(&p->last_byte, sp_ticks(), __ATOMIC_RELAXED);
	return true;
}

enum sp_code
evidence_desk_claim(struct evidence_claim **out, struct evidence_room *r,
    const struct sp_id *id, struct sp_err *err)
{
	struct evidence_desk *d = evidence_room_desk(r);
	struct place *p;
	enum sp_code code;
	bool taken = false;

	SP_REQUIRE(pthread_mutex_lock(&d->lock) == 0);
	p = place_find(r, id);
	if (p != NULL)
		taken = place_take(d, p);
	SP_REQUIRE(pthread_mutex_unlock(&d->lock) == 0);
	if (p == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the upload");
	if (!taken)
		return sp_fail_as(err, SP_E_LOCKED, "upload.locked",
		    "another request is writing this upload: ask again when "
		    "it has ended");
	code = evidence_desk_record(&p->claim, err);
	if (code != SP_OK) {
		evidence_desk_release(&p->claim, false);
		return code;
	}
	*out = &p->claim;
	return SP_OK;
}

void
evidence_desk_release(struct evidence_claim *c, bool gone)
{
	struct evidence_desk *d = evidence_room_desk(c->room);
	struct place *p = place_of(c);

	SP_REQUIRE(pthread_mutex_lock(&d->lock) == 0);
	SP_REQUIRE(p->held);
	p->held = false;
	p->cut = NULL;
	SP_REQUIRE(pthread_cond_broadcast(&d->released) == 0);
	place_forget(d, p, gone);
	SP_REQUIRE(pthread_mutex_unlock(&d->lock) == 0);
}

static enum sp_code
record_left(struct evidence_claim *c, struct sp_err *err)
{
	struct evidence_ended refused = {
		.id = c->id,
		.why = EVIDENCE_REFUSED,
		.who = &c->sealed.who,
		.sha256 = c->sealed.sha256,
	};

	switch (c->left) {
	case EVIDENCE_LEFT_NOTHING: return SP_OK;
	case EVIDENCE_LEFT_REST:
		return evidence_record_rest(c->room, &c->rest, err);
	case EVIDENCE_LEFT_SEALED:
		return evidence_record_seal(c->room, &c->sealed, err);
	case EVIDENCE_LEFT_REFUSED:
		return evidence_record_end(c->room, &refused, err);
	}
	return SP_OK;
}

enum sp_code
evidence_desk_record(struct evidence_claim *c, struct sp_err *err)
{
	enum sp_code code = record_left(c, err);

	if (code == SP_OK || code == SP_E_NOTFOUND) {
		c->left = EVIDENCE_LEFT_NOTHING;
		sp_buf_free(&c->tail);
	}
	return code;
}

void
evidence_desk_alive(struct evidence_claim *c)
{
	__atomic_store_n(&place_of(c)->last_byte, sp_ticks(), __ATOMIC_RELAXED);
}

void
evidence_desk_cut_by(
    struct evidence_claim *c, void (*cut)(void *arg), void *arg)
{
	struct evidence_desk *d = evidence_room_desk(c->room);
	struct place *p = place_of(c);

	SP_REQUIRE(pthread_mutex_lock(&d->lock) == 0);
	p->cut = cut;
	p->cut_arg = arg;
	SP_REQUIRE(pthread_mutex_unlock(&d->lock) == 0);
}

/* ---- Leaving ---- */

static const struct db_sql rest_ours = {
	"UPDATE upload SET sealing = NULL WHERE sealing = ?1",
};
static const struct db_sql not_resting = {
	"UPDATE upload SET sealing = ?2 WHERE id = ?1",
};

static enum sp_code
mark_stale(struct db *db, const struct place *p, struct sp_err *err)
{
	DB_STMT st = db_use(db, &not_resting);

	db_bind_blob(st, 1, p->claim.id.b, SP_ID_LEN);
	db_bind_blob(st, 2, evidence_room_boot(p->claim.room)->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

static enum sp_code
mark_resting(struct db *db, const struct sp_id *boot, struct sp_err *err)
{
	DB_STMT st = db_use(db, &rest_ours);

	db_bind_blob(st, 1, boot->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

static enum sp_code
rest_all_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct evidence_room *r = arg;
	struct evidence_desk *d = evidence_room_desk(r);
	struct db *db = ledger_tx_db(tx);

	SP_TRY(mark_resting(db, evidence_room_boot(r), err));
	for (size_t i = 0; i < DESK_BUCKETS; i++) {
		const struct place *p = d->bucket[i];

		for (; p != NULL; p = p->next)
			if (p->claim.stale ||
			    p->claim.left != EVIDENCE_LEFT_NOTHING)
				SP_TRY(mark_stale(db, p, err));
	}
	return SP_OK;
}

enum sp_code
evidence_desk_rest_all(struct evidence_room *r, struct sp_err *err)
{
	return ledger_writer_run(evidence_room_writer(r), rest_all_run, r, err);
}
