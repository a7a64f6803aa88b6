#ifndef SIGNIN_NOTICE_H
#define SIGNIN_NOTICE_H

#include "crypto/digest.h"

/*
 * The notice of use (CJISSECPOL AC-8): what must be acknowledged before a
 * session opens.  DIR/policy/notice.txt, else the built-in text
 * (packaging/policy/notice.txt); its version is its SHA-256.  Immutable once
 * open; any thread.
 */
#define SIGNIN_NOTICE_MAX ((size_t)16 * 1024)

struct signin_notice;

extern const uint8_t signin_notice_builtin[];
extern const size_t signin_notice_builtin_len;

/* folder NULL: the built-in one.  SP_E_INVALID: not UTF-8, empty, too long. */
enum sp_code signin_notice_open(struct signin_notice **out, const char *folder,
    struct sp_err *err) SP_MUST_USE;
void signin_notice_free(struct signin_notice *n);
const char *signin_notice_text(const struct signin_notice *n);
const uint8_t *signin_notice_sha256(const struct signin_notice *n);
/* Is this, in hex, the text in force?  SP_E_CONFLICT, reason "notice.other":
 * another one was read. */
enum sp_code signin_notice_check(const struct signin_notice *n, const char *hex,
    struct sp_err *err) SP_MUST_USE;

#endif
