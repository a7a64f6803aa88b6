#include "base/clock.h"
#include "base/parse.h"
#include "crypto/digest.h"
#include "crypto/provider.h"
#include "vault/read.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * Sealing from memory to a folder, beside what it is made of: hash and
 * encryption of 1 MiB pieces in one pass on one thread, each alone, and plain
 * direct writes.  Everything in one run, so that the ratios mean something
 * where absolute times do not.
 */
#define GB         1e9
#define SOURCE     ((size_t)256 << 10) /* what arrives is warm in the cache */
#define CHUNK      ((size_t)64 << 10)
#define PIECES     8
#define SEALS      4
#define HUGE       ((size_t)2 << 20)
#define ROUNDS_MAX 16

struct options {
	const char *dir;
	uint64_t mib;
	uint64_t workers;
	uint64_t rounds;
	const char *only; /* one row's key, or NULL */
	bool json;
};

struct figure {
	double rate; /* GB/s */
	double cpu;  /* CPU seconds per GB, of the whole process */
};

static struct vault_pool *pool;
static struct vault_store *store;
static uint8_t *source;

static _Noreturn void
die(const char *what, const struct sp_err *err)
{
	(void)fprintf(stderr, "seal_bench: %s: %s\n", what, err->text);
	exit(1);
}

static double
cpu_seconds(void)
{
	struct rusage u;

	SP_REQUIRE(getrusage(RUSAGE_SELF, &u) == 0);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Run a task that says how many bytes it went through. */
static struct figure
measure(uint64_t (*task)(const struct options *o), const struct options *o)
{
	double cpu = cpu_seconds();
	int64_t from = sp_ticks();
	double bytes = (double)task(o);
	double took = (double)(sp_ticks() - from) / (double)SP_SECOND;

	return (struct figure){
		.rate = bytes / GB / took,
		.cpu = (cpu_seconds() - cpu) / (bytes / GB),
	};
}

static uint8_t *
map(size_t len)
{
	uint8_t *at = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	SP_REQUIRE(at != MAP_FAILED);
	at += HUGE - (uintptr_t)at % HUGE;
	(void)madvise(at, len, MADV_HUGEPAGE);
	memset(at, 7, len);
	return at;
}

/* ---- The parts ---- */

static uint64_t
pass(const struct options *o, bool hash, bool cipher)
{
	CRYPTO_AUTO_SECRET key = crypto_secret_random(CRYPTO_STREAM_KEY);
	CRYPTO_AUTO_STREAM stream = NULL;
	CRYPTO_AUTO_DIGEST digest = crypto_digest_new(CRYPTO_SHA256);
	static uint8_t *piece;
	uint64_t n = o->mib;
	struct sp_err err;

	if (piece == NULL)
		piece = map(PIECES * VAULT_SEGMENT);
	if (crypto_stream_seal_new(&stream, key, "bench", &err) != SP_OK)
		die("stream", &err);
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *at = piece + i % PIECES * VAULT_SEGMENT;

		if (hash)
			crypto_digest_add(digest, at, CRYPTO_STREAM_REST);
		if (cipher &&
		    crypto_stream_seal(stream, (uint32_t)i + 1, false, at,
			CRYPTO_STREAM_REST, at, &err) != SP_OK)
			die("seal", &err);
	}
	return n * VAULT_SEGMENT;
}

static uint64_t
one_pass(const struct options *o)
{
	return pass(o, true, true);
}

static uint64_t
only_hash(const struct options *o)
{
	return pass(o, true, false);
}

static uint64_t
only_cipher(const struct options *o)
{
	return pass(o, false, true);
}

/* What receiving a segment costs: its bytes are copied once. */
static uint64_t
only_copy(const struct options *o)
{
	static uint8_t *piece;

	if (piece == NULL)
		piece = map(PIECES * VAULT_SEGMENT);
	for (uint64_t i = 0; i < o->mib; i++)
		for (size_t at = 0; at < VAULT_SEGMENT; at += CHUNK)
			memcpy(piece + i % PIECES * VAULT_SEGMENT + at,
			    source + (i * VAULT_SEGMENT + at) % SOURCE, CHUNK);
	return o->mib * VAULT_SEGMENT;
}

static uint64_t
direct_write(const struct options *o)
{
	static uint8_t *piece;
	char path[4096];
	uint64_t n = o->mib;
	int fd;

	if (piece == NULL)
		piece = map(HUGE);
	(void)snprintf(path, sizeof(path), "%s/direct", o->dir);
	fd = open(
	    path, O_CREAT | O_TRUNC | O_WRONLY | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0) {
		perror("seal_bench: O_DIRECT");
		exit(1);
	}
	for (uint64_t i = 0; i < n; i++)
		SP_REQUIRE(
		    pwrite(fd, piece, VAULT_SEGMENT,
			(off_t)(i * VAULT_SEGMENT)) == (ssize_t)VAULT_SEGMENT);
	SP_REQUIRE(fdatasync(fd) == 0 && close(fd) == 0);
	(void)unlink(path);
	return n * VAULT_SEGMENT;
}

/* ---- Sealing ---- */

struct sealer {
	pthread_t thread;
	struct vault_object object;
	const uint8_t *source;
	uint64_t bytes;
};

static void *
seal_one(void *arg)
{
	struct sealer *w = arg;
	VAULT_AUTO_SEAL s = NULL;
	uint8_t sum[CRYPTO_SHA256_LEN];
	struct sp_err err;

	if (vault_seal_new(&s, &w->object, &err) != SP_OK)
		die("new", &err);
	for (uint64_t at = 0; at < w->bytes; at += CHUNK) {
		if (vault_seal_write(s, w->source + at % SOURCE, CHUNK, &err) !=
		    SP_OK)
			die("write", &err);
	}
	if (vault_seal_finish(s, NULL, sum, &err) != SP_OK)
		die("finish", &err);
	return NULL;
}

