#ifndef LEDGER_NOTE_H
#define LEDGER_NOTE_H

#include "base/buf.h"
#include "crypto/sign.h"
#include "ledger/merkle.h"

/*
 * C2SP signed-note, tlog-checkpoint and tlog-proof texts: writing, parsing,
 * checking.  Formats in docs/ledger.md.
 */
#define LEDGER_NAME_MAX  255
#define LEDGER_NOTE_MAX  65536
#define LEDGER_NOTE_SIGS 32 /* signature lines looked at */

/* A verifier key: name+hex8+base64(0x01 || public key). */
struct ledger_vkey {
	char name[LEDGER_NAME_MAX + 1];
	uint32_t id;
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
};

/* Fails with SP_E_INVALID on a name that is empty or has a space or '+'. */
enum sp_code ledger_vkey_make(const char *name,
    const uint8_t pub[static CRYPTO_SIGN_PUBLIC], struct ledger_vkey *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_vkey_parse(const char *s, size_t len,
    struct ledger_vkey *out, struct sp_err *err) SP_MUST_USE;
void ledger_vkey_text(const struct ledger_vkey *k, struct sp_buf *out);

/* Append "— name base64(id || sig)\n". */
void ledger_note_sigline(const struct ledger_vkey *k,
    const uint8_t sig[static CRYPTO_SIGN_LEN], struct sp_buf *out);
/* Where a note's signed text ends, whoever signed it: its signature lines
 * begin at *text_len + 1.  SP_E_INVALID when there is no such place. */
enum sp_code ledger_note_text(const char *note, size_t len, size_t *text_len,
    struct sp_err *err) SP_MUST_USE;
/* Append the key's signature lines of a note that was checked. */
void ledger_note_lines(const struct ledger_vkey *k, const char *note,
    size_t len, struct sp_buf *out);
/* Check a note: *text_len gets the length of the signed text (a prefix of
 * `note`).  SP_E_INVALID when malformed; SP_E_CORRUPT when the key's signature
 * is wrong, or (reason "note.missing") not there. */
enum sp_code ledger_note_check(const struct ledger_vkey *k, const char *note,
    size_t len, size_t *text_len, struct sp_err *err) SP_MUST_USE;

struct ledger_checkpoint {
	char origin[LEDGER_NAME_MAX + 1];
	uint64_t size;
	struct ledger_hash root;
};

void ledger_checkpoint_text(
    const struct ledger_checkpoint *c, struct sp_buf *out);
/* The text of a checkpoint (without signatures); extension lines pass.
 * Reason "checkpoint.empty": size 0 with the root of something. */
enum sp_code ledger_checkpoint_parse(const char *text, size_t len,
    struct ledger_checkpoint *out, struct sp_err *err) SP_MUST_USE;
/* ledger_note_check and parse; the origin must be the key's name. */
enum sp_code ledger_checkpoint_check(const struct ledger_vkey *k,
    const char *note, size_t len, struct ledger_checkpoint *out,
    struct sp_err *err) SP_MUST_USE;

/* C2SP tlog-proof: "c2sp.org/tlog-proof@v1\nindex N\nhash...\n\ncheckpoint" */
void ledger_proof_text(uint64_t index, const struct ledger_path *path,
    const char *checkpoint_note, struct sp_buf *out);
/* Check that `entry` is in the log of key `k`: parse, signature, inclusion.
 * *index and *c (each may be NULL) get what it proves.  SP_E_INVALID when
 * malformed, SP_E_CORRUPT when it proves nothing; the text says which. */
enum sp_code ledger_proof_check(const struct ledger_vkey *k, const char *proof,
    size_t len, const void *entry, size_t entry_len, uint64_t *index,
    struct ledger_checkpoint *c, struct sp_err *err) SP_MUST_USE;

#endif
