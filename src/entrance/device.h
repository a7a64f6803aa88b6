#ifndef ENTRANCE_DEVICE_H
#define ENTRANCE_DEVICE_H

#include "http/router.h"
#include "machine/device.h"

/*
 * Devices: adding, showing and revoking them; enrolling with a code (a public
 * door), renewing a certificate with the one before (machine/device.h).
 */
extern const struct http_topic entrance_device_topic;

#define ENTRANCE_DEVICE_REQUEST_MAX CRYPTO_LEAF_REQUEST_MAX

/* POST devices: {"label":…, "valid_days":1…90 (90), "code_minutes":1…1440
 * (1440)}.  Outputs untouched on failure. */
struct entrance_device_wish {
	char label[MACHINE_DEVICE_LABEL + 1];
	unsigned days;
	sp_time code_time;
};
enum sp_code entrance_device_wish(const void *json, size_t len,
    struct entrance_device_wish *out, struct sp_err *err) SP_MUST_USE;

/* POST devices/enrol: {"code":…, "csr":…}; devices/rotate: {"csr":…}, with
 * `code` NULL.  A secret: *code is of GATE_TEXT_MAX bytes, to be wiped. */
struct entrance_device_ask {
	char code[GATE_TEXT_MAX];
	char csr[ENTRANCE_DEVICE_REQUEST_MAX + 1];
};
enum sp_code entrance_device_ask(const void *json, size_t len, bool with_code,
    struct entrance_device_ask *out, struct sp_err *err) SP_MUST_USE;

#endif
