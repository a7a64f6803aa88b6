#ifndef CLIENT_PUT_FILE_H
#define CLIENT_PUT_FILE_H

#include "client/put_upload.h"
#include "client/receipt.h"
#include "client/upload_memory.h"

/*
 * `put` of one file, from its bytes on disk to a receipt that was checked:
 *
 *   open -> (known? no: SHA-256 of it) -> client_put_upload -> receipt, checked
 *        against SHA-256 and size -> memory of the upload forgotten
 *
 * The SHA-256 is taken before the first byte is sent and declared with the
 * upload, so that the site refuses anything else; reading a file twice is
 * cheap beside sending it once.
 */
struct put_options {
	struct site_client *client;
	const struct settings *settings;
	struct log_memory *log;
	const char *title; /* this and below: NULL where not said */
	const char *category;
	const char *device;
	const char *captured_at;
	const char *type;
	uint64_t chunk;
	/* Hears what is done, with how much of how much; may be NULL. */
	void (*progress)(
	    void *arg, const char *what, uint64_t done, uint64_t of);
	void *progress_arg;
	/* Asked while the file is read; true ends it.  May be NULL. */
	bool (*interrupted)(void);
};

struct put_done {
	struct put_result result;
	struct receipt receipt;
	char sha256[65];
	uint64_t size;
};

enum sp_code client_put_file(const struct put_options *o, const char *path,
    struct put_done *out, struct sp_err *err) SP_MUST_USE;
void client_put_done_free(struct put_done *d);

/* The media type that a file's name suggests; "application/octet-stream". */
const char *client_put_file_type(const char *name);
/* Upload-Metadata for a file of this path. */
enum sp_code client_put_file_metadata(const struct put_options *o,
    const char *path, const char *sha256, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

#endif
