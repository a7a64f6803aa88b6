#ifndef LEDGER_COSIGN_H
#define LEDGER_COSIGN_H

#include "ledger/note.h"

/*
 * What others say of a log: timestamped Ed25519 cosignatures of its
 * checkpoints (C2SP tlog-cosignature, signature type 0x04).
 *
 *   signed  "cosignature/v1\ntime <seconds>\n" || the checkpoint's text
 *   line    "— name base64(id || u64be seconds || sig[64])\n"
 *   id      SHA-256(name || LF || 0x04 || public key)[0..3]
 *   vkey    name+hex8(id)+base64(0x04 || public key)
 */
struct ledger_cosigner {
	char name[LEDGER_NAME_MAX + 1];
	uint32_t id;
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
};

/* SP_E_INVALID on a name that is empty or has a space or '+'. */
enum sp_code ledger_cosigner_make(const char *name,
    const uint8_t pub[static CRYPTO_SIGN_PUBLIC], struct ledger_cosigner *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_cosigner_parse(const char *s, size_t len,
    struct ledger_cosigner *out, struct sp_err *err) SP_MUST_USE;
void ledger_cosigner_text(const struct ledger_cosigner *k, struct sp_buf *out);

struct ledger_cosignature {
	uint64_t time; /* seconds since 1970, by the cosigner's clock */
	uint8_t sig[CRYPTO_SIGN_LEN];
};

/* The bytes that are signed, for a checkpoint's text (without signatures). */
void ledger_cosign_message(
    uint64_t time, const char *text, size_t len, struct sp_buf *out);
void ledger_cosign_line(const struct ledger_cosigner *k,
    const struct ledger_cosignature *c, struct sp_buf *out);
/* The cosignature of `k` among signature lines (of a note, or of a witness's
 * answer) over this text.  SP_E_NOTFOUND: there is none; SP_E_INVALID: a line
 * of `k` is malformed; SP_E_CORRUPT: it is wrong.  Lines of others pass. */
enum sp_code ledger_cosign_check(const struct ledger_cosigner *k,
    const char *text, size_t text_len, const char *lines, size_t lines_len,
    struct ledger_cosignature *out, struct sp_err *err) SP_MUST_USE;

#endif
