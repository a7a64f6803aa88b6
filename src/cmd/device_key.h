#ifndef CMD_DEVICE_KEY_H
#define CMD_DEVICE_KEY_H

#include "base/clock.h"
#include "client/site.h"

/*
 * A device's own key and certificate, on the device: device.pem beside the
 * settings, PEM of the key (PKCS #8) and of the certificate, one file so that
 * the two never differ; mode 0600.
 *
 *   (none) --ask: key to device.pem.next--> ASKED --answer--> device.pem
 *                                            |  no answer: ask again, with the
 *                                            '- same key: the same certificate
 *
 * Renewing goes the same way, with a new key each time.  One thread, one
 * process: two would renew against each other, and one be refused.
 */
#define DEVICE_PEM_MAX ((size_t)32 << 10)

struct device_got {
	char agency[64]; /* its slug */
	char id[40];
	char expires[32];
};

/* Enrol with the code; the key stays here. */
enum sp_code cmd_device_key_enrol(struct site_client *site, const char *path,
    const char *code, struct device_got *out, struct sp_err *err) SP_MUST_USE;
/* A new certificate in place of that of device.pem, by which `site` is spoken
 * to. */
enum sp_code cmd_device_key_rotate(struct site_client *site, const char *path,
    struct device_got *out, struct sp_err *err) SP_MUST_USE;
/* The same when less than a third of its time is left; *renewed says so. */
enum sp_code cmd_device_key_renew(struct site_client *site, const char *path,
    bool *renewed, struct sp_err *err) SP_MUST_USE;

/* Is less than a third of it left? */
bool cmd_device_key_due(sp_time from, sp_time until, sp_time now);

#endif
