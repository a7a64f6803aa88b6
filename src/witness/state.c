#include "witness/state.h"

#include "base/encode.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STATE    "state"
#define FORKS    "forks"
#define HASH_HEX (2 * (size_t)CRYPTO_SHA256_LEN)
#define PATH_LEN (sizeof(FORKS) + 2 * HASH_HEX + 2)

struct kept {
	uint8_t origin[CRYPTO_SHA256_LEN];
	struct witness_latest latest;
	struct sp_buf note;
	size_t forks; /* files of this log */
};

struct witness_state {
	int dir;
	struct ledger_cosigner self;
	pthread_mutex_t lock; /* over all below, and the files */
	bool stopped;
	struct kept **log; /* n of them, in no order */
	size_t n;
	size_t forks;
};

static void
digest(const char *origin, uint8_t out[static CRYPTO_SHA256_LEN])
{
	crypto_sha256(origin, strlen(origin), out);
}

static struct kept *
find(const struct witness_state *s, const uint8_t *origin)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->log[i]->origin, origin, CRYPTO_SHA256_LEN) == 0)
			return s->log[i];
	return NULL;
}

static void
kept_free(struct kept *k)
{
	sp_buf_free(&k->note);
	free(k);
}

static void
kept_freep(struct kept **k)
{
	if (*k != NULL)
		kept_free(*k);
}

/* Room for one more log. */
static enum sp_code
add(struct witness_state *s, const uint8_t *origin, struct kept **out,
    struct sp_err *err)
{
	SP_CLEANUP(kept_freep) struct kept *k = calloc(1, sizeof(*k));
	struct kept **grown =
	    reallocarray(s->log, s->n + 1, sizeof(struct kept *));

