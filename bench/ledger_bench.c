#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/parse.h"
#include "crypto/provider.h"
#include "ledger/writer.h"

#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * The ledger: entries a second with a signed checkpoint and one fsync a batch,
 * the latency of a single durable act beside that of a bare fsync, of proofs
 * and of an audit at a million entries.  Signed in this process.
 */
#define AGENCIES   10
#define WRITERS    4 /* threads that queue large acts in one agency */
#define THREADS    1000
#define ACT        1000 /* entries of a large act */
#define MILLION    1000000
#define PROOFS     20000
#define PAGE       4096
#define SAMPLES    (1 << 20)
#define REMEMBERED 65536

struct options {
	const char *dir;
	uint64_t seconds;
	bool json;
};

static _Noreturn void
die(const char *what, const struct sp_err *err)
{
	(void)fprintf(stderr, "ledger_bench: %s: %s\n", what, err->text);
	exit(1);
}

/* An agency: database, log, writer, and a key of its own. */
struct agency {
	char dir[1024];
	struct crypto_signer *key;
	struct ledger_vkey vkey;
	struct ledger_log *log;
	struct ledger_writer *writer;
	struct sp_id id;
	struct sp_id *past; /* objects of earlier entries */
	uint64_t entries;
};

static enum sp_code
sign(void *self, const char *text, size_t len, struct sp_buf *note,
    struct sp_err *err)
{
	struct agency *a = self;
	uint8_t sig[CRYPTO_SIGN_LEN];

	SP_TRY(crypto_signer_sign(a->key, text, len, sig, err));
	ledger_note_sigline(&a->vkey, sig, note);
	return SP_OK;
}

static enum sp_code
open_agency(struct agency *a, const char *dir, unsigned n, struct sp_err *err)
{
	static const char *const schema[] = { ledger_log_schema };
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct ledger_signer signer = { sign, a };
	char path[1100], name[64];
	struct db *db = NULL;

	(void)snprintf(a->dir, sizeof(a->dir), "%s/agency%u", dir, n);
	(void)snprintf(path, sizeof(path), "%s/agency.db", a->dir);
	(void)snprintf(name, sizeof(name), "bench.example/agency%u", n);
	a->id = sp_id_new();
	a->past = calloc(REMEMBERED, sizeof(*a->past));
	SP_REQUIRE(seed != NULL && a->past != NULL);
	SP_TRY(sp_file_mkdir(AT_FDCWD, a->dir, 0700, err));
	SP_TRY(crypto_sign_public(seed, pub, err));
	SP_TRY(crypto_signer_new(&a->key, seed, err));
	SP_TRY(ledger_vkey_make(name, pub, &a->vkey, err));
	SP_TRY(db_open(&db, path, DB_CREATE, err));
	SP_TRY(db_migrate(db, schema, 1, err));
	SP_TRY(ledger_log_open(&a->log, db, a->dir, &a->vkey, &signer, err));
	return ledger_writer_open(&a->writer, db, a->log, err);
}

static void
close_agency(struct agency *a)
{
	ledger_writer_close(a->writer);
	ledger_log_close(a->log);
	crypto_signer_free(a->key);
	free(a->past);
}

/* An entry as serving bytes of evidence makes it; every second one is about
 * an object of an earlier entry. */
static enum sp_code
append_one(struct ledger_tx *tx, struct agency *a, struct sp_err *err)
{
	uint64_t n = a->entries++;
	struct sp_id *slot = &a->past[n * 7919 % REMEMBERED];
	struct ledger_entry e = {
		.act = "evidence.closed",
		.actor_kind = "token",
		.actor = a->id,
		.address = "192.0.2.7",
		.agency = a->id,
		.at = sp_now(),
		.object_kind = "evidence",
		.outcome = LEDGER_DONE,
		.source = "api",
		.detail = "{\"bytes\":1048576,\"first\":1795286744,"
			  "\"ranges\":12,\"viewing\":"
			  "\"0193a5b0-0000-7000-8000-000000000003\"}",
	};

	if (n % 2 == 0 || slot->b[6] == 0)
		*slot = sp_id_new();
	e.object = *slot;
	return ledger_tx_append(tx, &e, NULL, err);
}

static enum sp_code
large_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	for (int i = 0; i < ACT; i++)
		SP_TRY(append_one(tx, arg, err));
	return SP_OK;
}

static enum sp_code
single_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	return append_one(tx, arg, err);
}

static void
run(struct agency *a, ledger_act act)
{
	struct sp_err err;

	if (ledger_writer_run(a->writer, act, a, &err) != SP_OK)
		die("act", &err);
}

static double
seconds_since(int64_t from)
{
	return (double)(sp_ticks() - from) / (double)SP_SECOND;
}

