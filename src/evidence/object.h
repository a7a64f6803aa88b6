#ifndef EVIDENCE_OBJECT_H
#define EVIDENCE_OBJECT_H

#include "evidence/room.h"

/*
 * The key of a sealed object: one random DEK each, stored as a list of
 * recipients (table `recipient`): a key id and the DEK wrapped for it
 * (DESIGN: today the agency's KEK alone).  The plain DEK exists only in a
 * crypto_secret of whoever seals or reads.
 */

/* A fresh id and DEK, wrapped for the agency's KEK. */
struct evidence_object {
	struct sp_id id;
	struct keeper_wrapped wrapped;
	struct crypto_secret *dek;
};
enum sp_code evidence_object_new(struct evidence_room *r,
    struct evidence_object *out, struct sp_err *err) SP_MUST_USE;
void evidence_object_done(struct evidence_object *o);
#define EVIDENCE_AUTO_OBJECT                                                   \
	SP_CLEANUP(evidence_object_done) struct evidence_object

/* Its recipients' rows, inside a transaction. */
enum sp_code evidence_object_insert(struct db *db,
    const struct evidence_object *o, struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_object_delete(
    struct db *db, const struct sp_id *id, struct sp_err *err) SP_MUST_USE;

/* Have the keeper unwrap an object's DEK. */
enum sp_code evidence_object_key(struct evidence_room *r,
    const struct sp_id *id, struct crypto_secret **dek,
    struct sp_err *err) SP_MUST_USE;

/* The agency's own key, of no object (its row's `object` is the agency's id):
 * what is sealed of its people is under it.  Made when it is first asked for;
 * never inside an act. */
enum sp_code evidence_object_agency_key(struct evidence_room *r,
    struct crypto_secret **dek, struct sp_err *err) SP_MUST_USE;

/* What the vault wants to know; `dek` is borrowed. */
struct vault_object evidence_object_vault(
    struct evidence_room *r, const struct sp_id *id, struct crypto_secret *dek);

#endif
