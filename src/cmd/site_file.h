#ifndef CMD_SITE_FILE_H
#define CMD_SITE_FILE_H

#include "base/buf.h"

/*
 * DIR/site.json: what `init` was told and `serve` goes by.
 *
 *   {"cert":"…","key":"…","listen":"127.0.0.1:8443","public_name":"…"}
 *
 * public_name is host[:port] as clients write it.  cert and key are the
 * site's own certificate and key, relative to DIR or absolute.
 */
#define SITE_FILE_TEXT 512 /* of a member, at most */

struct site_file {
	char cert[SITE_FILE_TEXT];
	char key[SITE_FILE_TEXT];
	char listen[SITE_FILE_TEXT];
	char public_name[SITE_FILE_TEXT];
};

/* SP_E_NOTFOUND when DIR is no site. */
enum sp_code cmd_site_file_read(
    const char *dir, struct site_file *out, struct sp_err *err) SP_MUST_USE;
enum sp_code cmd_site_file_write(
    const char *dir, const struct site_file *f, struct sp_err *err) SP_MUST_USE;

/* Copy with a limit; SP_E_LIMIT names `what`. */
enum sp_code cmd_site_file_text(char out[static SITE_FILE_TEXT], const char *s,
    const char *what, struct sp_err *err) SP_MUST_USE;

/* "host:port" or "[v6]:port", or with `port` optional: the host without
 * brackets.  SP_E_INVALID names `what`. */
enum sp_code cmd_site_file_host(const char *s, bool port_optional,
    const char *what, char host[static SITE_FILE_TEXT],
    struct sp_err *err) SP_MUST_USE;

#endif
