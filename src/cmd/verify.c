#include "bag/verify.h"
#include "base/file.h"
#include "client/log_memory.h"
#include "cmd/client.h"
#include "cmd/log_quorum.h"
#include "cmd/table.h"
#include "crypto/timestamp.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define CA_MAX ((size_t)1 << 20)
#define UNUSED "taken and not used: no site is asked"

static void
on_progress(void *arg, uint64_t done)
{
	cmd_progress_at(arg, done);
}

/* What others said of the log; sizes are 0 where nothing is carried. */
static int
add_vouched(json_t *j, const struct bag_vouched_report *v)
{
	char at[SP_TIME_TEXT];

	sp_time_text(v->timestamped_at, at);
	return json_object_set_new(j, "vouched",
	    json_pack("{s:I, s:I, s:I, s:I, s:s?}", "cosignatures",
		(json_int_t)v->cosignatures, "cosigned_by",
		(json_int_t)v->cosigned_by, "cosigned_size",
		(json_int_t)v->cosigned_size, "timestamped_size",
		(json_int_t)v->timestamped_size, "timestamped_at",
		v->timestamped_at == 0 ? NULL : at));
}

static enum sp_code
say_json(const char *bag, const struct bag_verify_report *r,
    const struct sp_err *why, struct sp_err *err)
{
	SITE_AUTO_JSON j = json_pack(
	    "{s:s*, s:b, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:I, s:b, s:s*, "
	    "s:s*}",
	    "bag", bag, "ok", why == NULL, "files", (json_int_t)r->files,
	    "bytes", (json_int_t)r->bytes, "items", (json_int_t)r->items,
	    "entries", (json_int_t)r->entries, "proofs", (json_int_t)r->proofs,
	    "log", r->origin, "key", r->vkey, "log_size",
	    (json_int_t)r->log_size, "key_pinned", r->key_pinned, "place",
	    why == NULL ? NULL : r->place.at, "error",
	    why == NULL ? NULL : why->text);

	if (j == NULL)
		return sp_fail(err, SP_E_INVALID,
		    "the bag names things that cannot be written as JSON");
	if (add_vouched(j, &r->vouched) != 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for the report");
	return cmd_present_json(j, err);
}

static void
say_cosigned(const struct bag_vouched_report *v)
{
	if (v->cosigned_size == 0)
		return;
	(void)printf("  its first %" PRIu64 " entries are cosigned (%" PRIu64
		     " lines): ",
	    v->cosigned_size, v->cosignatures);
	if (v->cosigned_by > 0)
		(void)printf(
		    "%" PRIu64 " by the witnesses given\n", v->cosigned_by);
	else
		(void)puts("not checked, give a\n"
			   "    witness's key with --witness");
}

static void
say_timestamped(const struct bag_vouched_report *v)
{
	char at[SP_TIME_TEXT];

	if (v->timestamped_size == 0)
		return;
	sp_time_text(v->timestamped_at, at);
	(void)printf("  its first %" PRIu64 " entries are timestamped: ",
	    v->timestamped_size);
	if (v->timestamped_at != 0)
		(void)printf("%s, by the authority given\n", at);
	else
		(void)puts("not checked, give the\n"
			   "    authority's CA with --authority");
}

static enum sp_code
say_good(const struct bag_verify_report *r, struct sp_err *err)
{
	char size[PRESENT_SIZE];
	char origin[256];
	char key[400];

	cmd_present_size(r->bytes, size);
	(void)cmd_present_clean(r->origin, origin, sizeof(origin));
	(void)cmd_present_clean(r->vkey, key, sizeof(key));
	(void)printf("good\n"
		     "  files: %" PRIu64 ", %s; each has the SHA-256 and the "
		     "SHA-512 that the manifests say,\n"
		     "    and nothing is missing or besides\n"
		     "  items: %" PRIu64 "; each original is the one whose "
		     "sealing the log recorded\n"
		     "  custody entries: %" PRIu64 ", proofs: %" PRIu64
		     "; each entry is in the log of\n"
		     "    %s (%" PRIu64 " entries), as signed by\n"
		     "    %s\n",
	    r->files, size, r->items, r->entries, r->proofs, origin,
	    r->log_size, key);
	if (!r->key_pinned)
		(void)puts("  the key came with the bag: compare it with the "
			   "one the agency publishes,\n"
			   "    or give that with --key");
	say_cosigned(&r->vouched);
	say_timestamped(&r->vouched);
	return cmd_present_flush(err);
}

static int
fail_at(const struct cmd *self, const struct bag_verify_report *r,
    const struct sp_err *err)
{
	char place[512];

	(void)cmd_present_clean(r->place.at, place, sizeof(place));
	if (*place != '\0')
		(void)fprintf(stderr, "sallyport verify: at %s:\n", place);
	(void)cmd_fail(self, err);
	/* Nobody was asked, so nobody refused: whatever it was, the bag was
	 * not found good. */
	return CMD_CHECK_FAILED;
}

/* What the bag is held against. */
struct held {
	const char *pin;
	struct quorum witnesses;
	struct sp_buf *authority; /* PEM; empty: none */
	bool json;
};

static int
run_verify(const struct cmd *self, const char *bag, const struct held *h)
{
	struct sp_err err = { .code = SP_OK };
	struct bag_verify_report report = { .files = 0 };
	struct cmd_progress bar;
	struct stat st = { .st_size = 0 };
	struct bag_verify_options o = { .from = { .path = bag },
		.pin = h->pin,
		.vouched = { .witness = h->witnesses.witness,
		    .witnesses = h->witnesses.n,
		    .authority = h->authority->len == 0
			? NULL
			: sp_buf_str(h->authority) },
		.progress = on_progress,
		.progress_arg = &bar };

	if (stat(bag, &st) != 0 || !S_ISREG(st.st_mode))
		st.st_size = 0; /* a folder: its size is not known */
	cmd_progress_start(&bar, "verify", (uint64_t)st.st_size);
	enum sp_code code = bag_verify(&o, &report, &err);
	struct sp_err why = err;

	cmd_progress_end(&bar);
	if (h->json &&
	    say_json(bag, &report, code == SP_OK ? NULL : &why, &err) != SP_OK)
		return fail_at(self, &report, &err);
	if (code != SP_OK)
		return fail_at(self, &report, &why);
	if (!h->json && say_good(&report, &err) != SP_OK)
		return fail_at(self, &report, &err);
	return CMD_DONE;
}

static enum sp_code
hold_against(struct held *h, const char *const *witness, const char *authority,
    struct sp_err *err)
{
	if (*witness != NULL)
		SP_TRY(cmd_log_quorum_init(&h->witnesses, witness, 0, 0, err));
	if (authority == NULL)
		return SP_OK;
	SP_TRY(sp_file_read(AT_FDCWD, authority, h->authority, err));
	return crypto_timestamp_ca_ok(sp_buf_str(h->authority), err);
}

int
cmd_verify_run(const struct cmd *self, int argc, char **argv)
{
	const char *key = NULL, *authority = NULL;
	const char *witness[CMD_REPEATS + 1] = { NULL };
	SP_AUTO_BUF ca = sp_buf_new(CA_MAX);
	struct held held = { .authority = &ca };
	const char *unused;
	char **bag;
	size_t n;
	struct sp_err err;
	struct ledger_vkey vkey;
	SP_AUTO_BUF pin = sp_buf_new(1024);
	const struct cmd_option option[] = {
		{ "key", 0, "KEY", "the log's key, or a file that holds it",
		    &key, NULL },
		{ "witness", 0, "KEY...",
		    "insist on this witness's cosignature (repeatable)",
		    witness, NULL },
		{ "authority", 0, "FILE",
		    "insist on a timestamp that this CA (PEM) vouches for",
		    &authority, NULL },
		{ "json", 0, NULL, "print JSON", NULL, &held.json },
		/* So that a script may say the same to every command. */
		{ "agency", 0, "SLUG", UNUSED, &unused, NULL },
		{ "site", 0, "URL", UNUSED, &unused, NULL },
		{ "ca", 0, "FILE", UNUSED, &unused, NULL },
	};
	int code =
	    cmd_parse(self, option, SP_COUNTOF(option), argc, argv, &bag, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one bag is wanted");
	if (key != NULL && client_log_memory_option(key, &vkey, &err) != SP_OK)
		return cmd_usage(self, "--key: %s", err.text);
	if (key != NULL)
		ledger_vkey_text(&vkey, &pin);
	held.pin = key == NULL ? NULL : sp_buf_str(&pin);
	code = hold_against(&held, witness, authority, &err) == SP_OK
	    ? run_verify(self, bag[0], &held)
	    : cmd_usage(self, "%s", err.text);
	return code;
}
