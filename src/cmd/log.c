#include "base/encode.h"
#include "base/file.h"
#include "base/parse.h"
#include "client/log_prove.h"
#include "cmd/client.h"
#include "cmd/log_check.h"
#include "cmd/log_monitor.h"
#include "cmd/log_witness.h"
#include "cmd/output.h"
#include "cmd/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One run of `log check` or `log prove`. */
struct run {
	const struct cmd *self;
	enum sp_code (*act)(struct run *r, struct sp_err *err);
	struct client *client;
	struct log_memory memory;
	bool has_key;
	struct ledger_vkey key; /* --key */
	bool json;
	/* prove */
	const char *path;
	bool force;
	uint64_t index;
	uint64_t from, to; /* a consistency proof when from > 0 */
	struct cmd_progress bar;
};

#define HASH_TEXT (SP_BASE64_LEN(LEDGER_HASH_LEN) + 1)

static void
hash_text(const struct ledger_hash *h, char out[static HASH_TEXT])
{
	sp_base64(h->b, sizeof(h->b), out);
}

static enum sp_code
with_memory(struct client *c, void *arg, struct sp_err *err)
{
	struct run *r = arg;
	enum sp_code code;

	r->client = c;
	code = client_log_memory_open(
	    &r->memory, &c->settings, sp_buf_str(&c->site.agency), err);
	if (code == SP_OK)
		code = client_log_memory_key(
		    &r->memory, &c->site, r->has_key ? &r->key : NULL, err);
	if (code == SP_OK)
		code = r->act(r, err);
	client_log_memory_tell(&r->memory);
	client_log_memory_done(&r->memory);
	return code;
}

/* Run `act` as a client that knows the log's key. */
static int
with_log(struct run *r, const struct client_options *common,
    enum sp_code (*act)(struct run *r, struct sp_err *err))
{
	r->act = act;
	return cmd_client_with(r->self, common, with_memory, r);
}

static int
take_key(struct run *r, const char *text)
{
	struct sp_err err;

	if (text == NULL)
		return CMD_DONE;
	if (client_log_memory_option(text, &r->key, &err) != SP_OK)
		return cmd_usage(r->self, "--key: %s", err.text);
	r->has_key = true;
	return CMD_DONE;
}

/* ---- log check ---- */

static void
on_progress(void *arg, uint64_t entries, uint64_t of)
{
	struct cmd_progress *bar = arg;

	(void)of;
	cmd_progress_at(bar, entries);
}

static enum sp_code
check_json(const struct log_check *c, uint64_t seen, struct sp_err *err)
{
	char root[HASH_TEXT];

	hash_text(&c->now.root, root);
	SITE_AUTO_JSON j = json_pack("{s:b, s:s, s:I, s:s, s:b, s:I, s:I, s:I}",
	    "ok", 1, "log", c->now.origin, "size", (json_int_t)c->now.size,
	    "root", root, "entries_checked", c->entries_read, "entry_bytes",
	    (json_int_t)c->bytes, "tiles", (json_int_t)c->tiles,
	    "remembered_size", (json_int_t)seen);

	if (j == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the report");
	return cmd_present_json(j, err);
}

static enum sp_code
check_text(const struct log_check *c, uint64_t seen, struct sp_err *err)
{
	char root[HASH_TEXT];
	char origin[PRESENT_CELL_MAX];

	hash_text(&c->now.root, root);
	(void)cmd_present_clean(c->now.origin, origin, sizeof(origin));
	(void)printf("good: %s\n  entries: %" PRIu64 ", root %s, as signed\n",
	    origin, c->now.size, root);
	if (c->entries_read)
		(void)printf("  recomputed from %" PRIu64 " bytes of entries, "
			     "and every tile (%" PRIu64 ")\n",
		    c->bytes, c->tiles);
	else
		(void)printf("  recomputed from every tile (%" PRIu64 "), not "
			     "from the entries: this token may not read them"
			     "\n",
		    c->tiles);
	if (seen > 0)
		(void)printf("  it continues the %" PRIu64 " that were seen "
			     "before\n",
		    seen);
	else
		(void)puts("  nothing was known of it here; from now on this "
			   "is");
	return cmd_present_flush(err);
}

static enum sp_code
check(struct run *r, struct sp_err *err)
{
	struct log_check_options o = { .client = &r->client->site,
		.memory = &r->memory,
		.progress = on_progress,
		.progress_arg = &r->bar };
	uint64_t seen = r->memory.seen.size;
	struct log_check c;

	cmd_progress_start(&r->bar, "log check", 0);
	enum sp_code code = cmd_log_check_run(&o, &c, err);

	cmd_progress_end(&r->bar);
	SP_TRY(code);
	code = client_log_memory_keep(&r->memory, &c.now, &c.note, err);
	if (code == SP_OK)
		code = r->json ? check_json(&c, seen, err)
			       : check_text(&c, seen, err);
	cmd_log_check_done(&c);
	return code;
}

static int
run_check(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .self = self };
	const char *key = NULL;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "key", 0, "KEY", "the log's key, or a file that holds it",
		    &key, NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE && n != 0)
		code = cmd_usage(self, "'%s' is too much", operand[0]);
	if (code == CMD_DONE)
		code = take_key(&r, key);
	if (code != CMD_DONE)
		return code;
	r.json = common.json;
	return with_log(&r, &common, check);
}

