#ifndef MACHINE_CERTIFICATE_H
#define MACHINE_CERTIFICATE_H

#include "crypto/leaf.h"
#include "db/db.h"
#include "gate/caller.h"

/*
 * Certificates of devices, pinned: the agency's database has the SHA-256 of
 * each that it issued, and that is what is trusted.  Who signed it, and what it
 * says, is a matter of form (docs/machines.md).
 *
 *   issued --> LIVE --rotate--> SUPERSEDED --24 h, or the next rotation--> over
 *                '---------------- ends -----------------------------------^
 *
 * At most two of a device count at any time: the newest, and the one before it
 * for the time that a device takes to change over.
 *
 * Functions with a `tx` run inside an act on the agency's writer; with a `db`,
 * on any handle of the caller's own.
 */
#define MACHINE_PIN_LEN CRYPTO_SHA256_LEN
#define MACHINE_OVERLAP (86400 * SP_SECOND)
/* A device may be ahead of us: "not before" is seen this much later. */
#define MACHINE_SKEW            (300 * SP_SECOND)
#define MACHINE_CERTIFICATE_DER CRYPTO_LEAF_MAX

extern const char machine_certificate_schema[];
extern const char machine_adder_schema[];       /* a later one */
extern const char machine_adder_epoch_schema[]; /* and the last */

struct machine_certificate {
	uint8_t pin[MACHINE_PIN_LEN];
	uint8_t key[CRYPTO_SHA256_LEN]; /* of its SubjectPublicKeyInfo */
	struct sp_id device;
	sp_time from, until; /* `until`: of the overlap, once superseded */
	bool superseded;
	uint8_t der[MACHINE_CERTIFICATE_DER];
	size_t len;
};

/* Fill in pin, key and DER of one that was just issued. */
void machine_certificate_set(struct machine_certificate *c,
    const struct crypto_leaf_key *key, const void *der, size_t len);
/* Keep a new one of the device, whose newest until now has a last day. */
enum sp_code machine_certificate_pin(struct db *db,
    const struct machine_certificate *c, sp_time now,
    struct sp_err *err) SP_MUST_USE;

/* SP_E_NOTFOUND. */
enum sp_code machine_certificate_by_pin(struct db *db,
    const uint8_t pin[static MACHINE_PIN_LEN], struct machine_certificate *out,
    struct sp_err *err) SP_MUST_USE;
/* Of this device and key, the one still good.  SP_E_NOTFOUND. */
enum sp_code machine_certificate_by_key(struct db *db,
    const struct sp_id *device, const uint8_t key[static CRYPTO_SHA256_LEN],
    sp_time now, struct machine_certificate *out,
    struct sp_err *err) SP_MUST_USE;
/* The device's newest.  SP_E_NOTFOUND. */
enum sp_code machine_certificate_newest(struct db *db,
    const struct sp_id *device, struct machine_certificate *out,
    struct sp_err *err) SP_MUST_USE;

/* Does it count now?  SP_E_UNKNOWN, reason "certificate.early" or
 * "certificate.expired". */
enum sp_code machine_certificate_good(const struct machine_certificate *c,
    sp_time now, struct sp_err *err) SP_MUST_USE;

#endif