static uint64_t
seal(const struct options *o, size_t n)
{
	struct sealer w[SEALS];
	struct sp_err err;

	for (size_t i = 0; i < n; i++) {
		w[i] = (struct sealer){
			.object = { .store = store,
			    .pool = pool,
			    .key = crypto_secret_random(CRYPTO_STREAM_KEY),
			    .agency = sp_id_new(),
			    .id = sp_id_new() },
			.source = source,
			.bytes = o->mib / n * VAULT_SEGMENT,
		};
		SP_REQUIRE(
		    pthread_create(&w[i].thread, NULL, seal_one, &w[i]) == 0);
	}
	for (size_t i = 0; i < n; i++) {
		SP_REQUIRE(pthread_join(w[i].thread, NULL) == 0);
		crypto_secret_free(w[i].object.key);
		if (store->ops->remove(
			store, VAULT_KEPT, &w[i].object.id, &err) != SP_OK)
			die("remove", &err);
	}
	return w[0].bytes * n;
}

static uint64_t
seal_1(const struct options *o)
{
	return seal(o, 1);
}

static uint64_t
seal_4(const struct options *o)
{
	return seal(o, SEALS);
}

/* ---- The table ---- */

static const struct {
	const char *key, *what;
	uint64_t (*task)(const struct options *o);
} rows[] = {
	{ "hash", "SHA-256, one thread", only_hash },
	{ "cipher", "AES-256-GCM, one thread", only_cipher },
	{ "pass", "both in one pass, one thread", one_pass },
	{ "copy", "copying to segment buffers", only_copy },
	{ "write", "O_DIRECT writes of 1 MiB", direct_write },
	{ "seal1", "sealing, one stream", seal_1 },
	{ "seal4", "sealing, four streams", seal_4 },
};
enum { PASS = 2, SEAL1 = 5, SEAL4 = 6 };

static int
by_rate(const void *a, const void *b)
{
	const struct figure *x = a, *y = b;

	return (x->rate > y->rate) - (x->rate < y->rate);
}

static bool
wanted(const struct options *o, size_t i)
{
	return o->only == NULL || strcmp(o->only, rows[i].key) == 0;
}

static void
show_text(const struct figure *f)
{
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		(void)printf("%-30s %6.2f GB/s %6.2f CPU s/GB\n", rows[i].what,
		    f[i].rate, f[i].cpu);
	(void)printf(
	    "of one pass, per CPU second: one stream %.2f, four %.2f\n"
	    "of one core's pass, in time: one stream %.2f, four %.2f\n",
	    f[PASS].cpu / f[SEAL1].cpu, f[PASS].cpu / f[SEAL4].cpu,
	    f[SEAL1].rate / f[PASS].rate, f[SEAL4].rate / f[PASS].rate);
}

static void
show_json(const struct figure *f)
{
	(void)printf("{");
	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		(void)printf("%s\"%s\":{\"rate\":%.3f,\"cpu\":%.3f}",
		    i == 0 ? "" : ",", rows[i].key, f[i].rate, f[i].cpu);
	(void)printf("}\n");
}

static bool
number(const char *s, uint64_t max, uint64_t *out)
{
	return sp_parse_u64(s, strlen(s), 1, max, out);
}

static bool
parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "mib", required_argument, NULL, 'm' },
		{ "workers", required_argument, NULL, 'w' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		bool ok = c != '?';

		if (c == 'd')
			o->dir = optarg;
		else if (c == 'm')
			ok = number(optarg, 1 << 20, &o->mib);
		else if (c == 'w')
			ok = number(optarg, 64, &o->workers);
		else if (c == 'r')
			ok = number(optarg, ROUNDS_MAX, &o->rounds);
		else if (c == 'o')
			o->only = optarg;
		else if (c == 'j')
			o->json = true;
		if (!ok)
			return false;
	}
	return optind == argc && o->dir != NULL && o->mib >= SEALS;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.mib = 2048,
		.workers = 1 + (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
		.rounds = 3,
	};
	struct figure f[SP_COUNTOF(rows)][ROUNDS_MAX] = { 0 };
	struct figure median[SP_COUNTOF(rows)];
	struct sp_err err;

	if (!parse(argc, argv, &o)) {
		(void)fprintf(stderr,
		    "usage: seal_bench --dir DIR [--mib N] "
		    "[--workers N] [--rounds N] [--only ROW] "
		    "[--json]\n");
		return 2;
	}
	if (crypto_provider_open("", &err) != SP_OK ||
	    vault_pool_new(&pool, 64, o.workers, &err) != SP_OK ||
	    vault_store_open_fs(&store, o.dir, &err) != SP_OK)
		die("start", &err);
	source = map(SOURCE);
	crypto_random(source, SOURCE);
	/* Interleaved: a slow minute of the machine slows all rows. */
	for (uint64_t r = 0; r < o.rounds; r++)
		for (size_t i = 0; i < SP_COUNTOF(rows); i++)
			if (wanted(&o, i))
				f[i][r] = measure(rows[i].task, &o);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		qsort(f[i], o.rounds, sizeof(f[i][0]), by_rate);
		median[i] = f[i][o.rounds / 2];
	}
	if (o.json)
		show_json(median);
	else
		show_text(median);
	vault_store_free(store);
	vault_pool_free(pool);
	return 0;
}
