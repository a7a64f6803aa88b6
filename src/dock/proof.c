#include "dock/proof.h"

#include "base/file.h"
#include "base/id.h"
#include "client/log_prove.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char dock_proof_refused[] = "proof.refused";

static enum sp_code
open_folder(const char *folder, int *fd, struct sp_err *err)
{
	SP_TRY(sp_file_mkdir(AT_FDCWD, folder, 0700, err));
	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return sp_fail_os(err, "folder %.120s", folder);
	return sp_file_sweep(AT_FDCWD, folder, err);
}

enum sp_code
dock_proofs_open(struct dock_proofs *out, const struct settings *settings,
    const char *agency, const struct ledger_vkey *given, const char *folder,
    struct sp_err *err)
{
	struct dock_proofs p = { .settings = settings,
		.agency = agency,
		.given = given,
		.folder = -1 };
	enum sp_code code =
	    client_log_memory_open(&p.memory, settings, agency, err);

	SP_TRY(code);
	code = open_folder(folder, &p.folder, err);
	if (code != SP_OK) {
		sp_file_closep(&p.folder);
		client_log_memory_done(&p.memory);
		return code;
	}
	*out = p;
	SP_REQUIRE(pthread_mutex_init(&out->lock, NULL) == 0);
	return SP_OK;
}

void
dock_proofs_close(struct dock_proofs *p)
{
	client_log_memory_done(&p->memory);
	sp_file_closep(&p->folder);
	(void)pthread_mutex_destroy(&p->lock);
}

/* "…/v1/agencies/<agency>/log" */
static enum sp_code
is_of_agency(const struct dock_proofs *p, struct sp_err *err)
{
	SP_AUTO_BUF end = sp_buf_new(200);
	const char *name = p->memory.key.name;

	sp_buf_fmt(&end, "/v1/agencies/%s/log", p->agency);
	SP_TRY(sp_buf_check(&end, "name of the log", err));
	size_t len = strlen(name);

	if (len < end.len ||
	    strcmp(name + len - end.len, sp_buf_str(&end)) != 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "the site shows the log %.100s, which is not that of %.40s",
		    name, p->agency);
	return SP_OK;
}

/* What is asked for. */
struct wanted {
	const char *evidence;
	const char *sha256;
	uint64_t size;
};

/* What the receipt is for: sealed still, and these bytes.  Whoever brought it
 * in may ask this much, whatever else they may not see. */
static enum sp_code
ask_item(struct site_client *c, const struct wanted *w, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);
	SITE_AUTO_JSON item = NULL;
	const char *state = NULL;
	const char *sum = NULL;
	uint64_t is = 0;

	SP_TRY(client_site_path(
	    c, &path, err, "evidence/%s/receipt/item", w->evidence));
	SP_TRY(client_site_get_json(c, sp_buf_str(&path), &item, err));
	SP_TRY(client_site_json_text(item, "state", &state, err));
	SP_TRY(client_site_json_text(item, "sha256", &sum, err));
	SP_TRY(client_site_json_number(item, "size", &is, err));
	if (strcmp(state, "sealed") != 0 || strcmp(sum, w->sha256) != 0 ||
	    is != w->size)
		return sp_fail(err, SP_E_CORRUPT,
		    "the site says of its copy that it is %.20s, %.16s…, "
		    "%ju bytes",
		    state, sum, (uintmax_t)is);
	return SP_OK;
}

/* What a site can only show by lying, or being broken, beyond a wire that
 * does not work. */
static bool
is_refusal(enum sp_code code)
{
	return code == SP_E_CORRUPT || code == SP_E_INVALID ||
	    code == SP_E_MISMATCH || code == SP_E_LIMIT;
}

/* The log is followed last: a checkpoint that came with a lie about something
 * else is not worth remembering. */
static enum sp_code
check_receipt(struct dock_proofs *p, struct site_client *c,
    const struct wanted *w, struct receipt *r, struct sp_err *err)
{
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

	SP_TRY(client_log_memory_key(&p->memory, c, p->given, err));
	SP_TRY(is_of_agency(p, err));
	SP_TRY(client_receipt_fetch(r, c, &p->memory, w->evidence, err));
	SP_TRY(client_receipt_covers(r, w->sha256, w->size, err));
	sp_buf_text(&note, client_receipt_note(r));
	SP_TRY(sp_buf_check(&note, "checkpoint", err));
	return client_log_prove_follow(&p->memory, c, &r->at, &note, err);
}

static enum sp_code
check_all(struct dock_proofs *p, struct site_client *c, const struct wanted *w,
    struct receipt *r, struct sp_err *err)
{
	SP_TRY(ask_item(c, w, err)); /* SP_E_NOTFOUND: it is not there */
	enum sp_code code = check_receipt(p, c, w, r, err);

	if (code == SP_E_NOTFOUND)
		return sp_fail(err, SP_E_CORRUPT,
		    "the site has the item, and no proof or log of it");
	return code;
}

static enum sp_code
save(int folder, const char *evidence, const char *suffix,
    const struct sp_buf *b, struct sp_err *err)
{
	char name[SP_ID_TEXT + 16];

	(void)snprintf(name, sizeof(name), "%s%s", evidence, suffix);
	return sp_file_replace(folder, name, b->at, b->len, 0600, err);
}

static enum sp_code
keep_receipt(const struct dock_proofs *p, const char *evidence,
    const struct receipt *r, struct sp_err *err)
{
	SP_TRY(save(p->folder, evidence, ".tlog-proof", &r->proof, err));
	return save(p->folder, evidence, ".json", &r->entry, err);
}

enum sp_code /* NOLINTNEXTLINE(readability-function-size): what is proven */
dock_proofs_take(struct dock_proofs *p, struct site_client *c,
    const char *evidence, const char *sha256, uint64_t size,
    struct dock_proof *out, struct sp_err *err)
{
	RECEIPT_AUTO r = client_receipt_new();
	struct wanted w = {
		.evidence = evidence, .sha256 = sha256, .size = size
	};

	(void)pthread_mutex_lock(&p->lock);
	enum sp_code code = check_all(p, c, &w, &r, err);

	(void)pthread_mutex_unlock(&p->lock);
	if (code != SP_OK) {
		/* 4xx is the site's right; an answer that is none is a lie. */
		if (is_refusal(code) && err->reason != client_site_refused)
			err->reason = dock_proof_refused;
		return code;
	}
	SP_TRY(keep_receipt(p, evidence, &r, err));
	*out = (struct dock_proof){ .entry = r.index, .log_size = r.at.size };
	return SP_OK;
}
