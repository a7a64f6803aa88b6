#ifndef SIGNIN_PASSKEY_PARTS_H
#define SIGNIN_PASSKEY_PARTS_H

#include "base/parse.h"
#include "crypto/digest.h"
#include "signin/passkey.h"

/*
 * For passkey's own sources: the bytes of an authenticator, read strictly.
 * All pieces point into what was given.
 *
 * Authenticator data (WebAuthn 6.1), big-endian:
 *
 *   rpIdHash[32] flags[1] signCount[4]
 *   AT: aaguid[16] length[2] id[length] key (a COSE_Key, CBOR map)
 *   ED: extensions (CBOR map of names)
 */
#define SIGNIN_FLAG_UP 0x01U /* somebody was there */
#define SIGNIN_FLAG_UV 0x04U /* and was verified */
#define SIGNIN_FLAG_BE 0x08U /* may be backed up */
#define SIGNIN_FLAG_BS 0x10U /* is */
#define SIGNIN_FLAG_AT 0x40U
#define SIGNIN_FLAG_ED 0x80U

struct signin_authenticator {
	const uint8_t *site; /* SHA-256 of the relying party's id */
	uint8_t flags;
	uint32_t counter;
	const uint8_t *maker; /* NULL without AT, as id and key */
	struct crypto_piece id;
	struct crypto_piece key;
	struct crypto_piece extensions; /* empty without ED */
};
bool signin_authenticator_parse(
    struct crypto_piece in, struct signin_authenticator *out) SP_MUST_USE;

/* Of an attestation object: {"fmt":text,"attStmt":map,"authData":bytes}. */
struct signin_attestation {
	struct crypto_piece format;
	struct crypto_piece statement;
	struct crypto_piece authenticator;
};
bool signin_attestation_parse(
    struct crypto_piece in, struct signin_attestation *out) SP_MUST_USE;
/* The statement of "packed" by the key itself: {"alg":int,"sig":bytes}. */
bool signin_statement_parse(struct crypto_piece in, int64_t *alg,
    struct crypto_piece *signature) SP_MUST_USE;

/* A COSE_Key (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4) of one of our algorithms,
 * with its parameters and no others.  *known false: well formed, of another
 * algorithm or kind. */
bool signin_cose_parse(struct crypto_piece in, struct signin_passkey_key *out,
    bool *known) SP_MUST_USE;

/* Members of an array, {"id":…,"type":"public-key"}: a person's, those that are
 * disabled too or not. */
enum sp_code signin_passkey_ids(struct db *db, const struct sp_id *person,
    bool all, struct sp_json *j, struct sp_err *err) SP_MUST_USE;

#endif
