#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/parse.h"
#include "crypto/provider.h"
#include "evidence/session.h"
#include "evidence/site.h"
#include "keeper/spawn.h"
#include "keeper_self.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * fill DIR --agency SLUG --items N | --entries N  < token
 *
 * Brings a site that `sallyport init` made, and that nobody serves now, to N
 * items or N entries: with a keeper, through the agency's one writer, each
 * item created, taken in and sealed by the calls that the server makes for
 * it.  Two things are not as when serving: there is no network, and files
 * of objects are not synced one by one (the database is), because what is
 * filled here need not outlive the power.
 *
 * Says {"entries":N,"items":N,"seconds":S} in the end.
 */
#define SENDERS 256
#define TINY    64   /* bytes of an item */
#define ACT     1000 /* entries of an act */

int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int
__wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

int
__wrap_fdatasync(int fd)
{
	(void)fd;
	return 0;
}

struct fill {
	const char *dir, *slug;
	uint64_t items, entries;
	pid_t keeper;
	struct evidence_site *site;
	struct evidence_room *room;
	struct gate_caller who;
	atomic_uint_fast64_t begun;
	uint64_t entry; /* the next one's number */
};

static _Noreturn void
die(const char *what, const struct sp_err *err)
{
	(void)fprintf(stderr, "fill: %s: %s\n", what, err->text);
	exit(1);
}

#define MUST(what, call)                                                       \
	do {                                                                   \
		if ((call) != SP_OK)                                           \
			die(what, &err);                                       \
	} while (0)

/* ---- Opening ---- */

static void
take_lock(const struct fill *f)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/lock", f->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)fprintf(stderr, "fill: %s is served now\n", f->dir);
		exit(1);
	} /* held until the end */
}

static struct crypto_secret *
unlock_key(const struct fill *f)
{
	SP_AUTO_BUF text = sp_buf_secret(KEEPER_UNLOCK_MAX);
	struct crypto_secret *key;
	struct sp_err err;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/keeper/unlock.key", f->dir);
	MUST("unlock.key", sp_file_read(AT_FDCWD, path, &text, &err));
	while (text.len > 0 && text.at[text.len - 1] == '\n')
		text.len--;
	key = crypto_secret_from(text.at, text.len);
	SP_REQUIRE(key != NULL);
	return key;
}

static void
open_room(struct fill *f)
{
	struct evidence_site_options o = { .dir = f->dir };
	CRYPTO_AUTO_SECRET unlock = unlock_key(f);
	char token[GATE_TOKEN_TEXT + 2] = "";
	const struct evidence_shown shown = {
		.bearer = token,
		.address = "192.0.2.7",
	};
	struct sp_err err;
	int sock;

	if (fgets(token, sizeof(token), stdin) != NULL)
		token[strcspn(token, "\n")] = '\0';
	MUST("site", evidence_site_open(&f->site, &o, &err));
	MUST("keeper", keeper_spawn(f->dir, unlock, &f->keeper, &sock, &err));
	keeper_client_attach(evidence_site_keeper(f->site), sock);
	MUST("agency", evidence_site_room(f->site, f->slug, &f->room, &err));
	MUST("token", evidence_room_know(f->room, &shown, &f->who, &err));
	f->who.source = "api";
}

/* ---- Items ---- */

static enum sp_code
create(struct fill *f, struct gate_pass *pass, uint64_t n, struct sp_id *id,
    struct sp_err *err)
{
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct evidence_upload_new new = { .length = TINY };
	struct evidence_meta meta;
	char name[40], plain[80] = "filename ";
	enum sp_code code;
	size_t len;

	evidence_meta_init(&meta);
	len = (size_t)snprintf(name, sizeof(name), "clip-%ju.mp4", n);
	sp_base64(name, len, plain + strlen(plain));
	code = evidence_meta_set(&meta, "filename", name, len, err);
	if (code == SP_OK)
		code = evidence_meta_set(&meta, "category",
		    n % 10 == 0 ? "use_of_force" : "traffic",
		    n % 10 == 0 ? 12 : 7, err);
	if (code == SP_OK)
		code = evidence_meta_check(&meta, err);
	new.metadata = plain;
	new.meta = &meta;
	if (code == SP_OK)
		code = evidence_upload_create(f->room, pass, &new, &up, err);
	if (code == SP_OK)
		*id = up.id;
	evidence_meta_done(&meta);
	return code;
}