	if (grown != NULL)
		s->log = grown;
	if (k == NULL || grown == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a log");
	memcpy(k->origin, origin, CRYPTO_SHA256_LEN);
	k->note = sp_buf_new(LEDGER_NOTE_MAX);
	s->log[s->n++] = k;
	*out = SP_STEAL(k);
	return SP_OK;
}

static struct witness_latest
nothing(const char *origin)
{
	struct witness_latest none = { .time = 0 };

	memcpy(none.checkpoint.origin, origin, strlen(origin) + 1);
	ledger_frontier_root(
	    &(struct ledger_frontier){ .size = 0 }, &none.checkpoint.root);
	return none;
}

/* --- Opening --- */

/* As this witness signed it, and of the log that its name says. */
static enum sp_code
check(const struct witness_state *s, struct kept *k, struct sp_err *err)
{
	const char *note = sp_buf_str(&k->note);
	struct ledger_checkpoint *c = &k->latest.checkpoint;
	uint8_t origin[CRYPTO_SHA256_LEN];
	struct ledger_cosignature own;
	size_t text = 0;

	SP_TRY(ledger_note_text(note, k->note.len, &text, err));
	SP_TRY(ledger_cosign_check(&s->self, note, text, note + text + 1,
	    k->note.len - text - 1, &own, err));
	SP_TRY(ledger_checkpoint_parse(note, text, c, err));
	digest(c->origin, origin);
	if (memcmp(origin, k->origin, sizeof(origin)) != 0)
		return sp_fail(err, SP_E_CORRUPT, "it is of another log");
	k->latest.time = own.time;
	return SP_OK;
}

static enum sp_code
load(struct witness_state *s, int dir, const char *name, struct sp_err *err)
{
	uint8_t origin[CRYPTO_SHA256_LEN];
	struct sp_err why = { .text = "no digest of an origin" };
	struct kept *k;
	bool named = sp_hex_parse(name, strlen(name), origin, sizeof(origin));

	if (named) {
		SP_TRY(add(s, origin, &k, err));
		SP_TRY(sp_file_read(dir, name, &k->note, err));
	}
	if (!named || check(s, k, &why) != SP_OK)
		return sp_fail(err, SP_E_CORRUPT,
		    STATE "/%.70s is not what this witness kept (%.60s): its "
			  "memory is not whole",
		    name, why.text);
	return SP_OK;
}

static void
close_dir(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

/* By another name: a variable of ours shadows dirfd(). */
static int
fd_of(DIR *d)
{
	return dirfd(d);
}

typedef enum sp_code (*visit_name)(
    struct witness_state *s, int dir, const char *name, struct sp_err *err);

static enum sp_code
each_file(struct witness_state *s, const char *folder, visit_name visit,
    struct sp_err *err)
{
	SP_AUTO_FD fd =
	    openat(s->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	SP_CLEANUP(close_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (dir == NULL && errno == ENOENT)
		return sp_fail(err, SP_E_CORRUPT,
		    "the witness has a key and no %s: without its memory it "
		    "must not go on (make a new witness)",
		    folder);
	if (dir == NULL)
		return sp_fail_os(err, "read folder %s", folder);
	(void)sp_file_steal(&fd); /* closed with dir */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this DIR */
	while ((errno = 0, e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			SP_TRY(visit(s, fd_of(dir), e->d_name, err));
	if (errno != 0)
		return sp_fail_os(err, "read folder %s", folder);
	return SP_OK;
}

static enum sp_code
count_fork(
    struct witness_state *s, int dir, const char *name, struct sp_err *err)
{
	uint8_t origin[CRYPTO_SHA256_LEN];
	struct kept *k = NULL;

	(void)dir;
	(void)err;
	if (strlen(name) > HASH_HEX &&
	    sp_hex_parse(name, HASH_HEX, origin, sizeof(origin)))
		k = find(s, origin);
	if (k != NULL)
		k->forks++;
	s->forks++;
	return SP_OK;
}

static enum sp_code
open_folder(struct witness_state *s, const char *folder, visit_name visit,
    struct sp_err *err)
{
	enum sp_code code = sp_file_sweep(s->dir, folder, err);

	/* One that is missing is told of better below. */
	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	return each_file(s, folder, visit, err);
}

static enum sp_code
open_all(struct witness_state *s, struct sp_err *err)
{
	SP_TRY(open_folder(s, STATE, load, err));
	return open_folder(s, FORKS, count_fork, err);
}

static enum sp_code
is_left(struct witness_state *s, int dir, const char *name, struct sp_err *err)
{
	(void)s;
	(void)dir;
	return sp_fail(err, SP_E_CONFLICT,
	    "the folder has what a witness cosigned (" STATE "/%.20s...) and "
	    "not its key: take another folder",
	    name);
}

enum sp_code
witness_state_make(int dir, struct sp_err *err)
{
	struct witness_state s = { .dir = dir };

	SP_TRY(sp_file_mkdir(dir, STATE, 0755, err));
	SP_TRY(sp_file_mkdir(dir, FORKS, 0755, err));
	return each_file(&s, STATE, is_left, err);
}

enum sp_code
witness_state_open(struct witness_state **out, int dir,
    const struct ledger_cosigner *self, struct sp_err *err)
{
	struct witness_state *s = calloc(1, sizeof(*s));
	enum sp_code code;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the state");
	s->dir = dir;
	s->self = *self;
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	code = open_all(s, err);
	if (code != SP_OK) {
		witness_state_free(s);
		return code;
	}
	*out = s;
	return SP_OK;
}

void
witness_state_free(struct witness_state *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		kept_free(s->log[i]);
	free(s->log);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- Keeping --- */

struct witness_latest
witness_state_begin(struct witness_state *s, const char *origin)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	const struct kept *k;

	digest(origin, hash);
	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	k = find(s, hash);
	return k == NULL ? nothing(origin) : k->latest;
}

void
witness_state_end(struct witness_state *s)
{
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
}

static enum sp_code
write_note(struct witness_state *s, const char *path, const void *note,
    size_t len, struct sp_err *err)
{
	enum sp_code code;

	if (s->stopped)
		return sp_fail(err, SP_E_STOPPED,
		    "the disk failed: nothing is cosigned until someone has "
		    "looked and starts this witness again");
	code = sp_file_replace(s->dir, path, note, len, 0644, err);
	s->stopped = code != SP_OK && code != SP_E_FULL;
	return code;
}

enum sp_code
witness_state_keep(struct witness_state *s, const struct witness_latest *latest,
    const struct sp_buf *note, struct sp_err *err)
{
	SP_AUTO_BUF copy = sp_buf_new(LEDGER_NOTE_MAX);
	char path[PATH_LEN] = STATE "/";
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct kept *k;

	digest(latest->checkpoint.origin, hash);
	sp_hex(hash, sizeof(hash), path + strlen(STATE "/"));
	sp_buf_add(&copy, note->at, note->len);
	SP_TRY(sp_buf_check(&copy, "a checkpoint", err));
	k = find(s, hash);
	if (k == NULL) {
		SP_TRY(add(s, hash, &k, err));
		k->latest = nothing(latest->checkpoint.origin);
	}
	SP_TRY(write_note(s, path, copy.at, copy.len, err));
	sp_buf_free(&k->note);
	k->note = copy;
	copy = sp_buf_new(0);
	k->latest = *latest;
	return SP_OK;
}

static enum sp_code
keep_evidence(struct witness_state *s, struct kept *k,
    const struct ledger_hash *root, const void *note, size_t len,
    struct sp_err *err)
{
	char path[PATH_LEN] = FORKS "/";
	size_t at = strlen(path);
	SP_AUTO_FD there = -1;

	sp_hex(k->origin, sizeof(k->origin), path + at);
	path[at + HASH_HEX] = '-';
	sp_hex(root->b, sizeof(root->b), path + at + HASH_HEX + 1);
	there = openat(s->dir, path, O_RDONLY | O_CLOEXEC);
	if (there >= 0)
		return SP_OK;
	SP_TRY(write_note(s, path, note, len, err));
	k->forks++;
	s->forks++;
	return SP_OK;
}

enum sp_code
witness_state_keep_fork(struct witness_state *s,
    const struct ledger_checkpoint *c, const char *note, size_t len,
    struct sp_err *err)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct kept *k;

	digest(c->origin, hash);
	k = find(s, hash);
	if (k == NULL || k->latest.time == 0)
		return sp_fail(err, SP_E_INVALID,
		    "nothing was cosigned that this would contradict");
	if (k->forks + 2 > WITNESS_FORKS_MAX)
		return SP_OK; /* a pair, or nothing */
	SP_TRY(keep_evidence(
	    s, k, &k->latest.checkpoint.root, k->note.at, k->note.len, err));
	return keep_evidence(s, k, &c->root, note, len, err);
}

/* --- Telling --- */

enum sp_code
witness_state_note(struct witness_state *s,
    const uint8_t origin[static CRYPTO_SHA256_LEN], struct sp_buf *out,
    struct sp_err *err)
{
	enum sp_code code = SP_OK;
	const struct kept *k;

	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	k = find(s, origin);
	if (k == NULL || k->latest.time == 0)
		code = sp_fail(err, SP_E_NOTFOUND,
		    "no checkpoint of that log was cosigned");
	else
		sp_buf_add(out, k->note.at, k->note.len);
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
	return code == SP_OK ? sp_buf_check(out, "a checkpoint", err) : code;
}

bool
witness_state_stopped(struct witness_state *s)
{
	bool stopped;

	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	stopped = s->stopped;
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
	return stopped;
}

void
witness_state_each(struct witness_state *s,
    void (*visit)(void *arg, const struct witness_latest *latest), void *arg)
{
	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	for (size_t i = 0; i < s->n; i++)
		if (s->log[i]->latest.time != 0)
			visit(arg, &s->log[i]->latest);
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
}

size_t
witness_state_forks(struct witness_state *s)
{
	size_t n;

	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	n = s->forks;
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
	return n;
}
