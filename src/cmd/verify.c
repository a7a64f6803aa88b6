#include "bag/verify.h"
#include "client/log_memory.h"
#include "cmd/client.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define UNUSED "taken and not used: no site is asked"

static void
on_progress(void *arg, uint64_t done)
{
	cmd_progress_at(arg, done);
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
	return cmd_present_json(j, err);
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

static int
run_verify(const struct cmd *self, const char *bag, const char *pin, bool json)
{
	struct sp_err err = { .code = SP_OK };
	struct bag_verify_report report = { .files = 0 };
	struct cmd_progress bar;
	struct stat st = { .st_size = 0 };
	struct bag_verify_options o = { .from = { .path = bag },
		.pin = pin,
		.progress = on_progress,
		.progress_arg = &bar };

	if (stat(bag, &st) != 0 || !S_ISREG(st.st_mode))
		st.st_size = 0; /* a folder: its size is not known */
	cmd_progress_start(&bar, "verify", (uint64_t)st.st_size);
	enum sp_code code = bag_verify(&o, &report, &err);
	struct sp_err why = err;

	cmd_progress_end(&bar);
	if (json &&
	    say_json(bag, &report, code == SP_OK ? NULL : &why, &err) != SP_OK)
		return fail_at(self, &report, &err);
	if (code != SP_OK)
		return fail_at(self, &report, &why);
	if (!json && say_good(&report, &err) != SP_OK)
		return fail_at(self, &report, &err);
	return CMD_DONE;
}

int
cmd_verify_run(const struct cmd *self, int argc, char **argv)
{
	const char *key = NULL;
	bool json = false;
	const char *unused;
	char **bag;
	size_t n;
	struct sp_err err;
	struct ledger_vkey vkey;
	SP_AUTO_BUF pin = sp_buf_new(1024);
	const struct cmd_option option[] = {
		{ "key", 0, "KEY", "the log's key, or a file that holds it",
		    &key, NULL },
		{ "json", 0, NULL, "print JSON", NULL, &json },
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
	return run_verify(
	    self, bag[0], key == NULL ? NULL : sp_buf_str(&pin), json);
}
