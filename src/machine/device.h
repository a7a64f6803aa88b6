#ifndef MACHINE_DEVICE_H
#define MACHINE_DEVICE_H

#include "base/json.h"
#include "db/pool.h"
#include "gate/text.h"
#include "gate/token.h"
#include "keeper/client.h"
#include "machine/certificate.h"

/*
 * Devices of an agency: cameras, docks, phones.  A device is known by a client
 * certificate (mutual TLS), for which it enrols with a one-time code.
 *
 *   add --> ENROLLING --enrol(code, request)--> ACTIVE --rotate--> ACTIVE
 *              |                                  |  \
 *              |                                  |   certificate ends
 *              |                                  |       v
 *              '------------- revoke -------------+--- EXPIRED
 *                               v                          |
 *                            REVOKED (for ever) <-- revoke-'
 *
 * What a device may do is the role GATE_DEVICE's: bring things in, and see what
 * it brought in itself.
 *
 * The code is shown once, works once and for a day; its SHA-256 is kept.  A
 * device that asked and did not get its answer asks again with the same key and
 * gets the same certificate: to whoever has not that key it is of no use.
 * A code that is not used yet is the doing of whoever added the device, and
 * ends with their account or another role of theirs (people_person_stands).
 *
 * Any thread.
 */
#define MACHINE_DEVICE_LABEL 100
#define MACHINE_DEVICE_DAYS  KEEPER_CERTIFY_DAYS
#define MACHINE_CODE_TIME    (86400 * SP_SECOND)
#define MACHINE_DEVICES_MAX  100000 /* of an agency, with the revoked ones */

#define MACHINE_DEVICE_STATES(X)                                               \
	X(MACHINE_ENROLLING, "enrolling")                                      \
	X(MACHINE_ACTIVE, "active")                                            \
	X(MACHINE_EXPIRED, "expired")                                          \
	X(MACHINE_REVOKED, "revoked")

enum machine_device_state {
#define X(id, name) id,
	MACHINE_DEVICE_STATES(X)
#undef X
	    MACHINE_DEVICE_STATE_COUNT
};
const char *machine_device_state_name(enum machine_device_state state);

struct machine_device {
	struct sp_id id;
	char label[MACHINE_DEVICE_LABEL + 1];
	unsigned days; /* that a certificate of its holds */
	enum machine_device_state state;
	sp_time created, code_ends;
	sp_time enrolled, revoked; /* 0: not */
	bool certified;            /* then, of its newest certificate: */
	uint8_t pin[MACHINE_PIN_LEN];
	sp_time from, until;
};

struct machine_device_new {
	const struct gate_caller *by;
	const char *label;
	unsigned days;     /* 1 to MACHINE_DEVICE_DAYS */
	sp_time code_time; /* up to MACHINE_CODE_TIME */
};

/* In an act.  `code` is a secret, of GATE_TEXT_MAX bytes.  SP_E_INVALID, reason
 * "device.label", "device.days" or "device.code"; SP_E_LIMIT, also
 * "device.pace" (gate/token.h). */
enum sp_code machine_device_add(struct ledger_tx *tx,
    const struct machine_device_new *n, struct sp_id *id,
    char code[static GATE_TEXT_MAX], struct sp_err *err) SP_MUST_USE;
/* In an act; what is under way ends with it.  SP_E_NOTFOUND; SP_E_CONFLICT,
 * reason "device.revoked". */
enum sp_code machine_device_revoke(struct ledger_tx *tx,
    const struct gate_caller *by, const struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

/* SP_E_NOTFOUND, reason "device.unknown". */
enum sp_code machine_device_find(struct db *db, const struct sp_id *id,
    struct machine_device *out, struct sp_err *err) SP_MUST_USE;
/* Up to `most` of them, oldest first, after the one with this id (zero: from
 * the first). */
enum sp_code machine_device_list(struct db *db, const struct sp_id *after,
    struct machine_device *out, size_t most, size_t *n,
    struct sp_err *err) SP_MUST_USE;
void machine_device_json(const struct machine_device *d, struct sp_json *j);

/* Who has this certificate?  Fills the caller as gate_token_know does.
 * SP_E_UNKNOWN with one text for what was never issued here, whoever's it is,
 * and for what was revoked (reason "certificate.unknown"); "certificate.early",
 * "certificate.expired". */
enum sp_code machine_device_know(struct db *db, const struct sp_id *agency,
    const uint8_t pin[static MACHINE_PIN_LEN], struct gate_caller *out,
    struct sp_err *err) SP_MUST_USE;

/* ---- Certificates: the keeper makes them ---- */

struct machine_office {
	struct sp_id agency;
	struct db_pool *readers;
	struct ledger_writer *writer;
	struct keeper_client *keeper;
	const struct people_rules *rules;
};

struct machine_ask {
	const char *request; /* PEM */
	size_t len;
	const char *address, *source; /* of who asks, for the entry */
};

/* With the code.  SP_E_UNKNOWN, reason "code.unknown": never issued, used with
 * another key, over its time, of a device that was revoked, or of somebody who
 * has gone; failures of crypto_leaf_request and of the keeper, which cost
 * nothing. */
enum sp_code machine_device_enrol(const struct machine_office *o,
    const char *code, const struct machine_ask *ask,
    struct machine_certificate *out, struct sp_err *err) SP_MUST_USE;
/* With the certificate of `pin`, by the device `who`.  SP_E_CONFLICT, reason
 * "device.rotated": by a later certificate's holder only; SP_E_INVALID, reason
 * "csr.same-key". */
enum sp_code machine_device_rotate(const struct machine_office *o,
    const struct gate_caller *who, const uint8_t pin[static MACHINE_PIN_LEN],
    const struct machine_ask *ask, struct machine_certificate *out,
    struct sp_err *err) SP_MUST_USE;

#endif
