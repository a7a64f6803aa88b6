#ifndef TRANSFER_TUS_H
#define TRANSFER_TUS_H

#include "http/request.h"

/*
 * tus 1.0.0 over evidence/upload.h and evidence/session.h: core, creation,
 * creation-with-upload, creation-defer-length, checksum (sha1, sha256),
 * expiration, termination, concatenation.
 *
 * The bytes of a PATCH or of a creation go from libmicrohttpd's buffer into
 * the session as they come; a session that cannot take more makes the client
 * wait.  When the answer to the last byte says 204, the evidence is sealed.
 */
#define TRANSFER_TUS_EXTENSIONS                                                \
	"creation,creation-with-upload,creation-defer-length,checksum,"        \
	"expiration,termination,concatenation"
#define TRANSFER_TUS_CHECKSUMS "sha1,sha256"

extern const struct http_topic transfer_tus_topic;

/*
 * Upload-Metadata: pairs "key base64(value)" separated by single commas; keys
 * unique, not empty, printable ASCII without space and comma; base64 padded
 * and canonical; a value may be left out with its space.  `visit` gets each.
 */
#define TRANSFER_TUS_VALUE_MAX 4096 /* of one value, decoded */
#define TRANSFER_TUS_KEYS_MAX  32
enum sp_code transfer_tus_metadata(const char *s,
    enum sp_code (*visit)(void *arg, const char *name, const void *value,
	size_t len, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

/* Upload-Checksum: "sha1 base64" or "sha256 base64". */
enum sp_code transfer_tus_checksum(const char *s, enum crypto_digest_kind *kind,
    uint8_t sum[static CRYPTO_DIGEST_MAX], struct sp_err *err) SP_MUST_USE;

/* Upload-Concat "final;URL URL": the ids of the parts.  Each URL is that of
 * an upload of agency `slug`, as a path or with scheme and host. */
enum sp_code transfer_tus_parts(const char *s, const char *slug,
    struct sp_id *part, size_t max, size_t *n, struct sp_err *err) SP_MUST_USE;

#endif
