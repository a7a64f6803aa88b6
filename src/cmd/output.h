#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "base/buf.h"

/*
 * A file made by a subcommand: written under a temporary name beside its
 * place (".sallyport-<random>", mode 0600), synced, and given its name only
 * when it is whole.  What fails or is interrupted leaves nothing behind.
 * An existing file is replaced only with `force`.
 */
struct output {
	int fd;
	int dir;            /* the folder it lies in */
	struct sp_buf path; /* as the caller named it */
	char temporary[40];
	bool force;
};

/* SP_E_CONFLICT when it exists (told now, before any work). */
enum sp_code cmd_output_open(struct output *out, const char *path, bool force,
    struct sp_err *err) SP_MUST_USE;
enum sp_code cmd_output_keep(struct output *o, struct sp_err *err) SP_MUST_USE;
/* Removes what was not kept. */
void cmd_output_done(struct output *o);

/* A file name that a site told, made fit for the current folder: no folder,
 * no control characters, no leading dot or hyphen, at most 200 bytes;
 * `otherwise` when nothing is left.  Fails never. */
void cmd_output_safe_name(
    const char *told, const char *otherwise, struct sp_buf *out);

#define OUTPUT_AUTO SP_CLEANUP(cmd_output_done) struct output

#endif
