#include "ledger/hashes.h"

#include "base/file.h"
#include "ledger/rows.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	TAIL_ROOM = 1 << 20, /* bytes worth keeping allocated */
	RUN = 4096,          /* hashes written at once when mending */
};

struct ledger_hashes {
	int fd;
	_Atomic uint64_t in_file; /* grows only, after the bytes are there */
	pthread_mutex_t lock;     /* for what follows, and for growing */
	struct sp_buf tail;       /* the hashes after those in the file */
};

static uint64_t
in_tail(const struct ledger_hashes *h)
{
	return h->tail.len / LEDGER_HASH_LEN;
}

static enum sp_code
open_file(int *fd, const char *dir, uint64_t *count, struct sp_err *err)
{
	char path[4096];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/hashes", dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return sp_fail(err, SP_E_LIMIT, "%s: too long a path", dir);
	SP_TRY(sp_file_mkdir(AT_FDCWD, dir, 0700, err));
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return sp_fail_os(err, "open %s", path);
	if (fstat(*fd, &st) != 0)
		return sp_fail_os(err, "open %s", path);
	*count = (uint64_t)st.st_size / LEDGER_HASH_LEN;
	return SP_OK;
}

enum sp_code
ledger_hashes_open(struct ledger_hashes **out, const char *dir, uint64_t end,
    struct sp_err *err)
{
	SP_AUTO_FD fd = -1;
	struct ledger_hashes *h;
	uint64_t count = 0;

	SP_TRY(open_file(&fd, dir, &count, err));
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return sp_fail(err, SP_E_NOMEM, "hashes file");
	h->fd = sp_file_steal(&fd);
	atomic_init(&h->in_file, count < end ? count : end);
	(void)pthread_mutex_init(&h->lock, NULL);
	h->tail = sp_buf_new(LEDGER_HASHES_KEPT * LEDGER_HASH_LEN);
	*out = h;
	return SP_OK;
}

