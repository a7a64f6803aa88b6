#include "cmd/log_evidence.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>

static const struct meaning {
	const char *kind;
	const char *text;
} meanings[] = {
	{ "log.forked",
	    "The log's key signed two different histories of the same length. "
	    "Both cannot be true: whoever holds that key shows different "
	    "people different records. The two signed notes prove it to "
	    "anybody, without trust in this monitor." },
	{ "log.rewound",
	    "The log is shorter than it was signed to be: entries that were "
	    "recorded are not shown any more. An old copy was put in place, "
	    "or they are being hidden. Both lengths are signed." },
	{ "log.rewritten",
	    "The log grew, but what it now calls its beginning is not what it "
	    "signed before: entries of the past were changed, removed or put "
	    "in. The two signed notes and the log's own tiles prove it." },
	{ "log.served",
	    "What the site serves as the log's content does not add up to "
	    "what the log's key signed: an entry, or a part of the tree, was "
	    "changed after it was recorded, or is being changed on its way "
	    "here." },
	{ "log.unsigned",
	    "What is served as the log's checkpoint does not carry the "
	    "signature of the log's known key. Either it is not from that log "
	    "at all, or the log was begun anew with another key." },
	{ "log.key",
	    "The site names another key for its log than the one known here. "
	    "A log does not change its key by itself: what came before would "
	    "then be vouched for by nobody." },
};

const char *
cmd_log_evidence_meaning(const char *kind)
{
	for (size_t i = 0; i < SP_COUNTOF(meanings); i++)
		if (strcmp(meanings[i].kind, kind) == 0)
			return meanings[i].text;
	return "The log is not what it was signed to be.";
}

const char *
cmd_log_evidence_advice(void)
{
	return "Keep the folder of evidence and make copies of it. Tell the "
	       "agency's head and its LASO, the state's CJIS systems officer, "
	       "the log's witnesses, and, where a case rests on this log, the "
	       "prosecutor and the defence. Until it is explained, rely on "
	       "receipts and packages that you hold already, not on what the "
	       "site shows now.";
}

static enum sp_code
put(int dir, const char *name, const void *bytes, size_t len,
    struct sp_err *err)
{
	return len == 0 ? SP_OK
			: sp_file_replace(dir, name, bytes, len, 0644, err);
}

static enum sp_code
write_readme(
    int dir, const struct log_evidence *e, const char *at, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(65536);
	char what[sizeof(((struct sp_err *)0)->text)];

	(void)snprintf(what, sizeof(what), "%s", e->text);
	sp_utf8_clean(what);
	sp_buf_fmt(&text,
	    "Found %s by sallyport log monitor.\n\n"
	    "log:    %s\nsite:   %s\nagency: %s\nkind:   %s\n"
	    "found:  %s\n",
	    at, e->memory->key.name, e->site, e->agency, e->kind, what);
	if (e->fault->part.len > 0)
		sp_buf_fmt(&text, "served: log/%s (the file 'served')\n",
		    sp_buf_str(&e->fault->part));
	sp_buf_fmt(&text, "\n%s\n\n%s\n", cmd_log_evidence_meaning(e->kind),
	    cmd_log_evidence_advice());
	SP_TRY(sp_buf_check(&text, "README", err));
	return put(dir, "README", text.at, text.len, err);
}

static enum sp_code
put_key(int dir, const char *name, const struct ledger_vkey *key,
    struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_new(1024);

	ledger_vkey_text(key, &text);
	sp_buf_u8(&text, '\n');
	SP_TRY(sp_buf_check(&text, "key", err));
	return put(dir, name, text.at, text.len, err);
}

static enum sp_code
fill(int dir, const struct log_evidence *e, const char *at, struct sp_err *err)
{
	SP_TRY(put(
	    dir, "then.note", e->memory->note.at, e->memory->note.len, err));
	SP_TRY(
	    put(dir, "now.note", e->fault->note.at, e->fault->note.len, err));
	SP_TRY(put_key(dir, "key", &e->memory->key, err));
	if (strcmp(e->kind, "log.key") == 0)
		SP_TRY(put_key(dir, "now.key", &e->memory->told, err));
	SP_TRY(
	    put(dir, "served", e->fault->bytes.at, e->fault->bytes.len, err));
	return write_readme(dir, e, at, err);
}

enum sp_code
cmd_log_evidence_keep(
    const struct log_evidence *e, struct sp_buf *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(8192);
	const struct sp_buf *memory = &e->memory->path;
	size_t tail = strlen(".json");
	char at[SP_TIME_TEXT];
	SP_AUTO_FD dir = -1;

	SP_REQUIRE(memory->len > tail);
	sp_time_text(sp_now(), at);
	sp_buf_add(&path, memory->at, memory->len - tail);
	sp_buf_fmt(&path, "-%s-%s", at, e->kind);
	SP_TRY(sp_buf_check(&path, "evidence", err));
	SP_TRY(sp_file_mkdir(AT_FDCWD, sp_buf_str(&path), 0700, err));
	dir = open(sp_buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return sp_fail_os(err, "open %s", sp_buf_str(&path));
	SP_TRY(fill(dir, e, at, err));
	sp_buf_add(out, path.at, path.len);
	return sp_buf_check(out, "evidence", err);
}