static double
cpu_seconds(void)
{
	struct rusage u;

	SP_REQUIRE(getrusage(RUSAGE_SELF, &u) == 0);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct times {
	double p50, p99; /* microseconds */
	size_t n;
	int64_t *ns;
};

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
times_start(struct times *t)
{
	t->n = 0;
	t->ns = calloc(SAMPLES, sizeof(*t->ns));
	SP_REQUIRE(t->ns != NULL);
}

static void
times_add(struct times *t, int64_t from)
{
	if (t->n < SAMPLES)
		t->ns[t->n++] = now_ns() - from;
}

static void
times_end(struct times *t)
{
	size_t middle, last;

	SP_REQUIRE(t->n > 0);
	qsort(t->ns, t->n, sizeof(*t->ns), by_value);
	middle = t->n / 2;
	last = t->n - 1 - t->n / 100;
	t->p50 = (double)t->ns[middle] / 1e3;
	t->p99 = (double)t->ns[last] / 1e3;
	free(t->ns);
	t->ns = NULL;
}

struct rate {
	double per_second;
	double cpu_us; /* of the whole process, for each */
};

struct results {
	struct times fsync, single, proof;
	struct rate batches, durable, ten;
	double audit_s;
	uint64_t audited;
};

/* One durable act, and beside it a page appended and made durable, as the least
 * that any store must do: in turn, so that both meet the same weather. */
static void
measure_single(const struct options *o, struct agency *a, struct results *r)
{
	static const uint8_t page[PAGE] = { 1 };
	int64_t end = sp_ticks() + (int64_t)o->seconds * SP_SECOND;
	char path[1100];
	SP_AUTO_FD fd = -1;
	off_t at = 0;

	(void)snprintf(path, sizeof(path), "%s/page", o->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	SP_REQUIRE(fd >= 0);
	times_start(&r->fsync);
	times_start(&r->single);
	for (; sp_ticks() < end; at += PAGE) {
		int64_t from = now_ns();

		SP_REQUIRE(pwrite(fd, page, PAGE, at) == PAGE);
		SP_REQUIRE(fdatasync(fd) == 0);
		times_add(&r->fsync, from);
		from = now_ns();
		run(a, single_act);
		times_add(&r->single, from);
	}
	times_end(&r->fsync);
	times_end(&r->single);
}

/* `n` threads, each running acts one after the other until `end`. */
struct crowd {
	struct agency *agency;
	ledger_act act;
	int64_t end;
};

static void *
crowd_main(void *arg)
{
	struct crowd *c = arg;

	while (sp_ticks() < c->end)
		run(c->agency, c->act);
	return NULL;
}

static struct rate
measure_crowd(struct crowd *crowd, size_t n, size_t stride, uint64_t seconds)
{
	pthread_t *thread = calloc(n, sizeof(*thread));
	int64_t from = sp_ticks();
	double cpu = cpu_seconds(), took;
	uint64_t before = 0, after = 0;
	pthread_attr_t attr;

	SP_REQUIRE(thread != NULL);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 256 << 10);
	for (size_t i = 0; i < n; i += stride)
		before += crowd[i].agency->entries;
	for (size_t i = 0; i < n; i++) {
		crowd[i].end = from + (int64_t)seconds * SP_SECOND;
		SP_REQUIRE(pthread_create(
			       &thread[i], &attr, crowd_main, &crowd[i]) == 0);
	}
	for (size_t i = 0; i < n; i++)
		SP_REQUIRE(pthread_join(thread[i], NULL) == 0);
	took = seconds_since(from);
	for (size_t i = 0; i < n; i += stride)
		after += crowd[i].agency->entries;
	(void)pthread_attr_destroy(&attr);
	free(thread);
	return (struct rate){
		.per_second = (double)(after - before) / took,
		.cpu_us =
		    (cpu_seconds() - cpu) * 1e6 / (double)(after - before),
	};
}

static void
measure_proofs(struct agency *a, struct times *t)
{
	uint64_t at = 1, size = ledger_log_size(a->log);
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;

	times_start(t);
	for (int i = 0; i < PROOFS; i++) {
		int64_t from;

		at = at * UINT64_C(6364136223846793005) + 1442695;
		sp_buf_clear(&proof);
		from = now_ns();
		if (ledger_log_proof(a->log, (at >> 20) % size, &proof, &err) !=
		    SP_OK)
			die("proof", &err);
		times_add(t, from);
	}
	times_end(t);
}

static void
measure_audit(struct agency *a, struct results *r)
{
	char path[1100];
	DB_AUTO db = NULL;
	struct sp_err err;
	int64_t from;

	(void)snprintf(path, sizeof(path), "%s/agency.db", a->dir);
	if (db_open(&db, path, DB_READ, &err) != SP_OK)
		die("audit", &err);
	from = sp_ticks();
	if (ledger_log_audit(a->log, db, &err) != SP_OK)
		die("audit", &err);
	r->audit_s = seconds_since(from);
	r->audited = ledger_log_size(a->log);
}

static void
measure(const struct options *o, struct results *r)
{
	static struct agency agency[AGENCIES];
	static struct crowd crowd[THREADS];
	struct sp_err err;

	for (unsigned i = 0; i < AGENCIES; i++)
		if (open_agency(&agency[i], o->dir, i, &err) != SP_OK)
			die("open", &err);
	measure_single(o, &agency[0], r);
	for (size_t i = 0; i < THREADS; i++)
		crowd[i] = (struct crowd){ &agency[0], single_act, 0 };
	r->durable = measure_crowd(crowd, THREADS, THREADS, o->seconds);
	for (size_t i = 0; i < WRITERS; i++)
		crowd[i].act = large_act;
	r->batches = measure_crowd(crowd, WRITERS, WRITERS, o->seconds);
	for (size_t i = 0; i < AGENCIES; i++)
		crowd[i] = (struct crowd){ &agency[i], large_act, 0 };
	r->ten = measure_crowd(crowd, AGENCIES, 1, o->seconds);
	while (ledger_log_size(agency[0].log) < MILLION)
		run(&agency[0], large_act);
	measure_proofs(&agency[0], &r->proof);
	measure_audit(&agency[0], r);
	for (unsigned i = 0; i < AGENCIES; i++)
		close_agency(&agency[i]);
}

static void
print_table(const struct results *r)
{
	(void)printf("%-44s %12.0f\n",
	    "one agency, 4 x acts of 1,000 entries: /s", r->batches.per_second);
	(void)printf("%-44s %12.2f\n", "  CPU us an entry", r->batches.cpu_us);
	(void)printf("%-44s %12.0f\n", "ten agencies, acts of 1,000: /s",
	    r->ten.per_second);
	(void)printf("%-44s %12.0f\n", "1,000 threads, single durable acts: /s",
	    r->durable.per_second);
	(void)printf(
	    "%-44s %12.0f\n", "4 KiB and fsync: us, median", r->fsync.p50);
	(void)printf(
	    "%-44s %12.0f\n", "one durable act: us, median", r->single.p50);
	(void)printf("%-44s %12.0f\n", "  99 % within", r->single.p99);
	(void)printf(
	    "%-44s %12.2f\n", "  in fsync times", r->single.p50 / r->fsync.p50);
	(void)printf("%-44s %12.1f\n", "proof at 10^6 entries: us, median",
	    r->proof.p50);
	(void)printf("%-44s %12.1f\n", "  99 % within", r->proof.p99);
	(void)printf("%-44s %12.2f\n", "audit, seconds a million entries",
	    r->audit_s * MILLION / (double)r->audited);
}

static void
print_json(const struct results *r)
{
	(void)printf(
	    "{\"act_entries\":%d,\"audit_s_per_million\":%.3f,"
	    "\"batches\":{\"cpu_us\":%.3f,\"per_second\":%.0f,\"threads\":%d},"
	    "\"durable\":{\"per_second\":%.0f,\"threads\":%d},"
	    "\"fsync\":{\"p50_us\":%.1f,\"p99_us\":%.1f},"
	    "\"proof\":{\"entries\":%ju,\"p50_us\":%.2f,\"p99_us\":%.2f},"
	    "\"single\":{\"fsyncs\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f},"
	    "\"ten\":{\"agencies\":%d,\"cpu_us\":%.3f,\"per_second\":%.0f}}\n",
	    ACT, r->audit_s * MILLION / (double)r->audited, r->batches.cpu_us,
	    r->batches.per_second, WRITERS, r->durable.per_second, THREADS,
	    r->fsync.p50, r->fsync.p99, (uintmax_t)r->audited, r->proof.p50,
	    r->proof.p99, r->single.p50 / r->fsync.p50, r->single.p50,
	    r->single.p99, AGENCIES, r->ten.cpu_us, r->ten.per_second);
}

static _Noreturn void
usage(void)
{
	(void)fprintf(
	    stderr, "usage: ledger_bench --dir DIR [--seconds N] [--json]\n");
	exit(2);
}

static struct options
parse(int argc, char **argv)
{
	static const struct option all[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "seconds", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	struct options o = { .seconds = 5 };
	int c;

	while ((c = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (c == 'd')
			o.dir = optarg;
		else if (c == 'j')
			o.json = true;
		else if (c != 's' ||
		    !sp_parse_u64(optarg, strlen(optarg), 1, 3600, &o.seconds))
			usage();
	}
	if (o.dir == NULL || optind != argc)
		usage();
	return o;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct results r;
	char dir[512];
	struct sp_err err;

	(void)snprintf(dir, sizeof(dir), "%s/ledger-bench-XXXXXX", o.dir);
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return 1;
	}
	o.dir = dir;
	if (crypto_provider_open("", &err) != SP_OK)
		die("crypto", &err);
	measure(&o, &r);
	if (o.json)
		print_json(&r);
	else
		print_table(&r);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
