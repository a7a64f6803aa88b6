#include "processing/job.h"

#include "evidence/viewing.h"
#include "media/worker.h"
#include "processing/record.h"

#include <string.h>
#include <strings.h>

/* Twice what a worker asks for: it is not believed to count. */
#define READS_MOST (2 * MEDIA_WORKER_READS)

static void
reader_closep(struct evidence_reader **rd)
{
	evidence_reader_close(*rd);
}
#define AUTO_READER SP_CLEANUP(reader_closep) struct evidence_reader *

static enum sp_code
read_content(void *self, uint64_t at, void *out, size_t len, struct sp_err *err)
{
	return evidence_reader_read(self, at, out, len, err);
}

/* Said to be media, or nothing said of it: then what cannot be read is a fault
 * worth telling. */
static bool
expected(const char *media_type)
{
	static const char *const rows[] = { "video/", "audio/", "image/",
		"application/octet-stream" };

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		if (strncasecmp(media_type, rows[i], strlen(rows[i])) == 0)
			return true;
	return false;
}

/* Stored bytes that fail their check are a result, too. */
static enum sp_code
look(const struct processing_job *job, struct gate_pass *pass,
    struct media_result *result, bool *media, struct sp_err *err)
{
	AUTO_READER rd = NULL;
	struct evidence_content content;
	struct media_job m = { .read = read_content,
		.deadline = job->deadline,
		.most = READS_MOST };
	enum sp_code code = evidence_reader_open_for(
	    &rd, job->room, pass, &job->id, &content, err);

	if (code == SP_OK) {
		*media = expected(content.media_type);
		m.self = rd;
		m.size = content.size;
		code = media_client_run(job->sock, &m, result, err);
	}
	if (code == SP_E_CORRUPT) {
		*result = (struct media_result){ .why = MEDIA_STORED };
		return SP_OK;
	}
	SP_TRY(code);
	/* Cut short, perhaps: then it does not count. */
	if (job->stopping(job->arg))
		return sp_fail(err, SP_E_UNAVAIL, "the site is stopping");
	return SP_OK;
}

/* The poster as an object of its own: a rendition, never the original. */
static enum sp_code
seal(const struct processing_job *job, const struct evidence_object *o,
    const struct sp_buf *poster, uint8_t *sha256, struct sp_err *err)
{
	struct vault_object sealed =
	    evidence_object_vault(job->room, &o->id, o->dek);
	VAULT_AUTO_SEAL s = NULL;

	SP_TRY(vault_seal_new(&s, &sealed, err));
	SP_TRY(vault_seal_write(s, poster->at, poster->len, err));
	return vault_seal_finish(s, NULL, sha256, err);
}

static enum sp_code
work(const struct processing_job *job, struct gate_pass *pass,
    const struct evidence_object *poster, struct sp_err *err)
{
	MEDIA_AUTO_RESULT result = { .why = MEDIA_CRASHED };
	struct processing_done done = {
		.id = job->id, .result = &result, .expected = true
	};
	uint8_t sha256[CRYPTO_SHA256_LEN];

	SP_TRY(look(job, pass, &result, &done.expected, err));
	if (result.why == MEDIA_READABLE && result.poster.len > 0) {
		SP_TRY(seal(job, poster, &result.poster, sha256, err));
		done.poster_sha256 = sha256;
	}
	return processing_record_finish(job->room, &done, err);
}

enum sp_code
processing_job_run(const struct processing_job *job, struct sp_err *err)
{
	EVIDENCE_AUTO_OBJECT poster = { .dek = NULL };
	GATE_AUTO_PASS pass = NULL;
	struct sp_err why;
	enum sp_code code;

	SP_TRY(evidence_object_new(job->room, &poster, err));
	SP_TRY(
	    processing_record_begin(job->room, &job->id, &poster, &pass, err));
	code = work(job, pass, &poster, err);
	if (code == SP_E_STOPPED) /* a failed fsync: nobody writes on */
		ledger_writer_stop(evidence_room_writer(job->room),
		    err == NULL ? "a poster" : err->text);
	/* What cannot be recorded now is left at work. */
	if (code != SP_OK)
		SP_IGNORE(processing_record_release(job->room, &job->id, &why));
	return code;
}
