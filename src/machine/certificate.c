#include "machine/certificate.h"

#include "gate/token.h"

#include <string.h>

const char machine_certificate_schema[] =
    "CREATE TABLE device("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " label TEXT NOT NULL, days INTEGER NOT NULL,"
    " created INTEGER NOT NULL, enrolled INTEGER, revoked INTEGER,"
    " code BLOB NOT NULL UNIQUE CHECK(length(code) = 32),"
    " code_ends INTEGER NOT NULL, code_key BLOB CHECK(length(code_key) = 32)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE device_certificate("
    " pin BLOB NOT NULL PRIMARY KEY CHECK(length(pin) = 32),"
    " device BLOB NOT NULL REFERENCES device(id),"
    " key BLOB NOT NULL CHECK(length(key) = 32),"
    " der BLOB NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL,"
    " issued INTEGER NOT NULL, superseded INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX device_certificate_device"
    " ON device_certificate(device, issued)";

/* Of a device: who had its code made.  NULL: the site. */
const char machine_adder_schema[] = "ALTER TABLE device ADD COLUMN adder BLOB";
/* And the epoch they had it made in; of those that there were, times told that.
 */
const char machine_adder_epoch_schema[] =
    "ALTER TABLE device ADD COLUMN adder_epoch INTEGER NOT NULL DEFAULT 0;"
    "UPDATE device AS x SET adder_epoch = coalesce((SELECT p.epoch"
    " FROM person p WHERE p.id = x.adder AND p.epoch <= x.created), 0)";

#define COLUMNS                                                                \
	"SELECT pin, device, key, der, begins, ends, superseded"               \
	" FROM device_certificate"

static const struct db_sql by_pin = { COLUMNS " WHERE pin = ?1" };
static const struct db_sql by_key = {
	COLUMNS " WHERE device = ?1 AND key = ?2 AND ends > ?3"
		" ORDER BY issued DESC LIMIT 1",
};
static const struct db_sql newest = {
	COLUMNS " WHERE device = ?1 AND superseded = 0"
		" ORDER BY issued DESC LIMIT 1",
};
static const struct db_sql insert = {
	"INSERT INTO device_certificate"
	"(pin, device, key, der, begins, ends, issued)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
};
/* The one before goes when the next comes... */
static const struct db_sql end_older = {
	"UPDATE device_certificate SET ends = min(ends, ?2)"
	" WHERE device = ?1 AND superseded = 1",
};
/* ... and the newest has a day. */
static const struct db_sql supersede = {
	"UPDATE device_certificate SET ends = min(ends, ?2), superseded = 1"
	" WHERE device = ?1 AND superseded = 0",
};

void
machine_certificate_set(struct machine_certificate *c,
    const struct crypto_leaf_key *key, const void *der, size_t len)
{
	SP_REQUIRE(len <= sizeof(c->der));
	memcpy(c->der, der, len);
	c->len = len;
	crypto_sha256(der, len, c->pin);
	crypto_sha256(key->der, key->len, c->key);
}

enum sp_code
machine_certificate_pin(struct db *db, const struct machine_certificate *c,
    sp_time now, struct sp_err *err)
{
	DB_STMT older = db_use(db, &end_older);
	DB_STMT old = db_use(db, &supersede);
	DB_STMT st = db_use(db, &insert);

	db_bind_blob(older, 1, c->device.b, SP_ID_LEN);
	db_bind_i64(older, 2, now);
	SP_TRY(db_run(older, NULL, err));
	db_bind_blob(old, 1, c->device.b, SP_ID_LEN);
	db_bind_i64(old, 2, now + MACHINE_OVERLAP);
	SP_TRY(db_run(old, NULL, err));
	db_bind_blob(st, 1, c->pin, sizeof(c->pin));
	db_bind_blob(st, 2, c->device.b, SP_ID_LEN);
	db_bind_blob(st, 3, c->key, sizeof(c->key));
	db_bind_blob(st, 4, c->der, c->len);
	db_bind_i64(st, 5, c->from);
	db_bind_i64(st, 6, c->until);
	db_bind_i64(st, 7, now);
	return db_run(st, NULL, err);
}

static enum sp_code
load(struct db_stmt *st, struct machine_certificate *out, struct sp_err *err)
{
	struct machine_certificate c = { .len = 0 };
	const void *der;
	bool found;

	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "certificate.unknown",
		    "there is no such certificate");
	SP_TRY(db_col_bytes(st, 0, c.pin, sizeof(c.pin), err));
	SP_TRY(db_col_bytes(st, 1, c.device.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 2, c.key, sizeof(c.key), err));
	der = db_col_blob(st, 3, &c.len);
	if (c.len == 0 || c.len > sizeof(c.der))
		return sp_fail(err, SP_E_CORRUPT, "device_certificate.der");
	memcpy(c.der, der, c.len);
	c.from = db_col_i64(st, 4);
	c.until = db_col_i64(st, 5);
	c.superseded = db_col_i64(st, 6) != 0;
	*out = c;
	return SP_OK;
}

enum sp_code
machine_certificate_by_pin(struct db *db,
    const uint8_t pin[static MACHINE_PIN_LEN], struct machine_certificate *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &by_pin);

	db_bind_blob(st, 1, pin, MACHINE_PIN_LEN);
	return load(st, out, err);
}

enum sp_code
machine_certificate_by_key(struct db *db, const struct sp_id *device,
    const uint8_t key[static CRYPTO_SHA256_LEN], sp_time now,
    struct machine_certificate *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &by_key);

	db_bind_blob(st, 1, device->b, SP_ID_LEN);
	db_bind_blob(st, 2, key, CRYPTO_SHA256_LEN);
	db_bind_i64(st, 3, now);
	return load(st, out, err);
}

enum sp_code
machine_certificate_newest(struct db *db, const struct sp_id *device,
    struct machine_certificate *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &newest);

	db_bind_blob(st, 1, device->b, SP_ID_LEN);
	return load(st, out, err);
}

enum sp_code
machine_certificate_good(
    const struct machine_certificate *c, sp_time now, struct sp_err *err)
{
	if (now < c->from - MACHINE_SKEW)
		return sp_fail_as(err, SP_E_UNKNOWN, "certificate.early",
		    "this certificate is not valid yet: is the clock right?");
	/* A clock that was set back makes none good again. */
	if (gate_token_expired(c->until))
		return sp_fail_as(err, SP_E_UNKNOWN, "certificate.expired",
		    "this certificate has expired: the device has to be "
		    "enrolled anew");
	return SP_OK;
}
