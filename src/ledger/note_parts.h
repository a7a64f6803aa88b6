#ifndef LEDGER_NOTE_PARTS_H
#define LEDGER_NOTE_PARTS_H

#include "ledger/note.h"

/*
 * What signed notes, their keys and cosignatures are made of; for those
 * sources alone (note.c, note_key.c, cosign.c).
 */

/* A line without its LF, in somebody's bytes. */
struct ledger_line {
	const char *at;
	size_t len;
};

/* What is left of a text, taken a line at a time. */
struct ledger_lines {
	const char *at;
	size_t left;
};

/* False when no whole line is left. */
bool ledger_line_next(struct ledger_lines *in, struct ledger_line *out);
/* What follows `prefix` in the line; false when it begins otherwise. */
bool ledger_line_after(
    struct ledger_line line, const char *prefix, struct ledger_line *rest);
bool ledger_line_equals(struct ledger_line line, const char *text);
/* base64 of at least one byte, of any length. */
bool ledger_line_base64(struct ledger_line line);

/*
 * Types of signatures: the first byte of a key's text, and a part of its id,
 * so that one key pair has another id for each use.
 */
enum ledger_sig_type {
	LEDGER_SIG_ED25519 = 0x01,
	LEDGER_SIG_COSIGN = 0x04, /* timestamped Ed25519 cosignature */
};

/* Keys of either type; the public functions are these with a type each. */
enum sp_code ledger_key_make(enum ledger_sig_type type, const char *name,
    const uint8_t pub[static CRYPTO_SIGN_PUBLIC], struct ledger_vkey *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code ledger_key_parse(enum ledger_sig_type type, const char *s,
    size_t len, struct ledger_vkey *out, struct sp_err *err) SP_MUST_USE;
void ledger_key_text(
    enum ledger_sig_type type, const struct ledger_vkey *k, struct sp_buf *out);

/*
 * "— name base64(id || signature)", the id 4 bytes, big endian.  Of a longer
 * signature (of a kind that does not exist yet) only the length is kept.
 */
#define LEDGER_SIG_ROOM (8 + CRYPTO_SIGN_LEN) /* a cosignature has a time */
struct ledger_sigline {
	struct ledger_line name;
	uint32_t id;
	size_t len;
	uint8_t sig[LEDGER_SIG_ROOM];
};

bool ledger_sigline_parse(struct ledger_line line, struct ledger_sigline *out);
/* Appended, with its LF. */
void ledger_sigline_text(const char *name, uint32_t id, const uint8_t *sig,
    size_t len, struct sp_buf *out);

#endif