static enum sp_code
take_in(struct fill *f, uint64_t n, struct sp_err *err)
{
	struct gate_object on = { .kind = "evidence" };
	struct evidence_patch p = { .length = EVIDENCE_LENGTH_UNKNOWN,
		.content = TINY };
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	GATE_AUTO_PASS pass = NULL;
	struct evidence_session *s;
	uint8_t bytes[TINY] = { 0 };
	enum sp_code code;
	struct sp_id id;

	memcpy(bytes, &n, sizeof(n));
	SP_TRY(gate_admit(evidence_room_gate(f->room), &f->who, GATE_UPLOAD,
	    &on, &pass, err));
	SP_TRY(create(f, pass, n, &id, err));
	SP_TRY(evidence_session_begin(&s, f->room, pass, &id, &p, err));
	code = evidence_session_write(s, bytes, sizeof(bytes), err);
	if (code != SP_OK) {
		SP_IGNORE(evidence_session_end(s, false, NULL, NULL));
		return code;
	}
	return evidence_session_end(s, true, &up, err);
}

static void *
sender(void *arg)
{
	struct fill *f = arg;
	struct sp_err err;
	uint64_t n;

	while ((n = atomic_fetch_add(&f->begun, 1)) < f->items)
		MUST("item", take_in(f, n, &err));
	return NULL;
}

static void
fill_items(struct fill *f)
{
	pthread_t thread[SENDERS];

	f->begun = evidence_room_items(f->room);
	for (size_t i = 0; i < SENDERS; i++)
		SP_REQUIRE(pthread_create(&thread[i], NULL, sender, f) == 0);
	for (size_t i = 0; i < SENDERS; i++)
		SP_REQUIRE(pthread_join(thread[i], NULL) == 0);
}

/* ---- Entries ---- */

/* As the end of a viewing makes it. */
static enum sp_code
append(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct fill *f = arg;

	for (int i = 0; i < ACT && ledger_tx_size(tx) < f->entries; i++) {
		struct sp_id object = sp_id_new();
		struct ledger_entry e =
		    gate_entry(&f->who, "evidence.closed", "evidence", &object);
		char detail[64];

		(void)snprintf(detail, sizeof(detail),
		    "{\"bytes\":1048576,\"opened\":%ju}", f->entry++);
		e.detail = detail;
		SP_TRY(ledger_tx_append(tx, &e, NULL, err));
	}
	return SP_OK;
}

static void
fill_entries(struct fill *f)
{
	struct sp_err err;

	while (ledger_log_size(evidence_room_log(f->room)) < f->entries)
		MUST("entries",
		    ledger_writer_run(
			evidence_room_writer(f->room), append, f, &err));
}

/* ---- The program ---- */

static _Noreturn void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: fill DIR --agency SLUG [--items N] [--entries N]\n");
	exit(2);
}

static bool
number(const char *s, uint64_t *out)
{
	return sp_parse_u64(s, strlen(s), 1, UINT64_C(100000000), out);
}

static struct fill
parse(int argc, char **argv)
{
	static const struct option all[] = {
		{ "agency", required_argument, NULL, 'a' },
		{ "items", required_argument, NULL, 'i' },
		{ "entries", required_argument, NULL, 'e' },
		{ 0 },
	};
	struct fill f = { .slug = NULL };
	int c;

	while ((c = getopt_long(argc, argv, "", all, NULL)) != -1) {
		if (c == 'a')
			f.slug = optarg;
		else if ((c != 'i' || !number(optarg, &f.items)) &&
		    (c != 'e' || !number(optarg, &f.entries)))
			usage();
	}
	if (f.slug == NULL || optind + 1 != argc)
		usage();
	f.dir = argv[optind];
	return f;
}

int
main(int argc, char **argv)
{
	struct sp_err err;
	struct fill f;
	int64_t from;

	if (crypto_provider_open("", &err) != SP_OK)
		die("crypto", &err);
	KEEPER_TEST_MAIN(argc, argv);
	f = parse(argc, argv);
	take_lock(&f);
	open_room(&f);
	from = sp_ticks();
	if (f.items > 0)
		fill_items(&f);
	if (f.entries > 0)
		fill_entries(&f);
	(void)printf("{\"entries\":%ju,\"items\":%ju,\"seconds\":%.3f}\n",
	    (uintmax_t)ledger_log_size(evidence_room_log(f.room)),
	    (uintmax_t)evidence_room_items(f.room),
	    (double)(sp_ticks() - from) / (double)SP_SECOND);
	evidence_site_close(f.site);
	(void)waitpid(f.keeper, NULL, 0);
	return 0;
}