/* ---- log prove ---- */

static enum sp_code
hand_out(const struct run *r, const struct sp_buf *text, struct sp_err *err)
{
	OUTPUT_AUTO out = { .fd = -1, .dir = -1 };

	if (r->path == NULL) {
		(void)fwrite(text->at, 1, text->len, stdout);
		return cmd_present_flush(err);
	}
	SP_TRY(cmd_output_open(&out, r->path, r->force, err));
	SP_TRY(sp_file_write_all(out.fd, text->at, text->len, err));
	return cmd_output_keep(&out, err);
}

/* {"index","entry_read","proof":"<tlog-proof>"} */
static enum sp_code
hand_out_json(const struct run *r, const struct sp_buf *proof, bool entry_read,
    struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new((size_t)4 * LEDGER_NOTE_MAX);
	SITE_AUTO_JSON j =
	    json_pack("{s:I, s:b, s:s}", "index", (json_int_t)r->index,
		"entry_read", entry_read, "proof", sp_buf_str(proof));
	char *line = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);

	if (line == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the proof");
	sp_buf_fmt(&text, "%s\n", line);
	free(line);
	SP_TRY(sp_buf_check(&text, "proof", err));
	return hand_out(r, &text, err);
}

static enum sp_code
prove(struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new((size_t)2 * LEDGER_NOTE_MAX);
	struct log_prove_options o = { .client = &r->client->site,
		.memory = &r->memory,
		.index = r->index,
		.from = r->from,
		.to = r->to,
		.json = r->json };
	bool entry_read = true;

	if (r->from > 0) {
		SP_TRY(client_log_prove_growth(&o, &text, err));
		return hand_out(r, &text, err);
	}
	SP_TRY(client_log_prove_entry(&o, &text, &entry_read, err));
	if (r->json)
		return hand_out_json(r, &text, entry_read, err);
	if (!entry_read)
		(void)fputs("this token may not read the entry: the proof was "
			    "checked against its hash only\n",
		    stderr);
	return hand_out(r, &text, err);
}

/* An entry's index, or --from (and --to): one or the other. */
static int
take_wish(
    struct run *r, char **operand, size_t n, const char *from, const char *to)
{
	if (from == NULL && to == NULL) {
		if (n != 1 ||
		    !sp_parse_u64(operand[0], strlen(operand[0]), 0, INT64_MAX,
			&r->index))
			return cmd_usage(r->self,
			    "the index of an entry is wanted, or --from");
		return CMD_DONE;
	}
	if (n != 0 || from == NULL)
		return cmd_usage(
		    r->self, "an entry's index, or --from N [--to M]");
	if (!sp_parse_u64(from, strlen(from), 1, INT64_MAX, &r->from) ||
	    (to != NULL && !sp_parse_u64(to, strlen(to), 1, INT64_MAX, &r->to)))
		return cmd_usage(
		    r->self, "--from and --to are sizes, from 1 on");
	return CMD_DONE;
}

static int
run_prove(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .self = self };
	const char *key = NULL;
	const char *from = NULL;
	const char *to = NULL;
	char **operand;
	size_t n;
	const struct cmd_option option[] = {
		{ "from", 0, "N", "prove that the first N entries stayed",
		    &from, NULL },
		{ "to", 0, "M", "... in the log of M (default: now)", &to,
		    NULL },
		{ "output", 'o', "FILE", "write the proof to FILE", &r.path,
		    NULL },
		{ "force", 0, NULL, "replace FILE when it exists", NULL,
		    &r.force },
		{ "key", 0, "KEY", "the log's key, or a file that holds it",
		    &key, NULL },
		CLIENT_OPTIONS(common),
	};
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = take_wish(&r, operand, n, from, to);
	if (code == CMD_DONE)
		code = take_key(&r, key);
	if (code != CMD_DONE)
		return code;
	r.json = common.json;
	return with_log(&r, &common, prove);
}

int
cmd_log_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "log check", "", "recompute the agency's log and compare",
		    run_check, false },
		{ "log prove", "[INDEX]",
		    "a proof that an entry is in the log, or that it only grew",
		    run_prove, false },
		{ "log monitor", "[URL|AGENCY]",
		    "follow a log, and fail loudly on any rewrite",
		    cmd_log_monitor_run, false },
		{ "log witness", "DIR", "cosign the logs of others",
		    cmd_log_witness_run, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