void
ledger_hashes_close(struct ledger_hashes *h)
{
	if (h == NULL)
		return;
	sp_file_closep(&h->fd);
	sp_buf_free(&h->tail);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

uint64_t
ledger_hashes_end(struct ledger_hashes *h)
{
	uint64_t end;

	(void)pthread_mutex_lock(&h->lock);
	end = atomic_load(&h->in_file) + in_tail(h);
	(void)pthread_mutex_unlock(&h->lock);
	return end;
}

static enum sp_code
no_hash(uint64_t at, struct sp_err *err)
{
	return sp_fail(
	    err, SP_E_CORRUPT, "hashes file: no hash %ju", (uintmax_t)at);
}

static enum sp_code
read_file(struct ledger_hashes *h, uint64_t at, struct ledger_hash *out,
    size_t n, struct sp_err *err)
{
	size_t len = n * LEDGER_HASH_LEN, got = 0;

	SP_TRY(sp_file_pread_all(
	    h->fd, out, len, (off_t)(at * LEDGER_HASH_LEN), &got, err));
	return got == len ? SP_OK : no_hash(at + got / LEDGER_HASH_LEN, err);
}

static enum sp_code
read_tail(struct ledger_hashes *h, uint64_t at, struct ledger_hash *out,
    size_t n, struct sp_err *err)
{
	enum sp_code code = SP_OK;
	uint64_t in_file;

	(void)pthread_mutex_lock(&h->lock);
	in_file = atomic_load(&h->in_file);
	if (at + n <= in_file) /* written meanwhile */
		code = read_file(h, at, out, n, err);
	else if (at < in_file || at + n > in_file + in_tail(h))
		code = no_hash(in_file + in_tail(h), err);
	else
		memcpy(out, h->tail.at + (at - in_file) * LEDGER_HASH_LEN,
		    n * LEDGER_HASH_LEN);
	(void)pthread_mutex_unlock(&h->lock);
	return code;
}

enum sp_code
ledger_hashes_read(struct ledger_hashes *h, uint64_t at,
    struct ledger_hash *out, size_t n, struct sp_err *err)
{
	uint64_t in_file = atomic_load(&h->in_file);
	uint64_t first = at >= in_file ? 0 : in_file - at;

	if (first > n)
		first = n;
	if (first != 0)
		SP_TRY(read_file(h, at, out, (size_t)first, err));
	if (first == n)
		return SP_OK;
	return read_tail(h, at + first, out + first, n - (size_t)first, err);
}

/* What is behind the file goes into it, if it now can. */
static void
flush(struct ledger_hashes *h)
{
	uint64_t in_file = atomic_load(&h->in_file);
	off_t at = (off_t)(in_file * LEDGER_HASH_LEN);

	/* Whatever the failure, the tail is still here. */
	if (sp_file_pwrite_all(h->fd, h->tail.at, h->tail.len, at, NULL) !=
	    SP_OK)
		return;
	atomic_store(&h->in_file, in_file + in_tail(h));
	if (h->tail.cap > TAIL_ROOM)
		sp_buf_free(&h->tail);
	else
		sp_buf_clear(&h->tail);
}

static enum sp_code
append(struct ledger_hashes *h, const struct ledger_hash *hash, size_t n,
    struct sp_err *err)
{
	size_t before = h->tail.len;
	bool kept;

	sp_buf_add(&h->tail, hash, n * LEDGER_HASH_LEN);
	kept = sp_buf_ok(&h->tail);
	if (!kept)
		sp_buf_cut(&h->tail, before);
	flush(h);
	return kept
	    ? SP_OK
	    : sp_fail(err, SP_E_FULL,
		  "hashes file: cannot be written, %zu bytes wait", before);
}

/* Those in the file may be read meanwhile, before and after. */
static enum sp_code
overwrite(struct ledger_hashes *h, uint64_t at, const struct ledger_hash *hash,
    size_t n, struct sp_err *err)
{
	uint64_t in_file = atomic_load(&h->in_file);
	size_t first = 0;

	if (at < in_file) {
		first = in_file - at < n ? (size_t)(in_file - at) : n;
		SP_TRY(sp_file_pwrite_all(h->fd, hash, first * LEDGER_HASH_LEN,
		    (off_t)(at * LEDGER_HASH_LEN), err));
	}
	if (first < n)
		memcpy(h->tail.at + (at + first - in_file) * LEDGER_HASH_LEN,
		    hash + first, (n - first) * LEDGER_HASH_LEN);
	return SP_OK;
}

static enum sp_code
put(struct ledger_hashes *h, uint64_t at, const struct ledger_hash *hash,
    size_t n, struct sp_err *err)
{
	uint64_t end = atomic_load(&h->in_file) + in_tail(h);
	size_t over;

	if (at > end)
		return sp_fail(err, SP_E_CONFLICT,
		    "hashes file: ends at %ju, before %ju", (uintmax_t)end,
		    (uintmax_t)at);
	over = end - at < n ? (size_t)(end - at) : n;
	if (over != 0)
		SP_TRY(overwrite(h, at, hash, over, err));
	if (over < n)
		SP_TRY(append(h, hash + over, n - over, err));
	return SP_OK;
}

enum sp_code
ledger_hashes_put(struct ledger_hashes *h, uint64_t at,
    const struct ledger_hash *hash, size_t n, struct sp_err *err)
{
	enum sp_code code;

	(void)pthread_mutex_lock(&h->lock);
	code = put(h, at, hash, n, err);
	(void)pthread_mutex_unlock(&h->lock);
	return code;
}

static enum sp_code
read_node(void *self, unsigned level, uint64_t index, struct ledger_hash *out,
    struct sp_err *err)
{
	return ledger_hashes_read(
	    self, ledger_merkle_position(level, index), out, 1, err);
}

struct ledger_nodes
ledger_hashes_nodes(struct ledger_hashes *h)
{
	return (struct ledger_nodes){ read_node, h };
}

/* The full subtrees of the first `size` leaves, as the file has them. */
static enum sp_code
read_frontier(struct ledger_hashes *h, uint64_t size,
    struct ledger_frontier *out, struct sp_err *err)
{
	struct ledger_frontier f = { .size = size };

	for (unsigned level = 0; size >> level != 0; level++)
		if ((size >> level & 1) != 0)
			SP_TRY(read_node(h, level, (size >> level) - 1,
			    &f.node[level], err));
	*out = f;
	return SP_OK;
}

static bool
same_tree(const struct ledger_frontier *a, const struct ledger_frontier *b)
{
	if (a->size != b->size)
		return false;
	for (unsigned level = 0; level < 64; level++)
		if ((a->size >> level & 1) != 0 &&
		    memcmp(a->node[level].b, b->node[level].b,
			LEDGER_HASH_LEN) != 0)
			return false;
	return true;
}

bool
ledger_hashes_match(struct ledger_hashes *h, const struct ledger_frontier *tree)
{
	struct ledger_frontier have;

	return ledger_hashes_end(h) >= ledger_merkle_count(tree->size) &&
	    read_frontier(h, tree->size, &have, NULL) == SP_OK &&
	    same_tree(&have, tree);
}

/* Leaves on their way into a tree, and what it makes into the file. */
struct making {
	struct ledger_frontier tree;
	struct ledger_hashes *into; /* NULL: only the tree */
	uint64_t at;
	size_t n;
	struct ledger_hash run[RUN + 65];
};

static enum sp_code
write_run(struct making *m, struct sp_err *err)
{
	if (m->into != NULL && m->n != 0)
		SP_TRY(ledger_hashes_put(m->into, m->at, m->run, m->n, err));
	m->at += m->n;
	m->n = 0;
	return SP_OK;
}

static enum sp_code
make_leaf(void *arg, const struct ledger_row *row, struct sp_err *err)
{
	struct making *m = arg;

	m->n += ledger_frontier_append(&m->tree, &row->leaf, m->run + m->n);
	return m->n < RUN ? SP_OK : write_run(m, err);
}

/* From the first `size` leaves, whose subtrees are right or not, to `tree`. */
static enum sp_code
make_from(struct making *m, struct db *db, const struct ledger_frontier *start,
    const struct ledger_frontier *tree, struct sp_err *err)
{
	struct ledger_visitor v = { make_leaf, m };

	m->tree = *start;
	m->at = ledger_merkle_count(start->size);
	m->n = 0;
	SP_TRY(ledger_rows_leaves(db, start->size, tree->size, &v, err));
	SP_TRY(write_run(m, err));
	if (!same_tree(&m->tree, tree))
		return sp_fail(err, SP_E_CORRUPT,
		    "ledger: the entries' hashes do not make the root of the "
		    "checkpoint of size %ju",
		    (uintmax_t)tree->size);
	return SP_OK;
}

static enum sp_code
prove_and_make(struct ledger_hashes *h, struct db *db,
    const struct ledger_frontier *start, const struct ledger_frontier *tree,
    struct sp_err *err)
{
	struct making *m = calloc(1, sizeof(*m));
	enum sp_code code;

	if (m == NULL)
		return sp_fail(err, SP_E_NOMEM, "hashes file");
	code = make_from(m, db, start, tree, err);
	m->into = h;
	if (code == SP_OK)
		code = make_from(m, db, start, tree, err);
	free(m);
	return code;
}

/* The largest tree whose hashes are all there, up to `size`. */
static uint64_t
whole_trees(struct ledger_hashes *h, uint64_t size)
{
	uint64_t end = ledger_hashes_end(h), n = end / 2;

	while (ledger_merkle_count(n + 1) <= end)
		n++;
	return n < size ? n : size;
}

enum sp_code
ledger_hashes_mend(struct ledger_hashes *h, struct db *db,
    const struct ledger_frontier *tree, bool whole, struct sp_err *err)
{
	struct ledger_frontier start = { .size = 0 };
	uint64_t have = whole ? 0 : whole_trees(h, tree->size);

	if (have != 0 && read_frontier(h, have, &start, NULL) == SP_OK &&
	    prove_and_make(h, db, &start, tree, NULL) == SP_OK)
		return SP_OK;
	start.size = 0;
	return prove_and_make(h, db, &start, tree, err);
}
